//! Compiled tables against closed forms and against statrs.

use super::*;
use restock_core::table::Table;
use statrs::distribution::{DiscreteCDF, NegativeBinomial, Poisson};

fn compiled(text: &str, unit_scale: i32) -> Compiled {
    let distribution = Distribution::parse(text).unwrap_or_else(|right| panic!("{text}: {right}"));
    let compiled = distribution.compile(unit_scale).unwrap_or_else(|right| panic!("{text}: {right}"));
    Table::new(&compiled.words).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    compiled
}

/// Mean and variance as the simulator draws them, on an even grid of u.
fn drawn(compiled: &Compiled) -> (f64, f64) {
    let table = Table::new(&compiled.words).unwrap();
    const GRID: u32 = 1 << 18;
    let (mut sum, mut square) = (0.0, 0.0);
    for i in 0..GRID {
        let value = f64::from(table.value(i * (1 << 14) + (1 << 13)));
        sum += value;
        square += value * value;
    }
    let mean = sum / f64::from(GRID);
    (mean, square / f64::from(GRID) - mean * mean)
}

#[test]
fn moments_are_kept_to_a_thousandth() {
    let cases: [(&str, i32, f64, f64); 21] = [
        ("constant(7)", 1, 7.0, 0.0),
        ("3.5", 10, 35.0, 0.0),
        ("poisson(0.3)", 1, 0.3, 0.3),
        ("poisson(5)", 1, 5.0, 5.0),
        ("poisson(5)", 1000, 5000.0, 5.0e6),
        ("poisson(200000)", 1, 2e5, 2e5),
        ("poisson(200000)", 10, 2e6, 2e7),
        ("negative_binomial(12, cv=0.8)", 1, 12.0, 92.16),
        ("negative_binomial(12, 3)", 1, 12.0, 36.0),
        ("negative_binomial(0.5, ratio=40)", 1, 0.5, 20.0),
        ("negative_binomial(5000, cv=2)", 1, 5000.0, 1e8),
        ("negative_binomial(5000, cv=1)", 100, 5e5, 2.5e11),
        ("geometric(4)", 1, 4.0, 20.0),
        ("zero_inflated(5, zeros=0.3, cv=1.5)", 1, 5.0, 56.25),
        ("zero_inflated(0.5, zeros=0.6, ratio=4)", 10, 5.0, 200.0),
        ("normal(500, 100)", 1000, 5e5, 1e10),
        ("normal(50, 5)", 1, 50.0, 25.0 + 1.0 / 12.0),
        ("uniform(2, 8)", 1, 5.0, 4.0),
        ("pearson4(mean=50, sd=8, skew=1, kurt=6)", 1, 50.0, 64.0 + 1.0 / 12.0),
        ("pearson4(kurt=6, skew=1, sd=8, mean=50)", 1000, 5e4, 6.4e7),
        ("uniform(0, 9999)", 1, 4999.5, (1e8 - 1.0) / 12.0),
    ];
    for (text, scale, mean, variance) in cases {
        let c = compiled(text, scale);
        assert!((c.mean - mean).abs() <= 1e-3 * mean, "{text}: mean {} for {mean}", c.mean);
        assert!(
            (c.variance - variance).abs() <= 1e-3 * variance + 1e-9,
            "{text}: variance {} for {variance}",
            c.variance
        );
        // The grid misses a little of the tail, so heavy tails are compared through the moments above.
        let (m, v) = drawn(&c);
        assert!((m - mean).abs() <= 2e-3 * mean, "{text}: drawn mean {m} for {mean}");
        assert!((v - variance).abs() <= 2e-2 * variance + 1e-6, "{text}: drawn variance {v} for {variance}");
    }
}

#[test]
fn discrete_tables_are_exact_to_the_last_bit_of_chance() {
    let poisson = Poisson::new(5.0).unwrap();
    let r = 12.0 * 12.0 / (36.0 - 12.0);
    let negative = NegativeBinomial::new(r, 12.0 / 36.0).unwrap();
    let exact: [(&str, &dyn Fn(u64) -> f64); 2] =
        [("poisson(5)", &|k| poisson.cdf(k)), ("negative_binomial(12, 3)", &|k| negative.cdf(k))];
    for (text, cdf) in exact {
        let c = compiled(text, 1);
        let table = Table::new(&c.words).unwrap();
        for k in 0..40u64 {
            let edge = cdf(k) * 4_294_967_296.0;
            let inside = edge - 3.0;
            let outside = edge + 3.0;
            let at = |u: f64| i64::from(table.value(u32::try_from(nearest(u)).unwrap_or(u32::MAX)));
            if outside < 4_294_967_000.0 {
                assert!(at(inside) <= i64::try_from(k).unwrap(), "{text} {k}");
                assert!(at(outside) > i64::try_from(k).unwrap(), "{text} {k}");
            }
        }
    }
}

#[test]
fn an_intermittent_table_has_its_zeros_and_those_of_its_sizes() {
    // Days that sell: mean 5 / 0.7, variance (56.25 + 25) / 0.7 - mean^2; r = mean^2 / (variance - mean).
    let inner: f64 = 5.0 / 0.7;
    let spread = (56.25 + 25.0) / 0.7 - inner * inner;
    let r = inner * inner / (spread - inner);
    let zero = 0.3 + 0.7 * (inner / spread).powf(r);
    let c = compiled("zero_inflated(5, zeros=0.3, cv=1.5)", 1);
    let table = Table::new(&c.words).unwrap();
    let edge = zero * 4_294_967_296.0;
    let at = |u: f64| table.value(u32::try_from(nearest(u)).unwrap());
    assert!(at(edge - 3.0) == 0 && at(edge + 3.0) == 1, "{zero}");
    let wanted = Distribution::parse("zero_inflated(5, zeros=0.3, cv=0.6)").unwrap_err();
    assert!(wanted.contains("cv above"), "{wanted}");
}

#[test]
fn a_normal_cut_at_zero_has_the_moments_of_the_cut_one() {
    // max(0, N(m, s)): mean = m F(a) + s f(a), square = (m^2 + s^2) F(a) + m s f(a), a = m / s.
    for (text, scale, m, s) in [("normal(2, 3)", 1000, 2000.0, 3000.0), ("normal(1, 4)", 100_000, 1e5, 4e5)] {
        let c = compiled(text, scale);
        let a: f64 = m / s;
        let density = (-0.5 * a * a).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let below = normal::cumulative(a);
        let mean = m * below + s * density;
        let variance = (m * m + s * s) * below + m * s * density - mean * mean;
        assert!((c.mean / mean - 1.0).abs() < 1e-3, "{} {mean}", c.mean);
        assert!((c.variance / variance - 1.0).abs() < 1e-3, "{} {variance}", c.variance);
    }
}

#[test]
fn observed_values_keep_their_mean_exactly() {
    let values = vec![0.0, 0.0, 1.3, 2.7, 2.7, 40.05];
    let c = Distribution::Empirical(values.clone()).compile(1).unwrap();
    assert!((c.mean - values.iter().sum::<f64>() / 6.0).abs() < 1e-8);
    let many: Vec<f64> = (0..5000).map(|i| f64::from(i % 1777) * 3.3).collect();
    let mean = many.iter().sum::<f64>() / 5000.0;
    let variance = many.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / 5000.0;
    let c = Distribution::Empirical(many).compile(1).unwrap();
    Table::new(&c.words).unwrap();
    assert!((c.mean / mean - 1.0).abs() < 1e-3 && (c.variance / variance - 1.0).abs() < 1e-3);
}

#[test]
fn bad_families_say_what_would_be_right() {
    for bad in [
        "",
        "poison(5)",
        "poisson(5",
        "poisson()",
        "poisson(-1)",
        "poisson(1,2)",
        "normal(5)",
        "uniform(8, 2)",
        "uniform(0.5, 2)",
        "negative_binomial(5, 0.5)",
        "negative_binomial(5, cv=0.1)",
        "negative_binomial(5, sd=3)",
        "pearson4(1, 1, 1, 6)",
        "pearson4(mean=5, sd=1, skew=1)",
        "pearson4(mean=5, sd=1, skew=1, nu=6)",
        "pearson4(mean=5, sd=1, skew=1, kurt=4)",
        "pearson4(m=0.4, nu=0, a=1, lambda=0)",
        "pearson4(mean=5, sd=1, skew=1, kurt=6, max=-1)",
        "pearson4(mean=5, sd=1, skew=1, kurt=6, most=1)",
        "zero_inflated(5, zeros=0.3)",
        "zero_inflated(5, zeros=1, cv=2)",
        "zero_inflated(5, zeros=0.3, cv=0.6)",
        "table(0:0.5)",
        "table(1:0.5 1:0.5)",
        "table(x)",
        "poisson(1e300)",
        "poisson(nan)",
        "((((",
    ] {
        assert!(Distribution::parse(bad).is_err(), "{bad}");
    }
    assert!(Distribution::parse("poison(5)").unwrap_err().contains("\"poisson\""));
    for wide in ["normal(1e9, 1e9)", "uniform(0, 1e9)", "constant(2.5)", "negative_binomial(1e6, 1e6)"] {
        assert!(Distribution::parse(wide).unwrap().compile(1).is_err(), "{wide}");
    }
}
