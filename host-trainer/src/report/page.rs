//! The page: sections in their order, with their style, their data and the one script.

use super::html::{escape, script_json, section, word};
use super::replay::{Replay, base64};
use super::{Report, map, sections};
use crate::failure::Failure;
use ed25519_compact::sha512;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Anchors of the sections, as the page lists them at its top.
const CONTENTS: [(&str, &str); 11] = [
    ("replay", "Replay"),
    ("comparison", "Comparison"),
    ("stock", "Stock"),
    ("recovery", "Recovery"),
    ("score", "HyperScore"),
    ("bullwhip", "Bullwhip"),
    ("products", "Worst products"),
    ("learning", "Learning"),
    ("quality", "Data"),
    ("manifest", "Manifest"),
    ("top", "Top"),
];

/// The whole page.
///
/// # Errors
/// Never in practice: all of it is numbers and text.
pub(super) fn page(report: &Report, replay: &Replay) -> Result<String, Failure> {
    let data = serde_json::to_string(report).map_err(|e| Failure::failed(e.to_string()))?;
    let links: String = CONTENTS.iter().map(|(id, name)| format!("<a href=\"#{id}\">{name}</a>")).collect();
    let body: String = [
        replay_section(report, replay),
        sections::comparison(report),
        sections::stock(report, &replay.dates),
        sections::recovery(report),
        sections::score(report, &replay.dates),
        sections::bullwhip(report),
        sections::products(report),
        sections::learning(report),
        sections::data_quality(report),
        sections::manifest(report),
    ]
    .concat();
    // Nothing may be fetched, nothing may be sent, and no other script may run, whatever a name in the data says.
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha512-{}'; base-uri 'none'; form-action 'none'",
        base64(&sha512::Hash::hash(SCRIPT))
    );
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>Restock report: {title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body id=\"top\">\n\
         <header><p class=\"brand\">Restock report</p><h1>{title}</h1><p class=\"lead\">{headline}</p>{tiles}</header>\n\
         <nav aria-label=\"Sections\">{links}</nav>\n<main>\n{body}</main>\n\
         <script type=\"application/json\" id=\"report-data\">{data}</script>\n\
         <script type=\"text/plain\" id=\"replay-data\">{packed}</script>\n\
         <script>{SCRIPT}</script>\n</body>\n</html>\n",
        title = escape(&report.title),
        headline = sections::headline(report),
        tiles = tiles(report),
        data = script_json(&data),
        packed = replay.packed()?,
    ))
}

/// The figures that everybody asks for.
fn tiles(report: &Report) -> String {
    let own = &report.summary;
    let nodes = report.chain.nodes.len();
    let figures = [
        ("total cost of a path", super::chart::money(own.total_cost), report.currency.clone()),
        ("delivery rate", format!("{:.1}", 100.0 * own.delivery_rate), "%".to_owned()),
        ("inventory turnover", format!("{:.2}", own.inventory_turnover), "a year".to_owned()),
        ("HyperScore", format!("{:.2}", own.hyperscore), format!("V {:.3}", own.v)),
        ("network", format!("{nodes} \u{d7} {}", report.chain.products), "nodes, products".to_owned()),
    ];
    let tile = |(name, value, unit): &(&str, String, String)| {
        format!("<li><span>{name}</span><strong>{value}</strong> <small>{}</small></li>", escape(unit))
    };
    format!("<ul class=\"tiles\">{}</ul>", figures.iter().map(tile).collect::<String>())
}

/// The map, and why a node ordered what it did: drawn for one day, which the script can turn.
fn replay_section(report: &Report, replay: &Replay) -> String {
    let last = replay.dates.len().saturating_sub(1);
    let day = (replay.warmup_days as usize).min(last);
    let why = replay.stockpoints.first().and_then(|nodes| nodes.first()).and_then(|sp| sp.why.get(day));
    let why: String = why.map_or("", String::as_str).lines().map(reason).collect();
    let options = |names: &mut dyn Iterator<Item = &String>| -> String {
        names.enumerate().map(|(i, name)| format!("<option value=\"{i}\">{}</option>", escape(name))).collect()
    };
    let body = format!(
        "<div class=\"controls\" id=\"controls\" hidden>\
         <label class=\"day\"><span>Day <output id=\"date\">{date}</output></span>\
         <span class=\"slide\"><button type=\"button\" id=\"before\" aria-label=\"one day back\">\u{25c0}</button>\
         <input type=\"range\" id=\"day\" min=\"0\" max=\"{last}\" value=\"{day}\" step=\"1\">\
         <button type=\"button\" id=\"after\" aria-label=\"one day on\">\u{25b6}</button></span></label>\
         <label>Node <select id=\"node\">{nodes}</select></label>\
         <label>Product <select id=\"product\">{products}</select></label></div>\
         <noscript><p class=\"missing\">This program runs no scripts: one day is shown. In a browser the slider turns days.</p></noscript>\
         <p class=\"missing\" id=\"trouble\" hidden></p>\
         <div class=\"replay\"><figure><figcaption><h3>Network</h3><p>Value on hand and coming [{currency}], units owed. \
         Choose a node.</p></figcaption>{map}</figure>\
         <figure><figcaption><h3 id=\"whose\">{whose}</h3></figcaption>\
         <div id=\"course\"></div><dl id=\"why\" aria-live=\"polite\">{why}</dl>\
         <p class=\"repeat\">The same words: <code id=\"command\">{command}</code></p></figure></div>",
        date = escape(replay.dates.get(day).map_or("", String::as_str)),
        nodes = options(&mut report.chain.nodes.iter().map(|node| &node.name)),
        products = options(&mut replay.products.iter()),
        currency = escape(&report.currency),
        map = map::draw(&report.chain, replay, day, &report.currency),
        whose = escape(&whose(report, replay, day)),
        command = escape(&explain(report, replay, day)),
    );
    let lead = format!(
        "Test path {}, day by day. Turn the day, choose a node on the map and one of {} products (those that cost most and \
         those that most is sold of), and read why it ordered what it did.",
        replay.replica,
        replay.products.len()
    );
    section("replay", "Replay", &lead, &body)
}

/// `shop, mug, 2024-01-01 (day 56)`.
fn whose(report: &Report, replay: &Replay, day: usize) -> String {
    let node = report.chain.nodes.first().map_or("", |node| node.name.as_str());
    let product = replay.products.first().map_or("", String::as_str);
    format!("{node}, {product}, {} (day {day})", replay.dates.get(day).map_or("", String::as_str))
}

fn explain(report: &Report, replay: &Replay, day: usize) -> String {
    let node = report.chain.nodes.first().map_or("", |node| node.name.as_str());
    let product = replay.products.first().map_or("", String::as_str);
    let [run, node, product] = [&report.origin.run, node, product].map(word);
    format!("restock explain --run {run} --node {node} --product {product} --day {day}")
}

/// One line of a reason: what it is about, in the first fourteen columns, and what is said.
fn reason(line: &str) -> String {
    let (about, said) = match line.char_indices().nth(14) {
        Some((at, _)) => line.split_at(at),
        None => (line, ""),
    };
    format!("<dt>{}</dt><dd>{}</dd>", escape(about.trim()), escape(said.trim()))
}
