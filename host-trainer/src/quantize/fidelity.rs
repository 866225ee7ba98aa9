//! How often the int8 policies choose what the float policies they were made of choose.

use super::Calibration;
use crate::model::{FloatPolicy, Scratch, argmax_actions, gather_row};
use restock_core::action::{HEADS, OUTPUTS};
use restock_core::blob::{PolicyBlob, best_choices};
use serde::Serialize;

/// Agreement of int8 and float, where the policies have been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Fidelity {
    /// Observations compared.
    pub states: u64,
    /// Share of them in which every head's choice is the same.
    pub agree: f64,
    /// The same, head by head.
    pub by_head: [f64; HEADS],
}

/// Compares the choices of a packed file with those of the policies it was made of, node by node.
/// Shapes `[node]`; nodes without an agent in the file do not count.
#[must_use]
pub fn fidelity(policies: &[(u64, &FloatPolicy)], file: &PolicyBlob<'_>, seen: &[Calibration]) -> Fidelity {
    let mut scratch = Scratch::default();
    let (mut states, mut agreed, mut by_head) = (0_u64, 0_u64, [0_u64; HEADS]);
    for ((key, policy), seen) in policies.iter().zip(seen) {
        let Some(agent) = file.agents().find(|agent| agent.node_key == *key) else { continue };
        for sample in &seen.samples {
            let mut logits = [0; OUTPUTS];
            agent.infer(sample, &mut logits);
            let int8 = best_choices(&logits, agent.allowed);
            let float = argmax_actions(&gather_row(policy.logits(sample, 1, &mut scratch), 1, 0), &policy.mask);
            states += 1;
            agreed += u64::from(int8 == float);
            by_head.iter_mut().zip(int8.iter().zip(&float)).for_each(|(n, (a, b))| *n += u64::from(a == b));
        }
    }
    let share = |n: u64| n as f64 / states.max(1) as f64;
    Fidelity { states, agree: share(agreed), by_head: by_head.map(share) }
}
