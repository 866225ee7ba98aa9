//! Who decides: the door between the simulator and every policy.

use crate::action::{self, Choice, Outlook};
use crate::convert::{byte_index, from_i8, wide};
use crate::forecast::Outlooks;
use crate::layout::Column;
use crate::network::{add_position_row, expedited_rows, quality};
use crate::order::{NOTHING, UNLIMITED};
use crate::rows::{at, row, set_at};
use crate::scenario::{Node, Scenario};
use crate::state::StateView;

mod classical;
mod quantized;

pub use classical::{
    AnchorAdjust, BaseStock, CappedBaseStock, DualIndex, LevelRow, PeriodicReview, ReorderPoint, Textbook,
};
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
    /// Base-stock level of the fast route [units]: what an order over it brings the expedited position up
    /// to, before the normal order is placed. The fast route is that of the node's first inbound lane with
    /// several routes; the expedited position is the level plus what arrives by the day that the fast route
    /// takes. `i32::MIN`: nothing is rushed.
    pub expedite: &'a mut [i32],
}

impl Actions<'_> {
    /// Orders nothing whatever the position, weighs products alike, takes the first route.
    pub(crate) fn rest(&mut self, view: &NodeView<'_>) {
        self.level.fill(NOTHING);
        self.cap.fill(UNLIMITED);
        self.weight.fill(action::weight(Choice::TEXTBOOK.weight));
        self.route.fill(0);
        self.effort.fill(0);
        self.expedite.fill(NOTHING);
        debug_assert_eq!(self.level.len(), view.products());
    }

    /// Sets one product's numbers from a choice of the heads.
    #[inline(always)]
    pub fn set(&mut self, product: usize, outlook: &Outlook, choice: Choice) {
        set_at(self.level, product, action::level(outlook, choice.level));
        set_at(self.cap, product, action::cap(outlook, choice.cap));
        set_at(self.weight, product, action::weight(choice.weight));
        set_at(self.route, product, from_i8(crate::convert::signed(choice.route)));
        set_at(self.effort, product, from_i8(crate::convert::signed(choice.effort)));
        set_at(self.expedite, product, action::expedited_level(outlook, choice.expedite));
    }
}

/// Decides for one node at a time.
pub trait Policy {
    /// Sets `actions` for every product of the node that `view` shows. They come in as an order of
    /// nothing over the first route.
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>);

    /// The same when the policy is not trusted: the textbook rule, unless it has a fallback of its own.
    #[inline(always)]
    fn fall_back(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        Textbook.decide(view, actions);
    }
}

impl<P: Policy + ?Sized> Policy for &mut P {
    #[inline(always)]
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        (**self).decide(view, actions);
    }

    #[inline(always)]
    fn fall_back(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        (**self).fall_back(view, actions);
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

    /// The state of the whole chain: what a central planner sees that a node does not. No learned policy reads it.
    #[must_use]
    pub fn whole_chain(&self) -> StateView<'a> {
        self.state
    }

    /// Inventory position: level plus all that is ordered and not yet stocked [units]. Shape `[product]`.
    #[must_use]
    pub fn position(&self) -> &'a [i32] {
        self.position
    }

    /// Adds the inventory position of any node, as it is at this moment, to `sum` [units]. Shape `[product]`.
    ///
    /// More than an agent may know: for rules of one who plans the whole chain (echelon base stock). No observation
    /// holds it.
    pub fn add_position_of(&self, node: usize, sum: &mut [i32]) {
        add_position_row(self.scenario, &self.state, node, sum);
    }

    /// Inventory level [units]. Shape `[product]`.
    #[must_use]
    pub fn inventory_level(&self) -> &'a [i32] {
        self.row(self.state.inventory_level, self.node)
    }

    /// Demand faced today [units]. Shape `[product]`.
    #[must_use]
    pub fn demand_today(&self) -> &'a [i32] {
        self.row(self.state.demand_today, self.node)
    }

    /// What the node expects of one product. For all of them: [`NodeView::outlooks`].
    #[must_use]
    pub fn outlook(&self, product: usize) -> Outlook {
        self.outlooks().of(product)
    }

    /// What the node expects of its products.
    #[inline(always)]
    #[must_use]
    pub fn outlooks(&self) -> Outlooks<'a> {
        let lags = crate::forecast::lags_of(self.scenario, self.node, self.state.forecast_lags);
        Outlooks::new(self.scenario, self.node, self.day, self.forecast_level(), lags)
    }

    /// Forecast demand per day of the protection interval with the season taken out, Q12 [units]. Shape
    /// `[product]`.
    #[must_use]
    pub fn forecast_level(&self) -> &'a [i32] {
        self.row(self.state.forecast_level, self.node)
    }

    /// Row `r` of a `[row][product]` array.
    #[inline(always)]
    fn row(&self, rows: &'a [i32], r: usize) -> &'a [i32] {
        row(rows, r, self.products())
    }

    /// The node itself.
    #[inline(always)]
    fn place(&self) -> Option<&'a Node> {
        self.scenario.nodes().get(self.node)
    }

    /// Its lanes towards it (indices).
    #[inline(always)]
    fn inbound(&self) -> &'a [u8] {
        self.place().map_or(&[], |node| &node.inbound)
    }

    /// Its lanes away from it (indices).
    #[inline(always)]
    fn outbound(&self) -> &'a [u8] {
        self.place().map_or(&[], |node| &node.outbound)
    }

    /// Shipped towards this node [units].
    #[must_use]
    pub fn in_transit(&self, product: usize) -> i32 {
        self.in_transit_rows().map(|row| at(row, product)).sum()
    }

    /// Rows of shape `[product]` that add up to it.
    #[inline(always)]
    pub fn in_transit_rows(&self) -> impl Iterator<Item = &'a [i32]> {
        self.inbound().iter().map(|&b| self.row(self.state.in_transit, byte_index(b)))
    }

    /// Ordered by this node and not yet shipped: in the mail, waiting at the supplier, staged [units].
    #[must_use]
    pub fn waiting_upstream(&self, product: usize) -> i32 {
        self.waiting_upstream_rows().map(|row| at(row, product)).sum()
    }

    /// Rows of shape `[product]` that add up to it.
    #[inline(always)]
    pub fn waiting_upstream_rows(&self) -> impl Iterator<Item = &'a [i32]> {
        self.inbound().iter().flat_map(|&b| {
            let lane = self.scenario.lanes().get(byte_index(b));
            let waiting = self.row(self.state.waiting, byte_index(b));
            let staged = lane.and_then(|lane| lane.staged_row).map(|r| self.row(self.state.staged, r));
            let mail = lane.and_then(|lane| lane.mail_row).map(|r| self.row(self.state.mail, r));
            [Some(waiting), staged, mail].into_iter().flatten()
        })
    }

    /// Stock at this node that waits for production, and what is in production [units].
    #[must_use]
    pub fn in_works(&self, product: usize) -> (i32, i32) {
        let (input, making) = self.in_works_rows();
        (input.get(product).copied().unwrap_or(0), making.get(product).copied().unwrap_or(0))
    }

    /// The same for all products, each of shape `[product]`; empty where the node does not produce.
    #[must_use]
    pub fn in_works_rows(&self) -> (&'a [i32], &'a [i32]) {
        match self.place() {
            Some(node) if node.produces => (
                self.row(self.state.input_stock, node.producer_row),
                self.row(self.state.in_production, node.producer_row),
            ),
            _ => (&[], &[]),
        }
    }

    /// Backlog that this node owes to customers and lanes [units].
    #[must_use]
    pub fn backlog(&self, product: usize) -> i32 {
        let level = at(self.inventory_level(), product);
        if level < 0 { -level } else { 0 }
    }

    /// What the direct customers have on order with this node and in transit from it [units].
    #[must_use]
    pub fn customers_on_order(&self, product: usize) -> i32 {
        self.customers_on_order_rows().map(|row| at(row, product)).sum()
    }

    /// Rows of shape `[product]` that add up to it.
    #[inline(always)]
    pub fn customers_on_order_rows(&self) -> impl Iterator<Item = &'a [i32]> {
        self.outbound().iter().flat_map(|&b| {
            [self.row(self.state.waiting, byte_index(b)), self.row(self.state.in_transit, byte_index(b))]
        })
    }

    /// The direct suppliers' stock of a product and the backlog they owe of it [units]; none where
    /// the outside world supplies (it has everything).
    #[must_use]
    pub fn suppliers_stock_and_backlog(&self, product: usize) -> Option<(i32, i32)> {
        // Each level is within 2^30 of 0, but there may be many suppliers.
        self.suppliers_level_rows().map(|row| at(row, product)).fold(None, |found, level| {
            let (stock, backlog): (i32, i32) = found.unwrap_or((0, 0));
            Some(if level > 0 {
                (stock.saturating_add(level), backlog)
            } else {
                (stock, backlog.saturating_sub(level))
            })
        })
    }

    /// Inventory levels of the direct suppliers that are nodes [units]: rows of shape `[product]`.
    #[inline(always)]
    pub fn suppliers_level_rows(&self) -> impl Iterator<Item = &'a [i32]> {
        let suppliers = self.inbound().iter().filter_map(|&b| self.scenario.lanes().get(byte_index(b))?.supplier);
        suppliers.map(|supplier| self.row(self.state.inventory_level, supplier))
    }

    /// What this node's receipts have told it of its suppliers [Q15]: the on-time share of receipts and the
    /// accepted share of units, the mean over its inbound lanes with grades. Nothing where there are none.
    #[must_use]
    pub fn supplier_score(&self, product: usize) -> Option<(i32, i32)> {
        let (mut on_time, mut accepted, mut lanes) = (0, 0, 0);
        for row in self.supplier_score_rows() {
            let (this_on_time, this_accepted) = quality::shares(at(row, product));
            on_time += this_on_time;
            accepted += this_accepted;
            lanes += 1;
        }
        Some((on_time.checked_div(lanes)?, accepted.checked_div(lanes)?))
    }

    /// The scores of its inbound lanes with grades ([`quality::shares`]): rows of shape `[product]`.
    #[inline(always)]
    pub fn supplier_score_rows(&self) -> impl Iterator<Item = &'a [i32]> {
        let lanes = self.inbound().iter().filter_map(|&b| self.scenario.lanes().get(byte_index(b)));
        lanes.filter_map(|lane| lane.quality.as_ref()).map(|quality| self.row(self.state.score, quality.row))
    }

    /// What waits in the yard for room [units]; empty where storage is not limited. Shape `[product]`.
    #[inline(always)]
    #[must_use]
    pub fn yard(&self) -> &'a [i32] {
        self.place().and_then(|node| node.yard_row).map_or(&[], |y| self.row(self.state.yard, y))
    }

    /// Volume on hand and in the yard / what fits into the node's storage, Q8; 0 where nothing limits.
    #[must_use]
    pub fn storage_pressure_q8(&self) -> i64 {
        let Some(storage) = self.place().and_then(|node| node.storage) else { return 0 };
        let held = self.inventory_level().iter().zip(self.yard()).zip(self.scenario.volumes()).map(
            |((&level, &yard), &volume)| {
                let on_hand = if level > 0 { level } else { 0 };
                wide(on_hand + yard) * wide(volume)
            },
        );
        let volume = held.sum::<i64>();
        if storage <= 0 { 256 * 16 } else { (volume.min(i64::MAX >> 8) << 8) / wide(storage) }
    }

    /// Units that enter this node's stock in `later` days, 1 being tomorrow: finished by its production where
    /// it produces, else received over its inbound lanes.
    #[must_use]
    pub fn due(&self, product: usize, later: usize) -> i32 {
        self.due_rows(later).map(|row| at(row, product)).sum()
    }

    /// Rows of shape `[product]` that add up to it; none past the longest lead time.
    #[inline(always)]
    pub fn due_rows(&self, later: usize) -> impl Iterator<Item = &'a [i32]> {
        let s = self.scenario;
        let day = crate::convert::wide_index(self.day) + later;
        let first = s.ring_slot(day) * s.lanes().len();
        let producer = self.place().filter(|node| node.produces).map(|node| node.producer_row);
        let works = day.checked_rem(s.works_days).unwrap_or(0) * s.producers;
        let made = producer.filter(|_| later < s.works_days).map(|m| self.row(self.state.works_ring, works + m));
        // A ring goes round: past its length stands what is due sooner.
        let lanes = if producer.is_some() || later >= s.ring_days() { &[][..] } else { self.inbound() };
        made.into_iter().chain(lanes.iter().map(move |&b| self.row(self.state.ring, first + byte_index(b))))
    }

    /// Expedited position: the level, what waits for or is in production or for room, what arrives by the day on
    /// which an order over the fast route would, and what is already ordered to go fast [units]; none where no
    /// inbound lane has several routes.
    #[must_use]
    pub fn expedited_position(&self, product: usize) -> Option<i32> {
        let rows = self.expedited_position_rows()?;
        Some(rows.map(|row| at(row, product)).sum())
    }

    /// Rows of shape `[product]` that add up to it.
    #[inline(always)]
    pub fn expedited_position_rows(&self) -> Option<impl Iterator<Item = &'a [i32]>> {
        expedited_rows(self.scenario, self.state, self.node, crate::convert::wide_index(self.day))
    }

    /// Work that waits at this node / its capacity of a day, Q8; 0 where nothing limits.
    #[must_use]
    pub fn capacity_pressure_q8(&self) -> i64 {
        let Some((node, capacity)) = self.place().and_then(|node| Some((node, node.capacity?))) else { return 0 };
        let input = self.row(self.state.input_stock, node.producer_row);
        let work = self.scenario.column(Column::Work, self.node);
        let wanted: i64 = input.iter().zip(work).map(|(&u, &w)| wide(u) * wide(w)).sum();
        let capacity = (wide(capacity) * wide(self.conditions_capacity_q12)) >> 12;
        if capacity <= 0 { 256 * 16 } else { (wanted.min(i64::MAX >> 8) << 8) / capacity }
    }
}
