//! Pearson type IV as integer tables: lead times in whole days, defect shares in Q16.
//!
//! Both are truncated: what the curve has outside of the range is left out and the rest scaled up to 1,
//! as if every value outside were drawn again. How much was left out is told.

use super::super::compile::{Compiled, Masses, VALUE_MAX, compile, compile_within};
use super::super::number::{from_wide, nearest};
use super::Pearson4;
use restock_core::scenario::RING_DAYS_MAX;

/// Longest lead time a table may give [days].
pub const DAYS_MAX: i64 = 127;
const _: () = assert!(RING_DAYS_MAX == 128, "DAYS_MAX is the longest delay of the arrival ring");
/// A defect share of 1, all units: shares are in Q16.
pub const SHARE_ONE: i64 = 1 << 16;
/// Values of a range that has a mass for each.
const VALUES_MAX: i64 = 1 << 17;
/// Stretches of a wider range.
const STRETCHES: i64 = 4096;
/// Values per standard deviation of the curve's peak from which the density's mean over a value is
/// as good as a difference of probabilities, and a hundred times faster.
const VALUES_FINE: f64 = 10.0;
/// Standard deviations above the mean at which a lead time ends where no maximum is given.
const DEVIATIONS_MAX: f64 = 6.0;
/// Probability that may be missing at either end of a wide range: less than one step of a table.
const BEYOND: f64 = 1e-10;

/// How far the distribution function of a defect share's table may be from the curve's: one receipt in 8192 has
/// another share than the curve says, and that of a neighbouring value. A score tells shares apart to 2^-15 and
/// follows a sixteenth of each, so that it can't see it; a table of 50 segments takes a fifteenth of the flash of
/// one that is exact to a bit, and a draw finds its segment without a search.
pub const SHARE_ERROR: f64 = 1.0 / 8192.0;

/// What truncation left.
#[derive(Clone, Debug, PartialEq)]
pub struct Truncated {
    /// Probabilities of whole values, ascending in value.
    pub points: Vec<(i64, f64)>,
    /// Distance of neighbouring values; above 1 each stands for the stretch around it.
    pub step: i64,
    /// Probability of the curve outside of the range, left out.
    pub left_out: f64,
}

impl Truncated {
    /// The integer table and its moments.
    ///
    /// # Errors
    /// What would be right, where nothing of the curve lies within the range.
    pub fn compile(&self) -> Result<Compiled, String> {
        let masses = Masses { points: self.points.clone(), step: self.step, spread: self.step > 1 };
        compile(&masses).ok_or_else(some_within)
    }

    /// The integer table of a defect share: its distribution function is at most [`SHARE_ERROR`] from the curve's.
    ///
    /// # Errors
    /// As [`Truncated::compile`].
    pub fn compile_share(&self) -> Result<Compiled, String> {
        compile_within(&self.points, SHARE_ERROR).ok_or_else(some_within)
    }

    /// Mean of what is left.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.points.iter().map(|p| from_wide(p.0) * p.1).sum()
    }
}

/// Lead time [days]: each whole day from 1 to `days_max` has the probability of the half day on either
/// side of it. Without a maximum it is six standard deviations above the mean, at most [`DAYS_MAX`].
///
/// # Errors
/// What would be right.
pub fn lead_days(shape: &Pearson4, days_max: Option<i64>) -> Result<Truncated, String> {
    let usual = || match (shape.mean(), shape.deviation()) {
        (Some(mean), Some(deviation)) => Ok(nearest(libm::ceil(mean + DEVIATIONS_MAX * deviation)).clamp(1, DAYS_MAX)),
        _ => Err(format!("with max=days where m is 1.5 or less, {}: it has no spread to tell", shape.parameters().0)),
    };
    let most = days_max.map_or_else(usual, Ok)?;
    if !(1..=DAYS_MAX).contains(&most) {
        return Err(format!("a max from 1 to {DAYS_MAX} days, unlike {most}"));
    }
    whole(shape, 1.0, 1, most)
}

/// Share of a shipment's units that is defective, Q16: 65 536 is all of them.
///
/// # Errors
/// What would be right.
pub fn defect_shares(shape: &Pearson4) -> Result<Truncated, String> {
    whole(shape, from_wide(SHARE_ONE), 0, SHARE_ONE)
}

/// Masses of the whole multiples of `1 / scale` from `low` to `high`; a wide range in even stretches.
pub(in super::super) fn whole(shape: &Pearson4, scale: f64, low: i64, high: i64) -> Result<Truncated, String> {
    // Half a step beyond either end, but nothing below 0: a share of -0.000001 is none.
    let edge = |value: i64, half: f64| (from_wide(value) + half) / scale;
    let (bottom, top) =
        (if low == 0 { 0.0 } else { edge(low, -0.5) }, if low == 0 { edge(high, 0.0) } else { edge(high, 0.5) });
    let within = shape.between(bottom, top);
    if within < 1e-6 {
        return Err(format!("a curve that reaches the range from {bottom} to {top}, where this one has nothing"));
    }
    // Ends so far out that nothing is there would make the stretches wide.
    let first = nearest(libm::floor(shape.quantile(BEYOND) * scale)).clamp(low, high);
    let last = nearest(libm::ceil(shape.quantile(1.0 - BEYOND) * scale)).clamp(first, high);
    // An odd step has a middle.
    let step = if last - first <= VALUES_MAX { 1 } else { ((last - first) / STRETCHES) | 1 };
    let half = 0.5 * from_wide(step);
    let fine = shape.peak_width() * scale / from_wide(step) > VALUES_FINE;
    let mut points = Vec::new();
    let mut value = first;
    let mut from = bottom;
    while value <= last {
        let until = if value + step > last { top } else { edge(value, half) };
        let whole = fine && value > first && value + step <= last;
        let mass = if whole { gauss(shape, from, until) } else { shape.between(from, until) };
        points.push((value, mass / within));
        from = until;
        value += step;
    }
    let total: f64 = points.iter().map(|p| p.1).sum();
    points.iter_mut().for_each(|p| p.1 /= total);
    debug_assert!(high <= VALUE_MAX);
    Ok(Truncated { points, step, left_out: (1.0 - within).max(0.0) })
}

/// Three-point Gauss-Legendre: error below 1e-12 of the mass over a tenth of the peak's width.
fn gauss(shape: &Pearson4, from: f64, until: f64) -> f64 {
    let (middle, half) = (0.5 * (from + until), 0.5 * (until - from));
    let off = half * libm::sqrt(0.6);
    let sides = shape.density(middle - off) + shape.density(middle + off);
    half * (5.0 * sides + 8.0 * shape.density(middle)) / 9.0
}

/// What would be right where nothing of the curve lies within the range.
fn some_within() -> String {
    "a curve with some of its probability within the range".to_owned()
}
