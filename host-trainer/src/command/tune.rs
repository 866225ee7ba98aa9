//! `restock tune`: searches the parameters of HyperScore, or the settings of training, by Bayesian optimization.

mod hyperscore;
mod policy;

use super::Common;
use crate::failure::Failure;
use crate::problem::Problem;
use crate::study::Study;
use clap::{Args, Subcommand};
use serde::{Serialize, de::DeserializeOwned};
use std::path::PathBuf;

/// Arguments of `restock tune`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// What to search.
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Weights and sensitivities of HyperScore, so that its order of policies is that of their costs.
    Hyperscore(hyperscore::Arguments),
    /// Settings of reward and learner, by short training runs.
    Policy(policy::Arguments),
}

/// Runs the command.
///
/// # Errors
/// If the input has errors, a file can't be written, or Ctrl-C was pressed.
pub fn run(arguments: &Arguments, common: &Common) -> Result<(), Failure> {
    match &arguments.what {
        What::Hyperscore(arguments) => hyperscore::run(arguments, common),
        What::Policy(arguments) => policy::run(arguments, common),
    }
}

/// The networks of a study, as it began with them.
///
/// # Errors
/// If one can't be read, or has changed since: the points so far would be of another one.
fn problems(networks: &[Option<PathBuf>], hashes: &[String]) -> Result<Vec<Problem>, Failure> {
    let problems: Vec<Problem> =
        networks.iter().map(|network| Problem::from_argument(network.as_deref())).collect::<Result<_, _>>()?;
    for (problem, then) in problems.iter().zip(hashes) {
        let now = format!("{:016x}", problem.scenario()?.hash());
        if now != *then {
            let source = &problem.source;
            return Err(Failure::data(format!(
                "{source} has changed since the study began (its scenario is {now}, was {then}): begin a new one with --out"
            )));
        }
    }
    Ok(problems)
}

/// The study to go on with, or a new one of what is planned.
///
/// # Errors
/// If neither folder is given, or the study can't be read, planned or made.
fn study<P: Clone + Serialize + DeserializeOwned>(
    (out, resume): (Option<&PathBuf>, Option<&PathBuf>),
    command: &str,
    planned: impl FnOnce() -> Result<P, Failure>,
) -> Result<Study<P>, Failure> {
    match (out, resume) {
        (_, Some(folder)) => Study::open(folder),
        (Some(folder), None) => Study::create(folder, planned()?),
        (None, None) => Err(Failure::usage(format!(
            "`restock tune {command}` keeps what it finds in a folder: give a new one with --out, or one to go on with by --resume"
        ))),
    }
}

/// How a fragment is used.
fn usage_of(fragment: &str) -> String {
    format!(
        "# To use it, copy this file beside network.toml and write at the top of that: include = [\"{fragment}\"]\n"
    )
}
