//! The simulator against `tests/oracle/`, an event queue in Python's standard library alone that shares
//! nothing with it: to the unit and the cent, and to the bit of the trace digest.

use restock_tests::engines;
use restock_tests::property::Property;
use restock_tests::swarm;

/// Networks of a run.
const NETWORKS: u64 = 320;

#[test]
fn another_language_agrees_to_the_unit_and_the_cent() {
    if engines::python_is_here() {
        // Other seeds than those of the event queue in Rust: the two oracles cover more together.
        swarm::must_hold(Property::Python, 500_000..500_000 + NETWORKS);
    } else {
        eprintln!("skipped: python3 is not installed");
    }
}
