//! `restock pack`: a run's policies as one int8 policy file.

use super::{Common, print, print_json, session};
use crate::checkpoint::write_atomically;
use crate::failure::Failure;
use crate::input::write_image;
use crate::problem::Problem;
use crate::quantize::{Label, Signer};
use crate::run_folder::RunFolder;
use crate::train::Trainer;
use clap::Args;
use restock_core::Scenario;
use restock_core::blob::PolicyBlob;
use std::path::{Path, PathBuf};

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
    /// Version of the model: a device may refuse to go back to a lower one.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub model_version: u32,
    /// Sign the file with the ed25519 secret in this file: 64 hexadecimal digits, such as
    /// `openssl rand -hex 32` prints. The public key to trust is printed.
    #[arg(long, value_name = "FILE")]
    pub sign: Option<PathBuf>,
}

/// The secret of a key file.
fn signer(file: &Path) -> Result<Signer, Failure> {
    let text = std::fs::read_to_string(file).map_err(|e| Failure::data(format!("{}: {e}", file.display())))?;
    let digits = text.trim();
    let mut secret = [0; 32];
    let pairs = digits.as_bytes().chunks_exact(2).map(|pair| std::str::from_utf8(pair).unwrap_or(""));
    let bytes: Result<Vec<u8>, _> = pairs.map(|pair| u8::from_str_radix(pair, 16)).collect();
    match bytes {
        Ok(bytes) if digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
            secret.copy_from_slice(&bytes);
            Ok(Signer::new(secret))
        }
        _ => Err(Failure::data(format!("{}: not 64 hexadecimal digits", file.display()))),
    }
}

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
    label: Label,
) -> Result<Vec<u8>, Failure> {
    let iteration = trainer.best.as_ref().map_or(trainer.iteration, |b| b.iteration);
    let bytes = session::pack_labelled(scenario, problem, &trainer.best_policies(), iteration, label)?;
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
    let signer = arguments.sign.as_deref().map(signer).transpose()?;
    let trusted = signer.as_ref().map(Signer::trusted);
    let label = Label { model_version: arguments.model_version, signer, ..Label::default() };
    let bytes = packed(&folder, &scenario, &problem, &trainer, label)?;
    let blob = PolicyBlob::decode(&bytes).map_err(|e| Failure::data(e.to_string()))?;
    blob.self_test().map_err(|e| Failure::check(e.to_string()))?;
    let fidelity = session::fidelity(&scenario, &problem, &trainer.best_policies(), &blob);
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
            "model_version": blob.header().model_version,
            "key_id": trusted.map(|key| format!("{:016x}", key.id)),
            "public_key": trusted.map(|key| hex(&key.key)),
            "fidelity": fidelity,
            "files": written,
        }));
    }
    let files: Vec<String> = written.iter().map(|f| f.display().to_string()).collect();
    let signed = trusted
        .map_or_else(String::new, |key| format!("\nsigned with key {:016x}, public key {}", key.id, hex(&key.key)));
    print(&format!(
        "{} bytes, {} agents, golden vectors pass: {}{signed}\n\
         chooses as the float policies do in {:.2} % of {} states of the validation seed, all heads alike",
        bytes.len(),
        blob.header().agents,
        files.join(", "),
        100.0 * fidelity.agree,
        fidelity.states,
    ))
}
