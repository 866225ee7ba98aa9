//! NOR flash that loses power.

use crate::slots::MappedFlash;
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

/// What the step during which the power goes has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Torn {
    /// Nothing yet.
    Nothing,
    /// The first half of it.
    Half,
    /// Some bits of every byte.
    Bits,
    /// All of it, but nobody was told.
    All,
}

pub(super) const WAYS: [Torn; 4] = [Torn::Nothing, Torn::Half, Torn::Bits, Torn::All];

/// Why the flash did not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    PowerIsGone,
    Misuse(NorFlashErrorKind),
}

impl NorFlashError for Fault {
    fn kind(&self) -> NorFlashErrorKind {
        match *self {
            Self::PowerIsGone => NorFlashErrorKind::Other,
            Self::Misuse(kind) => kind,
        }
    }
}

/// Bits go from 1 to 0 by writing units of `WRITE` bytes, and back by erasing sectors of `ERASE`. A step is one unit
/// or one sector.
#[derive(Clone, Debug)]
pub(super) struct Nor<const WRITE: usize, const ERASE: usize> {
    pub(super) bytes: Vec<u8>,
    /// Steps so far.
    pub(super) steps: u64,
    /// Steps that are still done as a whole, and what the next one does; none while nothing cuts the power.
    pub(super) cut: Option<(u64, Torn)>,
    pub(super) is_off: bool,
    /// Times that each sector was erased.
    pub(super) erasures: Vec<u32>,
}

impl<const WRITE: usize, const ERASE: usize> Nor<WRITE, ERASE> {
    /// As it comes from the factory.
    pub(super) fn blank(sectors: usize) -> Self {
        let bytes = vec![0xff; sectors * ERASE];
        Self { bytes, steps: 0, cut: None, is_off: false, erasures: vec![0; sectors] }
    }

    /// The power is back.
    pub(super) fn restart(&mut self) {
        (self.is_off, self.cut) = (false, None);
    }

    /// What this step does; whether the power goes during it.
    fn step(&mut self) -> Result<Torn, Fault> {
        if self.is_off {
            return Err(Fault::PowerIsGone);
        }
        self.steps += 1;
        match &mut self.cut {
            None => Ok(Torn::All),
            Some((0, torn)) => {
                self.is_off = true;
                Ok(*torn)
            }
            Some((left, _)) => {
                *left -= 1;
                Ok(Torn::All)
            }
        }
    }

    fn outcome(&self) -> Result<(), Fault> {
        if self.is_off { Err(Fault::PowerIsGone) } else { Ok(()) }
    }
}

impl<const WRITE: usize, const ERASE: usize> ErrorType for Nor<WRITE, ERASE> {
    type Error = Fault;
}

impl<const WRITE: usize, const ERASE: usize> ReadNorFlash for Nor<WRITE, ERASE> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        check_read(self, offset, bytes.len()).map_err(Fault::Misuse)?;
        bytes.copy_from_slice(&self.bytes[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl<const WRITE: usize, const ERASE: usize> NorFlash for Nor<WRITE, ERASE> {
    const WRITE_SIZE: usize = WRITE;
    const ERASE_SIZE: usize = ERASE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        check_erase(self, from, to).map_err(Fault::Misuse)?;
        for sector in from as usize / ERASE..to as usize / ERASE {
            let torn = self.step()?;
            self.erasures[sector] += 1;
            let bytes = &mut self.bytes[sector * ERASE..][..ERASE];
            match torn {
                Torn::Nothing => {}
                Torn::Half => bytes[..ERASE / 2].fill(0xff),
                Torn::Bits => bytes.iter_mut().zip(0u8..=255).for_each(|(byte, i)| *byte |= i.wrapping_mul(0x6d)),
                Torn::All => bytes.fill(0xff),
            }
            self.outcome()?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        check_write(self, offset, bytes.len()).map_err(Fault::Misuse)?;
        for (unit, new) in bytes.chunks(WRITE).enumerate() {
            let torn = self.step()?;
            let old = &mut self.bytes[offset as usize + unit * WRITE..][..WRITE];
            assert!(old.iter().all(|&byte| byte == 0xff), "a unit is written once between two erasures");
            for (i, (old, &new)) in old.iter_mut().zip(new).enumerate() {
                *old &= match torn {
                    Torn::Nothing => 0xff,
                    Torn::Half => {
                        if i < WRITE.div_ceil(2) {
                            new
                        } else {
                            0xff
                        }
                    }
                    Torn::Bits => new | 0x5a,
                    Torn::All => new,
                };
            }
            self.outcome()?;
        }
        Ok(())
    }
}

impl<const WRITE: usize, const ERASE: usize> MappedFlash for Nor<WRITE, ERASE> {
    fn mapped(&self) -> &[u8] {
        &self.bytes
    }
}
