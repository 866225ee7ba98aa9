//! What a search found, beside what it has to beat: the present parameters, equal weights, and random points at the
//! same budget; on policies and paths that no search has seen.

use super::population::Population;
use super::space::Space;
use super::{Fit, better, fit};
use crate::bayesian::{Point, Search, best, random};
use crate::command::table;
use crate::statistics::Interval;
use restock_core::scenario::ScoreParametersPpm;
use serde::Serialize;

/// Name of the parameters that the network has.
const PRESENT: &str = "as the network has it";
/// Name of what the search found.
const FOUND: &str = "Bayesian optimization";

/// Some parameters and how well they fit.
#[derive(Clone, Debug, Serialize)]
pub struct Candidate {
    /// Where they come from.
    pub name: &'static str,
    /// The parameters [ppm]: weights of delivery, inventory and capacity.
    pub weights_ppm: [i32; 3],
    /// The sensitivities, in the order of `network.toml` [ppm].
    pub sensitivities_ppm: [i32; 8],
    /// Beta, gamma and kappa [ppm].
    pub shape_ppm: [i32; 3],
    /// On the policies and paths that were searched with.
    pub training: Fit,
    /// On those held out.
    pub held_out: Fit,
    /// By how much what was found fits better on those held out; none of itself.
    pub found_is_better_by: Option<Interval>,
}

/// What a search found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Name and version of this document.
    pub format: &'static str,
    /// Looks of each search.
    pub evaluations: usize,
    /// Policies that were searched with, of all networks, and those held out.
    pub policies: [usize; 2],
    /// Worlds of each network.
    pub worlds: Vec<Vec<String>>,
    /// Worlds that the simulator refused.
    pub refused: Vec<String>,
    /// Groups that were put in order: searched with, and held out.
    pub groups: [usize; 2],
    /// Whether the curve's shape was searched too.
    pub shape: bool,
    /// What there is to choose from; the last was found by the search.
    pub candidates: Vec<Candidate>,
    /// The last one's parameters.
    #[serde(skip)]
    pub found: ScoreParametersPpm,
}

/// The parameters of a point: those that the network has for the first one, which every search begins with.
#[must_use]
pub fn parameters_of(space: &Space, present: &ScoreParametersPpm, number: usize, at: &[u32]) -> ScoreParametersPpm {
    if number == 0 { *present } else { space.parameters(at) }
}

/// Weighs what a search has looked at.
#[must_use]
pub fn weigh(
    (space, present): (&Space, &ScoreParametersPpm),
    (training, held_out): (&[Population], &[Population]),
    (search, points): (&Search, &[Point]),
    shape: bool,
) -> Report {
    let look = |p: &ScoreParametersPpm| fit(training, p, shape);
    let chance = (0..points.len()).map(|i| {
        let at = if i == 0 { space.point(present) } else { random(search, i) };
        let p = parameters_of(space, present, i, &at);
        (p, look(&p).value(shape))
    });
    let chance = chance.reduce(|a, b| if b.1 > a.1 { b } else { a }).map_or(*present, |(p, _)| p);
    let number = best(points).and_then(|best| points.iter().position(|point| point == best)).unwrap_or(0);
    let found = points.get(number).map_or(*present, |point| parameters_of(space, present, number, &point.at));
    let named =
        [(PRESENT, *present), ("equal weights", space.equal_weights()), ("random search", chance), (FOUND, found)];
    let candidate = |(name, p): (&'static str, ScoreParametersPpm)| Candidate {
        name,
        weights_ppm: [p.weight_delivery, p.weight_inventory, p.weight_capacity],
        sensitivities_ppm: p.sensitivity.words(),
        shape_ppm: [p.beta, p.gamma, p.kappa],
        training: look(&p),
        held_out: fit(held_out, &p, shape),
        found_is_better_by: (name != FOUND).then(|| better(held_out, (&found, &p), shape, search.seed)),
    };
    let count = |of: fn(&Population) -> usize| [training, held_out].map(|set| set.iter().map(of).sum::<usize>());
    Report {
        format: "restock-tune-hyperscore/1",
        evaluations: points.len(),
        policies: count(|it| it.policies.len()),
        worlds: training.iter().map(|it| it.worlds.clone()).collect(),
        refused: training.iter().flat_map(|it| it.refused.clone()).collect(),
        groups: count(|it| it.groups.len()),
        shape,
        candidates: named.map(candidate).to_vec(),
        found,
    }
}

impl Report {
    /// The table, and what its words mean.
    #[must_use]
    pub fn text(&self) -> String {
        let mut header = vec!["parameters", "weights", "tau,\nsearched with", "tau,\nheld out"];
        header.extend(self.shape.then_some("correlation,\nheld out"));
        header.push("what was found is better by");
        let mut rows = table::titled(header, 2);
        for it in &self.candidates {
            let [d, i, c] = it.weights_ppm.map(|w| f64::from(w) / 1e6);
            let fixed = if it.sensitivities_ppm == [0; 8] { "" } else { " and sensitivities" };
            let mut row = vec![
                it.name.to_owned(),
                format!("{d:.3} {i:.3} {c:.3}{fixed}"),
                format!("{:.3}", it.training.tau),
                format!("{:.3}", it.held_out.tau),
            ];
            row.extend(self.shape.then(|| format!("{:.3}", it.held_out.correlation)));
            row.push(it.found_is_better_by.map_or_else(String::new, |by| {
                let ends =
                    if by.low.is_finite() { format!(" ({:+.3} to {:+.3})", by.low, by.high) } else { String::new() };
                format!("{:+.3}{ends}", by.mean)
            }));
            rows.add_row(row);
        }
        let mut text = format!(
            "{}\n\ntau: Kendall's rank correlation of HyperScore and money not spent, of policies that meet the same\n\
             world, path and quarter, mean over {} groups of {} policies held out ({} of {} searched with).\n\
             In brackets: 95 % bootstrap interval, policies and paths drawn anew. {} evaluations a search.",
            table::lines(&rows),
            self.groups[1],
            self.policies[1],
            self.groups[0],
            self.policies[0],
            self.evaluations,
        );
        if self.shape {
            text += "\nThe curve is monotone: its shape moves no rank. Maximized was the mean of tau and correlation.";
        }
        for why in &self.refused {
            text += &format!("\nnot simulated: {why}");
        }
        text
    }

    /// What was found over what there was, in a line for the fragment.
    #[must_use]
    pub fn summary(&self) -> String {
        let tau = |name: &str| self.candidates.iter().find(|it| it.name == name).map_or(f64::NAN, |it| it.held_out.tau);
        format!("Kendall's tau with money on held-out policies and paths {:.3}, before {:.3}", tau(FOUND), tau(PRESENT))
    }
}
