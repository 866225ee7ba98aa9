//! A learned policy under guard: the classical one takes over while there is an alarm.

use super::{HyperScoreMonitor, Reason};
use crate::kpi::Tally;
use crate::policy::{Actions, NodeView, Policy, Textbook};

/// A policy, its monitor and what stands in for it: base stock on the forecast, the rule that a learned
/// policy starts from. Hysteresis is the monitor's: an alarm ends well below where it is raised.
#[derive(Clone, Debug)]
pub struct Guarded<P> {
    policy: P,
    monitor: HyperScoreMonitor,
    /// Set from outside; only that ends it.
    forced: Option<Reason>,
    /// Days that the classical policy was in charge.
    fallback_days: u32,
}

impl<P> Guarded<P> {
    /// A policy and its monitor.
    #[must_use]
    pub fn new(policy: P, monitor: HyperScoreMonitor) -> Self {
        Self { policy, monitor, forced: None, fallback_days: 0 }
    }

    /// Puts the classical policy in charge, or, with `None`, leaves it to the monitor again.
    pub fn force(&mut self, reason: Option<Reason>) {
        self.forced = reason;
    }

    /// Takes the day that has ended: a tally a node, and whether a disruption was in force. Returns the reason on
    /// the day on which the monitor raises its alarm.
    pub fn watch(&mut self, today: &[Tally], disrupted: bool) -> Option<Reason> {
        self.fallback_days = self.fallback_days.saturating_add(u32::from(self.fallback().is_some()));
        self.monitor.watch(today, disrupted)
    }

    /// Why the classical policy is in charge, while it is.
    #[must_use]
    pub fn fallback(&self) -> Option<Reason> {
        self.forced.or(self.monitor.alarm())
    }

    /// Days on which the classical policy was in charge [days].
    #[must_use]
    pub fn fallback_days(&self) -> u32 {
        self.fallback_days
    }

    /// The policy that is guarded.
    #[must_use]
    pub fn policy(&self) -> &P {
        &self.policy
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
        if self.fallback().is_some() {
            Textbook.decide(view, actions);
        } else {
            self.policy.decide(view, actions);
        }
    }
}
