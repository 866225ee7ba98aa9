//! Features against their definitions, written out slowly in real numbers.

use restock_core::layout::Column;
use restock_core::observation::{self, FEATURES, SCHEMA};
use restock_core::policy::{Actions, NodeView, Policy, Textbook};
use restock_core::{Network, Scenario};
use restock_tests::random_network::{Dice, Plan};

/// Features that [`definition`] does not answer for: the same for all products, tested beside the code.
const CALENDAR: [&str; 4] = ["weekday_sine", "weekday_cosine", "year_sine", "year_cosine"];

/// One feature of one product in its unit, from what the node may know.
fn definition(name: &str, view: &NodeView<'_>, i: usize) -> f64 {
    let s = view.scenario();
    let word = |column| f64::from(s.column(column, view.node())[i]);
    let node = &s.nodes()[view.node()];
    let profile = s.column(Column::ForecastProfile, view.node())[i] as usize;
    let tomorrow = view.day() as usize + 1;
    let days = s.column(Column::ProtectionDays, view.node())[i] as usize;
    let season = |from, days: usize| {
        (f64::from(s.season_sum(profile, tomorrow + from, tomorrow + from + days)) / days as f64).floor()
    };
    let outlook = view.outlook(i);
    let mean = outlook.protection_mean as f64 / 4096.0;
    let sd = (outlook.protection_deviation as f64 / 4096.0).max(0.25);
    let level = f64::from(view.inventory_level()[i]);
    let forecast_level = f64::from(view.forecast_level()[i]);
    let octaves = |x: f64| linear_log2(x.max(1.0));
    match name {
        "position_gap" => (f64::from(view.position()[i]) - mean) / sd,
        "inventory_level" => level / sd,
        "in_transit" => f64::from(view.in_transit(i)) / sd,
        "waiting_upstream" => f64::from(view.waiting_upstream(i)) / sd,
        "due_tomorrow" => f64::from(view.due(i, 1)) / sd,
        "due_in_2" => f64::from(view.due(i, 2)) / sd,
        "due_in_3" => f64::from(view.due(i, 3)) / sd,
        "due_in_4" => f64::from(view.due(i, 4)) / sd,
        "expedited_gap" => view.expedited_position(i).map_or(0.0, |position| {
            let mean = outlook.express.expect("a fast route").mean as f64 / 4096.0;
            (f64::from(position) - mean) / sd
        }),
        "backlog" => f64::from(view.backlog(i)) / sd,
        "surprise" => {
            (f64::from(view.demand_today()[i])
                - forecast_level * f64::from(s.season(profile, view.day())) / 4096.0 / 4096.0)
                / sd
        }
        "season_now" => season(0, days) / 4096.0 - 1.0,
        "season_next" => (season(days, 14) - season(0, days)) / 4096.0,
        "season_later" => (season(days + 14, 28) - season(0, days)) / 4096.0,
        "trend" => forecast_level / word(Column::DemandMean).max(1.0) - 1.0,
        "spread" => word(Column::ProtectionSpread) / 65_536.0,
        "safety_factor" => word(Column::SafetyFactor) / 256.0,
        "order_cost" => octaves(word(Column::OrderCost)) - octaves(word(Column::HoldingCost)) - linear_log2(sd),
        "shortage_cost" => {
            let rate = word(if node.lost_sales { Column::LostSaleCost } else { Column::BackorderCost });
            octaves(rate) - octaves(word(Column::HoldingCost))
        }
        "protection" => days as f64,
        "review" => f64::from(node.review_days),
        "supplier_stock" => view.suppliers_stock_and_backlog(i).map_or(1e9, |(stock, _)| f64::from(stock) / sd),
        "supplier_backlog" => view.suppliers_stock_and_backlog(i).map_or(0.0, |(_, backlog)| f64::from(backlog) / sd),
        "customers_on_order" => f64::from(view.customers_on_order(i)) / sd,
        "input_stock" => f64::from(view.in_works(i).0) / sd,
        "in_production" => f64::from(view.in_works(i).1) / sd,
        "capacity_pressure" => view.capacity_pressure_q8() as f64 / 256.0,
        "supplier_on_time" => mean_score(view, i).map_or(1.0, |(on_time, _)| on_time),
        "supplier_accepted" => mean_score(view, i).map_or(1.0, |(_, accepted)| accepted),
        // Nobody to negotiate with: as dear as can be.
        "negotiation_cost" if !node.negotiates => 1e9,
        "negotiation_cost" => {
            octaves(word(Column::NegotiationCost)) - octaves(word(Column::HoldingCost)) - linear_log2(sd)
        }
        "storage_pressure" => node.storage.map_or(0.0, |storage| {
            let held = |i: usize| f64::from(view.inventory_level()[i].max(0) + view.yard()[i]) * f64::from(s.volume(i));
            let volume: f64 = (0..view.products()).map(held).sum();
            if storage == 0 { 16.0 } else { (volume / f64::from(storage) * 256.0).floor() / 256.0 }
        }),
        "cover" => level / (mean / days as f64).max(1.0 / 4096.0),
        other => panic!("no definition of {other}"),
    }
}

/// Mean on-time and accepted shares of the lanes with grades that supply a node; none where there are no such.
fn mean_score(view: &NodeView<'_>, i: usize) -> Option<(f64, f64)> {
    let scores: Vec<i32> = view.supplier_score_rows().map(|row| row[i]).collect();
    // In the halves of a word, Q15 each.
    let mean = |half: fn(u32) -> u32| {
        scores.iter().map(|&score| f64::from(half(score as u32)) / 32_768.0).sum::<f64>() / scores.len() as f64
    };
    let lanes = &view.scenario().nodes()[view.node()].inbound;
    let graded = lanes.iter().filter(|&&l| view.scenario().lanes()[usize::from(l)].quality.is_some()).count();
    assert_eq!(scores.len(), graded, "one score a lane with grades");
    (graded > 0).then(|| (mean(|score| score >> 16), mean(|score| score & 0xffff)))
}

/// Base-2 logarithm with the linear mantissa that the feature has.
fn linear_log2(x: f64) -> f64 {
    let whole = x.log2().floor();
    whole + x / whole.exp2() - 1.0
}

/// The textbook rule, checking what it would see.
struct Checked {
    seed: u64,
    seen: u64,
}

impl Policy for Checked {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        let p = view.products();
        let mut features = vec![0i8; FEATURES * p];
        observation::write(view, &mut features);
        for (f, feature) in SCHEMA.iter().enumerate().filter(|(_, feature)| !CALENDAR.contains(&feature.name)) {
            for i in 0..p {
                let exact = definition(feature.name, view, i) * f64::from(feature.steps_per_unit);
                let found = f64::from(features[f * p + i]);
                // Rounded down or to nearest from at most 16 bits; logarithms from three numbers of 4 bits each.
                let room = if feature.unit == "octaves" { 3.0 } else { 1.01 + exact.abs() / 500.0 };
                let bounded = exact.clamp(-128.0, 127.0);
                assert!(
                    (found - bounded).abs() <= room,
                    "seed {}, day {}, node {}, product {i} of {p}: {} is {found}, should be {exact}; {:?}",
                    self.seed,
                    view.day(),
                    view.node(),
                    feature.name,
                    view.outlook(i)
                );
            }
        }
        self.seen += p as u64;
        Textbook.decide(view, actions);
        // Some effort, so that suppliers move.
        actions.effort.fill((view.day() % 4) as i32);
    }
}

/// The same plan with its products repeated, each time with other initial stocks.
fn widened(mut plan: Plan, products: usize) -> Plan {
    let p = plan.products.len();
    let mut dice = Dice::new(products as u64);
    let repeat = |row: &[i32]| (0..products).map(|i| row[i % p]).collect::<Vec<i32>>();
    // Other stocks leave no room for them.
    plan.open_orders.clear();
    plan.bom.retain(|line| line.component < products);
    plan.products = (0..products).map(|i| plan.products[i % p].clone()).collect();
    plan.products.iter_mut().for_each(|product| product.key = dice.bits());
    for row in &mut plan.stock {
        *row = (0..products).map(|i| row[i % p]).collect();
        row.iter_mut().for_each(|s| s.initial = dice.between(0, s.position_max));
    }
    plan.lanes.iter_mut().flat_map(|l| &mut l.routes).for_each(|r| r.freight = repeat(&r.freight));
    plan.replay.iter_mut().flatten().for_each(|row| *row = repeat(row));
    plan
}

#[test]
fn every_feature_is_what_its_meaning_says() {
    let mut seen = 0;
    for seed in 0..120 {
        let products = [1, 3, 31, 32, 33, 70][seed as usize % 6];
        let image = widened(Plan::random(seed), products).image();
        let Ok(s) = Scenario::new(&image) else { continue };
        let mut memory = vec![0; Network::words(&s)];
        let mut network = Network::new(&s, &mut memory).unwrap();
        network.reset(seed, 0, 0);
        let mut policy = Checked { seed, seen: 0 };
        for _ in 0..40 {
            network.advance(&mut policy);
        }
        seen += policy.seen;
    }
    assert!(seen > 100_000, "{seen} observations checked");
}
