//! Daily quantities to play on a network that is already compiled: the sales of a time it was not fitted on.

use super::calendar::Date;
use super::files::read_file;
use super::number::Range;
use super::problem::{Place, Problems, Report, quoted};
use super::sheet::{Sheet, Unknown};
use super::spelling::suggestion;
use std::collections::BTreeMap;
use std::path::Path;

/// Units by date, row among the selling nodes, and product.
pub type Daily = BTreeMap<(Date, usize, usize), f64>;

/// Reads `date,product,quantity`, with `node` where several nodes sell; several rows of one day add up.
///
/// # Errors
/// Every bad row at once.
pub fn read_daily(path: &Path, selling: &[&str], products: &[String]) -> Result<Daily, Problems> {
    let (file, mut report) = (path.display().to_string(), Report::default());
    let bytes = read_file(path).unwrap_or_else(|error| {
        report.error(Place::whole(&file), format!("can't be read: {error}"), "a file");
        Vec::new()
    });
    let mut required = vec!["date", "product", "quantity"];
    if selling.len() != 1 {
        required.push("node");
    }
    let known = &["date", "node", "product", "quantity"];
    let mut daily = Daily::new();
    if report.errors() == 0 {
        let sheet = Sheet::read(&file, &bytes, known, &required, Unknown::Ignore, &mut report);
        for row in sheet.rows() {
            let date = row.date("date", &mut report);
            let quantity = row.number("quantity", Range::new(0.0, 1e9, "units"), &mut report);
            let mut place = |column: &str, names: &mut dyn Iterator<Item = &str>| {
                let name = row.name(column, &mut report)?.to_owned();
                let names: Vec<&str> = names.collect();
                let found = names.iter().position(|known| **known == name);
                if found.is_none() {
                    let right = suggestion(&name, names);
                    report.error(row.place(column), format!("{column} {} is not in the run", quoted(&name)), right);
                }
                found
            };
            let product = place("product", &mut products.iter().map(String::as_str));
            let node = if sheet.has("node") { place("node", &mut selling.iter().copied()) } else { Some(0) };
            if let (Some(date), Some(node), Some(product), Some(quantity)) = (date, node, product, quantity) {
                *daily.entry((date, node, product)).or_insert(0.0) += quantity;
            }
        }
        if daily.is_empty() && report.errors() == 0 {
            report.error(Place::whole(&file), "there is nothing to play", "rows of sales");
        }
    }
    report.finish().map(|_| daily)
}
