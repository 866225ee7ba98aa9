//! What the program takes of flash and RAM, asked of the linker's symbols and of the painted stack.
#![allow(unsafe_code)] // The linker's symbols are foreign statics, and the free stack is read raw.

use cortex_m_rt::STACK_PAINT_VALUE;

// Only their addresses mean anything.
unsafe extern "C" {
    static __sdata: u32;
    static __edata: u32;
    static __sidata: u32;
    static __ebss: u32;
    static _stack_start: u32;
    static _stack_end: u32;
}

/// Vector table, code, constants, images and the initial values of `.data` [bytes].
pub(super) fn flash_bytes() -> usize {
    // Flash starts at address 0 in this memory layout.
    (&raw const __sidata).addr() + (&raw const __edata).addr() - (&raw const __sdata).addr()
}

/// Statics: `.data` and `.bss` [bytes].
pub(super) fn static_bytes() -> usize {
    (&raw const __ebss).addr() - (&raw const __sdata).addr()
}

/// The most the stack has held since the start [bytes]: how far down the start-up paint is gone.
pub(super) fn stack_bytes() -> usize {
    let top = &raw const _stack_start;
    let mut at = &raw const _stack_end;
    // SAFETY: the linker puts nothing between the two symbols; the region is RAM, word-aligned, and
    // painted before `main`. The walk stops at the first word in use, which lies below our own frame.
    while at < top && unsafe { at.read_volatile() } == STACK_PAINT_VALUE {
        at = at.wrapping_add(1);
    }
    top.addr() - at.addr()
}
