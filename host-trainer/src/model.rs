//! The network of one node: an actor and a critic, shared by all of the node's products.
//!
//! ```text
//! x [features] -> ReLU -> ReLU -> logits [OUTPUTS]   actor: six discrete heads
//! x [features] -> ReLU -> ReLU -> value  [1]    critic: a network of its own
//! ```
//!
//! All weights of both networks are one flat vector, in the order of [`ModelConfig::layers`]: that
//! is what Adam steps, what a checkpoint holds and what a snapshot copies. [`ActorCritic`] is the
//! same network as a burn module (autodiff, other devices); [`FloatPolicy`] runs it without burn.

pub mod float_policy;
pub mod heads;
mod initial;
pub mod kernels;

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};
pub use float_policy::{FloatPolicy, LayerView, Scratch};
pub use heads::{HeadMask, argmax_actions, gather_row, sample_actions};
use restock_core::action::{Choice, OUTPUTS};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// What one unit of an `i8` feature is worth: features are fixed point with 5 fractional bits.
pub const FEATURE_SCALE: f32 = 1.0 / 32.0;

/// Sizes of an actor-critic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelConfig {
    /// Features of one observation of one product.
    pub features: usize,
    /// Hidden layers of the actor [units].
    pub actor_hidden: Vec<usize>,
    /// Hidden layers of the critic [units].
    pub critic_hidden: Vec<usize>,
}

/// Where one dense layer lies in the flat parameter vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerShape {
    /// Inputs.
    pub inputs: usize,
    /// Outputs.
    pub outputs: usize,
    /// Where the weights lie. Shape `[output][input]`.
    pub weights: Range<usize>,
    /// Where the biases lie. Shape `[output]`.
    pub bias: Range<usize>,
}

/// Where the layers of both networks lie in the flat parameter vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layers {
    /// The actor's, from input to output.
    pub actor: Vec<LayerShape>,
    /// The critic's, from input to output.
    pub critic: Vec<LayerShape>,
}

impl ModelConfig {
    /// The layers of both networks: the actor's first, then the critic's.
    #[must_use]
    pub fn layers(&self) -> Layers {
        let mut offset = 0;
        let mut chain = |hidden: &[usize], outputs: usize| {
            let mut inputs = self.features;
            let sizes = hidden.iter().copied().chain([outputs]);
            sizes
                .map(|outputs| {
                    let weights = offset..offset + inputs * outputs;
                    let bias = weights.end..weights.end + outputs;
                    offset = bias.end;
                    LayerShape { inputs: std::mem::replace(&mut inputs, outputs), outputs, weights, bias }
                })
                .collect::<Vec<_>>()
        };
        Layers { actor: chain(&self.actor_hidden, OUTPUTS), critic: chain(&self.critic_hidden, 1) }
    }

    /// Fresh parameters under which the actor makes one choice, with some exploration around it, and the critic says
    /// 0: a choice that was found, with little, else the textbook's, with more. The same seed gives the same bits
    /// on every target.
    #[must_use]
    pub fn initial_parameters(&self, found: Option<Choice>, seed: u64) -> Vec<f32> {
        initial::parameters(self, found, seed)
    }
}

impl Layers {
    /// The actor's parameters in the flat vector.
    #[must_use]
    pub fn actor_range(&self) -> Range<usize> {
        0..self.actor.last().map_or(0, |layer| layer.bias.end)
    }

    /// The critic's parameters in the flat vector.
    #[must_use]
    pub fn critic_range(&self) -> Range<usize> {
        self.actor_range().end..self.parameters()
    }

    /// Length of the flat parameter vector.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.critic.last().map_or(0, |layer| layer.bias.end)
    }

    /// All layers in parameter order.
    pub fn all(&self) -> impl Iterator<Item = &LayerShape> {
        self.actor.iter().chain(&self.critic)
    }
}

/// Dense layers with ReLU between them.
#[derive(Module, Debug)]
pub struct Perceptron {
    layers: Vec<Linear>,
}

impl Perceptron {
    fn from_parameters(shapes: &[LayerShape], parameters: &[f32], device: &Device) -> Self {
        let linear = |shape: &LayerShape| {
            let weights = TensorData::new(parameters[shape.weights.clone()].to_vec(), [shape.outputs, shape.inputs]);
            let bias = TensorData::new(parameters[shape.bias.clone()].to_vec(), [shape.outputs]);
            // burn's Linear computes x W + b with W of shape [input, output].
            let weights: Tensor<2> = Tensor::from_data(weights, device).transpose();
            Linear { weight: Param::from_tensor(weights), bias: Some(Param::from_data(bias, device)) }
        };
        Self { layers: shapes.iter().map(linear).collect() }
    }

    /// `[batch, input]` to `[batch, output]`.
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        let mut hidden = input; // [batch, features]
        for (index, layer) in self.layers.iter().enumerate() {
            if index > 0 {
                hidden = relu(hidden);
            }
            hidden = layer.forward(hidden); // [batch, layer output]
        }
        hidden
    }
}

/// Actor and critic as a burn module.
#[derive(Module, Debug)]
pub struct ActorCritic {
    actor: Perceptron,
    critic: Perceptron,
}

impl ActorCritic {
    /// The network with the given flat parameters.
    #[must_use]
    pub fn from_parameters(config: &ModelConfig, parameters: &[f32], device: &Device) -> Self {
        let layers = config.layers();
        Self {
            actor: Perceptron::from_parameters(&layers.actor, parameters, device),
            critic: Perceptron::from_parameters(&layers.critic, parameters, device),
        }
    }

    /// Logits `[batch, OUTPUTS]` and normalized values `[batch, 1]` of features `[batch, features]`.
    #[must_use]
    pub fn forward(&self, features: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let logits = self.actor.forward(features.clone()); // [batch, OUTPUTS]
        let value = self.critic.forward(features); // [batch, 1]
        (logits, value)
    }

    /// The layers in parameter order.
    pub(crate) fn linears(&self) -> impl Iterator<Item = &Linear> {
        self.actor.layers.iter().chain(&self.critic.layers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use restock_core::action::Choice;

    pub(crate) fn config() -> ModelConfig {
        ModelConfig { features: 28, actor_hidden: vec![32, 32], critic_hidden: vec![64, 64] }
    }

    #[test]
    fn layers_tile_the_parameter_vector() {
        let layers = config().layers();
        let mut end = 0;
        for layer in layers.all() {
            assert_eq!(layer.weights.start, end);
            assert_eq!(layer.weights.len(), layer.inputs * layer.outputs);
            assert_eq!((layer.bias.start, layer.bias.len()), (layer.weights.end, layer.outputs));
            end = layer.bias.end;
        }
        assert_eq!(end, layers.parameters());
        assert_eq!(layers.actor_range().len() + layers.critic_range().len(), end);
    }

    #[test]
    fn a_fresh_actor_is_the_textbook_rule() {
        let policy = FloatPolicy::new(config(), config().initial_parameters(None, 5), HeadMask::all());
        let columns: Vec<i8> = (0..28 * 7).map(|i| (i * 37 % 251) as u8 as i8).collect();
        let mut scratch = Scratch::default();
        let logits = policy.logits(&columns, 7, &mut scratch);
        for product in 0..7 {
            let row = heads::gather_row(logits, 7, product);
            assert_eq!(argmax_actions(&row, &HeadMask::all()), Choice::TEXTBOOK.heads());
        }
    }

    #[test]
    fn the_float_path_agrees_with_burn() {
        let config = config();
        // Random biases too: a fresh network has zeros there and would hide a mistake.
        let parameters: Vec<f32> = config
            .initial_parameters(None, 1)
            .iter()
            .enumerate()
            .map(|(i, w)| w + ((i * 31 % 97) as f32 - 48.0) / 500.0)
            .collect();
        let products = 53;
        let columns: Vec<i8> = (0..28 * products).map(|i| (i * 73 % 256) as u8 as i8).collect();
        let mut policy = FloatPolicy::new(config.clone(), parameters.clone(), HeadMask::all());
        (policy.value_mean, policy.value_deviation) = (2.0, 3.0);

        let device = Device::flex();
        let floats: Vec<f32> = columns.iter().map(|&x| f32::from(x) * FEATURE_SCALE).collect();
        let features: Tensor<2> = Tensor::from_data(TensorData::new(floats, [28, products]), &device).transpose();
        let (logits, values) = ActorCritic::from_parameters(&config, &parameters, &device).forward(features);
        let logits: Vec<f32> = logits.transpose().into_data().iter::<f32>().collect(); // [OUTPUTS][products]
        let values: Vec<f32> = values.into_data().iter::<f32>().collect();

        let mut scratch = Scratch::default();
        for (ours, burns) in policy.logits(&columns, products, &mut scratch).iter().zip(&logits) {
            assert!((ours - burns).abs() < 1e-4, "{ours} {burns}");
        }
        for (ours, burns) in policy.values(&columns, products, &mut scratch).iter().zip(&values) {
            assert!((ours - (2.0 + 3.0 * burns)).abs() < 1e-4, "{ours} {burns}");
        }
    }
}
