//! The families of rules that are tuned: which numbers each has, and the rule that some numbers make.
//!
//! Every number is relative to the textbook: the first point of every search is the textbook rule. They are few, one
//! of each kind for a node where there are at most [`GROUPS_MAX`] nodes, else for an echelon, else for all nodes.

use super::rule::{Follow, Levels, Rule};
use super::search::Axis;
use crate::baselines::{Stockpoint, each};
use crate::rollout::effort_matters;
use restock_core::Scenario;
use restock_core::layout::{Column, EFFORTS};
use restock_core::order::UNLIMITED;
use restock_core::scenario::PROTECTION_DAYS_MAX;
use serde::{Deserialize, Serialize};

/// Most groups of nodes with numbers of their own: five numbers each are then at most fifteen.
const GROUPS_MAX: usize = 3;
/// Period that periodic review starts from [days].
const PERIOD_DAYS: f64 = 7.0;
/// From this order cap on there is none [octaves of a review period's demand].
const CAP_NONE: f64 = 6.0;
/// At this safety factor of the fast route nothing is rushed [standard deviations].
const RUSH_NONE: f64 = -4.0;

/// A family of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Order up to a fixed level every few days.
    PeriodicReview,
    /// (s, S): order up to S at or below s.
    ReorderPoint,
    /// Order up to a fixed level.
    BaseStock,
    /// The same with a cap on each order.
    CappedBaseStock,
    /// Order echelon stock up to a level that follows the forecast: knows the stock of all that is downstream.
    EchelonBaseStock,
    /// Order up to a level that follows the forecast, with a cap: what a learned policy can do, without what it sees.
    ForecastBaseStock,
}

/// What a number does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Added to the textbook safety factor z [standard deviations].
    Offset,
    /// Factor of mean demand over the protection interval.
    Scale,
    /// Order cap [octaves of a review period's demand].
    Cap,
    /// What S lies over s [octaves of the textbook's].
    Quantity,
    /// Negotiation effort [steps].
    Effort,
    /// Safety factor of the fast route's level [standard deviations].
    Rush,
    /// Days between orders [days].
    Period,
}

impl Kind {
    fn axis(self) -> Axis {
        let axis = |start, least, most, step, step_min| Axis { start, least, most, step, step_min };
        match self {
            Self::Offset => axis(0.0, -4.0, 8.0, 0.5, 0.02),
            Self::Scale => axis(1.0, 0.2, 4.0, 0.1, 0.004),
            Self::Cap => axis(CAP_NONE, -1.0, CAP_NONE, -3.0, 0.1),
            Self::Quantity => axis(0.0, -4.0, 4.0, 0.7, 0.05),
            Self::Effort => axis(0.0, 0.0, EFFORTS as f64, 1.0, 1.0),
            Self::Rush => axis(RUSH_NONE, RUSH_NONE, 4.0, 3.0, 0.05),
            Self::Period => axis(PERIOD_DAYS, 1.0, 56.0, -3.0, 1.0),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Offset => "z offset",
            Self::Scale => "mean factor",
            Self::Cap => "cap octaves",
            Self::Quantity => "quantity octaves",
            Self::Effort => "effort",
            Self::Rush => "rush z",
            Self::Period => "period days",
        }
    }
}

/// One number of a rule: what it does, and for which group of nodes (none: all of them).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Number {
    kind: Kind,
    group: Option<usize>,
}

/// A family on a scenario.
pub struct Tunable<'s> {
    family: Family,
    scenario: &'s Scenario<'s>,
    /// Group of each node.
    groups: Vec<usize>,
    numbers: Vec<Number>,
}

impl Family {
    /// All families, the paper's baseline first.
    pub const ALL: [Self; 6] = [
        Self::PeriodicReview,
        Self::ReorderPoint,
        Self::BaseStock,
        Self::CappedBaseStock,
        Self::EchelonBaseStock,
        Self::ForecastBaseStock,
    ];

    /// Name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PeriodicReview => "tuned periodic review",
            Self::ReorderPoint => "tuned (s, S)",
            Self::BaseStock => "tuned base stock",
            Self::CappedBaseStock => "tuned capped base stock",
            Self::EchelonBaseStock => "tuned echelon on forecast",
            Self::ForecastBaseStock => "tuned base stock on forecast",
        }
    }

    /// Whether the rule makes sense there: echelon stock of a component would have to be counted in what it went into.
    #[must_use]
    pub fn fits(self, scenario: &Scenario<'_>) -> bool {
        self != Self::EchelonBaseStock || scenario.nodes().iter().all(|node| node.bom_lines == 0)
    }

    fn kinds(self) -> &'static [Kind] {
        match self {
            Self::PeriodicReview | Self::BaseStock | Self::EchelonBaseStock => &[Kind::Offset, Kind::Scale],
            Self::ReorderPoint => &[Kind::Offset, Kind::Scale, Kind::Quantity],
            Self::CappedBaseStock | Self::ForecastBaseStock => &[Kind::Offset, Kind::Scale, Kind::Cap],
        }
    }

    /// Whether it may rush orders over a fast route: a rule of every day (a periodic one would rush between its turns).
    fn rushes(self) -> bool {
        self != Self::PeriodicReview
    }

    /// The family's numbers on a scenario.
    #[must_use]
    pub fn on<'s>(self, scenario: &'s Scenario<'s>) -> Tunable<'s> {
        let groups = groups(scenario);
        let count = groups.iter().max().map_or(0, |most| most + 1);
        let mut numbers = Vec::new();
        if self == Self::PeriodicReview {
            numbers.push(Number { kind: Kind::Period, group: None });
        }
        for group in 0..count {
            let negotiates = (0..scenario.node_count()).any(|n| groups[n] == group && effort_matters(scenario, n));
            let effort: &[Kind] = if negotiates { &[Kind::Effort] } else { &[] };
            let fast =
                scenario.nodes().iter().enumerate().any(|(n, node)| groups[n] == group && node.express.is_some());
            let rush: &[Kind] = if fast && self.rushes() { &[Kind::Rush] } else { &[] };
            let kinds = self.kinds().iter().chain(effort).chain(rush);
            numbers.extend(kinds.map(|&kind| Number { kind, group: Some(group) }));
        }
        Tunable { family: self, scenario, groups, numbers }
    }
}

/// Group of each node: itself, its echelon, or all alike, whatever makes at most [`GROUPS_MAX`].
fn groups(scenario: &Scenario<'_>) -> Vec<usize> {
    let nodes = scenario.nodes();
    let echelons = nodes.iter().map(|node| usize::from(node.echelon) + 1).max().unwrap_or(0);
    if nodes.len() <= GROUPS_MAX {
        (0..nodes.len()).collect()
    } else if echelons <= GROUPS_MAX {
        nodes.iter().map(|node| usize::from(node.echelon)).collect()
    } else {
        vec![0; nodes.len()]
    }
}

impl Tunable<'_> {
    /// What is searched, number by number.
    #[must_use]
    pub fn axes(&self) -> Vec<Axis> {
        self.numbers.iter().map(|number| number.kind.axis()).collect()
    }

    /// What each number is called: `z offset of shop`.
    #[must_use]
    pub fn names(&self, nodes: &[String]) -> Vec<String> {
        let of = |group: usize| {
            let named = self.groups.iter().zip(nodes).filter(|(g, _)| **g == group).map(|(_, name)| name.as_str());
            let named: Vec<&str> = named.collect();
            match named.len() {
                0..=2 => named.join(" and "),
                count if count == nodes.len() => "all nodes".to_owned(),
                _ => format!("echelon {group}"),
            }
        };
        self.numbers
            .iter()
            .map(|it| {
                it.group.map_or_else(|| it.kind.name().to_owned(), |g| format!("{} of {}", it.kind.name(), of(g)))
            })
            .collect()
    }

    /// A kind's number at a node; what the textbook has where the family has none.
    fn at(&self, kind: Kind, node: usize, numbers: &[f64]) -> f64 {
        let group = self.groups[node];
        let fits = |number: &Number| number.kind == kind && number.group.is_none_or(|g| g == group);
        let found = self.numbers.iter().zip(numbers).find(|(number, _)| fits(number));
        let value = found.map_or_else(|| kind.axis().start, |(_, value)| *value);
        value.clamp(kind.axis().least, kind.axis().most)
    }

    /// The rule that these numbers make. Shape `[number]`, as [`Tunable::axes`].
    #[must_use]
    pub fn rule(&self, numbers: &[f64]) -> Rule {
        let level = |s: &Stockpoint, days: f64| {
            let stretch = days / s.protection_days.max(1.0);
            let z = s.safety_factor + self.at(Kind::Offset, s.node, numbers);
            self.at(Kind::Scale, s.node, numbers) * s.protection_mean * stretch + z * s.deviation * stretch.sqrt()
        };
        let usual = |s: &Stockpoint| level(s, s.protection_days);
        let levels = match self.family {
            Family::PeriodicReview => {
                let period_days = self.at(Kind::Period, 0, numbers).round();
                // The interval between two orders in place of the review period: whole reviews.
                let turns = |s: &Stockpoint| (period_days / s.review_days).ceil().max(1.0) * s.review_days;
                let level = each(self.scenario, |s| level(s, s.protection_days - s.review_days + turns(s)).ceil());
                Levels::Periodic { level, period_days: period_days as u32 }
            }
            Family::ReorderPoint => {
                let over = |s: &Stockpoint| {
                    (s.economic_quantity() - s.mean).max(0.0) * self.at(Kind::Quantity, s.node, numbers).exp2()
                };
                Levels::ReorderPoint {
                    reorder: each(self.scenario, |s| (usual(s) - 1.0).ceil()),
                    up_to: each(self.scenario, |s| (usual(s) + over(s)).ceil()),
                }
            }
            Family::BaseStock | Family::CappedBaseStock => {
                let cap = |s: &Stockpoint| match self.cap(s.node, numbers) {
                    Some(factor) => (s.mean * s.review_days * factor).ceil(),
                    None => f64::INFINITY,
                };
                let cap = match self.family {
                    Family::BaseStock => vec![UNLIMITED; self.scenario.stockpoints()],
                    _ => each(self.scenario, cap),
                };
                Levels::Fixed { level: each(self.scenario, |s| usual(s).ceil()), cap }
            }
            Family::EchelonBaseStock => {
                let (below, days) = self.echelons();
                Levels::Echelon { follow: self.follow(numbers), days, below }
            }
            Family::ForecastBaseStock => Levels::Forecast(self.follow(numbers)),
        };
        let nodes = || 0..self.scenario.node_count();
        let rush = |n| Some(self.at(Kind::Rush, n, numbers)).filter(|&z| z > RUSH_NONE);
        Rule {
            levels,
            effort: nodes().map(|n| self.at(Kind::Effort, n, numbers).round() as i32).collect(),
            rush_q8: nodes().map(|n| rush(n).map(|z| (z * 256.0).round() as i32)).collect(),
        }
    }

    /// Order cap in multiples of a review period's demand; none where nothing is capped.
    fn cap(&self, node: usize, numbers: &[f64]) -> Option<f64> {
        Some(self.at(Kind::Cap, node, numbers)).filter(|&octaves| octaves < CAP_NONE).map(f64::exp2)
    }

    fn follow(&self, numbers: &[f64]) -> Vec<Follow> {
        let q8 = |value: f64| (value * 256.0).round() as i32;
        (0..self.scenario.node_count())
            .map(|n| Follow {
                scale_q8: q8(self.at(Kind::Scale, n, numbers)),
                offset_q8: q8(self.at(Kind::Offset, n, numbers)),
                cap_q8: self.cap(n, numbers).map(q8),
            })
            .collect()
    }

    /// The nodes below each node, and the days from tomorrow until what it orders is at the customer: its own
    /// protection interval and the longest way below. Shapes `[node][any]` and `[node][product]`.
    fn echelons(&self) -> (Vec<Vec<usize>>, Vec<u32>) {
        let (s, products) = (self.scenario, self.scenario.products());
        let mut below: Vec<Vec<usize>> = vec![Vec::new(); s.node_count()];
        let mut days = vec![0u32; s.stockpoints()];
        // Customers stand before their suppliers.
        for node in 0..s.node_count() {
            let lanes = s.lanes().iter().filter(|lane| lane.supplier == Some(node));
            let customers: Vec<usize> = lanes.map(|lane| lane.customer).collect();
            let mut all: Vec<usize> =
                customers.iter().flat_map(|&c| below[c].clone()).chain(customers.clone()).collect();
            all.sort_unstable();
            all.dedup();
            below[node] = all;
            for p in 0..products {
                let own = u32::try_from(s.column(Column::ProtectionDays, node)[p]).unwrap_or(0);
                let way = customers.iter().map(|&c| days[c * products + p]).max().unwrap_or(0);
                days[node * products + p] = (own + way).min(PROTECTION_DAYS_MAX as u32);
            }
        }
        (below, days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baselines;
    use crate::evaluate::{self, Contender, Protocol};
    use crate::problem::Problem;

    const PROTOCOL: Protocol = Protocol { seed: 12, replicas: 1, first_day: 0, warmup_days: 10, days: 60 };

    /// A rule's costs and digest on one short path of the embedded default.
    fn run(scenario: &Scenario<'_>, contender: &Contender<'_>) -> (i64, u64) {
        let outcome = &evaluate::run(scenario, contender, &PROTOCOL, 1)[0];
        (outcome.kpis.total_cost(), outcome.digest)
    }

    #[test]
    fn every_search_starts_from_the_textbook_rule() {
        let problem = Problem::embedded().expect("embedded");
        let scenario = problem.scenario().expect("sound");
        let (reorder, up_to) = baselines::reorder_points(&scenario);
        let textbook = |family: Family| match family {
            Family::PeriodicReview => Some(Contender::PeriodicReview(7)),
            Family::ReorderPoint => Some(Contender::ReorderPoint(reorder.clone(), up_to.clone())),
            Family::BaseStock | Family::CappedBaseStock => {
                Some(Contender::BaseStock(baselines::base_stock_levels(&scenario)))
            }
            Family::ForecastBaseStock => Some(Contender::Textbook),
            // The textbook has no level of echelon stock.
            Family::EchelonBaseStock => None,
        };
        for family in Family::ALL {
            let tunable = family.on(&scenario);
            let start: Vec<f64> = tunable.axes().iter().map(|axis| axis.start).collect();
            assert!((1..=15).contains(&start.len()), "{family:?} has {} numbers", start.len());
            assert_eq!(tunable.names(&problem.names.nodes).len(), start.len());
            let Some(textbook) = textbook(family) else { continue };
            let (found, wanted) = (run(&scenario, &Contender::Rule(tunable.rule(&start))), run(&scenario, &textbook));
            if family == Family::PeriodicReview {
                // Its level is rounded from floats here, from integers in the core.
                let off = (found.0 - wanted.0).abs() as f64 / wanted.0 as f64;
                assert!(off < 0.002, "{found:?} instead of {wanted:?}");
            } else {
                assert_eq!(found, wanted, "{family:?}");
            }
        }
    }

    #[test]
    fn every_number_of_a_rule_changes_what_it_does() {
        let problem = Problem::embedded().expect("embedded");
        let scenario = problem.scenario().expect("sound");
        for family in Family::ALL {
            let tunable = family.on(&scenario);
            let axes = tunable.axes();
            let start: Vec<f64> = axes.iter().map(|axis| axis.start).collect();
            let usual = run(&scenario, &Contender::Rule(tunable.rule(&start)));
            for (i, name) in tunable.names(&problem.names.nodes).iter().enumerate() {
                let mut other = start.clone();
                other[i] = if start[i] > axes[i].least { axes[i].least } else { 1.0 };
                let found = run(&scenario, &Contender::Rule(tunable.rule(&other)));
                assert_ne!(found.1, usual.1, "{family:?}: {name} from {} to {}", start[i], other[i]);
            }
        }
    }
}
