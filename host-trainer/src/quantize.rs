//! Floats to int8: per-channel weights, calibrated activations, and the policy file.
//!
//! Scales: a feature byte is worth 1/32 (what the network was trained on). Each output channel has
//! its own weight step, `max |w| / 127`; each hidden unit its own activation step, from its range over
//! the calibration observations (ReLU: activations are 0 to 127). A logit is worth 1/1024. Where a
//! layer's weights or biases are too large for the format's multipliers at that step, the step is
//! made coarser and nothing is cut off; a common factor of all logits changes no choice. Which way
//! each weight is rounded, `rounding` decides. The arithmetic is the file format's (see
//! `restock_core::blob`).

use crate::model::{FEATURE_SCALE, FloatPolicy, LayerView};
use ed25519_compact::{KeyPair, Seed};
use restock_core::action::{Choice, HEAD_CHOICES};
use restock_core::blob::TrustedKey;
use restock_core::blob::layer::scale;
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

/// What a step of a logit is worth.
const LOGIT_STEP: f64 = 1.0 / (1u32 << LOGIT_FRACTION_BITS) as f64;

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

impl OwnedLayer {
    /// What the format says comes out of a hidden layer.
    fn bytes_of(&self, inputs: &[i8]) -> Vec<i8> {
        let rows = self.weights.chunks_exact(usize::from(self.inputs)).zip(self.biases.iter().zip(&self.multipliers));
        let output = |(row, (&bias, &multiplier)): (&[i8], (&i32, &i32))| {
            // No accumulator overflows: see `restock_core::blob::layer`.
            let products = row.iter().zip(inputs).map(|(&w, &x)| i32::from(w) * i32::from(x));
            scale(bias + products.sum::<i32>(), multiplier).clamp(0, 127) as i8
        };
        rows.map(output).collect()
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
    // The float network's inputs of each layer, and what they are in int8.
    let mut inputs: Vec<Vec<f32>> =
        calibration.samples.iter().map(|s| s.iter().map(|&f| f32::from(f) * FEATURE_SCALE).collect()).collect();
    let mut bytes: Vec<Vec<i8>> = calibration.samples.iter().map(|s| s.to_vec()).collect();
    let mut steps = vec![f64::from(FEATURE_SCALE); FEATURES];
    let mut quantized = Vec::new();
    for (i, layer) in layers.iter().enumerate() {
        let outputs: Vec<Vec<f32>> = inputs.iter().map(|x| layer.outputs_of(x)).collect();
        let rounded = rounding::round(layer, &rounding::Seen { bytes: &bytes, steps: &steps, outputs: &outputs });
        let last = i + 1 == layers.len();
        let wanted = if last { vec![rounded.common_step(LOGIT_STEP); layer.outputs] } else { unit_steps(&outputs) };
        let (layer, out_steps) = rounded.with_output_steps(layer.inputs, &wanted);
        if !last {
            bytes.iter_mut().for_each(|x| *x = layer.bytes_of(x));
            inputs = outputs;
            inputs.iter_mut().flatten().for_each(|y| *y = y.max(0.0));
        }
        quantized.push(layer);
        steps = out_steps;
    }
    let stride = (calibration.samples.len() / GOLDEN_MAX).max(1);
    Ok(OwnedAgent {
        node_key: restock_core::digest::name_key(name),
        allowed: policy.mask.into(),
        layers: quantized,
        golden: calibration.samples.iter().step_by(stride).take(GOLDEN_MAX).copied().collect(),
    })
}

/// What a step of each unit of a hidden layer is worth, of outputs before ReLU.
///
/// With a step of its own each unit uses all of its bytes; one step for the layer, as large as its largest unit
/// asks for, leaves the others a few (Nagel et al. 2019, *Data-free quantization*, section 4.1, equalize ranges).
fn unit_steps(outputs: &[Vec<f32>]) -> Vec<f64> {
    let units = outputs.first().map_or(0, Vec::len);
    let ranges: Vec<f32> = (0..units).map(|o| outputs.iter().fold(0.0, |most: f32, y| most.max(y[o]))).collect();
    let layer = ranges.iter().fold(0.0, |most: f32, &range| most.max(range));
    let layer = if layer > 1e-6 { layer } else { 1.0 };
    // A unit that was never seen to say anything is not cut off as soon as it does.
    ranges.iter().map(|&range| f64::from(range.max(layer / 64.0)) / 127.0).collect()
}

mod fidelity;
mod rounding;

pub use fidelity::{Fidelity, fidelity};
#[cfg(test)]
mod tests;
