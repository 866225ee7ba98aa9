//! Errors planted in a sound network folder: the check must report every one of them, at its place, at once.

use crate::random_network::Dice;
use restock_trainer::input;
use std::collections::BTreeMap;

/// Most errors planted in one folder.
pub const PLANTED_MAX: usize = 20;

/// A file as rows of cells; the first row is the header.
type Sheet = Vec<Vec<String>>;

/// The sound folder: four nodes, routes, twenty products, some stockpoints, some days of sales.
fn sheets() -> BTreeMap<&'static str, Sheet> {
    let sheet =
        |text: &str| -> Sheet { text.lines().map(|line| line.split(';').map(str::to_owned).collect()).collect() };
    let mut products = "name;unit_price;volume;work;lot_size;order_min;season;demand".to_owned();
    let mut stockpoints = "node;product;lot_size;initial_inventory;order_cost".to_owned();
    let mut demand = "date;node;product;quantity".to_owned();
    for i in 0..20 {
        products +=
            &format!("\nitem-{i};{}.5;{};2;{};{};shop;poisson({})", i + 2, i % 3 + 1, i % 4 + 1, i % 2, i % 5 + 1);
        stockpoints += &format!("\nfactory;item-{i};{};{};0.5", i % 3 + 1, 10 + i);
        demand += &format!("\n2024-01-{:02};shop;item-{i};{}", i + 1, i % 7);
    }
    BTreeMap::from([
        (
            "nodes.csv",
            sheet(
                "name;sells;unmet;review_period_days;allocation;production_days;capacity_per_day;value_percent\n\
                 shop;yes;backorder;1;;;;100\nkiosk;yes;lost;2;;;;100\nfactory;no;;1;proportional;2;700;75\nsupplier;no;;7;;;;50",
            ),
        ),
        (
            "lanes.csv",
            sheet(
                "supplier;customer;route;lead_time;freight_per_volume;freight_per_unit;capacity_per_day;order_lead_time_days\n\
                 factory;shop;road;2:0.2 3:0.6 4:0.2;0.012;;;\nfactory;shop;express;1;0.042;;;\nfactory;kiosk;road;2;0.01;;;1\n\
                 supplier;factory;sea;5:0.25 6:0.5 8:0.25;0.01;;;\nsupplier;factory;air;3;0.04;;;\noutside;supplier;inbound;7;;;;",
            ),
        ),
        ("products.csv", sheet(&products)),
        ("stockpoints.csv", sheet(&stockpoints)),
        ("demand.csv", sheet(&demand)),
    ])
}

const SETTINGS: &str = "name = \"planted\"\nstart = 2024-01-01\nhorizon_days = 364\ncurrency = \"EUR\"\n\
    money_scale = 1000000\nunit_scale = 1\ndemand = \"drawn\"\n\n[costs]\nholding_percent_per_year = 25.0\n\
    backorder_percent_per_day = 2.0\nlost_sale_percent = 40.0\norder_cost = 0.10\nupstream_service_level = 0.95\n\n\
    [seasons.shop]\nweekly = [0.9, 0.9, 0.9, 1.0, 1.2, 1.4, 0.7]\n\n[hyperscore]\nweight_delivery = 0.5\n";

/// A file, a column, and what is wrong in it with what is said of that.
type Wrongs = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// What a column can be made wrong with, and a word that the complaint must have. None of them makes another row wrong.
const WRONGS: [Wrongs; 21] = [
    ("nodes.csv", "review_period_days", &[("weekly", "weekly"), ("0", "0"), ("-1", "-1"), ("129", "129")]),
    ("nodes.csv", "allocation", &[("propotional", "propotional")]),
    ("nodes.csv", "value_percent", &[("much", "much"), ("-5", "-5")]),
    ("lanes.csv", "lead_time", &[("0", "lead_time"), ("2:0.5 3:0.4", "lead_time"), ("soon", "soon"), ("200", "200")]),
    ("lanes.csv", "freight_per_volume", &[("-0.5", "-0.5"), ("cheap", "cheap")]),
    ("lanes.csv", "capacity_per_day", &[("many", "many"), ("-2", "-2")]),
    ("lanes.csv", "order_lead_time_days", &[("later", "later"), ("-1", "-1")]),
    ("products.csv", "unit_price", &[("-3", "-3"), ("dear", "dear"), ("", "empty"), ("1e999", "1e999")]),
    ("products.csv", "volume", &[("-1", "-1"), ("big", "big")]),
    ("products.csv", "work", &[("-7", "-7"), ("hard", "hard")]),
    ("products.csv", "lot_size", &[("0.5x", "0.5x"), ("-4", "-4")]),
    ("products.csv", "order_min", &[("-1", "-1"), ("few", "few")]),
    ("products.csv", "season", &[("sumer", "sumer")]),
    ("products.csv", "demand", &[("poison(5)", "poison"), ("poisson(-1)", "poisson"), ("poisson(", "poisson")]),
    ("stockpoints.csv", "node", &[("factry", "factry")]),
    ("stockpoints.csv", "product", &[("itme", "itme")]),
    ("stockpoints.csv", "lot_size", &[("x", "x"), ("-2", "-2")]),
    ("stockpoints.csv", "initial_inventory", &[("-12", "-12"), ("full", "full")]),
    ("demand.csv", "date", &[("2024-02-30", "2024-02-30"), ("yesterday", "yesterday")]),
    ("demand.csv", "product", &[("itme", "itme")]),
    ("demand.csv", "quantity", &[("-1", "-1"), ("2.5", "2.5"), ("", "empty"), ("some", "some")]),
];

/// Lines of `network.toml` made wrong: the line that is there, what it becomes, where in it, and a word of the
/// complaint.
const WRONG_SETTINGS: [(&str, &str, usize, &str); 6] = [
    ("money_scale = 1000000", "mony_scale = 1000000", 1, "mony_scale"),
    ("horizon_days = 364", "horizon_days = 9000", 16, "9000"),
    ("order_cost = 0.10", "order_cost = \"cheap\"", 14, "cheap"),
    ("lost_sale_percent = 40.0", "lost_sale_percent = -1.0", 21, "lost_sale_percent"),
    ("weight_delivery = 0.5", "weight_delivery = -2.0", 19, "weight_delivery"),
    ("unit_scale = 1", "unit_scale = 0", 14, "unit_scale"),
];

/// One planted error: file, line, column, a word of the complaint.
type Planted = (&'static str, usize, usize, &'static str);

/// Plants 1 to [`PLANTED_MAX`] errors and checks that each is reported where it is. Returns how many.
///
/// # Panics
/// If one is not reported, or what is sound is.
pub fn check(seed: u64) -> usize {
    let mut d = Dice::new(seed ^ 0x91a2_7ed0);
    let mut sheets = sheets();
    let mut settings: Vec<String> = SETTINGS.lines().map(str::to_owned).collect();
    let mut taken = Vec::new();
    let mut planted: Vec<Planted> = Vec::new();
    let count = d.size(0, PLANTED_MAX);
    while taken.len() < count {
        if d.chance(12) {
            let (line, wrong, column, word) = d.pick(&WRONG_SETTINGS);
            // One that is taken is no longer there.
            if let Some(at) = settings.iter().position(|there| there == line) {
                wrong.clone_into(&mut settings[at]);
                planted.push(("network.toml", at + 1, column, word));
                taken.push(("network.toml", at, 0));
            }
            continue;
        }
        let (file, column, values) = d.pick(&WRONGS);
        let Some(sheet) = sheets.get_mut(file) else { continue };
        let row = d.size(1, sheet.len() - 1);
        let Some(cell) = sheet[0].iter().position(|name| name == column) else { panic!("{file} has no {column}") };
        if taken.contains(&(file, row, cell)) {
            continue;
        }
        taken.push((file, row, cell));
        let (value, word) = d.pick(values);
        // Two rows with one misspelling would also be one stockpoint, twice.
        sheet[row][cell] = if column == "product" { format!("{value}{row}") } else { value.to_owned() };
        // Where the cell begins is known when all of its row stands.
        planted.push((file, row + 1, cell, word));
    }
    for (file, line, column, _) in &mut planted {
        if let Some(sheet) = sheets.get(file) {
            let before = &sheet[*line - 1][..*column];
            *column = 1 + before.iter().map(|cell| cell.chars().count() + 1).sum::<usize>();
        }
    }
    judge(seed, &planted, &settings.join("\n"), &sheets);
    planted.len()
}

fn judge(seed: u64, planted: &[Planted], settings: &str, sheets: &BTreeMap<&'static str, Sheet>) {
    let text = |sheet: &Sheet| sheet.iter().map(|row| row.join(",") + "\n").collect::<String>();
    let mut files: Vec<(&str, String)> = sheets.iter().map(|(name, sheet)| (*name, text(sheet))).collect();
    files.push(("network.toml", settings.to_owned()));
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let found = match input::load_files(&files) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.errors,
    };
    let shown = || found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for &(file, line, column, word) in planted {
        let there = found.iter().any(|problem| {
            let place = &problem.place;
            (place.file.as_str(), place.line, place.column) == (file, line, column) && problem.found.contains(word)
        });
        assert!(there, "seed {seed}: {file}:{line}:{column} ({word}) is not reported; what is:\n{}", shown());
    }
    // What follows from an error may be said of its row too (a product whose demand is misspelled has none): no other row.
    for problem in &found {
        let place = &problem.place;
        let known = planted.iter().any(|&(file, line, ..)| (file, line) == (place.file.as_str(), place.line));
        assert!(known, "seed {seed}: nothing was planted at {problem}; all of it:\n{}", shown());
    }
}
