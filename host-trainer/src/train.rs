//! The training loop: experience, updates, validation; one learner per node.

use crate::evaluate::{self, Contender, Outcome, Protocol};
use crate::model::FloatPolicy;
use crate::ppo::{BadSetting, Learner, PpoConfig, PpoError, UpdateStats};
use crate::rollout::{self, RolloutConfig};
use restock_core::Scenario;
use restock_core::blob::{LAYERS_MAX, WIDTH_MAX};
use restock_core::observation::FEATURES;
use serde::{Deserialize, Serialize};

/// Everything that decides how a run trains: the `[training]` table of `network.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingConfig {
    /// Seed of all that chance decides in training. Default 1.
    pub seed: u64,
    /// Iterations between looks at the validation paths; 0 = never. Default 10.
    pub validate_every: u32,
    /// Validation paths; 0 = as many as make a million stockpoint-days, and 4 at least. Default 0.
    pub validation_replicas: u32,
    /// Looks at constant choices before the first iteration: policies start from the best (see [`crate::start`]);
    /// 0 = from the textbook rule. Default 200.
    pub start_looks: u32,
    /// The learner.
    pub ppo: PpoConfig,
    /// The experience.
    pub rollout: RolloutConfig,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            validate_every: 10,
            validation_replicas: 0,
            start_looks: 200,
            ppo: PpoConfig::default(),
            rollout: RolloutConfig::default(),
        }
    }
}

/// Most iterations of a run; times [`ROLLOUT_REPLICAS_MAX`] they still count in 32 bits.
const ITERATIONS_MAX: u32 = 1_000_000;
/// Most replicas of an iteration.
pub(crate) const ROLLOUT_REPLICAS_MAX: u32 = 4096;
/// Most validation paths.
const VALIDATION_REPLICAS_MAX: u32 = 10_000;
/// Most looks at constant choices.
const START_LOOKS_MAX: u32 = 100_000;
/// Most decisions of an iteration: they are all in memory at once, about 60 bytes each.
const DECISIONS_MAX: u64 = 1 << 26;
/// Most days of a replica's warm-up or record, each.
const ROLLOUT_DAYS_MAX: u32 = 4096;

const _: () = assert!(
    (ITERATIONS_MAX as u64) * (ROLLOUT_REPLICAS_MAX as u64) < u32::MAX as u64,
    "a replica's number must never wrap"
);
const _: () =
    assert!(ROLLOUT_DAYS_MAX as usize == restock_core::scenario::HORIZON_DAYS_MAX, "the text of the complaint says so");
const _: () = assert!(LAYERS_MAX == 4 && WIDTH_MAX == 128, "the text of the complaint says so");

/// Why a scenario can't be trained on with some settings, though each is in its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A replica of experience is longer than the scenario.
    #[error(
        "training needs {} days (rollout.warmup_days {warmup_days} + rollout.days {days} + a review period of {review_days}), \
         the horizon is {horizon_days}: lengthen horizon_days, or shorten those two in [training.rollout]",
        warmup_days + days + review_days
    )]
    Horizon {
        /// Days before those that are learned from.
        warmup_days: u32,
        /// Days that are learned from.
        days: u32,
        /// Longest review period [days].
        review_days: u32,
        /// Days of the scenario.
        horizon_days: u32,
    },
    /// A replica may end before a node decides.
    #[error(
        "rollout.days is {days}, but {node} decides every {review_days} days only: give it {review_days} or more in [training.rollout]"
    )]
    Review {
        /// The node.
        node: String,
        /// Days that are learned from.
        days: u32,
        /// Its review period [days].
        review_days: u32,
    },
    /// An iteration does not fit the memory.
    #[error(
        "an iteration would take {decisions} decisions, at most {DECISIONS_MAX} fit: lower replicas or days in [training.rollout]"
    )]
    Size {
        /// Decisions of one iteration.
        decisions: u64,
    },
}

impl TrainingConfig {
    /// Checks every range, each with the table that the setting stands in (`""`, `"ppo"`, `"rollout"`).
    ///
    /// # Errors
    /// All settings that are out of range, at once.
    pub fn check(&self) -> Result<(), Vec<(&'static str, BadSetting)>> {
        let mut bad: Vec<_> = self.ppo.check().err().unwrap_or_default().into_iter().map(|bad| ("ppo", bad)).collect();
        let mut need = |holds: bool, table, name, found: &dyn std::fmt::Debug, expected| {
            let named = bad.iter().any(|(t, b)| *t == table && b.name == name);
            if !holds && !named {
                bad.push((table, BadSetting { name, found: format!("{found:?}"), expected }));
            }
        };
        let at_least_one = |value: u32, most: u32| (1..=most).contains(&value);
        let replicas_max = ROLLOUT_REPLICAS_MAX;
        need(self.ppo.iterations <= ITERATIONS_MAX, "ppo", "iterations", &self.ppo.iterations, "1 to 1000000");
        // Whatever is trained must run on the device: refused here, not when the run is packed.
        let hidden = &self.ppo.actor_hidden;
        let fits = hidden.len() < LAYERS_MAX && hidden.iter().all(|units| (1..=WIDTH_MAX).contains(units));
        need(fits, "ppo", "actor_hidden", hidden, "at most 3 layers of 1 to 128 units: what a policy file holds");
        need(
            self.validation_replicas <= VALIDATION_REPLICAS_MAX,
            "",
            "validation_replicas",
            &self.validation_replicas,
            "1 to 10000, or 0: as many as make a million stockpoint-days (validate_every = 0 switches validation off)",
        );
        need(self.start_looks <= START_LOOKS_MAX, "", "start_looks", &self.start_looks, "0 to 100000");
        let rollout = &self.rollout;
        need(
            rollout.replicas <= replicas_max,
            "rollout",
            "replicas",
            &rollout.replicas,
            "1 to 4096, or 0: as many as make 16384 decisions of a node",
        );
        need(
            at_least_one(rollout.replicas_per_path, replicas_max),
            "rollout",
            "replicas_per_path",
            &rollout.replicas_per_path,
            "1 to 4096",
        );
        need(at_least_one(rollout.days, ROLLOUT_DAYS_MAX), "rollout", "days", &rollout.days, "1 to 4096");
        need(rollout.warmup_days <= ROLLOUT_DAYS_MAX, "rollout", "warmup_days", &rollout.warmup_days, "0 to 4096");
        need(
            (0.0..=1.0).contains(&rollout.network_share),
            "rollout",
            "network_share",
            &rollout.network_share,
            "0 to 1",
        );
        need(
            (0.0..=100.0).contains(&rollout.shortage_weight),
            "rollout",
            "shortage_weight",
            &rollout.shortage_weight,
            "0 to 100",
        );
        need(
            (0.0..=1000.0).contains(&rollout.hyperscore_weight),
            "rollout",
            "hyperscore_weight",
            &rollout.hyperscore_weight,
            "0 to 1000",
        );
        need(
            (0.0..=1.0).contains(&rollout.hyperscore_own_share),
            "rollout",
            "hyperscore_own_share",
            &rollout.hyperscore_own_share,
            "0 to 1",
        );
        if bad.is_empty() { Ok(()) } else { Err(bad) }
    }

    /// Whether a scenario can be trained on with these settings, which have passed [`Self::check`].
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn fits(&self, scenario: &Scenario<'_>, names: &[String]) -> Result<(), Unfit> {
        let RolloutConfig { days, warmup_days, .. } = self.rollout;
        for (node, name) in scenario.nodes().iter().zip(names) {
            if node.review_days > days {
                return Err(Unfit::Review { node: name.clone(), days, review_days: node.review_days });
            }
        }
        let review_days = scenario.nodes().iter().map(|n| n.review_days).max().unwrap_or(1);
        let horizon_days = scenario.horizon_days();
        if warmup_days + days + review_days > horizon_days {
            return Err(Unfit::Horizon { warmup_days, days, review_days, horizon_days });
        }
        let decisions = self.decisions_per_iteration(scenario);
        if decisions > DECISIONS_MAX { Err(Unfit::Size { decisions }) } else { Ok(()) }
    }

    /// Decisions that one iteration learns from.
    #[must_use]
    pub fn decisions_per_iteration(&self, scenario: &Scenario<'_>) -> u64 {
        let reviews: u64 = scenario.nodes().iter().map(|n| u64::from((self.rollout.days / n.review_days).max(1))).sum();
        reviews * scenario.products() as u64 * u64::from(self.rollout.replicas(scenario))
    }
}

/// Times that a run is put back to its best policies before it gives up.
const RECOVERIES_MAX: u32 = 3;
/// A validation cost of so many times the best means that learning has collapsed.
const COLLAPSE: f64 = 1.5;

/// Stockpoint-days of a look at a constant choice.
const START_DAYS: u64 = 1 << 19;

/// Stockpoint-days of a validation, where the number of its paths is left to us.
const VALIDATION_DAYS: u64 = 1 << 20;

impl TrainingConfig {
    /// The paths that the best iteration is chosen on.
    #[must_use]
    pub fn validation(&self, scenario: &Scenario<'_>) -> Protocol {
        let one = year(scenario, validation_seed(self.seed), 1);
        let days = u64::from(one.warmup_days + one.days) * scenario.stockpoints() as u64;
        let replicas = match self.validation_replicas {
            0 => u32::try_from(VALIDATION_DAYS.div_ceil(days.max(1))).unwrap_or(u32::MAX),
            set => set,
        };
        let least = if self.validation_replicas == 0 { 4 } else { 1 };
        Protocol { replicas: replicas.clamp(least, VALIDATION_REPLICAS_MAX), ..one }
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
    /// Mean cost of a validation path [currency], as [`Trainer::validate`] weighs it, where this iteration was
    /// validated.
    pub validation_cost: Option<f64>,
    /// What went wrong, where the learners were put back to the best policies.
    pub recovered: Option<String>,
}

impl<'s> Trainer<'s> {
    /// A run that has not started: one learner per node.
    ///
    /// # Errors
    /// If a setting is out of range.
    pub fn new(
        scenario: &'s Scenario<'s>,
        names: &[String],
        config: TrainingConfig,
        threads: usize,
    ) -> Result<Self, PpoError> {
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
        self.config.decisions_per_iteration(self.scenario)
    }

    /// The policies as they are now.
    #[must_use]
    pub fn policies(&self) -> Vec<FloatPolicy> {
        self.learners.iter().map(Learner::policy).collect()
    }

    /// The same with averaged weights: what is validated and kept.
    #[must_use]
    pub fn averaged_policies(&self) -> Vec<FloatPolicy> {
        self.learners.iter().map(Learner::averaged_policy).collect()
    }

    /// The policies to use: the best on the validation paths, else those of now.
    #[must_use]
    pub fn best_policies(&self) -> Vec<FloatPolicy> {
        self.best.as_ref().map_or_else(|| self.averaged_policies(), |b| b.policies.clone())
    }

    /// Mean cost of a validation path under the present policies, customers' backlog weighed as in the reward
    /// [currency].
    #[must_use]
    pub fn validate(&self, policies: &[FloatPolicy]) -> f64 {
        let protocol = self.config.validation(self.scenario);
        self.weighed_cost(&evaluate::run(self.scenario, &Contender::Float(policies), &protocol, self.threads))
    }

    /// Mean cost of a path, customers' backlog weighed as in the reward [currency].
    fn weighed_cost(&self, outcomes: &[Outcome]) -> f64 {
        let cost = evaluate::mean_and_interval(&evaluate::costs(self.scenario, outcomes)).0;
        let more = f64::from(self.config.rollout.shortage_weight) - 1.0;
        let sellers = self.scenario.nodes().iter().enumerate().filter(|(_, node)| node.sells).map(|(n, _)| n);
        let sellers: Vec<usize> = sellers.collect();
        let backlog =
            outcomes.iter().flat_map(|o| sellers.iter().map(|&n| o.kpis.node(n).ledger.backorder)).sum::<i64>();
        cost + more * backlog as f64 / f64::from(self.scenario.money_scale()) / outcomes.len().max(1) as f64
    }

    /// Puts fresh learners to the best constant choice on paths of the training seed.
    fn start(&mut self) {
        let one = year(self.scenario, training_seed(self.config.seed), 1);
        let days = u64::from(one.warmup_days + one.days) * self.scenario.stockpoints() as u64;
        let replicas = u32::try_from(START_DAYS.div_ceil(days.max(1))).unwrap_or(u32::MAX).clamp(4, 1 << 12);
        let protocol = Protocol { replicas, ..one };
        let (looks, threads) = (self.config.start_looks, self.threads);
        let cost = |outcomes: &[Outcome]| self.weighed_cost(outcomes);
        let choices = crate::start::best_constant_choice(self.scenario, &protocol, looks, threads, &cost);
        self.learners.iter_mut().zip(choices).for_each(|(learner, choice)| learner.start_at(choice));
    }

    /// One iteration: experience with the present policies, then every learner's update, in turn
    /// with nothing shared, on threads.
    ///
    /// A learner that diverges (a number that is not finite, a policy that jumps), or a validation that costs
    /// half as much again as the best, puts all learners back to the best policies with half the step size.
    ///
    /// # Errors
    /// If a learner diverged and there is nothing to go back to, or it has gone back too often; all learners
    /// are then as before.
    pub fn iterate(&mut self) -> Result<Iteration, PpoError> {
        if self.iteration == 0 && self.config.start_looks > 0 {
            self.start();
        }
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
        let updated: Vec<(Learner, UpdateStats)> = match updated.into_iter().collect::<Result<_, PpoError>>() {
            Ok(updated) => updated,
            Err(error) if error.is_divergence() && self.recover() => {
                self.iteration += 1;
                return Ok(Iteration { stats: Vec::new(), validation_cost: None, recovered: Some(error.to_string()) });
            }
            Err(error) => return Err(error),
        };
        let (learners, stats) = updated.into_iter().unzip();
        self.learners = learners;
        self.iteration += 1;
        let every = self.config.validate_every;
        let mut validation_cost = None;
        if every > 0 && (self.iteration.is_multiple_of(every) || self.is_done()) {
            let policies = self.averaged_policies();
            let cost = self.validate(&policies);
            validation_cost = Some(cost);
            if self.best.as_ref().is_none_or(|b| cost < b.cost) {
                self.best = Some(Best { cost, iteration: self.iteration, policies });
            }
        }
        let collapsed = validation_cost.zip(self.best.as_ref()).filter(|(cost, best)| *cost > COLLAPSE * best.cost);
        let told = collapsed.map(|(cost, best)| {
            format!(
                "collapsed: a validation path costs {cost:.0}, that of iteration {} {:.0}",
                best.iteration, best.cost
            )
        });
        let recovered = told.filter(|_| self.recover());
        Ok(Iteration { stats, validation_cost, recovered })
    }

    /// Puts every learner back to the best policies; says whether that is possible.
    fn recover(&mut self) -> bool {
        let Some(best) = &self.best else { return false };
        if self.learners.iter().any(|learner| learner.recoveries() >= RECOVERIES_MAX) {
            return false;
        }
        self.learners.iter_mut().zip(&best.policies).for_each(|(learner, policy)| learner.recover(policy));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::default_network;

    fn small() -> TrainingConfig {
        let mut config = TrainingConfig { validate_every: 1, validation_replicas: 1, ..TrainingConfig::default() };
        config.start_looks = 0;
        config.ppo.iterations = 20;
        (config.rollout.replicas, config.rollout.replicas_per_path) = (1, 1);
        (config.rollout.days, config.rollout.warmup_days) = (7, 1);
        config
    }

    #[test]
    fn a_run_that_diverges_goes_back_to_its_best_policies_and_gives_up_in_the_end() {
        let image = default_network().image().unwrap();
        let scenario = Scenario::new(&image).unwrap();
        let names = ["retailer", "manufacturer", "supplier"].map(str::to_owned);
        let mut config = small();
        // No step that moves the policy at all is allowed.
        (config.ppo.kl_target, config.ppo.kl_limit) = (0.0, 1e-12);
        let mut trainer = Trainer::new(&scenario, &names, config, 1).expect("good settings");
        let fresh: Vec<Vec<f32>> = trainer.policies().iter().map(|p| p.parameters().to_vec()).collect();
        for turn in 1..=RECOVERIES_MAX {
            let done = trainer.iterate().expect("goes back");
            assert!(done.recovered.expect("a reason").contains("the policy moved"), "turn {turn}");
            assert!(done.stats.is_empty() && trainer.learners.iter().all(|learner| learner.recoveries() == turn));
        }
        assert_eq!(trainer.iteration, RECOVERIES_MAX);
        let back: Vec<Vec<f32>> = trainer.policies().iter().map(|p| p.parameters().to_vec()).collect();
        assert_eq!(back, fresh, "the best so far is the policy that it began with");
        assert!(trainer.iterate().expect_err("not for ever").is_divergence());
    }
}
