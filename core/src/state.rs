//! Everything that changes from day to day, as one struct of arrays in the caller's memory.
//!
//! All quantities are integers [units]; products are the contiguous axis everywhere.

use crate::scenario::{FIRST_COME_DAYS, Scenario};

/// The state of a chain. `N` nodes, `L` lanes, `M` producing nodes, `P` products.
#[derive(Debug)]
pub struct State<'m> {
    /// On hand minus backorder, signed. Shape `[node][product]`.
    pub inventory_level: &'m mut [i32],
    /// Received at a producing node and not yet started. Shape `[producer][product]`.
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
    /// Smoothed demand per day with the season taken out, Q12. Shape `[node][product]`.
    pub forecast_level: &'m mut [i32],
    /// Weight in sharing production capacity. Shape `[producer][product]`.
    pub capacity_weight: &'m mut [i32],
    /// Which route of the inbound lanes comes first. Shape `[node][product]`.
    pub route_first: &'m mut [i32],
    /// What arrives on which day. Shape `[arrival day % ring days][row][product]`, rows: lanes, then
    /// producing nodes, then lanes with mail.
    pub ring: &'m mut [i32],
}

/// The same arrays, to read.
#[derive(Clone, Copy, Debug)]
pub struct StateView<'a> {
    /// On hand minus backorder, signed. Shape `[node][product]`.
    pub inventory_level: &'a [i32],
    /// Received at a producing node and not yet started. Shape `[producer][product]`.
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
    /// Smoothed demand per day with the season taken out, Q12. Shape `[node][product]`.
    pub forecast_level: &'a [i32],
    /// Weight in sharing production capacity. Shape `[producer][product]`.
    pub capacity_weight: &'a [i32],
    /// Which route of the inbound lanes comes first. Shape `[node][product]`.
    pub route_first: &'a [i32],
    /// What arrives on which day. Shape `[arrival day % ring days][row][product]`, rows: lanes, then
    /// producing nodes, then lanes with mail.
    pub ring: &'a [i32],
}

/// Rows of one day of the ring.
pub(crate) fn ring_rows(scenario: &Scenario<'_>) -> usize {
    scenario.lanes().len() + scenario.producers + scenario.mail_lanes
}

/// Number of arrays. A new one is a compile error wherever all of them are listed, a snapshot's checks included.
pub(crate) const ARRAYS: usize = 16;

/// Lengths of the arrays, in the order of [`State`].
pub(crate) fn lengths(scenario: &Scenario<'_>) -> [usize; ARRAYS] {
    let p = scenario.products();
    let n = scenario.node_count() * p;
    let l = scenario.lanes().len() * p;
    let m = scenario.producers * p;
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
        m,
        n,
        scenario.ring_days() * ring_rows(scenario) * p,
    ]
}

impl<'a> StateView<'a> {
    /// All arrays, in the order of [`State`].
    pub(crate) fn arrays(&self) -> [&'a [i32]; ARRAYS] {
        // No `..`: an array that is not listed does not compile.
        let Self {
            inventory_level,
            input_stock,
            in_production,
            waiting,
            in_transit,
            staged,
            rush,
            mail,
            customer_backorder,
            queue,
            demand_today,
            ordered_today,
            forecast_level,
            capacity_weight,
            route_first,
            ring,
        } = *self;
        [
            inventory_level,
            input_stock,
            in_production,
            waiting,
            in_transit,
            staged,
            rush,
            mail,
            customer_backorder,
            queue,
            demand_today,
            ordered_today,
            forecast_level,
            capacity_weight,
            route_first,
            ring,
        ]
    }
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
            capacity_weight: self.capacity_weight,
            route_first: self.route_first,
            ring: self.ring,
        }
    }

    /// All arrays, in the order of [`State`], to write.
    pub(crate) fn arrays_mut(&mut self) -> [&mut [i32]; ARRAYS] {
        let Self {
            inventory_level,
            input_stock,
            in_production,
            waiting,
            in_transit,
            staged,
            rush,
            mail,
            customer_backorder,
            queue,
            demand_today,
            ordered_today,
            forecast_level,
            capacity_weight,
            route_first,
            ring,
        } = self;
        [
            inventory_level,
            input_stock,
            in_production,
            waiting,
            in_transit,
            staged,
            rush,
            mail,
            customer_backorder,
            queue,
            demand_today,
            ordered_today,
            forecast_level,
            capacity_weight,
            route_first,
            ring,
        ]
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
            capacity_weight: next(l[13]),
            route_first: next(l[14]),
            ring: next(l[15]),
        };
        (state, rest)
    }
}
