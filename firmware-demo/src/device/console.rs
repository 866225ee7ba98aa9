//! The way out: lines, arguments and an exit code through semihosting, or only a word in RAM without it.

use super::failure::Failure;

/// Prints one line. Without the `semihosting` feature there is nobody to print for.
pub(super) fn line(text: core::fmt::Arguments<'_>) {
    #[cfg(feature = "semihosting")]
    semihosting::println!("{text}");
    #[cfg(not(feature = "semihosting"))]
    let _ = text;
}

/// Longest command line, the program's own path included [bytes].
#[cfg(feature = "semihosting")]
const COMMAND_LINE_BYTES: usize = 1024;

/// Hands every `key=value` of the command line to `each`. The program's path comes first and is skipped.
#[cfg(feature = "semihosting")]
pub(super) fn arguments(mut each: impl FnMut(&str, &str) -> Result<(), Failure>) -> Result<(), Failure> {
    let arguments = semihosting::experimental::env::args::<COMMAND_LINE_BYTES>().map_err(|_| Failure::CommandLine)?;
    for argument in arguments.into_iter().skip(1) {
        let (key, value) = argument.ok().and_then(|a| a.split_once('=')).ok_or(Failure::Argument)?;
        each(key, value)?;
    }
    Ok(())
}

/// A device on its own has no command line.
#[cfg(not(feature = "semihosting"))]
pub(super) fn arguments(_each: impl FnMut(&str, &str) -> Result<(), Failure>) -> Result<(), Failure> {
    Ok(())
}

/// Ends the program.
#[cfg(feature = "semihosting")]
pub(super) fn exit(code: i32) -> ! {
    semihosting::process::exit(code)
}

#[cfg(not(feature = "semihosting"))]
mod outcome {
    use core::sync::atomic::{AtomicI32, Ordering};

    /// How the program ended, for a debugger that attaches later: -1 while it runs, else the exit code.
    #[used]
    static OUTCOME: AtomicI32 = AtomicI32::new(-1);

    /// Stores the exit code and waits for a reset.
    pub(in super::super) fn exit(code: i32) -> ! {
        OUTCOME.store(code, Ordering::Relaxed);
        loop {
            cortex_m::asm::wfi();
        }
    }

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        exit(101)
    }
}
#[cfg(not(feature = "semihosting"))]
pub(super) use outcome::exit;
