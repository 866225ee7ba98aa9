//! The six discrete heads: which choices are allowed, and how logits become choices.

use super::kernels::exponential;
use rand_core::Rng;
use restock_core::action::{HEAD_CHOICES, HEAD_NAMES, HEADS, OUTPUTS};
use serde::{Deserialize, Serialize};
use std::ops::Range;

const _: () = assert!(OUTPUTS <= 64, "a mask is one word");

/// The outputs of one head.
#[must_use]
pub const fn head_outputs(head: usize) -> Range<usize> {
    let (mut start, mut before) = (0, 0);
    while before < head {
        start += HEAD_CHOICES[before];
        before += 1;
    }
    start..start + HEAD_CHOICES[head]
}

/// Which of the choices of all heads a node has: at least one of each head.
///
/// A head with a single allowed choice contributes nothing to log-probability or entropy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct HeadMask {
    bits: u64,
}

/// A head was left without any choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the head `{}` has no allowed choice left; each head needs at least one", HEAD_NAMES[*.head])]
pub struct NoChoice {
    /// The head, an index into `HEAD_NAMES`.
    pub head: usize,
}

impl TryFrom<u64> for HeadMask {
    type Error = NoChoice;
    fn try_from(bits: u64) -> Result<Self, NoChoice> {
        let bits = bits & Self::all().bits;
        match (0..HEADS).find(|&head| head_outputs(head).all(|output| bits >> output & 1 == 0)) {
            Some(head) => Err(NoChoice { head }),
            None => Ok(Self { bits }),
        }
    }
}

impl From<HeadMask> for u64 {
    fn from(mask: HeadMask) -> Self {
        mask.bits
    }
}

impl HeadMask {
    /// Every choice is allowed.
    #[must_use]
    pub const fn all() -> Self {
        Self { bits: (1 << OUTPUTS) - 1 }
    }

    /// Only the choices for which `allowed` says so. Shape `[head 0's choices, head 1's, ...]`.
    ///
    /// # Errors
    /// If a head has no choice left.
    pub fn new(allowed: &[bool; OUTPUTS]) -> Result<Self, NoChoice> {
        let bits = allowed.iter().enumerate().map(|(output, &allowed)| u64::from(allowed) << output).sum::<u64>();
        Self::try_from(bits)
    }

    /// The same, with one head narrowed to the choices in `choices` that it had.
    ///
    /// # Errors
    /// If the head has no choice left.
    pub fn narrowed(self, head: usize, choices: &[u8]) -> Result<Self, NoChoice> {
        let outputs = head_outputs(head);
        let drop = outputs
            .clone()
            .filter(|output| !choices.iter().any(|&choice| outputs.start + usize::from(choice) == *output));
        Self::try_from(drop.fold(self.bits, |bits, output| bits & !(1 << output)))
    }

    /// Whether an output may be chosen.
    #[inline(always)]
    #[must_use]
    pub const fn allows(&self, output: usize) -> bool {
        self.bits >> output & 1 == 1
    }

    /// The last allowed output of a head.
    #[inline(always)]
    fn last_allowed(&self, head: usize) -> usize {
        let outputs = head_outputs(head);
        let below = self.bits & ((1 << outputs.end) - 1);
        63 - below.leading_zeros() as usize
    }

    /// The logits, with those of masked choices below every number.
    #[inline(always)]
    fn lowered(&self, logits: &[f32; OUTPUTS]) -> [f32; OUTPUTS] {
        std::array::from_fn(|output| if self.allows(output) { logits[output] } else { f32::NEG_INFINITY })
    }

    /// The allowed outputs of one head, ascending; never empty.
    pub fn allowed(self, head: usize) -> impl Iterator<Item = usize> {
        head_outputs(head).filter(move |&output| self.allows(output))
    }
}

/// The logits of one product out of `[OUTPUTS][products]`.
#[inline]
#[must_use]
pub fn gather_row(logits: &[f32], products: usize, product: usize) -> [f32; OUTPUTS] {
    std::array::from_fn(|output| logits[output * products + product])
}

/// Draws one choice per head, and gives the joint log-probability.
///
/// By inverse transform with exactly one word of chance per head, whatever the mask and the logits,
/// so that a policy's shape never shifts another draw.
pub fn sample_actions(logits: &[f32; OUTPUTS], mask: &HeadMask, generator: &mut impl Rng) -> ([u8; HEADS], f32) {
    // No branches on mask or logits: they would be mispredicted.
    let mut scores = mask.lowered(logits);
    for head in 0..HEADS {
        let scores = &mut scores[head_outputs(head)];
        let largest = scores.iter().fold(f32::NEG_INFINITY, |a, &b| if b > a { b } else { a });
        scores.iter_mut().for_each(|score| *score -= largest);
    }
    let weights = scores.map(exponential);
    let mut actions = [0; HEADS];
    let (mut score, mut sums) = (0.0, 1.0);
    for (head, action) in actions.iter_mut().enumerate() {
        let outputs = head_outputs(head);
        let mut cumulated = [0.0; OUTPUTS];
        let mut sum = 0.0;
        for output in outputs.clone() {
            sum += if mask.allows(output) { weights[output] } else { 0.0 };
            cumulated[output] = sum;
        }
        // 24 bits: every value is exact in f32 and below 1.
        let point = (generator.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0) * sum;
        // A masked output's sum is that of the output before it, so it is passed over with it.
        let passed: usize = outputs.clone().map(|output| usize::from(cumulated[output] <= point)).sum();
        // Rounding may put the point on the last sum: then the last allowed choice stands.
        let last = mask.last_allowed(head) - outputs.start;
        let sound = passed < last && mask.allows(outputs.start + passed); // not so where logits are NaN
        let chosen = if sound { passed } else { last };
        *action = chosen as u8;
        score += scores[outputs.start + chosen];
        sums *= sum; // each from 1 to the head's number of choices: no overflow
    }
    (actions, score - sums.ln())
}

/// The likeliest allowed choice of each head; ties go to the lowest index; a NaN is never chosen
/// over a number.
#[must_use]
pub fn argmax_actions(logits: &[f32; OUTPUTS], mask: &HeadMask) -> [u8; HEADS] {
    let scores = mask.lowered(logits);
    std::array::from_fn(|head| {
        let outputs = head_outputs(head);
        let mut best = (f32::NEG_INFINITY, mask.last_allowed(head));
        for output in outputs.clone() {
            best = if scores[output] > best.0 { (scores[output], output) } else { best };
        }
        (best.1 - outputs.start) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use restock_core::draws::{Draws, Source};

    fn generator(product: u64) -> impl Rng {
        Draws::new(1, 2).row(3, 4, Source::Exploration).at(product)
    }

    #[test]
    fn a_masked_choice_is_never_picked() {
        let mask = HeadMask::all().narrowed(3, &[0, 1]).and_then(|mask| mask.narrowed(0, &[16])).expect("choices left");
        // Masked logits are the largest: only the mask can keep them out.
        let logits = std::array::from_fn(|output| if mask.allows(output) { 0.0 } else { 50.0 });
        for product in 0..2000 {
            let (actions, log_probability) = sample_actions(&logits, &mask, &mut generator(product));
            assert!(actions[0] == 16 && actions[3] < 2);
            let expected = -(16.0_f32 * 3.0 * 2.0 * 4.0 * 8.0).ln();
            assert!((log_probability - expected).abs() < 1e-5);
        }
        assert_eq!(argmax_actions(&logits, &mask), [16, 0, 0, 0, 0, 0]);
        for logits in [[f32::NAN; OUTPUTS], [f32::INFINITY; OUTPUTS], [f32::MIN; OUTPUTS], [-300.0; OUTPUTS]] {
            let (actions, _) = sample_actions(&logits, &mask, &mut generator(7));
            let likeliest = argmax_actions(&logits, &mask);
            assert!(actions[0] == 16 && actions[3] < 2 && likeliest[0] == 16 && likeliest[3] < 2);
        }
    }

    #[test]
    fn samples_follow_the_softmax() {
        let logits: [f32; OUTPUTS] = std::array::from_fn(|output| (output % 5) as f32 * 0.4);
        let mut counts = [0.0_f64; OUTPUTS];
        let draws = 40_000;
        for product in 0..draws {
            let (actions, _) = sample_actions(&logits, &HeadMask::all(), &mut generator(product));
            for (head, action) in actions.into_iter().enumerate() {
                counts[head_outputs(head).start + usize::from(action)] += 1.0 / draws as f64;
            }
        }
        for head in 0..HEADS {
            let sum: f32 = head_outputs(head).map(|output| logits[output].exp()).sum();
            for output in head_outputs(head) {
                let probability = f64::from(logits[output].exp() / sum);
                let error = (counts[output] - probability).abs();
                assert!(error < 4.5 * (probability / draws as f64).sqrt(), "output {output}: {error}");
            }
        }
    }

    #[test]
    fn a_head_keeps_at_least_one_choice() {
        assert_eq!(HeadMask::all().narrowed(2, &[]), Err(NoChoice { head: 2 }));
        assert_eq!(HeadMask::new(&[true; OUTPUTS]), Ok(HeadMask::all()));
        assert_eq!(head_outputs(HEADS - 1).end, OUTPUTS);
    }
}
