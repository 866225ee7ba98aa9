//! One stockpoint with two routes, a slow and cheap one and a fast and dear one, and full backlog: exact optimum and best
//! capped dual index.
//!
//! With lead times of `l` and `e` days the state is the expedited position `x` (the level plus what arrives within `e`
//! days) and the slow orders that arrive on each of the `l - e - 1` days after that: what was ordered within the fast
//! route's time can't be changed any more, and only its sum counts (Whittemore and Saunders 1977; Gijsbrechts et al.
//! 2022, section 6.2, has `e` of 0, because there orders precede the day's demand). The fast order brings `x` up to `y`,
//! then the slow order `z` is decided.
//!
//! **How far the states go.** All it has and has ordered stays below the best base stock of the slow route alone, plus
//! two; `y` is never below a level that begins where the fast route's own demand ends; a slow order is no larger than a
//! bound that begins at the greatest demand of a day. Where the optimal policy meets one of the three with a probability
//! above 10^-9 the bound is moved out and the problem solved again, until it meets none.

use super::lattice::{DayCost, Lattice};
use super::pipeline::{Bounds, Gain, Pipeline, descend, dot, iterate};
use super::{WORK_MAX, Watch};

/// The problem. Costs a step; lead times in the simulator's days.
#[derive(Clone, Debug, PartialEq)]
pub struct Dual {
    /// Demand of a day.
    pub demand: Lattice,
    /// Lead time of the slow route [days].
    pub slow_days: usize,
    /// Lead time of the fast route, shorter [days].
    pub fast_days: usize,
    /// Cost of a unit over the slow route.
    pub slow_unit: f64,
    /// Cost of a unit over the fast route.
    pub fast_unit: f64,
    /// Holding cost a unit and day.
    pub holding: f64,
    /// Backorder cost a unit and day.
    pub backorder: f64,
    /// Greatest order over both routes on a day [steps].
    pub order_max: usize,
}

/// A capped dual index [steps].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// The fast route brings the expedited position up to this.
    pub expedite: i64,
    /// The slow order brings the position up to this.
    pub level: i64,
    /// Greatest slow order.
    pub cap: usize,
}

/// What was found. Costs a day.
#[derive(Clone, Debug)]
pub struct Found {
    /// Average cost of the optimum.
    pub optimum: Gain,
    /// What it orders.
    pub orders: Orders,
    /// Best capped dual index and its cost.
    pub index: (Index, f64),
}

/// Optimal orders of every state.
#[derive(Clone, Debug)]
pub struct Orders {
    pipeline: Pipeline,
    /// Where the fast order stops, and the slow order. Shape `[state]`.
    order: Vec<(i64, usize)>,
}

impl Orders {
    /// The fast and the slow order at an expedited position of `x` with `tail` arriving afterwards, day by day: none
    /// outside of the states kept.
    #[must_use]
    pub fn order(&self, x: i64, tail: &[usize]) -> Option<(usize, usize)> {
        let row = self.pipeline.row_of(tail)?;
        let place = self.pipeline.place(&self.pipeline.rows[row], x)?;
        let &(y, z) = self.order.get(place)?;
        Some((usize::try_from(y - x).unwrap_or(0), z))
    }
}

/// Bounds of the states, in steps.
#[derive(Clone, Copy, Debug)]
struct Reach {
    total: i64,
    least: i64,
    order: usize,
}

impl Dual {
    /// Solves it.
    ///
    /// # Errors
    /// If there are too many states, or an optimal policy always meets the bounds.
    pub fn solve(&self, watch: &mut Watch<'_>) -> Result<Found, String> {
        let alone = self.demand.times(self.slow_days).quantile(self.backorder / (self.backorder + self.holding));
        let fast = self.demand.times(self.fast_days);
        let mut reach = Reach {
            total: alone as i64 + 2,
            least: fast.first as i64 - 1,
            order: (self.demand.last() + 1).min(self.order_max),
        };
        for _ in 0..12 {
            let (optimum, orders, met) = self.optimum(reach, watch)?;
            if !met.any() {
                let index = self.best_index(&orders, reach, watch)?;
                return Ok(Found { optimum, orders, index });
            }
            reach.total += if met.total { 2 + reach.total / 4 } else { 0 };
            reach.least -= if met.least { 2 + self.demand.last() as i64 / 2 } else { 0 };
            reach.order += if met.order { 1 + reach.order / 2 } else { 0 };
            reach.order = reach.order.min(self.order_max);
        }
        Err("its optimal orders do not stay within bounds".to_owned())
    }

    /// Days of slow orders that the state tells apart.
    fn tail_days(&self) -> usize {
        self.slow_days - self.fast_days - 1
    }

    fn optimum(&self, reach: Reach, watch: &mut Watch<'_>) -> Result<(Gain, Orders, Met), String> {
        let bounds = Bounds {
            tail: self.tail_days(),
            order: reach.order,
            // Nothing may be on its way that leaves no room for the least position.
            recent: vec![usize::try_from(reach.total - reach.least).unwrap_or(0); self.tail_days()],
            total: reach.total,
            x_min: reach.least - self.demand.last() as i64,
        };
        let chain = Chain::new(self, &bounds)?;
        let work =
            chain.pipeline.states as f64 * (reach.order + 1) as f64 * (self.demand.masses.len() as f64 / 2.0).max(1.0);
        if work > WORK_MAX {
            return Err(super::too_large(chain.pipeline.states));
        }
        let mut values = vec![0.0; chain.pipeline.states];
        let gain =
            iterate(&mut values, f64::MAX, watch.of("optimum"), |old, new| chain.sweep_all(reach, old, new, None));
        let mut orders = vec![(0, 0); values.len()];
        chain.sweep_all(reach, &values.clone(), &mut values, Some(&mut orders));
        let met = chain.met(reach, self.order_max, &orders);
        Ok((gain, Orders { pipeline: chain.pipeline, order: orders }, met))
    }

    /// Exact average cost of a capped dual index. Ends early once it is above `give_up`: the cost is then a lower bound.
    ///
    /// # Errors
    /// If there are too many states.
    pub fn cost_of(&self, index: Index, give_up: f64, watch: &mut Watch<'_>) -> Result<f64, String> {
        let tail = self.tail_days();
        let cap = index.cap.min(self.order_max);
        let bounds = Bounds {
            tail,
            order: cap,
            recent: Vec::new(),
            // Either the slow order stops at its level, or nothing but fast orders came on top of the tail.
            total: index.level.max(index.expedite + (tail * cap) as i64),
            x_min: index.expedite - self.demand.last() as i64,
        };
        let chain = Chain::new(self, &bounds)?;
        let mut values = vec![0.0; chain.pipeline.states];
        let gain = iterate(&mut values, give_up, watch.of("policies"), |old, new| {
            chain.sweep_one(Index { cap, ..index }, old, new);
        });
        Ok(if gain.lower > give_up { gain.lower } else { gain.mean() })
    }

    /// Best capped dual index: for each cap the two levels are moved while that helps, until three caps bring nothing.
    fn best_index(&self, orders: &Orders, reach: Reach, watch: &mut Watch<'_>) -> Result<(Index, f64), String> {
        let expedite = orders.order.iter().map(|&(y, _)| y).min().unwrap_or(reach.least);
        let least_cap = (self.demand.mean().ceil() as usize).clamp(1, self.order_max.max(1));
        let mut best = (Index { expedite, level: reach.total - 2, cap: least_cap }, f64::MAX);
        let mut without = 0;
        for cap in least_cap..=reach.order.max(least_cap) {
            let index = |(expedite, level)| Index { expedite, level, cap };
            let (at, cost) =
                descend((best.0.expedite, best.0.level), |at, give_up| self.cost_of(index(at), give_up, watch))?;
            let found = (index(at), cost);
            without += 1;
            if found.1 < best.1 {
                (best, without) = (found, 0);
            }
            if without == 3 {
                break;
            }
        }
        Ok(best)
    }
}

/// Bounds that the optimal policy meets.
#[derive(Clone, Copy, Debug, Default)]
struct Met {
    total: bool,
    least: bool,
    order: bool,
}

impl Met {
    fn any(self) -> bool {
        self.total || self.least || self.order
    }
}

/// The states with what one day brings.
struct Chain<'a> {
    problem: &'a Dual,
    pipeline: Pipeline,
    day: DayCost,
    /// Probabilities of demand from the greatest to the least.
    reversed: Vec<f64>,
}

impl<'a> Chain<'a> {
    fn new(problem: &'a Dual, bounds: &Bounds) -> Result<Self, String> {
        let pipeline = Pipeline::new(bounds).ok_or_else(|| super::too_large(usize::MAX))?;
        let mut reversed = problem.demand.masses.clone();
        reversed.reverse();
        let day = DayCost::new(&problem.demand.times(problem.fast_days), problem.holding, problem.backorder);
        Ok(Self { problem, pipeline, day, reversed })
    }

    /// Where tomorrow's states begin after an expedited position of `y` and a slow order of `z`: that of the greatest
    /// demand. None where tomorrow's state is not kept.
    #[inline]
    fn tomorrow(&self, row: usize, y: i64, z: usize) -> Option<usize> {
        let (next, arrives) = self.pipeline.after(row, z)?;
        let best = y + arrives as i64 - self.problem.demand.first as i64 - self.pipeline.x_min;
        let worst = best + 1 - self.reversed.len() as i64;
        (worst >= 0 && best < next.length as i64).then(|| next.start + worst as usize)
    }

    /// Mean value of tomorrow's state; infinite where it is not kept.
    #[inline]
    fn ahead(&self, row: usize, y: i64, z: usize, old: &[f64]) -> f64 {
        self.tomorrow(row, y, z)
            .map_or(f64::INFINITY, |from| dot(&self.reversed, &old[from..from + self.reversed.len()]))
    }

    /// One step of value iteration over all orders within reach.
    fn sweep_all(&self, reach: Reach, old: &[f64], new: &mut [f64], mut orders: Option<&mut Vec<(i64, usize)>>) {
        let Dual { slow_unit, fast_unit, .. } = *self.problem;
        for (r, row) in self.pipeline.rows.iter().enumerate() {
            // The best of all `y` at or above the one at hand: cost, `y`, slow order.
            let mut best = (f64::INFINITY, 0, 0);
            for at in (0..row.length).rev() {
                let x = self.pipeline.x_min + at as i64;
                if x >= reach.least {
                    let room = usize::try_from(reach.total - x).unwrap_or(0).saturating_sub(row.sum);
                    let mut here = (f64::INFINITY, 0);
                    for z in 0..=reach.order.min(room) {
                        let cost = slow_unit * z as f64 + self.ahead(r, x, z, old);
                        if cost < here.0 {
                            here = (cost, z);
                        }
                    }
                    let cost = here.0 + self.day.at(x) + fast_unit * x as f64;
                    if cost <= best.0 {
                        best = (cost, x, here.1);
                    }
                }
                new[row.start + at] = best.0 - fast_unit * x as f64;
                if let Some(orders) = orders.as_deref_mut() {
                    orders[row.start + at] = (best.1, best.2);
                }
            }
        }
    }

    /// One step with the orders of a capped dual index.
    fn sweep_one(&self, index: Index, old: &[f64], new: &mut [f64]) {
        for (r, row) in self.pipeline.rows.iter().enumerate() {
            for at in 0..row.length {
                let x = self.pipeline.x_min + at as i64;
                let y = x.max(index.expedite);
                let z = usize::try_from(index.level - y - row.sum as i64).unwrap_or(0).min(index.cap);
                new[row.start + at] = self.problem.fast_unit * (y - x) as f64
                    + self.problem.slow_unit * z as f64
                    + self.day.at(y)
                    + self.ahead(r, y, z, old);
            }
        }
    }

    /// Which bounds the optimal policy meets in the long run.
    fn met(&self, reach: Reach, order_max: usize, orders: &[(i64, usize)]) -> Met {
        let mut now = vec![0.0; orders.len()];
        let Some(start) = self.pipeline.place(&self.pipeline.rows[0], reach.least.max(0)) else {
            return Met { total: true, ..Met::default() };
        };
        now[start] = 1.0;
        for _ in 0..SETTLED_DAYS {
            let mut next = vec![0.0; orders.len()];
            self.each(&now, orders, |mass, r, y, z| {
                let Some(from) = self.tomorrow(r, y, z) else { return };
                for (sum, p) in next[from..].iter_mut().zip(&self.reversed) {
                    *sum += mass * p;
                }
            });
            now = next;
        }
        let mut met = Met::default();
        self.each(&now, orders, |mass, r, y, z| {
            if mass > NEGLIGIBLE {
                met.total |= y + (self.pipeline.rows[r].sum + z) as i64 >= reach.total;
                met.least |= y <= reach.least;
                met.order |= z >= reach.order && reach.order < order_max;
            }
        });
        met
    }

    /// All states that have any probability, with what is ordered there.
    fn each(&self, now: &[f64], orders: &[(i64, usize)], mut visit: impl FnMut(f64, usize, i64, usize)) {
        for (r, row) in self.pipeline.rows.iter().enumerate() {
            for at in row.start..row.start + row.length {
                if now[at] > 1e-18 {
                    visit(now[at], r, orders[at].0, orders[at].1);
                }
            }
        }
    }
}

/// Days after which a start from nothing on order is forgotten.
const SETTLED_DAYS: usize = 300;
/// Probability of a state that does not matter.
const NEGLIGIBLE: f64 = 1e-9;
