//! The rules that planners use: each sets a level and a cap, as the learned policy does.

use super::{Actions, NodeView, Policy};
use crate::action::{self, Choice};
use crate::convert::{saturate, saturate_wide, wide, wider};
use crate::layout::Column;
use crate::order::{NOTHING, UNLIMITED};
use crate::rows::{at, copy_row, row};

/// One base-stock level per stockpoint. Shape `[node][product]`.
pub type LevelRow<'a> = &'a [i32];

/// The row of the node that `view` shows.
fn own<'a>(rows: LevelRow<'a>, view: &NodeView<'_>) -> &'a [i32] {
    row(rows, view.node(), view.products())
}

/// The textbook rule on the forecast: base stock of forecast plus safety, every review day. What a
/// learned policy starts from, and what a device falls back to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Textbook;

impl Policy for Textbook {
    #[inline(always)]
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        // All but the level comes in as the textbook has it.
        for (level, outlook) in actions.level.iter_mut().zip(view.outlooks().iter()) {
            *level = action::level(&outlook, Choice::TEXTBOOK.level);
        }
    }
}

/// Fixed base-stock levels.
#[derive(Clone, Copy, Debug)]
pub struct BaseStock<'a> {
    /// Levels [units].
    pub level: LevelRow<'a>,
}

impl Policy for BaseStock<'_> {
    #[inline(always)]
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        copy_row(actions.level, own(self.level, view));
    }
}

/// Fixed base-stock levels with a cap on each order.
#[derive(Clone, Copy, Debug)]
pub struct CappedBaseStock<'a> {
    /// Levels [units].
    pub level: LevelRow<'a>,
    /// Most of one order [units].
    pub cap: LevelRow<'a>,
}

impl Policy for CappedBaseStock<'_> {
    #[inline(always)]
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        copy_row(actions.level, own(self.level, view));
        copy_row(actions.cap, own(self.cap, view));
    }
}

/// Capped dual index (Sun and Van Mieghem 2019): the fast route brings the expedited position up to one
/// level, then the normal order, capped, brings the inventory position up to another.
#[derive(Clone, Copy, Debug)]
pub struct DualIndex<'a> {
    /// Base-stock levels of the fast route [units].
    pub expedite: LevelRow<'a>,
    /// Base-stock levels of the normal order [units].
    pub level: LevelRow<'a>,
    /// Most of one normal order [units].
    pub cap: LevelRow<'a>,
}

impl Policy for DualIndex<'_> {
    #[inline(always)]
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        copy_row(actions.expedite, own(self.expedite, view));
        copy_row(actions.level, own(self.level, view));
        copy_row(actions.cap, own(self.cap, view));
    }
}

/// (s, S): when the inventory position is at or below the reorder point s, order up to S.
#[derive(Clone, Copy, Debug)]
pub struct ReorderPoint<'a> {
    /// Reorder points s [units].
    pub reorder: LevelRow<'a>,
    /// Order-up-to levels S [units].
    pub up_to: LevelRow<'a>,
}

impl Policy for ReorderPoint<'_> {
    #[inline(always)]
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        let rules = own(self.reorder, view).iter().zip(own(self.up_to, view));
        for ((level, &position), (&reorder, &up_to)) in actions.level.iter_mut().zip(view.position()).zip(rules) {
            *level = if position <= reorder { up_to } else { NOTHING };
        }
    }
}

/// Anchoring and adjustment (Sterman 1989, equation 10): order what is expected to be demanded, plus a share of what the
/// inventory level and a share of the supply line fall short of what is desired; rounded, and never below nothing.
#[derive(Clone, Copy, Debug)]
pub struct AnchorAdjust<'a> {
    /// Expected demand a day [units].
    pub expected: LevelRow<'a>,
    /// Desired inventory level and supply line together [units].
    pub desired: LevelRow<'a>,
    /// Share of the shortfall that one order makes good (Sterman's alpha), Q16.
    pub share_q16: i32,
    /// Share of the supply line that is remembered (Sterman's beta), Q16.
    pub line_q16: i32,
    /// First day of adjusting: until then an order is what is expected.
    pub from_day: u32,
}

impl AnchorAdjust<'_> {
    /// One order [units]; `line` is what is ordered and not yet stocked.
    fn order(&self, expected: i32, desired: i32, level: i32, line: i32) -> i32 {
        let short_q16 = ((wide(desired) - wide(level)) << 16) - wide(line) * wide(self.line_q16);
        let order_q32 = (wider(wide(expected)) << 32) + wider(short_q16) * wider(wide(self.share_q16));
        let rounded = saturate(saturate_wide((order_q32 + (1 << 31)) >> 32));
        if rounded > 0 { rounded } else { 0 }
    }
}

impl Policy for AnchorAdjust<'_> {
    #[inline(always)]
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        let adjusts = view.day() >= self.from_day;
        let places = view.position().iter().zip(view.inventory_level());
        let wishes = own(self.expected, view).iter().zip(own(self.desired, view));
        for ((target, (&position, &level)), (&expected, &desired)) in actions.level.iter_mut().zip(places).zip(wishes) {
            let order = if adjusts { self.order(expected, desired, level, position - level) } else { expected };
            *target = if order > 0 { position.saturating_add(order) } else { NOTHING };
        }
    }
}

/// Periodic review with textbook levels (the paper's second baseline): every `period` days order up
/// to `mean * (L + period) + z * sigma * sqrt(L + period)` from long-run means, without a forecast.
#[derive(Clone, Copy, Debug)]
pub struct PeriodicReview {
    /// Days between orders.
    pub period_days: u32,
}

impl PeriodicReview {
    /// Review days of the node in one period: the period is rounded up to whole reviews.
    fn turns(&self, review_days: u32) -> u32 {
        // No period is longer than any run.
        let most = crate::convert::count(crate::scenario::HORIZON_DAYS_MAX);
        self.period_days.min(most).div_ceil(review_days.max(1)).max(1)
    }

    /// The textbook order-up-to level of one stockpoint [units], rounded up.
    ///
    /// The scenario gives the mean and, in the protection spread, the relative deviation over the
    /// scenario's own protection interval; both are scaled to this period (the deviation by the
    /// square root of the interval).
    #[must_use]
    pub fn level(&self, view: &NodeView<'_>, product: usize) -> i32 {
        let s = view.scenario();
        let n = view.node();
        let review = s.nodes().get(n).map_or(1, |node| node.review_days);
        let protection = wide(at(s.column(Column::ProtectionDays, n), product)).max(1);
        let days = protection - i64::from(review) + i64::from(self.turns(review) * review);
        let mean = wide(at(s.column(Column::DemandMean, n), product));
        let spread = wide(at(s.column(Column::ProtectionSpread, n), product));
        // sd over `days` = spread * mean * protection * sqrt(days / protection).
        let own = ((mean * protection).min(crate::scenario::UNITS_MAX << 12) * spread) >> 16;
        let root_q16 = root((days << 32) / protection);
        let outlook = action::Outlook {
            protection_mean: mean * days,
            protection_deviation: crate::convert::saturate_wide((i128::from(own) * i128::from(root_q16)) >> 16),
            review_mean: mean,
            safety_factor: at(s.column(Column::SafetyFactor, n), product),
            express: None,
        };
        action::level_at(&outlook, outlook.safety_factor)
    }
}

impl Policy for PeriodicReview {
    #[inline(always)]
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        actions.cap.fill(UNLIMITED);
        let review = view.scenario().nodes().get(view.node()).map_or(1, |node| node.review_days).max(1);
        let turns = self.turns(review);
        // Nodes take turns within the period, so that a week's orders do not all fall on one day.
        let orders = (view.day() / review) % turns == crate::convert::count(view.node()) % turns;
        for (i, level) in actions.level.iter_mut().enumerate() {
            *level = if orders { self.level(view, i) } else { NOTHING };
        }
    }
}

/// Integer square root, rounded down.
fn root(value: i64) -> i64 {
    let mut low = 0i64;
    let mut high = 3_037_000_499i64.min(value.max(0));
    while low < high {
        let middle = low + (high - low + 1) / 2;
        if middle * middle <= value { low = middle } else { high = middle - 1 }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchored_order_makes_good_what_is_short_and_is_never_negative() {
        let rule = |share_q16, line_q16| AnchorAdjust { expected: &[], desired: &[], share_q16, line_q16, from_day: 0 };
        // Sterman's benchmark: everything is made good and the whole line remembered.
        assert_eq!(rule(1 << 16, 1 << 16).order(4, 28, 8, 16), 8);
        assert_eq!(rule(1 << 16, 1 << 16).order(4, 28, -6, 0), 38);
        assert_eq!(rule(1 << 16, 1 << 16).order(4, 28, 40, 16), 0);
        // A quarter of the shortfall, half of the line forgotten: 4 + (28 - 8 - 8) / 4, and 4 + 10.5 / 4 rounded.
        assert_eq!(rule(1 << 14, 1 << 15).order(4, 28, 8, 16), 7);
        assert_eq!(rule(1 << 14, 1 << 15).order(4, 28, 8, 19), 7);
        assert_eq!(rule(i32::MAX, i32::MAX).order(i32::MAX, i32::MAX, i32::MIN, i32::MIN), i32::MAX);
        assert_eq!(rule(i32::MAX, i32::MAX).order(0, i32::MIN, i32::MAX, i32::MAX), 0);
    }

    #[test]
    fn the_root_rounds_down() {
        for v in [0, 1, 2, 3, 4, 99, 100, 1 << 40, i64::MAX] {
            let r = root(v);
            assert!(i128::from(r) * i128::from(r) <= i128::from(v));
            assert!(i128::from(r + 1) * i128::from(r + 1) > i128::from(v));
        }
    }
}
