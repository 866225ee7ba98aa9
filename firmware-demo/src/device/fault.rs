//! A fault ends the run with its frame instead of hanging: an emulator should never have to be killed.
#![allow(unsafe_code)] // The runtime asks for an `unsafe fn`: a handler may run while anything is half done.

use super::{console, failure};

/// Prints what the processor stacked and exits; touches nothing of the program that faulted.
#[cortex_m_rt::exception(trampoline = true)]
unsafe fn HardFault(frame: &cortex_m_rt::ExceptionFrame) -> ! {
    console::line(format_args!("failed: HardFault, {frame:?}"));
    console::exit(failure::FAULT)
}
