//! Scores through the network: a buyer comes to know its supplier from its own receipts alone.

use restock_core::Network;
use restock_core::layout::GRADES;
use restock_core::network::quality::{ALL_Q15, SCORE_SHIFT, shares};
use restock_core::policy::{Actions, NodeView, Policy};
use restock_core::scenario::{Allocation, Event, EventKind, SEASON_AHEAD_DAYS, Scenario};
use restock_tests::random_network::{Dice, Grades, Lane, Node, Plan, Product, Route, Stock, even_table};

const DAYS: usize = 2000;
const PRODUCTS: usize = 32;

/// One shop that sells ten of each product a day and is supplied over one lane with grades: lead times of the
/// good supplier (grade 0) and of the bad one (grade 3), promised in one day, and what share of each receipt is
/// defective, Q16.
fn shop(good: &[i32], bad: &[i32], defects: [&[i32]; 2], events: Vec<Event>) -> Plan {
    let mut dice = Dice::new(7);
    let stock = Stock {
        lot_size: 1,
        order_max: 1000,
        position_max: 1000,
        initial: 300,
        demand_table: Some(0),
        protection_days: 1,
        ..Stock::default()
    };
    let by_grade = |low: usize, high: usize| std::array::from_fn(|grade| if grade < 2 { low } else { high });
    let defect_tables = std::array::from_fn(|grade| Some(if grade < 2 { 3 } else { 4 }));
    let route =
        Route { lead_table: 1, by_grade: Some(by_grade(1, 2)), promise_days: 1, capacity: None, freight: vec![0; 32] };
    let grades = Grades {
        base_q8: 0,
        lift_q8: [0; 3],
        relax_shift: 0,
        on_time_q15: ALL_Q15,
        accepted_q15: ALL_Q15,
        defect_tables,
    };
    Plan {
        horizon_days: DAYS,
        ring_days: 8,
        demand_max: 100,
        position_max: 1000,
        nodes: vec![Node {
            sells: true,
            lost_sales: false,
            production_days: None,
            capacity: None,
            echelon: 0,
            review_days: 1,
            review_offset: 0,
            allocation: Allocation::Proportional,
            storage: None,
            overflow_rate: 0,
        }],
        lanes: vec![Lane {
            supplier: None,
            customer: 0,
            order_days: 0,
            priority: 0,
            share: 1_000_000,
            routes: vec![route],
            grades: Some(grades),
        }],
        products: (0..PRODUCTS).map(|_| Product { key: dice.bits(), volume: 1, group: None }).collect(),
        stock: vec![vec![stock; PRODUCTS]],
        profiles: vec![vec![4096; DAYS + SEASON_AHEAD_DAYS]],
        events,
        tables: [&[10], good, bad, defects[0], defects[1]].map(even_table).into(),
        ..Plan::default()
    }
}

struct BaseStock;

impl Policy for BaseStock {
    fn decide(&mut self, _: &NodeView<'_>, actions: &mut Actions<'_>) {
        actions.level.fill(400);
    }
}

/// Runs it; `look` sees each day's scores: on-time and accepted share, by product.
fn run(plan: &Plan, days: usize, mut look: impl FnMut(u32, &[(f64, f64)])) {
    let image = plan.image();
    let s = Scenario::new(&image).unwrap();
    let mut memory = vec![0; Network::words(&s)];
    let mut network = Network::new(&s, &mut memory).unwrap();
    network.reset(11, 0, 0);
    let real = |share: i32| f64::from(share) / f64::from(ALL_Q15);
    for day in 0..days {
        network.advance(&mut BaseStock);
        let scores = network.state().score.iter().map(|&score| shares(score));
        look(day as u32, &scores.map(|(on_time, accepted)| (real(on_time), real(accepted))).collect::<Vec<_>>());
    }
}

#[test]
fn a_score_comes_to_the_true_shares_of_a_stationary_supplier() {
    // Each day's order takes one day, or three with a chance of a quarter: late. A receipt that has any late
    // units is late: of all days 1/4; there is a receipt unless yesterday's order is late and that of three days
    // ago was not: on 1 - 1/4 * 3/4 of them.
    let on_time = 1.0 - 0.25 / (1.0 - 0.25 * 0.75);
    // Of each receipt a tenth is defective, or with the same chance a half.
    let accepted = 1.0 - (0.1 + 0.5) / 2.0;
    let plan = shop(&[1, 1, 1, 3], &[1], [&[6554, 32_768], &[0]], Vec::new());
    let (mut sums, mut count) = ((0.0, 0.0), 0.0);
    run(&plan, DAYS, |day, scores| {
        for &(this_on_time, this_accepted) in scores.iter().filter(|_| day >= 200) {
            sums = (sums.0 + this_on_time, sums.1 + this_accepted);
            count += 1.0;
        }
    });
    let (found_on_time, found_accepted) = (sums.0 / count, sums.1 / count);
    assert!((found_on_time - on_time).abs() < 0.01, "on time {found_on_time}, truly {on_time}");
    // Units are whole: a tenth of a small receipt is none or one.
    assert!((found_accepted - accepted).abs() < 0.01, "accepted {found_accepted}, truly {accepted}");
}

#[test]
fn a_score_follows_a_step_within_forty_receipts() {
    // On day 100 an excellent supplier turns bad: all is late, half is defective.
    let step = Event { day: 100, kind: EventKind::Grade, place: 0, value_q12: 3 * 4096 };
    let plan = shop(&[1], &[3], [&[0], &[32_768]], vec![step]);
    let left = |receipts: i32| (1.0 - 1.0 / f64::from(1 << SCORE_SHIFT)).powi(receipts);
    let mut seen = 0;
    run(&plan, 160, |day, scores| {
        // What left on day 100 arrives on day 103; what left on day 99 was good but is inspected as it arrives
        // on day 100, when half is defective.
        let receipts = (day as i32 - 102).max(0);
        for &(on_time, accepted) in scores {
            assert!((on_time - left(receipts)).abs() < 0.01, "day {day}: on time {on_time}");
            let more = receipts + i32::from(day >= 100);
            let right = 0.5 + 0.5 * left(more);
            assert!((accepted - right).abs() < 0.02, "day {day}: accepted {accepted}, should be {right}");
            if receipts == 40 {
                assert!(on_time < 0.1 && accepted < 0.55, "nine tenths of the way after forty receipts");
                seen += 1;
            }
        }
    });
    assert_eq!(seen, PRODUCTS);
}

#[test]
fn every_grade_has_its_own_lead_times() {
    // A lane whose grades are the number of days: what is in transit says which was drawn.
    for grade in 0..GRADES as i32 - 1 {
        let step = Event { day: 0, kind: EventKind::Grade, place: 0, value_q12: grade << 12 };
        let mut plan = shop(&[1], &[3], [&[0], &[0]], vec![step]);
        let first = plan.tables.len();
        plan.tables.extend((1..=GRADES as i32 - 1).map(|days| even_table(&[days])));
        plan.lanes[0].routes[0].by_grade = Some(std::array::from_fn(|g| first + g.min(GRADES - 2)));
        let image = plan.image();
        let s = Scenario::new(&image).unwrap();
        let mut memory = vec![0; Network::words(&s)];
        let mut network = Network::new(&s, &mut memory).unwrap();
        for _ in 0..40 {
            network.advance(&mut BaseStock);
        }
        // Ten a day for as many days as the grade takes.
        let in_transit = network.state().in_transit;
        assert!(in_transit.iter().all(|&units| units == 10 * (grade + 1)), "grade {grade}: {in_transit:?}");
    }
}
