//! Dated events and random disruptions: dates to days, names to places, overlapping events put together.

use super::chain::Chain;
use super::compile::{Compiled, Masses, compile};
use super::event_rows::{Change, DisruptionRow, EventPlace, EventRow};
use super::lane_rows::RouteRow;
use super::number::{from_count, word};
use super::problem::{Report, quoted};
use super::resolve::{Builder, Rows};
use super::rows::OUTSIDE;
use super::spelling::suggestion;
use restock_core::convert;
use restock_core::layout::GRADES;
use restock_core::scenario::{Disruption, Event, EventKind};
use restock_core::table::Table;

/// Greatest factor, Q12, of all events in force at one place.
const FACTOR_MAX_Q12: i32 = 1 << 16;
/// Longest that a disruption may last [days].
const DURATION_MAX: i32 = 1 << 20;

/// Complains about places that are not there or can't be changed.
pub(crate) fn check_names(rows: &Rows, report: &mut Report) {
    for event in &rows.settings.events {
        check_place(rows, &event.change, "event", report);
    }
    for disruption in &rows.settings.disruptions {
        check_place(rows, &disruption.change, "disruption", report);
        if let EventPlace::Closure(supplier, customer, None) = &disruption.change.place
            && lane(rows, supplier, customer).count() > 1
        {
            report.error(
                disruption.change.at.clone(),
                format!("the disruption closes {supplier}>{customer}, which has several routes"),
                "route = one of them: each closes by a chance of its own",
            );
        }
    }
}

fn check_place(rows: &Rows, change: &Change, what: &str, report: &mut Report) {
    match &change.place {
        EventPlace::Demand(name) | EventPlace::Capacity(name) => check_node(rows, change, name, what, report),
        EventPlace::Route(supplier, customer, name) => {
            let route = check_route(rows, change, supplier, customer, name, what, report);
            if route.is_some_and(|route| route.capacity.is_none()) {
                report.error(
                    change.at.clone(),
                    format!("the {what} changes the capacity of route {}, which has no limit", quoted(name)),
                    "a route with capacity_per_day in lanes.csv",
                );
            }
        }
        EventPlace::Closure(supplier, customer, Some(route)) => {
            check_route(rows, change, supplier, customer, route, what, report);
        }
        EventPlace::Closure(supplier, customer, None) => {
            check_lane(rows, change, supplier, customer, what, report);
        }
        EventPlace::Outage(supplier, Some(customer)) if supplier == OUTSIDE => {
            check_lane(rows, change, supplier, customer, what, report);
        }
        EventPlace::Outage(supplier, None) if supplier == OUTSIDE => report.error(
            change.at.clone(),
            format!("the {what} does not say which lane from the outside it stops"),
            "customer = the node that it supplies",
        ),
        EventPlace::Outage(supplier, customer) => {
            let known = rows.nodes.iter().map(|n| n.name.as_str());
            if !known.clone().any(|name| name == supplier) {
                report.error(
                    change.at.clone(),
                    format!("the {what}'s supplier {} is not in nodes.csv", quoted(supplier)),
                    suggestion(supplier, known.chain([OUTSIDE])),
                );
            } else if customer.is_some() {
                report.error(
                    change.at.clone(),
                    format!("the {what} stops all that {supplier} ships, and names a customer"),
                    "customer left out; lane_closure stops one lane",
                );
            }
        }
        EventPlace::Quality(supplier, customer) => {
            let there = check_lane(rows, change, supplier, customer, what, report);
            if there && !lane(rows, supplier, customer).any(|route| route.supplier_cells.any()) {
                report.error(
                    change.at.clone(),
                    format!("the {what} makes {supplier}>{customer} worse, whose supplier has no grades"),
                    "a lane with grade or defect_share in lanes.csv",
                );
            }
        }
    }
}

fn check_node(rows: &Rows, change: &Change, name: &str, what: &str, report: &mut Report) {
    let Some(node) = rows.nodes.iter().find(|node| node.name == name) else {
        report.error(
            change.at.clone(),
            format!("the {what}'s node {} is not in nodes.csv", quoted(name)),
            suggestion(name, rows.nodes.iter().map(|n| n.name.as_str())),
        );
        return;
    };
    let demand = matches!(change.place, EventPlace::Demand(_));
    if demand && !node.sells {
        report.error(
            change.at.clone(),
            format!("the {what} changes demand at {}, which sells to no customers", quoted(name)),
            "a node with sells = yes",
        );
    }
    if !demand && node.capacity.is_none() {
        report.error(
            change.at.clone(),
            format!("the {what} changes the capacity of {}, which has no limit", quoted(name)),
            "a node with capacity_per_day in nodes.csv",
        );
    }
}

/// The routes of a lane.
fn lane<'r>(rows: &'r Rows, supplier: &'r str, customer: &'r str) -> impl Iterator<Item = &'r RouteRow> {
    rows.routes.iter().filter(move |r| r.supplier == supplier && r.customer == customer)
}

fn check_lane(rows: &Rows, change: &Change, supplier: &str, customer: &str, what: &str, report: &mut Report) -> bool {
    let there = lane(rows, supplier, customer).next().is_some();
    if !there {
        let known: Vec<String> = rows.routes.iter().map(|r| format!("{}>{}", r.supplier, r.customer)).collect();
        let wanted = format!("{supplier}>{customer}");
        report.error(
            change.at.clone(),
            format!("the {what}'s lane {} is not in lanes.csv", quoted(&wanted)),
            suggestion(&wanted, known.iter().map(String::as_str)),
        );
    }
    there
}

fn check_route<'r>(
    rows: &'r Rows,
    change: &Change,
    supplier: &str,
    customer: &str,
    name: &str,
    what: &str,
    report: &mut Report,
) -> Option<&'r RouteRow> {
    let full = |s: &str, c: &str, r: &str| format!("{s}>{c}:{r}");
    let same = |r: &&RouteRow| r.supplier == supplier && r.customer == customer && r.route == name;
    let found = rows.routes.iter().find(same);
    if found.is_none() {
        let known: Vec<String> = rows.routes.iter().map(|r| full(&r.supplier, &r.customer, &r.route)).collect();
        let wanted = full(supplier, customer, name);
        report.error(
            change.at.clone(),
            format!("the {what}'s route {} is not in lanes.csv", quoted(&wanted)),
            suggestion(&wanted, known.iter().map(String::as_str)),
        );
    }
    found
}

/// Events as the simulator wants them: on each day on which anything changes, what all events in force
/// at that place come to.
pub(crate) fn resolved(rows: &Rows, chain: &Chain, report: &mut Report) -> Vec<Event> {
    let horizon = i32::try_from(rows.settings.horizon_days).unwrap_or(i32::MAX);
    let day_of = |date: super::calendar::Date| date.day.saturating_sub(rows.settings.start.day);
    let all = &rows.settings.events;
    let places: Vec<Vec<(EventKind, usize)>> = all.iter().map(|e| places(rows, chain, &e.change.place)).collect();
    let mut events = Vec::new();
    for (event, own) in all.iter().zip(&places) {
        let (first, after) = (day_of(event.date), event.until.map(|last| day_of(last).saturating_add(1)));
        if first >= horizon || after.is_some_and(|after| after <= 0) {
            report.warning(
                event.date_at.clone(),
                format!("the event on {} is outside the horizon", event.date),
                format!("within {} days from {}", horizon, rows.settings.start),
            );
            continue;
        }
        for (day, &(kind, place)) in [Some(first.max(0)), after]
            .into_iter()
            .flatten()
            .filter(|day| *day < horizon)
            .flat_map(|day| own.iter().map(move |place| (day, place)))
        {
            let in_force = all
                .iter()
                .zip(&places)
                .filter(|(other, places)| in_force(other, day, &day_of) && places.contains(&(kind, place)))
                .map(|(other, _)| other.change.value);
            let value = together(kind, in_force);
            let value_q12 = word(value * 4096.0).filter(|f| *f <= FACTOR_MAX_Q12);
            if value_q12.is_none() {
                report.error(event.change.at.clone(), format!("events in force multiply to {value}"), "at most 16");
            }
            let value_q12 = value_q12.unwrap_or(kind.planned_q12());
            events.push(Event { day: convert::bits(day), kind, place, value_q12 });
        }
    }
    let kind_rank = |kind: EventKind| EventKind::ALL.iter().position(|k| *k == kind);
    events.sort_by_key(|e| (e.day, kind_rank(e.kind), e.place));
    events.dedup();
    events
}

/// What changes in force at one place come to: factors multiply, grades add up to failing at most, and
/// where one stops all, all is stopped.
fn together(kind: EventKind, values: impl Iterator<Item = f64>) -> f64 {
    match kind {
        EventKind::Grade => values.sum::<f64>().min(from_count(GRADES - 1)),
        _ => values.product(),
    }
}

fn in_force(event: &EventRow, day: i32, day_of: &impl Fn(super::calendar::Date) -> i32) -> bool {
    day_of(event.date) <= day && event.until.is_none_or(|last| day <= day_of(last))
}

/// Nodes and lanes by the chain's order, routes in lane order.
fn places(rows: &Rows, chain: &Chain, place: &EventPlace) -> Vec<(EventKind, usize)> {
    let node = |name: &str| chain.rows.iter().position(|row| rows.nodes[*row].name == name);
    let lane = |supplier: &str, customer: &str| {
        chain.lanes.iter().position(|lane| {
            let row = &rows.routes[lane.routes[0]];
            row.supplier == supplier && row.customer == customer
        })
    };
    let routes = |supplier: &str, customer: &str, name: Option<&str>| -> Vec<(EventKind, usize)> {
        let in_order = chain.lanes.iter().flat_map(|lane| lane.routes.iter()).enumerate();
        let own = in_order.filter(|(_, k)| {
            let row = &rows.routes[**k];
            row.supplier == supplier && row.customer == customer && name.is_none_or(|name| name == row.route)
        });
        own.map(|(k, _)| (EventKind::Route, k)).collect()
    };
    let one = |kind: EventKind, at: Option<usize>| at.map(|at| (kind, at)).into_iter().collect();
    match place {
        EventPlace::Demand(name) => one(EventKind::Demand, node(name)),
        EventPlace::Capacity(name) => one(EventKind::Capacity, node(name)),
        EventPlace::Route(supplier, customer, name) => routes(supplier, customer, Some(name)),
        EventPlace::Closure(supplier, customer, name) => routes(supplier, customer, name.as_deref()),
        EventPlace::Outage(supplier, Some(customer)) => one(EventKind::Outside, lane(supplier, customer)),
        EventPlace::Outage(supplier, None) => one(EventKind::Shipping, node(supplier)),
        EventPlace::Quality(supplier, customer) => one(EventKind::Grade, lane(supplier, customer)),
    }
}

/// Disruptions as the simulator wants them.
pub(crate) fn disruptions(builder: &mut Builder<'_>) -> Vec<Disruption> {
    let mut disruptions = Vec::new();
    for row in &builder.rows.settings.disruptions {
        let Some(duration) = duration(row, builder.report) else { continue };
        let Some(gap) = gap(row.mean_gap_days) else { continue };
        let (gap_table, duration_table) = (builder.table(gap), builder.table(duration));
        for (kind, place) in places(builder.rows, builder.chain, &row.change.place) {
            let value_q12 = word(row.change.value * 4096.0).unwrap_or(0);
            disruptions.push(Disruption { kind, place, value_q12, gap_table, duration_table });
        }
    }
    disruptions
}

/// Days that a disruption lasts: a table of 1 day or more.
fn duration(row: &DisruptionRow, report: &mut Report) -> Option<Compiled> {
    let compiled = row.duration.compile(1).and_then(|table| {
        let ends = Table::new(&table.words).map(|table| (table.min(), table.max()));
        match ends {
            Ok((least, most)) if least >= 1 && most <= DURATION_MAX => Ok(table),
            _ => Err("whole days of 1 or more, such as 5, \"uniform(3, 10)\" or \"table(2:0.7, 14:0.3)\"".to_owned()),
        }
    });
    compiled
        .map_err(|right| report.error(row.duration_at.clone(), "duration_days does not give days of 1 or more", right))
        .ok()
}

/// Days to the next disruption where every day is as likely as any other to bring it: geometric from 1 on.
fn gap(mean_days: f64) -> Option<Compiled> {
    /// What is less likely has no room in a table.
    const LEAST: f64 = 1.0 / 4_294_967_296.0;
    let stop = 1.0 / mean_days;
    let (mut points, mut left) = (Vec::new(), 1.0);
    for day in 1.. {
        points.push((day, left * stop));
        left *= 1.0 - stop;
        if left < LEAST {
            break;
        }
    }
    compile(&Masses { points, step: 1, spread: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_have_the_mean_that_is_asked_for_and_are_never_0() {
        for mean in [1.0, 1.5, 30.0, 365.0, 4096.0] {
            let table = gap(mean).unwrap();
            assert!((table.mean / mean - 1.0).abs() < 0.002, "{} for {mean}", table.mean);
            assert!(Table::new(&table.words).unwrap().min() >= 1);
            // Geometric: the variance is mean (mean - 1).
            let variance = mean * (mean - 1.0);
            assert!((table.variance - variance).abs() <= 0.02 * variance + 1e-6, "{} for {mean}", table.variance);
        }
    }

    #[test]
    fn changes_in_force_at_once_are_put_together() {
        let all = |kind, values: &[f64]| together(kind, values.iter().copied());
        assert_eq!(all(EventKind::Demand, &[1.5, 2.0]), 3.0);
        assert_eq!(all(EventKind::Route, &[0.5, 0.0]), 0.0);
        assert_eq!(all(EventKind::Shipping, &[]), 1.0);
        assert_eq!(all(EventKind::Grade, &[]), 0.0);
        assert_eq!(all(EventKind::Grade, &[2.0, 1.5]), 3.5);
        assert_eq!(all(EventKind::Grade, &[5.0, 4.0]), 7.0);
    }
}
