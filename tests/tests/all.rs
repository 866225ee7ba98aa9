//! One test binary: links once, runs everything.

#[path = "all/blob_bytes.rs"]
mod blob_bytes;
#[path = "all/cli.rs"]
mod cli;
#[path = "all/conformance.rs"]
mod conformance;
#[path = "all/conservation.rs"]
mod conservation;
#[path = "all/firmware.rs"]
mod firmware;
#[path = "all/known_values.rs"]
mod known_values;
#[path = "all/metamorphic.rs"]
mod metamorphic;
#[path = "all/observation.rs"]
mod observation;
#[path = "all/oracle.rs"]
mod oracle;
#[path = "all/python_oracle.rs"]
mod python_oracle;
#[path = "all/readme.rs"]
mod readme;
#[path = "all/scenario_bytes.rs"]
mod scenario_bytes;
