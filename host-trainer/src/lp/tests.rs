use super::ascent::Ascent;
use super::course::{Course, Start};
use super::exact;
use super::hindsight::{self, bound};
use super::planner::Settings;
use super::program::{Program, Solver};
use super::{LpError, contenders};
use crate::evaluate::{self, Contender, Protocol};
use crate::plain_chain::plain_chain;
use crate::problem::Problem;
use restock_core::Scenario;

fn image(products: usize) -> Vec<i32> {
    plain_chain(products).unwrap().image().unwrap()
}

fn protocol(replicas: u32, warmup_days: u32, days: u32) -> Protocol {
    Protocol { seed: 5, replicas, first_day: 0, warmup_days, days }
}

/// Three products that share a route with room for less than all of them want.
fn scarce(scenario: &Scenario<'_>, days: usize) -> (Course, Start) {
    let mut course = Course::mean(scenario, 0, days, &[]);
    let wanted: f64 = scenario.volumes().iter().map(|&volume| 20.0 * f64::from(volume)).sum();
    for (t, room) in course.room[..days].iter_mut().enumerate() {
        *room = if t % 3 == 0 { 2.0 * wanted } else { 0.4 * wanted };
    }
    let start = Start::of_scenario(scenario, &course);
    (course, start)
}

#[test]
fn a_program_has_the_optimum_that_is_found_by_hand() {
    // 3 x + 2 y with x + y >= 4, x <= 3, y <= 3 costs 9 at (1, 3); a unit more of the sum costs 3.
    let mut program = Program::default();
    let (x, y) = (program.column(0.0, 3.0, 3.0), program.column(0.0, 3.0, 2.0));
    let sum = program.row(4.0, f64::INFINITY);
    program.enter(sum, x, 1.0);
    program.enter(sum, y, 1.0);
    for solver in solvers() {
        let found = program.solve(solver).unwrap();
        assert!((found.cost - 9.0).abs() < 1e-6 && (found.values[x] - 1.0).abs() < 1e-6, "{solver:?}: {found:?}");
        assert!((found.prices[sum] - 3.0).abs() < 1e-5, "{solver:?}: {found:?}");
    }
}

#[test]
fn what_has_no_optimum_is_an_error_that_says_why() {
    let mut nothing = Program::default();
    let x = nothing.column(0.0, 1.0, 1.0);
    let row = nothing.row(2.0, 2.0);
    nothing.enter(row, x, 1.0);
    let mut endless = Program::default();
    let x = endless.column(0.0, f64::INFINITY, -1.0);
    let row = endless.row(0.0, f64::INFINITY);
    endless.enter(row, x, 1.0);
    for solver in solvers() {
        assert_eq!(nothing.solve(solver).unwrap_err(), LpError::Infeasible, "{solver:?}");
        assert_eq!(endless.solve(solver).unwrap_err(), LpError::Unbounded, "{solver:?}");
    }
    let mut outside = nothing.clone();
    outside.enter(7, 0, 1.0);
    assert!(outside.solve(Solver::Clarabel).unwrap_err().to_string().contains("row 7"));
}

#[cfg(not(feature = "highs"))]
#[test]
fn a_missing_solver_names_the_build_that_has_it() {
    let error = Program::default().solve(Solver::Highs).unwrap_err().to_string();
    assert!(error.contains("--features restock-trainer/highs") && error.contains("cmake"), "{error}");
}

#[cfg(feature = "highs")]
#[test]
fn both_solvers_find_the_same_cost() {
    let image = image(3);
    let scenario = Scenario::new(&image).unwrap();
    let (course, start) = scarce(&scenario, 30);
    let [one, other] =
        [Solver::Clarabel, Solver::Highs].map(|it| exact::solve(&scenario, &course, &start, it).unwrap());
    assert!((one.cost - other.cost).abs() < 1e-5 * one.cost, "{} {}", one.cost, other.cost);
}

/// The solvers of this build.
fn solvers() -> Vec<Solver> {
    if cfg!(feature = "highs") { vec![Solver::Clarabel, Solver::Highs] } else { vec![Solver::Clarabel] }
}

#[test]
fn prices_prove_no_more_than_the_program_costs_and_nearly_all_of_it() {
    let image = image(3);
    let scenario = Scenario::new(&image).unwrap();
    let (course, start) = scarce(&scenario, 40);
    let whole = exact::solve(&scenario, &course, &start, Solver::Clarabel).unwrap().cost;
    let ascent = Ascent::new(&scenario, &course, &start).unwrap();
    let found = ascent.climb_from_free(600);
    assert!(found.bound <= whole * (1.0 + 1e-7), "{} {whole}", found.bound);
    // 2.1 % below, as it happens: room of which little can be used on some days is what an ascent finds hardest.
    assert!(found.bound >= 0.97 * whole, "{} {whole}", found.bound);
    let own = hindsight::best(&scenario, &course, &start, 600).unwrap();
    assert!((own.bound - whole).abs() < 1e-4 * whole, "{} {whole}", own.bound);
    // Any prices prove a bound, bad ones a bad one.
    assert!(ascent.climb(ascent.free(), 1, 1.0).bound <= found.bound);
}

#[test]
fn the_bound_of_a_path_is_the_one_found_by_hand() {
    // 80 units at each of three nodes, two days apart. Units leave as they are wanted: the shop's on the day itself, the
    // next node's two days before, the last one's four, and are held until then, at 30, 20 and 10; the rest comes from
    // outside. Each lane takes 100 a unit.
    let image = image(1);
    let scenario = Scenario::new(&image).unwrap();
    let protocol = protocol(3, 0, 20);
    for replica in 0..3 {
        let course = Course::of_path(&scenario, protocol.seed, replica, 0, 20, 0);
        let (mut unit, mut cost) = (0, 0.0);
        for (day, demand) in course.demand[..20].iter().enumerate() {
            for _ in 0..*demand as usize {
                let lanes = unit / 80;
                let held = if lanes < 3 { day.saturating_sub(2 * lanes) as f64 } else { 0.0 };
                cost += held * (30.0 - 10.0 * lanes.min(2) as f64) + 100.0 * lanes.min(3) as f64;
                unit += 1;
            }
        }
        assert!(unit > 240, "every node's stock leaves in the end");
        let found = bound(&scenario, &protocol, replica, 300).unwrap();
        let by_hand = cost / f64::from(scenario.money_scale());
        assert!((found.cost - by_hand).abs() < 1e-5 * by_hand, "{found:?} {by_hand}");
    }
}

#[test]
fn a_path_s_course_is_what_the_simulator_draws() {
    let problem = Problem::embedded().unwrap();
    let scenario = problem.scenario().unwrap();
    let course = Course::of_path(&scenario, 9, 2, 30, 25, 0);
    let protocol = Protocol { seed: 9, replicas: 3, first_day: 30, warmup_days: 0, days: 25 };
    let simulated = evaluate::run(&scenario, &Contender::Textbook, &protocol, 1)[2].kpis.total().demand;
    assert!(simulated > 0);
    assert_eq!(course.demand.iter().sum::<f64>(), simulated as f64);
}

#[test]
fn no_policy_costs_less_than_the_bound() {
    for products in [1, 4] {
        let image = image(products);
        let scenario = Scenario::new(&image).unwrap();
        let protocol = protocol(3, 10, 60);
        let bounds = hindsight::bounds(&scenario, &protocol, 200, 2).unwrap();
        let levels = crate::baselines::base_stock_levels(&scenario);
        let policies = [
            Contender::Textbook,
            Contender::BaseStock(levels.clone()),
            Contender::BaseStock(vec![0; levels.len()]),
            Contender::PeriodicReview(7),
            contenders::rolling(&scenario, &Settings::plain(&scenario)).unwrap(),
            contenders::rolling(&scenario, &Settings::stochastic(&scenario)).unwrap(),
            contenders::static_plan(&scenario, &protocol).unwrap(),
        ];
        for (i, policy) in policies.iter().enumerate() {
            let costs = evaluate::costs(&scenario, &evaluate::run(&scenario, policy, &protocol, 2));
            for (cost, bound) in costs.iter().zip(&bounds) {
                assert!(bound.cost <= cost * (1.0 + 1e-9), "policy {i} costs {cost}, {bound:?}");
                assert!(bound.cost > 0.0, "a bound of nothing tells nothing");
            }
        }
    }
}

#[test]
fn no_bound_passes_an_exact_optimum() {
    let networks = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/networks");
    for name in ["newsvendor", "lost-sales-p4-l2", "dual-sourcing-l2", "serial-problem-6-1"] {
        let problem = Problem::from_folder(&networks.join(name)).unwrap();
        let scenario = problem.scenario().unwrap();
        let optimum = crate::solve::optimum(&scenario, &problem.names, &mut |_| {}).unwrap().cost_per_day;
        let protocol = protocol(4, 20, 100);
        let bounds = hindsight::bounds(&scenario, &protocol, 200, 2).unwrap();
        let mean = bounds.iter().map(|bound| bound.cost).sum::<f64>() / 400.0;
        assert!(mean <= optimum, "{name}: bound {mean} a day, optimum {optimum}");
    }
}

#[test]
fn safety_stock_and_scenarios_serve_more_than_the_mean() {
    let image = image(4);
    let scenario = Scenario::new(&image).unwrap();
    let protocol = protocol(2, 20, 100);
    let fill = |settings: &Settings| {
        let policy = contenders::rolling(&scenario, settings).unwrap();
        let outcomes = evaluate::run(&scenario, &policy, &protocol, 1);
        outcomes.iter().map(|o| o.kpis.total().fill_rate_ppm()).sum::<i64>() / 2
    };
    let mean = fill(&Settings::plain(&scenario));
    let (safe, stochastic) = (fill(&Settings::textbook(&scenario)), fill(&Settings::stochastic(&scenario)));
    assert!(mean < safe && mean < stochastic, "{mean} {safe} {stochastic}");
}
