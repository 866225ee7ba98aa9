//! What of the whole world a network uses, as `restock check` tells it: suppliers, storage, assembly,
//! events, disruptions, shocks.

use crate::input::grades::GRADE_NAMES;
use crate::input::{NetworkSpec, QualitySpec};
use restock_core::scenario::EventKind;

/// A lane with grades, in figures.
struct Graded {
    lane: String,
    base: &'static str,
    on_time: f64,
    accepted: f64,
    /// Mean lead time of the first route at the best, the base and the worst grade [days].
    lead: [f64; 3],
    /// Mean defective share at the same grades.
    defects: [f64; 3],
    /// Grades that each effort wins.
    lift: Vec<f64>,
}

fn graded(spec: &NetworkSpec) -> Vec<Graded> {
    let mut first = 0;
    let mut found = Vec::new();
    for lane in &spec.lanes {
        let route = first;
        first += lane.routes;
        let Some(quality) = &lane.quality else { continue };
        found.push(one(spec, quality, route));
    }
    found
}

fn one(spec: &NetworkSpec, quality: &QualitySpec, route: usize) -> Graded {
    let name = spec.route_name(route);
    let base = usize::try_from(quality.base_q8 >> 8).unwrap_or(0).min(GRADE_NAMES.len() - 1);
    let at = [0, base, GRADE_NAMES.len() - 1];
    let mean = |table: Option<usize>| table.and_then(|table| spec.tables.get(table)).map_or(0.0, |table| table.mean);
    Graded {
        lane: name.rsplit_once(':').map_or(name.as_str(), |(lane, _)| lane).to_owned(),
        base: GRADE_NAMES[base],
        on_time: f64::from(quality.on_time_q15) / 32_768.0,
        accepted: f64::from(quality.accepted_q15) / 32_768.0,
        lead: at.map(|grade| mean(Some(spec.routes[route].lead_tables[grade]))),
        defects: at.map(|grade| mean(quality.defect_tables[grade]) / 65_536.0),
        lift: quality.lift_q8.iter().map(|lift| f64::from(*lift) / 256.0).collect(),
    }
}

/// What an event or a disruption changes, in words.
fn kind_name(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Demand => "demand",
        EventKind::Capacity => "production capacity",
        EventKind::Route => "route",
        EventKind::Shipping | EventKind::Outside => "supplier outage",
        EventKind::Grade => "quality incident",
    }
}

/// Where it is changed, by name.
fn place_name(spec: &NetworkSpec, kind: EventKind, place: usize) -> String {
    let node = |i: usize| spec.nodes.get(i).map_or("?", |n| n.name.as_str());
    match kind {
        EventKind::Demand | EventKind::Capacity | EventKind::Shipping => node(place).to_owned(),
        EventKind::Route => spec.route_name(place),
        EventKind::Outside | EventKind::Grade => spec.lanes.get(place).map_or_else(String::new, |lane| {
            format!("{}>{}", lane.supplier.map_or("outside", node), node(lane.customer))
        }),
    }
}

/// A line for each thing there is; none for a plain network.
#[must_use]
pub fn lines(spec: &NetworkSpec) -> Vec<String> {
    let mut lines: Vec<String> = graded(spec)
        .iter()
        .flat_map(|g| {
            let lift = if g.lift.iter().all(|lift| *lift == 0.0) {
                "nothing to negotiate".to_owned()
            } else {
                {
                    let lift: Vec<String> = g.lift.iter().map(|lift| format!("{lift:.1}")).collect();
                    format!("effort wins {} grades", lift.join(", "))
                }
            };
            [
                format!(
                    "supplier {}: {}, on time {:.1} %, accepted {:.1} %; {lift}",
                    g.lane,
                    g.base,
                    100.0 * g.on_time,
                    100.0 * g.accepted
                ),
                format!(
                    "  from excellent to failing {:.1} to {:.1} days, {:.2} to {:.2} % defective",
                    g.lead[0],
                    g.lead[2],
                    100.0 * g.defects[0],
                    100.0 * g.defects[2]
                ),
            ]
        })
        .collect();
    for node in spec.nodes.iter().filter(|node| node.storage.is_some()) {
        lines.push(format!("storage {}: {} of volume", node.name, node.storage.unwrap_or(0)));
    }
    if !spec.bom.is_empty() {
        let mut made: Vec<_> = spec.bom.iter().map(|line| (line.node, line.product)).collect();
        made.sort_unstable();
        made.dedup();
        lines.push(format!("bill of materials: {} lines for {} products", spec.bom.len(), made.len()));
    }
    if !spec.events.is_empty() {
        lines.push(format!("events: {} changes on dates", spec.events.len()));
    }
    for d in &spec.disruptions {
        let mean = |table: usize| spec.tables.get(table).map_or(0.0, |table| table.mean);
        let (gap, duration) = (mean(d.gap_table), mean(d.duration_table));
        lines.push(format!(
            "disruption {} at {}: {:.1} a year, {duration:.1} days each",
            kind_name(d.kind),
            place_name(spec, d.kind, d.place),
            365.0 / (gap + duration)
        ));
    }
    if let Some(shock) = spec.group_shock() {
        let deviation = shock.variance.sqrt() / shock.mean;
        lines.push(format!("demand shocks: {} groups, deviation {deviation:.2} of the mean", spec.groups.len()));
    }
    lines
}

/// The same for programs.
#[must_use]
pub fn json(spec: &NetworkSpec) -> serde_json::Value {
    let suppliers: Vec<_> = graded(spec)
        .into_iter()
        .map(|g| {
            serde_json::json!({
                "lane": g.lane, "base_grade": g.base, "on_time": g.on_time, "accepted": g.accepted,
                "lead_time_days": g.lead, "defect_share": g.defects, "negotiation_lift": g.lift,
            })
        })
        .collect();
    let disruptions: Vec<_> = spec
        .disruptions
        .iter()
        .map(|d| {
            let mean = |table: usize| spec.tables.get(table).map(|table| table.mean);
            serde_json::json!({
                "kind": kind_name(d.kind), "place": place_name(spec, d.kind, d.place),
                "mean_gap_days": mean(d.gap_table), "mean_duration_days": mean(d.duration_table),
            })
        })
        .collect();
    serde_json::json!({
        "suppliers": suppliers,
        "storage": spec.nodes.iter().filter_map(|n| n.storage.map(|volume| (n.name.clone(), volume.into()))).collect::<serde_json::Map<_, _>>(),
        "bom_lines": spec.bom.len(), "events": spec.events.len(), "disruptions": disruptions,
        "groups": spec.groups, "shock_deviation": spec.group_shock().map(|t| t.variance.sqrt() / t.mean),
    })
}
