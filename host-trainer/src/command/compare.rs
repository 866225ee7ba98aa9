//! `restock compare`: a run's policies against the classical rules on unseen seeds.

use super::{Common, optimum, print, print_json, session, table};
use crate::baselines;
use crate::evaluate::{self, Contender, Outcome, Protocol, Summary};
use crate::failure::Failure;
use crate::model::FloatPolicy;
use crate::problem::Problem;
use crate::quantize::Label;
use crate::run_folder::{Evaluation, REPLICAS_MAX, RunFolder};
use crate::sensitivity::{self, Sensitivity};
use crate::trace::{Recorder, Trace};
use crate::train::{test_seed, year};
use clap::Args;
use restock_core::Scenario;
use restock_core::blob::PolicyBlob;
use serde::Serialize;
use std::path::PathBuf;

/// Arguments of `restock compare`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Run folder, as `restock train` makes it.
    pub run: PathBuf,
    /// Test paths, each of a year [default: 32; with --optimum as many as make 16 million stockpoint-days].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(REPLICAS_MAX)))]
    pub replicas: Option<u32>,
    /// Measure the learned policies against the exact optimum instead (networks that `restock solve` knows).
    #[arg(long)]
    pub optimum: bool,
    /// Seed of the test paths [default: from the run's own seed, apart from training and validation].
    #[arg(long)]
    pub seed: Option<u64>,
}

/// What a comparison found.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Name and version of this document.
    pub format: &'static str,
    /// What the test paths were.
    pub protocol: Protocol,
    /// Currency of the costs.
    pub currency: String,
    /// One entry per policy.
    pub policies: Vec<Summary>,
    /// Cost of the int8 policy less the float policy's, in percent of the float policy's; none where
    /// that costs nothing.
    pub int8_versus_float_percent: Option<f64>,
    /// How much HyperScore's ranking hangs on its weights.
    pub weight_sensitivity: Sensitivity,
    /// What each policy did, day by day: for `restock verify`, in a file of its own.
    #[serde(skip)]
    pub traces: Vec<Trace>,
}

/// Test paths, if not told otherwise.
const REPLICAS: u32 = 32;
/// Name of the learned policy in floats.
pub const FLOAT: &str = "PPO float";
/// Name of the learned policy as the device runs it.
pub const INT8: &str = "PPO int8";

/// Runs classical rules and learned policies on the same paths.
#[must_use]
pub fn compare(
    scenario: &Scenario<'_>,
    problem: &Problem,
    learned: Option<&[FloatPolicy]>,
    packed: Option<PolicyBlob<'_>>,
    protocol: &Protocol,
    common: &Common,
) -> Comparison {
    let (reorder, up_to) = baselines::reorder_points(scenario);
    let mut contenders: Vec<(&str, Contender<'_>)> = vec![
        ("periodic review (7 days)", Contender::PeriodicReview(7)),
        ("(s, S)", Contender::ReorderPoint(reorder, up_to)),
        ("base stock", Contender::BaseStock(baselines::base_stock_levels(scenario))),
        ("base stock on forecast", Contender::Textbook),
    ];
    if let Some(policies) = learned {
        contenders.push((FLOAT, Contender::Float(policies)));
    }
    if let Some(blob) = packed {
        contenders.push((INT8, Contender::Int8(blob)));
    }
    let mut progress = crate::progress::Progress::new("compare", "policies", contenders.len() as u64, common.quiet);
    let mut traces = Vec::new();
    let outcomes: Vec<(&str, Vec<Outcome>)> = contenders
        .iter()
        .map(|(name, contender)| {
            let recorder = Recorder::new(scenario, protocol.warmup_days + protocol.days);
            let outcomes = evaluate::run_recorded(scenario, contender, protocol, common.threads(), Some(&recorder));
            traces.push(recorder.finish(name));
            progress.advance(1, name);
            (*name, outcomes)
        })
        .collect();
    progress.finish();
    let periodic = &outcomes[0].1;
    let policies: Vec<Summary> = outcomes
        .iter()
        .enumerate()
        .map(|(i, (name, outcome))| {
            evaluate::summarize(scenario, name, outcome, (i > 0).then_some(periodic.as_slice()))
        })
        .collect();
    let cost = |name: &str| policies.iter().find(|s| s.policy == name).map(|s| s.total_cost);
    let int8_versus_float_percent = cost(INT8)
        .zip(cost(FLOAT))
        .filter(|(_, float)| *float > 0.0)
        .map(|(int8, float)| 100.0 * (int8 - float) / float);
    Comparison {
        format: "restock-compare/1",
        protocol: *protocol,
        currency: problem.names.currency.clone(),
        weight_sensitivity: sensitivity::of(scenario, &policies, protocol.seed),
        policies,
        int8_versus_float_percent,
        traces,
    }
}

impl Comparison {
    /// What `restock verify` repeats.
    #[must_use]
    pub fn evaluation(&self) -> Evaluation {
        Evaluation {
            seed: self.protocol.seed,
            replicas: self.protocol.replicas,
            first_day: self.protocol.first_day,
            warmup_days: self.protocol.warmup_days,
            days: self.protocol.days,
            digests: self.policies.iter().map(|s| (s.policy.clone(), s.digest.clone())).collect(),
        }
    }

    /// The tables.
    #[must_use]
    pub fn text(&self) -> String {
        let p = &self.protocol;
        let intervals = if p.replicas > 1 { "; ± are 95 % intervals" } else { "" };
        let mut text = format!(
            "{}\n\n{} of {} after {} of warm-up, none of them seen in training{intervals}.\n\
             delivery rate: units served at once / units demanded. inventory turnover: yearly cost of goods\n\
             sold / mean stock value, in transit excluded. bullwhip ratio: variance of orders / variance of\n\
             demand, mean over echelons. V: weighted sum of the three parts beside it.",
            table::comparison(&self.policies, &self.currency),
            table::counted(p.replicas, "test path"),
            table::counted(p.days, "day"),
            table::counted(p.warmup_days, "day"),
        );
        if self.policies.iter().any(|policy| policy.responsiveness.is_some()) {
            text += "\ndip: how far the week's delivery rate falls after a shock (an event or a disruption begins).\n\
                     recovered: back within two points of the four weeks before it.";
        }
        if let Some(difference) = self.int8_versus_float_percent {
            text += &format!("\nint8 costs {difference:+.3} % of what float does.");
        }
        text += &format!("\n{}", self.weight_sensitivity.text(&self.policies));
        text += &format!("\n{}", evaluate::alarms_text(&self.policies));
        text
    }
}

/// Runs the command.
///
/// # Errors
/// If the run can't be read or results can't be written.
pub fn run(arguments: &Arguments, common: &Common) -> Result<(), Failure> {
    let (folder, mut manifest, problem) = RunFolder::open(&arguments.run)?;
    let scenario = problem.scenario()?;
    let trainer = session::resume(&scenario, &problem, &folder, common.threads())?;
    let policies = trainer.best_policies();
    let bytes =
        super::pack::packed(&folder, &scenario, &problem, &trainer, Label { model_version: 1, ..Label::default() })?;
    let blob = PolicyBlob::decode(&bytes).map_err(|e| Failure::data(e.to_string()))?;
    if arguments.optimum {
        let (seed, replicas) = (arguments.seed, arguments.replicas);
        let distances = optimum::distances(&scenario, &problem, &policies, blob, seed, replicas, common)?;
        folder.write_json("optimum.json", &distances)?;
        return distances.show(common);
    }
    let seed = arguments.seed.unwrap_or(test_seed(problem.training.seed));
    let protocol = year(&scenario, seed, arguments.replicas.unwrap_or(REPLICAS));
    let comparison = compare(&scenario, &problem, Some(&policies), Some(blob), &protocol, common);
    folder.write_json("results.json", &comparison)?;
    folder.write_traces(&comparison.traces)?;
    manifest.evaluation = Some(comparison.evaluation());
    folder.write_manifest(&manifest)?;
    if common.json { print_json(&comparison) } else { print(&comparison.text()) }
}
