//! Drawings in SVG: curves with bands, intervals, bars, a waterfall, points.
//!
//! Each is 380 units wide and is shown at about that many pixels, on a telephone as on a desk: letters keep their
//! size. Colours are classes (`c0` to `c5`, from the palette of Okabe and Ito 2008, which colour-blind people can tell
//! apart) and lines differ in dashes too, so that no meaning hangs on colour alone.

mod curves;
mod rows;
mod scale;

pub(super) use curves::{Axis, Curves, Line, Point, points};
pub(super) use rows::{Bar, Interval, Step, bars, far, intervals, waterfall};
pub(super) use scale::{money, short};

use super::html::escape;

/// Width of a drawing.
const WIDTH: f64 = 380.0;
/// Colours there are.
pub(super) const COLOURS: usize = 6;

/// The element around a drawing, with what a screen reader tells of it.
fn drawing(height: f64, title: &str, description: &str, body: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-label=\"{}\"><title>{0}</title><desc>{}</desc>{body}</svg>",
        escape(title),
        escape(description)
    )
}

/// Text at a place; `anchor` is `start`, `middle` or `end`, `class` may be empty.
fn text(x: f64, y: f64, anchor: &str, class: &str, content: &str) -> String {
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\"{class}>{}</text>", escape(content))
}

/// A straight line.
fn rule(x1: f64, y1: f64, x2: f64, y2: f64, class: &str) -> String {
    format!("<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" class=\"{class}\"/>")
}

/// Which line or bar is which: name, colour, and whether the line is dashed.
pub(super) fn legend(entries: &[(&str, usize, bool)]) -> String {
    let items = entries.iter().map(|(name, colour, dashed)| {
        let dashed = if *dashed { " dashed" } else { "" };
        format!(
            "<li><svg viewBox=\"0 0 24 10\" aria-hidden=\"true\"><line x1=\"1\" y1=\"5\" x2=\"23\" y2=\"5\" class=\"line c{}{dashed}\"/></svg>{}</li>",
            colour % COLOURS,
            escape(name)
        )
    });
    format!("<ul class=\"legend\">{}</ul>", items.collect::<String>())
}
