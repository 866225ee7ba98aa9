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
    let up_to = each(scenario, |s| {
        let quantity = if s.holding > 0.0 { (2.0 * s.ordering * s.mean / s.holding).sqrt() } else { 0.0 };
        (s.protection_mean + s.safety + (quantity - s.mean).max(0.0)).ceil()
    });
    (reorder, up_to)
}

/// What a textbook knows of a stockpoint.
struct Stockpoint {
    mean: f64,
    protection_mean: f64,
    safety: f64,
    ordering: f64,
    holding: f64,
}

fn each(scenario: &Scenario<'_>, level: impl Fn(&Stockpoint) -> f64) -> Vec<i32> {
    let mut levels = Vec::with_capacity(scenario.stockpoints());
    for n in 0..scenario.node_count() {
        for p in 0..scenario.products() {
            let word = |column| f64::from(scenario.column(column, n)[p]);
            let mean = word(Column::DemandMean) / 4096.0;
            let protection_mean = mean * word(Column::ProtectionDays);
            let deviation = protection_mean * word(Column::ProtectionSpread) / 65_536.0;
            let it = Stockpoint {
                mean,
                protection_mean,
                safety: deviation * word(Column::SafetyFactor) / 256.0,
                ordering: word(Column::OrderCost),
                holding: word(Column::HoldingCost),
            };
            levels.push(level(&it).clamp(0.0, f64::from(scenario.position_max())) as i32);
        }
    }
    levels
}
