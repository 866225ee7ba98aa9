//! Room in a node's storage (step 1): what finds none waits in the yard.

use super::Network;
use super::assembly::on_hand_row;
use crate::allocation;
use crate::convert::{product, wide};
use crate::layout::Column;
use crate::rows::{nothing, row, row_mut};
use crate::scenario::Node;

impl Network<'_, '_> {
    /// Stocks what waits in the yard of node `n`: what is owed passes through, the rest shares the room that
    /// is left, by the products' weights. What finds no room stays in the yard, and costs.
    pub(super) fn enter(&mut self, n: usize, node: &Node) {
        let s = self.scenario;
        let p = s.products();
        let (Some(y), Some(storage)) = (node.yard_row, node.storage) else { return };
        if nothing(row(self.state.yard, y, p)) {
            return;
        }
        on_hand_row(s, &self.state, n, self.scratch.level);
        let held = self.scratch.level.iter().zip(s.volumes());
        let used: i64 = held.map(|(&units, &volume)| product(units, volume)).sum();
        let yard = row_mut(self.state.yard, y, p);
        let level = row_mut(self.state.inventory_level, n, p);
        let wants = &mut *self.scratch.wants;
        for ((want, yard), level) in wants.iter_mut().zip(yard.iter_mut()).zip(level.iter_mut()) {
            let owed = if *level < 0 { -*level } else { 0 };
            let through = if *yard < owed { *yard } else { owed };
            *level += through;
            *yard -= through;
            *want = *yard;
        }
        let room = wide(storage) - used;
        let room = if room > 0 { room } else { 0 };
        let weights = node.weight_row.map_or(&[][..], |r| row(self.state.capacity_weight, r, p));
        allocation::share_capacity(room, wants, s.volumes(), weights, self.scratch.grants);
        for ((yard, level), &grant) in yard.iter_mut().zip(level).zip(self.scratch.grants.iter()) {
            *level += grant;
            *yard -= grant;
        }
    }

    /// What the yard of node `n` costs today: room, and holding like all stock. Returns its holding cost and value.
    pub(super) fn charge_yard(&mut self, n: usize, node: &Node) -> (i64, i64) {
        let s = self.scenario;
        let p = s.products();
        let Some(y) = node.yard_row else { return (0, 0) };
        let yard = row(self.state.yard, y, p);
        if nothing(yard) {
            return (0, 0);
        }
        let (mut holding, mut value, mut overflow) = (0i64, 0i64, 0i64);
        let mut costs = self.costs.as_deref_mut().map(|costs| row_mut(costs, n, p));
        let rates = s.column(Column::HoldingCost, n).iter().zip(s.column(Column::UnitValue, n));
        for (i, ((&units, &volume), (&rate, &unit))) in yard.iter().zip(s.volumes()).zip(rates).enumerate() {
            let volume = wide(units) * wide(volume);
            let room = volume.saturating_mul(wide(node.overflow_rate)) >> 10;
            holding += wide(units) * wide(rate);
            value += wide(units) * wide(unit);
            overflow += room;
            if let Some(cost) = costs.as_deref_mut().and_then(|costs| costs.get_mut(i)) {
                *cost += wide(units) * wide(rate) + room;
            }
        }
        if let Some(tally) = self.today.get_mut(n) {
            tally.ledger.overflow += overflow;
        }
        (holding, value)
    }
}
