//! Sharing what is scarce: a node's stock among its lanes, capacity among products.

use crate::convert::{low, product, wide};
use crate::rows::copy_row;

/// Shares `available` units among claims in proportion to them, to the unit: the part that
/// rounding leaves over goes one unit each, in order. Grants never exceed claims.
pub fn proportional(available: i32, claims: &[i32], grants: &mut [i32]) {
    let total: i64 = claims.iter().map(|&c| wide(c)).sum();
    if total <= wide(available) {
        copy_row(grants, claims);
        return;
    }
    let mut left = available;
    for (grant, &claim) in grants.iter_mut().zip(claims) {
        *grant = low((wide(available) * wide(claim)).checked_div(total).unwrap_or(0));
        left -= *grant;
    }
    // Each floor loses less than one unit, so at most one unit per claim is left.
    for (grant, &claim) in grants.iter_mut().zip(claims) {
        if left > 0 && *grant < claim {
            *grant += 1;
            left -= 1;
        }
    }
}

/// Shares `available` units among claims in order: each takes what it can.
pub fn in_order(available: i32, claims: &[i32], grants: &mut [i32]) {
    let mut left = available;
    for (grant, &claim) in grants.iter_mut().zip(claims) {
        *grant = if claim < left { claim } else { left };
        left -= *grant;
    }
}

/// Greatest weight of a product in sharing a capacity.
pub const WEIGHT_MAX: i64 = 16;

/// Shares a capacity among products: product `p` wants `wants[p]` units, each using `uses[p]`. Shapes
/// `[product]`; no weights at all mean that all are 1, else they are 1 to [`WEIGHT_MAX`].
///
/// If everything fits, everything is granted. Otherwise two rounds grant in proportion to
/// `weight * want`, and a sweep in the products' order fills what rounding left. Returns the
/// capacity used. A product that uses nothing is granted in full. In each round the ratio of what is left
/// to the sum of `weight * use * units still missing` is at most one and rounded down to 2^-24, and a
/// grant `weight * missing * ratio` is rounded down and at most what is missing.
pub fn share_capacity(capacity: i64, wants: &[i32], uses: &[i32], weights: &[i32], grants: &mut [i32]) -> i64 {
    let total: i64 = wants.iter().zip(uses).map(|(&want, &each)| product(want, each)).sum();
    if total <= capacity {
        copy_row(grants, wants);
        return total;
    }
    grants.fill(0);
    // Every bit that is set in some product's want: at least the greatest want.
    let union = wants.iter().fold(0, |union, &want| union | want);
    let narrow = wide(union) * WEIGHT_MAX < 1 << 31;
    let even = uses.iter().map(|_| 1);
    let given = weights.iter().copied();
    match (weights.is_empty(), narrow) {
        (true, true) => share_scarce::<true>(capacity, wants, uses, even, grants),
        (true, false) => share_scarce::<false>(capacity, wants, uses, even, grants),
        (false, true) => share_scarce::<true>(capacity, wants, uses, given, grants),
        (false, false) => share_scarce::<false>(capacity, wants, uses, given, grants),
    }
}

/// `missing * weight * by`. Where the first two fit a word together (`NARROW`), a row fits the vector unit, and a
/// processor without one takes one long multiplication.
#[inline(always)]
fn times<const NARROW: bool>(missing: i32, weight: i32, by: i32) -> i64 {
    if NARROW { product(missing * weight, by) } else { product(missing, by) * wide(weight) }
}

/// `missing * weight * ratio`, rounded down and at most what is missing; the ratio is Q24.
#[inline(always)]
fn fair<const NARROW: bool>(missing: i32, weight: i32, ratio: i32) -> i32 {
    // Q24: want (2^30) * weight (2^4) * ratio (2^24) stays below 2^58; below 2^31 times the ratio where narrow.
    let fair = times::<NARROW>(missing, weight, ratio) >> 24;
    if NARROW {
        if low(fair) < missing { low(fair) } else { missing }
    } else if fair < wide(missing) {
        low(fair)
    } else {
        missing
    }
}

/// The two rounds and the sweep. `Scenario::new` has bounded the sum of `want * use * weight` by 2^62.
#[inline(always)]
fn share_scarce<const NARROW: bool>(
    capacity: i64,
    wants: &[i32],
    uses: &[i32],
    weights: impl Iterator<Item = i32> + Clone,
    grants: &mut [i32],
) -> i64 {
    let mut left = capacity;
    for _round in 0..2 {
        let missing = wants.iter().zip(grants.iter()).map(|(&want, &granted)| want - granted);
        let weighted: i64 = missing
            .zip(uses.iter().zip(weights.clone()))
            .map(|(missing, (&each, weight))| times::<NARROW>(missing, weight, each))
            .sum();
        if weighted <= 0 || left <= 0 {
            break;
        }
        // A capacity is below 2^38.
        let ratio = low((left << 24).checked_div(weighted).unwrap_or(0).min(1 << 24));
        let rows = grants.iter_mut().zip(wants).zip(uses.iter().zip(weights.clone()));
        for ((granted, &want), (&each, weight)) in rows {
            let missing = want - *granted;
            let fair = fair::<NARROW>(missing, weight, ratio);
            *granted += if each == 0 { missing } else { fair };
        }
        left = capacity - grants.iter().zip(uses).map(|(&granted, &each)| product(granted, each)).sum::<i64>();
    }
    // What is left is soon less than a unit of any product uses: nothing fits from there on.
    let least = uses.iter().fold(i32::MAX, |least, &each| if each < least { each } else { least });
    for ((granted, &want), &each) in grants.iter_mut().zip(wants).zip(uses) {
        if left < wide(least) {
            break;
        }
        let missing = want - *granted;
        if missing > 0 && left >= wide(each) {
            // A division only for the one that does not fit in full.
            let fits = product(missing, each) <= left;
            let grant = if fits { missing } else { low(left.checked_div(wide(each)).unwrap_or(0)) };
            *granted += grant;
            left -= product(grant, each);
        }
    }
    capacity - left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scarce_stock_is_shared_to_the_unit() {
        let mut grants = [0; 3];
        proportional(10, &[5, 5, 5], &mut grants);
        assert_eq!(grants, [4, 3, 3]);
        proportional(20, &[5, 5, 5], &mut grants);
        assert_eq!(grants, [5, 5, 5]);
        proportional(0, &[5, 0, 5], &mut grants);
        assert_eq!(grants, [0, 0, 0]);
        in_order(7, &[5, 5, 5], &mut grants);
        assert_eq!(grants, [5, 2, 0]);
    }

    #[test]
    fn capacity_is_never_exceeded_and_rarely_idle() {
        for seed in 0..2000u64 {
            let draws = crate::draws::Draws::new(seed, 0).row(0, 0, crate::draws::Source::Host);
            let mut wants = [0; 7];
            let mut uses = [0; 7];
            let mut weights = [0; 7];
            for p in 0..7 {
                let (a, b) = draws.two(u64::from(crate::convert::count(p)));
                wants[p] = crate::convert::from_bits(a % 50);
                uses[p] = crate::convert::from_bits(b % 5);
                weights[p] = [1, 4, 16][crate::convert::wide_index(a >> 16) % 3];
            }
            let capacity = i64::from(draws.two(99).0 % 400);
            let mut grants = [0; 7];
            let used = share_capacity(capacity, &wants, &uses, &weights, &mut grants);
            assert!(used <= capacity);
            let sum: i64 = (0..7).map(|p| i64::from(grants[p]) * i64::from(uses[p])).sum();
            assert_eq!(sum, used);
            for p in 0..7 {
                assert!((0..=wants[p]).contains(&grants[p]));
                // What could still be made has been made.
                assert!(grants[p] == wants[p] || capacity - used < i64::from(uses[p]));
            }
        }
    }

    #[test]
    fn what_fits_a_word_is_shared_as_what_does_not() {
        for seed in 0..2000u64 {
            let draws = crate::draws::Draws::new(seed, 1).row(0, 0, crate::draws::Source::Host);
            let words: [(u32, u32); 9] = core::array::from_fn(|p| draws.two(u64::from(crate::convert::count(p))));
            let wants = words.map(|(a, _)| crate::convert::from_bits(a % 2000));
            let uses = words.map(|(_, b)| crate::convert::from_bits(b % 7));
            let weights = words.map(|(a, b)| [1, 4, 16][crate::convert::wide_index((a ^ b) >> 20) % 3]);
            let (mut narrow, mut beyond) = ([0; 9], [0; 9]);
            let capacity = i64::from(words[8].0 % 20_000);
            let used = share_scarce::<true>(capacity, &wants, &uses, weights.into_iter(), &mut narrow);
            assert_eq!(share_scarce::<false>(capacity, &wants, &uses, weights.into_iter(), &mut beyond), used);
            assert_eq!(narrow, beyond, "seed {seed}");
        }
    }

    #[test]
    fn a_heavier_weight_gets_more() {
        let mut grants = [0; 2];
        share_capacity(100, &[100, 100], &[1, 1], &[1, 4], &mut grants);
        assert_eq!(grants, [20, 80]);
    }
}
