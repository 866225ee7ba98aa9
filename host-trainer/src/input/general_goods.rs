//! The network that comes with the program: 200 general consumer goods over three echelons.
//!
//! Everything about it is either a constant here or drawn from [`SEED`] by the simulator's own keyed
//! draws, by product name, so that it is the same on every host. It is built as the files of a
//! network folder: what [`write_default`] writes is what [`default_network`] reads.

use super::files::{Files, InitError};
use super::normal;
use super::number::nearest;
use super::problem::Problem;
use super::spec::NetworkSpec;
use restock_core::digest::name_key;
use restock_core::draws::{Draws, Source};
use std::fmt::Write;
use std::path::Path;

/// Seed of all draws.
const SEED: u64 = 200;
/// Number of products.
const PRODUCTS: u32 = 200;
/// Days a replica may run: two years of 52 weeks.
const HORIZON_DAYS: u32 = 728;
/// Minor units per unit of currency: a day's holding cost of the cheapest unit keeps three digits.
const MONEY_SCALE: u32 = 1_000_000;

/// Median of the products' mean demand [units a day], and the standard deviation of its logarithm.
const MEAN_MEDIAN: f64 = 5.0;
const MEAN_SIGMA: f64 = 1.1;
/// Least and greatest mean demand [units a day].
const MEAN_MIN: f64 = 0.5;
const MEAN_MAX: f64 = 60.0;
/// Speed classes: (least mean demand [units a day], coefficient of variation of daily demand).
const SPEED_CLASSES: [(f64, f64); 3] = [(20.0, 0.45), (5.0, 0.75), (0.0, 1.2)];
/// Least variance / mean of daily demand: a little above Poisson.
const VARIANCE_RATIO_MIN: f64 = 1.3;
/// Median unit price [currency], and the standard deviation of its logarithm.
const PRICE_MEDIAN: f64 = 8.0;
const PRICE_SIGMA: f64 = 0.7;
/// Least and greatest unit price [currency].
const PRICE_MIN: f64 = 1.5;
const PRICE_MAX: f64 = 40.0;
/// Greatest volume of a unit (from 1), and greatest work to make one (from 1).
const VOLUME_MAX: f64 = 20.0;
const WORK_MAX: f64 = 3.0;

/// Categories: (name, season, share of the products).
const CATEGORIES: [(&str, &str, f64); 4] =
    [("household", "retail", 0.3), ("garden", "summer", 0.2), ("knitwear", "winter", 0.2), ("gift", "holiday", 0.3)];
/// The retailer's week, Monday first.
const WEEKLY: &str = "[0.85, 0.85, 0.9, 1.0, 1.25, 1.45, 0.7]";
/// Annual swing of the summer and winter seasons.
const SEASON_AMPLITUDE: f64 = 0.5;
/// Months of the holiday season.
const HOLIDAY_MONTHS: &str = "[0.75, 0.75, 0.8, 0.85, 0.85, 0.85, 0.85, 0.85, 0.95, 1.1, 1.55, 1.85]";

/// Holding [% of unit value a year].
const HOLDING_PERCENT: f64 = 25.0;
/// Backorder [% of unit price a day] at the retailer: a critical ratio of 0.978 against holding.
const BACKORDER_PERCENT: f64 = 3.0;
/// Ordering [currency per order of one product]: makes daily orders of slow movers wasteful.
const ORDER_COST: f64 = 0.10;
/// Value of a unit at the supplier and the manufacturer, in % of its value at the retailer.
const VALUE_PERCENT: [f64; 2] = [50.0, 75.0];
/// Days from production start to stock.
const PRODUCTION_DAYS: u32 = 2;
/// Production capacity over mean work: short in the peak season.
const CAPACITY_FACTOR: f64 = 1.2;
/// Days between the supplier's decisions.
const SUPPLIER_REVIEW_DAYS: u32 = 7;
/// Service level that stands in for a backorder cost upstream.
const UPSTREAM_SERVICE_LEVEL: f64 = 0.95;

/// Routes: supplier, customer, name, lead time [days], freight [currency per volume].
const ROUTES: [(&str, &str, &str, &str, f64); 5] = [
    ("manufacturer", "retailer", "road", "2:0.2 3:0.6 5:0.2", 0.004),
    ("manufacturer", "retailer", "express", "1", 0.012),
    ("supplier", "manufacturer", "sea", "5:0.25 6:0.5 8:0.25", 0.003),
    ("supplier", "manufacturer", "air", "3", 0.012),
    ("outside", "supplier", "inbound", "7", 0.0),
];

/// The network, resolved.
///
/// # Panics
/// Never: that its files are right is tested.
#[must_use]
pub fn default_network() -> NetworkSpec {
    match files().load() {
        Ok(loaded) => loaded.spec,
        Err(problems) => unreachable!("the network that comes with the program is wrong: {problems}"),
    }
}

/// Writes the same network as a folder to edit; returns what is doubtful in it (nothing).
///
/// # Errors
/// A file that is there already, or what the file system says.
pub fn write_default(dir: &Path) -> Result<Vec<Problem>, InitError> {
    let files = files();
    files.write(dir)?;
    Ok(files.load()?.warnings)
}

/// One product as drawn.
struct Good {
    name: String,
    season: &'static str,
    mean: f64,
    cv: f64,
    price: f64,
    volume: i64,
    work: i64,
}

/// Draws one product: each figure has its own place in the address, so that changing how one is
/// made leaves the others alone.
fn good(number: u32) -> Good {
    let key = name_key(&format!("{number:03}"));
    let draws = Draws::new(SEED, 0);
    let uniform = |place: u32| (f64::from(draws.row(0, place, Source::Host).two(key).0) + 0.5) / 4_294_967_296.0;
    let log_normal = |place: u32, median: f64, sigma: f64| median * libm::exp(sigma * normal::quantile(uniform(place)));
    let mut left = uniform(0);
    let category = CATEGORIES.iter().find(|(_, _, share)| {
        left -= share;
        left < 0.0
    });
    let (category, season, _) = *category.unwrap_or(&CATEGORIES[0]);
    let mean = round(log_normal(1, MEAN_MEDIAN, MEAN_SIGMA).clamp(MEAN_MIN, MEAN_MAX), 10.0);
    let class = SPEED_CLASSES.iter().find(|(least, _)| mean >= *least).map_or(1.0, |class| class.1);
    let cv = class.max(libm::sqrt(VARIANCE_RATIO_MIN / mean));
    Good {
        name: format!("{category}-{number:03}"),
        season,
        mean,
        cv: round(cv, 1000.0),
        price: round(log_normal(2, PRICE_MEDIAN, PRICE_SIGMA).clamp(PRICE_MIN, PRICE_MAX), 20.0),
        volume: nearest(libm::ceil(uniform(3) * VOLUME_MAX)),
        work: nearest(libm::ceil(uniform(4) * WORK_MAX)),
    }
}

/// To the nearest `1 / steps`.
fn round(value: f64, steps: f64) -> f64 {
    libm::round(value * steps) / steps
}

/// The files of the network folder.
pub(crate) fn files() -> Files {
    let goods: Vec<Good> = (1..=PRODUCTS).map(good).collect();
    let mut products = String::from(
        "# Means from 0.5 to 60 a day, negative binomial demand; volume, work and season by product.\nname,unit_price,volume,work,season,demand\n",
    );
    let mut work = 0.0;
    for g in &goods {
        work += g.mean * super::number::from_wide(g.work);
        // Writing to a String can't fail.
        let _ = writeln!(
            products,
            "{},{:.2},{},{},{},\"negative_binomial({:.1}, cv={:.3})\"",
            g.name, g.price, g.volume, g.work, g.season, g.mean, g.cv
        );
    }
    let capacity = libm::ceil(CAPACITY_FACTOR * work);
    let [at_supplier, at_manufacturer] = VALUE_PERCENT;
    let nodes = format!(
        "# value_percent: what a unit is worth here, in % of its unit_value in products.csv.\n\
         name,sells,unmet,review_period_days,production_days,capacity_per_day,value_percent\n\
         retailer,yes,backorder,1,,,100\n\
         manufacturer,no,,1,{PRODUCTION_DAYS},{capacity},{at_manufacturer}\n\
         supplier,no,,{SUPPLIER_REVIEW_DAYS},,,{at_supplier}\n"
    );
    let mut lanes = String::from(
        "# One row per route; the first route of a lane is the one planning assumes.\nsupplier,customer,route,lead_time,freight_per_volume\n",
    );
    for (supplier, customer, route, lead, freight) in ROUTES {
        let _ = writeln!(lanes, "{supplier},{customer},{route},{lead},{freight}");
    }
    let files =
        [("network.toml", network_toml()), ("nodes.csv", nodes), ("lanes.csv", lanes), ("products.csv", products)];
    Files(files.into_iter().map(|(name, text)| (name, text.into_bytes())).collect())
}

fn network_toml() -> String {
    // sin and cos amplitudes of one harmonic: d = 0 is 1 January, so -cos peaks in July.
    format!(
        "# 200 general consumer goods: supplier, manufacturer, retailer.\n\
         name = \"general goods\"\n\
         start = 2024-01-01\n\
         horizon_days = {HORIZON_DAYS}\n\
         currency = \"EUR\"\n\
         money_scale = {MONEY_SCALE}  # minor units per EUR\n\
         unit_scale = 1\n\
         demand = \"drawn\"\n\
         \n\
         [costs]\n\
         holding_percent_per_year = {HOLDING_PERCENT}\n\
         backorder_percent_per_day = {BACKORDER_PERCENT}\n\
         order_cost = {ORDER_COST}\n\
         upstream_service_level = {UPSTREAM_SERVICE_LEVEL}\n\
         \n\
         # Every season is a week (Monday first) times a year, each scaled to a mean of 1.\n\
         [seasons.retail]\n\
         weekly = {WEEKLY}\n\
         \n\
         [seasons.summer]\n\
         weekly = {WEEKLY}\n\
         fourier = [{}, 0.0]  # cosine and sine of one wave a year\n\
         \n\
         [seasons.winter]\n\
         weekly = {WEEKLY}\n\
         fourier = [{SEASON_AMPLITUDE}, 0.0]\n\
         \n\
         [seasons.holiday]\n\
         weekly = {WEEKLY}\n\
         monthly = {HOLIDAY_MONTHS}\n",
        -SEASON_AMPLITUDE,
    )
}
