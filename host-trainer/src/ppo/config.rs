//! What a learner can be told.

use crate::model::ModelConfig;
use serde::{Deserialize, Serialize};

/// How a learner computes its gradients. Both give the same gradients within float tolerance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UpdatePath {
    /// burn's autodiff: the reference.
    Burn,
    /// Forward and backward by hand over the `gemm` crate: the fast path on a CPU.
    #[default]
    Fused,
}

/// Hyper-parameters of one learner. Each field: meaning, unit, default, source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PpoConfig {
    /// Iterations of the whole run: what the schedules stretch over. Default 200.
    pub iterations: u32,
    /// Passes over each batch. Default 4 (Huang et al. 2022; 3 to 10 in Schulman et al. 2017).
    pub epochs: u32,
    /// Samples per gradient step. Default 1024: the smallest at full speed (the fused path does
    /// 1.2 million samples a second from here on), and steps count: with 4096, batches of 4096 left
    /// the inventory problem of `ppo/tests` unlearned (Andrychowicz et al. 2021, section 3.6, find
    /// size secondary otherwise).
    pub minibatch: usize,
    /// Step size of Adam at the start. Default 2e-3 (networks of this size bear more than the usual
    /// 3e-4; the best range in Andrychowicz et al. 2021, section 3.7, is 1e-4 to 1e-3; on the default network 2e-3
    /// is as far after 40 iterations as 1e-3 after 55, and no worse in the end).
    pub learning_rate: f64,
    /// Share of the step size left at the end; it falls linearly. Default 0.05 (Huang et al. 2022,
    /// detail 4, anneals to 0).
    pub learning_rate_end: f64,
    /// Epsilon of Adam. Default 1e-5 (Huang et al. 2022, detail 3).
    pub adam_epsilon: f32,
    /// Discount per day. Default 0.99 (Schulman et al. 2017; Andrychowicz et al. 2021, section 3.5).
    pub discount: f32,
    /// Lambda of generalized advantage estimation. Default 0.95 (Schulman et al. 2016).
    pub lambda: f32,
    /// How far a probability ratio may move before it is clipped. Default 0.2 (Schulman et al. 2017).
    pub clip: f32,
    /// How far a value may move before it is clipped [standard deviations of returns]; 0 switches
    /// it off. Default 0 (it hurts: Andrychowicz et al. 2021, section 3.1; Engstrom et al. 2020).
    pub value_clip: f32,
    /// Weight of the value loss. Default 0.5 (Schulman et al. 2017; with separate networks and Adam
    /// it hardly matters).
    pub value_weight: f32,
    /// Weight of the entropy bonus at the start, on the joint entropy of the heads [nat]. Default
    /// 0.001: with the usual 0.01 costs fall the same, but policies stay so undecided (8 of at most 10 nats)
    /// that rounding to int8 changes what they do.
    pub entropy_weight: f32,
    /// Weight of the entropy bonus at the end; it falls linearly. Default 0.
    pub entropy_weight_end: f32,
    /// Largest Euclidean norm of a gradient, for actor and critic apart, so that a large error of the
    /// critic does not shrink the policy's step; 0 switches it off. Default 0.5 (Huang et al. 2022,
    /// detail 11).
    pub gradient_norm_max: f32,
    /// An epoch whose mean KL divergence from the old policy is larger is the last one [nat]; 0
    /// switches it off. Default 0.03 (OpenAI Spinning Up stops at 1.5 times 0.01; here five heads add up).
    pub kl_target: f32,
    /// A KL divergence beyond this is divergence, and an error [nat]. Default 2.
    pub kl_limit: f32,
    /// How much of the running mean and deviation of returns is kept per iteration. Default 0.8
    /// (van Hasselt et al. 2016 rescale the critic with it, so outputs do not jump).
    pub return_memory: f64,
    /// How much of the running mean of the weights is kept per iteration; 0 = the weights themselves.
    /// Default 0.9.
    pub average_memory: f32,
    /// Hidden layers of the actor [units]: what runs on the device. Default [32, 32].
    pub actor_hidden: Vec<usize>,
    /// Hidden layers of the critic [units]: never leaves the host. Default [64, 64] (a wide critic
    /// helps and costs the device nothing: Andrychowicz et al. 2021, section 3.2).
    pub critic_hidden: Vec<usize>,
    /// How gradients are computed. Default `fused`.
    pub path: UpdatePath,
}

impl Default for PpoConfig {
    fn default() -> Self {
        Self {
            iterations: 200,
            epochs: 4,
            minibatch: 1024,
            learning_rate: 2e-3,
            learning_rate_end: 0.05,
            adam_epsilon: 1e-5,
            discount: 0.99,
            lambda: 0.95,
            clip: 0.2,
            value_clip: 0.0,
            value_weight: 0.5,
            entropy_weight: 0.001,
            entropy_weight_end: 0.0,
            gradient_norm_max: 0.5,
            kl_target: 0.03,
            kl_limit: 2.0,
            return_memory: 0.8,
            average_memory: 0.9,
            actor_hidden: vec![32, 32],
            critic_hidden: vec![64, 64],
            path: UpdatePath::Fused,
        }
    }
}

/// A setting is out of its range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("training setting `{name}` is {found}, but must be {expected}")]
pub struct BadSetting {
    /// The field.
    pub name: &'static str,
    /// Its value.
    pub found: String,
    /// What would be right.
    pub expected: &'static str,
}

impl PpoConfig {
    /// Checks every range.
    ///
    /// # Errors
    /// All settings that are out of range, at once.
    pub fn check(&self) -> Result<(), Vec<BadSetting>> {
        let mut bad = Vec::new();
        let mut need = |holds: bool, name, found: &dyn std::fmt::Debug, expected| {
            if !holds {
                bad.push(BadSetting { name, found: format!("{found:?}"), expected });
            }
        };
        let layers = |sizes: &[usize]| sizes.len() <= 8 && sizes.iter().all(|size| (1..=4096).contains(size));
        let share = |value: f64| (0.0..=1.0).contains(&value);
        let not_negative = |value: f32| value >= 0.0 && value.is_finite();
        need(self.iterations > 0, "iterations", &self.iterations, "1 or more");
        need((1..=1000).contains(&self.epochs), "epochs", &self.epochs, "1 to 1000");
        need(self.minibatch > 0, "minibatch", &self.minibatch, "1 or more");
        need(
            self.learning_rate > 0.0 && self.learning_rate < 1.0,
            "learning_rate",
            &self.learning_rate,
            "above 0 and below 1",
        );
        need(share(self.learning_rate_end), "learning_rate_end", &self.learning_rate_end, "0 to 1");
        need(
            self.adam_epsilon > 0.0 && self.adam_epsilon < 1.0,
            "adam_epsilon",
            &self.adam_epsilon,
            "above 0 and below 1",
        );
        need((0.0..1.0).contains(&self.discount), "discount", &self.discount, "0 or more and below 1");
        need(share(f64::from(self.lambda)), "lambda", &self.lambda, "0 to 1");
        need(self.clip > 0.0 && self.clip < 1.0, "clip", &self.clip, "above 0 and below 1");
        for (name, value) in [
            ("value_clip", self.value_clip),
            ("value_weight", self.value_weight),
            ("entropy_weight", self.entropy_weight),
            ("entropy_weight_end", self.entropy_weight_end),
            ("gradient_norm_max", self.gradient_norm_max),
            ("kl_target", self.kl_target),
        ] {
            need(not_negative(value), name, &value, "0 or more");
        }
        need(self.kl_limit > self.kl_target, "kl_limit", &self.kl_limit, "above kl_target");
        need((0.0..1.0).contains(&self.return_memory), "return_memory", &self.return_memory, "0 or more and below 1");
        need(
            (0.0..1.0).contains(&self.average_memory),
            "average_memory",
            &self.average_memory,
            "0 or more and below 1",
        );
        need(layers(&self.actor_hidden), "actor_hidden", &self.actor_hidden, "up to 8 layers of 1 to 4096 units");
        need(layers(&self.critic_hidden), "critic_hidden", &self.critic_hidden, "up to 8 layers of 1 to 4096 units");
        if bad.is_empty() { Ok(()) } else { Err(bad) }
    }

    /// The sizes of the network for so many features.
    #[must_use]
    pub fn model(&self, features: usize) -> ModelConfig {
        ModelConfig { features, actor_hidden: self.actor_hidden.clone(), critic_hidden: self.critic_hidden.clone() }
    }

    /// Step size of Adam in an iteration, counted from 0.
    #[must_use]
    pub fn learning_rate_at(&self, iteration: u32) -> f64 {
        self.learning_rate * (1.0 + (self.learning_rate_end - 1.0) * self.progress(iteration))
    }

    /// Weight of the entropy bonus in an iteration, counted from 0.
    #[must_use]
    pub fn entropy_weight_at(&self, iteration: u32) -> f32 {
        self.entropy_weight + (self.entropy_weight_end - self.entropy_weight) * self.progress(iteration) as f32
    }

    /// How far the run is, 0 to 1.
    fn progress(&self, iteration: u32) -> f64 {
        let share = f64::from(iteration) / f64::from(self.iterations.max(1));
        if share > 1.0 { 1.0 } else { share }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bad_settings_are_named_at_once() {
        assert_eq!(PpoConfig::default().check(), Ok(()));
        let bad =
            PpoConfig { clip: f32::NAN, discount: 1.0, minibatch: 0, actor_hidden: vec![0], ..PpoConfig::default() };
        let names: Vec<_> = bad.check().expect_err("four are bad").into_iter().map(|bad| bad.name).collect();
        assert_eq!(names, ["minibatch", "discount", "clip", "actor_hidden"]);
    }

    #[test]
    fn schedules_run_from_start_to_end() {
        let config = PpoConfig { iterations: 10, ..PpoConfig::default() };
        assert!((config.learning_rate_at(0) - 1e-3).abs() < 1e-12);
        assert!((config.learning_rate_at(99) - 1e-4).abs() < 1e-12);
        assert!((config.entropy_weight_at(5) - 0.0005).abs() < 1e-7);
    }

    #[test]
    fn a_settings_file_may_leave_fields_out_but_not_misspell_them() {
        let config: PpoConfig = toml::from_str("path = \"burn\"\nclip = 0.1").expect("parses");
        assert_eq!((config.path, config.clip, config.epochs), (UpdatePath::Burn, 0.1, 4));
        assert!(toml::from_str::<PpoConfig>("clipp = 0.1").is_err());
    }
}
