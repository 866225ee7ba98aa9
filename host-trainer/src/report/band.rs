//! Several courses of one figure, told by their median and quartiles.

use serde::Serialize;

/// Median and quartiles of some courses, place by place. Shapes `[place]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Band {
    /// Lower quartile.
    pub low: Vec<f64>,
    /// Median.
    pub middle: Vec<f64>,
    /// Upper quartile.
    pub high: Vec<f64>,
}

impl Band {
    /// Of courses that may be of different lengths: a place counts as long as half of them have it.
    #[must_use]
    pub fn of<C: AsRef<[f64]>>(courses: &[C]) -> Self {
        let longest = courses.iter().map(|course| course.as_ref().len()).max().unwrap_or(0);
        let mut band = Self::default();
        for place in 0..longest {
            let mut values: Vec<f64> = courses
                .iter()
                .filter_map(|course| course.as_ref().get(place).copied())
                .filter(|v| !v.is_nan())
                .collect();
            if values.is_empty() || 2 * values.len() < courses.len() {
                break;
            }
            values.sort_by(f64::total_cmp);
            band.low.push(rounded(quantile(&values, 0.25)));
            band.middle.push(rounded(quantile(&values, 0.5)));
            band.high.push(rounded(quantile(&values, 0.75)));
        }
        band
    }
}

/// A quantile of sorted values, between neighbours in proportion (Hyndman and Fan 1996, definition 7); 0 of none.
#[must_use]
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = share * last as f64;
    let below = place.floor();
    let at = (below as usize).min(last);
    let next = (at + 1).min(last);
    sorted[at] + (place - below) * (sorted[next] - sorted[at])
}

/// Six significant digits: more than a figure shows, and a third of the bytes.
#[must_use]
pub fn rounded(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_the_values_beside_them() {
        let values = [1.0, 2.0, 3.0, 10.0];
        assert_eq!((quantile(&values, 0.0), quantile(&values, 0.5), quantile(&values, 1.0)), (1.0, 2.5, 10.0));
        assert_eq!(quantile(&values, 0.25), 1.75);
        assert_eq!((quantile(&[7.0], 0.25), quantile(&[], 0.5)), (7.0, 0.0));
    }

    #[test]
    fn a_band_ends_where_fewer_than_half_of_the_courses_go_on() {
        let band = Band::of(&[vec![1.0, 1.0, 1.0, 1.0], vec![3.0, 3.0], vec![5.0, 5.0], vec![7.0, 7.0, 7.0]]);
        assert_eq!(band.middle, [4.0, 4.0, 4.0]);
        assert_eq!((band.low[0], band.high[0]), (2.5, 5.5));
        assert_eq!(Band::of::<Vec<f64>>(&[]), Band::default());
    }

    #[test]
    fn rounding_keeps_six_digits() {
        assert_eq!(rounded(123_456_789.0), 123_457_000.0);
        assert_eq!(rounded(0.123_456_789), 0.123_457);
        assert_eq!((rounded(0.0), rounded(-2.5)), (0.0, -2.5));
    }
}
