//! What a node expects: demand without its season as an ARIMA process, times the season to come.
//!
//! Demand of day `t` is `season[t] * (mean + n[t])`, with `n` an ARIMA(p, d, q) process that knows only
//! days on which the season has something to say: a closed day changes nothing. Its forecast is kept in
//! innovations form, as many numbers as the process has lags, at most [`LAGS`]:
//!
//! ```text
//! e  = n - s1                                  what the forecast missed
//! s1 = f1 s1 + g1 e + s2                       f: autoregressive weights, differences multiplied in
//! s2 = f2 s1 + g2 e + s3                       g: the same plus the moving-average weights
//! s3 = f3 s1 + g3 e                            (all from the s1 of before)
//! level = max(0, mean + a1 s1 + a2 s2 + a3 s3) a: weights of the mean over the protection interval
//! ```
//!
//! `s1` is the forecast of the next day. (0,0,0) is the mean and (0,1,1) is simple exponential smoothing,
//! `f1 = 1` and `g1 = alpha`. The mean over an interval is the level times the sum of the season factors in
//! it, and its standard deviation is in a fixed ratio to it (the stockpoint's *protection spread*), as suits
//! demand whose noise scales with its season. The weights `a` and the spread are the host's, for the
//! protection interval; [`Outlooks::over`] finds both for any other interval, step by step.
//!
//! Products that sell now and then have another method (Teunter, Syntetos and Babai 2011): the probability
//! of a day with demand is smoothed every day, its size on days with demand only, and the level is their
//! product.
//!
//! A node all of whose products are smoothed with one `alpha = 2^-shift`, or all of which stay at their
//! mean, needs no lags: see [`Path`].

mod lags;
mod outlook;

use crate::convert::{bits, saturate, wide, wide_index};
use crate::layout::Column;
use crate::rows::{at, copy_row, row, row_mut};
use crate::scenario::{PROFILES_MAX, Scenario};
pub(crate) use lags::{LAG_MAX, advanced};
pub use outlook::Outlooks;
pub(crate) use outlook::{deviation, mean};

/// Most lags of a process: p + d and q are at most this.
pub const LAGS: usize = 3;

/// Seasons below this, Q12, tell too little of the level to learn from (a closed day).
pub const SEASON_FLOOR_Q12: i32 = 205;

/// One, Q12.
const ONE: i32 = 1 << 12;
/// Greatest weight or gain, Q12: with [`LAG_MAX`] it keeps every sum of a day within a word.
const WEIGHT_MAX: i32 = 4 * ONE;

/// How a node's forecasts are moved on: decided once, when the scenario is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// All products stay at their mean: nothing to do.
    Mean,
    /// All products are smoothed exponentially, `alpha = 2^-shift`: the level is all there is.
    Smoothing {
        /// 1 to 10.
        shift: u32,
    },
    /// Everything else.
    General {
        /// Row among the nodes with lags.
        row: usize,
        /// Some product is intermittent.
        intermittent: bool,
    },
}

impl Path {
    /// The path of a node with these columns; `general_row` is its row if it has lags.
    pub(crate) fn of<'a>(column: impl Fn(Column) -> &'a [i32], general_row: usize) -> Self {
        let all = |of: Column, word: i32| column(of).iter().all(|&found| found == word);
        let lag1 = column(Column::ForecastLag1);
        let plain = all(Column::ForecastLag2, 0) && all(Column::ForecastLag3, 0) && all(Column::ForecastMethod, 0);
        if plain && all(Column::ForecastLag1, 0) {
            return Self::Mean;
        }
        let (f1, g1) = halves(at(lag1, 0));
        let shift = 12u32.wrapping_sub(bits(g1).trailing_zeros());
        let halving = f1 == ONE && g1 > 0 && bits(g1).is_power_of_two() && (1..=10).contains(&shift);
        if plain && halving && all(Column::ForecastLag1, at(lag1, 0)) && all(Column::ForecastReach, ONE) {
            return Self::Smoothing { shift };
        }
        let intermittent = column(Column::ForecastMethod).iter().any(|&word| is_intermittent(word));
        Self::General { row: general_row, intermittent }
    }
}

/// The low and the high half of a word, each with its sign.
#[inline(always)]
pub(crate) fn halves(word: i32) -> (i32, i32) {
    ((word << 16) >> 16, word >> 16)
}

/// Whether this [`Column::ForecastMethod`] is that of a product that sells now and then.
#[inline(always)]
pub(crate) fn is_intermittent(method: i32) -> bool {
    method >> 16 != 0
}

/// What a word of the forecast columns should be, where it is not; `word` reads the stockpoint's columns.
pub(crate) fn wrong_word(column: Column, word: impl Fn(Column) -> i32) -> Option<&'static str> {
    let (low, high) = halves(word(column));
    let within = |half: i32, least: i32, most: i32| (least..=most).contains(&half);
    let pair = within(low, -WEIGHT_MAX, WEIGHT_MAX) && within(high, -WEIGHT_MAX, WEIGHT_MAX);
    let (right, expected) = match (column, is_intermittent(word(Column::ForecastMethod))) {
        (Column::ForecastMethod, _) => (
            within(low, -WEIGHT_MAX, WEIGHT_MAX) && (high == 0 || (high == 1 && low == 0)),
            "a weight, Q12, of -16384 to 16384 and method 0, or 0 and method 1",
        ),
        (Column::ForecastLag1, true) => {
            (within(low, 0, ONE) && within(high, 0, ONE), "two gains, Q12, of 0 to 4096 each")
        }
        (Column::ForecastLag2, true) => ((1..=1 << 16).contains(&word(column)), "a probability, Q16, of 1 to 65536"),
        (Column::ForecastLag3 | Column::ForecastReach, true) => (word(column) == 0, "0 (reserved)"),
        _ => (pair, "two weights, Q12, of -16384 to 16384 each"),
    };
    (!right).then_some(expected)
}

/// Puts a node's forecasts to their start: the level to its long-run mean, the lags to what gives it.
pub(crate) fn reset(s: &Scenario<'_>, node: usize, levels: &mut [i32], lags: &mut [i32]) {
    let p = s.products();
    let means = s.column(Column::DemandMean, node);
    copy_row(row_mut(levels, node, p), means);
    let Some(Path::General { row: general, .. }) = s.nodes().get(node).map(|node| node.forecast) else { return };
    let rows = row_mut(lags, general, LAGS * p);
    rows.fill(0);
    let mut rows = rows.chunks_exact_mut(p.max(1));
    let (Some(first), Some(second)) = (rows.next(), rows.next()) else { return };
    let methods = s.column(Column::ForecastMethod, node).iter().zip(s.column(Column::ForecastLag2, node));
    for ((first, second), (&mean, (&method, &probability))) in
        first.iter_mut().zip(second).zip(means.iter().zip(methods))
    {
        if is_intermittent(method) {
            *first = probability << 2;
            let size = (wide(mean) << 16).checked_div(wide(probability)).unwrap_or(0) >> s.forecast_shift();
            *second = saturate(size.min(wide(LAG_MAX)));
        }
    }
}

/// Moves the forecasts of one node by one day's demand. Shapes `[product]`; `seen` is scratch, `lags` those
/// of all nodes.
#[inline(always)]
pub(crate) fn update(
    scenario: &Scenario<'_>,
    node: usize,
    day: u32,
    demand: &[i32],
    level: &mut [i32],
    lags: &mut [i32],
    seen: &mut [i32],
) {
    let Some(path) = scenario.nodes().get(node).map(|node| node.forecast) else { return };
    if path == Path::Mean {
        return;
    }
    let most = inverses(scenario, node, day, seen);
    // Every bit that is set in some product's demand: at least the greatest demand.
    let union = demand.iter().fold(0, |union, &units| union | units);
    let narrow = wide(union) * wide(most) < 1 << 30;
    match path {
        Path::Mean => {}
        Path::Smoothing { shift } if narrow => smooth_narrow(shift, demand, seen, level),
        Path::Smoothing { shift } => smooth(shift, demand, seen, level),
        Path::General { row: general, intermittent } => {
            without_season(demand, seen, narrow);
            let lags = row_mut(lags, general, LAGS * scenario.products());
            lags::update(scenario, node, intermittent, seen, lags, level);
        }
    }
}

/// `2^24 / season` of each product's profile, 0 on a closed day; returns the greatest of any profile.
#[inline(always)]
fn inverses(scenario: &Scenario<'_>, node: usize, day: u32, inverses: &mut [i32]) -> i32 {
    let profiles = scenario.column(Column::ForecastProfile, node);
    // One division a profile instead of one a product.
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
    most
}

/// Demand times the inverse, Q12, at most `i32::MAX`; -1 on a closed day. In place of the inverse.
#[inline(always)]
fn without_season(demand: &[i32], inverses: &mut [i32], narrow: bool) {
    if narrow {
        for (slot, &demand) in inverses.iter_mut().zip(demand) {
            *slot = if *slot == 0 { -1 } else { demand * *slot };
        }
    } else {
        for (slot, &demand) in inverses.iter_mut().zip(demand) {
            *slot = if *slot == 0 { -1 } else { saturate(wide(demand) * wide(*slot)) };
        }
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

/// The lags of a node, rows of shape `[product]` each; empty where it has none.
pub(crate) fn lags_of<'a>(s: &Scenario<'_>, node: usize, lags: &'a [i32]) -> &'a [i32] {
    match s.nodes().get(node).map(|node| node.forecast) {
        Some(Path::General { row: general, .. }) => row(lags, general, LAGS * s.products()),
        _ => &[],
    }
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

    #[test]
    fn a_smoothed_node_has_a_short_path() {
        let path = |lag1: &[i32], reach: i32| {
            Path::of(
                |column| match column {
                    Column::ForecastLag1 => &lag1[..2],
                    Column::ForecastReach if reach == ONE => &[ONE, ONE],
                    _ => &[0, 0],
                },
                7,
            )
        };
        let smoothing = |shift: u32| ONE | (ONE >> shift) << 16;
        for shift in 1..=10 {
            assert_eq!(path(&[smoothing(shift); 2], ONE), Path::Smoothing { shift });
        }
        assert_eq!(path(&[0, 0], 0), Path::Mean);
        let general = Path::General { row: 7, intermittent: false };
        for lag1 in [[smoothing(3), smoothing(4)], [smoothing(11); 2], [smoothing(0); 2], [ONE | 3 << 16; 2]] {
            assert_eq!(path(&lag1, ONE), general, "{lag1:?}");
        }
        assert_eq!(path(&[smoothing(3); 2], 0), general);
    }
}
