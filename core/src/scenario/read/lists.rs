//! The lists of an image: events, disruptions, bill of materials, open orders; and sections that only have ranges.

use super::{Reader, Sizes, Tables};
use crate::convert::{index, word};
use crate::layout;
use crate::rows::at;
use crate::scenario::{
    BOM_QUANTITY_MAX, DISRUPTIONS_MAX, Disruption, EventKind, Lane, Node, SEASON_AHEAD_DAYS, SEASON_MAX_Q12,
    ScenarioError, bom_line, event_kind,
};
use heapless::Vec;

/// The sections whose words only have ranges.
pub(super) fn check_ranges(
    products: &Reader<'_>,
    freight: &Reader<'_>,
    seasons: &Reader<'_>,
    events: &Reader<'_>,
    lanes: &[Lane],
    sizes: &Sizes,
) -> Result<(), ScenarioError> {
    for p in 0..sizes.products {
        products.get(layout::product::VOLUME * sizes.products + p, 0, 1 << 20, "0 to 2^20")?;
        let last = word(sizes.groups) - 1;
        products.get(layout::product::GROUP * sizes.products + p, -1, last, "-1 or the index of a group")?;
    }
    for at in 0..freight.words.len() {
        freight.get(at, 0, i32::MAX, "a freight cost of 0 or more")?;
    }
    let days = sizes.horizon + SEASON_AHEAD_DAYS;
    for at in 0..seasons.words.len() {
        let before = seasons.words.get(at.wrapping_sub(1)).filter(|_| !at.is_multiple_of(days + 1));
        let (low, high) = before.map_or((0, 0), |&sum| (sum, sum.saturating_add(SEASON_MAX_Q12)));
        seasons.get(at, low, high, "the sum before it plus a season factor, Q12, of 0 to 2^18")?;
    }
    for i in 0..sizes.event_count {
        let at = i * layout::EVENT_WORDS;
        let earliest = events.words.get(at.wrapping_sub(layout::EVENT_WORDS)).copied().unwrap_or(0);
        events.get(at, earliest, word(sizes.horizon), "a day no earlier than the event before it")?;
    }
    for r in events.rows(layout::EVENT_WORDS) {
        check_change(&r, [layout::event::KIND, layout::event::PLACE, layout::event::VALUE_Q12], lanes, sizes)?;
    }
    Ok(())
}

/// What an event or a disruption changes, where, and to what: words at these positions.
pub(super) fn check_change(
    r: &Reader<'_>,
    [kind_at, place, value]: [usize; 3],
    lanes: &[Lane],
    sizes: &Sizes,
) -> Result<(), ScenarioError> {
    let kind = event_kind(r.get(kind_at, 1, word(EventKind::ALL.len()), "a kind of 1 to 6")?);
    let places = match kind {
        EventKind::Route => sizes.route_count,
        EventKind::Outside | EventKind::Grade => sizes.lane_count,
        EventKind::Demand | EventKind::Capacity | EventKind::Shipping => sizes.node_count,
    };
    let found = r.get(place, 0, word(places) - 1, "the index of a node, route or lane")?;
    let refuse =
        |at: usize, found: i32, expected: &'static str| Err(ScenarioError::Word { at: r.base + at, found, expected });
    let lane = lanes.get(index(found));
    match kind {
        EventKind::Demand | EventKind::Capacity | EventKind::Route => {
            r.get(value, 0, 1 << 16, "a factor, Q12, of 0 to 65536")?;
        }
        EventKind::Shipping | EventKind::Outside => {
            let shipped = r.get(value, 0, 4096, "0 (nothing is shipped) or 4096")?;
            if shipped != 0 && shipped != 4096 {
                return refuse(value, shipped, "0 (nothing is shipped) or 4096");
            }
            if kind == EventKind::Outside && lane.is_none_or(|lane| lane.supplier.is_some()) {
                return refuse(place, found, "a lane from the outside world");
            }
        }
        EventKind::Grade => {
            r.get(value, 0, word(layout::GRADES - 1) << 12, "grades, Q12, of 0 to 28672")?;
            if lane.is_none_or(|lane| lane.quality.is_none()) {
                return refuse(place, found, "a lane whose supplier has grades");
            }
        }
    }
    Ok(())
}

/// What befalls the chain by chance.
pub(super) fn read_disruptions(
    disruptions: &mut Vec<Disruption, DISRUPTIONS_MAX>,
    section: &Reader<'_>,
    tables: &Tables<'_>,
    lanes: &[Lane],
    sizes: &Sizes,
) -> Result<(), ScenarioError> {
    use layout::disruption::{DURATION_TABLE, GAP_TABLE, KIND, PLACE, VALUE_Q12};
    for r in section.rows(layout::DISRUPTION_WORDS) {
        check_change(&r, [KIND, PLACE, VALUE_Q12], lanes, sizes)?;
        let days = |place: usize| tables.index(&r, place, 1, 1 << 20, "a table of 1 to 2^20 days");
        let (gap_table, duration_table) = (days(GAP_TABLE)?, days(DURATION_TABLE)?);
        let _ = disruptions.push(Disruption {
            kind: event_kind(at(r.words, KIND)),
            place: index(at(r.words, PLACE)),
            value_q12: at(r.words, VALUE_Q12),
            gap_table: usize::from(gap_table),
            duration_table: usize::from(duration_table),
        });
    }
    Ok(())
}

/// The bill of materials, made known to the nodes; returns how many of them assemble.
pub(super) fn check_bom(section: &Reader<'_>, nodes: &mut [Node], sizes: &Sizes) -> Result<usize, ScenarioError> {
    use layout::bom_line::{COMPONENT, NODE, PRODUCT, QUANTITY};
    let mut before: Option<[i32; 3]> = None;
    let mut assembling = 0;
    for (i, r) in section.rows(layout::BOM_LINE_WORDS).enumerate() {
        let n = r.get(NODE, 0, word(sizes.node_count) - 1, "the index of a node")?;
        let product = r.get(PRODUCT, 0, word(sizes.products) - 1, "the index of a product")?;
        let component = r.get(
            COMPONENT,
            product + 1,
            word(sizes.products) - 1,
            "the index of a product after the one it goes into",
        )?;
        r.get(QUANTITY, 1, BOM_QUANTITY_MAX, "1 to 65536 units")?;
        let refuse = |at: usize, found: i32, expected| Err(ScenarioError::Word { at: r.base + at, found, expected });
        let key = [n, component, product];
        if before.is_some_and(|before| before >= key) {
            return refuse(NODE, n, "a line after the one before it, by node, component and product");
        }
        before = Some(key);
        let Some(node) = nodes.get_mut(index(n)).filter(|node| node.produces) else {
            return refuse(NODE, n, "a node that produces");
        };
        if node.bom_lines == 0 {
            node.first_bom_line = i;
            node.bom_row = assembling;
            assembling += 1;
        }
        node.bom_lines += 1;
        let own = section.words.as_chunks::<{ layout::BOM_LINE_WORDS }>().0.iter().map(bom_line);
        if own.filter(|line| line.node == index(n)).any(|line| line.product == index(component)) {
            return refuse(COMPONENT, component, "a component that is not assembled at the same node");
        }
    }
    Ok(assembling)
}

/// What is already ordered: each word's range, and the order by which the rest of the program finds them.
pub(super) fn check_open_orders(section: &Reader<'_>, lanes: &[Lane], sizes: &Sizes) -> Result<(), ScenarioError> {
    use layout::open_order::{DAYS, LANE, PRODUCT, STAGE, UNITS};
    let mut before: Option<[i32; 4]> = None;
    for r in section.rows(layout::OPEN_ORDER_WORDS) {
        let lane = r.get(LANE, 0, word(sizes.lane_count) - 1, "the index of a lane")?;
        let product = r.get(PRODUCT, 0, word(sizes.products) - 1, "the index of a product")?;
        let stage = r.get(STAGE, 0, 2, "0, 1 or 2")?;
        if stage == 1 && lanes.get(index(lane)).is_none_or(|l| l.mail_row.is_none()) {
            let expected = "0 or 2 on a lane without mail";
            return Err(ScenarioError::Word { at: r.base + STAGE, found: stage, expected });
        }
        let last = if stage == 2 { 0 } else { word(sizes.ring_days) - 1 };
        let days = r.get(DAYS, 0, last, "0 to ring days - 1, and 0 where it waits at the supplier")?;
        r.get(UNITS, 1, i32::MAX, "1 unit or more")?;
        let key = [lane, product, stage, days];
        if before.is_some_and(|before| before >= key) {
            let expected = "an open order after the one before it, by lane, product, stage and days";
            return Err(ScenarioError::Word { at: r.base, found: lane, expected });
        }
        before = Some(key);
    }
    Ok(())
}

/// The longest that anything is in the mail: an open order may be longer than its lane's orders [days].
pub(super) fn longest_mail(lanes: &[Lane], open_orders: &Reader<'_>) -> usize {
    use layout::open_order::{DAYS, STAGE};
    let longest = lanes.iter().fold(0, |a, lane| if lane.order_days > a { lane.order_days } else { a });
    let mailed = open_orders.rows(layout::OPEN_ORDER_WORDS).filter(|r| at(r.words, STAGE) == 1);
    mailed.map(|r| index(at(r.words, DAYS))).fold(longest, |a, days| if days > a { days } else { a })
}
