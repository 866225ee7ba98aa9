//! Suppliers, storage, events and disruptions in a network folder: what is right is resolved, what is wrong is
//! told at its place.

use super::files::Files;
use super::*;
use restock_core::Scenario;
use restock_core::layout::Column;
use restock_core::scenario::EventKind;

const LANES: &str = "\
supplier,customer,route,lead_time,capacity_per_day,grade,defect_share,promise_days,negotiation_lift,relax_days,negotiation_cost
factory,shop,road,2:0.2 3:0.6 4:0.2,,,,,,,
factory,shop,express,1,,,,,,,
supplier,factory,sea,\"pearson4(mean=6, sd=1.2, skew=1, kurt=6, max=20)\",,weak,\"pearson4(mean=0.04, sd=0.02, skew=1, kurt=6)\",7,1 1.5 1.75,16,0.05
supplier,factory,air,3,,,,,,,
outside,supplier,inbound,7,,,,,,,
";

/// The starter with suppliers and storage, and texts replaced.
fn world(edits: &[(&'static str, &str, &str)]) -> Files {
    let mut files = starter::files();
    files.0.insert("lanes.csv", LANES.as_bytes().to_vec());
    let nodes = "name,sells,review_period_days,production_days,capacity_per_day,value_percent,storage_volume,overflow_cost\n\
                 shop,yes,1,,,100,4000,0.01\nfactory,no,1,2,80,75,,\nsupplier,no,7,,,50,,\n";
    files.0.insert("nodes.csv", nodes.as_bytes().to_vec());
    for (file, from, to) in edits {
        let text = String::from_utf8(files.0[file].clone()).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}");
        files.0.insert(file, text.replacen(from, to, 1).into_bytes());
    }
    files
}

fn shown(files: &Files) -> String {
    match files.load() {
        Ok(loaded) => loaded.warnings.iter().map(|w| format!("warning {w}\n")).collect(),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn a_supplier_gets_tables_scores_and_a_price_for_effort() {
    let spec = world(&[]).load().unwrap_or_else(|problems| panic!("{problems}")).spec;
    let image = spec.image().unwrap();
    let scenario = Scenario::new(&image).unwrap();
    assert!(scenario.nodes()[1].negotiates && !scenario.nodes()[0].negotiates);
    let quality = spec.lanes[1].quality.as_ref().unwrap();
    assert_eq!((quality.base_q8, quality.lift_q8, quality.relax_shift), (5 << 8, [256, 384, 448], 4));
    // The better the grade, the shorter the lead time and the fewer the defects.
    let sea = &spec.routes[2];
    let leads: Vec<f64> = sea.lead_tables.iter().map(|t| spec.tables[*t].mean).collect();
    let defects: Vec<f64> = quality.defect_tables.iter().map(|t| spec.tables[t.unwrap()].mean / 65_536.0).collect();
    assert!(leads.windows(2).all(|w| w[0] < w[1]) && defects.windows(2).all(|w| w[0] < w[1]), "{leads:?} {defects:?}");
    assert!((leads[5] - 6.0).abs() < 0.1 && (defects[5] - 0.04).abs() < 0.003);
    assert_eq!((sea.promise_days, sea.lead_mean_q8), (7, (leads[5] * 256.0).round() as i32));
    // The air route is the same at every grade; its promise is its lead time.
    assert!(spec.routes[3].lead_tables.iter().all(|t| *t == spec.routes[3].lead_tables[0]));
    assert_eq!(spec.routes[3].promise_days, 3);
    let share = |q15: i32| f64::from(q15) / 32_768.0;
    assert!((0.7..0.95).contains(&share(quality.on_time_q15)), "{}", share(quality.on_time_q15));
    assert!((share(quality.accepted_q15) - (1.0 - defects[5])).abs() < 1e-3);
    // A twentieth of a EUR, in millionths; nothing where nobody negotiates.
    assert_eq!((0..3).map(|n| spec.value(Column::NegotiationCost, n, 0)).collect::<Vec<_>>(), [0, 50_000, 0]);
    // What is scrapped costs its value, where something can be: 4.50 at 75 %.
    assert_eq!((0..3).map(|n| spec.value(Column::ScrapCost, n, 0)).collect::<Vec<_>>(), [0, 3_375_000, 0]);
    assert_eq!(spec.ring_days, 21, "one day more than the longest lead time");
    // The supplier is asked for what is scrapped, too.
    let mean = |n: usize| f64::from(spec.value(Column::DemandMean, n, 0)) / 4096.0;
    assert!((mean(2) / mean(1) - 1.0 / (1.0 - defects[5])).abs() < 1e-3 && (mean(1) - 24.0).abs() < 0.01);
}

#[test]
fn storage_is_volume_and_its_overflow_a_rate() {
    let spec = world(&[]).load().unwrap().spec;
    assert_eq!((spec.nodes[0].storage, spec.nodes[1].storage), (Some(4000), None));
    // 0.01 EUR per volume and day: 10,000 minor units, times 1024.
    assert_eq!(spec.nodes[0].overflow_rate, 10_240_000);
    assert!(
        shown(&world(&[("nodes.csv", "4000,0.01", "40,0.01")]))
            .contains("warning nodes.csv:2:18: storage_volume is 40, safety stock and a review period's demand take")
    );
    assert!(
        shown(&world(&[("nodes.csv", "4000,0.01", "4000,")]))
            .contains("only one of storage_volume and overflow_cost is given")
    );
}

#[test]
fn what_is_wrong_with_a_supplier_is_told_at_its_place() {
    for (from, to, expected) in [
        (",weak,", ",wek,", "lanes.csv:4:74: grade is \"wek\", should be \"weak\""),
        ("1 1.5 1.75", "1 2 4", "negotiation_lift is \"1 2 4\", should be 3 numbers of grades, each step no greater"),
        ("1 1.5 1.75", "1 1.5", "negotiation_lift is \"1 1.5\""),
        (",16,0.05", ",10,0.05", "relax_days is 10, should be a power of 2"),
        (",16,0.05", ",16,", "negotiation_lift is given and negotiation_cost is not"),
        ("1 1.5 1.75,16,0.05", ",16,", "relax_days at a supplier with whom nothing is negotiated"),
        ("pearson4(mean=0.04, sd=0.02, skew=1, kurt=6)", "poisson(3)", "defect_share is \"poisson(3)\""),
        (",7,1 1.5", ",700,1 1.5", "promise_days is \"700\""),
        ("air,3,,,,", "air,3,,good,,", "lanes.csv:5:1: grade is not what line 4 says of the same supplier"),
        (
            "outside,supplier,inbound,7,,,,,,,",
            "outside,supplier,inbound,7,,,,,1 1 1,,0.1",
            "warning lanes.csv:6:1: negotiation betters a supplier that is the same at every grade",
        ),
        ("air,3,,", "air,3,1,", ""),
    ] {
        let found = shown(&world(&[("lanes.csv", from, to)]));
        assert!(found.contains(expected), "missing: {expected}\n{found}");
    }
    let narrow = shown(&world(&[("lanes.csv", "express,1,,", "express,1,5,"), ("lanes.csv", "4:0.2,,", "4:0.2,9,")]));
    assert!(narrow.contains("the routes of factory>shop carry 14 a day, the mean volume is"), "{narrow}");
}

/// Events in place of the starter's.
fn with_events(text: &str) -> Files {
    let mut files = world(&[]);
    let toml = String::from_utf8(files.0["network.toml"].clone()).unwrap();
    let (from, to) = (toml.find("[[events]]").unwrap(), toml.find("[hyperscore]").unwrap());
    files.0.insert("network.toml", format!("{}{text}\n{}", &toml[..from], &toml[to..]).into_bytes());
    files
}

#[test]
fn events_of_every_kind_begin_end_and_overlap() {
    let spec = with_events(
        "[[events]]\nkind='supplier_outage'\nsupplier='factory'\ndate=2024-01-11\nuntil=2024-01-20\n\
         [[events]]\nkind='supplier_outage'\nsupplier='factory'\ndate=2024-01-16\nuntil=2024-01-25\n\
         [[events]]\nkind='supplier_outage'\nsupplier='outside'\ncustomer='supplier'\ndate=2024-02-01\nuntil=2024-02-02\n\
         [[events]]\nkind='lane_closure'\nsupplier='factory'\ncustomer='shop'\ndate=2024-03-01\nuntil=2024-03-03\n\
         [[events]]\nkind='quality_incident'\nsupplier='supplier'\ncustomer='factory'\ngrades=2\ndate=2024-04-01\nuntil=2024-04-10\n\
         [[events]]\nkind='quality_incident'\nsupplier='supplier'\ncustomer='factory'\ngrades=1.5\ndate=2024-04-06\n",
    );
    let spec = spec.load().unwrap_or_else(|problems| panic!("{problems}")).spec;
    let of = |kind| -> Vec<(u32, usize, i32)> {
        spec.events.iter().filter(|e| e.kind == kind).map(|e| (e.day, e.place, e.value_q12)).collect()
    };
    // In force from the first to the second outage's end: it does not ship in between.
    assert_eq!(of(EventKind::Shipping), [(10, 1, 0), (15, 1, 0), (20, 1, 0), (25, 1, 4096)]);
    assert_eq!(of(EventKind::Outside), [(31, 2, 0), (33, 2, 4096)]);
    assert_eq!(of(EventKind::Route), [(60, 0, 0), (60, 1, 0), (63, 0, 4096), (63, 1, 4096)]);
    assert_eq!(of(EventKind::Grade), [(91, 1, 2 << 12), (96, 1, 7 << 11), (101, 1, 3 << 11)]);
    let image = spec.image().unwrap();
    assert_eq!(Scenario::new(&image).unwrap().events().count(), spec.events.len());
}

#[test]
fn disruptions_are_resolved_with_their_tables() {
    let text = "[[disruptions]]\nkind='demand'\nnode='shop'\nfactor=1.5\nmean_gap_days=60\nduration_days='uniform(3, 5)'\n\
                [[disruptions]]\nkind='lane_closure'\nsupplier='supplier'\ncustomer='factory'\nroute='sea'\nmean_gap_days=90\nduration_days=4\n";
    let spec = with_events(text).load().unwrap_or_else(|problems| panic!("{problems}")).spec;
    let plain = with_events("").load().unwrap().spec;
    let [surge, closure] = spec.disruptions[..] else { panic!("{:?}", spec.disruptions) };
    assert_eq!((surge.kind, surge.place, surge.value_q12), (EventKind::Demand, 0, 6144));
    assert_eq!((closure.kind, closure.place, closure.value_q12), (EventKind::Route, 2, 0));
    assert!((spec.tables[surge.gap_table].mean - 60.0).abs() < 0.1);
    assert_eq!(spec.tables[surge.duration_table].mean, 4.0);
    assert_eq!(spec.tables[closure.duration_table].max(), 4);
    assert!(spec.demand_max > plain.demand_max * 14 / 10, "a surge is part of the greatest demand");
    let image = spec.image().unwrap();
    assert_eq!(Scenario::new(&image).unwrap().disruptions(), spec.disruptions);
}

#[test]
fn what_is_wrong_with_events_and_disruptions_is_told_together() {
    let found = shown(&with_events(
        "[[events]]\nkind='lane_closure'\nsupplier='factory'\ncustomer='shp'\ndate=2024-03-01\n\
         [[events]]\nkind='supplier_outage'\nsupplier='outside'\ndate=2024-03-01\n\
         [[events]]\nkind='supplier_outage'\nsupplier='factory'\ncustomer='shop'\ndate=2024-03-01\n\
         [[events]]\nkind='quality_incident'\nsupplier='factory'\ncustomer='shop'\ngrades=2\ndate=2024-03-01\n\
         [[events]]\nkind='supplier_outage'\nsupplier='factry'\ndate=2024-03-01\n\
         [[disruptions]]\nkind='lane_closure'\nsupplier='factory'\ncustomer='shop'\nmean_gap_days=10\nduration_days=4\n\
         [[disruptions]]\nkind='demand'\nnode='shop'\nfactor=2\nmean_gap_days=10\nduration_days='poisson(3)'\n",
    ));
    for expected in [
        "the event's lane \"factory>shp\" is not in lanes.csv, should be \"factory>shop\"",
        "the event does not say which lane from the outside it stops",
        "the event stops all that factory ships, and names a customer",
        "the event makes factory>shop worse, whose supplier has no grades",
        "the event's supplier \"factry\" is not in nodes.csv, should be \"factory\"",
        "the disruption closes factory>shop, which has several routes",
    ] {
        assert!(found.contains(expected), "missing: {expected}\n{found}");
    }
    let lasting = shown(&with_events(
        "[[disruptions]]\nkind='demand'\nnode='shop'\nfactor=2\nmean_gap_days=10\nduration_days='poisson(3)'\n",
    ));
    assert!(lasting.contains("network.toml:26:15: duration_days does not give days of 1 or more"), "{lasting}");
    let found = shown(&with_events(
        "[[disruptions]]\nkind='quality_incdent'\n[[disruptions]]\nkind='lane_closure'\nsupplier='supplier'\ncustomer='factory'\nroute='sea'\nfactor=0.5\nmean_gap_days=0\n",
    ));
    for expected in [
        "disruptions.kind is \"quality_incdent\", should be \"quality_incident\"",
        "the disruption has no mean_gap_days",
        "the disruption has no duration_days",
        "factor at a change that stops all",
        "disruptions.mean_gap_days is 0, should be days from 1 to 4096",
    ] {
        assert!(found.contains(expected), "missing: {expected}\n{found}");
    }
}
