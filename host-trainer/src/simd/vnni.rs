//! Batches on 512 bits: bytes in fours, 16 rows in a register, 4 outputs times 64 rows of accumulators.
//!
//! `VPDPBUSD` multiplies unsigned bytes with signed ones. Hidden activations are 0 to 127; inputs are made
//! unsigned by adding 128, and `128 * sum(w)` is taken off the biases of the first layer.
#![allow(unsafe_code)] // Entering code that is compiled for AVX-512, and stores.

use restock_core::blob::layer::{Group, TILE, tiles};
use restock_core::blob::{HIDDEN_MAX, Layer, Layers, WIDTH_MAX};
use std::arch::x86_64::{
    __m512i, _mm_loadu_si128, _mm_unpackhi_epi8, _mm_unpackhi_epi16, _mm_unpacklo_epi8, _mm_unpacklo_epi16,
    _mm512_add_epi64, _mm512_castsi128_si512, _mm512_dpbusd_epi32, _mm512_inserti32x4, _mm512_mask_blend_epi32,
    _mm512_max_epi32, _mm512_min_epi32, _mm512_mul_epi32, _mm512_or_si512, _mm512_set1_epi32, _mm512_set1_epi64,
    _mm512_setzero_si512, _mm512_slli_epi32, _mm512_srli_epi64, _mm512_storeu_si512, _mm512_xor_si512,
};

/// Rows in a register; a batch has room for a multiple of it.
pub(super) const STRIDE: usize = 16;
/// Most registers of rows at once.
const VECTORS: usize = 4;

/// Activations of some rows: bytes in fours. Shape `[block of inputs][vector of rows]`.
type Fours<const V: usize> = [[__m512i; V]; WIDTH_MAX / TILE];

/// Whether the processor has what this file is compiled for.
pub(super) fn is_here() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vnni")
}

/// Outputs of `rows` rows: shape `[output][row]`, each output's rows filled up to a multiple of [`STRIDE`].
///
/// # Panics
/// If the processor has no such thing, or `outputs` is too small.
pub(super) fn batch(layers: Layers<'_>, inputs: &[i8], rows: usize, biases: &mut Vec<i32>, outputs: &mut [i32]) {
    assert!(is_here());
    // SAFETY: just asked.
    unsafe { every_tile(layers, inputs, rows, biases, outputs) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn every_tile(layers: Layers<'_>, inputs: &[i8], rows: usize, biases: &mut Vec<i32>, outputs: &mut [i32]) {
    biases.clear();
    if let Some((layer, _)) = layers.split_first() {
        biases.extend(layer.groups().flat_map(|group| shifted(&group)));
    }
    let stride = rows.next_multiple_of(STRIDE);
    let mut first = 0;
    while first < rows {
        let vectors = ((rows - first).div_ceil(STRIDE)).min(VECTORS);
        match vectors {
            4 => tile::<4>(layers, inputs, rows, first, biases, outputs, stride),
            3 => tile::<3>(layers, inputs, rows, first, biases, outputs, stride),
            2 => tile::<2>(layers, inputs, rows, first, biases, outputs, stride),
            _ => tile::<1>(layers, inputs, rows, first, biases, outputs, stride),
        }
        first += vectors * STRIDE;
    }
}

/// Biases for inputs that are 128 more. They may wrap; so does the sum, back to where it fits.
fn shifted(group: &Group<'_>) -> [i32; TILE] {
    let mut sums = [0; TILE];
    for block in group.blocks {
        for (sum, weights) in sums.iter_mut().zip(block.as_chunks::<TILE>().0) {
            *sum += weights.iter().map(|w| i32::from(w.cast_signed())).sum::<i32>();
        }
    }
    std::array::from_fn(|o| group.biases[o].wrapping_sub(128 * sums[o]))
}

/// `V` vectors of rows through all layers.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[allow(clippy::too_many_arguments)]
fn tile<const V: usize>(
    layers: Layers<'_>,
    inputs: &[i8],
    rows: usize,
    first: usize,
    biases: &[i32],
    outputs: &mut [i32],
    stride: usize,
) {
    let mut x: Fours<V> = [[_mm512_setzero_si512(); V]; WIDTH_MAX / TILE];
    let mut other = x;
    for (block, x) in x.iter_mut().enumerate().take(tiles(layers.inputs())) {
        let row = |input: usize| if input < layers.inputs() { &inputs[input * rows..(input + 1) * rows] } else { &[] };
        let four: [&[i8]; TILE] = std::array::from_fn(|i| row(block * TILE + i));
        for (v, x) in x.iter_mut().enumerate() {
            *x = fours(four.map(|row| sixteen(row, first + v * STRIDE)));
        }
    }
    let (mut x, mut y) = (&mut x, &mut other); // swapping references, not kilobytes
    let mut rest = layers;
    let mut biases = Some(biases);
    while let Some((layer, after)) = rest.split_first() {
        let biases = biases.take();
        if after.is_empty() {
            each_group(&layer, x, biases, |group, scaled: [[__m512i; V]; TILE]| {
                for (o, vectors) in scaled.iter().enumerate().take(layer.outputs() - group * TILE) {
                    let from = (group * TILE + o) * stride + first;
                    let room = outputs[from..][..V * STRIDE].as_chunks_mut::<STRIDE>().0;
                    room.iter_mut().zip(vectors).for_each(|(room, &vector)| store(room, vector));
                }
            });
        } else {
            each_group(&layer, x, biases, |group, scaled: [[__m512i; V]; TILE]| {
                for v in 0..V {
                    let byte = |o: usize| clamp(scaled[o][v]);
                    let low = _mm512_or_si512(byte(0), _mm512_slli_epi32(byte(1), 8));
                    let high = _mm512_or_si512(byte(2), _mm512_slli_epi32(byte(3), 8));
                    y[group][v] = _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
                }
            });
            std::mem::swap(&mut x, &mut y);
        }
        rest = after;
    }
}

/// Sixteen rows of an input; zeros past the end.
#[inline(always)]
fn sixteen(row: &[i8], at: usize) -> [i8; STRIDE] {
    let rest = row.get(at..).unwrap_or(&[]);
    rest.first_chunk().copied().unwrap_or_else(|| {
        let mut bytes = [0; STRIDE];
        bytes[..rest.len()].copy_from_slice(rest);
        bytes
    })
}

/// Four inputs of sixteen rows as sixteen words of four bytes, 128 added to each.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn fours(inputs: [[i8; STRIDE]; TILE]) -> __m512i {
    // SAFETY: each is 16 bytes long, and the load asks for no alignment.
    let [a, b, c, d] = inputs.map(|bytes| unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) });
    let (ab, cd) = (_mm_unpacklo_epi8(a, b), _mm_unpacklo_epi8(c, d));
    let (ab_high, cd_high) = (_mm_unpackhi_epi8(a, b), _mm_unpackhi_epi8(c, d));
    let words = _mm512_castsi128_si512(_mm_unpacklo_epi16(ab, cd));
    let words = _mm512_inserti32x4(words, _mm_unpackhi_epi16(ab, cd), 1);
    let words = _mm512_inserti32x4(words, _mm_unpacklo_epi16(ab_high, cd_high), 2);
    let words = _mm512_inserti32x4(words, _mm_unpackhi_epi16(ab_high, cd_high), 3);
    _mm512_xor_si512(words, _mm512_set1_epi32(0x8080_8080_u32.cast_signed()))
}

/// Sums and scales 4 outputs at a time.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn each_group<const V: usize>(
    layer: &Layer<'_>,
    x: &Fours<V>,
    biases: Option<&[i32]>,
    mut each: impl FnMut(usize, [[__m512i; V]; TILE]),
) {
    for (g, group) in layer.groups().enumerate() {
        let own = biases.and_then(|biases| biases.as_chunks::<TILE>().0.get(g)).unwrap_or(&group.biases);
        let mut sums = own.map(|bias| [_mm512_set1_epi32(bias); V]);
        for (block, x) in group.blocks.iter().zip(x) {
            let weights = block.as_chunks::<TILE>().0;
            for o in 0..TILE {
                let w = _mm512_set1_epi32(i32::from_le_bytes(weights[o]));
                for v in 0..V {
                    sums[o][v] = _mm512_dpbusd_epi32(sums[o][v], x[v], w);
                }
            }
        }
        for (sums, m) in sums.iter_mut().zip(group.multipliers) {
            let m = _mm512_set1_epi32(m);
            for sum in sums {
                *sum = scale(*sum, m);
            }
        }
        each(g, sums);
    }
}

/// `(acc * m + 2^31) >> 32` of sixteen: the even and the odd ones apart.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn scale(acc: __m512i, m: __m512i) -> __m512i {
    let half = _mm512_set1_epi64(1 << 31);
    let even = _mm512_add_epi64(_mm512_mul_epi32(acc, m), half);
    let odd = _mm512_add_epi64(_mm512_mul_epi32(_mm512_srli_epi64(acc, 32), m), half);
    _mm512_mask_blend_epi32(0b1010_1010_1010_1010, _mm512_srli_epi64(even, 32), odd)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn clamp(scaled: __m512i) -> __m512i {
    _mm512_min_epi32(_mm512_max_epi32(scaled, _mm512_setzero_si512()), _mm512_set1_epi32(HIDDEN_MAX))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn store(room: &mut [i32; STRIDE], vector: __m512i) {
    // SAFETY: the place is 16 words long, and the store asks for no alignment.
    unsafe { _mm512_storeu_si512(room.as_mut_ptr().cast(), vector) }
}
