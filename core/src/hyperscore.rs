//! HyperScore: one figure for how well a chain is run.
//!
//! `HyperScore = 100 * (1 + sigmoid(beta * ln V + gamma)^kappa)`, with
//! `V = a * delivery rate + b * inventory score + c * capacity utilization`.
//!
//! It is monotone in `V`: what it adds is weighting and focus. With the paper's printed parameters
//! (beta 6, gamma -ln 2, kappa 2.5) the sigmoid's midpoint lies at `V = 2^(1/6) = 1.122`, so `V` in
//! `[0, 1]` only spans 100 to 106.4; [`gamma_for_midpoint`] puts the midpoint where it is wanted.
//! The score of a period comes from the period's totals; scores are never averaged.
//!
//! One formula, computed three times:
//!
//! | | arithmetic | off by at most | instructions on a Cortex-M4F |
//! | --- | --- | --- | --- |
//! | [`Curve`] | `f64` over `libm` | 4 ulp | 15,500 |
//! | [`DeviceCurve`] | integers | 1e-4 of a point | 1,400 |
//! | [`FastCurve`] | `f32` over `micromath` | [`FastCurve::BOUND`] | 300 |
//!
//! Tests hold all three against values of 40 digits, to be total and monotone in `V`.

mod device;
mod fast;
mod reference;
mod weights;

pub use device::DeviceCurve;
pub use fast::FastCurve;
pub use reference::{Curve, gamma_for_midpoint};
pub use weights::{Conditions, FACTOR_MAX_PPM, FACTOR_MIN_PPM, SensitivitiesPpm, SensitivityPpm, WeightsPpm};

use crate::convert::{real, saturate_wide, wide, wider};
use crate::kpi::{Kpis, Tally};
use crate::scenario::{Scenario, ScoreParametersPpm};
use fixed::types::I32F32;

/// The three parts of `V` over a period, each in `[0, 1,000,000]` ppm. Defined here and nowhere else: for
/// the network and for a node, of a day, a window or an episode, always from totals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Fill rate: of customers for the network, of all who order for a node [ppm].
    pub delivery_rate_ppm: i64,
    /// `1 - holding cost / reference holding cost`, clamped to `[0, 1]` [ppm].
    pub inventory_score_ppm: i64,
    /// Work used / capacity [ppm].
    pub capacity_utilization_ppm: i64,
}

impl Parts {
    /// The parts of the network's totals. `reference_holding` is per day.
    #[must_use]
    pub fn of(total: &Tally, days: u32, reference_holding: i64) -> Self {
        let reference = wider(reference_holding) * i128::from(days.max(1));
        let used = (wider(total.ledger.holding) * 1_000_000).checked_div(reference.max(1)).unwrap_or(0);
        Self {
            delivery_rate_ppm: total.fill_rate_ppm().clamp(0, 1_000_000),
            inventory_score_ppm: saturate_wide((1_000_000 - used).clamp(0, 1_000_000)),
            capacity_utilization_ppm: total.utilization_ppm().clamp(0, 1_000_000),
        }
    }

    /// The parts of one node's totals: its customers are all who order of it, and its reference holding
    /// cost is [`Scenario::node_reference_holding`] per day.
    #[must_use]
    pub fn of_node(total: &Tally, days: u32, reference_holding: i64) -> Self {
        let delivery_rate_ppm = total.node_fill_rate_ppm().clamp(0, 1_000_000);
        Self { delivery_rate_ppm, ..Self::of(total, days, reference_holding) }
    }

    /// `V`: the weighted sum of the parts, exact in 32.32 fixed point before the last rounding.
    #[must_use]
    pub fn v(&self, weights: &WeightsPpm) -> I32F32 {
        let sum = wider(self.delivery_rate_ppm) * wider(wide(weights.delivery))
            + wider(self.inventory_score_ppm) * wider(wide(weights.inventory))
            + wider(self.capacity_utilization_ppm) * wider(wide(weights.capacity));
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
    /// The weights that the conditions gave the parts.
    pub weights: WeightsPpm,
}

impl HyperScore {
    /// The score of the network over a period, under the conditions of that period.
    #[must_use]
    pub fn of(kpis: &Kpis, parameters: &ScoreParametersPpm) -> Self {
        let parts = Parts::of(&kpis.total(), kpis.days(), kpis.reference_holding());
        Self::of_parts(parts, parameters, &kpis.conditions())
    }

    /// The score of one node over a period. The conditions are the network's: a disruption anywhere and the
    /// customers' demand concern every node.
    #[must_use]
    pub fn of_node(kpis: &Kpis, scenario: &Scenario<'_>, node: usize) -> Self {
        let parts = Parts::of_node(&kpis.node(node), kpis.days(), scenario.node_reference_holding(node));
        Self::of_parts(parts, &scenario.score_parameters(), &kpis.conditions())
    }

    /// The score of totals over `days`, under calm conditions: the static formula.
    #[must_use]
    pub fn of_total(total: &Tally, days: u32, reference_holding: i64, parameters: &ScoreParametersPpm) -> Self {
        Self::of_parts(Parts::of(total, days, reference_holding), parameters, &Conditions::CALM)
    }

    /// The score of parts under conditions.
    #[must_use]
    pub fn of_parts(parts: Parts, parameters: &ScoreParametersPpm, conditions: &Conditions) -> Self {
        let weights = WeightsPpm::under(parameters, conditions);
        let v = parts.v(&weights);
        Self { score: Curve::from_ppm(parameters).score_of(v), v, parts, weights }
    }

    /// `V` as a real number.
    #[must_use]
    pub fn v_real(&self) -> f64 {
        real(self.v.to_bits()) / 4_294_967_296.0
    }
}
