//! What a node expects: smoothed demand without its season, times the season to come.
//!
//! `level += (demand / season - level) / 2^shift`; the forecast over an interval is the level times
//! the sum of the season factors in it, and its standard deviation is in a fixed ratio to it (the
//! stockpoint's *protection spread*), as suits demand whose shape scales with its season.

use crate::action::Outlook;
use crate::convert::{bits, index, product, saturate, wide, wide_index};
use crate::layout::Column;
use crate::rows::at;
use crate::scenario::{PROFILES_MAX, Scenario};

/// Seasons below this, Q12, tell too little of the level to learn from (a closed day).
const SEASON_FLOOR_Q12: i32 = 205;

/// No forecast passes the greatest quantity there can be, so that nothing computed from it overflows.
const MEAN_MAX_Q12: i64 = crate::scenario::UNITS_MAX << 12;

/// Moves the smoothed levels of one node by one day's demand. Shapes `[product]`; `inverses` is scratch.
#[inline(always)]
pub(crate) fn update(
    scenario: &Scenario<'_>,
    node: usize,
    day: u32,
    demand: &[i32],
    level: &mut [i32],
    inverses: &mut [i32],
) {
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
    // Looking profiles up one by one takes as long as all that follows: not where they are all the same.
    let first = at(profiles, 0);
    if profiles.iter().fold(0, |differ, &profile| differ | (profile ^ first)) == 0 {
        inverses.fill(inverse[wide_index(bits(first)) % PROFILES_MAX]);
    } else {
        for (slot, &profile) in inverses.iter_mut().zip(profiles) {
            *slot = inverse[wide_index(bits(profile)) % PROFILES_MAX];
        }
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

/// What one node expects on one day. What is the same for all its products is looked up once: a
/// textbook decision takes 35 instructions instead of 105.
#[derive(Clone, Copy, Debug)]
pub struct Outlooks<'a> {
    scenario: &'a Scenario<'a>,
    tomorrow: usize,
    /// Rows of the node, of shape `[product]`.
    level_q12: &'a [i32],
    profile: &'a [i32],
    protection_days: &'a [i32],
    spread: &'a [i32],
    safety_factor: &'a [i32],
    /// Whether all products have the same protection interval.
    uniform: bool,
    /// Sums of the season factors over the first product's and over a review period, Q12. Shapes `[profile]`.
    usual_sums: [i32; PROFILES_MAX],
    review_sums: [i32; PROFILES_MAX],
}

impl<'a> Outlooks<'a> {
    /// Of `node` on `day`; `level_q12` is the node's smoothed levels, of shape `[product]`.
    #[inline(always)]
    #[must_use]
    pub fn new(scenario: &'a Scenario<'a>, node: usize, day: u32, level_q12: &'a [i32]) -> Self {
        let tomorrow = wide_index(day) + 1;
        let protection_days = scenario.column(Column::ProtectionDays, node);
        let usual_days = at(protection_days, 0);
        let uniform = protection_days.iter().fold(0, |differ, &days| differ | (days ^ usual_days)) == 0;
        let sums = |days: usize| {
            let mut sums = [0; PROFILES_MAX];
            for (profile, sum) in sums.iter_mut().enumerate().take(scenario.profiles()) {
                *sum = scenario.season_sum(profile, tomorrow, tomorrow + days);
            }
            sums
        };
        Self {
            scenario,
            tomorrow,
            level_q12,
            profile: scenario.column(Column::ForecastProfile, node),
            protection_days,
            spread: scenario.column(Column::ProtectionSpread, node),
            safety_factor: scenario.column(Column::SafetyFactor, node),
            uniform,
            usual_sums: sums(index(usual_days)),
            review_sums: sums(scenario.nodes().get(node).map_or(1, |node| wide_index(node.review_days))),
        }
    }

    /// What the node expects of one product, as its level and cap are set from.
    #[inline(always)]
    #[must_use]
    pub fn of(&self, product: usize) -> Outlook {
        let profile = wide_index(bits(at(self.profile, product))) % PROFILES_MAX;
        let level = at(self.level_q12, product);
        let protection_mean = mean(level, self.protection_sum(product));
        Outlook {
            protection_mean,
            protection_deviation: deviation(protection_mean, at(self.spread, product)),
            review_mean: mean(level, self.review_sums[profile]),
            safety_factor: at(self.safety_factor, product),
        }
    }

    /// The sums of season factors, Q12, that the means over the protection interval come from, of the
    /// products from `first` on, as far as `sums` goes.
    #[inline(always)]
    pub(crate) fn protection_sums(&self, first: usize, sums: &mut [i32]) {
        if self.uniform {
            for (sum, &profile) in sums.iter_mut().zip(self.profile.get(first..).unwrap_or(&[])) {
                *sum = self.usual_sums[wide_index(bits(profile)) % PROFILES_MAX];
            }
        } else {
            for (sum, product) in sums.iter_mut().zip(first..self.profile.len()) {
                *sum = self.protection_sum(product);
            }
        }
    }

    /// Sum of one product's season factors over its protection interval, Q12.
    #[inline(always)]
    fn protection_sum(&self, product: usize) -> i32 {
        let profile = wide_index(bits(at(self.profile, product))) % PROFILES_MAX;
        if self.uniform {
            self.usual_sums[profile]
        } else {
            let days = at(self.protection_days, product);
            self.scenario.season_sum(profile, self.tomorrow, self.tomorrow + index(days))
        }
    }

    /// Whether all products have the same protection interval.
    #[inline(always)]
    pub(crate) fn uniform(&self) -> bool {
        self.uniform
    }

    /// Smoothed demand per day with the season taken out, Q12 [units]. Shape `[product]`.
    #[inline(always)]
    pub(crate) fn level_q12(&self) -> &'a [i32] {
        self.level_q12
    }

    /// [`Column::ProtectionDays`]. Shape `[product]`.
    #[inline(always)]
    pub(crate) fn protection_days(&self) -> &'a [i32] {
        self.protection_days
    }

    /// [`Column::ProtectionSpread`]. Shape `[product]`.
    #[inline(always)]
    pub(crate) fn spread(&self) -> &'a [i32] {
        self.spread
    }
}

/// Mean demand over days whose season factors have this sum, Q12 [units]. Neither argument is negative.
#[inline(always)]
pub(crate) fn mean(level_q12: i32, season_sum: i32) -> i64 {
    let q12 = product(level_q12, season_sum) >> 12;
    if q12 < MEAN_MAX_Q12 { q12 } else { MEAN_MAX_Q12 }
}

/// Standard deviation of demand with that mean, Q12 [units].
#[inline(always)]
pub(crate) fn deviation(mean_q12: i64, spread_q16: i32) -> i64 {
    (mean_q12 * wide(spread_q16)) >> 16
}

/// Level, Q12, that a chain starts with: the long-run mean.
#[inline]
#[must_use]
pub fn initial_level(scenario: &Scenario<'_>, node: usize, product: usize) -> i32 {
    at(scenario.column(Column::DemandMean, node), product)
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
