//! Season profiles: what a day is worth against the mean of a year.

use super::number::{from_count, word};
use restock_core::scenario::SEASON_MAX_Q12;

/// Days of a year; the seasons know no leap days.
pub const YEAR_DAYS: usize = 365;
/// First day of the year of each month, then the year's end.
const MONTH_STARTS: [usize; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

/// Weekly times annual factors, each of mean 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Name, as products refer to it.
    pub name: String,
    /// Factor of each weekday, Monday first.
    pub weekly: [f64; 7],
    /// Factor of each day of the year. Shape `[day]`, [`YEAR_DAYS`] long.
    pub annual: Vec<f64>,
    /// Growth a year as a logarithm: 0.03 is 3 % (and a little). Factor `exp(growth * (day - origin) / 365)`.
    pub growth: f64,
    /// Day, counted from day 0 of the network, on which the growth's factor is 1.
    pub growth_origin: f64,
}

impl Profile {
    /// No season.
    #[must_use]
    pub fn flat(name: &str) -> Self {
        Self { name: name.to_owned(), weekly: [1.0; 7], annual: vec![1.0; YEAR_DAYS], growth: 0.0, growth_origin: 0.0 }
    }

    /// Sets the weekly factors, scaled to a mean of 1; `false` where they are all zero.
    pub fn set_weekly(&mut self, factors: [f64; 7]) -> bool {
        let mean = factors.iter().sum::<f64>() / 7.0;
        if mean > 0.0 {
            self.weekly = factors.map(|factor| factor / mean);
        }
        mean > 0.0
    }

    /// Sets one factor for the middle of each month, straight lines between; `false` where they are all zero.
    pub fn set_monthly(&mut self, factors: [f64; 12]) -> bool {
        let middle = |month: usize| 0.5 * (from_count(MONTH_STARTS[month]) + from_count(MONTH_STARTS[month + 1]));
        let year = from_count(YEAR_DAYS);
        let annual = (0..YEAR_DAYS).map(|day| {
            let at = from_count(day) + 0.5;
            let next = (0..12).find(|month| middle(*month) > at).unwrap_or(12);
            let (before, after) = ((next + 11) % 12, next % 12);
            let start = if next == 0 { middle(before) - year } else { middle(before) };
            let end = if next == 12 { middle(after) + year } else { middle(after) };
            let share = (at - start) / (end - start);
            factors[before] * (1.0 - share) + factors[after] * share
        });
        self.set_annual(annual.collect())
    }

    /// Sets `1 + sum(a_k cos(2 pi k d / 365) + b_k sin(2 pi k d / 365))` over pairs (a, b), d = 0 on
    /// 1 January; what falls below 0 is 0. `false` where nothing is left.
    pub fn set_fourier(&mut self, pairs: &[(f64, f64)]) -> bool {
        let annual = (0..YEAR_DAYS).map(|day| {
            let mut factor = 1.0;
            for (k, (a, b)) in pairs.iter().enumerate() {
                let (sine, cosine) = harmonic(k + 1, day);
                factor += a * cosine + b * sine;
            }
            factor.max(0.0)
        });
        self.set_annual(annual.collect())
    }

    /// Sets `exp(sum(a_k cos(2 pi k d / 365) + b_k sin(2 pi k d / 365)))` over pairs (a, b), scaled to a mean
    /// of 1, d = 0 on 1 January.
    pub fn set_log_fourier(&mut self, pairs: &[(f64, f64)]) {
        let annual = (0..YEAR_DAYS).map(|day| {
            let waves = pairs.iter().enumerate().map(|(k, (a, b))| {
                let (sine, cosine) = harmonic(k + 1, day);
                a * cosine + b * sine
            });
            libm::exp(waves.sum::<f64>())
        });
        self.set_annual(annual.collect());
    }

    /// Multiplies the year by a campaign: `factor` in each of its weeks (week 1 starts on 1 January) and
    /// `after` in the week that follows it, which is not itself a campaign's. The mean stays 1: what is sold
    /// in a campaign is missing at other times.
    pub fn set_campaign(&mut self, weeks: &[usize], factor: f64, after: f64) -> bool {
        let of = |day: usize| day / 7 + 1;
        let annual = (0..YEAR_DAYS).map(|day| {
            let week = of(day);
            let (now, before) = (weeks.contains(&week), week > 1 && weeks.contains(&(week - 1)));
            self.annual[day]
                * if now {
                    factor
                } else if before {
                    after
                } else {
                    1.0
                }
        });
        self.set_annual(annual.collect())
    }

    /// Factor of the growth on a day of the network.
    #[must_use]
    pub fn grown(&self, day: f64) -> f64 {
        if self.growth == 0.0 {
            1.0
        } else {
            libm::exp(self.growth * (day - self.growth_origin) / from_count(YEAR_DAYS))
        }
    }

    fn set_annual(&mut self, annual: Vec<f64>) -> bool {
        let mean = annual.iter().sum::<f64>() / from_count(YEAR_DAYS);
        if mean > 0.0 {
            self.annual = annual.into_iter().map(|factor| factor / mean).collect();
        }
        mean > 0.0
    }

    /// Factor of a day.
    #[must_use]
    pub fn factor(&self, weekday: usize, yearday: usize) -> f64 {
        self.weekly[weekday % 7] * self.annual[yearday % YEAR_DAYS]
    }

    /// Mean square of the weekly factors: how much more variance a week has than seven even days.
    #[must_use]
    pub fn weekly_power(&self) -> f64 {
        self.weekly.iter().map(|w| w * w).sum::<f64>() / 7.0
    }

    /// Factors, Q12, rounded to nearest, of the days from day 0 on. Shape `[day]`.
    #[must_use]
    pub fn row(&self, first: FirstDay, days: usize) -> Vec<i32> {
        (0..days).map(|day| q12(self.on(first, day + 7))).collect()
    }

    /// The same as a centred mean of seven days: a node upstream sees orders, which follow the
    /// season of the year but not the customers' week.
    #[must_use]
    pub fn smoothed_row(&self, first: FirstDay, days: usize) -> Vec<i32> {
        (0..days).map(|day| q12((day + 4..day + 11).map(|d| self.on(first, d)).sum::<f64>() / 7.0)).collect()
    }

    /// Factor of `day - 7`, so that the days just before day 0 have one too.
    fn on(&self, first: FirstDay, day: usize) -> f64 {
        self.factor(first.weekday + day, first.yearday + YEAR_DAYS + day - 7) * self.grown(from_count(day) - 7.0)
    }

    /// Greatest factor of any day.
    #[must_use]
    pub fn max(&self) -> f64 {
        let most = |factors: &[f64]| factors.iter().fold(0.0, |a, &b| if b > a { b } else { a });
        most(&self.weekly) * most(&self.annual)
    }
}

/// Where day 0 stands in the week and in the year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstDay {
    /// 0 = Monday.
    pub weekday: usize,
    /// 0 = 1 January.
    pub yearday: usize,
}

/// Sine and cosine of harmonic `k` on a day of the year.
pub(crate) fn harmonic(k: usize, yearday: usize) -> (f64, f64) {
    let angle = core::f64::consts::TAU * from_count(k * yearday) / from_count(YEAR_DAYS);
    (libm::sin(angle), libm::cos(angle))
}

fn q12(factor: f64) -> i32 {
    word(factor * 4096.0).unwrap_or(SEASON_MAX_Q12).clamp(0, SEASON_MAX_Q12)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONDAY: FirstDay = FirstDay { weekday: 0, yearday: 0 };

    #[test]
    fn a_year_of_any_profile_has_a_mean_of_one() {
        let mut profile = Profile::flat("x");
        assert!(profile.set_weekly([1.0, 1.0, 1.0, 1.0, 1.5, 2.0, 0.0]));
        assert!(profile.set_fourier(&[(0.3, -0.1), (0.05, 0.1)]));
        let row = profile.row(MONDAY, 7 * YEAR_DAYS);
        let mean = row.iter().map(|f| f64::from(*f)).sum::<f64>() / from_count(row.len());
        assert!((mean - 4096.0).abs() < 1.0, "{mean}");
        assert_eq!(row[6], 0);
        assert!(profile.set_monthly([0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0]));
        let mean = profile.annual.iter().sum::<f64>() / 365.0;
        assert!((mean - 1.0).abs() < 1e-12);
        assert!(profile.annual[364] > 1.0 && profile.annual[15] < profile.annual[0]);
    }

    #[test]
    fn a_campaign_moves_demand_and_makes_none() {
        let mut profile = Profile::flat("x");
        assert!(profile.set_campaign(&[10, 30], 1.5, 0.8));
        let mean = profile.annual.iter().sum::<f64>() / 365.0;
        assert!((mean - 1.0).abs() < 1e-12);
        assert!((profile.annual[63] / profile.annual[0] - 1.5).abs() < 1e-12, "week 10 starts after 9 weeks");
        assert!((profile.annual[70] / profile.annual[0] - 0.8).abs() < 1e-12);
        assert!((profile.annual[62] / profile.annual[0] - 1.0).abs() < 1e-12);
        let mut twice = Profile::flat("x");
        assert!(twice.set_campaign(&[10, 11], 1.5, 0.8));
        assert!((twice.annual[70] / twice.annual[0] - 1.5).abs() < 1e-12, "a second week is no week after");
    }

    #[test]
    fn growth_multiplies_year_by_year_from_its_origin() {
        let mut profile = Profile::flat("x");
        profile.growth = 0.1;
        let row = profile.row(MONDAY, 731);
        assert_eq!(row[0], 4096);
        assert!(
            (f64::from(row[365]) / 4096.0 - libm::exp(0.1)).abs() < 1e-3
                && (f64::from(row[730]) / 4096.0 - libm::exp(0.2)).abs() < 1e-3
        );
        profile.growth_origin = 365.0;
        assert_eq!(profile.row(MONDAY, 366)[365], 4096);
    }

    #[test]
    fn the_smoothed_row_has_no_week() {
        let mut profile = Profile::flat("x");
        profile.set_weekly([1.0, 0.0, 3.0, 1.0, 1.0, 1.0, 0.0]);
        assert!(profile.smoothed_row(MONDAY, 50).iter().all(|f| *f == 4096));
        assert!(!profile.set_weekly([0.0; 7]));
    }
}
