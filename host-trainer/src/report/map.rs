//! The network map: the outside world on top, customers below, a box a node that tells of one day.
//!
//! Boxes are drawn for the first day that counts; the page's script puts other days into the elements that are
//! marked `data-what`.

use super::chain::Chain;
use super::chart::money;
use super::html::escape;
use super::replay::Replay;

const WIDTH: f64 = 380.0;
const BOX: f64 = 76.0;
const GAP: f64 = 56.0;
/// Most boxes side by side.
const ABREAST: usize = 3;
/// Width of a letter, about.
const LETTER: f64 = 6.3;

/// Where a node's box is.
#[derive(Clone, Copy)]
struct Place {
    x: f64,
    y: f64,
    width: f64,
}

impl Place {
    fn middle(&self) -> f64 {
        self.x + self.width / 2.0
    }
}

/// The drawing, showing this day.
pub(super) fn draw(chain: &Chain, replay: &Replay, day: usize, currency: &str) -> String {
    let outside = chain.lanes.iter().any(|lane| lane.supplier.is_none());
    let top = if outside { 24.0 + GAP } else { 4.0 };
    let (places, bottom) = places(chain, top);
    let height = bottom + GAP * 0.6 + 18.0;
    let mut body = String::from(
        "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">\
         <path d=\"M0 0L8 4L0 8z\" class=\"arrow\"/></marker></defs>",
    );
    if outside {
        body += &world(WIDTH / 2.0, 2.0, "outside suppliers");
    }
    body += &world(WIDTH / 2.0, bottom + GAP * 0.6, "customers");
    let crowded = chain.lanes.len() > chain.nodes.len() + 2;
    for lane in &chain.lanes {
        let to = places[lane.customer];
        let (x, y) = lane.supplier.map_or((WIDTH / 2.0, 22.0), |n| (places[n].middle(), places[n].y + BOX));
        body += &arrow(x, y, to.middle(), to.y);
        if !crowded {
            let routes = lane.routes.iter().map(|route| format!("{} {:.1} d", route.name, route.days));
            let label = cut(&routes.collect::<Vec<_>>().join(" \u{b7} "), 44);
            body += &format!(
                "<text x=\"{:.1}\" y=\"{:.1}\" class=\"small halo\">{}</text>",
                (x + to.middle()) / 2.0 + 7.0,
                (y + to.y) / 2.0 + 3.0,
                escape(&label)
            );
        }
    }
    for (n, (node, place)) in chain.nodes.iter().zip(&places).enumerate() {
        if node.sells {
            body += &arrow(place.middle(), place.y + BOX, WIDTH / 2.0, bottom + GAP * 0.6);
        }
        body += &node_box(n, &node.name, *place, replay, day);
    }
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height:.0}\" class=\"map\" role=\"group\" aria-label=\"Network map: choose a node\">\
         <title>Network map</title><desc>Goods flow downwards; money in {}.</desc>{body}</svg>",
        escape(currency)
    )
}

/// Boxes of all nodes, and where the last row ends. The farthest echelon is on top; one that is wider than the page
/// takes several rows.
fn places(chain: &Chain, top: f64) -> (Vec<Place>, f64) {
    let mut places = vec![Place { x: 0.0, y: top, width: 0.0 }; chain.nodes.len()];
    let echelons = chain.nodes.iter().map(|node| node.echelon + 1).max().unwrap_or(0);
    let mut y = top;
    for echelon in (0..echelons).rev() {
        let members: Vec<usize> = (0..chain.nodes.len()).filter(|&n| chain.nodes[n].echelon == echelon).collect();
        for row in members.chunks(ABREAST) {
            let count = row.len() as f64;
            let width = ((WIDTH - 8.0) / count - 8.0).min(190.0);
            for (i, &n) in row.iter().enumerate() {
                let x = WIDTH * (i as f64 + 0.5) / count - width / 2.0;
                places[n] = Place { x, y, width };
            }
            y += BOX + GAP;
        }
    }
    (places, y - GAP)
}

fn world(x: f64, y: f64, name: &str) -> String {
    format!(
        "<rect x=\"{:.1}\" y=\"{y:.1}\" width=\"130\" height=\"20\" rx=\"10\" class=\"world\"/>\
         <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" class=\"small\">{name}</text>",
        x - 65.0,
        y + 14.0
    )
}

fn arrow(x1: f64, y1: f64, x2: f64, y2: f64) -> String {
    let bend = (y2 - y1) / 2.0;
    format!(
        "<path d=\"M{x1:.1} {y1:.1}C{x1:.1} {:.1} {x2:.1} {:.1} {x2:.1} {:.1}\" class=\"lane\" marker-end=\"url(#arrow)\"/>",
        y1 + bend,
        y2 - bend,
        y2 - 2.0
    )
}

fn node_box(n: usize, name: &str, place: Place, replay: &Replay, day: usize) -> String {
    let days = &replay.nodes[n];
    let at = |series: &[f64]| series.get(day).copied().unwrap_or(0.0);
    let lines = [
        ("on_hand", "on hand", money(at(&days.on_hand))),
        ("in_transit", "coming", money(at(&days.in_transit))),
        ("owed", "owed units", at(&days.owed).to_string()),
    ];
    let letters = ((place.width - 16.0) / LETTER) as usize;
    let mut body = format!(
        "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{BOX}\" rx=\"8\" class=\"box\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\" class=\"strong\">{}</text>",
        place.x,
        place.y,
        place.width,
        place.x + 10.0,
        place.y + 17.0,
        escape(&cut(name, letters))
    );
    for (i, (what, label, value)) in lines.iter().enumerate() {
        let y = place.y + 35.0 + 15.0 * i as f64;
        body += &format!(
            "<text x=\"{:.1}\" y=\"{y:.1}\" class=\"small\">{label}</text>\
             <text x=\"{:.1}\" y=\"{y:.1}\" text-anchor=\"end\" class=\"small\" data-what=\"{what}\">{value}</text>",
            place.x + 10.0,
            place.x + place.width - 10.0
        );
    }
    format!(
        "<g class=\"node\" data-node=\"{n}\" role=\"button\" tabindex=\"0\" aria-pressed=\"{}\" aria-label=\"{}\">{body}</g>",
        n == 0,
        escape(name)
    )
}

/// At most so many letters.
fn cut(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters.max(2) {
        return text.to_owned();
    }
    text.chars().take(letters.max(2) - 1).chain(['\u{2026}']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::chain::{Lane, Node};

    #[test]
    fn boxes_of_a_wide_network_do_not_overlap_and_stay_on_the_page() {
        let node = |i: usize| Node {
            name: format!("node {i}"),
            echelon: usize::from(i >= 7),
            sells: i < 7,
            produces: false,
            review_days: 1,
        };
        let lanes = vec![Lane { supplier: None, customer: 8, routes: vec![] }];
        let chain = Chain { nodes: (0..9).map(node).collect(), lanes, products: 1 };
        let (places, bottom) = places(&chain, 80.0);
        for (i, a) in places.iter().enumerate() {
            assert!(a.x >= 0.0 && a.x + a.width <= WIDTH && a.y + BOX <= bottom, "node {i}");
            for b in &places[..i] {
                let apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + BOX <= b.y || b.y + BOX <= a.y;
                assert!(apart, "node {i} overlaps");
            }
        }
        assert_eq!((cut("warehouse", 5).as_str(), cut("shop", 5).as_str()), ("ware\u{2026}", "shop"));
    }
}
