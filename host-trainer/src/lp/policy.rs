//! Policies that follow linear programs.
//!
//! | policy | plans | does |
//! | --- | --- | --- |
//! | [`StaticPlan`] | once, on mean demand, for all days | orders what is planned, whatever happens |
//! | [`Rolling`] | every week, from the chain's state and the forecast | orders up to the planned inventory position |
//!
//! What a plan knows is what a planner of the whole chain knows that day: all stock, what is on its way and when it is
//! due, the nodes' forecasts, capacities as planned. Never a draw to come. Between two plans the nodes answer to
//! demand by themselves: `order = clamp(planned position - position, 0, no cap)`.

use super::LpError;
use super::ascent::Ascent;
use super::course::{Course, Start};
use super::planner::{Orders, Planner};
use restock_core::layout::Column;
use restock_core::policy::{Actions, NodeView};
use restock_core::{Policy, Scenario};
use std::sync::Arc;

/// The plan of mean demand, executed as planned.
#[derive(Clone, Debug)]
pub struct StaticPlan {
    orders: Arc<Orders>,
}

/// Days that a static plan looks beyond the last day, so that it does not let the chain run down.
const BEYOND_DAYS: usize = 60;

impl StaticPlan {
    /// Plans all `days` days from `first_day` on at once, from the scenario's own start.
    ///
    /// # Errors
    /// If products are assembled.
    pub fn new(scenario: &Scenario<'_>, first_day: u32, days: usize, steps: usize) -> Result<Self, LpError> {
        let course = Course::mean(scenario, first_day, days + BEYOND_DAYS, &[]);
        let start = Start::of_scenario(scenario, &course);
        let found = Ascent::new(scenario, &course, &start)?.climb_from_free(steps);
        let initial: Vec<f64> = (0..scenario.node_count())
            .flat_map(|n| scenario.column(Column::InventoryInitial, n).iter().map(|&units| f64::from(units)))
            .collect();
        Ok(Self { orders: Arc::new(Orders::of(scenario, &course, &found.shipped, &initial)) })
    }
}

impl Policy for StaticPlan {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        let (p, n, orders) = (view.products(), view.node(), &*self.orders);
        let Some(t) = view.day().checked_sub(orders.first_day).map(|t| t as usize).filter(|&t| t < orders.days) else {
            return;
        };
        for i in 0..p {
            // Rounded so that whole units add up to what is planned.
            let planned = &orders.quantity[(n * p + i) * orders.days..][..=t];
            let until: f64 = planned.iter().sum();
            let quantity = until.round() - (until - planned[t]).round();
            actions.level[i] = view.position()[i].saturating_add(quantity as i32);
            actions.route[i] = orders.route[n * p + i];
        }
    }
}

/// Plans again and again.
#[derive(Clone, Debug)]
pub struct Rolling {
    planner: Planner,
    orders: Orders,
    failed: Option<LpError>,
}

impl Rolling {
    /// Follows a planner's plans.
    #[must_use]
    pub fn new(planner: Planner) -> Self {
        Self { planner, orders: Orders::default(), failed: None }
    }

    /// Why the last plan failed, if it did: the plan before it is then followed.
    #[must_use]
    pub fn failed(&self) -> Option<&LpError> {
        self.failed.as_ref()
    }
}

impl Policy for Rolling {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        let age = view.day().checked_sub(self.orders.first_day).map(|age| age as usize);
        let due = self.orders.days == 0 || age.is_none_or(|age| age >= self.planner.settings().replan_days as usize);
        if due {
            match self.planner.plan(view) {
                Ok(orders) => self.orders = orders,
                Err(e) => self.failed = Some(e),
            }
        }
        let (p, n, orders) = (view.products(), view.node(), &self.orders);
        // Without a plan for today nothing is ordered.
        let age = view.day().checked_sub(orders.first_day).map(|age| age as usize);
        let Some(t) = age.filter(|&t| t < orders.days) else { return };
        for i in 0..p {
            actions.level[i] = orders.position[(n * p + i) * orders.days + t].ceil() as i32;
            actions.route[i] = orders.route[n * p + i];
        }
        actions.effort.fill(self.planner.settings().effort.get(n).copied().unwrap_or(0));
    }
}
