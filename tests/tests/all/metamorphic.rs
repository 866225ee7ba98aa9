//! What must not change when something else does.

use restock_core::layout::Column;
use restock_core::observation::{self, FEATURES};
use restock_core::policy::{Actions, NodeView, Policy};
use restock_core::scenario::{Allocation, Scenario};
use restock_core::{Network, digest::Digest};
use restock_tests::random_network::{Dice, Plan, Wishes, even_table};

const DAYS: u32 = 50;

/// Runs a plan; after each day `look` sees the network.
fn run<P: Policy>(plan: &Plan, seed: u64, policy: &mut P, mut look: impl FnMut(u32, &Network<'_, '_>)) {
    let image = plan.image();
    let s = Scenario::new(&image).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    let mut memory = vec![0; Network::words(&s)];
    let mut network = Network::new(&s, &mut memory).unwrap();
    network.reset(seed, 0, 0);
    for day in 0..DAYS {
        network.advance(policy);
        look(day, &network);
    }
}

/// Fixed base-stock levels, by node and product key; keeps what it observes.
struct Fixed {
    seed: u64,
    least: i32,
    most: i32,
    observed: Vec<(u32, usize, Vec<i8>)>,
}

impl Fixed {
    fn new(seed: u64, least: i32, most: i32) -> Self {
        Self { seed, least, most, observed: Vec::new() }
    }

    fn level(&self, node: usize, key: u64) -> i32 {
        Dice::new(self.seed ^ key ^ ((node as u64) << 32)).between(self.least, self.most)
    }
}

impl Policy for Fixed {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        let mut features = vec![0; FEATURES * view.products()];
        observation::write(view, &mut features);
        self.observed.push((view.day(), view.node(), features));
        for i in 0..view.products() {
            actions.level[i] = self.level(view.node(), view.scenario().product_key(i));
        }
    }
}

fn without_shared_capacity(mut plan: Plan) -> Plan {
    plan.nodes.iter_mut().for_each(|n| n.capacity = None);
    plan.lanes.iter_mut().flat_map(|l| &mut l.routes).for_each(|r| r.capacity = None);
    plan
}

/// A chain of `nodes`, each supplied by the next, with fixed lead times and no limits.
fn serial(seed: u64, nodes: usize) -> Plan {
    let mut plan = without_shared_capacity(Plan::random(seed));
    let mut d = Dice::new(seed);
    let (node, stock, mut lane) = (plan.nodes[0].clone(), plan.stock[0].clone(), plan.lanes[0].clone());
    lane.routes.truncate(1);
    let p = plan.products.len();
    plan.events.clear();
    plan.replay.clear();
    plan.nodes.clear();
    plan.stock.clear();
    plan.lanes.clear();
    plan.position_max = 3000;
    for n in 0..nodes {
        let mut node = node.clone();
        (node.sells, node.lost_sales, node.echelon, node.production_days) = (n == 0, false, n as i32, None);
        (node.review_days, node.review_offset) = (d.pick(&[1, 1, 3]), 0);
        plan.nodes.push(node);
        plan.stock.push(stock.clone());
        for s in plan.stock[n].iter_mut() {
            (s.lot_size, s.order_min, s.order_max, s.position_max, s.initial) = (1, 0, 3000, 3000, d.between(0, 60));
            s.holding = d.between(1, 20);
            s.demand_table = if n == 0 { Some(s.demand_table.unwrap_or(0)) } else { None };
        }
        let mut lane = lane.clone();
        plan.tables.push(even_table(&[d.between(1, plan.ring_days as i32 - 1)]));
        lane.routes[0].lead_table = plan.tables.len() - 1;
        (lane.customer, lane.supplier, lane.share) = (n, (n + 1 < nodes).then_some(n + 1), 1_000_000);
        lane.order_days = d.pick(&[0, 0, 2]);
        plan.lanes.push(lane);
    }
    assert!(plan.lanes.iter().all(|l| l.routes[0].freight.len() == p));
    plan
}

#[test]
fn products_in_another_order_fare_the_same() {
    for seed in 0..400 {
        let plan = without_shared_capacity(Plan::random(seed));
        let p = plan.products.len();
        let mut order: Vec<usize> = (0..p).collect();
        Dice::new(seed).shuffle(&mut order);
        let mut other = plan.clone();
        let picked = |row: &[i32]| order.iter().map(|&i| row[i]).collect::<Vec<i32>>();
        other.products = order.iter().map(|&i| plan.products[i].clone()).collect();
        other.stock = plan.stock.iter().map(|row| order.iter().map(|&i| row[i]).collect()).collect();
        other.lanes.iter_mut().flat_map(|l| &mut l.routes).for_each(|r| r.freight = picked(&r.freight));
        other.replay.iter_mut().flatten().for_each(|row| *row = picked(row));
        let mut days = Vec::new();
        run(&plan, seed, &mut Wishes::new(seed), |_, network| {
            days.push((
                network.state().inventory_level.to_vec(),
                network.state().ordered_today.to_vec(),
                network.today().to_vec(),
            ));
        });
        run(&other, seed, &mut Wishes::new(seed), |day, network| {
            let (level, ordered, tallies) = &days[day as usize];
            let permuted = |rows: &[i32]| rows.chunks(p).flat_map(picked).collect::<Vec<i32>>();
            assert_eq!(permuted(level), network.state().inventory_level, "level, seed {seed}, day {day}");
            assert_eq!(permuted(ordered), network.state().ordered_today, "ordered, seed {seed}, day {day}");
            assert_eq!(tallies, network.today(), "tallies, seed {seed}, day {day}");
        });
    }
}

/// First-come queues are left out: they remember one ring of days, as `turn_queue` says.
#[test]
fn a_longer_ring_changes_nothing() {
    for seed in 0..400 {
        let mut plan = Plan::random(seed);
        for node in plan.nodes.iter_mut().filter(|n| n.allocation == Allocation::FirstCome) {
            node.allocation = Allocation::Priority;
        }
        let digest = |plan: &Plan| {
            let mut digest = Digest::new();
            run(plan, seed, &mut Wishes::new(seed), |_, network| network.trace(&mut digest));
            digest.value()
        };
        let short = digest(&plan);
        plan.ring_days += 1 + (seed % 50) as usize;
        assert_eq!(short, digest(&plan), "seed {seed}");
    }
}

#[test]
fn without_demand_nothing_is_ordered_once_stocks_are_full() {
    let mut full_days = 0;
    for seed in 0..400 {
        let mut plan = Plan::random(seed);
        plan.tables.push(even_table(&[0]));
        let none = plan.tables.len() - 1;
        plan.replay.clear();
        plan.events.clear();
        plan.position_max = 3000;
        for s in plan.stock.iter_mut().flatten() {
            s.demand_table = s.demand_table.map(|_| none);
            (s.order_max, s.position_max) = (3000, 3000);
        }
        // A fill takes each echelon one review period and the mail before it.
        let fill: u32 = plan.nodes.iter().map(|n| n.review_days as u32).sum::<u32>()
            + plan.lanes.iter().map(|l| l.order_days as u32).sum::<u32>();
        run(&plan, seed, &mut Fixed::new(seed, 0, 150), |day, network| {
            if day > fill {
                assert!(network.state().ordered_today.iter().all(|&q| q == 0), "seed {seed}, day {day}");
                full_days += 1;
            }
            assert_eq!(network.kpis().total().demand, 0, "seed {seed}");
        });
    }
    assert!(full_days > 8_000, "only {full_days} days to judge by");
}

#[test]
fn more_base_stock_never_raises_backorders_in_a_serial_chain() {
    for seed in 0..300 {
        let plan = serial(seed, 1 + (seed % 4) as usize);
        let p = plan.products.len();
        let mut lean = Vec::new();
        run(&plan, seed, &mut Fixed::new(seed, 10, 60), |_, network| {
            lean.push(network.state().inventory_level[..p].to_vec())
        });
        // One node's levels rise by 25, whichever node it is.
        let richer = (seed / 4) as usize % plan.nodes.len();
        struct More(Fixed, usize);
        impl Policy for More {
            fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
                self.0.decide(view, actions);
                if view.node() == self.1 {
                    actions.level.iter_mut().for_each(|level| *level += 25);
                }
            }
        }
        run(&plan, seed, &mut More(Fixed::new(seed, 10, 60), richer), |day, network| {
            for (i, &before) in lean[day as usize].iter().enumerate() {
                let after = network.state().inventory_level[i];
                assert!(
                    (-after).max(0) <= (-before).max(0),
                    "seed {seed}, day {day}, product {i}: {before} became {after}"
                );
            }
        });
    }
}

#[test]
fn customers_demand_does_not_depend_on_the_policy() {
    for seed in 0..300 {
        let plan = Plan::random(seed);
        let mut demand = Vec::new();
        run(&plan, seed, &mut Wishes::new(1), |_, network| {
            demand.push(network.today().iter().map(|t| t.demand).collect::<Vec<_>>())
        });
        run(&plan, seed, &mut Fixed::new(seed, 0, 90), |day, network| {
            let now: Vec<i64> = network.today().iter().map(|t| t.demand).collect();
            assert_eq!(demand[day as usize], now, "seed {seed}, day {day}");
        });
    }
}

#[test]
fn a_node_sees_nothing_beyond_its_direct_neighbours() {
    let mut strangers = 0;
    for seed in 0..600 {
        let mut plan = Plan::random(seed);
        // Nobody orders, so nothing that differs at one node reaches another through the neighbours' orders.
        let observe = |plan: &Plan| {
            let mut policy = Fixed::new(seed, i32::MIN, i32::MIN);
            run(plan, seed, &mut policy, |_, _| ());
            policy.observed
        };
        let before = observe(&plan);
        let mut d = Dice::new(seed);
        let changed = d.size(0, plan.nodes.len() - 1);
        for s in &mut plan.stock[changed] {
            (s.position_max, s.initial, s.holding, s.order_cost, s.backorder) =
                (plan.position_max, s.initial + 50, s.holding + 7, s.order_cost + 90, s.backorder + 40);
            (s.protection_days, s.safety_factor_q8, s.demand_mean_q12) = (21, 701, s.demand_mean_q12 + 9999);
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
            run(plan, seed, &mut policy, |_, _| ());
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

/// The level is exponential smoothing of demand without its season, here once more in floating point.
#[test]
fn the_forecast_is_exponential_smoothing() {
    for seed in 0..200 {
        let plan = Plan::random(seed);
        let p = plan.products.len();
        let mut level: Vec<f64> = plan.stock.iter().flatten().map(|s| f64::from(s.demand_mean_q12) / 4096.0).collect();
        run(&plan, seed, &mut Wishes::new(seed), |day, network| {
            for (at, level) in level.iter_mut().enumerate() {
                let season = plan.profiles[plan.stock[at / p][at % p].forecast_profile][day as usize];
                // A day of less than a twentieth of the usual season teaches nothing.
                if season >= 205 {
                    let seen = f64::from(network.state().demand_today[at]) * 4096.0 / f64::from(season);
                    *level += (seen - *level) * 0.5f64.powi(plan.smoothing_shift);
                }
                let found = f64::from(network.state().forecast_level[at]) / 4096.0;
                assert!(
                    (found - *level).abs() <= 0.02 + 0.004 * level.abs(),
                    "seed {seed}, day {day}, stockpoint {at}: {found} is not {level}"
                );
            }
        });
    }
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
            }
        }
        for (l, lane) in plan.lanes.iter().enumerate() {
            assert_eq!(s.lanes()[l].first_route, plan.first_route(l));
            assert_eq!(s.lanes()[l].share_until - s.lanes()[l].share_before, lane.share);
        }
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
