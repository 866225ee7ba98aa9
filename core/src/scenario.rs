//! A problem, checked once: everything about a chain that does not change while it runs.
//!
//! [`Scenario::new`] borrows an image (see [`crate::layout`]), checks every word of it, and proves
//! that no day of no replica can overflow. After that nothing in the simulator returns a `Result`.

mod bounds;
mod error;
mod parts;
mod read;

use crate::convert::{bits, index, key, saturate_wide, wide, wide_index, wider, word};
use crate::layout::{self, Column};
use crate::rows::{at, row};
use crate::table::Table;
use core::num::NonZeroUsize;
pub use error::ScenarioError;
use heapless::Vec;
pub(crate) use parts::combined;
pub use parts::{
    Allocation, BomLine, Disruption, Event, EventKind, Lane, Node, OpenOrder, Quality, Route, ScoreParametersPpm, Stage,
};
use parts::{bom_line, event_kind, open_order};

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
/// Days of arrival by which a first-come node tells waiting orders apart; what is older counts as that old.
/// A length of its own, so that the ring's changes nothing.
pub const FIRST_COME_DAYS: usize = 32;
/// Longest run [days].
pub const HORIZON_DAYS_MAX: usize = 4096;
/// Most season profiles.
pub const PROFILES_MAX: usize = 64;
/// Days of season factors kept beyond the horizon, for forecasts that look past it [days].
pub const SEASON_AHEAD_DAYS: usize = 192;
/// Most dated events.
pub const EVENTS_MAX: usize = 4096;
/// Most random disruptions.
pub const DISRUPTIONS_MAX: usize = 64;
/// Most lines of the bill of materials.
pub const BOM_LINES_MAX: usize = 256;
/// Most units of a component in one unit of a product.
pub const BOM_QUANTITY_MAX: i32 = 1 << 16;
/// Most groups of products whose demand is shocked together.
pub const GROUPS_MAX: usize = 32;
/// Greatest shock of a group's demand, Q12.
pub const SHOCK_MAX_Q12: i32 = 1 << 16;
/// The worst grade, Q16.
pub const GRADE_MAX_Q16: i32 = (word(layout::GRADES) - 1) << 16;
/// Most open orders.
pub const OPEN_ORDERS_MAX: usize = 1 << 20;
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

/// A checked problem. Shapes: `[node][product]` for stockpoints, `[route][product]` for freight.
#[derive(Clone, Debug)]
pub struct Scenario<'a> {
    pub(crate) nodes: Vec<Node, NODES_MAX>,
    pub(crate) lanes: Vec<Lane, LANES_MAX>,
    pub(crate) routes: Vec<Route, ROUTES_MAX>,
    /// Lanes from the outside world (indices).
    pub(crate) outside: Vec<u8, LANES_MAX>,
    products: usize,
    horizon_days: u32,
    ring_days: NonZeroUsize,
    first_weekday: u32,
    first_yearday: u32,
    forecast_shift: u32,
    /// Nodes whose forecasts have lags.
    pub(crate) general_forecasts: usize,
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
    open_orders: &'a [[i32; layout::OPEN_ORDER_WORDS]],
    disruptions: Vec<Disruption, DISRUPTIONS_MAX>,
    bom: &'a [[i32; layout::BOM_LINE_WORDS]],
    groups: usize,
    shock_table: Option<usize>,
    table_index: &'a [i32],
    tables: &'a [i32],
    replay: &'a [i32],
    replay_days: usize,
    selling_rows: Vec<u8, NODES_MAX>,
    pub(crate) producers: usize,
    pub(crate) mixed: usize,
    pub(crate) staged_lanes: usize,
    pub(crate) rush_lanes: usize,
    pub(crate) mail_lanes: usize,
    pub(crate) queue_lanes: usize,
    pub(crate) graded_lanes: usize,
    pub(crate) yards: usize,
    pub(crate) assembling: usize,
    pub(crate) weighing: usize,
    /// Length of the ring of what is in production [days].
    pub(crate) works_days: usize,
    /// Length of the ring of the mail [days].
    pub(crate) mail_days: usize,
    hash: u64,
}

impl<'a> Scenario<'a> {
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
        self.ring_days.get()
    }

    /// The place of a day in the arrival ring.
    #[inline(always)]
    pub(crate) fn ring_slot(&self, day: usize) -> usize {
        day % self.ring_days
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

    /// Bits that the lags of general forecasts give up for range: they are Q(12 - shift).
    #[inline(always)]
    #[must_use]
    pub fn forecast_shift(&self) -> u32 {
        self.forecast_shift
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

    /// What a day's holding may cost at one node before its inventory score is 0 [minor currency units]: its
    /// share of the network's reference, which is that of its textbook base stock held in full, at the long-run
    /// mean. The shares add up to the network's, but for rounding down; at least 1.
    #[must_use]
    pub fn node_reference_holding(&self, node: usize) -> i64 {
        let all: i128 = (0..self.nodes.len()).map(|n| self.textbook_holding(n)).sum();
        let share = wider(self.reference_holding).checked_mul(self.textbook_holding(node));
        // A network that holds nothing by the book has equal shares.
        let equal = self.reference_holding.checked_div(wide(word(self.nodes.len()))).unwrap_or(0);
        share.and_then(|s| s.checked_div(all)).map_or(equal, saturate_wide).max(1)
    }

    /// Holding cost of a day of the textbook base stock of one node, at the long-run mean [minor currency units].
    fn textbook_holding(&self, node: usize) -> i128 {
        let column = |column| self.column(column, node).iter().map(|&w| wide(w));
        let shape =
            column(Column::DemandMean).zip(column(Column::ProtectionDays)).zip(column(Column::ProtectionSpread));
        let rates = column(Column::SafetyFactor).zip(column(Column::HoldingCost));
        let held = shape.zip(rates).map(|(((mean, days), spread), (z_q8, holding))| {
            let mean = mean * days; // Q12; a word times at most 160
            let safety = (wider(mean) * wider(spread) * wider(z_q8)) >> 24;
            wider(holding) * (((wider(mean) + safety).max(0) + 4095) >> 12)
        });
        held.sum()
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
        self.stockpoints.get(at..at + self.products).unwrap_or(&[])
    }

    /// Freight of one route [minor currency units per unit]. Shape `[product]`.
    #[inline]
    #[must_use]
    pub fn freight(&self, route: usize) -> &'a [i32] {
        row(self.freight, route, self.products)
    }

    /// Hash of a product's name.
    #[inline]
    #[must_use]
    pub fn product_key(&self, product: usize) -> u64 {
        let word = |word: usize| at(self.product_column(word), product);
        key(word(layout::product::KEY_LOW), word(layout::product::KEY_HIGH))
    }

    /// Hashes of the products' names, in order.
    #[inline(always)]
    pub(crate) fn product_keys(&self) -> impl Iterator<Item = u64> + 'a {
        let (low, high) =
            (self.product_column(layout::product::KEY_LOW), self.product_column(layout::product::KEY_HIGH));
        low.iter().zip(high).map(|(&low, &high)| key(low, high))
    }

    /// One word of each product ([`layout::product`]). Shape `[product]`.
    #[inline(always)]
    fn product_column(&self, word: usize) -> &'a [i32] {
        row(self.product_words, word, self.products)
    }

    /// Volume of one unit of each product. Shape `[product]`.
    #[inline(always)]
    #[must_use]
    pub fn volumes(&self) -> &'a [i32] {
        self.product_column(layout::product::VOLUME)
    }

    /// Volume of one unit of a product.
    #[inline]
    #[must_use]
    pub fn volume(&self, product: usize) -> i32 {
        at(self.volumes(), product)
    }

    /// Group whose shock each product's demand follows, or -1. Shape `[product]`.
    #[inline(always)]
    pub(crate) fn group_column(&self) -> &'a [i32] {
        self.product_column(layout::product::GROUP)
    }

    /// Number of season profiles.
    #[must_use]
    pub fn profiles(&self) -> usize {
        self.seasons.len().checked_div(self.season_days + 1).unwrap_or(0)
    }

    /// Sum of the season factors, Q12, of one profile over the days `from..until`.
    /// Days past the last factor count as the last day kept.
    #[inline(always)]
    #[must_use]
    pub fn season_sum(&self, profile: usize, from: usize, until: usize) -> i32 {
        let sums = row(self.seasons, profile, self.season_days + 1);
        let last = self.season_days;
        at(sums, if until < last { until } else { last }) - at(sums, if from < last { from } else { last })
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
        let sums = row(self.seasons, profile, self.season_days + 1);
        let factors = sums.iter().zip(sums.iter().skip(1)).map(|(before, until)| until - before);
        factors.fold(0, |most, factor| if factor > most { factor } else { most })
    }

    /// The dated events, by day.
    pub fn events(&self) -> impl Iterator<Item = Event> + '_ {
        (0..self.events.len() / layout::EVENT_WORDS).filter_map(|i| self.event(i))
    }

    /// One dated event.
    #[must_use]
    pub fn event(&self, i: usize) -> Option<Event> {
        let words = self.events.as_chunks::<{ layout::EVENT_WORDS }>().0.get(i)?;
        Some(Event {
            day: crate::convert::bits(words[layout::event::DAY]),
            kind: event_kind(words[layout::event::KIND]),
            place: index(words[layout::event::PLACE]),
            value_q12: words[layout::event::VALUE_Q12],
        })
    }

    /// What befalls the chain by chance.
    #[must_use]
    pub fn disruptions(&self) -> &[Disruption] {
        &self.disruptions
    }

    /// The bill of materials of a node, by component and product.
    #[inline(always)]
    pub fn bom(&self, node: &Node) -> impl Iterator<Item = BomLine> + 'a {
        let lines = self.bom.get(node.first_bom_line..node.first_bom_line + node.bom_lines).unwrap_or(&[]);
        lines.iter().map(bom_line)
    }

    /// Number of groups of products whose demand is shocked together.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Table of a group's daily shock, Q12.
    #[must_use]
    pub fn shock_table(&self) -> Option<Table<'a>> {
        self.shock_table.map(|i| self.table(i))
    }

    /// Group whose shock a product's demand follows.
    #[must_use]
    pub fn group(&self, product: usize) -> Option<usize> {
        let group = self.group_column().get(product).copied().unwrap_or(-1);
        (group >= 0).then_some(index(group))
    }

    /// What is already ordered on the morning of the first day, by lane and product.
    pub fn open_orders(&self) -> impl Iterator<Item = OpenOrder> + 'a {
        self.open_orders.iter().map(open_order)
    }

    /// Units of a product that are already ordered over a lane on the morning of the first day.
    fn open_units(&self, lane: usize, product: usize) -> i64 {
        let key = |words: &[i32; layout::OPEN_ORDER_WORDS]| {
            (index(words[layout::open_order::LANE]), index(words[layout::open_order::PRODUCT]))
        };
        let from = self.open_orders.partition_point(|words| key(words) < (lane, product));
        let rest = self.open_orders.get(from..).unwrap_or(&[]);
        let own = rest.iter().take_while(|words| key(words) == (lane, product));
        own.map(|words| wide(words[layout::open_order::UNITS])).sum()
    }

    /// A table, by its index.
    #[inline]
    #[must_use]
    pub fn table(&self, i: usize) -> Table<'a> {
        // A start is not negative: it has been checked.
        let start = self.table_index.get(i).map_or(usize::MAX, |&start| wide_index(bits(start)));
        Table::trusted(self.tables.get(start..).unwrap_or(&[]))
    }

    /// Replayed demand of a node on a day, if the scenario replays it. Shape `[product]`.
    #[must_use]
    pub fn replayed(&self, node: usize, day: u32) -> Option<&'a [i32]> {
        let rows = self.nodes.iter().filter(|n| n.sells).count();
        let row = crate::convert::byte_index(*self.selling_rows.get(node)?);
        if self.replay_days == 0 || rows == 0 {
            return None;
        }
        let at = ((wide_index(day) % self.replay_days) * rows + row) * self.products;
        self.replay.get(at..at + self.products)
    }
}
