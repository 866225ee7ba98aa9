//! A chain to bytes and back, between days.

use super::Network;
use crate::convert::{product, wide};
use crate::draws::Draws;
use crate::kpi::Tally;
use crate::layout::Column;
use crate::rows::{at, copy_row, row};
use crate::scenario::{BomLine, NODES_MAX, Scenario};
use crate::snapshot::{self, Live, Saved, SnapshotError};

impl Network<'_, '_> {
    /// Bytes of a snapshot of `scenario`.
    #[must_use]
    pub fn snapshot_bytes(scenario: &Scenario<'_>) -> usize {
        snapshot::bytes(scenario)
    }

    /// Writes all that the chain is into `out`; returns how many bytes that took, which is always
    /// [`Network::snapshot_bytes`]. A chain restored from them goes on as this one does, to the bit.
    ///
    /// # Errors
    /// If `out` is too small, or a day is under way.
    pub fn snapshot(&self, out: &mut [u8]) -> Result<usize, SnapshotError> {
        if self.under_way {
            return Err(SnapshotError::UnderWay);
        }
        let live = Live {
            day: self.day,
            draws_key: self.draws.key(),
            today: &self.today,
            kpi_days: self.totals.days,
            kpi_disrupted_days: self.totals.disrupted_days,
            totals: &self.totals.nodes,
            orders: &self.totals.orders,
            demand: &self.totals.demand,
            arrays: self.state.view().arrays(),
        };
        snapshot::write(self.scenario, &live, out)
    }

    /// Puts the chain where a snapshot of the same scenario left one. Bytes that are refused change nothing.
    ///
    /// # Errors
    /// The first thing that is wrong with `bytes`, whatever they are: see [`crate::snapshot`].
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let saved = Saved::read(self.scenario, bytes)?;
        for (array, words) in self.state.arrays_mut().into_iter().zip(saved.arrays) {
            for (to, word) in array.iter_mut().zip(words.iter()) {
                *to = word;
            }
        }
        self.draws = Draws::of_key(saved.draws_key);
        for (n, tally) in self.today.iter_mut().enumerate() {
            *tally = saved.today(n);
        }
        self.totals.days = saved.kpi_days;
        self.totals.disrupted_days = saved.kpi_disrupted_days;
        for (n, (tally, spread)) in self.totals.nodes.iter_mut().zip(&mut self.totals.orders).enumerate() {
            (*tally, *spread) = (saved.total(n), saved.spread(n));
        }
        self.totals.demand = saved.spread(self.scenario.node_count());
        if let Some(costs) = &mut self.costs {
            costs.fill(0);
        }
        self.day = saved.day;
        self.under_way = false;
        self.recall_conditions();
        self.recall_backorder_value();
        Ok(())
    }

    /// Puts the chain where another of the same scenario is, which stays as it is, and lets it go on by `draws` of its
    /// own. Its KPIs begin anew. Disruptions that are in force stay so until the day on which the other's end, and
    /// the next of those that are not comes when the other's does; what follows is its own.
    ///
    /// # Errors
    /// If the other is of another scenario, or its day is under way. Then nothing is changed.
    pub fn branch(&mut self, other: &Network<'_, '_>, draws: Draws) -> Result<(), SnapshotError> {
        if other.under_way {
            return Err(SnapshotError::UnderWay);
        }
        if other.scenario.hash() != self.scenario.hash() {
            return Err(SnapshotError::Scenario);
        }
        for (array, from) in self.state.arrays_mut().into_iter().zip(other.state.view().arrays()) {
            copy_row(array, from);
        }
        self.draws = draws;
        self.conditions.clone_from(&other.conditions);
        self.backorder_value = other.backorder_value;
        (self.day, self.under_way) = (other.day, false);
        self.clear_kpis();
        self.today.fill(Tally::default());
        if let Some(costs) = &mut self.costs {
            costs.fill(0);
        }
        Ok(())
    }

    /// What events and disruptions have set before today: the draws and the days say it all.
    fn recall_conditions(&mut self) {
        self.conditions.reset(self.scenario, &self.draws);
        if let Some(yesterday) = self.day.checked_sub(1) {
            self.conditions.turn(self.scenario, &self.draws, yesterday);
        }
    }

    /// What customers wait for is worth, at nodes that sell.
    fn recall_backorder_value(&mut self) {
        let s = self.scenario;
        let p = s.products();
        self.backorder_value = [0; NODES_MAX];
        for (n, (node, value)) in s.nodes().iter().zip(&mut self.backorder_value).enumerate() {
            let units = s.column(Column::UnitValue, n);
            *value = match node.mixed_row {
                Some(x) => {
                    let owed = row(self.state.customer_backorder, x, p).iter().zip(units);
                    owed.map(|(&owed, &unit)| wide(owed) * wide(unit)).sum()
                }
                None if node.sells => {
                    let stock = row(self.state.inventory_level, n, p).iter().zip(units);
                    let owed = |(&stock, &unit): (&i32, &i32)| product(if stock < 0 { -stock } else { 0 }, unit);
                    // What a component's stockpoint owes, it owes to production.
                    let mut before = None;
                    let components = s.bom(node).filter(|line| before.replace(line.component) != Some(line.component));
                    let level = row(self.state.inventory_level, n, p);
                    let to_production = |line: BomLine| owed((&at(level, line.component), &at(units, line.component)));
                    stock.map(owed).sum::<i64>() - components.map(to_production).sum::<i64>()
                }
                None => 0,
            };
        }
    }
}
