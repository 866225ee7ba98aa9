//! `restock init` and `restock check`: network folders.

use super::{Common, print, print_json};
use crate::failure::{Failure, code};
use crate::input;
use clap::Args;
use std::path::PathBuf;

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
    /// Write the embedded default network, with its 200 products, as a folder to edit.
    #[arg(long, conflicts_with = "demand")]
    pub embedded: bool,
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
    let written = match (&arguments.demand, &arguments.products) {
        (Some(demand), Some(products)) => input::write_from_history(folder, demand, products),
        _ if arguments.embedded => input::write_default(folder),
        _ => input::write_starter(folder),
    };
    written.map_err(|problems| Failure::input(&problems))?;
    if common.json {
        return print_json(&serde_json::json!({ "format": "restock-init/1", "folder": folder }));
    }
    let shown = folder.display();
    print(&format!("wrote {shown}: its files say what each number means and where defaults come from\nnext: restock check {shown}, then restock train {shown} --out run"))
}

/// Checks a network folder.
///
/// # Errors
/// With code 3 and every error of the folder.
pub fn check(arguments: &CheckArguments, common: &Common) -> Result<(), Failure> {
    match input::load(&arguments.folder) {
        Ok(loaded) => {
            let image = loaded.spec.image().map_err(|e| Failure::data(e.to_string()))?;
            let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
            // Training settings are checked where they are used; a wrong one must not wait for `train`.
            crate::problem::Problem::from_folder(&arguments.folder)?;
            let spec = &loaded.spec;
            if common.json {
                return print_json(&serde_json::json!({
                    "format": "restock-check/1", "folder": arguments.folder, "errors": [], "warnings": warnings,
                    "nodes": spec.nodes.len(), "products": spec.products.len(), "image_bytes": image.len() * 4,
                }));
            }
            print(&format!(
                "{}: no errors, {} warnings; {} nodes, {} lanes, {} routes, {} products, {} days; scenario image {} bytes",
                arguments.folder.display(),
                warnings.len(),
                spec.nodes.len(),
                spec.lanes.len(),
                spec.routes.len(),
                spec.products.len(),
                spec.horizon_days,
                image.len() * 4
            ))
        }
        Err(problems) => {
            if common.json {
                let errors: Vec<String> = problems.to_string().lines().map(str::to_owned).collect();
                print_json(&serde_json::json!({ "format": "restock-check/1", "folder": arguments.folder, "errors": errors }))?;
                return Err(Failure { code: code::DATA, message: format!("{} has errors", arguments.folder.display()) });
            }
            Err(Failure::input(&problems))
        }
    }
}
