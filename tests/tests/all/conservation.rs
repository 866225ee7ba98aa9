//! Units and cash are conserved, every day, counted on two paths: `restock_tests::conservation`.

use restock_tests::property::Property;
use restock_tests::swarm;

/// Networks of a run.
const NETWORKS: u64 = 20_000;

#[test]
fn units_and_cash_are_conserved_every_day() {
    swarm::must_hold(Property::Conservation, 1_000_000..1_000_000 + NETWORKS);
}
