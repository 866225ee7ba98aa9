//! HyperScore held against money: parameters whose order of policies is that of their costs.
//!
//! What is maximized is Kendall's tau between the score and money not spent, within groups of policies that meet the
//! same world, path and period, and then the mean over groups: between worlds money differs for reasons that are no
//! policy's merit. The curve is monotone in V, so its shape (beta, gamma, kappa) can't change any rank; where it is
//! searched too, half of what is maximized is Pearson's correlation, which sees it: a score whose points are worth
//! about as much money everywhere.

pub mod population;
pub mod report;
pub mod space;

use crate::statistics::{Interval, drawn_anew, kendall, pearson, percentile};
use population::{Group, Population};
use restock_core::draws::Draws;
use restock_core::hyperscore::{Curve, WeightsPpm};
use restock_core::scenario::ScoreParametersPpm;
use serde::Serialize;

/// Resamples of an interval. Each looks at all groups again: the ends then wander by a few hundredths of the width.
const RESAMPLES: u32 = 1000;

/// How well a score tells of money.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// Mean of Kendall's tau-b over groups.
    pub tau: f64,
    /// Mean of Pearson's correlation over groups; NaN (`null`) where the shape is not searched.
    pub correlation: f64,
}

impl Fit {
    /// What is maximized.
    #[must_use]
    pub fn value(&self, shape: bool) -> f64 {
        if shape { 0.5 * (self.tau + self.correlation) } else { self.tau }
    }
}

/// What a score says of every policy in a group, beside the money not spent. Shapes `[policy]`.
struct Judged {
    network: usize,
    path: u32,
    v: Vec<i64>,
    score: Vec<f64>,
    money: Vec<f64>,
}

fn judged(network: usize, group: &Group, p: &ScoreParametersPpm, shape: bool) -> Judged {
    let curve = Curve::from_ppm(p);
    let v = group.rows.iter().map(|row| row.parts.v(&WeightsPpm::under(p, &row.conditions)));
    let v: Vec<_> = v.collect();
    let score = if shape { v.iter().map(|&v| curve.score_of(v)).collect() } else { Vec::new() };
    let money = group.rows.iter().map(|row| -(row.cost as f64)).collect();
    Judged { network, path: group.path, v: v.into_iter().map(|v| v.to_bits()).collect(), score, money }
}

/// Every group of some networks under some parameters.
fn all(populations: &[Population], p: &ScoreParametersPpm, shape: bool) -> Vec<Judged> {
    let groups = populations.iter().enumerate().flat_map(|(n, it)| it.groups.iter().map(move |group| (n, group)));
    groups.map(|(network, group)| judged(network, group, p, shape)).collect()
}

/// Means over groups, a policy and a path counting as often as they are there. Shapes `[network][policy]` and
/// `[network][path]`. A group in which money is all the same asks nothing; a score that is all the same answers nothing,
/// which is no correlation.
fn weighed(judged: &[Judged], policies: &[Vec<u32>], paths: &[Vec<u32>]) -> Fit {
    let (mut tau, mut correlation, mut count) = (0.0, 0.0, 0.0);
    for it in judged {
        let (weight, times) = (&policies[it.network], f64::from(paths[it.network][it.path as usize]));
        if times == 0.0 || pearson(&it.money, &it.money, weight).is_none() {
            continue;
        }
        count += times;
        tau += times * kendall(&it.v, &it.money, weight).unwrap_or(0.0);
        if !it.score.is_empty() {
            correlation += times * pearson(&it.score, &it.money, weight).unwrap_or(0.0);
        }
    }
    let shape = judged.iter().any(|it| !it.score.is_empty());
    Fit { tau: tau / count, correlation: if shape { correlation / count } else { f64::NAN } }
}

/// How often everybody counts: once.
fn once(populations: &[Population]) -> (Vec<Vec<u32>>, Vec<Vec<u32>>) {
    let policies = populations.iter().map(|it| vec![1; it.policies.len()]).collect();
    (policies, populations.iter().map(|it| vec![1; it.paths as usize]).collect())
}

/// How well parameters fit. NaN where there is no group with money that differs.
#[must_use]
pub fn fit(populations: &[Population], p: &ScoreParametersPpm, shape: bool) -> Fit {
    let (policies, paths) = once(populations);
    weighed(&all(populations, p, shape), &policies, &paths)
}

/// By how much one fits better than another: the difference of what is maximized, with a 95 % interval over policies
/// and paths drawn anew, each for itself.
#[must_use]
pub fn better(
    populations: &[Population],
    (of, base): (&ScoreParametersPpm, &ScoreParametersPpm),
    shape: bool,
    seed: u64,
) -> Interval {
    let (of, base) = (all(populations, of, shape), all(populations, base, shape));
    let difference = |policies: &[Vec<u32>], paths: &[Vec<u32>]| {
        weighed(&of, policies, paths).value(shape) - weighed(&base, policies, paths).value(shape)
    };
    let resampled = (0..RESAMPLES).map(|i| {
        let draws = Draws::new(seed, i);
        let again = |what: u32, count: &dyn Fn(&Population) -> usize| -> Vec<Vec<u32>> {
            let each = populations.iter().enumerate();
            each.map(|(network, it)| drawn_anew(count(it), &draws, what + 2 * network as u32)).collect()
        };
        difference(&again(3, &|it| it.policies.len()), &again(4, &|it| it.paths as usize))
    });
    // A resample of one policy many times over has no answer.
    let resampled: Vec<f64> = resampled.filter(|x| x.is_finite()).collect();
    let (policies, paths) = once(populations);
    let estimate = difference(&policies, &paths);
    if resampled.is_empty() || populations.iter().all(|it| it.paths < 2) {
        return Interval { mean: estimate, low: f64::NAN, high: f64::NAN, p_value: f64::NAN };
    }
    percentile(estimate, resampled)
}

#[cfg(test)]
mod tests;
