//! A problem that commands work on: a network folder, a run folder or the embedded default.

use crate::failure::{Failure, tell};
use crate::input::calendar::Date;
use crate::input::problem::Place;
use crate::input::{self, Loaded, Problems};
use crate::train::TrainingConfig;
use restock_core::Scenario;
use restock_core::digest::name_key;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A resolved problem with its names.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Where it came from, for people.
    pub source: String,
    /// The scenario image.
    pub image: Vec<i32>,
    /// What its indices are called.
    pub names: Names,
    /// How it trains.
    pub training: TrainingConfig,
}

/// What the indices of an image are called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// Nodes, customers first.
    pub nodes: Vec<String>,
    /// Products.
    pub products: Vec<String>,
    /// Routes, in lane order.
    pub routes: Vec<String>,
    /// Currency.
    pub currency: String,
    /// Date of day 0.
    pub first_date: String,
}

impl Names {
    /// The date of a day, where the calendar has it.
    #[must_use]
    pub fn date(&self, day: u32) -> Option<Date> {
        Some(Date::parse(&self.first_date)?.plus(i32::try_from(day).ok()?))
    }
}

impl Problem {
    /// The embedded default: 3 echelons, 200 products.
    ///
    /// # Errors
    /// Never in practice: a test builds it.
    pub fn embedded() -> Result<Self, Failure> {
        let loaded = input::default_folder();
        Self::from_spec("embedded default", &loaded.spec, &loaded.training)
    }

    /// A network folder.
    ///
    /// # Errors
    /// All errors of the folder at once.
    pub fn from_folder(folder: &Path) -> Result<Self, Failure> {
        let loaded = load(folder).map_err(|problems| Failure::input(&problems))?;
        for warning in &loaded.warnings {
            tell(format_args!("warning: {warning}"));
        }
        Self::from_spec(&folder.display().to_string(), &loaded.spec, &loaded.training)
    }

    /// A folder if one is named, else the embedded default.
    ///
    /// # Errors
    /// As the one that is taken.
    pub fn from_argument(folder: Option<&Path>) -> Result<Self, Failure> {
        folder.map_or_else(Self::embedded, Self::from_folder)
    }

    fn from_spec(source: &str, spec: &input::NetworkSpec, training: &TrainingConfig) -> Result<Self, Failure> {
        let image = spec.image().map_err(|e| Failure::data(format!("{source}: {e}")))?;
        Ok(Self { source: source.to_owned(), image, names: Names::of(spec), training: training.clone() })
    }

    /// The checked scenario.
    ///
    /// # Errors
    /// If the image is not a scenario.
    pub fn scenario(&self) -> Result<Scenario<'_>, Failure> {
        Scenario::new(&self.image).map_err(|e| Failure::data(format!("{}: {e}", self.source)))
    }
}

/// The files of a network folder, checked. A folder that is not there is one error, not one a file.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load(folder: &Path) -> Result<Loaded, Problems> {
    if folder.is_dir() {
        return input::load(folder);
    }
    let found = if folder.exists() { "is not a folder" } else { "there is no such folder" };
    let place = Place::whole(&folder.display().to_string());
    let right = "a network folder, as `restock init` makes one".to_owned();
    Err(Problems { errors: vec![input::Problem { place, found: found.to_owned(), right }], warnings: Vec::new() })
}

impl Names {
    fn of(spec: &input::NetworkSpec) -> Self {
        Self {
            nodes: spec.nodes.iter().map(|n| n.name.clone()).collect(),
            products: spec.products.iter().map(|p| p.name.clone()).collect(),
            routes: (0..spec.routes.len()).map(|k| spec.route_name(k)).collect(),
            currency: spec.currency.clone(),
            first_date: spec.start.to_string(),
        }
    }

    /// Whether these are the names that a scenario was made with.
    #[must_use]
    pub fn are_of(&self, scenario: &Scenario<'_>) -> bool {
        let product_keys = (0..scenario.products()).map(|p| scenario.product_key(p));
        scenario.nodes().iter().map(|n| n.key).eq(self.nodes.iter().map(|name| name_key(name)))
            && product_keys.eq(self.products.iter().map(|name| name_key(name)))
            && scenario.routes().len() == self.routes.len()
    }

    /// Index of a node.
    ///
    /// # Errors
    /// If there is none of that name: with the names there are.
    pub fn node(&self, name: &str) -> Result<usize, Failure> {
        find(&self.nodes, name, "node")
    }

    /// Index of a product.
    ///
    /// # Errors
    /// If there is none of that name: with the names there are.
    pub fn product(&self, name: &str) -> Result<usize, Failure> {
        find(&self.products, name, "product")
    }
}

fn find(names: &[String], name: &str, what: &str) -> Result<usize, Failure> {
    names.iter().position(|n| n == name).ok_or_else(|| {
        let shown: Vec<&str> = names.iter().map(String::as_str).take(12).collect();
        let more = if names.len() > shown.len() { ", ..." } else { "" };
        Failure::usage(format!("no {what} is called `{name}`; there are: {}{more}", shown.join(", ")))
    })
}
