//! The loss in burn's tensors, differentiated by burn: short, slow, and what the fused path must equal.

use super::loss::{Minibatch, Network, Terms, Weights, k3};
use crate::model::heads::head_outputs;
use crate::model::{ActorCritic, FEATURE_SCALE};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use restock_core::action::HEADS;

/// A masked choice's logit is lowered by this: its probability is 0 to the last bit.
const MASKED: f32 = -1e9;

/// Writes the gradient of the minibatch's mean loss and gives the sums of its terms.
pub(super) fn gradient(
    network: &Network<'_>,
    minibatch: &Minibatch<'_>,
    weights: &Weights,
    gradient: &mut [f32],
) -> Terms {
    let device = Device::flex().autodiff();
    let samples = minibatch.indices.len();
    let column = |numbers: &dyn Fn(usize) -> f32| -> Tensor<2> {
        let data: Vec<f32> = minibatch.indices.iter().map(|&index| numbers(index as usize)).collect();
        Tensor::from_data(TensorData::new(data, [samples, 1]), &device) // [batch, 1]
    };
    let batch = minibatch.batch;
    let old_log_prob = column(&|index| batch.log_prob[index]);
    let advantage = column(&|index| minibatch.advantage[index]);
    let target = column(&|index| minibatch.target[index]);
    let old_value = column(&|index| minibatch.old_value[index]);

    let model = ActorCritic::from_parameters(network.config, network.parameters, &device);
    let (logits, value) = model.forward(features(minibatch, &device)); // [batch, OUTPUTS], [batch, 1]

    let mut log_prob: Tensor<2> = Tensor::zeros([samples, 1], &device); // [batch, 1]
    let mut entropy: Tensor<2> = Tensor::zeros([samples, 1], &device); // [batch, 1]
    for head in 0..HEADS {
        let outputs = head_outputs(head);
        let masked: Vec<f32> =
            outputs.clone().map(|output| if network.mask.allows(output) { 0.0 } else { MASKED }).collect();
        let masked: Tensor<2> = Tensor::from_data(TensorData::new(masked, [1, outputs.len()]), &device); // [1, choices]
        let actions: Vec<i64> =
            minibatch.indices.iter().map(|&index| i64::from(batch.actions[index as usize][head])).collect();
        let actions: Tensor<2, Int> = Tensor::from_data(TensorData::new(actions, [samples, 1]), &device); // [batch, 1]
        let log_probs = log_softmax(logits.clone().slice([0..samples, outputs]) + masked, 1); // [batch, choices]
        log_prob = log_prob + log_probs.clone().gather(1, actions);
        entropy = entropy - (log_probs.clone().exp() * log_probs).sum_dim(1);
    }

    // Schulman et al. 2017, eq. 7.
    let log_ratio = log_prob - old_log_prob; // [batch, 1]
    let ratio = log_ratio.clone().exp();
    let clipped = ratio.clone().clamp(1.0 - weights.clip, 1.0 + weights.clip);
    let policy = (advantage.clone() * ratio.clone()).min_pair(advantage * clipped).neg();

    // The larger of the two errors: a value gains nothing by leaving the clip range.
    let moved = (value.clone() - old_value.clone()).clamp(-weights.value_clip, weights.value_clip) + old_value;
    let value = (value - target.clone()).square().max_pair((moved - target).square()) * 0.5;

    let loss = (policy.clone() + value.clone() * weights.value - entropy.clone() * weights.entropy).mean();
    let gradients = loss.backward();
    for (linear, shape) in model.linears().zip(network.layers.all()) {
        let weight = linear.weight.val().grad(&gradients).map(|gradient| gradient.transpose());
        write(weight, &mut gradient[shape.weights.clone()]);
        let bias = linear.bias.as_ref().and_then(|bias| bias.val().grad(&gradients));
        write(bias, &mut gradient[shape.bias.clone()]);
    }

    let sum = |tensor: Tensor<2>| floats(tensor).into_iter().map(f64::from).sum::<f64>();
    let ratios: Vec<(f32, f32)> = floats(ratio).into_iter().zip(floats(log_ratio)).collect();
    Terms {
        policy: sum(policy),
        value: sum(value),
        entropy: sum(entropy),
        kl: ratios.iter().map(|&(ratio, log_ratio)| f64::from(k3(ratio, log_ratio))).sum(),
        clipped: ratios.iter().filter(|(ratio, _)| (ratio - 1.0).abs() > weights.clip).count() as f64,
        samples: samples as f64,
    }
}

/// Features of the minibatch, dequantized. Shape `[batch, features]`.
fn features(minibatch: &Minibatch<'_>, device: &Device) -> Tensor<2> {
    let count = minibatch.batch.feature_count;
    let mut data = Vec::with_capacity(minibatch.indices.len() * count);
    for &index in minibatch.indices {
        let sample = &minibatch.batch.features[index as usize * count..(index as usize + 1) * count];
        data.extend(sample.iter().map(|&feature| f32::from(feature) * FEATURE_SCALE));
    }
    Tensor::from_data(TensorData::new(data, [minibatch.indices.len(), count]), device)
}

/// A gradient's numbers; a parameter that the loss does not reach has a gradient of 0.
fn write<const D: usize>(tensor: Option<Tensor<D>>, target: &mut [f32]) {
    match tensor {
        Some(tensor) => target.copy_from_slice(&floats(tensor)),
        None => target.fill(0.0),
    }
}

/// The numbers of a tensor.
fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}
