//! Step 1: what arrives is received, finished production is stocked, the mail brings orders.

use super::Network;
use super::orders::book;
use crate::convert::{product, wide_index};
use crate::rows::{add_at, add_row, at, copy_row, row_mut, set_at};
use crate::scenario::{FIRST_COME_DAYS, Node};

impl Network<'_, '_> {
    #[inline(always)]
    pub(super) fn receive(&mut self) {
        let s = self.scenario;
        let p = s.products();
        let today = wide_index(self.day);
        for (l, lane) in s.lanes().iter().enumerate() {
            let n = lane.customer;
            let Some(node) = s.nodes().get(n) else { continue };
            if lane.quality.is_some() {
                self.scratch.wants.fill(0);
            }
            let state = &mut self.state;
            let stock = if lane.quality.is_some() {
                &mut *self.scratch.wants
            } else if node.produces {
                row_mut(state.input_stock, node.producer_row, p)
            } else {
                stocked(state.inventory_level, state.yard, node, n, p)
            };
            let due = row_mut(state.ring, s.ring_slot(today) * s.lanes().len() + l, p);
            let received = receive_row(due, stock, row_mut(state.in_transit, l, p));
            if let Some(quality) = &lane.quality {
                self.inspect(l, quality, n);
                let state = &mut self.state;
                let stock = if node.produces {
                    row_mut(state.input_stock, node.producer_row, p)
                } else {
                    stocked(state.inventory_level, state.yard, node, n, p)
                };
                add_row(stock, self.scratch.wants);
            }
            if let Some(tally) = self.today.get_mut(n) {
                tally.received += received;
            }
        }
        for (n, node) in s.nodes().iter().enumerate() {
            if node.produces {
                self.finish(n, node);
            }
            self.enter(n, node);
        }
        // Demand of the day starts with the orders that the mail brings.
        self.state.demand_today.fill(0);
        self.state.ordered_today.fill(0);
        for (n, node) in s.nodes().iter().enumerate().filter(|(_, node)| node.bom_lines > 0) {
            let dependent = row_mut(self.state.dependent, node.bom_row, p);
            add_row(row_mut(self.state.demand_today, n, p), dependent);
            if let Some(tally) = self.today.get_mut(n) {
                // Demand to forecast, but faced from nobody: it goes out again when the day's demand is summed up.
                tally.faced -= dependent.iter().map(|&units| product(units, 1)).sum::<i64>();
            }
            dependent.fill(0);
        }
        if s.queue_lanes > 0 {
            self.turn_queue();
        }
        for (l, lane) in s.lanes().iter().enumerate() {
            if let Some(m) = lane.mail_row {
                let slot = today.checked_rem(s.mail_days).unwrap_or(0);
                let arrived = row_mut(self.state.mail_ring, slot * s.mail_lanes + m, p);
                copy_row(self.scratch.wants, arrived);
                arrived.fill(0);
                for (mail, &units) in row_mut(self.state.mail, m, p).iter_mut().zip(self.scratch.wants.iter()) {
                    *mail -= units;
                }
                let met = book(&mut self.state, s, today, l, self.scratch.wants);
                if let Some(supplier) = lane.supplier.and_then(|supplier| self.today.get_mut(supplier)) {
                    supplier.met += met;
                }
            }
        }
    }

    /// Stocks what the production of node `n` finishes today, and the components that have arrived.
    #[inline(always)]
    fn finish(&mut self, n: usize, node: &Node) {
        let s = self.scenario;
        let p = s.products();
        let m = node.producer_row;
        if node.spoils {
            self.scratch.wants.fill(0);
        }
        let state = &mut self.state;
        let slot = wide_index(self.day).checked_rem(s.works_days).unwrap_or(0);
        let due = row_mut(state.works_ring, slot * s.producers + m, p);
        let making = row_mut(state.in_production, m, p);
        let produced = if node.spoils {
            receive_row(due, self.scratch.wants, making);
            self.spoil(n);
            let stock = stocked(self.state.inventory_level, self.state.yard, node, n, p);
            add_row(stock, self.scratch.wants);
            self.scratch.wants.iter().map(|&units| product(units, 1)).sum()
        } else {
            receive_row(due, stocked(state.inventory_level, state.yard, node, n, p), making)
        };
        if let Some(tally) = self.today.get_mut(n) {
            tally.produced += produced;
        }
        // A component is not made of itself: it is stocked for what it goes into.
        for line in s.bom(node) {
            let input = row_mut(self.state.input_stock, m, p);
            let units = at(input, line.component);
            set_at(input, line.component, 0);
            add_at(stocked(self.state.inventory_level, self.state.yard, node, n, p), line.component, units);
        }
    }

    /// Opens today's place in the queue of first-come orders; what was in it is older than the
    /// queue remembers and joins the oldest day that is left.
    fn turn_queue(&mut self) {
        let s = self.scenario;
        let width = s.queue_lanes * s.products();
        let today = wide_index(self.day) % FIRST_COME_DAYS;
        let oldest = (today + 1) % FIRST_COME_DAYS;
        for i in 0..width {
            let units = self.state.queue.get_mut(today * width + i).map_or(0, core::mem::take);
            add_at(self.state.queue, oldest * width + i, units);
        }
    }
}

/// Where node `n` stocks: its shelf, or the yard before it where storage is limited.
#[inline(always)]
fn stocked<'a>(level: &'a mut [i32], yard: &'a mut [i32], node: &Node, n: usize, p: usize) -> &'a mut [i32] {
    match node.yard_row {
        Some(y) => row_mut(yard, y, p),
        None => row_mut(level, n, p),
    }
}

/// Moves what is due into stock; returns how much.
#[inline(always)]
fn receive_row(due: &mut [i32], stock: &mut [i32], on_the_way: &mut [i32]) -> i64 {
    let mut units = 0i64;
    for ((due, stock), moving) in due.iter_mut().zip(stock).zip(on_the_way) {
        *stock += *due;
        *moving -= *due;
        units += product(*due, 1);
        *due = 0;
    }
    units
}
