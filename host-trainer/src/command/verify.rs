//! `restock verify`: a run's comparison again, digest by digest.

use super::{Common, compare, print, print_json, session, table};
use crate::evaluate::Protocol;
use crate::failure::Failure;
use crate::run_folder::RunFolder;
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
    let again = compare::compare(&scenario, &problem, Some(&trainer.best_policies()), Some(blob), &protocol, common);
    let mut changed = Vec::new();
    for (name, digest) in &evaluation.digests {
        let now = again.policies.iter().find(|s| &s.policy == name).map(|s| s.digest.as_str());
        if now != Some(digest.as_str()) {
            changed.push(format!("{name}: was {digest}, is {}", now.unwrap_or("not run")));
        }
    }
    if common.json {
        print_json(
            &serde_json::json!({ "format": "restock-verify/1", "checked": evaluation.digests.len(), "changed": changed }),
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
