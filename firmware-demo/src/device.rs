//! Start-up: memory, clock, demo, exit code.

mod clock;
mod console;
mod demo;
mod failure;
mod fault;
mod images;
mod memory;

use clock::Clock;

/// The memory of simulator and policies are statics of this function: the entry macro hands each over
/// as a plain `&'static mut`, once.
#[cortex_m_rt::entry]
fn start() -> ! {
    static mut NETWORK: [i32; images::NETWORK_WORDS] = [0; images::NETWORK_WORDS];
    static mut FEATURES: [i8; images::FEATURE_BYTES] = [0; images::FEATURE_BYTES];
    let outcome = match cortex_m::Peripherals::take() {
        Some(peripherals) => demo::run(&Clock::start(peripherals.SYST), NETWORK, FEATURES),
        None => Err(failure::Failure::Peripherals),
    };
    if let Err(failure) = &outcome {
        console::line(format_args!("failed: {failure}"));
    }
    console::exit(outcome.map_or_else(|failure| failure.exit_code(), |()| 0))
}
