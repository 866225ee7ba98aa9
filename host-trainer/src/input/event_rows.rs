//! `[[events]]` and `[[disruptions]]` of `network.toml`: what happens on dates, and what befalls the
//! chain by chance. Both change the same things:
//!
//! | kind | what it changes | keys |
//! | --- | --- | --- |
//! | `demand` | demand of a node's customers: a surge above 1 | `node`, `factor` |
//! | `production_capacity` | capacity of a node: a loss below 1 | `node`, `factor` |
//! | `route_capacity` | capacity of a limited route | `supplier`, `customer`, `route`, `factor` |
//! | `supplier_outage` | a supplier ships nothing | `supplier`; `customer` too where that is `outside` |
//! | `lane_closure` | nothing goes over a lane, or over one route of it | `supplier`, `customer`, `route` if one |
//! | `quality_incident` | a supplier with grades is worse | `supplier`, `customer`, `grades` |
//!
//! An event has a `date` and may have an `until`, its last day; without one it is for good. A
//! disruption has `mean_gap_days`, the mean of the days from the end of one to the beginning of the
//! next (geometric: chance has no memory), and `duration_days`, a number or a family such as
//! `uniform(3, 10)`.

use super::calendar::Date;
use super::distribution::Distribution;
use super::document::Section;
use super::number::Range;
use super::problem::{Place, Report, quoted};
use restock_core::layout::GRADES;
use restock_core::scenario::{DISRUPTIONS_MAX, EVENTS_MAX};

/// What an event or a disruption changes, as written.
#[derive(Clone, Debug)]
pub(crate) enum EventPlace {
    /// Demand of a node.
    Demand(String),
    /// Production capacity of a node.
    Capacity(String),
    /// Capacity of a route: supplier, customer, route.
    Route(String, String, String),
    /// All that a supplier ships; with a customer where the supplier is the outside world.
    Outage(String, Option<String>),
    /// What goes over a lane: supplier, customer, and the route if it is only one.
    Closure(String, String, Option<String>),
    /// How good a lane's supplier is: supplier, customer.
    Quality(String, String),
}

/// Where and how much, as written.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) at: Place,
    pub(crate) place: EventPlace,
    /// A factor; of a quality incident the grades by which the supplier is worse; 0 of an outage or a closure.
    pub(crate) value: f64,
}

/// A dated event, as written.
#[derive(Clone, Debug)]
pub(crate) struct EventRow {
    pub(crate) change: Change,
    pub(crate) date: Date,
    pub(crate) date_at: Place,
    /// Last day, if it ends.
    pub(crate) until: Option<Date>,
}

/// A random disruption, as written.
#[derive(Clone, Debug)]
pub(crate) struct DisruptionRow {
    pub(crate) change: Change,
    /// Mean days from the end of one to the beginning of the next.
    pub(crate) mean_gap_days: f64,
    /// How long it lasts [days].
    pub(crate) duration: Distribution,
    pub(crate) duration_at: Place,
}

const KINDS: [&str; 6] =
    ["demand", "production_capacity", "route_capacity", "supplier_outage", "lane_closure", "quality_incident"];
const KINDS_SHOWN: &str =
    "demand, production_capacity, route_capacity, supplier_outage, lane_closure or quality_incident";

/// Greatest mean gap [days]: longer than any horizon.
const GAP_MAX: f64 = 4096.0;

pub(crate) fn events(sections: Vec<Section<'_, '_>>, report: &mut Report) -> Vec<EventRow> {
    let mut events = Vec::new();
    if let Some(section) = sections.get(EVENTS_MAX / 2) {
        report.error(
            section.place(""),
            format!("{} events", sections.len()),
            format!("at most {} (each may need two dates)", EVENTS_MAX / 2),
        );
        return events;
    }
    for mut s in sections {
        let date = s.date("date", report);
        let until = s.date("until", report);
        if !s.has("date") {
            report.error(s.place(""), "the event has no date", "date = a date");
        }
        if let (Some(from), Some(last)) = (date, until.filter(|last| date.is_some_and(|from| *last < from))) {
            report.error(
                s.place("until"),
                format!("until is {last}, before the event's date {from}"),
                format!("{from} or later"),
            );
        }
        let date_at = s.place("date");
        let change = change(&mut s, "event", report);
        s.finish(report);
        if let (Some(date), Some(change)) = (date, change) {
            events.push(EventRow { change, date, date_at, until });
        }
    }
    events
}

pub(crate) fn disruptions(sections: Vec<Section<'_, '_>>, report: &mut Report) -> Vec<DisruptionRow> {
    let mut disruptions = Vec::new();
    if let Some(section) = sections.get(DISRUPTIONS_MAX) {
        report.error(
            section.place(""),
            format!("{} disruptions", sections.len()),
            format!("at most {DISRUPTIONS_MAX}"),
        );
        return disruptions;
    }
    for mut s in sections {
        let gap = s.number("mean_gap_days", Range::new(1.0, GAP_MAX, "days"), report);
        if !s.has("mean_gap_days") {
            report.error(
                s.place(""),
                "the disruption has no mean_gap_days",
                "mean_gap_days = days from one to the next",
            );
        }
        let duration = duration(&mut s, report);
        let duration_at = s.place("duration_days");
        let change = change(&mut s, "disruption", report);
        s.finish(report);
        if let (Some(change), Some(mean_gap_days), Some(duration)) = (change, gap, duration) {
            disruptions.push(DisruptionRow { change, mean_gap_days, duration, duration_at });
        }
    }
    disruptions
}

/// A number of days or a family.
fn duration(s: &mut Section<'_, '_>, report: &mut Report) -> Option<Distribution> {
    let right = "a number of days, or a family such as \"uniform(3, 10)\"";
    if !s.has("duration_days") {
        report.error(s.place(""), "the disruption has no duration_days", format!("duration_days = {right}"));
        return None;
    }
    if let Some(days) = s.number_if_any("duration_days") {
        return Some(Distribution::Constant(days));
    }
    let text = s.text("duration_days", report)?.to_owned();
    match Distribution::parse(&text) {
        Ok(found) => Some(found),
        Err(right) => {
            report.error(s.place("duration_days"), format!("duration_days is {}", quoted(&text)), right);
            None
        }
    }
}

/// What changes, where and by how much; all keys of all kinds become known, for the kind may be what is wrong.
fn change(s: &mut Section<'_, '_>, what: &str, report: &mut Report) -> Option<Change> {
    let at = s.place("");
    let kind = s.choice("kind", &KINDS, report);
    if !s.has("kind") {
        report.error(at.clone(), format!("the {what} has no kind"), format!("kind = {KINDS_SHOWN}"));
    }
    let mut name = |key: &str, needed: bool, report: &mut Report| {
        let text = s.text(key, report).map(str::to_owned);
        if needed && text.is_none() && !s.has(key) {
            report.error(at.clone(), format!("the {what} has no {key}"), format!("{key} = \"...\""));
        }
        text
    };
    let place = match kind {
        Some(0) => name("node", true, report).map(EventPlace::Demand),
        Some(1) => name("node", true, report).map(EventPlace::Capacity),
        Some(3) => {
            let customer = name("customer", false, report);
            name("supplier", true, report).map(|supplier| EventPlace::Outage(supplier, customer))
        }
        Some(kind) => {
            let lane = (name("supplier", true, report), name("customer", true, report));
            let route = if kind == 5 { None } else { name("route", kind == 2, report) };
            match (lane, kind) {
                ((Some(supplier), Some(customer)), 2) => route.map(|r| EventPlace::Route(supplier, customer, r)),
                ((Some(supplier), Some(customer)), 4) => Some(EventPlace::Closure(supplier, customer, route)),
                ((Some(supplier), Some(customer)), _) => Some(EventPlace::Quality(supplier, customer)),
                _ => None,
            }
        }
        None => None,
    };
    let value = size(s, kind, what, &at, report);
    for key in ["node", "supplier", "customer", "route"] {
        s.has(key);
    }
    Some(Change { at, place: place?, value: value? })
}

/// By how much: a factor, or grades; an outage and a closure have neither.
fn size(s: &mut Section<'_, '_>, kind: Option<usize>, what: &str, at: &Place, report: &mut Report) -> Option<f64> {
    let worst = super::number::from_count(GRADES - 1);
    let factor = s.number("factor", Range::new(0.0, 16.0, "a factor"), report);
    let grades = s.number("grades", Range::new(0.0, worst, "grades"), report);
    let (key, found, right, other) = match kind? {
        0..=2 => ("factor", factor, "factor = a factor, 1 = as planned", "grades"),
        5 => ("grades", grades, "grades = by how many the supplier is worse", "factor"),
        _ => {
            for key in ["factor", "grades"] {
                if s.has(key) {
                    report.error(s.place(key), format!("{key} at a change that stops all"), "left out");
                }
            }
            return Some(0.0);
        }
    };
    if !s.has(key) {
        report.error(at.clone(), format!("the {what} has no {key}"), right);
    }
    if s.has(other) {
        report.error(s.place(other), format!("{other} where {key} says how much"), "left out");
    }
    found
}
