//! What was decided, why, and on what: a bounded ring of records in the caller's memory, which `restock replay`
//! turns back into the same decisions, to the bit.
//!
//! | bytes | what |
//! | --- | --- |
//! | 4 | magic `RSTL` |
//! | 2 | format version |
//! | | a frame: the [`Origin`] |
//! | | the ring: frames, one a node and review day, and zeros |
//!
//! A frame is a marker (1 byte), the length of its payload (2 bytes), the payload, and the CRC-32 (ISO-HDLC) of all of
//! that (4 bytes). A record's payload is an [`Entry`] as postcard, a byte for each product, and the digest of all that
//! was decided (8 bytes). All little-endian. A record of a node with 200 products has about 235 bytes.
//!
//! A record does not hold the decisions: the simulator makes them again from the same state. It holds who was in
//! charge, which the simulator can't know, and what tells whether they are the same: the digest of the six numbers of
//! each product, product by product, of which each product's byte keeps seven bits. Its eighth says that the bounds
//! clamped the order.
//!
//! No frame wraps around the end, and one that is partly overwritten is zeroed first: **a byte that is not part of a
//! frame is zero**, so that damage has a place. Bytes are read in whatever state they are: what stands before the
//! first damaged byte, in the order of the bytes, is read, what stands after it is not.

use crate::checksum::crc32;
use crate::convert::{byte, high_bits, low_bits, short, wide_index};
use crate::digest::Digest;
use crate::guard::{Guarded, Reason, clamped};
use crate::policy::{Actions, NodeView, Policy};
use crate::rows::at;
use crate::scenario::Scenario;
use core::fmt;
use serde::{Deserialize, Serialize};

mod read;
mod replay;

pub use read::{Difference, LogView, Record, Records};
pub use replay::{FirstDifference, Replay};

/// First bytes of every log.
pub const MAGIC: [u8; 4] = *b"RSTL";
/// Version of the format.
pub const VERSION: u16 = 1;
/// First byte of a frame: not zero, and several bits away from it.
const MARKER: u8 = 0xd1;
/// Bytes of a frame beside its payload: marker, length, checksum.
const FRAME_BYTES: usize = 7;
/// Bytes before the first frame.
const PREAMBLE_BYTES: usize = 6;
/// Most bytes of an [`Origin`]: three numbers of 64 bits, two of 32.
const ORIGIN_BYTES_MAX: usize = 3 * 10 + 2 * 5;
/// Most bytes of an [`Entry`].
const ENTRY_BYTES_MAX: usize = 4 * 5 + 2;
/// Bytes of the digest at the end of a record.
const DIGEST_BYTES: usize = 8;

const _: () = assert!(
    ENTRY_BYTES_MAX + crate::scenario::PRODUCTS_MAX + DIGEST_BYTES < 1 << 16,
    "the length of every record must fit two bytes"
);

/// Where a log begins: with this the host makes the same run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// [`Scenario::hash`].
    pub scenario_hash: u64,
    /// Digest ([`Digest`]) of the policy file's bytes; 0 where there is none.
    pub policy_hash: u64,
    /// Seed of the draws.
    pub seed: u64,
    /// Replica of the draws.
    pub replica: u32,
    /// First day of the run.
    pub first_day: u32,
}

/// What a record says beside its products.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Number of the record, from 0.
    pub sequence: u32,
    /// Day of the decision.
    pub day: u32,
    /// Node that decided.
    pub node: u8,
    /// Why the policy was not in charge ([`Reason::code`]); 0 where it was.
    reason: u8,
    /// Records before this one, since the first, in which the policy was not in charge.
    pub fallbacks: u32,
    /// Digest of what the node saw: position, inventory level, demand, forecast.
    seen: u32,
}

/// Why a log can't be written or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogError {
    /// The caller's memory is too small.
    NoRoom {
        /// Bytes found.
        found: usize,
        /// Bytes needed for a log of no records.
        needed: usize,
    },
    /// The first bytes are not those of a log.
    Magic,
    /// A version this build does not read.
    Version(u16),
    /// The origin is cut off or damaged: nothing can be made of the rest.
    Origin,
    /// A log that is damaged is not gone on with.
    Damaged {
        /// The first damaged byte.
        at: usize,
    },
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoom { found, needed } => write!(f, "the log needs {needed} bytes at least, found {found}"),
            Self::Magic => write!(f, "not a decision log: its first four bytes are not RSTL"),
            Self::Version(v) => write!(f, "decision log version {v}, this build reads version {VERSION}"),
            Self::Origin => write!(f, "the decision log's origin, from byte {PREAMBLE_BYTES} on, is damaged"),
            Self::Damaged { at } => write!(f, "the decision log is damaged at byte {at}"),
        }
    }
}

impl core::error::Error for LogError {}

/// A log that is written to.
#[derive(Debug)]
pub struct DecisionLog<'m> {
    ring: &'m mut [u8],
    /// Where the next frame begins.
    next: usize,
    sequence: u32,
    fallbacks: u32,
    /// Records that had no room.
    dropped: u32,
}

impl<'m> DecisionLog<'m> {
    /// Bytes for a log of at least this many records of a scenario.
    #[must_use]
    pub fn bytes(scenario: &Scenario<'_>, records: usize) -> usize {
        let record = FRAME_BYTES + ENTRY_BYTES_MAX + scenario.products() + DIGEST_BYTES;
        // One more: no frame wraps around the end.
        PREAMBLE_BYTES + FRAME_BYTES + ORIGIN_BYTES_MAX + records.saturating_add(1).saturating_mul(record)
    }

    /// An empty log in `bytes`, all of which are overwritten.
    ///
    /// # Errors
    /// If there is no room for the origin.
    pub fn new(bytes: &'m mut [u8], origin: &Origin) -> Result<Self, LogError> {
        let needed = PREAMBLE_BYTES + FRAME_BYTES + ORIGIN_BYTES_MAX;
        let no_room = LogError::NoRoom { found: bytes.len(), needed };
        bytes.fill(0);
        let mut fixed = [0; ORIGIN_BYTES_MAX];
        let payload = postcard::to_slice(origin, &mut fixed).map_err(|_| no_room)?;
        let (preamble, rest) = bytes.split_first_chunk_mut::<PREAMBLE_BYTES>().ok_or(no_room)?;
        let (frame, ring) = rest.split_at_mut_checked(FRAME_BYTES + payload.len()).ok_or(no_room)?;
        let [a, b, c, d] = MAGIC;
        let [low, high] = VERSION.to_le_bytes();
        *preamble = [a, b, c, d, low, high];
        fill(frame, payload.iter().copied());
        Ok(Self { ring, next: 0, sequence: 0, fallbacks: 0, dropped: 0 })
    }

    /// Goes on with the log in `bytes`, after a restart.
    ///
    /// # Errors
    /// If the bytes are no log, or damaged.
    pub fn resume(bytes: &'m mut [u8]) -> Result<Self, LogError> {
        let log = LogView::read(bytes)?;
        if let Some(at) = log.damage() {
            return Err(LogError::Damaged { at });
        }
        let (start, next) = (log.start, log.next);
        let last = log.records().last().map(|record| record.entry);
        let (sequence, fallbacks) = last.map_or((0, 0), |last| {
            (last.sequence.saturating_add(1), last.fallbacks.saturating_add(u32::from(last.reason != 0)))
        });
        let ring = bytes.get_mut(start..).unwrap_or_default();
        Ok(Self { ring, next, sequence, fallbacks, dropped: 0 })
    }

    /// Adds what a node has decided, and why if the policy was not in charge; the oldest records make room. Whether
    /// there was any: a record that is longer than the whole ring is dropped.
    #[inline(always)]
    pub fn record(&mut self, view: &NodeView<'_>, actions: &Actions<'_>, reason: Option<Reason>) -> bool {
        let entry = Entry {
            sequence: self.sequence,
            day: view.day(),
            node: byte(view.node()),
            reason: reason.map_or(0, Reason::code),
            fallbacks: self.fallbacks,
            seen: seen(view),
        };
        let mut fixed = [0; ENTRY_BYTES_MAX];
        let fixed = postcard::to_slice(&entry, &mut fixed).map_or(&[][..], |fixed| &*fixed);
        let length = FRAME_BYTES + fixed.len() + view.products() + DIGEST_BYTES;
        let Some(frame) = self.room(length) else {
            self.dropped = self.dropped.saturating_add(1);
            return false;
        };
        let mut digest = Digest::new();
        let checks = checks(view, actions, &mut digest);
        for (to, from) in frame.get_mut(3..).unwrap_or_default().iter_mut().zip(fixed.iter().copied().chain(checks)) {
            *to = from;
        }
        seal(frame, digest.value());
        self.next += length;
        self.sequence = self.sequence.saturating_add(1);
        self.fallbacks = self.fallbacks.saturating_add(u32::from(reason.is_some()));
        true
    }

    /// Records that were longer than the whole ring.
    #[must_use]
    pub fn dropped(&self) -> u32 {
        self.dropped
    }

    /// Room for a frame of this length at `next`, which goes back to the front where the end is too near.
    fn room(&mut self, length: usize) -> Option<&mut [u8]> {
        if length > self.ring.len() {
            return None;
        }
        if self.next.saturating_add(length) > self.ring.len() {
            self.forget(self.ring.len());
            self.next = 0;
        }
        self.forget(self.next + length);
        self.ring.get_mut(self.next..self.next + length)
    }

    /// Zeroes the frames that begin between `next` and `until`, as a whole.
    fn forget(&mut self, until: usize) {
        let mut at = self.next;
        while at < until {
            let rest = self.ring.get_mut(at..).unwrap_or_default();
            let length = match *rest {
                [MARKER, low, high, ..] => FRAME_BYTES + usize::from(u16::from_le_bytes([low, high])),
                _ => 1,
            };
            let length = if length < rest.len() { length } else { rest.len().max(1) };
            rest.get_mut(..length).unwrap_or_default().fill(0);
            at += length;
        }
    }
}

/// Writes a frame around a payload.
fn fill(frame: &mut [u8], payload: impl Iterator<Item = u8>) {
    for (to, from) in frame.get_mut(3..).unwrap_or_default().iter_mut().zip(payload) {
        *to = from;
    }
    close(frame);
}

/// Puts the digest at the end of a record's payload and closes its frame.
fn seal(frame: &mut [u8], digest: u64) {
    if let Some((body, _)) = frame.split_last_chunk_mut::<4>()
        && let Some((_, last)) = body.split_last_chunk_mut::<DIGEST_BYTES>()
    {
        *last = digest.to_le_bytes();
    }
    close(frame);
}

/// Writes marker, length and checksum of a frame.
fn close(frame: &mut [u8]) {
    let length = short(frame.len().saturating_sub(FRAME_BYTES)).to_le_bytes();
    let Some((body, checksum)) = frame.split_last_chunk_mut::<4>() else { return };
    if let Some((front, _)) = body.split_first_chunk_mut::<3>() {
        *front = [MARKER, length[0], length[1]];
    }
    *checksum = crc32(body).to_le_bytes();
}

/// Digest of what a node sees.
#[inline(always)]
fn seen(view: &NodeView<'_>) -> u32 {
    let mut digest = Digest::new();
    for row in [view.position(), view.inventory_level(), view.demand_today(), view.forecast_level()] {
        digest.words(row);
    }
    low_bits(digest.value()) ^ high_bits(digest.value())
}

/// The byte of each product; `digest` takes all that is decided.
#[inline(always)]
fn checks<'a>(
    view: &NodeView<'a>,
    actions: &'a Actions<'_>,
    digest: &'a mut Digest,
) -> impl Iterator<Item = u8> + use<'a> {
    clamped(view, actions).enumerate().map(|(i, clamped)| {
        let Actions { level, cap, weight, route, effort, expedite } = actions;
        digest.words(&[level, cap, weight, route, effort, expedite].map(|row| at(row, i)));
        // What came last is in few bits of the digest yet: an odd factor carries it to the highest.
        let mixed = high_bits(digest.value().wrapping_mul(0x9e37_79b9_7f4a_7c15));
        byte(wide_index((mixed >> 25) << 1 | u32::from(clamped)))
    })
}

/// A guarded policy whose decisions go into a log.
#[derive(Debug)]
pub struct Logged<'g, 'm, P> {
    /// Who decides.
    pub guard: &'g mut Guarded<P>,
    /// Where it is written down.
    pub log: &'g mut DecisionLog<'m>,
}

impl<P: Policy> Policy for Logged<'_, '_, P> {
    #[inline(always)]
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        self.guard.decide(view, actions);
        let _ = self.log.record(view, actions, self.guard.fallback()); // `dropped` counts
    }
}
