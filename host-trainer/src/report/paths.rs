//! The learned policy on the test paths, day by day: what the page's curves are of.
//!
//! The paths are those of `restock compare`, seed and replica alike, so that the two tell of the same days.

use super::band::{Band, rounded};
use crate::command::compare::INT8;
use crate::evaluate::{self, Contender, Outcome, Protocol, Summary};
use crate::failure::{Failure, code};
use crate::progress::{Interrupt, Progress};
use crate::simd;
use restock_core::blob::PolicyBlob;
use restock_core::hyperscore::Parts;
use restock_core::layout::Column;
use restock_core::monitor::{HyperScoreMonitor, MonitorSettings};
use restock_core::policy::QuantizedPolicy;
use restock_core::{Network, Scenario};
use serde::Serialize;

/// Days whose score a day's reading is of [days].
pub const SCORE_DAYS: u32 = MonitorSettings::WEEKLY.window_days;

/// One product over one path; days and costs of the warm-up are not in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProductSums {
    /// Cost at all nodes [minor currency units].
    pub cost: i64,
    /// Demand at the nodes that sell [units].
    pub demand: i64,
    /// Its value [minor currency units].
    pub demand_value: i64,
    /// Ordered by all nodes [units].
    pub ordered: i64,
    /// Days at a node that sells without any demand.
    pub idle_days: u32,
    /// Days at a node that sells that end with nothing on hand.
    pub short_days: u32,
    /// Days at nodes that sell.
    pub days: u32,
}

impl ProductSums {
    fn add(&mut self, other: &Self) {
        self.cost += other.cost;
        self.demand += other.demand;
        self.demand_value += other.demand_value;
        self.ordered += other.ordered;
        self.idle_days += other.idle_days;
        self.short_days += other.short_days;
        self.days += other.days;
    }
}

/// One path.
struct Path {
    /// Value on hand and in transit [currency]. Shape `[echelon][day]`.
    stock: Vec<Vec<f64>>,
    transit: Vec<Vec<f64>>,
    /// Score, V, delivery rate, inventory score, capacity utilization of the last days. Shape `[figure][day]`.
    score: [Vec<f64>; 5],
    products: Vec<ProductSums>,
}

/// Value of stock at the nodes of one echelon.
#[derive(Clone, Debug, Serialize)]
pub struct Stock {
    /// Its nodes.
    pub nodes: Vec<String>,
    /// On hand [currency]. Shape `[day]`.
    pub on_hand: Band,
    /// In transit to it [currency]. Shape `[day]`.
    pub in_transit: Band,
}

/// HyperScore with all that it must not stand without, each of the last [`SCORE_DAYS`] days.
#[derive(Clone, Debug, Serialize)]
pub struct Score {
    /// The score.
    pub hyperscore: Band,
    /// Its V.
    pub v: Band,
    /// Fill rate of customers.
    pub delivery_rate: Band,
    /// `1 - holding / reference holding`.
    pub inventory_score: Band,
    /// Work used / capacity.
    pub capacity_utilization: Band,
}

/// What the policy did on all paths.
pub struct Course {
    /// Echelon by echelon, customers first.
    pub stock: Vec<Stock>,
    /// The score from the first day that counts.
    pub score: Score,
    /// Fill rate of the week up to each day from a shock on, less that before it.
    pub recovery: Band,
    /// Shocks that this is of.
    pub shocks: usize,
    /// Sums over paths. Shape `[product]`.
    pub products: Vec<ProductSums>,
    /// Its figures, as `restock compare` has them.
    pub summary: Summary,
}

impl Course {
    /// Runs the policy on every path of the protocol.
    ///
    /// # Errors
    /// If the policy does not fit the scenario, or Ctrl-C was pressed.
    pub fn run(
        scenario: &Scenario<'_>,
        names: &[String],
        blob: &PolicyBlob<'_>,
        protocol: &Protocol,
        threads: usize,
        quiet: bool,
    ) -> Result<Self, Failure> {
        let interrupt = Interrupt::install().map_err(|e| Failure::failed(e.to_string()))?;
        let mut progress = Progress::new("report", "paths", u64::from(protocol.replicas), quiet);
        let replicas: Vec<u32> = (0..protocol.replicas).collect();
        // A policy that does not fit is refused here, before anything runs under its name.
        let mut features = vec![0; QuantizedPolicy::bytes(scenario)];
        QuantizedPolicy::new(blob, scenario, &mut features).map_err(|e| Failure::data(e.to_string()))?;
        let mut paths = Vec::new();
        for some in replicas.chunks(threads.max(1)) {
            let done = crate::threads::map(some, threads, |&replica| one(scenario, blob, protocol, replica));
            progress.advance(done.len() as u64, "");
            paths.extend(done.into_iter().collect::<Result<Vec<_>, _>>()?);
            if interrupt.requested() {
                let message = "interrupted: no report was written".to_owned();
                return Err(Failure { code: code::INTERRUPTED, message });
            }
        }
        progress.finish();
        // Once more, as a comparison runs them: its figures have one home, and a path takes a blink.
        let outcomes = evaluate::run(scenario, &Contender::Int8(*blob), protocol, threads);
        Ok(Self::of(scenario, names, &paths, &outcomes, protocol.warmup_days))
    }

    fn of(scenario: &Scenario<'_>, names: &[String], paths: &[Path], outcomes: &[Outcome], warmup_days: u32) -> Self {
        let echelons = paths.first().map_or(0, |path| path.stock.len());
        let stock = (0..echelons)
            .map(|e| {
                let named = scenario.nodes().iter().zip(names).filter(|(node, _)| usize::from(node.echelon) == e);
                let band = |of: fn(&Path) -> &Vec<Vec<f64>>| {
                    Band::of(&paths.iter().map(|path| &of(path)[e]).collect::<Vec<_>>())
                };
                Stock {
                    nodes: named.map(|(_, name)| name.clone()).collect(),
                    on_hand: band(|path| &path.stock),
                    in_transit: band(|path| &path.transit),
                }
            })
            .collect();
        let [hyperscore, v, delivery_rate, inventory_score, capacity_utilization] =
            std::array::from_fn(|i| Band::of(&paths.iter().map(|path| &path.score[i]).collect::<Vec<_>>()));
        let courses: Vec<Vec<f64>> = outcomes.iter().flat_map(|outcome| outcome.daily.courses(warmup_days)).collect();
        let mut products = vec![ProductSums::default(); scenario.products()];
        for path in paths {
            products.iter_mut().zip(&path.products).for_each(|(sum, product)| sum.add(product));
        }
        Self {
            stock,
            score: Score { hyperscore, v, delivery_rate, inventory_score, capacity_utilization },
            recovery: Band::of(&courses),
            shocks: courses.len(),
            products,
            summary: evaluate::summarize(scenario, INT8, outcomes, None),
        }
    }
}

fn one(scenario: &Scenario<'_>, blob: &PolicyBlob<'_>, protocol: &Protocol, replica: u32) -> Result<Path, Failure> {
    let mut memory = vec![0; Network::words(scenario)];
    let mut costs = vec![0; scenario.stockpoints()];
    let refused = |e: &dyn std::fmt::Display| Failure::data(e.to_string());
    let network = Network::new(scenario, &mut memory).map_err(|e| refused(&e))?;
    let mut network = network.with_costs(&mut costs).map_err(|e| refused(&e))?;
    network.reset(protocol.seed, replica, protocol.first_day);
    let mut features = vec![0; QuantizedPolicy::bytes(scenario)];
    let policy = QuantizedPolicy::new(blob, scenario, &mut features).map_err(|e| refused(&e))?;
    let mut policy = policy.with_kernel(simd::HostKernel::new());
    let echelons = scenario.nodes().iter().map(|n| usize::from(n.echelon) + 1).max().unwrap_or(0);
    let mut path = Path {
        stock: vec![Vec::new(); echelons],
        transit: vec![Vec::new(); echelons],
        score: std::array::from_fn(|_| Vec::new()),
        products: vec![ProductSums::default(); scenario.products()],
    };
    // From the first day, so that readings have a full window when days begin to count.
    let mut monitor = HyperScoreMonitor::new(scenario, MonitorSettings::WEEKLY);
    for day in 0..protocol.warmup_days + protocol.days {
        simd::advance(&mut network, &mut policy);
        let _ = monitor.watch(network.today(), network.disrupted());
        path.day(&network);
        if day >= protocol.warmup_days {
            path.score(&monitor);
            path.count(&network);
        }
    }
    Ok(path)
}

impl Path {
    /// Stock at the end of a day.
    fn day(&mut self, network: &Network<'_, '_>) {
        let scenario = network.scenario();
        let money = f64::from(scenario.money_scale());
        for (e, (stock, transit)) in self.stock.iter_mut().zip(&mut self.transit).enumerate() {
            let nodes = scenario.nodes().iter().zip(network.today()).filter(|(node, _)| usize::from(node.echelon) == e);
            let (mut on_hand, mut under_way) = (0, 0);
            for (_, tally) in nodes {
                on_hand += tally.stock_value;
                under_way += tally.transit_value;
            }
            stock.push(on_hand as f64 / money);
            transit.push(under_way as f64 / money);
        }
    }

    fn score(&mut self, monitor: &HyperScoreMonitor) {
        let reading = monitor.window();
        let Parts { delivery_rate_ppm, inventory_score_ppm, capacity_utilization_ppm } = reading.parts;
        let share = |ppm: i64| ppm as f64 / 1e6;
        let figures = [
            reading.score.to_num::<f64>(),
            reading.v.to_num::<f64>(),
            share(delivery_rate_ppm),
            share(inventory_score_ppm),
            share(capacity_utilization_ppm),
        ];
        self.score.iter_mut().zip(figures).for_each(|(series, figure)| series.push(rounded(figure)));
    }

    /// Adds a day to the products' sums.
    fn count(&mut self, network: &Network<'_, '_>) {
        let (scenario, state) = (network.scenario(), network.state());
        let p = scenario.products();
        for row in network.costs().unwrap_or(&[]).chunks(p) {
            self.products.iter_mut().zip(row).for_each(|(sum, &cost)| sum.cost += cost);
        }
        for row in state.ordered_today.chunks(p) {
            self.products.iter_mut().zip(row).for_each(|(sum, &units)| sum.ordered += i64::from(units));
        }
        for (n, _) in scenario.nodes().iter().enumerate().filter(|(_, node)| node.sells) {
            let values = scenario.column(Column::UnitValue, n);
            let rows = state.demand_today[n * p..].iter().zip(&state.inventory_level[n * p..]).zip(values);
            for (sum, ((&demand, &level), &value)) in self.products.iter_mut().zip(rows) {
                sum.demand += i64::from(demand);
                sum.demand_value += i64::from(demand) * i64::from(value);
                sum.idle_days += u32::from(demand == 0);
                sum.short_days += u32::from(level <= 0);
                sum.days += 1;
            }
        }
    }
}
