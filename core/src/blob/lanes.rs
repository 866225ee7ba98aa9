//! Several products' networks side by side, where there is a vector unit: each weight is loaded once for
//! all of them, and no sum goes across a vector.
//!
//! The same numbers as [`Agent::infer`] and [`best_choices`](super::best_choices): a decision of a network
//! of 3,072 weights takes 260 ns instead of 435 with AVX2, simulator included. A microcontroller would
//! lose by it and goes product by product: see [`SIDE_BY_SIDE`].

use super::{Agent, Layer, WIDTH_MAX, allows, words};
use crate::action::{HEAD_CHOICES, HEADS, OUTPUTS};
use crate::convert::{byte, from_i8, low, saturate_i8, signed, wide};
use crate::observation::FEATURES;

/// Whether this target runs networks side by side.
pub(crate) const SIDE_BY_SIDE: bool = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));

/// Products side by side.
pub(crate) const LANES: usize = 32;

/// One number of each product.
type Lanes = [i32; LANES];

/// Logits of some products. Shape `[output][lane]`.
pub(crate) type LaneLogits = [Lanes; OUTPUTS];

/// Logits of the products from `first` on, of features of shape `[feature][product]`; zeros stand in for
/// products past the end.
#[inline(always)]
pub(crate) fn infer(agent: &Agent<'_>, features: &[i8], products: usize, first: usize, logits: &mut LaneLogits) {
    let mut x = [[0; LANES]; WIDTH_MAX];
    let mut y = [[0; LANES]; WIDTH_MAX];
    for (lanes, row) in x.iter_mut().zip(features.chunks_exact(products.max(1))) {
        for (lane, &feature) in lanes.iter_mut().zip(row.get(first..).unwrap_or(&[])) {
            *lane = from_i8(feature);
        }
    }
    let mut width = FEATURES;
    let Some((last, hidden)) = agent.layers.split_last() else { return };
    for layer in hidden {
        let x_now = x.get(..width).unwrap_or(&[]);
        each_output(layer, x_now, &mut y, |scaled| from_i8(saturate_i8(if scaled > 0 { scaled } else { 0 }))); // ReLU
        width = usize::from(layer.outputs).min(WIDTH_MAX);
        core::mem::swap(&mut x, &mut y);
    }
    each_output(last, x.get(..width).unwrap_or(&[]), logits, |scaled| scaled);
}

/// Every output of a layer, scaled as in `for_each_output`.
#[inline(always)]
fn each_output(layer: &Layer<'_>, x: &[Lanes], outputs: &mut [Lanes], then: impl Fn(i32) -> i32) {
    let rows = layer.weights.chunks_exact(x.len().max(1));
    for (((output, row), bias), m) in
        outputs.iter_mut().zip(rows).zip(words(layer.biases)).zip(words(layer.multipliers))
    {
        let mut sums = [bias; LANES];
        // Four inputs at a time, so that the sums are not moved to and fro for each: a third of the time.
        let (fours, ones) = row.as_chunks::<4>();
        let (x_fours, x_ones) = x.as_chunks::<4>();
        for (weights, x) in fours.iter().zip(x_fours) {
            let w = weights.map(|weight| from_i8(signed(weight)));
            for i in 0..LANES {
                // Can't overflow: see `Layer::check`.
                sums[i] = sums[i].wrapping_add(w[0] * x[0][i] + w[1] * x[1][i] + w[2] * x[2][i] + w[3] * x[3][i]);
            }
        }
        for (&weight, x) in ones.iter().zip(x_ones) {
            for i in 0..LANES {
                sums[i] = sums[i].wrapping_add(from_i8(signed(weight)) * x[i]);
            }
        }
        for (output, &sum) in output.iter_mut().zip(&sums) {
            // Both factors have at most 31 bits: what is left of their product after 32 fits.
            *output = then(low((wide(sum) * wide(m) + (1 << 31)) >> 32));
        }
    }
}

/// The best allowed choice of each head, by product; the lowest index among equals.
#[inline(always)]
pub(crate) fn best_choices(logits: &LaneLogits, allowed: u64) -> [[u8; HEADS]; LANES] {
    let mut choices = [[0; HEADS]; LANES];
    let mut at = 0;
    for (head, count) in HEAD_CHOICES.into_iter().enumerate() {
        let (mut best, mut choice) = ([i32::MIN; LANES], [0; LANES]);
        let mut first = true;
        for output in (at..at + count).filter(|&output| allows(allowed, output)) {
            for i in 0..LANES {
                let better = first || logits[output][i] > best[i];
                best[i] = if better { logits[output][i] } else { best[i] };
                choice[i] = if better { byte(output - at) } else { choice[i] };
            }
            first = false;
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
    use crate::blob;
    use crate::convert::{from_bits, low_bits};
    use crate::draws::{Draws, Source};

    /// A network of 28, 23 and 36 with weights, biases and features of all sizes.
    #[test]
    fn side_by_side_is_one_by_one() {
        const HIDDEN: usize = 23;
        const PRODUCTS: usize = LANES + 3;
        for seed in 0..50 {
            let row = Draws::new(seed, 0).row(0, 0, Source::Host);
            let mut count = 0;
            let mut word = || {
                count += 1;
                row.two(count).0
            };
            let mut bytes = [0u8; (FEATURES + OUTPUTS) * HIDDEN];
            bytes.iter_mut().for_each(|b| *b = word().to_le_bytes()[0]);
            let mut biases = [0u8; 4 * OUTPUTS];
            biases.chunks_exact_mut(4).for_each(|b| b.copy_from_slice(&(from_bits(word()) >> 8).to_le_bytes()));
            let mut multipliers = [0u8; 4 * OUTPUTS];
            multipliers
                .chunks_exact_mut(4)
                .for_each(|b| b.copy_from_slice(&(word() >> (1 + word() % 12)).to_le_bytes()));
            let (first, second) = bytes.split_at(FEATURES * HIDDEN);
            let layer = |inputs, outputs, weights| {
                let words = 4 * usize::from(outputs);
                Layer { inputs, outputs, weights, biases: &biases[..words], multipliers: &multipliers[..words] }
            };
            let (f, h, o) = (u16::from(byte(FEATURES)), u16::from(byte(HIDDEN)), u16::from(byte(OUTPUTS)));
            let layers = [layer(f, h, first), layer(h, o, second)];
            let agent =
                Agent { node_key: 0, allowed: 0, layers: layers.into_iter().collect(), golden: Default::default() };
            let mut features = [0i8; FEATURES * PRODUCTS];
            features.iter_mut().for_each(|f| *f = signed(word().to_le_bytes()[0]));
            let allowed = u64::from(word()) | (u64::from(low_bits(seed)) << 32) | 1;
            for start in [0, LANES] {
                let mut together = [[0; LANES]; OUTPUTS];
                infer(&agent, &features, PRODUCTS, start, &mut together);
                let choices = best_choices(&together, allowed);
                for product in start..PRODUCTS.min(start + LANES) {
                    let own = core::array::from_fn(|f| features[f * PRODUCTS + product]);
                    let mut alone = [0; OUTPUTS];
                    agent.infer(&own, &mut alone);
                    assert_eq!(together.map(|lanes| lanes[product - start]), alone, "seed {seed}");
                    assert_eq!(choices[product - start], blob::best_choices(&alone, allowed), "seed {seed}");
                }
            }
        }
    }
}
