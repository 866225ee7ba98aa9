//! Units: what was there and what came is what is there and what went, by stockpoint and in total.

use super::{Books, Snapshot};
use restock_core::Network;

impl Books<'_> {
    /// On hand, in units that can be touched: the level and all that is promised out of it.
    pub(super) fn on_hand(&self, t: &Snapshot, n: usize, i: usize) -> i64 {
        t.level(self.s, n, i) + t.owed(self.s, n, i) + self.outbound(n).map(|l| t.waiting(self.s, l, i)).sum::<i64>()
    }

    /// Ordered by a node and not stocked there, wherever it is.
    pub(super) fn pipeline(&self, t: &Snapshot, n: usize, i: usize) -> i64 {
        let s = self.s;
        let over = |l: usize| t.mail(s, l, i) + t.waiting(s, l, i) + t.staged(s, l, i) + t.transit(s, l, i);
        self.inbound(n).map(over).sum::<i64>() + t.input(s, n, i) + t.making(s, n, i)
    }

    /// All units of a product that can be touched within the chain; promises are not units, and what the
    /// outside world has set aside is still outside.
    pub(super) fn inside(&self, t: &Snapshot, i: usize) -> i64 {
        let s = self.s;
        let at_nodes: i64 =
            (0..s.node_count()).map(|n| self.on_hand(t, n, i) + t.input(s, n, i) + t.making(s, n, i)).sum();
        let on_lanes = |l: usize| {
            let dock = if s.lanes()[l].supplier.is_some() { t.staged(s, l, i) } else { 0 };
            t.transit(s, l, i) + dock
        };
        at_nodes + (0..s.lanes().len()).map(on_lanes).sum::<i64>()
    }

    /// Units that left over a lane today: what is on the road now, was not this morning, or has arrived.
    pub(super) fn shipped(&self, l: usize, i: usize) -> i64 {
        let (s, before, after) = (self.s, &self.before, &self.after);
        after.transit(s, l, i) - before.transit(s, l, i) + before.arriving(s, self.day, l, i)
    }

    /// Units that a lane's supplier set aside for it today, by the goods: on the dock and the road.
    fn set_aside(&self, l: usize, i: usize) -> i64 {
        self.shipped(l, i) + self.after.staged(self.s, l, i) - self.before.staged(self.s, l, i)
    }

    /// Units booked at a lane's supplier today: orders that it sees.
    fn booked(&self, network: &Network<'_, '_>, l: usize, i: usize) -> i64 {
        let mail = self.s.lanes()[l].mail_row.is_some();
        if mail { self.before.seen(self.s, self.day, l, i) } else { self.ordered(network, l, i) }
    }

    pub(super) fn ordered(&self, network: &Network<'_, '_>, l: usize, i: usize) -> i64 {
        i64::from(network.state().ordered_today[l * self.s.products() + i])
    }

    pub(super) fn units(&mut self, network: &Network<'_, '_>, seen: &[(usize, Vec<i32>)]) {
        self.ring_agrees();
        for l in 0..self.s.lanes().len() {
            self.lane(network, l);
        }
        for n in 0..self.s.node_count() {
            let position = seen.iter().find(|(node, _)| *node == n).map(|(_, position)| &position[..]);
            self.node(network, n, position);
        }
        for i in 0..self.s.products() {
            let outside = (0..self.s.lanes().len()).filter(|&l| self.s.lanes()[l].supplier.is_none());
            self.entered[i] += outside.map(|l| self.shipped(l, i)).sum::<i64>();
            let (came, went) = (self.entered[i], self.sold[i] + self.inside(&self.after, i));
            assert_eq!(came, went, "all units, seed {}, day {}, product {i}", self.seed, self.day);
        }
    }

    /// Goods and promises of a lane: what is set aside is what waits no more; the mail forgets nothing.
    fn lane(&self, network: &Network<'_, '_>, l: usize) {
        let (s, before, after) = (self.s, &self.before, &self.after);
        for i in 0..s.products() {
            let at = || format!("lane {l}, {}", self.at(s.lanes()[l].customer, i));
            let promised = self.booked(network, l, i) + before.waiting(s, l, i) - after.waiting(s, l, i);
            assert_eq!(self.set_aside(l, i), promised, "set aside by the goods and by the orders, {}", at());
            assert!(promised >= 0 && self.shipped(l, i) >= 0, "nothing comes back, {}", at());
            let posted = after.mail(s, l, i) - before.mail(s, l, i) + before.seen(s, self.day, l, i);
            let ordered = if s.lanes()[l].mail_row.is_some() { self.ordered(network, l, i) } else { 0 };
            assert_eq!(posted, ordered, "into the mail and out of it, {}", at());
        }
    }

    fn node(&mut self, network: &Network<'_, '_>, n: usize, position: Option<&[i32]>) {
        let (s, p) = (self.s, self.s.products());
        let node = &s.nodes()[n];
        let tally = network.today()[n];
        let (mut received, mut finished, mut shipped, mut ordered) = (0, 0, 0, 0);
        let (mut demand, mut faced, mut lost, mut sold_value) = (0, 0, 0, 0);
        for i in 0..p {
            let (before, after, day) = (&self.before, &self.after, self.day);
            let arrived: i64 = self.inbound(n).map(|l| before.arriving(s, day, l, i)).sum();
            let made = before.finishing(s, day, n, i);
            let started = after.making(s, n, i) - before.making(s, n, i) + made;
            let stocked = if node.produces { made } else { arrived };
            if node.produces {
                let input = before.input(s, n, i) + arrived - started;
                assert_eq!(after.input(s, n, i), input, "input stock, {}", self.at(n, i));
            }
            let all_faced = i64::from(network.state().demand_today[n * p + i]);
            let customers = all_faced - self.outbound(n).map(|l| self.booked(network, l, i)).sum::<i64>();
            // Sold by the goods: what was there, came, did not go to lanes and is not there.
            let aside: i64 = self.outbound(n).map(|l| self.set_aside(l, i)).sum();
            let sold = self.on_hand(before, n, i) + stocked - aside - self.on_hand(after, n, i);
            // And by the promises: what customers wanted, and neither wait for nor went without.
            let missed = customers + before.owed(s, n, i) - after.owed(s, n, i) - sold;
            assert!(customers >= 0 && sold >= 0, "sold {sold} of {customers}, {}", self.at(n, i));
            assert!(missed == 0 || (missed > 0 && node.sells && node.lost_sales), "{missed} vanish, {}", self.at(n, i));
            let (on_hand, level) = (self.on_hand(after, n, i), after.level(s, n, i));
            assert_eq!(on_hand, level.max(0), "stock and backlog meet at the end of a day, {}", self.at(n, i));
            let orders: i64 = self.inbound(n).map(|l| self.ordered(network, l, i)).sum();
            let pipeline = self.pipeline(after, n, i);
            let on_order = self.on_order[n * p + i] - stocked;
            if let Some(position) = position {
                // The level does not change between a node's decision and the end of its day.
                let (found, right) = (i64::from(position[i]), level + on_order);
                assert_eq!(found, right, "position is level plus on order, {}", self.at(n, i));
            }
            assert_eq!(on_order + orders, pipeline, "ordered and not stocked, {}", self.at(n, i));
            received += arrived;
            finished += made;
            shipped += self.inbound(n).map(|l| self.shipped(l, i)).sum::<i64>();
            (demand, faced, lost, ordered) = (demand + customers, faced + all_faced, lost + missed, ordered + orders);
            sold_value += sold * i64::from(s.column(restock_core::layout::Column::UnitValue, n)[i]);
            (self.on_order[n * p + i], self.lost[n * p + i]) = (on_order + orders, missed);
            self.sold[i] += sold;
        }
        self.sold_value += sold_value;
        for (name, found, right) in [
            ("received", tally.received, received),
            ("produced", tally.produced, finished),
            ("shipped to", tally.shipped_to, shipped),
            ("ordered", tally.ordered, ordered),
            ("demand", tally.demand, demand),
            ("faced", tally.faced, faced),
            ("lost", tally.lost, lost),
            ("sold value", tally.sold_value, sold_value),
        ] {
            assert_eq!(found, right, "{name}, seed {}, day {}, node {n}", self.seed, self.day);
        }
        // Of what lanes ordered, what did not begin to wait today was there; what waits today is at least that.
        assert!(
            (0..=tally.faced - tally.demand).contains(&tally.met),
            "met, seed {}, day {}, node {n}",
            self.seed,
            self.day
        );
        let most = tally.demand - tally.lost;
        assert!((0..=most).contains(&tally.served), "served, seed {}, day {}, node {n}", self.seed, self.day);
    }
}
