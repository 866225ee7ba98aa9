//! The folder as a whole: what is right loads, what is wrong is reported at its place, all at once.

use super::files::Files;
use super::*;
use restock_core::Scenario;
use restock_core::layout::Column;
use std::path::PathBuf;

fn starter() -> Files {
    starter::files()
}

/// A file, a text in it, and what to put in its place.
type Edit<'e> = (&'static str, &'e str, &'e str);

/// The starter with texts replaced.
fn edited(edits: &[Edit<'_>]) -> Files {
    let mut files = starter();
    for (file, from, to) in edits {
        let text = String::from_utf8(files.0[file].clone()).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}");
        files.0.insert(file, text.replacen(from, to, 1).into_bytes());
    }
    files
}

fn shown(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

fn errors(files: &Files) -> Vec<String> {
    shown(&files.load().expect_err("should be refused").errors)
}

#[test]
fn the_starter_passes_every_check() {
    let loaded = starter().load().unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(shown(&loaded.warnings), Vec::<String>::new());
    assert_eq!(loaded.training.seed, 1);
    let spec = &loaded.spec;
    // Customers first, whatever the order of the file.
    assert_eq!(spec.nodes.iter().map(|n| n.name.as_str()).collect::<Vec<_>>(), ["shop", "factory", "supplier"]);
    assert_eq!(spec.route_name(1), "factory>shop:express");
    assert_eq!(spec.nodes.iter().map(|n| n.echelon).collect::<Vec<_>>(), [0, 1, 2]);
    // 24 mugs a day for the shop, the factory and the supplier alike.
    for n in 0..3 {
        assert!((f64::from(spec.value(Column::DemandMean, n, 0)) / 4096.0 - 24.0).abs() < 0.01);
    }
    // Road takes 3 days, review 1: an order covers 3. The factory waits 6.25 days and makes in 2: 9.
    assert_eq!((0..3).map(|n| spec.value(Column::ProtectionDays, n, 0)).collect::<Vec<_>>(), [3, 9, 13]);
    // 2 % of the price a day against 25 % of the value a year: z of 0.967 is 1.84.
    assert!((spec.value(Column::SafetyFactor, 0, 0) - 471).abs() <= 2, "{}", spec.value(Column::SafetyFactor, 0, 0));
    assert_eq!(spec.value(Column::InventoryInitial, 0, 4), 12);
    assert_eq!(spec.value(Column::LotSize, 1, 3), 12);
    assert_eq!(spec.value(Column::LotSize, 0, 3), 6);
    // 1.5 from 3 to 9 June 2024, then as before.
    assert_eq!(spec.events.iter().map(|e| (e.day, e.value_q12)).collect::<Vec<_>>(), [(154, 6144), (161, 4096)]);
}

#[test]
fn an_image_goes_to_a_file_and_back() {
    let spec = starter().load().unwrap().spec;
    assert!(spec.is_consistent());
    let image = spec.image().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("scenario.bin");
    write_image(&path, &image).unwrap();
    assert_eq!(read_image(&path).unwrap(), image);
    let scenario = Scenario::new(&image).unwrap();
    assert_eq!(scenario.products(), 5);
    assert_eq!(scenario.nodes()[1].capacity, Some(70));
    std::fs::write(&path, [1, 2, 3]).unwrap();
    assert!(read_image(&path).is_err());
}

#[test]
fn the_order_of_rows_changes_no_stockpoint() {
    let files = edited(&[
        ("nodes.csv", "shop,yes,backorder,1,,,,100\n", ""),
        ("nodes.csv", "supplier,no,,7,,,,50\n", "supplier,no,,7,,,,50\nshop,yes,backorder,1,,,,100\n"),
    ]);
    let (moved, plain) = (files.load().unwrap().spec, starter().load().unwrap().spec);
    assert_eq!(moved, plain);
}

#[test]
fn the_default_network_is_the_folder_it_writes() {
    let spec = default_network();
    assert_eq!(spec.stockpoint_count(), 600);
    let image = spec.image().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("goods");
    // The price of room for half as much demand again (`MONEY_SCALE`): one doubt, of a third of a percent.
    let doubts = shown(&write_default(&folder).unwrap());
    let known =
        "network.toml:6:15: money_scale is 200000: holding cost loses 0.36 % by rounding at supplier/garden-135";
    assert!(doubts.len() == 1 && doubts[0].starts_with(known), "{doubts:?}");
    assert_eq!(load(&folder).unwrap().spec, spec);
    assert!(matches!(write_default(&folder), Err(InitError::Exists(_))));
    let mean: f64 = (0..200).map(|p| f64::from(spec.value(Column::DemandMean, 0, p)) / 4096.0).sum::<f64>() / 200.0;
    println!(
        "default network: {} image words, {mean:.2} units a day and product, capacity {:?}, position limit {}, greatest demand {}, reference holding {}",
        image.len(),
        spec.nodes[1].capacity,
        spec.position_max,
        spec.demand_max,
        spec.reference_holding
    );
    assert!((3.0..20.0).contains(&mean));
}

#[test]
fn a_lead_time_may_be_a_pearson_curve_by_moments_or_by_parameters() {
    let with = |cell: &str| edited(&[("lanes.csv", "2:0.2 3:0.6 4:0.2", cell)]);
    let spec = with("\"pearson4(mean=4, sd=1.2, skew=1, kurt=6)\"").load().unwrap().spec;
    let route = &spec.routes[0];
    assert!((f64::from(route.lead_mean_q8) / 256.0 - 4.0).abs() < 0.02, "{}", route.lead_mean_q8);
    let (deviation, mean) = (spec.tables[route.lead_tables[0]].variance.sqrt(), spec.tables[route.lead_tables[0]].mean);
    assert!((deviation - 1.2).abs() < 0.1 && (mean - 4.0).abs() < 0.02, "{mean} {deviation}");
    assert_eq!(spec.ring_days, 13, "six deviations above the mean, and one");
    let by_parameters = with("\"pearson4(lambda=3, a=1.5, m=4, nu=-3, max=9)\"").load().unwrap().spec;
    assert_eq!(by_parameters.ring_days, 10);
    for (cell, expected) in [
        (
            "\"pearson4(mean=4, sd=1, skew=1, kurt=4)\"",
            "lanes.csv:4:19: lead_time is \"pearson4(mean=4, sd=1, skew=1, kurt=4)\", should be of Pearson type IV: at skewness 1 that is a kurtosis above 4.970",
        ),
        (
            "\"pearson4(4, 1, 1, 6)\"",
            "lanes.csv:4:19: lead_time is \"pearson4(4, 1, 1, 6)\", should be pearson4(mean=.., sd=.., skew=.., kurt=..)",
        ),
        ("\"pearson4(mean=4, sd=1, skew=1, kurt=6, max=200)\"", "should be a max from 1 to 127 days"),
        ("\"pearson4(mean=4, sd=1, skew=6, kurt=90)\"", "should be a skewness between -5.65 and 5.65"),
    ] {
        let found = errors(&with(cell)).join("\n");
        assert!(found.contains(expected), "missing: {expected}\nfound: {found}");
    }
    let cut = with("\"pearson4(mean=4, sd=3, skew=1, kurt=6, max=6)\"").load().unwrap();
    assert!(shown(&cut.warnings).join("\n").contains("of the curve lie outside"), "{:?}", shown(&cut.warnings));
}

#[test]
fn groups_campaigns_and_trends_are_read_and_their_errors_placed() {
    let season = "weekly = [0.9, 0.9, 0.9, 1.0, 1.2, 1.4, 0.7]                          # Monday first";
    let with = |season_adds: &str, sections: &str| {
        let (season_adds, sections) = (format!("{season}\n{season_adds}"), format!("{sections}\n[hyperscore]"));
        edited(&[
            ("network.toml", season, &season_adds),
            ("network.toml", "[hyperscore]", &sections),
            ("products.csv", ",season,demand", ",season,group,demand"),
            ("products.csv", ",,,shop,\"negative_binomial(24", ",,,shop,kitchen,\"negative_binomial(24"),
            ("products.csv", ",,,shop,poisson(6)", ",,,shop,,poisson(6)"),
            ("products.csv", ",,,shop,\"negative_binomial(12", ",,,shop,bath,\"negative_binomial(12"),
            ("products.csv", ",1,1,6,,shop,", ",1,1,6,,shop,bath,"),
            ("products.csv", ",2,,2,flat,", ",2,,2,flat,kitchen,"),
        ])
    };
    let spec = with(
        "campaign = \"flyer\"\ntrend_percent_per_year = 5",
        "[campaigns.flyer]\nweeks = [10]\nfactor = 2\nafter = 0.5\n[shocks]\ndeviation = 0.3",
    )
    .load()
    .unwrap()
    .spec;
    assert_eq!(spec.groups, ["kitchen", "bath"]);
    assert_eq!(spec.products.iter().map(|p| p.group).collect::<Vec<_>>(), [Some(0), None, Some(1), Some(1), Some(0)]);
    let shock = spec.group_shock().unwrap();
    assert!((shock.variance.sqrt() / 4096.0 - 0.3).abs() < 0.01 && (shock.mean / 4096.0 - 1.0).abs() < 1e-3);
    let shop = spec.profiles.iter().find(|p| p.name == "shop").unwrap();
    // Week 10 begins on day 63, a Monday in 2024: twice the Monday before, and half of that a week later.
    let ratio = |a: usize, b: usize| f64::from(shop.row[a]) / f64::from(shop.row[b]);
    assert!(
        (ratio(63, 56) - 2.0).abs() < 0.05 && (ratio(70, 56) - 0.5).abs() < 0.02,
        "{} {}",
        ratio(63, 56),
        ratio(70, 56)
    );
    assert!((ratio(365, 0) - 1.05).abs() < 0.002, "{}", ratio(365, 0));
    let found =
        errors(&with("campaign = \"flier\"", "[campaigns.flyer]\nfactor = -1\n[shocks]\nstrength = 2")).join("\n");
    for expected in [
        "campaign is \"flier\", should be \"flyer\"",
        "campaign flyer has no weeks",
        "campaigns.flyer.factor is -1",
        "shocks have no deviation",
        "shocks.strength is not known",
    ] {
        assert!(found.contains(expected), "missing: {expected}\n{found}");
    }
    let alone = edited(&[("network.toml", "[hyperscore]", "[shocks]\ndeviation = 0.3\n[hyperscore]")]).load().unwrap();
    assert!(shown(&alone.warnings).join("\n").contains("no product is in a group"));
}

/// Twenty errors in five files: each must be reported, at its line and column.
#[test]
fn twenty_planted_errors_are_all_reported_at_their_places() {
    let mut files = Files::default();
    let mut put = |name: &'static str, text: &str| files.0.insert(name, text.as_bytes().to_vec());
    put(
        "network.toml",
        "start = \"2024-02-30\"\nhorizon_days = 9000\nunit_scale = 1\nmony_scale = 100\n[costs]\norder_cost = \"cheap\"\n[[events]]\nkind = \"demand\"\nnode = \"shoop\"\ndate = 2024-06-01\nfactor = 2\n[hyperscore]\nbeta = -1\n",
    );
    put("nodes.csv", "name,sells,reveiw_days,review_period_days\nshop,yes,1,weekly\nfactory,maybe,1,1\nshop,yes,1,1\n");
    put(
        "lanes.csv",
        "supplier,customer,route,lead_time,share\nfactory,shop,road,2:0.5 3:0.4,\noutside,factry,sea,0,\noutside,factory,air,3,1.5\nfactory,shop,road,3,\n",
    );
    put(
        "products.csv",
        "name,unit_price,season,demand,lot_size\nmug,4.5,sumer,poisson(5),\nlamp,-3,,poison(5),\ntowel,,flat,,\ncup,1,flat,normal(5),0.5x\n",
    );
    put("stockpoints.csv", "node,product,order_cost\nshop,mgu,1\n");
    let found = errors(&files);
    let expected = [
        "lanes.csv:2:19: lead_time is \"2:0.5 3:0.4\", should be probabilities that add up to 1, not 0.9",
        "lanes.csv:3:9: customer \"factry\" is not in nodes.csv, should be \"factory\"",
        "lanes.csv:3:20: lead_time is \"0\", should be whole days from 1 to 127",
        "lanes.csv:4:23: share is \"1.5\"",
        "lanes.csv:5:14: route factory>shop:road is there twice (first in line 2)",
        "network.toml:1:9: start is \"2024-02-30\", should be a date such as 2024-12-31",
        "network.toml:2:16: horizon_days is 9000, should be a whole number of days from 1 to 4096",
        "network.toml:4:1: mony_scale is not known, should be \"money_scale\"",
        "network.toml:6:14: costs.order_cost is \"cheap\", should be a cost from 0 to 1000000000",
        "network.toml:7:1: the event's node \"shoop\" is not in nodes.csv, should be \"shop\"",
        "network.toml:13:8: hyperscore.beta is -1",
        "nodes.csv:1:12: column \"reveiw_days\" is not known, should be",
        "nodes.csv:2:12: review_period_days is \"weekly\", should be a whole number of days from 1 to 128",
        "nodes.csv:3:9: sells is \"maybe\", should be one of no, yes",
        "nodes.csv:4:1: node \"shop\" is there twice (first in line 2), should be there once",
        "products.csv:2:9: season is \"sumer\", should be",
        "products.csv:3:6: unit_price is \"-3\"",
        "products.csv:3:10: demand is \"poison(5)\", should be a known family: \"poisson\"",
        "products.csv:4:7: unit_price is empty, should be a price",
        "products.csv:5:12: demand is \"normal(5)\", should be normal(mean, deviation)",
        "products.csv:5:22: lot_size is \"0.5x\"",
        "stockpoints.csv:2:6: product \"mgu\" is not in products.csv, should be \"mug\"",
    ];
    for one in expected {
        assert!(found.iter().any(|f| f.starts_with(one)), "missing: {one}\nfound:\n{}", found.join("\n"));
    }
}

#[test]
fn what_is_wrong_between_the_files_is_reported() {
    let cases: [(&[Edit<'_>], &str); 14] = [
        (&[("lanes.csv", "outside,supplier", "shop,supplier")], "nodes supply one another in a circle"),
        (&[("lanes.csv", "outside,supplier,inbound,7,,,,\n", "")], "node \"supplier\" has no supplier"),
        (&[("nodes.csv", "shop,yes", "shop,no")], "no node sells to customers"),
        (&[("products.csv", "poisson(6)", "")], "product \"lamp\" has no demand at node \"shop\""),
        (&[("products.csv", "poisson(6)", "constant(2.5)")], "should be whole at unit_scale = 1"),
        (&[("products.csv", "poisson(6)", "poisson(600000)")], "mean demand of shop/lamp is 600000"),
        (&[("network.toml", "demand = \"drawn\"", "demand = \"fitted\"")], "there is no demand.csv"),
        (&[("network.toml", "node = \"shop\"", "node = \"factory\"")], "which sells to no customers"),
        (
            &[(
                "network.toml",
                "factor = 1.5",
                "factor = 15.9\n[[events]]\nkind=\"demand\"\nnode=\"shop\"\ndate=2024-06-04\nfactor=2",
            )],
            "events in force multiply to 31.8",
        ),
        (&[("network.toml", "money_scale = 1000000", "money_scale = 1000000000")], "a smaller money_scale"),
        (
            &[("stockpoints.csv", "factory,candle", "factory,mug,1,\nfactory,mug")],
            "stockpoint factory/mug is there twice",
        ),
        (&[("lanes.csv", "1,0.042,,,", "1,0.042,,,3")], ""),
        (
            &[(
                "lanes.csv",
                "outside,supplier,inbound,7,,,,",
                "outside,supplier,inbound,7,,,,\noutside,supplier,inbound,7,,,,",
            )],
            "is there twice",
        ),
        (
            &[
                ("lanes.csv", ",order_lead_time_days", ",share"),
                (
                    "lanes.csv",
                    "supplier,factory,air,3,0.040,,,",
                    "supplier,factory,air,3,0.040,,,0.4\noutside,factory,x,1,,,,0.5",
                ),
            ],
            "shares of the lanes to factory add up to 0.9",
        ),
    ];
    for (edits, expected) in cases {
        match edited(edits).load() {
            Ok(_) => assert_eq!(expected, "", "{edits:?} loaded"),
            Err(problems) => {
                assert!(!expected.is_empty() && problems.to_string().contains(expected), "{edits:?}:\n{problems}")
            }
        }
    }
}

#[test]
fn doubts_are_warnings() {
    let coarse =
        edited(&[("network.toml", "money_scale = 1000000", "money_scale = 100"), ("nodes.csv", "2,70,75", "2,60,75")])
            .load()
            .unwrap();
    let warnings = shown(&coarse.warnings).join("\n");
    assert!(warnings.contains("network.toml:6:15: money_scale is 100: holding cost rounds to 0"), "{warnings}");
    assert!(warnings.contains("capacity_per_day is 60, the mean work is 66.0 a day"), "{warnings}");
}

#[test]
fn any_bytes_are_refused_without_panic() {
    const NASTY: [&[u8]; 9] =
        [b"\0", b"\xff\xfe", b"\xff", b"\"", b",", b"\n", b"99999999999999999999", b"-1", b"\xc3"];
    let plain = starter();
    let mut state = 7u32;
    let mut next = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(state >> 8).unwrap() % below
    };
    let names: Vec<&'static str> = plain.0.keys().copied().collect();
    for _ in 0..400 {
        let mut files = plain.clone();
        for _ in 0..1 + next(3) {
            let name = names[next(names.len())];
            let mut bytes = files.0[name].clone();
            let at = next(bytes.len());
            let until = (at + next(4)).min(bytes.len());
            bytes.splice(at..until, NASTY[next(NASTY.len())].iter().copied());
            files.0.insert(name, bytes);
        }
        if let Err(problems) = files.load() {
            assert!(!problems.errors.is_empty());
        }
    }
    for name in names {
        let mut files = plain.clone();
        files.0.insert(name, Vec::new());
        let _ = files.load();
        files.0.remove(name);
        let _ = files.load();
    }
}

#[test]
fn bad_rows_of_demand_are_reported_together() {
    let mut files = edited(&[("network.toml", "demand = \"drawn\"", "demand = \"replay\"")]);
    let text = "date,node,product,quantity\n2024-02-30,shop,mug,1\n2024-01-01,shop,mug,2.5\n2024-01-02,factory,mug,1\n2024-01-03,shop,mugg,1\n2024-01-04,shop,mug,-1\n2024-01-05,shop,mug,1\n2024-01-05,shop,mug,1\n2024-01-06,shop,mug,\n2024-01-07,shop,mug\n";
    files.0.insert("demand.csv", text.as_bytes().to_vec());
    let found = errors(&files).join("\n");
    for place in [
        "2:1: date",
        "3:21: quantity is 2.5",
        "4:12: node",
        "5:17: product",
        "6:21: quantity",
        "8:1: 2024-01-05, shop, mug is there twice (first in line 7)",
        "9:21: quantity is empty",
        "10:1: the row has 3 cells",
    ] {
        assert!(found.contains(&format!("demand.csv:{place}")), "{place} is not in\n{found}");
    }
}

#[test]
fn what_is_no_text_is_named_with_its_place() {
    let mut files = starter();
    files.0.insert("nodes.csv", b"name,sells\nshop,\xffyes\n".to_vec());
    assert!(
        errors(&files).iter().any(|e| e.starts_with("nodes.csv:2:6: byte 0xff is not UTF-8")),
        "{:?}",
        errors(&files)
    );
    let files = edited(&[("lanes.csv", "sea", "s\0a")]);
    assert!(errors(&files).iter().any(|e| e.starts_with("lanes.csv:6:19: a NUL byte")), "{:?}", errors(&files));
    let files = edited(&[("network.toml", "unit_scale = 1 ", "unit_scale = [1")]);
    assert!(errors(&files).iter().any(|e| e.contains("not TOML")), "{:?}", errors(&files));
}

#[test]
fn a_missing_folder_is_reported_file_by_file() {
    let problems = load(&PathBuf::from("no/such/folder")).unwrap_err();
    assert_eq!(problems.errors.len(), 4);
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing() {
    let mut files = starter();
    for bytes in files.0.values_mut() {
        let text = String::from_utf8(bytes.clone()).unwrap().replace('\n', "\r\n");
        *bytes = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    }
    assert_eq!(files.load().unwrap().spec, starter().load().unwrap().spec);
}
