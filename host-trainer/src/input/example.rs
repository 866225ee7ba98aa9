//! A small factory that assembles, with the whole world switched on: what each column and section of a
//! network folder is for, in an example that runs.

use super::files::{Files, InitError};
use super::problem::Problem;
use std::path::Path;

const NETWORK: &str = r#"# A bicycle works: parts are bought, bicycles assembled, a shop sells them.
name = "bicycle works"
start = 2024-01-01
horizon_days = 728
currency = "EUR"
money_scale = 100000
unit_scale = 1
demand = "drawn"
smoothing_shift = 6                # forecasts follow the level of sales: alpha = 2^-6

[costs]
holding_percent_per_year = 25.0
backorder_percent_per_day = 1.0
order_cost = 2.0
upstream_service_level = 0.95
scrap_percent = 60.0               # a scrapped unit costs 60 % of its value: its supplier takes the rest

[seasons.spring]                   # bicycles sell in spring
weekly = [0.8, 0.8, 0.9, 1.0, 1.3, 1.8, 0.4]
monthly = [0.5, 0.6, 1.1, 1.5, 1.6, 1.4, 1.1, 1.0, 0.9, 0.8, 0.7, 0.8]

[shocks]                           # the products of a group (products.csv) share a factor each day, of mean 1
deviation = 0.2

# What happens on a date. Kinds: demand, production_capacity, route_capacity (each with a factor),
# supplier_outage, lane_closure, quality_incident (with grades). Without until it is for good.
[[events]]
kind = "demand"                    # the town's bicycle week
node = "shop"
date = 2024-05-13
until = 2024-05-19
factor = 1.8

# What befalls the chain by chance, again and again: mean_gap_days from the end of one to the next.
[[disruptions]]
kind = "supplier_outage"           # the importer ships nothing; from outside the lane is named by its customer
supplier = "outside"
customer = "importer"
mean_gap_days = 240
duration_days = "uniform(5, 12)"

[[disruptions]]
kind = "lane_closure"              # one of several routes of a lane
supplier = "importer"
customer = "works"
route = "truck"
mean_gap_days = 150
duration_days = "uniform(2, 5)"

[[disruptions]]
kind = "production_capacity"
node = "works"
mean_gap_days = 120
duration_days = "uniform(2, 6)"
factor = 0.5

[[disruptions]]
kind = "quality_incident"          # the supplier is worse by so many grades
supplier = "outside"
customer = "importer"
mean_gap_days = 200
duration_days = 20
grades = 2
"#;

const NODES: &str = "\
# storage_volume: what fits in. What finds no room waits in the yard, for overflow_cost per volume and day.
name,sells,unmet,review_period_days,production_days,capacity_per_day,value_percent,storage_volume,overflow_cost
shop,yes,backorder,1,,,100,900,0.05
works,no,,1,2,44,75,1500,0.03
importer,no,,7,,,50,,
";

const LANES: &str = "\
# lead_time and defect_share may be Pearson type IV curves by their moments; they are those at the base grade.
# grade: excellent, very_good, good, fair, mediocre, weak, poor or failing. promise_days: later is late.
# negotiation_lift: grades that a first, second and third step of effort win; a step costs negotiation_cost per
# product and day, and the supplier moves one part in relax_days of the way a day.
supplier,customer,route,lead_time,defect_share,grade,promise_days,negotiation_lift,relax_days,negotiation_cost,freight_per_volume,capacity_per_day
works,shop,van,2:0.7 3:0.3,,,,,,,0.02,260
works,shop,courier,1,,,,,,,0.09,80
importer,works,truck,\"pearson4(mean=4, sd=0.9, skew=1, kurt=6, max=14)\",0.004,good,5,,,,0.03,400
importer,works,parcel,\"pearson4(mean=2, sd=0.4, skew=1, kurt=6, max=14)\",,,3,,,,0.12,60
outside,importer,sea,\"pearson4(mean=12, sd=2.5, skew=1, kurt=6, max=30)\",\"pearson4(mean=0.04, sd=0.02, skew=1, kurt=6)\",weak,14,1 1.7 2.2,16,0.4,0.01,
";

const PRODUCTS: &str = "\
# Frames, wheels and saddles go into bicycles (bom.csv): nobody else asks for them, so they have no demand.
# yield: share of what production finishes that is good.
name,description,unit_price,volume,work,season,group,demand,yield
city,City bicycle,520,12,4,spring,bicycles,\"negative_binomial(4, cv=0.7)\",0.98
cargo,Cargo bicycle,1900,30,9,spring,bicycles,poisson(1),0.97
pump,Pump,18,1,1,spring,,\"negative_binomial(6, cv=0.8)\",
frame,Frame,160,6,,,,,
wheel,Wheel,45,3,,,,,
saddle,Saddle,22,1,,,,,
";

const BOM: &str = "\
# What the works assemble a product from: whole units of the component in one unit of the product. A product
# without lines is made of itself.
node,product,component,quantity
works,city,frame,1
works,city,wheel,2
works,city,saddle,1
works,cargo,frame,1
works,cargo,wheel,3
works,cargo,saddle,1
";

/// Writes the network into a folder, which is made if need be; returns what is doubtful in it (nothing).
///
/// # Errors
/// A file that is there already, or what the file system says.
pub fn write_example(dir: &Path) -> Result<Vec<Problem>, InitError> {
    let files = files();
    files.write(dir)?;
    Ok(files.load()?.warnings)
}

/// The files.
pub(crate) fn files() -> Files {
    let files = [
        ("network.toml", NETWORK),
        ("nodes.csv", NODES),
        ("lanes.csv", LANES),
        ("products.csv", PRODUCTS),
        (super::bom::FILE, BOM),
    ];
    Files(files.into_iter().map(|(name, text)| (name, text.as_bytes().to_vec())).collect())
}

#[cfg(test)]
#[path = "example_tests.rs"]
mod tests;
