//! The kernel for Cortex-M4, M7 and M33 with DSP extension; elsewhere it is the portable one.
//!
//! `cfg(target_feature = "dsp")` can't be seen by stable Rust: `build.rs` sets the cfg `dsp` from the target's
//! name. A layer whose bytes do not lie on a multiple of 4, as `LDM` wants them, is computed by the portable
//! kernel; a static of bytes is put there by [`Aligned`].

use restock_core::blob::{Kernel, Layers, Portable};

#[cfg(dsp)]
mod smlad;

/// Whether this build has the fast kernel.
pub const HAS_DSP: bool = cfg!(dsp);

/// Bytes on a multiple of 4.
#[repr(C, align(4))]
#[derive(Debug)]
pub struct Aligned<T: ?Sized>(pub T);

/// `SMLAD` where there is such a thing, portable code where not. The same numbers, to the bit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dsp;

impl Kernel for Dsp {
    #[inline]
    fn row(&mut self, layers: Layers<'_>, inputs: &[i8], outputs: &mut [i32]) {
        #[cfg(dsp)]
        if smlad::row(layers, inputs, outputs) {
            return;
        }
        Portable.row(layers, inputs, outputs);
    }
}

/// Instructions of [`Dsp`] for one row: the sum over the layers of what the loops of `smlad.rs` have, the
/// inputs' way into halfwords, and the calls. The kernel has no branch that depends on data.
#[must_use]
pub fn instructions(layers: Layers<'_>) -> u64 {
    let tiles = |count: usize| (count as u64).div_ceil(4);
    let count = layers.len();
    let layer = |(l, layer): (usize, restock_core::blob::Layer<'_>)| {
        let (blocks, groups) = (tiles(layer.inputs()), tiles(layer.outputs()));
        let block = 18 * blocks + 2 * blocks.div_ceil(2);
        groups * (block + if l + 1 == count { LAST_GROUP } else { HIDDEN_GROUP }) + LAYER
    };
    layers.iter().enumerate().map(layer).sum::<u64>() + 6 * tiles(layers.inputs()) + ROW
}

/// Instructions of a group outside of its blocks: loads, scaling, stores.
const HIDDEN_GROUP: u64 = 22;
const LAST_GROUP: u64 = 18;
/// Instructions of a layer outside of its groups, and of a row outside of its layers (half a kilobyte of zeros).
const LAYER: u64 = 45;
const ROW: u64 = 356;
