//! The policy of one node, as it lies in a file.

use super::kernel::{Kernel, Portable};
use super::layer::Layers;
use super::reader::Reader;
use super::{BlobError, GOLDEN_MAX, WIDTH_MAX};
use crate::action::{HEAD_CHOICES, HEADS, OUTPUTS};
use crate::convert::{byte, byte_index, signed, wide, wide_index};

/// What all agents of a file share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape<'a> {
    pub(super) inputs: u16,
    pub(super) outputs: u16,
    /// Choices of each head.
    pub(super) heads: &'a [u8],
}

/// An input and the outputs it must give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Golden<'a> {
    /// Inputs, `i8` each.
    pub features: &'a [u8],
    /// Outputs, little-endian `i32` each.
    pub logits: &'a [u8],
}

/// The policy of one node, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agent<'a> {
    /// Hash of the node's name.
    pub node_key: u64,
    /// Choices that this node has: bit `i` stands for output `i`.
    pub allowed: u64,
    /// The network.
    pub layers: Layers<'a>,
    shape: Shape<'a>,
    fallback: &'a [u8],
    golden: &'a [u8],
    golden_count: u8,
}

/// Little-endian words of a byte slice.
#[inline(always)]
fn words(bytes: &[u8]) -> impl Iterator<Item = i32> + '_ {
    bytes.as_chunks().0.iter().map(|&word| i32::from_le_bytes(word))
}

/// An agent without its layers, their shapes and their streams.
type Parsed<'a> = (Agent<'a>, &'a [[u8; 4]], &'a [u8]);

impl<'a> Agent<'a> {
    /// The next agent of a file: lengths first, then its numbers. `agent` is its place, for errors.
    pub(super) fn read(reader: &mut Reader<'a>, shape: Shape<'a>, agent: u8) -> Result<Self, BlobError> {
        let found = Self::parse(reader, shape).ok_or(BlobError::Malformed)?;
        let (parsed, shapes, streams) = found;
        let layers = Layers::new(shapes, streams).map_err(|layer| BlobError::Layer { agent, layer })?;
        let whole = Self { layers, ..parsed };
        if layers.inputs() != usize::from(shape.inputs) {
            return Err(BlobError::Layer { agent, layer: 0 });
        }
        if layers.outputs() != usize::from(shape.outputs) {
            return Err(BlobError::Layer { agent, layer: byte(layers.len()) });
        }
        if !whole.choices_are_allowed() {
            return Err(BlobError::Choices { agent });
        }
        Ok(whole)
    }

    /// Splits an agent at its lengths. The layers are not looked into.
    fn parse(reader: &mut Reader<'a>, shape: Shape<'a>) -> Option<Parsed<'a>> {
        let length = wide_index(reader.word()?);
        let mut own = Reader(reader.take(length.checked_sub(4)?)?);
        let [layers, golden_count, 0, 0] = own.bytes4()? else { return None };
        let (node_key, allowed) = (own.wide()?, own.wide()?);
        let fallback = own.padded(shape.heads.len())?;
        let shapes = own.take(4 * byte_index(layers))?.as_chunks().0;
        let streams = own.take(Layers::bytes(shapes))?;
        if byte_index(golden_count) > GOLDEN_MAX {
            return None;
        }
        let golden = own.0;
        let mut vectors = Reader(golden);
        for _ in 0..golden_count {
            vectors.padded(usize::from(shape.inputs))?;
            vectors.take(4 * usize::from(shape.outputs))?;
        }
        let agent = Self { node_key, allowed, layers: Layers::default(), shape, fallback, golden, golden_count };
        vectors.is_empty().then_some((agent, shapes, streams))
    }

    /// What [`Agent::read`] has accepted before, without looking at the numbers again.
    pub(super) fn read_again(reader: &mut Reader<'a>, shape: Shape<'a>) -> Option<Self> {
        let (parsed, shapes, streams) = Self::parse(reader, shape)?;
        Some(Self { layers: Layers::checked_before(shapes, streams), ..parsed })
    }

    /// Each head has an allowed choice, and its fallback is one; nothing else is allowed.
    fn choices_are_allowed(&self) -> bool {
        let mut at = 0;
        for (&count, &fallback) in self.shape.heads.iter().zip(self.fallback) {
            if fallback >= count || !self.allows(at + byte_index(fallback)) {
                return false;
            }
            at += byte_index(count);
        }
        (at..64).all(|choice| !self.allows(choice))
    }

    /// Whether output `i` is allowed.
    #[inline(always)]
    #[must_use]
    pub fn allows(&self, output: usize) -> bool {
        allows(self.allowed, output)
    }

    /// The choice of each head that the fallback rule takes: what the node does when the network is not
    /// trusted.
    #[must_use]
    pub const fn fallback(&self) -> &'a [u8] {
        self.fallback
    }

    /// Golden vectors, in order.
    pub fn golden(&self) -> impl Iterator<Item = Golden<'a>> + use<'a> {
        let (mut reader, shape) = (Reader(self.golden), self.shape);
        (0..self.golden_count).map_while(move |_| {
            let features = reader.padded(usize::from(shape.inputs))?;
            Some(Golden { features, logits: reader.take(4 * usize::from(shape.outputs))? })
        })
    }

    /// Outputs for one product's features by the portable kernel.
    #[inline(always)]
    pub fn infer(&self, features: &[i8], logits: &mut [i32]) {
        Portable.row(self.layers, features, logits);
    }

    /// Runs the golden vectors.
    pub(super) fn self_test(&self, agent: u8, kernel: &mut impl Kernel) -> Result<(), BlobError> {
        for (v, golden) in self.golden().enumerate() {
            let mut features = [0i8; WIDTH_MAX];
            for (f, &b) in features.iter_mut().zip(golden.features) {
                *f = signed(b);
            }
            let mut logits = [0; WIDTH_MAX];
            kernel.row(self.layers, &features, &mut logits);
            if !words(golden.logits).zip(logits).all(|(right, found)| right == found) {
                return Err(BlobError::Golden { agent, vector: byte(v) });
            }
        }
        Ok(())
    }

    /// The best allowed choice of each head, whatever the heads are: see [`best_choices`].
    pub fn choose(&self, logits: &[i32], choices: &mut [u8]) {
        let mut at = 0;
        for (choice, &count) in choices.iter_mut().zip(self.shape.heads) {
            *choice = best_of(logits, self.allowed, at, byte_index(count));
            at += byte_index(count);
        }
    }
}

/// Whether bit `output` of a mask is set.
#[inline(always)]
#[must_use]
pub fn allows(allowed: u64, output: usize) -> bool {
    output < 64 && (allowed >> output) & 1 == 1
}

/// The best allowed of the `count` outputs from `first` on, counted from there.
#[inline(always)]
fn best_of(logits: &[i32], allowed: u64, first: usize, count: usize) -> u8 {
    let (mut best, mut choice) = (i64::MIN, 0);
    for (i, &logit) in logits.iter().skip(first).take(count).enumerate() {
        if allows(allowed, first + i) && wide(logit) > best {
            best = wide(logit);
            choice = byte(i);
        }
    }
    choice
}

/// The best allowed choice of each head of this build; the lowest index among equals.
#[inline]
#[must_use]
pub fn best_choices(logits: &[i32; OUTPUTS], allowed: u64) -> [u8; HEADS] {
    let mut choices = [0u8; HEADS];
    let mut at = 0;
    for (choice, count) in choices.iter_mut().zip(HEAD_CHOICES) {
        *choice = best_of(logits, allowed, at, count);
        at += count;
    }
    choices
}
