//! The middle of the oracle's day: forecasts, decisions, orders, production.

use super::rules::{Claim, order_quantity, share_capacity};
use super::{Dated, Moving, Oracle, Order, add, at};
use crate::random_network::{Wish, wish};
use restock_core::order::NOTHING;
use restock_core::scenario::EventKind;

impl Oracle<'_> {
    pub(super) fn decide(&mut self, n: usize) {
        let plan = self.plan;
        for i in 0..self.products() {
            let faced = at(&self.faced, n, i);
            self.today[n].faced += faced;
        }
        self.learn(n);
        if self.day as usize % plan.nodes[n].review_days == plan.nodes[n].review_offset {
            for i in 0..self.products() {
                let w = wish(self.wishes, self.day, n, plan.products[i].key);
                self.last.insert((n, i), w);
                if plan.inbound(n).iter().any(|&l| plan.lanes[l].grades.is_some()) {
                    self.effort.insert((n, i), i64::from(w.effort.clamp(0, 3)));
                }
                if plan.assembles(n, i) { self.ask(n, i, w) } else { self.order(n, i, w) }
            }
        }
    }

    /// An order of an assembled product goes to the node's own production, which needs components for it.
    fn ask(&mut self, n: usize, i: usize, w: Wish) {
        let stock = self.plan.stock[n][i];
        let missing = i64::from(w.level).min(i64::from(stock.position_max)) - self.position(n, i);
        let most = i64::from(w.cap).min(i64::from(stock.order_max));
        let units = order_quantity(missing, most, i64::from(stock.lot_size), i64::from(stock.order_min));
        if units == 0 {
            return;
        }
        add(&mut self.asked, n, i, units);
        self.charge(n, i, i64::from(stock.order_cost), |t| &mut t.ordering);
        for line in self.plan.lines(n).filter(|line| line.product == i) {
            add(&mut self.dependent, n, line.component, units * i64::from(line.quantity));
        }
    }

    fn order(&mut self, n: usize, i: usize, w: Wish) {
        let stock = self.plan.stock[n][i];
        let (lot, least) = (i64::from(stock.lot_size), i64::from(stock.order_min));
        let (limit, order_max) = (i64::from(stock.position_max), i64::from(stock.order_max));
        let position = self.position(n, i);
        // What is to go fast comes first, and never takes the position past its limit.
        let express = self.plan.express(n).filter(|_| w.expedite != NOTHING);
        let rushed = express.map_or(0, |l| {
            let missing = i64::from(w.expedite) - self.expedited_position(n, l, i);
            order_quantity(missing, (limit - position).min(order_max), lot, least)
        });
        // The whole order, cut at the shares' running sums; what lots and minimum add counts against the cap.
        let most = i64::from(w.cap).min(order_max - rushed).max(0);
        let whole = (i64::from(w.level).min(limit) - position - rushed).clamp(0, most);
        let (mut share, mut ordered) = (0, 0);
        for l in self.plan.inbound(n) {
            let until = share + i64::from(self.plan.lanes[l].share);
            let part = whole * until / 1_000_000 - whole * share / 1_000_000;
            share = until;
            let units = order_quantity(part, most - ordered, lot, least);
            ordered += units;
            self.send(l, i, units, n);
        }
        if let Some(l) = express {
            self.send(l, i, rushed, n);
            add(&mut self.rush, l, i, rushed);
        }
    }

    fn send(&mut self, l: usize, i: usize, units: i64, n: usize) {
        if units == 0 {
            return;
        }
        let days = self.plan.lanes[l].order_days as u32;
        add(&mut self.ordered, l, i, units);
        self.today[n].ordered += units;
        self.charge(n, i, i64::from(self.plan.stock[n][i].order_cost), |t| &mut t.ordering);
        let seen = self.day + days;
        let order = Order { lane: l, product: i, units, seen: i64::from(seen) };
        if days == 0 { self.see(order) } else { self.put(seen, Dated::Mail(order)) }
    }

    pub(super) fn produce(&mut self, n: usize) {
        let Some(days) = self.plan.nodes[n].production_days else { return };
        let mut starts: Vec<i64> =
            (0..self.products()).map(|i| at(&self.input, n, i) + at(&self.asked, n, i)).collect();
        // One component after the other is shared among what it goes into.
        for component in 0..self.products() {
            let quantity = |i: usize| {
                let line = self.plan.lines(n).find(|line| (line.component, line.product) == (component, i));
                line.map_or(0, |line| i64::from(line.quantity))
            };
            let claim = |(i, &wants): (usize, &i64)| Claim { wants, uses: quantity(i), weight: self.weight(n, i) };
            let claims: Vec<Claim> = starts.iter().enumerate().map(claim).collect();
            starts = share_capacity(at(&self.on_hand, n, component), &claims).0;
        }
        if let Some(capacity) = self.plan.nodes[n].capacity {
            let capacity = (i64::from(capacity) * self.value(EventKind::Capacity, n)) >> 12;
            let work = |i: usize| i64::from(self.plan.stock[n][i].work);
            let claim = |(i, &wants): (usize, &i64)| Claim { wants, uses: work(i), weight: self.weight(n, i) };
            let claims: Vec<Claim> = starts.iter().enumerate().map(claim).collect();
            let (granted, used) = share_capacity(capacity, &claims);
            starts = granted;
            self.today[n].work_used += used;
            self.today[n].work_capacity += capacity;
        }
        for (i, &units) in starts.iter().enumerate().filter(|(_, units)| **units > 0) {
            let assembled = self.plan.assembles(n, i);
            add(if assembled { &mut self.asked } else { &mut self.input }, n, i, -units);
            for line in self.plan.lines(n).filter(|line| line.product == i) {
                add(&mut self.on_hand, n, line.component, -units * i64::from(line.quantity));
            }
            let batch = Moving { place: n, product: i, units, late: false };
            self.put(self.day + days as u32, Dated::Finished(batch));
            self.charge(n, i, units * i64::from(self.plan.stock[n][i].production_cost), |t| &mut t.production);
        }
    }
}
