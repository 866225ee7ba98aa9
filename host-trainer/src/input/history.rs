//! Daily quantities of the past: `demand.csv`, long; a missing row is a day with none.

use super::calendar::Date;
use super::number::Range;
use super::problem::{Place, Report, quoted};
use super::sheet::{Sheet, Unknown};
use super::spelling::suggestion;
use std::collections::HashMap;

/// Most days of a history.
pub(crate) const DAYS_MAX: usize = 36_525;

/// Demand of every stockpoint that has a row, over the days from the first to the last row of the file.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// First day.
    pub(crate) start: Option<Date>,
    /// Number of days.
    pub(crate) days: usize,
    /// Quantities in units of the user's, by (node, product). Shape `[day]`.
    pub(crate) series: HashMap<(usize, usize), Vec<f64>>,
}

/// Reads `demand.csv` of a network folder.
pub(crate) fn read(
    bytes: &[u8],
    nodes: &[(&str, bool)],
    products: &[&str],
    unit_scale: i32,
    report: &mut Report,
) -> History {
    let sheet = Sheet::read(
        "demand.csv",
        bytes,
        &["date", "node", "product", "quantity"],
        &["date", "node", "product", "quantity"],
        Unknown::Refuse,
        report,
    );
    let node_at: HashMap<&str, usize> = nodes.iter().enumerate().map(|(i, (name, _))| (*name, i)).collect();
    let product_at: HashMap<&str, usize> = products.iter().enumerate().map(|(i, name)| (*name, i)).collect();
    let mut seen: HashMap<(Date, usize, usize), usize> = HashMap::new();
    let mut entries = Vec::new();
    for row in sheet.rows() {
        let date = row.date("date", report);
        let node = row.name("node", report).and_then(|name| {
            let found = node_at.get(name).copied();
            match found {
                None => report.error(
                    row.place("node"),
                    format!("node {} is not in nodes.csv", quoted(name)),
                    suggestion(name, nodes.iter().map(|n| n.0)),
                ),
                Some(i) if !nodes[i].1 => report.error(
                    row.place("node"),
                    format!("node {} sells to no customers", quoted(name)),
                    "a node with sells = yes",
                ),
                Some(_) => {}
            }
            found
        });
        let product = row.name("product", report).and_then(|name| {
            let found = product_at.get(name).copied();
            if found.is_none() {
                report.error(
                    row.place("product"),
                    format!("product {} is not in products.csv", quoted(name)),
                    suggestion(name, products.iter().copied()),
                );
            }
            found
        });
        let quantity = row.number("quantity", Range::new(0.0, 1e9, "units"), report);
        if quantity.is_none() && row.text("quantity").is_none() {
            report.error(row.place("quantity"), "quantity is empty", "units from 0 on");
        }
        if let Some(quantity) = quantity.filter(|q| super::number::scaled_whole(*q, unit_scale).is_none()) {
            report.error(
                row.place("quantity"),
                format!("quantity is {quantity}"),
                format!("whole at unit_scale = {unit_scale} and at most 2^30 internal units"),
            );
        }
        let (Some(date), Some(node), Some(product), Some(quantity)) = (date, node, product, quantity) else { continue };
        let at = row.place("date");
        match seen.insert((date, node, product), at.line) {
            Some(first) => report.error(
                at,
                format!("{date}, {}, {} is there twice (first in line {first})", nodes[node].0, products[product]),
                "there once",
            ),
            None => entries.push((date, node, product, quantity)),
        }
    }
    build(&entries, report)
}

/// Puts entries into daily series.
pub(crate) fn build(entries: &[(Date, usize, usize, f64)], report: &mut Report) -> History {
    let (Some(first), Some(last)) = (entries.iter().map(|e| e.0).min(), entries.iter().map(|e| e.0).max()) else {
        report.error(
            Place::whole("demand.csv"),
            "there is no row of demand",
            "one row for each day, node and product with demand",
        );
        return History::default();
    };
    let span = last.day - first.day + 1;
    if usize::try_from(span).unwrap_or(0) > DAYS_MAX {
        report.error(
            Place::whole("demand.csv"),
            format!("demand runs from {first} to {last}"),
            format!("at most {DAYS_MAX} days: is a year misspelt?"),
        );
        return History::default();
    }
    let days = usize::try_from(span).unwrap_or(1);
    let mut history = History { start: Some(first), days, series: HashMap::new() };
    for &(date, node, product, quantity) in entries {
        let day = usize::try_from(date.day - first.day).unwrap_or(0);
        history.series.entry((node, product)).or_insert_with(|| vec![0.0; days])[day] += quantity;
    }
    history
}
