//! Step 3: levels become orders, and orders reach their suppliers.

use super::{Network, row, row_mut};
use crate::convert::{byte_index, product, wide, wide_index};
use crate::layout::Column;
use crate::order::{self, Bounds};
use crate::scenario::{FIRST_COME_DAYS, Scenario};
use crate::state::{State, ring_rows};

impl Network<'_, '_> {
    #[inline(always)]
    pub(super) fn place_orders(&mut self, n: usize) {
        let s = self.scenario;
        let p = s.products();
        let node = &s.nodes()[n];
        let rushed = node.express.filter(|&l| self.rush(n, l));
        let lots = s.column(Column::LotSize, n);
        let least = s.column(Column::OrderMin, n);
        let most = s.column(Column::OrderMax, n);
        let limit = s.column(Column::PositionMax, n);
        for &b in &node.inbound {
            let l = byte_index(b);
            let lane = &s.lanes()[l];
            let whole = lane.share_until - lane.share_before == 1_000_000;
            let orders = &mut self.scratch.wants[..p];
            let (level, cap, position) =
                (&self.scratch.level[..p], &self.scratch.cap[..p], &self.scratch.position[..p]);
            let (lots, least, most) = (&lots[..p], &least[..p], &most[..p]);
            let limit = &limit[..p];
            if whole && node.plain_orders && rushed.is_none() {
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
                    // What is rushed today counts against the greatest order of one day.
                    let order_max = most[i] - if rushed.is_some() { self.scratch.rushed[i] } else { 0 };
                    let bounds = Bounds { lot_size: lots[i], order_min: least[i], order_max };
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
            self.send(n, l);
        }
        if let Some(l) = rushed {
            self.scratch.wants.copy_from_slice(self.scratch.rushed);
            self.send(n, l);
            if let Some(q) = s.lanes()[l].rush_row {
                add_row(row_mut(self.state.rush, q, p), self.scratch.rushed);
            }
        }
    }

    /// What node `n` orders to go over the fast route of its express lane `l`, into `scratch.rushed`;
    /// it joins the inventory position that the normal order looks at. Whether there is any.
    #[inline(always)]
    fn rush(&mut self, n: usize, l: usize) -> bool {
        let s = self.scenario;
        let p = s.products();
        let nothing = self.scratch.expedite.iter().fold(i32::MIN, |a, &b| if b > a { b } else { a }) == i32::MIN;
        if nothing {
            return false;
        }
        expedited_position_row(s, &self.state, n, l, wide_index(self.day), self.scratch.rushed);
        let lots = s.column(Column::LotSize, n);
        let least = s.column(Column::OrderMin, n);
        let most = s.column(Column::OrderMax, n);
        let limit = s.column(Column::PositionMax, n);
        let mut units = 0;
        for i in 0..p {
            let position = self.scratch.position[i];
            let bounds = Bounds { lot_size: lots[i], order_min: least[i], order_max: most[i] };
            let room = if position < limit[i] { limit[i] - position } else { 0 };
            let order = order::quantity(self.scratch.expedite[i], self.scratch.rushed[i], room, bounds);
            self.scratch.rushed[i] = order;
            self.scratch.position[i] = position + order;
            units |= order;
        }
        units != 0
    }

    /// Sends `scratch.wants` of node `n` over lane `l`: charged, counted, and on its way to the supplier.
    #[inline(always)]
    fn send(&mut self, n: usize, l: usize) {
        let s = self.scenario;
        let p = s.products();
        let lane = &s.lanes()[l];
        let orders = &self.scratch.wants[..p];
        let fixed = &s.column(Column::OrderCost, n)[..p];
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
        add_row(row_mut(self.state.ordered_today, l, p), orders);
        let tally = &mut self.today[n];
        tally.ordered += units;
        tally.ledger.ordering += cost;
        if let Some(m) = lane.mail_row {
            post(&mut self.state, s, wide_index(self.day) + lane.order_days, m, orders);
        } else {
            book(&mut self.state, s, wide_index(self.day), l, orders);
        }
    }
}

/// Orders go into the mail of the lane with mail row `m`; the supplier sees them on `day`.
#[inline(always)]
pub(super) fn post(state: &mut State<'_>, s: &Scenario<'_>, day: usize, m: usize, orders: &[i32]) {
    let p = s.products();
    let at = day % s.ring_days() * ring_rows(s) + s.lanes().len() + s.producers + m;
    add_row(row_mut(state.mail, m, p), orders);
    add_row(row_mut(state.ring, at, p), orders);
}

/// Adds a row of quantities to another.
#[inline(always)]
pub(super) fn add_row(to: &mut [i32], units: &[i32]) {
    for (to, &units) in to.iter_mut().zip(units) {
        *to += units;
    }
}

/// Orders reach the supplier on `day`: they wait there and are its demand of the day.
#[inline(always)]
pub(super) fn book(state: &mut State<'_>, s: &Scenario<'_>, day: usize, l: usize, orders: &[i32]) {
    let p = s.products();
    let lane = &s.lanes()[l];
    add_row(row_mut(state.waiting, l, p), orders);
    if let Some(supplier) = lane.supplier {
        let level = row_mut(state.inventory_level, supplier, p);
        let faced = row_mut(state.demand_today, supplier, p);
        for ((level, faced), &q) in level.iter_mut().zip(faced).zip(orders) {
            *level -= q;
            *faced += q;
        }
    }
    if let Some(q) = lane.queue_row {
        add_row(row_mut(state.queue, day % FIRST_COME_DAYS * s.queue_lanes + q, p), orders);
    }
}

/// Inventory position of one node: level plus all that is ordered and not yet stocked.
#[inline(always)]
pub(super) fn position_row(s: &Scenario<'_>, state: &State<'_>, n: usize, position: &mut [i32]) {
    let p = s.products();
    let node = &s.nodes()[n];
    position.copy_from_slice(row(state.inventory_level, n, p));
    let mut add = |rows: &[i32], r: usize| add_row(position, row(rows, r, p));
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

/// Expedited position of one node: what it has, and what it will have by the day on which an order over
/// the fast route of lane `l` would arrive: its level, what waits for or is in production, what the
/// lanes bring until then, and what is already ordered to go fast and not shipped.
#[inline(always)]
fn expedited_position_row(s: &Scenario<'_>, state: &State<'_>, n: usize, l: usize, day: usize, position: &mut [i32]) {
    let p = s.products();
    let node = &s.nodes()[n];
    let lane = &s.lanes()[l];
    position.copy_from_slice(row(state.inventory_level, n, p));
    let mut add = |rows: &[i32], r: usize| add_row(position, row(rows, r, p));
    if node.produces {
        add(state.input_stock, node.producer_row);
        add(state.in_production, node.producer_row);
    }
    for later in 1..=lane.fast_days {
        let slot = (day + later) % s.ring_days();
        for &b in &node.inbound {
            add(state.ring, slot * ring_rows(s) + byte_index(b));
        }
    }
    if let Some(q) = lane.rush_row {
        add(state.rush, q);
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
