//! A run as one page: `restock report`.
//!
//! ```text
//! results.json, metrics.jsonl, manifest.json --.
//! network folder, if it is still there --------+--> Report --> page (HTML, CSS, SVG)
//! int8 policy on the test paths ---------------'               Replay --> deflated, in the page
//! ```
//!
//! Figures are drawn here, not in the browser, so that they are there in a mail program that runs no scripts and on
//! paper. The only script is the one that turns days. The page asks the network for nothing and says so in a policy
//! that the browser enforces; it names no time, so that the same run gives the same bytes.

pub mod band;
pub mod chain;
mod chart;
pub(crate) mod html;
pub mod learning;
mod map;
mod page;
pub mod paths;
pub mod quality;
pub mod replay;
pub mod results;
mod sections;

use crate::evaluate::{Protocol, Summary};
use crate::failure::Failure;
use crate::input::calendar::Date;
use crate::problem::Problem;
use crate::run_folder::{Evaluation, Manifest, RunFolder};
use crate::train::{test_seed, training_seed, validation_seed, year};
use band::rounded;
use chain::Chain;
use learning::Learning;
use paths::{Course, ProductSums, Score, Stock};
use quality::Quality;
use replay::{DECISIONS_MAX, Replay};
use restock_core::Scenario;
use restock_core::blob::PolicyBlob;
use results::Results;
use serde::Serialize;

/// Most products in the table of the worst.
const WORST: usize = 15;

/// What the user asks for.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// Paths that curves are of; at most those of the comparison.
    pub replicas: u32,
    /// Products whose orders are explained.
    pub products: usize,
    /// Threads.
    pub threads: usize,
    /// No progress.
    pub quiet: bool,
}

/// A run: its folder and what it holds.
pub struct Run {
    /// The folder.
    pub folder: RunFolder,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its problem.
    pub problem: Problem,
}

/// Everything that the page shows but for the replay.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Name and version of this document.
    pub format: &'static str,
    /// Name of the run's folder.
    pub title: String,
    /// Currency of all money.
    pub currency: String,
    /// Date of the first day of the paths, warm-up included.
    pub first_date: String,
    /// The paths that curves are of.
    pub protocol: Protocol,
    /// The chain.
    pub chain: Chain,
    /// The int8 policy on those paths, in the words of the comparison.
    pub summary: Summary,
    /// What `restock compare` found.
    pub results: Option<Results>,
    /// Stock by echelon, customers first.
    pub stock: Vec<Stock>,
    /// HyperScore over time.
    pub score: Score,
    /// Fill rate after shocks.
    pub recovery: Recovery,
    /// The products that cost most.
    pub worst: Vec<Product>,
    /// Learning curves.
    pub learning: Learning,
    /// Data quality.
    pub quality: Quality,
    /// What made the run.
    pub origin: Origin,
}

/// How the fill rate came back after shocks.
#[derive(Clone, Debug, Serialize)]
pub struct Recovery {
    /// Shocks.
    pub shocks: usize,
    /// Fill rate of the week up to each day, less that before the shock. Shape `[days since]`.
    pub course: band::Band,
}

/// One product, summed over nodes, the mean over paths.
#[derive(Clone, Debug, Serialize)]
pub struct Product {
    /// Its name.
    pub name: String,
    /// Cost of a path [currency].
    pub cost: f64,
    /// Its share of all products' cost.
    pub cost_share: f64,
    /// Customers' demand a day [units].
    pub demand_per_day: f64,
    /// Its share of all products' demand, by value.
    pub demand_share: f64,
    /// Share of days at nodes that sell that end with nothing on hand.
    pub short_share: f64,
}

/// What made the run.
#[derive(Clone, Debug, Serialize)]
pub struct Origin {
    /// The run's folder, as the user named it.
    pub run: String,
    /// Version that trained it.
    pub trained_by: String,
    /// Version that wrote this page.
    pub reported_by: &'static str,
    /// Where the problem came from.
    pub source: String,
    /// Digest of the scenario.
    pub scenario_hash: String,
    /// Digest of the features that the policy reads.
    pub schema_hash: String,
    /// Note of the policy file.
    pub policy_note: String,
    /// Model version of the policy file.
    pub model_version: u32,
    /// Seed of the run, and those of the training, validation and test paths that follow from it.
    pub seeds: [u64; 4],
    /// Iterations asked for.
    pub iterations: u32,
    /// How it trained, resolved.
    pub training: crate::train::TrainingConfig,
    /// What ran on the test paths, with digests.
    pub evaluation: Option<Evaluation>,
    /// Commands that make the run and this page again.
    pub commands: Vec<String>,
}

/// Gathers a report of the first run; the others lend their learning curves.
///
/// # Errors
/// If a file is missing or wrong, a run is of another scenario, or Ctrl-C was pressed.
pub fn gather(runs: &[Run], commands: Vec<String>, wish: Wish) -> Result<(Report, Replay), Failure> {
    let Some(Run { folder, manifest, problem }) = runs.first() else {
        return Err(Failure::usage("a report needs a run"));
    };
    for other in &runs[1..] {
        if other.manifest.scenario_hash != manifest.scenario_hash {
            return Err(Failure::usage(format!(
                "{} is a run of another scenario ({}) than {} ({}): curves of several runs need the same network",
                other.folder.path().display(),
                other.manifest.scenario_hash,
                folder.path().display(),
                manifest.scenario_hash
            )));
        }
    }
    let scenario = problem.scenario()?;
    let names = &problem.names;
    let results = Results::read(folder)?;
    let bytes = policy_bytes(folder)?;
    let blob = decoded(folder, &bytes)?;
    let protocol = protocol(&scenario, problem, manifest, wish.replicas);
    let course = Course::run(&scenario, &names.nodes, &blob, &protocol, wish.threads, wish.quiet)?;
    let told = choose(&course.products, wish.products, decisions_a_product(&scenario, &protocol));
    let replay = Replay::run(&scenario, names, blob, &protocol, &told, dates(problem, &protocol))?;
    let folders: Vec<(u64, &RunFolder)> = runs.iter().map(|run| (run.problem.training.seed, &run.folder)).collect();
    let report = Report {
        format: "restock-report/1",
        title: title(folder),
        currency: names.currency.clone(),
        first_date: replay.dates.first().cloned().unwrap_or_default(),
        protocol,
        chain: Chain::of(&scenario, names),
        summary: course.summary,
        results,
        worst: worst(&scenario, &names.products, &course.products, &protocol),
        learning: Learning::of(&folders, &names.nodes)?,
        quality: Quality::of(&scenario, &problem.image, names, manifest, &course.products),
        origin: Origin::of(folder, manifest, &blob, commands),
        stock: course.stock,
        score: course.score,
        recovery: Recovery { shocks: course.shocks, course: course.recovery },
    };
    Ok((report, replay))
}

/// The page of a report: HTML.
///
/// # Errors
/// Never in practice: all of it is numbers and text.
pub fn page(report: &Report, replay: &Replay) -> Result<String, Failure> {
    page::page(report, replay)
}

fn policy_bytes(folder: &RunFolder) -> Result<Vec<u8>, Failure> {
    let file = folder.file("restock.policy");
    std::fs::read(&file).map_err(|e| {
        let run = folder.path().display();
        Failure::data(format!("{}: {e}; `restock compare {run}` or `restock pack {run}` writes it", file.display()))
    })
}

fn decoded<'a>(folder: &RunFolder, bytes: &'a [u8]) -> Result<PolicyBlob<'a>, Failure> {
    let file = folder.file("restock.policy");
    PolicyBlob::decode(bytes).map_err(|e| Failure::data(format!("{}: {e}", file.display())))
}

/// Name of the run's folder, without what leads to it: a page is sent around.
fn title(folder: &RunFolder) -> String {
    let path = folder.path();
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    whole.file_name().unwrap_or(whole.as_os_str()).to_string_lossy().into_owned()
}

/// The paths of the comparison, or of those at most so many.
fn protocol(scenario: &Scenario<'_>, problem: &Problem, manifest: &Manifest, replicas: u32) -> Protocol {
    match &manifest.evaluation {
        Some(e) => Protocol {
            seed: e.seed,
            replicas: e.replicas.min(replicas),
            first_day: e.first_day,
            warmup_days: e.warmup_days,
            days: e.days,
        },
        None => year(scenario, test_seed(problem.training.seed), replicas),
    }
}

/// Dates of the days of a path, ISO 8601.
fn dates(problem: &Problem, protocol: &Protocol) -> Vec<String> {
    let first = Date::parse(&problem.names.first_date);
    let date = |day: u32| match first.zip(i32::try_from(protocol.first_day + day).ok()) {
        Some((first, day)) => first.plus(day).to_string(),
        None => format!("day {day}"),
    };
    (0..protocol.warmup_days + protocol.days).map(date).collect()
}

fn decisions_a_product(scenario: &Scenario<'_>, protocol: &Protocol) -> usize {
    scenario.node_count() * (protocol.warmup_days + protocol.days) as usize
}

/// Products whose orders are told: half of them those that cost most, half those that most is sold of.
fn choose(sums: &[ProductSums], wished: usize, decisions: usize) -> Vec<usize> {
    let most = (DECISIONS_MAX / decisions.max(1)).max(1);
    let count = wished.min(most).min(sums.len());
    let dearest = ranked(sums, |sum| sum.cost);
    let largest = ranked(sums, |sum| sum.demand_value);
    let mut chosen: Vec<usize> = dearest[..count.div_ceil(2)].to_vec();
    for p in largest.into_iter().chain(dearest) {
        if chosen.len() < count && !chosen.contains(&p) {
            chosen.push(p);
        }
    }
    chosen
}

/// Products, the greatest first, equals in their order.
fn ranked(sums: &[ProductSums], of: impl Fn(&ProductSums) -> i64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..sums.len()).collect();
    order.sort_by_key(|&p| std::cmp::Reverse(of(&sums[p])));
    order
}

fn worst(scenario: &Scenario<'_>, names: &[String], sums: &[ProductSums], protocol: &Protocol) -> Vec<Product> {
    let all = |of: fn(&ProductSums) -> i64| (sums.iter().map(of).sum::<i64>() as f64).max(1.0);
    let (cost, demand) = (all(|sum| sum.cost), all(|sum| sum.demand_value));
    let paths = f64::from(protocol.replicas.max(1));
    let of = |p: usize| {
        let sum = &sums[p];
        let selling = f64::from(sum.days.max(1));
        Product {
            name: names[p].clone(),
            cost: rounded(sum.cost as f64 / f64::from(scenario.money_scale()) / paths),
            cost_share: rounded(sum.cost as f64 / cost),
            demand_per_day: rounded(
                sum.demand as f64 / f64::from(scenario.unit_scale()) / paths / f64::from(protocol.days.max(1)),
            ),
            demand_share: rounded(sum.demand_value as f64 / demand),
            short_share: rounded(f64::from(sum.short_days) / selling),
        }
    };
    ranked(sums, |sum| sum.cost).into_iter().take(WORST).map(of).collect()
}

impl Origin {
    fn of(folder: &RunFolder, manifest: &Manifest, blob: &PolicyBlob<'_>, commands: Vec<String>) -> Self {
        let seed = manifest.training.seed;
        let header = blob.header();
        Self {
            run: folder.path().display().to_string(),
            trained_by: manifest.restock.clone(),
            reported_by: env!("CARGO_PKG_VERSION"),
            source: manifest.source.clone(),
            scenario_hash: manifest.scenario_hash.clone(),
            schema_hash: format!("{:016x}", header.schema_hash),
            policy_note: blob.note().to_owned(),
            model_version: header.model_version,
            seeds: [seed, training_seed(seed), validation_seed(seed), test_seed(seed)],
            iterations: manifest.training.ppo.iterations,
            training: manifest.training.clone(),
            evaluation: manifest.evaluation.clone(),
            commands,
        }
    }
}
