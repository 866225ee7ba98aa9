//! HyperScore as feedback: how the score of the last weeks has changed today, for the network and for each node.
//!
//! Parts, weights and curve are the core's; the weights follow the conditions of the same four weeks that
//! [`HyperScoreMonitor`] sees, so that an agent is taught by the score that an operator reads. Without sensitivities
//! the weights are the scenario's own, whatever the conditions.

use restock_core::Scenario;
use restock_core::hyperscore::{Conditions, HyperScore, Parts, SensitivitiesPpm};
use restock_core::kpi::Tally;
use restock_core::monitor::{HyperScoreMonitor, MonitorSettings};

/// Totals fade by one part in so many a day [days].
const WINDOW_DAYS: i64 = 28;

/// The network's score, and every node's own where it is wanted.
pub(super) struct Feedback<'s> {
    scenario: &'s Scenario<'s>,
    /// Share of a node's own score in what it is told, 0 to 1.
    own_share: f32,
    /// Sees the conditions; none where the weights do not follow them.
    monitor: Option<HyperScoreMonitor>,
    network: Sliding,
    /// Shape `[node]`; empty where no node's own score counts.
    nodes: Vec<Sliding>,
}

impl<'s> Feedback<'s> {
    /// A score that has seen nothing yet.
    pub(super) fn new(scenario: &'s Scenario<'s>, own_share: f32) -> Self {
        let follows = scenario.score_parameters().sensitivity != SensitivitiesPpm::NONE;
        Self {
            scenario,
            own_share,
            monitor: follows.then(|| HyperScoreMonitor::new(scenario, MonitorSettings::WEEKLY)),
            network: Sliding::default(),
            nodes: if own_share > 0.0 { vec![Sliding::default(); scenario.node_count()] } else { Vec::new() },
        }
    }

    /// Takes a day: a tally a node.
    pub(super) fn add(&mut self, today: &[Tally], disrupted: bool) {
        let conditions = self.monitor.as_mut().map_or(Conditions::CALM, |monitor| {
            let _ = monitor.watch(today, disrupted);
            monitor.window().conditions
        });
        self.network.add(today);
        let parts = Parts::of(&self.network.totals, self.network.days, self.scenario.reference_holding());
        self.network.note(parts, self.scenario, &conditions);
        for (n, (sliding, tally)) in self.nodes.iter_mut().zip(today).enumerate() {
            sliding.add(std::slice::from_ref(tally));
            let reference_holding = self.scenario.node_reference_holding(n);
            let parts = Parts::of_node(&sliding.totals, sliding.days, reference_holding);
            sliding.note(parts, self.scenario, &conditions);
        }
    }

    /// By how much the score that a node is told has changed today [points]; 0 on the first day.
    pub(super) fn change(&self, node: usize) -> f32 {
        match self.nodes.get(node) {
            Some(own) => self.network.change + self.own_share * (own.change - self.network.change),
            None => self.network.change,
        }
    }
}

/// A score over a sliding month.
#[derive(Clone, Default)]
struct Sliding {
    totals: Tally,
    days: u32,
    last: Option<f32>,
    change: f32,
}

impl Sliding {
    fn add(&mut self, today: &[Tally]) {
        let fade = |x: &mut i64| *x -= *x / WINDOW_DAYS;
        for x in [
            &mut self.totals.demand,
            &mut self.totals.served,
            &mut self.totals.faced,
            &mut self.totals.met,
            &mut self.totals.work_used,
            &mut self.totals.work_capacity,
            &mut self.totals.ledger.holding,
        ] {
            fade(x);
        }
        for tally in today {
            self.totals.add(tally);
        }
        self.days = (self.days + 1).min(WINDOW_DAYS as u32);
    }

    fn note(&mut self, parts: Parts, scenario: &Scenario<'_>, conditions: &Conditions) {
        let score = HyperScore::of_parts(parts, &scenario.score_parameters(), conditions).score as f32;
        self.change = self.last.map_or(0.0, |last| score - last);
        self.last = Some(score);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use restock_core::scenario::ScoreParametersPpm;

    /// A day of the embedded network: customers ask for 100 at the first node and `served` of them are served; the
    /// second is asked for 80 and has `met` of them.
    fn day(scenario: &Scenario<'_>, served: i64, met: i64) -> Vec<Tally> {
        let mut today = vec![Tally::default(); scenario.node_count()];
        (today[0].demand, today[0].served, today[0].faced) = (100, served, 100);
        (today[1].faced, today[1].met) = (80, met);
        today
    }

    fn on_embedded(sensitivity: SensitivitiesPpm, check: impl Fn(&Scenario<'_>)) {
        let mut spec = crate::input::default_network();
        spec.score = ScoreParametersPpm { sensitivity, ..spec.score };
        let image = spec.image().expect("an image");
        check(&Scenario::new(&image).expect("sound"));
    }

    #[test]
    fn the_networks_score_is_the_static_formula_of_the_faded_totals() {
        on_embedded(SensitivitiesPpm::NONE, |scenario| {
            let mut feedback = Feedback::new(scenario, 0.0);
            feedback.add(&day(scenario, 100, 80), true);
            assert_eq!(feedback.change(0), 0.0, "nothing to compare the first day with");
            feedback.add(&day(scenario, 40, 80), true);
            let of = |served, demand, days| {
                let total = Tally { demand, served, ..Tally::default() };
                let p = scenario.score_parameters();
                HyperScore::of_total(&total, days, scenario.reference_holding(), &p).score as f32
            };
            // 100 fades by 3 in whole units: 97 + 100 asked for, 97 + 40 served.
            let wanted = of(137, 197, 2) - of(100, 100, 1);
            assert!(wanted < 0.0);
            assert_eq!((feedback.change(0), feedback.change(1)), (wanted, wanted));
        });
    }

    #[test]
    fn a_nodes_own_score_hears_of_what_the_node_did_and_the_share_mixes_both() {
        on_embedded(SensitivitiesPpm::NONE, |scenario| {
            let changes = |share: f32| {
                let mut feedback = Feedback::new(scenario, share);
                feedback.add(&day(scenario, 100, 80), false);
                // The second node fails its customer; the network's customers are served all the same.
                feedback.add(&day(scenario, 100, 20), false);
                [feedback.change(0), feedback.change(1)]
            };
            let (network, own, half) = (changes(0.0), changes(1.0), changes(0.5));
            assert_eq!(network, [0.0, 0.0]);
            assert!(own[0] == 0.0 && own[1] < 0.0, "{own:?}");
            assert!((half[1] - 0.5 * own[1]).abs() < 1e-6, "{half:?}");
        });
    }

    #[test]
    fn under_sensitivities_the_weights_are_those_that_the_monitor_gives() {
        let mut sensitivity = SensitivitiesPpm::NONE;
        sensitivity.disruption.delivery = 4_000_000;
        let change = |disrupted: bool, sensitivity| {
            let found = std::cell::Cell::new(0.0);
            on_embedded(sensitivity, |scenario| {
                let mut feedback = Feedback::new(scenario, 0.0);
                feedback.add(&day(scenario, 100, 80), disrupted);
                feedback.add(&day(scenario, 40, 80), disrupted);
                found.set(feedback.change(0));
            });
            found.get()
        };
        // In a disruption a lost customer costs more of the score; on calm days as much as without sensitivities.
        assert!(change(true, sensitivity) < 1.05 * change(false, sensitivity), "{}", change(true, sensitivity));
        assert_eq!(change(false, sensitivity), change(false, SensitivitiesPpm::NONE));
    }
}
