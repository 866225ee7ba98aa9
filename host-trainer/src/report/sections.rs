//! The sections of the page, each from the report's data alone.

mod against;
mod course;
mod evidence;
mod frontier;
mod origin;
mod service;

pub(super) use course::{products, score, stock};
pub(super) use evidence::{comparison, headline};
pub(super) use origin::{data_quality, learning, manifest};
pub(super) use service::{bullwhip, recovery};

/// A share in percent: `91.3 %`.
fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// What a section shows before `restock compare` has run.
fn not_compared(report: &super::Report) -> String {
    format!(
        "<p class=\"missing\">Nothing here yet: {} fills it.</p>",
        super::html::command(&format!("restock compare {}", super::html::word(&report.origin.run)))
    )
}
