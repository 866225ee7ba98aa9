//! The score for devices: integers only, no float, no division after construction.
//!
//! Everything is a power or a logarithm of two in fixed point, because both are shifts plus something
//! between 1 and 2. Each step keeps order (a logarithm found bit by bit, Horner's scheme with positive
//! coefficients, products with positive constants, all rounded down), so that the score is monotone in
//! `V` by construction, and not only where a test has looked.

use crate::convert::{bits_wide, from_wide_bits, low_bits, saturate_wide, wide, wide_bits, wider};
use crate::scenario::ScoreParametersPpm;
use fixed::types::I32F32;

/// Fraction bits of the parameters.
const PARAMETER_BITS: u32 = 36;
/// 1 in 32.32 fixed point.
const ONE: i64 = 1 << 32;
/// log2(e), 2^36 times.
const LOG2_E_Q36: i64 = 99_141_248_299;
/// `(ln 2)^k / k!` for k = 1 to 11, 2^32 times and rounded down: the Taylor series of `2^f - 1`. What
/// is left out is positive, so that the end of an octave never passes the start of the next.
const POWER_SERIES_Q32: [u32; 11] =
    [2_977_044_471, 1_031_764_991, 238_388_331, 41_309_549, 5_726_719, 661_576, 65_509, 5_676, 437, 30, 1];

/// The curve in fixed point. Within 1e-4 of a point of [`super::Curve`] for every `V` and all parameters
/// that a scenario may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceCurve {
    /// Slope, 2^36 times.
    beta_q36: i64,
    /// Shift in base 2: gamma * log2(e), 2^32 times.
    gamma_q32: i64,
    /// Exponent, 2^36 times.
    kappa_q36: i64,
}

impl DeviceCurve {
    /// From a scenario's parameters; beta and kappa below 0 count as 0.
    #[must_use]
    pub fn from_ppm(p: &ScoreParametersPpm) -> Self {
        // A word times 2^36 passes 63 bits where it is above 2^27 = 134 (and scenarios stop at 100).
        let q36 = |ppm: i32| (wide(ppm.clamp(0, 1 << 27)) << (PARAMETER_BITS - 1)) / 1_000_000 * 2;
        let gamma = wider(wide(p.gamma)) * wider(LOG2_E_Q36) / 1_000_000;
        Self { beta_q36: q36(p.beta), gamma_q32: saturate_wide(gamma >> 4), kappa_q36: q36(p.kappa) }
    }

    /// HyperScore of `v`: 100 to 200, and 100 where `v <= 0`.
    #[must_use]
    pub fn score(&self, v: I32F32) -> I32F32 {
        let v = v.to_bits();
        if v <= 0 {
            return I32F32::from_bits(100 * ONE);
        }
        // The exponent in base 2: beta * log2(v) + gamma * log2(e).
        let log2_v = log2(bits_wide(v)) - 32 * ONE;
        let exponent = scaled(log2_v, self.beta_q36).saturating_add(self.gamma_q32);
        // sigmoid(x)^kappa = 2^(-kappa * log2(1 + 2^-x)).
        let power = exp2_minus(scaled(log2_1p_exp2(exponent.saturating_neg()), self.kappa_q36));
        I32F32::from_bits(100 * ONE + 100 * power)
    }
}

/// `a * b / 2^36`, rounded down.
fn scaled(a: i64, b_q36: i64) -> i64 {
    saturate_wide((wider(a) * wider(b_q36)) >> PARAMETER_BITS)
}

/// log2 of a whole number of 1 or more, 2^32 times, rounded down to about 2^-30: the bits of the
/// fraction are those at which the repeated square passes 2.
fn log2(value: u64) -> i64 {
    let zeros = value.leading_zeros();
    let mut fraction = 0u32;
    // The mantissa in [1, 2), 2^31 times; what does not fit is cut off.
    let mut mantissa = value.checked_shl(zeros).unwrap_or(0) >> 32;
    for _ in 0..32 {
        let square = (mantissa * mantissa) >> 31;
        let bit = square >> 32; // 1 where the square is 2 or more
        fraction = (fraction << 1) | low_bits(bit);
        mantissa = square >> bit;
    }
    (i64::from(63u32.saturating_sub(zeros)) << 32) + from_wide_bits(wide_bits(fraction))
}

/// `2^f - 1` for `f` in [0, 1), both 2^32 times, by Horner's scheme.
fn exp2_fraction(f: u32) -> u32 {
    let [first, rest @ ..] = POWER_SERIES_Q32;
    let times = |sum: u32| crate::convert::scale_down(sum, f);
    times(first + rest.iter().rev().fold(0, |sum, &c| times(c + sum)))
}

/// `log2(1 + 2^x)`, 2^32 times.
fn log2_1p_exp2(x: i64) -> i64 {
    let whole = x >> 32; // rounded down
    let f = low_bits(bits_wide(x));
    let mantissa = (1u64 << 32) + wide_bits(exp2_fraction(f)); // [1, 2), 2^32 times
    match u32::try_from(whole) {
        // 2^x has 2^31 or more of the 1 that is added: it does not show in 32 bits.
        Ok(whole) if whole >= 30 => x,
        // No more than 30, so that the two cases meet in order.
        Ok(whole) => (log2((1 << 32) + (mantissa << whole)) - 32 * ONE).min(30 * ONE),
        Err(_) => {
            let shift = u32::try_from(whole.saturating_neg()).unwrap_or(64);
            log2((1 << 32) + mantissa.checked_shr(shift).unwrap_or(0)) - 32 * ONE
        }
    }
}

/// `2^-z` for `z` of 0 or more, both 2^32 times, rounded down.
fn exp2_minus(z: i64) -> i64 {
    let x = z.saturating_neg();
    let shift = u32::try_from((x >> 32).saturating_neg()).unwrap_or(0);
    let mantissa = (1u64 << 32) + wide_bits(exp2_fraction(low_bits(bits_wide(x))));
    from_wide_bits(mantissa.checked_shr(shift).unwrap_or(0))
}

#[cfg(test)]
#[allow(clippy::as_conversions)] // Against floats.
mod tests {
    use super::*;

    #[test]
    fn constants_are_what_they_are_called() {
        assert_eq!(LOG2_E_Q36, (core::f64::consts::LOG2_E * 68_719_476_736.0) as i64);
        let (mut term, mut sum) = (4_294_967_296.0, 0u64);
        for (k, &c) in (1i32..).zip(&POWER_SERIES_Q32) {
            term *= core::f64::consts::LN_2 / f64::from(k);
            assert_eq!(c, term as u32, "term {k}");
            sum += u64::from(c);
        }
        assert!(sum < 1 << 32, "an octave ends below the next");
    }

    #[test]
    fn logarithm_and_power_are_close_and_keep_order() {
        let (mut last, mut worst) = (-1, 0.0);
        for value in (1..2_000u64).chain((0..20_000).map(|i| 2_000 + i * 1_048_573)) {
            let found = log2(value);
            assert!(found >= last, "log2 of {value}");
            last = found;
            let error = (found as f64 / 4_294_967_296.0 - libm::log2(value as f64)).abs();
            worst = if error > worst { error } else { worst };
        }
        assert!(worst < 2e-9, "{worst}");
        let (mut last, mut worst) = (0, 0.0);
        for i in 0..40_000u32 {
            let f = i * 107_374;
            let found = exp2_fraction(f);
            assert!(found >= last, "2^{f}");
            last = found;
            let error = (f64::from(found) - 4_294_967_296.0 * (libm::exp2(f64::from(f) / 4_294_967_296.0) - 1.0)).abs();
            worst = if error > worst { error } else { worst };
        }
        assert!(worst < 16.0, "{worst} of 2^-32");
    }
}
