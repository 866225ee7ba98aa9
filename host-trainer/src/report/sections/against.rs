//! Differences to the best rule, with their intervals.

use super::evidence::{OTHERS, OWN};
use super::percent;
use crate::report::chart::{Interval as Interval95, intervals, money};
use crate::report::html::{figure, numbers, table};
use crate::report::results::{Evidence, Interval, Results};

/// A difference with its interval: `\u{2212}3.9 (\u{2212}5.1 to \u{2212}2.7)`.
pub(super) fn between(it: &Interval, unit: &str) -> String {
    let signed = |value: f64| format!("{value:+.1}");
    let ends = it.low.zip(it.high).map_or_else(String::new, |(l, h)| format!(" ({} to {})", signed(l), signed(h)));
    format!("{}{ends}{unit}", signed(it.mean)).replace('-', "\u{2212}")
}

/// Each policy's difference of cost to the best tuned rule on the same paths.
pub(super) fn best_rule(evidence: &Evidence) -> String {
    let rows: Vec<Interval95> = evidence
        .rows
        .iter()
        .filter_map(|row| Some((row, row.cost_difference_percent?)))
        .map(|(row, cost)| Interval95 {
            name: row.policy.clone(),
            middle: cost.mean,
            ends: cost.low.zip(cost.high),
            label: between(&cost, " %"),
            colour: if row.policy.starts_with("PPO") { OWN } else { OTHERS },
        })
        .collect();
    let title = format!("Against the best tuned rule: {}", evidence.baseline);
    let told = "Cost less that rule's on the same paths, with 95 % intervals: left of zero is cheaper. It dominates only \
                where its delivery rate is no lower.";
    let header = [
        "policy",
        "cost [%]",
        "delivery rate [points]",
        "middle half",
        "worst seed",
        "dearest 5 %",
        "gap closed",
        "verdict",
    ];
    let cells: Vec<Vec<String>> = evidence
        .rows
        .iter()
        .map(|row| {
            let difference = |it: &Option<Interval>| it.as_ref().map_or_else(String::new, |it| between(it, ""));
            let cost = |it: Option<f64>| it.map_or_else(String::new, money);
            vec![
                row.policy.clone(),
                difference(&row.cost_difference_percent),
                difference(&row.fill_rate_difference_points),
                cost(row.interquartile_cost),
                cost(row.worst_seed_cost),
                cost(row.tail_cost),
                row.gap_closed.map_or_else(String::new, percent),
                row.verdict.replace('-', " "),
            ]
        })
        .collect();
    let drawing = intervals(&title, told, "difference of cost [%]", true, &rows);
    figure(&title, told, &drawing, &numbers(&table(&title, &header.map(str::to_owned), &cells)))
}

/// The learned policies in worlds that nobody was trained or tuned for.
pub(super) fn other_worlds(results: &Results) -> String {
    let all = || results.shifts.iter().flat_map(|shift| shift.rows.iter().map(move |row| (shift, row)));
    let rows: Vec<Interval95> = all()
        .filter_map(|(shift, row)| Some((shift, row, row.cost_difference_percent?)))
        .map(|(shift, row, cost)| Interval95 {
            name: format!("{}: {}", shift.name, row.policy),
            middle: cost.mean,
            ends: cost.low.zip(cost.high),
            label: between(&cost, " %"),
            colour: OWN,
        })
        .collect();
    let told =
        "Cost less that of the rule that is cheapest there, nothing trained or tuned again: left of zero is cheaper.";
    let header =
        ["world: policy", "best rule there", "cost [%]", "delivery rate [points]", "verdict"].map(str::to_owned);
    let cells: Vec<Vec<String>> = all()
        .map(|(shift, row)| {
            let difference = |it: &Option<Interval>| it.as_ref().map_or_else(String::new, |it| between(it, ""));
            vec![
                format!("{}: {}", shift.name, row.policy),
                shift.baseline.clone(),
                difference(&row.cost_difference_percent),
                difference(&row.fill_rate_difference_points),
                row.verdict.replace('-', " "),
            ]
        })
        .collect();
    let drawing = intervals("Worlds never trained on", told, "difference of cost [%]", true, &rows);
    figure("Worlds never trained on", told, &drawing, &numbers(&table("Worlds never trained on", &header, &cells)))
}
