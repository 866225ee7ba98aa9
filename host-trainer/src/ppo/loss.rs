//! What both update paths compute: the loss of one minibatch, and its gradient.

use super::batch::Batch;
use crate::model::{HeadMask, Layers, ModelConfig};

/// One minibatch: which samples of a batch, with what they are worth.
#[derive(Clone, Copy, Debug)]
pub(super) struct Minibatch<'a> {
    /// The samples.
    pub(super) batch: &'a Batch,
    /// Normalized advantages. Shape `[sample of the batch]`.
    pub(super) advantage: &'a [f32],
    /// What the critic should say [its own units]. Shape `[sample of the batch]`.
    pub(super) target: &'a [f32],
    /// What the critic said before the update [its own units]. Shape `[sample of the batch]`.
    pub(super) old_value: &'a [f32],
    /// The minibatch's samples.
    pub(super) indices: &'a [u32],
}

/// Clip ranges and weights of the terms of the loss.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights {
    /// Clip range of the probability ratio.
    pub(super) clip: f32,
    /// Clip range of the value [critic's units]; infinite if values are not clipped.
    pub(super) value_clip: f32,
    /// Weight of the value loss.
    pub(super) value: f32,
    /// Weight of the entropy bonus.
    pub(super) entropy: f32,
}

/// The network whose loss it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Network<'a> {
    pub(super) config: &'a ModelConfig,
    pub(super) layers: &'a Layers,
    pub(super) parameters: &'a [f32],
    pub(super) mask: HeadMask,
}

/// Terms of the loss: sums over the samples of a minibatch, or of several.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Terms {
    /// Clipped surrogate, negated.
    pub(super) policy: f64,
    /// Half the squared error of the critic [its own units, squared].
    pub(super) value: f64,
    /// Joint entropy of the heads [nat].
    pub(super) entropy: f64,
    /// KL divergence from the old policy, k3 [nat].
    pub(super) kl: f64,
    /// Samples whose ratio left the clip range.
    pub(super) clipped: f64,
    /// Samples.
    pub(super) samples: f64,
}

impl Terms {
    pub(super) fn add(&mut self, other: &Self) {
        self.policy += other.policy;
        self.value += other.value;
        self.entropy += other.entropy;
        self.kl += other.kl;
        self.clipped += other.clipped;
        self.samples += other.samples;
    }

    /// Per-sample mean of one of the terms.
    pub(super) fn mean(&self, term: f64) -> f64 {
        term / self.samples
    }

    pub(super) fn is_finite(&self) -> bool {
        [self.policy, self.value, self.entropy, self.kl].iter().all(|term| term.is_finite())
    }
}

/// KL divergence of the old policy from the new one at one sample [nat]: the k3 estimator,
/// unbiased and never negative (Schulman 2020, "Approximating KL divergence").
#[inline(always)]
pub(super) fn k3(ratio: f32, log_ratio: f32) -> f32 {
    (ratio - 1.0) - log_ratio
}
