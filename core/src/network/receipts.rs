//! Step 1: what arrives is received, finished production is stocked, the mail brings orders.

use super::Network;
use super::orders::book;
use crate::convert::{product, wide_index};
use crate::rows::{add_at, copy_row, row_mut};
use crate::scenario::FIRST_COME_DAYS;
use crate::state::ring_rows;

impl Network<'_, '_> {
    #[inline(always)]
    pub(super) fn receive(&mut self) {
        let s = self.scenario;
        let p = s.products();
        let rows = ring_rows(s);
        let slot = s.ring_slot(wide_index(self.day));
        for (l, lane) in s.lanes().iter().enumerate() {
            let Some(node) = s.nodes().get(lane.customer) else { continue };
            let due = row_mut(self.state.ring, slot * rows + l, p);
            let stock = if node.produces {
                row_mut(self.state.input_stock, node.producer_row, p)
            } else {
                row_mut(self.state.inventory_level, lane.customer, p)
            };
            let received = receive_row(due, stock, row_mut(self.state.in_transit, l, p));
            if let Some(tally) = self.today.get_mut(lane.customer) {
                tally.received += received;
            }
        }
        for (n, (node, tally)) in s.nodes().iter().zip(&mut self.today).enumerate() {
            if node.produces {
                let m = node.producer_row;
                let due = row_mut(self.state.ring, slot * rows + s.lanes().len() + m, p);
                let stock = row_mut(self.state.inventory_level, n, p);
                tally.produced += receive_row(due, stock, row_mut(self.state.in_production, m, p));
            }
        }
        // Demand of the day starts with the orders that the mail brings.
        self.state.demand_today.fill(0);
        self.state.ordered_today.fill(0);
        if s.queue_lanes > 0 {
            self.turn_queue();
        }
        for (l, lane) in s.lanes().iter().enumerate() {
            if let Some(m) = lane.mail_row {
                let arrived = row_mut(self.state.ring, slot * rows + s.lanes().len() + s.producers + m, p);
                copy_row(self.scratch.wants, arrived);
                arrived.fill(0);
                for (mail, &units) in row_mut(self.state.mail, m, p).iter_mut().zip(self.scratch.wants.iter()) {
                    *mail -= units;
                }
                let met = book(&mut self.state, s, wide_index(self.day), l, self.scratch.wants);
                if let Some(supplier) = lane.supplier.and_then(|supplier| self.today.get_mut(supplier)) {
                    supplier.met += met;
                }
            }
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
