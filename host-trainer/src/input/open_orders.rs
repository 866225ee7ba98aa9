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

/// Open orders as the simulator wants them: by lane, product, stage and days, each once.
pub(crate) fn resolved(rows: &Rows, chain: &Chain, report: &mut Report) -> Vec<OpenOrder> {
    let mut units: BTreeMap<(usize, usize, Stage, usize), i64> = BTreeMap::new();
    let node = |name: &str| chain.rows.iter().position(|row| rows.nodes[*row].name == name);
    for row in &rows.open_orders {
        let supplier = (row.supplier != OUTSIDE).then(|| node(&row.supplier));
        let lane = chain
            .lanes
            .iter()
            .position(|lane| Some(lane.customer) == node(&row.customer) && lane.supplier.map(Some) == supplier);
        let product = rows.products.iter().position(|product| product.name == row.product);
        if lane.is_none() {
            let known = rows.routes.iter().map(|route| format!("{}>{}", route.supplier, route.customer));
            let known: Vec<String> = known.collect();
            let wanted = format!("{}>{}", row.supplier, row.customer);
            report.error(
                row.at.clone(),
                format!("lane {} is not in lanes.csv", quoted(&wanted)),
                suggestion(&wanted, known.iter().map(String::as_str)),
            );
        }
        if product.is_none() {
            report.error(
                row.product_at.clone(),
                format!("product {} is not in products.csv", quoted(&row.product)),
                suggestion(&row.product, rows.products.iter().map(|product| product.name.as_str())),
            );
        }
        if row.stage == Stage::InMail && lane.is_some_and(|lane| chain.lanes[lane].order_days == 0) {
            report.error(
                row.stage_at.clone(),
                format!("an order in the mail from {} to {}, where orders take no days", row.customer, row.supplier),
                "waiting, or an order_lead_time_days above 0 in lanes.csv",
            );
        }
        if row.stage == Stage::Waiting && row.days != 0 {
            report.error(row.days_at.clone(), format!("a waiting order has days = {}", row.days), "0 or empty");
        }
        let scale = rows.settings.unit_scale;
        let whole = scaled_whole(row.quantity, scale).filter(|&units| units > 0);
        if whole.is_none() {
            report.error(
                row.quantity_at.clone(),
                format!("quantity is {}", row.quantity),
                format!("above 0 and whole at unit_scale = {scale}"),
            );
        }
        if let (Some(lane), Some(product), Some(whole), Ok(days)) = (lane, product, whole, usize::try_from(row.days)) {
            *units.entry((lane, product, row.stage, days)).or_default() += i64::from(whole);
        }
    }
    let too_many = || Place::whole(FILE);
    units
        .into_iter()
        .filter_map(|((lane, product, stage, days), units)| {
            let fits = i32::try_from(units).ok();
            if fits.is_none() {
                report.error(too_many(), format!("{units} internal units are open in one place"), "below 2^31");
            }
            Some(OpenOrder { lane, product, stage, days, units: fits? })
        })
        .collect()
}
