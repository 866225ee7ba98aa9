//! A small network to start from: three nodes, five products, every file explained.

use super::files::{Files, InitError};
use super::problem::Problem;
use std::path::Path;

const NETWORK: &str = r#"# A small supply chain. `restock check` says what is wrong, with file, line and column.
name = "starter"
start = 2024-01-01        # day 0
horizon_days = 728        # days a simulation may run
currency = "EUR"
money_scale = 1000000     # minor units per EUR: holding costs a day are small
unit_scale = 1            # internal units per unit; 1000 for goods measured in parts
demand = "drawn"          # from the families in products.csv; or "fitted" or "replay" with a demand.csv

[costs]                            # hold where nodes.csv and stockpoints.csv say nothing else
holding_percent_per_year = 25.0    # of the unit value
backorder_percent_per_day = 2.0    # of the unit price, where customers wait
lost_sale_percent = 40.0           # of the unit price, where they don't (unmet = lost)
order_cost = 0.10                  # per order of one product
upstream_service_level = 0.95      # target where there is no backorder cost

[seasons.shop]                     # products name the season they follow
weekly = [0.9, 0.9, 0.9, 1.0, 1.2, 1.4, 0.7]                          # Monday first
monthly = [0.9, 0.9, 0.9, 1.0, 1.0, 1.0, 0.9, 0.9, 1.0, 1.0, 1.2, 1.3]

[[events]]                         # what happens on a date; factors in force at once multiply
kind = "demand"                    # or "production_capacity", "route_capacity"
node = "shop"
date = 2024-06-03
until = 2024-06-09                 # the last day; without it, for good
factor = 1.5

[hyperscore]
weight_delivery = 0.5
weight_inventory = 0.3
weight_capacity = 0.2

[training]                         # settings of the learner; all have defaults
seed = 1
"#;

const NODES: &str = "\
# One row per node, in any order. Empty cells take their defaults.
# unmet: backorder or lost. allocation of scarce stock: proportional, priority or first_come.
# production_days and capacity_per_day (work) only where goods are made.
# value_percent: what a unit is worth here, in % of its unit_value in products.csv.
name,sells,unmet,review_period_days,allocation,production_days,capacity_per_day,value_percent
shop,yes,backorder,1,,,,100
factory,no,,1,proportional,2,70,75
supplier,no,,7,,,,50
";

const LANES: &str = "\
# One row per route. A lane's first route is the one that planning assumes.
# supplier = outside: unlimited stock beyond the network. lead_time: days, or days:probability.
supplier,customer,route,lead_time,freight_per_volume,freight_per_unit,capacity_per_day,order_lead_time_days
factory,shop,road,2:0.2 3:0.6 4:0.2,0.012,,,
factory,shop,express,1,0.042,,,
supplier,factory,sea,5:0.25 6:0.5 8:0.25,0.010,,,
supplier,factory,air,3,0.040,,,
outside,supplier,inbound,7,,,,
";

const PRODUCTS: &str = "\
# unit_value defaults to unit_price; volume and work to 1; season to flat.
# demand a day: constant(5), poisson(5), negative_binomial(5, cv=0.8), geometric(5), normal(5, 2),
# uniform(2, 8), table(0:0.5, 3:0.3, 12:0.2). Quote what holds a comma.
name,description,unit_price,volume,work,lot_size,order_min,season,demand
mug,Stoneware mug,4.50,2,1,,,shop,\"negative_binomial(24, cv=0.5)\"
lamp,Desk lamp,24.00,12,2,,,shop,poisson(6)
towel,Bath towel,9.90,5,1,,,shop,\"negative_binomial(12, cv=0.7)\"
candle,Scented candle,3.20,1,1,6,,shop,\"negative_binomial(15, cv=0.9)\"
kettle,Kettle,31.00,10,2,,2,flat,poisson(1.5)
";

const STOCKPOINTS: &str = "\
# What is different at one stockpoint. Other columns: unit_value, holding_cost and backorder_cost per
# unit and day, lost_sale_cost, order_cost, production_cost, order_min, order_max, work, demand.
node,product,lot_size,initial_inventory
factory,candle,12,
shop,kettle,,12
";

/// Writes the network into a folder, which is made if need be; returns what is doubtful in it (nothing).
///
/// # Errors
/// A file that is there already, or what the file system says.
pub fn write_starter(dir: &Path) -> Result<Vec<Problem>, InitError> {
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
        ("stockpoints.csv", STOCKPOINTS),
    ];
    Files(files.into_iter().map(|(name, text)| (name, text.as_bytes().to_vec())).collect())
}
