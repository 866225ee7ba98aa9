//! Fresh parameters, drawn from addresses: no global generator, so learners built on several
//! threads are the same as learners built on one.

use super::{LayerShape, ModelConfig};
use rand_core::Rng;
use restock_core::action::{Choice, HEAD_CHOICES, LEVEL_OFFSETS_Q8, OUTPUTS};
use restock_core::draws::{Draws, Source};

/// How much a fresh policy tries.
struct Exploration {
    /// Width of the bell of level choices around the first level [standard deviations of demand].
    level_bell: f32,
    /// Head start of the first choice of the other heads [logit].
    choice_logit: f32,
}

/// Around a choice that a search found nothing better than: a little. Policies that explore more make the chain that
/// the others live in a noisy one, and learn what is best in that: on the default network the bell below let the cost of
/// the likeliest choices rise again from iteration 70 on, by 2 %, while that of the choices tried fell.
const FOUND: Exploration = Exploration { level_bell: 0.3, choice_logit: 5.0 };
/// Around the textbook's, which may be far from the best: wide enough that far levels are tried before the policy
/// narrows. On the inventory problem of `ppo/tests/inventory.rs` (best level 1.645 away), 0.35 left 3 of 4
/// learners at 0.875 and 43 % above the best cost; with 0.8 all 4 ended within 3 %.
const TEXTBOOK: Exploration = Exploration { level_bell: 0.8, choice_logit: 3.0 };
/// Head start of the first level over the bell [logit]: levels lie so close that what a fresh policy sees
/// would else pick its neighbour.
const LEVEL_HEAD_START: f32 = 0.2;
/// No level starts less likely than this [logit], so that every level can be found.
const LEVEL_LOGIT_MIN: f32 = -6.0;
/// Gain of hidden layers: sqrt(2) suits ReLU (He et al. 2015).
const GAIN_HIDDEN: f64 = std::f64::consts::SQRT_2;
/// Gain of the policy's last layer: 100 times smaller (Andrychowicz et al. 2021, choice C57; Huang
/// et al. 2022, detail 2), so that a fresh policy hardly depends on what it sees.
const GAIN_POLICY: f64 = 0.01;
/// Gain of the critic's last layer. 0: a fresh critic says "the mean return" everywhere.
const GAIN_CRITIC: f64 = 0.0;

/// Orthogonal weights (Saxe et al. 2014), zero biases but for the policy's last layer.
pub(super) fn parameters(config: &ModelConfig, found: Option<Choice>, seed: u64) -> Vec<f32> {
    let layers = config.layers();
    let mut parameters = vec![0.0; layers.parameters()];
    let (actor_last, critic_last) = (layers.actor.len() - 1, layers.actor.len() + layers.critic.len() - 1);
    let draws = Draws::new(seed, 0);
    for (index, layer) in layers.all().enumerate() {
        let gain = match index {
            index if index == actor_last => GAIN_POLICY,
            index if index == critic_last => GAIN_CRITIC,
            _ => GAIN_HIDDEN,
        };
        let mut generator = draws.row(0, index as u32, Source::Host).at(0);
        orthogonal(layer, gain, &mut generator, &mut parameters[layer.weights.clone()]);
    }
    parameters[layers.actor[actor_last].bias.clone()].copy_from_slice(&match found {
        Some(choice) => bias_around(choice, &FOUND),
        None => bias_around(Choice::TEXTBOOK, &TEXTBOOK),
    });
    parameters
}

/// Logits of a rule that always makes one choice: a bell around its level, a head start for its other choices.
fn bias_around(choice: Choice, exploration: &Exploration) -> [f32; OUTPUTS] {
    let mut bias = [0.0; OUTPUTS];
    let level = usize::from(choice.level).min(LEVEL_OFFSETS_Q8.len() - 1);
    for (logit, offset) in bias.iter_mut().zip(LEVEL_OFFSETS_Q8) {
        let deviations = (offset - LEVEL_OFFSETS_Q8[level]) as f32 / 256.0 / exploration.level_bell;
        let bell = -0.5 * deviations * deviations;
        *logit = if bell < LEVEL_LOGIT_MIN { LEVEL_LOGIT_MIN } else { bell };
    }
    bias[level] += LEVEL_HEAD_START;
    let mut start = HEAD_CHOICES[0];
    for (choice, choices) in choice.heads().into_iter().zip(HEAD_CHOICES).skip(1) {
        bias[start + usize::from(choice)] = exploration.choice_logit;
        start += choices;
    }
    bias
}

/// Rows (or columns, where there are fewer) that are orthogonal and `gain` long: Gram-Schmidt in
/// f64 over normal draws. Shape `[output][input]`.
fn orthogonal(layer: &LayerShape, gain: f64, generator: &mut impl Rng, weights: &mut [f32]) {
    let (count, length) = (layer.inputs.min(layer.outputs), layer.inputs.max(layer.outputs));
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(count);
    while basis.len() < count {
        let mut vector: Vec<f64> = (0..length).map(|_| normal(generator)).collect();
        for _ in 0..2 {
            // Twice is enough (Giraud et al. 2005): the second pass removes what rounding left.
            for other in &basis {
                let overlap: f64 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
                vector.iter_mut().zip(other).for_each(|(a, b)| *a -= overlap * b);
            }
        }
        let norm = vector.iter().map(|a| a * a).sum::<f64>().sqrt();
        if norm > 1e-6 {
            vector.iter_mut().for_each(|a| *a /= norm);
            basis.push(vector);
        }
    }
    let wide = layer.outputs <= layer.inputs;
    for (output, row) in weights.chunks_exact_mut(layer.inputs).enumerate() {
        for (input, weight) in row.iter_mut().enumerate() {
            let entry = if wide { basis[output][input] } else { basis[input][output] };
            *weight = (gain * entry) as f32;
        }
    }
}

/// A standard normal draw (Box and Muller 1958), through `libm`: the same bits on every target.
fn normal(generator: &mut impl Rng) -> f64 {
    let unit = |word: u32| (f64::from(word) + 0.5) / 4_294_967_296.0;
    let (radius, angle) = (unit(generator.next_u32()), unit(generator.next_u32()));
    (-2.0 * libm::log(radius)).sqrt() * libm::cos(std::f64::consts::TAU * angle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_weights_are_orthogonal() {
        for (inputs, outputs) in [(28, 32), (64, 32), (32, 32)] {
            let layer = LayerShape { inputs, outputs, weights: 0..inputs * outputs, bias: 0..0 };
            let mut weights = vec![0.0; inputs * outputs];
            let mut generator = Draws::new(3, 0).row(0, 0, Source::Host).at(0);
            orthogonal(&layer, 2.0, &mut generator, &mut weights);
            let at = |long: usize, short: usize| {
                f64::from(if outputs <= inputs {
                    weights[short * inputs + long]
                } else {
                    weights[long * inputs + short]
                })
            };
            for a in 0..inputs.min(outputs) {
                for b in 0..=a {
                    let dot: f64 = (0..inputs.max(outputs)).map(|i| at(i, a) * at(i, b)).sum();
                    assert!((dot - if a == b { 4.0 } else { 0.0 }).abs() < 1e-5, "{a} {b}: {dot}");
                }
            }
        }
    }
}
