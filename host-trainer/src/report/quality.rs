//! How good the data are: what `restock check` warns about, and what is odd about the products.

use super::paths::ProductSums;
use crate::problem::{Names, load};
use crate::run_folder::Manifest;
use restock_core::Scenario;
use restock_core::layout::Column;
use serde::Serialize;
use std::path::Path;

/// Days of demand that a smallest order may last without being remarked [days].
const SMALLEST_ORDER_DAYS: f64 = 30.0;
/// Products that a finding names.
const NAMED: usize = 5;

/// Something that holds for some products.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What holds.
    pub what: String,
    /// For how many products.
    pub count: usize,
    /// The first of them.
    pub products: Vec<String>,
}

/// How good the data are.
#[derive(Clone, Debug, Serialize)]
pub struct Quality {
    /// What became of the network folder that the run was trained on.
    pub source: String,
    /// What `restock check` warns about; none where the folder could not be checked.
    pub warnings: Option<Vec<String>>,
    /// Where demand on the test paths comes from.
    pub demand: String,
    /// What is odd.
    pub findings: Vec<Finding>,
}

impl Quality {
    /// Of a run: of its network folder if it is still there, and of its products on the test paths.
    #[must_use]
    pub fn of(
        scenario: &Scenario<'_>,
        image: &[i32],
        names: &Names,
        manifest: &Manifest,
        sums: &[ProductSums],
    ) -> Self {
        let (source, warnings) = checked(image, &manifest.source);
        let replayed =
            scenario.nodes().iter().position(|node| node.sells).is_some_and(|n| scenario.replayed(n, 0).is_some());
        let demand = if replayed {
            "replayed from the history day by day; a date without a row counts as no demand"
        } else {
            "drawn from the distributions of the network, day by day"
        };
        let lasts = |p: usize| smallest_order_days(scenario, p) > SMALLEST_ORDER_DAYS;
        let worthless = |p: usize| (0..scenario.node_count()).all(|n| scenario.column(Column::UnitValue, n)[p] == 0);
        let days =
            format!("a smallest order (lot or minimum) that lasts longer than {SMALLEST_ORDER_DAYS:.0} days somewhere");
        let findings = [
            finding(names, "no demand at all on the test paths", |p| sums[p].demand == 0),
            finding(names, "demand on fewer than half of the days (intermittent)", |p| {
                sums[p].demand > 0 && 2 * sums[p].idle_days > sums[p].days
            }),
            finding(names, "never ordered by any node on the test paths", |p| sums[p].ordered == 0),
            finding(names, "no value: its stock costs nothing and turnover does not see it", worthless),
            finding(names, &days, lasts),
        ];
        Self { source, warnings, demand: demand.to_owned(), findings: findings.into_iter().flatten().collect() }
    }
}

/// Days of mean demand that the smallest possible order lasts, at the node where it lasts longest.
fn smallest_order_days(scenario: &Scenario<'_>, product: usize) -> f64 {
    let of = |n: usize| {
        let word = |column| f64::from(scenario.column(column, n)[product]);
        let smallest = word(Column::LotSize).max(word(Column::OrderMin));
        let mean = word(Column::DemandMean) / 4096.0;
        if mean > 0.0 { smallest / mean } else { 0.0 }
    };
    (0..scenario.node_count()).map(of).fold(0.0, f64::max)
}

fn finding(names: &Names, what: &str, holds: impl Fn(usize) -> bool) -> Option<Finding> {
    let found: Vec<usize> = (0..names.products.len()).filter(|&p| holds(p)).collect();
    let products = found.iter().take(NAMED).map(|&p| names.products[p].clone()).collect();
    (!found.is_empty()).then(|| Finding { what: what.to_owned(), count: found.len(), products })
}

/// The folder of the run, and its warnings if it is still what the run was trained on.
fn checked(image: &[i32], source: &str) -> (String, Option<Vec<String>>) {
    let folder = Path::new(source);
    if !folder.is_dir() {
        let what = if source.starts_with("embedded") {
            format!("{source}: a network that Restock brings along, without a folder to check")
        } else {
            format!("{source}: no longer there, so that its data could not be checked again")
        };
        return (what, None);
    }
    match load(folder) {
        Err(problems) => (format!("{source}: has {} errors now", problems.errors.len()), None),
        Ok(loaded) if loaded.spec.image().is_ok_and(|now| now == image) => {
            let warnings = loaded.warnings.iter().map(ToString::to_string).collect();
            (format!("{source}: as it was when the run was trained"), Some(warnings))
        }
        Ok(_) => (format!("{source}: has changed since the run was trained, and was not checked again"), None),
    }
}
