//! `bom.csv`: what a producing node assembles a product from. Columns: `node`, `product`, `component`,
//! `quantity` (whole units of the component in one unit of the product).
//!
//! A product without lines at a node is made of itself there. A product that has lines is asked of the
//! node's own production and of no supplier; its components are stocked, and go nowhere but into it.
//! One node assembles in one step: what it assembles is no component of its own.

use super::chain::Chain;
use super::number::Range;
use super::problem::{Place, Report, quoted};
use super::resolve::Rows;
use super::rows::{ProductRow, once};
use super::sheet::{Sheet, Unknown};
use super::spelling::suggestion;
use restock_core::scenario::{BOM_LINES_MAX, BOM_QUANTITY_MAX, BomLine};
use std::collections::{HashMap, HashSet};

/// Name of the file.
pub(crate) const FILE: &str = "bom.csv";
const COLUMNS: &[&str] = &["node", "product", "component", "quantity"];

/// A row of the file.
#[derive(Debug)]
pub(crate) struct BomRow {
    pub(crate) at: Place,
    pub(crate) node: String,
    pub(crate) product: String,
    pub(crate) product_at: Place,
    pub(crate) component: String,
    pub(crate) component_at: Place,
    pub(crate) quantity: i32,
}

pub(crate) fn read(bytes: &[u8], report: &mut Report) -> Vec<BomRow> {
    let sheet = Sheet::read(FILE, bytes, COLUMNS, COLUMNS, Unknown::Refuse, report);
    let mut seen = HashMap::new();
    let mut rows = Vec::new();
    for row in sheet.rows() {
        let names = ["node", "product", "component"].map(|column| row.name(column, report));
        let whole = Range::new(1.0, f64::from(BOM_QUANTITY_MAX), "units");
        let quantity = row.whole("quantity", whole, report);
        if row.text("quantity").is_none() {
            report.error(row.place("quantity"), "quantity is empty", format!("a whole number of {whole}"));
        }
        let ([Some(node), Some(product), Some(component)], Some(quantity)) = (names, quantity) else { continue };
        let at = row.place("node");
        let key = format!("{node}\0{product}\0{component}");
        if once(&mut seen, &key, &at, &format!("{component} in {product} at {node}"), report) {
            rows.push(BomRow {
                at,
                node: node.to_owned(),
                product: product.to_owned(),
                product_at: row.place("product"),
                component: component.to_owned(),
                component_at: row.place("component"),
                quantity,
            });
        }
    }
    if rows.len() > BOM_LINES_MAX {
        report.error(Place::whole(FILE), format!("{} lines", rows.len()), format!("at most {BOM_LINES_MAX}"));
    }
    rows
}

/// The products, each before what goes into it; of those free to stand, the first in the file. Nothing
/// depends on the order but who gets what rounding leaves over of a short capacity: chance is found by name.
pub(crate) fn ordered(products: Vec<ProductRow>, bom: &[BomRow], report: &mut Report) -> Vec<ProductRow> {
    let at: HashMap<&str, usize> = products.iter().enumerate().map(|(i, p)| (p.name.as_str(), i)).collect();
    let lines: Vec<(usize, usize, &BomRow)> = bom
        .iter()
        .filter_map(|row| Some((*at.get(row.product.as_str())?, *at.get(row.component.as_str())?, row)))
        .filter(|(product, component, _)| product != component) // reported with the names
        .collect();
    let mut placed = vec![false; products.len()];
    let mut order = Vec::new();
    let free = |i: usize, placed: &[bool]| lines.iter().all(|line| line.1 != i || placed[line.0]);
    let mut from = 0;
    while let Some(next) = (from..products.len()).find(|i| !placed[*i] && free(*i, &placed)) {
        placed[next] = true;
        order.push(next);
        // Placing one may free an earlier one, but only where there are lines.
        from = if lines.is_empty() { next + 1 } else { 0 };
    }
    if let Some((_, _, row)) = lines.iter().find(|line| !placed[line.0] && !placed[line.1]) {
        report.error(
            row.component_at.clone(),
            format!("{} goes into {}, and that into it, in a circle", quoted(&row.component), quoted(&row.product)),
            "lines that end at what is bought",
        );
        return products;
    }
    let mut rows: Vec<Option<ProductRow>> = products.into_iter().map(Some).collect();
    order.into_iter().filter_map(|i| rows[i].take()).collect()
}

/// Complains about names that are not there, and about what can't be assembled.
pub(crate) fn check_names(rows: &Rows, report: &mut Report) {
    let assembled: HashSet<(&str, &str)> = rows.bom.iter().map(|r| (r.node.as_str(), r.product.as_str())).collect();
    for row in &rows.bom {
        match rows.nodes.iter().find(|node| node.name == row.node) {
            None => report.error(
                row.at.clone(),
                format!("node {} is not in nodes.csv", quoted(&row.node)),
                suggestion(&row.node, rows.nodes.iter().map(|n| n.name.as_str())),
            ),
            Some(node) if node.production_days.is_none() => report.error(
                row.at.clone(),
                format!("node {} assembles, and does not produce", quoted(&row.node)),
                "a node with production_days in nodes.csv",
            ),
            Some(_) => {}
        }
        for (name, at) in [(&row.product, &row.product_at), (&row.component, &row.component_at)] {
            let mut known = rows.products.iter().map(|p| p.name.as_str());
            if !known.clone().any(|known| known == name) {
                let right = suggestion(name, known.by_ref());
                report.error(at.clone(), format!("product {} is not in products.csv", quoted(name)), right);
            }
        }
        if row.product == row.component {
            report.error(row.component_at.clone(), format!("{} goes into itself", quoted(&row.product)), "another one");
        } else if assembled.contains(&(row.node.as_str(), row.component.as_str())) {
            report.error(
                row.component_at.clone(),
                format!("{} is itself assembled at {}", quoted(&row.component), row.node),
                "what the node buys: a node assembles in one step, another node the rest",
            );
        }
    }
}

/// What is assembled from what, by index.
#[derive(Debug, Default)]
pub(crate) struct Recipes {
    /// By node, component and product.
    pub(crate) lines: Vec<BomLine>,
}

impl Recipes {
    /// Lines whose names have been checked.
    pub(crate) fn new(rows: &Rows, chain: &Chain) -> Self {
        let product = |name: &str| rows.products.iter().position(|p| p.name == name);
        let line = |row: &BomRow| {
            let node = chain.rows.iter().position(|n| rows.nodes[*n].name == row.node)?;
            let (product, component) = (product(&row.product)?, product(&row.component)?);
            Some(BomLine { node, product, component, quantity: row.quantity })
        };
        let mut lines: Vec<BomLine> = rows.bom.iter().filter_map(line).collect();
        lines.sort_by_key(|line| (line.node, line.component, line.product));
        Self { lines }
    }

    /// Whether a node assembles a product.
    pub(crate) fn assembled(&self, node: usize, product: usize) -> bool {
        self.lines.iter().any(|line| line.node == node && line.product == product)
    }

    /// Whether a product goes into others at a node.
    pub(crate) fn component(&self, node: usize, product: usize) -> bool {
        self.uses(node, product).next().is_some()
    }

    /// What a component goes into at a node: products and quantities.
    pub(crate) fn uses(&self, node: usize, component: usize) -> impl Iterator<Item = (usize, i32)> + '_ {
        let own = self.lines.iter().filter(move |line| line.node == node && line.component == component);
        own.map(|line| (line.product, line.quantity))
    }

    /// Whether a node can't get a product because a supplier of its keeps it for what it assembles.
    pub(crate) fn withheld(&self, chain: &Chain, node: usize, product: usize) -> bool {
        let suppliers = chain.lanes.iter().filter(|lane| lane.customer == node).filter_map(|lane| lane.supplier);
        !self.lines.is_empty()
            && suppliers.into_iter().any(|s| self.component(s, product) || self.withheld(chain, s, product))
    }

    /// Whether nobody can ask a node for a product: it is not sold there, no component there, and all the
    /// node's customers assemble it or can't be asked for it either. `sold`: whether a node sells it.
    pub(crate) fn idle(&self, chain: &Chain, node: usize, product: usize, sold: &impl Fn(usize) -> bool) -> bool {
        let mut customers = chain.lanes.iter().filter(|lane| lane.supplier == Some(node)).map(|lane| lane.customer);
        !self.lines.is_empty()
            && !sold(node)
            && !self.component(node, product)
            && customers.all(|c| self.assembled(c, product) || self.idle(chain, c, product, sold))
    }
}
