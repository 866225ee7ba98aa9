//! `restock replay`: a decision log turned back into the decisions it records, to the bit.

use super::{Common, print, print_json, table};
use crate::checkpoint::write_atomically;
use crate::device_run::{self, Decision, OnDevice, Replayed};
use crate::failure::Failure;
use crate::input::files::csv_field;
use crate::problem::{Names, Problem};
use clap::Args;
use restock_core::Scenario;
use restock_core::blob::PolicyBlob;
use restock_core::decision_log::{FirstDifference, LogView};
use restock_core::order::{NOTHING, UNLIMITED};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Arguments of `restock replay`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Decision log, as a device keeps it and `restock simulate --log` writes it.
    pub log: PathBuf,
    /// Network folder that the log's device ran [default: the embedded 3 x 200 network].
    pub network: Option<PathBuf>,
    /// Policy file that the log's device ran [default: none; the built-in rule].
    #[arg(long)]
    pub policy: Option<PathBuf>,
    /// Also write each decision to this file: day, node, product, level, cap, weight, route, effort, expedited level,
    /// and who decided.
    #[arg(long)]
    pub csv: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// If the files are not those of the log (3), or a decision is not the same, or the log is damaged (10).
pub fn run(arguments: &Arguments, common: &Common) -> Result<(), Failure> {
    let called = arguments.log.display();
    let read = |path: &Path| std::fs::read(path).map_err(|e| Failure::data(format!("{}: {e}", path.display())));
    let bytes = read(&arguments.log)?;
    let log = LogView::read(&bytes).map_err(|e| Failure::data(format!("{called}: {e}")))?;
    let problem = Problem::from_argument(arguments.network.as_deref())?;
    let scenario = problem.scenario()?;
    let origin = log.origin();
    let mut wrong = Vec::new();
    if origin.scenario_hash != scenario.hash() {
        wrong.push(format!(
            "{called}: made on scenario {:016x}, but {} is {:016x}: name the network folder that the device ran",
            origin.scenario_hash,
            problem.source,
            scenario.hash()
        ));
    } else if origin.first_day >= scenario.horizon_days() {
        wrong.push(format!(
            "{called}: begins on day {}, past the horizon of {}",
            origin.first_day,
            table::counted(scenario.horizon_days(), "day")
        ));
    }
    let file = match &arguments.policy {
        Some(path) => Some((path, read(path)?)),
        None => None,
    };
    let device = match &file {
        Some((path, bytes)) => {
            let blob = PolicyBlob::decode(bytes).map_err(|e| Failure::data(format!("{}: {e}", path.display())))?;
            OnDevice::Learned(blob, bytes)
        }
        None => OnDevice::Textbook,
    };
    if origin.policy_hash != device.hash() {
        let ran = match origin.policy_hash {
            0 => "without a policy file: leave out --policy".to_owned(),
            hash => format!("with policy file {hash:016x}: name it with --policy"),
        };
        let given = file.as_ref().map_or_else(
            || "none was given".to_owned(),
            |(path, _)| format!("{} is {:016x}", path.display(), device.hash()),
        );
        wrong.push(format!("{called}: made {ran} ({given})"));
    }
    if !wrong.is_empty() {
        return Err(Failure::data(wrong.join("\n")));
    }
    let mut rows = String::from("day,date,node,product,level,cap,weight,route,effort,expedited_level,decided_by\n");
    let unit = f64::from(scenario.unit_scale());
    let mut row = |d: &Decision| {
        let level = |level| if level == NOTHING { String::new() } else { (f64::from(level) / unit).to_string() };
        let cap = if d.cap == UNLIMITED { String::new() } else { (f64::from(d.cap) / unit).to_string() };
        let date = problem.names.date(d.day).map_or_else(String::new, |date| date.to_string());
        let (node, product) = (csv_field(&problem.names.nodes[d.node]), csv_field(&problem.names.products[d.product]));
        let (first, fast, by) = (level(d.level), level(d.expedite), d.code.text());
        let _ = writeln!(
            rows,
            "{},{date},{node},{product},{first},{cap},{},{},{},{fast},{by}",
            d.day, d.weight, d.route, d.effort
        );
    };
    let mut leave = |_: &Decision| {};
    let each: &mut dyn FnMut(&Decision) = if arguments.csv.is_some() { &mut row } else { &mut leave };
    let found = device_run::replay(&scenario, &device, &log, each).map_err(|e| {
        Failure::data(format!("{}: {e}", arguments.policy.as_deref().unwrap_or(&arguments.log).display()))
    })?;
    if let Some(path) = &arguments.csv {
        write_atomically(path, rows.as_bytes()).map_err(|e| Failure::failed(e.to_string()))?;
    }
    let complaints = complaints(&found, &log, &problem.names);
    if common.json {
        print_json(&document(&found, &log, &problem.names, &complaints))?;
    } else if complaints.is_empty() {
        print(&summary(&found, &scenario))?;
    }
    if complaints.is_empty() {
        Ok(())
    } else {
        Err(Failure::check(complaints.iter().map(|c| format!("{called}: {c}")).collect::<Vec<_>>().join("\n")))
    }
}

/// All that is not as it should be.
fn complaints(found: &Replayed, log: &LogView<'_>, names: &Names) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(FirstDifference { day, node, difference, .. }) = found.first_difference {
        let node = names.nodes.get(node).map_or("a node that the network lacks", String::as_str);
        let product = difference.product.and_then(|product| names.products.get(product));
        let product = product.map_or_else(String::new, |product| format!(", first {product}"));
        let on = names.date(day).map_or_else(String::new, |date| format!(" ({date})"));
        let what = match (difference.saw, difference.decided) {
            (true, _) => "it saw other stock, demand or forecasts than the device did",
            (false, _) => "from the same stock, demand and forecasts it decides otherwise",
        };
        let why = if found.unknown_fallbacks > 0 {
            format!(
                "; records of fallbacks before it are lost ({}), so that the run can't be made again from its origin",
                found.unknown_fallbacks
            )
        } else {
            String::new()
        };
        all.push(format!("day {day}{on}, {node}{product}: {what}{why}"));
    }
    if let Some(day) = found.past_horizon {
        all.push(format!("records go on to day {day}, past the scenario's horizon"));
    }
    if let Some(at) = log.damage() {
        all.push(format!(
            "damaged at byte {at}: {} before it read, what stands after it is not",
            records(found.records)
        ));
    }
    all
}

fn records(count: u32) -> String {
    table::counted(count, "record")
}

/// For people.
fn summary(found: &Replayed, scenario: &Scenario<'_>) -> String {
    let Some((first, last)) = found.days else { return "the log has no records".to_owned() };
    let mut by = table::titled(["decided by", "decisions"], 1);
    by.add_row(["policy".to_owned(), found.own.to_string()]);
    by.add_row(["policy, clamped to the scenario's bounds".to_owned(), found.clamped.to_string()]);
    for (reason, count) in &found.fallbacks {
        by.add_row([format!("fallback: {}", reason.text()), count.to_string()]);
    }
    format!(
        "{}\n\n{} of days {first} to {last}, {} each: all decided again the same, to the bit",
        table::lines(&by),
        records(found.records),
        table::counted(u32::try_from(scenario.products()).unwrap_or(u32::MAX), "product")
    )
}

/// For programs.
fn document(found: &Replayed, log: &LogView<'_>, names: &Names, complaints: &[String]) -> serde_json::Value {
    let origin = log.origin();
    let fallbacks: serde_json::Map<String, serde_json::Value> =
        found.fallbacks.iter().map(|(reason, count)| (reason.text().to_owned(), (*count).into())).collect();
    let first = found.first_difference.map(|first| {
        serde_json::json!({
            "day": first.day,
            "node": names.nodes.get(first.node),
            "product": first.difference.product.and_then(|product| names.products.get(product)),
            "saw_otherwise": first.difference.saw,
            "decided_otherwise": first.difference.decided,
        })
    });
    serde_json::json!({
        "format": "restock-replay/1",
        "origin": {
            "scenario_hash": format!("{:016x}", origin.scenario_hash),
            "policy_hash": format!("{:016x}", origin.policy_hash),
            "seed": origin.seed, "replica": origin.replica, "first_day": origin.first_day,
        },
        "records": found.records,
        "first_day": found.days.map(|(first, _)| first),
        "last_day": found.days.map(|(_, last)| last),
        "decisions": { "policy": found.own, "clamped": found.clamped, "fallbacks": fallbacks },
        "unknown_fallbacks": found.unknown_fallbacks,
        "first_difference": first,
        "damaged_at": log.damage(),
        "same": complaints.is_empty(),
    })
}
