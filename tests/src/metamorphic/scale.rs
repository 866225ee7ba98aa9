//! All quantities times a factor: stock and linear costs times it, fixed costs as they were.

use super::{DAYS, run};
use crate::random_network::{Plan, Wish, wish};
use restock_core::kpi::Tally;
use restock_core::ledger::Ledger;
use restock_core::policy::{Actions, NodeView, Policy};
use restock_core::scenario::{Allocation, EventKind};

/// The wishes of a seed, in other units.
struct Scaled {
    seed: u64,
    factor: i32,
}

impl Policy for Scaled {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        for i in 0..view.products() {
            let w: Wish = wish(self.seed, view.day(), view.node(), view.scenario().product_key(i));
            actions.level[i] = w.level.saturating_mul(self.factor);
            actions.cap[i] = w.cap.saturating_mul(self.factor);
            actions.expedite[i] = w.expedite.saturating_mul(self.factor);
            (actions.weight[i], actions.route[i], actions.effort[i]) = (w.weight, w.route, w.effort);
        }
    }
}

/// Without what chance rounds: receipts are good or bad as a whole, nothing is spoilt, no group is shocked; of a
/// component each product takes one unit, and room costs whole amounts.
fn without_parts(mut plan: Plan) -> Plan {
    let shares = plan.lanes.iter().filter_map(|lane| lane.grades.as_ref()).flat_map(|grades| grades.defect_tables);
    for table in shares.flatten().collect::<Vec<usize>>() {
        plan.tables[table]
            .iter_mut()
            .for_each(|segment| segment.value = if segment.value > 8000 { 1 << 16 } else { 0 });
    }
    plan.stock.iter_mut().flatten().for_each(|stock| stock.spoilage_q16 = 0);
    plan.products.iter_mut().for_each(|product| product.group = None);
    plan.bom.iter_mut().for_each(|line| line.quantity = 1);
    plan.nodes.iter_mut().for_each(|node| node.overflow_rate = node.overflow_rate / 1024 * 1024);
    plan
}

/// A factor that is a whole number, 0 to 2.
fn whole(kind: EventKind, value_q12: i32) -> i32 {
    if kind == EventKind::Grade { value_q12 } else { (value_q12 / 4096).min(2) * 4096 }
}

/// A random network in which nothing rounds: one supplier a node, no season, whole surges, stock shared in
/// order, and shared capacities only where one product has them for itself.
fn without_rounding(seed: u64) -> Plan {
    let mut plan = without_parts(Plan::random(seed));
    let first = |l: usize| (0..l).all(|k| plan.lanes[k].customer != plan.lanes[l].customer);
    let kept: Vec<usize> = (0..plan.lanes.len()).filter(|&l| first(l)).collect();
    plan.lanes = kept.iter().map(|&l| plan.lanes[l].clone()).collect();
    plan.lanes.iter_mut().for_each(|l| l.share = 1_000_000);
    plan.open_orders.retain(|o| kept.contains(&o.lane));
    for open in &mut plan.open_orders {
        open.lane = kept.iter().position(|&l| l == open.lane).unwrap_or(0);
    }
    plan.profiles.iter_mut().flatten().for_each(|season| *season = 4096);
    let routes: usize = plan.lanes.iter().map(|l| l.routes.len()).sum();
    let places = routes.min(plan.nodes.len());
    // Where something happens to a lane, that lane's new number; else any place there is.
    let moved = |kind: EventKind, place: usize| match kind {
        EventKind::Outside | EventKind::Grade => kept.iter().position(|&l| l == place),
        _ => Some(place % places),
    };
    plan.events.retain_mut(|event| {
        event.value_q12 = whole(event.kind, event.value_q12);
        moved(event.kind, event.place).map(|place| event.place = place).is_some()
    });
    plan.disruptions.retain_mut(|disruption| {
        disruption.value_q12 = whole(disruption.kind, disruption.value_q12);
        moved(disruption.kind, disruption.place).map(|place| disruption.place = place).is_some()
    });
    plan.tables.iter_mut().flatten().for_each(|segment| segment.span = 0);
    for node in &mut plan.nodes {
        if node.allocation == Allocation::Proportional {
            node.allocation = Allocation::Priority;
        }
    }
    if plan.products.len() > 1 {
        plan = super::without_shared_capacity(plan);
    }
    plan.products.iter_mut().for_each(|product| product.volume = product.volume.min(1));
    plan.stock.iter_mut().flatten().for_each(|stock| stock.work = stock.work.min(1));
    plan
}

/// The plan with every quantity times `factor`.
fn scaled(plan: &Plan, factor: i32) -> Plan {
    let mut plan = plan.clone();
    plan.demand_max *= factor;
    plan.position_max *= factor;
    for stock in plan.stock.iter_mut().flatten() {
        stock.lot_size *= factor;
        stock.order_min *= factor;
        stock.order_max *= factor;
        stock.position_max *= factor;
        stock.initial *= factor;
    }
    let mut demand: Vec<usize> = plan.stock.iter().flatten().filter_map(|s| s.demand_table).collect();
    demand.sort_unstable();
    demand.dedup();
    for table in demand {
        plan.tables[table].iter_mut().for_each(|segment| segment.value *= factor);
    }
    plan.replay.iter_mut().flatten().flatten().for_each(|units| *units *= factor);
    plan.open_orders.iter_mut().for_each(|open| open.units *= factor);
    for node in &mut plan.nodes {
        node.capacity = node.capacity.map(|work| work * factor);
        node.storage = node.storage.map(|volume| volume * factor);
    }
    for route in plan.lanes.iter_mut().flat_map(|l| &mut l.routes) {
        route.capacity = route.capacity.map(|volume| volume * factor);
    }
    plan
}

/// What a day's report must be where every quantity is `factor` times as much.
fn scaled_tally(t: &Tally, factor: i64) -> Tally {
    Tally {
        demand: t.demand * factor,
        served: t.served * factor,
        lost: t.lost * factor,
        faced: t.faced * factor,
        met: t.met * factor,
        ordered: t.ordered * factor,
        received: t.received * factor,
        scrapped: t.scrapped * factor,
        produced: t.produced * factor,
        shipped_to: t.shipped_to * factor,
        sold_value: t.sold_value * factor,
        stock_value: t.stock_value * factor,
        transit_value: t.transit_value * factor,
        work_used: t.work_used * factor,
        work_capacity: t.work_capacity * factor,
        ledger: Ledger {
            holding: t.ledger.holding * factor,
            backorder: t.ledger.backorder * factor,
            lost_sale: t.ledger.lost_sale * factor,
            // Fixed: by order, not by unit.
            ordering: t.ledger.ordering,
            freight: t.ledger.freight * factor,
            production: t.ledger.production * factor,
            // By effort, not by unit.
            negotiation: t.ledger.negotiation,
            scrap: t.ledger.scrap * factor,
            overflow: t.ledger.overflow * factor,
        },
    }
}

/// Quantities in other units are the same network. Returns the days judged.
///
/// # Panics
/// On the first number that is not its multiple.
pub fn scaled_quantities_scale_stock_and_linear_costs(seed: u64) -> u32 {
    let factor = 2 + (seed % 6) as i32;
    let plan = without_rounding(seed);
    let mut days = Vec::new();
    run(&plan, seed, &mut Scaled { seed, factor: 1 }, |_, network, _| {
        let v = network.state();
        let units = [v.inventory_level, v.ordered_today, v.waiting, v.in_transit, v.staged, v.mail, v.rush, v.yard];
        let units: Vec<Vec<i32>> = units.map(|rows| rows.iter().map(|&u| u * factor).collect()).into();
        let tallies: Vec<Tally> = network.today().iter().map(|t| scaled_tally(t, i64::from(factor))).collect();
        days.push((units, tallies));
    });
    run(&scaled(&plan, factor), seed, &mut Scaled { seed, factor }, |day, network, _| {
        let v = network.state();
        let units = [v.inventory_level, v.ordered_today, v.waiting, v.in_transit, v.staged, v.mail, v.rush, v.yard];
        let (right_units, right_tallies) = &days[day as usize];
        for (k, (found, right)) in units.iter().zip(right_units).enumerate() {
            assert_eq!(found, right, "units of array {k}, seed {seed}, day {day}, times {factor}");
        }
        assert_eq!(network.today(), right_tallies, "seed {seed}, day {day}, times {factor}");
    });
    DAYS
}
