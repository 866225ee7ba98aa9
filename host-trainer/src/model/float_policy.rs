//! A snapshot of a learner that runs without burn: what rollouts, evaluation and the quantizer use.

use super::kernels::{dense, relu};
use super::{FEATURE_SCALE, HeadMask, LayerShape, Layers, ModelConfig};
use serde::{Deserialize, Serialize};

/// Actor and critic with their weights copied out, as plain floats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct FloatPolicy {
    config: ModelConfig,
    layers: Layers,
    parameters: Vec<f32>,
    /// Which choices this node has.
    pub mask: HeadMask,
    /// What the critic's 0 means [reward].
    pub value_mean: f32,
    /// What one unit of the critic's output means [reward].
    pub value_deviation: f32,
}

/// What of a policy is stored; the rest follows.
#[derive(Serialize, Deserialize)]
struct Stored {
    config: ModelConfig,
    parameters: Vec<f32>,
    mask: HeadMask,
    value_mean: f32,
    value_deviation: f32,
}

impl TryFrom<Stored> for FloatPolicy {
    type Error = String;
    fn try_from(stored: Stored) -> Result<Self, String> {
        let Stored { config, parameters, mask, value_mean, value_deviation } = stored;
        let layers = config.layers();
        if parameters.len() != layers.parameters() {
            return Err(format!(
                "a policy of {} parameters where its sizes ask for {}",
                parameters.len(),
                layers.parameters()
            ));
        }
        Ok(Self { config, layers, parameters, mask, value_mean, value_deviation })
    }
}

impl From<FloatPolicy> for Stored {
    fn from(policy: FloatPolicy) -> Self {
        let FloatPolicy { config, layers: _, parameters, mask, value_mean, value_deviation } = policy;
        Self { config, parameters, mask, value_mean, value_deviation }
    }
}

/// One dense layer of a policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerView<'a> {
    /// Inputs.
    pub inputs: usize,
    /// Outputs.
    pub outputs: usize,
    /// Shape `[output][input]`.
    pub weights: &'a [f32],
    /// Shape `[output]`.
    pub bias: &'a [f32],
}

impl LayerView<'_> {
    /// What comes out for one row of inputs, before ReLU.
    #[must_use]
    pub fn outputs_of(&self, inputs: &[f32]) -> Vec<f32> {
        let rows = self.weights.chunks_exact(self.inputs).zip(self.bias);
        rows.map(|(row, bias)| bias + row.iter().zip(inputs).map(|(w, x)| w * x).sum::<f32>()).collect()
    }
}

/// Working memory of a forward pass: keep one per thread and pass it again.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    buffers: [Vec<f32>; 2],
}

impl FloatPolicy {
    /// A policy with the given flat parameters; its values are in the critic's own units.
    ///
    /// # Panics
    /// If there are not as many parameters as the sizes ask for.
    #[must_use]
    pub fn new(config: ModelConfig, parameters: Vec<f32>, mask: HeadMask) -> Self {
        let layers = config.layers();
        assert_eq!(parameters.len(), layers.parameters(), "as many parameters as the layers hold");
        Self { config, layers, parameters, mask, value_mean: 0.0, value_deviation: 1.0 }
    }

    /// The sizes.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Both networks' parameters, flat.
    #[must_use]
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// The actor's layers, from input to output.
    pub fn actor_layers(&self) -> impl Iterator<Item = LayerView<'_>> {
        self.layers.actor.iter().map(|shape| self.view(shape))
    }

    /// The critic's layers, from input to output.
    pub fn critic_layers(&self) -> impl Iterator<Item = LayerView<'_>> {
        self.layers.critic.iter().map(|shape| self.view(shape))
    }

    /// Logits of a row of products. Input `[feature][product]`, result `[OUTPUTS][product]`; masked
    /// outputs have logits too: mask them when choosing.
    ///
    /// # Panics
    /// If `columns` is not features by products.
    pub fn logits<'s>(&self, columns: &[i8], products: usize, scratch: &'s mut Scratch) -> &'s [f32] {
        self.forward(&self.layers.actor, columns, products, scratch)
    }

    /// Values of a row of products [reward]. Input `[feature][product]`, result `[product]`.
    ///
    /// # Panics
    /// If `columns` is not features by products.
    pub fn values<'s>(&self, columns: &[i8], products: usize, scratch: &'s mut Scratch) -> &'s [f32] {
        let values = self.forward(&self.layers.critic, columns, products, scratch);
        for value in &mut *values {
            *value = self.value_mean + self.value_deviation * *value;
        }
        values
    }

    fn view(&self, shape: &LayerShape) -> LayerView<'_> {
        LayerView {
            inputs: shape.inputs,
            outputs: shape.outputs,
            weights: &self.parameters[shape.weights.clone()],
            bias: &self.parameters[shape.bias.clone()],
        }
    }

    fn forward<'s>(
        &self,
        layers: &[LayerShape],
        columns: &[i8],
        products: usize,
        scratch: &'s mut Scratch,
    ) -> &'s mut [f32] {
        assert_eq!(columns.len(), self.config.features * products, "one column of features per product");
        let [current, next] = &mut scratch.buffers;
        current.clear();
        current.extend(columns.iter().map(|&feature| f32::from(feature) * FEATURE_SCALE));
        for (index, layer) in layers.iter().enumerate() {
            if index > 0 {
                relu(current);
            }
            next.resize(layer.outputs * products, 0.0);
            dense(
                &self.parameters[layer.weights.clone()],
                &self.parameters[layer.bias.clone()],
                current,
                products,
                next,
            );
            std::mem::swap(current, next);
        }
        current
    }
}
