//! Curves over days or iterations, and points.

use super::super::band::Band;
use super::scale::Scale;
use super::{COLOURS, WIDTH, drawing, rule, text};
use crate::report::html::escape;
use std::fmt::Write;

const HEIGHT: f64 = 210.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 26.0;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// What runs along the bottom.
pub(in crate::report) enum Axis<'a> {
    /// Dates, one a place.
    Dates(&'a [String]),
    /// Numbers, and what they are.
    Numbers(&'a str),
}

/// One line, with a band around it where its quartiles differ.
pub(in crate::report) struct Line<'a> {
    /// Where its points are. Shape `[point]`; none for 0, 1, 2, ...
    pub(in crate::report) x: Option<&'a [u32]>,
    /// Its points.
    pub(in crate::report) band: &'a Band,
    /// Its colour.
    pub(in crate::report) colour: usize,
    /// Dashed.
    pub(in crate::report) dashed: bool,
}

/// Curves over one axis.
pub(in crate::report) struct Curves<'a> {
    /// What they are.
    pub(in crate::report) title: &'a str,
    /// What a person who can't see it should know.
    pub(in crate::report) description: &'a str,
    /// What and in which unit, above the axis.
    pub(in crate::report) unit: &'a str,
    /// What runs along the bottom.
    pub(in crate::report) axis: Axis<'a>,
    /// The axis begins at zero.
    pub(in crate::report) zero: bool,
    /// Places at the front that do not count.
    pub(in crate::report) warmup: usize,
    /// The lines.
    pub(in crate::report) lines: Vec<Line<'a>>,
}

impl Line<'_> {
    fn x(&self, i: usize) -> f64 {
        self.x.map_or(i as f64, |x| f64::from(x.get(i).copied().unwrap_or(0)))
    }

    fn draw(&self, across: &Scale, up: &Scale) -> String {
        let (mut line, mut above, mut below) = (String::new(), String::new(), Vec::new());
        let b = self.band;
        for (i, ((&middle, &low), &high)) in b.middle.iter().zip(&b.low).zip(&b.high).enumerate() {
            let x = across.at(self.x(i));
            let _ = write!(line, "{x:.1},{:.1} ", up.at(middle));
            let _ = write!(above, "{x:.1},{:.1} ", up.at(high));
            below.push(format!("{x:.1},{:.1}", up.at(low)));
        }
        below.reverse();
        let colour = self.colour % COLOURS;
        let dashed = if self.dashed { " dashed" } else { "" };
        let band = if b.low == b.high {
            String::new()
        } else {
            format!("<polygon points=\"{above}{}\" class=\"band c{colour}\"/>", below.join(" "))
        };
        let line = if b.middle.len() == 1 {
            format!(
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" class=\"dot c{colour}\"/>",
                across.at(self.x(0)),
                up.at(b.middle[0])
            )
        } else {
            format!("<polyline points=\"{}\" class=\"line c{colour}{dashed}\"/>", line.trim_end())
        };
        band + &line
    }
}

impl Curves<'_> {
    /// The drawing.
    pub(in crate::report) fn draw(&self) -> String {
        let values = self.lines.iter().flat_map(|line| line.band.low.iter().chain(&line.band.high).copied());
        let up = Scale::around(values, self.zero, HEIGHT - BOTTOM, TOP);
        let ends = self.lines.iter().flat_map(|line| {
            let last = line.band.middle.len().saturating_sub(1);
            [line.x(0), line.x(last)]
        });
        let (from, to) = ends.fold((f64::INFINITY, 0.0_f64), |(from, to), x| (from.min(x), to.max(x)));
        let across = Scale::new(if from.is_finite() { from } else { 0.0 }, to, LEFT, WIDTH - RIGHT);
        let mut body = self.warm_up(&across);
        for (value, label) in up.marks(4) {
            let y = up.at(value);
            body += &rule(LEFT, y, WIDTH - RIGHT, y, "grid");
            body += &text(LEFT - 5.0, y + 3.5, "end", "", &label);
        }
        body += &text(2.0, 12.0, "start", "unit", self.unit);
        body += &self.bottom(&across);
        for line in &self.lines {
            body += &line.draw(&across, &up);
        }
        drawing(HEIGHT, self.title, self.description, &body)
    }

    fn warm_up(&self, across: &Scale) -> String {
        if self.warmup == 0 {
            return String::new();
        }
        let (x, until) = (across.at(0.0), across.at(self.warmup as f64));
        format!(
            "<rect x=\"{x:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\" class=\"shade\"/>{}",
            until - x,
            HEIGHT - BOTTOM - TOP,
            text(x + 3.0, TOP + 11.0, "start", "faint", "warm-up")
        )
    }

    /// Marks along the bottom.
    fn bottom(&self, across: &Scale) -> String {
        let y = HEIGHT - BOTTOM;
        let base = rule(LEFT, y, WIDTH - RIGHT, y, "axis");
        match &self.axis {
            Axis::Numbers(label) => {
                let marks = across.marks(6);
                // The last mark makes room for what the numbers are.
                let shown = marks.iter().filter(|(value, _)| across.at(*value) < WIDTH - 70.0);
                let marks: String =
                    shown.map(|(value, mark)| text(across.at(*value), y + 14.0, "middle", "", mark)).collect();
                base + &marks + &text(WIDTH - RIGHT, y + 14.0, "end", "unit", label)
            }
            Axis::Dates(dates) => base + &months(dates, across, y),
        }
    }
}

/// Names of months where they begin, the year with the first and with each January.
fn months(dates: &[String], across: &Scale, y: f64) -> String {
    let begins: Vec<(usize, &str, usize)> = dates
        .iter()
        .enumerate()
        .filter(|(_, date)| date.ends_with("-01"))
        .filter_map(|(i, date)| Some((i, date.get(..4)?, date.get(5..7)?.parse::<usize>().ok()?)))
        .collect();
    let every = begins.len().div_ceil(6).max(1);
    let mut body = String::new();
    let mut year = "";
    for (i, of, month) in begins.into_iter().step_by(every) {
        let name = MONTHS[month.saturating_sub(1).min(11)];
        let label = if of == year { name.to_owned() } else { format!("{name} {of}") };
        year = of;
        let x = across.at(i as f64);
        body += &rule(x, y, x, y + 4.0, "axis");
        let anchor = if x > WIDTH - 40.0 { "end" } else { "middle" };
        body += &text(x, y + 16.0, anchor, "", &label);
    }
    body
}

/// A point with its interval along the bottom.
pub(in crate::report) struct Point {
    /// Its name.
    pub(in crate::report) name: String,
    /// Along the bottom, and half its interval.
    pub(in crate::report) x: f64,
    /// Half its interval.
    pub(in crate::report) half: Option<f64>,
    /// Upwards.
    pub(in crate::report) y: f64,
    /// Its colour.
    pub(in crate::report) colour: usize,
}

/// Points that are numbered; those of one line are joined in their order.
pub(in crate::report) fn points(title: &str, description: &str, units: (&str, &str), lines: &[Vec<Point>]) -> String {
    const TALL: f64 = 250.0;
    let all = || lines.iter().flatten();
    let spread = all().flat_map(|p| [p.x - p.half.unwrap_or(0.0), p.x + p.half.unwrap_or(0.0)]);
    let across = Scale::around(spread, false, LEFT, WIDTH - RIGHT - 10.0);
    let up = Scale::around(all().map(|p| p.y), false, TALL - BOTTOM - 14.0, TOP + 6.0);
    let mut body = String::new();
    for (value, label) in up.marks(4) {
        body += &rule(LEFT, up.at(value), WIDTH - RIGHT, up.at(value), "grid");
        body += &text(LEFT - 5.0, up.at(value) + 3.5, "end", "", &label);
    }
    for (value, label) in across.marks(5) {
        body += &rule(across.at(value), TOP, across.at(value), TALL - BOTTOM - 14.0, "grid");
        body += &text(across.at(value), TALL - BOTTOM, "middle", "", &label);
    }
    body += &text(2.0, 12.0, "start", "unit", units.1);
    body += &text(WIDTH - RIGHT, TALL - 6.0, "end", "unit", units.0);
    let mut labels: Vec<(f64, f64, String)> = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let path: Vec<String> = line.iter().map(|p| format!("{:.1},{:.1}", across.at(p.x), up.at(p.y))).collect();
        let colour = line.first().map_or(0, |p| p.colour % COLOURS);
        if path.len() > 1 {
            body += &format!("<polyline points=\"{}\" class=\"line c{colour}\"/>", path.join(" "));
        }
        for p in line {
            let (x, y) = (across.at(p.x), up.at(p.y));
            let half = p.half.map_or(0.0, |half| across.at(p.x + half) - x);
            body += &rule(x - half, y, x + half, y, &format!("line thin c{colour}"));
            body += &format!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\" class=\"dot c{colour}\"><title>{}</title></circle>",
                escape(&p.name)
            );
        }
        let Some(p) = line.last() else { continue };
        let (x, y) = (across.at(p.x), up.at(p.y));
        // Points that lie together share a label, so that all numbers can be read.
        match labels.iter_mut().find(|(lx, ly, _)| (lx - x).abs() < 18.0 && (ly - y).abs() < 12.0) {
            Some((_, _, label)) => *label += &format!(", {}", i + 1),
            None => labels.push((x, y, (i + 1).to_string())),
        }
    }
    for (x, y, label) in labels {
        body += &text(x, y - 8.0, "middle", "strong", &label);
    }
    drawing(TALL, title, description, &body)
}
