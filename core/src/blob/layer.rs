//! A layer as it lies in a file: a stream that a kernel reads from its first byte to its last.
//!
//! ```text
//! layer = group, group, ...          one for each 4 outputs
//! group = 4 biases, block, block, ..., 4 multipliers
//! block = 4 inputs' weights of output 0, of output 1, of output 2, of output 3    one for each 4 inputs
//! ```
//!
//! Biases and multipliers are little-endian `i32`, weights `i8`. Inputs and outputs are filled up with
//! zeros to multiples of 4: a block is four loads of a word on a Cortex-M4, each with the weights of one
//! output, which `SXTB16` takes apart; the same word is what `VPDPBUSD` wants broadcast.
//!
//! # An accumulator never overflows
//! `acc = bias + sum over i of w[i] * x[i]`, with `w` and `x` in -128 to 127. Whatever the order of the
//! additions, each partial sum is within `|bias| + inputs * 2^14`, because no product is greater than
//! `128 * 128 = 2^14`. [`bias_max`] is `2^31 - 1 - inputs * 2^14`, and a layer with a bias beyond it is
//! refused: so every partial sum, in any order and in any grouping of the products, fits 32 bits.
//! The scaled output `(acc * m + 2^31) >> 32` with `0 <= m < 2^31` is within `2^30`.

use crate::blob::{LAYERS_MAX, WIDTH_MAX};
use crate::convert::{byte, from_i8, saturate, signed, wide, word};

/// Outputs of a group, inputs of a block.
pub const TILE: usize = 4;
/// Bytes of a block.
pub const BLOCK_BYTES: usize = TILE * TILE;
/// Bytes of a group's biases, and of its multipliers.
pub const WORDS_BYTES: usize = 4 * TILE;

/// The greatest size of a product of a weight and an input.
const PRODUCT_MAX: i32 = 128 * 128;

/// How many tiles hold `count` inputs or outputs.
#[inline(always)]
#[must_use]
pub const fn tiles(count: usize) -> usize {
    count.div_ceil(TILE)
}

/// The greatest size of a bias of a layer with so many inputs: with it no accumulator overflows.
#[inline(always)]
#[must_use]
pub const fn bias_max(inputs: usize) -> i32 {
    i32::MAX.saturating_sub(word(inputs).saturating_mul(PRODUCT_MAX))
}

const _: () = assert!(
    wide(bias_max(WIDTH_MAX)) + wide(word(WIDTH_MAX)) * wide(PRODUCT_MAX) == wide(i32::MAX) && bias_max(WIDTH_MAX) > 0,
    "an accumulator must never overflow"
);

/// One layer, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer<'a> {
    inputs: u16,
    outputs: u16,
    stream: &'a [u8],
}

/// Four outputs of a layer.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// Biases, in units of weight step times input step.
    pub biases: [i32; TILE],
    /// Weights. Shape `[block of inputs]` of `[output][input]`, `i8` each.
    pub blocks: &'a [[u8; BLOCK_BYTES]],
    /// Multipliers, times 2^-32.
    pub multipliers: [i32; TILE],
}

impl<'a> Group<'a> {
    #[inline(always)]
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (biases, rest) = bytes.split_first_chunk::<WORDS_BYTES>()?;
        let (blocks, multipliers) = rest.split_last_chunk::<WORDS_BYTES>()?;
        Some(Self { biases: four_words(biases), blocks: blocks.as_chunks().0, multipliers: four_words(multipliers) })
    }

    /// The weights of one output, filled up with zeros.
    pub fn row(&self, output: usize) -> impl Iterator<Item = i8> + use<'a> {
        let own = move |block: &'a [u8; BLOCK_BYTES]| block.as_chunks::<TILE>().0.get(output).into_iter().flatten();
        self.blocks.iter().flat_map(own).map(|&weight| signed(weight))
    }
}

/// Four little-endian words.
#[inline(always)]
fn four_words(bytes: &[u8; WORDS_BYTES]) -> [i32; TILE] {
    let &[a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3] = bytes;
    [[a0, a1, a2, a3], [b0, b1, b2, b3], [c0, c1, c2, c3], [d0, d1, d2, d3]].map(i32::from_le_bytes)
}

impl<'a> Layer<'a> {
    /// Bytes of the stream of a layer.
    #[inline(always)]
    #[must_use]
    pub const fn bytes(inputs: usize, outputs: usize) -> usize {
        tiles(outputs) * (2 * WORDS_BYTES + tiles(inputs) * BLOCK_BYTES)
    }

    /// Checks a layer: shape, length, biases that can't overflow, multipliers that are not negative, and
    /// zeros where it is filled up. `None` if something is not allowed.
    #[must_use]
    pub fn new(inputs: u16, outputs: u16, stream: &'a [u8]) -> Option<Self> {
        let (i, o) = (usize::from(inputs), usize::from(outputs));
        if !(1..=WIDTH_MAX).contains(&i) || !(1..=WIDTH_MAX).contains(&o) || stream.len() != Self::bytes(i, o) {
            return None;
        }
        let layer = Self { inputs, outputs, stream };
        let bias_max = bias_max(i);
        let mut left = o; // outputs from this group on
        for group in layer.groups() {
            let numbers = group.biases.iter().zip(&group.multipliers).enumerate();
            let allowed = numbers.into_iter().all(|(k, (&bias, &multiplier))| {
                if k < left {
                    (-bias_max..=bias_max).contains(&bias) && multiplier >= 0
                } else {
                    bias == 0 && multiplier == 0
                }
            });
            if !allowed || !filled_with_zeros(&group, i, left) {
                return None;
            }
            left = left.saturating_sub(TILE);
        }
        Some(layer)
    }

    /// Number of inputs, 1 to [`WIDTH_MAX`].
    #[inline(always)]
    #[must_use]
    pub fn inputs(&self) -> usize {
        usize::from(self.inputs)
    }

    /// Number of outputs, 1 to [`WIDTH_MAX`].
    #[inline(always)]
    #[must_use]
    pub fn outputs(&self) -> usize {
        usize::from(self.outputs)
    }

    /// Multiply-adds, without those of the filling.
    #[must_use]
    pub fn multiply_adds(&self) -> usize {
        self.inputs() * self.outputs()
    }

    /// The stream: [`Layer::bytes`] long.
    #[inline(always)]
    #[must_use]
    pub const fn stream(&self) -> &'a [u8] {
        self.stream
    }

    /// The groups, in order.
    #[inline(always)]
    pub fn groups(&self) -> impl Iterator<Item = Group<'a>> + use<'a> {
        let bytes = 2 * WORDS_BYTES + tiles(self.inputs()) * BLOCK_BYTES;
        self.stream.chunks_exact(bytes).filter_map(Group::read)
    }
}

/// Whether the weights of outputs from `outputs` on and of inputs from `inputs` on are 0.
fn filled_with_zeros(group: &Group<'_>, inputs: usize, outputs: usize) -> bool {
    let last = inputs % TILE;
    let blocks = group.blocks.len();
    group.blocks.iter().enumerate().all(|(b, block)| {
        let own = if b + 1 == blocks && last != 0 { last } else { TILE };
        let rows = block.as_chunks::<TILE>().0;
        (own == TILE && outputs >= TILE)
            || rows
                .iter()
                .enumerate()
                .all(|(o, row)| row.iter().skip(if o < outputs { own } else { 0 }).all(|&weight| weight == 0))
    })
}

/// The layers of one network, checked: each fits the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layers<'a> {
    /// Inputs and outputs of each, little-endian `u16`.
    shapes: &'a [[u8; 4]],
    streams: &'a [u8],
}

impl<'a> Layers<'a> {
    /// Checks layers: `shapes` has inputs and outputs of each as little-endian `u16`, `streams` their streams
    /// one after the other.
    ///
    /// # Errors
    /// Which layer is not allowed, or does not fit the one before; the number of layers if there is none,
    /// there are more than [`LAYERS_MAX`], or bytes are left.
    pub fn new(shapes: &'a [[u8; 4]], streams: &'a [u8]) -> Result<Self, u8> {
        if shapes.is_empty() || shapes.len() > LAYERS_MAX {
            return Err(byte(shapes.len()));
        }
        let layers = Self { shapes, streams };
        let (mut rest, mut width) = (streams, None);
        for (l, &shape) in shapes.iter().enumerate() {
            let (inputs, outputs) = shape_of(shape);
            let bytes = Layer::bytes(usize::from(inputs), usize::from(outputs));
            let (stream, after) = rest.split_at_checked(bytes).ok_or(byte(l))?;
            let fits = width.is_none_or(|width| width == inputs);
            if !fits || Layer::new(inputs, outputs, stream).is_none() {
                return Err(byte(l));
            }
            (rest, width) = (after, Some(outputs));
        }
        if rest.is_empty() { Ok(layers) } else { Err(byte(shapes.len())) }
    }

    /// What [`Layers::new`] has accepted before, without looking at the numbers again.
    pub(crate) const fn checked_before(shapes: &'a [[u8; 4]], streams: &'a [u8]) -> Self {
        Self { shapes, streams }
    }

    /// Bytes of the streams of layers of these shapes.
    pub(crate) fn bytes(shapes: &[[u8; 4]]) -> usize {
        let bytes = |&shape| {
            let (inputs, outputs) = shape_of(shape);
            Layer::bytes(usize::from(inputs), usize::from(outputs))
        };
        shapes.iter().map(bytes).fold(0, usize::saturating_add)
    }

    /// Number of layers.
    #[inline(always)]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.shapes.len()
    }

    /// Whether there is none: only before anything was read.
    #[inline(always)]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.shapes.is_empty()
    }

    /// The first layer and those after it.
    #[inline(always)]
    #[must_use]
    pub fn split_first(self) -> Option<(Layer<'a>, Self)> {
        let (&shape, shapes) = self.shapes.split_first()?;
        let (inputs, outputs) = shape_of(shape);
        let bytes = Layer::bytes(usize::from(inputs), usize::from(outputs));
        let (stream, streams) = self.streams.split_at_checked(bytes)?;
        Some((Layer { inputs, outputs, stream }, Self { shapes, streams }))
    }

    /// The layers, in order.
    #[inline(always)]
    pub fn iter(self) -> impl Iterator<Item = Layer<'a>> + use<'a> {
        let mut rest = self;
        core::iter::from_fn(move || {
            let (layer, after) = rest.split_first()?;
            rest = after;
            Some(layer)
        })
    }

    /// Inputs of the first layer.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.shapes.first().map_or(0, |&shape| usize::from(shape_of(shape).0))
    }

    /// Outputs of the last layer.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.shapes.last().map_or(0, |&shape| usize::from(shape_of(shape).1))
    }

    /// Multiply-adds of one inference.
    #[must_use]
    pub fn multiply_adds(&self) -> usize {
        self.iter().map(|layer| layer.multiply_adds()).sum()
    }
}

#[inline(always)]
fn shape_of([i0, i1, o0, o1]: [u8; 4]) -> (u16, u16) {
    (u16::from_le_bytes([i0, i1]), u16::from_le_bytes([o0, o1]))
}

/// `(acc * m + 2^31) >> 32`: the arithmetic of the format, rounding half up. On a Cortex-M4 it is `SMMULR`.
#[inline(always)]
#[must_use]
pub const fn scale(acc: i32, multiplier: i32) -> i32 {
    saturate((wide(acc) * wide(multiplier) + (1 << 31)) >> 32)
}

/// `sums[o] += sum over i of w[o][i] * x[i]`.
#[inline(always)]
pub(crate) fn add_block(sums: &mut [i32; TILE], block: &[u8; BLOCK_BYTES], x: &[i8; TILE]) {
    let x = x.map(from_i8);
    for (sum, weights) in sums.iter_mut().zip(block.as_chunks::<TILE>().0) {
        let w = weights.map(|weight| from_i8(signed(weight)));
        // Can't overflow: see above.
        *sum = sum.wrapping_add(w[0] * x[0]).wrapping_add(w[1] * x[1]);
        *sum = sum.wrapping_add(w[2] * x[2]).wrapping_add(w[3] * x[3]);
    }
}
