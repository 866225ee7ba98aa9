//! What the oracle's queue has in store, day by day.

use super::{Dated, Oracle};

impl Oracle<'_> {
    /// What comes of one kind to a place, day after day from tomorrow on.
    fn ahead(&self, days: usize, units: impl Fn(&Dated) -> i64) -> Vec<i64> {
        let mut ahead = vec![0; days];
        for (day, what) in self.to_come() {
            if let Some(sum) = ahead.get_mut((day - self.day) as usize - 1) {
                *sum += units(what);
            }
        }
        ahead
    }

    /// What arrives over a lane on each of the days to come.
    #[must_use]
    pub fn arrivals(&self, lane: usize, product: usize, days: usize) -> Vec<i64> {
        self.ahead(days, |what| match what {
            Dated::Arrival(m) if (m.place, m.product) == (lane, product) => m.units,
            _ => 0,
        })
    }

    /// How many of them are late, shipment by shipment.
    #[must_use]
    pub fn late(&self, lane: usize, product: usize, days: usize) -> Vec<i64> {
        self.ahead(days, |what| match what {
            Dated::Arrival(m) if (m.place, m.product) == (lane, product) => i64::from(m.late),
            _ => 0,
        })
    }

    /// What production finishes at a node on each of the days to come.
    #[must_use]
    pub fn finishing(&self, node: usize, product: usize, days: usize) -> Vec<i64> {
        self.ahead(days, |what| match what {
            Dated::Finished(m) if (m.place, m.product) == (node, product) => m.units,
            _ => 0,
        })
    }

    /// What the mail over a lane brings on each of the days to come.
    #[must_use]
    pub fn posted(&self, lane: usize, product: usize, days: usize) -> Vec<i64> {
        self.ahead(days, |what| match what {
            Dated::Mail(o) if (o.lane, o.product) == (lane, product) => o.units,
            _ => 0,
        })
    }
}
