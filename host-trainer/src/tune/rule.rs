//! The tuned rules as policies: each sets levels and caps for its nodes, what is rushed, and a negotiation
//! effort that never changes.

use restock_core::action::{self, Outlook};
use restock_core::order::{NOTHING, UNLIMITED};
use restock_core::policy::{Actions, BaseStock, CappedBaseStock, ReorderPoint};
use restock_core::{NodeView, Policy};

/// One Q8 unit.
const ONE_Q8: i64 = 256;

/// Where a rule's levels come from. Rows of shape `[node][product]`.
#[derive(Clone, Debug, PartialEq)]
pub enum Levels {
    /// Fixed levels, with a cap on each order [units].
    Fixed {
        /// Base-stock levels [units].
        level: Vec<i32>,
        /// Most of one order [units].
        cap: Vec<i32>,
    },
    /// (s, S) [units].
    ReorderPoint {
        /// Reorder points.
        reorder: Vec<i32>,
        /// Order-up-to levels.
        up_to: Vec<i32>,
    },
    /// Fixed levels, every few reviews only.
    Periodic {
        /// Base-stock levels [units].
        level: Vec<i32>,
        /// Days between orders.
        period_days: u32,
    },
    /// Levels that follow the node's own forecast, with a cap. Shape `[node]`.
    Forecast(Vec<Follow>),
    /// Levels of echelon stock that follow the node's own forecast: how, and the days that they cover.
    Echelon {
        /// Shape `[node]`.
        follow: Vec<Follow>,
        /// From tomorrow until the goods are at the customer [days]. Shape `[node][product]`.
        days: Vec<u32>,
        /// The nodes supplied by each, directly or through others. Shape `[node][any]`.
        below: Vec<Vec<usize>>,
    },
}

/// How a level follows a forecast: `scale * mean + (z + offset) * deviation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follow {
    /// Factor of the forecast over the protection interval, Q8.
    pub scale_q8: i32,
    /// Added to the textbook safety factor, Q8 [standard deviations].
    pub offset_q8: i32,
    /// Order cap in multiples of the forecast of one review period, Q8; none = no cap.
    pub cap_q8: Option<i32>,
}

impl Follow {
    /// Level [units] for what a node expects.
    fn level(&self, outlook: &Outlook) -> i32 {
        let scaled = (outlook.protection_mean * i64::from(self.scale_q8)) / ONE_Q8;
        action::level_at(&Outlook { protection_mean: scaled, ..*outlook }, outlook.safety_factor + self.offset_q8)
    }

    /// Cap [units], rounded up as [`action::cap`] rounds.
    fn cap(&self, outlook: &Outlook) -> i32 {
        self.cap_q8.map_or(UNLIMITED, |factor| {
            let cap = (outlook.review_mean * i64::from(factor) + (ONE_Q8 << 12) - 1) / (ONE_Q8 << 12);
            i32::try_from(cap).unwrap_or(UNLIMITED)
        })
    }
}

/// A rule with all its parameters set.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its levels.
    pub levels: Levels,
    /// Negotiation effort, every day and for every product. Shape `[node]`.
    pub effort: Vec<i32>,
    /// Safety factor of the fast route's level, Q8 [standard deviations]: orders are rushed up to it before the usual
    /// order is placed, as in a dual-index rule; none = nothing is rushed. Shape `[node]`.
    pub rush_q8: Vec<Option<i32>>,
}

/// A rule at work on one path.
pub struct AtWork<'a> {
    rule: &'a Rule,
    /// Positions of what is downstream [units]: one row, and their sum. Shape `[product]`.
    one: Vec<i32>,
    below: Vec<i64>,
}

impl<'a> AtWork<'a> {
    /// A rule, with memory for what it looks at.
    #[must_use]
    pub fn new(rule: &'a Rule) -> Self {
        Self { rule, one: Vec::new(), below: Vec::new() }
    }

    /// Sums the inventory positions of the nodes `below`: with the node's own they are its echelon's, since what one
    /// owes to another is in both with opposite signs.
    fn look_below(&mut self, view: &NodeView<'_>, below: &[usize]) {
        self.below.clear();
        self.below.resize(view.products(), 0);
        for &node in below {
            self.one.clear();
            self.one.resize(view.products(), 0);
            view.add_position_of(node, &mut self.one);
            self.below.iter_mut().zip(&self.one).for_each(|(sum, &units)| *sum += i64::from(units));
        }
    }
}

impl Policy for AtWork<'_> {
    #[inline(always)] // into `simd::advance`, with what it calls of the core
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        let node = view.node();
        match &self.rule.levels {
            Levels::Fixed { level, cap } => CappedBaseStock { level, cap }.decide(view, actions),
            Levels::ReorderPoint { reorder, up_to } => ReorderPoint { reorder, up_to }.decide(view, actions),
            Levels::Periodic { level, period_days } => {
                // Nodes take turns within the period, as under `restock_core`'s periodic review.
                let review = view.scenario().nodes()[node].review_days.max(1);
                let turns = period_days.div_ceil(review).max(1);
                if (view.day() / review) % turns == node as u32 % turns {
                    BaseStock { level }.decide(view, actions);
                } else {
                    actions.level.fill(NOTHING);
                }
            }
            Levels::Forecast(follow) => {
                let follow = follow[node];
                let rows = actions.level.iter_mut().zip(actions.cap.iter_mut());
                for ((level, cap), outlook) in rows.zip(view.outlooks().iter()) {
                    (*level, *cap) = (follow.level(&outlook), follow.cap(&outlook));
                }
            }
            Levels::Echelon { follow, days, below } => {
                self.look_below(view, &below[node]);
                let (follow, outlooks) = (follow[node], view.outlooks());
                let first = node * view.products();
                for (i, level) in actions.level.iter_mut().enumerate() {
                    let usual = outlooks.of(i);
                    let (protection_mean, protection_deviation) = outlooks.over(i, days[first + i] as usize);
                    let outlook = Outlook { protection_mean, protection_deviation, ..usual };
                    let local = i64::from(follow.level(&outlook)) - self.below[i];
                    *level = i32::try_from(local).unwrap_or(NOTHING).min(view.scenario().position_max());
                }
            }
        }
        if let Some(&Some(z_q8)) = self.rule.rush_q8.get(node) {
            let outlooks = view.outlooks(); // their iterator leaves the fast route out
            for (i, level) in actions.expedite.iter_mut().enumerate() {
                *level = action::expedited_level_at(&outlooks.of(i), z_q8);
            }
        }
        if let Some(&effort) = self.rule.effort.get(node) {
            actions.effort.fill(effort);
        }
    }
}
