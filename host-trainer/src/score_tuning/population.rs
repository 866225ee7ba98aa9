//! Policies in worlds: who is simulated for a score to be held against money, and what is kept of it.
//!
//! Everything is simulated once. A period of a path leaves what any parameters of the score need: its parts, its
//! conditions and its cost. A score is then looked at thousands of times a second.

use crate::contest::textbook_rules;
use crate::evaluate::{self, Contender, Protocol};
use crate::failure::{Failure, code};
use crate::problem::Problem;
use crate::progress::{Interrupt, Progress};
use crate::shift::Shift;
use crate::tune::{Axis, Family, Rule};
use rand_core::Rng;
use restock_core::Scenario;
use restock_core::draws::{Draws, Source};
use restock_core::hyperscore::{Conditions, Parts};
use restock_core::kpi::Kpis;

/// Perturbed rules of each family: half of them to search with, half held out.
const VARIANTS: u32 = 8;
/// How far a number of a rule may lie from the textbook's, in first steps of its search.
const SPREAD: f64 = 4.0;
/// Days of a period: a quarter of a year, long enough that a period bears the costs of its own decisions.
const PERIOD_DAYS: u32 = 91;

/// One policy over one period of a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// The parts of V.
    pub parts: Parts,
    /// What the weights follow.
    pub conditions: Conditions,
    /// All costs [minor currency units].
    pub cost: i64,
}

/// All policies over the same period of the same path of one world: whom a score has to put in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The path.
    pub path: u32,
    /// Shape `[policy]`.
    pub rows: Vec<Row>,
}

/// The policies of one network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Population {
    /// Names of the policies.
    pub policies: Vec<String>,
    /// Names of the worlds.
    pub worlds: Vec<String>,
    /// Worlds that the simulator refuses, with the reason.
    pub refused: Vec<String>,
    /// Paths of each world.
    pub paths: u32,
    /// Shape `[world, path and period]`.
    pub groups: Vec<Group>,
}

/// The two sets of policies.
pub struct Cast<'a> {
    /// Those that parameters are searched with.
    pub training: Vec<(String, Contender<'a>)>,
    /// Those that they are tried on.
    pub held_out: Vec<(String, Contender<'a>)>,
}

/// The rules of a network: as textbooks have them, and perturbed. Textbook rules are searched with, of the perturbed
/// ones every second; the others are held out.
#[must_use]
pub fn rules(scenario: &Scenario<'_>, seed: u64) -> Cast<'static> {
    let textbook = textbook_rules(scenario).into_iter();
    let mut training: Vec<(String, Contender<'_>)> = textbook
        .flat_map(|rule| rule.contenders.into_iter().map(move |contender| (rule.name.clone(), contender)))
        .collect();
    let mut held_out = Vec::new();
    for (number, family) in Family::ALL.into_iter().enumerate().filter(|(_, family)| family.fits(scenario)) {
        let tunable = family.on(scenario);
        for variant in 0..VARIANTS {
            let rule: Rule = tunable.rule(&perturbed(&tunable.axes(), seed, number as u32, variant));
            let name = family.name().trim_start_matches("tuned ");
            let into = if variant.is_multiple_of(2) { &mut training } else { &mut held_out };
            into.push((format!("{name} {variant}"), Contender::Rule(rule)));
        }
    }
    Cast { training, held_out }
}

/// A rule's numbers, each somewhere around the textbook's.
fn perturbed(axes: &[Axis], seed: u64, family: u32, variant: u32) -> Vec<f64> {
    let row = Draws::new(seed, variant).row(family, 2, Source::Host);
    let number = |(i, axis): (usize, &Axis)| {
        let share = f64::from(row.at(i as u64).next_u32()) / f64::from(u32::MAX);
        let value = axis.start + SPREAD * axis.step * (2.0 * share - 1.0);
        let value = if axis.step_min >= 1.0 { value.round() } else { value };
        value.clamp(axis.least, axis.most)
    };
    axes.iter().enumerate().map(number).collect()
}

/// What a period leaves.
fn row(kpis: &Kpis) -> Row {
    let parts = Parts::of(&kpis.total(), kpis.days(), kpis.reference_holding());
    Row { parts, conditions: kpis.conditions(), cost: kpis.total_cost() }
}

/// Simulates everybody in the network as it is and in every shifted world that the simulator takes.
///
/// # Errors
/// If Ctrl-C was pressed.
pub fn simulate(
    problem: &Problem,
    cast: &[(String, Contender<'_>)],
    protocol: &Protocol,
    threads: usize,
    (progress, interrupt): (&mut Progress, Interrupt),
) -> Result<Population, Failure> {
    let mut found = Population {
        policies: cast.iter().map(|(name, _)| name.clone()).collect(),
        paths: protocol.replicas,
        ..Population::default()
    };
    let period_days = (protocol.days / (protocol.days / PERIOD_DAYS).max(1)).max(1);
    for world in std::iter::once(None).chain(Shift::ALL.map(Some)) {
        let name = world.map_or("as it is", Shift::name);
        let image = match world.map_or_else(|| Ok(problem.image.clone()), |shift| shift.image(problem, protocol)) {
            Ok(image) => image,
            Err(why) => {
                progress.advance(cast.len() as u64, name);
                found.refused.push(format!("{name}: {why}"));
                continue;
            }
        };
        let scenario = Scenario::new(&image).map_err(|e| Failure::failed(e.to_string()))?;
        // Shape [policy][path][period].
        let mut all: Vec<Vec<Vec<Row>>> = Vec::with_capacity(cast.len());
        for (_, contender) in cast {
            if interrupt.requested() {
                let message = "interrupted while simulating; go on with --resume, which simulates anew".to_owned();
                return Err(Failure { code: code::INTERRUPTED, message });
            }
            let outcomes = evaluate::run_in_periods(&scenario, contender, protocol, threads, period_days);
            all.push(outcomes.iter().map(|outcome| outcome.periods.iter().map(row).collect()).collect());
            progress.advance(1, name);
        }
        found.worlds.push(name.to_owned());
        for path in 0..protocol.replicas as usize {
            let periods = all.first().map_or(0, |policy| policy[path].len());
            found.groups.extend((0..periods).map(|period| Group {
                path: path as u32,
                rows: all.iter().map(|policy| policy[path][period]).collect(),
            }));
        }
    }
    Ok(found)
}

/// Runs of a network's simulation, for progress.
#[must_use]
pub fn work(cast: &[(String, Contender<'_>)]) -> u64 {
    cast.len() as u64 * (1 + Shift::ALL.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_add_up_to_the_path_and_no_policy_is_in_both_sets() {
        let problem = Problem::embedded().expect("embedded");
        let scenario = problem.scenario().expect("sound");
        let cast = rules(&scenario, 1);
        let names = |set: &[(String, Contender<'_>)]| set.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!((cast.training.len(), cast.held_out.len()), (4 + 6 * 4, 6 * 4));
        assert!(names(&cast.training).iter().all(|name| !names(&cast.held_out).contains(name)));
        let short = Protocol { seed: 3, replicas: 2, first_day: 0, warmup_days: 7, days: 2 * PERIOD_DAYS };
        let some = &cast.training[2..4];
        let mut progress = Progress::new("simulate", "policies", work(some), true);
        let found = simulate(&problem, some, &short, 2, (&mut progress, Interrupt::never())).expect("not interrupted");
        // Twice the variation passes what money can hold on this network.
        assert_eq!((found.worlds.len(), found.refused.len()), (5, 1), "{:?}", found.refused);
        assert_eq!(found.groups.len(), 5 * 2 * 2);
        let whole = evaluate::run(&scenario, &some[0].1, &short, 1);
        for (path, whole) in whole.iter().enumerate() {
            let parts: i64 = found.groups[2 * path..2 * path + 2].iter().map(|group| group.rows[0].cost).sum();
            assert_eq!(parts, whole.kpis.total_cost(), "the first world is the network as it is");
            assert_eq!(found.groups[2 * path].path, path as u32);
        }
    }
}
