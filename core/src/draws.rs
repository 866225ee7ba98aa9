//! Chance with an address: every draw is a function of (seed, replica, day, place, source, product).
//!
//! No draw depends on how many others were made before it, so a policy's choices never shift
//! another draw and common random numbers are exact. The generator behind one address is
//! `Xoshiro128PlusPlus`, seeded (through SplitMix64, see `rand_xoshiro`) from
//! `row key ^ product key`, where the row key mixes everything but the product and the product key
//! is a hash of the product's *name*: permuting products permutes their draws.

use crate::convert::{high_bits, low_bits, wide_bits};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro128PlusPlus;

/// What a draw is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Source {
    /// Customers' demand at a node.
    Demand = 1,
    /// The lead time of a shipment over a route.
    LeadTime = 2,
    /// Exploration of a learner (never drawn by the simulator).
    Exploration = 3,
    /// Anything the host draws for itself: start days, shuffles (never drawn by the simulator).
    Host = 4,
    /// The defective share of a receipt over a lane.
    Defect = 5,
    /// What is good of what production finishes at a node.
    Yield = 6,
    /// The shock of a group's demand at a node.
    Shock = 7,
    /// When a random disruption comes and how long it stays; the place is the disruption.
    Disruption = 8,
}

/// All draws of one replica of one seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draws {
    key: u64,
}

impl Draws {
    /// The draws of `replica` under `seed`.
    #[must_use]
    pub fn new(seed: u64, replica: u32) -> Self {
        Self { key: mix(mix(seed) ^ wide_bits(replica)) }
    }

    /// What stands for seed and replica in a snapshot.
    pub(crate) const fn key(self) -> u64 {
        self.key
    }

    /// The draws that [`Draws::key`] stands for.
    pub(crate) const fn of_key(key: u64) -> Self {
        Self { key }
    }

    /// The draws of one row: all products at one place (a node or a route) on one day.
    #[inline]
    #[must_use]
    pub fn row(&self, day: u32, place: u32, source: Source) -> RowDraws {
        let tag = match source {
            Source::Demand => 1,
            Source::LeadTime => 2,
            Source::Exploration => 3,
            Source::Host => 4,
            Source::Defect => 5,
            Source::Yield => 6,
            Source::Shock => 7,
            Source::Disruption => 8,
        };
        let address = wide_bits(day) | (wide_bits(place & 0x00ff_ffff) << 32) | (tag << 56);
        RowDraws { key: mix(self.key ^ address) }
    }
}

/// The draws of all products at one place on one day, for one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowDraws {
    key: u64,
}

impl RowDraws {
    /// The generator of one product's draws, by the product's key.
    #[inline(always)]
    #[must_use]
    pub fn at(&self, product_key: u64) -> Xoshiro128PlusPlus {
        // What `seed_from_u64` does, without its detour over a byte buffer of any length.
        let state = self.key ^ product_key;
        let seed = u128::from(mix(state)) | (u128::from(mix(state.wrapping_add(SPLIT_MIX_STEP))) << 64);
        Xoshiro128PlusPlus::from_seed(seed.to_le_bytes())
    }

    /// Two words of chance for one product: what every source of the simulator uses.
    ///
    /// They are the first two of [`RowDraws::at`]'s generator, written out: no third word is
    /// prepared, and a row of products fits the vector unit (18 instructions a product with AVX2, 45
    /// through the generator). The generator's answer to a seed of zeros is left out because no key
    /// gives one: SplitMix64 gives 0 for a single state, never for two that follow each other.
    #[inline(always)]
    #[must_use]
    pub fn two(&self, product_key: u64) -> (u32, u32) {
        let state = self.key ^ product_key;
        let (first, second) = (mix(state), mix(state.wrapping_add(SPLIT_MIX_STEP)));
        let (s0, s1, s3) = (low_bits(first), high_bits(first), high_bits(second));
        let output = |s0: u32, s3: u32| s0.wrapping_add(s3).rotate_left(7).wrapping_add(s0);
        let turned = s3 ^ s1;
        (output(s0, s3), output(s0 ^ turned, turned.rotate_left(11)))
    }
}

/// By how much SplitMix64's state grows with each output.
const SPLIT_MIX_STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64's output function (Steele, Lea and Flood 2014): a bijection that mixes all 64 bits.
/// Written out because `rand_xoshiro`'s constructor is a call that the compiler does not see through:
/// two of them were half of the time of a draw.
#[inline(always)]
const fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(SPLIT_MIX_STEP);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::Rng;

    /// Golden vectors freeze the streams: a change of `rand_xoshiro` that moved them would fail here.
    /// Last changed: first version.
    #[test]
    fn streams_are_frozen() {
        let row = Draws::new(7, 3).row(11, 2, Source::Demand);
        assert_eq!(row.two(0x1234_5678_9abc_def0), GOLDEN);
    }
    const GOLDEN: (u32, u32) = (3_257_833_920, 3_313_319_946);

    #[test]
    fn two_words_are_the_first_two_of_the_seeded_generator() {
        let row = Draws::new(7, 3).row(11, 2, Source::Demand);
        let mut product_key = 0u64;
        for _ in 0..10_000 {
            let mut generator = Xoshiro128PlusPlus::seed_from_u64(row.key ^ product_key);
            assert_eq!(row.at(product_key), generator, "key {product_key:#x}");
            assert_eq!(row.two(product_key), (generator.next_u32(), generator.next_u32()), "key {product_key:#x}");
            product_key = mix(product_key);
        }
    }

    #[test]
    fn every_part_of_the_address_matters() {
        let base = Draws::new(1, 1).row(1, 1, Source::Demand).two(1);
        assert_ne!(base, Draws::new(2, 1).row(1, 1, Source::Demand).two(1));
        assert_ne!(base, Draws::new(1, 2).row(1, 1, Source::Demand).two(1));
        assert_ne!(base, Draws::new(1, 1).row(2, 1, Source::Demand).two(1));
        assert_ne!(base, Draws::new(1, 1).row(1, 2, Source::Demand).two(1));
        assert_ne!(base, Draws::new(1, 1).row(1, 1, Source::LeadTime).two(1));
        assert_ne!(base, Draws::new(1, 1).row(1, 1, Source::Demand).two(2));
    }
}
