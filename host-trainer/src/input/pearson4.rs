//! The Pearson type IV distribution: a bell with a tail of its own on either side, such as lead times
//! of unreliable suppliers have.
//!
//! ```text
//! f(x) = k (1 + z^2)^-m exp(-nu atan z),   z = (x - lambda) / a,   m > 1/2, a > 0
//! k    = Gamma(m) / (a sqrt(pi) Gamma(m - 1/2)) * |Gamma(m + i nu/2) / Gamma(m)|^2
//! ```
//!
//! Source: Heinrich 2004, *A Guide to the Pearson Type IV Distribution*, CDF/MEMO/STATISTICS/PUBLIC/6820.
//! nu = 0 is the symmetric limit (type VII, Student's t), which is let in.
//!
//! Everything is computed in the angle `phi = atan z + pi/2`, in which the density is
//! `exp(c) sin(phi)^(2m-2) exp(-nu phi)` on (0, pi), mirrored so that nu is not negative: a strong
//! skew then crowds the mass at phi = 0, where floats are dense. Both tails keep their relative
//! precision.
//!
//! ```
//! use restock_trainer::input::pearson4::{Moments, Pearson4};
//!
//! let lead = Pearson4::from_moments(Moments { mean: 6.0, deviation: 1.5, skewness: 1.0, kurtosis: 6.0 })?;
//! assert!((lead.moments().unwrap().mean - 6.0).abs() < 1e-12);
//! assert!((lead.cdf(lead.quantile(0.95)) - 0.95).abs() < 1e-10);
//! # Ok::<(), restock_trainer::input::pearson4::Pearson4Error>(())
//! ```

mod gamma;
mod quadrature;
mod tables;

pub(super) use tables::whole;
pub use tables::{DAYS_MAX, SHARE_ERROR, SHARE_ONE, Truncated, defect_shares, lead_days};

use core::f64::consts::{FRAC_PI_2, PI};

/// Greatest m: beyond it nothing but rounding tells the distribution from a normal or a type V one.
const M_MAX: f64 = 1e4;
/// Greatest |nu|, for the same reason.
const NU_MAX: f64 = 1e6;
/// Square of the skewness that no type IV distribution reaches.
const SKEWNESS_SQUARE_MAX: f64 = 32.0;
/// How far below its value at the near end an integrand is left out, in natural logarithms: 1e-18.
const NEGLIGIBLE: f64 = 41.5;

/// The first four moments, as users know them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub deviation: f64,
    /// Third standardized moment: 0 where both sides are alike, positive where the right tail is longer.
    pub skewness: f64,
    /// Fourth standardized moment: 3 for a normal distribution.
    pub kurtosis: f64,
}

/// Why there is no such distribution.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Pearson4Error {
    /// A parameter is not a number, or out of its range.
    #[error("m above 0.5 and up to {M_MAX}, nu from -{NU_MAX} to {NU_MAX}, a above 0 and lambda finite")]
    Parameters,
    /// The mean is not a number or the standard deviation not above 0.
    #[error("a finite mean and a standard deviation above 0")]
    Scale,
    /// No kurtosis would do.
    #[error("a skewness between -5.65 and 5.65 (type IV ends where its square is {SKEWNESS_SQUARE_MAX}), unlike {0}")]
    Skewness(f64),
    /// The kurtosis is too small for the skewness: what lies there is of type I, VI or V.
    #[error(
        "of Pearson type IV: at skewness {skewness} that is a kurtosis above {least:.3} (below lie types I, V and VI), \
         unlike {kurtosis}; kurt={enough:.2} would do"
    )]
    Kurtosis {
        /// The skewness given.
        skewness: f64,
        /// The kurtosis given.
        kurtosis: f64,
        /// What it must be above.
        least: f64,
        /// One that is well inside.
        enough: f64,
    },
}

/// Kurtosis above which type IV lies, for a skewness; none where its square is 32 or more.
///
/// The boundary is type V: 16 (r - 1) = skewness^2 (r - 2)^2 solved for the kurtosis.
#[must_use]
pub fn kurtosis_min(skewness: f64) -> Option<f64> {
    let square = skewness * skewness;
    let root = libm::sqrt((4.0 + square) * (4.0 + square) * (4.0 + square));
    let inside = square < SKEWNESS_SQUARE_MAX;
    inside.then(|| 3.0 * (16.0 + 13.0 * square + 2.0 * root) / (SKEWNESS_SQUARE_MAX - square))
}

/// A Pearson type IV distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pearson4 {
    m: f64,
    nu: f64,
    a: f64,
    lambda: f64,
    /// Logarithm of the density's constant in the angle: of `a k exp(|nu| pi/2)`.
    constant: f64,
}

impl Pearson4 {
    /// The distribution of these parameters.
    ///
    /// # Errors
    /// [`Pearson4Error::Parameters`].
    pub fn new(m: f64, nu: f64, a: f64, lambda: f64) -> Result<Self, Pearson4Error> {
        let inside =
            m > 0.5 && m <= M_MAX && libm::fabs(nu) <= NU_MAX && a > 0.0 && a.is_finite() && lambda.is_finite();
        if !inside {
            return Err(Pearson4Error::Parameters);
        }
        let half = 0.5 * libm::fabs(nu);
        let constant = gamma::log_half_step(m) - 0.5 * libm::log(PI) + gamma::log_squared_ratio_raised(m, half);
        Ok(Self { m, nu, a, lambda, constant })
    }

    /// The distribution with these moments (Heinrich 2004, section 4).
    ///
    /// # Errors
    /// What would be right, where the moments belong to no type IV distribution.
    pub fn from_moments(moments: Moments) -> Result<Self, Pearson4Error> {
        let Moments { mean, deviation, skewness, kurtosis } = moments;
        if !(mean.is_finite() && deviation > 0.0 && deviation.is_finite()) {
            return Err(Pearson4Error::Scale);
        }
        let Some(least) = kurtosis_min(skewness) else { return Err(Pearson4Error::Skewness(skewness)) };
        let outside = Pearson4Error::Kurtosis { skewness, kurtosis, least, enough: 1.1 * least };
        if !(kurtosis > least && kurtosis.is_finite()) {
            return Err(outside);
        }
        let square = skewness * skewness;
        let r = 6.0 * (kurtosis - square - 1.0) / (2.0 * kurtosis - 3.0 * square - 6.0);
        let inner = 16.0 * (r - 1.0) - square * (r - 2.0) * (r - 2.0);
        let nu = -r * (r - 2.0) * skewness / libm::sqrt(inner);
        let a = 0.25 * deviation * libm::sqrt(inner);
        let lambda = mean - 0.25 * (r - 2.0) * skewness * deviation;
        // Within a hair of the boundary m or nu passes what floats can tell apart.
        Self::new(0.5 * r + 1.0, nu, a, lambda).map_err(|_| outside)
    }

    /// The parameters (m, nu, a, lambda).
    #[must_use]
    pub fn parameters(&self) -> (f64, f64, f64, f64) {
        (self.m, self.nu, self.a, self.lambda)
    }

    /// Mean; none where m is 1 or less.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let r = 2.0 * (self.m - 1.0);
        (r > 0.0).then(|| self.lambda - self.a * self.nu / r)
    }

    /// Standard deviation; none where m is 3/2 or less.
    #[must_use]
    pub fn deviation(&self) -> Option<f64> {
        let r = 2.0 * (self.m - 1.0);
        (r > 1.0).then(|| self.a / r * libm::sqrt((r * r + self.nu * self.nu) / (r - 1.0)))
    }

    /// Mean, standard deviation, skewness and kurtosis; none where m is 5/2 or less and the fourth does not exist.
    #[must_use]
    pub fn moments(&self) -> Option<Moments> {
        let (r, nu) = (2.0 * (self.m - 1.0), self.nu);
        if r <= 3.0 {
            return None;
        }
        let sum = r * r + nu * nu;
        Some(Moments {
            mean: self.mean()?,
            deviation: self.deviation()?,
            skewness: -4.0 * nu / (r - 2.0) * libm::sqrt((r - 1.0) / sum),
            kurtosis: 3.0 * (r - 1.0) * ((r + 6.0) * sum - 8.0 * r * r) / ((r - 2.0) * (r - 3.0) * sum),
        })
    }

    /// Standard deviation of the normal curve that has the same peak.
    pub(crate) fn peak_width(&self) -> f64 {
        let slant = self.nu / (2.0 * self.m);
        self.a * libm::sqrt((1.0 + slant * slant) / (2.0 * self.m))
    }

    /// Density at `x`.
    #[must_use]
    pub fn density(&self, x: f64) -> f64 {
        let z = self.toward_zero(x);
        let angle = libm::atan2(1.0, -z);
        let power = -self.m * libm::log1p(z * z) - libm::fabs(self.nu) * angle;
        libm::exp(self.constant + power) / self.a
    }

    /// Probability of at most `x`; absolute error below 1e-10.
    #[must_use]
    pub fn cdf(&self, x: f64) -> f64 {
        self.tails(x).0
    }

    /// Probability of more than `x`, exact in the tail where `1 - cdf` would be all rounding.
    #[must_use]
    pub fn survival(&self, x: f64) -> f64 {
        self.tails(x).1
    }

    /// Probability of more than `low` and at most `high`, from the tail in which it is exact.
    #[must_use]
    pub fn between(&self, low: f64, high: f64) -> f64 {
        let (below, above) = (self.tails(low), self.tails(high));
        let mass = if below.0 > 0.5 { below.1 - above.1 } else { above.0 - below.0 };
        mass.max(0.0)
    }

    /// The least `x` with `cdf(x) >= p`; minus and plus infinity at 0 and 1.
    #[must_use]
    pub fn quantile(&self, p: f64) -> f64 {
        if p.is_nan() || p <= 0.0 {
            return if p <= 0.0 { f64::NEG_INFINITY } else { f64::NAN };
        }
        if p >= 1.0 {
            return f64::INFINITY;
        }
        // Logarithmic steps outwards from the middle, then halving: no start value to go wrong.
        let middle = self.lambda - self.a * self.nu / (2.0 * self.m);
        let is_below = |x: f64| if p <= 0.5 { self.cdf(x) < p } else { self.survival(x) > 1.0 - p };
        let side = if is_below(middle) { 1.0 } else { -1.0 };
        let (mut near, mut far, mut step) = (middle, middle, self.a);
        for _ in 0..1100 {
            far = middle + side * step;
            if is_below(far) != (side > 0.0) {
                break;
            }
            near = far;
            step *= 2.0;
        }
        let (mut low, mut high) = if side > 0.0 { (near, far) } else { (far, near) };
        let mut x = 0.5 * (low + high);
        for _ in 0..200 {
            let (below, above) = self.tails(x);
            let missing = if p <= 0.5 { p - below } else { above - (1.0 - p) };
            *if missing > 0.0 { &mut low } else { &mut high } = x;
            // Newton's step where it stays inside, else the middle.
            let step = x + missing / self.density(x);
            let settled = libm::fabs(step - x) <= 4.0 * f64::EPSILON * libm::fabs(x);
            x = if (step > low && step < high) || settled { step } else { 0.5 * (low + high) };
            if settled || missing == 0.0 {
                break;
            }
        }
        x
    }

    /// `z`, mirrored so that the skew points to phi = 0.
    fn toward_zero(&self, x: f64) -> f64 {
        let z = (x - self.lambda) / self.a;
        if self.nu < 0.0 { -z } else { z }
    }

    /// Probability below and above `x`: one of them integrated, whichever is the smaller side of the mode.
    fn tails(&self, x: f64) -> (f64, f64) {
        if x.is_nan() {
            return (f64::NAN, f64::NAN);
        }
        let z = self.toward_zero(x);
        let (angle, other) = (libm::atan2(1.0, -z), libm::atan2(1.0, z));
        let (power, nu) = (2.0 * self.m - 2.0, libm::fabs(self.nu));
        let mode = if power > 0.0 { libm::atan2(power, nu) } else { FRAC_PI_2 };
        let (low, high) = if angle <= mode {
            let low = quadrature::tail(self.constant, power, -nu, angle).clamp(0.0, 1.0);
            (low, 1.0 - low)
        } else {
            // From the far end, whose distance has all its digits; but a large nu would round at pi.
            let high = if power > 0.0 && angle < FRAC_PI_2 {
                quadrature::beyond(self.constant, power, -nu, angle)
            } else {
                quadrature::tail(self.constant - nu * PI, power, nu, other)
            };
            let high = high.clamp(0.0, 1.0);
            (1.0 - high, high)
        };
        if self.nu < 0.0 { (high, low) } else { (low, high) }
    }
}

#[cfg(test)]
mod tests;
