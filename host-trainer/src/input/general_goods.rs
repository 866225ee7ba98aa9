//! The network that comes with the program: 200 general consumer goods over three echelons.
//!
//! A seeded process, not a list: everything about it is either a constant here or drawn from [`SEED`] by
//! the simulator's own keyed draws, by product name, so that it is the same on every host. It is built as
//! the files of a network folder: what [`write_default`] writes is what [`default_network`] reads.
//!
//! ```text
//! demand of a day = zero-inflated negative binomial (own chance of the product)
//!                 x season (week x year x campaign x trend, shared by the products of a kind)
//!                 x shock of the product's range (shared by some seven products, new each day)
//! ```
//!
//! What is marked *measured* comes from real sales: Chen, D. (2015), Online Retail [Dataset], UCI Machine
//! Learning Repository, licence CC BY 4.0; the 200 products with the most days of sales of one year of a UK
//! wholesaler, closed on Saturdays. `tests/reference/retail_calibration.py` made the figures, and
//! `retail_calibration.txt` beside it holds all of them. The rest is a choice and says so. One year shows
//! no trend, and sales list no campaigns: both are choices.

use super::files::{Files, InitError, Loaded};
use super::goods_world::{DISRUPTIONS, OVERFLOW_COST, SCRAP_PERCENT, STORAGE_DAYS, YIELD, lanes_csv};
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
/// Minor units per unit of currency: a third of the finest round number at which a shock of every range on every day
/// of two years can't pass the range of money, so that a world of half as much demand again fits too (one of twice its
/// deviation does not: `compare --shifts` says so). A day's holding cost of the cheapest units is off by 0.36 % at
/// most, which `restock check` warns of.
const MONEY_SCALE: u32 = 200_000;
/// At a weight of 1 what is learned is the cheapest (152,796 GBP a year), but serves 90.0 %, less than any textbook
/// rule; at 2 it serves 93.8 % for 176,312.
const TRAINING: &str = "
# What is learned should serve no worse than the rules do: customers' backlog weighs more than it costs.
[training.rollout]
shortage_weight = 1.2
";

/// Pieces of the wholesaler's in a unit here (a choice): a fifth of the units at five times the price.
const PACK: f64 = 5.0;
/// Median of the products' mean demand [units a day], and the standard deviation of its logarithm: measured.
const MEAN_MEDIAN: f64 = 16.3 / PACK;
const MEAN_SIGMA: f64 = 0.78;
/// Least and greatest mean demand [units a day]: measured.
const MEAN_MIN: f64 = 2.1 / PACK;
const MEAN_MAX: f64 = 152.0 / PACK;
/// Speed classes: (least mean demand [units a day], coefficient of variation of a day without its season):
/// measured for the fast third, all (the median) and the slow third.
const SPEED_CLASSES: [(f64, f64); 3] = [(24.0 / PACK, 1.42), (11.0 / PACK, 1.68), (0.0, 1.74)];
/// Standard deviation of a range's daily shock, in units of the mean: measured, the root of the mean covariance
/// (0.546) of the 591 pairs of products whose descriptions share two words.
const SHOCK_DEVIATION: f64 = 0.74;
/// Ranges of each kind of products, in the order of [`KINDS`]: some seven products each, as in those pairs.
const RANGES: [u32; 3] = [6, 5, 17];
/// Share of products with intermittent demand (measured, 28 %: more than 1.32 open days between days with
/// sales), drawn from those slower than the median.
const INTERMITTENT_OF_SLOW: f64 = 0.56;
/// Probability of a day without demand that an intermittent product has beside its negative binomial's: a
/// choice that leaves a third of all open days without sales.
const INTERMITTENT_ZEROS: f64 = 0.15;
/// Least variance / mean of daily demand: a little above Poisson.
const VARIANCE_RATIO_MIN: f64 = 1.3;
/// Median unit price [currency], and the standard deviation of its logarithm: measured.
const PRICE_MEDIAN: f64 = 1.95 * PACK;
const PRICE_SIGMA: f64 = 0.83;
/// Correlation of the logarithms of price and mean demand: measured. Dear goods sell less.
const PRICE_CORRELATION: f64 = -0.54;
/// Least and greatest unit price [currency]: measured.
const PRICE_MIN: f64 = 0.29 * PACK;
const PRICE_MAX: f64 = 12.75 * PACK;
/// Greatest volume of a unit (from 1), and greatest work to make one (from 1).
const VOLUME_MAX: f64 = 20.0;
const WORK_MAX: f64 = 3.0;

/// Kinds of products: (name, share of the products, months of the year, trend [% a year]).
///
/// Shares and months are measured: products that sell a third more than their share from October to December,
/// those that sell 15 % more from May to August, and the others. Trends are a choice.
const KINDS: [(&str, f64, [f64; 12], f64); 3] = [
    ("gift", 0.225, [0.77, 0.71, 0.74, 0.69, 0.77, 0.65, 0.67, 0.89, 1.20, 1.48, 1.96, 1.47], 4.0),
    ("garden", 0.16, [0.76, 0.71, 1.00, 0.96, 1.43, 1.33, 1.44, 1.08, 1.04, 0.70, 0.86, 0.69], 0.0),
    ("household", 0.615, [1.04, 0.93, 1.12, 0.94, 0.98, 0.98, 0.84, 0.90, 1.19, 0.95, 1.12, 1.03], 2.0),
];
/// Share of the months' swing that is believed: the kinds were told apart by the very months that they
/// are then found to sell in.
const MONTHS_TRUST: f64 = 0.7;
/// The retailer's week, Monday first: measured. Closed on Saturdays.
const WEEKLY: [f64; 7] = [1.141, 1.403, 1.253, 1.548, 1.065, 0.0, 0.590];
/// Campaigns, a choice: (name, weeks of the year, share of the products). A flyer lifts its week and leaves
/// the week after it poorer.
const CAMPAIGNS: [(&str, &str, f64); 2] =
    [("flyer", "[8, 16, 24, 36, 46]", 0.2), ("leaflet", "[12, 28, 41, 48]", 0.15)];
const CAMPAIGN_FACTOR: f64 = 1.6;
const CAMPAIGN_AFTER: f64 = 0.85;

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
const CAPACITY_FACTOR: f64 = 1.15;
/// Days between the supplier's decisions.
const SUPPLIER_REVIEW_DAYS: u32 = 7;
/// Service level that stands in for a backorder cost upstream.
const UPSTREAM_SERVICE_LEVEL: f64 = 0.95;

/// The network, resolved.
///
/// # Panics
/// Never: that its files are right is tested.
#[must_use]
pub fn default_network() -> NetworkSpec {
    default_folder().spec
}

/// The same with how it is learned, as [`write_default`] writes it and a folder is read.
///
/// # Panics
/// Never: that its files are right is tested.
#[must_use]
pub fn default_folder() -> Loaded {
    match files().load() {
        Ok(loaded) => loaded,
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
    season: String,
    group: String,
    mean: f64,
    cv: f64,
    intermittent: bool,
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
    // The entry on whose stretch of [0, 1) the draw falls; none beyond all of them.
    let one_of = |place: u32, shares: &[f64]| {
        let mut left = uniform(place);
        shares.iter().position(|share| {
            left -= share;
            left < 0.0
        })
    };
    let at = one_of(0, &KINDS.map(|kind| kind.1)).unwrap_or(KINDS.len() - 1);
    let kind = KINDS[at].0;
    let speed = normal::quantile(uniform(1));
    let mean = (MEAN_MEDIAN * libm::exp(MEAN_SIGMA * speed)).clamp(MEAN_MIN, MEAN_MAX);
    let mean = round(mean, 10.0);
    let intermittent = mean < MEAN_MEDIAN && uniform(5) < INTERMITTENT_OF_SLOW;
    let own = libm::sqrt(1.0 - PRICE_CORRELATION * PRICE_CORRELATION) * normal::quantile(uniform(2));
    let price = PRICE_MEDIAN * libm::exp(PRICE_SIGMA * (PRICE_CORRELATION * speed + own));
    let range = nearest(libm::ceil(uniform(6) * f64::from(RANGES[at])));
    let campaign = one_of(7, &CAMPAIGNS.map(|campaign| campaign.2)).map(|i| CAMPAIGNS[i].0);
    Good {
        name: format!("{kind}-{number:03}"),
        season: campaign.map_or(kind.to_owned(), |campaign| format!("{kind}-{campaign}")),
        group: format!("{kind}-range-{range}"),
        mean,
        cv: round(own_variation(mean, intermittent), 1000.0),
        intermittent,
        price: round(price.clamp(PRICE_MIN, PRICE_MAX), 100.0),
        volume: nearest(libm::ceil(uniform(3) * VOLUME_MAX)),
        work: nearest(libm::ceil(uniform(4) * WORK_MAX)),
    }
}

/// Coefficient of variation of a product's own chance: what its class has in all, without the range's shock.
/// Independent factors multiply: 1 + all^2 = (1 + own^2) (1 + shock^2).
fn own_variation(mean: f64, intermittent: bool) -> f64 {
    let all = SPEED_CLASSES.iter().find(|(least, _)| mean >= *least).map_or(1.0, |class| class.1);
    let own = (1.0 + all * all) / (1.0 + SHOCK_DEVIATION * SHOCK_DEVIATION) - 1.0;
    // With a mean this small no distribution of whole units varies less; zeros of their own add to that.
    let inner = if intermittent { mean / (1.0 - INTERMITTENT_ZEROS) } else { mean };
    let least = if intermittent {
        (1.0 - INTERMITTENT_ZEROS) * (VARIANCE_RATIO_MIN * inner + inner * inner) / (mean * mean) - 1.0
    } else {
        VARIANCE_RATIO_MIN / mean
    };
    libm::sqrt(own.max(least))
}

/// To the nearest `1 / steps`.
fn round(value: f64, steps: f64) -> f64 {
    libm::round(value * steps) / steps
}

/// The files of the network folder.
pub(crate) fn files() -> Files {
    let goods: Vec<Good> = (1..=PRODUCTS).map(good).collect();
    let mut products = String::from(
        "# Drawn from figures of real retail data, see the program's source. cv: the product's own chance, beside\n\
         # the shock that its group shares.\n\
         name,unit_price,volume,work,yield,season,group,demand\n",
    );
    let (mut work, mut volume) = (0.0, 0.0);
    for g in &goods {
        work += g.mean * super::number::from_wide(g.work);
        volume += g.mean * super::number::from_wide(g.volume);
        let demand = if g.intermittent {
            format!("zero_inflated({:.1}, zeros={INTERMITTENT_ZEROS}, cv={:.3})", g.mean, g.cv)
        } else {
            format!("negative_binomial({:.1}, cv={:.3})", g.mean, g.cv)
        };
        // Writing to a String can't fail.
        let _ = writeln!(
            products,
            "{},{:.2},{},{},{YIELD},{},{},\"{demand}\"",
            g.name, g.price, g.volume, g.work, g.season, g.group
        );
    }
    let capacity = libm::ceil(CAPACITY_FACTOR * work);
    let [at_supplier, at_manufacturer] = VALUE_PERCENT;
    let [at_shop, at_works] = STORAGE_DAYS.map(|days| libm::ceil(days * volume));
    let nodes = format!(
        "# value_percent: what a unit is worth here, in % of its unit_value in products.csv.\n\
         # storage_volume: what fits in; what finds no room waits in the yard, for overflow_cost per volume and day.\n\
         name,sells,unmet,review_period_days,production_days,capacity_per_day,value_percent,storage_volume,overflow_cost\n\
         retailer,yes,backorder,1,,,100,{at_shop},{OVERFLOW_COST}\n\
         manufacturer,no,,1,{PRODUCTION_DAYS},{capacity},{at_manufacturer},{at_works},{OVERFLOW_COST}\n\
         supplier,no,,{SUPPLIER_REVIEW_DAYS},,,{at_supplier},,\n"
    );
    let lanes = lanes_csv(volume);
    let files =
        [("network.toml", network_toml()), ("nodes.csv", nodes), ("lanes.csv", lanes), ("products.csv", products)];
    Files(files.into_iter().map(|(name, text)| (name, text.into_bytes())).collect())
}

fn network_toml() -> String {
    let mut text = format!(
        "# 200 general consumer goods: supplier, manufacturer, retailer.\n\
         name = \"general goods\"\n\
         start = 2024-01-01\n\
         horizon_days = {HORIZON_DAYS}\n\
         currency = \"GBP\"\n\
         money_scale = {MONEY_SCALE}  # minor units per GBP\n\
         unit_scale = 1\n\
         demand = \"drawn\"\n\
         smoothing_shift = 8  # forecasts follow the level of sales, as if it were not known\n\
         \n\
         [costs]\n\
         holding_percent_per_year = {HOLDING_PERCENT}\n\
         backorder_percent_per_day = {BACKORDER_PERCENT}\n\
         order_cost = {ORDER_COST}\n\
         upstream_service_level = {UPSTREAM_SERVICE_LEVEL}\n\
         scrap_percent = {SCRAP_PERCENT}  # of a unit's value\n\
         \n\
         # The products of a group (products.csv) share a factor each day, of mean 1.\n\
         [shocks]\n\
         deviation = {SHOCK_DEVIATION}\n\
         \n\
         # Weeks of the year (1 starts on 1 January) in which demand is multiplied, and the week after each.\n"
    );
    // Writing to a String can't fail.
    for (name, weeks, _) in CAMPAIGNS {
        let _ = writeln!(
            text,
            "[campaigns.{name}]\nweeks = {weeks}\nfactor = {CAMPAIGN_FACTOR}\nafter = {CAMPAIGN_AFTER}\n"
        );
    }
    text.push_str("# Every season is a week (Monday first) times a year with its campaign, scaled to a mean of 1, times a trend.\n");
    for (kind, _, months, trend) in KINDS {
        let monthly = months.map(|factor| round(1.0 + MONTHS_TRUST * (factor - 1.0), 1000.0));
        for campaign in [None].into_iter().chain(CAMPAIGNS.map(|campaign| Some(campaign.0))) {
            let name = campaign.map_or(kind.to_owned(), |campaign| format!("{kind}-{campaign}"));
            let _ = writeln!(
                text,
                "[seasons.{name}]\nweekly = {WEEKLY:?}\nmonthly = {monthly:?}\ntrend_percent_per_year = {trend}"
            );
            if let Some(campaign) = campaign {
                let _ = writeln!(text, "campaign = \"{campaign}\"");
            }
            text.push('\n');
        }
    }
    text.push_str(DISRUPTIONS.trim_start());
    text.push_str(TRAINING);
    text
}

#[cfg(test)]
#[path = "general_goods_tests.rs"]
mod tests;
