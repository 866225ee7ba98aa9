//! Rows that are right by themselves become one network: names to indices, defaults filled in,
//! every quantity in internal units.

use super::bom::{BomRow, Recipes};
use super::chain::{Chain, chain};
use super::compile::Compiled;
use super::demand::Demand;
use super::forecast::{self, ForecastRow};
use super::history::History;
use super::lane_rows::RouteRow;
use super::limits;
use super::money::Money;
use super::number::word;
use super::planning::Faced;
use super::problem::{Place, Report, quoted};
use super::rows::{NodeRow, Overrides, ProductRow, StockpointRow};
use super::settings::{FILE, Settings};
use super::spec::{NetworkSpec, NodeSpec, ProductSpec, ProfileSpec};
use super::spelling::suggestion;
use super::supplier::LanePlan;
use restock_core::convert;
use restock_core::layout::{Column, STOCKPOINT_COLUMNS};
use restock_core::scenario::{GROUPS_MAX, PRODUCTS_MAX};
use std::collections::HashMap;

/// Greatest work or volume of one internal unit.
pub(crate) const LOAD_LIMIT: f64 = 1_048_576.0;

/// All rows of a network folder.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) settings: Settings,
    pub(crate) nodes: Vec<NodeRow>,
    pub(crate) routes: Vec<RouteRow>,
    pub(crate) products: Vec<ProductRow>,
    pub(crate) stockpoints: Vec<StockpointRow>,
    /// What is assembled from what; the products stand before their components.
    pub(crate) bom: Vec<BomRow>,
    pub(crate) history: Option<History>,
    pub(crate) forecasts: Vec<ForecastRow>,
    pub(crate) open_orders: Vec<super::open_orders::OpenRow>,
}

/// The network, or `None` after reporting why there is none. The spec may still be refused by the
/// simulator's own checks.
pub(crate) fn network(rows: &Rows, report: &mut Report) -> Option<NetworkSpec> {
    let settings = &rows.settings;
    if rows.products.is_empty() || rows.products.len() > PRODUCTS_MAX {
        report.error(
            Place::whole("products.csv"),
            format!("{} products", rows.products.len()),
            format!("1 to {PRODUCTS_MAX}"),
        );
    }
    if settings.shock_deviation > 0.0 && !rows.products.is_empty() && rows.products.iter().all(|p| p.group.is_none()) {
        report.warning(
            settings.shocks_at.clone(),
            "shocks are given, but no product is in a group",
            "a column group in products.csv",
        );
    }
    let overrides = overrides(rows, report);
    let forecasts = forecast::by_stockpoint(rows, report);
    let chain = chain(&rows.nodes, &rows.routes, report);
    let demand = Demand::new(rows, &overrides, report);
    super::events::check_names(rows, report);
    super::open_orders::check(rows, report);
    super::bom::check_names(rows, report);
    let (Some(chain), true) = (chain, report.errors() == 0) else { return None };

    let groups = groups(rows, report);
    let shocks = super::shocks::table(settings.shock_deviation).filter(|_| !groups.is_empty());
    let mut builder = Builder {
        rows,
        overrides: &overrides,
        forecasts: &forecasts,
        chain: &chain,
        recipes: Recipes::new(rows, &chain),
        lane_plans: Vec::new(),
        shock_variance: shocks.as_ref().map_or(0.0, |table| table.variance / (table.mean * table.mean)),
        report,
        money: Money::new(settings.money_scale, settings.money_scale_at.clone()),
        stockpoints: vec![0; STOCKPOINT_COLUMNS * rows.nodes.len() * rows.products.len()],
        tables: Vec::new(),
        table_of: HashMap::new(),
    };
    let nodes = builder.nodes();
    let (lanes, routes) = builder.lanes();
    let products = builder.products(&groups);
    let (mut profiles, profile_of) = profiles(&demand, settings);
    let faced = builder.demand(&demand, &profile_of);
    builder.forecast_profiles(&mut profiles);
    let totals = builder.plans(&faced);
    let disruptions = super::events::disruptions(&mut builder);
    let shock_table = shocks.map(|shocks| builder.table(shocks));
    let Builder { money, stockpoints, tables, recipes, .. } = builder;
    money.finish(report);
    let events = super::events::resolved(rows, &chain, report);
    let (replay_days, replay) = demand.replay(rows, &chain, report);
    let open_orders = super::open_orders::resolved(rows, &chain, report);
    let ring_days = limits::ring_days(&chain, rows, &routes, &tables);
    let mut spec = NetworkSpec {
        name: settings.name.clone(),
        currency: settings.currency.clone(),
        start: settings.start,
        horizon_days: settings.horizon_days,
        ring_days,
        forecast_shift: 0,
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
        groups,
        events,
        open_orders,
        disruptions,
        bom: recipes.lines,
        shock_table,
        tables,
        replay_days,
        replay,
    };
    match limits::demand_max(&spec) {
        Some(most) => {
            spec.demand_max = most;
            spec.forecast_shift = forecast::shift(most);
        }
        None => report.error(
            Place::whole(FILE),
            "demand of one day could pass 2^30 internal units",
            "a smaller unit_scale, season or event",
        ),
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
    let product_of: HashMap<&str, usize> =
        rows.products.iter().enumerate().map(|(i, p)| (p.name.as_str(), i)).collect();
    let mut found = HashMap::new();
    for row in &rows.stockpoints {
        let node = node_of.get(row.node.as_str());
        let product = product_of.get(row.product.as_str());
        if node.is_none() {
            report.error(
                row.node_at.clone(),
                format!("node {} is not in nodes.csv", quoted(&row.node)),
                suggestion(&row.node, node_of.keys().copied()),
            );
        }
        if product.is_none() {
            report.error(
                row.product_at.clone(),
                format!("product {} is not in products.csv", quoted(&row.product)),
                suggestion(&row.product, product_of.keys().copied()),
            );
        }
        if let (Some(&node), Some(&product)) = (node, product) {
            if let (Some((_, at)), false) = (&row.overrides.demand, rows.nodes[node].sells) {
                report.error(
                    at.clone(),
                    format!("demand at node {}, which sells to no customers", quoted(&row.node)),
                    "empty, or sells = yes in nodes.csv",
                );
            }
            found.insert((node, product), row.overrides.clone());
        }
    }
    found
}

/// The network while it is put together.
pub(crate) struct Builder<'r> {
    pub(crate) rows: &'r Rows,
    pub(crate) overrides: &'r HashMap<(usize, usize), Overrides>,
    pub(crate) forecasts: &'r HashMap<(usize, usize), &'r ForecastRow>,
    pub(crate) chain: &'r Chain,
    pub(crate) recipes: Recipes,
    /// What planning assumes of each lane; empty until [`Builder::lanes`].
    pub(crate) lane_plans: Vec<LanePlan>,
    /// Variance of the groups' daily shocks, whose mean is 1.
    pub(crate) shock_variance: f64,
    pub(crate) report: &'r mut Report,
    pub(crate) money: Money,
    pub(crate) stockpoints: Vec<i32>,
    pub(crate) tables: Vec<Compiled>,
    /// Tables by their words: equal ones are kept once.
    pub(crate) table_of: HashMap<Vec<i32>, usize>,
}

impl Builder<'_> {
    fn nodes(&mut self) -> Vec<NodeSpec> {
        let mut nodes = Vec::new();
        for (n, &row) in self.chain.rows.iter().enumerate() {
            let node = &self.rows.nodes[row];
            let capacity = node.capacity.map(|c| {
                self.load(
                    c,
                    self.rows.settings.work_scale,
                    1,
                    f64::from(1 << 30),
                    "capacity_per_day",
                    &node.capacity_at,
                )
            });
            let storage = node.storage.map(|volume| {
                let most = f64::from(1 << 30);
                self.load(volume, self.rows.settings.volume_scale, 1, most, "storage_volume", &node.storage_at)
            });
            let rate = node.overflow_cost * 1024.0 / f64::from(self.rows.settings.volume_scale);
            let overflow_rate = self.money.minor(rate, "overflow cost", || node.name.clone(), self.report);
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
                storage,
                overflow_rate,
            });
        }
        nodes
    }

    /// Work or volume in internal units, rounded; warns where rounding loses much.
    pub(crate) fn load(&mut self, value: f64, scale: i32, units: i32, most: f64, what: &str, at: &Place) -> i32 {
        let exact = value * f64::from(scale) / f64::from(units);
        if exact > most {
            self.report.error(
                at.clone(),
                format!("{what} is {value}, {exact:.0} internal units"),
                format!("at most {most}: use a smaller scale in {FILE}"),
            );
            return 0;
        }
        let rounded = word(exact).unwrap_or(0);
        if exact > 0.0 && libm::fabs(f64::from(rounded) - exact) > 0.001 * exact {
            self.report.warning(
                at.clone(),
                format!("{what} {value} is rounded to {rounded} internal units from {exact:.4}"),
                format!("whole: use a larger scale (volume_scale, work_scale) in {FILE}"),
            );
        }
        rounded
    }

    fn products(&mut self, groups: &[String]) -> Vec<ProductSpec> {
        let settings = &self.rows.settings;
        let mut products = Vec::new();
        for p in &self.rows.products {
            let volume =
                self.load(p.volume, settings.volume_scale, settings.unit_scale, LOAD_LIMIT, "volume", &p.volume_at);
            let group = p.group.as_ref().and_then(|name| groups.iter().position(|g| g == name));
            products.push(ProductSpec { name: p.name.clone(), volume, group });
        }
        products
    }

    /// Index of a table; equal ones are kept once.
    pub(crate) fn table(&mut self, compiled: Compiled) -> usize {
        if let Some(&at) = self.table_of.get(&compiled.words) {
            return at;
        }
        let at = self.tables.len();
        self.table_of.insert(compiled.words.clone(), at);
        self.tables.push(compiled);
        at
    }

    /// Sets one value of one stockpoint.
    pub(crate) fn set(&mut self, column: Column, node: usize, product: usize, value: i32) {
        let at = self.at(column, node, product);
        self.stockpoints[at] = value;
    }

    /// Where a value of a stockpoint stands.
    pub(crate) fn at(&self, column: Column, node: usize, product: usize) -> usize {
        (column.at() * self.chain.rows.len() + node) * self.rows.products.len() + product
    }

    /// Complains about a product that can't be had at a node that sells it: a component goes nowhere but into
    /// what is assembled from it.
    fn check_sold(&mut self, n: usize, p: usize, sold: bool) {
        if sold && (self.recipes.component(n, p) || self.recipes.withheld(self.chain, n, p)) {
            let product = &self.rows.products[p];
            let at = product.orders.demand.as_ref().map_or(&product.at, |demand| &demand.1);
            self.report.error(
                at.clone(),
                format!(
                    "{} is sold at {}, and is a component in bom.csv there or upstream",
                    quoted(&product.name),
                    self.rows.nodes[self.chain.rows[n]].name
                ),
                "no demand: a component is stocked for what is assembled from it",
            );
        }
    }

    /// Demand tables and profiles, and the demand each stockpoint faces: its customers', its lanes' share of
    /// what the nodes below it face, and what its assembled products need of it. Shape `[node][product]`.
    fn demand(&mut self, demand: &Demand, profile_of: &HashMap<(usize, bool), usize>) -> Vec<Vec<Faced>> {
        let products = self.rows.products.len();
        let mut faced: Vec<Vec<Faced>> = vec![Vec::with_capacity(products); self.chain.rows.len()];
        for (n, &row) in self.chain.rows.iter().enumerate() {
            for p in 0..products {
                let season = demand.season(p);
                let sells = self.rows.nodes[row].sells;
                let profile = convert::word(profile_of.get(&(season, !sells)).copied().unwrap_or(0));
                self.set(Column::DemandProfile, n, p, profile);
                self.set(Column::ForecastProfile, n, p, profile);
                let table = demand.table(row, p).cloned();
                // The weekly cycle's days together have more variance than seven even ones.
                let power = demand.profile(season).weekly_power();
                // A shock of variance v multiplies what the product's own chance gives: (s^2 + m^2) (1 + v) - m^2.
                let shock = if self.rows.products[p].group.is_some() { self.shock_variance } else { 0.0 };
                let mut here = table.as_ref().map_or(Faced::default(), |t| {
                    let variance = t.variance + (t.variance + t.mean * t.mean) * shock;
                    Faced { mean: t.mean, variance: variance * power }
                });
                let index = table.map_or(-1, |table| convert::word(self.table(table)));
                self.set(Column::DemandTable, n, p, index);
                self.check_sold(n, p, index >= 0);
                for (l, lane) in self.chain.lanes.iter().enumerate().filter(|(_, lane)| lane.supplier == Some(n)) {
                    if self.recipes.assembled(lane.customer, p) {
                        continue; // asked of its own production
                    }
                    // Of what arrives some is defective, and of what is made of it some is spoilt.
                    let share = f64::from(lane.share) / 1e6 * self.grown(l, lane.customer, p);
                    here.add(share, faced[lane.customer][p]);
                }
                for (product, quantity) in self.recipes.uses(n, p) {
                    let spoilt = 1.0 / self.good_share(n, product);
                    here.add(f64::from(quantity) * spoilt, faced[n][product]);
                }
                faced[n].push(here);
                match word(here.mean * 4096.0) {
                    Some(mean) => self.set(Column::DemandMean, n, p, mean),
                    None => self.report.error(
                        Place::whole(FILE),
                        format!(
                            "mean demand of {}/{} is {:.0} internal units a day",
                            self.rows.nodes[row].name, self.rows.products[p].name, here.mean
                        ),
                        format!("below {}: use a smaller unit_scale", i32::MAX / 4096),
                    ),
                }
            }
        }
        faced
    }
}

/// Names of the products' groups, each once, in the order of the file.
fn groups(rows: &Rows, report: &mut Report) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    for name in rows.products.iter().filter_map(|p| p.group.as_ref()) {
        if !groups.contains(name) {
            groups.push(name.clone());
        }
    }
    if groups.len() > GROUPS_MAX {
        let right = format!("at most {GROUPS_MAX}");
        report.error(Place::whole("products.csv"), format!("products of {} groups", groups.len()), right);
    }
    groups
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
