//! Policies on the same test paths: who takes part, and what each did.

use crate::baselines;
use crate::evaluate::{self, Contender, Protocol};
use crate::evidence::{Origin, Played};
use crate::failure::{Failure, code};
use crate::progress::{Interrupt, Progress};
use crate::trace::{Recorder, Trace};
use crate::tune::Tuned;
use restock_core::Scenario;

/// One policy that takes part; several of one name where training had several seeds.
pub struct Entrant<'a> {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    /// One per training seed, one of what has none.
    pub contenders: Vec<Contender<'a>>,
}

impl<'a> Entrant<'a> {
    /// One without training seeds.
    #[must_use]
    pub fn new(name: &str, origin: Origin, contender: Contender<'a>) -> Self {
        Self { name: name.to_owned(), origin, contenders: vec![contender] }
    }
}

/// The classical rules as a textbook sets them.
#[must_use]
pub fn textbook_rules(scenario: &Scenario<'_>) -> Vec<Entrant<'static>> {
    let (reorder, up_to) = baselines::reorder_points(scenario);
    let rule = |name: &str, contender| Entrant::new(name, Origin::Textbook, contender);
    vec![
        rule("periodic review (7 days)", Contender::PeriodicReview(7)),
        rule("(s, S)", Contender::ReorderPoint(reorder, up_to)),
        rule("base stock", Contender::BaseStock(baselines::base_stock_levels(scenario))),
        rule("base stock on forecast", Contender::Textbook),
    ]
}

/// Rules with the parameters that tuning found.
#[must_use]
pub fn tuned_rules(scenario: &Scenario<'_>, tuned: &[Tuned]) -> Vec<Entrant<'static>> {
    tuned.iter().map(|it| Entrant::new(it.family.name(), Origin::Tuned, Contender::Rule(it.on(scenario)))).collect()
}

/// Runs everybody on the same paths, and keeps the days of everybody's first seed where they are wanted.
///
/// # Errors
/// If Ctrl-C was pressed.
pub fn play(
    scenario: &Scenario<'_>,
    entrants: &[Entrant<'_>],
    protocol: &Protocol,
    threads: usize,
    progress: &mut Progress,
    interrupt: Interrupt,
    mut traces: Option<&mut Vec<Trace>>,
) -> Result<Vec<Played>, Failure> {
    let mut all = Vec::with_capacity(entrants.len());
    for entrant in entrants {
        let mut outcomes = Vec::with_capacity(entrant.contenders.len());
        for (seed, contender) in entrant.contenders.iter().enumerate() {
            if interrupt.requested() {
                let message = "interrupted; what was tuned is kept, the paths are run again".to_owned();
                return Err(Failure { code: code::INTERRUPTED, message });
            }
            let kept = traces.as_mut().filter(|_| seed == 0);
            let recorder = kept.is_some().then(|| Recorder::new(scenario, protocol.warmup_days + protocol.days));
            outcomes.push(evaluate::run_recorded(scenario, contender, protocol, threads, recorder.as_ref()));
            if let (Some(traces), Some(recorder)) = (kept, recorder) {
                traces.push(recorder.finish(&entrant.name));
            }
            progress.advance(1, &entrant.name);
        }
        all.push(Played { name: entrant.name.clone(), origin: entrant.origin, outcomes });
    }
    Ok(all)
}

/// Runs that all of these take together.
#[must_use]
pub fn count(entrants: &[Entrant<'_>]) -> u64 {
    entrants.iter().map(|entrant| entrant.contenders.len() as u64).sum()
}
