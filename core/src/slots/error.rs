//! Why a step of an update is refused.

use super::WRITE_BYTES;
use crate::blob::BlobError;
use core::fmt;

/// Why a step is refused. Whatever it is, what ran before goes on running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotsError<E> {
    /// The flash driver's own. The step is not done; opening the slots again says what is.
    Flash(E),
    /// The region is too small, or reads as more or fewer bytes than it has.
    Region {
        /// Bytes found.
        found: usize,
        /// Bytes needed for two slots of one sector each.
        needed: usize,
    },
    /// The policy is not one for this device.
    Policy(BlobError),
    /// No slot has room for so many bytes, no policy file is so short, or more bytes come than were announced.
    Length {
        /// Bytes found.
        found: usize,
        /// Bytes of a slot, or those announced.
        most: usize,
    },
    /// A trial is under way: it is ended first, by its days or by [`super::Slots::roll_back`].
    OnTrial,
    /// Nothing has been staged that this step could go on with.
    OutOfOrder,
    /// A record was written and reads otherwise: the flash is worn there. The next try takes the next place.
    Worn,
}

impl<E> From<BlobError> for SlotsError<E> {
    fn from(error: BlobError) -> Self {
        Self::Policy(error)
    }
}

impl<E: fmt::Debug> fmt::Display for SlotsError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flash(error) => write!(f, "the flash driver says {error:?}"),
            Self::Region { found, needed } => {
                write!(f, "the slots' region has {found} bytes to read, needs {needed} at least, and all of them")
            }
            Self::Policy(error) => error.fmt(f),
            Self::Length { found, most } => write!(f, "{found} bytes of policy file, from {WRITE_BYTES} to {most} fit"),
            Self::OnTrial => write!(f, "a policy is on trial: end the trial first"),
            Self::OutOfOrder => write!(f, "not the next step: stage, erase, write, verify, test, try out"),
            Self::Worn => write!(f, "a record does not read as it was written: the flash is worn, try again"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for SlotsError<E> {}
