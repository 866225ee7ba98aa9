//! Training as commands do it: with progress, metrics, checkpoints and Ctrl-C.

use crate::checkpoint::Checkpoint;
use crate::failure::{Failure, code};
use crate::metrics::{Entry, EventWriter, JsonLines};
use crate::model::FloatPolicy;
use crate::ppo::Learner;
use crate::problem::Problem;
use crate::progress::{Interrupt, Progress};
use crate::quantize::{self, Label};
use crate::rollout;
use crate::run_folder::RunFolder;
use crate::train::{Best, Trainer, training_seed, validation_seed};
use restock_core::Scenario;
use restock_core::blob::PolicyBlob;
use serde::Serialize;
use std::time::Instant;

/// What a checkpoint keeps beside the learners: the best policies' cost, iteration and parameters
/// `[node][parameter]`.
type Extra = Option<(f64, u32, Vec<Vec<f32>>)>;

/// What training took.
#[derive(Clone, Debug, Serialize)]
pub struct Effort {
    /// Iterations done.
    pub iterations: u32,
    /// Decisions learned from.
    pub decisions: u64,
    /// Wall time [s].
    pub seconds: f64,
    /// Decisions learned from per second: experience, updates and validation together.
    pub decisions_per_second: f64,
    /// Iteration whose policies were kept.
    pub best_iteration: u32,
}

/// Trains to the end, or until Ctrl-C; writes a checkpoint every few iterations and at the end.
///
/// # Errors
/// If a file can't be written, a learner diverges, or Ctrl-C was pressed (with code 130).
pub fn train(
    trainer: &mut Trainer<'_>,
    scenario: &Scenario<'_>,
    folder: &RunFolder,
    quiet: bool,
) -> Result<Effort, Failure> {
    let interrupt = Interrupt::install().map_err(|e| Failure::failed(e.to_string()))?;
    let fail = |e: &dyn std::fmt::Display| Failure::failed(e.to_string());
    let mut lines = JsonLines::open(&folder.file("metrics.jsonl"), trainer.iteration).map_err(|e| fail(&e))?;
    let board = folder.file("tensorboard");
    std::fs::create_dir_all(&board).map_err(|e| Failure::io(&board, &e))?;
    let mut events = EventWriter::open(&board, trainer.iteration).map_err(|e| fail(&e))?;
    let total = trainer.config().ppo.iterations;
    let mut progress = Progress::new("train", "iterations", u64::from(total), quiet);
    progress.resume_at(u64::from(trainer.iteration));
    let started = Instant::now();
    let first = trainer.iteration;
    let mut last_cost = trainer.best.as_ref().map(|b| b.cost);
    let mut recovered: Option<String> = None;
    while !trainer.is_done() {
        let iteration = trainer.iteration;
        let begun = Instant::now();
        let done = trainer.iterate().map_err(|e| fail(&e))?;
        let seconds = begun.elapsed().as_secs_f64();
        last_cost = done.validation_cost.or(last_cost);
        for (learner, stats) in trainer.learners.iter().zip(&done.stats) {
            let mut extra = serde_json::Map::new();
            extra.insert("decisions_per_second".into(), (trainer.decisions_per_iteration() as f64 / seconds).into());
            if let Some(cost) = done.validation_cost {
                extra.insert("validation_cost".into(), cost.into());
            }
            if let Some(reason) = &recovered {
                extra.insert("recovered".into(), reason.as_str().into());
            }
            lines
                .write(&Entry { iteration, learner: learner.name().to_owned(), update: *stats, extra })
                .map_err(|e| fail(&e))?;
            let scalar = |name: &str| format!("{}/{name}", learner.name());
            let tags = [
                (scalar("reward"), stats.reward_mean),
                (scalar("entropy"), stats.entropy),
                (scalar("approximate_kl"), stats.approximate_kl),
                (scalar("clip_fraction"), stats.clip_fraction),
                (scalar("explained_variance"), stats.explained_variance),
                (scalar("policy_loss"), stats.policy_loss),
                (scalar("value_loss"), stats.value_loss),
                (scalar("learning_rate"), stats.learning_rate),
            ];
            let tags: Vec<(&str, f32)> = tags.iter().map(|(n, v)| (n.as_str(), *v as f32)).collect();
            events.write(iteration, &tags).map_err(|e| fail(&e))?;
        }
        // An iteration that was undone has no figures: the next one's lines tell of it.
        recovered = done.recovered;
        if let Some(reason) = recovered.as_ref().filter(|_| !quiet) {
            eprintln!("train: {reason}; back to the best policies so far, with half the step size");
        }
        if let Some(cost) = done.validation_cost {
            events.write(iteration, &[("validation_cost", cost as f32)]).map_err(|e| fail(&e))?;
        }
        lines.flush().map_err(|e| fail(&e))?;
        events.flush().map_err(|e| fail(&e))?;
        let interrupted = interrupt.requested();
        if trainer.iteration.is_multiple_of(5) || trainer.is_done() || interrupted {
            save(trainer, scenario, folder)?;
        }
        let cost = last_cost.map_or_else(String::new, |c| format!("validation cost {c:.0}"));
        progress.advance(1, &cost);
        if interrupted {
            return Err(Failure {
                code: code::INTERRUPTED,
                message: format!(
                    "interrupted after iteration {}; continue with `restock train --resume {}`",
                    trainer.iteration,
                    folder.path().display()
                ),
            });
        }
    }
    progress.finish();
    let seconds = started.elapsed().as_secs_f64();
    let decisions = trainer.decisions_per_iteration() * u64::from(trainer.iteration - first);
    Ok(Effort {
        iterations: trainer.iteration,
        decisions,
        seconds,
        decisions_per_second: decisions as f64 / seconds.max(1e-9),
        best_iteration: trainer.best.as_ref().map_or(trainer.iteration, |b| b.iteration),
    })
}

/// Writes `checkpoint.bin`: the learners, and the best policies so far.
fn save(trainer: &Trainer<'_>, scenario: &Scenario<'_>, folder: &RunFolder) -> Result<(), Failure> {
    let fail = |e: &dyn std::fmt::Display| Failure::failed(e.to_string());
    let extra: Extra = trainer
        .best
        .as_ref()
        .map(|b| (b.cost, b.iteration, b.policies.iter().map(|p| p.parameters().to_vec()).collect()));
    Checkpoint {
        iteration: trainer.iteration,
        seed: trainer.config().seed,
        scenario: scenario.hash(),
        learners: trainer.learners.iter().map(Learner::state).collect(),
        extra: postcard::to_allocvec(&extra).map_err(|e| fail(&e))?,
    }
    .save(&folder.file("checkpoint.bin"))
    .map_err(|e| fail(&e))
}

/// A trainer as its last checkpoint left it.
///
/// # Errors
/// If the checkpoint can't be read, or belongs to another scenario.
pub fn resume<'s>(
    scenario: &'s Scenario<'s>,
    problem: &Problem,
    folder: &RunFolder,
    threads: usize,
) -> Result<Trainer<'s>, Failure> {
    let data = |e: &dyn std::fmt::Display| Failure::data(e.to_string());
    let mut trainer =
        Trainer::new(scenario, &problem.names.nodes, problem.training.clone(), threads).map_err(|e| data(&e))?;
    let path = folder.file("checkpoint.bin");
    if !path.exists() {
        let run = folder.path().display();
        return Err(Failure::data(format!("{run} has no checkpoint yet: `restock train --resume {run}` trains it")));
    }
    let checkpoint = Checkpoint::load(&path).map_err(|e| data(&e))?;
    if checkpoint.scenario != scenario.hash() {
        return Err(Failure::data(format!("{} belongs to another scenario", path.display())));
    }
    if checkpoint.learners.len() != trainer.learners.len() {
        return Err(Failure::data(format!(
            "{} holds {} learners, the scenario has {} nodes",
            path.display(),
            checkpoint.learners.len(),
            trainer.learners.len()
        )));
    }
    if checkpoint.seed != problem.training.seed {
        return Err(Failure::data(format!(
            "{} has the seed {}, the manifest {}",
            path.display(),
            checkpoint.seed,
            problem.training.seed
        )));
    }
    for (fresh, found) in trainer.learners.iter().map(Learner::state).zip(&checkpoint.learners) {
        // Another build may read other features or leave other choices open; another manifest may say anything.
        if (&fresh.name, fresh.features, fresh.mask) != (&found.name, found.features, found.mask) {
            return Err(Failure::data(format!(
                "{}: learner `{}` was trained on other features or choices than this build has",
                path.display(),
                found.name
            )));
        }
        if fresh.config != found.config {
            return Err(Failure::data(format!(
                "{}: learner `{}` was trained with other settings than the manifest has",
                path.display(),
                found.name
            )));
        }
    }
    trainer.learners =
        checkpoint.learners.into_iter().map(Learner::from_state).collect::<Result<_, _>>().map_err(|e| data(&e))?;
    trainer.iteration = checkpoint.iteration;
    trainer.best = best_of(&checkpoint.extra, &trainer)
        .ok_or_else(|| Failure::data(format!("{} keeps best policies that do not fit its learners", path.display())))?;
    Ok(trainer)
}

/// The best policies that a checkpoint keeps; `None` if they are not what [`save`] writes.
fn best_of(extra: &[u8], trainer: &Trainer<'_>) -> Option<Option<Best>> {
    let Some((cost, iteration, parameters)) = postcard::from_bytes::<Extra>(extra).ok()? else { return Some(None) };
    let now = trainer.policies();
    if parameters.len() != now.len() || parameters.iter().zip(&now).any(|(p, n)| p.len() != n.parameters().len()) {
        return None;
    }
    let policies = now
        .iter()
        .zip(parameters)
        .map(|(policy, p)| FloatPolicy::new(policy.config().clone(), p, policy.mask))
        .collect();
    Some(Some(Best { cost, iteration, policies }))
}

/// Quantizes policies and writes the policy file's bytes.
///
/// # Errors
/// If the policies can't be quantized.
pub fn pack(
    scenario: &Scenario<'_>,
    problem: &Problem,
    policies: &[FloatPolicy],
    iteration: u32,
) -> Result<Vec<u8>, Failure> {
    pack_labelled(scenario, problem, policies, iteration, Label { model_version: 1, ..Label::default() })
}

/// The same with a model version and a signature; the note is written here.
///
/// # Errors
/// If the policies can't be quantized.
pub fn pack_labelled(
    scenario: &Scenario<'_>,
    problem: &Problem,
    policies: &[FloatPolicy],
    iteration: u32,
    label: Label,
) -> Result<Vec<u8>, Failure> {
    let calibration = rollout::observe(scenario, policies, training_seed(problem.training.seed), 4096);
    let nodes: Vec<_> = problem
        .names
        .nodes
        .iter()
        .cloned()
        .zip(policies)
        .zip(calibration)
        .map(|((name, policy), c)| (name, policy, c))
        .collect();
    let note = format!("restock {} seed {} iteration {iteration}", env!("CARGO_PKG_VERSION"), problem.training.seed);
    quantize::pack_labelled(scenario.hash(), &Label { note, ..label }, &nodes)
        .map_err(|e| Failure::failed(e.to_string()))
}

/// How often a packed file chooses what these policies choose, on a year of the validation seed: days that the
/// quantizer was not calibrated on.
#[must_use]
pub fn fidelity(
    scenario: &Scenario<'_>,
    problem: &Problem,
    policies: &[FloatPolicy],
    file: &PolicyBlob<'_>,
) -> quantize::Fidelity {
    let seen = rollout::observe(scenario, policies, validation_seed(problem.training.seed), 16_384);
    let policies: Vec<_> = scenario.nodes().iter().map(|node| node.key).zip(policies).collect();
    quantize::fidelity(&policies, file, &seen)
}
