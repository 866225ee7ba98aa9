//! Independent PPO (Schulman et al. 2017; de Witt et al. 2020): one [`Learner`] per node.
//!
//! Read from [`Learner::update`] downwards. Each trick names its source; every number that can be
//! turned is a field of [`PpoConfig`].
//!
//! ```text
//! snapshot = learner.policy()                 FloatPolicy, for rollouts on any thread
//! batch    = rollouts fill a Batch            [day][replica * product]
//! stats    = learner.update(&batch, iteration)
//! ```
//!
//! ```
//! use restock_trainer::model::{HeadMask, Scratch};
//! use restock_trainer::ppo::{Batch, Learner, PpoConfig};
//!
//! let mut learner = Learner::new("retailer", PpoConfig::default(), 4, HeadMask::all(), 7)?;
//! let policy = learner.policy();
//! let columns = [32_i8; 4 * 3]; // [feature][product]: three products that see 1.0 everywhere
//! let mut batch = Batch::new(4, 2, 3); // two days, three tracks
//! for day in 0..batch.days {
//!     batch.set_features(day, 0, &columns);
//!     let values = policy.values(&columns, 3, &mut Scratch::default()).to_vec();
//!     batch.value[day * 3..][..3].copy_from_slice(&values);
//!     batch.log_prob[day * 3..][..3].fill(-2.0); // what `sample_actions` gives with actions
//!     batch.actions[day * 3..][..3].fill([11, 15, 1, 0, 0, 0]);
//!     batch.reward[day * 3..][..3].copy_from_slice(&[1.0, 0.0, -1.0]);
//! }
//! let stats = learner.update(&batch, 0)?;
//! assert_eq!(stats.samples, 6);
//! # Ok::<(), restock_trainer::ppo::PpoError>(())
//! ```
//!
//! Same configuration, seed and batches: same bits, whatever runs beside it. Nothing here reads a
//! clock or a global generator, and every reduction is on one thread in a fixed order. (Another
//! kind of processor may differ in the last bits: `gemm` picks its kernels by vector unit.)

mod adam;
mod batch;
mod config;
mod fused;
mod loss;
mod outcome;
mod reference;
mod return_scale;
#[cfg(test)]
mod tests;

use crate::model::{FloatPolicy, HeadMask, Layers, ModelConfig};
pub use adam::Moments;
pub use batch::{Batch, advantages, take_out_luck};
pub use config::{BadSetting, PpoConfig, UpdatePath};
use loss::{Minibatch, Network, Terms, Weights};
pub use outcome::{PpoError, UpdateStats};
use rand_core::Rng;
use restock_core::action::Choice;
use restock_core::draws::{Draws, Source};
pub use return_scale::ReturnScale;
use serde::{Deserialize, Serialize};

/// One node's actor-critic and everything that trains it.
#[derive(Clone)]
pub struct Learner {
    name: String,
    config: PpoConfig,
    model: ModelConfig,
    layers: Layers,
    mask: HeadMask,
    seed: u64,
    parameters: Vec<f32>,
    /// Running mean of the parameters over iterations.
    average: Vec<f32>,
    adam: adam::Stepper,
    scale: ReturnScale,
    recoveries: u32,
    fused: fused::Fused,
}

/// Everything of a learner that a checkpoint must hold to go on bit for bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LearnerState {
    /// The node's name.
    pub name: String,
    /// Hyper-parameters.
    pub config: PpoConfig,
    /// Features of one observation of one product.
    pub features: usize,
    /// Which choices the node has.
    pub mask: HeadMask,
    /// Seed of the fresh weights and of the shuffles.
    pub seed: u64,
    /// Actor and critic, flat.
    pub parameters: Vec<f32>,
    /// Their running mean over iterations.
    pub average: Vec<f32>,
    /// Adam.
    pub moments: Moments,
    /// Units of the critic.
    pub scale: ReturnScale,
    /// Times that it was put back.
    pub recoveries: u32,
}

impl Learner {
    /// A fresh learner for the node `name`: the textbook rule with a little exploration around it.
    ///
    /// Learners of one run may share a seed if their names differ.
    ///
    /// # Errors
    /// If settings are out of range; all of them are named.
    pub fn new(name: &str, config: PpoConfig, features: usize, mask: HeadMask, seed: u64) -> Result<Self, PpoError> {
        config.check().map_err(|settings| PpoError::Settings { learner: name.to_owned(), settings })?;
        let model = config.model(features);
        let mut learner = Self {
            name: name.to_owned(),
            layers: model.layers(),
            adam: adam::Stepper::new(config.adam_epsilon),
            parameters: Vec::new(),
            average: Vec::new(),
            scale: ReturnScale::default(),
            recoveries: 0,
            fused: fused::Fused::default(),
            config,
            model,
            mask,
            seed,
        };
        learner.parameters = learner.model.initial_parameters(None, learner.own_seed());
        learner.average.clone_from(&learner.parameters);
        Ok(learner)
    }

    /// Starts again as a rule that always makes `choice`, which a search has found, with a little exploration around it.
    pub fn start_at(&mut self, choice: Choice) {
        self.parameters = self.model.initial_parameters(Some(choice), self.own_seed());
        self.average.clone_from(&self.parameters);
    }

    /// The node's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The hyper-parameters.
    #[must_use]
    pub fn config(&self) -> &PpoConfig {
        &self.config
    }

    /// A snapshot that acts and values without the learner.
    #[must_use]
    pub fn policy(&self) -> FloatPolicy {
        let mut policy = FloatPolicy::new(self.model.clone(), self.parameters.clone(), self.mask);
        policy.value_mean = self.scale.mean() as f32;
        policy.value_deviation = self.scale.deviation() as f32;
        policy
    }

    /// The policy of the averaged weights: what is validated and kept. The policy itself jitters from
    /// iteration to iteration by more than there is left to learn; its mean does not (Polyak and Juditsky
    /// 1992).
    #[must_use]
    pub fn averaged_policy(&self) -> FloatPolicy {
        FloatPolicy::new(self.model.clone(), self.average.clone(), self.mask)
    }

    /// Puts the learner back to a policy that was good, with a fresh critic and half the step size: what to do
    /// when learning went wrong.
    ///
    /// # Panics
    /// If the policy is of another shape.
    pub fn recover(&mut self, policy: &FloatPolicy) {
        assert_eq!(policy.config(), &self.model, "a policy of the same shape");
        let (actor, critic) = (self.layers.actor_range(), self.layers.critic_range());
        self.parameters[actor.clone()].copy_from_slice(&policy.parameters()[actor]);
        let fresh = self.model.initial_parameters(None, self.own_seed());
        self.parameters[critic.clone()].copy_from_slice(&fresh[critic]);
        self.average.clone_from(&self.parameters);
        self.adam = adam::Stepper::new(self.config.adam_epsilon);
        self.scale = ReturnScale::default();
        self.recoveries += 1;
    }

    /// Times that it was put back by [`Self::recover`].
    #[must_use]
    pub fn recoveries(&self) -> u32 {
        self.recoveries
    }

    /// Learns from one batch that was made with [`Self::policy`].
    ///
    /// # Errors
    /// If the batch is malformed, or if learning diverges; the learner is then as it was before.
    pub fn update(&mut self, batch: &Batch, iteration: u32) -> Result<UpdateStats, PpoError> {
        if let Some(complaint) = batch.complaint(self.model.features, &self.mask) {
            return Err(PpoError::Batch { learner: self.name.clone(), iteration, complaint });
        }
        let before = (self.parameters.clone(), self.adam.clone(), self.scale);
        let outcome = self.update_checked(batch, iteration);
        if outcome.is_err() {
            (self.parameters, self.adam, self.scale) = before;
        } else {
            // At first the plain mean, so that the start does not weigh on it.
            let memory = self.config.average_memory.min(iteration as f32 / (iteration as f32 + 1.0));
            for (average, &own) in self.average.iter_mut().zip(&self.parameters) {
                *average += (1.0 - memory) * (own - *average);
            }
        }
        outcome
    }

    fn update_checked(&mut self, batch: &Batch, iteration: u32) -> Result<UpdateStats, PpoError> {
        let config = self.config.clone();
        let estimates = self.estimate(batch);
        let learning_rate = config.learning_rate_at(iteration) * 0.5_f64.powi(self.recoveries.min(64) as i32);
        let weights = Weights {
            clip: config.clip,
            value_clip: if config.value_clip > 0.0 { config.value_clip } else { f32::INFINITY },
            value: config.value_weight,
            entropy: config.entropy_weight_at(iteration),
        };
        let mut stats = UpdateStats {
            explained_variance: explained_variance(&estimates.target, &estimates.old_value),
            reward_mean: mean(&batch.reward),
            return_mean: self.scale.mean(),
            return_deviation: self.scale.deviation(),
            learning_rate,
            entropy_weight: f64::from(weights.entropy),
            samples: batch.samples() as u64,
            ..UpdateStats::default()
        };
        let mut gradient = vec![0.0; self.parameters.len()];
        let mut order: Vec<u32> = (0..batch.samples() as u32).collect();
        // Minibatches of one size: a small rest would be a noisy step of full length.
        let minibatch_size = batch.samples().div_ceil(batch.samples().div_ceil(config.minibatch));
        for epoch in 0..config.epochs {
            self.shuffle(&mut order, iteration, epoch);
            let mut epoch_terms = Terms::default();
            for indices in order.chunks(minibatch_size) {
                let minibatch = estimates.minibatch(batch, indices);
                let terms = self.gradient(&minibatch, &weights, &mut gradient);
                self.refuse_divergence(&terms, iteration)?;
                epoch_terms.add(&terms);
                let norms = self.clip_gradient(&mut gradient, iteration)?;
                self.adam.step(learning_rate, &mut self.parameters, &gradient);
                stats.actor_gradient_norm += norms[0];
                stats.critic_gradient_norm += norms[1];
                stats.steps += 1;
            }
            stats.epochs += 1;
            stats.record(&epoch_terms);
            // Early stopping (OpenAI Spinning Up; Huang et al. 2022, "KL divergence").
            if config.kl_target > 0.0 && stats.approximate_kl > f64::from(config.kl_target) {
                break;
            }
        }
        stats.actor_gradient_norm /= f64::from(stats.steps);
        stats.critic_gradient_norm /= f64::from(stats.steps);
        match self.parameters.iter().all(|weight| weight.is_finite()) {
            true => Ok(stats),
            false => Err(self.not_finite(iteration, "a weight")),
        }
    }

    /// Advantages and value targets of the batch; moves the critic's units along with the returns.
    fn estimate(&mut self, batch: &Batch) -> Estimates {
        // A fresh critic says 0, which would make early days look better than late ones, whose
        // returns are cut off. The value of earning the mean reward forever is a better start.
        let fresh = self.scale.is_fresh();
        let guess = if fresh { (mean(&batch.reward) / f64::from(1.0 - self.config.discount)) as f32 } else { 0.0 };
        let value: Vec<f32> = batch.value.iter().map(|value| value + guess).collect();
        let last_value: Vec<f32> = batch.last_value.iter().map(|value| value + guess).collect();

        let mut advantage = advantages(&batch.reward, &value, &last_value, self.config.discount, self.config.lambda);
        let returns: Vec<f32> = advantage.iter().zip(&value).map(|(advantage, value)| advantage + value).collect();

        let old_scale = self.scale;
        self.scale.observe(&returns, self.config.return_memory);
        if !fresh {
            self.scale.preserve_values(&old_scale, &self.layers, &mut self.parameters);
        }
        let (center, unit) = (self.scale.mean() as f32, self.scale.deviation() as f32);
        let normalized = |value: &f32| (value - center) / unit;
        take_out_luck(&mut advantage, batch.tracks, batch.products, batch.replicas_per_path);
        normalize(&mut advantage);
        Estimates {
            advantage,
            target: returns.iter().map(normalized).collect(),
            old_value: if fresh { batch.value.clone() } else { value.iter().map(normalized).collect() },
        }
    }

    /// Gradient of the minibatch's mean loss.
    fn gradient(&mut self, minibatch: &Minibatch<'_>, weights: &Weights, gradient: &mut [f32]) -> Terms {
        let network =
            Network { config: &self.model, layers: &self.layers, parameters: &self.parameters, mask: self.mask };
        match self.config.path {
            UpdatePath::Fused => self.fused.gradient(&network, minibatch, weights, gradient),
            UpdatePath::Burn => reference::gradient(&network, minibatch, weights, gradient),
        }
    }

    /// Scales the actor's and the critic's gradients down to the largest norm allowed (Pascanu et
    /// al. 2013), and gives their norms before.
    fn clip_gradient(&self, gradient: &mut [f32], iteration: u32) -> Result<[f64; 2], PpoError> {
        let mut norms = [0.0; 2];
        for (norm, range) in norms.iter_mut().zip([self.layers.actor_range(), self.layers.critic_range()]) {
            let part = &mut gradient[range];
            *norm = part.iter().map(|&slope| f64::from(slope) * f64::from(slope)).sum::<f64>().sqrt();
            if !norm.is_finite() {
                return Err(self.not_finite(iteration, "a gradient"));
            }
            let limit = f64::from(self.config.gradient_norm_max);
            if limit > 0.0 && *norm > limit {
                let scale = (limit / *norm) as f32;
                part.iter_mut().for_each(|slope| *slope *= scale);
            }
        }
        Ok(norms)
    }

    fn refuse_divergence(&self, terms: &Terms, iteration: u32) -> Result<(), PpoError> {
        if !terms.is_finite() {
            return Err(self.not_finite(iteration, "the loss"));
        }
        let (found, limit) = (terms.mean(terms.kl), f64::from(self.config.kl_limit));
        match found > limit {
            true => Err(PpoError::KlExploded { learner: self.name.clone(), iteration, found, limit }),
            false => Ok(()),
        }
    }

    fn not_finite(&self, iteration: u32, what: &'static str) -> PpoError {
        PpoError::NotFinite { learner: self.name.clone(), iteration, what }
    }

    /// Fisher and Yates' shuffle from draws with an address. A bound by multiplication (Lemire 2019)
    /// without its rejection: the bias is below one part in a thousand for a million samples.
    fn shuffle(&self, order: &mut [u32], iteration: u32, epoch: u32) {
        order.iter_mut().zip(0..).for_each(|(index, position)| *index = position);
        let mut generator = Draws::new(self.own_seed(), iteration).row(epoch, 0, Source::Host).at(1);
        for last in (1..order.len()).rev() {
            let other = (u64::from(generator.next_u32()) * (last as u64 + 1)) >> 32;
            order.swap(last, other as usize);
        }
    }

    /// The seed mixed with the name, so that learners of one run differ (FNV-1a).
    fn own_seed(&self) -> u64 {
        self.seed ^ restock_core::digest::name_key(&self.name)
    }

    /// Everything that a checkpoint must hold.
    #[must_use]
    pub fn state(&self) -> LearnerState {
        LearnerState {
            name: self.name.clone(),
            config: self.config.clone(),
            features: self.model.features,
            mask: self.mask,
            seed: self.seed,
            parameters: self.parameters.clone(),
            average: self.average.clone(),
            moments: self.adam.moments(),
            scale: self.scale,
            recoveries: self.recoveries,
        }
    }

    /// The learner that a checkpoint held; it goes on bit for bit.
    ///
    /// # Errors
    /// If the numbers do not fit together.
    pub fn from_state(state: LearnerState) -> Result<Self, PpoError> {
        let mut learner = Self::new(&state.name, state.config, state.features, state.mask, state.seed)?;
        let expected = learner.parameters.len();
        let moments = if state.moments.time == 0 { 0 } else { expected };
        for (what, found, expected) in [
            ("weights", state.parameters.len(), expected),
            ("averaged weights", state.average.len(), expected),
            ("first moments", state.moments.first.len(), moments),
            ("second moments", state.moments.second.len(), moments),
        ] {
            if found != expected {
                return Err(PpoError::State { learner: learner.name, what, found, expected });
            }
        }
        learner.parameters = state.parameters;
        learner.average = state.average;
        learner.adam.restore(&state.moments);
        (learner.scale, learner.recoveries) = (state.scale, state.recoveries);
        Ok(learner)
    }
}

/// What a batch's samples are worth. Shapes `[sample]`.
struct Estimates {
    advantage: Vec<f32>,
    target: Vec<f32>,
    old_value: Vec<f32>,
}

impl Estimates {
    fn minibatch<'a>(&'a self, batch: &'a Batch, indices: &'a [u32]) -> Minibatch<'a> {
        Minibatch { batch, advantage: &self.advantage, target: &self.target, old_value: &self.old_value, indices }
    }
}

/// Mean 0 and deviation 1 over the whole batch (Huang et al. 2022, detail 7, does it per minibatch;
/// over the batch it does not depend on the shuffle; Andrychowicz et al. 2021 find no difference).
fn normalize(advantage: &mut [f32]) {
    let center = mean(advantage);
    let variance = advantage.iter().map(|&a| (f64::from(a) - center).powi(2)).sum::<f64>() / advantage.len() as f64;
    let scale = 1.0 / (variance.sqrt() + 1e-8);
    advantage.iter_mut().for_each(|a| *a = ((f64::from(*a) - center) * scale) as f32);
}

fn mean(numbers: &[f32]) -> f64 {
    numbers.iter().map(|&number| f64::from(number)).sum::<f64>() / numbers.len() as f64
}

/// 1 - variance of the error / variance of the target; 0 where the target is constant.
fn explained_variance(target: &[f32], value: &[f32]) -> f64 {
    let error: Vec<f32> = target.iter().zip(value).map(|(target, value)| target - value).collect();
    let variance = |numbers: &[f32]| {
        let center = mean(numbers);
        numbers.iter().map(|&number| (f64::from(number) - center).powi(2)).sum::<f64>() / numbers.len() as f64
    };
    let total = variance(target);
    if total > 0.0 { 1.0 - variance(&error) / total } else { 0.0 }
}
