//! What a Cortex-M with the DSP extension adds to `restock-core`: a kernel that multiplies two weights with two
//! inputs in one instruction, and what a policy costs there. Nothing else is here, so that a firmware of your own can
//! take it as it is.

#![no_std]
#![deny(unsafe_code)]

pub mod budget;
pub mod kernel;
pub mod random_network;
