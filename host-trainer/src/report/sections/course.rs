//! What the policy did on the test paths: stock, score, products.

use super::percent;
use crate::report::Report;
use crate::report::band::Band;
use crate::report::chart::{Axis, Curves, Line, legend, money, short};
use crate::report::html::{escape, figure, grid, numbers, section, table};
use crate::report::paths::SCORE_DAYS;

/// Days between two rows of a table of days [days].
const ROW_DAYS: usize = 28;

fn paths(report: &Report) -> String {
    let n = report.protocol.replicas;
    if n == 1 {
        "on test path 0".to_owned()
    } else {
        format!("median of {n} test paths, with the band of their quartiles")
    }
}

/// Rows of a table of days: the date and some figures.
fn rows(dates: &[String], bands: &[&Band], show: fn(f64) -> String) -> Vec<Vec<String>> {
    let row = |day: usize| {
        let cells = bands.iter().map(|band| match (band.middle.get(day), band.low.get(day), band.high.get(day)) {
            (Some(middle), Some(low), Some(high)) if low < high => {
                format!("{} ({} to {})", show(*middle), show(*low), show(*high))
            }
            (Some(middle), ..) => show(*middle),
            _ => String::new(),
        });
        [dates[day].clone()].into_iter().chain(cells).collect()
    };
    (0..dates.len()).step_by(ROW_DAYS).map(row).collect()
}

/// Stock and in-transit curves.
pub(in crate::report) fn stock(report: &Report, dates: &[String]) -> String {
    let mut figures = Vec::new();
    for (echelon, stock) in report.stock.iter().enumerate() {
        let title = match stock.nodes.as_slice() {
            [one] => one.clone(),
            many => format!("Echelon {echelon}: {} nodes", many.len()),
        };
        let mean = |band: &Band| {
            let counted = band.middle.get(report.protocol.warmup_days as usize..).unwrap_or(&[]);
            counted.iter().sum::<f64>() / (counted.len() as f64).max(1.0)
        };
        let told = format!(
            "On hand {} {currency} on the mean of the days that count, in transit {} {currency}.",
            money(mean(&stock.on_hand)),
            money(mean(&stock.in_transit)),
            currency = report.currency
        );
        let drawing = Curves {
            title: &format!("Stock of {title}"),
            description: &told,
            unit: &format!("value [{}]", report.currency),
            axis: Axis::Dates(dates),
            zero: true,
            warmup: report.protocol.warmup_days as usize,
            lines: vec![
                Line { x: None, band: &stock.on_hand, colour: 0, dashed: false },
                Line { x: None, band: &stock.in_transit, colour: 1, dashed: true },
            ],
        }
        .draw();
        let header = ["date", "on hand", "in transit"].map(str::to_owned);
        let cells = rows(dates, &[&stock.on_hand, &stock.in_transit], money);
        let caption = format!("Stock of {title} [{}], every {ROW_DAYS} days", report.currency);
        figures.push(figure(&title, &escape(&told), &drawing, &numbers(&table(&caption, &header, &cells))));
    }
    // Upstream first, as on the map.
    figures.reverse();
    let lead = format!("Value on hand and in transit to each echelon, {}.", paths(report));
    let legend = legend(&[("on hand", 0, false), ("in transit", 1, true)]);
    section("stock", "Stock and in transit", &lead, &(legend + &grid(&figures)))
}

/// HyperScore with its parts over time.
pub(in crate::report) fn score(report: &Report, dates: &[String]) -> String {
    let counted = &dates[(report.protocol.warmup_days as usize).min(dates.len())..];
    let share = |value: f64| format!("{value:.3}");
    let points = |value: f64| format!("{value:.2}");
    let score = &report.score;
    type Shown<'a> = (&'a str, &'a str, &'a Band, fn(f64) -> String, usize);
    let shown: [Shown<'_>; 5] = [
        ("HyperScore", "100 to 200", &score.hyperscore, points, 0),
        ("V", "weighted sum of the parts", &score.v, share, 0),
        ("Delivery rate", "share of units served at once", &score.delivery_rate, share, 2),
        ("Inventory score", "1 \u{2212} holding / reference", &score.inventory_score, share, 4),
        ("Capacity utilization", "work used / capacity", &score.capacity_utilization, share, 3),
    ];
    let figures: Vec<String> = shown
        .into_iter()
        .map(|(name, unit, band, show, colour)| {
            let ends = band.middle.first().zip(band.middle.last());
            let told = ends.map_or_else(String::new, |(first, last)| {
                let (least, most) =
                    band.middle.iter().fold((*first, *first), |(l, m), value| (l.min(*value), m.max(*value)));
                format!("Between {} and {}, {} in the end.", show(least), show(most), show(*last))
            });
            let drawing = Curves {
                title: name,
                description: &told,
                unit,
                axis: Axis::Dates(counted),
                zero: false,
                warmup: 0,
                lines: vec![Line { x: None, band, colour, dashed: false }],
            }
            .draw();
            let caption = format!("{name} of {SCORE_DAYS} days, every {ROW_DAYS} days");
            let header = ["date", name].map(str::to_owned);
            figure(name, &escape(&told), &drawing, &numbers(&table(&caption, &header, &rows(counted, &[band], show))))
        })
        .collect();
    let lead = format!(
        "Each day's figure is of the {SCORE_DAYS} days up to it, {}. HyperScore is monotone in V, and V is the weighted sum \
         of the three parts; with the published parameters a V from 0 to 1 spans only 100 to 106.4.",
        paths(report)
    );
    section("score", "HyperScore and its parts", &lead, &grid(&figures))
}

/// The products that cost most.
pub(in crate::report) fn products(report: &Report) -> String {
    let header = [
        "product".to_owned(),
        format!("cost a path [{}]", report.currency),
        "share of cost".to_owned(),
        "demand a day [units]".to_owned(),
        "share of sales".to_owned(),
        "days out of stock".to_owned(),
    ];
    let rows: Vec<Vec<String>> = report
        .worst
        .iter()
        .map(|product| {
            vec![
                product.name.clone(),
                money(product.cost),
                percent(product.cost_share),
                short(product.demand_per_day),
                percent(product.demand_share),
                percent(product.short_share),
            ]
        })
        .collect();
    let together: f64 = report.worst.iter().map(|product| product.cost_share).sum();
    let lead = format!(
        "The {} of {} products that cost most, {} of all cost. A product whose share of cost is far above its share of \
         sales is where to look first. Out of stock: days that end with nothing on hand at a node that sells.",
        report.worst.len(),
        report.chain.products,
        percent(together)
    );
    let caption = format!("Dearest products, mean of {} test paths", report.protocol.replicas);
    section("products", "Worst products", &lead, &table(&caption, &header, &rows))
}
