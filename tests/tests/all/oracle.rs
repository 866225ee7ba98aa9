//! The simulator against a slow, obvious day written from the documentation: to the unit and the cent.

use restock_core::Network;
use restock_core::kpi::Kpis;
use restock_core::scenario::{NODES_MAX, Scenario};
use restock_tests::oracle::{Count, Oracle};
use restock_tests::random_network::{Plan, Wishes};

/// Networks of a run, and days of each.
const NETWORKS: u64 = 2000;
const DAYS: u32 = 60;

fn at(count: &Count, place: usize, product: usize) -> i64 {
    count.get(&(place, product)).copied().unwrap_or(0)
}

/// One row of a state array, or zeros where the row does not exist.
fn unit(rows: &[i32], row: Option<usize>, p: usize, i: usize) -> i64 {
    row.map_or(0, |r| i64::from(rows[r * p + i]))
}

fn compare(seed: u64) {
    let plan = Plan::random(seed);
    let image = plan.image();
    let scenario = Scenario::new(&image).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    let mut memory = vec![0; Network::words(&scenario)];
    let mut costs = vec![0; scenario.stockpoints()];
    let mut network = Network::new(&scenario, &mut memory).unwrap().with_costs(&mut costs).unwrap();
    let (replica, first_day) = ((seed % 5) as u32, if seed.is_multiple_of(7) { 3 } else { 0 });
    network.reset(seed, replica, first_day);
    let mut policy = Wishes::new(seed);
    let mut oracle = Oracle::new(&plan, seed, replica, first_day, seed);
    for day in first_day..DAYS {
        network.advance(&mut policy);
        oracle.advance(day);
        same_state(&network, &oracle, &plan, &format!("seed {seed}, day {day}"));
    }
    same_totals(network.kpis(), &network, seed);
}

fn same_state(network: &Network<'_, '_>, oracle: &Oracle<'_>, plan: &Plan, place: &str) {
    let s = network.scenario();
    let p = s.products();
    let state = network.state();
    for i in 0..p {
        for (n, node) in s.nodes().iter().enumerate() {
            let place = format!("{place}, node {n}, product {i}");
            let works = node.produces.then_some(node.producer_row);
            assert_eq!(
                unit(state.inventory_level, Some(n), p, i),
                oracle.inventory_level(n, i),
                "inventory level, {place}"
            );
            assert_eq!(unit(state.demand_today, Some(n), p, i), at(&oracle.faced, n, i), "demand today, {place}");
            assert_eq!(unit(state.input_stock, works, p, i), at(&oracle.input, n, i), "input stock, {place}");
            assert_eq!(unit(state.in_production, works, p, i), oracle.in_production(n, i), "in production, {place}");
            if node.mixed_row.is_some() {
                assert_eq!(
                    unit(state.customer_backorder, node.mixed_row, p, i),
                    at(&oracle.owed, n, i),
                    "customers' backorder, {place}"
                );
            }
            assert_eq!(network.costs().unwrap()[n * p + i], at(&oracle.cost, n, i), "cost, {place}");
        }
        for (l, lane) in s.lanes().iter().enumerate() {
            let place = format!("{place}, lane {l}, product {i}");
            assert_eq!(unit(state.ordered_today, Some(l), p, i), at(&oracle.ordered, l, i), "ordered today, {place}");
            assert_eq!(unit(state.waiting, Some(l), p, i), oracle.waiting(l, i), "waiting, {place}");
            assert_eq!(unit(state.in_transit, Some(l), p, i), oracle.in_transit(l, i), "in transit, {place}");
            assert_eq!(unit(state.mail, lane.mail_row, p, i), oracle.mail(l, i), "mail, {place}");
            assert_eq!(unit(state.staged, lane.staged_row, p, i), at(&oracle.dock, l, i), "staged, {place}");
        }
    }
    assert_eq!(plan.nodes.len(), network.today().len());
    for (n, (found, right)) in network.today().iter().zip(&oracle.today).enumerate() {
        assert_eq!(found, right, "tally, {place}, node {n}");
    }
}

fn same_totals(kpis: &Kpis, network: &Network<'_, '_>, seed: u64) {
    let nodes = network.scenario().node_count();
    assert!(nodes <= NODES_MAX);
    let total: i64 = (0..nodes).map(|n| kpis.node(n).ledger.total()).sum();
    assert_eq!(total, kpis.total_cost(), "seed {seed}");
}

#[test]
fn a_slow_obvious_day_agrees_to_the_unit_and_the_cent() {
    for seed in 0..NETWORKS {
        compare(seed);
    }
}

/// Random networks are only as good a proof as what they reach.
#[test]
fn random_networks_reach_every_feature() {
    let mut reached = [0u32; 12];
    for seed in 0..300 {
        let plan = Plan::random(seed);
        let image = plan.image();
        let s = Scenario::new(&image).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        let state_queue = s.lanes().iter().any(|l| l.queue_row.is_some());
        for (count, found) in reached.iter_mut().zip([
            s.nodes().iter().any(|n| n.mixed_row.is_some() && n.lost_sales),
            s.nodes().iter().any(|n| n.mixed_row.is_some() && n.outbound.len() > 1),
            s.nodes().iter().any(|n| n.inbound.len() > 2),
            s.nodes().iter().any(|n| n.produces && n.capacity.is_some()),
            s.nodes().iter().any(|n| n.produces && n.capacity.is_none()),
            s.nodes().iter().any(|n| n.outbound.len() > 1 && n.produces),
            s.lanes().iter().any(|l| l.routes == 3 && l.staged_row.is_some()),
            s.lanes().iter().any(|l| l.mail_row.is_some() && l.queue_row.is_some()),
            s.routes().iter().any(|r| r.lead_fixed.is_none()),
            state_queue,
            s.replayed(s.nodes().iter().position(|n| n.sells).unwrap(), 0).is_some(),
            s.events().count() > 3,
        ]) {
            *count += u32::from(found);
        }
    }
    assert!(reached.iter().all(|&count| count >= 5), "too rare: {reached:?}");
}
