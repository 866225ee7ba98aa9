//! The end of the oracle's day: production, allocation, transport, accounts.

use super::{Moving, Oracle, Order, add, at};
use restock_core::allocation::share_capacity;
use restock_core::draws::Source;
use restock_core::scenario::Allocation;

impl Oracle<'_> {
    pub(super) fn produce(&mut self, n: usize) {
        let Some(days) = self.plan.nodes[n].production_days else { return };
        let p = self.products();
        let wants: Vec<i32> = (0..p).map(|i| at(&self.input, n, i) as i32).collect();
        let mut starts = wants.clone();
        if let Some(capacity) = self.plan.nodes[n].capacity {
            let capacity = (i64::from(capacity) * self.factor(2, n)) >> 12;
            let weight = |i: usize| self.last.get(&(n, i)).map_or(4, |w| w.weight.clamp(1, 16));
            let used = share_capacity(capacity, &wants, |i| self.plan.stock[n][i].work, weight, &mut starts);
            self.today[n].work_used += used;
            self.today[n].work_capacity += capacity;
        }
        for (i, &units) in starts.iter().enumerate() {
            let units = i64::from(units);
            add(&mut self.input, n, i, -units);
            self.batches.push(Moving { place: n, product: i, units, due: self.day + days as u32 });
            self.charge(n, i, units * i64::from(self.plan.stock[n][i].production_cost), |t| &mut t.production);
        }
    }

    /// Stock goes to the lanes' waiting orders, by the node's rule.
    pub(super) fn allocate(&mut self, n: usize) {
        let lanes = self.plan.outbound(n);
        for i in 0..self.products() {
            let stock = at(&self.on_hand, n, i);
            let claims: Vec<i64> = lanes.iter().map(|&l| self.waiting(l, i)).collect();
            let total: i64 = claims.iter().sum();
            let mut turn: Vec<(usize, i64)> = Vec::new();
            if stock >= total {
                turn = lanes.iter().copied().zip(claims).collect();
            } else {
                match self.plan.nodes[n].allocation {
                    Allocation::Proportional => {
                        let fair: Vec<i64> = claims.iter().map(|c| stock * c / total).collect();
                        let spare = stock - fair.iter().sum::<i64>();
                        // What rounding leaves over: one unit each, in order, to those who still want.
                        let hungry = |k: usize| fair[k] < claims[k];
                        for (k, &l) in lanes.iter().enumerate() {
                            let before = (0..k).filter(|&j| hungry(j)).count() as i64;
                            turn.push((l, fair[k] + i64::from(hungry(k) && before < spare)));
                        }
                    }
                    Allocation::Priority => {
                        let mut ranked = lanes.clone();
                        ranked.sort_by_key(|&l| self.plan.lanes[l].priority);
                        turn = ranked.into_iter().map(|l| (l, i64::MAX)).collect();
                    }
                    Allocation::FirstCome => {
                        // The queue remembers one ring of days; what is older counts as that old.
                        let oldest = (self.day + 1).saturating_sub(self.plan.ring_days as u32);
                        let mut queue: Vec<&Order> = self
                            .orders
                            .iter()
                            .filter(|o| lanes.contains(&o.lane) && o.product == i && o.seen <= self.day)
                            .collect();
                        queue.sort_by_key(|o| (o.seen.max(oldest), o.lane));
                        turn = queue.iter().map(|o| (o.lane, o.units)).collect();
                    }
                }
            }
            for (l, most) in turn {
                let units = most.min(self.waiting(l, i)).min(at(&self.on_hand, n, i));
                add(&mut self.on_hand, n, i, -units);
                self.settle(l, i, units);
            }
        }
    }

    pub(super) fn allocate_outside(&mut self) {
        for l in 0..self.plan.lanes.len() {
            if self.plan.lanes[l].supplier.is_none() {
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
        let day = self.day;
        for order in self.orders.iter_mut().filter(|o| o.lane == l && o.product == i && o.seen <= day) {
            let part = order.units.min(left);
            order.units -= part;
            left -= part;
        }
        self.orders.retain(|o| o.units > 0);
    }

    /// Each product over its first route, then over the others in their order, as far as there is room.
    pub(super) fn transport(&mut self, l: usize) {
        let plan = self.plan;
        let lane = &plan.lanes[l];
        let p = self.products();
        let first = plan.first_route(l);
        let ranking: Vec<Vec<usize>> = (0..p)
            .map(|i| {
                let wished =
                    self.last.get(&(lane.customer, i)).map_or(0, |w| w.route.max(0) as usize % lane.routes.len());
                let mut order: Vec<usize> = (0..lane.routes.len()).filter(|&r| r != wished).collect();
                order.insert(0, wished);
                order
            })
            .collect();
        let mut room: Vec<Option<i64>> = (0..lane.routes.len())
            .map(|r| lane.routes[r].capacity.map(|c| (i64::from(c) * self.factor(3, first + r)) >> 12))
            .collect();
        #[allow(clippy::needless_range_loop)] // The rank is an index into every product's ranking.
        for rank in 0..lane.routes.len() {
            for r in 0..lane.routes.len() {
                let wants: Vec<i32> =
                    (0..p).map(|i| if ranking[i][rank] == r { at(&self.dock, l, i) as i32 } else { 0 }).collect();
                let mut goes = wants.clone();
                if let Some(room) = &mut room[r] {
                    *room -= share_capacity(*room, &wants, |i| plan.products[i].volume, |_| 1, &mut goes);
                }
                for (i, &units) in goes.iter().enumerate().filter(|(_, units)| **units > 0) {
                    self.ship(l, first + r, r, i, i64::from(units));
                }
            }
        }
    }

    fn ship(&mut self, l: usize, route: usize, r: usize, i: usize, units: i64) {
        let lane = &self.plan.lanes[l];
        let (u, _) = self.draws.row(self.day, route as u32, Source::LeadTime).two(self.plan.products[i].key);
        let lead = self.quantile(lane.routes[r].lead_table, u);
        add(&mut self.dock, l, i, -units);
        self.shipments.push(Moving { place: l, product: i, units, due: self.day + lead as u32 });
        self.today[lane.customer].shipped_to += units;
        self.charge(lane.customer, i, units * i64::from(lane.routes[r].freight[i]), |t| &mut t.freight);
    }

    pub(super) fn account(&mut self, n: usize) {
        for i in 0..self.products() {
            let stock = self.plan.stock[n][i];
            let outbound = self.plan.outbound(n);
            let here = at(&self.on_hand, n, i)
                + at(&self.input, n, i)
                + outbound.iter().map(|&l| at(&self.dock, l, i)).sum::<i64>();
            let owed = at(&self.owed, n, i) + outbound.iter().map(|&l| self.waiting(l, i)).sum::<i64>();
            let coming: i64 = self.plan.inbound(n).iter().map(|&l| self.in_transit(l, i)).sum();
            self.charge(n, i, here * i64::from(stock.holding), |t| &mut t.holding);
            self.charge(n, i, owed * i64::from(stock.backorder), |t| &mut t.backorder);
            self.today[n].stock_value += here * i64::from(stock.unit_value);
            self.today[n].transit_value += coming * i64::from(stock.unit_value);
        }
    }
}
