//! The policy file: bytes to policy, checked before anything trusts them.
//!
//! | bytes | what |
//! | --- | --- |
//! | 4 | magic `RSTP` |
//! | 2 | format version, little-endian |
//! | 4 | length of the body, little-endian |
//! | body | postcard: [`Header`], then as many [`Agent`]s as it says |
//! | 4 | CRC-32 (ISO-HDLC) of everything before it, little-endian |
//!
//! Decoding borrows from the bytes, never panics whatever they are, and checks the length before
//! the checksum and the checksum before it reads on.
//!
//! # Arithmetic
//! A hidden layer computes `y = clamp((acc * m + 2^31) >> 32, 0, 127)` with
//! `acc = bias + sum(w * x)` in 32 bits and the product in 64; the last layer gives
//! `(acc * m + 2^31) >> 32` as 32-bit logits. [`Layer::check`] bounds inputs and biases so that
//! `acc` can't overflow: `|acc| <= 2^30 + 256 * 128 * 128 < 2^31`.

use crate::action::{HEAD_CHOICES, HEADS, OUTPUTS};
use crate::convert::{byte, count, from_i8, saturate, saturate_i8, signed, wide, wide_index};
use crate::observation::FEATURES;
use crate::scenario::NODES_MAX;
use core::fmt;
use crc::{CRC_32_ISO_HDLC, Crc};
use heapless::Vec;
use serde::{Deserialize, Serialize};

pub(crate) mod lanes;

/// First bytes of every policy file.
pub const MAGIC: [u8; 4] = *b"RSTP";
/// Version of the format and of its arithmetic.
pub const VERSION: u16 = 1;
/// Bytes before the body.
pub const PREAMBLE: usize = 10;
/// Bytes after the body.
pub const TRAILER: usize = 4;
/// Most layers of a network.
pub const LAYERS_MAX: usize = 4;
/// Most inputs or outputs of a layer.
pub const WIDTH_MAX: usize = 128;
/// Most golden vectors of an agent.
pub const GOLDEN_MAX: usize = 8;
/// Logits are in units of 2^-10.
pub const LOGIT_FRACTION_BITS: u32 = 10;
/// Greatest bias of a channel.
pub const BIAS_MAX: i32 = 1 << 30;

const _: () = assert!(OUTPUTS <= WIDTH_MAX && FEATURES <= WIDTH_MAX);
const _: () = assert!(
    wide(BIAS_MAX) + wide(crate::convert::word(WIDTH_MAX)) * 128 * 128 < wide(i32::MAX),
    "an accumulator must never overflow"
);

const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// What stands before the agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header<'a> {
    /// [`crate::Scenario::hash`] of the problem that the policies were trained on.
    pub scenario_hash: u64,
    /// [`crate::observation::schema_hash`] of the features they read.
    pub schema_hash: u64,
    /// Who made it: version, seed, iteration; for people only.
    pub note: &'a str,
    /// Number of agents that follow.
    pub agents: u8,
}

/// One layer. Weights row by row, `[output][input]`, one byte each; biases and multipliers one
/// little-endian `i32` per output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer<'a> {
    /// Number of inputs.
    pub inputs: u16,
    /// Number of outputs.
    pub outputs: u16,
    /// Weights.
    pub weights: &'a [u8],
    /// Biases, in units of weight step times input step.
    pub biases: &'a [u8],
    /// Multipliers, times 2^-32.
    pub multipliers: &'a [u8],
}

/// An input and the logits it must give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Golden<'a> {
    /// Features, one byte each.
    pub features: &'a [u8],
    /// Logits, little-endian `i32` each.
    pub logits: &'a [u8],
}

/// The policy of one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent<'a> {
    /// Hash of the node's name.
    pub node_key: u64,
    /// Choices that this node has: bit `i` stands for output `i`.
    pub allowed: u64,
    /// The network.
    #[serde(borrow)]
    pub layers: Vec<Layer<'a>, LAYERS_MAX>,
    /// Golden vectors.
    #[serde(borrow)]
    pub golden: Vec<Golden<'a>, GOLDEN_MAX>,
}

/// Why bytes are not a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlobError {
    /// Fewer bytes than the file's own length asks for.
    TooShort {
        /// Bytes found.
        found: usize,
        /// Bytes needed.
        needed: usize,
    },
    /// More bytes than the file's own length asks for.
    TooLong {
        /// Bytes found.
        found: usize,
        /// Bytes needed.
        needed: usize,
    },
    /// The first four bytes are not [`MAGIC`].
    Magic,
    /// A version this build does not read.
    Version(u16),
    /// The checksum does not match: the bytes were damaged.
    Checksum,
    /// The body is not what the format says.
    Malformed,
    /// A layer's shape, weights, biases or multipliers are not allowed.
    Layer {
        /// Which agent.
        agent: u8,
        /// Which layer.
        layer: u8,
    },
    /// A head without an allowed choice, or a choice that does not exist.
    Choices {
        /// Which agent.
        agent: u8,
    },
    /// Two agents for one node.
    Twice {
        /// The second of them.
        agent: u8,
    },
    /// The features it reads are not those of this build.
    Schema,
    /// It was trained on another problem.
    Scenario,
    /// A golden vector does not give the logits it should.
    Golden {
        /// Which agent.
        agent: u8,
        /// Which vector.
        vector: u8,
    },
    /// The buffer to encode into is too small.
    NoRoom,
}

impl fmt::Display for BlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { found, needed } => {
                write!(f, "policy file has {found} bytes, needs {needed}: it is cut off")
            }
            Self::TooLong { found, needed } => write!(f, "policy file has {found} bytes, its header says {needed}"),
            Self::Magic => write!(f, "not a policy file: its first four bytes are not RSTP"),
            Self::Version(v) => write!(f, "policy format version {v}, this build reads version {VERSION}"),
            Self::Checksum => write!(f, "policy file is damaged: its checksum does not match"),
            Self::Malformed => write!(f, "policy file's body is not what the format says"),
            Self::Layer { agent, layer } => write!(f, "agent {agent}, layer {layer}: shape or numbers are not allowed"),
            Self::Choices { agent } => {
                write!(f, "agent {agent}: a head has no allowed choice, or a choice does not exist")
            }
            Self::Twice { agent } => write!(f, "agent {agent}: its node already has an agent"),
            Self::Schema => write!(f, "the policy reads other features than this build computes"),
            Self::Scenario => write!(f, "the policy was trained on another scenario"),
            Self::Golden { agent, vector } => {
                write!(f, "agent {agent}: golden vector {vector} gives other logits than it should")
            }
            Self::NoRoom => write!(f, "the buffer is too small for the policy"),
        }
    }
}

impl core::error::Error for BlobError {}

impl<'a> Layer<'a> {
    /// Whether the shape is allowed, fits the layer before, and can't overflow.
    #[must_use]
    pub fn check(&self, inputs: usize) -> bool {
        let outputs = usize::from(self.outputs);
        usize::from(self.inputs) == inputs
            && (1..=WIDTH_MAX).contains(&outputs)
            && inputs <= WIDTH_MAX
            && self.weights.len() == inputs * outputs
            && self.biases.len() == 4 * outputs
            && self.multipliers.len() == 4 * outputs
            && words(self.biases).all(|b| (-BIAS_MAX..=BIAS_MAX).contains(&b))
            && words(self.multipliers).all(|m| m >= 0)
    }
}

/// Little-endian words of a byte slice.
#[inline(always)]
fn words(bytes: &[u8]) -> impl Iterator<Item = i32> + '_ {
    bytes.as_chunks().0.iter().map(|&word| i32::from_le_bytes(word))
}

impl<'a> Agent<'a> {
    /// Whether output `i` is allowed.
    #[inline(always)]
    #[must_use]
    pub fn allows(&self, output: usize) -> bool {
        allows(self.allowed, output)
    }

    /// Logits for one product's features: total for every checked agent.
    #[inline(always)]
    pub fn infer(&self, features: &[i8; FEATURES], logits: &mut [i32; OUTPUTS]) {
        infer(&self.layers, features, logits);
    }

    fn check(&self, agent: u8) -> Result<(), BlobError> {
        let mut inputs = FEATURES;
        for (l, layer) in self.layers.iter().enumerate() {
            if !layer.check(inputs) {
                return Err(BlobError::Layer { agent, layer: byte(l) });
            }
            inputs = usize::from(layer.outputs);
        }
        if self.layers.is_empty() || inputs != OUTPUTS {
            return Err(BlobError::Layer { agent, layer: byte(self.layers.len()) });
        }
        let mut at = 0;
        for choices in HEAD_CHOICES {
            if !(at..at + choices).any(|i| self.allows(i)) {
                return Err(BlobError::Choices { agent });
            }
            at += choices;
        }
        if self.allowed >> OUTPUTS != 0 {
            return Err(BlobError::Choices { agent });
        }
        let fits = |g: &Golden<'_>| g.features.len() == FEATURES && g.logits.len() == 4 * OUTPUTS;
        if !self.golden.iter().all(fits) {
            return Err(BlobError::Malformed);
        }
        Ok(())
    }

    /// Runs the golden vectors.
    fn self_test(&self, agent: u8) -> Result<(), BlobError> {
        for (v, golden) in self.golden.iter().enumerate() {
            let mut features = [0i8; FEATURES];
            for (f, &b) in features.iter_mut().zip(golden.features) {
                *f = signed(b);
            }
            let mut logits = [0; OUTPUTS];
            self.infer(&features, &mut logits);
            if !words(golden.logits).eq(logits.iter().copied()) {
                return Err(BlobError::Golden { agent, vector: byte(v) });
            }
        }
        Ok(())
    }
}

/// Whether bit `output` of a mask is set.
#[inline(always)]
#[must_use]
pub fn allows(allowed: u64, output: usize) -> bool {
    output < 64 && (allowed >> output) & 1 == 1
}

/// Sums of products of `x` with four rows that follow each other: each input is loaded once for all four.
#[inline(always)]
fn dot_four<'b>(rows: &'b [u8], x: &[i8]) -> [i32; 4] {
    let part = |bytes: &'b [u8]| bytes.split_at_checked(x.len()).unwrap_or_default();
    let (row0, rest) = part(rows);
    let (row1, rest) = part(rest);
    let (row2, row3) = part(rest);
    let mut sums = [0i32; 4];
    for ((((&x, &w0), &w1), &w2), &w3) in x.iter().zip(row0).zip(row1).zip(row2).zip(row3) {
        let x = from_i8(x);
        sums[0] = sums[0].wrapping_add(from_i8(signed(w0)) * x); // can't overflow: see `Layer::check`
        sums[1] = sums[1].wrapping_add(from_i8(signed(w1)) * x);
        sums[2] = sums[2].wrapping_add(from_i8(signed(w2)) * x);
        sums[3] = sums[3].wrapping_add(from_i8(signed(w3)) * x);
    }
    sums
}

/// Every output of a layer, in order, scaled: `(acc * m + 2^31) >> 32`. Four rows at a time: a third
/// fewer instructions on a Cortex-M4 than row by row, a quarter less time on x86-64.
#[inline(always)]
fn for_each_output(layer: &Layer<'_>, x: &[i8], mut each: impl FnMut(usize, i32)) {
    let scale = |acc: i32, m: i32| saturate((wide(acc) * wide(m) + (1 << 31)) >> 32);
    let inputs = x.len().max(1);
    let mut biases = words(layer.biases);
    let mut multipliers = words(layer.multipliers);
    let mut output = 0;
    let fours = layer.weights.chunks_exact(4 * inputs);
    let rest = fours.remainder();
    for rows in fours {
        for sum in dot_four(rows, x) {
            if let (Some(bias), Some(m)) = (biases.next(), multipliers.next()) {
                each(output, scale(bias.wrapping_add(sum), m));
            }
            output += 1;
        }
    }
    for row in rest.chunks_exact(inputs) {
        let sum = row.iter().zip(x).fold(0i32, |sum, (&w, &x)| sum.wrapping_add(from_i8(signed(w)) * from_i8(x)));
        if let (Some(bias), Some(m)) = (biases.next(), multipliers.next()) {
            each(output, scale(bias.wrapping_add(sum), m));
        }
        output += 1;
    }
}

/// The network's forward pass.
#[inline(always)]
pub(crate) fn infer(layers: &[Layer<'_>], features: &[i8; FEATURES], logits: &mut [i32; OUTPUTS]) {
    let mut x = [0i8; WIDTH_MAX];
    let mut y = [0i8; WIDTH_MAX];
    for (x, &feature) in x.iter_mut().zip(features) {
        *x = feature;
    }
    let mut width = FEATURES;
    let Some((last, hidden)) = layers.split_last() else { return };
    for layer in hidden {
        for_each_output(layer, x.get(..width).unwrap_or(&[]), |output, scaled| {
            if let Some(y) = y.get_mut(output) {
                *y = saturate_i8(if scaled > 0 { scaled } else { 0 }); // ReLU
            }
        });
        width = usize::from(layer.outputs).min(WIDTH_MAX);
        core::mem::swap(&mut x, &mut y);
    }
    for_each_output(last, x.get(..width).unwrap_or(&[]), |output, scaled| {
        if let Some(logit) = logits.get_mut(output) {
            *logit = scaled;
        }
    });
}

/// The best allowed choice of each head; the lowest index among equals.
#[inline]
#[must_use]
pub fn best_choices(logits: &[i32; OUTPUTS], allowed: u64) -> [u8; HEADS] {
    let mut choices = [0u8; HEADS];
    let mut at = 0;
    for (choice, count) in choices.iter_mut().zip(HEAD_CHOICES) {
        let mut best = i64::MIN;
        for (i, &logit) in logits.iter().skip(at).take(count).enumerate() {
            if allows(allowed, at + i) && wide(logit) > best {
                best = wide(logit);
                *choice = byte(i);
            }
        }
        at += count;
    }
    choices
}

/// A policy file that has been checked.
#[derive(Clone, Copy, Debug)]
pub struct PolicyBlob<'a> {
    header: Header<'a>,
    agents: &'a [u8],
    bytes: usize,
}

impl<'a> PolicyBlob<'a> {
    /// Checks bytes: length, checksum, structure, shapes, choices. Golden vectors are run by
    /// [`PolicyBlob::self_test`].
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, BlobError> {
        let too_short = |needed| BlobError::TooShort { found: bytes.len(), needed };
        let Some(&[m0, m1, m2, m3, v0, v1, b0, b1, b2, b3]) = bytes.first_chunk::<PREAMBLE>() else {
            return Err(too_short(PREAMBLE + TRAILER));
        };
        if [m0, m1, m2, m3] != MAGIC {
            return Err(BlobError::Magic);
        }
        let version = u16::from_le_bytes([v0, v1]);
        if version != VERSION {
            return Err(BlobError::Version(version));
        }
        let body = u32::from_le_bytes([b0, b1, b2, b3]);
        let needed = wide_index(body).saturating_add(PREAMBLE + TRAILER);
        if bytes.len() < needed {
            return Err(too_short(needed));
        }
        if bytes.len() > needed {
            return Err(BlobError::TooLong { found: bytes.len(), needed });
        }
        let Some((checked, trailer)) = bytes.split_last_chunk::<TRAILER>() else { return Err(too_short(needed)) };
        if CRC.checksum(checked) != u32::from_le_bytes(*trailer) {
            return Err(BlobError::Checksum);
        }
        let (header, agents): (Header<'a>, _) =
            postcard::take_from_bytes(checked.get(PREAMBLE..).unwrap_or(&[])).map_err(|_| BlobError::Malformed)?;
        if usize::from(header.agents) > NODES_MAX || header.agents == 0 {
            return Err(BlobError::Malformed);
        }
        let blob = Self { header, agents, bytes: bytes.len() };
        let mut rest = agents;
        let mut keys: Vec<u64, NODES_MAX> = Vec::new();
        for i in 0..header.agents {
            let (agent, after): (Agent<'a>, _) = postcard::take_from_bytes(rest).map_err(|_| BlobError::Malformed)?;
            agent.check(i)?;
            if keys.contains(&agent.node_key) {
                return Err(BlobError::Twice { agent: i });
            }
            let _ = keys.push(agent.node_key); // at most NODES_MAX agents
            rest = after;
        }
        if !rest.is_empty() {
            return Err(BlobError::Malformed);
        }
        Ok(blob)
    }

    /// What stands before the agents.
    #[must_use]
    pub fn header(&self) -> Header<'a> {
        self.header
    }

    /// Size of the file [bytes].
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes
    }

    /// The agents, in file order.
    pub fn agents(&self) -> impl Iterator<Item = Agent<'a>> + use<'a> {
        let mut rest = self.agents;
        (0..self.header.agents).map_while(move |_| {
            let (agent, after) = postcard::take_from_bytes(rest).ok()?;
            rest = after;
            Some(agent)
        })
    }

    /// Runs all golden vectors: this build computes what the maker's did.
    ///
    /// # Errors
    /// The first vector that gives other logits.
    pub fn self_test(&self) -> Result<(), BlobError> {
        for (i, agent) in self.agents().enumerate() {
            agent.self_test(byte(i))?;
        }
        Ok(())
    }
}

/// Writes a policy file into `out`; returns its length.
///
/// # Errors
/// [`BlobError::NoRoom`] if it does not fit; what [`PolicyBlob::decode`] would say if it is not allowed.
pub fn encode(scenario_hash: u64, note: &str, agents: &[Agent<'_>], out: &mut [u8]) -> Result<usize, BlobError> {
    let header =
        Header { scenario_hash, schema_hash: crate::observation::schema_hash(), note, agents: byte(agents.len()) };
    if out.len() < PREAMBLE + TRAILER {
        return Err(BlobError::NoRoom);
    }
    let mut at = PREAMBLE;
    let room = out.len() - TRAILER;
    at += postcard::to_slice(&header, &mut out[at..room]).map_err(|_| BlobError::NoRoom)?.len();
    for agent in agents {
        at += postcard::to_slice(agent, &mut out[at..room]).map_err(|_| BlobError::NoRoom)?.len();
    }
    out[..4].copy_from_slice(&MAGIC);
    out[4..6].copy_from_slice(&VERSION.to_le_bytes());
    out[6..10].copy_from_slice(&count(at - PREAMBLE).to_le_bytes());
    let crc = CRC.checksum(&out[..at]);
    out[at..at + TRAILER].copy_from_slice(&crc.to_le_bytes());
    let length = at + TRAILER;
    PolicyBlob::decode(&out[..length])?;
    Ok(length)
}
