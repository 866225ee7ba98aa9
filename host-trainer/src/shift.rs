//! Worlds that nobody was trained or tuned for: the run's scenario with its chance, its limits or its demand changed
//! from the first day on, while everybody goes on believing what they believed.

use crate::command::Common;
use crate::contest::{self, Entrant};
use crate::evaluate::Protocol;
use crate::evidence::{self, Origin, Verdict};
use crate::failure::Failure;
use crate::image::Image;
use crate::input::compile;
use crate::problem::Problem;
use crate::progress::{Interrupt, Progress};
use crate::statistics::{Interval, holm};
use restock_core::Scenario;
use restock_core::layout::{Column, header};
use restock_core::scenario::EventKind;
use serde::Serialize;

/// Capacity after a loss of 30 %, Q12.
const CAPACITY_Q12: i32 = 2867;
/// Days that the most upstream node ships nothing [days].
const OUTAGE_DAYS: u32 = 14;

/// What is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    /// Customers ask for half as much again.
    Demand,
    /// The tables of daily demand have twice their coefficient of variation and the same mean.
    Variation,
    /// Every lead time is half as long again.
    LeadTime,
    /// The most upstream node ships nothing for two weeks, in the middle of the days that count.
    Outage,
    /// Production can do 30 % less.
    Capacity,
}

/// What one policy did in such a world.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShiftRow {
    /// The policy.
    pub policy: String,
    /// Mean cost of a path [currency].
    pub cost: f64,
    /// Cost less that of the best rule there [%].
    pub cost_difference_percent: Interval,
    /// Fill rate less that of the best rule there [points].
    pub fill_rate_difference_points: Interval,
    /// P-value of no difference in cost, adjusted over the worlds.
    pub p_holm: f64,
    /// What may be said of it; by the interval, which is not adjusted.
    pub verdict: Verdict,
}

/// What such a world showed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shifted {
    /// What was changed.
    pub name: String,
    /// The rule that is cheapest there.
    pub baseline: String,
    /// The learned policies.
    pub rows: Vec<ShiftRow>,
    /// Mean cost of everybody there [currency].
    pub costs: Vec<(String, f64)>,
    /// Why it was not run, if it was not.
    pub refused: Option<String>,
}

impl Shift {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Demand, Self::Variation, Self::LeadTime, Self::Outage, Self::Capacity];

    /// Name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Demand => "demand x 1.5",
            Self::Variation => "variation x 2",
            Self::LeadTime => "lead times + 50 %",
            Self::Outage => "outage of 14 days",
            Self::Capacity => "capacity - 30 %",
        }
    }

    /// The image of a world so changed.
    ///
    /// # Errors
    /// If there is nothing to change, or the simulator refuses it.
    pub fn image(self, problem: &Problem, protocol: &Protocol) -> Result<Vec<i32>, String> {
        let scenario = problem.scenario().map_err(|e| e.to_string())?;
        let nodes = scenario.nodes();
        let mut image = Image::new(&problem.image);
        let always = 0..0;
        match self {
            Self::Demand => {
                // In the tables, not as an event: of two surges at once the simulator takes one.
                for table in image.tables_of(Column::DemandTable) {
                    let more = scaled(&image.masses(table), |_| vec![(1.5, 1.0)]);
                    image.set_table(table, compile::table_of(&more).ok_or("a table of demand does not fit")?);
                }
                image.fit_demand(1.5);
            }
            Self::Variation => {
                let mut most = 1.0f64;
                for table in image.tables_of(Column::DemandTable) {
                    let masses = image.masses(table);
                    let wide = twice_as_wide(&masses).ok_or("a table of demand can't be widened")?;
                    let top = |m: &[(i64, f64)]| m.iter().map(|point| point.0).max().unwrap_or(0) as f64;
                    most = most.max(top(&wide) / top(&masses).max(1.0));
                    let words = compile::table_of(&wide).ok_or("a widened table does not fit")?;
                    image.set_table(table, words);
                }
                image.fit_demand(most);
            }
            Self::LeadTime => {
                for table in image.lead_tables() {
                    let longer = scaled(&image.masses(table), |_| vec![(1.5, 1.0)]);
                    let longest = longer.iter().map(|point| point.0).max().unwrap_or(0);
                    let ring = i64::from(image.header[header::RING_DAYS]).max(longest + 1);
                    image.header[header::RING_DAYS] = i32::try_from(ring).unwrap_or(i32::MAX);
                    image.set_table(table, compile::table_of(&longer).ok_or("a table of lead times does not fit")?);
                }
            }
            Self::Outage => {
                let upstream = (0..nodes.len()).rev().find(|&n| !nodes[n].outbound.is_empty());
                let node = upstream.ok_or("no node supplies another")?;
                let from = protocol.first_day + protocol.warmup_days + protocol.days / 2;
                image.change(EventKind::Shipping, node, 0, from..from + OUTAGE_DAYS, true);
            }
            Self::Capacity => {
                let limited: Vec<usize> = (0..nodes.len()).filter(|&n| nodes[n].capacity.is_some()).collect();
                if limited.is_empty() {
                    return Err("no node has a limited capacity".to_owned());
                }
                limited
                    .into_iter()
                    .for_each(|n| image.change(EventKind::Capacity, n, CAPACITY_Q12, always.clone(), false));
            }
        }
        image.words().map_err(|e| format!("the simulator refuses it: {e}"))
    }
}

/// Masses times factors, each of which may depend on nothing but its weight: values are split between their two whole
/// neighbours, so that the mean is kept exactly.
fn scaled(masses: &[(i64, f64)], factors: impl Fn(i64) -> Vec<(f64, f64)>) -> Vec<(i64, f64)> {
    let mut found: std::collections::BTreeMap<i64, f64> = std::collections::BTreeMap::new();
    for &(value, weight) in masses {
        for (factor, share) in factors(value) {
            let exact = value as f64 * factor;
            let (low, part) = (exact.floor() as i64, exact - exact.floor());
            *found.entry(low).or_insert(0.0) += weight * share * (1.0 - part);
            if part > 0.0 {
                *found.entry(low + 1).or_insert(0.0) += weight * share * part;
            }
        }
    }
    found.into_iter().collect()
}

/// Mean and variance.
fn moments(masses: &[(i64, f64)]) -> (f64, f64) {
    let mean: f64 = masses.iter().map(|(value, weight)| *value as f64 * weight).sum();
    (mean, masses.iter().map(|(value, weight)| (*value as f64 - mean).powi(2) * weight).sum())
}

/// Masses of the same mean and twice the standard deviation: each value times an independent factor of mean 1, three
/// points of a lognormal curve whose spread is searched. None where no such factor is wide enough.
fn twice_as_wide(masses: &[(i64, f64)]) -> Option<Vec<(i64, f64)>> {
    let (mean, variance) = moments(masses);
    if mean <= 0.0 || variance <= 0.0 {
        return Some(masses.to_vec());
    }
    let widened = |sigma: f64| {
        // Gauss-Hermite nodes of three points, brought to a mean of 1.
        let points = [(-3f64.sqrt(), 1.0 / 6.0), (0.0, 2.0 / 3.0), (3f64.sqrt(), 1.0 / 6.0)];
        let raw: Vec<(f64, f64)> = points.iter().map(|(x, w)| ((sigma * x).exp(), *w)).collect();
        let middle: f64 = raw.iter().map(|(factor, w)| factor * w).sum();
        let factors: Vec<(f64, f64)> = raw.iter().map(|(factor, w)| (factor / middle, *w)).collect();
        scaled(masses, |_| factors.clone())
    };
    let (mut low, mut high) = (0.0, 6.0);
    if moments(&widened(high)).1 < 4.0 * variance {
        return None;
    }
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        if moments(&widened(middle)).1 < 4.0 * variance { low = middle } else { high = middle }
    }
    Some(widened(high))
}

/// Runs everybody in every such world.
///
/// # Errors
/// If Ctrl-C was pressed.
pub fn play(
    problem: &Problem,
    entrants: &[Entrant<'_>],
    protocol: &Protocol,
    (common, interrupt): (&Common, Interrupt),
) -> Result<Vec<Shifted>, Failure> {
    let total = contest::count(entrants) * Shift::ALL.len() as u64;
    let mut progress = Progress::new("shifts", "policies", total, common.quiet);
    let mut found = Vec::new();
    for shift in Shift::ALL {
        let name = shift.name().to_owned();
        let refused = |why: String| Shifted {
            name: name.clone(),
            baseline: String::new(),
            rows: Vec::new(),
            costs: Vec::new(),
            refused: Some(why),
        };
        let image = match shift.image(problem, protocol) {
            Ok(image) => image,
            Err(why) => {
                found.push(refused(why));
                continue;
            }
        };
        let scenario = Scenario::new(&image).map_err(|e| Failure::failed(e.to_string()))?;
        let all = contest::play(&scenario, entrants, protocol, common.threads(), &mut progress, interrupt, None)?;
        let Some(base) = evidence::best_rule(&scenario, &all) else { continue };
        let cost = |cells: Vec<Vec<f64>>| crate::statistics::mean(&cells.concat());
        let learned = all.iter().filter(|it| it.origin == Origin::Learned);
        let rows = learned.map(|it| {
            let (cost_difference_percent, fill) = evidence::against(&scenario, it, base, protocol.seed);
            ShiftRow {
                policy: it.name.clone(),
                cost: cost(evidence::cost_cells(&scenario, it)),
                cost_difference_percent,
                fill_rate_difference_points: fill,
                p_holm: cost_difference_percent.p_value,
                verdict: Verdict::of(&cost_difference_percent, &fill),
            }
        });
        found.push(Shifted {
            name,
            baseline: base.name.clone(),
            rows: rows.collect(),
            costs: all.iter().map(|it| (it.name.clone(), cost(evidence::cost_cells(&scenario, it)))).collect(),
            refused: None,
        });
    }
    progress.finish();
    adjust(&mut found);
    Ok(found)
}

/// Adjusts each policy's p-values over the worlds.
fn adjust(found: &mut [Shifted]) {
    let policies = found.iter().map(|shift| shift.rows.len()).max().unwrap_or(0);
    for i in 0..policies {
        let own: Vec<f64> = found.iter().filter_map(|shift| shift.rows.get(i)).map(|row| row.p_holm).collect();
        let rows = found.iter_mut().filter_map(|shift| shift.rows.get_mut(i));
        rows.zip(holm(&own)).for_each(|(row, p)| row.p_holm = p);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{self, Contender};

    const PROTOCOL: Protocol = Protocol { seed: 8, replicas: 2, first_day: 0, warmup_days: 20, days: 100 };

    #[test]
    fn every_world_differs_as_its_name_says() {
        let problem = Problem::embedded().expect("embedded");
        let scenario = problem.scenario().expect("sound");
        let total = |scenario: &Scenario<'_>| {
            let outcomes = evaluate::run(scenario, &Contender::Textbook, &PROTOCOL, 1);
            let mut all = outcomes[0].kpis.clone();
            all.join(&outcomes[1].kpis);
            (all.total(), all.total_cost())
        };
        let (usual, usual_cost) = total(&scenario);
        for shift in Shift::ALL {
            let image = match shift.image(&problem, &PROTOCOL) {
                Ok(image) => image,
                // Twice the deviation passes what money can hold here; who runs it is told so.
                Err(why) if shift == Shift::Variation => {
                    assert!(why.contains("range of money"), "{why}");
                    continue;
                }
                Err(why) => panic!("{}: {why}", shift.name()),
            };
            let changed = Scenario::new(&image).expect("sound");
            let (found, cost) = total(&changed);
            let demand = found.demand as f64 / usual.demand as f64;
            match shift {
                Shift::Demand => assert!((demand - 1.5).abs() < 0.01, "{demand}"),
                Shift::Variation => assert!((demand - 1.0).abs() < 0.06 && cost > usual_cost, "{demand} {cost}"),
                _ => assert_eq!(found.demand, usual.demand, "{shift:?}"),
            }
            match shift {
                Shift::LeadTime => {
                    let way = found.transit_value as f64 / usual.transit_value as f64;
                    assert!((1.3..1.7).contains(&way), "{way}");
                }
                Shift::Capacity => {
                    let left = found.work_capacity as f64 / usual.work_capacity as f64;
                    assert!((left - 0.7).abs() < 0.001, "{left}");
                }
                _ => {}
            }
            assert!(cost > usual_cost, "{shift:?} is no easier: {cost} after {usual_cost}");
        }
    }

    #[test]
    fn a_widened_table_keeps_its_mean() {
        for masses in
            [vec![(0, 0.5), (1, 0.3), (2, 0.2)], vec![(40, 0.25), (50, 0.5), (60, 0.25)], vec![(0, 0.9), (7, 0.1)]]
        {
            let (mean, variance) = moments(&masses);
            let wide = twice_as_wide(&masses).expect("wide enough");
            let (now, spread) = moments(&wide);
            assert!((now / mean - 1.0).abs() < 1e-9 && (spread / variance / 4.0 - 1.0).abs() < 1e-6, "{now} {spread}");
        }
        assert_eq!(twice_as_wide(&[(3, 1.0)]), Some(vec![(3, 1.0)]));
    }
}
