//! What the device remembers of its slots, in 32 bytes.
//!
//! | offset | size | field |
//! | --- | --- | --- |
//! | 0 | 2 | `SL` |
//! | 2 | 1 | format version, 1 |
//! | 3 | 1 | standing of slot A in the low half, of slot B in the high half |
//! | 4 | 4 | sequence: the greatest is the latest |
//! | 8 | 4 | floor: the least model version that is accepted |
//! | 12 | 4 + 4 | CRC-32 of the file that the standing of A, of B is of |
//! | 20 | 2 | days that the trial has passed |
//! | 22 | 2 | days that it must pass |
//! | 24 | 1 | starts since its last day |
//! | 25 | 1 | starts that it may have |
//! | 26 | 1 | why the last trial was ended ([`Reason::code`]), or 0 |
//! | 27 | 1 | 0 |
//! | 28 | 4 | CRC-32 (ISO-HDLC) of the 28 bytes before it |

use crate::checksum::crc32;
use crate::guard::Reason;

/// Bytes of a record: the most that a flash for slots may write at once.
pub(super) const RECORD_BYTES: usize = 32;
const MARKER: [u8; 2] = *b"SL";
const VERSION: u8 = 1;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The first in flash.
    A,
    /// The second.
    B,
}

impl Slot {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// What a slot's file has been found to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is known: empty, being staged, or staged and not yet tried.
    #[default]
    None,
    /// It decides, and is watched.
    Trial,
    /// It has passed its trial.
    Confirmed,
    /// It had passed, before a newer one did.
    Former,
    /// It failed its trial.
    Refused,
}

impl Standing {
    const fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Trial => 1,
            Self::Confirmed => 2,
            Self::Former => 3,
            Self::Refused => 4,
        }
    }

    const fn of_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::None),
            1 => Some(Self::Trial),
            2 => Some(Self::Confirmed),
            3 => Some(Self::Former),
            4 => Some(Self::Refused),
            _ => None,
        }
    }
}

/// A slot's standing, and the checksum of the file that it is of: another file in the slot has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) standing: Standing,
    pub(super) file: u32,
}

/// All that is remembered. Nothing yet: no file, no floor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) sequence: u32,
    pub(super) floor: u32,
    pub(super) marks: [Mark; 2],
    pub(super) days: u16,
    pub(super) days_wanted: u16,
    pub(super) starts: u8,
    pub(super) starts_max: u8,
    pub(super) reason: Option<Reason>,
}

impl Record {
    pub(super) const fn mark(&self, slot: Slot) -> Mark {
        let [a, b] = self.marks;
        match slot {
            Slot::A => a,
            Slot::B => b,
        }
    }

    pub(super) const fn with_mark(self, slot: Slot, mark: Mark) -> Self {
        let [a, b] = self.marks;
        let marks = match slot {
            Slot::A => [mark, b],
            Slot::B => [a, mark],
        };
        Self { marks, ..self }
    }

    /// The slot of this standing. At most one is on trial and at most one confirmed.
    pub(super) fn slot(&self, standing: Standing) -> Option<Slot> {
        [Slot::A, Slot::B].into_iter().find(|&slot| self.mark(slot).standing == standing)
    }

    pub(super) fn bytes(&self) -> [u8; RECORD_BYTES] {
        let [a, b] = self.marks;
        let mut bytes = [0; RECORD_BYTES];
        let fields = MARKER
            .into_iter()
            .chain([VERSION, a.standing.code() | (b.standing.code() << 4)])
            .chain(self.sequence.to_le_bytes())
            .chain(self.floor.to_le_bytes())
            .chain(a.file.to_le_bytes())
            .chain(b.file.to_le_bytes())
            .chain(self.days.to_le_bytes())
            .chain(self.days_wanted.to_le_bytes())
            .chain([self.starts, self.starts_max, self.reason.map_or(0, Reason::code), 0]);
        bytes.iter_mut().zip(fields).for_each(|(to, from)| *to = from);
        if let Some((body, checksum)) = bytes.split_last_chunk_mut::<4>() {
            *checksum = crc32(body).to_le_bytes();
        }
        bytes
    }

    /// The record that these bytes are, if they are one: total.
    pub(super) fn read(bytes: &[u8; RECORD_BYTES]) -> Option<Self> {
        let (body, checksum) = bytes.split_last_chunk::<4>()?;
        let (marker, rest) = body.split_first_chunk::<2>()?;
        if *marker != MARKER || crc32(body) != u32::from_le_bytes(*checksum) {
            return None;
        }
        let (&[version, standings], rest) = rest.split_first_chunk::<2>()?;
        let (words, rest) = rest.split_first_chunk::<16>()?;
        let &[d0, d1, w0, w1, starts, starts_max, reason, zero] = rest.first_chunk::<8>()?;
        let mut words = words.as_chunks::<4>().0.iter().map(|&word| u32::from_le_bytes(word));
        let (sequence, floor) = (words.next()?, words.next()?);
        let a = Mark { standing: Standing::of_code(standings & 15)?, file: words.next()? };
        let b = Mark { standing: Standing::of_code(standings >> 4)?, file: words.next()? };
        // Two files can't both decide.
        let clash = a.standing == b.standing && matches!(a.standing, Standing::Trial | Standing::Confirmed);
        if version != VERSION || zero != 0 || clash {
            return None;
        }
        let reason = if reason == 0 { None } else { Some(Reason::of_code(reason)?) };
        let (days, days_wanted) = (u16::from_le_bytes([d0, d1]), u16::from_le_bytes([w0, w1]));
        Some(Self { sequence, floor, marks: [a, b], days, days_wanted, starts, starts_max, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let marks =
            [Mark { standing: Standing::Former, file: 0x1234_5678 }, Mark { standing: Standing::Trial, file: 9 }];
        Record {
            sequence: 7,
            floor: 3,
            marks,
            days: 300,
            days_wanted: 1000,
            starts: 2,
            starts_max: 3,
            reason: Some(Reason::ScoreDrift),
        }
    }

    #[test]
    fn a_record_reads_as_it_was_written() {
        assert_eq!(Record::read(&record().bytes()), Some(record()));
        assert_eq!(Record::read(&Record::default().bytes()), Some(Record::default()));
    }

    #[test]
    fn a_record_with_any_bits_of_one_byte_flipped_is_none() {
        for at in 0..RECORD_BYTES {
            for bits in 1..=255 {
                let mut bytes = record().bytes();
                bytes[at] ^= bits;
                assert_eq!(Record::read(&bytes), None, "byte {at}, bits {bits:#x}");
            }
        }
    }

    /// What flash holds after the power went while the record was written: some bits not yet 0.
    #[test]
    fn a_record_of_which_the_end_is_missing_is_none() {
        for written in 0..RECORD_BYTES {
            let mut bytes = record().bytes();
            bytes[written..].fill(0xff);
            assert_eq!(Record::read(&bytes), None, "{written} bytes written");
        }
    }

    #[test]
    fn two_files_that_both_decide_are_no_record() {
        for standing in [Standing::Trial, Standing::Confirmed] {
            let both = Record { marks: [Mark { standing, file: 1 }; 2], ..record() };
            assert_eq!(Record::read(&both.bytes()), None);
        }
    }
}
