//! Runs the scenes it was built with and prints, one after the other, their digests and 16 bits of each day's.
#![cfg_attr(target_os = "none", no_std, no_main)]

mod scene;

mod pack {
    include!(concat!(env!("OUT_DIR"), "/pack.rs"));

    /// Little-endian words of bytes.
    const fn words<const BYTES: usize, const WORDS: usize>(bytes: &[u8; BYTES]) -> [i32; WORDS] {
        let mut words = [0; WORDS];
        let mut i = 0;
        while i < WORDS {
            words[i] = i32::from_le_bytes([bytes[4 * i], bytes[4 * i + 1], bytes[4 * i + 2], bytes[4 * i + 3]]);
            i += 1;
        }
        words
    }
}

/// Prints what each scene gives, piece by piece.
macro_rules! run {
    ($memory:expr, $print:ident) => {{
        let mut rest = core::hint::black_box(&pack::PACK[2..]);
        let mut count = 0;
        while let Some(scene) = scene::next(&mut rest) {
            $print!("daily {count}: ");
            let outcome = scene.run($memory, |day| $print!("{day:04x}"));
            match outcome {
                Some(outcome) => $print!("\ndigest {count}: {:016x} {}\n", outcome.digest, outcome.days),
                None => $print!("\ndigest {count}: refused\n"),
            }
            count += 1;
        }
        $print!("scenes: {count}\n");
    }};
}

#[cfg(not(target_os = "none"))]
fn main() {
    let mut memory = vec![0; pack::MEMORY_WORDS];
    run!(&mut memory, print);
}

#[cfg(target_os = "none")]
mod device {
    use super::{pack, scene};
    use cortex_m as _; // the interrupt vectors' critical section
    use semihosting::print;

    #[cortex_m_rt::entry]
    fn start() -> ! {
        static mut MEMORY: [i32; pack::MEMORY_WORDS] = [0; pack::MEMORY_WORDS];
        run!(MEMORY, print);
        semihosting::process::exit(0)
    }
}
