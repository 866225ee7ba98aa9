//! What `lanes.csv` says of a lane's supplier: how reliable it is, and how it answers to negotiation.
//!
//! | column | unit | meaning |
//! | --- | --- | --- |
//! | `lead_time` | days | at the base grade; a curve `pearson4(..)` is stretched from grade to grade |
//! | `defect_share` | share of units | at the base grade, a curve or a number |
//! | `grade` | | base grade: excellent, very_good, good, fair, mediocre, weak, poor, failing; empty is fair |
//! | `promise_days` | days | what takes longer is late; empty is the mean lead time, rounded up |
//! | `negotiation_lift` | grades | by how many each of three steps of effort betters the supplier, such as `1 1.6 2` |
//! | `relax_days` | days | the supplier moves one part in so many a day; a power of 2 |
//! | `negotiation_cost` | currency | a step of effort, per product and day; the same on all lanes to a node |
//!
//! A lane has grades where one of its routes has a `grade`, a `defect_share` or a `negotiation_lift`.
//! A row is a route; what it says of the supplier holds for the lane and is given once, or the same
//! everywhere.

use super::grades::{GRADE_NAMES, GRADE_USUAL, GradeTables, Quality, SupplierQuality, grades};
use super::lane_rows::RouteRow;
use super::number::{self, Range, from_count, from_wide, nearest, word};
use super::problem::{Place, Report, quoted};
use super::resolve::Builder;
use super::sheet::Row;
use super::spec::QualitySpec;
use restock_core::layout::{EFFORTS, GRADES};
use restock_core::scenario::RING_DAYS_MAX;

/// Days of relaxing where negotiation is possible and nothing is said: eight days go nine tenths of the way in 18.
const RELAX_DAYS_USUAL: i32 = 8;

/// The cells of one route's row.
#[derive(Clone, Debug, Default)]
pub(crate) struct SupplierCells {
    /// Lead time at the base grade; none where it is wrong.
    pub(crate) lead: Option<SupplierQuality>,
    pub(crate) grade: Option<usize>,
    pub(crate) defect_share: Option<Quality>,
    pub(crate) promise_days: Option<i32>,
    /// Grades won by each effort, Q8.
    pub(crate) lift_q8: Option<[i32; EFFORTS]>,
    pub(crate) relax_days: Option<i32>,
    pub(crate) negotiation_cost: Option<f64>,
}

impl SupplierCells {
    /// Reads the cells; the lead time has been read before, and what is wrong with it reported.
    pub(crate) fn read(row: Row<'_>, report: &mut Report) -> Self {
        let lead_text = row.text("lead_time").unwrap_or("");
        let lead = SupplierQuality::parse(lead_text, None, None).ok();
        let defect_share = row.text("defect_share").and_then(|text| {
            SupplierQuality::parse("1", Some(text), None)
                .map_err(|right| {
                    report.error(row.place("defect_share"), format!("defect_share is {}", quoted(text)), right);
                })
                .ok()
        });
        let cells = Self {
            lead,
            grade: row.choice("grade", &GRADE_NAMES, report),
            defect_share: defect_share.map(|quality| quality.defect_share),
            promise_days: row.whole("promise_days", Range::new(1.0, from_count(RING_DAYS_MAX - 1), "days"), report),
            lift_q8: lift(row, report),
            relax_days: row.whole("relax_days", Range::new(1.0, 1024.0, "days"), report),
            negotiation_cost: row.number("negotiation_cost", Range::new(0.0, 1e6, "a cost"), report),
        };
        if let Some(days) = cells.relax_days.filter(|days| days.count_ones() != 1) {
            let right = "a power of 2: 1, 2, 4, 8, ... 1024 days";
            report.error(row.place("relax_days"), format!("relax_days is {days}"), right);
        }
        if row.text("negotiation_lift").is_some() && row.text("negotiation_cost").is_none() {
            let found = "negotiation_lift is given and negotiation_cost is not";
            report.error(row.place("negotiation_cost"), found, "the cost of a step of effort, per product and day");
        }
        for column in ["relax_days", "negotiation_cost"] {
            if row.text(column).is_some() && row.text("negotiation_lift").is_none() {
                let found = format!("{column} at a supplier with whom nothing is negotiated");
                report.error(row.place(column), found, "empty, or negotiation_lift given too");
            }
        }
        cells
    }

    /// Whether the row says that its lane has grades.
    pub(crate) fn any(&self) -> bool {
        self.grade.is_some() || self.defect_share.is_some() || self.lift_q8.is_some()
    }
}

/// `1 1.6 2`: the grades that a first, second and third step of effort win in all.
fn lift(row: Row<'_>, report: &mut Report) -> Option<[i32; EFFORTS]> {
    let text = row.text("negotiation_lift")?;
    let range = Range::new(0.0, from_count(GRADES - 1), "grades");
    let list: Option<Vec<f64>> = text.split_whitespace().map(|part| number::real(part, range)).collect();
    let words: Option<[i32; EFFORTS]> =
        list.and_then(|list| list.iter().map(|x| word(x * 256.0)).collect::<Option<Vec<_>>>()?.try_into().ok());
    let diminishing = words.filter(|[one, two, three]| {
        let steps = [*one, two - one, three - two];
        steps.iter().all(|step| *step >= 0) && steps[1] <= steps[0] && steps[2] <= steps[1]
    });
    if diminishing.is_none() {
        report.error(
            row.place("negotiation_lift"),
            format!("negotiation_lift is {}", quoted(text)),
            format!("{EFFORTS} numbers of grades, each step no greater than the one before it, such as 1 1.6 2"),
        );
    }
    diminishing
}

/// What planning assumes of a lane: its first route at the supplier's base grade.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LanePlan {
    /// Mean lead time [days].
    pub(crate) lead_mean: f64,
    /// Its variance [days squared].
    pub(crate) lead_variance: f64,
    /// Mean share of defective units.
    pub(crate) defect_mean: f64,
    /// Its variance.
    pub(crate) defect_variance: f64,
}

/// A lane's supplier with grades.
pub(crate) struct Supplier {
    /// Tables by route of the lane and grade.
    pub(crate) routes: Vec<[GradeTables; GRADES]>,
    pub(crate) base: usize,
    lift_q8: [i32; EFFORTS],
    relax_days: i32,
}

impl Supplier {
    /// The supplier of a lane, if it has grades; what is wrong is reported.
    pub(crate) fn of(routes: &[&RouteRow], report: &mut Report) -> Option<Self> {
        if !routes.iter().any(|route| route.supplier_cells.any()) {
            return None;
        }
        let base = agreed(routes, |cells| cells.grade, "grade", report).unwrap_or(GRADE_USUAL);
        let none = Quality::Fixed(vec![(0.0, 1.0)]);
        let defect_share = agreed(routes, |cells| cells.defect_share.clone(), "defect_share", report).unwrap_or(none);
        let lift = agreed(routes, |cells| cells.lift_q8, "negotiation_lift", report);
        let relax_days = agreed(routes, |cells| cells.relax_days, "relax_days", report).unwrap_or(RELAX_DAYS_USUAL);
        let mut tables = Vec::new();
        for route in routes {
            let lead = route.supplier_cells.lead.clone()?;
            let quality = SupplierQuality { defect_share: defect_share.clone(), base_grade: base, ..lead };
            match grades(&quality) {
                Ok(of_route) => tables.push(of_route),
                Err(right) => report.error(route.at.clone(), "the supplier's grades have no tables", right),
            }
        }
        if tables.len() < routes.len() {
            return None;
        }
        let same = |t: &[GradeTables; GRADES]| {
            t.iter().all(|g| g.lead.words == t[0].lead.words && g.defects.words == t[0].defects.words)
        };
        if lift.is_some_and(|lift| lift[0] > 0) && tables.iter().all(same) {
            report.warning(
                routes[0].at.clone(),
                "negotiation betters a supplier that is the same at every grade",
                "lead_time or defect_share as a curve, pearson4(..)",
            );
        }
        Some(Self { routes: tables, base, lift_q8: lift.unwrap_or_default(), relax_days })
    }

    /// What planning assumes.
    pub(crate) fn plan(&self) -> LanePlan {
        let at_base = &self.routes[0][self.base];
        let one = 65_536.0;
        LanePlan {
            lead_mean: at_base.lead.mean,
            lead_variance: at_base.lead.variance,
            defect_mean: at_base.defects.mean / one,
            defect_variance: at_base.defects.variance / (one * one),
        }
    }

    /// The words of the lane. A buyer starts from what the supplier is at its base grade on the first route.
    pub(crate) fn spec(&self, promise_days: i32, builder: &mut Builder<'_>) -> QualitySpec {
        let at_base = &self.routes[0][self.base];
        let all: f64 = at_base.lead_points.iter().map(|p| p.1).sum();
        let on_time: f64 =
            at_base.lead_points.iter().filter(|p| p.0 <= i64::from(promise_days)).map(|p| p.1).sum::<f64>() / all;
        let share_q15 = |share: f64| word(share * 32_768.0).unwrap_or(0).clamp(0, 1 << 15);
        let mut defect_tables = [None; GRADES];
        for (slot, tables) in defect_tables.iter_mut().zip(&self.routes[0]) {
            *slot = (tables.defects.max() > 0).then(|| builder.table(tables.defects.clone()));
        }
        QualitySpec {
            base_q8: i32::try_from(self.base).unwrap_or(0) << 8,
            lift_q8: self.lift_q8,
            relax_shift: i32::try_from(self.relax_days.trailing_zeros()).unwrap_or(0),
            on_time_q15: share_q15(on_time),
            accepted_q15: share_q15(1.0 - at_base.defects.mean / 65_536.0),
            defect_tables,
        }
    }
}

/// What the rows of one lane say of its supplier: given once, or the same everywhere.
pub(crate) fn agreed<T: PartialEq>(
    routes: &[&RouteRow],
    value: impl Fn(&SupplierCells) -> Option<T>,
    column: &str,
    report: &mut Report,
) -> Option<T> {
    let mut found: Option<(T, &Place)> = None;
    for route in routes {
        let Some(this) = value(&route.supplier_cells) else { continue };
        match &found {
            Some((first, at)) if *first != this => report.error(
                route.at.clone(),
                format!("{column} is not what line {} says of the same supplier", at.line),
                "the same on all routes of a lane, or given once",
            ),
            Some(_) => {}
            None => found = Some((this, &route.at)),
        }
    }
    found.map(|(value, _)| value)
}

/// The lead time that is promised where nothing is said [days]: the mean, rounded up.
pub(crate) fn promise(mean: f64) -> i32 {
    word(from_wide(nearest(libm::ceil(mean - 1e-9)))).unwrap_or(1).max(1)
}
