//! Restock's host side: inputs, PPO training, quantization, comparison, and the `restock` command.
//!
//! ```text
//! network folder --input--> Problem --> Scenario
//!                                          |
//!          rollout (threads) --> Batch --> ppo::Learner (one per node) --> FloatPolicy
//!                                                                             |
//!                              evaluate <-- quantize --> policy file <--------+
//! ```
//!
//! Nothing of the simulator is written again here: chance, a day, observations, levels, orders,
//! money and scores are `restock_core`'s.

pub mod baselines;
pub mod bayesian;
pub mod checkpoint;
pub mod command;
pub mod contest;
pub mod device_run;
pub mod evaluate;
pub mod evidence;
pub mod failure;
pub mod forecast;
pub mod frontier;
pub mod image;
pub mod input;
pub mod lp;
pub mod metrics;
pub mod model;
pub mod plain_chain;
pub mod policy_tuning;
pub mod ppo;
pub mod problem;
pub mod progress;
pub mod quantize;
pub mod recovery;
pub mod replay;
pub mod report;
pub mod rollout;
pub mod run_folder;
pub mod score_tuning;
pub mod sensitivity;
pub mod shift;
pub mod simd;
pub mod solve;
pub mod start;
pub mod statistics;
pub mod study;
pub mod threads;
pub mod trace;
pub mod train;
pub mod tune;
