//! What a unit of a product costs, as the simulator's ledger has it.

use restock_core::Scenario;
use restock_core::layout::Column;

/// A node without customers misses a unit of the safety stock that it is to keep for a day: so many days of holding it.
/// A choice: enough to have it filled up by the cheap route within days, too little to rush it.
const MISSED: f64 = 4.0;

/// Rates of one product [minor currency units]. Shapes `[node]` and `[route]`.
#[derive(Clone, Debug)]
pub(super) struct Rates {
    /// A unit on hand for a day.
    pub(super) holding: Vec<f64>,
    /// A unit short for a day, or for good where `lost`.
    pub(super) shortage: Vec<f64>,
    /// Whether what is short is lost.
    pub(super) lost: Vec<bool>,
    /// A unit started in production.
    pub(super) production: Vec<f64>,
    /// A unit scrapped.
    pub(super) scrap: Vec<f64>,
    /// Good share of what production finishes.
    pub(super) good: Vec<f64>,
    /// Work of a unit.
    pub(super) work: Vec<f64>,
    /// A unit over a route.
    pub(super) freight: Vec<f64>,
    /// Volume of a unit.
    pub(super) volume: f64,
}

impl Rates {
    pub(super) fn of(scenario: &Scenario<'_>, product: usize) -> Self {
        let column = |column: Column| -> Vec<f64> {
            (0..scenario.node_count()).map(|n| f64::from(scenario.column(column, n)[product])).collect()
        };
        let (backorder, lost_sale) = (column(Column::BackorderCost), column(Column::LostSaleCost));
        let holding = column(Column::HoldingCost);
        let shortage = scenario.nodes().iter().enumerate().map(|(n, node)| match (node.sells, node.lost_sales) {
            (true, true) => lost_sale[n],
            (true, false) => backorder[n],
            (false, _) => MISSED * holding[n],
        });
        Self {
            shortage: shortage.collect(),
            holding,
            lost: scenario.nodes().iter().map(|node| node.sells && node.lost_sales).collect(),
            production: column(Column::ProductionCost),
            scrap: column(Column::ScrapCost),
            good: column(Column::Yield).iter().map(|share| share / 65_536.0).collect(),
            work: column(Column::Work),
            freight: (0..scenario.routes().len()).map(|k| f64::from(scenario.freight(k)[product])).collect(),
            volume: f64::from(scenario.volume(product)),
        }
    }
}

/// What a unit of volume without room costs a day at a node [minor currency units].
pub(super) fn overflow(scenario: &Scenario<'_>, node: usize) -> f64 {
    f64::from(scenario.nodes()[node].overflow_rate) / 1024.0
}
