//! `restock explain`: one order in plain words and numbers, and what stood around it.

mod surroundings;

use super::{Common, print, print_json};
use crate::failure::Failure;
use crate::input::calendar::Date;
use crate::run_folder::RunFolder;
use crate::train::test_seed;
use clap::Args;
use restock_core::action::{self, CAP_FACTORS_Q8, Choice, LEVEL_OFFSETS_Q8, OUTPUTS, Outlook};
use restock_core::blob::{PolicyBlob, best_choices};
use restock_core::layout::Column;
use restock_core::observation::{self, FEATURES, SCHEMA};
use restock_core::order::{Bounds, UNLIMITED};
use restock_core::policy::{Actions, QuantizedPolicy};
use restock_core::{Network, NodeView, Policy};
use std::path::PathBuf;
use surroundings::{Subject, Surroundings};

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

/// Features that are told of a decision.
const FEATURES_SHOWN: usize = 9;

/// What a policy saw and chose for one stockpoint on one day.
struct Told {
    position: i32,
    inventory_level: i32,
    in_transit: i32,
    waiting: i32,
    in_works: i32,
    outlook: Outlook,
    choice: Choice,
    storage_share: f64,
    /// Promised today to what is assembled from it, before its own order [units].
    promised: i32,
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
            inventory_level: view.inventory_level()[i],
            in_transit: view.in_transit(i),
            waiting: view.waiting_upstream(i),
            in_works: view.in_works(i).0 + view.in_works(i).1,
            outlook: view.outlook(i),
            choice,
            storage_share: view.storage_pressure_q8() as f64 / 256.0,
            promised: 0,
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
    let mut listener = Listener { policy, blob, node, product, day, told: None };
    while network.day() <= day {
        network.advance(&mut listener);
    }
    let it = &scenario.nodes()[node];
    let Some(mut told) = listener.told else {
        let next = (day..scenario.horizon_days())
            .find(|&d| it.reviews(d))
            .map_or_else(String::new, |d| format!(", next on day {}", d - first_day));
        return Err(Failure::usage(format!(
            "{} decides every {} days, not on day {}{next}",
            arguments.node, it.review_days, arguments.day
        )));
    };
    let p = scenario.products();
    let at_lanes = |rows: &[i32]| it.inbound.iter().map(|&l| rows[usize::from(l) * p + product]).sum::<i32>();
    let word = |column| scenario.column(column, node)[product];
    let bounds = Bounds {
        lot_size: word(Column::LotSize),
        order_min: word(Column::OrderMin),
        order_max: word(Column::OrderMax),
    };
    let made = scenario.bom(it).any(|line| line.product == product);
    if it.bom_lines > 0 {
        told.promised = network.state().dependent[it.bom_row * p + product];
    }
    let ordered = if made {
        let level = told.level.min(word(Column::PositionMax));
        restock_core::order::quantity(level, told.position, told.cap, bounds)
    } else {
        at_lanes(network.state().ordered_today)
    };
    let subjects = Surroundings {
        network: &network,
        names: &problem.names,
        node,
        product,
        day,
        weight: told.choice.weight,
        route: told.choice.route,
        effort: told.choice.effort,
        storage_share: told.storage_share,
    }
    .subjects();
    let story = Story { told: &told, ordered, made, bounds, unit: f64::from(scenario.unit_scale()) };
    if common.json {
        return print_json(&story.json(arguments, &subjects));
    }
    let date = Date::parse(&problem.names.first_date).zip(i32::try_from(day).ok());
    let date = date.map_or_else(String::new, |(first, day)| format!(" ({})", first.plus(day)));
    let mut lines = vec![format!(
        "{}, {}, day {}{date} of path {}",
        arguments.node, arguments.product, arguments.day, arguments.replica
    )];
    lines.extend(story.lines(word(Column::ProtectionDays)));
    for subject in &subjects {
        // The first line under its name, the others below it.
        lines.extend(subject.lines.iter().enumerate().map(|(i, line)| {
            let name = if i == 0 { subject.name } else { "" };
            format!("{name:<14} {line}")
        }));
    }
    lines.extend(story.features());
    print(&lines.join("\n  "))
}

/// A decision in numbers that add up.
struct Story<'a> {
    told: &'a Told,
    ordered: i32,
    /// It is asked of the node's own production, not of a supplier.
    made: bool,
    bounds: Bounds,
    /// Internal units per unit.
    unit: f64,
}

impl Story<'_> {
    fn units(&self, quantity: i32) -> f64 {
        f64::from(quantity) / self.unit
    }

    fn forecast(&self) -> f64 {
        self.told.outlook.protection_mean as f64 / 4096.0 / self.unit
    }

    /// Standard deviations of safety stock, as the textbook has them and as the policy chose.
    fn z(&self) -> (f64, f64) {
        let textbook = self.told.outlook.safety_factor;
        let chosen = textbook + LEVEL_OFFSETS_Q8[usize::from(self.told.choice.level)];
        (f64::from(textbook) / 256.0, f64::from(chosen) / 256.0)
    }

    fn textbook_level(&self) -> f64 {
        self.units(action::level(&self.told.outlook, Choice::TEXTBOOK.level))
    }

    fn cap(&self) -> Option<f64> {
        (self.told.cap != UNLIMITED).then(|| self.units(self.told.cap))
    }

    fn json(&self, arguments: &Arguments, subjects: &[Subject]) -> serde_json::Value {
        let told = self.told;
        let features: serde_json::Map<_, _> = SCHEMA
            .iter()
            .zip(told.features)
            .map(|(s, f)| (s.name.to_owned(), (f64::from(f) / f64::from(s.steps_per_unit)).into()))
            .collect();
        let around: serde_json::Map<_, _> =
            subjects.iter().map(|subject| (subject.name.to_owned(), subject.json.clone())).collect();
        serde_json::json!({
            "format": "restock-explain/1",
            "node": arguments.node, "product": arguments.product, "day": arguments.day, "replica": arguments.replica,
            "position": self.units(told.position - told.promised), "inventory_level": self.units(told.inventory_level),
            "in_transit": self.units(told.in_transit), "waiting_upstream": self.units(told.waiting),
            "in_works": self.units(told.in_works), "promised_to_assembly": self.units(told.promised),
            "level": self.units(told.level), "forecast": self.forecast(), "safety": self.units(told.level) - self.forecast(),
            "deviation": told.outlook.protection_deviation as f64 / 4096.0 / self.unit,
            "z": self.z().1, "textbook_z": self.z().0, "textbook_level": self.textbook_level(),
            "order": self.units(self.ordered), "cap": self.cap(), "lot_size": self.units(self.bounds.lot_size),
            "order_min": self.units(self.bounds.order_min), "order_max": self.units(self.bounds.order_max),
            "choice": told.choice.heads(), "logits": told.logits.to_vec(), "features": features, "around": around,
        })
    }

    fn lines(&self, protection_days: i32) -> Vec<String> {
        let told = self.told;
        let units = |quantity| self.units(quantity);
        let works =
            if told.in_works == 0 { String::new() } else { format!(" + in the works {}", units(told.in_works)) };
        let promised = if told.promised == 0 {
            String::new()
        } else {
            format!(" - promised to assembly {}", units(told.promised))
        };
        let safety = units(told.level) - self.forecast();
        let (textbook_z, z) = self.z();
        let textbook = if told.choice.level == Choice::TEXTBOOK.level {
            ", as the textbook has it".to_owned()
        } else {
            format!("; the textbook: level {} with z {textbook_z:.2}", self.textbook_level())
        };
        // One digit more than the unit scale has, so that what is shown adds up.
        let digits = 1 + self.unit.log10().ceil() as usize;
        let sign = if safety < 0.0 { '-' } else { '+' };
        vec![
            format!(
                "position       {} = inventory level {} + in transit {} + waiting upstream {}{works}{promised}",
                units(told.position - told.promised),
                units(told.inventory_level),
                units(told.in_transit),
                units(told.waiting)
            ),
            format!(
                "level          {} = forecast {:.digits$} of {protection_days} days {sign} safety {:.digits$} (z {z:.2}{textbook})",
                units(told.level),
                self.forecast(),
                safety.abs()
            ),
            format!("order          {}", self.order()),
        ]
    }

    /// `36: missing 29 (level - position), in lots of 12`.
    fn order(&self) -> String {
        let (told, bounds) = (self.told, self.bounds);
        let ordered = self.units(self.ordered);
        let missing = i64::from(told.level) - i64::from(told.position - told.promised);
        if missing <= 0 {
            return format!("{ordered}: the position covers the level");
        }
        let missing_units = missing as f64 / self.unit;
        let mut reasons = Vec::new();
        if i64::from(told.cap) < missing {
            let factor = f64::from(CAP_FACTORS_Q8[usize::from(told.choice.cap)]) / 256.0;
            reasons.push(format!(
                "capped at {} ({factor:.1} times the forecast of a review period)",
                self.units(told.cap)
            ));
        }
        if i64::from(bounds.order_min) > missing {
            reasons.push(format!("the minimum order is {}", self.units(bounds.order_min)));
        }
        if i64::from(bounds.order_max) < missing {
            reasons.push(format!("the greatest order is {}", self.units(bounds.order_max)));
        }
        if missing % i64::from(bounds.lot_size.max(1)) != 0 {
            reasons.push(format!("lots of {}", self.units(bounds.lot_size)));
        }
        if self.made {
            reasons.push("asked of its own production".to_owned());
        }
        let reasons = if reasons.is_empty() { String::new() } else { format!("; {}", reasons.join(", ")) };
        format!("{ordered}: {missing_units} missing (level - position){reasons}")
    }

    /// What stood out among the features, the largest first, in lines of a readable length.
    fn features(&self) -> Vec<String> {
        let features = &self.told.features;
        let mut largest: Vec<usize> = (0..FEATURES).filter(|&f| features[f] != 0).collect();
        largest.sort_by_key(|&f| std::cmp::Reverse(features[f].unsigned_abs()));
        largest.truncate(FEATURES_SHOWN);
        let shown = |&f: &usize| {
            let value = f64::from(features[f]) / f64::from(SCHEMA[f].steps_per_unit);
            format!("{} {value:.2} {}", SCHEMA[f].name, SCHEMA[f].unit).trim_end().to_owned()
        };
        let head = |i| if i == 0 { "saw, mostly    " } else { "               " };
        largest
            .chunks(3)
            .enumerate()
            .map(|(i, row)| head(i).to_owned() + &row.iter().map(shown).collect::<Vec<_>>().join(", "))
            .collect()
    }
}
