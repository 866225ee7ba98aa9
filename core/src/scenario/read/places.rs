//! Nodes, routes and lanes, and what they mean for each other.

use super::{Reader, Sizes, Tables};
use crate::convert::{index, key, wide, word};
use crate::layout::{self, Column, header};
use crate::rows::{at, row};
use crate::scenario::{
    Allocation, LANES_MAX, Lane, NODES_MAX, Node, Quality, ROUTES_MAX, ROUTES_PER_LANE_MAX, Route, ScenarioError,
};
use heapless::Vec;

/// The nodes, without their lanes. These lists are long: they are filled where they stay, so that a device's stack
/// has room for one of each.
pub(super) fn read_nodes(
    nodes: &mut Vec<Node, NODES_MAX>,
    section: &Reader<'_>,
    stockpoints: &[i32],
    sizes: &Sizes,
) -> Result<(), ScenarioError> {
    let (mut producers, mut yards, mut weighing, mut general_forecasts) = (0, 0, 0, 0);
    for (n, r) in section.rows(layout::NODE_WORDS).enumerate() {
        let flags = r.get(layout::node::FLAGS, 0, 7, "flags 0 to 7")?;
        let review_days = index(r.get(layout::node::REVIEW_DAYS, 1, 128, "1 to 128 days")?);
        let produces = flags & layout::node::PRODUCES != 0;
        let production_days = index(r.get(
            layout::node::PRODUCTION_DAYS,
            i32::from(produces),
            word(sizes.ring_days) - 1,
            "1 to ring days - 1 where the node produces",
        )?);
        let capacity = r.get(layout::node::CAPACITY, -1, 1 << 30, "-1 to 2^30")?;
        let storage = r.get(layout::node::STORAGE, -1, 1 << 30, "-1 to 2^30")?;
        let overflow_rate = r.get(layout::node::OVERFLOW_RATE, 0, i32::MAX, "a cost of 0 or more")?;
        r.zero(11, layout::NODE_WORDS)?;
        let sells = flags & layout::node::SELLS != 0;
        let node = Node {
            key: key(at(r.words, layout::node::KEY_LOW), at(r.words, layout::node::KEY_HIGH)),
            sells,
            lost_sales: flags & layout::node::LOST_SALES != 0,
            produces,
            echelon: crate::convert::byte(index(r.get(layout::node::ECHELON, 0, word(NODES_MAX) - 1, "0 to 31")?)),
            review_days: crate::convert::count(review_days),
            review_offset: crate::convert::count(index(r.get(
                layout::node::REVIEW_OFFSET,
                0,
                word(review_days) - 1,
                "0 to review days - 1",
            )?)),
            allocation: match r.get(layout::node::ALLOCATION, 0, 2, "0, 1 or 2")? {
                0 => Allocation::Proportional,
                1 => Allocation::Priority,
                _ => Allocation::FirstCome,
            },
            production_days,
            capacity: (produces && capacity >= 0).then_some(capacity),
            storage: (storage >= 0).then_some(storage),
            overflow_rate,
            yard_row: (storage >= 0).then_some(yards),
            weight_row: (produces || storage >= 0).then_some(weighing),
            first_bom_line: 0,
            bom_lines: 0,
            bom_row: 0,
            spoils: produces && {
                let yields = row(stockpoints, Column::Yield.at() * sizes.node_count + n, sizes.products);
                yields.iter().any(|&good| good < 1 << 16)
            },
            negotiates: false,
            inbound: Vec::new(),
            express: None,
            outbound: Vec::new(),
            plain_orders: {
                let rows = |column: Column| row(stockpoints, column.at() * sizes.node_count + n, sizes.products);
                rows(Column::LotSize).iter().all(|&q| q == 1) && rows(Column::OrderMin).iter().all(|&q| q <= 1)
            },
            producer_row: producers,
            mixed_row: None,
            forecast: crate::forecast::Path::of(
                |column| row(stockpoints, column.at() * sizes.node_count + n, sizes.products),
                general_forecasts,
            ),
        };
        producers += usize::from(produces);
        yards += usize::from(storage >= 0);
        weighing += usize::from(produces || storage >= 0);
        general_forecasts += usize::from(matches!(node.forecast, crate::forecast::Path::General { .. }));
        let _ = nodes.push(node); // at most NODES_MAX nodes
    }
    Ok(())
}

/// The routes.
pub(super) fn read_routes(
    routes: &mut Vec<Route, ROUTES_MAX>,
    section: &Reader<'_>,
    tables: &Tables<'_>,
    sizes: &Sizes,
) -> Result<(), ScenarioError> {
    let longest = word(sizes.ring_days) - 1;
    for r in section.rows(layout::ROUTE_WORDS) {
        let promise = r.get(layout::route::PROMISE, 1, longest, "1 to ring days - 1")?;
        let capacity = r.get(layout::route::CAPACITY, -1, 1 << 30, "-1 to 2^30")?;
        let lead_mean_q8 = r.get(
            layout::route::LEAD_MEAN_Q8,
            256,
            word(sizes.ring_days) * 256,
            "a lead time of 1 day to ring days, Q8",
        )?;
        r.zero(3, layout::route::LEAD_TABLES)?;
        let mut lead_tables = [0; layout::GRADES];
        let (mut least, mut most) = (i32::MAX, 0);
        for (grade, table) in lead_tables.iter_mut().enumerate() {
            let expected = "a table of lead times from 1 to ring days - 1";
            *table = tables.index(&r, layout::route::LEAD_TABLES + grade, 1, longest, expected)?;
            let table = tables.get(i32::from(*table));
            least = if table.min() < least { table.min() } else { least };
            most = if table.max() > most { table.max() } else { most };
        }
        let _ = routes.push(Route {
            lead_tables,
            lead_fixed: (least == most).then_some(index(most)),
            promise_days: index(promise),
            capacity: (capacity >= 0).then_some(capacity),
            lead_mean_q8,
        });
    }
    Ok(())
}

/// What a lane's words say of its supplier's grades; `row` is the next row among the lanes with grades.
pub(super) fn read_quality(r: &Reader<'_>, tables: &Tables<'_>, row: usize) -> Result<Option<Quality>, ScenarioError> {
    use layout::lane::{ACCEPTED, BASE_GRADE, DEFECT_TABLES, LIFT, ON_TIME, RELAX_SHIFT};
    const WORST_Q8: i32 = (word(layout::GRADES) - 1) << 8;
    let base = r.get(BASE_GRADE, -1, WORST_Q8, "-1, or a grade of 0 to 1792, Q8")?;
    r.zero(13, DEFECT_TABLES)?;
    if base < 0 {
        r.zero(LIFT, 13)?;
        for grade in 0..layout::GRADES {
            r.get(DEFECT_TABLES + grade, -1, -1, "-1 on a lane whose supplier has no grades")?;
        }
        return Ok(None);
    }
    let mut lift_q16 = [0; layout::EFFORTS + 1];
    let (mut before, mut step) = (0, WORST_Q8);
    for (effort, lift) in lift_q16.iter_mut().skip(1).enumerate() {
        let expected = "no less than the effort before it, and no greater a step (returns diminish)";
        let found = r.get(LIFT + effort, before, before + step, expected)?;
        (step, before) = (found - before, found);
        *lift = found << 8;
    }
    let mut defect_tables = [None; layout::GRADES];
    for (grade, table) in defect_tables.iter_mut().enumerate() {
        if r.get(DEFECT_TABLES + grade, -1, i32::MAX, "-1 or the index of a table")? >= 0 {
            let expected = "a table of shares, Q16, of 0 to 65536";
            *table = Some(tables.index(r, DEFECT_TABLES + grade, 0, 1 << 16, expected)?);
        }
    }
    Ok(Some(Quality {
        row,
        base_q16: base << 8,
        lift_q16,
        relax_shift: crate::convert::bits(r.get(RELAX_SHIFT, 0, 10, "0 to 10")?),
        on_time_q15: r.get(ON_TIME, 0, 1 << 15, "a share, Q15, of 0 to 32768")?,
        accepted_q15: r.get(ACCEPTED, 0, 1 << 15, "a share, Q15, of 0 to 32768")?,
        defect_tables,
    }))
}

/// The lanes, made known to the nodes at both ends; with the numbers of lanes that have limited routes and mail.
pub(super) fn read_lanes(
    lanes: &mut Vec<Lane, LANES_MAX>,
    section: &Reader<'_>,
    tables: &Tables<'_>,
    nodes: &mut [Node],
    routes: &[Route],
    closable: impl Fn(usize) -> bool,
    sizes: &Sizes,
) -> Result<(usize, usize), ScenarioError> {
    let (mut first_route, mut staged_lanes, mut rush_lanes, mut mail_lanes, mut graded_lanes) = (0, 0, 0, 0, 0);
    for (l, r) in section.rows(layout::LANE_WORDS).enumerate() {
        let base = r.base;
        let supplier = r.get(layout::lane::SUPPLIER, -1, word(sizes.node_count) - 1, "-1 or the index of a node")?;
        let customer = r.get(layout::lane::CUSTOMER, 0, word(sizes.node_count) - 1, "the index of a node")?;
        if supplier >= 0 && supplier <= customer {
            return Err(ScenarioError::Word {
                at: base,
                found: supplier,
                expected: "an index greater than the customer's (customers come first)",
            });
        }
        let count = index(r.get(layout::lane::ROUTES, 1, word(ROUTES_PER_LANE_MAX), "1 to 4 routes")?);
        if first_route + count > routes.len() {
            return Err(ScenarioError::Word {
                at: base + layout::lane::ROUTES,
                found: word(count),
                expected: "no more routes than the routes section has",
            });
        }
        let order_days = index(r.get(layout::lane::ORDER_DAYS, 0, word(sizes.ring_days) - 1, "0 to ring days - 1")?);
        let share = r.get(layout::lane::SHARE, 1, 1_000_000, "1 to 1,000,000 ppm")?;
        let quality = read_quality(&r, tables, graded_lanes)?;
        let graded = quality.is_some();
        let limited = (first_route..first_route + count)
            .any(|k| routes.get(k).is_some_and(|r| r.capacity.is_some()) || closable(k));
        let mean = |k: usize| routes.get(k).map_or(i32::MAX, |route| route.lead_mean_q8);
        let fast_route =
            (first_route..first_route + count).fold(first_route, |a, k| if mean(k) < mean(a) { k } else { a });
        let fast_days = index((mean(fast_route) + 128) >> 8).min(sizes.ring_days - 1);
        let Some(receiver) = nodes.get_mut(index(customer)) else { continue };
        let last = receiver.inbound.last().and_then(|&b: &u8| lanes.get(crate::convert::byte_index(b)));
        let before = last.map_or(0, |lane| lane.share_until);
        let _ = receiver.inbound.push(crate::convert::byte(l));
        receiver.negotiates |= quality.is_some();
        if count > 1 && receiver.express.is_none() {
            receiver.express = Some(l);
        }
        if let Some(sender) = nodes.get_mut(index(supplier)).filter(|_| supplier >= 0) {
            let _ = sender.outbound.push(crate::convert::byte(l));
        }
        if wide(before) + wide(share) > 1_000_000 {
            return Err(ScenarioError::Word {
                at: base + layout::lane::SHARE,
                found: share,
                expected: "shares that add up to 1,000,000 ppm at the receiver",
            });
        }
        let _ = lanes.push(Lane {
            supplier: (supplier >= 0).then_some(index(supplier)),
            customer: index(customer),
            first_route,
            routes: count,
            fast_route,
            fast_days,
            order_days,
            priority: r.get(layout::lane::PRIORITY, 0, 1 << 20, "0 to 2^20")?,
            share_before: before,
            share_until: before + share,
            staged_row: limited.then_some(staged_lanes),
            rush_row: (count > 1).then_some(rush_lanes),
            mail_row: (order_days > 0).then_some(mail_lanes),
            queue_row: None,
            quality,
        });
        graded_lanes += usize::from(graded);
        staged_lanes += usize::from(limited);
        rush_lanes += usize::from(count > 1);
        mail_lanes += usize::from(order_days > 0);
        first_route += count;
    }
    if first_route != routes.len() {
        return Err(ScenarioError::Word {
            at: header::ROUTES,
            found: word(routes.len()),
            expected: "the sum of the lanes' routes",
        });
    }
    Ok((staged_lanes, mail_lanes))
}

/// What nodes and lanes mean for each other: shares, mixed nodes, priorities, queues. Returns the numbers of
/// mixed nodes and of queued lanes.
pub(super) fn link(nodes: &mut [Node], lanes: &mut [Lane], nodes_at: usize) -> Result<(usize, usize), ScenarioError> {
    let (mut mixed, mut queue_lanes) = (0, 0);
    for (n, node) in nodes.iter_mut().enumerate() {
        let last = node.inbound.last().and_then(|&b| lanes.get(crate::convert::byte_index(b)));
        let total = last.map_or(0, |lane| lane.share_until);
        if total != 1_000_000 {
            return Err(ScenarioError::Word {
                at: nodes_at + n * layout::NODE_WORDS,
                found: total,
                expected: "a node whose inbound lanes' shares add up to 1,000,000 ppm",
            });
        }
        if node.sells && !node.outbound.is_empty() {
            node.mixed_row = Some(mixed);
            mixed += 1;
        }
        if node.allocation == Allocation::Priority {
            // Stable: lanes of equal priority keep their order.
            for i in 1..node.outbound.len() {
                let mut j = i;
                let rank = |b: u8| lanes.get(crate::convert::byte_index(b)).map_or(0, |lane| lane.priority);
                while let Some([before, this]) = node.outbound.get_mut(j.wrapping_sub(1)..j + 1) {
                    if rank(*before) <= rank(*this) {
                        break;
                    }
                    core::mem::swap(before, this);
                    j -= 1;
                }
            }
        }
        if node.allocation == Allocation::FirstCome && node.outbound.len() > 1 {
            for &b in &node.outbound {
                if let Some(lane) = lanes.get_mut(crate::convert::byte_index(b)) {
                    lane.queue_row = Some(queue_lanes);
                    queue_lanes += 1;
                }
            }
        }
    }
    Ok((mixed, queue_lanes))
}
