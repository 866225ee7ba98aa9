//! Who decides: the door between the simulator and every policy.

use crate::action::{self, Choice, Outlook};
use crate::convert::{byte_index, from_i8, wide};
use crate::forecast;
use crate::layout::Column;
use crate::order::UNLIMITED;
use crate::scenario::Scenario;
use crate::state::StateView;

mod classical;
mod quantized;

pub use classical::{BaseStock, LevelRow, PeriodicReview, ReorderPoint, Textbook};
pub use quantized::{QuantizedError, QuantizedPolicy};

/// What a node decides for each of its products. Each row of shape `[product]`.
#[derive(Debug)]
pub struct Actions<'a> {
    /// Base-stock level [units].
    pub level: &'a mut [i32],
    /// Order cap [units].
    pub cap: &'a mut [i32],
    /// Weight in sharing production capacity, 1 to 16.
    pub weight: &'a mut [i32],
    /// Which route of the inbound lanes comes first.
    pub route: &'a mut [i32],
    /// Negotiation effort.
    pub effort: &'a mut [i32],
}

impl Actions<'_> {
    /// Orders nothing, weighs products alike, takes the first route.
    pub(crate) fn rest(&mut self, view: &NodeView<'_>) {
        self.level.fill(0);
        self.cap.fill(UNLIMITED);
        self.weight.fill(action::weight(Choice::TEXTBOOK.weight));
        self.route.fill(0);
        self.effort.fill(0);
        debug_assert_eq!(self.level.len(), view.products());
    }

    /// Sets one product's numbers from a choice of the heads.
    #[inline(always)]
    pub fn set(&mut self, product: usize, outlook: &Outlook, choice: Choice) {
        self.level[product] = action::level(outlook, choice.level);
        self.cap[product] = action::cap(outlook, choice.cap);
        self.weight[product] = action::weight(choice.weight);
        self.route[product] = from_i8(crate::convert::signed(choice.route));
        self.effort[product] = from_i8(crate::convert::signed(choice.effort));
    }
}

/// Decides for one node at a time.
pub trait Policy {
    /// Sets `actions` for every product of the node that `view` shows. They come in as an order of
    /// nothing over the first route.
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>);
}

impl<P: Policy + ?Sized> Policy for &mut P {
    #[inline(always)]
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        (**self).decide(view, actions);
    }
}

/// What one node may know on one day: its own state and what its direct neighbours have committed.
#[derive(Clone, Copy, Debug)]
pub struct NodeView<'a> {
    pub(crate) scenario: &'a Scenario<'a>,
    pub(crate) state: StateView<'a>,
    pub(crate) node: usize,
    pub(crate) day: u32,
    pub(crate) position: &'a [i32],
    pub(crate) conditions_capacity_q12: i32,
}

impl<'a> NodeView<'a> {
    /// The problem.
    #[must_use]
    pub fn scenario(&self) -> &'a Scenario<'a> {
        self.scenario
    }

    /// The node that decides.
    #[must_use]
    pub fn node(&self) -> usize {
        self.node
    }

    /// Today.
    #[must_use]
    pub fn day(&self) -> u32 {
        self.day
    }

    /// Number of products.
    #[must_use]
    pub fn products(&self) -> usize {
        self.scenario.products()
    }

    /// Inventory position: level plus all that is ordered and not yet stocked [units]. Shape `[product]`.
    #[must_use]
    pub fn position(&self) -> &'a [i32] {
        self.position
    }

    /// Inventory level [units]. Shape `[product]`.
    #[must_use]
    pub fn inventory_level(&self) -> &'a [i32] {
        let p = self.products();
        &self.state.inventory_level[self.node * p..(self.node + 1) * p]
    }

    /// Demand faced today [units]. Shape `[product]`.
    #[must_use]
    pub fn demand_today(&self) -> &'a [i32] {
        let p = self.products();
        &self.state.demand_today[self.node * p..(self.node + 1) * p]
    }

    /// What the node expects of one product.
    #[inline(always)]
    #[must_use]
    pub fn outlook(&self, product: usize) -> Outlook {
        let level = self.state.forecast_level[self.node * self.products() + product];
        forecast::outlook(self.scenario, self.node, product, self.day, level)
    }

    /// Shipped towards this node [units].
    #[must_use]
    pub fn in_transit(&self, product: usize) -> i32 {
        self.inbound(product, |l, i| self.state.in_transit[l * self.products() + i])
    }

    /// Ordered by this node and not yet shipped: in the mail, waiting at the supplier, staged [units].
    #[must_use]
    pub fn waiting_upstream(&self, product: usize) -> i32 {
        self.inbound(product, |l, i| {
            let p = self.products();
            let lane = &self.scenario.lanes()[l];
            self.state.waiting[l * p + i]
                + lane.staged_row.map_or(0, |r| self.state.staged[r * p + i])
                + lane.mail_row.map_or(0, |r| self.state.mail[r * p + i])
        })
    }

    #[inline(always)]
    fn inbound(&self, product: usize, each: impl Fn(usize, usize) -> i32) -> i32 {
        let lanes = &self.scenario.nodes()[self.node].inbound;
        lanes.iter().map(|&b| each(byte_index(b), product)).sum()
    }

    /// Stock at this node that waits for production, and what is in production [units].
    #[must_use]
    pub fn in_works(&self, product: usize) -> (i32, i32) {
        let node = &self.scenario.nodes()[self.node];
        if !node.produces {
            return (0, 0);
        }
        let at = node.producer_row * self.products() + product;
        (self.state.input_stock[at], self.state.in_production[at])
    }

    /// Backlog that this node owes to customers and lanes [units].
    #[must_use]
    pub fn backlog(&self, product: usize) -> i32 {
        let level = self.inventory_level()[product];
        if level < 0 { -level } else { 0 }
    }

    /// What the direct customers have on order with this node and in transit from it [units].
    #[must_use]
    pub fn customers_on_order(&self, product: usize) -> i32 {
        let p = self.products();
        let lanes = &self.scenario.nodes()[self.node].outbound;
        lanes
            .iter()
            .map(|&b| {
                let at = byte_index(b) * p + product;
                self.state.waiting[at] + self.state.in_transit[at]
            })
            .sum()
    }

    /// The direct suppliers' stock of a product and the backlog they owe of it [units]; none where
    /// the outside world supplies (it has everything).
    #[must_use]
    pub fn suppliers_stock_and_backlog(&self, product: usize) -> Option<(i32, i32)> {
        let p = self.products();
        let mut found = None;
        for &b in &self.scenario.nodes()[self.node].inbound {
            if let Some(supplier) = self.scenario.lanes()[byte_index(b)].supplier {
                let level = self.state.inventory_level[supplier * p + product];
                let (stock, backlog): (i32, i32) = found.unwrap_or((0, 0));
                found = Some(if level > 0 { (stock.saturating_add(level), backlog) } else { (stock, backlog.saturating_sub(level)) });
            }
        }
        found
    }

    /// Units that enter this node's stock tomorrow: finished by its production where it produces, else
    /// received over its inbound lanes.
    #[must_use]
    pub fn due_tomorrow(&self, product: usize) -> i32 {
        let s = self.scenario;
        let p = self.products();
        let rows = crate::state::ring_rows(s);
        let slot = (crate::convert::wide_index(self.day) + 1) % s.ring_days();
        let node = &s.nodes()[self.node];
        if node.produces {
            return self.state.ring[(slot * rows + s.lanes().len() + node.producer_row) * p + product];
        }
        self.inbound(product, |l, i| self.state.ring[(slot * rows + l) * p + i])
    }

    /// Work that waits at this node / its capacity of a day, Q8; 0 where nothing limits.
    #[must_use]
    pub fn capacity_pressure_q8(&self) -> i64 {
        let node = &self.scenario.nodes()[self.node];
        let Some(capacity) = node.capacity else { return 0 };
        let p = self.products();
        let input = &self.state.input_stock[node.producer_row * p..(node.producer_row + 1) * p];
        let work = self.scenario.column(Column::Work, self.node);
        let wanted: i64 = input.iter().zip(work).map(|(&u, &w)| wide(u) * wide(w)).sum();
        let capacity = (wide(capacity) * wide(self.conditions_capacity_q12)) >> 12;
        if capacity <= 0 { 256 * 16 } else { (wanted.min(i64::MAX >> 8) << 8) / capacity }
    }

    /// Production capacity now / as planned, Q12.
    #[must_use]
    pub fn capacity_factor_q12(&self) -> i32 {
        self.conditions_capacity_q12
    }
}
