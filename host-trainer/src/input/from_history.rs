//! A network folder around a history of sales: supplier, manufacturer, retailer.
//!
//! Read as exported: `date,product,quantity` and `product,unit_price` (or `name`), in any order of
//! columns, with whatever other columns there are. The history is kept in the folder's `demand.csv`
//! and fitted whenever the folder is loaded; everything assumed stands in the files as a comment.

use super::calendar::Date;
use super::files::{Files, InitError, csv_field, read_file};
use super::fit::Fit;
use super::number::{Range, from_count};
use super::problem::{Place, Problem, Problems, Report, quoted};
use super::settings::FitSettings;
use super::sheet::{Row, Sheet, Unknown};
use super::shocks;
use super::spelling::suggestion;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::path::Path;

/// Capacity over mean work: the peak of the year is short, the mean is not.
const CAPACITY_FACTOR: f64 = 1.3;
/// Freight of each route, in % of the mean price of a unit sold: prices are known, volumes are not.
const FREIGHT_PERCENT: [f64; 4] = [1.0, 3.5, 0.8, 3.2];
/// Group of all products: which move together more than others, sales alone don't tell.
const GROUP: &str = "all";
/// Least deviation of a shock that is written down.
const SHOCK_MIN: f64 = 0.05;
/// How the history is fitted, unless the folder is edited.
const FIT: FitSettings = FitSettings { winsorize_quantile: 0.999, annual_harmonics: 2, annual_trust: 0.7 };
/// A step of negotiation effort, in % of a product's mean revenue a day.
const NEGOTIATION_PERCENT: f64 = 0.1;
/// Money scales tried, finest first: the finest that can't overflow is taken.
const MONEY_SCALES: [u32; 6] = [10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100];

/// A product as the user lists it.
struct Listed {
    name: String,
    description: String,
    price: f64,
    at: Place,
}

/// Writes a folder around a history, and returns what is doubtful in it.
///
/// # Errors
/// Every bad row of both files at once, or what the file system says.
pub fn write_from_history(dir: &Path, demand_csv: &Path, products_csv: &Path) -> Result<Vec<Problem>, InitError> {
    write_from_history_until(dir, demand_csv, products_csv, None)
}

/// The same around the part of the history up to a date and with it: the rest is left to test on.
///
/// # Errors
/// As [`write_from_history`]; sales after the date are checked like all others, and then not looked at.
pub fn write_from_history_until(
    dir: &Path,
    demand_csv: &Path,
    products_csv: &Path,
    until: Option<Date>,
) -> Result<Vec<Problem>, InitError> {
    let mut report = Report::default();
    let name_of = |path: &Path| path.display().to_string();
    let mut bytes = |path: &Path| {
        read_file(path).unwrap_or_else(|error| {
            report.error(Place::whole(&name_of(path)), format!("can't be read: {error}"), "a file");
            Vec::new()
        })
    };
    let (demand_bytes, product_bytes) = (bytes(demand_csv), bytes(products_csv));
    if report.errors() > 0 {
        return Err(failed(report).into());
    }
    let products = read_products(&name_of(products_csv), &product_bytes, &mut report);
    let mut sales = read_sales(&name_of(demand_csv), &demand_bytes, &products, &mut report);
    if let (Some(until), Some(first)) = (until, sales.keys().next().map(|key| key.0)) {
        sales.retain(|key, _| key.0 <= until);
        if sales.is_empty() {
            report.error(
                Place::whole(&name_of(demand_csv)),
                format!("there are no sales until {until}"),
                format!("a later date: sales begin on {first}"),
            );
        }
    }
    if report.errors() > 0 || sales.is_empty() || products.is_empty() {
        if report.errors() == 0 {
            report.error(
                Place::whole(&name_of(demand_csv)),
                "there is nothing to fit",
                "rows of sales, and the products they are of",
            );
        }
        return Err(failed(report).into());
    }
    let mut refused = None;
    for money_scale in MONEY_SCALES {
        let files = folder(&products, &sales, money_scale);
        match files.load() {
            Ok(loaded) => {
                files.write(dir)?;
                let mut warnings = report.finish()?;
                warnings.extend(loaded.warnings);
                return Ok(warnings);
            }
            Err(problems) => refused = Some(problems),
        }
    }
    Err(InitError::Problems(refused.unwrap_or(Problems { errors: Vec::new(), warnings: Vec::new() })))
}

fn failed(report: Report) -> Problems {
    report.finish().err().unwrap_or(Problems { errors: Vec::new(), warnings: Vec::new() })
}

fn read_products(file: &str, bytes: &[u8], report: &mut Report) -> Vec<Listed> {
    let sheet = Sheet::read(
        file,
        bytes,
        &["product", "name", "description", "unit_price"],
        &["unit_price"],
        Unknown::Ignore,
        report,
    );
    let column = if sheet.has("product") { "product" } else { "name" };
    if !sheet.has(column) {
        report.error(
            Place { file: file.to_owned(), line: 1, column: 1 },
            "column product is missing",
            "named in the first row: product,unit_price",
        );
    }
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut listed = Vec::new();
    for row in sheet.rows() {
        let Some(name) = row.name(column, report) else { continue };
        let at = row.place(column);
        if let Some(first) = seen.insert(name, at.line) {
            report.error(at, format!("product {} is there twice (first in line {first})", quoted(name)), "there once");
            continue;
        }
        let price = present(row, "unit_price", Range::new(0.0, 1e6, "a price"), report);
        let description: String = row.text("description").unwrap_or("").chars().filter(|c| !c.is_control()).collect();
        if let Some(price) = price {
            listed.push(Listed { name: name.to_owned(), description, price, at });
        }
    }
    listed
}

/// Sales by product and date; several rows of one day add up, as exports list every invoice.
fn read_sales(file: &str, bytes: &[u8], products: &[Listed], report: &mut Report) -> BTreeMap<(Date, usize), f64> {
    let required = ["date", "product", "quantity"];
    let sheet = Sheet::read(file, bytes, &["date", "product", "quantity"], &required, Unknown::Ignore, report);
    let known: HashMap<&str, usize> = products.iter().enumerate().map(|(i, p)| (p.name.as_str(), i)).collect();
    let mut sales: BTreeMap<(Date, usize), f64> = BTreeMap::new();
    let mut unlisted: HashMap<String, ()> = HashMap::new();
    for row in sheet.rows() {
        let date = row.date("date", report);
        let quantity = present(row, "quantity", Range::new(0.0, 1e9, "units"), report);
        if let Some(quantity) = quantity.filter(|q| libm::trunc(*q) != *q) {
            report.error(
                row.place("quantity"),
                format!("quantity is {quantity}"),
                "whole units: multiply all by what makes them whole",
            );
        }
        let Some(name) = row.name("product", report) else { continue };
        let product = known.get(name).copied();
        if product.is_none() && unlisted.insert(name.to_owned(), ()).is_none() {
            let right = suggestion(name, products.iter().map(|p| p.name.as_str()));
            report.error(
                row.place("product"),
                format!("product {} has no price in the list of products", quoted(name)),
                right,
            );
        }
        if let (Some(date), Some(product), Some(quantity)) = (date, product, quantity) {
            *sales.entry((date, product)).or_insert(0.0) += quantity;
        }
    }
    for (i, product) in products.iter().enumerate() {
        if !sales.is_empty() && !sales.keys().any(|key| key.1 == i) {
            report.warning(product.at.clone(), format!("product {} was never sold", quoted(&product.name)), "");
        }
    }
    sales
}

/// A number that must be there.
fn present(row: Row<'_>, column: &str, range: Range<'_>, report: &mut Report) -> Option<f64> {
    let before = report.errors();
    let value = row.number(column, range, report);
    if value.is_none() && report.errors() == before {
        report.error(row.place(column), format!("{column} is empty"), range.to_string());
    }
    value
}

/// A lead time of suppliers as they usually are: late more often than early.
fn curve(mean: f64, deviation: f64) -> String {
    format!("pearson4(mean={mean}, sd={deviation}, skew=1, kurt=6, max=21)")
}

fn folder(products: &[Listed], sales: &BTreeMap<(Date, usize), f64>, money_scale: u32) -> Files {
    let first = sales.keys().next().map_or(Date { day: 0 }, |key| key.0);
    let last = sales.keys().next_back().map_or(first, |key| key.0);
    let days = from_count(usize::try_from(last.day - first.day + 1).unwrap_or(1));
    let capacity = libm::ceil(CAPACITY_FACTOR * sales.values().sum::<f64>() / days).max(1.0);
    let nodes = format!(
        "# The chain around the history is assumed: edit it.\n\
         # capacity_per_day: {CAPACITY_FACTOR} times the mean units sold a day (work is 1 per unit).\n\
         # value_percent: what a unit is worth here, in % of its unit_value in products.csv.\n\
         name,sells,unmet,review_period_days,production_days,capacity_per_day,value_percent\n\
         retailer,yes,backorder,1,,,100\n\
         manufacturer,no,,1,2,{capacity},75\n\
         supplier,no,,7,,,50\n"
    );
    let revenue: f64 = sales.iter().map(|((_, product), quantity)| quantity * products[*product].price).sum();
    let price = revenue / sales.values().sum::<f64>().max(1.0);
    let [road, express, sea, air] = FREIGHT_PERCENT.map(|percent| libm::round(price * percent * 100.0) / 10_000.0);
    let talk = revenue * NEGOTIATION_PERCENT / 100.0 / days / from_count(products.len());
    let talk = libm::round(talk * 10_000.0) / 10_000.0;
    let lanes = format!(
        "# Assumed, all of it: sales say nothing of suppliers. Put in what yours are like.\n\
         # lead_time, defect_share: Pearson type IV curves by their moments (days, share of units) at the base grade,\n\
         # stretched from grade to grade. promise_days: what takes longer is late.\n\
         # negotiation_lift: grades that three steps of effort win; a step costs {NEGOTIATION_PERCENT} % of a product's\n\
         # mean revenue a day, and the supplier moves one part in relax_days of the way a day.\n\
         # freight_per_unit: {FREIGHT_PERCENT:?} % of the mean price of a unit sold, {price:.2}.\n\
         # A lane's first route is the one that planning assumes.\n\
         supplier,customer,route,lead_time,freight_per_unit,grade,defect_share,promise_days,negotiation_lift,relax_days,negotiation_cost\n\
         manufacturer,retailer,road,2:0.2 3:0.6 4:0.2,{road},,,,,,\n\
         manufacturer,retailer,express,1,{express},,,,,,\n\
         supplier,manufacturer,sea,\"{}\",{sea},good,0.005,7,,,\n\
         supplier,manufacturer,air,\"{}\",{air},,,4,,,\n\
         outside,supplier,inbound,\"{}\",0,fair,\"pearson4(mean=0.02, sd=0.01, skew=1, kurt=6)\",8,1 1.6 2,16,{talk}\n",
        curve(6.0, 1.2),
        curve(3.0, 0.5),
        curve(7.0, 1.5),
    );
    let mut table = String::from(
        "# group: products whose demand moves together from day to day, see [shocks] in network.toml. One\n\
         # group of all is what sales alone can tell: name your own ranges.\n\
         # Prices from the list given. Not known, so left out: volume (1), work (1), lot sizes (1),\n\
         # unit_value (the price: stock is worth what it sells for, too much where margins are wide).\n\
         name,description,unit_price,group\n",
    );
    for p in products {
        // Writing to a String can't fail.
        let _ = writeln!(table, "{},{},{},{GROUP}", csv_field(&p.name), csv_field(&p.description), p.price);
    }
    let mut demand = String::from(
        "# Sales as given: a day without a row sold nothing. Sales are not demand where stock ran out.\ndate,node,product,quantity\n",
    );
    for ((date, product), quantity) in sales {
        let _ = writeln!(demand, "{date},retailer,{},{quantity}", csv_field(&products[*product].name));
    }
    let seen = Seen::new(products.len(), sales);
    let files = [
        ("network.toml", network_toml(first, money_scale, smoothing_shift(products.len(), sales, first, last), &seen)),
        ("nodes.csv", nodes),
        ("lanes.csv", lanes),
        ("products.csv", table),
        ("demand.csv", demand),
    ];
    Files(files.into_iter().map(|(name, text)| (name, text.into_bytes())).collect())
}

/// Days of history that a level starts from, before its forecasts count.
const SMOOTHING_START_DAYS: usize = 56;
/// Shifts tried.
const SMOOTHING_SHIFTS: std::ops::RangeInclusive<i32> = 4..=8;

/// The smoothing shift that forecasts the next day of this history best: pooled squared error, each
/// product in units of its mean, each day in units of its weekday's share of sales.
fn smoothing_shift(products: usize, sales: &BTreeMap<(Date, usize), f64>, first: Date, last: Date) -> i32 {
    let days = usize::try_from(last.day - first.day + 1).unwrap_or(1);
    let mut series = vec![vec![0.0; days]; products];
    let mut weekdays = [0.0; 7];
    for ((date, product), quantity) in sales {
        series[*product][usize::try_from(date.day - first.day).unwrap_or(0)] = *quantity;
        weekdays[date.weekday()] += quantity;
    }
    let total: f64 = weekdays.iter().sum();
    let share = |day: usize| weekdays[first.plus(i32::try_from(day).unwrap_or(0)).weekday()] * 7.0 / total;
    let error = |shift: i32| -> f64 {
        let alpha = libm::exp2(-f64::from(shift));
        let mut sum = 0.0;
        for one in &series {
            let mean = one.iter().sum::<f64>() / from_count(days);
            let open: Vec<f64> =
                (0..days).filter(|&d| share(d) > 0.05).map(|d| one[d] / share(d) / mean.max(1e-9)).collect();
            let start = open.len().min(SMOOTHING_START_DAYS);
            let mut level = open[..start].iter().sum::<f64>() / from_count(start.max(1));
            for &seen in &open[start..] {
                // A wholesaler's one-off order says little of tomorrow.
                let seen = if seen < 10.0 { seen } else { 10.0 };
                sum += (seen - level) * (seen - level);
                level += alpha * (seen - level);
            }
        }
        sum
    };
    SMOOTHING_SHIFTS.min_by(|a, b| error(*a).total_cmp(&error(*b))).unwrap_or(6)
}

/// What the history says beside its season.
struct Seen {
    products: usize,
    /// Products that sell on few days.
    intermittent: usize,
    /// Trend [% a year]; none where the history is too short to show one.
    trend: Option<f64>,
    /// Standard deviation of the daily factor that all products share.
    shock: f64,
}

impl Seen {
    fn new(products: usize, sales: &BTreeMap<(Date, usize), f64>) -> Self {
        let entries: Vec<(Date, usize, usize, f64)> = sales.iter().map(|((date, p), q)| (*date, 0, *p, *q)).collect();
        // What is doubtful is said when the folder is loaded.
        let mut unsaid = Report::default();
        let history = super::history::build(&entries, &mut unsaid);
        let fit = Fit::new(&history, FIT, history.start.unwrap_or(Date { day: 0 }), &mut unsaid);
        let mut keys: Vec<_> = history.series.keys().copied().collect();
        keys.sort_unstable();
        let relative: Vec<_> = keys.iter().map(|key| fit.relative(&history.series[key], &fit.season)).collect();
        Self {
            products,
            intermittent: history.series.values().filter(|series| fit.is_intermittent(series)).count(),
            trend: (fit.season.growth != 0.0).then(|| 100.0 * libm::expm1(fit.season.growth)),
            // Weaker than that is what a few years of chance look like.
            shock: Some(shocks::measured(&relative, history.days).deviation).filter(|s| *s >= SHOCK_MIN).unwrap_or(0.0),
        }
    }
}

fn network_toml(start: Date, money_scale: u32, smoothing_shift: i32, seen: &Seen) -> String {
    let Seen { products, intermittent, trend, shock } = seen;
    let trend = trend
        .map_or("too short to show a trend: none is assumed".to_owned(), |t| format!("a trend of {t:+.1} % a year"));
    let shock = if *shock < 1.0 { *shock } else { 1.0 };
    let FitSettings { winsorize_quantile, annual_harmonics, annual_trust } = FIT;
    format!(
        "# A network around a history of sales. What was assumed is said here and in the other files.\n\
         name = \"from history\"\n\
         start = {start}            # day 0: the first day of the history\n\
         horizon_days = 728\n\
         currency = \"currency\"         # its name, for reports\n\
         # Minor units per unit of currency: the finest scale at which no sum of a run can overflow.\n\
         money_scale = {money_scale}\n\
         unit_scale = 1\n\
         demand = \"fitted\"              # \"replay\" plays demand.csv day by day instead\n\
         # Forecasts: level += (demand / season - level) / 2^shift; this shift forecast the history best.\n\
         smoothing_shift = {smoothing_shift}\n\
         \n\
         # A factor that the products of a group (products.csv) share each day: root of the mean covariance\n\
         # of pairs of products, each without its season and in units of its mean.\n\
         [shocks]\n\
         deviation = {shock:.2}\n\
         \n\
         # Seen in the history: {intermittent} of {products} products are intermittent (more than 1.32 open days between\n\
         # days with sales); {trend}.\n\
         [fit]\n\
         # A wholesaler's one-off order is not demand to stock for: sales above this quantile (pooled\n\
         # over products, in units of their means) count as this much. 1.0 keeps all.\n\
         winsorize_quantile = {winsorize_quantile}\n\
         # Waves of the annual cycle, and how much of it to believe: one year can't tell a season\n\
         # from a year like no other.\n\
         annual_harmonics = {annual_harmonics}\n\
         annual_trust = {annual_trust}\n\
         \n\
         [costs]\n\
         holding_percent_per_year = 25.0    # of the unit value; assumed\n\
         backorder_percent_per_day = 2.0    # of the unit price; assumed\n\
         order_cost = 0.10                  # per order of one product; assumed\n\
         upstream_service_level = 0.95      # where there is no backorder cost\n"
    )
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
