//! Units and cash are conserved, every day, counted on two paths: from what anyone can read of the state
//! before and after the day, and from the day's report, without the simulator's own sums.
//!
//! The first path follows goods: what is on hand, on a dock, on the road, in production. The second
//! follows promises and the report: orders, what waits, what is owed, tallies, costs. Backorders are
//! promises, not units.

use crate::random_network::{Plan, Wishes};
use restock_core::Network;
use restock_core::scenario::Scenario;

mod cash;
mod scrap;
mod snapshot;
mod storage;
mod units;

use snapshot::Snapshot;

/// Days of each network.
pub const DAYS: u32 = 40;

/// A network's books.
struct Books<'s> {
    s: &'s Scenario<'s>,
    seed: u64,
    day: u32,
    before: Snapshot,
    after: Snapshot,
    /// Ordered and not stocked, from orders and receipts alone. Shape `[node][product]`.
    on_order: Vec<i64>,
    /// Stock of the first morning and all that came from outside. Shape `[product]`.
    entered: Vec<i64>,
    /// Handed over to customers, scrapped, and gone into other products, less what was made of others. Shape
    /// `[product]`.
    left: Vec<i64>,
    /// Customers' demand lost today. Shape `[node][product]`.
    lost: Vec<i64>,
    /// Cost of goods sold so far [minor currency units].
    sold_value: i64,
}

/// Runs the network of a seed and keeps books of it.
///
/// # Panics
/// On the first unit or cent that appears or vanishes.
pub fn check(seed: u64) {
    let image = Plan::random(seed).image();
    let s = Scenario::new(&image).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    let mut memory = vec![0; Network::words(&s)];
    let mut costs = vec![0; s.stockpoints()];
    let network = Network::new(&s, &mut memory).and_then(|network| network.with_costs(&mut costs));
    let mut network = network.unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    network.reset(seed, 0, 0);
    let mut books = Books::open(&network, seed);
    let mut policy = Wishes::new(seed);
    for day in 0..DAYS {
        books.day = day;
        policy.seen.clear();
        network.advance(&mut policy);
        books.after.take(&network);
        books.units(&network, &policy.seen);
        books.storage();
        books.cash(&network);
        std::mem::swap(&mut books.before, &mut books.after);
    }
    assert_eq!(network.kpis().total().sold_value, books.sold_value, "seed {seed}: sold value of all days");
    assert_eq!(network.kpis().days(), DAYS, "seed {seed}");
}

impl<'s> Books<'s> {
    /// The books on the first morning.
    fn open(network: &Network<'s, '_>, seed: u64) -> Self {
        let s = network.scenario();
        let p = s.products();
        let mut before = Snapshot::default();
        before.take(network);
        let mut books = Self {
            s,
            seed,
            day: 0,
            before,
            after: Snapshot::default(),
            on_order: Vec::new(),
            entered: Vec::new(),
            left: vec![0; p],
            lost: vec![0; s.stockpoints()],
            sold_value: 0,
        };
        let opening: Vec<i64> = (0..p).map(|i| books.inside(&books.before, i)).collect();
        let on_order = (0..s.stockpoints()).map(|at| books.pipeline(&books.before, at / p, at % p)).collect();
        (books.entered, books.on_order) = (opening, on_order);
        books
    }

    /// Where and when something is, for a message.
    fn at(&self, node: usize, product: usize) -> String {
        format!("seed {}, day {}, node {node}, product {product}", self.seed, self.day)
    }

    /// Lanes into a node.
    fn inbound(&self, n: usize) -> impl Iterator<Item = usize> + use<'s> {
        self.s.nodes()[n].inbound.iter().map(|&b| usize::from(b))
    }

    /// Lanes out of a node.
    fn outbound(&self, n: usize) -> impl Iterator<Item = usize> + use<'s> {
        self.s.nodes()[n].outbound.iter().map(|&b| usize::from(b))
    }
}
