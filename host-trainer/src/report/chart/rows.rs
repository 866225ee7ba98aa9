//! One row a thing, its name above its bar: long names fit a narrow page.

use super::scale::Scale;
use super::{COLOURS, WIDTH, drawing, rule, text};

const EDGE: f64 = 4.0;
const BAR: f64 = 9.0;

/// A value with its interval.
pub(in crate::report) struct Interval {
    /// Whose it is.
    pub(in crate::report) name: String,
    /// The value.
    pub(in crate::report) middle: f64,
    /// Its 95 % interval, if it has one.
    pub(in crate::report) ends: Option<(f64, f64)>,
    /// What is written at it.
    pub(in crate::report) label: String,
    /// Its colour.
    pub(in crate::report) colour: usize,
}

/// A row's two texts.
fn heads(y: f64, name: &str, label: &str) -> String {
    text(EDGE, y, "start", "", name) + &text(WIDTH - EDGE, y, "end", "strong", label)
}

/// Marks of a scale below the rows.
fn foot(across: &Scale, top: f64, y: f64, unit: &str) -> String {
    let mut body = String::new();
    for (value, label) in across.marks(5) {
        let x = across.at(value);
        body += &rule(x, top, x, y, "grid");
        let anchor = if x < 16.0 {
            "start"
        } else if x > WIDTH - 16.0 {
            "end"
        } else {
            "middle"
        };
        body += &text(x, y + 13.0, anchor, "", &label);
    }
    body + &text(WIDTH - EDGE, y + 27.0, "end", "unit", unit)
}

/// Beyond which a value stands for itself and is drawn as an arrow at the edge: four times the third quartile. One that
/// costs nine times as much as the others would push them all together.
pub(in crate::report) fn far(values: impl Iterator<Item = f64>) -> f64 {
    let mut sizes: Vec<f64> = values.map(f64::abs).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.get(sizes.len() * 3 / 4).map_or(f64::INFINITY, |size| 4.0 * size)
}

/// Values with intervals, one a row; `zero` draws a line at 0 to compare with.
pub(in crate::report) fn intervals(
    title: &str,
    description: &str,
    unit: &str,
    zero: bool,
    rows: &[Interval],
) -> String {
    const ROW: f64 = 34.0;
    let far = far(rows.iter().map(|row| row.middle));
    let ends = rows.iter().filter(|row| row.middle.abs() <= far).flat_map(|row| {
        let (low, high) = row.ends.unwrap_or((row.middle, row.middle));
        [low, row.middle, high]
    });
    let across = Scale::around(ends, zero, EDGE + 6.0, WIDTH - EDGE - 6.0);
    let bottom = ROW * rows.len() as f64 + 4.0;
    let mut body = foot(&across, 0.0, bottom, unit);
    if zero {
        body += &rule(across.at(0.0), 0.0, across.at(0.0), bottom, "axis");
    }
    for (i, row) in rows.iter().enumerate() {
        let y = ROW * i as f64 + 13.0;
        let line = y + 11.0;
        let colour = row.colour % COLOURS;
        body += &heads(y, &row.name, &row.label);
        if row.middle.abs() > far {
            let (tip, back) = if row.middle > 0.0 { (WIDTH - EDGE, -9.0) } else { (EDGE, 9.0) };
            let (from, up, down) = (tip + back, line - 4.5, line + 4.5);
            body += &format!(
                "<path d=\"M{tip:.1} {line:.1}L{from:.1} {up:.1}L{from:.1} {down:.1}Z\" class=\"dot c{colour}\"/>"
            );
            continue;
        }
        let x = across.at(row.middle);
        if let Some((low, high)) = row.ends {
            let (low, high) = (across.at(low), across.at(high));
            let class = format!("line c{colour}");
            body += &rule(low, line, high, line, &class);
            body += &rule(low, line - 4.0, low, line + 4.0, &class);
            body += &rule(high, line - 4.0, high, line + 4.0, &class);
        }
        body += &format!("<circle cx=\"{x:.1}\" cy=\"{line:.1}\" r=\"4.5\" class=\"dot c{colour}\"/>");
    }
    drawing(bottom + 34.0, title, description, &body)
}

/// Bars of one thing.
pub(in crate::report) struct Bar {
    /// Whose they are.
    pub(in crate::report) name: String,
    /// Their values, each of the colour of its place.
    pub(in crate::report) values: Vec<f64>,
    /// What is written at each.
    pub(in crate::report) labels: Vec<String>,
}

/// Bars from zero, in groups.
pub(in crate::report) fn bars(title: &str, description: &str, unit: &str, rows: &[Bar]) -> String {
    let across = Scale::around(rows.iter().flat_map(|row| row.values.iter().copied()), true, EDGE, WIDTH - 46.0);
    let tall = |row: &Bar| 19.0 + (BAR + 3.0) * row.values.len() as f64 + 5.0;
    let bottom: f64 = rows.iter().map(tall).sum();
    let mut body = foot(&across, 0.0, bottom, unit);
    let mut y = 0.0;
    for row in rows {
        body += &text(EDGE, y + 13.0, "start", "", &row.name);
        for (i, (value, label)) in row.values.iter().zip(&row.labels).enumerate() {
            let top = y + 19.0 + (BAR + 3.0) * i as f64;
            let (from, to) = (across.at(value.min(0.0)), across.at(value.max(0.0)));
            body += &format!(
                "<rect x=\"{from:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{BAR}\" rx=\"2\" class=\"bar c{}\"/>",
                (to - from).max(1.0),
                i % COLOURS
            );
            body += &text(to + 4.0, top + BAR - 0.5, "start", "small", label);
        }
        y += tall(row);
    }
    drawing(bottom + 34.0, title, description, &body)
}

/// One step of a waterfall.
pub(in crate::report) struct Step {
    /// What it is.
    pub(in crate::report) name: String,
    /// Where its bar begins and ends.
    pub(in crate::report) from: f64,
    /// Where it ends.
    pub(in crate::report) to: f64,
    /// What is written at it.
    pub(in crate::report) label: String,
    /// It is a sum, not a step.
    pub(in crate::report) sum: bool,
}

/// Steps from one sum to another.
pub(in crate::report) fn waterfall(title: &str, description: &str, unit: &str, steps: &[Step]) -> String {
    const ROW: f64 = 29.0;
    let across = Scale::around(steps.iter().flat_map(|step| [step.from, step.to]), true, EDGE, WIDTH - EDGE);
    let bottom = ROW * steps.len() as f64 + 3.0;
    let mut body = foot(&across, 0.0, bottom, unit);
    for (i, step) in steps.iter().enumerate() {
        let y = ROW * i as f64;
        let (from, to) = (across.at(step.from.min(step.to)), across.at(step.from.max(step.to)));
        let class = match (step.sum, step.to > step.from) {
            (true, _) => "sum",
            (false, true) => "more",
            (false, false) => "less",
        };
        body += &heads(y + 13.0, &step.name, &step.label);
        body += &format!(
            "<rect x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{BAR}\" rx=\"2\" class=\"bar {class}\"/>",
            y + 17.0,
            (to - from).max(1.0)
        );
        if i + 1 < steps.len() {
            let x = across.at(step.to);
            body += &rule(x, y + 17.0 + BAR, x, y + 17.0 + ROW, "join");
        }
    }
    drawing(bottom + 34.0, title, description, &body)
}
