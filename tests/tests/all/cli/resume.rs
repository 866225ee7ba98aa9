//! Training that is interrupted, resumed, or spread over threads ends in the same bytes.

use super::*;
use std::time::{Duration, Instant};

/// Iterations of these runs: enough to be interrupted in the middle.
const ITERATIONS: u32 = 40;

/// What must not depend on how a run got to its end.
#[track_caller]
fn assert_same_end(place: &Workplace, run: &str, other: &str) {
    for name in ["checkpoint.bin", "restock.policy", "scenario.bin", "manifest.json"] {
        let same = place.bytes(&format!("{run}/{name}")) == place.bytes(&format!("{other}/{name}"));
        assert!(same, "{name} of {run} and {other} differ");
    }
    assert_eq!(curve(place, run), curve(place, other));
}

/// The metrics of a run without the one that is a speed.
fn curve(place: &Workplace, run: &str) -> Vec<Value> {
    let lines = place.read(&format!("{run}/metrics.jsonl"));
    lines
        .lines()
        .map(|line| {
            let mut entry: Value = serde_json::from_str(line).expect("a line is a document");
            entry.as_object_mut().expect("an object").remove("decisions_per_second").expect("the speed");
            entry
        })
        .collect()
}

#[test]
fn the_number_of_threads_changes_no_byte_of_a_run() {
    let place = Workplace::with_network();
    for threads in [1, 2, 3, 8] {
        place.restock(&format!("train net --out run{threads} --iterations 5 --threads {threads} -q")).expect(OK);
        place.restock(&format!("pack run{threads} --threads {threads}")).expect(OK);
    }
    for threads in [2, 3, 8] {
        assert_same_end(&place, "run1", &format!("run{threads}"));
    }
    // Another seed is another run.
    place.restock("train net --out other --iterations 5 --seed 4 -q").expect(OK);
    assert_ne!(place.bytes("run1/checkpoint.bin"), place.bytes("other/checkpoint.bin"));
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_resumes_to_the_bytes_of_one_that_was_not() {
    let place = Workplace::with_network();
    let train = format!("train net --iterations {ITERATIONS}");
    place.restock(&format!("{train} --out whole -q")).expect(OK);

    let child = place
        .command(&format!("{train} --out cut"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let begun = Instant::now();
    while fs::read_to_string(place.path("cut/metrics.jsonl")).map_or(0, |lines| lines.lines().count()) < 2 * 3 {
        assert!(begun.elapsed() < Duration::from_secs(60), "no iteration in a minute");
        std::thread::sleep(Duration::from_millis(1));
    }
    let sent = Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status().expect("sh starts");
    assert!(sent.success());
    let ended = Ended::of(&train, child.wait_with_output().expect("ends"));
    let ended = ended.refused(
        INTERRUPTED,
        &["stopping after this step", "interrupted after iteration", "restock train --resume cut"],
    );
    let done = curve(&place, "cut").len() / 3;
    assert!((2..ITERATIONS as usize).contains(&done), "{done} iterations were done: {ended}");
    assert!(place.path("cut/checkpoint.bin").exists());

    // On another number of threads, for good measure; then there is nothing left to do.
    place.restock("train --resume cut --threads 2 -q").expect(OK);
    let again = place.restock("train --resume cut").expect(OK);
    assert!(again.stdout.starts_with("all 40 iterations were trained before"), "{again}");
    for run in ["whole", "cut"] {
        place.restock(&format!("pack {run}")).expect(OK);
    }
    assert_same_end(&place, "whole", "cut");
    let stamps: Vec<_> =
        curve(&place, "cut").iter().map(|e| (e["iteration"].as_u64(), e["learner"].to_string())).collect();
    let mut once = stamps.clone();
    once.sort();
    once.dedup();
    assert_eq!((stamps.len(), once.len()), (3 * ITERATIONS as usize, 3 * ITERATIONS as usize));
}

#[test]
fn a_run_that_was_killed_resumes_from_its_last_checkpoint() {
    let place = Workplace::with_network();
    place.restock("train net --iterations 12 --out whole -q").expect(OK);
    let mut child = place.command("train net --iterations 12 --out cut -q").spawn().expect("starts");
    let begun = Instant::now();
    while !place.path("cut/checkpoint.bin").exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "no checkpoint in a minute");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().expect("is killed");
    child.wait().expect("ends");
    place.restock("train --resume cut -q").expect(OK);
    for run in ["whole", "cut"] {
        place.restock(&format!("pack {run}")).expect(OK);
    }
    assert_same_end(&place, "whole", "cut");
}
