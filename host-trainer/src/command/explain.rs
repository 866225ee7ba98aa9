//! `restock explain`: one order in plain words and numbers.

use super::{Common, print, print_json};
use crate::failure::Failure;
use crate::run_folder::RunFolder;
use crate::train::test_seed;
use clap::Args;
use restock_core::action::{self, CAP_FACTORS_Q8, Choice, LEVEL_OFFSETS_Q8, OUTPUTS, Outlook};
use restock_core::blob::{PolicyBlob, best_choices};
use restock_core::observation::{self, FEATURES, SCHEMA};
use restock_core::policy::{Actions, QuantizedPolicy};
use restock_core::{Network, NodeView, Policy};
use std::path::PathBuf;

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

/// What a policy saw and chose for one stockpoint on one day.
struct Told {
    position: i32,
    level_now: i32,
    in_transit: i32,
    waiting: i32,
    outlook: Outlook,
    choice: Choice,
    level: i32,
    cap: i32,
    features: [i8; FEATURES],
    logits: [i32; OUTPUTS],
}

/// Listens to one decision of a policy.
struct Listener<'a> {
    policy: QuantizedPolicy<'a>,
    blob: PolicyBlob<'a>,
    node: usize,
    product: usize,
    day: u32,
    told: Option<Told>,
}

impl Policy for Listener<'_> {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        self.policy.decide(view, actions);
        if view.node() != self.node || view.day() != self.day {
            return;
        }
        let p = view.products();
        let i = self.product;
        let mut all = vec![0i8; FEATURES * p];
        observation::write(view, &mut all);
        let features = std::array::from_fn(|f| all[f * p + i]);
        let mut logits = [0; OUTPUTS];
        let key = view.scenario().nodes()[self.node].key;
        let choice = self.blob.agents().find(|a| a.node_key == key).map_or(Choice::TEXTBOOK, |agent| {
            agent.infer(&features, &mut logits);
            Choice::from_heads(best_choices(&logits, agent.allowed))
        });
        self.told = Some(Told {
            position: view.position()[i],
            level_now: view.inventory_level()[i],
            in_transit: view.in_transit(i),
            waiting: view.waiting_upstream(i),
            outlook: view.outlook(i),
            choice,
            level: actions.level[i],
            cap: actions.cap[i],
            features,
            logits,
        });
    }
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
    let bytes = std::fs::read(&file)
        .map_err(|e| Failure::data(format!("{}: {e}; `restock pack {}` writes it", file.display(), arguments.run.display())))?;
    let blob = PolicyBlob::decode(&bytes).map_err(|e| Failure::data(format!("{}: {e}", file.display())))?;
    let (seed, first_day) = manifest.evaluation.as_ref().map_or((test_seed(problem.training.seed), 0), |e| (e.seed, e.first_day));
    let day = first_day.saturating_add(arguments.day);
    if day >= scenario.horizon_days() {
        return Err(Failure::usage(format!("--day {}: the path has {} days", arguments.day, scenario.horizon_days() - first_day)));
    }
    let mut memory = vec![0i32; Network::words(&scenario)];
    let mut network = Network::new(&scenario, &mut memory).map_err(|e| Failure::failed(e.to_string()))?;
    network.reset(seed, arguments.replica, first_day);
    let mut features = vec![0i8; QuantizedPolicy::bytes(&scenario)];
    let policy = QuantizedPolicy::new(&blob, &scenario, &mut features).map_err(|e| Failure::data(e.to_string()))?;
    let mut listener = Listener { policy, blob, node, product, day, told: None };
    while network.day() <= day {
        network.advance(&mut listener);
    }
    let Some(told) = listener.told else {
        let review = scenario.nodes()[node].review_days;
        return print(&format!("{} decides every {review} days, and not on day {}.", arguments.node, arguments.day));
    };
    let p = scenario.products();
    let ordered: i32 = scenario.nodes()[node].inbound.iter().map(|&l| network.state().ordered_today[usize::from(l) * p + product]).sum();
    let unit = f64::from(scenario.unit_scale());
    let units = |q: i32| f64::from(q) / unit;
    let q12 = |q: i64| q as f64 / 4096.0 / unit;
    let z = f64::from(told.outlook.safety_factor + LEVEL_OFFSETS_Q8[usize::from(told.choice.level)]) / 256.0;
    let textbook = action::level(&told.outlook, Choice::TEXTBOOK.level);
    if common.json {
        let names: serde_json::Map<_, _> = SCHEMA
            .iter()
            .enumerate()
            .map(|(f, s)| (s.name.to_owned(), (f64::from(told.features[f]) / f64::from(s.steps_per_unit)).into()))
            .collect();
        return print_json(&serde_json::json!({
            "format": "restock-explain/1",
            "node": arguments.node, "product": arguments.product, "day": arguments.day, "replica": arguments.replica,
            "position": units(told.position), "inventory_level": units(told.level_now), "in_transit": units(told.in_transit),
            "waiting_upstream": units(told.waiting), "forecast": q12(told.outlook.protection_mean),
            "deviation": q12(told.outlook.protection_deviation), "z": z, "level": units(told.level),
            "textbook_level": units(textbook), "order": units(ordered),
            "choice": told.choice.heads(), "logits": told.logits.to_vec(), "features": names,
        }));
    }
    let safety = units(told.level) - q12(told.outlook.protection_mean);
    let days = scenario.column(restock_core::layout::Column::ProtectionDays, node)[product];
    let cap = match CAP_FACTORS_Q8[usize::from(told.choice.cap)] {
        i32::MAX => "no cap".to_owned(),
        factor => format!("cap {} ({:.1} times the forecast of a review period)", units(told.cap), f64::from(factor) / 256.0),
    };
    let lane = scenario.nodes()[node].inbound.first().map(|&l| &scenario.lanes()[usize::from(l)]);
    let route = lane.map_or("", |lane| {
        let at = lane.first_route + usize::from(told.choice.route) % lane.routes;
        problem.names.routes.get(at).map_or("", String::as_str)
    });
    let mut strongest: Vec<usize> = (0..FEATURES).filter(|&f| told.features[f] != 0).collect();
    strongest.sort_by_key(|&f| std::cmp::Reverse(told.features[f].unsigned_abs()));
    let seen: Vec<String> = strongest
        .iter()
        .take(8)
        .map(|&f| format!("{} {:.2} {}", SCHEMA[f].name, f64::from(told.features[f]) / f64::from(SCHEMA[f].steps_per_unit), SCHEMA[f].unit))
        .collect();
    print(&format!(
        "{} on day {} of path {}, product {}:\n  position {} = level {} + in transit {} + waiting upstream {}{}\n  \
         base-stock level {} = forecast {:.1} over {days} days + safety {safety:.1} (z = {z:.2}; the textbook rule says z = {:.2}, level {})\n  \
         order {} ({cap})\n  route first: {route}; capacity weight {}\n  strongest features: {}",
        arguments.node,
        arguments.day,
        arguments.replica,
        arguments.product,
        units(told.position),
        units(told.level_now),
        units(told.in_transit),
        units(told.waiting),
        if scenario.nodes()[node].produces { " + in the works" } else { "" },
        units(told.level),
        q12(told.outlook.protection_mean),
        f64::from(told.outlook.safety_factor) / 256.0,
        units(textbook),
        units(ordered),
        action::weight(told.choice.weight),
        seen.join(", "),
    ))
}
