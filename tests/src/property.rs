//! What must hold for every random network, as functions of a seed: the tests run them over fixed seeds,
//! `cargo soak` over millions of others.

use crate::{conservation, engines, metamorphic, planted, snapshots};
use std::ops::Range;

/// Something that must hold for every seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Property {
    /// Units and cash are conserved, counted on two paths.
    Conservation,
    /// The simulator agrees with the event queue in Rust.
    Oracle,
    /// The simulator agrees with the event queue in Python.
    Python,
    /// What must not change when something else does.
    Metamorphic,
    /// A chain taken back from a snapshot goes on to the bit; a damaged snapshot is refused or safe.
    Snapshot,
    /// Every error planted in a network folder is reported at its place.
    Planted,
}

impl Property {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Conservation, Self::Oracle, Self::Python, Self::Metamorphic, Self::Snapshot, Self::Planted];

    /// As on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Conservation => "conservation",
            Self::Oracle => "oracle",
            Self::Python => "python",
            Self::Metamorphic => "metamorphic",
            Self::Snapshot => "snapshot",
            Self::Planted => "planted",
        }
    }

    /// Seeds that one call of [`Property::check`] should get: starting Python costs as much as one seed.
    #[must_use]
    pub fn batch(self) -> u64 {
        if self == Self::Python { 16 } else { 1 }
    }

    /// Checks the seeds one after the other.
    ///
    /// # Panics
    /// With the seed and what is wrong, at the first for which the property does not hold.
    pub fn check(self, seeds: Range<u64>) {
        match self {
            Self::Conservation => seeds.for_each(conservation::check),
            Self::Oracle => seeds.for_each(engines::against_the_event_queue),
            Self::Python => engines::against_python(seeds),
            Self::Metamorphic => seeds.for_each(metamorphic::check),
            Self::Snapshot => seeds.for_each(snapshots::check),
            Self::Planted => seeds.for_each(|seed| {
                let _ = planted::check(seed);
            }),
        }
    }
}
