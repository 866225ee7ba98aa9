//! Planning from where the chain stands: what a central planner sees, and what a plan makes of it.

use super::ascent::{Ascent, Found};
use super::cheapest::Prices;
use super::course::{Course, Place, Source, Start};
use super::{LpError, refuse_assembly};
use restock_core::Scenario;
use restock_core::layout::Column;
use restock_core::policy::NodeView;

/// Scenarios of a stochastic plan: two lie above a quantile of 0.95, on the mean.
pub const SAMPLES: u32 = 40;

/// How a planner plans.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Settings {
    /// Days that a plan looks ahead [days].
    pub horizon_days: usize,
    /// Days from one plan to the next [days].
    pub replan_days: u32,
    /// Steps of the ascent on prices for each plan; the first plan takes ten times as many.
    pub steps: usize,
    /// Safety stock of each node [standard deviations of demand over its protection interval]. Shape `[node]`.
    pub safety: Vec<f64>,
    /// Scenarios that safety stocks are made of; 0: `safety` says what they are.
    ///
    /// A two-stage program with simple recourse by sample average approximation (Shapiro, Dentcheva and Ruszczynski
    /// 2009, chapters 1.2.1 and 5): what every stockpoint is to hold for the days until the next order arrives is
    /// decided first; then demand is known, and what is over is held and what is short is owed, at the ratio of the
    /// stockpoint's textbook service level. Its optimum is that quantile of the scenarios' demand over those days.
    /// What products share is left to the linear program, on mean demand.
    pub samples: u32,
    /// Negotiation effort of each node. Shape `[node]`.
    pub effort: Vec<i32>,
}

impl Settings {
    /// A plan of 42 days each week, without safety stock or negotiation.
    #[must_use]
    pub fn plain(scenario: &Scenario<'_>) -> Self {
        let nodes = scenario.node_count();
        Self {
            horizon_days: 42,
            replan_days: 7,
            steps: 30,
            safety: vec![0.0; nodes],
            samples: 0,
            effort: vec![0; nodes],
        }
    }

    /// The same with the textbook's safety factors, the mean over a node's products.
    #[must_use]
    pub fn textbook(scenario: &Scenario<'_>) -> Self {
        let factor = |n: usize| {
            let factors = scenario.column(Column::SafetyFactor, n).iter().map(|&z| f64::from(z) / 256.0);
            factors.sum::<f64>() / scenario.products().max(1) as f64
        };
        Self { safety: (0..scenario.node_count()).map(factor).collect(), ..Self::plain(scenario) }
    }

    /// The same with safety stocks from [`SAMPLES`] scenarios instead of a factor: see [`Settings::samples`].
    #[must_use]
    pub fn stochastic(scenario: &Scenario<'_>) -> Self {
        Self { samples: SAMPLES, ..Self::plain(scenario) }
    }
}

/// What a plan tells the nodes, from its first day on.
#[derive(Clone, Debug, Default)]
pub struct Orders {
    /// The plan's first day.
    pub first_day: u32,
    /// Days that it tells of.
    pub days: usize,
    /// Inventory position after each day's order [units]. Shape `[node][product][day]`.
    pub position: Vec<f64>,
    /// What is ordered each day [units]. Shape `[node][product][day]`.
    pub quantity: Vec<f64>,
    /// Which route takes most of it. Shape `[node][product]`.
    pub route: Vec<i32>,
}

/// What is there of each product at each node, lanes' goods at the suppliers that still have them.
struct Standing {
    start: Start,
    /// Inventory position, were all orders that have not left taken back [units]. Shape `[node][product]`.
    position: Vec<f64>,
}

/// What is there when a plan is made.
fn standing(view: &NodeView<'_>, course: &Course, safety: &[f64]) -> Standing {
    let s = view.scenario();
    let (state, p, nodes) = (view.whole_chain(), s.products(), s.node_count());
    let row = |rows: &'_ [i32], r: usize, i: usize| f64::from(rows.get(r * p + i).copied().unwrap_or(0));
    let today = view.day() as usize;
    let mut sources: Vec<Vec<Source>> = vec![Vec::new(); p];
    let (mut owed, mut position) = (vec![0.0; p * nodes], vec![0.0; nodes * p]);
    for (n, node) in s.nodes().iter().enumerate() {
        let outbound = || node.outbound.iter().map(|&b| usize::from(b));
        for i in 0..p {
            let waiting: f64 = outbound().map(|l| row(state.waiting, l, i)).sum();
            let staged = outbound().filter_map(|l| s.lanes()[l].staged_row).map(|r| row(state.staged, r, i));
            let net = row(state.inventory_level, n, i)
                + waiting
                + staged.sum::<f64>()
                + node.yard_row.map_or(0.0, |y| row(state.yard, y, i));
            let free = net - safety[n * p + i];
            position[n * p + i] = net;
            owed[i * nodes + n] = (-free).max(0.0);
            if free > 0.0 {
                sources[i].push(Source { place: Place::Stock(n), day: 0, units: free, disposable: false });
            }
        }
        for &b in &node.inbound {
            arriving(view, course, usize::from(b), &mut sources, &mut position);
        }
        if node.produces {
            let (row_of, producers) = (node.producer_row, state.input_stock.len() / p);
            let works_days = state.works_ring.len() / (p * producers);
            for i in 0..p {
                let input = row(state.input_stock, row_of, i);
                position[n * p + i] += input;
                if input > 0.0 {
                    sources[i].push(Source { place: Place::Input(n), day: 0, units: input, disposable: false });
                }
                let good = f64::from(s.column(Column::Yield, n)[i]) / 65_536.0;
                for day in 1..works_days {
                    let made = row(state.works_ring, (today + day) % works_days * producers + row_of, i);
                    position[n * p + i] += made;
                    if made > 0.0 && day < course.days {
                        let units = made * good;
                        sources[i].push(Source { place: Place::Stock(n), day, units, disposable: false });
                    }
                }
            }
        }
    }
    Standing { start: Start { sources, owed }, position }
}

/// What lane `l` brings in the days to come.
fn arriving(view: &NodeView<'_>, course: &Course, l: usize, sources: &mut [Vec<Source>], position: &mut [f64]) {
    let s = view.scenario();
    let (p, lanes, ring_days) = (s.products(), s.lanes().len(), s.ring_days());
    let customer = s.lanes()[l].customer;
    let place = if s.nodes()[customer].produces { Place::Input(customer) } else { Place::Stock(customer) };
    for day in 1..ring_days {
        let slot = (view.day() as usize + day) % ring_days;
        for i in 0..p {
            let units = f64::from(view.whole_chain().ring[(slot * lanes + l) * p + i]);
            if units <= 0.0 {
                continue;
            }
            position[customer * p + i] += units;
            if day < course.days {
                let good = 1.0 - course.defective[(i * lanes + l) * course.days + day];
                sources[i].push(Source { place, day, units: units * good, disposable: false });
            }
        }
    }
}

/// The forecast's mean over the days after the plan's first, and each node's safety stock [units]. Shape
/// `[node][product]`.
fn expected(view: &NodeView<'_>, course: &mut Course, z: &[f64]) -> Vec<f64> {
    let s = view.scenario();
    let p = s.products();
    let state = view.whole_chain();
    let mut safety = vec![0.0; s.stockpoints()];
    for (n, node) in s.nodes().iter().enumerate() {
        let level: Vec<f64> = state.forecast_level[n * p..][..p].iter().map(|&level| f64::from(level)).collect();
        let (days, spread) = (s.column(Column::ProtectionDays, n), s.column(Column::ProtectionSpread, n));
        for (i, &profile) in s.column(Column::ForecastProfile, n).iter().enumerate() {
            let tomorrow = view.day() as usize + 1;
            let season = s.season_sum(profile as usize, tomorrow, tomorrow + days[i] as usize);
            let mean = level[i] * f64::from(season) / f64::from(1 << 24);
            safety[n * p + i] = z[n] * mean * f64::from(spread[i]) / 65_536.0;
        }
        if node.sells {
            course.expect(s, n, &level, Column::ForecastProfile);
            for i in 0..p {
                // Today's demand has been served.
                course.demand[(i * s.node_count() + n) * course.days] = 0.0;
            }
        }
    }
    safety
}

/// Plans, and remembers prices from plan to plan.
#[derive(Clone, Debug)]
pub struct Planner {
    settings: Settings,
    prices: Option<Prices>,
    /// Price of stock on hand in the last plan. Shape `[product][node]`.
    stock_price: Vec<f64>,
    planned_on: u32,
}

impl Planner {
    /// # Errors
    /// If products are assembled.
    pub fn new(scenario: &Scenario<'_>, settings: Settings) -> Result<Self, LpError> {
        refuse_assembly(scenario)?;
        Ok(Self { settings, prices: None, stock_price: vec![0.0; scenario.stockpoints()], planned_on: 0 })
    }

    /// How it plans.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A plan from today on, with what `view` shows and the chain's state.
    ///
    /// # Errors
    /// If products are assembled.
    pub fn plan(&mut self, view: &NodeView<'_>) -> Result<Orders, LpError> {
        let s = view.scenario();
        let mut course = Course::mean(s, view.day(), self.settings.horizon_days, &self.settings.effort);
        course.demand.fill(0.0);
        let mut safety = expected(view, &mut course, &self.settings.safety);
        if self.settings.samples > 0 {
            safety = course.sampled_safety(s, self.settings.samples);
        }
        let standing = standing(view, &course, &safety);
        let ascent = Ascent::new(s, &course, &standing.start)?;
        let first = self.prices.is_none();
        let prices = self.begin(&ascent, &standing.start, &course, view.day());
        let steps = if first { 10 * self.settings.steps } else { self.settings.steps };
        let found = ascent.climb(prices, steps, if first { 1.0 } else { 0.5 });
        self.remember(&standing.start, &found, s.node_count(), view.day());
        Ok(Orders::of(s, &course, &ascent.ordered(&found.prices), &standing.position))
    }

    /// The last plan's prices, moved on by the days since.
    fn begin(&self, ascent: &Ascent<'_>, start: &Start, course: &Course, today: u32) -> Prices {
        let mut prices = ascent.free();
        let Some(before) = &self.prices else { return prices };
        let later = today.saturating_sub(self.planned_on) as usize;
        let shared = prices.rows_mut().into_iter().zip(before.rows()).take(3);
        for (now, before) in shared {
            for (now, before) in now.chunks_exact_mut(course.days).zip(before.chunks_exact(course.days)) {
                for (t, now) in now.iter_mut().enumerate() {
                    *now = before[(t + later).min(course.days - 1)];
                }
            }
        }
        let nodes = course.storage.len();
        let mut i = 0;
        for (product, sources) in start.sources.iter().enumerate() {
            for source in sources {
                let (Place::Stock(n) | Place::Input(n)) = source.place;
                prices.sources[i] = self.stock_price[product * nodes + n];
                i += 1;
            }
        }
        ascent.feasible(prices)
    }

    fn remember(&mut self, start: &Start, found: &Found, nodes: usize, today: u32) {
        let mut i = 0;
        for (product, sources) in start.sources.iter().enumerate() {
            for source in sources {
                if let (Place::Stock(n), 0) = (source.place, source.day) {
                    self.stock_price[product * nodes + n] = found.prices.sources[i];
                }
                i += 1;
            }
        }
        self.prices = Some(found.prices.clone());
        self.planned_on = today;
    }
}

impl Orders {
    /// What a plan tells: its shipments are ordered as long before they leave as the mail takes.
    #[must_use]
    pub fn of(s: &Scenario<'_>, course: &Course, ordered: &[f64], position: &[f64]) -> Self {
        let (p, days, nodes, routes) = (s.products(), course.days, s.node_count(), s.routes().len());
        let mut orders = Self {
            first_day: course.first_day,
            days,
            position: vec![0.0; nodes * p * days],
            quantity: vec![0.0; nodes * p * days],
            route: vec![0; nodes * p],
        };
        for n in 0..nodes {
            let lanes = |list: &[u8]| list.iter().map(|&b| &s.lanes()[usize::from(b)]).collect::<Vec<_>>();
            let (inbound, outbound) = (lanes(&s.nodes()[n].inbound), lanes(&s.nodes()[n].outbound));
            for i in 0..p {
                let leaves = |k: usize, t: usize| if t < days { ordered[(i * routes + k) * days + t] } else { 0.0 };
                let own = &mut orders.quantity[(n * p + i) * days..][..days];
                let mut most = 0.0;
                for lane in &inbound {
                    for r in 0..lane.routes {
                        let k = lane.first_route + r;
                        for (t, own) in own.iter_mut().enumerate() {
                            // What leaves before an order of today could be seen has been ordered already.
                            *own += leaves(k, t + lane.order_days);
                        }
                        let soon: f64 = (0..days.min(7)).map(|t| leaves(k, t)).sum();
                        if soon > most {
                            most = soon;
                            orders.route[n * p + i] = r as i32;
                        }
                    }
                }
                let mut now = position[n * p + i];
                for lane in inbound.iter().filter(|lane| lane.order_days > 0) {
                    let ks = lane.first_route..lane.first_route + lane.routes;
                    now += ks
                        .flat_map(|k| (0..lane.order_days).map(move |t| (k, t)))
                        .map(|(k, t)| leaves(k, t))
                        .sum::<f64>();
                }
                for (t, &own) in own.iter().enumerate() {
                    let ks = outbound.iter().flat_map(|lane| lane.first_route..lane.first_route + lane.routes);
                    let out: f64 = ks.map(|k| leaves(k, t)).sum();
                    now += own - out - course.demand[(i * nodes + n) * days + t];
                    orders.position[(n * p + i) * days + t] = now;
                }
            }
        }
        orders
    }
}
