//! A slow, obvious chain: a queue of dated things, where every order, shipment and batch is one of its own.
//!
//! Written from the documented sequence of events, not from the simulator: stock is counted
//! physically, orders wait in lists, what is on its way is what the queue holds, and the signed
//! inventory level is only derived. Of the simulator it shares the types, and the addresses of chance
//! (`restock_core::draws`, which `tests/oracle/` has once more in Python).

use crate::random_network::{Plan, Wish};
use restock_core::draws::{Draws, Source};
use restock_core::kpi::Tally;
use restock_core::ledger::Ledger;
use restock_core::scenario::{Event, EventKind, Stage};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

mod ahead;
mod forecast;
mod inward;
mod luck;
mod outward;
mod rules;
mod upward;

/// An order of one product over one lane: what of it has not been allocated.
#[derive(Clone, Copy, Debug)]
struct Order {
    lane: usize,
    product: usize,
    units: i64,
    /// Day on which the supplier sees it.
    seen: i64,
}

/// Units of one product that reach a place: a shipment over a lane, or a batch at a node.
#[derive(Clone, Copy, Debug)]
struct Moving {
    place: usize,
    product: usize,
    units: i64,
    /// It takes longer than was promised.
    late: bool,
}

/// What happens on a date.
#[derive(Clone, Copy, Debug)]
enum Dated {
    Event(Event),
    /// A disruption, by its number, begins or is over.
    Turn(usize),
    Arrival(Moving),
    Finished(Moving),
    Mail(Order),
}

impl Dated {
    /// The order of what is due on one day.
    fn step(&self) -> u8 {
        match self {
            Self::Event(_) | Self::Turn(_) => 0,
            Self::Arrival(_) => 1,
            Self::Finished(_) => 2,
            Self::Mail(_) => 3,
        }
    }
}

/// A count for each (place, product).
pub type Count = BTreeMap<(usize, usize), i64>;

/// The chain of a plan under the policy [`crate::random_network::wish`], told the slow way.
#[derive(Debug)]
pub struct Oracle<'a> {
    plan: &'a Plan,
    draws: Draws,
    wishes: u64,
    day: u32,
    /// All that was ever dated, in the order in which it was.
    dated: Vec<Dated>,
    /// What is still to come: day, step, and which of `dated`.
    queue: BinaryHeap<Reverse<(u32, u8, usize)>>,
    /// Seen by their suppliers, the oldest first.
    orders: Vec<Order>,
    /// Physical stock, by node.
    pub on_hand: Count,
    /// Waiting for production, by node.
    pub input: Count,
    /// Assembled products that production is asked for and has not started, by node.
    pub asked: Count,
    /// Arrived and without room, by node.
    pub yard: Count,
    /// Asked today of the components, by node.
    pub dependent: Count,
    /// Effort of negotiation, by node.
    pub effort: Count,
    /// Where suppliers stand, Q16, by lane with grades.
    pub grade: Count,
    /// On-time share of receipts, Q15, by lane with grades.
    pub on_time: Count,
    /// Accepted share of units, Q15, by lane with grades.
    pub accepted: Count,
    /// Customers' units owed, by node.
    pub owed: Count,
    /// Forecast level without season, Q12, by node.
    pub forecast: Count,
    lags: BTreeMap<(usize, usize), forecast::Lags>,
    /// Allocated and waiting for transport, by lane.
    pub dock: Count,
    /// Ordered to go fast and not shipped, by lane.
    pub rush: Count,
    /// Ordered today, by lane.
    pub ordered: Count,
    /// Demand faced today, by node.
    pub faced: Count,
    /// Today's cost, by node.
    pub cost: Count,
    /// What happened today, by node.
    pub today: Vec<Tally>,
    last: BTreeMap<(usize, usize), Wish>,
    /// What dated events have set, by kind and place.
    dated_values: Vec<(EventKind, usize, i32)>,
    in_force: Vec<bool>,
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
        let mut oracle = Self {
            plan,
            draws: Draws::new(seed, replica),
            wishes,
            day: first_day,
            dated: Vec::new(),
            queue: BinaryHeap::new(),
            orders: Vec::new(),
            on_hand: Count::new(),
            input: Count::new(),
            asked: Count::new(),
            yard: Count::new(),
            dependent: Count::new(),
            effort: Count::new(),
            grade: Count::new(),
            on_time: Count::new(),
            accepted: Count::new(),
            owed: Count::new(),
            forecast: Count::new(),
            lags: BTreeMap::new(),
            dock: Count::new(),
            rush: Count::new(),
            ordered: Count::new(),
            faced: Count::new(),
            cost: Count::new(),
            today: Vec::new(),
            last: BTreeMap::new(),
            dated_values: Vec::new(),
            in_force: vec![false; plan.disruptions.len()],
        };
        oracle.meet_suppliers();
        for i in 0..plan.disruptions.len() {
            oracle.wait(i, 0);
        }
        for (n, row) in plan.stock.iter().enumerate() {
            for (i, stock) in row.iter().enumerate() {
                add(&mut oracle.on_hand, n, i, i64::from(stock.initial));
                let mean = i64::from(stock.demand_mean_q12);
                add(&mut oracle.forecast, n, i, mean);
                oracle.lags.insert((n, i), forecast::start(&stock.forecast, mean, plan.forecast_shift as u32));
            }
        }
        for event in &plan.events {
            oracle.put(event.day, Dated::Event(*event));
        }
        for open in &plan.open_orders {
            let (due, units) = (first_day + open.days as u32, i64::from(open.units));
            let order = Order { lane: open.lane, product: open.product, units, seen: i64::from(due) };
            match open.stage {
                Stage::InTransit => {
                    let moving = Moving { place: open.lane, product: open.product, units, late: false };
                    oracle.put(due, Dated::Arrival(moving));
                }
                Stage::InMail => oracle.put(due, Dated::Mail(order)),
                Stage::Waiting => oracle.orders.push(Order { seen: i64::from(first_day) - 1, ..order }),
            }
        }
        oracle
    }

    fn put(&mut self, day: u32, what: Dated) {
        self.queue.push(Reverse((day, what.step(), self.dated.len())));
        self.dated.push(what);
    }

    /// What is still to come, with its day.
    fn to_come(&self) -> impl Iterator<Item = (u32, &Dated)> {
        self.queue.iter().map(|Reverse((day, _, number))| (*day, &self.dated[*number]))
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &'a Plan {
        self.plan
    }

    /// The last day told.
    #[must_use]
    pub fn day(&self) -> u32 {
        self.day
    }

    /// Ordered over a lane, seen by the supplier and not allocated.
    #[must_use]
    pub fn waiting(&self, lane: usize, product: usize) -> i64 {
        self.orders.iter().filter(|o| o.lane == lane && o.product == product).map(|o| o.units).sum()
    }

    /// Ordered over a lane and still in the mail.
    #[must_use]
    pub fn mail(&self, lane: usize, product: usize) -> i64 {
        let units = |what: &Dated| match what {
            Dated::Mail(o) if o.lane == lane && o.product == product => o.units,
            _ => 0,
        };
        self.to_come().map(|(_, what)| units(what)).sum()
    }

    /// Shipped over a lane and not received.
    #[must_use]
    pub fn in_transit(&self, lane: usize, product: usize) -> i64 {
        self.arriving(lane, product, u32::MAX)
    }

    /// Shipped over a lane, to be received by `until`.
    fn arriving(&self, lane: usize, product: usize, until: u32) -> i64 {
        let units = |(day, what): (u32, &Dated)| match what {
            Dated::Arrival(m) if m.place == lane && m.product == product && day <= until => m.units,
            _ => 0,
        };
        self.to_come().map(units).sum()
    }

    /// Started at a node and not stocked.
    #[must_use]
    pub fn in_production(&self, node: usize, product: usize) -> i64 {
        let units = |what: &Dated| match what {
            Dated::Finished(m) if m.place == node && m.product == product => m.units,
            _ => 0,
        };
        self.to_come().map(|(_, what)| units(what)).sum()
    }

    /// Units of a component that orders of what it goes into still need.
    fn needed(&self, node: usize, product: usize) -> i64 {
        let lines = self.plan.lines(node).filter(|line| line.component == product);
        lines.map(|line| i64::from(line.quantity) * at(&self.asked, node, line.product)).sum()
    }

    /// Weight of a product in sharing a node's capacity and storage.
    #[must_use]
    pub fn weight(&self, node: usize, product: usize) -> i64 {
        self.last.get(&(node, product)).map_or(4, |w| i64::from(w.weight.clamp(1, 16)))
    }

    /// The route that was asked for first.
    #[must_use]
    pub fn route_first(&self, node: usize, product: usize) -> i64 {
        self.last.get(&(node, product)).map_or(0, |w| i64::from(w.route))
    }

    /// On hand minus all that is owed: to customers, to lanes, and of a component to what it goes into.
    #[must_use]
    pub fn inventory_level(&self, node: usize, product: usize) -> i64 {
        let lanes: i64 = self.plan.outbound(node).iter().map(|&l| self.waiting(l, product)).sum();
        at(&self.on_hand, node, product) - at(&self.owed, node, product) - lanes - self.needed(node, product)
    }

    /// Level plus all that is ordered and not yet stocked.
    #[must_use]
    pub fn position(&self, node: usize, product: usize) -> i64 {
        let ordered = |&l: &usize| {
            self.mail(l, product) + self.waiting(l, product) + at(&self.dock, l, product) + self.in_transit(l, product)
        };
        let inbound = self.plan.inbound(node);
        self.inventory_level(node, product)
            + inbound.iter().map(ordered).sum::<i64>()
            + self.here_and_not_stocked(node, product)
    }

    /// Waiting for production, in it, or for room; of an assembled product, what production is asked for too.
    fn here_and_not_stocked(&self, node: usize, product: usize) -> i64 {
        at(&self.input, node, product)
            + at(&self.asked, node, product)
            + self.in_production(node, product)
            + at(&self.yard, node, product)
    }

    /// What a node will have by the day on which an order over the fast route of `express` would arrive.
    fn expedited_position(&self, node: usize, express: usize, product: usize) -> i64 {
        let until = self.day + self.plan.fast_days(express);
        self.inventory_level(node, product)
            + self.here_and_not_stocked(node, product)
            + self.plan.inbound(node).iter().map(|&l| self.arriving(l, product, until)).sum::<i64>()
            + at(&self.rush, express, product)
    }

    fn products(&self) -> usize {
        self.plan.products.len()
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
        for what in self.due(0) {
            self.happen(what);
        }
        self.negotiate();
        let arrived = self.due(1);
        self.receive(&arrived);
        for what in self.due(2) {
            self.finish(what);
        }
        for n in 0..self.plan.nodes.len() {
            self.enter(n);
        }
        for ((node, product), units) in std::mem::take(&mut self.dependent) {
            add(&mut self.faced, node, product, units);
            self.today[node].faced -= units; // from nobody outside
        }
        for what in self.due(3) {
            if let Dated::Mail(order) = what {
                self.see(order);
            }
        }
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

    /// Takes what is due today, up to a step, out of the queue.
    fn due(&mut self, until: u8) -> Vec<Dated> {
        let mut due = Vec::new();
        while let Some(&Reverse((day, step, number))) = self.queue.peek()
            && day <= self.day
            && step <= until
        {
            self.queue.pop();
            due.push(self.dated[number]);
        }
        due
    }

    /// A supplier sees an order: it waits, and is the supplier's demand of this day.
    fn see(&mut self, order: Order) {
        self.orders.push(order);
        if let Some(s) = self.plan.lanes[order.lane].supplier {
            add(&mut self.faced, s, order.product, order.units);
        }
    }

    /// Customers' demand: replayed, or a quantile times the season and the shock of the product's group; then
    /// the surge, rounded down.
    fn demand(&self, node: usize, product: usize) -> i64 {
        let plan = self.plan;
        let drawn = if plan.replay.is_empty() {
            let stock = &plan.stock[node][product];
            stock.demand_table.map_or(0, |table| {
                let (u, dither) = self.draws.row(self.day, node as u32, Source::Demand).two(plan.products[product].key);
                let season = i64::from(plan.profiles[stock.demand_profile][self.day as usize]);
                let season = season * self.shock(node, product) / 4096;
                rules::in_season(rules::quantile(&plan.tables[table], u), season, dither)
            })
        } else {
            let row = plan.nodes[..node].iter().filter(|n| n.sells).count();
            i64::from(plan.replay[self.day as usize % plan.replay.len()][row][product])
        };
        (drawn * self.value(EventKind::Demand, node)) >> 12
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
}
