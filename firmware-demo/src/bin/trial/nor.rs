//! NOR flash that a program may write: memory of the emulated board beside the device's RAM, which behaves as flash
//! does. On silicon this file is the driver of the chip's own flash.
#![allow(unsafe_code)] // A static in a section of its own.

use core::sync::atomic::{AtomicBool, Ordering};
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_write};
use restock_core::slots::MappedFlash;

/// As an nRF52 erases and writes.
const SECTOR_BYTES: usize = 4096;
const UNIT_BYTES: usize = 4;
/// Two sectors of records and two slots of 32 KiB.
const BYTES: usize = (2 + 2 * 8) * SECTOR_BYTES;

/// The region, on a multiple of 4.
#[repr(C, align(4))]
struct Region([u8; BYTES]);

/// Erased sectors and written units are counted.
pub(super) struct Nor {
    region: &'static mut Region,
    pub(super) erased: u32,
    pub(super) written: u32,
}

impl Nor {
    /// The flash, as it comes from the factory; once.
    pub(super) fn take() -> Option<Self> {
        #[unsafe(link_section = ".slots")]
        static mut REGION: Region = Region([0; BYTES]);
        static TAKEN: AtomicBool = AtomicBool::new(false);
        if TAKEN.swap(true, Ordering::Relaxed) {
            return None;
        }
        // SAFETY: the flag lets one caller through, and nothing else names the region.
        let region = unsafe { (&raw mut REGION).as_mut() }?;
        region.0.fill(0xff);
        Some(Self { region, erased: 0, written: 0 })
    }
}

impl ErrorType for Nor {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Nor {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let from = self.region.0.get(offset as usize..).and_then(|rest| rest.get(..bytes.len()));
        bytes.copy_from_slice(from.ok_or(NorFlashErrorKind::OutOfBounds)?);
        Ok(())
    }

    fn capacity(&self) -> usize {
        BYTES
    }
}

impl NorFlash for Nor {
    const WRITE_SIZE: usize = UNIT_BYTES;
    const ERASE_SIZE: usize = SECTOR_BYTES;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        self.region.0[from as usize..to as usize].fill(0xff);
        self.erased += (to - from) / SECTOR_BYTES as u32;
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        // Bits go from 1 to 0 only.
        self.region.0[offset as usize..].iter_mut().zip(bytes).for_each(|(old, new)| *old &= new);
        self.written += (bytes.len() / UNIT_BYTES) as u32;
        Ok(())
    }
}

impl MappedFlash for Nor {
    fn mapped(&self) -> &[u8] {
        &self.region.0
    }
}
