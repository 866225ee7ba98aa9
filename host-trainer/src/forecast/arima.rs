//! Coefficients by exact maximum likelihood, the order by AICc.
//!
//! Crates looked at first: `arima` 0.3 (2023) selects no order and links C and Fortran libraries; `augurs` has
//! ETS and MSTL, no ARIMA; `chronos-ts` 0.1 and `anofox-forecast` 0.19 have it, among much else, and are new
//! and moving. None gives the innovations form that a device runs. The likelihood is a page.

use super::likelihood::likelihood;
use super::optimize::{Care, minimize};
use super::process::Process;
use restock_core::forecast::LAGS;

/// Partial autocorrelations stay within this, so that a process is clearly stationary and invertible.
const PARTIAL_MAX: f64 = 0.995;
/// Level stationarity is rejected above this at 5 % (Kwiatkowski, Phillips, Schmidt and Shin 1992, table 1).
const KPSS_CRITICAL: f64 = 0.463;
/// Least observations for each estimated number.
const OBSERVATIONS_EACH: usize = 8;

/// A fitted process.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// The process.
    pub process: Process,
    /// Coefficients of the regressors; the mean comes first where there is one.
    pub regression: Vec<f64>,
    /// Variance of the shocks.
    pub variance: f64,
    /// Logarithm of the likelihood of the differenced series.
    pub log_likelihood: f64,
    /// Akaike's criterion, corrected for few observations (Hurvich and Tsai 1989).
    pub aicc: f64,
}

impl Fitted {
    /// The long-run mean; 0 where differences leave none.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.process.differences == 0 { self.regression.first().copied().unwrap_or(0.0) } else { 0.0 }
    }
}

/// Autoregressive coefficients from partial autocorrelations (Monahan 1984).
fn from_partial(partial: &[f64]) -> Vec<f64> {
    let mut coefficients: Vec<f64> = Vec::new();
    for &last in partial {
        let before = coefficients.clone();
        for (i, c) in coefficients.iter_mut().enumerate() {
            *c -= last * before[before.len() - 1 - i];
        }
        coefficients.push(last);
    }
    coefficients
}

/// Any numbers to the coefficients of a stationary and invertible process.
fn coefficients(free: &[f64], p: usize) -> (Vec<f64>, Vec<f64>) {
    let partial: Vec<f64> = free.iter().map(|u| PARTIAL_MAX * u.tanh()).collect();
    let ma = from_partial(&partial[p..]).into_iter().map(|c| -c).collect();
    (from_partial(&partial[..p]), ma)
}

/// A series and its regressors after `d` differences, with a column of ones before them where none is taken.
fn differenced(series: &[f64], regressors: &[Vec<f64>], d: usize) -> (Vec<f64>, Vec<Vec<f64>>) {
    let difference = |column: &[f64]| column.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<f64>>();
    if d == 0 {
        let ones = std::iter::once(vec![1.0; series.len()]);
        return (series.to_vec(), ones.chain(regressors.iter().cloned()).collect());
    }
    (difference(series), regressors.iter().map(|column| difference(column)).collect())
}

/// The process of this order that makes the series likeliest, with `regressors` beside it (and a mean, where
/// `d` is 0); `None` where the series is too short or constant.
///
/// With `d` = 1 the likelihood is that of the differences.
#[must_use]
pub fn fit(series: &[f64], regressors: &[Vec<f64>], order: [usize; 3]) -> Option<Fitted> {
    fit_with(series, regressors, order, Care::FULL)
}

fn fit_with(series: &[f64], regressors: &[Vec<f64>], [p, d, q]: [usize; 3], care: Care) -> Option<Fitted> {
    let (series, regressors) = differenced(series, regressors, d);
    let count = series.len();
    let estimated = p + q + regressors.len() + 1;
    if count < estimated * OBSERVATIONS_EACH {
        return None;
    }
    // In units of its own size, so that tolerances are the same for all.
    let scale = (series.iter().map(|x| x * x).sum::<f64>() / count as f64).sqrt();
    if scale <= 0.0 || !scale.is_finite() {
        return None;
    }
    let scaled: Vec<f64> = series.iter().map(|x| x / scale).collect();
    let cost = |free: &[f64]| {
        let (ar, ma) = coefficients(free, p);
        likelihood(&scaled, &regressors, &ar, &ma).map_or(f64::INFINITY, |l| -l.log / count as f64)
    };
    // A likelihood of both kinds of coefficients can have two hills: where they cancel it is flat.
    let starts: &[(f64, f64)] = if p > 0 && q > 0 { &[(0.4, -0.4), (0.8, 0.5)] } else { &[(0.1, 0.3)] };
    let (free, _) = starts
        .iter()
        .map(|&(ar, ma)| {
            let start: Vec<f64> = (0..p + q)
                .map(|i| {
                    if i == 0 {
                        ar
                    } else if i == p {
                        ma
                    } else {
                        0.05
                    }
                })
                .collect();
            minimize(&cost, &start, care)
        })
        .min_by(|a, b| a.1.total_cmp(&b.1))?;
    let (ar, ma) = coefficients(&free, p);
    let found = likelihood(&series, &regressors, &ar, &ma)?;
    let (k, n) = (estimated as f64, count as f64);
    Some(Fitted {
        process: Process { ar, differences: d, ma },
        regression: found.regression,
        variance: found.variance,
        log_likelihood: found.log,
        aicc: -2.0 * found.log + 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0),
    })
}

/// Whether a level that wanders must be assumed: the KPSS test at 5 %, with Schwert's number of lags.
#[must_use]
pub fn wanders(series: &[f64]) -> bool {
    let count = series.len() as f64;
    let mean = series.iter().sum::<f64>() / count.max(1.0);
    let left: Vec<f64> = series.iter().map(|x| x - mean).collect();
    let lags = (4.0 * (count / 100.0).powf(0.25)) as usize;
    let autocovariance =
        |lag: usize| left.iter().zip(left.iter().skip(lag)).map(|(a, b)| a * b).sum::<f64>() / count.max(1.0);
    let weight = |lag: usize| 1.0 - lag as f64 / (lags as f64 + 1.0);
    let long_run = autocovariance(0) + 2.0 * (1..=lags).map(|lag| weight(lag) * autocovariance(lag)).sum::<f64>();
    let (mut running, mut squares) = (0.0, 0.0);
    for x in &left {
        running += x;
        squares += running * running;
    }
    long_run > 0.0 && squares / (count * count * long_run) > KPSS_CRITICAL
}

/// The process of the least AICc, searched step by step from four simple orders (Hyndman and Khandakar 2008);
/// differences as [`wanders`] says. `days` is the interval that a device is to forecast.
#[must_use]
pub fn select(series: &[f64], days: usize) -> Option<Fitted> {
    let d = usize::from(wanders(series));
    let p_max = LAGS - d;
    let mut tried: Vec<([usize; 2], Option<Fitted>)> = Vec::new();
    let mut best: Option<Fitted> = None;
    let mut front: Vec<[usize; 2]> = vec![[0, 0], [1, 0], [0, 1], [2.min(p_max), 2]];
    while !front.is_empty() {
        for orders in std::mem::take(&mut front) {
            if tried.iter().any(|(known, _)| *known == orders) {
                continue;
            }
            let fitted = fit_with(series, &[], [orders[0], d, orders[1]], Care::QUICK);
            let fitted = fitted.filter(|f| f.process.fits_a_device(days));
            tried.push((orders, fitted.clone()));
            let Some(fitted) = fitted else { continue };
            if best.as_ref().is_none_or(|best| fitted.aicc < best.aicc - 1e-9) {
                best = Some(fitted);
            }
        }
        let Some(best) = &best else { break };
        let [p, _, q] = best.process.order();
        for (dp, dq) in [(1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (-1, -1)] {
            let step =
                |from: usize, by: i32, most: usize| from.checked_add_signed(by as isize).filter(|&to| to <= most);
            if let (Some(p), Some(q)) = (step(p, dp, p_max), step(q, dq, LAGS))
                && !tried.iter().any(|(known, _)| *known == [p, q])
            {
                front.push([p, q]);
            }
        }
    }
    let whole = best.as_ref().and_then(|best| fit(series, &[], best.process.order()));
    whole.filter(|f| f.process.fits_a_device(days)).or(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A few thousand reproducible shocks, about normal: sums of twelve uniform numbers.
    fn shocks(count: usize, mut seed: u64) -> Vec<f64> {
        let mut uniform = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 11) as f64 / (1u64 << 53) as f64
        };
        (0..count).map(|_| (0..12).map(|_| uniform()).sum::<f64>() - 6.0).collect()
    }

    #[test]
    fn the_order_that_made_a_long_series_is_found_again() {
        let e = shocks(3000, 7);
        let mut series = vec![0.0f64; e.len()];
        for t in 1..e.len() {
            series[t] = 0.7 * series[t - 1] + e[t];
        }
        let level: Vec<f64> = series.iter().map(|x| x + 50.0).collect();
        let found = select(&level, 7).unwrap();
        assert_eq!(found.process.order()[1], 0);
        assert!((found.process.forecasts([1.0, 0.0, 0.0], 2)[1] - 0.7).abs() < 0.06, "{:?}", found.process);
        assert!((found.mean() - 50.0).abs() < 0.3 && (found.variance - 1.0).abs() < 0.1);
        let mut wandering = series;
        for t in 1..e.len() {
            wandering[t] = wandering[t - 1] + e[t] - 0.8 * e[t - 1];
        }
        let found = select(&wandering, 7).unwrap();
        assert_eq!(found.process.order()[1], 1);
        assert!((found.process.gains()[0] - 0.2).abs() < 0.05, "{:?}", found.process);
    }

    #[test]
    fn a_series_that_says_nothing_has_no_process() {
        assert_eq!(select(&[0.0; 200], 7), None);
        assert_eq!(fit(&[1.0, 2.0, 3.0], &[], [1, 0, 0]), None);
    }
}
