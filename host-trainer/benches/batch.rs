//! 200 rows of a 32-64-64-16 int8 network on one core: the best of many short runs at each level.
//!
//! ```text
//! cargo bench --package restock-trainer --bench batch
//! python3 host-trainer/benches/peers/onnxruntime_int8.py     the same network there, in one run
//! ```

use restock_core::blob::{Kernel, Layer, LayerDraft, Layers, Portable};
use restock_trainer::simd::{HostKernel, Level};
use std::hint::black_box;
use std::time::Instant;

const WIDTHS: [usize; 4] = [32, 64, 64, 16];
const ROWS: usize = 200;

fn main() {
    let mut state = 1_u32;
    let mut byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8 as i8
    };
    let (mut shapes, mut streams) = (Vec::new(), Vec::new());
    for w in WIDTHS.windows(2) {
        let weights: Vec<i8> = (0..w[0] * w[1]).map(|_| byte()).collect();
        let draft = LayerDraft {
            inputs: w[0] as u16,
            outputs: w[1] as u16,
            weights: &weights,
            biases: &vec![100; w[1]],
            multipliers: &vec![8_000_000; w[1]],
        };
        let mut stream = vec![0; Layer::bytes(w[0], w[1])];
        draft.pack(&mut stream).expect("there is room");
        streams.extend(stream);
        shapes.push([w[0] as u8, 0, w[1] as u8, 0]);
    }
    let layers = Layers::new(&shapes, &streams).expect("the network is allowed");
    let inputs: Vec<i8> = (0..WIDTHS[0] * ROWS).map(|_| byte()).collect();
    for level in [Level::Portable, Level::Avx2, Level::Vnni] {
        if !level.is_here() {
            println!("{level:?} not here");
            continue;
        }
        let mut kernel = HostKernel::at(level);
        let mut best = f64::MAX;
        for _ in 0..500 {
            let begun = Instant::now();
            for _ in 0..10 {
                if kernel.batch(black_box(layers), black_box(&inputs), ROWS).is_none() {
                    row_by_row(layers, &inputs);
                }
            }
            best = best.min(begun.elapsed().as_secs_f64() / 10.0);
        }
        println!("{level:?} {:.2} us", best * 1e6);
    }
}

/// What a processor without a batch kernel does.
fn row_by_row(layers: Layers<'_>, inputs: &[i8]) {
    for row in 0..ROWS {
        let own: [i8; WIDTHS[0]] = std::array::from_fn(|i| inputs[i * ROWS + row]);
        let mut outputs = [0; WIDTHS[3]];
        Portable.row(layers, black_box(&own), &mut outputs);
        black_box(outputs);
    }
}
