//! `cargo soak`: the tests' properties over as many random networks as there is time for.
//!
//! Progress on stderr, the result on stdout. Exit status 0: all held; 2: usage; 10: one did not; 130:
//! Ctrl-C.

use clap::Parser;
use restock_tests::property::Property;
use restock_tests::{engines, swarm};
use restock_trainer::progress::{Interrupt, Progress};
use std::io::{Write, stdout};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A property did not hold: as `restock` says it.
const CHECK_FAILED: u8 = 10;
/// 128 + SIGINT.
const INTERRUPTED: u8 = 130;

/// Checks random networks until a property fails, the seeds are through, or the time is.
#[derive(Parser)]
#[command(name = "cargo soak")]
struct Arguments {
    /// How many seeds, one after the other
    #[arg(long, default_value_t = 100_000)]
    seeds: u64,
    /// The first seed; the tests' own begin at 0, 500000 and 1000000
    #[arg(long, default_value_t = 10_000_000, value_name = "SEED")]
    from: u64,
    /// What must hold
    #[arg(long, value_enum, default_value_t = Choice::All)]
    property: Choice,
    /// Threads; by default as many as the machine runs at once
    #[arg(long)]
    threads: Option<usize>,
    /// Stop after this time [s]
    #[arg(long)]
    seconds: Option<u64>,
    /// Says nothing but the result
    #[arg(long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Choice {
    Conservation,
    Oracle,
    Python,
    Metamorphic,
    Snapshot,
    Planted,
    All,
}

impl Choice {
    /// The properties; without Python where there is none and nobody has asked for it by name.
    fn properties(self) -> Vec<Property> {
        match self {
            Self::Conservation => vec![Property::Conservation],
            Self::Oracle => vec![Property::Oracle],
            Self::Python => vec![Property::Python],
            Self::Metamorphic => vec![Property::Metamorphic],
            Self::Snapshot => vec![Property::Snapshot],
            Self::Planted => vec![Property::Planted],
            Self::All if engines::python_is_here() => Property::ALL.to_vec(),
            Self::All => Property::ALL.into_iter().filter(|property| *property != Property::Python).collect(),
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let interrupt = match Interrupt::install() {
        Ok(interrupt) => interrupt,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let properties = arguments.property.properties();
    let names: Vec<&str> = properties.iter().map(|property| property.name()).collect();
    let names = names.join(", ");
    let seeds = arguments.from..arguments.from.saturating_add(arguments.seeds);
    let mut progress = Progress::new("soak", "networks", arguments.seeds, arguments.quiet);
    let started = Instant::now();
    let until = arguments.seconds.map(|seconds| started + Duration::from_secs(seconds));
    let mut shown = 0;
    let threads = arguments.threads.unwrap_or_else(swarm::threads);
    let outcome = swarm::run(&properties, seeds, threads, |through| {
        if through > shown {
            progress.advance(through - shown, &names);
        }
        shown = through;
        !interrupt.requested() && until.is_none_or(|until| Instant::now() < until)
    });
    progress.finish();
    let (text, status) = match outcome {
        Ok(through) => {
            let rate = through as f64 / started.elapsed().as_secs_f64();
            let took = started.elapsed().as_secs_f64();
            let end = if interrupt.requested() { ", then interrupted" } else { "" };
            let text = format!(
                "{through} random networks from seed {} held ({names}) in {took:.0} s, {rate:.0} a second{end}",
                arguments.from
            );
            (text, if interrupt.requested() { INTERRUPTED } else { 0 })
        }
        Err(failure) => {
            let name = failure.property.name();
            let text = format!("{name} does not hold: {}\nto repeat it: {}", failure.message, failure.command());
            (text, CHECK_FAILED)
        }
    };
    // Nobody reads a closed stdout: the status says it too.
    let _ = writeln!(stdout(), "{text}");
    ExitCode::from(status)
}
