//! Forecasts with lags, moved on by one day: rows in, rows out, the same work for every product.

use super::{LAGS, halves, is_intermittent};
use crate::convert::{low, wide};
use crate::layout::Column;
use crate::scenario::Scenario;

/// Greatest lag of either sign: with weights of at most 4 no sum of a day leaves a word,
/// `4 * 2^27 + 4 * 2^28 + 2^27 < 2^31`.
pub(crate) const LAG_MAX: i32 = (1 << 27) - 1;

/// Half of one, Q12: what rounds to nearest.
const HALF: i64 = 1 << 11;

/// Cuts a lag at the ends of its range.
#[inline(always)]
pub(crate) fn clamp(lag: i32) -> i32 {
    let bounded = if lag < LAG_MAX { lag } else { LAG_MAX };
    if bounded > -LAG_MAX { bounded } else { -LAG_MAX }
}

/// The lags a day later, where the forecast missed by `missed`; `weights` are the words of the three lags.
#[inline(always)]
pub(crate) fn advanced(lags: [i32; LAGS], missed: i32, weights: [i32; LAGS]) -> [i32; LAGS] {
    let next = |word: i32, rest: i32| {
        let (weight, gain) = halves(word);
        clamp(low((wide(weight) * wide(lags[0]) + wide(gain) * wide(missed) + HALF) >> 12) + rest)
    };
    [next(weights[0], lags[1]), next(weights[1], lags[2]), next(weights[2], 0)]
}

/// One product's columns.
#[derive(Clone, Copy)]
struct Words {
    mean: i32,
    lags: [i32; LAGS],
    reach: i32,
    method: i32,
}

/// What one day makes of an ARIMA forecast: lags and level. `seen` is -1 on a closed day.
#[inline(always)]
fn arima(shift: u32, seen: i32, words: Words, lags: [i32; LAGS]) -> ([i32; LAGS], i32) {
    let mean = words.mean >> shift;
    let missed = clamp((seen >> shift) - mean) - lags[0];
    let moved = advanced(lags, missed, words.lags);
    let keep = |i: usize| if seen < 0 { lags[i] } else { moved[i] };
    let lags = [keep(0), keep(1), keep(2)];
    let ((a1, a2), (a3, _)) = (halves(words.reach), halves(words.method));
    let ahead = low((wide(a1) * wide(lags[0]) + wide(a2) * wide(lags[1]) + wide(a3) * wide(lags[2]) + HALF) >> 12);
    // From 0 to what a word holds.
    let most = (i32::MAX - words.mean) >> shift;
    let bounded = if ahead < most { ahead } else { most };
    let bounded = if bounded > -mean { bounded } else { -mean };
    let level = (bounded << shift) + words.mean;
    (lags, if bounded == -mean { 0 } else { level })
}

/// What one day makes of an intermittent forecast: probability of demand, Q18, and its size; their product
/// is the level.
#[inline(always)]
fn intermittent(shift: u32, seen: i32, words: Words, lags: [i32; LAGS]) -> ([i32; LAGS], i32) {
    let (probability_gain, size_gain) = halves(words.lags[0]);
    let certain = if seen > 0 { 1 << 18 } else { 0 };
    // Wide, as it also runs, to no effect, on the lags of other products.
    let moved = low((wide(certain - lags[0]) * wide(probability_gain) + HALF) >> 12);
    let probability = lags[0] + moved;
    let missed = clamp(seen >> shift) - lags[1];
    let size = lags[1] + low((wide(size_gain) * wide(missed) + HALF) >> 12);
    let lags = [if seen < 0 { lags[0] } else { probability }, if seen > 0 { size } else { lags[1] }, 0];
    let level = low((wide(lags[0]) * wide(lags[1])) >> 18);
    let most = i32::MAX >> shift;
    (lags, (if level < most { level } else { most }) << shift)
}

/// Moves the lags and levels of one node. `seen` is demand without its season, Q12, or -1 on a closed day.
/// Shapes `[product]`, and `[lag][product]` for the lags.
#[inline(always)]
pub(super) fn update(
    scenario: &Scenario<'_>,
    node: usize,
    some_intermittent: bool,
    seen: &[i32],
    lags: &mut [i32],
    level: &mut [i32],
) {
    if some_intermittent {
        update_rows::<true>(scenario, node, seen, lags, level);
    } else {
        update_rows::<false>(scenario, node, seen, lags, level);
    }
}

#[inline(always)]
fn update_rows<const SOME_INTERMITTENT: bool>(
    scenario: &Scenario<'_>,
    node: usize,
    seen: &[i32],
    lags: &mut [i32],
    level: &mut [i32],
) {
    let shift = scenario.forecast_shift();
    let column = |column: Column| scenario.column(column, node);
    let mut rows = lags.chunks_exact_mut(scenario.products().max(1));
    let (Some(s1), Some(s2), Some(s3)) = (rows.next(), rows.next(), rows.next()) else { return };
    let states = s1.iter_mut().zip(s2).zip(s3).zip(level);
    let weights = column(Column::ForecastLag1)
        .iter()
        .zip(column(Column::ForecastLag2))
        .zip(column(Column::ForecastLag3))
        .zip(column(Column::ForecastReach))
        .zip(column(Column::ForecastMethod));
    let days = seen.iter().zip(column(Column::DemandMean));
    for ((((s1, s2), s3), level), (((((&w1, &w2), &w3), &reach), &method), (&seen, &mean))) in
        states.zip(weights.zip(days))
    {
        let words = Words { mean, lags: [w1, w2, w3], reach, method };
        let before = [*s1, *s2, *s3];
        let (mut after, mut now) = arima(shift, seen, words, before);
        if SOME_INTERMITTENT {
            let (other, there) = intermittent(shift, seen, words, before);
            let chosen = is_intermittent(method);
            for (own, other) in after.iter_mut().zip(other) {
                *own = if chosen { other } else { *own };
            }
            now = if chosen { there } else { now };
        }
        [*s1, *s2, *s3] = after;
        *level = if seen < 0 { *level } else { now };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDS: [i32; 5] = [-LAG_MAX, -1, 0, 5000, LAG_MAX];

    #[test]
    fn no_lag_or_level_leaves_its_range() {
        let word = |low: i32, high: i32| (low & 0xffff) | high << 16;
        for shift in 0..=4 {
            for (f, g) in [(16_384, 16_384), (-16_384, 16_384), (16_384, -16_384), (4096, 0)] {
                for seen in [-1, 0, 4096, i32::MAX] {
                    for mean in [0, 4097, i32::MAX] {
                        for s1 in ENDS {
                            for s2 in ENDS {
                                let words =
                                    Words { mean, lags: [word(f, g); 3], reach: word(f, g), method: word(f, 0) };
                                let (lags, level) = arima(shift, seen, words, [s1, s2, s2]);
                                assert!(lags.iter().all(|lag| (-LAG_MAX..=LAG_MAX).contains(lag)));
                                assert!(level >= 0, "level {level} of seen {seen}, mean {mean}");
                                let words = Words { lags: [word(4096, 4096), 1, 0], ..words };
                                let start = [s1.clamp(0, 1 << 18), s2.max(0), 0];
                                let (lags, level) = intermittent(shift, seen, words, start);
                                assert!((0..=1 << 18).contains(&lags[0]) && (0..=LAG_MAX).contains(&lags[1]));
                                assert!(level >= 0);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Smoothing is ARIMA(0,1,1) to the bit, as long as nothing saturates.
    #[test]
    fn the_short_path_and_the_long_one_agree() {
        for shift in 1..=10u32 {
            let words = Words { mean: 3000, lags: [4096 | (4096 >> shift) << 16, 0, 0], reach: 4096, method: 0 };
            let (mut lags, mut short) = ([0; LAGS], [words.mean]);
            for day in 0..200i32 {
                let demand = (day * 7919) % 23;
                let (moved, long) = arima(0, demand * 4096, words, lags);
                lags = moved;
                super::super::smooth_narrow(shift, &[demand], &[4096], &mut short);
                assert_eq!(long, short[0], "shift {shift}, day {day}");
                assert_eq!(lags[0] + words.mean, long);
            }
        }
    }
}
