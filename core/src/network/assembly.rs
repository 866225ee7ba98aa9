//! Products that are assembled from others at a node (the bill of materials).
//!
//! An order of an assembled product goes to the node's own production, not to a supplier: it waits there
//! ([`crate::state::State::input_stock`]) until its components and the capacity are at hand, and is at once owed to it
//! by the stockpoints of its components, like a customer's order. What a component's stockpoint has on hand is
//! thus its inventory level plus all that waiting orders still need of it; a start changes neither level. Forecasts see it as
//! demand of the next day: the node has already decided by what it saw of this one.

use super::Network;
use crate::allocation;
use crate::convert::{byte_index, low, product, wide};
use crate::layout::Column;
use crate::order::{self, Bounds, NOTHING};
use crate::rows::{add_at, add_row, at, copy_row, row, row_mut, set_at};
use crate::scenario::{BomLine, Node, Scenario};
use crate::state::State;

/// On hand at node `n` [units]: its level and all that is owed out of it; of a component, what waiting orders
/// need too. Mostly that is the level where it is positive, but a node that ships nothing has what it owes.
#[inline(always)]
pub(super) fn on_hand_row(s: &Scenario<'_>, state: &State<'_>, n: usize, on_hand: &mut [i32]) {
    let p = s.products();
    let Some(node) = s.nodes().get(n) else { return };
    let level = row(state.inventory_level, n, p);
    copy_row(on_hand, level);
    if let Some(x) = node.mixed_row {
        add_row(on_hand, row(state.customer_backorder, x, p));
    }
    for &b in &node.outbound {
        add_row(on_hand, row(state.waiting, byte_index(b), p));
    }
    for on_hand in on_hand.iter_mut() {
        // Owed to customers alone: nothing of it is there.
        *on_hand = if *on_hand > 0 { *on_hand } else { 0 };
    }
    if node.bom_lines == 0 {
        return;
    }
    for line in s.bom(node) {
        set_at(on_hand, line.component, at(level, line.component));
    }
    let waiting = row(state.input_stock, node.producer_row, p);
    for line in s.bom(node) {
        add_at(on_hand, line.component, needed(&line, at(waiting, line.product)));
    }
}

/// Units of its component that so many of a line's product need.
#[inline(always)]
fn needed(line: &BomLine, units: i32) -> i32 {
    low(wide(line.quantity) * wide(units))
}

impl Network<'_, '_> {
    /// What node `n` asks its own production for; its components are owed from then on. Afterwards no
    /// assembled product is left to order from suppliers.
    pub(super) fn release(&mut self, n: usize, node: &Node) {
        let s = self.scenario;
        let p = s.products();
        let column = |column: Column| s.column(column, n);
        self.scratch.rushed.fill(0);
        for line in s.bom(node) {
            let i = line.product;
            // The first line of a product releases it; then its level is that of no order.
            if at(self.scratch.level, i) != NOTHING {
                let bounds = Bounds {
                    lot_size: at(column(Column::LotSize), i),
                    order_min: at(column(Column::OrderMin), i),
                    order_max: at(column(Column::OrderMax), i),
                };
                let (level, limit) = (at(self.scratch.level, i), at(column(Column::PositionMax), i));
                let target = if level < limit { level } else { limit };
                let units = order::quantity(target, at(self.scratch.position, i), at(self.scratch.cap, i), bounds);
                set_at(self.scratch.level, i, NOTHING);
                set_at(self.scratch.rushed, i, units);
                if units > 0 {
                    add_at(row_mut(self.state.input_stock, node.producer_row, p), i, units);
                    let cost = product(at(column(Column::OrderCost), i), 1);
                    if let Some(tally) = self.today.get_mut(n) {
                        tally.ledger.ordering += cost;
                    }
                    if let Some(slot) = self.costs.as_deref_mut().and_then(|costs| costs.get_mut(n * p + i)) {
                        *slot += cost;
                    }
                }
            }
            // Nor is it rushed, be its own level that of no order.
            set_at(self.scratch.expedite, i, NOTHING);
            let units = at(self.scratch.rushed, i);
            let needed = needed(&line, units);
            add_at(row_mut(self.state.inventory_level, n, p), line.component, -needed);
            add_at(row_mut(self.state.dependent, node.bom_row, p), line.component, needed);
            add_at(self.scratch.position, line.component, -needed);
        }
    }

    /// What production can start with the components there are: `scratch.wants` of node `n` is lowered,
    /// component by component, each shared by the products' weights.
    pub(super) fn limit_by_components(&mut self, n: usize, node: &Node) {
        let s = self.scenario;
        let p = s.products();
        on_hand_row(s, &self.state, n, self.scratch.level);
        let weights = node.weight_row.map_or(&[][..], |r| row(self.state.capacity_weight, r, p));
        let mut lines = s.bom(node).peekable();
        while let Some(component) = lines.peek().map(|line| line.component) {
            // Units of this component that one of each product needs.
            let uses = &mut *self.scratch.position;
            uses.fill(0);
            while let Some(line) = lines.next_if(|line| line.component == component) {
                set_at(uses, line.product, line.quantity);
            }
            let uses = &*uses;
            let there = wide(at(self.scratch.level, component));
            let grants = &mut *self.scratch.grants;
            allocation::share_capacity(there, self.scratch.wants, uses, weights, grants);
            copy_row(self.scratch.wants, grants);
        }
    }
}
