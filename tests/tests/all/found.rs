//! What random networks have found in contract v2, each in a network of its own: a shop, a factory behind it that
//! assembles product 0 from two units of product 1, and the outside world.

use restock_core::Network;
use restock_core::order::NOTHING;
use restock_core::policy::{Actions, NodeView, Policy};
use restock_core::scenario::{Allocation, BomLine, Event, EventKind, OpenOrder, SEASON_AHEAD_DAYS, Scenario, Stage};
use restock_tests::random_network::{Lane, Node, Plan, Product, Route, Stock, even_table};

const SHOP: usize = 0;
const FACTORY: usize = 1;
const FROM_FACTORY: usize = 0;
const FROM_OUTSIDE: usize = 1;
const ASSEMBLED: usize = 0;
const COMPONENT: usize = 1;

fn factory() -> Plan {
    let stock = Stock { lot_size: 1, order_max: 1000, position_max: 1000, protection_days: 1, ..Stock::default() };
    let node = |produces: bool| Node {
        sells: true,
        lost_sales: true,
        production_days: produces.then_some(1),
        capacity: None,
        echelon: i32::from(produces),
        review_days: 1,
        review_offset: 0,
        allocation: Allocation::Proportional,
        storage: None,
        overflow_rate: 0,
    };
    let route = |lead_table| Route { lead_table, by_grade: None, promise_days: 1, capacity: None, freight: vec![0; 2] };
    let lane = |customer: usize, supplier: Option<usize>, routes: Vec<Route>| Lane {
        supplier,
        customer,
        order_days: 0,
        priority: 0,
        share: 1_000_000,
        routes,
        grades: None,
    };
    let mut plan = Plan {
        horizon_days: 64,
        ring_days: 8,
        demand_max: 100,
        position_max: 1000,
        nodes: vec![node(false), node(true)],
        lanes: vec![lane(SHOP, Some(FACTORY), vec![route(0)]), lane(FACTORY, None, vec![route(1), route(0)])],
        products: (1..3).map(|key| Product { key, volume: 1, group: None }).collect(),
        stock: vec![vec![stock; 2]; 2],
        profiles: vec![vec![4096; 64 + SEASON_AHEAD_DAYS]],
        tables: vec![even_table(&[1]), even_table(&[4])],
        bom: vec![BomLine { node: FACTORY, product: ASSEMBLED, component: COMPONENT, quantity: 2 }],
        ..Plan::default()
    };
    // Nobody asks for a component but production.
    plan.stock[SHOP][COMPONENT].order_max = 0;
    plan
}

/// A level and an expedited level for each product of each node.
struct Asks {
    level: [[i32; 2]; 2],
    expedite: [[i32; 2]; 2],
}

impl Policy for Asks {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        actions.level.copy_from_slice(&self.level[view.node()]);
        actions.expedite.copy_from_slice(&self.expedite[view.node()]);
    }
}

/// Asks for these levels and rushes nothing.
fn asks(shop: [i32; 2], factory: [i32; 2]) -> Asks {
    Asks { level: [shop, factory], expedite: [[NOTHING; 2]; 2] }
}

fn run(plan: &Plan, mut policy: Asks, days: u32, mut look: impl FnMut(u32, &Network<'_, '_>)) {
    let image = plan.image();
    let s = Scenario::new(&image).unwrap();
    let mut memory = vec![0; Network::words(&s)];
    let mut network = Network::new(&s, &mut memory).unwrap();
    for day in 0..days {
        network.advance(&mut policy);
        look(day, &network);
    }
}

/// A component's level is below 0 while orders wait for it. It was handed to lanes as less than nothing, and lost
/// to customers who had not asked.
#[test]
fn a_component_owes_nothing_to_lanes_or_customers() {
    let plan = factory();
    run(&plan, asks([30, NOTHING], [50, NOTHING]), 20, |day, network| {
        let v = network.state();
        assert_eq!(v.inventory_level[FACTORY * 2 + COMPONENT], -2 * v.input_stock[ASSEMBLED], "day {day}");
        assert!(v.waiting.iter().chain(v.in_transit).all(|&units| units >= 0), "day {day}");
        let today = network.today()[FACTORY];
        assert_eq!((today.lost, today.sold_value, today.ledger.lost_sale), (0, 0, 0), "day {day}");
    });
}

/// It was, on days on which the level itself asked for nothing.
#[test]
fn an_assembled_product_is_never_rushed_from_a_supplier() {
    let rush = Asks { level: [[NOTHING; 2]; 2], expedite: [[NOTHING; 2], [40, 40]] };
    run(&factory(), rush, 1, |_, network| {
        let ordered = &network.state().ordered_today[FROM_OUTSIDE * 2..];
        assert_eq!((ordered[ASSEMBLED], ordered[COMPONENT]), (0, 40));
    });
}

/// The mail's ring was as long as orders are in the mail, not as open orders are.
#[test]
fn an_open_order_may_be_in_the_mail_longer_than_any_other() {
    let mut plan = factory();
    plan.lanes[FROM_FACTORY].order_days = 1;
    let open = OpenOrder { lane: FROM_FACTORY, product: ASSEMBLED, stage: Stage::InMail, days: 5, units: 7 };
    plan.open_orders.push(open);
    run(&plan, asks([NOTHING; 2], [NOTHING; 2]), 8, |day, network| {
        let seen = network.state().demand_today[FACTORY * 2 + ASSEMBLED];
        assert_eq!(
            (network.state().mail[ASSEMBLED], seen),
            match day {
                0..5 => (7, 0),
                5 => (0, 7),
                _ => (0, 0),
            }
        );
    });
}

/// Its level is what it has less what it owes: neither was paid for as far as they met.
#[test]
fn what_a_stopped_node_has_and_owes_is_held_and_owed() {
    let mut plan = factory();
    plan.bom.clear();
    plan.events.push(Event { day: 0, kind: EventKind::Shipping, place: FACTORY, value_q12: 0 });
    plan.events.push(Event { day: 3, kind: EventKind::Shipping, place: FACTORY, value_q12: 4096 });
    let stock = &mut plan.stock[FACTORY][ASSEMBLED];
    (stock.initial, stock.holding, stock.backorder, stock.unit_value) = (100, 3, 5, 2);
    run(&plan, asks([60, NOTHING], [NOTHING; 2]), 5, |day, network| {
        assert_eq!(network.state().inventory_level[FACTORY * 2 + ASSEMBLED], 40, "day {day}");
        let today = network.today()[FACTORY];
        let paid = (today.ledger.holding, today.ledger.backorder, today.stock_value);
        assert_eq!(paid, if day < 3 { (300, 300, 200) } else { (120, 0, 80) }, "day {day}");
    });
}
