//! A copy of the public state, read by place and product.

use super::Books;
use restock_core::Network;
use restock_core::scenario::Scenario;

/// The stock variables at the end of a day.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    pub(super) level: Vec<i32>,
    input: Vec<i32>,
    making: Vec<i32>,
    waiting: Vec<i32>,
    transit: Vec<i32>,
    staged: Vec<i32>,
    rush: Vec<i32>,
    mail: Vec<i32>,
    owed: Vec<i32>,
    queue: Vec<i32>,
    ring: Vec<i32>,
}

/// Of a `[row][product]` array; 0 where the row does not exist.
fn cell(rows: &[i32], row: Option<usize>, p: usize, i: usize) -> i64 {
    row.map_or(0, |r| i64::from(rows[r * p + i]))
}

impl Snapshot {
    pub(super) fn take(&mut self, network: &Network<'_, '_>) {
        let v = network.state();
        for (kept, rows) in [
            (&mut self.level, v.inventory_level),
            (&mut self.input, v.input_stock),
            (&mut self.making, v.in_production),
            (&mut self.waiting, v.waiting),
            (&mut self.transit, v.in_transit),
            (&mut self.staged, v.staged),
            (&mut self.rush, v.rush),
            (&mut self.mail, v.mail),
            (&mut self.owed, v.customer_backorder),
            (&mut self.queue, v.queue),
            (&mut self.ring, v.ring),
        ] {
            kept.clear();
            kept.extend_from_slice(rows);
        }
    }

    pub(super) fn level(&self, s: &Scenario<'_>, n: usize, i: usize) -> i64 {
        cell(&self.level, Some(n), s.products(), i)
    }

    pub(super) fn waiting(&self, s: &Scenario<'_>, l: usize, i: usize) -> i64 {
        cell(&self.waiting, Some(l), s.products(), i)
    }

    pub(super) fn transit(&self, s: &Scenario<'_>, l: usize, i: usize) -> i64 {
        cell(&self.transit, Some(l), s.products(), i)
    }

    pub(super) fn staged(&self, s: &Scenario<'_>, l: usize, i: usize) -> i64 {
        cell(&self.staged, s.lanes()[l].staged_row, s.products(), i)
    }

    pub(super) fn rush(&self, s: &Scenario<'_>, l: usize, i: usize) -> i64 {
        cell(&self.rush, s.lanes()[l].rush_row, s.products(), i)
    }

    pub(super) fn mail(&self, s: &Scenario<'_>, l: usize, i: usize) -> i64 {
        cell(&self.mail, s.lanes()[l].mail_row, s.products(), i)
    }

    pub(super) fn input(&self, s: &Scenario<'_>, n: usize, i: usize) -> i64 {
        cell(&self.input, works(s, n), s.products(), i)
    }

    pub(super) fn making(&self, s: &Scenario<'_>, n: usize, i: usize) -> i64 {
        cell(&self.making, works(s, n), s.products(), i)
    }

    /// Owed to customers.
    pub(super) fn owed(&self, s: &Scenario<'_>, n: usize, i: usize) -> i64 {
        match s.nodes()[n].mixed_row {
            Some(x) => cell(&self.owed, Some(x), s.products(), i),
            None if s.nodes()[n].sells => (-self.level(s, n, i)).max(0),
            None => 0,
        }
    }

    /// What the ring has for a row on a day.
    fn due(&self, s: &Scenario<'_>, day: u32, row: Option<usize>, i: usize) -> i64 {
        let width = self.ring.len() / s.ring_days();
        cell(&self.ring[day as usize % s.ring_days() * width..], row, s.products(), i)
    }

    /// What the ring has for a row on all days.
    fn due_ever(&self, s: &Scenario<'_>, row: usize, i: usize) -> i64 {
        (0..s.ring_days() as u32).map(|day| self.due(s, day, Some(row), i)).sum()
    }

    /// What arrives over a lane on `day`.
    pub(super) fn arriving(&self, s: &Scenario<'_>, day: u32, l: usize, i: usize) -> i64 {
        self.due(s, day, Some(l), i)
    }

    /// What production finishes on `day`.
    pub(super) fn finishing(&self, s: &Scenario<'_>, day: u32, n: usize, i: usize) -> i64 {
        self.due(s, day, works(s, n).map(|m| s.lanes().len() + m), i)
    }

    /// What the mail over a lane brings on `day`.
    pub(super) fn seen(&self, s: &Scenario<'_>, day: u32, l: usize, i: usize) -> i64 {
        self.due(s, day, s.lanes()[l].mail_row.map(|m| mail_base(s) + m), i)
    }
}

fn works(s: &Scenario<'_>, n: usize) -> Option<usize> {
    s.nodes()[n].produces.then_some(s.nodes()[n].producer_row)
}

/// The ring's rows are lanes, then producing nodes, then lanes with mail.
fn mail_base(s: &Scenario<'_>) -> usize {
    s.lanes().len() + s.nodes().iter().filter(|n| n.produces).count()
}

impl Books<'_> {
    /// What is on its way is what the days to come have in store; what waits is what is queued.
    pub(super) fn ring_agrees(&self) {
        let (s, t) = (self.s, &self.after);
        let queued = s.lanes().iter().filter(|l| l.queue_row.is_some()).count();
        let queue_days = if queued == 0 { 0 } else { t.queue.len() / (queued * s.products()) };
        for i in 0..s.products() {
            for (l, lane) in s.lanes().iter().enumerate() {
                let at = || format!("lane {l}, {}", self.at(lane.customer, i));
                assert_eq!(t.transit(s, l, i), t.due_ever(s, l, i), "in transit and to arrive, {}", at());
                if let Some(m) = lane.mail_row {
                    assert_eq!(
                        t.mail(s, l, i),
                        t.due_ever(s, mail_base(s) + m, i),
                        "in the mail and to be seen, {}",
                        at()
                    );
                }
                if let Some(q) = lane.queue_row {
                    let day = |d: usize| cell(&t.queue, Some(d * queued + q), s.products(), i);
                    assert_eq!(t.waiting(s, l, i), (0..queue_days).map(day).sum::<i64>(), "queued, {}", at());
                }
                let unshipped = t.waiting(s, l, i) + t.staged(s, l, i) + t.mail(s, l, i);
                assert!((0..=unshipped).contains(&t.rush(s, l, i)), "rushed and not shipped, {}", at());
            }
            for n in 0..s.node_count() {
                if let Some(m) = works(s, n) {
                    let due = t.due_ever(s, s.lanes().len() + m, i);
                    assert_eq!(t.making(s, n, i), due, "in production and to be finished, {}", self.at(n, i));
                }
            }
        }
    }
}
