//! The learned policy as a device runs it: int8 networks from a policy file.

use super::{Actions, NodeView, Policy, Textbook};
use crate::action::{Choice, HEADS, OUTPUTS};
use crate::blob::lanes::{self, LANES, SIDE_BY_SIDE};
use crate::blob::layer::TILE;
use crate::blob::{self, Agent, BlobError, Kernel, PolicyBlob, Portable, WIDTH_MAX};
use crate::convert::{count, wide_bits};
use crate::digest::Digest;
use crate::observation::{self, FEATURES};
use crate::rows::at;
use crate::scenario::{NODES_MAX, Scenario};
use heapless::Vec;

/// Why a policy can't run here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantizedError {
    /// The file does not fit this build or this problem.
    Blob(BlobError),
    /// No agent of the file belongs to a node of this problem.
    NoAgent,
    /// The caller's memory for features is too small.
    Memory {
        /// Bytes found.
        found: usize,
        /// Bytes needed: [`QuantizedPolicy::bytes`].
        needed: usize,
    },
}

impl core::fmt::Display for QuantizedError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Blob(error) => error.fmt(f),
            Self::NoAgent => write!(f, "no agent of the policy file belongs to a node of this scenario"),
            Self::Memory { found, needed } => write!(f, "the policy needs {needed} bytes for features, found {found}"),
        }
    }
}

impl core::error::Error for QuantizedError {}

impl From<BlobError> for QuantizedError {
    fn from(error: BlobError) -> Self {
        Self::Blob(error)
    }
}

/// int8 policies of the nodes; a node without an agent follows the textbook rule. What multiplies is the
/// kernel; it changes the speed and no number.
pub struct QuantizedPolicy<'a, K = Portable> {
    agents: Vec<Option<Agent<'a>>, NODES_MAX>,
    features: &'a mut [i8],
    decisions: u64,
    trace: Option<Digest>,
    kernel: K,
}

impl<'a> QuantizedPolicy<'a> {
    /// Bytes of memory for features that a scenario takes.
    #[must_use]
    pub fn bytes(scenario: &Scenario<'_>) -> usize {
        FEATURES * scenario.products()
    }

    /// The policies of `file` for `scenario`, which must be the one they were trained on.
    ///
    /// # Errors
    /// If the file reads other features, was trained on another scenario, or `features` is too small.
    pub fn new(file: &PolicyBlob<'a>, scenario: &Scenario<'_>, features: &'a mut [i8]) -> Result<Self, QuantizedError> {
        if file.header().scenario_hash != scenario.hash() {
            return Err(BlobError::Scenario.into());
        }
        Self::on_another_scenario(file, scenario, features)
    }

    /// The same without asking which problem the policies were trained on: nodes are matched by name.
    ///
    /// # Errors
    /// If the file reads other features, no node matches, or `features` is too small.
    pub fn on_another_scenario(
        file: &PolicyBlob<'a>,
        scenario: &Scenario<'_>,
        features: &'a mut [i8],
    ) -> Result<Self, QuantizedError> {
        file.fits_build()?;
        let needed = Self::bytes(scenario);
        if features.len() < needed {
            return Err(QuantizedError::Memory { found: features.len(), needed });
        }
        let mut agents = Vec::new();
        for node in scenario.nodes() {
            let _ = agents.push(file.agents().find(|a| a.node_key == node.key)); // at most NODES_MAX nodes
        }
        if agents.iter().all(Option::is_none) {
            return Err(QuantizedError::NoAgent);
        }
        let features = features.get_mut(..needed).unwrap_or_default();
        Ok(Self { agents, features, decisions: 0, trace: None, kernel: Portable })
    }
}

impl<'a, K: Kernel> QuantizedPolicy<'a, K> {
    /// The same policy on another kernel.
    #[must_use]
    pub fn with_kernel<L: Kernel>(self, kernel: L) -> QuantizedPolicy<'a, L> {
        let Self { agents, features, decisions, trace, .. } = self;
        QuantizedPolicy { agents, features, decisions, trace, kernel }
    }

    /// Also keeps a digest of every choice of every head.
    #[must_use]
    pub fn traced(mut self) -> Self {
        self.trace = Some(Digest::new());
        self
    }

    /// Digest of all choices so far, if traced.
    #[must_use]
    pub fn trace(&self) -> Option<u64> {
        self.trace.as_ref().map(Digest::value)
    }

    /// Decisions of the networks so far: one per product and review.
    #[must_use]
    pub fn decisions(&self) -> u64 {
        self.decisions
    }
}

impl<K: Kernel> Policy for QuantizedPolicy<'_, K> {
    #[inline(always)]
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        let Some(Some(agent)) = self.agents.get(view.node()) else {
            Textbook.decide(view, actions);
            return;
        };
        let p = view.products();
        observation::write(view, self.features);
        let outlooks = view.outlooks();
        let trace = &mut self.trace;
        let mut set = |product: usize, heads: [u8; HEADS]| {
            if let Some(trace) = trace {
                trace.bytes(&heads);
            }
            actions.set(product, &outlooks.of(product), Choice::from_heads(heads));
        };
        if let Some(batch) = self.kernel.batch(agent.layers, self.features, p) {
            for first in (0..p).step_by(LANES) {
                let choices = lanes::best_choices(&batch, first, agent.allowed);
                for (product, heads) in (first..p).zip(choices) {
                    set(product, heads);
                }
            }
        } else if SIDE_BY_SIDE {
            let mut outputs = [[[0; LANES]; TILE]; WIDTH_MAX / TILE];
            for first in (0..p).step_by(LANES) {
                lanes::infer(agent.layers, self.features, p, first, &mut outputs);
                let choices = lanes::best_choices(&lanes::batch_of(&outputs), 0, agent.allowed);
                for (product, heads) in (first..p).zip(choices) {
                    set(product, heads);
                }
            }
        } else {
            let mut logits = [0i32; OUTPUTS];
            for product in 0..p {
                let features: [i8; FEATURES] = core::array::from_fn(|f| at(self.features, f * p + product));
                self.kernel.row(agent.layers, &features, &mut logits);
                set(product, blob::best_choices(&logits, agent.allowed));
            }
        }
        self.decisions += wide_bits(count(p));
    }

    /// The textbook rule with the fallback choices of the node's agent.
    #[inline(always)]
    fn fall_back(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        let agent = self.agents.get(view.node()).and_then(Option::as_ref);
        let heads = agent.and_then(|agent| <[u8; HEADS]>::try_from(agent.fallback()).ok());
        match heads.map(Choice::from_heads) {
            None | Some(Choice::TEXTBOOK) => Textbook.decide(view, actions),
            Some(choice) => {
                let outlooks = view.outlooks();
                (0..view.products()).for_each(|product| actions.set(product, &outlooks.of(product), choice));
            }
        }
    }
}
