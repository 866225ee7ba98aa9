//! What a policy sees: one home for every feature, its unit, its range and its int8 scaling.
//!
//! Features are `i8`, shape `[feature][product]`: the network that decides on a device and the one
//! that learns on the host read the same bytes. Most are quantities in units of the standard
//! deviation of demand over the protection interval (*sd*), so that one network serves fast and slow
//! products alike. A feature saturates at the ends of its range.

use crate::convert::{bits, from_bits, index, low, saturate, saturate_i8, wide, wide_index};
use crate::layout::Column;
use crate::network::quality;
use crate::policy::NodeView;
use crate::rows::at;
use crate::scenario::{PROFILES_MAX, Scenario};
use block::{BLOCK, Forecast, Scales, octaves, part, positive, saturating_total, store, total, trend_steps};

mod block;

/// Number of features.
pub const FEATURES: usize = 36;

/// One feature: its name, what one step of the byte is worth, and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Name, as tools print it.
    pub name: &'static str,
    /// Unit of the quantity.
    pub unit: &'static str,
    /// Steps of the byte per unit: value = byte / steps.
    pub steps_per_unit: i32,
    /// Meaning.
    pub meaning: &'static str,
}

const fn feature(name: &'static str, unit: &'static str, steps_per_unit: i32, meaning: &'static str) -> Feature {
    Feature { name, unit, steps_per_unit, meaning }
}

/// The schema, in order. A change of it changes [`schema_hash`] and so every policy blob.
pub const SCHEMA: [Feature; FEATURES] = [
    feature("position_gap", "sd", 16, "inventory position less the forecast over the protection interval"),
    feature("inventory_level", "sd", 8, "on hand minus backorder"),
    feature("in_transit", "sd", 8, "shipped towards this node"),
    feature("waiting_upstream", "sd", 16, "ordered and not yet shipped by the suppliers"),
    feature("due_tomorrow", "sd", 16, "arrives or is finished tomorrow"),
    feature("backlog", "sd", 16, "owed to customers and lanes"),
    feature("surprise", "sd", 32, "today's demand less its forecast"),
    feature("season_now", "ratio", 64, "season factor over the protection interval, less 1"),
    feature("season_next", "ratio", 64, "season factor of the 14 days after it, less the one over it"),
    feature("season_later", "ratio", 64, "season factor of the 28 days after those, less the one over it"),
    feature("trend", "ratio", 64, "forecast demand level / long-run mean, less 1"),
    feature("spread", "ratio", 64, "standard deviation of demand over the protection interval / its mean"),
    feature("safety_factor", "sd", 32, "textbook safety factor"),
    feature("order_cost", "octaves", 8, "fixed ordering cost / holding cost of one sd for a day, as a logarithm"),
    feature("shortage_cost", "octaves", 8, "backorder or lost-sale cost / holding cost, as a logarithm"),
    feature("protection", "days", 2, "protection interval"),
    feature("review", "days", 4, "review period"),
    feature("weekday_sine", "", 127, "sine of the day of the week"),
    feature("weekday_cosine", "", 127, "cosine of the day of the week"),
    feature("year_sine", "", 127, "sine of the day of the year"),
    feature("year_cosine", "", 127, "cosine of the day of the year"),
    feature("supplier_stock", "sd", 8, "the direct suppliers' stock; full range where the outside world supplies"),
    feature("supplier_backlog", "sd", 16, "the direct suppliers' backlog"),
    feature("customers_on_order", "sd", 8, "what the direct customers have on order here and in transit from here"),
    feature("input_stock", "sd", 16, "received and waiting for production"),
    feature("in_production", "sd", 8, "started and not yet stocked"),
    feature("capacity_pressure", "days", 16, "work waiting at this node / its capacity of a day"),
    feature("cover", "days", 2, "inventory level / forecast demand of a day of the protection interval"),
    feature("supplier_on_time", "share", 127, "share of its suppliers' receipts that were on time"),
    feature("supplier_accepted", "share", 127, "share of the units received that were good"),
    feature("negotiation_cost", "octaves", 8, "a step of effort / holding cost of one sd for a day, as a logarithm"),
    feature("storage_pressure", "ratio", 64, "volume on hand and in the yard / what the storage holds"),
    feature("due_in_2", "sd", 16, "arrives or is finished in two days"),
    feature("due_in_3", "sd", 16, "arrives or is finished in three days"),
    feature("due_in_4", "sd", 16, "arrives or is finished in four days"),
    feature(
        "expedited_gap",
        "sd",
        16,
        "expedited position less the forecast until an order over the fast route arrives",
    ),
];

/// Hash of the schema: names, units, steps, in order.
#[must_use]
pub fn schema_hash() -> u64 {
    let mut digest = crate::digest::Digest::new();
    for f in SCHEMA {
        digest.bytes(f.name.as_bytes());
        digest.bytes(f.unit.as_bytes());
        digest.words(&[f.steps_per_unit]);
    }
    digest.value()
}

/// Sine and cosine of the seven weekdays, times 127, rounded.
const WEEK: [(i8, i8); 7] = [(0, 127), (99, 79), (124, -28), (55, -114), (-55, -114), (-124, -28), (-99, 79)];

/// `127 * sin(2 pi x / 365)` by Bhaskara's rational approximation, error below 0.3.
fn sine_of_year(day: u32) -> i8 {
    let x = wide(crate::convert::from_bits(day % 365)) * 2;
    let (half, sign) = if x < 365 { (x, 1) } else { (x - 365, -1) };
    // sin(pi t) for t = half / 365: 16 t (1 - t) / (5 - 4 t (1 - t)).
    let product = half * (365 - half);
    saturate_i8(saturate(sign * (127 * 16 * product) / (5 * 365 * 365 - 4 * product)))
}

/// Season factor over the protection interval less 1, those of the two intervals after it less it, and
/// a zero that makes a word of them.
#[inline(always)]
fn season_steps(s: &Scenario<'_>, profile: usize, tomorrow: usize, protection: usize) -> [i8; 4] {
    // Mean season factors, Q12, of three intervals that follow each other.
    let mean = |from: usize, days: usize| {
        s.season_sum(profile, tomorrow + from, tomorrow + from + days)
            .checked_div(crate::convert::word(days))
            .unwrap_or(0)
    };
    let now = mean(0, protection);
    let next = mean(protection, 14);
    let later = mean(protection + 14, 28);
    [saturate_i8((now - 4096) >> 6), saturate_i8((next - now) >> 6), saturate_i8((later - now) >> 6), 0]
}

/// Writes one node's features into `out`, of shape `[feature][product]`.
///
/// Feature by feature over blocks of products, so that the vector unit does most of it.
#[inline(always)]
pub fn write(view: &NodeView<'_>, out: &mut [i8]) {
    let s = view.scenario();
    let n = view.node();
    let p = view.products();
    let Some(node) = s.nodes().get(n) else { return };
    let column = |column: Column| s.column(column, n);
    let mut rows = out.chunks_exact_mut(p.max(1));
    // In the order of `SCHEMA`.
    let [
        position_gap,
        inventory_level,
        in_transit,
        waiting_upstream,
        due_tomorrow,
        backlog,
        surprise,
        season_now,
        season_next,
        season_later,
        trend,
        spread,
        safety_factor,
        order_cost,
        shortage_cost,
        protection,
        review,
        weekday_sine,
        weekday_cosine,
        year_sine,
        year_cosine,
        supplier_stock,
        supplier_backlog,
        customers_on_order,
        input_stock,
        in_production,
        capacity_pressure,
        cover,
        supplier_on_time,
        supplier_accepted,
        negotiation_cost,
        storage_pressure,
        due_in_2,
        due_in_3,
        due_in_4,
        expedited_gap,
    ]: [&mut [i8]; FEATURES] = core::array::from_fn(|_| rows.next().unwrap_or_default());

    // What is the same for all products.
    let (sine, cosine) = WEEK[wide_index(s.weekday(view.day())) % 7];
    let yearday = s.yearday(view.day());
    review.fill(saturate_i8(from_bits(node.review_days * 4)));
    weekday_sine.fill(sine);
    weekday_cosine.fill(cosine);
    year_sine.fill(sine_of_year(yearday));
    year_cosine.fill(sine_of_year((yearday + 91) % 365));
    capacity_pressure.fill(saturate_i8(saturate((view.capacity_pressure_q8() * 16) >> 8)));

    storage_pressure.fill(saturate_i8(saturate((view.storage_pressure_q8() * 64) >> 8)));
    if !node.negotiates {
        // Where nobody has grades all is on time and good, and effort is of no use.
        supplier_on_time.fill(127);
        supplier_accepted.fill(127);
        negotiation_cost.fill(127);
    }

    // What follows the season: by profile, as long as products have the usual protection interval.
    let tomorrow = wide_index(view.day()) + 1;
    let protection_days = column(Column::ProtectionDays);
    let usual_days = at(protection_days, 0);
    let outlooks = view.outlooks();
    let season_soon = outlooks.express_sums();
    let mut usual_seasons = [[0; 4]; PROFILES_MAX];
    let mut season_today = [0; PROFILES_MAX];
    for (profile, (seasons, today)) in usual_seasons.iter_mut().zip(&mut season_today).enumerate().take(s.profiles()) {
        *seasons = season_steps(s, profile, tomorrow, index(usual_days));
        *today = s.season(profile, view.day());
    }
    let profiles = column(Column::ForecastProfile);
    let rows = season_now.iter_mut().zip(season_next.iter_mut()).zip(season_later.iter_mut());
    for (((now, next), later), (&profile, &days)) in rows.zip(profiles.iter().zip(protection_days)) {
        let profile = wide_index(bits(profile)) % PROFILES_MAX;
        let usual = outlooks.uniform() || days == usual_days;
        let seasons = if usual { usual_seasons[profile] } else { season_steps(s, profile, tomorrow, index(days)) };
        [*now, *next, *later, _] = seasons;
    }

    let shortages = column(if node.lost_sales { Column::LostSaleCost } else { Column::BackorderCost });
    let outside = view.suppliers_level_rows().next().is_none();
    let (input, making) = view.in_works_rows();
    let (mut ahead, mut today, mut scales) = (Forecast::EMPTY, Forecast::EMPTY, Scales::EMPTY);
    let mut soon = Forecast::EMPTY;
    let (spare, spare_too) = (&mut [0; BLOCK], &mut [0; BLOCK]);
    for block in 0..p.div_ceil(BLOCK) {
        // The last block goes over some products again where they do not fill it.
        let first = (block * BLOCK).min(p.saturating_sub(BLOCK));

        // The forecast over the protection interval, and of today.
        let (mut sums_ahead, mut sums_today, mut sums_soon) = ([0; BLOCK], [0; BLOCK], [0; BLOCK]);
        outlooks.protection_sums(first, &mut sums_ahead);
        let own = part(profiles, first, spare).iter().map(|&profile| wide_index(bits(profile)) % PROFILES_MAX);
        for ((today, soon), profile) in sums_today.iter_mut().zip(&mut sums_soon).zip(own) {
            *today = season_today[profile];
            *soon = season_soon[profile];
        }
        let level = part(outlooks.level_q12(), first, spare);
        ahead.set(level, &sums_ahead);
        today.set(level, &sums_today);
        soon.set(level, &sums_soon);
        scales.set(&outlooks, first, &ahead);
        store(trend, first, trend_steps(level, part(column(Column::DemandMean), first, spare_too)));

        // What the planner says.
        let row = part(outlooks.spread(), first, spare);
        store(spread, first, |i| row[i] >> 10);
        let row = part(column(Column::SafetyFactor), first, spare);
        store(safety_factor, first, |i| row[i] >> 3);
        let row = part(protection_days, first, spare);
        store(protection, first, |i| row[i] * 2);
        let holding = octaves(part(column(Column::HoldingCost), first, spare));
        let ordering = octaves(part(column(Column::OrderCost), first, spare));
        let shortage = octaves(part(shortages, first, spare));
        if node.negotiates {
            let step = octaves(part(column(Column::NegotiationCost), first, spare));
            store(negotiation_cost, first, |i| (step[i] - (holding[i] + scales.octaves[i] - 12 * 16)) >> 1);
            let mut lanes = 0;
            let (mut on_time, mut accepted) = ([0; BLOCK], [0; BLOCK]);
            for row in view.supplier_score_rows() {
                let score = part(row, first, spare);
                for ((on_time, accepted), &score) in on_time.iter_mut().zip(&mut accepted).zip(score) {
                    let (this_on_time, this_accepted) = quality::shares(score);
                    *on_time += this_on_time;
                    *accepted += this_accepted;
                }
                lanes += 1;
            }
            // 127 / 2^15 a lane, Q32: a multiplication instead of a division.
            let scale = (127i64 << 17).checked_div(lanes).unwrap_or(0);
            store(supplier_on_time, first, |i| low((wide(on_time[i]) * scale) >> 32));
            store(supplier_accepted, first, |i| low((wide(accepted[i]) * scale) >> 32));
        }
        store(order_cost, first, |i| (ordering[i] - (holding[i] + scales.octaves[i] - 12 * 16)) >> 1);
        store(shortage_cost, first, |i| (shortage[i] - holding[i]) >> 1);

        // What this node has and faces.
        let stock = part(view.inventory_level(), first, spare);
        store(inventory_level, first, scales.steps(stock, 3));
        store(cover, first, scales.cover_steps(stock));
        store(backlog, first, scales.steps(&positive(stock, -1), 4));
        let row = part(view.position(), first, spare);
        store(position_gap, first, scales.steps_from(row, &ahead, 4));
        let row = part(view.demand_today(), first, spare);
        store(surprise, first, scales.steps_from(row, &today, 5));
        if node.produces {
            store(input_stock, first, scales.steps(part(input, first, spare), 4));
            store(in_production, first, scales.steps(part(making, first, spare), 3));
        } else {
            store(input_stock, first, |_| 0);
            store(in_production, first, |_| 0);
        }

        // What is on its way here and from here, and what the direct suppliers have.
        store(in_transit, first, scales.steps(&total(view.in_transit_rows(), first), 3));
        store(waiting_upstream, first, scales.steps(&total(view.waiting_upstream_rows(), first), 4));
        let due = [&mut *due_tomorrow, &mut *due_in_2, &mut *due_in_3, &mut *due_in_4];
        for (row, later) in due.into_iter().zip(1..) {
            store(row, first, scales.steps(&total(view.due_rows(later), first), 4));
        }
        if let Some(rows) = view.expedited_position_rows() {
            let position = total(rows, first);
            store(expedited_gap, first, scales.steps_from(&position, &soon, 4));
        } else {
            store(expedited_gap, first, |_| 0);
        }
        store(customers_on_order, first, scales.steps(&total(view.customers_on_order_rows(), first), 3));
        if outside {
            store(supplier_stock, first, |_| 127);
            store(supplier_backlog, first, |_| 0);
        } else {
            let (mut stock, mut backlog) = ([0; BLOCK], [0; BLOCK]);
            for row in view.suppliers_level_rows() {
                let level = part(row, first, spare);
                stock = saturating_total(&stock, &positive(level, 1));
                backlog = saturating_total(&backlog, &positive(level, -1));
            }
            store(supplier_stock, first, scales.steps(&stock, 3));
            store(supplier_backlog, first, scales.steps(&backlog, 4));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_turns_smoothly() {
        for day in 0..365u32 {
            let exact = 127.0 * libm::sin(f64::from(day) * core::f64::consts::TAU / 365.0);
            assert!((f64::from(sine_of_year(day)) - exact).abs() < 1.5, "day {day}");
        }
    }
}
