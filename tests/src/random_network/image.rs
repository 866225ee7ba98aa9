//! A plan as the words of a scenario image, from the description of the layout alone.

use super::{Plan, Segment, Stock};
use restock_core::layout::{self, Column, header, lane, node, route};
use restock_core::scenario::{Allocation, EventKind, Stage};

impl Plan {
    /// The scenario image of this plan; not checked.
    #[must_use]
    pub fn image(&self) -> Vec<i32> {
        let mut words = vec![0; layout::HEADER_WORDS];
        self.places(&mut words);
        for column in Column::ALL {
            words.extend(self.stock.iter().flatten().map(|stock| value(stock, column)));
        }
        for route in self.lanes.iter().flat_map(|l| &l.routes) {
            words.extend(&route.freight);
        }
        for profile in &self.profiles {
            // Word d is the sum of all days before d.
            words.extend((0..=profile.len()).map(|day| profile[..day].iter().sum::<i32>()));
        }
        for event in &self.events {
            words.extend([event.day as i32, number_of(event.kind), event.place as i32, event.value_q12]);
        }
        for open in &self.open_orders {
            let stage = match open.stage {
                Stage::InTransit => 0,
                Stage::InMail => 1,
                Stage::Waiting => 2,
            };
            words.extend([open.lane as i32, open.product as i32, stage, open.days as i32, open.units]);
        }
        for d in &self.disruptions {
            let tables = [d.gap_table as i32, d.duration_table as i32];
            words.extend([number_of(d.kind), d.place as i32, d.value_q12, tables[0], tables[1]]);
        }
        for line in &self.bom {
            words.extend([line.node as i32, line.product as i32, line.component as i32, line.quantity]);
        }
        let tables: Vec<Vec<i32>> = self.tables.iter().map(|t| table_words(t)).collect();
        let mut start = 0;
        for table in &tables {
            words.push(start);
            start += table.len() as i32;
        }
        words.extend(tables.iter().flatten());
        words.extend(self.replay.iter().flatten().flatten());
        self.header(&mut words, start);
        words
    }

    fn header(&self, words: &mut [i32], table_words: i32) {
        let routes: usize = self.lanes.iter().map(|l| l.routes.len()).sum();
        let all = words.len() as i32;
        for (at, word) in [
            (header::MAGIC, layout::MAGIC),
            (header::VERSION, layout::VERSION),
            (header::WORDS, all),
            (header::NODES, self.nodes.len() as i32),
            (header::LANES, self.lanes.len() as i32),
            (header::ROUTES, routes as i32),
            (header::PRODUCTS, self.products.len() as i32),
            (header::HORIZON_DAYS, self.horizon_days as i32),
            (header::PROFILES, self.profiles.len() as i32),
            (header::EVENTS, self.events.len() as i32),
            (header::TABLES, self.tables.len() as i32),
            (header::TABLE_WORDS, table_words),
            (header::RING_DAYS, self.ring_days as i32),
            (header::FORECAST_SHIFT, self.forecast_shift),
            (header::UNIT_SCALE, 1),
            (header::MONEY_SCALE, 100),
            (header::REFERENCE_HOLDING_LOW, 1000),
            (header::REPLAY_DAYS, self.replay.len() as i32),
            (header::DEMAND_MAX, self.demand_max),
            (header::POSITION_MAX, self.position_max),
            (header::WEIGHT_DELIVERY, 600_000),
            (header::WEIGHT_INVENTORY, 300_000),
            (header::WEIGHT_CAPACITY, 100_000),
            (header::BETA, 6_000_000),
            (header::GAMMA, -693_147),
            (header::KAPPA, 2_500_000),
            (header::OPEN_ORDERS, self.open_orders.len() as i32),
            (header::DISRUPTIONS, self.disruptions.len() as i32),
            (header::BOM_LINES, self.bom.len() as i32),
            (header::GROUPS, self.groups as i32),
            (header::SHOCK_TABLE, self.shock_table.map_or(-1, |table| table as i32)),
        ] {
            words[at] = word;
        }
        // Weights that follow conditions, in every second network.
        let strength = self.demand_max % 2 * 750_000;
        words[header::SENSITIVITIES..][..4].copy_from_slice(&[0, 0, strength, -strength]);
    }

    fn places(&self, words: &mut Vec<i32>) {
        for (n, place) in self.nodes.iter().enumerate() {
            let mut w = [0; layout::NODE_WORDS];
            w[node::KEY_LOW] = n as i32 + 1;
            w[node::FLAGS] = i32::from(place.sells) * node::SELLS
                + i32::from(place.lost_sales) * node::LOST_SALES
                + i32::from(place.production_days.is_some()) * node::PRODUCES;
            w[node::ECHELON] = place.echelon;
            w[node::REVIEW_DAYS] = place.review_days as i32;
            w[node::REVIEW_OFFSET] = place.review_offset as i32;
            w[node::ALLOCATION] = match place.allocation {
                Allocation::Proportional => 0,
                Allocation::Priority => 1,
                Allocation::FirstCome => 2,
            };
            w[node::PRODUCTION_DAYS] = place.production_days.unwrap_or(0) as i32;
            w[node::CAPACITY] = place.capacity.unwrap_or(-1);
            w[node::STORAGE] = place.storage.unwrap_or(-1);
            w[node::OVERFLOW_RATE] = place.overflow_rate;
            words.extend(w);
        }
        for way in &self.lanes {
            let mut w = [0; layout::LANE_WORDS];
            w[lane::SUPPLIER] = way.supplier.map_or(-1, |s| s as i32);
            w[lane::CUSTOMER] = way.customer as i32;
            w[lane::ROUTES] = way.routes.len() as i32;
            w[lane::ORDER_DAYS] = way.order_days as i32;
            w[lane::PRIORITY] = way.priority;
            w[lane::SHARE] = way.share;
            w[lane::BASE_GRADE] = -1;
            w[lane::DEFECT_TABLES..].fill(-1);
            if let Some(grades) = &way.grades {
                w[lane::BASE_GRADE] = grades.base_q8;
                w[lane::LIFT..][..layout::EFFORTS].copy_from_slice(&grades.lift_q8);
                w[lane::RELAX_SHIFT] = grades.relax_shift;
                w[lane::ON_TIME] = grades.on_time_q15;
                w[lane::ACCEPTED] = grades.accepted_q15;
                let defects = grades.defect_tables.map(|table| table.map_or(-1, |t| t as i32));
                w[lane::DEFECT_TABLES..].copy_from_slice(&defects);
            }
            words.extend(w);
        }
        for way in self.lanes.iter().flat_map(|l| &l.routes) {
            let mut w = [0; layout::ROUTE_WORDS];
            let tables = way.by_grade.unwrap_or([way.lead_table; layout::GRADES]);
            w[route::LEAD_TABLES..].copy_from_slice(&tables.map(|table| table as i32));
            w[route::PROMISE] = way.promise_days;
            w[route::CAPACITY] = way.capacity.unwrap_or(-1);
            w[route::LEAD_MEAN_Q8] = self.lead_mean_q8(way);
            words.extend(w);
        }
        words.extend(self.products.iter().map(|item| item.key as u32 as i32));
        words.extend(self.products.iter().map(|item| (item.key >> 32) as u32 as i32));
        words.extend(self.products.iter().map(|item| item.volume));
        words.extend(self.products.iter().map(|item| item.group.map_or(-1, |group| group as i32)));
    }
}

/// The number of a kind of event.
fn number_of(kind: EventKind) -> i32 {
    match kind {
        EventKind::Demand => 1,
        EventKind::Capacity => 2,
        EventKind::Route => 3,
        EventKind::Shipping => 4,
        EventKind::Outside => 5,
        EventKind::Grade => 6,
    }
}

fn value(stock: &Stock, column: Column) -> i32 {
    match column {
        Column::HoldingCost => stock.holding,
        Column::BackorderCost => stock.backorder,
        Column::LostSaleCost => stock.lost_sale,
        Column::OrderCost => stock.order_cost,
        Column::ProductionCost => stock.production_cost,
        Column::UnitValue => stock.unit_value,
        Column::LotSize => stock.lot_size,
        Column::OrderMin => stock.order_min,
        Column::OrderMax => stock.order_max,
        Column::PositionMax => stock.position_max,
        Column::InventoryInitial => stock.initial,
        Column::Work => stock.work,
        Column::DemandTable => stock.demand_table.map_or(-1, |t| t as i32),
        Column::DemandMean => stock.demand_mean_q12,
        Column::ProtectionDays => stock.protection_days,
        Column::ProtectionSpread => stock.protection_spread_q16,
        Column::SafetyFactor => stock.safety_factor_q8,
        Column::DemandProfile => stock.demand_profile as i32,
        Column::ForecastProfile => stock.forecast_profile as i32,
        Column::NegotiationCost => stock.negotiation_cost,
        Column::ScrapCost => stock.scrap_cost,
        Column::Yield => (1 << 16) - stock.spoilage_q16,
        Column::ForecastLag1 => stock.forecast.words()[0],
        Column::ForecastLag2 => stock.forecast.words()[1],
        Column::ForecastLag3 => stock.forecast.words()[2],
        Column::ForecastReach => stock.forecast.words()[3],
        Column::ForecastMethod => stock.forecast.words()[4],
    }
}

/// The words of one table: count, guide, then start, value, span and reciprocal of each segment.
#[must_use]
pub fn table_words(segments: &[Segment]) -> Vec<i32> {
    let mut words = vec![segments.len() as i32];
    for bucket in 0..32u32 {
        // The last segment that starts at or before the bucket does.
        words.push(segments.iter().rposition(|s| s.start <= bucket << 27).unwrap_or(0) as i32);
    }
    for (i, segment) in segments.iter().enumerate() {
        let end = segments.get(i + 1).map_or(1 << 32, |s| u64::from(s.start));
        let reciprocal = ((1u64 << 48) / (end - u64::from(segment.start))).min(u64::from(u32::MAX));
        words.extend([segment.start as i32, segment.value, segment.span, reciprocal as u32 as i32]);
    }
    words
}
