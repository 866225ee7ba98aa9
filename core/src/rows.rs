//! Rows of flat arrays of shape `[row][product]`, without a way to panic: a place outside of the array is
//! empty, reads as 0, and takes nothing. Sizes are checked once, when a scenario is built, so that no such
//! place is ever asked for; that there is no panic is what a device needs (`no-panic` in the firmware).

use crate::convert::{bits, wide_index, word};

/// Row `r`.
#[inline(always)]
pub(crate) fn row<T>(rows: &[T], r: usize, p: usize) -> &[T] {
    rows.get(r * p..(r + 1) * p).unwrap_or(&[])
}

/// Row `r`.
#[inline(always)]
pub(crate) fn row_mut<T>(rows: &mut [T], r: usize, p: usize) -> &mut [T] {
    rows.get_mut(r * p..(r + 1) * p).unwrap_or(&mut [])
}

/// What stands at place `i`.
#[inline(always)]
pub(crate) fn at<T: Copy + Default>(row: &[T], i: usize) -> T {
    row.get(i).copied().unwrap_or_default()
}

/// Sets place `i`.
#[inline(always)]
pub(crate) fn set_at(row: &mut [i32], i: usize, value: i32) {
    if let Some(slot) = row.get_mut(i) {
        *slot = value;
    }
}

/// Adds to place `i`.
#[inline(always)]
pub(crate) fn add_at(row: &mut [i32], i: usize, units: i32) {
    if let Some(slot) = row.get_mut(i) {
        *slot += units;
    }
}

/// Adds a row of quantities to another.
#[inline(always)]
pub(crate) fn add_row(to: &mut [i32], units: &[i32]) {
    for (to, &units) in to.iter_mut().zip(units) {
        *to += units;
    }
}

/// Copies a row.
#[inline(always)]
pub(crate) fn copy_row(to: &mut [i32], from: &[i32]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = from;
    }
}

/// Whether a row of quantities is all zero.
#[inline(always)]
pub(crate) fn nothing(units: &[i32]) -> bool {
    units.iter().fold(0, |union, &units| union | units) == 0
}

/// The places of a row where there is something, in order, at the front of `places`; returns that front. No branch
/// for each place on what is there: chance decides it, it can't be predicted, and a mispredicted branch costs as much
/// as what is done for a place.
#[inline(always)]
pub(crate) fn places_of<'a>(units: &[i32], places: &'a mut [i32]) -> &'a [i32] {
    let (chunks, rest) = units.as_chunks::<PLACES>();
    let masks = chunks.iter().map(|chunk| mask(chunk)).chain([mask(rest)]);
    let mut count = 0;
    for (chunk, mut mask) in masks.enumerate() {
        while mask != 0 {
            set_at(places, count, word(chunk * PLACES + wide_index(mask.trailing_zeros())));
            count += 1;
            mask &= mask.wrapping_sub(1);
        }
    }
    places.get(..count).unwrap_or(&[])
}

/// Places of a [`mask`].
const PLACES: usize = 32;

/// A bit for each of at most 32 places, set where there is something.
#[inline(always)]
fn mask(units: &[i32]) -> u32 {
    units.iter().rev().fold(0, |mask, &units| (mask << 1) | u32::from(units > 0))
}

/// One of [`places_of`] as an index.
#[inline(always)]
pub(crate) const fn place_index(place: i32) -> usize {
    wide_index(bits(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_with_something_in_order() {
        for length in [0usize, 1, 31, 32, 33, 64, 100] {
            for every in 1..=40 {
                let mut units = [0; 100];
                let mut expected = [0; 100];
                let mut count = 0;
                for i in (0..length).filter(|i| i % every == every / 2) {
                    units[i] = if i % 2 == 0 { 1 } else { i32::MAX };
                    expected[count] = word(i);
                    count += 1;
                }
                let mut places = [-1; 100];
                assert_eq!(places_of(&units[..length], &mut places), &expected[..count], "{length} {every}");
            }
        }
    }
}
