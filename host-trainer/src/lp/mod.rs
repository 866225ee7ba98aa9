//! Linear programs of a scenario: plans, policies that follow them, and what perfect knowledge would cost at least.
//!
//! | what | where |
//! | --- | --- |
//! | days to come, of means or of a path, and where stock stands | [`course`], [`path`] |
//! | the whole program, through clarabel or HiGHS (`--features highs`) | [`exact`], [`program`] |
//! | the same by prices on what products share: 200 products x 3 nodes x 60 days in a second | [`ascent`], [`cheapest`] |
//! | what a planner orders at such prices, and over sampled scenarios | [`planner`], `greedy`, `sample` |
//! | policies for `compare` and `simulate`, and their tuning by simulation | [`contenders`], [`policy`], [`tune`] |
//! | the bound of a path: no policy costs less | [`hindsight`], [`path`] |

pub mod ascent;
pub mod cheapest;
mod clarabel;
pub mod contenders;
pub mod course;
pub mod exact;
mod greedy;
#[cfg(feature = "highs")]
mod highs;
pub mod hindsight;
pub mod path;
pub mod planner;
pub mod policy;
pub mod program;
mod rates;
mod sample;
pub mod tune;

use restock_core::Scenario;

/// Why a linear program has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LpError {
    /// No values satisfy all rows.
    #[error("the linear program is infeasible: no plan satisfies all of its rows")]
    Infeasible,
    /// The cost falls without end.
    #[error("the linear program is unbounded: its cost falls without end")]
    Unbounded,
    /// The solver gave up.
    #[error("the linear program was not solved: {0}")]
    NotSolved(String),
    /// This build has no HiGHS.
    #[error(
        "this build has no HiGHS: `cargo build --release --features restock-trainer/highs` builds it (it needs cmake, a C++ compiler and libclang)"
    )]
    SolverMissing,
    /// Bills of materials are not planned.
    #[error("node {node} assembles products from others: linear programs plan no bills of materials")]
    Assembly {
        /// Index of the node.
        node: usize,
    },
}

/// # Errors
/// If a node assembles products.
fn refuse_assembly(scenario: &Scenario<'_>) -> Result<(), LpError> {
    match scenario.nodes().iter().position(|node| node.bom_lines > 0) {
        Some(node) => Err(LpError::Assembly { node }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
