//! Fitted forecasts: against statsmodels, on a device against the host, and on real data.

use restock_core::Network;
use restock_core::forecast::LAGS;
use restock_core::layout::Column;
use restock_core::policy::Textbook;
use restock_core::scenario::Scenario;
use restock_tests::random_network::{Forecast, Plan, even_table};
use restock_trainer::forecast::backtest::{self, METHODS, OWN, Protocol};
use restock_trainer::forecast::process::Process;
use restock_trainer::forecast::{Histories, Method, arima};
use restock_trainer::input::forecast::PastDemand;
use serde_json::Value;
use std::path::Path;

/// What statsmodels makes of a dozen series; `tests/reference/arima.py` made it.
fn cases() -> Vec<Value> {
    let text = include_str!("../../reference/arima.json");
    let document: Value = serde_json::from_str(text).unwrap();
    document["cases"].as_array().unwrap().clone()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// Cosine and sine columns of the days `from..until`.
fn waves(periods: &[f64], from: usize, until: usize) -> Vec<Vec<f64>> {
    periods
        .iter()
        .flat_map(|period| {
            let angle = move |day: usize| std::f64::consts::TAU * day as f64 / period;
            [(from..until).map(|d| angle(d).cos()).collect(), (from..until).map(|d| angle(d).sin()).collect()]
        })
        .collect()
}

#[test]
fn coefficients_and_forecasts_are_those_of_statsmodels() {
    let near = |name: &str, what: &str, found: f64, right: f64, room: f64| {
        assert!((found - right).abs() <= room, "{name}: {what} is {found}, statsmodels has {right}");
    };
    let cases = cases();
    assert_eq!(cases.len(), 12);
    for case in &cases {
        let (name, series) = (case["name"].as_str().unwrap(), numbers(&case["series"]));
        let order: Vec<usize> = numbers(&case["order"]).iter().map(|&x| x as usize).collect();
        let (periods, right_forecasts) = (numbers(&case["periods"]), numbers(&case["forecasts"]));
        let regressors = waves(&periods, 0, series.len());
        let fitted = arima::fit(&series, &regressors, [order[0], order[1], order[2]]).unwrap();
        // One percent; of 0.1 where a coefficient is smaller than that.
        let percent = |right: f64| 0.01 * right.abs().max(0.1);
        for (what, found, right) in
            [("ar", &fitted.process.ar, numbers(&case["ar"])), ("ma", &fitted.process.ma, numbers(&case["ma"]))]
        {
            found.iter().zip(&right).for_each(|(a, b)| near(name, what, *a, *b, percent(*b)));
        }
        let with_mean = usize::from(order[1] == 0);
        if let Some(mean) = case["mean"].as_f64() {
            near(name, "mean", fitted.mean(), mean, 0.01 * mean);
        }
        let right = numbers(&case["regression"]);
        fitted.regression[with_mean..].iter().zip(&right).for_each(|(a, b)| near(name, "wave", *a, *b, percent(*b)));
        let variance = case["variance"].as_f64().unwrap();
        near(name, "variance", fitted.variance, variance, 0.01 * variance);
        near(name, "log likelihood", fitted.log_likelihood, case["log_likelihood"].as_f64().unwrap(), 0.01);

        // Forecasts of the level, half a percent of it, by the lags that a device has.
        let wave = |columns: &[Vec<f64>], day: usize| {
            columns.iter().zip(&fitted.regression[with_mean..]).map(|(c, b)| c[day] * b).sum::<f64>()
        };
        let start = if with_mean == 1 { fitted.mean() } else { series[0] - wave(&regressors, 0) };
        let mut lags = [0.0; LAGS];
        for (day, seen) in series.iter().enumerate() {
            let missed = seen - wave(&regressors, day) - start - lags[0];
            lags = fitted.process.advanced(lags, missed);
        }
        let ahead = waves(&periods, series.len(), series.len() + right_forecasts.len());
        let level = series.iter().sum::<f64>() / series.len() as f64;
        for (day, (found, right)) in
            fitted.process.forecasts(lags, right_forecasts.len()).iter().zip(&right_forecasts).enumerate()
        {
            near(name, "forecast", start + found + wave(&ahead, day), *right, 0.005 * level);
        }
    }
}

/// A node of one product that sells `series` over flat seasons, and forecasts so over `days`.
fn replayed(series: &[i32], forecast: Forecast, mean_q12: i32, days: i32) -> Plan {
    let mut plan = restock_tests::metamorphic::serial(1, 1);
    plan.horizon_days = series.len();
    plan.profiles = vec![vec![4096; series.len() + restock_core::scenario::SEASON_AHEAD_DAYS]];
    plan.products.truncate(1);
    plan.lanes.iter_mut().flat_map(|l| &mut l.routes).for_each(|r| r.freight.truncate(1));
    plan.replay = series.iter().map(|&units| vec![vec![units]]).collect();
    plan.tables.push(even_table(&[0]));
    plan.forecast_shift = 0;
    plan.demand_max = series.iter().copied().max().unwrap();
    plan.events.clear();
    plan.open_orders.clear();
    let row = &mut plan.stock[0];
    row.truncate(1);
    row[0].forecast = forecast;
    (row[0].demand_mean_q12, row[0].protection_days) = (mean_q12, days);
    (row[0].demand_profile, row[0].forecast_profile) = (0, 0);
    plan
}

/// What a device computes of a fitted process is what the host computes: to 0.1 % of the mean and a hundredth of
/// a unit, day after day, whatever the order.
#[test]
fn a_device_forecasts_what_the_host_does() {
    const DAYS: usize = 9;
    for case in &cases() {
        let name = case["name"].as_str().unwrap();
        let differences = numbers(&case["order"])[1] as usize;
        let process = Process { ar: numbers(&case["ar"]), differences, ma: numbers(&case["ma"]) };
        assert!(process.fits_a_device(DAYS), "{name}");
        let series: Vec<i32> = numbers(&case["series"]).iter().map(|x| (x * 10.0).round().max(0.0) as i32).collect();
        let mean = f64::from(series.iter().sum::<i32>()) / series.len() as f64;
        let [lag1, lag2, lag3, reach, method] = process.words(DAYS);
        let half = |word: i32| (i32::from(word as i16), word >> 16);
        let forecast = Forecast::Arima {
            weights: [lag1, lag2, lag3].map(|w| half(w).0),
            gains: [lag1, lag2, lag3].map(|w| half(w).1),
            reach: [half(reach).0, half(reach).1, half(method).0],
        };
        assert_eq!(forecast.words(), [lag1, lag2, lag3, reach, method]);
        let mean_q12 = (mean * 4096.0).round() as i32;
        let plan = replayed(&series, forecast, mean_q12, DAYS as i32);
        let image = plan.image();
        let s = Scenario::new(&image).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(s.column(Column::ForecastLag1, 0), [lag1]);
        let mut memory = vec![0; Network::words(&s)];
        let mut network = Network::new(&s, &mut memory).unwrap();
        let (mut lags, weights) = ([0.0; LAGS], process.reach(DAYS));
        let mean = f64::from(mean_q12) / 4096.0;
        for (day, &seen) in series.iter().enumerate() {
            network.advance(&mut Textbook);
            lags = process.advanced(lags, f64::from(seen) - mean - lags[0]);
            let exact = (mean + weights.iter().zip(&lags).map(|(a, lag)| a * lag).sum::<f64>()).max(0.0);
            let found = f64::from(network.state().forecast_level[0]) / 4096.0;
            let room = 0.01 + 0.001 * mean;
            assert!((found - exact).abs() <= room, "{name}, day {day}: {found} is not {exact}");
        }
    }
}

/// Rolling-origin on a wholesaler's year: optional data beside the project.
#[test]
fn on_real_sales_no_simpler_method_is_better_all_round() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/online-retail-200/demand.csv");
    if !file.exists() {
        eprintln!("skipped: {} is not here", file.display());
        return;
    }
    let past = PastDemand::read(&file).unwrap();
    let histories = Histories {
        first: past.first(),
        // Every fourth product: enough to tell, and quick.
        series: past.series.iter().step_by(4).map(|s| s.2.as_slice()).collect(),
    };
    let (losses, counted) = backtest::run(&histories, Protocol { horizon: 14, origins: 3 }, 2).unwrap();
    assert_eq!(losses.len(), METHODS.len());
    assert!(counted > 40);
    for one in &losses {
        eprintln!("{}: MASE {:.3}, pinball {:?}", one.method, one.mase, one.pinball_percent);
    }
    let own = &losses[OWN];
    // What has no season and no memory of its own is worse on both counts.
    for simple in ["naive", "seasonal naive", "croston"] {
        let other = losses.iter().find(|l| l.method == simple).unwrap();
        assert!(own.mase < other.mase, "{simple} has a MASE of {}, restock {}", other.mase, own.mase);
        let pinball = |l: &backtest::Losses| l.pinball_percent.iter().sum::<f64>();
        assert!(
            pinball(own) < pinball(other),
            "{simple}: {:?}, restock {:?}",
            other.pinball_percent,
            own.pinball_percent
        );
    }
}

#[test]
fn a_product_that_sells_now_and_then_is_told_why_it_has_its_method() {
    // Three lives of a product: a burst every 17 days, then never again, against steady sales.
    let burst: Vec<f64> = (0..400).map(|day| if day % 17 < 2 && day < 260 { 12.0 } else { 0.0 }).collect();
    let steady: Vec<f64> = (0..400).map(|day| 20.0 + f64::from(day * 7919 % 13)).collect();
    let histories = Histories {
        first: restock_trainer::input::season::FirstDay { weekday: 0, yearday: 0 },
        series: vec![&burst, &steady],
    };
    let found = histories.fit(&[7, 7], 24, 1);
    assert!(found.models[0].reason.starts_with("sells every"), "{}", found.models[0].reason);
    assert!(found.models[0].reason.contains("misses"), "{}", found.models[0].reason);
    assert!(matches!(found.models[1].method, Method::Arima(_)));
    assert_eq!(found.models[1].reason, "least AICc");
}
