//! The frontier: what each policy costs at the fill rate it gives, over a sweep of the backorder cost.
//!
//! At each point the backorder and lost-sale costs of the whole network are multiplied, and the textbook safety factors
//! follow by the critical ratio. Rules are tuned again there, from what they were, with a quarter of their budget and on
//! the tuning paths. The learned policy is *not* trained again: it sees the shortage cost and the safety factor as
//! features and sets its levels relative to that factor.

use crate::command::Common;
use crate::command::compare::INT8;
use crate::contest::{self, Entrant};
use crate::evaluate::{Contender, Protocol};
use crate::evidence::{Origin, Played};
use crate::failure::{Failure, code};
use crate::image::Image;
use crate::input::textbook_factor;
use crate::problem::Problem;
use crate::progress::{Interrupt, Progress};
use crate::train::training_seed;
use crate::tune::{self, Budget, Tuned};
use restock_core::Scenario;
use restock_core::blob::PolicyBlob;
use restock_core::layout::Column;
use restock_core::ledger::Ledger;
use serde::Serialize;

/// Factors of the backorder cost.
const FACTORS: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];
/// Rules that are traced: those that tuning found cheapest.
const RULES: usize = 3;
/// Test paths of a point, at most: five points are five comparisons.
const PATHS_MAX: u32 = 32;

/// One policy at one backorder cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// The policy.
    pub policy: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Factor of the backorder cost.
    pub factor: f64,
    /// Units served at once / units demanded.
    pub delivery_rate: f64,
    /// Mean cost of a path without backorder and lost-sale cost [currency]: what the service costs.
    pub cost_without_shortage: f64,
    /// Mean cost of a path [currency].
    pub total_cost: f64,
}

/// What a learned policy's service costs, and what the rules' frontier costs at the same fill rate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EqualService {
    /// The policy.
    pub policy: String,
    /// Factor of the backorder cost.
    pub factor: f64,
    /// Its fill rate.
    pub delivery_rate: f64,
    /// Its cost without shortage [currency].
    pub cost: f64,
    /// The least cost without shortage of any mixture of two points of rules at that fill rate [currency].
    pub rules_cost: f64,
}

/// The frontier of every policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Frontier {
    /// What was done.
    pub method: String,
    /// All points, policy by policy.
    pub points: Vec<Point>,
    /// Learned policies where rules reach their fill rate.
    pub equal_service: Vec<EqualService>,
    /// Factors that the simulator refuses, and why.
    pub refused: Vec<(f64, String)>,
}

/// The run's network with other costs of shortage.
///
/// # Errors
/// If the simulator refuses them.
pub fn image(problem: &Problem, factor: f64) -> Result<Vec<i32>, String> {
    let scenario = problem.scenario().map_err(|e| e.to_string())?;
    let mut image = Image::new(&problem.image);
    let scaled = |cost: i32| (f64::from(cost) * factor).round().min(f64::from(i32::MAX)) as i32;
    for (n, node) in scenario.nodes().iter().enumerate() {
        let of = |column| scenario.column(column, n);
        let (backorder, lost, holding) = (of(Column::BackorderCost), of(Column::LostSaleCost), of(Column::HoldingCost));
        for p in 0..scenario.products() {
            // What a shortage costs against what holding does, as planning weighs it.
            let (shortage, holding) = if node.sells && node.lost_sales {
                (lost[p], f64::from(holding[p]) * f64::from(node.review_days))
            } else {
                (backorder[p], f64::from(holding[p]))
            };
            if shortage > 0 {
                let factor_of = |cost: i32| textbook_factor(f64::from(cost), holding);
                let more = factor_of(scaled(shortage)) - factor_of(shortage);
                let z = &mut image.column_mut(Column::SafetyFactor, n)[p];
                *z = (f64::from(*z) + 256.0 * more).round().clamp(-4096.0, 4096.0) as i32;
            }
            image.column_mut(Column::BackorderCost, n)[p] = scaled(backorder[p]);
            image.column_mut(Column::LostSaleCost, n)[p] = scaled(lost[p]);
        }
    }
    image.words().map_err(|e| format!("the simulator refuses it: {e}"))
}

/// Traces the frontier of the cheapest tuned rules and of the learned policy.
///
/// # Errors
/// If Ctrl-C was pressed.
pub fn trace(
    problem: &Problem,
    tuned: &[Tuned],
    blobs: &[PolicyBlob<'_>],
    budget: Budget,
    protocol: &Protocol,
    (common, interrupt): (&Common, Interrupt),
) -> Result<Frontier, Failure> {
    let mut cheapest: Vec<&Tuned> = tuned.iter().collect();
    cheapest.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    cheapest.truncate(RULES);
    let looks = (budget.looks / 4).max(1);
    let protocol = Protocol { replicas: protocol.replicas.min(PATHS_MAX), ..*protocol };
    let tuning = Protocol { seed: training_seed(problem.training.seed), replicas: budget.paths, ..protocol };
    let each = u64::from(looks) * cheapest.len() as u64 + (cheapest.len() + blobs.len()) as u64;
    let mut progress = Progress::new("frontier", "looks", each * FACTORS.len() as u64, common.quiet);
    let (mut points, mut refused) = (Vec::new(), Vec::new());
    for factor in FACTORS {
        let image = match image(problem, factor) {
            Ok(image) => image,
            Err(why) => {
                refused.push((factor, why));
                continue;
            }
        };
        let scenario = Scenario::new(&image).map_err(|e| Failure::failed(e.to_string()))?;
        let mut entrants: Vec<Entrant<'_>> = Vec::new();
        for rule in &cheapest {
            let names = &problem.names.nodes;
            let mut look = |_: f64| {
                progress.advance(1, rule.family.name());
                !interrupt.requested()
            };
            let start = Some(&rule.parameters[..]);
            let again = tune::tune(&scenario, names, rule.family, start, &tuning, (looks, common.threads()), &mut look);
            let Some(again) = again else {
                let message = "interrupted while tracing the frontier; tuned rules are kept".to_owned();
                return Err(Failure { code: code::INTERRUPTED, message });
            };
            entrants.extend(contest::tuned_rules(&scenario, &[again]));
        }
        if !blobs.is_empty() {
            let contenders = blobs.iter().map(|blob| Contender::Int8(*blob)).collect();
            entrants.push(Entrant { name: INT8.to_owned(), origin: Origin::Learned, contenders });
        }
        let threads = common.threads();
        let all = contest::play(&scenario, &entrants, &protocol, threads, &mut progress, interrupt, None)?;
        points.extend(all.iter().map(|played| point(&scenario, played, factor)));
    }
    progress.finish();
    // Policy by policy: the sort keeps the order of the factors.
    let order: Vec<String> = points.iter().map(|point: &Point| point.policy.clone()).collect();
    points.sort_by_key(|point| order.iter().position(|name| *name == point.policy));
    let method = format!(
        "Backorder and lost-sale costs times the factor; textbook factors follow. Rules: tuned again at each point,\n\
         {looks} looks from the parameters of x 1 on tuning paths. The learned policy: run as it is, it sees the costs as\n\
         features. {} test paths a point; cost without shortage: all terms but backorder and lost sale.",
        protocol.replicas
    );
    Ok(Frontier { method, equal_service: equal_service(&points), points, refused })
}

fn point(scenario: &Scenario<'_>, played: &Played, factor: f64) -> Point {
    let outcomes = || played.outcomes.iter().flatten();
    let money = f64::from(scenario.money_scale()) * outcomes().count().max(1) as f64;
    let mut ledger = Ledger::default();
    let (mut demand, mut served) = (0i64, 0i64);
    for outcome in outcomes() {
        let total = outcome.kpis.total();
        ledger.add(&total.ledger);
        demand += total.demand;
        served += total.served;
    }
    let total_cost = ledger.total() as f64 / money;
    let terms = Ledger::NAMES.into_iter().zip(ledger.terms());
    let shortage: i64 = terms.filter(|(name, _)| ["backorder", "lost_sale"].contains(name)).map(|(_, cost)| cost).sum();
    Point {
        policy: played.name.clone(),
        origin: played.origin,
        factor,
        delivery_rate: if demand > 0 { served as f64 / demand as f64 } else { 1.0 },
        cost_without_shortage: total_cost - shortage as f64 / money,
        total_cost,
    }
}

/// Each learned point that lies between two points of rules.
fn equal_service(points: &[Point]) -> Vec<EqualService> {
    let rules: Vec<&Point> = points.iter().filter(|point| point.origin != Origin::Learned).collect();
    let learned = points.iter().filter(|point| point.origin == Origin::Learned);
    learned
        .filter_map(|it| {
            let mixtures = rules.iter().flat_map(|a| rules.iter().map(move |b| (*a, *b)));
            let costs = mixtures.filter_map(|(a, b)| mixed(a, b, it.delivery_rate));
            let rules_cost = costs.min_by(f64::total_cmp)?;
            Some(EqualService {
                policy: it.policy.clone(),
                factor: it.factor,
                delivery_rate: it.delivery_rate,
                cost: it.cost_without_shortage,
                rules_cost,
            })
        })
        .collect()
}

/// Cost of a mixture of two points that gives a fill rate; none where it lies outside of both.
fn mixed(a: &Point, b: &Point, delivery_rate: f64) -> Option<f64> {
    let span = b.delivery_rate - a.delivery_rate;
    let share = if span > 0.0 { (delivery_rate - a.delivery_rate) / span } else { return None };
    (0.0..=1.0)
        .contains(&share)
        .then_some(a.cost_without_shortage + share * (b.cost_without_shortage - a.cost_without_shortage))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(policy: &str, origin: Origin, delivery_rate: f64, cost: f64) -> Point {
        let policy = policy.to_owned();
        Point { policy, origin, factor: 1.0, delivery_rate, cost_without_shortage: cost, total_cost: cost }
    }

    #[test]
    fn equal_service_is_read_off_the_rules_lower_hull() {
        let points = [
            at("rule", Origin::Tuned, 0.90, 100.0),
            at("rule", Origin::Tuned, 0.98, 180.0),
            at("dear rule", Origin::Tuned, 0.94, 200.0),
            at("learned", Origin::Learned, 0.94, 130.0),
            at("learned", Origin::Learned, 0.99, 130.0),
        ];
        let found = equal_service(&points);
        assert_eq!(found.len(), 1, "no rule serves 99 %: {found:?}");
        assert!((found[0].rules_cost - 140.0).abs() < 1e-9 && found[0].cost == 130.0, "{found:?}");
    }

    #[test]
    fn dearer_backorders_raise_the_textbook_factor_and_the_same_cost_changes_nothing() {
        let problem = Problem::embedded().expect("embedded");
        assert_eq!(image(&problem, 1.0).expect("accepted"), problem.image);
        let (cheap, dear) = (image(&problem, 0.25).expect("accepted"), image(&problem, 2.0).expect("accepted"));
        let usual = problem.scenario().expect("sound");
        let (cheap, dear) = (Scenario::new(&cheap).expect("sound"), Scenario::new(&dear).expect("sound"));
        let mean = |s: &Scenario<'_>, column| s.column(column, 0).iter().map(|&v| f64::from(v)).sum::<f64>();
        let factors = [&cheap, &usual, &dear].map(|s| mean(s, Column::SafetyFactor));
        assert!(factors[0] < factors[1] && factors[1] < factors[2], "{factors:?}");
        let costs = [&usual, &dear].map(|s| mean(s, Column::BackorderCost));
        assert!((costs[1] / costs[0] - 2.0).abs() < 1e-6, "{costs:?}");
    }
}
