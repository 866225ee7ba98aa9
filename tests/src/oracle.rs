//! A slow, obvious day: every order, shipment and batch is a thing of its own.
//!
//! Written from the documented sequence of events, not from the simulator: stock is counted
//! physically, customers and orders wait in lists, and the signed inventory level is only derived.
//! Shared with the simulator are the functions whose rounding is their definition: the order
//! function, the sharing of a capacity, the season's dithering, and the addresses of chance.

use crate::random_network::{Lane, Plan, Wish, wish};
use restock_core::draws::{Draws, Source};
use restock_core::kpi::Tally;
use restock_core::ledger::Ledger;
use restock_core::order::{self, Bounds};
use restock_core::scenario::EventKind;
use restock_core::table::{Table, scaled};
use std::collections::BTreeMap;

mod outward;

/// An order of one product over one lane, as long as something of it has not been allocated.
#[derive(Clone, Copy, Debug)]
struct Order {
    lane: usize,
    product: usize,
    units: i64,
    /// Day on which the supplier sees it.
    seen: u32,
}

/// Units of one product that arrive somewhere on one day: a shipment over a lane or a batch at a node.
#[derive(Clone, Copy, Debug)]
struct Moving {
    place: usize,
    product: usize,
    units: i64,
    due: u32,
}

/// A count for each (place, product).
pub type Count = BTreeMap<(usize, usize), i64>;

/// The chain of a plan under the policy [`wish`], told the slow way.
#[derive(Debug)]
pub struct Oracle<'a> {
    plan: &'a Plan,
    words: Vec<Vec<i32>>,
    draws: Draws,
    wishes: u64,
    day: u32,
    orders: Vec<Order>,
    shipments: Vec<Moving>,
    batches: Vec<Moving>,
    /// Physical stock, by node.
    pub on_hand: Count,
    /// Waiting for production, by node.
    pub input: Count,
    /// Customers' units owed, by node.
    pub owed: Count,
    /// Allocated and waiting for transport, by lane.
    pub dock: Count,
    /// Ordered today, by lane.
    pub ordered: Count,
    /// Demand faced today, by node.
    pub faced: Count,
    /// Today's cost, by node.
    pub cost: Count,
    /// What happened today, by node.
    pub today: Vec<Tally>,
    last: BTreeMap<(usize, usize), Wish>,
    factors: BTreeMap<(u8, usize), i32>,
}

fn at(count: &Count, place: usize, product: usize) -> i64 {
    count.get(&(place, product)).copied().unwrap_or(0)
}

fn add(count: &mut Count, place: usize, product: usize, units: i64) {
    *count.entry((place, product)).or_default() += units;
}

impl<'a> Oracle<'a> {
    /// The chain on the morning of `first_day`.
    #[must_use]
    pub fn new(plan: &'a Plan, seed: u64, replica: u32, first_day: u32, wishes: u64) -> Self {
        let mut on_hand = Count::new();
        for (n, row) in plan.stock.iter().enumerate() {
            for (i, stock) in row.iter().enumerate() {
                add(&mut on_hand, n, i, i64::from(stock.initial));
            }
        }
        Self {
            plan,
            words: plan.tables.iter().map(|t| crate::random_network::table_words(t)).collect(),
            draws: Draws::new(seed, replica),
            wishes,
            day: first_day,
            orders: Vec::new(),
            shipments: Vec::new(),
            batches: Vec::new(),
            on_hand,
            input: Count::new(),
            owed: Count::new(),
            dock: Count::new(),
            ordered: Count::new(),
            faced: Count::new(),
            cost: Count::new(),
            today: Vec::new(),
            last: BTreeMap::new(),
            factors: BTreeMap::new(),
        }
    }

    /// Ordered over a lane, seen by the supplier and not allocated.
    #[must_use]
    pub fn waiting(&self, lane: usize, product: usize) -> i64 {
        self.orders
            .iter()
            .filter(|o| o.lane == lane && o.product == product && o.seen <= self.day)
            .map(|o| o.units)
            .sum()
    }

    /// Ordered over a lane and still in the mail.
    #[must_use]
    pub fn mail(&self, lane: usize, product: usize) -> i64 {
        self.orders
            .iter()
            .filter(|o| o.lane == lane && o.product == product && o.seen > self.day)
            .map(|o| o.units)
            .sum()
    }

    /// Shipped over a lane and not received.
    #[must_use]
    pub fn in_transit(&self, lane: usize, product: usize) -> i64 {
        self.shipments.iter().filter(|s| s.place == lane && s.product == product).map(|s| s.units).sum()
    }

    /// Started at a node and not stocked.
    #[must_use]
    pub fn in_production(&self, node: usize, product: usize) -> i64 {
        self.batches.iter().filter(|b| b.place == node && b.product == product).map(|b| b.units).sum()
    }

    /// On hand minus all that is owed.
    #[must_use]
    pub fn inventory_level(&self, node: usize, product: usize) -> i64 {
        let lanes: i64 = self.plan.outbound(node).iter().map(|&l| self.waiting(l, product)).sum();
        at(&self.on_hand, node, product) - at(&self.owed, node, product) - lanes
    }

    /// Level plus all that is ordered and not yet stocked.
    #[must_use]
    pub fn position(&self, node: usize, product: usize) -> i64 {
        let inbound = self.plan.inbound(node);
        let ordered: i64 = inbound
            .iter()
            .map(|&l| {
                self.mail(l, product)
                    + self.waiting(l, product)
                    + at(&self.dock, l, product)
                    + self.in_transit(l, product)
            })
            .sum();
        self.inventory_level(node, product)
            + ordered
            + at(&self.input, node, product)
            + self.in_production(node, product)
    }

    fn products(&self) -> usize {
        self.plan.products.len()
    }

    fn factor(&self, kind: u8, place: usize) -> i64 {
        i64::from(self.factors.get(&(kind, place)).copied().unwrap_or(4096))
    }

    fn charge(&mut self, node: usize, product: usize, amount: i64, term: impl Fn(&mut Ledger) -> &mut i64) {
        *term(&mut self.today[node].ledger) += amount;
        add(&mut self.cost, node, product, amount);
    }

    /// One day, from its events to its accounts. The next day begins with the next call.
    pub fn advance(&mut self, day: u32) {
        self.day = day;
        self.today = vec![Tally::default(); self.plan.nodes.len()];
        for count in [&mut self.ordered, &mut self.faced, &mut self.cost] {
            count.clear();
        }
        for event in self.plan.events.iter().filter(|e| e.day <= day) {
            let kind = match event.kind {
                EventKind::Demand => 1,
                EventKind::Capacity => 2,
                EventKind::Route => 3,
            };
            self.factors.insert((kind, event.place), event.factor_q12);
        }
        self.receive();
        for n in 0..self.plan.nodes.len() {
            if self.plan.nodes[n].sells {
                for i in 0..self.products() {
                    self.serve_customers(n, i);
                }
            }
        }
        for n in 0..self.plan.nodes.len() {
            self.decide(n);
        }
        for n in 0..self.plan.nodes.len() {
            self.today[n].faced = (0..self.products()).map(|i| at(&self.faced, n, i)).sum();
            self.produce(n);
        }
        for n in 0..self.plan.nodes.len() {
            self.allocate(n);
        }
        self.allocate_outside();
        for l in 0..self.plan.lanes.len() {
            self.transport(l);
        }
        for n in 0..self.plan.nodes.len() {
            self.account(n);
        }
    }

    fn receive(&mut self) {
        let day = self.day;
        let (arrived, moving) = self.shipments.iter().partition(|s| s.due == day);
        self.shipments = moving;
        let arrived: Vec<Moving> = arrived;
        for s in arrived {
            let node = self.plan.lanes[s.place].customer;
            let produces = self.plan.nodes[node].production_days.is_some();
            add(if produces { &mut self.input } else { &mut self.on_hand }, node, s.product, s.units);
            self.today[node].received += s.units;
        }
        let (finished, making) = self.batches.iter().partition(|b| b.due == day);
        self.batches = making;
        let finished: Vec<Moving> = finished;
        for b in finished {
            add(&mut self.on_hand, b.place, b.product, b.units);
            self.today[b.place].produced += b.units;
        }
        // The mail brings orders: they are today's demand of the supplier.
        for order in &self.orders {
            let lane = &self.plan.lanes[order.lane];
            if let (Some(s), true) = (lane.supplier, lane.order_days > 0 && order.seen == day) {
                *self.faced.entry((s, order.product)).or_default() += order.units;
            }
        }
    }

    /// Customers' demand: replayed, or a quantile times the season; then the surge, rounded down.
    fn demand(&self, node: usize, product: usize) -> i64 {
        let plan = self.plan;
        let drawn = if plan.replay.is_empty() {
            let stock = &plan.stock[node][product];
            stock.demand_table.map_or(0, |table| {
                let (u, dither) = self.draws.row(self.day, node as u32, Source::Demand).two(plan.products[product].key);
                let season = plan.profiles[stock.demand_profile][self.day as usize];
                scaled(self.quantile(table, u), season, dither)
            })
        } else {
            let row = plan.nodes[..node].iter().filter(|n| n.sells).count();
            plan.replay[self.day as usize % plan.replay.len()][row][product]
        };
        (i64::from(drawn) * self.factor(1, node)) >> 12
    }

    fn quantile(&self, table: usize, u: u32) -> i32 {
        let segment = self.plan.tables[table].iter().rfind(|s| s.start <= u);
        match segment {
            Some(s) if s.span == 0 => s.value,
            _ => Table::new(&self.words[table]).map_or(-1, |t| t.value(u)),
        }
    }

    fn serve_customers(&mut self, n: usize, i: usize) {
        let stock = self.plan.stock[n][i];
        let demand = self.demand(n, i);
        add(&mut self.faced, n, i, demand);
        let late = at(&self.owed, n, i).min(at(&self.on_hand, n, i));
        add(&mut self.owed, n, i, -late);
        add(&mut self.on_hand, n, i, -late);
        let served = demand.min(at(&self.on_hand, n, i));
        add(&mut self.on_hand, n, i, -served);
        let missing = demand - served;
        let tally = &mut self.today[n];
        tally.demand += demand;
        tally.served += served;
        tally.sold_value += (late + served) * i64::from(stock.unit_value);
        if self.plan.nodes[n].lost_sales {
            tally.lost += missing;
            self.charge(n, i, missing * i64::from(stock.lost_sale), |l| &mut l.lost_sale);
        } else {
            add(&mut self.owed, n, i, missing);
        }
    }

    fn decide(&mut self, n: usize) {
        let node = &self.plan.nodes[n];
        if self.day as usize % node.review_days != node.review_offset {
            return;
        }
        for i in 0..self.products() {
            let w = wish(self.wishes, self.day, n, self.plan.products[i].key);
            self.last.insert((n, i), w);
            self.order(n, i, w);
        }
    }

    fn order(&mut self, n: usize, i: usize, w: Wish) {
        let stock = self.plan.stock[n][i];
        let position = self.position(n, i) as i32;
        let level = w.level.min(stock.position_max);
        let most = w.cap.min(stock.order_max).max(0);
        let inbound = self.plan.inbound(n);
        // The whole order, cut at the shares' running sums; what lots and minimum add counts against the cap.
        let whole = (i64::from(level) - i64::from(position)).clamp(0, i64::from(most));
        let (mut share, mut ordered) = (0i64, 0i32);
        for l in inbound.iter().copied() {
            let lane = &self.plan.lanes[l];
            let until = share + i64::from(lane.share);
            let part = whole * until / 1_000_000 - whole * share / 1_000_000;
            share = until;
            let bounds = Bounds { lot_size: stock.lot_size, order_min: stock.order_min, order_max: most - ordered };
            let units = order::quantity(part as i32, 0, order::UNLIMITED, bounds);
            ordered += units;
            self.send(l, i, units, n);
        }
    }

    fn send(&mut self, l: usize, i: usize, units: i32, n: usize) {
        if units == 0 {
            return;
        }
        let lane: &Lane = &self.plan.lanes[l];
        let units = i64::from(units);
        add(&mut self.ordered, l, i, units);
        self.today[n].ordered += units;
        self.charge(n, i, i64::from(self.plan.stock[n][i].order_cost), |t| &mut t.ordering);
        self.orders.push(Order { lane: l, product: i, units, seen: self.day + lane.order_days as u32 });
        if let (Some(s), 0) = (lane.supplier, lane.order_days) {
            add(&mut self.faced, s, i, units);
        }
    }
}
