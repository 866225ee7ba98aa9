use super::ascent::Ascent;
use super::course::{Course, Place, Source, Start};
use super::exact;
use super::program::{Program, Solver};
use crate::problem::Problem;
use restock_core::Scenario;
use restock_core::layout::Column;

fn start(scenario: &Scenario<'_>) -> Start {
    let sources = |p: usize| {
        let stock = |n: usize| Source {
            place: Place::Stock(n),
            day: 0,
            units: f64::from(scenario.column(Column::InventoryInitial, n)[p]),
            disposable: n > 0,
        };
        (0..scenario.node_count()).map(stock).collect()
    };
    Start { sources: (0..scenario.products()).map(sources).collect(), owed: Vec::new() }
}

#[test]
#[ignore]
fn scratch() {
    let problem = Problem::embedded().unwrap();
    let scenario = problem.scenario().unwrap();
    for days in [30, 60] {
        let course = Course::mean(&scenario, 250, days, 0);
        let start = start(&scenario);
        let ascent = Ascent::new(&scenario, &course, &start).unwrap();
        for steps in [50, 100, 200, 400, 1000] {
            let now = std::time::Instant::now();
            let found = ascent.climb(ascent.free(), steps, 1.0);
            eprintln!("{days} days, {steps} steps: {:.0} to {:.0}, gap {:.4}, {:?}", found.bound, found.plan_cost, found.gap(), now.elapsed());
        }
        if std::env::var("EXACT").is_ok() {
            let now = std::time::Instant::now();
            let plan = exact::solve(&scenario, &course, &start, Solver::best());
            eprintln!("{:?} {:?} {:?}", Solver::best(), plan.map(|p| p.cost), now.elapsed());
        }
    }
}
