//! Published and exact values that the simulator must come to.
//!
//! Problems that state the order before the demand of its day have a lead time of L there and of
//! L + 1 here: an order here follows the day's demand, so it is the order of the next morning there.

use restock_core::policy::{Actions, DualIndex, NodeView, Policy, ReorderPoint};
use restock_core::scenario::{Allocation, SEASON_AHEAD_DAYS, Scenario};
use restock_core::{Network, order::UNLIMITED};
use restock_tests::random_network::{Lane, Node, Plan, Product, Route, Segment, Stock, even_table, mass_table};

const DAYS: usize = 4096;
const WARM_UP: usize = 256;
/// Independent products of one run: their means give the standard error.
const PRODUCTS: usize = 128;

/// A serial chain, customers first: lead times here, costs [minor units], a demand table.
fn chain(leads: &[usize], stock: &[Stock], lost_sales: bool, demand: Vec<Segment>) -> Plan {
    let lead_tables = leads.iter().map(|&lead| even_table(&[lead as i32]));
    let last = leads.len() - 1;
    Plan {
        horizon_days: DAYS,
        ring_days: leads.iter().max().unwrap() + 1,
        forecast_shift: 0,
        demand_max: demand.last().map_or(0, |s| s.value + s.span + 2),
        position_max: 1 << 20,
        nodes: (0..leads.len())
            .map(|n| Node {
                sells: n == 0,
                lost_sales,
                production_days: None,
                capacity: None,
                echelon: n as i32,
                review_days: 1,
                review_offset: 0,
                allocation: Allocation::Proportional,
                storage: None,
                overflow_rate: 0,
            })
            .collect(),
        lanes: (0..leads.len())
            .map(|n| Lane {
                supplier: (n < last).then_some(n + 1),
                customer: n,
                order_days: 0,
                priority: 0,
                share: 1_000_000,
                routes: vec![route(n + 1, 0)],
                grades: None,
            })
            .collect(),
        products: (0..PRODUCTS)
            .map(|i| Product { key: 0x1234_5678_9abc * (i as u64 + 1), volume: 1, group: None })
            .collect(),
        stock: (0..leads.len())
            .map(|n| vec![Stock { demand_table: (n == 0).then_some(0), ..stock[n] }; PRODUCTS])
            .collect(),
        profiles: vec![vec![4096; DAYS + SEASON_AHEAD_DAYS]],
        tables: std::iter::once(demand).chain(lead_tables).collect(),
        ..Plan::default()
    }
}

/// A route without limits.
fn route(lead_table: usize, freight: i32) -> Route {
    Route { lead_table, by_grade: None, promise_days: 1, capacity: None, freight: vec![freight; PRODUCTS] }
}

fn stock(holding: i32, backorder: i32, initial: i32) -> Stock {
    Stock {
        holding,
        backorder,
        initial,
        lot_size: 1,
        order_max: 1 << 20,
        position_max: 1 << 20,
        protection_days: 1,
        ..Stock::default()
    }
}

/// Mean cost a day of one product and its standard error [minor units].
fn mean_cost<P: Policy>(plan: &Plan, policy: &mut P) -> (f64, f64) {
    let image = plan.image();
    let s = Scenario::new(&image).unwrap();
    let mut memory = vec![0; Network::words(&s)];
    let mut costs = vec![0; s.stockpoints()];
    let mut network = Network::new(&s, &mut memory).unwrap().with_costs(&mut costs).unwrap();
    let mut means = Vec::new();
    for replica in 0..2 {
        network.reset(2024, replica, 0);
        let mut sums = [0i64; PRODUCTS];
        for day in 0..DAYS {
            network.advance(policy);
            if day >= WARM_UP {
                for (at, cost) in network.costs().unwrap().iter().enumerate() {
                    sums[at % PRODUCTS] += cost;
                }
            }
        }
        means.extend(sums.map(|sum| sum as f64 / (DAYS - WARM_UP) as f64));
    }
    let count = means.len() as f64;
    let mean = means.iter().sum::<f64>() / count;
    let variance = means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, (variance / count).sqrt())
}

/// Within 0.5 % or three standard errors, whichever is wider; the error itself below 0.5 %.
fn close((mean, error): (f64, f64), right: f64, what: &str) {
    assert!(error < 0.005 * right, "{what}: standard error {error} of {mean} is too wide to tell");
    assert!((mean - right).abs() <= (0.005 * right).max(3.0 * error), "{what}: {mean} +- {error}, should be {right}");
}

/// One level and cap for each node.
struct Levels<'a> {
    level: &'a [i32],
    cap: i32,
}

impl Policy for Levels<'_> {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        actions.level.fill(self.level[view.node()]);
        actions.cap.fill(self.cap);
    }
}

fn poisson(mean: f64, most: usize) -> Vec<f64> {
    let mut masses = vec![(-mean).exp()];
    for k in 1..=most {
        masses.push(masses[k - 1] * mean / k as f64);
    }
    masses
}

/// A normal distribution as an interpolated table of 1000 pieces over five standard deviations each way.
fn normal_table(mean: f64, deviation: f64) -> Vec<Segment> {
    const PIECES: usize = 1000;
    const FINE: usize = 64;
    let step = 10.0 * deviation / PIECES as f64;
    let density = |z: f64| (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let mut below = 0.0;
    let mut table: Vec<Segment> = Vec::new();
    for k in 0..PIECES {
        let from = mean - 5.0 * deviation + step * k as f64;
        let (value, next) = (from.round() as i32, (from + step).round() as i32);
        let start = (below * 4_294_967_296.0) as u32;
        if table.last().is_none_or(|last| last.start < start) {
            table.push(Segment { start, value, span: next - value });
        } else if let Some(last) = table.last_mut() {
            last.span = next - last.value;
        }
        below +=
            (0..FINE).map(|i| density((from - mean + step * (i as f64 + 0.5) / FINE as f64) / deviation)).sum::<f64>()
                * step
                / deviation
                / FINE as f64;
    }
    table
}

/// Zipkin (2008), Old and New Methods for Lost-Sales Inventory Systems, Operations Research 56(5),
/// Table 3, recomputed exactly by value iteration: Poisson demand of mean 5, holding 1, unmet demand lost.
#[test]
fn lost_sales_cost_what_zipkin_found() {
    for (penalty, lead, base_stock, capped) in [
        (4, 1, (12, 4.1628), (12, 6, 4.0654)),
        (4, 2, (16, 4.6386), (17, 5, 4.4057)),
        (4, 4, (25, 5.1976), (26, 5, 4.7978)),
        (9, 2, (19, 6.3163), (19, 6, 6.1191)),
        (9, 4, (28, 7.2705), (29, 5, 6.9123)),
    ] {
        let row = Stock { lost_sale: penalty * 100, ..stock(100, 0, base_stock.0) };
        let plan = chain(&[lead + 1], &[row], true, mass_table(&poisson(5.0, 30)));
        let found = mean_cost(&plan, &mut Levels { level: &[base_stock.0], cap: UNLIMITED });
        close(found, base_stock.1 * 100.0, &format!("base stock, p {penalty}, L {lead}"));
        let found = mean_cost(&plan, &mut Levels { level: &[capped.0], cap: capped.1 });
        close(found, capped.2 * 100.0, &format!("capped base stock, p {penalty}, L {lead}"));
    }
}

/// With backorders, base stock S over a lead time of L here leaves S less the demand of L days: exact.
#[test]
fn backorders_cost_what_the_newsvendor_pays() {
    for (lead, level) in [(1, 8), (3, 20), (6, 37)] {
        let plan = chain(&[lead], &[stock(100, 900, level)], false, mass_table(&poisson(5.0, 30)));
        let right: f64 = poisson(5.0 * lead as f64, 120)
            .iter()
            .enumerate()
            .map(|(d, mass)| mass * f64::from(100 * (level - d as i32).max(0) + 900 * (d as i32 - level).max(0)))
            .sum();
        close(
            mean_cost(&plan, &mut Levels { level: &[level], cap: UNLIMITED }),
            right,
            &format!("newsvendor, L {lead}"),
        );
    }
}

/// Normal demand (50, 8), holding 0.18, backorder 0.70: base stock 56.6040 costs 1.9976; a thousandth
/// of a unit is the internal unit.
#[test]
fn the_normal_newsvendor_costs_its_closed_form() {
    let plan = chain(&[1], &[stock(18, 70, 56_604)], false, normal_table(50_000.0, 8000.0));
    close(mean_cost(&plan, &mut Levels { level: &[56_604], cap: UNLIMITED }), 1.9976 * 100_000.0, "normal newsvendor");
}

/// The setting of Zheng and Federgruen (1991), recomputed: zero lead time there, holding 1, backorder
/// 9, 64 an order.
#[test]
fn fixed_order_costs_cost_what_zheng_and_federgruen_found() {
    for (mean, reorder, up_to, right) in [(10.0, 6, 40, 35.0216), (20.0, 14, 62, 49.1730)] {
        let row = Stock { order_cost: 6400, ..stock(100, 900, up_to) };
        let plan = chain(&[1], &[row], false, mass_table(&poisson(mean, 70)));
        let found = mean_cost(&plan, &mut ReorderPoint { reorder: &[reorder; PRODUCTS], up_to: &[up_to; PRODUCTS] });
        close(found, right * 100.0, &format!("(s, S), mean {mean}"));
    }
}

/// Snyder and Shen, Fundamentals of Supply Chain Theory, chapter 6 (Clark and Scarf): echelon base
/// stock as local levels; stock in transit is not in the simulator's holding cost and is added.
#[test]
fn serial_chains_cost_what_clark_and_scarf_pay() {
    let demand = normal_table(5000.0, 1000.0);
    let rows = [stock(700, 3712, 6484), stock(400, 0, 5544), stock(200, 0, 10_692)];
    let plan = chain(&[1, 1, 2], &rows, false, demand);
    let (mean, error) = mean_cost(&plan, &mut Levels { level: &[6484, 5544, 10_692], cap: UNLIMITED });
    let pipeline = 400.0 * 5000.0 + 200.0 * 5000.0;
    close((mean + pipeline, error), 47.6654 * 100_000.0, "example 6.1");

    let rows = [stock(20, 150, 123_939), stock(10, 0, 104_549)];
    let plan = chain(&[1, 1], &rows, false, normal_table(100_000.0, 15_000.0));
    let (mean, error) = mean_cost(&plan, &mut Levels { level: &[123_939, 104_549], cap: UNLIMITED });
    close((mean + 10.0 * 100_000.0, error), 166.2705 * 10_000.0, "problem 6.1");
}

/// An order of day t over a lead time of L serves the demand of day t + L: constant demand needs a
/// base stock of exactly L days.
#[test]
fn an_order_of_today_serves_the_demand_l_days_later() {
    for lead in 1..=5 {
        let cost = |level: i32| {
            let plan = chain(&[lead], &[stock(1, 1000, 0)], false, even_table(&[7]));
            mean_cost(&plan, &mut Levels { level: &[level], cap: UNLIMITED }).0
        };
        let days = lead as i32 * 7;
        assert_eq!(cost(days), 0.0, "lead {lead}: neither stock nor backorder");
        assert_eq!(cost(days + 1), 1.0, "lead {lead}: one unit of stock");
        assert_eq!(cost(days - 1), 1000.0, "lead {lead}: one backorder");
    }
}

/// Orders that repeat demand have its variance; a demand that never varies has no ratio.
#[test]
fn base_stock_orders_have_a_bullwhip_ratio_of_one() {
    let plan = chain(&[2, 1], &[stock(1, 1, 500), stock(1, 1, 500)], false, mass_table(&poisson(5.0, 30)));
    let image = plan.image();
    let s = Scenario::new(&image).unwrap();
    let mut memory = vec![0; Network::words(&s)];
    let mut network = Network::new(&s, &mut memory).unwrap();
    for days in [3, 30, 300] {
        network.reset(1, 0, 0);
        for _ in 0..days {
            network.advance(&mut Levels { level: &[500, 500], cap: UNLIMITED });
        }
        assert_eq!((network.kpis().bullwhip_milli(0), network.kpis().bullwhip_milli(1)), (1000, 1000), "{days} days");
    }
}

/// Gijsbrechts et al. (2022), section 6.2, optima recomputed exactly: demand 0 to 4, holding 5, backorder
/// 495, regular units at 100, expedited ones dearer; the capped dual index is hardly above the optimum.
#[test]
fn dual_sourcing_costs_what_the_capped_dual_index_costs() {
    for (regular, dear, optimal, (expedite, level, cap), gap) in
        [(2, 105, 216.7698, (4, 7, 2), 0.00006), (3, 110, 220.3411, (4, 10, 2), 0.00057)]
    {
        let mut plan = chain(&[regular + 1], &[stock(5, 495, 8)], false, even_table(&[0, 1, 2, 3, 4]));
        let fast = plan.tables.len();
        plan.tables.push(even_table(&[1]));
        let routes = &mut plan.lanes[0].routes;
        routes[0].freight.fill(100);
        routes.push(route(fast, dear));
        let row = |value: i32| vec![value; PRODUCTS];
        let found = mean_cost(&plan, &mut DualIndex { expedite: &row(expedite), level: &row(level), cap: &row(cap) });
        close(found, optimal * (1.0 + gap), &format!("dual sourcing, regular lead time {regular}"));
    }
}
