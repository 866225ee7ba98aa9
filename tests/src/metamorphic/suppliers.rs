//! What effort does to suppliers, and what disruptions leave behind: nothing.

use super::{DAYS, Fixed, run};
use crate::random_network::{Plan, even_table};
use restock_core::policy::{Actions, NodeView, Policy};
use restock_core::scenario::{Disruption, EventKind};

/// [`Fixed`] with one effort for all until a day, none afterwards.
struct Effort {
    fixed: Fixed,
    effort: i32,
    until: u32,
}

impl Policy for Effort {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        self.fixed.decide(view, actions);
        actions.effort.fill(if view.day() < self.until { self.effort } else { 0 });
    }
}

/// More effort never leaves a supplier at a worse grade. Returns how often it is better.
///
/// # Panics
/// On the first grade that effort has worsened.
pub fn effort_never_worsens_a_grade(seed: u64) -> u32 {
    let plan = Plan::random(seed);
    let mut grades: Vec<Vec<i32>> = Vec::new();
    let effort = (seed % 3) as i32;
    let mut less = Effort { fixed: Fixed::new(seed, 10, 60), effort, until: DAYS };
    run(&plan, seed, &mut less, |_, network, _| grades.push(network.state().grade.to_vec()));
    let mut more = Effort { fixed: Fixed::new(seed, 10, 60), effort: effort + 1, until: DAYS };
    let mut better = 0;
    run(&plan, seed, &mut more, |day, network, _| {
        for (at, (&now, &before)) in network.state().grade.iter().zip(&grades[day as usize]).enumerate() {
            assert!(now <= before, "seed {seed}, day {day}, place {at}: effort made {before} of it {now}");
            better += u32::from(now < before);
        }
    });
    better
}

/// When nobody negotiates any more, a grade goes back to its base. Returns the grades judged.
///
/// # Panics
/// Where it stays away.
pub fn without_effort_a_grade_relaxes_to_its_base(seed: u64) -> u32 {
    let mut plan = Plan::random(seed);
    plan.events.retain(|event| event.kind != EventKind::Grade);
    plan.disruptions.retain(|disruption| disruption.kind != EventKind::Grade);
    for grades in plan.lanes.iter_mut().filter_map(|lane| lane.grades.as_mut()) {
        grades.relax_shift = grades.relax_shift.min(2);
    }
    let p = plan.products.len();
    let mut judged = 0;
    let mut policy = Effort { fixed: Fixed::new(seed, 10, 60), effort: 3, until: 10 };
    run(&plan, seed, &mut policy, |day, network, _| {
        if day + 1 < DAYS {
            return;
        }
        let bases = plan.lanes.iter().filter_map(|lane| lane.grades).map(|grades| grades.base_q8 << 8);
        for (row, base) in bases.enumerate() {
            for &grade in &network.state().grade[row * p..(row + 1) * p] {
                // A thousandth of a grade: the last steps are rounded away.
                assert!((grade - base).abs() <= 65, "seed {seed}, lane with grades {row}: {grade} is not {base}");
                judged += 1;
            }
        }
    });
    judged
}

/// A disruption of ten days' gap and five days' duration is in force on the days that it should be, and leaves
/// the customers' demand of all others as it was. Returns the days judged.
///
/// # Panics
/// On a day that is not as it should be.
pub fn a_disruption_ends_and_all_is_as_planned(seed: u64) -> u32 {
    let mut plan = Plan::random(seed);
    plan.events.clear();
    plan.disruptions.clear();
    let mut planned = Vec::new();
    run(&plan, seed, &mut Fixed::new(seed, 10, 60), |day, network, _| {
        assert!(!network.disrupted(), "seed {seed}, day {day}: nothing is in force");
        planned.push(network.today().iter().map(|t| t.demand).collect::<Vec<_>>());
    });
    plan.tables.extend([even_table(&[10]), even_table(&[5])]);
    let (gap_table, duration_table) = (plan.tables.len() - 2, plan.tables.len() - 1);
    let graded = plan.lanes.iter().position(|lane| lane.grades.is_some());
    let outside = plan.lanes.iter().position(|lane| lane.supplier.is_none());
    let possible = [
        Some((EventKind::Demand, 0, 1000)),
        Some((EventKind::Capacity, 0, 0)),
        Some((EventKind::Route, 0, 0)),
        Some((EventKind::Shipping, 0, 0)),
        outside.map(|lane| (EventKind::Outside, lane, 0)),
        graded.map(|lane| (EventKind::Grade, lane, 4096)),
    ];
    let Some((kind, place, value_q12)) = possible[seed as usize % 6] else { return 0 };
    plan.disruptions.push(Disruption { kind, place, value_q12, gap_table, duration_table });
    run(&plan, seed, &mut Fixed::new(seed, 10, 60), |day, network, _| {
        let in_force = day % 15 >= 10;
        assert_eq!(network.disrupted(), in_force, "seed {seed}, day {day}: {kind:?}");
        let demand: Vec<i64> = network.today().iter().map(|t| t.demand).collect();
        let mut right = planned[day as usize].clone();
        if in_force && kind == EventKind::Demand {
            assert!(demand[place] <= right[place], "seed {seed}, day {day}: demand falls");
            right[place] = demand[place];
        }
        assert_eq!(demand, right, "seed {seed}, day {day}: {kind:?}");
    });
    DAYS
}
