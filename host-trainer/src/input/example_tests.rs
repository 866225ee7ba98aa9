use super::super::*;
use super::*;
use restock_core::layout::Column;
use restock_core::policy::Textbook;
use restock_core::{Network, Scenario};

/// Customers' demand, and the cost of all, of some weeks under the textbook rule.
fn weeks(spec: &NetworkSpec) -> (i64, i64) {
    let image = spec.image().unwrap();
    let scenario = Scenario::new(&image).unwrap();
    let mut memory = vec![0; Network::words(&scenario)];
    let mut network = Network::new(&scenario, &mut memory).unwrap();
    network.reset(3, 0, 0);
    for _ in 0..400 {
        network.advance(&mut Textbook);
    }
    (network.kpis().total().demand, network.kpis().total_cost())
}

/// The example with a text of a file replaced.
fn edited(file: &'static str, from: &str, to: &str) -> Files {
    let mut files = files();
    let text = String::from_utf8(files.0[file].clone()).unwrap();
    assert!(text.contains(from), "{file} has no {from:?}");
    files.0.insert(file, text.replacen(from, to, 1).into_bytes());
    files
}

#[test]
fn the_example_passes_every_check_and_serves_its_customers() {
    let loaded = files().load().unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(loaded.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    let image = loaded.spec.image().unwrap();
    let scenario = Scenario::new(&image).unwrap();
    let mut memory = vec![0; Network::words(&scenario)];
    let mut network = Network::new(&scenario, &mut memory).unwrap();
    network.reset(3, 0, 0);
    let p = scenario.products();
    for _ in 0..400 {
        network.advance(&mut Textbook);
        let state = network.state();
        // Components that are short are owed to the works' production: the shop is sent none, nor less than none.
        assert!(state.in_transit.iter().chain(state.waiting).chain(state.yard).all(|units| *units >= 0));
        assert_eq!(state.inventory_level[p - 3..p], [0; 3]);
    }
    let total = network.kpis().total();
    println!("example: fill rate {} ppm, {:?}", total.fill_rate_ppm(), total.ledger);
    assert!(total.fill_rate_ppm() > 700_000 && total.scrapped > 0 && total.produced > 0);
}

#[test]
fn components_are_planned_by_what_they_go_into() {
    let spec = files().load().unwrap().spec;
    let at = |name: &str| spec.products.iter().position(|p| p.name == name).unwrap();
    let node = |name: &str| spec.nodes.iter().position(|n| n.name == name).unwrap();
    let mean = |n: &str, p: &str| f64::from(spec.value(Column::DemandMean, node(n), at(p))) / 4096.0;
    let (city, cargo) = (mean("works", "city"), mean("works", "cargo"));
    assert!((city - 4.0).abs() < 0.1 && (cargo - 1.0).abs() < 0.1);
    // Two wheels a city bicycle of which 98 % are good, three a cargo bicycle of which 97 % are.
    let wheels = 2.0 * city / 0.98 + 3.0 * cargo / 0.97;
    assert!((mean("works", "wheel") - wheels).abs() < 0.01, "{} {wheels}", mean("works", "wheel"));
    // 0.4 % of what comes to the works is defective.
    assert!((mean("importer", "wheel") / mean("works", "wheel") - 1.0 / 0.996).abs() < 1e-3);
    let most = |n: &str, p: &str| spec.value(Column::OrderMax, node(n), at(p));
    assert!(most("works", "wheel") > 0 && most("importer", "wheel") > 0 && most("works", "city") > 0);
    assert_eq!((most("shop", "wheel"), most("importer", "city")), (0, 0), "nobody can get them there");
    assert_eq!(mean("importer", "city"), 0.0);
    // A bicycle takes two days of production and one of review less one; a wheel its transport.
    let days = |n: &str, p: &str| spec.value(Column::ProtectionDays, node(n), at(p));
    assert_eq!((days("works", "city"), days("works", "wheel")), (2, 4));
    // Half of what the shop sells is bicycles of which every wheel was bought: lines by component and product.
    assert!(spec.bom.windows(2).all(|w| (w[0].component, w[0].product) < (w[1].component, w[1].product)));
    assert_eq!(spec.bom.len(), 6);
}

#[test]
fn the_order_of_products_in_the_file_changes_no_chance() {
    let spec = files().load().unwrap().spec;
    let last = "saddle,Saddle,22,1,,,,,\n";
    let moved = edited("products.csv", last, "");
    let text = String::from_utf8(moved.0["products.csv"].clone()).unwrap();
    let mut files = moved;
    files.0.insert("products.csv", text.replacen("city,City", &format!("{last}city,City"), 1).into_bytes());
    let other = files.load().unwrap().spec;
    assert_ne!(spec.products, other.products);
    let at = |name: &str| other.products.iter().position(|p| p.name == name).unwrap();
    assert!(at("saddle") > at("city") && at("saddle") > at("cargo"), "after what it goes into");
    // Chance is found by name: demand is the same to the unit. Where a capacity is short, what rounding leaves
    // over goes to the products in their order, so that costs may differ a little.
    let ((demand, cost), (other_demand, other_cost)) = (weeks(&spec), weeks(&other));
    assert_eq!(demand, other_demand);
    assert!((cost - other_cost).abs() * 50 < cost, "{cost} {other_cost}");
}

#[test]
fn what_is_wrong_in_a_bill_of_materials_is_told_at_its_place() {
    for (file, from, to, expected) in [
        (
            "bom.csv",
            "works,city,frame,1",
            "work,city,frame,1",
            "bom.csv:4:1: node \"work\" is not in nodes.csv, should be \"works\"",
        ),
        (
            "bom.csv",
            "works,city,frame,1",
            "shop,city,frame,1",
            "bom.csv:4:1: node \"shop\" assembles, and does not produce",
        ),
        (
            "bom.csv",
            "works,city,frame,1",
            "works,city,fram,1",
            "bom.csv:4:12: product \"fram\" is not in products.csv, should be \"frame\"",
        ),
        (
            "bom.csv",
            "works,city,frame,1",
            "works,city,frame,0.5",
            "bom.csv:4:18: quantity is \"0.5\", should be a whole number of units from 1 to 65536",
        ),
        ("bom.csv", "works,city,frame,1", "works,city,frame,", "quantity is empty"),
        ("bom.csv", "works,city,frame,1", "works,city,city,1", "\"city\" goes into itself"),
        (
            "bom.csv",
            "works,city,frame,1",
            "works,city,wheel,1",
            "wheel in city at works is there twice (first in line 4)",
        ),
        ("bom.csv", "works,city,frame,1", "works,city,cargo,1", "\"cargo\" is itself assembled at works"),
        ("bom.csv", "works,city,frame,1", "works,wheel,city,1", "in a circle"),
        ("bom.csv", "node,product", "node,prodct", "column \"prodct\" is not known, should be \"product\""),
        (
            "products.csv",
            "saddle,Saddle,22,1,,,,,",
            "saddle,Saddle,22,1,,,,poisson(2),",
            "\"saddle\" is sold at shop, and is a component in bom.csv there or upstream",
        ),
        (
            "products.csv",
            "poisson(1),0.97",
            "poisson(1),1.5",
            "yield is \"1.5\", should be a share of what production finishes from 0.01 to 1",
        ),
    ] {
        let problems = edited(file, from, to).load().expect_err(expected);
        let found = problems.to_string();
        assert!(found.contains(expected), "missing: {expected}\n{found}");
    }
}

#[test]
fn any_bytes_of_the_example_are_refused_without_panic() {
    let mut state = 5u32;
    let mut next = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(state >> 8).unwrap() % below
    };
    let plain = files();
    let names: Vec<&'static str> = plain.0.keys().copied().collect();
    for _ in 0..150 {
        let mut files = plain.clone();
        let name = names[next(names.len())];
        let mut bytes = files.0[name].clone();
        let at = next(bytes.len());
        let until = (at + next(5)).min(bytes.len());
        bytes.splice(at..until, [&b"-1"[..], b",", b"\n", b"9", b"\"", b"works", b"0"][next(7)].iter().copied());
        files.0.insert(name, bytes);
        if let Err(problems) = files.load() {
            assert!(!problems.errors.is_empty());
        }
    }
}
