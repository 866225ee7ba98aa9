//! Whether a snapshot's numbers are such as days can leave: what `Scenario::new` has proved of all later days
//! then holds for them too.

use super::{Saved, SnapshotError, TERMS, Words, plain_terms};
use crate::convert::{byte_index, wide, wider, word};
use crate::forecast::LAG_MAX;
use crate::kpi::{Spread, Tally};
use crate::layout::EFFORTS;
use crate::network::quality::{ALL_Q15, shares};
use crate::scenario::{FIRST_COME_DAYS, GRADE_MAX_Q16, Node, Scenario, UNITS_MAX};

/// Greatest work that a node can have in a day: the greatest capacity times the greatest factor.
const WORK_MAX: i64 = (1 << 30) * 16;

impl Saved<'_> {
    /// Everything.
    pub(super) fn check(&self, s: &Scenario<'_>) -> Result<(), SnapshotError> {
        if self.day > s.horizon_days() || self.kpi_days > self.day || self.kpi_disrupted_days > self.kpi_days {
            return Err(SnapshotError::Day(self.day));
        }
        self.check_tallies(s, 1, Self::today)?;
        self.check_tallies(s, self.kpi_days, Self::total)?;
        let stockpoints = wider(wide(crate::convert::word(s.stockpoints())));
        for echelon in 0..=self.nodes {
            // No stockpoint orders more on a day than a position may be, nor has more demand than units there can be.
            let most = if echelon < self.nodes { wider(wide(s.position_max())) } else { wider(UNITS_MAX) };
            if !is_spread(self.spread(echelon), self.kpi_days, stockpoints * most) {
                return Err(SnapshotError::Accounts { node: echelon });
            }
        }
        self.check_words()?;
        self.check_lanes(s)?;
        self.check_stockpoints(s)
    }

    /// No term is negative, no quantity more than the days allow, and costs and values together leave room for
    /// the rest of the horizon: half of 64 bits is for what has been, half for what comes.
    fn check_tallies(
        &self,
        s: &Scenario<'_>,
        days: u32,
        tally: impl Fn(&Self, usize) -> Tally,
    ) -> Result<(), SnapshotError> {
        let (mut money, mut values) = (0i128, 0i128);
        let most = wider(i64::MAX / 2);
        let units_max = i64::from(days) * wide(crate::convert::word(s.products())) * UNITS_MAX;
        for node in 0..self.nodes {
            let tally = tally(self, node);
            let [units @ .., sold, stock, transit, work_used, work_capacity] = plain_terms(&tally);
            let costs: [i64; TERMS] = tally.ledger.terms();
            let sum = |sum: i128, value: i64| sum + if value < 0 { wider(i64::MAX) } else { wider(value) };
            money = costs.into_iter().fold(money, sum);
            values = [sold, stock, transit].into_iter().fold(values, sum);
            let work = 0 <= work_used && work_used <= work_capacity && work_capacity <= i64::from(days) * WORK_MAX;
            if !work || !units.iter().all(|&units| 0 <= units && units <= units_max) || money > most || values > most {
                return Err(SnapshotError::Accounts { node });
            }
        }
        Ok(())
    }

    /// Each word by itself: quantities are not negative, but for the signed level.
    fn check_words(&self) -> Result<(), SnapshotError> {
        const UNITS: (i32, i32) = (0, 1 << 30);
        const _: () = assert!(wide(UNITS.1) == UNITS_MAX);
        const ANY: (i32, i32) = (i32::MIN, i32::MAX);
        let ranges = [
            (-UNITS.1, UNITS.1), // inventory level
            UNITS,               // input stock
            UNITS,               // in production
            UNITS,               // waiting
            UNITS,               // in transit
            UNITS,               // staged
            UNITS,               // rush
            UNITS,               // mail
            UNITS,               // customer backorder
            UNITS,               // queue
            UNITS,               // demand today
            UNITS,               // ordered today
            (0, i32::MAX),       // forecast level: saturates
            (-LAG_MAX, LAG_MAX), // forecast lags
            (1, 16),             // capacity weight
            ANY,                 // first route: a policy may ask for any
            UNITS,               // ring
            UNITS,               // works ring
            UNITS,               // mail ring
            UNITS,               // yard
            (0, word(EFFORTS)),  // effort
            (0, GRADE_MAX_Q16),  // grade
            ANY,                 // score: two halves, below
            ANY,                 // late: bits
            UNITS,               // dependent
        ];
        for (array, (words, (low, high))) in self.arrays.iter().zip(ranges).enumerate() {
            if let Some(at) = words.iter().position(|word| word < low || word > high) {
                return Err(SnapshotError::Word { array, at });
            }
        }
        let [.., score, _, _] = self.arrays;
        let whole = |word: i32| shares(word).0 <= ALL_Q15 && shares(word).1 <= ALL_Q15;
        match score.iter().position(|word| !whole(word)) {
            Some(at) => Err(SnapshotError::Word { array: self.arrays.len() - 3, at }),
            None => Ok(()),
        }
    }

    /// What moves is what the ring says, what waits is what the queue says, and what is to go fast is on order.
    fn check_lanes(&self, s: &Scenario<'_>) -> Result<(), SnapshotError> {
        let [_, _, _, waiting, in_transit, staged, rush, mail, _, queue, rest @ ..] = self.arrays;
        let [_, _, _, _, _, _, ring, _, mail_ring, ..] = rest;
        let p = s.products();
        let days = |words: Words<'_>, days: usize, rows: usize, row: usize, i: usize| -> i64 {
            (0..days).map(|day| wide(words.at((day * rows + row) * p + i))).sum()
        };
        for (l, lane) in s.lanes().iter().enumerate() {
            for i in 0..p {
                let cell = |words: Words<'_>, row: Option<usize>| row.map_or(0, |r| wide(words.at(r * p + i)));
                let due = days(ring, s.ring_days(), s.lanes().len(), l, i);
                let waits = wide(waiting.at(l * p + i));
                let not_shipped = waits + cell(staged, lane.staged_row) + cell(mail, lane.mail_row);
                let posted = lane.mail_row.map_or(0, |m| days(mail_ring, s.mail_days, s.mail_lanes, m, i));
                let queued = lane.queue_row.map_or(waits, |q| days(queue, FIRST_COME_DAYS, s.queue_lanes, q, i));
                let right = due == wide(in_transit.at(l * p + i))
                    && posted == cell(mail, lane.mail_row)
                    && queued == waits
                    && cell(rush, lane.rush_row) <= not_shipped;
                if !right {
                    return Err(SnapshotError::Lane { lane: l, product: i });
                }
            }
        }
        Ok(())
    }

    /// Each stockpoint: nothing owed that is not, no position past its bound, no more customers waiting than there
    /// can have been. Nodes stand customers first, so that what lanes await is bounded before it is owed.
    fn check_stockpoints(&self, s: &Scenario<'_>) -> Result<(), SnapshotError> {
        let [level, input, making, waiting, in_transit, staged, _, mail, owed, _, rest @ ..] = self.arrays;
        let [_, _, _, _, _, _, _, works_ring, _, yard, ..] = rest;
        let p = s.products();
        let season_max = s.season_maxima();
        for (n, node) in s.nodes().iter().enumerate() {
            for i in 0..p {
                let cell = |words: Words<'_>, row: Option<usize>| row.map_or(0, |r| wide(words.at(r * p + i)));
                let works = node.produces.then_some(node.producer_row);
                let level = wide(level.at(n * p + i));
                let to_lanes: i64 = node.outbound.iter().map(|&b| cell(waiting, Some(byte_index(b)))).sum();
                let to_customers = to_customers(node, level, cell(owed, node.mixed_row));
                let mut position = level + cell(input, works) + cell(making, works) + cell(yard, node.yard_row);
                for (l, lane) in node.inbound.iter().filter_map(|&b| Some((b, s.lanes().get(byte_index(b))?))) {
                    position += cell(in_transit, Some(byte_index(l))) + cell(waiting, Some(byte_index(l)));
                    position += cell(staged, lane.staged_row) + cell(mail, lane.mail_row);
                }
                let due = |m: usize| {
                    (0..s.works_days).map(|day| wide(works_ring.at((day * s.producers + m) * p + i))).sum::<i64>()
                };
                // A component is owed to the products that wait for it.
                let mut to_products = 0;
                for line in s.bom(node) {
                    let wanted = input.at(node.producer_row * p + line.product);
                    if line.component == i {
                        to_products += wide(line.quantity) * wide(wanted);
                    }
                }
                let waited = s.demand_max(n, i, &season_max) * wider(i64::from(self.day));
                let right = level + to_lanes + to_customers + to_products >= 0
                    && position <= s.position_bound(n, i)
                    && wider(to_customers) <= waited
                    && works.map_or(0, due) == cell(making, works);
                if !right {
                    return Err(SnapshotError::Stockpoint { node: n, product: i });
                }
            }
        }
        Ok(())
    }
}

/// What a stockpoint owes to customers [units]; more than there can be where customers do not wait.
fn to_customers(node: &Node, level: i64, owed: i64) -> i64 {
    let owed = if node.mixed_row.is_none() && node.sells && level < 0 { -level } else { owed };
    if node.lost_sales && owed > 0 { i64::MAX >> 1 } else { owed }
}

/// Whether a series of so many days of at most so much can have this spread.
fn is_spread(spread: Spread, days: u32, daily_max: i128) -> bool {
    let days = i128::from(days);
    let (sum, squares) = (spread.sum, spread.squares);
    (0..=days * daily_max).contains(&sum)
        && (0..=days * daily_max * daily_max).contains(&squares)
        && sum * sum <= days * squares
        && squares <= sum * sum
}
