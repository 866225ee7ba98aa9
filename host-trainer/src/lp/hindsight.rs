//! The bound of a path: what the chain would cost at least to one who knew all of it beforehand.
//!
//! It is the value of the dual of the path's linear program at the best prices found, so that it is a bound whether or
//! not the program is solved to its optimum; beside it stands what a plan costs that nearly attains it.
//!
//! - It bounds the ledger's total over the days that count, as [`crate::evaluate::run`] sums it, from the scenario's own
//!   start on the protocol's first day. Warm-up days cost nothing here either: who knows the future uses them.
//! - The ledger pays nothing for stock that is left at the end, and so does the bound: it lets the chain run down.
//! - Fixed costs of orders and negotiation are left out (both are 0 or more), and suppliers are as good as full effort
//!   would make them; see [`super::path`].
//! - Where goods are scrapped, the simulator rounds to whole units by chance so that the mean is kept, and the bound
//!   takes the mean: it then holds for the mean over that rounding, which nobody foresees. Where nothing is scrapped, it
//!   holds on the path itself.

use super::ascent::{Ascent, Found};
use super::course::{Course, Start};
use super::program::Solver;
use super::{LpError, exact};
use crate::evaluate::Protocol;
use restock_core::Scenario;
use serde::Serialize;

/// A lower bound on what any policy costs on a path.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Bound {
    /// The path.
    pub replica: u32,
    /// No policy costs less on the days that count [currency].
    pub cost: f64,
    /// Estimate of the linear program's optimum from above [currency].
    pub plan_cost: f64,
    /// `(plan_cost - cost) / plan_cost`, 0 or more: how much of the bound may be owed to prices that are not the best.
    pub gap: f64,
}

/// Steps of an ascent that come within about a percent on the default network.
pub const STEPS: usize = 600;
/// Stockpoint-days up to which the whole program is solved for prices to start from.
const WHOLE_MAX: usize = 3_000;

/// The bound of one path of a protocol. Depends on nothing but scenario, protocol, replica and `steps`.
///
/// # Errors
/// If products are assembled.
pub fn bound(scenario: &Scenario<'_>, protocol: &Protocol, replica: u32, steps: usize) -> Result<Bound, LpError> {
    let days = (protocol.warmup_days + protocol.days) as usize;
    let warmup = protocol.warmup_days as usize;
    let course = Course::of_path(scenario, protocol.seed, replica, protocol.first_day, days, warmup);
    let start = Start::of_scenario(scenario, &course);
    let found = best(scenario, &course, &start, steps)?;
    let money = f64::from(scenario.money_scale());
    Ok(Bound { replica, cost: found.bound / money, plan_cost: found.plan_cost / money, gap: found.gap() })
}

/// The bounds of all paths of a protocol; the number of threads changes nothing.
///
/// # Errors
/// If products are assembled.
pub fn bounds(
    scenario: &Scenario<'_>,
    protocol: &Protocol,
    steps: usize,
    threads: usize,
) -> Result<Vec<Bound>, LpError> {
    let replicas: Vec<u32> = (0..protocol.replicas).collect();
    crate::threads::map(&replicas, threads, |&replica| bound(scenario, protocol, replica, steps)).into_iter().collect()
}

/// The highest bound: by ascent, and on small courses from the whole program's own prices too.
pub(super) fn best(scenario: &Scenario<'_>, course: &Course, start: &Start, steps: usize) -> Result<Found, LpError> {
    let ascent = Ascent::new(scenario, course, start)?;
    if scenario.stockpoints() * course.days <= WHOLE_MAX
        && let Ok(plan) = exact::solve(scenario, course, start, Solver::best())
    {
        // A solver's prices are right to rounding; what they prove is found here, by cheapest ways.
        let found = ascent.climb(ascent.feasible(plan.prices), 1, 0.0);
        return Ok(Found { plan_cost: plan.cost, ..found });
    }
    Ok(ascent.climb(ascent.free(), steps, 1.0))
}
