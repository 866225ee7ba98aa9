//! A policy on the command line: `base-stock:S=12`, `reorder-point:s=6,S=40`, `echelon-base-stock:shop.S=7,depot.S=12`.
//!
//! Parameters are named, in the user's units. `S=12` holds at every node and for every product; `shop.S=12` at one node,
//! `shop/mug.S=12` at one stockpoint, and the more special one wins. Every stockpoint needs each of its rule's parameters.

use crate::evaluate::Contender;
use crate::failure::Failure;
use crate::problem::Names;
use restock_core::Scenario;

/// A rule's name, its parameters of a stockpoint, and its parameters as a whole with their defaults.
type Rule = (&'static str, &'static [&'static str], &'static [(&'static str, f64)]);

/// The rules that take parameters.
const RULES: [Rule; 6] = [
    ("base-stock", &["S"], &[]),
    ("capped-base-stock", &["S", "cap"], &[]),
    ("echelon-base-stock", &["S"], &[]),
    ("reorder-point", &["s", "S"], &[]),
    ("dual-index", &["Se", "Sr", "cap"], &[]),
    ("anchor-adjust", &["expected", "S"], &[("alpha", 1.0), ("beta", 1.0), ("from", 0.0)]),
];

/// One `node/product.name=value`.
struct Given<'t> {
    text: &'t str,
    node: Option<usize>,
    product: Option<usize>,
    name: &'t str,
    value: f64,
}

/// What a rule was given, stockpoint by stockpoint.
struct Parameters<'a, 't> {
    rule: &'a str,
    given: Vec<Given<'t>>,
    scenario: &'a Scenario<'a>,
    names: &'a Names,
}

/// The rule that `text` names with parameters; none if it is no such rule.
///
/// # Errors
/// If a parameter is unknown, missing, given twice, or no whole number of internal units.
pub fn parse(text: &str, scenario: &Scenario<'_>, names: &Names) -> Result<Option<Contender<'static>>, Failure> {
    let (rule, list) = text.split_once(':').unwrap_or((text, ""));
    let Some((rule, own, whole)) = RULES.into_iter().find(|(name, ..)| *name == rule) else { return Ok(None) };
    // Without parameters these two are the textbook's.
    if !text.contains(':') && ["base-stock", "reorder-point"].contains(&rule) {
        return Ok(None);
    }
    let known: Vec<&str> = own.iter().copied().chain(whole.iter().map(|(name, _)| *name)).collect();
    let mut given: Vec<Given<'_>> = Vec::new();
    for item in list.split(',').filter(|item| !item.trim().is_empty()) {
        let item = item.trim();
        let next = one(item, names)
            .and_then(|it| if known.contains(&it.name) { Ok(it) } else { Err(String::new()) })
            .map_err(|why| usage(text, &format!("{item:?}{why}"), &example(rule, &known)))?;
        let same = |it: &Given<'_>| (it.node, it.product, it.name) == (next.node, next.product, next.name);
        if given.iter().any(same) {
            return Err(usage(text, &format!("{item:?} is there twice"), "there once"));
        }
        if whole.iter().any(|(name, _)| *name == next.name) && next.node.is_some() {
            return Err(usage(text, &format!("{item:?} names a node"), &format!("{}=...", next.name)));
        }
        given.push(next);
    }
    let parameters = Parameters { rule: text, given, scenario, names };
    let row = |name: &str| parameters.row(name, &known, rule);
    Ok(Some(match rule {
        "base-stock" => Contender::BaseStock(row("S")?),
        "capped-base-stock" => Contender::CappedBaseStock(row("S")?, row("cap")?),
        "echelon-base-stock" => Contender::BaseStock(parameters.local(&row("S")?)?),
        "reorder-point" => Contender::ReorderPoint(row("s")?, row("S")?),
        "dual-index" => Contender::DualIndex(row("Se")?, row("Sr")?, row("cap")?),
        _ => {
            let [alpha, beta, from] = [0, 1, 2].map(|i| parameters.whole(whole[i].0, whole[i].1));
            let share = |name: &str, value: f64| -> Result<i32, Failure> {
                let fine = (0.0..=1.0).contains(&value);
                if fine { Ok((value * 65_536.0).round() as i32) } else { Err(usage(text, name, "from 0 to 1")) }
            };
            if !(0.0..=4096.0).contains(&from) || from.fract() != 0.0 {
                return Err(usage(text, "from", "a whole number of days"));
            }
            let (alpha, beta) = (share("alpha", alpha)?, share("beta", beta)?);
            Contender::AnchorAdjust(row("expected")?, row("S")?, alpha, beta, from as u32)
        }
    }))
}

/// Names of all rules that take parameters.
#[must_use]
pub fn names() -> String {
    RULES.map(|(name, ..)| name).join(", ")
}

fn usage(text: &str, found: &str, right: &str) -> Failure {
    Failure::usage(format!("--policy {text}: {found}, should be {right}"))
}

fn example(rule: &str, known: &[&str]) -> String {
    let list: Vec<String> = known.iter().map(|name| format!("{name}=12")).collect();
    format!("as in {rule}:{} (NODE.{} for one node)", list.join(","), known[0])
}

fn one<'t>(item: &'t str, names: &Names) -> Result<Given<'t>, String> {
    let Some((key, value)) = item.split_once('=') else { return Err(String::new()) };
    let plain = value.trim().parse::<f64>().ok().filter(|value| value.is_finite());
    let Some(value) = plain else { return Err(": not a number".to_owned()) };
    // Names may hold points: the parameter's name, which never does, stands last.
    let Some((place, name)) = key.trim().rsplit_once('.') else {
        return Ok(Given { text: item, node: None, product: None, name: key.trim(), value });
    };
    let at = |list: &[String], name: &str| list.iter().position(|other| other == name);
    let (node, product) = match at(&names.nodes, place) {
        Some(node) => (Some(node), None),
        None => {
            let split = place.split_once('/').and_then(|(n, p)| Some((at(&names.nodes, n)?, at(&names.products, p)?)));
            let Some((node, product)) = split else {
                return Err(format!(": there is no {place:?}, nodes are {}", names.nodes.join(", ")));
            };
            (Some(node), Some(product))
        }
    };
    Ok(Given { text: item, node, product, name, value })
}

impl Parameters<'_, '_> {
    /// One parameter of every stockpoint [internal units]. Shape `[node][product]`.
    fn row(&self, name: &str, known: &[&str], rule: &str) -> Result<Vec<i32>, Failure> {
        let mut row = Vec::with_capacity(self.scenario.stockpoints());
        for node in 0..self.scenario.node_count() {
            for product in 0..self.scenario.products() {
                let fits = |it: &&Given<'_>| {
                    it.name == name && it.node.is_none_or(|n| n == node) && it.product.is_none_or(|p| p == product)
                };
                let special = |it: &&Given<'_>| (it.product.is_some(), it.node.is_some());
                let Some(it) = self.given.iter().filter(fits).max_by_key(special) else {
                    let place = self.names.nodes.get(node).map_or("", String::as_str);
                    let found = format!("no {name} for {place}");
                    return Err(usage(self.rule, &found, &example(rule, known)));
                };
                row.push(self.units(it)?);
            }
        }
        Ok(row)
    }

    /// Internal units, which must be whole and within what a scenario counts with.
    fn units(&self, it: &Given<'_>) -> Result<i32, Failure> {
        let (exact, scale) = (it.value * f64::from(self.scenario.unit_scale()), self.scenario.unit_scale());
        let whole = exact.round();
        if (exact - whole).abs() > 1e-6 * exact.abs().max(1.0) || whole.abs() > f64::from(1 << 28) {
            let found = format!("{:?} is {exact} internal units", it.text);
            return Err(usage(self.rule, &found, &format!("whole at unit_scale = {scale} and at most 2^28")));
        }
        Ok(whole as i32)
    }

    /// A parameter of the rule as a whole.
    fn whole(&self, name: &str, default: f64) -> f64 {
        self.given.iter().find(|it| it.name == name).map_or(default, |it| it.value)
    }

    /// Echelon base-stock levels as local ones, each node seeing its own stock only: in a chain of nodes in a row the
    /// same orders (Axsäter and Rosling 1993), once a level is no higher than any upstream.
    fn local(&self, echelon: &[i32]) -> Result<Vec<i32>, Failure> {
        let row = self.scenario.nodes().iter().enumerate().all(|(n, node)| {
            let next = node.outbound.first().and_then(|&b| self.scenario.lanes().get(usize::from(b)));
            node.inbound.len() == 1
                && if n == 0 {
                    next.is_none()
                } else {
                    node.outbound.len() == 1 && next.is_some_and(|l| l.customer == n - 1)
                }
        });
        if !row {
            return Err(usage(self.rule, "this network", "nodes in a row: each with one supplier and one customer"));
        }
        let products = self.scenario.products();
        let mut levels = echelon.to_vec();
        for at in (0..levels.len().saturating_sub(products)).rev() {
            levels[at] = levels[at].min(levels[at + products]);
        }
        Ok((0..levels.len())
            .map(|at| if at < products { levels[at] } else { levels[at] - levels[at - products] })
            .collect())
    }
}
