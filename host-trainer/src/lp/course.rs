//! What is assumed of the days to come: the one description that every linear program here is made of.
//!
//! Three courses are made: of means (what a planner knows), of a forecast, and of a path (what really comes,
//! [`super::path`]). Costs are always the scenario's own.

use restock_core::Scenario;
use restock_core::layout::{Column, GRADES};
use restock_core::scenario::{Lane, Quality};

/// Days to come, day by day. Rows of days come last in every shape.
#[derive(Clone, Debug)]
pub struct Course {
    /// Day of the horizon that the first day is.
    pub first_day: u32,
    /// Number of days.
    pub days: usize,
    /// Days before this one cost nothing: a warm-up that is not counted.
    pub counted_from: usize,
    /// What is to be had from stock, by customers or to be kept as safety stock [units]. Shape
    /// `[product][node][day]`.
    pub demand: Vec<f64>,
    /// Least and greatest lead time of what is shipped on a day [days]. Shape `[product][route][day]`.
    pub lead: Vec<(u8, u8)>,
    /// Defective share of what is received on a day. Shape `[product][lane][day]`.
    pub defective: Vec<f64>,
    /// Work that production has; infinite where nothing limits. Shape `[node][day]`.
    pub capacity: Vec<f64>,
    /// Volume that fits onto a route; infinite where nothing limits. Shape `[route][day]`.
    pub room: Vec<f64>,
    /// Volume that fits into storage; infinite where nothing limits or overflow is not counted. Shape `[node]`.
    pub storage: Vec<f64>,
    /// Whether anything can leave over the lane. Shape `[lane][day]`.
    pub ships: Vec<bool>,
}

impl Course {
    /// `days` days from `first_day` on as they are on the mean: mean demand times its season, mean lead times and
    /// defective shares at the grade that each node's `effort` comes to (none where the slice is short), everything running. Orders are placed on review days.
    #[must_use]
    pub fn mean(scenario: &Scenario<'_>, first_day: u32, days: usize, effort: &[i32]) -> Self {
        let mut course = Self::quiet(scenario, first_day, days);
        course.means(scenario, effort);
        for n in 0..scenario.node_count() {
            if scenario.nodes()[n].sells {
                let level: Vec<f64> = scenario.column(Column::DemandMean, n).iter().map(|&m| f64::from(m)).collect();
                course.expect(scenario, n, &level, Column::DemandProfile);
            }
        }
        course
    }

    /// The same without any demand, lead times of a day, nothing defective.
    pub(super) fn quiet(scenario: &Scenario<'_>, first_day: u32, days: usize) -> Self {
        let (p, nodes, lanes) = (scenario.products(), scenario.node_count(), scenario.lanes());
        let routes = scenario.routes();
        let limit = |limit: Option<i32>| limit.map_or(f64::INFINITY, f64::from);
        let each = |limit: f64| std::iter::repeat_n(limit, days);
        Self {
            first_day,
            days,
            counted_from: 0,
            demand: vec![0.0; p * nodes * days],
            lead: vec![(1, 1); p * routes.len() * days],
            defective: vec![0.0; p * lanes.len() * days],
            capacity: scenario.nodes().iter().flat_map(|node| each(limit(node.capacity))).collect(),
            room: routes.iter().flat_map(|route| each(limit(route.capacity))).collect(),
            storage: scenario.nodes().iter().map(|node| limit(node.storage)).collect(),
            ships: lanes
                .iter()
                .flat_map(|lane| (0..days).map(|t| can_order(scenario, lane, first_day, t)).collect::<Vec<_>>())
                .collect(),
        }
    }

    /// Mean lead times and defective shares.
    fn means(&mut self, scenario: &Scenario<'_>, effort: &[i32]) {
        let (p, routes, lanes) = (scenario.products(), scenario.routes(), scenario.lanes());
        let mut lead = vec![1u8; routes.len()];
        let mut defective = vec![0.0; lanes.len()];
        for (l, lane) in lanes.iter().enumerate() {
            let grade = lane
                .quality
                .as_ref()
                .map_or(0, |quality| grade_at(quality, effort.get(lane.customer).copied().unwrap_or(0)));
            defective[l] = lane.quality.as_ref().map_or(0.0, |quality| {
                quality.defect_tables[grade].map_or(0.0, |table| mean_of(scenario, usize::from(table)) / 65_536.0)
            });
            for k in lane.first_route..lane.first_route + lane.routes {
                let mean = mean_of(scenario, usize::from(routes[k].lead_tables[grade]));
                // Rounded up, as the textbook's protection interval is; the quantiles' mean is right to a fiftieth of a day.
                lead[k] = (mean - 0.02).ceil().clamp(1.0, 127.0) as u8;
            }
        }
        for product in 0..p {
            for (k, &lead) in lead.iter().enumerate() {
                let at = (product * routes.len() + k) * self.days;
                self.lead[at..at + self.days].fill((lead, lead));
            }
            for (l, &share) in defective.iter().enumerate() {
                let at = (product * lanes.len() + l) * self.days;
                self.defective[at..at + self.days].fill(share);
            }
        }
    }

    /// Demand of a node: a level without season, Q12 [units], times the season. `level` of shape `[product]`.
    pub(super) fn expect(&mut self, scenario: &Scenario<'_>, node: usize, level: &[f64], profile: Column) {
        let profiles = scenario.column(profile, node);
        for (product, (&level, &profile)) in level.iter().zip(profiles).enumerate() {
            let at = (product * scenario.node_count() + node) * self.days;
            for (t, demand) in self.demand[at..at + self.days].iter_mut().enumerate() {
                let season = scenario.season(profile as usize, self.first_day + t as u32);
                *demand = level * f64::from(season) / f64::from(1 << 24);
            }
        }
    }

    /// Whether costs of a day count.
    pub(super) fn counts(&self, t: usize) -> f64 {
        if t >= self.counted_from { 1.0 } else { 0.0 }
    }
}

/// Whether an order over a lane can leave on day `t`. From a node it may have waited for stock since its order;
/// the outside has everything, so that what leaves has just been ordered.
pub(super) fn can_order(scenario: &Scenario<'_>, lane: &Lane, first_day: u32, t: usize) -> bool {
    let day = first_day + t as u32;
    lane.supplier.is_some()
        || day
            .checked_sub(lane.order_days as u32)
            .is_some_and(|ordered| ordered >= first_day && scenario.nodes()[lane.customer].reviews(ordered))
}

/// The grade that a supplier comes to under an effort.
pub(super) fn grade_at(quality: &Quality, effort: i32) -> usize {
    let lift = quality.lift_q16[(effort.max(0) as usize).min(quality.lift_q16.len() - 1)];
    (((quality.base_q16 - lift).max(0) + (1 << 15)) >> 16).clamp(0, GRADES as i32 - 1) as usize
}

/// Mean of a table, by its quantiles at the middles of 1,024 equal parts.
fn mean_of(scenario: &Scenario<'_>, table: usize) -> f64 {
    let table = scenario.table(table);
    (0..1024u32).map(|i| f64::from(table.value((i << 22) + (1 << 21)))).sum::<f64>() / 1024.0
}

/// Where stock is that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On hand at a node.
    Stock(usize),
    /// Waiting for production at a node.
    Input(usize),
}

/// Stock that is there, or comes without having to be ordered.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// Where.
    pub place: Place,
    /// The day from which on it can be used, 0 for the first.
    pub day: usize,
    /// How much is good [units].
    pub units: f64,
    /// Whether it may be left unused at no cost; else it is held to the end.
    pub disposable: bool,
}

/// Where a chain stands on the first day of a course.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// Stock of each product. Shape `[product][any]`.
    pub sources: Vec<Vec<Source>>,
    /// Owed to customers on top of the first day's demand [units]. Shape `[product][node]`.
    pub owed: Vec<f64>,
}
