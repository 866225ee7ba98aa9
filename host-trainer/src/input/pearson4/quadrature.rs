//! Tanh-sinh quadrature (Takahasi and Mori 1974) of the density's tail. Own code, some lines long: the
//! quadrature crates known to us take no distance from the end of the interval, which the endpoint
//! singularity at m < 1 needs.

use super::super::number::{from_wide, nearest};
use super::NEGLIGIBLE;
use core::f64::consts::{FRAC_PI_2, PI};

/// Halvings of the step at most; four or five are usual.
const LEVELS_MAX: i32 = 10;
/// Relative change between two levels at which the sum is taken; the error is about its square.
const TOLERANCE: f64 = 1e-12;
/// Reach of the transformed variable: the weights beyond are below 1e-300.
const REACH: f64 = 6.2;

/// `integral from 0 to end of exp(constant + power * ln sin(phi) + slope * phi)`, where it rises up to
/// `end` or is singular at 0 (power from -1 on).
pub(super) fn tail(constant: f64, power: f64, slope: f64, end: f64) -> f64 {
    let log = |phi: f64| constant + power * log_sine(phi) + slope * phi;
    if power > 0.0 {
        let start = negligible(end, 0.0, log);
        return tanh_sinh(start, end, |phi| libm::exp(log(phi)));
    }
    // Singular at 0, falling from there on (slope is negative on the skewed side) within some lengths
    // 1/slope. In s = phi^(power + 1) it is not singular, and nothing is lost below the least float.
    let reach = if slope < 0.0 { 1.5 * NEGLIGIBLE / -slope } else { end };
    let root = power + 1.0;
    let at = |s: f64| {
        let phi = libm::pow(s, 1.0 / root);
        let log_sinc = if phi > 1e-8 { log_sine(phi) - libm::log(phi) } else { 0.0 };
        libm::exp(constant + power * log_sinc + slope * phi) / root
    };
    tanh_sinh(0.0, libm::pow(if reach < end { reach } else { end }, root), at)
}

/// The same from `start` to pi, where it falls from `start` on.
pub(super) fn beyond(constant: f64, power: f64, slope: f64, start: f64) -> f64 {
    let log = |phi: f64| constant + power * log_sine(phi) + slope * phi;
    tanh_sinh(start, negligible(start, PI, log), |phi| libm::exp(log(phi)))
}

/// Where, on the way from `near` to `far`, the integrand has fallen to 1e-18 of its value at `near`:
/// narrow peaks would otherwise stand between the nodes.
fn negligible(near: f64, far: f64, log: impl Fn(f64) -> f64) -> f64 {
    let floor = log(near) - NEGLIGIBLE;
    let (mut inside, mut outside) = (near, far);
    for _ in 0..60 {
        let middle = 0.5 * (inside + outside);
        *if log(middle) < floor { &mut outside } else { &mut inside } = middle;
    }
    outside
}

/// The integral of `at` from `start` to `end`, ends left out.
fn tanh_sinh(start: f64, end: f64, at: impl Fn(f64) -> f64) -> f64 {
    let width = end - start;
    if width <= 0.0 {
        return 0.0;
    }
    let value = |t: f64| {
        let u = FRAC_PI_2 * libm::sinh(t);
        // Distance from either end in units of the width; the smaller one has all its digits.
        let left = 1.0 / (1.0 + libm::exp(-2.0 * u));
        let right = 1.0 / (1.0 + libm::exp(2.0 * u));
        let s = if t < 0.0 { start + width * left } else { end - width * right };
        let weight = 2.0 * FRAC_PI_2 * libm::cosh(t) * left * right * width;
        if s > 0.0 && weight > 0.0 { weight * at(s) } else { 0.0 }
    };
    let mut step = 0.5;
    let count = |step: f64| nearest(REACH / step);
    let mut sum: f64 = (-count(step)..=count(step)).map(|i| value(from_wide(i) * step)).sum();
    for level in 0..LEVELS_MAX {
        let last = sum * step;
        step *= 0.5;
        let n = count(step);
        sum += (-n..=n).filter(|i| i % 2 != 0).map(|i| value(from_wide(i) * step)).sum::<f64>();
        if level > 1 && libm::fabs(sum * step - last) <= TOLERANCE * sum * step {
            break;
        }
    }
    sum * step
}

/// `ln sin(phi)`, exact where the sine is near 1.
fn log_sine(phi: f64) -> f64 {
    let cosine = libm::cos(phi);
    if cosine * cosine < 0.5 { 0.5 * libm::log1p(-cosine * cosine) } else { libm::log(libm::sin(phi)) }
}
