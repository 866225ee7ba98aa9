//! What a policy costs a device, said before it is flashed. The kernel's instructions follow from the shapes of the
//! layers ([`crate::kernel::instructions`]); what stands around it was counted on the demo firmware in the emulator, and
//! a test holds all of it to 5 % of what the emulator counts.

use crate::kernel::instructions;
use restock_core::blob::Layers;
use restock_core::policy::QuantizedPolicy;
use restock_core::{Network, Scenario};

/// Instructions of a decision on one product beside the inference: features, heads, level, cap and rush.
const AROUND_INFERENCE: u64 = 3_406;
/// Instructions of a stockpoint's day beside its decision: what the simulator does.
pub const STOCKPOINT_DAY: u64 = 871;
/// Most bytes of stack: nearly all of it a scenario and a network in arrays of fixed size, whatever the network.
pub const STACK_BYTES: usize = 101_928;
/// Bytes of flash of the demo firmware, console and self-tests included, without scenario and policies.
pub const PROGRAM_BYTES: usize = 275_936;

/// Instructions of a decision on one product by a network of these layers, on a Cortex-M4F with its DSP extension.
#[must_use]
pub fn decision(layers: Layers<'_>) -> u64 {
    instructions(layers) + AROUND_INFERENCE
}

/// Bytes of RAM of a chain that is simulated under one policy file: its state, and the features of one node.
#[must_use]
pub fn static_bytes(scenario: &Scenario<'_>) -> usize {
    4 * Network::words(scenario) + QuantizedPolicy::bytes(scenario)
}
