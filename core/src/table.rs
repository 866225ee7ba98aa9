//! Inverse-transform tables: a distribution as a piecewise-linear quantile function in integers.
//!
//! A table is a list of segments over `u` in `[0, 2^32)`. Segment `i` starts at `start[i]` with
//! `value[i]` and rises by `span[i]` until the next segment starts. A discrete distribution has
//! span 0 everywhere and is exact to 2^-32; a continuous one is interpolated. One draw costs one
//! guided lookup: no rejection, no loop that chance could lengthen.

use crate::convert::{bits, from_bits, index, low, scale_down, wide, wide_index, word};
use crate::rows::at;

/// Words before the segments: number of segments, then the guide.
const GUIDE_AT: usize = 1;
/// The guide has one entry for each value of the top five bits of `u`.
pub const GUIDE_LENGTH: usize = 32;
const GUIDE_SHIFT: u32 = 27;
/// Words of one segment: start, value, span, reciprocal of its width.
pub const SEGMENT_WORDS: usize = 4;
/// Most segments a table may have.
pub const SEGMENTS_MAX: usize = 1024;
/// First word of the segments.
pub const SEGMENTS_AT: usize = GUIDE_AT + GUIDE_LENGTH;

/// Start, value, span, reciprocal of its width.
type Segment = [i32; SEGMENT_WORDS];

/// One distribution, borrowed from the scenario: its words, taken apart once for all draws from it.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    guide: &'a [i32; GUIDE_LENGTH],
    segments: &'a [Segment],
}

/// What is wrong with the words of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableError {
    /// Fewer words than the table's own length asks for.
    TooShort,
    /// No segment, or more than [`SEGMENTS_MAX`].
    SegmentCount,
    /// The first segment must start at 0 and every other one after the one before it.
    Order,
    /// A value is negative, or falls, or value plus span passes `i32::MAX`.
    Value,
    /// The guide does not name the last segment that starts at or before its range.
    Guide,
    /// A reciprocal does not belong to its segment's width.
    Reciprocal,
}

impl<'a> Table<'a> {
    /// Checks a table once; afterwards [`Table::value`] can't fail.
    ///
    /// # Errors
    /// The first thing that is wrong with `words`.
    pub fn new(words: &'a [i32]) -> Result<Self, TableError> {
        let segments = match words.first() {
            Some(&n) if n >= 1 && index(n) <= SEGMENTS_MAX => index(n),
            Some(_) => return Err(TableError::SegmentCount),
            None => return Err(TableError::TooShort),
        };
        let length = SEGMENTS_AT + segments * SEGMENT_WORDS;
        let table = words.get(..length).and_then(Self::split).ok_or(TableError::TooShort)?;
        if table.segment(0).0 != 0 {
            return Err(TableError::Order);
        }
        let mut floor = 0;
        for i in 0..segments {
            let (start, value, span, reciprocal) = table.segment(i);
            let end = if i + 1 < segments { u64::from(table.segment(i + 1).0) } else { 1 << 32 };
            if end <= u64::from(start) {
                return Err(TableError::Order);
            }
            if value < floor || span < 0 || value.checked_add(span).is_none() {
                return Err(TableError::Value);
            }
            if reciprocal != reciprocal_of(end - u64::from(start)) {
                return Err(TableError::Reciprocal);
            }
            floor = value + span;
        }
        for bucket in 0..GUIDE_LENGTH {
            let low_end = crate::convert::count(bucket) << GUIDE_SHIFT;
            let mut right = 0;
            while right + 1 < segments && table.segment(right + 1).0 <= low_end {
                right += 1;
            }
            if at(table.guide, bucket) != word(right) {
                return Err(TableError::Guide);
            }
        }
        Ok(table)
    }

    /// A table that [`Table::new`] has checked before.
    #[inline(always)]
    pub(crate) fn trusted(words: &'a [i32]) -> Self {
        Self::split(words).unwrap_or(Table { guide: &[0; GUIDE_LENGTH], segments: &[] })
    }

    #[inline(always)]
    fn split(words: &'a [i32]) -> Option<Self> {
        let (&[count, ref guide @ ..], segments) = words.split_first_chunk::<SEGMENTS_AT>()?;
        Some(Self { guide, segments: segments.as_chunks().0.get(..wide_index(bits(count)))? })
    }

    /// Words this table takes.
    #[must_use]
    pub fn length(&self) -> usize {
        SEGMENTS_AT + self.segments.len() * SEGMENT_WORDS
    }

    /// The greatest value this table can give.
    #[must_use]
    pub fn max(&self) -> i32 {
        let (_, value, span, _) = self.segment(self.segments.len().saturating_sub(1));
        value + span
    }

    /// The smallest value this table can give.
    #[must_use]
    pub fn min(&self) -> i32 {
        self.segment(0).1
    }

    /// The quantile at `u / 2^32`, rounded down within a segment.
    #[inline(always)]
    #[must_use]
    pub fn value(&self, u: u32) -> i32 {
        let all = self.segments;
        let mut i = wide_index(bits(self.guide[wide_index(u >> GUIDE_SHIFT)]));
        // Two segments on without a branch, because chance can't be predicted and a mispredicted
        // branch costs as much as 50 instructions: nine draws in ten are then where they belong.
        if let Some([_, one, two, ..]) = all.get(i..) {
            i += usize::from(bits(one[0]) <= u) + usize::from(bits(two[0]) <= u);
        }
        let Some((mut segment, mut later)) = all.get(i..).and_then(<[Segment]>::split_first) else { return 0 };
        while let Some((next, rest)) = later.split_first()
            && bits(next[0]) <= u
        {
            (segment, later) = (next, rest);
        }
        let &[start, value, span, reciprocal] = segment;
        if span == 0 {
            return value;
        }
        // Position within the segment as a 32-bit fraction: (u - start) / width.
        let fraction = ((u64::from(u - bits(start)) * u64::from(bits(reciprocal))) >> 16).min(u64::from(u32::MAX));
        value + from_bits(scale_down(crate::convert::low_bits(fraction), bits(span)))
    }

    #[inline(always)]
    fn segment(&self, i: usize) -> (u32, i32, i32, i32) {
        let [start, value, span, reciprocal] = self.segments.get(i).copied().unwrap_or_default();
        (bits(start), value, span, reciprocal)
    }
}

/// `min(2^48 / width, 2^32 - 1)` rounded down: turns a position within a segment into a 32-bit fraction.
/// A segment narrower than 2^16 saturates and reads as a shallower slope; no value leaves it.
#[must_use]
pub fn reciprocal_of(width: u64) -> i32 {
    let reciprocal = (1u64 << 48) / width.max(1);
    from_bits(crate::convert::low_bits(reciprocal.min(u64::from(u32::MAX))))
}

/// Demand from a table value, a season factor and a second draw: `value * factor` with the fraction
/// decided by chance, so that the mean is kept exactly. A factor of one returns `value` itself.
#[inline(always)]
#[must_use]
pub fn scaled(value: i32, factor_q12: i32, dither: u32) -> i32 {
    let product = wide(value) * wide(factor_q12) + wide(from_bits(dither >> 20));
    low(product >> 12)
}
