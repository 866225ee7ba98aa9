//! What a node expects of the days to come, from what its forecasts remember.

use super::{LAGS, Path, advanced, is_intermittent};
use crate::action::{Express, Outlook};
use crate::convert::{
    bits, bits_wide, count, from_bits, index, low_bits, product, saturate_wide, wide, wide_bits, wide_index, wider,
};
use crate::layout::Column;
use crate::rows::{at, row};
use crate::scenario::{PROFILES_MAX, PROTECTION_DAYS_MAX, Scenario};

/// No forecast passes the greatest quantity there can be, so that nothing computed from it overflows.
const MEAN_MAX_Q12: i64 = crate::scenario::UNITS_MAX << 12;

/// What one node expects on one day. What is the same for all its products is looked up once: a
/// textbook decision takes 35 instructions instead of 105.
#[derive(Clone, Copy, Debug)]
pub struct Outlooks<'a> {
    scenario: &'a Scenario<'a>,
    tomorrow: usize,
    /// Rows of the node, of shape `[product]`.
    level_q12: &'a [i32],
    /// Rows of shape `[lag][product]`; empty where forecasts have no lags.
    lags: &'a [i32],
    node: usize,
    profile: &'a [i32],
    protection_days: &'a [i32],
    spread: &'a [i32],
    safety_factor: &'a [i32],
    /// Whether all products have the same protection interval.
    uniform: bool,
    /// Sums of the season factors over the first product's and over a review period, Q12. Shapes `[profile]`.
    usual_sums: [i32; PROFILES_MAX],
    review_sums: [i32; PROFILES_MAX],
    /// Days that an order over the fast route must cover; 0 where there is none [days].
    express_days: usize,
    express_sums: [i32; PROFILES_MAX],
    /// Of the first product: `sqrt(express days / protection days)`, Q16.
    usual_root_q16: i32,
}

impl<'a> Outlooks<'a> {
    /// Of `node` on `day`; `level_q12` is the node's forecast levels, of shape `[product]`, and `lags` what
    /// its forecasts remember.
    #[inline(always)]
    #[must_use]
    pub(crate) fn new(
        scenario: &'a Scenario<'a>,
        node: usize,
        day: u32,
        level_q12: &'a [i32],
        lags: &'a [i32],
    ) -> Self {
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
        let express_days = express_days(scenario, node);
        Self {
            scenario,
            tomorrow,
            level_q12,
            lags,
            node,
            profile: scenario.column(Column::ForecastProfile, node),
            protection_days,
            spread: scenario.column(Column::ProtectionSpread, node),
            safety_factor: scenario.column(Column::SafetyFactor, node),
            uniform,
            usual_sums: sums(index(usual_days)),
            review_sums: sums(scenario.nodes().get(node).map_or(1, |node| wide_index(node.review_days))),
            express_days,
            express_sums: if express_days > 0 { sums(express_days) } else { [0; PROFILES_MAX] },
            usual_root_q16: root_q16(express_days, usual_days),
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
            express: (self.express_days > 0).then(|| Express {
                mean: mean(level, self.express_sums[profile]),
                root_q16: match self.uniform {
                    true => self.usual_root_q16,
                    false => root_q16(self.express_days, at(self.protection_days, product)),
                },
            }),
        }
    }

    /// What the node expects of each product, in order, but for the fast route: the rules that go over all
    /// products have no use for it.
    #[inline(always)]
    pub fn iter(&self) -> impl Iterator<Item = Outlook> {
        let rows = self.level_q12.iter().zip(self.profile).zip(self.spread.iter().zip(self.safety_factor));
        rows.enumerate().map(|(product, ((&level, &profile), (&spread, &safety_factor)))| {
            let profile = wide_index(bits(profile)) % PROFILES_MAX;
            let sum = if self.uniform { self.usual_sums[profile] } else { self.protection_sum(product) };
            let protection_mean = mean(level, sum);
            Outlook {
                protection_mean,
                protection_deviation: deviation(protection_mean, spread),
                review_mean: mean(level, self.review_sums[profile]),
                safety_factor,
                express: None,
            }
        })
    }

    /// Mean and standard deviation of one product's demand over the `days` days from tomorrow on, Q12
    /// [units]: the forecast of each day times its season. At most [`PROTECTION_DAYS_MAX`] days count.
    ///
    /// Rounds down. Costs as many steps as the longer of the interval and the protection interval.
    #[must_use]
    pub fn over(&self, product: usize, days: usize) -> (i64, i64) {
        let s = self.scenario;
        let days = days.min(PROTECTION_DAYS_MAX);
        let column = |column: Column| at(s.column(column, self.node), product);
        let intermittent = is_intermittent(column(Column::ForecastMethod));
        let weights = match intermittent {
            true => [0; LAGS],
            false => [Column::ForecastLag1, Column::ForecastLag2, Column::ForecastLag3].map(column),
        };
        let usual = self.of(product);
        let protection = index(column(Column::ProtectionDays));
        let ratio_q16 = ratio(weights, days, protection);
        let deviation = saturate_wide((wider(usual.protection_deviation) * wider(ratio_q16)) >> 16);
        let profile = wide_index(bits(column(Column::ForecastProfile)));
        let lagged = matches!(s.nodes().get(self.node).map(|node| node.forecast), Some(Path::General { .. }));
        if intermittent || !lagged {
            let sum = s.season_sum(profile, self.tomorrow, self.tomorrow + days);
            return (mean(at(self.level_q12, product), sum), deviation);
        }
        let lag = |i: usize| at(row(self.lags, i, s.products()), product);
        let mut lags = [lag(0), lag(1), lag(2)];
        let long_run = column(Column::DemandMean);
        let mut total = 0i64;
        for day in self.tomorrow..self.tomorrow + days {
            let season = s.season_sum(profile, day, day + 1);
            let expected = wide(long_run) + (wide(lags[0]) << s.forecast_shift());
            total += (expected * wide(season)) >> 12; // below 2^32 * 2^18, 160 times
            if season >= super::SEASON_FLOOR_Q12 {
                lags = advanced(lags, 0, weights);
            }
        }
        (total.clamp(0, MEAN_MAX_Q12), deviation)
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

    /// Sums of the season factors over the days that an order over the fast route must cover, Q12; zeros where
    /// there is none. Shape `[profile]`.
    #[inline(always)]
    pub(crate) fn express_sums(&self) -> &[i32; PROFILES_MAX] {
        &self.express_sums
    }

    /// Whether all products have the same protection interval.
    #[inline(always)]
    pub(crate) fn uniform(&self) -> bool {
        self.uniform
    }

    /// Forecast demand per day with the season taken out, Q12 [units]. Shape `[product]`.
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

/// Days of demand that an order over the fast route answers for until the next review's arrives: its planned
/// lead time plus the review period less one; 0 where no inbound lane has several routes [days].
fn express_days(scenario: &Scenario<'_>, node: usize) -> usize {
    let Some(node) = scenario.nodes().get(node) else { return 0 };
    let lane = node.express.and_then(|l| scenario.lanes().get(l));
    lane.map_or(0, |lane| (lane.fast_days + wide_index(node.review_days).saturating_sub(1)).min(PROTECTION_DAYS_MAX))
}

/// `sqrt(days / protection)`, Q16.
#[inline(always)]
fn root_q16(days: usize, protection: i32) -> i32 {
    let ratio_q32 = (wide_bits(count(days)) << 32).checked_div(bits_wide(wide(protection.max(1)))).unwrap_or(0);
    from_bits(low_bits(ratio_q32.isqrt())) // at most sqrt(160) * 2^16
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

/// Standard deviation of the sum of `days` days over that of `usual` days, Q16, of a process with these words.
///
/// A shock counts on the day it comes and, by the psi weights, on each day after it: the sum of `h` days has
/// the variance of one shock times the sum of the squares of the weights' running sums (Box and Jenkins).
fn ratio(weights: [i32; LAGS], days: usize, usual: usize) -> i64 {
    let one = 1i32 << 12;
    // The lags of a process at rest after a shock of one, Q12.
    let mut lags = advanced([0; LAGS], one, weights);
    let (mut running, mut total, mut found) = (wide(one), 0u64, [0u64; 2]);
    for day in 1..=days.max(usual).min(PROTECTION_DAYS_MAX) {
        total += bits_wide(running * running); // at most 2^44, 160 times
        if day == days {
            found[0] = total;
        }
        if day == usual {
            found[1] = total;
        }
        running = (running + wide(lags[0])).clamp(-(1 << 22), 1 << 22);
        lags = advanced(lags, 0, weights);
    }
    // 31 bits of each are enough.
    let drop = 33u32.saturating_sub(found[0].max(found[1]).leading_zeros());
    let square_q32 = ((found[0] >> drop) << 32).checked_div(found[1] >> drop).unwrap_or(wide_bits(1) << 32);
    square_q32.isqrt().cast_signed()
}
