//! The snapshot of a running chain: what it is the morning after any day, as bytes that outlive the device's RAM.
//!
//! | bytes | what |
//! | --- | --- |
//! | 4 | magic `RSTS` |
//! | 2 | format version |
//! | 2 | number of state arrays of the build that wrote it |
//! | 4 | length of all [bytes] |
//! | 8 | [`Scenario::hash`] |
//! | 8 | key of the draws: seed and replica |
//! | 4 | day that comes next |
//! | 4 | days of the KPIs |
//! | 4 | of these, days on which something was not as planned |
//! | | the last day's tally of each node: 64-bit terms |
//! | | the KPIs' tally of each node: 64-bit terms |
//! | | the KPIs' spread of each echelon's orders, then of demand: sum and sum of squares, 128 bits each |
//! | | the state's arrays, 32-bit words, in the order of [`crate::state::State`] |
//! | 4 | CRC-32 (ISO-HDLC) of everything before it |
//!
//! All little-endian. What follows from the day and the scenario (factors of dated events, value of the backlog)
//! is computed again, not read. The costs of single stockpoints on the last day are not kept.
//!
//! [`crate::Network::restore`] never panics and never leaves half a state, whatever the bytes: they are
//! refused, or what they say keeps the promises from which `Scenario::new` has proved that no day overflows. A
//! checksum tells damage; it is no protection against an adversary, so the numbers are checked as well.

use crate::checksum::crc32;
use crate::convert::count;
use crate::kpi::{Spread, Tally};
use crate::ledger::{Ledger, TERMS};
use crate::rows::at;
use crate::scenario::Scenario;
use crate::state::{self, ARRAYS};
use core::fmt;

mod check;

/// First bytes of every snapshot.
pub const MAGIC: [u8; 4] = *b"RSTS";
/// Version of the format; a change of what the state means bumps it.
pub const VERSION: u16 = 1;
/// Bytes before the tallies.
pub const HEADER_BYTES: usize = 40;
/// Bytes after the arrays.
pub const TRAILER_BYTES: usize = 4;
/// Terms of a tally that are not costs.
const PLAIN_TERMS: usize = 15;
const TALLY_BYTES: usize = 8 * (PLAIN_TERMS + TERMS);
const SPREAD_BYTES: usize = 32;

/// Why a snapshot is not written or not taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotError {
    /// The day is under way: a snapshot is taken between days.
    UnderWay,
    /// The buffer is too small.
    NoRoom {
        /// Bytes found.
        found: usize,
        /// Bytes needed.
        needed: usize,
    },
    /// Fewer bytes than a snapshot of this scenario has.
    TooShort {
        /// Bytes found.
        found: usize,
        /// Bytes needed.
        needed: usize,
    },
    /// More bytes than a snapshot of this scenario has.
    TooLong {
        /// Bytes found.
        found: usize,
        /// Bytes needed.
        needed: usize,
    },
    /// The first four bytes are not [`MAGIC`].
    Magic,
    /// A version this build does not read.
    Version(u16),
    /// Written by a build whose state has another number of arrays.
    Arrays(u16),
    /// It is of another scenario.
    Scenario,
    /// The checksum does not match: the bytes were damaged.
    Checksum,
    /// A day after the horizon, or more days in the KPIs than have passed.
    Day(u32),
    /// A node's tallies are not such as days can leave.
    Accounts {
        /// The node; the number of nodes for the sums over all.
        node: usize,
    },
    /// A word of the state is out of its range.
    Word {
        /// The array, in the order of [`crate::state::State`].
        array: usize,
        /// The word in it.
        at: usize,
    },
    /// What a stockpoint has, owes and awaits do not fit together or pass its limits.
    Stockpoint {
        /// The node.
        node: usize,
        /// The product.
        product: usize,
    },
    /// What moves over a lane is not what its parts add up to.
    Lane {
        /// The lane.
        lane: usize,
        /// The product.
        product: usize,
    },
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnderWay => write!(f, "a day is under way: take the snapshot after `end_day`"),
            Self::NoRoom { found, needed } => write!(f, "the snapshot needs {needed} bytes, the buffer has {found}"),
            Self::TooShort { found, needed } => write!(f, "snapshot has {found} bytes, needs {needed}: it is cut off"),
            Self::TooLong { found, needed } => write!(f, "snapshot has {found} bytes, should have {needed}"),
            Self::Magic => write!(f, "not a snapshot: its first four bytes are not RSTS"),
            Self::Version(v) => write!(f, "snapshot version {v}, this build reads version {VERSION}"),
            Self::Arrays(n) => write!(f, "snapshot of a build with {n} state arrays, this one has {ARRAYS}"),
            Self::Scenario => write!(f, "the snapshot is of another scenario"),
            Self::Checksum => write!(f, "snapshot is damaged: its checksum does not match"),
            Self::Day(day) => write!(f, "snapshot of day {day}, which does not fit the horizon or the KPIs' days"),
            Self::Accounts { node } => write!(f, "the snapshot's tallies of node {node} can't have come from days"),
            Self::Word { array, at } => write!(f, "snapshot: word {at} of array {array} is out of its range"),
            Self::Stockpoint { node, product } => {
                write!(f, "snapshot: stock and orders of product {product} at node {node} do not fit together")
            }
            Self::Lane { lane, product } => {
                write!(f, "snapshot: what moves of product {product} over lane {lane} does not add up")
            }
        }
    }
}

impl core::error::Error for SnapshotError {}

/// Bytes of a snapshot of `scenario`.
#[must_use]
pub fn bytes(scenario: &Scenario<'_>) -> usize {
    let nodes = scenario.node_count();
    let words: usize = state::lengths(scenario).iter().sum();
    HEADER_BYTES + nodes * (2 * TALLY_BYTES + SPREAD_BYTES) + SPREAD_BYTES + 4 * words + TRAILER_BYTES
}

/// What a chain is, between days.
pub(crate) struct Live<'a> {
    pub(crate) day: u32,
    pub(crate) draws_key: u64,
    pub(crate) today: &'a [Tally],
    pub(crate) kpi_days: u32,
    pub(crate) kpi_disrupted_days: u32,
    pub(crate) totals: &'a [Tally],
    pub(crate) orders: &'a [Spread],
    pub(crate) demand: &'a Spread,
    pub(crate) arrays: [&'a [i32]; ARRAYS],
}

/// Writes a snapshot; returns its length.
pub(crate) fn write(scenario: &Scenario<'_>, live: &Live<'_>, out: &mut [u8]) -> Result<usize, SnapshotError> {
    let needed = bytes(scenario);
    let found = out.len();
    let Some(out) = out.get_mut(..needed) else { return Err(SnapshotError::NoRoom { found, needed }) };
    let (body, trailer) = out.split_at_mut_checked(needed - TRAILER_BYTES).unwrap_or_default();
    let mut to = Writer { rest: &mut *body };
    to.put(&MAGIC);
    to.put(&VERSION.to_le_bytes());
    to.put(&ARRAYS_HALF.to_le_bytes());
    to.put(&count(needed).to_le_bytes());
    to.put(&scenario.hash().to_le_bytes());
    to.put(&live.draws_key.to_le_bytes());
    to.put(&live.day.to_le_bytes());
    to.put(&live.kpi_days.to_le_bytes());
    to.put(&live.kpi_disrupted_days.to_le_bytes());
    for tally in live.today.iter().chain(live.totals) {
        for term in plain_terms(tally).into_iter().chain(tally.ledger.terms()) {
            to.put(&term.to_le_bytes());
        }
    }
    for spread in live.orders.iter().chain([live.demand]) {
        to.put(&spread.sum.to_le_bytes());
        to.put(&spread.squares.to_le_bytes());
    }
    for word in live.arrays.into_iter().flatten() {
        to.put(&word.to_le_bytes());
    }
    let checksum = crc32(body).to_le_bytes();
    Writer { rest: trailer }.put(&checksum);
    Ok(needed)
}

const _: () = assert!(ARRAYS < 1 << 16);
#[allow(clippy::as_conversions, clippy::cast_possible_truncation)] // Checked in the line above.
const ARRAYS_HALF: u16 = ARRAYS as u16;

/// Fills a buffer from its front.
struct Writer<'a> {
    rest: &'a mut [u8],
}

impl Writer<'_> {
    #[inline(always)]
    fn put<const N: usize>(&mut self, bytes: &[u8; N]) {
        if let Some((front, rest)) = core::mem::take(&mut self.rest).split_first_chunk_mut() {
            *front = *bytes;
            self.rest = rest;
        }
    }
}

/// Little-endian words that lie somewhere in the bytes.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a>(&'a [[u8; 4]]);

impl<'a> Words<'a> {
    /// What stands at place `i`; 0 outside.
    #[inline(always)]
    fn at(self, i: usize) -> i32 {
        i32::from_le_bytes(at(self.0, i))
    }

    /// All of them.
    pub(crate) fn iter(self) -> impl Iterator<Item = i32> + use<'a> {
        self.0.iter().map(|&word| i32::from_le_bytes(word))
    }
}

/// A snapshot whose every number has been checked.
pub(crate) struct Saved<'a> {
    pub(crate) day: u32,
    pub(crate) draws_key: u64,
    pub(crate) kpi_days: u32,
    pub(crate) kpi_disrupted_days: u32,
    nodes: usize,
    tallies: &'a [u8],
    spreads: &'a [u8],
    pub(crate) arrays: [Words<'a>; ARRAYS],
}

impl<'a> Saved<'a> {
    /// Reads and checks a snapshot of `scenario`.
    pub(crate) fn read(scenario: &Scenario<'_>, bytes: &'a [u8]) -> Result<Self, SnapshotError> {
        let (needed, found) = (self::bytes(scenario), bytes.len());
        let mut from = Reader { rest: bytes };
        if found < HEADER_BYTES + TRAILER_BYTES {
            return Err(SnapshotError::TooShort { found, needed });
        }
        if from.take() != MAGIC {
            return Err(SnapshotError::Magic);
        }
        let version = u16::from_le_bytes(from.take());
        if version != VERSION {
            return Err(SnapshotError::Version(version));
        }
        let arrays = u16::from_le_bytes(from.take());
        if arrays != ARRAYS_HALF {
            return Err(SnapshotError::Arrays(arrays));
        }
        let length = u32::from_le_bytes(from.take());
        if u64::from_le_bytes(from.take()) != scenario.hash() {
            return Err(SnapshotError::Scenario);
        }
        if found < needed {
            return Err(SnapshotError::TooShort { found, needed });
        }
        if found > needed || length != count(needed) {
            return Err(SnapshotError::TooLong { found, needed });
        }
        let (body, checksum) = bytes.split_last_chunk::<TRAILER_BYTES>().unwrap_or((&[], &[0; TRAILER_BYTES]));
        if crc32(body).to_le_bytes() != *checksum {
            return Err(SnapshotError::Checksum);
        }
        let draws_key = u64::from_le_bytes(from.take());
        let day = u32::from_le_bytes(from.take());
        let kpi_days = u32::from_le_bytes(from.take());
        let kpi_disrupted_days = u32::from_le_bytes(from.take());
        let nodes = scenario.node_count();
        let tallies = from.part(2 * nodes * TALLY_BYTES);
        let spreads = from.part((nodes + 1) * SPREAD_BYTES);
        let saved = Self {
            day,
            draws_key,
            kpi_days,
            kpi_disrupted_days,
            nodes,
            tallies,
            spreads,
            arrays: state::lengths(scenario).map(|words| Words(from.part(4 * words).as_chunks().0)),
        };
        saved.check(scenario)?;
        Ok(saved)
    }

    /// The last day's tally of a node.
    pub(crate) fn today(&self, node: usize) -> Tally {
        self.tally(node)
    }

    /// The KPIs' tally of a node.
    pub(crate) fn total(&self, node: usize) -> Tally {
        self.tally(self.nodes + node)
    }

    fn tally(&self, i: usize) -> Tally {
        let mut from = Reader { rest: self.tallies.get(i * TALLY_BYTES..).unwrap_or(&[]) };
        let mut next = || i64::from_le_bytes(from.take());
        let plain = [(); PLAIN_TERMS].map(|()| next());
        tally(plain, [(); TERMS].map(|()| next()))
    }

    /// The spread of an echelon's orders; of demand, past the last echelon.
    pub(crate) fn spread(&self, echelon: usize) -> Spread {
        let mut from = Reader { rest: self.spreads.get(echelon * SPREAD_BYTES..).unwrap_or(&[]) };
        Spread { sum: i128::from_le_bytes(from.take()), squares: i128::from_le_bytes(from.take()) }
    }
}

/// Takes bytes off the front; zeros once they are used up.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    #[inline(always)]
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let Some((front, rest)) = self.rest.split_first_chunk() else { return [0; N] };
        self.rest = rest;
        *front
    }

    fn part(&mut self, length: usize) -> &'a [u8] {
        let (front, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        self.rest = rest;
        front
    }
}

/// The terms of a tally that are not costs. No `..`: a term that is not listed does not compile.
fn plain_terms(tally: &Tally) -> [i64; PLAIN_TERMS] {
    let Tally {
        demand,
        served,
        lost,
        faced,
        met,
        ordered,
        received,
        scrapped,
        produced,
        shipped_to,
        sold_value,
        stock_value,
        transit_value,
        work_used,
        work_capacity,
        ledger: _,
    } = *tally;
    [
        demand,
        served,
        lost,
        faced,
        met,
        ordered,
        received,
        scrapped,
        produced,
        shipped_to,
        sold_value,
        stock_value,
        transit_value,
        work_used,
        work_capacity,
    ]
}

/// The tally of these terms, in the order of [`plain_terms`] and [`Ledger::NAMES`].
fn tally(plain: [i64; PLAIN_TERMS], costs: [i64; TERMS]) -> Tally {
    let [
        demand,
        served,
        lost,
        faced,
        met,
        ordered,
        received,
        scrapped,
        produced,
        shipped_to,
        sold_value,
        stock_value,
        transit_value,
        work_used,
        work_capacity,
    ] = plain;
    let [holding, backorder, lost_sale, ordering, freight, production, negotiation, scrap, overflow] = costs;
    let ledger = Ledger { holding, backorder, lost_sale, ordering, freight, production, negotiation, scrap, overflow };
    Tally {
        demand,
        served,
        lost,
        faced,
        met,
        ordered,
        received,
        scrapped,
        produced,
        shipped_to,
        sold_value,
        stock_value,
        transit_value,
        work_used,
        work_capacity,
        ledger,
    }
}
