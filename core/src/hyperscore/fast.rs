//! The fast path: `f32` over `micromath`, for processors with single precision only.

use crate::convert::{bits, real32_of, truncated};
use crate::scenario::ScoreParametersPpm;
use micromath::F32Ext; // called by its full name: where std is linked, `x.ln()` would be std's

/// The curve in single precision.
///
/// Every `f32` has a score. The greatest distance to [`super::Curve`], measured over every `f32` and stated in
/// the tests: see [`FastCurve::BOUND`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FastCurve {
    beta: f32,
    gamma: f32,
    kappa: f32,
}

/// Mantissa bits of `V` that are kept. `micromath` rounds in the last places, and what it rounds there is not
/// monotone; steps of 2^-16 are far above it.
const KEPT: u32 = 16;

impl FastCurve {
    /// Points that [`FastCurve::score`] is off by at most, over every `f32`: for the source paper's parameters, for
    /// the same with the midpoint at V = 0.5, and for beta 5 with kappa 2.
    pub const BOUND: f32 = 0.015;

    /// From a scenario's parameters.
    #[must_use]
    pub fn from_ppm(p: &ScoreParametersPpm) -> Self {
        let real = |ppm: i32| real32_of(ppm) / 1e6;
        Self { beta: real(p.beta), gamma: real(p.gamma), kappa: real(p.kappa) }
    }

    /// HyperScore of `v`, 100 to 200. Total: what is not above 0 gives 100, infinity 200.
    #[must_use]
    pub fn score(&self, v: f32) -> f32 {
        // Also what is below the least normal number: `micromath` knows no others.
        if v.is_nan() || v < f32::MIN_POSITIVE {
            return 100.0;
        }
        if v.is_infinite() {
            return 200.0;
        }
        let v = f32::from_bits(v.to_bits() & !((1 << (23 - KEPT)) - 1));
        // `micromath` takes an approximate inverse of what is below 1, off by some percent.
        let ln = if v < 1.0 { -F32Ext::ln(1.0 / v) } else { F32Ext::ln(v) };
        let softplus = softplus(-(self.beta * ln + self.gamma));
        let power = exp(-self.kappa * softplus);
        100.0 + 100.0 * if power > 1.0 { 1.0 } else { power }
    }
}

/// `ln(1 + e^x)` at the place where its two computations meet, x = -2: what keeps them in order.
const SOFTPLUS_SEAM: f32 = 0.126_928;

/// `ln(1 + e^x)`, at least 0. Far down by its series, because `1 + e^x` has lost what distinguishes neighbours.
fn softplus(x: f32) -> f32 {
    if x > 16.0 {
        return x;
    }
    let t = exp(x);
    if x < -2.0 {
        let series = t * (1.0 - t * (0.5 - t * (1.0 / 3.0 - t * 0.25)));
        return if series < SOFTPLUS_SEAM { series } else { SOFTPLUS_SEAM };
    }
    let found = F32Ext::ln(1.0 + t);
    if found > 16.0 {
        16.0 // so that this and the case above meet in order
    } else if found > SOFTPLUS_SEAM {
        found
    } else {
        SOFTPLUS_SEAM
    }
}

/// `e^x`, 0 below -80 and no more than `e^80`. `micromath` sums four terms of the series over a whole octave;
/// with half an octave to either side it is 30 times closer.
fn exp(x: f32) -> f32 {
    if x < -80.0 {
        return 0.0;
    }
    let x = if x > 80.0 { 80.0 } else { x };
    let octaves = x * core::f32::consts::LOG2_E;
    let whole = truncated(if octaves < 0.0 { octaves - 0.5 } else { octaves + 0.5 });
    let rest = x - real32_of(whole) * core::f32::consts::LN_2;
    F32Ext::exp(rest) * f32::from_bits(bits((127 + whole) << 23))
}
