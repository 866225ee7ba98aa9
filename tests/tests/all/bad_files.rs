//! Network folders and histories that are wrong: everything that is, is reported where it is, and nothing panics.

use restock_core::Scenario;
use restock_tests::damage;
use restock_tests::planted;
use restock_tests::property::Property;
use restock_tests::swarm;
use restock_trainer::input;
use std::path::Path;

/// Folders with planted errors.
const FOLDERS: u64 = 400;

#[test]
fn every_planted_error_is_reported_at_its_place() {
    swarm::must_hold(Property::Planted, 0..FOLDERS);
    let most = (0..100).map(planted::check).max();
    assert!(most >= Some(planted::PLANTED_MAX - 1), "at most {most:?} errors were planted");
}

/// A folder as small as one can be, so that every way of damaging it can be tried.
const SMALL: [(&str, &str); 4] = [
    ("network.toml", "start = 2024-01-01\nhorizon_days = 30\ndemand = \"drawn\"\nmoney_scale = 100000\n"),
    ("nodes.csv", "name,sells,review_period_days\nshop,yes,1\n"),
    ("lanes.csv", "supplier,customer,route,lead_time\noutside,shop,road,1:0.5 3:0.5\n"),
    ("products.csv", "name,unit_price,demand\nmug,4.50,poisson(6)\n"),
];

/// Loads the small folder with one file replaced: refused with a place in that file's lines, or a sound network.
/// Whether it was taken.
fn load_with(name: &str, bytes: &[u8], what: &str) -> bool {
    let files = SMALL.map(|(file, text)| (file, if file == name { bytes } else { text.as_bytes() }));
    match input::load_files(&files) {
        Ok(loaded) => {
            let image = loaded.spec.image().unwrap_or_else(|e| panic!("{name}, {what}: {e}"));
            assert!(Scenario::new(&image).is_ok(), "{name}, {what}");
            true
        }
        Err(problems) => {
            assert!(!problems.errors.is_empty(), "{name}, {what}: refused without a reason");
            for problem in &problems.errors {
                let damaged = problem.place.file == name;
                let text = SMALL.iter().find(|(file, _)| *file == problem.place.file).map_or("", |(_, text)| text);
                let lines = if damaged { bytes } else { text.as_bytes() }.iter().filter(|&&b| b == b'\n').count() + 1;
                assert!(problem.place.line <= lines && !problem.found.is_empty(), "{name}, {what}: {problem}");
            }
            false
        }
    }
}

#[test]
fn every_cut_flip_and_byte_of_a_small_folder_is_refused_or_a_sound_network() {
    let (mut taken, mut refused) = (0, 0);
    let mut load = |name: &str, bytes: &[u8], what: String| {
        if load_with(name, bytes, &what) { taken += 1 } else { refused += 1 }
    };
    for (name, text) in SMALL {
        load(name, text.as_bytes(), "as it is".to_owned());
        damage::every_cut(text.as_bytes(), |bytes, what| load(name, bytes, what));
        damage::every_flip(text.as_bytes(), |bytes, what| load(name, bytes, what));
        if name != "network.toml" {
            damage::every_byte(text.as_bytes(), |bytes, what| load(name, bytes, what));
        }
    }
    assert!(taken > 1000 && refused > 10_000, "{taken} taken, {refused} refused");
}

#[test]
fn every_cut_of_a_history_is_refused_or_a_sound_network() {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("history-{}", std::process::id()));
    std::fs::create_dir_all(&place).expect("a folder");
    let products = b"product,unit_price\nmug,4.5\nlamp,20\n";
    let sales: String = (1..=9)
        .map(|day| format!("2024-03-{day:02},{},{}\n", if day % 2 == 0 { "mug" } else { "lamp" }, day * 3))
        .collect();
    let sales = format!("date,product,quantity\n{sales}");
    let (mut taken, mut refused) = (0, 0);
    let (folder, sales_csv, products_csv) = (place.join("net"), place.join("sales.csv"), place.join("products.csv"));
    let mut try_with = |sales: &[u8], products: &[u8], what: String| {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::write(&sales_csv, sales).expect("writes");
        std::fs::write(&products_csv, products).expect("writes");
        match input::write_from_history(&folder, &sales_csv, &products_csv) {
            Ok(_) => {
                input::load(&folder).unwrap_or_else(|e| panic!("{what}: its own checks refuse what it wrote:\n{e}"));
                taken += 1;
            }
            Err(error) => {
                assert!(!error.to_string().is_empty(), "{what}");
                refused += 1;
            }
        }
    };
    damage::every_cut(sales.as_bytes(), |bytes, what| try_with(bytes, products, format!("sales {what}")));
    damage::every_cut(products, |bytes, what| try_with(sales.as_bytes(), bytes, format!("products {what}")));
    let _ = std::fs::remove_dir_all(&place);
    assert!(taken > 20 && refused > 20, "{taken} taken, {refused} refused");
}
