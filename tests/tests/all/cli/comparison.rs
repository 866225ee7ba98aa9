//! `restock compare` with all that it can do: tuned rules, several training seeds, other worlds, real sales, files.

use super::*;

/// What keeps tuning short.
const SHORT: &str = "-q --tune-looks 6 --tune-paths 1";

#[test]
fn every_policy_stands_against_the_best_tuned_rule() {
    let place = Workplace::with_run();
    let document = place.restock(&format!("compare run --replicas 4 --json {SHORT}")).expect(OK).json();
    let rows = document["evidence"]["rows"].as_array().expect("rows");
    let policies = document["policies"].as_array().expect("policies");
    assert_eq!(rows.len(), policies.len());
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
    let tuned: Vec<&Value> = rows.iter().filter(|row| row["origin"] == "tuned").collect();
    assert_eq!(tuned.len(), 6, "six families: {document}");
    let base = rows.iter().find(|row| row["policy"] == document["evidence"]["baseline"]).expect("the baseline");
    assert!(base["verdict"] == "baseline" && base["cost_difference_percent"].is_null());
    assert!(tuned.iter().all(|row| number(&row["cost"]) >= number(&base["cost"])), "the cheapest tuned rule");
    for (row, policy) in rows.iter().zip(policies) {
        assert_eq!(row["policy"], policy["policy"]);
        let (cost, total) = (number(&row["cost"]), number(&policy["total_cost"]));
        assert!((cost - total).abs() < 1e-6 * total);
        assert!(number(&row["tail_cost"]) >= cost);
        let difference = &row["cost_difference_percent"];
        if !difference.is_null() {
            let [low, mean, high] = ["low", "mean", "high"].map(|end| number(&difference[end]));
            assert!(low <= mean && mean <= high, "{row}");
            assert!((mean - 100.0 * (cost / number(&base["cost"]) - 1.0)).abs() < 1e-6, "{row}");
        }
    }
    for rule in document["tuning"]["rules"].as_array().expect("rules") {
        assert!(number(&rule["cost"]) <= number(&rule["cost_start"]), "{rule}");
        assert!(number(&rule["looks"]) <= 6.0 && rule["simulated_days"].as_u64() > Some(0), "{rule}");
    }
    // Tuned once: the same again, and to the bit.
    let kept = place.bytes("run/tuned.json");
    let again = place.restock(&format!("compare run --replicas 4 --json {SHORT}")).expect(OK).json();
    assert!(kept == place.bytes("run/tuned.json") && again == document);
    place.restock("verify run").expect(OK);
}

#[test]
fn several_runs_are_training_seeds_of_one_policy() {
    let place = Workplace::with_run();
    place.edit("net/network.toml", "seed = 3", "seed = 4");
    place.restock("train net --out second -q").expect(OK);
    let document = place.restock(&format!("compare run second --replicas 3 --json {SHORT}")).expect(OK).json();
    assert_eq!(document["training_seeds"], serde_json::json!([3, 4]));
    let row =
        |policy: &str| document["evidence"]["rows"].as_array()?.iter().find(|row| row["policy"] == policy).cloned();
    let learned = row("PPO int8").expect("it took part");
    assert_eq!(learned["seeds"], 2);
    assert!(learned["worst_seed_cost"].as_f64() >= learned["cost"].as_f64());
    assert_eq!(row("tuned (s, S)").expect("it took part")["seeds"], 1);
    place.restock("verify run").expect(OK);
    // The same seed twice would count its luck twice, and another network's run is none of this one.
    place.restock("compare run run -q").refused(USAGE, &["both have the training seed 3"]);
    place.edit("net/products.csv", "24.00", "25.00");
    place.restock("train net --out other -q").expect(OK);
    place.restock("compare run other -q").refused(USAGE, &["runs of one network are compared"]);
}

#[test]
fn no_policy_is_tested_on_paths_that_it_learned_or_was_chosen_on() {
    let place = Workplace::with_run();
    for (seed, what) in [(9, "training"), (10, "validation")] {
        let words = format!("--seed {seed} is the seed of run's {what} paths");
        place.restock(&format!("compare run --seed {seed} -q")).refused(USAGE, &[&words]);
    }
    let document = place.restock(&format!("compare run --replicas 2 --json {SHORT}")).expect(OK).json();
    assert_eq!((&document["protocol"]["seed"], &document["tuning"]["protocol"]["seed"]), (&11.into(), &9.into()));
}

#[test]
fn other_worlds_and_the_frontier_are_run_and_written_down() {
    let place = Workplace::with_run();
    let options = "--shifts --frontier --csv figures.csv --markdown tables.md";
    let ended = place.restock(&format!("compare run --replicas 3 {options} {SHORT}")).expect(OK);
    let widest = ended.stdout.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(widest <= 120 && !ended.stdout.contains("NaN"), "{widest} columns: {ended}");
    for heading in
        ["The paper's table", "The honest one", "Tuning", "Worlds never trained on", "The frontier", "What goes with"]
    {
        assert!(ended.stdout.contains(heading), "{heading}: {ended}");
        assert!(place.read("tables.md").contains(&format!("### {heading}")), "{heading}");
    }
    let csv = place.read("figures.csv");
    let columns = |line: &str| line.replace("\"tuned (s, S)\"", "s").replace("\"(s, S)\"", "s").split(',').count();
    let header = csv.lines().next().expect("a header");
    // A header; four rules and as many tuned ones more as there are families (six), a plan, and two learned policies.
    assert!(csv.lines().count() == 14 && csv.lines().all(|line| columns(line) == columns(header)), "{csv}");
    let results: Value = serde_json::from_str(&place.read("run/results.json")).expect("JSON");
    let worlds = results["shifts"].as_array().expect("worlds");
    let names: Vec<&str> = worlds.iter().filter_map(|world| world["name"].as_str()).collect();
    assert_eq!(names, ["demand x 1.5", "variation x 2", "lead times + 50 %", "outage of 14 days", "capacity - 30 %"]);
    for world in worlds {
        assert!(world["refused"].is_null(), "{world}");
        for row in world["rows"].as_array().expect("rows") {
            assert!(row["p_holm"].as_f64() >= row["cost_difference_percent"]["p_value"].as_f64(), "{row}");
        }
    }
    let points = results["frontier"]["points"].as_array().expect("points");
    assert_eq!(points.len(), 4 * 5, "three rules and the learned policy at five costs: {points:?}");
    place.restock("verify run").expect(OK);
}

#[test]
fn sales_after_the_fit_are_what_a_run_is_tested_on() {
    let place = Workplace::with_network();
    let mut sales = String::from("date,product,quantity\n");
    for day in 0..150 {
        let (month, date) = (1 + day / 28, 1 + day % 28);
        for (product, quantity) in [("mug", 3 + day % 4), ("lamp", day % 3)] {
            sales += &format!("2023-{month:02}-{date:02},{product},{quantity}\n");
        }
    }
    place.write("sales.csv", sales);
    place.write("prices.csv", "product,unit_price\nmug,4.5\nlamp,24\n");
    place.restock("init real --demand sales.csv --products prices.csv --until 2023-04-28").expect(OK);
    assert!(!place.read("real/demand.csv").contains("2023-05"), "what is tested on was fitted on");
    let text = place.read("real/network.toml").replace("horizon_days = 728", "horizon_days = 252");
    place.write("real/network.toml", format!("{text}\n{TINY}"));
    place.restock("train real --out run -q").expect(OK);
    let compare = |from: &str| format!("compare run --replay sales.csv --from {from} --replicas 2 --json {SHORT}");
    let document = place.restock(&compare("2023-05-01")).expect(OK).json();
    // 2023-05-01 is day 120 of the run; the file ends on 2023-06-10, day 160.
    let protocol = &document["protocol"];
    assert_eq!(
        (&protocol["first_day"], &protocol["warmup_days"], &protocol["days"]),
        (&64.into(), &56.into(), &41.into())
    );
    assert!(place.path("run/results-replay.json").exists() && !place.path("run/results.json").exists());
    place.restock(&compare("2024-05-01")).refused(USAGE, &["--from 2024-05-01", "not after 2023-06-10"]);
    place.restock("compare run --replay sales.csv -q").refused(USAGE, &["--from"]);
    place.write("sales.csv", "date,product,quantity\n2023-05-02,mog,3\n");
    place.restock(&compare("2023-05-01")).refused(DATA, &["sales.csv:2:12", "mog"]);
    place.restock("init early --demand sales.csv --products prices.csv --until soon").refused(USAGE, &["--until soon"]);
}

#[test]
fn a_damaged_file_of_tuned_rules_is_named() {
    let place = Workplace::with_run();
    place.write("run/tuned.json", "{\"version\": 1,");
    for command in ["compare run -q", "verify run -q"] {
        place.restock(command).refused(DATA, &["run/tuned.json", "tuned anew"]);
    }
}
