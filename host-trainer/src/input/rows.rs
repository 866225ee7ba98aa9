//! `nodes.csv`, `products.csv`, `stockpoints.csv`: each row checked by itself; for `lanes.csv` see
//! [`super::lane_rows`].

use super::distribution::Distribution;
use super::number::Range;
use super::problem::{Place, Report, quoted};
use super::sheet::{Row, Sheet, Unknown};
use restock_core::scenario::Allocation;
use std::collections::HashMap;

/// The name that stands for unlimited stock beyond the network.
pub(crate) const OUTSIDE: &str = "outside";
pub(crate) const COST: Range<'_> = Range::new(0.0, 1e9, "a cost");
const UNITS: Range<'_> = Range::new(0.0, 1e9, "units");

pub(crate) const NODE_COLUMNS: &[&str] = &[
    "name",
    "echelon",
    "sells",
    "unmet",
    "review_period_days",
    "review_offset",
    "allocation",
    "production_days",
    "capacity_per_day",
    "value_percent",
    "holding_percent_per_year",
    "backorder_percent_per_day",
    "order_cost",
    "service_level",
    "storage_volume",
    "overflow_cost",
];
pub(crate) const PRODUCT_COLUMNS: &[&str] = &[
    "name",
    "description",
    "unit_price",
    "unit_value",
    "volume",
    "work",
    "lot_size",
    "order_min",
    "production_cost",
    "season",
    "group",
    "demand",
    "yield",
    "scrap_cost",
];
pub(crate) const STOCKPOINT_COLUMNS: &[&str] = &[
    "node",
    "product",
    "unit_value",
    "holding_cost",
    "backorder_cost",
    "lost_sale_cost",
    "order_cost",
    "production_cost",
    "lot_size",
    "order_min",
    "order_max",
    "initial_inventory",
    "work",
    "demand",
    "yield",
    "scrap_cost",
    "negotiation_cost",
];

/// A row of `nodes.csv`.
#[derive(Debug)]
pub(crate) struct NodeRow {
    pub(crate) at: Place,
    pub(crate) name: String,
    pub(crate) echelon: Option<i32>,
    pub(crate) sells: bool,
    pub(crate) lost_sales: bool,
    pub(crate) review_days: i32,
    pub(crate) review_offset: i32,
    pub(crate) allocation: Allocation,
    pub(crate) production_days: Option<i32>,
    /// Work a day.
    pub(crate) capacity: Option<f64>,
    pub(crate) capacity_at: Place,
    pub(crate) value_percent: f64,
    pub(crate) holding_percent: Option<f64>,
    pub(crate) backorder_percent: Option<f64>,
    pub(crate) order_cost: Option<f64>,
    pub(crate) service_level: Option<f64>,
    /// Volume that fits into its storage.
    pub(crate) storage: Option<f64>,
    pub(crate) storage_at: Place,
    /// Cost of what finds no room [currency per volume and day].
    pub(crate) overflow_cost: f64,
}

/// A row of `products.csv`.
#[derive(Debug)]
pub(crate) struct ProductRow {
    pub(crate) at: Place,
    pub(crate) name: String,
    pub(crate) unit_price: f64,
    pub(crate) unit_value: f64,
    pub(crate) volume: f64,
    pub(crate) volume_at: Place,
    pub(crate) work: f64,
    pub(crate) work_at: Place,
    pub(crate) production_cost: f64,
    pub(crate) season: Option<String>,
    pub(crate) season_at: Place,
    /// Group of products that share a shock each day.
    pub(crate) group: Option<String>,
    pub(crate) orders: Overrides,
}

/// What `products.csv` and `stockpoints.csv` may both say; none where a cell is empty.
#[derive(Debug, Default, Clone)]
pub(crate) struct Overrides {
    pub(crate) unit_value: Option<f64>,
    pub(crate) holding_cost: Option<f64>,
    pub(crate) backorder_cost: Option<f64>,
    pub(crate) lost_sale_cost: Option<f64>,
    pub(crate) order_cost: Option<f64>,
    pub(crate) production_cost: Option<f64>,
    pub(crate) lot_size: Option<(f64, Place)>,
    pub(crate) order_min: Option<(f64, Place)>,
    pub(crate) order_max: Option<(f64, Place)>,
    pub(crate) initial_inventory: Option<(f64, Place)>,
    pub(crate) work: Option<(f64, Place)>,
    pub(crate) demand: Option<(Distribution, Place)>,
    /// Share of what production finishes that is good.
    pub(crate) good_share: Option<(f64, Place)>,
    pub(crate) scrap_cost: Option<f64>,
    pub(crate) negotiation_cost: Option<f64>,
}

/// A row of `stockpoints.csv`.
#[derive(Debug)]
pub(crate) struct StockpointRow {
    pub(crate) node: String,
    pub(crate) node_at: Place,
    pub(crate) product: String,
    pub(crate) product_at: Place,
    pub(crate) overrides: Overrides,
}

/// Complains about a key that was there before.
pub(crate) fn once(seen: &mut HashMap<String, Place>, key: &str, at: &Place, what: &str, report: &mut Report) -> bool {
    match seen.get(key) {
        Some(first) => {
            report.error(at.clone(), format!("{what} is there twice (first in line {})", first.line), "there once");
            false
        }
        None => seen.insert(key.to_owned(), at.clone()).is_none(),
    }
}

pub(crate) fn nodes(bytes: &[u8], report: &mut Report) -> Vec<NodeRow> {
    let sheet = Sheet::read("nodes.csv", bytes, NODE_COLUMNS, &["name"], Unknown::Refuse, report);
    let mut seen = HashMap::new();
    let mut rows = Vec::new();
    for row in sheet.rows() {
        let Some(name) = row.name("name", report) else { continue };
        let at = row.place("name");
        if name == OUTSIDE {
            report.error(
                at,
                "a node is called outside",
                "another name: outside is the unlimited source beyond the network",
            );
            continue;
        }
        let first = once(&mut seen, name, &at, &format!("node {}", quoted(name)), report);
        let percent = Range::new(0.0, 10_000.0, "a percentage");
        let review_days = row.whole("review_period_days", Range::new(1.0, 128.0, "days"), report).unwrap_or(1);
        let node = NodeRow {
            echelon: row.whole("echelon", Range::new(0.0, 31.0, "echelons"), report),
            sells: row.choice("sells", &["no", "yes"], report) == Some(1),
            lost_sales: row.choice("unmet", &["backorder", "lost"], report) == Some(1),
            review_days,
            review_offset: row
                .whole("review_offset", Range::new(0.0, f64::from(review_days - 1), "days"), report)
                .unwrap_or(0),
            allocation: match row.choice("allocation", &["proportional", "priority", "first_come"], report) {
                Some(1) => Allocation::Priority,
                Some(2) => Allocation::FirstCome,
                _ => Allocation::Proportional,
            },
            production_days: row.whole("production_days", Range::new(1.0, 120.0, "days"), report),
            capacity: row.number("capacity_per_day", Range::new(0.0, 1e9, "work"), report),
            capacity_at: row.place("capacity_per_day"),
            value_percent: row.number("value_percent", percent, report).unwrap_or(100.0),
            holding_percent: row.number("holding_percent_per_year", percent, report),
            backorder_percent: row.number("backorder_percent_per_day", percent, report),
            order_cost: row.number("order_cost", COST, report),
            service_level: row.number("service_level", Range::new(0.5, 0.9999, "a probability"), report),
            storage: row.number("storage_volume", Range::new(0.0, 1e9, "volume"), report),
            storage_at: row.place("storage_volume"),
            overflow_cost: row.number("overflow_cost", COST, report).unwrap_or(0.0),
            name: name.to_owned(),
            at,
        };
        if node.capacity.is_some() && node.production_days.is_none() && row.text("production_days").is_none() {
            report.error(
                node.capacity_at.clone(),
                "a capacity at a node that does not produce",
                "empty, or production_days given too",
            );
        }
        if row.text("storage_volume").is_some() != row.text("overflow_cost").is_some() {
            report.error(
                row.place("overflow_cost"),
                "only one of storage_volume and overflow_cost is given",
                "both (the cost of what finds no room, per volume and day), or neither",
            );
        }
        if node.lost_sales && !node.sells {
            report.error(
                row.place("unmet"),
                "unmet is lost at a node that sells to no customers",
                "empty, or sells = yes",
            );
        }
        if first {
            rows.push(node);
        }
    }
    rows
}

pub(crate) fn products(bytes: &[u8], report: &mut Report) -> Vec<ProductRow> {
    let sheet = Sheet::read("products.csv", bytes, PRODUCT_COLUMNS, &["name", "unit_price"], Unknown::Refuse, report);
    let mut seen = HashMap::new();
    let mut rows = Vec::new();
    for row in sheet.rows() {
        let Some(name) = row.name("name", report) else { continue };
        let at = row.place("name");
        let first = once(&mut seen, name, &at, &format!("product {}", quoted(name)), report);
        let price = row.number("unit_price", COST, report);
        if price.is_none() && row.text("unit_price").is_none() {
            report.error(row.place("unit_price"), "unit_price is empty", "a price in currency per unit");
        }
        let unit_price = price.unwrap_or(0.0);
        let product = ProductRow {
            unit_price,
            unit_value: row.number("unit_value", COST, report).unwrap_or(unit_price),
            volume: row.number("volume", Range::new(0.0, 1e6, "a volume"), report).unwrap_or(1.0),
            volume_at: row.place("volume"),
            work: row.number("work", Range::new(0.0, 1e6, "work"), report).unwrap_or(1.0),
            work_at: row.place("work"),
            production_cost: row.number("production_cost", COST, report).unwrap_or(0.0),
            season: row.text("season").map(str::to_owned),
            season_at: row.place("season"),
            group: row.text("group").is_some().then(|| row.name("group", report)).flatten().map(str::to_owned),
            orders: Overrides {
                lot_size: quantity(row, "lot_size", report),
                order_min: quantity(row, "order_min", report),
                demand: demand(row, report),
                good_share: good_share(row, report),
                scrap_cost: row.number("scrap_cost", COST, report),
                ..Overrides::default()
            },
            name: name.to_owned(),
            at,
        };
        if first {
            rows.push(product);
        }
    }
    rows
}

pub(crate) fn stockpoints(bytes: &[u8], report: &mut Report) -> Vec<StockpointRow> {
    let sheet =
        Sheet::read("stockpoints.csv", bytes, STOCKPOINT_COLUMNS, &["node", "product"], Unknown::Refuse, report);
    let mut seen = HashMap::new();
    let mut rows = Vec::new();
    for row in sheet.rows() {
        let (Some(node), Some(product)) = (row.name("node", report), row.name("product", report)) else { continue };
        let at = row.place("node");
        let first =
            once(&mut seen, &format!("{node}\0{product}"), &at, &format!("stockpoint {node}/{product}"), report);
        let overrides = Overrides {
            unit_value: row.number("unit_value", COST, report),
            holding_cost: row.number("holding_cost", COST, report),
            backorder_cost: row.number("backorder_cost", COST, report),
            lost_sale_cost: row.number("lost_sale_cost", COST, report),
            order_cost: row.number("order_cost", COST, report),
            production_cost: row.number("production_cost", COST, report),
            lot_size: quantity(row, "lot_size", report),
            order_min: quantity(row, "order_min", report),
            order_max: quantity(row, "order_max", report),
            initial_inventory: quantity(row, "initial_inventory", report),
            work: row.number("work", Range::new(0.0, 1e6, "work"), report).map(|work| (work, row.place("work"))),
            demand: demand(row, report),
            good_share: good_share(row, report),
            scrap_cost: row.number("scrap_cost", COST, report),
            negotiation_cost: row.number("negotiation_cost", COST, report),
        };
        if first {
            rows.push(StockpointRow {
                node: node.to_owned(),
                node_at: at,
                product: product.to_owned(),
                product_at: row.place("product"),
                overrides,
            });
        }
    }
    rows
}

fn quantity(row: Row<'_>, column: &str, report: &mut Report) -> Option<(f64, Place)> {
    row.number(column, UNITS, report).map(|value| (value, row.place(column)))
}

/// The column `yield`: a share above nothing, or an order would never be filled.
fn good_share(row: Row<'_>, report: &mut Report) -> Option<(f64, Place)> {
    let range = Range::new(0.01, 1.0, "a share of what production finishes");
    row.number("yield", range, report).map(|share| (share, row.place("yield")))
}

fn demand(row: Row<'_>, report: &mut Report) -> Option<(Distribution, Place)> {
    let text = row.text("demand")?;
    match Distribution::parse(text) {
        Ok(distribution) => Some((distribution, row.place("demand"))),
        Err(right) => {
            report.error(row.place("demand"), format!("demand is {}", quoted(text)), right);
            None
        }
    }
}
