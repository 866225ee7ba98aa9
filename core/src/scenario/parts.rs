//! What a problem is made of: nodes, lanes, routes, and what happens to them.

use super::LANES_MAX;
use crate::convert::{index, low, wide};
use crate::hyperscore::SensitivitiesPpm;
use crate::layout;
use heapless::Vec;

/// How a node shares scarce stock among the lanes it supplies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allocation {
    /// In proportion to what each lane waits for.
    Proportional,
    /// By the lanes' priority; lanes of equal priority in the order they are listed.
    Priority,
    /// The oldest order first; orders of one day in the order the lanes are listed. Orders that have waited
    /// [`FIRST_COME_DAYS`] or longer count as of one day.
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
    /// Volume that fits into its storage, if limited.
    pub storage: Option<i32>,
    /// Cost of what finds no room [minor currency units per 1024 units of volume and day].
    pub overflow_rate: i32,
    /// Row among the nodes with limited storage.
    pub yard_row: Option<usize>,
    /// Row among the nodes that share out a capacity, of production or storage.
    pub weight_row: Option<usize>,
    /// First line of its bill of materials.
    pub first_bom_line: usize,
    /// Number of its lines; 0 where every product is made of itself.
    pub bom_lines: usize,
    /// Row among the nodes that assemble.
    pub bom_row: usize,
    /// Some of what its production finishes is spoilt.
    pub spoils: bool,
    /// Some inbound lane's supplier has grades.
    pub negotiates: bool,
    /// Inbound lanes (indices), in order.
    pub inbound: Vec<u8, LANES_MAX>,
    /// The lane over which it can rush orders: its first inbound lane with several routes.
    pub express: Option<usize>,
    /// Outbound lanes (indices), in the order of their priority for priority allocation, else as listed.
    pub outbound: Vec<u8, LANES_MAX>,
    /// No lot is larger than 1 and no minimum order binds: orders need no rounding.
    pub plain_orders: bool,
    /// Row among the producing nodes.
    pub producer_row: usize,
    /// Row among the nodes that have both customers and lanes.
    pub mixed_row: Option<usize>,
    /// How its forecasts are moved on from day to day.
    pub forecast: crate::forecast::Path,
}

impl Node {
    /// Whether this node decides on `day`.
    #[inline]
    #[must_use]
    pub fn reviews(&self, day: u32) -> bool {
        self.review_days == 1 || day.checked_rem(self.review_days) == Some(self.review_offset)
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
    /// Its route of the least mean lead time; of several such the first.
    pub fast_route: usize,
    /// Planned lead time of that route: its mean, rounded [days].
    pub fast_days: usize,
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
    /// Row among the lanes with several routes.
    pub rush_row: Option<usize>,
    /// Row among the lanes with mail.
    pub mail_row: Option<usize>,
    /// Row in the queue of first-come lanes.
    pub queue_row: Option<usize>,
    /// The supplier's grades, if it has any.
    pub quality: Option<Quality>,
}

/// What a supplier is like over one lane, and how it answers to negotiation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quality {
    /// Row among the lanes with grades.
    pub row: usize,
    /// Grade when nobody negotiates, Q16 (0 = excellent).
    pub base_q16: i32,
    /// Grades that each effort gains in the end, Q16; none, then the first step, ...
    pub lift_q16: [i32; layout::EFFORTS + 1],
    /// It moves `2^-shift` of the way a day.
    pub relax_shift: u32,
    /// On-time share that a buyer starts from, Q15.
    pub on_time_q15: i32,
    /// Accepted share that a buyer starts from, Q15.
    pub accepted_q15: i32,
    /// Tables of the defective share, Q16, by grade.
    pub defect_tables: [Option<u16>; layout::GRADES],
}

/// One way over a lane.
#[derive(Clone, Debug)]
pub struct Route {
    /// Lead-time tables by grade.
    pub lead_tables: [u16; layout::GRADES],
    /// The lead time, where all tables have only one and the same.
    pub lead_fixed: Option<usize>,
    /// Lead time that the supplier promises [days].
    pub promise_days: usize,
    /// Volume per day, if limited.
    pub capacity: Option<i32>,
    /// Mean lead time, Q8 [days].
    pub lead_mean_q8: i32,
}

/// What an event or a disruption changes. The value is Q12.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The demand of a node's customers is multiplied.
    Demand,
    /// The production capacity of a node is multiplied.
    Capacity,
    /// The capacity of a route is multiplied; 0 closes it, limited or not.
    Route,
    /// A node ships nothing (0) or as planned (4096).
    Shipping,
    /// The same for a lane from the outside world.
    Outside,
    /// The supplier of a lane is worse by so many grades.
    Grade,
}

impl EventKind {
    /// All kinds, in the order of the image's numbers from 1.
    pub const ALL: [Self; 6] = [Self::Demand, Self::Capacity, Self::Route, Self::Shipping, Self::Outside, Self::Grade];

    /// The value of an ordinary day, Q12.
    #[must_use]
    pub const fn planned_q12(self) -> i32 {
        match self {
            Self::Grade => 0,
            _ => 4096,
        }
    }
}

/// Most that factors at one place may multiply to, Q12.
const COMBINED_MAX_Q12: i64 = 1 << 20;

/// Two factors that are in force at once, Q12: their product, at most 256.
#[inline]
#[must_use]
pub(crate) const fn combined(a_q12: i32, b_q12: i32) -> i32 {
    let product = (wide(a_q12) * wide(b_q12)) >> 12;
    low(if product < COMBINED_MAX_Q12 { product } else { COMBINED_MAX_Q12 })
}

/// A dated event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Day on which it falls due.
    pub day: u32,
    /// What it changes.
    pub kind: EventKind,
    /// The node, route or lane it changes.
    pub place: usize,
    /// The new value, Q12.
    pub value_q12: i32,
}

/// What befalls the chain by chance, again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disruption {
    /// What it changes.
    pub kind: EventKind,
    /// The node, route or lane it changes.
    pub place: usize,
    /// The value while it is in force, Q12.
    pub value_q12: i32,
    /// Table of the days from the end of one to the beginning of the next.
    pub gap_table: usize,
    /// Table of the days it lasts.
    pub duration_table: usize,
}

/// A line of the bill of materials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BomLine {
    /// The producing node.
    pub node: usize,
    /// The product that is assembled there.
    pub product: usize,
    /// What goes into it.
    pub component: usize,
    /// Units of it in one unit of the product.
    pub quantity: i32,
}

/// Where an open order is on the morning of the first day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Shipped: it arrives after `days`.
    InTransit,
    /// In the mail: the supplier sees it after `days`.
    InMail,
    /// At the supplier, not yet allocated.
    Waiting,
}

/// What is already ordered on the morning of the first day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOrder {
    /// The lane.
    pub lane: usize,
    /// The product.
    pub product: usize,
    /// Where it is.
    pub stage: Stage,
    /// Days from the first day until it arrives or is seen.
    pub days: usize,
    /// How much [units].
    pub units: i32,
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
    /// By how much conditions move the weights.
    pub sensitivity: SensitivitiesPpm,
}

impl ScoreParametersPpm {
    /// The source paper's beta 6, gamma -ln 2 and kappa 2.5; the weights are this project's: half for
    /// delivery, 0.3 for inventory, 0.2 for capacity, whatever the conditions.
    pub const PUBLISHED: Self = Self {
        weight_delivery: 500_000,
        weight_inventory: 300_000,
        weight_capacity: 200_000,
        beta: 6_000_000,
        gamma: -693_147,
        kappa: 2_500_000,
        sensitivity: SensitivitiesPpm::NONE,
    };
}

/// A kind of checked words.
pub(super) fn event_kind(word: i32) -> EventKind {
    EventKind::ALL.get(index(word).wrapping_sub(1)).copied().unwrap_or(EventKind::Demand)
}

/// A line of checked words.
pub(super) fn bom_line(words: &[i32; layout::BOM_LINE_WORDS]) -> BomLine {
    BomLine {
        node: index(words[layout::bom_line::NODE]),
        product: index(words[layout::bom_line::PRODUCT]),
        component: index(words[layout::bom_line::COMPONENT]),
        quantity: words[layout::bom_line::QUANTITY],
    }
}

/// An open order of checked words.
pub(super) fn open_order(words: &[i32; layout::OPEN_ORDER_WORDS]) -> OpenOrder {
    OpenOrder {
        lane: index(words[layout::open_order::LANE]),
        product: index(words[layout::open_order::PRODUCT]),
        stage: match words[layout::open_order::STAGE] {
            0 => Stage::InTransit,
            1 => Stage::InMail,
            _ => Stage::Waiting,
        },
        days: index(words[layout::open_order::DAYS]),
        units: words[layout::open_order::UNITS],
    }
}
