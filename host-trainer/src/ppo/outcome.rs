//! How an update went, well or badly.

use super::config::BadSetting;
use super::loss::Terms;
use serde::{Deserialize, Serialize};

/// How one update went. All but the counts are means over the samples of the last epoch, unless
/// said otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UpdateStats {
    /// Clipped surrogate, negated.
    pub policy_loss: f64,
    /// Half the squared error of the critic [variance of returns].
    pub value_loss: f64,
    /// Joint entropy of the heads [nat].
    pub entropy: f64,
    /// KL divergence of the old policy from the new one, k3 [nat].
    pub approximate_kl: f64,
    /// Share of samples whose probability ratio left the clip range.
    pub clip_fraction: f64,
    /// Share of the returns' variance that the critic explained before the update: 1 is perfect, 0
    /// is no better than the mean.
    pub explained_variance: f64,
    /// Mean norm of the actor's gradient before clipping.
    pub actor_gradient_norm: f64,
    /// Mean norm of the critic's gradient before clipping.
    pub critic_gradient_norm: f64,
    /// Mean reward of the batch [reward per stockpoint-day].
    pub reward_mean: f64,
    /// Mean of the returns [reward], running over iterations.
    pub return_mean: f64,
    /// Standard deviation of the returns [reward], running over iterations.
    pub return_deviation: f64,
    /// Step size of Adam.
    pub learning_rate: f64,
    /// Weight of the entropy bonus.
    pub entropy_weight: f64,
    /// Epochs done: fewer than asked for if the policy moved far enough.
    pub epochs: u32,
    /// Gradient steps done.
    pub steps: u32,
    /// Samples of the batch.
    pub samples: u64,
}

impl PpoError {
    /// Whether learning went wrong, rather than what was given to it.
    #[must_use]
    pub fn is_divergence(&self) -> bool {
        matches!(self, Self::NotFinite { .. } | Self::KlExploded { .. })
    }
}

/// An update that did not happen: the learner is as it was before.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PpoError {
    /// A setting is out of range.
    #[error("learner `{learner}`: {}", .settings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Settings {
        /// The node's name.
        learner: String,
        /// All of them.
        settings: Vec<BadSetting>,
    },
    /// The batch can't be learned from.
    #[error("learner `{learner}`, iteration {iteration}: bad batch: {complaint}")]
    Batch {
        /// The node's name.
        learner: String,
        /// The iteration.
        iteration: u32,
        /// What is wrong.
        complaint: String,
    },
    /// A loss, a gradient or a weight became infinite or NaN.
    #[error(
        "learner `{learner}` diverged in iteration {iteration}: {what} is no longer finite; weights are as before the \
         update; try a smaller learning rate or scale rewards down"
    )]
    NotFinite {
        /// The node's name.
        learner: String,
        /// The iteration.
        iteration: u32,
        /// Which number.
        what: &'static str,
    },
    /// The policy jumped.
    #[error(
        "learner `{learner}` diverged in iteration {iteration}: the policy moved {found:.3} nat, the limit is \
         {limit:.3}; weights are as before the update; try a smaller learning rate or fewer epochs"
    )]
    KlExploded {
        /// The node's name.
        learner: String,
        /// The iteration.
        iteration: u32,
        /// Mean KL divergence of one gradient step's minibatch [nat].
        found: f64,
        /// What was allowed [nat].
        limit: f64,
    },
    /// A checkpoint's numbers do not fit together.
    #[error("learner `{learner}`: the saved state holds {found} {what}, the network needs {expected}")]
    State {
        /// The node's name.
        learner: String,
        /// Which numbers.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there must be.
        expected: usize,
    },
}

impl UpdateStats {
    /// Takes over the means of one epoch.
    pub(super) fn record(&mut self, terms: &Terms) {
        self.policy_loss = terms.mean(terms.policy);
        self.value_loss = terms.mean(terms.value);
        self.entropy = terms.mean(terms.entropy);
        self.approximate_kl = terms.mean(terms.kl);
        self.clip_fraction = terms.mean(terms.clipped);
    }
}
