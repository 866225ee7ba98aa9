//! The morning of the oracle's day: receipts, finished production, room.

use super::rules::{Claim, share_capacity};
use super::{Count, Dated, Oracle, add, at};
use std::collections::BTreeMap;

impl Oracle<'_> {
    /// What arrives over one lane on one day is one receipt, late if any of it is.
    pub(super) fn receive(&mut self, arrived: &[Dated]) {
        let mut receipts: BTreeMap<(usize, usize), (i64, bool)> = BTreeMap::new();
        for what in arrived {
            if let Dated::Arrival(m) = what {
                let receipt = receipts.entry((m.place, m.product)).or_default();
                *receipt = (receipt.0 + m.units, receipt.1 || m.late);
            }
        }
        for ((l, i), (units, late)) in receipts {
            let n = self.plan.lanes[l].customer;
            self.today[n].received += units;
            let good = self.inspect(l, i, units, late);
            // A component is stocked for what it goes into; what is made of itself waits for production.
            if self.plan.nodes[n].production_days.is_some() && !self.plan.is_component(n, i) {
                add(&mut self.input, n, i, good);
            } else {
                add(self.door(n), n, i, good);
            }
        }
    }

    pub(super) fn finish(&mut self, what: Dated) {
        if let Dated::Finished(m) = what {
            let good = self.unspoilt(m.place, m.product, m.units);
            add(self.door(m.place), m.place, m.product, good);
            self.today[m.place].produced += good;
        }
    }

    /// Where what comes in is put: the yard before a storage that is limited.
    fn door(&mut self, n: usize) -> &mut Count {
        if self.plan.nodes[n].storage.is_some() { &mut self.yard } else { &mut self.on_hand }
    }

    /// From the yard into storage: what is owed, room or not; of the rest what there is room for.
    pub(super) fn enter(&mut self, n: usize) {
        let Some(storage) = self.plan.nodes[n].storage else { return };
        let volume = |i: usize| i64::from(self.plan.products[i].volume);
        let used: i64 = (0..self.products()).map(|i| at(&self.on_hand, n, i) * volume(i)).sum();
        let through: Vec<i64> =
            (0..self.products()).map(|i| at(&self.yard, n, i).min(-self.inventory_level(n, i)).max(0)).collect();
        let claim =
            |i: usize| Claim { wants: at(&self.yard, n, i) - through[i], uses: volume(i), weight: self.weight(n, i) };
        let claims: Vec<Claim> = (0..self.products()).map(claim).collect();
        let (granted, _) = share_capacity((i64::from(storage) - used).max(0), &claims);
        for i in 0..self.products() {
            add(&mut self.on_hand, n, i, through[i] + granted[i]);
            add(&mut self.yard, n, i, -through[i] - granted[i]);
        }
    }
}
