//! Rolling-origin backtest: what each method would have forecast on past days, knowing only the days before.

use super::intermittent::{Intermittent, START};
use super::process::Process;
use super::{FACTOR_MIN, Histories, Method, Running, season, without_season};
use crate::threads;
use serde::Serialize;

/// Methods compared, in the order of the table.
pub const METHODS: [&str; 8] = [
    "naive",
    "seasonal naive",
    "exponential smoothing",
    "croston",
    "tsb",
    "smoothing x season",
    "arima x season",
    "restock",
];
/// The method that `restock forecast fit` writes down.
pub const OWN: usize = 7;
/// Quantiles of the sum over the horizon that pinball losses are of.
pub const QUANTILES: [f64; 3] = [0.5, 0.8, 0.95];
/// Standard normal quantiles of them.
const NORMAL: [f64; 3] = [0.0, 0.841_621_233_572_914, 1.644_853_626_951_472];
/// Smoothing constants tried.
const ALPHAS: [f64; 9] = [0.004, 0.008, 0.016, 0.03, 0.06, 0.1, 0.15, 0.25, 0.4];

/// How the past is cut.
#[derive(Clone, Copy, Debug)]
pub struct Protocol {
    /// Days of each forecast.
    pub horizon: usize,
    /// Number of origins, `horizon` days apart, the last one `horizon` days before the end.
    pub origins: usize,
}

/// Losses of one method over all series and origins.
#[derive(Clone, Debug, Serialize)]
pub struct Losses {
    /// The method.
    pub method: &'static str,
    /// Mean absolute error of a day over that of the seasonal naive method within the days known, mean over
    /// series (Hyndman and Koehler 2006).
    pub mase: f64,
    /// Pinball losses of the sum over the horizon, in % of the mean sum, mean over series, by quantile.
    pub pinball_percent: [f64; 3],
    /// Forecast sum less true sum, in % of the true sum of all series.
    pub bias_percent: f64,
    /// Root of the mean squared error of the sums, in % of the mean sum, mean over series.
    pub sum_rmse_percent: f64,
    /// Series for which the method has a lower MASE than `restock`.
    pub better_than_restock: usize,
    /// Series for which the method has a lower mean pinball loss than `restock`.
    pub better_pinball_than_restock: usize,
}

/// What one method forecasts from one origin: each day, and the deviation of the sum.
struct Ahead {
    days: Vec<f64>,
    deviation: f64,
}

/// Sums of one series' losses of one method over the origins.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    scaled: f64,
    pinball: [f64; 3],
    forecast: f64,
    truth: f64,
    square: f64,
}

/// Why a history can't be backtested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{days} days of history are too few, {needed} are needed: fewer origins or a shorter horizon")]
pub struct TooShort {
    /// Days there are.
    pub days: usize,
    /// Days needed.
    pub needed: usize,
}

/// Losses of every method. Series without any sale before the first origin are left out; the number of those
/// that count comes too.
///
/// # Errors
/// If the history is too short.
pub fn run(histories: &Histories<'_>, protocol: Protocol, threads: usize) -> Result<(Vec<Losses>, usize), TooShort> {
    let (days, horizon) = (histories.days(), protocol.horizon.max(1));
    let needed = protocol.origins.max(1) * horizon + 8 * START;
    if days < needed {
        return Err(TooShort { days, needed });
    }
    let first_origin = days - protocol.origins.max(1) * horizon;
    let counted: Vec<usize> = (0..histories.series.len())
        .filter(|&i| histories.series[i][..first_origin].iter().filter(|y| **y > 0.0).count() > 1)
        .collect();
    let mut sums = vec![[Sums::default(); METHODS.len()]; counted.len()];
    for k in 0..protocol.origins.max(1) {
        let origin = first_origin + k * horizon;
        let known =
            Histories { first: histories.first, series: histories.series.iter().map(|s| &s[..origin]).collect() };
        let fitted = known.fit(&vec![horizon; known.series.len()], season::SEASONS_MAX, threads);
        let open = known.open();
        let found = threads::map(&counted, threads, |&i| {
            let model = &fitted.models[i];
            let factors = fitted.seasons[model.season].factors(histories.first, origin + horizon);
            let ahead = all(known.series[i], &factors, &open, &model.method, horizon);
            losses(known.series[i], &histories.series[i][origin..origin + horizon], &ahead)
        });
        for (sums, found) in sums.iter_mut().zip(found) {
            for (sum, one) in sums.iter_mut().zip(found) {
                sum.scaled += one.scaled;
                (0..QUANTILES.len()).for_each(|q| sum.pinball[q] += one.pinball[q]);
                (sum.forecast, sum.truth) = (sum.forecast + one.forecast, sum.truth + one.truth);
                sum.square += one.square;
            }
        }
    }
    let scales: Vec<f64> =
        counted.iter().map(|&i| histories.series[i].iter().sum::<f64>() / days as f64 * horizon as f64).collect();
    Ok((summary(&sums, &scales, protocol.origins.max(1)), counted.len()))
}

/// Means over series and origins.
fn summary(sums: &[[Sums; METHODS.len()]], scales: &[f64], origins: usize) -> Vec<Losses> {
    let (count, origins) = (sums.len().max(1) as f64, origins as f64);
    let pinball = |sums: &Sums| sums.pinball.iter().sum::<f64>();
    (0..METHODS.len())
        .map(|m| {
            let each = || sums.iter().map(move |row| &row[m]);
            let percent = |q: usize| {
                100.0 * each().zip(scales).map(|(s, scale)| s.pinball[q] / origins / scale).sum::<f64>() / count
            };
            let (forecast, truth) = each().fold((0.0, 0.0), |(a, b), s| (a + s.forecast, b + s.truth));
            Losses {
                method: METHODS[m],
                mase: each().map(|s| s.scaled / origins).sum::<f64>() / count,
                pinball_percent: [percent(0), percent(1), percent(2)],
                bias_percent: 100.0 * (forecast - truth) / truth.max(1e-9),
                sum_rmse_percent: 100.0
                    * each().zip(scales).map(|(s, scale)| (s.square / origins).sqrt() / scale).sum::<f64>()
                    / count,
                better_than_restock: sums.iter().filter(|row| row[m].scaled < row[OWN].scaled).count(),
                better_pinball_than_restock: sums.iter().filter(|row| pinball(&row[m]) < pinball(&row[OWN])).count(),
            }
        })
        .collect()
}

/// Losses of every method's forecast of `truth`.
fn losses(known: &[f64], truth: &[f64], ahead: &[Ahead]) -> [Sums; METHODS.len()] {
    // The scale of Hyndman and Koehler: how far a day is from the same weekday a week before.
    let apart: f64 = known.iter().zip(known.iter().skip(7)).map(|(a, b)| (a - b).abs()).sum();
    let scale = (apart / known.len().saturating_sub(7).max(1) as f64).max(1e-9);
    let total: f64 = truth.iter().sum();
    std::array::from_fn(|m| {
        let forecast: f64 = ahead[m].days.iter().sum();
        let absolute: f64 = ahead[m].days.iter().zip(truth).map(|(a, b)| (a - b).abs()).sum();
        let pinball = std::array::from_fn(|q| {
            let missed = total - (forecast + NORMAL[q] * ahead[m].deviation).max(0.0);
            if missed >= 0.0 { QUANTILES[q] * missed } else { (QUANTILES[q] - 1.0) * missed }
        });
        Sums {
            scaled: absolute / truth.len() as f64 / scale,
            pinball,
            forecast,
            truth: total,
            square: (forecast - total) * (forecast - total),
        }
    })
}

/// What every method forecasts of the `horizon` days after what is known.
fn all(known: &[f64], factors: &[f64], open: &[bool], chosen: &Method, horizon: usize) -> Vec<Ahead> {
    let every_day = vec![true; known.len()];
    let flat = vec![1.0; known.len() + horizon];
    let plain = |method: &Method| seasonal(known, &flat, &every_day, method, horizon);
    let in_season = |method: &Method| seasonal(known, factors, open, method, horizon);
    let bare = without_season(known, factors, open);
    let days = open_days(factors, known.len(), horizon).max(1);
    let arima = match chosen {
        Method::Arima(_) => chosen.clone(),
        Method::Intermittent(_) => {
            Method::Arima(super::arima::select(&bare, days).map_or_else(Process::default, |f| f.process))
        }
    };
    vec![
        walked(known, horizon, |known| vec![known.last().copied().unwrap_or(0.0); horizon]),
        walked(known, horizon, |known| (0..horizon).map(|h| week_before(known, h)).collect()),
        plain(&Method::Arima(Process::smoothing(best_alpha(known)))),
        croston(known, horizon),
        plain(&Method::Intermittent(Intermittent::fit(known))),
        in_season(&Method::Arima(Process::smoothing(best_alpha(&bare)))),
        in_season(&arima),
        in_season(chosen),
    ]
}

/// The same weekday's demand in the last week known.
fn week_before(known: &[f64], ahead: usize) -> f64 {
    known.len().checked_sub(7).and_then(|start| known.get(start + ahead % 7)).copied().unwrap_or(0.0)
}

/// Days of the horizon on which the season is open.
fn open_days(factors: &[f64], known: usize, horizon: usize) -> usize {
    factors[known..known + horizon].iter().filter(|f| **f >= FACTOR_MIN).count()
}

/// The smoothing constant that forecasts the next days of a series best.
fn best_alpha(series: &[f64]) -> f64 {
    let error = |alpha: f64| {
        let start = START.min(series.len());
        let mut level = series[..start].iter().sum::<f64>() / start.max(1) as f64;
        series[start..].iter().fold(0.0, |sum, y| {
            let missed = y - level;
            level += alpha * missed;
            sum + missed * missed
        })
    };
    ALPHAS.into_iter().min_by(|a, b| error(*a).total_cmp(&error(*b))).unwrap_or(0.1)
}

/// A forecast by a rule that looks at all that is known; the deviation is that of its own past sums.
fn walked(known: &[f64], horizon: usize, rule: impl Fn(&[f64]) -> Vec<f64>) -> Ahead {
    let (mut squares, mut count) = (0.0, 0.0);
    for origin in (2 * START..known.len().saturating_sub(horizon)).step_by(horizon) {
        let missed = rule(&known[..origin]).iter().sum::<f64>() - known[origin..origin + horizon].iter().sum::<f64>();
        squares += missed * missed;
        count += 1.0;
    }
    Ahead { days: rule(known), deviation: (squares / f64::max(count, 1.0)).sqrt() }
}

/// Croston's method (1972) at its usual constant: sizes and intervals smoothed on days with demand.
fn croston(known: &[f64], horizon: usize) -> Ahead {
    const ALPHA: f64 = 0.1;
    walked(known, horizon, |known| {
        let (mut size, mut interval, mut since) = (0.0, 0.0, 0.0);
        for &seen in known {
            since += 1.0;
            if seen > 0.0 {
                let first = size == 0.0;
                size = if first { seen } else { size + ALPHA * (seen - size) };
                interval = if first { since } else { interval + ALPHA * (since - interval) };
                since = 0.0;
            }
        }
        vec![if interval > 0.0 { size / interval } else { 0.0 }; horizon]
    })
}

/// A process on demand without its season, times the season; deviations as a device has them, from the miss
/// of a day and the process's psi weights.
fn seasonal(known: &[f64], factors: &[f64], open: &[bool], method: &Method, horizon: usize) -> Ahead {
    let series = without_season(known, factors, open);
    let mean = series.iter().sum::<f64>() / series.len().max(1) as f64;
    let mut running = Running::new(method, mean, &series);
    series.iter().for_each(|&seen| running.advance(seen));
    let mut steps = running.forecasts(horizon).into_iter();
    let future = &factors[known.len()..known.len() + horizon];
    let days: Vec<f64> =
        future.iter().map(|f| if *f < FACTOR_MIN { 0.0 } else { f * steps.next().unwrap_or(0.0) }).collect();
    let count = open_days(factors, known.len(), horizon).max(1);
    let usual = future.iter().sum::<f64>() / count as f64;
    let deviation = super::misses(method, mean, &series) * method.sum_variance(count).sqrt() * usual;
    Ahead { days, deviation }
}
