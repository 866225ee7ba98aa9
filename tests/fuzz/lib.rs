//! What the targets share with the tests: the same files, so that only `restock-core` has to be built.

pub use shared::{damage, random_network, snapshots};

#[path = "../src"]
mod shared {
    pub mod damage;
    pub mod random_network;
    pub mod snapshots;
}
