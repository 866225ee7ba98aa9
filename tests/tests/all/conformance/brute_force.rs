//! Slow, obvious ways to the same costs: no bounds from theory, no clever state, no shared code with the solvers.

use std::collections::HashMap;

/// Probabilities that add up to 1.
pub(crate) fn normalized(masses: Vec<f64>) -> Vec<f64> {
    let total: f64 = masses.iter().sum();
    masses.into_iter().map(|mass| mass / total).collect()
}

pub(crate) fn poisson(mean: f64, most: usize) -> Vec<f64> {
    let mut masses = vec![(-mean).exp()];
    for k in 1..=most {
        masses.push(masses[k - 1] * mean / k as f64);
    }
    normalized(masses)
}

pub(crate) fn geometric(mean: f64, most: usize) -> Vec<f64> {
    normalized((0..=most).map(|k| (mean / (mean + 1.0)).powi(k as i32)).collect())
}

/// Average cost of a Markov decision problem by value iteration over all states reached from `start`. `day` gives, for
/// each choice in a state, its cost and the next states with their probabilities.
pub(crate) fn average_cost(start: Vec<i32>, day: impl Fn(&[i32]) -> Vec<(f64, Vec<(Vec<i32>, f64)>)>) -> f64 {
    let mut number: HashMap<Vec<i32>, usize> = HashMap::from([(start.clone(), 0)]);
    let (mut waiting, mut choices) = (vec![start], Vec::new());
    let mut at = 0;
    while at < waiting.len() {
        let mut here = Vec::new();
        for (cost, next) in day(&waiting[at].clone()) {
            let mut places = Vec::new();
            for (state, mass) in next {
                let fresh = number.len();
                let place = *number.entry(state.clone()).or_insert(fresh);
                if place == fresh {
                    waiting.push(state);
                }
                places.push((place, mass));
            }
            here.push((cost, places));
        }
        choices.push(here);
        at += 1;
    }
    let mut values = vec![0.0; choices.len()];
    loop {
        let next: Vec<f64> = choices
            .iter()
            .map(|here| {
                let costs =
                    here.iter().map(|(cost, next)| cost + next.iter().map(|(s, m)| m * values[*s]).sum::<f64>());
                costs.fold(f64::INFINITY, f64::min)
            })
            .collect();
        let change: Vec<f64> = next.iter().zip(&values).map(|(new, old)| new - old).collect();
        let (low, high) = change.iter().fold((f64::MAX, f64::MIN), |(l, h), &c| (l.min(c), h.max(c)));
        let base = next[0];
        values = next.iter().map(|value| value - base).collect();
        if high - low < 1e-7 * high.abs() {
            return 0.5 * (low + high);
        }
    }
}

/// A day of lost sales after an order of `z`: state (on hand, arrives tomorrow, ...).
fn lost_day(state: &[i32], z: i32, demand: &[f64], holding: f64, penalty: f64) -> (f64, Vec<(Vec<i32>, f64)>) {
    let (mut cost, mut next) = (0.0, Vec::new());
    for (d, &mass) in demand.iter().enumerate() {
        let left = state[0] - d as i32;
        cost += mass * if left > 0 { holding * f64::from(left) } else { -penalty * f64::from(left) };
        let mut line: Vec<i32> = state[1..].to_vec();
        line.push(z);
        line[0] += left.max(0);
        next.push((line, mass));
    }
    (cost, next)
}

/// Optimum of lost sales over orders from 0 to `most` with at most `total` on hand and on the way.
pub(crate) fn lost_sales(
    demand: &[f64],
    lead: usize,
    holding: f64,
    penalty: f64,
    unit: f64,
    most: i32,
    total: i32,
) -> f64 {
    average_cost(vec![0; lead], |state| {
        let room = (total - state.iter().sum::<i32>()).clamp(0, most);
        (0..=room)
            .map(|z| {
                let (cost, next) = lost_day(state, z, demand, holding, penalty);
                (cost + unit * f64::from(z), next)
            })
            .collect()
    })
}

/// Cost of a base-stock level with a cap.
pub(crate) fn capped_base_stock(demand: &[f64], lead: usize, penalty: f64, level: i32, cap: i32) -> f64 {
    average_cost(vec![0; lead], |state| {
        let z = (level - state.iter().sum::<i32>()).clamp(0, cap);
        vec![lost_day(state, z, demand, 1.0, penalty)]
    })
}

/// Cost of (s, S) with backorders where an order serves the demand of its day.
pub(crate) fn reorder_point(demand: &[f64], order: f64, backorder: f64, s: i32, up_to: i32) -> f64 {
    average_cost(vec![up_to], |state| {
        let after = if state[0] <= s { up_to } else { state[0] };
        let mut cost = if state[0] <= s { order } else { 0.0 };
        let mut next = Vec::new();
        for (d, &mass) in demand.iter().enumerate() {
            let left = after - d as i32;
            cost += mass * if left > 0 { f64::from(left) } else { -backorder * f64::from(left) };
            next.push((vec![left], mass));
        }
        vec![(cost, next)]
    })
}

/// Optimum of dual sourcing as the literature states it: (net inventory, slow orders of the next days), the fast route
/// serves the demand of its day. Net inventory is kept within `least..=most` by what may be ordered.
pub(crate) fn dual_sourcing(demand: &[f64], slow: usize, units: [f64; 2], costs: [f64; 2], range: [i32; 2]) -> f64 {
    let mut start = vec![0; slow];
    start[0] = range[1];
    average_cost(start, |state| {
        let position: i32 = state.iter().sum();
        let mut choices = Vec::new();
        for fast in (range[0] - state[0]).max(0)..=(range[1] - position).max(range[0] - state[0]).max(0) {
            for z in 0..=(range[1] - position - fast).max(0) {
                let after = state[0] + fast;
                let mut cost = units[0] * f64::from(z) + units[1] * f64::from(fast);
                let mut next = Vec::new();
                for (d, &mass) in demand.iter().enumerate() {
                    let left = after - d as i32;
                    cost += mass * if left > 0 { costs[0] * f64::from(left) } else { -costs[1] * f64::from(left) };
                    let mut line: Vec<i32> = state[1..].to_vec();
                    line.push(z);
                    line[0] += left;
                    next.push((line, mass));
                }
                choices.push((cost, next));
            }
        }
        choices
    })
}

/// Cost of local base-stock levels in a serial chain, customers first, with stock on its way between stages: what a
/// stage owes is what it was asked for and had not, from the outermost stage down.
pub(crate) fn serial(demand: &[f64], stages: &[(f64, usize)], backorder: f64, local: &[usize]) -> f64 {
    let mean: f64 = demand.iter().enumerate().map(|(d, mass)| d as f64 * mass).sum();
    let mut owed = vec![1.0];
    let mut cost = 0.0;
    for (j, &(holding, lead)) in stages.iter().enumerate().rev() {
        let mut short = owed;
        for _ in 0..lead {
            let mut sum = vec![0.0; short.len() + demand.len() - 1];
            for (i, a) in short.iter().enumerate() {
                for (k, b) in demand.iter().enumerate() {
                    sum[i + k] += a * b;
                }
            }
            short = sum;
        }
        let level = local[j];
        cost += short.iter().take(level).enumerate().map(|(d, mass)| holding * (level - d) as f64 * mass).sum::<f64>();
        owed = vec![short.iter().take(level + 1).sum()];
        owed.extend(short.iter().skip(level + 1));
        if j > 0 {
            cost += holding * mean * stages[j - 1].1 as f64;
        }
    }
    cost + backorder * owed.iter().enumerate().map(|(d, mass)| d as f64 * mass).sum::<f64>()
}
