//! The policy file: bytes to policy, checked before anything trusts them.
//!
//! `core/FORMAT.md` specifies it byte by byte. In short, all little-endian and in multiples of 4 bytes:
//!
//! | bytes | what |
//! | --- | --- |
//! | 12 | magic `RSTP`, format version, flags, length of the file |
//! | 36 | packing version, hashes of scenario and schema, model version, shape, counts, fallback rule |
//! | ... | choices of each head; a note for people |
//! | ... | [`Agent`]s: allowed and fallback choices, layers, golden vectors |
//! | 72 | if signed: key id and ed25519 signature of all before it |
//! | 4 | CRC-32 (ISO-HDLC) of everything before it |
//!
//! Decoding borrows from the bytes, never panics whatever they are, needs the same stack for all of them,
//! and checks the length before the checksum and the checksum before it reads on.
//!
//! # Arithmetic
//! A hidden layer computes `y = clamp((acc * m + 2^31) >> 32, 0, 127)` with
//! `acc = bias + sum(w * x)` in 32 bits and the product in 64; the last layer gives
//! `(acc * m + 2^31) >> 32` as 32-bit logits. That no accumulator overflows is proved in [`layer`].

use crate::action::{HEADS, OUTPUTS};
use crate::checksum::crc32;
use crate::convert::{byte, byte_index, wide_index};
use crate::observation::FEATURES;
use crate::scenario::NODES_MAX;
use heapless::Vec;

mod agent;
mod encode;
mod error;
pub mod kernel;
pub(crate) mod lanes;
pub mod layer;
mod reader;
mod signature;

use agent::Shape;
pub use agent::{Agent, Golden, allows, best_choices};
pub use encode::{AgentDraft, Draft, LayerDraft};
pub use error::BlobError;
pub use kernel::{Batch, Kernel, Portable};
pub use layer::{Layer, Layers};
use reader::Reader;
pub use signature::TrustedKey;

/// First bytes of every policy file.
pub const MAGIC: [u8; 4] = *b"RSTP";
/// Version of the format and of its arithmetic.
pub const VERSION: u16 = 2;
/// How weights are packed: [`layer`].
pub const PACKING: u16 = 1;
/// Magic, version, flags and length [bytes]: the same place in every version.
pub const PREAMBLE: usize = 12;
/// Preamble and the fixed part of the header [bytes].
pub const HEADER: usize = 48;
/// The checksum [bytes]: the last of every version.
pub const TRAILER: usize = 4;
/// Key id and signature [bytes].
pub const SIGNATURE_BYTES: usize = 72;
/// Most layers of a network.
pub const LAYERS_MAX: usize = 4;
/// Most inputs or outputs of a layer.
pub const WIDTH_MAX: usize = 128;
/// Most golden vectors of an agent.
pub const GOLDEN_MAX: usize = 8;
/// Most heads of a policy.
pub const HEADS_MAX: usize = 16;
/// Greatest output of a hidden layer; the least is 0.
pub const HIDDEN_MAX: i32 = 127;
/// Logits are in units of 2^-10.
pub const LOGIT_FRACTION_BITS: u32 = 10;
/// Greatest bias that any layer may have; a layer of few inputs may have more: [`layer::bias_max`].
pub const BIAS_MAX: i32 = 1 << 30;
/// The one fallback rule so far: the textbook rule with an agent's fallback choices.
pub const FALLBACK_TEXTBOOK: u8 = 1;
/// The flag of a file that is signed; no other is known.
pub const FLAG_SIGNED: u16 = 1;

const _: () = assert!(OUTPUTS <= 64, "a mask of choices has 64 bits");
const _: () = assert!(OUTPUTS <= WIDTH_MAX && FEATURES <= WIDTH_MAX && HEADS <= HEADS_MAX);
const _: () = assert!(BIAS_MAX <= layer::bias_max(WIDTH_MAX), "a bias of that size never overflows a layer");

/// What stands before the agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// [`crate::Scenario::hash`] of the problem that the policies were trained on.
    pub scenario_hash: u64,
    /// [`crate::observation::schema_hash`] of the features they read.
    pub schema_hash: u64,
    /// Grows with every model that is given out; a device may refuse to go back.
    pub model_version: u32,
    /// Inputs of each network.
    pub inputs: u16,
    /// Outputs of each network: all choices of all heads.
    pub outputs: u16,
    /// Number of agents.
    pub agents: u8,
    /// What to do when a network is not trusted: [`FALLBACK_TEXTBOOK`].
    pub fallback_rule: u8,
}

/// A policy file that has been checked.
#[derive(Clone, Copy, Debug)]
pub struct PolicyBlob<'a> {
    header: Header,
    heads: &'a [u8],
    note: &'a [u8],
    agents: &'a [u8],
    signed: bool,
    bytes: &'a [u8],
}

impl<'a> PolicyBlob<'a> {
    /// Checks bytes: length, checksum, structure, shapes, numbers, choices. Whether the policy is for this
    /// build is asked by [`PolicyBlob::fits_build`], golden vectors are run by [`PolicyBlob::self_test`], the
    /// signature is checked by [`PolicyBlob::verify`].
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, BlobError> {
        let signed = check_frame(bytes)?;
        let blob = Self::read(bytes, signed)?;
        let mut keys: Vec<u64, NODES_MAX> = Vec::new();
        let mut rest = Reader(blob.agents);
        for i in 0..blob.header.agents {
            let agent = Agent::read(&mut rest, blob.shape(), i)?;
            if keys.contains(&agent.node_key) {
                return Err(BlobError::Twice { agent: i });
            }
            let _ = keys.push(agent.node_key); // at most NODES_MAX agents
        }
        if rest.is_empty() { Ok(blob) } else { Err(BlobError::Malformed) }
    }

    /// Everything before the agents, of a file whose frame is right.
    fn read(bytes: &'a [u8], signed: bool) -> Result<Self, BlobError> {
        let end = bytes.len().saturating_sub(TRAILER + if signed { SIGNATURE_BYTES } else { 0 });
        let mut reader = Reader(bytes.get(PREAMBLE..end).ok_or(BlobError::Malformed)?);
        let packing = reader.half().ok_or(BlobError::Malformed)?;
        if packing != PACKING {
            return Err(BlobError::Packing(packing));
        }
        Self::read_header(&mut reader, bytes, signed).ok_or(BlobError::Malformed)
    }

    fn read_header(reader: &mut Reader<'a>, bytes: &'a [u8], signed: bool) -> Option<Self> {
        let note_bytes = reader.half()?;
        let (scenario_hash, schema_hash, model_version) = (reader.wide()?, reader.wide()?, reader.word()?);
        let (inputs, outputs) = (reader.half()?, reader.half()?);
        let [agents, head_count, fallback_rule, 0] = reader.bytes4()? else { return None };
        let [0, 0, 0, 0] = reader.bytes4()? else { return None };
        let heads = reader.padded(byte_index(head_count))?;
        let note = reader.padded(usize::from(note_bytes))?;
        let counts = (1..=NODES_MAX).contains(&byte_index(agents)) && (1..=HEADS_MAX).contains(&byte_index(head_count));
        let choices: usize = heads.iter().map(|&count| byte_index(count)).sum();
        let shape = (1..=WIDTH_MAX).contains(&usize::from(inputs)) && choices == usize::from(outputs) && choices <= 64;
        let readable = note.iter().all(|byte| (b' '..=b'~').contains(byte));
        if !counts || !shape || heads.contains(&0) || fallback_rule != FALLBACK_TEXTBOOK || !readable {
            return None;
        }
        let header = Header { scenario_hash, schema_hash, model_version, inputs, outputs, agents, fallback_rule };
        Some(Self { header, heads, note, agents: reader.0, signed, bytes })
    }

    const fn shape(&self) -> Shape<'a> {
        Shape { inputs: self.header.inputs, outputs: self.header.outputs, heads: self.heads }
    }

    /// What stands before the agents.
    #[must_use]
    pub const fn header(&self) -> Header {
        self.header
    }

    /// Choices of each head, in order.
    #[must_use]
    pub const fn heads(&self) -> &'a [u8] {
        self.heads
    }

    /// Who made it: version, seed, iteration; for people only. Printable ASCII.
    #[must_use]
    pub fn note(&self) -> &'a str {
        core::str::from_utf8(self.note).unwrap_or_default()
    }

    /// Size of the file [bytes].
    #[must_use]
    pub const fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The agents, in file order.
    pub fn agents(&self) -> impl Iterator<Item = Agent<'a>> + use<'a> {
        let (mut rest, shape) = (Reader(self.agents), self.shape());
        (0..self.header.agents).map_while(move |_| Agent::read_again(&mut rest, shape))
    }

    /// Whether the policies read the features and set the heads of this build.
    ///
    /// # Errors
    /// [`BlobError::Schema`] if not.
    pub fn fits_build(&self) -> Result<(), BlobError> {
        let heads = self.heads.iter().map(|&count| byte_index(count)).eq(crate::action::HEAD_CHOICES);
        let same = self.header.schema_hash == crate::observation::schema_hash();
        if same && heads && usize::from(self.header.inputs) == FEATURES { Ok(()) } else { Err(BlobError::Schema) }
    }

    /// Runs all golden vectors: this build computes what the maker's did.
    ///
    /// # Errors
    /// The first vector that gives other outputs.
    pub fn self_test(&self) -> Result<(), BlobError> {
        self.self_test_with(&mut Portable)
    }

    /// Runs all golden vectors with the kernel that will be used.
    ///
    /// # Errors
    /// The first vector that gives other outputs.
    pub fn self_test_with(&self, kernel: &mut impl Kernel) -> Result<(), BlobError> {
        for (i, agent) in self.agents().enumerate() {
            agent.self_test(byte(i), kernel)?;
        }
        Ok(())
    }
}

/// Magic, version, length and checksum, in this order. Returns whether the file is signed.
fn check_frame(bytes: &[u8]) -> Result<bool, BlobError> {
    let too_short = |needed| BlobError::TooShort { found: bytes.len(), needed };
    let least = HEADER + TRAILER;
    let Some(&[m0, m1, m2, m3, v0, v1, f0, f1, l0, l1, l2, l3]) = bytes.first_chunk::<PREAMBLE>() else {
        return Err(too_short(least));
    };
    if [m0, m1, m2, m3] != MAGIC {
        return Err(BlobError::Magic);
    }
    let version = u16::from_le_bytes([v0, v1]);
    if version != VERSION {
        return Err(BlobError::Version(version));
    }
    let needed = wide_index(u32::from_le_bytes([l0, l1, l2, l3]));
    if bytes.len() < needed.max(least) {
        return Err(too_short(needed.max(least)));
    }
    if bytes.len() > needed {
        return Err(BlobError::TooLong { found: bytes.len(), needed });
    }
    let Some((checked, trailer)) = bytes.split_last_chunk::<TRAILER>() else { return Err(too_short(least)) };
    if crc32(checked) != u32::from_le_bytes(*trailer) {
        return Err(BlobError::Checksum);
    }
    match u16::from_le_bytes([f0, f1]) {
        0 => Ok(false),
        FLAG_SIGNED => Ok(true),
        _ => Err(BlobError::Malformed),
    }
}
