//! `restock train`: one PPO learner per node.

use super::{Common, print, print_json, session, table};
use crate::failure::Failure;
use crate::problem::Problem;
use crate::run_folder::RunFolder;
use crate::train::Trainer;
use clap::Args;
use std::path::PathBuf;

/// Arguments of `restock train`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Network folder [default: the embedded 3 x 200 network].
    pub network: Option<PathBuf>,
    /// Run folder to make.
    #[arg(long, short, default_value = "run", conflicts_with = "resume")]
    pub out: PathBuf,
    /// Continue this run where its checkpoint left it, to the bit.
    #[arg(long, value_name = "RUN", conflicts_with = "network")]
    pub resume: Option<PathBuf>,
    /// Iterations of experience and update [default: as network.toml says].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000), conflicts_with = "resume")]
    pub iterations: Option<u32>,
    /// Seed of all that chance decides in training [default: as network.toml says].
    #[arg(long, conflicts_with = "resume")]
    pub seed: Option<u64>,
}

/// Runs the command.
///
/// # Errors
/// If the network has errors, a file can't be written, or Ctrl-C was pressed.
pub fn run(arguments: &Arguments, common: &Common) -> Result<(), Failure> {
    let threads = common.threads();
    let (folder, problem) = match &arguments.resume {
        Some(run) => {
            let (folder, _, problem) = RunFolder::open(run)?;
            (folder, problem)
        }
        None => {
            let mut problem = Problem::from_argument(arguments.network.as_deref())?;
            problem.training.seed = arguments.seed.unwrap_or(problem.training.seed);
            problem.training.ppo.iterations = arguments.iterations.unwrap_or(problem.training.ppo.iterations);
            let fits = problem.training.fits(&problem.scenario()?, &problem.names.nodes);
            fits.map_err(|e| Failure::data(format!("{}: {e}", problem.source)))?;
            let folder = RunFolder::create(&arguments.out, &problem)?;
            (folder, problem)
        }
    };
    let scenario = problem.scenario()?;
    let mut trainer = if arguments.resume.is_some() && folder.file("checkpoint.bin").exists() {
        session::resume(&scenario, &problem, &folder, threads)?
    } else {
        Trainer::new(&scenario, &problem.names.nodes, problem.training.clone(), threads)
            .map_err(|e| Failure::data(e.to_string()))?
    };
    let effort = session::train(&mut trainer, &scenario, &folder, common.quiet)?;
    if common.json {
        return print_json(&serde_json::json!({
            "format": "restock-train/1",
            "run": folder.path(),
            "effort": effort,
            "validation_cost": trainer.best.as_ref().map(|b| b.cost),
        }));
    }
    let run = folder.path().display();
    let done = if effort.decisions == 0 {
        format!("all {} iterations were trained before", effort.iterations)
    } else {
        let rate = table::thousands(effort.decisions_per_second.round());
        format!(
            "trained up to iteration {}: {} decisions at {rate}/s",
            effort.iterations,
            table::thousands(effort.decisions as f64)
        )
    };
    print(&format!(
        "{done}; best on validation paths: iteration {}\nrun folder: {run}\nnext: restock compare {run}",
        effort.best_iteration
    ))
}
