//! A log turned back into decisions: the run is made again, and each decision held against its record.

use super::{Difference, Record, Records};
use crate::convert::byte_index;
use crate::guard::{Guarded, Reason};
use crate::policy::{Actions, NodeView, Policy};

/// The first decision that is not the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstDifference {
    /// Its day.
    pub day: u32,
    /// Its node.
    pub node: usize,
    /// Why the policy was not in charge, as the log says.
    pub reason: Option<Reason>,
    /// What differs.
    pub difference: Difference,
}

/// A guarded policy that decides again what a log records. Who was in charge is taken from the records; the guard's
/// own monitor must not be fed. Decisions before the first record are the policy's own, which is right as long as no
/// record that was forgotten had another: see [`Replay::unknown_fallbacks`].
#[derive(Debug)]
pub struct Replay<'g, 'a, P> {
    guard: &'g mut Guarded<P>,
    records: Records<'a>,
    next: Option<Record<'a>>,
    /// Records met so far.
    checked: u32,
    /// Fallbacks among them.
    fallbacks: u32,
    /// Fallbacks that the records met say have been, and that are not among them.
    unknown: u32,
    first: Option<FirstDifference>,
}

impl<'g, 'a, P: Policy> Replay<'g, 'a, P> {
    /// Before the first day of the log's origin.
    #[must_use]
    pub fn new(guard: &'g mut Guarded<P>, mut records: Records<'a>) -> Self {
        let next = records.next();
        Self { guard, records, next, checked: 0, fallbacks: 0, unknown: 0, first: None }
    }

    /// Records that have been held against decisions.
    #[must_use]
    pub fn checked(&self) -> u32 {
        self.checked
    }

    /// Whether no record is left.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.next.is_none()
    }

    /// The record that comes next.
    #[must_use]
    pub fn upcoming(&self) -> Option<Record<'a>> {
        self.next
    }

    /// Decisions under a fallback whose records are lost: forgotten by the ring, or after damage. With any, the run
    /// can't be made again from its origin.
    #[must_use]
    pub fn unknown_fallbacks(&self) -> u32 {
        self.unknown
    }

    /// The first decision that is not the same.
    #[must_use]
    pub fn first_difference(&self) -> Option<FirstDifference> {
        self.first
    }

    /// Whether the next record is of this decision. One whose day has passed is of no decision of this run.
    fn take(&mut self, view: &NodeView<'_>) -> Option<Record<'a>> {
        let record = self.next?;
        let (day, node) = (record.entry.day, byte_index(record.entry.node));
        if (day, node) > (view.day(), view.node()) {
            return None;
        }
        self.next = self.records.next();
        let known = self.fallbacks.saturating_add(self.unknown);
        self.unknown = self.unknown.saturating_add(record.entry.fallbacks.saturating_sub(known));
        self.fallbacks = self.fallbacks.saturating_add(u32::from(record.reason().is_some()));
        Some(record)
    }
}

impl<P: Policy> Policy for Replay<'_, '_, P> {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        let record = self.take(view);
        let reason = record.and_then(|record| record.reason());
        self.guard.force(reason);
        self.guard.decide(view, actions);
        let Some(record) = record else { return };
        self.checked = self.checked.saturating_add(1);
        let at = (record.entry.day, byte_index(record.entry.node));
        let difference = if at == (view.day(), view.node()) {
            record.difference(view, actions)
        } else {
            // The run has no decision there: another problem, another first day.
            Some(Difference { saw: true, decided: true, product: None })
        };
        if let (None, Some(difference)) = (self.first, difference) {
            self.first = Some(FirstDifference { day: at.0, node: at.1, reason, difference });
        }
    }
}
