//! The chance of the products of a row for which there is any.

use crate::convert::from_bits;
use crate::draws::RowDraws;
use crate::rows::{place_index, set_at};
use crate::scenario::Scenario;

/// Puts the two words of chance of some products into two rows, the second where it is asked for. Where the products
/// are many, those of the others too: all at once in the vector unit takes less than one by one.
#[inline(always)]
pub(super) fn draw_places(
    s: &Scenario<'_>,
    draws: &RowDraws,
    places: &[i32],
    first: &mut [i32],
    second: Option<&mut [i32]>,
) {
    // A device has no such unit: there each word is drawn that is used, and no other.
    let vectors = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));
    match second {
        None if vectors && places.len() * 2 > s.products() => {
            for (first, key) in first.iter_mut().zip(s.product_keys()) {
                *first = from_bits(draws.two(key).0);
            }
        }
        Some(second) if vectors && places.len() * 2 > s.products() => {
            for ((first, second), key) in first.iter_mut().zip(second).zip(s.product_keys()) {
                let (u, v) = draws.two(key);
                (*first, *second) = (from_bits(u), from_bits(v));
            }
        }
        mut second => {
            for &place in places {
                let i = place_index(place);
                let (u, v) = draws.two(s.product_key(i));
                set_at(first, i, from_bits(u));
                if let Some(second) = second.as_deref_mut() {
                    set_at(second, i, from_bits(v));
                }
            }
        }
    }
}
