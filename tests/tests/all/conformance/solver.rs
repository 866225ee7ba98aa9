//! The solver on instances of no table: against brute force, against itself with wider bounds, and by simulating what
//! it finds; and what must hold whatever the numbers.

use super::brute_force::{self, geometric, poisson};
use super::{near, parameter, problem, solved_problem};
use restock_core::order::NOTHING;
use restock_core::policy::{Actions, NodeView, Policy};
use restock_core::{Network, Scenario};
use restock_trainer::problem::Problem;
use restock_trainer::solve::dual::{Dual, Index};
use restock_trainer::solve::fixed_cost::FixedCost;
use restock_trainer::solve::lattice::Lattice;
use restock_trainer::solve::lost_sales::{LostSales, Orders};
use restock_trainer::solve::serial::{Serial, Stage};
use restock_trainer::solve::{self, Found, Watch};
use std::path::{Path, PathBuf};

fn quiet<T>(work: impl FnOnce(&mut Watch<'_>) -> Result<T, String>) -> T {
    work(&mut Watch::new("item", &mut |_| {})).expect("solves")
}

fn lost(masses: &[f64], lead_days: usize, penalty: f64, unit: f64) -> LostSales {
    LostSales { demand: Lattice::of_masses(masses), lead_days, holding: 1.0, penalty, unit, order_max: 10_000 }
}

#[test]
fn lost_sales_cost_what_brute_force_finds() {
    let two_points = [0.4, 0.0, 0.0, 0.0, 0.6];
    for (masses, lead, penalty, unit, most, total) in [
        (geometric(2.0, 24), 1, 9.0, 0.0, 14, 26),
        (geometric(2.0, 16), 2, 4.0, 0.0, 9, 20),
        (poisson(2.0, 14), 2, 19.0, 3.0, 8, 18),
        (poisson(1.5, 12), 3, 9.0, 0.0, 6, 16),
        (two_points.to_vec(), 2, 7.0, 0.0, 6, 16),
    ] {
        let what = format!("lead {lead}, penalty {penalty}, unit {unit}");
        let problem = lost(&masses, lead, penalty, unit);
        let (gain, _) = quiet(|watch| problem.optimum(0, watch));
        let right = brute_force::lost_sales(&masses, lead, 1.0, penalty, unit, most, total);
        near(gain.mean(), right, 2e-6, &what);
        if unit == 0.0 {
            for (level, cap) in [(6, 3), (9, 20)] {
                let found = quiet(|watch| problem.cost_of(level, cap, f64::MAX, watch));
                let right = brute_force::capped_base_stock(&masses, lead, penalty, level as i32, cap as i32);
                near(found, right, 2e-6, &format!("{what}, level {level}, cap {cap}"));
            }
        }
    }
}

#[test]
fn wider_bounds_find_the_same_optimum_of_lost_sales() {
    for (masses, penalty) in [(poisson(3.0, 24), 19.0), (geometric(2.0, 60), 4.0)] {
        for lead in 1..=4 {
            let problem = lost(&masses, lead, penalty, 0.0);
            let [narrow, wide] = [0, 2].map(|wider| quiet(|watch| problem.optimum(wider, watch)).0.mean());
            near(narrow, wide, 1e-6, &format!("lead {lead}, penalty {penalty}"));
        }
    }
}

#[test]
fn the_best_level_and_cap_are_best_among_all() {
    let problem = lost(&poisson(3.0, 20), 2, 9.0, 0.0);
    let found = quiet(|watch| problem.solve(watch));
    let mut best = (0, 0, f64::MAX);
    let mut plain = (0, f64::MAX);
    for level in 5..=20 {
        for cap in 1..=20 {
            let cost = quiet(|watch| problem.cost_of(level, cap, f64::MAX, watch));
            if cost < best.2 - 1e-6 {
                best = (level, cap, cost);
            }
            if cap == 20 && cost < plain.1 {
                plain = (level, cost);
            }
        }
    }
    assert_eq!((found.capped.0, found.capped.1), (best.0, best.1));
    assert_eq!(found.base_stock.0, plain.0);
    near(found.capped.2, best.2, 1e-6, "capped");
}

#[test]
fn an_optimum_is_below_every_rule_and_rises_with_the_penalty() {
    for masses in [poisson(5.0, 30), geometric(3.0, 90)] {
        for lead in 1..=3 {
            let mut before = 0.0;
            for penalty in [2.0, 4.0, 9.0, 19.0] {
                let found = quiet(|watch| lost(&masses, lead, penalty, 0.0).solve(watch));
                let (optimum, capped, plain) = (found.optimum.mean(), found.capped.2, found.base_stock.1);
                let what = format!("lead {lead}, penalty {penalty}: {optimum}, {capped}, {plain}");
                assert!(optimum <= capped * (1.0 + 1e-6) && capped <= plain * (1.0 + 1e-6), "{what}");
                assert!(optimum > before, "{what}, with less penalty {before}");
                before = optimum;
            }
        }
    }
}

#[test]
fn a_fixed_cost_is_shared_as_brute_force_shares_it() {
    for (masses, order, backorder) in [(poisson(2.0, 14), 10.0, 4.0), (geometric(2.0, 20), 25.0, 9.0)] {
        let problem = FixedCost { demand: Lattice::of_masses(&masses), lead_days: 1, order, holding: 1.0, backorder };
        let found = problem.solve().expect("solves");
        near(problem.cost_of(found.reorder, found.up_to), found.cost, 1e-12, "its own cost");
        let mut best = f64::MAX;
        for s in found.reorder - 2..=found.reorder + 2 {
            for up_to in found.up_to - 3..=found.up_to + 3 {
                let (s, up_to) = (s as i32, up_to as i32);
                let slow = brute_force::reorder_point(&masses, order, backorder, s, up_to);
                near(problem.cost_of(s.into(), up_to.into()), slow, 2e-6, &format!("({s}, {up_to})"));
                best = best.min(slow);
            }
        }
        near(found.cost, best, 1e-6, "none near is better");
        // Nor is any farther away.
        for s in -5..found.up_to {
            for up_to in s + 1..found.up_to + 30 {
                assert!(problem.cost_of(s, up_to) >= found.cost - 1e-9, "({s}, {up_to}) costs less");
            }
        }
    }
}

fn dual(slow_days: usize, fast_days: usize, fast_unit: f64, backorder: f64) -> Dual {
    Dual {
        demand: Lattice::of_masses(&[0.2; 5]),
        slow_days,
        fast_days,
        slow_unit: 100.0,
        fast_unit,
        holding: 5.0,
        backorder,
        order_max: 1000,
    }
}

#[test]
fn dual_sourcing_costs_what_brute_force_finds() {
    // Lead times in the simulator's days: one more than where the order comes first.
    for (slow, fast_unit, backorder, range) in
        [(2, 105.0, 495.0, [1, 12]), (3, 110.0, 495.0, [1, 14]), (2, 103.0, 45.0, [-2, 9]), (3, 130.0, 20.0, [-4, 10])]
    {
        let found = quiet(|watch| dual(slow + 1, 1, fast_unit, backorder).solve(watch));
        let right = brute_force::dual_sourcing(&[0.2; 5], slow, [100.0, fast_unit], [5.0, backorder], range);
        near(found.optimum.mean(), right, 1e-6, &format!("slow {slow}, fast at {fast_unit}, backorder {backorder}"));
        assert!(found.index.1 >= found.optimum.lower - 1e-6);
    }
}

#[test]
fn a_fast_route_is_worth_less_the_dearer_it_is_and_nothing_where_waiting_is_cheaper() {
    let mut before = 0.0;
    for fast_unit in [101.0, 105.0, 120.0, 150.0] {
        let optimum = quiet(|watch| dual(4, 2, fast_unit, 95.0).solve(watch)).optimum.mean();
        assert!(optimum > before, "fast at {fast_unit}: {optimum} after {before}");
        before = optimum;
    }
    // A unit that comes two days earlier saves two days of backorder at most.
    let alone =
        FixedCost { demand: Lattice::of_masses(&[0.2; 5]), lead_days: 4, order: 0.0, holding: 5.0, backorder: 20.0 };
    let costs: f64 = (-5..25).map(|s| alone_cost(&alone, s)).fold(f64::MAX, f64::min);
    let found = quiet(|watch| dual(4, 2, 141.0, 20.0).solve(watch));
    near(found.optimum.mean(), 200.0 + costs, 1e-6, "the slow route alone");
    // So does a rule that never rushes anything.
    let never = Index { expedite: -40, level: alone.demand.times(4).quantile(0.8) as i64, cap: 20 };
    near(quiet(|watch| dual(4, 2, 141.0, 20.0).cost_of(never, f64::MAX, watch)), 200.0 + costs, 1e-6, "never rushed");
}

fn alone_cost(problem: &FixedCost, level: i64) -> f64 {
    let demand = problem.demand.times(problem.lead_days);
    demand
        .points()
        .map(|(d, mass)| {
            let left = (level - d as i64) as f64;
            mass * if left > 0.0 { problem.holding * left } else { -problem.backorder * left }
        })
        .sum()
}

#[test]
fn five_stages_cost_what_their_local_levels_do_and_no_neighbour_costs_less() {
    let demand = poisson(2.0, 12);
    let stages = [(9.0, 1), (6.0, 2), (4.0, 1), (2.0, 2), (1.0, 1)];
    for count in 1..=5 {
        let serial = Serial {
            demand: Lattice::of_masses(&demand),
            stages: stages[..count].iter().map(|&(holding, lead_days)| Stage { holding, lead_days }).collect(),
            backorder: 40.0,
        };
        let found = serial.solve().expect("solves");
        let echelon: Vec<usize> = found.levels.iter().map(|&level| level as usize).collect();
        near(serial.cost_of(&echelon).expect("costs"), found.cost, 1e-12, "its own cost");
        let slow = |levels: &[usize]| {
            // The lowest of a level and all upstream is what counts; then what each stage adds.
            let mut nested = levels.to_vec();
            for j in (0..count - 1).rev() {
                nested[j] = nested[j].min(nested[j + 1]);
            }
            let local: Vec<usize> =
                (0..count).map(|j| if j == 0 { nested[0] } else { nested[j] - nested[j - 1] }).collect();
            brute_force::serial(&demand, &stages[..count], 40.0, &local)
        };
        near(slow(&echelon), found.cost, 1e-9, &format!("{count} stages at {echelon:?}"));
        for j in 0..count {
            for change in [-1, 1] {
                let mut other = echelon.clone();
                other[j] = other[j].checked_add_signed(change).expect("above 0");
                assert!(slow(&other) >= found.cost - 1e-9, "{other:?} costs less than {echelon:?}");
                near(serial.cost_of(&other).expect("costs"), slow(&other), 1e-9, &format!("{other:?}"));
            }
        }
    }
}

/// Orders as the solver's table says: it remembers its own orders, as nothing else tells what arrives when.
struct Optimal<'a> {
    orders: &'a Orders,
    /// Orders on their way, the next to arrive first.
    line: Vec<usize>,
}

impl Policy for Optimal<'_> {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        // Tomorrow morning is when the textbook decides.
        let morning = usize::try_from(view.inventory_level()[0]).expect("lost sales leave nothing owed") + self.line[0];
        let order = self.orders.order(morning, &self.line[1..]).unwrap_or(0);
        self.line.remove(0);
        self.line.push(order);
        actions.level[0] = if order > 0 { view.position()[0] + order as i32 } else { NOTHING };
    }
}

#[test]
fn the_optimal_orders_simulated_cost_the_optimum() {
    let problem = problem("lost-sales-p9-l4");
    let solution = solved_problem(&problem);
    let Found::LostSales(found) = &solution.found else { panic!("{:?}", solution.family) };
    let scenario = problem.scenario().expect("a scenario");
    let mut means = Vec::new();
    for replica in 0..320 {
        let mut memory = vec![0; Network::words(&scenario)];
        let mut network = Network::new(&scenario, &mut memory).expect("memory");
        network.reset(5, replica, 0);
        let mut policy = Optimal { orders: &found.orders, line: vec![0; 4] };
        for day in 0..3968 {
            if day == 128 {
                network.clear_kpis();
            }
            network.advance(&mut policy);
        }
        means.push(network.kpis().total_cost() as f64 / f64::from(scenario.money_scale()) / 3840.0);
    }
    let mean = means.iter().sum::<f64>() / means.len() as f64;
    let variance = means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / (means.len() - 1) as f64;
    let error = (variance / means.len() as f64).sqrt();
    assert!(error < 0.002 * mean && (mean - solution.optimum).abs() < 3.0 * error, "{mean} +- {error}: {solution:?}");
    // Three standard errors below what the best capped base stock costs: it is the optimum that is simulated.
    assert!(mean + 3.0 * error < found.capped.2, "{mean} +- {error}, capped {}", found.capped.2);
}

/// A network folder of a user's own.
pub(super) fn own(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("own-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&path).expect("the target folder can be written");
    for (file, text) in files {
        std::fs::write(path.join(file), text).expect("writes");
    }
    path
}

pub(super) const TOML: &str = "name = \"own\"\nstart = 2024-01-01\nhorizon_days = 364\ncurrency = \"EUR\"\nmoney_scale = 10000\nunit_scale = UNITS\n";

#[test]
fn a_folder_of_ones_own_is_solved_product_by_product_in_its_own_units() {
    let files = |scale: &str| {
        own(
            &format!("lost-{scale}"),
            &[
                ("network.toml", TOML.replace("UNITS", scale).as_str()),
                ("nodes.csv", "name,sells,unmet\nkiosk,yes,lost\n"),
                ("lanes.csv", "supplier,customer,route,lead_time,freight_per_unit\noutside,kiosk,van,4,0.5\n"),
                ("products.csv", "name,unit_price,demand\na,1,geometric(5)\nb,1,poisson(3)\nc,1,geometric(5)\n"),
                (
                    "stockpoints.csv",
                    "node,product,holding_cost,lost_sale_cost\nkiosk,a,1,9.5\nkiosk,b,1,9.5\nkiosk,c,1,9.5\n",
                ),
            ],
        )
    };
    let mut totals = Vec::new();
    for scale in ["1", "20"] {
        let path = files(scale);
        let problem = Problem::from_folder(&path).expect("right");
        let scenario = problem.scenario().expect("a scenario");
        let optimum = solve::optimum(&scenario, &problem.names, &mut |_| {}).expect("solves");
        let costs: Vec<f64> = optimum.products.iter().map(|s| s.optimum).collect();
        assert_eq!((costs.len(), costs[0]), (3, costs[2]), "equal products cost the same");
        near(optimum.cost_per_day, costs.iter().sum(), 1e-12, "costs add up");
        let alone = lost(&poisson(3.0, 30), 3, 9.5, 0.5);
        near(costs[1], quiet(|watch| alone.optimum(0, watch)).0.mean(), 1e-6, "lead 4 here is 3 there");
        totals.push(optimum.cost_per_day);
        std::fs::remove_dir_all(path).expect("removes");
    }
    near(totals[1], totals[0], 1e-6, "the internal unit is no matter");
}

#[test]
fn five_stages_of_ones_own_are_solved_from_their_folder() {
    let path = own(
        "chain",
        &[
            ("network.toml", TOML.replace("UNITS", "1").as_str()),
            ("nodes.csv", "name,sells,production_days\nn5,no,\nn1,yes,\nn3,no,1\nn2,no,\nn4,no,\n"),
            (
                "lanes.csv",
                "supplier,customer,route,lead_time,order_lead_time_days\noutside,n5,r,1,2\nn5,n4,r,2,\nn4,n3,r,1,\n\
                 n3,n2,r,2,\nn2,n1,r,1,\n",
            ),
            ("products.csv", "name,unit_price,demand\na,1,poisson(2)\n"),
            (
                "stockpoints.csv",
                "node,product,holding_cost,backorder_cost\nn1,a,9,40\nn2,a,6,\nn3,a,4,\nn4,a,2,\nn5,a,1,\n",
            ),
        ],
    );
    let problem = Problem::from_folder(&path).expect("right");
    let solution = solved_problem(&problem);
    // Days of production and of mail to the outside add to the lead time.
    let stages = [(9.0, 1), (6.0, 2), (4.0, 2), (2.0, 2), (1.0, 3)];
    let stages = stages.map(|(holding, lead_days)| Stage { holding, lead_days }).to_vec();
    let right =
        Serial { demand: Lattice::of_masses(&poisson(2.0, 20)), stages, backorder: 40.0 }.solve().expect("solves");
    near(solution.textbook.expect("with the pipeline").1, right.cost, 1e-6, "five stages");
    for (j, level) in right.levels.iter().enumerate() {
        assert_eq!(parameter(&solution, "echelon base stock", &format!("n{}.S", j + 1)), *level);
    }
    let _: Scenario<'_> = problem.scenario().expect("a scenario");
    std::fs::remove_dir_all(path).expect("removes");
}
