//! Statistics of comparisons: what can be said of costs of policies on common paths, and how surely.
//!
//! Results stand in a table of cells, one row a training seed and one column a test path (`[seed][path]`). All policies
//! meet the same paths, so that differences are taken cell by cell; a rule without a training seed has one row, which is
//! compared with each of the others.

mod bootstrap;
mod rank;
mod regression;

pub use bootstrap::{Interval, RESAMPLES, clustered, drawn_anew, percentile};
pub use rank::{kendall, pearson};
pub use regression::{Coefficient, Regression, RegressionError, regress};

/// Share of the paths that count as the worst.
pub const TAIL: f64 = 0.05;

/// Mean of some values; NaN of none.
#[must_use]
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Mean of the middle half (Agarwal et al. 2021): a quarter of the values, rounded down, is cut at each end.
/// NaN of none.
#[must_use]
pub fn interquartile_mean(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let cut = sorted.len() / 4;
    mean(&sorted[cut..sorted.len() - cut])
}

/// Conditional value at risk of a cost: mean of the dearest [`TAIL`] of the values, at least of one (Rockafellar and
/// Uryasev 2000, for equally likely values; the value at the edge counts in part). NaN of none.
#[must_use]
pub fn tail_mean(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let wanted = (TAIL * values.len() as f64).max(1.0);
    let (mut left, mut sum) = (wanted, 0.0);
    for value in sorted {
        let weight = if left < 1.0 { left } else { 1.0 };
        sum += weight * value;
        left -= weight;
        if left <= 0.0 {
            return sum / wanted;
        }
    }
    f64::NAN
}

/// P-values of several questions at once, adjusted so that any false answer among them is as rare as one question's
/// would be (Holm 1979). In the order they came; NaN stays NaN.
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let (mut adjusted, mut floor) = (vec![1.0; p_values.len()], 0.0f64);
    for (rank, &at) in order.iter().enumerate() {
        if p_values[at].is_nan() {
            adjusted[at] = f64::NAN;
            continue;
        }
        floor = floor.max(p_values[at] * (p_values.len() - rank) as f64).min(1.0);
        adjusted[at] = floor;
    }
    adjusted
}

/// Differences cell by cell: `of` less `base`. A table of one row stands for any number of them.
///
/// # Panics
/// If the tables have other sizes: their paths would not be the same.
#[must_use]
pub fn differences(of: &[Vec<f64>], base: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let rows = of.len().max(base.len());
    let row = |table: &[Vec<f64>], i: usize| if table.len() == 1 { table[0].clone() } else { table[i].clone() };
    (0..rows)
        .map(|i| {
            let (a, b) = (row(of, i), row(base, i));
            assert_eq!(a.len(), b.len(), "both sides have the same paths");
            a.iter().zip(&b).map(|(a, b)| a - b).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_tail_are_what_they_are_by_hand() {
        // scipy.stats.trim_mean(.., 0.25): tests/reference/robust_statistics.py.
        let values = [2.1, 2.9, 5.2, 4.1, 7.9, 9.2, 6.0, 12.4, 8.1, 14.9, 9.7, 19.5];
        assert!((interquartile_mean(&values) - 7.683_333_333_333_334).abs() < 1e-12);
        assert_eq!(interquartile_mean(&[4.0]), 4.0);
        // Of 1 to 30 the worst 5 % are 30 and half of 29.
        let thirty: Vec<f64> = (1..=30).map(f64::from).collect();
        assert!((tail_mean(&thirty) - (30.0 + 0.5 * 29.0) / 1.5).abs() < 1e-12);
        assert_eq!(tail_mean(&[3.0, 7.0]), 7.0);
        assert!(tail_mean(&[]).is_nan() && interquartile_mean(&[]).is_nan());
    }

    #[test]
    fn holm_multiplies_step_by_step_and_never_turns_an_order() {
        // statsmodels.stats.multitest.multipletests(.., method="holm"): tests/reference/robust_statistics.py.
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005, 0.8]);
        for (found, wanted) in adjusted.iter().zip([0.04, 0.09, 0.09, 0.025, 0.8]) {
            assert!((found - wanted).abs() < 1e-12, "{adjusted:?}");
        }
        assert_eq!(holm(&[]), Vec::<f64>::new());
        assert!(holm(&[f64::NAN, 0.4]).iter().map(|p| p.is_nan()).eq([true, false]), "no answer stays no answer");
    }

    #[test]
    fn a_rule_without_seeds_meets_every_seed_on_the_same_path() {
        let learned = vec![vec![1.0, 2.0], vec![3.0, 5.0]];
        assert_eq!(differences(&learned, &[vec![1.0, 1.0]]), [[0.0, 1.0], [2.0, 4.0]]);
        assert_eq!(differences(&[vec![1.0, 1.0]], &learned), [[0.0, -1.0], [-2.0, -4.0]]);
    }
}
