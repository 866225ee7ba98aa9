//! From words to a scenario: every word's range, section by section.

mod lists;
mod places;

use super::{
    BOM_LINES_MAX, DISRUPTIONS_MAX, EVENTS_MAX, GROUPS_MAX, HORIZON_DAYS_MAX, LANES_MAX, NODES_MAX, Node,
    OPEN_ORDERS_MAX, PRODUCTS_MAX, PROFILES_MAX, RING_DAYS_MAX, ROUTES_MAX, SEASON_AHEAD_DAYS, SHOCK_MAX_Q12, Scenario,
    ScenarioError, ScoreParametersPpm,
};
use crate::convert::{index, key, short, word};
use crate::hyperscore::SensitivitiesPpm;
use crate::layout::{self, header};
use crate::rows::at;
use crate::table::Table;
use heapless::Vec;
use lists::{check_bom, check_open_orders, check_ranges, longest_mail, read_disruptions};
use places::{link, read_lanes, read_nodes, read_routes};

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
        let bom_line_count = size(header::BOM_LINES, 0, BOM_LINES_MAX, "0 to 256 lines")?;
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
    ) -> Result<u16, ScenarioError> {
        let i = r.get(place, 0, word(self.index.len()) - 1, "the index of a table")?;
        let table = self.get(i);
        if table.min() < low || table.max() > high {
            return Err(ScenarioError::Word { at: r.base + place, found: i, expected });
        }
        Ok(short(index(i))) // at most 65536 tables
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
        let mut hash = crate::digest::Digest::new();
        hash.words(image);
        let mut scenario = Self {
            nodes: Vec::new(),
            lanes: Vec::new(),
            routes: Vec::new(),
            outside: Vec::new(),
            products: p,
            horizon_days: crate::convert::count(sizes.horizon),
            ring_days: core::num::NonZeroUsize::new(sizes.ring_days).unwrap_or(core::num::NonZeroUsize::MIN),
            first_weekday: crate::convert::count(sizes.first_weekday),
            first_yearday: crate::convert::count(sizes.first_yearday),
            forecast_shift: crate::convert::count(sizes.forecast_shift),
            general_forecasts: 0,
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
            disruptions: Vec::new(),
            bom: bom.words.as_chunks().0,
            groups: sizes.groups,
            shock_table: sizes.shock_table,
            table_index: tables.index,
            tables: tables.words,
            replay: &[],
            replay_days: sizes.replay_days,
            selling_rows: Vec::new(),
            producers: 0,
            mixed: 0,
            staged_lanes: 0,
            rush_lanes: 0,
            mail_lanes: 0,
            queue_lanes: 0,
            graded_lanes: 0,
            yards: 0,
            assembling: 0,
            weighing: 0,
            works_days: 1,
            mail_days: 1,
            hash: hash.value(),
        };
        read_nodes(&mut scenario.nodes, &node_words, stockpoints.words, &sizes)?;
        read_routes(&mut scenario.routes, &route_words, &tables, &sizes)?;
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
        let Self { nodes, lanes, routes, disruptions, .. } = &mut scenario;
        let (staged_lanes, mail_lanes) = read_lanes(lanes, &lane_words, &tables, nodes, routes, closable, &sizes)?;
        let (mixed, queue_lanes) = link(nodes, lanes, node_words.base)?;
        check_ranges(&product_words, &freight, &seasons, &events, lanes, &sizes)?;
        read_disruptions(disruptions, &disruption_words, &tables, lanes, &sizes)?;
        let assembling = check_bom(&bom, nodes, &sizes)?;
        check_open_orders(&open_orders, lanes, &sizes)?;
        let mut selling = 0u8;
        for node in &scenario.nodes {
            let _ = scenario.selling_rows.push(selling); // at most NODES_MAX nodes
            selling += u8::from(node.sells);
        }
        for (l, _) in scenario.lanes.iter().enumerate().filter(|(_, lane)| lane.supplier.is_none()) {
            let _ = scenario.outside.push(crate::convert::byte(l)); // at most LANES_MAX lanes
        }
        let replay = section(sizes.replay_days * usize::from(selling) * p)?;
        if !rest.is_empty() {
            return Err(ScenarioError::TooLong { found: image.len(), needed: taken });
        }
        for at in 0..replay.words.len() {
            replay.get(at, 0, sizes.demand_max, "a demand of 0 to the greatest demand")?;
        }
        scenario.replay = replay.words;
        let (nodes, lanes) = (&scenario.nodes, &scenario.lanes);
        let general = |node: &&Node| matches!(node.forecast, crate::forecast::Path::General { .. });
        scenario.general_forecasts = nodes.iter().filter(general).count();
        scenario.producers = nodes.iter().filter(|n| n.produces).count();
        scenario.graded_lanes = lanes.iter().filter(|l| l.quality.is_some()).count();
        scenario.assembling = assembling;
        scenario.weighing = nodes.iter().filter(|n| n.weight_row.is_some()).count();
        scenario.yards = nodes.iter().filter(|n| n.yard_row.is_some()).count();
        scenario.works_days =
            nodes.iter().fold(0, |a, n| if n.production_days > a { n.production_days } else { a }) + 1;
        scenario.mail_days = longest_mail(lanes, &open_orders) + 1;
        scenario.rush_lanes = lanes.iter().filter(|l| l.rush_row.is_some()).count();
        (scenario.mixed, scenario.queue_lanes) = (mixed, queue_lanes);
        (scenario.staged_lanes, scenario.mail_lanes) = (staged_lanes, mail_lanes);
        scenario.check_stockpoints(stockpoints.base, sizes.demand_max, sizes.profiles)?;
        scenario.check_bounds()?;
        Ok(scenario)
    }
}
