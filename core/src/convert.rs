//! Conversions between number types: each names its rounding, and `as` casts live nowhere else in this crate.
#![allow(clippy::as_conversions, clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)]

/// `index` of something counted by a non-negative word; a negative word becomes 0.
#[inline(always)]
#[must_use]
pub const fn index(word: i32) -> usize {
    if word < 0 { 0 } else { word as usize }
}

/// A count as a word, saturating at `i32::MAX`.
#[inline(always)]
#[must_use]
pub const fn word(count: usize) -> i32 {
    if count > i32::MAX as usize { i32::MAX } else { count as i32 }
}

/// A day number or small count as an index (exact: `usize` has at least 32 bits on every target).
#[inline(always)]
#[must_use]
pub const fn wide_index(value: u32) -> usize {
    value as usize
}

/// A count as `u32`, saturating.
#[inline(always)]
#[must_use]
pub const fn count(value: usize) -> u32 {
    if value > u32::MAX as usize { u32::MAX } else { value as u32 }
}

/// Exact widening.
#[inline(always)]
#[must_use]
pub const fn wide(value: i32) -> i64 {
    value as i64
}

/// Exact product of two numbers that are not negative (a negative one is read as its bits). Unsigned,
/// because processors without signed 32 to 64 bit vector products have unsigned ones.
#[inline(always)]
#[must_use]
pub const fn product(a: i32, b: i32) -> i64 {
    (a as u32 as u64 * b as u32 as u64) as i64
}

/// Exact widening.
#[inline(always)]
#[must_use]
pub const fn wider(value: i64) -> i128 {
    value as i128
}

/// Narrowing that saturates at the ends of `i32`.
#[inline(always)]
#[must_use]
pub const fn saturate(value: i64) -> i32 {
    if value > i32::MAX as i64 {
        i32::MAX
    } else if value < i32::MIN as i64 {
        i32::MIN
    } else {
        value as i32
    }
}

/// Narrowing that saturates at the ends of `i64`.
#[inline(always)]
#[must_use]
pub const fn saturate_wide(value: i128) -> i64 {
    if value > i64::MAX as i128 {
        i64::MAX
    } else if value < i64::MIN as i128 {
        i64::MIN
    } else {
        value as i64
    }
}

/// Narrowing that keeps the low 32 bits; for values already known to fit.
#[inline(always)]
#[must_use]
pub const fn low(value: i64) -> i32 {
    value as i32
}

/// Narrowing that saturates at the ends of `i8`.
#[inline(always)]
#[must_use]
pub const fn saturate_i8(value: i32) -> i8 {
    if value > 127 {
        127
    } else if value < -128 {
        -128
    } else {
        value as i8
    }
}

/// The bits of a word as unsigned.
#[inline(always)]
#[must_use]
pub const fn bits(word: i32) -> u32 {
    word as u32
}

/// The bits of an unsigned number as a word.
#[inline(always)]
#[must_use]
pub const fn from_bits(bits: u32) -> i32 {
    bits as i32
}

/// The low half of a key.
#[inline(always)]
#[must_use]
pub const fn low_bits(key: u64) -> u32 {
    key as u32
}

/// The high half of a key.
#[inline(always)]
#[must_use]
pub const fn high_bits(key: u64) -> u32 {
    (key >> 32) as u32
}

/// Exact widening of an unsigned number.
#[inline(always)]
#[must_use]
pub const fn wide_bits(value: u32) -> u64 {
    value as u64
}

/// Two words (low first) as one key.
#[inline(always)]
#[must_use]
pub const fn key(low: i32, high: i32) -> u64 {
    (low as u32 as u64) | ((high as u32 as u64) << 32)
}

/// The high 32 bits of the product of two unsigned 32-bit numbers: `floor(a * b / 2^32)`.
#[inline(always)]
#[must_use]
pub const fn scale_down(a: u32, b: u32) -> u32 {
    ((a as u64 * b as u64) >> 32) as u32
}

/// A byte of a policy blob as a signed weight.
#[inline(always)]
#[must_use]
pub const fn signed(byte: u8) -> i8 {
    byte as i8
}

/// Exact widening.
#[inline(always)]
#[must_use]
pub const fn from_i8(value: i8) -> i32 {
    value as i32
}

/// A small index as a byte, saturating at 255.
#[inline(always)]
#[must_use]
pub const fn byte(value: usize) -> u8 {
    if value > 255 { 255 } else { value as u8 }
}

/// A small index as a half word, saturating at 65,535.
#[inline(always)]
#[must_use]
pub const fn short(value: usize) -> u16 {
    if value > 65_535 { 65_535 } else { value as u16 }
}

/// Exact widening of a byte.
#[inline(always)]
#[must_use]
pub const fn byte_index(value: u8) -> usize {
    value as usize
}

/// An `i64` as the nearest `f64`.
#[inline(always)]
#[must_use]
pub const fn real(value: i64) -> f64 {
    value as f64
}

/// The nearest `f32` to an `f64`.
#[inline(always)]
#[must_use]
pub const fn real32(value: f64) -> f32 {
    value as f32
}

/// Bits of a signed 64-bit number as unsigned.
#[inline(always)]
#[must_use]
pub const fn bits_wide(value: i64) -> u64 {
    value as u64
}

/// An unsigned number below 2^63 as a signed one (a greater one is read as its bits).
#[inline(always)]
#[must_use]
pub const fn from_wide_bits(value: u64) -> i64 {
    value as i64
}

/// A word as the nearest `f32`.
#[inline(always)]
#[must_use]
pub const fn real32_of(value: i32) -> f32 {
    value as f32
}

/// An `f32` without its fraction, saturating; 0 for NaN.
#[inline(always)]
#[must_use]
pub const fn truncated(value: f32) -> i32 {
    value as i32
}
