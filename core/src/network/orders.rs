//! Step 3: levels become orders, and orders reach their suppliers.

use super::Network;
use crate::convert::{byte_index, product, wide, wide_index};
use crate::layout::Column;
use crate::order::{self, Bounds};
use crate::rows::{add_row, at, copy_row, row, row_mut};
use crate::scenario::{FIRST_COME_DAYS, Scenario};
use crate::state::{State, StateView};

impl Network<'_, '_> {
    #[inline(always)]
    pub(super) fn place_orders(&mut self, n: usize) {
        let s = self.scenario;
        let p = s.products();
        let Some(node) = s.nodes().get(n) else { return };
        if node.bom_lines > 0 {
            self.release(n, node);
        }
        let rushed = node.express.filter(|_| self.rush(n));
        let lots = s.column(Column::LotSize, n);
        let least = s.column(Column::OrderMin, n);
        let most = s.column(Column::OrderMax, n);
        let limit = s.column(Column::PositionMax, n);
        for &b in &node.inbound {
            let l = byte_index(b);
            let Some(lane) = s.lanes().get(l) else { continue };
            let whole = lane.share_until - lane.share_before == 1_000_000;
            let (level, cap, position) = (&*self.scratch.level, &*self.scratch.cap, &*self.scratch.position);
            let orders = self.scratch.wants.iter_mut();
            let targets = level.iter().zip(limit).map(|(&level, &limit)| if level < limit { level } else { limit });
            if whole && node.plain_orders && rushed.is_none() {
                let bounds = position.iter().zip(cap).zip(most);
                for ((order, target), ((&position, &cap), &most)) in orders.zip(targets).zip(bounds) {
                    *order = order::plain(target, position, cap, most);
                }
            } else {
                for (i, (order, target)) in orders.zip(targets).enumerate() {
                    // What is rushed today counts against the greatest order of one day.
                    let order_max = at(most, i) - if rushed.is_some() { at(self.scratch.rushed, i) } else { 0 };
                    let bounds = Bounds { lot_size: at(lots, i), order_min: at(least, i), order_max };
                    *order = if whole {
                        order::quantity(target, at(position, i), at(cap, i), bounds)
                    } else {
                        // What rounding up has added on the lanes before counts against the cap.
                        let before = node.inbound.iter().map_while(|&e| (e < b).then(|| byte_index(e) * p + i));
                        let earlier = before.map(|place| at(self.state.ordered_today, place)).sum();
                        let (position, cap) = (at(position, i), at(cap, i));
                        lane_order(target, position, cap, bounds, lane.share_before, lane.share_until, earlier)
                    };
                }
            }
            self.send(n, l);
        }
        if let Some(l) = rushed {
            copy_row(self.scratch.wants, self.scratch.rushed);
            self.send(n, l);
            if let Some(q) = s.lanes().get(l).and_then(|lane| lane.rush_row) {
                add_row(row_mut(self.state.rush, q, p), self.scratch.rushed);
            }
        }
    }

    /// What node `n` orders to go over the fast route of its express lane, into `scratch.rushed`;
    /// it joins the inventory position that the normal order looks at. Whether there is any.
    #[inline(always)]
    fn rush(&mut self, n: usize) -> bool {
        let s = self.scenario;
        let nothing = self.scratch.expedite.iter().fold(i32::MIN, |a, &b| if b > a { b } else { a }) == i32::MIN;
        if nothing {
            return false;
        }
        let Some(rows) = expedited_rows(s, self.state.view(), n, wide_index(self.day)) else { return false };
        self.scratch.rushed.fill(0);
        for row in rows {
            add_row(self.scratch.rushed, row);
        }
        let lots = s.column(Column::LotSize, n);
        let least = s.column(Column::OrderMin, n);
        let most = s.column(Column::OrderMax, n);
        let limit = s.column(Column::PositionMax, n);
        let mut units = 0;
        let rows =
            self.scratch.rushed.iter_mut().zip(self.scratch.position.iter_mut()).zip(self.scratch.expedite.iter());
        for (i, ((rushed, position), &level)) in rows.enumerate() {
            let bounds = Bounds { lot_size: at(lots, i), order_min: at(least, i), order_max: at(most, i) };
            let limit = at(limit, i);
            let room = if *position < limit { limit - *position } else { 0 };
            // The row comes in as the expedited position.
            *rushed = order::quantity(level, *rushed, room, bounds);
            *position += *rushed;
            units |= *rushed;
        }
        units != 0
    }

    /// Sends `scratch.wants` of node `n` over lane `l`: charged, counted, and on its way to the supplier.
    #[inline(always)]
    fn send(&mut self, n: usize, l: usize) {
        let s = self.scenario;
        let p = s.products();
        let (Some(lane), Some(tally)) = (s.lanes().get(l), self.today.get_mut(n)) else { return };
        let orders = &*self.scratch.wants;
        let fixed = s.column(Column::OrderCost, n);
        let mut units = 0i64;
        let mut cost = 0i64;
        for (&order, &fixed) in orders.iter().zip(fixed) {
            units += product(order, 1);
            cost += product(if order > 0 { fixed } else { 0 }, 1);
        }
        if let Some(costs) = self.costs.as_deref_mut() {
            for ((c, &q), &k) in row_mut(costs, n, p).iter_mut().zip(orders.iter()).zip(fixed) {
                *c += if q > 0 { wide(k) } else { 0 };
            }
        }
        add_row(row_mut(self.state.ordered_today, l, p), orders);
        tally.ordered += units;
        tally.ledger.ordering += cost;
        if let Some(m) = lane.mail_row {
            post(&mut self.state, s, wide_index(self.day) + lane.order_days, m, orders);
        } else {
            let met = book(&mut self.state, s, wide_index(self.day), l, orders);
            if let Some(supplier) = lane.supplier.and_then(|supplier| self.today.get_mut(supplier)) {
                supplier.met += met;
            }
        }
    }
}

/// Orders go into the mail of the lane with mail row `m`; the supplier sees them on `day`.
#[inline(always)]
pub(super) fn post(state: &mut State<'_>, s: &Scenario<'_>, day: usize, m: usize, orders: &[i32]) {
    let p = s.products();
    let due = day.checked_rem(s.mail_days).unwrap_or(0) * s.mail_lanes + m;
    add_row(row_mut(state.mail, m, p), orders);
    add_row(row_mut(state.mail_ring, due, p), orders);
}

/// Orders reach the supplier on `day`: they wait there and are its demand of the day. Returns how much of them
/// there is stock for [units]; 0 for the outside world.
#[inline(always)]
pub(super) fn book(state: &mut State<'_>, s: &Scenario<'_>, day: usize, l: usize, orders: &[i32]) -> i64 {
    let p = s.products();
    let Some(lane) = s.lanes().get(l) else { return 0 };
    let mut met = 0;
    add_row(row_mut(state.waiting, l, p), orders);
    if let Some(supplier) = lane.supplier {
        let level = row_mut(state.inventory_level, supplier, p);
        let faced = row_mut(state.demand_today, supplier, p);
        for ((level, faced), &q) in level.iter_mut().zip(faced).zip(orders) {
            let on_hand = if *level > 0 { *level } else { 0 };
            met += product(if on_hand < q { on_hand } else { q }, 1);
            *level -= q;
            *faced += q;
        }
    }
    if let Some(q) = lane.queue_row {
        add_row(row_mut(state.queue, day % FIRST_COME_DAYS * s.queue_lanes + q, p), orders);
    }
    met
}

/// Inventory position of one node: level plus all that is ordered and not yet stocked, in the yard too.
#[inline(always)]
pub(super) fn position_row(s: &Scenario<'_>, state: &StateView<'_>, n: usize, position: &mut [i32]) {
    copy_row(position, row(state.inventory_level, n, s.products()));
    add_supply_row(s, state, n, position);
}

/// Adds the same to what is there.
pub(crate) fn add_position_row(s: &Scenario<'_>, state: &StateView<'_>, n: usize, position: &mut [i32]) {
    add_row(position, row(state.inventory_level, n, s.products()));
    add_supply_row(s, state, n, position);
}

/// Adds what one node has ordered and not yet stocked.
#[inline(always)]
fn add_supply_row(s: &Scenario<'_>, state: &StateView<'_>, n: usize, position: &mut [i32]) {
    let p = s.products();
    let mut add = |rows: &[i32], r: usize| add_row(position, row(rows, r, p));
    let Some(node) = s.nodes().get(n) else { return };
    for &b in &node.inbound {
        let l = byte_index(b);
        let Some(lane) = s.lanes().get(l) else { continue };
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
    if let Some(y) = node.yard_row {
        add(state.yard, y);
    }
}

/// Rows of shape `[product]` that add up to the expedited position of one node: what it has, and what it will
/// have by the day on which an order over the fast route of its express lane would arrive: its level, what
/// waits for or is in production or for room, what the lanes bring until then, and what is already ordered to
/// go fast and not shipped. None where no inbound lane has several routes.
#[inline(always)]
pub(crate) fn expedited_rows<'a>(
    s: &'a Scenario<'_>,
    state: StateView<'a>,
    n: usize,
    day: usize,
) -> Option<impl Iterator<Item = &'a [i32]>> {
    let p = s.products();
    let node = s.nodes().get(n)?;
    let lane = node.express.and_then(|l| s.lanes().get(l))?;
    let works = node.produces.then_some(node.producer_row);
    let own = [
        Some(row(state.inventory_level, n, p)),
        works.map(|m| row(state.input_stock, m, p)),
        works.map(|m| row(state.in_production, m, p)),
        node.yard_row.map(|y| row(state.yard, y, p)),
        lane.rush_row.map(|q| row(state.rush, q, p)),
    ];
    let arriving = (1..=lane.fast_days).flat_map(move |later| {
        let first = s.ring_slot(day + later) * s.lanes().len();
        node.inbound.iter().map(move |&b| row(state.ring, first + byte_index(b), p))
    });
    Some(own.into_iter().flatten().chain(arriving))
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
