//! What the normalising constant needs of the gamma function, as ratios that keep their digits: the
//! logarithms themselves grow with m and would cancel.

use super::super::number::from_count;

/// Real part from which Stirling's series is exact to 1e-16 with the terms below.
const STIRLING_FROM: f64 = 12.0;
/// Bernoulli numbers over 2k (2k - 1), k from 1 (Abramowitz and Stegun, 6.1.41).
const STIRLING: [f64; 7] =
    [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0, 1.0 / 156.0];

/// Steps of the recurrence that lift `x` to where the series holds.
fn steps(x: f64) -> usize {
    (0..16).find(|n| x + from_count(*n) >= STIRLING_FROM).unwrap_or(16)
}

/// Real part of Stirling's series at `x + iy`.
fn series(x: f64, y: f64) -> f64 {
    let square = x * x + y * y;
    // 1/z, then divided by z^2 each time.
    let (mut re, mut im) = (x / square, -y / square);
    let (square_re, square_im) = (re * re - im * im, 2.0 * re * im);
    let mut sum = 0.0;
    for term in STIRLING {
        sum += term * re;
        (re, im) = (re * square_re - im * square_im, re * square_im + im * square_re);
    }
    sum
}

/// `ln(Gamma(x) / Gamma(x - 1/2))`, x > 1/2.
pub(super) fn log_half_step(x: f64) -> f64 {
    let mut down = 0.0;
    let count = steps(x - 0.5);
    for n in 0..count {
        let at = x + from_count(n);
        down += libm::log1p(-0.5 / at);
    }
    let at = x + from_count(count);
    down - (at - 1.0) * libm::log1p(-0.5 / at) + 0.5 * libm::log(at) - 0.5 + series(at, 0.0) - series(at - 0.5, 0.0)
}

/// `ln |Gamma(x + iy) / Gamma(x)|^2 + pi y`, x > 0, y >= 0: raised by what the ratio falls with y, so
/// that neither is large.
pub(super) fn log_squared_ratio_raised(x: f64, y: f64) -> f64 {
    let mut sum = 0.0;
    let count = steps(x);
    for n in 0..count {
        let quotient = y / (x + from_count(n));
        sum -= libm::log1p(quotient * quotient);
    }
    let at = x + from_count(count);
    let quotient = y / at;
    sum + (at - 0.5) * libm::log1p(quotient * quotient)
        + 2.0 * y * libm::atan2(at, y)
        + 2.0 * (series(at, y) - series(at, 0.0))
}
