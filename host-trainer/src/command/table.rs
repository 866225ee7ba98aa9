//! Tables for people.

use crate::evaluate::Summary;
use comfy_table::{CellAlignment, LineStyle, Row, Table, TableStyle};

/// Lines under the header only: a row stays a line, also for `grep`.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A table of these columns; the first `texts` of them hold text, the others numbers.
#[must_use]
pub fn titled<T: Into<Row>>(header: T, texts: usize) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_header(header);
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if i >= texts {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// A table's lines, without spaces at their ends.
#[must_use]
pub fn lines(table: &Table) -> String {
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// The comparison, in four tables of at most 100 columns with one row per policy: what a planner
/// asks for, HyperScore with its parts, responsiveness, and the cost terms.
#[must_use]
pub fn comparison(summaries: &[Summary], currency: &str) -> String {
    format!("{}\n\n{}", lines(&figures(summaries, currency)), details(summaries, currency))
}

/// The last three of them.
#[must_use]
pub fn details(summaries: &[Summary], currency: &str) -> String {
    let tables = [scores(summaries), responsiveness(summaries), cost_terms(summaries, currency)];
    tables.iter().map(lines).collect::<Vec<_>>().join("\n\n")
}

/// What a planner asks for.
fn figures(summaries: &[Summary], currency: &str) -> Table {
    let compared = summaries.iter().any(|s| s.versus_periodic_review_percent.is_some());
    let mut header = vec!["policy".to_owned(), format!("total cost\n[{currency}]")];
    header.extend(compared.then(|| "vs periodic\nreview".to_owned()));
    header.extend(["delivery\nrate", "inventory\nturnover", "bullwhip\nratio"].map(str::to_owned));
    let mut figures = titled(header, 1);
    for s in summaries {
        let mut row = vec![s.policy.clone(), with_interval(s.total_cost, s.total_cost_ci95)];
        row.extend(compared.then(|| s.versus_periodic_review_percent.map_or_else(String::new, |(d, i)| percent(d, i))));
        row.extend([
            format!("{:.1} %", 100.0 * s.delivery_rate),
            format!("{:.2}", s.inventory_turnover),
            format!("{:.2}", s.bullwhip_ratio),
        ]);
        figures.add_row(row);
    }
    figures
}

/// HyperScore with its parts.
fn scores(summaries: &[Summary]) -> Table {
    let mut scores =
        titled(["policy", "HyperScore", "V", "delivery\nrate", "inventory\nscore", "capacity\nutilization"], 1);
    for s in summaries {
        scores.add_row([
            s.policy.clone(),
            format!("{:.2}", s.hyperscore),
            format!("{:.3}", s.v),
            format!("{:.3}", s.parts.delivery_rate),
            format!("{:.3}", s.parts.inventory_score),
            format!("{:.3}", s.parts.capacity_utilization),
        ]);
    }
    scores
}

/// Responsiveness: the bullwhip ratio of each echelon and, where there were shocks, the answer to them.
fn responsiveness(summaries: &[Summary]) -> Table {
    let echelons = summaries.iter().map(|s| s.bullwhip_by_echelon.len()).max().unwrap_or(0);
    let shocks = summaries.iter().any(|s| s.responsiveness.is_some());
    let mut header = vec!["responsiveness".to_owned()];
    header.extend((0..echelons).map(|e| format!("bullwhip\nechelon {e}")));
    if shocks {
        header.extend(["shocks", "dip of\ndelivery rate", "days to\nrecover", "not\nrecovered"].map(str::to_owned));
    }
    let mut table = titled(header, 1);
    for s in summaries {
        let mut row = vec![s.policy.clone()];
        row.extend(s.bullwhip_by_echelon.iter().map(|ratio| format!("{ratio:.2}")));
        if let Some(r) = s.responsiveness {
            row.push(r.shocks.to_string());
            row.push(format!("{:.1} %", 100.0 * r.dip));
            row.push(format!("{:.1}", r.days_to_recover));
            row.push(r.unrecovered.to_string());
        }
        table.add_row(row);
    }
    table
}

/// Cost terms: one row per policy; terms that are nowhere are left out.
fn cost_terms(summaries: &[Summary], currency: &str) -> Table {
    let used: Vec<&str> = restock_core::ledger::Ledger::NAMES
        .into_iter()
        .filter(|name| summaries.iter().any(|s| s.cost_terms.get(name).is_some_and(|&c| c != 0.0)))
        .collect();
    let mut header = vec![format!("cost by term [{currency}]")];
    header.extend(used.iter().map(|name| name.replace('_', " ")));
    let mut table = titled(header, 1);
    for s in summaries {
        let mut row = vec![s.policy.clone()];
        row.extend(used.iter().map(|name| thousands(s.cost_terms.get(name).copied().unwrap_or(0.0))));
        table.add_row(row);
    }
    table
}

/// The same table in Markdown; a header of several lines becomes one.
#[must_use]
pub fn markdown(table: &Table) -> String {
    let one = |text: String| text.replace('\n', " ").replace('|', "\\|");
    let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let header: Vec<String> =
        table.header().map(|row| row.cell_iter().map(|cell| one(cell.content())).collect()).unwrap_or_default();
    let rule: Vec<String> = (0..header.len()).map(|i| if i == 0 { "---" } else { "---:" }.to_owned()).collect();
    let rows = table.row_iter().map(|row| line(row.cell_iter().map(|cell| one(cell.content())).collect()));
    [line(header), line(rule)].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

/// `5 859 ± 1 387`; without the interval where a single path gives none.
fn with_interval(mean: f64, half_width: f64) -> String {
    if half_width.is_finite() { format!("{} ± {}", thousands(mean), thousands(half_width)) } else { thousands(mean) }
}

/// `+51.4 ± 44.1 %`; without the interval where a single path gives none.
fn percent(mean: f64, half_width: f64) -> String {
    if half_width.is_finite() { format!("{mean:+.1} ± {half_width:.1} %") } else { format!("{mean:+.1} %") }
}

/// `1 path`, `4 paths`.
#[must_use]
pub fn counted(count: u32, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A number with its thousands apart: `1 234 567`, or two decimals below 100.
#[must_use]
pub fn thousands(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    if value.abs() < 100.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    if value < 0.0 { format!("-{text}") } else { text }
}

/// A sentence that lists: `head: one, two, three.`, broken where a line would be wider than a table is.
#[must_use]
pub fn listed(head: &str, items: &[String]) -> String {
    const WIDTH: usize = 100;
    let (mut text, mut line) = (String::new(), format!("{head}:"));
    for (i, item) in items.iter().enumerate() {
        let item = format!("{item}{}", if i + 1 < items.len() { "," } else { "." });
        if line.chars().count() + 1 + item.chars().count() > WIDTH {
            text += &std::mem::take(&mut line);
            text.push('\n');
        } else {
            line.push(' ');
        }
        line += &item;
    }
    text + &line
}

#[cfg(test)]
mod tests {
    use super::{counted, percent, thousands, with_interval};

    #[test]
    fn a_single_path_has_no_interval() {
        assert_eq!(with_interval(5859.2, 1387.0), "5 859 ± 1 387");
        assert_eq!(with_interval(5859.2, f64::NAN), "5 859");
        assert_eq!(percent(-3.21, 0.4), "-3.2 ± 0.4 %");
        assert_eq!(percent(-3.21, f64::NAN), "-3.2 %");
        assert_eq!((counted(1, "path"), counted(2, "day")), ("1 path".to_owned(), "2 days".to_owned()));
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(thousands(1_234_567.4), "1 234 567");
        assert_eq!(thousands(-1234.0), "-1 234");
        assert_eq!(thousands(99.5), "99.50");
        assert_eq!(thousands(f64::NAN), "-");
    }
}
