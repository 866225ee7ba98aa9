//! What `restock compare` found: costs, and where their differences lie.

use super::against::{best_rule, between, other_worlds};
use super::frontier::frontier;
use super::{not_compared, percent};
use crate::command::compare::INT8;
use crate::report::Report;
use crate::report::chart::{Interval as Interval95, Step, intervals, money, waterfall};
use crate::report::html::{escape, figure, grid, numbers, section, table};
use crate::report::results::{Compared, Results};

/// Colour of the policy that the report is about, and of the others.
pub(super) const OWN: usize = 1;
pub(super) const OTHERS: usize = 0;

/// `188 902 ± 11 927`.
fn with_interval(mean: f64, half: Option<f64>) -> String {
    half.map_or_else(|| money(mean), |half| format!("{} ± {}", money(mean), money(half)))
}

/// `−22.1 ± 3.5 %`.
fn difference((mean, half): (f64, Option<f64>)) -> String {
    let half = half.map_or_else(String::new, |half| format!(" ± {half:.1}"));
    format!("{mean:+.1}{half} %").replace('-', "\u{2212}")
}

pub(super) fn is_learned(policy: &Compared) -> bool {
    policy.policy.starts_with("PPO")
}

/// The cheapest policy that was not learned.
fn cheapest_rule(results: &Results) -> Option<&Compared> {
    results.policies.iter().filter(|p| !is_learned(p)).min_by(|a, b| a.total_cost.total_cmp(&b.total_cost))
}

/// The paper's baseline: the static plan, else periodic review, else whatever stands first.
fn baseline(results: &Results) -> Option<&Compared> {
    if let Some(base) = results.paper_baseline.as_deref().and_then(|name| results.policy(name)) {
        return Some(base);
    }
    let named = |name: &str| results.policies.iter().find(|p| p.policy.to_lowercase().starts_with(name));
    named("static lp").or_else(|| named("periodic review")).or_else(|| results.policies.first())
}

/// The whole run in three sentences.
pub(in crate::report) fn headline(report: &Report) -> String {
    let own = &report.summary;
    let Some((results, int8)) = report.results.as_ref().and_then(|r| Some((r, r.policy(INT8)?))) else {
        return escape(&format!(
            "The learned policy costs {} {} a path of {} days, at a delivery rate of {}. It has not been compared with any rule yet.",
            money(own.total_cost),
            report.currency,
            report.protocol.days,
            percent(own.delivery_rate)
        ));
    };
    let mut text = format!(
        "On {} unseen paths of {} days {INT8} costs {} {} a path, at a delivery rate of {}.",
        results.protocol.replicas,
        results.protocol.days,
        with_interval(int8.total_cost, int8.total_cost_ci95.filter(|half| half.is_finite())),
        report.currency,
        percent(int8.delivery_rate)
    );
    if let Some(base) = baseline(results).filter(|base| base.policy != INT8 && base.total_cost > 0.0) {
        text += &against(int8, base, "The paper's baseline");
    }
    if let Some(rule) = cheapest_rule(results).filter(|rule| rule.total_cost > 0.0) {
        text += &against(int8, rule, "The cheapest rule");
    }
    let proven = results.evidence.as_ref().and_then(|e| Some((e, e.rows.iter().find(|row| row.policy == INT8)?)));
    if let Some((evidence, Some(cost))) = proven.map(|(evidence, row)| (evidence, row.cost_difference_percent)) {
        text += &format!(" Against {} on the same paths: {}.", evidence.baseline, between(&cost, " %"));
    }
    escape(&text)
}

/// ` The cheapest rule, (s, S), costs 3.9 % less, at a delivery rate of 92.7 %.`
fn against(own: &Compared, other: &Compared, who: &str) -> String {
    let percent_off = 100.0 * (other.total_cost - own.total_cost) / own.total_cost.max(1e-9);
    let how = if percent_off >= 0.0 { "more" } else { "less" };
    format!(
        " {who}, {}, costs {:.1} % {how}, at a delivery rate of {}.",
        other.policy,
        percent_off.abs(),
        percent(other.delivery_rate)
    )
}

/// Costs with intervals, the way from a baseline to the policy, cost against service.
pub(in crate::report) fn comparison(report: &Report) -> String {
    let Some(results) = &report.results else {
        return section("comparison", "Comparison", "", &not_compared(report));
    };
    let mut figures = vec![costs(report, results)];
    figures.extend(results.evidence.as_ref().map(best_rule));
    figures.push(frontier(report, results));
    figures.extend((!results.shifts.is_empty()).then(|| other_worlds(results)));
    let own = results.policy(INT8);
    let bases = [baseline(results), cheapest_rule(results)];
    let mut seen: Vec<&str> = vec![INT8];
    for base in bases.into_iter().flatten() {
        if let Some(own) = own.filter(|_| !seen.contains(&base.policy.as_str())) {
            seen.push(&base.policy);
            figures.push(way(report, base, own));
        }
    }
    let lead = format!(
        "{} test paths of {} days after {} of warm-up, none of them seen in training, the same for every policy; \u{b1} are \
         95 % intervals. Delivery rate: units served at once / units demanded. Inventory turnover: yearly cost of goods \
         sold / mean stock value, in transit excluded.",
        results.protocol.replicas, results.protocol.days, results.protocol.warmup_days
    );
    section("comparison", "Comparison", &lead, &(grid(&figures) + &policies(report, results)))
}

/// All figures of all policies.
fn policies(report: &Report, results: &Results) -> String {
    let mut header = vec!["policy".to_owned(), format!("total cost [{}]", report.currency)];
    header.extend(
        ["vs periodic review", "delivery rate", "turnover [a year]", "bullwhip", "HyperScore", "V"].map(str::to_owned),
    );
    let row = |p: &Compared| {
        vec![
            p.policy.clone(),
            with_interval(p.total_cost, p.total_cost_ci95),
            p.versus_periodic_review_percent.map_or_else(String::new, difference),
            percent(p.delivery_rate),
            format!("{:.2}", p.inventory_turnover),
            format!("{:.2}", p.bullwhip_ratio),
            format!("{:.2}", p.hyperscore),
            format!("{:.3}", p.v),
        ]
    };
    table("All policies", &header, &results.policies.iter().map(row).collect::<Vec<_>>())
}

fn costs(report: &Report, results: &Results) -> String {
    let rows: Vec<Interval95> = results
        .policies
        .iter()
        .map(|p| Interval95 {
            name: p.policy.clone(),
            middle: p.total_cost,
            ends: p.total_cost_ci95.map(|half| (p.total_cost - half, p.total_cost + half)),
            label: with_interval(p.total_cost, p.total_cost_ci95),
            colour: if is_learned(p) { OWN } else { OTHERS },
        })
        .collect();
    let told = "Mean cost of a path; the line is its 95 % interval. Intervals of policies on the same paths may overlap \
                though their difference is sure: the table has the difference too.";
    let drawing = intervals("Total cost", told, &format!("cost of a path [{}]", report.currency), false, &rows);
    figure("Total cost", told, &drawing, "")
}

/// Which cost terms make the difference between two policies.
fn way(report: &Report, base: &Compared, own: &Compared) -> String {
    let mut terms: Vec<(&String, f64)> = base
        .cost_terms
        .iter()
        .map(|(term, cost)| (term, own.cost_terms.get(term).copied().unwrap_or(0.0) - cost))
        .filter(|(_, change)| change.abs() >= 0.5e-3 * base.total_cost)
        .collect();
    terms.sort_by(|a, b| a.1.total_cmp(&b.1));
    let sum =
        |name: &str, cost: f64| Step { name: name.to_owned(), from: 0.0, to: cost, label: money(cost), sum: true };
    let mut steps = vec![sum(&base.policy, base.total_cost)];
    let mut at = base.total_cost;
    for (term, change) in &terms {
        let label = format!("{}{}", if *change > 0.0 { "+" } else { "" }, money(*change));
        steps.push(Step { name: term.replace('_', " "), from: at, to: at + change, label, sum: false });
        at += change;
    }
    let rest = own.total_cost - at;
    if rest.abs() >= 1.0 {
        let label = format!("{}{}", if rest > 0.0 { "+" } else { "" }, money(rest));
        steps.push(Step { name: "all other terms".to_owned(), from: at, to: own.total_cost, label, sum: false });
    }
    steps.push(sum(&own.policy, own.total_cost));
    let title = format!("Where the difference to {} lies", base.policy);
    let told = "Cost terms of a path, the greatest saving first.";
    let drawing = waterfall(&title, told, &format!("cost of a path [{}]", report.currency), &steps);
    let header = ["term".to_owned(), base.policy.clone(), own.policy.clone()];
    let rows: Vec<Vec<String>> = base
        .cost_terms
        .iter()
        .map(|(term, cost)| {
            vec![term.replace('_', " "), money(*cost), money(own.cost_terms.get(term).copied().unwrap_or(0.0))]
        })
        .collect();
    figure(&title, told, &drawing, &numbers(&table(&format!("Cost terms [{}]", report.currency), &header, &rows)))
}
