//! Running policies on unseen seeds and telling what they cost: with common random numbers.

use crate::model::FloatPolicy;
use crate::recovery::{Daily, Responsiveness};
use crate::rollout::GreedyPolicy;
use crate::simd;
use crate::trace::Recorder;
use crate::tune::{AtWork, Rule};
use restock_core::blob::PolicyBlob;
use restock_core::digest::Digest;
use restock_core::hyperscore::{HyperScore, WeightsPpm};
use restock_core::kpi::{Kpis, Tally};
use restock_core::ledger::{Ledger, TERMS};
use restock_core::monitor::{HyperScoreMonitor, MonitorSettings};
use restock_core::policy::{
    AnchorAdjust, BaseStock, CappedBaseStock, DualIndex, PeriodicReview, QuantizedPolicy, ReorderPoint, Textbook,
};
use restock_core::{Network, Policy, Scenario};
use serde::{Deserialize, Serialize};

/// Which days of which replicas are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protocol {
    /// Seed of the draws; training uses another.
    pub seed: u64,
    /// Replicas: independent paths of demand and lead times.
    pub replicas: u32,
    /// Day that each replica starts on.
    pub first_day: u32,
    /// Days before the KPIs count [days].
    pub warmup_days: u32,
    /// Days that count [days].
    pub days: u32,
}

/// A policy that can be run.
pub enum Contender<'a> {
    /// Fixed base-stock levels. Shape `[node][product]`.
    BaseStock(Vec<i32>),
    /// Fixed base-stock levels, and a cap on each order. Shapes `[node][product]`.
    CappedBaseStock(Vec<i32>, Vec<i32>),
    /// Level of the fast route, level and cap of the normal order. Shapes `[node][product]`.
    DualIndex(Vec<i32>, Vec<i32>, Vec<i32>),
    /// Anchoring and adjustment: expected demand and desired stock, shapes `[node][product]`; alpha, beta, first day.
    AnchorAdjust(Vec<i32>, Vec<i32>, i32, i32, u32),
    /// (s, S). Shapes `[node][product]`.
    ReorderPoint(Vec<i32>, Vec<i32>),
    /// Periodic review with textbook levels.
    PeriodicReview(u32),
    /// Base stock on the forecast.
    Textbook,
    /// A classical rule with parameters, as tuning finds them.
    Rule(Rule),
    /// Learned, in floats.
    Float(&'a [FloatPolicy]),
    /// Learned, as the device runs it; whoever makes one has seen `QuantizedPolicy::new` accept it.
    Int8(PolicyBlob<'a>),
    /// Made on the host, one for each replica, by its number. It owns what it uses, so that the contender borrows nothing more.
    Made(Box<dyn Fn(u32) -> Box<dyn Policy> + Sync + 'a>),
}

/// One replica's result.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// KPIs of the days that count.
    pub kpis: Kpis,
    /// The same period by period, where periods are wanted.
    pub periods: Vec<Kpis>,
    /// Demand and service of all days, with the days before that count no KPIs.
    pub daily: Daily,
    /// Digest of every order, level and cost of all days.
    pub digest: u64,
    /// Times that the score's monitor rang on the days that count.
    pub alarms: u32,
    /// Value of stock, in transit included, at the end of the last day less that before the first day that counts
    /// [minor currency units]: at what a unit is worth where it is.
    pub stock_gain: i64,
}

/// Runs every replica; the number of threads changes nothing.
///
/// # Panics
/// If an int8 policy does not fit the scenario: running anything else under its name would lie.
#[must_use]
pub fn run(scenario: &Scenario<'_>, contender: &Contender<'_>, protocol: &Protocol, threads: usize) -> Vec<Outcome> {
    run_watched(scenario, contender, protocol, threads, Watch::default())
}

/// [`run`], with the KPIs of each whole period of `period_days` too.
///
/// # Panics
/// As [`run`].
#[must_use]
pub fn run_in_periods(
    scenario: &Scenario<'_>,
    contender: &Contender<'_>,
    protocol: &Protocol,
    threads: usize,
    period_days: u32,
) -> Vec<Outcome> {
    let watch = Watch { period_days: Some(period_days), ..Watch::default() };
    run_watched(scenario, contender, protocol, threads, watch)
}

/// [`run`], with a record of each day where one is wanted.
///
/// # Panics
/// As [`run`].
#[must_use]
pub fn run_recorded(
    scenario: &Scenario<'_>,
    contender: &Contender<'_>,
    protocol: &Protocol,
    threads: usize,
    record: Option<&Recorder>,
) -> Vec<Outcome> {
    run_watched(scenario, contender, protocol, threads, Watch { record, ..Watch::default() })
}

/// What is kept of a run beside its totals.
#[derive(Clone, Copy, Default)]
struct Watch<'a> {
    /// A record of each day.
    record: Option<&'a Recorder>,
    /// Days of a period whose KPIs are kept apart.
    period_days: Option<u32>,
}

fn run_watched(
    scenario: &Scenario<'_>,
    contender: &Contender<'_>,
    protocol: &Protocol,
    threads: usize,
    watch: Watch<'_>,
) -> Vec<Outcome> {
    let replicas: Vec<u32> = (0..protocol.replicas).collect();
    crate::threads::map(&replicas, threads, |&replica| match contender {
        Contender::BaseStock(level) => replicate(scenario, &mut BaseStock { level }, protocol, replica, watch),
        Contender::ReorderPoint(reorder, up_to) => {
            replicate(scenario, &mut ReorderPoint { reorder, up_to }, protocol, replica, watch)
        }
        Contender::CappedBaseStock(level, cap) => {
            replicate(scenario, &mut CappedBaseStock { level, cap }, protocol, replica, watch)
        }
        Contender::DualIndex(expedite, level, cap) => {
            replicate(scenario, &mut DualIndex { expedite, level, cap }, protocol, replica, watch)
        }
        Contender::AnchorAdjust(expected, desired, share_q16, line_q16, from_day) => {
            let (share_q16, line_q16, from_day) = (*share_q16, *line_q16, *from_day);
            replicate(
                scenario,
                &mut AnchorAdjust { expected, desired, share_q16, line_q16, from_day },
                protocol,
                replica,
                watch,
            )
        }
        Contender::PeriodicReview(period_days) => {
            replicate(scenario, &mut PeriodicReview { period_days: *period_days }, protocol, replica, watch)
        }
        Contender::Textbook => replicate(scenario, &mut Textbook, protocol, replica, watch),
        Contender::Rule(rule) => replicate(scenario, &mut AtWork::new(rule), protocol, replica, watch),
        Contender::Float(policies) => replicate(scenario, &mut GreedyPolicy::new(policies), protocol, replica, watch),
        Contender::Made(make) => replicate(scenario, &mut make(replica).as_mut(), protocol, replica, watch),
        Contender::Int8(blob) => {
            let mut features = vec![0i8; QuantizedPolicy::bytes(scenario)];
            let Ok(policy) = QuantizedPolicy::on_another_scenario(blob, scenario, &mut features) else {
                panic!("an int8 policy that does not fit the scenario must not be run")
            };
            replicate(scenario, &mut policy.with_kernel(simd::HostKernel::new()), protocol, replica, watch)
        }
    })
}

/// One replica from its first day to its last.
fn replicate(
    scenario: &Scenario<'_>,
    policy: &mut impl Policy,
    protocol: &Protocol,
    replica: u32,
    watch: Watch<'_>,
) -> Outcome {
    let mut memory = vec![0i32; Network::words(scenario)];
    let Ok(mut network) = Network::new(scenario, &mut memory) else { unreachable!("memory is as long as asked for") };
    network.reset(protocol.seed, replica, protocol.first_day);
    let (mut digest, mut daily) = (Digest::new(), Daily::default());
    let mut monitor = HyperScoreMonitor::new(scenario, MonitorSettings::WEEKLY);
    let mut record = watch.record.map(|recorder| (recorder, recorder.path()));
    let stock_value = |network: &Network<'_, '_>| -> i64 {
        network.today().iter().map(|tally| tally.stock_value + tally.transit_value).sum()
    };
    let (mut stock_before, mut periods) = (0, Vec::new());
    let mut kpis = Kpis::new(scenario);
    for day in 0..protocol.warmup_days + protocol.days {
        if day == protocol.warmup_days {
            stock_before = stock_value(&network);
            network.clear_kpis();
        }
        simd::advance(&mut network, policy);
        network.trace(&mut digest);
        let sum = |of: fn(&Tally) -> i64| network.today().iter().map(of).sum();
        daily.push(sum(|tally| tally.demand), sum(|tally| tally.served), network.disrupted());
        if day >= protocol.warmup_days {
            let _ = monitor.watch(network.today(), network.disrupted());
        }
        if watch.period_days.is_some_and(|period| day >= protocol.warmup_days && network.kpis().days() >= period) {
            kpis.join(network.kpis());
            periods.push(network.kpis().clone());
            network.clear_kpis();
        }
        if let Some((recorder, path)) = &mut record {
            recorder.day(path, day as usize, replica, &network);
        }
    }
    if let Some((recorder, path)) = &record {
        recorder.add(path);
    }
    let stock_gain = stock_value(&network) - stock_before;
    kpis.join(network.kpis());
    Outcome { kpis, periods, daily, digest: digest.value(), alarms: monitor.alarms(), stock_gain }
}

/// A policy's figures over all replicas, in the user's units.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The policy's name.
    pub policy: String,
    /// Mean cost of a replica [currency].
    pub total_cost: f64,
    /// Half width of the 95 % confidence interval of the mean cost [currency]; NaN (`null` in JSON)
    /// for a single replica.
    pub total_cost_ci95: f64,
    /// Mean cost of a replica by term [currency].
    pub cost_terms: std::collections::BTreeMap<&'static str, f64>,
    /// Units served at once / units demanded, over all replicas.
    pub delivery_rate: f64,
    /// Yearly cost of goods sold / mean stock value, in transit excluded.
    pub inventory_turnover: f64,
    /// The same with stock in transit included.
    pub inventory_turnover_with_transit: f64,
    /// Variance of orders / variance of demand, mean over the echelons.
    pub bullwhip_ratio: f64,
    /// The same, echelon by echelon, customers first.
    pub bullwhip_by_echelon: Vec<f64>,
    /// How the fill rate answered to shocks; none where there were none.
    pub responsiveness: Option<Responsiveness>,
    /// HyperScore of the totals of all replicas.
    pub hyperscore: f64,
    /// Its V.
    pub v: f64,
    /// Its parts.
    pub parts: PartsOut,
    /// The weights that the conditions gave the parts.
    pub weights: PartsOut,
    /// Each node's own score, V and parts, in node order.
    pub nodes: Vec<NodeScore>,
    /// Times that the score's monitor rang, per path.
    pub alarms_per_path: f64,
    /// Difference of cost to the periodic review policy on the same paths, in percent of it, with
    /// the half width of its 95 % interval (NaN for a single replica); none where that policy costs
    /// nothing.
    pub versus_periodic_review_percent: Option<(f64, f64)>,
    /// Digest of all replicas.
    pub digest: String,
}

/// How well one node is run: all who order of it are its customers.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct NodeScore {
    /// HyperScore of the node's totals.
    pub hyperscore: f64,
    /// Its V.
    pub v: f64,
    /// Its parts.
    pub parts: PartsOut,
}

/// The parts of V, as shares of one.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PartsOut {
    /// Fill rate.
    pub delivery_rate: f64,
    /// `1 - holding / reference holding`.
    pub inventory_score: f64,
    /// Work used / capacity.
    pub capacity_utilization: f64,
}

impl PartsOut {
    fn of(score: &HyperScore) -> Self {
        let share = |ppm: i64| ppm as f64 / 1e6;
        Self {
            delivery_rate: share(score.parts.delivery_rate_ppm),
            inventory_score: share(score.parts.inventory_score_ppm),
            capacity_utilization: share(score.parts.capacity_utilization_ppm),
        }
    }

    fn weights(weights: &WeightsPpm) -> Self {
        let share = |ppm: i32| f64::from(ppm) / 1e6;
        Self {
            delivery_rate: share(weights.delivery),
            inventory_score: share(weights.inventory),
            capacity_utilization: share(weights.capacity),
        }
    }
}

/// Costs of each replica [currency]. Shape `[replica]`.
#[must_use]
pub fn costs(scenario: &Scenario<'_>, outcomes: &[Outcome]) -> Vec<f64> {
    outcomes.iter().map(|o| o.kpis.total_cost() as f64 / f64::from(scenario.money_scale())).collect()
}

/// Mean and half width of its 95 % interval (Student's t over replicas: with a handful of them the
/// normal quantile would promise too much). One value has no interval: NaN.
#[must_use]
pub fn mean_and_interval(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n.max(1.0);
    if values.len() < 2 {
        return (mean, f64::NAN);
    }
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    (mean, t_quantile(values.len() - 1) * (variance / n).sqrt())
}

/// The 97.5 % quantile of Student's t: tabled for few degrees of freedom, then the expansion of
/// Abramowitz & Stegun 1964, 26.7.5 (off by less than 0.0002 from 11 on).
fn t_quantile(freedom: usize) -> f64 {
    const TABLED: [f64; 10] =
        [12.706_205, 4.302_653, 3.182_446, 2.776_445, 2.570_582, 2.446_912, 2.364_624, 2.306_004, 2.262_157, 2.228_139];
    const NORMAL: f64 = 1.959_964;
    match freedom.checked_sub(1).and_then(|i| TABLED.get(i)) {
        Some(&tabled) => tabled,
        None => {
            let (z, n) = (NORMAL, freedom as f64);
            z + (z.powi(3) + z) / (4.0 * n)
                + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * n.powi(2))
                + (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / (384.0 * n.powi(3))
        }
    }
}

/// How often the score's monitor rang, in a sentence.
#[must_use]
pub fn alarms_text(summaries: &[Summary]) -> String {
    let each: Vec<String> = summaries.iter().map(|s| format!("{} {:.2}", s.policy, s.alarms_per_path)).collect();
    crate::command::table::listed("alarms of the score's monitor per path", &each)
}

/// Digest of all replicas together, as 16 hexadecimal digits.
#[must_use]
pub fn digest_of(outcomes: &[Outcome]) -> String {
    let mut digest = Digest::new();
    outcomes.iter().for_each(|outcome| digest.wide(outcome.digest as i64));
    format!("{:016x}", digest.value())
}

/// The figures of one policy.
#[must_use]
pub fn summarize(scenario: &Scenario<'_>, name: &str, outcomes: &[Outcome], periodic: Option<&[Outcome]>) -> Summary {
    let money = f64::from(scenario.money_scale());
    let replicas = outcomes.len() as f64;
    let cost = costs(scenario, outcomes);
    let (total_cost, total_cost_ci95) = mean_and_interval(&cost);
    let mut all = Kpis::new(scenario);
    outcomes.iter().for_each(|outcome| all.join(&outcome.kpis));
    let total = all.total();
    let terms = total.ledger.terms();
    let score = HyperScore::of(&all, &scenario.score_parameters());
    let of_node = |n: usize| {
        let score = HyperScore::of_node(&all, scenario, n);
        NodeScore { hyperscore: score.score, v: score.v_real(), parts: PartsOut::of(&score) }
    };
    // What is not counted is at the front.
    let daily: Vec<Daily> = outcomes.iter().map(|outcome| outcome.daily.clone()).collect();
    let counted = outcomes.first().map_or(0, |outcome| outcome.kpis.days());
    let warmup_days = daily.first().map_or(0, |daily| daily.days().saturating_sub(counted));
    let echelons = scenario.nodes().iter().map(|n| n.echelon).max().map_or(0, |e| usize::from(e) + 1);
    let bullwhip: Vec<f64> = (0..echelons)
        .map(|e| outcomes.iter().map(|o| o.kpis.bullwhip_milli(e) as f64 / 1000.0).sum::<f64>() / replicas)
        .collect();
    let ratio = |stock: i64| if stock > 0 { total.sold_value as f64 * 365.0 / stock as f64 } else { 0.0 };
    Summary {
        policy: name.to_owned(),
        total_cost,
        total_cost_ci95,
        cost_terms: (0..TERMS).map(|i| (Ledger::NAMES[i], terms[i] as f64 / money / replicas)).collect(),
        delivery_rate: total.fill_rate_ppm() as f64 / 1e6,
        inventory_turnover: ratio(total.stock_value),
        inventory_turnover_with_transit: ratio(total.stock_value + total.transit_value),
        bullwhip_ratio: bullwhip.iter().sum::<f64>() / bullwhip.len().max(1) as f64,
        bullwhip_by_echelon: bullwhip,
        responsiveness: Responsiveness::of(&daily, warmup_days),
        hyperscore: score.score,
        v: score.v_real(),
        parts: PartsOut::of(&score),
        weights: PartsOut::weights(&score.weights),
        nodes: (0..scenario.node_count()).map(of_node).collect(),
        alarms_per_path: outcomes.iter().map(|o| f64::from(o.alarms)).sum::<f64>() / replicas,
        versus_periodic_review_percent: periodic.and_then(|p| {
            let base = costs(scenario, p);
            let base_mean = base.iter().sum::<f64>() / base.len().max(1) as f64;
            // Several training seeds meet the same paths one after another.
            let paired: Vec<f64> =
                cost.iter().zip(base.iter().cycle()).map(|(a, b)| 100.0 * (a - b) / base_mean).collect();
            (base_mean > 0.0).then(|| mean_and_interval(&paired))
        }),
        digest: digest_of(outcomes),
    }
}

#[cfg(test)]
mod tests {
    use super::{mean_and_interval, t_quantile};
    use statrs::distribution::{ContinuousCDF, StudentsT};

    #[test]
    fn a_few_replicas_have_a_wide_interval_and_one_has_none() {
        // The deviation of 1, 2, 3 is 1.
        let (mean, interval) = mean_and_interval(&[1.0, 2.0, 3.0]);
        assert!((mean - 2.0).abs() < 1e-12 && (interval - 4.302_653 / 3.0_f64.sqrt()).abs() < 1e-6, "{interval}");
        assert!(mean_and_interval(&[5.0]).1.is_nan());
        for freedom in 1..300_u32 {
            let exact = StudentsT::new(0.0, 1.0, f64::from(freedom)).expect("a distribution").inverse_cdf(0.975);
            let ours = t_quantile(freedom as usize);
            assert!((ours - exact).abs() < 2e-4, "{freedom} degrees of freedom: {ours} instead of {exact}");
        }
    }

    #[test]
    fn every_day_of_a_path_is_kept_and_its_shocks_are_answered() {
        let problem = crate::problem::Problem::embedded().expect("embedded");
        let scenario = problem.scenario().expect("sound");
        let protocol = super::Protocol { seed: 4, replicas: 1, first_day: 0, warmup_days: 56, days: 300 };
        let outcomes = super::run(&scenario, &super::Contender::Textbook, &protocol, 1);
        assert_eq!(outcomes[0].daily.days(), 356);
        let summary = super::summarize(&scenario, "textbook", &outcomes, None);
        let answer = summary.responsiveness.expect("the default network is disrupted");
        println!("{answer:?}");
        assert!(answer.shocks > 2 && answer.dip > 0.0 && answer.dip < 1.0 && answer.unrecovered <= answer.shocks);
    }
}
