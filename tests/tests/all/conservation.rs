//! Units and cash are conserved, every day, counted on a second path: from what anyone can read of
//! the state before and after the day, without the simulator's own sums.

use restock_core::Network;
use restock_core::layout::Column;
use restock_core::scenario::Scenario;
use restock_tests::random_network::{Plan, Wishes};

const NETWORKS: u64 = 3000;
const DAYS: u32 = 40;

/// A copy of the stock variables, and what the ring says is due on a day.
struct Snapshot {
    level: Vec<i32>,
    input: Vec<i32>,
    making: Vec<i32>,
    waiting: Vec<i32>,
    transit: Vec<i32>,
    staged: Vec<i32>,
    mail: Vec<i32>,
    owed: Vec<i32>,
    due: Vec<i32>,
}

impl Snapshot {
    fn take(network: &Network<'_, '_>, day: u32) -> Self {
        let s = network.scenario();
        let v = network.state();
        let width = v.ring.len() / s.ring_days();
        let slot = day as usize % s.ring_days();
        Self {
            level: v.inventory_level.to_vec(),
            input: v.input_stock.to_vec(),
            making: v.in_production.to_vec(),
            waiting: v.waiting.to_vec(),
            transit: v.in_transit.to_vec(),
            staged: v.staged.to_vec(),
            mail: v.mail.to_vec(),
            owed: v.customer_backorder.to_vec(),
            due: v.ring[slot * width..(slot + 1) * width].to_vec(),
        }
    }
}

/// What is kept from day to day.
struct Books<'s> {
    s: &'s Scenario<'s>,
    /// Ordered and not stocked. Shape `[node][product]`.
    on_order: Vec<i64>,
    /// Opening stock and all that came from outside. Shape `[product]`.
    entered: Vec<i64>,
    /// Handed over to customers. Shape `[product]`.
    sold: Vec<i64>,
    place: String,
}

fn cell(rows: &[i32], row: Option<usize>, p: usize, i: usize) -> i64 {
    row.map_or(0, |r| i64::from(rows[r * p + i]))
}

impl Books<'_> {
    fn owed(&self, t: &Snapshot, n: usize, i: usize) -> i64 {
        let (p, node) = (self.s.products(), &self.s.nodes()[n]);
        match node.mixed_row {
            Some(x) => cell(&t.owed, Some(x), p, i),
            None if node.sells => (-cell(&t.level, Some(n), p, i)).max(0),
            None => 0,
        }
    }

    /// Ordered over a lane and not shipped.
    fn unshipped(&self, t: &Snapshot, l: usize, i: usize) -> i64 {
        let (p, lane) = (self.s.products(), &self.s.lanes()[l]);
        cell(&t.waiting, Some(l), p, i) + cell(&t.staged, lane.staged_row, p, i) + cell(&t.mail, lane.mail_row, p, i)
    }

    /// Units booked at a lane's supplier today: fresh orders, or those that the mail brings.
    fn booked(&self, before: &Snapshot, ordered: &[i32], l: usize, i: usize) -> i64 {
        let (p, lane) = (self.s.products(), &self.s.lanes()[l]);
        let producers = self.s.nodes().iter().filter(|n| n.produces).count();
        match lane.mail_row {
            Some(m) => cell(&before.due, Some(self.s.lanes().len() + producers + m), p, i),
            None => cell(ordered, Some(l), p, i),
        }
    }

    fn units(&mut self, before: &Snapshot, after: &Snapshot, network: &Network<'_, '_>, seen: &[(usize, Vec<i32>)]) {
        let (s, p) = (self.s, self.s.products());
        let ordered = network.state().ordered_today;
        let demand = network.state().demand_today;
        for (n, node) in s.nodes().iter().enumerate() {
            let mut lost_units = 0;
            for i in 0..p {
                let place = format!("{}, node {n}, product {i}", self.place);
                let inbound = || node.inbound.iter().map(|&b| usize::from(b));
                let stocked: i64 = if node.produces {
                    cell(&before.due, Some(s.lanes().len() + node.producer_row), p, i)
                } else {
                    inbound().map(|l| cell(&before.due, Some(l), p, i)).sum()
                };
                let faced = cell(demand, Some(n), p, i);
                let lost = cell(&after.level, Some(n), p, i) - (cell(&before.level, Some(n), p, i) + stocked - faced);
                assert!(
                    lost == 0 || (node.lost_sales && node.sells && lost > 0),
                    "units appear or vanish ({lost}), {place}"
                );
                lost_units += lost;

                let at = n * p + i;
                self.on_order[at] -= stocked;
                if let Some((_, position)) = seen.iter().find(|(node, _)| *node == n) {
                    let right = cell(&after.level, Some(n), p, i) + self.on_order[at];
                    assert_eq!(i64::from(position[i]), right, "position is level plus on order, {place}");
                }
                self.on_order[at] += inbound().map(|l| cell(ordered, Some(l), p, i)).sum::<i64>();
                let works = node.produces.then_some(node.producer_row);
                let pipeline: i64 =
                    inbound().map(|l| self.unshipped(after, l, i) + cell(&after.transit, Some(l), p, i)).sum();
                assert_eq!(
                    self.on_order[at],
                    pipeline + cell(&after.input, works, p, i) + cell(&after.making, works, p, i),
                    "on order, {place}"
                );

                let lanes: i64 = node.outbound.iter().map(|&b| self.booked(before, ordered, usize::from(b), i)).sum();
                let customers = faced - lanes;
                self.sold[i] += customers - lost - (self.owed(after, n, i) - self.owed(before, n, i));
            }
            let tally = &network.today()[n];
            assert_eq!(tally.lost, if node.lost_sales { lost_units } else { 0 }, "lost, {}, node {n}", self.place);
            assert!(tally.served + tally.lost <= tally.demand && tally.served >= 0, "served, {}", self.place);
        }
        for i in 0..p {
            for (l, lane) in s.lanes().iter().enumerate() {
                if lane.supplier.is_none() {
                    self.entered[i] +=
                        cell(ordered, Some(l), p, i) + self.unshipped(before, l, i) - self.unshipped(after, l, i);
                }
            }
            assert_eq!(
                self.entered[i],
                self.sold[i] + self.inside(after, i),
                "all units of product {i}, {}",
                self.place
            );
        }
    }

    /// All physical units of a product within the chain; promises are not units.
    fn inside(&self, t: &Snapshot, i: usize) -> i64 {
        let (s, p) = (self.s, self.s.products());
        let mut units = 0;
        for (n, node) in s.nodes().iter().enumerate() {
            let lanes: i64 = node.outbound.iter().map(|&b| cell(&t.waiting, Some(usize::from(b)), p, i)).sum();
            let level = cell(&t.level, Some(n), p, i);
            let on_hand = level + self.owed(t, n, i) + lanes;
            assert_eq!(
                on_hand,
                level.max(0),
                "stock and backlog do not meet at the end of a day, {}, node {n}",
                self.place
            );
            let works = node.produces.then_some(node.producer_row);
            units += on_hand + cell(&t.input, works, p, i) + cell(&t.making, works, p, i);
        }
        for (l, lane) in s.lanes().iter().enumerate() {
            units += cell(&t.transit, Some(l), p, i);
            units += if lane.supplier.is_some() { cell(&t.staged, lane.staged_row, p, i) } else { 0 };
        }
        units
    }

    fn cash(&self, before: &Snapshot, after: &Snapshot, network: &Network<'_, '_>) {
        let (s, p) = (self.s, self.s.products());
        let ordered = network.state().ordered_today;
        for (n, node) in s.nodes().iter().enumerate() {
            let rate = |column: Column, i: usize| i64::from(s.column(column, n)[i]);
            let works = node.produces.then_some(node.producer_row);
            let (mut holding, mut backorder, mut ordering, mut production) = (0, 0, 0, 0);
            let (mut freight_low, mut freight_high) = (0, 0);
            for i in 0..p {
                let level = cell(&after.level, Some(n), p, i);
                let staged: i64 = node
                    .outbound
                    .iter()
                    .map(|&b| cell(&after.staged, s.lanes()[usize::from(b)].staged_row, p, i))
                    .sum();
                holding += (level.max(0) + cell(&after.input, works, p, i) + staged) * rate(Column::HoldingCost, i);
                backorder += (-level).max(0) * rate(Column::BackorderCost, i);
                let finished = works.map_or(0, |m| cell(&before.due, Some(s.lanes().len() + m), p, i));
                let started = cell(&after.making, works, p, i) - cell(&before.making, works, p, i) + finished;
                production += started * rate(Column::ProductionCost, i);
                for l in node.inbound.iter().map(|&b| usize::from(b)) {
                    let lane = &s.lanes()[l];
                    let units = cell(ordered, Some(l), p, i);
                    ordering += if units > 0 { rate(Column::OrderCost, i) } else { 0 };
                    let shipped = units + self.unshipped(before, l, i) - self.unshipped(after, l, i);
                    let rates = (lane.first_route..lane.first_route + lane.routes).map(|k| i64::from(s.freight(k)[i]));
                    freight_low += shipped * rates.clone().min().unwrap();
                    freight_high += shipped * rates.max().unwrap();
                }
            }
            let (ledger, place) = (network.today()[n].ledger, format!("{}, node {n}", self.place));
            assert_eq!(ledger.holding, holding, "holding, {place}");
            assert_eq!(ledger.backorder, backorder, "backorder, {place}");
            assert_eq!(ledger.ordering, ordering, "ordering, {place}");
            assert_eq!(ledger.production, production, "production, {place}");
            assert!(
                (freight_low..=freight_high).contains(&ledger.freight),
                "freight {freight_low} <= {} <= {freight_high}, {place}",
                ledger.freight
            );
            let kept: i64 = network.costs().unwrap()[n * p..(n + 1) * p].iter().sum();
            assert_eq!(kept, ledger.total(), "stockpoints' costs add up to the node's, {place}");
        }
    }
}

#[test]
fn units_and_cash_are_conserved_every_day() {
    for seed in 0..NETWORKS {
        let seed = seed + 1_000_000;
        let plan = Plan::random(seed);
        let image = plan.image();
        let s = Scenario::new(&image).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        let mut memory = vec![0; Network::words(&s)];
        let mut costs = vec![0; s.stockpoints()];
        let mut network = Network::new(&s, &mut memory).unwrap().with_costs(&mut costs).unwrap();
        network.reset(seed, 0, 0);
        let p = s.products();
        let entered = (0..p).map(|i| plan.stock.iter().map(|row| i64::from(row[i].initial)).sum()).collect();
        let mut books =
            Books { s: &s, on_order: vec![0; s.stockpoints()], entered, sold: vec![0; p], place: String::new() };
        let mut policy = Wishes::new(seed);
        let mut sold_value = 0;
        for day in 0..DAYS {
            books.place = format!("seed {seed}, day {day}");
            let before = Snapshot::take(&network, day);
            policy.seen.clear();
            network.advance(&mut policy);
            let after = Snapshot::take(&network, day);
            books.units(&before, &after, &network, &policy.seen);
            books.cash(&before, &after, &network);
            sold_value += network.today().iter().map(|t| t.sold_value).sum::<i64>();
        }
        assert_eq!(network.kpis().total().sold_value, sold_value, "seed {seed}");
        assert_eq!(network.kpis().days(), DAYS, "seed {seed}");
    }
}
