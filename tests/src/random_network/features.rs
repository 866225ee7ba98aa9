//! What makes a plan's suppliers, storage, products and luck differ: a stage of its own with dice of its own,
//! so that what came before it is the same for a seed.

use super::{Dice, Grades, Plan, Segment, even_table};
use restock_core::layout::{EFFORTS, GRADES};
use restock_core::scenario::{BomLine, Disruption, Event, EventKind};

/// The worst grade, Q8.
const WORST_Q8: i32 = (GRADES as i32 - 1) << 8;
/// All, Q16.
const ALL_Q16: i32 = 1 << 16;

/// A value of chance of a kind of event, as the scenario allows it.
fn value_of(d: &mut Dice, kind: EventKind, most_q12: i32) -> i32 {
    match kind {
        EventKind::Demand | EventKind::Capacity | EventKind::Route => d.pick(&[0, 1000, 2048, 4096, most_q12]),
        EventKind::Shipping | EventKind::Outside => d.pick(&[0, 0, 0, 4096]),
        EventKind::Grade => d.between(0, WORST_Q8 << 4),
    }
}

impl Plan {
    /// Switches on what chance wants of contract v2.
    pub(super) fn add_features(&mut self, d: &mut Dice) {
        if d.chance(50) {
            for lane in 0..self.lanes.len() {
                if d.chance(60) {
                    self.grade_lane(d, lane);
                }
            }
        }
        if d.chance(45) {
            for node in &mut self.nodes {
                if d.chance(60) {
                    let some = d.between(0, 150);
                    node.storage = Some(d.pick(&[0, some, some, 400, 5000]));
                    node.overflow_rate = d.pick(&[0, 1, 700, 5000]);
                }
            }
        }
        let spoils = d.chance(40);
        for stock in self.stock.iter_mut().flatten() {
            stock.negotiation_cost = d.between(0, 15);
            stock.scrap_cost = d.between(0, 30);
            stock.spoilage_q16 = if spoils { d.pick(&[0, 1, 2500, 9000, 30_000, ALL_Q16]) } else { 0 };
        }
        if d.chance(35) {
            self.add_groups(d);
        }
        if d.chance(40) {
            self.assemble(d);
        }
        if d.chance(35) {
            for _ in 0..d.size(1, 4) {
                if let Some((kind, place)) = self.target(d, &EventKind::ALL[3..]) {
                    let value_q12 = value_of(d, kind, 4096);
                    self.events.push(Event { day: d.between(0, 50) as u32, kind, place, value_q12 });
                }
            }
            self.events.sort_by_key(|e| e.day);
        }
        if d.chance(50) {
            for _ in 0..d.size(1, 5) {
                if let Some((kind, place)) = self.target(d, &EventKind::ALL) {
                    let value_q12 = value_of(d, kind, 6000);
                    let (gap_table, duration_table) = (self.days_table(d, 12), self.days_table(d, 9));
                    self.disruptions.push(Disruption { kind, place, value_q12, gap_table, duration_table });
                }
            }
        }
    }

    /// Some kind and a place where it can happen; none where there is no such place.
    fn target(&self, d: &mut Dice, kinds: &[EventKind]) -> Option<(EventKind, usize)> {
        let kind = d.pick(kinds);
        let routes: usize = self.lanes.iter().map(|l| l.routes.len()).sum();
        let lanes = 0..self.lanes.len();
        let places: Vec<usize> = match kind {
            EventKind::Demand | EventKind::Capacity | EventKind::Shipping => (0..self.nodes.len()).collect(),
            EventKind::Route => (0..routes).collect(),
            EventKind::Outside => lanes.filter(|&l| self.lanes[l].supplier.is_none()).collect(),
            EventKind::Grade => lanes.filter(|&l| self.lanes[l].grades.is_some()).collect(),
        };
        if places.is_empty() { None } else { Some((kind, d.pick(&places))) }
    }

    /// A new table of 1 to `most` days.
    fn days_table(&mut self, d: &mut Dice, most: i32) -> usize {
        let mut days: Vec<i32> = (0..d.size(1, 4)).map(|_| d.between(1, most)).collect();
        days.sort_unstable();
        self.tables.push(even_table(&days));
        self.tables.len() - 1
    }

    fn grade_lane(&mut self, d: &mut Dice, lane: usize) {
        let longest = self.ring_days as i32 - 1;
        let defects = d.chance(75);
        let defect_tables = std::array::from_fn(|grade| {
            if !defects || d.chance(15) {
                return None;
            }
            let share = d.between(0, 3000 * (grade as i32 + 1));
            self.tables.push(match d.between(0, 3) {
                0 => vec![Segment { start: 0, value: share / 2, span: share }],
                1 => even_table(&[0, 0, 0, ALL_Q16]),
                _ => even_table(&[share / 3, share]),
            });
            Some(self.tables.len() - 1)
        });
        let first = d.between(0, 900);
        let second = d.between(0, first);
        let third = d.between(0, second);
        let all = 1 << 15;
        self.lanes[lane].grades = Some(Grades {
            base_q8: d.between(0, WORST_Q8),
            lift_q8: [first, first + second, first + second + third],
            relax_shift: d.pick(&[0, 1, 2, 4, 7]),
            on_time_q15: d.pick(&[all, all / 2, 0, 12_345]),
            accepted_q15: d.pick(&[all, all / 3, 0, 31_000]),
            defect_tables,
        });
        for route in 0..self.lanes[lane].routes.len() {
            self.lanes[lane].routes[route].promise_days = d.between(1, longest);
            if d.chance(75) {
                let by_grade = std::array::from_fn(|_| self.days_table(d, longest));
                self.lanes[lane].routes[route].by_grade = Some(by_grade);
            }
        }
    }

    fn add_groups(&mut self, d: &mut Dice) {
        self.groups = d.size(1, 3);
        for product in &mut self.products {
            product.group = d.chance(75).then(|| d.size(0, self.groups - 1));
        }
        let mut shocks: Vec<i32> = (0..d.size(1, 6)).map(|_| d.between(0, 11_000)).collect();
        shocks.sort_unstable();
        self.tables.push(if d.chance(40) {
            vec![Segment { start: 0, value: 1000, span: 6000 }]
        } else {
            even_table(&shocks)
        });
        self.shock_table = Some(self.tables.len() - 1);
    }

    /// A bill of materials at some of the producing nodes. A component is asked for by nobody but production,
    /// an assembled product comes from nowhere but production: demand and orders that differ are taken away.
    fn assemble(&mut self, d: &mut Dice) {
        let p = self.products.len();
        for n in 0..self.nodes.len() {
            if p < 2 || self.nodes[n].production_days.is_none() || d.chance(25) {
                continue;
            }
            // Products before the split may be assembled from those from it on.
            let split = d.size(1, p - 1);
            for component in split..p {
                for product in 0..split {
                    if d.chance(60) {
                        self.bom.push(BomLine { node: n, product, component, quantity: d.between(1, 3) });
                    }
                }
            }
        }
        for line in self.bom.clone() {
            self.make_room_for(&line);
        }
    }

    fn make_room_for(&mut self, line: &BomLine) {
        let (n, component) = (line.node, line.component);
        self.stock[n][component].demand_table = None;
        if self.nodes[n].sells {
            let row = self.nodes[..n].iter().filter(|node| node.sells).count();
            self.replay.iter_mut().for_each(|day| day[row][component] = 0);
        }
        let (outbound, inbound) = (self.outbound(n), self.inbound(n));
        for &lane in &outbound {
            self.stock[self.lanes[lane].customer][component].order_max = 0;
        }
        self.open_orders.retain(|open| {
            let asked = open.product == component && outbound.contains(&open.lane);
            let bought = open.product == line.product && inbound.contains(&open.lane);
            !asked && !bought
        });
    }

    /// Whether a product is assembled from others at a node.
    #[must_use]
    pub fn assembles(&self, node: usize, product: usize) -> bool {
        self.lines(node).any(|line| line.product == product)
    }

    /// Whether a product goes into others at a node.
    #[must_use]
    pub fn is_component(&self, node: usize, product: usize) -> bool {
        self.lines(node).any(|line| line.component == product)
    }

    /// The bill of materials of a node.
    pub fn lines(&self, node: usize) -> impl Iterator<Item = BomLine> + '_ {
        self.bom.iter().copied().filter(move |line| line.node == node)
    }

    /// The plan in which nothing is defective or spoilt.
    #[must_use]
    pub fn without_defects(mut self) -> Self {
        for grades in self.lanes.iter_mut().filter_map(|lane| lane.grades.as_mut()) {
            grades.defect_tables = [None; GRADES];
        }
        self.stock.iter_mut().flatten().for_each(|stock| stock.spoilage_q16 = 0);
        self
    }
}

const _: () = assert!(EFFORTS == 3, "lifts are drawn one by one");
