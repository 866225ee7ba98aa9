//! The scenario image, word by word: what the host writes and [`crate::Scenario`] reads.
//!
//! An image is a sequence of 32-bit little-endian words, so that it can be borrowed from flash or
//! memory as `&[i32]` without copying and without unsafe code. Order of sections:
//!
//! | section | words |
//! | --- | --- |
//! | header | [`HEADER_WORDS`] |
//! | nodes | `nodes * NODE_WORDS` |
//! | lanes | `lanes * LANE_WORDS` |
//! | routes | `routes * ROUTE_WORDS` |
//! | products | `PRODUCT_WORDS * products`, shape `[word][product]` |
//! | stockpoint columns | `STOCKPOINT_COLUMNS * nodes * products`, shape `[column][node][product]` |
//! | freight | `routes * products`, minor currency units per unit, shape `[route][product]` |
//! | seasons | `profiles * (season_days + 1)`, shape `[profile][day]`: word `d` is the sum of the Q12 factors of all days before `d`, so that a forecast over any interval is one subtraction; `season_days` = horizon + [`crate::scenario::SEASON_AHEAD_DAYS`] |
//! | events | `events * EVENT_WORDS`, sorted by day |
//! | open orders | `open_orders * OPEN_ORDER_WORDS`, sorted by lane, product, stage and days, each once |
//! | disruptions | `disruptions * DISRUPTION_WORDS`: what befalls the chain by chance |
//! | bill of materials | `bom_lines * BOM_LINE_WORDS`, sorted by node, component and product, each once |
//! | table index | `tables`: first word of each table within the tables section |
//! | tables | `table_words` |
//! | replay | `replay_days * replay_nodes * products`, shape `[day][replay node][product]`; may be empty |

/// First word of every image: "RSTK".
pub const MAGIC: i32 = i32::from_le_bytes(*b"RSTK");
/// Version of this layout and of the day's sequence of events (contract v2).
pub const VERSION: i32 = 3;

/// Words of the header.
pub const HEADER_WORDS: usize = 64;
/// Words of HyperScore's sensitivities, in the header.
pub const SENSITIVITY_WORDS: usize = 8;
/// Words of one node.
pub const NODE_WORDS: usize = 16;
/// Words of one lane.
pub const LANE_WORDS: usize = 24;
/// Words of one route.
pub const ROUTE_WORDS: usize = 12;
/// Words of one product.
pub const PRODUCT_WORDS: usize = 4;
/// Words of one dated event.
pub const EVENT_WORDS: usize = 4;
/// Words of one open order.
pub const OPEN_ORDER_WORDS: usize = 5;
/// Words of one random disruption.
pub const DISRUPTION_WORDS: usize = 5;
/// Words of one line of the bill of materials.
pub const BOM_LINE_WORDS: usize = 4;
/// Grades that a supplier may have, from 0, excellent, to failing.
pub const GRADES: usize = 8;
/// Levels of negotiation effort above none.
pub const EFFORTS: usize = 3;

/// Header positions.
pub mod header {
    /// [`super::MAGIC`].
    pub const MAGIC: usize = 0;
    /// [`super::VERSION`].
    pub const VERSION: usize = 1;
    /// Words in the whole image.
    pub const WORDS: usize = 2;
    /// Number of nodes.
    pub const NODES: usize = 3;
    /// Number of lanes.
    pub const LANES: usize = 4;
    /// Number of routes.
    pub const ROUTES: usize = 5;
    /// Number of products.
    pub const PRODUCTS: usize = 6;
    /// Days a replica may run [days].
    pub const HORIZON_DAYS: usize = 7;
    /// Number of season profiles.
    pub const PROFILES: usize = 8;
    /// Number of dated events.
    pub const EVENTS: usize = 9;
    /// Number of tables.
    pub const TABLES: usize = 10;
    /// Words of all tables.
    pub const TABLE_WORDS: usize = 11;
    /// Length of the arrival ring [days]; greater than every lead time.
    pub const RING_DAYS: usize = 12;
    /// Weekday of day 0 (0 = Monday).
    pub const FIRST_WEEKDAY: usize = 13;
    /// Day of the year of day 0 (0 = 1 January).
    pub const FIRST_YEARDAY: usize = 14;
    // 15 is reserved and must be 0.
    /// Internal units per unit of the user's.
    pub const UNIT_SCALE: usize = 16;
    /// Minor currency units per unit of currency.
    pub const MONEY_SCALE: usize = 17;
    /// Reference holding cost of the whole chain per day, low word [minor currency units].
    pub const REFERENCE_HOLDING_LOW: usize = 18;
    /// The same, high word.
    pub const REFERENCE_HOLDING_HIGH: usize = 19;
    /// Days of demand replayed from history; 0 = demand is drawn.
    pub const REPLAY_DAYS: usize = 20;
    /// Greatest demand of one stockpoint in a day [units].
    pub const DEMAND_MAX: usize = 21;
    /// Greatest [`Column::PositionMax`](super::Column::PositionMax) [units].
    pub const POSITION_MAX: usize = 22;
    /// HyperScore weight of the delivery rate [ppm].
    pub const WEIGHT_DELIVERY: usize = 23;
    /// HyperScore weight of the inventory score [ppm].
    pub const WEIGHT_INVENTORY: usize = 24;
    /// HyperScore weight of the capacity utilization [ppm].
    pub const WEIGHT_CAPACITY: usize = 25;
    /// HyperScore beta [ppm].
    pub const BETA: usize = 26;
    /// HyperScore gamma [ppm].
    pub const GAMMA: usize = 27;
    /// HyperScore kappa [ppm].
    pub const KAPPA: usize = 28;
    /// Number of open orders.
    pub const OPEN_ORDERS: usize = 29;
    /// Number of random disruptions.
    pub const DISRUPTIONS: usize = 30;
    /// Number of lines of the bill of materials.
    pub const BOM_LINES: usize = 31;
    /// Number of groups of products whose demand is shocked together.
    pub const GROUPS: usize = 32;
    /// Table of a group's daily shock, a factor Q12 of mean 4096; -1 where there is no group.
    pub const SHOCK_TABLE: usize = 33;
    // 34 to 39 are reserved and must be 0.
    /// Bits that the lags of general forecasts give up for range: they are Q(12 - shift). See [`crate::forecast`].
    pub const FORECAST_SHIFT: usize = 40;
    // 41 to 49 are reserved and must be 0.
    /// HyperScore's [`crate::hyperscore::SensitivitiesPpm`], [`SENSITIVITY_WORDS`](super::SENSITIVITY_WORDS) of them [ppm].
    pub const SENSITIVITIES: usize = 50;
    // 58 to 63 are reserved and must be 0.
}

/// Node word positions.
pub mod node {
    /// Hash of the name, low word.
    pub const KEY_LOW: usize = 0;
    /// Hash of the name, high word.
    pub const KEY_HIGH: usize = 1;
    /// Bit 0: sells to customers. Bit 1: unmet customer demand is lost. Bit 2: produces.
    pub const FLAGS: usize = 2;
    /// Distance from the customer.
    pub const ECHELON: usize = 3;
    /// Days between decisions (1 or more).
    pub const REVIEW_DAYS: usize = 4;
    /// Decides on days where `day % review_days == review_offset`.
    pub const REVIEW_OFFSET: usize = 5;
    /// 0 proportional, 1 priority, 2 first come.
    pub const ALLOCATION: usize = 6;
    /// Days from production start to stock (1 or more for a producing node, else 0).
    pub const PRODUCTION_DAYS: usize = 7;
    /// Work per day, or -1 for no limit.
    pub const CAPACITY: usize = 8;
    /// Volume that fits into the node's storage, or -1 for no limit.
    pub const STORAGE: usize = 9;
    /// Cost of what finds no room [minor currency units per 1024 units of volume and day].
    pub const OVERFLOW_RATE: usize = 10;
    // 11 to 15 are reserved and must be 0.

    /// Flag: sells to customers.
    pub const SELLS: i32 = 1;
    /// Flag: unmet customer demand is lost.
    pub const LOST_SALES: i32 = 2;
    /// Flag: produces.
    pub const PRODUCES: i32 = 4;
}

/// Lane word positions.
pub mod lane {
    /// Index of the supplying node, or -1 for the outside world (unlimited stock).
    pub const SUPPLIER: usize = 0;
    /// Index of the receiving node; always smaller than the supplier's.
    pub const CUSTOMER: usize = 1;
    /// Number of routes (1 to [`crate::scenario::ROUTES_PER_LANE_MAX`]); routes stand in lane order.
    pub const ROUTES: usize = 2;
    /// Days an order is in the mail before the supplier sees it (0 = the same day).
    pub const ORDER_DAYS: usize = 3;
    /// Rank among the supplier's lanes under priority allocation (0 = first).
    pub const PRIORITY: usize = 4;
    /// Share of the receiver's orders [ppm]; the inbound lanes of a node add up to 1,000,000.
    pub const SHARE: usize = 5;
    /// The supplier's grade when nobody negotiates, Q8 (0 = excellent, 7 * 256 = failing); -1 where it has no
    /// grades: its lead times do not depend on any, nothing is defective, nobody negotiates.
    pub const BASE_GRADE: usize = 6;
    /// By how many grades each effort (1 to [`EFFORTS`](super::EFFORTS)) betters the supplier in the end, Q8; the
    /// second step no more than the first, and so on.
    pub const LIFT: usize = 7;
    /// The supplier moves `2^-shift` of the way to the grade it tends to in a day.
    pub const RELAX_SHIFT: usize = 10;
    /// On-time share that a buyer starts from, Q15.
    pub const ON_TIME: usize = 11;
    /// Accepted share that a buyer starts from, Q15.
    pub const ACCEPTED: usize = 12;
    // 13 to 15 are reserved and must be 0.
    /// Tables of the defective share of a receipt, Q16, by grade ([`GRADES`](super::GRADES) words); -1: none is.
    pub const DEFECT_TABLES: usize = 16;
}

/// Route word positions.
pub mod route {
    /// Lead time that the supplier promises [days]: what takes longer is late.
    pub const PROMISE: usize = 0;
    /// Volume per day, or -1 for no limit.
    pub const CAPACITY: usize = 1;
    /// Mean lead time, Q8 [days]: what planning assumes.
    pub const LEAD_MEAN_Q8: usize = 2;
    // 3 is reserved and must be 0.
    /// Indices of the lead-time tables [days], by grade ([`GRADES`](super::GRADES) words); all the same on a lane
    /// without grades.
    pub const LEAD_TABLES: usize = 4;
}

/// Product word positions.
pub mod product {
    /// Hash of the name, low word.
    pub const KEY_LOW: usize = 0;
    /// Hash of the name, high word.
    pub const KEY_HIGH: usize = 1;
    /// Volume of one unit, in the unit of the routes' capacity.
    pub const VOLUME: usize = 2;
    /// Group whose daily shock its demand follows, or -1.
    pub const GROUP: usize = 3;
}

/// Event word positions.
pub mod event {
    /// Day on which the event falls due.
    pub const DAY: usize = 0;
    /// 1 demand of a node, 2 production capacity of a node, 3 capacity of a route, 4 shipping of a node, 5 shipping
    /// over a lane from the outside, 6 grade of a lane's supplier.
    pub const KIND: usize = 1;
    /// Node, route or lane.
    pub const PLACE: usize = 2;
    /// New value, Q12: of 1 to 3 a factor (4096 = as planned); of 4 and 5 0 = nothing is shipped, 4096 = as planned;
    /// of 6 the grades by which the supplier is worse (0 = as planned).
    pub const VALUE_Q12: usize = 3;
}

/// Random disruption word positions. Between two of one kind and place pass days drawn from a table, then it is
/// in force for days drawn from another.
pub mod disruption {
    /// As of events.
    pub const KIND: usize = 0;
    /// As of events.
    pub const PLACE: usize = 1;
    /// While in force, as of events; factors of several that are in force at one place are multiplied, grades added.
    pub const VALUE_Q12: usize = 2;
    /// Table of the days from the end of one (or day 0) to the beginning of the next [days], 1 or more.
    pub const GAP_TABLE: usize = 3;
    /// Table of the days it lasts [days], 1 or more.
    pub const DURATION_TABLE: usize = 4;
}

/// Word positions of a line of the bill of materials: what a product is assembled from at a node.
pub mod bom_line {
    /// The producing node.
    pub const NODE: usize = 0;
    /// The product that is assembled there.
    pub const PRODUCT: usize = 1;
    /// A product that goes into it; a greater index than the product's.
    pub const COMPONENT: usize = 2;
    /// Units of the component in one unit of the product, 1 or more.
    pub const QUANTITY: usize = 3;
}

/// Open order word positions: what is already ordered on the morning of the first day.
pub mod open_order {
    /// The lane.
    pub const LANE: usize = 0;
    /// The product.
    pub const PRODUCT: usize = 1;
    /// 0 in transit, 1 in the mail (lanes with mail only), 2 waiting at the supplier.
    pub const STAGE: usize = 2;
    /// In transit: days until it arrives; in the mail: days until the supplier sees it (0 = on the first
    /// day); waiting: 0. Less than the ring's days.
    pub const DAYS: usize = 3;
    /// How much [units], 1 or more.
    pub const UNITS: usize = 4;
}

/// Columns of the stockpoint section, each of shape `[node][product]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Column {
    /// Holding cost [minor currency units per unit and day].
    HoldingCost,
    /// Backorder cost [minor currency units per unit and day].
    BackorderCost,
    /// Lost-sale cost [minor currency units per unit].
    LostSaleCost,
    /// Ordering cost [minor currency units per order of this product].
    OrderCost,
    /// Production cost [minor currency units per unit].
    ProductionCost,
    /// Value of one unit in stock [minor currency units].
    UnitValue,
    /// Orders are multiples of this [units], 1 or more.
    LotSize,
    /// No order is smaller than this [units].
    OrderMin,
    /// Greatest order of one day [units].
    OrderMax,
    /// Greatest inventory position that an order may aim at [units]; at most the header's.
    PositionMax,
    /// Inventory level on the first day [units].
    InventoryInitial,
    /// Work to produce one unit; 0 where the node does not produce.
    Work,
    /// Index of the demand table, or -1 for no customers.
    DemandTable,
    /// Mean demand per day that this stockpoint faces, Q12 [units].
    DemandMean,
    /// Days that an order must cover, from tomorrow on: planned lead time + review period - 1 (today's
    /// demand is seen before the order).
    ProtectionDays,
    /// Standard deviation of demand over the protection interval / its mean, Q16.
    ProtectionSpread,
    /// Textbook safety factor z, Q8.
    SafetyFactor,
    /// Season profile that demand follows.
    DemandProfile,
    /// Season profile that the forecast follows.
    ForecastProfile,
    /// Cost of one step of negotiation effort [minor currency units per lane with grades and day].
    NegotiationCost,
    /// Cost of a unit that is scrapped on receipt or in production [minor currency units].
    ScrapCost,
    /// Share of what production finishes that is good, Q16 (65,536 = all).
    Yield,
    /// First lag of the forecast (see [`crate::forecast`]). ARIMA: weight f1, Q12, in the low half and gain
    /// g1, Q12, in the high half. Intermittent: gain of the probability, Q12, and gain of the size, Q12.
    ForecastLag1,
    /// Second lag. ARIMA: f2 and g2. Intermittent: probability of a day with demand to start from, Q16.
    ForecastLag2,
    /// Third lag. ARIMA: f3 and g3. Intermittent: 0.
    ForecastLag3,
    /// Weights of the first two lags in the mean over the protection interval, Q12: a1 in the low half, a2
    /// in the high half. Intermittent: 0.
    ForecastReach,
    /// Weight of the third lag, a3, Q12, in the low half; method in the high half: 0 ARIMA, 1 intermittent.
    ForecastMethod,
}

/// Number of stockpoint columns.
pub const STOCKPOINT_COLUMNS: usize = 27;
const _: () = assert!(Column::ForecastMethod.at() + 1 == STOCKPOINT_COLUMNS);

impl Column {
    /// Position of this column in the image.
    #[allow(clippy::as_conversions)] // The discriminant is the definition.
    #[inline(always)]
    #[must_use]
    pub const fn at(self) -> usize {
        self as usize
    }

    /// All columns, in the order of the image.
    pub const ALL: [Self; STOCKPOINT_COLUMNS] = [
        Self::HoldingCost,
        Self::BackorderCost,
        Self::LostSaleCost,
        Self::OrderCost,
        Self::ProductionCost,
        Self::UnitValue,
        Self::LotSize,
        Self::OrderMin,
        Self::OrderMax,
        Self::PositionMax,
        Self::InventoryInitial,
        Self::Work,
        Self::DemandTable,
        Self::DemandMean,
        Self::ProtectionDays,
        Self::ProtectionSpread,
        Self::SafetyFactor,
        Self::DemandProfile,
        Self::ForecastProfile,
        Self::NegotiationCost,
        Self::ScrapCost,
        Self::Yield,
        Self::ForecastLag1,
        Self::ForecastLag2,
        Self::ForecastLag3,
        Self::ForecastReach,
        Self::ForecastMethod,
    ];
}
