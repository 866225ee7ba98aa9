//! `restock compare`: a run's policies, or those of several training seeds, against classical rules on unseen seeds.

use super::{Common, evidence_table, optimum, print, print_json, session, table};
use crate::contest::{self, Entrant};
use crate::evaluate::{self, Contender, Protocol, Summary};
use crate::evidence::{self, Bound, Evidence, Origin};
use crate::failure::Failure;
use crate::frontier::{self, Frontier};
use crate::lp;
use crate::model::FloatPolicy;
use crate::problem::Problem;
use crate::progress::{Interrupt, Progress};
use crate::quantize::Label;
use crate::run_folder::{Evaluation, REPLICAS_MAX, RunFolder};
use crate::sensitivity::{self, Sensitivity};
use crate::shift::{self, Shifted};
use crate::statistics::Regression;
use crate::trace::Trace;
use crate::train::{test_seed, training_seed, validation_seed, year};
use crate::tune::{self, Budget, Kept, Tuned};
use clap::Args;
use restock_core::Scenario;
use restock_core::blob::PolicyBlob;
use serde::Serialize;
use std::path::PathBuf;

/// Arguments of `restock compare`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Run folder, as `restock train` makes it; several of one network are training seeds of one policy. Results and
    /// tuned rules are kept in the first.
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Test paths, each of a year [default: 32; with --optimum as many as make 16 million stockpoint-days].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(REPLICAS_MAX)))]
    pub replicas: Option<u32>,
    /// Measure the first run's policies against the exact optimum instead (networks that `restock solve` knows).
    #[arg(long)]
    pub optimum: bool,
    /// Seed of the test paths [default: from the first run's own seed, apart from training and validation].
    #[arg(long)]
    pub seed: Option<u64>,
    /// Looks at the tuning paths that each rule's search may take; 0 = rules are left as textbooks set them.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub tune_looks: u32,
    /// Tuning paths of a look: paths of the training seed, each as long as a test path.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=i64::from(REPLICAS_MAX)))]
    pub tune_paths: u32,
    /// Also run everybody, as they are, in worlds that nobody was trained or tuned for.
    #[arg(long)]
    pub shifts: bool,
    /// Also trace cost against fill rate over a sweep of the backorder cost.
    #[arg(long)]
    pub frontier: bool,
    /// Also run rolling LPs, with textbook safety stocks and with those of sampled scenarios (seconds a path on 3 x 200).
    #[arg(long)]
    pub rolling_lp: bool,
    /// Also tune a rolling LP's safety stocks and efforts, with at most so many looks at two tuning paths.
    #[arg(long, value_name = "LOOKS", default_value_t = 0, requires = "rolling_lp")]
    pub lp_looks: u32,
    /// Also bound from below what the first so many test paths can cost, knowing all of them beforehand (half a
    /// minute a path on 3 x 200).
    #[arg(long, value_name = "PATHS", default_value_t = 0, conflicts_with = "replay")]
    pub bound: u32,
    /// Real sales to test on in place of drawn demand: a CSV with the columns date, product, quantity (and node, where
    /// several sell).
    #[arg(long, requires = "from", conflicts_with_all = ["shifts", "frontier"])]
    pub replay: Option<PathBuf>,
    /// First day of those sales that counts, as 2011-09-01; the days before it are warm-up.
    #[arg(long, requires = "replay")]
    pub from: Option<String>,
    /// Write the figures of every policy as CSV.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Write the tables as Markdown.
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
}

/// What a comparison found.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Name and version of this document.
    pub format: &'static str,
    /// Version of Restock that made it.
    pub restock: &'static str,
    /// What the test paths were.
    pub protocol: Protocol,
    /// Training seeds of the learned policies.
    pub training_seeds: Vec<u64>,
    /// Currency of the costs.
    pub currency: String,
    /// The policy that the paper's table compares with.
    pub paper_baseline: String,
    /// One entry per policy; of several training seeds the paths of all of them.
    pub policies: Vec<Summary>,
    /// Every policy against the best rule.
    pub evidence: Option<Evidence>,
    /// What tuning found and cost.
    pub tuning: Option<Kept>,
    /// Cost and fill rate explained by stock, lead time, reliability and HyperScore, where that has an answer.
    pub regressions: Vec<Regression>,
    /// Why there is no answer, where there is none.
    pub regression_notes: Vec<String>,
    /// Worlds that nobody was trained or tuned for.
    pub shifts: Vec<Shifted>,
    /// Cost against fill rate.
    pub frontier: Option<Frontier>,
    /// Cost of the int8 policy less the float policy's, in percent of the float policy's; none where
    /// that costs nothing.
    pub int8_versus_float_percent: Option<f64>,
    /// How much HyperScore's ranking hangs on its weights.
    pub weight_sensitivity: Sensitivity,
    /// What each policy did, day by day: for `restock verify`, in a file of its own.
    #[serde(skip)]
    pub traces: Vec<Trace>,
    /// Each policy's digest on its first training seed: what `restock verify` repeats.
    #[serde(skip)]
    pub digests: Vec<(String, String)>,
}

/// Test paths, if not told otherwise.
const REPLICAS: u32 = 32;
/// Name of the learned policy in floats.
pub const FLOAT: &str = "PPO float";
/// Name of the learned policy as the device runs it.
pub const INT8: &str = "PPO int8";
/// What the paper compares with where there is no static plan.
const PERIODIC: &str = "periodic review";
/// The static plan that the paper compares with.
const STATIC_PLAN: &str = "static LP";

/// Everybody who takes part with one training seed.
#[must_use]
pub fn field<'a>(
    scenario: &Scenario<'_>,
    tuned: &[Tuned],
    learned: Option<&'a [FloatPolicy]>,
    packed: Option<PolicyBlob<'a>>,
) -> Vec<Entrant<'a>> {
    let mut entrants: Vec<Entrant<'a>> = contest::textbook_rules(scenario);
    entrants.extend(contest::tuned_rules(scenario, tuned));
    entrants.extend(learned.map(|policies| Entrant::new(FLOAT, Origin::Learned, Contender::Float(policies))));
    entrants.extend(packed.map(|blob| Entrant::new(INT8, Origin::Learned, Contender::Int8(blob))));
    entrants
}

/// Runs textbook rules and learned policies on the same paths.
#[must_use]
pub fn compare(
    scenario: &Scenario<'_>,
    problem: &Problem,
    learned: Option<&[FloatPolicy]>,
    packed: Option<PolicyBlob<'_>>,
    protocol: &Protocol,
    common: &Common,
) -> Comparison {
    let entrants = field(scenario, &[], learned, packed);
    match contest(scenario, problem, &entrants, None, protocol, (common, Interrupt::never())) {
        Ok(comparison) => comparison,
        Err(_) => unreachable!("only an interrupt ends a contest early"),
    }
}

/// Runs everybody on the same paths and weighs what they did.
///
/// # Errors
/// If Ctrl-C was pressed.
pub fn contest(
    scenario: &Scenario<'_>,
    problem: &Problem,
    entrants: &[Entrant<'_>],
    bound: Option<Bound>,
    protocol: &Protocol,
    (common, interrupt): (&Common, Interrupt),
) -> Result<Comparison, Failure> {
    let mut progress = Progress::new("compare", "policies", contest::count(entrants), common.quiet);
    let mut traces = Vec::new();
    let threads = common.threads();
    let played = contest::play(scenario, entrants, protocol, threads, &mut progress, interrupt, Some(&mut traces))?;
    progress.finish();
    let periodic = played.iter().position(|it| it.name.starts_with(PERIODIC));
    let base = periodic.map(|i| played[i].outcomes.concat());
    let summaries = played.iter().enumerate().map(|(i, it)| {
        let base = base.as_deref().filter(|_| periodic != Some(i));
        evaluate::summarize(scenario, &it.name, &it.outcomes.concat(), base)
    });
    let policies: Vec<Summary> = summaries.collect();
    let cost = |name: &str| policies.iter().find(|s| s.policy == name).map(|s| s.total_cost);
    let int8_versus_float_percent = cost(INT8)
        .zip(cost(FLOAT))
        .filter(|(_, float)| *float > 0.0)
        .map(|(int8, float)| 100.0 * (int8 - float) / float);
    let named = |start: &str| played.iter().find(|it| it.name.starts_with(start)).map(|it| it.name.clone());
    let (mut regressions, mut regression_notes) = (Vec::new(), Vec::new());
    for (outcome, found) in ["cost", "fill rate"].into_iter().zip(evidence::regressions(scenario, &played)) {
        match found {
            Ok(regression) => regressions.push(regression),
            Err(why) => regression_notes.push(format!("{outcome}: {why}")),
        }
    }
    Ok(Comparison {
        format: "restock-compare/2",
        restock: env!("CARGO_PKG_VERSION"),
        protocol: *protocol,
        training_seeds: vec![problem.training.seed],
        currency: problem.names.currency.clone(),
        paper_baseline: named(STATIC_PLAN).or_else(|| named(PERIODIC)).unwrap_or_default(),
        evidence: evidence::weigh(scenario, &played, bound, protocol.seed),
        tuning: None,
        regressions,
        regression_notes,
        shifts: Vec::new(),
        frontier: None,
        weight_sensitivity: sensitivity::of(scenario, &policies, protocol.seed),
        // Plans are not repeated by `restock verify`: nothing of them is kept in the run.
        digests: played
            .iter()
            .filter(|it| it.origin != Origin::Planned)
            .map(|it| (it.name.clone(), evaluate::digest_of(&it.outcomes[0])))
            .collect(),
        policies,
        int8_versus_float_percent,
        traces,
    })
}

impl Comparison {
    /// What `restock verify` repeats.
    #[must_use]
    pub fn evaluation(&self) -> Evaluation {
        Evaluation {
            seed: self.protocol.seed,
            replicas: self.protocol.replicas,
            first_day: self.protocol.first_day,
            warmup_days: self.protocol.warmup_days,
            days: self.protocol.days,
            digests: self.digests.clone(),
        }
    }

    /// The tables: where rules were tuned the paper's and the honest one before the others.
    #[must_use]
    pub fn text(&self) -> String {
        let p = &self.protocol;
        let intervals = if p.replicas > 1 { "; ± are 95 % intervals" } else { "" };
        let tables = match &self.tuning {
            Some(_) => {
                format!("{}\n\n{}", evidence_table::text(self), table::details(&self.policies, &self.currency))
            }
            None => table::comparison(&self.policies, &self.currency),
        };
        let mut text = format!(
            "{tables}\n\n{} of {} after {} of warm-up, none of them seen in training{intervals}.\n\
             delivery rate: units served at once / units demanded. inventory turnover: yearly cost of goods\n\
             sold / mean stock value, in transit excluded. bullwhip ratio: variance of orders / variance of\n\
             demand, mean over echelons. V: weighted sum of the three parts beside it.",
            table::counted(p.replicas, "test path"),
            table::counted(p.days, "day"),
            table::counted(p.warmup_days, "day"),
        );
        if self.policies.iter().any(|policy| policy.responsiveness.is_some()) {
            text += "\ndip: how far the week's delivery rate falls after a shock (an event or a disruption begins).\n\
                     recovered: back within two points of the four weeks before it.";
        }
        if let Some(difference) = self.int8_versus_float_percent {
            text += &format!("\nint8 costs {difference:+.3} % of what float does.");
        }
        text += &format!("\n{}", self.weight_sensitivity.text(&self.policies));
        text += &format!("\n{}", evaluate::alarms_text(&self.policies));
        text
    }
}

/// A run, opened.
struct Run {
    folder: RunFolder,
    problem: Problem,
    policies: Vec<FloatPolicy>,
    bytes: Vec<u8>,
}

impl Run {
    fn open(path: &std::path::Path, common: &Common) -> Result<Self, Failure> {
        let (folder, _, problem) = RunFolder::open(path)?;
        let scenario = problem.scenario()?;
        let trainer = session::resume(&scenario, &problem, &folder, common.threads())?;
        let label = Label { model_version: 1, ..Label::default() };
        let bytes = super::pack::packed(&folder, &scenario, &problem, &trainer, label)?;
        let policies = trainer.best_policies();
        drop(trainer);
        Ok(Self { folder, policies, bytes, problem })
    }
}

/// Opens runs that are training seeds of one network.
fn open(paths: &[PathBuf], common: &Common) -> Result<Vec<Run>, Failure> {
    let runs = paths.iter().map(|path| Run::open(path, common)).collect::<Result<Vec<_>, _>>()?;
    for (i, run) in runs.iter().enumerate() {
        let (hash, first) = (run.problem.scenario()?.hash(), runs[0].problem.scenario()?.hash());
        let (here, there) = (&run.problem.source, &runs[0].problem.source);
        if hash != first {
            return Err(Failure::usage(format!(
                "{here} is a run of scenario {hash:016x}, {there} of {first:016x}: runs of one network are compared"
            )));
        }
        let seed = run.problem.training.seed;
        if let Some(twin) = runs[..i].iter().find(|other| other.problem.training.seed == seed) {
            let twin = &twin.problem.source;
            return Err(Failure::usage(format!(
                "{here} and {twin} both have the training seed {seed}: give each one once"
            )));
        }
    }
    Ok(runs)
}

/// The seed of the test paths, which no run has learned or chosen on.
fn unseen(asked: Option<u64>, runs: &[Run]) -> Result<u64, Failure> {
    let seed = asked.unwrap_or(test_seed(runs[0].problem.training.seed));
    for run in runs {
        let own = run.problem.training.seed;
        let what = if seed == training_seed(own) {
            "training"
        } else if seed == validation_seed(own) {
            "validation"
        } else {
            continue;
        };
        let run = &run.problem.source;
        return Err(Failure::usage(format!("--seed {seed} is the seed of {run}'s {what} paths: give another")));
    }
    Ok(seed)
}

/// The plans that take part: the paper's static LP where one can be made, and a rolling LP where it is asked for.
fn plans(scenario: &Scenario<'_>, protocol: &Protocol, rolling: bool) -> Result<Vec<Entrant<'static>>, Failure> {
    let mut plans = Vec::new();
    match lp::contenders::static_plan(scenario, protocol) {
        Ok(plan) => plans.push(Entrant::new(STATIC_PLAN, Origin::Planned, plan)),
        // What is assembled has no such plan; whoever asks for plans hears of it below.
        Err(_) if !rolling => {}
        Err(error) => return Err(Failure::data(error.to_string())),
    }
    if rolling {
        for (name, settings) in [
            ("rolling LP, safety stock", lp::planner::Settings::textbook(scenario)),
            ("rolling LP, scenarios", lp::planner::Settings::stochastic(scenario)),
        ] {
            let plan = lp::contenders::rolling(scenario, &settings).map_err(|e| Failure::data(e.to_string()))?;
            plans.push(Entrant::new(name, Origin::Planned, plan));
        }
    }
    Ok(plans)
}

/// Paths of a look at a rolling LP: each takes seconds.
const LP_TUNING_PATHS: u32 = 2;

/// A rolling LP with safety stocks and efforts tuned on paths of the training seed.
fn tuned_plan(
    scenario: &Scenario<'_>,
    seed: u64,
    looks: u32,
    (common, interrupt): (&Common, Interrupt),
) -> Result<Entrant<'static>, Failure> {
    let protocol = year(scenario, seed, LP_TUNING_PATHS);
    let mut progress = Progress::new("tune rolling LP", "looks", u64::from(looks), common.quiet);
    let mut least = f64::INFINITY;
    let tuned = lp::tune::tune(scenario, &protocol, looks, common.threads(), &mut |_, cost| {
        least = least.min(cost);
        progress.advance(1, &format!("{least:.0}"));
        !interrupt.requested()
    })
    .map_err(|e| Failure::data(e.to_string()))?;
    progress.finish();
    let plan = lp::contenders::rolling(scenario, &tuned.settings).map_err(|e| Failure::data(e.to_string()))?;
    Ok(Entrant::new("rolling LP, tuned safety stock", Origin::Planned, plan))
}

/// The hindsight bound of the first `paths` test paths; none if none are asked for.
fn bound(scenario: &Scenario<'_>, protocol: &Protocol, paths: u32, common: &Common) -> Result<Option<Bound>, Failure> {
    let paths = paths.min(protocol.replicas);
    if paths == 0 {
        return Ok(None);
    }
    let mut progress = Progress::new("bound", "paths", u64::from(paths), common.quiet);
    let replicas: Vec<u32> = (0..paths).collect();
    let mut costs = Vec::new();
    for replicas in replicas.chunks(common.threads().max(1)) {
        let of = |&replica: &u32| lp::hindsight::bound(scenario, protocol, replica, BOUND_STEPS);
        for found in crate::threads::map(replicas, common.threads(), of) {
            costs.push(found.map_err(|e| Failure::data(e.to_string()))?.cost);
            progress.advance(1, "hindsight LP");
        }
    }
    progress.finish();
    Ok(Some(Bound { name: "hindsight LP".to_owned(), costs }))
}

/// Steps of a bound's ascent: within half a percent on the default network.
const BOUND_STEPS: usize = 150;

/// Runs the command.
///
/// # Errors
/// If a run can't be read, runs do not belong together, results can't be written, or Ctrl-C was pressed.
pub fn run(arguments: &Arguments, common: &Common) -> Result<(), Failure> {
    let runs = open(&arguments.runs, common)?;
    let (folder, problem) = (&runs[0].folder, &runs[0].problem);
    let scenario = problem.scenario()?;
    if arguments.optimum {
        let (policies, bytes) = (&runs[0].policies, &runs[0].bytes);
        let blob = PolicyBlob::decode(bytes).map_err(|e| Failure::data(e.to_string()))?;
        let (seed, replicas) = (arguments.seed, arguments.replicas);
        let distances = optimum::distances(&scenario, problem, policies, blob, seed, replicas, common)?;
        folder.write_json("optimum.json", &distances)?;
        return distances.show(common);
    }
    let interrupt = Interrupt::install().map_err(|e| Failure::failed(e.to_string()))?;
    let seed = unseen(arguments.seed, &runs)?;
    let budget = Budget { looks: arguments.tune_looks, paths: arguments.tune_paths };
    let tuning = (arguments.tune_looks > 0)
        .then(|| {
            let how = (common.threads(), common.quiet);
            tune::of_run(folder, &scenario, &problem.names.nodes, problem.training.seed, budget, how)
        })
        .transpose()?;
    let tuned = tuning.as_ref().map_or(&[][..], |kept| &kept.rules);
    let blobs = runs.iter().map(|run| PolicyBlob::decode(&run.bytes)).collect::<Result<Vec<_>, _>>();
    let blobs = blobs.map_err(|e| Failure::data(e.to_string()))?;
    let replicas = arguments.replicas.unwrap_or(REPLICAS);
    let protocol = year(&scenario, seed, replicas);
    let mut entrants = field(&scenario, tuned, None, None);
    entrants.extend(plans(&scenario, &protocol, arguments.rolling_lp)?);
    if arguments.lp_looks > 0 {
        let seed = training_seed(problem.training.seed);
        entrants.push(tuned_plan(&scenario, seed, arguments.lp_looks, (common, interrupt))?);
    }
    if let [run] = &runs[..] {
        entrants.push(Entrant::new(FLOAT, Origin::Learned, Contender::Float(&run.policies)));
    }
    let contenders = blobs.iter().map(|blob| Contender::Int8(*blob)).collect();
    entrants.push(Entrant { name: INT8.to_owned(), origin: Origin::Learned, contenders });
    let bound = bound(&scenario, &protocol, arguments.bound, common)?;
    let replayed = match (&arguments.replay, &arguments.from) {
        (Some(file), Some(from)) => Some(crate::replay::onto(problem, file, from, replicas, seed)?),
        _ => None,
    };
    let mut comparison = match &replayed {
        Some((other, protocol)) => contest(&other.scenario()?, other, &entrants, None, protocol, (common, interrupt))?,
        None => contest(&scenario, problem, &entrants, bound, &protocol, (common, interrupt))?,
    };
    comparison.training_seeds = runs.iter().map(|run| run.problem.training.seed).collect();
    if arguments.shifts {
        comparison.shifts = shift::play(problem, &entrants, &protocol, (common, interrupt))?;
    }
    if arguments.frontier {
        comparison.frontier = Some(frontier::trace(problem, tuned, &blobs, budget, &protocol, (common, interrupt))?);
    }
    comparison.tuning = tuning;
    write(arguments, folder, &comparison, replayed.is_some())?;
    if common.json { print_json(&comparison) } else { print(&comparison.text()) }
}

/// Writes the results into the first run's folder and wherever they are asked for. A comparison on replayed sales is
/// not one that `restock verify` can repeat from the run alone: it leaves the run's own as it is.
fn write(arguments: &Arguments, folder: &RunFolder, comparison: &Comparison, replayed: bool) -> Result<(), Failure> {
    if replayed {
        folder.write_json("results-replay.json", comparison)?;
    } else {
        folder.write_json("results.json", comparison)?;
        folder.write_traces(&comparison.traces)?;
        let (folder, mut manifest, _) = RunFolder::open(folder.path())?;
        manifest.evaluation = Some(comparison.evaluation());
        folder.write_manifest(&manifest)?;
    }
    let to = |file: &Option<PathBuf>, text: String| match file {
        Some(file) => {
            crate::checkpoint::write_atomically(file, text.as_bytes()).map_err(|e| Failure::failed(e.to_string()))
        }
        None => Ok(()),
    };
    to(&arguments.csv, evidence_table::csv(comparison))?;
    to(&arguments.markdown, evidence_table::markdown(comparison))
}
