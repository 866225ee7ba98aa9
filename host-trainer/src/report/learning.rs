//! Learning curves of one run or of several: from each run's `metrics.jsonl`.

use super::band::{Band, rounded};
use crate::failure::Failure;
use crate::run_folder::RunFolder;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most points of a curve: longer runs are thinned.
const POINTS_MAX: usize = 500;

/// One line of a metrics file, as far as curves need it.
#[derive(Deserialize)]
struct Line {
    iteration: u32,
    learner: String,
    reward_mean: Option<f64>,
    entropy: Option<f64>,
    explained_variance: Option<f64>,
    approximate_kl: Option<f64>,
    validation_cost: Option<f64>,
}

/// A figure over iterations.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Curve {
    /// Iterations done. Shape `[point]`.
    pub iterations: Vec<u32>,
    /// The figure; of one run the three are the same.
    pub band: Band,
}

/// A figure of one learner over iterations, the median over runs.
#[derive(Clone, Debug, Serialize)]
pub struct OfLearner {
    /// The node.
    pub learner: String,
    /// Mean reward of a batch [reward per stockpoint-day].
    pub reward: Curve,
    /// Joint entropy of the heads [nat].
    pub entropy: Curve,
    /// Share of the returns' variance that the critic explained.
    pub explained_variance: Curve,
    /// KL divergence of each update [nat].
    pub kl: Curve,
}

/// How the runs learned.
#[derive(Clone, Debug, Serialize)]
pub struct Learning {
    /// Seeds of the runs.
    pub seeds: Vec<u64>,
    /// Mean cost of a validation path [currency].
    pub validation_cost: Curve,
    /// The same, run by run: iteration and cost.
    pub validation_by_run: Vec<Vec<(u32, f64)>>,
    /// Each learner's own figures.
    pub learners: Vec<OfLearner>,
}

/// One run's figures: iteration to value.
type Series = BTreeMap<u32, f64>;

/// One run's curves.
#[derive(Default)]
struct OfRun {
    validation: Series,
    /// By learner: reward, entropy, explained variance, KL divergence.
    learners: BTreeMap<String, [Series; 4]>,
}

fn read(folder: &RunFolder) -> Result<OfRun, Failure> {
    let path = folder.file("metrics.jsonl");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(OfRun::default()),
        Err(e) => return Err(Failure::data(format!("{}: {e}", path.display()))),
    };
    let mut run = OfRun::default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]); // A torn last line is of a crash: training drops it too.
    for (i, line) in whole.lines().enumerate() {
        let at = |e| {
            Failure::data(format!("{}:{}: {e}, should be a line that `restock train` wrote", path.display(), i + 1))
        };
        let line: Line = serde_json::from_str(line).map_err(at)?;
        // What is measured in iteration 0 is after one iteration.
        let done = line.iteration.saturating_add(1);
        if let Some(cost) = line.validation_cost {
            run.validation.insert(done, cost);
        }
        let figures = [line.reward_mean, line.entropy, line.explained_variance, line.approximate_kl];
        let learner = run.learners.entry(line.learner).or_default();
        for (series, figure) in learner.iter_mut().zip(figures) {
            if let Some(figure) = figure {
                series.insert(done, figure);
            }
        }
    }
    Ok(run)
}

/// The band of a figure at the iterations that at least half of the runs have.
fn curve(runs: &[&Series]) -> Curve {
    let mut found: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (iteration, value) in runs.iter().flat_map(|series| series.iter()) {
        found.entry(*iteration).or_default().push(*value);
    }
    found.retain(|_, values| 2 * values.len() >= runs.len());
    let every = found.len().div_ceil(POINTS_MAX).max(1);
    let mut curve = Curve::default();
    for (iteration, values) in found.into_iter().step_by(every) {
        let courses: Vec<[f64; 1]> = values.into_iter().map(|value| [value]).collect();
        let band = Band::of(&courses);
        curve.iterations.push(iteration);
        curve.band.low.extend(band.low);
        curve.band.middle.extend(band.middle);
        curve.band.high.extend(band.high);
    }
    curve
}

impl Learning {
    /// Of runs of the same network: their seeds and folders. `learners` are in the order that the page shows.
    ///
    /// # Errors
    /// If a file can't be read, or is not what training writes.
    pub fn of(runs: &[(u64, &RunFolder)], learners: &[String]) -> Result<Self, Failure> {
        let read: Vec<OfRun> = runs.iter().map(|(_, folder)| read(folder)).collect::<Result<_, _>>()?;
        let of = |learner: &String| {
            let series = |i: usize| {
                let each: Vec<&Series> =
                    read.iter().filter_map(|run| run.learners.get(learner)).map(|s| &s[i]).collect();
                curve(&each)
            };
            OfLearner {
                learner: learner.clone(),
                reward: series(0),
                entropy: series(1),
                explained_variance: series(2),
                kl: series(3),
            }
        };
        Ok(Self {
            seeds: runs.iter().map(|(seed, _)| *seed).collect(),
            validation_cost: curve(&read.iter().map(|run| &run.validation).collect::<Vec<_>>()),
            validation_by_run: read
                .iter()
                .map(|run| run.validation.iter().map(|(iteration, cost)| (*iteration, rounded(*cost))).collect())
                .collect(),
            learners: learners.iter().map(of).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_has_the_iterations_that_half_of_the_runs_have() {
        let a = Series::from([(5, 10.0), (10, 8.0), (15, 6.0)]);
        let b = Series::from([(5, 12.0), (10, 12.0)]);
        let c = Series::from([(5, 20.0)]);
        let found = curve(&[&a, &b, &c]);
        assert_eq!(found.iterations, [5, 10]);
        assert_eq!((found.band.low[0], found.band.middle[0], found.band.high[0]), (11.0, 12.0, 16.0));
        assert_eq!(found.band.middle[1], 10.0);
        let one = curve(&[&a]);
        assert_eq!((&one.band.low, &one.band.high), (&one.band.middle, &one.band.middle));
    }

    #[test]
    fn a_long_run_is_thinned() {
        let long: Series = (1..=2001).map(|i| (i, f64::from(i))).collect();
        let found = curve(&[&long]);
        assert!(found.iterations.len() <= POINTS_MAX && found.iterations[0] == 1, "{}", found.iterations.len());
    }
}
