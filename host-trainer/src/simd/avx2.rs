//! Batches on 256 bits: halfwords in pairs, 8 rows in a register, 4 outputs times 24 rows of accumulators.
#![allow(unsafe_code)] // Entering code that is compiled for AVX2, and stores.

use restock_core::blob::layer::{TILE, tiles};
use restock_core::blob::{HIDDEN_MAX, Layer, Layers, WIDTH_MAX};
use std::arch::x86_64::{
    __m256i, _mm_cvtsi64_si128, _mm_unpacklo_epi8, _mm256_add_epi32, _mm256_add_epi64, _mm256_blend_epi32,
    _mm256_cvtepi8_epi16, _mm256_madd_epi16, _mm256_max_epi32, _mm256_min_epi32, _mm256_mul_epi32, _mm256_or_si256,
    _mm256_set1_epi32, _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_slli_epi32, _mm256_srli_epi64,
    _mm256_storeu_si256,
};

/// Rows in a register; a batch has room for a multiple of it.
pub(super) const STRIDE: usize = 8;
/// Most registers of rows at once.
const VECTORS: usize = 3;

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
fn every_tile(layers: Layers<'_>, inputs: &[i8], rows: usize, weights: &mut Vec<i32>, outputs: &mut [i32]) {
    widen(layers, weights);
    let stride = rows.next_multiple_of(STRIDE);
    let mut first = 0;
    while first < rows {
        let vectors = ((rows - first).div_ceil(STRIDE)).min(VECTORS);
        match vectors {
            3 => tile::<3>(layers, inputs, rows, first, weights, outputs, stride),
            2 => tile::<2>(layers, inputs, rows, first, weights, outputs, stride),
            _ => tile::<1>(layers, inputs, rows, first, weights, outputs, stride),
        }
        first += vectors * STRIDE;
    }
}

/// All weights as pairs of halfwords, in the order of the streams: for each block and output two words.
#[target_feature(enable = "avx2")]
fn widen(layers: Layers<'_>, weights: &mut Vec<i32>) {
    weights.clear();
    let pair = |low: u8, high: u8| {
        let half = |weight: u8| i16::from(weight.cast_signed()).cast_unsigned();
        (u32::from(half(low)) | u32::from(half(high)) << 16).cast_signed()
    };
    for group in layers.iter().flat_map(|layer| layer.groups()) {
        for block in group.blocks {
            weights.extend(block.as_chunks::<2>().0.iter().map(|&[low, high]| pair(low, high)));
        }
    }
}

/// `V` vectors of rows through all layers.
#[target_feature(enable = "avx2")]
#[allow(clippy::too_many_arguments)]
fn tile<const V: usize>(
    layers: Layers<'_>,
    inputs: &[i8],
    rows: usize,
    first: usize,
    weights: &[i32],
    outputs: &mut [i32],
    stride: usize,
) {
    let mut x: Pairs<V> = [[_mm256_setzero_si256(); V]; WIDTH_MAX / 2];
    let mut y = x;
    for (pair, x) in x.iter_mut().enumerate().take(2 * tiles(layers.inputs())) {
        let row = |input: usize| if input < layers.inputs() { &inputs[input * rows..(input + 1) * rows] } else { &[] };
        let (low, high) = (row(2 * pair), row(2 * pair + 1));
        for (v, x) in x.iter_mut().enumerate() {
            let at = first + v * STRIDE;
            let both = _mm_unpacklo_epi8(_mm_cvtsi64_si128(eight(low, at)), _mm_cvtsi64_si128(eight(high, at)));
            *x = _mm256_cvtepi8_epi16(both);
        }
    }
    let mut weights = weights;
    let mut rest = layers;
    while let Some((layer, after)) = rest.split_first() {
        let (own, others) = weights.split_at(tiles(layer.inputs()) * tiles(layer.outputs()) * 2 * TILE);
        weights = others;
        if after.is_empty() {
            each_group(&layer, &x, own, |group, scaled: [[__m256i; V]; TILE]| {
                for (o, vectors) in scaled.iter().enumerate().take(layer.outputs() - group * TILE) {
                    let from = (group * TILE + o) * stride + first;
                    let room = outputs[from..][..V * STRIDE].as_chunks_mut::<STRIDE>().0;
                    room.iter_mut().zip(vectors).for_each(|(room, &vector)| store(room, vector));
                }
            });
        } else {
            each_group(&layer, &x, own, |group, scaled: [[__m256i; V]; TILE]| {
                let hidden = scaled.map(|vectors| vectors.map(|scaled| clamp(scaled)));
                for v in 0..V {
                    y[2 * group][v] = _mm256_or_si256(hidden[0][v], _mm256_slli_epi32(hidden[1][v], 16));
                    y[2 * group + 1][v] = _mm256_or_si256(hidden[2][v], _mm256_slli_epi32(hidden[3][v], 16));
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
    layer: &Layer<'_>,
    x: &Pairs<V>,
    weights: &[i32],
    mut each: impl FnMut(usize, [[__m256i; V]; TILE]),
) {
    let own = weights.chunks_exact(tiles(layer.inputs()) * 2 * TILE);
    for ((g, group), own) in layer.groups().enumerate().zip(own) {
        let mut sums = group.biases.map(|bias| [_mm256_set1_epi32(bias); V]);
        for (words, x) in own.as_chunks::<8>().0.iter().zip(x.as_chunks::<2>().0) {
            for p in 0..2 {
                for o in 0..TILE {
                    let w = _mm256_set1_epi32(words[2 * o + p]);
                    for v in 0..V {
                        sums[o][v] = _mm256_add_epi32(sums[o][v], _mm256_madd_epi16(x[p][v], w));
                    }
                }
            }
        }
        for (sums, m) in sums.iter_mut().zip(group.multipliers) {
            let m = _mm256_set1_epi32(m);
            for sum in sums {
                *sum = scale(*sum, m);
            }
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
