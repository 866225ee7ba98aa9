//! The textbook figures of one stockpoint: what the base-stock rule starts from and is compared with.

use super::normal;
use super::number::from_wide;

/// Where a critical ratio is cut: beyond these the normal distribution says nothing of real demand.
const RATIO_MIN: f64 = 0.01;
const RATIO_MAX: f64 = 0.9999;

/// Time between ordering and receiving, as planning assumes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lead {
    /// Mean: transport, mail and production [days].
    pub(crate) mean: f64,
    /// Variance [days squared].
    pub(crate) variance: f64,
}

/// Demand that a stockpoint faces, without its season.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faced {
    /// Mean per day [internal units].
    pub(crate) mean: f64,
    /// Variance per day [internal units squared].
    pub(crate) variance: f64,
}

/// The figures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Days an order must cover.
    pub(crate) protection_days: i64,
    /// Mean demand over them [internal units].
    pub(crate) mean: f64,
    /// Standard deviation of demand over them [internal units].
    pub(crate) deviation: f64,
    /// Safety factor z.
    pub(crate) safety_factor: f64,
}

impl Plan {
    /// Textbook figures for a lead time, a review period [days], demand and a critical ratio.
    pub(crate) fn new(lead: Lead, review_days: i32, faced: Faced, critical_ratio: f64) -> Self {
        let protection_days = protection_days(lead, review_days);
        let days = from_wide(protection_days);
        // Variance of a sum over a number of days that varies itself: H sd^2 + mean^2 var(L).
        let variance = days * faced.variance + faced.mean * faced.mean * lead.variance;
        let ratio = critical_ratio.clamp(RATIO_MIN, RATIO_MAX);
        Self {
            protection_days,
            mean: days * faced.mean,
            deviation: libm::sqrt(variance),
            safety_factor: normal::quantile(ratio),
        }
    }

    /// Base-stock level [internal units], not below 0.
    pub(crate) fn level(&self) -> f64 {
        (self.mean + self.safety_factor * self.deviation).max(0.0)
    }

    /// Standard deviation over mean; 0 where there is no demand.
    pub(crate) fn spread(&self) -> f64 {
        if self.mean > 0.0 { self.deviation / self.mean } else { 0.0 }
    }
}

/// Days of demand, from tomorrow on, that an order must cover: the planned lead time rounded up plus
/// the review period less one.
///
/// A node decides on day t after it has seen day t's demand; what it orders arrives on day t + L
/// before that day's demand, and what it orders at the next review on day t + R + L. Today's order
/// thus answers for the demand of days t + 1 to t + R + L - 1.
fn protection_days(lead: Lead, review_days: i32) -> i64 {
    let lead = super::number::nearest(libm::ceil(lead.mean - 1e-9)).max(1);
    lead + i64::from(review_days) - 1
}

/// Share of periods without a shortage that costs least: backorder / (backorder + holding).
pub(crate) fn critical_ratio(shortage: f64, holding: f64) -> f64 {
    if shortage + holding > 0.0 { shortage / (shortage + holding) } else { 0.5 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_over_one_day_covers_one_day() {
        let faced = Faced { mean: 10.0, variance: 4.0 };
        let next_day = Plan::new(Lead { mean: 1.0, variance: 0.0 }, 1, faced, 0.5);
        assert_eq!((next_day.protection_days, next_day.mean, next_day.deviation), (1, 10.0, 2.0));
        let weekly = Plan::new(Lead { mean: 3.2, variance: 0.36 }, 7, faced, 0.95);
        assert_eq!(weekly.protection_days, 10);
        assert!((weekly.deviation - (40.0f64 + 36.0).sqrt()).abs() < 1e-12);
        assert!((weekly.safety_factor - 1.6449).abs() < 1e-3);
    }
}
