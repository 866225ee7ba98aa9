//! Who multiplies: the door to faster inference than portable code has, with the same numbers.

use super::layer::{Layer, Layers, TILE, add_block, scale};
use super::{HIDDEN_MAX, WIDTH_MAX};
use crate::convert::saturate_i8;

/// Computes networks. Every kernel gives the numbers that [`Portable`] gives, to the bit: the sums are exact
/// in 32 bits (see [`super::layer`]), so that only the order of the additions may differ.
pub trait Kernel {
    /// One row: the outputs of the last layer for `inputs`. Missing inputs are 0, outputs without room are
    /// dropped.
    fn row(&mut self, layers: Layers<'_>, inputs: &[i8], outputs: &mut [i32]);

    /// `rows` rows at once, where this kernel has a faster way for many: inputs of shape `[input][row]`.
    /// `None`: there is none, go row by row.
    fn batch(&mut self, layers: Layers<'_>, inputs: &[i8], rows: usize) -> Option<Batch<'_>> {
        let _ = (layers, inputs, rows);
        None
    }
}

impl<K: Kernel + ?Sized> Kernel for &mut K {
    #[inline(always)]
    fn row(&mut self, layers: Layers<'_>, inputs: &[i8], outputs: &mut [i32]) {
        (**self).row(layers, inputs, outputs);
    }

    #[inline(always)]
    fn batch(&mut self, layers: Layers<'_>, inputs: &[i8], rows: usize) -> Option<Batch<'_>> {
        (**self).batch(layers, inputs, rows)
    }
}

/// Outputs of many rows.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Shape `[output][row]`, each output's rows followed by room that means nothing.
    pub outputs: &'a [i32],
    /// From one output to the next.
    pub stride: usize,
}

/// Safe code that runs everywhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct Portable;

impl Kernel for Portable {
    #[inline(always)]
    fn row(&mut self, layers: Layers<'_>, inputs: &[i8], outputs: &mut [i32]) {
        row(layers, inputs, outputs);
    }
}

/// Activations of a layer, filled up with zeros to whole tiles.
type Activations = [[i8; TILE]; WIDTH_MAX / TILE];

/// The forward pass of one row.
fn row(layers: Layers<'_>, inputs: &[i8], outputs: &mut [i32]) {
    let mut x: Activations = [[0; TILE]; WIDTH_MAX / TILE];
    let mut y: Activations = [[0; TILE]; WIDTH_MAX / TILE];
    for (x, &input) in x.as_flattened_mut().iter_mut().zip(inputs) {
        *x = input;
    }
    let mut rest = layers;
    while let Some((layer, after)) = rest.split_first() {
        let last = after.is_empty();
        let (mut hidden, mut output) = (y.iter_mut(), outputs.iter_mut());
        // One loop for both kinds of layers: a second copy of it would be half a kilobyte of flash.
        each_group(&layer, &x, |scaled| {
            if last {
                // The scaled first: the one that ends first must not have taken one of the others.
                scaled.into_iter().zip(&mut output).for_each(|(scaled, output)| *output = scaled);
            } else if let Some(y) = hidden.next() {
                *y = scaled.map(|scaled| saturate_i8(scaled.clamp(0, HIDDEN_MAX))); // ReLU
            }
        });
        core::mem::swap(&mut x, &mut y);
        rest = after;
    }
}

/// Every output of a layer, in order, scaled, four at a time: each input is loaded once for all four.
#[inline(always)]
fn each_group(layer: &Layer<'_>, x: &Activations, mut each: impl FnMut([i32; TILE])) {
    for group in layer.groups() {
        let mut sums = group.biases;
        for (block, x) in group.blocks.iter().zip(x) {
            add_block(&mut sums, block, x);
        }
        let [m0, m1, m2, m3] = group.multipliers;
        let [s0, s1, s2, s3] = sums;
        each([scale(s0, m0), scale(s1, m1), scale(s2, m2), scale(s3, m3)]);
    }
}
