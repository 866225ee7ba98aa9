//! `forecast.csv`: how stockpoints forecast, as `restock forecast fit` writes it and as anyone may edit it.
//!
//! | column | what |
//! | --- | --- |
//! | `node`, `product` | the stockpoint; one without a row: see `smoothing_shift` |
//! | `method` | `arima` or `tsb` (Teunter, Syntetos and Babai: probability and size apart) |
//! | `ar`, `differences`, `ma` | coefficients of an ARIMA process with a space between, 0 or 1 |
//! | `probability_gain`, `size_gain`, `probability` | of `tsb`: smoothing constants, and the probability to start from |
//! | `deviation` | standard deviation of what the next day's forecast misses, without season [units]; empty: the demand's |
//! | `weekly` | seven factors, Monday first; empty: the season that demand follows |
//! | `annual` | cosine and sine amplitudes of the logarithm of the year's factor, by harmonic |

use super::calendar::Date;
use super::files::{csv_field, read_file};
use super::history::History;
use super::number::{self, Range, from_wide};
use super::planning::{Lead, Plan};
use super::problem::{Place, Problems, Report, quoted};
use super::resolve::{Builder, Rows};
use super::season::FirstDay;
use super::settings::{DemandMode, Settings};
use super::sheet::{Row, Sheet, Unknown};
use super::spec::ProfileSpec;
use super::spelling::suggestion;
use crate::forecast::intermittent::Intermittent;
use crate::forecast::process::Process;
use crate::forecast::season::Season;
use crate::forecast::{FACTOR_MIN, Method, Model};
use restock_core::convert;
use restock_core::forecast::LAGS;
use restock_core::layout::Column;
use restock_core::scenario::{PROFILES_MAX, SEASON_AHEAD_DAYS};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::path::Path;

const COLUMNS: &[&str] = &[
    "node",
    "product",
    "method",
    "ar",
    "differences",
    "ma",
    "probability_gain",
    "size_gain",
    "probability",
    "deviation",
    "weekly",
    "annual",
];
const COEFFICIENT: Range<'_> = Range::new(-4.0, 4.0, "a coefficient");

/// A row of `forecast.csv`.
#[derive(Debug)]
pub(crate) struct ForecastRow {
    node: String,
    node_at: Place,
    product: String,
    product_at: Place,
    method: Method,
    /// [units of the user's].
    deviation: Option<f64>,
    season: Option<Season>,
}

/// Reads `forecast.csv`.
pub(crate) fn read(bytes: &[u8], report: &mut Report) -> Vec<ForecastRow> {
    let required = ["node", "product", "method"];
    let sheet = Sheet::read("forecast.csv", bytes, COLUMNS, &required, Unknown::Refuse, report);
    let mut rows = Vec::new();
    for row in sheet.rows() {
        let node = row.name("node", report).map(str::to_owned);
        let product = row.name("product", report).map(str::to_owned);
        let method = row.choice("method", &["arima", "tsb"], report);
        if method.is_none() && row.text("method").is_none() {
            report.error(row.place("method"), "method is empty", "arima or tsb");
        }
        let season = season(row, report);
        let method = match method {
            Some(0) => arima(row, report),
            Some(_) => Some(Method::Intermittent(tsb(row, report))),
            None => None,
        };
        let deviation = row.number("deviation", Range::new(0.0, 1e9, "units"), report);
        if let (Some(node), Some(product), Some(method)) = (node, product, method) {
            let (node_at, product_at) = (row.place("node"), row.place("product"));
            rows.push(ForecastRow { node, node_at, product, product_at, method, deviation, season });
        }
    }
    rows
}

/// Numbers with spaces between; empty where the cell is.
fn numbers(row: Row<'_>, column: &str, range: Range<'_>, report: &mut Report) -> Vec<f64> {
    let text = row.text(column).unwrap_or("");
    let found: Option<Vec<f64>> = text.split_whitespace().map(|word| number::real(word, range)).collect();
    if found.is_none() {
        let right = format!("each {range}, with spaces between");
        report.error(row.place(column), format!("{column} is {}", quoted(text)), right);
    }
    found.unwrap_or_default()
}

fn arima(row: Row<'_>, report: &mut Report) -> Option<Method> {
    let (ar, ma) = (numbers(row, "ar", COEFFICIENT, report), numbers(row, "ma", COEFFICIENT, report));
    let differences = row.whole("differences", Range::new(0.0, 1.0, "differences"), report).unwrap_or(0);
    let process = Process { ar, differences: usize::try_from(differences).unwrap_or(0), ma };
    let [p, d, q] = process.order();
    let mut wrong = |column: &str, found: String, right: &str| report.error(row.place(column), found, right);
    if p + d > LAGS || q > LAGS {
        wrong("ar", format!("the order is ({p},{d},{q})"), "ar and differences at most 3 together, ma at most 3");
        return None;
    }
    if !process.is_stationary() {
        wrong("ar", format!("ar is {}", quoted(row.text("ar").unwrap_or(""))), "coefficients of a stationary process");
        return None;
    }
    if !process.is_invertible() || !process.fits_a_device(1) {
        wrong("ma", format!("ma is {}", quoted(row.text("ma").unwrap_or(""))), "coefficients of an invertible process");
        return None;
    }
    Some(Method::Arima(process))
}

fn tsb(row: Row<'_>, report: &mut Report) -> Intermittent {
    let mut share =
        |column: &str, usual: f64| row.number(column, Range::new(0.0, 1.0, "a share"), report).unwrap_or(usual);
    Intermittent {
        probability_gain: share("probability_gain", 0.02),
        size_gain: share("size_gain", 0.05),
        probability: share("probability", 0.5),
    }
}

fn season(row: Row<'_>, report: &mut Report) -> Option<Season> {
    let weekly = numbers(row, "weekly", Range::new(0.0, 64.0, "a factor"), report);
    let annual = numbers(row, "annual", Range::new(-2.0, 2.0, "an amplitude"), report);
    if weekly.is_empty() && annual.is_empty() {
        return None;
    }
    let mut season = Season::flat();
    if !weekly.is_empty() {
        match <[f64; 7]>::try_from(weekly.as_slice()) {
            Ok(weekly) if weekly.iter().sum::<f64>() > 0.0 => season.weekly = weekly,
            _ => {
                let found = format!("weekly is {}", quoted(row.text("weekly").unwrap_or("")));
                report.error(row.place("weekly"), found, "seven factors, Monday first, not all 0");
            }
        }
    }
    if !annual.len().is_multiple_of(2) || annual.len() > 24 {
        let found = format!("annual has {} numbers", annual.len());
        report.error(row.place("annual"), found, "a cosine and a sine for each harmonic, at most 12");
    }
    season.annual = annual.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    Some(season)
}

/// The rows by rows of `nodes.csv` and `products.csv`.
pub(crate) fn by_stockpoint<'r>(rows: &'r Rows, report: &mut Report) -> HashMap<(usize, usize), &'r ForecastRow> {
    let node_of: HashMap<&str, usize> = rows.nodes.iter().enumerate().map(|(i, n)| (n.name.as_str(), i)).collect();
    let product_of: HashMap<&str, usize> =
        rows.products.iter().enumerate().map(|(i, p)| (p.name.as_str(), i)).collect();
    let mut found = HashMap::new();
    for row in &rows.forecasts {
        let (node, product) = (node_of.get(row.node.as_str()), product_of.get(row.product.as_str()));
        if node.is_none() {
            let found = format!("node {} is not in nodes.csv", quoted(&row.node));
            report.error(row.node_at.clone(), found, suggestion(&row.node, node_of.keys().copied()));
        }
        if product.is_none() {
            let found = format!("product {} is not in products.csv", quoted(&row.product));
            report.error(row.product_at.clone(), found, suggestion(&row.product, product_of.keys().copied()));
        }
        if let (Some(&node), Some(&product)) = (node, product)
            && found.insert((node, product), row).is_some()
        {
            let found = format!("{} at {} is there twice", quoted(&row.product), quoted(&row.node));
            report.error(row.product_at.clone(), found, "there once");
        }
    }
    found
}

/// Bits that lags give up so that the greatest demand of a day fits one.
pub(crate) fn shift(demand_max: i32) -> i32 {
    (0..4).find(|shift| demand_max >> (15 + shift) == 0).unwrap_or(4)
}

/// Halvings of the smoothing where nothing is said of a demand that has a past.
const SMOOTHING_SHIFT: i32 = 6;

impl Settings {
    /// What a stockpoint forecasts with that has no row: exponential smoothing with `smoothing_shift`. Where
    /// that is not given and demand is drawn, the mean: its level is known not to move, and following chance
    /// would only make orders noisy.
    fn forecast(&self) -> Process {
        let drawn = self.demand.unwrap_or(DemandMode::Drawn) == DemandMode::Drawn;
        match self.smoothing_shift {
            None if drawn => Process::default(),
            shift => Process::smoothing(libm::exp2(-f64::from(shift.unwrap_or(SMOOTHING_SHIFT)))),
        }
    }
}

impl Builder<'_> {
    /// Lets the forecasts that have a season of their own follow it: profiles shared by those alike.
    pub(crate) fn forecast_profiles(&mut self, profiles: &mut Vec<ProfileSpec>) {
        let settings = &self.rows.settings;
        let first = FirstDay { weekday: settings.start.weekday(), yearday: settings.start.yearday() };
        let days = settings.horizon_days + SEASON_AHEAD_DAYS;
        let mut known: Vec<(&Season, bool, usize)> = Vec::new();
        for (n, &row) in self.chain.rows.iter().enumerate() {
            let upstream = !self.rows.nodes[row].sells;
            for p in 0..self.rows.products.len() {
                let forecasts = self.forecasts;
                let Some(season) = forecasts.get(&(row, p)).and_then(|f| f.season.as_ref()) else { continue };
                let at = known.iter().find(|(s, u, _)| *s == season && *u == upstream).map(|known| known.2);
                let at = at.unwrap_or_else(|| {
                    let name = format!("forecast {}{}", known.len() + 1, if upstream { "~" } else { "" });
                    let profile = season.profile(&name);
                    let row = if upstream { profile.smoothed_row(first, days) } else { profile.row(first, days) };
                    known.push((season, upstream, profiles.len()));
                    profiles.push(ProfileSpec { name, row });
                    profiles.len() - 1
                });
                self.set(Column::ForecastProfile, n, p, convert::word(at));
            }
        }
        if profiles.len() > PROFILES_MAX {
            self.report.error(
                Place::whole("forecast.csv"),
                format!("{} seasons, those of demand included", profiles.len()),
                format!("at most {PROFILES_MAX}: give like products the same weekly and annual"),
            );
        }
    }

    /// Sets the forecast columns of a stockpoint; a fitted forecast knows its own deviation.
    pub(crate) fn forecast(&mut self, n: usize, p: usize, lead: Lead, plan: &mut Plan) {
        let smoothing = || Method::Arima(self.rows.settings.forecast());
        let row = self.forecasts.get(&(self.chain.rows[n], p));
        let method = row.map_or_else(smoothing, |row| row.method.clone());
        // Closed days are no steps of the process.
        let week = row.and_then(|row| row.season.as_ref()).map_or([1.0; 7], |season| season.weekly);
        let open = week.iter().filter(|factor| **factor >= FACTOR_MIN).count();
        let days = usize::try_from(plan.protection_days).unwrap_or(1);
        let steps = ((days * open + 3) / 7).max(1);
        if let Some(deviation) = row.and_then(|row| row.deviation) {
            let usual = number::from_count(days) / number::from_count(steps);
            let own = deviation * f64::from(self.rows.settings.unit_scale) * usual;
            let daily = plan.mean / from_wide(plan.protection_days.max(1));
            plan.deviation = libm::sqrt(own * own * method.sum_variance(steps) + daily * daily * lead.variance);
        }
        let columns = [
            Column::ForecastLag1,
            Column::ForecastLag2,
            Column::ForecastLag3,
            Column::ForecastReach,
            Column::ForecastMethod,
        ];
        for (column, word) in columns.into_iter().zip(method.words(steps)) {
            self.set(column, n, p, word);
        }
    }
}

/// Daily demand of the past, by names.
#[derive(Clone, Debug)]
pub struct PastDemand {
    /// The first day.
    pub start: Date,
    /// Names of node and product, and demand of each day [units of the user's].
    pub series: Vec<(String, String, Vec<f64>)>,
}

impl PastDemand {
    /// The history of a folder, in the order of nodes and products.
    pub(crate) fn of(rows: &Rows, history: &History) -> Option<Self> {
        let mut series = Vec::new();
        for (n, node) in rows.nodes.iter().enumerate() {
            for (p, product) in rows.products.iter().enumerate() {
                if let Some(days) = history.series.get(&(n, p)) {
                    series.push((node.name.clone(), product.name.clone(), days.clone()));
                }
            }
        }
        Some(Self { start: history.start?, series })
    }

    /// Reads a CSV of sales as exported: date, product, quantity and, if there are several, node.
    ///
    /// # Errors
    /// Every bad row.
    pub fn read(path: &Path) -> Result<Self, Problems> {
        let mut report = Report::default();
        let file = path.display().to_string();
        let bytes = read_file(path).unwrap_or_else(|error| {
            report.error(Place::whole(&file), format!("can't be read: {error}"), "a file");
            Vec::new()
        });
        let past = if report.errors() == 0 { Self::parse(&file, &bytes, &mut report) } else { None };
        report.finish()?;
        past.ok_or(Problems { errors: Vec::new(), warnings: Vec::new() })
    }

    fn parse(file: &str, bytes: &[u8], report: &mut Report) -> Option<Self> {
        const EXPORTED: &[&str] = &["date", "node", "product", "quantity"];
        let sheet = Sheet::read(file, bytes, EXPORTED, &["date", "product", "quantity"], Unknown::Ignore, report);
        let mut sold: BTreeMap<(String, String), Vec<(Date, f64)>> = BTreeMap::new();
        for row in sheet.rows() {
            let date = row.date("date", report);
            let quantity = row.number("quantity", Range::new(0.0, 1e9, "units"), report);
            let product = row.name("product", report);
            let node = row.text("node").unwrap_or("");
            if let (Some(date), Some(product), Some(quantity)) = (date, product, quantity) {
                sold.entry((node.to_owned(), product.to_owned())).or_default().push((date, quantity));
            }
        }
        let dates = || sold.values().flatten().map(|(date, _)| *date);
        let (Some(start), Some(end)) = (dates().min(), dates().max()) else {
            report.error(Place::whole(file), "there is no row of demand", "date, product and quantity");
            return None;
        };
        let days = usize::try_from(end.day - start.day + 1).unwrap_or(1);
        if days > super::history::DAYS_MAX {
            let found = format!("demand runs from {start} to {end}");
            report.error(Place::whole(file), found, "at most a hundred years: is a year misspelt?");
            return None;
        }
        let series = sold.into_iter().map(|((node, product), sales)| {
            let mut row = vec![0.0; days];
            for (date, quantity) in sales {
                row[usize::try_from(date.day - start.day).unwrap_or(0)] += quantity;
            }
            (node, product, row)
        });
        Some(Self { start, series: series.collect() })
    }

    /// Where its first day stands.
    #[must_use]
    pub fn first(&self) -> FirstDay {
        FirstDay { weekday: self.start.weekday(), yearday: self.start.yearday() }
    }

    /// `forecast.csv` of these models, one for each series.
    #[must_use]
    pub fn forecast_csv(&self, seasons: &[Season], models: &[Model]) -> String {
        let mut text = String::from(
            "# Written by `restock forecast fit`: what each column means stands in the documentation of the file.\n\
             # A stockpoint without a row follows smoothing_shift in network.toml.\n",
        );
        text.push_str(&COLUMNS.join(","));
        text.push('\n');
        let list = |numbers: &[f64]| numbers.iter().map(|x| format!("{x:.5}")).collect::<Vec<_>>().join(" ");
        for ((node, product, _), model) in self.series.iter().zip(models) {
            let (kind, numbers) = match &model.method {
                Method::Arima(process) => {
                    let (ar, ma) = (list(&process.ar), list(&process.ma));
                    ("arima", format!("{ar},{},{ma},,,", process.differences))
                }
                Method::Intermittent(tsb) => {
                    ("tsb", format!(",,,{},{},{:.5}", tsb.probability_gain, tsb.size_gain, tsb.probability))
                }
            };
            let season = &seasons[model.season];
            let annual: Vec<f64> = season.annual.iter().flat_map(|&(a, b)| [a, b]).collect();
            // Writing to a String can't fail.
            let _ = writeln!(
                text,
                "{},{},{kind},{numbers},{:.4},{},{}",
                csv_field(node),
                csv_field(product),
                model.deviation,
                list(&season.weekly),
                list(&annual),
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> String {
        let mut report = Report::default();
        read(text.as_bytes(), &mut report);
        report.finish().err().map_or_else(String::new, |problems| problems.to_string())
    }

    #[test]
    fn bad_forecasts_are_told_with_their_place() {
        let head = "node,product,method,ar,differences,ma,weekly,annual\n";
        let tell = |row: &str| errors(&format!("{head}{row}\n"));
        assert_eq!(tell("shop,mug,arima,0.5 -0.2,0,0.3,,"), "");
        assert_eq!(tell("shop,mug,tsb,,,,1 1 1 1 1 1 0,0.1 0.2"), "");
        for (row, place, word) in [
            ("shop,mug,arimax,,,,,", "forecast.csv:2:10", "arima"),
            ("shop,mug,,,,,,", "forecast.csv:2:", "method is empty"),
            ("shop,mug,arima,1.2,0,,,", "forecast.csv:2:16", "stationary"),
            ("shop,mug,arima,,1,-1.5,,", "forecast.csv:2:", "invertible"),
            ("shop,mug,arima,0.1 0.1 0.1,1,,,", "forecast.csv:2:16", "(3,1,0)"),
            ("shop,mug,arima,x,0,,,", "forecast.csv:2:16", "spaces between"),
            ("shop,mug,arima,,0,,1 2 3,", "forecast.csv:2:", "seven factors"),
            ("shop,mug,arima,,0,,,0.1", "forecast.csv:2:", "1 numbers"),
        ] {
            let told = tell(row);
            assert!(told.contains(place) && told.contains(word), "{row}: {told}");
        }
    }

    #[test]
    fn lags_give_up_bits_for_great_demand_only() {
        assert_eq!([0, 32_767, 32_768, 400_000, 1 << 30].map(shift), [0, 0, 1, 4, 4]);
    }
}
