//! Random valid networks with every feature of the simulator switched on by chance, from a seed.
//!
//! A [`Plan`] is nested and named where the simulator's image is flat, so that the oracle that reads
//! it shares no indexing with what it checks. [`Plan::image`] writes it down word by word.

use restock_core::layout::{EFFORTS, GRADES};
use restock_core::scenario::{Allocation, BomLine, Disruption, Event, EventKind, OpenOrder, SEASON_AHEAD_DAYS, Stage};

mod features;
mod forecast;
mod image;
mod wish;

pub use forecast::Forecast;
pub use image::table_words;
pub use wish::{Wish, Wishes, wish};

/// A place that holds stock and decides.
#[derive(Clone, Debug)]
pub struct Node {
    /// Sells to customers.
    pub sells: bool,
    /// Customers' unmet demand is lost.
    pub lost_sales: bool,
    /// Days from production start to stock; none where it does not produce.
    pub production_days: Option<usize>,
    /// Work per day, if limited.
    pub capacity: Option<i32>,
    /// Distance from the customer.
    pub echelon: i32,
    /// Days between decisions.
    pub review_days: usize,
    /// Decides on days where `day % review_days == review_offset`.
    pub review_offset: usize,
    /// How it shares scarce stock among its lanes.
    pub allocation: Allocation,
    /// Volume that fits into its storage, if limited.
    pub storage: Option<i32>,
    /// Cost of what finds no room [minor currency units per 1024 units of volume and day].
    pub overflow_rate: i32,
}

/// What a supplier is like over one lane.
#[derive(Clone, Copy, Debug)]
pub struct Grades {
    /// Grade without effort, Q8.
    pub base_q8: i32,
    /// Grades that each effort from 1 on gains in the end, Q8.
    pub lift_q8: [i32; EFFORTS],
    /// It moves `2^-shift` of the way a day.
    pub relax_shift: i32,
    /// On-time share that the buyer starts from, Q15.
    pub on_time_q15: i32,
    /// Accepted share that the buyer starts from, Q15.
    pub accepted_q15: i32,
    /// Tables of the defective share, Q16, by grade.
    pub defect_tables: [Option<usize>; GRADES],
}

/// One way over a lane.
#[derive(Clone, Debug)]
pub struct Route {
    /// Index of the lead-time table.
    pub lead_table: usize,
    /// Indices of the lead-time tables by grade, where they are not all `lead_table`.
    pub by_grade: Option<[usize; GRADES]>,
    /// What takes longer is late [days].
    pub promise_days: i32,
    /// Volume per day, if limited.
    pub capacity: Option<i32>,
    /// Freight by product [minor currency units per unit].
    pub freight: Vec<i32>,
}

/// Who supplies whom.
#[derive(Clone, Debug)]
pub struct Lane {
    /// Supplying node; none for the outside world.
    pub supplier: Option<usize>,
    /// Receiving node.
    pub customer: usize,
    /// Days an order is in the mail.
    pub order_days: usize,
    /// Rank under priority allocation.
    pub priority: i32,
    /// Share of the receiver's orders [ppm].
    pub share: i32,
    /// The routes.
    pub routes: Vec<Route>,
    /// The supplier's grades, if it has any.
    pub grades: Option<Grades>,
}

/// What is stocked.
#[derive(Clone, Debug)]
pub struct Product {
    /// Hash of the name.
    pub key: u64,
    /// Volume of one unit.
    pub volume: i32,
    /// Group whose shock its demand follows.
    pub group: Option<usize>,
}

/// The parameters of one product at one node; units as in [`restock_core::layout::Column`].
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)] // The columns of the image, one for one.
pub struct Stock {
    pub holding: i32,
    pub backorder: i32,
    pub lost_sale: i32,
    pub order_cost: i32,
    pub production_cost: i32,
    pub unit_value: i32,
    pub lot_size: i32,
    pub order_min: i32,
    pub order_max: i32,
    pub position_max: i32,
    pub initial: i32,
    pub work: i32,
    /// Index of the demand table, if customers want this product here.
    pub demand_table: Option<usize>,
    pub demand_mean_q12: i32,
    pub protection_days: i32,
    pub protection_spread_q16: i32,
    pub safety_factor_q8: i32,
    pub demand_profile: usize,
    pub forecast_profile: usize,
    pub forecast: Forecast,
    pub negotiation_cost: i32,
    pub scrap_cost: i32,
    /// Share of what production finishes that is spoilt, Q16: all less the yield.
    pub spoilage_q16: i32,
}

/// One segment of an inverse-transform table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// First `u` of the segment.
    pub start: u32,
    /// Value there.
    pub value: i32,
    /// Rise until the next segment.
    pub span: i32,
}

/// A network, nested and named.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)] // Named as in `restock_core::layout`.
pub struct Plan {
    pub horizon_days: usize,
    pub ring_days: usize,
    pub forecast_shift: i32,
    pub demand_max: i32,
    /// Greatest of the stockpoints' limits.
    pub position_max: i32,
    pub nodes: Vec<Node>,
    pub lanes: Vec<Lane>,
    pub products: Vec<Product>,
    /// Shape `[node][product]`.
    pub stock: Vec<Vec<Stock>>,
    /// Season factors, Q12. Shape `[profile][day]`.
    pub profiles: Vec<Vec<i32>>,
    pub events: Vec<Event>,
    /// By lane, product, stage and days.
    pub open_orders: Vec<OpenOrder>,
    pub disruptions: Vec<Disruption>,
    /// By node, component and product.
    pub bom: Vec<BomLine>,
    /// Number of groups.
    pub groups: usize,
    /// Index of the table of the groups' shocks.
    pub shock_table: Option<usize>,
    pub tables: Vec<Vec<Segment>>,
    /// Shape `[day][selling node][product]`; empty where demand is drawn.
    pub replay: Vec<Vec<Vec<i32>>>,
}

/// A small generator of its own (SplitMix64), so that no test depends on the draws that it tests.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: i32, high: i32) -> i32 {
        let width = (i64::from(high) - i64::from(low) + 1) as u64;
        (i64::from(low) + (self.bits() % width) as i64) as i32
    }

    /// A size from `low` to `high`, both included.
    pub fn size(&mut self, low: usize, high: usize) -> usize {
        low + (self.bits() % (high - low + 1) as u64) as usize
    }

    /// True in `percent` of cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.bits() % 100 < percent
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.size(0, from.len() - 1)]
    }

    /// In random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.size(0, i);
            items.swap(i, j);
        }
    }
}

/// Equal slices of chance for each of `values`, which must not fall.
#[must_use]
pub fn even_table(values: &[i32]) -> Vec<Segment> {
    let mut table: Vec<Segment> = Vec::new();
    for (i, &value) in values.iter().enumerate() {
        if table.last().is_none_or(|last| last.value != value) {
            table.push(Segment { start: (((i as u64) << 32) / values.len() as u64) as u32, value, span: 0 });
        }
    }
    table
}

/// Values from 0 on with these probabilities, each threshold rounded to 2^-32.
#[must_use]
pub fn mass_table(masses: &[f64]) -> Vec<Segment> {
    let mut table: Vec<Segment> = Vec::new();
    let mut below = 0.0f64;
    for (value, mass) in masses.iter().enumerate() {
        let start = (below * 4_294_967_296.0).round().min(4_294_967_295.0) as u32;
        if table.last().is_some_and(|last| last.start == start) {
            table.pop();
        }
        table.push(Segment { start, value: value as i32, span: 0 });
        below += mass;
    }
    table
}

impl Plan {
    /// A random network: 1 to 6 nodes, 1 to 4 products, everything else by chance.
    #[must_use]
    pub fn random(seed: u64) -> Self {
        let mut dice = Dice::new(seed ^ 0x5eed_0f9a_7c0d_e000);
        let d = &mut dice;
        let horizon_days = 64;
        let ring_days = d.size(5, 12);
        let products: Vec<Product> =
            (0..d.size(1, 4)).map(|_| Product { key: d.bits(), volume: d.between(0, 4), group: None }).collect();
        let count = d.size(1, 6);
        let mut tables = vec![even_table(&[1])];
        let mut lanes = Vec::new();
        for customer in 0..count {
            for _ in 0..d.pick(&[1, 1, 1, 2, 3]) {
                // Higher numbers are farther from the customers; one above the last is the outside world.
                let supplier = Some(d.size(customer + 1, count)).filter(|&s| s < count);
                lanes.push(random_lane(d, customer, supplier, ring_days, products.len(), &mut tables));
            }
        }
        d.shuffle(&mut lanes);
        share_orders(d, &mut lanes, count);
        let mut nodes: Vec<Node> = Vec::new();
        for n in 0..count {
            let served: Vec<usize> = lanes.iter().filter(|l| l.supplier == Some(n)).map(|l| l.customer).collect();
            let echelon = served.iter().map(|&c| nodes[c].echelon + 1).max().unwrap_or(0);
            let sells = served.is_empty() || d.chance(30);
            nodes.push(random_node(d, sells, echelon, ring_days));
        }
        let profiles: Vec<Vec<i32>> = (0..d.size(1, 3))
            .map(|i| {
                (0..horizon_days + SEASON_AHEAD_DAYS)
                    .map(|_| if i == 0 { 4096 } else { d.between(0, 10_000) })
                    .collect()
            })
            .collect();
        let routes: usize = lanes.iter().map(|l| l.routes.len()).sum();
        let mut events: Vec<Event> = (0..d.pick(&[0, 0, 2, 6]))
            .map(|_| {
                let kind = d.pick(&[EventKind::Demand, EventKind::Capacity, EventKind::Route]);
                let place = if kind == EventKind::Route { d.size(0, routes - 1) } else { d.size(0, count - 1) };
                Event {
                    day: d.between(0, 50) as u32,
                    kind,
                    place,
                    value_q12: d.pick(&[0, 1000, 2048, 4096, 9000, 65_536]),
                }
            })
            .collect();
        events.sort_by_key(|e| e.day);
        let position_max = d.pick(&[150, 3000]);
        let stock: Vec<Vec<Stock>> = nodes
            .iter()
            .map(|node| {
                let forecasts = forecast::random_forecasts(d, products.len());
                let stock =
                    |forecast| Stock { forecast, ..random_stock(d, node, position_max, profiles.len(), &mut tables) };
                forecasts.into_iter().map(stock).collect()
            })
            .collect();
        let selling = nodes.iter().filter(|n| n.sells).count();
        let replay_days = if d.chance(15) { d.size(1, horizon_days) } else { 0 };
        let replay = (0..replay_days)
            .map(|_| (0..selling).map(|_| products.iter().map(|_| d.between(0, 25)).collect()).collect())
            .collect();
        let open_orders = random_open_orders(d, &lanes, &stock, ring_days);
        let mut plan = Self {
            horizon_days,
            ring_days,
            forecast_shift: d.pick(&[0, 0, 0, 1, 4]),
            demand_max: 1 << 18,
            position_max,
            nodes,
            lanes,
            products,
            stock,
            profiles,
            events,
            open_orders,
            tables,
            replay,
            ..Self::default()
        };
        plan.add_features(&mut Dice::new(seed ^ 0x0002_c047_2ac7_0000));
        plan
    }

    /// Number of the first route of a lane.
    #[must_use]
    pub fn first_route(&self, lane: usize) -> usize {
        self.lanes[..lane].iter().map(|l| l.routes.len()).sum()
    }

    /// What planning takes for the mean lead time of a route, Q8 [days]: the middle of its table's values.
    #[must_use]
    pub fn lead_mean_q8(&self, route: &Route) -> i32 {
        let table = &self.tables[route.lead_table];
        (table[0].value + table[table.len() - 1].value) * 128
    }

    /// The fast route of a lane, counted within it: of the least mean lead time, the first of several.
    #[must_use]
    pub fn fast_route(&self, lane: usize) -> usize {
        let routes = &self.lanes[lane].routes;
        (0..routes.len()).min_by_key(|&r| self.lead_mean_q8(&routes[r])).unwrap_or(0)
    }

    /// Planned lead time of a lane's fast route: its mean, rounded, within the ring [days].
    #[must_use]
    pub fn fast_days(&self, lane: usize) -> u32 {
        let mean = self.lead_mean_q8(&self.lanes[lane].routes[self.fast_route(lane)]);
        ((mean + 128) / 256).min(self.ring_days as i32 - 1) as u32
    }

    /// The lane over which a node can rush orders: its first inbound lane with several routes.
    #[must_use]
    pub fn express(&self, node: usize) -> Option<usize> {
        self.inbound(node).into_iter().find(|&l| self.lanes[l].routes.len() > 1)
    }

    /// The lanes into a node, in order.
    #[must_use]
    pub fn inbound(&self, node: usize) -> Vec<usize> {
        (0..self.lanes.len()).filter(|&l| self.lanes[l].customer == node).collect()
    }

    /// The lanes out of a node, in order.
    #[must_use]
    pub fn outbound(&self, node: usize) -> Vec<usize> {
        (0..self.lanes.len()).filter(|&l| self.lanes[l].supplier == Some(node)).collect()
    }
}

fn random_lane(
    d: &mut Dice,
    customer: usize,
    supplier: Option<usize>,
    ring_days: usize,
    products: usize,
    tables: &mut Vec<Vec<Segment>>,
) -> Lane {
    let routes = (0..d.pick(&[1, 1, 2, 3]))
        .map(|_| {
            let mut leads: Vec<i32> = (0..d.pick(&[1, 1, 4])).map(|_| d.between(1, ring_days as i32 - 1)).collect();
            leads.sort_unstable();
            tables.push(even_table(&leads));
            Route {
                lead_table: tables.len() - 1,
                by_grade: None,
                promise_days: 1,
                capacity: if d.chance(35) { Some(d.between(0, 60)) } else { None },
                freight: (0..products).map(|_| d.between(0, 9)).collect(),
            }
        })
        .collect();
    let order_days = if d.chance(30) { d.size(1, ring_days - 1) } else { 0 };
    Lane { supplier, customer, order_days, priority: d.between(0, 2), share: 1_000_000, routes, grades: None }
}

/// Cuts the orders of each receiver among its lanes.
fn share_orders(d: &mut Dice, lanes: &mut [Lane], nodes: usize) {
    for node in 0..nodes {
        let mut left = 1_000_000;
        let inbound: Vec<usize> = (0..lanes.len()).filter(|&l| lanes[l].customer == node).collect();
        for (i, &l) in inbound.iter().enumerate() {
            let others = (inbound.len() - 1 - i) as i32;
            lanes[l].share = if others == 0 { left } else { d.between(1, left - others) };
            left -= lanes[l].share;
        }
    }
}

fn random_node(d: &mut Dice, sells: bool, echelon: i32, ring_days: usize) -> Node {
    let review_days = d.pick(&[1, 1, 1, 2, 7]);
    Node {
        sells,
        lost_sales: sells && d.chance(40),
        production_days: if d.chance(35) { Some(d.size(1, ring_days - 1)) } else { None },
        capacity: if d.chance(60) { Some(d.between(0, 120)) } else { None },
        echelon,
        review_days,
        review_offset: d.size(0, review_days - 1),
        allocation: d.pick(&[Allocation::Proportional, Allocation::Priority, Allocation::FirstCome]),
        storage: None,
        overflow_rate: 0,
    }
}

fn random_stock(
    d: &mut Dice,
    node: &Node,
    position_max: i32,
    profiles: usize,
    tables: &mut Vec<Vec<Segment>>,
) -> Stock {
    let demand_table = (node.sells && d.chance(90)).then(|| {
        let mut values: Vec<i32> = (0..d.size(1, 12)).map(|_| d.between(0, 24)).collect();
        values.sort_unstable();
        tables.push(if d.chance(25) {
            vec![Segment { start: 0, value: 2, span: 9 }, Segment { start: 1 << 31, value: 11, span: 30 }]
        } else {
            even_table(&values)
        });
        tables.len() - 1
    });
    Stock {
        holding: d.between(0, 20),
        backorder: d.between(0, 50),
        lost_sale: d.between(0, 90),
        order_cost: d.between(0, 30),
        production_cost: d.between(0, 12),
        unit_value: d.between(0, 100),
        lot_size: d.pick(&[1, 1, 1, 3, 12]),
        order_min: d.pick(&[0, 0, 0, 1, 15]),
        order_max: if d.chance(30) { d.between(0, 60) } else { position_max },
        position_max: if d.chance(80) { position_max } else { d.between(100, position_max) },
        initial: d.between(0, 100),
        work: d.between(0, 4),
        demand_table,
        demand_mean_q12: d.between(0, 60) << 12,
        protection_days: d.between(1, 20),
        protection_spread_q16: d.between(0, 1 << 17),
        safety_factor_q8: d.between(-300, 700),
        demand_profile: d.size(0, profiles - 1),
        forecast_profile: d.size(0, profiles - 1),
        forecast: Forecast::default(),
        ..Stock::default()
    }
}

/// What is already ordered on the first morning, in half of the networks: never more than the limit allows.
fn random_open_orders(d: &mut Dice, lanes: &[Lane], stock: &[Vec<Stock>], ring_days: usize) -> Vec<OpenOrder> {
    let mut open = Vec::new();
    if d.chance(50) {
        return open;
    }
    let room = |s: &Stock| s.position_max - s.initial;
    let mut room: Vec<Vec<i32>> = stock.iter().map(|row| row.iter().map(room).collect()).collect();
    for (lane, way) in lanes.iter().enumerate() {
        for product in 0..stock[0].len() {
            for stage in [Stage::InTransit, Stage::InMail, Stage::Waiting] {
                let last = if stage == Stage::Waiting { 0 } else { ring_days - 1 };
                for days in 0..=last {
                    let room = &mut room[way.customer][product];
                    let possible = *room > 0 && (stage != Stage::InMail || way.order_days > 0);
                    if possible && d.chance(if stage == Stage::Waiting { 40 } else { 15 }) {
                        let units = d.between(1, (*room).min(25));
                        *room -= units;
                        open.push(OpenOrder { lane, product, stage, days, units });
                    }
                }
            }
        }
    }
    open
}
