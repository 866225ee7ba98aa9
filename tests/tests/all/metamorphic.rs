//! What must not change when something else does. What is a function of a seed is in
//! `restock_tests::metamorphic`, which `cargo soak` runs too.

use restock_core::digest::Digest;
use restock_core::forecast::Path;
use restock_core::layout::Column;
use restock_core::policy::{Actions, Textbook};
use restock_core::scenario::Scenario;
use restock_core::{Network, NodeView, Policy};
use restock_tests::metamorphic::{self, DAYS, Fixed, run, serial};
use restock_tests::property::Property;
use restock_tests::random_network::{Dice, Forecast, Plan, Stock, Wishes};
use restock_tests::swarm;

/// Seeds of each property.
const SEEDS: u64 = 400;

#[test]
fn metamorphic_properties_hold() {
    swarm::must_hold(Property::Metamorphic, 0..SEEDS);
}

/// The properties judge something: a check that never bites proves nothing.
#[test]
fn metamorphic_properties_bite() {
    let judged = |property: fn(u64) -> u32| (0..60).map(property).sum::<u32>();
    for (name, judged, least) in [
        ("permutation", judged(metamorphic::permuted_products_permute_results), 1000),
        ("fill", judged(metamorphic::no_demand_gives_no_orders_after_the_fill), 500),
        ("base stock", judged(metamorphic::more_base_stock_never_raises_backorders), 500),
        ("position", judged(metamorphic::the_position_is_stock_and_orders_less_backorders), 5000),
        ("effort", judged(metamorphic::effort_never_worsens_a_grade), 1000),
        ("relaxing", judged(metamorphic::without_effort_a_grade_relaxes_to_its_base), 40),
        ("disruption", judged(metamorphic::a_disruption_ends_and_all_is_as_planned), 2000),
    ] {
        assert!(judged >= least, "{name}: only {judged} rows to judge by");
    }
}

#[test]
fn a_node_sees_nothing_beyond_its_direct_neighbours() {
    let mut strangers = 0;
    for seed in 0..600 {
        let mut plan = Plan::random(seed);
        plan.open_orders.clear();
        // Nobody orders or has ordered, so nothing that differs at one node reaches another through the neighbours' orders.
        let observe = |plan: &Plan| {
            let mut policy = Fixed::new(seed, i32::MIN, i32::MIN);
            policy.observes = true;
            run(plan, seed, &mut policy, |_, _, _| ());
            policy.observed
        };
        let before = observe(&plan);
        let mut d = Dice::new(seed);
        let changed = d.size(0, plan.nodes.len() - 1);
        for s in &mut plan.stock[changed] {
            (s.position_max, s.initial, s.holding, s.order_cost, s.backorder) =
                (plan.position_max, s.initial + 50, s.holding + 7, s.order_cost + 90, s.backorder + 40);
            (s.protection_days, s.safety_factor_q8, s.demand_mean_q12) = (21, 701, s.demand_mean_q12 + 9999);
            (s.negotiation_cost, s.scrap_cost) = (s.negotiation_cost + 77, s.scrap_cost + 5);
        }
        plan.nodes[changed].storage = Some(3);
        for lane in plan.lanes.iter_mut().filter(|lane| lane.customer == changed) {
            // What it thinks of its suppliers, and what they are.
            if let Some(grades) = &mut lane.grades {
                (grades.on_time_q15, grades.accepted_q15, grades.base_q8) = (777, 999, grades.base_q8 / 2);
            }
        }
        let after = observe(&plan);
        let neighbour = |n: usize| {
            n == changed
                || plan.lanes.iter().any(|l| {
                    (l.supplier == Some(n) && l.customer == changed) || (l.supplier == Some(changed) && l.customer == n)
                })
        };
        assert_eq!(before.len(), after.len());
        for (old, new) in before.iter().zip(&after).filter(|(old, _)| !neighbour(old.1)) {
            assert_eq!(old, new, "seed {seed}: node {} sees that node {changed} has changed", old.1);
            strangers += 1;
        }
    }
    assert!(strangers > 10_000, "only {strangers} observations of strangers");
}

/// A change two steps up a chain reaches a node only through what its neighbour does.
#[test]
fn a_far_stock_is_seen_only_once_a_neighbour_moves() {
    for seed in 0..200 {
        let mut plan = serial(seed, 4);
        let observe = |plan: &Plan| {
            let mut policy = Fixed::new(seed, 10, 60);
            policy.observes = true;
            run(plan, seed, &mut policy, |_, _, _| ());
            policy.observed
        };
        let before = observe(&plan);
        plan.stock[3].iter_mut().for_each(|s| s.initial += 500);
        let after = observe(&plan);
        let (far, near) = (3, 1);
        // What node 3 ships today reaches node 2 tomorrow at the earliest, and node 1 looks before that.
        type Seen = (u32, usize, Vec<i8>); // day, node, features
        let same = |(old, new): (&Seen, &Seen)| old.1 > near || old.0 > 0 || old == new;
        assert!(before.iter().zip(&after).all(same), "seed {seed}: node {near} sees node {far}");
    }
}

/// Weights and gains of a process, as real numbers.
fn real(words: [i32; 3]) -> [f64; 3] {
    words.map(|word| f64::from(word) / 4096.0)
}

/// The lags a day later.
fn moved(lags: [f64; 3], missed: f64, weights: [f64; 3], gains: [f64; 3]) -> [f64; 3] {
    let next = |j: usize, after: f64| weights[j] * lags[0] + gains[j] * missed + after;
    [next(0, lags[1]), next(1, lags[2]), next(2, 0.0)]
}

/// Whether what a forecast took wrong is forgotten in time: only then do roundings not add up.
fn forgets(weights: [f64; 3], gains: [f64; 3]) -> bool {
    let mut lags = [1.0; 3];
    for _day in 0..60 {
        lags = moved(lags, -lags[0], weights, gains);
    }
    lags.iter().all(|lag| lag.abs() < 0.01)
}

/// Levels are what the documented processes say, here once more in floating point and from the first day on.
#[test]
fn the_forecast_is_what_its_process_says() {
    let mut checked = [0u32; 3];
    for seed in 0..300 {
        let plan = Plan::random(seed);
        let p = plan.products.len();
        let stock: Vec<&Stock> = plan.stock.iter().flatten().collect();
        let mean = |at: usize| f64::from(stock[at].demand_mean_q12) / 4096.0;
        let mut lags: Vec<[f64; 3]> = (0..stock.len())
            .map(|at| match stock[at].forecast {
                Forecast::Arima { .. } => [0.0; 3],
                Forecast::Intermittent { probability_q16, .. } => {
                    let probability = f64::from(probability_q16) / 65_536.0;
                    [probability, mean(at) / probability, 0.0]
                }
            })
            .collect();
        let mut greatest = vec![0.0f64; stock.len()];
        run(&plan, seed, &mut Wishes::new(seed), |day, network, _| {
            for (at, lags) in lags.iter_mut().enumerate() {
                let season = plan.profiles[plan.stock[at / p][at % p].forecast_profile][day as usize];
                // A day of less than a twentieth of the usual season teaches nothing.
                let seen = f64::from(network.state().demand_today[at]) * 4096.0 / f64::from(season);
                let (kind, level) = match stock[at].forecast {
                    Forecast::Arima { weights, gains, reach } => {
                        let (weights, gains, reach) = (real(weights), real(gains), real(reach));
                        if season >= 205 {
                            *lags = moved(*lags, seen - mean(at) - lags[0], weights, gains);
                        }
                        if !forgets(weights, gains) && gains != [0.0; 3] {
                            continue;
                        }
                        let ahead: f64 = (0..3).map(|j| reach[j] * lags[j]).sum();
                        (usize::from(lags[1] != 0.0), (mean(at) + ahead).max(0.0))
                    }
                    Forecast::Intermittent { probability_gain, size_gain, .. } => {
                        if season >= 205 {
                            let certain = if seen > 0.0 { 1.0 } else { 0.0 };
                            lags[0] += (certain - lags[0]) * f64::from(probability_gain) / 4096.0;
                            let gain = f64::from(size_gain) / 4096.0;
                            lags[1] += if seen > 0.0 { (seen - lags[1]) * gain } else { 0.0 };
                        }
                        (2, lags[0] * lags[1])
                    }
                };
                let found = f64::from(network.state().forecast_level[at]) / 4096.0;
                if season >= 205 {
                    greatest[at] = greatest[at].max(seen);
                }
                // Lags keep 8 to 12 bits of a unit; a reciprocal of the season has at least 10.
                let room = 0.02 * f64::from(1 << plan.forecast_shift) + 0.004 * (level.abs() + greatest[at]);
                assert!(
                    (found - level).abs() <= room,
                    "seed {seed}, day {day}, stockpoint {at}: {found} is not {level}, {:?}",
                    stock[at].forecast
                );
                checked[kind] += 1;
            }
        });
    }
    assert!(checked.iter().all(|&days| days > 5_000), "smoothed, lagged, intermittent: {checked:?}");
}

/// A node that knows the process gives for its own protection interval what it gives for that interval when
/// asked for any; and the longer the interval, the more can happen in it.
#[test]
fn other_intervals_agree_with_the_usual_one() {
    struct Asked(u32);
    impl Policy for Asked {
        fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
            let (s, outlooks) = (view.scenario(), view.outlooks());
            for i in 0..view.products() {
                let usual = outlooks.of(i);
                let days = s.column(Column::ProtectionDays, view.node())[i] as usize;
                let (mean, deviation) = outlooks.over(i, days);
                assert!((deviation - usual.protection_deviation).abs() <= 1 + (usual.protection_deviation >> 14));
                assert_eq!(outlooks.over(i, 0), (0, 0));
                assert!(outlooks.over(i, 2 * days).1 >= deviation || deviation == 0);
                if matches!(s.nodes()[view.node()].forecast, Path::Smoothing { .. } | Path::Mean) {
                    assert_eq!(mean, usual.protection_mean);
                    self.0 += 1;
                }
            }
            Textbook.decide(view, actions);
        }
    }
    let mut asked = Asked(0);
    for seed in 0..100 {
        run(&Plan::random(seed), seed, &mut asked, |_, _, _| ());
    }
    assert!(asked.0 > 1000, "{}", asked.0);
}

#[test]
fn a_plan_is_written_where_the_scenario_reads_it() {
    for seed in 0..100 {
        let plan = Plan::random(seed);
        let image = plan.image();
        let s = Scenario::new(&image).unwrap();
        for (n, row) in plan.stock.iter().enumerate() {
            for (i, stock) in row.iter().enumerate() {
                assert_eq!(s.column(Column::LotSize, n)[i], stock.lot_size);
                assert_eq!(s.column(Column::ForecastProfile, n)[i], stock.forecast_profile as i32);
                assert_eq!(s.column(Column::ForecastMethod, n)[i], stock.forecast.words()[4]);
            }
        }
        for (l, lane) in plan.lanes.iter().enumerate() {
            assert_eq!(s.lanes()[l].first_route, plan.first_route(l));
            assert_eq!(s.lanes()[l].share_until - s.lanes()[l].share_before, lane.share);
            let quality = s.lanes()[l].quality.as_ref();
            assert_eq!(quality.map(|q| (q.base_q16, q.relax_shift as i32, q.lift_q16[3])), {
                lane.grades.map(|g| (g.base_q8 << 8, g.relax_shift, g.lift_q8[2] << 8))
            });
        }
        for (n, node) in plan.nodes.iter().enumerate() {
            assert_eq!((s.nodes()[n].storage, s.nodes()[n].overflow_rate), (node.storage, node.overflow_rate));
            assert!(s.bom(&s.nodes()[n]).eq(plan.lines(n)), "seed {seed}, node {n}");
        }
        assert_eq!(s.disruptions(), plan.disruptions, "seed {seed}");
    }
}

#[test]
fn a_reset_forgets_everything() {
    for seed in 0..200 {
        let plan = Plan::random(seed);
        let image = plan.image();
        let s = Scenario::new(&image).unwrap();
        let mut memory = vec![-1; Network::words(&s)];
        let mut network = Network::new(&s, &mut memory).unwrap();
        let mut traces = [(seed, 0), (seed + 1, 3), (seed, 0)].map(|(seed, first_day)| {
            network.reset(seed, 0, first_day);
            let (mut policy, mut digest) = (Wishes::new(seed), Digest::new());
            for _ in first_day..DAYS {
                network.advance(&mut policy);
                network.trace(&mut digest);
            }
            (digest.value(), network.kpis().clone())
        });
        let [first, _, again] = &mut traces;
        assert_eq!(first, again, "seed {seed}");
    }
}
