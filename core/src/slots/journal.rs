//! Where records go: one after the other through two sectors, of which one is always whole.
//!
//! The latest record's sector is never erased: when it is full, the other one is, and takes the next record. A
//! sector is erased just before its first record is written, so that no sector is trusted that an interrupted
//! erasure has left half blank. A place that an interrupted write has touched is not written again.

use super::record::{RECORD_BYTES, Record};
use super::{MappedFlash, SlotsError};
use crate::convert::count;

/// Most records of a sector: looking for the latest one must not take long where sectors are large.
const PLACES_MAX: usize = 256;

/// Where the next record goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Journal {
    /// The sector of the latest record, 0 or 1. None until there is one.
    home: Option<u32>,
    /// The sector that is written to, and the next place there.
    sector: u32,
    next: usize,
}

/// Records that a sector takes.
pub(super) const fn places<F: MappedFlash>() -> usize {
    let places = F::ERASE_SIZE / RECORD_BYTES;
    if places < PLACES_MAX { places } else { PLACES_MAX }
}

/// The places of a sector, in order.
fn place_bytes<F: MappedFlash>(flash: &F, sector: u32) -> &[[u8; RECORD_BYTES]] {
    let first = if sector == 0 { 0 } else { F::ERASE_SIZE };
    let bytes = flash.mapped().get(first..first.saturating_add(places::<F>() * RECORD_BYTES));
    bytes.unwrap_or_default().as_chunks().0
}

impl Journal {
    /// Finds the latest record; a blank one where there is none.
    pub(super) fn open<F: MappedFlash>(flash: &F) -> (Self, Record) {
        let mut latest: Option<(u32, Record)> = None;
        for sector in [0, 1] {
            for record in place_bytes(flash, sector).iter().filter_map(Record::read) {
                if latest.is_none_or(|(_, best)| record.sequence > best.sequence) {
                    latest = Some((sector, record));
                }
            }
        }
        let Some((home, record)) = latest else {
            // As if the second sector were full: the first is erased, whatever is in it.
            return (Self { home: None, sector: 1, next: places::<F>() }, Record::default());
        };
        let touched = |place: &[u8; RECORD_BYTES]| place.iter().any(|&byte| byte != 0xff);
        let next = place_bytes(flash, home).iter().rposition(touched).map_or(0, |last| last + 1);
        (Self { home: Some(home), sector: home, next }, record)
    }

    /// Writes the record that comes next, and reads it back.
    pub(super) fn append<F: MappedFlash>(
        &mut self,
        flash: &mut F,
        record: &Record,
    ) -> Result<(), SlotsError<F::Error>> {
        let sector_bytes = count(F::ERASE_SIZE);
        if self.next >= places::<F>() {
            // Never the latest record's sector, even if every place of the other one has failed.
            let sector = if self.home == Some(0) { 1 } else { 0 };
            flash.erase(sector * sector_bytes, (sector + 1) * sector_bytes).map_err(SlotsError::Flash)?;
            (self.sector, self.next) = (sector, 0);
        }
        let place = self.next;
        self.next += 1;
        let bytes = record.bytes();
        let at = self.sector * sector_bytes + count(place * RECORD_BYTES);
        flash.write(at, &bytes).map_err(SlotsError::Flash)?;
        if place_bytes(flash, self.sector).get(place) != Some(&bytes) {
            return Err(SlotsError::Worn);
        }
        self.home = Some(self.sector);
        Ok(())
    }
}
