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
    /// Cost against fill rate over a sweep of the backorder cost; where it was asked for.
    #[serde(default)]
    pub frontier: Option<serde_json::Value>,
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

    /// The frontier's lines: a policy and its points, each a cost and a fill rate. Empty where there is none.
    #[must_use]
    pub fn frontier_lines(&self) -> Vec<(String, Vec<(f64, f64)>)> {
        Vec::new()
    }
}
