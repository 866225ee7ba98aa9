//! Bullwhip and recovery: how steadily the chain is run.

use super::evidence::OWN;
use super::{not_compared, percent};
use crate::report::Report;
use crate::report::chart::{Axis, Bar, Curves, Line, bars, legend, short};
use crate::report::html::{figure, grid, numbers, section, table};
use crate::report::results::Compared;

/// Bullwhip by echelon.
pub(in crate::report) fn bullwhip(report: &Report) -> String {
    let lead = "Variance of an echelon's orders / variance of customers' demand: above 1 the swings of demand grow on \
                their way upstream.";
    let Some(results) = &report.results else {
        return section("bullwhip", "Bullwhip by echelon", lead, &not_compared(report));
    };
    let rows: Vec<Bar> = results
        .policies
        .iter()
        .map(|p| Bar {
            name: p.policy.clone(),
            values: p.bullwhip_by_echelon.clone(),
            labels: p.bullwhip_by_echelon.iter().map(|ratio| short(*ratio)).collect(),
        })
        .collect();
    let names: Vec<String> = (0..report.stock.len())
        .map(|e| match report.stock[e].nodes.as_slice() {
            [one] => format!("echelon {e}: {one}"),
            many => format!("echelon {e}: {} nodes", many.len()),
        })
        .collect();
    let entries: Vec<(&str, usize, bool)> =
        names.iter().enumerate().map(|(e, name)| (name.as_str(), e, false)).collect();
    let drawing = bars("Bullwhip ratio by echelon", lead, "bullwhip ratio", &rows);
    let header: Vec<String> = ["policy".to_owned()].into_iter().chain(names.iter().cloned()).collect();
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| [row.name.clone()].into_iter().chain(row.labels.iter().cloned()).collect()).collect();
    let shown = figure(
        "Bullwhip ratio",
        "A bar an echelon, customers first.",
        &(legend(&entries) + &drawing),
        &numbers(&table("Bullwhip ratio", &header, &cells)),
    );
    section("bullwhip", "Bullwhip by echelon", lead, &grid(&[shown]))
}

/// Recovery after shocks.
pub(in crate::report) fn recovery(report: &Report) -> String {
    let recovery = &report.recovery;
    let lead = "A shock begins on the day on which an event or a disruption comes into force. The dip is how far the \
                week's delivery rate falls below that of the four weeks before; recovered is within two points of it.";
    let mut figures = Vec::new();
    if recovery.shocks > 0 {
        let told =
            format!("{} shocks: the median and quartiles over those not yet followed by the next.", recovery.shocks);
        let points = crate::report::band::Band {
            low: recovery.course.low.iter().map(|v| 100.0 * v).collect(),
            middle: recovery.course.middle.iter().map(|v| 100.0 * v).collect(),
            high: recovery.course.high.iter().map(|v| 100.0 * v).collect(),
        };
        let drawing = Curves {
            title: "Delivery rate after a shock",
            description: &told,
            unit: "against before [points]",
            axis: Axis::Numbers("days since"),
            zero: true,
            warmup: 0,
            lines: vec![Line { x: None, band: &points, colour: OWN, dashed: false }],
        }
        .draw();
        figures.push(figure("Delivery rate after a shock", &told, &drawing, ""));
    }
    let answered: Vec<(&Compared, _)> =
        report.results.iter().flat_map(|r| &r.policies).filter_map(|p| Some((p, p.responsiveness?))).collect();
    let header = ["policy", "shocks", "dip", "days to recover", "not recovered"].map(str::to_owned);
    let cells: Vec<Vec<String>> = answered
        .iter()
        .map(|(p, r)| {
            let days = format!("{:.1}", r.days_to_recover);
            vec![p.policy.clone(), r.shocks.to_string(), percent(r.dip), days, r.unrecovered.to_string()]
        })
        .collect();
    let rest = match (&report.results, cells.is_empty(), recovery.shocks) {
        (None, ..) => not_compared(report),
        (Some(_), true, 0) => "<p class=\"missing\">There was no shock on the test paths.</p>".to_owned(),
        (Some(_), true, _) => String::new(),
        (Some(_), false, _) => table("Recovery by policy", &header, &cells),
    };
    section("recovery", "Recovery after shocks", lead, &(grid(&figures) + &rest))
}
