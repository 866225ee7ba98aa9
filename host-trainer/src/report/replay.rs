//! A path day by day, with the reason of each order: what the page's slider shows.
//!
//! Reasons are those of `explain::story`, the words of `restock explain`. They are many and much alike, so they travel deflated
//! (RFC 1951) and in base64, and the browser inflates them: 9 MB of sentences take half a megabyte.

use super::band::rounded;
use crate::command::explain::story::{Listener, Story};
use crate::evaluate::Protocol;
use crate::failure::Failure;
use crate::problem::Names;
use restock_core::blob::PolicyBlob;
use restock_core::policy::QuantizedPolicy;
use restock_core::{Network, Scenario};
use serde::Serialize;

/// Most decisions that are told: about 3 MB of page.
pub const DECISIONS_MAX: usize = 24_000;

/// What was in a node's hands at the end of a day.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NodeDays {
    /// Value on hand [currency]. Shape `[day]`.
    pub on_hand: Vec<f64>,
    /// Value in transit to it [currency]. Shape `[day]`.
    pub in_transit: Vec<f64>,
    /// Owed to customers and lanes [units]. Shape `[day]`.
    pub owed: Vec<f64>,
    /// Of what was ordered of it that day, stock was there for this share [percent]. Shape `[day]`.
    pub served: Vec<f64>,
}

/// One product at one node.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Stockpoint {
    /// On hand minus backorder at the end of the day [units]. Shape `[day]`.
    pub inventory_level: Vec<f64>,
    /// Base-stock level that was aimed at [units]; none on days without a decision. Shape `[day]`.
    pub level: Vec<Option<f64>>,
    /// Ordered [units]. Shape `[day]`.
    pub order: Vec<f64>,
    /// Why: lines of `restock explain`; empty on days without a decision. Shape `[day]`.
    pub why: Vec<String>,
}

/// A path day by day.
#[derive(Clone, Debug, Serialize)]
pub struct Replay {
    /// Which path.
    pub replica: u32,
    /// Days of warm-up at its front [days].
    pub warmup_days: u32,
    /// Dates. Shape `[day]`.
    pub dates: Vec<String>,
    /// Whether an event or a disruption was in force. Shape `[day]`.
    pub disrupted: Vec<bool>,
    /// The nodes, customers first.
    pub nodes: Vec<NodeDays>,
    /// Names of the products that are told of.
    pub products: Vec<String>,
    /// Shape `[product][node]`.
    pub stockpoints: Vec<Vec<Stockpoint>>,
}

impl Replay {
    /// Path 0 of the protocol, with the reasons of these products' orders.
    ///
    /// # Errors
    /// If the policy does not fit the scenario.
    pub fn run(
        scenario: &Scenario<'_>,
        names: &Names,
        blob: PolicyBlob<'_>,
        protocol: &Protocol,
        products: &[usize],
        dates: Vec<String>,
    ) -> Result<Self, Failure> {
        let refused = |e: &dyn std::fmt::Display| Failure::data(e.to_string());
        let mut memory = vec![0; Network::words(scenario)];
        let mut network = Network::new(scenario, &mut memory).map_err(|e| refused(&e))?;
        let mut features = vec![0; QuantizedPolicy::bytes(scenario)];
        let policy = QuantizedPolicy::new(&blob, scenario, &mut features).map_err(|e| refused(&e))?;
        network.reset(protocol.seed, 0, protocol.first_day);
        let mut listener =
            Listener { policy, blob, node: None, products: products.to_vec(), from_day: 0, told: Vec::new() };
        let nodes = scenario.node_count();
        let mut replay = Self {
            replica: 0,
            warmup_days: protocol.warmup_days,
            dates,
            disrupted: Vec::new(),
            nodes: vec![NodeDays::default(); nodes],
            products: products.iter().filter_map(|&p| names.products.get(p).cloned()).collect(),
            stockpoints: vec![vec![Stockpoint::default(); nodes]; products.len()],
        };
        for _ in 0..protocol.warmup_days + protocol.days {
            listener.told.clear();
            network.advance(&mut listener);
            replay.day(&network, names, &listener);
        }
        Ok(replay)
    }

    /// Takes a day that has ended.
    fn day(&mut self, network: &Network<'_, '_>, names: &Names, listener: &Listener<'_>) {
        let (scenario, state) = (network.scenario(), network.state());
        let (money, unit) = (f64::from(scenario.money_scale()), f64::from(scenario.unit_scale()));
        let p = scenario.products();
        self.disrupted.push(network.disrupted());
        for ((days, tally), levels) in self.nodes.iter_mut().zip(network.today()).zip(state.inventory_level.chunks(p)) {
            let owed: i64 = levels.iter().map(|&level| i64::from(-level.min(0))).sum();
            days.on_hand.push(rounded(tally.stock_value as f64 / money));
            days.in_transit.push(rounded(tally.transit_value as f64 / money));
            days.owed.push(owed as f64 / unit);
            days.served.push((tally.node_fill_rate_ppm() as f64 / 1e3).round() / 10.0);
        }
        for (stockpoints, &product) in self.stockpoints.iter_mut().zip(&listener.products) {
            for (n, stockpoint) in stockpoints.iter_mut().enumerate() {
                stockpoint.inventory_level.push(f64::from(state.inventory_level[n * p + product]) / unit);
                let told = listener.told.iter().find(|told| told.node == n && told.product == product);
                let story = told.map(|told| Story::of(network, names, told));
                stockpoint.level.push(story.as_ref().map(Story::level));
                stockpoint.order.push(story.as_ref().map_or(0.0, Story::ordered));
                stockpoint.why.push(story.map_or_else(String::new, |story| story.lines().join("\n")));
            }
        }
    }

    /// Deflated JSON in base64.
    ///
    /// # Errors
    /// Never in practice: all of it is numbers and text.
    pub fn packed(&self) -> Result<String, Failure> {
        let json = serde_json::to_vec(self).map_err(|e| Failure::failed(e.to_string()))?;
        Ok(base64(&miniz_oxide::deflate::compress_to_vec(&json, 9)))
    }
}

/// Base64 with padding (RFC 4648, section 4).
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let word = three.iter().enumerate().fold(0u32, |word, (i, &byte)| word | u32::from(byte) << (16 - 8 * i));
        for digit in 0..4 {
            let at = (word >> (18 - 6 * digit)) & 63;
            text.push(if digit <= three.len() { char::from(DIGITS[at as usize]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_that_of_the_standard() {
        // RFC 4648, section 10.
        let vectors =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        for (bytes, text) in vectors {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[255, 254, 253, 0]), "//79AA==");
    }
}
