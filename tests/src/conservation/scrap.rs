//! What is scrapped: by the documented draws once more, from the goods that arrive or are finished.

use super::Books;
use restock_core::draws::{Draws, Source};
use restock_core::layout::Column;

/// A share, Q16, of some units; sixteen bits of chance decide the fraction.
fn part(units: i64, share_q16: i64, dither: u32) -> i64 {
    ((units * share_q16 + i64::from(dither >> 16)) >> 16).min(units)
}

impl Books<'_> {
    /// What arrives over a lane today [units].
    pub(super) fn arrived(&self, l: usize, i: usize) -> i64 {
        self.before.arriving(self.s, self.day, l, i)
    }

    /// What of it is defective [units].
    pub(super) fn defective(&self, l: usize, i: usize) -> i64 {
        let s = self.s;
        let (units, Some(quality)) = (self.arrived(l, i), &s.lanes()[l].quality) else { return 0 };
        // Grades move before receipts and then no more on that day.
        let Some(table) = quality.defect_tables[self.after.grade(s, quality.row, i)].map(usize::from) else { return 0 };
        let (u, dither) = Draws::new(self.seed, 0).row(self.day, l as u32, Source::Defect).two(s.product_key(i));
        part(units, i64::from(s.table(table).value(u)), dither)
    }

    /// What of today's finished production is spoilt [units].
    pub(super) fn spoilt(&self, n: usize, i: usize) -> i64 {
        let (s, made) = (self.s, self.before.finishing(self.s, self.day, n, i));
        let share = (1 << 16) - i64::from(s.column(Column::Yield, n)[i]);
        let (_, dither) = Draws::new(self.seed, 0).row(self.day, n as u32, Source::Yield).two(s.product_key(i));
        if share == 0 { 0 } else { part(made, share, dither) }
    }

    /// All that is scrapped of a product at a node today [units].
    pub(super) fn scrapped(&self, n: usize, i: usize) -> i64 {
        self.inbound(n).map(|l| self.defective(l, i)).sum::<i64>() + self.spoilt(n, i)
    }
}
