//! The user's files: read, checked all at once, and resolved to a network.
//!
//! ```text
//! network.toml  *.csv --> Files --> rows, each checked by itself --> resolve --> NetworkSpec --> image
//!                            \________________ every problem, with file:line:column ___/
//! ```
//!
//! Names are the keys everywhere; the order of rows never matters, save that routes and lanes keep
//! the order in which they are listed. Nothing here panics, whatever the bytes.
//!
//! ```
//! use restock_trainer::input;
//!
//! let folder = std::env::temp_dir().join(format!("restock-doc-{}", std::process::id()));
//! input::write_starter(&folder)?;
//! let loaded = input::load(&folder)?;
//! assert_eq!(loaded.spec.nodes[0].name, "shop");
//! assert!(restock_core::Scenario::new(&loaded.spec.image()?).is_ok());
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bom;
pub mod calendar;
mod chain;
pub mod compile;
mod daily;
mod demand;
pub mod distribution;
mod document;
mod event_rows;
mod events;
mod example;
pub(crate) mod files;
mod fit;
pub mod forecast;
mod from_history;
mod general_goods;
mod goods_world;
pub mod grades;
mod history;
mod include;
mod lane_rows;
mod lanes;
mod limits;
mod money;
mod normal;
mod number;
mod open_orders;
pub mod pearson4;
mod planning;
pub mod problem;
mod resolve;
mod rows;
pub mod season;
mod settings;
mod sheet;
mod shocks;
pub mod spec;
mod spelling;
mod starter;
mod stockpoint;
mod supplier;
mod text;
mod training;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod world_tests;

pub use daily::{Daily, read_daily};
pub use example::write_example;
pub use files::{InitError, Loaded, check, load, load_files};
pub use from_history::{write_from_history, write_from_history_until};
pub use general_goods::{default_folder, default_network, write_default};
pub(crate) use planning::textbook_factor;
pub use problem::{Problem, Problems};
pub use spec::{
    LaneSpec, NetworkSpec, NodeSpec, ProductSpec, ProfileSpec, QualitySpec, RouteSpec, read_image, write_image,
};
pub use starter::write_starter;
