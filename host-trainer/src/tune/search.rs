//! Minimizing a noise-free function of a few numbers without derivatives: the pattern search of Hooke and Jeeves
//! (1961), with a step of its own for each number.
//!
//! Common random numbers make the simulated cost a function without noise, but one with plateaus, whole-numbered
//! arguments and no gradient; its arguments are nearly separable, node by node. On that ground a search along the axes
//! uses a budget of some twenty looks per number better than an evolution strategy, which has to learn the axes first.
//! What it can't do is follow a kinked ridge that lies across the axes: there it stops early. A mean over hundreds of
//! products and many days has no such kink.
//! Own, because it is the page below; `cmaes` 0.2 brings a plotting stack by default and `argmin` a framework.

/// One number that is searched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// Where the search starts.
    pub start: f64,
    /// Least value.
    pub least: f64,
    /// Greatest value.
    pub most: f64,
    /// First step.
    pub step: f64,
    /// Smallest step: below it the number is as good as found. 1 with a start and step that are whole keeps it whole.
    pub step_min: f64,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The best point. Shape `[axis]`.
    pub at: Vec<f64>,
    /// The function there.
    pub value: f64,
    /// Looks at the function.
    pub looks: u32,
}

/// A step that helped grows by this.
const GROW: f64 = 1.5;

/// The least value found within `budget` looks (one or more) at `of`; stops early when no step is left. `of` may say
/// `None` to end the search at once with what is found so far: `None` where that is nothing.
pub fn minimize(axes: &[Axis], budget: u32, of: &mut dyn FnMut(&[f64]) -> Option<f64>) -> Option<Found> {
    let start: Vec<f64> = axes.iter().map(|axis| axis.start).collect();
    let mut search = Search { axes, budget: budget.max(1), of, best: Found { value: f64::NAN, at: start, looks: 0 } };
    search.best.value = search.look(&search.best.at.clone())?;
    let mut steps: Vec<f64> = axes.iter().map(|axis| axis.step).collect();
    let mut base = search.best.at.clone();
    while search.sweep(&mut steps) {
        // What a sweep has gained is tried once more in the same direction.
        let there = axes.iter().zip(&search.best.at).zip(&base);
        let there: Vec<f64> = there.map(|((axis, &now), &then)| axis.keep(2.0 * now - then)).collect();
        base.clone_from(&search.best.at);
        if there != base && search.attempt(&there).is_none() {
            break;
        }
    }
    Some(search.best)
}

impl Axis {
    fn keep(&self, value: f64) -> f64 {
        value.clamp(self.least, self.most)
    }

    /// Whether only whole numbers are looked at.
    fn whole(&self) -> bool {
        self.step_min >= 1.0
    }
}

struct Search<'a> {
    axes: &'a [Axis],
    budget: u32,
    of: &'a mut dyn FnMut(&[f64]) -> Option<f64>,
    best: Found,
}

impl Search<'_> {
    fn look(&mut self, at: &[f64]) -> Option<f64> {
        if self.best.looks >= self.budget {
            return None;
        }
        self.best.looks += 1;
        (self.of)(at)
    }

    /// Whether `at` is better, and then where the search is; none when the budget is spent.
    fn attempt(&mut self, at: &[f64]) -> Option<bool> {
        let value = self.look(at)?;
        let better = value < self.best.value;
        if better {
            (self.best.at, self.best.value) = (at.to_vec(), value);
        }
        Some(better)
    }

    /// One step either way along each axis; whether to go on.
    fn sweep(&mut self, steps: &mut [f64]) -> bool {
        let mut moved = false;
        for i in 0..self.axes.len() {
            let axis = self.axes[i];
            if steps[i].abs() < axis.step_min {
                continue;
            }
            let mut better = false;
            for way in [steps[i], -steps[i]] {
                let mut at = self.best.at.clone();
                at[i] = axis.keep(at[i] + way);
                if at[i] == self.best.at[i] {
                    continue;
                }
                match self.attempt(&at) {
                    None => return false,
                    Some(false) => {}
                    Some(true) => {
                        // The way that helped is the first to be tried next time.
                        (better, steps[i]) = (true, if axis.whole() { way } else { way * GROW });
                        break;
                    }
                }
            }
            if !better {
                steps[i] = if axis.whole() { steps[i] / 2.0 } else { steps[i] * 0.4 };
                steps[i] = if axis.whole() { steps[i].trunc() } else { steps[i] };
            }
            moved |= better;
        }
        let left = self.axes.iter().zip(steps.iter_mut()).filter(|(axis, step)| step.abs() >= axis.step_min).count();
        if moved {
            // What else has changed may have made room for a whole number that was at rest.
            for (axis, step) in self.axes.iter().zip(steps.iter_mut()) {
                if axis.whole() && *step == 0.0 {
                    *step = 1.0;
                }
            }
        }
        moved || left > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: Axis = Axis { start: 0.0, least: -10.0, most: 10.0, step: 1.0, step_min: 1e-4 };

    #[test]
    fn a_bowl_is_searched_to_its_bottom_within_its_box() {
        let axes = [FREE, Axis { most: 1.0, ..FREE }, Axis { step_min: 1.0, step: 2.0, ..FREE }];
        // The axes pull on each other; the second would be at 3, the third at 2.4, but it is whole.
        let bowl = |x: &[f64]| {
            (x[0] + 2.0).powi(2) + (x[1] - 3.0).powi(2) + (x[2] - 2.4).powi(2) + 0.3 * (x[0] + 2.0) * (x[2] - 2.4)
        };
        let found = minimize(&axes, 400, &mut |x| Some(bowl(x))).expect("a point");
        assert_eq!((found.at[1], found.at[2]), (1.0, 2.0), "{found:?}");
        // Where the third is 2, the first is best at -2 + 0.06.
        assert!((found.at[0] + 1.94).abs() < 1e-3, "{found:?}");
        assert_eq!(found.value, bowl(&found.at));
    }

    #[test]
    fn no_search_looks_more_often_than_it_may_and_none_gets_worse() {
        let mut last = f64::INFINITY;
        for budget in [1, 2, 7, 30, 90] {
            let mut looks = 0;
            let mut of = |x: &[f64]| {
                looks += 1;
                Some((x[0] - 3.3).powi(2) + (x[1] + x[0] - 1.0).powi(2))
            };
            let found = minimize(&[FREE, FREE], budget, &mut of).expect("a point");
            assert!(looks <= budget && looks == found.looks && found.value <= last, "{budget}: {found:?} {looks}");
            last = found.value;
        }
        assert!(last < 0.05, "{last}");
        assert_eq!(minimize(&[FREE], 9, &mut |_| None), None);
    }
}
