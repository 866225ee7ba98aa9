//! A planted score: money is what some parameters say, so that they are known to be right.

use super::report::{parameters_of, weigh};
use super::space::Space;
use super::*;
use crate::bayesian::{Point, Search, ask, best, random};
use population::Row;
use rand_core::Rng;
use restock_core::draws::Source;
use restock_core::hyperscore::{Conditions, Parts, SensitivitiesPpm};

/// In a disruption the delivery rate is what counts, on calm days the inventory: no fixed weights can say both.
fn planted() -> ScoreParametersPpm {
    let mut sensitivity = SensitivitiesPpm::NONE;
    sensitivity.disruption.delivery = 3_500_000;
    let (weight_delivery, weight_inventory, weight_capacity) = (200_000, 750_000, 50_000);
    ScoreParametersPpm {
        weight_delivery,
        weight_inventory,
        weight_capacity,
        sensitivity,
        ..ScoreParametersPpm::PUBLISHED
    }
}

/// Policies that differ in their parts by chance, on calm and on disrupted days; money is the planted V.
fn population(seed: u64, truth: &ScoreParametersPpm) -> Population {
    const POLICIES: usize = 14;
    const PATHS: u32 = 6;
    let draws = Draws::new(seed, 0);
    let part = |place: u32, day: u32, i: usize| {
        i64::from(draws.row(day, place, Source::Host).at(i as u64).next_u32() % 500_000) + 500_000
    };
    let groups = (0..2 * PATHS).map(|g| {
        let conditions = Conditions { disruption_ppm: i64::from(g % 2) * 1_000_000, ..Conditions::CALM };
        let row = |i: usize| {
            let parts = Parts {
                delivery_rate_ppm: part(0, g, i),
                inventory_score_ppm: part(1, g, i),
                capacity_utilization_ppm: part(2, g, i),
            };
            Row { parts, conditions, cost: -parts.v(&WeightsPpm::under(truth, &conditions)).to_bits() }
        };
        Group { path: g / 2, rows: (0..POLICIES).map(row).collect() }
    });
    Population {
        policies: (0..POLICIES).map(|i| i.to_string()).collect(),
        worlds: vec!["planted".to_owned()],
        paths: PATHS,
        groups: groups.collect(),
        ..Population::default()
    }
}

fn search(space: &Space, training: &[Population], present: &ScoreParametersPpm, looks: usize) -> (Search, Vec<Point>) {
    let axes = space.axes().len();
    let search = Search { axes, startup: 2 * axes, seed: 4 };
    let mut points: Vec<Point> = Vec::new();
    while points.len() < looks {
        let at = if points.is_empty() { space.point(present) } else { ask(&search, &points) };
        let p = parameters_of(space, present, points.len(), &at);
        points.push(Point::new(at, fit(training, &p, false).tau));
    }
    (search, points)
}

#[test]
fn planted_parameters_fit_perfectly_and_fixed_weights_can_not() {
    let set = [population(1, &planted())];
    assert_eq!(fit(&set, &planted(), false).tau, 1.0);
    let space = Space::new(&ScoreParametersPpm::PUBLISHED, false);
    let axes = space.axes().len();
    let at = |i| random(&Search { axes, startup: 0, seed: 8 }, i);
    let fixed =
        (0..400).map(|i| ScoreParametersPpm { sensitivity: SensitivitiesPpm::NONE, ..space.parameters(&at(i)) });
    let most = fixed.map(|p| fit(&set, &p, false).tau).fold(-1.0, f64::max);
    assert!(most < 0.8, "{most}");
}

#[test]
fn a_search_finds_more_than_chance_at_the_same_budget_and_holds_on_what_it_has_not_seen() {
    let present = ScoreParametersPpm::PUBLISHED;
    let space = Space::new(&present, false);
    let (training, held_out) = ([population(1, &planted())], [population(2, &planted())]);
    let (search, points) = search(&space, &training, &present, 80);
    let report = weigh((&space, &present), (&training, &held_out), (&search, &points), false);
    let [now, equal, chance, found] = [0, 1, 2, 3].map(|i| &report.candidates[i]);
    eprintln!("{}", report.text());
    assert!(found.training.tau > chance.training.tau, "{} {}", found.training.tau, chance.training.tau);
    assert!(found.held_out.tau > now.held_out.tau.max(equal.held_out.tau), "{}", report.text());
    let by = now.found_is_better_by.expect("an interval");
    assert!(by.is_above_zero() && by.low < by.mean && by.mean < by.high, "{by:?}");
    assert!((by.mean - (found.held_out.tau - now.held_out.tau)).abs() < 1e-12);
    assert!(found.found_is_better_by.is_none() && !report.shape);
}

#[test]
fn a_search_that_begins_at_the_best_keeps_it_to_the_digit() {
    let space = Space::new(&planted(), false);
    let training = [population(3, &planted())];
    let (search, points) = search(&space, &training, &planted(), 8);
    assert_eq!(best(&points).expect("a point"), &points[0]);
    let report = weigh((&space, &planted()), (&training, &training), (&search, &points), false);
    assert_eq!(report.found, planted());
}

#[test]
fn the_shape_moves_no_rank_but_the_correlation() {
    let set = [population(5, &planted())];
    let flat = planted();
    let steep = ScoreParametersPpm { beta: 20_000_000, gamma: 5_000_000, kappa: 500_000, ..flat };
    let (a, b) = (fit(&set, &flat, true), fit(&set, &steep, true));
    assert_eq!((a.tau, b.tau), (1.0, 1.0));
    assert!((a.correlation - b.correlation).abs() > 0.01, "{a:?} {b:?}");
    assert!(a.value(true) == 0.5 * (a.tau + a.correlation) && a.value(false) == a.tau);
    assert!(fit(&set, &flat, false).correlation.is_nan());
}

#[test]
fn money_that_is_all_the_same_asks_nothing_and_a_score_that_is_answers_nothing() {
    let mut set = [population(6, &planted())];
    for row in &mut set[0].groups[0].rows {
        row.cost = 5;
    }
    assert_eq!(fit(&set, &planted(), false).tau, 1.0, "the other groups are all in order");
    let none = ScoreParametersPpm { weight_delivery: 0, weight_inventory: 0, weight_capacity: 0, ..planted() };
    assert_eq!(fit(&set, &none, false).tau, 0.0);
    set[0].groups.truncate(1);
    assert!(fit(&set, &planted(), false).tau.is_nan());
}
