//! From a history of sales to a season and one distribution per stockpoint.
//!
//! 1. Sales far above what is usual are cut: the cap is a quantile, pooled over all stockpoints in
//!    units of their own trimmed means, since one product alone has too few days to tell.
//! 2. Weekly factors: means of each weekday, pooled over stockpoints that count alike. A weekday on
//!    which nobody ever sold is closed: factor 0, and its days are left out of step 4.
//! 3. Annual factors: a few harmonics by least squares on what the weekly factors leave, shrunk by
//!    `annual_trust`, because one year can't tell a season from a year like no other.
//!    Two years or more show a trend too: a straight line in the same least squares, one for all.
//! 4. What is left after dividing by the factors is the distribution, scaled so that the mean
//!    demand is the total sold over the sum of the factors. Where groups of products share shocks
//!    (`[shocks]`), each day is divided by its group's likeliest factor first: the tables then hold the
//!    products' own chance, and days without sales stay days without sales.

use super::calendar::Date;
use super::history::History;
use super::number::from_count;
use super::problem::{Place, Report};
use super::season::{Profile, YEAR_DAYS, harmonic};
use super::settings::{FITTED, FitSettings};

/// Days without which there is no weekly cycle to see.
const WEEKLY_DAYS_MIN: usize = 28;
/// Days without which there is no annual cycle to see.
const ANNUAL_DAYS_MIN: usize = 330;
/// Days without which a trend can't be told from a season.
const TREND_DAYS_MIN: usize = 2 * YEAR_DAYS;
/// Greatest trend that is believed, up or down [share of the mean a year].
const TREND_MAX: f64 = 0.5;
/// Mean interval between days with sales from which a product counts as intermittent [open days]:
/// Syntetos, Boylan and Croston 2005.
const INTERMITTENT_INTERVAL: f64 = 1.32;
/// Stockpoints from which a day on which none sold anything is one on which the shop was shut.
const SHUT_SERIES_MIN: usize = 20;
/// Share of the greatest days that a series' scale leaves out.
const TRIMMED: f64 = 0.01;
/// Least factor that a day's sales are divided by.
const FACTOR_MIN: f64 = 0.1;

/// Series after step 1, and the season of steps 2 and 3.
#[derive(Debug)]
pub(crate) struct Fit {
    /// The pooled season.
    pub(crate) season: Profile,
    /// Weekday of the first day, and its day of the year.
    first: (usize, usize),
    /// Cap of step 1, in units of a series' scale.
    cap: f64,
    /// First day of the history, counted from day 0 of the network.
    offset: f64,
    /// Days on which nobody sold anything, holidays most likely. Shape `[day]`.
    shut: Vec<bool>,
}

impl Fit {
    /// Steps 1 to 3.
    pub(crate) fn new(history: &History, settings: FitSettings, day_zero: Date, report: &mut Report) -> Self {
        let start = history.start.unwrap_or(Date { day: 0 });
        let mut fit = Self {
            season: Profile::flat(FITTED),
            first: (start.weekday(), start.yearday()),
            cap: f64::INFINITY,
            offset: f64::from(start.day) - f64::from(day_zero.day),
            shut: Vec::new(),
        };
        // Keys in order: sums of floats must not depend on how a hash map is walked.
        let mut keys: Vec<_> = history.series.keys().copied().collect();
        keys.sort_unstable();
        let series: Vec<&Vec<f64>> = keys.iter().filter_map(|key| history.series.get(key)).collect();
        fit.shut = (0..history.days)
            .map(|day| series.len() >= SHUT_SERIES_MIN && series.iter().all(|s| s[day] <= 0.0))
            .collect();
        let mut sold = [0.0; 7];
        for s in &series {
            s.iter().enumerate().for_each(|(day, q)| sold[fit.weekday(day)] += q);
        }
        let open = |day: usize| history.days < WEEKLY_DAYS_MIN || sold[fit.weekday(day)] > 0.0;
        let mut pooled: Vec<f64> = Vec::new();
        for s in &series {
            let scale = trimmed_mean(s);
            pooled.extend(s.iter().enumerate().filter(|(day, _)| open(*day)).map(|(_, q)| q / scale));
        }
        let cap = quantile(&mut pooled, settings.winsorize_quantile);
        let index = pooled_index(&series, cap, history.days);
        fit.cap = cap;
        let warn_short = |what: &str, least: usize, report: &mut Report| {
            report.warning(
                Place::whole("demand.csv"),
                format!("{} days of demand show no {what} cycle: none is assumed", history.days),
                format!("{least} days or more"),
            );
        };
        if history.days < WEEKLY_DAYS_MIN {
            warn_short("weekly", WEEKLY_DAYS_MIN, report);
        } else {
            let (mut sums, mut counts) = ([0.0; 7], [0.0; 7]);
            for (day, value) in index.iter().enumerate() {
                sums[fit.weekday(day)] += value;
                counts[fit.weekday(day)] += 1.0;
            }
            let mut weekly = [0.0; 7];
            weekly.iter_mut().enumerate().for_each(|(i, w)| *w = sums[i] / f64::max(counts[i], 1.0));
            fit.season.set_weekly(weekly);
        }
        let harmonics = usize::try_from(settings.annual_harmonics).unwrap_or(0);
        if history.days < ANNUAL_DAYS_MIN {
            warn_short("annual", ANNUAL_DAYS_MIN, report);
        } else {
            fit.year(&index, harmonics, settings.annual_trust);
        }
        fit
    }

    /// Step 3.
    fn year(&mut self, index: &[f64], harmonics: usize, trust: f64) {
        let weekly = self.season.weekly;
        let middle = 0.5 * (from_count(index.len()) - 1.0);
        let years = |day: usize| (from_count(day) - middle) / from_count(YEAR_DAYS);
        let trended = index.len() >= TREND_DAYS_MIN;
        let left: Vec<Point> = (0..index.len())
            .filter(|day| weekly[self.weekday(*day)] > FACTOR_MIN)
            .map(|day| Point {
                yearday: (self.first.1 + day) % YEAR_DAYS,
                years: trended.then(|| years(day)),
                value: index[day] / weekly[self.weekday(day)],
            })
            .collect();
        let Some(c) = least_squares(&left, harmonics).filter(|c| c[0] > 0.0) else { return };
        let pairs: Vec<(f64, f64)> =
            c[1..=2 * harmonics].chunks_exact(2).map(|p| (trust * p[0] / c[0], trust * p[1] / c[0])).collect();
        if !pairs.is_empty() {
            self.season.set_fourier(&pairs);
        }
        if let Some(slope) = c.get(2 * harmonics + 1) {
            // The slope over the level in the middle is the growth of the logarithm there.
            self.season.growth = (slope / c[0]).clamp(-TREND_MAX, TREND_MAX);
            self.season.growth_origin = self.offset + middle;
        }
    }

    /// Factor of a day of the history.
    fn factor(&self, season: &Profile, day: usize) -> f64 {
        season.factor(self.weekday(day), self.first.1 + day) * season.grown(self.offset + from_count(day))
    }

    /// Sales without their season in units of their mean; none on closed days. Shape `[day]`.
    pub(crate) fn relative(&self, series: &[f64], season: &Profile) -> Vec<Option<f64>> {
        let cap = self.cap * trimmed_mean(series);
        let mut left: Vec<Option<f64>> = series
            .iter()
            .enumerate()
            .map(|(day, &q)| {
                let factor = self.factor(season, day);
                (factor > FACTOR_MIN && !self.is_shut(day)).then(|| if q > cap { cap } else { q } / factor)
            })
            .collect();
        let open = from_count(left.iter().flatten().count());
        let mean = left.iter().flatten().sum::<f64>() / open.max(1.0);
        if mean > 0.0 {
            left.iter_mut().flatten().for_each(|value| *value /= mean);
        }
        left
    }

    /// Whether a product sells on so few open days that its demand is called intermittent.
    pub(crate) fn is_intermittent(&self, series: &[f64]) -> bool {
        let open =
            (0..series.len()).filter(|&day| self.season.weekly[self.weekday(day)] > FACTOR_MIN && !self.is_shut(day));
        let (mut days, mut sold) = (0.0, 0.0);
        for day in open {
            days += 1.0;
            sold += if series[day] > 0.0 { 1.0 } else { 0.0 };
        }
        days > INTERMITTENT_INTERVAL * sold
    }

    /// Step 4: observed values without their season, equally likely [units].
    /// `shocks` are the factors of the product's group, if it has any. Shape `[day]`.
    pub(crate) fn sample(&self, series: &[f64], season: &Profile, shocks: Option<&[f64]>) -> Vec<f64> {
        let cap = self.cap * trimmed_mean(series);
        let (mut sold, mut factors) = (0.0, 0.0);
        let mut values = Vec::new();
        for (day, &quantity) in series.iter().enumerate() {
            let quantity = if quantity > cap { cap } else { quantity };
            let factor = self.factor(season, day);
            sold += quantity;
            factors += factor;
            if factor > 0.05 {
                let shock = shocks.and_then(|s| s.get(day)).copied().unwrap_or(1.0);
                values.push(quantity / factor.max(FACTOR_MIN) / shock);
            }
        }
        let mean = values.iter().sum::<f64>() / from_count(values.len()).max(1.0);
        if mean <= 0.0 || factors <= 0.0 {
            return vec![0.0];
        }
        let scale = sold / factors / mean;
        values.iter_mut().for_each(|value| *value *= scale);
        values
    }

    fn is_shut(&self, day: usize) -> bool {
        self.shut.get(day).copied().unwrap_or(false)
    }

    fn weekday(&self, day: usize) -> usize {
        (self.first.0 + day) % 7
    }
}

/// Mean over stockpoints of each day's sales, capped, in units of the stockpoint's mean.
fn pooled_index(series: &[&Vec<f64>], cap: f64, days: usize) -> Vec<f64> {
    let mut index = vec![0.0; days];
    for s in series {
        let most = cap * trimmed_mean(s);
        let capped: Vec<f64> = s.iter().map(|&q| if q > most { most } else { q }).collect();
        let mean = capped.iter().sum::<f64>() / from_count(days).max(1.0);
        if mean > 0.0 {
            index.iter_mut().zip(&capped).for_each(|(i, q)| *i += q / mean);
        }
    }
    index
}

/// Mean of all but the greatest days; the plain mean where that is 0, and 1 where all is 0.
fn trimmed_mean(series: &[f64]) -> f64 {
    let mut sorted = series.to_vec();
    sorted.sort_by(f64::total_cmp);
    let kept = (0..sorted.len()).filter(|i| from_count(*i) < (1.0 - TRIMMED) * from_count(sorted.len())).count();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / from_count(values.len()).max(1.0);
    [mean(&sorted[..kept]), mean(&sorted), 1.0].into_iter().find(|m| *m > 0.0).unwrap_or(1.0)
}

/// The least value with at least this share of the values at or below it; infinite where there are none.
fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let count = from_count(values.len());
    let at = usize::try_from(super::number::nearest(libm::ceil(share * count)) - 1).unwrap_or(0);
    values.get(at).copied().filter(|v| *v > 0.0).unwrap_or(f64::INFINITY)
}

/// One day of the pooled index without its week.
struct Point {
    yearday: usize,
    /// Years from the middle of the history, where a trend is asked for.
    years: Option<f64>,
    value: f64,
}

/// Intercept, cosine and sine amplitudes, then the slope a year where asked for, by the normal
/// equations; `None` where they are singular.
fn least_squares(points: &[Point], harmonics: usize) -> Option<Vec<f64>> {
    let size = 1 + 2 * harmonics + usize::from(points.iter().any(|p| p.years.is_some()));
    let mut matrix = vec![vec![0.0; size + 1]; size];
    for point in points {
        let mut row = vec![1.0];
        for k in 1..=harmonics {
            let (sine, cosine) = harmonic(k, point.yearday);
            row.extend([cosine, sine]);
        }
        row.extend(point.years);
        row.push(point.value);
        for i in 0..size {
            for j in 0..=size {
                matrix[i][j] += row[i] * row[j];
            }
        }
    }
    for i in 0..size {
        let pivot = (i..size).max_by(|a, b| libm::fabs(matrix[*a][i]).total_cmp(&libm::fabs(matrix[*b][i])))?;
        matrix.swap(i, pivot);
        if libm::fabs(matrix[i][i]) < 1e-9 {
            return None;
        }
        for r in 0..size {
            if r != i {
                let factor = matrix[r][i] / matrix[i][i];
                let pivot = matrix[i].clone();
                matrix[r].iter_mut().zip(&pivot).skip(i).for_each(|(cell, p)| *cell -= factor * p);
            }
        }
    }
    Some((0..size).map(|i| matrix[i][size] / matrix[i][i]).collect())
}
