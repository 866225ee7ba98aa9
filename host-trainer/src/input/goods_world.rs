//! The world around the default network's goods: suppliers, routes, storage, disruptions. All of it is a
//! choice, made so that every decision of an agent is worth something:
//!
//! | what | at the default | why |
//! | --- | --- | --- |
//! | routes | slow and cheap with 1.4 to 1.5 times the mean volume, fast at three to four times the freight | a busy day's demand is 1.5 times the mean and half as much again in the peak: what finds no room pays for the fast route or waits |
//! | storage | days of mean demand above what the textbook keeps, below what it keeps before the peak | room is short at times, and weighing products matters then |
//! | makers outside | weak, 3 % defective at the base grade, full effort wins two grades for 6 pence a product and day | effort pays for all but the slowest goods |
//! | the supplier | good, 0.4 % defective, full effort wins 0.6 grades for three times as much | effort never pays |
//! | disruptions | five kinds, some ten a year together | one or another is in force on a fifth of all days |

use std::fmt::Write;

/// Share of what production finishes that is good.
pub(crate) const YIELD: f64 = 0.985;
/// A scrapped unit costs half of its value: its maker takes back the rest.
pub(crate) const SCRAP_PERCENT: f64 = 50.0;
/// What fits into the storage of the retailer and of the manufacturer [days of mean demand]: above what the
/// textbook keeps on the mean, below what it keeps before the peak of the year.
pub(crate) const STORAGE_DAYS: [f64; 2] = [11.0, 11.0];
/// Room beyond it [currency per volume and day]: about twice the holding cost of what stands in it.
pub(crate) const OVERFLOW_COST: f64 = 0.002;
/// A step of effort [currency per product and day], at the supplier and at the manufacturer. The first pays for
/// itself in goods that are not scrapped, the second wins little and does not; a test shows both.
const NEGOTIATION_COST: [f64; 2] = [0.02, 0.06];

/// A way over a lane.
struct Way {
    supplier: &'static str,
    customer: &'static str,
    route: &'static str,
    /// Mean and standard deviation of the lead time at the base grade [days]; skewness 1, kurtosis 6.
    lead: (f64, f64),
    promise_days: u32,
    /// Freight [currency per volume].
    freight: f64,
    /// Volume a day over the mean volume of a day; none where there is no limit.
    capacity: Option<f64>,
    /// Base grade, mean and standard deviation of the defective share, negotiation (lift, days, cost): said once
    /// a lane.
    supplier_cells: &'static str,
}

/// Longest lead time at any grade [days]: the ring of arrivals is a day longer.
const LEAD_MAX: u32 = 21;

/// Each lane has two ways, save the one from the outside: a slow and cheap one that is short of room on the busy
/// days of the peak season, and a fast and dear one that takes what it can. The supplier's makers are weak and
/// grateful for attention (two grades more for full effort), the supplier is good and hard to better (half a grade).
const WAYS: [Way; 5] = [
    Way {
        supplier: "manufacturer",
        customer: "retailer",
        route: "road",
        lead: (3.0, 0.7),
        promise_days: 4,
        freight: 0.004,
        capacity: Some(1.5),
        supplier_cells: "very_good,,,,",
    },
    Way {
        supplier: "manufacturer",
        customer: "retailer",
        route: "express",
        lead: (1.4, 0.4),
        promise_days: 2,
        freight: 0.012,
        capacity: Some(0.5),
        supplier_cells: ",,,,",
    },
    Way {
        supplier: "supplier",
        customer: "manufacturer",
        route: "sea",
        lead: (6.0, 1.2),
        promise_days: 7,
        freight: 0.003,
        capacity: Some(1.4),
        supplier_cells: "good,\"pearson4(mean=0.004, sd=0.003, skew=1, kurt=6)\",0.3 0.5 0.6,16,NEGOTIATION",
    },
    Way {
        supplier: "supplier",
        customer: "manufacturer",
        route: "air",
        lead: (3.0, 0.5),
        promise_days: 4,
        freight: 0.012,
        capacity: Some(0.4),
        supplier_cells: ",,,,",
    },
    Way {
        supplier: "outside",
        customer: "supplier",
        route: "inbound",
        lead: (7.0, 1.8),
        promise_days: 8,
        freight: 0.0,
        capacity: None,
        supplier_cells: "weak,\"pearson4(mean=0.03, sd=0.015, skew=1, kurt=6)\",1 1.6 2,16,NEGOTIATION",
    },
];

/// Random disruptions: some ten a year, of which some days to weeks each.
pub(crate) const DISRUPTIONS: &str = r#"
# What befalls the chain by chance: mean_gap_days from the end of one to the beginning of the next.
[[disruptions]]
kind = "supplier_outage"
supplier = "outside"
customer = "supplier"
mean_gap_days = 180
duration_days = "uniform(5, 12)"

[[disruptions]]
kind = "lane_closure"
supplier = "supplier"
customer = "manufacturer"
route = "sea"
mean_gap_days = 150
duration_days = "uniform(4, 9)"

[[disruptions]]
kind = "production_capacity"
node = "manufacturer"
mean_gap_days = 150
duration_days = "uniform(3, 8)"
factor = 0.5

[[disruptions]]
kind = "quality_incident"
supplier = "outside"
customer = "supplier"
mean_gap_days = 200
duration_days = "uniform(10, 20)"
grades = 2

[[disruptions]]
kind = "demand"
node = "retailer"
mean_gap_days = 200
duration_days = "uniform(3, 7)"
factor = 1.4
"#;

/// The ways as rows; `volume`: mean volume of a day.
pub(crate) fn lanes_csv(volume: f64) -> String {
    let mut lanes = String::from(
        "# One row per route; the first route of a lane is the one planning assumes. Lead times and defective shares\n\
         # are those at the base grade, curves that are stretched from grade to grade. promise_days: later is late.\n\
         # negotiation_lift: grades that three steps of effort win; a step costs negotiation_cost per product and day.\n\
         supplier,customer,route,lead_time,promise_days,freight_per_volume,capacity_per_day,grade,defect_share,negotiation_lift,relax_days,negotiation_cost\n",
    );
    let [at_supplier, at_manufacturer] = NEGOTIATION_COST;
    for way in WAYS {
        let cost = if way.customer == "supplier" { at_supplier } else { at_manufacturer };
        let capacity = way.capacity.map_or_else(String::new, |times| format!("{:.0}", libm::ceil(times * volume)));
        // Writing to a String can't fail.
        let _ = writeln!(
            lanes,
            "{},{},{},\"pearson4(mean={}, sd={}, skew=1, kurt=6, max={LEAD_MAX})\",{},{},{capacity},{}",
            way.supplier,
            way.customer,
            way.route,
            way.lead.0,
            way.lead.1,
            way.promise_days,
            way.freight,
            way.supplier_cells.replace("NEGOTIATION", &cost.to_string())
        );
    }
    lanes
}

#[cfg(test)]
#[path = "goods_world_tests.rs"]
mod tests;
