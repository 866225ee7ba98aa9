//! The planning policies as contenders: what `compare` and `simulate` run.
//!
//! ```
//! use restock_trainer::{evaluate, lp, problem::Problem};
//!
//! let problem = Problem::embedded()?;
//! let scenario = problem.scenario()?;
//! let protocol = evaluate::Protocol { seed: 1, replicas: 1, first_day: 0, warmup_days: 0, days: 7 };
//! let policy = lp::contenders::rolling(&scenario, &lp::planner::Settings::textbook(&scenario))?;
//! let outcomes = evaluate::run(&scenario, &policy, &protocol, 1);
//! let bounds = lp::hindsight::bounds(&scenario, &protocol, 50, 1)?;
//! assert!(bounds[0].cost < evaluate::costs(&scenario, &outcomes)[0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::LpError;
use super::planner::{Planner, Settings};
use super::policy::{Rolling, StaticPlan};
use crate::evaluate::{Contender, Protocol};
use restock_core::Scenario;

/// Names of the policies on the command line.
pub const NAMES: [&str; 4] = ["static-lp", "rolling-lp", "rolling-lp-safety", "rolling-lp-stochastic"];
/// Steps of the one ascent of a static plan.
const STATIC_STEPS: usize = 400;

/// The policy of a name; none if it is not one of [`NAMES`].
///
/// # Errors
/// If products are assembled.
pub fn named(name: &str, scenario: &Scenario<'_>, protocol: &Protocol) -> Result<Option<Contender<'static>>, LpError> {
    Ok(Some(match name {
        "static-lp" => static_plan(scenario, protocol)?,
        "rolling-lp" => rolling(scenario, &Settings::plain(scenario))?,
        "rolling-lp-safety" => rolling(scenario, &Settings::textbook(scenario))?,
        "rolling-lp-stochastic" => rolling(scenario, &Settings::stochastic(scenario))?,
        _ => return Ok(None),
    }))
}

/// The paper's baseline: one plan of mean demand for all days of the protocol, executed as planned.
///
/// # Errors
/// If products are assembled.
pub fn static_plan(scenario: &Scenario<'_>, protocol: &Protocol) -> Result<Contender<'static>, LpError> {
    let days = (protocol.warmup_days + protocol.days) as usize;
    let plan = StaticPlan::new(scenario, protocol.first_day, days, STATIC_STEPS)?;
    Ok(Contender::Made(Box::new(move |_| Box::new(plan.clone()))))
}

/// A rolling plan: as [`Settings`] say, with safety stock or over scenarios.
///
/// # Errors
/// If products are assembled.
pub fn rolling(scenario: &Scenario<'_>, settings: &Settings) -> Result<Contender<'static>, LpError> {
    let planner = Planner::new(scenario, settings.clone())?;
    Ok(Contender::Made(Box::new(move |_| Box::new(Rolling::new(planner.clone())))))
}
