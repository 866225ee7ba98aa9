//! One stockpoint whose unmet demand is lost: exact optimum, best base stock and best capped base stock.
//!
//! The state on a morning is what can be sold today and what arrives on each of the next days: with a lead time of `L`
//! days *before the day's demand* that is `L` numbers (Zipkin 2008, Old and New Methods for Lost-Sales Inventory Systems,
//! Operations Research 56(5), section 2). In the simulator an order follows the day's demand: its lead time is `L + 1`,
//! and the morning after is where an order is decided here.
//!
//! **How far the states go.** Let `B(k)` be the least quantity that the demand of `k` days stays below with probability
//! `p / (p + h)`. An optimal policy lets its last `k` orders never pass `B(k)`, and all it has and has ordered never
//! `B(L + 1)` (Morton 1969; Zipkin 2008, section 3): every state kept leads only to states kept. A test widens the bounds
//! and finds the same optimum.

use super::lattice::{DayCost, Lattice};
use super::pipeline::{Bounds, Gain, Pipeline, descend, dot, iterate};
use super::{WORK_MAX, Watch};

/// The problem. Costs a step.
#[derive(Clone, Debug, PartialEq)]
pub struct LostSales {
    /// Demand of a day.
    pub demand: Lattice,
    /// Days from an order to the first demand it can serve: the simulator's lead time less one.
    pub lead_days: usize,
    /// Holding cost a unit and day.
    pub holding: f64,
    /// Cost of a lost unit.
    pub penalty: f64,
    /// Cost of an ordered unit.
    pub unit: f64,
    /// Greatest order [steps].
    pub order_max: usize,
}

/// What was found. Costs a day; quantities in steps.
#[derive(Clone, Debug)]
pub struct Found {
    /// Average cost of the optimum.
    pub optimum: Gain,
    /// What it orders.
    pub orders: Orders,
    /// Best base-stock level and its cost.
    pub base_stock: (usize, f64),
    /// Best level and cap and their cost.
    pub capped: (usize, usize, f64),
}

/// Optimal orders of every state.
#[derive(Clone, Debug)]
pub struct Orders {
    pipeline: Pipeline,
    order: Vec<u32>,
}

impl Orders {
    /// The order of a morning on which `x` can be sold and `tail` arrives tomorrow, the day after, ...: none outside of
    /// the states that an optimal policy comes to.
    #[must_use]
    pub fn order(&self, x: usize, tail: &[usize]) -> Option<usize> {
        let row = self.pipeline.row_of(tail)?;
        let place = self.pipeline.place(&self.pipeline.rows[row], x as i64)?;
        self.order.get(place).map(|&order| order as usize)
    }

    /// Greatest order in any state.
    #[must_use]
    pub fn greatest(&self) -> usize {
        self.order.iter().max().map_or(0, |&order| order as usize)
    }

    /// Number of states.
    #[must_use]
    pub fn states(&self) -> usize {
        self.order.len()
    }
}

impl LostSales {
    /// Solves it.
    ///
    /// # Errors
    /// If there are too many states, with how many would be allowed.
    pub fn solve(&self, watch: &mut Watch<'_>) -> Result<Found, String> {
        let (optimum, orders) = self.optimum(0, watch)?;
        // A guess first: the descent stops where no neighbour costs less.
        let ratio = self.penalty / (self.penalty + self.holding * (self.lead_days + 1) as f64);
        let guess = self.demand.times(self.lead_days + 1).quantile(ratio).max(1) as i64;
        let most = self.demand.last().max(1) as i64;
        let mut cost = |level: i64, cap: i64, give_up: f64| match (usize::try_from(level), usize::try_from(cap)) {
            (Ok(level @ 1..), Ok(cap @ 1..)) => self.cost_of(level, cap, give_up, watch),
            _ => Ok(f64::INFINITY),
        };
        // Without a cap: both numbers of a pair that never costs more for a move along the second.
        let (base_stock, base_cost) =
            descend(
                (guess, 0),
                |(level, still), give_up| {
                    if still == 0 { cost(level, most, give_up) } else { Ok(f64::INFINITY) }
                },
            )?;
        let cap = orders.greatest().clamp(1, self.demand.last().max(1)) as i64;
        let (capped, capped_cost) = descend((base_stock.0, cap), |(level, cap), give_up| cost(level, cap, give_up))?;
        let base_stock = (base_stock.0.unsigned_abs() as usize, base_cost);
        let capped = (capped.0.unsigned_abs() as usize, capped.1.unsigned_abs() as usize, capped_cost);
        Ok(Found { optimum, orders, base_stock, capped })
    }

    /// The optimum, with the bounds of its states widened by `wider` steps each.
    ///
    /// # Errors
    /// If there are too many states.
    pub fn optimum(&self, wider: usize, watch: &mut Watch<'_>) -> Result<(Gain, Orders), String> {
        // A lost unit saves its purchase.
        let ratio = ((self.penalty - self.unit) / (self.penalty - self.unit + self.holding)).max(0.0);
        let mut sum = self.demand.clone();
        let mut recent = Vec::new();
        for _ in 0..=self.lead_days {
            recent.push(sum.quantile(ratio) + wider);
            sum = sum.plus(&self.demand);
        }
        let total = recent[self.lead_days] as i64;
        let order = recent[0].min(self.order_max).min(recent[self.lead_days]);
        let bounds = Bounds { tail: self.lead_days - 1, order, recent, total, x_min: 0 };
        let chain = Chain::new(self, &bounds)?;
        let work = chain.pipeline.states as f64 * (order + 1) as f64 * (total as f64 / 4.0).max(1.0);
        if work > WORK_MAX {
            return Err(super::too_large(chain.pipeline.states));
        }
        let mut values = vec![0.0; chain.pipeline.states];
        let gain =
            iterate(&mut values, f64::MAX, watch.of("optimum"), |old, new| chain.sweep_all(order, old, new, None));
        let mut orders = vec![0; values.len()];
        chain.sweep_all(order, &values.clone(), &mut values, Some(&mut orders));
        Ok((gain, Orders { pipeline: chain.pipeline, order: orders }))
    }

    /// Exact average cost of a base-stock level with a cap on each order. Ends early once it is above `give_up`: the
    /// cost is then a lower bound.
    ///
    /// # Errors
    /// If there are too many states.
    pub fn cost_of(&self, level: usize, cap: usize, give_up: f64, watch: &mut Watch<'_>) -> Result<f64, String> {
        let order = cap.min(level).min(self.order_max).min(self.demand.last());
        let bounds = Bounds { tail: self.lead_days - 1, order, recent: Vec::new(), total: level as i64, x_min: 0 };
        let chain = Chain::new(self, &bounds)?;
        let mut values = vec![0.0; chain.pipeline.states];
        let gain = iterate(&mut values, give_up, watch.of("policies"), |old, new| {
            chain.sweep_one(level, order, old, new);
        });
        Ok(if gain.lower > give_up { gain.lower } else { gain.mean() })
    }
}

/// The states with what one day brings.
struct Chain<'a> {
    problem: &'a LostSales,
    pipeline: Pipeline,
    day: DayCost,
    /// Probabilities of demand from the greatest down to 0.
    reversed: Vec<f64>,
    /// P(D >= x). Shape `[x]`.
    all_sold: Vec<f64>,
}

impl<'a> Chain<'a> {
    fn new(problem: &'a LostSales, bounds: &Bounds) -> Result<Self, String> {
        let pipeline = Pipeline::new(bounds).ok_or_else(|| super::too_large(usize::MAX))?;
        let mut reversed = problem.demand.from_zero();
        let most = usize::try_from(bounds.total).unwrap_or(0);
        let mut all_sold = vec![1.0];
        for x in 0..most {
            let below = all_sold[x] - reversed.get(x).copied().unwrap_or(0.0);
            all_sold.push(if x >= problem.demand.last() { 0.0 } else { below });
        }
        reversed.reverse();
        let day = DayCost::new(&problem.demand, problem.holding, problem.penalty);
        Ok(Self { problem, pipeline, day, reversed, all_sold })
    }

    /// Mean value of tomorrow's state after an order of `z`; infinite where that state is not kept.
    #[inline]
    fn ahead(&self, row: usize, x: usize, z: usize, old: &[f64]) -> f64 {
        let Some((next, arrives)) = self.pipeline.after(row, z) else { return f64::INFINITY };
        if x + arrives >= next.length {
            return f64::INFINITY;
        }
        let from = next.start + arrives;
        let most = self.reversed.len() - 1;
        // What is left after the day's sales: `least..=x` from single demands, 0 from all that sell out.
        let least = if x > most { x - most } else { 1 };
        let left = dot(&self.reversed[most + least - x..], &old[from + least..=from + x]);
        self.all_sold[x] * old[from] + left
    }

    /// One step of value iteration over all orders up to `order`.
    fn sweep_all(&self, order: usize, old: &[f64], new: &mut [f64], mut orders: Option<&mut Vec<u32>>) {
        let unit = self.problem.unit;
        for (r, row) in self.pipeline.rows.iter().enumerate() {
            for x in 0..row.length {
                let room = self.pipeline_total(r) - x;
                let (mut best, mut at) = (f64::INFINITY, 0);
                for z in 0..=order.min(room) {
                    let cost = unit * z as f64 + self.ahead(r, x, z, old);
                    if cost < best {
                        (best, at) = (cost, z);
                    }
                }
                new[row.start + x] = self.day.at(x as i64) + best;
                if let Some(orders) = orders.as_deref_mut() {
                    orders[row.start + x] = at as u32;
                }
            }
        }
    }

    /// One step with the orders of a level and a cap.
    fn sweep_one(&self, level: usize, cap: usize, old: &[f64], new: &mut [f64]) {
        for (r, row) in self.pipeline.rows.iter().enumerate() {
            for x in 0..row.length {
                let z = (level - x - row.sum).min(cap);
                new[row.start + x] = self.day.at(x as i64) + self.problem.unit * z as f64 + self.ahead(r, x, z, old);
            }
        }
    }

    /// Room for `x` and an order in a row.
    fn pipeline_total(&self, row: usize) -> usize {
        self.pipeline.rows[row].length - 1
    }
}
