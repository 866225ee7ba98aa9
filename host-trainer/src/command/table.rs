//! Tables for people.

use crate::evaluate::Summary;
use comfy_table::{CellAlignment, Table, presets};

/// The comparison: one row per policy.
#[must_use]
pub fn comparison(summaries: &[Summary], currency: &str) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(vec![
        "policy".to_owned(),
        format!("total cost [{currency}]"),
        "vs periodic".to_owned(),
        "delivery rate".to_owned(),
        "turnover".to_owned(),
        "bullwhip".to_owned(),
        "HyperScore".to_owned(),
        "V".to_owned(),
        "delivery".to_owned(),
        "inventory".to_owned(),
        "capacity".to_owned(),
    ]);
    for s in summaries {
        table.add_row(vec![
            s.policy.clone(),
            format!("{} ± {}", thousands(s.total_cost), thousands(s.total_cost_ci95)),
            s.versus_periodic_review_percent.map_or_else(|| "".to_owned(), |(d, i)| format!("{d:+.1} ± {i:.1} %")),
            format!("{:.1} %", 100.0 * s.delivery_rate),
            format!("{:.2}", s.inventory_turnover),
            format!("{:.2}", s.bullwhip_ratio),
            format!("{:.2}", s.hyperscore),
            format!("{:.3}", s.v),
            format!("{:.3}", s.parts.delivery_rate),
            format!("{:.3}", s.parts.inventory_score),
            format!("{:.3}", s.parts.capacity_utilization),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// Cost terms: one row per policy.
#[must_use]
pub fn cost_terms(summaries: &[Summary], currency: &str) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    let used: Vec<&str> = restock_core::ledger::Ledger::NAMES
        .into_iter()
        .filter(|name| summaries.iter().any(|s| s.cost_terms.get(name).is_some_and(|&c| c != 0.0)))
        .collect();
    let mut header = vec![format!("cost by term [{currency}]")];
    header.extend(used.iter().map(|name| name.replace('_', " ")));
    table.set_header(header);
    for s in summaries {
        let mut row = vec![s.policy.clone()];
        row.extend(used.iter().map(|name| thousands(s.cost_terms.get(name).copied().unwrap_or(0.0))));
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
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

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(thousands(1_234_567.4), "1 234 567");
        assert_eq!(thousands(-1234.0), "-1 234");
        assert_eq!(thousands(99.5), "99.50");
        assert_eq!(thousands(f64::NAN), "-");
    }
}
