//! The cheapest way of every unit of one product, when all that is scarce has a price.
//!
//! With prices on capacity, routes, storage and the stock that is there, nothing limits a product any more: each unit
//! of demand takes the cheapest way to it through places and days, which one pass forwards finds (a way only goes on
//! in time) and one pass backwards follows. What it costs, less what the prices collect, is a lower bound of the
//! linear program's cost for **any** prices of 0 or more (weak duality).

use super::course::{Course, Place, Source};
use super::rates::Rates;
use restock_core::Scenario;

/// Prices of what is scarce [minor currency units].
#[derive(Clone, Debug, Default)]
pub struct Prices {
    /// A unit of work. Shape `[node][day]`.
    pub capacity: Vec<f64>,
    /// A unit of volume on a route. Shape `[route][day]`.
    pub room: Vec<f64>,
    /// A unit of volume in storage over night; at most what overflow costs. Shape `[node][day]`.
    pub storage: Vec<f64>,
    /// A unit of each source, product by product. Shape `[source]`.
    pub sources: Vec<f64>,
}

impl Prices {
    pub(super) fn rows(&self) -> [&Vec<f64>; 4] {
        [&self.capacity, &self.room, &self.storage, &self.sources]
    }

    pub(super) fn rows_mut(&mut self) -> [&mut Vec<f64>; 4] {
        [&mut self.capacity, &mut self.room, &mut self.storage, &mut self.sources]
    }
}

/// Where a unit has come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum From {
    Nowhere,
    /// The same place, the day before.
    Held,
    /// A route, shipped on a day.
    Route(u16, u16),
    /// Production, started on a day.
    Works(u16),
    /// A source of the product.
    Source(u32),
}

/// Costs of a unit at each place and day, and how it came there. Shapes `[node][day]`.
pub(super) struct Places {
    pub(super) cost: Vec<f64>,
    pub(super) from: Vec<From>,
    need: Vec<f64>,
}

impl Places {
    fn new(size: usize) -> Self {
        Self { cost: vec![f64::INFINITY; size], from: vec![From::Nowhere; size], need: vec![0.0; size] }
    }

    fn clear(&mut self) {
        self.cost.fill(f64::INFINITY);
        self.from.fill(From::Nowhere);
        self.need.fill(0.0);
    }

    #[inline]
    fn offer(&mut self, at: usize, cost: f64, from: From) {
        if cost < self.cost[at] {
            self.cost[at] = cost;
            self.from[at] = from;
        }
    }
}

/// Finds cheapest ways; its memory is used again for each product.
pub(super) struct Finder<'a> {
    pub(super) scenario: &'a Scenario<'a>,
    pub(super) course: &'a Course,
    /// 1 where the day's costs count. Shape `[day]`.
    counts: Vec<f64>,
    pub(super) stock: Places,
    pub(super) input: Places,
    /// What a unit of demand costs at best. Shape `[day]`, one more than there are.
    pub(super) worth: Vec<f64>,
}

/// One product's part of a course.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    pub(super) product: usize,
    pub(super) rates: &'a Rates,
    pub(super) sources: &'a [Source],
    /// Owed at the start. Shape `[node]`.
    pub(super) owed: &'a [f64],
    /// Index of its first source among all.
    pub(super) first_source: usize,
}

impl<'a> Finder<'a> {
    pub(super) fn new(scenario: &'a Scenario<'a>, course: &'a Course) -> Self {
        let size = scenario.node_count() * course.days;
        Self {
            scenario,
            course,
            counts: (0..course.days).map(|t| course.counts(t)).collect(),
            stock: Places::new(size),
            input: Places::new(size),
            worth: vec![0.0; course.days + 1],
        }
    }

    /// What all demand of a product costs at these prices. What it uses is added to `usage`, and what it ships to
    /// `shipped`, of shape `[route][day]`.
    pub(super) fn find(&mut self, task: &Task<'_>, prices: &Prices, usage: &mut Prices, shipped: &mut [f64]) -> f64 {
        self.forward(task, prices);
        let cost = (0..self.scenario.node_count()).map(|n| self.serve(task, n)).sum();
        for t in (0..self.course.days).rev() {
            for n in 0..self.scenario.node_count() {
                self.follow(task, usage, shipped, n, t);
            }
        }
        cost
    }

    /// The cheapest way to each place and day.
    pub(super) fn forward(&mut self, task: &Task<'_>, prices: &Prices) {
        self.stock.clear();
        self.input.clear();
        for (i, source) in task.sources.iter().enumerate().filter(|(_, source)| source.day < self.course.days) {
            let price = prices.sources[task.first_source + i];
            let (places, n) = match source.place {
                Place::Stock(n) => (&mut self.stock, n),
                Place::Input(n) => (&mut self.input, n),
            };
            places.offer(n * self.course.days + source.day, price, From::Source(i as u32));
        }
        for t in 0..self.course.days {
            self.make_and_hold(task.rates, prices, t);
            self.ship(task, prices, t);
        }
    }

    /// The lane of a route.
    pub(super) fn lane_of(&self, k: usize) -> usize {
        self.scenario.lanes().iter().position(|lane| k < lane.first_route + lane.routes).unwrap_or(0)
    }

    /// Defective share of what lane `l` brings on day `t`.
    pub(super) fn defective(&self, task: &Task<'_>, l: usize, t: usize) -> f64 {
        self.course.defective[(task.product * self.scenario.lanes().len() + l) * self.course.days + t]
    }

    /// What a unit of demand of node `n` costs at best, day by day.
    pub(super) fn worth_of(&mut self, task: &Task<'_>, n: usize) {
        let days = self.course.days;
        let (shortage, lost) = (task.rates.shortage[n], task.rates.lost[n]);
        self.worth[days] = 0.0;
        for t in (0..days).rev() {
            let later = shortage * self.counts[t] + if lost { 0.0 } else { self.worth[t + 1] };
            self.worth[t] = later.min(self.stock.cost[n * days + t]);
        }
    }

    /// A unit at each node on day `t`: held from the day before, or on its way into production.
    #[inline]
    fn make_and_hold(&mut self, rates: &Rates, prices: &Prices, t: usize) {
        let days = self.course.days;
        for (n, node) in self.scenario.nodes().iter().enumerate() {
            let at = n * days + t;
            if node.produces {
                if t > 0 {
                    self.input.offer(at, self.input.cost[at - 1] + rates.holding[n] * self.counts[t - 1], From::Held);
                }
                let done = t + node.production_days;
                if done < days && self.course.capacity[at] > 0.0 && self.input.cost[at].is_finite() {
                    let start = rates.production[n] * self.counts[t] + prices.capacity[at] * rates.work[n];
                    let scrap = (1.0 - rates.good[n]) * rates.scrap[n] * self.counts[done];
                    let cost = (self.input.cost[at] + start + scrap) / rates.good[n];
                    self.stock.offer(n * days + done, cost, From::Works(t as u16));
                }
            }
            if t > 0 {
                let night = rates.holding[n] * self.counts[t - 1] + prices.storage[at - 1] * rates.volume;
                self.stock.offer(at, self.stock.cost[at - 1] + night, From::Held);
            }
        }
    }

    /// A unit that leaves on day `t`, at each node that it comes to.
    #[inline]
    fn ship(&mut self, task: &Task<'_>, prices: &Prices, t: usize) {
        let (days, lanes, routes) = (self.course.days, self.scenario.lanes(), self.scenario.routes().len());
        for (l, lane) in lanes.iter().enumerate() {
            let here = lane.supplier.map_or(0.0, |n| self.stock.cost[n * days + t]);
            if !self.course.ships[l * days + t] || !here.is_finite() {
                continue;
            }
            let defective = &self.course.defective[(task.product * lanes.len() + l) * days..][..days];
            let scrap = task.rates.scrap[lane.customer];
            for k in lane.first_route..lane.first_route + lane.routes {
                if self.course.room[k * days + t] <= 0.0 {
                    continue;
                }
                let road = task.rates.freight[k] * self.counts[t] + prices.room[k * days + t] * task.rates.volume;
                let (least, most) = self.course.lead[(task.product * routes + k) * days + t];
                let (first, last) = (t + usize::from(least), t + usize::from(most));
                for (due, &bad) in defective.iter().enumerate().take(last + 1).skip(first) {
                    let cost = (here + road + bad * scrap * self.counts[due]) / (1.0 - bad);
                    let from = From::Route(k as u16, t as u16);
                    let at = lane.customer * days + due;
                    if self.scenario.nodes()[lane.customer].produces {
                        self.input.offer(at, cost, from);
                    } else {
                        self.stock.offer(at, cost, from);
                    }
                }
            }
        }
    }

    /// Customers of node `n`: each unit is served at once, later, or never. Returns what they cost.
    fn serve(&mut self, task: &Task<'_>, n: usize) -> f64 {
        let (days, nodes) = (self.course.days, self.scenario.node_count());
        let demand = &self.course.demand[(task.product * nodes + n) * days..][..days];
        let owed = task.owed.get(n).copied().unwrap_or(0.0);
        if owed == 0.0 && demand.iter().all(|&units| units == 0.0) {
            return 0.0;
        }
        self.worth_of(task, n);
        let lost = task.rates.lost[n];
        let (mut waiting, mut cost) = (0.0, 0.0);
        for (t, &units) in demand.iter().enumerate() {
            let new = units + if t == 0 { owed } else { 0.0 };
            cost += new * self.worth[t];
            waiting += new;
            if self.stock.cost[n * days + t] <= self.worth[t] {
                self.stock.need[n * days + t] += waiting;
                waiting = 0.0;
            } else if lost {
                waiting = 0.0;
            }
        }
        cost
    }

    /// What is needed at node `n` on day `t` is asked of where it comes from.
    #[inline]
    fn follow(&mut self, task: &Task<'_>, usage: &mut Prices, shipped: &mut [f64], n: usize, t: usize) {
        let (days, rates) = (self.course.days, task.rates);
        let at = n * days + t;
        for is_input in [true, false] {
            let places = if is_input { &mut self.input } else { &mut self.stock };
            let need = places.need[at];
            if need == 0.0 {
                continue;
            }
            match places.from[at] {
                From::Nowhere => {}
                From::Held => {
                    places.need[at - 1] += need;
                    if !is_input {
                        usage.storage[at - 1] += need * rates.volume;
                    }
                }
                From::Source(i) => usage.sources[task.first_source + i as usize] += need,
                From::Works(day) => {
                    let started = need / rates.good[n];
                    let then = n * days + usize::from(day);
                    usage.capacity[then] += started * rates.work[n];
                    self.input.need[then] += started;
                }
                From::Route(k, day) => {
                    let (k, day) = (usize::from(k), usize::from(day));
                    let l = self.lane_of(k);
                    let left = need / (1.0 - self.defective(task, l, t));
                    usage.room[k * days + day] += left * rates.volume;
                    shipped[k * days + day] += left;
                    if let Some(supplier) = self.scenario.lanes()[l].supplier {
                        self.stock.need[supplier * days + day] += left;
                    }
                }
            }
        }
    }
}
