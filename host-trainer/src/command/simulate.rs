//! `restock simulate`: one policy on one network.

use super::{Common, print, print_json, table};
use crate::baselines;
use crate::evaluate::{self, Contender, Protocol};
use crate::failure::Failure;
use crate::problem::Problem;
use crate::run_folder::REPLICAS_MAX;
use clap::Args;
use restock_core::blob::PolicyBlob;
use std::path::PathBuf;

/// Arguments of `restock simulate`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Network folder [default: the embedded 3 x 200 network].
    pub network: Option<PathBuf>,
    /// `textbook` (base stock on the forecast), `base-stock`, `reorder-point`, `periodic-review`, or
    /// a policy file.
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
    let bytes;
    let contender = match arguments.policy.as_str() {
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
                    "--policy {file}: {e}; known are textbook, base-stock, reorder-point, periodic-review and policy files"
                ))
            })?;
            let blob = PolicyBlob::decode(&bytes).map_err(|e| Failure::data(format!("{file}: {e}")))?;
            let mut features = vec![0i8; restock_core::policy::QuantizedPolicy::bytes(&scenario)];
            restock_core::policy::QuantizedPolicy::new(&blob, &scenario, &mut features)
                .map_err(|e| Failure::data(format!("{file}: {e}")))?;
            Contender::Int8(blob)
        }
    };
    let outcomes = evaluate::run(&scenario, &contender, &protocol, common.threads());
    let summary = evaluate::summarize(&scenario, &arguments.policy, &outcomes, None);
    if common.json {
        return print_json(&serde_json::json!({
            "format": "restock-simulate/1",
            "source": problem.source,
            "currency": problem.names.currency,
            "protocol": protocol,
            "policy": summary,
        }));
    }
    let rows = [summary];
    print(&format!(
        "{}\n\n{} of {} after {} of warm-up, seed {}, digest {}",
        table::comparison(&rows, &problem.names.currency),
        table::counted(protocol.replicas, "path"),
        table::counted(days, "day"),
        table::counted(warmup_days, "day"),
        protocol.seed,
        rows[0].digest
    ))
}
