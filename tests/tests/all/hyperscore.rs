//! HyperScore's three computations against values of 40 digits and against each other; its parts; its weights.

use fixed::types::I32F32;
use restock_core::hyperscore::{Curve, DeviceCurve, FastCurve, gamma_for_midpoint};
use restock_core::scenario::ScoreParametersPpm;
use restock_tests::random_network::Dice;

/// One row of `tests/reference/hyperscore.json`.
struct Row {
    curve: Curve,
    v: f64,
    score: f64,
}

/// The values of 40 digits, as they came with the project's reference data.
fn rows() -> Vec<Row> {
    let text = include_str!("../../reference/hyperscore.json");
    let document: serde_json::Value = serde_json::from_str(text).expect("the reference file is JSON");
    let rows = document["rows"].as_array().expect("it has rows");
    assert_eq!(rows.len(), 39);
    let number = |row: &serde_json::Value, key: &str| row[key].as_str().expect(key).parse::<f64>().expect(key);
    rows.iter()
        .map(|row| Row {
            curve: Curve { beta: number(row, "beta"), gamma: number(row, "gamma"), kappa: number(row, "kappa") },
            v: number(row, "V"),
            score: number(row, "hyperscore"),
        })
        .collect()
}

/// The same curve in a scenario's millionths.
fn ppm(curve: &Curve) -> ScoreParametersPpm {
    let ppm = |x: f64| (x * 1e6).round() as i32;
    ScoreParametersPpm {
        beta: ppm(curve.beta),
        gamma: ppm(curve.gamma),
        kappa: ppm(curve.kappa),
        ..ScoreParametersPpm::PUBLISHED
    }
}

/// Any parameters that a scenario may have, ordinary ones more often.
fn any_parameters(d: &mut Dice) -> ScoreParametersPpm {
    let of = |d: &mut Dice, most: i32| match d.between(0, 3) {
        0 => d.between(1, most),
        1 => d.pick(&[1, most]),
        _ => d.between(500_000, 8_000_000),
    };
    let (beta, kappa) = (of(d, 100_000_000), of(d, 100_000_000));
    let gamma = match d.between(0, 3) {
        0 => d.between(-100_000_000, 100_000_000),
        1 => d.pick(&[-100_000_000, 100_000_000, 0]),
        _ => d.between(-9_000_000, 9_000_000),
    };
    ScoreParametersPpm { beta, gamma, kappa, ..ScoreParametersPpm::PUBLISHED }
}

/// V near an octave's ends, near 1, tiny, or anywhere up to the greatest that weights allow.
fn any_v(d: &mut Dice) -> i64 {
    let bits = match d.between(0, 4) {
        0 => (1i64 << d.between(0, 35)) + i64::from(d.between(-3, 3)),
        1 => (1i64 << 32) + i64::from(d.between(-1000, 1000)),
        2 => i64::from(d.between(1, i32::MAX)),
        3 => i64::from(d.bits() as u32),
        _ => i64::from(d.bits() as u32) * 12,
    };
    bits.max(1)
}

fn device(curve: &DeviceCurve, bits: i64) -> f64 {
    curve.score(I32F32::from_bits(bits)).to_bits() as f64 / 4_294_967_296.0
}

#[test]
fn the_reference_agrees_with_forty_digits_to_4_ulp() {
    let mut worst = 0;
    for row in rows() {
        let found = row.curve.score(row.v);
        let ulp = found.to_bits().abs_diff(row.score.to_bits());
        assert!(ulp <= 4, "V {}: {found} instead of {}, {ulp} ulp", row.v, row.score);
        worst = ulp.max(worst);
    }
    eprintln!("reference: {worst} ulp at most");
}

#[test]
fn the_device_agrees_with_forty_digits_to_a_tenthousandth_of_a_point() {
    let mut worst: f64 = 0.0;
    for row in rows() {
        let found = device(&DeviceCurve::from_ppm(&ppm(&row.curve)), (row.v * 4_294_967_296.0).round() as i64);
        let error = (found - row.score).abs();
        assert!(error < 1e-4, "V {}: {found} instead of {}", row.v, row.score);
        worst = worst.max(error);
    }
    eprintln!("device: {worst:.1e} points at most, parameters cut to ppm");
}

#[test]
fn the_device_agrees_with_the_reference_for_any_parameters_and_any_v() {
    let mut d = Dice::new(1);
    let mut worst: f64 = 0.0;
    for _ in 0..4_000 {
        let parameters = any_parameters(&mut d);
        let (reference, curve) = (Curve::from_ppm(&parameters), DeviceCurve::from_ppm(&parameters));
        for _ in 0..50 {
            let bits = any_v(&mut d);
            let error = (device(&curve, bits) - reference.score_of(I32F32::from_bits(bits))).abs();
            assert!(error < 1e-4, "{error} off at V {bits} / 2^32, {parameters:?}");
            worst = worst.max(error);
        }
    }
    eprintln!("device: {worst:.1e} points from the reference at most");
}

/// Every positive normal `f32`, as far as the fast path tells them apart: it keeps 16 bits of the mantissa.
fn all_fast_inputs() -> impl Iterator<Item = f32> {
    (1u32 << 16..0xff << 16).map(|top| f32::from_bits(top << 7))
}

#[test]
fn the_fast_path_keeps_its_stated_bound_for_every_f32_and_is_monotone() {
    let mut sets: Vec<(ScoreParametersPpm, f64)> =
        rows().iter().map(|row| (ppm(&row.curve), f64::from(FastCurve::BOUND))).collect();
    sets.dedup();
    assert_eq!(sets.len(), 3);
    for (parameters, bound) in sets {
        let (fast, reference) = (FastCurve::from_ppm(&parameters), Curve::from_ppm(&parameters));
        let (mut worst, mut last) = ((0.0, 0.0), 100.0);
        for v in all_fast_inputs() {
            let found = fast.score(v);
            assert!(found >= last, "{found} after {last} at V {v}, {parameters:?}");
            last = found;
            // The greatest input that the fast path takes for `v`, and `v` itself.
            for exact in [v, f32::from_bits(v.to_bits() | 0x7f)] {
                let error = (f64::from(found) - reference.score(f64::from(exact))).abs();
                if error > worst.0 {
                    worst = (error, exact);
                }
            }
        }
        eprintln!("fast: {:.4} points at most, at V {}; {parameters:?}", worst.0, worst.1);
        assert!(worst.0 < bound, "{worst:?}");
    }
}

#[test]
fn every_input_has_a_score_from_100_to_200() {
    let mut d = Dice::new(2);
    let words = [i32::MIN, -1, 0, 1, 1_000_000, i32::MAX];
    let mut sets: Vec<ScoreParametersPpm> = Vec::new();
    for beta in words {
        for gamma in words {
            sets.extend(words.map(|kappa| ScoreParametersPpm { beta, gamma, kappa, ..ScoreParametersPpm::PUBLISHED }));
        }
    }
    sets.extend((0..500).map(|_| any_parameters(&mut d)));
    let reals = [f64::NAN, f64::NEG_INFINITY, -1.0, -0.0, 0.0, 5e-324, 1e-30, 0.3, 1.0, 12.0, f64::MAX, f64::INFINITY];
    let whole = [i64::MIN, -1, 0, 1, 1 << 31, 1 << 32, i64::MAX];
    for parameters in sets {
        let curves = (Curve::from_ppm(&parameters), DeviceCurve::from_ppm(&parameters), FastCurve::from_ppm(&parameters));
        for v in reals {
            let (reference, fast) = (curves.0.score(v), curves.2.score(v as f32));
            assert!((100.0..=200.0).contains(&reference), "{reference} at {v}, {parameters:?}");
            assert!((100.0..=200.0).contains(&fast), "{fast} at {v}, {parameters:?}");
            if v.is_nan() || v <= 0.0 {
                assert_eq!((reference, fast), (100.0, 100.0), "{v}");
            }
        }
        for bits in whole {
            let found = device(&curves.1, bits);
            assert!((100.0..=200.0).contains(&found), "{found} at {bits}, {parameters:?}");
            assert!(bits > 0 || found == 100.0);
        }
    }
    let wild = Curve { beta: f64::INFINITY, gamma: f64::NEG_INFINITY, kappa: f64::NAN };
    assert_eq!(wild.score(0.5), 100.0);
    assert_eq!([Curve::PRINTED.score(f64::INFINITY), Curve::PRINTED.score(f64::MAX)], [200.0, 200.0]);
}

#[test]
fn more_v_never_scores_less() {
    let mut d = Dice::new(3);
    for round in 0..6_000 {
        let parameters = any_parameters(&mut d);
        let (reference, curve) = (Curve::from_ppm(&parameters), DeviceCurve::from_ppm(&parameters));
        let mut bits = any_v(&mut d);
        let step = if round % 2 == 0 { 1 } else { 1 << d.between(0, 28) };
        let mut last = (100.0, 100.0);
        for _ in 0..60 {
            let found = (reference.score_of(I32F32::from_bits(bits)), device(&curve, bits));
            assert!(found.0 >= last.0 && found.1 >= last.1, "{found:?} after {last:?} at V {bits} / 2^32, {parameters:?}");
            last = found;
            bits += step;
        }
    }
}

/// Every V of 32.32 fixed point in [0, 1], for the paper's parameters: minutes, so only on request.
#[test]
#[ignore = "four billion values: cargo test --release -p restock-tests -- --ignored every_fixed_point_v"]
fn every_fixed_point_v_in_0_to_1_is_scored_in_order() {
    let curve = DeviceCurve::from_ppm(&ScoreParametersPpm::PUBLISHED);
    let mut last = I32F32::from_num(100);
    for bits in 0..=1i64 << 32 {
        let found = curve.score(I32F32::from_bits(bits));
        assert!(found >= last, "V {bits} / 2^32");
        last = found;
    }
}

#[test]
fn every_v_of_a_millionth_is_scored_in_order_by_all_three() {
    let parameters = ScoreParametersPpm::PUBLISHED;
    let (reference, curve) = (Curve::from_ppm(&parameters), DeviceCurve::from_ppm(&parameters));
    let mut last = (100.0, 100.0);
    for i in 0..=1_000_000i64 {
        let bits = (i << 32) / 1_000_000;
        let found = (reference.score_of(I32F32::from_bits(bits)), device(&curve, bits));
        assert!(found.0 >= last.0 && found.1 >= last.1, "{i} ppm");
        last = found;
    }
}

#[test]
fn the_midpoint_lies_where_it_is_put() {
    for (beta, v) in [(6.0, 0.5), (6.0, 1.122_462_048_309_373), (2.5, 0.8), (40.0, 0.9)] {
        let curve = Curve { beta, gamma: gamma_for_midpoint(beta, v), kappa: 2.5 };
        let half = 100.0 * (1.0 + 0.5f64.powf(2.5));
        assert!((curve.score(v) - half).abs() < 1e-9, "beta {beta}, midpoint {v}");
    }
    // The printed gamma, -ln 2, is that of a midpoint at 2^(1/6).
    assert!((gamma_for_midpoint(6.0, 2f64.powf(1.0 / 6.0)) - Curve::PRINTED.gamma).abs() < 1e-12);
    for v in [f64::NAN, 0.0, -1.0, f64::INFINITY] {
        assert_eq!(gamma_for_midpoint(6.0, v), 0.0, "{v}");
    }
}
