//! Weights that follow conditions: what matters in a storm is not what matters on a calm day.
//!
//! `weight = static weight * factor`, scaled so that the three weights keep their sum, with
//! `factor = clamp(1 + sum over conditions of sensitivity * strength, 1/4, 4)`. The factor of the
//! inventory score is 1: shares have two degrees of freedom, and it is the one that the others are
//! set against. A strength lies in `[0, 1]`, so that a sensitivity of 1 doubles a weight (before
//! scaling) when its condition is at its height. All sensitivities 0, or all strengths 0, give the
//! static weights bit for bit. Integers only: the same everywhere.

use crate::convert::{bits_wide, from_wide_bits, saturate, saturate_wide, wide, wider};
use crate::kpi::{Spread, Tally};
use crate::scenario::ScoreParametersPpm;

/// 1 [ppm].
const ONE: i64 = 1_000_000;
/// Least factor of a weight [ppm].
pub const FACTOR_MIN_PPM: i64 = 250_000;
/// Greatest factor of a weight [ppm].
pub const FACTOR_MAX_PPM: i64 = 4_000_000;

/// What the times are like, each strength from 0 (calm) to 1,000,000 ppm (at its height).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Standard deviation of the daily demand of all customers / its mean, at most 1 [ppm].
    pub volatility_ppm: i64,
    /// Share of days on which a disruption was in force [ppm].
    pub disruption_ppm: i64,
    /// Cost of units owed and lost / that and holding cost together: on which side the chain errs [ppm].
    pub backlog_ppm: i64,
    /// Work used / capacity, at most 1; 0 where nothing limits [ppm].
    pub utilization_ppm: i64,
}

impl Conditions {
    /// Nothing to react to.
    pub const CALM: Self = Self { volatility_ppm: 0, disruption_ppm: 0, backlog_ppm: 0, utilization_ppm: 0 };

    /// The conditions of a period, from its totals. `demand` is the customers' demand, day by day.
    #[must_use]
    pub fn of(total: &Tally, demand: &Spread, days: u32, disrupted_days: u32) -> Self {
        let owed = wider(total.ledger.backorder) + wider(total.ledger.lost_sale);
        Self {
            volatility_ppm: variation_ppm(demand, days),
            disruption_ppm: share_ppm(disrupted_days.into(), days.into()),
            backlog_ppm: share_ppm(owed, owed + wider(total.ledger.holding)),
            utilization_ppm: share_ppm(total.work_used.into(), total.work_capacity.into()),
        }
    }
}

/// By how much one condition moves two of the weights [ppm]; the inventory score's is what they are set against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SensitivityPpm {
    /// Of the delivery rate's weight.
    pub delivery: i32,
    /// Of the capacity utilization's weight.
    pub capacity: i32,
}

impl SensitivityPpm {
    const NONE: Self = Self { delivery: 0, capacity: 0 };
}

/// By how much conditions move the weights [ppm]: -4,000,000 to 4,000,000 each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SensitivitiesPpm {
    /// To volatile demand.
    pub volatility: SensitivityPpm,
    /// To a disruption in force.
    pub disruption: SensitivityPpm,
    /// To a backlog.
    pub backlog: SensitivityPpm,
    /// To the use of capacity.
    pub utilization: SensitivityPpm,
}

impl SensitivitiesPpm {
    /// The static formula.
    pub const NONE: Self = Self {
        volatility: SensitivityPpm::NONE,
        disruption: SensitivityPpm::NONE,
        backlog: SensitivityPpm::NONE,
        utilization: SensitivityPpm::NONE,
    };
    /// Greatest size of one sensitivity [ppm].
    pub const MAX: i32 = 4_000_000;

    /// In the order of the scenario image.
    #[must_use]
    pub const fn words(&self) -> [i32; 8] {
        let Self { volatility: v, disruption: d, backlog: b, utilization: u } = self;
        [v.delivery, v.capacity, d.delivery, d.capacity, b.delivery, b.capacity, u.delivery, u.capacity]
    }

    /// From the order of the scenario image.
    #[must_use]
    pub const fn from_words(words: [i32; 8]) -> Self {
        let [vd, vc, dd, dc, bd, bc, ud, uc] = words;
        Self {
            volatility: SensitivityPpm { delivery: vd, capacity: vc },
            disruption: SensitivityPpm { delivery: dd, capacity: dc },
            backlog: SensitivityPpm { delivery: bd, capacity: bc },
            utilization: SensitivityPpm { delivery: ud, capacity: uc },
        }
    }
}

/// The weights of V [ppm].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightsPpm {
    /// Of the delivery rate.
    pub delivery: i32,
    /// Of the inventory score.
    pub inventory: i32,
    /// Of the capacity utilization.
    pub capacity: i32,
}

impl WeightsPpm {
    /// The scenario's own, whatever the conditions.
    #[must_use]
    pub const fn fixed(p: &ScoreParametersPpm) -> Self {
        Self { delivery: p.weight_delivery, inventory: p.weight_inventory, capacity: p.weight_capacity }
    }

    /// Those that `conditions` make of the scenario's own. None below 0, their sum unchanged, and none more than
    /// 16 times or less than a sixteenth of its own.
    #[must_use]
    pub fn under(p: &ScoreParametersPpm, conditions: &Conditions) -> Self {
        let s = &p.sensitivity;
        let pairs = [
            (s.volatility, conditions.volatility_ppm),
            (s.disruption, conditions.disruption_ppm),
            (s.backlog, conditions.backlog_ppm),
            (s.utilization, conditions.utilization_ppm),
        ];
        let factor = |of: fn(SensitivityPpm) -> i32| {
            let change: i64 = pairs.iter().map(|&(s, x)| wide(of(s)) * x.clamp(0, ONE)).sum();
            (ONE + change / ONE).clamp(FACTOR_MIN_PPM, FACTOR_MAX_PPM)
        };
        let fixed = Self::fixed(p);
        let delivery = wide(fixed.delivery.max(0)) * factor(|s| s.delivery);
        let capacity = wide(fixed.capacity.max(0)) * factor(|s| s.capacity);
        let all = wider(delivery) + wider(capacity) + wider(wide(fixed.inventory.max(0)) * ONE);
        let sum = wide(fixed.delivery) + wide(fixed.inventory) + wide(fixed.capacity);
        // Rounded down; the inventory score has what is left, so that the sum stays.
        let part = |raw: i64| (wider(raw) * wider(sum)).checked_div(all).map(saturate_wide);
        match (part(delivery), part(capacity)) {
            (Some(d), Some(c)) => {
                Self { delivery: saturate(d), inventory: saturate((sum - d - c).max(0)), capacity: saturate(c) }
            }
            _ => fixed,
        }
    }
}

/// `part / whole` [ppm], rounded down, 0 to 1; 0 where there is no whole.
fn share_ppm(part: i128, whole: i128) -> i64 {
    let ppm = (part * wider(ONE)).checked_div(whole).unwrap_or(0);
    saturate_wide(ppm).clamp(0, ONE)
}

/// Standard deviation / mean of a daily series, at most 1 [ppm]; 0 where the mean is.
fn variation_ppm(series: &Spread, days: u32) -> i64 {
    let variance = series.scaled_variance(days).max(0).unsigned_abs();
    let square = series.sum().unsigned_abs().saturating_mul(series.sum().unsigned_abs());
    if square == 0 {
        return 0;
    }
    if variance >= square {
        return ONE;
    }
    // Both cut to 80 bits, so that 2^40 times the quotient fits; its root is 2^20 times the ratio.
    let cut = 48u32.saturating_sub(square.leading_zeros());
    let (variance, square) = (variance >> cut, square >> cut);
    let ratio = (variance << 40).checked_div(square).unwrap_or(0);
    let root = bits_wide(saturate_wide(ratio.try_into().unwrap_or(i128::MAX))).isqrt();
    (from_wide_bits(root) * ONE) >> 20
}
