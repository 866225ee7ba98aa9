//! Floats to int8: per-channel weights, calibrated activations, and the policy file.
//!
//! Scales: a feature byte is worth 1/32 (what the network was trained on). Each output channel has
//! its own weight step, `max |w| / 127`; each hidden layer one activation step, `max / 127` over
//! the calibration observations (ReLU: activations are 0 to 127). A logit is worth 1/1024. Where a
//! layer's weights or biases are too large for the format's multipliers at that step, the step is
//! made coarser and nothing is cut off; a common factor of all logits changes no choice. The
//! arithmetic is the file format's (see `restock_core::blob`).

use crate::model::{FEATURE_SCALE, FloatPolicy, LayerView};
use ed25519_compact::{KeyPair, Seed};
use restock_core::action::{Choice, HEAD_CHOICES};
use restock_core::blob::TrustedKey;
use restock_core::blob::{
    AgentDraft, BIAS_MAX, BlobError, Draft, GOLDEN_MAX, LAYERS_MAX, LOGIT_FRACTION_BITS, LayerDraft, WIDTH_MAX,
};
use restock_core::digest::Digest;
use restock_core::observation::FEATURES;
use restock_core::scenario::NODES_MAX;

/// More than any policy file takes: every weight of the largest network at every node, with room
/// for biases, multipliers, golden vectors and lengths.
const FILE_BYTES_MAX: usize = NODES_MAX * (LAYERS_MAX * WIDTH_MAX * (WIDTH_MAX + 16) + 4096) + 4096;

/// Multipliers are below one half (they are `i32` times 2^-32); a little less leaves room for rounding.
const MULTIPLIER_MAX: f64 = 0.49;

/// Observations that a node's policy met. Each entry is one product's features.
#[derive(Clone, Debug, Default)]
pub struct Calibration {
    /// Shape `[sample][feature]`.
    pub samples: Vec<[i8; FEATURES]>,
}

/// Why a policy can't be packed.
#[derive(Debug, thiserror::Error)]
pub enum QuantizeError {
    /// No observations to calibrate with.
    #[error("no observations to calibrate node `{0}` with")]
    NoCalibration(String),
    /// A weight is not finite.
    #[error("node `{0}` has a weight that is not finite: training diverged")]
    NotFinite(String),
    /// The policy file refuses it.
    #[error("the quantized policy can't be stored: {0}")]
    Blob(#[from] BlobError),
}

/// One quantized layer, owned.
struct OwnedLayer {
    inputs: u16,
    outputs: u16,
    weights: Vec<i8>,
    biases: Vec<i32>,
    multipliers: Vec<i32>,
}

impl OwnedLayer {
    fn borrow(&self) -> LayerDraft<'_> {
        LayerDraft {
            inputs: self.inputs,
            outputs: self.outputs,
            weights: &self.weights,
            biases: &self.biases,
            multipliers: &self.multipliers,
        }
    }
}

/// One node's policy on its way into a file.
struct OwnedAgent {
    node_key: u64,
    allowed: u64,
    layers: Vec<OwnedLayer>,
    golden: Vec<[i8; FEATURES]>,
}

/// Which model a file holds and who signs for it.
#[derive(Clone, Debug, Default)]
pub struct Label {
    /// For people only: version, seed, iteration. Printable ASCII.
    pub note: String,
    /// Grows with every model that is given out; a device may refuse to go back.
    pub model_version: u32,
    /// The key to sign with; without one the file is not signed.
    pub signer: Option<Signer>,
}

/// An ed25519 key and its name.
#[derive(Clone, Debug)]
pub struct Signer {
    id: u64,
    pair: KeyPair,
}

impl Signer {
    /// The key that 32 secret bytes make. Its id is a hash of its public half.
    #[must_use]
    pub fn new(secret: [u8; 32]) -> Self {
        let pair = KeyPair::from_seed(Seed::new(secret));
        let mut digest = Digest::new();
        digest.bytes(pair.pk.as_ref());
        Self { id: digest.value(), pair }
    }

    /// Its signature of some bytes.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        *self.pair.sk.sign(bytes, None)
    }

    /// What a device has to know to trust it.
    #[must_use]
    pub fn trusted(&self) -> TrustedKey {
        TrustedKey { id: self.id, key: *self.pair.pk }
    }
}

/// Quantizes one policy per node and writes the policy file.
///
/// # Errors
/// If a policy has weights that are not finite, or the format refuses the result.
pub fn pack(
    scenario_hash: u64,
    note: &str,
    nodes: &[(String, &FloatPolicy, Calibration)],
) -> Result<Vec<u8>, QuantizeError> {
    pack_labelled(scenario_hash, &Label { note: note.to_owned(), ..Label::default() }, nodes)
}

/// The same with a model version and a signature.
///
/// # Errors
/// As for [`pack`].
pub fn pack_labelled(
    scenario_hash: u64,
    label: &Label,
    nodes: &[(String, &FloatPolicy, Calibration)],
) -> Result<Vec<u8>, QuantizeError> {
    let mut owned = Vec::new();
    for (name, policy, calibration) in nodes {
        owned.push(quantize(name, policy, calibration)?);
    }
    let layers: Vec<Vec<LayerDraft<'_>>> =
        owned.iter().map(|agent| agent.layers.iter().map(OwnedLayer::borrow).collect()).collect();
    let golden: Vec<Vec<&[i8]>> =
        owned.iter().map(|agent| agent.golden.iter().map(|row| row.as_slice()).collect()).collect();
    // In doubt a node does what the textbook says.
    let fallback = Choice::TEXTBOOK.heads();
    let agents: Vec<AgentDraft<'_>> = owned
        .iter()
        .zip(layers.iter().zip(&golden))
        .map(|(agent, (layers, golden))| AgentDraft {
            node_key: agent.node_key,
            allowed: agent.allowed,
            fallback: &fallback,
            layers,
            golden,
        })
        .collect();
    let draft = Draft {
        scenario_hash,
        schema_hash: restock_core::observation::schema_hash(),
        model_version: label.model_version,
        inputs: FEATURES as u16,
        heads: &HEAD_CHOICES.map(|choices| choices as u8),
        note: &label.note,
        agents: &agents,
    };
    let mut file = vec![0u8; FILE_BYTES_MAX];
    let length = match &label.signer {
        None => draft.encode(&mut file)?,
        Some(signer) => draft.encode_signed(signer.id, |bytes| signer.sign(bytes), &mut file)?,
    };
    file.truncate(length);
    Ok(file)
}

fn quantize(name: &str, policy: &FloatPolicy, calibration: &Calibration) -> Result<OwnedAgent, QuantizeError> {
    if calibration.samples.is_empty() {
        return Err(QuantizeError::NoCalibration(name.to_owned()));
    }
    let layers: Vec<LayerView<'_>> = policy.actor_layers().collect();
    if layers.iter().any(|l| l.weights.iter().chain(l.bias).any(|w| !w.is_finite())) {
        return Err(QuantizeError::NotFinite(name.to_owned()));
    }
    // What the layers' inputs reach on the calibration observations.
    let mut inputs: Vec<Vec<f32>> =
        calibration.samples.iter().map(|s| s.iter().map(|&f| f32::from(f) * FEATURE_SCALE).collect()).collect();
    let mut step = FEATURE_SCALE;
    let mut quantized = Vec::new();
    for (i, layer) in layers.iter().enumerate() {
        let last = i + 1 == layers.len();
        for x in &mut inputs {
            let y: Vec<f32> = (0..layer.outputs)
                .map(|o| {
                    let row = &layer.weights[o * layer.inputs..(o + 1) * layer.inputs];
                    layer.bias[o] + row.iter().zip(x.iter()).map(|(w, x)| w * x).sum::<f32>()
                })
                .map(|y| if last || y > 0.0 { y } else { 0.0 })
                .collect();
            *x = y;
        }
        let out_step = if last {
            1.0 / (1u32 << LOGIT_FRACTION_BITS) as f32
        } else {
            let most = inputs.iter().flatten().fold(0.0f32, |a, &b| if b > a { b } else { a });
            if most > 1e-6 { most / 127.0 } else { 1.0 / 127.0 }
        };
        let out_step = out_step.max(least_out_step(layer, step));
        quantized.push(quantize_layer(layer, step, out_step));
        step = out_step;
    }
    let stride = (calibration.samples.len() / GOLDEN_MAX).max(1);
    Ok(OwnedAgent {
        node_key: restock_core::digest::name_key(name),
        allowed: policy.mask.into(),
        layers: quantized,
        golden: calibration.samples.iter().step_by(stride).take(GOLDEN_MAX).copied().collect(),
    })
}

/// The step of a channel's weights and the step of its accumulator: fine enough for the largest
/// weight, coarse enough for the bias.
fn channel_steps(largest_weight: f32, bias: f32, in_step: f32) -> (f64, f64) {
    let for_bias = f64::from(bias.abs()) / (f64::from(in_step) * f64::from(BIAS_MAX));
    let weight_step = (f64::from(largest_weight) / 127.0).max(for_bias).max(1e-12);
    (weight_step, weight_step * f64::from(in_step))
}

/// The finest step of a layer's outputs whose multipliers the format can hold.
fn least_out_step(layer: &LayerView<'_>, in_step: f32) -> f32 {
    let accumulators = layer.weights.chunks_exact(layer.inputs).zip(layer.bias).map(|(row, &bias)| {
        let (_, acc_step) = channel_steps(largest(row), bias, in_step);
        acc_step / MULTIPLIER_MAX
    });
    accumulators.fold(0.0, f64::max) as f32
}

fn largest(weights: &[f32]) -> f32 {
    weights.iter().fold(0.0, |most: f32, w| most.max(w.abs()))
}

/// One layer: weights to bytes channel by channel, bias to the accumulator's step, and the
/// multiplier that turns the accumulator into the next step.
fn quantize_layer(layer: &LayerView<'_>, in_step: f32, out_step: f32) -> OwnedLayer {
    let mut weights = Vec::with_capacity(layer.inputs * layer.outputs);
    let mut biases = Vec::new();
    let mut multipliers = Vec::new();
    for o in 0..layer.outputs {
        let row = &layer.weights[o * layer.inputs..(o + 1) * layer.inputs];
        let (weight_step, acc_step) = channel_steps(largest(row), layer.bias[o], in_step);
        weights.extend(row.iter().map(|&w| (f64::from(w) / weight_step).round().clamp(-127.0, 127.0) as i8));
        let bias =
            (f64::from(layer.bias[o]) / acc_step).round().clamp(-f64::from(BIAS_MAX), f64::from(BIAS_MAX)) as i32;
        let multiplier =
            (acc_step / f64::from(out_step) * 4_294_967_296.0).round().clamp(0.0, f64::from(i32::MAX)) as i32;
        biases.push(bias);
        multipliers.push(multiplier);
    }
    OwnedLayer { inputs: layer.inputs as u16, outputs: layer.outputs as u16, weights, biases, multipliers }
}

#[cfg(test)]
mod tests;
