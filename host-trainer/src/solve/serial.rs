//! A serial chain with full backlog: echelon base stock is optimal, and exact (Clark and Scarf 1960; the recursion is that
//! of Chen and Zheng 1994, as in Snyder and Shen, Fundamentals of Supply Chain Theory, section 6.2).
//!
//! With echelon holding costs `h(j)` (what stage `j` charges above the stage that supplies it):
//!
//! ```text
//! U(0)(x) = (p + h(1) + .. + h(N)) * max(-x, 0)
//! C(j)(y) = E[ h(j) * (y - D) + U(j - 1)(y - D) ]      D: demand of stage j's lead time
//! S(j)    = argmin C(j),    U(j)(x) = C(j)(min(S(j), x)),    cost = C(N)(S(N))
//! ```
//!
//! In the simulator's day a stage orders after the demand and its supplier ships the same day, so that the demand of the
//! lead time is that of as many days. `C` charges a unit on its way to stage `j` at the supplier's rate, as textbooks do;
//! the simulator charges stock on hand only. The difference does not depend on the policy: `sum h'(j + 1) * mean * L(j)`.
//!
//! **How far.** Demand is never negative, so below 0 every `C(j)` is a straight line, and it is convex: it is tabled from 0
//! to the first rise.

use super::lattice::Lattice;

/// One stage, customers first. Costs a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// Holding cost of a unit on hand and day.
    pub holding: f64,
    /// Lead time [days].
    pub lead_days: usize,
}

/// The problem.
#[derive(Clone, Debug, PartialEq)]
pub struct Serial {
    /// Demand of a day.
    pub demand: Lattice,
    /// The stages, customers first.
    pub stages: Vec<Stage>,
    /// Backorder cost a unit and day, at the first stage.
    pub backorder: f64,
}

/// What was found. Costs a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Echelon base-stock levels [steps].
    pub levels: Vec<f64>,
    /// Average cost with stock on its way between stages charged at the supplier's rate.
    pub cost: f64,
    /// Of that, what is on its way between stages: what the simulator does not charge.
    pub pipeline: f64,
}

/// Most points of one stage's cost.
const POINTS_MAX: usize = 1 << 18;

/// A convex function from 0 on, a straight line below 0, and the same from its least point on.
struct Tabled {
    values: Vec<f64>,
    slope: f64,
}

impl Tabled {
    fn at(&self, x: i64) -> f64 {
        match usize::try_from(x) {
            Ok(x) => self.values[x.min(self.values.len() - 1)],
            Err(_) => self.values[0] + self.slope * x as f64,
        }
    }
}

impl Serial {
    /// Solves it.
    ///
    /// # Errors
    /// If a level has no end within reach.
    pub fn solve(&self) -> Result<Found, String> {
        self.levels(None)
    }

    /// Exact cost of these echelon base-stock levels [steps], which need not be optimal.
    ///
    /// # Errors
    /// As [`Serial::solve`].
    pub fn cost_of(&self, levels: &[usize]) -> Result<f64, String> {
        self.levels(Some(levels)).map(|found| found.cost)
    }

    /// What is on its way between stages, charged at the supplier's rate.
    #[must_use]
    pub fn pipeline(&self) -> f64 {
        let mean = self.demand.mean();
        self.stages.windows(2).map(|pair| pair[1].holding * mean * pair[0].lead_days as f64).sum()
    }

    fn levels(&self, given: Option<&[usize]>) -> Result<Found, String> {
        let local = |j: usize| self.stages.get(j).map_or(0.0, |stage| stage.holding);
        // U(0): echelon rates add up to the first stage's own.
        let mut under = Tabled { values: vec![0.0], slope: -(self.backorder + local(0)) };
        let mut found = Found { levels: Vec::new(), cost: 0.0, pipeline: self.pipeline() };
        for (j, stage) in self.stages.iter().enumerate() {
            let echelon = stage.holding - local(j + 1);
            let demand = self.demand.times(stage.lead_days);
            let mean = demand.mean();
            let cost = |y: usize| {
                let ahead: f64 = demand.points().map(|(d, mass)| mass * under.at(y as i64 - d as i64)).sum();
                echelon * (y as f64 - mean) + ahead
            };
            let mut values = vec![cost(0)];
            let end = given.and_then(|levels| levels.get(j).copied());
            loop {
                let y = values.len();
                if y > POINTS_MAX {
                    return Err(format!("stage {} would hold more than {POINTS_MAX} steps of stock", j + 1));
                }
                let (value, last) = (cost(y), values[y - 1]);
                let over = match end {
                    Some(end) => y > end,
                    // Where holding costs nothing more than upstream the cost falls and then stays.
                    None => value >= last - 1e-13 * last.abs(),
                };
                if over {
                    found.levels.push(self.between(&values, value));
                    break;
                }
                values.push(value);
            }
            found.cost = values[values.len() - 1];
            under = Tabled { slope: echelon + under.slope, values };
        }
        Ok(found)
    }

    /// The level of least cost: the last value tabled, or between it and its neighbours where demand is continuous.
    fn between(&self, values: &[f64], after: f64) -> f64 {
        let last = values.len() - 1;
        let whole = last as f64;
        let Some(before) = last.checked_sub(1).map(|at| values[at]).filter(|_| !self.demand.exact) else {
            return whole;
        };
        // Differences stand for the slope half a step to either side.
        let (falls, rises) = (before - values[last], after - values[last]);
        if falls + rises > 0.0 { whole + 0.5 - rises / (falls + rises) } else { whole }
    }
}
