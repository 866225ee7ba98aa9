//! How much HyperScore's ranking of policies hangs on its weights: random weightings instead of the
//! scenario's.

use crate::command::table;
use crate::evaluate::{PartsOut, Summary};
use rand_core::Rng;
use restock_core::Scenario;
use restock_core::draws::{Draws, Source};
use serde::Serialize;

/// Weightings that are drawn.
const WEIGHTINGS: u32 = 10_000;
/// How far a weighting near the scenario's own may lie from it: this share of it is random.
const NEAR: f64 = 0.1;
/// V that differ by less are equal: parts are known to a millionth.
const EQUAL: f64 = 1e-6;

/// What random weightings do to a ranking.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Flips {
    /// Share of weightings under which some pair of policies changes its order.
    pub order: f64,
    /// Share under which another policy is best.
    pub best: f64,
    /// Share under which each policy is best, in the order of the comparison.
    pub first: Vec<f64>,
}

/// The ranking's sensitivity to the weights of V. HyperScore is monotone in V, so its ranking is V's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sensitivity {
    /// Weightings that were drawn.
    pub weightings: u32,
    /// Any weighting: Dirichlet(1, 1, 1), all triples that add up to one alike.
    pub any: Flips,
    /// Nine tenths the scenario's own weights, one tenth any.
    pub near: Flips,
}

/// How the ranking of `policies` fares under random weightings, the same for the same seed.
#[must_use]
pub fn of(scenario: &Scenario<'_>, policies: &[Summary], seed: u64) -> Sensitivity {
    let p = scenario.score_parameters();
    let own = [p.weight_delivery, p.weight_inventory, p.weight_capacity].map(f64::from);
    let sum = own.iter().sum::<f64>();
    // Without any weight no policy is before another; equal weights then stand for the scenario's.
    let own = if sum > 0.0 { own.map(|w| w / sum) } else { [1.0 / 3.0; 3] };
    let parts: Vec<[f64; 3]> = policies.iter().map(|s| triple(&s.parts)).collect();
    let drawn: Vec<[f64; 3]> = (0..WEIGHTINGS).map(|i| dirichlet(&Draws::new(seed, i))).collect();
    let near: Vec<[f64; 3]> =
        drawn.iter().map(|any| std::array::from_fn(|k| (1.0 - NEAR) * own[k] + NEAR * any[k])).collect();
    Sensitivity { weightings: WEIGHTINGS, any: flips(&parts, own, &drawn), near: flips(&parts, own, &near) }
}

fn triple(parts: &PartsOut) -> [f64; 3] {
    [parts.delivery_rate, parts.inventory_score, parts.capacity_utilization]
}

/// Three weights from Dirichlet(1, 1, 1): exponential variables by inverse transform over their sum.
fn dirichlet(draws: &Draws) -> [f64; 3] {
    let mut chance = draws.row(0, 0, Source::Host).at(0);
    // Never 0 or 1, so that each logarithm is finite and the sum positive.
    let raw: [f64; 3] = std::array::from_fn(|_| -libm::log((f64::from(chance.next_u32()) + 0.5) / 4_294_967_296.0));
    let sum: f64 = raw.iter().sum();
    raw.map(|x| x / sum)
}

fn flips(parts: &[[f64; 3]], own: [f64; 3], weightings: &[[f64; 3]]) -> Flips {
    let values = |w: &[f64; 3]| -> Vec<f64> { parts.iter().map(|x| w[0] * x[0] + w[1] * x[1] + w[2] * x[2]).collect() };
    // The first of equals.
    let best = |v: &[f64]| (0..v.len()).reduce(|a, b| if v[b] > v[a] + EQUAL { b } else { a });
    let base = values(&own);
    let (mut order, mut another) = (0u32, 0u32);
    let mut first = vec![0u32; parts.len()];
    for weights in weightings {
        let v = values(weights);
        let turned = |a: usize, b: usize| {
            let (then, now) = (base[a] - base[b], v[a] - v[b]);
            then.abs() > EQUAL && now.abs() > EQUAL && (then > 0.0) != (now > 0.0)
        };
        order += u32::from((0..v.len()).any(|b| (0..b).any(|a| turned(a, b))));
        let winner = best(&v);
        another += u32::from(winner != best(&base));
        if let Some(slot) = winner.and_then(|i| first.get_mut(i)) {
            *slot += 1;
        }
    }
    let share = |count: u32| f64::from(count) / (weightings.len() as f64).max(1.0);
    Flips { order: share(order), best: share(another), first: first.into_iter().map(share).collect() }
}

impl Sensitivity {
    /// A few lines for people.
    #[must_use]
    pub fn text(&self, policies: &[Summary]) -> String {
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        let named = policies.iter().zip(&self.any.first).filter(|(_, share)| **share > 0.0);
        let mut first: Vec<(&str, f64)> = named.map(|(s, &share)| (s.policy.as_str(), share)).collect();
        first.sort_by(|a, b| b.1.total_cmp(&a.1));
        let first: Vec<String> = first.iter().map(|(name, share)| format!("{name} in {}", percent(*share))).collect();
        format!(
            "weights: of {} random weightings {} turn HyperScore's order of some two policies and {} make\n\
             another one best; of weightings that are nine tenths the scenario's {} and {}.\n{}",
            self.weightings,
            percent(self.any.order),
            percent(self.any.best),
            percent(self.near.order),
            percent(self.near.best),
            table::listed("best by HyperScore under any weighting", &first),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: [f64; 3] = [0.5, 0.3, 0.2];

    fn drawn() -> Vec<[f64; 3]> {
        (0..WEIGHTINGS).map(|i| dirichlet(&Draws::new(7, i))).collect()
    }

    #[test]
    fn weights_add_up_to_one_and_all_triples_are_alike() {
        let drawn = drawn();
        let (mut mean, mut square) = ([0.0; 3], [0.0; 3]);
        for weights in &drawn {
            assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12 && weights.iter().all(|&w| w >= 0.0));
            for k in 0..3 {
                mean[k] += weights[k] / f64::from(WEIGHTINGS);
                square[k] += weights[k] * weights[k] / f64::from(WEIGHTINGS);
            }
        }
        // Dirichlet(1, 1, 1): mean 1/3, mean square 1/6.
        for k in 0..3 {
            assert!((mean[k] - 1.0 / 3.0).abs() < 0.01 && (square[k] - 1.0 / 6.0).abs() < 0.01, "{mean:?} {square:?}");
        }
    }

    #[test]
    fn a_policy_better_in_all_parts_is_best_under_any_weights() {
        let found = flips(&[[0.9, 0.6, 0.8], [0.8, 0.5, 0.7]], OWN, &drawn());
        assert_eq!(found, Flips { order: 0.0, best: 0.0, first: vec![1.0, 0.0] });
    }

    #[test]
    fn the_share_of_flips_is_that_of_the_triangle() {
        // First better in delivery, second in inventory by as much: the order turns where b > a, in half of all
        // weightings.
        let found = flips(&[[0.9, 0.5, 0.8], [0.8, 0.6, 0.8]], OWN, &drawn());
        assert!((found.order - 0.5).abs() < 0.02 && found.order == found.best, "{found:?}");
        // Twice as much in inventory: it turns where 2 b > a, in two thirds, and then for the scenario's own too.
        let found = flips(&[[0.9, 0.4, 0.8], [0.8, 0.6, 0.8]], OWN, &drawn());
        assert!((found.best - 1.0 / 3.0).abs() < 0.02 && (found.first[1] - 2.0 / 3.0).abs() < 0.02, "{found:?}");
    }

    #[test]
    fn equal_policies_never_turn() {
        let found = flips(&[[0.9, 0.5, 0.8]; 3], OWN, &drawn());
        assert_eq!((found.order, found.best, found.first[0]), (0.0, 0.0, 1.0));
    }
}
