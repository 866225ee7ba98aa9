//! Scenario images that are cut off, damaged or extreme: refused, or safe to run.

use restock_core::layout::{self, header};
use restock_core::policy::{Actions, NodeView, Policy};
use restock_core::scenario::{Event, EventKind, SEASON_AHEAD_DAYS, Scenario, ScenarioError};
use restock_core::{Network, kpi::Tally, observation};
use restock_tests::random_network::{Dice, Forecast, Plan, even_table};

/// Asks for the most extreme that the types allow, and looks at everything.
struct Greedy(Dice);

impl Policy for Greedy {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        observation::write(view, &mut vec![0; observation::FEATURES * view.products()]);
        for i in 0..view.products() {
            actions.level[i] = self.0.pick(&[i32::MAX, i32::MAX, i32::MAX, i32::MIN, 0, 100]);
            actions.cap[i] = self.0.pick(&[i32::MAX, i32::MAX, i32::MAX, i32::MIN, 1, 1 << 25]);
            actions.weight[i] = self.0.pick(&[i32::MAX, i32::MIN, 0, 1, 16]);
            actions.route[i] = self.0.pick(&[i32::MAX, i32::MIN, 0, 1, 3]);
            actions.effort[i] = self.0.pick(&[i32::MAX, i32::MIN, 0]);
            actions.expedite[i] = self.0.pick(&[i32::MAX, i32::MIN, 0, 9]);
        }
    }
}

/// Runs an accepted image; overflow checks are on in tests.
fn survive(s: &Scenario<'_>, seed: u64, days: u32) -> Tally {
    let mut memory = vec![0; Network::words(s)];
    let mut network = Network::new(s, &mut memory).unwrap();
    network.reset(seed, 0, 0);
    let mut policy = Greedy(Dice::new(seed));
    for _ in 0..days {
        network.advance(&mut policy);
        for tally in network.today() {
            assert!(tally.ledger.terms().iter().all(|&t| t >= 0), "seed {seed}: a negative cost {:?}", tally.ledger);
        }
    }
    let kpis = network.kpis();
    let _ = (kpis.turnover_milli(), kpis.turnover_with_transit_milli(), kpis.fill_rate_ppm(), kpis.bullwhip_milli(0));
    kpis.total()
}

#[test]
fn every_cut_of_an_image_is_refused() {
    for seed in 0..12 {
        let image = Plan::random(seed).image();
        for length in 0..image.len() {
            assert!(
                Scenario::new(&image[..length]).is_err(),
                "seed {seed}: {length} of {} words are accepted",
                image.len()
            );
        }
        let mut longer = image.clone();
        longer.push(0);
        assert!(matches!(Scenario::new(&longer), Err(ScenarioError::TooLong { .. })), "seed {seed}");
        // A cut that the header knows of is still a cut.
        for length in (32..image.len()).step_by(7) {
            let mut cut = image[..length].to_vec();
            cut[header::WORDS] = length as i32;
            assert!(
                Scenario::new(&cut).is_err(),
                "seed {seed}: {length} of {} words with a matching header",
                image.len()
            );
        }
    }
}

#[test]
fn a_damaged_image_is_refused_or_runs_without_overflow() {
    let (mut accepted, mut refused) = (0, 0);
    for seed in 0..400 {
        let image = Plan::random(seed).image();
        let mut d = Dice::new(seed);
        for _ in 0..40 {
            let mut damaged = image.clone();
            for _ in 0..d.pick(&[1, 1, 2, 6]) {
                // The header and the places are a small part of the image, and the most fragile.
                let at = if d.chance(50) { d.size(0, 400.min(image.len() - 1)) } else { d.size(0, image.len() - 1) };
                let bit = 1 << d.between(0, 31);
                damaged[at] = match d.between(0, 4) {
                    0 => damaged[at] ^ bit,
                    1 => d.pick(&[0, 1, -1, i32::MAX, i32::MIN, 1 << 24, 1 << 28, 1 << 30]),
                    2 => damaged[at].wrapping_add(d.between(-2, 2)),
                    3 => d.bits() as i32,
                    _ => damaged[d.size(0, image.len() - 1)],
                };
            }
            match Scenario::new(&damaged) {
                Ok(s) => {
                    accepted += 1;
                    let _ = survive(&s, seed, 30);
                }
                Err(error) => {
                    refused += 1;
                    assert!(!error.to_string().is_empty());
                }
            }
        }
    }
    assert!(accepted > 1000 && refused > 1000, "{accepted} accepted, {refused} refused");
}

/// Places in an image of the lanes and routes, and of the events, open orders, disruptions and bill of materials:
/// a small part of it too, behind long ones.
fn places_of_lists(image: &[i32]) -> Vec<usize> {
    let count = |at: usize| image[at] as usize;
    let (nodes, products) = (count(header::NODES), count(header::PRODUCTS));
    let lanes = layout::HEADER_WORDS + nodes * layout::NODE_WORDS;
    let after_routes = lanes + count(header::LANES) * layout::LANE_WORDS + count(header::ROUTES) * layout::ROUTE_WORDS;
    let seasons = after_routes
        + products * layout::PRODUCT_WORDS
        + layout::STOCKPOINT_COLUMNS * nodes * products
        + count(header::ROUTES) * products;
    let events = seasons + count(header::PROFILES) * (count(header::HORIZON_DAYS) + SEASON_AHEAD_DAYS + 1);
    let tables = events
        + count(header::EVENTS) * layout::EVENT_WORDS
        + count(header::OPEN_ORDERS) * layout::OPEN_ORDER_WORDS
        + count(header::DISRUPTIONS) * layout::DISRUPTION_WORDS
        + count(header::BOM_LINES) * layout::BOM_LINE_WORDS;
    (lanes..after_routes).chain(events..tables).collect()
}

#[test]
fn damaged_lanes_routes_and_lists_are_refused_or_run_without_overflow() {
    let (mut accepted, mut refused) = (0, 0);
    for seed in 1000..1300 {
        let image = Plan::random(seed).image();
        let places = places_of_lists(&image);
        let mut d = Dice::new(seed);
        for _ in 0..40 {
            let mut damaged = image.clone();
            for _ in 0..d.pick(&[1, 1, 2]) {
                let at = d.pick(&places);
                damaged[at] = match d.between(0, 4) {
                    0 => damaged[at] ^ (1 << d.between(0, 31)),
                    1 => d.pick(&[0, 1, -1, i32::MAX, i32::MIN, 1 << 16, 1 << 24]),
                    2 => damaged[at].wrapping_add(d.between(-2, 2)),
                    3 => d.between(0, 12),
                    _ => damaged[d.pick(&places)],
                };
            }
            match Scenario::new(&damaged) {
                Ok(s) => {
                    accepted += 1;
                    let _ = survive(&s, seed, 30);
                }
                Err(error) => {
                    refused += 1;
                    assert!(!error.to_string().is_empty());
                }
            }
        }
    }
    assert!(accepted > 1000 && refused > 1000, "{accepted} accepted, {refused} refused");
}

#[test]
fn random_words_are_refused_without_panic() {
    let mut d = Dice::new(3);
    for _ in 0..20_000 {
        let mut words: Vec<i32> =
            (0..d.size(0, 400)).map(|_| if d.chance(50) { d.between(-1, 6) } else { d.bits() as i32 }).collect();
        // Half of them begin like an image.
        if d.chance(50) && words.len() > 32 {
            words[..13].copy_from_slice(&Plan::random(0).image()[..13]);
            words[header::WORDS] = words.len() as i32;
        }
        assert!(Scenario::new(&words).is_err());
    }
}

/// Everything at the end of its range at once: refused for its bounds, or safe.
#[test]
fn an_extreme_network_is_refused_or_runs_without_overflow() {
    let (mut accepted, mut moved) = (0, 0);
    for seed in 0..3000 {
        let mut plan = Plan::random(seed);
        let mut d = Dice::new(seed);
        let big = 1 << d.between(18, 28);
        plan.position_max = big;
        plan.demand_max = 1 << d.between(10, 24);
        plan.tables.push(even_table(&[0, plan.demand_max / 3]));
        let table = plan.tables.len() - 1;
        if d.chance(50) {
            plan.events.push(Event { day: 60, kind: EventKind::Demand, place: 0, value_q12: 4096 });
            let place = d.size(0, plan.nodes.len() - 1);
            plan.events
                .insert(0, Event { day: 0, kind: EventKind::Demand, place, value_q12: d.pick(&[1 << 16, 9000, 4096]) });
        }
        let most = plan.demand_max;
        // What nobody asks for stays so: a component.
        plan.replay.iter_mut().flatten().flatten().for_each(|units| *units = if *units > 0 { most } else { 0 });
        if let Some(table) = plan.shock_table.filter(|_| d.chance(50)) {
            plan.tables[table] = even_table(&[0, 1 << 16]);
        }
        if d.chance(30) {
            plan.bom.iter_mut().for_each(|line| line.quantity = d.pick(&[1, 255, 1 << 16]));
        }
        for node in &mut plan.nodes {
            node.storage = node.storage.map(|_| d.pick(&[0, 1, 1 << 30]));
        }
        for profile in plan.profiles.iter_mut().skip(1) {
            profile.iter_mut().for_each(|factor| *factor = d.pick(&[0, 1, 4096, 10_000]));
        }
        for s in plan.stock.iter_mut().flatten() {
            (s.lot_size, s.order_min) = (d.pick(&[1, 1 << 12, 1 << 24, (1 << 24) - 1]), d.pick(&[0, 1, 1 << 24]));
            let order_max = if s.order_max > 0 { big } else { 0 };
            (s.order_max, s.position_max, s.initial) = (order_max, big, d.pick(&[0, big]));
            (s.work, s.protection_days) = (d.pick(&[0, 1, 1 << 20]), d.pick(&[1, 160]));
            (s.protection_spread_q16, s.safety_factor_q8) = (d.pick(&[0, 1 << 20]), d.pick(&[-(1 << 12), 1 << 12]));
            s.demand_mean_q12 = d.pick(&[0, i32::MAX]);
            let mut wild = || [0; 3].map(|_: i32| d.pick(&[-16_384, 16_384]));
            if let Forecast::Arima { .. } = s.forecast {
                s.forecast = Forecast::Arima { weights: wild(), gains: wild(), reach: wild() };
            }
            if s.demand_table.is_some() && d.chance(60) {
                s.demand_table = Some(table);
            }
            if d.chance(10) {
                (s.holding, s.unit_value, s.backorder) = (1 << 16, 1 << 20, 1 << 16);
                (s.scrap_cost, s.negotiation_cost) = (1 << 16, i32::MAX);
            }
        }
        plan.products.iter_mut().for_each(|p| p.volume = d.pick(&[0, 1, 1 << 20]));
        plan.lanes.iter_mut().flat_map(|l| &mut l.routes).for_each(|r| r.capacity = r.capacity.map(|_| 1 << 30));
        let image = plan.image();
        if let Ok(s) = Scenario::new(&image) {
            accepted += 1;
            let total =
                std::panic::catch_unwind(|| survive(&s, seed, 64)).unwrap_or_else(|_| panic!("seed {seed} overflows"));
            moved += i64::from(total.shipped_to > i64::from(big));
        }
    }
    assert!(accepted > 500 && moved > 200, "{accepted} accepted, {moved} of them moved much");
}

/// Found by `observation::write` on nine suppliers of 2^28 units each: their sum passes a word.
#[test]
fn a_node_with_many_rich_suppliers_sees_them_without_overflow() {
    let plan = many_lanes(9, |s| s.initial = 1 << 28);
    let image = plan.image();
    let s = Scenario::new(&image).unwrap();
    let _ = survive(&s, 1, 5);
}

/// Rounding up to lots and minimums applies to each lane: with many lanes that is many lots.
#[test]
fn many_lanes_with_great_lots_are_refused_or_run_without_overflow() {
    for lanes in [2, 8, 20, 30] {
        let plan = many_lanes(lanes, |s| (s.lot_size, s.order_min) = ((1 << 24) - 1, 1 << 24));
        let image = plan.image();
        if let Ok(s) = Scenario::new(&image) {
            let _ = survive(&s, 1, 40);
        }
    }
}

/// One selling node, each of whose lanes has a supplier of its own.
fn many_lanes(lanes: usize, change: impl Fn(&mut restock_tests::random_network::Stock)) -> Plan {
    let mut plan =
        (0..).map(Plan::random).find(|p| p.nodes.len() == 1 && p.replay.is_empty() && p.events.is_empty()).unwrap();
    let (node, stock, lane) = (plan.nodes[0].clone(), plan.stock[0].clone(), plan.lanes[0].clone());
    plan.position_max = 1 << 28;
    plan.open_orders.clear();
    plan.disruptions.clear();
    plan.bom.clear();
    plan.lanes.clear();
    for n in 1..=lanes {
        plan.nodes.push(node.clone());
        plan.nodes[n].sells = false;
        plan.stock.push(stock.clone());
        let mut to_shop = lane.clone();
        (to_shop.supplier, to_shop.customer, to_shop.share) = (Some(n), 0, 1_000_000 / lanes as i32);
        plan.lanes.push(to_shop.clone());
        (to_shop.supplier, to_shop.customer, to_shop.share) = (None, n, 1_000_000);
        plan.lanes.push(to_shop);
    }
    plan.lanes[0].share += 1_000_000 % lanes as i32;
    for (n, row) in plan.stock.iter_mut().enumerate() {
        for s in row {
            (s.order_max, s.position_max) = (1 << 28, 1 << 28);
            s.demand_table = s.demand_table.filter(|_| n == 0);
            change(s);
        }
    }
    plan.lanes.iter_mut().flat_map(|l| &mut l.routes).for_each(|r| r.capacity = None);
    plan
}
