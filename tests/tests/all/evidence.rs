//! The direction of what the README claims, on a small budget: the committed int8 policies against the paper's baseline,
//! a rolling plan and tuned rules, on paths that nobody was trained or tuned on.

use restock_core::blob::PolicyBlob;
use restock_trainer::evaluate::{self, Contender, Outcome, Protocol};
use restock_trainer::lp::{contenders, planner::Settings};
use restock_trainer::problem::Problem;
use restock_trainer::train::{test_seed, training_seed, year};
use restock_trainer::tune::{self, Family};
use std::path::Path;

/// Seed of the run that made the committed policies.
const SEED: u64 = 1;

/// Mean cost of a path [currency] and share of demand served at once [percent].
fn figures(scenario: &restock_core::Scenario<'_>, outcomes: &[Outcome]) -> (f64, f64) {
    let fill: i64 = outcomes.iter().map(|outcome| outcome.kpis.total().fill_rate_ppm()).sum();
    let cost = evaluate::mean_and_interval(&evaluate::costs(scenario, outcomes)).0;
    (cost, fill as f64 / 1e4 / outcomes.len() as f64)
}

#[test]
fn the_learned_policies_are_cheaper_than_plans_and_tuned_rules_and_serve_no_less() {
    let problem = Problem::embedded().expect("embedded");
    let scenario = problem.scenario().expect("sound");
    let protocol = year(&scenario, test_seed(SEED), 4);
    let run = |contender: &Contender<'_>, protocol: &Protocol| {
        figures(&scenario, &evaluate::run(&scenario, contender, protocol, 2))
    };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware-demo/assets/default.policy");
    let bytes = std::fs::read(file).expect("committed");
    let learned = Contender::Int8(PolicyBlob::decode(&bytes).expect("sound"));
    let (cost, fill) = run(&learned, &protocol);

    // The paper's headline: 20 % cheaper at 8 points more.
    let static_plan = contenders::static_plan(&scenario, &protocol).expect("a plan");
    let (plan_cost, plan_fill) = run(&static_plan, &protocol);
    println!("learned {cost:.0} at {fill:.1} %, static LP {plan_cost:.0} at {plan_fill:.1} %");
    assert!(cost < 0.8 * plan_cost && fill > plan_fill + 8.0);

    // A rolling LP with safety stock takes seconds a path: one path, the same for both.
    let one = Protocol { replicas: 1, ..protocol };
    let rolling = contenders::rolling(&scenario, &Settings::textbook(&scenario)).expect("a plan");
    let (rolling_cost, _) = run(&rolling, &one);
    let (own_cost, _) = run(&learned, &one);
    println!("on one path: learned {own_cost:.0}, rolling LP {rolling_cost:.0}");
    assert!(own_cost < 0.9 * rolling_cost);

    // The two kinds of rule that came closest, tuned a little on training paths.
    let tuning = year(&scenario, training_seed(SEED), 2);
    for family in [Family::ReorderPoint, Family::BaseStock] {
        let tuned = tune::tune(&scenario, &problem.names.nodes, family, None, &tuning, (40, 2), &mut |_| true);
        let tuned = tuned.expect("not interrupted");
        let (rule_cost, rule_fill) = run(&Contender::Rule(tuned.on(&scenario)), &protocol);
        println!("{}: {rule_cost:.0} at {rule_fill:.1} %", family.name());
        assert!(cost < rule_cost && fill > rule_fill - 0.2, "{}", family.name());
    }
}
