//! A file on its way into a slot: erased sector by sector, then written from its second block on, and the first
//! block, which says that it is a policy file, last.

use super::{Geometry, MappedFlash, Slot, SlotsError, WRITE_BYTES};
use crate::convert::{count, wide_index};
use crate::rows::at;

/// How far the update is. What it says of flash is found again when the slots are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing is being done.
    Idle,
    /// The sector `next` of the slot is erased next, until `length` bytes fit.
    Erasing { length: u32, next: u32 },
    /// The byte `at` of the file comes next.
    Writing { length: u32, at: u32 },
    /// The file is found to be one for this device.
    Verified,
    /// Its networks compute here what they should.
    Tested,
}

/// The blocks that are not in flash yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blocks {
    head: [u8; WRITE_BYTES],
    block: [u8; WRITE_BYTES],
}

impl Blocks {
    pub(super) const fn new() -> Self {
        Self { head: [0xff; WRITE_BYTES], block: [0xff; WRITE_BYTES] }
    }

    /// Takes the next bytes of a file of `length` bytes, from byte `from` on, and writes each block that is full;
    /// with the last byte the last block, filled up with 0xFF, and then the first. Returns the byte that comes next.
    pub(super) fn write<F: MappedFlash>(
        &mut self,
        flash: &mut F,
        slot: Slot,
        bytes: &[u8],
        from: u32,
        length: u32,
    ) -> Result<u32, SlotsError<F::Error>> {
        let start = Geometry::of(flash).start(slot);
        let mut next = from;
        for &byte in bytes {
            let within = wide_index(next) % WRITE_BYTES;
            if within == 0 {
                self.block.fill(0xff);
            }
            if let Some(place) = self.block.get_mut(within) {
                *place = byte;
            }
            next += 1;
            if within + 1 < WRITE_BYTES && next < length {
                continue;
            }
            match next - 1 - count(within) {
                0 => self.head = self.block,
                block => flash.write(start + block, &self.block).map_err(SlotsError::Flash)?,
            }
            if next == length {
                flash.write(start, &self.head).map_err(SlotsError::Flash)?;
            }
        }
        Ok(next)
    }
}

/// Erases sector `sector` of a slot.
pub(super) fn erase<F: MappedFlash>(flash: &mut F, slot: Slot, sector: u32) -> Result<(), SlotsError<F::Error>> {
    let bytes = count(F::ERASE_SIZE);
    let from = Geometry::of(flash).start(slot) + sector * bytes;
    flash.erase(from, from + bytes).map_err(SlotsError::Flash)
}

/// The file in a slot: as many bytes as its own length says, if the slot has them. Nothing of it is checked.
pub(super) fn file<F: MappedFlash>(flash: &F, slot: Slot) -> &[u8] {
    let geometry = Geometry::of(flash);
    let first = wide_index(geometry.start(slot));
    let all = flash.mapped().get(first..first.saturating_add(wide_index(geometry.slot_bytes))).unwrap_or_default();
    let length = u32::from_le_bytes([at(all, 8), at(all, 9), at(all, 10), at(all, 11)]);
    all.get(..wide_index(length)).unwrap_or(all)
}

/// The checksum at the end of a file.
pub(super) fn checksum(file: &[u8]) -> u32 {
    file.split_last_chunk().map_or(0, |(_, &checksum)| u32::from_le_bytes(checksum))
}
