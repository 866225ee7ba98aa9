//! HyperScore: one figure for how well a chain is run.
//!
//! `HyperScore = 100 * (1 + sigmoid(beta * ln V + gamma)^kappa)`, with
//! `V = a * delivery rate + b * inventory score + c * capacity utilization`.
//!
//! It is monotone in `V`: what it adds is weighting and focus. With the paper's printed parameters
//! (beta 6, gamma -ln 2, kappa 2.5) the sigmoid's midpoint lies at `V = 2^(1/6) = 1.122`, so `V` in
//! `[0, 1]` only spans 100 to 106.4; [`gamma_for_midpoint`] puts the midpoint where it is wanted.
//! The score of a period comes from the period's totals; scores are never averaged.

use crate::convert::{real, real32, saturate_wide, wider};
use crate::kpi::{Kpis, Tally};
use crate::scenario::ScoreParametersPpm;
use fixed::types::I32F32;
use micromath::F32Ext; // called by its full name: where std is linked, `x.ln()` would be std's

/// The parameters of the curve.
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

    /// HyperScore of `v`: `f64` over `libm`, the same bits on every target. Total: `v <= 0` and NaN
    /// give 100, infinity gives 200.
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
        100.0 * (1.0 + libm::exp(-self.kappa * softplus))
    }

    /// The same in `f32` over `micromath`, for devices without double precision: for `v` in
    /// `[0, 8]` within 3 points of [`Curve::score`] with the printed parameters (measured over the
    /// whole grid by a test). The domain is guarded: any other input gives 100 or the value at 8.
    #[must_use]
    pub fn score_fast(&self, v: f32) -> f32 {
        if v.is_nan() || v < 1.0e-3 {
            return 100.0;
        }
        let v = if v > 8.0 { 8.0 } else { v };
        let exponent = real32(self.beta) * F32Ext::ln(v) + real32(self.gamma);
        if exponent < -20.0 {
            return 100.0;
        }
        let exponent = if exponent > 20.0 { 20.0 } else { exponent };
        let softplus = F32Ext::ln(1.0 + F32Ext::exp(-exponent));
        let power = -real32(self.kappa) * softplus;
        100.0 * (1.0 + if power < -20.0 { 0.0 } else { F32Ext::exp(power) })
    }
}

/// The gamma that puts the sigmoid's midpoint at `v`: `-beta ln v`.
#[must_use]
pub fn gamma_for_midpoint(beta: f64, v: f64) -> f64 {
    -beta * libm::log(v)
}

/// The three parts of `V` over a period, each in `[0, 1,000,000]` ppm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Fill rate [ppm].
    pub delivery_rate_ppm: i64,
    /// `1 - holding cost / reference holding cost`, clamped to `[0, 1]` [ppm].
    pub inventory_score_ppm: i64,
    /// Work used / capacity [ppm].
    pub capacity_utilization_ppm: i64,
}

impl Parts {
    /// The parts of a period's totals. `reference_holding` is per day.
    #[must_use]
    pub fn of(total: &Tally, days: u32, reference_holding: i64) -> Self {
        let reference = wider(reference_holding) * i128::from(days.max(1));
        let used = wider(total.ledger.holding) * 1_000_000 / reference.max(1);
        Self {
            delivery_rate_ppm: total.fill_rate_ppm(),
            inventory_score_ppm: saturate_wide((1_000_000 - used).clamp(0, 1_000_000)),
            capacity_utilization_ppm: total.utilization_ppm(),
        }
    }

    /// `V`: the weighted sum of the parts, exact in 32.32 fixed point before the last rounding.
    #[must_use]
    pub fn v(&self, p: &ScoreParametersPpm) -> I32F32 {
        let sum = wider(self.delivery_rate_ppm) * i128::from(p.weight_delivery)
            + wider(self.inventory_score_ppm) * i128::from(p.weight_inventory)
            + wider(self.capacity_utilization_ppm) * i128::from(p.weight_capacity);
        // Parts are at most 10^6 and weights at most 4 * 10^6, so V is at most 12.
        I32F32::from_bits(saturate_wide((sum << 32) / 1_000_000_000_000))
    }
}

/// A score with everything it must never stand without.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HyperScore {
    /// The score, 100 to 200.
    pub score: f64,
    /// The weighted sum of the parts.
    pub v: I32F32,
    /// The parts.
    pub parts: Parts,
}

impl HyperScore {
    /// The score of a period's totals.
    #[must_use]
    pub fn of(kpis: &Kpis, parameters: &ScoreParametersPpm) -> Self {
        Self::of_total(&kpis.total(), kpis.days(), kpis.reference_holding(), parameters)
    }

    /// The score of totals over `days`.
    #[must_use]
    pub fn of_total(total: &Tally, days: u32, reference_holding: i64, parameters: &ScoreParametersPpm) -> Self {
        let parts = Parts::of(total, days, reference_holding);
        let v = parts.v(parameters);
        let score = Curve::from_ppm(parameters).score(real(v.to_bits()) / 4_294_967_296.0);
        Self { score, v, parts }
    }

    /// `V` as a real number.
    #[must_use]
    pub fn v_real(&self) -> f64 {
        real(self.v.to_bits()) / 4_294_967_296.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_has_a_score() {
        for v in [f64::NAN, f64::NEG_INFINITY, -1.0, 0.0, -0.0] {
            assert_eq!(Curve::PRINTED.score(v), 100.0);
        }
        assert_eq!(Curve::PRINTED.score(f64::INFINITY), 200.0);
        assert_eq!(Curve::PRINTED.score(f64::MIN_POSITIVE), 100.0);
        assert_eq!(Curve::PRINTED.score(f64::MAX), 200.0);
    }

    #[test]
    fn more_v_never_scores_less() {
        let mut last = 0.0;
        for i in 0..100_000 {
            let score = Curve::PRINTED.score(f64::from(i) * 1e-4);
            assert!(score >= last, "{i}");
            last = score;
        }
    }

    #[test]
    fn the_midpoint_lies_where_it_is_put() {
        let curve = Curve { gamma: gamma_for_midpoint(6.0, 0.5), ..Curve::PRINTED };
        let half = 100.0 * (1.0 + libm::pow(0.5, 2.5));
        assert!((curve.score(0.5) - half).abs() < 1e-9);
    }

    #[test]
    fn the_fast_path_keeps_its_stated_bound() {
        let mut worst = 0.0f64;
        for i in 0..=80_000 {
            let v = f64::from(i) * 1e-4;
            let error = (f64::from(Curve::PRINTED.score_fast(real32(v))) - Curve::PRINTED.score(v)).abs();
            if error > worst {
                worst = error;
            }
        }
        assert!(worst < 3.0, "worst error {worst}");
        for v in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, 0.0, f32::MAX, f32::MIN_POSITIVE] {
            assert!((100.0..=201.0).contains(&Curve::PRINTED.score_fast(v)));
        }
    }
}
