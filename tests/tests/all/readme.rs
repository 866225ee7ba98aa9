//! What the README shows is what the program prints.
//!
//! Blocks of the README that begin with `$ command` are real output. Rows of the demo's table are
//! computed again here from the committed policy, but for the float policy's, which is not committed.

use restock_core::blob::PolicyBlob;
use restock_trainer::command::{Common, compare, table};
use restock_trainer::problem::Problem;
use restock_trainer::train::{test_seed, year};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).expect("README.md is there")
}

fn asset(name: &str) -> Vec<u8> {
    std::fs::read(root().join("firmware-demo/assets").join(name)).expect("the asset is committed")
}

#[test]
fn the_committed_scenario_is_the_embedded_default() {
    let problem = Problem::embedded().expect("the embedded default is right");
    let bytes: Vec<u8> = problem.image.iter().flat_map(|word| word.to_le_bytes()).collect();
    assert!(
        bytes == asset("default.scenario.bin"),
        "the embedded default has changed: train and pack it again (cargo run --release -- demo --out RUN, then pack RUN --firmware firmware-demo/assets)"
    );
}

#[test]
fn the_table_in_the_readme_is_what_the_committed_policy_does() {
    let problem = Problem::embedded().expect("the embedded default is right");
    let scenario = problem.scenario().expect("a checked scenario");
    let bytes = asset("default.policy");
    let blob = PolicyBlob::decode(&bytes).expect("the committed policy is whole");
    let protocol = year(&scenario, test_seed(problem.training.seed), 32);
    let common = Common { json: false, quiet: true, threads: None };
    let found = compare::compare(&scenario, &problem, None, Some(blob), &protocol, &common);
    let printed = table::comparison(&found.policies, &found.currency);
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
    let shown: Vec<String> = readme().lines().map(words).collect();
    let rows: Vec<String> = printed.lines().map(words).filter(|line| line.contains('±')).collect();
    assert_eq!(rows.len(), 5, "{printed}");
    for row in rows {
        assert!(shown.contains(&row), "the README does not show\n{row}\nof\n{printed}");
    }
}

#[test]
fn the_claim_in_the_readme_holds() {
    // The bar of the demo: 10 % cheaper than periodic review on unseen seeds, at a delivery rate that is not lower.
    let problem = Problem::embedded().expect("the embedded default is right");
    let scenario = problem.scenario().expect("a checked scenario");
    let bytes = asset("default.policy");
    let blob = PolicyBlob::decode(&bytes).expect("the committed policy is whole");
    let protocol = year(&scenario, 987_654, 16);
    let common = Common { json: false, quiet: true, threads: None };
    let found = compare::compare(&scenario, &problem, None, Some(blob), &protocol, &common);
    let of = |name: &str| found.policies.iter().find(|p| p.policy.starts_with(name)).expect("it ran");
    let (periodic, learned) = (of("periodic review"), of(compare::INT8));
    assert!(learned.total_cost < 0.9 * periodic.total_cost, "{} against {}", learned.total_cost, periodic.total_cost);
    assert!(
        learned.delivery_rate >= periodic.delivery_rate,
        "{} against {}",
        learned.delivery_rate,
        periodic.delivery_rate
    );
}

#[test]
fn every_command_the_readme_names_exists() {
    use clap::CommandFactory;
    let known = restock_trainer::command::CommandLine::command();
    let known: Vec<&str> = known.get_subcommands().map(clap::Command::get_name).collect();
    let text = readme();
    let mut named = 0;
    for line in text.lines() {
        let line = line.trim_start_matches("$ ").trim();
        for prefix in ["restock ", "cargo run --release -- "] {
            if let Some(word) = line.strip_prefix(prefix).and_then(|rest| rest.split_whitespace().next()) {
                assert!(known.contains(&word), "`{line}` names no command; there are {known:?}");
                named += 1;
            }
        }
    }
    assert!(named >= 8, "the README shows only {named} commands");
}
