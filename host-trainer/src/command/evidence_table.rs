//! The tables of a comparison: the paper's, and the honest one below it.

use super::compare::Comparison;
use super::table::{self, counted, lines, thousands, titled};
use crate::evaluate::Summary;
use crate::evidence::{Evidence, Row};
use crate::frontier::Frontier;
use crate::input::files::csv_field;
use crate::shift::Shifted;
use crate::statistics::{Interval, RESAMPLES, Regression};
use comfy_table::Table;

/// A heading, a table and what has to be said of it.
struct Section {
    heading: String,
    table: Table,
    notes: Vec<String>,
}

/// All sections that a comparison has.
fn sections(comparison: &Comparison) -> Vec<Section> {
    let mut sections = vec![paper(comparison)];
    for section in [honest, spread] {
        sections.extend(comparison.evidence.as_ref().map(|evidence| section(comparison, evidence)));
    }
    sections.extend(comparison.tuning.as_ref().map(tuned));
    sections.extend(shifts(&comparison.shifts));
    sections.extend(comparison.frontier.as_ref().map(|found| frontier(found, &comparison.currency)));
    sections.extend(regressions(comparison));
    sections
}

/// For people at a terminal.
#[must_use]
pub fn text(comparison: &Comparison) -> String {
    let one = |it: &Section| {
        let notes: String = it.notes.iter().map(|note| format!("\n{note}")).collect();
        format!("{}\n{}{notes}", it.heading, lines(&it.table))
    };
    sections(comparison).iter().map(one).collect::<Vec<_>>().join("\n\n")
}

/// The same in Markdown.
#[must_use]
pub fn markdown(comparison: &Comparison) -> String {
    let p = &comparison.protocol;
    let one = |it: &Section| {
        let notes: String = it.notes.iter().map(|note| format!("\n\n{}", note.replace('\n', " "))).collect();
        format!("### {}\n\n{}{notes}\n", it.heading, table::markdown(&it.table))
    };
    let sections: Vec<String> = sections(comparison).iter().map(one).collect();
    let seeds: Vec<String> = comparison.training_seeds.iter().map(u64::to_string).collect();
    format!(
        "Restock {}, {} of {} after {} of warm-up from day {}, test seed {}, training seeds {}.\n\n{}",
        comparison.restock,
        counted(p.replicas, "test path"),
        counted(p.days, "day"),
        counted(p.warmup_days, "day"),
        p.first_day,
        p.seed,
        seeds.join(", "),
        sections.join("\n")
    )
}

/// `-3.2 (-4.1 to -2.3)`; without the interval where there is none.
fn span(interval: &Interval) -> String {
    let Interval { mean, low, high, .. } = interval;
    if low.is_finite() { format!("{mean:+.1} ({low:+.1} to {high:+.1})") } else { format!("{mean:+.1}") }
}

/// A figure of any size; `-` where there is none.
fn figure(value: f64) -> String {
    match value.abs() {
        size if !size.is_finite() => "-".to_owned(),
        size if size < 1e6 => format!("{value:.4}"),
        _ => format!("{value:.3e}"),
    }
}

/// How much more one figure is than another [%]; empty where there is nothing to compare with.
fn more(figure: f64, base: f64) -> String {
    if base > 0.0 { format!("{:+.1} %", 100.0 * (figure / base - 1.0)) } else { String::new() }
}

/// The paper's table: total cost, delivery rate, inventory turnover and responsiveness, each against its baseline.
fn paper(comparison: &Comparison) -> Section {
    let base = comparison.policies.iter().find(|s| s.policy == comparison.paper_baseline);
    let cost = format!("total cost\n[{}]", comparison.currency);
    let header = ["policy", cost.as_str(), "cost", "delivery\nrate", "points", "turnover", "more", "bullwhip", "more"];
    let mut table = titled(header, 1);
    for s in &comparison.policies {
        let of_base = |text: &dyn Fn(&Summary) -> String| {
            base.filter(|base| base.policy != s.policy).map_or_else(String::new, text)
        };
        table.add_row([
            s.policy.clone(),
            thousands(s.total_cost),
            of_base(&|base| more(s.total_cost, base.total_cost)),
            format!("{:.1} %", 100.0 * s.delivery_rate),
            of_base(&|base| format!("{:+.1}", 100.0 * (s.delivery_rate - base.delivery_rate))),
            format!("{:.2}", s.inventory_turnover),
            of_base(&|base| more(s.inventory_turnover, base.inventory_turnover)),
            format!("{:.2}", s.bullwhip_ratio),
            of_base(&|base| more(s.bullwhip_ratio, base.bullwhip_ratio)),
        ]);
    }
    let heading = format!("The paper's table: against {}", comparison.paper_baseline);
    Section { heading, table, notes: Vec::new() }
}

/// The honest table: against the best tuned rule.
fn honest(comparison: &Comparison, evidence: &Evidence) -> Section {
    let bounded = evidence.bound.is_some();
    let header = ["policy", "cost against\nbaseline [%]", "fill rate against\nbaseline [points]", "verdict"];
    let mut header = header.map(str::to_owned).to_vec();
    header.extend(bounded.then(|| "gap\nclosed".to_owned()));
    let mut table = titled(header, 1);
    for row in &evidence.rows {
        let interval = |it: &Option<Interval>| it.as_ref().map_or_else(String::new, span);
        let mut cells = vec![
            row.policy.clone(),
            interval(&row.cost_difference_percent),
            interval(&row.fill_rate_difference_points),
            row.verdict.text().to_owned(),
        ];
        cells.extend(bounded.then(|| row.gap_closed.map_or_else(String::new, |gap| format!("{:.0} %", 100.0 * gap))));
        table.add_row(cells);
    }
    let seeds = comparison.training_seeds.len();
    let clusters = if seeds > 1 {
        format!("{seeds} training seeds and {} paths are both drawn anew", evidence.paths)
    } else {
        format!("{} paths are drawn anew, of one training seed: its own chance is not in it", evidence.paths)
    };
    let mut notes = vec![
        format!(
            "Baseline: {}, the cheapest rule on these very paths.\n\
             In brackets: 95 % bootstrap interval of the paired difference ({RESAMPLES} resamples;\n\
             {clusters}).",
            evidence.baseline
        ),
        "dominates: cheaper, the interval without zero, at a fill rate that is not lower; serves less: at one that is."
            .to_owned(),
    ];
    if evidence.rows.iter().any(|row| row.policy.contains("echelon")) {
        notes.push("The echelon rule knows the stock of every node downstream, which no agent does.".to_owned());
    }
    notes.extend(evidence.bound.as_ref().map(|bound| {
        let paths = counted(u32::try_from(bound.costs.len()).unwrap_or(u32::MAX), "path");
        format!("gap closed: (baseline - policy) / (baseline - bound); bound: {} on the first {paths}.", bound.name)
    }));
    let heading = format!("The honest one: against the best tuned rule, {}", evidence.baseline);
    Section { heading, table, notes }
}

/// What the mean does not tell.
fn spread(comparison: &Comparison, evidence: &Evidence) -> Section {
    let header = ["policy", "mean", "middle\nhalf", "dearest\nseed", "dearest\n5 %", "end stock\nvalued"];
    let mut table = titled(header, 1);
    for row in &evidence.rows {
        let costs = [row.cost, row.interquartile_cost, row.worst_seed_cost, row.tail_cost, row.cost_stock_valued];
        table.add_row(std::iter::once(row.policy.clone()).chain(costs.map(thousands)));
    }
    let notes = vec![
        "Means of a path: of all, of the middle half (interquartile mean), of the dearest training seed, of the\n\
         dearest 5 % (CVaR); and of all less what stock, in transit too, gained in value over the days that count."
            .to_owned(),
    ];
    Section { heading: format!("Costs beyond the mean [{}]", comparison.currency), table, notes }
}

/// What tuning found and cost.
fn tuned(kept: &crate::tune::Kept) -> Section {
    let mut table = titled(["tuned rule", "parameters", "looks", "simulated\ndays", "textbook", "tuned"], 2);
    for rule in &kept.rules {
        let cells: Vec<String> =
            rule.names.iter().zip(&rule.parameters).map(|(name, value)| format!("{name} {value:.2}")).collect();
        // A line of the second column holds a node's parameters, or what fits.
        let mut text = String::new();
        let mut width = 0;
        for (i, cell) in cells.iter().enumerate() {
            let comma = if i + 1 < cells.len() { "," } else { "" };
            if i > 0 && width + cell.len() > 44 {
                (text, width) = (text + "\n", 0);
            } else if i > 0 {
                text.push(' ');
            }
            width += cell.len() + 2;
            text += &format!("{cell}{comma}");
        }
        table.add_row([
            rule.family.name().trim_start_matches("tuned ").to_owned(),
            text,
            rule.looks.to_string(),
            thousands(rule.simulated_days as f64),
            thousands(rule.cost_start),
            thousands(rule.cost),
        ]);
    }
    let p = &kept.protocol;
    let notes = vec![format!(
        "Each rule may look {} times at {} of the training seed ({} of {} + {} days); costs are of those paths.\n\
         z offset in standard deviations, factors of the textbook's, caps and quantities as powers of two.",
        kept.budget.looks,
        counted(kept.budget.paths, "path"),
        p.seed,
        p.warmup_days,
        p.days
    )];
    Section { heading: "Tuning".to_owned(), table, notes }
}

/// Worlds that nobody was trained or tuned for.
fn shifts(all: &[Shifted]) -> Option<Section> {
    if all.is_empty() {
        return None;
    }
    let header = ["shift", "best rule there", "policy", "cost [%]", "fill rate\n[points]", "p (Holm)", "verdict"];
    let mut table = titled(header, 3);
    let mut notes = Vec::new();
    for shift in all {
        match &shift.refused {
            Some(why) => notes.push(format!("{}: not run, {why}", shift.name)),
            None => {
                for row in &shift.rows {
                    table.add_row([
                        shift.name.clone(),
                        shift.baseline.trim_start_matches("tuned ").to_owned(),
                        row.policy.clone(),
                        span(&row.cost_difference_percent),
                        format!("{:+.1}", row.fill_rate_difference_points.mean),
                        figure(row.p_holm),
                        row.verdict.text().to_owned(),
                    ]);
                }
            }
        }
    }
    notes.push(
        "Policies and rules as they are, nothing trained or tuned again; the baseline is whichever tuned rule is\n\
         cheapest in that world. p: of no difference in cost, adjusted over the worlds (Holm)."
            .to_owned(),
    );
    Some(Section { heading: "Worlds never trained on".to_owned(), table, notes })
}

/// Cost against fill rate.
fn frontier(found: &Frontier, currency: &str) -> Section {
    let header = [
        "policy".to_owned(),
        "backorder\ncost".to_owned(),
        "delivery\nrate".to_owned(),
        format!("cost without\nshortage [{currency}]"),
        format!("total cost\n[{currency}]"),
    ];
    let mut table = titled(header, 1);
    for point in &found.points {
        table.add_row([
            point.policy.clone(),
            format!("x {}", point.factor),
            format!("{:.2} %", 100.0 * point.delivery_rate),
            thousands(point.cost_without_shortage),
            thousands(point.total_cost),
        ]);
    }
    let mut notes = vec![found.method.clone()];
    notes.extend(found.equal_service.iter().map(|it| {
        format!(
            "At the {:.2} % that {} serves at x {}, the rules' frontier costs {} without shortage, it {} ({:+.1} %).",
            100.0 * it.delivery_rate,
            it.policy,
            it.factor,
            thousands(it.rules_cost),
            thousands(it.cost),
            100.0 * (it.cost / it.rules_cost - 1.0)
        )
    }));
    notes.extend(found.refused.iter().map(|(factor, why)| format!("x {factor}: not run, {why}")));
    Section {
        heading: "The frontier: cost against fill rate over a sweep of the backorder cost".to_owned(),
        table,
        notes,
    }
}

/// What explains cost and fill rate.
fn regressions(comparison: &Comparison) -> Option<Section> {
    if comparison.regressions.is_empty() {
        return None;
    }
    let mut table = titled(["regression", "regressor", "coefficient", "HC3 error", "HC1 error", "t", "R2"], 2);
    for Regression { outcome, coefficients, r_squared, .. } in &comparison.regressions {
        for (i, it) in coefficients.iter().enumerate() {
            table.add_row([
                outcome.clone(),
                it.name.clone(),
                figure(it.estimate),
                figure(it.error_hc3),
                figure(it.error_hc1),
                if it.t.is_finite() { format!("{:.1}", it.t) } else { "-".to_owned() },
                if i == 0 { format!("{r_squared:.3}") } else { String::new() },
            ]);
        }
    }
    let rows = comparison.regressions[0].rows;
    let mut notes = vec![format!(
        "Ordinary least squares over {rows} paths of all policies; robust errors. cost in {}, fill rate and reliability\n\
         (accepted of received) in points, stock as mean value on hand, lead time as days of sales in transit.",
        comparison.currency
    )];
    notes.extend(comparison.regression_notes.clone());
    Some(Section { heading: "What goes with cost and fill rate".to_owned(), table, notes })
}

/// Every policy's figures, one row each.
#[must_use]
pub fn csv(comparison: &Comparison) -> String {
    let mut text = String::from(
        "policy,seeds,total_cost,delivery_rate,inventory_turnover,bullwhip_ratio,hyperscore,cost_difference_percent,\
         cost_difference_percent_low,cost_difference_percent_high,fill_rate_difference_points,\
         fill_rate_difference_points_low,fill_rate_difference_points_high,interquartile_cost,worst_seed_cost,tail_cost,\
         cost_stock_valued,gap_closed,verdict\n",
    );
    let number = |value: f64| if value.is_finite() { value.to_string() } else { String::new() };
    let ends = |it: Option<Interval>| it.map_or([f64::NAN; 3], |it| [it.mean, it.low, it.high]);
    let rows =
        |name: &str| -> Option<&Row> { comparison.evidence.as_ref()?.rows.iter().find(|row| row.policy == name) };
    for s in &comparison.policies {
        let row = rows(&s.policy);
        let own = [s.total_cost, s.delivery_rate, s.inventory_turnover, s.bullwhip_ratio, s.hyperscore];
        let cost = ends(row.and_then(|row| row.cost_difference_percent));
        let fill = ends(row.and_then(|row| row.fill_rate_difference_points));
        let spread = row.map_or([f64::NAN; 5], |row| {
            let gap = row.gap_closed.unwrap_or(f64::NAN);
            [row.interquartile_cost, row.worst_seed_cost, row.tail_cost, row.cost_stock_valued, gap]
        });
        let figures: Vec<String> = own.into_iter().chain(cost).chain(fill).chain(spread).map(number).collect();
        let name = csv_field(&s.policy);
        let seeds = row.map_or(1, |row| row.seeds);
        let verdict = row.map_or("", |row| row.verdict.text()).replace(',', ";");
        text += &format!("{name},{seeds},{},{verdict}\n", figures.join(","));
    }
    text
}
