//! Tuning of classical rules by simulation: what a learned policy has to beat.
//!
//! Every rule gets the same budget, in simulated days, on the same paths of the *training* seed (common random
//! numbers); what is found is kept in the run folder and not searched again there. The search knows nothing of the
//! validation and test paths.

mod family;
mod rule;
mod search;

pub use family::{Family, Tunable};
pub use rule::{AtWork, Follow, Levels, Rule};
pub use search::{Axis, Found, minimize};

use crate::evaluate::{self, Contender, Protocol};
use crate::failure::{Failure, code};
use crate::progress::{Interrupt, Progress};
use crate::run_folder::RunFolder;
use crate::train::{training_seed, year};
use restock_core::Scenario;
use serde::{Deserialize, Serialize};

/// File of a run folder that keeps what was found.
const FILE: &str = "tuned.json";
/// Version of that file and of the searches behind it: what another one found is searched again.
const VERSION: u32 = 2;

/// What one rule may spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Looks at a rule's cost with some parameters.
    pub looks: u32,
    /// Paths of each look.
    pub paths: u32,
}

/// A rule with the parameters that a search found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tuned {
    /// The family.
    pub family: Family,
    /// What each parameter is called.
    pub names: Vec<String>,
    /// The parameters.
    pub parameters: Vec<f64>,
    /// Mean cost of a tuning path with them [currency].
    pub cost: f64,
    /// The same of the textbook rule that the search started from [currency].
    pub cost_start: f64,
    /// Looks that were taken.
    pub looks: u32,
    /// Days that were simulated [days].
    pub simulated_days: u64,
}

/// What a run folder keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Version of this document.
    pub version: u32,
    /// Digest of the scenario.
    pub scenario_hash: String,
    /// Which days of which paths were looked at.
    pub protocol: Protocol,
    /// What each rule might spend.
    pub budget: Budget,
    /// One entry a rule.
    pub rules: Vec<Tuned>,
}

impl Tuned {
    /// The rule on a scenario with as many nodes.
    #[must_use]
    pub fn on(&self, scenario: &Scenario<'_>) -> Rule {
        self.family.on(scenario).rule(&self.parameters)
    }
}

/// Searches one family's parameters; from `start` where some are known. `None` if interrupted.
#[must_use]
pub fn tune(
    scenario: &Scenario<'_>,
    nodes: &[String],
    family: Family,
    start: Option<&[f64]>,
    protocol: &Protocol,
    (looks, threads): (u32, usize),
    look: &mut dyn FnMut(f64) -> bool,
) -> Option<Tuned> {
    let tunable = family.on(scenario);
    let mut axes = tunable.axes();
    if let Some(start) = start.filter(|start| start.len() == axes.len()) {
        axes.iter_mut().zip(start).for_each(|(axis, &start)| axis.start = start.clamp(axis.least, axis.most));
    }
    let mut first = None;
    let mut stopped = false;
    let found = minimize(&axes, looks, &mut |numbers| {
        let outcomes = evaluate::run(scenario, &Contender::Rule(tunable.rule(numbers)), protocol, threads);
        let cost = evaluate::mean_and_interval(&evaluate::costs(scenario, &outcomes)).0;
        first.get_or_insert(cost);
        stopped = !look(cost);
        (!stopped).then_some(cost)
    })?;
    let days = u64::from(protocol.warmup_days + protocol.days) * u64::from(protocol.replicas);
    (!stopped).then(|| Tuned {
        family,
        names: tunable.names(nodes),
        parameters: found.at,
        cost: found.value,
        cost_start: first.unwrap_or(found.value),
        looks: found.looks,
        simulated_days: u64::from(found.looks) * days,
    })
}

/// The tuned rules of a run: those that its folder keeps for the same scenario, paths and budget; the others are
/// searched now and kept there, one by one.
///
/// # Errors
/// If the folder can't be read or written, or Ctrl-C was pressed (with code 130): what was found until then is kept.
pub fn of_run(
    folder: &RunFolder,
    scenario: &Scenario<'_>,
    nodes: &[String],
    seed: u64,
    budget: Budget,
    (threads, quiet): (usize, bool),
) -> Result<Kept, Failure> {
    let protocol = year(scenario, training_seed(seed), budget.paths);
    let fresh = Kept {
        version: VERSION,
        scenario_hash: format!("{:016x}", scenario.hash()),
        protocol,
        budget,
        rules: Vec::new(),
    };
    let mut kept = kept(folder)?.filter(|kept| Kept { rules: Vec::new(), ..kept.clone() } == fresh).unwrap_or(fresh);
    let open: Vec<Family> = Family::ALL
        .into_iter()
        .filter(|family| family.fits(scenario) && !kept.rules.iter().any(|rule| rule.family == *family))
        .collect();
    if open.is_empty() {
        return Ok(kept);
    }
    let interrupt = Interrupt::install().map_err(|e| Failure::failed(e.to_string()))?;
    let mut progress = Progress::new("tune", "looks", u64::from(budget.looks) * open.len() as u64, quiet);
    for family in open {
        let mut looks = 0;
        let mut least = f64::INFINITY;
        let found = tune(scenario, nodes, family, None, &protocol, (budget.looks, threads), &mut |cost| {
            least = least.min(cost);
            looks += 1;
            progress.advance(1, &format!("{} {least:.0}", family.name()));
            !interrupt.requested()
        });
        let Some(found) = found else {
            let run = folder.path().display();
            return Err(Failure {
                code: code::INTERRUPTED,
                message: format!("interrupted while tuning; `restock compare {run}` goes on with the next rule"),
            });
        };
        // A search that needed less than its budget still counts for the bar.
        progress.advance(u64::from(budget.looks - looks.min(budget.looks)), family.name());
        kept.rules.push(found);
        kept.rules.sort_by_key(|rule| Family::ALL.iter().position(|family| *family == rule.family));
        folder.write_json(FILE, &kept)?;
    }
    progress.finish();
    Ok(kept)
}

/// The tuned rules that a run folder keeps; none where nothing was tuned.
///
/// # Errors
/// If the file is there and can't be read.
pub fn kept(folder: &RunFolder) -> Result<Option<Kept>, Failure> {
    let file = folder.file(FILE);
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Failure::io(&file, &e)),
    };
    let wrong =
        |what: String| Failure::data(format!("{}: {what}; remove it and the rules are tuned anew", file.display()));
    let kept: Kept =
        serde_json::from_str(&text).map_err(|e| wrong(format!("line {} column {}: {e}", e.line(), e.column())))?;
    let sound = kept.rules.iter().all(|rule| rule.parameters.iter().all(|number| number.is_finite()));
    if sound { Ok(Some(kept)) } else { Err(wrong("a parameter is no finite number".to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Problem;

    #[test]
    fn a_tuned_rule_is_cheaper_than_its_textbook_and_found_again_in_the_run_folder() {
        let problem = Problem::embedded().expect("embedded");
        let scenario = problem.scenario().expect("sound");
        let place = tempfile::tempdir().expect("a folder");
        let folder = RunFolder::create(&place.path().join("run"), &problem).expect("a run");
        let short = Protocol { seed: 3, replicas: 1, first_day: 0, warmup_days: 20, days: 60 };
        let mut looks = 0;
        let mut count = |_: f64| {
            looks += 1;
            true
        };
        let family = Family::BaseStock;
        let found = tune(&scenario, &problem.names.nodes, family, None, &short, (24, 1), &mut count).expect("found");
        assert_eq!((found.looks, found.simulated_days), (24, 24 * 80));
        assert!(found.cost < found.cost_start, "{found:?}");
        // From what was found it goes on, never to something worse.
        let again =
            tune(&scenario, &problem.names.nodes, family, Some(&found.parameters), &short, (6, 1), &mut |_| true);
        let again = again.expect("found");
        assert_eq!(again.cost_start, found.cost);
        assert!(again.cost <= found.cost);
        assert_eq!(looks, 24);
        let hash = format!("{:016x}", scenario.hash());
        let budget = Budget { looks: 24, paths: 1 };
        let keep = Kept { version: VERSION, scenario_hash: hash, protocol: short, budget, rules: vec![found] };
        folder.write_json(FILE, &keep).expect("written");
        assert_eq!(kept(&folder).expect("read"), Some(keep));
        folder.write(FILE, b"{").expect("written");
        assert!(kept(&folder).unwrap_err().message.contains("tuned.json"));
    }

    #[test]
    fn an_interrupted_search_finds_nothing() {
        let problem = Problem::embedded().expect("embedded");
        let scenario = problem.scenario().expect("sound");
        let short = Protocol { seed: 3, replicas: 1, first_day: 0, warmup_days: 1, days: 7 };
        let found = tune(&scenario, &problem.names.nodes, Family::BaseStock, None, &short, (24, 1), &mut |_| false);
        assert_eq!(found, None);
    }
}
