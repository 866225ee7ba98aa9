//! Step 0: dated events and random disruptions fall due.

use crate::convert::{bits, byte, byte_index, count, wide};
use crate::draws::{Draws, Source};
use crate::layout;
use crate::rows::at;
use crate::scenario::{DISRUPTIONS_MAX, Disruption, EventKind, LANES_MAX, NODES_MAX, ROUTES_MAX, Scenario, combined};
use heapless::binary_heap::{BinaryHeap, Min};

/// A value of each kind at each place, Q12.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Places {
    demand: [i32; NODES_MAX],
    capacity: [i32; NODES_MAX],
    route: [i32; ROUTES_MAX],
    shipping: [i32; NODES_MAX],
    outside: [i32; LANES_MAX],
    grade: [i32; LANES_MAX],
}

impl Places {
    const PLANNED: Self = Self {
        demand: [EventKind::Demand.planned_q12(); NODES_MAX],
        capacity: [EventKind::Capacity.planned_q12(); NODES_MAX],
        route: [EventKind::Route.planned_q12(); ROUTES_MAX],
        shipping: [EventKind::Shipping.planned_q12(); NODES_MAX],
        outside: [EventKind::Outside.planned_q12(); LANES_MAX],
        grade: [EventKind::Grade.planned_q12(); LANES_MAX],
    };

    fn row(&self, kind: EventKind) -> &[i32] {
        match kind {
            EventKind::Demand => &self.demand,
            EventKind::Capacity => &self.capacity,
            EventKind::Route => &self.route,
            EventKind::Shipping => &self.shipping,
            EventKind::Outside => &self.outside,
            EventKind::Grade => &self.grade,
        }
    }

    fn row_mut(&mut self, kind: EventKind) -> &mut [i32] {
        match kind {
            EventKind::Demand => &mut self.demand,
            EventKind::Capacity => &mut self.capacity,
            EventKind::Route => &mut self.route,
            EventKind::Shipping => &mut self.shipping,
            EventKind::Outside => &mut self.outside,
            EventKind::Grade => &mut self.grade,
        }
    }

    fn set(&mut self, kind: EventKind, place: usize, value: i32) {
        if let Some(slot) = self.row_mut(kind).get_mut(place) {
            *slot = value;
        }
    }
}

/// The next change of a disruption: ordered by day, then by disruption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    day: u32,
    disruption: u8,
}

/// What events and disruptions have set.
#[derive(Clone)]
pub(super) struct Conditions {
    /// By dated events alone.
    dated: Places,
    /// With the disruptions that are in force.
    now: Places,
    in_force: [bool; DISRUPTIONS_MAX],
    /// One entry for each disruption: when it begins or, in force, when it ends.
    queue: BinaryHeap<Due, Min, DISRUPTIONS_MAX>,
    next_event: usize,
}

impl Conditions {
    /// As planned, before the first day.
    pub(super) fn new() -> Self {
        Self {
            dated: Places::PLANNED,
            now: Places::PLANNED,
            in_force: [false; DISRUPTIONS_MAX],
            queue: BinaryHeap::new(),
            next_event: 0,
        }
    }

    /// As planned again on day 0, with every disruption to come: what befalls the chain on a date depends on the
    /// draws alone, not on the day on which it begins to be watched.
    pub(super) fn reset(&mut self, s: &Scenario<'_>, draws: &Draws) {
        *self = Self::new();
        for (i, disruption) in s.disruptions().iter().enumerate() {
            self.schedule(s, draws, 0, i, disruption.gap_table);
        }
    }

    /// What holds today of a kind at a place, Q12.
    #[inline(always)]
    pub(super) fn value(&self, kind: EventKind, place: usize) -> i32 {
        at(self.now.row(kind), place)
    }

    /// Whether a node or lane does not ship today.
    #[inline(always)]
    pub(super) fn stops(&self, kind: EventKind, place: usize) -> bool {
        self.value(kind, place) == 0
    }

    /// Whether anything is not as planned.
    pub(super) fn disrupted(&self) -> bool {
        self.now != Places::PLANNED
    }

    /// Puts the next change of a disruption into the queue: after so many days as the table gives.
    fn schedule(&mut self, s: &Scenario<'_>, draws: &Draws, day: u32, i: usize, table: usize) {
        let (u, _) = draws.row(day, count(i), Source::Disruption).two(0);
        let days = s.table(table).value(u);
        let due = Due { day: day.saturating_add(bits(if days > 1 { days } else { 1 })), disruption: byte(i) };
        let _ = self.queue.push(due); // one entry a disruption
    }

    /// Lets all that is due by `day` happen.
    #[inline(always)]
    pub(super) fn turn(&mut self, s: &Scenario<'_>, draws: &Draws, day: u32) {
        while let Some(event) = s.event(self.next_event).filter(|event| event.day <= day) {
            self.dated.set(event.kind, event.place, event.value_q12);
            self.refresh(s, event.kind, event.place);
            self.next_event += 1;
        }
        // Each due change leaves one of a later day behind it, so that this ends.
        while let Some(due) = self.queue.peek().copied().filter(|due| due.day <= day) {
            let _ = self.queue.pop();
            let i = byte_index(due.disruption);
            let (Some(in_force), Some(disruption)) = (self.in_force.get_mut(i), s.disruptions().get(i)) else {
                continue;
            };
            *in_force = !*in_force;
            let table = if *in_force { disruption.duration_table } else { disruption.gap_table };
            self.schedule(s, draws, due.day, i, table);
            self.refresh(s, disruption.kind, disruption.place);
        }
    }

    /// Puts together what holds of a kind at a place.
    fn refresh(&mut self, s: &Scenario<'_>, kind: EventKind, place: usize) {
        let here = |d: &Disruption| d.kind == kind && d.place == place;
        let active = s.disruptions().iter().zip(&self.in_force).filter(|(d, in_force)| **in_force && here(d));
        let dated = at(self.dated.row(kind), place);
        let worst = crate::convert::word(layout::GRADES - 1) << 12;
        let value = active.fold(dated, |value, (d, _)| match kind {
            EventKind::Grade if wide(value) + wide(d.value_q12) > wide(worst) => worst,
            EventKind::Grade => value + d.value_q12,
            _ => combined(value, d.value_q12),
        });
        self.now.set(kind, place, value);
    }
}
