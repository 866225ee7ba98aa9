//! What the tests of the whole workspace share. The tests themselves are in `tests/all/`, one binary.

pub mod checksum;
pub mod conservation;
pub mod damage;
pub mod emulator;
pub mod engines;
pub mod golden;
pub mod metamorphic;
pub mod oracle;
pub mod planted;
pub mod policy_bytes;
pub mod property;
pub mod random_network;
pub mod record;
pub mod snapshots;
pub mod swarm;
