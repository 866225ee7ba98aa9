//! A day as anyone can read it: named rows of numbers, from the simulator and from each oracle alike.

use crate::oracle::Oracle;
use restock_core::Network;
use restock_core::kpi::Tally;
use restock_core::ledger::Ledger;
use restock_core::network::quality;

/// What a row of numbers is by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Shape `[node][product]`.
    Stockpoint,
    /// Shape `[lane][product]`.
    Flow,
    /// Shape `[node]`.
    Node,
    /// Shape `[node or lane][product][days from tomorrow]`.
    Ahead,
}

/// One named row of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// As the simulator calls it.
    pub name: String,
    /// What it is by.
    pub axis: Axis,
    /// The numbers [units, or minor currency units].
    pub values: Vec<i64>,
}

/// All that is compared of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The day.
    pub day: u32,
    /// Number of products.
    pub products: usize,
    /// Days that arrivals are told ahead: as far as anything is planned.
    pub ahead: usize,
    /// The rows.
    pub terms: Vec<Term>,
}

type Count = (&'static str, fn(&Tally) -> i64);

/// What is counted of a node's day, costs apart.
const TALLIES: [Count; 14] = [
    ("demand", |t| t.demand),
    ("served", |t| t.served),
    ("lost", |t| t.lost),
    ("faced", |t| t.faced),
    ("ordered", |t| t.ordered),
    ("received", |t| t.received),
    ("scrapped", |t| t.scrapped),
    ("produced", |t| t.produced),
    ("shipped_to", |t| t.shipped_to),
    ("sold_value", |t| t.sold_value),
    ("stock_value", |t| t.stock_value),
    ("transit_value", |t| t.transit_value),
    ("work_used", |t| t.work_used),
    ("work_capacity", |t| t.work_capacity),
];

impl Record {
    fn new(day: u32, products: usize, ring_days: usize) -> Self {
        Self { day, products, ahead: ring_days - 1, terms: Vec::new() }
    }

    /// What comes on each of the days ahead.
    fn coming(&mut self, name: &str, places: usize, values: impl Fn(usize, usize) -> Vec<i64>) {
        let stockpoints = (0..places * self.products).map(|at| (at / self.products, at % self.products));
        let values = stockpoints.flat_map(|(place, i)| values(place, i)).collect();
        self.terms.push(Term { name: name.to_owned(), axis: Axis::Ahead, values });
    }

    fn rows(&mut self, axis: Axis, name: &str, places: usize, value: impl Fn(usize, usize) -> i64) {
        let values = (0..places * self.products).map(|at| value(at / self.products, at % self.products)).collect();
        self.terms.push(Term { name: name.to_owned(), axis, values });
    }

    fn tallies(&mut self, today: &[Tally]) {
        let mut row = |name: String, value: &dyn Fn(&Tally) -> i64| {
            self.terms.push(Term { name, axis: Axis::Node, values: today.iter().map(value).collect() });
        };
        for (name, value) in TALLIES {
            row(name.to_owned(), &value);
        }
        for (i, name) in Ledger::NAMES.iter().enumerate() {
            row(format!("{name}_cost"), &|t| t.ledger.terms()[i]);
        }
    }

    /// The day that `network` has just ended. The network must keep its stockpoints' costs.
    #[must_use]
    pub fn of_network(network: &Network<'_, '_>) -> Self {
        let s = network.scenario();
        let (p, v) = (s.products(), network.state());
        let costs = network.costs().unwrap_or(&[]);
        let cell = |rows: &[i32], row: Option<usize>, i: usize| row.map_or(0, |r| i64::from(rows[r * p + i]));
        let mut record = Self::new(network.day().saturating_sub(1), p, s.ring_days());
        let (nodes, lanes) = (s.nodes(), s.lanes());
        let mut by_node = |name: &str, value: &dyn Fn(usize, usize) -> i64| {
            record.rows(Axis::Stockpoint, name, nodes.len(), value);
        };
        let works = |n: usize| nodes[n].produces.then_some(nodes[n].producer_row);
        by_node("inventory_level", &|n, i| cell(v.inventory_level, Some(n), i));
        by_node("demand_today", &|n, i| cell(v.demand_today, Some(n), i));
        by_node("input_stock", &|n, i| cell(v.input_stock, works(n), i));
        by_node("in_production", &|n, i| cell(v.in_production, works(n), i));
        by_node("customer_backorder", &|n, i| match nodes[n].mixed_row {
            Some(row) => cell(v.customer_backorder, Some(row), i),
            // What a component's stockpoint owes, it owes to production.
            None if s.bom(&nodes[n]).any(|line| line.component == i) => 0,
            None if nodes[n].sells => (-cell(v.inventory_level, Some(n), i)).max(0),
            None => 0,
        });
        by_node("forecast_level", &|n, i| cell(v.forecast_level, Some(n), i));
        by_node("cost", &|n, i| costs[n * p + i]);
        by_node("yard", &|n, i| cell(v.yard, nodes[n].yard_row, i));
        by_node("effort", &|n, i| cell(v.effort, (!v.effort.is_empty()).then_some(n), i));
        by_node("dependent", &|n, i| cell(v.dependent, (nodes[n].bom_lines > 0).then_some(nodes[n].bom_row), i));
        by_node("capacity_weight", &|n, i| cell(v.capacity_weight, nodes[n].weight_row, i));
        by_node("route_first", &|n, i| cell(v.route_first, Some(n), i));
        let mut by_lane = |name: &str, rows: &[i32], row: &dyn Fn(usize) -> Option<usize>| {
            record.rows(Axis::Flow, name, lanes.len(), |l, i| cell(rows, row(l), i));
        };
        by_lane("ordered_today", v.ordered_today, &Some);
        by_lane("waiting", v.waiting, &Some);
        by_lane("in_transit", v.in_transit, &Some);
        by_lane("staged", v.staged, &|l| lanes[l].staged_row);
        by_lane("rush", v.rush, &|l| lanes[l].rush_row);
        by_lane("mail", v.mail, &|l| lanes[l].mail_row);
        let graded = |l: usize| lanes[l].quality.as_ref().map(|quality| quality.row);
        by_lane("grade", v.grade, &graded);
        let share = |l: usize, i: usize| graded(l).map_or((0, 0), |r| quality::shares(v.score[r * p + i]));
        record.rows(Axis::Flow, "on_time", lanes.len(), |l, i| i64::from(share(l, i).0));
        record.rows(Axis::Flow, "accepted", lanes.len(), |l, i| i64::from(share(l, i).1));
        record.rings(network);
        record.tallies(network.today());
        record
    }

    /// What the rings have in store, from tomorrow on.
    fn rings(&mut self, network: &Network<'_, '_>) {
        let (s, v, p) = (network.scenario(), network.state(), self.products);
        let (nodes, lanes, tomorrow) = (s.nodes(), s.lanes(), network.day() as usize);
        let ahead = self.ahead;
        // A ring of any length: `rows` rows a day.
        let days = |ring: &[i32], rows: usize, row: Option<usize>, i: usize| -> Vec<i64> {
            let length = ring.len().checked_div(rows * p).unwrap_or(0);
            let on = |k: usize| match row {
                Some(row) if k < length => i64::from(ring[((tomorrow + k) % length * rows + row) * p + i]),
                _ => 0,
            };
            (0..ahead).map(on).collect()
        };
        self.coming("ring", lanes.len(), |l, i| days(v.ring, lanes.len(), Some(l), i));
        let words = s.ring_days().div_ceil(32);
        self.coming("late", lanes.len(), |l, i| {
            let bit = |k: usize| {
                let slot = (tomorrow + k) % s.ring_days();
                let row = lanes[l].quality.as_ref().map(|quality| quality.row * words + slot / 32);
                row.map_or(0, |row| i64::from(v.late[row * p + i] >> (slot % 32) & 1))
            };
            (0..ahead).map(bit).collect()
        });
        let producers = nodes.iter().filter(|n| n.produces).count();
        self.coming("works_ring", nodes.len(), |n, i| {
            days(v.works_ring, producers, nodes[n].produces.then_some(nodes[n].producer_row), i)
        });
        let mailed = lanes.iter().filter(|l| l.mail_row.is_some()).count();
        self.coming("mail_ring", lanes.len(), |l, i| days(v.mail_ring, mailed, lanes[l].mail_row, i));
    }

    /// The day that `oracle` has just told.
    #[must_use]
    pub fn of_oracle(oracle: &Oracle<'_>) -> Self {
        let plan = oracle.plan();
        let mut record = Self::new(oracle.day(), plan.products.len(), plan.ring_days);
        let (nodes, lanes) = (plan.nodes.len(), plan.lanes.len());
        let at = |count: &crate::oracle::Count, place, i| count.get(&(place, i)).copied().unwrap_or(0);
        record.rows(Axis::Stockpoint, "inventory_level", nodes, |n, i| oracle.inventory_level(n, i));
        record.rows(Axis::Stockpoint, "demand_today", nodes, |n, i| at(&oracle.faced, n, i));
        record.rows(Axis::Stockpoint, "input_stock", nodes, |n, i| at(&oracle.input, n, i) + at(&oracle.asked, n, i));
        record.rows(Axis::Stockpoint, "in_production", nodes, |n, i| oracle.in_production(n, i));
        record.rows(Axis::Stockpoint, "customer_backorder", nodes, |n, i| at(&oracle.owed, n, i));
        record.rows(Axis::Stockpoint, "forecast_level", nodes, |n, i| at(&oracle.forecast, n, i));
        record.rows(Axis::Stockpoint, "cost", nodes, |n, i| at(&oracle.cost, n, i));
        record.rows(Axis::Stockpoint, "yard", nodes, |n, i| at(&oracle.yard, n, i));
        record.rows(Axis::Stockpoint, "effort", nodes, |n, i| at(&oracle.effort, n, i));
        record.rows(Axis::Stockpoint, "dependent", nodes, |n, i| at(&oracle.dependent, n, i));
        let weighs = |n: usize| plan.nodes[n].production_days.is_some() || plan.nodes[n].storage.is_some();
        let weight = |n, i| if weighs(n) { oracle.weight(n, i) } else { 0 };
        record.rows(Axis::Stockpoint, "capacity_weight", nodes, weight);
        record.rows(Axis::Stockpoint, "route_first", nodes, |n, i| oracle.route_first(n, i));
        record.rows(Axis::Flow, "ordered_today", lanes, |l, i| at(&oracle.ordered, l, i));
        record.rows(Axis::Flow, "waiting", lanes, |l, i| oracle.waiting(l, i));
        record.rows(Axis::Flow, "in_transit", lanes, |l, i| oracle.in_transit(l, i));
        record.rows(Axis::Flow, "staged", lanes, |l, i| at(&oracle.dock, l, i));
        record.rows(Axis::Flow, "rush", lanes, |l, i| at(&oracle.rush, l, i));
        record.rows(Axis::Flow, "mail", lanes, |l, i| oracle.mail(l, i));
        record.rows(Axis::Flow, "grade", lanes, |l, i| at(&oracle.grade, l, i));
        record.rows(Axis::Flow, "on_time", lanes, |l, i| at(&oracle.on_time, l, i));
        record.rows(Axis::Flow, "accepted", lanes, |l, i| at(&oracle.accepted, l, i));
        let ahead = record.ahead;
        record.coming("ring", lanes, |l, i| oracle.arrivals(l, i, ahead));
        record.coming("late", lanes, |l, i| oracle.late(l, i, ahead).into_iter().map(|n| n.min(1)).collect());
        record.coming("works_ring", nodes, |n, i| oracle.finishing(n, i, ahead));
        record.coming("mail_ring", lanes, |l, i| oracle.posted(l, i, ahead));
        record.tallies(&oracle.today);
        record
    }

    /// The first number that differs, in words: which term, where, and both values.
    #[must_use]
    pub fn difference(&self, oracle: &Self) -> Option<String> {
        if (self.day, self.terms.len()) != (oracle.day, oracle.terms.len()) {
            return Some(format!("day {} of the network against day {} of the oracle", self.day, oracle.day));
        }
        self.terms.iter().zip(&oracle.terms).find_map(|(ours, theirs)| {
            let same_shape = ours.name == theirs.name && ours.values.len() == theirs.values.len();
            if !same_shape {
                return Some(format!("day {}: {} against {}", self.day, ours.name, theirs.name));
            }
            let at = (0..ours.values.len()).find(|&at| ours.values[at] != theirs.values[at])?;
            let (place, product) = (at / self.products, at % self.products);
            let place = match ours.axis {
                Axis::Stockpoint => format!("node {place}, product {product}"),
                Axis::Flow => format!("lane {place}, product {product}"),
                Axis::Node => format!("node {at}"),
                Axis::Ahead => {
                    let (row, days) = (at / self.ahead, at % self.ahead + 1);
                    let (place, product) = (row / self.products, row % self.products);
                    format!("node or lane {place}, product {product}, {days} days ahead")
                }
            };
            let (found, right) = (ours.values[at], theirs.values[at]);
            Some(format!("day {}, {place}: {} is {found}, the oracle has {right}", self.day, ours.name))
        })
    }
}
