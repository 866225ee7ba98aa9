//! Some products of a node at a time, feature by feature: rows of one length that is known when this is
//! compiled fit the vector unit without a remainder.
//!
//! There is no division here. A quantity in standard deviations is a product with a reciprocal of 16
//! bits, found in the vector unit too; that is off by less than a hundredth of a step of the feature.

use crate::convert::{bits, bits_wide, from_bits, low, low_bits, saturate_i8, wide};
use crate::forecast::{self, Outlooks};
use crate::rows::copy_row;

/// Products of a block. Rows stay in the first cache and on a small stack (2 KiB in all).
pub(super) const BLOCK: usize = 32;

/// One number of each product of a block.
pub(super) type Row = [i32; BLOCK];

/// Smallest standard deviation that quantities are measured in, Q12 [units]: a quarter of a unit,
/// so that a closed day or a dead product does not blow noise up.
const DEVIATION_FLOOR_Q12: i64 = 1024;

/// A part of a row, where it lies; one that the row does not fill is copied to `spare`, with zeros past
/// its end.
#[inline(always)]
pub(super) fn part<'a>(row: &'a [i32], first: usize, spare: &'a mut Row) -> &'a Row {
    let rest = row.get(first..).unwrap_or(&[]);
    match rest.first_chunk() {
        Some(whole) => whole,
        None => {
            copy_short(rest, spare);
            spare
        }
    }
}

/// Out of line: next to the whole part the compiler would make one call of every copy.
#[inline(never)]
fn copy_short(rest: &[i32], spare: &mut Row) {
    *spare = [0; BLOCK];
    copy_row(spare, rest);
}

/// The sum of a part of some rows.
#[inline(always)]
pub(super) fn total<'a>(rows: impl Iterator<Item = &'a [i32]>, first: usize) -> Row {
    let (mut total, spare) = ([0; BLOCK], &mut [0; BLOCK]);
    for row in rows {
        let part = part(row, first, spare);
        for i in 0..BLOCK {
            total[i] += part[i];
        }
    }
    total
}

/// `sign` times each number where that is more than 0.
#[inline(always)]
pub(super) fn positive(row: &Row, sign: i32) -> Row {
    let mut positive = [0; BLOCK];
    for i in 0..BLOCK {
        let number = row[i] * sign;
        positive[i] = if number > 0 { number } else { 0 };
    }
    positive
}

/// Sums of numbers that are not negative, at most `i32::MAX`.
#[inline(always)]
pub(super) fn saturating_total(a: &Row, b: &Row) -> Row {
    let mut total = [0; BLOCK];
    for i in 0..BLOCK {
        total[i] = from_bits((bits(a[i]) + bits(b[i])).min(bits(i32::MAX)));
    }
    total
}

/// Writes a feature of a block into its row, as far as the row goes: of each place, in steps.
#[inline(always)]
pub(super) fn store(row: &mut [i8], first: usize, of: impl Fn(usize) -> i32) {
    let mut steps = [0; BLOCK];
    for (i, step) in steps.iter_mut().enumerate() {
        *step = saturate_i8(of(i));
    }
    let rest = row.get_mut(first..).unwrap_or(&mut []);
    if let Some(whole) = rest.first_chunk_mut() {
        *whole = steps;
    } else {
        store_short(rest, &steps);
    }
}

#[inline(never)]
fn store_short(rest: &mut [i8], steps: &[i8; BLOCK]) {
    for (step, &own) in rest.iter_mut().zip(steps) {
        *step = own;
    }
}

/// A forecast as whole units, rounded down, and what is left of it.
pub(super) struct Forecast {
    units: Row,
    rest_q12: Row,
}

impl Forecast {
    pub(super) const EMPTY: Self = Self { units: [0; BLOCK], rest_q12: [0; BLOCK] };

    /// Sets it to the mean demand of days whose season factors have these sums.
    #[inline(always)]
    pub(super) fn set(&mut self, level_q12: &Row, season_sums: &Row) {
        for i in 0..BLOCK {
            let q12 = forecast::mean(level_q12[i], season_sums[i]);
            self.units[i] = low(q12 >> 12);
            self.rest_q12[i] = low(q12) & 4095;
        }
    }

    #[inline(always)]
    fn q12(&self, i: usize) -> i64 {
        (wide(self.units[i]) << 12) + wide(self.rest_q12[i])
    }
}

/// What quantities of a block are measured in: the standard deviation of its demand over the
/// protection interval (*sd*), by product.
pub(super) struct Scales {
    /// `(units >> shift) * reciprocal / 2^26` is a number of sd.
    shift: Row,
    reciprocal: Row,
    /// A little more than 16 sd, at which every feature is saturated [units >> shift].
    limit: Row,
    /// [`octaves_q4`] of the sd, Q12 [units].
    pub(super) octaves: Row,
    /// `2^25 / mean demand of a day of the protection interval`; at most 2^32.
    cover: [i64; BLOCK],
}

impl Scales {
    pub(super) const EMPTY: Self =
        Self { shift: [0; BLOCK], reciprocal: [0; BLOCK], limit: [0; BLOCK], octaves: [0; BLOCK], cover: [0; BLOCK] };

    /// Sets them for the products from `first` on, with that forecast over the protection interval.
    #[inline(always)]
    pub(super) fn set(&mut self, outlooks: &Outlooks<'_>, first: usize, forecast: &Forecast) {
        let (spare, spare_too) = (&mut [0; BLOCK], &mut [0; BLOCK]);
        let spread = part(outlooks.spread(), first, spare);
        let protection = part(outlooks.protection_days(), first, spare_too);
        // Loops over numbers of one width each: the vector unit takes twice as many of 32 bits.
        let (mut floored, mut large, mut narrow) = ([0; BLOCK], [0; BLOCK], [0; BLOCK]);
        for i in 0..BLOCK {
            let own = forecast::deviation(forecast.q12(i), spread[i]);
            let deviation = if own > DEVIATION_FLOOR_Q12 { own } else { DEVIATION_FLOOR_Q12 };
            floored[i] = i32::from(own < DEVIATION_FLOOR_Q12);
            // An sd of half a million units or more loses 16 bits of its 48.
            large[i] = if deviation >= 1 << 31 { 16 } else { 0 };
            narrow[i] = low_bits(bits_wide(if deviation >= 1 << 31 { deviation >> 16 } else { deviation }));
        }
        let (mut reciprocals, mut exponents) = ([0; BLOCK], [0; BLOCK]);
        for i in 0..BLOCK {
            let normal = Normal::new(narrow[i]);
            // 1 / sd = normal.reciprocal / 2^(31 + exponent), exponent -5 to 31.
            let exponent = normal.exponent + large[i];
            // Below an sd of 4096 units the units lose no bits.
            let own = if exponent < 8 { exponent } else { 8 };
            self.shift[i] = exponent - own;
            self.reciprocal[i] = (normal.reciprocal << 12) >> (own + 5);
            self.limit[i] = ((normal.value << (own + 5)) >> 13) + 1;
            self.octaves[i] = (exponent + 15) * 16 + ((normal.value >> 11) & 15);
            (reciprocals[i], exponents[i]) = (normal.reciprocal, exponent);
        }
        for i in 0..BLOCK {
            // The sd is the mean times the spread, and its reciprocal is known.
            let days = bits_wide(wide(protection[i] * spread[i])); // at most 160 * 2^20
            let cover = ((days * bits_wide(wide(reciprocals[i]))) >> (10 + exponents[i])).cast_signed();
            self.cover[i] = if cover < 1 << 32 { cover } else { 1 << 32 };
        }
        if floored == [0; BLOCK] {
            return;
        }
        for i in 0..BLOCK {
            if floored[i] != 0 && protection[i] > 0 {
                let (mean, days) = (forecast.q12(i), wide(protection[i]));
                let least = if mean > days { mean } else { days };
                let cover = (days << 37).checked_div(least).unwrap_or(0);
                self.cover[i] = if cover < 1 << 32 { cover } else { 1 << 32 };
            }
        }
    }

    /// Quantities in sd, `2^log_steps` steps each, rounded down.
    #[inline(always)]
    pub(super) fn steps(&self, units: &Row, log_steps: u32) -> impl Fn(usize) -> i32 {
        move |i| self.product(i, units[i]) >> (26 - log_steps)
    }

    /// The same for whole units less a forecast.
    #[inline(always)]
    pub(super) fn steps_from(&self, units: &Row, forecast: &Forecast, log_steps: u32) -> impl Fn(usize) -> i32 {
        move |i| {
            let whole = self.product(i, units[i] - forecast.units[i]);
            // Below 2^28: the reciprocal is at most 2^28, the rest below 2^12.
            let rest = (forecast.rest_q12[i] >> self.shift[i]) * (self.reciprocal[i] >> 12);
            (whole - rest) >> (26 - log_steps)
        }
    }

    /// Units times the reciprocal: sd, Q26. Below 2^30 + 2^29, as `limit <= sd / 2^8 + 1`.
    #[inline(always)]
    fn product(&self, i: usize, units: i32) -> i32 {
        let (units, limit) = (units >> self.shift[i], self.limit[i]);
        let bounded = if units < limit { units } else { limit };
        (if bounded > -limit { bounded } else { -limit }) * self.reciprocal[i]
    }

    /// Half days that stock lasts, rounded down.
    #[inline(always)]
    pub(super) fn cover_steps(&self, stock: &Row) -> impl Fn(usize) -> i32 {
        move |i| {
            let steps = (wide(stock[i]) * self.cover[i]) >> 24;
            let bounded = if steps < 127 { steps } else { 127 };
            low(if bounded > -128 { bounded } else { -128 })
        }
    }
}

/// `64 * level / mean - 64`, to the nearest, both Q12 [units].
#[inline(always)]
pub(super) fn trend_steps(level_q12: &Row, mean_q12: &Row) -> impl Fn(usize) -> i32 {
    move |i| {
        let mean = if mean_q12[i] > 1 { mean_q12[i] } else { 1 };
        let normal = Normal::new(bits(mean));
        let saturated = level_q12[i] >> 2 >= mean;
        let level = if saturated { mean } else { level_q12[i] };
        // As many bits as the mean's 16, and two more.
        let (left, right) = if normal.exponent < 0 { (-normal.exponent, 0) } else { (0, normal.exponent) };
        let ratio_q28 = bits((level << left) >> right) * bits(normal.reciprocal >> 3);
        if saturated { 127 } else { from_bits((ratio_q28 + (1 << 21)) >> 22) - 64 }
    }
}

/// [`octaves_q4`] of each number.
#[inline(always)]
pub(super) fn octaves(row: &Row) -> Row {
    let mut octaves = [0; BLOCK];
    for i in 0..BLOCK {
        octaves[i] = octaves_q4(row[i]);
    }
    octaves
}

/// `16 * log2(a)`, rounded down, by leading zeros and a linear mantissa; 0 where `a` is less than 1.
#[inline(always)]
fn octaves_q4(a: i32) -> i32 {
    let a = bits(if a > 1 { a } else { 1 });
    let zeros = a.leading_zeros();
    // The leading one and the four bits after it: 16 to 31.
    from_bits((31 - zeros) * 16 + ((a << zeros) >> 27) - 16)
}

/// A positive number in 16 bits, `value * 2^exponent`, and `2^31 / value`.
struct Normal {
    value: i32,
    exponent: i32,
    reciprocal: i32,
}

impl Normal {
    #[inline(always)]
    fn new(number: u32) -> Self {
        let zeros = number.leading_zeros();
        let value = (number << zeros) >> 16; // 2^15 to 2^16 - 1
        // A line that is off by a 17th at most, then Newton twice: off by a 289th, then by 2^-15.
        let guess = 92_521 - ((value * 61_681) >> 16);
        let better = |guess: u32| (guess * ((1 << 17) - ((value * guess) >> 15))) >> 16;
        Self { value: from_bits(value), exponent: 16 - from_bits(zeros), reciprocal: from_bits(better(better(guess))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reciprocals_are_off_by_one_at_most() {
        for value in 1u32 << 15..1 << 16 {
            let normal = Normal::new(value);
            let exact = (1 << 31) / value;
            assert!((from_bits(exact) - normal.reciprocal).abs() <= 1, "{value}: {} for {exact}", normal.reciprocal);
            assert_eq!((normal.value, normal.exponent), (from_bits(value), 0));
        }
        for exponent in 0..16 {
            assert_eq!(Normal::new(0xabcd << exponent).exponent, from_bits(exponent));
            assert_eq!(Normal::new(0xabcd >> exponent).exponent, -from_bits(exponent));
        }
    }

    #[test]
    fn a_trend_of_nothing_is_nothing() {
        let trend = |level: i32, mean: i32| trend_steps(&[level; BLOCK], &[mean; BLOCK])(0);
        for mean in (1..10_000).chain([1 << 20, 1 << 30, i32::MAX]) {
            assert_eq!((trend(mean, mean), trend(0, mean)), (0, -64), "{mean}");
        }
        assert_eq!((trend(1500, 1000), trend(i32::MAX, 0)), (32, 127));
    }

    #[test]
    fn octaves_are_logarithms() {
        assert_eq!([i32::MIN, 0, 1, 8].map(octaves_q4), [0, 0, 0, 48]);
        assert_eq!(octaves_q4(i32::MAX), 31 * 16 - 1);
        assert!((octaves_q4(1000) - octaves_q4(10) - 106).abs() <= 2);
    }
}
