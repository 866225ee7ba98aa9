//! Why the device refuses to go on, and the exit code of each reason: the codes of the `restock` command.

use core::fmt;
use restock_core::blob::BlobError;
use restock_core::network::MemoryError;
use restock_core::policy::QuantizedError;
use restock_core::scenario::ScenarioError;

/// The command line is wrong.
const USAGE: i32 = 2;
/// A check failed.
const CHECK: i32 = 10;
/// The processor faulted.
pub(super) const FAULT: i32 = 70;

/// A reason to stop.
#[derive(Debug)]
pub(super) enum Failure {
    /// The processor's peripherals were taken before.
    Peripherals,
    /// An argument is not `days=`, `seed=` or `replica=` with a number.
    Argument,
    /// The command line is longer than the device reads.
    #[cfg(feature = "semihosting")]
    CommandLine,
    /// The scenario image is damaged or not for this version.
    Scenario(ScenarioError),
    /// The policy file is damaged, or computes something else here than where it was made.
    Policy(BlobError),
    /// The policies are not for this scenario.
    Fit(QuantizedError),
    /// The network needs more memory than the build gave it.
    Memory(MemoryError),
}

impl Failure {
    /// What the program exits with.
    pub(super) const fn exit_code(&self) -> i32 {
        match self {
            Self::Argument => USAGE,
            #[cfg(feature = "semihosting")]
            Self::CommandLine => USAGE,
            _ => CHECK,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peripherals => f.write_str("the peripherals were taken before the program started"),
            Self::Argument => f.write_str("arguments are days=NUMBER, seed=NUMBER and replica=NUMBER"),
            #[cfg(feature = "semihosting")]
            Self::CommandLine => f.write_str("the command line is too long for the device"),
            Self::Scenario(why) => write!(f, "scenario: {why}"),
            Self::Policy(why) => write!(f, "policy: {why}"),
            Self::Fit(why) => write!(f, "policy: {why}"),
            Self::Memory(why) => write!(f, "memory: {why}"),
        }
    }
}
