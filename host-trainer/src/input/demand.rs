//! What customers buy: one distribution and one season per stockpoint that sells, from families, from
//! a history, or both; and the history itself where it is replayed.

use super::chain::Chain;
use super::compile::Compiled;
use super::distribution::Distribution;
use super::fit::Fit;
use super::history::History;
use super::number::scaled_whole;
use super::problem::{Place, Report, quoted};
use super::resolve::Rows;
use super::rows::Overrides;
use super::season::Profile;
use super::settings::{DemandMode, FITTED, FLAT};
use super::shocks::{self, Measured};
use super::spelling::suggestion;
use restock_core::scenario::HORIZON_DAYS_MAX;
use std::collections::HashMap;

/// Demand of all stockpoints; nodes and products by their rows in the files.
#[derive(Debug)]
pub(crate) struct Demand {
    profiles: Vec<Profile>,
    /// Season of each product.
    seasons: Vec<usize>,
    tables: HashMap<(usize, usize), Compiled>,
    mode: DemandMode,
}

impl Demand {
    /// Finds every stockpoint's demand; reports each that has none.
    pub(crate) fn new(rows: &Rows, overrides: &HashMap<(usize, usize), Overrides>, report: &mut Report) -> Self {
        let settings = &rows.settings;
        let mode = settings.demand.unwrap_or(DemandMode::Drawn);
        match (&rows.history, settings.demand) {
            (Some(_), None) => report.error(
                settings.demand_at.clone(),
                "demand is missing beside demand.csv",
                "demand = \"fitted\", \"replay\", or \"drawn\" (from families only)",
            ),
            (None, Some(DemandMode::Fitted | DemandMode::Replay)) => {
                report.error(
                    settings.demand_at.clone(),
                    "demand is fitted or replayed, but there is no demand.csv",
                    "demand.csv beside it, or demand = \"drawn\"",
                );
            }
            _ => {}
        }
        let history = rows.history.as_ref().filter(|_| mode != DemandMode::Drawn);
        let fit = history.map(|history| Fit::new(history, settings.fit, settings.start, report));
        let mut profiles = settings.seasons.clone();
        if let Some(fit) = &fit {
            profiles.push(fit.season.clone());
        }
        let default = if fit.is_some() { FITTED } else { FLAT };
        let season_of = |name: &str| profiles.iter().position(|profile| profile.name == name);
        let mut seasons = Vec::new();
        for product in &rows.products {
            let name = product.season.as_deref().unwrap_or(default);
            let season = season_of(name);
            if season.is_none() {
                let known = suggestion(name, profiles.iter().map(|profile| profile.name.as_str()));
                report.error(product.season_at.clone(), format!("season is {}", quoted(name)), known);
            }
            seasons.push(season.unwrap_or(0));
        }
        let shocks = match (&fit, history) {
            (Some(fit), Some(history)) if settings.shock_deviation > 0.0 => {
                shocks(fit, history, rows, &profiles, &seasons)
            }
            _ => HashMap::new(),
        };
        let mut demand = Self { profiles, seasons, tables: HashMap::new(), mode };
        for (n, node) in rows.nodes.iter().enumerate().filter(|(_, node)| node.sells) {
            for (p, product) in rows.products.iter().enumerate() {
                let given = overrides.get(&(n, p)).and_then(|o| o.demand.as_ref()).or(product.orders.demand.as_ref());
                // A component is not sold: it goes into what is.
                let component = rows.bom.iter().any(|line| line.component == product.name);
                let found = match (given, &fit, history) {
                    (Some((distribution, at)), _, _) => Some((distribution.clone(), at.clone())),
                    (None, Some(_), Some(history)) if component && !history.series.contains_key(&(n, p)) => None,
                    (None, Some(fit), Some(history)) => {
                        let series = history.series.get(&(n, p));
                        if series.is_none() {
                            report.warning(
                                product.at.clone(),
                                format!(
                                    "product {} has no demand at node {}",
                                    quoted(&product.name),
                                    quoted(&node.name)
                                ),
                                "a row in demand.csv, if it is sold there",
                            );
                        }
                        let season = &demand.profiles[demand.seasons[p]];
                        let shared = product.group.as_deref().and_then(|group| shocks.get(&(n, group)));
                        let sample =
                            series.map_or(vec![0.0], |s| fit.sample(s, season, shared.map(|m| m.factors.as_slice())));
                        Some((Distribution::Empirical(sample), product.at.clone()))
                    }
                    _ => None,
                };
                let Some((distribution, at)) = found else {
                    if component {
                        continue;
                    }
                    report.error(
                        product.at.clone(),
                        format!("product {} has no demand at node {}", quoted(&product.name), quoted(&node.name)),
                        "a family such as poisson(5) in the column demand of products.csv or stockpoints.csv",
                    );
                    continue;
                };
                match distribution.compile(settings.unit_scale) {
                    Ok(table) => drop(demand.tables.insert((n, p), table)),
                    Err(right) => report.error(at, "demand does not fit the simulator's integers", right),
                }
            }
        }
        demand
    }

    /// Index of a product's season.
    pub(crate) fn season(&self, product: usize) -> usize {
        self.seasons.get(product).copied().unwrap_or(0)
    }

    /// All seasons that products follow.
    pub(crate) fn seasons_used(&self) -> Vec<usize> {
        self.seasons.clone()
    }

    /// A season's profile.
    pub(crate) fn profile(&self, season: usize) -> &Profile {
        &self.profiles[season]
    }

    /// The table of a stockpoint that sells.
    pub(crate) fn table(&self, node: usize, product: usize) -> Option<&Compiled> {
        self.tables.get(&(node, product))
    }

    /// Replayed days and their demand [internal units], shape `[day][selling node][product]`.
    ///
    /// Day 0 is the start date where the history holds it, else the history's first day of the same
    /// weekday. Whole weeks are kept, so that a longer run comes round on the right weekday.
    pub(crate) fn replay(&self, rows: &Rows, chain: &Chain, report: &mut Report) -> (usize, Vec<i32>) {
        let Some((history, first)) =
            rows.history.as_ref().filter(|_| self.mode == DemandMode::Replay).and_then(|h| Some((h, h.start?)))
        else {
            return (0, Vec::new());
        };
        let weeks = (history.days / 7).min(HORIZON_DAYS_MAX / 7);
        let days = if weeks > 0 { weeks * 7 } else { history.days };
        let start = rows.settings.start;
        let apart = i64::from(start.day) - i64::from(first.day);
        let within = usize::try_from(apart).ok().filter(|apart| *apart < days);
        if within.is_none() {
            report.warning(
                rows.settings.demand_at.clone(),
                format!("start is {start}, but demand.csv starts on {first} and {days} days of it are replayed"),
                "a start within them; the first day of the same weekday is taken",
            );
        }
        if days < rows.settings.horizon_days {
            report.warning(
                Place::whole("demand.csv"),
                format!(
                    "{days} days (whole weeks) are replayed over a horizon of {} days: they come round again",
                    rows.settings.horizon_days
                ),
                "",
            );
        }
        let offset = within.unwrap_or_else(|| usize::try_from(apart.rem_euclid(7)).unwrap_or(0) % days.max(1));
        let mut words = Vec::new();
        for day in 0..days {
            for &row in chain.rows.iter().filter(|row| rows.nodes[**row].sells) {
                for p in 0..rows.products.len() {
                    let quantity = history.series.get(&(row, p)).map_or(0.0, |series| series[(offset + day) % days]);
                    words.push(scaled_whole(quantity, rows.settings.unit_scale).unwrap_or(0));
                }
            }
        }
        (days, words)
    }
}

/// What the groups of products at each node shared, by (node, group).
fn shocks<'r>(
    fit: &Fit,
    history: &History,
    rows: &'r Rows,
    profiles: &[Profile],
    seasons: &[usize],
) -> HashMap<(usize, &'r str), Measured> {
    let mut members: HashMap<(usize, &str), Vec<Vec<Option<f64>>>> = HashMap::new();
    for n in 0..rows.nodes.len() {
        for (p, product) in rows.products.iter().enumerate() {
            if let (Some(group), Some(series)) = (product.group.as_deref(), history.series.get(&(n, p))) {
                members.entry((n, group)).or_default().push(fit.relative(series, &profiles[seasons[p]]));
            }
        }
    }
    members.into_iter().map(|(key, series)| (key, shocks::measured(&series, history.days))).collect()
}
