//! Everything that changes from day to day, as one struct of arrays in the caller's memory.
//!
//! All quantities are integers [units]; products are the contiguous axis everywhere.

use crate::scenario::{FIRST_COME_DAYS, Scenario};

/// Words of one row of [`State::late`].
pub(crate) fn late_words(scenario: &Scenario<'_>) -> usize {
    scenario.ring_days().div_ceil(32)
}

/// The arrays of the state, each with its number of rows of one word a product: named here once, and made from that
/// wherever all of them are needed.
macro_rules! arrays {
    ($s:ident: $($(#[$doc:meta])* $name:ident [$rows:expr],)*) => {
        /// The state of a chain.
        #[derive(Debug)]
        pub struct State<'m> {
            $($(#[$doc])* pub $name: &'m mut [i32],)*
        }

        /// The same arrays, to read.
        #[derive(Clone, Copy, Debug)]
        pub struct StateView<'a> {
            $($(#[$doc])* pub $name: &'a [i32],)*
        }

        /// Number of arrays.
        pub(crate) const ARRAYS: usize = [$(stringify!($name)),*].len();

        /// Lengths of the arrays, in the order of [`State`].
        pub(crate) fn lengths($s: &Scenario<'_>) -> [usize; ARRAYS] {
            [$(($rows) * $s.products()),*]
        }

        impl<'a> StateView<'a> {
            /// All arrays, in the order of [`State`].
            pub(crate) fn arrays(&self) -> [&'a [i32]; ARRAYS] {
                [$(self.$name),*]
            }
        }

        impl<'m> State<'m> {
            /// The arrays, to read.
            #[inline(always)]
            #[must_use]
            pub fn view(&self) -> StateView<'_> {
                StateView { $($name: self.$name),* }
            }

            /// All arrays, in the order of [`State`], to write.
            pub(crate) fn arrays_mut(&mut self) -> [&mut [i32]; ARRAYS] {
                [$(&mut *self.$name),*]
            }

            /// Carves the arrays out of `memory`, which must have at least [`State::words`] words;
            /// returns what is left of it too.
            pub(crate) fn carve($s: &Scenario<'_>, memory: &'m mut [i32]) -> (Self, &'m mut [i32]) {
                let mut rest = memory;
                let mut next = |length: usize| {
                    let (front, back) = core::mem::take(&mut rest).split_at_mut_checked(length).unwrap_or_default();
                    rest = back;
                    front
                };
                let state = Self { $($name: next(($rows) * $s.products())),* };
                (state, rest)
            }
        }
    };
}

arrays! {
    s:
    /// On hand minus backorder, signed. Shape `[node][product]`.
    inventory_level [s.node_count()],
    /// Waiting for production: received and not yet started, or, of an assembled product, asked for and not yet
    /// started. Shape `[producer][product]`.
    input_stock [s.producers],
    /// Started and not yet stocked. Shape `[producer][product]`.
    in_production [s.producers],
    /// Ordered, and not yet allocated by the supplier. Shape `[lane][product]`.
    waiting [s.lanes().len()],
    /// Shipped and not received. Shape `[lane][product]`.
    in_transit [s.lanes().len()],
    /// Allocated to a lane with limited routes, waiting for transport. Shape `[limited lane][product]`.
    staged [s.staged_lanes],
    /// Ordered to go over the fast route, and not yet shipped. Shape `[lane with several routes][product]`.
    rush [s.rush_lanes],
    /// Ordered, and not yet seen by the supplier. Shape `[lane with mail][product]`.
    mail [s.mail_lanes],
    /// Owed to customers at nodes that also supply lanes. Shape `[mixed node][product]`.
    customer_backorder [s.mixed],
    /// Orders waiting, by the day they came, for first-come nodes. Shape `[day % FIRST_COME_DAYS][queued
    /// lane][product]`.
    queue [FIRST_COME_DAYS * s.queue_lanes],
    /// Demand that the node faced today: customers' and lanes' orders. Shape `[node][product]`.
    demand_today [s.node_count()],
    /// Units ordered today. Shape `[lane][product]`.
    ordered_today [s.lanes().len()],
    /// Forecast demand per day of the protection interval with the season taken out, Q12. Shape `[node][product]`.
    forecast_level [s.node_count()],
    /// What forecasts with lags remember. Shape `[node with such][lag][product]`.
    forecast_lags [crate::forecast::LAGS * s.general_forecasts],
    /// Weight in sharing production capacity and storage. Shape `[node that shares][product]`.
    capacity_weight [s.weighing],
    /// Which route of the inbound lanes comes first. Shape `[node][product]`.
    route_first [s.node_count()],
    /// What arrives on which day. Shape `[arrival day % ring days][lane][product]`.
    ring [s.ring_days() * s.lanes().len()],
    /// What production finishes on which day. Shape `[day % works days][producer][product]`.
    works_ring [s.works_days * s.producers],
    /// What the mail brings on which day. Shape `[day % mail days][lane with mail][product]`.
    mail_ring [s.mail_days * s.mail_lanes],
    /// Arrived and waiting for room in storage. Shape `[node with limited storage][product]`.
    yard [s.yards],
    /// Effort of the node's negotiation, 0 to [`EFFORTS`](crate::layout::EFFORTS). Shape `[node][product]`.
    effort [if s.graded_lanes > 0 { s.node_count() } else { 0 }],
    /// The supplier's grade, Q16 (0 = excellent). Shape `[lane with grades][product]`.
    grade [s.graded_lanes],
    /// What the buyer has seen of its supplier, from its own receipts: the on-time share of receipts (Q15) in
    /// the high half, the accepted share of units (Q15) in the low half. Shape `[lane with grades][product]`.
    score [s.graded_lanes],
    /// A bit for each ring day: what arrives then is later than promised, some of it at least.
    /// Shape `[lane with grades][ring day / 32][product]`.
    late [late_words(s) * s.graded_lanes],
    /// What orders of assembled products have asked for today: their components' demand of tomorrow.
    /// Shape `[node that assembles][product]`.
    dependent [s.assembling],
}

impl State<'_> {
    /// Words of memory that the state of `scenario` takes.
    #[must_use]
    pub fn words(scenario: &Scenario<'_>) -> usize {
        lengths(scenario).iter().sum()
    }
}
