//! The linear program of a course, whole: every product, node and day, with all that they share.
//!
//! ```text
//! on hand(n, t)  = on hand(n, t-1) + received or finished - served - shipped out       [product, node, day]
//! input(n, t)    = input(n, t-1) + received - started                                  producers
//! owed(n, t)     = owed(n, t-1) + demand - served                                      (lost sales: no t-1)
//! sum of work x started <= capacity;  of volume x shipped <= room;  of volume x on hand <= storage + overflow
//! ```
//!
//! Costs: holding of what is on hand or waits for production at the end of a day, backorders or lost sales, freight,
//! production, scrap, overflow. **Not** in it: fixed costs of orders (their relaxation would be a cost a unit with an
//! arbitrary greatest order), minimum orders and lots, negotiation, bills of materials.

use super::cheapest::Prices;
use super::course::{Course, Place, Source, Start};
use super::program::{Program, Solver};
use super::rates::{Rates, overflow};
use super::{LpError, refuse_assembly};
use restock_core::Scenario;

/// What the program finds.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its cost [minor currency units].
    pub cost: f64,
    /// Units shipped. Shape `[product][route][day]`.
    pub shipped: Vec<f64>,
    /// Units on hand at the end of a day. Shape `[product][node][day]`.
    pub on_hand: Vec<f64>,
    /// What a unit more of each scarce thing would save [minor currency units].
    pub prices: Prices,
}

/// Rows that products share. Shapes `[node][day]` and `[route][day]`.
struct Shared {
    capacity: Vec<Option<usize>>,
    room: Vec<Option<usize>>,
    storage: Vec<Option<usize>>,
}

/// Columns of the plan of one product.
struct Columns {
    shipped: Vec<Vec<usize>>,
    on_hand: Vec<usize>,
    /// The balance that each source enters; none where it comes too late.
    sources: Vec<Option<usize>>,
}

/// Solves a course from a start.
///
/// # Errors
/// If the solver finds nothing, or products are assembled.
pub fn solve(scenario: &Scenario<'_>, course: &Course, start: &Start, solver: Solver) -> Result<Plan, LpError> {
    refuse_assembly(scenario)?;
    let mut program = Program::default();
    let shared = shared(&mut program, scenario, course);
    let columns: Vec<Columns> =
        (0..scenario.products()).map(|p| product(&mut program, &shared, scenario, course, start, p)).collect();
    let found = program.solve(solver)?;
    let value = |&column: &usize| found.values[column];
    let price = |row: Option<usize>| row.map_or(0.0, |row| -found.prices[row]);
    let of = |rows: &[Option<usize>]| rows.iter().map(|&row| price(row)).collect();
    let prices = Prices {
        capacity: of(&shared.capacity),
        room: of(&shared.room),
        storage: of(&shared.storage),
        sources: columns.iter().flat_map(|c| c.sources.iter().map(|&row| -price(row))).collect(),
    };
    Ok(Plan {
        cost: found.cost,
        shipped: columns.iter().flat_map(|c| c.shipped.iter().map(|days| days.iter().map(value).sum())).collect(),
        on_hand: columns.iter().flat_map(|c| c.on_hand.iter().map(value)).collect(),
        prices,
    })
}

fn shared(program: &mut Program, scenario: &Scenario<'_>, course: &Course) -> Shared {
    let most = |program: &mut Program, limit: f64| limit.is_finite().then(|| program.row(f64::NEG_INFINITY, limit));
    let capacity = course.capacity.iter().map(|&limit| most(program, limit)).collect();
    let room = course.room.iter().map(|&limit| most(program, limit)).collect();
    let mut storage = Vec::with_capacity(course.capacity.len());
    for (n, &limit) in course.storage.iter().enumerate() {
        for t in 0..course.days {
            let row = most(program, limit);
            if let Some(row) = row {
                let column = program.column(0.0, f64::INFINITY, overflow(scenario, n) * course.counts(t));
                program.enter(row, column, -1.0);
            }
            storage.push(row);
        }
    }
    Shared { capacity, room, storage }
}

/// Balances of one product: what comes into each has 1, what leaves -1.
struct Balances {
    stock: Vec<usize>,
    input: Vec<Option<usize>>,
}

fn product(
    program: &mut Program,
    shared: &Shared,
    scenario: &Scenario<'_>,
    course: &Course,
    start: &Start,
    p: usize,
) -> Columns {
    let (nodes, days) = (scenario.nodes(), course.days);
    let rates = Rates::of(scenario, p);
    let mut stock = vec![0.0; nodes.len() * days];
    let mut input = vec![0.0; nodes.len() * days];
    for source in &start.sources[p] {
        let (of, n) = match source.place {
            Place::Stock(n) => (&mut stock, n),
            Place::Input(n) => (&mut input, n),
        };
        if source.day < days {
            of[n * days + source.day] += source.units;
        }
    }
    let balances = Balances {
        stock: stock.iter().map(|&units| program.row(-units, -units)).collect(),
        input: (0..nodes.len() * days)
            .map(|at| nodes[at / days].produces.then(|| program.row(-input[at], -input[at])))
            .collect(),
    };
    let row_of = |source: &Source| match source.place {
        Place::Stock(n) => Some(balances.stock[n * days + source.day]),
        Place::Input(n) => balances.input[n * days + source.day],
    };
    let sources: Vec<_> = start.sources[p].iter().map(|s| if s.day < days { row_of(s) } else { None }).collect();
    for (source, row) in start.sources[p].iter().zip(&sources).filter(|(source, _)| source.disposable) {
        if let &Some(row) = row {
            let column = program.column(0.0, source.units, 0.0);
            program.enter(row, column, -1.0);
        }
    }
    let mut on_hand = Vec::with_capacity(nodes.len() * days);
    for n in 0..nodes.len() {
        for t in 0..days {
            on_hand.push(hold(program, &balances.stock, n * days + t, t, days, rates.holding[n] * course.counts(t)));
            if let Some(row) = shared.storage[n * days + t] {
                program.enter(row, on_hand[n * days + t], rates.volume);
            }
        }
        if nodes[n].produces {
            make(program, shared, scenario, course, &balances, &rates, n);
        }
        let owed = start.owed.get(p * nodes.len() + n).copied().unwrap_or(0.0);
        let demand = &course.demand[(p * nodes.len() + n) * days..][..days];
        serve(program, course, &balances.stock[n * days..][..days], &rates, n, owed, demand);
    }
    let shipped =
        (0..scenario.lanes().len()).flat_map(|l| ship(program, shared, scenario, course, &balances, &rates, p, l));
    Columns { shipped: shipped.collect(), on_hand, sources }
}

/// What stays at a place from day `t` to the next.
fn hold(program: &mut Program, rows: &[usize], at: usize, t: usize, days: usize, cost: f64) -> usize {
    let column = program.column(0.0, f64::INFINITY, cost);
    program.enter(rows[at], column, -1.0);
    if t + 1 < days {
        program.enter(rows[at + 1], column, 1.0);
    }
    column
}

/// Input that waits, production that starts and what it finishes.
fn make(
    program: &mut Program,
    shared: &Shared,
    scenario: &Scenario<'_>,
    course: &Course,
    balances: &Balances,
    rates: &Rates,
    n: usize,
) {
    let days = course.days;
    let input: Vec<usize> = balances.input[n * days..][..days].iter().copied().flatten().collect();
    for t in 0..days {
        hold(program, &input, t, t, days, rates.holding[n] * course.counts(t));
        let done = t + scenario.nodes()[n].production_days;
        if done >= days {
            continue;
        }
        let scrap = (1.0 - rates.good[n]) * rates.scrap[n] * course.counts(done);
        let column = program.column(0.0, f64::INFINITY, rates.production[n] * course.counts(t) + scrap);
        program.enter(input[t], column, -1.0);
        program.enter(balances.stock[n * days + done], column, rates.good[n]);
        if let Some(row) = shared.capacity[n * days + t] {
            program.enter(row, column, rates.work[n]);
        }
    }
}

/// Customers of node `n`, whose stock has the rows `stock`.
fn serve(program: &mut Program, course: &Course, stock: &[usize], rates: &Rates, n: usize, owed: f64, demand: &[f64]) {
    if owed == 0.0 && demand.iter().all(|&units| units == 0.0) {
        return;
    }
    let demand = demand.iter().enumerate().map(|(t, &units)| units + if t == 0 { owed } else { 0.0 });
    let rows: Vec<usize> = demand.map(|units| program.row(units, units)).collect();
    for (t, &row) in rows.iter().enumerate() {
        let served = program.column(0.0, f64::INFINITY, 0.0);
        program.enter(stock[t], served, -1.0);
        program.enter(row, served, 1.0);
        let short = program.column(0.0, f64::INFINITY, rates.shortage[n] * course.counts(t));
        program.enter(row, short, 1.0);
        if let Some(&next) = rows.get(t + 1).filter(|_| !rates.lost[n]) {
            program.enter(next, short, -1.0);
        }
    }
}

/// What leaves over lane `l`: for each of its routes and days, the columns of what arrives when.
#[allow(clippy::too_many_arguments)] // Parts of one program; a struct would only rename them.
fn ship(
    program: &mut Program,
    shared: &Shared,
    scenario: &Scenario<'_>,
    course: &Course,
    balances: &Balances,
    rates: &Rates,
    p: usize,
    l: usize,
) -> Vec<Vec<usize>> {
    let (days, lane) = (course.days, &scenario.lanes()[l]);
    let defective = &course.defective[(p * scenario.lanes().len() + l) * days..][..days];
    let mut shipped = Vec::with_capacity(lane.routes * days);
    for k in lane.first_route..lane.first_route + lane.routes {
        for t in 0..days {
            let (least, most) = course.lead[(p * scenario.routes().len() + k) * days + t];
            let mut columns = Vec::new();
            let (first, last) = (t + usize::from(least), t + usize::from(most));
            for (due, &bad) in defective.iter().enumerate().take(last + 1).skip(first) {
                if !course.ships[l * days + t] {
                    continue;
                }
                let scrap = bad * rates.scrap[lane.customer] * course.counts(due);
                let column = program.column(0.0, f64::INFINITY, rates.freight[k] * course.counts(t) + scrap);
                if let Some(n) = lane.supplier {
                    program.enter(balances.stock[n * days + t], column, -1.0);
                }
                let at = lane.customer * days + due;
                program.enter(balances.input[at].unwrap_or(balances.stock[at]), column, 1.0 - bad);
                if let Some(row) = shared.room[k * days + t] {
                    program.enter(row, column, rates.volume);
                }
                columns.push(column);
            }
            shipped.push(columns);
        }
    }
    shipped
}
