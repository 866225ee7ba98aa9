//! The [training] sections: what their keys and types are, the learner's own settings say; so there is
//! no second list of them here, only the places. Of several sections the last that sets a key counts.

use super::document::Section;
use super::problem::{Place, Report, quoted};
use crate::train::TrainingConfig;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// Places of the keys that are there, by table (`""`, `"ppo"`, `"rollout"`) and key; the table itself
/// under the key `""`.
type Places = BTreeMap<(String, String), Place>;

/// Reads the sections, each with its content; what is wrong is reported and replaced by its default.
pub(crate) fn read(sections: Vec<(Section<'_, '_>, Table)>, report: &mut Report) -> TrainingConfig {
    let Ok(defaults) = Table::try_from(TrainingConfig::default()) else { return TrainingConfig::default() };
    let mut places = Places::new();
    let mut accepted = Table::new();
    for (section, found) in sections {
        for (path, value) in values(section, "", &found, &defaults, &mut places, report) {
            let mut candidate = accepted.clone();
            put(&mut candidate, &path, value.clone());
            match Value::Table(candidate.clone()).try_into::<TrainingConfig>() {
                Ok(_) => accepted = candidate,
                Err(error) => {
                    let found = format!("training.{} is {}", path.join("."), shown(&value));
                    report.error(place(&places, &path), found, expected(&error.to_string(), lookup(&defaults, &path)));
                }
            }
        }
    }
    let config: TrainingConfig = Value::Table(accepted).try_into().unwrap_or_default();
    for (table, bad) in config.check().err().unwrap_or_default() {
        let path: Vec<String> =
            [table, bad.name].into_iter().filter(|key| !key.is_empty()).map(str::to_owned).collect();
        report.error(place(&places, &path), format!("training.{} is {}", path.join("."), bad.found), bad.expected);
    }
    config
}

/// The values of a table and of the tables in it, each with its path; unknown keys are reported.
fn values(
    mut section: Section<'_, '_>,
    name: &str,
    found: &Table,
    known: &Table,
    places: &mut Places,
    report: &mut Report,
) -> Vec<(Vec<String>, Value)> {
    places.insert((name.to_owned(), String::new()), section.place(""));
    let mut all = Vec::new();
    for (key, default) in known {
        if !section.has(key) {
            continue;
        }
        places.insert((name.to_owned(), key.clone()), section.place(key));
        match (default, found.get(key)) {
            (Value::Table(known), Some(Value::Table(found))) => {
                if let Some(inner) = section.section(key, report) {
                    all.extend(values(inner, key, found, known, places, report));
                }
            }
            // Not a table where one should be: the section says so.
            (Value::Table(_), _) => drop(section.section(key, report)),
            (_, Some(value)) => {
                let path = if name.is_empty() { vec![key.clone()] } else { vec![name.to_owned(), key.clone()] };
                all.push((path, value.clone()));
            }
            (_, None) => {}
        }
    }
    section.finish(report);
    all
}

/// Sets a value in a table or in a table of it.
fn put(table: &mut Table, path: &[String], value: Value) {
    match path {
        [key] => drop(table.insert(key.clone(), value)),
        [outer, rest @ ..] => {
            let inner = table.entry(outer.clone()).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                put(inner, rest, value);
            }
        }
        [] => {}
    }
}

fn lookup<'t>(table: &'t Table, path: &[String]) -> Option<&'t Value> {
    let (last, outer) = path.split_last()?;
    outer.iter().try_fold(table, |table, key| table.get(key)?.as_table())?.get(last)
}

/// Where a setting stands; its table where it is left out (its range may depend on one that is there).
fn place(places: &Places, path: &[String]) -> Place {
    let (table, key) = match path {
        [table, key] => (table.clone(), key.clone()),
        [key] => (String::new(), key.clone()),
        _ => (String::new(), String::new()),
    };
    let found = places.get(&(table.clone(), key)).or_else(|| places.get(&(table, String::new())));
    found
        .or_else(|| places.get(&(String::new(), String::new())))
        .cloned()
        .unwrap_or_else(|| Place::whole(super::settings::FILE))
}

/// What would be right for a value that does not have the setting's type.
fn expected(error: &str, default: Option<&Value>) -> String {
    match default {
        Some(Value::Integer(value)) => format!("a whole number that is not negative, such as {value}, the default"),
        Some(Value::Float(value)) => format!("a number, such as {}, the default", short(*value)),
        Some(Value::Array(list)) => {
            let list: Vec<String> = list.iter().map(ToString::to_string).collect();
            format!("a list of whole numbers, such as [{}], the default", list.join(", "))
        }
        // An unknown word: the settings' own complaint names the known ones.
        _ => match error.lines().next().and_then(|line| line.split_once("expected ")) {
            Some((_, words)) => words.replace('`', "\""),
            None => String::new(),
        },
    }
}

/// A number without the digits that `f32` made up.
#[allow(clippy::cast_possible_truncation)]
fn short(value: f64) -> String {
    let single = value as f32;
    if f64::from(single).to_bits() == value.to_bits() { single.to_string() } else { value.to_string() }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Table(_) => "a section".to_owned(),
        Value::Array(_) => quoted(&value.to_string()).trim_matches('"').to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use crate::input::starter;
    use crate::train::TrainingConfig;

    /// What is wrong with the starter network when its [training] section is this one.
    fn complaints(training: &str) -> Vec<String> {
        let mut files = starter::files();
        let text = String::from_utf8(files.0["network.toml"].clone()).expect("UTF-8");
        let before = text.split("[training]").next().expect("the starter has the section").to_owned();
        let lines = before.lines().count();
        files.0.insert("network.toml", (before + training).into_bytes());
        let problems = files.load().err().map_or_else(Vec::new, |problems| problems.errors);
        let line = |l: usize| l.saturating_sub(lines);
        problems
            .iter()
            .map(|p| format!("{}:{} {}, should be {}", line(p.place.line), p.place.column, p.found, p.right))
            .collect()
    }

    #[test]
    fn every_wrong_setting_is_named_with_its_place_and_what_would_be_right() {
        let training = "[training]\nsed = 1\nvalidate_every = \"often\"\n[training.ppo]\nvalue_clip = -3.0\nclipp = 0.2\nminibatch = 0\n\
                        path = \"fast\"\nlearning_rate = true\nactor_hidden = [256]\n[training.rollout]\ndays = 0\nreplicas = -1\n";
        let TrainingConfig { validate_every, ppo, rollout, .. } = TrainingConfig::default();
        let whole = "should be a whole number that is not negative, such as";
        assert_eq!(
            complaints(training),
            [
                "2:1 training.sed is not known, should be \"seed\"",
                &format!("3:18 training.validate_every is \"often\", {whole} {validate_every}, the default"),
                "5:14 training.ppo.value_clip is -3.0, should be 0 or more",
                "6:1 training.ppo.clipp is not known, should be \"clip\"",
                "7:13 training.ppo.minibatch is 0, should be 1 or more",
                "8:8 training.ppo.path is \"fast\", should be \"burn\" or \"fused\"",
                &format!(
                    "9:17 training.ppo.learning_rate is true, should be a number, such as {}, the default",
                    ppo.learning_rate
                ),
                "10:16 training.ppo.actor_hidden is [256], should be at most 3 layers of 1 to 128 units: what a policy file holds",
                "12:8 training.rollout.days is 0, should be 1 to 4096",
                &format!("13:12 training.rollout.replicas is -1, {whole} {}, the default", rollout.replicas),
            ]
        );
    }

    #[test]
    fn a_section_may_be_missing_empty_or_partial() {
        for training in
            ["", "[training]\n", "[training.rollout]\ndays = 28\n", "[training]\nseed = 7\nppo = { clip = 1e-1 }\n"]
        {
            assert_eq!(complaints(training), [""; 0], "{training}");
        }
        assert_eq!(complaints("[training]\nppo = 3\n"), ["2:7 training.ppo is 3, should be a section [ppo]"]);
    }

    #[test]
    fn a_range_that_depends_on_another_setting_is_shown_at_the_section() {
        let found = complaints("[training.ppo]\nkl_target = 5.0\n");
        assert_eq!(found, ["1:1 training.ppo.kl_limit is 2.0, should be above kl_target"]);
    }
}
