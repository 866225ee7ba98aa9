//! Folders built around a history: a made-up one with a known season, and a real one where it is there.

use super::*;
use crate::input::load;
use restock_core::layout::Column;

/// Four products over 420 days: closed on Sundays, a peak in winter, one absurd order.
fn made_up(dir: &Path) -> (std::path::PathBuf, std::path::PathBuf) {
    let start = Date::parse("2022-01-03").unwrap(); // a Monday
    let mut demand = String::from("product,date,quantity,invoice\n");
    for day in 0..420 {
        let date = start.plus(day);
        let season = 1.0 + 0.4 * (std::f64::consts::TAU * f64::from(day) / 365.0).cos();
        for (p, mean) in [40.0, 80.0, 15.0, 200.0].into_iter().enumerate() {
            let noise = f64::from((day * 7919 + i32::try_from(p).unwrap() * 104_729) % 11 - 5) / 20.0;
            let mut quantity = nearest_units(mean * season * (1.0 + noise));
            if day == 100 && p == 0 {
                quantity = 50_000;
            }
            if date.weekday() != 6 {
                writeln!(demand, "item {p},{date},{quantity},x").unwrap();
            }
        }
    }
    let products = "product,description,unit_price,weight\nitem 0,\"a, quoted\",2.5,1\nitem 1,,3,1\nitem 2,,40,1\nitem 3,,0.85,1\n";
    let (demand_csv, products_csv) = (dir.join("sales.csv"), dir.join("list.csv"));
    std::fs::write(&demand_csv, demand).unwrap();
    std::fs::write(&products_csv, products).unwrap();
    (demand_csv, products_csv)
}

fn nearest_units(value: f64) -> i64 {
    super::super::number::nearest(value)
}

#[test]
fn a_history_becomes_a_network_with_its_season() {
    let dir = tempfile::tempdir().unwrap();
    let (demand, products) = made_up(dir.path());
    let folder = dir.path().join("network");
    let warnings = write_from_history(&folder, &demand, &products).unwrap();
    println!("{warnings:?}");
    let spec = load(&folder).unwrap().spec;
    assert_eq!(spec.nodes[0].name, "retailer");
    // Mean of a day over the year: 6 of 7 days are open.
    let mean = f64::from(spec.value(Column::DemandMean, 0, 1)) / 4096.0;
    assert!((mean / (80.0 * 6.0 / 7.0) - 1.0).abs() < 0.03, "{mean}");
    // The order of 50,000 counts as a large one, not as what it was.
    let with_outlier = f64::from(spec.value(Column::DemandMean, 0, 0)) / 4096.0;
    assert!((with_outlier / (40.0 * 6.0 / 7.0) - 1.0).abs() < 0.1, "{with_outlier}");
    let row = &spec.profiles[0].row;
    assert_eq!(row[6], 0, "closed on Sunday");
    assert!(row[0] > 4096 * 12 / 10 && row[182] < 4096, "{} {}", row[0], row[182]);
    assert_eq!(load(&folder).unwrap().spec, spec, "the fit is the same every time");
    // The same folder, replayed: day 0 of the image is day 0 of the history.
    let toml = std::fs::read_to_string(folder.join("network.toml"))
        .unwrap()
        .replace("demand = \"fitted\"", "demand = \"replay\"");
    std::fs::write(folder.join("network.toml"), toml).unwrap();
    let replayed = load(&folder).unwrap().spec;
    // The last of the 420 days is a Sunday without a row: of 419 days, 59 whole weeks.
    assert_eq!(replayed.replay_days, 413);
    let first: Vec<i32> = replayed.replay[..4].to_vec();
    assert!(first.iter().all(|q| *q > 0), "{first:?}");
    assert_eq!(replayed.replay[6 * 4..7 * 4], [0; 4]);
}

/// Six products over three years that grow by 12 % a year; on half of the days a common factor of 1.5 and
/// on the others of 0.5; two of the six sell on three days in five only.
fn growing(dir: &Path) -> (std::path::PathBuf, std::path::PathBuf) {
    let start = Date::parse("2021-01-04").unwrap();
    let (mut demand, mut products) = (String::from("date,product,quantity\n"), String::from("product,unit_price\n"));
    for p in 0..6u32 {
        writeln!(products, "item {p},{}", p + 1).unwrap();
    }
    let mut state = 9u32;
    let mut chance = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1u32 << 24)
    };
    for day in 0..1095 {
        let growth = (1.12f64.ln() * (f64::from(day) / 365.0)).exp();
        let season = 1.0 + 0.3 * (std::f64::consts::TAU * f64::from(day + 3) / 365.0).cos();
        let shared = if chance() < 0.5 { 1.5 } else { 0.5 };
        for p in 0..6 {
            let open = p < 4 || chance() < 0.6;
            let quantity = nearest_units(200.0 * growth * season * shared * (0.5 + chance()));
            if open {
                writeln!(demand, "{},item {p},{quantity}", start.plus(day)).unwrap();
            }
        }
    }
    let (demand_csv, products_csv) = (dir.join("sales.csv"), dir.join("list.csv"));
    std::fs::write(&demand_csv, demand).unwrap();
    std::fs::write(&products_csv, products).unwrap();
    (demand_csv, products_csv)
}

#[test]
fn a_history_shows_its_trend_its_shared_shocks_and_who_is_intermittent() {
    let dir = tempfile::tempdir().unwrap();
    let (demand, products) = growing(dir.path());
    let folder = dir.path().join("network");
    write_from_history(&folder, &demand, &products).unwrap();
    let toml = std::fs::read_to_string(folder.join("network.toml")).unwrap();
    assert!(toml.contains("2 of 6 products are intermittent"), "{toml}");
    let spec = load(&folder).unwrap().spec;
    // A year on, the same season is 12 % higher. Shocks of 0.5 a day over three years leave an error of
    // 1.7 % a year (0.5 / sqrt(1095) / 0.87 years): two of them.
    let row = &spec.profiles[0].row;
    let year = |from: usize| row[from..from + 364].iter().map(|f| f64::from(*f)).sum::<f64>();
    let growth = year(365) / year(0) - 1.0;
    assert!((growth - 0.12).abs() < 0.035, "{growth}");
    assert!(toml.contains("a trend of +"), "{toml}");
    let shock = spec.group_shock().unwrap();
    let deviation = shock.variance.sqrt() / 4096.0;
    assert!((deviation - 0.5).abs() < 0.06, "{deviation}");
    assert!(spec.products.iter().all(|p| p.group == Some(0)) && spec.groups == ["all"]);
    // What is left to item 0 is its own chance: even from half to one and a half, a deviation of 0.29.
    let table = usize::try_from(spec.value(Column::DemandTable, 0, 0)).unwrap();
    let own = spec.tables[table].variance.sqrt() / spec.tables[table].mean;
    assert!((own - 0.29).abs() < 0.08, "{own}");
    // Without shocks the same folder leaves the whole variation to each product.
    std::fs::write(folder.join("network.toml"), toml.replace("deviation = 0.5", "deviation = 0.0 # 0.5")).unwrap();
    let alone = load(&folder).unwrap().spec;
    assert_eq!(alone.group_shock(), None);
    let table = usize::try_from(alone.value(Column::DemandTable, 0, 0)).unwrap();
    let all = alone.tables[table].variance.sqrt() / alone.tables[table].mean;
    assert!(((1.0 + 0.29 * 0.29) * 1.25f64 - 1.0).sqrt() - 0.05 < all && all > own + 0.15, "{all} {own}");
}

#[test]
fn bad_rows_of_a_history_are_reported_together() {
    let dir = tempfile::tempdir().unwrap();
    let (demand, products) = (dir.path().join("d.csv"), dir.path().join("p.csv"));
    std::fs::write(
        &demand,
        "date,product,quantity\n2024-13-01,a,1\n2024-01-01,b,-4\n2024-01-01,zzz,1\n2024-01-02,a,\n2024-01-02,a,1.5\n",
    )
    .unwrap();
    std::fs::write(&products, "product,unit_price\na,x\nb,1\nb,2\n").unwrap();
    let error = write_from_history(&dir.path().join("n"), &demand, &products).unwrap_err().to_string();
    for place in ["d.csv:2:1", "d.csv:3:14", "d.csv:4:12", "d.csv:5:14", "d.csv:6:14", "p.csv:2:3", "p.csv:4:1"] {
        assert!(error.contains(place), "{place} is not in\n{error}");
    }
    assert!(!dir.path().join("n").exists(), "nothing is written");
}

#[test]
fn the_real_history_becomes_a_network() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/online-retail-200");
    if !data.join("demand.csv").exists() {
        println!("skipped: there is no {}", data.display());
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("network");
    let warnings = write_from_history(&folder, &data.join("demand.csv"), &data.join("products.csv"))
        .unwrap_or_else(|error| panic!("{error}"));
    let spec = load(&folder).unwrap().spec;
    assert_eq!(spec.products.len(), 200);
    // 2010-12-01 was a Wednesday; Saturdays are closed.
    assert_eq!(spec.profiles[0].row[3], 0);
    // What tests/reference/retail_calibration.py finds by another way: 28 %, and a shock of 0.35.
    let toml = std::fs::read_to_string(folder.join("network.toml")).unwrap();
    let number = |after: &str, until: &str| -> f64 {
        let rest = &toml[toml.find(after).unwrap() + after.len()..];
        rest[..rest.find(until).unwrap()].trim().parse().unwrap()
    };
    assert!((number("history: ", " of 200 products are intermittent") / 200.0 - 0.28).abs() < 0.03);
    assert!((number("deviation = ", "\n") - 0.353).abs() < 0.05);
    for warning in &warnings {
        println!("{warning}");
    }
    let means: f64 = (0..200).map(|p| f64::from(spec.value(Column::DemandMean, 0, p)) / 4096.0).sum();
    println!(
        "money scale {}, greatest demand {}, position limit {}, mean units a day {means:.0}",
        spec.money_scale, spec.demand_max, spec.position_max
    );
    println!(
        "{}",
        std::fs::read_to_string(folder.join("network.toml"))
            .unwrap()
            .lines()
            .filter(|l| l.contains("intermittent") || l.contains("trend") || l.contains("deviation"))
            .collect::<Vec<_>>()
            .join("\n")
    );
    println!(
        "season by month from December 2010: {:?}",
        (0..12).map(|m| spec.profiles[1].row[15 + m * 30]).collect::<Vec<_>>()
    );
}
