//! Every level gives the portable kernel's numbers.

use super::*;
use rand_core::Rng;
use restock_core::blob::layer::bias_max;
use restock_core::blob::{LayerDraft, WIDTH_MAX};
use restock_core::draws::{Draws, Source};

/// A network and inputs by chance: widths 1 to 40 and sometimes to the greatest, the ends of all ranges.
fn case(seed: u64) -> (Vec<[u8; 4]>, Vec<u8>, Vec<i8>, usize) {
    let mut chance = Draws::new(seed, 2).row(0, 0, Source::Host).at(0);
    let mut below = |most: u32| chance.next_u32() % most;
    let widest = if seed.is_multiple_of(16) { WIDTH_MAX as u32 } else { 40 };
    let widths: Vec<usize> = (0..below(3) + 2).map(|_| 1 + below(widest) as usize).collect();
    let rows = 1 + below(90) as usize;
    let mut bytes = |count: usize| -> Vec<i8> {
        let kind = below(6);
        let byte = |bits: u32| match kind {
            0 => -128,
            1 => 127,
            _ => bits as u8 as i8,
        };
        (0..count).map(|_| byte(below(256))).collect()
    };
    let (mut shapes, mut streams) = (Vec::new(), Vec::new());
    let inputs = bytes(widths[0] * rows);
    let weights: Vec<Vec<i8>> = widths.windows(2).map(|w| bytes(w[0] * w[1])).collect();
    for (w, weights) in widths.windows(2).zip(&weights) {
        let most = bias_max(w[0]);
        let biases: Vec<i32> = (0..w[1])
            .map(|_| match below(8) {
                0 => most,
                1 => -most,
                _ => ((below(u32::MAX) as i32) >> below(32)) % most,
            })
            .collect();
        let multipliers: Vec<i32> = (0..w[1]).map(|_| (below(u32::MAX) >> (1 + below(16))) as i32).collect();
        let (inputs, outputs) = (w[0] as u16, w[1] as u16);
        let draft = LayerDraft { inputs, outputs, weights, biases: &biases, multipliers: &multipliers };
        let mut stream = vec![0; restock_core::blob::Layer::bytes(w[0], w[1])];
        assert_eq!(draft.pack(&mut stream), Ok(stream.len()));
        streams.extend(stream);
        shapes.push([w[0] as u8, 0, w[1] as u8, 0]);
    }
    (shapes, streams, inputs, rows)
}

#[test]
fn every_level_gives_the_numbers_of_the_portable_kernel() {
    for level in [Level::Avx2, Level::Vnni] {
        if !level.is_here() {
            eprintln!("skipped: this processor has no {level:?}");
            continue;
        }
        let mut kernel = HostKernel::at(level);
        assert_eq!(kernel.level(), level);
        for seed in 0..3000 {
            let (shapes, streams, inputs, rows) = case(seed);
            let layers = Layers::new(&shapes, &streams).expect("the case is allowed");
            let batch = kernel.batch(layers, &inputs, rows).expect("there is a batch path");
            for row in 0..rows {
                let own: Vec<i8> = inputs.chunks_exact(rows).map(|input| input[row]).collect();
                let mut alone = vec![0; layers.outputs()];
                Portable.row(layers, &own, &mut alone);
                let found: Vec<i32> = (0..alone.len()).map(|o| batch.outputs[o * batch.stride + row]).collect();
                assert_eq!(found, alone, "{level:?}, seed {seed}, row {row}");
            }
        }
    }
}

#[test]
fn a_batch_that_is_too_short_is_left_to_the_portable_kernel() {
    let (shapes, streams, inputs, rows) = case(1);
    let layers = Layers::new(&shapes, &streams).expect("the case is allowed");
    let mut kernel = HostKernel::new();
    assert!(kernel.batch(layers, &inputs[1..], rows).is_none());
    assert!(kernel.batch(layers, &inputs, 0).is_none());
    assert!(HostKernel::at(Level::Portable).batch(layers, &inputs, rows).is_none());
}
