//! The bytes of a log, read in whatever state they are.

use super::{DIGEST_BYTES, Entry, FRAME_BYTES, LogError, MAGIC, MARKER, Origin, PREAMBLE_BYTES, VERSION, checks, seen};
use crate::checksum::crc32;
use crate::digest::Digest;
use crate::guard::{Code, Reason};
use crate::policy::{Actions, NodeView};
use crate::rows::at;

/// How a decision differs from that of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Whether the node saw other stock, demand or forecasts: then what was decided before differs too, or the state.
    pub saw: bool,
    /// Whether it decided otherwise.
    pub decided: bool,
    /// The first product that was decided otherwise, as far as seven bits tell.
    pub product: Option<usize>,
}

/// One record, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// What it says beside its products.
    pub entry: Entry,
    checks: &'a [u8],
    decided: u64,
}

impl<'a> Record<'a> {
    fn of_payload(payload: &'a [u8]) -> Option<Self> {
        let (entry, rest) = postcard::take_from_bytes::<Entry>(payload).ok()?;
        let (checks, &decided) = rest.split_last_chunk::<DIGEST_BYTES>()?;
        let known = entry.reason == 0 || Reason::of_code(entry.reason).is_some();
        known.then_some(Self { entry, checks, decided: u64::from_le_bytes(decided) })
    }

    /// Number of products.
    #[must_use]
    pub fn products(&self) -> usize {
        self.checks.len()
    }

    /// Why the policy was not in charge, if it was not.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        Reason::of_code(self.entry.reason)
    }

    /// Reason code of the decision on one product.
    #[must_use]
    pub fn code(&self, product: usize) -> Code {
        Code::of(self.reason(), at(self.checks, product) & 1 == 1)
    }

    /// How a decision made now differs from this one; nothing if it is the same to the bit.
    #[must_use]
    pub fn difference(&self, view: &NodeView<'_>, actions: &Actions<'_>) -> Option<Difference> {
        let mut digest = Digest::new();
        let mut now = checks(view, actions, &mut digest);
        let mut product = self.checks.iter().zip(&mut now).position(|(&was, is)| was != is);
        now.by_ref().for_each(drop);
        drop(now);
        let decided = digest.value() != self.decided || view.products() != self.products() || product.is_some();
        if view.products() != self.products() {
            product = None;
        }
        let saw = seen(view) != self.entry.seen;
        (saw || decided).then_some(Difference { saw, decided, product })
    }
}

/// A log that is read.
#[derive(Clone, Copy, Debug)]
pub struct LogView<'a> {
    origin: Origin,
    /// The ring up to the first damaged byte.
    ring: &'a [u8],
    /// Place of the ring in the bytes.
    pub(super) start: usize,
    /// Where the oldest frame begins, in the ring.
    oldest: usize,
    /// Where the newest ends.
    pub(super) next: usize,
    damage: Option<usize>,
}

/// What stands at some place of a ring.
enum Found<'a> {
    Record { record: Record<'a>, from: usize, until: usize },
    Damage(usize),
    End,
}

/// The payload of the frame at the front of some bytes.
fn payload(bytes: &[u8]) -> Option<&[u8]> {
    let (front, rest) = bytes.split_first_chunk::<3>()?;
    let [MARKER, low, high] = *front else { return None };
    let length = usize::from(u16::from_le_bytes([low, high]));
    let (payload, rest) = rest.split_at_checked(length)?;
    let checksum = rest.first_chunk::<4>()?;
    (crc32(bytes.get(..length + 3)?).to_le_bytes() == *checksum).then_some(payload)
}

/// The first frame from place `from` on.
fn find(ring: &[u8], from: usize) -> Found<'_> {
    let rest = ring.get(from..).unwrap_or(&[]);
    let Some(zeros) = rest.iter().position(|&byte| byte != 0) else { return Found::End };
    let from = from + zeros;
    let payload = payload(ring.get(from..).unwrap_or(&[]));
    match payload.and_then(|payload| Some((payload.len(), Record::of_payload(payload)?))) {
        Some((length, record)) => Found::Record { record, from, until: from + FRAME_BYTES + length },
        None => Found::Damage(from),
    }
}

impl<'a> LogView<'a> {
    /// Reads the bytes of a log, whatever they are.
    ///
    /// # Errors
    /// If they are not those of a log, or its origin is damaged. What else is damaged, [`LogView::damage`] tells.
    pub fn read(bytes: &'a [u8]) -> Result<Self, LogError> {
        let (magic, rest) = bytes.split_first_chunk::<4>().ok_or(LogError::Magic)?;
        if *magic != MAGIC {
            return Err(LogError::Magic);
        }
        let (version, frame) = rest.split_first_chunk::<2>().ok_or(LogError::Origin)?;
        match u16::from_le_bytes(*version) {
            VERSION => {}
            other => return Err(LogError::Version(other)),
        }
        let origin = payload(frame).ok_or(LogError::Origin)?;
        let start = PREAMBLE_BYTES + FRAME_BYTES + origin.len();
        let (origin, rest) = postcard::take_from_bytes::<Origin>(origin).map_err(|_| LogError::Origin)?;
        if !rest.is_empty() {
            return Err(LogError::Origin);
        }
        let ring = bytes.get(start..).unwrap_or(&[]);
        let mut log = Self { origin, ring, start, oldest: 0, next: 0, damage: None };
        if let Some(damage) = log.scan() {
            log.damage = Some(start + damage);
            log.ring = ring.get(..damage).unwrap_or(&[]);
        }
        Ok(log)
    }

    /// Finds the oldest and the newest frame; the place of the first damage, or of a frame out of order.
    fn scan(&mut self) -> Option<usize> {
        let (mut at, mut first, mut last, mut turned) = (0, None, None, false);
        loop {
            let (record, from, until) = match find(self.ring, at) {
                Found::End => return None,
                Found::Damage(damage) => return Some(damage),
                Found::Record { record, from, until } => (record, from, until),
            };
            let sequence = record.entry.sequence;
            match last {
                // Going up through the bytes the records go on, but for one step back to the oldest.
                Some(last) if sequence == u32::saturating_add(last, 1) => {}
                Some(_) if !turned && first.is_some_and(|first| sequence < first) => {
                    turned = true;
                    self.oldest = from;
                }
                Some(_) => return Some(from),
                None => first = Some(sequence),
            }
            if !turned {
                self.next = until;
            }
            (at, last) = (until, Some(sequence));
        }
    }

    /// Where the log begins.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The first damaged byte, if one is. What stands after it is not read.
    #[must_use]
    pub fn damage(&self) -> Option<usize> {
        self.damage
    }

    /// The records, oldest first.
    #[must_use]
    pub fn records(&self) -> Records<'a> {
        let (newer, older) = self.ring.split_at_checked(self.oldest).unwrap_or((&[], self.ring));
        Records { ring: older, at: 0, then: newer }
    }
}

/// The records of a log, oldest first.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    ring: &'a [u8],
    at: usize,
    /// What comes after it.
    then: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        loop {
            if let Found::Record { record, until, .. } = find(self.ring, self.at) {
                self.at = until;
                return Some(record);
            }
            if self.then.is_empty() {
                return None;
            }
            *self = Self { ring: core::mem::take(&mut self.then), at: 0, then: &[] };
        }
    }
}
