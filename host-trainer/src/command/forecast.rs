//! `restock forecast`: fits forecasts to a history, and says what they would have been worth.

use super::{Common, print, print_json, table};
use crate::failure::{Failure, tell};
use crate::forecast::backtest::{self, Losses, OWN, Protocol, QUANTILES};
use crate::forecast::season::SEASONS_MAX;
use crate::forecast::{Forecasts, Histories, Method, Model};
use crate::input::forecast::PastDemand;
use crate::problem::load;
use clap::{Args, Subcommand};
use restock_core::layout::Column;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Name of the file in a network folder.
const FILE: &str = "forecast.csv";
/// Days of a forecast where no network says how long its protection intervals are.
const DAYS: usize = 7;

/// Arguments of `restock forecast`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub what: What,
}

/// What `restock forecast` can do.
#[derive(Clone, Debug, Subcommand)]
pub enum What {
    /// Fit a forecast to each product and, for a network folder, write its forecast.csv.
    Fit(FitArguments),
    /// Forecast past days from the days before them, with each method, and show what each misses.
    Backtest(BacktestArguments),
}

/// Where the history is.
#[derive(Clone, Debug, Args)]
pub struct Source {
    /// Network folder with a demand.csv.
    #[arg(required_unless_present = "demand", conflicts_with = "demand")]
    pub folder: Option<PathBuf>,
    /// A history of its own: a CSV with the columns date, product, quantity.
    #[arg(long)]
    pub demand: Option<PathBuf>,
}

/// Arguments of `restock forecast fit`.
#[derive(Clone, Debug, Args)]
pub struct FitArguments {
    /// Where the history is.
    #[command(flatten)]
    pub source: Source,
    /// Days to forecast, where no network says [default: 7].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=160))]
    pub days: Option<u16>,
    /// Write over a forecast.csv that is there.
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `restock forecast backtest`.
#[derive(Clone, Debug, Args)]
pub struct BacktestArguments {
    /// Where the history is.
    #[command(flatten)]
    pub source: Source,
    /// Days of each forecast.
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u16).range(1..=160))]
    pub horizon: u16,
    /// Days to forecast from, a horizon apart; the last one a horizon before the end.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub origins: u16,
}

/// Runs the command.
///
/// # Errors
/// If the history has errors or is too short, or the file can't be written.
pub fn run(arguments: &Arguments, common: &Common) -> Result<(), Failure> {
    match &arguments.what {
        What::Fit(arguments) => fit(arguments, common),
        What::Backtest(arguments) => run_backtest(arguments, common),
    }
}

/// A history, and the days that a network wants each series forecast over.
fn history(source: &Source, days: Option<u16>) -> Result<(PastDemand, Vec<usize>), Failure> {
    let usual = days.map_or(DAYS, usize::from);
    if let Some(file) = &source.demand {
        let past = PastDemand::read(file).map_err(|problems| Failure::input(&problems))?;
        let days = vec![usual; past.series.len()];
        return Ok((past, days));
    }
    let folder = source.folder.as_deref().unwrap_or(Path::new("."));
    let loaded = load(folder).map_err(|problems| Failure::input(&problems))?;
    let missing = || Failure::data(format!("{} has no demand.csv to fit forecasts to", folder.display()));
    let past = loaded.past.clone().ok_or_else(missing)?;
    let spec = &loaded.spec;
    let wanted = |(node, product, _): &(String, String, Vec<f64>)| {
        let node = spec.nodes.iter().position(|n| n.name == *node)?;
        let product = spec.products.iter().position(|p| p.name == *product)?;
        usize::try_from(spec.value(Column::ProtectionDays, node, product)).ok()
    };
    let days = past.series.iter().map(|series| days.map(usize::from).or(wanted(series)).unwrap_or(usual)).collect();
    Ok((past, days))
}

/// Fits a forecast to each product of a new folder's history and writes its forecast.csv, as `restock forecast fit`
/// does. Returns whether there is one: a folder must stay one that loads.
///
/// # Errors
/// If the folder has errors or the file can't be written.
pub(super) fn fit_folder(folder: &Path, common: &Common) -> Result<bool, Failure> {
    let source = Source { folder: Some(folder.to_owned()), demand: None };
    let (past, days) = history(&source, None)?;
    let series = past.series.len();
    if !common.quiet {
        tell(format_args!("fitting forecasts to {series} series"));
    }
    let begun = std::time::Instant::now();
    let found = histories(&past).fit(&days, SEASONS_MAX, common.threads());
    let target = folder.join(FILE);
    let refused = |e: std::io::Error| Failure::failed(format!("{}: {e}", target.display()));
    std::fs::write(&target, past.forecast_csv(&found.seasons, &found.models)).map_err(refused)?;
    if let Err(problems) = load(folder) {
        std::fs::remove_file(&target).map_err(refused)?;
        tell(format_args!("the fitted forecasts do not go with this folder, and were left out: {problems}"));
        return Ok(false);
    }
    let seconds = begun.elapsed().as_secs_f64();
    if !common.quiet {
        tell(format_args!("fitted {series} series in {seconds:.1} s"));
    }
    Ok(true)
}

fn histories(past: &PastDemand) -> Histories<'_> {
    Histories { first: past.first(), series: past.series.iter().map(|s| s.2.as_slice()).collect() }
}

fn fit(arguments: &FitArguments, common: &Common) -> Result<(), Failure> {
    let target = arguments.source.folder.as_ref().map(|folder| folder.join(FILE));
    if let Some(target) = target.as_ref().filter(|target| target.exists() && !arguments.force) {
        return Err(Failure::usage(format!("{} is there already: --force writes over it", target.display())));
    }
    let (past, days) = history(&arguments.source, arguments.days)?;
    let begun = std::time::Instant::now();
    let found = histories(&past).fit(&days, SEASONS_MAX, common.threads());
    let seconds = begun.elapsed().as_secs_f64();
    if let Some(target) = &target {
        std::fs::write(target, past.forecast_csv(&found.seasons, &found.models))
            .map_err(|e| Failure::failed(format!("{}: {e}", target.display())))?;
    }
    if common.json {
        return print_json(&document(&past, &days, &found, target.as_deref()));
    }
    let several = past.series.iter().any(|s| s.0 != past.series[0].0);
    let mut shown =
        table::titled(["product", "method", "why", "season", "AICc", "mean", "sigma", "days", "sd / mean"], 3);
    for ((series, model), days) in past.series.iter().zip(&found.models).zip(&days) {
        shown.add_row([
            if several { format!("{}/{}", series.0, series.1) } else { series.1.clone() },
            model.method.name(),
            model.reason.clone(),
            (model.season + 1).to_string(),
            model.aicc.map_or_else(|| "-".to_owned(), |aicc| format!("{aicc:.1}")),
            format!("{:.2}", model.mean),
            format!("{:.2}", model.deviation),
            days.to_string(),
            format!("{:.2}", spread(model, *days)),
        ]);
    }
    let kinds = counts(&found.models).into_iter().map(|(name, count)| format!("{count} {name}"));
    let wrote = target.as_ref().map_or_else(String::new, |t| format!("\nwrote {}", t.display()));
    tell(format_args!("fitted {} series in {seconds:.1} s", past.series.len()));
    print(&format!(
        "{}\n{}; {} seasons shared{wrote}",
        table::lines(&shown),
        kinds.collect::<Vec<_>>().join(", "),
        found.seasons.len()
    ))
}

/// Standard deviation of the sum over so many days, over its mean.
fn spread(model: &Model, days: usize) -> f64 {
    model.deviation * model.method.sum_variance(days).sqrt() / (model.mean * days as f64).max(1e-9)
}

/// How many series have each method.
fn counts(models: &[Model]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    models.iter().for_each(|model| *counts.entry(model.method.name()).or_insert(0) += 1);
    counts
}

fn document(past: &PastDemand, days: &[usize], found: &Forecasts, written: Option<&Path>) -> serde_json::Value {
    let series: Vec<serde_json::Value> = past
        .series
        .iter()
        .zip(&found.models)
        .zip(days)
        .map(|(((node, product, _), model), days)| {
            let (order, ar, ma) = match &model.method {
                Method::Arima(process) => (Some(process.order()), process.ar.clone(), process.ma.clone()),
                Method::Intermittent(_) => (None, Vec::new(), Vec::new()),
            };
            serde_json::json!({
                "node": node, "product": product, "method": model.method.name(), "why": model.reason,
                "order": order, "ar": ar, "ma": ma, "season": model.season, "aicc": model.aicc, "mean": model.mean,
                "deviation": model.deviation, "mean_days_between_demand": model.interval.is_finite().then_some(model.interval),
                "days": days, "spread": spread(model, *days),
            })
        })
        .collect();
    let seasons: Vec<serde_json::Value> =
        found.seasons.iter().map(|s| serde_json::json!({ "weekly": s.weekly, "annual": s.annual })).collect();
    serde_json::json!({
        "format": "restock-forecast-fit/1", "written": written, "methods": counts(&found.models),
        "seasons": seasons, "series": series,
    })
}

fn run_backtest(arguments: &BacktestArguments, common: &Common) -> Result<(), Failure> {
    let (past, _) = history(&arguments.source, None)?;
    let protocol = Protocol { horizon: usize::from(arguments.horizon), origins: usize::from(arguments.origins) };
    let (losses, counted) =
        backtest::run(&histories(&past), protocol, common.threads()).map_err(|e| Failure::data(e.to_string()))?;
    if common.json {
        return print_json(&serde_json::json!({
            "format": "restock-forecast-backtest/1", "horizon_days": protocol.horizon, "origins": protocol.origins,
            "series": counted, "series_left_out": past.series.len() - counted, "quantiles": QUANTILES, "methods": losses,
        }));
    }
    let quantile = |q: usize| format!("pinball {:.0} %\n[% of sum]", 100.0 * QUANTILES[q]);
    let header = [
        "method".to_owned(),
        "MASE".to_owned(),
        quantile(0),
        quantile(1),
        quantile(2),
        "sum rmse\n[%]".to_owned(),
        "bias\n[%]".to_owned(),
        "beats restock\nMASE".to_owned(),
        "beats restock\npinball".to_owned(),
    ];
    let mut shown = table::titled(header, 1);
    for one in &losses {
        shown.add_row(row(one, counted));
    }
    print(&format!(
        "{} series, {} origins {} days apart, {} days ahead; {} series without sales before the first origin left out\n\n{}\n\n\
         restock: ARIMA of the least AICc, or TSB where it forecast an intermittent product's past better, times the season",
        counted,
        protocol.origins,
        protocol.horizon,
        protocol.horizon,
        past.series.len() - counted,
        table::lines(&shown)
    ))
}

fn row(one: &Losses, counted: usize) -> Vec<String> {
    let of = |count: usize| {
        if one.method == backtest::METHODS[OWN] { String::new() } else { format!("{count} of {counted}") }
    };
    vec![
        one.method.to_owned(),
        format!("{:.3}", one.mase),
        format!("{:.1}", one.pinball_percent[0]),
        format!("{:.1}", one.pinball_percent[1]),
        format!("{:.1}", one.pinball_percent[2]),
        format!("{:.1}", one.sum_rmse_percent),
        format!("{:+.1}", one.bias_percent),
        of(one.better_than_restock),
        of(one.better_pinball_than_restock),
    ]
}
