//! What a node expects: smoothed demand without its season, times the season to come.
//!
//! `level += (demand / season - level) / 2^shift`; the forecast over an interval is the level times
//! the sum of the season factors in it, and its standard deviation is in a fixed ratio to it (the
//! stockpoint's *protection spread*), as suits demand whose shape scales with its season.

use crate::action::Outlook;
use crate::convert::{bits, index, saturate, wide, wide_index};
use crate::layout::Column;
use crate::scenario::{PROFILES_MAX, Scenario};

/// Seasons below this, Q12, tell too little of the level to learn from (a closed day).
const SEASON_FLOOR_Q12: i32 = 205;

/// No forecast passes the greatest quantity there can be, so that nothing computed from it overflows.
const MEAN_MAX_Q12: i64 = crate::scenario::UNITS_MAX << 12;

/// Moves the smoothed levels of one node by one day's demand. Shapes `[product]`; `inverses` is scratch.
#[inline(always)]
pub(crate) fn update(scenario: &Scenario<'_>, node: usize, day: u32, demand: &[i32], level: &mut [i32], inverses: &mut [i32]) {
    let shift = scenario.smoothing_shift();
    let profiles = scenario.column(Column::ForecastProfile, node);
    // 2^24 / season of each profile: one division a profile instead of one a product.
    let mut inverse = [0i32; PROFILES_MAX];
    let mut most = 0;
    for (profile, slot) in inverse.iter_mut().enumerate().take(scenario.profiles()) {
        let season = scenario.season(profile, day);
        *slot = if season < SEASON_FLOOR_Q12 { 0 } else { (1 << 24) / season };
        most = if *slot > most { *slot } else { most };
    }
    for (slot, &profile) in inverses.iter_mut().zip(profiles) {
        *slot = inverse[wide_index(bits(profile)) % PROFILES_MAX];
    }
    // Every bit that is set in some product's demand: at least the greatest demand.
    let union = demand.iter().fold(0, |union, &units| union | units);
    if wide(union) * wide(most) < 1 << 30 {
        smooth_narrow(shift, demand, inverses, level);
    } else {
        smooth(shift, demand, inverses, level);
    }
}

/// `level += (demand * inverse - level) / 2^shift`, rounded to nearest; the level stays where the inverse is 0.
#[inline]
fn smooth(shift: u32, demand: &[i32], inverses: &[i32], level: &mut [i32]) {
    let half = 1i64 << (shift - 1);
    for ((level, &demand), &inverse) in level.iter_mut().zip(demand).zip(inverses) {
        let step = (wide(demand) * wide(inverse) - wide(*level) + half) >> shift;
        *level = if inverse == 0 { *level } else { saturate(wide(*level) + step) };
    }
}

/// [`smooth`] where every `demand * inverse` is below 2^30. Levels are never negative, so nothing
/// leaves 32 bits and a row fits the vector unit: 2 instructions a stockpoint with AVX2 instead of 25.
#[inline(always)]
fn smooth_narrow(shift: u32, demand: &[i32], inverses: &[i32], level: &mut [i32]) {
    let half = 1i32 << (shift - 1);
    for ((level, &demand), &inverse) in level.iter_mut().zip(demand).zip(inverses) {
        let step = (demand * inverse - *level + half) >> shift;
        *level += if inverse == 0 { 0 } else { step };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_and_wide_smoothing_agree() {
        for shift in 1..=10 {
            for demand in [0, 1, 7, 500, 4095] {
                for inverse in [0, 64, 4096, 80_000] {
                    for level in [0, 1, 511, 512, 1 << 20, i32::MAX - 1, i32::MAX] {
                        let (mut narrow, mut wide) = ([level], [level]);
                        smooth_narrow(shift, &[demand], &[inverse], &mut narrow);
                        smooth(shift, &[demand], &[inverse], &mut wide);
                        assert_eq!(narrow, wide, "shift {shift}, demand {demand}, inverse {inverse}, level {level}");
                    }
                }
            }
        }
    }
}
