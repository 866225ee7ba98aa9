//! Prices that make the bound high: ascent on the dual of a course's linear program.
//!
//! Each step finds every product's cheapest way ([`super::cheapest`]) and moves each price by how far what it prices
//! is over- or underused. Steps are scaled price by price as Adam's are (Kingma and Ba 2015, algorithm 1), because a
//! day's whole capacity and a handful of units in stock differ by orders of magnitude, and get shorter, as
//! subgradient steps must. The highest bound found counts. The mean of the last half of all ways taken is the plan:
//! for subgradient steps it tends to the program's own solution (Larsson, Patriksson and Strömberg 1999).

use super::cheapest::{Finder, Prices, Task};
use super::course::{Course, Place, Start};
use super::rates::{Rates, overflow};
use super::{LpError, refuse_assembly};
use restock_core::Scenario;

/// What an ascent finds.
#[derive(Clone, Debug)]
pub struct Found {
    /// No plan costs less than this [minor currency units].
    pub bound: f64,
    /// Prices that prove it.
    pub prices: Prices,
    /// What the mean plan costs with all that it overuses paid at these prices [minor currency units]: an estimate of
    /// the program's cost from above.
    pub plan_cost: f64,
    /// Units shipped in the mean plan. Shape `[product][route][day]`.
    pub shipped: Vec<f64>,
}

impl Found {
    /// How far bound and plan are apart, as a share of the plan's cost.
    #[must_use]
    pub fn gap(&self) -> f64 {
        if self.plan_cost > 0.0 { ((self.plan_cost - self.bound) / self.plan_cost).max(0.0) } else { 0.0 }
    }
}

/// A course made ready for ascents.
pub struct Ascent<'a> {
    scenario: &'a Scenario<'a>,
    course: &'a Course,
    start: &'a Start,
    rates: Vec<Rates>,
    /// What there is of each priced thing, least price and first step. Shapes as [`Prices`].
    there: Prices,
    least: Prices,
    most: Prices,
    step: Prices,
    first_source: Vec<usize>,
}

/// Weight of the past in the mean and the mean square of how prices are wrong.
const MEMORY: (f64, f64) = (0.7, 0.95);
/// Shares of over- or underuse below which steps get shorter.
const NOISE: f64 = 0.05;

impl<'a> Ascent<'a> {
    /// # Errors
    /// If products are assembled.
    pub fn new(scenario: &'a Scenario<'a>, course: &'a Course, start: &'a Start) -> Result<Self, LpError> {
        refuse_assembly(scenario)?;
        let rates: Vec<Rates> = (0..scenario.products()).map(|p| Rates::of(scenario, p)).collect();
        let mut first_source = vec![0];
        for sources in &start.sources {
            first_source.push(first_source.last().copied().unwrap_or(0) + sources.len());
        }
        let days = course.days;
        let storage = |n: usize| std::iter::repeat_n(course.storage[n], days);
        let there = Prices {
            capacity: course.capacity.clone(),
            room: course.room.clone(),
            storage: (0..scenario.node_count()).flat_map(storage).collect(),
            sources: start.sources.iter().flatten().map(|source| source.units).collect(),
        };
        let zeros = Prices {
            capacity: vec![0.0; there.capacity.len()],
            room: vec![0.0; there.room.len()],
            storage: vec![0.0; there.storage.len()],
            sources: vec![0.0; there.sources.len()],
        };
        let mut it = Self {
            scenario,
            course,
            start,
            rates,
            there,
            least: zeros.clone(),
            most: zeros.clone(),
            step: zeros,
            first_source,
        };
        it.limits();
        Ok(it)
    }

    /// Least and greatest prices, and steps: about what holding costs a day.
    fn limits(&mut self) {
        let (days, nodes, products) = (self.course.days, self.scenario.node_count(), self.rates.len());
        for row in self.most.rows_mut() {
            row.fill(f64::INFINITY);
        }
        let total = |of: &dyn Fn(&Rates) -> f64| -> f64 {
            // Products weigh as much as they are asked for anywhere.
            let asked = |p: usize| self.course.demand[p * nodes * days..][..nodes * days].iter().sum::<f64>();
            (0..products).map(|p| asked(p) * of(&self.rates[p])).sum()
        };
        let volume = total(&|r| r.volume).max(1e-9);
        for n in 0..nodes {
            let holding = total(&|r| r.holding[n]);
            let work = total(&|r| r.work[n]).max(1e-9);
            for t in 0..days {
                let at = n * days + t;
                self.step.capacity[at] = 2.0 * holding / work;
                self.most.storage[at] = overflow(self.scenario, n) * self.course.counts(t);
                self.step.storage[at] = 0.3 * self.most.storage[at];
            }
        }
        for lane in self.scenario.lanes() {
            let holding = total(&|r| r.holding[lane.customer]);
            for k in lane.first_route..lane.first_route + lane.routes {
                self.step.room[k * days..][..days].fill(holding / volume);
            }
        }
        let mut i = 0;
        for (sources, rates) in self.start.sources.iter().zip(&self.rates) {
            for source in sources {
                let (Place::Stock(n) | Place::Input(n)) = source.place;
                self.step.sources[i] = 3.0 * rates.holding[n];
                if !source.disposable {
                    self.least.sources[i] = -self.kept(rates, source.place, source.day);
                }
                i += 1;
            }
        }
    }

    /// What a unit costs that is held to the end.
    fn kept(&self, rates: &Rates, place: Place, day: usize) -> f64 {
        let (Place::Stock(n) | Place::Input(n)) = place;
        (day..self.course.days).map(|t| rates.holding[n] * self.course.counts(t)).sum()
    }

    /// Prices of nothing.
    #[must_use]
    pub fn free(&self) -> Prices {
        let mut prices = self.least.clone();
        for row in prices.rows_mut() {
            row.fill(0.0);
        }
        prices
    }

    /// The nearest prices that prove a bound.
    #[must_use]
    pub fn feasible(&self, mut prices: Prices) -> Prices {
        for ((prices, least), most) in prices.rows_mut().into_iter().zip(self.least.rows()).zip(self.most.rows()) {
            for ((price, &least), &most) in prices.iter_mut().zip(least).zip(most) {
                *price = price.clamp(least, most);
            }
        }
        prices
    }

    /// One product's part.
    fn task(&self, product: usize) -> Task<'_> {
        let nodes = self.scenario.node_count();
        Task {
            product,
            rates: &self.rates[product],
            sources: &self.start.sources[product],
            owed: self.start.owed.get(product * nodes..(product + 1) * nodes).unwrap_or(&[]),
            first_source: self.first_source[product],
        }
    }

    /// What each product orders at these prices. Shape `[product][route][day]`. See `super::greedy`.
    #[must_use]
    pub fn ordered(&self, prices: &Prices) -> Vec<f64> {
        let size = self.scenario.routes().len() * self.course.days;
        let mut finder = Finder::new(self.scenario, self.course);
        let mut ordered = vec![0.0; self.rates.len() * size];
        for (product, ordered) in ordered.chunks_exact_mut(size).enumerate() {
            finder.plan(&self.task(product), prices, ordered);
        }
        ordered
    }

    /// Cost of all products' cheapest ways at these prices, and the bound that it is. `usage` is set, `shipped` of
    /// shape `[product][route][day]` added to.
    fn look(&self, finder: &mut Finder<'_>, prices: &Prices, usage: &mut Prices, shipped: &mut [f64]) -> (f64, f64) {
        for row in usage.rows_mut() {
            row.fill(0.0);
        }
        let size = self.scenario.routes().len() * self.course.days;
        let mut cost = 0.0;
        for product in 0..self.rates.len() {
            let shipped = &mut shipped[product * size..][..size];
            cost += finder.find(&self.task(product), prices, usage, shipped);
        }
        let collected: f64 = prices
            .rows()
            .into_iter()
            .zip(self.there.rows())
            .flat_map(|(prices, there)| prices.iter().zip(there))
            .filter(|(price, there)| **price != 0.0 && there.is_finite())
            .map(|(price, there)| price * there)
            .sum();
        (cost, cost - collected)
    }

    /// `steps` steps from `prices` on, the first of them `boldness` times as long as usual.
    #[must_use]
    pub fn climb(&self, prices: Prices, steps: usize, boldness: f64) -> Found {
        let mut finder = Finder::new(self.scenario, self.course);
        let mut prices = prices;
        let (mut mean, mut square, mut usage) = (self.free(), self.free(), self.free());
        let (mut best, mut best_prices) = (f64::NEG_INFINITY, prices.clone());
        let size = self.rates.len() * self.scenario.routes().len() * self.course.days;
        let (mut shipped, mut ignored) = (vec![0.0; size], vec![0.0; size]);
        let (mut mean_usage, mut own_cost, mut averaged) = (self.free(), 0.0, 0.0);
        for i in 0..steps.max(1) {
            let averaging = 2 * i >= steps;
            let flows = if averaging { &mut shipped } else { &mut ignored };
            let (cost, bound) = self.look(&mut finder, &prices, &mut usage, flows);
            if bound > best {
                best = bound;
                best_prices.clone_from(&prices);
            }
            if averaging {
                averaged += 1.0;
                own_cost += cost;
                for ((sum, usage), prices) in mean_usage.rows_mut().into_iter().zip(usage.rows()).zip(prices.rows()) {
                    for ((sum, &used), &price) in sum.iter_mut().zip(usage).zip(prices) {
                        *sum += used;
                        own_cost -= used * price;
                    }
                }
            }
            let length = boldness * (1.0 - i as f64 / steps as f64).powi(2).max(1e-3);
            self.step(&mut prices, &usage, &mut mean, &mut square, length, i);
        }
        for row in mean_usage.rows_mut() {
            row.iter_mut().for_each(|used| *used /= averaged);
        }
        shipped.iter_mut().for_each(|units| *units /= averaged);
        let plan_cost = own_cost / averaged + self.excess(&mean_usage, &best_prices);
        Found { bound: best, prices: best_prices, plan_cost, shipped }
    }

    /// [`Ascent::climb`] from prices of nothing.
    #[must_use]
    pub fn climb_from_free(&self, steps: usize) -> Found {
        self.climb(self.free(), steps, 1.0)
    }

    /// One step of all prices.
    fn step(&self, prices: &mut Prices, usage: &Prices, mean: &mut Prices, square: &mut Prices, length: f64, i: usize) {
        let unbias = |memory: f64| 1.0 - memory.powi(i as i32 + 1);
        let (unbias_mean, unbias_square) = (unbias(MEMORY.0), unbias(MEMORY.1));
        let rows = prices.rows_mut().into_iter().zip(usage.rows()).zip(mean.rows_mut()).zip(square.rows_mut());
        let fixed = self.there.rows().into_iter().zip(self.step.rows()).zip(self.least.rows()).zip(self.most.rows());
        for ((((prices, usage), mean), square), (((there, step), least), most)) in rows.zip(fixed) {
            for at in 0..prices.len() {
                let limit = there[at];
                if !limit.is_finite() || limit <= 0.0 {
                    continue;
                }
                let wrong = ((usage[at] - limit) / limit).min(3.0);
                mean[at] = MEMORY.0 * mean[at] + (1.0 - MEMORY.0) * wrong;
                square[at] = MEMORY.1 * square[at] + (1.0 - MEMORY.1) * wrong * wrong;
                let way = (mean[at] / unbias_mean) / ((square[at] / unbias_square).sqrt() + NOISE);
                prices[at] = (prices[at] + length * step[at] * way).clamp(least[at], most[at]);
            }
        }
    }

    /// What overuse costs: storage its overflow, sources left over their holding, all else its price.
    fn excess(&self, usage: &Prices, prices: &Prices) -> f64 {
        let over = |used: f64, there: f64| if used > there { used - there } else { 0.0 };
        let priced = |usage: &[f64], there: &[f64], rates: &[f64]| -> f64 {
            usage.iter().zip(there).zip(rates).map(|((&used, &there), &rate)| over(used, there) * rate).sum()
        };
        let left: f64 = (usage.sources.iter().zip(&self.there.sources).zip(&self.least.sources))
            .map(|((&used, &there), &least)| over(there, used) * -least)
            .sum();
        priced(&usage.capacity, &self.there.capacity, &prices.capacity)
            + priced(&usage.room, &self.there.room, &prices.room)
            + priced(&usage.storage, &self.there.storage, &self.most.storage)
            + priced(&usage.sources, &self.there.sources, &prices.sources)
            + left
    }
}
