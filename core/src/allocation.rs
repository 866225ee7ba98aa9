//! Sharing what is scarce: a node's stock among its lanes, capacity among products.

use crate::convert::{low, saturate_wide, wide, wider};
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

/// Shares a capacity among products: product `p` wants `wants[p]` units, each using `uses[p]`.
///
/// If everything fits, everything is granted. Otherwise two rounds grant in proportion to
/// `weight * want`, and a sweep in the products' order fills what rounding left. Returns the
/// capacity used. A product that uses nothing is granted in full. In each round the ratio of what is left
/// to the sum of `weight * use * units still missing` is at most one and rounded down to 2^-24, and a
/// grant `weight * missing * ratio` is rounded down and at most what is missing.
pub fn share_capacity(
    capacity: i64,
    wants: &[i32],
    uses: impl Fn(usize) -> i32,
    weights: impl Fn(usize) -> i32,
    grants: &mut [i32],
) -> i64 {
    let total: i64 = wants.iter().enumerate().map(|(p, &w)| wide(w) * wide(uses(p))).sum();
    if total <= capacity {
        copy_row(grants, wants);
        return total;
    }
    grants.fill(0);
    let mut left = capacity;
    for _round in 0..2 {
        let weighted: i128 = wants
            .iter()
            .zip(grants.iter())
            .enumerate()
            .map(|(p, (&w, &g))| wider(wide(w - g) * wide(uses(p))) * wider(wide(weights(p))))
            .sum();
        if weighted <= 0 || left <= 0 {
            break;
        }
        // Q24: want (2^30) * weight (2^4) * ratio (2^24) stays below 2^58.
        let ratio = saturate_wide(((wider(left) << 24) / weighted).min(1 << 24));
        for (p, (granted, &want)) in grants.iter_mut().zip(wants).enumerate() {
            let missing = want - *granted;
            let grant = if uses(p) == 0 {
                missing
            } else {
                let fair = (wide(missing) * wide(weights(p)) * ratio) >> 24;
                if fair < wide(missing) { low(fair) } else { missing }
            };
            *granted += grant;
            left -= wide(grant) * wide(uses(p));
        }
    }
    for (p, (granted, &want)) in grants.iter_mut().zip(wants).enumerate() {
        let missing = want - *granted;
        if missing > 0 && left >= wide(uses(p)) {
            let fitting = left.checked_div(wide(uses(p))).unwrap_or(wide(missing));
            let grant = if fitting < wide(missing) { low(fitting) } else { missing };
            *granted += grant;
            left -= wide(grant) * wide(uses(p));
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
            let used = share_capacity(capacity, &wants, |p| uses[p], |p| weights[p], &mut grants);
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
    fn a_heavier_weight_gets_more() {
        let mut grants = [0; 2];
        share_capacity(100, &[100, 100], |_| 1, |p| [1, 4][p], &mut grants);
        assert_eq!(grants, [20, 80]);
    }
}
