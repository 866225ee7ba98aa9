//! Grades of a supplier: from what it is at its base grade to eight lead times and eight defect shares.
//!
//! A grade is how well the supplier does at present: negotiation moves it up, quality incidents move it
//! down, and it relaxes to its base. Grade 0 is excellent, grade 7 failing. Each grade of a route has a
//! lead-time table [days] and a defect-share table [Q16], both Pearson type IV and truncated.
//!
//! From one grade to the next worse one ([`Progression`]):
//!
//! | what | by | why |
//! | --- | --- | --- |
//! | mean lead time beyond the first day | x 1.12 | a day is the least a route takes, so that only the rest can stretch |
//! | standard deviation of the lead time | x 1.25 | what fails first is dependability: spread grows faster than the mean |
//! | mean defect share | x 1.5 | seven grades make a factor of 17: 0.5 % becomes 8.5 % |
//! | standard deviation of the defect share | x 1.4 | |
//! | skewness of both | + 0.15 | the late tail grows: failing suppliers are rarely early |
//! | kurtosis above the type IV bound of its skewness | x 1.15 | so that every grade stays of type IV |
//!
//! The figures are a choice, fitted to no data. A supplier of 6 days and 2 % defects at grade fair spans
//! 4.6 days, 0.6 % defects and always there by day 8 (excellent) to 8.9 days, 10 % defects and there by
//! day 8 in 53 % of the cases (failing). Truncation moves the means a little: [`GradeTables`] says what
//! the tables give.
//!
//! Columns of `lanes.csv` (a row is a route; a lane's first row with a `grade` holds for the lane):
//!
//! | column | unit | meaning |
//! | --- | --- | --- |
//! | `lead_time` | days | `pearson4(..)` at the base grade; a number or pairs are the same at every grade |
//! | `defect_share` | share of units, 0 to 1 | `pearson4(..)` at the base grade, or a number; empty is 0 |
//! | `grade` | | base grade: excellent, very_good, good, fair, mediocre, weak, poor, failing; empty is fair |
//!
//! ```
//! use restock_trainer::input::grades::{GRADES, SupplierQuality, grades};
//!
//! let base = SupplierQuality::parse(
//!     "pearson4(mean=6, sd=1.5, skew=1, kurt=6)",
//!     Some("pearson4(mean=0.02, sd=0.01, skew=1, kurt=6)"),
//!     Some("fair"),
//! )?;
//! let tables = grades(&base)?;
//! assert_eq!(tables.len(), GRADES);
//! assert!(tables[0].lead.mean < tables[7].lead.mean && tables[0].defects.mean < tables[7].defects.mean);
//! # Ok::<(), String>(())
//! ```

use super::compile::Compiled;
use super::distribution::{Distribution, lead_curve, pairs};
use super::number::{self, Range, from_count, from_wide, nearest};
use super::pearson4::{DAYS_MAX, Moments, Pearson4, SHARE_ONE, Truncated, defect_shares, kurtosis_min, lead_days};
use super::spelling::suggestion;

/// Number of grades.
pub const GRADES: usize = 8;
/// Names of the grades, best first.
pub const GRADE_NAMES: [&str; GRADES] =
    ["excellent", "very_good", "good", "fair", "mediocre", "weak", "poor", "failing"];
/// Base grade where none is given.
pub const GRADE_USUAL: usize = 3;

/// What one grade changes against the next better one; see the table above.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progression {
    /// Factor of the mean lead time beyond the first day.
    pub lead_mean: f64,
    /// Factor of the lead time's standard deviation.
    pub lead_deviation: f64,
    /// Factor of the mean defect share.
    pub defect_mean: f64,
    /// Factor of the defect share's standard deviation.
    pub defect_deviation: f64,
    /// Added to either skewness.
    pub skewness: f64,
    /// Factor of the kurtosis above the type IV bound.
    pub kurtosis: f64,
}

/// The progression of every supplier.
pub const PROGRESSION: Progression = Progression {
    lead_mean: 1.12,
    lead_deviation: 1.25,
    defect_mean: 1.5,
    defect_deviation: 1.4,
    skewness: 0.15,
    kurtosis: 1.15,
};
/// Greatest mean defect share of any grade, before truncation.
const DEFECT_MEAN_MAX: f64 = 0.6;
/// Greatest skewness of any grade, unless the base has more: sqrt(32) is where type IV ends.
const SKEWNESS_MAX: f64 = 4.0;
/// Least kurtosis above the bound: closer to it m passes what floats tell apart.
const KURTOSIS_ABOVE_MIN: f64 = 0.02;

/// A quantity of the supplier at its base grade.
#[derive(Clone, Debug, PartialEq)]
pub enum Quality {
    /// A type IV curve, which grades stretch.
    Curve(Moments),
    /// (value, probability): the same at every grade.
    Fixed(Vec<(f64, f64)>),
}

/// One route's supplier at its base grade.
#[derive(Clone, Debug, PartialEq)]
pub struct SupplierQuality {
    /// Lead time [days].
    pub lead_days: Quality,
    /// Longest lead time at any grade [days]; six standard deviations above each grade's mean where there is none.
    pub lead_days_max: Option<i64>,
    /// Share of a shipment's units that is defective, 0 to 1.
    pub defect_share: Quality,
    /// Index of the base grade, 0 best.
    pub base_grade: usize,
}

/// One grade of one route.
#[derive(Clone, Debug, PartialEq)]
pub struct GradeTables {
    /// Lead time before truncation [days]; none where it is the same at every grade.
    pub lead_moments: Option<Moments>,
    /// Probability of each lead time [days].
    pub lead_points: Vec<(i64, f64)>,
    /// Lead-time table [days]; `mean` and `variance` are those of what is drawn.
    pub lead: Compiled,
    /// Defect share before truncation, 0 to 1; none where it is the same at every grade.
    pub defect_moments: Option<Moments>,
    /// Defect-share table [Q16]: 65 536 is every unit.
    pub defects: Compiled,
}

impl SupplierQuality {
    /// Reads the cells `lead_time`, `defect_share` and `grade` of a row of `lanes.csv`.
    ///
    /// # Errors
    /// What would be right.
    pub fn parse(lead_time: &str, defect_share: Option<&str>, grade: Option<&str>) -> Result<Self, String> {
        let (lead_days, lead_days_max) = match lead_curve(lead_time) {
            Some(curve) => {
                let (shape, max) = curve?;
                (Quality::Curve(all_moments(&shape)?), max)
            }
            None if lead_time.contains(':') => (Quality::Fixed(pairs(lead_time, from_wide(DAYS_MAX))?), None),
            None => {
                let days = number::real(lead_time, Range::new(1.0, from_wide(DAYS_MAX), "days"));
                let days = days.ok_or_else(|| format!("days from 1 to {DAYS_MAX}, pairs or pearson4(..)"))?;
                (Quality::Fixed(vec![(days, 1.0)]), None)
            }
        };
        if let Quality::Fixed(points) = &lead_days
            && points.iter().any(|(days, _)| *days < 1.0 || libm::trunc(*days) != *days)
        {
            return Err(format!("whole days from 1 to {DAYS_MAX}"));
        }
        let defect_share = match defect_share {
            None => Quality::Fixed(vec![(0.0, 1.0)]),
            Some(text) => match number::real(text, Range::new(0.0, 1.0, "a share")) {
                Some(share) => Quality::Fixed(vec![(share, 1.0)]),
                None => match Distribution::parse(text)? {
                    Distribution::Pearson4 { shape, max: None } => Quality::Curve(all_moments(&shape)?),
                    _ => return Err("a share from 0 to 1, or pearson4(..) without max".to_owned()),
                },
            },
        };
        let base_grade = match grade {
            None => GRADE_USUAL,
            Some(name) => GRADE_NAMES
                .iter()
                .position(|known| known.eq_ignore_ascii_case(name))
                .ok_or_else(|| suggestion(name, GRADE_NAMES))?,
        };
        Ok(Self { lead_days, lead_days_max, defect_share, base_grade })
    }
}

/// All grades of a route, best first.
///
/// # Errors
/// What would be right, where a grade has no table.
pub fn grades(base: &SupplierQuality) -> Result<[GradeTables; GRADES], String> {
    let made: Vec<GradeTables> = (0..GRADES)
        .map(|grade| one(base, grade).map_err(|right| format!("{right} (at grade {})", GRADE_NAMES[grade])))
        .collect::<Result<_, _>>()?;
    made.try_into().map_err(|_| format!("{GRADES} grades"))
}

fn one(base: &SupplierQuality, grade: usize) -> Result<GradeTables, String> {
    let steps = from_count(grade) - from_count(base.base_grade.min(GRADES - 1));
    let p = PROGRESSION;
    let (lead_moments, lead) = match &base.lead_days {
        Quality::Fixed(points) => (None, fixed(points, 1.0)),
        Quality::Curve(m) => {
            let beyond = if m.mean > 1.0 { m.mean - 1.0 } else { 0.0 };
            let mean = m.mean - beyond + beyond * libm::pow(p.lead_mean, steps);
            let moments = stretched(m, mean, m.deviation * libm::pow(p.lead_deviation, steps), steps);
            (Some(moments), lead_days(&curve(moments)?, base.lead_days_max)?)
        }
    };
    let (defect_moments, defects) = match &base.defect_share {
        Quality::Fixed(points) => (None, fixed(points, from_wide(SHARE_ONE))),
        Quality::Curve(m) => {
            let mean = m.mean * libm::pow(p.defect_mean, steps);
            // A base above the limit keeps what it has.
            let most = if m.mean > DEFECT_MEAN_MAX { m.mean } else { DEFECT_MEAN_MAX };
            let mean = if mean < most { mean } else { most };
            let moments = stretched(m, mean, m.deviation * libm::pow(p.defect_deviation, steps), steps);
            (Some(moments), defect_shares(&curve(moments)?)?)
        }
    };
    Ok(GradeTables {
        lead_moments,
        lead: lead.compile()?,
        lead_points: lead.points,
        defect_moments,
        defects: defects.compile_share()?,
    })
}

/// Moments some grades away from the base.
fn stretched(base: &Moments, mean: f64, deviation: f64, steps: f64) -> Moments {
    // A better grade loses its late tail and no more than that; a base beyond the bounds keeps its skewness.
    let (least, most) = (base.skewness.min(0.0), base.skewness.max(SKEWNESS_MAX));
    let skewness = (base.skewness + PROGRESSION.skewness * steps).clamp(least, most);
    let bound = |skewness: f64| kurtosis_min(skewness).unwrap_or(3.0);
    let above = (base.kurtosis - bound(base.skewness)) * libm::pow(PROGRESSION.kurtosis, steps);
    Moments { mean, deviation, skewness, kurtosis: bound(skewness) + above.max(KURTOSIS_ABOVE_MIN) }
}

fn curve(moments: Moments) -> Result<Pearson4, String> {
    Pearson4::from_moments(moments).map_err(|error| error.to_string())
}

fn all_moments(shape: &Pearson4) -> Result<Moments, String> {
    shape.moments().ok_or_else(|| "pearson4 with m above 2.5: grades stretch the first four moments".to_owned())
}

fn fixed(points: &[(f64, f64)], scale: f64) -> Truncated {
    Truncated { points: points.iter().map(|&(v, p)| (nearest(v * scale), p)).collect(), step: 1, left_out: 0.0 }
}

#[cfg(test)]
#[path = "grades_tests.rs"]
mod tests;
