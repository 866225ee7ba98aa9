//! What bounds the whole network: how long the ring of arrivals is, and how great demand can get.

use super::chain::Chain;
use super::compile::Compiled;
use super::resolve::Rows;
use super::spec::{NetworkSpec, RouteSpec};
use restock_core::layout::Column;
use restock_core::scenario::EventKind;
use restock_core::table::Table;

/// A ring longer than every delay.
pub(crate) fn ring_days(chain: &Chain, rows: &Rows, routes: &[RouteSpec], tables: &[Compiled]) -> i32 {
    let leads = routes.iter().flat_map(|route| route.lead_tables).map(|table| tables[table].max());
    let promises = routes.iter().map(|route| route.promise_days);
    let mail = chain.lanes.iter().map(|lane| lane.order_days);
    let production = rows.nodes.iter().filter_map(|node| node.production_days);
    let open = rows.open_orders.iter().map(|order| order.days);
    leads.chain(promises).chain(mail).chain(production).chain(open).max().unwrap_or(1) + 1
}

/// Greatest demand of one stockpoint in a day: tables times seasons, shocks and surges, and all replayed.
/// As the simulator's own proof has it, which checks it.
pub(crate) fn demand_max(spec: &NetworkSpec) -> Option<i32> {
    let tops: Vec<i64> = spec.profiles.iter().map(|p| p.row.iter().copied().max().map_or(0, i64::from)).collect();
    let mut most = spec.replay.iter().copied().max().map_or(0, i64::from);
    let replayed = most;
    let shock = spec.group_shock().map_or(4096, |table| i64::from(table.max()));
    for n in 0..spec.nodes.len() {
        let surge = surge_max(spec, n);
        // An event multiplies what is replayed, and what chance has rounded up.
        most = most.max(if spec.nodes[n].sells { (replayed * surge) >> 12 } else { 0 });
        for p in 0..spec.products.len() {
            let table = usize::try_from(spec.value(Column::DemandTable, n, p)).ok().and_then(|at| spec.tables.get(at));
            let profile = usize::try_from(spec.value(Column::DemandProfile, n, p)).unwrap_or(0);
            if let Some(table) = table.and_then(|t| Table::new(&t.words).ok()) {
                let shock = if spec.products[p].group.is_some() { shock } else { 4096 };
                let season = (tops.get(profile).copied().unwrap_or(4096) * shock) >> 12;
                let top = i128::from(table.max()) * i128::from(season) * i128::from(surge);
                most = most.max(i64::try_from(top / (4096 * 4096) + i128::from(surge / 4096) + 2).unwrap_or(i64::MAX));
            }
        }
    }
    i32::try_from(most).ok().filter(|most| *most <= 1 << 30)
}

/// The greatest factor that events and all disruptions at once put on a node's demand, Q12.
fn surge_max(spec: &NetworkSpec, n: usize) -> i64 {
    let dated = spec.events.iter().filter(|e| e.kind == EventKind::Demand && e.place == n);
    let dated = dated.map(|e| i64::from(e.value_q12)).fold(4096, i64::max);
    let chance = spec.disruptions.iter().filter(|d| d.kind == EventKind::Demand && d.place == n);
    let chance = chance.map(|d| i64::from(d.value_q12)).filter(|factor| *factor > 4096);
    chance.fold(dated, |a, b| ((a * b) >> 12).min(1 << 20))
}
