//! A problem, checked once: everything about a chain that does not change while it runs.
//!
//! [`Scenario::new`] borrows an image (see [`crate::layout`]), checks every word of it, and proves
//! that no day of no replica can overflow. After that nothing in the simulator returns a `Result`.

use crate::convert::{index, key, wide, wide_index, wider, word};
use crate::layout::{self, Column, header};
use crate::table::{Table, TableError};
use core::fmt;
use heapless::Vec;

/// Most nodes in a chain.
pub const NODES_MAX: usize = 32;
/// Most lanes in a chain.
pub const LANES_MAX: usize = 64;
/// Most routes of one lane.
pub const ROUTES_PER_LANE_MAX: usize = 4;
/// Most routes in a chain.
pub const ROUTES_MAX: usize = 128;
/// Most products.
pub const PRODUCTS_MAX: usize = 4096;
/// Longest ring of arrivals [days]; every lead time is shorter.
pub const RING_DAYS_MAX: usize = 128;
/// Longest run [days].
pub const HORIZON_DAYS_MAX: usize = 4096;
/// Most season profiles.
pub const PROFILES_MAX: usize = 64;
/// Days of season factors kept beyond the horizon, for forecasts that look past it [days].
pub const SEASON_AHEAD_DAYS: usize = 192;
/// Most dated events.
pub const EVENTS_MAX: usize = 256;
/// Greatest quantity of anything at one stockpoint [units].
pub const UNITS_MAX: i64 = 1 << 30;
/// Longest protection interval [days].
pub const PROTECTION_DAYS_MAX: usize = 160;
/// Greatest season factor, Q12.
pub const SEASON_MAX_Q12: i32 = 1 << 18;

const _: () = assert!(
    wide(SEASON_MAX_Q12) * wide(word(HORIZON_DAYS_MAX + SEASON_AHEAD_DAYS)) < wide(i32::MAX),
    "sums of season factors must fit a word"
);
const _: () = assert!(PROTECTION_DAYS_MAX < SEASON_AHEAD_DAYS, "a forecast must find its season factors");

/// How a node shares scarce stock among the lanes it supplies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allocation {
    /// In proportion to what each lane waits for.
    Proportional,
    /// By the lanes' priority; lanes of equal priority in the order they are listed.
    Priority,
    /// The oldest order first; orders of one day in the order the lanes are listed.
    FirstCome,
}

/// A place that holds stock and decides.
#[derive(Clone, Debug)]
pub struct Node {
    /// Hash of the name.
    pub key: u64,
    /// Sells to customers.
    pub sells: bool,
    /// Customers' unmet demand is lost instead of backordered.
    pub lost_sales: bool,
    /// Turns what it receives into what it stocks.
    pub produces: bool,
    /// Distance from the customer.
    pub echelon: u8,
    /// Days between decisions.
    pub review_days: u32,
    /// Decides on days where `day % review_days == review_offset`.
    pub review_offset: u32,
    /// How it shares scarce stock among its lanes.
    pub allocation: Allocation,
    /// Days from production start to stock.
    pub production_days: usize,
    /// Work per day, if limited.
    pub capacity: Option<i32>,
    /// Inbound lanes (indices), in order.
    pub inbound: Vec<u8, LANES_MAX>,
    /// Outbound lanes (indices), in the order of their priority for priority allocation, else as listed.
    pub outbound: Vec<u8, LANES_MAX>,
    /// No lot is larger than 1 and no minimum order binds: orders need no rounding.
    pub plain_orders: bool,
    /// Row among the producing nodes.
    pub producer_row: usize,
    /// Row among the nodes that have both customers and lanes.
    pub mixed_row: Option<usize>,
}

impl Node {
    /// Whether this node decides on `day`.
    #[inline]
    #[must_use]
    pub fn reviews(&self, day: u32) -> bool {
        self.review_days == 1 || day % self.review_days == self.review_offset
    }
}

/// Who supplies whom.
#[derive(Clone, Debug)]
pub struct Lane {
    /// Supplying node, or none for the outside world.
    pub supplier: Option<usize>,
    /// Receiving node.
    pub customer: usize,
    /// First route of this lane.
    pub first_route: usize,
    /// Number of routes.
    pub routes: usize,
    /// Days an order is in the mail.
    pub order_days: usize,
    /// Rank under priority allocation.
    pub priority: i32,
    /// Orders' shares of this and all earlier inbound lanes of the receiver [ppm].
    pub share_before: i32,
    /// The same including this lane [ppm].
    pub share_until: i32,
    /// Row among the lanes with limited routes.
    pub staged_row: Option<usize>,
    /// Row among the lanes with mail.
    pub mail_row: Option<usize>,
    /// Row in the queue of first-come lanes.
    pub queue_row: Option<usize>,
}

/// One way over a lane.
#[derive(Clone, Debug)]
pub struct Route {
    /// Lead-time table.
    pub lead_table: usize,
    /// The lead time, where the table has only one.
    pub lead_fixed: Option<usize>,
    /// Volume per day, if limited.
    pub capacity: Option<i32>,
    /// Mean lead time, Q8 [days].
    pub lead_mean_q8: i32,
}

/// What happens on a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The demand of a node is multiplied.
    Demand,
    /// The production capacity of a node is multiplied.
    Capacity,
    /// The volume of a route is multiplied; 0 closes a limited route.
    Route,
}

/// A dated event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Day on which it falls due.
    pub day: u32,
    /// What it changes.
    pub kind: EventKind,
    /// The node or route it changes.
    pub place: usize,
    /// The new factor, Q12.
    pub factor_q12: i32,
}

/// HyperScore's parameters, as the scenario gives them [ppm].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoreParametersPpm {
    /// Weight of the delivery rate.
    pub weight_delivery: i32,
    /// Weight of the inventory score.
    pub weight_inventory: i32,
    /// Weight of the capacity utilization.
    pub weight_capacity: i32,
    /// Slope.
    pub beta: i32,
    /// Shift.
    pub gamma: i32,
    /// Exponent.
    pub kappa: i32,
}

/// What is wrong with an image: where, and what would be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScenarioError {
    /// The image is shorter than its own header says, or than a header.
    TooShort {
        /// Words found.
        found: usize,
        /// Words needed.
        needed: usize,
    },
    /// The image is longer than its own header says.
    TooLong {
        /// Words found.
        found: usize,
        /// Words needed.
        needed: usize,
    },
    /// The first word is not [`layout::MAGIC`].
    Magic,
    /// An unknown layout or contract version.
    Version(i32),
    /// A word is out of its range.
    Word {
        /// Position in the image.
        at: usize,
        /// What was found.
        found: i32,
        /// What it should be.
        expected: &'static str,
    },
    /// A table is not well formed.
    Table {
        /// Which table.
        table: usize,
        /// What is wrong with it.
        error: TableError,
    },
    /// Quantities could pass [`UNITS_MAX`] within the horizon.
    UnitsOverflow {
        /// The node at which they could.
        node: usize,
    },
    /// Money could pass the range of `i64` within the horizon.
    MoneyOverflow,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { found, needed } => {
                write!(f, "scenario image has {found} words, needs {needed}: it is cut off")
            }
            Self::TooLong { found, needed } => {
                write!(f, "scenario image has {found} words, its header says {needed}")
            }
            Self::Magic => write!(f, "not a scenario image: its first four bytes are not RSTK"),
            Self::Version(v) => {
                write!(f, "scenario image version {v}, this build reads version {}", layout::VERSION)
            }
            Self::Word { at, found, expected } => {
                write!(f, "scenario image word {at} is {found}, should be {expected}")
            }
            Self::Table { table, error } => write!(f, "scenario table {table} is not well formed: {error:?}"),
            Self::UnitsOverflow { node } => write!(
                f,
                "quantities at node {node} could pass {UNITS_MAX} units within the horizon: \
                 use a smaller unit scale, horizon, demand or position limit"
            ),
            Self::MoneyOverflow => {
                write!(f, "costs could pass the range of money within the horizon: use a smaller money scale or horizon")
            }
        }
    }
}

impl core::error::Error for ScenarioError {}

/// A checked problem. Shapes: `[node][product]` for stockpoints, `[route][product]` for freight.
#[derive(Clone, Debug)]
pub struct Scenario<'a> {
    pub(crate) nodes: Vec<Node, NODES_MAX>,
    pub(crate) lanes: Vec<Lane, LANES_MAX>,
    pub(crate) routes: Vec<Route, ROUTES_MAX>,
    products: usize,
    horizon_days: u32,
    ring_days: usize,
    first_weekday: u32,
    first_yearday: u32,
    smoothing_shift: u32,
    unit_scale: i32,
    money_scale: i32,
    reference_holding: i64,
    position_max: i32,
    score: ScoreParametersPpm,
    product_words: &'a [i32],
    stockpoints: &'a [i32],
    freight: &'a [i32],
    seasons: &'a [i32],
    season_days: usize,
    events: &'a [i32],
    table_index: &'a [i32],
    tables: &'a [i32],
    replay: &'a [i32],
    replay_days: usize,
    selling_rows: Vec<u8, NODES_MAX>,
    pub(crate) producers: usize,
    pub(crate) mixed: usize,
    pub(crate) staged_lanes: usize,
    pub(crate) mail_lanes: usize,
    pub(crate) queue_lanes: usize,
    hash: u64,
}

/// Reads one word and checks its range.
struct Reader<'a> {
    words: &'a [i32],
    base: usize,
}

impl Reader<'_> {
    fn get(&self, at: usize, low: i32, high: i32, expected: &'static str) -> Result<i32, ScenarioError> {
        match self.words.get(at) {
            Some(&found) if (low..=high).contains(&found) => Ok(found),
            Some(&found) => Err(ScenarioError::Word { at: self.base + at, found, expected }),
            None => Err(ScenarioError::TooShort { found: self.base + self.words.len(), needed: self.base + at + 1 }),
        }
    }

    fn zero(&self, from: usize, to: usize) -> Result<(), ScenarioError> {
        for at in from..to {
            self.get(at, 0, 0, "0 (reserved)")?;
        }
        Ok(())
    }
}

/// Takes `count` words off the front.
fn take<'a>(words: &mut &'a [i32], taken: &mut usize, count: usize) -> Result<&'a [i32], ScenarioError> {
    if words.len() < count {
        return Err(ScenarioError::TooShort { found: *taken + words.len(), needed: taken.saturating_add(count) });
    }
    let (front, rest) = words.split_at(count);
    *words = rest;
    *taken += count;
    Ok(front)
}

impl<'a> Scenario<'a> {
    /// Checks an image and borrows it.
    ///
    /// # Errors
    /// The first thing that is wrong: with the position of the word and what would be right.
    #[allow(clippy::too_many_lines)] // One pass over the sections in their order; splitting it hides the order.
    pub fn new(image: &'a [i32]) -> Result<Self, ScenarioError> {
        let h = Reader { words: image, base: 0 };
        if image.len() < layout::HEADER_WORDS {
            return Err(ScenarioError::TooShort { found: image.len(), needed: layout::HEADER_WORDS });
        }
        if image[header::MAGIC] != layout::MAGIC {
            return Err(ScenarioError::Magic);
        }
        if image[header::VERSION] != layout::VERSION {
            return Err(ScenarioError::Version(image[header::VERSION]));
        }
        let needed = index(h.get(header::WORDS, 0, i32::MAX, "the number of words of the image")?);
        if image.len() < needed {
            return Err(ScenarioError::TooShort { found: image.len(), needed });
        }
        if image.len() > needed {
            return Err(ScenarioError::TooLong { found: image.len(), needed });
        }
        let size = |at: usize, low: usize, high: usize, expected: &'static str| {
            h.get(at, word(low), word(high), expected).map(index)
        };
        let node_count = size(header::NODES, 1, NODES_MAX, "1 to 32 nodes")?;
        let lane_count = size(header::LANES, 1, LANES_MAX, "1 to 64 lanes")?;
        let route_count = size(header::ROUTES, 1, ROUTES_MAX, "1 to 128 routes")?;
        let products = size(header::PRODUCTS, 1, PRODUCTS_MAX, "1 to 4096 products")?;
        let horizon = size(header::HORIZON_DAYS, 1, HORIZON_DAYS_MAX, "1 to 4096 days")?;
        let profiles = size(header::PROFILES, 1, PROFILES_MAX, "1 to 64 season profiles")?;
        let event_count = size(header::EVENTS, 0, EVENTS_MAX, "0 to 256 events")?;
        let table_count = size(header::TABLES, 1, 1 << 16, "1 to 65536 tables")?;
        let table_words = size(header::TABLE_WORDS, 1, 1 << 26, "1 to 2^26 table words")?;
        let ring_days = size(header::RING_DAYS, 2, RING_DAYS_MAX, "2 to 128 days")?;
        let first_weekday = size(header::FIRST_WEEKDAY, 0, 6, "0 (Monday) to 6")?;
        let first_yearday = size(header::FIRST_YEARDAY, 0, 365, "0 to 365")?;
        let smoothing_shift = size(header::SMOOTHING_SHIFT, 1, 10, "1 to 10")?;
        let unit_scale = h.get(header::UNIT_SCALE, 1, 1_000_000, "1 to 1,000,000")?;
        let money_scale = h.get(header::MONEY_SCALE, 1, 1_000_000_000, "1 to 10^9")?;
        let replay_days = size(header::REPLAY_DAYS, 0, HORIZON_DAYS_MAX, "0 to 4096 days")?;
        let demand_max = h.get(header::DEMAND_MAX, 0, 1 << 30, "0 to 2^30")?;
        let position_max = h.get(header::POSITION_MAX, 1, 1 << 28, "1 to 2^28")?;
        let score = ScoreParametersPpm {
            weight_delivery: h.get(header::WEIGHT_DELIVERY, 0, 4_000_000, "0 to 4,000,000 ppm")?,
            weight_inventory: h.get(header::WEIGHT_INVENTORY, 0, 4_000_000, "0 to 4,000,000 ppm")?,
            weight_capacity: h.get(header::WEIGHT_CAPACITY, 0, 4_000_000, "0 to 4,000,000 ppm")?,
            beta: h.get(header::BETA, 1, 100_000_000, "1 to 100,000,000 ppm")?,
            gamma: h.get(header::GAMMA, -100_000_000, 100_000_000, "-100,000,000 to 100,000,000 ppm")?,
            kappa: h.get(header::KAPPA, 1, 100_000_000, "1 to 100,000,000 ppm")?,
        };
        let reference_holding =
            i64::from_ne_bytes(key(image[header::REFERENCE_HOLDING_LOW], image[header::REFERENCE_HOLDING_HIGH]).to_ne_bytes());
        if reference_holding < 1 {
            return Err(ScenarioError::Word {
                at: header::REFERENCE_HOLDING_HIGH,
                found: image[header::REFERENCE_HOLDING_HIGH],
                expected: "a reference holding cost of 1 or more",
            });
        }
        h.zero(29, layout::HEADER_WORDS)?;

        let mut rest = &image[layout::HEADER_WORDS..];
        let mut taken = layout::HEADER_WORDS;
        let nodes_at = taken;
        let node_words = take(&mut rest, &mut taken, node_count * layout::NODE_WORDS)?;
        let lanes_at = taken;
        let lane_words = take(&mut rest, &mut taken, lane_count * layout::LANE_WORDS)?;
        let routes_at = taken;
        let route_words = take(&mut rest, &mut taken, route_count * layout::ROUTE_WORDS)?;
        let products_at = taken;
        let product_words = take(&mut rest, &mut taken, products * layout::PRODUCT_WORDS)?;
        let stockpoints_at = taken;
        let stockpoints = take(&mut rest, &mut taken, layout::STOCKPOINT_COLUMNS * node_count * products)?;
        let freight_at = taken;
        let freight = take(&mut rest, &mut taken, route_count * products)?;
        let seasons_at = taken;
        let season_days = horizon + SEASON_AHEAD_DAYS;
        let seasons = take(&mut rest, &mut taken, profiles * (season_days + 1))?;
        let events_at = taken;
        let events = take(&mut rest, &mut taken, event_count * layout::EVENT_WORDS)?;
        let index_at = taken;
        let table_index = take(&mut rest, &mut taken, table_count)?;
        let tables = take(&mut rest, &mut taken, table_words)?;

        // Tables first: everything else may refer to them.
        let mut expected = 0;
        for (i, &start) in table_index.iter().enumerate() {
            if start < 0 || index(start) != expected {
                return Err(ScenarioError::Word { at: index_at + i, found: start, expected: "where the table before it ends" });
            }
            let table = Table::new(tables.get(expected..).unwrap_or(&[]))
                .map_err(|error| ScenarioError::Table { table: i, error })?;
            expected += table.length();
        }
        if expected != tables.len() {
            return Err(ScenarioError::Word { at: header::TABLE_WORDS, found: word(table_words), expected: "the sum of the tables' lengths" });
        }
        let table_at = |i: i32| Table::new(&tables[index(table_index[index(i)])..]).ok();

        let mut nodes: Vec<Node, NODES_MAX> = Vec::new();
        let (mut producers, mut mixed) = (0, 0);
        let mut selling_rows: Vec<u8, NODES_MAX> = Vec::new();
        let mut selling = 0u8;
        for n in 0..node_count {
            let r = Reader { words: &node_words[n * layout::NODE_WORDS..][..layout::NODE_WORDS], base: nodes_at + n * layout::NODE_WORDS };
            let flags = r.get(layout::node::FLAGS, 0, 7, "flags 0 to 7")?;
            let review_days = index(r.get(layout::node::REVIEW_DAYS, 1, 128, "1 to 128 days")?);
            let produces = flags & layout::node::PRODUCES != 0;
            let production_days = index(r.get(layout::node::PRODUCTION_DAYS, i32::from(produces), word(ring_days) - 1, "1 to ring days - 1 where the node produces")?);
            let capacity = r.get(layout::node::CAPACITY, -1, 1 << 30, "-1 to 2^30")?;
            r.zero(9, layout::NODE_WORDS)?;
            let sells = flags & layout::node::SELLS != 0;
            let _ = selling_rows.push(selling);
            selling += u8::from(sells);
            let node = Node {
                key: key(r.words[layout::node::KEY_LOW], r.words[layout::node::KEY_HIGH]),
                sells,
                lost_sales: flags & layout::node::LOST_SALES != 0,
                produces,
                echelon: crate::convert::byte(index(r.get(layout::node::ECHELON, 0, word(NODES_MAX) - 1, "0 to 31")?)),
                review_days: crate::convert::count(review_days),
                review_offset: crate::convert::count(index(r.get(layout::node::REVIEW_OFFSET, 0, word(review_days) - 1, "0 to review days - 1")?)),
                allocation: match r.get(layout::node::ALLOCATION, 0, 2, "0, 1 or 2")? {
                    0 => Allocation::Proportional,
                    1 => Allocation::Priority,
                    _ => Allocation::FirstCome,
                },
                production_days,
                capacity: (produces && capacity >= 0).then_some(capacity),
                inbound: Vec::new(),
                outbound: Vec::new(),
                plain_orders: {
                    let rows = |column: Column| &stockpoints[(column.at() * node_count + n) * products..][..products];
                    rows(Column::LotSize).iter().all(|&q| q == 1) && rows(Column::OrderMin).iter().all(|&q| q <= 1)
                },
                producer_row: producers,
                mixed_row: None,
            };
            producers += usize::from(produces);
            let _ = nodes.push(node); // node_count <= NODES_MAX
        }

        let mut routes: Vec<Route, ROUTES_MAX> = Vec::new();
        for k in 0..route_count {
            let r = Reader { words: &route_words[k * layout::ROUTE_WORDS..][..layout::ROUTE_WORDS], base: routes_at + k * layout::ROUTE_WORDS };
            let lead = r.get(layout::route::LEAD_TABLE, 0, word(table_count) - 1, "the index of a table")?;
            let in_range = table_at(lead).map_or((0, 0), |t| (t.min(), t.max()));
            if in_range.0 < 1 || index(in_range.1) >= ring_days {
                return Err(ScenarioError::Word { at: r.base, found: lead, expected: "a table of lead times from 1 to ring days - 1" });
            }
            let capacity = r.get(layout::route::CAPACITY, -1, 1 << 30, "-1 to 2^30")?;
            let lead_mean_q8 = r.get(layout::route::LEAD_MEAN_Q8, 256, word(ring_days) * 256, "a lead time of 1 day to ring days, Q8")?;
            r.zero(3, layout::ROUTE_WORDS)?;
            let _ = routes.push(Route {
                lead_table: index(lead),
                lead_fixed: (in_range.0 == in_range.1).then_some(index(in_range.0)),
                capacity: (capacity >= 0).then_some(capacity),
                lead_mean_q8,
            });
        }

        let mut lanes: Vec<Lane, LANES_MAX> = Vec::new();
        let (mut first_route, mut staged_lanes, mut mail_lanes) = (0, 0, 0);
        for l in 0..lane_count {
            let base = lanes_at + l * layout::LANE_WORDS;
            let r = Reader { words: &lane_words[l * layout::LANE_WORDS..][..layout::LANE_WORDS], base };
            let supplier = r.get(layout::lane::SUPPLIER, -1, word(node_count) - 1, "-1 or the index of a node")?;
            let customer = r.get(layout::lane::CUSTOMER, 0, word(node_count) - 1, "the index of a node")?;
            if supplier >= 0 && supplier <= customer {
                return Err(ScenarioError::Word { at: base, found: supplier, expected: "an index greater than the customer's (customers come first)" });
            }
            let count = index(r.get(layout::lane::ROUTES, 1, word(ROUTES_PER_LANE_MAX), "1 to 4 routes")?);
            if first_route + count > route_count {
                return Err(ScenarioError::Word { at: base + layout::lane::ROUTES, found: word(count), expected: "no more routes than the routes section has" });
            }
            let order_days = index(r.get(layout::lane::ORDER_DAYS, 0, word(ring_days) - 1, "0 to ring days - 1")?);
            let share = r.get(layout::lane::SHARE, 1, 1_000_000, "1 to 1,000,000 ppm")?;
            r.zero(6, layout::LANE_WORDS)?;
            let limited = (first_route..first_route + count).any(|k| routes[k].capacity.is_some());
            let receiver = &mut nodes[index(customer)];
            let before = receiver.inbound.last().map_or(0, |&b: &u8| lanes[crate::convert::byte_index(b)].share_until);
            let _ = receiver.inbound.push(crate::convert::byte(l));
            if let Some(s) = (supplier >= 0).then_some(index(supplier)) {
                let _ = nodes[s].outbound.push(crate::convert::byte(l));
            }
            if wide(before) + wide(share) > 1_000_000 {
                return Err(ScenarioError::Word { at: base + layout::lane::SHARE, found: share, expected: "shares that add up to 1,000,000 ppm at the receiver" });
            }
            let _ = lanes.push(Lane {
                supplier: (supplier >= 0).then_some(index(supplier)),
                customer: index(customer),
                first_route,
                routes: count,
                order_days,
                priority: r.get(layout::lane::PRIORITY, 0, 1 << 20, "0 to 2^20")?,
                share_before: before,
                share_until: before + share,
                staged_row: limited.then_some(staged_lanes),
                mail_row: (order_days > 0).then_some(mail_lanes),
                queue_row: None,
            });
            staged_lanes += usize::from(limited);
            mail_lanes += usize::from(order_days > 0);
            first_route += count;
        }
        if first_route != route_count {
            return Err(ScenarioError::Word { at: header::ROUTES, found: word(route_count), expected: "the sum of the lanes' routes" });
        }
        let mut queue_lanes = 0;
        for (n, node) in nodes.iter_mut().enumerate() {
            let total = node.inbound.last().map_or(0, |&b| lanes[crate::convert::byte_index(b)].share_until);
            if total != 1_000_000 {
                return Err(ScenarioError::Word { at: nodes_at + n * layout::NODE_WORDS, found: total, expected: "a node whose inbound lanes' shares add up to 1,000,000 ppm" });
            }
            if node.sells && !node.outbound.is_empty() {
                node.mixed_row = Some(mixed);
                mixed += 1;
            }
            if node.allocation == Allocation::Priority {
                // Stable: lanes of equal priority keep their order.
                for i in 1..node.outbound.len() {
                    let mut j = i;
                    let rank = |b: u8| lanes[crate::convert::byte_index(b)].priority;
                    while j > 0 && rank(node.outbound[j - 1]) > rank(node.outbound[j]) {
                        node.outbound.swap(j - 1, j);
                        j -= 1;
                    }
                }
            }
            if node.allocation == Allocation::FirstCome && node.outbound.len() > 1 {
                for &b in &node.outbound {
                    lanes[crate::convert::byte_index(b)].queue_row = Some(queue_lanes);
                    queue_lanes += 1;
                }
            }
        }

        for p in 0..products {
            let r = Reader { words: &product_words[p * layout::PRODUCT_WORDS..][..layout::PRODUCT_WORDS], base: products_at + p * layout::PRODUCT_WORDS };
            r.get(layout::product::VOLUME, 0, 1 << 20, "0 to 2^20")?;
        }
        let freight_reader = Reader { words: freight, base: freight_at };
        for at in 0..freight.len() {
            freight_reader.get(at, 0, i32::MAX, "a freight cost of 0 or more")?;
        }
        let season_reader = Reader { words: seasons, base: seasons_at };
        for at in 0..seasons.len() {
            let (low, high) = if at % (season_days + 1) == 0 { (0, 0) } else { (seasons[at - 1], seasons[at - 1].saturating_add(SEASON_MAX_Q12)) };
            season_reader.get(at, low, high, "the sum before it plus a season factor, Q12, of 0 to 2^18")?;
        }
        let event_reader = Reader { words: events, base: events_at };
        for i in 0..event_count {
            let at = i * layout::EVENT_WORDS;
            let earliest = if i == 0 { 0 } else { events[at - layout::EVENT_WORDS] };
            event_reader.get(at, earliest, word(horizon), "a day no earlier than the event before it")?;
            let kind = event_reader.get(at + layout::event::KIND, 1, 3, "1, 2 or 3")?;
            let places = if kind == 3 { route_count } else { node_count };
            event_reader.get(at + layout::event::PLACE, 0, word(places) - 1, "the index of a node or route")?;
            event_reader.get(at + layout::event::FACTOR_Q12, 0, 1 << 16, "a factor, Q12, of 0 to 65536")?;
        }

        let selling_count = nodes.iter().filter(|n| n.sells).count();
        let replay_at = taken;
        let replay = take(&mut rest, &mut taken, replay_days * selling_count * products)?;
        if !rest.is_empty() {
            return Err(ScenarioError::TooLong { found: image.len(), needed: taken });
        }
        let replay_reader = Reader { words: replay, base: replay_at };
        for at in 0..replay.len() {
            replay_reader.get(at, 0, demand_max, "a demand of 0 to the greatest demand")?;
        }

        let mut hash = crate::digest::Digest::new();
        hash.words(image);
        let scenario = Self {
            nodes,
            lanes,
            routes,
            products,
            horizon_days: crate::convert::count(horizon),
            ring_days,
            first_weekday: crate::convert::count(first_weekday),
            first_yearday: crate::convert::count(first_yearday),
            smoothing_shift: crate::convert::count(smoothing_shift),
            unit_scale,
            money_scale,
            reference_holding,
            position_max,
            score,
            product_words,
            stockpoints,
            freight,
            seasons,
            season_days,
            events,
            table_index,
            tables,
            replay,
            replay_days,
            selling_rows,
            producers,
            mixed,
            staged_lanes,
            mail_lanes,
            queue_lanes,
            hash: hash.value(),
        };
        scenario.check_stockpoints(stockpoints_at, demand_max, profiles)?;
        scenario.check_bounds()?;
        Ok(scenario)
    }

    fn check_stockpoints(&self, base: usize, demand_max: i32, profiles: usize) -> Result<(), ScenarioError> {
        let r = Reader { words: self.stockpoints, base };
        let each = self.nodes.len() * self.products;
        // In the image profiles come last; they must be in range before a demand table asks for one.
        for n in 0..self.nodes.len() {
            for column in [Column::DemandProfile, Column::ForecastProfile] {
                for (p, &found) in self.column(column, n).iter().enumerate() {
                    if found < 0 || index(found) >= profiles {
                        let at = base + column.at() * each + n * self.products + p;
                        return Err(ScenarioError::Word { at, found, expected: "the index of a season profile" });
                    }
                }
            }
        }
        for column in Column::ALL {
            for n in 0..self.nodes.len() {
                for p in 0..self.products {
                    let at = column.at() * each + n * self.products + p;
                    let (low, high, expected) = match column {
                        Column::HoldingCost | Column::BackorderCost | Column::LostSaleCost | Column::OrderCost
                        | Column::ProductionCost | Column::UnitValue => (0, i32::MAX, "a cost of 0 or more"),
                        Column::LotSize => (1, 1 << 24, "a lot size of 1 to 2^24"),
                        Column::OrderMin => (0, 1 << 24, "a minimum order of 0 to 2^24"),
                        Column::OrderMax | Column::PositionMax => (0, self.position_max, "a limit of 0 to the greatest position limit"),
                        Column::InventoryInitial => (0, self.column(Column::PositionMax, n)[p], "0 to the stockpoint's position limit"),
                        Column::Work => (0, 1 << 20, "0 to 2^20"),
                        Column::DemandTable => (-1, word(self.table_index.len()) - 1, "-1 or the index of a table"),
                        Column::DemandMean => (0, i32::MAX, "a mean demand of 0 or more"),
                        Column::ProtectionDays => (1, word(PROTECTION_DAYS_MAX), "1 to 160 days"),
                        Column::ProtectionSpread => (0, 1 << 20, "0 to 2^20"),
                        Column::SafetyFactor => (-(1 << 12), 1 << 12, "-4096 to 4096 (Q8)"),
                        Column::DemandProfile | Column::ForecastProfile => continue, // checked above
                    };
                    let found = r.get(at, low, high, expected)?;
                    if column == Column::DemandTable && found >= 0 && !self.nodes[n].sells {
                        return Err(ScenarioError::Word { at: base + at, found, expected: "-1 at a node that sells to no customers" });
                    }
                }
            }
        }
        let season_max = self.season_maxima();
        for n in 0..self.nodes.len() {
            for p in 0..self.products {
                if self.demand_max(n, p, &season_max) > wider(wide(demand_max)) {
                    return Err(ScenarioError::Word {
                        at: header::DEMAND_MAX,
                        found: demand_max,
                        expected: "at least the greatest demand that tables or replay, seasons and surges can give",
                    });
                }
            }
        }
        Ok(())
    }

    /// The greatest factor that events put on a node's demand, Q12; at least 1.
    fn surge_max(&self, node: usize) -> i32 {
        self.events().filter(|e| e.kind == EventKind::Demand && e.place == node).fold(4096, |a, e| if e.factor_q12 > a { e.factor_q12 } else { a })
    }

    /// Proves that no quantity passes [`UNITS_MAX`] and no sum of money passes `i64` within the horizon.
    ///
    /// The position at a stockpoint never passes the position limit plus one lot and one minimum
    /// order a lane (rounding applies to each lane), nor plus one day's order limit. A node's backlog
    /// is at most its own demand over the horizon plus all that its customers can ever have on
    /// order, which is at most their position plus their own backlog. So is all that is on hand, on
    /// order or moving at a stockpoint.
    fn check_bounds(&self) -> Result<(), ScenarioError> {
        let mut money: i128 = 0;
        let mut work = [0i128; NODES_MAX];
        let season_max = self.season_maxima();
        for p in 0..self.products {
            let mut on_order: Vec<i64, NODES_MAX> = Vec::new();
            for (n, node) in self.nodes.iter().enumerate() {
                let word = |column: Column| wide(self.column(column, n)[p]);
                let rate = |column: Column| wider(word(column));
                let lanes = i64::from(crate::convert::count(node.inbound.len()));
                let rounding = lanes * (word(Column::LotSize) + word(Column::OrderMin));
                let position = word(Column::PositionMax) + rounding.min(word(Column::OrderMax));
                let mut bound = crate::convert::saturate_wide(self.demand_max(n, p, &season_max) * i128::from(self.horizon_days));
                for &b in &node.outbound {
                    bound += on_order[self.lanes[crate::convert::byte_index(b)].customer];
                }
                if bound + position > UNITS_MAX {
                    return Err(ScenarioError::UnitsOverflow { node: n });
                }
                let _ = on_order.push(bound + position); // at most NODES_MAX nodes
                // Most units that can be on hand, owed, moved or made in one day, times every rate.
                let units = wider(position) + wider(bound);
                let freight = node
                    .inbound
                    .iter()
                    .flat_map(|&b| {
                        let lane = &self.lanes[crate::convert::byte_index(b)];
                        lane.first_route..lane.first_route + lane.routes
                    })
                    .map(|k| self.freight(k)[p])
                    .fold(0, |a, b| if b > a { b } else { a });
                // On hand, waiting for production and staged are three places to hold stock.
                money += units
                    * (3 * rate(Column::HoldingCost)
                        + rate(Column::BackorderCost)
                        + rate(Column::LostSaleCost)
                        + rate(Column::ProductionCost)
                        + 3 * rate(Column::UnitValue)
                        + wider(wide(freight)))
                    + wider(lanes) * rate(Column::OrderCost);
                work[n] += units * (rate(Column::Work) + wider(wide(self.volume(p))));
            }
        }
        let days = i128::from(self.horizon_days);
        let most = i128::from(i64::MAX / 2);
        if money * days > most || work.iter().any(|&w| w * days > most) {
            return Err(ScenarioError::MoneyOverflow);
        }
        Ok(())
    }

    /// Greatest demand of a product's customers at a node on any day [units]: of its table or its
    /// replay, with the greatest season and surge. `season_max` is by profile, Q12.
    fn demand_max(&self, n: usize, p: usize, season_max: &[i32; PROFILES_MAX]) -> i128 {
        let surge = wider(wide(self.surge_max(n)));
        let table = self.column(Column::DemandTable, n)[p];
        if !self.nodes[n].sells {
            return 0;
        }
        let drawn = if self.replay_days > 0 {
            let days = 0..crate::convert::count(self.replay_days);
            let replayed = days.filter_map(|day| Some(self.replayed(n, day)?[p]));
            wider(wide(replayed.fold(0, |a, b| if b > a { b } else { a })))
        } else if table < 0 {
            0
        } else {
            let season = season_max[index(self.column(Column::DemandProfile, n)[p])];
            // As drawn: chance may round the season up by one unit before a surge multiplies it.
            wider(wide(self.table(index(table)).max())) * wider(wide(season)) / 4096 + 1
        };
        (drawn * surge) >> 12
    }

    /// The greatest season factor of each profile, Q12.
    fn season_maxima(&self) -> [i32; PROFILES_MAX] {
        let mut season_max = [0; PROFILES_MAX];
        for (profile, most) in season_max.iter_mut().enumerate().take(self.profiles()) {
            *most = self.season_max(profile);
        }
        season_max
    }

    /// Number of nodes.
    #[inline]
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// Number of products.
    #[inline]
    #[must_use]
    pub fn products(&self) -> usize {
        self.products
    }

    /// Number of stockpoints: nodes times products.
    #[must_use]
    pub fn stockpoints(&self) -> usize {
        self.nodes.len() * self.products
    }

    /// The nodes, customers first.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The lanes.
    #[must_use]
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// The routes, in lane order.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Days a replica may run.
    #[must_use]
    pub fn horizon_days(&self) -> u32 {
        self.horizon_days
    }

    /// Length of the arrival ring [days].
    #[must_use]
    pub fn ring_days(&self) -> usize {
        self.ring_days
    }

    /// Weekday (0 = Monday) of a day.
    #[must_use]
    pub fn weekday(&self, day: u32) -> u32 {
        (self.first_weekday + day) % 7
    }

    /// Day of the year (0 to 364; leap days are not kept) of a day.
    #[must_use]
    pub fn yearday(&self, day: u32) -> u32 {
        (self.first_yearday + day) % 365
    }

    /// Forecast smoothing: alpha = 2^-shift.
    #[must_use]
    pub fn smoothing_shift(&self) -> u32 {
        self.smoothing_shift
    }

    /// Internal units per unit of the user's.
    #[must_use]
    pub fn unit_scale(&self) -> i32 {
        self.unit_scale
    }

    /// Minor currency units per unit of currency.
    #[must_use]
    pub fn money_scale(&self) -> i32 {
        self.money_scale
    }

    /// Reference holding cost of the whole chain [minor currency units per day].
    #[must_use]
    pub fn reference_holding(&self) -> i64 {
        self.reference_holding
    }

    /// Greatest inventory position a policy may ask for [units].
    #[must_use]
    pub fn position_max(&self) -> i32 {
        self.position_max
    }

    /// HyperScore's parameters [ppm].
    #[must_use]
    pub fn score_parameters(&self) -> ScoreParametersPpm {
        self.score
    }

    /// Digest of the whole image: two scenarios are the same if and only if it is (up to 64-bit chance).
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// One stockpoint column of one node. Shape `[product]`.
    #[inline]
    #[must_use]
    pub fn column(&self, column: Column, node: usize) -> &'a [i32] {
        let at = (column.at() * self.nodes.len() + node) * self.products;
        &self.stockpoints[at..at + self.products]
    }

    /// Freight of one route [minor currency units per unit]. Shape `[product]`.
    #[inline]
    #[must_use]
    pub fn freight(&self, route: usize) -> &'a [i32] {
        &self.freight[route * self.products..(route + 1) * self.products]
    }

    /// Hash of a product's name.
    #[inline]
    #[must_use]
    pub fn product_key(&self, product: usize) -> u64 {
        let at = product * layout::PRODUCT_WORDS;
        key(self.product_words[at + layout::product::KEY_LOW], self.product_words[at + layout::product::KEY_HIGH])
    }

    /// Words of each product: a row to go over without bounds checks.
    #[inline(always)]
    pub(crate) fn product_rows(&self) -> &'a [[i32; layout::PRODUCT_WORDS]] {
        self.product_words.as_chunks().0
    }

    /// Volume of one unit of a product.
    #[inline]
    #[must_use]
    pub fn volume(&self, product: usize) -> i32 {
        self.product_words[product * layout::PRODUCT_WORDS + layout::product::VOLUME]
    }

    /// Number of season profiles.
    #[must_use]
    pub fn profiles(&self) -> usize {
        self.seasons.len() / (self.season_days + 1)
    }

    /// Sum of the season factors, Q12, of one profile over the days `from..until`.
    /// Days past the last factor count as the last day kept.
    #[inline(always)]
    #[must_use]
    pub fn season_sum(&self, profile: usize, from: usize, until: usize) -> i32 {
        let row = &self.seasons[profile * (self.season_days + 1)..][..=self.season_days];
        let last = self.season_days;
        row[if until < last { until } else { last }] - row[if from < last { from } else { last }]
    }

    /// Season factor of one profile on one day, Q12.
    #[inline(always)]
    #[must_use]
    pub fn season(&self, profile: usize, day: u32) -> i32 {
        let day = wide_index(day);
        self.season_sum(profile, day, day + 1)
    }

    /// Greatest season factor of one profile, Q12.
    #[must_use]
    pub fn season_max(&self, profile: usize) -> i32 {
        let row = &self.seasons[profile * (self.season_days + 1)..][..=self.season_days];
        row.windows(2).fold(0, |most, pair| if pair[1] - pair[0] > most { pair[1] - pair[0] } else { most })
    }

    /// The dated events, by day.
    pub fn events(&self) -> impl Iterator<Item = Event> + '_ {
        (0..self.events.len() / layout::EVENT_WORDS).filter_map(|i| self.event(i))
    }

    /// One dated event.
    #[must_use]
    pub fn event(&self, i: usize) -> Option<Event> {
        let words = self.events.get(i * layout::EVENT_WORDS..(i + 1) * layout::EVENT_WORDS)?;
        Some(Event {
            day: crate::convert::bits(words[layout::event::DAY]),
            kind: match words[layout::event::KIND] {
                1 => EventKind::Demand,
                2 => EventKind::Capacity,
                _ => EventKind::Route,
            },
            place: index(words[layout::event::PLACE]),
            factor_q12: words[layout::event::FACTOR_Q12],
        })
    }

    /// A table, by its index.
    #[inline]
    #[must_use]
    pub fn table(&self, i: usize) -> Table<'a> {
        let start = index(self.table_index[i]);
        Table::trusted(&self.tables[start..])
    }

    /// Replayed demand of a node on a day, if the scenario replays it. Shape `[product]`.
    #[must_use]
    pub fn replayed(&self, node: usize, day: u32) -> Option<&'a [i32]> {
        let rows = self.nodes.iter().filter(|n| n.sells).count();
        let row = crate::convert::byte_index(self.selling_rows[node]);
        if self.replay_days == 0 || rows == 0 {
            return None;
        }
        let at = ((wide_index(day) % self.replay_days) * rows + row) * self.products;
        self.replay.get(at..at + self.products)
    }
}
