//! From a solver's steps to what a user can read and simulate: levels in units, costs in currency.

use super::fixed_cost::FixedCost;
use super::lattice::DayCost;
use super::recognise::{Case, Kind};
use super::{Family, Found, Names, Solution, Watch};
use restock_core::Scenario;
use serde::Serialize;

/// A policy with few parameters and its exact cost.
#[derive(Clone, Debug, Serialize)]
pub struct Rule {
    /// What it is called.
    pub name: &'static str,
    /// Whether no policy costs less.
    pub optimal: bool,
    /// Long-run cost a day, as the simulator accounts it [currency].
    pub cost: f64,
    /// The same above the optimum [%].
    pub gap_percent: f64,
    /// Its parameters, as `restock simulate` takes them [units]: `S`, or `shop.S` where nodes differ.
    pub parameters: Vec<(String, f64)>,
    /// What to give `restock simulate --policy`.
    pub policy: String,
}

/// Turns steps into units.
struct Units<'a> {
    case: &'a Case,
    scale: f64,
    optimum: f64,
}

impl Units<'_> {
    fn of(&self, steps: f64) -> f64 {
        (steps * self.case.step).round() / self.scale
    }

    fn rule(&self, name: &'static str, kind: &str, optimal: bool, cost: f64, given: Vec<(String, f64)>) -> Rule {
        let parameters: Vec<(String, f64)> = given.into_iter().map(|(key, steps)| (key, self.of(steps))).collect();
        let list: Vec<String> = parameters.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let gap_percent = if optimal { 0.0 } else { 100.0 * (cost - self.optimum) / self.optimum };
        Rule { name, optimal, cost, gap_percent, policy: format!("{kind}:{}", list.join(",")), parameters }
    }
}

fn one(key: &str, steps: impl Into<f64>) -> (String, f64) {
    (key.to_owned(), steps.into())
}

/// Whole steps as a float (they are far below 2^53).
fn steps(count: i64) -> f64 {
    count as f64
}

impl Case {
    /// Solves it; or why not, and what would be right.
    pub(super) fn solve(
        &self,
        product: &str,
        scenario: &Scenario<'_>,
        names: &Names,
        watch: &mut Watch<'_>,
    ) -> Result<Solution, (String, String)> {
        let units = |optimum| Units { case: self, scale: f64::from(scenario.unit_scale()), optimum };
        let smaller = "a shorter lead time, a smaller demand, or coarser units";
        let refused = |reason: String| (format!("{product}: {reason}"), smaller.to_owned());
        let mut textbook = None;
        let (family, bounds, rules, found) = match &self.kind {
            Kind::Newsvendor(problem) => {
                let (level, cost) = day(problem).best();
                let cost = cost + self.linear;
                let rule = units(cost).rule("base stock", "base-stock", true, cost, vec![one("S", level)]);
                (Family::Newsvendor, (cost, cost), vec![rule], Found::Newsvendor(level))
            }
            Kind::FixedCost(problem) => {
                let found = problem.solve().map_err(refused)?;
                let cost = found.cost + self.linear;
                let levels = vec![one("s", steps(found.reorder)), one("S", steps(found.up_to))];
                let mut rules = vec![units(cost).rule("(s, S)", "reorder-point", true, cost, levels)];
                let certain = problem.demand.masses.len() == 1;
                if certain {
                    textbook =
                        Some(("continuous time, no shortage", problem.economic_order_quantity().1 + self.linear));
                    rules.push(self.cycle(problem, &units(cost)));
                }
                let family = if certain { Family::EconomicOrderQuantity } else { Family::FixedCost };
                (family, (cost, cost), rules, Found::FixedCost(found))
            }
            Kind::LostNextDay(problem) => {
                // Every morning's order can be sold that day: the level is a quantile, and a lost unit is not bought.
                let ratio_cost = (problem.penalty - problem.unit).max(0.0);
                let (level, cost) = DayCost::new(&problem.demand, problem.holding, ratio_cost).best();
                let cost = cost + problem.unit * problem.demand.mean();
                let rule = units(cost).rule("base stock", "base-stock", true, cost, vec![one("S", level)]);
                (Family::LostSales, (cost, cost), vec![rule], Found::Newsvendor(level))
            }
            Kind::LostSales(problem) => {
                let found = problem.solve(watch).map_err(refused)?;
                let (level, cost) = found.base_stock;
                let (capped, cap, capped_cost) = found.capped;
                let units = units(found.optimum.mean());
                let level = vec![one("S", level as f64)];
                let capped = vec![one("S", capped as f64), one("cap", cap as f64)];
                let rules = vec![
                    units.rule("best base stock", "base-stock", false, cost, level),
                    units.rule("best capped base stock", "capped-base-stock", false, capped_cost, capped),
                ];
                let bounds = (found.optimum.lower, found.optimum.upper);
                (Family::LostSales, bounds, rules, Found::LostSales(Box::new(found)))
            }
            Kind::Dual(problem) => {
                let found = problem.solve(watch).map_err(refused)?;
                let (index, cost) = found.index;
                let parameters =
                    vec![one("Se", steps(index.expedite)), one("Sr", steps(index.level)), one("cap", index.cap as f64)];
                let rule =
                    units(found.optimum.mean()).rule("best capped dual index", "dual-index", false, cost, parameters);
                let bounds = (found.optimum.lower, found.optimum.upper);
                (Family::DualSourcing, bounds, vec![rule], Found::Dual(Box::new(found)))
            }
            Kind::Serial(problem) => {
                let found = problem.solve().map_err(refused)?;
                let cost = found.cost - found.pipeline + self.linear;
                textbook = Some(("stock on its way between nodes", found.cost + self.linear));
                let levels = names.nodes.iter().zip(&found.levels).map(|(node, &s)| (format!("{node}.S"), s)).collect();
                let rule = units(cost).rule("echelon base stock", "echelon-base-stock", true, cost, levels);
                (Family::Serial, (cost, cost), vec![rule], Found::Serial(found))
            }
        };
        let optimum = 0.5 * (bounds.0 + bounds.1);
        let solution =
            Solution { product: product.to_owned(), family, optimum, bounds, textbook, rules, step: self.step, found };
        self.fits(&solution, scenario)?;
        Ok(solution)
    }

    /// The best whole number of days between orders, as (s, S).
    fn cycle(&self, problem: &FixedCost, units: &Units<'_>) -> Rule {
        let (days, cost) = problem.best_cycle();
        // At the end of a day on which what is left lasts for the lead time less what comes in: nothing is short.
        let reorder = problem.demand.mean() * (problem.lead_days as f64 - 1.0);
        let up_to = reorder + problem.demand.mean() * f64::from(days);
        let levels = vec![one("s", reorder), one("S", up_to)];
        units.rule("no shortage, whole days", "reorder-point", false, cost + self.linear, levels)
    }

    /// The bounds that the network sets on positions and orders must leave the rules alone.
    fn fits(&self, solution: &Solution, scenario: &Scenario<'_>) -> Result<(), (String, String)> {
        let mut order = 0.0;
        let levels: Vec<f64> = match (&solution.found, &self.kind) {
            (Found::FixedCost(found), Kind::FixedCost(problem)) => {
                // Just above the reorder point, then the greatest demand of a day.
                order = steps(found.up_to - found.reorder - 1) + problem.demand.last() as f64;
                vec![steps(found.up_to)]
            }
            (Found::Newsvendor(level), _) => vec![*level],
            (Found::LostSales(found), _) => vec![found.base_stock.0.max(found.capped.0) as f64],
            (Found::Dual(found), _) => vec![steps(found.index.0.level)],
            // What a node itself must hold or have on order.
            (Found::Serial(found), _) => {
                let below = std::iter::once(&0.0).chain(&found.levels);
                found.levels.iter().zip(below).map(|(level, below)| (level - below).max(0.0)).collect()
            }
            _ => Vec::new(),
        };
        for (node, &level) in levels.iter().enumerate() {
            let most = |list: &[i32]| f64::from(list.get(node).copied().unwrap_or(i32::MAX));
            if level * self.step > most(&self.position_max) || order * self.step > most(&self.order_max) {
                let needed = (level.max(order) * self.step).ceil() / f64::from(scenario.unit_scale());
                return Err((
                    format!("{}: its optimal orders are cut short by order_max", solution.product),
                    format!("order_max = {needed} or more in stockpoints.csv"),
                ));
            }
        }
        Ok(())
    }
}

fn day(problem: &FixedCost) -> DayCost {
    DayCost::new(&problem.demand.times(problem.lead_days), problem.holding, problem.backorder)
}
