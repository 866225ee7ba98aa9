//! Scales, their marks, and numbers as people write them.

use crate::command::table::thousands;

/// From values to places on the drawing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    from: f64,
    to: f64,
    begin: f64,
    end: f64,
}

impl Scale {
    /// Values `from` to `to` at places `begin` to `end`. A range without width gets one.
    pub(super) fn new(from: f64, to: f64, begin: f64, end: f64) -> Self {
        let to = if to > from { to } else { from + if from == 0.0 { 1.0 } else { from.abs() * 0.1 } };
        Self { from, to, begin, end }
    }

    /// The range widened to the marks around it.
    pub(super) fn around(values: impl Iterator<Item = f64>, zero: bool, begin: f64, end: f64) -> Self {
        let (mut from, mut to) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| value.is_finite()).chain(zero.then_some(0.0)) {
            (from, to) = (from.min(value), to.max(value));
        }
        if !from.is_finite() {
            return Self::new(0.0, 1.0, begin, end);
        }
        let rough = Self::new(from, to, begin, end);
        let step = rough.step(5);
        let from = (rough.from / step).floor() * step;
        Self::new(from, (rough.to / step).ceil() * step, begin, end)
    }

    pub(super) fn at(&self, value: f64) -> f64 {
        let share = (value - self.from) / (self.to - self.from);
        self.begin + share.clamp(-0.5, 1.5) * (self.end - self.begin)
    }

    /// Distance of about `count` marks: 1, 2 or 5 times a power of ten.
    fn step(&self, count: u32) -> f64 {
        let rough = (self.to - self.from) / f64::from(count.max(1));
        let power = 10f64.powf(rough.log10().floor());
        let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= rough * 0.999);
        factor.unwrap_or(10.0) * power
    }

    /// About `count` marks within the range, each with what is written at it.
    pub(super) fn marks(&self, count: u32) -> Vec<(f64, String)> {
        let step = self.step(count);
        let first = (self.from / step - 1e-9).ceil() as i64;
        let last = (self.to / step + 1e-9).floor() as i64;
        let largest = self.from.abs().max(self.to.abs());
        let marks = (first..=last.min(first + 50)).map(|i| i as f64 * step);
        marks.map(|value| (value, written(value, step, largest))).collect()
    }
}

/// A mark's value in thousands or millions where the axis reaches so far, with the decimals that the distance of
/// marks needs.
fn written(value: f64, step: f64, largest: f64) -> String {
    let (unit, letter) = match largest {
        largest if largest >= 2e6 => (1e6, " M"),
        largest if largest >= 1e4 => (1e3, " k"),
        _ => (1.0, ""),
    };
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = (-(step / unit).log10().floor()).clamp(0.0, 6.0) as usize;
    format!("{:.digits$}{letter}", value / unit).replace('-', "\u{2212}")
}

/// Three significant digits, thousands apart: `12.3`, `0.417`, `188 902`.
pub(in crate::report) fn short(value: f64) -> String {
    let text = match value.abs() {
        v if !v.is_finite() => "-".to_owned(),
        0.0 => "0".to_owned(),
        v if v >= 100.0 => thousands(value),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    };
    text.replace('-', "\u{2212}")
}

/// Money in whole units of currency, thousands apart; below 100 with two decimals.
pub(in crate::report) fn money(value: f64) -> String {
    thousands(value).replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_cover_the_values() {
        let scale = Scale::around([3.2, 17.9].into_iter(), true, 0.0, 100.0);
        let marks = scale.marks(5);
        assert_eq!(marks.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), ["0", "5", "10", "15", "20"]);
        assert_eq!((scale.at(0.0), scale.at(20.0)), (0.0, 100.0));
        let small = Scale::around([100.02, 100.21].into_iter(), false, 0.0, 1.0);
        assert!(small.marks(5).iter().all(|(_, text)| text.len() == 6), "{:?}", small.marks(5));
        let large = Scale::around([150_000.0, 250_000.0].into_iter(), false, 0.0, 1.0);
        assert_eq!(large.marks(5)[0].1, "150 k");
    }

    #[test]
    fn a_range_without_width_can_be_drawn() {
        for values in [vec![], vec![0.0], vec![5.0, 5.0], vec![f64::NAN], vec![-3.0]] {
            let scale = Scale::around(values.iter().copied(), false, 0.0, 100.0);
            assert!(scale.at(1.0).is_finite() && !scale.marks(5).is_empty(), "{values:?}");
        }
    }

    #[test]
    fn numbers_have_a_minus_and_three_digits() {
        assert_eq!(
            (short(-1234.5).as_str(), short(0.0).as_str(), short(0.4171).as_str()),
            ("\u{2212}1 234", "0", "0.417")
        );
        assert_eq!(money(-22691.2), "\u{2212}22 691");
    }
}
