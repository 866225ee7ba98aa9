//! Forecasts fitted to histories: seasons, ARIMA processes, intermittent demand, and how good they are.
//!
//! ```text
//! history --> season (weekly, annual; shared) --> demand without season, closed days left out
//!                                                      |
//!                  sells on most days: ARIMA by exact likelihood, order by AICc
//!                  sells now and then: that or Teunter-Syntetos-Babai, whichever forecast its last third better
//!                                                      |
//!                  words of the device's forecast (restock_core::forecast), and the spread
//! ```
//!
//! The model is the textbook's regression with ARIMA errors with two changes, both because demand is a count:
//! seasons multiply, so that the noise grows with the season and no forecast is negative; and a closed day is
//! no observation, instead of one of nothing. It is also what exponential smoothing on a device has always
//! been: ARIMA(0,1,1) of demand without its season.

pub mod arima;
pub mod backtest;
pub mod intermittent;
mod likelihood;
mod optimize;
pub mod process;
pub mod season;

use crate::input::season::FirstDay;
use crate::threads;
use intermittent::Intermittent;
use process::Process;
use restock_core::forecast::LAGS;
use season::Season;

/// Mean days between days with demand from which a product counts as intermittent (Syntetos, Boylan and
/// Croston 2005).
pub const INTERVAL_MIN: f64 = 1.32;
/// A season's factor below this tells nothing: a closed day.
pub const FACTOR_MIN: f64 = 0.05;
/// Share of the greatest days that are cut to the greatest of the others: a wholesaler's one-off order is no
/// demand to learn from.
const TRIMMED: f64 = 0.005;
/// Shortest history that two methods are compared on [days].
const COMPARED_DAYS_MIN: usize = 120;
/// From this many series on, a day without any sale is a closed day, if most days have some.
const SERIES_MIN: usize = 10;

/// Daily demand of some stockpoints over the same days.
#[derive(Clone, Debug)]
pub struct Histories<'a> {
    /// Where the first day stands.
    pub first: FirstDay,
    /// Demand of each day. Shape `[series][day]`.
    pub series: Vec<&'a [f64]>,
}

/// How a stockpoint forecasts.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// An ARIMA process.
    Arima(Process),
    /// Probability and size apart.
    Intermittent(Intermittent),
}

impl Method {
    /// Words of the five forecast columns for an interval of `days` days.
    #[must_use]
    pub fn words(&self, days: usize) -> [i32; 5] {
        match self {
            Self::Arima(process) => process.words(days),
            Self::Intermittent(method) => method.words(),
        }
    }

    /// Variance of the sum of the next `days` days over that of one day's miss.
    #[must_use]
    pub fn sum_variance(&self, days: usize) -> f64 {
        match self {
            Self::Arima(process) => process.sum_variance(days),
            Self::Intermittent(_) => days as f64,
        }
    }

    /// As tables name it: `ARIMA(1,0,1)`, `TSB`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Arima(process) => {
                let [p, d, q] = process.order();
                format!("ARIMA({p},{d},{q})")
            }
            Self::Intermittent(_) => "TSB".to_owned(),
        }
    }
}

/// What was fitted to one series.
#[derive(Clone, Debug)]
pub struct Model {
    /// How it forecasts.
    pub method: Method,
    /// Which season it follows.
    pub season: usize,
    /// Mean demand per day without its season [units].
    pub mean: f64,
    /// Standard deviation of what the next day's forecast misses, without season [units].
    pub deviation: f64,
    /// Mean days between days with demand.
    pub interval: f64,
    /// AICc of the best ARIMA process; none where the history is too short or constant.
    pub aicc: Option<f64>,
    /// Why this method.
    pub reason: String,
}

/// Seasons and models of some series.
#[derive(Clone, Debug)]
pub struct Forecasts {
    /// The seasons, shared by the series.
    pub seasons: Vec<Season>,
    /// A model for each series.
    pub models: Vec<Model>,
}

/// What a method remembers while it goes over a series.
#[derive(Clone, Debug)]
pub(crate) struct Running<'m> {
    method: &'m Method,
    mean: f64,
    lags: [f64; LAGS],
}

impl<'m> Running<'m> {
    /// From the start of a series of this mean.
    pub(crate) fn new(method: &'m Method, mean: f64, series: &[f64]) -> Self {
        let lags = match method {
            Method::Arima(_) => [0.0; LAGS],
            Method::Intermittent(method) => {
                let [probability, size] = method.start(series);
                [probability, size, 0.0]
            }
        };
        Self { method, mean, lags }
    }

    /// Forecasts of the next `days` days.
    pub(crate) fn forecasts(&self, days: usize) -> Vec<f64> {
        match self.method {
            Method::Arima(process) => {
                process.forecasts(self.lags, days).into_iter().map(|x| (self.mean + x).max(0.0)).collect()
            }
            Method::Intermittent(_) => vec![self.lags[0] * self.lags[1]; days],
        }
    }

    /// A day later, on which that was seen.
    pub(crate) fn advance(&mut self, seen: f64) {
        self.lags = match self.method {
            Method::Arima(process) => process.advanced(self.lags, seen - self.mean - self.lags[0]),
            Method::Intermittent(method) => {
                let [probability, size] = method.advanced([self.lags[0], self.lags[1]], seen);
                [probability, size, 0.0]
            }
        };
    }
}

impl Histories<'_> {
    /// Number of days.
    #[must_use]
    pub fn days(&self) -> usize {
        self.series.iter().map(|s| s.len()).min().unwrap_or(0)
    }

    /// The days on which anything is sold; all of them where too few series can tell.
    #[must_use]
    pub fn open(&self) -> Vec<bool> {
        let sold: Vec<usize> =
            (0..self.days()).map(|day| self.series.iter().filter(|s| s[day] > 0.0).count()).collect();
        let usual = sold.iter().sum::<usize>() as f64 / sold.len().max(1) as f64;
        let can_tell = self.series.len() >= SERIES_MIN && usual > 0.1 * self.series.len() as f64;
        sold.iter().map(|&count| count > 0 || !can_tell).collect()
    }

    /// Fits seasons, at most `seasons_max` of them, and a model for each series; `days[i]` is the interval that
    /// series `i` is to be forecast over.
    #[must_use]
    pub fn fit(&self, days: &[usize], seasons_max: usize, threads: usize) -> Forecasts {
        let open = self.open();
        let trimmed: Vec<Vec<f64>> = self.series.iter().map(|s| trimmed(s)).collect();
        let rows: Vec<&[f64]> = trimmed.iter().map(Vec::as_slice).collect();
        let (seasons, which) = season::seasons(&rows, &open, self.first, seasons_max, threads);
        let factors: Vec<Vec<f64>> = seasons.iter().map(|s| s.factors(self.first, self.days())).collect();
        let items: Vec<usize> = (0..rows.len()).collect();
        let models = threads::map(&items, threads, |&i| {
            let season = which[i];
            let series = without_season(rows[i], &factors[season], &open);
            Model { season, ..model(&series, days.get(i).copied().unwrap_or(7)) }
        });
        Forecasts { seasons, models }
    }
}

/// A series whose greatest days are cut to the greatest of the others.
fn trimmed(series: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = series.to_vec();
    sorted.sort_by(f64::total_cmp);
    let kept = sorted.len() - (TRIMMED * sorted.len() as f64).ceil() as usize;
    let selling: Vec<f64> = sorted.iter().copied().filter(|x| *x > 0.0).collect();
    let usual = selling.iter().sum::<f64>() / selling.len().max(1) as f64;
    let cap = sorted.get(kept.saturating_sub(1)).copied().unwrap_or(0.0).max(3.0 * usual);
    series.iter().map(|&x| if x < cap { x } else { cap }).collect()
}

/// Demand of the open days divided by the season.
pub(crate) fn without_season(series: &[f64], factors: &[f64], open: &[bool]) -> Vec<f64> {
    let days = series.iter().zip(factors).zip(open);
    days.filter(|((_, factor), open)| **open && **factor >= FACTOR_MIN).map(|((y, factor), _)| y / factor).collect()
}

/// The model of a series without season, for forecasts over `days` days.
fn model(series: &[f64], days: usize) -> Model {
    let mean = series.iter().sum::<f64>() / series.len().max(1) as f64;
    let interval = intermittent::interval(series);
    let fitted = arima::select(series, days);
    let aicc = fitted.as_ref().map(|f| f.aicc);
    let usual = || Method::Arima(Process::default());
    let (method, reason) = match fitted {
        None => (usual(), "too short or too even a history: the mean".to_owned()),
        Some(fitted) if interval < INTERVAL_MIN => (Method::Arima(fitted.process), "least AICc".to_owned()),
        Some(fitted) => chosen(series, days, Method::Arima(fitted.process), interval),
    };
    let deviation = misses(&method, mean, series);
    Model { method, season: 0, mean, deviation, interval, aicc, reason }
}

/// ARIMA or TSB for a product that sells now and then: what forecast the last third of its history better, from
/// what was known after the first two.
fn chosen(series: &[f64], days: usize, arima: Method, interval: f64) -> (Method, String) {
    let sells = format!("sells every {interval:.1} days");
    let split = series.len() * 2 / 3;
    let known = &series[..split];
    let candidates = arima::select(known, days).map(|f| (Method::Arima(f.process), Intermittent::fit(known)));
    let Some((before, tsb)) = candidates.filter(|_| series.len() >= COMPARED_DAYS_MIN) else {
        return (arima, format!("{sells}, too short a history to compare: least AICc"));
    };
    let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
    let error = |method: &Method| {
        let (mut running, mut sum) = (Running::new(method, mean, known), 0.0);
        for (day, &seen) in series.iter().enumerate() {
            if let Some(ahead) = series.get(day..day + days).filter(|_| day >= split) {
                let missed = running.forecasts(days).iter().sum::<f64>() - ahead.iter().sum::<f64>();
                sum += missed * missed;
            }
            running.advance(seen);
        }
        sum
    };
    let (own, other) = (error(&before), error(&Method::Intermittent(tsb)));
    // One number for all: the root of the mean square of what sums over the interval miss.
    let percent = 100.0 * ((own / other.max(1e-12)).sqrt() - 1.0);
    if other < own {
        let reason = format!("{sells}; {} misses {percent:.1} % more over {days} days", before.name());
        return (Method::Intermittent(Intermittent::fit(series)), reason);
    }
    (
        arima,
        format!("{sells}; TSB misses {:.1} % more over {days} days", 100.0 * ((other / own.max(1e-12)).sqrt() - 1.0)),
    )
}

/// Root of the mean square of what forecasts of the next day miss.
fn misses(method: &Method, mean: f64, series: &[f64]) -> f64 {
    let mut running = Running::new(method, mean, series);
    let (mut squares, mut count) = (0.0, 0.0);
    for (day, &seen) in series.iter().enumerate() {
        if day >= intermittent::START || series.len() < 2 * intermittent::START {
            let missed = seen - running.forecasts(1)[0];
            squares += missed * missed;
            count += 1.0;
        }
        running.advance(seen);
    }
    (squares / f64::max(count, 1.0)).sqrt()
}
