//! Wrong input is named with its place and with what would be right, all of it at once.

use super::*;

#[test]
fn every_planted_error_is_reported_with_file_line_and_column() {
    let place = Workplace::with_network();
    place.edit("net/network.toml", "horizon_days = 182", "horizon_days = \"long\"");
    place.edit("net/network.toml", "actor_hidden = [8]", "actor_hiden = [8]");
    place.edit("net/nodes.csv", "shop,yes,backorder,1", "shop,yes,backorder,weekly");
    place.edit("net/lanes.csv", "supplier,factory,air", "suplier,factory,air");
    place.edit("net/products.csv", "lamp,Desk lamp,24.00", "lamp,Desk lamp,cheap");
    let expected = [
        ("lanes.csv", 7, "suplier"),
        ("network.toml", 4, "horizon_days is \"long\""),
        ("network.toml", 41, "training.ppo.actor_hiden is not known"),
        ("nodes.csv", 6, "weekly"),
        ("products.csv", 6, "cheap"),
    ];
    let shown = place.restock("check net").refused(DATA, &["\n5 errors"]).stderr;
    let ended = place.restock("check net --json").expect(DATA);
    let document = ended.json();
    let errors = document["errors"].as_array().expect("a list");
    assert_eq!(errors.len(), expected.len(), "{ended}");
    for (error, (file, line, found)) in errors.iter().zip(expected) {
        assert_eq!((error["file"].as_str(), error["line"].as_u64()), (Some(file), Some(line)), "{ended}");
        assert!(
            error["column"].as_u64() >= Some(1) && error["found"].as_str().is_some_and(|text| text.contains(found)),
            "{ended}"
        );
        assert!(error["expected"].as_str().is_some_and(|text| !text.is_empty()), "{ended}");
        // People see the same.
        let text = |key: &str| error[key].as_str().unwrap_or_default();
        let sentence =
            format!("{file}:{line}:{}: {}, should be {}\n", error["column"], text("found"), text("expected"));
        assert!(shown.contains(&sentence), "{sentence} is not in\n{shown}");
    }
    // Whatever needs the network refuses it in the same words.
    for arguments in ["simulate net", "train net --out run"] {
        assert_eq!(place.restock(arguments).refused(DATA, &[]).stderr, shown);
    }
    assert!(!place.path("run").exists());
}

#[test]
fn training_settings_are_refused_before_training() {
    for (from, to, complaint) in [
        ("seed = 3", "sed = 3", "training.sed is not known, should be \"seed\""),
        ("seed = 3", "seed = -3", "training.seed is -3, should be a whole number that is not negative"),
        ("minibatch = 256", "minibatch = 0", "training.ppo.minibatch is 0, should be 1 or more"),
        ("minibatch = 256", "clip = 2.0", "training.ppo.clip is 2.0, should be above 0 and below 1"),
        ("minibatch = 256", "path = \"fast\"", "training.ppo.path is \"fast\", should be \"burn\" or \"fused\""),
        (
            "actor_hidden = [8]",
            "actor_hidden = [129]",
            "training.ppo.actor_hidden is [129], should be at most 3 layers of 1 to 128 units",
        ),
        (
            "actor_hidden = [8]",
            "actor_hidden = [8, 8, 8, 8]",
            "training.ppo.actor_hidden is [8, 8, 8, 8], should be at most 3 layers",
        ),
        ("actor_hidden = [8]", "actor_hidden = 8", "training.ppo.actor_hidden is 8, should be a list of whole numbers"),
        ("replicas = 2", "replicas = 5000", "training.rollout.replicas is 5000, should be 1 to 4096, or 0:"),
        ("days = 14", "days = 0", "training.rollout.days is 0, should be 1 to 4096"),
        ("days = 14", "hyperscore_weight = nan", "training.rollout.hyperscore_weight is NaN, should be 0 to 1000"),
        (
            "validation_replicas = 1",
            "validation_replicas = 20000",
            "training.validation_replicas is 20000, should be 1 to 10000, or 0:",
        ),
    ] {
        let place = Workplace::with_network();
        // The last of its kind: the sections before [training] have keys of the same names.
        let text = place.read("net/network.toml");
        let (before, training) = text.split_once("[training]").expect("the section");
        assert!(training.contains(from), "{from}");
        place.write("net/network.toml", format!("{before}[training]{}", training.replacen(from, to, 1)));
        let sentence = place.restock("check net").refused(DATA, &["network.toml:", complaint, "1 error"]).stderr;
        assert_eq!(place.restock("train net --out run").refused(DATA, &[]).stderr, sentence);
        assert!(!place.path("run").exists());
    }
}

#[test]
fn settings_that_do_not_fit_the_network_are_warned_of_and_not_trained_with() {
    for (from, to, complaint) in [
        ("\ndays = 14", "\ndays = 6", "rollout.days is 6, but supplier decides every 7 days"),
        ("\ndays = 14", "\ndays = 170", "training needs 184 days"),
        ("replicas = 2\ndays = 14", "replicas = 4096\ndays = 160", "decisions, at most 67108864 fit"),
    ] {
        let place = Workplace::with_network();
        if complaint.contains("at most") {
            // The limit is of memory: the starter's five products never reach it.
            let names: String = (0..120).map(|i| format!("p{i},1.0,poisson(2)\n")).collect();
            place.write("net/products.csv", format!("name,unit_price,demand\n{names}"));
            fs::remove_file(place.path("net/stockpoints.csv")).expect("removes");
        }
        let text = place.read("net/network.toml");
        let (before, training) = text.split_once("[training.rollout]").expect("the section");
        assert!(training.contains(from), "{from}");
        place.write("net/network.toml", format!("{before}[training.rollout]{}", training.replacen(from, to, 1)));
        let warned = place.restock("check net").expect(OK);
        assert!(warned.stderr.contains(complaint), "{warned}");
        place.restock("train net --out run").refused(DATA, &[complaint]);
        assert!(!place.path("run").exists());
        place.restock("simulate net --replicas 1").expect(OK);
    }
}

#[test]
fn a_wrong_command_line_says_what_would_be_right() {
    let place = Workplace::with_run();
    for (arguments, words) in [
        ("", &["Usage:", "Commands:"][..]),
        ("simulat net", &["simulate"]),
        ("simulate net --replicaz 3", &["--replicas"]),
        ("simulate net --replicas 0", &["0 is not in 1.."]),
        ("simulate net --replicas 4294967295", &["is not in 1..=100000"]),
        (
            "simulate net --policy nothing",
            &[
                "nothing",
                "textbook, base-stock, reorder-point, periodic-review, static-lp, rolling-lp, rolling-lp-safety, rolling-lp-stochastic and policy files",
            ],
        ),
        ("simulate net --period-days 0", &["0 is not in 1..=128"]),
        ("simulate net --days 0", &["0 is not in 1.."]),
        ("simulate net --days 400", &["400 days do not fit the horizon of 182 days"]),
        ("simulate net --first-day 182", &["do not fit the horizon"]),
        ("simulate net --first-day 4294967295 --warmup-days 4294967295", &["do not fit the horizon"]),
        ("simulate net --threads 0", &["0 is not in 1.."]),
        ("train net --out run", &["already holds a run", "--resume run"]),
        ("train net --resume run", &["cannot be used with"]),
        ("train net --iterations 0", &["0 is not in 1.."]),
        ("compare run --replicas 0", &["0 is not in 1.."]),
        ("init net", &["net is not empty"]),
        ("init other --demand sales.csv", &["--products"]),
        ("explain --run run --node shop --product mug", &["--day"]),
    ] {
        place.restock(arguments).refused(USAGE, words);
    }
}

#[test]
fn what_is_not_there_is_named() {
    let place = Workplace::with_run();
    let missing = ["nowhere: there is no such folder", "`restock init`"];
    place.restock("check nowhere").refused(DATA, &missing);
    place.restock("simulate nowhere").refused(DATA, &missing);
    place.restock("train nowhere").refused(DATA, &missing);
    place.restock("check net/nodes.csv").refused(DATA, &["net/nodes.csv: is not a folder"]);
    for command in ["compare nowhere", "verify nowhere", "pack nowhere", "train --resume nowhere"] {
        place.restock(command).refused(DATA, &["nowhere/manifest.json", "`restock train`"]);
    }
    place.restock("explain --run nowhere --node a --product b --day 1").refused(DATA, &["nowhere/manifest.json"]);
    place.restock("inspect nowhere.policy").refused(DATA, &["nowhere.policy"]);
    place.restock("init from-history --demand a.csv --products b.csv").refused(DATA, &["a.csv"]);
    fs::remove_file(place.path("net/lanes.csv")).expect("removes");
    place.restock("check net").refused(DATA, &["lanes.csv: is missing in net", "1 error"]);
}
