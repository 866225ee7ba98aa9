//! `restock pack`: a run's policies as one int8 policy file.

use super::{Common, print, print_json, session};
use crate::checkpoint::write_atomically;
use crate::failure::Failure;
use crate::input::write_image;
use crate::problem::Problem;
use crate::run_folder::RunFolder;
use crate::train::Trainer;
use clap::Args;
use restock_core::Scenario;
use restock_core::blob::PolicyBlob;
use std::path::PathBuf;

/// Arguments of `restock pack`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Run folder.
    pub run: PathBuf,
    /// Where to write the policy file [default: RUN/restock.policy].
    #[arg(long, short)]
    pub out: Option<PathBuf>,
    /// Also write the pair that the firmware is built around, `default.policy` and
    /// `default.scenario.bin`, into this folder (`firmware-demo/assets`).
    #[arg(long, value_name = "FOLDER")]
    pub firmware: Option<PathBuf>,
}

/// Packs the policies of a run and writes the file into its folder.
///
/// # Errors
/// If it can't be packed or written.
pub fn packed(
    folder: &RunFolder,
    scenario: &Scenario<'_>,
    problem: &Problem,
    trainer: &Trainer<'_>,
) -> Result<Vec<u8>, Failure> {
    let iteration = trainer.best.as_ref().map_or(trainer.iteration, |b| b.iteration);
    let bytes = session::pack(scenario, problem, &trainer.best_policies(), iteration)?;
    folder.write("restock.policy", &bytes)?;
    Ok(bytes)
}

/// Runs the command.
///
/// # Errors
/// If the run can't be read, packed or written.
pub fn run(arguments: &Arguments, common: &Common) -> Result<(), Failure> {
    let (folder, _, problem) = RunFolder::open(&arguments.run)?;
    let scenario = problem.scenario()?;
    let trainer = session::resume(&scenario, &problem, &folder, common.threads())?;
    let bytes = packed(&folder, &scenario, &problem, &trainer)?;
    let blob = PolicyBlob::decode(&bytes).map_err(|e| Failure::data(e.to_string()))?;
    blob.self_test().map_err(|e| Failure::check(e.to_string()))?;
    let mut written = vec![folder.file("restock.policy")];
    let fail = |e: crate::checkpoint::CheckpointError| Failure::failed(e.to_string());
    if let Some(out) = &arguments.out {
        write_atomically(out, &bytes).map_err(fail)?;
        written.push(out.clone());
    }
    if let Some(assets) = &arguments.firmware {
        std::fs::create_dir_all(assets).map_err(|e| Failure::io(assets, &e))?;
        let policy = assets.join("default.policy");
        write_atomically(&policy, &bytes).map_err(fail)?;
        let image = assets.join("default.scenario.bin");
        write_image(&image, &problem.image).map_err(|e| Failure::io(&image, &e))?;
        written.extend([policy, image]);
    }
    if common.json {
        return print_json(&serde_json::json!({
            "format": "restock-pack/1",
            "bytes": bytes.len(),
            "agents": blob.header().agents,
            "files": written,
        }));
    }
    let files: Vec<String> = written.iter().map(|f| f.display().to_string()).collect();
    print(&format!("{} bytes, {} agents, golden vectors pass: {}", bytes.len(), blob.header().agents, files.join(", ")))
}
