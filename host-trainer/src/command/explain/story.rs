//! Why an order was what it was: the facts of a decision, and the words for them.
//!
//! `restock explain` tells one decision, `restock report` those of a year: both in these words.

use super::surroundings::{Subject, Surroundings};
use crate::problem::Names;
use restock_core::action::{self, CAP_FACTORS_Q8, Choice, LEVEL_OFFSETS_Q8, OUTPUTS, Outlook};
use restock_core::blob::{PolicyBlob, best_choices};
use restock_core::layout::Column;
use restock_core::observation::{self, FEATURES, SCHEMA};
use restock_core::order::{Bounds, UNLIMITED};
use restock_core::policy::{Actions, QuantizedPolicy};
use restock_core::{Network, NodeView, Policy};

/// Features that are told of a decision.
const FEATURES_SHOWN: usize = 9;

/// What a policy saw and chose for one stockpoint on one day.
pub(crate) struct Told {
    /// The node.
    pub(crate) node: usize,
    /// The product.
    pub(crate) product: usize,
    /// The day, counted from day 0 of the horizon.
    pub(crate) day: u32,
    position: i32,
    inventory_level: i32,
    in_transit: i32,
    waiting: i32,
    in_works: i32,
    outlook: Outlook,
    choice: Choice,
    storage_share: f64,
    level: i32,
    cap: i32,
    /// Expedited position and level, where a fast route may be used.
    expedited: Option<(i32, i32)>,
    features: [i8; FEATURES],
    logits: [i32; OUTPUTS],
}

/// Listens to decisions of a policy.
pub(crate) struct Listener<'a> {
    /// The policy that decides.
    pub(crate) policy: QuantizedPolicy<'a>,
    /// The file that it comes from.
    pub(crate) blob: PolicyBlob<'a>,
    /// Whose decisions are listened to; of all nodes if none.
    pub(crate) node: Option<usize>,
    /// The products of interest.
    pub(crate) products: Vec<usize>,
    /// First day of interest.
    pub(crate) from_day: u32,
    /// What was heard since it was last emptied, in the order of nodes and of `products`.
    pub(crate) told: Vec<Told>,
}

impl Policy for Listener<'_> {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        self.policy.decide(view, actions);
        let node = view.node();
        if self.node.is_some_and(|only| only != node) || view.day() < self.from_day {
            return;
        }
        let p = view.products();
        let mut all = vec![0i8; FEATURES * p];
        observation::write(view, &mut all);
        let key = view.scenario().nodes()[node].key;
        let agent = self.blob.agents().find(|a| a.node_key == key);
        for &i in &self.products {
            let features = std::array::from_fn(|f| all[f * p + i]);
            let mut logits = [0; OUTPUTS];
            let choice = agent.as_ref().map_or(Choice::TEXTBOOK, |agent| {
                agent.infer(&features, &mut logits);
                Choice::from_heads(best_choices(&logits, agent.allowed))
            });
            self.told.push(Told {
                node,
                product: i,
                day: view.day(),
                position: view.position()[i],
                inventory_level: view.inventory_level()[i],
                in_transit: view.in_transit(i),
                waiting: view.waiting_upstream(i),
                in_works: view.in_works(i).0 + view.in_works(i).1,
                outlook: view.outlook(i),
                choice,
                storage_share: view.storage_pressure_q8() as f64 / 256.0,
                level: actions.level[i],
                cap: actions.cap[i],
                expedited: view.expedited_position(i).map(|position| (position, actions.expedite[i])),
                features,
                logits,
            });
        }
    }
}

/// Where and when a decision was made, as its user names it.
pub(crate) struct Place<'a> {
    /// The node.
    pub(crate) node: &'a str,
    /// The product.
    pub(crate) product: &'a str,
    /// Day of the path.
    pub(crate) day: u32,
    /// The path.
    pub(crate) replica: u32,
}

/// A decision in numbers that add up.
pub(crate) struct Story<'a> {
    told: &'a Told,
    ordered: i32,
    /// What of it goes over the fast route [units].
    rushed: i32,
    /// It is asked of the node's own production, not of a supplier.
    made: bool,
    /// Promised today to what is assembled from it, before its own order [units].
    promised: i32,
    bounds: Bounds,
    protection_days: i32,
    /// Internal units per unit.
    unit: f64,
    /// What stood around it.
    subjects: Vec<Subject>,
}

impl<'a> Story<'a> {
    /// Of a decision on the day that `network` has just ended.
    pub(crate) fn of(network: &Network<'_, '_>, names: &Names, told: &'a Told) -> Self {
        let (scenario, node, product) = (network.scenario(), told.node, told.product);
        let (it, p) = (&scenario.nodes()[node], scenario.products());
        let word = |column| scenario.column(column, node)[product];
        let bounds = Bounds {
            lot_size: word(Column::LotSize),
            order_min: word(Column::OrderMin),
            order_max: word(Column::OrderMax),
        };
        let made = scenario.bom(it).any(|line| line.product == product);
        let promised = if it.bom_lines > 0 { network.state().dependent[it.bom_row * p + product] } else { 0 };
        let ordered = if made {
            let level = told.level.min(word(Column::PositionMax));
            restock_core::order::quantity(level, told.position, told.cap, bounds)
        } else {
            let rows = network.state().ordered_today;
            it.inbound.iter().map(|&l| rows[usize::from(l) * p + product]).sum()
        };
        let rushed = told.expedited.map_or(0, |(position, level)| {
            let room = (word(Column::PositionMax) - told.position).max(0);
            restock_core::order::quantity(level, position, room, bounds)
        });
        let around = Surroundings {
            network,
            names,
            node,
            product,
            day: told.day,
            weight: told.choice.weight,
            route: told.choice.route,
            effort: told.choice.effort,
            storage_share: told.storage_share,
        };
        Self {
            told,
            ordered,
            rushed,
            made,
            promised,
            bounds,
            protection_days: word(Column::ProtectionDays),
            unit: f64::from(scenario.unit_scale()),
            subjects: around.subjects(),
        }
    }

    /// All of it, in lines for people.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = self.sum();
        for subject in &self.subjects {
            // The first line under its name, the others below it.
            lines.extend(subject.lines.iter().enumerate().map(|(i, line)| {
                let name = if i == 0 { subject.name } else { "" };
                format!("{name:<14} {line}")
            }));
        }
        lines.extend(self.features());
        lines
    }

    /// What was ordered [units of the user].
    pub(crate) fn ordered(&self) -> f64 {
        self.units(self.ordered)
    }

    /// The level that the order brings the position up to [units of the user].
    pub(crate) fn level(&self) -> f64 {
        self.units(self.told.level)
    }

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

    /// All of it for programs; `place` says which node, product, day and path.
    pub(crate) fn json(&self, place: &Place<'_>) -> serde_json::Value {
        let told = self.told;
        let features: serde_json::Map<_, _> = SCHEMA
            .iter()
            .zip(told.features)
            .map(|(s, f)| (s.name.to_owned(), (f64::from(f) / f64::from(s.steps_per_unit)).into()))
            .collect();
        let around: serde_json::Map<_, _> =
            self.subjects.iter().map(|subject| (subject.name.to_owned(), subject.json.clone())).collect();
        serde_json::json!({
            "format": "restock-explain/1",
            "node": place.node, "product": place.product, "day": place.day, "replica": place.replica,
            "position": self.units(told.position - self.promised), "inventory_level": self.units(told.inventory_level),
            "in_transit": self.units(told.in_transit), "waiting_upstream": self.units(told.waiting),
            "in_works": self.units(told.in_works), "promised_to_assembly": self.units(self.promised),
            "level": self.units(told.level), "forecast": self.forecast(), "safety": self.units(told.level) - self.forecast(),
            "deviation": told.outlook.protection_deviation as f64 / 4096.0 / self.unit,
            "z": self.z().1, "textbook_z": self.z().0, "textbook_level": self.textbook_level(),
            "order": self.units(self.ordered), "rushed": self.units(self.rushed), "cap": self.cap(), "lot_size": self.units(self.bounds.lot_size),
            "order_min": self.units(self.bounds.order_min), "order_max": self.units(self.bounds.order_max),
            "choice": told.choice.heads(), "logits": told.logits.to_vec(), "features": features, "around": around,
        })
    }

    /// How position, level and order came about.
    fn sum(&self) -> Vec<String> {
        let protection_days = self.protection_days;
        let told = self.told;
        let units = |quantity| self.units(quantity);
        let works =
            if told.in_works == 0 { String::new() } else { format!(" + in the works {}", units(told.in_works)) };
        let promised = if self.promised == 0 {
            String::new()
        } else {
            format!(" - promised to assembly {}", units(self.promised))
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
        let rush = told.expedited.filter(|_| self.rushed > 0).map(|(position, level)| {
            format!(
                "rush           {} over the fast route: {} will be here before it arrives, {} should be",
                units(self.rushed),
                units(position),
                units(level)
            )
        });
        let mut lines = vec![
            format!(
                "position       {} = inventory level {} + in transit {} + waiting upstream {}{works}{promised}",
                units(told.position - self.promised),
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
        ];
        lines.extend(rush);
        lines.push(format!("order          {}", self.order()));
        lines
    }

    /// `36: missing 29 (level - position), in lots of 12`.
    fn order(&self) -> String {
        let (told, bounds) = (self.told, self.bounds);
        let ordered = self.units(self.ordered);
        let missing = i64::from(told.level) - i64::from(told.position - self.promised) - i64::from(self.rushed);
        let rushed = if self.rushed > 0 { format!(" {} rushed, and", self.units(self.rushed)) } else { String::new() };
        if missing <= 0 {
            return format!("{ordered}:{rushed} the position covers the level");
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
        format!("{ordered}:{rushed} {missing_units} missing (level - position){reasons}")
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
