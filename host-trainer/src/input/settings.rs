//! `network.toml`: everything that holds for the network as a whole.

use super::calendar::Date;
use super::document::{Document, Section};
use super::event_rows::{self, DisruptionRow, EventRow};
use super::include::{self, Fetch, Included};
use super::number::{Range, word};
use super::problem::{Place, Report, quoted};
use super::season::Profile;
use super::spelling::suggestion;
use super::text::{decoded, is_name};
use super::training;
use crate::train::TrainingConfig;
use restock_core::scenario::{HORIZON_DAYS_MAX, PROFILES_MAX, SEASON_MAX_Q12, ScoreParametersPpm};
use toml::Spanned;
use toml::de::DeTable;

/// Name of the file.
pub(crate) const FILE: &str = "network.toml";
/// The season that is always there.
pub(crate) const FLAT: &str = "flat";
/// The season fitted to `demand.csv`.
pub(crate) const FITTED: &str = "fitted";

/// Where demand comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DemandMode {
    /// Families in `stockpoints.csv` and `products.csv`.
    Drawn,
    /// Distributions and seasons fitted to `demand.csv`.
    Fitted,
    /// `demand.csv`, day by day.
    Replay,
}

/// How a history becomes distributions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FitSettings {
    /// Sales above this quantile, pooled over products in units of their means, count as this much.
    pub(crate) winsorize_quantile: f64,
    /// Harmonics of the year.
    pub(crate) annual_harmonics: i32,
    /// Share of the fitted annual swing that is believed.
    pub(crate) annual_trust: f64,
}

/// Costs that hold where no file says otherwise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CostSettings {
    /// Holding [% of unit value a year].
    pub(crate) holding_percent_per_year: f64,
    /// Backorder [% of unit price a day], at nodes that sell.
    pub(crate) backorder_percent_per_day: f64,
    /// Lost sale [% of unit price], at nodes that lose them.
    pub(crate) lost_sale_percent: f64,
    /// Ordering [currency per order of one product].
    pub(crate) order_cost: f64,
    /// Target that stands in for a backorder cost where there is none.
    pub(crate) upstream_service_level: f64,
    /// What a scrapped unit costs [% of its value where it is scrapped].
    pub(crate) scrap_percent: f64,
}

/// The file.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) currency: String,
    pub(crate) start: Date,
    pub(crate) horizon_days: usize,
    pub(crate) unit_scale: i32,
    pub(crate) money_scale: i32,
    pub(crate) money_scale_at: Place,
    pub(crate) volume_scale: i32,
    pub(crate) work_scale: i32,
    /// Halvings of the smoothing of forecasts without a row in forecast.csv; none = left to us.
    pub(crate) smoothing_shift: Option<i32>,
    pub(crate) demand: Option<DemandMode>,
    pub(crate) demand_at: Place,
    pub(crate) costs: CostSettings,
    pub(crate) fit: FitSettings,
    /// Standard deviation of the groups' daily shocks, in units of the mean; 0 = none.
    pub(crate) shock_deviation: f64,
    pub(crate) shocks_at: Place,
    /// Profiles with their places; the first is [`FLAT`].
    pub(crate) seasons: Vec<Profile>,
    pub(crate) events: Vec<EventRow>,
    pub(crate) disruptions: Vec<DisruptionRow>,
    pub(crate) score: ScoreParametersPpm,
    pub(crate) training: TrainingConfig,
}

const SCALE: Range<'_> = Range::new(1.0, 1e6, "internal units from");

/// Reads the file and those that it includes, which `fetch` gives; what is wrong is reported and replaced by its
/// default, so that the rest is checked too.
pub(crate) fn read(bytes: &[u8], fetch: Fetch<'_>, report: &mut Report) -> Settings {
    let text = decoded(FILE, bytes, report);
    let document = Document { file: FILE, text: &text };
    let before = report.errors();
    let table = document.parse(report);
    let parsed = report.errors() == before;
    let mut root = Section::root(&document, &table);
    let r = &mut root;
    let included = include::read(r, fetch, report);
    let (score, training) = included_last(r, (&document, &table, parsed), &included, report);
    let scale = Range { meaning: "internal units per unit", ..SCALE };
    let name = r.text("name", report).unwrap_or("network").to_owned();
    let currency = r.text("currency", report).unwrap_or("currency").to_owned();
    let start = r.date("start", report);
    if start.is_none() && !r.has("start") {
        report.error(r.place("start"), "start is missing", "the date of day 0, such as start = 2024-01-01");
    }
    let horizon = r.whole("horizon_days", Range::new(1.0, super::number::from_count(HORIZON_DAYS_MAX), "days"), report);
    if horizon.is_none() && !r.has("horizon_days") {
        report.error(
            r.place("horizon_days"),
            "horizon_days is missing",
            "a whole number of days, such as horizon_days = 728",
        );
    }
    let unit_scale = r.whole("unit_scale", scale, report).unwrap_or(1);
    let money_scale = r
        .whole("money_scale", Range::new(1.0, 1e9, "minor currency units per unit of currency"), report)
        .unwrap_or(100);
    let demand = r.choice("demand", &["drawn", "fitted", "replay"], report).map(|i| match i {
        0 => DemandMode::Drawn,
        1 => DemandMode::Fitted,
        _ => DemandMode::Replay,
    });
    let settings = Settings {
        name,
        currency,
        start: start.unwrap_or(Date { day: 19_723 }), // 2024-01-01, only to check on
        horizon_days: horizon.and_then(|days| usize::try_from(days).ok()).unwrap_or(364),
        unit_scale,
        money_scale,
        money_scale_at: r.place("money_scale"),
        volume_scale: r.whole("volume_scale", scale, report).unwrap_or(unit_scale),
        work_scale: r.whole("work_scale", scale, report).unwrap_or(unit_scale),
        smoothing_shift: r.whole("smoothing_shift", Range::new(1.0, 10.0, "halvings (alpha = 2^-shift)"), report),
        demand,
        demand_at: r.place("demand"),
        costs: costs(r.section("costs", report), report),
        fit: fit(r.section("fit", report), report),
        shocks_at: r.place("shocks"),
        shock_deviation: shocks(r.section("shocks", report), report),
        seasons: {
            let campaigns = campaigns(r.section("campaigns", report), report);
            seasons(r.section("seasons", report), &campaigns, report)
        },
        events: event_rows::events(r.sections("events", report), report),
        disruptions: event_rows::disruptions(r.sections("disruptions", report), report),
        score,
        training,
    };
    root.finish(report);
    settings
}

fn costs(section: Option<Section<'_, '_>>, report: &mut Report) -> CostSettings {
    let mut costs = CostSettings {
        holding_percent_per_year: 25.0,
        backorder_percent_per_day: 2.0,
        lost_sale_percent: 40.0,
        order_cost: 0.0,
        upstream_service_level: 0.95,
        scrap_percent: 100.0,
    };
    if let Some(mut s) = section {
        let percent = Range::new(0.0, 10_000.0, "a percentage");
        let mut set = |slot: &mut f64, key: &str, range: Range<'_>| {
            if let Some(value) = s.number(key, range, report) {
                *slot = value;
            }
        };
        set(&mut costs.holding_percent_per_year, "holding_percent_per_year", percent);
        set(&mut costs.backorder_percent_per_day, "backorder_percent_per_day", percent);
        set(&mut costs.lost_sale_percent, "lost_sale_percent", percent);
        set(&mut costs.scrap_percent, "scrap_percent", percent);
        set(&mut costs.order_cost, "order_cost", Range::new(0.0, 1e9, "a cost"));
        set(&mut costs.upstream_service_level, "upstream_service_level", Range::new(0.5, 0.9999, "a probability"));
        s.finish(report);
    }
    costs
}

fn fit(section: Option<Section<'_, '_>>, report: &mut Report) -> FitSettings {
    let mut fit = FitSettings { winsorize_quantile: 0.999, annual_harmonics: 2, annual_trust: 0.7 };
    if let Some(mut s) = section {
        if let Some(value) = s.number("winsorize_quantile", Range::new(0.5, 1.0, "a quantile"), report) {
            fit.winsorize_quantile = value;
        }
        if let Some(value) = s.whole("annual_harmonics", Range::new(0.0, 6.0, "harmonics"), report) {
            fit.annual_harmonics = value;
        }
        if let Some(value) = s.number("annual_trust", Range::new(0.0, 1.0, "a share"), report) {
            fit.annual_trust = value;
        }
        s.finish(report);
    }
    fit
}

fn shocks(section: Option<Section<'_, '_>>, report: &mut Report) -> f64 {
    let Some(mut s) = section else { return 0.0 };
    let deviation = s.number("deviation", Range::new(0.0, 1.0, "a standard deviation in units of the mean"), report);
    if deviation.is_none() && !s.has("deviation") {
        report.error(s.place(""), "shocks have no deviation", "deviation = 0.3");
    }
    s.finish(report);
    deviation.unwrap_or(0.0)
}

/// Weeks of the year in which something is promoted; seasons name the campaign they take part in.
struct Campaign {
    name: String,
    weeks: Vec<usize>,
    factor: f64,
    after: f64,
}

fn campaigns(section: Option<Section<'_, '_>>, report: &mut Report) -> Vec<Campaign> {
    let mut campaigns = Vec::new();
    let Some(mut section) = section else { return campaigns };
    for (name, mut s) in section.named_sections(report) {
        let weeks = s.numbers("weeks", None, Range::new(1.0, 53.0, "weeks of the year, 1 starts on 1 January"), report);
        if weeks.is_none() && !s.has("weeks") {
            report.error(s.place(""), format!("campaign {name} has no weeks"), "weeks = [11, 24, 47]");
        }
        let factor = s.number("factor", Range::new(0.0, 16.0, "a factor"), report).unwrap_or(1.0);
        let after = s.number("after", Range::new(0.0, 16.0, "a factor"), report).unwrap_or(1.0);
        let weeks = weeks.unwrap_or_default().into_iter().filter_map(word).filter_map(|w| usize::try_from(w).ok());
        let weeks = weeks.collect();
        s.finish(report);
        campaigns.push(Campaign { name, weeks, factor, after });
    }
    campaigns
}

fn seasons(section: Option<Section<'_, '_>>, campaigns: &[Campaign], report: &mut Report) -> Vec<Profile> {
    let mut profiles = vec![Profile::flat(FLAT)];
    let Some(mut section) = section else { return profiles };
    for (name, mut s) in section.named_sections(report) {
        let at = s.place("");
        if name == FLAT || name == FITTED || !is_name(&name) || name.ends_with('~') {
            report.error(
                at,
                format!("a season is called {}", quoted(&name)),
                "another name (flat and fitted are taken)",
            );
            continue;
        }
        let mut profile = Profile::flat(&name);
        let factor = Range::new(0.0, 16.0, "factors");
        let weekly = s.numbers("weekly", Some(7), factor, report).and_then(|list| <[f64; 7]>::try_from(list).ok());
        if weekly.is_some_and(|factors| !profile.set_weekly(factors)) {
            report.error(s.place("weekly"), "weekly is 0 on all days", "factors of which one at least is above 0");
        }
        let monthly = s.numbers("monthly", Some(12), factor, report).and_then(|list| <[f64; 12]>::try_from(list).ok());
        if monthly.is_some_and(|factors| !profile.set_monthly(factors)) {
            report.error(s.place("monthly"), "monthly is 0 in all months", "factors of which one at least is above 0");
        }
        if let Some(list) = s.numbers("fourier", None, Range::new(-4.0, 4.0, "amplitudes"), report) {
            if s.has("monthly") {
                report.error(s.place("fourier"), "fourier and monthly are both there", "one of them");
            } else if list.is_empty() || list.len() % 2 == 1 || list.len() > 12 {
                report.error(
                    s.place("fourier"),
                    format!("fourier has {} numbers", list.len()),
                    "pairs of cosine and sine amplitudes, at most 6 pairs",
                );
            } else if !profile.set_fourier(&list.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>()) {
                report.error(s.place("fourier"), "fourier leaves nothing above 0", "smaller amplitudes");
            }
        }
        if let Some(name) = s.text("campaign", report) {
            match campaigns.iter().find(|campaign| campaign.name == name) {
                Some(c) => drop(profile.set_campaign(&c.weeks, c.factor, c.after)),
                None => report.error(
                    s.place("campaign"),
                    format!("campaign is {}", quoted(name)),
                    suggestion(name, campaigns.iter().map(|c| c.name.as_str())),
                ),
            }
        }
        if let Some(percent) = s.number("trend_percent_per_year", Range::new(-50.0, 100.0, "a percentage"), report) {
            profile.growth = libm::log1p(percent / 100.0);
        }
        if profile.max() * 4096.0 > f64::from(SEASON_MAX_Q12) {
            report.error(
                at.clone(),
                format!("season {name} rises to {:.1} times its mean", profile.max()),
                format!("at most {}", SEASON_MAX_Q12 / 4096),
            );
        }
        s.finish(report);
        profiles.push(profile);
        // Each profile may take two rows, and the fitted one two more.
        if profiles.len() * 2 + 2 > PROFILES_MAX {
            report.error(at, format!("{} seasons", profiles.len()), format!("at most {}", PROFILES_MAX / 2 - 1));
            break;
        }
    }
    profiles
}

/// The sections that may stand in included files too: what is read last counts.
fn included_last(
    root: &mut Section<'_, '_>,
    (document, table, parsed): (&Document<'_>, &Spanned<DeTable<'_>>, bool),
    included: &[Included],
    report: &mut Report,
) -> (ScoreParametersPpm, TrainingConfig) {
    let documents: Vec<Document<'_>> = included.iter().map(|it| Document { file: &it.file, text: &it.text }).collect();
    let tables: Vec<(Spanned<DeTable<'_>>, bool)> = documents
        .iter()
        .map(|document| {
            let before = report.errors();
            let table = document.parse(report);
            (table, report.errors() == before)
        })
        .collect();
    let mut score = ScoreParametersPpm::PUBLISHED;
    set_score(&mut score, root.section("hyperscore", report), report);
    let mut parts: Vec<(Section<'_, '_>, toml::Table)> =
        training(root, document.text, parsed, report).into_iter().collect();
    let mut read = vec![(document, table)];
    for (document, (table, parsed)) in documents.iter().zip(&tables) {
        let mut root = Section::root(document, table);
        set_score(&mut score, root.section("hyperscore", report), report);
        parts.extend(training(&mut root, document.text, *parsed, report));
        root.finish(report);
        read.push((document, table));
    }
    include::warn_of_what_counts_no_more(&read, report);
    (score, training::read(parts, report))
}

fn set_score(score: &mut ScoreParametersPpm, section: Option<Section<'_, '_>>, report: &mut Report) {
    if let Some(mut s) = section {
        let mut set = |slot: &mut i32, key: &str, low: f64, high: f64| {
            if let Some(value) = s.number(key, Range::new(low, high, "a number"), report) {
                *slot = word(value * 1e6).unwrap_or(*slot);
            }
        };
        set(&mut score.weight_delivery, "weight_delivery", 0.0, 4.0);
        set(&mut score.weight_inventory, "weight_inventory", 0.0, 4.0);
        set(&mut score.weight_capacity, "weight_capacity", 0.0, 4.0);
        set(&mut score.beta, "beta", 1e-6, 100.0);
        set(&mut score.gamma, "gamma", -100.0, 100.0);
        set(&mut score.kappa, "kappa", 1e-6, 100.0);
        let to = &mut score.sensitivity;
        for (slot, key) in [
            (&mut to.volatility.delivery, "volatility_to_delivery"),
            (&mut to.volatility.capacity, "volatility_to_capacity"),
            (&mut to.disruption.delivery, "disruption_to_delivery"),
            (&mut to.disruption.capacity, "disruption_to_capacity"),
            (&mut to.backlog.delivery, "backlog_to_delivery"),
            (&mut to.backlog.capacity, "backlog_to_capacity"),
            (&mut to.utilization.delivery, "utilization_to_delivery"),
            (&mut to.utilization.capacity, "utilization_to_capacity"),
        ] {
            set(slot, key, -4.0, 4.0);
        }
        s.finish(report);
    }
}

/// A file's [training] section and what it holds, where it can be read.
fn training<'d, 'a>(
    root: &mut Section<'d, 'a>,
    text: &str,
    parsed: bool,
    report: &mut Report,
) -> Option<(Section<'d, 'a>, toml::Table)> {
    let section = root.section("training", report).filter(|_| parsed)?;
    match text.parse::<toml::Table>() {
        Ok(mut table) => match table.remove("training") {
            Some(toml::Value::Table(found)) => Some((section, found)),
            _ => None,
        },
        Err(error) => {
            report.error(root.place("training"), format!("not TOML: {}", error.message()), "");
            None
        }
    }
}
