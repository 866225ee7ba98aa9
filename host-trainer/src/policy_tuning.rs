//! Settings of reward and learner, looked at by short training runs: what each leads to in money.
//!
//! A look trains from scratch with the settings of a point and weighs the averaged policies on validation paths. What
//! is maximized is minus [`Look::burden`]: cost in units of the textbook rule's, plus [`SERVICE`] for all delivery rate
//! below that rule's. Money alone would be saved by serving less; and a setting of the reward must not mark its own
//! work, so that backlog weighs here what it costs.

use crate::bayesian::Axis;
use crate::evaluate::{self, Contender};
use crate::ppo::PpoError;
use crate::progress::Interrupt;
use crate::train::{Trainer, TrainingConfig};
use restock_core::Scenario;
use restock_core::kpi::Kpis;
use serde::Serialize;

/// What all of the delivery rate is worth, in units of the textbook rule's cost: a point of it below that rule's is a
/// tenth of the cost.
pub const SERVICE: f64 = 10.0;
/// Burden of settings with which training diverges: twice the textbook rule's cost.
const DIVERGED: f64 = 2.0;

/// The settings that are searched, in the order of [`axes`].
const TABLES: [&str; 5] = ["rollout", "rollout", "rollout", "ppo", "ppo"];

/// The box: each setting with its range.
#[must_use]
pub fn axes() -> Vec<Axis> {
    vec![
        Axis::ratio("shortage_weight", 0.5, 4.0),
        Axis::ratio("hyperscore_weight", 0.001, 1.0),
        Axis::even("network_share", 0.0, 1.0),
        Axis::ratio("learning_rate", 1e-4, 5e-3),
        Axis::ratio("entropy_weight", 1e-4, 3e-2),
    ]
}

/// A number with three digits: what is written into a file is what was tried.
fn short(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

/// The settings of a configuration, in the order of [`axes`].
#[must_use]
pub fn settings(config: &TrainingConfig) -> [f64; 5] {
    let (r, p) = (&config.rollout, &config.ppo);
    let exact = |x: f32| x.to_string().parse().unwrap_or(f64::from(x));
    [
        exact(r.shortage_weight),
        exact(r.hyperscore_weight),
        exact(r.network_share),
        p.learning_rate,
        exact(p.entropy_weight),
    ]
}

/// Where a configuration's settings lie in the box: the nearest point of it.
#[must_use]
pub fn point(config: &TrainingConfig) -> Vec<u32> {
    axes().iter().zip(settings(config)).map(|(axis, value)| axis.part(value)).collect()
}

/// A configuration with the settings of a point; nothing else is changed.
#[must_use]
pub fn configured(base: &TrainingConfig, at: &[u32]) -> TrainingConfig {
    let values: Vec<f64> = axes().iter().zip(at).map(|(axis, &part)| short(axis.value(part))).collect();
    let mut config = base.clone();
    let (r, p) = (&mut config.rollout, &mut config.ppo);
    (r.shortage_weight, r.hyperscore_weight, r.network_share) = (values[0] as f32, values[1] as f32, values[2] as f32);
    (p.learning_rate, p.entropy_weight) = (values[3], values[4] as f32);
    config
}

/// What a network folder may include: the `[training]` sections with what was searched.
#[must_use]
pub fn fragment(config: &TrainingConfig) -> String {
    let mut text = String::new();
    for table in ["ppo", "rollout"] {
        text += &format!("[training.{table}]\n");
        let rows = axes().into_iter().zip(settings(config)).zip(TABLES).filter(|(_, of)| *of == table);
        // As TOML writes a float: with a point or an exponent.
        text.extend(rows.map(|((axis, value), _)| format!("{} = {value:?}\n", axis.name)));
    }
    text
}

/// What a policy did on the validation paths.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Look {
    /// Mean cost of a path [currency].
    pub cost: f64,
    /// Units served at once / units demanded.
    pub delivery_rate: f64,
}

impl Look {
    /// What is minimized, against the textbook rule's own look.
    #[must_use]
    pub fn burden(&self, textbook: &Self) -> f64 {
        self.cost / textbook.cost + SERVICE * (textbook.delivery_rate - self.delivery_rate).max(0.0)
    }
}

/// Looks at somebody on the validation paths.
#[must_use]
pub fn look(scenario: &Scenario<'_>, who: &Contender<'_>, config: &TrainingConfig, threads: usize) -> Look {
    let outcomes = evaluate::run(scenario, who, &config.validation(scenario), threads);
    let mut all = Kpis::new(scenario);
    outcomes.iter().for_each(|outcome| all.join(&outcome.kpis));
    Look {
        cost: evaluate::mean_and_interval(&evaluate::costs(scenario, &outcomes)).0,
        delivery_rate: all.fill_rate_ppm() as f64 / 1e6,
    }
}

/// What the settings of a point lead to: minus their burden. None if interrupted.
///
/// # Errors
/// If the settings are out of range; training that diverges is no error, but a burden of twice the textbook rule's.
pub fn value(
    (scenario, names): (&Scenario<'_>, &[String]),
    config: &TrainingConfig,
    textbook: &Look,
    (threads, interrupt): (usize, Interrupt),
    iteration: &mut dyn FnMut(),
) -> Result<Option<f64>, PpoError> {
    let mut trainer = Trainer::new(scenario, names, config.clone(), threads)?;
    while !trainer.is_done() {
        if interrupt.requested() {
            return Ok(None);
        }
        match trainer.iterate() {
            Ok(_) => iteration(),
            Err(error) if error.is_divergence() => {
                (trainer.iteration..config.ppo.iterations).for_each(|_| iteration());
                return Ok(Some(-DIVERGED));
            }
            Err(error) => return Err(error),
        }
    }
    let policies = trainer.averaged_policies();
    let found = look(scenario, &Contender::Float(&policies), config, threads);
    Ok(Some(-found.burden(textbook)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bayesian::{SIDE, Search, random};

    #[test]
    fn what_is_written_into_the_fragment_is_what_was_tried() {
        let base = TrainingConfig::default();
        let search = Search { axes: axes().len(), startup: 0, seed: 2 };
        for at in (0..200).map(|i| random(&search, i)).chain([vec![0; 5], vec![SIDE; 5]]) {
            let config = configured(&base, &at);
            assert_eq!(config.check(), Ok(()));
            let text = format!("{}\n", fragment(&config));
            let read: toml::Table = text.parse().expect("TOML");
            let read: TrainingConfig = read["training"].clone().try_into().expect("settings");
            assert_eq!(read, config, "{text}");
        }
        let near = configured(&base, &point(&base));
        for (a, b) in settings(&near).iter().zip(settings(&base)) {
            assert!((a / b - 1.0).abs() < 0.01, "{near:?}");
        }
    }

    #[test]
    fn serving_less_costs_more_than_it_saves() {
        let textbook = Look { cost: 1000.0, delivery_rate: 0.93 };
        let burden = |cost, delivery_rate| Look { cost, delivery_rate }.burden(&textbook);
        assert_eq!(burden(1000.0, 0.93), 1.0);
        assert_eq!(burden(900.0, 0.99), 0.9, "serving more earns nothing by itself");
        assert!((burden(900.0, 0.92) - 1.0).abs() < 1e-9, "a point less is a tenth of the cost");
    }
}
