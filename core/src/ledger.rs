//! Money: the cost terms of a node, each kept apart.

/// Costs of one node over some period [minor currency units].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Stock on hand at the end of each day, staged and input stock included.
    pub holding: i64,
    /// Units owed at the end of each day.
    pub backorder: i64,
    /// Customers' units lost.
    pub lost_sale: i64,
    /// Fixed cost of each order line.
    pub ordering: i64,
    /// Shipments into this node.
    pub freight: i64,
    /// Units started in production.
    pub production: i64,
    /// Negotiation effort.
    pub negotiation: i64,
    /// Units scrapped.
    pub scrap: i64,
    /// Volume that found no room in storage.
    pub overflow: i64,
}

/// Number of cost terms.
pub const TERMS: usize = 9;

impl Ledger {
    /// The terms' names, in order.
    pub const NAMES: [&'static str; TERMS] =
        ["holding", "backorder", "lost_sale", "ordering", "freight", "production", "negotiation", "scrap", "overflow"];

    /// The terms, in the order of [`Ledger::NAMES`].
    #[must_use]
    pub const fn terms(&self) -> [i64; TERMS] {
        [
            self.holding,
            self.backorder,
            self.lost_sale,
            self.ordering,
            self.freight,
            self.production,
            self.negotiation,
            self.scrap,
            self.overflow,
        ]
    }

    /// All costs together.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.terms().iter().sum()
    }

    /// Adds another period or node. Can't overflow within a scenario's horizon (checked when it is built).
    pub fn add(&mut self, other: &Self) {
        self.holding += other.holding;
        self.backorder += other.backorder;
        self.lost_sale += other.lost_sale;
        self.ordering += other.ordering;
        self.freight += other.freight;
        self.production += other.production;
        self.negotiation += other.negotiation;
        self.scrap += other.scrap;
        self.overflow += other.overflow;
    }
}
