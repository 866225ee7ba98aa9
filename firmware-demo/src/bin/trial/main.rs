//! The life of a policy on a device: it comes as bytes, is staged in a slot of flash, verified and tested, compared
//! with its fallback in a twin of the chain, tried for days under guard, confirmed; a second one, which orders
//! nothing, comes and is sent back. Each step says what it cost.
//!
//! ```text
//! cargo trial
//! ```

#![cfg_attr(target_os = "none", no_std, no_main)]
#![deny(unsafe_code)]

#[cfg(all(target_os = "none", feature = "semihosting"))]
mod life;
#[cfg(all(target_os = "none", feature = "semihosting"))]
mod nor;

#[cfg(all(target_os = "none", feature = "semihosting"))]
#[path = "../../device/clock.rs"]
mod clock;
#[cfg(all(target_os = "none", feature = "semihosting"))]
#[path = "../../device/images.rs"]
mod images;
#[cfg(all(target_os = "none", feature = "semihosting"))]
#[path = "../../device/memory.rs"]
mod memory;

#[cfg(all(target_os = "none", feature = "semihosting"))]
mod start {
    #![allow(unsafe_code)] // The runtime asks for an `unsafe fn`: a handler may run while anything is half done.

    use super::{clock, images, life, nor};

    /// Room for the last records of the log: each is of 200 products.
    const LOG_BYTES: usize = 8 * 1024;

    #[cortex_m_rt::entry]
    fn start() -> ! {
        static mut NETWORK: [i32; images::NETWORK_WORDS] = [0; images::NETWORK_WORDS];
        static mut TWIN: [i32; images::NETWORK_WORDS] = [0; images::NETWORK_WORDS];
        static mut FEATURES: [i8; images::FEATURE_BYTES] = [0; images::FEATURE_BYTES];
        static mut LOG: [u8; LOG_BYTES] = [0; LOG_BYTES];
        let outcome = match (cortex_m::Peripherals::take(), nor::Nor::take()) {
            (Some(peripherals), Some(flash)) => {
                let memory = life::Memory { network: NETWORK, twin: TWIN, features: FEATURES, log: LOG };
                life::run(&clock::Clock::start(peripherals.SYST), flash, memory)
            }
            _ => Err("the peripherals were taken before the program started"),
        };
        let code = match outcome {
            Ok(()) => 0,
            Err(why) => {
                semihosting::println!("failed: {why}");
                10
            }
        };
        semihosting::process::exit(code)
    }

    /// A stack that has grown into the statics ends here, and not in a loop without end.
    #[cortex_m_rt::exception(trampoline = true)]
    unsafe fn HardFault(frame: &cortex_m_rt::ExceptionFrame) -> ! {
        semihosting::println!("failed: HardFault, {frame:?}");
        semihosting::process::exit(70)
    }
}

#[cfg(not(all(target_os = "none", feature = "semihosting")))]
fn main() {
    eprintln!("trial runs on a Cortex-M: `cargo trial` builds it for thumbv7em-none-eabihf and starts it in QEMU");
    std::process::exit(2);
}
