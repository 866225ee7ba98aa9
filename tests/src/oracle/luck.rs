//! What events and chance make of the oracle's chain: disruptions, shocks, suppliers that move.

use super::rules::{defective, moved, quantile};
use super::{Dated, Oracle, add, at};
use restock_core::draws::Source;
use restock_core::layout::GRADES;
use restock_core::scenario::EventKind;

/// The worst grade, Q16.
const WORST_Q16: i64 = (GRADES as i64 - 1) << 16;
/// Most that factors may multiply to, Q12.
const MOST_Q12: i64 = 256 << 12;

impl Oracle<'_> {
    /// Every buyer knows its suppliers by what it has been told.
    pub(super) fn meet_suppliers(&mut self) {
        for (l, lane) in self.plan.lanes.iter().enumerate() {
            let Some(grades) = &lane.grades else { continue };
            for i in 0..self.plan.products.len() {
                self.grade.insert((l, i), i64::from(grades.base_q8) * 256);
                self.on_time.insert((l, i), i64::from(grades.on_time_q15));
                self.accepted.insert((l, i), i64::from(grades.accepted_q15));
            }
        }
    }

    /// A disruption turns so many days after `from` as a table gives; what lies before the first day has happened.
    pub(super) fn wait(&mut self, number: usize, from: u32) {
        let disruption = &self.plan.disruptions[number];
        let table = if self.in_force[number] { disruption.duration_table } else { disruption.gap_table };
        let (u, _) = self.draws.row(from, number as u32, Source::Disruption).two(0);
        let due = from + quantile(&self.plan.tables[table], u) as u32;
        if due < self.day {
            self.in_force[number] = !self.in_force[number];
            self.wait(number, due);
        } else {
            self.put(due, Dated::Turn(number));
        }
    }

    pub(super) fn happen(&mut self, what: Dated) {
        match what {
            Dated::Event(event) => self.dated_values.push((event.kind, event.place, event.value_q12)),
            Dated::Turn(number) => {
                self.in_force[number] = !self.in_force[number];
                self.wait(number, self.day);
            }
            _ => {}
        }
    }

    /// What holds today of a kind at a place, Q12: the last dated event, and all disruptions in force.
    pub(super) fn value(&self, kind: EventKind, place: usize) -> i64 {
        let planned = if kind == EventKind::Grade { 0 } else { 4096 };
        let last = self.dated_values.iter().rev().find(|(k, at, _)| (*k, *at) == (kind, place));
        let mut value = last.map_or(planned, |(_, _, value)| i64::from(*value));
        for (number, d) in self.plan.disruptions.iter().enumerate() {
            if !self.in_force[number] || (d.kind, d.place) != (kind, place) {
                continue;
            }
            let more = i64::from(d.value_q12);
            value = match kind {
                EventKind::Grade => (value + more).min((GRADES as i64 - 1) * 4096),
                _ => (value * more / 4096).min(MOST_Q12),
            };
        }
        value
    }

    /// The shock of a product's group at a node today, Q12.
    pub(super) fn shock(&self, node: usize, product: usize) -> i64 {
        match (self.plan.products[product].group, self.plan.shock_table) {
            (Some(group), Some(table)) => {
                let (u, _) = self.draws.row(self.day, node as u32, Source::Shock).two(group as u64 + 1);
                quantile(&self.plan.tables[table], u)
            }
            _ => 4096,
        }
    }

    /// Effort is paid for, lane by lane; every supplier moves towards the grade that it tends to.
    pub(super) fn negotiate(&mut self) {
        for (l, lane) in self.plan.lanes.iter().enumerate() {
            let Some(grades) = &lane.grades else { continue };
            let worse = self.value(EventKind::Grade, l) * 16;
            for i in 0..self.products() {
                let effort = at(&self.effort, lane.customer, i);
                let cost = effort * i64::from(self.plan.stock[lane.customer][i].negotiation_cost);
                self.charge(lane.customer, i, cost, |t| &mut t.negotiation);
                let lift = if effort == 0 { 0 } else { i64::from(grades.lift_q8[effort as usize - 1]) * 256 };
                let tends = (i64::from(grades.base_q8) * 256 + worse - lift).clamp(0, WORST_Q16);
                let way = tends - at(&self.grade, l, i);
                add(&mut self.grade, l, i, way.div_euclid(1 << grades.relax_shift));
            }
        }
    }

    /// The grade that a product's goods are of: the nearest to where the supplier stands.
    pub(super) fn grade_of(&self, l: usize, i: usize) -> usize {
        ((at(&self.grade, l, i) + 0x8000) / 0x1_0000) as usize
    }

    /// Inspects a receipt: what is defective is scrapped, the score follows; returns what is good.
    pub(super) fn inspect(&mut self, l: usize, i: usize, units: i64, late: bool) -> i64 {
        let lane = &self.plan.lanes[l];
        let Some(grades) = &lane.grades else { return units };
        let bad = grades.defect_tables[self.grade_of(l, i)].map_or(0, |table| {
            let (u, dither) = self.draws.row(self.day, l as u32, Source::Defect).two(self.plan.products[i].key);
            defective(units, quantile(&self.plan.tables[table], u), dither)
        });
        self.scrap(lane.customer, i, bad);
        let good = units - bad;
        let on_time = moved(at(&self.on_time, l, i), if late { 0 } else { 1 << 15 });
        let accepted = moved(at(&self.accepted, l, i), good * (1 << 15) / units);
        self.on_time.insert((l, i), on_time);
        self.accepted.insert((l, i), accepted);
        good
    }

    /// What production has finished, less what it has spoilt.
    pub(super) fn unspoilt(&mut self, n: usize, i: usize, units: i64) -> i64 {
        let share = i64::from(self.plan.stock[n][i].spoilage_q16);
        let (_, dither) = self.draws.row(self.day, n as u32, Source::Yield).two(self.plan.products[i].key);
        let bad = if share == 0 { 0 } else { defective(units, share, dither) };
        self.scrap(n, i, bad);
        units - bad
    }

    fn scrap(&mut self, n: usize, i: usize, units: i64) {
        self.today[n].scrapped += units;
        self.charge(n, i, units * i64::from(self.plan.stock[n][i].scrap_cost), |t| &mut t.scrap);
    }
}
