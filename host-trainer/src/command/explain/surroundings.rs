//! What stood around an order: production, routes, negotiation, storage, components.

use crate::problem::Names;
use restock_core::action::{self, WEIGHTS};
use restock_core::layout::{Column, EFFORTS};
use restock_core::network::quality;
use restock_core::scenario::Lane;
use restock_core::{Network, Scenario};

/// What one node decided for one product beside its order, on the day that `network` has just ended.
pub(super) struct Surroundings<'a> {
    /// The chain at the end of the day.
    pub(super) network: &'a Network<'a, 'a>,
    /// What its indices are called.
    pub(super) names: &'a Names,
    /// The node.
    pub(super) node: usize,
    /// The product.
    pub(super) product: usize,
    /// The day, counted from day 0 of the horizon.
    pub(super) day: u32,
    /// Choices of the heads for weight, route and effort.
    pub(super) weight: u8,
    /// Which route came first.
    pub(super) route: u8,
    /// Effort, 0 to 3.
    pub(super) effort: u8,
    /// Volume on hand and in the yard / what the storage holds, when the node decided.
    pub(super) storage_share: f64,
}

/// One subject: what people read and what programs read.
pub(super) struct Subject {
    /// `capacity`, `route`, ...
    pub(super) name: &'static str,
    /// Lines for people.
    pub(super) lines: Vec<String>,
    /// The same for programs.
    pub(super) json: serde_json::Value,
}

impl Surroundings<'_> {
    /// All that there is to tell of this node; what it does not have is left out.
    pub(super) fn subjects(&self) -> Vec<Subject> {
        // What is assembled here comes from no supplier.
        let bought = !self.scenario().bom(&self.scenario().nodes()[self.node]).any(|line| line.product == self.product);
        let from_suppliers = [self.routes(), self.negotiation()].map(|subject| subject.filter(|_| bought));
        let [routes, negotiation] = from_suppliers;
        [self.production(), self.assembly(), routes, negotiation, self.storage()].into_iter().flatten().collect()
    }

    fn scenario(&self) -> &Scenario<'_> {
        self.network.scenario()
    }

    fn units(&self, quantity: i32) -> f64 {
        f64::from(quantity) / f64::from(self.scenario().unit_scale())
    }

    fn money(&self, minor: i64) -> f64 {
        minor as f64 / f64::from(self.scenario().money_scale())
    }

    /// Volume of one unit, in the unit of capacities.
    fn volume(&self) -> i32 {
        self.scenario().volumes().get(self.product).copied().unwrap_or(0)
    }

    /// A value of a `[row][product]` array.
    fn of(&self, rows: &[i32], row: usize) -> i32 {
        rows.get(row * self.scenario().products() + self.product).copied().unwrap_or(0)
    }

    fn lanes(&self) -> impl Iterator<Item = (usize, &Lane)> {
        let lanes = self.scenario().lanes();
        self.scenario().nodes()[self.node].inbound.iter().map(move |&l| (usize::from(l), &lanes[usize::from(l)]))
    }

    /// `factory>shop` of a lane.
    fn lane_name(&self, lane: &Lane) -> String {
        let route = self.names.routes.get(lane.first_route).map_or("?", String::as_str);
        route.rsplit_once(':').map_or(route, |(lane, _)| lane).to_owned()
    }

    /// This product's share of the day's production.
    fn production(&self) -> Option<Subject> {
        let (s, state) = (self.scenario(), self.network.state());
        let node = &s.nodes()[self.node];
        if !node.produces || s.bom(node).any(|line| line.component == self.product) {
            return None; // A component is stocked as it comes.
        }
        let works_days = s.nodes().iter().map(|n| n.production_days).max().unwrap_or(0) + 1;
        let producers = s.nodes().iter().filter(|n| n.produces).count();
        // Production takes the same days for all: what is finished then was started today.
        let slot = (self.day as usize + node.production_days) % works_days;
        let started = self.of(state.works_ring, slot * producers + node.producer_row);
        let waiting = self.of(state.input_stock, node.producer_row);
        let work = s.column(Column::Work, self.node)[self.product];
        let tally = self.network.today()[self.node];
        let mut lines = vec![format!("started {} units, {} still wait", self.units(started), self.units(waiting))];
        if node.capacity.is_some() {
            let own = i64::from(started) * i64::from(work);
            let percent = |part: i64| 100.0 * part as f64 / (tally.work_capacity as f64).max(1.0);
            lines.push(format!(
                "work {own} of the day's {} ({:.1} %; all products {:.1} %), weight {} of {WEIGHTS:?}",
                tally.work_capacity,
                percent(own),
                percent(tally.work_used),
                action::weight(self.weight)
            ));
        }
        let json = serde_json::json!({
            "started": self.units(started), "waiting": self.units(waiting), "work_per_unit": work,
            "work_used": tally.work_used, "work_capacity": tally.work_capacity,
            "limited": node.capacity.is_some(), "weight": action::weight(self.weight),
        });
        Some(Subject { name: "capacity", lines, json })
    }

    /// What it is assembled from, or what it goes into.
    fn assembly(&self) -> Option<Subject> {
        let (s, state) = (self.scenario(), self.network.state());
        let node = &s.nodes()[self.node];
        if node.bom_lines == 0 {
            return None;
        }
        let name = |product: usize| self.names.products.get(product).map_or("?", String::as_str);
        let p = s.products();
        let level = |product: usize| state.inventory_level[self.node * p + product];
        let waiting = |product: usize| state.input_stock[node.producer_row * p + product];
        // On hand of a component: its level and all that waiting orders still need of it.
        let on_hand = |component: usize| {
            let needed = s.bom(node).filter(|line| line.component == component);
            level(component) + needed.map(|line| line.quantity * waiting(line.product)).sum::<i32>()
        };
        let parts: Vec<_> = s.bom(node).filter(|line| line.product == self.product).collect();
        let uses: Vec<_> = s.bom(node).filter(|line| line.component == self.product).collect();
        let mut lines = Vec::new();
        if !parts.is_empty() {
            let each = parts.iter().map(|line| {
                format!("{} {} ({} at hand)", line.quantity, name(line.component), self.units(on_hand(line.component)))
            });
            lines.push(format!(
                "one is assembled from {}; {} wait for parts or capacity",
                each.collect::<Vec<_>>().join(", "),
                self.units(waiting(self.product))
            ));
        }
        if !uses.is_empty() {
            let each = uses.iter().map(|line| {
                let owed = line.quantity * waiting(line.product);
                format!("{} ({} each, {} owed to what waits)", name(line.product), line.quantity, self.units(owed))
            });
            lines.push(format!("goes into {}", each.collect::<Vec<_>>().join(", ")));
        }
        let json = serde_json::json!({
            "parts": parts.iter().map(|line| serde_json::json!({
                "component": name(line.component), "quantity": line.quantity, "on_hand": self.units(on_hand(line.component)),
            })).collect::<Vec<_>>(),
            "goes_into": uses.iter().map(|line| serde_json::json!({
                "product": name(line.product), "quantity": line.quantity,
                "owed": self.units(line.quantity * waiting(line.product)),
            })).collect::<Vec<_>>(),
            "waiting": self.units(waiting(self.product)),
        });
        (!lines.is_empty()).then_some(Subject { name: "assembly", lines, json })
    }

    /// Which way the order goes: the route that comes first, what it promises, costs and carries.
    fn routes(&self) -> Option<Subject> {
        let (s, state) = (self.scenario(), self.network.state());
        let (mut lines, mut list) = (Vec::new(), Vec::new());
        for (_, lane) in self.lanes().filter(|(_, lane)| lane.routes > 1 || lane.staged_row.is_some()) {
            let k = lane.first_route + usize::from(self.route) % lane.routes;
            let Some(route) = s.routes().get(k) else { continue };
            let name = self.names.routes.get(k).map_or("?", String::as_str);
            let freight = self.money(i64::from(s.freight(k)[self.product])) * f64::from(s.unit_scale());
            let mean = f64::from(route.lead_mean_q8) / 256.0;
            let staged = lane.staged_row.map(|row| self.units(self.of(state.staged, row)));
            lines
                .push(format!("{name} first: {mean:.1} days on the mean, {freight:.4} {} a unit", self.names.currency));
            let room = route
                .capacity
                .map(|capacity| format!("volume {} a unit of {capacity} a day for all products", self.volume()));
            let waiting = staged.map(|staged| format!("{staged} wait for transport"));
            let notes: Vec<String> = room.into_iter().chain(waiting).collect();
            if !notes.is_empty() {
                lines.push(notes.join("; "));
            }
            list.push(serde_json::json!({
                "route": name, "lead_time_days": mean, "promise_days": route.promise_days, "freight": freight,
                "capacity": route.capacity, "volume": self.volume(), "waiting_for_transport": staged,
            }));
        }
        (!lines.is_empty()).then_some(Subject { name: "route", lines, json: list.into() })
    }

    /// What its suppliers are like as far as its own receipts tell, and what effort costs and may win.
    fn negotiation(&self) -> Option<Subject> {
        let (s, state) = (self.scenario(), self.network.state());
        let rate = s.column(Column::NegotiationCost, self.node)[self.product];
        let effort = i32::from(self.effort).min(EFFORTS as i32);
        let (mut lines, mut list) = (Vec::new(), Vec::new());
        for (_, lane) in self.lanes() {
            let Some(quality) = &lane.quality else { continue };
            let (on_time, accepted) = quality::shares(self.of(state.score, quality.row));
            let percent = |share_q15: i32| 100.0 * f64::from(share_q15) / 32_768.0;
            let cost = self.money(i64::from(rate) * i64::from(effort));
            let wins = f64::from(quality.lift_q16[effort as usize]) / 65_536.0;
            let name = self.lane_name(lane);
            lines.push(format!(
                "{name}: on time {:.1} %, accepted {:.1} % (own receipts)",
                percent(on_time),
                percent(accepted)
            ));
            lines.push(match (effort, quality.lift_q16[1]) {
                (_, 0) => "nothing to negotiate".to_owned(),
                (0, _) => "no effort".to_owned(),
                _ => format!(
                    "effort {effort} of {EFFORTS} for {cost:.4} {} a day wins {wins:.2} grades in the end",
                    self.names.currency
                ),
            });
            list.push(serde_json::json!({
                "lane": name, "on_time_percent": percent(on_time), "accepted_percent": percent(accepted),
                "effort": effort, "cost_per_day": cost, "grades_won": wins,
            }));
        }
        (!lines.is_empty()).then_some(Subject { name: "negotiation", lines, json: list.into() })
    }

    /// How full the node is, and what waits in the yard.
    fn storage(&self) -> Option<Subject> {
        let (s, state) = (self.scenario(), self.network.state());
        let node = &s.nodes()[self.node];
        let (storage, row) = (node.storage?, node.yard_row?);
        let yard = self.of(state.yard, row);
        let volume = i64::from(yard) * i64::from(self.volume());
        let cost = self.money((volume * i64::from(node.overflow_rate)) >> 10);
        let line = format!(
            "{:.0} % full; {} of this product in the yard, for {cost:.4} {} a day; weight {} of {WEIGHTS:?}",
            100.0 * self.storage_share,
            self.units(yard),
            self.names.currency,
            action::weight(self.weight)
        );
        let json = serde_json::json!({
            "share_used": self.storage_share, "volume": storage, "yard": self.units(yard), "yard_cost_per_day": cost,
            "weight": action::weight(self.weight),
        });
        Some(Subject { name: "storage", lines: vec![line], json })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Problem;
    use restock_core::policy::{Actions, NodeView, Policy, Textbook};

    /// The textbook rule with effort 2 and the second route.
    struct Busy;

    impl Policy for Busy {
        fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
            Textbook.decide(view, actions);
            actions.effort.fill(2);
            actions.route.fill(1);
        }
    }

    /// What is told of a product at a node of the example, after ten weeks.
    fn told(node: &str, product: &str) -> Vec<(&'static str, String)> {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("works");
        crate::input::write_example(&folder).unwrap();
        let problem = Problem::from_folder(&folder).unwrap();
        let scenario = problem.scenario().unwrap();
        let mut memory = vec![0; Network::words(&scenario)];
        let mut network = Network::new(&scenario, &mut memory).unwrap();
        network.reset(3, 0, 0);
        while network.day() < 70 {
            network.advance(&mut Busy);
        }
        let around = Surroundings {
            network: &network,
            names: &problem.names,
            node: problem.names.node(node).unwrap(),
            product: problem.names.product(product).unwrap(),
            day: 69,
            weight: 1,
            route: 1,
            effort: 2,
            storage_share: 0.5,
        };
        around.subjects().into_iter().map(|subject| (subject.name, subject.lines.join("\n"))).collect()
    }

    fn names(told: &[(&'static str, String)]) -> Vec<&'static str> {
        told.iter().map(|(name, _)| *name).collect()
    }

    #[test]
    fn a_node_is_told_of_what_it_has_and_of_nothing_else() {
        let city = told("works", "city");
        println!("{city:#?}");
        assert_eq!(names(&city), ["capacity", "assembly", "storage"], "it is bought from nobody");
        assert!(city[0].1.contains("weight 4 of [1, 4, 16]") && city[0].1.contains("of the day's"), "{}", city[0].1);
        assert!(city[1].1.contains("1 frame (") && city[1].1.contains("2 wheel ("), "{}", city[1].1);
        let pump = told("works", "pump");
        assert_eq!(names(&pump), ["capacity", "route", "negotiation", "storage"]);
        assert!(pump[1].1.starts_with("importer>works:parcel first: 2.0 days on the mean"), "{}", pump[1].1);
        assert!(pump[2].1.contains("importer>works: on time") && pump[2].1.ends_with("nothing to negotiate"));
        let wheel = told("works", "wheel");
        assert_eq!(names(&wheel), ["assembly", "route", "negotiation", "storage"]);
        assert!(wheel[0].1.starts_with("goes into city (2 each") && wheel[0].1.contains("cargo (3 each"));
        let frame = told("importer", "frame");
        assert_eq!(names(&frame), ["negotiation"]);
        // Two steps at 0.4 a step; in the end they win 1.7 grades.
        let expected = "effort 2 of 3 for 0.8000 EUR a day wins 1.70 grades in the end";
        assert!(frame[0].1.ends_with(expected), "{}", frame[0].1);
        assert_eq!(names(&told("shop", "pump")), ["route", "storage"]);
    }
}
