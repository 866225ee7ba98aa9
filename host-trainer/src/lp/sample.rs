//! Scenarios of the days to come: what a stochastic program averages over.
//!
//! Demand is the forecast times what chance may make of it, by the scenario's own tables of demand and shocks (or, where
//! demand is replayed from history, by the forecast's deviation, up and down in turn); lead times are drawn from the
//! tables of the grade that planning assumes. The draws are the host's own ([`Chance::Host`]): the simulator makes none
//! of them, so that no scenario tells anything of the path.

use super::course::{Course, grade_at};
use restock_core::Scenario;
use restock_core::draws::{Draws, Source as Chance};
use restock_core::layout::Column;

/// Seed of all scenarios.
const SEED: u64 = 0x7061_7468;

impl Course {
    /// A scenario of this course; `sample` tells it from others.
    #[must_use]
    pub(super) fn sampled(&self, scenario: &Scenario<'_>, sample: u32, effort: &[i32]) -> Self {
        let draws = Draws::new(SEED, sample);
        let mut course = self.clone();
        for (n, _) in scenario.nodes().iter().enumerate().filter(|(_, node)| node.sells) {
            for p in 0..scenario.products() {
                course.sample_demand(scenario, &draws, sample, n, p);
            }
        }
        for lane in scenario.lanes() {
            let effort = effort.get(lane.customer).copied().unwrap_or(0);
            let grade = lane.quality.as_ref().map_or(0, |quality| grade_at(quality, effort));
            for k in lane.first_route..lane.first_route + lane.routes {
                let table = scenario.table(usize::from(scenario.routes()[k].lead_tables[grade]));
                for t in 0..self.days {
                    let day = self.first_day + t as u32;
                    let row = draws.row(day, (scenario.node_count() * 2 + k) as u32, Chance::Host);
                    for p in 0..scenario.products() {
                        let lead = table.value(row.two(scenario.product_key(p)).0).clamp(1, 127) as u8;
                        course.lead[(p * scenario.routes().len() + k) * self.days + t] = (lead, lead);
                    }
                }
            }
        }
        course
    }

    fn sample_demand(&mut self, scenario: &Scenario<'_>, draws: &Draws, sample: u32, n: usize, p: usize) {
        let word = |column: Column| scenario.column(column, n)[p];
        let table = usize::try_from(word(Column::DemandTable)).ok().map(|table| scenario.table(table));
        let shocks = scenario.group(p).zip(scenario.shock_table());
        let mean = f64::from(word(Column::DemandMean)) / 4096.0;
        let days = f64::from(word(Column::ProtectionDays));
        let deviation = f64::from(word(Column::ProtectionSpread)) / 65_536.0 * days.sqrt();
        let at = (p * scenario.node_count() + n) * self.days;
        for t in 0..self.days {
            let day = self.first_day + t as u32;
            let factor = match table.filter(|_| scenario.replayed(n, day).is_none()) {
                Some(table) if mean > 0.0 => {
                    let (u, _) = draws.row(day, n as u32, Chance::Host).two(scenario.product_key(p));
                    f64::from(table.value(u)) / mean
                }
                _ if (t + sample as usize).is_multiple_of(2) => 1.0 + deviation,
                _ => (1.0 - deviation).max(0.0),
            };
            let shock = shocks.map_or(1.0, |(group, table)| {
                let row = draws.row(day, (scenario.node_count() + n) as u32, Chance::Host);
                f64::from(table.value(row.two(group as u64 + 1).0)) / 4096.0
            });
            self.demand[at + t] *= factor * shock;
        }
    }
}
