//! The stockpoint columns: costs, bounds of orders, and the textbook figures that planning starts from.

use super::number::{from_count, from_wide, nearest, scaled_whole, word, word_up};
use super::planning::{Faced, Lead, Loss, Plan, critical_ratio};
use super::problem::Place;
use super::resolve::{Builder, LOAD_LIMIT};
use super::rows::{NodeRow, Overrides};
use super::season::YEAR_DAYS;
use super::settings::FILE;
use restock_core::layout::Column;
use restock_core::scenario::PROTECTION_DAYS_MAX;

/// Greatest position a scenario allows [units].
const POSITION_LIMIT: i32 = 1 << 28;

/// Sums over the chain that the plans give.
pub(crate) struct Totals {
    /// Holding cost per day of textbook base stock held in full [minor currency units].
    pub(crate) reference_holding: i64,
    /// Greatest position any stockpoint may need [internal units].
    pub(crate) position_max: i32,
}

/// Costs of a stockpoint that planning looks at [minor currency units per internal unit], and its work.
struct Costs {
    holding: i32,
    backorder: i32,
    lost_sale: i32,
    /// Work per unit of the user's.
    work: f64,
}

impl Builder<'_> {
    /// Costs, bounds and textbook figures of every stockpoint.
    pub(crate) fn plans(&mut self, faced: &[Vec<Faced>]) -> Totals {
        let (mut reference, mut position_max) = (0.0, 1);
        for (n, faced) in faced.iter().enumerate() {
            let node = &self.rows.nodes[self.chain.rows[n]];
            let negotiation_cost = self.negotiation_cost(n);
            let (mut work_mean, mut shelf) = (0.0, 0.0);
            for (p, &faced) in faced.iter().enumerate() {
                let costs = self.costs(n, p);
                self.losses_and_talks(n, p, negotiation_cost);
                let ratio = self.critical_ratio(node, &costs);
                let (lead, loss) = (self.lead(n, p), self.loss(n, p));
                let mut plan = Plan::new(lead, node.review_days, faced, loss, ratio);
                if plan.protection_days > i64::try_from(PROTECTION_DAYS_MAX).unwrap_or(i64::MAX) {
                    self.report.error(
                        node.at.clone(),
                        format!("an order at {} must cover {} days", node.name, plan.protection_days),
                        format!("at most {PROTECTION_DAYS_MAX}: shorter lead times or review periods"),
                    );
                    break;
                }
                self.forecast(n, p, lead, &mut plan);
                self.set(Column::ProtectionDays, n, p, word(from_wide(plan.protection_days)).unwrap_or(1));
                self.set(
                    Column::ProtectionSpread,
                    n,
                    p,
                    word(plan.spread() * 65_536.0).unwrap_or(i32::MAX).min(1 << 24),
                );
                self.set(Column::SafetyFactor, n, p, word(plan.factor() * 256.0).unwrap_or(0).clamp(-4096, 4096));
                position_max = position_max.max(self.bounds(n, p, &plan));
                reference += f64::from(costs.holding) * libm::ceil(plan.level());
                if !self.recipes.component(n, p) {
                    work_mean += costs.work * faced.mean / self.good_share(n, p);
                }
                let review = f64::from(node.review_days) * faced.mean;
                shelf += self.rows.products[p].volume * (plan.safety() + review);
            }
            self.check_storage(n, shelf / f64::from(self.rows.settings.unit_scale));
            if let Some(capacity) = node.capacity {
                let needed = work_mean / f64::from(self.rows.settings.unit_scale);
                if needed > capacity {
                    self.report.warning(
                        node.capacity_at.clone(),
                        format!("capacity_per_day is {capacity}, the mean work is {needed:.1} a day"),
                        "above the mean work, or backorders grow without end",
                    );
                }
            }
        }
        let volumes = self.lane_volumes(faced);
        self.check_route_capacity(&volumes);
        Totals { reference_holding: nearest(reference), position_max }
    }

    /// Mean volume a day over each lane.
    fn lane_volumes(&self, faced: &[Vec<Faced>]) -> Vec<f64> {
        let unit = f64::from(self.rows.settings.unit_scale);
        let of = |l: usize| {
            let lane = &self.chain.lanes[l];
            let products = self.rows.products.iter().enumerate();
            let ordered = products
                .filter(|(p, _)| !self.recipes.assembled(lane.customer, *p))
                .map(|(p, product)| product.volume * faced[lane.customer][p].mean * self.grown(l, lane.customer, p));
            ordered.sum::<f64>() * f64::from(lane.share) / 1e6 / unit
        };
        (0..self.chain.lanes.len()).map(of).collect()
    }

    /// Warns of a storage that has no room for what the textbook has on the shelf when a delivery has come.
    fn check_storage(&mut self, n: usize, shelf: f64) {
        let node = &self.rows.nodes[self.chain.rows[n]];
        if let Some(storage) = node.storage.filter(|storage| shelf > *storage) {
            self.report.warning(
                node.storage_at.clone(),
                format!("storage_volume is {storage}, safety stock and a review period's demand take {shelf:.0}"),
                "more, or the yard is never empty",
            );
        }
    }

    /// The lane with the greatest share of a node's orders.
    fn main_lane(&self, n: usize) -> Option<usize> {
        let lanes = (0..self.chain.lanes.len()).filter(|l| self.chain.lanes[*l].customer == n);
        let share = |l: usize| self.chain.lanes[l].share;
        // The first of equal shares: max_by_key would take the last.
        lanes.reduce(|best, l| if share(l) > share(best) { l } else { best })
    }

    /// Lead time over the first route of the main lane at the supplier's base grade, mail and production
    /// included. What is assembled takes its production, with its components at hand; they wait for none.
    fn lead(&self, n: usize, p: usize) -> Lead {
        let production = f64::from(self.rows.nodes[self.chain.rows[n]].production_days.unwrap_or(0));
        if self.recipes.assembled(n, p) {
            return Lead { mean: production, variance: 0.0 };
        }
        let Some(l) = self.main_lane(n) else { return Lead { mean: 1.0, variance: 0.0 } };
        let (plan, mail) = (self.lane_plans[l], f64::from(self.chain.lanes[l].order_days));
        let production = if self.recipes.component(n, p) { 0.0 } else { production };
        Lead { mean: plan.lead_mean + mail + production, variance: plan.lead_variance }
    }

    /// Share of what is ordered that is defective or spoilt.
    fn loss(&self, n: usize, p: usize) -> Loss {
        let spoilt = if self.recipes.component(n, p) { 0.0 } else { 1.0 - self.good_share(n, p) };
        if self.recipes.assembled(n, p) {
            return Loss { mean: spoilt, variance: 0.0 };
        }
        let plan = self.main_lane(n).map_or_else(Default::default, |l| self.lane_plans[l]);
        Loss { mean: 1.0 - (1.0 - plan.defect_mean) * (1.0 - spoilt), variance: plan.defect_variance }
    }

    /// Units that have to be shipped over a lane for each one that gets into its customer's stock.
    pub(crate) fn grown(&self, l: usize, customer: usize, p: usize) -> f64 {
        let spoilt = if self.recipes.component(customer, p) { 1.0 } else { self.good_share(customer, p) };
        1.0 / ((1.0 - self.lane_plans[l].defect_mean) * spoilt)
    }

    /// Share of what a node's production finishes of a product that is good: its `yield`.
    pub(crate) fn good_share(&self, n: usize, p: usize) -> f64 {
        let row = self.chain.rows[n];
        if self.rows.nodes[row].production_days.is_none() {
            return 1.0;
        }
        let over = self.overrides.get(&(row, p)).and_then(|over| over.good_share.as_ref());
        over.or(self.rows.products[p].orders.good_share.as_ref()).map_or(1.0, |share| share.0)
    }

    /// Cost of a step of effort at a node, which is the same on all its lanes [currency per product and day].
    fn negotiation_cost(&mut self, n: usize) -> f64 {
        let lanes = self.chain.lanes.iter().filter(|lane| lane.customer == n);
        let routes: Vec<_> = lanes.flat_map(|lane| lane.routes.iter().map(|k| &self.rows.routes[*k])).collect();
        super::supplier::agreed(&routes, |cells| cells.negotiation_cost, "negotiation_cost", self.report).unwrap_or(0.0)
    }

    /// Sets yield, and the costs of what is scrapped and of negotiation.
    fn losses_and_talks(&mut self, n: usize, p: usize, negotiation_cost: f64) {
        let row = self.chain.rows[n];
        let (node, product, settings) = (&self.rows.nodes[row], &self.rows.products[p], &self.rows.settings);
        let none = Overrides::default();
        let over = self.overrides.get(&(row, p)).unwrap_or(&none);
        let good = self.good_share(n, p);
        let inbound = || (0..self.chain.lanes.len()).filter(|l| self.chain.lanes[*l].customer == n);
        let scraps = good < 1.0 || inbound().any(|l| self.lane_plans[l].defect_mean > 0.0);
        let value = over.unit_value.unwrap_or(product.unit_value * node.value_percent / 100.0);
        let usual = value * settings.costs.scrap_percent / 100.0;
        // Where nothing can be scrapped, nothing has to be proved of its cost.
        let scrap = if scraps { over.scrap_cost.or(product.orders.scrap_cost).unwrap_or(usual) } else { 0.0 };
        let talk = over.negotiation_cost.unwrap_or(negotiation_cost);
        let at = || format!("{}/{}", node.name, product.name);
        let scrap = self.money.minor(scrap / f64::from(settings.unit_scale), "scrap cost", at, self.report);
        let talk = self.money.minor(talk, "negotiation cost", at, self.report);
        self.set(Column::ScrapCost, n, p, scrap);
        self.set(Column::NegotiationCost, n, p, talk);
        self.set(Column::Yield, n, p, word(good * 65_536.0).unwrap_or(1 << 16));
    }

    fn critical_ratio(&self, node: &NodeRow, costs: &Costs) -> f64 {
        let (holding, review) = (f64::from(costs.holding), f64::from(node.review_days));
        if node.sells && node.lost_sales {
            critical_ratio(f64::from(costs.lost_sale), holding * review)
        } else if costs.backorder > 0 || node.sells {
            critical_ratio(f64::from(costs.backorder), holding)
        } else {
            node.service_level.unwrap_or(self.rows.settings.costs.upstream_service_level)
        }
    }

    /// Sets the cost columns of a stockpoint and returns what planning needs of them.
    fn costs(&mut self, n: usize, p: usize) -> Costs {
        let row = self.chain.rows[n];
        let (node, product, settings) = (&self.rows.nodes[row], &self.rows.products[p], &self.rows.settings);
        let none = Overrides::default();
        let over = self.overrides.get(&(row, p)).unwrap_or(&none);
        let value = over.unit_value.unwrap_or(product.unit_value * node.value_percent / 100.0);
        let holding_rate =
            node.holding_percent.unwrap_or(settings.costs.holding_percent_per_year) / 100.0 / from_count(YEAR_DAYS);
        let backorder_rate = node.backorder_percent.unwrap_or(settings.costs.backorder_percent_per_day) / 100.0;
        let where_sold = |applies: bool, cost: f64| if applies { cost } else { 0.0 };
        let backorder = over
            .backorder_cost
            .unwrap_or(where_sold(node.sells && !node.lost_sales, product.unit_price * backorder_rate));
        let lost = over
            .lost_sale_cost
            .unwrap_or(where_sold(node.lost_sales, product.unit_price * settings.costs.lost_sale_percent / 100.0));
        let production =
            over.production_cost.unwrap_or(where_sold(node.production_days.is_some(), product.production_cost));
        let order = over.order_cost.or(node.order_cost).unwrap_or(settings.costs.order_cost);
        let units = f64::from(settings.unit_scale);
        let holding = over.holding_cost.unwrap_or(value * holding_rate);
        let at = || format!("{}/{}", node.name, product.name);
        let mut minor = |cost: f64, what: &'static str| self.money.minor(cost, what, at, self.report);
        let columns = [
            (Column::HoldingCost, minor(holding / units, "holding cost")),
            (Column::BackorderCost, minor(backorder / units, "backorder cost")),
            (Column::LostSaleCost, minor(lost / units, "lost-sale cost")),
            (Column::OrderCost, minor(order, "ordering cost")),
            (Column::ProductionCost, minor(production / units, "production cost")),
            (Column::UnitValue, minor(value / units, "unit value")),
        ];
        let (work, work_at) = match &over.work {
            Some((work, at)) => (*work, at.clone()),
            None => (product.work, product.work_at.clone()),
        };
        let work = where_sold(node.production_days.is_some(), work);
        let work_words = self.load(work, settings.work_scale, settings.unit_scale, LOAD_LIMIT, "work", &work_at);
        columns.iter().for_each(|(column, value)| self.set(*column, n, p, *value));
        self.set(Column::Work, n, p, work_words);
        Costs { holding: columns[0].1, backorder: columns[1].1, lost_sale: columns[2].1, work }
    }

    /// Sets lot size, order bounds and initial inventory; returns the position the stockpoint may need.
    fn bounds(&mut self, n: usize, p: usize, plan: &Plan) -> i32 {
        let row = self.chain.rows[n];
        let none = Overrides::default();
        let over = self.overrides.get(&(row, p)).unwrap_or(&none);
        let orders = &self.rows.products[p].orders;
        let scale = self.rows.settings.unit_scale;
        let report = &mut *self.report;
        let mut units = |given: Option<&(f64, Place)>, name: &str, low: i32, high: i32| {
            given.and_then(|(value, at)| {
                let whole = scaled_whole(*value, scale).filter(|units| (low..=high).contains(units));
                if whole.is_none() {
                    report.error(
                        at.clone(),
                        format!("{name} is {value}"),
                        format!("whole at unit_scale = {scale}, from {low} to {high} internal units"),
                    );
                }
                whole
            })
        };
        let lot = units(over.lot_size.as_ref().or(orders.lot_size.as_ref()), "lot_size", 1, 1 << 24).unwrap_or(1);
        let least = units(over.order_min.as_ref().or(orders.order_min.as_ref()), "order_min", 0, 1 << 24).unwrap_or(0);
        let most = units(over.order_max.as_ref(), "order_max", 0, POSITION_LIMIT);
        let initial = units(over.initial_inventory.as_ref(), "initial_inventory", 0, POSITION_LIMIT);
        // Room for the greatest season and safety a policy may ask for, and for one lot and one minimum order.
        let ample = word_up(4.0 * plan.mean + 20.0 * plan.deviation).unwrap_or(i32::MAX);
        let order_max = most.unwrap_or_else(|| ample.max(least.saturating_add(lot)).clamp(2, POSITION_LIMIT));
        let level = word_up(plan.level()).unwrap_or(i32::MAX);
        // Nothing is on its way on day 0, so that stock has to last through the first lead time: the
        // whole base-stock level stands on the shelf.
        let inventory = initial.unwrap_or(level).min(POSITION_LIMIT);
        // What a supplier keeps for what it assembles, and what nobody can ask for, is not ordered.
        let sold = |node: usize| self.stockpoints[self.at(Column::DemandTable, node, p)] >= 0;
        let ordered = !self.recipes.withheld(self.chain, n, p) && !self.recipes.idle(self.chain, n, p, &sold);
        let (order_max, inventory) = if ordered { (order_max, inventory) } else { (0, 0) };
        if ample > POSITION_LIMIT {
            let place = Place::whole(FILE);
            self.report.error(
                place,
                format!(
                    "{}/{} may need a position of {ample} internal units",
                    self.rows.nodes[row].name, self.rows.products[p].name
                ),
                format!("at most {POSITION_LIMIT}: use a smaller unit_scale"),
            );
        }
        self.set(Column::LotSize, n, p, lot);
        self.set(Column::OrderMin, n, p, least);
        self.set(Column::OrderMax, n, p, order_max);
        self.set(Column::InventoryInitial, n, p, inventory);
        let position = order_max.max(inventory).max(ample.min(POSITION_LIMIT));
        self.set(Column::PositionMax, n, p, position);
        position
    }
}
