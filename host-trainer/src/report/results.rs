//! What `restock compare` left in the run folder, as far as the page shows it.
//!
//! Read leniently: a later version may know more. What is not there is not shown.

use crate::failure::Failure;
use crate::run_folder::RunFolder;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The comparison.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Results {
    /// Name and version of the document.
    pub format: String,
    /// What the test paths were.
    pub protocol: Paths,
    /// One entry a policy.
    pub policies: Vec<Compared>,
    /// Training seeds of the learned policies.
    #[serde(default)]
    pub training_seeds: Vec<u64>,
    /// The policy that the paper's table compares with.
    #[serde(default)]
    pub paper_baseline: Option<String>,
    /// Every policy against the best tuned rule.
    #[serde(default)]
    pub evidence: Option<Evidence>,
    /// Worlds that nobody was trained or tuned for; where they were asked for.
    #[serde(default)]
    pub shifts: Vec<Shift>,
    /// Cost against fill rate over a sweep of the backorder cost; where it was asked for.
    #[serde(default)]
    pub frontier: Option<Frontier>,
}

/// A mean with its 95 % interval; no interval where a single path gives none.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// Lower end.
    #[serde(default)]
    pub low: Option<f64>,
    /// Upper end.
    #[serde(default)]
    pub high: Option<f64>,
}

/// Every policy against the best tuned rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Evidence {
    /// That rule.
    pub baseline: String,
    /// One entry a policy.
    pub rows: Vec<Against>,
}

/// One policy against the best tuned rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Against {
    /// Its name.
    pub policy: String,
    /// Cost less the rule's on the same path [% of the rule's].
    #[serde(default)]
    pub cost_difference_percent: Option<Interval>,
    /// Fill rate less the rule's [points].
    #[serde(default)]
    pub fill_rate_difference_points: Option<Interval>,
    /// Mean cost of the middle half of seeds and paths [currency].
    #[serde(default)]
    pub interquartile_cost: Option<f64>,
    /// Mean cost of the dearest training seed [currency].
    #[serde(default)]
    pub worst_seed_cost: Option<f64>,
    /// Mean cost of the dearest 5 % of seeds and paths [currency].
    #[serde(default)]
    pub tail_cost: Option<f64>,
    /// (rule - policy) / (rule - bound); where there is a bound.
    #[serde(default)]
    pub gap_closed: Option<f64>,
    /// What may be said of it.
    #[serde(default)]
    pub verdict: String,
}

/// A world that nobody was trained or tuned for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Shift {
    /// What was changed.
    pub name: String,
    /// The rule that is cheapest there.
    #[serde(default)]
    pub baseline: String,
    /// The learned policies.
    #[serde(default)]
    pub rows: Vec<Against>,
}

/// Cost against fill rate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Frontier {
    /// What was done.
    #[serde(default)]
    pub method: String,
    /// All points, policy by policy.
    pub points: Vec<FrontierPoint>,
}

/// One policy at one backorder cost.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FrontierPoint {
    /// The policy.
    pub policy: String,
    /// Factor of the backorder cost.
    pub factor: f64,
    /// Units served at once / units demanded.
    pub delivery_rate: f64,
    /// Mean cost of a path without that of shortage [currency].
    pub cost_without_shortage: f64,
}

/// What the test paths were.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Paths {
    /// Seed of the draws.
    pub seed: u64,
    /// Paths.
    pub replicas: u32,
    /// Days before the figures count [days].
    pub warmup_days: u32,
    /// Days that count [days].
    pub days: u32,
}

/// One policy of the comparison.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Compared {
    /// Its name.
    pub policy: String,
    /// Mean cost of a path [currency].
    pub total_cost: f64,
    /// Half width of its 95 % interval [currency]; none of a single path.
    #[serde(default)]
    pub total_cost_ci95: Option<f64>,
    /// Mean cost of a path by term [currency].
    pub cost_terms: BTreeMap<String, f64>,
    /// Units served at once / units demanded.
    pub delivery_rate: f64,
    /// Yearly cost of goods sold / mean stock value.
    pub inventory_turnover: f64,
    /// Variance of orders / variance of demand, mean over echelons.
    pub bullwhip_ratio: f64,
    /// The same by echelon, customers first.
    #[serde(default)]
    pub bullwhip_by_echelon: Vec<f64>,
    /// Answer to shocks.
    #[serde(default)]
    pub responsiveness: Option<Responsiveness>,
    /// HyperScore of all paths.
    pub hyperscore: f64,
    /// Its V.
    pub v: f64,
    /// Its parts.
    pub parts: Parts,
    /// Difference of cost to periodic review on the same paths [percent], with half its 95 % interval.
    #[serde(default)]
    pub versus_periodic_review_percent: Option<(f64, Option<f64>)>,
    /// Digest of all paths.
    #[serde(default)]
    pub digest: String,
}

/// Answer to shocks.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Responsiveness {
    /// Shocks on all paths.
    pub shocks: u64,
    /// Mean depth of the dip of the fill rate.
    pub dip: f64,
    /// Mean days until it is back [days].
    pub days_to_recover: f64,
    /// Shocks after which it was not.
    pub unrecovered: u64,
}

/// The parts of V.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Parts {
    /// Fill rate.
    pub delivery_rate: f64,
    /// `1 - holding / reference holding`.
    pub inventory_score: f64,
    /// Work used / capacity.
    pub capacity_utilization: f64,
}

impl Results {
    /// Of a run; none where it was not compared yet.
    ///
    /// # Errors
    /// If the file can't be read, or is no comparison.
    pub fn read(folder: &RunFolder) -> Result<Option<Self>, Failure> {
        let path = folder.file("results.json");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Failure::data(format!("{}: {e}", path.display()))),
        };
        let wrong = |what: String| {
            let run = folder.path().display();
            Failure::data(format!("{}: {what}; `restock compare {run}` writes it anew", path.display()))
        };
        let results: Self =
            serde_json::from_str(&text).map_err(|e| wrong(format!("{e}, should be what `restock compare` writes")))?;
        if !results.format.starts_with("restock-compare/") {
            return Err(wrong(format!("the format is {:?}, should be restock-compare", results.format)));
        }
        if results.policies.is_empty() {
            return Err(wrong("there is no policy in it".to_owned()));
        }
        Ok(Some(results))
    }

    /// The entry of a policy.
    #[must_use]
    pub fn policy(&self, name: &str) -> Option<&Compared> {
        self.policies.iter().find(|compared| compared.policy == name)
    }

    /// The frontier's lines, policy by policy, each by rising factor. Empty where there is none.
    #[must_use]
    pub fn frontier_lines(&self) -> Vec<(String, Vec<&FrontierPoint>)> {
        let mut lines: Vec<(String, Vec<&FrontierPoint>)> = Vec::new();
        for point in self.frontier.iter().flat_map(|frontier| &frontier.points) {
            match lines.iter_mut().find(|(policy, _)| *policy == point.policy) {
                Some((_, line)) => line.push(point),
                None => lines.push((point.policy.clone(), vec![point])),
            }
        }
        lines.iter_mut().for_each(|(_, line)| line.sort_by(|a, b| a.factor.total_cmp(&b.factor)));
        lines
    }
}
