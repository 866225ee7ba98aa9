//! `restock bench`: how fast this build is on this machine. It measures; no test asserts a time.

use super::{Common, print, print_json};
use crate::evaluate::{Contender, Protocol};
use crate::failure::Failure;
use crate::plain_chain::plain_chain;
use crate::problem::Problem;
use crate::train::{Trainer, TrainingConfig};
use crate::{evaluate, quantize, rollout, simd};
use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use restock_core::blob::PolicyBlob;
use restock_core::observation::{self, FEATURES};
use restock_core::policy::{Actions, BaseStock, QuantizedPolicy, Textbook};
use restock_core::{Network, NodeView, Policy, Scenario};
use serde::Serialize;
use std::time::{Duration, Instant};

mod training;

/// Arguments of `restock bench`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// What to measure.
    #[arg(value_enum, default_value_t = What::All)]
    pub what: What,
    /// Seconds to spend on each figure.
    #[arg(long, default_value_t = 2.0)]
    pub seconds: f64,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum What {
    /// The simulator, decisions, and training as a whole.
    All,
    /// Training alone: end to end, the update by itself on both paths, and its share of what the processor can do.
    Train,
}

/// One figure.
#[derive(Debug, Serialize)]
struct Figure {
    what: &'static str,
    per_second: f64,
    nanoseconds_each: f64,
    threads: usize,
}

/// Runs the command.
///
/// # Errors
/// If the embedded problems can't be built.
pub fn run(arguments: &Arguments, common: &Common) -> Result<(), Failure> {
    let budget = Duration::from_secs_f64(arguments.seconds.clamp(0.1, 600.0));
    if arguments.what == What::Train {
        let training = training::measure(budget, common.threads())?;
        return match common.json {
            true => print_json(&serde_json::json!({ "format": "restock-bench-train/1", "training": training })),
            false => print(&training.text()),
        };
    }
    let mut figures = Vec::new();
    let plain_image = plain_chain(200).map_err(Failure::failed)?.image().map_err(|e| Failure::failed(e.to_string()))?;
    let plain = Scenario::new(&plain_image).map_err(|e| Failure::failed(e.to_string()))?;
    let problem = Problem::embedded()?;
    let full = problem.scenario()?;
    for (what, scenario) in
        [("stockpoint-days, plain chain, base stock", &plain), ("stockpoint-days, embedded default, base stock", &full)]
    {
        let levels = crate::baselines::base_stock_levels(scenario);
        figures.push(days(what, Count::StockpointDays, scenario, &mut BaseStock { level: &levels }, budget)?);
    }
    let what = "stockpoint-days, embedded default, textbook on forecast";
    figures.push(days(what, Count::StockpointDays, &full, &mut Textbook, budget)?);
    let mut observer = Observer { features: vec![0; FEATURES * full.products()] };
    figures.push(days("the same with observations", Count::StockpointDays, &full, &mut observer, budget)?);
    let training = TrainingConfig { validate_every: 0, start_looks: 0, ..problem.training.clone() };
    let mut trainer = Trainer::new(&full, &problem.names.nodes, training, common.threads())
        .map_err(|e| Failure::failed(e.to_string()))?;
    let policies = trainer.policies();
    let calibration = rollout::observe(&full, &policies, 1, 1024);
    let nodes: Vec<_> =
        problem.names.nodes.iter().cloned().zip(&policies).zip(calibration).map(|((n, p), c)| (n, p, c)).collect();
    let bytes = quantize::pack(full.hash(), "bench", &nodes).map_err(|e| Failure::failed(e.to_string()))?;
    let blob = PolicyBlob::decode(&bytes).map_err(|e| Failure::failed(e.to_string()))?;
    let mut features = vec![0i8; QuantizedPolicy::bytes(&full)];
    let int8 = QuantizedPolicy::new(&blob, &full, &mut features).map_err(|e| Failure::failed(e.to_string()))?;
    let mut int8 = int8.with_kernel(simd::HostKernel::new());
    figures.push(days("decisions, int8, simulator included", Count::Decisions, &full, &mut int8, budget)?);
    let mut greedy = rollout::GreedyPolicy::new(&policies);
    figures.push(days("decisions, float, simulator included", Count::Decisions, &full, &mut greedy, budget)?);
    figures.push(training::end_to_end(
        "training agent-steps, experience and 4 epochs",
        &mut trainer,
        budget,
        common.threads(),
    )?);
    let protocol = Protocol { seed: 1, replicas: 8, first_day: 0, warmup_days: 0, days: 364 };
    let begun = Instant::now();
    let mut simulated = 0;
    while simulated == 0 || begun.elapsed() < budget {
        std::hint::black_box(evaluate::run(&full, &Contender::Textbook, &protocol, common.threads()));
        simulated += u64::from(protocol.replicas) * u64::from(protocol.days) * full.stockpoints() as u64;
    }
    figures.push(figure_of(
        "stockpoint-days, embedded default, textbook, traced",
        simulated,
        begun.elapsed(),
        common.threads(),
    ));
    if common.json {
        return print_json(&serde_json::json!({ "format": "restock-bench/1", "figures": figures }));
    }
    print(&format!("{}\ninstructions per decision on a Cortex-M4F: cargo fw", table(&figures)))
}

/// The figures, one a row.
fn table(figures: &[Figure]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["what", "per second", "ns each", "threads"]);
    for f in figures {
        table.add_row(vec![
            f.what.to_owned(),
            super::table::thousands(f.per_second),
            format!("{:.1}", f.nanoseconds_each),
            f.threads.to_string(),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn figure_of(what: &'static str, count: u64, elapsed: Duration, threads: usize) -> Figure {
    let seconds = elapsed.as_secs_f64();
    Figure { what, per_second: count as f64 / seconds, nanoseconds_each: 1e9 * seconds / count as f64, threads }
}

/// What a figure counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Count {
    /// Each stockpoint on each day.
    StockpointDays,
    /// Each product of a node that decides, on the days of its reviews.
    Decisions,
}

/// The textbook rule at nodes that also observe, as a learned policy's do.
struct Observer {
    features: Vec<i8>,
}

impl Policy for Observer {
    #[inline(always)]
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        observation::write(view, &mut self.features);
        std::hint::black_box(&mut self.features);
        Textbook.decide(view, actions);
    }
}

/// Days of one network on one thread, random numbers included.
fn days(
    what: &'static str,
    counted: Count,
    scenario: &Scenario<'_>,
    policy: &mut impl Policy,
    budget: Duration,
) -> Result<Figure, Failure> {
    let mut memory = vec![0i32; Network::words(scenario)];
    let mut network = Network::new(scenario, &mut memory).map_err(|e| Failure::failed(e.to_string()))?;
    let begun = Instant::now();
    let (mut count, mut replica) = (0u64, 0);
    while count == 0 || begun.elapsed() < budget {
        network.reset(1, replica, 0);
        for day in 0..scenario.horizon_days().min(364) {
            simd::advance(&mut network, policy);
            let nodes = scenario.nodes().iter().filter(|n| counted == Count::StockpointDays || n.reviews(day)).count();
            count += (nodes * scenario.products()) as u64;
        }
        replica += 1;
    }
    Ok(figure_of(what, count, begun.elapsed(), 1))
}
