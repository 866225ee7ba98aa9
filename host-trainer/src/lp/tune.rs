//! Tuning of a rolling plan by simulation: safety stock of each node and effort of each that negotiates.
//!
//! One after the other, each setting is moved up and down; what costs less on the training paths is kept; steps are
//! halved when nothing helps any more. The budget is a number of simulations, and what they come to in simulated days
//! is told, so that other rules can be given the same.

use super::LpError;
use super::contenders::rolling;
use super::planner::Settings;
use crate::evaluate::{self, Protocol};
use restock_core::Scenario;
use restock_core::layout::EFFORTS;
use serde::Serialize;

/// What tuning found.
#[derive(Clone, Debug, Serialize)]
pub struct Tuned {
    /// The best settings.
    pub settings: Settings,
    /// Their mean cost on the training paths [currency].
    pub cost: f64,
    /// Simulations of all training paths that it took.
    pub simulations: u32,
    /// The same in simulated days, warm-up included.
    pub simulated_days: u64,
}

/// First step of a safety factor [standard deviations], and the last.
const STEPS: (f64, f64) = (0.5, 0.12);

/// Tunes from textbook settings on, with at most `budget` simulations of the protocol's paths, which must not be those
/// of any test. `tell` hears of each and says whether to go on.
///
/// # Errors
/// If products are assembled.
pub fn tune(
    scenario: &Scenario<'_>,
    protocol: &Protocol,
    budget: u32,
    threads: usize,
    tell: &mut dyn FnMut(&Settings, f64) -> bool,
) -> Result<Tuned, LpError> {
    let mut best = Settings::textbook(scenario);
    let (mut simulations, mut go_on) = (0, true);
    let mut cost_of = |settings: &Settings, simulations: &mut u32| -> Result<f64, LpError> {
        let outcomes = evaluate::run(scenario, &rolling(scenario, settings)?, protocol, threads);
        let costs = evaluate::costs(scenario, &outcomes);
        let cost = costs.iter().sum::<f64>() / costs.len().max(1) as f64;
        *simulations += 1;
        go_on &= tell(settings, cost);
        Ok(if go_on { cost } else { f64::INFINITY })
    };
    let mut least = cost_of(&best, &mut simulations)?;
    let mut step = STEPS.0;
    while step >= STEPS.1 && least.is_finite() {
        let mut helped = false;
        for next in neighbours(scenario, &best, step) {
            if simulations >= budget {
                break;
            }
            let candidate = next(&best);
            let cost = cost_of(&candidate, &mut simulations)?;
            if cost < least {
                (best, least, helped) = (candidate, cost, true);
            }
        }
        if simulations >= budget {
            break;
        }
        if !helped {
            step /= 2.0;
        }
    }
    let days = u64::from(protocol.warmup_days + protocol.days) * u64::from(protocol.replicas);
    Ok(Tuned { settings: best, cost: least, simulations, simulated_days: u64::from(simulations) * days })
}

/// One move of settings.
type Move = Box<dyn Fn(&Settings) -> Settings>;

/// The moves of each setting from wherever the others have come to: efforts first, because they change what is lost.
fn neighbours(scenario: &Scenario<'_>, from: &Settings, step: f64) -> Vec<Move> {
    let mut moves: Vec<Move> = Vec::new();
    for (n, _) in scenario.nodes().iter().enumerate().filter(|(_, node)| node.negotiates) {
        let effort = if from.effort[n] == 0 { EFFORTS as i32 } else { 0 };
        if step == STEPS.0 {
            moves.push(Box::new(move |settings| {
                let mut settings = settings.clone();
                settings.effort[n] = effort;
                settings
            }));
        }
    }
    for n in 0..scenario.node_count() {
        for by in [-step, step] {
            moves.push(Box::new(move |settings| {
                let mut settings = settings.clone();
                settings.safety[n] += by;
                settings
            }));
        }
    }
    moves
}
