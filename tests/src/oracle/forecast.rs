//! How the oracle forecasts: one product at a time, from the documentation of `restock_core::forecast`.

use super::{Oracle, at};
use crate::random_network::Forecast;

/// Greatest lag: 2^27 - 1.
const LAG_MAX: i64 = (1 << 27) - 1;
/// Greatest level.
const LEVEL_MAX: i64 = (1 << 31) - 1;

/// What a forecast remembers: lags, or the probability, Q18, and the size of demand.
pub(super) type Lags = [i64; 3];

/// To nearest, halves up.
fn rounded(value: i64, bits: u32) -> i64 {
    (value + (1 << (bits - 1))).div_euclid(1 << bits)
}

/// The lags on the first morning.
pub(super) fn start(forecast: &Forecast, mean_q12: i64, shift: u32) -> Lags {
    match *forecast {
        Forecast::Arima { .. } => [0; 3],
        Forecast::Intermittent { probability_q16, .. } => {
            let size = ((mean_q12 << 16) / i64::from(probability_q16)) >> shift;
            [i64::from(probability_q16) << 2, size.min(LAG_MAX), 0]
        }
    }
}

/// The exponential smoothing that all products of a node have in common, if they do: alpha = 2^-shift.
fn common_shift(forecasts: &[Forecast]) -> Option<u32> {
    (1..=10).find(|shift| forecasts.iter().all(|f| *f == Forecast::smoothing(4096 >> shift)))
}

impl Oracle<'_> {
    /// One day's demand of every product of a node: a day of less than a twentieth of the usual season
    /// teaches nothing.
    pub(super) fn learn(&mut self, n: usize) {
        let row = &self.plan.stock[n];
        let forecasts: Vec<Forecast> = row.iter().map(|stock| stock.forecast).collect();
        let common = common_shift(&forecasts);
        let still = forecasts
            .iter()
            .all(|f| matches!(f, Forecast::Arima { weights: [0, 0, 0], gains: [0, 0, 0], reach } if reach[2] == 0));
        for (i, stock) in row.iter().enumerate() {
            let season = i64::from(self.plan.profiles[stock.forecast_profile][self.day as usize]);
            if season < 205 || still {
                continue;
            }
            let seen = at(&self.faced, n, i) * ((1 << 24) / season);
            let level = at(&self.forecast, n, i);
            let learned = match common {
                Some(shift) => (level + rounded(seen - level, shift)).min(LEVEL_MAX),
                None => self.learn_one(n, i, seen.min(LEVEL_MAX)),
            };
            self.forecast.insert((n, i), learned);
        }
    }

    /// The new level of one product; `seen` is its demand without season, Q12.
    fn learn_one(&mut self, n: usize, i: usize, seen: i64) -> i64 {
        let stock = self.plan.stock[n][i];
        let k = self.plan.forecast_shift as u32;
        let lags = self.lags[&(n, i)];
        let mean = i64::from(stock.demand_mean_q12);
        let (moved, level) = match stock.forecast {
            Forecast::Arima { weights: f, gains: g, reach: a } => {
                let missed = ((seen >> k) - (mean >> k)).clamp(-LAG_MAX, LAG_MAX) - lags[0];
                let next = |j: usize, after: i64| {
                    let own = i64::from(f[j]) * lags[0] + i64::from(g[j]) * missed;
                    (rounded(own, 12) + after).clamp(-LAG_MAX, LAG_MAX)
                };
                let moved = [next(0, lags[1]), next(1, lags[2]), next(2, 0)];
                let ahead = rounded((0..3).map(|j| i64::from(a[j]) * moved[j]).sum(), 12);
                // Not below nothing, not above what a word holds.
                let level = if ahead <= -(mean >> k) { 0 } else { (ahead.min((LEVEL_MAX - mean) >> k) << k) + mean };
                (moved, level)
            }
            Forecast::Intermittent { probability_gain, size_gain, .. } => {
                let certain = if seen > 0 { 1 << 18 } else { 0 };
                let probability = lags[0] + rounded((certain - lags[0]) * i64::from(probability_gain), 12);
                let missed = (seen >> k).min(LAG_MAX) - lags[1];
                let size = if seen > 0 { lags[1] + rounded(missed * i64::from(size_gain), 12) } else { lags[1] };
                ([probability, size, 0], ((probability * size) >> 18).min(LEVEL_MAX >> k) << k)
            }
        };
        self.lags.insert((n, i), moved);
        level
    }
}
