//! `lanes.csv`: each row, one route of a lane, checked by itself.

use super::distribution::{lead_curve, pairs};
use super::number::{Range, from_wide};
use super::pearson4::lead_days;
use super::problem::{Place, Report, quoted};
use super::rows::{COST, once};
use super::sheet::{Row, Sheet, Unknown};
use super::supplier::SupplierCells;
use restock_core::scenario::RING_DAYS_MAX;
use std::collections::HashMap;

/// Probability of a lead-time curve outside of its range above which there is a warning.
const LEFT_OUT_MAX: f64 = 0.02;
const DAYS: Range<'_> = Range::new(0.0, 127.0, "days");

pub(crate) const COLUMNS: &[&str] = &[
    "supplier",
    "customer",
    "route",
    "lead_time",
    "freight_per_volume",
    "freight_per_unit",
    "capacity_per_day",
    "order_lead_time_days",
    "priority",
    "share",
    "grade",
    "defect_share",
    "promise_days",
    "negotiation_lift",
    "relax_days",
    "negotiation_cost",
];

/// A row of `lanes.csv`: one route of a lane.
#[derive(Debug)]
pub(crate) struct RouteRow {
    pub(crate) at: Place,
    pub(crate) supplier: String,
    pub(crate) supplier_at: Place,
    pub(crate) customer: String,
    pub(crate) customer_at: Place,
    pub(crate) route: String,
    pub(crate) lead_time: Vec<(f64, f64)>,
    pub(crate) freight_per_volume: f64,
    pub(crate) freight_per_unit: f64,
    pub(crate) capacity: Option<f64>,
    pub(crate) capacity_at: Place,
    pub(crate) order_days: Option<i32>,
    pub(crate) priority: Option<i32>,
    pub(crate) share: Option<f64>,
    pub(crate) share_at: Place,
    /// What the row says of the supplier.
    pub(crate) supplier_cells: SupplierCells,
}

pub(crate) fn routes(bytes: &[u8], report: &mut Report) -> Vec<RouteRow> {
    let sheet = Sheet::read(
        "lanes.csv",
        bytes,
        COLUMNS,
        &["supplier", "customer", "route", "lead_time"],
        Unknown::Refuse,
        report,
    );
    let mut seen = HashMap::new();
    let mut rows = Vec::new();
    for row in sheet.rows() {
        let names = ["supplier", "customer", "route"].map(|column| row.name(column, report));
        let [Some(supplier), Some(customer), Some(route)] = names else { continue };
        let at = row.place("supplier");
        let key = format!("{supplier}\0{customer}\0{route}");
        if !once(&mut seen, &key, &row.place("route"), &format!("route {supplier}>{customer}:{route}"), report) {
            continue;
        }
        let lead_time = lead_time(row, report);
        rows.push(RouteRow {
            supplier: supplier.to_owned(),
            supplier_at: at.clone(),
            customer: customer.to_owned(),
            customer_at: row.place("customer"),
            route: route.to_owned(),
            lead_time,
            freight_per_volume: row.number("freight_per_volume", COST, report).unwrap_or(0.0),
            freight_per_unit: row.number("freight_per_unit", COST, report).unwrap_or(0.0),
            capacity: row.number("capacity_per_day", Range::new(0.0, 1e9, "volume"), report),
            capacity_at: row.place("capacity_per_day"),
            order_days: row.whole("order_lead_time_days", DAYS, report),
            priority: row.whole("priority", Range::new(0.0, 1_000_000.0, "ranks"), report),
            share: row.number("share", Range::new(1e-6, 1.0, "a share"), report),
            share_at: row.place("share"),
            supplier_cells: SupplierCells::read(row, report),
            at,
        });
    }
    rows
}

/// `3`, `2:0.5 3:0.3 6:0.2` or `pearson4(mean=4, sd=1.2, skew=1, kurt=6)`, as probabilities of whole days.
fn lead_time(row: Row<'_>, report: &mut Report) -> Vec<(f64, f64)> {
    let days_max = RING_DAYS_MAX - 1;
    let text = row.text("lead_time").unwrap_or("");
    let right = || format!("whole days from 1 to {days_max}, or pairs such as 2:0.5 3:0.3 6:0.2");
    let parsed = match (lead_curve(text), text.contains(':')) {
        (Some(curve), _) => curve.and_then(|(shape, max)| lead_days(&shape, max)).map(|truncated| {
            if truncated.left_out > LEFT_OUT_MAX {
                report.warning(
                    row.place("lead_time"),
                    format!("{:.1} % of the curve lie outside of the days it may take", 100.0 * truncated.left_out),
                    "a longer max, or less spread: what is outside is left out",
                );
            }
            truncated.points.iter().map(|&(day, p)| (from_wide(day), p)).collect()
        }),
        (None, true) => pairs(text, 1e9),
        (None, false) => {
            super::number::real(text, Range::new(0.0, 1e9, "")).map(|days| vec![(days, 1.0)]).ok_or_else(right)
        }
    };
    let checked = parsed.and_then(|list| {
        let whole = list.iter().all(|(days, _)| {
            libm::trunc(*days) == *days && *days >= 1.0 && *days <= super::number::from_count(days_max)
        });
        if whole { Ok(list) } else { Err(right()) }
    });
    checked.unwrap_or_else(|right| {
        report.error(row.place("lead_time"), format!("lead_time is {}", quoted(text)), right);
        vec![(1.0, 1.0)]
    })
}
