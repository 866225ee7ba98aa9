//! Two kernels on the same networks by chance, and what a row costs.
//!
//! ```text
//! cargo kernels -- -append "layers=1000000"     both kernels on so many layers: all outputs must be equal
//! cargo kernels -- -append "rows=1000"          so many rows of 32-64-64-16 by `SMLAD`; also portable=
//! ```

#![cfg_attr(target_os = "none", no_std, no_main)]
#![deny(unsafe_code)]

#[cfg(all(target_os = "none", feature = "semihosting"))]
mod device {
    use core::hint::black_box;
    use cortex_m as _; // the interrupt vectors' critical section
    use restock_core::blob::{Kernel, PolicyBlob, Portable};
    use restock_device::kernel::{Aligned, Dsp, HAS_DSP, instructions};
    use restock_device::random_network::{Case, compare};
    use semihosting::{println, process};

    include!(concat!(env!("OUT_DIR"), "/benchmark.rs"));

    #[cortex_m_rt::entry]
    fn start() -> ! {
        static mut CASE: Case = Case::new();
        let code = match run(CASE) {
            Ok(true) => 0,
            Ok(false) => 10,
            Err(()) => 2,
        };
        process::exit(code)
    }

    fn run(case: &mut Case) -> Result<bool, ()> {
        let mut all_equal = true;
        let mut seed = 1;
        println!("dsp: {HAS_DSP}");
        let arguments = semihosting::experimental::env::args::<256>().map_err(|_| ())?;
        for argument in arguments.into_iter().skip(1) {
            let (key, value) = argument.ok().and_then(|a| a.split_once('=')).ok_or(())?;
            let value: u32 = value.parse().map_err(|_| ())?;
            match key {
                "seed" => seed = value,
                "layers" => {
                    let found = compare(case, seed, value, &mut Dsp, &mut Portable);
                    println!("layers: {}", found.layers);
                    println!("differing: {}", found.differing);
                    println!("digest: {:016x}", found.digest);
                    all_equal &= found.differing == 0;
                }
                "rows" => rows(value, &mut Dsp),
                "portable" => rows(value, &mut Portable),
                _ => return Err(()),
            }
        }
        Ok(all_equal)
    }

    /// Rows of the benchmark network, one after the other.
    fn rows(count: u32, kernel: &mut impl Kernel) {
        let Some(agent) = PolicyBlob::decode(&BENCHMARK.0).ok().and_then(|file| file.agents().next()) else { return };
        let mut outputs = [0; 16];
        for _ in 0..count {
            kernel.row(black_box(agent.layers), black_box(&[77; 32]), &mut outputs);
            black_box(&mut outputs);
        }
        println!("computed: {count}");
        println!("expected: {}", instructions(agent.layers));
    }
}

#[cfg(not(all(target_os = "none", feature = "semihosting")))]
fn main() {
    eprintln!("kernels runs on a Cortex-M: `cargo kernels` builds it for thumbv7em-none-eabihf and starts it in QEMU");
    std::process::exit(2);
}
