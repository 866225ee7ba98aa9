//! A decision log and what `restock replay` makes of it.

use super::*;
use restock_core::decision_log::{DecisionLog, LogView, Logged, Origin};
use restock_core::guard::{Guarded, Reason};
use restock_core::monitor::{HyperScoreMonitor, MonitorSettings};
use restock_core::policy::{PeriodicReview, Textbook};
use restock_core::{Network, Policy, Scenario};

const DAYS: u32 = 42;

/// The log of a device that says it runs the built-in rule but runs `policy`, and that falls back on day 20.
fn log_of(image: &[i32], policy: impl Policy) -> Vec<u8> {
    let scenario = Scenario::new(image).expect("sound");
    let origin = Origin { scenario_hash: scenario.hash(), policy_hash: 0, seed: 5, replica: 2, first_day: 3 };
    let mut bytes = vec![0; DecisionLog::bytes(&scenario, scenario.node_count() * DAYS as usize)];
    let mut log = DecisionLog::new(&mut bytes, &origin).expect("room");
    let mut guard = Guarded::new(policy, HyperScoreMonitor::new(&scenario, MonitorSettings::WEEKLY));
    let mut memory = vec![0; Network::words(&scenario)];
    let mut network = Network::new(&scenario, &mut memory).expect("room");
    network.reset(5, 2, 3);
    for day in 3..DAYS {
        guard.force((day == 20).then_some(Reason::StockLost));
        network.advance(&mut Logged { guard: &mut guard, log: &mut log });
    }
    bytes
}

#[test]
fn a_log_becomes_the_same_decisions_again() {
    let place = Workplace::with_run();
    for (policy, given) in [("textbook", ""), ("run/restock.policy", " --policy run/restock.policy")] {
        let simulate = format!("simulate net --policy {policy} --replicas 2 --warmup-days 7 --days 35 --seed 9");
        let plain = place.restock(&simulate).expect(OK).stdout;
        let ended = place.restock(&format!("{simulate} --log device.log")).expect(OK);
        assert!(ended.stdout.starts_with(plain.trim_end()), "the figures are the same with a log\n{plain}\n{ended}");
        let bytes = place.bytes("device.log");
        let records: Vec<_> = LogView::read(&bytes).expect("a log").records().collect();
        assert_eq!(records.last().map(|record| record.entry.day), Some(41), "to the last day");
        let ended = place.restock(&format!("replay device.log net{given} --csv decisions.csv")).expect(OK);
        assert!(ended.stdout.ends_with("all decided again the same, to the bit\n"), "{ended}");
        let table = place.read("decisions.csv");
        let rows = records.iter().map(|record| record.products()).sum::<usize>();
        assert_eq!(table.lines().count(), 1 + rows);
        let columns = table.lines().next().expect("a header").split(',').count();
        assert!(table.lines().all(|line| line.split(',').count() == columns), "{table}");
        let document = place.restock(&format!("replay device.log net{given} --json")).expect(OK).json();
        assert_eq!((&document["records"], &document["same"]), (&records.len().into(), &true.into()));
        assert_eq!(document["format"], "restock-replay/1");
    }
    place.restock("simulate net --policy base-stock --log other.log").refused(USAGE, &["--log", "textbook"]);
    assert!(!place.path("other.log").exists());
}

#[test]
fn a_decision_that_is_not_the_same_is_named_and_a_fallback_is_not_one() {
    let place = Workplace::with_run();
    let image = place.image();
    place.write("same.log", log_of(&image, Textbook));
    let ended = place.restock("replay same.log net").expect(OK);
    assert!(ended.stdout.contains("fallback: stock not seen for long"), "{ended}");
    place.write("forged.log", log_of(&image, PeriodicReview { period_days: 3 }));
    let ended = place.restock("replay forged.log net").refused(CHECK, &["forged.log: day ", "decides otherwise"]);
    let document = place.restock("replay forged.log net --json").expect(CHECK).json();
    assert_eq!(document["same"], false);
    let first = &document["first_difference"];
    assert_eq!((&first["saw_otherwise"], &first["decided_otherwise"]), (&false.into(), &true.into()), "{first}");
    assert!(ended.stderr.contains(&format!("day {} (", first["day"])), "{ended}");
}

#[test]
fn files_that_are_not_the_log_s_and_damage_are_refused() {
    let place = Workplace::with_run();
    place.restock("simulate net --policy run/restock.policy --replicas 1 --days 35 --log device.log").expect(OK);
    place.restock("replay device.log net").refused(DATA, &["made with policy file", "--policy", "none was given"]);
    // All that is wrong at once.
    place
        .restock("replay device.log")
        .refused(DATA, &["made on scenario", "name the network folder", "made with policy file"]);
    place.write("same.log", log_of(&place.image(), Textbook));
    let given = "--policy run/restock.policy";
    place.restock(&format!("replay same.log net {given}")).refused(DATA, &["without a policy file"]);
    place.restock("replay run/restock.policy net").refused(DATA, &["run/restock.policy: not a decision log"]);
    place.restock("replay nothing.log net").refused(DATA, &["nothing.log: "]);
    let whole = place.bytes("device.log");
    let (_, ring) = whole.split_at(whole.len() / 2);
    let at = whole.len() / 2 + ring.iter().position(|&byte| byte != 0).expect("a record");
    let mut damaged = whole.clone();
    damaged[at + 40] ^= 1;
    place.write("damaged.log", &damaged);
    place.restock(&format!("replay damaged.log net {given}")).refused(CHECK, &["damaged at byte "]);
    let document = place.restock(&format!("replay damaged.log net {given} --json")).expect(CHECK).json();
    assert!(document["damaged_at"].as_u64().is_some_and(|found| found as usize <= at + 40), "{document}");
    assert_eq!((&document["first_difference"], &document["same"]), (&Value::Null, &false.into()), "{document}");
    assert!(document["records"].as_u64() > Some(10), "what stands before the damage is read: {document}");
    place.write("cut.log", &whole[..9]);
    place.restock(&format!("replay cut.log net {given}")).refused(DATA, &["cut.log: ", "origin"]);
}
