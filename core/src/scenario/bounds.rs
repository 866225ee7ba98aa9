//! The proof that no day of no replica overflows: ranges of the stockpoints' columns, then bounds of
//! all quantities and of all money within the horizon.

use super::read::Reader;
use super::{
    BOM_LINES_MAX, EventKind, NODES_MAX, Node, PROFILES_MAX, PROTECTION_DAYS_MAX, Scenario, ScenarioError, UNITS_MAX,
    combined,
};
use crate::allocation::WEIGHT_MAX;
use crate::convert::{index, low, wide, wider, word, word as word_of};
use crate::layout::{self, Column, header};
use crate::rows::at;
use heapless::Vec;

/// A quantity that begins at most at `once` and grows by at most `a_day` each day [units].
#[derive(Clone, Copy)]
struct Most {
    once: i64,
    a_day: i64,
}

impl Most {
    const NOTHING: Self = Self { once: 0, a_day: 0 };

    /// With `times` another one.
    fn plus(self, times: i64, other: Self) -> Self {
        let add = |a: i64, b: i64| a.saturating_add(times.saturating_mul(b));
        Self { once: add(self.once, other.once), a_day: add(self.a_day, other.a_day) }
    }

    /// After so many days.
    fn by(self, days: u32) -> i64 {
        self.once.saturating_add(self.a_day.saturating_mul(i64::from(days)))
    }

    /// The sum over so many days, the first of which has one day's growth. A quantity that does not pass
    /// [`UNITS_MAX`] can't overflow here.
    fn sum(self, days: u32) -> i128 {
        let days = i128::from(days);
        wider(self.once) * days + wider(self.a_day) * (days * (days + 1) / 2)
    }
}

impl Scenario<'_> {
    pub(super) fn check_stockpoints(&self, base: usize, demand_max: i32, profiles: usize) -> Result<(), ScenarioError> {
        let r = Reader { words: self.stockpoints, base };
        let each = self.nodes.len() * self.products;
        // In the image profiles come last; they must be in range before a demand table asks for one.
        for n in 0..self.nodes.len() {
            for column in [Column::DemandProfile, Column::ForecastProfile] {
                for (p, &found) in self.column(column, n).iter().enumerate() {
                    if found < 0 || index(found) >= profiles {
                        let place = base + column.at() * each + n * self.products + p;
                        return Err(ScenarioError::Word {
                            at: place,
                            found,
                            expected: "the index of a season profile",
                        });
                    }
                }
            }
        }
        for column in Column::ALL {
            for n in 0..self.nodes.len() {
                for p in 0..self.products {
                    let place = column.at() * each + n * self.products + p;
                    let (low, high, expected) = match column {
                        Column::HoldingCost
                        | Column::BackorderCost
                        | Column::LostSaleCost
                        | Column::OrderCost
                        | Column::ProductionCost
                        | Column::UnitValue => (0, i32::MAX, "a cost of 0 or more"),
                        Column::LotSize => (1, 1 << 24, "a lot size of 1 to 2^24"),
                        Column::OrderMin => (0, 1 << 24, "a minimum order of 0 to 2^24"),
                        Column::OrderMax | Column::PositionMax => {
                            (0, self.position_max, "a limit of 0 to the greatest position limit")
                        }
                        Column::InventoryInitial => {
                            (0, at(self.column(Column::PositionMax, n), p), "0 to the stockpoint's position limit")
                        }
                        Column::Work => (0, 1 << 20, "0 to 2^20"),
                        Column::DemandTable => (-1, word(self.table_index.len()) - 1, "-1 or the index of a table"),
                        Column::DemandMean => (0, i32::MAX, "a mean demand of 0 or more"),
                        Column::ProtectionDays => (1, word(PROTECTION_DAYS_MAX), "1 to 160 days"),
                        Column::ProtectionSpread => (0, 1 << 20, "0 to 2^20"),
                        Column::SafetyFactor => (-(1 << 12), 1 << 12, "-4096 to 4096 (Q8)"),
                        Column::NegotiationCost | Column::ScrapCost => (0, i32::MAX, "a cost of 0 or more"),
                        Column::Yield => (0, 1 << 16, "a share, Q16, of 0 to 65536"),
                        Column::DemandProfile | Column::ForecastProfile => continue, // checked above
                        Column::ForecastLag1
                        | Column::ForecastLag2
                        | Column::ForecastLag3
                        | Column::ForecastReach
                        | Column::ForecastMethod => {
                            let words = |column| at(self.column(column, n), p);
                            if let Some(expected) = crate::forecast::wrong_word(column, words) {
                                return Err(ScenarioError::Word { at: base + place, found: words(column), expected });
                            }
                            continue;
                        }
                    };
                    let found = r.get(place, low, high, expected)?;
                    if column == Column::DemandTable && found >= 0 && self.nodes.get(n).is_none_or(|node| !node.sells) {
                        return Err(ScenarioError::Word {
                            at: base + place,
                            found,
                            expected: "-1 at a node that sells to no customers",
                        });
                    }
                }
            }
        }
        let season_max = self.season_maxima();
        for n in 0..self.nodes.len() {
            for p in 0..self.products {
                if self.demand_max(n, p, &season_max) > wider(wide(demand_max)) {
                    return Err(ScenarioError::Word {
                        at: header::DEMAND_MAX,
                        found: demand_max,
                        expected: "at least the greatest demand that tables or replay, seasons and surges can give",
                    });
                }
            }
        }
        Ok(())
    }

    /// The greatest factor that events and all disruptions at once put on a node's demand, Q12; at least 1.
    fn surge_max(&self, node: usize) -> i32 {
        let dated = self
            .events()
            .filter(|e| e.kind == EventKind::Demand && e.place == node)
            .fold(4096, |a, e| if e.value_q12 > a { e.value_q12 } else { a });
        let chance = self.disruptions().iter().filter(|d| d.kind == EventKind::Demand && d.place == node);
        chance.filter(|d| d.value_q12 > 4096).fold(dated, |a, d| combined(a, d.value_q12))
    }

    /// Proves that no quantity passes [`UNITS_MAX`] and no sum of money passes `i64` within the horizon.
    ///
    /// The position at a stockpoint begins within the position limit and never passes it by more than one
    /// lot and one minimum order a lane (rounding applies to each lane; a rushed order is rounded down), nor
    /// by more than one day's order limit. A node's backlog
    /// is at most its own demand over the horizon plus all that its customers can ever have on
    /// order, which is at most their position plus their own backlog. So is all that is on hand, on
    /// order or moving at a stockpoint. A component is owed to the products it goes into, as to a customer.
    /// What is demanded comes day by day, so that all this is a line over the days ([`Most`]), and money is
    /// proved with the sum of that line: the ledgers' terms together, and values of stock together.
    pub(super) fn check_bounds(&self) -> Result<(), ScenarioError> {
        let (mut money, mut values) = (0i128, 0i128);
        let mut work = [0i128; NODES_MAX];
        let season_max = self.season_maxima();
        let days = self.horizon_days;
        // Most of the assembled product that can be wanted, by line of the bill of materials.
        let mut wanted: Vec<Most, BOM_LINES_MAX> = Vec::new();
        let _ = wanted.resize(self.bom.len(), Most::NOTHING);
        for p in 0..self.products {
            let mut on_order: Vec<Most, NODES_MAX> = Vec::new();
            for (n, node) in self.nodes.iter().enumerate() {
                let word = |column: Column| wide(at(self.column(column, n), p));
                let open: i64 = node.inbound.iter().map(|&b| self.open_units(crate::convert::byte_index(b), p)).sum();
                if word(Column::InventoryInitial) + open > word(Column::PositionMax) {
                    return Err(ScenarioError::OpenOrders { node: n, product: p });
                }
                let rate = |column: Column| wider(word(column));
                let lanes = i64::from(crate::convert::count(node.inbound.len()));
                let position = self.position_bound(n, p);
                let a_day = crate::convert::saturate_wide(self.demand_max(n, p, &season_max));
                let mut owed = Most { once: 0, a_day };
                for &b in &node.outbound {
                    let customer =
                        self.lanes.get(crate::convert::byte_index(b)).map_or(usize::MAX, |lane| lane.customer);
                    owed = owed.plus(1, on_order.get(customer).copied().unwrap_or(Most::NOTHING));
                }
                let lines = node.first_bom_line..node.first_bom_line + node.bom_lines;
                let (mut assembled, mut component) = (false, false);
                for (line, &wanted) in self.bom(node).zip(wanted.get(lines.clone()).unwrap_or(&[])) {
                    assembled |= line.product == p;
                    if line.component == p {
                        component = true;
                        owed = owed.plus(wide(line.quantity), wanted);
                    }
                }
                if assembled && open > 0 || component && self.is_asked_for(n, node, p) {
                    return Err(ScenarioError::Component { node: n, product: p });
                }
                // On hand, on order and owed: each unit is in one place.
                let all = owed.plus(1, Most { once: position, a_day: 0 });
                if all.by(days) > UNITS_MAX {
                    return Err(ScenarioError::UnitsOverflow { node: n });
                }
                for (line, wanted) in self.bom(node).zip(wanted.get_mut(lines).unwrap_or_default()) {
                    if line.product == p {
                        *wanted = all;
                    }
                }
                let _ = on_order.push(all); // at most NODES_MAX nodes
                // Units that can be on hand, owed, moved or made, each day, times every rate.
                let unit_days = all.sum(days);
                let freight = node
                    .inbound
                    .iter()
                    .filter_map(|&b| self.lanes.get(crate::convert::byte_index(b)))
                    .flat_map(|lane| lane.first_route..lane.first_route + lane.routes)
                    .map(|k| at(self.freight(k), p))
                    .fold(0, |a, b| if b > a { b } else { a });
                // Each lane's negotiation at full effort, an order a lane and a rushed one; room for all there is.
                let talks = lanes * wide(word_of(layout::EFFORTS)) * word(Column::NegotiationCost);
                let fixed = wider(talks) + wider(lanes + 1) * rate(Column::OrderCost);
                let room = wider(wide(at(self.volumes(), p))) * wider(wide(node.overflow_rate)) / 1024 + 1;
                // On hand, waiting for production and staged are three places to hold stock.
                money += i128::from(days) * fixed
                    + unit_days
                        * (room * 3
                            + rate(Column::ScrapCost)
                            + 3 * rate(Column::HoldingCost)
                            + rate(Column::BackorderCost)
                            + rate(Column::LostSaleCost)
                            + rate(Column::ProductionCost)
                            + wider(wide(freight)));
                // Here and on the way here each unit is once; staged for customers are as many as are owed. What
                // is sold is demanded.
                let sold = i128::from(days) * wider(a_day);
                values += (2 * unit_days + sold) * rate(Column::UnitValue);
                if let Some(work) = work.get_mut(n) {
                    *work += unit_days * (rate(Column::Work) + wider(wide(at(self.volumes(), p))));
                }
            }
        }
        let most = i128::from(i64::MAX / 2);
        if money > most || values > most || work.iter().any(|&w| w * i128::from(WEIGHT_MAX) > most) {
            return Err(ScenarioError::MoneyOverflow);
        }
        Ok(())
    }

    /// Whether customers or lanes ask node `n` for a product.
    fn is_asked_for(&self, n: usize, node: &Node, p: usize) -> bool {
        let sold = node.sells
            && (at(self.column(Column::DemandTable, n), p) >= 0
                || (0..crate::convert::count(self.replay_days))
                    .any(|day| self.replayed(n, day).is_some_and(|row| at(row, p) > 0)));
        let lanes = node.outbound.iter().map(|&b| crate::convert::byte_index(b));
        let ordered = |l: usize| {
            let customer = self.lanes.get(l).map_or(usize::MAX, |lane| lane.customer);
            at(self.column(Column::OrderMax, customer), p) > 0 || self.open_units(l, p) > 0
        };
        sold || lanes.into_iter().any(ordered)
    }

    /// What no inventory position of a stockpoint passes, rounding included [units].
    pub(crate) fn position_bound(&self, n: usize, p: usize) -> i64 {
        let word = |column: Column| wide(at(self.column(column, n), p));
        let lanes = self.nodes.get(n).map_or(0, |node| i64::from(crate::convert::count(node.inbound.len())));
        let rounding = lanes * (word(Column::LotSize) + word(Column::OrderMin));
        word(Column::PositionMax) + rounding.min(word(Column::OrderMax))
    }

    /// Greatest demand of a product's customers at a node on any day [units]: of its table or its
    /// replay, with the greatest season and surge. `season_max` is by profile, Q12.
    pub(crate) fn demand_max(&self, n: usize, p: usize, season_max: &[i32; PROFILES_MAX]) -> i128 {
        let surge = wider(wide(self.surge_max(n)));
        let table = at(self.column(Column::DemandTable, n), p);
        if self.nodes.get(n).is_none_or(|node| !node.sells) {
            return 0;
        }
        let drawn = if self.replay_days > 0 {
            let days = 0..crate::convert::count(self.replay_days);
            let replayed = days.filter_map(|day| Some(at(self.replayed(n, day)?, p)));
            wider(wide(replayed.fold(0, |a, b| if b > a { b } else { a })))
        } else if table < 0 {
            0
        } else {
            let season = at(season_max, index(at(self.column(Column::DemandProfile, n), p)));
            let shock = self.group(p).and_then(|_| self.shock_table()).map_or(4096, |table| table.max());
            let season = low((wide(season) * wide(shock)) >> 12);
            // As drawn: chance may round the season up by one unit before a surge multiplies it.
            wider(wide(self.table(index(table)).max())) * wider(wide(season)) / 4096 + 1
        };
        (drawn * surge) >> 12
    }

    /// The greatest season factor of each profile, Q12.
    pub(crate) fn season_maxima(&self) -> [i32; PROFILES_MAX] {
        let mut season_max = [0; PROFILES_MAX];
        for (profile, most) in season_max.iter_mut().enumerate().take(self.profiles()) {
            *most = self.season_max(profile);
        }
        season_max
    }
}
