//! Minimizing a smooth function of a few numbers: BFGS with central differences (Nocedal and Wright 2006,
//! algorithm 6.1) and a backtracking line search.
//!
//! Own, because it is sixty lines for at most six numbers; a framework of optimizers would be the larger part.

/// Step of the differences: about the cube root of what a double resolves.
const DIFFERENCE: f64 = 6e-6;
/// A gradient below this is none.
const GRADIENT_MIN: f64 = 1e-7;

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Care {
    /// Steps at most.
    pub(crate) steps_max: usize,
    /// A step that gains less than this, of a value about one, is the last.
    pub(crate) gain_min: f64,
}

impl Care {
    /// Good enough to compare with others.
    pub(crate) const QUICK: Self = Self { steps_max: 40, gain_min: 1e-7 };
    /// As far as differences can tell.
    pub(crate) const FULL: Self = Self { steps_max: 200, gain_min: 1e-13 };
}

/// Where the function is least from `start` on, and how much it is there.
pub(crate) fn minimize(of: &dyn Fn(&[f64]) -> f64, start: &[f64], care: Care) -> (Vec<f64>, f64) {
    let size = start.len();
    let (mut x, mut value) = (start.to_vec(), of(start));
    if size == 0 {
        return (x, value);
    }
    let mut inverse = identity(size);
    let mut slope = gradient(of, &x);
    for step in 0..care.steps_max {
        if slope.iter().all(|g| g.abs() < GRADIENT_MIN) {
            break;
        }
        let mut way: Vec<f64> = inverse.iter().map(|row| -dot(row, &slope)).collect();
        if dot(&way, &slope) >= 0.0 {
            inverse = identity(size);
            way = slope.iter().map(|g| -g).collect();
        }
        // No step is so long that a transformed coefficient is at its end at once.
        let length = dot(&way, &way).sqrt();
        let most = if step == 0 { 0.5 } else { 2.0 };
        let mut reach = if length > most { most / length } else { 1.0 };
        let descent = dot(&way, &slope);
        let mut found = None;
        for _halving in 0..30 {
            let there: Vec<f64> = x.iter().zip(&way).map(|(x, w)| x + reach * w).collect();
            let candidate = of(&there);
            if candidate.is_finite() && candidate <= value + 1e-4 * reach * descent {
                found = Some((there, candidate));
                break;
            }
            reach *= 0.5;
        }
        let Some((there, candidate)) = found else { break };
        let after = gradient(of, &there);
        let moved: Vec<f64> = there.iter().zip(&x).map(|(a, b)| a - b).collect();
        let turned: Vec<f64> = after.iter().zip(&slope).map(|(a, b)| a - b).collect();
        let gained = value - candidate;
        (x, value, slope) = (there, candidate, after);
        update(&mut inverse, &moved, &turned);
        if gained.abs() < care.gain_min * (1.0 + value.abs()) {
            break;
        }
    }
    (x, value)
}

/// BFGS: the inverse of the curvature after a step.
fn update(inverse: &mut [Vec<f64>], moved: &[f64], turned: &[f64]) {
    let curvature = dot(moved, turned);
    if curvature <= 1e-14 {
        return;
    }
    let carried: Vec<f64> = inverse.iter().map(|row| dot(row, turned)).collect();
    let factor = (1.0 + dot(turned, &carried) / curvature) / curvature;
    for (i, row) in inverse.iter_mut().enumerate() {
        for (j, cell) in row.iter_mut().enumerate() {
            *cell += factor * moved[i] * moved[j] - (carried[i] * moved[j] + moved[i] * carried[j]) / curvature;
        }
    }
}

fn identity(size: usize) -> Vec<Vec<f64>> {
    (0..size).map(|i| (0..size).map(|j| if i == j { 1.0 } else { 0.0 }).collect()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn gradient(of: &dyn Fn(&[f64]) -> f64, x: &[f64]) -> Vec<f64> {
    (0..x.len())
        .map(|i| {
            let side = |step: f64| {
                let mut there = x.to_vec();
                there[i] += step;
                of(&there)
            };
            (side(DIFFERENCE) - side(-DIFFERENCE)) / (2.0 * DIFFERENCE)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_curved_valley_is_walked_to_its_end() {
        let rosenbrock = |x: &[f64]| 100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2);
        let (x, value) = super::minimize(&rosenbrock, &[-1.2, 1.0], super::Care::FULL);
        assert!(value < 1e-10 && (x[0] - 1.0).abs() < 1e-4 && (x[1] - 1.0).abs() < 1e-4, "{x:?}: {value}");
    }
}
