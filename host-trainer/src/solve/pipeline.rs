//! States of one stockpoint with orders on their way: what it has, and what arrives tomorrow, the day after, ...
//!
//! A state is `(x, q1, q2, ..)`. All states of one tail `(q1, q2, ..)` stand side by side in one row, by `x`: tomorrow's
//! state has the tail moved up by one day, so that the mean over demand is one product of two rows.

/// A tail's row.
#[derive(Clone, Debug)]
pub struct Row {
    /// Place of `x = x_min` among all states.
    pub start: usize,
    /// Number of states: `x_min ..= x_min + length - 1`.
    pub length: usize,
    /// Arrives tomorrow; 0 where there is no tail.
    pub next: usize,
    /// On its way altogether.
    pub sum: usize,
}

/// All tails within bounds.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// The rows.
    pub rows: Vec<Row>,
    /// Least `x`.
    pub x_min: i64,
    /// Number of states.
    pub states: usize,
    tail: usize,
    base: usize,
    /// Row of each tail, by its digits; `usize::MAX` outside of the bounds.
    row_of: Vec<usize>,
    /// Each row's digits a day later, before today's order joins them.
    moved: Vec<usize>,
    /// What an order of one adds to the digits.
    newest: usize,
}

/// Bounds of the states kept.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Days of orders on their way that the state tells apart.
    pub tail: usize,
    /// Greatest order.
    pub order: usize,
    /// Greatest sum of the last 1, 2, 3, ... orders; no bound where the list ends.
    pub recent: Vec<usize>,
    /// Greatest `x` plus all on its way.
    pub total: i64,
    /// Least `x`.
    pub x_min: i64,
}

/// Most tails counted over, kept or not.
const TAILS_MAX: usize = 1 << 24;
/// Most states kept: 32 MiB a value function.
pub const STATES_MAX: usize = 1 << 22;

impl Pipeline {
    /// All states within the bounds; none if there are more than [`STATES_MAX`].
    #[must_use]
    pub fn new(bounds: &Bounds) -> Option<Self> {
        let base = bounds.order + 1;
        let tails = (0..bounds.tail).try_fold(1usize, |n, _| n.checked_mul(base).filter(|&n| n <= TAILS_MAX))?;
        let mut pipeline = Self {
            rows: Vec::new(),
            x_min: bounds.x_min,
            states: 0,
            tail: bounds.tail,
            base,
            row_of: vec![usize::MAX; tails],
            moved: Vec::new(),
            newest: tails / base,
        };
        for digits in 0..tails {
            let sum = pipeline.within(digits, bounds);
            let Some(sum) = sum else { continue };
            let Ok(length) = usize::try_from(bounds.total - sum as i64 - bounds.x_min + 1) else { continue };
            if length == 0 {
                continue;
            }
            pipeline.row_of[digits] = pipeline.rows.len();
            pipeline.moved.push(digits / base);
            let next = if bounds.tail == 0 { 0 } else { digits % base };
            pipeline.rows.push(Row { start: pipeline.states, length, next, sum });
            pipeline.states += length;
            if pipeline.states > STATES_MAX {
                return None;
            }
        }
        Some(pipeline)
    }

    /// Sum of a tail, if it is within the bounds. The first digit arrives first.
    fn within(&self, digits: usize, bounds: &Bounds) -> Option<usize> {
        let mut newest = vec![0; self.tail];
        let mut rest = digits;
        for slot in newest.iter_mut().rev() {
            *slot = rest % self.base;
            rest /= self.base;
        }
        // `newest[0]` is the last digit: the latest order.
        let mut sum = 0;
        for (order, most) in newest.iter().zip(bounds.recent.iter().map(Some).chain(std::iter::repeat(None))) {
            sum += order;
            if most.is_some_and(|&most| sum > most) {
                return None;
            }
        }
        Some(sum)
    }

    /// Tomorrow's row after an order of `z` today, and what arrives tomorrow.
    #[inline]
    #[must_use]
    pub fn after(&self, row: usize, z: usize) -> Option<(&Row, usize)> {
        if self.tail == 0 {
            return Some((self.rows.first()?, z));
        }
        let next = *self.row_of.get(self.moved[row] + z * self.newest)?;
        Some((self.rows.get(next)?, self.rows[row].next))
    }

    /// The row of a tail, if it is kept: what arrives tomorrow first.
    #[must_use]
    pub fn row_of(&self, tail: &[usize]) -> Option<usize> {
        let mut digits = 0;
        for &order in tail.iter().rev() {
            if order >= self.base {
                return None;
            }
            digits = digits * self.base + order;
        }
        self.row_of.get(digits).copied().filter(|&row| row != usize::MAX)
    }

    /// Place of a state, if it is kept.
    #[must_use]
    pub fn place(&self, row: &Row, x: i64) -> Option<usize> {
        let at = usize::try_from(x - self.x_min).ok()?;
        (at < row.length).then_some(row.start + at)
    }
}

/// How sure an average cost must be: upper less lower bound, as a share of the cost.
pub const PRECISION: f64 = 1e-7;
/// Most sweeps; what has not settled by then is returned with the bounds it has.
const SWEEPS_MAX: usize = 20_000;
/// Share of a sweep's result that is taken: below 1, so that a chain with a period settles too.
const DAMPING: f64 = 0.95;

/// A long-run average cost a day with its bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gain {
    /// No policy (or not this one) costs less.
    pub lower: f64,
    /// This is what it costs at most.
    pub upper: f64,
}

impl Gain {
    /// The middle.
    #[must_use]
    pub fn mean(&self) -> f64 {
        0.5 * (self.lower + self.upper)
    }
}

/// Relative value iteration (White 1963): `sweep` sets a new value function from an old one. The least and the greatest
/// difference bound the average cost (Odoni 1969). Ends early, with what it knows, once the cost is above `give_up`.
pub fn iterate(
    values: &mut [f64],
    give_up: f64,
    mut watch: impl FnMut(usize, Gain),
    mut sweep: impl FnMut(&[f64], &mut [f64]),
) -> Gain {
    let mut next = vec![0.0; values.len()];
    let mut gain = Gain { lower: f64::MIN, upper: f64::MAX };
    for count in 1..=SWEEPS_MAX {
        sweep(values, &mut next);
        let (mut low, mut high) = (f64::MAX, f64::MIN);
        for (new, old) in next.iter().zip(values.iter()) {
            low = low.min(new - old);
            high = high.max(new - old);
        }
        // Bounds of every sweep hold: the best of all are kept.
        gain = Gain { lower: gain.lower.max(low), upper: gain.upper.min(high) };
        watch(count, gain);
        let settled = gain.upper - gain.lower <= PRECISION * gain.upper.abs().max(1e-9);
        if settled || gain.lower > give_up {
            break;
        }
        let base = values[0] + DAMPING * (next[0] - values[0]);
        for (old, new) in values.iter_mut().zip(&next) {
            *old += DAMPING * (new - *old) - base;
        }
    }
    gain
}

/// Moves two numbers by one, alone or together, while that lowers `cost(point, give_up)`: a point where no neighbour costs
/// less, and its cost. A point that costs more than `give_up` need not be evaluated to the end.
///
/// # Errors
/// As `cost`.
pub fn descend(
    start: (i64, i64),
    mut cost: impl FnMut((i64, i64), f64) -> Result<f64, String>,
) -> Result<((i64, i64), f64), String> {
    const MOVES: [(i64, i64); 8] = [(0, -1), (0, 1), (-1, 0), (1, 0), (-1, -1), (1, 1), (-1, 1), (1, -1)];
    let mut best = (start, cost(start, f64::MAX)?);
    loop {
        let mut moved = false;
        for (a, b) in MOVES {
            loop {
                let tried = (best.0.0 + a, best.0.1 + b);
                let found = cost(tried, best.1)?;
                if found >= best.1 {
                    break;
                }
                (best, moved) = ((tried, found), true);
            }
        }
        if !moved {
            return Ok(best);
        }
    }
}

/// Sum of products: four sums side by side, which is all that keeps a processor busy.
#[inline]
#[must_use]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (whole_a, rest_a) = a.as_chunks::<4>();
    let (whole_b, rest_b) = b.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (a, b) in whole_a.iter().zip(whole_b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    let rest: f64 = rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum();
    sums[0] + sums[1] + (sums[2] + sums[3]) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_within_the_bounds_leads_to_a_state_that_is_kept() {
        let bounds = Bounds { tail: 3, order: 4, recent: vec![4, 6, 7], total: 12, x_min: 0 };
        let pipeline = Pipeline::new(&bounds).expect("small");
        assert_eq!(pipeline.states, pipeline.rows.iter().map(|row| row.length).sum::<usize>());
        let mut ways = 0;
        for (r, row) in pipeline.rows.iter().enumerate() {
            for x in 0..row.length {
                for z in 0..=4usize.min(12 - x - row.sum) {
                    let Some((next, arrives)) = pipeline.after(r, z) else { continue };
                    assert_eq!(next.sum, row.sum - row.next + z);
                    assert!(pipeline.place(next, (x + arrives) as i64).is_some());
                    ways += 1;
                }
            }
        }
        assert!(ways > pipeline.states);
    }
}
