//! Engine equivalence: the simulator against the event queue in Rust and the one in Python, day by day,
//! to the unit and the cent.

use crate::oracle::Oracle;
use crate::random_network::{Plan, Wishes};
use crate::record::Record;
use restock_core::Network;
use restock_core::digest::Digest;
use restock_core::scenario::Scenario;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};

/// The day on which a comparison ends.
pub const LAST_DAY: u32 = 60;

/// Where a seed's run starts: replica and first day.
fn start(seed: u64) -> (u32, u32) {
    ((seed % 5) as u32, if seed.is_multiple_of(7) { 3 } else { 0 })
}

/// Runs the plan of a seed under the seed's wishes; `look` sees the network after each day.
fn run(image: &[i32], seed: u64, mut look: impl FnMut(u32, &Network<'_, '_>)) {
    let scenario = Scenario::new(image).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    let mut memory = vec![0; Network::words(&scenario)];
    let mut costs = vec![0; scenario.stockpoints()];
    let network = Network::new(&scenario, &mut memory).and_then(|network| network.with_costs(&mut costs));
    let mut network = network.unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    let (replica, first_day) = start(seed);
    network.reset(seed, replica, first_day);
    let mut policy = Wishes::new(seed);
    for day in first_day..LAST_DAY {
        network.advance(&mut policy);
        look(day, &network);
    }
    let total: i64 = (0..scenario.node_count()).map(|n| network.kpis().node(n).ledger.total()).sum();
    assert_eq!(total, network.kpis().total_cost(), "seed {seed}: the nodes' costs add up to the chain's");
}

/// The simulator against [`Oracle`].
///
/// # Panics
/// At the first number that differs.
pub fn against_the_event_queue(seed: u64) {
    let plan = Plan::random(seed);
    let (replica, first_day) = start(seed);
    let mut oracle = Oracle::new(&plan, seed, replica, first_day, seed);
    run(&plan.image(), seed, |day, network| {
        oracle.advance(day);
        if let Some(difference) = Record::of_network(network).difference(&Record::of_oracle(&oracle)) {
            panic!("seed {seed}, {difference}");
        }
    });
}

/// Whether `python3` can be run here.
#[must_use]
pub fn python_is_here() -> bool {
    let python = Command::new("python3").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    python.is_ok_and(|status| status.success())
}

/// The simulator against `tests/oracle/oracle.py`, in one process for all the seeds.
///
/// # Panics
/// At the first number that differs, or where Python can't be run.
pub fn against_python(seeds: Range<u64>) {
    let mut cases = Vec::new();
    for seed in seeds.clone() {
        let image: Vec<u8> = Plan::random(seed).image().iter().flat_map(|word| word.to_le_bytes()).collect();
        let (replica, first_day) = start(seed);
        cases.extend(format!("{seed} {replica} {first_day} {LAST_DAY} {seed} {}\n", image.len()).bytes());
        cases.extend(image);
    }
    let told = python(cases);
    let mut lines = told.lines();
    for seed in seeds {
        compare(seed, &mut lines);
    }
    assert_eq!(lines.next(), None, "the oracle tells more than it was asked");
}

/// What the oracle says to the cases on its standard input.
fn python(cases: Vec<u8>) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle/oracle.py");
    let mut command = Command::new("python3");
    // No .pyc files in the source tree.
    command.arg("-B").arg(&script).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|e| panic!("can't run python3: {e}"));
    let mut stdin = child.stdin.take().unwrap_or_else(|| panic!("no standard input"));
    // From a thread of its own: the oracle tells before it has read everything.
    let writer = std::thread::spawn(move || stdin.write_all(&cases));
    let output = child.wait_with_output().unwrap_or_else(|e| panic!("python3: {e}"));
    let written = writer.join();
    assert!(output.status.success(), "{} ended with {}", script.display(), output.status);
    assert!(matches!(written, Ok(Ok(()))), "the oracle did not read all cases");
    String::from_utf8(output.stdout).unwrap_or_else(|e| panic!("the oracle's output: {e}"))
}

/// One case of the oracle's output against the simulator: lines of the day, a name and numbers.
fn compare<'a>(seed: u64, told: &mut impl Iterator<Item = &'a str>) {
    let image = Plan::random(seed).image();
    let mut next = |expected: &str| {
        let line = told.next().unwrap_or("nothing");
        assert_eq!(line, expected, "seed {seed}: found the oracle's line on the left");
    };
    next(&format!("case {seed}"));
    let mut digest = Digest::new();
    digest.words(&image);
    next(&format!("image {:016x}", digest.value()));
    let mut trace = Digest::new();
    run(&image, seed, |day, network| {
        let ours = Record::of_network(network);
        let mut theirs = ours.clone();
        for term in &mut theirs.terms {
            let line = told.next().unwrap_or("nothing");
            term.values = numbers(line, day, &term.name)
                .unwrap_or_else(|| panic!("seed {seed}, day {day}: {line:?} is not a line of {}", term.name));
        }
        if let Some(difference) = ours.difference(&theirs) {
            panic!("seed {seed}, {difference}");
        }
        network.trace(&mut trace);
        let line = format!("{day} digest {:016x}", trace.value());
        assert_eq!(told.next(), Some(line.as_str()), "seed {seed}: found the oracle's line on the left");
    });
}

/// The numbers of a line `day name number number ...`.
fn numbers(line: &str, day: u32, name: &str) -> Option<Vec<i64>> {
    let mut words = line.split_ascii_whitespace();
    let head = (words.next()?.parse() == Ok(day)) && words.next()? == name;
    if head { words.map(|word| word.parse().ok()).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_another_day_or_name_is_none() {
        assert_eq!(numbers("3 waiting 5 -1", 3, "waiting"), Some(vec![5, -1]));
        assert_eq!(numbers("3 waiting", 3, "waiting"), Some(vec![]));
        assert_eq!(numbers("4 waiting 5", 3, "waiting"), None);
        assert_eq!(numbers("3 mail 5", 3, "waiting"), None);
        assert_eq!(numbers("3 waiting five", 3, "waiting"), None);
    }
}
