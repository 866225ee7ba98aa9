//! What the targets share with the tests: the same files, so that only `restock-core` has to be built.

#[path = "../src/damage.rs"]
pub mod damage;
#[path = "../src/random_network.rs"]
pub mod random_network;
#[path = "../src/snapshots.rs"]
pub mod snapshots;
