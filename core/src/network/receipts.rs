//! Step 1: what arrives is received, finished production is stocked, the mail brings orders.

use super::orders::book;
use super::{Network, row_mut};
use crate::convert::{product, wide_index};
use crate::scenario::FIRST_COME_DAYS;
use crate::state::ring_rows;

impl Network<'_, '_> {
    #[inline(always)]
    pub(super) fn receive(&mut self) {
        let s = self.scenario;
        let p = s.products();
        let rows = ring_rows(s);
        let slot = wide_index(self.day) % s.ring_days();
        let ring = &mut self.state.ring[slot * rows * p..(slot + 1) * rows * p];
        let (lane_ring, rest) = ring.split_at_mut(s.lanes().len() * p);
        let production_ring = &mut rest[..s.producers * p];
        for (l, lane) in s.lanes().iter().enumerate() {
            let node = &s.nodes()[lane.customer];
            let stock = if node.produces {
                row_mut(self.state.input_stock, node.producer_row, p)
            } else {
                row_mut(self.state.inventory_level, lane.customer, p)
            };
            let received = receive_row(row_mut(lane_ring, l, p), stock, row_mut(self.state.in_transit, l, p));
            self.today[lane.customer].received += received;
        }
        for (n, node) in s.nodes().iter().enumerate() {
            if node.produces {
                let m = node.producer_row;
                let stock = row_mut(self.state.inventory_level, n, p);
                self.today[n].produced +=
                    receive_row(row_mut(production_ring, m, p), stock, row_mut(self.state.in_production, m, p));
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
                self.scratch.wants.copy_from_slice(arrived);
                arrived.fill(0);
                for (mail, &units) in row_mut(self.state.mail, m, p).iter_mut().zip(self.scratch.wants.iter()) {
                    *mail -= units;
                }
                book(&mut self.state, s, wide_index(self.day), l, self.scratch.wants);
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
            let units = core::mem::take(&mut self.state.queue[today * width + i]);
            self.state.queue[oldest * width + i] += units;
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
