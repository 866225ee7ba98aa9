//! Lanes and routes in the simulator's own units: lead times, promises, capacities, freight, and the
//! suppliers' grades.

use super::compile::Compiled;
use super::distribution::Distribution;
use super::grades::GradeTables;
use super::lane_rows::RouteRow;
use super::number::word;
use super::resolve::Builder;
use super::spec::{LaneSpec, RouteSpec};
use super::supplier::{LanePlan, Supplier, promise};
use restock_core::layout::GRADES;

impl Builder<'_> {
    /// All lanes, and their routes in lane order; also notes what planning assumes of each lane.
    pub(crate) fn lanes(&mut self) -> (Vec<LaneSpec>, Vec<RouteSpec>) {
        let (mut lanes, mut routes) = (Vec::new(), Vec::new());
        for (l, lane) in self.chain.lanes.iter().enumerate() {
            let rows: Vec<&RouteRow> = lane.routes.iter().map(|k| &self.rows.routes[*k]).collect();
            let supplier = Supplier::of(&rows, self.report);
            let first = routes.len();
            for (r, row) in rows.iter().enumerate() {
                let route = self.route(l, row, supplier.as_ref().map(|supplier| (&supplier.routes[r], supplier.base)));
                routes.push(route);
            }
            let plan = supplier.as_ref().map_or_else(
                || {
                    let lead = &self.tables[routes[first].lead_tables[0]];
                    LanePlan { lead_mean: lead.mean, lead_variance: lead.variance, ..LanePlan::default() }
                },
                Supplier::plan,
            );
            self.lane_plans.push(plan);
            let quality = supplier.map(|supplier| supplier.spec(routes[first].promise_days, self));
            lanes.push(LaneSpec {
                supplier: lane.supplier,
                customer: lane.customer,
                routes: lane.routes.len(),
                order_days: lane.order_days,
                priority: lane.priority,
                share: lane.share,
                quality,
            });
        }
        (lanes, routes)
    }

    fn route(&mut self, lane: usize, row: &RouteRow, grades: Option<(&[GradeTables; GRADES], usize)>) -> RouteSpec {
        let settings = &self.rows.settings;
        let (lead_tables, mean) = match grades {
            Some((grades, base)) => {
                (std::array::from_fn(|grade| self.table(grades[grade].lead.clone())), grades[base].lead.mean)
            }
            None => {
                let lead = Distribution::Table(row.lead_time.clone()).compile(1).unwrap_or_else(|_| constant_one());
                let mean = lead.mean;
                ([self.table(lead); GRADES], mean)
            }
        };
        let capacity = row
            .capacity
            .map(|c| self.load(c, settings.volume_scale, 1, f64::from(1 << 30), "capacity_per_day", &row.capacity_at));
        let freight = self.rows.products.iter().map(|p| {
            let cost = (row.freight_per_unit + row.freight_per_volume * p.volume) / f64::from(settings.unit_scale);
            self.money.minor(
                cost,
                "freight",
                || format!("{}>{}:{} of {}", row.supplier, row.customer, row.route, p.name),
                self.report,
            )
        });
        let freight = freight.collect();
        RouteSpec {
            name: row.route.clone(),
            lane,
            lead_tables,
            promise_days: row.supplier_cells.promise_days.unwrap_or_else(|| promise(mean)),
            lead_mean_q8: word(mean * 256.0).unwrap_or(256).max(256),
            capacity,
            freight,
        }
    }

    /// Warns of lanes whose routes together can't carry what their customer needs on a mean day.
    /// `needed`: mean volume a day over each lane.
    pub(crate) fn check_route_capacity(&mut self, needed: &[f64]) {
        for (lane, &needed) in self.chain.lanes.iter().zip(needed) {
            let rows = lane.routes.iter().map(|k| &self.rows.routes[*k]);
            let Some(capacity) = rows.map(|row| row.capacity).sum::<Option<f64>>() else { continue };
            if needed > capacity {
                let row = &self.rows.routes[lane.routes[0]];
                self.report.warning(
                    row.capacity_at.clone(),
                    format!(
                        "the routes of {}>{} carry {capacity} a day, the mean volume is {needed:.1}",
                        row.supplier, row.customer
                    ),
                    "above the mean volume, or backorders grow without end",
                );
            }
        }
    }
}

fn constant_one() -> Compiled {
    super::compile::compile(&super::compile::Masses { points: vec![(1, 1.0)], step: 1, spread: false })
        .unwrap_or(Compiled { words: Vec::new(), mean: 1.0, variance: 0.0 })
}
