//! Who supplies whom: nodes in order, customers first; lanes with their routes and shares.

use super::lane_rows::RouteRow;
use super::number::{from_count, word};
use super::problem::{Place, Report, quoted};
use super::rows::{NodeRow, OUTSIDE};
use super::spelling::suggestion;
use restock_core::scenario::{LANES_MAX, NODES_MAX, ROUTES_MAX, ROUTES_PER_LANE_MAX};
use std::collections::HashMap;

/// A lane; nodes by their new index, routes by their row in the file.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) supplier: Option<usize>,
    pub(crate) customer: usize,
    pub(crate) routes: Vec<usize>,
    pub(crate) order_days: i32,
    pub(crate) priority: i32,
    /// Share of the receiver's orders [ppm].
    pub(crate) share: i32,
}

/// The chain's shape.
#[derive(Debug)]
pub(crate) struct Chain {
    /// Row in the file of each node, customers first.
    pub(crate) rows: Vec<usize>,
    pub(crate) lanes: Vec<Lane>,
    /// Distance from the customer. Shape `[node]`.
    pub(crate) echelons: Vec<i32>,
}

/// Puts nodes and lanes in order; `None` after reporting what makes that impossible.
pub(crate) fn chain(nodes: &[NodeRow], routes: &[RouteRow], report: &mut Report) -> Option<Chain> {
    let before = report.errors();
    limits(nodes, routes, report);
    let row_of: HashMap<&str, usize> = nodes.iter().enumerate().map(|(i, node)| (node.name.as_str(), i)).collect();
    let known = || nodes.iter().map(|node| node.name.as_str());
    // Lanes by rows of nodes.csv, in the order of lanes.csv.
    let mut lanes: Vec<(Option<usize>, usize, Vec<usize>)> = Vec::new();
    for (k, route) in routes.iter().enumerate() {
        let supplier = (route.supplier != OUTSIDE).then(|| row_of.get(route.supplier.as_str()).copied());
        if supplier == Some(None) {
            report.error(
                route.supplier_at.clone(),
                format!("supplier {} is not in nodes.csv", quoted(&route.supplier)),
                suggestion(&route.supplier, known().chain([OUTSIDE])),
            );
        }
        let customer = row_of.get(route.customer.as_str()).copied();
        if customer.is_none() {
            report.error(
                route.customer_at.clone(),
                format!("customer {} is not in nodes.csv", quoted(&route.customer)),
                suggestion(&route.customer, known()),
            );
        }
        let (Some(customer), false) = (customer, supplier == Some(None)) else { continue };
        let supplier = supplier.flatten();
        if supplier == Some(customer) {
            report.error(
                route.customer_at.clone(),
                format!("{} supplies itself", route.customer),
                "two different nodes",
            );
            continue;
        }
        match lanes.iter_mut().find(|lane| lane.0 == supplier && lane.1 == customer) {
            Some(lane) => {
                lane.2.push(k);
                if lane.2.len() == ROUTES_PER_LANE_MAX + 1 {
                    report.error(route.at.clone(), "a lane has more routes", format!("at most {ROUTES_PER_LANE_MAX}"));
                }
            }
            None => lanes.push((supplier, customer, vec![k])),
        }
    }
    if lanes.len() > LANES_MAX {
        report.error(Place::whole("lanes.csv"), format!("{} lanes", lanes.len()), format!("at most {LANES_MAX}"));
    }
    for (row, node) in nodes.iter().enumerate() {
        if !lanes.iter().any(|lane| lane.1 == row) {
            report.error(
                node.at.clone(),
                format!("node {} has no supplier", quoted(&node.name)),
                "the customer of a row in lanes.csv (supplier = outside at the chain's source)",
            );
        }
        if !node.sells && !lanes.iter().any(|lane| lane.0 == Some(row)) {
            report.warning(
                node.at.clone(),
                format!("nobody orders from node {}", quoted(&node.name)),
                "a node that sells, or the supplier of a row in lanes.csv",
            );
        }
    }
    if !nodes.is_empty() && !nodes.iter().any(|node| node.sells) {
        report.error(Place::whole("nodes.csv"), "no node sells to customers", "sells = yes at one node at least");
    }
    let order = ordered(nodes, routes, &lanes, report)?;
    if report.errors() > before {
        return None;
    }
    let mut rank = vec![0; nodes.len()];
    order.iter().enumerate().for_each(|(i, row)| rank[*row] = i);
    let mut resolved: Vec<Lane> = lanes
        .iter()
        .map(|(supplier, customer, ks)| Lane {
            supplier: supplier.map(|row| rank[row]),
            customer: rank[*customer],
            order_days: agreed(ks, routes, |r| r.order_days.map(f64::from), "order_lead_time_days", report)
                .and_then(word)
                .unwrap_or(0),
            priority: agreed(ks, routes, |r| r.priority.map(f64::from), "priority", report).and_then(word).unwrap_or(0),
            share: 0,
            routes: ks.clone(),
        })
        .collect();
    shares(nodes, routes, &order, &mut resolved, report);
    let mut echelons: Vec<i32> = vec![0; nodes.len()];
    for n in 0..order.len() {
        let derived = resolved
            .iter()
            .filter(|lane| lane.supplier == Some(n))
            .map(|lane| echelons[lane.customer] + 1)
            .max()
            .unwrap_or(0);
        echelons[n] = nodes[order[n]].echelon.unwrap_or(derived);
    }
    Some(Chain { rows: order, lanes: resolved, echelons })
}

fn limits(nodes: &[NodeRow], routes: &[RouteRow], report: &mut Report) {
    for (file, what, count, most) in
        [("nodes.csv", "nodes", nodes.len(), NODES_MAX), ("lanes.csv", "routes", routes.len(), ROUTES_MAX)]
    {
        if count == 0 || count > most {
            report.error(Place::whole(file), format!("{count} {what}"), format!("1 to {most}"));
        }
    }
}

/// Rows of nodes, every node after all it supplies; of those free to stand, the first in the file.
fn ordered(
    nodes: &[NodeRow],
    routes: &[RouteRow],
    lanes: &[(Option<usize>, usize, Vec<usize>)],
    report: &mut Report,
) -> Option<Vec<usize>> {
    let mut order: Vec<usize> = Vec::new();
    let mut placed = vec![false; nodes.len()];
    let waits_for = |row: usize, placed: &[bool]| lanes.iter().find(|lane| lane.0 == Some(row) && !placed[lane.1]);
    while let Some(next) = (0..nodes.len()).find(|row| !placed[*row] && waits_for(*row, &placed).is_none()) {
        placed[next] = true;
        order.push(next);
    }
    let Some(start) = placed.iter().position(|p| !p) else { return Some(order) };
    // Every node left waits for another one left: following that must come round.
    let mut path = vec![start];
    while let Some(lane) = path.last().and_then(|row| waits_for(*row, &placed)) {
        if let Some(at) = path.iter().position(|row| *row == lane.1) {
            let names: Vec<&str> = path[at..].iter().chain([&lane.1]).map(|row| nodes[*row].name.as_str()).collect();
            report.error(
                routes[lane.2[0]].customer_at.clone(),
                format!("nodes supply one another in a circle: {}", names.join(" > ")),
                "a chain from the outside to the customers",
            );
            break;
        }
        path.push(lane.1);
    }
    None
}

/// What the routes of one lane say of the lane: given once, or the same everywhere.
fn agreed(
    ks: &[usize],
    routes: &[RouteRow],
    value: impl Fn(&RouteRow) -> Option<f64>,
    column: &str,
    report: &mut Report,
) -> Option<f64> {
    let mut found: Option<f64> = None;
    for route in ks.iter().map(|k| &routes[*k]) {
        if let Some(this) = value(route) {
            if let Some(first) = found.filter(|first| *first != this) {
                report.error(
                    route.at.clone(),
                    format!("{column} is {this} here and {first} on another route of the lane"),
                    "the same on all routes of a lane, or empty",
                );
            }
            found = found.or(Some(this));
        }
    }
    found
}

/// Shares of each receiver's inbound lanes: equal where none is given, else adding up to 1.
fn shares(nodes: &[NodeRow], routes: &[RouteRow], order: &[usize], lanes: &mut [Lane], report: &mut Report) {
    for (n, row) in order.iter().enumerate() {
        let inbound: Vec<usize> = (0..lanes.len()).filter(|l| lanes[*l].customer == n).collect();
        let given: Vec<Option<f64>> =
            inbound.iter().map(|l| agreed(&lanes[*l].routes, routes, |r| r.share, "share", report)).collect();
        let count = from_count(inbound.len());
        let total: f64 = given.iter().flatten().sum();
        let all = given.iter().all(Option::is_some);
        let at = inbound.first().map_or(nodes[*row].at.clone(), |l| routes[lanes[*l].routes[0]].share_at.clone());
        let none = given.iter().all(Option::is_none);
        if !none && (!all || libm::fabs(total - 1.0) > 1e-6) {
            let missing = if all { "" } else { ", and some are empty" };
            report.error(
                at,
                format!(
                    "shares of the lanes to {} add up to {}{missing}",
                    nodes[*row].name,
                    libm::round(total * 1e6) / 1e6
                ),
                "1 in all, or all empty for equal shares",
            );
            continue;
        }
        let mut left = 1_000_000;
        for (i, l) in inbound.iter().enumerate() {
            let share = given[i].unwrap_or(1.0 / count) * 1e6;
            let last = i + 1 == inbound.len();
            lanes[*l].share = if last { left } else { word(share).unwrap_or(1).clamp(1, left) };
            left -= lanes[*l].share;
        }
    }
}
