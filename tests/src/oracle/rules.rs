//! The rules whose rounding is part of the contract, once more from their documentation: quantiles,
//! seasons, orders, sharing.

use crate::random_network::Segment;

/// The value of a table at `u / 2^32`, rounded down within a segment.
pub(super) fn quantile(table: &[Segment], u: u32) -> i64 {
    let i = table.iter().rposition(|s| s.start <= u).unwrap_or(0);
    let segment = table[i];
    let end = table.get(i + 1).map_or(1 << 32, |next| i128::from(next.start));
    let start = i128::from(segment.start);
    let full = (1i128 << 32) - 1;
    let reciprocal = ((1i128 << 48) / (end - start)).min(full);
    let fraction = (((i128::from(u) - start) * reciprocal) >> 16).min(full);
    i64::from(segment.value) + ((fraction * i128::from(segment.span)) >> 32) as i64
}

/// Units times a season, Q12; the twelve top bits of chance decide the fraction.
pub(super) fn in_season(units: i64, season_q12: i64, dither: u32) -> i64 {
    (units * season_q12 + i64::from(dither) / (1 << 20)) / 4096
}

/// Units of a share, Q16; the sixteen top bits of chance decide the fraction. Never more than all.
pub(super) fn defective(units: i64, share_q16: i64, dither: u32) -> i64 {
    ((units * share_q16 + i64::from(dither) / (1 << 16)) / (1 << 16)).min(units)
}

/// A share, Q15, after one more receipt: a sixteenth of the way to what that says, rounded away from where it was
/// on the way up and down alike, so that it arrives.
pub(super) fn moved(share: i64, this: i64) -> i64 {
    let way = this - share;
    let step = (way.abs() + 15) / 16;
    if way < 0 { share - step } else { share + step }
}

/// What is missing, raised to the minimum, in whole lots, as many as fit into `most`.
pub(super) fn order_quantity(missing: i64, most: i64, lot: i64, least: i64) -> i64 {
    if missing <= 0 || most <= 0 {
        return 0;
    }
    let mut lots = 0;
    while lots * lot < missing.max(least) && (lots + 1) * lot <= most {
        lots += 1;
    }
    if lots * lot < least { 0 } else { lots * lot }
}

/// Scarce stock in proportion to the claims; what rounding leaves over, one unit each, in order.
pub(super) fn in_proportion(available: i64, claims: &[i64]) -> Vec<i64> {
    let total: i64 = claims.iter().sum();
    let mut grants: Vec<i64> = claims.iter().map(|claim| available * claim / total).collect();
    let mut left = available - grants.iter().sum::<i64>();
    for (grant, &claim) in grants.iter_mut().zip(claims) {
        if left > 0 && *grant < claim {
            *grant += 1;
            left -= 1;
        }
    }
    grants
}

/// Something to share a capacity with: how much is wanted, what one unit uses, and its weight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) wants: i64,
    pub(super) uses: i64,
    pub(super) weight: i64,
}

/// Grants to each claim and what they use: all where all fits; else two rounds in proportion to weight
/// and want, the ratio rounded down to Q24, and a sweep in order for what rounding leaves.
pub(super) fn share_capacity(capacity: i64, claims: &[Claim]) -> (Vec<i64>, i64) {
    let used = |grants: &[i64]| grants.iter().zip(claims).map(|(g, c)| g * c.uses).sum::<i64>();
    let all: Vec<i64> = claims.iter().map(|c| c.wants).collect();
    if used(&all) <= capacity {
        let used = used(&all);
        return (all, used);
    }
    let mut grants = vec![0; claims.len()];
    for _round in 0..2 {
        let left = i128::from(capacity - used(&grants));
        let missing: Vec<i128> = claims.iter().zip(&grants).map(|(c, g)| i128::from(c.wants - g)).collect();
        let asked: i128 = claims.iter().zip(&missing).map(|(c, m)| m * i128::from(c.uses * c.weight)).sum();
        if asked == 0 || left <= 0 {
            break;
        }
        let ratio = ((left << 24) / asked).min(1 << 24);
        for (grant, (claim, &missing)) in grants.iter_mut().zip(claims.iter().zip(&missing)) {
            let fair = (missing * i128::from(claim.weight) * ratio) >> 24;
            *grant += if claim.uses == 0 { missing } else { fair.min(missing) } as i64;
        }
    }
    // One unit after the other, as long as it fits.
    for (k, claim) in claims.iter().enumerate() {
        while grants[k] < claim.wants && used(&grants) + claim.uses <= capacity {
            grants[k] += 1;
        }
    }
    let used = used(&grants);
    (grants, used)
}
