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
    works_ring: Vec<i32>,
    mail_ring: Vec<i32>,
    yard: Vec<i32>,
    effort: Vec<i32>,
    grade: Vec<i32>,
    dependent: Vec<i32>,
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
            (&mut self.works_ring, v.works_ring),
            (&mut self.mail_ring, v.mail_ring),
            (&mut self.yard, v.yard),
            (&mut self.effort, v.effort),
            (&mut self.grade, v.grade),
            (&mut self.dependent, v.dependent),
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

    pub(super) fn yard(&self, s: &Scenario<'_>, n: usize, i: usize) -> i64 {
        cell(&self.yard, s.nodes()[n].yard_row, s.products(), i)
    }

    /// Effort of the negotiation over a lane with grades.
    pub(super) fn effort(&self, s: &Scenario<'_>, n: usize, i: usize) -> i64 {
        cell(&self.effort, (!self.effort.is_empty()).then_some(n), s.products(), i)
    }

    /// The grade of a lane's goods: the nearest to where its supplier stands.
    pub(super) fn grade(&self, s: &Scenario<'_>, row: usize, i: usize) -> usize {
        ((cell(&self.grade, Some(row), s.products(), i) + 0x8000) >> 16) as usize
    }

    /// Asked of a component today by orders of what it goes into.
    pub(super) fn dependent(&self, s: &Scenario<'_>, n: usize, i: usize) -> i64 {
        let node = &s.nodes()[n];
        cell(&self.dependent, (node.bom_lines > 0).then_some(node.bom_row), s.products(), i)
    }

    /// What a component's stockpoint owes to orders that wait for production.
    pub(super) fn needed(&self, s: &Scenario<'_>, n: usize, i: usize) -> i64 {
        let lines = s.bom(&s.nodes()[n]).filter(|line| line.component == i);
        lines.map(|line| i64::from(line.quantity) * self.input(s, n, line.product)).sum()
    }

    /// Goods that wait for production: of an assembled product there are only orders.
    pub(super) fn goods(&self, s: &Scenario<'_>, n: usize, i: usize) -> i64 {
        if assembled(s, n, i) { 0 } else { self.input(s, n, i) }
    }

    /// Owed to customers.
    pub(super) fn owed(&self, s: &Scenario<'_>, n: usize, i: usize) -> i64 {
        match s.nodes()[n].mixed_row {
            Some(x) => cell(&self.owed, Some(x), s.products(), i),
            None if component(s, n, i) => 0,
            None if s.nodes()[n].sells => (-self.level(s, n, i)).max(0),
            None => 0,
        }
    }

    /// What arrives over a lane on `day`.
    pub(super) fn arriving(&self, s: &Scenario<'_>, day: u32, l: usize, i: usize) -> i64 {
        due(&self.ring, s.lanes().len() * s.products(), day, Some(l), s.products(), i)
    }

    /// What production finishes on `day`.
    pub(super) fn finishing(&self, s: &Scenario<'_>, day: u32, n: usize, i: usize) -> i64 {
        let p = s.products();
        due(&self.works_ring, producers(s) * p, day, works(s, n), p, i)
    }

    /// What the mail over a lane brings on `day`.
    pub(super) fn seen(&self, s: &Scenario<'_>, day: u32, l: usize, i: usize) -> i64 {
        let p = s.products();
        due(&self.mail_ring, mail_lanes(s) * p, day, s.lanes()[l].mail_row, p, i)
    }
}

/// What a ring has for a row on a day; `width` words a day.
fn due(ring: &[i32], width: usize, day: u32, row: Option<usize>, p: usize, i: usize) -> i64 {
    let days = ring.len().checked_div(width).unwrap_or(0);
    if days == 0 { 0 } else { cell(&ring[day as usize % days * width..], row, p, i) }
}

/// What a ring has for a row on all its days.
fn due_ever(ring: &[i32], width: usize, row: usize, p: usize, i: usize) -> i64 {
    (0..(ring.len() / width) as u32).map(|day| due(ring, width, day, Some(row), p, i)).sum()
}

/// Whether a product is assembled from others at a node.
pub(super) fn assembled(s: &Scenario<'_>, n: usize, i: usize) -> bool {
    s.bom(&s.nodes()[n]).any(|line| line.product == i)
}

/// Whether a product goes into others at a node.
pub(super) fn component(s: &Scenario<'_>, n: usize, i: usize) -> bool {
    s.bom(&s.nodes()[n]).any(|line| line.component == i)
}

fn works(s: &Scenario<'_>, n: usize) -> Option<usize> {
    s.nodes()[n].produces.then_some(s.nodes()[n].producer_row)
}

fn producers(s: &Scenario<'_>) -> usize {
    s.nodes().iter().filter(|n| n.produces).count()
}

fn mail_lanes(s: &Scenario<'_>) -> usize {
    s.lanes().iter().filter(|l| l.mail_row.is_some()).count()
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
                let (width, p) = (s.lanes().len() * s.products(), s.products());
                let due = due_ever(&t.ring, width, l, p, i);
                assert_eq!(t.transit(s, l, i), due, "in transit and to arrive, {}", at());
                if let Some(m) = lane.mail_row {
                    assert_eq!(
                        t.mail(s, l, i),
                        due_ever(&t.mail_ring, mail_lanes(s) * p, m, p, i),
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
                    let due = due_ever(&t.works_ring, producers(s) * s.products(), m, s.products(), i);
                    assert_eq!(t.making(s, n, i), due, "in production and to be finished, {}", self.at(n, i));
                }
            }
        }
    }
}
