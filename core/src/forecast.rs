//! What a node expects: smoothed demand without its season, times the season to come.
//!
//! `level += (demand / season - level) / 2^shift`; the forecast over an interval is the level times
//! the sum of the season factors in it, and its standard deviation is in a fixed ratio to it (the
//! stockpoint's *protection spread*), as suits demand whose shape scales with its season.

use crate::action::Outlook;
use crate::convert::{index, saturate, wide, wide_index};
use crate::layout::Column;
use crate::scenario::Scenario;

/// Seasons below this, Q12, tell too little of the level to learn from (a closed day).
const SEASON_FLOOR_Q12: i32 = 205;

/// No forecast passes the greatest quantity there can be, so that nothing computed from it overflows.
const MEAN_MAX_Q12: i64 = crate::scenario::UNITS_MAX << 12;

/// Moves the smoothed levels of one node by one day's demand. Shapes `[product]`.
#[inline(always)]
pub(crate) fn update(scenario: &Scenario<'_>, node: usize, day: u32, demand: &[i32], level: &mut [i32]) {
    let shift = scenario.smoothing_shift();
    let half = 1i64 << (shift - 1);
    let profiles = scenario.column(Column::ForecastProfile, node);
    // 2^24 / season of each profile: one division a profile instead of one a product.
    let mut inverse = [0i64; crate::scenario::PROFILES_MAX];
    for (profile, slot) in inverse.iter_mut().enumerate().take(scenario.profiles()) {
        let season = scenario.season(profile, day);
        *slot = if season < SEASON_FLOOR_Q12 { 0 } else { wide((1 << 24) / season) };
    }
    for ((level, &demand), &profile) in level.iter_mut().zip(demand).zip(profiles) {
        let inverse = inverse[index(profile) % crate::scenario::PROFILES_MAX];
        let seen = wide(demand) * inverse;
        let step = (seen - wide(*level) + half) >> shift;
        *level = if inverse == 0 { *level } else { saturate(wide(*level) + step) };
    }
}

/// What the node expects of one product, as its level and cap are set from.
#[inline(always)]
#[must_use]
pub fn outlook(scenario: &Scenario<'_>, node: usize, product: usize, day: u32, level_q12: i32) -> Outlook {
    let profile = index(scenario.column(Column::ForecastProfile, node)[product]);
    let tomorrow = wide_index(day) + 1;
    let protection = index(scenario.column(Column::ProtectionDays, node)[product]);
    let review = wide_index(scenario.nodes()[node].review_days);
    let spread = wide(scenario.column(Column::ProtectionSpread, node)[product]);
    let mean = |days: usize| {
        let q12 = (wide(level_q12) * wide(scenario.season_sum(profile, tomorrow, tomorrow + days))) >> 12;
        if q12 < MEAN_MAX_Q12 { q12 } else { MEAN_MAX_Q12 }
    };
    let protection_mean = mean(protection);
    Outlook {
        protection_mean,
        protection_deviation: (protection_mean * spread) >> 16,
        review_mean: mean(review),
        safety_factor: scenario.column(Column::SafetyFactor, node)[product],
    }
}

/// Forecast of one day's demand, Q12 [units].
#[inline(always)]
#[must_use]
pub fn day_mean(scenario: &Scenario<'_>, node: usize, product: usize, day: u32, level_q12: i32) -> i64 {
    let profile = index(scenario.column(Column::ForecastProfile, node)[product]);
    (wide(level_q12) * wide(scenario.season(profile, day))) >> 12
}

/// Level, Q12, that a chain starts with: the long-run mean.
#[inline]
#[must_use]
pub fn initial_level(scenario: &Scenario<'_>, node: usize, product: usize) -> i32 {
    scenario.column(Column::DemandMean, node)[product]
}
