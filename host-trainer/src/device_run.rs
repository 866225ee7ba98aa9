//! A run as a device makes it: a policy under guard, each decision written down; and the same read back.

use crate::simd;
use restock_core::blob::PolicyBlob;
use restock_core::decision_log::{DecisionLog, FirstDifference, LogView, Logged, Origin, Record, Replay};
use restock_core::digest::Digest;
use restock_core::guard::{Code, Guarded, Inputs, Reason};
use restock_core::monitor::{HyperScoreMonitor, MonitorSettings};
use restock_core::policy::{Actions, NodeView, QuantizedError, QuantizedPolicy, Textbook};
use restock_core::{Network, Policy, Scenario};

/// What decides while the guard trusts it.
#[derive(Clone, Copy, Debug)]
pub enum OnDevice<'a> {
    /// The built-in rule.
    Textbook,
    /// A policy file, and its bytes.
    Learned(PolicyBlob<'a>, &'a [u8]),
}

impl OnDevice<'_> {
    /// What a log's origin calls it.
    #[must_use]
    pub fn hash(&self) -> u64 {
        match self {
            Self::Textbook => 0,
            Self::Learned(_, bytes) => {
                let mut digest = Digest::new();
                digest.bytes(bytes);
                digest.value()
            }
        }
    }

    /// The policy at work, its features in `features`.
    fn policy<'m>(
        &'m self,
        scenario: &Scenario<'_>,
        features: &'m mut [i8],
    ) -> Result<Box<dyn Policy + 'm>, QuantizedError> {
        Ok(match self {
            Self::Textbook => Box::new(Textbook),
            Self::Learned(blob, _) => {
                Box::new(QuantizedPolicy::new(blob, scenario, features)?.with_kernel(simd::HostKernel::new()))
            }
        })
    }
}

/// Runs days under guard, with inputs as they should be, and returns the log of all decisions.
///
/// # Errors
/// If the policy is not for this scenario.
///
/// # Panics
/// Never: the log is made as large as its records are.
pub fn log(
    scenario: &Scenario<'_>,
    device: &OnDevice<'_>,
    origin: &Origin,
    days: u32,
) -> Result<Vec<u8>, QuantizedError> {
    let records = scenario.node_count() * days as usize;
    let mut bytes = vec![0; DecisionLog::bytes(scenario, records)];
    let Ok(mut log) = DecisionLog::new(&mut bytes, origin) else { unreachable!("the log is as long as asked for") };
    let mut features = vec![0i8; QuantizedPolicy::bytes(scenario)];
    let mut policy = device.policy(scenario, &mut features)?;
    let mut guard = Guarded::new(policy.as_mut(), HyperScoreMonitor::new(scenario, MonitorSettings::WEEKLY));
    let mut memory = vec![0i32; Network::words(scenario)];
    let Ok(mut network) = Network::new(scenario, &mut memory) else { unreachable!("memory is as long as asked for") };
    network.reset(origin.seed, origin.replica, origin.first_day);
    for _ in 0..days {
        let _ = guard.report(&Inputs::fresh(network.day()));
        simd::advance(&mut network, &mut Logged { guard: &mut guard, log: &mut log });
        let _ = guard.watch(network.today(), network.disrupted());
    }
    Ok(bytes)
}

/// One decision, made again: a node's on a day, for one product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Its day.
    pub day: u32,
    /// Its node.
    pub node: usize,
    /// Its product.
    pub product: usize,
    /// Base-stock level [internal units]; `i32::MIN` where nothing is to be ordered.
    pub level: i32,
    /// Order cap [internal units]; `i32::MAX` where there is none.
    pub cap: i32,
    /// Weight in sharing production capacity.
    pub weight: i32,
    /// Which route comes first.
    pub route: i32,
    /// Negotiation effort.
    pub effort: i32,
    /// Level of the fast route [internal units]; `i32::MIN` where nothing is rushed.
    pub expedite: i32,
    /// Who decided, as the log says.
    pub code: Code,
}

/// What came of a log.
#[derive(Clone, Debug, Default)]
pub struct Replayed {
    /// Records that were held against decisions made again.
    pub records: u32,
    /// First and last day of a record.
    pub days: Option<(u32, u32)>,
    /// Decisions on products in them that are the policy's own, within the scenario's bounds.
    pub own: u64,
    /// Those that the bounds clamped.
    pub clamped: u64,
    /// Those of a fallback by reason, in the order of [`Reason::ALL`].
    pub fallbacks: Vec<(Reason, u64)>,
    /// Decisions under a fallback whose records are lost: before them the run can't be made again.
    pub unknown_fallbacks: u32,
    /// The first decision that is not the same.
    pub first_difference: Option<FirstDifference>,
    /// Day of the first record past the scenario's horizon.
    pub past_horizon: Option<u32>,
}

/// Makes the run of a log again from its origin, and holds every decision against its record; `each` is told what was
/// decided, product by product.
///
/// # Errors
/// If the policy is not for this scenario.
pub fn replay(
    scenario: &Scenario<'_>,
    device: &OnDevice<'_>,
    log: &LogView<'_>,
    each: &mut dyn FnMut(&Decision),
) -> Result<Replayed, QuantizedError> {
    let origin = log.origin();
    let mut features = vec![0i8; QuantizedPolicy::bytes(scenario)];
    let mut policy = device.policy(scenario, &mut features)?;
    let mut guard = Guarded::new(policy.as_mut(), HyperScoreMonitor::new(scenario, MonitorSettings::WEEKLY));
    let mut told = Told { replay: Replay::new(&mut guard, log.records()), each };
    let mut memory = vec![0i32; Network::words(scenario)];
    let Ok(mut network) = Network::new(scenario, &mut memory) else { unreachable!("memory is as long as asked for") };
    network.reset(origin.seed, origin.replica, origin.first_day);
    while !told.replay.is_over() && !network.is_over() {
        simd::advance(&mut network, &mut told);
    }
    let mut found = Replayed {
        records: told.replay.checked(),
        unknown_fallbacks: told.replay.unknown_fallbacks(),
        first_difference: told.replay.first_difference(),
        past_horizon: told.replay.upcoming().map(|record| record.entry.day),
        ..Replayed::default()
    };
    let mut fallbacks = [0; Reason::ALL.len()];
    for record in log.records() {
        let day = record.entry.day;
        found.days = Some(found.days.map_or((day, day), |(first, _)| (first, day)));
        for product in 0..record.products() {
            match record.code(product) {
                Code::Policy => found.own += 1,
                Code::Clamped => found.clamped += 1,
                Code::Fallback(reason) => fallbacks[usize::from(reason.code()) - 1] += 1,
            }
        }
    }
    found.fallbacks = Reason::ALL.into_iter().zip(fallbacks).filter(|&(_, count)| count > 0).collect();
    Ok(found)
}

/// A replay that tells what it decides.
struct Told<'g, 'a, 'p, 'm, 'e> {
    replay: Replay<'g, 'a, &'p mut (dyn Policy + 'm)>,
    each: &'e mut dyn FnMut(&Decision),
}

impl Policy for Told<'_, '_, '_, '_, '_> {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        let (before, record) = (self.replay.checked(), self.replay.upcoming());
        self.replay.decide(view, actions);
        let of_this = |r: &Record<'_>| (r.entry.day, usize::from(r.entry.node)) == (view.day(), view.node());
        let Some(record) = record.filter(|r| self.replay.checked() > before && of_this(r)) else { return };
        for product in 0..view.products().min(record.products()) {
            (self.each)(&Decision {
                day: view.day(),
                node: view.node(),
                product,
                level: actions.level[product],
                cap: actions.cap[product],
                weight: actions.weight[product],
                route: actions.route[product],
                effort: actions.effort[product],
                expedite: actions.expedite[product],
                code: record.code(product),
            });
        }
    }
}
