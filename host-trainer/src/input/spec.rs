//! A network, resolved: names, and every parameter in the simulator's own units.

use super::calendar::Date;
use super::compile::Compiled;
use restock_core::digest::name_key;
use restock_core::layout::{self, Column, EFFORTS, GRADES, STOCKPOINT_COLUMNS, header};
use restock_core::scenario::{
    Allocation, BomLine, Disruption, Event, EventKind, OpenOrder, SEASON_AHEAD_DAYS, ScenarioError, ScoreParametersPpm,
    Stage,
};
use restock_core::{Scenario, convert};
use std::path::Path;

/// A place that holds stock and decides.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeSpec {
    /// Name.
    pub name: String,
    /// Sells to customers.
    pub sells: bool,
    /// Customers' unmet demand is lost instead of backordered.
    pub lost_sales: bool,
    /// Distance from the customer.
    pub echelon: i32,
    /// Days between decisions.
    pub review_days: i32,
    /// Decides on days where `day % review_days == review_offset`.
    pub review_offset: i32,
    /// How it shares scarce stock among its lanes.
    pub allocation: Allocation,
    /// Days from production start to stock; none where it does not produce.
    pub production_days: Option<i32>,
    /// Work per day, if limited.
    pub capacity: Option<i32>,
    /// Volume that fits into its storage, if limited.
    pub storage: Option<i32>,
    /// Cost of what finds no room [minor currency units per 1024 units of volume and day].
    pub overflow_rate: i32,
}

/// What a lane's supplier is like, and how it answers to negotiation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QualitySpec {
    /// Grade when nobody negotiates, Q8 (0 = excellent, 1792 = failing).
    pub base_q8: i32,
    /// By how many grades each effort betters it in the end, Q8.
    pub lift_q8: [i32; EFFORTS],
    /// It moves `2^-shift` of the way a day.
    pub relax_shift: i32,
    /// On-time share that a buyer starts from, Q15.
    pub on_time_q15: i32,
    /// Accepted share that a buyer starts from, Q15.
    pub accepted_q15: i32,
    /// Indices of the tables of the defective share, Q16, by grade.
    pub defect_tables: [Option<usize>; GRADES],
}

/// Who supplies whom.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneSpec {
    /// Index of the supplying node; none for the outside world.
    pub supplier: Option<usize>,
    /// Index of the receiving node.
    pub customer: usize,
    /// Number of routes; routes stand in lane order.
    pub routes: usize,
    /// Days an order is in the mail.
    pub order_days: i32,
    /// Rank under priority allocation, 0 first.
    pub priority: i32,
    /// Share of the receiver's orders [ppm].
    pub share: i32,
    /// Its supplier's grades, if it has any.
    pub quality: Option<QualitySpec>,
}

/// One way over a lane.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteSpec {
    /// Name, unique within its lane.
    pub name: String,
    /// Index of the lane.
    pub lane: usize,
    /// Indices of the lead-time tables by grade; all the same where the supplier has no grades.
    pub lead_tables: [usize; GRADES],
    /// Lead time that the supplier promises [days].
    pub promise_days: i32,
    /// Mean lead time, Q8 [days].
    pub lead_mean_q8: i32,
    /// Volume per day, if limited.
    pub capacity: Option<i32>,
    /// Freight [minor currency units per unit]. Shape `[product]`.
    pub freight: Vec<i32>,
}

/// What is stocked.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductSpec {
    /// Name.
    pub name: String,
    /// Volume of one unit, in the unit of the routes' capacity.
    pub volume: i32,
    /// Index of its group in [`NetworkSpec::groups`]: its products share a shock each day; none where it has none.
    pub group: Option<usize>,
}

/// Season factors over the days of the horizon and beyond.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileSpec {
    /// Name; the version that nodes upstream forecast with ends in `~`.
    pub name: String,
    /// Factors, Q12. Shape `[day]`, horizon + [`SEASON_AHEAD_DAYS`].
    pub row: Vec<i32>,
}

/// A resolved network: what [`NetworkSpec::image`] writes down. Nodes stand customers first.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkSpec {
    /// Name, for reports.
    pub name: String,
    /// Name of the currency, for reports.
    pub currency: String,
    /// Date of day 0.
    pub start: Date,
    /// Days a replica may run.
    pub horizon_days: usize,
    /// Length of the arrival ring [days].
    pub ring_days: i32,
    /// Bits that the lags of forecasts give up for range.
    pub forecast_shift: i32,
    /// Internal units per unit of the user's.
    pub unit_scale: i32,
    /// Minor currency units per unit of currency.
    pub money_scale: i32,
    /// Holding cost per day of textbook base stock held in full everywhere [minor currency units].
    pub reference_holding: i64,
    /// Greatest demand of one stockpoint in a day [units].
    pub demand_max: i32,
    /// Greatest inventory position a policy may ask for [units].
    pub position_max: i32,
    /// HyperScore's parameters.
    pub score: ScoreParametersPpm,
    /// The nodes, customers first.
    pub nodes: Vec<NodeSpec>,
    /// The lanes.
    pub lanes: Vec<LaneSpec>,
    /// The routes, in lane order.
    pub routes: Vec<RouteSpec>,
    /// The products, in the order of the user's file.
    pub products: Vec<ProductSpec>,
    /// Stockpoint columns. Shape `[column][node][product]`.
    pub stockpoints: Vec<i32>,
    /// Season profiles.
    pub profiles: Vec<ProfileSpec>,
    /// Names of the groups of products, in the order of the user's file.
    pub groups: Vec<String>,
    /// Dated events, by day.
    pub events: Vec<Event>,
    /// What is already ordered on the morning of the first day, by lane, product, stage and days.
    pub open_orders: Vec<OpenOrder>,
    /// What befalls the chain by chance.
    pub disruptions: Vec<Disruption>,
    /// What is assembled from what, by node, component and product.
    pub bom: Vec<BomLine>,
    /// Index of the table of the groups' daily shocks: factors Q12 of mean 4096, of which one draw per node, day
    /// and group multiplies the season of the group's products. None where there are none.
    pub shock_table: Option<usize>,
    /// Tables of demand, lead time, defective shares, shocks and disruptions.
    pub tables: Vec<Compiled>,
    /// Days of replayed demand; 0 = demand is drawn.
    pub replay_days: usize,
    /// Replayed demand [units]. Shape `[day][selling node][product]`.
    pub replay: Vec<i32>,
}

impl NetworkSpec {
    /// Number of stockpoints.
    #[must_use]
    pub fn stockpoint_count(&self) -> usize {
        self.nodes.len() * self.products.len()
    }

    /// One value of one stockpoint, or 0 outside of the network.
    #[must_use]
    pub fn value(&self, column: Column, node: usize, product: usize) -> i32 {
        let at = (column.at() * self.nodes.len() + node) * self.products.len() + product;
        self.stockpoints.get(at).copied().unwrap_or(0)
    }

    /// Table of the groups' daily shocks.
    #[must_use]
    pub fn group_shock(&self) -> Option<&Compiled> {
        self.shock_table.and_then(|table| self.tables.get(table))
    }

    /// Name of a route with its lane: `factory>shop:slow`.
    #[must_use]
    pub fn route_name(&self, route: usize) -> String {
        let Some(spec) = self.routes.get(route) else { return format!("route {route}") };
        let node = |i: usize| self.nodes.get(i).map_or("?", |n| n.name.as_str());
        let lane = self.lanes.get(spec.lane);
        let supplier = lane.and_then(|l| l.supplier).map_or("outside", node);
        format!("{supplier}>{}:{}", lane.map_or("?", |l| node(l.customer)), spec.name)
    }

    /// The scenario image, word by word as [`restock_core::layout`] says, accepted by [`Scenario::new`].
    ///
    /// # Errors
    /// What the simulator refuses; a network that was loaded has been through this once.
    pub fn image(&self) -> Result<Vec<i32>, ScenarioError> {
        let mut words = vec![0; layout::HEADER_WORDS];
        self.write_places(&mut words);
        words.extend_from_slice(&self.stockpoints);
        for route in &self.routes {
            words.extend_from_slice(&route.freight);
        }
        for profile in &self.profiles {
            // Sums of all days before: a forecast over any interval is one subtraction.
            let mut sum = 0i32;
            words.push(0);
            words.extend(profile.row.iter().map(|factor| {
                sum = sum.saturating_add(*factor);
                sum
            }));
        }
        for event in &self.events {
            words.extend([
                convert::from_bits(event.day),
                kind_word(event.kind),
                convert::word(event.place),
                event.value_q12,
            ]);
        }
        for open in &self.open_orders {
            let stage = match open.stage {
                Stage::InTransit => 0,
                Stage::InMail => 1,
                Stage::Waiting => 2,
            };
            let [lane, product, days] = [open.lane, open.product, open.days].map(convert::word);
            words.extend([lane, product, stage, days, open.units]);
        }
        for d in &self.disruptions {
            let [place, gap, duration] = [d.place, d.gap_table, d.duration_table].map(convert::word);
            words.extend([kind_word(d.kind), place, d.value_q12, gap, duration]);
        }
        for line in &self.bom {
            let [node, product, component] = [line.node, line.product, line.component].map(convert::word);
            words.extend([node, product, component, line.quantity]);
        }
        let mut start = 0;
        for table in &self.tables {
            words.push(convert::word(start));
            start += table.words.len();
        }
        for table in &self.tables {
            words.extend_from_slice(&table.words);
        }
        words.extend_from_slice(&self.replay);
        self.write_header(&mut words, start);
        Scenario::new(&words)?;
        Ok(words)
    }

    fn write_header(&self, words: &mut [i32], table_words: usize) {
        let first = [
            (header::MAGIC, layout::MAGIC),
            (header::VERSION, layout::VERSION),
            (header::WORDS, convert::word(words.len())),
            (header::NODES, convert::word(self.nodes.len())),
            (header::LANES, convert::word(self.lanes.len())),
            (header::ROUTES, convert::word(self.routes.len())),
            (header::PRODUCTS, convert::word(self.products.len())),
            (header::HORIZON_DAYS, convert::word(self.horizon_days)),
            (header::PROFILES, convert::word(self.profiles.len())),
            (header::EVENTS, convert::word(self.events.len())),
            (header::TABLES, convert::word(self.tables.len())),
            (header::TABLE_WORDS, convert::word(table_words)),
            (header::RING_DAYS, self.ring_days),
            (header::FIRST_WEEKDAY, convert::word(self.start.weekday())),
            (header::FIRST_YEARDAY, convert::word(self.start.yearday())),
            (header::FORECAST_SHIFT, self.forecast_shift),
            (header::UNIT_SCALE, self.unit_scale),
            (header::MONEY_SCALE, self.money_scale),
            (header::REFERENCE_HOLDING_LOW, halves(convert::bits_wide(self.reference_holding))[0]),
            (header::REFERENCE_HOLDING_HIGH, halves(convert::bits_wide(self.reference_holding))[1]),
            (header::REPLAY_DAYS, convert::word(self.replay_days)),
            (header::DEMAND_MAX, self.demand_max),
            (header::POSITION_MAX, self.position_max),
            (header::WEIGHT_DELIVERY, self.score.weight_delivery),
            (header::WEIGHT_INVENTORY, self.score.weight_inventory),
            (header::WEIGHT_CAPACITY, self.score.weight_capacity),
            (header::BETA, self.score.beta),
            (header::GAMMA, self.score.gamma),
            (header::KAPPA, self.score.kappa),
            (header::OPEN_ORDERS, convert::word(self.open_orders.len())),
            (header::DISRUPTIONS, convert::word(self.disruptions.len())),
            (header::BOM_LINES, convert::word(self.bom.len())),
            // Without shocks it does not matter which products are of a group.
            (header::GROUPS, self.shock_table.map_or(0, |_| convert::word(self.groups.len()))),
            (header::SHOCK_TABLE, self.shock_table.map_or(-1, convert::word)),
        ];
        for (at, value) in first {
            words[at] = value;
        }
        let sensitivities = &mut words[header::SENSITIVITIES..][..layout::SENSITIVITY_WORDS];
        sensitivities.copy_from_slice(&self.score.sensitivity.words());
    }

    fn write_places(&self, words: &mut Vec<i32>) {
        for node in &self.nodes {
            let mut w = [0; layout::NODE_WORDS];
            [w[layout::node::KEY_LOW], w[layout::node::KEY_HIGH]] = halves(name_key(&node.name));
            let flag = |set: bool, bit: i32| if set { bit } else { 0 };
            w[layout::node::FLAGS] = flag(node.sells, layout::node::SELLS)
                | flag(node.lost_sales, layout::node::LOST_SALES)
                | flag(node.production_days.is_some(), layout::node::PRODUCES);
            w[layout::node::ECHELON] = node.echelon;
            w[layout::node::REVIEW_DAYS] = node.review_days;
            w[layout::node::REVIEW_OFFSET] = node.review_offset;
            w[layout::node::ALLOCATION] = match node.allocation {
                Allocation::Proportional => 0,
                Allocation::Priority => 1,
                Allocation::FirstCome => 2,
            };
            w[layout::node::PRODUCTION_DAYS] = node.production_days.unwrap_or(0);
            w[layout::node::CAPACITY] = node.capacity.unwrap_or(-1);
            w[layout::node::STORAGE] = node.storage.unwrap_or(-1);
            w[layout::node::OVERFLOW_RATE] = node.overflow_rate;
            words.extend(w);
        }
        for lane in &self.lanes {
            let mut w = [0; layout::LANE_WORDS];
            w[layout::lane::SUPPLIER] = lane.supplier.map_or(-1, convert::word);
            w[layout::lane::CUSTOMER] = convert::word(lane.customer);
            w[layout::lane::ROUTES] = convert::word(lane.routes);
            w[layout::lane::ORDER_DAYS] = lane.order_days;
            w[layout::lane::PRIORITY] = lane.priority;
            w[layout::lane::SHARE] = lane.share;
            write_quality(&mut w, lane.quality.as_ref());
            words.extend(w);
        }
        for route in &self.routes {
            let mut w = [0; layout::ROUTE_WORDS];
            w[layout::route::PROMISE] = route.promise_days;
            for (grade, table) in route.lead_tables.iter().enumerate() {
                w[layout::route::LEAD_TABLES + grade] = convert::word(*table);
            }
            w[layout::route::CAPACITY] = route.capacity.unwrap_or(-1);
            w[layout::route::LEAD_MEAN_Q8] = route.lead_mean_q8;
            words.extend(w);
        }
        let shocked = self.shock_table.is_some();
        let keys = self.products.iter().map(|product| halves(name_key(&product.name)));
        words.extend(keys.clone().map(|[low, _]| low));
        words.extend(keys.map(|[_, high]| high));
        words.extend(self.products.iter().map(|product| product.volume));
        words.extend(self.products.iter().map(|product| product.group.filter(|_| shocked).map_or(-1, convert::word)));
    }

    /// Whether all sections have the sizes that the counts say: what the builder must keep.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        let products = self.products.len();
        self.stockpoints.len() == STOCKPOINT_COLUMNS * self.stockpoint_count()
            && self.routes.iter().all(|route| route.freight.len() == products)
            && self.routes.len() == self.lanes.iter().map(|lane| lane.routes).sum::<usize>()
            && self.profiles.iter().all(|profile| profile.row.len() == self.horizon_days + SEASON_AHEAD_DAYS)
            && self.replay.len() == self.replay_days * self.nodes.iter().filter(|node| node.sells).count() * products
    }
}

/// The image's number of a kind.
fn kind_word(kind: EventKind) -> i32 {
    EventKind::ALL.iter().position(|k| *k == kind).map_or(0, |at| convert::word(at) + 1)
}

/// A lane's words of its supplier's grades.
fn write_quality(w: &mut [i32; layout::LANE_WORDS], quality: Option<&QualitySpec>) {
    use layout::lane::{ACCEPTED, BASE_GRADE, DEFECT_TABLES, LIFT, ON_TIME, RELAX_SHIFT};
    w[BASE_GRADE] = quality.map_or(-1, |quality| quality.base_q8);
    for grade in 0..GRADES {
        let table = quality.and_then(|quality| quality.defect_tables[grade]);
        w[DEFECT_TABLES + grade] = table.map_or(-1, convert::word);
    }
    if let Some(quality) = quality {
        w[LIFT..LIFT + EFFORTS].copy_from_slice(&quality.lift_q8);
        w[RELAX_SHIFT] = quality.relax_shift;
        w[ON_TIME] = quality.on_time_q15;
        w[ACCEPTED] = quality.accepted_q15;
    }
}

/// Low and high word of a key.
fn halves(key: u64) -> [i32; 2] {
    [convert::from_bits(convert::low_bits(key)), convert::from_bits(convert::low_bits(key >> 32))]
}

/// Writes an image as `scenario.bin`: its words, little-endian.
///
/// # Errors
/// What the file system says.
pub fn write_image(path: &Path, image: &[i32]) -> std::io::Result<()> {
    std::fs::write(path, image.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>())
}

/// Reads what [`write_image`] wrote; [`Scenario::new`] checks it.
///
/// # Errors
/// What the file system says, or that the length is no multiple of four bytes.
pub fn read_image(path: &Path) -> std::io::Result<Vec<i32>> {
    let bytes = std::fs::read(path)?;
    let (words, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        let message = format!("{} has {} bytes, should be a multiple of 4: it is cut off", path.display(), bytes.len());
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, message));
    }
    Ok(words.iter().map(|word| i32::from_le_bytes(*word)).collect())
}
