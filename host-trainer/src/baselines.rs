//! Levels of the classical rules, from a scenario's long-run means and textbook formulas.

use restock_core::Scenario;
use restock_core::layout::Column;

/// Textbook base-stock level of every stockpoint [units]: mean demand over the protection interval
/// plus z standard deviations (Silver, Pyke and Thomas 2017, section 7.9). Shape `[node][product]`.
#[must_use]
pub fn base_stock_levels(scenario: &Scenario<'_>) -> Vec<i32> {
    each(scenario, |s| (s.protection_mean + s.safety).ceil())
}

/// Textbook (s, S): s is the base-stock level, S is s plus the economic order quantity
/// `sqrt(2 K d / h)` less one review period's demand (Silver, Pyke and Thomas 2017, sections 4.2
/// and 6.7). Shapes `[node][product]`.
#[must_use]
pub fn reorder_points(scenario: &Scenario<'_>) -> (Vec<i32>, Vec<i32>) {
    let reorder = each(scenario, |s| (s.protection_mean + s.safety - 1.0).ceil());
    let up_to = each(scenario, |s| (s.protection_mean + s.safety + (s.economic_quantity() - s.mean).max(0.0)).ceil());
    (reorder, up_to)
}

/// What a textbook knows of a stockpoint.
pub(crate) struct Stockpoint {
    /// The node.
    pub(crate) node: usize,
    /// Days between the node's decisions [days].
    pub(crate) review_days: f64,
    /// Mean demand a day [units].
    pub(crate) mean: f64,
    /// Days that an order must cover [days].
    pub(crate) protection_days: f64,
    /// Mean demand over them [units].
    pub(crate) protection_mean: f64,
    /// Standard deviation of that demand [units].
    pub(crate) deviation: f64,
    /// Textbook safety factor z.
    pub(crate) safety_factor: f64,
    /// Safety stock [units].
    pub(crate) safety: f64,
    /// Cost of an order [minor currency units].
    pub(crate) ordering: f64,
    /// Holding cost [minor currency units per unit and day].
    pub(crate) holding: f64,
}

impl Stockpoint {
    /// The economic order quantity `sqrt(2 K d / h)` [units]; 0 where holding is free.
    pub(crate) fn economic_quantity(&self) -> f64 {
        if self.holding > 0.0 { (2.0 * self.ordering * self.mean / self.holding).sqrt() } else { 0.0 }
    }
}

/// A level of every stockpoint, kept within what positions may be [units]. Shape `[node][product]`.
pub(crate) fn each(scenario: &Scenario<'_>, level: impl Fn(&Stockpoint) -> f64) -> Vec<i32> {
    let mut levels = Vec::with_capacity(scenario.stockpoints());
    for (node, place) in scenario.nodes().iter().enumerate() {
        for p in 0..scenario.products() {
            let word = |column| f64::from(scenario.column(column, node)[p]);
            let mean = word(Column::DemandMean) / 4096.0;
            let protection_days = word(Column::ProtectionDays);
            let protection_mean = mean * protection_days;
            let deviation = protection_mean * word(Column::ProtectionSpread) / 65_536.0;
            let it = Stockpoint {
                node,
                review_days: f64::from(place.review_days),
                mean,
                protection_days,
                protection_mean,
                deviation,
                safety_factor: word(Column::SafetyFactor) / 256.0,
                safety: deviation * word(Column::SafetyFactor) / 256.0,
                ordering: word(Column::OrderCost),
                holding: word(Column::HoldingCost),
            };
            levels.push(level(&it).clamp(0.0, f64::from(scenario.position_max())) as i32);
        }
    }
    levels
}
