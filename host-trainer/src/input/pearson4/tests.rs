//! Pearson type IV against 45-digit values, closed forms, Student's t and a million draws.

use super::super::compile::Compiled;
use super::super::number::{from_count, from_wide};
use super::*;
use restock_core::draws::{Draws, Source};
use restock_core::table::Table;
use statrs::distribution::{ChiSquared, ContinuousCDF, StudentsT};

const REFERENCE: &str = include_str!("../../../../tests/reference/pearson4.csv");

fn by_moments(mean: f64, deviation: f64, skewness: f64, kurtosis: f64) -> Pearson4 {
    Pearson4::from_moments(Moments { mean, deviation, skewness, kurtosis }).unwrap()
}

#[test]
fn density_and_cdf_equal_values_of_45_digits() {
    let mut rows = 0;
    let (mut density_worst, mut cdf_worst, mut tail_worst) = (0.0f64, 0.0f64, 0.0f64);
    for line in REFERENCE.lines().filter(|line| !line.starts_with(['#', 'm'])) {
        let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
        let [m, nu, a, lambda, x, density, cdf, survival] = cells[..] else { panic!("{line}") };
        let p = Pearson4::new(m, nu, a, lambda).unwrap();
        // Below 1e-250 floats have nothing to tell.
        let off = if density > 1e-250 { (p.density(x) / density - 1.0).abs() } else { p.density(x) };
        density_worst = density_worst.max(off);
        cdf_worst = cdf_worst.max((p.cdf(x) - cdf).abs()).max((p.survival(x) - survival).abs());
        for (found, exact) in [(p.cdf(x), cdf), (p.survival(x), survival)] {
            if exact < 0.4 && exact > 1e-250 {
                tail_worst = tail_worst.max((found / exact - 1.0).abs());
                assert!((found / exact - 1.0).abs() < 1e-8, "{line}: tail {found}");
            }
        }
        assert!(off < 1e-10, "{line}: density {}", p.density(x));
        assert!((p.cdf(x) - cdf).abs() < 1e-10 && (p.survival(x) - survival).abs() < 1e-10, "{line}: cdf {}", p.cdf(x));
        rows += 1;
    }
    assert_eq!(rows, 120);
    println!(
        "worst of {rows}: density {density_worst:.1e} relative, CDF {cdf_worst:.1e}, tails {tail_worst:.1e} relative"
    );
}

#[test]
fn moments_by_quadrature_equal_the_closed_forms() {
    for (m, nu, a, lambda) in
        [(6.0, 0.0, 1.0, 0.0), (8.0, -12.0, 1.3, 2.0), (30.0, 40.0, 4.0, -7.0), (5.0, 3.0, 2.0, 1.0)]
    {
        let p = Pearson4::new(m, nu, a, lambda).unwrap();
        // The trapezoid rule in x = lambda + a tan t is exact beyond digits: the integrand and its first
        // derivatives vanish at both ends.
        const N: usize = 200_000;
        let mut sums = [0.0; 5];
        for i in 1..N {
            let t = core::f64::consts::PI * (from_count(i) / from_count(N) - 0.5);
            let x = lambda + a * t.tan();
            let weight = p.density(x) * a / (t.cos() * t.cos()) * core::f64::consts::PI / from_count(N);
            sums.iter_mut().enumerate().for_each(|(k, s)| *s += weight * x.powi(i32::try_from(k).unwrap()));
        }
        let found = p.moments().unwrap();
        let mean = sums[1];
        let variance = sums[2] - mean * mean;
        let third = sums[3] - 3.0 * mean * sums[2] + 2.0 * mean.powi(3);
        let fourth = sums[4] - 4.0 * mean * sums[3] + 6.0 * mean * mean * sums[2] - 3.0 * mean.powi(4);
        assert!((sums[0] - 1.0).abs() < 1e-11, "{m} {nu}: total {}", sums[0]);
        assert!((found.mean - mean).abs() < 1e-9, "{m} {nu}: mean {mean}");
        assert!((found.deviation - variance.sqrt()).abs() < 1e-9, "{m} {nu}");
        assert!((found.skewness - third / variance.powf(1.5)).abs() < 1e-8, "{m} {nu}");
        assert!((found.kurtosis - fourth / (variance * variance)).abs() < 1e-7, "{m} {nu}");
    }
}

#[test]
fn moments_go_in_and_come_out_again() {
    for skewness in [-4.0, -1.0, -0.3, 0.0, 0.2, 1.0, 2.0, 3.5, 5.0] {
        for excess in [0.05, 0.5, 3.0, 30.0] {
            let kurtosis = kurtosis_min(skewness).unwrap() * (1.0 + excess);
            let given = Moments { mean: 6.0, deviation: 1.5, skewness, kurtosis };
            let found = Pearson4::from_moments(given).unwrap().moments().unwrap();
            for (found, given) in [
                (found.mean, given.mean),
                (found.deviation, given.deviation),
                (found.skewness, given.skewness),
                (found.kurtosis, given.kurtosis),
            ] {
                assert!((found - given).abs() < 1e-8 * given.abs().max(1.0), "{skewness} {kurtosis}: {found} {given}");
            }
        }
    }
}

#[test]
fn without_skew_it_is_students_t() {
    for freedom in [0.5, 1.0, 4.0, 30.0] {
        let t = StudentsT::new(0.0, 1.0, freedom).unwrap();
        let p = Pearson4::new(0.5 * (freedom + 1.0), 0.0, freedom.sqrt(), 0.0).unwrap();
        for x in [-30.0, -2.0, -0.1, 0.0, 1.0, 9.0] {
            assert!((p.cdf(x) - t.cdf(x)).abs() < 1e-10, "{freedom} {x}: {} {}", p.cdf(x), t.cdf(x));
        }
    }
}

#[test]
fn the_constant_is_what_the_integral_asks_for() {
    // Left and right tail, each integrated by itself, make 1 only under the right constant.
    for (m, nu) in [(0.51, 0.0), (0.7, 5.0), (1.0, -3.0), (3.0, 1e4), (40.0, 1e6), (9e3, -2e3), (1e4, 1e5)] {
        let p = Pearson4::new(m, nu, 1.0, 0.0).unwrap();
        let mode = if m > 1.0 { -nu / (2.0 * m - 2.0) } else { 0.0 };
        // A hair to either side of the mode each side is the integrated one.
        let hair = 1e-9 * (1.0 + mode.abs());
        let (below, above) = (p.cdf(mode - hair), p.survival(mode + hair));
        let hole = p.density(mode) * 2.0 * hair;
        assert!((below + above + hole - 1.0).abs() < 1e-10, "{m} {nu}: {}", below + above + hole - 1.0);
    }
}

#[test]
fn a_quantile_goes_back_to_its_probability() {
    for p in [
        by_moments(6.0, 1.5, 1.0, 6.0),
        by_moments(0.02, 0.01, 2.5, 22.0),
        by_moments(5.0, 2.0, -1.0, 9.0),
        Pearson4::new(0.8, 1.0, 1.0, 0.0).unwrap(),
        Pearson4::new(2000.0, -900.0, 10.0, 3.0).unwrap(),
    ] {
        let mut last = f64::NEG_INFINITY;
        for level in [1e-9, 1e-4, 0.01, 0.3, 0.5, 0.77, 0.99, 0.999_99] {
            let x = p.quantile(level);
            assert!((p.cdf(x) - level).abs() < 1e-10, "{p:?} {level}: {x}");
            assert!(x > last, "{p:?} {level}");
            last = x;
        }
        let deep = p.quantile(1e-9);
        assert!((p.cdf(deep) / 1e-9 - 1.0).abs() < 1e-6, "{p:?}: {deep}");
        assert!(
            p.quantile(0.0) == f64::NEG_INFINITY && p.quantile(1.0) == f64::INFINITY && p.quantile(f64::NAN).is_nan()
        );
    }
}

#[test]
fn outside_of_type_four_the_error_names_the_bound_and_a_kurtosis_that_would_do() {
    let of = |skewness, kurtosis| Pearson4::from_moments(Moments { mean: 5.0, deviation: 1.0, skewness, kurtosis });
    let error = of(1.0, 4.0).unwrap_err();
    let Pearson4Error::Kurtosis { least, enough, .. } = error else { panic!("{error}") };
    // Type V has r = (4 + 8 / skew^2 + ..): inverse gamma with shape 4 + ..., checked on its own moments.
    let alpha = 12.0f64;
    let skew = 4.0 * (alpha - 2.0).sqrt() / (alpha - 3.0);
    let kurtosis = 3.0 + 6.0 * (5.0 * alpha - 11.0) / ((alpha - 3.0) * (alpha - 4.0));
    assert!((kurtosis_min(skew).unwrap() - kurtosis).abs() < 1e-9, "the inverse gamma lies on the bound");
    assert!(error.to_string().contains(&format!("{least:.3}")) && error.to_string().contains("would do"), "{error}");
    assert!(of(1.0, least).is_err() && of(1.0, least - 0.01).is_err() && of(1.0, enough).is_ok());
    assert!(matches!(of(5.7, 1e9), Err(Pearson4Error::Skewness(_))));
    assert!(of(0.0, 3.0).is_err() && of(0.0, 3.01).is_ok());
    assert!(of(f64::NAN, 5.0).is_err() && of(0.0, f64::NAN).is_err() && of(0.0, f64::INFINITY).is_err());
    for (m, nu, a, lambda) in [
        (0.5, 0.0, 1.0, 0.0),
        (2.0, f64::NAN, 1.0, 0.0),
        (2.0, 0.0, 0.0, 0.0),
        (2.0, 0.0, 1.0, f64::NAN),
        (1e9, 0.0, 1.0, 0.0),
    ] {
        assert_eq!(Pearson4::new(m, nu, a, lambda), Err(Pearson4Error::Parameters));
    }
}

const DRAWS: u32 = 1_000_000;

/// Draws of the simulator's own generator through a table.
fn drawn(table: &Compiled) -> Vec<i32> {
    let table = Table::new(&table.words).unwrap();
    (0..DRAWS / 1000)
        .flat_map(|day| {
            let row = Draws::new(4, 0).row(day, 0, Source::LeadTime);
            (0..1000u64).map(move |key| row.two(key.wrapping_mul(0x9e37_79b9_7f4a_7c15)).0)
        })
        .map(|u| table.value(u))
        .collect()
}

/// Probability of a chi-square statistic as large as that of the draws in bins of the curve, where
/// `edges` [in the curve's unit] part the bins and the curve is truncated to the first and last edge.
fn chi_square(values: &[f64], curve: &Pearson4, edges: &[f64]) -> f64 {
    let within = curve.between(edges[0], edges[edges.len() - 1]);
    let mut counts = vec![0.0; edges.len() - 1];
    for value in values {
        let bin = edges.partition_point(|edge| edge < value).clamp(1, counts.len()) - 1;
        counts[bin] += 1.0;
    }
    let (mut statistic, mut bins) = (0.0, 0.0);
    let (mut count, mut expected) = (0.0, 0.0);
    for (bin, seen) in counts.iter().enumerate() {
        count += seen;
        expected += curve.between(edges[bin], edges[bin + 1]) / within * from_count(values.len());
        // Thin bins are joined with the next: the statistic needs some ten draws in each.
        if expected >= 10.0 || bin + 1 == counts.len() {
            statistic += (count - expected) * (count - expected) / expected.max(1e-300);
            bins += 1.0;
            (count, expected) = (0.0, 0.0);
        }
    }
    ChiSquared::new(bins - 1.0).unwrap().sf(statistic)
}

#[test]
fn a_million_lead_times_follow_the_curve_and_no_other() {
    for (curve, most) in [
        (by_moments(6.0, 1.5, 1.0, 6.0), 15),
        (by_moments(2.0, 1.0, 1.5, 9.0), 8),
        (by_moments(30.0, 9.0, 2.0, 14.0), 127),
        (Pearson4::new(3.0, -4.0, 2.0, 5.0).unwrap(), 40),
    ] {
        let table = lead_days(&curve, Some(most)).unwrap();
        let compiled = table.compile().unwrap();
        let values: Vec<f64> = drawn(&compiled).into_iter().map(f64::from).collect();
        let edges: Vec<f64> = (0..=most).map(|day| from_wide(day) + 0.5).collect();
        let p = chi_square(&values, &curve, &edges);
        assert!(p > 0.001, "{curve:?}: p {p}");
        // The test can fail: a curve moved by 1 % of its spread is refused.
        let (m, nu, a, lambda) = curve.parameters();
        let other = Pearson4::new(m, nu, a, lambda + 0.01 * curve.deviation().unwrap()).unwrap();
        let p = chi_square(&values, &other, &edges);
        assert!(p < 0.001, "{curve:?}: moved p {p}");
        let mean = values.iter().sum::<f64>() / f64::from(DRAWS);
        let square = values.iter().map(|v| v * v).sum::<f64>() / f64::from(DRAWS) - mean * mean;
        let error = (compiled.variance / f64::from(DRAWS)).sqrt();
        assert!((mean - compiled.mean).abs() < 4.0 * error && (mean - table.mean()).abs() < 4.0 * error, "{mean}");
        assert!((square / compiled.variance - 1.0).abs() < 0.02, "{square} {}", compiled.variance);
        assert!(values.iter().all(|v| (1.0..=from_wide(most)).contains(v)));
    }
}

#[test]
fn a_million_defect_shares_follow_the_curve_and_no_other() {
    for curve in [by_moments(0.02, 0.01, 1.0, 6.0), by_moments(0.005, 0.004, 1.7, 11.0), by_moments(0.4, 0.2, 0.5, 4.0)]
    {
        let table = defect_shares(&curve).unwrap();
        let compiled = table.compile_share().unwrap();
        let one = from_wide(SHARE_ONE);
        // Thirty bins of equal probability within [0, 1], at edges between two values of the table.
        let (low, high) = (curve.cdf(0.0), curve.cdf(1.0));
        let mut edges: Vec<f64> = (0..=30)
            .map(|i| curve.quantile(low + (high - low) * f64::from(i) / 30.0))
            .map(|share| ((share * one).floor().max(0.0) + 0.5) / one)
            .collect();
        (edges[0], edges[30]) = (0.0, 1.0);
        let values: Vec<f64> = drawn(&compiled).into_iter().map(|v| f64::from(v) / one).collect();
        let p = chi_square(&values, &curve, &edges);
        assert!(p > 0.001, "{curve:?}: p {p}");
        let (m, nu, a, lambda) = curve.parameters();
        let other = Pearson4::new(m, nu, a, lambda + 0.01 * curve.deviation().unwrap()).unwrap();
        assert!(chi_square(&values, &other, &edges) < 0.001);
        let mean = values.iter().sum::<f64>() / f64::from(DRAWS);
        let error = (compiled.variance / f64::from(DRAWS)).sqrt() / one;
        assert!((mean - compiled.mean / one).abs() < 4.0 * error, "{mean} {}", compiled.mean / one);
        // What grouping into segments costs: the mean of the truncated curve is kept to a thousandth.
        assert!((compiled.mean / table.mean() - 1.0).abs() < 1e-3, "{} {}", compiled.mean, table.mean());
        assert!(values.iter().all(|v| (0.0..=1.0).contains(v)));
    }
}

#[test]
fn a_table_of_shares_is_small_and_within_its_error_of_the_curve() {
    for curve in [by_moments(0.02, 0.01, 1.0, 6.0), by_moments(0.005, 0.004, 1.7, 11.0), by_moments(0.4, 0.2, 0.5, 4.0)]
    {
        let masses = defect_shares(&curve).unwrap();
        let compiled = masses.compile_share().unwrap();
        let table = Table::new(&compiled.words).unwrap();
        let within = curve.between(0.0, 1.0);
        let one = from_wide(SHARE_ONE);
        let mut worst: f64 = 0.0;
        for &(share, _) in &masses.points {
            // Of all 2^32 words of chance, those that give this share or less: where the table first passes it.
            let (mut until, mut past) = (0u64, 1u64 << 32);
            while until < past {
                let middle = (until + past) / 2;
                if i64::from(table.value(u32::try_from(middle).unwrap())) <= share {
                    until = middle + 1;
                } else {
                    past = middle;
                }
            }
            let told = until as f64 / 4_294_967_296.0;
            let exact = curve.between(0.0, ((from_wide(share) + 0.5) / one).min(1.0)) / within;
            worst = worst.max((told - exact).abs());
        }
        println!("{curve:?}: {} words, error {worst:e}", compiled.words.len());
        assert!(worst <= SHARE_ERROR + 1e-6, "{curve:?}: {worst}");
        // The bound is what makes the table small: one that kept twice the accuracy would be larger.
        assert!(worst > SHARE_ERROR / 2.0, "{curve:?}: {worst}");
        assert!(compiled.words.len() < 400, "{curve:?}: {} words", compiled.words.len());
        // Each segment keeps its mean, to the rounding of its ends to whole values.
        assert!((compiled.mean / masses.mean() - 1.0).abs() < 3e-4, "{} {}", compiled.mean, masses.mean());
        let square: f64 = masses.points.iter().map(|p| from_wide(p.0) * from_wide(p.0) * p.1).sum();
        let variance = square - masses.mean() * masses.mean();
        assert!((compiled.variance / variance - 1.0).abs() < 2e-3, "{} {variance}", compiled.variance);
    }
}

#[test]
fn truncation_is_told_and_bounded() {
    let wide = by_moments(3.0, 3.0, 1.0, 6.0);
    let table = lead_days(&wide, None).unwrap();
    let outside = wide.cdf(0.5) + wide.survival(21.5);
    assert!((table.left_out - outside).abs() < 1e-9, "{} {outside}", table.left_out);
    assert_eq!(table.points.last().unwrap().0, 21, "six deviations above the mean");
    assert!((table.points.iter().map(|p| p.1).sum::<f64>() - 1.0).abs() < 1e-12);
    assert!(lead_days(&wide, Some(0)).is_err() && lead_days(&wide, Some(128)).is_err());
    let endless = Pearson4::new(1.2, 0.0, 1.0, 5.0).unwrap();
    assert!(lead_days(&endless, None).unwrap_err().contains("max"));
    assert_eq!(lead_days(&endless, Some(20)).unwrap().points.len(), 20);
    let elsewhere = by_moments(-50.0, 1.0, 0.0, 4.0);
    assert!(lead_days(&elsewhere, Some(20)).is_err() && defect_shares(&elsewhere).is_err());
}
