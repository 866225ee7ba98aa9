//! Where learning starts: the best choice that never changes.
//!
//! A fresh policy is a rule: at each node one choice of every head for all products on all days, such as the
//! textbook's. The textbook's is not the best of these, and learning finds a better one only slowly, by chance; a search
//! along the heads, as classical rules are tuned, finds it in seconds. What is learned from there on is what no such
//! rule can do: to choose by what is seen.
//!
//! On the default network the textbook costs 190 thousand pounds a year, the best constant choice 153 thousand,
//! which 180 iterations from the textbook reached only at their end (`results/learning.md`).

use crate::evaluate::{Contender, Outcome, Protocol};
use crate::model::HeadMask;
use crate::rollout::mask_of;
use crate::tune::{Axis, minimize};
use restock_core::action::{Choice, HEADS};
use restock_core::policy::{Actions, NodeView};
use restock_core::{Policy, Scenario};

/// Heads that are searched: a weight that is the same for all products weighs nothing.
const SEARCHED: [usize; 5] = [0, 1, 3, 4, 5];

/// The same choices for every product on every day. Shape `[node]`.
#[derive(Clone, Debug)]
pub struct ConstantChoice(pub Vec<Choice>);

impl Policy for ConstantChoice {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        let (choice, outlooks) = (self.0[view.node()], view.outlooks());
        for product in 0..view.products() {
            actions.set(product, &outlooks.of(product), choice);
        }
    }
}

/// The best constant choice of each node that a search of `looks` at the protocol's paths finds, from the textbook's on;
/// `cost` says what outcomes cost.
#[must_use]
pub fn best_constant_choice(
    scenario: &Scenario<'_>,
    protocol: &Protocol,
    looks: u32,
    threads: usize,
    cost: &dyn Fn(&[Outcome]) -> f64,
) -> Vec<Choice> {
    let masks: Vec<HeadMask> = (0..scenario.node_count()).map(|n| mask_of(scenario, n)).collect();
    let searched: Vec<(usize, usize)> = (0..masks.len())
        .flat_map(|n| SEARCHED.map(|head| (n, head)))
        .filter(|&(n, head)| masks[n].allowed(head).count() > 1)
        .collect();
    let textbook = Choice::TEXTBOOK.heads();
    let axes: Vec<Axis> = searched
        .iter()
        .map(|&(n, head)| {
            let most = masks[n].allowed(head).count() as f64 - 1.0;
            let start = f64::from(textbook[head]).min(most);
            // A quarter of the head's range at first, towards its middle.
            let step = (most / 4.0).round().max(1.0);
            Axis { start, least: 0.0, most, step: if 2.0 * start > most { -step } else { step }, step_min: 1.0 }
        })
        .collect();
    let choices_of = |at: &[f64]| {
        let mut heads: Vec<[u8; HEADS]> = vec![textbook; masks.len()];
        for (&(n, head), &place) in searched.iter().zip(at) {
            let mut allowed = masks[n].allowed(head);
            let first = crate::model::heads::head_outputs(head).start;
            heads[n][head] = allowed.nth(place as usize).map_or(textbook[head], |output| (output - first) as u8);
        }
        heads.into_iter().map(Choice::from_heads).collect::<Vec<_>>()
    };
    let found = minimize(&axes, looks, &mut |at| {
        let policy = ConstantChoice(choices_of(at));
        let contender = Contender::Made(Box::new(move |_| Box::new(policy.clone())));
        Some(cost(&crate::evaluate::run(scenario, &contender, protocol, threads)))
    });
    choices_of(&found.map_or_else(|| axes.iter().map(|axis| axis.start).collect(), |found| found.at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate;
    use crate::problem::Problem;
    use crate::train::year;

    #[test]
    fn the_best_constant_choice_is_better_than_the_textbook_s_and_allowed() {
        let problem = Problem::embedded().expect("embedded");
        let scenario = problem.scenario().expect("sound");
        let protocol = Protocol { days: 120, warmup_days: 20, ..year(&scenario, 3, 1) };
        let cost = |outcomes: &[Outcome]| evaluate::costs(&scenario, outcomes)[0];
        let none = best_constant_choice(&scenario, &protocol, 1, 1, &cost);
        assert!(none.iter().all(|&choice| choice == Choice::TEXTBOOK), "one look is the textbook's");
        let best = best_constant_choice(&scenario, &protocol, 60, 1, &cost);
        for (n, choice) in best.iter().enumerate() {
            let mask = mask_of(&scenario, n);
            for (head, place) in choice.heads().into_iter().enumerate() {
                let output = crate::model::heads::head_outputs(head).start + usize::from(place);
                assert!(mask.allows(output), "node {n} head {head}: {place}");
            }
        }
        let of = |choices: Vec<Choice>| {
            let policy = ConstantChoice(choices);
            let contender = Contender::Made(Box::new(move |_| Box::new(policy.clone())));
            cost(&evaluate::run(&scenario, &contender, &protocol, 1))
        };
        let (textbook, best) = (of(none), of(best));
        let by_rule = cost(&evaluate::run(&scenario, &Contender::Textbook, &protocol, 1));
        assert_eq!(textbook, by_rule, "the textbook's choice is the textbook rule");
        assert!(best < 0.95 * textbook, "{best} {textbook}");
    }
}
