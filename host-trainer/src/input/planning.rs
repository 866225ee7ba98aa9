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

impl Faced {
    /// Adds `times` what another stockpoint faces.
    pub(crate) fn add(&mut self, times: f64, other: Self) {
        self.mean += times * other.mean;
        self.variance += times * times * other.variance;
    }
}

/// Share of what is ordered that never gets into stock: defective on receipt, or spoilt in production.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Loss {
    /// Mean share.
    pub(crate) mean: f64,
    /// Its variance, from receipt to receipt.
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
    /// Safety factor z, against chance alone.
    pub(crate) safety_factor: f64,
    /// Units that are lost of those ordered to cover the mean [internal units].
    pub(crate) missing: f64,
}

impl Plan {
    /// Textbook figures for a lead time, a review period [days], demand, losses and a critical ratio.
    ///
    /// What is lost on the way stands in the position until it is found out: of all that a position
    /// counts on to cover `mean`, the lost share is missing, so that the level has to be
    /// `mean / (1 - loss)`. The simulator forecasts the mean itself; the rest goes into the safety.
    pub(crate) fn new(lead: Lead, review_days: i32, faced: Faced, loss: Loss, critical_ratio: f64) -> Self {
        let protection_days = protection_days(lead, review_days);
        let days = from_wide(protection_days);
        // Variance of a sum over a number of days that varies itself: H sd^2 + mean^2 var(L).
        // Each day's receipt loses a share of its own.
        let of_lead = faced.mean * faced.mean * lead.variance;
        let variance = days * faced.variance + of_lead + days * faced.mean * faced.mean * loss.variance;
        let ratio = critical_ratio.clamp(RATIO_MIN, RATIO_MAX);
        let (mean, deviation) = (days * faced.mean, libm::sqrt(variance));
        let missing = mean * loss.mean / (1.0 - loss.mean);
        Self { protection_days, mean, deviation, safety_factor: normal::quantile(ratio), missing }
    }

    /// What the simulator multiplies the deviation with: z, and what makes up for losses.
    pub(crate) fn factor(&self) -> f64 {
        let for_losses = if self.deviation > 0.0 { self.missing / self.deviation } else { 0.0 };
        self.safety_factor + for_losses
    }

    /// Base-stock level [internal units], not below 0.
    pub(crate) fn level(&self) -> f64 {
        (self.mean + self.safety_factor * self.deviation + self.missing).max(0.0)
    }

    /// What is on the shelf just before a delivery, on the mean [internal units].
    pub(crate) fn safety(&self) -> f64 {
        (self.safety_factor * self.deviation).max(0.0)
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

/// Textbook safety factor z for what a unit short and a unit held cost.
pub(crate) fn textbook_factor(shortage: f64, holding: f64) -> f64 {
    normal::quantile(critical_ratio(shortage, holding).clamp(RATIO_MIN, RATIO_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_over_one_day_covers_one_day() {
        let faced = Faced { mean: 10.0, variance: 4.0 };
        let next_day = Plan::new(Lead { mean: 1.0, variance: 0.0 }, 1, faced, Loss::default(), 0.5);
        assert_eq!((next_day.protection_days, next_day.mean, next_day.deviation), (1, 10.0, 2.0));
        let weekly = Plan::new(Lead { mean: 3.2, variance: 0.36 }, 7, faced, Loss::default(), 0.95);
        assert_eq!(weekly.protection_days, 10);
        assert!((weekly.deviation - (40.0f64 + 36.0).sqrt()).abs() < 1e-12);
        assert!((weekly.safety_factor - 1.6449).abs() < 1e-3);
    }

    #[test]
    fn a_level_makes_up_for_what_is_lost() {
        let (faced, lead) = (Faced { mean: 10.0, variance: 4.0 }, Lead { mean: 4.0, variance: 0.0 });
        let loss = Loss { mean: 0.2, variance: 0.0 };
        let plan = Plan::new(lead, 1, faced, loss, 0.5);
        // Of 50 units 40 are good, which is what four days need.
        assert!((plan.level() - 50.0).abs() < 1e-9, "{}", plan.level());
        let uncertain = Plan::new(lead, 1, faced, Loss { variance: 0.01, ..loss }, 0.5);
        assert!((uncertain.deviation - (16.0f64 + 4.0).sqrt()).abs() < 1e-12);
    }
}
