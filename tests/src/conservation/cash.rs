//! Cash: every cost term once more, from the state and the report of the day.

use super::Books;
use restock_core::Network;
use restock_core::layout::Column;
use restock_core::ledger::Ledger;
use std::ops::RangeInclusive;

impl Books<'_> {
    /// Production starts of today [units].
    pub(super) fn started(&self, n: usize, i: usize) -> i64 {
        let (s, before, after) = (self.s, &self.before, &self.after);
        after.making(s, n, i) - before.making(s, n, i) + before.finishing(s, self.day, n, i)
    }

    /// Cost of ordering: each order pays once; over the lane that can rush, there may be two.
    fn ordering(&self, network: &Network<'_, '_>, n: usize, i: usize) -> RangeInclusive<i64> {
        let rate = i64::from(self.s.column(Column::OrderCost, n)[i]);
        let express = self.s.nodes()[n].express;
        let lanes = || self.inbound(n).filter(|&l| self.ordered(network, l, i) > 0);
        // And to its own production, once.
        let least = lanes().count() as i64 + i64::from(self.released(n, i) > 0);
        let most = least + lanes().filter(|&l| Some(l) == express).count() as i64;
        least * rate..=most * rate
    }

    /// Cost of freight: exact where a lane has one route, else between its cheapest and its dearest.
    fn freight(&self, n: usize, i: usize) -> RangeInclusive<i64> {
        let s = self.s;
        let rates = |l: usize| {
            let first = s.lanes()[l].first_route;
            (first..first + s.lanes()[l].routes).map(|k| i64::from(s.freight(k)[i]))
        };
        let over = |rate: &dyn Fn(usize) -> Option<i64>| {
            self.inbound(n).map(|l| self.shipped(l, i) * rate(l).unwrap_or(0)).sum::<i64>()
        };
        over(&|l| rates(l).min())..=over(&|l| rates(l).max())
    }

    pub(super) fn cash(&self, network: &Network<'_, '_>) {
        for n in 0..self.s.node_count() {
            self.cash_of(network, n);
        }
    }

    fn cash_of(&self, network: &Network<'_, '_>, n: usize) {
        let (s, p, after) = (self.s, self.s.products(), &self.after);
        let mut right = Ledger::default();
        let (mut ordering, mut freight) = (0..=0, 0..=0);
        let (mut work, mut stock_value, mut transit_value) = (0, 0, 0);
        for i in 0..p {
            let rate = |column: Column| i64::from(s.column(column, n)[i]);
            let on_hand = self.on_hand(after, n, i);
            let staged: i64 = self.outbound(n).map(|l| after.staged(s, l, i)).sum();
            let here = on_hand + after.goods(s, n, i) + staged + after.yard(s, n, i);
            // Owed to customers and lanes; of a component, what is not there for those who need it.
            let short = (after.needed(s, n, i) - on_hand).max(0);
            let owed = after.owed(s, n, i) + self.outbound(n).map(|l| after.waiting(s, l, i)).sum::<i64>() + short;
            let started = self.started(n, i);
            let graded = self.inbound(n).filter(|&l| s.lanes()[l].quality.is_some()).count() as i64;
            let yard = after.yard(s, n, i) * i64::from(s.volume(i));
            let exact = [
                here * rate(Column::HoldingCost),
                owed * rate(Column::BackorderCost),
                self.lost[n * p + i] * rate(Column::LostSaleCost),
                started * rate(Column::ProductionCost),
                // Effort of the day before: decisions come after negotiations.
                graded * self.before.effort(s, n, i) * rate(Column::NegotiationCost),
                self.scrapped(n, i) * rate(Column::ScrapCost),
                (yard * i64::from(s.nodes()[n].overflow_rate)) >> 10,
            ];
            let [holding, backorder, lost_sale, production, negotiation, scrap, overflow] = exact;
            right.holding += holding;
            right.backorder += backorder;
            right.lost_sale += lost_sale;
            right.production += production;
            right.negotiation += negotiation;
            right.scrap += scrap;
            right.overflow += overflow;
            let (orders, moves) = (self.ordering(network, n, i), self.freight(n, i));
            // The stockpoint's own cost, kept by the simulator for learners, is the same money once more.
            let kept = network.costs().map_or(0, |costs| costs[n * p + i]) - exact.iter().sum::<i64>();
            let possible = orders.start() + moves.start()..=orders.end() + moves.end();
            assert!(possible.contains(&kept), "ordering and freight {kept} in {possible:?}, {}", self.at(n, i));
            ordering = ordering.start() + orders.start()..=ordering.end() + orders.end();
            freight = freight.start() + moves.start()..=freight.end() + moves.end();
            work += started * rate(Column::Work);
            stock_value += here * rate(Column::UnitValue);
            transit_value += self.inbound(n).map(|l| after.transit(s, l, i)).sum::<i64>() * rate(Column::UnitValue);
        }
        let tally = &network.today()[n];
        let at = || format!("seed {}, day {}, node {n}", self.seed, self.day);
        (right.ordering, right.freight) = (tally.ledger.ordering, tally.ledger.freight);
        assert_eq!(tally.ledger, right, "costs, {}", at());
        assert!(ordering.contains(&right.ordering), "ordering {} in {ordering:?}, {}", right.ordering, at());
        assert!(freight.contains(&right.freight), "freight {} in {freight:?}, {}", right.freight, at());
        let kept: i64 = network.costs().map_or(0, |costs| costs[n * p..(n + 1) * p].iter().sum());
        assert_eq!(kept, tally.ledger.total(), "stockpoints' costs add up to the node's, {}", at());
        let limited = s.nodes()[n].capacity.is_some();
        assert_eq!(tally.work_used, if limited { work } else { 0 }, "work, {}", at());
        assert!(tally.work_used <= tally.work_capacity, "work within capacity, {}", at());
        assert_eq!((tally.stock_value, tally.transit_value), (stock_value, transit_value), "stock values, {}", at());
    }
}
