//! Probability masses compiled to the integer quantile tables of [`restock_core::table`].
//!
//! Up to [`SEGMENTS_MAX`] values a table is exact to 2^-32. Wider supports are grouped: half of the
//! groups are equally wide in value, half equally likely, and within a group all values are equally
//! likely, shifted so that the group's mean is kept. Where a small table is worth more than the last
//! digit, groups are as wide as a stated error allows instead (`compile_within`).

use super::number::{from_count, from_wide, nearest, word};
use restock_core::table::{GUIDE_LENGTH, SEGMENTS_MAX, Table, reciprocal_of};

/// 2^32: `u` runs below it.
const ONE: f64 = 4_294_967_296.0;
/// Greatest value of a table [internal units].
pub(crate) const VALUE_MAX: i64 = 1 << 30;

/// A compiled table and what it gives: of the table as compiled, not of the family it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// The words that [`Table::new`] reads.
    pub words: Vec<i32>,
    /// Mean [internal units].
    pub mean: f64,
    /// Variance [internal units squared].
    pub variance: f64,
}

impl Compiled {
    /// Greatest value the table can give [internal units].
    #[must_use]
    pub fn max(&self) -> i32 {
        Table::new(&self.words).map_or(0, |table| table.max())
    }
}

/// Probability masses on a lattice, in ascending order of value.
#[derive(Clone, Debug)]
pub(crate) struct Masses {
    /// (value [internal units], weight). Weights need not add up to 1.
    pub(crate) points: Vec<(i64, f64)>,
    /// Distance of neighbouring values: over how much a point is spread when it is not kept exact.
    pub(crate) step: i64,
    /// Spread even a single point over its step (it stands for a stretch of a continuous family).
    pub(crate) spread: bool,
}

/// The words of a table of whole values, in ascending order with their weights; `None` as `compile`.
#[must_use]
pub fn table_of(points: &[(i64, f64)]) -> Option<Vec<i32>> {
    compile(&Masses { points: points.to_vec(), step: 1, spread: false }).map(|table| table.words)
}

/// One segment: where it starts in `u`, its least value and its span.
struct Segment {
    start: u64,
    value: i64,
    span: i64,
}

/// Compiles masses; `None` where there is no positive weight or a value is out of range.
pub(crate) fn compile(masses: &Masses) -> Option<Compiled> {
    let points = placed(masses)?;
    let exact = points.len() <= SEGMENTS_MAX && !masses.spread;
    let segments: Vec<Segment> = if exact {
        points.iter().map(|&(value, start, _)| Segment { start, value, span: 0 }).collect()
    } else {
        grouped(&points, masses.step)
    };
    Some(finished(&segments))
}

/// Compiles masses at neighbouring values to few segments: the table's distribution function is at most
/// `error` from that of the masses (and 2^-32 for rounding), and each group keeps its mean. `None` as for [`compile`].
pub(crate) fn compile_within(points: &[(i64, f64)], error: f64) -> Option<Compiled> {
    let points = placed(&Masses { points: points.to_vec(), step: 1, spread: false })?;
    Some(finished(&wide_groups(&points, error * ONE)))
}

/// A value and where its probability begins and ends in `u`.
type Placed = (i64, u64, u64);

/// Points with their place in `u`; what is less likely than 2^-32 has no room and drops out.
fn placed(masses: &Masses) -> Option<Vec<Placed>> {
    let total: f64 = masses.points.iter().map(|p| p.1).sum();
    let bounded = masses.points.iter().all(|p| (0..=VALUE_MAX).contains(&p.0) && p.1 >= 0.0);
    if !(bounded && total > 0.0 && total.is_finite()) {
        return None;
    }
    let mut points: Vec<Placed> = Vec::new();
    let (mut sum, mut start) = (0.0, 0u64);
    for (i, &(value, weight)) in masses.points.iter().enumerate() {
        sum += weight;
        let last = i + 1 == masses.points.len();
        let end = if last { 1 << 32 } else { u64::try_from(nearest(sum / total * ONE)).unwrap_or(0).min(1 << 32) };
        if end > start {
            points.push((value, start, end));
            start = end;
        }
    }
    if let Some(last) = points.last_mut() {
        last.2 = 1 << 32;
    }
    Some(points)
}

/// At most [`SEGMENTS_MAX`] groups of points.
fn grouped(points: &[Placed], step: i64) -> Vec<Segment> {
    let half = i64::try_from(SEGMENTS_MAX / 2 - 2).unwrap_or(1);
    let (low, high) = (points[0].0, points[points.len() - 1].0);
    let width = ((high - low) / half).max(1);
    let share = u64::try_from((1i64 << 32) / half).unwrap_or(1);
    let mut segments = Vec::new();
    let mut from = 0;
    while from < points.len() {
        let (value, start, _) = points[from];
        let mut until = from + 1;
        // A mass at zero stays exact: a day without demand is no small demand.
        while value > 0
            && until < points.len()
            && (points[until].0 - low) / width == (value - low) / width
            && points[until].1 / share == start / share
        {
            until += 1;
        }
        let (top, _, _) = points[until - 1];
        if until == from + 1 && (value == 0 || step == 1) {
            segments.push(Segment { start, value, span: 0 });
        } else {
            segments.push(even(&points[from..until], value - (step - 1) / 2, top - (step - 1) / 2 + step));
        }
        from = until;
    }
    segments
}

/// Groups that are as wide as `error` [of `u`] allows, from the lowest value up.
fn wide_groups(points: &[Placed], error: f64) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut from = 0;
    while from < points.len() {
        // Widths are tried by doubling, then by halving the step: a width that does not do ends neither search,
        // it only makes the group narrower than it might be.
        let (mut count, mut step) = (1, 1);
        while let Some(group) = points.get(from..from + count + step)
            && close(group, error)
        {
            count += step;
            step *= 2;
        }
        while step > 0 {
            if points.get(from..from + count + step).is_some_and(|group| close(group, error)) {
                count += step;
            }
            step /= 2;
        }
        segments.push(of_group(&points[from..from + count]));
        from += count;
    }
    segments
}

/// The segment of a group of neighbouring values.
fn of_group(group: &[Placed]) -> Segment {
    match *group {
        [(value, start, _)] => Segment { start, value, span: 0 },
        _ => even(group, group[0].0, group[group.len() - 1].0 + 1),
    }
}

/// Whether one segment tells a group's distribution function to `error` [of `u`] at each of its values.
/// A mass at zero stays exact: a receipt without a defect is no small defect.
fn close(group: &[Placed], error: f64) -> bool {
    if group[0].0 == 0 {
        return false;
    }
    let segment = of_group(group);
    let (start, end) = (segment.start, group[group.len() - 1].2);
    let width = from_wide(i64::try_from(end - start).unwrap_or(0));
    group.iter().all(|&(value, _, until)| {
        let told = from_wide(value + 1 - segment.value) / from_wide(segment.span.max(1));
        let exact = from_wide(i64::try_from(until - start).unwrap_or(0));
        (told.clamp(0.0, 1.0) * width - exact).abs() <= error
    })
}

/// One segment whose values are equally likely within `low..high` and whose mean is the points'.
fn even(points: &[Placed], low: i64, high: i64) -> Segment {
    let (mut weight, mut sum) = (0.0, 0.0);
    for &(value, start, end) in points {
        let mass = from_wide(i64::try_from(end - start).unwrap_or(0));
        weight += mass;
        sum += mass * from_wide(value);
    }
    let mean = sum / weight;
    let low = low.max(0);
    let reach = (mean - from_wide(low)).min(from_wide(high - 1) - mean).max(0.0);
    let value = nearest(mean - reach).max(low);
    let span = nearest(2.0 * reach + 1.0).clamp(0, high - value);
    Segment { start: points[0].1, value, span }
}

/// Segments as words, with the guide and the moments.
fn finished(segments: &[Segment]) -> Compiled {
    let small = |value: i64| i32::try_from(value).unwrap_or(i32::MAX);
    let bits = |u: u64| i32::from_ne_bytes(u32::try_from(u).unwrap_or(u32::MAX).to_ne_bytes());
    let mut words = vec![small(i64::try_from(segments.len()).unwrap_or(i64::MAX))];
    for bucket in 0..GUIDE_LENGTH {
        let edge = u64::try_from(bucket).unwrap_or(0) << 27;
        let last = segments.partition_point(|s| s.start <= edge).saturating_sub(1);
        words.push(word(from_count(last)).unwrap_or(0));
    }
    let (mut mean, mut square) = (0.0, 0.0);
    for (i, s) in segments.iter().enumerate() {
        let end = segments.get(i + 1).map_or(1 << 32, |next| next.start);
        words.extend([bits(s.start), small(s.value), small(s.span), reciprocal_of(end - s.start)]);
        let mass = from_wide(i64::try_from(end - s.start).unwrap_or(0)) / ONE;
        let span = from_wide(s.span.max(1));
        let middle = from_wide(s.value) + 0.5 * (span - 1.0);
        mean += mass * middle;
        square += mass * (middle * middle + (span * span - 1.0) / 12.0);
    }
    Compiled { words, mean, variance: (square - mean * mean).max(0.0) }
}
