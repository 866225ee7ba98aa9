//! Every command on a small network: what it prints, for people and for programs.

use super::*;

/// The commands that work on a run and a network, in the order in which a user comes to them.
const COMMANDS: [&str; 17] = [
    "init other",
    "check net",
    "simulate net --replicas 2 --policy textbook",
    "simulate net --replicas 2 --policy base-stock",
    "simulate net --replicas 2 --policy reorder-point",
    "simulate net --replicas 2 --policy periodic-review --period-days 3",
    "train net --iterations 3 --out trained",
    "pack trained --out device.policy",
    "inspect device.policy",
    "inspect trained/restock.policy --target cortex-m4f",
    "inspect observation",
    "compare trained --replicas 2 --tune-looks 6 --tune-paths 1",
    "verify trained",
    "explain --run trained --node shop --product mug --day 40",
    "report trained --html page.html",
    "simulate net --policy textbook --log device.log",
    "replay device.log net",
];

#[test]
fn every_command_works_and_prints_tables_that_fit_a_window() {
    let place = Workplace::with_network();
    for arguments in COMMANDS {
        let ended = place.restock(arguments).expect(OK);
        assert!(!ended.stdout.is_empty(), "{ended}");
        // The table of features is the one that needs a wide window: it has a column of sentences.
        let widest = ended.stdout.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        assert!(widest <= 120 || arguments == "inspect observation", "{widest} columns: {ended}");
        assert!(!ended.stdout.contains("NaN") && !ended.stdout.contains("inf "), "{ended}");
        assert!(ended.stdout.lines().all(|line| line.trim_end() == line), "spaces at line ends: {ended}");
        assert!(
            ended
                .stderr
                .lines()
                .all(|line| ["train:", "compare:", "tune:", "report:"].iter().any(|task| line.starts_with(task))),
            "{ended}"
        );
        assert_eq!(place.restock(&format!("{arguments} --help")).expect(OK).stderr, "");
    }
    let policy = place.bytes("device.policy");
    assert_eq!(policy, place.bytes("trained/restock.policy"));
    for file in ["manifest.json", "scenario.bin", "checkpoint.bin", "metrics.jsonl", "results.json", "tensorboard"] {
        assert!(place.path("trained").join(file).exists(), "{file} is missing");
    }
    // The agents have the names that the run beside the file gives them.
    assert!(place.restock("inspect trained/restock.policy").stdout.contains("factory"));
    place.restock("simulate net --policy device.policy --replicas 1").expect(OK);
}

#[test]
fn every_command_prints_one_versioned_json_document() {
    let place = Workplace::with_network();
    for arguments in COMMANDS {
        let ended = place.restock(&format!("{arguments} --json -q")).expect(OK);
        let document = ended.json();
        let command = arguments.split(' ').next().unwrap_or_default();
        let named = if arguments == "inspect observation" { "observation" } else { command };
        let version = if command == "compare" { 2 } else { 1 };
        assert_eq!(document["format"], format!("restock-{named}/{version}"), "{ended}");
        assert_eq!(ended.stderr, "", "quiet means quiet: {ended}");
    }
    let results: Value = serde_json::from_str(&place.read("trained/results.json")).expect("JSON");
    assert_eq!(results["format"], "restock-compare/2");
}

#[test]
fn a_comparison_is_made_of_figures_that_fit_together() {
    let place = Workplace::with_run();
    let document = place.restock("compare run --replicas 3 --tune-looks 0 --json").expect(OK).json();
    let policies = document["policies"].as_array().expect("a list");
    let names: Vec<_> = policies.iter().filter_map(|p| p["policy"].as_str()).collect();
    assert_eq!(
        names,
        [
            "periodic review (7 days)",
            "(s, S)",
            "base stock",
            "base stock on forecast",
            "static LP",
            "PPO float",
            "PPO int8"
        ]
    );
    for policy in policies {
        let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
        let terms: f64 = policy["cost_terms"].as_object().expect("terms").values().map(number).sum();
        let total = number(&policy["total_cost"]);
        assert!((terms - total).abs() <= 1e-6 * total, "{terms} is not {total}");
        assert!(number(&policy["total_cost_ci95"]) >= 0.0);
        assert!((0.0..=1.0).contains(&number(&policy["delivery_rate"])));
        assert!((100.0..=200.0).contains(&number(&policy["hyperscore"])));
    }
    assert_eq!(policies[0]["versus_periodic_review_percent"], Value::Null);
}

#[test]
fn one_path_has_no_interval_and_no_number_is_nan() {
    let place = Workplace::with_run();
    let ended = place.restock("compare run --replicas 1 -q --tune-looks 6 --tune-paths 1").expect(OK);
    assert!(!ended.stdout.contains('±') && !ended.stdout.contains("NaN"), "{ended}");
    let document = place.restock("compare run --replicas 1 --json -q --tune-looks 6 --tune-paths 1").expect(OK).json();
    assert_eq!(document["policies"][1]["total_cost_ci95"], Value::Null);
    assert_eq!(document["policies"][1]["versus_periodic_review_percent"][1], Value::Null);
    place.restock("verify run").expect(OK);
}

#[test]
fn lost_sales_several_suppliers_and_no_production_work_all_the_way() {
    let place = Workplace::with_network();
    place.write(
        "net/nodes.csv",
        "name,sells,unmet,review_period_days\nshop,yes,lost,1\nkiosk,yes,lost,2\ndepot,no,,1\n",
    );
    place.write(
        "net/lanes.csv",
        "supplier,customer,route,lead_time,capacity_per_day,order_lead_time_days\ndepot,shop,road,2,,\ndepot,shop,van,1,40,\n\
         outside,shop,direct,5:0.5 9:0.5,,1\ndepot,kiosk,road,1:0.5 2:0.5,,\noutside,depot,sea,9,,\n",
    );
    place.write("net/stockpoints.csv", "node,product,lot_size\nshop,lamp,4\n");
    place.restock("check net").expect(OK);
    for policy in ["textbook", "base-stock", "reorder-point", "periodic-review"] {
        let ended = place.restock(&format!("simulate net --policy {policy} --replicas 2")).expect(OK);
        assert!(ended.stdout.contains("lost sale") && !ended.stdout.contains("NaN"), "{ended}");
    }
    place.restock("train net --out run -q").expect(OK);
    let document = place.restock("compare run --replicas 1 --json -q --tune-looks 6 --tune-paths 1").expect(OK).json();
    assert!(
        document["policies"]
            .as_array()
            .is_some_and(|all| all.iter().all(|p| p["cost_terms"]["lost_sale"].as_f64() > Some(0.0)))
    );
    place.restock("verify run").expect(OK);
    place.restock("explain --run run --node kiosk --product towel --day 30").expect(OK);
}

#[test]
fn one_product_and_one_day_are_enough() {
    let place = Workplace::with_network();
    place.write("net/products.csv", "name,unit_price,demand\nmug,4.50,poisson(6)\n");
    place.write("net/stockpoints.csv", "node,product,initial_inventory\nshop,mug,12\n");
    place.restock("train net --out run -q").expect(OK);
    place.restock("compare run --replicas 2 -q --tune-looks 6 --tune-paths 1").expect(OK);
    place.restock("verify run").expect(OK);
    // A single day can be simulated; to learn from, it is too short, and that is said before anything is made.
    place.edit("net/network.toml", "horizon_days = 182", "horizon_days = 1");
    let text = place.read("net/network.toml");
    let (before, events) = text.split_once("[[events]]").expect("the starter has an event");
    place.write("net/network.toml", before.to_owned() + events.split_once("\n\n").expect("a section follows").1);
    for policy in ["textbook", "base-stock", "reorder-point", "periodic-review"] {
        let document = place.restock(&format!("simulate net --policy {policy} --json")).expect(OK).json();
        assert_eq!(document["protocol"]["days"], 1);
    }
    let warned = place.restock("check net").expect(OK);
    assert!(warned.stderr.starts_with("warning: network.toml: can be simulated, but not trained on"), "{warned}");
    let refused = place.restock("train net --out short").refused(DATA, &["training needs 28 days", "the horizon is 1"]);
    assert!(!place.path("short").exists(), "{refused}");
}

#[test]
fn an_explanation_adds_up() {
    let place = Workplace::with_run();
    let mut ordered = 0;
    for (node, product, day) in [
        ("shop", "mug", 0),
        ("shop", "candle", 33),
        ("shop", "kettle", 90),
        ("shop", "lamp", 160),
        ("factory", "candle", 61),
        ("factory", "mug", 155),
        ("factory", "lamp", 181),
        ("supplier", "towel", 77),
        ("supplier", "kettle", 7),
    ] {
        let arguments = format!("explain --run run --node {node} --product {product} --day {day}");
        let ended = place.restock(&format!("{arguments} --json")).expect(OK);
        let document = ended.json();
        let number = |key: &str| document[key].as_f64().unwrap_or_else(|| panic!("{key}: {ended}"));
        let parts = number("inventory_level") + number("in_transit") + number("waiting_upstream") + number("in_works");
        assert!((number("position") - parts).abs() < 1e-9, "{ended}");
        assert!((number("level") - number("forecast") - number("safety")).abs() < 1e-9, "{ended}");
        let missing = number("level") - number("position");
        let (order, lot, least) = (number("order"), number("lot_size"), number("order_min"));
        let most = document["cap"].as_f64().map_or(number("order_max"), |cap| cap.min(number("order_max")));
        assert!(order <= most && order >= 0.0 && order % lot == 0.0, "{ended}");
        if missing <= 0.0 {
            assert_eq!(order, 0.0, "{ended}");
        } else if missing.max(least) + lot <= most {
            assert!(order >= missing.max(least) && order < missing.max(least) + lot, "{ended}");
            ordered += 1;
        }
        // The words say the same numbers.
        let told = place.restock(&arguments).expect(OK);
        let line = |start: &str| {
            told.stdout
                .lines()
                .find(|line| line.trim_start().starts_with(start))
                .unwrap_or_else(|| panic!("{start}: {told}"))
        };
        assert!(
            line("position").contains(&format!(
                " {} = inventory level {}",
                number("position"),
                number("inventory_level")
            )),
            "{told}"
        );
        assert!(
            line("level").contains(&format!(" {} = forecast {:.1}", number("level"), number("forecast"))),
            "{told}"
        );
        assert!(line("order").contains(&format!(" {}: ", number("order"))), "{told}");
    }
    assert!(ordered >= 3, "only {ordered} of the days had a plain order");
}

#[test]
fn an_explanation_that_can_not_be_given_says_what_can() {
    let place = Workplace::with_run();
    let explain = |rest: &str| place.restock(&format!("explain --run run {rest}"));
    explain("--node supplier --product mug --day 8 --json").refused(USAGE, &["every 7 days", "next on day 14"]);
    explain("--node shpo --product mug --day 8").refused(USAGE, &["`shpo`", "shop, factory, supplier"]);
    explain("--node shop --product mag --day 8").refused(USAGE, &["`mag`", "mug, lamp"]);
    explain("--node shop --product mug --day 182").refused(USAGE, &["the last day of the path is 181"]);
    explain("--node shop --product mug --day 4294967295").refused(USAGE, &["the last day of the path is 181"]);
}

#[test]
fn what_is_simulated_depends_on_the_seed_and_on_nothing_else() {
    let place = Workplace::new();
    let digest = |rest: &str| {
        let ended =
            place.restock(&format!("simulate --replicas 3 --days 40 --warmup-days 10 --json {rest}")).expect(OK);
        ended.json()["policy"]["digest"].as_str().map(str::to_owned).unwrap_or_else(|| panic!("{ended}"))
    };
    let first = digest("--threads 1");
    assert_eq!(digest("--threads 1"), first);
    assert_eq!(digest("--threads 3"), first);
    assert_eq!(digest(""), first);
    assert_ne!(digest("--seed 2"), first);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = Workplace::with_run();
    for arguments in
        ["inspect observation", "simulate net --replicas 1", "compare run --replicas 1 --tune-looks 0 --json"]
    {
        let mut child = place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        drop(child.stdout.take());
        drop(child.stderr.take());
        let ended = child.wait_with_output().expect("ends");
        assert_eq!(ended.status.code(), Some(OK), "{arguments}");
    }
    if let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") {
        let output = place.command("inspect observation").stdout(full).output().expect("starts");
        Ended::of("inspect observation", output).refused(FAILED, &["stdout"]);
    }
}

#[test]
fn the_help_names_the_exit_codes() {
    let place = Workplace::new();
    let help = place.restock("--help").expect(OK).stdout;
    for code in ["0 done", "1 failed", "2 usage", "3 bad input data", "10 a check failed", "130 interrupted"] {
        assert!(help.contains(code), "{help}");
    }
    assert!(place.restock("--version").expect(OK).stdout.contains(env!("CARGO_PKG_VERSION")));
}
