//! A run folder: everything that a run made, and what is needed to make it again.
//!
//! | file | what |
//! | --- | --- |
//! | `manifest.json` | version, seeds, hashes, names, resolved configuration, results |
//! | `scenario.bin` | the scenario image |
//! | `checkpoint.bin` | the learners after the last saved iteration, and the policies that did best on the validation paths |
//! | `metrics.jsonl` | one line per learner and iteration |
//! | `tensorboard/` | the same as TensorBoard events |
//! | `restock.policy` | the packed int8 policies |
//! | `results.json` | the comparison |
//! | `trace.bin` | digests of the comparison, day by day and stockpoint by stockpoint: see [`crate::trace`] |

use crate::checkpoint::write_atomically;
use crate::failure::Failure;
use crate::input::{read_image, write_image};
use crate::problem::{Names, Problem};
use crate::trace::{self, Trace};
use crate::train::TrainingConfig;
use restock_core::Scenario;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Most paths of a simulation or comparison.
pub const REPLICAS_MAX: u32 = 100_000;
/// Version of the manifest.
pub const MANIFEST_VERSION: u32 = 1;

/// What a run was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this document.
    pub manifest: u32,
    /// Version of Restock that made it.
    pub restock: String,
    /// Where the problem came from.
    pub source: String,
    /// Digest of the scenario image.
    pub scenario_hash: String,
    /// Names of nodes, products and routes.
    pub names: Names,
    /// How it trained, resolved.
    pub training: TrainingConfig,
    /// What ran on the test paths, and its digests: what `restock verify` repeats.
    #[serde(default)]
    pub evaluation: Option<Evaluation>,
}

/// What ran on which paths.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Evaluation {
    /// Seed of the test paths.
    pub seed: u64,
    /// Test paths.
    pub replicas: u32,
    /// First day.
    pub first_day: u32,
    /// Days before the KPIs count.
    pub warmup_days: u32,
    /// Days that count.
    pub days: u32,
    /// Digest per policy: name and 16 hexadecimal digits.
    pub digests: Vec<(String, String)>,
}

impl Manifest {
    /// Whether it fits the scenario beside it: files are edited and copied by hand.
    fn check(&self, scenario: &Scenario<'_>) -> Result<(), String> {
        if !self.names.are_of(scenario) {
            return Err("the names of nodes, products or routes are not those of scenario.bin".to_owned());
        }
        if let Some((table, bad)) = self.training.check().err().and_then(|bad| bad.into_iter().next()) {
            let dot = if table.is_empty() { "" } else { "." };
            return Err(format!("training.{table}{dot}{} is {}, should be {}", bad.name, bad.found, bad.expected));
        }
        let Some(it) = &self.evaluation else { return Ok(()) };
        let end = u64::from(it.first_day) + u64::from(it.warmup_days) + u64::from(it.days);
        if it.days == 0 || end > u64::from(scenario.horizon_days()) || !(1..=REPLICAS_MAX).contains(&it.replicas) {
            return Err(format!(
                "the comparison ran {} paths of {} + {} days from day {}, which does not fit {} days and {REPLICAS_MAX} paths",
                it.replicas,
                it.warmup_days,
                it.days,
                it.first_day,
                scenario.horizon_days()
            ));
        }
        Ok(())
    }
}

/// A run folder on disk.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes the folder for a new run; a folder that already holds a run is refused.
    ///
    /// # Errors
    /// If it holds a run, or can't be written.
    pub fn create(path: &Path, problem: &Problem) -> Result<Self, Failure> {
        let folder = Self { path: path.to_owned() };
        if folder.file("manifest.json").exists() {
            return Err(Failure::usage(format!(
                "{} already holds a run: give another folder with --out, or continue it with `restock train --resume {}`",
                path.display(),
                path.display()
            )));
        }
        std::fs::create_dir_all(path).map_err(|e| Failure::io(path, &e))?;
        let scenario = problem.scenario()?;
        write_image(&folder.file("scenario.bin"), &problem.image)
            .map_err(|e| Failure::io(&folder.file("scenario.bin"), &e))?;
        folder.write_manifest(&Manifest {
            manifest: MANIFEST_VERSION,
            restock: env!("CARGO_PKG_VERSION").to_owned(),
            source: problem.source.clone(),
            scenario_hash: format!("{:016x}", scenario.hash()),
            names: problem.names.clone(),
            training: problem.training.clone(),
            evaluation: None,
        })?;
        Ok(folder)
    }

    /// Opens a run.
    ///
    /// # Errors
    /// If the folder holds none, or its files do not fit each other.
    pub fn open(path: &Path) -> Result<(Self, Manifest, Problem), Failure> {
        let folder = Self { path: path.to_owned() };
        let file = folder.file("manifest.json");
        let text = std::fs::read_to_string(&file).map_err(|e| {
            Failure::data(format!("{}: {e}; a run folder is made by `restock train` or `restock demo`", file.display()))
        })?;
        let manifest: Manifest = serde_json::from_str(&text)
            .map_err(|e| Failure::data(format!("{}:{}:{}: {e}", file.display(), e.line(), e.column())))?;
        if manifest.manifest != MANIFEST_VERSION {
            return Err(Failure::data(format!(
                "{}: manifest version {}, this build reads {MANIFEST_VERSION}",
                file.display(),
                manifest.manifest
            )));
        }
        let image_file = folder.file("scenario.bin");
        let image = read_image(&image_file).map_err(|e| Failure::data(format!("{}: {e}", image_file.display())))?;
        let problem = Problem {
            source: path.display().to_string(),
            image,
            names: manifest.names.clone(),
            training: manifest.training.clone(),
        };
        let scenario =
            Scenario::new(&problem.image).map_err(|e| Failure::data(format!("{}: {e}", image_file.display())))?;
        let hash = format!("{:016x}", scenario.hash());
        if hash != manifest.scenario_hash {
            return Err(Failure::data(format!(
                "{}: its digest is {hash}, the manifest says {}",
                image_file.display(),
                manifest.scenario_hash
            )));
        }
        manifest.check(&scenario).map_err(|complaint| Failure::data(format!("{}: {complaint}", file.display())))?;
        Ok((folder, manifest, problem))
    }

    /// A file of the folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the manifest anew.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write_manifest(&self, manifest: &Manifest) -> Result<(), Failure> {
        self.write_json("manifest.json", manifest)
    }

    /// Writes a JSON document atomically.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write_json(&self, name: &str, document: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(document).map_err(|e| Failure::failed(format!("{name}: {e}")))?;
        self.write(name, text.as_bytes())
    }

    /// Writes what the policies of a comparison did, day by day.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write_traces(&self, traces: &[Trace]) -> Result<(), Failure> {
        self.write("trace.bin", &trace::encode(traces))
    }

    /// What the policies of the comparison did; nothing where the run was compared before there were traces.
    ///
    /// # Errors
    /// If the file can't be read or is damaged.
    pub fn traces(&self) -> Result<Vec<Trace>, Failure> {
        let file = self.file("trace.bin");
        match std::fs::read(&file) {
            Ok(bytes) => trace::decode(&bytes).map_err(|e| Failure::data(format!("{} {e}", file.display()))),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(e) => Err(Failure::data(format!("{}: {e}", file.display()))),
        }
    }

    /// Writes a file atomically.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        write_atomically(&self.file(name), bytes).map_err(|e| Failure::failed(e.to_string()))
    }
}
