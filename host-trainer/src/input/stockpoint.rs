//! The stockpoint columns: costs, bounds of orders, and the textbook figures that planning starts from.

use super::number::{from_count, from_wide, nearest, scaled_whole, word, word_up};
use super::planning::{Faced, Lead, Plan, critical_ratio};
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
            let lead = self.lead(n);
            let mut work_mean = 0.0;
            for (p, &faced) in faced.iter().enumerate() {
                let costs = self.costs(n, p);
                let ratio = self.critical_ratio(node, &costs);
                let mut plan = Plan::new(lead, node.review_days, faced, ratio);
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
                self.set(Column::SafetyFactor, n, p, word(plan.safety_factor * 256.0).unwrap_or(0).clamp(-4096, 4096));
                position_max = position_max.max(self.bounds(n, p, &plan));
                reference += f64::from(costs.holding) * libm::ceil(plan.level());
                work_mean += costs.work * faced.mean;
            }
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
        Totals { reference_holding: nearest(reference), position_max }
    }

    /// Lead time over the first route of the lane with the greatest share, mail and production included.
    fn lead(&self, n: usize) -> Lead {
        let lanes = self.chain.lanes.iter().filter(|lane| lane.customer == n);
        // The first of equal shares: max_by_key would take the last.
        let Some(lane) = lanes.reduce(|best, lane| if lane.share > best.share { lane } else { best }) else {
            return Lead { mean: 1.0, variance: 0.0 };
        };
        let days = &self.rows.routes[lane.routes[0]].lead_time;
        let mean: f64 = days.iter().map(|(d, p)| d * p).sum();
        let square: f64 = days.iter().map(|(d, p)| d * d * p).sum();
        let production = self.rows.nodes[self.chain.rows[n]].production_days.unwrap_or(0);
        Lead {
            mean: mean + f64::from(lane.order_days) + f64::from(production),
            variance: (square - mean * mean).max(0.0),
        }
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
        self.set(Column::Yield, n, p, 1 << 16);
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
