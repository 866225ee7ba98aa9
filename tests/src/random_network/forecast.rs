//! How stockpoints forecast, by chance: smoothing, ARIMA processes of every order, intermittent demand.

use super::Dice;

/// How one stockpoint forecasts; numbers as in [`restock_core::layout::Column`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forecast {
    /// Lags with weights, gains and weights in the mean over the protection interval, all Q12.
    Arima {
        /// Of the first lag in the next day's.
        weights: [i32; 3],
        /// Of what the forecast missed.
        gains: [i32; 3],
        /// In the mean over the protection interval.
        reach: [i32; 3],
    },
    /// Smoothed probability and size.
    Intermittent {
        /// Gain of the probability, Q12.
        probability_gain: i32,
        /// Gain of the size, Q12.
        size_gain: i32,
        /// To start from, Q16.
        probability_q16: i32,
    },
}

impl Default for Forecast {
    /// The long-run mean.
    fn default() -> Self {
        Self::Arima { weights: [0; 3], gains: [0; 3], reach: [0; 3] }
    }
}

impl Forecast {
    /// Exponential smoothing, alpha in Q12.
    #[must_use]
    pub fn smoothing(alpha: i32) -> Self {
        Self::Arima { weights: [4096, 0, 0], gains: [alpha, 0, 0], reach: [4096, 0, 0] }
    }

    /// The words of the five forecast columns.
    #[must_use]
    pub fn words(&self) -> [i32; 5] {
        let word = |low: i32, high: i32| high * 65_536 + (low & 0xffff);
        match *self {
            Self::Arima { weights: f, gains: g, reach: a } => {
                [word(f[0], g[0]), word(f[1], g[1]), word(f[2], g[2]), word(a[0], a[1]), word(a[2], 0)]
            }
            Self::Intermittent { probability_gain, size_gain, probability_q16 } => {
                [word(probability_gain, size_gain), probability_q16, 0, 0, word(0, 1)]
            }
        }
    }
}

/// The forecasts of a node's products: of one kind in some nodes, of all kinds in others.
pub(super) fn random_forecasts(d: &mut Dice, products: usize) -> Vec<Forecast> {
    let shift = d.between(1, 6);
    match d.size(0, 9) {
        0..=2 => vec![Forecast::smoothing(4096 >> shift); products],
        3 => vec![Forecast::default(); products],
        style => (0..products).map(|_| random_forecast(d, style)).collect(),
    }
}

fn random_forecast(d: &mut Dice, style: usize) -> Forecast {
    match d.size(0, 9) {
        0 => Forecast::smoothing(d.between(1, 4096)),
        1 if style > 5 => Forecast::Intermittent {
            probability_gain: d.between(0, 4096),
            size_gain: d.between(0, 4096),
            probability_q16: d.between(1, 1 << 16),
        },
        2 if style > 7 => {
            let mut wild = || [0; 3].map(|_: i32| d.pick(&[-16_384, -4096, -1, 0, 2048, 4096, 16_384]));
            Forecast::Arima { weights: wild(), gains: wild(), reach: wild() }
        }
        _ => process(d),
    }
}

/// An ARIMA process that is stationary after its differences, and invertible.
fn process(d: &mut Dice) -> Forecast {
    let differences = d.size(0, 1);
    let mut root = |size: i32| f64::from(d.between(-size, size)) / 100.0;
    // (1 - r1 B)(1 - r2 B)(1 - r3 B) of random roots; a difference is one more, of 1.
    let polynomial = |roots: &[f64]| {
        roots.iter().fold([1.0, 0.0, 0.0, 0.0], |p, r| [p[0], p[1] - r * p[0], p[2] - r * p[1], p[3] - r * p[2]])
    };
    let moving = polynomial(&[root(60), root(60), root(60)]);
    let mut roots = vec![root(60), root(60)];
    roots.push(if differences == 1 { 1.0 } else { root(60) });
    let autoregressive = polynomial(&roots);
    let q12 = |x: f64| (x * 4096.0).round() as i32;
    let weights = [1, 2, 3].map(|i| q12(-autoregressive[i]));
    let gains = [1, 2, 3].map(|i| q12(moving[i] - autoregressive[i]));
    // Weights of the mean over three days.
    let mut reach = [0.0; 3];
    let mut row = [1.0, 0.0, 0.0];
    for _day in 0..3 {
        (0..3).for_each(|i| reach[i] += row[i] / 3.0);
        let f = [-autoregressive[1], -autoregressive[2], -autoregressive[3]];
        row = [row[0] * f[0] + row[1] * f[1] + row[2] * f[2], row[0], row[1]];
    }
    Forecast::Arima { weights, gains, reach: reach.map(q12) }
}
