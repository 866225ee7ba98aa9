//! What is searched: weights of V, sensitivities of the weights, and the curve's shape; as a box and as parameters.

use crate::bayesian::Axis;
use restock_core::hyperscore::{SensitivitiesPpm, gamma_for_midpoint};
use restock_core::scenario::ScoreParametersPpm;

/// Names of the sensitivities in `network.toml`, in the order of [`SensitivitiesPpm::words`].
const SENSITIVITIES: [&str; 8] = [
    "volatility_to_delivery",
    "volatility_to_capacity",
    "disruption_to_delivery",
    "disruption_to_capacity",
    "backlog_to_delivery",
    "backlog_to_capacity",
    "utilization_to_delivery",
    "utilization_to_capacity",
];
/// Axes of the weights: three that add up to one.
const WEIGHTS: usize = 2;

/// The box.
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    present: ScoreParametersPpm,
    shape: bool,
    axes: Vec<Axis>,
}

/// A number of parts per million.
fn ppm(value: f64) -> i32 {
    (value * 1e6).round() as i32
}

impl Space {
    /// The box around a network's present parameters; with `shape` the curve's own numbers are in it.
    #[must_use]
    pub fn new(present: &ScoreParametersPpm, shape: bool) -> Self {
        let most = f64::from(SensitivitiesPpm::MAX) / 1e6;
        let mut axes =
            vec![Axis::even("share of delivery", 0.0, 1.0), Axis::even("share of inventory in the rest", 0.0, 1.0)];
        axes.extend(SENSITIVITIES.iter().map(|name| Axis::even(name, -most, most)));
        if shape {
            // Where the sigmoid is steepest in place of gamma, so that the axes do not pull on each other.
            axes.extend([
                Axis::ratio("beta", 0.5, 20.0),
                Axis::even("midpoint", 0.2, 1.2),
                Axis::ratio("kappa", 0.25, 5.0),
            ]);
        }
        Self { present: *present, shape, axes }
    }

    /// The box's sides.
    #[must_use]
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// What the weights add up to: as now, so that V stays on its scale.
    fn sum(&self) -> f64 {
        let p = &self.present;
        let sum = [p.weight_delivery, p.weight_inventory, p.weight_capacity].map(f64::from).iter().sum::<f64>() / 1e6;
        // One weight may have all of it, and a weight is at most 4.
        if sum > 0.0 { sum.min(4.0) } else { 1.0 }
    }

    /// The parameters at a point.
    ///
    /// Uniform points of the square give weights that are uniform over all triples: `1 - sqrt(1 - u)` for the first,
    /// and the rest is split evenly (Devroye 1986, chapter V.4).
    #[must_use]
    pub fn parameters(&self, at: &[u32]) -> ScoreParametersPpm {
        let value = |i: usize| self.axes[i].value(at[i]);
        let (sum, first) = (self.sum(), 1.0 - libm::sqrt(1.0 - value(0)));
        let second = (1.0 - first) * value(1);
        let delivery = ppm(sum * first);
        let inventory = ppm(sum * second).min(ppm(sum) - delivery);
        let mut found = ScoreParametersPpm {
            weight_delivery: delivery,
            weight_inventory: inventory,
            weight_capacity: ppm(sum) - delivery - inventory,
            sensitivity: SensitivitiesPpm::from_words(std::array::from_fn(|i| ppm(value(WEIGHTS + i)))),
            ..self.present
        };
        if self.shape {
            let from = WEIGHTS + SENSITIVITIES.len();
            let (beta, midpoint, kappa) = (value(from), value(from + 1), value(from + 2));
            let gamma = gamma_for_midpoint(beta, midpoint);
            (found.beta, found.gamma, found.kappa) = (ppm(beta), ppm(gamma), ppm(kappa));
        }
        found
    }

    /// Where parameters lie in the box: the nearest point of it.
    #[must_use]
    pub fn point(&self, p: &ScoreParametersPpm) -> Vec<u32> {
        let [delivery, inventory, capacity] = [p.weight_delivery, p.weight_inventory, p.weight_capacity].map(f64::from);
        let (sum, rest) = (delivery + inventory + capacity, inventory + capacity);
        let first = if sum > 0.0 { delivery / sum } else { 1.0 / 3.0 };
        let mut values = vec![1.0 - (1.0 - first).powi(2), if rest > 0.0 { inventory / rest } else { 0.5 }];
        values.extend(p.sensitivity.words().map(|word| f64::from(word) / 1e6));
        if self.shape {
            let [beta, gamma, kappa] = [p.beta, p.gamma, p.kappa].map(|word| f64::from(word) / 1e6);
            values.extend([beta, libm::exp(-gamma / beta), kappa]);
        }
        self.axes.iter().zip(values).map(|(axis, value)| axis.part(value)).collect()
    }

    /// The same with equal weights, whatever the conditions.
    #[must_use]
    pub fn equal_weights(&self) -> ScoreParametersPpm {
        let third = ppm(self.sum() / 3.0);
        let (weight_delivery, weight_inventory) = (third, third);
        let weight_capacity = ppm(self.sum()) - 2 * third;
        let sensitivity = SensitivitiesPpm::NONE;
        ScoreParametersPpm { weight_delivery, weight_inventory, weight_capacity, sensitivity, ..self.present }
    }

    /// What a network folder may include: the `[hyperscore]` section with what was searched.
    #[must_use]
    pub fn fragment(&self, p: &ScoreParametersPpm) -> String {
        let mut rows = vec![
            ("weight_delivery", p.weight_delivery),
            ("weight_inventory", p.weight_inventory),
            ("weight_capacity", p.weight_capacity),
        ];
        rows.extend(SENSITIVITIES.into_iter().zip(p.sensitivity.words()));
        if self.shape {
            rows.extend([("beta", p.beta), ("gamma", p.gamma), ("kappa", p.kappa)]);
        }
        let line = |(name, word): (&str, i32)| format!("{name} = {:.6}\n", f64::from(word) / 1e6);
        format!("[hyperscore]\n{}", rows.into_iter().map(line).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bayesian::{Search, random};

    #[test]
    fn any_point_is_parameters_that_a_network_takes_and_comes_back() {
        for shape in [false, true] {
            let space = Space::new(&ScoreParametersPpm::PUBLISHED, shape);
            let axes = space.axes().len();
            let search = Search { axes, startup: 0, seed: 3 };
            let corners = [vec![0; axes], vec![crate::bayesian::SIDE; axes]];
            for at in (0..300).map(|i| random(&search, i)).chain(corners) {
                let p = space.parameters(&at);
                let weights = [p.weight_delivery, p.weight_inventory, p.weight_capacity];
                assert!(weights.iter().all(|&w| w >= 0) && weights.iter().sum::<i32>() == 1_000_000, "{p:?}");
                assert!(p.sensitivity.words().iter().all(|s| s.abs() <= SensitivitiesPpm::MAX));
                assert!((1..=100_000_000).contains(&p.beta) && (1..=100_000_000).contains(&p.kappa));
                assert!(p.gamma.abs() <= 100_000_000);
                assert_eq!(
                    shape,
                    (p.beta, p.gamma, p.kappa) != {
                        let q = ScoreParametersPpm::PUBLISHED;
                        (q.beta, q.gamma, q.kappa)
                    }
                );
                let again = space.parameters(&space.point(&p));
                let near = |a: i32, b: i32| (a - b).abs() <= 40;
                assert!(near(p.weight_delivery, again.weight_delivery), "{p:?} {again:?}");
                assert!(p.sensitivity.words().iter().zip(again.sensitivity.words()).all(|(a, b)| near(*a, b)));
            }
        }
    }

    #[test]
    fn equal_weights_keep_the_sum_and_random_points_all_triples_alike() {
        let present = ScoreParametersPpm { weight_delivery: 1_000_000, ..ScoreParametersPpm::PUBLISHED };
        let space = Space::new(&present, false);
        let equal = space.equal_weights();
        assert_eq!([equal.weight_delivery, equal.weight_inventory, equal.weight_capacity], [500_000; 3]);
        let search = Search { axes: space.axes().len(), startup: 0, seed: 3 };
        let mean =
            (0..4000).map(|i| f64::from(space.parameters(&random(&search, i)).weight_delivery)).sum::<f64>() / 4000.0;
        assert!((mean / 500_000.0 - 1.0).abs() < 0.03, "{mean}");
    }
}
