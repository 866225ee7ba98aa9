//! The exact Gaussian likelihood of an ARMA process with regressors, by a Kalman filter.
//!
//! Harvey (1989), section 3.3: the state has `max(p, q + 1)` numbers and starts from its stationary
//! distribution. The filter's gains depend on the coefficients alone, so one pass filters the series and
//! every regressor alike, and the regressors' coefficients follow by least squares on what is filtered
//! (generalized least squares). The variance of the shocks is concentrated out.

/// Most numbers of the state: p and q are at most 3.
const STATE: usize = 4;
type Matrix = [[f64; STATE]; STATE];

/// What the likelihood of a series is, and what comes with it.
#[derive(Clone, Debug)]
pub(crate) struct Likelihood {
    /// Logarithm of the likelihood, constants included.
    pub(crate) log: f64,
    /// Variance of the shocks: the maximum-likelihood estimate.
    pub(crate) variance: f64,
    /// Coefficients of the regressors. Shape `[regressor]`.
    pub(crate) regression: Vec<f64>,
}

fn multiply(a: &Matrix, b: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..STATE).map(|k| a[i][k] * b[k][j]).sum()))
}

fn transposed(a: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| a[j][i]))
}

/// The covariance of a stationary state: the sum of `T^k Q T'^k`, twice as many terms at each step.
fn stationary(transition: &Matrix, shocks: &Matrix) -> Option<Matrix> {
    let (mut sum, mut power) = (*shocks, *transition);
    for _step in 0..40 {
        let added = multiply(&multiply(&power, &sum), &transposed(&power));
        let mut change = 0.0f64;
        for (row, more) in sum.iter_mut().zip(&added) {
            for (cell, more) in row.iter_mut().zip(more) {
                *cell += more;
                change = change.max(more.abs());
            }
        }
        if !change.is_finite() {
            return None;
        }
        if change < 1e-12 * sum[0][0] {
            return Some(sum);
        }
        power = multiply(&power, &power);
    }
    None
}

/// The likelihood of `series` as `regressors * coefficients + ARMA(ar, ma)`; `None` where the process is not
/// stationary or the regressors are not independent.
pub(crate) fn likelihood(series: &[f64], regressors: &[Vec<f64>], ar: &[f64], ma: &[f64]) -> Option<Likelihood> {
    let size = ar.len().max(ma.len() + 1);
    let ar = |i: usize| ar.get(i).copied().unwrap_or(0.0);
    let load = |i: usize| if i == 0 { 1.0 } else { ma.get(i - 1).copied().unwrap_or(0.0) };
    let mut transition = [[0.0; STATE]; STATE];
    let mut shocks = [[0.0; STATE]; STATE];
    for i in 0..size {
        transition[i][0] = ar(i);
        if i + 1 < size {
            transition[i][i + 1] = 1.0;
        }
        (0..size).for_each(|j| shocks[i][j] = load(i) * load(j));
    }
    let mut covariance = stationary(&transition, &shocks)?;
    let columns = regressors.len() + 1;
    let mut states = vec![[0.0; STATE]; columns];
    // Normal equations of what is filtered: regressors, then the series.
    let mut normal = vec![vec![0.0; columns]; columns];
    let (mut logs, mut steady) = (0.0, false);
    let (mut spread, mut gain) = (1.0, [0.0; STATE]);
    let mut filtered = vec![0.0; columns];
    for (t, &value) in series.iter().enumerate() {
        if !steady {
            spread = covariance[0][0];
            gain =
                std::array::from_fn(|i| (ar(i) * covariance[0][0] + covariance_below(&covariance, i, size)) / spread);
            let moved = multiply(&multiply(&transition, &covariance), &transposed(&transition));
            let mut change = 0.0f64;
            for i in 0..size {
                for j in 0..size {
                    let next = moved[i][j] + shocks[i][j] - gain[i] * gain[j] * spread;
                    change = change.max((next - covariance[i][j]).abs());
                    covariance[i][j] = next;
                }
            }
            // Once nothing changes any more, the filter is the process's own recursion.
            steady = change < 1e-13;
        }
        logs += spread.ln();
        let scale = 1.0 / spread.sqrt();
        for (c, (state, filtered)) in states.iter_mut().zip(&mut filtered).enumerate() {
            let observed = regressors.get(c).map_or(value, |column| column[t]);
            let missed = observed - state[0];
            *filtered = missed * scale;
            let first = state[0];
            for i in 0..size {
                let after = if i + 1 < size { state[i + 1] } else { 0.0 };
                state[i] = ar(i) * first + after + gain[i] * missed;
            }
        }
        for i in 0..columns {
            for j in 0..=i {
                normal[i][j] += filtered[i] * filtered[j];
            }
        }
    }
    let (regression, square) = least_squares(normal)?;
    let count = series.len() as f64;
    let variance = square / count;
    if !(variance > 0.0 && variance.is_finite()) {
        return None;
    }
    let log = -0.5 * (count * ((std::f64::consts::TAU * variance).ln() + 1.0) + logs);
    Some(Likelihood { log, variance, regression })
}

/// Row `i` of the transition's ones times the first column of the covariance.
fn covariance_below(covariance: &Matrix, i: usize, size: usize) -> f64 {
    if i + 1 < size { covariance[i + 1][0] } else { 0.0 }
}

/// Coefficients and what is left of the square, from the lower half of the normal equations of regressors
/// and, last, the series: by Cholesky's decomposition.
fn least_squares(mut normal: Vec<Vec<f64>>) -> Option<(Vec<f64>, f64)> {
    let size = normal.len();
    for i in 0..size {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| normal[i][k] * normal[j][k]).sum();
            let rest = normal[i][j] - sum;
            normal[i][j] = if i == j {
                let singular = i + 1 < size && rest <= 1e-10 * normal[i][i].abs();
                if singular {
                    return None;
                }
                rest.max(0.0).sqrt()
            } else {
                rest / normal[j][j]
            };
        }
    }
    let last = size - 1;
    let left = normal[last][last] * normal[last][last];
    let mut coefficients = vec![0.0; last];
    for i in (0..last).rev() {
        let known: f64 = (i + 1..last).map(|k| normal[k][i] * coefficients[k]).sum();
        coefficients[i] = (normal[last][i] - known) / normal[i][i];
    }
    Some((coefficients, left))
}
