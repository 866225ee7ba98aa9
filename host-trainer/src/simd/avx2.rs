//! Batches on 256 bits: halfwords in pairs, 8 rows in a register, 4 outputs times 16 rows of accumulators (with 24 they would not fit the 16 registers).
#![allow(unsafe_code)] // Entering code that is compiled for AVX2, loads and stores.

use restock_core::blob::layer::{TILE, tiles};
use restock_core::blob::{HIDDEN_MAX, Layer, Layers, WIDTH_MAX};
use std::arch::x86_64::{
    __m256i, _mm_cvtsi64_si128, _mm_loadu_si128, _mm_unpacklo_epi8, _mm256_add_epi32, _mm256_add_epi64,
    _mm256_blend_epi32, _mm256_cvtepi8_epi16, _mm256_madd_epi16, _mm256_max_epi32, _mm256_min_epi32, _mm256_mul_epi32,
    _mm256_or_si256, _mm256_set1_epi32, _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_slli_epi32, _mm256_srli_epi64,
    _mm256_storeu_si256,
};

/// Rows in a register; a batch has room for a multiple of it.
pub(super) const STRIDE: usize = 8;
/// Activations of some rows: pairs of halfwords. Shape `[pair of inputs][vector of rows]`.
type Pairs<const V: usize> = [[__m256i; V]; WIDTH_MAX / 2];

/// Outputs of `rows` rows: shape `[output][row]`, each output's rows filled up to a multiple of [`STRIDE`].
///
/// # Panics
/// If the processor has no AVX2, or `outputs` is too small.
pub(super) fn batch(layers: Layers<'_>, inputs: &[i8], rows: usize, weights: &mut Vec<i32>, outputs: &mut [i32]) {
    assert!(is_x86_feature_detected!("avx2"));
    // SAFETY: just asked.
    unsafe { every_tile(layers, inputs, rows, weights, outputs) }
}

#[target_feature(enable = "avx2")]
fn every_tile(layers: Layers<'_>, inputs: &[i8], rows: usize, words: &mut Vec<i32>, outputs: &mut [i32]) {
    widen(layers, words);
    let whole = rows - rows % (2 * STRIDE);
    let mut memory = [[[_mm256_setzero_si256(); 2]; WIDTH_MAX / 2]; 2];
    for first in (0..whole).step_by(2 * STRIDE) {
        tile(layers, &Rows { inputs, rows, first }, words, outputs, &mut memory);
    }
    let mut memory = [[[_mm256_setzero_si256(); 1]; WIDTH_MAX / 2]; 2];
    for first in (whole..rows).step_by(STRIDE) {
        tile(layers, &Rows { inputs, rows, first }, words, outputs, &mut memory);
    }
}

/// Words of a group: biases, pairs of weights of each block, multipliers.
const fn group_words(layer_inputs: usize) -> usize {
    2 * TILE + tiles(layer_inputs) * 2 * TILE
}

/// All layers in words, in the order of their streams, weights as pairs of halfwords.
#[target_feature(enable = "avx2")]
fn widen(layers: Layers<'_>, words: &mut Vec<i32>) {
    let count = |layer: Layer<'_>| tiles(layer.outputs()) * group_words(layer.inputs());
    words.resize(layers.iter().map(count).sum(), 0);
    let mut rest = words.as_mut_slice();
    for group in layers.iter().flat_map(|layer| layer.groups()) {
        let (own, after) = rest.split_at_mut(2 * TILE + group.blocks.len() * 2 * TILE);
        let (biases, own) = own.split_at_mut(TILE);
        let (pairs, multipliers) = own.split_at_mut(group.blocks.len() * 2 * TILE);
        biases.copy_from_slice(&group.biases);
        multipliers.copy_from_slice(&group.multipliers);
        for (words, block) in pairs.as_chunks_mut().0.iter_mut().zip(group.blocks) {
            // SAFETY: a block is 16 bytes long, and the load asks for no alignment.
            store(words, _mm256_cvtepi8_epi16(unsafe { _mm_loadu_si128(block.as_ptr().cast()) }));
        }
        rest = after;
    }
}

/// Inputs of shape `[input][row]`, and the first row of a tile.
struct Rows<'a> {
    inputs: &'a [i8],
    rows: usize,
    first: usize,
}

impl Rows<'_> {
    /// `V` vectors of a pair of inputs.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn pairs<const V: usize>(&self, pair: usize) -> [__m256i; V] {
        let from = |input: usize| self.inputs.get(input * self.rows..(input + 1) * self.rows).unwrap_or(&[]);
        let (low, high) = (from(2 * pair), from(2 * pair + 1));
        std::array::from_fn(|v| {
            let at = self.first + v * STRIDE;
            let both = _mm_unpacklo_epi8(_mm_cvtsi64_si128(eight(low, at)), _mm_cvtsi64_si128(eight(high, at)));
            _mm256_cvtepi8_epi16(both)
        })
    }
}

/// `V` vectors of rows through all layers.
#[target_feature(enable = "avx2")]
fn tile<const V: usize>(
    layers: Layers<'_>,
    rows: &Rows<'_>,
    words: &[i32],
    outputs: &mut [i32],
    memory: &mut [Pairs<V>; 2],
) {
    // Swapping references, not kilobytes.
    let [x, y] = memory;
    let (mut x, mut y) = (x, y);
    for (pair, x) in x.iter_mut().enumerate().take(2 * tiles(layers.inputs())) {
        *x = rows.pairs(pair);
    }
    let stride = rows.rows.next_multiple_of(STRIDE);
    let mut words = words;
    let mut rest = layers;
    while let Some((layer, after)) = rest.split_first() {
        let (own, others) = words.split_at(tiles(layer.outputs()) * group_words(layer.inputs()));
        words = others;
        if after.is_empty() {
            each_group(layer.inputs(), x, own, |group, scaled: [[__m256i; V]; TILE]| {
                for (o, vectors) in scaled.iter().enumerate().take(layer.outputs() - group * TILE) {
                    let from = (group * TILE + o) * stride + rows.first;
                    let room = outputs[from..][..V * STRIDE].as_chunks_mut::<STRIDE>().0;
                    room.iter_mut().zip(vectors).for_each(|(room, &vector)| store(room, vector));
                }
            });
        } else {
            each_group(layer.inputs(), x, own, |group, scaled: [[__m256i; V]; TILE]| {
                let hidden = scaled.map(|vectors| vectors.map(|scaled| clamp(scaled)));
                let Some([low, high]) = y.as_chunks_mut::<2>().0.get_mut(group) else { return };
                for v in 0..V {
                    low[v] = _mm256_or_si256(hidden[0][v], _mm256_slli_epi32(hidden[1][v], 16));
                    high[v] = _mm256_or_si256(hidden[2][v], _mm256_slli_epi32(hidden[3][v], 16));
                }
            });
            std::mem::swap(&mut x, &mut y);
        }
        rest = after;
    }
}

/// Eight rows of an input; zeros past the end.
#[inline(always)]
fn eight(row: &[i8], at: usize) -> i64 {
    let rest = row.get(at..).unwrap_or(&[]);
    let bytes = rest.first_chunk::<8>().copied().unwrap_or_else(|| {
        let mut bytes = [0; 8];
        bytes[..rest.len()].copy_from_slice(rest);
        bytes
    });
    i64::from_le_bytes(bytes.map(i8::cast_unsigned))
}

/// Sums and scales 4 outputs at a time.
#[target_feature(enable = "avx2")]
#[inline]
fn each_group<const V: usize>(
    inputs: usize,
    x: &Pairs<V>,
    words: &[i32],
    mut each: impl FnMut(usize, [[__m256i; V]; TILE]),
) {
    let x = x.as_chunks::<2>().0.get(..tiles(inputs)).unwrap_or(&[]);
    for (g, words) in words.chunks_exact(group_words(inputs)).enumerate() {
        let Some((biases, rest)) = words.split_first_chunk::<TILE>() else { return };
        let Some((pairs, multipliers)) = rest.split_last_chunk::<TILE>() else { return };
        let mut sums: [[__m256i; V]; TILE] = std::array::from_fn(|o| [_mm256_set1_epi32(biases[o]); V]);
        for (words, x) in pairs.as_chunks::<{ 2 * TILE }>().0.iter().zip(x) {
            for p in 0..2 {
                for o in 0..TILE {
                    let w = _mm256_set1_epi32(words[2 * o + p]);
                    for v in 0..V {
                        sums[o][v] = _mm256_add_epi32(sums[o][v], _mm256_madd_epi16(x[p][v], w));
                    }
                }
            }
        }
        for o in 0..TILE {
            let m = _mm256_set1_epi32(multipliers[o]);
            sums[o] = sums[o].map(|sum| scale(sum, m));
        }
        each(g, sums);
    }
}

/// `(acc * m + 2^31) >> 32` of eight: the even and the odd ones apart.
#[target_feature(enable = "avx2")]
#[inline]
fn scale(acc: __m256i, m: __m256i) -> __m256i {
    let half = _mm256_set1_epi64x(1 << 31);
    let even = _mm256_add_epi64(_mm256_mul_epi32(acc, m), half);
    let odd = _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(acc, 32), m), half);
    _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0b1010_1010)
}

#[target_feature(enable = "avx2")]
#[inline]
fn clamp(scaled: __m256i) -> __m256i {
    _mm256_min_epi32(_mm256_max_epi32(scaled, _mm256_setzero_si256()), _mm256_set1_epi32(HIDDEN_MAX))
}

#[target_feature(enable = "avx2")]
#[inline]
fn store(room: &mut [i32; STRIDE], vector: __m256i) {
    // SAFETY: the place is 8 words long, and the store asks for no alignment.
    unsafe { _mm256_storeu_si256(room.as_mut_ptr().cast(), vector) }
}
