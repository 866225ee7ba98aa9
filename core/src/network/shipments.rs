//! Step 4: production starts and shipments share what capacity there is.

use super::{Network, product_key, row, row_mut};
use crate::allocation;
use crate::convert::{bits, byte_index, from_bits, index, product, wide, wide_index, word};
use crate::draws::Source;
use crate::layout::Column;
use crate::scenario::{Allocation, FIRST_COME_DAYS, LANES_MAX, ROUTES_PER_LANE_MAX};
use crate::state::ring_rows;
use heapless::Vec;

impl Network<'_, '_> {
    #[inline(always)]
    pub(super) fn produce(&mut self, n: usize) {
        let s = self.scenario;
        let p = s.products();
        let node = &s.nodes()[n];
        let m = node.producer_row;
        let work = s.column(Column::Work, n);
        let input = row_mut(self.state.input_stock, m, p);
        let starts = &mut self.scratch.grants[..p];
        if let Some(capacity) = node.capacity {
            let capacity = (wide(capacity) * wide(self.conditions.capacity[n])) >> 12;
            let weights = row(self.state.capacity_weight, m, p);
            let used = allocation::share_capacity(capacity, input, |i| work[i], |i| weights[i], starts);
            self.today[n].work_used += used;
            self.today[n].work_capacity += capacity;
        } else {
            starts.copy_from_slice(input);
        }
        let slot = (wide_index(self.day) + node.production_days) % s.ring_days();
        let at = slot * ring_rows(s) + s.lanes().len() + m;
        let due = row_mut(self.state.ring, at, p);
        let in_production = row_mut(self.state.in_production, m, p);
        let rates = s.column(Column::ProductionCost, n);
        let mut cost = 0i64;
        for i in 0..p {
            input[i] -= starts[i];
            in_production[i] += starts[i];
            due[i] += starts[i];
            cost += wide(starts[i]) * wide(rates[i]);
        }
        self.today[n].ledger.production += cost;
        if let Some(costs) = self.costs.as_deref_mut() {
            for (i, c) in costs[n * p..(n + 1) * p].iter_mut().enumerate() {
                *c += wide(starts[i]) * wide(rates[i]);
            }
        }
    }

    /// What can go over the lanes goes: node by node, then from the outside world.
    #[inline(always)]
    pub(super) fn ship(&mut self) {
        let s = self.scenario;
        let p = s.products();
        let outside: Vec<u8, LANES_MAX> = s
            .lanes()
            .iter()
            .enumerate()
            .filter(|(_, lane)| lane.supplier.is_none())
            .map(|(l, _)| crate::convert::byte(l))
            .collect();
        for n in 0..=s.node_count() {
            let node = s.nodes().get(n);
            let lanes = node.map_or(&outside, |node| &node.outbound);
            let shared = node.is_some() && lanes.len() > 1;
            if shared {
                self.allocate_among_lanes(n);
            }
            for (i, &b) in lanes.iter().enumerate() {
                match node {
                    Some(_) if shared => self.scratch.grants.copy_from_slice(row(self.scratch.shares, i, p)),
                    Some(node) => self.allocate_to_lane(n, node.mixed_row, byte_index(b)),
                    None => {
                        // The outside world has everything: all that waits is allocated.
                        let waiting = row_mut(self.state.waiting, byte_index(b), p);
                        self.scratch.grants.copy_from_slice(waiting);
                        waiting.fill(0);
                    }
                }
                self.transport(byte_index(b));
            }
        }
    }

    /// Grants the one lane of a node what its stock allows.
    #[inline(always)]
    fn allocate_to_lane(&mut self, n: usize, mixed_row: Option<usize>, l: usize) {
        let p = self.scenario.products();
        let stock = &row(self.state.inventory_level, n, p)[..p];
        let waiting = &mut row_mut(self.state.waiting, l, p)[..p];
        let grants = &mut self.scratch.grants[..p];
        if let Some(x) = mixed_row {
            let owed = &row(self.state.customer_backorder, x, p)[..p];
            for i in 0..p {
                let available = stock[i] + waiting[i] + owed[i];
                grants[i] = if available < waiting[i] { available } else { waiting[i] };
                waiting[i] -= grants[i];
            }
        } else {
            // What is owed is all to this lane: after shipping, the backlog that is left is what waits.
            for i in 0..p {
                let left = if stock[i] < 0 { -stock[i] } else { 0 };
                grants[i] = waiting[i] - left;
                waiting[i] = left;
            }
        }
    }

    /// Shares a node's stock among its lanes, by the node's rule; the grants go to `scratch.shares`.
    fn allocate_among_lanes(&mut self, n: usize) {
        let s = self.scenario;
        let p = s.products();
        let node = &s.nodes()[n];
        let lanes = &node.outbound;
        let count = lanes.len();
        let mut claims = [0i32; LANES_MAX];
        let mut grants = [0i32; LANES_MAX];
        for i in 0..p {
            let mut owed = node.mixed_row.map_or(0, |x| self.state.customer_backorder[x * p + i]);
            for (claim, &b) in claims.iter_mut().zip(lanes) {
                *claim = self.state.waiting[byte_index(b) * p + i];
                owed += *claim;
            }
            let available = self.state.inventory_level[n * p + i] + owed;
            match node.allocation {
                Allocation::Proportional => allocation::proportional(available, &claims[..count], &mut grants[..count]),
                Allocation::Priority => allocation::in_order(available, &claims[..count], &mut grants[..count]),
                Allocation::FirstCome => self.serve_queue(n, i, available, &mut grants[..count]),
            }
            for (k, &b) in lanes.iter().enumerate() {
                self.state.waiting[byte_index(b) * p + i] -= grants[k];
                self.scratch.shares[k * p + i] = grants[k];
            }
        }
    }

    /// Serves one product's queued orders of a first-come node, the oldest day first.
    fn serve_queue(&mut self, n: usize, product: usize, available: i32, grants: &mut [i32]) {
        let s = self.scenario;
        let p = s.products();
        let today = wide_index(self.day) % FIRST_COME_DAYS;
        let mut left = available;
        grants.fill(0);
        for later in 1..=FIRST_COME_DAYS {
            let slot = (today + later) % FIRST_COME_DAYS; // the oldest first, today last
            for (grant, &b) in grants.iter_mut().zip(&s.nodes()[n].outbound) {
                let Some(q) = s.lanes()[byte_index(b)].queue_row else { continue };
                let queued = &mut self.state.queue[(slot * s.queue_lanes + q) * p + product];
                let units = if *queued < left { *queued } else { left };
                *queued -= units;
                *grant += units;
                left -= units;
            }
        }
    }

    /// Puts `scratch.grants` of lane `l` on their way.
    #[inline(always)]
    fn transport(&mut self, l: usize) {
        let s = self.scenario;
        let lane = &s.lanes()[l];
        if lane.staged_row.is_none() && lane.routes == 1 {
            self.dispatch(l, lane.first_route);
        } else {
            self.transport_by_priority(l);
        }
    }

    /// Ships `scratch.grants` over one route: draws lead times, fills the ring, charges freight.
    #[inline(always)]
    fn dispatch(&mut self, l: usize, k: usize) {
        let s = self.scenario;
        let p = s.products();
        let lane = &s.lanes()[l];
        let route = &s.routes()[k];
        let rows = ring_rows(s);
        let days = s.ring_days();
        let slot = wide_index(self.day) % days;
        let grants = &self.scratch.grants[..p];
        let in_transit = &mut row_mut(self.state.in_transit, l, p)[..p];
        let rates = &s.freight(k)[..p];
        let mut cost = 0i64;
        let mut units = 0i64;
        for i in 0..p {
            in_transit[i] += grants[i];
            cost += product(grants[i], rates[i]);
            units += product(grants[i], 1);
        }
        if let Some(lead) = route.lead_fixed {
            let due = &mut row_mut(self.state.ring, (slot + lead) % days * rows + l, p)[..p];
            for i in 0..p {
                due[i] += grants[i];
            }
        } else {
            let draws = self.draws.row(self.day, crate::convert::count(k), Source::LeadTime);
            let leads = s.table(route.lead_table);
            let quantile = &mut self.scratch.cap[..p];
            for (quantile, words) in quantile.iter_mut().zip(s.product_rows()) {
                *quantile = from_bits(draws.two(product_key(words)).0);
            }
            for (i, (&units, &quantile)) in grants.iter().zip(quantile.iter()).enumerate() {
                if units > 0 {
                    let due = slot + index(leads.value(bits(quantile)));
                    let due = if due < days { due } else { due - days };
                    self.state.ring[(due * rows + l) * p + i] += units;
                }
            }
        }
        let customer = lane.customer;
        self.today[customer].ledger.freight += cost;
        self.today[customer].shipped_to += units;
        if let Some(costs) = self.costs.as_deref_mut() {
            for (i, c) in costs[customer * p..(customer + 1) * p].iter_mut().enumerate() {
                *c += wide(grants[i]) * wide(rates[i]);
            }
        }
    }

    /// Ships over a lane with several or limited routes: each product's first choice, then the
    /// other routes in their order; what finds no room stays staged at the supplier.
    #[inline(always)]
    fn transport_by_priority(&mut self, l: usize) {
        let s = self.scenario;
        let p = s.products();
        let lane = &s.lanes()[l];
        // What wants to go: newly allocated and staged before.
        self.scratch.wants.copy_from_slice(self.scratch.grants);
        if let Some(r) = lane.staged_row {
            for (want, &staged) in self.scratch.wants.iter_mut().zip(row(self.state.staged, r, p)) {
                *want += staged;
            }
        }
        let mut room = [0i64; ROUTES_PER_LANE_MAX];
        for (r, room) in room.iter_mut().enumerate().take(lane.routes) {
            let k = lane.first_route + r;
            *room = s.routes()[k].capacity.map_or(i64::MAX, |c| (wide(c) * wide(self.conditions.route[k])) >> 12);
        }
        if let Some(q) = lane.rush_row {
            self.transport_rushed(l, q, &mut room);
        }
        first_routes(row(self.state.route_first, lane.customer, p), lane.routes, self.scratch.position);
        for preference in 0..lane.routes {
            if nothing(self.scratch.wants) {
                break;
            }
            for (r, room) in room.iter_mut().enumerate().take(lane.routes) {
                let Some((least, most)) = first_routes_before(preference, r) else { continue };
                let wants = &mut self.scratch.level[..p];
                for ((wants, &want), &first) in
                    wants.iter_mut().zip(self.scratch.wants.iter()).zip(self.scratch.position.iter())
                {
                    *wants = if least <= first && first <= most { want } else { 0 };
                }
                if nothing(wants) {
                    continue;
                }
                if *room == i64::MAX {
                    self.scratch.grants.copy_from_slice(wants);
                } else {
                    *room -= allocation::share_capacity(*room, wants, |i| s.volume(i), |_| 1, self.scratch.grants);
                }
                for (want, &grant) in self.scratch.wants.iter_mut().zip(self.scratch.grants.iter()) {
                    *want -= grant;
                }
                self.dispatch(l, lane.first_route + r);
            }
        }
        if let Some(r) = lane.staged_row {
            row_mut(self.state.staged, r, p).copy_from_slice(self.scratch.wants);
        }
        if let Some(q) = lane.rush_row {
            self.lapse(l, q);
        }
    }

    /// Of what wants to go over lane `l`, what is to go fast takes the fast route while it has room.
    fn transport_rushed(&mut self, l: usize, q: usize, room: &mut [i64; ROUTES_PER_LANE_MAX]) {
        let s = self.scenario;
        let p = s.products();
        let lane = &s.lanes()[l];
        let rush = row_mut(self.state.rush, q, p);
        if nothing(rush) {
            return;
        }
        let wants = &mut self.scratch.level[..p];
        for ((wants, &want), &rush) in wants.iter_mut().zip(self.scratch.wants.iter()).zip(rush.iter()) {
            *wants = if rush < want { rush } else { want };
        }
        let room = &mut room[lane.fast_route - lane.first_route];
        if *room == i64::MAX {
            self.scratch.grants.copy_from_slice(wants);
        } else {
            *room -= allocation::share_capacity(*room, wants, |i| s.volume(i), |_| 1, self.scratch.grants);
        }
        for ((want, rush), &grant) in self.scratch.wants.iter_mut().zip(rush).zip(self.scratch.grants.iter()) {
            *want -= grant;
            *rush -= grant;
        }
        self.dispatch(l, lane.fast_route);
    }

    /// What was to go fast and has left by another route is asked for no more.
    fn lapse(&mut self, l: usize, q: usize) {
        let s = self.scenario;
        let p = s.products();
        let lane = &s.lanes()[l];
        let rush = row_mut(self.state.rush, q, p);
        if nothing(rush) {
            return;
        }
        let waiting = row(self.state.waiting, l, p);
        for (i, rush) in rush.iter_mut().enumerate() {
            let staged = lane.staged_row.map_or(0, |r| row(self.state.staged, r, p)[i]);
            let mail = lane.mail_row.map_or(0, |m| row(self.state.mail, m, p)[i]);
            let left = waiting[i] + staged + mail;
            *rush = if *rush < left { *rush } else { left };
        }
    }
}

/// Whether a row of quantities is all zero.
#[inline(always)]
fn nothing(units: &[i32]) -> bool {
    units.iter().fold(0, |union, &units| union | units) == 0
}

/// The route that each product asks for first, of those there are. Shapes `[product]`.
#[inline(always)]
fn first_routes(asked: &[i32], routes: usize, first: &mut [i32]) {
    const _: () = assert!(ROUTES_PER_LANE_MAX == 4);
    // A policy may ask for any number. Divisors that the compiler knows cost no division.
    let each = |first: &mut [i32], of: fn(u32) -> u32| {
        for (first, &asked) in first.iter_mut().zip(asked) {
            *first = from_bits(of(bits(if asked > 0 { asked } else { 0 })));
        }
    };
    match routes {
        1 => first.fill(0),
        2 => each(first, |route| route % 2),
        3 => each(first, |route| route % 3),
        _ => each(first, |route| route % 4),
    }
}

/// The first choices, from least to most, after which `route` comes in place `preference`: the first
/// choice comes first, the other routes follow in their order.
#[inline(always)]
fn first_routes_before(preference: usize, route: usize) -> Option<(i32, i32)> {
    let (place, own) = (word(preference), word(route));
    if place == 0 {
        Some((own, own))
    } else if own == place {
        Some((0, place - 1))
    } else if own + 1 == place {
        Some((place, i32::MAX))
    } else {
        None
    }
}
