//! `restock tune`: what it finds, that it goes on where it was cut off, and that a network can include it.

use super::*;
use std::time::{Duration, Instant};

/// A study of HyperScore that takes seconds: its last points are those of a model.
const SCORE: &str = "tune hyperscore net --evaluations 30 --paths 2 -q";
/// The same of policies.
const POLICY: &str = "tune policy net --evaluations 12 --iterations 2 -q";

/// Runs a command and kills it when its study holds so many points.
fn killed(place: &Workplace, arguments: &str, folder: &str, points: usize) {
    let mut child = place.command(arguments).spawn().expect("starts");
    let begun = Instant::now();
    let study = place.path(&format!("{folder}/study.json"));
    while fs::read_to_string(&study).map_or(0, |text| text.matches("\"value\"").count()) < points {
        assert!(begun.elapsed() < Duration::from_secs(120), "no {points} points in two minutes");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().expect("is killed");
    child.wait().expect("ends");
}

#[track_caller]
fn assert_same(place: &Workplace, folder: &str, other: &str, fragment: &str) {
    for name in ["study.json", "result.json", fragment] {
        let same = place.bytes(&format!("{folder}/{name}")) == place.bytes(&format!("{other}/{name}"));
        assert!(same, "{name} of {folder} and {other} differ");
    }
}

#[test]
fn a_tuned_hyperscore_is_compared_on_what_it_has_not_seen_and_included_to_the_digit() {
    let place = Workplace::with_network();
    let ended = place.restock(&format!("{SCORE} --out tuned --json")).expect(OK);
    let document = ended.json();
    assert_eq!(document, serde_json::from_str::<Value>(&place.read("tuned/result.json")).expect("JSON"));
    let rows = document["candidates"].as_array().expect("candidates");
    let names: Vec<&str> = rows.iter().filter_map(|row| row["name"].as_str()).collect();
    assert_eq!(names, ["as the network has it", "equal weights", "random search", "Bayesian optimization"]);
    let tau = |i: usize, set: &str| rows[i][set]["tau"].as_f64().expect("a tau");
    assert!(tau(3, "training") >= tau(0, "training"), "never worse than its start: {document}");
    assert!((0..4).all(|i| tau(i, "held_out").abs() <= 1.0));
    for row in &rows[..3] {
        let by = &row["found_is_better_by"];
        assert!(by["low"].as_f64() <= by["mean"].as_f64() && by["mean"].as_f64() <= by["high"].as_f64(), "{row}");
    }

    // The network includes what was found, and its own lines are told to count no more.
    fs::copy(place.path("tuned/hyperscore.toml"), place.path("net/hyperscore.toml")).expect("copies");
    let toml = place.read("net/network.toml");
    place.write("net/network.toml", format!("include = [\"hyperscore.toml\"]\n{toml}"));
    let checked = place.restock("check net --json").expect(OK).json();
    let warnings = checked["warnings"].as_array().expect("warnings");
    let said = |key: &str| warnings.iter().any(|w| w["found"].as_str().is_some_and(|found| found.contains(key)));
    assert!(["weight_delivery", "weight_inventory", "weight_capacity"].iter().all(|key| said(key)), "{checked}");
    let score = restock_trainer::input::load(&place.path("net")).expect("sound").spec.score;
    let found = &rows[3];
    let words = |key: &str| -> Vec<i64> {
        found[key].as_array().expect("numbers").iter().map(|word| word.as_i64().expect("whole")).collect()
    };
    let weights = [score.weight_delivery, score.weight_inventory, score.weight_capacity].map(i64::from);
    assert_eq!(weights.to_vec(), words("weights_ppm"));
    assert_eq!(score.sensitivity.words().map(i64::from).to_vec(), words("sensitivities_ppm"));
}

#[test]
fn a_killed_study_of_hyperscore_resumes_to_the_bytes_of_one_that_was_not() {
    let place = Workplace::with_network();
    place.restock(&format!("{SCORE} --out whole --threads 1")).expect(OK);
    killed(&place, &format!("{SCORE} --out cut"), "cut", 3);
    place.restock("tune hyperscore --resume cut -q --threads 2").expect(OK);
    assert_same(&place, "whole", "cut", "hyperscore.toml");
    // There is nothing left to do, and it says the same again.
    place.restock("tune hyperscore --resume cut -q").expect(OK);
    assert_same(&place, "whole", "cut", "hyperscore.toml");
}

#[test]
fn tuned_settings_are_trained_with_and_a_killed_study_resumes_to_the_same_bytes() {
    let place = Workplace::with_network();
    let whole = place.restock(&format!("{POLICY} --out whole --json")).expect(OK).json();
    killed(&place, &format!("{POLICY} --out cut"), "cut", 5);
    place.restock("tune policy --resume cut -q --threads 2").expect(OK);
    assert_same(&place, "whole", "cut", "policy.toml");
    let rows = whole["candidates"].as_array().expect("candidates");
    let burden = |i: usize| rows[i]["burden"].as_f64().expect("a burden");
    assert!(burden(1) <= burden(0) && burden(1) > 0.0, "never worse than its start: {whole}");

    fs::copy(place.path("whole/policy.toml"), place.path("net/policy.toml")).expect("copies");
    let toml = place.read("net/network.toml");
    place.write("net/network.toml", format!("include = \"policy.toml\"\n{toml}"));
    place.restock("train net --out run --iterations 1 -q").expect(OK);
    let manifest: Value = serde_json::from_str(&place.read("run/manifest.json")).expect("JSON");
    let training = &manifest["training"];
    for (table, key) in [
        ("rollout", "shortage_weight"),
        ("rollout", "hyperscore_weight"),
        ("rollout", "network_share"),
        ("ppo", "learning_rate"),
        ("ppo", "entropy_weight"),
    ] {
        let (used, found) = (&training[table][key], &rows[1]["settings"][key]);
        let near = used.as_f64().zip(found.as_f64()).is_some_and(|(a, b)| (a - b).abs() <= 1e-6 * b.abs());
        assert!(near, "{key} is {used}, found was {found}");
    }
}

#[test]
fn a_study_that_can_not_be_made_or_gone_on_with_says_why() {
    let place = Workplace::with_network();
    place.restock("tune hyperscore net").refused(USAGE, &["--out", "--resume"]);
    place.restock("tune policy net").refused(USAGE, &["--out", "--resume"]);
    place.restock("tune").refused(USAGE, &["hyperscore", "policy"]);
    place.restock("tune hyperscore net --out a --evaluations 1").refused(USAGE, &["--evaluations", "1"]);
    place.restock("tune hyperscore --resume a --shape").refused(USAGE, &["--resume", "--shape"]);
    place.restock("tune hyperscore --resume nowhere").refused(DATA, &["nowhere", "study.json", "--out"]);
    place.restock("tune hyperscore no-net --out a").refused(DATA, &["no-net", "there is no such folder"]);
    place.restock("tune hyperscore net --out a --run nowhere").refused(DATA, &["nowhere", "manifest.json"]);
    assert!(!place.path("a").exists(), "nothing was begun");

    place.restock("tune policy net --out study --evaluations 2 --iterations 1 -q").expect(OK);
    place.restock("tune policy net --out study --evaluations 2").refused(USAGE, &["already holds a study", "--resume"]);
    place.restock("tune hyperscore --resume study").refused(DATA, &["study.json:", "unknown"]);
    place.edit("net/network.toml", "order_cost = 0.10", "order_cost = 0.20");
    place.restock("tune policy --resume study").refused(DATA, &["net has changed since the study began"]);
}
