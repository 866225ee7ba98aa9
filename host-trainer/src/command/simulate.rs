//! `restock simulate`: one policy on one network.

use super::{Common, print, print_json, rule, table};
use crate::baselines;
use crate::checkpoint::write_atomically;
use crate::device_run::{self, OnDevice};
use crate::evaluate::{self, Contender, Outcome, Protocol};
use crate::failure::Failure;
use crate::lp;
use crate::problem::Problem;
use crate::run_folder::REPLICAS_MAX;
use clap::Args;
use restock_core::Scenario;
use restock_core::blob::PolicyBlob;
use restock_core::decision_log::Origin;
use restock_core::ledger::Ledger;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Arguments of `restock simulate`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Network folder [default: the embedded 3 x 200 network].
    pub network: Option<PathBuf>,
    /// `textbook` (base stock on the forecast), `base-stock`, `reorder-point`, `periodic-review`, a rule with its
    /// parameters such as `base-stock:S=12`, or a policy file.
    ///
    /// Rules with parameters, in units: base-stock:S=12, capped-base-stock:S=12,cap=6, reorder-point:s=6,S=40,
    /// dual-index:Se=4,Sr=7,cap=2 (levels of the fast and the normal route), echelon-base-stock:shop.S=7,depot.S=12,
    /// anchor-adjust:expected=4,S=28,alpha=1,beta=1,from=4 (Sterman's rule from that day on). `S=12` holds everywhere,
    /// `shop.S=12` at one node, `shop/mug.S=12` at one stockpoint.
    ///
    /// Linear programs: static-lp (mean demand, executed as planned), rolling-lp (planned anew each week),
    /// rolling-lp-safety (with the textbook's safety stock); seconds a path.
    #[arg(long, default_value = "textbook")]
    pub policy: String,
    /// Days between orders under `periodic-review`.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=128))]
    pub period_days: u32,
    /// Paths of chance to average over.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=i64::from(REPLICAS_MAX)))]
    pub replicas: u32,
    /// Seed of all that chance decides.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Day of the horizon to start on.
    #[arg(long, default_value_t = 0)]
    pub first_day: u32,
    /// Days before the KPIs count [default: an eighth of the horizon, at most 56].
    #[arg(long)]
    pub warmup_days: Option<u32>,
    /// Days that count [default: what is left of the horizon, at most a year].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub days: Option<u32>,
    /// Also run the first path as a device does, under guard, and write its decision log to this file; for `textbook`
    /// and policy files. `restock replay` turns it back into the same decisions.
    #[arg(long)]
    pub log: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// If the network or the policy file has errors, or the days do not fit the horizon.
pub fn run(arguments: &Arguments, common: &Common) -> Result<(), Failure> {
    let problem = Problem::from_argument(arguments.network.as_deref())?;
    let scenario = problem.scenario()?;
    let horizon = scenario.horizon_days();
    let warmup_days = arguments.warmup_days.unwrap_or((horizon / 8).min(56));
    let before = arguments.first_day.saturating_add(warmup_days);
    let left = horizon.saturating_sub(before);
    let days = arguments.days.unwrap_or(left.clamp(1, 364));
    if days > left {
        return Err(Failure::usage(format!(
            "first day {} + {} of warm-up + {} do not fit the horizon of {}",
            arguments.first_day,
            table::counted(warmup_days, "day"),
            table::counted(days, "day"),
            table::counted(horizon, "day"),
        )));
    }
    let protocol = Protocol {
        seed: arguments.seed,
        replicas: arguments.replicas,
        first_day: arguments.first_day,
        warmup_days,
        days,
    };
    let mut bytes = Vec::new();
    let ruled = rule::parse(&arguments.policy, &scenario, &problem.names)?;
    let planned = lp::contenders::named(&arguments.policy, &scenario, &protocol)
        .map_err(|e| Failure::data(format!("--policy {}: {e}", arguments.policy)))?;
    let ruled = ruled.or(planned);
    let contender = match arguments.policy.as_str() {
        _ if ruled.is_some() => ruled.unwrap_or(Contender::Textbook),
        "textbook" => Contender::Textbook,
        "base-stock" => Contender::BaseStock(baselines::base_stock_levels(&scenario)),
        "reorder-point" => {
            let (reorder, up_to) = baselines::reorder_points(&scenario);
            Contender::ReorderPoint(reorder, up_to)
        }
        "periodic-review" => Contender::PeriodicReview(arguments.period_days),
        file => {
            bytes = std::fs::read(file).map_err(|e| {
                Failure::usage(format!(
                    "--policy {file}: {e}; known are {} with parameters, textbook, base-stock, reorder-point, periodic-review, {} and policy files",
                    rule::names(),
                    lp::contenders::NAMES.join(", ")
                ))
            })?;
            let blob = PolicyBlob::decode(&bytes).map_err(|e| Failure::data(format!("{file}: {e}")))?;
            let mut features = vec![0i8; restock_core::policy::QuantizedPolicy::bytes(&scenario)];
            restock_core::policy::QuantizedPolicy::new(&blob, &scenario, &mut features)
                .map_err(|e| Failure::data(format!("{file}: {e}")))?;
            Contender::Int8(blob)
        }
    };
    let logged = match &arguments.log {
        Some(path) => Some(write_log(path, &scenario, &contender, &bytes, &protocol)?),
        None => None,
    };
    let outcomes = evaluate::run(&scenario, &contender, &protocol, common.threads());
    let summary = evaluate::summarize(&scenario, &arguments.policy, &outcomes, None);
    let (daily, error) = per_day(&scenario, &outcomes);
    let nodes = per_node(&scenario, &problem, &outcomes);
    if common.json {
        return print_json(&serde_json::json!({
            "format": "restock-simulate/1",
            "cost_per_day": { "mean": daily, "standard_error": error.is_finite().then_some(error) },
            "nodes": nodes,
            "source": problem.source,
            "currency": problem.names.currency,
            "protocol": protocol,
            "policy": summary,
            "log_bytes": logged,
        }));
    }
    let rows = [summary];
    let mut by_node = table::titled(["node", "cost", "share"], 1);
    let whole: f64 = nodes.iter().map(|node| node.cost).sum();
    for node in &nodes {
        let share = if whole > 0.0 { 100.0 * node.cost / whole } else { 0.0 };
        by_node.add_row([node.node.clone(), table::thousands(node.cost), format!("{share:.1} %")]);
    }
    let by_node = if nodes.len() > 1 { format!("\n\n{}", table::lines(&by_node)) } else { String::new() };
    let error = if error.is_finite() { format!(", standard error {error:.6}") } else { String::new() };
    print(&format!(
        "{}{by_node}\n\ncost a day {daily:.6} {}{error}\n{} of {} after {} of warm-up, seed {}, digest {}{}",
        table::comparison(&rows, &problem.names.currency),
        problem.names.currency,
        table::counted(protocol.replicas, "path"),
        table::counted(days, "day"),
        table::counted(warmup_days, "day"),
        protocol.seed,
        rows[0].digest,
        logged
            .map_or_else(String::new, |bytes| format!("\ndecision log of the first path, under guard: {bytes} bytes")),
    ))
}

/// Writes the decision log of the first path; its size [bytes].
fn write_log(
    path: &Path,
    scenario: &Scenario<'_>,
    contender: &Contender<'_>,
    file: &[u8],
    protocol: &Protocol,
) -> Result<usize, Failure> {
    let device = match contender {
        Contender::Textbook => OnDevice::Textbook,
        Contender::Int8(blob) => OnDevice::Learned(*blob, file),
        _ => return Err(Failure::usage("--log: a device runs `textbook` or a policy file, no other rule")),
    };
    let origin = Origin {
        scenario_hash: scenario.hash(),
        policy_hash: device.hash(),
        seed: protocol.seed,
        replica: 0,
        first_day: protocol.first_day,
    };
    let log = device_run::log(scenario, &device, &origin, protocol.warmup_days + protocol.days)
        .map_err(|e| Failure::data(e.to_string()))?;
    write_atomically(path, &log).map_err(|e| Failure::failed(e.to_string()))?;
    Ok(log.len())
}

/// Mean cost a day over replicas and its standard error [currency]; the error of one replica is NaN.
#[must_use]
pub fn per_day(scenario: &Scenario<'_>, outcomes: &[Outcome]) -> (f64, f64) {
    let days = outcomes.first().map_or(1.0, |outcome| f64::from(outcome.kpis.days().max(1)));
    let costs: Vec<f64> = evaluate::costs(scenario, outcomes).iter().map(|cost| cost / days).collect();
    let count = costs.len() as f64;
    let mean = costs.iter().sum::<f64>() / count.max(1.0);
    let variance = costs.iter().map(|cost| (cost - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, if costs.len() > 1 { (variance / count).sqrt() } else { f64::NAN })
}

/// What one node cost.
#[derive(Clone, Debug, Serialize)]
pub struct NodeCost {
    /// The node.
    pub node: String,
    /// Mean cost of a replica [currency].
    pub cost: f64,
    /// The same by term [currency].
    pub cost_terms: BTreeMap<&'static str, f64>,
}

/// Costs node by node, customers first.
#[must_use]
pub fn per_node(scenario: &Scenario<'_>, problem: &Problem, outcomes: &[Outcome]) -> Vec<NodeCost> {
    let share = f64::from(scenario.money_scale()) * outcomes.len().max(1) as f64;
    let one = |(n, name): (usize, &String)| {
        let mut ledger = Ledger::default();
        outcomes.iter().for_each(|outcome| ledger.add(&outcome.kpis.node(n).ledger));
        let terms = Ledger::NAMES.into_iter().zip(ledger.terms().map(|term| term as f64 / share));
        NodeCost { node: name.clone(), cost: ledger.total() as f64 / share, cost_terms: terms.collect() }
    };
    problem.names.nodes.iter().enumerate().map(one).collect()
}
