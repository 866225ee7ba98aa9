//! The flash that the slots lie in.

use super::Slot;
use super::journal::places;
use super::record::RECORD_BYTES;
use crate::convert::{count, wide_index};
use embedded_storage::nor_flash::NorFlash;

/// Flash whose bytes are also read where they lie, as processors see their own flash and, in XIP mode, the one behind
/// a QSPI.
///
/// A policy is a few dozen KiB, of which a decision reads all: copying it into RAM first would cost a small device
/// its memory, so policies are borrowed from flash. The two borrows keep each other out: [`NorFlash`] writes through
/// `&mut self`, [`MappedFlash::mapped`] lends through `&self`, and the compiler refuses a program in which a policy
/// could be erased while somebody decides with it.
///
/// With a driver of `embassy-stm32`, `embassy-nrf`, `rp2040-flash` or the like it is one line of unsafe code, in the
/// firmware, for a region that nothing else writes:
///
/// ```text
/// impl MappedFlash for Region {
///     fn mapped(&self) -> &[u8] {
///         // SAFETY: these addresses are flash, and only `self` writes them.
///         unsafe { core::slice::from_raw_parts(FIRST as *const u8, BYTES) }
///     }
/// }
/// ```
///
/// Flash that can't be mapped (behind an SPI) takes a copy of the region in RAM, kept by whoever implements this: as
/// many bytes as the region.
pub trait MappedFlash: NorFlash {
    /// All bytes of the region, as they are now: as many as `capacity()` says.
    fn mapped(&self) -> &[u8];
}

impl<F: MappedFlash> MappedFlash for &mut F {
    fn mapped(&self) -> &[u8] {
        (**self).mapped()
    }
}

/// How the region is divided: two sectors of records, slot A, slot B. Slots are whole sectors, of one size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    sector_bytes: u32,
    pub(super) slot_bytes: u32,
}

impl Geometry {
    /// Sectors that a region has at least.
    const SECTORS_MIN: usize = 4;

    pub(super) fn of<F: MappedFlash>(flash: &F) -> Self {
        const {
            assert!(
                RECORD_BYTES.is_multiple_of(F::WRITE_SIZE),
                "a record is written at once: at most 32 bytes a write"
            );
            assert!(F::ERASE_SIZE.is_multiple_of(RECORD_BYTES), "records fill sectors");
            assert!(F::ERASE_SIZE <= 1 << 24 && places::<F>() >= 2, "a sector has 64 bytes to 16 MiB");
        }
        let sectors = (flash.capacity() / F::ERASE_SIZE).saturating_sub(2) / 2;
        Self { sector_bytes: count(F::ERASE_SIZE), slot_bytes: count(sectors.saturating_mul(F::ERASE_SIZE)) }
    }

    /// Where a slot begins.
    pub(super) const fn start(self, slot: Slot) -> u32 {
        match slot {
            Slot::A => 2 * self.sector_bytes,
            Slot::B => 2 * self.sector_bytes + self.slot_bytes,
        }
    }

    /// Bytes that the region has and needs, where it is not sound.
    pub(super) fn unsound<F: MappedFlash>(flash: &F) -> Option<(usize, usize)> {
        let needed = Self::SECTORS_MIN * F::ERASE_SIZE;
        let (said, mapped) = (flash.capacity(), flash.mapped().len());
        // 2 GiB: offsets have 32 bits.
        (said < needed || said > wide_index(1 << 31) || said != mapped).then_some((mapped, needed))
    }
}
