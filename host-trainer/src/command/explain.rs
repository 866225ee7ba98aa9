//! `restock explain`: one order in plain words and numbers, and what stood around it.

pub(crate) mod story;
mod surroundings;

use super::{Common, print, print_json};
use crate::failure::Failure;
use crate::run_folder::RunFolder;
use crate::train::test_seed;
use clap::Args;
use restock_core::Network;
use restock_core::blob::PolicyBlob;
use restock_core::policy::QuantizedPolicy;
use std::path::PathBuf;
use story::{Listener, Place, Story};

/// Arguments of `restock explain`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Run folder with a packed policy.
    #[arg(long)]
    pub run: PathBuf,
    /// Node that decides.
    #[arg(long)]
    pub node: String,
    /// Product.
    #[arg(long)]
    pub product: String,
    /// Day of the test path, counted from its first day.
    #[arg(long)]
    pub day: u32,
    /// Test path.
    #[arg(long, default_value_t = 0)]
    pub replica: u32,
}

/// Runs the command.
///
/// # Errors
/// If the run, the node, the product or the day does not exist.
pub fn run(arguments: &Arguments, common: &Common) -> Result<(), Failure> {
    let (folder, manifest, problem) = RunFolder::open(&arguments.run)?;
    let scenario = problem.scenario()?;
    let node = problem.names.node(&arguments.node)?;
    let product = problem.names.product(&arguments.product)?;
    let file = folder.file("restock.policy");
    let bytes = std::fs::read(&file).map_err(|e| {
        Failure::data(format!("{}: {e}; `restock pack {}` writes it", file.display(), arguments.run.display()))
    })?;
    let blob = PolicyBlob::decode(&bytes).map_err(|e| Failure::data(format!("{}: {e}", file.display())))?;
    let (seed, first_day) =
        manifest.evaluation.as_ref().map_or((test_seed(problem.training.seed), 0), |e| (e.seed, e.first_day));
    let day = first_day.saturating_add(arguments.day);
    if day >= scenario.horizon_days() {
        let last = scenario.horizon_days() - 1 - first_day;
        return Err(Failure::usage(format!("--day {}: the last day of the path is {last}", arguments.day)));
    }
    let mut memory = vec![0i32; Network::words(&scenario)];
    let mut network = Network::new(&scenario, &mut memory).map_err(|e| Failure::failed(e.to_string()))?;
    network.reset(seed, arguments.replica, first_day);
    let mut features = vec![0i8; QuantizedPolicy::bytes(&scenario)];
    let policy = QuantizedPolicy::new(&blob, &scenario, &mut features).map_err(|e| Failure::data(e.to_string()))?;
    let mut listener =
        Listener { policy, blob, node: Some(node), products: vec![product], from_day: day, told: Vec::new() };
    while network.day() <= day {
        network.advance(&mut listener);
    }
    let Some(told) = listener.told.first() else {
        let it = &scenario.nodes()[node];
        let next = (day..scenario.horizon_days())
            .find(|&d| it.reviews(d))
            .map_or_else(String::new, |d| format!(", next on day {}", d - first_day));
        return Err(Failure::usage(format!(
            "{} decides every {} days, not on day {}{next}",
            arguments.node, it.review_days, arguments.day
        )));
    };
    let story = Story::of(&network, &problem.names, told);
    if common.json {
        let (node, product) = (arguments.node.as_str(), arguments.product.as_str());
        return print_json(&story.json(&Place { node, product, day: arguments.day, replica: arguments.replica }));
    }
    let date = problem.names.date(day).map_or_else(String::new, |date| format!(" ({date})"));
    let mut lines = vec![format!(
        "{}, {}, day {}{date} of path {}",
        arguments.node, arguments.product, arguments.day, arguments.replica
    )];
    lines.extend(story.lines());
    print(&lines.join("\n  "))
}
