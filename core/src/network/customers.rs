//! Step 2: customers' demand is seen and served.

use super::Network;
use crate::convert::{bits, byte_index, from_bits, index, low, product, wide, wide_index};
use crate::draws::{Draws, Source};
use crate::kpi::Tally;
use crate::layout::Column;
use crate::rows::{at, copy_row, row_mut};
use crate::scenario::{EventKind, GROUPS_MAX, PROFILES_MAX, Scenario};
use crate::table;

impl Network<'_, '_> {
    #[inline(always)]
    pub(super) fn customers(&mut self) {
        let s = self.scenario;
        let p = s.products();
        for (n, node) in s.nodes().iter().enumerate() {
            if !node.sells {
                continue;
            }
            self.draw_demand(n);
            let demand_row = &*self.scratch.wants;
            let state = &mut self.state;
            for (today, &units) in row_mut(state.demand_today, n, p).iter_mut().zip(demand_row) {
                *today += units;
            }
            let stock = row_mut(state.inventory_level, n, p);
            let values = s.column(Column::UnitValue, n);
            let lost_cost = s.column(Column::LostSaleCost, n);
            let costs = self.costs.as_deref_mut().map(|c| row_mut(c, n, p));
            let Some(tally) = self.today.get_mut(n) else { return };
            if let Some(x) = node.mixed_row {
                // The backlog to lanes is in the level too: what is on hand is the level plus all that is owed.
                let owed = row_mut(state.customer_backorder, x, p);
                serve_mixed(stock, owed, demand_row, values, lost_cost, node, &state.waiting[..], p, tally, costs);
            } else if node.lost_sales {
                serve_lost(stock, demand_row, values, lost_cost, tally, costs);
            } else {
                serve_backordered(stock, demand_row, values, tally);
            }
        }
    }

    /// Customers' demand of one node today into `scratch.wants`.
    #[inline(always)]
    fn draw_demand(&mut self, n: usize) {
        let s = self.scenario;
        let surge = self.conditions.value(EventKind::Demand, n);
        let demand = &mut *self.scratch.wants;
        if let Some(replayed) = s.replayed(n, self.day) {
            copy_row(demand, replayed);
        } else {
            let draws = self.draws.row(self.day, crate::convert::count(n), Source::Demand);
            // Rows of the node's turn, which comes later: here the two words of chance of each product.
            let (quantile, dither) = (&mut *self.scratch.level, &mut *self.scratch.cap);
            for ((quantile, dither), key) in quantile.iter_mut().zip(dither.iter_mut()).zip(s.product_keys()) {
                let (u, v) = draws.two(key);
                (*quantile, *dither) = (from_bits(u), from_bits(v));
            }
            for ((units, &quantile), &table) in
                demand.iter_mut().zip(quantile.iter()).zip(s.column(Column::DemandTable, n))
            {
                *units = if table < 0 { 0 } else { s.table(wide_index(bits(table))).value(bits(quantile)) };
            }
            let mut seasons = [0; PROFILES_MAX];
            let mut flat = true;
            for (profile, season) in seasons.iter_mut().enumerate().take(s.profiles()) {
                *season = s.season(profile, self.day);
                flat &= *season == 4096;
            }
            if s.groups() > 0 {
                shocked(s, &self.draws, self.day, n, demand, dither, &seasons);
            } else if !flat {
                for ((units, &dither), &profile) in
                    demand.iter_mut().zip(dither.iter()).zip(s.column(Column::DemandProfile, n))
                {
                    *units = table::scaled(*units, seasons[index(profile) % PROFILES_MAX], bits(dither));
                }
            }
        }
        if surge != 4096 {
            for units in demand.iter_mut() {
                *units = low((wide(*units) * wide(surge)) >> 12);
            }
        }
    }
}

/// Demand under the day's seasons and the shocks of the products' groups.
fn shocked(
    s: &Scenario<'_>,
    draws: &Draws,
    day: u32,
    n: usize,
    demand: &mut [i32],
    dither: &[i32],
    seasons: &[i32; PROFILES_MAX],
) {
    let draws = draws.row(day, crate::convert::count(n), Source::Shock);
    let Some(table) = s.shock_table() else { return };
    // The last is for products of no group.
    let mut shocks = [4096; GROUPS_MAX + 1];
    for (group, shock) in shocks.iter_mut().enumerate().take(s.groups()) {
        *shock = table.value(draws.two(u64::from(crate::convert::count(group)) + 1).0);
    }
    let rows = demand.iter_mut().zip(dither).zip(s.group_column());
    for (((units, &dither), &group), &profile) in rows.zip(s.column(Column::DemandProfile, n)) {
        let shock = shocks[if group < 0 { GROUPS_MAX } else { index(group) % GROUPS_MAX }];
        let factor = low((wide(seasons[index(profile) % PROFILES_MAX]) * wide(shock)) >> 12);
        *units = table::scaled(*units, factor, bits(dither));
    }
}

/// Serves customers who wait: what stock can't serve is owed.
#[inline(always)]
fn serve_backordered(stock: &mut [i32], demand: &[i32], values: &[i32], tally: &mut Tally) {
    let (mut demanded, mut served, mut value) = (0i64, 0i64, 0i64);
    for ((stock, &d), &v) in stock.iter_mut().zip(demand).zip(values) {
        // Backorders first: a customer who waited must not be overtaken by one who just came.
        let on_hand = if *stock > 0 { *stock } else { 0 };
        served += product(if on_hand < d { on_hand } else { d }, 1);
        demanded += product(d, 1);
        value += product(d, v);
        *stock -= d;
    }
    tally.demand += demanded;
    tally.served += served;
    tally.sold_value += value;
}

/// Serves customers who go away: what stock can't serve is lost.
#[inline(always)]
fn serve_lost(
    stock: &mut [i32],
    demand: &[i32],
    values: &[i32],
    rates: &[i32],
    tally: &mut Tally,
    mut costs: Option<&mut [i64]>,
) {
    let rows = stock.iter_mut().zip(demand).zip(values.iter().zip(rates));
    for (i, ((stock, &d), (&value, &rate))) in rows.enumerate() {
        // A component's level may be below 0: it is owed to production, and no customer wants it.
        let on_hand = if *stock > 0 { *stock } else { 0 };
        let served = if on_hand < d { on_hand } else { d };
        let cost = wide(d - served) * wide(rate);
        tally.demand += wide(d);
        tally.served += wide(served);
        tally.lost += wide(d - served);
        tally.sold_value += wide(served) * wide(value);
        tally.ledger.lost_sale += cost;
        if let Some(total) = costs.as_deref_mut().and_then(|costs| costs.get_mut(i)) {
            *total += cost;
        }
        *stock -= served;
    }
}

/// Serves customers at a node that also supplies lanes: customers come before lanes.
#[allow(clippy::too_many_arguments)] // Rows of one node's turn; a struct would only rename them.
fn serve_mixed(
    stock: &mut [i32],
    owed: &mut [i32],
    demand: &[i32],
    values: &[i32],
    rates: &[i32],
    node: &crate::scenario::Node,
    waiting: &[i32],
    p: usize,
    tally: &mut Tally,
    mut costs: Option<&mut [i64]>,
) {
    let rows = stock.iter_mut().zip(owed).zip(demand).zip(values.iter().zip(rates));
    for (i, (((stock, owed), &d), (&value, &rate))) in rows.enumerate() {
        let lanes = node.outbound.iter().map(|&b| at(waiting, byte_index(b) * p + i));
        let on_hand = *stock + *owed + lanes.sum::<i32>();
        let on_hand = if on_hand > 0 { on_hand } else { 0 }; // below 0: a component
        let late = if *owed < on_hand { *owed } else { on_hand };
        let left = on_hand - late;
        let served = if left < d { left } else { d };
        tally.demand += wide(d);
        tally.served += wide(served);
        *owed -= late;
        if node.lost_sales {
            let cost = wide(d - served) * wide(rate);
            tally.lost += wide(d - served);
            tally.sold_value += wide(served) * wide(value);
            tally.ledger.lost_sale += cost;
            if let Some(total) = costs.as_deref_mut().and_then(|costs| costs.get_mut(i)) {
                *total += cost;
            }
            *stock -= served;
        } else {
            tally.sold_value += wide(d) * wide(value);
            *owed += d - served;
            *stock -= d;
        }
    }
}
