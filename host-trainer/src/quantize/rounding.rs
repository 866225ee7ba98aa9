//! One layer in int8: which way each weight is rounded so that, on the calibration observations, the outputs
//! stay where they were.
//!
//! Rounding every weight to the nearest step is not the best that can be done: an error of one weight can be made
//! good by the others, as inputs are correlated, and by the bias. Weights are rounded one after another, and what
//! an error does to the outputs is spread over those still to come (Frantar et al. 2023, *GPTQ*, algorithm 1; the
//! idea is Hassibi and Stork's 1993, *Optimal brain surgeon*). The layer is fitted to what its inputs are in int8,
//! so that errors of the layers before are made good too.

use super::{BIAS_MAX, LayerView, MULTIPLIER_MAX, OwnedLayer};
use nalgebra::{DMatrix, DVector};

/// How much weights hold on to what they were against fitting the calibration observations: a share of the mean
/// variance of the inputs. It decides where the observations say nothing, and off them.
const HOLD: f64 = 0.1;

/// What a layer is fitted to. Rows are calibration observations.
pub(super) struct Seen<'a> {
    /// Inputs as bytes. Shape `[sample][input]`.
    pub bytes: &'a [Vec<i8>],
    /// What a step of each input is worth. Shape `[input]`.
    pub steps: &'a [f64],
    /// Outputs of the float network, before ReLU. Shape `[sample][output]`.
    pub outputs: &'a [Vec<f32>],
}

/// A layer on the grid of its weights, before the step of its outputs is chosen.
pub(super) struct Rounded {
    weights: Vec<i8>,
    biases: Vec<i32>,
    /// What a unit of an accumulator is worth. Shape `[output]`.
    accumulator_steps: Vec<f64>,
}

/// Rounds a layer.
pub(super) fn round(layer: &LayerView<'_>, seen: &Seen<'_>) -> Rounded {
    let inputs = layer.inputs;
    let samples = seen.bytes.len() as f64;
    let mut center = DVector::zeros(inputs);
    for row in seen.bytes {
        row.iter().zip(center.iter_mut()).for_each(|(&byte, sum)| *sum += f64::from(byte) / samples);
    }
    let about_center = DMatrix::from_fn(seen.bytes.len(), inputs, |s, i| f64::from(seen.bytes[s][i]) - center[i]);
    let mut curvature = about_center.transpose() * &about_center / samples;
    let hold = (HOLD * curvature.trace() / inputs.max(1) as f64).max(1e-6);
    for i in 0..inputs {
        curvature[(i, i)] += hold;
    }
    // Never none: positive semidefinite with something added to its diagonal.
    let Some(inverse) = curvature.cholesky().map(|c| c.inverse()) else { unreachable!("a covariance has a root") };
    // Row i of the upper root of the inverse says how an error of weight i is spread over those after it.
    let Some(root) = inverse.clone().cholesky().map(|c| c.l().transpose()) else {
        unreachable!("the inverse of a positive matrix is one")
    };

    let mut rounded = Rounded { weights: Vec::new(), biases: Vec::new(), accumulator_steps: Vec::new() };
    for o in 0..layer.outputs {
        // In units of a step of each input.
        let own = &layer.weights[o * inputs..(o + 1) * inputs];
        let own = DVector::from_iterator(inputs, own.iter().zip(seen.steps).map(|(&w, step)| f64::from(w) * step));
        let mean = seen.outputs.iter().map(|y| f64::from(y[o])).sum::<f64>() / samples;
        // The weights that fit best what int8 sees, held to what they were.
        let outputs = DVector::from_iterator(seen.outputs.len(), seen.outputs.iter().map(|y| f64::from(y[o]) - mean));
        let wanted = &inverse * (about_center.tr_mul(&outputs) / samples + &own * hold);
        rounded.add(wanted, mean, &center, &root);
    }
    rounded
}

impl Rounded {
    /// Rounds the weights of one output, one after another.
    fn add(&mut self, mut wanted: DVector<f64>, mean: f64, center: &DVector<f64>, root: &DMatrix<f64>) {
        let inputs = wanted.len();
        // Coarse enough for the bias too, which is an integer of the accumulator.
        let bias = mean - wanted.dot(center);
        let step = (wanted.amax() / 127.0).max(bias.abs() * 1.01 / f64::from(BIAS_MAX)).max(1e-30);
        let mut bias = mean;
        for i in 0..inputs {
            let byte = (wanted[i] / step).round().clamp(-127.0, 127.0);
            let error = (wanted[i] - byte * step) / root[(i, i)];
            for later in i + 1..inputs {
                wanted[later] -= error * root[(i, later)];
            }
            bias -= byte * step * center[i];
            self.weights.push(byte as i8);
        }
        self.biases.push((bias / step).round().clamp(-f64::from(BIAS_MAX), f64::from(BIAS_MAX)) as i32);
        self.accumulator_steps.push(step);
    }

    /// The finest step from `wanted` on that the multipliers of all outputs can hold.
    pub(super) fn common_step(&self, wanted: f64) -> f64 {
        self.accumulator_steps.iter().fold(wanted, |step, own| step.max(own / MULTIPLIER_MAX))
    }

    /// The layer with outputs in these steps, made coarser where the format's multipliers ask for it; and the steps.
    pub(super) fn with_output_steps(self, inputs: usize, steps: &[f64]) -> (OwnedLayer, Vec<f64>) {
        let steps: Vec<f64> =
            steps.iter().zip(&self.accumulator_steps).map(|(step, own)| step.max(own / MULTIPLIER_MAX)).collect();
        let multipliers =
            self.accumulator_steps.iter().zip(&steps).map(|(own, step)| (own / step * 4_294_967_296.0).round() as i32);
        let layer = OwnedLayer {
            inputs: inputs as u16,
            outputs: self.biases.len() as u16,
            multipliers: multipliers.collect(),
            weights: self.weights,
            biases: self.biases,
        };
        (layer, steps)
    }
}
