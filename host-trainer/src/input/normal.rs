//! The normal distribution, from `libm` so that a scenario compiles to the same bits on every host.

/// P(X <= x) of the standard normal.
pub(crate) fn cumulative(x: f64) -> f64 {
    0.5 * libm::erfc(-x / core::f64::consts::SQRT_2)
}

/// The standard normal quantile for a probability, within +-8; by bisection, since it is asked for
/// once per stockpoint.
pub(crate) fn quantile(probability: f64) -> f64 {
    let (mut low, mut high) = (-8.0, 8.0);
    for _ in 0..64 {
        let middle = 0.5 * (low + high);
        if cumulative(middle) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{ContinuousCDF, Normal};

    #[test]
    fn the_quantile_agrees_with_statrs() {
        let reference = Normal::new(0.0, 1.0).unwrap();
        for p in [0.001, 0.05, 0.5, 0.9, 0.95, 0.999] {
            assert!((quantile(p) - reference.inverse_cdf(p)).abs() < 1e-6, "{p}");
            assert!((cumulative(reference.inverse_cdf(p)) - p).abs() < 1e-9);
        }
    }
}
