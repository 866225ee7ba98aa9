//! `cargo soak-policy`: the loader of policy files against as many damaged files as there is time for; length
//! and checksum of each are right. Says how many were accepted and refused; a panic ends it.

use clap::Parser;
use restock_tests::policy_bytes::{damaged, small, whole};
use restock_tests::random_network::Dice;
use restock_tests::swarm;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Damages policy files until the cases are through, or the time is.
#[derive(Parser)]
#[command(name = "cargo soak-policy")]
struct Arguments {
    /// How many files
    #[arg(long, default_value_t = 100_000_000)]
    cases: u64,
    /// The first seed; each stands for 1000 files
    #[arg(long, default_value_t = 1, value_name = "SEED")]
    from: u64,
    /// Threads; by default as many as the machine runs at once
    #[arg(long)]
    threads: Option<usize>,
    /// Stop after this time [s]
    #[arg(long)]
    seconds: Option<u64>,
}

/// Files of one seed.
const BATCH: u64 = 1000;

fn main() {
    let arguments = Arguments::parse();
    let (begun, seeds) = (Instant::now(), arguments.cases.div_ceil(BATCH));
    let until = arguments.seconds.map(|seconds| begun + Duration::from_secs(seconds));
    let (next, accepted, through) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let (small, whole) = (small(), whole());
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads.unwrap_or_else(swarm::threads) {
            scope.spawn(|| {
                while until.is_none_or(|until| Instant::now() < until) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    // One in 16 is of this build's shape; the small one has the same parts and is faster.
                    let file = if seed % 16 == 0 { &whole } else { &small };
                    let mut d = Dice::new(arguments.from + seed);
                    let held = (0..BATCH).filter(|_| damaged(file, &mut d)).count();
                    accepted.fetch_add(held as u64, Ordering::Relaxed);
                    through.fetch_add(BATCH, Ordering::Relaxed);
                }
            });
        }
    });
    let (all, accepted) = (through.into_inner(), accepted.into_inner());
    println!(
        "{all} damaged policy files from seed {}: {accepted} accepted and used, {} refused, no panic; {:.0} s",
        arguments.from,
        all - accepted,
        begun.elapsed().as_secs_f64()
    );
}
