#![no_std]
#![forbid(unsafe_code)]
//! Restock core.

pub mod action;
pub mod convert;
pub mod digest;
pub mod draws;
pub mod layout;
pub mod order;
pub mod scenario;
pub mod table;
pub use scenario::Scenario;
