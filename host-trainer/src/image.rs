//! A scenario image taken apart, to change the world in it and put it together again.
//!
//! A run folder keeps the image of its scenario and not the files that it came from. What a comparison changes (demand,
//! lead times, capacities, costs) is in words that [`restock_core::layout`] names; what planners have come to believe of
//! the world (forecasts, protection intervals, textbook factors) stays as it is unless it is changed too.

use restock_core::layout::{self, Column, STOCKPOINT_COLUMNS, header};
use restock_core::scenario::{EventKind, SEASON_AHEAD_DAYS, ScenarioError};
use restock_core::table::Table;
use restock_core::{Scenario, convert};

/// Most masses that a table's segment of many values is taken apart into.
const POINTS_MAX: i64 = 64;

/// The sections of an image, in the image's order.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// The header's words.
    pub header: Vec<i32>,
    nodes: Vec<i32>,
    /// The lanes' words.
    pub lanes: Vec<i32>,
    routes: Vec<i32>,
    products: Vec<i32>,
    stockpoints: Vec<i32>,
    /// Freight, seasons: nothing here is changed.
    between: Vec<i32>,
    events: Vec<[i32; layout::EVENT_WORDS]>,
    /// Open orders, disruptions, bill of materials.
    after: Vec<i32>,
    tables: Vec<Vec<i32>>,
    replay: Vec<i32>,
}

impl Image {
    /// Takes an image apart that [`Scenario::new`] has accepted.
    ///
    /// # Panics
    /// If it was not accepted: its sizes then mean nothing.
    #[must_use]
    pub fn new(words: &[i32]) -> Self {
        let size = |at: usize| usize::try_from(words[at]).unwrap_or(0);
        let (nodes, lanes, routes) = (size(header::NODES), size(header::LANES), size(header::ROUTES));
        let (products, tables) = (size(header::PRODUCTS), size(header::TABLES));
        let mut rest = words;
        let mut take = |length: usize| {
            let (front, back) = rest.split_at(length);
            rest = back;
            front.to_vec()
        };
        let season_words = size(header::HORIZON_DAYS) + SEASON_AHEAD_DAYS + 1;
        let header_words = take(layout::HEADER_WORDS);
        let nodes_words = take(nodes * layout::NODE_WORDS);
        let lanes_words = take(lanes * layout::LANE_WORDS);
        let routes_words = take(routes * layout::ROUTE_WORDS);
        let products_words = take(products * layout::PRODUCT_WORDS);
        let stockpoints = take(STOCKPOINT_COLUMNS * nodes * products);
        let between = take(routes * products + size(header::PROFILES) * season_words);
        let events = take(size(header::EVENTS) * layout::EVENT_WORDS);
        let after = take(
            size(header::OPEN_ORDERS) * layout::OPEN_ORDER_WORDS
                + size(header::DISRUPTIONS) * layout::DISRUPTION_WORDS
                + size(header::BOM_LINES) * layout::BOM_LINE_WORDS,
        );
        let starts: Vec<usize> = take(tables).iter().map(|&start| usize::try_from(start).unwrap_or(0)).collect();
        let table_words = take(size(header::TABLE_WORDS));
        let table = |start: usize| {
            let words = &table_words[start..];
            Table::new(words).map_or_else(|_| Vec::new(), |table| words[..table.length()].to_vec())
        };
        Self {
            tables: starts.into_iter().map(table).collect(),
            replay: rest.to_vec(),
            header: header_words,
            nodes: nodes_words,
            lanes: lanes_words,
            routes: routes_words,
            products: products_words,
            stockpoints,
            between,
            events: events.as_chunks().0.to_vec(),
            after,
        }
    }

    /// The image again.
    ///
    /// # Errors
    /// If the simulator refuses what was changed.
    pub fn words(mut self) -> Result<Vec<i32>, ScenarioError> {
        self.events.sort_by_key(|event| event[layout::event::DAY]);
        let mut starts = Vec::with_capacity(self.tables.len());
        let mut tables = Vec::new();
        for table in &self.tables {
            starts.push(convert::word(tables.len()));
            tables.extend_from_slice(table);
        }
        self.header[header::EVENTS] = convert::word(self.events.len());
        self.header[header::TABLES] = convert::word(starts.len());
        self.header[header::TABLE_WORDS] = convert::word(tables.len());
        let events = self.events.concat();
        let sections: [&[i32]; 12] = [
            &self.header,
            &self.nodes,
            &self.lanes,
            &self.routes,
            &self.products,
            &self.stockpoints,
            &self.between,
            &events,
            &self.after,
            &starts,
            &tables,
            &self.replay,
        ];
        let mut words = sections.concat();
        words[header::WORDS] = convert::word(words.len());
        Scenario::new(&words)?;
        Ok(words)
    }

    fn count(&self, at: usize) -> usize {
        usize::try_from(self.header[at]).unwrap_or(0)
    }

    /// One column of one node, to change. Shape `[product]`.
    pub fn column_mut(&mut self, column: Column, node: usize) -> &mut [i32] {
        let products = self.count(header::PRODUCTS);
        let at = (column.at() * self.count(header::NODES) + node) * products;
        &mut self.stockpoints[at..at + products]
    }

    /// Indices of the tables that a column of all nodes names, each once.
    #[must_use]
    pub fn tables_of(&self, column: Column) -> Vec<usize> {
        let all = self.count(header::NODES) * self.count(header::PRODUCTS);
        let named = &self.stockpoints[column.at() * all..][..all];
        once(named.iter().filter_map(|&table| usize::try_from(table).ok()))
    }

    /// Indices of the tables of lead times, each once.
    #[must_use]
    pub fn lead_tables(&self) -> Vec<usize> {
        let routes = self.routes.chunks_exact(layout::ROUTE_WORDS);
        let named = routes.flat_map(|route| &route[layout::route::LEAD_TABLES..][..layout::GRADES]);
        once(named.filter_map(|&table| usize::try_from(table).ok()))
    }

    /// The probability masses of a table: values in ascending order, with weights that add up to 1.
    #[must_use]
    pub fn masses(&self, table: usize) -> Vec<(i64, f64)> {
        let words = &self.tables[table];
        let segments: Vec<&[i32]> =
            words[restock_core::table::SEGMENTS_AT..].chunks_exact(restock_core::table::SEGMENT_WORDS).collect();
        let start = |i: usize| segments.get(i).map_or(4_294_967_296.0, |s| f64::from(s[0].cast_unsigned()));
        let mut masses = Vec::new();
        for (i, segment) in segments.iter().enumerate() {
            let (weight, value) = ((start(i + 1) - start(i)) / 4_294_967_296.0, i64::from(segment[1]));
            // Within a segment the `span` values from its first on are equally likely.
            let span = i64::from(segment[2]).max(1);
            let points = span.min(POINTS_MAX);
            masses.extend((0..points).map(|k| (value + (2 * k + 1) * span / (2 * points), weight / points as f64)));
        }
        masses
    }

    /// Puts other words in place of a table.
    pub fn set_table(&mut self, table: usize, words: Vec<i32>) {
        self.tables[table] = words;
    }

    /// From the first day on a factor holds at a place, times whatever dated events set there; `ends` on a day on which
    /// the plan holds again, where it ends.
    pub fn change(&mut self, kind: EventKind, place: usize, factor_q12: i32, days: std::ops::Range<u32>, ends: bool) {
        let word = EventKind::ALL.iter().position(|k| *k == kind).map_or(0, |at| convert::word(at) + 1);
        let place = convert::word(place);
        let mut planned = 4096;
        for event in
            self.events.iter_mut().filter(|e| (e[layout::event::KIND], e[layout::event::PLACE]) == (word, place))
        {
            let day = event[layout::event::DAY].cast_unsigned();
            if days.contains(&day) || (!ends && day >= days.start) {
                event[layout::event::VALUE_Q12] =
                    ((i64::from(event[layout::event::VALUE_Q12]) * i64::from(factor_q12)) >> 12) as i32;
            } else if day < days.start {
                planned = event[layout::event::VALUE_Q12];
            }
        }
        let begun = self.events.iter().any(|e| (e[0], e[1], e[2]) == (days.start.cast_signed(), word, place));
        if !begun {
            let value = ((i64::from(planned) * i64::from(factor_q12)) >> 12) as i32;
            self.events.push([days.start.cast_signed(), word, place, value]);
        }
        if ends {
            self.events.push([days.end.cast_signed(), word, place, planned]);
        }
    }

    /// Demand of these days is played in place of what is drawn. Shape `[day][selling node][product]` [units].
    pub fn set_replay(&mut self, days: usize, replay: Vec<i32>) {
        self.header[header::REPLAY_DAYS] = convert::word(days);
        self.replay = replay;
    }

    /// Makes room for so much demand of a stockpoint in a day [units].
    pub fn demand_at_least(&mut self, most: i32) {
        let limit = &mut self.header[header::DEMAND_MAX];
        *limit = most.saturating_add(2).max(*limit);
    }

    /// Puts the limits where the changed demand needs them; what the planner believes is not touched.
    pub fn fit_demand(&mut self, factor: f64) {
        let most = f64::from(self.header[header::DEMAND_MAX]) * factor;
        self.header[header::DEMAND_MAX] = (most.ceil().min(f64::from(1 << 30)) as i32).saturating_add(2);
    }
}

fn once(all: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut all: Vec<usize> = all.collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Problem;

    #[test]
    fn an_image_taken_apart_and_put_together_is_the_same() {
        let problem = Problem::embedded().expect("embedded");
        let scenario = problem.scenario().expect("sound");
        let mut image = Image::new(&problem.image);
        assert!(image.events.windows(2).all(|two| two[0][0] <= two[1][0]));
        assert_eq!(image.column_mut(Column::DemandMean, 1), scenario.column(Column::DemandMean, 1));
        assert_eq!(image.clone().words().expect("accepted"), problem.image);
        for table in image.tables_of(Column::DemandTable).into_iter().take(20).chain(image.lead_tables()) {
            let masses = image.masses(table);
            assert!((masses.iter().map(|m| m.1).sum::<f64>() - 1.0).abs() < 1e-9);
            // Half of the chance lies at or below the median that the simulator would draw.
            let median = i64::from(scenario.table(table).value(1 << 31));
            let below: f64 = masses.iter().filter(|m| m.0 < median).map(|m| m.1).sum();
            let upto: f64 = masses.iter().filter(|m| m.0 <= median).map(|m| m.1).sum();
            assert!(below <= 0.52 && upto >= 0.48, "table {table}: {below} {upto}");
        }
    }
}
