//! Families of demand and lead time, as users write them: `poisson(5)`, `2:0.5 3:0.3 6:0.2`.
//!
//! | written | meaning [units a day] |
//! | --- | --- |
//! | `constant(5)` | always 5 |
//! | `poisson(5)` | mean 5 |
//! | `negative_binomial(5, cv=0.8)` | mean 5, standard deviation 4; or `ratio=3.2` (variance / mean), the second number without a name |
//! | `zero_inflated(5, zeros=0.3, cv=1.5)` | on 3 days in 10 nothing, else negative binomial; mean 5 and the coefficient of variation over all days, or `ratio` |
//! | `geometric(5)` | mean 5, from 0 on |
//! | `normal(5, 2)` | mean 5 and standard deviation 2 before what lies below 0 is set to 0; continuous |
//! | `uniform(2, 8)` | 2, 3, ... 8 equally likely |
//! | `table(0:0.5, 3:0.3, 12:0.2)` | these values with these probabilities |
//! | `pearson4(mean=5, sd=2, skew=1, kurt=6)` | Pearson type IV by its moments, truncated to 0 and more (or `max=40` at most) |
//! | `pearson4(m=4, nu=-3, a=2, lambda=4)` | the same by its parameters |
//!
//! Discrete families are exact to 2^-32; masses follow from ratios of neighbours, so that no
//! logarithm or gamma function makes two hosts differ.

use super::compile::{Compiled, Masses, VALUE_MAX, compile};
use super::normal;
use super::number::{self, Range, from_count, from_wide, nearest, scaled_whole};
use super::pearson4::{Moments, Pearson4, Truncated, whole};
use super::spelling::suggestion;

/// Most points of a family before grouping: beyond that a normal distribution says the same.
const POINTS_MAX: usize = 1 << 20;
/// Stretches of a continuous family.
const STRETCHES: i64 = 4096;
/// Standard deviations kept of a normal family: beyond lie less than 2^-32.
const NORMAL_REACH: f64 = 6.4;
/// Greatest mean or value [units].
const UNITS_MAX: f64 = 1e9;

/// A distribution of whole or scaled units.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// Always the same.
    Constant(f64),
    /// Poisson.
    Poisson {
        /// Mean [units].
        mean: f64,
    },
    /// Negative binomial.
    NegativeBinomial {
        /// Mean [units].
        mean: f64,
        /// Variance [units squared]; above the mean.
        variance: f64,
    },
    /// Zero with a probability of its own, else negative binomial.
    ZeroInflated {
        /// Mean over all days [units].
        mean: f64,
        /// Probability of a day on which nobody asks, beside the zeros of the negative binomial.
        zeros: f64,
        /// Variance over all days [units squared].
        variance: f64,
    },
    /// Geometric, from 0 on.
    Geometric {
        /// Mean [units].
        mean: f64,
    },
    /// Normal, with what lies below 0 set to 0.
    Normal {
        /// Mean before that [units].
        mean: f64,
        /// Standard deviation before that [units].
        deviation: f64,
    },
    /// Whole units, equally likely.
    Uniform {
        /// Least [units].
        low: f64,
        /// Greatest [units].
        high: f64,
    },
    /// Pearson type IV, truncated to 0 and more; continuous.
    Pearson4 {
        /// The curve [units].
        shape: Pearson4,
        /// Greatest value [units], if given.
        max: Option<f64>,
    },
    /// (value [units], probability) in ascending order.
    Table(Vec<(f64, f64)>),
    /// Observed values [units], equally likely. A value between two internal units stands for both,
    /// in the proportion that keeps the mean.
    Empirical(Vec<f64>),
}

const FAMILIES: [&str; 9] = [
    "constant",
    "poisson",
    "negative_binomial",
    "zero_inflated",
    "geometric",
    "normal",
    "uniform",
    "table",
    "pearson4",
];

impl Distribution {
    /// Reads a family with its parameters, or a plain number.
    ///
    /// # Errors
    /// What would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(value) = number::real(text, Range::new(0.0, UNITS_MAX, "units")) {
            return Ok(Self::Constant(value));
        }
        let Some((family, rest)) = text.split_once('(') else {
            let guess = suggestion(text, FAMILIES);
            return Err(format!("a family with its parameters, such as poisson(5): {guess}"));
        };
        let family = family.trim().to_lowercase();
        let Some(inside) = rest.strip_suffix(')') else {
            return Err(format!("closed by a parenthesis: {text})"));
        };
        if !FAMILIES.contains(&family.as_str()) {
            return Err(format!("a known family: {}", suggestion(&family, FAMILIES)));
        }
        if family == "table" {
            return pairs(inside, UNITS_MAX).map(Self::Table);
        }
        let arguments: Vec<(Option<String>, f64)> = inside.split(',').map(argument).collect::<Result<_, _>>()?;
        if family == "pearson4" {
            return pearson4(&arguments);
        }
        let wants = |names: &[&str]| -> Result<Vec<f64>, String> {
            let right = || format!("{family}({})", names.join(", "));
            if arguments.len() != names.len() {
                return Err(right());
            }
            for ((given, value), name) in arguments.iter().zip(names) {
                let named = given.as_ref().is_none_or(|given| given == name);
                if !named || !(0.0..=UNITS_MAX).contains(value) {
                    return Err(format!("{} with numbers from 0 to {UNITS_MAX}", right()));
                }
            }
            Ok(arguments.iter().map(|a| a.1).collect())
        };
        Ok(match family.as_str() {
            "constant" => Self::Constant(wants(&["value"])?[0]),
            "poisson" => Self::Poisson { mean: wants(&["mean"])?[0] },
            "geometric" => Self::Geometric { mean: wants(&["mean"])?[0] },
            "normal" => {
                let a = wants(&["mean", "deviation"])?;
                Self::Normal { mean: a[0], deviation: a[1] }
            }
            "uniform" => {
                let a = wants(&["low", "high"])?;
                if a[0] > a[1] || libm::trunc(a[0]) != a[0] || libm::trunc(a[1]) != a[1] {
                    return Err("uniform(low, high) with whole numbers, low first".to_owned());
                }
                Self::Uniform { low: a[0], high: a[1] }
            }
            "zero_inflated" => {
                let by_cv = arguments.get(2).is_some_and(|a| a.0.as_deref() == Some("cv"));
                let a = wants(&["mean", "zeros", if by_cv { "cv" } else { "ratio" }])?;
                let (mean, zeros) = (a[0], a[1]);
                let variance = if by_cv { a[2] * a[2] * mean * mean } else { a[2] * mean };
                if zeros >= 1.0 {
                    return Err(format!("zero_inflated with zeros below 1, unlike {zeros}"));
                }
                let (inner, spread) = without_zeros(mean, zeros, variance);
                if mean > 0.0 && spread <= inner * (1.0 + 1e-9) {
                    // Poisson sizes on the days that sell have the least variance.
                    let least = (1.0 - zeros) * (inner + inner * inner) - mean * mean;
                    return Err(format!(
                        "zero_inflated with a variance that its zeros leave room for: ratio above {:.4}, or cv above {:.4}",
                        least / mean,
                        libm::sqrt(least) / mean
                    ));
                }
                Self::ZeroInflated { mean, zeros, variance }
            }
            _ => {
                let by_cv = arguments.get(1).is_some_and(|a| a.0.as_deref() == Some("cv"));
                let a = wants(&["mean", if by_cv { "cv" } else { "ratio" }])?;
                let variance = if by_cv { a[1] * a[1] * a[0] * a[0] } else { a[1] * a[0] };
                if a[0] > 0.0 && variance <= a[0] * (1.0 + 1e-9) {
                    return Err(format!(
                        "negative_binomial with a variance above the mean: ratio above 1, or cv above {:.4} (poisson has ratio 1)",
                        1.0 / libm::sqrt(a[0])
                    ));
                }
                Self::NegativeBinomial { mean: a[0], variance }
            }
        })
    }

    /// The integer table at `unit_scale` internal units per unit.
    ///
    /// # Errors
    /// What would be right.
    pub fn compile(&self, unit_scale: i32) -> Result<Compiled, String> {
        let masses = self.masses(unit_scale)?;
        compile(&masses).ok_or_else(|| format!("values of at most {VALUE_MAX} internal units (units times unit_scale)"))
    }

    fn masses(&self, unit_scale: i32) -> Result<Masses, String> {
        let scale = i64::from(unit_scale);
        let on_lattice = |value: f64| {
            scaled_whole(value, unit_scale).map(i64::from).ok_or_else(|| {
                format!("whole at unit_scale = {unit_scale} and not above {VALUE_MAX} internal units, unlike {value}")
            })
        };
        let discrete = |points: Vec<(i64, f64)>, step| Masses { points, step, spread: false };
        Ok(match self {
            Self::Constant(value) => discrete(vec![(on_lattice(*value)?, 1.0)], 1),
            Self::Poisson { mean }
            | Self::NegativeBinomial { mean, .. }
            | Self::ZeroInflated { mean, .. }
            | Self::Geometric { mean }
                if *mean <= 0.0 =>
            {
                discrete(vec![(0, 1.0)], 1)
            }
            Self::ZeroInflated { mean, zeros, variance } => {
                let (inner, spread) = without_zeros(*mean, *zeros, *variance);
                let mut points = negative_binomial(inner, spread, scale)?;
                let total: f64 = points.iter().map(|p| p.1).sum();
                points.iter_mut().for_each(|p| p.1 *= (1.0 - zeros) / total);
                match points.first_mut().filter(|first| first.0 == 0) {
                    Some(first) => first.1 += zeros,
                    None => points.insert(0, (0, *zeros)),
                }
                discrete(points, scale)
            }
            Self::Poisson { mean } => {
                discrete(by_ratio(*mean, libm::floor(*mean), scale, |k| mean / (k + 1.0))?, scale)
            }
            Self::NegativeBinomial { mean, variance } => discrete(negative_binomial(*mean, *variance, scale)?, scale),
            Self::Geometric { mean } => discrete(negative_binomial(*mean, mean + mean * mean, scale)?, scale),
            Self::Normal { mean, deviation } => normal_masses(mean * from_wide(scale), deviation * from_wide(scale))?,
            Self::Pearson4 { shape, max } => {
                let highest = max.map_or(VALUE_MAX, |max| nearest(max * from_wide(scale))).min(VALUE_MAX);
                let Truncated { points, step, .. } = whole(shape, from_wide(scale), 0, highest)?;
                Masses { points, step, spread: step > 1 }
            }
            Self::Uniform { low, high } => {
                let (low, high) = (nearest(*low), nearest(*high));
                if usize::try_from(high - low).map_or(true, |n| n > POINTS_MAX) {
                    return Err(format!("at most {POINTS_MAX} different values"));
                }
                discrete((low..=high).map(|k| (k.saturating_mul(scale), 1.0)).collect(), scale)
            }
            Self::Table(points) => {
                discrete(points.iter().map(|&(v, p)| Ok((on_lattice(v)?, p))).collect::<Result<_, String>>()?, 1)
            }
            Self::Empirical(values) => discrete(observed(values, from_wide(scale)), 1),
        })
    }
}

/// A Pearson type IV curve and its maximum [days], as lead times write it; none where the text is no `pearson4`.
pub(crate) fn lead_curve(text: &str) -> Option<Result<(Pearson4, Option<i64>), String>> {
    if !text.trim_start().to_lowercase().starts_with("pearson4") {
        return None;
    }
    Some(Distribution::parse(text).and_then(|parsed| match parsed {
        Distribution::Pearson4 { max: Some(max), .. } if libm::trunc(max) != max => {
            Err(format!("pearson4 with a max in whole days, unlike {max}"))
        }
        Distribution::Pearson4 { shape, max } => Ok((shape, max.map(nearest))),
        _ => Err("pearson4(mean=.., sd=.., skew=.., kurt=..)".to_owned()),
    }))
}

/// The parameters of [`Distribution::Pearson4`]: all with their names, in any order.
fn pearson4(arguments: &[(Option<String>, f64)]) -> Result<Distribution, String> {
    const BY_MOMENTS: [&str; 4] = ["mean", "sd", "skew", "kurt"];
    const BY_PARAMETERS: [&str; 4] = ["m", "nu", "a", "lambda"];
    let value = |name: &str| arguments.iter().find(|a| a.0.as_deref() == Some(name)).map(|a| a.1);
    let four = |names: [&str; 4]| {
        let [Some(a), Some(b), Some(c), Some(d)] = names.map(value) else { return None };
        Some([a, b, c, d])
    };
    let max = value("max");
    let count = 4 + usize::from(max.is_some());
    let shape = match (four(BY_MOMENTS), four(BY_PARAMETERS)) {
        _ if arguments.len() != count => None,
        (Some([mean, deviation, skewness, kurtosis]), None) => {
            Some(Pearson4::from_moments(Moments { mean, deviation, skewness, kurtosis }))
        }
        (None, Some([m, nu, a, lambda])) => Some(Pearson4::new(m, nu, a, lambda)),
        _ => None,
    };
    let Some(shape) = shape else {
        let right = "pearson4(mean=.., sd=.., skew=.., kurt=..) or pearson4(m=.., nu=.., a=.., lambda=..), each with a max=.. or without";
        return Err(right.to_owned());
    };
    if max.is_some_and(|max| max <= 0.0) {
        return Err("pearson4 with a max above 0".to_owned());
    }
    Ok(Distribution::Pearson4 { shape: shape.map_err(|error| error.to_string())?, max })
}

/// `name=number` or `number`.
fn argument(text: &str) -> Result<(Option<String>, f64), String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (Some(name.trim().to_lowercase()), value),
        None => (None, text),
    };
    let value = number::real(value.trim(), Range::new(-UNITS_MAX, UNITS_MAX, "units"))
        .ok_or_else(|| format!("numbers between the parentheses, unlike {:?}", value.trim()))?;
    Ok((name, value))
}

/// `value:probability` pairs, separated by spaces or commas; values ascending, probabilities adding up to 1.
pub(crate) fn pairs(text: &str, value_max: f64) -> Result<Vec<(f64, f64)>, String> {
    let mut points: Vec<(f64, f64)> = Vec::new();
    for pair in text.split([' ', ',']).filter(|pair| !pair.is_empty()) {
        let parsed = pair.split_once(':').and_then(|(value, probability)| {
            Some((
                number::real(value.trim(), Range::new(0.0, value_max, ""))?,
                number::real(probability.trim(), Range::new(0.0, 1.0, ""))?,
            ))
        });
        let point =
            parsed.ok_or_else(|| format!("pairs of value:probability, such as 2:0.5 3:0.3 6:0.2, unlike {pair:?}"))?;
        if points.last().is_some_and(|last| last.0 >= point.0) {
            return Err(format!("values in ascending order, each once, unlike {pair:?}"));
        }
        points.push(point);
    }
    let total: f64 = points.iter().map(|p| p.1).sum();
    if libm::fabs(total - 1.0) > 1e-6 {
        return Err(format!("probabilities that add up to 1, not {}", libm::round(total * 1e6) / 1e6));
    }
    Ok(points)
}

/// Masses from `ratio(k)` = P(k+1) / P(k), outwards from the mode until nothing above 2^-40 is left.
fn by_ratio(spread: f64, mode: f64, scale: i64, ratio: impl Fn(f64) -> f64) -> Result<Vec<(i64, f64)>, String> {
    // A tail falls by at least its last ratio: what is left is at most mass / (1 - ratio).
    let negligible = 1e-13 / spread.max(1.0);
    let too_wide =
        || format!("at most {POINTS_MAX} different values: use normal(mean, deviation) for such large numbers");
    let mut down = Vec::new();
    let (mut k, mut mass, mut total) = (mode, 1.0, 1.0);
    while k > 0.0 && mass > negligible * total {
        mass /= ratio(k - 1.0);
        k -= 1.0;
        total += mass;
        down.push((k, mass));
        if down.len() > POINTS_MAX {
            return Err(too_wide());
        }
    }
    let mut up = vec![(mode, 1.0)];
    (k, mass) = (mode, 1.0);
    while mass > negligible * total {
        mass *= ratio(k);
        k += 1.0;
        total += mass;
        up.push((k, mass));
        if up.len() > POINTS_MAX {
            return Err(too_wide());
        }
    }
    Ok(down.into_iter().rev().chain(up).map(|(k, mass)| (nearest(k).saturating_mul(scale), mass)).collect())
}

/// Mean and variance of the days that are not zero by themselves.
fn without_zeros(mean: f64, zeros: f64, variance: f64) -> (f64, f64) {
    let inner = mean / (1.0 - zeros);
    (inner, (variance + mean * mean) / (1.0 - zeros) - inner * inner)
}

fn negative_binomial(mean: f64, variance: f64, scale: i64) -> Result<Vec<(i64, f64)>, String> {
    let r = mean * mean / (variance - mean);
    let failure = (variance - mean) / variance;
    let mode = if r > 1.0 { libm::floor((r - 1.0) * failure / (1.0 - failure)) } else { 0.0 };
    by_ratio(mean.max(variance / mean), mode, scale, |k| (k + r) / (k + 1.0) * failure)
}

/// Stretches of a normal distribution, each rounded to its nearest value; below 0 everything is 0.
fn normal_masses(mean: f64, deviation: f64) -> Result<Masses, String> {
    let high = nearest(libm::ceil(mean + NORMAL_REACH * deviation)).max(0);
    let low = nearest(libm::floor(mean - NORMAL_REACH * deviation)).max(0);
    if high > VALUE_MAX {
        return Err(format!("a mean plus {NORMAL_REACH} deviations of at most {VALUE_MAX} internal units"));
    }
    if deviation <= 0.0 {
        return Ok(Masses { points: vec![(nearest(mean).max(0), 1.0)], step: 1, spread: false });
    }
    let step = ((high - low) / STRETCHES).max(1);
    let half = 0.5 * from_wide(step);
    let mut points = Vec::new();
    let mut below = 0.0;
    let mut value = low;
    while value <= high {
        let until = normal::cumulative((from_wide(value) + half - mean) / deviation);
        points.push((value, (until - below).max(0.0)));
        below = until;
        value += step;
    }
    Ok(Masses { points, step, spread: step > 1 })
}

/// Observed values as masses on whole internal units; the mean is kept exactly.
fn observed(values: &[f64], scale: f64) -> Vec<(i64, f64)> {
    let mut points: Vec<(i64, f64)> = Vec::with_capacity(values.len() * 2);
    for value in values {
        let scaled = (value * scale).max(0.0);
        let below = libm::floor(scaled);
        let above = scaled - below;
        points.push((nearest(below), 1.0 - above));
        if above > 0.0 {
            points.push((nearest(below) + 1, above));
        }
    }
    points.sort_by_key(|p| p.0);
    points.dedup_by(|b, a| {
        let same = a.0 == b.0;
        if same {
            a.1 += b.1;
        }
        same
    });
    let count = from_count(values.len()).max(1.0);
    points.iter_mut().for_each(|p| p.1 /= count);
    points
}

#[cfg(test)]
#[path = "distribution_tests.rs"]
mod tests;
