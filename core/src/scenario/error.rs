//! Why an image is not a scenario.

use super::UNITS_MAX;
use crate::layout;
use crate::table::TableError;
use core::fmt;

/// What is wrong with an image: where, and what would be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScenarioError {
    /// The image is shorter than its own header says, or than a header.
    TooShort {
        /// Words found.
        found: usize,
        /// Words needed.
        needed: usize,
    },
    /// The image is longer than its own header says.
    TooLong {
        /// Words found.
        found: usize,
        /// Words needed.
        needed: usize,
    },
    /// The first word is not [`layout::MAGIC`].
    Magic,
    /// An unknown layout or contract version.
    Version(i32),
    /// A word is out of its range.
    Word {
        /// Position in the image.
        at: usize,
        /// What was found.
        found: i32,
        /// What it should be.
        expected: &'static str,
    },
    /// A table is not well formed.
    Table {
        /// Which table.
        table: usize,
        /// What is wrong with it.
        error: TableError,
    },
    /// The stock and the open orders of the first morning pass the stockpoint's position limit.
    OpenOrders {
        /// The node.
        node: usize,
        /// The product.
        product: usize,
    },
    /// A product that goes into others at a node is also asked for by customers or lanes, or one that is
    /// assembled there is on its way to it.
    Component {
        /// The node.
        node: usize,
        /// The product.
        product: usize,
    },
    /// Quantities could pass [`UNITS_MAX`] within the horizon.
    UnitsOverflow {
        /// The node at which they could.
        node: usize,
    },
    /// Money could pass the range of `i64` within the horizon.
    MoneyOverflow,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { found, needed } => {
                write!(f, "scenario image has {found} words, needs {needed}: it is cut off")
            }
            Self::TooLong { found, needed } => {
                write!(f, "scenario image has {found} words, its header says {needed}")
            }
            Self::Magic => write!(f, "not a scenario image: its first four bytes are not RSTK"),
            Self::Version(v) => {
                write!(f, "scenario image version {v}, this build reads version {}", layout::VERSION)
            }
            Self::Word { at, found, expected } => {
                write!(f, "scenario image word {at} is {found}, should be {expected}")
            }
            Self::Table { table, error } => write!(f, "scenario table {table} is not well formed: {error:?}"),
            Self::OpenOrders { node, product } => write!(
                f,
                "initial stock and open orders of product {product} at node {node} should not pass its position limit"
            ),
            Self::Component { node, product } => write!(
                f,
                "product {product} at node {node} should be either assembled there (and not be ordered), or go into \
                 others (and be asked for by no customer and no lane)"
            ),
            Self::UnitsOverflow { node } => write!(
                f,
                "quantities at node {node} could pass {UNITS_MAX} units within the horizon: \
                 use a smaller unit scale, horizon, demand or position limit"
            ),
            Self::MoneyOverflow => {
                write!(
                    f,
                    "costs could pass the range of money within the horizon: use a smaller money scale or horizon"
                )
            }
        }
    }
}

impl core::error::Error for ScenarioError {}
