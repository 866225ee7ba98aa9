//! The reference: `f64` over `libm`, the same bits on every target.

use crate::convert::real;
use crate::scenario::ScoreParametersPpm;
use fixed::types::I32F32;

/// The curve's parameters, and the score that the other two computations are measured against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    /// Slope.
    pub beta: f64,
    /// Shift.
    pub gamma: f64,
    /// Exponent.
    pub kappa: f64,
}

impl Curve {
    /// The paper's printed parameters: beta 6, gamma -ln 2, kappa 2.5.
    pub const PRINTED: Self = Self { beta: 6.0, gamma: -core::f64::consts::LN_2, kappa: 2.5 };

    /// From a scenario's parameters.
    #[must_use]
    pub fn from_ppm(p: &ScoreParametersPpm) -> Self {
        Self { beta: f64::from(p.beta) / 1e6, gamma: f64::from(p.gamma) / 1e6, kappa: f64::from(p.kappa) / 1e6 }
    }

    /// HyperScore of `v`, within 4 units in the last place of the exact value for ordinary parameters
    /// (tested against values of 40 digits).
    ///
    /// Total, whatever the parameters: `v <= 0` and NaN give 100, infinity gives 200, parameters that
    /// lead to no number give 100.
    #[must_use]
    pub fn score(&self, v: f64) -> f64 {
        if v.is_nan() || v <= 0.0 {
            return 100.0;
        }
        if v.is_infinite() {
            return 200.0;
        }
        let exponent = self.beta * libm::log(v) + self.gamma;
        // sigmoid(x)^kappa = exp(-kappa * ln(1 + e^-x)); log1p keeps the small end exact.
        let softplus = if exponent < -700.0 { -exponent } else { libm::log1p(libm::exp(-exponent)) };
        let power = libm::exp(-self.kappa * softplus);
        // A scenario's parameters give a power in [0, 1]; a caller's own may give anything.
        if power.is_nan() || power <= 0.0 {
            100.0
        } else if power >= 1.0 {
            200.0
        } else {
            100.0 * (1.0 + power)
        }
    }

    /// The same for `V` in fixed point.
    #[must_use]
    pub fn score_of(&self, v: I32F32) -> f64 {
        self.score(real(v.to_bits()) / 4_294_967_296.0)
    }
}

/// The gamma that puts the sigmoid's midpoint at `v`: `-beta ln v`. 0, where `v` is no positive number.
#[must_use]
pub fn gamma_for_midpoint(beta: f64, v: f64) -> f64 {
    let gamma = if v > 0.0 { -beta * libm::log(v) } else { 0.0 };
    if gamma.is_finite() { gamma } else { 0.0 }
}
