//! Several rows side by side, where there is a vector unit: each weight is loaded once for all of them, and
//! no sum goes across a vector.
//!
//! The same numbers as [`super::Portable`] row by row: a decision of a network of 3,072 weights takes 260 ns
//! instead of 435 with AVX2, simulator included. A microcontroller would lose by it and goes product by
//! product: see [`SIDE_BY_SIDE`]. A host with a kernel of its own for batches is faster still.

use super::layer::{BLOCK_BYTES, TILE};
use super::{Batch, HIDDEN_MAX, Layer, Layers, WIDTH_MAX, allows};
use crate::action::{HEAD_CHOICES, HEADS};
use crate::convert::{byte, from_i8, low, signed, wide};

/// Whether this target runs networks side by side.
pub(crate) const SIDE_BY_SIDE: bool = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));

/// Rows side by side.
pub(crate) const LANES: usize = 32;

/// One number of each row.
type Lanes = [i32; LANES];

/// One number of each row, for a tile of inputs or outputs.
type Tile = [Lanes; TILE];

/// Outputs of some rows, filled up to whole tiles. Shape `[output][lane]`.
pub(crate) type LaneOutputs = [Tile; WIDTH_MAX / TILE];

/// Outputs of the rows from `first` on, of inputs of shape `[input][row]`; zeros stand in for rows past the
/// end.
#[inline(always)]
pub(crate) fn infer(layers: Layers<'_>, inputs: &[i8], rows: usize, first: usize, outputs: &mut LaneOutputs) {
    let mut x: LaneOutputs = [[[0; LANES]; TILE]; WIDTH_MAX / TILE];
    for (lanes, row) in x.as_flattened_mut().iter_mut().zip(inputs.chunks_exact(rows.max(1))) {
        for (lane, &input) in lanes.iter_mut().zip(row.get(first..).unwrap_or(&[])) {
            *lane = from_i8(input);
        }
    }
    let mut rest = layers;
    while let Some((layer, after)) = rest.split_first() {
        if after.is_empty() {
            each_output(&layer, &x, outputs, |scaled| scaled);
        } else {
            each_output(&layer, &x, outputs, |scaled| scaled.clamp(0, HIDDEN_MAX)); // ReLU
            core::mem::swap(&mut x, outputs);
        }
        rest = after;
    }
}

/// Every output of a layer, scaled as in [`super::layer::scale`].
#[inline(always)]
fn each_output(layer: &Layer<'_>, x: &LaneOutputs, outputs: &mut LaneOutputs, then: impl Fn(i32) -> i32) {
    for (group, tile) in layer.groups().zip(outputs) {
        for (o, output) in tile.iter_mut().enumerate() {
            let mut sums = [group.biases[o]; LANES];
            // Four inputs at a time, so that the sums are not moved to and fro for each: a third of the time.
            for (block, x) in group.blocks.iter().zip(x) {
                let w = weights_of(block, o).map(|weight| from_i8(signed(weight)));
                for i in 0..LANES {
                    // Can't overflow: see `layer`.
                    sums[i] = sums[i].wrapping_add(w[0] * x[0][i] + w[1] * x[1][i] + w[2] * x[2][i] + w[3] * x[3][i]);
                }
            }
            let m = wide(group.multipliers[o]);
            for (output, &sum) in output.iter_mut().zip(&sums) {
                // Both factors have at most 31 bits: what is left of their product after 32 fits.
                *output = then(low((wide(sum) * m + (1 << 31)) >> 32));
            }
        }
    }
}

/// The weights of output `o` in a block.
#[inline(always)]
fn weights_of(block: &[u8; BLOCK_BYTES], o: usize) -> [u8; TILE] {
    block.as_chunks().0.get(o).copied().unwrap_or_default()
}

/// The lanes as a batch of [`LANES`] rows.
#[inline(always)]
pub(crate) fn batch_of(outputs: &LaneOutputs) -> Batch<'_> {
    Batch { outputs: outputs.as_flattened().as_flattened(), stride: LANES }
}

/// The best allowed choice of each head of [`LANES`] rows of a batch from `first` on; the lowest index among
/// equals. Rows past the end choose something.
#[inline(always)]
pub(crate) fn best_choices(batch: &Batch<'_>, first: usize, allowed: u64) -> [[u8; HEADS]; LANES] {
    let mut choices = [[0; HEADS]; LANES];
    let mut at = 0;
    for (head, count) in HEAD_CHOICES.into_iter().enumerate() {
        let (mut best, mut choice) = ([i32::MIN; LANES], [0; LANES]);
        let mut first_of_head = true;
        for output in (at..at + count).filter(|&output| allows(allowed, output)) {
            let from = output * batch.stride + first;
            let Some(logits) = batch.outputs.get(from..).and_then(|rest| rest.first_chunk::<LANES>()) else { continue };
            for i in 0..LANES {
                let better = first_of_head || logits[i] > best[i];
                best[i] = if better { logits[i] } else { best[i] };
                choice[i] = if better { byte(output - at) } else { choice[i] };
            }
            first_of_head = false;
        }
        for (choices, &choice) in choices.iter_mut().zip(&choice) {
            choices[head] = choice;
        }
        at += count;
    }
    choices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::OUTPUTS;
    use crate::blob::{self, Kernel, LayerDraft, Portable};
    use crate::convert::{from_bits, low_bits};
    use crate::draws::{Draws, Source};
    use crate::observation::FEATURES;

    /// A network of one hidden layer of 23 with weights, biases and features of all sizes.
    #[test]
    fn side_by_side_is_one_by_one() {
        const HIDDEN: usize = 23;
        const ROWS: usize = LANES + 3;
        for seed in 0..50 {
            let row = Draws::new(seed, 0).row(0, 0, Source::Host);
            let mut count = 0;
            let mut word = || {
                count += 1;
                row.two(count).0
            };
            let mut weights = [0i8; (FEATURES + OUTPUTS) * HIDDEN];
            weights.iter_mut().for_each(|w| *w = signed(word().to_le_bytes()[0]));
            let mut biases = [0; OUTPUTS];
            biases.iter_mut().for_each(|b| *b = from_bits(word()) >> 8);
            let mut multipliers = [0; OUTPUTS];
            multipliers.iter_mut().for_each(|m| *m = from_bits(word() >> (1 + word() % 12)));
            let (first, second) = weights.split_at(FEATURES * HIDDEN);
            let half = |count| u16::from(byte(count));
            let draft = |inputs, outputs, weights| LayerDraft {
                inputs: half(inputs),
                outputs: half(outputs),
                weights,
                biases: &biases[..outputs],
                multipliers: &multipliers[..outputs],
            };
            let mut streams = [0; Layer::bytes(FEATURES, HIDDEN) + Layer::bytes(HIDDEN, OUTPUTS)];
            let at = draft(FEATURES, HIDDEN, first).pack(&mut streams).unwrap();
            let end = draft(HIDDEN, OUTPUTS, second).pack(&mut streams[at..]).unwrap() + at;
            let shape = |inputs, outputs| [byte(inputs), 0, byte(outputs), 0];
            let shapes = [shape(FEATURES, HIDDEN), shape(HIDDEN, OUTPUTS)];
            let layers = Layers::new(&shapes, &streams[..end]).unwrap();
            let mut features = [0i8; FEATURES * ROWS];
            features.iter_mut().for_each(|f| *f = signed(word().to_le_bytes()[0]));
            let allowed = u64::from(word()) | (u64::from(low_bits(seed)) << 32) | 1;
            for start in [0, LANES] {
                let mut together = [[[0; LANES]; TILE]; WIDTH_MAX / TILE];
                infer(layers, &features, ROWS, start, &mut together);
                let choices = best_choices(&batch_of(&together), 0, allowed);
                for row in start..ROWS.min(start + LANES) {
                    let own: [i8; FEATURES] = core::array::from_fn(|f| features[f * ROWS + row]);
                    let mut alone = [0; OUTPUTS];
                    Portable.row(layers, &own, &mut alone);
                    let lane: [i32; OUTPUTS] = core::array::from_fn(|o| together[o / TILE][o % TILE][row - start]);
                    assert_eq!(lane, alone, "seed {seed}");
                    assert_eq!(choices[row - start], blob::best_choices(&alone, allowed), "seed {seed}");
                }
            }
        }
    }
}
