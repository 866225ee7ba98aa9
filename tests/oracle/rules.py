"""The rules whose rounding is part of the contract: quantiles, seasons, orders, sharing."""


def quantile(table, u):
    """core/src/table.rs: the value at u / 2^32, rounded down within a segment."""
    start, value, span, width = [segment for segment in table if segment[0] <= u][-1]
    reciprocal = min((1 << 48) // width, (1 << 32) - 1)
    fraction = min((u - start) * reciprocal >> 16, (1 << 32) - 1)
    return value + (fraction * span >> 32)


def in_season(units, factor_q12, dither):
    """core/src/table.rs: units times the season, the fraction decided by the top twelve bits of chance."""
    return (units * factor_q12 + (dither >> 20)) // 4096


def part_of(units, share_q16, dither):
    """core/src/network/quality.rs: units times a share, the fraction decided by the top sixteen bits of chance."""
    return min((units * share_q16 + (dither >> 16)) >> 16, units)


def scored(share, this):
    """core/src/network/quality.rs: a sixteenth of the way, and no less than one step while there is any way."""
    return share - (share - this + 15) // 16 if this < share else share + (this - share + 15) // 16


def order_quantity(missing, most, lot, least):
    """core/src/order.rs: what is missing, at least the minimum, in whole lots; at most the lots that fit."""
    if missing <= 0 or most <= 0:
        return 0
    lots = (max(missing, least) + lot - 1) // lot
    order = min(lots, most // lot) * lot
    return order if order >= least else 0


def in_proportion(available, claims):
    """core/src/allocation.rs: scarce stock in proportion; what rounding leaves, one unit each, in order."""
    grants = [available * claim // sum(claims) for claim in claims]
    for k, claim in enumerate(claims):
        if sum(grants) < available and grants[k] < claim:
            grants[k] += 1
    return grants


def share_capacity(capacity, wants, uses, weights):
    """core/src/allocation.rs: two rounds in proportion to weight and want, then a sweep. (grants, used)"""
    every = range(len(wants))
    needed = sum(wants[k] * uses[k] for k in every)
    if needed <= capacity:
        return list(wants), needed
    grants = [0 for _ in every]
    left = capacity
    for _ in range(2):
        missing = [wants[k] - grants[k] for k in every]
        asked = sum(missing[k] * uses[k] * weights[k] for k in every)
        if asked <= 0 or left <= 0:
            break
        ratio_q24 = min(left * (1 << 24) // asked, 1 << 24)
        for k in every:
            grant = min(missing[k], missing[k] * weights[k] * ratio_q24 >> 24) if uses[k] else missing[k]
            grants[k] += grant
            left -= grant * uses[k]
    for k in every:
        missing = wants[k] - grants[k]
        grant = min(missing, left // uses[k]) if uses[k] else missing
        grants[k] += grant
        left -= grant * uses[k]
    return grants, capacity - left

