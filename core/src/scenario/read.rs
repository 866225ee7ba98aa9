//! From words to a scenario: every word's range, section by section.

use super::{
    Allocation, EVENTS_MAX, HORIZON_DAYS_MAX, LANES_MAX, Lane, NODES_MAX, Node, OPEN_ORDERS_MAX, PRODUCTS_MAX,
    PROFILES_MAX, RING_DAYS_MAX, ROUTES_MAX, ROUTES_PER_LANE_MAX, Route, SEASON_AHEAD_DAYS, SEASON_MAX_Q12, Scenario,
    ScenarioError, ScoreParametersPpm,
};
use crate::convert::{index, key, wide, word};
use crate::hyperscore::SensitivitiesPpm;
use crate::layout::{self, Column, header};
use crate::rows::{at, row};
use crate::table::Table;
use heapless::Vec;

/// A section of the image, read word by word with ranges.
pub(super) struct Reader<'a> {
    pub(super) words: &'a [i32],
    pub(super) base: usize,
}

impl Reader<'_> {
    pub(super) fn get(&self, at: usize, low: i32, high: i32, expected: &'static str) -> Result<i32, ScenarioError> {
        match self.words.get(at) {
            Some(&found) if (low..=high).contains(&found) => Ok(found),
            Some(&found) => Err(ScenarioError::Word { at: self.base + at, found, expected }),
            None => Err(ScenarioError::TooShort { found: self.base + self.words.len(), needed: self.base + at + 1 }),
        }
    }

    /// The rows of a section whose rows have `width` words.
    fn rows(&self, width: usize) -> impl Iterator<Item = Reader<'_>> {
        self.words.chunks_exact(width).enumerate().map(move |(i, words)| Reader { words, base: self.base + i * width })
    }

    fn zero(&self, from: usize, to: usize) -> Result<(), ScenarioError> {
        for at in from..to {
            self.get(at, 0, 0, "0 (reserved)")?;
        }
        Ok(())
    }
}

/// Takes a section of `count` words off the front.
fn take<'a>(words: &mut &'a [i32], taken: &mut usize, count: usize) -> Result<Reader<'a>, ScenarioError> {
    if words.len() < count {
        return Err(ScenarioError::TooShort { found: *taken + words.len(), needed: taken.saturating_add(count) });
    }
    let (front, rest) = words.split_at_checked(count).unwrap_or_default();
    let base = *taken;
    *words = rest;
    *taken += count;
    Ok(Reader { words: front, base })
}

/// What the header says.
struct Sizes {
    node_count: usize,
    lane_count: usize,
    route_count: usize,
    products: usize,
    horizon: usize,
    profiles: usize,
    event_count: usize,
    open_order_count: usize,
    table_count: usize,
    table_words: usize,
    ring_days: usize,
    first_weekday: usize,
    first_yearday: usize,
    smoothing_shift: usize,
    unit_scale: i32,
    money_scale: i32,
    replay_days: usize,
    demand_max: i32,
    position_max: i32,
    score: ScoreParametersPpm,
    reference_holding: i64,
}

impl Sizes {
    fn read(image: &[i32]) -> Result<Self, ScenarioError> {
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
        let open_order_count = size(header::OPEN_ORDERS, 0, OPEN_ORDERS_MAX, "0 to 1,048,576 open orders")?;
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
        let mut sensitivities = [0; layout::SENSITIVITY_WORDS];
        for (i, word) in sensitivities.iter_mut().enumerate() {
            let most = SensitivitiesPpm::MAX;
            *word = h.get(header::SENSITIVITIES + i, -most, most, "-4,000,000 to 4,000,000 ppm")?;
        }
        let score = ScoreParametersPpm {
            sensitivity: SensitivitiesPpm::from_words(sensitivities),
            weight_delivery: h.get(header::WEIGHT_DELIVERY, 0, 4_000_000, "0 to 4,000,000 ppm")?,
            weight_inventory: h.get(header::WEIGHT_INVENTORY, 0, 4_000_000, "0 to 4,000,000 ppm")?,
            weight_capacity: h.get(header::WEIGHT_CAPACITY, 0, 4_000_000, "0 to 4,000,000 ppm")?,
            beta: h.get(header::BETA, 1, 100_000_000, "1 to 100,000,000 ppm")?,
            gamma: h.get(header::GAMMA, -100_000_000, 100_000_000, "-100,000,000 to 100,000,000 ppm")?,
            kappa: h.get(header::KAPPA, 1, 100_000_000, "1 to 100,000,000 ppm")?,
        };
        let reference_holding = i64::from_ne_bytes(
            key(image[header::REFERENCE_HOLDING_LOW], image[header::REFERENCE_HOLDING_HIGH]).to_ne_bytes(),
        );
        if reference_holding < 1 {
            return Err(ScenarioError::Word {
                at: header::REFERENCE_HOLDING_HIGH,
                found: image[header::REFERENCE_HOLDING_HIGH],
                expected: "a reference holding cost of 1 or more",
            });
        }
        h.zero(30, header::SENSITIVITIES)?;
        h.zero(header::SENSITIVITIES + layout::SENSITIVITY_WORDS, layout::HEADER_WORDS)?;
        Ok(Self {
            node_count,
            lane_count,
            route_count,
            products,
            horizon,
            profiles,
            event_count,
            open_order_count,
            table_count,
            table_words,
            ring_days,
            first_weekday,
            first_yearday,
            smoothing_shift,
            unit_scale,
            money_scale,
            replay_days,
            demand_max,
            position_max,
            score,
            reference_holding,
        })
    }
}

/// Whether the tables follow each other without a gap, each of them well formed.
fn check_tables(index_section: &Reader<'_>, tables: &[i32]) -> Result<(), ScenarioError> {
    let mut expected = 0;
    for (i, &start) in index_section.words.iter().enumerate() {
        if start < 0 || index(start) != expected {
            return Err(ScenarioError::Word {
                at: index_section.base + i,
                found: start,
                expected: "where the table before it ends",
            });
        }
        let table = Table::new(tables.get(expected..).unwrap_or(&[]))
            .map_err(|error| ScenarioError::Table { table: i, error })?;
        expected += table.length();
    }
    if expected != tables.len() {
        return Err(ScenarioError::Word {
            at: header::TABLE_WORDS,
            found: word(tables.len()),
            expected: "the sum of the tables' lengths",
        });
    }
    Ok(())
}

/// The nodes, without their lanes.
fn read_nodes(section: &Reader<'_>, stockpoints: &[i32], sizes: &Sizes) -> Result<Vec<Node, NODES_MAX>, ScenarioError> {
    let mut nodes: Vec<Node, NODES_MAX> = Vec::new();
    let mut producers = 0;
    for (n, r) in section.rows(layout::NODE_WORDS).enumerate() {
        let flags = r.get(layout::node::FLAGS, 0, 7, "flags 0 to 7")?;
        let review_days = index(r.get(layout::node::REVIEW_DAYS, 1, 128, "1 to 128 days")?);
        let produces = flags & layout::node::PRODUCES != 0;
        let production_days = index(r.get(
            layout::node::PRODUCTION_DAYS,
            i32::from(produces),
            word(sizes.ring_days) - 1,
            "1 to ring days - 1 where the node produces",
        )?);
        let capacity = r.get(layout::node::CAPACITY, -1, 1 << 30, "-1 to 2^30")?;
        r.zero(9, layout::NODE_WORDS)?;
        let sells = flags & layout::node::SELLS != 0;
        let node = Node {
            key: key(at(r.words, layout::node::KEY_LOW), at(r.words, layout::node::KEY_HIGH)),
            sells,
            lost_sales: flags & layout::node::LOST_SALES != 0,
            produces,
            echelon: crate::convert::byte(index(r.get(layout::node::ECHELON, 0, word(NODES_MAX) - 1, "0 to 31")?)),
            review_days: crate::convert::count(review_days),
            review_offset: crate::convert::count(index(r.get(
                layout::node::REVIEW_OFFSET,
                0,
                word(review_days) - 1,
                "0 to review days - 1",
            )?)),
            allocation: match r.get(layout::node::ALLOCATION, 0, 2, "0, 1 or 2")? {
                0 => Allocation::Proportional,
                1 => Allocation::Priority,
                _ => Allocation::FirstCome,
            },
            production_days,
            capacity: (produces && capacity >= 0).then_some(capacity),
            inbound: Vec::new(),
            express: None,
            outbound: Vec::new(),
            plain_orders: {
                let rows = |column: Column| row(stockpoints, column.at() * sizes.node_count + n, sizes.products);
                rows(Column::LotSize).iter().all(|&q| q == 1) && rows(Column::OrderMin).iter().all(|&q| q <= 1)
            },
            producer_row: producers,
            mixed_row: None,
        };
        producers += usize::from(produces);
        let _ = nodes.push(node); // at most NODES_MAX nodes
    }
    Ok(nodes)
}

/// The routes; `tables` have been checked.
fn read_routes(
    section: &Reader<'_>,
    table_index: &[i32],
    tables: &[i32],
    sizes: &Sizes,
) -> Result<Vec<Route, ROUTES_MAX>, ScenarioError> {
    let mut routes: Vec<Route, ROUTES_MAX> = Vec::new();
    for r in section.rows(layout::ROUTE_WORDS) {
        let lead = r.get(layout::route::LEAD_TABLE, 0, word(sizes.table_count) - 1, "the index of a table")?;
        let start = index(at(table_index, index(lead)));
        let table = Table::trusted(tables.get(start..).unwrap_or(&[]));
        let in_range = (table.min(), table.max());
        if in_range.0 < 1 || index(in_range.1) >= sizes.ring_days {
            return Err(ScenarioError::Word {
                at: r.base,
                found: lead,
                expected: "a table of lead times from 1 to ring days - 1",
            });
        }
        let capacity = r.get(layout::route::CAPACITY, -1, 1 << 30, "-1 to 2^30")?;
        let lead_mean_q8 = r.get(
            layout::route::LEAD_MEAN_Q8,
            256,
            word(sizes.ring_days) * 256,
            "a lead time of 1 day to ring days, Q8",
        )?;
        r.zero(3, layout::ROUTE_WORDS)?;
        let _ = routes.push(Route {
            lead_table: index(lead),
            lead_fixed: (in_range.0 == in_range.1).then_some(index(in_range.0)),
            capacity: (capacity >= 0).then_some(capacity),
            lead_mean_q8,
        });
    }
    Ok(routes)
}

/// The lanes, made known to the nodes at both ends; with the numbers of lanes that have limited routes and mail.
fn read_lanes(
    section: &Reader<'_>,
    nodes: &mut [Node],
    routes: &[Route],
    sizes: &Sizes,
) -> Result<(Vec<Lane, LANES_MAX>, usize, usize), ScenarioError> {
    let mut lanes: Vec<Lane, LANES_MAX> = Vec::new();
    let (mut first_route, mut staged_lanes, mut rush_lanes, mut mail_lanes) = (0, 0, 0, 0);
    for (l, r) in section.rows(layout::LANE_WORDS).enumerate() {
        let base = r.base;
        let supplier = r.get(layout::lane::SUPPLIER, -1, word(sizes.node_count) - 1, "-1 or the index of a node")?;
        let customer = r.get(layout::lane::CUSTOMER, 0, word(sizes.node_count) - 1, "the index of a node")?;
        if supplier >= 0 && supplier <= customer {
            return Err(ScenarioError::Word {
                at: base,
                found: supplier,
                expected: "an index greater than the customer's (customers come first)",
            });
        }
        let count = index(r.get(layout::lane::ROUTES, 1, word(ROUTES_PER_LANE_MAX), "1 to 4 routes")?);
        if first_route + count > routes.len() {
            return Err(ScenarioError::Word {
                at: base + layout::lane::ROUTES,
                found: word(count),
                expected: "no more routes than the routes section has",
            });
        }
        let order_days = index(r.get(layout::lane::ORDER_DAYS, 0, word(sizes.ring_days) - 1, "0 to ring days - 1")?);
        let share = r.get(layout::lane::SHARE, 1, 1_000_000, "1 to 1,000,000 ppm")?;
        r.zero(6, layout::LANE_WORDS)?;
        let limited = (first_route..first_route + count).any(|k| routes.get(k).is_some_and(|r| r.capacity.is_some()));
        let mean = |k: usize| routes.get(k).map_or(i32::MAX, |route| route.lead_mean_q8);
        let fast_route =
            (first_route..first_route + count).fold(first_route, |a, k| if mean(k) < mean(a) { k } else { a });
        let fast_days = index((mean(fast_route) + 128) >> 8).min(sizes.ring_days - 1);
        let Some(receiver) = nodes.get_mut(index(customer)) else { continue };
        let last = receiver.inbound.last().and_then(|&b: &u8| lanes.get(crate::convert::byte_index(b)));
        let before = last.map_or(0, |lane| lane.share_until);
        let _ = receiver.inbound.push(crate::convert::byte(l));
        if count > 1 && receiver.express.is_none() {
            receiver.express = Some(l);
        }
        if let Some(sender) = nodes.get_mut(index(supplier)).filter(|_| supplier >= 0) {
            let _ = sender.outbound.push(crate::convert::byte(l));
        }
        if wide(before) + wide(share) > 1_000_000 {
            return Err(ScenarioError::Word {
                at: base + layout::lane::SHARE,
                found: share,
                expected: "shares that add up to 1,000,000 ppm at the receiver",
            });
        }
        let _ = lanes.push(Lane {
            supplier: (supplier >= 0).then_some(index(supplier)),
            customer: index(customer),
            first_route,
            routes: count,
            fast_route,
            fast_days,
            order_days,
            priority: r.get(layout::lane::PRIORITY, 0, 1 << 20, "0 to 2^20")?,
            share_before: before,
            share_until: before + share,
            staged_row: limited.then_some(staged_lanes),
            rush_row: (count > 1).then_some(rush_lanes),
            mail_row: (order_days > 0).then_some(mail_lanes),
            queue_row: None,
        });
        staged_lanes += usize::from(limited);
        rush_lanes += usize::from(count > 1);
        mail_lanes += usize::from(order_days > 0);
        first_route += count;
    }
    if first_route != routes.len() {
        return Err(ScenarioError::Word {
            at: header::ROUTES,
            found: word(routes.len()),
            expected: "the sum of the lanes' routes",
        });
    }
    Ok((lanes, staged_lanes, mail_lanes))
}

/// What nodes and lanes mean for each other: shares, mixed nodes, priorities, queues. Returns the numbers of
/// mixed nodes and of queued lanes.
fn link(nodes: &mut [Node], lanes: &mut [Lane], nodes_at: usize) -> Result<(usize, usize), ScenarioError> {
    let (mut mixed, mut queue_lanes) = (0, 0);
    for (n, node) in nodes.iter_mut().enumerate() {
        let last = node.inbound.last().and_then(|&b| lanes.get(crate::convert::byte_index(b)));
        let total = last.map_or(0, |lane| lane.share_until);
        if total != 1_000_000 {
            return Err(ScenarioError::Word {
                at: nodes_at + n * layout::NODE_WORDS,
                found: total,
                expected: "a node whose inbound lanes' shares add up to 1,000,000 ppm",
            });
        }
        if node.sells && !node.outbound.is_empty() {
            node.mixed_row = Some(mixed);
            mixed += 1;
        }
        if node.allocation == Allocation::Priority {
            // Stable: lanes of equal priority keep their order.
            for i in 1..node.outbound.len() {
                let mut j = i;
                let rank = |b: u8| lanes.get(crate::convert::byte_index(b)).map_or(0, |lane| lane.priority);
                while let Some([before, this]) = node.outbound.get_mut(j.wrapping_sub(1)..j + 1) {
                    if rank(*before) <= rank(*this) {
                        break;
                    }
                    core::mem::swap(before, this);
                    j -= 1;
                }
            }
        }
        if node.allocation == Allocation::FirstCome && node.outbound.len() > 1 {
            for &b in &node.outbound {
                if let Some(lane) = lanes.get_mut(crate::convert::byte_index(b)) {
                    lane.queue_row = Some(queue_lanes);
                    queue_lanes += 1;
                }
            }
        }
    }
    Ok((mixed, queue_lanes))
}

/// The sections whose words only have ranges.
fn check_ranges(
    products: &Reader<'_>,
    freight: &Reader<'_>,
    seasons: &Reader<'_>,
    events: &Reader<'_>,
    sizes: &Sizes,
) -> Result<(), ScenarioError> {
    for r in products.rows(layout::PRODUCT_WORDS) {
        r.get(layout::product::VOLUME, 0, 1 << 20, "0 to 2^20")?;
    }
    for at in 0..freight.words.len() {
        freight.get(at, 0, i32::MAX, "a freight cost of 0 or more")?;
    }
    let days = sizes.horizon + SEASON_AHEAD_DAYS;
    for at in 0..seasons.words.len() {
        let before = seasons.words.get(at.wrapping_sub(1)).filter(|_| !at.is_multiple_of(days + 1));
        let (low, high) = before.map_or((0, 0), |&sum| (sum, sum.saturating_add(SEASON_MAX_Q12)));
        seasons.get(at, low, high, "the sum before it plus a season factor, Q12, of 0 to 2^18")?;
    }
    for i in 0..sizes.event_count {
        let at = i * layout::EVENT_WORDS;
        let earliest = events.words.get(at.wrapping_sub(layout::EVENT_WORDS)).copied().unwrap_or(0);
        events.get(at, earliest, word(sizes.horizon), "a day no earlier than the event before it")?;
        let kind = events.get(at + layout::event::KIND, 1, 3, "1, 2 or 3")?;
        let places = if kind == 3 { sizes.route_count } else { sizes.node_count };
        events.get(at + layout::event::PLACE, 0, word(places) - 1, "the index of a node or route")?;
        events.get(at + layout::event::FACTOR_Q12, 0, 1 << 16, "a factor, Q12, of 0 to 65536")?;
    }
    Ok(())
}

/// What is already ordered: each word's range, and the order by which the rest of the program finds them.
fn check_open_orders(section: &Reader<'_>, lanes: &[Lane], sizes: &Sizes) -> Result<(), ScenarioError> {
    use layout::open_order::{DAYS, LANE, PRODUCT, STAGE, UNITS};
    let mut before: Option<[i32; 4]> = None;
    for r in section.rows(layout::OPEN_ORDER_WORDS) {
        let lane = r.get(LANE, 0, word(sizes.lane_count) - 1, "the index of a lane")?;
        let product = r.get(PRODUCT, 0, word(sizes.products) - 1, "the index of a product")?;
        let stage = r.get(STAGE, 0, 2, "0, 1 or 2")?;
        if stage == 1 && lanes.get(index(lane)).is_none_or(|l| l.mail_row.is_none()) {
            let expected = "0 or 2 on a lane without mail";
            return Err(ScenarioError::Word { at: r.base + STAGE, found: stage, expected });
        }
        let last = if stage == 2 { 0 } else { word(sizes.ring_days) - 1 };
        let days = r.get(DAYS, 0, last, "0 to ring days - 1, and 0 where it waits at the supplier")?;
        r.get(UNITS, 1, i32::MAX, "1 unit or more")?;
        let key = [lane, product, stage, days];
        if before.is_some_and(|before| before >= key) {
            let expected = "an open order after the one before it, by lane, product, stage and days";
            return Err(ScenarioError::Word { at: r.base, found: lane, expected });
        }
        before = Some(key);
    }
    Ok(())
}

impl<'a> Scenario<'a> {
    /// Checks an image and borrows it.
    ///
    /// # Errors
    /// The first thing that is wrong: with the position of the word and what would be right.
    pub fn new(image: &'a [i32]) -> Result<Self, ScenarioError> {
        let sizes = Sizes::read(image)?;
        let (p, season_days) = (sizes.products, sizes.horizon + SEASON_AHEAD_DAYS);
        let mut rest = image.get(layout::HEADER_WORDS..).unwrap_or(&[]);
        let mut taken = layout::HEADER_WORDS;
        let mut section = |count: usize| take(&mut rest, &mut taken, count);
        let node_words = section(sizes.node_count * layout::NODE_WORDS)?;
        let lane_words = section(sizes.lane_count * layout::LANE_WORDS)?;
        let route_words = section(sizes.route_count * layout::ROUTE_WORDS)?;
        let product_words = section(p * layout::PRODUCT_WORDS)?;
        let stockpoints = section(layout::STOCKPOINT_COLUMNS * sizes.node_count * p)?;
        let freight = section(sizes.route_count * p)?;
        let seasons = section(sizes.profiles * (season_days + 1))?;
        let events = section(sizes.event_count * layout::EVENT_WORDS)?;
        let open_orders = section(sizes.open_order_count * layout::OPEN_ORDER_WORDS)?;
        let table_index = section(sizes.table_count)?;
        let tables = section(sizes.table_words)?;

        // Tables first: everything else may refer to them.
        check_tables(&table_index, tables.words)?;
        let mut nodes = read_nodes(&node_words, stockpoints.words, &sizes)?;
        let routes = read_routes(&route_words, table_index.words, tables.words, &sizes)?;
        let (mut lanes, staged_lanes, mail_lanes) = read_lanes(&lane_words, &mut nodes, &routes, &sizes)?;
        let (mixed, queue_lanes) = link(&mut nodes, &mut lanes, node_words.base)?;
        check_ranges(&product_words, &freight, &seasons, &events, &sizes)?;
        check_open_orders(&open_orders, &lanes, &sizes)?;
        let mut selling_rows: Vec<u8, NODES_MAX> = Vec::new();
        let mut selling = 0u8;
        for node in &nodes {
            let _ = selling_rows.push(selling); // at most NODES_MAX nodes
            selling += u8::from(node.sells);
        }
        let replay = section(sizes.replay_days * usize::from(selling) * p)?;
        if !rest.is_empty() {
            return Err(ScenarioError::TooLong { found: image.len(), needed: taken });
        }
        for at in 0..replay.words.len() {
            replay.get(at, 0, sizes.demand_max, "a demand of 0 to the greatest demand")?;
        }
        let mut hash = crate::digest::Digest::new();
        hash.words(image);
        let scenario = Self {
            producers: nodes.iter().filter(|n| n.produces).count(),
            rush_lanes: lanes.iter().filter(|l| l.rush_row.is_some()).count(),
            nodes,
            lanes,
            routes,
            products: p,
            horizon_days: crate::convert::count(sizes.horizon),
            ring_days: core::num::NonZeroUsize::new(sizes.ring_days).unwrap_or(core::num::NonZeroUsize::MIN),
            first_weekday: crate::convert::count(sizes.first_weekday),
            first_yearday: crate::convert::count(sizes.first_yearday),
            smoothing_shift: crate::convert::count(sizes.smoothing_shift),
            unit_scale: sizes.unit_scale,
            money_scale: sizes.money_scale,
            reference_holding: sizes.reference_holding,
            position_max: sizes.position_max,
            score: sizes.score,
            product_words: product_words.words,
            stockpoints: stockpoints.words,
            freight: freight.words,
            seasons: seasons.words,
            season_days,
            events: events.words,
            open_orders: open_orders.words.as_chunks().0,
            table_index: table_index.words,
            tables: tables.words,
            replay: replay.words,
            replay_days: sizes.replay_days,
            selling_rows,
            mixed,
            staged_lanes,
            mail_lanes,
            queue_lanes,
            hash: hash.value(),
        };
        scenario.check_stockpoints(stockpoints.base, sizes.demand_max, sizes.profiles)?;
        scenario.check_bounds()?;
        Ok(scenario)
    }
}
