//! Which family a product's problem belongs to, or every reason why none.

use super::dual::Dual;
use super::fixed_cost::FixedCost;
use super::lattice::Lattice;
use super::lost_sales::LostSales;
use super::serial::{Serial, Stage};
use super::{Names, Unsolvable};
use restock_core::Scenario;
use restock_core::layout::Column;

/// One product's problem. Quantities in lattice steps, costs in currency.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Case {
    pub(super) kind: Kind,
    /// What every unit costs on its way, whatever the policy does [currency a day].
    pub(super) linear: f64,
    /// Internal units of a step.
    pub(super) step: f64,
    /// Greatest position of each node [internal units].
    pub(super) position_max: Vec<i32>,
    /// Greatest order of each node [internal units].
    pub(super) order_max: Vec<i32>,
}

/// The families, with what their solvers take.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// Backorders at one node; `order` is 0.
    Newsvendor(FixedCost),
    /// Backorders at one node, with a cost of every order.
    FixedCost(FixedCost),
    /// Lost sales over one day's lead time: a newsvendor whose lost units are not bought.
    LostNextDay(LostSales),
    /// Lost sales.
    LostSales(LostSales),
    /// Two routes.
    Dual(Dual),
    /// A chain.
    Serial(Serial),
}

/// Reasons while they are collected.
#[derive(Default)]
struct Reasons(Vec<(String, String)>);

impl Reasons {
    fn add(&mut self, found: impl Into<String>, right: impl Into<String>) {
        let reason = (found.into(), right.into());
        if !self.0.contains(&reason) {
            self.0.push(reason);
        }
    }

    fn unless(&mut self, fine: bool, found: impl FnOnce() -> String, right: &str) {
        if !fine {
            self.add(found(), right);
        }
    }
}

/// Every product's problem.
pub(super) fn cases(s: &Scenario<'_>, names: &Names) -> Result<Vec<Case>, Unsolvable> {
    let mut reasons = Reasons::default();
    places(s, names, &mut reasons);
    let mut cases = Vec::new();
    // Where the network itself has no optimum, its products' reasons would only repeat that.
    if reasons.0.is_empty() {
        for p in 0..s.products() {
            cases.extend(Product { s, names, p }.case(&mut reasons));
        }
    }
    if reasons.0.is_empty() { Ok(cases) } else { Err(Unsolvable { reasons: reasons.0 }) }
}

/// What is asked of nodes, lanes and routes whatever the product.
fn places(s: &Scenario<'_>, names: &Names, reasons: &mut Reasons) {
    let name = |n: usize| names.nodes.get(n).map_or("?", String::as_str);
    let route = |k: usize| names.routes.get(k).map_or("?", String::as_str);
    for (n, node) in s.nodes().iter().enumerate() {
        reasons.unless(
            node.review_days == 1,
            || format!("{} decides every {} days", name(n), node.review_days),
            "review_period_days = 1",
        );
        reasons.unless(node.capacity.is_none(), || format!("{} has a production capacity", name(n)), "unlimited");
        let suppliers = node.inbound.len();
        reasons.unless(suppliers == 1, || format!("{} has {suppliers} inbound lanes", name(n)), "one");
        let supplies = node.outbound.len();
        if n == 0 {
            reasons.unless(
                node.sells && supplies == 0,
                || format!("{} supplies {supplies} lanes", name(n)),
                "the node that sells, and supply nobody",
            );
        } else {
            reasons.unless(
                !node.sells && supplies == 1,
                || {
                    let sells = if node.sells { " and sells to customers" } else { "" };
                    format!("{} supplies {supplies} lanes{sells}", name(n))
                },
                "one lane and no customers: one node, or a chain of nodes in a row",
            );
        }
    }
    let alone = s.node_count() == 1;
    for (l, lane) in s.lanes().iter().enumerate() {
        let to = name(lane.customer);
        reasons.unless(
            lane.routes == 1 || (alone && lane.routes == 2),
            || format!("the lane to {to} has {} routes", lane.routes),
            if alone { "one or two" } else { "one (two only where there is one node)" },
        );
        let outmost = lane.supplier.is_none();
        reasons.unless(
            lane.order_days == 0 || (outmost && lane.routes == 1),
            || format!("orders to the supplier of {to} are {} days in the mail", lane.order_days),
            "0 (the days only add to the lead time where the supplier is outside and has one route)",
        );
        for k in s.lanes()[l].first_route..lane.first_route + lane.routes {
            let Some(it) = s.routes().get(k) else { continue };
            reasons.unless(it.capacity.is_none(), || format!("route {} has a capacity", route(k)), "unlimited");
            reasons.unless(
                it.lead_fixed.is_some(),
                || format!("route {} has a random lead time", route(k)),
                "one number of days",
            );
        }
        reasons.unless(
            lane.routes == 1 || s.nodes().get(lane.customer).is_some_and(|node| !node.produces),
            || format!("{to} produces and has two routes"),
            "one of them",
        );
    }
    reasons.unless(
        s.events().next().is_none(),
        || "there are dated events".to_owned(),
        "none: only what stays the same for good has a long-run optimum",
    );
    reasons.unless(
        s.replayed(0, 0).is_none(),
        || "demand is replayed from history".to_owned(),
        "demand = \"drawn\" in network.toml",
    );
}

/// One product of a network whose places are in order.
struct Product<'a> {
    s: &'a Scenario<'a>,
    names: &'a Names,
    p: usize,
}

impl Product<'_> {
    fn word(&self, column: Column, node: usize) -> i32 {
        self.s.column(column, node).get(self.p).copied().unwrap_or(0)
    }

    /// A rate a unit, in currency a step.
    fn rate(&self, column: Column, node: usize, step: f64) -> f64 {
        f64::from(self.word(column, node)) * step / f64::from(self.s.money_scale())
    }

    fn at(&self, node: usize) -> String {
        let name = |list: &[String], i: usize| list.get(i).cloned().unwrap_or_default();
        format!("{}/{}", name(&self.names.nodes, node), name(&self.names.products, self.p))
    }

    /// Freight over a route and production at a node, in currency a step.
    fn unit(&self, node: usize, route: usize, step: f64) -> f64 {
        let freight = self.s.freight(route).get(self.p).copied().unwrap_or(0);
        f64::from(freight) * step / f64::from(self.s.money_scale()) + self.rate(Column::ProductionCost, node, step)
    }

    /// Days from an order of `node` to stock it can use: mail, route and production.
    fn lead(&self, node: usize) -> usize {
        let place = &self.s.nodes()[node];
        let Some(lane) = place.inbound.first().and_then(|&b| self.s.lanes().get(usize::from(b))) else { return 1 };
        let route = self.s.routes().get(lane.first_route).and_then(|route| route.lead_fixed).unwrap_or(1);
        lane.order_days + route + place.production_days
    }

    /// What is asked of every stockpoint of the product.
    fn stockpoints(&self, reasons: &mut Reasons) {
        let profile = self.word(Column::DemandProfile, 0);
        let flat =
            (0..self.s.horizon_days()).all(|day| self.s.season(usize::try_from(profile).unwrap_or(0), day) == 4096);
        reasons.unless(flat, || format!("{} has a season", self.at(0)), "season = flat");
        for n in 0..self.s.node_count() {
            let (lot, least) = (self.word(Column::LotSize, n), self.word(Column::OrderMin, n));
            // On a lattice of whole lots a lot is no restriction, but a demand of parts of a lot is another problem.
            reasons.unless(
                lot == 1,
                || format!("{} orders in lots of {lot}", self.at(n)),
                "lot_size = 1 internal unit",
            );
            reasons.unless(least <= 1, || format!("{} has a minimum order of {least}", self.at(n)), "order_min = 0");
        }
    }

    fn case(&self, reasons: &mut Reasons) -> Option<Case> {
        let before = reasons.0.len();
        self.stockpoints(reasons);
        let table = usize::try_from(self.word(Column::DemandTable, 0)).ok();
        let Some(table) = table else {
            reasons.add(format!("{} has no demand", self.at(0)), "a family such as poisson(5)");
            return None;
        };
        let demand = Lattice::of_table(&self.s.table(table));
        let nodes = self.s.node_count();
        let kind = if nodes == 1 { self.single(&demand, reasons) } else { self.serial(&demand, reasons) }?;
        let step = demand.step;
        let linear = match &kind {
            // What is ordered depends on the policy: the solver counts it.
            Kind::LostNextDay(_) | Kind::LostSales(_) | Kind::Dual(_) => 0.0,
            _ => {
                let units = (0..nodes).map(|n| self.unit(n, self.first_route(n), step));
                demand.mean() * units.sum::<f64>()
            }
        };
        let column = |column| (0..nodes).map(|n| self.word(column, n)).collect::<Vec<i32>>();
        let case =
            Case { kind, linear, step, position_max: column(Column::PositionMax), order_max: column(Column::OrderMax) };
        (reasons.0.len() == before).then_some(case)
    }

    fn first_route(&self, node: usize) -> usize {
        let lane = self.s.nodes()[node].inbound.first().and_then(|&b| self.s.lanes().get(usize::from(b)));
        lane.map_or(0, |lane| lane.first_route)
    }

    /// One node.
    fn single(&self, demand: &Lattice, reasons: &mut Reasons) -> Option<Kind> {
        let step = demand.step;
        let lane = self.s.lanes().first()?;
        let lost = self.s.nodes()[0].lost_sales;
        let holding = self.rate(Column::HoldingCost, 0, step);
        let shortage = if lost { Column::LostSaleCost } else { Column::BackorderCost };
        let short = self.rate(shortage, 0, step);
        let order = f64::from(self.word(Column::OrderCost, 0)) / f64::from(self.s.money_scale());
        let order_max = f64::from(self.word(Column::OrderMax, 0)) / step;
        let what = if lost { "lost_sale_cost" } else { "backorder_cost" };
        reasons.unless(holding > 0.0, || format!("{} has a holding cost of 0", self.at(0)), "above 0");
        reasons.unless(short > 0.0, || format!("{} has a {what} of 0", self.at(0)), "above 0");
        if lane.routes == 2 {
            reasons.unless(!lost, || format!("{} loses sales and has two routes", self.at(0)), "unmet = backorder");
            reasons.unless(
                order == 0.0,
                || format!("{} has an ordering cost and two routes", self.at(0)),
                "order_cost = 0",
            );
            return self.dual(demand, holding, short, order_max as usize, reasons);
        }
        if lost {
            reasons.unless(
                order == 0.0,
                || format!("{} has an ordering cost and loses sales", self.at(0)),
                "order_cost = 0, or unmet = backorder",
            );
            let lead_days = self.lead(0) - 1;
            let problem = LostSales {
                demand: demand.clone(),
                lead_days,
                holding,
                penalty: short,
                unit: self.unit(0, 0, step),
                order_max: order_max as usize,
            };
            return Some(if lead_days == 0 { Kind::LostNextDay(problem) } else { Kind::LostSales(problem) });
        }
        let problem = FixedCost { demand: demand.clone(), lead_days: self.lead(0), order, holding, backorder: short };
        if order > 0.0 {
            return Some(Kind::FixedCost(problem));
        }
        self.covers(0, demand, reasons);
        Some(Kind::Newsvendor(problem))
    }

    /// Base stock orders what was demanded: more than the greatest order of a day is another problem.
    fn covers(&self, node: usize, demand: &Lattice, reasons: &mut Reasons) {
        let (most, needed) = (self.word(Column::OrderMax, node), demand.last() as f64 * demand.step);
        let units = needed / f64::from(self.s.unit_scale());
        if f64::from(most) < needed {
            reasons.add(
                format!("{} orders at most {} a day", self.at(node), f64::from(most) / f64::from(self.s.unit_scale())),
                format!("order_max = {units} or more in stockpoints.csv, the greatest demand of a day"),
            );
        }
    }

    fn dual(
        &self,
        demand: &Lattice,
        holding: f64,
        backorder: f64,
        order_max: usize,
        reasons: &mut Reasons,
    ) -> Option<Kind> {
        let (first, second) = (self.s.routes().first()?, self.s.routes().get(1)?);
        let (slow_days, fast_days) = (first.lead_fixed?, second.lead_fixed?);
        let name = |k: usize| self.names.routes.get(k).map_or("?", String::as_str);
        if fast_days >= slow_days {
            reasons.add(
                format!("route {} takes {slow_days} days and route {} {fast_days}", name(0), name(1)),
                "the slow and cheap route first in lanes.csv, then the fast one",
            );
            return None;
        }
        let (slow_unit, fast_unit) = (self.unit(0, 0, demand.step), self.unit(0, 1, demand.step));
        if fast_unit <= slow_unit {
            reasons.add(
                format!("route {} is fast and costs no more than route {}", name(1), name(0)),
                "dearer, or the only route",
            );
            return None;
        }
        Some(Kind::Dual(Dual {
            demand: demand.clone(),
            slow_days,
            fast_days,
            slow_unit,
            fast_unit,
            holding,
            backorder,
            order_max,
        }))
    }

    /// Nodes in a row, customers first.
    fn serial(&self, demand: &Lattice, reasons: &mut Reasons) -> Option<Kind> {
        let step = demand.step;
        let nodes = self.s.node_count();
        reasons.unless(
            !self.s.nodes()[0].lost_sales,
            || format!("{} loses sales and is supplied by a node", self.at(0)),
            "unmet = backorder",
        );
        let mut stages = Vec::new();
        for n in 0..nodes {
            reasons.unless(
                self.word(Column::OrderCost, n) == 0,
                || format!("{} has an ordering cost in a chain", self.at(n)),
                "order_cost = 0",
            );
            let backorder = self.word(Column::BackorderCost, n);
            if n > 0 {
                reasons.unless(
                    backorder == 0,
                    || format!("{} has a backorder cost, but no customers", self.at(n)),
                    "backorder_cost = 0 above the node that sells",
                );
                let (here, below) = (self.word(Column::HoldingCost, n), self.word(Column::HoldingCost, n - 1));
                reasons.unless(
                    here <= below,
                    || format!("{} has a higher holding cost than {}", self.at(n), self.at(n - 1)),
                    "no higher than downstream",
                );
            } else {
                reasons.unless(backorder > 0, || format!("{} has a backorder_cost of 0", self.at(n)), "above 0");
            }
            self.covers(n, demand, reasons);
            stages.push(Stage { holding: self.rate(Column::HoldingCost, n, step), lead_days: self.lead(n) });
        }
        let last = nodes - 1;
        reasons.unless(
            self.word(Column::HoldingCost, last) > 0,
            || format!("{} has a holding cost of 0", self.at(last)),
            "above 0, or it would hold without end",
        );
        let backorder = self.rate(Column::BackorderCost, 0, step);
        Some(Kind::Serial(Serial { demand: demand.clone(), stages, backorder }))
    }
}
