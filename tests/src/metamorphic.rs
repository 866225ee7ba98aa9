//! What must not change when something else does, as functions of a seed. Each returns how many days or
//! rows it has judged, so that a test can tell a check that never bites.

use crate::random_network::{Dice, Plan, Wishes, even_table};
use restock_core::Network;
use restock_core::observation::{self, FEATURES};
use restock_core::policy::{Actions, NodeView, Policy};
use restock_core::scenario::Scenario;

mod scale;
mod suppliers;

pub use scale::scaled_quantities_scale_stock_and_linear_costs;
pub use suppliers::{
    a_disruption_ends_and_all_is_as_planned, effort_never_worsens_a_grade, without_effort_a_grade_relaxes_to_its_base,
};

/// Days of each run.
pub const DAYS: u32 = 50;

/// All of them, for one seed.
///
/// # Panics
/// At the first that does not hold.
pub fn check(seed: u64) {
    permuted_products_permute_results(seed);
    a_longer_ring_changes_nothing(seed);
    no_demand_gives_no_orders_after_the_fill(seed);
    more_base_stock_never_raises_backorders(seed);
    scaled_quantities_scale_stock_and_linear_costs(seed);
    the_position_is_stock_and_orders_less_backorders(seed);
    demand_does_not_depend_on_the_policy(seed);
    effort_never_worsens_a_grade(seed);
    without_effort_a_grade_relaxes_to_its_base(seed);
    a_disruption_ends_and_all_is_as_planned(seed);
}

/// Runs a plan; after each day `look` sees the network.
///
/// # Panics
/// If the plan is no valid scenario.
pub fn run<P: Policy>(plan: &Plan, seed: u64, policy: &mut P, mut look: impl FnMut(u32, &Network<'_, '_>, &mut P)) {
    let image = plan.image();
    let s = Scenario::new(&image).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    let mut memory = vec![0; Network::words(&s)];
    let mut network = Network::new(&s, &mut memory).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    network.reset(seed, 0, 0);
    for day in 0..DAYS {
        network.advance(policy);
        look(day, &network, policy);
    }
}

/// Fixed base-stock levels, by node and product key; keeps what it observes where it is asked to.
#[derive(Clone, Debug)]
pub struct Fixed {
    seed: u64,
    least: i32,
    most: i32,
    /// Whether to observe.
    pub observes: bool,
    /// Day, node, and features of each observation.
    pub observed: Vec<(u32, usize, Vec<i8>)>,
}

impl Fixed {
    /// Levels from `least` to `most`, by chance.
    #[must_use]
    pub fn new(seed: u64, least: i32, most: i32) -> Self {
        Self { seed, least, most, observes: false, observed: Vec::new() }
    }

    /// The level of a stockpoint [units].
    #[must_use]
    pub fn level(&self, node: usize, key: u64) -> i32 {
        Dice::new(self.seed ^ key ^ ((node as u64) << 32)).between(self.least, self.most)
    }
}

impl Policy for Fixed {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        if self.observes {
            let mut features = vec![0; FEATURES * view.products()];
            observation::write(view, &mut features);
            self.observed.push((view.day(), view.node(), features));
        }
        for i in 0..view.products() {
            actions.level[i] = self.level(view.node(), view.scenario().product_key(i));
        }
    }
}

/// The plan without the limits that products share: their order then means nothing.
#[must_use]
pub fn without_shared_capacity(mut plan: Plan) -> Plan {
    plan.nodes.iter_mut().for_each(|n| (n.capacity, n.storage) = (None, None));
    plan.lanes.iter_mut().flat_map(|l| &mut l.routes).for_each(|r| r.capacity = None);
    // Each component goes into one product.
    plan.bom.dedup_by_key(|line| (line.node, line.component));
    plan
}

/// A chain of `nodes`, each supplied by the next, with fixed lead times and no limits.
#[must_use]
pub fn serial(seed: u64, nodes: usize) -> Plan {
    let mut plan = without_shared_capacity(Plan::random(seed));
    let mut d = Dice::new(seed);
    let (node, stock, mut lane) = (plan.nodes[0].clone(), plan.stock[0].clone(), plan.lanes[0].clone());
    lane.routes.truncate(1);
    plan.events.clear();
    plan.disruptions.clear();
    plan.bom.clear();
    lane.grades = None;
    plan.open_orders.clear();
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
        (lane.routes[0].lead_table, lane.routes[0].by_grade) = (plan.tables.len() - 1, None);
        (lane.customer, lane.supplier, lane.share) = (n, (n + 1 < nodes).then_some(n + 1), 1_000_000);
        lane.order_days = d.pick(&[0, 0, 2]);
        plan.lanes.push(lane);
    }
    plan
}

/// The products in a random order in which components still come after what they go into.
fn shuffled(plan: &Plan, d: &mut Dice) -> Vec<usize> {
    let mut left: Vec<usize> = (0..plan.products.len()).collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let waits = |i: usize| plan.bom.iter().any(|line| line.component == i && left.contains(&line.product));
        let free: Vec<usize> = left.iter().copied().filter(|&i| !waits(i)).collect();
        let next = d.pick(&free);
        left.retain(|&i| i != next);
        order.push(next);
    }
    order
}

/// Products in another order fare the same. Returns the days judged.
pub fn permuted_products_permute_results(seed: u64) -> u32 {
    let plan = without_shared_capacity(Plan::random(seed));
    let p = plan.products.len();
    let order = shuffled(&plan, &mut Dice::new(seed));
    let place = |product: usize| order.iter().position(|&i| i == product).unwrap_or(product);
    let mut other = plan.clone();
    let picked = |row: &[i32]| order.iter().map(|&i| row[i]).collect::<Vec<i32>>();
    other.products = order.iter().map(|&i| plan.products[i].clone()).collect();
    other.stock = plan.stock.iter().map(|row| order.iter().map(|&i| row[i]).collect()).collect();
    other.lanes.iter_mut().flat_map(|l| &mut l.routes).for_each(|r| r.freight = picked(&r.freight));
    other.replay.iter_mut().flatten().for_each(|row| *row = picked(row));
    for open in &mut other.open_orders {
        open.product = place(open.product);
    }
    for line in &mut other.bom {
        (line.product, line.component) = (place(line.product), place(line.component));
    }
    other.bom.sort_by_key(|line| (line.node, line.component, line.product));
    other.open_orders.sort_by_key(|o| (o.lane, o.product, o.stage, o.days));
    let mut days = Vec::new();
    run(&plan, seed, &mut Wishes::new(seed), |_, network, _| {
        let v = network.state();
        days.push((v.inventory_level.to_vec(), v.ordered_today.to_vec(), v.score.to_vec(), network.today().to_vec()));
    });
    run(&other, seed, &mut Wishes::new(seed), |day, network, _| {
        let (level, ordered, score, tallies) = &days[day as usize];
        let permuted = |rows: &[i32]| rows.chunks(p).flat_map(picked).collect::<Vec<i32>>();
        assert_eq!(permuted(level), network.state().inventory_level, "level, seed {seed}, day {day}");
        assert_eq!(permuted(ordered), network.state().ordered_today, "ordered, seed {seed}, day {day}");
        assert_eq!(permuted(score), network.state().score, "scores, seed {seed}, day {day}");
        assert_eq!(tallies, network.today(), "tallies, seed {seed}, day {day}");
    });
    if order.is_sorted() { 0 } else { DAYS }
}

/// A ring longer than every lead time changes nothing, however long it is. Returns the days judged.
pub fn a_longer_ring_changes_nothing(seed: u64) -> u32 {
    let mut plan = Plan::random(seed);
    let mut days = Vec::new();
    run(&plan, seed, &mut Wishes::new(seed), |_, network, _| {
        let v = network.state();
        days.push((v.inventory_level.to_vec(), v.ordered_today.to_vec(), network.today().to_vec()));
    });
    plan.ring_days += 1 + (seed % 50) as usize;
    run(&plan, seed, &mut Wishes::new(seed), |day, network, _| {
        let (level, ordered, tallies) = &days[day as usize];
        assert_eq!(level, network.state().inventory_level, "level, seed {seed}, day {day}");
        assert_eq!(ordered, network.state().ordered_today, "ordered, seed {seed}, day {day}");
        assert_eq!(tallies, network.today(), "tallies, seed {seed}, day {day}");
    });
    DAYS
}

/// Without demand nothing is ordered once stocks are full. Returns the days judged.
pub fn no_demand_gives_no_orders_after_the_fill(seed: u64) -> u32 {
    // What is scrapped is ordered again.
    let mut plan = Plan::random(seed).without_defects();
    plan.tables.push(even_table(&[0]));
    let none = plan.tables.len() - 1;
    plan.replay.clear();
    plan.events.clear();
    plan.position_max = 3000;
    for s in plan.stock.iter_mut().flatten() {
        s.demand_table = s.demand_table.map(|_| none);
        // Who may order nothing at all still may not: it is a component's.
        (s.order_max, s.position_max) = (if s.order_max > 0 { 3000 } else { 0 }, 3000);
    }
    // A fill takes each echelon one review period and the mail before it; open orders may be in the mail
    // for as long as the ring.
    let fill: u32 = plan.nodes.iter().map(|n| n.review_days as u32).sum::<u32>()
        + plan.lanes.iter().map(|l| l.order_days as u32).sum::<u32>()
        + if plan.open_orders.is_empty() { 0 } else { plan.ring_days as u32 };
    let mut judged = 0;
    run(&plan, seed, &mut Fixed::new(seed, 0, 150), |day, network, _| {
        if day > fill {
            assert!(network.state().ordered_today.iter().all(|&q| q == 0), "seed {seed}, day {day}");
            judged += 1;
        }
        assert_eq!(network.kpis().total().demand, 0, "seed {seed}");
    });
    judged
}

/// [`Fixed`], but one node's levels are higher.
struct More {
    fixed: Fixed,
    node: usize,
    units: i32,
}

impl Policy for More {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        self.fixed.decide(view, actions);
        if view.node() == self.node {
            actions.level.iter_mut().for_each(|level| *level += self.units);
        }
    }
}

/// Under equal draws more base stock, at whichever node, never raises the customers' backorders in a serial
/// chain without limits. Returns how often it lowered them.
pub fn more_base_stock_never_raises_backorders(seed: u64) -> u32 {
    let plan = serial(seed, 1 + (seed % 4) as usize);
    let p = plan.products.len();
    let mut lean = Vec::new();
    run(&plan, seed, &mut Fixed::new(seed, 10, 60), |_, network, _| {
        lean.push(network.state().inventory_level[..p].to_vec())
    });
    let (node, units) = ((seed / 4) as usize % plan.nodes.len(), 1 + (seed / 16) as i32 % 40);
    let mut richer = More { fixed: Fixed::new(seed, 10, 60), node, units };
    let mut lowered = 0;
    run(&plan, seed, &mut richer, |day, network, _| {
        for (i, &before) in lean[day as usize].iter().enumerate() {
            let (before, after) = ((-before).max(0), (-network.state().inventory_level[i]).max(0));
            assert!(after <= before, "seed {seed}, day {day}, product {i}: {before} owed became {after}");
            lowered += u32::from(after < before);
        }
    });
    lowered
}

/// What orders of assembled products have asked of a component today [units].
fn asked_of(s: &Scenario<'_>, dependent: &[i32], n: usize, i: usize) -> i32 {
    let node = &s.nodes()[n];
    if node.bom_lines == 0 { 0 } else { dependent[node.bom_row * s.products() + i] }
}

/// Inventory position = on hand + in transit + waiting upstream - backorders. Returns the rows judged.
pub fn the_position_is_stock_and_orders_less_backorders(seed: u64) -> u32 {
    let plan = Plan::random(seed);
    let p = plan.products.len();
    let mut judged = 0;
    run(&plan, seed, &mut Wishes::new(seed), |day, network, policy| {
        let (s, v) = (network.scenario(), network.state());
        let cell = |rows: &[i32], row: Option<usize>, i: usize| row.map_or(0, |r| i64::from(rows[r * p + i]));
        for (n, position) in policy.seen.drain(..) {
            let node = &s.nodes()[n];
            let works = node.produces.then_some(node.producer_row);
            for (i, &position) in position.iter().enumerate() {
                let level = cell(v.inventory_level, Some(n), i);
                let (on_hand, backorders) = (level.max(0), (-level).max(0));
                let (mut in_transit, mut upstream, mut ordered) = (0, 0, 0);
                for l in node.inbound.iter().map(|&b| usize::from(b)) {
                    let lane = &s.lanes()[l];
                    in_transit += cell(v.in_transit, Some(l), i);
                    upstream += cell(v.waiting, Some(l), i)
                        + cell(v.staged, lane.staged_row, i)
                        + cell(v.mail, lane.mail_row, i);
                    ordered += cell(v.ordered_today, Some(l), i);
                }
                let inside =
                    cell(v.input_stock, works, i) + cell(v.in_production, works, i) + cell(v.yard, node.yard_row, i);
                // After a decision, orders move from stage to stage until the morning: none is lost. What
                // production was asked for since is on order, and owed by its components.
                let asked = i64::from(asked_of(s, v.dependent, n, i));
                let released = on_hand + in_transit + upstream + inside - backorders - i64::from(position) - ordered;
                let lines = s.bom(node).filter(|line| line.product == i || line.component == i);
                match lines.last() {
                    Some(line) if line.component == i => {
                        assert_eq!(released, -asked, "seed {seed}, day {day}, node {n}, component {i}");
                    }
                    Some(_) => assert!(released >= 0, "seed {seed}, day {day}, node {n}, assembled product {i}"),
                    None => assert_eq!(released, 0, "seed {seed}, day {day}, node {n}, product {i}"),
                }
                judged += 1;
            }
        }
    });
    judged
}

/// Chance has an address: what a policy does never changes what customers want. Returns the days judged.
pub fn demand_does_not_depend_on_the_policy(seed: u64) -> u32 {
    let plan = Plan::random(seed);
    let mut demand = Vec::new();
    run(&plan, seed, &mut Wishes::new(1), |_, network, _| {
        demand.push(network.today().iter().map(|t| t.demand).collect::<Vec<_>>())
    });
    run(&plan, seed, &mut Fixed::new(seed, 0, 90), |day, network, _| {
        let now: Vec<i64> = network.today().iter().map(|t| t.demand).collect();
        assert_eq!(demand[day as usize], now, "seed {seed}, day {day}");
    });
    DAYS
}
