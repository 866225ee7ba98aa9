//! The end of the oracle's day: allocation, transport, accounts.

use super::rules::{Claim, in_proportion, quantile, share_capacity};
use super::{Dated, Moving, Oracle, Order, add, at};
use restock_core::draws::Source;
use restock_core::scenario::{Allocation, EventKind};

/// Days of arrival by which a first-come node tells orders apart.
const FIRST_COME_DAYS: i64 = 32;

impl Oracle<'_> {
    /// Whether nothing leaves over a lane today: its node, or the outside world, ships nothing.
    fn stopped(&self, l: usize) -> bool {
        let stop = match self.plan.lanes[l].supplier {
            Some(n) => self.value(EventKind::Shipping, n),
            None => self.value(EventKind::Outside, l),
        };
        stop == 0
    }

    /// Stock goes to the lanes' waiting orders, by the node's rule.
    pub(super) fn allocate(&mut self, n: usize) {
        if self.value(EventKind::Shipping, n) == 0 {
            return;
        }
        let lanes = self.plan.outbound(n);
        for i in 0..self.products() {
            let stock = at(&self.on_hand, n, i);
            let claims: Vec<i64> = lanes.iter().map(|&l| self.waiting(l, i)).collect();
            let mut turns: Vec<(usize, i64)> = lanes.iter().copied().zip(claims.iter().copied()).collect();
            if stock < claims.iter().sum::<i64>() {
                match self.plan.nodes[n].allocation {
                    Allocation::Proportional => {
                        turns = lanes.iter().copied().zip(in_proportion(stock, &claims)).collect();
                    }
                    Allocation::Priority => turns.sort_by_key(|&(l, _)| self.plan.lanes[l].priority),
                    Allocation::FirstCome => turns = self.queue_of(&lanes, i),
                }
            }
            for (l, most) in turns {
                let units = most.min(at(&self.on_hand, n, i));
                add(&mut self.on_hand, n, i, -units);
                self.settle(l, i, units);
            }
        }
    }

    /// The orders of a first-come node: the oldest first, those of one day in the order of their lanes.
    /// The queue remembers so many days; what is older counts as that old.
    fn queue_of(&self, lanes: &[usize], product: usize) -> Vec<(usize, i64)> {
        let oldest = i64::from(self.day) + 1 - FIRST_COME_DAYS;
        let mut queue: Vec<&Order> =
            self.orders.iter().filter(|o| lanes.contains(&o.lane) && o.product == product).collect();
        queue.sort_by_key(|o| (o.seen.max(oldest), o.lane));
        queue.iter().map(|o| (o.lane, o.units)).collect()
    }

    /// The outside world has everything.
    pub(super) fn allocate_outside(&mut self) {
        for l in 0..self.plan.lanes.len() {
            if self.plan.lanes[l].supplier.is_none() && !self.stopped(l) {
                for i in 0..self.products() {
                    self.settle(l, i, self.waiting(l, i));
                }
            }
        }
    }

    /// Takes units off a lane's waiting orders, the oldest first, and puts them on its dock.
    fn settle(&mut self, l: usize, i: usize, units: i64) {
        add(&mut self.dock, l, i, units);
        let mut left = units;
        for order in self.orders.iter_mut().filter(|o| o.lane == l && o.product == i) {
            let part = order.units.min(left);
            order.units -= part;
            left -= part;
        }
        self.orders.retain(|o| o.units > 0);
    }

    /// What is rushed over the fast route; then each product over its first route, then over the others in
    /// their order, as far as there is room.
    pub(super) fn transport(&mut self, l: usize) {
        if self.stopped(l) {
            return;
        }
        let plan = self.plan;
        let lane = &plan.lanes[l];
        let p = self.products();
        let first = plan.first_route(l);
        let mut room: Vec<Option<i64>> = (0..lane.routes.len())
            .map(|r| {
                let factor = self.value(EventKind::Route, first + r);
                let limit = lane.routes[r].capacity.map(|c| (i64::from(c) * factor) >> 12);
                // Closed, limited or not.
                if factor == 0 { Some(0) } else { limit }
            })
            .collect();
        if lane.routes.len() > 1 {
            let wants: Vec<i64> = (0..p).map(|i| at(&self.rush, l, i).min(at(&self.dock, l, i))).collect();
            for (i, units) in self.go(l, plan.fast_route(l), &mut room, &wants).into_iter().enumerate() {
                add(&mut self.rush, l, i, -units);
            }
        }
        let rankings: Vec<Vec<usize>> = (0..p).map(|i| self.ranking(l, i)).collect();
        #[allow(clippy::needless_range_loop)] // The rank is an index into every product's ranking.
        for rank in 0..lane.routes.len() {
            for r in 0..lane.routes.len() {
                let wants: Vec<i64> =
                    (0..p).map(|i| if rankings[i][rank] == r { at(&self.dock, l, i) } else { 0 }).collect();
                self.go(l, r, &mut room, &wants);
            }
        }
        for i in 0..p {
            // What has left by another route is asked for no more.
            let left = self.waiting(l, i) + at(&self.dock, l, i) + self.mail(l, i);
            let rush = at(&self.rush, l, i).min(left);
            self.rush.insert((l, i), rush);
        }
    }

    fn ranking(&self, l: usize, product: usize) -> Vec<usize> {
        let lane = &self.plan.lanes[l];
        let routes = lane.routes.len();
        let wished = self.last.get(&(lane.customer, product)).map_or(0, |w| w.route.max(0) as usize % routes);
        let mut order: Vec<usize> = (0..routes).filter(|&r| r != wished).collect();
        order.insert(0, wished);
        order
    }

    /// As much of `wants` as there is room for leaves over route `r` of a lane; returns how much.
    fn go(&mut self, l: usize, r: usize, room: &mut [Option<i64>], wants: &[i64]) -> Vec<i64> {
        let mut goes = wants.to_vec();
        if let Some(room) = &mut room[r] {
            let volume = |i: usize| i64::from(self.plan.products[i].volume);
            let claim = |(i, &wants): (usize, &i64)| Claim { wants, uses: volume(i), weight: 1 };
            let claims: Vec<Claim> = wants.iter().enumerate().map(claim).collect();
            let (granted, used) = share_capacity(*room, &claims);
            goes = granted;
            *room -= used;
        }
        for (i, &units) in goes.iter().enumerate().filter(|(_, units)| **units > 0) {
            self.ship(l, r, i, units);
        }
        goes
    }

    fn ship(&mut self, l: usize, r: usize, i: usize, units: i64) {
        let plan = self.plan;
        let (customer, route) = (plan.lanes[l].customer, &plan.lanes[l].routes[r]);
        let place = (plan.first_route(l) + r) as u32;
        let (u, _) = self.draws.row(self.day, place, Source::LeadTime).two(plan.products[i].key);
        let graded = plan.lanes[l].grades.is_some();
        let table = route.by_grade.filter(|_| graded).map_or(route.lead_table, |tables| tables[self.grade_of(l, i)]);
        let lead = quantile(&plan.tables[table], u);
        add(&mut self.dock, l, i, -units);
        let late = graded && lead > i64::from(route.promise_days);
        self.put(self.day + lead as u32, Dated::Arrival(Moving { place: l, product: i, units, late }));
        self.today[customer].shipped_to += units;
        self.charge(customer, i, units * i64::from(route.freight[i]), |t| &mut t.freight);
    }

    pub(super) fn account(&mut self, n: usize) {
        for i in 0..self.products() {
            let stock = self.plan.stock[n][i];
            let outbound = self.plan.outbound(n);
            let here = at(&self.on_hand, n, i)
                + at(&self.input, n, i)
                + at(&self.yard, n, i)
                + outbound.iter().map(|&l| at(&self.dock, l, i)).sum::<i64>();
            // Of a component, what is not there for the orders that need it.
            let missing = (self.needed(n, i) - at(&self.on_hand, n, i)).max(0);
            let owed = at(&self.owed, n, i) + outbound.iter().map(|&l| self.waiting(l, i)).sum::<i64>() + missing;
            let coming: i64 = self.plan.inbound(n).iter().map(|&l| self.in_transit(l, i)).sum();
            self.charge(n, i, here * i64::from(stock.holding), |t| &mut t.holding);
            self.charge(n, i, owed * i64::from(stock.backorder), |t| &mut t.backorder);
            let room = at(&self.yard, n, i) * i64::from(self.plan.products[i].volume);
            let rate = i64::from(self.plan.nodes[n].overflow_rate);
            self.charge(n, i, room * rate / 1024, |t| &mut t.overflow);
            self.today[n].stock_value += here * i64::from(stock.unit_value);
            self.today[n].transit_value += coming * i64::from(stock.unit_value);
        }
    }
}
