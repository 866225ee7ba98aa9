//! Restock on a Cortex-M4F: the problem and the int8 policies live in flash, are checked when the
//! device starts, and then run a year of decisions; everything is measured on the way.
//!
//! ```text
//! cargo fw                            the whole year, in QEMU
//! cargo fw -- -append "days=28"       fewer days; also seed=, replica=
//! ```
//!
//! The simulation, the policies and the score are `restock-core`, the very code that trains on the
//! host; here is only what a device adds: flash, RAM, a clock and a console.

#![cfg_attr(target_os = "none", no_std, no_main)]
#![deny(unsafe_code)]

#[cfg(target_os = "none")]
mod device;

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!(
        "restock-firmware runs on a Cortex-M4F; `cargo fw` builds it for thumbv7em-none-eabihf and starts it in QEMU"
    );
    std::process::exit(2);
}
