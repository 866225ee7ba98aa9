//! Responsiveness: how deep the fill rate dips after a shock, and how many days it takes to come back.
//!
//! A *shock* begins on a day on which an event or a disruption is in force and on the day before none
//! was. The fill rate is that of the [`WINDOW_DAYS`] days up to a day (a week, so that the weekly cycle
//! cancels); the level it has to come back to is that of the [`BEFORE_DAYS`] days before the shock. A fill
//! rate that is more than [`TOLERANCE`] below that level is a dip. A shock is watched until the next one
//! begins, or for [`WATCH_DAYS`] days: what has not come back by then counts as that many days, and is
//! told apart.
//!
//! ```
//! use restock_trainer::recovery::{Daily, Responsiveness};
//!
//! let mut daily = Daily::default();
//! for day in 0..120 {
//!     // All is served, save for ten days after a shock on day 60.
//!     daily.push(100, if (60..70).contains(&day) { 40 } else { 100 }, (60..65).contains(&day));
//! }
//! let found = Responsiveness::of(&[daily], 28).unwrap();
//! assert_eq!((found.shocks, found.unrecovered), (1, 0));
//! assert!((found.dip - 0.6).abs() < 1e-12);
//! assert_eq!(found.days_to_recover, 16.0); // ten days, and a week until the window has forgotten them
//! ```

use serde::Serialize;

/// Days over which the fill rate is taken [days].
pub const WINDOW_DAYS: usize = 7;
/// Days before a shock whose fill rate is the level to come back to [days].
pub const BEFORE_DAYS: usize = 28;
/// Longest that a shock is watched [days].
pub const WATCH_DAYS: usize = 84;
/// How far below its level the fill rate may lie without being in a dip.
pub const TOLERANCE: f64 = 0.02;

/// One path, day by day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Daily {
    /// Customers' demand [units]. Shape `[day]`.
    demand: Vec<i64>,
    /// Of it served at once [units]. Shape `[day]`.
    served: Vec<i64>,
    /// Whether an event or a disruption was in force. Shape `[day]`.
    disrupted: Vec<bool>,
}

impl Daily {
    /// Adds a day.
    pub fn push(&mut self, demand: i64, served: i64, disrupted: bool) {
        self.demand.push(demand);
        self.served.push(served);
        self.disrupted.push(disrupted);
    }

    /// Days of the path.
    #[must_use]
    pub fn days(&self) -> u32 {
        u32::try_from(self.demand.len()).unwrap_or(u32::MAX)
    }

    /// Days on which shocks begin.
    fn shocks(&self) -> Vec<usize> {
        (1..self.disrupted.len()).filter(|&day| self.disrupted[day] && !self.disrupted[day - 1]).collect()
    }

    /// Fill rate of some days; all of it where nothing is demanded.
    fn fill_rate(&self, days: std::ops::Range<usize>) -> f64 {
        let sum = |series: &[i64]| series[days.clone()].iter().sum::<i64>() as f64;
        let demand = sum(&self.demand);
        if demand > 0.0 { sum(&self.served) / demand } else { 1.0 }
    }

    /// What one shock does until a day at which it is no longer watched: depth of the dip, days until it is
    /// over, and whether it came to be over.
    fn answer(&self, shock: usize, until: usize) -> (f64, usize, bool) {
        let level = self.fill_rate(shock - BEFORE_DAYS..shock);
        let (mut depth, mut dipped) = (0.0, false);
        for day in shock..until {
            let below = level - self.fill_rate(day + 1 - WINDOW_DAYS..day + 1);
            if below > depth {
                depth = below;
            }
            if below > TOLERANCE {
                dipped = true;
            } else if dipped {
                return (depth, day - shock, true);
            }
        }
        if dipped { (depth, until - shock, false) } else { (depth, 0, true) }
    }

    /// The course of each shock from the day `from` on: fill rate of the week up to each day less its level before
    /// the shock, from the day on which it begins for as long as it is watched. Shocks as in [`Responsiveness::of`].
    #[must_use]
    pub fn courses(&self, from: u32) -> Vec<Vec<f64>> {
        let from = usize::try_from(from).unwrap_or(usize::MAX).max(BEFORE_DAYS);
        let begins = self.shocks();
        let course = |(i, &shock): (usize, &usize)| {
            let next = begins.get(i + 1).copied().unwrap_or(self.demand.len());
            let level = self.fill_rate(shock - BEFORE_DAYS..shock);
            let until = next.min(shock + WATCH_DAYS);
            (shock..until).map(|day| self.fill_rate(day + 1 - WINDOW_DAYS..day + 1) - level).collect()
        };
        begins.iter().enumerate().filter(|(_, shock)| **shock >= from).map(course).collect()
    }
}

/// How a policy's paths answered to shocks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Responsiveness {
    /// Shocks on all paths.
    pub shocks: usize,
    /// Mean depth of the dip, as a share of demand: 0.05 is five points of the fill rate.
    pub dip: f64,
    /// Mean days from a shock until the fill rate is back [days]; 0 where it never dipped.
    pub days_to_recover: f64,
    /// Shocks after which it was not back before the next one, or as long as they were watched.
    pub unrecovered: usize,
}

impl Responsiveness {
    /// Of some paths; shocks before the day `from` only disturb. None where there was no shock.
    #[must_use]
    pub fn of(paths: &[Daily], from: u32) -> Option<Self> {
        let from = usize::try_from(from).unwrap_or(usize::MAX).max(BEFORE_DAYS);
        let (mut shocks, mut unrecovered, mut dip, mut days) = (0, 0, 0.0, 0);
        for path in paths {
            let begins = path.shocks();
            for (i, &shock) in begins.iter().enumerate().filter(|(_, shock)| **shock >= from) {
                let next = begins.get(i + 1).copied().unwrap_or(path.demand.len());
                let (depth, lasted, over) = path.answer(shock, next.min(shock + WATCH_DAYS));
                shocks += 1;
                dip += depth;
                days += lasted;
                unrecovered += usize::from(!over);
            }
        }
        let count = shocks as f64;
        (shocks > 0).then(|| Self { shocks, dip: dip / count, days_to_recover: days as f64 / count, unrecovered })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 100 a day are demanded; `served` says how many are served, `disrupted` when something is wrong.
    fn path(days: usize, served: impl Fn(usize) -> i64, disrupted: impl Fn(usize) -> bool) -> Daily {
        let mut daily = Daily::default();
        (0..days).for_each(|day| daily.push(100, served(day), disrupted(day)));
        daily
    }

    #[test]
    fn a_shock_that_nobody_feels_takes_no_days() {
        let found = Responsiveness::of(&[path(100, |_| 95, |day| day == 50)], 0).unwrap();
        assert_eq!(found, Responsiveness { shocks: 1, dip: 0.0, days_to_recover: 0.0, unrecovered: 0 });
        // One point is within the tolerance: a depth, and no dip.
        let slight = Responsiveness::of(&[path(100, |day| if day < 50 { 95 } else { 94 }, |day| day == 50)], 0);
        let slight = slight.unwrap();
        assert!((slight.dip - 0.01).abs() < 1e-9 && slight.days_to_recover == 0.0);
    }

    #[test]
    fn what_does_not_come_back_counts_until_the_next_shock() {
        let worse = path(200, |day| if day < 60 { 90 } else { 50 }, |day| day == 60 || day == 80);
        let found = Responsiveness::of(&[worse], 0).unwrap();
        // The second begins in the dip of the first, and the level before it is lower.
        assert_eq!((found.shocks, found.unrecovered), (2, 2));
        assert!(found.dip < 0.4 && found.days_to_recover == (20.0 + 84.0) / 2.0, "{found:?}");
        let endless = path(400, |day| if day < 60 { 90 } else { 50 }, |day| day == 60);
        let found = Responsiveness::of(&[endless], 0).unwrap();
        assert_eq!((found.days_to_recover, found.unrecovered), (84.0, 1));
        assert!((found.dip - 0.4).abs() < 1e-12);
    }

    #[test]
    fn shocks_of_the_warm_up_and_paths_without_any_are_left_out() {
        assert_eq!(Responsiveness::of(&[path(100, |_| 90, |_| false)], 0), None);
        assert_eq!(Responsiveness::of(&[path(100, |_| 90, |_| true)], 0), None, "it never began");
        assert_eq!(Responsiveness::of(&[path(100, |_| 90, |day| day == 40)], 56), None);
        assert_eq!(Responsiveness::of(&[path(100, |_| 90, |day| day == 10)], 0), None, "no level to come back to");
    }

    #[test]
    fn a_course_is_what_the_answer_is_found_on() {
        let bad = |day: usize| (60..67).contains(&day);
        let daily = path(200, |day| if bad(day) { 30 } else { 100 }, |day| day == 60 || day == 100 || day == 10);
        let courses = daily.courses(0);
        // The shock of day 10 has no level to come back to.
        assert_eq!(courses.iter().map(Vec::len).collect::<Vec<_>>(), [40, WATCH_DAYS]);
        let depth = courses[0].iter().fold(0.0, |depth: f64, below| depth.max(-below));
        let answer = Responsiveness::of(&[daily], 0).unwrap();
        assert!((depth - 0.7).abs() < 1e-12 && (answer.dip - depth / 2.0).abs() < 1e-12, "{answer:?}");
        assert!(courses[1].iter().all(|below| *below == 0.0));
    }

    #[test]
    fn a_late_dip_counts_from_the_shock() {
        // A closed lane is felt when what was on it is used up: days 70 to 76, ten days after the shock.
        let late = path(200, |day| if (70..77).contains(&day) { 30 } else { 100 }, |day| (60..66).contains(&day));
        let found = Responsiveness::of(&[late], 0).unwrap();
        assert!((found.dip - 0.7).abs() < 1e-12);
        // Out of the window of the last bad day, 76, on day 83.
        assert_eq!((found.days_to_recover, found.unrecovered), (23.0, 0));
    }
}
