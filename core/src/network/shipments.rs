//! Step 4: production starts and shipments share what capacity there is.

use super::chance::draw_places;
use super::{Network, quality};
use crate::allocation;
use crate::convert::{bits, byte_index, from_bits, index, product, wide, wide_index, word};
use crate::draws::Source;
use crate::layout::{Column, GRADES};
use crate::rows::{add_at, add_row, at, copy_row, nothing, place_index, places_of, row, row_mut};
use crate::scenario::{Allocation, EventKind, FIRST_COME_DAYS, LANES_MAX, Node, ROUTES_PER_LANE_MAX};
use crate::state::late_words;
use crate::table::Table;

impl Network<'_, '_> {
    #[inline(always)]
    pub(super) fn produce(&mut self, n: usize) {
        let s = self.scenario;
        let p = s.products();
        let Some(node) = s.nodes().get(n) else { return };
        let m = node.producer_row;
        let assembles = node.bom_lines > 0;
        if assembles {
            copy_row(self.scratch.wants, row(self.state.input_stock, m, p));
            self.limit_by_components(n, node);
        }
        let Some(tally) = self.today.get_mut(n) else { return };
        let work = s.column(Column::Work, n);
        let input = row_mut(self.state.input_stock, m, p);
        let wants = if assembles { &*self.scratch.wants } else { &*input };
        let starts = &mut *self.scratch.grants;
        if let Some(capacity) = node.capacity {
            let capacity = (wide(capacity) * wide(self.conditions.value(EventKind::Capacity, n))) >> 12;
            let weights = node.weight_row.map_or(&[][..], |r| row(self.state.capacity_weight, r, p));
            let used = allocation::share_capacity(capacity, wants, work, weights, starts);
            tally.work_used += used;
            tally.work_capacity += capacity;
        } else {
            copy_row(starts, wants);
        }
        let slot = (wide_index(self.day) + node.production_days).checked_rem(s.works_days).unwrap_or(0);
        let due = row_mut(self.state.works_ring, slot * s.producers + m, p);
        let in_production = row_mut(self.state.in_production, m, p);
        let rates = s.column(Column::ProductionCost, n);
        let mut cost = 0i64;
        let stocks = input.iter_mut().zip(in_production).zip(due);
        for (((input, making), due), (&start, &rate)) in stocks.zip(starts.iter().zip(rates)) {
            *input -= start;
            *making += start;
            *due += start;
            cost += wide(start) * wide(rate);
        }
        tally.ledger.production += cost;
        if let Some(costs) = self.costs.as_deref_mut() {
            charge(row_mut(costs, n, p), starts, rates);
        }
    }

    /// What can go over the lanes goes: node by node, then from the outside world.
    #[inline(always)]
    pub(super) fn ship(&mut self) {
        let s = self.scenario;
        let p = s.products();
        for n in 0..=s.node_count() {
            let node = s.nodes().get(n);
            if node.is_some() && self.conditions.stops(EventKind::Shipping, n) {
                continue;
            }
            let lanes = node.map_or(&s.outside, |node| &node.outbound);
            let shared = node.is_some() && lanes.len() > 1;
            if shared {
                self.allocate_among_lanes(n);
            }
            for (i, &b) in lanes.iter().enumerate() {
                if node.is_none() && self.conditions.stops(EventKind::Outside, byte_index(b)) {
                    continue;
                }
                match node {
                    Some(_) if shared => copy_row(self.scratch.grants, row(self.scratch.shares, i, p)),
                    Some(node) => self.allocate_to_lane(n, node.mixed_row, byte_index(b)),
                    None => {
                        // The outside world has everything: all that waits is allocated.
                        let waiting = row_mut(self.state.waiting, byte_index(b), p);
                        copy_row(self.scratch.grants, waiting);
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
        let stock = row(self.state.inventory_level, n, p);
        let waiting = row_mut(self.state.waiting, l, p);
        let rows = self.scratch.grants.iter_mut().zip(waiting).zip(stock);
        if let Some(x) = mixed_row {
            for (((grant, waiting), &stock), &owed) in rows.zip(row(self.state.customer_backorder, x, p)) {
                let available = stock + *waiting + owed;
                let available = if available > 0 { available } else { 0 }; // below 0: a component
                *grant = if available < *waiting { available } else { *waiting };
                *waiting -= *grant;
            }
        } else {
            // What is owed is all to this lane: after shipping, the backlog that is left is what waits. Only a
            // component is owed to others, to production, and no lane waits for it.
            for ((grant, waiting), &stock) in rows {
                let left = if stock < 0 { -stock } else { 0 };
                let left = if left < *waiting { left } else { *waiting };
                *grant = *waiting - left;
                *waiting = left;
            }
        }
    }

    /// Shares a node's stock among its lanes, by the node's rule; the grants go to `scratch.shares`.
    fn allocate_among_lanes(&mut self, n: usize) {
        let s = self.scenario;
        let p = s.products();
        let Some(node) = s.nodes().get(n) else { return };
        let lanes = &node.outbound;
        let (mut claims, mut grants) = ([0i32; LANES_MAX], [0i32; LANES_MAX]);
        let (Some(claims), Some(grants)) = (claims.get_mut(..lanes.len()), grants.get_mut(..lanes.len())) else {
            return;
        };
        for i in 0..p {
            let mut owed = node.mixed_row.map_or(0, |x| at(self.state.customer_backorder, x * p + i));
            for (claim, &b) in claims.iter_mut().zip(lanes) {
                *claim = at(self.state.waiting, byte_index(b) * p + i);
                owed += *claim;
            }
            let available = at(self.state.inventory_level, n * p + i) + owed;
            let available = if available > 0 { available } else { 0 }; // below 0: a component
            match node.allocation {
                Allocation::Proportional => allocation::proportional(available, claims, grants),
                Allocation::Priority => allocation::in_order(available, claims, grants),
                Allocation::FirstCome => self.serve_queue(node, i, available, grants),
            }
            for (k, (&b, &grant)) in lanes.iter().zip(grants.iter()).enumerate() {
                add_at(self.state.waiting, byte_index(b) * p + i, -grant);
                if let Some(share) = self.scratch.shares.get_mut(k * p + i) {
                    *share = grant;
                }
            }
        }
    }

    /// Serves one product's queued orders of a first-come node, the oldest day first.
    fn serve_queue(&mut self, node: &Node, product: usize, available: i32, grants: &mut [i32]) {
        let s = self.scenario;
        let p = s.products();
        let today = wide_index(self.day) % FIRST_COME_DAYS;
        let mut left = available;
        grants.fill(0);
        for later in 1..=FIRST_COME_DAYS {
            let slot = (today + later) % FIRST_COME_DAYS; // the oldest first, today last
            for (grant, &b) in grants.iter_mut().zip(&node.outbound) {
                let Some(q) = s.lanes().get(byte_index(b)).and_then(|lane| lane.queue_row) else { continue };
                let Some(queued) = self.state.queue.get_mut((slot * s.queue_lanes + q) * p + product) else { continue };
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
        let Some(lane) = s.lanes().get(l) else { return };
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
        let (Some(lane), Some(route)) = (s.lanes().get(l), s.routes().get(k)) else { return };
        let slot = s.ring_slot(wide_index(self.day));
        let grants = &*self.scratch.grants;
        let in_transit = row_mut(self.state.in_transit, l, p);
        let rates = s.freight(k);
        let mut cost = 0i64;
        let mut units = 0i64;
        for ((in_transit, &grant), &rate) in in_transit.iter_mut().zip(grants).zip(rates) {
            *in_transit += grant;
            cost += product(grant, rate);
            units += product(grant, 1);
        }
        match (route.lead_fixed, &lane.quality) {
            (Some(lead), None) => {
                let due = s.ring_slot(slot + lead) * s.lanes().len() + l;
                add_row(row_mut(self.state.ring, due, p), grants);
            }
            (_, quality) => {
                let draws = self.draws.row(self.day, crate::convert::count(k), Source::LeadTime);
                // Rows of the nodes' turns, which come before.
                let places = places_of(grants, self.scratch.rushed);
                let quantile = &mut *self.scratch.cap;
                draw_places(s, &draws, places, quantile, None);
                let width = s.lanes().len() * p;
                let tables = route.lead_tables.map(|table| s.table(usize::from(table)));
                let mut road = Road { ring: self.state.ring, days: s.ring_days(), width, first: l * p, slot, tables };
                match quality {
                    None => road.leave(places, grants, quantile),
                    Some(quality) => {
                        let late = self.state.late.get_mut(quality.row * late_words(s) * p..).unwrap_or_default();
                        let grades = row(self.state.grade, quality.row, p);
                        road.leave_graded(places, grants, quantile, grades, route.promise_days, late);
                    }
                }
            }
        }
        let customer = lane.customer;
        if let Some(tally) = self.today.get_mut(customer) {
            tally.ledger.freight += cost;
            tally.shipped_to += units;
        }
        if let Some(costs) = self.costs.as_deref_mut() {
            charge(row_mut(costs, customer, p), grants, rates);
        }
    }

    /// Ships over a lane with several or limited routes: each product's first choice, then the
    /// other routes in their order; what finds no room stays staged at the supplier.
    #[inline(always)]
    fn transport_by_priority(&mut self, l: usize) {
        let s = self.scenario;
        let p = s.products();
        let Some(lane) = s.lanes().get(l) else { return };
        // What wants to go: newly allocated and staged before.
        copy_row(self.scratch.wants, self.scratch.grants);
        if let Some(r) = lane.staged_row {
            add_row(self.scratch.wants, row(self.state.staged, r, p));
        }
        let mut room = [0i64; ROUTES_PER_LANE_MAX];
        for (r, room) in room.iter_mut().enumerate().take(lane.routes) {
            let k = lane.first_route + r;
            let factor = self.conditions.value(EventKind::Route, k);
            *room = match s.routes().get(k).and_then(|route| route.capacity) {
                Some(capacity) => (wide(capacity) * wide(factor)) >> 12,
                None if factor == 0 => 0,
                None => i64::MAX,
            };
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
                let wants = &mut *self.scratch.level;
                for ((wants, &want), &first) in
                    wants.iter_mut().zip(self.scratch.wants.iter()).zip(self.scratch.position.iter())
                {
                    *wants = if least <= first && first <= most { want } else { 0 };
                }
                if nothing(wants) {
                    continue;
                }
                if *room == i64::MAX {
                    copy_row(self.scratch.grants, wants);
                } else {
                    *room -= allocation::share_capacity(*room, wants, s.volumes(), &[], self.scratch.grants);
                }
                for (want, &grant) in self.scratch.wants.iter_mut().zip(self.scratch.grants.iter()) {
                    *want -= grant;
                }
                self.dispatch(l, lane.first_route + r);
            }
        }
        if let Some(r) = lane.staged_row {
            copy_row(row_mut(self.state.staged, r, p), self.scratch.wants);
        }
        if let Some(q) = lane.rush_row {
            self.lapse(l, q);
        }
    }

    /// Of what wants to go over lane `l`, what is to go fast takes the fast route while it has room.
    fn transport_rushed(&mut self, l: usize, q: usize, room: &mut [i64; ROUTES_PER_LANE_MAX]) {
        let s = self.scenario;
        let p = s.products();
        let Some(lane) = s.lanes().get(l) else { return };
        let rush = row_mut(self.state.rush, q, p);
        if nothing(rush) {
            return;
        }
        let wants = &mut *self.scratch.level;
        for ((wants, &want), &rush) in wants.iter_mut().zip(self.scratch.wants.iter()).zip(rush.iter()) {
            *wants = if rush < want { rush } else { want };
        }
        let Some(room) = room.get_mut(lane.fast_route - lane.first_route) else { return };
        if *room == i64::MAX {
            copy_row(self.scratch.grants, wants);
        } else {
            *room -= allocation::share_capacity(*room, wants, s.volumes(), &[], self.scratch.grants);
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
        let Some(lane) = s.lanes().get(l) else { return };
        let rush = row_mut(self.state.rush, q, p);
        if nothing(rush) {
            return;
        }
        let waiting = row(self.state.waiting, l, p);
        let staged = lane.staged_row.map_or(&[][..], |r| row(self.state.staged, r, p));
        let mail = lane.mail_row.map_or(&[][..], |m| row(self.state.mail, m, p));
        for (i, (rush, &waiting)) in rush.iter_mut().zip(waiting).enumerate() {
            let left = waiting + at(staged, i) + at(mail, i);
            *rush = if *rush < left { *rush } else { left };
        }
    }
}

/// A route while goods leave over it: where they arrive.
struct Road<'a, 'm> {
    ring: &'m mut [i32],
    /// Length of the ring.
    days: usize,
    /// Words of one of its days.
    width: usize,
    /// First place of the lane in a day.
    first: usize,
    /// Today's place in the ring.
    slot: usize,
    /// Lead times by grade.
    tables: [Table<'a>; GRADES],
}

impl Road<'_, '_> {
    /// What leaves arrives after the lead time that its quantile gives. `places` are the products that leave.
    #[inline(always)]
    fn leave(&mut self, places: &[i32], units: &[i32], quantile: &[i32]) {
        let [leads, ..] = self.tables;
        for &place in places {
            let i = place_index(place);
            self.arrive(i, at(units, i), index(leads.value(bits(at(quantile, i)))));
        }
    }

    /// The same with a grade for each product; what takes longer than promised is marked.
    #[inline(always)]
    fn leave_graded(
        &mut self,
        places: &[i32],
        units: &[i32],
        quantile: &[i32],
        grades: &[i32],
        promise: usize,
        late: &mut [i32],
    ) {
        let p = units.len();
        for &place in places {
            let i = place_index(place);
            let Some(leads) = self.tables.get(quality::grade(at(grades, i))) else { continue };
            let lead = index(leads.value(bits(at(quantile, i))));
            let due = self.arrive(i, at(units, i), lead);
            if lead > promise
                && let Some(marks) = late.get_mut(due / 32 * p + i)
            {
                *marks |= from_bits(1 << (due % 32));
            }
        }
    }

    /// Puts units of a product into the ring; returns the place of the day on which they arrive.
    #[inline(always)]
    fn arrive(&mut self, i: usize, units: i32, lead: usize) -> usize {
        let due = self.slot + lead;
        let due = if due < self.days { due } else { due - self.days };
        add_at(self.ring, due * self.width + self.first + i, units);
        due
    }
}

/// Adds what units cost to the stockpoints' costs. Shapes `[product]`.
fn charge(costs: &mut [i64], units: &[i32], rates: &[i32]) {
    for ((cost, &units), &rate) in costs.iter_mut().zip(units).zip(rates) {
        *cost += wide(units) * wide(rate);
    }
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
