//! The course that one path really takes: its demand, lead times, defects and disruptions, from the same keyed draws
//! that the simulator makes.
//!
//! The simulator itself is run twice over the path by nodes that order nothing: once without negotiation and once at
//! full effort. That gives demand and conditions as they are, and the best and the worst grade of each supplier that
//! any policy can bring about (a grade never falls by less effort). What depends on a grade lies between: a lead
//! time is free to be any of those, of defects only the least are charged. Limits that only bind a policy (review
//! days of nodes supplied by nodes, lots, greatest orders, shares of lanes, storage of what passes through) are left
//! out: all of that only lowers the bound.

use super::course::{Course, Place, Source, Start, can_order};
use restock_core::draws::{Draws, Source as Chance};
use restock_core::layout::{Column, GRADES};
use restock_core::policy::{Actions, NodeView};
use restock_core::scenario::{EventKind, Stage};
use restock_core::{Network, Policy, Scenario};

/// Orders nothing, and negotiates.
struct Idle {
    effort: i32,
}

impl Policy for Idle {
    fn decide(&mut self, _view: &NodeView<'_>, actions: &mut Actions<'_>) {
        actions.effort.fill(self.effort);
    }
}

impl Course {
    /// `days` days of a path from `first_day` on, of which the first `counted_from` cost nothing.
    #[must_use]
    pub fn of_path(
        scenario: &Scenario<'_>,
        seed: u64,
        replica: u32,
        first_day: u32,
        days: usize,
        counted_from: usize,
    ) -> Self {
        let mut course = Self::quiet(scenario, first_day, days);
        course.counted_from = counted_from;
        let best = course.watch(scenario, seed, replica, 3);
        let worst = course.watch(scenario, seed, replica, 0);
        let draws = Draws::new(seed, replica);
        for p in 0..scenario.products() {
            course.luck(scenario, &draws, p, &best, &worst);
        }
        for (n, node) in scenario.nodes().iter().enumerate() {
            // What waits for transport takes no room, so that a node with lanes can avoid all overflow.
            let held = scenario.column(Column::InventoryInitial, n).iter().zip(scenario.volumes());
            let held: f64 = held.map(|(&units, &volume)| f64::from(units) * f64::from(volume)).sum();
            course.storage[n] = if node.outbound.is_empty() { course.storage[n].max(held) } else { f64::INFINITY };
        }
        course
    }

    /// Runs the path; sets demand and conditions and returns the grades. Shape `[day][lane with grades][product]`.
    fn watch(&mut self, scenario: &Scenario<'_>, seed: u64, replica: u32, effort: i32) -> Vec<Vec<i32>> {
        let mut memory = vec![0i32; Network::words(scenario)];
        let Ok(mut network) = Network::new(scenario, &mut memory) else {
            unreachable!("memory is as long as asked for")
        };
        network.reset(seed, replica, self.first_day);
        let mut idle = Idle { effort };
        let mut grades = Vec::with_capacity(self.days);
        let mut waits = vec![false; scenario.lanes().len()];
        for t in 0..self.days {
            network.begin_day();
            grades.push(network.state().grade.to_vec());
            self.conditions(scenario, &network, &mut waits, t);
            self.demand(scenario, &network, t);
            for n in 0..scenario.node_count() {
                network.decide(n, &mut idle);
            }
            network.end_day();
        }
        grades
    }

    fn demand(&mut self, scenario: &Scenario<'_>, network: &Network<'_, '_>, t: usize) {
        let (products, nodes) = (scenario.products(), scenario.node_count());
        for n in (0..nodes).filter(|&n| scenario.nodes()[n].sells) {
            for (p, &units) in network.state().demand_today[n * products..][..products].iter().enumerate() {
                self.demand[(p * nodes + n) * self.days + t] = f64::from(units);
            }
        }
        // Open orders that the mail brings today are a supplier's demand, but no customer's.
        for open in scenario.open_orders().filter(|open| open.stage == Stage::InMail && open.days == t) {
            if let Some(n) = scenario.lanes()[open.lane].supplier.filter(|&n| scenario.nodes()[n].sells) {
                self.demand[(open.product * nodes + n) * self.days + t] -= f64::from(open.units);
            }
        }
    }

    fn conditions(&mut self, scenario: &Scenario<'_>, network: &Network<'_, '_>, waits: &mut [bool], t: usize) {
        let days = self.days;
        let factor = |kind, place| network.condition(kind, place);
        for (n, node) in scenario.nodes().iter().enumerate() {
            if let Some(capacity) = node.capacity {
                let left = (i64::from(capacity) * i64::from(factor(EventKind::Capacity, n))) >> 12;
                self.capacity[n * days + t] = left as f64;
            }
        }
        for (l, lane) in scenario.lanes().iter().enumerate() {
            let (kind, place) = lane.supplier.map_or((EventKind::Outside, l), |n| (EventKind::Shipping, n));
            let runs = factor(kind, place) != 0;
            // What was ordered while nothing left goes on the day that all runs again.
            let at = l * days + t;
            let ordered = waits[l] || opens(scenario, l, t) || can_order(scenario, lane, self.first_day, t);
            self.ships[at] = runs && ordered;
            waits[l] = !runs;
            for k in (lane.first_route..lane.first_route + lane.routes).filter(|_| lane.staged_row.is_some()) {
                let factor = factor(EventKind::Route, k);
                self.room[k * days + t] = match scenario.routes()[k].capacity {
                    Some(capacity) => ((i64::from(capacity) * i64::from(factor)) >> 12) as f64,
                    None if factor == 0 => 0.0,
                    None => f64::INFINITY,
                };
            }
        }
    }

    /// Lead times and defects of one product.
    fn luck(&mut self, scenario: &Scenario<'_>, draws: &Draws, p: usize, best: &[Vec<i32>], worst: &[Vec<i32>]) {
        let (days, lanes, routes) = (self.days, scenario.lanes(), scenario.routes());
        let key = scenario.product_key(p);
        for (l, lane) in lanes.iter().enumerate() {
            for t in 0..days {
                let day = self.first_day + t as u32;
                let grades = lane.quality.as_ref().map_or(0..=0, |quality| {
                    let at = quality.row * scenario.products() + p;
                    let (one, other) = (nearest(best[t][at]), nearest(worst[t][at]));
                    one.min(other)..=one.max(other)
                });
                for k in lane.first_route..lane.first_route + lane.routes {
                    let (u, _) = draws.row(day, k as u32, Chance::LeadTime).two(key);
                    let leads =
                        grades.clone().map(|g| scenario.table(usize::from(routes[k].lead_tables[g])).value(u) as u8);
                    let (least, most) = leads.fold((u8::MAX, 0), |(a, b), lead| (a.min(lead), b.max(lead)));
                    self.lead[(p * routes.len() + k) * days + t] = (least, most);
                }
                if let Some(quality) = &lane.quality {
                    let (u, _) = draws.row(day, l as u32, Chance::Defect).two(key);
                    let share =
                        |table: Option<u16>| table.map_or(0, |table| scenario.table(usize::from(table)).value(u));
                    let least = grades.map(|g| share(quality.defect_tables[g])).min().unwrap_or(0);
                    self.defective[(p * lanes.len() + l) * days + t] = f64::from(least) / 65_536.0;
                }
            }
        }
    }
}

/// The grade that goods are of: as the simulator rounds it.
fn nearest(grade_q16: i32) -> usize {
    (((grade_q16 + (1 << 15)) >> 16).max(0) as usize) % GRADES
}

/// Whether an open order can leave over lane `l` on day `t` for the first time.
fn opens(scenario: &Scenario<'_>, l: usize, t: usize) -> bool {
    scenario.open_orders().any(|open| {
        let due = if open.stage == Stage::Waiting { 0 } else { open.days };
        open.lane == l && open.stage != Stage::InTransit && due == t
    })
}

impl Start {
    /// Where a scenario starts: its initial stock, and what is in transit. What is ordered and not yet shipped need not
    /// be bought, which only lowers a bound.
    #[must_use]
    pub fn of_scenario(scenario: &Scenario<'_>, course: &Course) -> Self {
        let mut sources: Vec<Vec<Source>> = vec![Vec::new(); scenario.products()];
        for (n, node) in scenario.nodes().iter().enumerate() {
            // Where stock can be sent on, the cheapest way to be rid of it is not known: it counts as free.
            let disposable = !node.outbound.is_empty();
            for (p, &units) in scenario.column(Column::InventoryInitial, n).iter().enumerate() {
                if units > 0 {
                    sources[p].push(Source { place: Place::Stock(n), day: 0, units: f64::from(units), disposable });
                }
            }
        }
        for open in scenario.open_orders().filter(|open| open.stage == Stage::InTransit && open.days < course.days) {
            let lane = &scenario.lanes()[open.lane];
            let node = &scenario.nodes()[lane.customer];
            let at = (open.product * scenario.lanes().len() + open.lane) * course.days + open.days;
            let place = if node.produces { Place::Input(lane.customer) } else { Place::Stock(lane.customer) };
            sources[open.product].push(Source {
                place,
                day: open.days,
                units: f64::from(open.units) * (1.0 - course.defective[at]),
                disposable: !node.outbound.is_empty() || node.produces || lane.quality.is_some(),
            });
        }
        Self { sources, owed: Vec::new() }
    }
}
