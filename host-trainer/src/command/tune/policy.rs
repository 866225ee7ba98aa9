//! `restock tune policy`.

use super::{problems, study, usage_of};
use crate::bayesian::{Search, VALUE_ONE, best};
use crate::command::{Common, print, print_json, table};
use crate::evaluate::Contender;
use crate::failure::Failure;
use crate::policy_tuning::{self, SERVICE, axes, configured, fragment, settings};
use crate::problem::Problem;
use crate::progress::{Interrupt, Progress};
use crate::study::Study;
use crate::train::TrainingConfig;
use clap::Args;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The fragment.
const FRAGMENT: &str = "policy.toml";

/// Arguments of `restock tune policy`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Searched, by training runs from scratch that are cut short:
  training.rollout.shortage_weight     0.5 to 4
  training.rollout.hyperscore_weight   0.001 to 1
  training.rollout.network_share       0 to 1
  training.ppo.learning_rate           0.0001 to 0.005
  training.ppo.entropy_weight          0.0001 to 0.03
A run is weighed on validation paths: its cost in units of that of base stock on the forecast, plus a tenth for every
point of delivery rate below that rule's. All else is as network.toml says. The first run has its settings.
What does best in a short run need not in a long one, and the validation paths chose it: train with it, and compare.
FOLDER/policy.toml is what network.toml may include.")]
pub(super) struct Arguments {
    /// Network folder [default: the embedded 3 x 200 network].
    #[arg(conflicts_with = "resume")]
    network: Option<PathBuf>,
    /// Folder to make: study.json, policy.toml, result.json.
    #[arg(long, short, value_name = "FOLDER", conflicts_with = "resume")]
    out: Option<PathBuf>,
    /// Go on with this study where it was left.
    #[arg(long, value_name = "FOLDER")]
    resume: Option<PathBuf>,
    /// Training runs, the one with the present settings among them.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(2..=1000), conflicts_with = "resume")]
    evaluations: u32,
    /// Iterations of each run.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=1_000_000), conflicts_with = "resume")]
    iterations: u32,
    /// Seed of training and search [default: the network's].
    #[arg(long, conflicts_with = "resume")]
    seed: Option<u64>,
}

/// What a study does, kept with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    tunes: Tunes,
    /// Network folder; none = the embedded one.
    network: Option<PathBuf>,
    /// Digest of its scenario.
    scenario: String,
    evaluations: u32,
    /// How the first run trains; the others differ by their points.
    training: TrainingConfig,
}

/// Tells a study of policies from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Tunes {
    Policy,
}

/// Runs the command.
///
/// # Errors
/// If the network has errors, a file can't be written, or Ctrl-C was pressed.
pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<(), Failure> {
    let folders = (arguments.out.as_ref(), arguments.resume.as_ref());
    let mut study: Study<Plan> = study(folders, "policy", || planned(arguments))?;
    let plan = study.plan.clone();
    let problem = only(problems(std::slice::from_ref(&plan.network), std::slice::from_ref(&plan.scenario))?)?;
    let scenario = problem.scenario()?;
    study.check(axes().len())?;
    let interrupt = Interrupt::install().map_err(|e| Failure::failed(e.to_string()))?;
    let (base, threads) = (&plan.training, common.threads());
    let textbook = policy_tuning::look(&scenario, &Contender::Textbook, base, threads);
    if textbook.cost <= 0.0 {
        return Err(Failure::data(format!("{}: the textbook rule costs nothing there", problem.source)));
    }
    let search = Search { axes: axes().len(), startup: 2 * axes().len(), seed: base.seed };
    let iterations = u64::from(base.ppo.iterations);
    let mut progress = Progress::new("tune", "iterations", u64::from(plan.evaluations) * iterations, common.quiet);
    progress.resume_at(study.points.len() as u64 * iterations);
    let least = best(&study.points).map_or(f64::INFINITY, |point| -point.value as f64 / VALUE_ONE);
    let least = std::cell::Cell::new(least);
    let start = policy_tuning::point(base);
    study.run((&search, &start), plan.evaluations as usize, interrupt, &mut |number, at| {
        let config = tried(base, number, at);
        let note = if least.get().is_finite() { format!("best {:.4}", least.get()) } else { String::new() };
        let mut iteration = || progress.advance(1, &note);
        let world = (&scenario, problem.names.nodes.as_slice());
        let value = policy_tuning::value(world, &config, &textbook, (threads, interrupt), &mut iteration)
            .map_err(|e| Failure::failed(e.to_string()))?;
        least.set(value.map_or(least.get(), |value| least.get().min(-value)));
        Ok(value)
    })?;
    progress.finish();
    finish(&study, common)
}

/// What the arguments ask for, resolved.
fn planned(arguments: &Arguments) -> Result<Plan, Failure> {
    let problem = only(problems(std::slice::from_ref(&arguments.network), &[])?)?;
    let scenario = problem.scenario()?;
    let mut training = problem.training.clone();
    training.seed = arguments.seed.unwrap_or(training.seed);
    // The last policies are weighed, and not the best on the way: that would choose twice.
    (training.ppo.iterations, training.validate_every) = (arguments.iterations, 0);
    training.fits(&scenario, &problem.names.nodes).map_err(|e| Failure::data(format!("{}: {e}", problem.source)))?;
    Ok(Plan {
        tunes: Tunes::Policy,
        network: arguments.network.clone(),
        scenario: format!("{:016x}", scenario.hash()),
        evaluations: arguments.evaluations,
        training,
    })
}

/// The one network.
fn only(problems: Vec<Problem>) -> Result<Problem, Failure> {
    problems.into_iter().next().ok_or_else(|| Failure::usage("no network"))
}

/// The settings of a run: the first has those of the network, to the digit.
fn tried(base: &TrainingConfig, number: usize, at: &[u32]) -> TrainingConfig {
    if number == 0 { base.clone() } else { configured(base, at) }
}

/// Writes what was found, and tells of it.
fn finish(study: &Study<Plan>, common: &Common) -> Result<(), Failure> {
    let (plan, points) = (&study.plan, &study.points);
    let number = best(points).and_then(|best| points.iter().position(|point| point == best)).unwrap_or(0);
    let burden = |number: usize| points.get(number).map_or(f64::NAN, |point| -point.value as f64 / VALUE_ONE);
    let found = tried(&plan.training, number, points.get(number).map_or(&[], |point| point.at.as_slice()));
    let named = plan.network.as_ref().map_or("embedded".to_owned(), |network| network.display().to_string());
    let summary = format!(
        "{:.4} of the textbook rule's cost, before {:.4} (validation paths; {SERVICE} times a missing delivery rate added)",
        burden(number),
        burden(0)
    );
    let text = format!(
        "# Found by `restock tune policy` on {} (seed {}, {} runs of {} iterations):\n# {summary}.\n{}{}",
        named.replace(char::is_control, "?"),
        plan.training.seed,
        plan.evaluations,
        plan.training.ppo.iterations,
        usage_of(FRAGMENT),
        fragment(&found),
    );
    let file = study.write(FRAGMENT, &text)?;
    let row = |name: &str, number: usize, config: &TrainingConfig| {
        let settings: serde_json::Map<String, serde_json::Value> =
            axes().into_iter().zip(settings(config)).map(|(axis, value)| (axis.name, value.into())).collect();
        serde_json::json!({ "name": name, "settings": settings, "burden": burden(number) })
    };
    let document = serde_json::json!({
        "format": "restock-tune-policy/1",
        "evaluations": points.len(),
        "iterations": plan.training.ppo.iterations,
        "candidates": [row("as the network has it", 0, &plan.training), row("Bayesian optimization", number, &found)],
    });
    let json = serde_json::to_string_pretty(&document).map_err(|e| Failure::failed(e.to_string()))?;
    study.write("result.json", &json)?;
    if common.json {
        return print_json(&document);
    }
    let mut header = vec!["settings".to_owned()];
    header.extend(axes().into_iter().map(|axis| axis.name.replace('_', "\n")));
    header.push("burden".to_owned());
    let mut rows = table::titled(header, 1);
    for (name, number, config) in [("as the network has it", 0, &plan.training), ("found", number, &found)] {
        let mut row = vec![name.to_owned()];
        row.extend(settings(config).map(|value| value.to_string()));
        row.push(format!("{:.4}", burden(number)));
        rows.add_row(row);
    }
    print(&format!(
        "{}\n\nburden: cost of a validation path in units of the textbook rule's, plus {SERVICE} times the delivery rate that is\n\
         missing to that rule's. {} training runs of {} iterations; a long run may tell otherwise.\n\nwrote {}; network.toml may include it",
        table::lines(&rows),
        points.len(),
        plan.training.ppo.iterations,
        file.display()
    ))
}
