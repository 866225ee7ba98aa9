//! Rows that are right by themselves become one network: names to indices, defaults filled in,
//! every quantity in internal units.

use super::chain::{Chain, chain};
use super::compile::Compiled;
use super::demand::Demand;
use super::distribution::Distribution;
use super::history::History;
use super::money::Money;
use super::number::{from_count, from_wide, scaled_whole, word, word_up};
use super::planning::{Faced, Lead, Plan, critical_ratio};
use super::problem::{Place, Report, quoted};
use super::rows::{NodeRow, Overrides, ProductRow, RouteRow, StockpointRow};
use super::season::YEAR_DAYS;
use super::settings::{Settings, FILE};
use super::spec::{LaneSpec, NetworkSpec, NodeSpec, ProductSpec, ProfileSpec, RouteSpec};
use super::spelling::suggestion;
use restock_core::convert;
use restock_core::layout::{Column, STOCKPOINT_COLUMNS};
use restock_core::scenario::{PRODUCTS_MAX, PROTECTION_DAYS_MAX};
use restock_core::table::Table;
use std::collections::HashMap;

/// Greatest position a scenario allows [units].
const POSITION_LIMIT: i32 = 1 << 28;
/// Greatest work or volume of one internal unit.
const LOAD_LIMIT: f64 = 1_048_576.0;

/// All rows of a network folder.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) settings: Settings,
    pub(crate) nodes: Vec<NodeRow>,
    pub(crate) routes: Vec<RouteRow>,
    pub(crate) products: Vec<ProductRow>,
    pub(crate) stockpoints: Vec<StockpointRow>,
    pub(crate) history: Option<History>,
}

/// The network, or `None` after reporting why there is none. The spec may still be refused by the
/// simulator's own checks.
pub(crate) fn network(rows: &Rows, report: &mut Report) -> Option<NetworkSpec> {
    let settings = &rows.settings;
    if rows.products.is_empty() || rows.products.len() > PRODUCTS_MAX {
        report.error(Place::whole("products.csv"), format!("{} products", rows.products.len()), format!("1 to {PRODUCTS_MAX}"));
    }
    let overrides = overrides(rows, report);
    let chain = chain(&rows.nodes, &rows.routes, report);
    let demand = Demand::new(rows, &overrides, report);
    super::events::check_names(rows, report);
    let (Some(chain), true) = (chain, report.errors() == 0) else { return None };

    let mut builder = Builder {
        rows,
        overrides: &overrides,
        chain: &chain,
        report,
        money: Money::new(settings.money_scale, settings.money_scale_at.clone()),
        stockpoints: vec![0; STOCKPOINT_COLUMNS * rows.nodes.len() * rows.products.len()],
        tables: Vec::new(),
        table_of: HashMap::new(),
    };
    let nodes = builder.nodes();
    let (lanes, routes) = builder.lanes();
    let products = builder.products();
    let (profiles, profile_of) = profiles(&demand, settings);
    let faced = builder.demand(&demand, &profile_of);
    let totals = builder.plans(&faced);
    let Builder { money, stockpoints, tables, .. } = builder;
    money.finish(report);
    let events = super::events::resolved(rows, &chain, report);
    let (replay_days, replay) = demand.replay(rows, &chain, report);
    let ring_days = ring_days(&chain, rows);
    let mut spec = NetworkSpec {
        name: settings.name.clone(),
        currency: settings.currency.clone(),
        start: settings.start,
        horizon_days: settings.horizon_days,
        ring_days,
        smoothing_shift: settings.smoothing_shift,
        unit_scale: settings.unit_scale,
        money_scale: settings.money_scale,
        reference_holding: totals.reference_holding.max(1),
        demand_max: 0,
        position_max: totals.position_max,
        score: settings.score,
        nodes,
        lanes,
        routes,
        products,
        stockpoints,
        profiles,
        events,
        tables,
        replay_days,
        replay,
    };
    match demand_max(&spec) {
        Some(most) => spec.demand_max = most,
        None => report.error(Place::whole(FILE), "demand of one day could pass 2^30 internal units", "a smaller unit_scale, season or event"),
    }
    if report.errors() > 0 {
        return None;
    }
    debug_assert!(spec.is_consistent());
    Some(spec)
}

/// What `stockpoints.csv` says, by rows of `nodes.csv` and `products.csv`.
fn overrides(rows: &Rows, report: &mut Report) -> HashMap<(usize, usize), Overrides> {
    let node_of: HashMap<&str, usize> = rows.nodes.iter().enumerate().map(|(i, n)| (n.name.as_str(), i)).collect();
    let product_of: HashMap<&str, usize> = rows.products.iter().enumerate().map(|(i, p)| (p.name.as_str(), i)).collect();
    let mut found = HashMap::new();
    for row in &rows.stockpoints {
        let node = node_of.get(row.node.as_str());
        let product = product_of.get(row.product.as_str());
        if node.is_none() {
            report.error(row.node_at.clone(), format!("node {} is not in nodes.csv", quoted(&row.node)), suggestion(&row.node, node_of.keys().copied()));
        }
        if product.is_none() {
            report.error(row.product_at.clone(), format!("product {} is not in products.csv", quoted(&row.product)), suggestion(&row.product, product_of.keys().copied()));
        }
        if let (Some(&node), Some(&product)) = (node, product) {
            if let (Some((_, at)), false) = (&row.overrides.demand, rows.nodes[node].sells) {
                report.error(at.clone(), format!("demand at node {}, which sells to no customers", quoted(&row.node)), "empty, or sells = yes in nodes.csv");
            }
            found.insert((node, product), row.overrides.clone());
        }
    }
    found
}

/// Sums over the chain that the plans give.
struct Totals {
    reference_holding: i64,
    position_max: i32,
}

struct Builder<'r> {
    rows: &'r Rows,
    overrides: &'r HashMap<(usize, usize), Overrides>,
    chain: &'r Chain,
    report: &'r mut Report,
    money: Money,
    stockpoints: Vec<i32>,
    tables: Vec<Compiled>,
    /// Tables by their words: equal ones are kept once.
    table_of: HashMap<Vec<i32>, usize>,
}

impl Builder<'_> {
    fn nodes(&mut self) -> Vec<NodeSpec> {
        let mut nodes = Vec::new();
        for (n, &row) in self.chain.rows.iter().enumerate() {
            let node = &self.rows.nodes[row];
            let capacity = node.capacity.map(|c| self.load(c, self.rows.settings.work_scale, 1, f64::from(1 << 30), "capacity_per_day", &node.capacity_at));
            nodes.push(NodeSpec {
                name: node.name.clone(),
                sells: node.sells,
                lost_sales: node.lost_sales,
                echelon: self.chain.echelons[n],
                review_days: node.review_days,
                review_offset: node.review_offset,
                allocation: node.allocation,
                production_days: node.production_days,
                capacity,
            });
        }
        nodes
    }

    /// Work or volume in internal units, rounded; warns where rounding loses much.
    fn load(&mut self, value: f64, scale: i32, units: i32, most: f64, what: &str, at: &Place) -> i32 {
        let exact = value * f64::from(scale) / f64::from(units);
        if exact > most {
            self.report.error(at.clone(), format!("{what} is {value}, {exact:.0} internal units"), format!("at most {most}: use a smaller scale in {FILE}"));
            return 0;
        }
        let rounded = word(exact).unwrap_or(0);
        if exact > 0.0 && libm::fabs(f64::from(rounded) - exact) > 0.001 * exact {
            self.report.warning(at.clone(), format!("{what} {value} is rounded to {rounded} internal units from {exact:.4}"), format!("whole: use a larger scale (volume_scale, work_scale) in {FILE}"));
        }
        rounded
    }

    fn lanes(&mut self) -> (Vec<LaneSpec>, Vec<RouteSpec>) {
        let settings = &self.rows.settings;
        let (mut lanes, mut routes) = (Vec::new(), Vec::new());
        for (l, lane) in self.chain.lanes.iter().enumerate() {
            for &k in &lane.routes {
                let row = &self.rows.routes[k];
                let lead = Distribution::Table(row.lead_time.clone()).compile(1).unwrap_or_else(|_| constant_one());
                let mean = lead.mean;
                let lead_table = self.table(lead);
                let capacity = row.capacity.map(|c| self.load(c, settings.volume_scale, 1, f64::from(1 << 30), "capacity_per_day", &row.capacity_at));
                let freight = self.rows.products.iter().map(|p| {
                    let cost = (row.freight_per_unit + row.freight_per_volume * p.volume) / f64::from(settings.unit_scale);
                    self.money.minor(cost, "freight", || format!("{}>{}:{} of {}", row.supplier, row.customer, row.route, p.name), self.report)
                });
                let freight = freight.collect();
                routes.push(RouteSpec { name: row.route.clone(), lane: l, lead_table, lead_mean_q8: word(mean * 256.0).unwrap_or(256).max(256), capacity, freight });
            }
            lanes.push(LaneSpec { supplier: lane.supplier, customer: lane.customer, routes: lane.routes.len(), order_days: lane.order_days, priority: lane.priority, share: lane.share });
        }
        (lanes, routes)
    }

    fn products(&mut self) -> Vec<ProductSpec> {
        let settings = &self.rows.settings;
        let mut products = Vec::new();
        for p in &self.rows.products {
            let volume = self.load(p.volume, settings.volume_scale, settings.unit_scale, LOAD_LIMIT, "volume", &p.volume_at);
            products.push(ProductSpec { name: p.name.clone(), volume });
        }
        products
    }

    fn table(&mut self, compiled: Compiled) -> usize {
        if let Some(&at) = self.table_of.get(&compiled.words) {
            return at;
        }
        let at = self.tables.len();
        self.table_of.insert(compiled.words.clone(), at);
        self.tables.push(compiled);
        at
    }

    fn set(&mut self, column: Column, node: usize, product: usize, value: i32) {
        let at = (column.at() * self.chain.rows.len() + node) * self.rows.products.len() + product;
        self.stockpoints[at] = value;
    }

    /// Demand tables and profiles, and the demand each stockpoint faces: its customers' and its
    /// lanes' share of what the nodes below it face. Shape `[node][product]`.
    fn demand(&mut self, demand: &Demand, profile_of: &HashMap<(usize, bool), usize>) -> Vec<Vec<Faced>> {
        let products = self.rows.products.len();
        let mut faced = vec![vec![Faced::default(); products]; self.chain.rows.len()];
        for (n, &row) in self.chain.rows.iter().enumerate() {
            for p in 0..products {
                let season = demand.season(p);
                let sells = self.rows.nodes[row].sells;
                let profile = convert::word(profile_of.get(&(season, !sells)).copied().unwrap_or(0));
                self.set(Column::DemandProfile, n, p, profile);
                self.set(Column::ForecastProfile, n, p, profile);
                let table = demand.table(row, p).cloned();
                if let Some(table) = &table {
                    // Seven even days have less variance than the weekly cycle's.
                    faced[n][p] = Faced { mean: table.mean, variance: table.variance * demand.profile(season).weekly_power() };
                }
                let index = table.map_or(-1, |table| convert::word(self.table(table)));
                self.set(Column::DemandTable, n, p, index);
                for lane in self.chain.lanes.iter().filter(|lane| lane.supplier == Some(n)) {
                    let share = f64::from(lane.share) / 1e6;
                    let below = faced[lane.customer][p];
                    faced[n][p].mean += share * below.mean;
                    faced[n][p].variance += share * share * below.variance;
                }
                match word(faced[n][p].mean * 4096.0) {
                    Some(mean) => self.set(Column::DemandMean, n, p, mean),
                    None => self.report.error(
                        Place::whole(FILE),
                        format!("mean demand of {}/{} is {:.0} internal units a day", self.rows.nodes[row].name, self.rows.products[p].name, faced[n][p].mean),
                        format!("below {}: use a smaller unit_scale", i32::MAX / 4096),
                    ),
                }
            }
        }
        faced
    }

    /// Costs, bounds and textbook figures of every stockpoint.
    fn plans(&mut self, faced: &[Vec<Faced>]) -> Totals {
        let (mut reference, mut position_max) = (0.0, 1);
        for n in 0..self.chain.rows.len() {
            let node = &self.rows.nodes[self.chain.rows[n]];
            let lead = self.lead(n);
            let mut work_mean = 0.0;
            for p in 0..self.rows.products.len() {
                let costs = self.costs(n, p);
                let ratio = self.critical_ratio(node, &costs);
                let plan = Plan::new(lead, node.review_days, faced[n][p], ratio);
                if plan.protection_days > i64::try_from(PROTECTION_DAYS_MAX).unwrap_or(i64::MAX) {
                    self.report.error(node.at.clone(), format!("an order at {} must cover {} days", node.name, plan.protection_days), format!("at most {PROTECTION_DAYS_MAX}: shorter lead times or review periods"));
                    break;
                }
                self.set(Column::ProtectionDays, n, p, word(from_wide(plan.protection_days)).unwrap_or(1));
                self.set(Column::ProtectionSpread, n, p, word(plan.spread() * 65_536.0).unwrap_or(i32::MAX).min(1 << 24));
                self.set(Column::SafetyFactor, n, p, word(plan.safety_factor * 256.0).unwrap_or(0).clamp(-4096, 4096));
                position_max = position_max.max(self.bounds(n, p, &plan));
                reference += f64::from(costs.holding) * libm::ceil(plan.level());
                work_mean += costs.work * faced[n][p].mean;
            }
            if let Some(capacity) = node.capacity {
                let needed = work_mean / f64::from(self.rows.settings.unit_scale);
                if needed > capacity {
                    self.report.warning(node.capacity_at.clone(), format!("capacity_per_day is {capacity}, the mean work is {needed:.1} a day"), "above the mean work, or backorders grow without end");
                }
            }
        }
        Totals { reference_holding: super::number::nearest(reference), position_max }
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
        Lead { mean: mean + f64::from(lane.order_days) + f64::from(production), variance: (square - mean * mean).max(0.0) }
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
        let holding_rate = node.holding_percent.unwrap_or(settings.costs.holding_percent_per_year) / 100.0 / from_count(YEAR_DAYS);
        let backorder_rate = node.backorder_percent.unwrap_or(settings.costs.backorder_percent_per_day) / 100.0;
        let where_sold = |applies: bool, cost: f64| if applies { cost } else { 0.0 };
        let backorder = over.backorder_cost.unwrap_or(where_sold(node.sells && !node.lost_sales, product.unit_price * backorder_rate));
        let lost = over.lost_sale_cost.unwrap_or(where_sold(node.lost_sales, product.unit_price * settings.costs.lost_sale_percent / 100.0));
        let production = over.production_cost.unwrap_or(where_sold(node.production_days.is_some(), product.production_cost));
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
                    report.error(at.clone(), format!("{name} is {value}"), format!("whole at unit_scale = {scale}, from {low} to {high} internal units"));
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
        let order_max = most.unwrap_or_else(|| ample.max(least.saturating_add(lot)).max(2).min(POSITION_LIMIT));
        let level = word_up(plan.level()).unwrap_or(i32::MAX);
        // Nothing is on its way on day 0, so that stock has to last through the first lead time: the
        // whole base-stock level stands on the shelf.
        let inventory = initial.unwrap_or(level).min(POSITION_LIMIT);
        if ample > POSITION_LIMIT {
            let place = Place::whole(FILE);
            self.report.error(place, format!("{}/{} may need a position of {ample} internal units", self.rows.nodes[row].name, self.rows.products[p].name), format!("at most {POSITION_LIMIT}: use a smaller unit_scale"));
        }
        self.set(Column::LotSize, n, p, lot);
        self.set(Column::OrderMin, n, p, least);
        self.set(Column::OrderMax, n, p, order_max);
        self.set(Column::InventoryInitial, n, p, inventory);
        order_max.max(inventory).max(ample.min(POSITION_LIMIT))
    }
}

/// Costs of a stockpoint that planning looks at [minor currency units per internal unit], and its work.
struct Costs {
    holding: i32,
    backorder: i32,
    lost_sale: i32,
    /// Work per unit of the user's.
    work: f64,
}

fn constant_one() -> Compiled {
    super::compile::compile(&super::compile::Masses { points: vec![(1, 1.0)], step: 1, spread: false }).unwrap_or(Compiled { words: Vec::new(), mean: 1.0, variance: 0.0 })
}

/// Rows of the profiles that products use: as they are where products are sold, smoothed upstream.
fn profiles(demand: &Demand, settings: &Settings) -> (Vec<ProfileSpec>, HashMap<(usize, bool), usize>) {
    let first = super::season::FirstDay { weekday: settings.start.weekday(), yearday: settings.start.yearday() };
    let days = settings.horizon_days + restock_core::scenario::SEASON_AHEAD_DAYS;
    let (mut specs, mut at) = (Vec::new(), HashMap::new());
    let mut used: Vec<usize> = demand.seasons_used();
    used.sort_unstable();
    used.dedup();
    for season in used {
        let profile = demand.profile(season);
        for smoothed in [false, true] {
            let row = if smoothed { profile.smoothed_row(first, days) } else { profile.row(first, days) };
            let name = if smoothed { format!("{}~", profile.name) } else { profile.name.clone() };
            at.insert((season, smoothed), specs.len());
            specs.push(ProfileSpec { name, row });
        }
    }
    (specs, at)
}

/// A ring longer than every delay.
fn ring_days(chain: &Chain, rows: &Rows) -> i32 {
    let leads = rows.routes.iter().flat_map(|r| r.lead_time.iter()).map(|(days, _)| word(*days).unwrap_or(1));
    let mail = chain.lanes.iter().map(|lane| lane.order_days);
    let production = rows.nodes.iter().filter_map(|node| node.production_days);
    leads.chain(mail).chain(production).max().unwrap_or(1) + 1
}

/// Greatest demand of one stockpoint in a day: tables times seasons times surges, and all replayed.
fn demand_max(spec: &NetworkSpec) -> Option<i32> {
    let tops: Vec<i64> = spec.profiles.iter().map(|p| p.row.iter().copied().max().map_or(0, i64::from)).collect();
    let mut most = spec.replay.iter().copied().max().map_or(0, i64::from);
    for n in 0..spec.nodes.len() {
        let surge = spec.events.iter().filter(|e| e.kind == restock_core::scenario::EventKind::Demand && e.place == n).map(|e| i64::from(e.factor_q12));
        let surge = surge.fold(4096, i64::max);
        for p in 0..spec.products.len() {
            let table = usize::try_from(spec.value(Column::DemandTable, n, p)).ok().and_then(|at| spec.tables.get(at));
            let profile = usize::try_from(spec.value(Column::DemandProfile, n, p)).unwrap_or(0);
            if let Some(table) = table.and_then(|t| Table::new(&t.words).ok()) {
                let top = i128::from(table.max()) * i128::from(tops.get(profile).copied().unwrap_or(4096)) * i128::from(surge);
                most = most.max(i64::try_from(top / (4096 * 4096) + 2).unwrap_or(i64::MAX));
            }
        }
    }
    i32::try_from(most).ok().filter(|most| *most <= 1 << 30)
}
