//! Demand that comes now and then: the probability of a day with demand and its size, smoothed apart.

/// Gains of the probability that are tried.
const PROBABILITY_GAINS: [f64; 6] = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2];
/// Gains of the size that are tried.
const SIZE_GAINS: [f64; 5] = [0.02, 0.05, 0.1, 0.2, 0.4];
/// Observations that a method starts from, before its errors count.
pub(crate) const START: usize = 28;

/// Teunter, Syntetos and Babai (2011): unlike Croston's method it forgets a product that no longer sells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Intermittent {
    /// Gain of the probability.
    pub probability_gain: f64,
    /// Gain of the size.
    pub size_gain: f64,
    /// Probability of a day with demand in the history.
    pub probability: f64,
}

impl Intermittent {
    /// The gains that forecast the next days of a history best, by squared error.
    #[must_use]
    pub fn fit(series: &[f64]) -> Self {
        let selling = series.iter().filter(|x| **x > 0.0).count();
        let probability = (selling as f64 / series.len().max(1) as f64).clamp(1.0 / 65_536.0, 1.0);
        let candidates = PROBABILITY_GAINS.iter().flat_map(|&probability_gain| {
            SIZE_GAINS.iter().map(move |&size_gain| Self { probability_gain, size_gain, probability })
        });
        let error = |method: &Self| {
            let mut state = method.start(series);
            let mut sum = 0.0;
            for &seen in series.iter().skip(START) {
                sum += (seen - state[0] * state[1]) * (seen - state[0] * state[1]);
                state = method.advanced(state, seen);
            }
            sum
        };
        let own = Self { probability_gain: 0.02, size_gain: 0.05, probability };
        candidates.min_by(|a, b| error(a).total_cmp(&error(b))).unwrap_or(own)
    }

    /// Probability and size to start a series from: those of its first observations.
    #[must_use]
    pub fn start(&self, series: &[f64]) -> [f64; 2] {
        let first = &series[..series.len().min(START)];
        let selling = first.iter().filter(|x| **x > 0.0).count();
        let size = first.iter().sum::<f64>() / selling.max(1) as f64;
        [(selling as f64 / first.len().max(1) as f64).max(1e-4), size]
    }

    /// Probability and size a day later.
    #[must_use]
    pub fn advanced(&self, [probability, size]: [f64; 2], seen: f64) -> [f64; 2] {
        let certain = if seen > 0.0 { 1.0 } else { 0.0 };
        let missed = if seen > 0.0 { seen - size } else { 0.0 };
        [probability + (certain - probability) * self.probability_gain, size + missed * self.size_gain]
    }

    /// The words of the five forecast columns.
    #[must_use]
    pub fn words(&self) -> [i32; 5] {
        let q12 = |gain: f64| (gain.clamp(0.0, 1.0) * 4096.0).round() as i32;
        let start = (self.probability * 65_536.0).round().clamp(1.0, 65_536.0) as i32;
        [super::process::word(q12(self.probability_gain), q12(self.size_gain)), start, 0, 0, super::process::word(0, 1)]
    }
}

/// Mean days from one day with demand to the next; infinite where there is none.
#[must_use]
pub fn interval(series: &[f64]) -> f64 {
    let selling = series.iter().filter(|x| **x > 0.0).count();
    if selling == 0 { f64::INFINITY } else { series.len() as f64 / selling as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_that_stops_selling_is_forgotten() {
        let mut series: Vec<f64> = (0..200).map(|day| if day % 4 == 0 { 8.0 } else { 0.0 }).collect();
        assert_eq!(interval(&series), 4.0);
        let method = Intermittent::fit(&series);
        let rate = |series: &[f64]| {
            let state = series.iter().fold(method.start(series), |state, &seen| method.advanced(state, seen));
            state[0] * state[1]
        };
        assert!((rate(&series) - 2.0).abs() < 0.3, "{}", rate(&series));
        series.extend([0.0; 2000]);
        assert!(rate(&series) < 0.01);
        assert_eq!(method.words()[4], 1 << 16);
        assert_eq!(method.words()[1], 1 << 14);
    }
}
