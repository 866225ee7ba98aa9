//! The simulator against a slow, obvious day written from the documentation: to the unit and the cent.
//! The comparison is `restock_tests::engines`, which `cargo soak` runs too.

use restock_core::Network;
use restock_core::scenario::{BomLine, EventKind, FIRST_COME_DAYS, Scenario, Stage};
use restock_tests::property::Property;
use restock_tests::random_network::{Plan, Wishes};
use restock_tests::swarm;
use std::collections::BTreeMap;

/// Networks of a run.
const NETWORKS: u64 = 2000;

#[test]
fn the_event_queue_agrees_to_the_unit_and_the_cent() {
    swarm::must_hold(Property::Oracle, 0..NETWORKS);
}

/// Random networks are only as good a proof as what they reach.
#[test]
fn random_networks_reach_every_feature() {
    let mut reached: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 0..300 {
        let image = Plan::random(seed).image();
        let s = Scenario::new(&image).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        for (feature, found) in built(&s).into_iter().chain(lived(&s, seed)) {
            *reached.entry(feature).or_default() += u32::from(found);
        }
    }
    assert!(reached.values().all(|&count| count >= 5), "too rare: {reached:?}");
}

/// What a network has.
fn built(s: &Scenario<'_>) -> Vec<(&'static str, bool)> {
    let event = |kind: EventKind| s.events().any(|e| e.kind == kind);
    let open = |stage: Stage| s.open_orders().any(|o| o.stage == stage);
    vec![
        ("customers and lanes, lost sales", s.nodes().iter().any(|n| n.mixed_row.is_some() && n.lost_sales)),
        ("customers and several lanes", s.nodes().iter().any(|n| n.mixed_row.is_some() && n.outbound.len() > 1)),
        ("three suppliers", s.nodes().iter().any(|n| n.inbound.len() > 2)),
        ("limited production", s.nodes().iter().any(|n| n.produces && n.capacity.is_some())),
        ("unlimited production", s.nodes().iter().any(|n| n.produces && n.capacity.is_none())),
        ("production for several lanes", s.nodes().iter().any(|n| n.outbound.len() > 1 && n.produces)),
        ("three limited routes", s.lanes().iter().any(|l| l.routes == 3 && l.staged_row.is_some())),
        ("mail to a first-come node", s.lanes().iter().any(|l| l.mail_row.is_some() && l.queue_row.is_some())),
        ("a lead time by chance", s.routes().iter().any(|r| r.lead_fixed.is_none())),
        ("first come", s.lanes().iter().any(|l| l.queue_row.is_some())),
        ("an express lane with mail", s.lanes().iter().any(|l| l.rush_row.is_some() && l.mail_row.is_some())),
        ("replayed demand", s.nodes().iter().position(|n| n.sells).is_some_and(|n| s.replayed(n, 0).is_some())),
        ("many events", s.events().count() > 3),
        ("a surge", event(EventKind::Demand)),
        ("a capacity change", event(EventKind::Capacity)),
        ("a route change", event(EventKind::Route)),
        ("open orders in transit", open(Stage::InTransit)),
        ("open orders in the mail", open(Stage::InMail)),
        ("open orders at the supplier", open(Stage::Waiting)),
    ]
    .into_iter()
    .chain(differs(s))
    .collect()
}

/// What of its suppliers, storage, products and luck differs.
fn differs(s: &Scenario<'_>) -> Vec<(&'static str, bool)> {
    let qualities = || s.lanes().iter().filter_map(|lane| lane.quality.as_ref());
    let graded =
        |k: usize| s.lanes().iter().any(|l| l.quality.is_some() && (l.first_route..).take(l.routes).any(|r| r == k));
    let by_grade = |k: usize| s.routes()[k].lead_tables.iter().any(|table| *table != s.routes()[k].lead_tables[0]);
    let lines = |n: usize| s.bom(&s.nodes()[n]).collect::<Vec<_>>();
    let shared = |n: usize, of: fn(&BomLine) -> usize| {
        lines(n).iter().enumerate().any(|(k, line)| lines(n)[..k].iter().any(|other| of(other) == of(line)))
    };
    let nodes = || 0..s.node_count();
    let chance = |kind: EventKind| s.disruptions().iter().any(|d| d.kind == kind);
    let dated = |kind: EventKind| s.events().any(|e| e.kind == kind);
    vec![
        ("lead times by grade", (0..s.routes().len()).any(|k| graded(k) && by_grade(k))),
        ("defects", qualities().any(|q| q.defect_tables.iter().any(Option::is_some))),
        ("grades without defects", qualities().any(|q| q.defect_tables.iter().all(Option::is_none))),
        ("no storage at all", s.nodes().iter().any(|n| n.storage == Some(0))),
        ("production into storage", s.nodes().iter().any(|n| n.produces && n.storage.is_some())),
        ("spoilage", s.nodes().iter().any(|n| n.spoils)),
        ("a component of several products", nodes().any(|n| shared(n, |line| line.component))),
        ("a product of several components", nodes().any(|n| shared(n, |line| line.product))),
        ("several units of a component", nodes().any(|n| lines(n).iter().any(|line| line.quantity > 1))),
        ("assembly in two places", nodes().filter(|&n| !lines(n).is_empty()).count() > 1),
        ("assembly and storage", nodes().any(|n| !lines(n).is_empty() && s.nodes()[n].storage.is_some())),
        ("shocks of groups", s.groups() > 0),
        ("demand by chance", chance(EventKind::Demand)),
        ("capacity by chance", chance(EventKind::Capacity)),
        ("routes by chance", chance(EventKind::Route)),
        ("shipping by chance", chance(EventKind::Shipping)),
        ("the outside by chance", chance(EventKind::Outside)),
        ("grades by chance", chance(EventKind::Grade)),
        ("a shipping stop on a date", dated(EventKind::Shipping)),
        ("a stop of the outside on a date", dated(EventKind::Outside)),
        ("a grade shift on a date", dated(EventKind::Grade)),
        ("two disruptions of one kind and place", {
            let d = s.disruptions();
            (1..d.len()).any(|k| d[..k].iter().any(|other| (other.kind, other.place) == (d[k].kind, d[k].place)))
        }),
    ]
}

/// What happens in it within sixty days.
fn lived(s: &Scenario<'_>, seed: u64) -> Vec<(&'static str, bool)> {
    let mut memory = vec![0; Network::words(s)];
    let mut network = Network::new(s, &mut memory).unwrap();
    network.reset(seed, 0, 0);
    let mut policy = Wishes::new(seed);
    let (mut rushed, mut staged, mut late, mut lost, mut idle) = (false, false, false, false, false);
    let (mut defects, mut spoilt, mut yard, mut kept, mut assembled) = (false, false, false, false, false);
    let (mut unpunctual, mut effort, mut turns, mut disrupted) = (false, false, 0, false);
    for day in 0..60 {
        network.advance(&mut policy);
        let v = network.state();
        rushed |= v.rush.iter().any(|&units| units > 0);
        staged |= v.staged.iter().any(|&units| units > 0);
        // Tomorrow's place in the queue is today's oldest.
        let (oldest, width) = ((day + 1) % FIRST_COME_DAYS, v.queue.len() / FIRST_COME_DAYS);
        late |= day > FIRST_COME_DAYS && v.queue[oldest * width..][..width].iter().any(|&units| units > 0);
        lost |= network.today().iter().any(|t| t.lost > 0);
        idle |= network.today().iter().any(|t| t.work_used < t.work_capacity);
        defects |= s.nodes().iter().zip(network.today()).any(|(node, t)| !node.produces && t.scrapped > 0);
        spoilt |= s.nodes().iter().zip(network.today()).any(|(node, t)| node.produces && t.scrapped > 0);
        yard |= v.yard.iter().any(|&units| units > 0);
        unpunctual |= v.late.iter().any(|&marks| marks != 0);
        effort |= network.today().iter().any(|t| t.ledger.negotiation > 0);
        turns += u32::from(network.disrupted() != disrupted);
        disrupted = network.disrupted();
        // What a lane waits for is there: its node ships nothing.
        let has = |n: usize, i: usize, waits: i32| waits > 0 && v.inventory_level[n * s.products() + i] + waits > 0;
        kept |= s.lanes().iter().enumerate().any(|(l, lane)| {
            let waits = |i: usize| v.waiting[l * s.products() + i];
            lane.supplier.is_some_and(|n| (0..s.products()).any(|i| has(n, i, waits(i))))
        });
        assembled |= s
            .nodes()
            .iter()
            .any(|node| s.bom(node).any(|line| v.in_production[node.producer_row * s.products() + line.product] > 0));
    }
    vec![
        ("rushed units that have to wait", rushed),
        ("units that wait for transport", staged),
        ("orders as old as the queue tells", late),
        ("lost sales", lost),
        ("idle capacity", idle),
        ("defective receipts", defects),
        ("scrap where production is", spoilt),
        ("units without room", yard),
        ("late shipments", unpunctual),
        ("paid negotiations", effort),
        ("four beginnings and ends", turns >= 4),
        ("stock that a stopped node keeps", kept),
        ("assembled products", assembled),
    ]
}
