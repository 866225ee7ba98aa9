//! The demo itself: check what is in flash, simulate the year, say what it took.

use super::clock::{self, Clock};
use super::console::{arguments, line};
use super::failure::Failure;
use super::{images, memory};
use core::hint::black_box;
use restock_core::action::OUTPUTS;
use restock_core::blob::{Agent, Kernel, PolicyBlob};
use restock_core::digest::Digest;
use restock_core::guard::Guarded;
use restock_core::hyperscore::{Curve, DeviceCurve, FastCurve, HyperScore};
use restock_core::kpi::Kpis;
use restock_core::ledger::Ledger;
use restock_core::monitor::{HyperScoreMonitor, MonitorSettings};
use restock_core::observation::FEATURES;
use restock_core::policy::{Actions, NodeView, Policy, QuantizedPolicy};
use restock_core::scenario::ScoreParametersPpm;
use restock_core::{Network, Scenario};
use restock_device::kernel::{Dsp, HAS_DSP};

/// Days between two lines of progress.
const REPORT_DAYS: u32 = 28;
/// The run that is simulated where the command line does not say otherwise: 13 times 28 days.
const DEFAULT: Run = Run { days: 364, seed: 1, replica: 0 };

/// What to simulate.
#[derive(Clone, Copy, Debug)]
struct Run {
    days: u32,
    seed: u64,
    replica: u32,
}

/// Prints one `key: value` line.
macro_rules! say {
    ($key:literal, $($value:tt)*) => { line(format_args!(concat!($key, ": {}"), format_args!($($value)*))) };
}

/// Checks, simulates, reports.
pub(super) fn run(clock: &Clock, network_memory: &mut [i32], feature_memory: &mut [i8]) -> Result<(), Failure> {
    let run = wanted()?;
    say!("firmware", "restock-firmware {}", env!("CARGO_PKG_VERSION"));
    say!(
        "clock",
        "{}.{:03} {} per tick",
        clock.per_tick_milli() / 1000,
        clock.per_tick_milli() % 1000,
        clock.unit().name()
    );

    // Flash may have worn since the build: the compiler must not reason from what it saw then.
    let scenario = Scenario::new(black_box(&images::SCENARIO)).map_err(Failure::Scenario)?;
    say!(
        "scenario",
        "{} nodes, {} products, {} lanes, horizon {} days",
        scenario.node_count(),
        scenario.products(),
        scenario.lanes().len(),
        scenario.horizon_days()
    );
    say!("scenario hash", "{:016x}", scenario.hash());

    let file = PolicyBlob::decode(black_box(&images::POLICY.0)).map_err(Failure::Policy)?;
    say!("policy", "{} agents, {} bytes, \"{}\"", file.header().agents, file.size(), file.note());
    file.self_test_with(&mut Dsp).map_err(Failure::Policy)?;
    say!("golden vectors", "{} agree", file.agents().map(|agent| agent.golden().count()).sum::<usize>());
    say!("kernel", "{}", if HAS_DSP { "SMLAD" } else { "portable" });
    if let Some(agent) = file.agents().next() {
        inference(clock, &agent);
    }

    let (words, bytes) = (network_memory.len(), feature_memory.len());
    let policy = QuantizedPolicy::new(&file, &scenario, feature_memory).map_err(Failure::Fit)?;
    let policy = policy.with_kernel(Dsp).traced();
    let mut guard = Guarded::new(policy, HyperScoreMonitor::new(&scenario, MonitorSettings::WEEKLY));
    let mut network = Network::new(&scenario, network_memory).map_err(Failure::Memory)?;
    network.reset(run.seed, run.replica, 0);
    say!("run", "{} days, seed {}, replica {}", run.days, run.seed, run.replica);
    let effort = simulate(&mut network, &mut guard, run.days);
    let policy = guard.policy();

    let kpis = network.kpis();
    report(kpis, &scenario);
    watched(&guard);
    scoring(clock, &HyperScore::of(kpis, &scenario.score_parameters()), &scenario.score_parameters());
    say!("choices digest", "{:016x}", policy.trace().unwrap_or(0));
    say!("trace digest", "{:016x}", effort.trace.value());

    let unit = clock.unit().name();
    say!("decisions", "{}", policy.decisions());
    say!("cost of a decision", "{} {unit}", clock.amount_each(effort.deciding, policy.decisions()));
    say!("cost of a day", "{} {unit}", clock.amount_each(effort.advancing, u64::from(kpis.days())));
    let stockpoint_days = u64::from(kpis.days()) * count(scenario.stockpoints());
    say!(
        "cost of a stockpoint-day without its decision",
        "{} {unit}",
        clock.amount_each(effort.advancing - effort.deciding, stockpoint_days)
    );

    say!("flash", "{} bytes", memory::flash_bytes());
    say!("flash for the scenario", "{} bytes", size_of_val(&images::SCENARIO));
    say!("flash for the policies", "{} bytes", size_of_val(&images::POLICY));
    say!("ram for statics", "{} bytes", memory::static_bytes());
    say!("ram for the network", "{} bytes", 4 * words);
    say!("ram for the features", "{} bytes", bytes);
    say!("ram for the stack", "{} bytes", memory::stack_bytes());
    say!("outcome", "passed");
    Ok(())
}

/// Inferences that are timed: enough that a tick of 40 instructions does not show.
const INFERENCES: u64 = 100;

/// What one inference costs, and how many multiply-adds it has.
fn inference(clock: &Clock, agent: &Agent<'_>) {
    let mut logits = [0; OUTPUTS];
    let ticks = clock::time(|| {
        for i in 0..INFERENCES {
            Dsp.row(agent.layers, black_box(&[i.to_le_bytes()[0].cast_signed(); FEATURES]), &mut logits);
            black_box(&mut logits);
        }
    });
    say!("multiply-adds of an inference", "{}", agent.layers.multiply_adds());
    say!("cost of an inference", "{} {}", clock.amount_each(ticks, INFERENCES), clock.unit().name());
}

/// The run that the command line asks for.
fn wanted() -> Result<Run, Failure> {
    let mut run = DEFAULT;
    arguments(|key, value| {
        match key {
            "days" => run.days = value.parse().map_err(|_| Failure::Argument)?,
            "seed" => run.seed = value.parse().map_err(|_| Failure::Argument)?,
            "replica" => run.replica = value.parse().map_err(|_| Failure::Argument)?,
            _ => return Err(Failure::Argument),
        }
        Ok(())
    })?;
    Ok(run)
}

/// What a run took.
#[derive(Debug)]
struct Effort {
    /// Ticks spent in the policy: observing, inferring, setting levels.
    deciding: u64,
    /// Ticks spent in whole days, the policy included.
    advancing: u64,
    /// Every order, every inventory level and every cost of every day.
    trace: Digest,
}

fn simulate<P: Policy>(network: &mut Network<'_, '_>, guard: &mut Guarded<P>, days: u32) -> Effort {
    let mut timed = Timed { policy: guard, ticks: 0 };
    let mut trace = Digest::new();
    let mut advancing = 0;
    for _ in 0..days {
        if network.is_over() {
            break;
        }
        advancing += clock::time(|| network.advance(&mut timed));
        network.trace(&mut trace);
        let before = timed.policy.fallback();
        let _ = timed.policy.watch(network.today(), network.disrupted());
        match (before, timed.policy.fallback()) {
            (None, Some(reason)) => {
                line(format_args!("day {}: the classical policy takes over: {}", network.kpis().days(), reason.text()))
            }
            (Some(_), None) => line(format_args!("day {}: the learned policy is back", network.kpis().days())),
            _ => {}
        }
        let kpis = network.kpis();
        if kpis.days().is_multiple_of(REPORT_DAYS) {
            let score = HyperScore::of(kpis, &network.scenario().score_parameters());
            line(format_args!(
                "day {}: cost={} fill_rate={} turnover={} hyperscore={} digest={:016x}",
                kpis.days(),
                kpis.total_cost(),
                Decimal(kpis.fill_rate_ppm(), 6),
                Decimal(kpis.turnover_milli(), 3),
                Decimal(milli(score.score), 3),
                trace.value()
            ));
        }
    }
    Effort { deciding: timed.ticks, advancing, trace }
}

/// A policy with a stopwatch.
struct Timed<'p, P> {
    policy: &'p mut P,
    ticks: u64,
}

impl<P: Policy> Policy for Timed<'_, P> {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        self.ticks += clock::time(|| self.policy.decide(view, actions));
    }
}

/// What the monitor saw of the last weeks, and what it did.
fn watched<P>(guard: &Guarded<P>) {
    let (monitor, reading) = (guard.monitor(), guard.monitor().window());
    say!("hyperscore of the last days", "{} of {} days", points(reading.score.to_bits()), reading.days);
    say!(
        "hyperscore level, slow and fast",
        "{} {}",
        points(monitor.drift().slow().to_bits()),
        points(monitor.drift().fast().to_bits())
    );
    say!("alarms", "{}", monitor.alarms());
    say!("days under the classical policy", "{}", guard.fallback_days());
    say!("ram for the monitor", "{} bytes", size_of::<HyperScoreMonitor>());
}

/// Scores that are timed.
const SCORES: u64 = 100;

/// What HyperScore costs, computed in three ways from the run's own V.
fn scoring(clock: &Clock, score: &HyperScore, p: &ScoreParametersPpm) {
    let (reference, device, fast) = (Curve::from_ppm(p), DeviceCurve::from_ppm(p), FastCurve::from_ppm(p));
    let (v, real, single) = (score.v, score.v_real(), score.v_real() as f32);
    let many = |ticks| clock.amount_each(ticks, SCORES);
    let ticks = clock::time(|| {
        (0..SCORES).for_each(|_| {
            black_box(reference.score(black_box(real)));
        })
    });
    say!("cost of a score, reference", "{} {}", many(ticks), clock.unit().name());
    let ticks = clock::time(|| {
        (0..SCORES).for_each(|_| {
            black_box(device.score(black_box(v)));
        })
    });
    say!("cost of a score, device", "{} {}", many(ticks), clock.unit().name());
    let ticks = clock::time(|| {
        (0..SCORES).for_each(|_| {
            black_box(fast.score(black_box(single)));
        })
    });
    say!("cost of a score, fast", "{} {}", many(ticks), clock.unit().name());
}

/// How well the chain was run.
fn report(kpis: &Kpis, scenario: &Scenario<'_>) {
    let total = kpis.total();
    say!("days", "{}", kpis.days());
    say!("total cost", "{}", kpis.total_cost());
    for (name, cost) in Ledger::NAMES.iter().zip(total.ledger.terms()) {
        line(format_args!("{name} cost: {cost}"));
    }
    say!("fill rate", "{}", Decimal(kpis.fill_rate_ppm(), 6));
    say!("inventory turnover", "{}", Decimal(kpis.turnover_milli(), 3));
    say!("inventory turnover with in transit", "{}", Decimal(kpis.turnover_with_transit_milli(), 3));
    let echelons = scenario.nodes().iter().map(|n| usize::from(n.echelon) + 1).max().unwrap_or(0);
    for echelon in 0..echelons {
        line(format_args!("bullwhip ratio of echelon {echelon}: {}", Decimal(kpis.bullwhip_milli(echelon), 3)));
    }
    let score = HyperScore::of(kpis, &scenario.score_parameters());
    say!("delivery rate", "{}", Decimal(score.parts.delivery_rate_ppm, 6));
    say!("inventory score", "{}", Decimal(score.parts.inventory_score_ppm, 6));
    say!("capacity utilization", "{}", Decimal(score.parts.capacity_utilization_ppm, 6));
    say!("weighted sum V", "{}", Decimal(milli(score.v_real()), 3));
    say!("hyperscore", "{}", Decimal(milli(score.score), 3));
}

/// Points of 32.32 fixed point, as a decimal.
const fn points(bits: i64) -> Decimal {
    Decimal((bits * 1000 + (1 << 31)) >> 32, 3)
}

/// A whole number of 10^-places, as a decimal: the formatter for floats would cost more flash than the policies.
struct Decimal(i64, u32);

impl core::fmt::Display for Decimal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self(value, places) = *self;
        let unit = 10_u64.pow(places);
        let sign = if value < 0 { "-" } else { "" };
        let size = value.unsigned_abs();
        write!(f, "{sign}{}.{:0width$}", size / unit, size % unit, width = places as usize)
    }
}

/// Thousandths, rounded to the nearest.
fn milli(value: f64) -> i64 {
    (value * 1000.0 + 0.5) as i64
}

/// A count as a wide number (exact: `usize` has 32 bits here).
const fn count(value: usize) -> u64 {
    value as u64
}
