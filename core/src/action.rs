//! What an agent decides, and how the choices of a policy's heads become numbers.
//!
//! A policy never emits a raw quantity. For each product it picks a place on six grids; the grids
//! are relative to the textbook rule, so choice [`LEVEL_TEXTBOOK`] with [`CAP_NONE`] *is* the
//! textbook rule.

use crate::convert::{byte_index, saturate, wide};
use crate::order::{NOTHING, UNLIMITED};

/// Number of heads.
pub const HEADS: usize = 6;
/// Choices of each head: level, cap, capacity weight, route, negotiation effort, expedited level.
pub const HEAD_CHOICES: [usize; HEADS] = [
    LEVEL_OFFSETS_Q8.len(),
    CAP_FACTORS_Q8.len(),
    WEIGHTS.len(),
    ROUTE_CHOICES,
    EFFORT_CHOICES,
    EXPEDITE_FACTORS_Q8.len(),
];
/// All choices of all heads: the outputs of a policy network.
pub const OUTPUTS: usize = LEVEL_OFFSETS_Q8.len()
    + CAP_FACTORS_Q8.len()
    + WEIGHTS.len()
    + ROUTE_CHOICES
    + EFFORT_CHOICES
    + EXPEDITE_FACTORS_Q8.len();

/// Names of the heads, in order.
pub const HEAD_NAMES: [&str; HEADS] = ["level", "cap", "weight", "route", "effort", "expedite"];

/// Base-stock level: what is added to the textbook safety factor z, Q8 (256 = one standard
/// deviation of demand over the protection interval). About a sixth of a deviation apart in the middle:
/// one unit, where a week's demand is 35 units and Poisson.
pub const LEVEL_OFFSETS_Q8: [i32; 25] = [
    -1024, -768, -576, -448, -352, -288, -232, -184, -136, -88, -44, 0, 44, 88, 136, 184, 232, 288, 352, 448, 576, 768,
    1024, 1408, 1920,
];
/// The choice of the level head that is the textbook rule.
pub const LEVEL_TEXTBOOK: usize = 11;
/// Order cap: multiples of the forecast demand of one review period, Q8. The last means no cap. An eighth
/// apart around 1: the best caps of lost-sales problems lie there (Xin 2021), and a unit matters.
pub const CAP_FACTORS_Q8: [i32; 16] =
    [0, 64, 128, 160, 192, 224, 256, 288, 320, 384, 448, 512, 768, 1024, 2048, i32::MAX];
/// The choice of the cap head that sets no cap.
pub const CAP_NONE: usize = 15;
/// Weight of a product in sharing production capacity.
pub const WEIGHTS: [i32; 3] = [1, 4, 16];
/// The choice of the weight head that treats products alike.
pub const WEIGHT_EVEN: usize = 1;
/// Which route of the inbound lanes comes first; the others follow in their order.
pub const ROUTE_CHOICES: usize = crate::scenario::ROUTES_PER_LANE_MAX;
/// Negotiation effort with the supplier, from none to full.
pub const EFFORT_CHOICES: usize = 4;
/// Expedited level: safety factor over the days that an order over the fast route answers for, Q8. The
/// first rushes nothing.
pub const EXPEDITE_FACTORS_Q8: [i32; 8] = [i32::MIN, -384, -256, -128, 0, 128, 256, 512];
/// The choice of the expedite head that rushes nothing.
pub const EXPEDITE_NONE: usize = 0;

const _: () = assert!(LEVEL_OFFSETS_Q8[LEVEL_TEXTBOOK] == 0);
const _: () = assert!(CAP_FACTORS_Q8[CAP_NONE] == i32::MAX);
const _: () = assert!(EXPEDITE_FACTORS_Q8[EXPEDITE_NONE] == i32::MIN);
const _: () = assert!(OUTPUTS == 60);

/// One choice per head for one product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Index into [`LEVEL_OFFSETS_Q8`].
    pub level: u8,
    /// Index into [`CAP_FACTORS_Q8`].
    pub cap: u8,
    /// Index into [`WEIGHTS`].
    pub weight: u8,
    /// Which route comes first.
    pub route: u8,
    /// Negotiation effort.
    pub effort: u8,
    /// Index into [`EXPEDITE_FACTORS_Q8`].
    pub expedite: u8,
}

impl Choice {
    /// The textbook rule.
    pub const TEXTBOOK: Self = Self { level: 11, cap: 15, weight: 1, route: 0, effort: 0, expedite: 0 };

    /// The choices in head order.
    #[must_use]
    pub const fn heads(self) -> [u8; HEADS] {
        [self.level, self.cap, self.weight, self.route, self.effort, self.expedite]
    }

    /// From choices in head order.
    #[must_use]
    pub const fn from_heads(heads: [u8; HEADS]) -> Self {
        let [level, cap, weight, route, effort, expedite] = heads;
        Self { level, cap, weight, route, effort, expedite }
    }
}

const _: () =
    assert!(byte_index(Choice::TEXTBOOK.level) == LEVEL_TEXTBOOK && byte_index(Choice::TEXTBOOK.cap) == CAP_NONE);

/// What a policy knows of one stockpoint when it sets a level: the forecast and the textbook factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// Forecast demand over the protection interval, Q12 [units].
    pub protection_mean: i64,
    /// Standard deviation of that demand, Q12 [units].
    pub protection_deviation: i64,
    /// Forecast demand of one review period, Q12 [units].
    pub review_mean: i64,
    /// Textbook safety factor z, Q8.
    pub safety_factor: i32,
    /// What the fast route must cover; none where no inbound lane has several routes.
    pub express: Option<Express>,
}

/// Demand that an order over the fast route answers for, until the next review's arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Express {
    /// Forecast demand of those days, Q12 [units].
    pub mean: i64,
    /// `sqrt(those days / protection interval)`, Q16: scales the standard deviation.
    pub root_q16: i32,
}

/// Base-stock level [units]: forecast over the protection interval plus z standard deviations,
/// rounded up, not below 0.
#[inline(always)]
#[must_use]
pub fn level(outlook: &Outlook, choice: u8) -> i32 {
    let offset = LEVEL_OFFSETS_Q8.get(byte_index(choice)).copied().unwrap_or(0);
    level_at(outlook, outlook.safety_factor + offset)
}

/// Base-stock level [units] for a given z, Q8: rounded up, not below 0.
#[inline(always)]
#[must_use]
pub fn level_at(outlook: &Outlook, z_q8: i32) -> i32 {
    let safety = (outlook.protection_deviation * wide(z_q8)) >> 8;
    saturate(((outlook.protection_mean + safety).max(0) + 4095) >> 12)
}

/// Order cap [units]: a multiple of the forecast demand of one review period, rounded up.
#[inline(always)]
#[must_use]
pub fn cap(outlook: &Outlook, choice: u8) -> i32 {
    match CAP_FACTORS_Q8.get(byte_index(choice)) {
        Some(&factor) if factor != i32::MAX => saturate((outlook.review_mean * wide(factor) + ((1 << 20) - 1)) >> 20),
        _ => UNLIMITED,
    }
}

/// Base-stock level of the fast route [units]: forecast over its days plus some standard deviations,
/// rounded up, not below 0; [`NOTHING`] where nothing is rushed or there is no fast route.
#[inline(always)]
#[must_use]
pub fn expedited_level(outlook: &Outlook, choice: u8) -> i32 {
    match EXPEDITE_FACTORS_Q8.get(byte_index(choice)) {
        Some(&factor) if factor != i32::MIN => expedited_level_at(outlook, factor),
        _ => NOTHING,
    }
}

/// Base-stock level of the fast route [units] for a given safety factor, Q8: rounded up, not below 0; [`NOTHING`]
/// where there is no fast route.
#[inline(always)]
#[must_use]
pub fn expedited_level_at(outlook: &Outlook, z_q8: i32) -> i32 {
    let Some(express) = outlook.express else { return NOTHING };
    // At most 2^42 times 2^20: more than that many units is no level anyhow.
    let deviation = (outlook.protection_deviation.min(1 << 42) * wide(express.root_q16)) >> 16;
    saturate(((express.mean + ((deviation * wide(z_q8)) >> 8)).max(0) + 4095) >> 12)
}

/// Weight in sharing production capacity.
#[inline(always)]
#[must_use]
pub fn weight(choice: u8) -> i32 {
    WEIGHTS.get(byte_index(choice)).copied().unwrap_or(1)
}
