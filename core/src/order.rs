//! How a base-stock level becomes an order: the one place where lot sizes and minimum orders apply.

/// A cap or level that never binds [units].
pub const UNLIMITED: i32 = i32::MAX;

/// A level that every position reaches: no order [units].
pub const NOTHING: i32 = i32::MIN;

/// The bounds of one stockpoint's orders [units].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Orders are multiples of this, 1 or more.
    pub lot_size: i32,
    /// No order is smaller than this.
    pub order_min: i32,
    /// Greatest order of one day.
    pub order_max: i32,
}

/// `clamp(level - position, 0, cap)`, then raised to the minimum order, then to a whole number of
/// lots; an order that the cap or `order_max` does not allow is lowered to the lots that fit, and
/// to nothing where those would be below the minimum.
#[inline(always)]
#[must_use]
pub fn quantity(level: i32, position: i32, cap: i32, bounds: Bounds) -> i32 {
    let missing = i64::from(level) - i64::from(position);
    if missing <= 0 {
        return 0;
    }
    let most = i64::from(if cap < bounds.order_max { cap } else { bounds.order_max });
    let lot = i64::from(if bounds.lot_size > 1 { bounds.lot_size } else { 1 });
    let least = i64::from(bounds.order_min);
    let wanted = if missing > least { missing } else { least };
    // Divisions only where there are lots: they are most of what an order costs.
    let (up, fitting) = if lot == 1 { (wanted, most) } else { ((wanted + lot - 1) / lot * lot, most / lot * lot) };
    let order = if up < fitting { up } else { fitting };
    if order < least { 0 } else { crate::convert::saturate(order) }
}

/// [`quantity`] where the lot size is 1 and no minimum binds: `clamp(level - position, 0, cap)` and
/// `order_max`. `level` is at most the position limit (2^28) and positions lie within -2^30 and 2^30,
/// so the difference fits 32 bits and a row of orders fits the vector unit.
#[inline(always)]
#[must_use]
pub fn plain(level: i32, position: i32, cap: i32, order_max: i32) -> i32 {
    // A level below every position asks for nothing, however far below it is.
    let missing = (if level < -(1 << 30) { -(1 << 30) } else { level }) - position;
    let most = if cap < order_max { cap } else { order_max };
    let order = if missing < most { missing } else { most };
    if order > 0 { order } else { 0 }
}

/// Whether the scenario's bounds bind what is asked for: a level above the position's limit, or an order above the
/// greatest of one day. Lots and minimum orders are not counted: they bind every day and hurt nobody.
#[inline(always)]
#[must_use]
pub fn is_clamped(level: i32, position: i32, cap: i32, order_max: i32, position_max: i32) -> bool {
    let missing = i64::from(level) - i64::from(position);
    let asked = if missing < i64::from(cap) { missing } else { i64::from(cap) };
    // A level above the limit binds only if something is asked for.
    asked > i64::from(order_max) || (level > position_max && asked > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: Bounds = Bounds { lot_size: 1, order_min: 0, order_max: 1000 };

    #[test]
    fn an_order_never_lowers_the_position() {
        assert_eq!(quantity(10, 40, UNLIMITED, FREE), 0);
        assert_eq!(quantity(95, 40, UNLIMITED, FREE), 55);
        assert_eq!(quantity(95, 40, 20, FREE), 20);
        assert_eq!(quantity(i32::MAX, i32::MIN, UNLIMITED, FREE), 1000);
    }

    #[test]
    fn the_plain_order_is_the_same_order() {
        for level in [i32::MIN, -3, 0, 1, 5, 40, 1 << 28] {
            for position in [-(1 << 30), -7, 0, 3, 39, 40, 41, 1 << 30] {
                for cap in [i32::MIN, -1, 0, 1, 12, UNLIMITED] {
                    let bounds = Bounds { lot_size: 1, order_min: 1, order_max: 30 };
                    assert_eq!(plain(level, position, cap, 30), quantity(level, position, cap, bounds));
                }
            }
        }
    }

    #[test]
    fn what_passes_a_bound_is_clamped_and_what_reaches_it_is_not() {
        let clamped = |level, cap| is_clamped(level, 40, cap, 30, 90);
        assert!(!clamped(70, UNLIMITED), "an order of 30 is allowed");
        assert!(clamped(71, UNLIMITED), "an order of 31 is not");
        assert!(!clamped(71, 30), "unless the policy's own cap lowers it");
        assert!(clamped(91, 10), "no level above 90");
        assert!(!clamped(NOTHING, UNLIMITED) && !is_clamped(95, 96, UNLIMITED, 30, 90), "who orders nothing is free");
        assert!(is_clamped(i32::MAX, i32::MIN, UNLIMITED, 30, i32::MAX));
    }

    #[test]
    fn lots_round_up_and_caps_round_down() {
        let lots = Bounds { lot_size: 12, order_min: 0, order_max: 1000 };
        assert_eq!(quantity(41, 40, UNLIMITED, lots), 12);
        assert_eq!(quantity(65, 40, 24, lots), 24);
        assert_eq!(quantity(65, 40, 11, lots), 0);
    }

    #[test]
    fn a_small_order_is_raised_to_the_minimum() {
        let least = Bounds { lot_size: 12, order_min: 30, order_max: 1000 };
        assert_eq!(quantity(41, 40, UNLIMITED, least), 36);
        assert_eq!(quantity(41, 40, 29, least), 0);
    }
}
