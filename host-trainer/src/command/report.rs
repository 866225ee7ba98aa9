//! `restock report`: a run as one page that opens from an e-mail.

use super::{Common, print, print_json};
use crate::checkpoint::write_atomically;
use crate::failure::Failure;
use crate::report::html::word;
use crate::report::{self, Run, Wish};
use crate::run_folder::RunFolder;
use clap::Args;
use std::path::{Path, PathBuf};

/// Arguments of `restock report`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Run folder, as `restock train` makes it; more runs of the same network lend their learning curves, drawn as
    /// median and quartiles.
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// The page [default: report.html in the first run's folder].
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Test paths that curves are of; at most those that were compared.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub replicas: u32,
    /// Products whose orders are explained day by day: half those that cost most, half those that most is sold of.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub products: u16,
}

/// Runs the command.
///
/// # Errors
/// If a run can't be read, has no policy file, or the page can't be written.
pub fn run(arguments: &Arguments, common: &Common) -> Result<(), Failure> {
    let open = |path: &PathBuf| {
        let (folder, manifest, problem) = RunFolder::open(path)?;
        Ok(Run { folder, manifest, problem })
    };
    let runs: Vec<Run> = arguments.runs.iter().map(open).collect::<Result<_, Failure>>()?;
    let file = match (&arguments.html, runs.first()) {
        (Some(file), _) => file.clone(),
        (None, Some(run)) => run.folder.file("report.html"),
        (None, None) => PathBuf::from("report.html"),
    };
    let wish = Wish {
        replicas: arguments.replicas,
        products: usize::from(arguments.products),
        threads: common.threads(),
        quiet: common.quiet,
    };
    let (report, replay) = report::gather(&runs, commands(arguments, &runs, &file), wish)?;
    let page = report::page(&report, &replay)?;
    write_atomically(&file, page.as_bytes()).map_err(|e| Failure::failed(e.to_string()))?;
    if common.json {
        return print_json(&report);
    }
    print(&format!(
        "wrote {}: {:.1} MB, needs no network, opens in any browser",
        file.display(),
        page.len() as f64 / 1e6
    ))
}

/// What makes the run and the page again.
fn commands(arguments: &Arguments, runs: &[Run], file: &Path) -> Vec<String> {
    let Some(Run { folder, manifest, .. }) = runs.first() else { return Vec::new() };
    let path = |path: &Path| word(&path.display().to_string());
    let run = path(folder.path());
    let network =
        if manifest.source.starts_with("embedded") { String::new() } else { format!(" {}", word(&manifest.source)) };
    let (seed, iterations) = (manifest.training.seed, manifest.training.ppo.iterations);
    let mut commands = vec![format!("restock train{network} --out {run} --seed {seed} --iterations {iterations}")];
    if let Some(evaluation) = &manifest.evaluation {
        commands.push(format!("restock compare {run} --replicas {} --seed {}", evaluation.replicas, evaluation.seed));
        commands.push(format!("restock verify {run}"));
    }
    let all: Vec<String> = arguments.runs.iter().map(|run| path(run)).collect();
    let mut report = format!("restock report {} --html {}", all.join(" "), path(file));
    if arguments.replicas != 32 {
        report += &format!(" --replicas {}", arguments.replicas);
    }
    if arguments.products != 12 {
        report += &format!(" --products {}", arguments.products);
    }
    commands.push(report);
    commands
}
