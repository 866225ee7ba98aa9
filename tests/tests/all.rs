//! One test binary: links once, runs everything.

#[path = "all/firmware.rs"]
mod firmware;
#[path = "all/oracle.rs"]
mod oracle;
