//! One product's plan at given prices: demand by demand, each takes the cheapest way that stock is left for.
//!
//! The mean plan of an ascent needs hundreds of steps before it tells stockpoint by stockpoint what to order; prices of
//! what products share are right after tens. So a planner that plans often keeps the prices and lets the stock that
//! is there go, unit by unit, to whom it is cheapest for, in the order of demand: customers' first, the day's safety
//! stock of other nodes last. Ways are found again whenever a source is used up.
//!
//! A unit is **ordered** on the day that it leaves, or, where it comes too late, on the day that it should have left: it
//! then waits at its supplier and leaves with the first goods that come.

use super::cheapest::{Finder, From, Prices, Task};
use super::course::{Place, Source};

/// Units too few to count.
const NONE: f64 = 1e-7;

impl Finder<'_> {
    /// Plans one product at the prices of what is shared. What is ordered is added to `ordered`, of shape `[route][day]`.
    pub(super) fn plan(&mut self, task: &Task<'_>, prices: &Prices, ordered: &mut [f64]) {
        let mut sources = task.sources.to_vec();
        let days = self.course.days;
        let free = Prices { sources: vec![0.0; task.first_source + sources.len()], ..prices.clone() };
        let nodes = self.scenario.node_count();
        let mut sellers: Vec<usize> = (0..nodes).collect();
        sellers.sort_by_key(|&n| !self.scenario.nodes()[n].sells);
        self.forward(&Task { sources: &sources, ..*task }, &free);
        for n in sellers {
            let first = (task.product * nodes + n) * days;
            let owed = task.owed.get(n).copied().unwrap_or(0.0);
            self.worth_of(task, n);
            for t in 0..days {
                let mut left = self.course.demand[first + t] + if t == 0 { owed } else { 0.0 };
                while left > NONE {
                    let Some(day) = self.served_on(task, n, t) else { break };
                    let (source, share) = self.origin(task, n, day);
                    let enough = source.map_or(f64::INFINITY, |i| sources[i].units * share);
                    let units = left.min(enough);
                    if units > NONE {
                        self.order(task, ordered, n, day, t, units);
                    }
                    left -= units;
                    if let Some(i) = source {
                        sources[i].units -= units / share;
                        if sources[i].units <= NONE {
                            // Out of reach from now on.
                            sources[i] = Source { units: 0.0, day: days, ..sources[i] };
                            self.forward(&Task { sources: &sources, ..*task }, &free);
                            self.worth_of(task, n);
                        }
                    }
                }
            }
        }
    }

    /// The day on which demand of day `t` is served at best; none if never.
    fn served_on(&self, task: &Task<'_>, n: usize, t: usize) -> Option<usize> {
        let days = self.course.days;
        let served = |t: &usize| self.stock.cost[n * days + t] <= self.worth[*t];
        if task.rates.lost[n] { Some(t).filter(served) } else { (t..days).find(served) }
    }

    /// Where a unit at node `n` on day `t` comes from: the source, none for the outside, and what is left of a unit
    /// on its way.
    fn origin(&self, task: &Task<'_>, n: usize, t: usize) -> (Option<usize>, f64) {
        let (mut place, mut day, mut share) = (Place::Stock(n), t, 1.0);
        loop {
            match self.before(task, place, day) {
                Step::Back(earlier, then, kept) => (place, day, share) = (earlier, then, share * kept),
                Step::Source(i) => return (Some(i), share),
                Step::Outside => return (None, share),
            }
        }
    }

    /// One step back on a unit's way.
    fn before(&self, task: &Task<'_>, place: Place, day: usize) -> Step {
        let (places, n) = match place {
            Place::Stock(n) => (&self.stock, n),
            Place::Input(n) => (&self.input, n),
        };
        match places.from[n * self.course.days + day] {
            From::Nowhere => Step::Outside,
            From::Held => Step::Back(place, day - 1, 1.0),
            From::Source(i) => Step::Source(i as usize),
            From::Works(start) => Step::Back(Place::Input(n), usize::from(start), task.rates.good[n]),
            From::Route(k, start) => {
                let l = self.lane_of(usize::from(k));
                match self.scenario.lanes()[l].supplier {
                    None => Step::Outside,
                    Some(supplier) => {
                        Step::Back(Place::Stock(supplier), usize::from(start), 1.0 - self.defective(task, l, day))
                    }
                }
            }
        }
    }

    /// Orders `units` that node `n` has on day `day` for demand of day `due`, lane by lane on their way.
    fn order(&self, task: &Task<'_>, ordered: &mut [f64], n: usize, day: usize, due: usize, units: f64) {
        let days = self.course.days;
        let (mut place, mut day, mut due, mut units) = (Place::Stock(n), day, due as i64, units);
        loop {
            let (places, n) = match place {
                Place::Stock(n) => (&self.stock, n),
                Place::Input(n) => (&self.input, n),
            };
            match places.from[n * days + day] {
                From::Works(start) => due = due.min(day as i64) - (day - usize::from(start)) as i64,
                From::Route(k, start) => {
                    let (k, start) = (usize::from(k), usize::from(start));
                    units /= 1.0 - self.defective(task, self.lane_of(k), day);
                    due = (due - (day - start) as i64).min(start as i64);
                    ordered[k * days + due.max(0) as usize] += units;
                }
                _ => {}
            }
            match self.before(task, place, day) {
                Step::Back(earlier, then, kept) => {
                    if let From::Works(_) = places.from[n * days + day] {
                        units /= kept;
                    }
                    (place, day) = (earlier, then);
                }
                _ => return,
            }
        }
    }
}

/// A step back.
enum Step {
    /// To a place and day; the share that is left on the way from there.
    Back(Place, usize, f64),
    /// To a source of the product.
    Source(usize),
    /// To the outside, or to nowhere.
    Outside,
}
