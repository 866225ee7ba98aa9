//! Grades: worse in every respect from one to the next, and the base is the base.

use super::*;
use restock_core::table::Table;

const LEAD: &str = "pearson4(mean=6, sd=1.5, skew=1, kurt=6)";
const DEFECTS: &str = "pearson4(mean=0.02, sd=0.01, skew=1, kurt=6)";

fn late(tables: &GradeTables, days: i64) -> f64 {
    tables.lead_points.iter().filter(|p| p.0 > days).map(|p| p.1).sum()
}

#[test]
fn every_grade_is_worse_than_the_one_before() {
    let bases = [
        (LEAD, DEFECTS, "fair"),
        (LEAD, DEFECTS, "excellent"),
        (LEAD, DEFECTS, "failing"),
        ("pearson4(mean=2, sd=0.6, skew=0.5, kurt=4)", "pearson4(mean=0.004, sd=0.003, skew=1.5, kurt=9)", "good"),
        ("pearson4(mean=14, sd=3, skew=2, kurt=14, max=60)", "pearson4(mean=0.05, sd=0.03, skew=0.8, kurt=5)", "weak"),
    ];
    for (lead, defects, grade) in bases {
        let base = SupplierQuality::parse(lead, Some(defects), Some(grade)).unwrap();
        let tables = grades(&base).unwrap_or_else(|right| panic!("{lead} {grade}: {right}"));
        let due = nearest(tables[base.base_grade].lead.mean) + 1;
        for (better, worse) in tables.iter().zip(&tables[1..]) {
            assert!(worse.lead.mean > better.lead.mean, "{lead} {grade}");
            assert!(worse.lead.variance > better.lead.variance, "{lead} {grade}");
            assert!(late(worse, due) >= late(better, due), "{lead} {grade}");
            assert!(worse.defects.mean > better.defects.mean, "{lead} {grade}");
            let (b, w) = (better.lead_moments.unwrap(), worse.lead_moments.unwrap());
            assert!(w.skewness >= b.skewness && w.kurtosis > b.kurtosis, "{lead} {grade}");
        }
        assert!(late(&tables[GRADES - 1], due) > late(&tables[0], due) + 0.1, "{lead} {grade}");
        for t in &tables {
            assert!(Table::new(&t.lead.words).unwrap().min() >= 1);
            assert!(i64::from(Table::new(&t.defects.words).unwrap().max()) <= SHARE_ONE);
        }
    }
}

#[test]
fn the_base_grade_is_what_was_asked_for() {
    let base = SupplierQuality::parse(LEAD, Some(DEFECTS), None).unwrap();
    assert_eq!(GRADE_NAMES[base.base_grade], "fair");
    let tables = grades(&base).unwrap();
    let at = &tables[base.base_grade];
    let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
    let given = Moments { mean: 6.0, deviation: 1.5, skewness: 1.0, kurtosis: 6.0 };
    let found = at.lead_moments.unwrap();
    assert!(close(found.mean, given.mean) && close(found.deviation, given.deviation), "{found:?}");
    assert!(close(found.skewness, given.skewness) && close(found.kurtosis, given.kurtosis), "{found:?}");
    // Truncation and whole days cost a little: the table's own mean is the one to plan with.
    assert!((at.lead.mean - 6.0).abs() < 0.01, "{}", at.lead.mean);
    assert!((at.defects.mean / 65_536.0 - 0.02).abs() < 0.0005, "{}", at.defects.mean);
    for (name, t) in GRADE_NAMES.iter().zip(&tables) {
        println!(
            "{name:10} lead {:5.2} +- {:4.2} days, on time by day 8 {:5.1} %, defects {:5.2} %",
            t.lead.mean,
            t.lead.variance.sqrt(),
            100.0 * (1.0 - late(t, 8)),
            100.0 * t.defects.mean / 65_536.0
        );
    }
}

#[test]
fn what_is_no_curve_is_the_same_at_every_grade() {
    let base = SupplierQuality::parse("2:0.2 3:0.6 5:0.2", None, Some("Poor")).unwrap();
    let tables = grades(&base).unwrap();
    assert!(tables.iter().all(|t| *t == tables[0]));
    assert!((tables[0].lead.mean - 3.2).abs() < 1e-8 && tables[0].defects.mean == 0.0);
    let constant = grades(&SupplierQuality::parse("3", Some("0.25"), None).unwrap()).unwrap();
    assert!((constant[7].defects.mean - 16_384.0).abs() < 1e-9 && (constant[7].lead.mean - 3.0).abs() < 1e-9);
}

#[test]
fn bad_cells_say_what_would_be_right() {
    for (lead, defects, grade, expected) in [
        ("pearson4(mean=6, sd=1.5, skew=1, kurt=3)", None, None, "would do"),
        ("pearson4(m=2, nu=0, a=1, lambda=5)", None, None, "m above 2.5"),
        ("0", None, None, "days from 1"),
        ("0:0.5 2:0.5", None, None, "whole days"),
        ("3", Some("1.5"), None, "a share from 0 to 1"),
        ("3", Some("poisson(1)"), None, "a share from 0 to 1"),
        ("3", None, Some("fairr"), "\"fair\""),
        ("pearson4(mean=6, sd=1.5, skew=1, kurt=6, max=7.5)", None, None, "whole days"),
    ] {
        let error = SupplierQuality::parse(lead, defects, grade).unwrap_err();
        assert!(error.contains(expected), "{lead} {defects:?} {grade:?}: {error}");
    }
    let hopeless = SupplierQuality::parse("pearson4(mean=6, sd=1.5, skew=1, kurt=6, max=200)", None, None).unwrap();
    assert!(grades(&hopeless).unwrap_err().contains("from 1 to 127"));
}
