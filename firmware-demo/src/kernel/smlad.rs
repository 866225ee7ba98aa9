//! The one file with assembly: layers as streams through `SMLAD`, 4 outputs at a time.
//!
//! For each group of 4 outputs the accumulators are in r4 to r7, from the biases on. A block is 4 words of
//! weights, one for each output (`LDM`), and 4 inputs as two pairs of halfwords: `x02 = x0, x2` and
//! `x13 = x1, x3`, which is what `SXTB16` makes of a word of 4 bytes, without and with rotation. 18
//! instructions for 16 multiply-adds, 19 with the loop. Then `SMMULR` is `(acc * m + 2^31) >> 32`, and
//! `USAT #7` is the clamp to 0 to 127; hidden outputs are stored as the pairs that the next layer reads.
//!
//! # What must hold, and who sees to it
//! Each function reads exactly `groups * (32 + 16 * blocks)` bytes of `stream` and `8 * blocks` bytes of `x`,
//! and writes `8 * groups` or `16 * groups` bytes of `y`; all three lie on multiples of 4 and `groups` and
//! `blocks` are at least 1. [`row`] is the only caller; it asks for each of these before each call and gives
//! up otherwise. No stack but what is pushed and popped, no flags or registers but those of a C call.
#![allow(unsafe_code)] // Assembly can't be checked by the compiler.

use core::arch::{asm, naked_asm};
use restock_core::blob::layer::tiles;
use restock_core::blob::{Layer, Layers, WIDTH_MAX};

/// Pairs of halfwords: `x0, x2` and `x1, x3` of each block of 4.
type Pairs = [u32; WIDTH_MAX / 2];

/// From the start of a layer's function to the end of a group's sums: r4 to r7 hold the four accumulators.
/// The frame: `[sp]` groups left, `[sp + 4]` x, `[sp + 8]` blocks, `[sp + 12]` y; r3 is pushed for alignment.
macro_rules! layer {
    ($($end:literal,)*) => {
        naked_asm!(
            "push {{r3-r11, lr}}", // 10 words: y is at sp + 40
            "ldr r12, [sp, #40]",
            "sub sp, sp, #16",
            "stm sp, {{r1, r3}}",
            "strd r2, r12, [sp, #8]",
            "1:", // a group
            "ldrd r1, lr, [sp, #4]",
            "ldm r0!, {{r4-r7}}",
            "tst lr, #1",
            "bne 3f", // an odd number of blocks: the first time only half of the loop
            "2:", // two blocks
            "ldrd r2, r3, [r1], #8",
            "ldm r0!, {{r8-r11}}",
            "sxtb16 r12, r8",
            "sxtb16 r8, r8, ror #8",
            "smlad r4, r12, r2, r4",
            "smlad r4, r8, r3, r4",
            "sxtb16 r12, r9",
            "sxtb16 r9, r9, ror #8",
            "smlad r5, r12, r2, r5",
            "smlad r5, r9, r3, r5",
            "sxtb16 r12, r10",
            "sxtb16 r10, r10, ror #8",
            "smlad r6, r12, r2, r6",
            "smlad r6, r10, r3, r6",
            "sxtb16 r12, r11",
            "sxtb16 r11, r11, ror #8",
            "smlad r7, r12, r2, r7",
            "smlad r7, r11, r3, r7",
            "3:",
            "ldrd r2, r3, [r1], #8",
            "ldm r0!, {{r8-r11}}",
            "sxtb16 r12, r8",
            "sxtb16 r8, r8, ror #8",
            "smlad r4, r12, r2, r4",
            "smlad r4, r8, r3, r4",
            "sxtb16 r12, r9",
            "sxtb16 r9, r9, ror #8",
            "smlad r5, r12, r2, r5",
            "smlad r5, r9, r3, r5",
            "sxtb16 r12, r10",
            "sxtb16 r10, r10, ror #8",
            "smlad r6, r12, r2, r6",
            "smlad r6, r10, r3, r6",
            "sxtb16 r12, r11",
            "sxtb16 r11, r11, ror #8",
            "smlad r7, r12, r2, r7",
            "smlad r7, r11, r3, r7",
            "subs lr, lr, #2",
            "bgt 2b",
            "ldm r0!, {{r8-r11}}", // multipliers
            "smmulr r4, r4, r8",
            "smmulr r5, r5, r9",
            "smmulr r6, r6, r10",
            "smmulr r7, r7, r11",
            "ldr r1, [sp, #12]", // y
            $($end,)*
            "str r1, [sp, #12]",
            "ldr r2, [sp]",
            "subs r2, r2, #1",
            "str r2, [sp]",
            "bne 1b",
            "add sp, sp, #16",
            "pop {{r3-r11, pc}}",
        )
    };
}

/// A hidden layer: pairs in, pairs out.
#[unsafe(naked)]
unsafe extern "C" fn hidden(stream: *const u8, groups: usize, blocks: usize, x: *const u32, y: *mut u32) {
    layer!(
        "usat r4, #7, r4",
        "usat r5, #7, r5",
        "usat r6, #7, r6",
        "usat r7, #7, r7",
        "pkhbt r4, r4, r6, lsl #16",
        "pkhbt r5, r5, r7, lsl #16",
        "stm r1!, {{r4, r5}}",
    )
}

/// The last layer: pairs in, words out.
#[unsafe(naked)]
unsafe extern "C" fn last(stream: *const u8, groups: usize, blocks: usize, x: *const u32, y: *mut i32) {
    layer!("stm r1!, {{r4-r7}}",)
}

/// `x0, x2` and `x1, x3` of four bytes.
#[inline(always)]
fn pairs_of(four: [u8; 4]) -> [u32; 2] {
    let word = u32::from_le_bytes(four);
    let (x02, x13): (u32, u32);
    // SAFETY: registers only.
    unsafe {
        asm!(
            "sxtb16 {x02}, {word}",
            "sxtb16 {x13}, {word}, ror #8",
            word = in(reg) word,
            x02 = out(reg) x02,
            x13 = lateout(reg) x13, // the last to be written, so that it may take the place of `word`
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    [x02, x13]
}

/// Groups and blocks of a layer, if its stream is what the assembly reads.
#[inline(always)]
fn sizes(layer: &Layer<'_>) -> Option<(usize, usize)> {
    let (inputs, outputs) = (layer.inputs(), layer.outputs());
    let right = (1..=WIDTH_MAX).contains(&inputs)
        && (1..=WIDTH_MAX).contains(&outputs)
        && layer.stream().len() == Layer::bytes(inputs, outputs)
        && layer.stream().as_ptr().addr().is_multiple_of(4);
    right.then_some((tiles(outputs), tiles(inputs)))
}

/// The forward pass of one row; false, with nothing of worth in `outputs`, if a layer is not as the assembly
/// wants it.
#[inline]
pub(super) fn row(layers: Layers<'_>, inputs: &[i8], outputs: &mut [i32]) -> bool {
    let (mut x, mut y): (Pairs, Pairs) = ([0; WIDTH_MAX / 2], [0; WIDTH_MAX / 2]);
    let (fours, rest) = inputs.as_chunks::<4>();
    let mut pairs = x.as_chunks_mut::<2>().0.iter_mut();
    for (four, pair) in fours.iter().zip(&mut pairs) {
        *pair = pairs_of(four.map(i8::cast_unsigned));
    }
    if let (false, Some(pair)) = (rest.is_empty(), pairs.next()) {
        let mut four = [0; 4];
        four.iter_mut().zip(rest).for_each(|(byte, &input)| *byte = input.cast_unsigned());
        *pair = pairs_of(four);
    }
    let (mut from, mut to) = (&mut x, &mut y);
    let mut rest = layers;
    while let Some((layer, after)) = rest.split_first() {
        let Some((groups, blocks)) = sizes(&layer) else { return false };
        let stream = layer.stream().as_ptr();
        if after.is_empty() {
            last_layer(stream, groups, blocks, from, outputs);
            return true;
        }
        // SAFETY: `sizes` has asked for everything: the stream's length and place, and that blocks and groups
        // are 1 to WIDTH_MAX / 4, for which both arrays of WIDTH_MAX / 2 words have room.
        unsafe { hidden(stream, groups, blocks, from.as_ptr(), to.as_mut_ptr()) };
        core::mem::swap(&mut from, &mut to);
        rest = after;
    }
    false
}

/// The last layer, straight into `outputs` where they have room for whole groups.
#[inline(always)]
fn last_layer(stream: *const u8, groups: usize, blocks: usize, x: &Pairs, outputs: &mut [i32]) {
    if outputs.len() >= 4 * groups {
        // SAFETY: as in `row`; `outputs` has room for 4 words for each group.
        unsafe { last(stream, groups, blocks, x.as_ptr(), outputs.as_mut_ptr()) };
        return;
    }
    let mut whole = [0; WIDTH_MAX];
    // SAFETY: as in `row`; WIDTH_MAX words are 4 for each of at most WIDTH_MAX / 4 groups.
    unsafe { last(stream, groups, blocks, x.as_ptr(), whole.as_mut_ptr()) };
    outputs.iter_mut().zip(whole).for_each(|(output, whole)| *output = whole);
}
