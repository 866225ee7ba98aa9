//! What a policy sees: one home for every feature, its unit, its range and its int8 scaling.
//!
//! Features are `i8`, shape `[feature][product]`: the network that decides on a device and the one
//! that learns on the host read the same bytes. Most are quantities in units of the standard
//! deviation of demand over the protection interval (*sd*), so that one network serves fast and slow
//! products alike. A feature saturates at the ends of its range.

use crate::convert::{from_i8, index, saturate, saturate_i8, wide, wide_index};
use crate::forecast;
use crate::layout::Column;
use crate::policy::NodeView;

/// Number of features.
pub const FEATURES: usize = 28;

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
    feature("trend", "ratio", 64, "smoothed demand level / long-run mean, less 1"),
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

/// Smallest standard deviation that quantities are measured in, Q12 [units]: a quarter of a unit,
/// so that a closed day or a dead product does not blow noise up.
const DEVIATION_FLOOR_Q12: i64 = 1024;

/// `floor(16 * log2(a / b))` to a sixteenth of an octave by leading zeros and a linear mantissa.
fn octaves_q4(a: i64, b: i64) -> i32 {
    let log = |x: i64| -> i32 {
        let x = x.max(1);
        let exponent = 63 - crate::convert::from_bits(x.leading_zeros());
        let mantissa = if exponent >= 4 { (x >> (exponent - 4)) & 15 } else { (x << (4 - exponent)) & 15 };
        exponent * 16 + saturate(mantissa)
    };
    log(a) - log(b)
}

/// `127 * sin(2 pi x / 365)` by Bhaskara's rational approximation, error below 0.3.
fn year_sine(day: u32) -> i8 {
    let x = wide(crate::convert::from_bits(day % 365)) * 2;
    let (half, sign) = if x < 365 { (x, 1) } else { (x - 365, -1) };
    // sin(pi t) for t = half / 365: 16 t (1 - t) / (5 - 4 t (1 - t)).
    let product = half * (365 - half);
    saturate_i8(saturate(sign * (127 * 16 * product) / (5 * 365 * 365 - 4 * product)))
}

/// Writes one node's features into `out`, of shape `[feature][product]`.
pub fn write(view: &NodeView<'_>, out: &mut [i8]) {
    let s = view.scenario();
    let n = view.node();
    let p = view.products();
    let day = view.day();
    let node = &s.nodes()[n];
    let review = wide_index(node.review_days);
    let tomorrow = wide_index(day) + 1;
    let (week_sine, week_cosine) = WEEK[wide_index(s.weekday(day)) % 7];
    let yearday = s.yearday(day);
    let year = (year_sine(yearday), year_sine((yearday + 91) % 365));
    let pressure = saturate_i8(saturate((view.capacity_pressure_q8() * 16) >> 8));
    let means = s.column(Column::DemandMean, n);
    let profiles = s.column(Column::ForecastProfile, n);
    let protections = s.column(Column::ProtectionDays, n);
    let spreads = s.column(Column::ProtectionSpread, n);
    let safety = s.column(Column::SafetyFactor, n);
    let holding = s.column(Column::HoldingCost, n);
    let ordering = s.column(Column::OrderCost, n);
    let backorder = s.column(Column::BackorderCost, n);
    let lost = s.column(Column::LostSaleCost, n);
    for i in 0..p {
        let level_q12 = view.state.forecast_level[n * p + i];
        let outlook = forecast::outlook(s, n, i, day, level_q12);
        let deviation = if outlook.protection_deviation > DEVIATION_FLOOR_Q12 { outlook.protection_deviation } else { DEVIATION_FLOOR_Q12 };
        // One division a product: 2^44 / deviation; then `units << 12` times it is Q44 in sd.
        let reciprocal = (1i64 << 44) / deviation;
        let in_sd = |units_q12: i64, steps: i64| -> i8 {
            let bounded = units_q12.clamp(-(deviation << 8), deviation << 8);
            saturate_i8(crate::convert::low((wide_product(bounded, reciprocal) * steps) >> 16))
        };
        let units = |u: i32| wide(u) << 12;
        let protection = index(protections[i]);
        let profile = index(profiles[i]);
        // Mean season factors, Q12, of three intervals that follow each other.
        let mean_season = |from: usize, days: usize| wide(s.season_sum(profile, tomorrow + from, tomorrow + from + days)) / wide(crate::convert::word(days.max(1)));
        let now = mean_season(0, protection);
        let next = mean_season(protection, 14);
        let later = mean_season(protection + 14, 28);
        let level = view.inventory_level()[i];
        let (input, making) = view.in_works(i);
        let (supplier_stock, supplier_backlog) = match view.suppliers_stock_and_backlog(i) {
            Some((stock, backlog)) => (in_sd(units(stock), 8), in_sd(units(backlog), 16)),
            None => (127, 0),
        };
        let shortage = if node.lost_sales { lost[i] } else { backorder[i] };
        let sd_holding = (wide(holding[i]) * (deviation >> 6)) >> 6;
        let daily = (outlook.protection_mean / wide(protections[i])).max(1);
        let cover = (units(level).clamp(-(daily << 7), daily << 7) * 2) / daily;
        let mean = wide(means[i]).max(1);
        let ratio_q6 = |q12: i64| saturate_i8(saturate(q12 >> 6));
        let row = [
            in_sd(units(view.position()[i]) - outlook.protection_mean, 16),
            in_sd(units(level), 8),
            in_sd(units(view.in_transit(i)), 8),
            in_sd(units(view.waiting_upstream(i)), 16),
            in_sd(units(view.due_tomorrow(i)), 16),
            in_sd(units(view.backlog(i)), 16),
            in_sd(units(view.demand_today()[i]) - forecast::day_mean(s, n, i, day, level_q12), 32),
            ratio_q6(now - 4096),
            ratio_q6(next - now),
            ratio_q6(later - now),
            saturate_i8(saturate((wide(level_q12) - mean).clamp(-(mean << 4), mean << 4) * 64 / mean)),
            saturate_i8(spreads[i] >> 10),
            saturate_i8(safety[i] >> 3),
            saturate_i8(octaves_q4(wide(ordering[i]), sd_holding.max(1)) >> 1),
            saturate_i8(octaves_q4(wide(shortage), wide(holding[i]).max(1)) >> 1),
            saturate_i8(protections[i] * 2),
            saturate_i8(crate::convert::word(review) * 4),
            week_sine,
            week_cosine,
            year.0,
            year.1,
            supplier_stock,
            supplier_backlog,
            in_sd(units(view.customers_on_order(i)), 8),
            in_sd(units(input), 16),
            in_sd(units(making), 8),
            pressure,
            saturate_i8(saturate(cover)),
        ];
        for (f, &value) in row.iter().enumerate() {
            out[f * p + i] = value;
        }
    }
}

/// `bounded * reciprocal >> 28`: a Q12 quantity bounded by 256 sd times 2^44 / sd, as Q16 in sd.
#[inline(always)]
fn wide_product(bounded: i64, reciprocal: i64) -> i64 {
    // |bounded| <= 2^8 sd and reciprocal <= 2^44 / sd, so the product stays below 2^52.
    ((bounded * reciprocal) >> 28).clamp(-(1 << 24), 1 << 24)
}

/// The value of one byte of a feature, in thousandths of its unit.
#[must_use]
pub fn value_milli(feature: usize, byte: i8) -> i32 {
    SCHEMA.get(feature).map_or(0, |f| from_i8(byte) * 1000 / f.steps_per_unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_turns_smoothly() {
        for day in 0..365u32 {
            let exact = 127.0 * libm::sin(f64::from(day) * core::f64::consts::TAU / 365.0);
            assert!((f64::from(year_sine(day)) - exact).abs() < 1.5, "day {day}");
        }
    }

    #[test]
    fn octaves_are_logarithms() {
        assert_eq!(octaves_q4(8, 1), 48);
        assert_eq!(octaves_q4(1, 8), -48);
        assert_eq!(octaves_q4(0, 0), 0);
        assert!((octaves_q4(1000, 10) - 106).abs() <= 2);
    }
}
