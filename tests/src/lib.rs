//! What the tests of the whole workspace share. The tests themselves are in `tests/all/`, one binary.

pub mod emulator;
pub mod oracle;
pub mod random_network;
