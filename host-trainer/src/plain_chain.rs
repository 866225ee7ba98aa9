//! A plain serial chain: what throughput is measured on, and what tests start from.

use crate::forecast::process::Process;
use crate::input::calendar::Date;
use crate::input::distribution::Distribution;
use crate::input::{LaneSpec, NetworkSpec, NodeSpec, ProductSpec, ProfileSpec, RouteSpec};
use restock_core::layout::{Column, GRADES, STOCKPOINT_COLUMNS};
use restock_core::scenario::{Allocation, SEASON_AHEAD_DAYS, ScoreParametersPpm};

/// Mean demand per product and day [units].
const MEAN: f64 = 20.0;
/// Days from one node to the next.
const LEAD_DAYS: i32 = 2;
/// Days that a replica may run.
const HORIZON_DAYS: usize = 364;

/// Three nodes in a row, no seasons, no capacities, fixed lead times, Poisson demand, backorders:
/// the least that a serial chain uses.
///
/// # Errors
/// Never in practice: a test builds it.
pub fn plain_chain(products: usize) -> Result<NetworkSpec, String> {
    let nodes = 3;
    let demand = Distribution::parse(&format!("poisson({MEAN})"))?.compile(1)?;
    let lead = Distribution::parse(&format!("constant({LEAD_DAYS})"))?.compile(1)?;
    let protection = LEAD_DAYS; // and a review period of 1, less the day whose demand is seen
    let spread = (f64::from(protection) * MEAN).sqrt() / (f64::from(protection) * MEAN);
    let smoothing = Process::smoothing(1.0 / 32.0).words(1);
    let mut stockpoints = vec![0; STOCKPOINT_COLUMNS * nodes * products];
    for column in Column::ALL {
        for n in 0..nodes {
            let value = match column {
                Column::HoldingCost => 30 - 10 * n as i32,
                Column::BackorderCost if n == 0 => 400,
                Column::UnitValue => 40_000,
                Column::LotSize => 1,
                Column::OrderMax | Column::PositionMax => 4000,
                Column::InventoryInitial => 80,
                Column::DemandTable => -i32::from(n > 0),
                Column::DemandMean => (MEAN * 4096.0) as i32,
                Column::ProtectionDays => protection,
                Column::ProtectionSpread => (spread * 65_536.0) as i32,
                Column::SafetyFactor => 384,
                Column::Yield => 1 << 16,
                Column::ForecastLag1 => smoothing[0],
                Column::ForecastReach => smoothing[3],
                _ => 0,
            };
            let at = (column.at() * nodes + n) * products;
            stockpoints[at..at + products].fill(value);
        }
    }
    let node = |name: &str, echelon: i32| NodeSpec {
        name: name.to_owned(),
        sells: echelon == 0,
        lost_sales: false,
        echelon,
        review_days: 1,
        review_offset: 0,
        allocation: Allocation::Proportional,
        production_days: None,
        capacity: None,
        storage: None,
        overflow_rate: 0,
    };
    let demand_max = demand.max() + 2;
    Ok(NetworkSpec {
        name: "plain chain".to_owned(),
        currency: "EUR".to_owned(),
        start: Date::new(2026, 1, 5).ok_or("2026-01-05 is a date")?,
        horizon_days: HORIZON_DAYS,
        ring_days: LEAD_DAYS + 1,
        forecast_shift: 0,
        unit_scale: 1,
        money_scale: 10_000,
        reference_holding: i64::from(products as u32) * 3 * 60 * 30,
        demand_max,
        position_max: 4000,
        score: ScoreParametersPpm::PUBLISHED,
        nodes: vec![node("retailer", 0), node("manufacturer", 1), node("supplier", 2)],
        lanes: (0..nodes)
            .map(|n| LaneSpec {
                supplier: (n + 1 < nodes).then_some(n + 1),
                customer: n,
                routes: 1,
                order_days: 0,
                priority: 0,
                share: 1_000_000,
                quality: None,
            })
            .collect(),
        routes: (0..nodes)
            .map(|lane| RouteSpec {
                name: "road".to_owned(),
                lane,
                lead_tables: [1; GRADES],
                promise_days: LEAD_DAYS,
                lead_mean_q8: LEAD_DAYS * 256,
                capacity: None,
                freight: vec![100; products],
            })
            .collect(),
        products: (0..products).map(|p| ProductSpec { name: format!("product {p}"), volume: 1, group: None }).collect(),
        stockpoints,
        profiles: vec![ProfileSpec { name: "flat".to_owned(), row: vec![4096; HORIZON_DAYS + SEASON_AHEAD_DAYS] }],
        groups: Vec::new(),
        events: Vec::new(),
        open_orders: Vec::new(),
        disruptions: Vec::new(),
        bom: Vec::new(),
        shock_table: None,
        tables: vec![demand, lead],
        replay_days: 0,
        replay: Vec::new(),
    })
}
