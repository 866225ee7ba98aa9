//! What a comparison is worth: every policy against the best tuned rule, path by path, with intervals.
//!
//! The baseline is the tuned rule that is cheapest *on the test paths*: the choice is made for it, not against it.
//! Dominance is claimed only of a policy that is cheaper, with an interval that excludes zero, at a fill rate that is
//! not lower.

use crate::evaluate::{Outcome, costs};
use crate::statistics::{
    Interval, Regression, RegressionError, clustered, differences, interquartile_mean, mean, regress, tail_mean,
};
use restock_core::Scenario;
use restock_core::hyperscore::HyperScore;
use serde::Serialize;

/// Where a policy comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A rule with the levels of a textbook.
    Textbook,
    /// A rule whose parameters were tuned by simulation.
    Tuned,
    /// A plan of a solver.
    Planned,
    /// Learned.
    Learned,
}

/// What one policy did on the test paths.
pub struct Played {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Its outcomes. Shape `[seed][path]`, one seed for what has none.
    pub outcomes: Vec<Vec<Outcome>>,
}

/// The least that any policy could have cost on the first of the test paths.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bound {
    /// What it is.
    pub name: String,
    /// Lower bound of the cost of each path [currency]. Shape `[path]`.
    pub costs: Vec<f64>,
}

/// One policy against the baseline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Its name.
    pub policy: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Training seeds.
    pub seeds: usize,
    /// Mean cost of a path [currency].
    pub cost: f64,
    /// The same less what stock, in transit included, is worth more at the end than at the beginning [currency].
    pub cost_stock_valued: f64,
    /// Cost less the baseline's on the same path [% of the baseline's]; none of the baseline itself.
    pub cost_difference_percent: Option<Interval>,
    /// Fill rate less the baseline's [points].
    pub fill_rate_difference_points: Option<Interval>,
    /// Mean cost of the middle half of seeds and paths [currency].
    pub interquartile_cost: f64,
    /// Mean cost of the dearest training seed [currency].
    pub worst_seed_cost: f64,
    /// Mean cost of the dearest 5 % of seeds and paths [currency].
    pub tail_cost: f64,
    /// (baseline - policy) / (baseline - bound); none without a bound.
    pub gap_closed: Option<f64>,
    /// What may be said of it.
    pub verdict: Verdict,
}

/// What may be said of a policy beside the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is the baseline.
    Baseline,
    /// Cheaper, the interval excludes zero, at a fill rate that is not lower.
    Dominates,
    /// Cheaper likewise, at a lower fill rate.
    CheaperServesLess,
    /// Dearer, the interval excludes zero.
    Dearer,
    /// The interval of the cost holds zero, or there is none.
    Open,
}

impl Verdict {
    /// By the intervals of cost and fill rate, policy less baseline.
    #[must_use]
    pub fn of(cost: &Interval, fill: &Interval) -> Self {
        match (cost.is_below_zero(), cost.is_above_zero()) {
            (true, _) if fill.mean >= 0.0 => Self::Dominates,
            (true, _) => Self::CheaperServesLess,
            (_, true) => Self::Dearer,
            _ => Self::Open,
        }
    }

    /// In words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Baseline => "the baseline",
            Self::Dominates => "dominates",
            Self::CheaperServesLess => "serves less",
            Self::Dearer => "dearer",
            Self::Open => "not decided",
        }
    }
}

/// Every policy against the best tuned rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// The baseline's name.
    pub baseline: String,
    /// Test paths.
    pub paths: usize,
    /// The bound, where there is one.
    pub bound: Option<Bound>,
    /// One entry a policy, in the order of the comparison.
    pub rows: Vec<Row>,
}

/// Costs of all cells [currency]. Shape `[seed][path]`.
#[must_use]
pub fn cost_cells(scenario: &Scenario<'_>, played: &Played) -> Vec<Vec<f64>> {
    played.outcomes.iter().map(|row| costs(scenario, row)).collect()
}

/// Units served at once over the mean demand of a path: their differences over policies are differences of the fill
/// rate of all paths together, since demand does not depend on the policy. Shape `[seed][path]`.
#[must_use]
pub fn fill_cells(played: &Played) -> Vec<Vec<f64>> {
    let demands = played.outcomes.iter().flatten().map(|outcome| outcome.kpis.total().demand as f64);
    let demand = mean(&demands.collect::<Vec<_>>());
    let share = |outcome: &Outcome| {
        if demand > 0.0 { outcome.kpis.total().served as f64 / demand } else { 1.0 }
    };
    played.outcomes.iter().map(|row| row.iter().map(share).collect()).collect()
}

/// Mean of all cells.
fn mean_of(cells: &[Vec<f64>]) -> f64 {
    mean(&cells.iter().flatten().copied().collect::<Vec<_>>())
}

/// The cheapest of the tuned rules; the cheapest of all rules where none was tuned. None where there are no rules.
#[must_use]
pub fn best_rule<'p>(scenario: &Scenario<'_>, all: &'p [Played]) -> Option<&'p Played> {
    let of = |origin: Origin| all.iter().filter(move |played| played.origin == origin);
    let cost = |played: &&Played| mean_of(&cost_cells(scenario, played));
    let cheapest = |origin: Origin| of(origin).min_by(|a, b| cost(a).total_cmp(&cost(b)));
    cheapest(Origin::Tuned).or_else(|| cheapest(Origin::Textbook))
}

/// Cost [%] and fill rate [points] of `played` less those of `base`, path by path.
#[must_use]
pub fn against(scenario: &Scenario<'_>, played: &Played, base: &Played, seed: u64) -> (Interval, Interval) {
    let base_costs = cost_cells(scenario, base);
    let base_cost = mean_of(&base_costs);
    let cost = clustered(&differences(&cost_cells(scenario, played), &base_costs), seed);
    let fill = clustered(&differences(&fill_cells(played), &fill_cells(base)), seed);
    (cost.scaled(if base_cost > 0.0 { 100.0 / base_cost } else { f64::NAN }), fill.scaled(100.0))
}

/// Weighs every policy against the best tuned rule. None where there is no rule to stand against.
#[must_use]
pub fn weigh(scenario: &Scenario<'_>, all: &[Played], bound: Option<Bound>, seed: u64) -> Option<Evidence> {
    let base = best_rule(scenario, all)?;
    let base_costs = cost_cells(scenario, base);
    let rows = all.iter().map(|played| {
        let cells = cost_cells(scenario, played);
        let all: Vec<f64> = cells.iter().flatten().copied().collect();
        let difference = (!std::ptr::eq(played, base)).then(|| against(scenario, played, base, seed));
        let money = f64::from(scenario.money_scale());
        let gain = played.outcomes.iter().flatten().map(|outcome| outcome.stock_gain as f64 / money);
        let gain = mean(&gain.collect::<Vec<_>>());
        let seed_costs = cells.iter().map(|row| mean(row));
        Row {
            policy: played.name.clone(),
            origin: played.origin,
            seeds: cells.len(),
            cost: mean(&all),
            cost_stock_valued: mean(&all) - gain,
            cost_difference_percent: difference.map(|(cost, _)| cost),
            fill_rate_difference_points: difference.map(|(_, fill)| fill),
            interquartile_cost: interquartile_mean(&all),
            worst_seed_cost: seed_costs.fold(f64::NAN, f64::max),
            tail_cost: tail_mean(&all),
            gap_closed: bound.as_ref().and_then(|bound| gap_closed(&cells, &base_costs, bound)),
            verdict: difference.map_or(Verdict::Baseline, |(cost, fill)| Verdict::of(&cost, &fill)),
        }
    });
    let paths = base_costs.first().map_or(0, Vec::len);
    Some(Evidence { baseline: base.name.clone(), paths, rows: rows.collect(), bound })
}

/// `(base - policy) / (base - bound)` on the paths that have a bound; none where the baseline is at the bound.
fn gap_closed(cells: &[Vec<f64>], base: &[Vec<f64>], bound: &Bound) -> Option<f64> {
    let first = |rows: &[Vec<f64>]| {
        let rows: Vec<Vec<f64>> =
            rows.iter().map(|row| row.iter().copied().take(bound.costs.len()).collect()).collect();
        mean_of(&rows)
    };
    let (policy, base, least) = (first(cells), first(base), mean(&bound.costs));
    let gap = base - least;
    (gap > 0.0 && !bound.costs.is_empty()).then(|| (base - policy) / gap)
}

/// Cost [currency] and fill rate [points] of all cells of all policies, each explained by stock, lead time, reliability
/// and HyperScore:
///
/// - stock: mean value on hand [currency];
/// - lead time: value in transit / cost of goods sold a day [days], the time on the way by Little's law;
/// - reliability: accepted units / received units [points];
/// - HyperScore of the path [points].
///
/// # Errors
/// For each of the two, if there is no unique fit.
pub fn regressions(scenario: &Scenario<'_>, all: &[Played]) -> [Result<Regression, RegressionError>; 2] {
    let money = f64::from(scenario.money_scale());
    let (mut cost, mut fill) = (Vec::new(), Vec::new());
    let mut columns = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for outcome in all.iter().flat_map(|played| played.outcomes.iter().flatten()) {
        let total = outcome.kpis.total();
        let days = f64::from(outcome.kpis.days().max(1));
        cost.push(outcome.kpis.total_cost() as f64 / money);
        fill.push(100.0 * total.fill_rate_ppm() as f64 / 1e6);
        columns[0].push(total.stock_value as f64 / days / money);
        columns[1].push(if total.sold_value > 0 { total.transit_value as f64 / total.sold_value as f64 } else { 0.0 });
        let scrapped = if total.received > 0 { total.scrapped as f64 / total.received as f64 } else { 0.0 };
        columns[2].push(100.0 * (1.0 - scrapped));
        columns[3].push(HyperScore::of(&outcome.kpis, &scenario.score_parameters()).score);
    }
    let names = ["stock", "lead time", "reliability", "HyperScore"];
    // What does not vary here (nothing is ever scrapped, say) explains nothing and is left out.
    let varies = |values: &Vec<f64>| values.iter().any(|v| (v - values[0]).abs() > 1e-9 * values[0].abs());
    let regressors: Vec<(&str, Vec<f64>)> =
        names.into_iter().zip(columns).filter(|(_, values)| varies(values)).collect();
    [regress("cost", &cost, &regressors), regress("fill rate", &fill, &regressors)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{self, Contender, Protocol};
    use crate::problem::Problem;

    fn interval(low: f64, high: f64) -> Interval {
        Interval { mean: 0.5 * (low + high), low, high, p_value: 0.5 }
    }

    #[test]
    fn dominance_needs_a_lower_cost_and_no_lower_service() {
        let verdict =
            |cost: (f64, f64), fill: (f64, f64)| Verdict::of(&interval(cost.0, cost.1), &interval(fill.0, fill.1));
        assert_eq!(verdict((-3.0, -1.0), (0.1, 0.2)), Verdict::Dominates);
        assert_eq!(verdict((-3.0, -1.0), (-0.2, 0.1)), Verdict::CheaperServesLess);
        assert_eq!(verdict((-3.0, 0.1), (0.1, 0.2)), Verdict::Open);
        assert_eq!(verdict((0.2, 0.4), (0.1, 0.2)), Verdict::Dearer);
        assert_eq!(verdict((f64::NAN, f64::NAN), (0.1, 0.2)), Verdict::Open);
    }

    #[test]
    fn the_gap_is_closed_from_the_baseline_to_the_bound() {
        let bound = Bound { name: "hindsight".to_owned(), costs: vec![50.0, 70.0] };
        let base = vec![vec![100.0, 100.0, 900.0]];
        assert_eq!(gap_closed(&base, &base, &bound), Some(0.0));
        assert_eq!(gap_closed(&[vec![50.0, 70.0, 1.0]], &base, &bound), Some(1.0));
        assert_eq!(gap_closed(&[vec![80.0, 80.0, 1.0], vec![80.0, 80.0, 1.0]], &base, &bound), Some(0.5));
        assert_eq!(gap_closed(&base, &[vec![50.0, 70.0, 3.0]], &bound), None);
    }

    #[test]
    fn the_cheapest_tuned_rule_is_the_baseline_and_the_figures_fit_together() {
        let problem = Problem::embedded().expect("embedded");
        let scenario = problem.scenario().expect("sound");
        let protocol = Protocol { seed: 5, replicas: 6, first_day: 0, warmup_days: 10, days: 80 };
        let play = |name: &str, origin, contender: Contender<'_>| Played {
            name: name.to_owned(),
            origin,
            outcomes: vec![evaluate::run(&scenario, &contender, &protocol, 1)],
        };
        let all = [
            play("periodic", Origin::Textbook, Contender::PeriodicReview(7)),
            play("dear", Origin::Tuned, Contender::PeriodicReview(21)),
            play("textbook", Origin::Tuned, Contender::Textbook),
        ];
        let bound = Bound { name: "nothing".to_owned(), costs: vec![0.0; 6] };
        let evidence = weigh(&scenario, &all, Some(bound), 1).expect("there are rules");
        assert_eq!((evidence.baseline.as_str(), evidence.paths), ("textbook", 6));
        let row = |i: usize| &evidence.rows[i];
        assert_eq!((row(2).verdict, row(2).cost_difference_percent), (Verdict::Baseline, None));
        let difference = row(1).cost_difference_percent.expect("an interval");
        assert!((difference.mean - 100.0 * (row(1).cost / row(2).cost - 1.0)).abs() < 1e-9);
        assert!(row(1).verdict == Verdict::Dearer && difference.low <= difference.mean, "{evidence:?}");
        // Against a bound of nothing the share of the gap is the share of the cost.
        let closed = row(1).gap_closed.expect("a bound");
        assert!((closed - (1.0 - row(1).cost / row(2).cost)).abs() < 1e-9);
        let pooled = |i: usize| {
            let total = |of: fn(&restock_core::kpi::Tally) -> i64| -> f64 {
                all[i].outcomes[0].iter().map(|o| of(&o.kpis.total()) as f64).sum()
            };
            100.0 * total(|t| t.served) / total(|t| t.demand)
        };
        let fill = row(1).fill_rate_difference_points.expect("an interval").mean;
        assert!((fill - (pooled(1) - pooled(2))).abs() < 1e-9, "{fill}");
        for row in &evidence.rows {
            assert!(row.tail_cost >= row.cost && row.worst_seed_cost == row.cost, "{row:?}");
        }
        let [cost, fill] = regressions(&scenario, &all);
        let (cost, fill) = (cost.expect("a fit"), fill.expect("a fit"));
        assert_eq!((cost.rows, fill.rows), (18, 18));
        assert!((0.0..=1.0).contains(&cost.r_squared) && cost.coefficients.len() == 5, "{cost:?}");
    }
}
