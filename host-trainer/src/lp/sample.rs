//! Scenarios of the days to come: what a stochastic program averages over.
//!
//! Demand is the forecast times what chance may make of it, by the scenario's own tables of demand and shocks (or, where
//! demand is replayed from history, by the forecast's deviation, up and down in turn). The draws are the host's own
//! ([`Chance::Host`]): the simulator makes none of them, so that no scenario tells anything of the path.

use super::course::Course;
use restock_core::Scenario;
use restock_core::draws::{Draws, Source as Chance};
use restock_core::layout::Column;

/// Seed of all scenarios.
const SEED: u64 = 0x7061_7468;

impl Course {
    /// Safety stock of each stockpoint over `samples` scenarios [units]: the quantile of demand over its protection
    /// interval at its textbook service level, less what this course expects. What customers ask for is what every
    /// node above them will be asked for. Shape `[node][product]`.
    #[must_use]
    pub(super) fn sampled_safety(&self, scenario: &Scenario<'_>, samples: u32) -> Vec<f64> {
        let expected = self.protection_demand(scenario);
        let sampled: Vec<Vec<f64>> = (0..samples)
            .map(|sample| {
                let draws = Draws::new(SEED, self.first_day * samples + sample);
                let mut course = self.clone();
                for (n, _) in scenario.nodes().iter().enumerate().filter(|(_, node)| node.sells) {
                    for p in 0..scenario.products() {
                        course.sample_demand(scenario, &draws, sample, n, p);
                    }
                }
                course.protection_demand(scenario)
            })
            .collect();
        let mut values = vec![0.0; sampled.len()];
        let safety = expected.iter().enumerate().map(|(at, expected)| {
            values.iter_mut().zip(&sampled).for_each(|(value, sample)| *value = sample[at]);
            values.sort_by(f64::total_cmp);
            let (n, p) = (at / scenario.products(), at % scenario.products());
            let z = f64::from(scenario.column(Column::SafetyFactor, n)[p]) / 256.0;
            quantile(&values, normal_share(z)) - expected
        });
        safety.collect()
    }

    /// Demand of customers that each stockpoint's next order has to answer for [units]. Shape `[node][product]`.
    fn protection_demand(&self, scenario: &Scenario<'_>) -> Vec<f64> {
        let (products, nodes) = (scenario.products(), scenario.node_count());
        let mut demand = vec![0.0; nodes * products];
        for p in 0..products {
            // Demand of each day at each node and below it; customers stand before their suppliers.
            let mut daily = vec![vec![0.0; self.days]; nodes];
            for n in 0..nodes {
                let own = &self.demand[(p * nodes + n) * self.days..][..self.days];
                daily[n].iter_mut().zip(own).for_each(|(sum, units)| *sum += units);
                let suppliers: Vec<usize> = scenario
                    .lanes()
                    .iter()
                    .filter(|lane| lane.customer == n)
                    .filter_map(|lane| lane.supplier)
                    .collect();
                for &supplier in &suppliers {
                    let passed = daily[n].clone();
                    let share = 1.0 / suppliers.len() as f64;
                    daily[supplier].iter_mut().zip(passed).for_each(|(sum, units)| *sum += share * units);
                }
                // Today has been served; a plan shorter than the interval goes on as it was.
                let days = usize::try_from(scenario.column(Column::ProtectionDays, n)[p]).unwrap_or(0);
                let seen = days.min(self.days.saturating_sub(1)).max(1);
                let sum: f64 = daily[n].iter().skip(1).take(seen).sum();
                demand[n * products + p] = sum * days as f64 / seen as f64;
            }
        }
        demand
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

/// A quantile of sorted values, between neighbours where it lies between two.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = (share * sorted.len() as f64 - 0.5).clamp(0.0, sorted.len() as f64 - 1.0);
    let (below, part) = (place as usize, place.fract());
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + part * (sorted[above] - sorted[below])
}

/// Share of a normal distribution below z deviations.
fn normal_share(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}
