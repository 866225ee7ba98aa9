//! Demand as masses on an even lattice: what every solver here counts with.
//!
//! The simulator draws from a table; the solvers take the same table, so that an optimum is the optimum of what is
//! simulated and not of the family it was made from. A discrete table is taken as it is. A continuous one, or one with
//! too many values, is gathered into cells around lattice points: a cell's mass is exact, its middle is its lattice
//! point, so that the mean is kept to second order and the variance grows by a twelfth of the step squared (three
//! parts in a million of a normal's variance at 2048 cells).

use restock_core::table::Table;

/// Most cells of one day's demand.
const CELLS: i64 = 2048;
/// Most different values that are taken one by one.
const POINTS_MAX: usize = 2048;
/// Longest lattice of discrete values: beyond, they are gathered like a continuous table's.
const LENGTH_MAX: i32 = 8192;
/// Mass below which an end of a sum of demands is cut off (and given to the last point kept).
const NEGLIGIBLE: f64 = 1e-15;

/// Demand of one or more days. Point `i` of `masses` stands for `(first + i) * step` internal units.
#[derive(Clone, Debug, PartialEq)]
pub struct Lattice {
    /// Distance of two points [internal units].
    pub step: f64,
    /// Number of the first point.
    pub first: usize,
    /// Probabilities, adding up to 1.
    pub masses: Vec<f64>,
    /// Whether the points are the values themselves; else each is the middle of a cell of one step.
    pub exact: bool,
}

impl Lattice {
    /// The demand that a table of the scenario draws.
    #[must_use]
    pub fn of_table(table: &Table<'_>) -> Self {
        match points(table) {
            Some(points) => {
                let common = points.iter().fold(0, |common, &(value, _)| divisor(common, value)).max(1);
                let last = points.last().map_or(0, |&(value, _)| value);
                if last / common <= LENGTH_MAX { Self::of_points(&points, common) } else { Self::of_cells(table) }
            }
            None => Self::of_cells(table),
        }
    }

    /// Demand with these probabilities of 0, 1, 2, ... units; they need not add up to 1.
    #[must_use]
    pub fn of_masses(masses: &[f64]) -> Self {
        let total: f64 = masses.iter().sum();
        let masses = masses.iter().map(|mass| mass / total).collect();
        Self { step: 1.0, first: 0, masses, exact: true }.trimmed()
    }

    fn of_points(points: &[(i32, u64)], common: i32) -> Self {
        let first = points.first().map_or(0, |&(value, _)| value / common);
        let last = points.last().map_or(0, |&(value, _)| value / common);
        let mut masses = vec![0.0; (last - first) as usize + 1];
        for &(value, count) in points {
            masses[(value / common - first) as usize] += count as f64 / TWO_32;
        }
        Self { step: f64::from(common), first: first as usize, masses, exact: true }
    }

    fn of_cells(table: &Table<'_>) -> Self {
        let (low, high) = (i64::from(table.min()), i64::from(table.max()));
        // An odd step: a cell has a whole number of units on each side of its middle.
        let step = ((high - low) / CELLS).max(1) | 1;
        let half = step / 2;
        let (first, last) = ((low + half) / step, (high + half) / step);
        let mut masses = Vec::new();
        let mut below = 0;
        for cell in first..=last {
            let until = at_most(table, cell * step + half);
            masses.push((until - below) as f64 / TWO_32);
            below = until;
        }
        Self { step: step as f64, first: first as usize, masses, exact: step == 1 }.trimmed()
    }

    /// Demand of this and of another stretch of time, which are independent.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let mut masses = vec![0.0; self.masses.len() + other.masses.len() - 1];
        for (i, &mass) in self.masses.iter().enumerate() {
            for (sum, &more) in masses[i..].iter_mut().zip(&other.masses) {
                *sum += mass * more;
            }
        }
        let first = self.first + other.first;
        Self { step: self.step, first, masses, exact: self.exact && other.exact }.trimmed()
    }

    /// Demand of `days` days like this one; 1 or more.
    #[must_use]
    pub fn times(&self, days: usize) -> Self {
        (1..days).fold(self.clone(), |sum, _| sum.plus(self))
    }

    /// Cuts off ends that do not matter.
    fn trimmed(mut self) -> Self {
        let mut kept = self.masses.len();
        let mut cut = 0.0;
        while kept > 1 && cut + self.masses[kept - 1] < NEGLIGIBLE {
            kept -= 1;
            cut += self.masses[kept];
        }
        self.masses.truncate(kept);
        self.masses[kept - 1] += cut;
        let (mut skipped, mut cut) = (0, 0.0);
        while skipped + 1 < self.masses.len() && cut + self.masses[skipped] < NEGLIGIBLE {
            cut += self.masses[skipped];
            skipped += 1;
        }
        self.masses.drain(..skipped);
        self.masses[0] += cut;
        self.first += skipped;
        self
    }

    /// Mean [steps].
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.points().map(|(at, mass)| at as f64 * mass).sum()
    }

    /// Number of the last point.
    #[must_use]
    pub fn last(&self) -> usize {
        self.first + self.masses.len() - 1
    }

    /// Points with their probabilities.
    pub fn points(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.masses.iter().enumerate().map(|(i, &mass)| (self.first + i, mass))
    }

    /// Probabilities of 0, 1, 2, ... steps.
    #[must_use]
    pub fn from_zero(&self) -> Vec<f64> {
        let mut masses = vec![0.0; self.first];
        masses.extend(&self.masses);
        masses
    }

    /// The least point at or below which demand stays with at least this probability.
    #[must_use]
    pub fn quantile(&self, probability: f64) -> usize {
        let mut sum = 0.0;
        for (at, mass) in self.points() {
            sum += mass;
            // Rounding of the sum must not make the last point too little.
            if sum >= probability - 1e-12 {
                return at;
            }
        }
        self.last()
    }
}

const TWO_32: f64 = 4_294_967_296.0;

/// The values of a table with how many of 2^32 draws give each; none if there are too many.
fn points(table: &Table<'_>) -> Option<Vec<(i32, u64)>> {
    let mut points = Vec::new();
    let mut start = 0u64;
    while start < 1 << 32 {
        let value = table.value(start as u32);
        let end = at_most(table, i64::from(value));
        points.push((value, end - start));
        start = end;
        if points.len() > POINTS_MAX {
            return None;
        }
    }
    Some(points)
}

/// How many of 2^32 draws give `value` or less: by halving, for a table never falls.
fn at_most(table: &Table<'_>, value: i64) -> u64 {
    let (mut low, mut high) = (0u64, 1u64 << 32);
    while low < high {
        let middle = low + (high - low) / 2;
        if i64::from(table.value(middle as u32)) <= value { low = middle + 1 } else { high = middle }
    }
    low
}

/// Greatest common divisor.
fn divisor(a: i32, b: i32) -> i32 {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// Expected cost of a day that ends with `y` less a demand: holding above 0, backorder below.
#[derive(Clone, Debug)]
pub struct DayCost {
    demand: Lattice,
    holding: f64,
    backorder: f64,
    mean: f64,
    /// P(D <= point), and the sum of all such before: E(point - D)+. Shape `[point]`.
    below: Vec<f64>,
    left: Vec<f64>,
}

impl DayCost {
    /// Costs a step and day; `demand` is what comes between the order and the end of the day that it answers for.
    #[must_use]
    pub fn new(demand: &Lattice, holding: f64, backorder: f64) -> Self {
        let (mut sum, mut rest) = (0.0, 0.0);
        let (mut below, mut left) = (Vec::new(), Vec::new());
        for mass in &demand.masses {
            rest += sum;
            sum += mass;
            left.push(rest);
            below.push(sum);
        }
        Self { mean: demand.mean(), demand: demand.clone(), holding, backorder, below, left }
    }

    /// At a whole number of steps.
    #[must_use]
    pub fn at(&self, y: i64) -> f64 {
        let beyond = y - self.demand.first as i64;
        let left = match usize::try_from(beyond) {
            Err(_) => 0.0,
            Ok(i) => self.left.get(i).copied().unwrap_or(y as f64 - self.mean),
        };
        self.holding * left + self.backorder * (left - y as f64 + self.mean)
    }

    /// The level that costs least, and its cost: a quantile (the newsvendor). Whole where demand is exact, else
    /// between lattice points, with demand even within a cell.
    #[must_use]
    pub fn best(&self) -> (f64, f64) {
        let ratio = self.backorder / (self.backorder + self.holding);
        let level = self.demand.quantile(ratio);
        if self.demand.exact {
            return (level as f64, self.at(level as i64));
        }
        let i = level - self.demand.first;
        let mass = self.demand.masses[i].max(f64::MIN_POSITIVE);
        // From the lower edge of the cell, 0 to 1.
        let within = ((ratio - (self.below[i] - mass)) / mass).clamp(0.0, 1.0);
        let y = level as f64 - 0.5 + within;
        // What is left of demand below this cell, and of the even demand within it.
        let left = self.left[i] + (self.below[i] - mass) * (y - level as f64) + mass * within * within / 2.0;
        (y, self.holding * left + self.backorder * (left - y + self.mean))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demand_of_several_days_has_their_mean_and_stays_a_distribution() {
        let day = Lattice::of_masses(&[0.0, 0.5, 0.0, 0.25, 0.25]);
        assert_eq!((day.first, day.last()), (1, 4));
        let week = day.times(7);
        assert!((week.mean() - 7.0 * day.mean()).abs() < 1e-9);
        assert!((week.masses.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!((week.first, week.last()), (7, 28));
    }

    #[test]
    fn the_cost_of_a_day_is_its_definition() {
        let day = Lattice::of_masses(&[0.0, 0.5, 0.0, 0.25, 0.25]).times(2);
        let cost = DayCost::new(&day, 2.0, 9.0);
        for y in -3..15i64 {
            let slow: f64 = day
                .points()
                .map(|(d, mass)| {
                    let left = y as f64 - d as f64;
                    mass * if left > 0.0 { 2.0 * left } else { -9.0 * left }
                })
                .sum();
            assert!((cost.at(y) - slow).abs() < 1e-9, "{y}: {} instead of {slow}", cost.at(y));
        }
        let least = (0..15).map(|y| cost.at(y)).fold(f64::MAX, f64::min);
        assert!((cost.best().1 - least).abs() < 1e-12);
    }
}
