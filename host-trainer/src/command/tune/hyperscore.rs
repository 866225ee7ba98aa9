//! `restock tune hyperscore`.

use super::{problems, study, usage_of};
use crate::bayesian::Search;
use crate::command::{Common, print, print_json, session};
use crate::evaluate::{Contender, Protocol};
use crate::failure::Failure;
use crate::model::FloatPolicy;
use crate::problem::Problem;
use crate::progress::{Interrupt, Progress};
use crate::run_folder::{REPLICAS_MAX, RunFolder};
use crate::score_tuning::population::{self, Cast, Population};
use crate::score_tuning::report::{self, Report};
use crate::score_tuning::{fit, space::Space};
use crate::study::Study;
use crate::train::{test_seed, training_seed, year};
use clap::Args;
use restock_core::Scenario;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The fragment.
const FRAGMENT: &str = "hyperscore.toml";

/// Arguments of `restock tune hyperscore`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
A score is held against money: Kendall's rank correlation between HyperScore and cost, of policies that meet the same
world, path and quarter of a year. Policies: the rules as textbooks set them and perturbed, half of the perturbed ones
held out; learned runs as --run gives them, the first held out. Worlds: the network as it is, and shifted (demand,
variation, lead times, outage, capacity). Everything is simulated once; then parameters are looked at by the thousand.
Searched: the weights of V (their sum stays), the eight sensitivities of the weights, and with --shape beta, gamma and
kappa; as these move no rank, half of what is maximized is then the linear correlation.
What is found is compared with the network's present parameters, equal weights and random search at the same budget,
on other policies and other paths. FOLDER/hyperscore.toml is what network.toml may include.")]
pub(super) struct Arguments {
    /// Network folders [default: the embedded 3 x 200 network]; the present parameters are the first one's.
    #[arg(value_name = "NETWORK", conflicts_with = "resume")]
    networks: Vec<PathBuf>,
    /// Folder to make: study.json, hyperscore.toml, result.json.
    #[arg(long, short, value_name = "FOLDER", conflicts_with = "resume")]
    out: Option<PathBuf>,
    /// Go on with this study where it was left.
    #[arg(long, value_name = "FOLDER")]
    resume: Option<PathBuf>,
    /// Learned runs of these networks that take part: the first held out, the second searched with, and so on.
    #[arg(long = "run", value_name = "RUN", conflicts_with = "resume")]
    runs: Vec<PathBuf>,
    /// Points that are looked at, the present parameters among them.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(2..=2000), conflicts_with = "resume")]
    evaluations: u32,
    /// Paths of each world, a year each: so many to search with and as many held out.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=i64::from(REPLICAS_MAX)), conflicts_with = "resume")]
    paths: u32,
    /// Search the curve's beta, gamma and kappa too.
    #[arg(long, conflicts_with = "resume")]
    shape: bool,
    /// Seed of paths, perturbed rules and search [default: the first network's].
    #[arg(long, conflicts_with = "resume")]
    seed: Option<u64>,
}

/// What a study does, kept with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    tunes: Tunes,
    /// Network folders; none = the embedded one.
    networks: Vec<Option<PathBuf>>,
    /// Digests of their scenarios.
    scenarios: Vec<String>,
    /// Learned runs, and the iteration that was kept of each.
    runs: Vec<(PathBuf, u32)>,
    evaluations: u32,
    paths: u32,
    shape: bool,
    seed: u64,
}

/// Tells a study of HyperScore from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Tunes {
    Hyperscore,
}

/// Runs the command.
///
/// # Errors
/// If a network or run has errors, a file can't be written, or Ctrl-C was pressed.
pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<(), Failure> {
    let folders = (arguments.out.as_ref(), arguments.resume.as_ref());
    let mut study: Study<Plan> = study(folders, "hyperscore", || planned(arguments, common))?;
    let plan = study.plan.clone();
    let problems = problems(&plan.networks, &plan.scenarios)?;
    let interrupt = Interrupt::install().map_err(|e| Failure::failed(e.to_string()))?;
    let (training, held_out) = populations(&problems, &plan, common, interrupt)?;
    let present = problems[0].scenario()?.score_parameters();
    let space = Space::new(&present, plan.shape);
    let axes = space.axes().len();
    study.check(axes)?;
    if !fit(&training, &present, false).tau.is_finite() {
        return Err(Failure::data(
            "all policies cost the same in every period: there is no order for a score to find".to_owned(),
        ));
    }
    let search = Search { axes, startup: 2 * axes, seed: plan.seed };
    let looks = plan.evaluations as usize;
    let mut progress = Progress::new("tune", "evaluations", u64::from(plan.evaluations), common.quiet);
    progress.resume_at(study.points.len() as u64);
    let mut most = f64::NEG_INFINITY;
    study.run((&search, &space.point(&present)), looks, interrupt, &mut |number, at| {
        let p = report::parameters_of(&space, &present, number, at);
        let value = fit(&training, &p, plan.shape).value(plan.shape);
        most = most.max(value);
        progress.advance(1, &format!("best {most:.4}"));
        Ok(Some(value))
    })?;
    progress.finish();
    let report = report::weigh((&space, &present), (&training, &held_out), (&search, &study.points), plan.shape);
    finish(&study, &space, &report, common)
}

/// What the arguments ask for, resolved.
fn planned(arguments: &Arguments, common: &Common) -> Result<Plan, Failure> {
    let networks: Vec<Option<PathBuf>> =
        if arguments.networks.is_empty() { vec![None] } else { arguments.networks.iter().cloned().map(Some).collect() };
    let problems = problems(&networks, &[])?;
    let hash = |problem: &Problem| Ok(format!("{:016x}", problem.scenario()?.hash()));
    let runs = learned(&arguments.runs, &problems, common)?;
    Ok(Plan {
        tunes: Tunes::Hyperscore,
        networks,
        scenarios: problems.iter().map(hash).collect::<Result<_, Failure>>()?,
        runs: arguments.runs.iter().cloned().zip(runs.iter().map(|run| run.iteration)).collect(),
        evaluations: arguments.evaluations,
        paths: arguments.paths,
        shape: arguments.shape,
        seed: arguments.seed.unwrap_or(problems[0].training.seed),
    })
}

/// A learned run: its policies, the iteration that they are of, and the network that they are for.
struct Learned {
    name: String,
    policies: Vec<FloatPolicy>,
    iteration: u32,
    network: usize,
}

/// Opens learned runs, each of which must be of one of the networks.
fn learned(runs: &[PathBuf], problems: &[Problem], common: &Common) -> Result<Vec<Learned>, Failure> {
    let one = |path: &PathBuf| {
        let (folder, _, problem) = RunFolder::open(path)?;
        let shown = path.display();
        let network = problems.iter().position(|it| it.names == problem.names).ok_or_else(|| {
            Failure::usage(format!("--run {shown}: its nodes, products or routes are those of none of the networks"))
        })?;
        let scenario = problem.scenario()?;
        let trainer = session::resume(&scenario, &problem, &folder, common.threads())?;
        let iteration = trainer.best.as_ref().map_or(trainer.iteration, |best| best.iteration);
        Ok(Learned { name: format!("learned {shown}"), policies: trainer.best_policies(), iteration, network })
    };
    runs.iter().map(one).collect()
}

/// Simulates the policies to search with on training paths, and those held out on test paths.
fn populations(
    problems: &[Problem],
    plan: &Plan,
    common: &Common,
    interrupt: Interrupt,
) -> Result<(Vec<Population>, Vec<Population>), Failure> {
    let paths: Vec<PathBuf> = plan.runs.iter().map(|(path, _)| path.clone()).collect();
    let runs = learned(&paths, problems, common)?;
    if let Some(((path, then), run)) = plan.runs.iter().zip(&runs).find(|((_, then), run)| *then != run.iteration) {
        let (shown, now) = (path.display(), run.iteration);
        return Err(Failure::data(format!(
            "{shown} has been trained on since the study began (its best iteration is {now}, was {then}): begin a new one"
        )));
    }
    let scenarios: Vec<Scenario<'_>> = problems.iter().map(Problem::scenario).collect::<Result<_, _>>()?;
    let mut casts: Vec<Cast<'_>> = scenarios.iter().map(|scenario| population::rules(scenario, plan.seed)).collect();
    for (i, run) in runs.iter().enumerate() {
        let cast = &mut casts[run.network];
        let into = if i.is_multiple_of(2) { &mut cast.held_out } else { &mut cast.training };
        into.push((run.name.clone(), Contender::Float(&run.policies)));
    }
    let total = casts.iter().map(|cast| population::work(&cast.training) + population::work(&cast.held_out)).sum();
    let mut progress = Progress::new("simulate", "policies", total, common.quiet);
    let (mut training, mut held_out) = (Vec::new(), Vec::new());
    for ((problem, scenario), cast) in problems.iter().zip(&scenarios).zip(&casts) {
        let protocol = |seed: u64| -> Protocol { year(scenario, seed, plan.paths) };
        let mut simulate = |set: &[(String, Contender<'_>)], seed: u64| {
            population::simulate(problem, set, &protocol(seed), common.threads(), (&mut progress, interrupt))
        };
        training.push(simulate(&cast.training, training_seed(plan.seed))?);
        held_out.push(simulate(&cast.held_out, test_seed(plan.seed))?);
    }
    progress.finish();
    Ok((training, held_out))
}

/// Writes what was found, and tells of it.
fn finish(study: &Study<Plan>, space: &Space, report: &Report, common: &Common) -> Result<(), Failure> {
    let plan = &study.plan;
    let named = |network: &Option<PathBuf>| network.as_ref().map_or("embedded".to_owned(), |n| n.display().to_string());
    let networks: Vec<String> = plan.networks.iter().map(named).collect();
    let text = format!(
        "# Found by `restock tune hyperscore` on {} (seed {}, {} evaluations, {} paths):\n# {}.\n{}{}",
        networks.join(", ").replace(char::is_control, "?"),
        plan.seed,
        plan.evaluations,
        plan.paths,
        report.summary(),
        usage_of(FRAGMENT),
        space.fragment(&report.found),
    );
    let fragment = study.write(FRAGMENT, &text)?;
    let json = serde_json::to_string_pretty(report).map_err(|e| Failure::failed(e.to_string()))?;
    study.write("result.json", &json)?;
    if common.json {
        return print_json(report);
    }
    print(&format!("{}\n\nwrote {}; network.toml may include it", report.text(), fragment.display()))
}
