//! Running mean and deviation of returns: the critic learns in these units, whatever money is worth.

use crate::model::Layers;
use serde::{Deserialize, Serialize};

/// Returns below this deviation are treated as constant [reward].
const DEVIATION_MIN: f64 = 1e-4;

/// Exponentially weighted mean and mean square of the returns of past iterations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReturnScale {
    mean: f64,
    square: f64,
    /// Sum of the weights so far: 0 before the first iteration, towards 1 after many.
    weight: f64,
}

impl ReturnScale {
    /// What the critic's 0 means [reward].
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.weight > 0.0 { self.mean / self.weight } else { 0.0 }
    }

    /// What one unit of the critic's output means [reward].
    #[must_use]
    pub fn deviation(&self) -> f64 {
        if self.weight == 0.0 {
            return 1.0;
        }
        let variance = self.square / self.weight - self.mean() * self.mean();
        let deviation = if variance > 0.0 { variance.sqrt() } else { 0.0 };
        if deviation > DEVIATION_MIN { deviation } else { DEVIATION_MIN }
    }

    /// Whether no iteration was seen yet.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.weight == 0.0
    }

    /// Takes in the returns of one iteration; `memory` is how much of the past is kept.
    pub fn observe(&mut self, returns: &[f32], memory: f64) {
        let count = returns.len() as f64;
        let mean = returns.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
        let square = returns.iter().map(|&value| f64::from(value) * f64::from(value)).sum::<f64>() / count;
        self.mean = memory * self.mean + (1.0 - memory) * mean;
        self.square = memory * self.square + (1.0 - memory) * square;
        self.weight = memory * self.weight + (1.0 - memory);
    }

    /// Rescales the critic's last layer so that its values in money stay what they were under `old`
    /// (van Hasselt et al. 2016, "Learning values across many orders of magnitude", eq. 7).
    pub fn preserve_values(&self, old: &Self, layers: &Layers, parameters: &mut [f32]) {
        let Some(last) = layers.critic.last() else { return };
        let scale = old.deviation() / self.deviation();
        let shift = (old.mean() - self.mean()) / self.deviation();
        for weight in &mut parameters[last.weights.clone()] {
            *weight = (f64::from(*weight) * scale) as f32;
        }
        for bias in &mut parameters[last.bias.clone()] {
            *bias = (f64::from(*bias) * scale + shift) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FloatPolicy, HeadMask, ModelConfig, Scratch};

    #[test]
    fn the_mean_is_weighted_towards_the_present() {
        let mut scale = ReturnScale::default();
        assert_eq!((scale.mean(), scale.deviation()), (0.0, 1.0));
        scale.observe(&[1.0, 3.0], 0.5);
        assert_eq!((scale.mean(), scale.deviation()), (2.0, 1.0));
        scale.observe(&[8.0, 8.0], 0.5);
        assert!((scale.mean() - 6.0).abs() < 1e-12);
    }

    #[test]
    fn values_in_money_survive_a_new_scale() {
        let config = ModelConfig { features: 4, actor_hidden: vec![3], critic_hidden: vec![5] };
        let layers = config.layers();
        let mut parameters: Vec<f32> = (0..layers.parameters()).map(|i| ((i * 7 % 11) as f32 - 5.0) / 4.0).collect();
        let (mut old, mut new) = (ReturnScale::default(), ReturnScale::default());
        old.observe(&[-4.0, 10.0], 0.9);
        new.observe(&[100.0, 400.0], 0.9);
        let values = |parameters: &[f32], scale: &ReturnScale| {
            let mut policy = FloatPolicy::new(config.clone(), parameters.to_vec(), HeadMask::all());
            (policy.value_mean, policy.value_deviation) = (scale.mean() as f32, scale.deviation() as f32);
            policy.values(&[10, -20, 30, 40, -50, 60, 70, 80], 2, &mut Scratch::default()).to_vec()
        };
        let before = values(&parameters, &old);
        new.preserve_values(&old, &layers, &mut parameters);
        for (after, before) in values(&parameters, &new).iter().zip(before) {
            assert!((after - before).abs() < 1e-3, "{after} {before}");
        }
    }
}
