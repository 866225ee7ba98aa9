//! `restock solve`: the exact optimum of a network that has one.

use super::{Common, print, print_json, table};
use crate::failure::Failure;
use crate::problem::Problem;
use crate::progress::Progress;
use crate::solve::{self, Optimum, Solution};
use clap::Args;
use std::path::PathBuf;

/// Arguments of `restock solve`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
What can be solved, each product by itself, all of it stationary (no seasons, events or replay) and without capacities:
  one node, backorders                 newsvendor: a quantile
  one node, backorders, order_cost     (s, S), by the method of Zheng and Federgruen (1991); without chance also
                                       the economic order quantity
  one node, unmet = lost               lost sales: relative value iteration (Zipkin 2008), with the best base stock
                                       and the best capped base stock, evaluated exactly
  one node, two routes, backorders     dual sourcing: relative value iteration, with the best capped dual index; the
                                       slow and cheap route stands first in lanes.csv
  nodes in a row, backorders           serial chain: echelon base stock (Clark and Scarf 1960)
Costs are long-run averages a day as `restock simulate` accounts them: holding of what is on hand at the end of the
day, nothing for what is on its way. An order follows the demand of its day: a problem stated with the order first
and a lead time of L has L + 1 here. Each rule is shown as what to give `restock simulate NETWORK --policy`.
Where a network has no exact optimum, every reason is named with what would be right, and the exit code is 3.")]
pub struct Arguments {
    /// Network folder.
    pub network: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// If the network has errors, or no exact optimum: with every reason.
pub fn run(arguments: &Arguments, common: &Common) -> Result<(), Failure> {
    let problem = Problem::from_folder(&arguments.network)?;
    let scenario = problem.scenario()?;
    let total = scenario.products() as u64;
    let mut progress = Progress::new("solve", "products", total, common.quiet);
    let mut last = String::new();
    let optimum = solve::optimum(&scenario, &problem.names, &mut |note| {
        let product = note.split(", ").next().unwrap_or_default();
        let done = u64::from(!last.is_empty() && last != product);
        product.clone_into(&mut last);
        progress.advance(done, note);
    })
    .map_err(|reasons| Failure::data(format!("{}: {reasons}", problem.source)))?;
    if common.json {
        return print_json(&serde_json::json!({
            "format": "restock-solve/1",
            "source": problem.source,
            "currency": problem.names.currency,
            "cost_per_day": optimum.cost_per_day,
            "products": optimum.products,
        }));
    }
    print(&text(&optimum, &problem.names.currency))
}

/// Products shown one by one; beyond, the JSON document has them.
const SHOWN: usize = 20;

fn text(optimum: &Optimum, currency: &str) -> String {
    let mut parts: Vec<String> = optimum.products.iter().take(SHOWN).map(|s| one(s, currency)).collect();
    if let Some(more) = optimum.products.len().checked_sub(SHOWN).filter(|&more| more > 0) {
        parts.push(format!("and {more} more products: --json has them all"));
    }
    if optimum.products.len() > 1 {
        parts.push(format!("all products: {} {currency} a day", figure(optimum.cost_per_day)));
    }
    parts.join("\n\n")
}

fn one(solution: &Solution, currency: &str) -> String {
    let mut lines = vec![format!(
        "{}: {}, optimum {} {currency} a day",
        solution.product,
        solution.family,
        figure(solution.optimum)
    )];
    if let Some((what, cost)) = solution.textbook {
        lines.push(format!("as textbooks count it ({what}): {} {currency} a day", figure(cost)));
    }
    let mut rules = table::titled(["rule", "parameters", "cost a day", "above optimum"], 2);
    for rule in &solution.rules {
        let parameters: Vec<String> = rule.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let gap = if rule.optimal { "optimal".to_owned() } else { format!("{:.3} %", rule.gap_percent) };
        rules.add_row([rule.name.to_owned(), parameters.join(" "), figure(rule.cost), gap]);
    }
    lines.push(String::new());
    lines.push(table::lines(&rules));
    if let Some(rule) = solution.rules.last() {
        lines.push(format!("\nto run it: --policy {}", rule.policy));
    }
    lines.join("\n")
}

/// Four decimals where there are few digits before the point: optima are compared to the fourth.
fn figure(value: f64) -> String {
    if value.abs() < 0.1 {
        format!("{value:.7}")
    } else if value.abs() < 10_000.0 {
        format!("{value:.4}")
    } else {
        table::thousands(value)
    }
}
