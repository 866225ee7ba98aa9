//! One day of the chain (contract v1), in the caller's memory.
//!
//! | step | what happens | where |
//! | --- | --- | --- |
//! | 0 | dated events fall due | [`Network::begin_day`] |
//! | 1 | what arrives today is received; finished production is stocked | [`Network::begin_day`] |
//! | 2 | customers' demand is seen and served: waiting backorders first, then today's demand | [`Network::begin_day`] |
//! | 3 | echelon by echelon, customers first: each node observes, decides, orders | [`Network::decide`] |
//! | 4 | production starts and shipments share what capacity there is | [`Network::end_day`] |
//! | 5 | every cost term and KPI is accounted | [`Network::end_day`] |
//!
//! An order placed on day `t` over a lead time of `L` days can serve the demand of day `t + L`.
//! A problem stated with the order before the demand of its day has a lead time one day shorter
//! there than here.

use crate::convert::{bits, byte_index, from_bits, index, key, low, product, wide, wide_index, word};
use crate::digest::Digest;
use crate::draws::{Draws, Source};
use crate::kpi::{Kpis, Tally};
use crate::layout::{self, Column};
use crate::order::{self, Bounds};
use crate::policy::{Actions, NodeView, Policy};
use crate::scenario::{
    Allocation, EventKind, LANES_MAX, NODES_MAX, PROFILES_MAX, ROUTES_MAX, ROUTES_PER_LANE_MAX, Scenario,
};
use crate::state::{State, StateView, ring_rows};
use crate::{allocation, forecast, table};
use heapless::Vec;

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
    grants: &'m mut [i32],
    wants: &'m mut [i32],
    /// What each lane of a node with several gets. Shape `[outbound lane][product]`.
    shares: &'m mut [i32],
}
const SCRATCH_ROWS: usize = 8;

/// Most outbound lanes of a node that has several; else 0.
fn shared_lanes(scenario: &Scenario<'_>) -> usize {
    scenario.nodes().iter().map(|n| n.outbound.len()).filter(|&c| c > 1).fold(0, |a, b| if b > a { b } else { a })
}

/// Factors that dated events have set, Q12.
struct Conditions {
    demand: [i32; NODES_MAX],
    capacity: [i32; NODES_MAX],
    route: [i32; ROUTES_MAX],
    next_event: usize,
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
            let (front, back) = core::mem::take(&mut rest).split_at_mut(p);
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
            grants: row(),
            wants: row(),
            shares: &mut [],
        };
        let scratch = Scratch { shares: &mut rest[..shared_lanes(scenario) * p], ..scratch };
        let mut today = Vec::new();
        for _ in scenario.nodes() {
            let _ = today.push(Tally::default()); // at most NODES_MAX nodes
        }
        let mut network = Self {
            scenario,
            state,
            scratch,
            costs: None,
            draws: Draws::new(0, 0),
            conditions: Conditions {
                demand: [4096; NODES_MAX],
                capacity: [4096; NODES_MAX],
                route: [4096; ROUTES_MAX],
                next_event: 0,
            },
            day: 0,
            today,
            totals: Kpis::new(scenario),
            backorder_value: [0; NODES_MAX],
        };
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
        self.costs = Some(&mut costs[..needed]);
        Ok(self)
    }

    /// Puts the chain back to its initial stock, on the morning of `first_day`.
    pub fn reset(&mut self, seed: u64, replica: u32, first_day: u32) {
        let s = self.scenario;
        let p = s.products();
        let state = &mut self.state;
        for rows in [
            &mut *state.input_stock,
            &mut *state.in_production,
            &mut *state.waiting,
            &mut *state.in_transit,
            &mut *state.staged,
            &mut *state.mail,
            &mut *state.customer_backorder,
            &mut *state.queue,
            &mut *state.demand_today,
            &mut *state.ordered_today,
            &mut *state.route_first,
            &mut *state.ring,
        ] {
            rows.fill(0);
        }
        state.capacity_weight.fill(crate::action::weight(crate::action::Choice::TEXTBOOK.weight));
        for n in 0..s.node_count() {
            state.inventory_level[n * p..(n + 1) * p].copy_from_slice(s.column(Column::InventoryInitial, n));
            for i in 0..p {
                state.forecast_level[n * p + i] = forecast::initial_level(s, n, i);
            }
        }
        self.draws = Draws::new(seed, replica);
        self.conditions.demand = [4096; NODES_MAX];
        self.conditions.capacity = [4096; NODES_MAX];
        self.conditions.route = [4096; ROUTES_MAX];
        self.conditions.next_event = 0;
        self.day = first_day;
        self.totals = Kpis::new(s);
        self.backorder_value = [0; NODES_MAX];
        for tally in &mut self.today {
            *tally = Tally::default();
        }
    }

    /// Forgets the KPIs so far, so that a warm-up is not counted. The state stays.
    pub fn clear_kpis(&mut self) {
        self.totals = Kpis::new(self.scenario);
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
        if self.is_over() {
            return;
        }
        self.begin_day();
        for node in 0..self.scenario.node_count() {
            self.decide(node, policy);
        }
        self.end_day();
    }

    /// Steps 0 to 2: events, receipts, customers.
    #[inline(always)]
    pub fn begin_day(&mut self) {
        for tally in &mut self.today {
            *tally = Tally::default();
        }
        if let Some(costs) = &mut self.costs {
            costs.fill(0);
        }
        self.events();
        self.receive();
        self.customers();
    }

    fn events(&mut self) {
        while let Some(event) = self.scenario.event(self.conditions.next_event) {
            if event.day > self.day {
                return;
            }
            match event.kind {
                EventKind::Demand => self.conditions.demand[event.place] = event.factor_q12,
                EventKind::Capacity => self.conditions.capacity[event.place] = event.factor_q12,
                EventKind::Route => self.conditions.route[event.place] = event.factor_q12,
            }
            self.conditions.next_event += 1;
        }
    }

    #[inline(always)]
    fn receive(&mut self) {
        let s = self.scenario;
        let p = s.products();
        let rows = ring_rows(s);
        let slot = wide_index(self.day) % s.ring_days();
        let ring = &mut self.state.ring[slot * rows * p..(slot + 1) * rows * p];
        let (lane_ring, rest) = ring.split_at_mut(s.lanes().len() * p);
        let production_ring = &mut rest[..s.producers * p];
        for (l, lane) in s.lanes().iter().enumerate() {
            let node = &s.nodes()[lane.customer];
            let stock = if node.produces {
                row_mut(self.state.input_stock, node.producer_row, p)
            } else {
                row_mut(self.state.inventory_level, lane.customer, p)
            };
            let received = receive_row(row_mut(lane_ring, l, p), stock, row_mut(self.state.in_transit, l, p));
            self.today[lane.customer].received += received;
        }
        for (n, node) in s.nodes().iter().enumerate() {
            if node.produces {
                let m = node.producer_row;
                let stock = row_mut(self.state.inventory_level, n, p);
                self.today[n].produced +=
                    receive_row(row_mut(production_ring, m, p), stock, row_mut(self.state.in_production, m, p));
            }
        }
        // Demand of the day starts with the orders that the mail brings.
        self.state.demand_today.fill(0);
        self.state.ordered_today.fill(0);
        if s.queue_lanes > 0 {
            self.turn_queue();
        }
        for (l, lane) in s.lanes().iter().enumerate() {
            if let Some(m) = lane.mail_row {
                let arrived = row_mut(self.state.ring, slot * rows + s.lanes().len() + s.producers + m, p);
                self.scratch.wants.copy_from_slice(arrived);
                arrived.fill(0);
                for (mail, &units) in row_mut(self.state.mail, m, p).iter_mut().zip(self.scratch.wants.iter()) {
                    *mail -= units;
                }
                book(&mut self.state, s, slot, l, self.scratch.wants);
            }
        }
    }

    /// Opens today's place in the queue of first-come orders; what was in it is older than the
    /// queue remembers and joins the oldest day that is left.
    fn turn_queue(&mut self) {
        let s = self.scenario;
        let width = s.queue_lanes * s.products();
        let days = s.ring_days();
        let today = wide_index(self.day) % days;
        let oldest = (today + 1) % days;
        for i in 0..width {
            let units = core::mem::take(&mut self.state.queue[today * width + i]);
            self.state.queue[oldest * width + i] += units;
        }
    }

    #[inline(always)]
    fn customers(&mut self) {
        let s = self.scenario;
        let p = s.products();
        for (n, node) in s.nodes().iter().enumerate() {
            if !node.sells {
                continue;
            }
            self.draw_demand(n);
            let demand_row = &self.scratch.wants[..p];
            let state = &mut self.state;
            for (today, &units) in row_mut(state.demand_today, n, p).iter_mut().zip(demand_row) {
                *today += units;
            }
            let stock = row_mut(state.inventory_level, n, p);
            let values = s.column(Column::UnitValue, n);
            let lost_cost = s.column(Column::LostSaleCost, n);
            let costs = self.costs.as_deref_mut().map(|c| &mut c[n * p..(n + 1) * p]);
            let tally = &mut self.today[n];
            if let Some(x) = node.mixed_row {
                // The backlog to lanes is in the level too: what is on hand is the level plus all that is owed.
                let owed = row_mut(state.customer_backorder, x, p);
                serve_mixed(stock, owed, demand_row, values, lost_cost, node, &state.waiting[..], p, tally, costs);
            } else if node.lost_sales {
                serve_lost(stock, demand_row, values, lost_cost, tally, costs);
            } else {
                serve_backordered(stock, demand_row, values, tally);
            }
        }
    }

    /// Customers' demand of one node today into `scratch.wants`.
    #[inline(always)]
    fn draw_demand(&mut self, n: usize) {
        let s = self.scenario;
        let p = s.products();
        let surge = self.conditions.demand[n];
        let demand = &mut self.scratch.wants[..p];
        if let Some(replayed) = s.replayed(n, self.day) {
            demand.copy_from_slice(replayed);
        } else {
            let draws = self.draws.row(self.day, crate::convert::count(n), Source::Demand);
            // Rows of the node's turn, which comes later: here the two words of chance of each product.
            let (quantile, dither) = (&mut self.scratch.level[..p], &mut self.scratch.cap[..p]);
            for ((quantile, dither), words) in quantile.iter_mut().zip(dither.iter_mut()).zip(s.product_rows()) {
                let (u, v) = draws.two(product_key(words));
                (*quantile, *dither) = (from_bits(u), from_bits(v));
            }
            for ((units, &quantile), &table) in
                demand.iter_mut().zip(quantile.iter()).zip(s.column(Column::DemandTable, n))
            {
                *units = if table < 0 { 0 } else { s.table(index(table)).value(bits(quantile)) };
            }
            let mut seasons = [0; PROFILES_MAX];
            let mut flat = true;
            for (profile, season) in seasons.iter_mut().enumerate().take(s.profiles()) {
                *season = s.season(profile, self.day);
                flat &= *season == 4096;
            }
            if !flat {
                for ((units, &dither), &profile) in
                    demand.iter_mut().zip(dither.iter()).zip(s.column(Column::DemandProfile, n))
                {
                    *units = table::scaled(*units, seasons[index(profile) % PROFILES_MAX], bits(dither));
                }
            }
        }
        if surge != 4096 {
            for units in demand.iter_mut() {
                *units = low((wide(*units) * wide(surge)) >> 12);
            }
        }
    }

    /// Step 3 for one node: it observes, decides and orders. Nodes must take their turns in order.
    #[inline(always)]
    pub fn decide<P: Policy + ?Sized>(&mut self, n: usize, policy: &mut P) {
        let s = self.scenario;
        let p = s.products();
        let day = self.day;
        {
            let level = row_mut(self.state.forecast_level, n, p);
            forecast::update(s, n, day, row(self.state.demand_today, n, p), level, self.scratch.wants);
        }
        let node = &s.nodes()[n];
        if node.reviews(day) {
            position_row(s, &self.state, n, self.scratch.position);
            let view = NodeView {
                scenario: s,
                state: self.state.view(),
                node: n,
                day,
                position: self.scratch.position,
                conditions_capacity_q12: self.conditions.capacity[n],
            };
            let mut actions = Actions {
                level: self.scratch.level,
                cap: self.scratch.cap,
                weight: self.scratch.weight,
                route: self.scratch.route,
                effort: self.scratch.effort,
            };
            actions.rest(&view);
            policy.decide(&view, &mut actions);
            self.place_orders(n);
            let route = row_mut(self.state.route_first, n, p);
            route.copy_from_slice(self.scratch.route);
            if node.produces {
                // A policy that asks for more than the range gets its end: sharing a capacity must not overflow.
                for (kept, &weight) in
                    row_mut(self.state.capacity_weight, node.producer_row, p).iter_mut().zip(self.scratch.weight.iter())
                {
                    *kept = weight.clamp(1, 16);
                }
            }
        }
        let tally = &mut self.today[n];
        tally.faced += row(self.state.demand_today, n, p).iter().map(|&u| product(u, 1)).sum::<i64>();
    }

    #[inline(always)]
    fn place_orders(&mut self, n: usize) {
        let s = self.scenario;
        let p = s.products();
        let node = &s.nodes()[n];
        let lots = s.column(Column::LotSize, n);
        let least = s.column(Column::OrderMin, n);
        let most = s.column(Column::OrderMax, n);
        let limit = s.column(Column::PositionMax, n);
        let fixed = s.column(Column::OrderCost, n);
        let slot = wide_index(self.day) % s.ring_days();
        for &b in &node.inbound {
            let l = byte_index(b);
            let lane = &s.lanes()[l];
            let whole = lane.share_until - lane.share_before == 1_000_000;
            let orders = &mut self.scratch.wants[..p];
            let (level, cap, position) =
                (&self.scratch.level[..p], &self.scratch.cap[..p], &self.scratch.position[..p]);
            let (lots, least, most, fixed) = (&lots[..p], &least[..p], &most[..p], &fixed[..p]);
            let limit = &limit[..p];
            if whole && node.plain_orders {
                for i in 0..p {
                    orders[i] = order::plain(
                        if level[i] < limit[i] { level[i] } else { limit[i] },
                        position[i],
                        cap[i],
                        most[i],
                    );
                }
            } else {
                for i in 0..p {
                    let bounds = Bounds { lot_size: lots[i], order_min: least[i], order_max: most[i] };
                    let target = if level[i] < limit[i] { level[i] } else { limit[i] };
                    orders[i] = if whole {
                        order::quantity(target, position[i], cap[i], bounds)
                    } else {
                        // What rounding up has added on the lanes before counts against the cap.
                        let earlier = node
                            .inbound
                            .iter()
                            .map_while(|&e| (e < b).then(|| self.state.ordered_today[byte_index(e) * p + i]))
                            .sum();
                        lane_order(target, position[i], cap[i], bounds, lane.share_before, lane.share_until, earlier)
                    };
                }
            }
            let orders = &orders[..p];
            let mut units = 0i64;
            let mut cost = 0i64;
            for i in 0..p {
                units += product(orders[i], 1);
                cost += product(if orders[i] > 0 { fixed[i] } else { 0 }, 1);
            }
            if let Some(costs) = self.costs.as_deref_mut() {
                for ((c, &q), &k) in costs[n * p..(n + 1) * p].iter_mut().zip(orders.iter()).zip(fixed) {
                    *c += if q > 0 { wide(k) } else { 0 };
                }
            }
            row_mut(self.state.ordered_today, l, p).copy_from_slice(orders);
            let tally = &mut self.today[n];
            tally.ordered += units;
            tally.ledger.ordering += cost;
            if let Some(m) = lane.mail_row {
                let rows = ring_rows(s);
                let due = (slot + lane.order_days) % s.ring_days();
                let at = due * rows + s.lanes().len() + s.producers + m;
                for ((mail, due), &q) in
                    row_mut(self.state.mail, m, p).iter_mut().zip(row_mut(self.state.ring, at, p)).zip(orders.iter())
                {
                    *mail += q;
                    *due += q;
                }
            } else {
                book(&mut self.state, s, slot, l, orders);
            }
        }
    }

    /// Steps 4 and 5: production, shipments, accounts. The day is then over.
    #[inline(always)]
    pub fn end_day(&mut self) {
        let s = self.scenario;
        for (n, node) in s.nodes().iter().enumerate() {
            if node.produces {
                self.produce(n);
            }
        }
        self.ship();
        self.account();
        self.totals.add_day(s, &self.today);
        self.day += 1;
    }

    #[inline(always)]
    fn produce(&mut self, n: usize) {
        let s = self.scenario;
        let p = s.products();
        let node = &s.nodes()[n];
        let m = node.producer_row;
        let work = s.column(Column::Work, n);
        let input = row_mut(self.state.input_stock, m, p);
        let starts = &mut self.scratch.grants[..p];
        if let Some(capacity) = node.capacity {
            let capacity = (wide(capacity) * wide(self.conditions.capacity[n])) >> 12;
            let weights = row(self.state.capacity_weight, m, p);
            let used = allocation::share_capacity(capacity, input, |i| work[i], |i| weights[i], starts);
            self.today[n].work_used += used;
            self.today[n].work_capacity += capacity;
        } else {
            starts.copy_from_slice(input);
        }
        let slot = (wide_index(self.day) + node.production_days) % s.ring_days();
        let at = slot * ring_rows(s) + s.lanes().len() + m;
        let due = row_mut(self.state.ring, at, p);
        let in_production = row_mut(self.state.in_production, m, p);
        let rates = s.column(Column::ProductionCost, n);
        let mut cost = 0i64;
        for i in 0..p {
            input[i] -= starts[i];
            in_production[i] += starts[i];
            due[i] += starts[i];
            cost += wide(starts[i]) * wide(rates[i]);
        }
        self.today[n].ledger.production += cost;
        if let Some(costs) = self.costs.as_deref_mut() {
            for (i, c) in costs[n * p..(n + 1) * p].iter_mut().enumerate() {
                *c += wide(starts[i]) * wide(rates[i]);
            }
        }
    }

    /// What can go over the lanes goes: node by node, then from the outside world.
    #[inline(always)]
    fn ship(&mut self) {
        let s = self.scenario;
        let p = s.products();
        let outside: Vec<u8, LANES_MAX> = s
            .lanes()
            .iter()
            .enumerate()
            .filter(|(_, lane)| lane.supplier.is_none())
            .map(|(l, _)| crate::convert::byte(l))
            .collect();
        for n in 0..=s.node_count() {
            let node = s.nodes().get(n);
            let lanes = node.map_or(&outside, |node| &node.outbound);
            let shared = node.is_some() && lanes.len() > 1;
            if shared {
                self.allocate_among_lanes(n);
            }
            for (i, &b) in lanes.iter().enumerate() {
                match node {
                    Some(_) if shared => self.scratch.grants.copy_from_slice(row(self.scratch.shares, i, p)),
                    Some(node) => self.allocate_to_lane(n, node.mixed_row, byte_index(b)),
                    None => {
                        // The outside world has everything: all that waits is allocated.
                        let waiting = row_mut(self.state.waiting, byte_index(b), p);
                        self.scratch.grants.copy_from_slice(waiting);
                        waiting.fill(0);
                    }
                }
                self.transport(byte_index(b));
            }
        }
    }

    /// Grants the one lane of a node what its stock allows.
    #[inline(always)]
    fn allocate_to_lane(&mut self, n: usize, mixed_row: Option<usize>, l: usize) {
        let p = self.scenario.products();
        let stock = &row(self.state.inventory_level, n, p)[..p];
        let waiting = &mut row_mut(self.state.waiting, l, p)[..p];
        let grants = &mut self.scratch.grants[..p];
        if let Some(x) = mixed_row {
            let owed = &row(self.state.customer_backorder, x, p)[..p];
            for i in 0..p {
                let available = stock[i] + waiting[i] + owed[i];
                grants[i] = if available < waiting[i] { available } else { waiting[i] };
                waiting[i] -= grants[i];
            }
        } else {
            // What is owed is all to this lane: after shipping, the backlog that is left is what waits.
            for i in 0..p {
                let left = if stock[i] < 0 { -stock[i] } else { 0 };
                grants[i] = waiting[i] - left;
                waiting[i] = left;
            }
        }
    }

    /// Shares a node's stock among its lanes, by the node's rule; the grants go to `scratch.shares`.
    fn allocate_among_lanes(&mut self, n: usize) {
        let s = self.scenario;
        let p = s.products();
        let node = &s.nodes()[n];
        let lanes = &node.outbound;
        let count = lanes.len();
        let mut claims = [0i32; LANES_MAX];
        let mut grants = [0i32; LANES_MAX];
        for i in 0..p {
            let mut owed = node.mixed_row.map_or(0, |x| self.state.customer_backorder[x * p + i]);
            for (claim, &b) in claims.iter_mut().zip(lanes) {
                *claim = self.state.waiting[byte_index(b) * p + i];
                owed += *claim;
            }
            let available = self.state.inventory_level[n * p + i] + owed;
            match node.allocation {
                Allocation::Proportional => allocation::proportional(available, &claims[..count], &mut grants[..count]),
                Allocation::Priority => allocation::in_order(available, &claims[..count], &mut grants[..count]),
                Allocation::FirstCome => self.serve_queue(n, i, available, &mut grants[..count]),
            }
            for (k, &b) in lanes.iter().enumerate() {
                self.state.waiting[byte_index(b) * p + i] -= grants[k];
                self.scratch.shares[k * p + i] = grants[k];
            }
        }
    }

    /// Serves one product's queued orders of a first-come node, the oldest day first.
    fn serve_queue(&mut self, n: usize, product: usize, available: i32, grants: &mut [i32]) {
        let s = self.scenario;
        let p = s.products();
        let days = s.ring_days();
        let today = wide_index(self.day) % days;
        let mut left = available;
        grants.fill(0);
        for age in 1..=days {
            let slot = (today + age) % days; // the oldest first, today last
            for (grant, &b) in grants.iter_mut().zip(&s.nodes()[n].outbound) {
                let Some(q) = s.lanes()[byte_index(b)].queue_row else { continue };
                let queued = &mut self.state.queue[(slot * s.queue_lanes + q) * p + product];
                let units = if *queued < left { *queued } else { left };
                *queued -= units;
                *grant += units;
                left -= units;
            }
        }
    }

    /// Puts `scratch.grants` of lane `l` on their way.
    #[inline(always)]
    fn transport(&mut self, l: usize) {
        let s = self.scenario;
        let lane = &s.lanes()[l];
        if lane.staged_row.is_none() && lane.routes == 1 {
            self.dispatch(l, lane.first_route);
        } else {
            self.transport_by_priority(l);
        }
    }

    /// Ships `scratch.grants` over one route: draws lead times, fills the ring, charges freight.
    #[inline(always)]
    fn dispatch(&mut self, l: usize, k: usize) {
        let s = self.scenario;
        let p = s.products();
        let lane = &s.lanes()[l];
        let route = &s.routes()[k];
        let rows = ring_rows(s);
        let days = s.ring_days();
        let slot = wide_index(self.day) % days;
        let grants = &self.scratch.grants[..p];
        let in_transit = &mut row_mut(self.state.in_transit, l, p)[..p];
        let rates = &s.freight(k)[..p];
        let mut cost = 0i64;
        let mut units = 0i64;
        for i in 0..p {
            in_transit[i] += grants[i];
            cost += product(grants[i], rates[i]);
            units += product(grants[i], 1);
        }
        if let Some(lead) = route.lead_fixed {
            let due = &mut row_mut(self.state.ring, (slot + lead) % days * rows + l, p)[..p];
            for i in 0..p {
                due[i] += grants[i];
            }
        } else {
            let draws = self.draws.row(self.day, crate::convert::count(k), Source::LeadTime);
            let leads = s.table(route.lead_table);
            let quantile = &mut self.scratch.cap[..p];
            for (quantile, words) in quantile.iter_mut().zip(s.product_rows()) {
                *quantile = from_bits(draws.two(product_key(words)).0);
            }
            for (i, (&units, &quantile)) in grants.iter().zip(quantile.iter()).enumerate() {
                if units > 0 {
                    let due = slot + index(leads.value(bits(quantile)));
                    let due = if due < days { due } else { due - days };
                    self.state.ring[(due * rows + l) * p + i] += units;
                }
            }
        }
        let customer = lane.customer;
        self.today[customer].ledger.freight += cost;
        self.today[customer].shipped_to += units;
        if let Some(costs) = self.costs.as_deref_mut() {
            for (i, c) in costs[customer * p..(customer + 1) * p].iter_mut().enumerate() {
                *c += wide(grants[i]) * wide(rates[i]);
            }
        }
    }

    /// Ships over a lane with several or limited routes: each product's first choice, then the
    /// other routes in their order; what finds no room stays staged at the supplier.
    #[inline(always)]
    fn transport_by_priority(&mut self, l: usize) {
        let s = self.scenario;
        let p = s.products();
        let lane = &s.lanes()[l];
        // What wants to go: newly allocated and staged before.
        self.scratch.wants.copy_from_slice(self.scratch.grants);
        if let Some(r) = lane.staged_row {
            for (want, &staged) in self.scratch.wants.iter_mut().zip(row(self.state.staged, r, p)) {
                *want += staged;
            }
        }
        let mut room = [0i64; ROUTES_PER_LANE_MAX];
        for (r, room) in room.iter_mut().enumerate().take(lane.routes) {
            let k = lane.first_route + r;
            *room = s.routes()[k].capacity.map_or(i64::MAX, |c| (wide(c) * wide(self.conditions.route[k])) >> 12);
        }
        first_routes(row(self.state.route_first, lane.customer, p), lane.routes, self.scratch.position);
        for preference in 0..lane.routes {
            if nothing(self.scratch.wants) {
                break;
            }
            for (r, room) in room.iter_mut().enumerate().take(lane.routes) {
                let Some((least, most)) = first_routes_before(preference, r) else { continue };
                let wants = &mut self.scratch.level[..p];
                for ((wants, &want), &first) in
                    wants.iter_mut().zip(self.scratch.wants.iter()).zip(self.scratch.position.iter())
                {
                    *wants = if least <= first && first <= most { want } else { 0 };
                }
                if nothing(wants) {
                    continue;
                }
                if *room == i64::MAX {
                    self.scratch.grants.copy_from_slice(wants);
                } else {
                    *room -= allocation::share_capacity(*room, wants, |i| s.volume(i), |_| 1, self.scratch.grants);
                }
                for (want, &grant) in self.scratch.wants.iter_mut().zip(self.scratch.grants.iter()) {
                    *want -= grant;
                }
                self.dispatch(l, lane.first_route + r);
            }
        }
        if let Some(r) = lane.staged_row {
            row_mut(self.state.staged, r, p).copy_from_slice(self.scratch.wants);
        }
    }

    #[inline(always)]
    fn account(&mut self) {
        let s = self.scenario;
        let p = s.products();
        for (n, node) in s.nodes().iter().enumerate() {
            let holding = &s.column(Column::HoldingCost, n)[..p];
            let backorder = &s.column(Column::BackorderCost, n)[..p];
            let values = &s.column(Column::UnitValue, n)[..p];
            let stock = &row(self.state.inventory_level, n, p)[..p];
            let (mut held, mut owed, mut value, mut owed_value) = (0i64, 0i64, 0i64, 0i64);
            for i in 0..p {
                let on_hand = if stock[i] > 0 { stock[i] } else { 0 };
                let missing = on_hand - stock[i];
                held += product(on_hand, holding[i]);
                value += product(on_hand, values[i]);
                owed += product(missing, backorder[i]);
                owed_value += product(missing, values[i]);
            }
            if let Some(costs) = self.costs.as_deref_mut() {
                for (i, c) in costs[n * p..(n + 1) * p].iter_mut().enumerate() {
                    let on_hand = if stock[i] > 0 { stock[i] } else { 0 };
                    *c += wide(on_hand) * wide(holding[i]) + wide(on_hand - stock[i]) * wide(backorder[i]);
                }
            }
            // Stock that the level does not show: input of production, and what waits for transport.
            if node.produces {
                let input = row(self.state.input_stock, node.producer_row, p);
                let (h, v) =
                    charge(input, holding, values, self.costs.as_deref_mut().map(|c| &mut c[n * p..(n + 1) * p]));
                held += h;
                value += v;
            }
            for &b in &node.outbound {
                if let Some(r) = s.lanes()[byte_index(b)].staged_row {
                    let staged = row(self.state.staged, r, p);
                    let (h, v) =
                        charge(staged, holding, values, self.costs.as_deref_mut().map(|c| &mut c[n * p..(n + 1) * p]));
                    held += h;
                    value += v;
                }
            }
            let mut transit_value = 0i64;
            for &b in &node.inbound {
                for (&units, &v) in row(self.state.in_transit, byte_index(b), p).iter().zip(values) {
                    transit_value += product(units, v);
                }
            }
            if let Some(x) = node.mixed_row {
                owed_value =
                    row(self.state.customer_backorder, x, p).iter().zip(values).map(|(&u, &v)| wide(u) * wide(v)).sum();
            }
            let tally = &mut self.today[n];
            tally.ledger.holding += held;
            tally.ledger.backorder += owed;
            tally.stock_value = value;
            tally.transit_value = transit_value;
            if node.sells {
                // Sold today = demanded today and not lost, less what the backlog has grown by.
                tally.sold_value += self.backorder_value[n] - owed_value;
                self.backorder_value[n] = owed_value;
            }
        }
    }
}

/// Row `r` of a `[row][product]` array.
#[inline(always)]
fn row(rows: &[i32], r: usize, p: usize) -> &[i32] {
    &rows[r * p..(r + 1) * p]
}

/// Row `r` of a `[row][product]` array.
#[inline(always)]
fn row_mut(rows: &mut [i32], r: usize, p: usize) -> &mut [i32] {
    &mut rows[r * p..(r + 1) * p]
}

/// Hash of the name of the product with these words.
#[inline(always)]
fn product_key(words: &[i32; layout::PRODUCT_WORDS]) -> u64 {
    key(words[layout::product::KEY_LOW], words[layout::product::KEY_HIGH])
}

/// Whether a row of quantities is all zero.
#[inline(always)]
fn nothing(units: &[i32]) -> bool {
    units.iter().fold(0, |union, &units| union | units) == 0
}

/// The route that each product asks for first, of those there are. Shapes `[product]`.
#[inline(always)]
fn first_routes(asked: &[i32], routes: usize, first: &mut [i32]) {
    const _: () = assert!(ROUTES_PER_LANE_MAX == 4);
    // A policy may ask for any number. Divisors that the compiler knows cost no division.
    let each = |first: &mut [i32], of: fn(u32) -> u32| {
        for (first, &asked) in first.iter_mut().zip(asked) {
            *first = from_bits(of(bits(if asked > 0 { asked } else { 0 })));
        }
    };
    match routes {
        1 => first.fill(0),
        2 => each(first, |route| route % 2),
        3 => each(first, |route| route % 3),
        _ => each(first, |route| route % 4),
    }
}

/// The first choices, from least to most, after which `route` comes in place `preference`: the first
/// choice comes first, the other routes follow in their order.
#[inline(always)]
fn first_routes_before(preference: usize, route: usize) -> Option<(i32, i32)> {
    let (place, own) = (word(preference), word(route));
    if place == 0 {
        Some((own, own))
    } else if own == place {
        Some((0, place - 1))
    } else if own + 1 == place {
        Some((place, i32::MAX))
    } else {
        None
    }
}

/// Moves what is due into stock; returns how much.
#[inline(always)]
fn receive_row(due: &mut [i32], stock: &mut [i32], on_the_way: &mut [i32]) -> i64 {
    let mut units = 0i64;
    for ((due, stock), moving) in due.iter_mut().zip(stock).zip(on_the_way) {
        *stock += *due;
        *moving -= *due;
        units += product(*due, 1);
        *due = 0;
    }
    units
}

/// Orders reach the supplier: they wait there and are its demand of today.
#[inline(always)]
fn book(state: &mut State<'_>, s: &Scenario<'_>, slot: usize, l: usize, orders: &[i32]) {
    let p = s.products();
    let lane = &s.lanes()[l];
    for (waiting, &q) in row_mut(state.waiting, l, p).iter_mut().zip(orders) {
        *waiting += q;
    }
    if let Some(supplier) = lane.supplier {
        let level = row_mut(state.inventory_level, supplier, p);
        let faced = row_mut(state.demand_today, supplier, p);
        for ((level, faced), &q) in level.iter_mut().zip(faced).zip(orders) {
            *level -= q;
            *faced += q;
        }
    }
    if let Some(q) = lane.queue_row {
        let queue = row_mut(state.queue, slot * s.queue_lanes + q, p);
        for (queued, &units) in queue.iter_mut().zip(orders) {
            *queued += units;
        }
    }
}

/// Inventory position of one node: level plus all that is ordered and not yet stocked.
#[inline(always)]
fn position_row(s: &Scenario<'_>, state: &State<'_>, n: usize, position: &mut [i32]) {
    let p = s.products();
    let node = &s.nodes()[n];
    position.copy_from_slice(row(state.inventory_level, n, p));
    let mut add = |rows: &[i32], r: usize| {
        for (position, &units) in position.iter_mut().zip(row(rows, r, p)) {
            *position += units;
        }
    };
    for &b in &node.inbound {
        let l = byte_index(b);
        let lane = &s.lanes()[l];
        add(state.in_transit, l);
        add(state.waiting, l);
        if let Some(r) = lane.staged_row {
            add(state.staged, r);
        }
        if let Some(r) = lane.mail_row {
            add(state.mail, r);
        }
    }
    if node.produces {
        add(state.input_stock, node.producer_row);
        add(state.in_production, node.producer_row);
    }
}

/// The part of an order that goes over one of several inbound lanes: shares are cut from the whole
/// order so that they add up to it, then lots and minimum apply to each lane by itself. All lanes
/// together never pass the cap: `earlier` is what the lanes before have ordered today.
#[inline]
fn lane_order(level: i32, position: i32, cap: i32, bounds: Bounds, before: i32, until: i32, earlier: i32) -> i32 {
    let most = if cap < bounds.order_max { cap } else { bounds.order_max };
    let missing = (wide(level) - wide(position)).min(wide(most)).max(0);
    let part = missing * wide(until) / 1_000_000 - missing * wide(before) / 1_000_000;
    order::quantity(crate::convert::saturate(part), 0, most.max(0) - earlier, bounds)
}

/// Serves customers who wait: what stock can't serve is owed.
#[inline(always)]
fn serve_backordered(stock: &mut [i32], demand: &[i32], values: &[i32], tally: &mut Tally) {
    let (mut demanded, mut served, mut value) = (0i64, 0i64, 0i64);
    for ((stock, &d), &v) in stock.iter_mut().zip(demand).zip(values) {
        // Backorders first: a customer who waited must not be overtaken by one who just came.
        let on_hand = if *stock > 0 { *stock } else { 0 };
        served += product(if on_hand < d { on_hand } else { d }, 1);
        demanded += product(d, 1);
        value += product(d, v);
        *stock -= d;
    }
    tally.demand += demanded;
    tally.served += served;
    tally.sold_value += value;
}

/// Serves customers who go away: what stock can't serve is lost.
#[inline(always)]
fn serve_lost(
    stock: &mut [i32],
    demand: &[i32],
    values: &[i32],
    rates: &[i32],
    tally: &mut Tally,
    mut costs: Option<&mut [i64]>,
) {
    for (i, stock) in stock.iter_mut().enumerate() {
        let d = demand[i];
        let served = if *stock < d { *stock } else { d };
        let cost = wide(d - served) * wide(rates[i]);
        tally.demand += wide(d);
        tally.served += wide(served);
        tally.lost += wide(d - served);
        tally.sold_value += wide(served) * wide(values[i]);
        tally.ledger.lost_sale += cost;
        if let Some(costs) = costs.as_deref_mut() {
            costs[i] += cost;
        }
        *stock -= served;
    }
}

/// Serves customers at a node that also supplies lanes: customers come before lanes.
#[allow(clippy::too_many_arguments)] // Rows of one node's turn; a struct would only rename them.
fn serve_mixed(
    stock: &mut [i32],
    owed: &mut [i32],
    demand: &[i32],
    values: &[i32],
    rates: &[i32],
    node: &crate::scenario::Node,
    waiting: &[i32],
    p: usize,
    tally: &mut Tally,
    mut costs: Option<&mut [i64]>,
) {
    for i in 0..p {
        let backlog: i32 = owed[i] + node.outbound.iter().map(|&b| waiting[byte_index(b) * p + i]).sum::<i32>();
        let on_hand = stock[i] + backlog;
        let late = if owed[i] < on_hand { owed[i] } else { on_hand };
        let left = on_hand - late;
        let d = demand[i];
        let served = if left < d { left } else { d };
        tally.demand += wide(d);
        tally.served += wide(served);
        owed[i] -= late;
        if node.lost_sales {
            let cost = wide(d - served) * wide(rates[i]);
            tally.lost += wide(d - served);
            tally.sold_value += wide(served) * wide(values[i]);
            tally.ledger.lost_sale += cost;
            if let Some(costs) = costs.as_deref_mut() {
                costs[i] += cost;
            }
            stock[i] -= served;
        } else {
            tally.sold_value += wide(d) * wide(values[i]);
            owed[i] += d - served;
            stock[i] -= d;
        }
    }
}

/// Holding cost and value of stock that the level does not show.
fn charge(units: &[i32], holding: &[i32], values: &[i32], costs: Option<&mut [i64]>) -> (i64, i64) {
    let (mut held, mut value) = (0i64, 0i64);
    for ((&u, &h), &v) in units.iter().zip(holding).zip(values) {
        held += wide(u) * wide(h);
        value += wide(u) * wide(v);
    }
    if let Some(costs) = costs {
        for ((c, &u), &h) in costs.iter_mut().zip(units).zip(holding) {
            *c += wide(u) * wide(h);
        }
    }
    (held, value)
}
