//! Bootstrap intervals of means over training seeds and test paths.

use super::mean;
use rand_core::Rng;
use restock_core::draws::{Draws, Source};
use serde::Serialize;

/// Resamples of an interval: its ends then wander by a few hundredths of its width from seed to seed.
pub const RESAMPLES: u32 = 4000;

/// A mean with its 95 % percentile interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// Lower end; NaN (`null` in JSON) where a single cell gives none.
    pub low: f64,
    /// Upper end; NaN likewise.
    pub high: f64,
    /// Two-sided p-value of the mean being 0; NaN likewise.
    pub p_value: f64,
}

impl Interval {
    /// Whether all of it is below zero.
    #[must_use]
    pub fn is_below_zero(&self) -> bool {
        self.high < 0.0
    }

    /// Whether all of it is above zero.
    #[must_use]
    pub fn is_above_zero(&self) -> bool {
        self.low > 0.0
    }

    /// The same in another unit.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        let (a, b) = (self.low * factor, self.high * factor);
        let (low, high) = if factor < 0.0 { (b, a) } else { (a, b) };
        Self { mean: self.mean * factor, low, high, p_value: self.p_value }
    }
}

/// The mean of cells `[seed][path]` and its interval, clustered by both: training seeds and paths are drawn anew with
/// replacement, each for itself, and a cell counts as often as its seed times its path (the pigeonhole bootstrap of
/// Owen 2007, which errs on the wide side). With one seed only the paths are: training's own chance is not in it. The
/// same for the same `seed`.
#[must_use]
pub fn clustered(cells: &[Vec<f64>], seed: u64) -> Interval {
    let rows = cells.len();
    let columns = cells.first().map_or(0, Vec::len);
    let all: Vec<f64> = cells.iter().flatten().copied().collect();
    let estimate = mean(&all);
    if rows * columns < 2 {
        return Interval { mean: estimate, low: f64::NAN, high: f64::NAN, p_value: f64::NAN };
    }
    percentile(estimate, (0..RESAMPLES).map(|i| resampled(cells, &Draws::new(seed, i))).collect())
}

/// An estimate with the percentile interval of its resamples, one or more.
#[must_use]
pub fn percentile(estimate: f64, mut resampled: Vec<f64>) -> Interval {
    resampled.sort_by(f64::total_cmp);
    let tail = |count: usize| (count as f64 + 1.0) / (resampled.len() as f64 + 1.0);
    let below = resampled.iter().filter(|&&m| m <= 0.0).count();
    let above = resampled.iter().filter(|&&m| m >= 0.0).count();
    Interval {
        mean: estimate,
        low: quantile(&resampled, 0.025),
        high: quantile(&resampled, 0.975),
        p_value: (2.0 * tail(below.min(above))).min(1.0),
    }
}

/// How often each of `count` things is drawn when as many are drawn anew with replacement.
#[must_use]
pub fn drawn_anew(count: usize, draws: &Draws, what: u32) -> Vec<u32> {
    let mut chance = draws.row(0, what, Source::Host).at(0);
    let mut times = vec![0; count];
    for _ in 0..count {
        times[((u64::from(chance.next_u32()) * count as u64) >> 32) as usize] += 1;
    }
    times
}

/// Mean of one resample.
fn resampled(cells: &[Vec<f64>], draws: &Draws) -> f64 {
    let columns = cells.first().map_or(0, Vec::len);
    let mut chance = draws.row(0, 1, Source::Host).at(0);
    // Scaling a 32-bit word: at most a millionth of the cases favours one index over another.
    let mut pick = |n: usize| ((u64::from(chance.next_u32()) * n as u64) >> 32) as usize;
    let rows: Vec<usize> =
        if cells.len() == 1 { vec![0] } else { (0..cells.len()).map(|_| pick(cells.len())).collect() };
    let mut sum = 0.0;
    for _ in 0..columns {
        let path = pick(columns);
        sum += rows.iter().map(|&row| cells[row][path]).sum::<f64>();
    }
    sum / (rows.len() * columns) as f64
}

/// A quantile of sorted values, linear between neighbours.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let low = at.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (at - low as f64) * (sorted[high] - sorted[low])
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [f64; 12] = [2.1, 2.9, 5.2, 4.1, 7.9, 9.2, 6.0, 12.4, 8.1, 14.9, 9.7, 19.5];

    #[test]
    fn one_seed_has_the_percentile_interval_of_scipy() {
        let found = clustered(&[VALUES.to_vec()], 7);
        // scipy.stats.bootstrap, percentile, 200,000 resamples: tests/reference/robust_statistics.py.
        assert!((found.low - 5.9).abs() < 0.15 && (found.high - 11.408).abs() < 0.2, "{found:?}");
        assert!((found.mean - VALUES.iter().sum::<f64>() / 12.0).abs() < 1e-12);
        assert!(found.is_above_zero() && found.p_value < 0.001);
        assert_eq!(found, clustered(&[VALUES.to_vec()], 7), "the same seed, the same interval");
        assert_ne!(found.low, clustered(&[VALUES.to_vec()], 8).low);
    }

    #[test]
    fn seeds_that_differ_widen_the_interval_however_many_paths_there_are() {
        // Paths alone: 200 of them with deviation 1. Four seeds that lie at -3, -1, 1 and 3.
        let path = |j: usize| if j.is_multiple_of(2) { 1.0 } else { -1.0 };
        let one = clustered(&[(0..200).map(path).collect()], 1);
        let seeds: Vec<Vec<f64>> =
            [-3.0, -1.0, 1.0, 3.0].iter().map(|a| (0..200).map(|j| a + path(j)).collect()).collect();
        let four = clustered(&seeds, 1);
        // Standard errors: 1 / sqrt(200) = 0.071, and sqrt(5 / 4) = 1.118 from the seeds.
        assert!((one.high - 1.96 * 0.0707).abs() < 0.02, "{one:?}");
        assert!((four.high - 1.96 * 1.118).abs() < 0.35, "{four:?}");
        assert!(one.p_value > 0.5 && four.p_value > 0.5);
    }

    #[test]
    fn one_cell_has_no_interval() {
        let found = clustered(&[vec![3.0]], 1);
        assert!(found.mean == 3.0 && found.low.is_nan() && !found.is_above_zero() && !found.is_below_zero());
        let turned = clustered(&[VALUES.to_vec()], 7).scaled(-2.0);
        assert!(turned.low < turned.mean && turned.mean < turned.high && turned.is_below_zero());
    }
}
