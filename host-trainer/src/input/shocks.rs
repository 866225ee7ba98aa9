//! What moves the demand of several products at once: a factor a day for each group of products.
//!
//! `products.csv` names each product's `group`; `[shocks] deviation` in `network.toml` says how strong the
//! factor is. It is log-normal with mean 1, cut at [`SHOCK_MAX`], independent from day to day (in the data
//! of `tests/reference/retail_calibration.txt` the autocorrelation of one day is 0.02), and multiplies the
//! season of the group's products. The covariance of two products of a group, each in units of its mean,
//! is then the square of the deviation: that is how [`measured`] finds it in a history.

use super::compile::{Compiled, Masses, compile};
use super::normal;
use super::number::{from_count, nearest};

/// Greatest factor of a shock.
pub(crate) const SHOCK_MAX: f64 = 8.0;
/// Factor 1 in Q12.
const ONE_Q12: f64 = 4096.0;
/// Masses of a shock table, at equal distance in the logarithm of the factor.
const POINTS: usize = 800;
/// Least factor that a day's demand is divided by.
const FACTOR_MIN: f64 = 0.2;

/// Table of factors, Q12, mean 4096; none where the deviation is 0.
pub(crate) fn table(deviation: f64) -> Option<Compiled> {
    if deviation <= 0.0 {
        return None;
    }
    let sigma = libm::sqrt(libm::log1p(deviation * deviation));
    let top = (libm::log(SHOCK_MAX) / sigma + 0.5 * sigma).min(6.0);
    let bottom = -6.0;
    let width = (top - bottom) / from_count(POINTS);
    let mut points: Vec<(f64, f64)> = (0..POINTS)
        .map(|i| {
            let z = bottom + width * from_count(i);
            let mass = normal::cumulative(z + width) - normal::cumulative(z);
            (libm::exp(sigma * (z + 0.5 * width) - 0.5 * sigma * sigma), mass)
        })
        .collect();
    // The cut takes some of the mean with it: give it back.
    let mass: f64 = points.iter().map(|p| p.1).sum();
    let mean: f64 = points.iter().map(|p| p.0 * p.1).sum::<f64>() / mass;
    points.iter_mut().for_each(|p| p.0 /= mean);
    let whole = points.into_iter().map(|(factor, mass)| (nearest(factor * ONE_Q12), mass)).collect();
    compile(&Masses { points: merged(whole), step: 1, spread: false })
}

/// Masses of equal values added up.
fn merged(points: Vec<(i64, f64)>) -> Vec<(i64, f64)> {
    let mut merged: Vec<(i64, f64)> = Vec::new();
    for (value, mass) in points {
        match merged.last_mut().filter(|last| last.0 == value) {
            Some(last) => last.1 += mass,
            None => merged.push((value, mass)),
        }
    }
    merged
}

/// A group's shocks as a history shows them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Measured {
    /// Standard deviation of the factor: root of the mean covariance of pairs; 0 below two products.
    pub(crate) deviation: f64,
    /// The likeliest factor of each day, 1 where the day says nothing. Shape `[day]`.
    pub(crate) factors: Vec<f64>,
}

/// Finds the shocks in what products sold in units of their means, season removed; none on closed days.
/// Shape `[product][day]`.
pub(crate) fn measured(series: &[Vec<Option<f64>>], days: usize) -> Measured {
    let count = from_count(series.len());
    if series.len() < 2 {
        return Measured { deviation: 0.0, factors: vec![1.0; days] };
    }
    let mut off: Vec<Option<f64>> = Vec::with_capacity(days);
    let (mut pairs, mut pooled, mut open) = (0.0, 0.0, 0.0);
    for day in 0..days {
        let (mut sum, mut squares, mut seen) = (0.0, 0.0, 0.0);
        for value in series.iter().filter_map(|s| s.get(day).copied().flatten()) {
            sum += value - 1.0;
            squares += (value - 1.0) * (value - 1.0);
            seen += 1.0;
        }
        if seen < count {
            off.push(None);
            continue;
        }
        pairs += (sum * sum - squares) / (count * (count - 1.0));
        pooled += sum * sum / (count * count);
        open += 1.0;
        off.push(Some(sum / count));
    }
    let covariance = if open > 0.0 && pairs > 0.0 { pairs / open } else { 0.0 };
    // Of what the mean of few products shows, a part is their own chance: believe the rest.
    let trust = if pooled > 0.0 { (covariance * open / pooled).min(1.0) } else { 0.0 };
    let factors = off.into_iter().map(|off| off.map_or(1.0, |off| (1.0 + trust * off).max(FACTOR_MIN))).collect();
    Measured { deviation: libm::sqrt(covariance), factors }
}

#[cfg(test)]
mod tests {
    use super::*;
    use restock_core::table::Table;

    #[test]
    fn a_shock_has_mean_one_and_the_deviation_asked_for() {
        for (deviation, tolerance) in [(0.1, 0.01), (0.35, 0.01), (0.74, 0.04)] {
            let compiled = table(deviation).unwrap();
            assert!(Table::new(&compiled.words).is_ok());
            assert!((compiled.mean / 4096.0 - 1.0).abs() < 1e-4, "{deviation}: {}", compiled.mean);
            let found = compiled.variance.sqrt() / 4096.0;
            assert!((found / deviation - 1.0).abs() < tolerance, "{deviation}: {found}");
            assert!(f64::from(compiled.max()) / 4096.0 < 1.05 * SHOCK_MAX);
        }
        assert_eq!(table(0.0), None);
    }

    #[test]
    fn the_shock_of_a_made_up_group_is_found_again() {
        // Twelve products over 400 days: a shared factor of deviation 0.4, and noise of their own of 0.5.
        let shock = |day: usize| if day.is_multiple_of(2) { 1.4 } else { 0.6 };
        let own =
            |product: usize, day: usize| if (day / (product + 2) + product).is_multiple_of(2) { 1.5 } else { 0.5 };
        let series: Vec<Vec<Option<f64>>> =
            (0..12).map(|p| (0..400).map(|day| (day % 7 != 5).then(|| shock(day) * own(p, day))).collect()).collect();
        let found = measured(&series, 400);
        assert!((found.deviation - 0.4).abs() < 0.06, "{}", found.deviation);
        let off = (0..400).filter(|day| day % 7 != 5).map(|day| (found.factors[day] - shock(day)).abs());
        let off = off.sum::<f64>() / 343.0;
        assert!(off < 0.15, "the likeliest factors are {off} off, of 0.4");
        assert!(found.factors[5] == 1.0, "closed");
        assert_eq!(measured(&series[..1], 400).deviation, 0.0);
    }
}
