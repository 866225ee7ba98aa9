//! Files that `network.toml` includes: what `restock tune` found stands in files of its own, beside it.
//!
//! `include = ["hyperscore.toml", "policy.toml"]` names files of the folder, each with `[hyperscore]` or `[training]`
//! sections and nothing else. What they say counts before what `network.toml` says, the last named first; of what does
//! not count any more there is a warning at its place.

use super::document::{Document, Section};
use super::problem::{Place, Report, quoted};
use super::settings;
use super::text::{decoded, is_name, place_at};
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Reads a file of the network's folder by its name.
pub(crate) type Fetch<'f> = &'f dyn Fn(&str) -> std::io::Result<Vec<u8>>;

/// Sections that an included file may have.
const SECTIONS: [&str; 2] = ["hyperscore", "training"];
/// Most files that are included.
const FILES_MAX: usize = 8;

/// A file that is included.
#[derive(Debug)]
pub(crate) struct Included {
    pub(crate) file: String,
    pub(crate) text: String,
}

/// The files that `include` names; what is wrong with a name, or can't be read, is reported and left out.
pub(crate) fn read(root: &mut Section<'_, '_>, fetch: Fetch<'_>, report: &mut Report) -> Vec<Included> {
    const RIGHT: &str = "the name of a file beside network.toml, such as \"hyperscore.toml\"";
    let mut files: Vec<Included> = Vec::new();
    for (name, place) in root.texts("include", report) {
        let plain = is_name(&name) && !name.contains(['/', '\\', ':']) && name.ends_with(".toml");
        if !plain || name == settings::FILE {
            report.error(place, format!("include has {}", quoted(&name)), RIGHT);
        } else if files.iter().any(|it| it.file == name) {
            report.error(place, format!("{} is included twice", quoted(&name)), "there once");
        } else if files.len() >= FILES_MAX {
            report.error(place, "more files are included", format!("at most {FILES_MAX}"));
        } else {
            match fetch(&name) {
                Ok(bytes) => {
                    let text = decoded(&name, &bytes, report);
                    files.push(Included { file: name, text });
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    report.error(place, format!("include has {}: there is no such file", quoted(&name)), RIGHT);
                }
                Err(error) => report.error(Place::whole(&name), format!("can't be read: {error}"), ""),
            }
        }
    }
    files
}

/// Warns of every value that a later file sets again. In the order in which they are read.
pub(crate) fn warn_of_what_counts_no_more(read: &[(&Document<'_>, &Spanned<DeTable<'_>>)], report: &mut Report) {
    let mut counts: BTreeMap<String, Place> = BTreeMap::new();
    for (document, table) in read {
        let sections = table.get_ref().iter().filter(|(key, _)| SECTIONS.contains(&key.get_ref().as_ref()));
        let mut here = Vec::new();
        sections.for_each(|(key, value)| leaves(key.get_ref(), value, &mut here));
        for (path, offset) in here {
            let place = place_at(document.file, document.text, offset);
            if let Some(before) = counts.insert(path.clone(), place.clone()) {
                report.warning(before, format!("{path} does not count: {place} sets it again"), "left out");
            }
        }
    }
}

/// The values of a table and of the tables in it, with their paths and offsets.
fn leaves(path: &str, value: &Spanned<DeValue<'_>>, found: &mut Vec<(String, usize)>) {
    match value.get_ref().as_table() {
        Some(table) => {
            table.iter().for_each(|(key, value)| leaves(&format!("{path}.{}", key.get_ref()), value, found));
        }
        None => found.push((path.to_owned(), value.span().start)),
    }
}

#[cfg(test)]
mod tests {
    use crate::input::files::load_files;
    use crate::input::{Loaded, Problem, starter};

    const SCORE: &str = "[hyperscore]\nweight_delivery = 0.25\nbacklog_to_delivery = 1.5\n";
    const POLICY: &str = "[training.ppo]\nlearning_rate = 0.0005\n[training.rollout]\nshortage_weight = 1.25\n";

    /// The starter with a line at the top of its `network.toml` and more files.
    fn loaded(top: &str, more: &[(&str, &str)]) -> Result<Loaded, Vec<String>> {
        let files = starter::files();
        let toml = format!("{top}\n{}", String::from_utf8(files.0["network.toml"].clone()).expect("UTF-8"));
        let mut all: Vec<(&str, &[u8])> =
            files.0.iter().filter(|(name, _)| **name != "network.toml").map(|(n, b)| (*n, b.as_slice())).collect();
        all.push(("network.toml", toml.as_bytes()));
        all.extend(more.iter().map(|(name, text)| (*name, text.as_bytes())));
        load_files(&all).map_err(|problems| shown(&problems.errors))
    }

    fn shown(problems: &[Problem]) -> Vec<String> {
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_an_included_file_says_counts_and_what_it_replaces_is_told() {
        let found =
            loaded("include = [\"score.toml\", \"policy.toml\"]", &[("score.toml", SCORE), ("policy.toml", POLICY)])
                .expect("sound");
        let score = found.spec.score;
        assert_eq!((score.weight_delivery, score.weight_inventory), (250_000, 300_000), "0.3 stands in network.toml");
        assert_eq!(score.sensitivity.backlog.delivery, 1_500_000);
        assert_eq!((found.training.ppo.learning_rate, found.training.rollout.shortage_weight), (0.0005, 1.25));
        assert_eq!(found.training.seed, 1);
        let warnings = shown(&found.warnings);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(
            warnings[0].starts_with("network.toml:")
                && warnings[0].contains("hyperscore.weight_delivery does not count: score.toml:2:19 sets it again"),
            "{warnings:?}"
        );
        // One name needs no list, and the last file that says something counts.
        let both = [("score.toml", SCORE), ("later.toml", "[hyperscore]\nweight_delivery = 0.75\n")];
        let found = loaded("include = [\"score.toml\", \"later.toml\"]", &both).expect("sound");
        assert_eq!(found.spec.score.weight_delivery, 750_000);
        assert_eq!(loaded("include = \"score.toml\"", &both).expect("sound").spec.score.weight_delivery, 250_000);
        assert!(loaded("include = []", &[]).expect("sound").warnings.is_empty());
    }

    #[test]
    fn what_is_wrong_in_an_included_file_is_told_at_its_place() {
        let errors = |text: &str| loaded("include = \"score.toml\"", &[("score.toml", text)]).expect_err("refused");
        assert_eq!(
            errors("[hyperscore]\nweight_delivery = 7\nbetta = 2\n[costs]\norder_cost = 1\n"),
            [
                "score.toml:2:19: hyperscore.weight_delivery is 7, should be a number from 0 to 4",
                "score.toml:3:1: hyperscore.betta is not known, should be \"beta\"",
                "score.toml:4:2: costs is not known, should be one of training",
            ]
        );
        assert!(errors("[hyperscore\n")[0].starts_with("score.toml:1:"));
        assert_eq!(
            errors("[training.rollout]\ndays = 0\n"),
            ["score.toml:2:8: training.rollout.days is 0, should be 1 to 4096"]
        );
    }

    #[test]
    fn a_name_that_can_not_be_included_is_told_in_network_toml() {
        let beside = "should be the name of a file beside network.toml, such as \"hyperscore.toml\"";
        for (include, told) in [
            ("\"../score.toml\"", format!("network.toml:1:11: include has \"../score.toml\", {beside}")),
            ("\"score.csv\"", format!("network.toml:1:11: include has \"score.csv\", {beside}")),
            ("\"network.toml\"", format!("network.toml:1:11: include has \"network.toml\", {beside}")),
            ("[\"no.toml\"]", format!("network.toml:1:12: include has \"no.toml\": there is no such file, {beside}")),
            (
                "[\"score.toml\", \"score.toml\"]",
                "network.toml:1:26: \"score.toml\" is included twice, should be there once".to_owned(),
            ),
            ("3", "network.toml:1:11: include is 3, should be a text in quotation marks, or a list of them".to_owned()),
        ] {
            let found = loaded(&format!("include = {include}"), &[("score.toml", SCORE)]).expect_err("refused");
            assert_eq!(found, [told]);
        }
    }
}
