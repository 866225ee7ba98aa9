//! The middle of the oracle's day: forecasts, decisions, orders, production.

use super::rules::{Claim, order_quantity, share_capacity};
use super::{Dated, Moving, Oracle, Order, add, at};
use crate::random_network::{Wish, wish};
use restock_core::order::NOTHING;

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
                self.order(n, i, w);
            }
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
        let claims: Vec<Claim> = (0..self.products())
            .map(|i| Claim {
                wants: at(&self.input, n, i),
                uses: i64::from(self.plan.stock[n][i].work),
                weight: self.last.get(&(n, i)).map_or(4, |w| i64::from(w.weight.clamp(1, 16))),
            })
            .collect();
        let mut starts: Vec<i64> = claims.iter().map(|c| c.wants).collect();
        if let Some(capacity) = self.plan.nodes[n].capacity {
            let capacity = (i64::from(capacity) * self.factor(2, n)) >> 12;
            let (granted, used) = share_capacity(capacity, &claims);
            starts = granted;
            self.today[n].work_used += used;
            self.today[n].work_capacity += capacity;
        }
        for (i, &units) in starts.iter().enumerate().filter(|(_, units)| **units > 0) {
            add(&mut self.input, n, i, -units);
            self.put(self.day + days as u32, Dated::Finished(Moving { place: n, product: i, units }));
            self.charge(n, i, units * i64::from(self.plan.stock[n][i].production_cost), |t| &mut t.production);
        }
    }
}
