//! `restock verify`: a run's comparison again, digest by digest; what has changed is named with the first day and
//! stockpoint that differ.

use super::{Common, compare, print, print_json, session, table};
use crate::evaluate::Protocol;
use crate::failure::Failure;
use crate::problem::Names;
use crate::progress::Interrupt;
use crate::run_folder::RunFolder;
use crate::trace::{Difference, Trace};
use clap::Args;
use restock_core::blob::{BlobError, PolicyBlob};
use std::path::PathBuf;

/// Arguments of `restock verify`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Run folder that has been compared.
    pub run: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// With code 10 if a digest has changed.
pub fn run(arguments: &Arguments, common: &Common) -> Result<(), Failure> {
    let (folder, manifest, problem) = RunFolder::open(&arguments.run)?;
    let Some(evaluation) = &manifest.evaluation else {
        return Err(Failure::usage(format!(
            "{} has no comparison to repeat: run `restock compare {}` first",
            arguments.run.display(),
            arguments.run.display()
        )));
    };
    let scenario = problem.scenario()?;
    let traces = folder.traces()?;
    let trainer = session::resume(&scenario, &problem, &folder, common.threads())?;
    let file = folder.file("restock.policy");
    let bytes = std::fs::read(&file).map_err(|e| {
        Failure::data(format!("{}: {e}; `restock pack {}` writes it", file.display(), arguments.run.display()))
    })?;
    let blob = PolicyBlob::decode(&bytes).map_err(|e| Failure::data(format!("{}: {e}", file.display())))?;
    if blob.header().scenario_hash != scenario.hash() {
        return Err(Failure::data(format!("{}: {}", file.display(), BlobError::Scenario)));
    }
    blob.self_test().map_err(|e| Failure::check(format!("{}: {e}", file.display())))?;
    let protocol = Protocol {
        seed: evaluation.seed,
        replicas: evaluation.replicas,
        first_day: evaluation.first_day,
        warmup_days: evaluation.warmup_days,
        days: evaluation.days,
    };
    let policies = trainer.best_policies();
    let tuned = crate::tune::kept(&folder)?.map(|kept| kept.rules).unwrap_or_default();
    let mut entrants = compare::field(&scenario, &tuned, Some(&policies), Some(blob));
    // A rule that was tuned after the comparison was not in it.
    entrants.retain(|entrant| evaluation.digests.iter().any(|(name, _)| *name == entrant.name));
    let again = compare::contest(&scenario, &problem, &entrants, None, &protocol, (common, Interrupt::never()))?;
    let mut changed = Vec::new();
    let mut first = Vec::new();
    for (name, digest) in &evaluation.digests {
        let now = again.policies.iter().find(|s| &s.policy == name).map(|s| s.digest.as_str());
        if now != Some(digest.as_str()) {
            let trace = |traces: &[Trace]| traces.iter().find(|trace| &trace.policy == name).cloned();
            let (was, is) = (trace(&traces), trace(&again.traces));
            let difference = was.as_ref().zip(is.as_ref()).and_then(|(was, is)| was.first_difference(is));
            let place = match (&difference, was) {
                (Some(difference), _) => where_and_when(difference, protocol.first_day, &problem.names),
                (None, Some(_)) if now.is_some() => {
                    "the trace of its days has not changed: the manifest is of another comparison".to_owned()
                }
                _ => "its days were not kept".to_owned(),
            };
            changed.push(format!("{name}: was {digest}, is {}; {place}", now.unwrap_or("not run")));
            first.push(difference.map(|difference| structured(&difference, protocol.first_day, &problem.names)));
        }
    }
    if common.json {
        print_json(
            &serde_json::json!({ "format": "restock-verify/1", "checked": evaluation.digests.len(), "changed": changed, "first_differences": first }),
        )?;
    }
    if !changed.is_empty() {
        return Err(Failure::check(format!("digests have changed:\n  {}", changed.join("\n  "))));
    }
    if common.json {
        Ok(())
    } else {
        print(&format!(
            "{} policies on {} each: all digests are the same",
            evaluation.digests.len(),
            table::counted(evaluation.replicas, "path")
        ))
    }
}

/// Node and product of a stockpoint.
fn stockpoint(at: u32, names: &Names) -> (&str, &str) {
    let (at, products) = (at as usize, names.products.len().max(1));
    let (node, product) = (names.nodes.get(at / products), names.products.get(at % products));
    (node.map_or("?", String::as_str), product.map_or("?", String::as_str))
}

/// For people: `first on day 57 at shop/mug`.
fn where_and_when(difference: &Difference, first_day: u32, names: &Names) -> String {
    let day = difference.day + first_day;
    match (difference.stockpoint, difference.node) {
        (Some((at, group)), _) => {
            let (node, product) = stockpoint(at, names);
            let others = if group > 1 { format!(" or one of the {} after it", group - 1) } else { String::new() };
            format!("first on day {day} at {node}/{product}{others}")
        }
        (None, Some(node)) => {
            let (node, _) = stockpoint(node.saturating_mul(u32::try_from(names.products.len()).unwrap_or(1)), names);
            format!("first on day {day} in the costs of {node}, orders and stock being the same")
        }
        (None, None) => format!("first on day {day}"),
    }
}

/// For programs.
fn structured(difference: &Difference, first_day: u32, names: &Names) -> serde_json::Value {
    let place = difference.stockpoint.map(|(at, _)| stockpoint(at, names));
    serde_json::json!({
        "day": difference.day + first_day,
        "node": place.map(|(node, _)| node), "product": place.map(|(_, product)| product),
    })
}
