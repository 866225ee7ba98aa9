//! Step 5: every cost term and KPI of the day.

use super::Network;
use super::assembly::on_hand_row;
use crate::convert::{byte_index, product, wide};
use crate::layout::Column;
use crate::rows::{at, copy_row, row, row_mut, set_at};
use crate::scenario::{EventKind, Node, Scenario};
use crate::state::State;

impl Network<'_, '_> {
    #[inline(always)]
    pub(super) fn account(&mut self) {
        let s = self.scenario;
        let p = s.products();
        for (n, node) in s.nodes().iter().enumerate() {
            let holding = s.column(Column::HoldingCost, n);
            let backorder = s.column(Column::BackorderCost, n);
            let values = s.column(Column::UnitValue, n);
            let (yard_held, yard_value) = self.charge_yard(n, node);
            let assembles = node.bom_lines > 0;
            let stopped = !node.outbound.is_empty() && self.conditions.stops(EventKind::Shipping, n);
            if assembles || stopped {
                on_hand_row(s, &self.state, n, self.scratch.level);
            }
            let stock = row(self.state.inventory_level, n, p);
            let (mut held, mut owed, mut value, mut owed_value) = (0i64, 0i64, 0i64, 0i64);
            for (((&stock, &holding), &backorder), &unit) in stock.iter().zip(holding).zip(backorder).zip(values) {
                let on_hand = if stock > 0 { stock } else { 0 };
                let missing = on_hand - stock;
                held += product(on_hand, holding);
                value += product(on_hand, unit);
                owed += product(missing, backorder);
                owed_value += product(missing, unit);
            }
            // What a component's stockpoint owes, it owes to production: no customer waits for it.
            let mut before = None;
            for line in s.bom(node).filter(|line| before.replace(line.component) != Some(line.component)) {
                let level = at(stock, line.component);
                owed_value -= product(if level < 0 { -level } else { 0 }, at(values, line.component));
            }
            let mut costs = self.costs.as_deref_mut().map(|c| row_mut(c, n, p));
            if let Some(costs) = costs.as_deref_mut() {
                for (((c, &stock), &holding), &backorder) in costs.iter_mut().zip(stock).zip(holding).zip(backorder) {
                    let on_hand = if stock > 0 { stock } else { 0 };
                    *c += wide(on_hand) * wide(holding) + wide(on_hand - stock) * wide(backorder);
                }
            }
            // Stock that the level does not show: input of production, what waits for transport and in the yard.
            held += yard_held;
            value += yard_value;
            if node.produces {
                let input = if assembles {
                    hidden_row(s, &self.state, n, node, self.scratch.level, self.scratch.wants);
                    &*self.scratch.wants
                } else {
                    row(self.state.input_stock, node.producer_row, p)
                };
                let (h, v) = charge(input, holding, values, costs.as_deref_mut());
                held += h;
                value += v;
            }
            if stopped {
                // What could have been shipped is here, and still owed.
                kept_row(s, stock, node, self.scratch.level, self.scratch.wants);
                let (h, v) = charge(self.scratch.wants, holding, values, costs.as_deref_mut());
                let (b, _) = charge(self.scratch.wants, backorder, values, costs.as_deref_mut());
                held += h;
                value += v;
                owed += b;
            }
            for &b in &node.outbound {
                if let Some(r) = s.lanes().get(byte_index(b)).and_then(|lane| lane.staged_row) {
                    let staged = row(self.state.staged, r, p);
                    let (h, v) = charge(staged, holding, values, costs.as_deref_mut());
                    held += h;
                    value += v;
                }
            }
            let mut transit_value = 0i64;
            for &b in &node.inbound {
                for (&units, &v) in row(self.state.in_transit, byte_index(b), p).iter().zip(values) {
                    transit_value += product(units, v);
                }
            }
            if let Some(x) = node.mixed_row {
                owed_value =
                    row(self.state.customer_backorder, x, p).iter().zip(values).map(|(&u, &v)| wide(u) * wide(v)).sum();
            }
            let (Some(tally), Some(backorder_value)) = (self.today.get_mut(n), self.backorder_value.get_mut(n)) else {
                return;
            };
            tally.ledger.holding += held;
            tally.ledger.backorder += owed;
            tally.stock_value = value;
            tally.transit_value = transit_value;
            if node.sells {
                // Sold today = demanded today and not lost, less what the backlog has grown by.
                tally.sold_value += *backorder_value - owed_value;
                *backorder_value = owed_value;
            }
        }
    }
}

/// What a node that assembles has, and its levels do not show: input of products that are made of themselves, and
/// components that waiting orders need. `on_hand` is all that is there of each. Shapes `[product]`.
fn hidden_row(s: &Scenario<'_>, state: &State<'_>, n: usize, node: &Node, on_hand: &[i32], hidden: &mut [i32]) {
    let p = s.products();
    copy_row(hidden, row(state.input_stock, node.producer_row, p));
    let level = row(state.inventory_level, n, p);
    for line in s.bom(node) {
        set_at(hidden, line.product, 0); // Orders that wait: nothing is there yet.
        let shown = at(level, line.component);
        set_at(hidden, line.component, at(on_hand, line.component) - if shown > 0 { shown } else { 0 });
    }
}

/// What a node that ships nothing has and owes at once. Its level shows neither; of components see [`hidden_row`].
fn kept_row(s: &Scenario<'_>, level: &[i32], node: &Node, on_hand: &[i32], kept: &mut [i32]) {
    for ((kept, &on_hand), &level) in kept.iter_mut().zip(on_hand).zip(level) {
        *kept = on_hand - if level > 0 { level } else { 0 };
    }
    for line in s.bom(node) {
        set_at(kept, line.component, 0);
    }
}

/// Holding cost and value of stock that the level does not show.
fn charge(units: &[i32], holding: &[i32], values: &[i32], costs: Option<&mut [i64]>) -> (i64, i64) {
    let (mut held, mut value) = (0i64, 0i64);
    for ((&u, &h), &v) in units.iter().zip(holding).zip(values) {
        held += wide(u) * wide(h);
        value += wide(u) * wide(v);
    }
    if let Some(costs) = costs {
        for ((c, &u), &h) in costs.iter_mut().zip(units).zip(holding) {
            *c += wide(u) * wide(h);
        }
    }
    (held, value)
}
