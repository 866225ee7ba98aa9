//! One stockpoint with a fixed cost of every order and full backlog: the optimal (s, S).
//!
//! Costs of a given (s, S) come from the renewal function of demand; the search is that of Zheng and Federgruen (1991),
//! Finding Optimal (s, S) Policies Is About as Simple as Evaluating a Single Policy, Operations Research 39(4). The
//! simulator orders after the day's demand over a lead time of `l`; a problem with the order before the demand and a lead
//! time of zero is one with `l` of 1 here.

use super::lattice::{DayCost, Lattice};

/// The problem. Costs a step.
#[derive(Clone, Debug, PartialEq)]
pub struct FixedCost {
    /// Demand of a day.
    pub demand: Lattice,
    /// Lead time in the simulator's days.
    pub lead_days: usize,
    /// Cost of an order, whatever its size.
    pub order: f64,
    /// Holding cost a unit and day.
    pub holding: f64,
    /// Backorder cost a unit and day.
    pub backorder: f64,
}

/// What was found [steps].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Order at or below this inventory position.
    pub reorder: i64,
    /// Order up to this.
    pub up_to: i64,
    /// Average cost a day.
    pub cost: f64,
}

/// Greatest distance of `S` and `s` looked at [steps].
const DISTANCE_MAX: usize = 1 << 17;

/// Expected number of days that the position spends at 0, 1, 2, ... below `S`, until it passes them.
struct Renewal<'a> {
    demand: &'a Lattice,
    days: Vec<f64>,
}

impl Renewal<'_> {
    fn upto(&mut self, length: usize) {
        let still = self.demand.from_zero().first().copied().unwrap_or(0.0);
        while self.days.len() < length {
            let j = self.days.len();
            let arrived: f64 = self
                .demand
                .points()
                .filter(|(d, _)| (1..=j).contains(d))
                .map(|(d, mass)| mass * self.days[j - d])
                .sum();
            let begins = if j == 0 { 1.0 } else { 0.0 };
            self.days.push((begins + arrived) / (1.0 - still));
        }
    }
}

impl FixedCost {
    /// Solves it.
    ///
    /// # Errors
    /// If the order covers more than `DISTANCE_MAX` steps of demand.
    pub fn solve(&self) -> Result<Found, String> {
        let day = DayCost::new(&self.demand.times(self.lead_days), self.holding, self.backorder);
        let mut renewal = Renewal { demand: &self.demand, days: Vec::new() };
        let mut cost = |s: i64, up_to: i64| -> Result<f64, String> {
            let length = usize::try_from(up_to - s).unwrap_or(0);
            if length > DISTANCE_MAX {
                return Err(format!("an order covers more than {DISTANCE_MAX} steps of demand"));
            }
            renewal.upto(length);
            let (mut sum, mut days) = (self.order, 0.0);
            for (below, spent) in renewal.days[..length].iter().enumerate() {
                sum += spent * day.at(up_to - below as i64);
                days += spent;
            }
            Ok(sum / days)
        };
        let least = day.best().0.round() as i64;
        let (mut s, mut up_to) = (least - 1, least);
        while cost(s, up_to)? > day.at(s) {
            s -= 1;
        }
        let mut best = cost(s, up_to)?;
        let mut tried = up_to + 1;
        while day.at(tried) <= best {
            if cost(s, tried)? < best {
                up_to = tried;
                while cost(s, up_to)? <= day.at(s + 1) {
                    s += 1;
                }
                best = cost(s, up_to)?;
            }
            tried += 1;
        }
        Ok(Found { reorder: s, up_to, cost: best })
    }

    /// Exact cost of a given (s, S), from the renewal function.
    #[must_use]
    pub fn cost_of(&self, reorder: i64, up_to: i64) -> f64 {
        let day = DayCost::new(&self.demand.times(self.lead_days), self.holding, self.backorder);
        let mut renewal = Renewal { demand: &self.demand, days: Vec::new() };
        let length = usize::try_from(up_to - reorder).unwrap_or(0).min(DISTANCE_MAX);
        renewal.upto(length);
        let days: f64 = renewal.days[..length].iter().sum();
        let costs = renewal.days.iter().enumerate().map(|(below, spent)| spent * day.at(up_to - below as i64));
        (self.order + costs.sum::<f64>()) / days
    }

    /// Economic order quantity [steps] and its cost a day where demand is `mean` a day without chance and no shortage is
    /// planned (Harris 1913), in continuous time.
    #[must_use]
    pub fn economic_order_quantity(&self) -> (f64, f64) {
        let rate = self.demand.mean();
        ((2.0 * self.order * rate / self.holding).sqrt(), (2.0 * self.order * rate * self.holding).sqrt())
    }

    /// The best whole number of days between orders that leave no shortage, and its cost in the simulator's days, which
    /// count stock at their end.
    #[must_use]
    pub fn best_cycle(&self) -> (u32, f64) {
        let rate = self.demand.mean();
        let cost = |days: f64| self.order / days + self.holding * rate * (days - 1.0) / 2.0;
        let exact = (2.0 * self.order / (self.holding * rate)).sqrt();
        let (low, high) = (exact.floor().max(1.0), exact.ceil().max(1.0));
        let days = if cost(low) <= cost(high) { low } else { high };
        (days as u32, cost(days))
    }
}
