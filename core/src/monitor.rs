//! Watches HyperScore day by day: the score of a window, a slow and a fast level, and an alarm when it drifts
//! down. Integers only, memory of its own, no allocation: trainer, gateway and device see the same alarm
//! on the same day.
//!
//! ```text
//!   Tally of a day --> window (ring of days) --------> score, V, parts, weights of the window
//!        |
//!        '--> step (a week's totals) --> step's score --> slow and fast level
//!                                             |
//!                                             '--> CUSUM --> alarm --> guard: the policy's fallback
//! ```
//!
//! The alarm is a one-sided CUSUM (Page 1954) of the scores of whole steps, each from the totals of its own
//! days: steps do not overlap, and a step of a week has no weekly cycle. A step counts by how many
//! standard deviations (1.25 mean absolute deviations, as for a normal distribution) it lies below the
//! slow level, less a slack of 0.75, and by no more than 3; 5 of them together raise the alarm. On
//! streams in control that is less than one false alarm in 10 years of weeks, autocorrelation up to 0.3;
//! a fall by 2 standard deviations is found in 6 weeks on average, one by 3 in less than 4 (tests hold
//! both). A season that lowers the score for longer is a fall too: the monitor does not know the calendar.

use crate::convert::{saturate_wide, wide_index, wider};
use crate::guard::Reason;
use crate::hyperscore::{Conditions, DeviceCurve, Parts, WeightsPpm};
use crate::kpi::{Spread, Tally};
use crate::rows::at;
use crate::scenario::{Scenario, ScoreParametersPpm};
use fixed::types::I32F32;

mod drift;

pub use drift::{Drift, DriftSettings};

/// Longest window [days].
pub const WINDOW_DAYS_MAX: usize = 56;

/// Greatest figure of a day that is taken as it is: sums of a window then never overflow.
const FIGURE_MAX: i64 = 1 << 56;

/// How a monitor watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonitorSettings {
    /// Days of the window, 1 to [`WINDOW_DAYS_MAX`] [days].
    pub window_days: u32,
    /// Days of one step, 1 or more: a week, where demand has a weekly cycle [days].
    pub step_days: u32,
    /// A window's score below this raises the alarm at once, when the window is full; 100 = never.
    pub floor: I32F32,
    /// The alarm.
    pub drift: DriftSettings,
}

impl MonitorSettings {
    /// Four weeks, in steps of a week, without a floor.
    pub const WEEKLY: Self =
        Self { window_days: 28, step_days: 7, floor: I32F32::const_from_int(100), drift: DriftSettings::STANDARD };
}

/// The figures of one day that the score needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Day {
    demand: i64,
    served: i64,
    work_used: i64,
    work_capacity: i64,
    holding: i64,
    owed: i64,
    disrupted: bool,
}

/// Totals of some days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Totals {
    sum: Day,
    spread: Spread,
    days: u32,
    disrupted_days: u32,
}

impl Totals {
    fn add(&mut self, day: &Day) {
        self.change(day, 1);
        self.spread.add(day.demand);
        self.days = self.days.saturating_add(1);
        self.disrupted_days += u32::from(day.disrupted);
    }

    fn remove(&mut self, day: &Day) {
        self.change(day, -1);
        self.spread.remove(day.demand);
        self.days = self.days.saturating_sub(1);
        self.disrupted_days = self.disrupted_days.saturating_sub(u32::from(day.disrupted));
    }

    fn change(&mut self, day: &Day, sign: i64) {
        let s = &mut self.sum;
        s.demand += sign * day.demand;
        s.served += sign * day.served;
        s.work_used += sign * day.work_used;
        s.work_capacity += sign * day.work_capacity;
        s.holding += sign * day.holding;
        s.owed += sign * day.owed;
    }

    /// The same as a period's tally, for the one definition of parts and conditions.
    fn tally(&self) -> Tally {
        let s = &self.sum;
        let mut tally = Tally {
            demand: s.demand,
            served: s.served,
            work_used: s.work_used,
            work_capacity: s.work_capacity,
            ..Tally::default()
        };
        tally.ledger.holding = s.holding;
        tally.ledger.backorder = s.owed;
        tally
    }
}

/// A score and what it must not stand without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The score, as [`DeviceCurve`] computes it.
    pub score: I32F32,
    /// Its V.
    pub v: I32F32,
    /// The parts of V.
    pub parts: Parts,
    /// Their weights.
    pub weights: WeightsPpm,
    /// What the weights follow.
    pub conditions: Conditions,
    /// Days that it is of.
    pub days: u32,
}

/// The monitor. It watches a network, or a node alone on its device: whoever calls gives the tallies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HyperScoreMonitor {
    settings: MonitorSettings,
    parameters: ScoreParametersPpm,
    curve: DeviceCurve,
    reference_holding: i64,
    ring: [Day; WINDOW_DAYS_MAX],
    next: usize,
    window: Totals,
    step: Totals,
    drift: Drift,
    floor_alarm: bool,
    alarms: u32,
}

impl HyperScoreMonitor {
    /// A monitor of a scenario's network that has seen nothing yet. Settings out of range count as their ends.
    #[must_use]
    pub fn new(scenario: &Scenario<'_>, settings: MonitorSettings) -> Self {
        Self::with(scenario.score_parameters(), scenario.reference_holding(), settings)
    }

    /// The same from parameters and a reference holding cost per day: for a node alone.
    #[must_use]
    pub fn with(parameters: ScoreParametersPpm, reference_holding: i64, mut settings: MonitorSettings) -> Self {
        let longest = crate::convert::count(WINDOW_DAYS_MAX);
        settings.window_days = settings.window_days.clamp(1, longest);
        settings.step_days = settings.step_days.clamp(1, longest);
        Self {
            settings,
            parameters,
            curve: DeviceCurve::from_ppm(&parameters),
            reference_holding,
            ring: [Day::default(); WINDOW_DAYS_MAX],
            next: 0,
            window: Totals::default(),
            step: Totals::default(),
            drift: Drift::new(settings.drift),
            floor_alarm: false,
            alarms: 0,
        }
    }

    /// Takes one day: a tally a node, and whether a disruption was in force. Returns the alarm's reason on the
    /// day on which it is raised.
    pub fn watch(&mut self, today: &[Tally], disrupted: bool) -> Option<Reason> {
        let before = self.alarm();
        let day = day_of(today, disrupted);
        if self.window.days >= self.settings.window_days {
            let oldest = at(&self.ring, self.next);
            self.window.remove(&oldest);
        }
        if let Some(slot) = self.ring.get_mut(self.next) {
            *slot = day;
        }
        self.next += 1;
        if self.next >= wide_index(self.settings.window_days) {
            self.next = 0;
        }
        self.window.add(&day);
        self.step.add(&day);
        if self.step.days >= self.settings.step_days {
            let score = self.read(&self.step).score;
            self.drift.watch(score);
            self.step = Totals::default();
        }
        if self.window.days >= self.settings.window_days {
            self.floor_alarm = self.window().score < self.settings.floor;
        }
        let raised = self.alarm().filter(|_| before.is_none());
        self.alarms = self.alarms.saturating_add(u32::from(raised.is_some()));
        raised
    }

    /// The score of the window: of the last days, from their totals.
    #[must_use]
    pub fn window(&self) -> Reading {
        self.read(&self.window)
    }

    /// Why there is an alarm, while it holds.
    #[must_use]
    pub fn alarm(&self) -> Option<Reason> {
        if self.drift.alarm() {
            Some(Reason::ScoreDrift)
        } else if self.floor_alarm {
            Some(Reason::BelowFloor)
        } else {
            None
        }
    }

    /// Alarms raised so far.
    #[must_use]
    pub fn alarms(&self) -> u32 {
        self.alarms
    }

    /// Levels and alarm of the steps' scores.
    #[must_use]
    pub fn drift(&self) -> &Drift {
        &self.drift
    }

    fn read(&self, totals: &Totals) -> Reading {
        let tally = totals.tally();
        let parts = Parts::of(&tally, totals.days, self.reference_holding);
        let conditions = Conditions::of(&tally, &totals.spread, totals.days, totals.disrupted_days);
        let weights = WeightsPpm::under(&self.parameters, &conditions);
        let v = parts.v(&weights);
        Reading { score: self.curve.score(v), v, parts, weights, conditions, days: totals.days }
    }
}

/// A day's figures from the tallies of its nodes.
fn day_of(today: &[Tally], disrupted: bool) -> Day {
    let sum = |of: fn(&Tally) -> i128| {
        let all: i128 = today.iter().map(of).sum();
        saturate_wide(all).clamp(0, FIGURE_MAX)
    };
    Day {
        demand: sum(|t| wider(t.demand)),
        served: sum(|t| wider(t.served)),
        work_used: sum(|t| wider(t.work_used)),
        work_capacity: sum(|t| wider(t.work_capacity)),
        holding: sum(|t| wider(t.ledger.holding)),
        owed: sum(|t| wider(t.ledger.backorder) + wider(t.ledger.lost_sale)),
        disrupted,
    }
}
