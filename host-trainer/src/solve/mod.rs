//! Exact optima of the problems that have them: what a policy, learned or not, can be measured against.
//!
//! [`optimum`] takes any scenario, recognises the family that each product's problem belongs to, and solves it:
//!
//! | network | family | method | file |
//! | --- | --- | --- | --- |
//! | one node, backorders | newsvendor | a quantile | [`lattice`] |
//! | the same, an ordering cost | (s, S) | renewal function and the search of Zheng and Federgruen | [`fixed_cost`] |
//! | the same, demand without chance | economic order quantity | the same, and the square root beside it | [`fixed_cost`] |
//! | one node, lost sales | lost sales | relative value iteration | [`lost_sales`] |
//! | one node, two routes, backorders | dual sourcing | relative value iteration | [`dual`] |
//! | a chain of nodes, backorders | serial | Clark and Scarf | [`serial`] |
//!
//! Costs are long-run averages a day in the simulator's own accounting, so that they can be held against
//! `restock simulate` to the digit: in that accounting stock on its way is not charged.
//!
//! ```
//! use restock_trainer::{problem::Problem, solve};
//!
//! let problem = Problem::embedded()?;
//! let Err(unsolvable) = solve::optimum(&problem.scenario()?, &problem.names, &mut |_| {}) else { unreachable!() };
//! assert!(!unsolvable.reasons.is_empty(), "capacities, seasons, random lead times: {unsolvable}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod dual;
pub mod fixed_cost;
pub mod lattice;
pub mod lost_sales;
pub mod pipeline;
pub mod serial;

mod recognise;
mod rules;

use crate::problem::Names;
use pipeline::Gain;
use recognise::Case;
use restock_core::Scenario;
pub use rules::Rule;
use serde::Serialize;
use std::fmt;

/// Additions of one sweep of value iteration that are still done: a few tenths of a second.
pub(crate) const WORK_MAX: f64 = 3e8;

/// What a problem is called in the literature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Backorders, nothing fixed: one quantile.
    Newsvendor,
    /// Backorders and a cost of every order.
    FixedCost,
    /// The same without chance.
    EconomicOrderQuantity,
    /// Unmet demand is lost.
    LostSales,
    /// Two routes.
    DualSourcing,
    /// Several stages in a row.
    Serial,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Newsvendor => "newsvendor",
            Self::FixedCost => "(s, S) with a fixed cost",
            Self::EconomicOrderQuantity => "economic order quantity",
            Self::LostSales => "lost sales",
            Self::DualSourcing => "dual sourcing",
            Self::Serial => "serial chain",
        })
    }
}

/// The solvers' own results, in lattice steps, for who needs more than figures: optimal orders state by state.
#[derive(Clone, Debug)]
pub enum Found {
    /// The level [steps].
    Newsvendor(f64),
    /// (s, S).
    FixedCost(fixed_cost::Found),
    /// Lost sales.
    LostSales(Box<lost_sales::Found>),
    /// Dual sourcing.
    Dual(Box<dual::Found>),
    /// Serial.
    Serial(serial::Found),
}

/// One product's optimum.
#[derive(Clone, Debug, Serialize)]
pub struct Solution {
    /// Name of the product.
    pub product: String,
    /// What the problem is called.
    pub family: Family,
    /// Optimal long-run cost a day, as the simulator accounts it [currency].
    pub optimum: f64,
    /// Bounds of it: apart by rounding only, save where value iteration gave them [currency].
    pub bounds: (f64, f64),
    /// The same cost as a textbook states it, where that differs: what is added, and the sum [currency].
    pub textbook: Option<(&'static str, f64)>,
    /// Policies with few parameters: the optimal one where there is such a one, and the best of well-known kinds.
    pub rules: Vec<Rule>,
    /// Internal units of one lattice step.
    pub step: f64,
    /// Results in steps.
    #[serde(skip)]
    pub found: Found,
}

/// Every product's optimum. Products do not touch each other in what can be solved, so that costs add up.
#[derive(Clone, Debug, Serialize)]
pub struct Optimum {
    /// Optimal cost of all products a day, as the simulator accounts it [currency].
    pub cost_per_day: f64,
    /// One entry a product.
    pub products: Vec<Solution>,
}

/// Why there is no exact optimum: every reason, with what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsolvable {
    /// What was found, and what would be right. At least one.
    pub reasons: Vec<(String, String)>,
}

impl fmt::Display for Unsolvable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        write!(f, "no exact optimum is known for this network:")?;
        for (found, right) in self.reasons.iter().take(SHOWN) {
            write!(f, "\n  {found}, should be {right}")?;
        }
        match self.reasons.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

impl std::error::Error for Unsolvable {}

/// Tells how far a solver is.
pub struct Watch<'a> {
    tell: &'a mut dyn FnMut(&str),
    product: &'a str,
}

impl<'a> Watch<'a> {
    /// Tells `tell`, with the product's name before it.
    pub fn new(product: &'a str, tell: &'a mut dyn FnMut(&str)) -> Self {
        Self { tell, product }
    }

    /// What [`pipeline::iterate`] calls after each sweep.
    pub(crate) fn of(&mut self, what: &'static str) -> impl FnMut(usize, Gain) + '_ {
        move |sweep, gain| {
            if sweep % 16 == 0 {
                let product = self.product;
                (self.tell)(&format!("{product}, {what}: sweep {sweep}, from {:.5} to {:.5}", gain.lower, gain.upper));
            }
        }
    }
}

pub(crate) fn too_large(states: usize) -> String {
    let count = if states == usize::MAX { format!("more than {}", pipeline::STATES_MAX) } else { states.to_string() };
    format!("value iteration would go over {count} states, too many for an exact optimum")
}

/// Solves every product's problem. `tell` hears how far it is; equal problems are solved once.
///
/// # Errors
/// Everything about the network that keeps it from having an exact optimum here.
pub fn optimum(scenario: &Scenario<'_>, names: &Names, tell: &mut dyn FnMut(&str)) -> Result<Optimum, Unsolvable> {
    let cases = recognise::cases(scenario, names)?;
    let mut solved: Vec<(Case, Solution)> = Vec::new();
    let mut reasons = Vec::new();
    for (product, case) in names.products.iter().zip(cases) {
        if let Some((_, before)) = solved.iter().find(|(other, _)| *other == case) {
            let again = Solution { product: product.clone(), ..before.clone() };
            solved.push((case, again));
            continue;
        }
        match case.solve(product, scenario, names, &mut Watch::new(product, tell)) {
            Ok(solution) => solved.push((case, solution)),
            Err(reason) => reasons.push(reason),
        }
    }
    if !reasons.is_empty() {
        return Err(Unsolvable { reasons });
    }
    let products: Vec<Solution> = solved.into_iter().map(|(_, solution)| solution).collect();
    Ok(Optimum { cost_per_day: products.iter().map(|s| s.optimum).sum(), products })
}
