//! `open_orders.csv`: what is already ordered on the morning of the first day.
//!
//! | stage | days | where it is |
//! | --- | --- | --- |
//! | `in_transit` | until it arrives; 0 on the first morning | shipped |
//! | `in_mail` | until the supplier sees it; 0 on the first morning | lanes with `order_lead_time_days` only |
//! | `waiting` | 0 or empty | at the supplier, not yet shipped |

use super::chain::Chain;
use super::number::{Range, scaled_whole};
use super::problem::{Place, Report, quoted};
use super::resolve::Rows;
use super::rows::OUTSIDE;
use super::sheet::{Sheet, Unknown};
use super::spelling::suggestion;
use restock_core::scenario::{OPEN_ORDERS_MAX, OpenOrder, RING_DAYS_MAX, Stage};
use std::collections::BTreeMap;

const FILE: &str = "open_orders.csv";
const COLUMNS: &[&str] = &["supplier", "customer", "product", "stage", "days", "quantity"];
const STAGES: [Stage; 3] = [Stage::InTransit, Stage::InMail, Stage::Waiting];

/// A row of the file.
#[derive(Debug)]
pub(crate) struct OpenRow {
    supplier: String,
    customer: String,
    at: Place,
    product: String,
    product_at: Place,
    stage: Stage,
    stage_at: Place,
    pub(crate) days: i32,
    days_at: Place,
    quantity: f64,
    quantity_at: Place,
}

pub(crate) fn read(bytes: &[u8], report: &mut Report) -> Vec<OpenRow> {
    let required = ["supplier", "customer", "product", "stage", "quantity"];
    let sheet = Sheet::read(FILE, bytes, COLUMNS, &required, Unknown::Refuse, report);
    let mut rows = Vec::new();
    for row in sheet.rows() {
        let names = ["supplier", "customer", "product"].map(|column| row.name(column, report));
        let stage = row.choice("stage", &["in_transit", "in_mail", "waiting"], report);
        if stage.is_none() && row.text("stage").is_none() && sheet.has("stage") {
            report.error(row.place("stage"), "stage is empty", "in_transit, in_mail or waiting");
        }
        let days = row.whole("days", Range::new(0.0, f64::from(DAYS_MAX), "days"), report);
        let quantity = row.number("quantity", Range::new(0.0, 1e9, "units"), report);
        if quantity.is_none() && row.text("quantity").is_none() && sheet.has("quantity") {
            report.error(row.place("quantity"), "quantity is empty", "units above 0");
        }
        let ([Some(supplier), Some(customer), Some(product)], Some(stage), Some(quantity)) = (names, stage, quantity)
        else {
            continue;
        };
        rows.push(OpenRow {
            supplier: supplier.to_owned(),
            customer: customer.to_owned(),
            at: row.place("supplier"),
            product: product.to_owned(),
            product_at: row.place("product"),
            stage: STAGES[stage],
            stage_at: row.place("stage"),
            days: days.unwrap_or(0),
            days_at: row.place("days"),
            quantity,
            quantity_at: row.place("quantity"),
        });
    }
    if rows.len() > OPEN_ORDERS_MAX {
        report.error(Place::whole(FILE), format!("{} rows", rows.len()), format!("at most {OPEN_ORDERS_MAX}"));
        rows.clear();
    }
    rows
}

/// Most days until an open order comes: the ring must hold it.
const DAYS_MAX: u32 = (RING_DAYS_MAX - 2) as u32;

/// Complains about lanes and products that are not there, and about orders that can't be where they are said to be.
pub(crate) fn check(rows: &Rows, report: &mut Report) {
    for row in &rows.open_orders {
        let mut lane =
            rows.routes.iter().filter(|r| r.supplier == row.supplier && r.customer == row.customer).peekable();
        if lane.peek().is_none() {
            let known: Vec<String> = rows.routes.iter().map(|r| format!("{}>{}", r.supplier, r.customer)).collect();
            let wanted = format!("{}>{}", row.supplier, row.customer);
            report.error(
                row.at.clone(),
                format!("lane {} is not in lanes.csv", quoted(&wanted)),
                suggestion(&wanted, known.iter().map(String::as_str)),
            );
        } else if row.stage == Stage::InMail && !lane.any(|r| r.order_days.is_some_and(|days| days > 0)) {
            report.error(
                row.stage_at.clone(),
                format!("an order in the mail from {} to {}, where orders take no days", row.customer, row.supplier),
                "waiting, or an order_lead_time_days above 0 in lanes.csv",
            );
        }
        if !rows.products.iter().any(|product| product.name == row.product) {
            report.error(
                row.product_at.clone(),
                format!("product {} is not in products.csv", quoted(&row.product)),
                suggestion(&row.product, rows.products.iter().map(|product| product.name.as_str())),
            );
        }
        if row.stage == Stage::Waiting && row.days != 0 {
            report.error(row.days_at.clone(), format!("a waiting order has days = {}", row.days), "0 or empty");
        }
        let scale = rows.settings.unit_scale;
        if scaled_whole(row.quantity, scale).is_none_or(|units| units <= 0) {
            report.error(
                row.quantity_at.clone(),
                format!("quantity is {}", row.quantity),
                format!("above 0 and whole at unit_scale = {scale}"),
            );
        }
    }
}

/// Open orders as the simulator wants them, of rows that [`check`] has seen: by lane, product, stage and days, each once.
pub(crate) fn resolved(rows: &Rows, chain: &Chain, report: &mut Report) -> Vec<OpenOrder> {
    let node = |name: &str| chain.rows.iter().position(|row| rows.nodes[*row].name == name);
    let place = |row: &OpenRow| {
        let supplier = if row.supplier == OUTSIDE { None } else { Some(node(&row.supplier)?) };
        let customer = node(&row.customer)?;
        let lane = chain.lanes.iter().position(|lane| lane.customer == customer && lane.supplier == supplier)?;
        let product = rows.products.iter().position(|product| product.name == row.product)?;
        Some((lane, product, row.stage, usize::try_from(row.days).ok()?))
    };
    let mut units: BTreeMap<(usize, usize, Stage, usize), i64> = BTreeMap::new();
    for row in &rows.open_orders {
        if let (Some(at), Some(whole)) = (place(row), scaled_whole(row.quantity, rows.settings.unit_scale)) {
            *units.entry(at).or_default() += i64::from(whole);
        }
    }
    let mut open = Vec::new();
    for ((lane, product, stage, days), units) in units {
        match i32::try_from(units) {
            Ok(units) => open.push(OpenOrder { lane, product, stage, days, units }),
            Err(_) => report.error(Place::whole(FILE), format!("{units} internal units are open"), "below 2^31"),
        }
    }
    open
}
