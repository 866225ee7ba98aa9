//! Everything that changes from day to day, as one struct of arrays in the caller's memory.
//!
//! All quantities are integers [units]; products are the contiguous axis everywhere.

use crate::scenario::{FIRST_COME_DAYS, Scenario};

/// The state of a chain. `N` nodes, `L` lanes, `M` producing nodes, `P` products.
#[derive(Debug)]
pub struct State<'m> {
    /// On hand minus backorder, signed. Shape `[node][product]`.
    pub inventory_level: &'m mut [i32],
    /// Waiting for production: received and not yet started, or, of an assembled product, asked for and not yet
    /// started. Shape `[producer][product]`.
    pub input_stock: &'m mut [i32],
    /// Started and not yet stocked. Shape `[producer][product]`.
    pub in_production: &'m mut [i32],
    /// Ordered, and not yet allocated by the supplier. Shape `[lane][product]`.
    pub waiting: &'m mut [i32],
    /// Shipped and not received. Shape `[lane][product]`.
    pub in_transit: &'m mut [i32],
    /// Allocated to a lane with limited routes, waiting for transport. Shape `[limited lane][product]`.
    pub staged: &'m mut [i32],
    /// Ordered to go over the fast route, and not yet shipped. Shape `[lane with several routes][product]`.
    pub rush: &'m mut [i32],
    /// Ordered, and not yet seen by the supplier. Shape `[lane with mail][product]`.
    pub mail: &'m mut [i32],
    /// Owed to customers at nodes that also supply lanes. Shape `[mixed node][product]`.
    pub customer_backorder: &'m mut [i32],
    /// Orders waiting, by the day they came, for first-come nodes. Shape `[day % FIRST_COME_DAYS][queued
    /// lane][product]`.
    pub queue: &'m mut [i32],
    /// Demand that the node faced today: customers' and lanes' orders. Shape `[node][product]`.
    pub demand_today: &'m mut [i32],
    /// Units ordered today. Shape `[lane][product]`.
    pub ordered_today: &'m mut [i32],
    /// Forecast demand per day of the protection interval with the season taken out, Q12. Shape `[node][product]`.
    pub forecast_level: &'m mut [i32],
    /// What forecasts with lags remember. Shape `[node with such][lag][product]`.
    pub forecast_lags: &'m mut [i32],
    /// Weight in sharing production capacity and storage. Shape `[node that shares][product]`.
    pub capacity_weight: &'m mut [i32],
    /// Which route of the inbound lanes comes first. Shape `[node][product]`.
    pub route_first: &'m mut [i32],
    /// What arrives on which day. Shape `[arrival day % ring days][lane][product]`.
    pub ring: &'m mut [i32],
    /// What production finishes on which day. Shape `[day % works days][producer][product]`.
    pub works_ring: &'m mut [i32],
    /// What the mail brings on which day. Shape `[day % mail days][lane with mail][product]`.
    pub mail_ring: &'m mut [i32],
    /// Arrived and waiting for room in storage. Shape `[node with limited storage][product]`.
    pub yard: &'m mut [i32],
    /// Effort of the node's negotiation, 0 to [`EFFORTS`](crate::layout::EFFORTS). Shape `[node][product]`.
    pub effort: &'m mut [i32],
    /// The supplier's grade, Q16 (0 = excellent). Shape `[lane with grades][product]`.
    pub grade: &'m mut [i32],
    /// What the buyer has seen of its supplier, from its own receipts: the on-time share of receipts (Q15) in
    /// the high half, the accepted share of units (Q15) in the low half. Shape `[lane with grades][product]`.
    pub score: &'m mut [i32],
    /// A bit for each ring day: what arrives then is later than promised, some of it at least.
    /// Shape `[lane with grades][ring day / 32][product]`.
    pub late: &'m mut [i32],
    /// What orders of assembled products have asked for today: their components' demand of tomorrow.
    /// Shape `[node that assembles][product]`.
    pub dependent: &'m mut [i32],
}

/// The same arrays, to read.
#[derive(Clone, Copy, Debug)]
pub struct StateView<'a> {
    /// On hand minus backorder, signed. Shape `[node][product]`.
    pub inventory_level: &'a [i32],
    /// Waiting for production: received and not yet started, or, of an assembled product, asked for and not yet
    /// started. Shape `[producer][product]`.
    pub input_stock: &'a [i32],
    /// Started and not yet stocked. Shape `[producer][product]`.
    pub in_production: &'a [i32],
    /// Ordered, and not yet allocated by the supplier. Shape `[lane][product]`.
    pub waiting: &'a [i32],
    /// Shipped and not received. Shape `[lane][product]`.
    pub in_transit: &'a [i32],
    /// Allocated to a lane with limited routes, waiting for transport. Shape `[limited lane][product]`.
    pub staged: &'a [i32],
    /// Ordered to go over the fast route, and not yet shipped. Shape `[lane with several routes][product]`.
    pub rush: &'a [i32],
    /// Ordered, and not yet seen by the supplier. Shape `[lane with mail][product]`.
    pub mail: &'a [i32],
    /// Owed to customers at nodes that also supply lanes. Shape `[mixed node][product]`.
    pub customer_backorder: &'a [i32],
    /// Orders waiting, by the day they came, for first-come nodes. Shape `[day % FIRST_COME_DAYS][queued
    /// lane][product]`.
    pub queue: &'a [i32],
    /// Demand that the node faced today: customers' and lanes' orders. Shape `[node][product]`.
    pub demand_today: &'a [i32],
    /// Units ordered today. Shape `[lane][product]`.
    pub ordered_today: &'a [i32],
    /// Forecast demand per day of the protection interval with the season taken out, Q12. Shape `[node][product]`.
    pub forecast_level: &'a [i32],
    /// What forecasts with lags remember. Shape `[node with such][lag][product]`.
    pub forecast_lags: &'a [i32],
    /// Weight in sharing production capacity and storage. Shape `[node that shares][product]`.
    pub capacity_weight: &'a [i32],
    /// Which route of the inbound lanes comes first. Shape `[node][product]`.
    pub route_first: &'a [i32],
    /// What arrives on which day. Shape `[arrival day % ring days][lane][product]`.
    pub ring: &'a [i32],
    /// What production finishes on which day. Shape `[day % works days][producer][product]`.
    pub works_ring: &'a [i32],
    /// What the mail brings on which day. Shape `[day % mail days][lane with mail][product]`.
    pub mail_ring: &'a [i32],
    /// Arrived and waiting for room in storage. Shape `[node with limited storage][product]`.
    pub yard: &'a [i32],
    /// Effort of the node's negotiation, 0 to [`EFFORTS`](crate::layout::EFFORTS). Shape `[node][product]`.
    pub effort: &'a [i32],
    /// The supplier's grade, Q16 (0 = excellent). Shape `[lane with grades][product]`.
    pub grade: &'a [i32],
    /// What the buyer has seen of its supplier, from its own receipts: the on-time share of receipts (Q15) in
    /// the high half, the accepted share of units (Q15) in the low half. Shape `[lane with grades][product]`.
    pub score: &'a [i32],
    /// A bit for each ring day: what arrives then is later than promised, some of it at least.
    /// Shape `[lane with grades][ring day / 32][product]`.
    pub late: &'a [i32],
    /// What orders of assembled products have asked for today: their components' demand of tomorrow.
    /// Shape `[node that assembles][product]`.
    pub dependent: &'a [i32],
}

/// Words of one row of [`State::late`].
pub(crate) fn late_words(scenario: &Scenario<'_>) -> usize {
    scenario.ring_days().div_ceil(32)
}

/// Lengths of the arrays, in the order of [`State`].
fn lengths(scenario: &Scenario<'_>) -> [usize; 25] {
    let p = scenario.products();
    let n = scenario.node_count() * p;
    let l = scenario.lanes().len() * p;
    let m = scenario.producers * p;
    let graded = scenario.graded_lanes * p;
    [
        n,
        m,
        m,
        l,
        l,
        scenario.staged_lanes * p,
        scenario.rush_lanes * p,
        scenario.mail_lanes * p,
        scenario.mixed * p,
        FIRST_COME_DAYS * scenario.queue_lanes * p,
        n,
        l,
        n,
        crate::forecast::LAGS * scenario.general_forecasts * p,
        scenario.weighing * p,
        n,
        scenario.ring_days() * l,
        scenario.works_days * m,
        scenario.mail_days * scenario.mail_lanes * p,
        scenario.yards * p,
        if scenario.graded_lanes > 0 { n } else { 0 },
        graded,
        graded,
        late_words(scenario) * graded,
        scenario.assembling * p,
    ]
}

impl<'m> State<'m> {
    /// Words of memory that the state of `scenario` takes.
    #[must_use]
    pub fn words(scenario: &Scenario<'_>) -> usize {
        lengths(scenario).iter().sum()
    }

    /// The arrays, to read.
    #[inline(always)]
    #[must_use]
    pub fn view(&self) -> StateView<'_> {
        StateView {
            inventory_level: self.inventory_level,
            input_stock: self.input_stock,
            in_production: self.in_production,
            waiting: self.waiting,
            in_transit: self.in_transit,
            staged: self.staged,
            rush: self.rush,
            mail: self.mail,
            customer_backorder: self.customer_backorder,
            queue: self.queue,
            demand_today: self.demand_today,
            ordered_today: self.ordered_today,
            forecast_level: self.forecast_level,
            forecast_lags: self.forecast_lags,
            capacity_weight: self.capacity_weight,
            route_first: self.route_first,
            ring: self.ring,
            works_ring: self.works_ring,
            mail_ring: self.mail_ring,
            yard: self.yard,
            effort: self.effort,
            grade: self.grade,
            score: self.score,
            late: self.late,
            dependent: self.dependent,
        }
    }

    /// Carves the arrays out of `memory`, which must have at least [`State::words`] words;
    /// returns what is left of it too.
    pub(crate) fn carve(scenario: &Scenario<'_>, memory: &'m mut [i32]) -> (Self, &'m mut [i32]) {
        let mut rest = memory;
        let mut next = |length: usize| {
            let (front, back) = core::mem::take(&mut rest).split_at_mut_checked(length).unwrap_or_default();
            rest = back;
            front
        };
        let l = lengths(scenario);
        let state = Self {
            inventory_level: next(l[0]),
            input_stock: next(l[1]),
            in_production: next(l[2]),
            waiting: next(l[3]),
            in_transit: next(l[4]),
            staged: next(l[5]),
            rush: next(l[6]),
            mail: next(l[7]),
            customer_backorder: next(l[8]),
            queue: next(l[9]),
            demand_today: next(l[10]),
            ordered_today: next(l[11]),
            forecast_level: next(l[12]),
            forecast_lags: next(l[13]),
            capacity_weight: next(l[14]),
            route_first: next(l[15]),
            ring: next(l[16]),
            works_ring: next(l[17]),
            mail_ring: next(l[18]),
            yard: next(l[19]),
            effort: next(l[20]),
            grade: next(l[21]),
            score: next(l[22]),
            late: next(l[23]),
            dependent: next(l[24]),
        };
        (state, rest)
    }
}
