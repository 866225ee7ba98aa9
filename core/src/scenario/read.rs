//! From words to a scenario: every word's range, section by section.

use super::{
    Allocation, BOM_LINES_MAX, BOM_QUANTITY_MAX, DISRUPTIONS_MAX, Disruption, EVENTS_MAX, EventKind, GROUPS_MAX,
    HORIZON_DAYS_MAX, LANES_MAX, Lane, NODES_MAX, Node, OPEN_ORDERS_MAX, PRODUCTS_MAX, PROFILES_MAX, Quality,
    RING_DAYS_MAX, ROUTES_MAX, ROUTES_PER_LANE_MAX, Route, SEASON_AHEAD_DAYS, SEASON_MAX_Q12, SHOCK_MAX_Q12, Scenario,
    ScenarioError, ScoreParametersPpm, bom_line, event_kind,
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
    forecast_shift: usize,
    unit_scale: i32,
    money_scale: i32,
    replay_days: usize,
    demand_max: i32,
    position_max: i32,
    score: ScoreParametersPpm,
    reference_holding: i64,
    disruption_count: usize,
    bom_line_count: usize,
    groups: usize,
    shock_table: Option<usize>,
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
        let event_count = size(header::EVENTS, 0, EVENTS_MAX, "0 to 4096 events")?;
        let open_order_count = size(header::OPEN_ORDERS, 0, OPEN_ORDERS_MAX, "0 to 1,048,576 open orders")?;
        let table_count = size(header::TABLES, 1, 1 << 16, "1 to 65536 tables")?;
        let table_words = size(header::TABLE_WORDS, 1, 1 << 26, "1 to 2^26 table words")?;
        let ring_days = size(header::RING_DAYS, 2, RING_DAYS_MAX, "2 to 128 days")?;
        let first_weekday = size(header::FIRST_WEEKDAY, 0, 6, "0 (Monday) to 6")?;
        let first_yearday = size(header::FIRST_YEARDAY, 0, 365, "0 to 365")?;
        let forecast_shift = size(header::FORECAST_SHIFT, 0, 4, "0 to 4")?;
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
        let disruption_count = size(header::DISRUPTIONS, 0, DISRUPTIONS_MAX, "0 to 64 disruptions")?;
        let bom_line_count = size(header::BOM_LINES, 0, BOM_LINES_MAX, "0 to 1024 lines")?;
        let groups = size(header::GROUPS, 0, GROUPS_MAX, "0 to 32 groups")?;
        let (low, high) = if groups > 0 { (0, word(table_count) - 1) } else { (-1, -1) };
        let shock = h.get(header::SHOCK_TABLE, low, high, "the index of a table; -1 without groups")?;
        h.zero(15, 16)?;
        h.zero(34, header::FORECAST_SHIFT)?;
        h.zero(header::FORECAST_SHIFT + 1, header::SENSITIVITIES)?;
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
            forecast_shift,
            unit_scale,
            money_scale,
            replay_days,
            demand_max,
            position_max,
            score,
            reference_holding,
            disruption_count,
            bom_line_count,
            groups,
            shock_table: (shock >= 0).then_some(index(shock)),
        })
    }
}

/// The tables of an image, checked.
#[derive(Clone, Copy)]
struct Tables<'a> {
    index: &'a [i32],
    words: &'a [i32],
}

impl<'a> Tables<'a> {
    fn get(&self, i: i32) -> Table<'a> {
        let start = index(at(self.index, index(i)));
        Table::trusted(self.words.get(start..).unwrap_or(&[]))
    }

    /// Reads the index of a table whose values are within a range.
    fn index(
        &self,
        r: &Reader<'_>,
        place: usize,
        low: i32,
        high: i32,
        expected: &'static str,
    ) -> Result<usize, ScenarioError> {
        let i = r.get(place, 0, word(self.index.len()) - 1, "the index of a table")?;
        let table = self.get(i);
        if table.min() < low || table.max() > high {
            return Err(ScenarioError::Word { at: r.base + place, found: i, expected });
        }
        Ok(index(i))
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
    let (mut producers, mut yards, mut weighing, mut general_forecasts) = (0, 0, 0, 0);
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
        let storage = r.get(layout::node::STORAGE, -1, 1 << 30, "-1 to 2^30")?;
        let overflow_rate = r.get(layout::node::OVERFLOW_RATE, 0, i32::MAX, "a cost of 0 or more")?;
        r.zero(11, layout::NODE_WORDS)?;
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
            storage: (storage >= 0).then_some(storage),
            overflow_rate,
            yard_row: (storage >= 0).then_some(yards),
            weight_row: (produces || storage >= 0).then_some(weighing),
            first_bom_line: 0,
            bom_lines: 0,
            bom_row: 0,
            spoils: produces && {
                let yields = row(stockpoints, Column::Yield.at() * sizes.node_count + n, sizes.products);
                yields.iter().any(|&good| good < 1 << 16)
            },
            negotiates: false,
            inbound: Vec::new(),
            express: None,
            outbound: Vec::new(),
            plain_orders: {
                let rows = |column: Column| row(stockpoints, column.at() * sizes.node_count + n, sizes.products);
                rows(Column::LotSize).iter().all(|&q| q == 1) && rows(Column::OrderMin).iter().all(|&q| q <= 1)
            },
            producer_row: producers,
            mixed_row: None,
            forecast: crate::forecast::Path::of(
                |column| row(stockpoints, column.at() * sizes.node_count + n, sizes.products),
                general_forecasts,
            ),
        };
        producers += usize::from(produces);
        yards += usize::from(storage >= 0);
        weighing += usize::from(produces || storage >= 0);
        general_forecasts += usize::from(matches!(node.forecast, crate::forecast::Path::General { .. }));
        let _ = nodes.push(node); // at most NODES_MAX nodes
    }
    Ok(nodes)
}

/// The routes.
fn read_routes(
    section: &Reader<'_>,
    tables: &Tables<'_>,
    sizes: &Sizes,
) -> Result<Vec<Route, ROUTES_MAX>, ScenarioError> {
    let mut routes: Vec<Route, ROUTES_MAX> = Vec::new();
    let longest = word(sizes.ring_days) - 1;
    for r in section.rows(layout::ROUTE_WORDS) {
        let promise = r.get(layout::route::PROMISE, 1, longest, "1 to ring days - 1")?;
        let capacity = r.get(layout::route::CAPACITY, -1, 1 << 30, "-1 to 2^30")?;
        let lead_mean_q8 = r.get(
            layout::route::LEAD_MEAN_Q8,
            256,
            word(sizes.ring_days) * 256,
            "a lead time of 1 day to ring days, Q8",
        )?;
        r.zero(3, layout::route::LEAD_TABLES)?;
        let mut lead_tables = [0; layout::GRADES];
        let (mut least, mut most) = (i32::MAX, 0);
        for (grade, table) in lead_tables.iter_mut().enumerate() {
            let expected = "a table of lead times from 1 to ring days - 1";
            *table = tables.index(&r, layout::route::LEAD_TABLES + grade, 1, longest, expected)?;
            let table = tables.get(word(*table));
            least = if table.min() < least { table.min() } else { least };
            most = if table.max() > most { table.max() } else { most };
        }
        let _ = routes.push(Route {
            lead_tables,
            lead_fixed: (least == most).then_some(index(most)),
            promise_days: index(promise),
            capacity: (capacity >= 0).then_some(capacity),
            lead_mean_q8,
        });
    }
    Ok(routes)
}

/// What a lane's words say of its supplier's grades; `row` is the next row among the lanes with grades.
fn read_quality(r: &Reader<'_>, tables: &Tables<'_>, row: usize) -> Result<Option<Quality>, ScenarioError> {
    use layout::lane::{ACCEPTED, BASE_GRADE, DEFECT_TABLES, LIFT, ON_TIME, RELAX_SHIFT};
    const WORST_Q8: i32 = (word(layout::GRADES) - 1) << 8;
    let base = r.get(BASE_GRADE, -1, WORST_Q8, "-1, or a grade of 0 to 1792, Q8")?;
    r.zero(13, DEFECT_TABLES)?;
    if base < 0 {
        r.zero(LIFT, 13)?;
        for grade in 0..layout::GRADES {
            r.get(DEFECT_TABLES + grade, -1, -1, "-1 on a lane whose supplier has no grades")?;
        }
        return Ok(None);
    }
    let mut lift_q16 = [0; layout::EFFORTS + 1];
    let (mut before, mut step) = (0, WORST_Q8);
    for (effort, lift) in lift_q16.iter_mut().skip(1).enumerate() {
        let expected = "no less than the effort before it, and no greater a step (returns diminish)";
        let found = r.get(LIFT + effort, before, before + step, expected)?;
        (step, before) = (found - before, found);
        *lift = found << 8;
    }
    let mut defect_tables = [None; layout::GRADES];
    for (grade, table) in defect_tables.iter_mut().enumerate() {
        if r.get(DEFECT_TABLES + grade, -1, i32::MAX, "-1 or the index of a table")? >= 0 {
            let expected = "a table of shares, Q16, of 0 to 65536";
            *table = Some(tables.index(r, DEFECT_TABLES + grade, 0, 1 << 16, expected)?);
        }
    }
    Ok(Some(Quality {
        row,
        base_q16: base << 8,
        lift_q16,
        relax_shift: crate::convert::bits(r.get(RELAX_SHIFT, 0, 10, "0 to 10")?),
        on_time_q15: r.get(ON_TIME, 0, 1 << 15, "a share, Q15, of 0 to 32768")?,
        accepted_q15: r.get(ACCEPTED, 0, 1 << 15, "a share, Q15, of 0 to 32768")?,
        defect_tables,
    }))
}

/// The lanes, made known to the nodes at both ends; with the numbers of lanes that have limited routes and mail.
fn read_lanes(
    section: &Reader<'_>,
    tables: &Tables<'_>,
    nodes: &mut [Node],
    routes: &[Route],
    closable: impl Fn(usize) -> bool,
    sizes: &Sizes,
) -> Result<(Vec<Lane, LANES_MAX>, usize, usize), ScenarioError> {
    let mut lanes: Vec<Lane, LANES_MAX> = Vec::new();
    let (mut first_route, mut staged_lanes, mut rush_lanes, mut mail_lanes, mut graded_lanes) = (0, 0, 0, 0, 0);
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
        let quality = read_quality(&r, tables, graded_lanes)?;
        let graded = quality.is_some();
        let limited = (first_route..first_route + count)
            .any(|k| routes.get(k).is_some_and(|r| r.capacity.is_some()) || closable(k));
        let mean = |k: usize| routes.get(k).map_or(i32::MAX, |route| route.lead_mean_q8);
        let fast_route =
            (first_route..first_route + count).fold(first_route, |a, k| if mean(k) < mean(a) { k } else { a });
        let fast_days = index((mean(fast_route) + 128) >> 8).min(sizes.ring_days - 1);
        let Some(receiver) = nodes.get_mut(index(customer)) else { continue };
        let last = receiver.inbound.last().and_then(|&b: &u8| lanes.get(crate::convert::byte_index(b)));
        let before = last.map_or(0, |lane| lane.share_until);
        let _ = receiver.inbound.push(crate::convert::byte(l));
        receiver.negotiates |= quality.is_some();
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
            quality,
        });
        graded_lanes += usize::from(graded);
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
    lanes: &[Lane],
    sizes: &Sizes,
) -> Result<(), ScenarioError> {
    for p in 0..sizes.products {
        products.get(layout::product::VOLUME * sizes.products + p, 0, 1 << 20, "0 to 2^20")?;
        let last = word(sizes.groups) - 1;
        products.get(layout::product::GROUP * sizes.products + p, -1, last, "-1 or the index of a group")?;
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
    }
    for r in events.rows(layout::EVENT_WORDS) {
        check_change(&r, [layout::event::KIND, layout::event::PLACE, layout::event::VALUE_Q12], lanes, sizes)?;
    }
    Ok(())
}

/// What an event or a disruption changes, where, and to what: words at these positions.
fn check_change(
    r: &Reader<'_>,
    [kind_at, place, value]: [usize; 3],
    lanes: &[Lane],
    sizes: &Sizes,
) -> Result<(), ScenarioError> {
    let kind = event_kind(r.get(kind_at, 1, word(EventKind::ALL.len()), "a kind of 1 to 6")?);
    let places = match kind {
        EventKind::Route => sizes.route_count,
        EventKind::Outside | EventKind::Grade => sizes.lane_count,
        EventKind::Demand | EventKind::Capacity | EventKind::Shipping => sizes.node_count,
    };
    let found = r.get(place, 0, word(places) - 1, "the index of a node, route or lane")?;
    let refuse =
        |at: usize, found: i32, expected: &'static str| Err(ScenarioError::Word { at: r.base + at, found, expected });
    let lane = lanes.get(index(found));
    match kind {
        EventKind::Demand | EventKind::Capacity | EventKind::Route => {
            r.get(value, 0, 1 << 16, "a factor, Q12, of 0 to 65536")?;
        }
        EventKind::Shipping | EventKind::Outside => {
            let shipped = r.get(value, 0, 4096, "0 (nothing is shipped) or 4096")?;
            if shipped != 0 && shipped != 4096 {
                return refuse(value, shipped, "0 (nothing is shipped) or 4096");
            }
            if kind == EventKind::Outside && lane.is_none_or(|lane| lane.supplier.is_some()) {
                return refuse(place, found, "a lane from the outside world");
            }
        }
        EventKind::Grade => {
            r.get(value, 0, word(layout::GRADES - 1) << 12, "grades, Q12, of 0 to 28672")?;
            if lane.is_none_or(|lane| lane.quality.is_none()) {
                return refuse(place, found, "a lane whose supplier has grades");
            }
        }
    }
    Ok(())
}

/// What befalls the chain by chance.
fn read_disruptions(
    section: &Reader<'_>,
    tables: &Tables<'_>,
    lanes: &[Lane],
    sizes: &Sizes,
) -> Result<Vec<Disruption, DISRUPTIONS_MAX>, ScenarioError> {
    use layout::disruption::{DURATION_TABLE, GAP_TABLE, KIND, PLACE, VALUE_Q12};
    let mut disruptions: Vec<Disruption, DISRUPTIONS_MAX> = Vec::new();
    for r in section.rows(layout::DISRUPTION_WORDS) {
        check_change(&r, [KIND, PLACE, VALUE_Q12], lanes, sizes)?;
        let days = |place: usize| tables.index(&r, place, 1, 1 << 20, "a table of 1 to 2^20 days");
        let (gap_table, duration_table) = (days(GAP_TABLE)?, days(DURATION_TABLE)?);
        let _ = disruptions.push(Disruption {
            kind: event_kind(at(r.words, KIND)),
            place: index(at(r.words, PLACE)),
            value_q12: at(r.words, VALUE_Q12),
            gap_table,
            duration_table,
        });
    }
    Ok(disruptions)
}

/// The bill of materials, made known to the nodes; returns how many of them assemble.
fn check_bom(section: &Reader<'_>, nodes: &mut [Node], sizes: &Sizes) -> Result<usize, ScenarioError> {
    use layout::bom_line::{COMPONENT, NODE, PRODUCT, QUANTITY};
    let mut before: Option<[i32; 3]> = None;
    let mut assembling = 0;
    for (i, r) in section.rows(layout::BOM_LINE_WORDS).enumerate() {
        let n = r.get(NODE, 0, word(sizes.node_count) - 1, "the index of a node")?;
        let product = r.get(PRODUCT, 0, word(sizes.products) - 1, "the index of a product")?;
        let component = r.get(
            COMPONENT,
            product + 1,
            word(sizes.products) - 1,
            "the index of a product after the one it goes into",
        )?;
        r.get(QUANTITY, 1, BOM_QUANTITY_MAX, "1 to 65536 units")?;
        let refuse = |at: usize, found: i32, expected| Err(ScenarioError::Word { at: r.base + at, found, expected });
        let key = [n, component, product];
        if before.is_some_and(|before| before >= key) {
            return refuse(NODE, n, "a line after the one before it, by node, component and product");
        }
        before = Some(key);
        let Some(node) = nodes.get_mut(index(n)).filter(|node| node.produces) else {
            return refuse(NODE, n, "a node that produces");
        };
        if node.bom_lines == 0 {
            node.first_bom_line = i;
            node.bom_row = assembling;
            assembling += 1;
        }
        node.bom_lines += 1;
        let own = section.words.as_chunks::<{ layout::BOM_LINE_WORDS }>().0.iter().map(bom_line);
        if own.filter(|line| line.node == index(n)).any(|line| line.product == index(component)) {
            return refuse(COMPONENT, component, "a component that is not assembled at the same node");
        }
    }
    Ok(assembling)
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

/// The longest that anything is in the mail: an open order may be longer than its lane's orders [days].
fn longest_mail(lanes: &[Lane], open_orders: &Reader<'_>) -> usize {
    use layout::open_order::{DAYS, STAGE};
    let longest = lanes.iter().fold(0, |a, lane| if lane.order_days > a { lane.order_days } else { a });
    let mailed = open_orders.rows(layout::OPEN_ORDER_WORDS).filter(|r| at(r.words, STAGE) == 1);
    mailed.map(|r| index(at(r.words, DAYS))).fold(longest, |a, days| if days > a { days } else { a })
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
        let disruption_words = section(sizes.disruption_count * layout::DISRUPTION_WORDS)?;
        let bom = section(sizes.bom_line_count * layout::BOM_LINE_WORDS)?;
        let table_index = section(sizes.table_count)?;
        let tables = section(sizes.table_words)?;

        // Tables first: everything else may refer to them.
        check_tables(&table_index, tables.words)?;
        let tables = Tables { index: table_index.words, words: tables.words };
        let shocks = sizes.shock_table.map(|i| tables.get(word(i)));
        if shocks.is_some_and(|shocks| shocks.max() > SHOCK_MAX_Q12) {
            let found = at(image, header::SHOCK_TABLE);
            return Err(ScenarioError::Word { at: header::SHOCK_TABLE, found, expected: "a table of 0 to 65536" });
        }
        let mut nodes = read_nodes(&node_words, stockpoints.words, &sizes)?;
        let routes = read_routes(&route_words, &tables, &sizes)?;
        // A route that an event may close stages what it can't take, as a limited one does.
        let closes = |r: Reader<'_>, [kind, place]: [usize; 2], k: usize| {
            at(r.words, kind) == 3 && at(r.words, place) == word(k)
        };
        let closable = |k: usize| {
            events.rows(layout::EVENT_WORDS).any(|r| closes(r, [layout::event::KIND, layout::event::PLACE], k))
                || disruption_words
                    .rows(layout::DISRUPTION_WORDS)
                    .any(|r| closes(r, [layout::disruption::KIND, layout::disruption::PLACE], k))
        };
        let (mut lanes, staged_lanes, mail_lanes) =
            read_lanes(&lane_words, &tables, &mut nodes, &routes, closable, &sizes)?;
        let (mixed, queue_lanes) = link(&mut nodes, &mut lanes, node_words.base)?;
        check_ranges(&product_words, &freight, &seasons, &events, &lanes, &sizes)?;
        let disruptions = read_disruptions(&disruption_words, &tables, &lanes, &sizes)?;
        let assembling = check_bom(&bom, &mut nodes, &sizes)?;
        check_open_orders(&open_orders, &lanes, &sizes)?;
        let mut selling_rows: Vec<u8, NODES_MAX> = Vec::new();
        let mut selling = 0u8;
        for node in &nodes {
            let _ = selling_rows.push(selling); // at most NODES_MAX nodes
            selling += u8::from(node.sells);
        }
        let mut outside: Vec<u8, LANES_MAX> = Vec::new();
        for (l, _) in lanes.iter().enumerate().filter(|(_, lane)| lane.supplier.is_none()) {
            let _ = outside.push(crate::convert::byte(l)); // at most LANES_MAX lanes
        }
        let replay = section(sizes.replay_days * usize::from(selling) * p)?;
        if !rest.is_empty() {
            return Err(ScenarioError::TooLong { found: image.len(), needed: taken });
        }
        for at in 0..replay.words.len() {
            replay.get(at, 0, sizes.demand_max, "a demand of 0 to the greatest demand")?;
        }
        let general = |node: &&Node| matches!(node.forecast, crate::forecast::Path::General { .. });
        let general_forecasts = nodes.iter().filter(general).count();
        let mut hash = crate::digest::Digest::new();
        hash.words(image);
        let scenario = Self {
            producers: nodes.iter().filter(|n| n.produces).count(),
            graded_lanes: lanes.iter().filter(|l| l.quality.is_some()).count(),
            assembling,
            weighing: nodes.iter().filter(|n| n.weight_row.is_some()).count(),
            yards: nodes.iter().filter(|n| n.yard_row.is_some()).count(),
            works_days: nodes.iter().fold(0, |a, n| if n.production_days > a { n.production_days } else { a }) + 1,
            mail_days: longest_mail(&lanes, &open_orders) + 1,
            rush_lanes: lanes.iter().filter(|l| l.rush_row.is_some()).count(),
            nodes,
            lanes,
            routes,
            outside,
            products: p,
            horizon_days: crate::convert::count(sizes.horizon),
            ring_days: core::num::NonZeroUsize::new(sizes.ring_days).unwrap_or(core::num::NonZeroUsize::MIN),
            first_weekday: crate::convert::count(sizes.first_weekday),
            first_yearday: crate::convert::count(sizes.first_yearday),
            forecast_shift: crate::convert::count(sizes.forecast_shift),
            general_forecasts,
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
            disruptions,
            bom: bom.words.as_chunks().0,
            groups: sizes.groups,
            shock_table: sizes.shock_table,
            table_index: tables.index,
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
