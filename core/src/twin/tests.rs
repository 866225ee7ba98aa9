//! Twins of the committed network of 3 nodes and 200 products, with the policies that were learned on it.
#![allow(clippy::as_conversions)] // Bytes of an image as words.

use super::*;
use crate::blob::PolicyBlob;
use crate::digest::Digest;
use crate::guard::Guarded;
use crate::monitor::{HyperScoreMonitor, MonitorSettings};
use crate::order::UNLIMITED;
use crate::policy::{QuantizedPolicy, Textbook};
use crate::scenario::EventKind;

const IMAGE: &[u8] = include_bytes!("../../../firmware-demo/assets/default.scenario.bin");
const POLICY: &[u8] = include_bytes!("../../../firmware-demo/assets/default.policy");
/// The chain's own seed, and that of the twin.
const SEED: u64 = 5;
const OTHER_SEED: u64 = 77;

fn words() -> Vec<i32> {
    IMAGE.as_chunks().0.iter().map(|&word| i32::from_le_bytes(word)).collect()
}

/// Orders nothing.
struct Nothing;

impl Policy for Nothing {
    fn decide(&mut self, _: &NodeView<'_>, _: &mut Actions<'_>) {}
}

/// Orders all that the scenario allows.
struct Everything;

impl Policy for Everything {
    fn decide(&mut self, _: &NodeView<'_>, actions: &mut Actions<'_>) {
        actions.level.fill(UNLIMITED);
    }
}

/// A chain after some days under the textbook rule.
fn chain<'s, 'm>(scenario: &'s Scenario<'s>, memory: &'m mut Vec<i32>, days: u32) -> Network<'s, 'm> {
    memory.resize(Network::words(scenario), 0);
    let mut chain = Network::new(scenario, memory).unwrap();
    chain.reset(SEED, 0, 0);
    (0..days).for_each(|_| chain.advance(&mut Textbook));
    chain
}

fn settings() -> TwinSettings {
    TwinSettings::standard(Draws::new(OTHER_SEED, 0))
}

/// The verdict on a policy, after steps of so many days.
fn verdict(policy: &mut impl Policy, settings: TwinSettings, day: u32, step_days: u32) -> Verdict {
    let image = words();
    let scenario = Scenario::new(&image).unwrap();
    let (mut memory, mut other) = (Vec::new(), vec![7; Network::words(&scenario)]);
    let chain = chain(&scenario, &mut memory, day);
    let mut other = Network::new(&scenario, &mut other).unwrap();
    let mut twin = Twin::new(&mut other, settings);
    let before = digest(&chain);
    let steps = twin.days().div_ceil(step_days);
    let found = (0..steps).find_map(|_| twin.step(&chain, policy, step_days).unwrap());
    assert_eq!(digest(&chain), before, "the chain is only read");
    found.expect("no more steps than were promised")
}

/// All that a chain is.
fn digest(chain: &Network<'_, '_>) -> u64 {
    let mut bytes = vec![0; Network::snapshot_bytes(chain.scenario())];
    chain.snapshot(&mut bytes).unwrap();
    let mut digest = Digest::new();
    digest.bytes(&bytes);
    digest.value()
}

#[test]
fn a_policy_that_orders_nothing_or_everything_is_refused() {
    for day in [0, 60] {
        let (nothing, everything) =
            (verdict(&mut Nothing, settings(), day, 1), verdict(&mut Everything, settings(), day, 1));
        println!("day {day}: nothing {} ppm, everything {} ppm", nothing.worse_ppm(), everything.worse_ppm());
        assert_eq!(nothing.reason, Some(Reason::TwinWorse), "{nothing:?}");
        assert_eq!(everything.reason, Some(Reason::TwinWorse), "{everything:?}");
        assert!(nothing.learned.score < nothing.fallback.score, "{nothing:?}");
        assert_eq!(nothing.fallback, everything.fallback, "the same chance and the same rule");
    }
}

#[test]
fn a_policy_that_is_its_own_fallback_costs_the_same_to_the_unit_and_is_kept() {
    let strict = TwinSettings { worse_ppm: 0, score_drop: Some(I32F32::ZERO), ..settings() };
    let same = verdict(&mut Textbook, strict, 60, 1);
    assert_eq!(same.learned, same.fallback);
    assert_eq!((same.learned.days, same.reason, same.worse_ppm()), (56, None, 0));
    assert!(same.learned.cost > 0);
}

#[test]
fn the_learned_policy_is_kept_on_any_day() {
    let image = words();
    let scenario = Scenario::new(&image).unwrap();
    let file = PolicyBlob::decode(POLICY).unwrap();
    let mut features = vec![0; QuantizedPolicy::bytes(&scenario)];
    let mut policy = QuantizedPolicy::new(&file, &scenario, &mut features).unwrap();
    for day in [0, 30, 100, 200, 290] {
        let found = verdict(&mut policy, settings(), day, 56);
        println!("day {day}: {} ppm, score {} and {}", found.worse_ppm(), found.learned.score, found.fallback.score);
        assert_eq!(found.reason, None, "day {day}: {found:?}");
        assert!(found.learned.cost < found.fallback.cost, "day {day}: {found:?}");
    }
}

#[test]
fn the_verdict_does_not_depend_on_the_size_of_the_steps() {
    let right = verdict(&mut Everything, settings(), 20, 1);
    for step_days in [2, 7, 55, 56, 57, 112, 1000] {
        assert_eq!(verdict(&mut Everything, settings(), 20, step_days), right, "steps of {step_days} days");
    }
}

#[test]
fn the_twins_chance_is_its_own() {
    let other = TwinSettings { draws: Draws::new(OTHER_SEED, 1), ..settings() };
    let (one, two) = (verdict(&mut Textbook, settings(), 20, 7), verdict(&mut Textbook, other, 20, 7));
    assert_ne!(one.fallback.cost, two.fallback.cost);
}

/// With the chain's own draws a branch is what the chain becomes.
#[test]
fn a_branch_goes_on_to_the_bit_where_the_chain_is() {
    let image = words();
    let scenario = Scenario::new(&image).unwrap();
    for day in [0, 1, 33, 150] {
        let (mut memory, mut other) = (Vec::new(), vec![7; Network::words(&scenario)]);
        let mut chain = chain(&scenario, &mut memory, day);
        let mut branch = Network::new(&scenario, &mut other).unwrap();
        branch.branch(&chain, Draws::new(SEED, 0)).unwrap();
        chain.clear_kpis();
        for _ in 0..30 {
            chain.advance(&mut Textbook);
            branch.advance(&mut Textbook);
            assert_eq!(branch.today(), chain.today());
        }
        assert_eq!(digest(&branch), digest(&chain), "day {day}");
        assert_eq!(branch.condition(EventKind::Demand, 0), chain.condition(EventKind::Demand, 0));
    }
}

#[test]
fn a_chain_that_moves_on_is_compared_anew() {
    let image = words();
    let scenario = Scenario::new(&image).unwrap();
    let (mut memory, mut other) = (Vec::new(), vec![0; Network::words(&scenario)]);
    let mut chain = chain(&scenario, &mut memory, 10);
    let mut other = Network::new(&scenario, &mut other).unwrap();
    let mut twin = Twin::new(&mut other, settings());
    assert_eq!(twin.step(&chain, &mut Textbook, 60), Ok(None));
    chain.begin_day();
    assert_eq!(twin.step(&chain, &mut Textbook, 1), Ok(None), "in the middle of a side nothing is copied");
    twin.restart();
    assert_eq!(twin.step(&chain, &mut Textbook, 1), Err(TwinError::Copy(SnapshotError::UnderWay)));
    (0..scenario.node_count()).for_each(|node| chain.decide(node, &mut Textbook));
    chain.end_day();
    assert_eq!(twin.step(&chain, &mut Textbook, 1), Ok(None));
    chain.advance(&mut Textbook);
    let moved = Err(TwinError::MovedOn { began: 11, found: 12 });
    assert_eq!(twin.step(&chain, &mut Textbook, 1), moved);
    let days = twin.days();
    assert!(twin.step(&chain, &mut Textbook, days).unwrap().is_some(), "and it comes to its end");
}

#[test]
fn a_horizon_that_ends_shortens_the_comparison() {
    let image = words();
    let scenario = Scenario::new(&image).unwrap();
    let horizon = scenario.horizon_days();
    let found = verdict(&mut Textbook, settings(), horizon - 5, 1);
    assert_eq!((found.learned.days, found.fallback.days, found.reason), (5, 5, None));
    let found = verdict(&mut Everything, settings(), horizon, 1);
    assert_eq!((found.learned.days, found.learned.cost, found.reason), (0, 0, None), "nothing to tell them apart");
}

#[test]
fn a_verdict_puts_the_fallback_in_charge_until_another_takes_it_back() {
    let image = words();
    let scenario = Scenario::new(&image).unwrap();
    let mut guard = Guarded::new(Nothing, HyperScoreMonitor::new(&scenario, MonitorSettings::WEEKLY));
    let learned = Outcome { cost: 1_020_001, ..Outcome::default() };
    let fallback = Outcome { cost: 1_000_000, ..Outcome::default() };
    let worse = Verdict::of(learned, fallback, &settings());
    assert_eq!((worse.reason, worse.worse_ppm()), (Some(Reason::TwinWorse), 20_001));
    let as_good = Verdict::of(Outcome { cost: 1_020_000, ..learned }, fallback, &settings());
    assert_eq!(as_good.reason, None);
    assert_eq!(guard.judge(&as_good), None);
    assert_eq!(guard.judge(&worse), Some(Reason::TwinWorse));
    assert_eq!(guard.judge(&as_good), None);
    guard.force(Some(Reason::Operator));
    assert_eq!(guard.judge(&worse), Some(Reason::Operator));
    assert_eq!(guard.judge(&as_good), Some(Reason::Operator), "what a person has asked for stays");
    let mut guard = guard.with_policy(Everything);
    assert_eq!(guard.fallback(), Some(Reason::Operator));
    guard.force(None);
    assert_eq!(guard.judge(&worse), Some(Reason::TwinWorse));
}

#[test]
fn a_lower_score_is_refused_where_that_is_asked() {
    let points = I32F32::from_num;
    let (learned, fallback) = (
        Outcome { score: points(101.5), ..Outcome::default() },
        Outcome { score: points(103.0), ..Outcome::default() },
    );
    let asked = |drop: Option<f64>| TwinSettings { score_drop: drop.map(points), ..settings() };
    assert_eq!(Verdict::of(learned, fallback, &asked(None)).reason, None);
    assert_eq!(Verdict::of(learned, fallback, &asked(Some(1.5))).reason, None);
    assert_eq!(Verdict::of(learned, fallback, &asked(Some(1.4))).reason, Some(Reason::TwinWorse));
}
#[test]
fn scratch_digest() {
    let image = words();
    let scenario = Scenario::new(&image).unwrap();
    let file = PolicyBlob::decode(POLICY).unwrap();
    let mut features = vec![0; QuantizedPolicy::bytes(&scenario)];
    let mut policy = QuantizedPolicy::new(&file, &scenario, &mut features).unwrap();
    let mut memory = vec![0; Network::words(&scenario)];
    let mut chain = Network::new(&scenario, &mut memory).unwrap();
    chain.reset(11, 0, 0);
    let mut trace = Digest::new();
    for day in 0..20 {
        if day < 14 {
            chain.advance(&mut Textbook)
        } else {
            chain.advance(&mut policy)
        }
        chain.trace(&mut trace);
    }
    println!("scratch {:016x}", trace.value());
}
