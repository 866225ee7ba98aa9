//! The same loss and gradient by hand: about three times as fast as autodiff on networks this small.
//!
//! Samples go through in tiles that stay in the second-level cache. Activations are
//! `[unit][sample of the tile]`, so that softmax and loss run over samples and vectorize, and the
//! matrix products go to the `gemm` crate.

use super::loss::{Minibatch, Network, Terms, Weights, k3};
use crate::model::heads::head_outputs;
use crate::model::kernels::{Order, dense, exponential, multiply, relu};
use crate::model::{FEATURE_SCALE, LayerShape};
use restock_core::action::{HEADS, OUTPUTS};

/// Samples in a tile: 300 activations of 4 bytes for each make 300 kB.
const TILE: usize = 256;

/// Working memory of the fused path; one per learner.
#[derive(Clone, Debug, Default)]
pub(super) struct Fused {
    /// Features as they were observed. Shape `[sample][feature]`.
    features: Vec<i8>,
    /// Dequantized features. Shape `[feature][sample]`.
    input: Vec<f32>,
    /// All else of the tile's samples.
    samples: Vec<Sample>,
    actor: Tape,
    critic: Tape,
    heads: Heads,
}

/// One sample but for its features; see [`Minibatch`].
#[derive(Clone, Copy, Debug)]
struct Sample {
    actions: [u8; HEADS],
    log_prob: f32,
    advantage: f32,
    target: f32,
    old_value: f32,
}

/// What the backward pass of one network needs of its forward pass.
#[derive(Clone, Debug, Default)]
struct Tape {
    /// Outputs of each layer, after ReLU but for the last. Shape of each `[unit][sample]`.
    outputs: Vec<Vec<f32>>,
    /// Derivative of the loss by a layer's output, and by its input. Shape `[unit][sample]`.
    delta: Vec<f32>,
    next_delta: Vec<f32>,
}

/// Softmax of all heads over a tile.
#[derive(Clone, Debug, Default)]
struct Heads {
    /// Shape `[OUTPUTS][sample]`; rows of masked choices are not written and never read.
    probability: Vec<f32>,
    /// Shape `[OUTPUTS][sample]`, likewise.
    log_probability: Vec<f32>,
    /// Shape `[head][sample]` [nat].
    entropy: Vec<f32>,
    /// Joint log-probability of the choices made. Shape `[sample]`.
    joint: Vec<f32>,
    /// Derivative of the loss by `joint`. Shape `[sample]`.
    slope: Vec<f32>,
}

impl Fused {
    /// Writes the gradient of the minibatch's mean loss and gives the sums of its terms.
    pub(super) fn gradient(
        &mut self,
        network: &Network<'_>,
        minibatch: &Minibatch<'_>,
        weights: &Weights,
        gradient: &mut [f32],
    ) -> Terms {
        gradient.fill(0.0);
        let share = 1.0 / minibatch.indices.len() as f32;
        let mut terms = Terms::default();
        for indices in minibatch.indices.chunks(TILE) {
            let tile = Minibatch { indices, ..*minibatch };
            self.gather(&tile);
            self.actor.forward(&network.layers.actor, network.parameters, &self.input, indices.len());
            self.critic.forward(&network.layers.critic, network.parameters, &self.input, indices.len());
            terms.add(&self.losses(network, weights, share));
            self.actor.backward(&network.layers.actor, network.parameters, &self.input, indices.len(), gradient);
            self.critic.backward(&network.layers.critic, network.parameters, &self.input, indices.len(), gradient);
        }
        terms
    }

    /// Fetches the tile's samples, dequantizes and transposes their features.
    ///
    /// They lie anywhere in a batch of megabytes: fetched one after another with nothing between, many misses of
    /// the cache are under way at once. Worked on where they lay, waiting for them took a quarter of an update.
    fn gather(&mut self, tile: &Minibatch<'_>) {
        let (count, samples) = (tile.batch.feature_count, tile.indices.len());
        self.features.resize(count * samples, 0);
        for (sample, &index) in self.features.chunks_exact_mut(count).zip(tile.indices) {
            sample.copy_from_slice(&tile.batch.features[index as usize * count..(index as usize + 1) * count]);
        }
        self.samples.clear();
        self.samples.extend(tile.indices.iter().map(|&index| {
            let index = index as usize;
            Sample {
                actions: tile.batch.actions[index],
                log_prob: tile.batch.log_prob[index],
                advantage: tile.advantage[index],
                target: tile.target[index],
                old_value: tile.old_value[index],
            }
        }));
        self.input.resize(count * samples, 0.0);
        for (feature, row) in self.input.chunks_exact_mut(samples).enumerate() {
            for (input, sample) in row.iter_mut().zip(self.features.chunks_exact(count)) {
                *input = f32::from(sample[feature]) * FEATURE_SCALE;
            }
        }
    }

    /// Losses of the tile; leaves the derivatives by logits and values in the tapes.
    fn losses(&mut self, network: &Network<'_>, weights: &Weights, share: f32) -> Terms {
        let samples = self.samples.len();
        let mut terms = Terms { samples: samples as f64, ..Terms::default() };
        let logits = self.actor.outputs.last().map_or(&[][..], |logits| &logits[..]);
        self.heads.softmax(logits, network, &self.samples);
        self.heads.slope.resize(samples, 0.0);
        self.critic.delta.resize(samples, 0.0);
        let values = self.critic.outputs.last().map_or(&[][..], |values| &values[..]);
        for (column, &Sample { log_prob, advantage, target, old_value: old, .. }) in self.samples.iter().enumerate() {
            let log_ratio = self.heads.joint[column] - log_prob;
            let ratio = exponential(log_ratio);
            // Schulman et al. 2017, eq. 7: beyond the clip range, what would gain gains nothing more.
            let (low, high) = (1.0 - weights.clip, 1.0 + weights.clip);
            let gains_nothing = (advantage > 0.0 && ratio > high) || (advantage < 0.0 && ratio < low);
            let bounded = if ratio > high {
                high
            } else if ratio < low {
                low
            } else {
                ratio
            };
            self.heads.slope[column] = if gains_nothing { 0.0 } else { -advantage * ratio * share };
            terms.policy -= f64::from(advantage * if gains_nothing { bounded } else { ratio });
            terms.kl += f64::from(k3(ratio, log_ratio));
            terms.clipped += f64::from(u8::from((ratio - 1.0).abs() > weights.clip));

            let value = values[column];
            let moved = value - old;
            let moved = if moved > weights.value_clip { weights.value_clip } else { moved };
            let moved = if moved < -weights.value_clip { -weights.value_clip } else { moved };
            let (error, moved_error) = (value - target, old + moved - target);
            // Where the clipped error is the larger, it does not depend on the value.
            let stuck = moved_error * moved_error > error * error && moved != value - old;
            self.critic.delta[column] = if stuck { 0.0 } else { weights.value * share * error };
            terms.value += 0.5 * f64::from(if stuck { moved_error * moved_error } else { error * error });
        }
        terms.entropy = self.heads.entropy.iter().copied().map(f64::from).sum();
        self.heads.derive(network, &self.samples, weights.entropy * share, &mut self.actor.delta);
        terms
    }
}

impl Heads {
    /// Probabilities, log-probabilities and entropies of every head, and the joint log-probability of
    /// the choices that were made.
    fn softmax(&mut self, logits: &[f32], network: &Network<'_>, tile: &[Sample]) {
        let samples = tile.len();
        self.probability.resize(OUTPUTS * samples, 0.0);
        self.log_probability.resize(OUTPUTS * samples, 0.0);
        self.entropy.clear();
        self.entropy.resize(HEADS * samples, 0.0);
        self.joint.clear();
        self.joint.resize(samples, 0.0);
        let row = |output: usize| output * samples..(output + 1) * samples;
        let mut largest = [0.0_f32; TILE];
        let mut sum = [0.0_f32; TILE];
        let (largest, sum) = (&mut largest[..samples], &mut sum[..samples]);
        for head in 0..HEADS {
            largest.fill(f32::NEG_INFINITY);
            sum.fill(0.0);
            for output in network.mask.allowed(head) {
                for (largest, &logit) in largest.iter_mut().zip(&logits[row(output)]) {
                    *largest = if logit > *largest { logit } else { *largest };
                }
            }
            for output in network.mask.allowed(head) {
                let weights = &mut self.probability[row(output)];
                for (((weight, sum), &largest), &logit) in
                    weights.iter_mut().zip(&mut *sum).zip(&*largest).zip(&logits[row(output)])
                {
                    *weight = exponential(logit - largest);
                    *sum += *weight;
                }
            }
            let entropy = &mut self.entropy[row(head)];
            for (largest, sum) in largest.iter_mut().zip(&mut *sum) {
                *largest += sum.ln(); // now the logarithm of the sum of exponentials
                *sum = 1.0 / *sum;
            }
            for output in network.mask.allowed(head) {
                let probabilities = self.probability[row(output)].iter_mut();
                let logs = self.log_probability[row(output)].iter_mut();
                let scales = sum.iter().zip(&*largest).zip(&logits[row(output)]);
                for (((probability, log), entropy), ((&scale, &total), &logit)) in
                    probabilities.zip(logs).zip(&mut *entropy).zip(scales)
                {
                    *probability *= scale;
                    *log = logit - total;
                    *entropy -= *probability * *log;
                }
            }
            let start = head_outputs(head).start;
            for (column, (joint, sample)) in self.joint.iter_mut().zip(tile).enumerate() {
                let output = start + usize::from(sample.actions[head]);
                *joint += self.log_probability[output * samples + column];
            }
        }
    }

    /// Derivative of the loss by every logit: with p the softmax and H the head's entropy,
    /// `slope * (1 if chosen - p) + entropy weight * p * (ln p + H)`; 0 for masked logits.
    fn derive(&self, network: &Network<'_>, tile: &[Sample], entropy_weight: f32, delta: &mut Vec<f32>) {
        let samples = tile.len();
        let row = |output: usize| output * samples..(output + 1) * samples;
        delta.clear();
        delta.resize(OUTPUTS * samples, 0.0);
        for head in 0..HEADS {
            for output in network.mask.allowed(head) {
                let softmax = self.probability[row(output)].iter().zip(&self.log_probability[row(output)]);
                let shared = self.slope.iter().zip(&self.entropy[row(head)]);
                for ((delta, (&probability, &log)), (&slope, &entropy)) in
                    delta[row(output)].iter_mut().zip(softmax).zip(shared)
                {
                    *delta = probability * (entropy_weight * (log + entropy) - slope);
                }
            }
            let start = head_outputs(head).start;
            for (column, (&slope, sample)) in self.slope.iter().zip(tile).enumerate() {
                delta[(start + usize::from(sample.actions[head])) * samples + column] += slope;
            }
        }
    }
}

impl Tape {
    fn forward(&mut self, layers: &[LayerShape], parameters: &[f32], input: &[f32], samples: usize) {
        self.outputs.resize(layers.len(), Vec::new());
        for (index, layer) in layers.iter().enumerate() {
            let (before, rest) = self.outputs.split_at_mut(index);
            let output = &mut rest[0];
            output.resize(layer.outputs * samples, 0.0);
            let input = before.last().map_or(input, |output| &output[..]);
            dense(&parameters[layer.weights.clone()], &parameters[layer.bias.clone()], input, samples, output);
            if index + 1 < layers.len() {
                relu(output);
            }
        }
    }

    /// Adds the gradient of the tile; `delta` holds the derivative by the last layer's output.
    fn backward(
        &mut self,
        layers: &[LayerShape],
        parameters: &[f32],
        input: &[f32],
        samples: usize,
        gradient: &mut [f32],
    ) {
        for (index, layer) in layers.iter().enumerate().rev() {
            let input = if index == 0 { input } else { &self.outputs[index - 1][..] };
            let delta = (&self.delta[..], Order::Straight);
            let sizes = [layer.outputs, samples, layer.inputs];
            multiply(&mut gradient[layer.weights.clone()], sizes, delta, (input, Order::Transposed), true);
            for (bias, row) in gradient[layer.bias.clone()].iter_mut().zip(self.delta.chunks_exact(samples)) {
                *bias += sum(row);
            }
            if index == 0 {
                return;
            }
            self.next_delta.resize(layer.inputs * samples, 0.0);
            let weights = (&parameters[layer.weights.clone()], Order::Transposed);
            multiply(&mut self.next_delta, [layer.inputs, layer.outputs, samples], weights, delta, false);
            for (delta, &output) in self.next_delta.iter_mut().zip(input) {
                *delta = if output > 0.0 { *delta } else { 0.0 };
            }
            std::mem::swap(&mut self.delta, &mut self.next_delta);
        }
    }
}

/// A sum in sixteen lanes, in a fixed order: it vectorizes, and its bits do not depend on how.
fn sum(numbers: &[f32]) -> f32 {
    let (chunks, rest) = numbers.as_chunks::<16>();
    let mut lanes = [0.0_f32; 16];
    for chunk in chunks {
        for (lane, number) in lanes.iter_mut().zip(chunk) {
            *lane += number;
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().sum::<f32>()
}
