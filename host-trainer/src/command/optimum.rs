//! `restock compare --optimum`: how far the learned policies are from the exact optimum.

use super::{Common, print, print_json, table};
use crate::evaluate::{self, Contender, Protocol};
use crate::failure::Failure;
use crate::model::FloatPolicy;
use crate::problem::Problem;
use crate::solve;
use crate::train::test_seed;
use restock_core::Scenario;
use restock_core::blob::PolicyBlob;
use serde::Serialize;

/// Days of a path before costs count: a chain that starts empty is at rest long before [days].
const WARMUP_DAYS: u32 = 256;
/// Stockpoint-days that a gap is measured over where the number of paths is left to us: the interval of a
/// gap is then a few hundredths of a percent on problems of one stockpoint.
const DAYS: u64 = 16_000_000;

/// A policy's distance from the optimum.
#[derive(Clone, Debug, Serialize)]
pub struct Gap {
    /// The policy's name.
    pub policy: String,
    /// Mean cost a day [currency].
    pub cost_per_day: f64,
    /// Half width of its 95 % interval over paths [currency].
    pub cost_per_day_ci95: f64,
    /// Cost above the optimum [percent of the optimum].
    pub gap_percent: f64,
    /// Half width of its 95 % interval [percentage points].
    pub gap_percent_ci95: f64,
}

/// Distances of policies from a network's exact optimum.
#[derive(Clone, Debug, Serialize)]
pub struct Distances {
    /// Name and version of this document.
    pub format: &'static str,
    /// The paths that costs were measured on.
    pub protocol: Protocol,
    /// Currency of the costs.
    pub currency: String,
    /// Exact optimum: long-run mean cost a day of all products [currency].
    pub optimum_per_day: f64,
    /// One entry per policy.
    pub policies: Vec<Gap>,
    /// The best rules of few parameters of each product, in the literature's forms, with their exact costs.
    pub products: Vec<solve::Solution>,
}

/// Long paths over the whole horizon, so that means are long-run means.
fn protocol(scenario: &Scenario<'_>, seed: u64, replicas: Option<u32>) -> Protocol {
    let warmup_days = WARMUP_DAYS.min(scenario.horizon_days() / 4);
    let days = scenario.horizon_days() - warmup_days;
    let one = u64::from(days) * scenario.stockpoints() as u64;
    let all = u32::try_from(DAYS.div_ceil(one.max(1))).unwrap_or(u32::MAX).clamp(8, 1 << 16);
    Protocol { seed, replicas: replicas.unwrap_or(all), first_day: 0, warmup_days, days }
}

/// Measures the learned policies against the optimum.
///
/// # Errors
/// If the network has no exact optimum: with every reason.
pub fn distances(
    scenario: &Scenario<'_>,
    problem: &Problem,
    learned: &[FloatPolicy],
    packed: PolicyBlob<'_>,
    seed: Option<u64>,
    replicas: Option<u32>,
    common: &Common,
) -> Result<Distances, Failure> {
    let optimum = solve::optimum(scenario, &problem.names, &mut |_| {})
        .map_err(|reasons| Failure::data(format!("{}: {reasons}", problem.source)))?;
    let protocol = protocol(scenario, seed.unwrap_or(test_seed(problem.training.seed)), replicas);
    let contenders = [
        ("base stock on forecast", Contender::Textbook),
        (super::compare::FLOAT, Contender::Float(learned)),
        (super::compare::INT8, Contender::Int8(packed)),
    ];
    let mut progress = crate::progress::Progress::new("compare", "policies", contenders.len() as u64, common.quiet);
    let policies = contenders.iter().map(|(name, contender)| {
        let outcomes = evaluate::run(scenario, contender, &protocol, common.threads());
        progress.advance(1, name);
        let days = f64::from(protocol.days);
        let daily: Vec<f64> = evaluate::costs(scenario, &outcomes).iter().map(|cost| cost / days).collect();
        let (cost_per_day, cost_per_day_ci95) = evaluate::mean_and_interval(&daily);
        let percent = 100.0 / optimum.cost_per_day;
        Gap {
            policy: (*name).to_owned(),
            cost_per_day,
            cost_per_day_ci95,
            gap_percent: (cost_per_day - optimum.cost_per_day) * percent,
            gap_percent_ci95: cost_per_day_ci95 * percent,
        }
    });
    let policies = policies.collect();
    progress.finish();
    Ok(Distances {
        format: "restock-optimum/1",
        protocol,
        currency: problem.names.currency.clone(),
        optimum_per_day: optimum.cost_per_day,
        policies,
        products: optimum.products,
    })
}

impl Distances {
    /// The table.
    #[must_use]
    pub fn text(&self) -> String {
        let mut rows = table::titled(["policy", "cost a day", "above optimum"], 1);
        rows.add_row(["optimum".to_owned(), format!("{:.4}", self.optimum_per_day), String::new()]);
        for gap in &self.policies {
            rows.add_row([
                gap.policy.clone(),
                format!("{:.4} ± {:.4}", gap.cost_per_day, gap.cost_per_day_ci95),
                format!("{:+.3} ± {:.3} %", gap.gap_percent, gap.gap_percent_ci95),
            ]);
        }
        // Rules of one product can be held beside the policies; of several, each has its own.
        if let [product] = &self.products[..] {
            for rule in &product.rules {
                rows.add_row([
                    rule.name.to_owned(),
                    format!("{:.4}", rule.cost),
                    format!("{:+.3} %", rule.gap_percent),
                ]);
            }
        }
        let p = &self.protocol;
        format!(
            "{}\n\nlong-run mean cost a day [{}]; {} of {} after {} of warm-up, none of them seen in training; ± are\n\
             95 % intervals over paths. The optimum and the rules below the policies are exact (restock solve).",
            table::lines(&rows),
            self.currency,
            table::counted(p.replicas, "test path"),
            table::counted(p.days, "day"),
            table::counted(p.warmup_days, "day"),
        )
    }

    /// Prints it.
    ///
    /// # Errors
    /// If stdout can't be written to.
    pub fn show(&self, common: &Common) -> Result<(), Failure> {
        if common.json { print_json(self) } else { print(&self.text()) }
    }
}
