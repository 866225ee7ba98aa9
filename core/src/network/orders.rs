//! Step 3: levels become orders, and orders reach their suppliers.

use super::{Network, row, row_mut};
use crate::convert::{byte_index, product, wide, wide_index};
use crate::layout::Column;
use crate::order::{self, Bounds};
use crate::scenario::Scenario;
use crate::state::{State, ring_rows};

impl Network<'_, '_> {
    #[inline(always)]
    pub(super) fn place_orders(&mut self, n: usize) {
        let s = self.scenario;
        let p = s.products();
        let node = &s.nodes()[n];
        let lots = s.column(Column::LotSize, n);
        let least = s.column(Column::OrderMin, n);
        let most = s.column(Column::OrderMax, n);
        let limit = s.column(Column::PositionMax, n);
        let fixed = s.column(Column::OrderCost, n);
        let slot = wide_index(self.day) % s.ring_days();
        for &b in &node.inbound {
            let l = byte_index(b);
            let lane = &s.lanes()[l];
            let whole = lane.share_until - lane.share_before == 1_000_000;
            let orders = &mut self.scratch.wants[..p];
            let (level, cap, position) =
                (&self.scratch.level[..p], &self.scratch.cap[..p], &self.scratch.position[..p]);
            let (lots, least, most, fixed) = (&lots[..p], &least[..p], &most[..p], &fixed[..p]);
            let limit = &limit[..p];
            if whole && node.plain_orders {
                for i in 0..p {
                    orders[i] = order::plain(
                        if level[i] < limit[i] { level[i] } else { limit[i] },
                        position[i],
                        cap[i],
                        most[i],
                    );
                }
            } else {
                for i in 0..p {
                    let bounds = Bounds { lot_size: lots[i], order_min: least[i], order_max: most[i] };
                    let target = if level[i] < limit[i] { level[i] } else { limit[i] };
                    orders[i] = if whole {
                        order::quantity(target, position[i], cap[i], bounds)
                    } else {
                        // What rounding up has added on the lanes before counts against the cap.
                        let earlier = node
                            .inbound
                            .iter()
                            .map_while(|&e| (e < b).then(|| self.state.ordered_today[byte_index(e) * p + i]))
                            .sum();
                        lane_order(target, position[i], cap[i], bounds, lane.share_before, lane.share_until, earlier)
                    };
                }
            }
            let orders = &orders[..p];
            let mut units = 0i64;
            let mut cost = 0i64;
            for i in 0..p {
                units += product(orders[i], 1);
                cost += product(if orders[i] > 0 { fixed[i] } else { 0 }, 1);
            }
            if let Some(costs) = self.costs.as_deref_mut() {
                for ((c, &q), &k) in costs[n * p..(n + 1) * p].iter_mut().zip(orders.iter()).zip(fixed) {
                    *c += if q > 0 { wide(k) } else { 0 };
                }
            }
            row_mut(self.state.ordered_today, l, p).copy_from_slice(orders);
            let tally = &mut self.today[n];
            tally.ordered += units;
            tally.ledger.ordering += cost;
            if let Some(m) = lane.mail_row {
                let rows = ring_rows(s);
                let due = (slot + lane.order_days) % s.ring_days();
                let at = due * rows + s.lanes().len() + s.producers + m;
                for ((mail, due), &q) in
                    row_mut(self.state.mail, m, p).iter_mut().zip(row_mut(self.state.ring, at, p)).zip(orders.iter())
                {
                    *mail += q;
                    *due += q;
                }
            } else {
                book(&mut self.state, s, slot, l, orders);
            }
        }
    }
}

/// Orders reach the supplier: they wait there and are its demand of today.
#[inline(always)]
pub(super) fn book(state: &mut State<'_>, s: &Scenario<'_>, slot: usize, l: usize, orders: &[i32]) {
    let p = s.products();
    let lane = &s.lanes()[l];
    for (waiting, &q) in row_mut(state.waiting, l, p).iter_mut().zip(orders) {
        *waiting += q;
    }
    if let Some(supplier) = lane.supplier {
        let level = row_mut(state.inventory_level, supplier, p);
        let faced = row_mut(state.demand_today, supplier, p);
        for ((level, faced), &q) in level.iter_mut().zip(faced).zip(orders) {
            *level -= q;
            *faced += q;
        }
    }
    if let Some(q) = lane.queue_row {
        let queue = row_mut(state.queue, slot * s.queue_lanes + q, p);
        for (queued, &units) in queue.iter_mut().zip(orders) {
            *queued += units;
        }
    }
}

/// Inventory position of one node: level plus all that is ordered and not yet stocked.
#[inline(always)]
pub(super) fn position_row(s: &Scenario<'_>, state: &State<'_>, n: usize, position: &mut [i32]) {
    let p = s.products();
    let node = &s.nodes()[n];
    position.copy_from_slice(row(state.inventory_level, n, p));
    let mut add = |rows: &[i32], r: usize| {
        for (position, &units) in position.iter_mut().zip(row(rows, r, p)) {
            *position += units;
        }
    };
    for &b in &node.inbound {
        let l = byte_index(b);
        let lane = &s.lanes()[l];
        add(state.in_transit, l);
        add(state.waiting, l);
        if let Some(r) = lane.staged_row {
            add(state.staged, r);
        }
        if let Some(r) = lane.mail_row {
            add(state.mail, r);
        }
    }
    if node.produces {
        add(state.input_stock, node.producer_row);
        add(state.in_production, node.producer_row);
    }
}

/// The part of an order that goes over one of several inbound lanes: shares are cut from the whole
/// order so that they add up to it, then lots and minimum apply to each lane by itself. All lanes
/// together never pass the cap: `earlier` is what the lanes before have ordered today.
#[inline]
fn lane_order(level: i32, position: i32, cap: i32, bounds: Bounds, before: i32, until: i32, earlier: i32) -> i32 {
    let most = if cap < bounds.order_max { cap } else { bounds.order_max };
    let missing = (wide(level) - wide(position)).min(wide(most)).max(0);
    let part = missing * wide(until) / 1_000_000 - missing * wide(before) / 1_000_000;
    order::quantity(crate::convert::saturate(part), 0, most.max(0) - earlier, bounds)
}
