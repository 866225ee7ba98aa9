//! The golden table: scenes whose digests may not change without a reason, on any target.
//!
//! ```text
//! scenes() --> pack --> restock-golden, built for each target --> digests == tests/golden.toml
//! ```
//!
//! Renewed by a command that wants the reason: `cargo golden renew --reason "..." [SCENE ...]`, never by a test.

use crate::random_network::Plan;
use restock_core::scenario::{Allocation, EventKind, Stage};
use restock_core::{Network, Scenario};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

#[path = "../golden/src/scene.rs"]
pub mod scene;
pub mod targets;

use scene::Scene;

/// A scene and its name.
#[derive(Clone, Debug)]
pub struct Named {
    /// What the table calls it.
    pub name: &'static str,
    /// Days.
    pub days: u32,
    /// Seed.
    pub seed: u32,
    /// Whether decisions are wild.
    pub wild: bool,
    /// The scenario image.
    pub image: Vec<i32>,
}

/// What a scene gave, or should.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Digest of everything, 16 hexadecimal digits.
    pub digest: String,
    /// Days.
    pub days: u32,
    /// Four hexadecimal digits a day: which day is the first that differs.
    pub daily: String,
    /// Why it last changed.
    pub reason: String,
}

/// Entries by scene.
pub type Table = BTreeMap<String, Entry>;

/// What a random plan must have to be the scene of a name: each name gets the first such plan that is no other's.
type Wanted = (&'static str, fn(&Plan) -> bool);

const WANTED: [Wanted; 19] = [
    ("several-routes", |p| p.lanes.iter().any(|l| l.routes.len() == 3)),
    ("limited-routes", |p| p.lanes.iter().flat_map(|l| &l.routes).filter(|r| r.capacity.is_some()).count() > 2),
    ("uncertain-lead-times", |p| p.lanes.iter().flat_map(|l| &l.routes).any(|r| p.tables[r.lead_table].len() > 2)),
    ("first-come", |p| (0..p.nodes.len()).any(|n| allocates(p, n, Allocation::FirstCome))),
    ("priority", |p| (0..p.nodes.len()).any(|n| allocates(p, n, Allocation::Priority))),
    ("proportional", |p| (0..p.nodes.len()).any(|n| allocates(p, n, Allocation::Proportional))),
    ("mail", |p| p.lanes.iter().filter(|l| l.order_days > 2).count() > 1),
    ("limited-production", |p| {
        p.nodes.iter().filter(|n| n.production_days.is_some() && n.capacity.is_some()).count() > 1
    }),
    ("lost-sales-beside-lanes", |p| (0..p.nodes.len()).any(|n| p.nodes[n].lost_sales && !p.outbound(n).is_empty())),
    ("three-suppliers", |p| (0..p.nodes.len()).any(|n| p.inbound(n).len() == 3)),
    ("replayed-demand", |p| !p.replay.is_empty() && p.nodes.len() > 2),
    ("surges", |p| p.events.iter().filter(|e| e.kind == EventKind::Demand).count() > 1),
    ("closed-routes", |p| p.events.iter().any(|e| e.kind == EventKind::Route && e.value_q12 == 0)),
    ("open-orders", |p| {
        [Stage::InTransit, Stage::InMail, Stage::Waiting]
            .into_iter()
            .all(|s| p.open_orders.iter().any(|o| o.stage == s))
    }),
    ("grades", |p| p.lanes.iter().filter(|l| l.grades.is_some()).count() > 1),
    ("storage", |p| p.nodes.iter().filter(|n| n.storage.is_some()).count() > 1),
    ("bill-of-materials", |p| p.bom.len() > 2),
    ("disruptions", |p| p.disruptions.len() > 3),
    ("shocks", |p| p.groups > 1),
];

fn allocates(plan: &Plan, node: usize, rule: Allocation) -> bool {
    plan.nodes[node].allocation == rule && plan.outbound(node).len() > 1
}

/// All scenes, in the order in which they run.
///
/// # Panics
/// If no random plan has what a name wants, or the embedded network has no image.
#[must_use]
pub fn scenes() -> Vec<Named> {
    let default = restock_trainer::input::default_network().image().unwrap_or_else(|e| panic!("{e}"));
    let mut scenes = vec![Named { name: "embedded-default", days: 21, seed: 1, wild: false, image: default }];
    let mut taken = std::collections::BTreeSet::new();
    for (name, wanted) in WANTED {
        let mut free = (0..10_000).filter(|seed| !taken.contains(seed));
        let found = free.find_map(|seed| Some((seed, Some(Plan::random(seed)).filter(wanted)?)));
        let (seed, plan) = found.unwrap_or_else(|| panic!("no plan has {name}"));
        taken.insert(seed);
        scenes.push(Named { name, days: 60, seed: 7, wild: true, image: plan.image() });
    }
    let textbook = (0..).map(Plan::random).find(|p| p.nodes.len() == 6 && p.products.len() == 4);
    let image = textbook.map_or_else(Vec::new, |plan| plan.image());
    scenes.push(Named { name: "six-nodes-textbook", days: 60, seed: 11, wild: false, image });
    scenes
}

/// The scenes as `restock-golden` takes them in: how many, the greatest memory, then each with its preamble.
///
/// # Panics
/// If an image is refused.
#[must_use]
pub fn pack(scenes: &[Named]) -> Vec<u8> {
    let most = scenes.iter().map(memory_words).max().unwrap_or(0);
    let mut words = vec![scenes.len() as i32, most as i32];
    for named in scenes {
        words.extend([named.days as i32, named.seed as i32, i32::from(named.wild), named.image.len() as i32]);
        words.extend(&named.image);
    }
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn memory_words(named: &Named) -> usize {
    let scenario = Scenario::new(&named.image).unwrap_or_else(|e| panic!("{}: {e}", named.name));
    Network::words(&scenario)
}

/// What the scenes give in this process.
///
/// # Panics
/// If an image is refused.
#[must_use]
pub fn run_here(scenes: &[Named]) -> Table {
    let run = |named: &Named| {
        let scene = Scene { days: named.days, seed: u64::from(named.seed), wild: named.wild, image: &named.image };
        let (mut memory, mut daily) = (vec![0; memory_words(named)], String::new());
        let outcome = scene.run(&mut memory, |day| {
            let _ = write!(daily, "{day:04x}");
        });
        let outcome = outcome.unwrap_or_else(|| panic!("{}: its image is refused", named.name));
        let digest = format!("{:016x}", outcome.digest);
        (named.name.to_owned(), Entry { digest, days: outcome.days, daily, reason: String::new() })
    };
    scenes.iter().map(run).collect()
}

/// The committed table.
#[must_use]
pub fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden.toml")
}

/// Reads the table.
///
/// # Errors
/// What is wrong with it, with file and line.
pub fn read() -> Result<Table, String> {
    let text = std::fs::read_to_string(file()).map_err(|e| format!("{}: {e}", file().display()))?;
    parse(&text)
}

/// A table of its text.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str) -> Result<Table, String> {
    let document: toml::Table = text.parse().map_err(|e| format!("tests/golden.toml: {e}"))?;
    let mut table = Table::new();
    for (name, value) in document {
        let get = |key: &str| value.get(key).ok_or_else(|| format!("tests/golden.toml: {name} has no {key}"));
        let string = |key: &str| Ok::<_, String>(get(key)?.as_str().unwrap_or_default().to_owned());
        let days = get("days")?.as_integer().and_then(|days| u32::try_from(days).ok()).unwrap_or(0);
        let entry = Entry { digest: string("digest")?, days, daily: string("daily")?, reason: string("reason")? };
        if entry.reason.trim().is_empty() {
            return Err(format!("tests/golden.toml: {name} has no reason for its last change"));
        }
        table.insert(name, entry);
    }
    Ok(table)
}

/// The text of a table.
#[must_use]
pub fn text(table: &Table) -> String {
    let mut text = "# Golden digests: one a scene, the same on every target (tests/README.md). Not edited by hand:\n\
                    # cargo golden renew --reason \"why results change\" [SCENE ...]\n"
        .to_owned();
    for (name, entry) in table {
        let Entry { digest, days, daily, reason } = entry;
        let _ = write!(
            text,
            "\n[{name}]\ndigest = \"{digest}\"\ndays = {days}\nreason = {reason:?}\ndaily = \"{daily}\"\n"
        );
    }
    text
}

/// What differs between the table and what was found somewhere, scene by scene: which, from which day on, and what
/// to do. Nothing where all is the same.
#[must_use]
pub fn differences(golden: &Table, found: &Table, place: &str) -> Vec<String> {
    let mut all = Vec::new();
    for name in golden.keys().chain(found.keys().filter(|name| !golden.contains_key(*name))) {
        let told = match (golden.get(name), found.get(name)) {
            (Some(was), Some(is)) if (was.days, &was.digest) == (is.days, &is.digest) => continue,
            (Some(was), Some(is)) if was.days != is.days => {
                format!("ran {} days, the table says {}", is.days, was.days)
            }
            (Some(was), Some(is)) => {
                let day = was.daily.as_bytes().chunks(4).zip(is.daily.as_bytes().chunks(4)).position(|(a, b)| a != b);
                let day =
                    day.map_or("every day is the same, the KPIs are not".to_owned(), |d| format!("from day {d} on"));
                format!("digest was {}, is {} ({day}); it last changed for: {}", was.digest, is.digest, was.reason)
            }
            (Some(_), None) => "did not run".to_owned(),
            (None, _) => "is not in tests/golden.toml".to_owned(),
        };
        all.push(format!("{place}, scene {name}: {told}"));
    }
    if !all.is_empty() {
        all.push(
            "if results are meant to change: cargo golden renew --reason \"why\", and an entry under Determinism in \
             CHANGELOG.md"
                .to_owned(),
        );
    }
    all
}

/// The table with what is found now; a reason goes to what has changed, of the scenes named (of all, if none is).
/// Returns the names that changed.
pub fn renew(golden: &mut Table, found: &Table, names: &[String], reason: &str) -> Vec<String> {
    let wanted = |name: &String| names.is_empty() || names.contains(name);
    let mut changed: Vec<String> =
        golden.keys().filter(|name| wanted(name) && !found.contains_key(*name)).cloned().collect();
    golden.retain(|name, _| !changed.contains(name));
    for (name, is) in found.iter().filter(|(name, _)| wanted(name)) {
        let same =
            golden.get(name).is_some_and(|was| (was.days, &was.digest, &was.daily) == (is.days, &is.digest, &is.daily));
        if !same {
            golden.insert(name.clone(), Entry { reason: reason.to_owned(), ..is.clone() });
            changed.push(name.clone());
        }
    }
    changed
}
