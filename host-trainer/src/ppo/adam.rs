//! burn's Adam over the flat parameter vector of a learner.

use burn::optim::{Adam, AdamConfig, AdamState, AdaptiveMomentumState, Optimizer};
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// Adam and its moments.
#[derive(Clone)]
pub(super) struct Stepper {
    adam: Adam,
    state: Option<AdamState<1>>,
}

/// Moments of Adam, as plain numbers for a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// Steps taken.
    pub time: u64,
    /// Running mean of gradients; empty before the first step.
    pub first: Vec<f32>,
    /// Running mean of squared gradients; empty before the first step.
    pub second: Vec<f32>,
}

impl Stepper {
    pub(super) fn new(epsilon: f32) -> Self {
        Self { adam: AdamConfig::new().with_epsilon(epsilon).build(), state: None }
    }

    /// One step against the gradient.
    pub(super) fn step(&mut self, learning_rate: f64, parameters: &mut Vec<f32>, gradient: &[f32]) {
        let device = Device::flex();
        let weights = tensor(std::mem::take(parameters), &device); // [parameters]
        let gradient = tensor(gradient.to_vec(), &device); // [parameters]
        let (weights, state) = self.adam.step(learning_rate, weights, gradient, self.state.take());
        self.state = state;
        *parameters = floats(weights);
    }

    pub(super) fn moments(&self) -> Moments {
        self.state.as_ref().map_or_else(Moments::default, |state| Moments {
            time: state.momentum.time as u64,
            first: floats(state.momentum.moment_1.clone()),
            second: floats(state.momentum.moment_2.clone()),
        })
    }

    pub(super) fn restore(&mut self, moments: &Moments) {
        let device = Device::flex();
        self.state = (moments.time > 0).then(|| {
            let [first, second] = [&moments.first, &moments.second].map(|moment| tensor(moment.clone(), &device));
            AdamState::new(AdaptiveMomentumState::new(moments.time as usize, first, second))
        });
    }
}

fn tensor(numbers: Vec<f32>, device: &Device) -> Tensor<1> {
    let count = numbers.len();
    Tensor::from_data(TensorData::new(numbers, [count]), device)
}

fn floats(tensor: Tensor<1>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}
