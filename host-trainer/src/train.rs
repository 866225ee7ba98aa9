//! The training loop: experience, updates, validation; one learner per node.

use crate::evaluate::{self, Contender, Protocol};
use crate::model::FloatPolicy;
use crate::ppo::{Learner, PpoConfig, PpoError, UpdateStats};
use crate::rollout::{self, RolloutConfig};
use restock_core::Scenario;
use restock_core::observation::FEATURES;
use serde::{Deserialize, Serialize};

/// Everything that decides how a run trains: the `[training]` table of `network.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingConfig {
    /// Seed of all that chance decides in training. Default 1.
    pub seed: u64,
    /// Iterations between looks at the validation paths; 0 = never. Default 5.
    pub validate_every: u32,
    /// Validation paths. Default 4.
    pub validation_replicas: u32,
    /// The learner.
    pub ppo: PpoConfig,
    /// The experience.
    pub rollout: RolloutConfig,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            validate_every: 5,
            validation_replicas: 4,
            ppo: PpoConfig::default(),
            rollout: RolloutConfig::default(),
        }
    }
}

/// Seeds of the three disjoint sets of paths, derived from one number so that no one can mix them up.
#[must_use]
pub fn training_seed(seed: u64) -> u64 {
    seed.wrapping_mul(3)
}

/// Seed of the validation paths: what the best iteration is chosen on.
#[must_use]
pub fn validation_seed(seed: u64) -> u64 {
    seed.wrapping_mul(3).wrapping_add(1)
}

/// Seed of the test paths: what is reported.
#[must_use]
pub fn test_seed(seed: u64) -> u64 {
    seed.wrapping_mul(3).wrapping_add(2)
}

/// The days of a year after a warm-up, or what the horizon allows.
#[must_use]
pub fn year(scenario: &Scenario<'_>, seed: u64, replicas: u32) -> Protocol {
    let warmup_days = (scenario.horizon_days() / 8).min(56);
    let days = (scenario.horizon_days() - warmup_days).min(364);
    Protocol { seed, replicas, first_day: 0, warmup_days, days }
}

/// A run under way.
pub struct Trainer<'s> {
    scenario: &'s Scenario<'s>,
    config: TrainingConfig,
    threads: usize,
    /// One learner per node, in node order.
    pub learners: Vec<Learner>,
    /// Iterations done.
    pub iteration: u32,
    /// The best policies on the validation paths so far, with their cost [currency] and iteration.
    pub best: Option<Best>,
}

/// Policies worth keeping.
#[derive(Clone, Debug)]
pub struct Best {
    /// Mean cost of a validation path [currency].
    pub cost: f64,
    /// Iterations done when they were found.
    pub iteration: u32,
    /// One policy per node.
    pub policies: Vec<FloatPolicy>,
}

/// What one iteration did.
#[derive(Clone, Debug)]
pub struct Iteration {
    /// One per learner.
    pub stats: Vec<UpdateStats>,
    /// Mean cost of a validation path [currency], where this iteration was validated.
    pub validation_cost: Option<f64>,
}

impl<'s> Trainer<'s> {
    /// A run that has not started: one learner per node.
    ///
    /// # Errors
    /// If a setting is out of range.
    pub fn new(scenario: &'s Scenario<'s>, names: &[String], config: TrainingConfig, threads: usize) -> Result<Self, PpoError> {
        let learners = names
            .iter()
            .enumerate()
            .map(|(n, name)| {
                // The discount is per day; a learner counts in decisions.
                let review_days = i32::try_from(scenario.nodes()[n].review_days).unwrap_or(1);
                let ppo = PpoConfig { discount: config.ppo.discount.powi(review_days), ..config.ppo.clone() };
                Learner::new(name, ppo, FEATURES, rollout::mask_of(scenario, n), config.seed)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { scenario, config, threads, learners, iteration: 0, best: None })
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &TrainingConfig {
        &self.config
    }

    /// Whether all iterations are done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.iteration >= self.config.ppo.iterations
    }

    /// Decisions that one iteration learns from.
    #[must_use]
    pub fn decisions_per_iteration(&self) -> u64 {
        let rollout = &self.config.rollout;
        let per_replica: u64 =
            self.scenario.nodes().iter().map(|n| u64::from((rollout.days / n.review_days).max(1))).sum::<u64>() * self.scenario.products() as u64;
        per_replica * u64::from(rollout.replicas)
    }

    /// The policies as they are now.
    #[must_use]
    pub fn policies(&self) -> Vec<FloatPolicy> {
        self.learners.iter().map(Learner::policy).collect()
    }

    /// The policies to use: the best on the validation paths, else those of now.
    #[must_use]
    pub fn best_policies(&self) -> Vec<FloatPolicy> {
        self.best.as_ref().map_or_else(|| self.policies(), |b| b.policies.clone())
    }

    /// Mean cost of a validation path under the present policies [currency].
    #[must_use]
    pub fn validate(&self, policies: &[FloatPolicy]) -> f64 {
        let protocol = year(self.scenario, validation_seed(self.config.seed), self.config.validation_replicas);
        let outcomes = evaluate::run(self.scenario, &Contender::Float(policies), &protocol, self.threads);
        evaluate::mean_and_interval(&evaluate::costs(self.scenario, &outcomes)).0
    }

    /// One iteration: experience with the present policies, then every learner's update, in turn
    /// with nothing shared, on threads.
    ///
    /// # Errors
    /// If a learner diverged; all learners are then as before.
    pub fn iterate(&mut self) -> Result<Iteration, PpoError> {
        let policies = self.policies();
        if self.iteration == 0 && self.config.validate_every > 0 && self.best.is_none() {
            let cost = self.validate(&policies);
            self.best = Some(Best { cost, iteration: 0, policies: policies.clone() });
        }
        let batches = rollout::collect(
            self.scenario,
            &policies,
            &self.config.rollout,
            self.config.ppo.discount,
            training_seed(self.config.seed),
            self.iteration,
            self.threads,
        );
        let iteration = self.iteration;
        let pairs: Vec<(Learner, _)> = self.learners.iter().cloned().zip(batches).collect();
        let updated = crate::threads::map(&pairs, self.threads, |(learner, batch)| {
            let mut learner = learner.clone();
            let stats = learner.update(batch, iteration)?;
            Ok((learner, stats))
        });
        let updated: Vec<(Learner, UpdateStats)> = updated.into_iter().collect::<Result<_, PpoError>>()?;
        let (learners, stats) = updated.into_iter().unzip();
        self.learners = learners;
        self.iteration += 1;
        let every = self.config.validate_every;
        let mut validation_cost = None;
        if every > 0 && (self.iteration % every == 0 || self.is_done()) {
            let policies = self.policies();
            let cost = self.validate(&policies);
            validation_cost = Some(cost);
            if self.best.as_ref().is_none_or(|b| cost < b.cost) {
                self.best = Some(Best { cost, iteration: self.iteration, policies });
            }
        }
        Ok(Iteration { stats, validation_cost })
    }
}
