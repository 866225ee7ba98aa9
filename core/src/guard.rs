//! A learned policy under guard: who decides when it is not trusted, or when what it would look at is not.
//!
//! Each morning the caller [`report`](Guarded::report)s how old the device's inputs are, each evening what the day
//! brought ([`Guarded::watch`]). What is wrong has a [`Reason`], and each reason has one stated behaviour:
//!
//! | reason | who decides |
//! | --- | --- |
//! | score drifted down, score below the floor, operator, policy refused, restarts, worse in the twin | the policy's own fallback ([`Policy::fall_back`]): the textbook rule with the fallback choices of the policy file |
//! | forecast stale | the textbook rule on long-run means, which reads no forecast |
//! | clock ahead | the same: it does not read the calendar either |
//! | stock not seen | orders what a review period sells in the long run, whatever the position |
//! | stock not seen for long | orders nothing: who orders blindly for weeks fills a warehouse |
//! | clock back | orders nothing: the day has been decided, a second order would be one too many |
//!
//! Of several, the one that trusts least wins: clock back, stock, clock ahead, forecast, then what was set from
//! outside, then the monitor. A clock is ahead when days were skipped and back when a day comes again; it is believed
//! again when it says what the guard's own count of reports says, or when it has moved on by one day a report for
//! [`InputLimits::clock_settle_days`]. In all cases orders stay within the scenario's bounds ([`crate::order`]).

use crate::convert::{saturate, wide};
use crate::kpi::Tally;
use crate::layout::Column;
use crate::monitor::HyperScoreMonitor;
use crate::order;
use crate::policy::{Actions, NodeView, PeriodicReview, Policy};
use crate::twin::Verdict;

mod reason;

pub use reason::{Code, Reason};

/// Whether the scenario's bounds bind what is asked for, product by product.
#[inline(always)]
pub fn clamped<'a>(view: &NodeView<'a>, actions: &'a Actions<'_>) -> impl Iterator<Item = bool> + use<'a> {
    let column = |column: Column| view.scenario().column(column, view.node());
    let asked = actions.level.iter().zip(actions.cap.iter()).zip(view.position());
    let bounds = column(Column::PositionMax).iter().zip(column(Column::OrderMax));
    asked.zip(bounds).map(|(((&level, &cap), &position), (&position_max, &order_max))| {
        order::is_clamped(level, position, cap, order_max, position_max)
    })
}

/// What the caller knows of a device's inputs on the morning of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// Day that the device's clock shows.
    pub day: u32,
    /// Days since the stock was last seen, 0 being today; none if never [days].
    pub stock_age_days: Option<u32>,
    /// Days since the forecast last took a day's demand, 0 being today; none if it is missing [days].
    pub forecast_age_days: Option<u32>,
}

impl Inputs {
    /// All as it should be on this day.
    #[must_use]
    pub const fn fresh(day: u32) -> Self {
        Self { day, stock_age_days: Some(0), forecast_age_days: Some(0) }
    }
}

/// How old inputs may be. Ages are of [`Inputs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputLimits {
    /// Oldest stock that is decided on as if it were today's [days].
    pub stock_age_days_max: u32,
    /// Oldest stock with which the expected demand is still ordered; past it, nothing is [days].
    pub stock_unseen_days_max: u32,
    /// Oldest forecast that is used [days].
    pub forecast_age_days_max: u32,
    /// Reports, each a day after the last, after which a clock that has jumped is believed [days].
    pub clock_settle_days: u32,
}

impl InputLimits {
    /// Today's stock, a week without it, a forecast of the week, a clock that has held for three days.
    pub const STANDARD: Self =
        Self { stock_age_days_max: 0, stock_unseen_days_max: 7, forecast_age_days_max: 7, clock_settle_days: 3 };
}

/// The guard's own count of days, against which the device's clock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Clock {
    /// Day that the next report should show.
    expected: u32,
    /// Latest day that was believed.
    believed: u32,
    /// What the last report showed.
    last: u32,
    /// Reports in a row that each showed the day after the one before, since the clock jumped.
    steady: u32,
}

impl Clock {
    /// A clock whose first report is believed: there is nothing to hold it against.
    const fn new(day: u32) -> Self {
        Self { expected: day.saturating_add(1), believed: day, last: day, steady: 0 }
    }

    /// Takes what the clock shows now: why it is not believed, if it is not.
    fn read(&mut self, day: u32, settle_days: u32) -> Option<Reason> {
        // While it is believed the day after its last one is the expected one: steadiness counts after a jump only.
        let steady = if day == self.last.saturating_add(1) { self.steady.saturating_add(1) } else { 0 };
        if day == self.expected || steady >= settle_days.max(1) {
            *self = Self::new(day);
            return None;
        }
        let expected = self.expected.saturating_add(1);
        *self = Self { expected, believed: self.believed, last: day, steady };
        Some(if day <= self.believed { Reason::ClockBack } else { Reason::ClockAhead })
    }
}

/// A policy, its monitor and what stands in for it. The monitor's alarm has hysteresis: it ends well below where it
/// is raised.
#[derive(Clone, Debug)]
pub struct Guarded<P> {
    policy: P,
    monitor: HyperScoreMonitor,
    limits: InputLimits,
    /// None until the first report.
    clock: Option<Clock>,
    /// What is wrong with today's inputs.
    unsound: Option<Reason>,
    /// Set from outside; only that ends it.
    forced: Option<Reason>,
    /// Days that the policy was not in charge.
    fallback_days: u32,
}

impl<P> Guarded<P> {
    /// A policy and its monitor. Inputs count as sound until one is reported that is not.
    #[must_use]
    pub fn new(policy: P, monitor: HyperScoreMonitor) -> Self {
        let limits = InputLimits::STANDARD;
        Self { policy, monitor, limits, clock: None, unsound: None, forced: None, fallback_days: 0 }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(self, limits: InputLimits) -> Self {
        Self { limits, ..self }
    }

    /// Takes how old the inputs are, once on the morning of each day: holds until the next report. Returns what is
    /// wrong with them.
    pub fn report(&mut self, inputs: &Inputs) -> Option<Reason> {
        let settle_days = self.limits.clock_settle_days;
        let clock = match &mut self.clock {
            Some(clock) => clock.read(inputs.day, settle_days),
            None => {
                self.clock = Some(Clock::new(inputs.day));
                None
            }
        };
        let stock = match inputs.stock_age_days {
            Some(age) if age <= self.limits.stock_age_days_max => None,
            Some(age) if age <= self.limits.stock_unseen_days_max => Some(Reason::StockUnseen),
            _ => Some(Reason::StockLost),
        };
        let forecast = match inputs.forecast_age_days {
            Some(age) if age <= self.limits.forecast_age_days_max => None,
            _ => Some(Reason::ForecastStale),
        };
        let back = clock.filter(|&reason| reason == Reason::ClockBack);
        self.unsound = back.or(stock).or(clock).or(forecast);
        self.unsound
    }

    /// Puts the fallback in charge, or, with `None`, leaves it to inputs and monitor again.
    pub fn force(&mut self, reason: Option<Reason>) {
        self.forced = reason;
    }

    /// Takes what a twin says: a policy that does worse there is not in charge until another twin finds that it does
    /// not. What was set otherwise from outside stays. Returns why the policy is not in charge now.
    pub fn judge(&mut self, verdict: &Verdict) -> Option<Reason> {
        match (self.forced, verdict.reason) {
            (None, Some(_)) | (Some(Reason::TwinWorse), None) => self.forced = verdict.reason,
            _ => {}
        }
        self.fallback()
    }

    /// Takes the day that has ended: a tally a node, and whether a disruption was in force. Returns the reason on
    /// the day on which the monitor raises its alarm.
    pub fn watch(&mut self, today: &[Tally], disrupted: bool) -> Option<Reason> {
        self.fallback_days = self.fallback_days.saturating_add(u32::from(self.fallback().is_some()));
        self.monitor.watch(today, disrupted)
    }

    /// Why the policy is not in charge, while it is not.
    #[must_use]
    pub fn fallback(&self) -> Option<Reason> {
        self.unsound.or(self.forced).or(self.monitor.alarm())
    }

    /// Days on which the policy was not in charge [days].
    #[must_use]
    pub fn fallback_days(&self) -> u32 {
        self.fallback_days
    }

    /// The policy that is guarded.
    #[must_use]
    pub fn policy(&self) -> &P {
        &self.policy
    }

    /// The policy that is guarded, for a twin to roll forward.
    pub fn policy_mut(&mut self) -> &mut P {
        &mut self.policy
    }

    /// The same guard over another policy: clock, monitor and what was set from outside stay as they are. What a
    /// policy is borrowed from can be written in between.
    #[must_use]
    pub fn with_policy<Q>(self, policy: Q) -> Guarded<Q> {
        let Self { policy: _, monitor, limits, clock, unsound, forced, fallback_days } = self;
        Guarded { policy, monitor, limits, clock, unsound, forced, fallback_days }
    }

    /// The monitor.
    #[must_use]
    pub fn monitor(&self) -> &HyperScoreMonitor {
        &self.monitor
    }
}

impl<P: Policy> Policy for Guarded<P> {
    #[inline(always)]
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        match self.fallback() {
            None => self.policy.decide(view, actions),
            Some(reason) => stand_in(&mut self.policy, reason, view, actions),
        }
    }
}

/// What is decided for a reason: the table of this module.
fn stand_in<P: Policy>(policy: &mut P, reason: Reason, view: &NodeView<'_>, actions: &mut Actions<'_>) {
    match reason {
        Reason::ScoreDrift
        | Reason::BelowFloor
        | Reason::PolicyRefused
        | Reason::Operator
        | Reason::Restarts
        | Reason::TwinWorse => policy.fall_back(view, actions),
        Reason::ForecastStale | Reason::ClockAhead => PeriodicReview { period_days: 1 }.decide(view, actions),
        Reason::StockUnseen => expected_sales(view, actions),
        // They come in as an order of nothing.
        Reason::StockLost | Reason::ClockBack => {}
    }
}

/// Orders what a review period sells in the long run [units], rounded so that the orders of days in a row add up. The
/// level is that much above the position: one that is wrong makes no difference.
fn expected_sales(view: &NodeView<'_>, actions: &mut Actions<'_>) {
    let (s, n) = (view.scenario(), view.node());
    let review = s.nodes().get(n).map_or(1, |node| i64::from(node.review_days));
    let today = i64::from(view.day());
    let means = s.column(Column::DemandMean, n);
    for ((level, &position), &mean) in actions.level.iter_mut().zip(view.position()).zip(means) {
        let sold_by = |day: i64| (wide(mean) * day) >> 12;
        *level = position.saturating_add(saturate(sold_by(today + review) - sold_by(today)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a clock that shows these days is said to be, report by report.
    fn read<const N: usize>(days: [u32; N]) -> [Option<Reason>; N] {
        let mut clock = Clock::new(99);
        days.map(|day| clock.read(day, 3))
    }

    const AHEAD: Option<Reason> = Some(Reason::ClockAhead);
    const BACK: Option<Reason> = Some(Reason::ClockBack);

    #[test]
    fn a_clock_that_jumps_ahead_is_believed_after_days_in_a_row() {
        assert_eq!(read([100, 101, 102]), [None; 3]);
        assert_eq!(read([100, 400, 401, 402, 403, 404]), [None, AHEAD, AHEAD, AHEAD, None, None]);
        assert_eq!(read([400, 401, 402, 500, 501, 502, 503]), [AHEAD, AHEAD, AHEAD, AHEAD, AHEAD, AHEAD, None]);
    }

    #[test]
    fn a_clock_that_is_right_again_is_believed_at_once() {
        // Three reports later it shows what it would have shown without the jump.
        assert_eq!(read([100, 0, 1, 103, 104]), [None, BACK, BACK, None, None]);
    }

    #[test]
    fn a_day_that_comes_again_is_not_decided_again() {
        assert_eq!(read([100, 100, 100, 100]), [None, BACK, BACK, BACK]);
        assert_eq!(read([100, 60, 61, 62, 63, 64]), [None, BACK, BACK, BACK, None, None]);
        // Stuck for a day, then a day behind: ahead of what was decided, and trusted once it has gone on.
        assert_eq!(read([100, 100, 101, 102, 103]), [None, BACK, AHEAD, AHEAD, None]);
    }

    #[test]
    fn the_ends_of_the_calendar_are_read_without_overflow() {
        let mut clock = Clock::new(u32::MAX);
        for day in [u32::MAX, 0, u32::MAX, u32::MAX - 1, 5] {
            let _ = clock.read(day, 0);
        }
    }
}
