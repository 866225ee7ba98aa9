//! One day of the chain (contract v2), in the caller's memory.
//!
//! | step | what happens | where |
//! | --- | --- | --- |
//! | 0 | dated events and random disruptions fall due; negotiation is paid for and suppliers' grades move | [`Network::begin_day`] |
//! | 1 | what arrives today is inspected, what is defective scrapped, the supplier's score follows; finished production is stocked, less what it spoilt; what storage has no room for waits in the yard | [`Network::begin_day`] |
//! | 2 | customers' demand is seen and served: waiting backorders first, then today's demand | [`Network::begin_day`] |
//! | 3 | echelon by echelon, customers first: each node observes, decides, orders (what is to go fast first; what is assembled here is asked of its production, and its components become demand of the node's own) | [`Network::decide`] |
//! | 4 | production starts and shipments share what there is: components, capacity, routes | [`Network::end_day`] |
//! | 5 | every cost term and KPI is accounted | [`Network::end_day`] |
//!
//! An order placed on day `t` over a lead time of `L` days can serve the demand of day `t + L`.
//! A problem stated with the order before the demand of its day has a lead time one day shorter
//! there than here.
//!
//! # Suppliers that differ
//! A lane may have grades. Each product's goods on it are of a grade from 0 (excellent) to 7 (failing), which
//! decides the tables of lead time (at shipment) and of defective share (at receipt). The grade moves
//! `2^-relax_shift` of the way a day to `base + disruption - lift[effort]`: effort betters it with diminishing
//! returns, and without effort it relaxes to its base.
//!
//! # Storage
//! A node's storage limits the volume that it has on hand (input of production aside). Of what arrives and of
//! what production finishes, that which is owed passes through; the rest shares the room by the products'
//! weights; what finds none waits in the yard at a cost by volume, in nobody's reach, and tries again tomorrow.
//!
//! # Disruptions
//! One begins on the day that its gap ends and is over on the day that its duration ends; factors at one place
//! are multiplied in the disruptions' order, each product rounded down and at most 256, grades are added, at most
//! 7. A node that ships nothing goes on in all else: its customers are served, its production runs, and what
//! it has for the lanes' waiting orders stays on hand, held and owed.

mod accounts;
mod assembly;
mod chance;
mod customers;
mod events;
mod orders;
pub mod quality;
mod receipts;
mod shipments;
mod snapshot;
mod storage;

use crate::allocation::WEIGHT_MAX;
use crate::convert::{product, saturate, wide_index, word};
use crate::digest::Digest;
use crate::draws::Draws;
use crate::forecast;
use crate::kpi::{Kpis, Tally};
use crate::layout::{self, Column};
use crate::policy::{Actions, NodeView, Policy};
use crate::rows::{add_at, add_row, copy_row, row, row_mut};
use crate::scenario::{EventKind, NODES_MAX, Scenario, Stage};
use crate::state::{State, StateView};
use events::Conditions;
use heapless::Vec;
use orders::position_row;
pub(crate) use orders::{add_position_row, expedited_rows};

/// The caller's memory is too small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryError {
    /// Words found.
    pub found: usize,
    /// Words needed: [`Network::words`].
    pub needed: usize,
}

impl core::fmt::Display for MemoryError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "the network needs {} words of memory, found {}", self.needed, self.found)
    }
}

impl core::error::Error for MemoryError {}

/// Rows that live for one node's turn or one shipment. Each of shape `[product]`.
struct Scratch<'m> {
    position: &'m mut [i32],
    level: &'m mut [i32],
    cap: &'m mut [i32],
    weight: &'m mut [i32],
    route: &'m mut [i32],
    effort: &'m mut [i32],
    expedite: &'m mut [i32],
    rushed: &'m mut [i32],
    grants: &'m mut [i32],
    wants: &'m mut [i32],
    /// What each lane of a node with several gets. Shape `[outbound lane][product]`.
    shares: &'m mut [i32],
}
const SCRATCH_ROWS: usize = 10;

/// Most outbound lanes of a node that has several; else 0.
fn shared_lanes(scenario: &Scenario<'_>) -> usize {
    scenario.nodes().iter().map(|n| n.outbound.len()).filter(|&c| c > 1).fold(0, |a, b| if b > a { b } else { a })
}

/// A running chain: a checked problem, its state, its chance and its accounts.
pub struct Network<'s, 'm> {
    scenario: &'s Scenario<'s>,
    state: State<'m>,
    scratch: Scratch<'m>,
    costs: Option<&'m mut [i64]>,
    draws: Draws,
    conditions: Conditions,
    day: u32,
    /// Between [`Network::begin_day`] and [`Network::end_day`].
    under_way: bool,
    today: Vec<Tally, NODES_MAX>,
    totals: Kpis,
    backorder_value: [i64; NODES_MAX],
}

impl<'s, 'm> Network<'s, 'm> {
    /// Words of memory that a network of `scenario` takes.
    #[must_use]
    pub fn words(scenario: &Scenario<'_>) -> usize {
        State::words(scenario) + (SCRATCH_ROWS + shared_lanes(scenario)) * scenario.products()
    }

    /// A chain on day 0 of replica 0 of seed 0.
    ///
    /// # Errors
    /// If `memory` has fewer than [`Network::words`] words.
    pub fn new(scenario: &'s Scenario<'s>, memory: &'m mut [i32]) -> Result<Self, MemoryError> {
        let needed = Self::words(scenario);
        if memory.len() < needed {
            return Err(MemoryError { found: memory.len(), needed });
        }
        let p = scenario.products();
        let (state, mut rest) = State::carve(scenario, memory);
        let mut row = || {
            let (front, back) = core::mem::take(&mut rest).split_at_mut_checked(p).unwrap_or_default();
            rest = back;
            front
        };
        let scratch = Scratch {
            position: row(),
            level: row(),
            cap: row(),
            weight: row(),
            route: row(),
            effort: row(),
            expedite: row(),
            rushed: row(),
            grants: row(),
            wants: row(),
            shares: &mut [],
        };
        let shares = rest.get_mut(..shared_lanes(scenario) * p).unwrap_or_default();
        let scratch = Scratch { shares, ..scratch };
        let mut network = Self {
            scenario,
            state,
            scratch,
            costs: None,
            draws: Draws::new(0, 0),
            conditions: Conditions::new(),
            day: 0,
            under_way: false,
            today: Vec::new(),
            totals: Kpis::new(scenario),
            backorder_value: [0; NODES_MAX],
        };
        for _ in scenario.nodes() {
            let _ = network.today.push(Tally::default()); // at most NODES_MAX nodes
        }
        network.reset(0, 0, 0);
        Ok(network)
    }

    /// Also keeps today's cost of each stockpoint in `costs`, of shape `[node][product]`
    /// [minor currency units]: what a learner is rewarded by.
    ///
    /// # Errors
    /// If `costs` has fewer entries than there are stockpoints.
    pub fn with_costs(mut self, costs: &'m mut [i64]) -> Result<Self, MemoryError> {
        let needed = self.scenario.stockpoints();
        if costs.len() < needed {
            return Err(MemoryError { found: costs.len(), needed });
        }
        self.costs = costs.get_mut(..needed);
        Ok(self)
    }

    /// Puts the chain back to its initial stock, on the morning of `first_day`.
    pub fn reset(&mut self, seed: u64, replica: u32, first_day: u32) {
        let s = self.scenario;
        let p = s.products();
        let state = &mut self.state;
        for array in state.arrays_mut() {
            array.fill(0);
        }
        state.capacity_weight.fill(crate::action::weight(crate::action::Choice::TEXTBOOK.weight));
        for quality in s.lanes().iter().filter_map(|lane| lane.quality.as_ref()) {
            row_mut(state.grade, quality.row, p).fill(quality.base_q16);
            row_mut(state.score, quality.row, p).fill(quality::score(quality.on_time_q15, quality.accepted_q15));
        }
        for n in 0..s.node_count() {
            copy_row(row_mut(state.inventory_level, n, p), s.column(Column::InventoryInitial, n));
            forecast::reset(s, n, state.forecast_level, state.forecast_lags);
        }
        self.open_orders(first_day);
        self.draws = Draws::new(seed, replica);
        self.conditions.reset(s, &self.draws);
        self.day = first_day;
        self.under_way = false;
        self.totals.clear();
        self.backorder_value = [0; NODES_MAX];
        for tally in &mut self.today {
            *tally = Tally::default();
        }
    }

    /// Puts what is already ordered on the morning of the first day where it is.
    fn open_orders(&mut self, first_day: u32) {
        let s = self.scenario;
        let p = s.products();
        let first = wide_index(first_day);
        let orders = &mut *self.scratch.wants;
        orders.fill(0);
        for open in s.open_orders() {
            add_at(orders, open.product, open.units);
            let due = first + open.days;
            match (open.stage, s.lanes().get(open.lane).and_then(|lane| lane.mail_row)) {
                (Stage::InMail, Some(m)) => orders::post(&mut self.state, s, due, m, orders),
                (Stage::InTransit, _) => {
                    let due = s.ring_slot(due) * s.lanes().len() + open.lane;
                    add_row(row_mut(self.state.in_transit, open.lane, p), orders);
                    add_row(row_mut(self.state.ring, due, p), orders);
                }
                (Stage::Waiting | Stage::InMail, _) => {
                    orders::book(&mut self.state, s, first, open.lane, orders);
                }
            }
            add_at(orders, open.product, -open.units);
        }
        // They are the demand of days before.
        self.state.demand_today.fill(0);
    }

    /// Forgets the KPIs so far, so that a warm-up is not counted. The state stays.
    pub fn clear_kpis(&mut self) {
        self.totals.clear();
    }

    /// The problem.
    #[must_use]
    pub fn scenario(&self) -> &'s Scenario<'s> {
        self.scenario
    }

    /// The state after the last step.
    #[must_use]
    pub fn state(&self) -> StateView<'_> {
        self.state.view()
    }

    /// The day that comes next, or that is under way.
    #[must_use]
    pub fn day(&self) -> u32 {
        self.day
    }

    /// Whether the horizon is reached: from then on [`Network::advance`] does nothing.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.day >= self.scenario.horizon_days()
    }

    /// What happened on the last day, node by node.
    #[must_use]
    pub fn today(&self) -> &[Tally] {
        &self.today
    }

    /// Totals since the last reset or [`Network::clear_kpis`].
    #[must_use]
    pub fn kpis(&self) -> &Kpis {
        &self.totals
    }

    /// Cost of each stockpoint on the last day, if kept. Shape `[node][product]`.
    #[must_use]
    pub fn costs(&self) -> Option<&[i64]> {
        self.costs.as_deref()
    }

    /// Whether an event or a disruption is in force: something is not as planned.
    #[must_use]
    pub fn disrupted(&self) -> bool {
        self.conditions.disrupted()
    }

    /// What events and disruptions have set of a kind at a place, as of the last [`Network::begin_day`], Q12.
    #[must_use]
    pub fn condition(&self, kind: EventKind, place: usize) -> i32 {
        self.conditions.value(kind, place)
    }

    /// Adds the last day to a trace: its number, every order, every inventory level, every cost.
    pub fn trace(&self, digest: &mut Digest) {
        digest.wide(i64::from(self.day));
        digest.words(self.state.ordered_today);
        digest.words(self.state.inventory_level);
        for tally in &self.today {
            for term in tally.ledger.terms() {
                digest.wide(term);
            }
        }
    }

    /// One day with one policy at every node. Does nothing once the horizon is reached.
    #[inline(always)]
    pub fn advance<P: Policy + ?Sized>(&mut self, policy: &mut P) {
        self.begin_day();
        for node in 0..self.scenario.node_count() {
            self.decide(node, policy);
        }
        self.end_day();
    }

    /// Steps 0 to 2: events, receipts, customers. Like the other steps, nothing once the horizon is reached.
    #[inline(always)]
    pub fn begin_day(&mut self) {
        if self.is_over() {
            return;
        }
        self.under_way = true;
        for tally in &mut self.today {
            *tally = Tally::default();
        }
        if let Some(costs) = &mut self.costs {
            costs.fill(0);
        }
        self.conditions.turn(self.scenario, &self.draws, self.day);
        self.negotiate();
        self.receive();
        self.customers();
    }

    /// Step 3 for one node: it observes, decides and orders. Nodes must take their turns in order.
    #[inline(always)]
    pub fn decide<P: Policy + ?Sized>(&mut self, n: usize, policy: &mut P) {
        if self.is_over() {
            return;
        }
        let s = self.scenario;
        let p = s.products();
        let day = self.day;
        let Some(node) = s.nodes().get(n) else { return };
        let (level, lags) = (row_mut(self.state.forecast_level, n, p), &mut *self.state.forecast_lags);
        forecast::update(s, n, day, row(self.state.demand_today, n, p), level, lags, self.scratch.wants);
        if node.reviews(day) {
            position_row(s, &self.state.view(), n, self.scratch.position);
            let view = NodeView {
                scenario: s,
                state: self.state.view(),
                node: n,
                day,
                position: self.scratch.position,
                conditions_capacity_q12: self.conditions.value(EventKind::Capacity, n),
            };
            let mut actions = Actions {
                level: self.scratch.level,
                cap: self.scratch.cap,
                weight: self.scratch.weight,
                route: self.scratch.route,
                effort: self.scratch.effort,
                expedite: self.scratch.expedite,
            };
            actions.rest(&view);
            policy.decide(&view, &mut actions);
            self.place_orders(n);
            copy_row(row_mut(self.state.route_first, n, p), self.scratch.route);
            // A policy that asks for more than a range gets its end: sharing a capacity must not overflow.
            let keep = |kept: &mut [i32], asked: &[i32], least: i32, most: i32| {
                for (kept, &asked) in kept.iter_mut().zip(asked) {
                    *kept = if asked < least {
                        least
                    } else if asked > most {
                        most
                    } else {
                        asked
                    };
                }
            };
            if let Some(r) = node.weight_row {
                keep(row_mut(self.state.capacity_weight, r, p), self.scratch.weight, 1, saturate(WEIGHT_MAX));
            }
            if node.negotiates {
                keep(row_mut(self.state.effort, n, p), self.scratch.effort, 0, word(layout::EFFORTS));
            }
        }
        let Some(tally) = self.today.get_mut(n) else { return };
        tally.faced += row(self.state.demand_today, n, p).iter().map(|&u| product(u, 1)).sum::<i64>();
    }

    /// Steps 4 and 5: production, shipments, accounts. The day is then over.
    #[inline(always)]
    pub fn end_day(&mut self) {
        if self.is_over() {
            return;
        }
        let s = self.scenario;
        for (n, node) in s.nodes().iter().enumerate() {
            if node.produces {
                self.produce(n);
            }
        }
        self.ship();
        self.account();
        self.totals.add_day(s, &self.today, self.disrupted());
        self.day += 1;
        self.under_way = false;
    }
}
