//! The smallest firmware that decides: a policy file of 32-64-64-16 in flash, checked and tested with its golden
//! vectors, then one row of features in and the choices out. A test holds it to 16 KiB of flash and to no
//! static RAM but its arena.
//!
//! ```text
//! cargo build --profile device --package restock-firmware --bin decide --target thumbv7em-none-eabihf
//! ```

#![cfg_attr(target_os = "none", no_std, no_main)]
#![deny(unsafe_code)]

#[cfg(target_os = "none")]
mod device {
    use core::hint::black_box;
    use cortex_m as _; // the interrupt vectors' critical section
    use restock_core::blob::{BlobError, Kernel, PolicyBlob};
    use restock_device::kernel::{Aligned, Dsp};

    include!(concat!(env!("OUT_DIR"), "/benchmark.rs"));

    /// All RAM that is not stack.
    struct Arena {
        /// What a sensor or a planner writes.
        features: [i8; 32],
        logits: [i32; 16],
        choices: [u8; 4],
    }

    /// As the test knows it.
    const ARENA_BYTES: usize = 100;
    const _: () = assert!(size_of::<Arena>() == ARENA_BYTES);

    #[cortex_m_rt::entry]
    fn start() -> ! {
        static mut ARENA: Arena = Arena { features: [0; 32], logits: [0; 16], choices: [0; 4] };
        // Flash may have worn since the build: the compiler must not reason from what it saw then.
        let code = match decide(black_box(BENCHMARK.0.as_slice()), ARENA) {
            Ok(()) => 0,
            Err(_) => 10,
        };
        end(code)
    }

    fn decide(file: &[u8], arena: &mut Arena) -> Result<(), BlobError> {
        let file = PolicyBlob::decode(file)?;
        file.self_test_with(&mut Dsp)?;
        let agent = file.agents().next().ok_or(BlobError::Malformed)?;
        Dsp.row(agent.layers, black_box(&arena.features), &mut arena.logits);
        agent.choose(&arena.logits, &mut arena.choices);
        black_box(&mut arena.choices);
        Ok(())
    }

    #[cfg(feature = "semihosting")]
    fn end(code: i32) -> ! {
        semihosting::process::exit(code)
    }

    #[cfg(not(feature = "semihosting"))]
    fn end(code: i32) -> ! {
        black_box(code);
        loop {
            cortex_m::asm::wfi();
        }
    }

    #[cfg(not(feature = "semihosting"))]
    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        end(101)
    }
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("decide runs on a Cortex-M: build it for thumbv7em-none-eabihf");
    std::process::exit(2);
}
