#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![warn(clippy::as_conversions)]
//! Restock's core: a deterministic supply-chain simulator, quantized policy inference and
//! HyperScore, for hosts and microcontrollers alike.
//!
//! No `std`, no allocation, no unsafe code, no clock, no global state: memory is the caller's, chance
//! has an address ([`draws`]), and the same inputs give the same bits on every target.
//!
//! ```text
//!   image --> Scenario (checked once)
//!                |
//!   seed --> Network::advance --> Tally --> Kpis --> HyperScore
//!              ^         |
//!           Actions   NodeView
//!              ^         v
//!            Policy::decide <-- observation <-- forecast
//!              ^
//!   bytes --> PolicyBlob --> QuantizedPolicy
//! ```
//!
//! Each concept has one home: what a policy sees ([`observation`]), how a choice becomes a level
//! ([`action`]) and a level an order ([`order`]), what a day is ([`network`]), money ([`ledger`]),
//! success ([`kpi`], [`hyperscore`]), its watch ([`monitor`]), who decides when the policy is not trusted
//! ([`guard`]), whether it would do worse than its fallback ([`twin`]), what was decided and why ([`decision_log`]), bytes to policy ([`blob`]),
//! where the bytes lie and which of them run ([`slots`]).

pub mod action;
pub mod allocation;
pub mod blob;
mod checksum;
pub mod convert;
pub mod decision_log;
pub mod digest;
pub mod draws;
pub mod forecast;
pub mod guard;
pub mod hyperscore;
pub mod kpi;
pub mod layout;
pub mod ledger;
pub mod monitor;
pub mod network;
pub mod observation;
pub mod order;
pub mod policy;
mod rows;
pub mod scenario;
pub mod slots;
pub mod snapshot;
pub mod state;
pub mod table;
pub mod twin;

pub use network::Network;
pub use policy::{NodeView, Policy};
pub use scenario::Scenario;
