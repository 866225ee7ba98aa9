//! Seasons of the week and of the year, fitted to each product and shared where there are more than a
//! device holds.
//!
//! Demand of a day is Poisson-like with mean `level * week[weekday] * exp(year)`: three harmonics of the week
//! are its seven factors, `year` is a sum of harmonics of the year. Factors and not terms, because demand is
//! never negative and its noise grows with its season. One product's year says little: each product's season
//! is drawn towards the one of all products together, the more the less it sells.

use crate::input::season::{FirstDay, Profile, YEAR_DAYS};
use crate::threads;

/// Most seasons that products share: twice as many profiles (sold and upstream) leave room on a device.
pub const SEASONS_MAX: usize = 24;
/// Fewer days than this show no year.
const ANNUAL_DAYS_MIN: usize = 330;
/// Days of history for each harmonic of the year.
const DAYS_PER_HARMONIC: usize = 180;
/// Most harmonics of the year.
const HARMONICS_MAX: usize = 6;
/// How much of a year's cycle to believe from less than two years: a season, or a year like no other?
const TRUST_OF_ONE_YEAR: f64 = 0.7;
/// How far a product's season may be expected from that of all, as a standard deviation of its logarithm.
const WEEK_APART: f64 = 0.2;
const YEAR_APART: f64 = 0.15;
/// Rounds of weekly and annual fits after each other.
const ROUNDS: usize = 8;

/// A season: factors of mean 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Season {
    /// Factors of the weekdays, Monday first.
    pub weekly: [f64; 7],
    /// Cosine and sine amplitudes of the logarithm of the year's factor, by harmonic.
    pub annual: Vec<(f64, f64)>,
}

impl Season {
    /// No season.
    #[must_use]
    pub fn flat() -> Self {
        Self { weekly: [1.0; 7], annual: Vec::new() }
    }

    /// The profile, named.
    #[must_use]
    pub fn profile(&self, name: &str) -> Profile {
        let mut profile = Profile::flat(name);
        profile.set_weekly(self.weekly);
        profile.set_log_fourier(&self.annual);
        profile
    }

    /// Factors of the days from the first on. Shape `[day]`.
    #[must_use]
    pub fn factors(&self, first: FirstDay, days: usize) -> Vec<f64> {
        let profile = self.profile("");
        (0..days).map(|day| profile.factor(first.weekday + day, first.yearday + day)).collect()
    }

    /// Logarithms of the factors of each weekday and of the middle of each month: where seasons differ.
    fn shape(&self) -> [f64; 19] {
        let profile = self.profile("");
        std::array::from_fn(|i| match i {
            0..7 => self.weekly[i].max(0.05).ln(),
            _ => profile.annual[(i - 7) * YEAR_DAYS / 12 + 15].max(0.05).ln(),
        })
    }
}

/// Sums over a series that a season is fitted to.
struct Observed<'a> {
    series: &'a [f64],
    open: &'a [bool],
    first: FirstDay,
}

/// Sums of squares and products that Newton's step solves, and the deviance's dispersion.
struct Round {
    gradient: Vec<f64>,
    curvature: Vec<Vec<f64>>,
    dispersion: f64,
}

impl Observed<'_> {
    /// The season of `harmonics` harmonics that fits best, drawn towards `prior` where there is one.
    fn season(&self, harmonics: usize, prior: Option<&Season>) -> (Season, f64) {
        let mut season = prior.cloned().unwrap_or_else(Season::flat);
        season.annual.resize(harmonics, (0.0, 0.0));
        let towards = season.clone();
        let mut dispersion = 1.0;
        // Once for all days and rounds: cosines are most of what a round costs.
        let waves: Vec<Vec<f64>> = (0..YEAR_DAYS).map(|yearday| waves(harmonics, yearday)).collect();
        for _round in 0..ROUNDS {
            let (level, round) = self.round(&season, &waves);
            if level <= 0.0 {
                return (season, 1.0);
            }
            dispersion = round.dispersion.max(1e-9);
            let pull = |apart: f64| if prior.is_some() { dispersion / (apart * apart) } else { 0.0 };
            self.fit_week(&mut season, &towards, level, pull(WEEK_APART));
            fit_year(&mut season, &towards, round, pull(YEAR_APART));
        }
        (season, dispersion)
    }

    /// The level of a season, and what Newton's step for its year needs. `waves` has shape `[day of the year][wave]`.
    fn round(&self, season: &Season, waves: &[Vec<f64>]) -> (f64, Round) {
        let factors = season.factors(self.first, self.series.len());
        let days = || self.series.iter().zip(&factors).zip(self.open).enumerate().filter(|(_, (_, open))| **open);
        let (sold, exposed) = days().fold((0.0, 0.0), |(a, b), (_, ((y, f), _))| (a + y, b + f));
        let level = if exposed > 0.0 { sold / exposed } else { 0.0 };
        let size = 2 * season.annual.len();
        let mut round = Round { gradient: vec![0.0; size], curvature: vec![vec![0.0; size]; size], dispersion: 0.0 };
        let mut count: f64 = 0.0;
        for (day, ((y, factor), _)) in days() {
            let expected = level * factor;
            if expected <= 0.0 {
                continue;
            }
            let waves = &waves[(self.first.yearday + day) % YEAR_DAYS];
            round.dispersion += (y - expected) * (y - expected) / expected;
            count += 1.0;
            for i in 0..size {
                round.gradient[i] += (y - expected) * waves[i];
                for j in 0..=i {
                    round.curvature[i][j] += expected * waves[i] * waves[j];
                }
            }
        }
        round.dispersion /= count.max(1.0);
        (level, round)
    }

    /// Weekday factors: what was sold over what the rest of the season says, with `pull` units of the prior.
    fn fit_week(&self, season: &mut Season, towards: &Season, level: f64, pull: f64) {
        let annual = Season { weekly: [1.0; 7], ..season.clone() }.factors(self.first, self.series.len());
        let (mut sold, mut expected) = ([0.0; 7], [0.0; 7]);
        // A weekday that comes and is never open is closed.
        let closed = self.series.len() >= 7;
        for (day, ((y, factor), _)) in
            self.series.iter().zip(&annual).zip(self.open).enumerate().filter(|(_, (_, open))| **open)
        {
            let weekday = (self.first.weekday + day) % 7;
            sold[weekday] += y;
            expected[weekday] += level * factor;
        }
        let factor = |i: usize| {
            let weight = expected[i] + pull;
            match expected[i] {
                0.0 if closed => 0.0,
                _ if weight > 0.0 => (sold[i] + pull * towards.weekly[i]) / weight,
                _ => towards.weekly[i],
            }
        };
        let weekly: [f64; 7] = std::array::from_fn(factor);
        let mean = weekly.iter().sum::<f64>() / 7.0;
        if mean > 0.0 {
            season.weekly = weekly.map(|w| w / mean);
        }
    }
}

/// Cosine and sine of each harmonic of the year, on one of its days.
fn waves(harmonics: usize, yearday: usize) -> Vec<f64> {
    (1..=harmonics)
        .flat_map(|k| {
            let angle = std::f64::consts::TAU * (k * yearday) as f64 / YEAR_DAYS as f64;
            [angle.cos(), angle.sin()]
        })
        .collect()
}

/// Newton's step for the amplitudes of the year, drawn towards the prior's.
fn fit_year(season: &mut Season, towards: &Season, mut round: Round, pull: f64) {
    let size = round.gradient.len();
    let value =
        |season: &Season, i: usize| if i.is_multiple_of(2) { season.annual[i / 2].0 } else { season.annual[i / 2].1 };
    for i in 0..size {
        round.gradient[i] -= pull * (value(season, i) - value(towards, i));
        round.curvature[i][i] += pull + 1e-9;
        (0..i).for_each(|j| round.curvature[j][i] = round.curvature[i][j]);
    }
    let Some(step) = solve(round.curvature, round.gradient) else { return };
    for (k, pair) in season.annual.iter_mut().enumerate() {
        pair.0 = (pair.0 + step[2 * k].clamp(-0.5, 0.5)).clamp(-2.0, 2.0);
        pair.1 = (pair.1 + step[2 * k + 1].clamp(-0.5, 0.5)).clamp(-2.0, 2.0);
    }
}

/// Gaussian elimination of a positive definite system.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let size = right.len();
    for i in 0..size {
        if matrix[i][i] <= 1e-12 {
            return None;
        }
        for r in i + 1..size {
            let factor = matrix[r][i] / matrix[i][i];
            let (above, below) = matrix.split_at_mut(r);
            below[0].iter_mut().zip(&above[i]).skip(i).for_each(|(cell, pivot)| *cell -= factor * pivot);
            right[r] -= factor * right[i];
        }
    }
    for i in (0..size).rev() {
        let known: f64 = (i + 1..size).map(|j| matrix[i][j] * right[j]).sum();
        right[i] = (right[i] - known) / matrix[i][i];
    }
    Some(right)
}

/// The season of all series together, each in units of its own mean; harmonics of the year by a
/// quasi-likelihood AICc, as many as the days support.
fn common(series: &[&[f64]], open: &[bool], first: FirstDay) -> Season {
    let days = open.len();
    let mut pooled = vec![0.0; days];
    for one in series {
        let mean = one.iter().sum::<f64>() / days.max(1) as f64;
        if mean > 0.0 {
            pooled.iter_mut().zip(*one).for_each(|(sum, y)| *sum += y / mean);
        }
    }
    let observed = Observed { series: &pooled, open, first };
    let most = if days < ANNUAL_DAYS_MIN { 0 } else { (days / DAYS_PER_HARMONIC).min(HARMONICS_MAX) };
    let tried: Vec<(Season, f64)> = (0..=most).map(|harmonics| observed.season(harmonics, None)).collect();
    let least = tried.last().map_or(1.0, |last| last.1).max(1e-12);
    let (n, trust) = (days as f64, if days < 2 * YEAR_DAYS { TRUST_OF_ONE_YEAR } else { 1.0 });
    let criterion = |(season, dispersion): &(Season, f64)| {
        let k = 7.0 + 2.0 * season.annual.len() as f64;
        n * dispersion / least + 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0).max(1.0)
    };
    let best = tried.iter().min_by(|a, b| criterion(a).total_cmp(&criterion(b)));
    let mut season = best.map_or_else(Season::flat, |best| best.0.clone());
    season.annual.iter_mut().for_each(|pair| *pair = (trust * pair.0, trust * pair.1));
    season
}

/// Seasons of some series, at most `most` of them, and which one each series follows.
#[must_use]
pub fn seasons(
    series: &[&[f64]],
    open: &[bool],
    first: FirstDay,
    most: usize,
    threads: usize,
) -> (Vec<Season>, Vec<usize>) {
    let all = common(series, open, first);
    let own = |one: &[f64]| Observed { series: one, open, first }.season(all.annual.len(), Some(&all)).0;
    let each = threads::map(series, threads, |one| own(one));
    if each.len() <= most.max(1) {
        let which = (0..each.len()).collect();
        return (each, which);
    }
    let which = groups(&each.iter().map(Season::shape).collect::<Vec<_>>(), most.max(1));
    let seasons = (0..most.max(1))
        .map(|group| {
            let members: Vec<&Season> = each.iter().zip(&which).filter(|(_, w)| **w == group).map(|(s, _)| s).collect();
            mean(&members, &all)
        })
        .collect();
    (seasons, which)
}

/// The mean of some seasons of as many harmonics as `like`.
fn mean(members: &[&Season], like: &Season) -> Season {
    if members.is_empty() {
        return like.clone();
    }
    let count = members.len() as f64;
    let weekly = std::array::from_fn(|i| members.iter().map(|s| s.weekly[i]).sum::<f64>() / count);
    let part = |k: usize, of: fn(&(f64, f64)) -> f64| members.iter().map(|s| of(&s.annual[k])).sum::<f64>() / count;
    let annual = (0..like.annual.len()).map(|k| (part(k, |pair| pair.0), part(k, |pair| pair.1))).collect();
    Season { weekly, annual }
}

/// k-means from points far from each other; the same points give the same groups.
fn groups(points: &[[f64; 19]], count: usize) -> Vec<usize> {
    let apart = |a: &[f64; 19], b: &[f64; 19]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
    let mut centres = vec![points[0]];
    while centres.len() < count {
        let near = |p: &[f64; 19]| centres.iter().map(|c| apart(p, c)).fold(f64::INFINITY, f64::min);
        let Some(far) = points.iter().max_by(|a, b| near(a).total_cmp(&near(b))) else { break };
        centres.push(*far);
    }
    let nearest = |p: &[f64; 19], centres: &[[f64; 19]]| {
        (0..centres.len()).min_by(|&a, &b| apart(p, &centres[a]).total_cmp(&apart(p, &centres[b]))).unwrap_or(0)
    };
    for _round in 0..20 {
        let which: Vec<usize> = points.iter().map(|p| nearest(p, &centres)).collect();
        for (group, centre) in centres.iter_mut().enumerate() {
            let members: Vec<_> = points.iter().zip(&which).filter(|(_, w)| **w == group).map(|(p, _)| p).collect();
            if !members.is_empty() {
                *centre = std::array::from_fn(|i| members.iter().map(|p| p[i]).sum::<f64>() / members.len() as f64);
            }
        }
    }
    points.iter().map(|p| nearest(p, &centres)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_season_without_noise_is_found_again() {
        let first = FirstDay { weekday: 2, yearday: 40 };
        let truth = Season { weekly: [1.1, 0.9, 1.0, 1.2, 1.3, 0.0, 1.5], annual: vec![(0.3, -0.1), (0.05, 0.1)] };
        let series: Vec<f64> = truth.factors(first, 1095).iter().map(|f| 20.0 * f).collect();
        let open = vec![true; 1095];
        let (found, which) = seasons(&[&series], &open, first, 24, 1);
        assert_eq!(which, [0]);
        for (a, b) in found[0].factors(first, 365).iter().zip(truth.factors(first, 365)) {
            assert!((a - b).abs() < 0.01, "{a} is not {b}");
        }
    }

    #[test]
    fn like_products_share_a_season() {
        let first = FirstDay { weekday: 0, yearday: 0 };
        let shop = |weekend: f64| Season { weekly: [1.0, 1.0, 1.0, 1.0, 1.0, weekend, weekend], annual: vec![] };
        let series: Vec<Vec<f64>> = (0..6)
            .map(|i| {
                shop(if i % 2 == 0 { 0.2 } else { 3.0 })
                    .factors(first, 200)
                    .iter()
                    .map(|f| f * (50.0 + f64::from(i)))
                    .collect()
            })
            .collect();
        let rows: Vec<&[f64]> = series.iter().map(Vec::as_slice).collect();
        let (found, which) = seasons(&rows, &[true; 200], first, 2, 2);
        assert_eq!(found.len(), 2);
        assert!(which.chunks(2).all(|pair| pair == &which[..2]) && which[0] != which[1]);
        assert!(found[0].annual.is_empty(), "200 days show no year");
    }
}
