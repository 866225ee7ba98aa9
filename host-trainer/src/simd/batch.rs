//! int8 networks on many rows at once, with the vector unit that this processor has.
//!
//! | level | a multiply-add is | rows at once |
//! | --- | --- | --- |
//! | [`Level::Vnni`] | `VPDPBUSD`: 64 of bytes in one instruction, exact in 32 bits | 64 |
//! | [`Level::Avx2`] | `VPMADDWD` and `VPADDD`: 16 of halfwords in two (`VPMADDUBSW` saturates and is not used) | 16 |
//! | [`Level::Portable`] | what the compiler makes of `restock-core` | |
//!
//! All give the same numbers, because no sum can overflow: see `restock_core::blob::layer`.

use restock_core::blob::{Batch, Kernel, Layers, Portable};

#[cfg(target_arch = "x86_64")]
use super::{avx2, vnni};

/// How far the processor goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Whatever the target has.
    Portable,
    /// 256 bits.
    Avx2,
    /// 512 bits, with dot products of bytes.
    Vnni,
}

impl Level {
    /// The best of this processor.
    #[must_use]
    pub fn best() -> Self {
        [Self::Vnni, Self::Avx2].into_iter().find(|level| level.is_here()).unwrap_or(Self::Portable)
    }

    /// Whether this processor can.
    #[must_use]
    pub fn is_here(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Vnni => vnni::is_here(),
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }
}

/// A kernel for batches on a host. It keeps the memory for outputs.
#[derive(Clone, Debug)]
pub struct HostKernel {
    level: Level,
    outputs: Vec<i32>,
    /// Weights as this level wants them.
    weights: Vec<i32>,
}

impl Default for HostKernel {
    fn default() -> Self {
        Self::new()
    }
}

impl HostKernel {
    /// The best of this processor.
    #[must_use]
    pub fn new() -> Self {
        Self { level: Level::best(), outputs: Vec::new(), weights: Vec::new() }
    }

    /// A level that may be below the best; the best where this processor can't.
    #[must_use]
    pub fn at(level: Level) -> Self {
        Self { level: level.min(Level::best()), ..Self::new() }
    }

    /// Its level.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }
}

impl Kernel for HostKernel {
    #[inline]
    fn row(&mut self, layers: Layers<'_>, inputs: &[i8], outputs: &mut [i32]) {
        Portable.row(layers, inputs, outputs);
    }

    fn batch(&mut self, layers: Layers<'_>, inputs: &[i8], rows: usize) -> Option<Batch<'_>> {
        if rows == 0 || inputs.len() < layers.inputs() * rows {
            return None;
        }
        #[cfg(target_arch = "x86_64")]
        {
            let Self { level, outputs, weights } = self;
            let stride = match level {
                Level::Portable => return None,
                Level::Avx2 => avx2::STRIDE,
                Level::Vnni => vnni::STRIDE,
            };
            let stride = rows.next_multiple_of(stride);
            outputs.resize(layers.outputs() * stride, 0);
            match level {
                Level::Portable => return None,
                Level::Avx2 => avx2::batch(layers, inputs, rows, weights, outputs),
                Level::Vnni => vnni::batch(layers, inputs, rows, weights, outputs),
            }
            Some(Batch { outputs, stride })
        }
        #[cfg(not(target_arch = "x86_64"))]
        None
    }
}

#[cfg(test)]
mod tests;
