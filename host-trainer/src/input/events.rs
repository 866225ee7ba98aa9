//! Dated events: dates to days, names to places, overlapping ones multiplied.

use super::chain::Chain;
use super::number::word;
use super::problem::{Report, quoted};
use super::resolve::Rows;
use super::settings::{EventPlace, EventRow};
use super::spelling::suggestion;
use restock_core::convert;
use restock_core::scenario::{Event, EventKind};

/// Greatest factor, Q12, of all events in force at one place.
const FACTOR_MAX_Q12: i32 = 1 << 16;

/// Complains about places that are not there or can't be changed.
pub(crate) fn check_names(rows: &Rows, report: &mut Report) {
    for event in &rows.settings.events {
        match &event.place {
            EventPlace::Demand(name) | EventPlace::Capacity(name) => {
                let Some(node) = rows.nodes.iter().find(|node| node.name == *name) else {
                    report.error(
                        event.at.clone(),
                        format!("the event's node {} is not in nodes.csv", quoted(name)),
                        suggestion(name, rows.nodes.iter().map(|n| n.name.as_str())),
                    );
                    continue;
                };
                let demand = matches!(event.place, EventPlace::Demand(_));
                if demand && !node.sells {
                    report.error(
                        event.at.clone(),
                        format!("the event changes demand at {}, which sells to no customers", quoted(name)),
                        "a node with sells = yes",
                    );
                }
                if !demand && node.capacity.is_none() {
                    report.error(
                        event.at.clone(),
                        format!("the event changes the capacity of {}, which has no limit", quoted(name)),
                        "a node with capacity_per_day in nodes.csv",
                    );
                }
            }
            EventPlace::Route(supplier, customer, name) => {
                let full = |s: &str, c: &str, r: &str| format!("{s}>{c}:{r}");
                match rows
                    .routes
                    .iter()
                    .find(|r| r.supplier == *supplier && r.customer == *customer && r.route == *name)
                {
                    None => {
                        let known: Vec<String> =
                            rows.routes.iter().map(|r| full(&r.supplier, &r.customer, &r.route)).collect();
                        let wanted = full(supplier, customer, name);
                        report.error(
                            event.at.clone(),
                            format!("the event's route {} is not in lanes.csv", quoted(&wanted)),
                            suggestion(&wanted, known.iter().map(String::as_str)),
                        );
                    }
                    Some(route) if route.capacity.is_none() => {
                        report.error(
                            event.at.clone(),
                            format!("the event changes the capacity of route {}, which has no limit", quoted(name)),
                            "a route with capacity_per_day in lanes.csv",
                        );
                    }
                    Some(_) => {}
                }
            }
        }
    }
}

/// Events as the simulator wants them: on each day on which anything changes, the product of all
/// factors in force at that place.
pub(crate) fn resolved(rows: &Rows, chain: &Chain, report: &mut Report) -> Vec<Event> {
    let horizon = i32::try_from(rows.settings.horizon_days).unwrap_or(i32::MAX);
    let day_of = |date: super::calendar::Date| date.day.saturating_sub(rows.settings.start.day);
    let mut events = Vec::new();
    for event in &rows.settings.events {
        let (first, after) = (day_of(event.date), event.until.map(|last| day_of(last).saturating_add(1)));
        if first >= horizon || after.is_some_and(|after| after <= 0) {
            report.warning(
                event.date_at.clone(),
                format!("the event on {} is outside the horizon", event.date),
                format!("within {} days from {}", horizon, rows.settings.start),
            );
            continue;
        }
        let Some((kind, place)) = place(rows, chain, &event.place) else { continue };
        for day in [Some(first.max(0)), after].into_iter().flatten().filter(|day| *day < horizon) {
            let factor: f64 = rows
                .settings
                .events
                .iter()
                .filter(|other| {
                    in_force(other, day, &day_of) && self::place(rows, chain, &other.place) == Some((kind, place))
                })
                .map(|e| e.factor)
                .product();
            let value_q12 = word(factor * 4096.0).filter(|f| *f <= FACTOR_MAX_Q12);
            if value_q12.is_none() {
                report.error(event.at.clone(), format!("events in force multiply to {factor}"), "at most 16");
            }
            events.push(Event { day: convert::bits(day), kind, place, value_q12: value_q12.unwrap_or(4096) });
        }
    }
    let kind_rank = |kind: EventKind| EventKind::ALL.iter().position(|k| *k == kind);
    events.sort_by_key(|e| (e.day, kind_rank(e.kind), e.place));
    events.dedup();
    events
}

fn in_force(event: &EventRow, day: i32, day_of: &impl Fn(super::calendar::Date) -> i32) -> bool {
    day_of(event.date) <= day && event.until.is_none_or(|last| day <= day_of(last))
}

/// Index of a node in the chain's order, or of a route in lane order.
fn place(rows: &Rows, chain: &Chain, place: &EventPlace) -> Option<(EventKind, usize)> {
    let node = |name: &str| chain.rows.iter().position(|row| rows.nodes[*row].name == name);
    match place {
        EventPlace::Demand(name) => node(name).map(|n| (EventKind::Demand, n)),
        EventPlace::Capacity(name) => node(name).map(|n| (EventKind::Capacity, n)),
        EventPlace::Route(supplier, customer, name) => {
            let mut in_order = chain.lanes.iter().flat_map(|lane| lane.routes.iter());
            let same = |k: &usize| {
                rows.routes[*k].supplier == *supplier
                    && rows.routes[*k].customer == *customer
                    && rows.routes[*k].route == *name
            };
            in_order.position(same).map(|k| (EventKind::Route, k))
        }
    }
}
