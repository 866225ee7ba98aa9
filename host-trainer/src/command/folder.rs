//! `restock init` and `restock check`: network folders.

use super::{Common, print, print_json, table, world};
use crate::failure::{Failure, tell};
use crate::input::calendar::Date;
use crate::input::problem::Place;
use crate::input::{self, Loaded, Problem, Problems};
use crate::problem::load;
use clap::Args;
use restock_core::Scenario;
use std::path::{Path, PathBuf};

/// Arguments of `restock init`.
#[derive(Clone, Debug, Args)]
pub struct InitArguments {
    /// Folder to make.
    pub folder: PathBuf,
    /// Your sales history: a CSV with the columns date, product, quantity.
    #[arg(long, requires = "products")]
    pub demand: Option<PathBuf>,
    /// Your products: a CSV with the columns product and unit_price.
    #[arg(long, requires = "demand")]
    pub products: Option<PathBuf>,
    /// Last day of the history that the network is fitted on, as 2011-08-31: the rest is left to test on, with
    /// `restock compare --replay`.
    #[arg(long, requires = "demand", value_name = "DATE")]
    pub until: Option<String>,
    /// Write the embedded default network, with its 200 products, as a folder to edit.
    #[arg(long, conflicts_with = "demand")]
    pub embedded: bool,
    /// Write a small factory that assembles: uncertain suppliers, a bill of materials, storage, disruptions.
    #[arg(long, conflicts_with_all = ["demand", "embedded"])]
    pub example: bool,
}

/// Arguments of `restock check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArguments {
    /// Network folder.
    pub folder: PathBuf,
}

/// Writes a network folder.
///
/// # Errors
/// If the folder is not empty or can't be written, or the history has errors.
pub fn init(arguments: &InitArguments, common: &Common) -> Result<(), Failure> {
    let folder = &arguments.folder;
    let taken = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if taken {
        return Err(Failure::usage(format!("{} is not empty: give a new folder", folder.display())));
    }
    let until = arguments.until.as_ref().map(|text| {
        let right = || Failure::usage(format!("--until {text}: not a date, should be one as 2011-08-31"));
        Date::parse(text).ok_or_else(right)
    });
    let until = until.transpose()?;
    let written = match (&arguments.demand, &arguments.products) {
        (Some(demand), Some(products)) => input::write_from_history_until(folder, demand, products, until),
        _ if arguments.embedded => input::write_default(folder),
        _ if arguments.example => input::write_example(folder),
        _ => input::write_starter(folder),
    };
    written.map_err(|problems| Failure::input(&problems))?;
    let fitted = arguments.demand.is_some() && super::forecast::fit_folder(folder, common)?;
    if common.json {
        return print_json(&serde_json::json!({ "format": "restock-init/1", "folder": folder, "forecast": fitted }));
    }
    let shown = folder.display();
    print(&format!(
        "wrote {shown}: its files say what each number means and where defaults come from\nnext: restock check {shown}, then restock train {shown} --out run"
    ))
}

/// Checks a network folder.
///
/// # Errors
/// With code 3 and every error of the folder.
pub fn check(arguments: &CheckArguments, common: &Common) -> Result<(), Failure> {
    let folder = arguments.folder.display();
    let (loaded, image) = match checked(&arguments.folder) {
        Ok(checked) => checked,
        Err(problems) if common.json => {
            print_json(&serde_json::json!({
                "format": "restock-check/1", "folder": arguments.folder,
                "errors": structured(&problems.errors), "warnings": structured(&problems.warnings),
            }))?;
            let count = u32::try_from(problems.errors.len()).unwrap_or(u32::MAX);
            return Err(Failure::data(format!("{folder} has {}", table::counted(count, "error"))));
        }
        Err(problems) => return Err(Failure::input(&problems)),
    };
    let (spec, warnings) = (&loaded.spec, &loaded.warnings);
    if common.json {
        return print_json(&serde_json::json!({
            "format": "restock-check/1", "folder": arguments.folder, "errors": [], "warnings": structured(warnings),
            "nodes": spec.nodes.len(), "lanes": spec.lanes.len(), "routes": spec.routes.len(), "products": spec.products.len(),
            "horizon_days": spec.horizon_days, "image_bytes": image.len() * 4, "world": world::json(spec),
        }));
    }
    for warning in warnings {
        tell(format_args!("warning: {warning}"));
    }
    let counted = |count: usize, noun| table::counted(u32::try_from(count).unwrap_or(u32::MAX), noun);
    let mut lines = vec![format!(
        "{folder}: no errors, {}; {}, {}, {}, {}, {}; scenario image {} bytes",
        counted(warnings.len(), "warning"),
        counted(spec.nodes.len(), "node"),
        counted(spec.lanes.len(), "lane"),
        counted(spec.routes.len(), "route"),
        counted(spec.products.len(), "product"),
        counted(spec.horizon_days, "day"),
        image.len() * 4
    )];
    lines.extend(world::lines(spec));
    print(&lines.join("\n  "))
}

/// The folder and its image. A network that can't be trained on as it stands is still one to
/// simulate: that is a warning.
fn checked(folder: &Path) -> Result<(Loaded, Vec<i32>), Problems> {
    let mut loaded = load(folder)?;
    let refused = |found: String| Problems {
        errors: vec![Problem { place: Place::whole("network.toml"), found, right: String::new() }],
        warnings: Vec::new(),
    };
    let image = loaded.spec.image().map_err(|e| refused(format!("the simulator refuses the network: {e}")))?;
    let scenario = Scenario::new(&image).map_err(|e| refused(format!("the simulator refuses the network: {e}")))?;
    let nodes: Vec<String> = loaded.spec.nodes.iter().map(|n| n.name.clone()).collect();
    if let Err(unfit) = loaded.training.fits(&scenario, &nodes) {
        let found = format!("can be simulated, but not trained on: {unfit}");
        loaded.warnings.push(Problem { place: Place::whole("network.toml"), found, right: String::new() });
    }
    Ok((loaded, image))
}

/// Problems for programs.
fn structured(problems: &[Problem]) -> Vec<serde_json::Value> {
    let at = |number: usize| (number > 0).then_some(number);
    problems
        .iter()
        .map(|problem| {
            serde_json::json!({
                "file": problem.place.file, "line": at(problem.place.line), "column": at(problem.place.column),
                "found": problem.found, "expected": (!problem.right.is_empty()).then_some(&problem.right),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The folder that `restock init` with some options writes, loaded.
    fn made(embedded: bool, example: bool) -> Loaded {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("network");
        let arguments =
            InitArguments { folder: folder.clone(), demand: None, products: None, until: None, embedded, example };
        init(&arguments, &Common { json: false, quiet: true, threads: None }).unwrap();
        load(&folder).unwrap()
    }

    #[test]
    fn init_around_a_history_fits_its_forecasts() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        // Two products of two hundred days: one sells every day, one every fifth.
        let sold = |day: i32| -> String {
            let date = crate::input::calendar::Date::new(2025, 1, 6).unwrap().plus(day);
            let daily = format!("{date},tea,{}\n", 20 + day * 7 % 11);
            if day % 5 == 0 { daily + &format!("{date},teapot,{}\n", 1 + day % 3) } else { daily }
        };
        let sales: String = (0..200).map(sold).collect();
        std::fs::write(path("sales.csv"), format!("date,product,quantity\n{sales}")).unwrap();
        std::fs::write(path("products.csv"), "product,unit_price\ntea,4.5\nteapot,30\n").unwrap();
        let arguments = InitArguments {
            folder: path("net"),
            demand: Some(path("sales.csv")),
            products: Some(path("products.csv")),
            until: None,
            embedded: false,
            example: false,
        };
        init(&arguments, &Common { json: false, quiet: true, threads: Some(2) }).unwrap();
        let written = std::fs::read_to_string(path("net").join("forecast.csv")).unwrap();
        assert!(written.contains("tea") && written.contains("teapot"), "{written}");
        // And the network uses them: with the file gone, its forecasts are other ones.
        let fitted = load(&path("net")).unwrap().spec.image().unwrap();
        std::fs::remove_file(path("net").join("forecast.csv")).unwrap();
        assert_ne!(load(&path("net")).unwrap().spec.image().unwrap(), fitted);
    }

    #[test]
    fn each_option_of_init_writes_its_own_network() {
        assert_eq!(made(false, false).spec.name, "starter");
        assert_eq!(made(true, false).spec.name, "general goods");
        let works = made(false, true).spec;
        assert_eq!((works.name.as_str(), works.bom.len()), ("bicycle works", 6));
        // And check tells of all that it uses, in lines that fit a window.
        let told = world::lines(&works);
        for word in [
            "supplier outside>importer: weak",
            "storage works",
            "bill of materials: 6 lines",
            "events: 2",
            "disruption route at importer>works:truck",
            "demand shocks: 1 groups",
        ] {
            assert!(told.iter().any(|line| line.starts_with(word.trim()) || line.contains(word)), "{word}: {told:#?}");
        }
        assert!(told.iter().all(|line| line.chars().count() <= 118), "{told:#?}");
    }
}
