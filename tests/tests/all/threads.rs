//! The number of threads changes nothing: 1, 2, 3 and 8 give the same episodes, KPIs and traces.

use restock_core::action::HEADS;
use restock_trainer::evaluate::{self, Contender, Protocol};
use restock_trainer::model::FloatPolicy;
use restock_trainer::problem::Problem;
use restock_trainer::rollout::{self, RolloutConfig};
use restock_trainer::trace::Recorder;
use restock_trainer::train::Trainer;

const THREADS: [usize; 4] = [1, 2, 3, 8];

/// Untrained policies: as good as any for what is asked here.
fn policies(problem: &Problem) -> Vec<FloatPolicy> {
    let scenario = problem.scenario().expect("the embedded network is sound");
    Trainer::new(&scenario, &problem.names.nodes, problem.training.clone(), 1).expect("learners").policies()
}

#[test]
fn the_number_of_threads_changes_no_episode() {
    let problem = Problem::embedded().expect("embedded");
    let scenario = problem.scenario().expect("sound");
    let policies = policies(&problem);
    let config = RolloutConfig { replicas: 9, days: 8, warmup_days: 3, ..problem.training.rollout.clone() };
    let episodes = |threads| rollout::collect(&scenario, &policies, &config, 0.99, 5, 1, threads);
    let one = episodes(1);
    let choices: Vec<&[u8; HEADS]> = one.iter().flat_map(|batch| &batch.actions).collect();
    assert!(choices.iter().any(|&choice| choice != choices[0]), "episodes in which something happens");
    for threads in THREADS {
        assert!(episodes(threads) == one, "{threads} threads");
    }
}

#[test]
fn the_number_of_threads_changes_no_kpi_and_no_digest() {
    let problem = Problem::embedded().expect("embedded");
    let scenario = problem.scenario().expect("sound");
    let policies = policies(&problem);
    let protocol = Protocol { seed: 3, replicas: 9, first_day: 0, warmup_days: 5, days: 30 };
    for contender in [Contender::Textbook, Contender::Float(&policies)] {
        let run = |threads| {
            let recorder = Recorder::new(&scenario, protocol.warmup_days + protocol.days);
            let outcomes = evaluate::run_recorded(&scenario, &contender, &protocol, threads, Some(&recorder));
            let kept: Vec<_> = outcomes.into_iter().map(|outcome| (outcome.kpis, outcome.digest)).collect();
            (kept, recorder.finish("any"))
        };
        let one = run(1);
        for threads in THREADS {
            assert!(run(threads) == one, "{threads} threads");
        }
    }
}
