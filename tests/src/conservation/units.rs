//! Units: what was there and what came is what is there and what went, by stockpoint and in total.

use super::snapshot::{assembled, component};
use super::{Books, Snapshot};
use restock_core::Network;
use restock_core::scenario::EventKind;

impl Books<'_> {
    /// On hand, in units that can be touched: the level and all that is promised out of it.
    pub(super) fn on_hand(&self, t: &Snapshot, n: usize, i: usize) -> i64 {
        let promised = self.outbound(n).map(|l| t.waiting(self.s, l, i)).sum::<i64>() + t.needed(self.s, n, i);
        t.level(self.s, n, i) + t.owed(self.s, n, i) + promised
    }

    /// Good units that come to a node's shelf or yard today.
    pub(super) fn stocked(&self, n: usize, i: usize) -> i64 {
        let arrived: i64 = self.inbound(n).map(|l| self.arrived(l, i) - self.defective(l, i)).sum();
        let made = self.before.finishing(self.s, self.day, n, i) - self.spoilt(n, i);
        // Who produces stocks what it makes, and what it makes other things of.
        if !self.s.nodes()[n].produces || component(self.s, n, i) { arrived + made } else { made }
    }

    /// Units of a component that today's production starts take.
    pub(super) fn consumed(&self, n: usize, i: usize) -> i64 {
        let lines = self.s.bom(&self.s.nodes()[n]).filter(|line| line.component == i);
        lines.map(|line| i64::from(line.quantity) * self.started(n, line.product)).sum()
    }

    /// Whether node `n` may ship nothing on some days.
    fn may_stop(&self, n: usize) -> bool {
        let stops = |kind: EventKind, place: usize| kind == EventKind::Shipping && place == n;
        self.s.events().any(|e| stops(e.kind, e.place)) || self.s.disruptions().iter().any(|d| stops(d.kind, d.place))
    }

    /// Ordered by a node and not stocked there, wherever it is.
    pub(super) fn pipeline(&self, t: &Snapshot, n: usize, i: usize) -> i64 {
        let s = self.s;
        let over = |l: usize| t.mail(s, l, i) + t.waiting(s, l, i) + t.staged(s, l, i) + t.transit(s, l, i);
        self.inbound(n).map(over).sum::<i64>() + t.input(s, n, i) + t.making(s, n, i) + t.yard(s, n, i)
    }

    /// All units of a product that can be touched within the chain; promises are not units, and what the
    /// outside world has set aside is still outside.
    pub(super) fn inside(&self, t: &Snapshot, i: usize) -> i64 {
        let s = self.s;
        let at_node = |n: usize| self.on_hand(t, n, i) + t.goods(s, n, i) + t.making(s, n, i) + t.yard(s, n, i);
        let at_nodes: i64 = (0..s.node_count()).map(at_node).sum();
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
            let (came, went) = (self.entered[i], self.left[i] + self.inside(&self.after, i));
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
        let (mut received, mut finished, mut scrapped, mut shipped, mut ordered) = (0, 0, 0, 0, 0);
        let (mut demand, mut faced, mut lost, mut sold_value) = (0, 0, 0, 0);
        for i in 0..p {
            let (before, after) = (&self.before, &self.after);
            let arrived: i64 = self.inbound(n).map(|l| self.arrived(l, i)).sum();
            let (started, stocked, bad) = (self.started(n, i), self.stocked(n, i), self.scrapped(n, i));
            let released = self.released(n, i);
            let all_faced = i64::from(network.state().demand_today[n * p + i]);
            let lanes = self.outbound(n).map(|l| self.booked(network, l, i)).sum::<i64>();
            let customers = all_faced - lanes - before.dependent(s, n, i);
            // Sold by the goods: what was there, came, did not go to lanes or into products and is not there.
            let (aside, consumed) = (self.outbound(n).map(|l| self.set_aside(l, i)).sum::<i64>(), self.consumed(n, i));
            let there = |t| self.on_hand(t, n, i) + t.yard(s, n, i);
            let sold = there(before) + stocked - aside - consumed - there(after);
            // And by the promises: what customers wanted, and neither wait for nor went without.
            let missed = customers + before.owed(s, n, i) - after.owed(s, n, i) - sold;
            assert!(customers >= 0 && sold >= 0, "sold {sold} of {customers}, {}", self.at(n, i));
            assert!(missed == 0 || (missed > 0 && node.sells && node.lost_sales), "{missed} vanish, {}", self.at(n, i));
            self.stock_meets_backlog(n, i);
            let orders: i64 = self.inbound(n).map(|l| self.ordered(network, l, i)).sum();
            let pipeline = self.pipeline(after, n, i);
            // What has come to the shelf, or to nothing, is not on order any more.
            let shelved = before.yard(s, n, i) + stocked - after.yard(s, n, i);
            let on_order = self.on_order[n * p + i] - shelved - bad;
            if let Some(position) = position {
                // Between a node's decision and the end of its day its level changes by what its own production
                // asks of components.
                let level = after.level(s, n, i) + after.dependent(s, n, i);
                let (found, right) = (i64::from(position[i]), level + on_order);
                assert_eq!(found, right, "position is level plus on order, {}", self.at(n, i));
            }
            assert_eq!(on_order + orders + released, pipeline, "ordered and not stocked, {}", self.at(n, i));
            received += arrived;
            finished += self.before.finishing(s, self.day, n, i) - self.spoilt(n, i);
            scrapped += bad;
            shipped += self.inbound(n).map(|l| self.shipped(l, i)).sum::<i64>();
            (demand, faced, lost, ordered) =
                (demand + customers, faced + lanes + customers, lost + missed, ordered + orders);
            sold_value += sold * i64::from(s.column(restock_core::layout::Column::UnitValue, n)[i]);
            let from_others = if assembled(s, n, i) { started } else { 0 };
            (self.on_order[n * p + i], self.lost[n * p + i]) = (on_order + orders + released, missed);
            self.left[i] += sold + bad + consumed - from_others;
        }
        self.sold_value += sold_value;
        for (name, found, right) in [
            ("received", tally.received, received),
            ("scrapped", tally.scrapped, scrapped),
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

    /// What production was asked for today of an assembled product; nothing of others, whose input is goods.
    pub(super) fn released(&self, n: usize, i: usize) -> i64 {
        let (s, before, after) = (self.s, &self.before, &self.after);
        if assembled(s, n, i) {
            let released = after.input(s, n, i) - before.input(s, n, i) + self.started(n, i);
            assert!(released >= 0, "no order is taken back, {}", self.at(n, i));
            return released;
        }
        let arrived: i64 = self.inbound(n).map(|l| self.arrived(l, i) - self.defective(l, i)).sum();
        let waits = s.nodes()[n].produces && !component(s, n, i);
        let input = if waits { before.input(s, n, i) + arrived - self.started(n, i) } else { 0 };
        assert_eq!(after.input(s, n, i), input, "input stock, {}", self.at(n, i));
        let lines = s.bom(&s.nodes()[n]).filter(|line| line.component == i);
        let asked: i64 = lines.map(|line| i64::from(line.quantity) * self.released(n, line.product)).sum();
        assert_eq!(after.dependent(s, n, i), asked, "components asked for, {}", self.at(n, i));
        0
    }

    /// Stock and backlog meet at the end of a day, save where nothing is shipped or production owes.
    fn stock_meets_backlog(&self, n: usize, i: usize) {
        let (on_hand, level) = (self.on_hand(&self.after, n, i), self.after.level(self.s, n, i));
        assert!(on_hand >= 0, "{on_hand} on hand, {}", self.at(n, i));
        let aside: i64 = self.outbound(n).map(|l| self.set_aside(l, i)).sum();
        let stopped = self.may_stop(n) && aside == 0;
        if !stopped && !component(self.s, n, i) {
            assert_eq!(on_hand, level.max(0), "stock and backlog meet at the end of a day, {}", self.at(n, i));
        }
    }
}
