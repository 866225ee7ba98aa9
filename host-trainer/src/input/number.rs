//! Numbers as users write them, checked against a range that is part of the complaint.

use std::fmt;

/// A closed range and what the number means.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range<'a> {
    /// Least value.
    pub(crate) low: f64,
    /// Greatest value.
    pub(crate) high: f64,
    /// What it counts: "days", "currency per unit".
    pub(crate) meaning: &'a str,
}

impl<'a> Range<'a> {
    /// From `low` to `high`.
    pub(crate) const fn new(low: f64, high: f64, meaning: &'a str) -> Self {
        Self { low, high, meaning }
    }
}

impl fmt::Display for Range<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {} to {}", self.meaning, self.low, self.high)
    }
}

/// A finite number within the range.
pub(crate) fn real(text: &str, range: Range<'_>) -> Option<f64> {
    // Digits, point, sign and exponent only: "inf", "nan" and "0x10" are no quantities.
    let plain = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E'));
    let value: f64 = text.parse().ok()?;
    (plain && value.is_finite() && value >= range.low && value <= range.high).then_some(value)
}

/// A whole number within the range.
pub(crate) fn whole(text: &str, range: Range<'_>) -> Option<i32> {
    let value: i32 = text.parse().ok()?;
    (f64::from(value) >= range.low && f64::from(value) <= range.high).then_some(value)
}

/// The nearest `i64`; infinities and what passes its range saturate, NaN is 0.
#[allow(clippy::cast_possible_truncation)] // Saturation is what a float cast does and what is wanted.
pub(crate) fn nearest(value: f64) -> i64 {
    libm::round(value) as i64
}

/// The nearest `i32`, if it fits.
pub(crate) fn word(value: f64) -> Option<i32> {
    i32::try_from(nearest(value)).ok()
}

/// The least `i32` not below `value`, if it fits.
pub(crate) fn word_up(value: f64) -> Option<i32> {
    i32::try_from(nearest(libm::ceil(value))).ok()
}

/// A count as a float (exact below 2^53).
#[allow(clippy::cast_precision_loss)]
pub(crate) fn from_count(count: usize) -> f64 {
    count as f64
}

/// A wide integer as the nearest float.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn from_wide(value: i64) -> f64 {
    value as f64
}

/// `value * scale` where that is a whole number (to one part in 10^9) of at most 2^30.
pub(crate) fn scaled_whole(value: f64, scale: i32) -> Option<i32> {
    let scaled = value * f64::from(scale);
    let whole = libm::round(scaled);
    let near = libm::fabs(scaled - whole) <= 1e-9 * libm::fabs(scaled).max(1.0);
    (near && libm::fabs(whole) <= f64::from(1 << 30)).then(|| word(whole)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_finite_plain_numbers_are_read() {
        let any = Range::new(f64::MIN, f64::MAX, "anything");
        for bad in ["", "inf", "NaN", "1e999", "0x10", "1_000", "1,5", "--1", "12 "] {
            assert_eq!(real(bad, any), None, "{bad}");
        }
        assert_eq!(real("-1.5e3", any), Some(-1500.0));
        assert_eq!(scaled_whole(0.1, 1000), Some(100));
        assert_eq!(scaled_whole(2.5, 1), None);
    }
}
