//! An ARIMA process: what follows from its coefficients, in floating point and in the device's words.

use restock_core::forecast::LAGS;

/// One, Q12.
const ONE: f64 = 4096.0;
/// Greatest weight or gain that a device takes.
const WEIGHT_MAX: f64 = 4.0;

/// An ARIMA(p, d, q) process, `(1 - ar B ...)(1 - B)^d n = (1 + ma B ...) e`, with p + d and q at most
/// [`LAGS`] and d at most 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Process {
    /// Autoregressive coefficients. Shape `[p]`.
    pub ar: Vec<f64>,
    /// Differences: 0 or 1.
    pub differences: usize,
    /// Moving-average coefficients. Shape `[q]`.
    pub ma: Vec<f64>,
}

impl Process {
    /// Simple exponential smoothing: ARIMA(0,1,1).
    #[must_use]
    pub fn smoothing(alpha: f64) -> Self {
        Self { ar: Vec::new(), differences: 1, ma: vec![alpha - 1.0] }
    }

    /// The orders p, d, q.
    #[must_use]
    pub fn order(&self) -> [usize; 3] {
        [self.ar.len(), self.differences, self.ma.len()]
    }

    /// Whether its differences wander about a mean: every partial autocorrelation is below 1.
    #[must_use]
    pub fn is_stationary(&self) -> bool {
        settles(&self.ar)
    }

    /// Whether shocks of long ago matter ever less.
    #[must_use]
    pub fn is_invertible(&self) -> bool {
        settles(&self.ma.iter().map(|ma| -ma).collect::<Vec<_>>())
    }

    /// Weights f of the lags: the autoregressive coefficients with the differences multiplied in.
    #[must_use]
    pub fn weights(&self) -> [f64; LAGS] {
        let ar = |i: usize| self.ar.get(i).copied().unwrap_or(0.0);
        if self.differences == 0 {
            return [ar(0), ar(1), ar(2)];
        }
        // (1 - ar1 B - ar2 B^2)(1 - B)
        [1.0 + ar(0), ar(1) - ar(0), -ar(1)]
    }

    /// Gains g: the weights plus the moving-average coefficients.
    #[must_use]
    pub fn gains(&self) -> [f64; LAGS] {
        let mut gains = self.weights();
        gains.iter_mut().zip(&self.ma).for_each(|(gain, ma)| *gain += ma);
        gains
    }

    /// The lags a day later, where the forecast missed by `missed`; `lags[0]` is the forecast.
    #[must_use]
    pub fn advanced(&self, lags: [f64; LAGS], missed: f64) -> [f64; LAGS] {
        let (f, g) = (self.weights(), self.gains());
        let next = |i: usize, after: f64| f[i] * lags[0] + g[i] * missed + after;
        [next(0, lags[1]), next(1, lags[2]), next(2, 0.0)]
    }

    /// Forecasts of the next `days` days. Shape `[day]`.
    #[must_use]
    pub fn forecasts(&self, mut lags: [f64; LAGS], days: usize) -> Vec<f64> {
        let mut forecasts = Vec::with_capacity(days);
        for _day in 0..days {
            forecasts.push(lags[0]);
            lags = self.advanced(lags, 0.0);
        }
        forecasts
    }

    /// Weights of the lags in the mean of the next `days` days; 0 for lags that the process does not have, so that
    /// smoothing is known by its words.
    #[must_use]
    pub fn reach(&self, days: usize) -> [f64; LAGS] {
        let own = (self.ar.len() + self.differences).max(self.ma.len()).max(1);
        std::array::from_fn(|i| {
            if i >= own {
                return 0.0;
            }
            let mut lags = [0.0; LAGS];
            lags[i] = 1.0;
            self.forecasts(lags, days).iter().sum::<f64>() / days.max(1) as f64
        })
    }

    /// Variance of the sum of the next `days` days, given all that came before, over the variance of one
    /// shock: the sum of squares of the running sums of the psi weights (Box and Jenkins 1976, section 5.1).
    #[must_use]
    pub fn sum_variance(&self, days: usize) -> f64 {
        let psi = self.forecasts(self.advanced([0.0; LAGS], 1.0), days);
        let (mut running, mut total) = (1.0, 0.0);
        for weight in psi {
            total += running * running;
            running += weight;
        }
        total
    }

    /// Whether a device takes its weights and gains for an interval of `days` days.
    #[must_use]
    pub fn fits_a_device(&self, days: usize) -> bool {
        let all = [self.weights(), self.gains(), self.reach(days)];
        self.ar.len() + self.differences <= LAGS
            && self.ma.len() <= LAGS
            && all.iter().flatten().all(|word| word.abs() < WEIGHT_MAX)
    }

    /// The words of the five forecast columns, for a protection interval of `days` days.
    #[must_use]
    pub fn words(&self, days: usize) -> [i32; 5] {
        let mut weights = self.weights().map(q12);
        if self.differences == 1 {
            // A level stays where it is: the weights of a difference add up to one, whatever the rounding.
            weights[0] += 4096 - weights.iter().sum::<i32>();
        }
        let gains = self.gains().map(q12);
        let reach = self.reach(days).map(q12);
        let lag = |i: usize| word(weights[i], gains[i]);
        [lag(0), lag(1), lag(2), word(reach[0], reach[1]), word(reach[2], 0)]
    }
}

/// Whether an autoregression comes to rest: its partial autocorrelations, found from the last one down
/// (Durbin and Levinson), are all below 1.
fn settles(coefficients: &[f64]) -> bool {
    let mut left = coefficients.to_vec();
    while let Some(partial) = left.pop() {
        if partial.abs() >= 1.0 {
            return false;
        }
        let rest = left.clone();
        for (i, c) in left.iter_mut().enumerate() {
            *c = (*c + partial * rest[rest.len() - 1 - i]) / (1.0 - partial * partial);
        }
    }
    true
}

/// Two halves as one word.
pub(crate) fn word(low: i32, high: i32) -> i32 {
    (low & 0xffff) | high << 16
}

/// To nearest, within what a device takes.
fn q12(value: f64) -> i32 {
    (value.clamp(-WEIGHT_MAX, WEIGHT_MAX) * ONE).round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothing_keeps_its_level_and_counts_every_shock_for_good() {
        let smoothing = Process::smoothing(0.25);
        assert_eq!(smoothing.forecasts([7.0, 0.0, 0.0], 3), [7.0; 3]);
        assert_eq!(smoothing.advanced([7.0, 0.0, 0.0], 4.0), [8.0, 0.0, 0.0]);
        assert_eq!(smoothing.reach(9), [1.0, 0.0, 0.0]);
        // 1 + (1 + a)^2 + (1 + 2 a)^2
        assert!((smoothing.sum_variance(3) - (1.0 + 1.5625 + 2.25)).abs() < 1e-12);
        assert_eq!(smoothing.words(9), [4096 | 1024 << 16, 0, 0, 4096, 0]);
        assert_eq!(Process::default().words(9), [0, 0, 0, 4096 / 9, 0]);
    }

    #[test]
    fn a_first_order_process_forecasts_powers() {
        let process = Process { ar: vec![0.5], differences: 0, ma: vec![0.3] };
        let lags = process.advanced([0.0; LAGS], 1.0);
        assert!(process.forecasts(lags, 3).iter().zip([0.8, 0.4, 0.2]).all(|(a, b)| (a - b).abs() < 1e-12));
        assert!((process.sum_variance(2) - (1.0 + 1.8 * 1.8)).abs() < 1e-12);
    }
}
