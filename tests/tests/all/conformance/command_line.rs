//! `restock solve` and the rules of `restock simulate` as their users meet them.

use super::folder;
use super::solver::{TOML, own};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Exit code, stdout, stderr.
fn restock(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_restock-under-test")).args(arguments).output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("prints UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn shown(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn solve_prints_the_optimum_its_rules_and_how_to_run_them() {
    let path = folder("lost-sales-p4-l2");
    let (code, text, errors) = restock(&["solve", shown(&path), "-q"]);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    for words in ["lost sales", "4.3953", "S=17 cap=5", "4.4057", "--policy capped-base-stock:S=17,cap=5"] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    let (code, json, errors) = restock(&["solve", shown(&path), "--json", "-q"]);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    let document: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(document["format"], "restock-solve/1");
    let product = &document["products"][0];
    assert_eq!(product["family"], "lost-sales");
    assert!((document["cost_per_day"].as_f64().expect("a cost") - 4.3953).abs() < 1e-4, "{document}");
    // What it says to run is run, and costs what it says.
    let policy = product["rules"][1]["policy"].as_str().expect("a policy");
    let promised = product["rules"][1]["cost"].as_f64().expect("a cost");
    let run = ["simulate", shown(&path), "--policy", policy, "--replicas", "32", "--days", "3840", "--json"];
    let (code, json, errors) = restock(&run);
    assert_eq!(code, Some(0), "{errors}");
    let document: Value = serde_json::from_str(&json).expect("JSON");
    let figure = |key: &str| document["cost_per_day"][key].as_f64().expect("a number");
    assert!((figure("mean") - promised).abs() < 4.0 * figure("standard_error"), "{document}");
    assert_eq!(document["nodes"][0]["node"], "shop");
}

#[test]
fn a_network_without_an_exact_optimum_is_told_every_reason_and_what_would_be_right() {
    let path = own(
        "unsolvable",
        &[
            ("network.toml", TOML.replace("UNITS", "1").as_str()),
            ("nodes.csv", "name,sells,review_period_days\nshop,yes,7\ndepot,no,1\nkiosk,yes,1\n"),
            (
                "lanes.csv",
                "supplier,customer,route,lead_time,capacity_per_day\ndepot,shop,van,1:0.5 2:0.5,\ndepot,kiosk,van,1,\n\
                 outside,depot,ship,9,40\n",
            ),
            ("products.csv", "name,unit_price,demand\na,1,poisson(2)\n"),
        ],
    );
    let (code, text, errors) = restock(&["solve", shown(&path)]);
    assert_eq!((code, text.as_str()), (Some(3), ""));
    for words in [
        "no exact optimum",
        "shop decides every 7 days, should be review_period_days = 1",
        "random lead time, should be one number of days",
        "has a capacity, should be unlimited",
        "a chain of nodes in a row",
    ] {
        assert!(errors.contains(words), "{words:?} is not in\n{errors}");
    }
    std::fs::remove_dir_all(path).expect("removes");
    let path = own(
        "fixed-and-lost",
        &[
            ("network.toml", TOML.replace("UNITS", "1").as_str()),
            ("nodes.csv", "name,sells,unmet\nshop,yes,lost\n"),
            ("lanes.csv", "supplier,customer,route,lead_time\noutside,shop,van,2\n"),
            ("products.csv", "name,unit_price,lot_size,demand\na,1,6,poisson(2)\n"),
            ("stockpoints.csv", "node,product,holding_cost,lost_sale_cost,order_cost\nshop,a,1,9,5\n"),
        ],
    );
    let (code, _, errors) = restock(&["solve", shown(&path)]);
    assert_eq!(code, Some(3));
    assert!(errors.contains("shop/a has an ordering cost and loses sales, should be order_cost = 0"), "{errors}");
    assert!(errors.contains("shop/a orders in lots of 6, should be lot_size = 1"), "{errors}");
    std::fs::remove_dir_all(path).expect("removes");
    let (code, _, errors) = restock(&["solve"]);
    assert!(code == Some(2) && errors.contains("NETWORK"), "{errors}");
    let (code, _, errors) = restock(&["solve", "nowhere"]);
    assert!(code == Some(3) && errors.contains("there is no such folder"), "{errors}");
}

#[test]
fn a_wrong_rule_says_what_would_be_right() {
    let path = folder("beer-game");
    for (policy, words) in [
        ("base-stock:S", &["\"S\"", "base-stock:S=12"][..]),
        ("base-stock:S=many", &["not a number"]),
        ("base-stock:S=3.5", &["whole at unit_scale = 1"]),
        ("base-stock:S=1,S=2", &["is there twice"]),
        ("base-stock:s=12", &["\"s=12\"", "base-stock:S=12"]),
        ("base-stock:shop.S=12", &["there is no \"shop\"", "retailer, wholesaler"]),
        ("base-stock:retailer.S=12", &["no S for wholesaler"]),
        ("capped-base-stock:S=12", &["no cap for retailer"]),
        ("capped-base-stock", &["no S for retailer", "capped-base-stock:S=12,cap=12"]),
        ("anchor-adjust:expected=4,S=28,alpha=2", &["alpha", "from 0 to 1"]),
        ("anchor-adjust:expected=4,S=28,retailer.beta=1", &["names a node"]),
        ("stock-base:S=12", &["known are", "capped-base-stock", "policy files"]),
    ] {
        let (code, text, errors) = restock(&["simulate", shown(&path), "--policy", policy]);
        assert_eq!((code, text.as_str()), (Some(2), ""), "{policy}: {errors}");
        for word in words {
            assert!(errors.contains(word), "{policy}: {word:?} is not in\n{errors}");
        }
    }
}

#[test]
fn a_wrong_open_order_is_reported_with_its_place() {
    let beer = folder("beer-game");
    let names = ["network.toml", "nodes.csv", "lanes.csv", "products.csv", "stockpoints.csv"];
    let texts = names.map(|name| std::fs::read_to_string(beer.join(name)).expect("reads"));
    let mut files: Vec<(&str, &str)> = names.into_iter().zip(texts.iter().map(String::as_str)).collect();
    files.push((
        "open_orders.csv",
        "supplier,customer,product,stage,days,quantity\nwholesaler,retailler,beer,in_transit,1,4\n\
         wholesaler,retailer,bear,in_transit,1,4\nwholesaler,retailer,beer,waiting,2,4\n\
         wholesaler,retailer,beer,posted,1,4\nwholesaler,retailer,beer,in_mail,1,0.5\n",
    ));
    let path = own("open", &files);
    let (code, _, errors) = restock(&["check", shown(&path)]);
    assert_eq!(code, Some(3));
    for words in [
        "open_orders.csv:2:1: lane \"wholesaler>retailler\" is not in lanes.csv",
        "open_orders.csv:3:21: product \"bear\" is not in products.csv",
        "open_orders.csv:4:34: a waiting order has days = 2, should be 0 or empty",
        "open_orders.csv:5:26: stage is \"posted\"",
        "open_orders.csv:6:36: quantity is 0.5",
    ] {
        assert!(errors.contains(words), "{words:?} is not in\n{errors}");
    }
    std::fs::remove_dir_all(path).expect("removes");
}
