//! Success in plain figures: totals of a period, and the ratios that come from totals.

use crate::convert::{byte_index, saturate_wide, wider};
use crate::hyperscore::Conditions;
use crate::ledger::Ledger;
use crate::scenario::{NODES_MAX, Scenario};
use heapless::Vec;

/// What happened at one node on one day, or over a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Customers' demand [units].
    pub demand: i64,
    /// Customers' demand served at once from stock [units].
    pub served: i64,
    /// Customers' demand lost [units].
    pub lost: i64,
    /// Demand faced from customers and lanes; what own production asks of components is not in it [units].
    pub faced: i64,
    /// Demand faced from lanes that stock was there for at once [units].
    pub met: i64,
    /// Ordered by this node [units].
    pub ordered: i64,
    /// Received by this node, defective units included [units].
    pub received: i64,
    /// Scrapped: defective on receipt, or spoilt in production [units].
    pub scrapped: i64,
    /// Finished by this node's production and good [units].
    pub produced: i64,
    /// Shipped towards this node [units].
    pub shipped_to: i64,
    /// Cost of goods sold to customers [minor currency units].
    pub sold_value: i64,
    /// Value of stock at the end of the day, in transit excluded; summed over days in a period.
    pub stock_value: i64,
    /// Value in transit towards this node at the end of the day; summed over days in a period.
    pub transit_value: i64,
    /// Work used of the production capacity.
    pub work_used: i64,
    /// Production capacity.
    pub work_capacity: i64,
    /// Costs.
    pub ledger: Ledger,
}

impl Tally {
    /// Adds another day or node.
    pub fn add(&mut self, other: &Self) {
        self.demand += other.demand;
        self.served += other.served;
        self.lost += other.lost;
        self.faced += other.faced;
        self.met += other.met;
        self.ordered += other.ordered;
        self.received += other.received;
        self.scrapped += other.scrapped;
        self.produced += other.produced;
        self.shipped_to += other.shipped_to;
        self.sold_value += other.sold_value;
        self.stock_value += other.stock_value;
        self.transit_value += other.transit_value;
        self.work_used += other.work_used;
        self.work_capacity += other.work_capacity;
        self.ledger.add(&other.ledger);
    }

    /// Fill rate: units served at once / units demanded [ppm]; all of it where nothing is demanded.
    #[must_use]
    pub fn fill_rate_ppm(&self) -> i64 {
        share_ppm(self.served, self.demand)
    }

    /// The same of one node, for which all who order of it are customers: what stock was there for at once / what
    /// was ordered [ppm].
    #[must_use]
    pub fn node_fill_rate_ppm(&self) -> i64 {
        share_ppm(self.served + self.met, self.faced)
    }

    /// Capacity utilization: work used / capacity [ppm]; all of it where nothing limits (nothing can be idle).
    #[must_use]
    pub fn utilization_ppm(&self) -> i64 {
        share_ppm(self.work_used, self.work_capacity)
    }
}

/// `part / whole` [ppm], rounded down; 1,000,000 where the whole is 0.
fn share_ppm(part: i64, whole: i64) -> i64 {
    if whole <= 0 {
        return 1_000_000;
    }
    saturate_wide((wider(part) * 1_000_000).checked_div(wider(whole)).unwrap_or(0))
}

/// Sum and sum of squares of a daily series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    pub(crate) sum: i128,
    pub(crate) squares: i128,
}

impl Spread {
    /// Adds one day.
    pub fn add(&mut self, value: i64) {
        self.sum += wider(value);
        self.squares += wider(value) * wider(value);
    }

    /// Adds another series, as if its days were days of this one.
    pub fn join(&mut self, other: &Self) {
        self.sum += other.sum;
        self.squares += other.squares;
    }

    /// Takes back a day that was added.
    pub fn remove(&mut self, value: i64) {
        self.sum -= wider(value);
        self.squares -= wider(value) * wider(value);
    }

    /// Sum of the series.
    #[must_use]
    pub fn sum(&self) -> i128 {
        self.sum
    }

    /// `days^2` times the variance of the series: exact.
    #[must_use]
    pub fn scaled_variance(&self, days: u32) -> i128 {
        i128::from(days) * self.squares - self.sum * self.sum
    }
}

/// Totals of a period, node by node, and what the ratios need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kpis {
    pub(crate) days: u32,
    pub(crate) disrupted_days: u32,
    pub(crate) nodes: Vec<Tally, NODES_MAX>,
    pub(crate) orders: Vec<Spread, NODES_MAX>,
    pub(crate) demand: Spread,
    reference_holding: i64,
}

impl Kpis {
    /// An empty period.
    #[must_use]
    pub fn new(scenario: &Scenario<'_>) -> Self {
        let mut empty = Self {
            days: 0,
            disrupted_days: 0,
            nodes: Vec::new(),
            orders: Vec::new(),
            demand: Spread::default(),
            reference_holding: scenario.reference_holding(),
        };
        for _ in scenario.nodes() {
            let _ = empty.nodes.push(Tally::default()); // at most NODES_MAX nodes
            let _ = empty.orders.push(Spread::default());
        }
        empty
    }

    /// Makes the period an empty one, where it is: a device has no room to spare for another.
    pub(crate) fn clear(&mut self) {
        (self.days, self.disrupted_days) = (0, 0);
        self.nodes.fill(Tally::default());
        self.orders.fill(Spread::default());
        self.demand = Spread::default();
    }

    /// Adds another period of the same network: another path, or the days that follow.
    pub fn join(&mut self, other: &Self) {
        self.days += other.days;
        self.disrupted_days += other.disrupted_days;
        for (total, tally) in self.nodes.iter_mut().zip(&other.nodes) {
            total.add(tally);
        }
        for (series, other) in self.orders.iter_mut().zip(&other.orders) {
            series.join(other);
        }
        self.demand.join(&other.demand);
    }

    /// Adds one day: one tally a node. Series are kept by echelon: an echelon's orders are the sum over its nodes.
    pub(crate) fn add_day(&mut self, scenario: &Scenario<'_>, today: &[Tally], disrupted: bool) {
        let mut demand = 0;
        let mut orders = [0i64; NODES_MAX];
        for ((total, tally), node) in self.nodes.iter_mut().zip(today).zip(scenario.nodes()) {
            total.add(tally);
            demand += tally.demand;
            if let Some(of_echelon) = orders.get_mut(byte_index(node.echelon)) {
                *of_echelon += tally.ordered;
            }
        }
        self.demand.add(demand);
        for (spread, &units) in self.orders.iter_mut().zip(&orders) {
            spread.add(units);
        }
        self.days += 1;
        self.disrupted_days += u32::from(disrupted);
    }

    /// Days in the period.
    #[must_use]
    pub fn days(&self) -> u32 {
        self.days
    }

    /// Totals of one node.
    #[must_use]
    pub fn node(&self, node: usize) -> Tally {
        self.nodes.get(node).copied().unwrap_or_default()
    }

    /// Days on which a disruption was in force.
    #[must_use]
    pub fn disrupted_days(&self) -> u32 {
        self.disrupted_days
    }

    /// What the period was like: what HyperScore's weights follow.
    #[must_use]
    pub fn conditions(&self) -> Conditions {
        Conditions::of(&self.total(), &self.demand, self.days, self.disrupted_days)
    }

    /// Totals of the whole chain.
    #[must_use]
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        for tally in &self.nodes {
            total.add(tally);
        }
        total
    }

    /// All costs of the chain [minor currency units].
    #[must_use]
    pub fn total_cost(&self) -> i64 {
        self.total().ledger.total()
    }

    /// Fill rate of the chain's customers [ppm].
    #[must_use]
    pub fn fill_rate_ppm(&self) -> i64 {
        self.total().fill_rate_ppm()
    }

    /// Inventory turnover [1/1000 per year]: yearly cost of goods sold / mean stock value of the
    /// whole chain, in transit excluded.
    #[must_use]
    pub fn turnover_milli(&self) -> i64 {
        let total = self.total();
        turnover(total.sold_value, total.stock_value)
    }

    /// The same with stock in transit included.
    #[must_use]
    pub fn turnover_with_transit_milli(&self) -> i64 {
        let total = self.total();
        turnover(total.sold_value, total.stock_value + total.transit_value)
    }

    /// Bullwhip ratio of one echelon [1/1000]: variance of the echelon's daily orders / variance of
    /// the customers' daily demand, all products together [units]. 0 where demand does not vary.
    #[must_use]
    pub fn bullwhip_milli(&self, echelon: usize) -> i64 {
        let demand = self.demand.scaled_variance(self.days);
        match self.orders.get(echelon) {
            Some(orders) if demand > 0 => saturate_wide(orders.scaled_variance(self.days) * 1000 / demand),
            _ => 0,
        }
    }

    /// What a day's holding may cost before the inventory score is 0 [minor currency units per day].
    #[must_use]
    pub fn reference_holding(&self) -> i64 {
        self.reference_holding
    }
}

/// `365 * sold / stock` [1/1000]: sold and stock are sums over the same days.
fn turnover(sold: i64, stock: i64) -> i64 {
    if stock <= 0 {
        return 0;
    }
    saturate_wide((wider(sold) * 365_000).checked_div(wider(stock)).unwrap_or(0))
}
