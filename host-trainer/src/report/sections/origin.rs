//! How the policy came about: learning curves, data quality, manifest.

use super::percent;
use crate::command::compare::INT8;
use crate::report::Report;
use crate::report::band::Band;
use crate::report::chart::{Axis, Curves, Line, legend, money, short};
use crate::report::html::{command, escape, figure, grid, numbers, section, table};
use crate::report::learning::{Curve, OfLearner};
use crate::run_folder::Evaluation;

/// Most rows of a table of iterations.
const ROWS: usize = 14;
/// Most runs whose own curves are drawn beside the band.
const RUNS_DRAWN: usize = 12;

/// Learning curves.
pub(in crate::report) fn learning(report: &Report) -> String {
    let learning = &report.learning;
    let runs = learning.seeds.len();
    let lead = if runs > 1 {
        let seeds: Vec<String> = learning.seeds.iter().map(ToString::to_string).collect();
        format!("Median of {runs} runs with the band of their quartiles; seeds {}.", seeds.join(", "))
    } else {
        "One run. <code>restock report RUN RUN ...</code> draws the median of several seeds with the band of their \
         quartiles: one seed says little about a method."
            .to_owned()
    };
    let empty = learning.learners.iter().all(|l| l.reward.iterations.is_empty());
    if empty && learning.validation_cost.iterations.is_empty() {
        return section("learning", "Learning curves", "", "<p class=\"missing\">The run has no metrics.</p>");
    }
    let mut figures = Vec::new();
    if !learning.validation_cost.iterations.is_empty() {
        figures.push(validation(report));
    }
    type Shown<'a> = (&'a str, &'a str, &'a str, fn(&OfLearner) -> &Curve);
    let shown: [Shown<'_>; 4] = [
        (
            "Reward",
            "reward a stockpoint-day",
            "What the learners maximize: minus the cost, in units of the product's own.",
            |l| &l.reward,
        ),
        ("Entropy", "nat, all heads", "How undecided the policies are.", |l| &l.entropy),
        ("Explained variance", "share", "What the critics foresee of the returns; 1 is all.", |l| {
            &l.explained_variance
        }),
        ("KL divergence", "nat an update", "How far each update moved the policy.", |l| &l.kl),
    ];
    for (name, unit, told, of) in shown {
        let lines = learning.learners.iter().enumerate();
        let lines = lines.map(|(i, l)| line(of(l), i)).filter(|line| !line.band.middle.is_empty()).collect();
        let drawing = Curves {
            title: name,
            description: told,
            unit,
            axis: Axis::Numbers("iteration"),
            zero: false,
            warmup: 0,
            lines,
        };
        let header: Vec<String> =
            ["iteration".to_owned()].into_iter().chain(learning.learners.iter().map(|l| l.learner.clone())).collect();
        let curves: Vec<&Curve> = learning.learners.iter().map(of).collect();
        figures.push(figure(name, told, &drawing.draw(), &numbers(&table(name, &header, &rows(&curves, short)))));
    }
    let entries: Vec<(&str, usize, bool)> =
        learning.learners.iter().enumerate().map(|(i, l)| (l.learner.as_str(), i, i % 2 == 1)).collect();
    section("learning", "Learning curves", &lead, &(legend(&entries) + &grid(&figures)))
}

fn line(curve: &Curve, i: usize) -> Line<'_> {
    Line { x: Some(&curve.iterations), band: &curve.band, colour: i, dashed: i % 2 == 1 }
}

/// Cost on the validation paths.
fn validation(report: &Report) -> String {
    let learning = &report.learning;
    let curve = &learning.validation_cost;
    let least = curve.band.middle.iter().copied().fold(f64::INFINITY, f64::min);
    let told = format!("Mean cost of a validation path, {} {} at the least.", money(least), report.currency);
    // Beside the median, each run as it was.
    let each: Vec<(Vec<u32>, Band)> = learning
        .validation_by_run
        .iter()
        .take(if learning.seeds.len() > 1 { RUNS_DRAWN } else { 0 })
        .map(|run| {
            let costs: Vec<f64> = run.iter().map(|(_, cost)| *cost).collect();
            (run.iter().map(|(at, _)| *at).collect(), Band { low: costs.clone(), middle: costs.clone(), high: costs })
        })
        .collect();
    let mut lines: Vec<Line<'_>> = each
        .iter()
        .filter(|(at, _)| !at.is_empty())
        .map(|(at, band)| Line { x: Some(at), band, colour: 5, dashed: true })
        .collect();
    lines.push(Line { x: Some(&curve.iterations), band: &curve.band, colour: 0, dashed: false });
    let unit = format!("cost of a path [{}]", report.currency);
    let drawing = Curves {
        title: "Cost on validation paths",
        description: &told,
        unit: &unit,
        axis: Axis::Numbers("iteration"),
        zero: false,
        warmup: 0,
        lines,
    };
    let header = ["iteration".to_owned(), unit.clone()];
    let cells = rows(&[curve], money);
    figure(
        "Cost on validation paths",
        &escape(&told),
        &drawing.draw(),
        &numbers(&table("Validation cost", &header, &cells)),
    )
}

/// Some rows of curves that have the same iterations.
fn rows(curves: &[&Curve], show: fn(f64) -> String) -> Vec<Vec<String>> {
    let Some(first) = curves.first() else { return Vec::new() };
    let every = first.iterations.len().div_ceil(ROWS).max(1);
    let row = |i: usize| {
        let cells = curves.iter().map(|curve| {
            let b = &curve.band;
            match (b.middle.get(i), b.low.get(i), b.high.get(i)) {
                (Some(m), Some(l), Some(h)) if l < h => format!("{} ({} to {})", show(*m), show(*l), show(*h)),
                (Some(m), ..) => show(*m),
                _ => String::new(),
            }
        });
        [first.iterations[i].to_string()].into_iter().chain(cells).collect()
    };
    (0..first.iterations.len()).step_by(every).map(row).collect()
}

/// Data quality.
pub(in crate::report) fn data_quality(report: &Report) -> String {
    let quality = &report.quality;
    let mut items = vec![
        format!("Network: {}.", escape(&quality.source)),
        format!("Demand on the test paths is {}.", escape(&quality.demand)),
    ];
    match &quality.warnings {
        None => items.push("Warnings of <code>restock check</code>: not known.".to_owned()),
        Some(warnings) if warnings.is_empty() => {
            items.push("<code>restock check</code> warns about nothing.".to_owned())
        }
        Some(warnings) => {
            let each: String = warnings.iter().map(|warning| format!("<li>{}</li>", escape(warning))).collect();
            items.push(format!("<code>restock check</code> warns: <ul>{each}</ul>"));
        }
    }
    let items: String = items.iter().map(|item| format!("<li>{item}</li>")).collect();
    let rows: Vec<Vec<String>> = quality
        .findings
        .iter()
        .map(|finding| {
            let more = if finding.count > finding.products.len() { ", \u{2026}" } else { "" };
            let share = percent(finding.count as f64 / report.chain.products.max(1) as f64);
            vec![finding.what.clone(), finding.count.to_string(), share, finding.products.join(", ") + more]
        })
        .collect();
    let header = ["products with", "count", "share", "which"].map(str::to_owned);
    let found = if rows.is_empty() {
        "<p>No product stands out: all have demand, value and orders, and no lot is out of proportion.</p>".to_owned()
    } else {
        table("What stands out among the products", &header, &rows)
    };
    section("quality", "Data quality", "", &format!("<ul>{items}</ul>{found}"))
}

/// What is needed to make the run again.
pub(in crate::report) fn manifest(report: &Report) -> String {
    let origin = &report.origin;
    let [seed, training, validation, test] = origin.seeds;
    let mut rows: Vec<Vec<String>> = [
        ("restock", format!("{} trained, {} reported", origin.trained_by, origin.reported_by)),
        ("network", origin.source.clone()),
        ("scenario digest", origin.scenario_hash.clone()),
        ("observation schema", origin.schema_hash.clone()),
        ("policy file", format!("{}; model version {}", origin.policy_note, origin.model_version)),
        ("seed", seed.to_string()),
        ("seeds of training, validation and test paths", format!("{training}, {validation}, {test}")),
        ("iterations", origin.iterations.to_string()),
    ]
    .into_iter()
    .map(|(name, value)| vec![name.to_owned(), value])
    .collect();
    if let Some(e) = &origin.evaluation {
        let paths =
            format!("{} of seed {}, {} + {} days from day {}", e.replicas, e.seed, e.warmup_days, e.days, e.first_day);
        rows.push(vec!["test paths".to_owned(), paths]);
        rows.extend(e.digests.iter().map(|(name, digest)| vec![format!("digest of {name}"), digest.clone()]));
    }
    rows.push(vec!["these curves' digest".to_owned(), report.summary.digest.clone()]);
    let commands: String = origin.commands.iter().map(|line| format!("<li>{}</li>", command(line))).collect();
    let settings = serde_json::to_string_pretty(&origin.training).unwrap_or_default();
    let body = format!(
        "<p>Made and shown again by</p><ol class=\"commands\">{commands}</ol>{}<p>{}</p>\
         <details><summary>Training settings</summary><pre>{}</pre></details>",
        table("Manifest", &["what".to_owned(), "value".to_owned()], &rows),
        escape(&same_days(report)),
        escape(&settings)
    );
    section("manifest", "Manifest", "Same version, same seed: the same bytes, this page included.", &body)
}

/// Whether the page's curves are of the very days that were compared.
fn same_days(report: &Report) -> String {
    let digest = |e: &Evaluation| e.digests.iter().find(|(name, _)| name == INT8).map(|(_, digest)| digest.clone());
    let compared = report.origin.evaluation.as_ref().and_then(|e| Some((e.replicas, digest(e)?)));
    match compared {
        None => String::new(),
        Some((replicas, _)) if replicas != report.protocol.replicas => {
            format!("Curves are of the first {} of the {replicas} paths that were compared.", report.protocol.replicas)
        }
        Some((_, digest)) if digest == report.summary.digest => {
            "The digest of the days behind these curves is that of the comparison: they are the same days to the bit."
                .to_owned()
        }
        Some(_) => {
            "The digest of the days behind these curves is not that of the comparison: the policy file has changed \
                    since, and `restock compare` should run again."
                .to_owned()
        }
    }
}
