//! `restock demo`: the main job in one go, on the embedded default.

use super::{Common, compare, print, print_json, session};
use crate::failure::{Failure, code, tell};
use crate::problem::Problem;
use crate::progress::Interrupt;
use crate::run_folder::RunFolder;
use crate::train::{Trainer, test_seed, year};
use clap::Args;
use restock_core::blob::PolicyBlob;
use std::path::PathBuf;
use std::time::Instant;

/// Arguments of `restock demo`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Under a minute: fewer iterations and test paths.
    #[arg(long)]
    pub quick: bool,
    /// Run folder to make [default: the first free of target/demo, target/demo-2, ...].
    #[arg(long, short)]
    pub out: Option<PathBuf>,
    /// Seed of all that chance decides in training.
    #[arg(long)]
    pub seed: Option<u64>,
}

/// Iterations of the demo, full and quick: what fits under five minutes and under one on two cores.
const ITERATIONS: u32 = 240;
const ITERATIONS_QUICK: u32 = 20;
/// Test paths, full and quick.
const REPLICAS: u32 = 32;
const REPLICAS_QUICK: u32 = 8;

/// Runs the command.
///
/// # Errors
/// If a file can't be written, or Ctrl-C was pressed.
pub fn run(arguments: &Arguments, common: &Common) -> Result<(), Failure> {
    let begun = Instant::now();
    let say = |line: &str| {
        if !common.quiet {
            tell(line);
        }
    };
    let mut problem = Problem::embedded()?;
    problem.training.seed = arguments.seed.unwrap_or(problem.training.seed);
    problem.training.ppo.iterations = if arguments.quick { ITERATIONS_QUICK } else { ITERATIONS };
    let scenario = problem.scenario()?;
    let out = arguments.out.clone().unwrap_or_else(free_folder);
    let folder = RunFolder::create(&out, &problem)?;
    say(&format!(
        "1/4 scenario: {} nodes x {} products = {} stockpoints, seasons over the year and the week, digest {:016x}",
        scenario.node_count(),
        scenario.products(),
        scenario.stockpoints(),
        scenario.hash()
    ));
    say(&format!(
        "2/4 train: one PPO learner for each of {} ({} iterations)",
        problem.names.nodes.join(", "),
        problem.training.ppo.iterations
    ));
    let mut trainer = Trainer::new(&scenario, &problem.names.nodes, problem.training.clone(), common.threads())
        .map_err(|e| Failure::failed(e.to_string()))?;
    let effort = session::train(&mut trainer, &scenario, &folder, common.quiet)?;
    let policies = trainer.best_policies();
    let bytes = session::pack(&scenario, &problem, &policies, effort.best_iteration)?;
    folder.write("restock.policy", &bytes)?;
    let blob = PolicyBlob::decode(&bytes).map_err(|e| Failure::failed(e.to_string()))?;
    blob.self_test().map_err(|e| Failure::check(e.to_string()))?;
    say(&format!("3/4 pack: {} agents in int8, {} bytes, golden vectors pass", blob.header().agents, bytes.len()));
    let replicas = if arguments.quick { REPLICAS_QUICK } else { REPLICAS };
    say(&format!("4/4 compare: {replicas} unseen years, common random numbers"));
    let protocol = year(&scenario, test_seed(problem.training.seed), replicas);
    let comparison = compare::compare(&scenario, &problem, Some(&policies), Some(blob), &protocol, common);
    // Training caught Ctrl-C to leave a checkpoint; since then it was only noted.
    if Interrupt::install().is_ok_and(|interrupt| interrupt.requested()) {
        let run = folder.path().display();
        return Err(Failure {
            code: code::INTERRUPTED,
            message: format!("interrupted after training; `restock compare {run}` goes on"),
        });
    }
    folder.write_json("results.json", &comparison)?;
    folder.write_traces(&comparison.traces)?;
    let (folder, mut manifest, _) = RunFolder::open(folder.path())?;
    manifest.evaluation = Some(comparison.evaluation());
    folder.write_manifest(&manifest)?;
    let seconds = begun.elapsed().as_secs_f64();
    if common.json {
        return print_json(&serde_json::json!({
            "format": "restock-demo/1",
            "restock": env!("CARGO_PKG_VERSION"),
            "run": folder.path(),
            "scenario_hash": format!("{:016x}", scenario.hash()),
            "nodes": problem.names.nodes,
            "products": scenario.products(),
            "training": effort,
            "policy_bytes": bytes.len(),
            "protocol": comparison.protocol,
            "currency": comparison.currency,
            "policies": comparison.policies,
            "int8_versus_float_percent": comparison.int8_versus_float_percent,
            "seconds": seconds,
        }));
    }
    let run = folder.path().display();
    print(&format!(
        "{}\n\nrun folder: {run} ({seconds:.0} s)\nnext:\n  restock inspect {run}/restock.policy     what the device gets\n  \
         restock explain --run {run} --node {} --product {} --day 100\n  restock init net --demand sales.csv --products products.csv   \
         the same for your sales",
        comparison.text(),
        problem.names.nodes[0],
        problem.names.products[0],
    ))
}

/// The first of target/demo, target/demo-2, ... that holds no run.
fn free_folder() -> PathBuf {
    let base = PathBuf::from("target");
    (1..)
        .map(|i| base.join(if i == 1 { "demo".to_owned() } else { format!("demo-{i}") }))
        .find(|path| !path.join("manifest.json").exists())
        .unwrap_or(base)
}
