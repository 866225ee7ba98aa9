//! Ordinary least squares with standard errors that hold where the spread of the residuals differs from row to row.
//!
//! The linear algebra is `nalgebra`'s (Apache-2.0, dimforge, released several times a year): a QR decomposition and a
//! small inverse. `linreg-core` offers more tests and no robust errors.

use nalgebra::{DMatrix, DVector};
use serde::Serialize;

/// One coefficient.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coefficient {
    /// Of which regressor.
    pub name: String,
    /// By how much the outcome is higher where the regressor is higher by one, the others being equal.
    pub estimate: f64,
    /// Its standard error, HC1: White's (1980) times n / (n - k).
    pub error_hc1: f64,
    /// The same, HC3 (MacKinnon and White 1985): residuals over one minus their leverage; the one to trust.
    pub error_hc3: f64,
    /// Estimate / HC3 error.
    pub t: f64,
}

/// A fitted line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Regression {
    /// What is explained.
    pub outcome: String,
    /// Rows.
    pub rows: usize,
    /// Share of the outcome's variance that is explained.
    pub r_squared: f64,
    /// The intercept first.
    pub coefficients: Vec<Coefficient>,
}

/// Why there is no fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegressionError {
    /// Fewer rows than coefficients and one.
    #[error("{rows} rows can't tell {coefficients} coefficients: more paths or policies are needed")]
    Rows {
        /// Rows.
        rows: usize,
        /// Coefficients.
        coefficients: usize,
    },
    /// Regressors that can't be told apart.
    #[error("`{0}` is the same everywhere or follows from the others")]
    Collinear(String),
}

/// Fits `outcome` on an intercept and regressors, each a name and a value per row. A regressor that is the same in all
/// rows or follows from those before it is an error that names it.
///
/// # Errors
/// If there is no unique fit.
pub fn regress(outcome: &str, y: &[f64], regressors: &[(&str, Vec<f64>)]) -> Result<Regression, RegressionError> {
    let (rows, columns) = (y.len(), regressors.len() + 1);
    if rows <= columns {
        return Err(RegressionError::Rows { rows, coefficients: columns });
    }
    // Units do not matter to the fit and would to its rounding: regressors are centred and scaled for the solution.
    let centres: Vec<f64> = regressors.iter().map(|(_, values)| super::mean(values)).collect();
    let spreads: Vec<f64> = regressors.iter().zip(&centres).map(|((_, values), &m)| spread(values, m)).collect();
    if let Some(i) = spreads.iter().zip(&centres).position(|(s, m)| *s <= 1e-9 * m.abs().max(1e-300)) {
        return Err(RegressionError::Collinear(regressors[i].0.to_owned()));
    }
    let x = DMatrix::from_fn(rows, columns, |r, c| {
        if c == 0 { 1.0 } else { (regressors[c - 1].1[r] - centres[c - 1]) / spreads[c - 1] }
    });
    let y = DVector::from_column_slice(y);
    let qr = x.clone().qr();
    let r = qr.r();
    let scale = (rows as f64).sqrt();
    if let Some(c) = (0..columns).find(|&c| r[(c, c)].abs() < 1e-8 * scale) {
        return Err(RegressionError::Collinear(regressors[c.max(1) - 1].0.to_owned()));
    }
    let unknown = || RegressionError::Collinear("a regressor".to_owned());
    let inverse = r.try_inverse().ok_or_else(unknown)?;
    let q = qr.q();
    let fitted = &inverse * (q.transpose() * &y);
    let residuals = &y - &x * &fitted;
    // (X'X)^-1 = R^-1 R^-T; a row's leverage is the square of its row of Q.
    let leverage: Vec<f64> = (0..rows).map(|i| q.row(i).norm_squared()).collect();
    let bread = &inverse * inverse.transpose();
    let sandwich = |weight: &dyn Fn(usize) -> f64| {
        let mut meat = DMatrix::zeros(columns, columns);
        for i in 0..rows {
            let row = x.row(i);
            meat += weight(i) * row.transpose() * row;
        }
        &bread * meat * &bread
    };
    let correction = rows as f64 / (rows - columns) as f64;
    let hc1 = sandwich(&|i| correction * residuals[i].powi(2));
    let hc3 = sandwich(&|i| (residuals[i] / (1.0 - leverage[i]).max(1e-12)).powi(2));
    // Back to the units that came: the intercept is that of the uncentred line.
    let mut back = DMatrix::identity(columns, columns);
    for c in 1..columns {
        back[(c, c)] = 1.0 / spreads[c - 1];
        back[(0, c)] = -centres[c - 1] / spreads[c - 1];
    }
    let estimates = &back * fitted;
    let [hc1, hc3] = [hc1, hc3].map(|covariance| &back * covariance * back.transpose());
    let names = std::iter::once("intercept").chain(regressors.iter().map(|(name, _)| *name));
    let coefficients = names.enumerate().map(|(c, name)| {
        let (error_hc1, error_hc3) = (hc1[(c, c)].sqrt(), hc3[(c, c)].sqrt());
        Coefficient { name: name.to_owned(), estimate: estimates[c], error_hc1, error_hc3, t: estimates[c] / error_hc3 }
    });
    let total = y.add_scalar(-y.mean()).norm_squared();
    let r_squared = if total > 0.0 { 1.0 - residuals.norm_squared() / total } else { f64::NAN };
    Ok(Regression { outcome: outcome.to_owned(), rows, r_squared, coefficients: coefficients.collect() })
}

/// Root mean square distance from the mean.
fn spread(values: &[f64], mean: f64) -> f64 {
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: [f64; 12] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0];
    const Z: [f64; 12] = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0, 5.0, 8.0];
    const Y: [f64; 12] = [2.1, 2.9, 5.2, 4.1, 7.9, 9.2, 6.0, 12.4, 8.1, 14.9, 9.7, 19.5];

    #[test]
    fn coefficients_and_robust_errors_are_those_of_statsmodels() {
        let found = regress("y", &Y, &[("x", X.to_vec()), ("z", Z.to_vec())]).expect("a fit");
        // statsmodels OLS.fit(cov_type=...): tests/reference/robust_statistics.py.
        let wanted = [
            (-0.602_962_833_099_581_5, 1.107_600_774_976_401_9, 1.420_515_140_468_988),
            (1.034_791_374_474_053_3, 0.276_923_123_100_201_3, 0.338_392_412_117_161_87),
            (0.548_496_669_004_208_6, 0.301_712_097_940_923_46, 0.415_248_804_488_497_27),
        ];
        for (it, (estimate, hc1, hc3)) in found.coefficients.iter().zip(wanted) {
            let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
            assert!(close(it.estimate, estimate) && close(it.error_hc1, hc1) && close(it.error_hc3, hc3), "{found:?}");
        }
        assert!((found.r_squared - 0.801_349_866_965_849_9).abs() < 1e-12);
    }

    #[test]
    fn a_line_without_residuals_is_found_whatever_the_units() {
        let money: Vec<f64> = X.iter().map(|x| 1e9 + 1e7 * x).collect();
        let y: Vec<f64> = money.iter().zip(&Z).map(|(m, z)| 5.0 - 2e-7 * m + 3.0 * z).collect();
        let found = regress("y", &y, &[("money", money), ("z", Z.to_vec())]).expect("a fit");
        let at = |i: usize| found.coefficients[i].estimate;
        assert!((at(1) / -2e-7 - 1.0).abs() < 1e-6 && (at(2) - 3.0).abs() < 1e-6, "{found:?}");
        assert!(found.r_squared > 1.0 - 1e-12);
    }

    #[test]
    fn what_can_not_be_told_apart_is_named() {
        let double: Vec<f64> = X.iter().map(|x| 2.0 * x).collect();
        let found = regress("y", &Y, &[("x", X.to_vec()), ("double", double)]).unwrap_err();
        assert_eq!(found, RegressionError::Collinear("double".to_owned()));
        let found = regress("y", &Y, &[("x", vec![4.0; 12]), ("z", Z.to_vec())]).unwrap_err();
        assert_eq!(found, RegressionError::Collinear("x".to_owned()));
        let found = regress("y", &Y[..3], &[("x", X[..3].to_vec()), ("z", Z[..3].to_vec())]).unwrap_err();
        assert_eq!(found, RegressionError::Rows { rows: 3, coefficients: 3 });
    }
}
