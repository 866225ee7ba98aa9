//! One test binary: links once, runs everything.

#[path = "all/bad_files.rs"]
mod bad_files;
#[path = "all/blob_bytes.rs"]
mod blob_bytes;
#[path = "all/cli.rs"]
mod cli;
#[path = "all/conformance.rs"]
mod conformance;
#[path = "all/conservation.rs"]
mod conservation;
#[path = "all/decision_log.rs"]
mod decision_log;
#[path = "all/evidence.rs"]
mod evidence;
#[path = "all/firmware.rs"]
mod firmware;
#[path = "all/forecast.rs"]
mod forecast;
#[path = "all/found.rs"]
mod found;
#[path = "all/golden.rs"]
mod golden;
#[path = "all/hyperscore.rs"]
mod hyperscore;
#[path = "all/known_values.rs"]
mod known_values;
#[path = "all/learning.rs"]
mod learning;
#[path = "all/metamorphic.rs"]
mod metamorphic;
#[path = "all/no_panic.rs"]
mod no_panic;
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
#[path = "all/snapshot.rs"]
mod snapshot;
#[path = "all/suppliers.rs"]
mod suppliers;
#[path = "all/threads.rs"]
mod threads;
