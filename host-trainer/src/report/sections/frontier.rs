//! Cost against service.

use super::evidence::{OTHERS, OWN, is_learned};
use crate::report::Report;
use crate::report::chart::{Point, far, points};
use crate::report::html::{command, escape, figure, word};
use crate::report::results::{FrontierPoint, Results};

const TITLE: &str = "Frontier: cost against delivery rate";

/// The sweep over backorder costs, or one point a policy where it was not asked for.
pub(super) fn frontier(report: &Report, results: &Results) -> String {
    let sweep = results.frontier_lines();
    if sweep.is_empty() { one_each(report, results) } else { swept(report, &sweep) }
}

fn swept(report: &Report, sweep: &[(String, Vec<&FrontierPoint>)]) -> String {
    let line = |(i, (name, points)): (usize, &(String, Vec<&FrontierPoint>))| {
        let point = |at: &&FrontierPoint| Point {
            name: format!("{name}, backorder cost times {}", at.factor),
            x: at.cost_without_shortage,
            half: None,
            y: 100.0 * at.delivery_rate,
            colour: i,
        };
        points.iter().map(point).collect()
    };
    let lines: Vec<Vec<Point>> = sweep.iter().enumerate().map(line).collect();
    let told = "Each line is one policy over a sweep of the backorder cost; its cost is shown without that of shortage: \
                what the service costs. Up and to the left is better, and a policy dominates only where it is cheaper at \
                no lower delivery rate.";
    let unit = format!("cost of a path without shortage [{}]", report.currency);
    let names: Vec<&str> = sweep.iter().map(|(name, _)| name.as_str()).collect();
    drawn(told, &unit, &lines, &names)
}

fn one_each(report: &Report, results: &Results) -> String {
    let point = |p: &crate::report::results::Compared| {
        vec![Point {
            name: p.policy.clone(),
            x: p.total_cost,
            half: p.total_cost_ci95,
            y: 100.0 * p.delivery_rate,
            colour: if is_learned(p) { OWN } else { OTHERS },
        }]
    };
    let far = far(results.policies.iter().map(|p| p.total_cost));
    let (near, beyond): (Vec<_>, Vec<_>) = results.policies.iter().partition(|p| p.total_cost <= far);
    let lines: Vec<Vec<Point>> = near.iter().copied().map(point).collect();
    let beyond: Vec<String> = beyond.iter().map(|p| escape(&p.policy).to_string()).collect();
    let beyond = if beyond.is_empty() {
        String::new()
    } else {
        format!(" Too far to the right to be drawn: {}.", beyond.join(", "))
    };
    let told = format!(
        "One point a policy, with the interval of its cost: up and to the left is better. A sweep over backorder costs is \
         drawn here by {}.{beyond}",
        command(&format!("restock compare {} --frontier", word(&report.origin.run)))
    );
    let unit = format!("cost of a path [{}]", report.currency);
    let names: Vec<&str> = near.iter().map(|p| p.policy.as_str()).collect();
    drawn(&told, &unit, &lines, &names)
}

/// `told` is HTML.
fn drawn(told: &str, unit: &str, lines: &[Vec<Point>], names: &[&str]) -> String {
    let heard = "Cost along the bottom, delivery rate upwards, one number a policy.";
    let drawing = points(TITLE, heard, (unit, "delivery rate [%]"), lines);
    let keys: String = names.iter().map(|name| format!("<li>{}</li>", escape(name))).collect();
    figure(TITLE, told, &drawing, &format!("<ol class=\"keys\">{keys}</ol>"))
}
