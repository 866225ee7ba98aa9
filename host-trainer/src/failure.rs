//! How a command fails: one message, one exit code.

use std::fmt;

/// Exit codes of `restock`.
pub mod code {
    /// Done.
    pub const OK: u8 = 0;
    /// The machine failed: a file can't be written, training diverged.
    pub const FAILED: u8 = 1;
    /// The command line is wrong.
    pub const USAGE: u8 = 2;
    /// The input data are wrong.
    pub const DATA: u8 = 3;
    /// A check failed.
    pub const CHECK: u8 = 10;
    /// Interrupted; a checkpoint was written.
    pub const INTERRUPTED: u8 = 130;
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    /// Exit code.
    pub code: u8,
    /// What to tell.
    pub message: String,
}

impl Failure {
    /// The command line is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: code::USAGE, message: message.into() }
    }

    /// The input data are wrong.
    pub fn data(message: impl Into<String>) -> Self {
        Self { code: code::DATA, message: message.into() }
    }

    /// All problems of a network folder.
    pub fn input(problems: &impl fmt::Display) -> Self {
        Self::data(problems.to_string())
    }

    /// A check failed.
    pub fn check(message: impl Into<String>) -> Self {
        Self { code: code::CHECK, message: message.into() }
    }

    /// The machine failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { code: code::FAILED, message: message.into() }
    }

    /// A file could not be read or written.
    pub fn io(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::failed(format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Tells something on stderr. Where nobody listens any more, that is no reason to stop.
pub fn tell(line: impl fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}
