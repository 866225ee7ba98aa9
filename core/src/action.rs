//! What an agent decides, and how the choices of a policy's heads become numbers.
//!
//! A policy never emits a raw quantity. For each product it picks a place on five grids; the grids
//! are relative to the textbook rule, so choice [`LEVEL_TEXTBOOK`] with [`CAP_NONE`] *is* the
//! textbook rule.

use crate::convert::{byte_index, saturate, wide};
use crate::order::UNLIMITED;

/// Number of heads.
pub const HEADS: usize = 5;
/// Choices of each head: level, cap, capacity weight, route, negotiation effort.
pub const HEAD_CHOICES: [usize; HEADS] =
    [LEVEL_OFFSETS_Q8.len(), CAP_FACTORS_Q8.len(), WEIGHTS.len(), ROUTE_CHOICES, EFFORT_CHOICES];
/// All choices of all heads: the outputs of a policy network.
pub const OUTPUTS: usize =
    LEVEL_OFFSETS_Q8.len() + CAP_FACTORS_Q8.len() + WEIGHTS.len() + ROUTE_CHOICES + EFFORT_CHOICES;

/// Names of the heads, in order.
pub const HEAD_NAMES: [&str; HEADS] = ["level", "cap", "weight", "route", "effort"];

/// Base-stock level: what is added to the textbook safety factor z, Q8 (256 = one standard
/// deviation of demand over the protection interval).
pub const LEVEL_OFFSETS_Q8: [i32; 17] =
    [-1024, -640, -448, -320, -224, -144, -64, 0, 64, 144, 224, 320, 448, 640, 896, 1280, 1920];
/// The choice of the level head that is the textbook rule.
pub const LEVEL_TEXTBOOK: usize = 7;
/// Order cap: multiples of the forecast demand of one review period, Q8. The last means no cap.
pub const CAP_FACTORS_Q8: [i32; 8] = [0, 128, 256, 384, 512, 1024, 2048, i32::MAX];
/// The choice of the cap head that sets no cap.
pub const CAP_NONE: usize = 7;
/// Weight of a product in sharing production capacity.
pub const WEIGHTS: [i32; 3] = [1, 4, 16];
/// The choice of the weight head that treats products alike.
pub const WEIGHT_EVEN: usize = 1;
/// Which route of the inbound lanes comes first; the others follow in their order.
pub const ROUTE_CHOICES: usize = crate::scenario::ROUTES_PER_LANE_MAX;
/// Negotiation effort with the supplier, from none to full.
pub const EFFORT_CHOICES: usize = 4;

const _: () = assert!(LEVEL_OFFSETS_Q8[LEVEL_TEXTBOOK] == 0);
const _: () = assert!(CAP_FACTORS_Q8[CAP_NONE] == i32::MAX);
const _: () = assert!(OUTPUTS == 36);

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
}

impl Choice {
    /// The textbook rule.
    pub const TEXTBOOK: Self = Self { level: 7, cap: 7, weight: 1, route: 0, effort: 0 };

    /// The choices in head order.
    #[must_use]
    pub const fn heads(self) -> [u8; HEADS] {
        [self.level, self.cap, self.weight, self.route, self.effort]
    }

    /// From choices in head order.
    #[must_use]
    pub const fn from_heads(heads: [u8; HEADS]) -> Self {
        Self { level: heads[0], cap: heads[1], weight: heads[2], route: heads[3], effort: heads[4] }
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

/// Weight in sharing production capacity.
#[inline(always)]
#[must_use]
pub fn weight(choice: u8) -> i32 {
    WEIGHTS.get(byte_index(choice)).copied().unwrap_or(1)
}
