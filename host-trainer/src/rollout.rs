//! Experience: short replicas of the chain on threads, each node deciding with its own policy.
//!
//! Every iteration starts its replicas afresh, from keyed draws of (seed, iteration): a day of the
//! year by chance, a warm-up that is not recorded, then the days that are learned from. So the
//! trainer keeps no state of an environment, and a resumed run continues to the bit.

mod feedback;

use crate::model::{FloatPolicy, HeadMask, Scratch, argmax_actions, gather_row, sample_actions};
use crate::ppo::Batch;
use crate::simd;
use feedback::Feedback;
use rand_core::Rng;
use restock_core::action::{Choice, HEADS};
use restock_core::draws::{Draws, Source};
use restock_core::observation::{self, FEATURES};
use restock_core::policy::Actions;
use restock_core::{Network, NodeView, Policy, Scenario};
use serde::{Deserialize, Serialize};

/// What a run of experience looks like and what it rewards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RolloutConfig {
    /// Replicas per iteration; 0 = as many as make [`DECISIONS`] decisions of a node, and 16 at least.
    /// Default 0: a small network needs more replicas than a large one for the same noise.
    pub replicas: u32,
    /// Replicas that meet the same chance (demand, lead times, disruptions) and differ by what their
    /// policies try; what they have in common is no advantage of anybody. 1 = each has its own. Default 4.
    pub replicas_per_path: u32,
    /// Days of each replica that are learned from [days]. Default 56.
    pub days: u32,
    /// Days of each replica before those, not recorded [days]. Default 28.
    pub warmup_days: u32,
    /// Share of the other nodes' costs of the same product in a node's reward, 0 (selfish) to 1
    /// (the chain's cost). Default 1.
    pub network_share: f32,
    /// How much more than its cost a unit of customers' backlog weighs in the reward: 1 = what it costs. More
    /// buys delivery rate at some cost; costs that are reported stay as they are. Default 1.
    pub shortage_weight: f32,
    /// Weight of the change of HyperScore (over a sliding month, in points) in every reward. Default 0.02.
    pub hyperscore_weight: f32,
    /// Share of the node's own HyperScore in that change, 0 (the chain's alone) to 1 (its own alone). Default 0.
    pub hyperscore_own_share: f32,
}

impl Default for RolloutConfig {
    fn default() -> Self {
        Self {
            replicas: 0,
            replicas_per_path: 4,
            days: 56,
            warmup_days: 28,
            network_share: 1.0,
            shortage_weight: 1.0,
            hyperscore_weight: 0.02,
            hyperscore_own_share: 0.0,
        }
    }
}

/// Decisions of a node in an iteration, where the number of replicas is left to us. On lost sales (mean 5, p 4,
/// L 4) 200 iterations of 16,384 end 0.41 % above the optimum, 80 of 65,536 at 0.52 % after 1.6 times as many
/// decisions: steps count more than samples.
pub const DECISIONS: u32 = 16_384;
/// Fewest replicas where their number is left to us: fewer see too few days of the year.
const REPLICAS_LEAST: u32 = 16;

impl RolloutConfig {
    /// Replicas of an iteration: a whole number of paths.
    #[must_use]
    pub fn replicas(&self, scenario: &Scenario<'_>) -> u32 {
        let shared = self.replicas_per_path.max(1);
        let own = match self.replicas {
            0 => {
                let decisions = |n: &restock_core::scenario::Node| (self.days / n.review_days).max(1);
                let fewest = scenario.nodes().iter().map(decisions).min().unwrap_or(1);
                let each = fewest.saturating_mul(u32::try_from(scenario.products()).unwrap_or(u32::MAX));
                DECISIONS.div_ceil(each.max(1)).clamp(REPLICAS_LEAST, crate::train::ROLLOUT_REPLICAS_MAX)
            }
            set => set,
        };
        if own < shared { own } else { own / shared * shared }
    }
}

/// What a day costs each product in ordinary times: the unit of its reward
/// [minor currency units]. Shape `[product]`.
#[must_use]
pub fn reward_scales(scenario: &Scenario<'_>) -> Vec<f32> {
    use restock_core::layout::Column;
    (0..scenario.products())
        .map(|p| {
            let cost: f64 = (0..scenario.node_count())
                .map(|n| {
                    let word = |column| f64::from(scenario.column(column, n)[p]);
                    let mean = word(Column::DemandMean) / 4096.0;
                    let deviation = mean * word(Column::ProtectionDays) * word(Column::ProtectionSpread) / 65_536.0;
                    word(Column::HoldingCost) * (deviation + mean) + word(Column::OrderCost) * 0.1
                })
                .sum();
            if cost > 1.0 { cost as f32 } else { 1.0 }
        })
        .collect()
}

/// Whether a node has a supplier whom effort makes better.
#[must_use]
pub fn effort_matters(scenario: &Scenario<'_>, node: usize) -> bool {
    let lifts = |l: &u8| scenario.lanes()[usize::from(*l)].quality.as_ref().is_some_and(|q| q.lift_q16[1] > 0);
    scenario.nodes()[node].inbound.iter().any(lifts)
}

/// Which choices a node has: what can't matter there is left out, so that no gradient is spent on it.
#[must_use]
pub fn mask_of(scenario: &Scenario<'_>, node: usize) -> HeadMask {
    let it = &scenario.nodes()[node];
    let routes = it.inbound.iter().map(|&l| scenario.lanes()[usize::from(l)].routes).max().unwrap_or(1);
    let route_choices: Vec<u8> = (0..routes as u8).collect();
    // Products are weighed against each other where they share production, storage or components.
    let shares = it.capacity.is_some() || it.storage.is_some() || it.bom_lines > 0;
    let weights: &[u8] = if shares { &[0, 1, 2] } else { &[Choice::TEXTBOOK.weight] };
    let efforts: &[u8] = if effort_matters(scenario, node) { &[0, 1, 2, 3] } else { &[Choice::TEXTBOOK.effort] };
    let rushes: &[u8] = if it.express.is_some() { &[0, 1, 2, 3, 4, 5, 6, 7] } else { &[Choice::TEXTBOOK.expedite] };
    HeadMask::all()
        .narrowed(5, rushes)
        .and_then(|m| m.narrowed(2, weights))
        .and_then(|m| m.narrowed(3, &route_choices))
        .and_then(|m| m.narrowed(4, efforts))
        .unwrap_or_else(|_| HeadMask::all()) // never: each list above holds a choice that exists
}

/// Learned policies of all nodes, in floats, taking the likeliest choice.
pub struct GreedyPolicy<'a> {
    policies: &'a [FloatPolicy],
    features: Vec<i8>,
    scratch: Scratch,
}

impl<'a> GreedyPolicy<'a> {
    /// One policy per node, in node order.
    #[must_use]
    pub fn new(policies: &'a [FloatPolicy]) -> Self {
        Self { policies, features: Vec::new(), scratch: Scratch::default() }
    }
}

impl Policy for GreedyPolicy<'_> {
    #[inline(always)] // into `simd::advance`, with what it calls of the core
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        let p = view.products();
        self.features.resize(FEATURES * p, 0);
        observation::write(view, &mut self.features);
        let policy = &self.policies[view.node()];
        let logits = policy.logits(&self.features, p, &mut self.scratch);
        let outlooks = view.outlooks();
        for i in 0..p {
            let heads = argmax_actions(&gather_row(logits, p, i), &policy.mask);
            actions.set(i, &outlooks.of(i), Choice::from_heads(heads));
        }
    }
}

/// Decides by chance and writes down what it saw, chose and thought.
struct Recorder<'a> {
    policies: &'a [FloatPolicy],
    draws: Draws,
    features: Vec<i8>,
    scratch: Scratch,
    recording: bool,
    /// Decisions of this replica so far. Shape `[node]`.
    steps: Vec<usize>,
    parts: Vec<Batch>,
    /// Only the critic's opinion is wanted: the observation after the last day.
    closing: bool,
}

impl Policy for Recorder<'_> {
    #[inline(always)] // into `simd::advance`, with what it calls of the core
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        let (n, p) = (view.node(), view.products());
        self.features.resize(FEATURES * p, 0);
        observation::write(view, &mut self.features);
        let policy = &self.policies[n];
        let part = &mut self.parts[n];
        let step = self.steps[n];
        if self.closing || (self.recording && step < part.days) {
            let values = policy.values(&self.features, p, &mut self.scratch);
            let slot = if self.closing { &mut part.last_value[..] } else { &mut part.value[step * p..(step + 1) * p] };
            slot.copy_from_slice(values);
        }
        let recording = self.recording && !self.closing && step < part.days;
        if recording {
            part.set_features(step, 0, &self.features);
        }
        let logits = policy.logits(&self.features, p, &mut self.scratch);
        let row = self.draws.row(view.day(), n as u32, Source::Exploration);
        let outlooks = view.outlooks();
        for i in 0..p {
            let mut generator = row.at(view.scenario().product_key(i));
            let (heads, log_prob): ([u8; HEADS], f32) =
                sample_actions(&gather_row(logits, p, i), &policy.mask, &mut generator);
            actions.set(i, &outlooks.of(i), Choice::from_heads(heads));
            if recording {
                part.actions[step * p + i] = heads;
                part.log_prob[step * p + i] = log_prob;
            }
        }
        if recording {
            self.steps[n] += 1;
        }
    }
}

/// Days between decisions, the records of which a node keeps: one per review.
fn decisions(scenario: &Scenario<'_>, node: usize, config: &RolloutConfig) -> usize {
    (config.days / scenario.nodes()[node].review_days).max(1) as usize
}

/// One iteration of experience: a batch per node. The same inputs give the same batches, on any
/// number of threads.
#[must_use]
pub fn collect(
    scenario: &Scenario<'_>,
    policies: &[FloatPolicy],
    config: &RolloutConfig,
    discount: f32,
    seed: u64,
    iteration: u32,
    threads: usize,
) -> Vec<Batch> {
    let scales = reward_scales(scenario);
    let count = config.replicas(scenario);
    let shared = config.replicas_per_path.clamp(1, count.max(1));
    let replicas: Vec<(u32, u32)> =
        (0..count).map(|r| iteration * count + r).map(|replica| (replica / shared, replica)).collect();
    let parts = crate::threads::map(&replicas, threads, |&(path, replica)| {
        replicate(scenario, policies, config, discount, seed, path, replica, &scales)
    });
    (0..scenario.node_count())
        .map(|n| {
            let of_node: Vec<&Batch> = parts.iter().map(|replica| &replica[n]).collect();
            let mut batch = Batch::join(&of_node);
            batch.replicas_per_path = shared as usize;
            batch
        })
        .collect()
}

/// One replica: a batch per node, with the replica's products as its tracks. Chance follows the path, what
/// policies try the replica.
#[expect(clippy::too_many_arguments, reason = "what an iteration shares, and two numbers")]
fn replicate(
    scenario: &Scenario<'_>,
    policies: &[FloatPolicy],
    config: &RolloutConfig,
    discount: f32,
    seed: u64,
    path: u32,
    replica: u32,
    scales: &[f32],
) -> Vec<Batch> {
    let p = scenario.products();
    let nodes = scenario.node_count();
    let mut memory = vec![0i32; Network::words(scenario)];
    let mut charged = vec![0i64; scenario.stockpoints()];
    let Ok(network) = Network::new(scenario, &mut memory) else { unreachable!("memory is as long as asked for") };
    let Ok(mut network) = network.with_costs(&mut charged) else { unreachable!("costs are as long as asked for") };
    let longest = scenario.nodes().iter().map(|n| n.review_days).max().unwrap_or(1);
    let length = config.warmup_days + config.days + longest.max(8);
    let starts = scenario.horizon_days().saturating_sub(length).max(1);
    let first_day = Draws::new(seed, path).row(0, 0, Source::Host).at(0).next_u32() % starts;
    network.reset(seed, path, first_day);
    let mut recorder = Recorder {
        policies,
        draws: Draws::new(seed ^ 0x9e37_79b9_7f4a_7c15, replica),
        features: Vec::new(),
        scratch: Scratch::default(),
        recording: false,
        steps: vec![0; nodes],
        parts: (0..nodes).map(|n| Batch::new(FEATURES, decisions(scenario, n, config), p)).collect(),
        closing: false,
    };
    for _ in 0..config.warmup_days {
        simd::advance(&mut network, &mut recorder);
    }
    recorder.recording = true;
    let mut feedback = Feedback::new(scenario, config.hyperscore_own_share);
    // What today costs, as it is weighed.
    let mut costs = Vec::with_capacity(scenario.stockpoints());
    // Days since the decision that a node's reward of today belongs to.
    let mut since = vec![0u32; nodes];
    for _ in 0..config.days {
        let before = recorder.steps.clone();
        simd::advance(&mut network, &mut recorder);
        feedback.add(network.today(), network.disrupted());
        costs.clear();
        costs.extend_from_slice(network.costs().unwrap_or(&[]));
        if config.shortage_weight != 1.0 {
            weigh_backlog(scenario, network.state().inventory_level, config.shortage_weight - 1.0, &mut costs);
        }
        for n in 0..nodes {
            since[n] = if recorder.steps[n] > before[n] { 0 } else { since[n] + 1 };
            let Some(step) = recorder.steps[n].checked_sub(1) else { continue };
            // A reward that comes days after its decision, before the next one, is discounted to it.
            let change = feedback.change(n) * config.hyperscore_weight;
            let weight = discount.powi(since[n].min(i32::MAX as u32) as i32);
            let reward = &mut recorder.parts[n].reward[step * p..(step + 1) * p];
            for i in 0..p {
                let own = costs[n * p + i] as f32;
                let chain: f32 = (0..nodes).map(|m| costs[m * p + i] as f32).sum();
                let cost = own + config.network_share * (chain - own);
                reward[i] += weight * (change - cost / scales[i]);
            }
        }
    }
    // The critic's view of what comes after: one more decision of each node, not recorded.
    recorder.closing = true;
    for _ in 0..longest {
        simd::advance(&mut network, &mut recorder);
    }
    recorder.parts
}

/// Adds `more` times what customers' backlog costs today. Shapes `[node][product]`.
fn weigh_backlog(scenario: &Scenario<'_>, levels: &[i32], more: f32, costs: &mut [i64]) {
    use restock_core::layout::Column;
    let p = scenario.products();
    for (n, _) in scenario.nodes().iter().enumerate().filter(|(_, node)| node.sells) {
        let rates = scenario.column(Column::BackorderCost, n);
        let rows = costs[n * p..(n + 1) * p].iter_mut().zip(&levels[n * p..(n + 1) * p]);
        for ((cost, &level), &rate) in rows.zip(rates) {
            *cost += (more * level.min(0).unsigned_abs() as f32 * rate as f32) as i64;
        }
    }
}

/// Observations that greedy policies meet in a year: what the quantizer calibrates with. Shape
/// `[node]`, at most `most` samples each, spread evenly.
#[must_use]
pub fn observe(
    scenario: &Scenario<'_>,
    policies: &[FloatPolicy],
    seed: u64,
    most: usize,
) -> Vec<crate::quantize::Calibration> {
    struct Watcher<'a> {
        inner: GreedyPolicy<'a>,
        seen: Vec<crate::quantize::Calibration>,
        stride: usize,
        count: usize,
    }
    impl Policy for Watcher<'_> {
        fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
            self.inner.decide(view, actions);
            let p = view.products();
            for i in 0..p {
                self.count += 1;
                if self.count.is_multiple_of(self.stride) {
                    let sample = std::array::from_fn(|f| self.inner.features[f * p + i]);
                    self.seen[view.node()].samples.push(sample);
                }
            }
        }
    }
    let mut memory = vec![0i32; Network::words(scenario)];
    let Ok(mut network) = Network::new(scenario, &mut memory) else { unreachable!("memory is as long as asked for") };
    network.reset(seed, u32::MAX, 0);
    let days = scenario.horizon_days().min(365);
    let all = days as usize * scenario.stockpoints();
    // An odd stride does not keep to the same products.
    let stride = (all / (most * scenario.node_count()).max(1)).max(1) | 1;
    let mut watcher = Watcher {
        inner: GreedyPolicy::new(policies),
        seen: vec![crate::quantize::Calibration::default(); scenario.node_count()],
        stride,
        count: 0,
    };
    for _ in 0..days {
        simd::advance(&mut network, &mut watcher);
    }
    watcher.seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use restock_core::action::{EFFORT_CHOICES, WEIGHTS};

    #[test]
    fn a_node_has_the_choices_that_can_matter_there() {
        let spec = crate::input::default_network();
        let image = spec.image().unwrap();
        let scenario = Scenario::new(&image).unwrap();
        let node = |name: &str| spec.nodes.iter().position(|n| n.name == name).unwrap();
        let choices = |name: &str| {
            let mask = mask_of(&scenario, node(name));
            [2, 3, 4].map(|head| mask.allowed(head).count())
        };
        // The retailer shares its storage and has two routes; of its lane nothing can be negotiated.
        assert_eq!(choices("retailer"), [WEIGHTS.len(), 2, 1]);
        assert_eq!(choices("manufacturer"), [WEIGHTS.len(), 2, EFFORT_CHOICES]);
        assert_eq!(choices("supplier"), [1, 1, EFFORT_CHOICES]);
    }
}
