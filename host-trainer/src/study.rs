//! A search that is written down as it goes: what was planned, and every point that was looked at.
//!
//! `study.json` is written anew, atomically, after each look. As what is asked next follows from the points alone
//! (see [`crate::bayesian`]), a study that was interrupted or killed continues to the same bytes.

use crate::bayesian::{Point, Search, ask};
use crate::checkpoint::write_atomically;
use crate::failure::{Failure, code};
use crate::progress::Interrupt;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::path::{Path, PathBuf};

/// The file of a study's folder that holds it.
const FILE: &str = "study.json";
/// Version of that file.
const VERSION: u32 = 1;

/// A look at a point, by its number: its value, none to stop.
pub type Look<'a> = dyn FnMut(usize, &[u32]) -> Result<Option<f64>, Failure> + 'a;

/// What is searched and what was found so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study<P> {
    /// Version of this document.
    pub study: u32,
    /// Version of Restock that made it.
    pub restock: String,
    /// What was planned.
    pub plan: P,
    /// Every look so far, in order.
    pub points: Vec<Point>,
    /// Where it is kept.
    #[serde(skip)]
    folder: PathBuf,
}

impl<P: Clone + Serialize + DeserializeOwned> Study<P> {
    /// A new study in a folder, which is made if need be.
    ///
    /// # Errors
    /// If the folder holds a study, or can't be written.
    pub fn create(folder: &Path, plan: P) -> Result<Self, Failure> {
        if folder.join(FILE).exists() {
            let shown = folder.display();
            return Err(Failure::usage(format!(
                "{shown} already holds a study: give another folder with --out, or go on with --resume {shown}"
            )));
        }
        std::fs::create_dir_all(folder).map_err(|e| Failure::io(folder, &e))?;
        let restock = env!("CARGO_PKG_VERSION").to_owned();
        let study = Self { study: VERSION, restock, plan, points: Vec::new(), folder: folder.to_owned() };
        study.save()?;
        Ok(study)
    }

    /// A study as it was left.
    ///
    /// # Errors
    /// If there is none, or it is another command's or version's.
    pub fn open(folder: &Path) -> Result<Self, Failure> {
        let file = folder.join(FILE);
        let text = std::fs::read_to_string(&file)
            .map_err(|e| Failure::data(format!("{}: {e}; a study is made with --out", file.display())))?;
        let wrong = |what: String| Failure::data(format!("{}{what}", file.display()));
        let found: Self =
            serde_json::from_str(&text).map_err(|e| wrong(format!(":{}:{}: {e}", e.line(), e.column())))?;
        if found.study != VERSION {
            return Err(wrong(format!(": study version {}, this build reads {VERSION}", found.study)));
        }
        // Another build may ask for other points: the study would be neither's.
        if found.restock != env!("CARGO_PKG_VERSION") {
            let (made, this) = (found.restock, env!("CARGO_PKG_VERSION"));
            return Err(wrong(format!(": made by Restock {made}, this is {this}; begin a new one")));
        }
        Ok(Self { folder: folder.to_owned(), ..found })
    }

    /// Checks that the points lie in the box that the plan makes.
    ///
    /// # Errors
    /// If one does not: the file was edited.
    pub fn check(&self, axes: usize) -> Result<(), Failure> {
        let fits = |point: &Point| point.at.len() == axes && point.at.iter().all(|&x| x <= crate::bayesian::SIDE);
        match self.points.iter().position(|point| !fits(point)) {
            None => Ok(()),
            Some(i) => Err(Failure::data(format!(
                "{}: points[{i}] is not {axes} numbers of 0 to {}",
                self.folder.join(FILE).display(),
                crate::bayesian::SIDE
            ))),
        }
    }

    /// Looks at point after point until there are `looks` of them. The first is `start`; `look` may say nothing to end
    /// the study for now.
    ///
    /// # Errors
    /// If a file can't be written, a look fails, or Ctrl-C was pressed (with code 130): what was found is kept.
    pub fn run(
        &mut self,
        (search, start): (&Search, &[u32]),
        looks: usize,
        interrupt: Interrupt,
        look: &mut Look<'_>,
    ) -> Result<(), Failure> {
        while self.points.len() < looks {
            let number = self.points.len();
            let at = if number == 0 { start.to_vec() } else { ask(search, &self.points) };
            let found = if interrupt.requested() { None } else { look(number, &at)? };
            let Some(value) = found else {
                let folder = self.folder.display();
                return Err(Failure {
                    code: code::INTERRUPTED,
                    message: format!("interrupted after {number} of {looks} evaluations; go on with --resume {folder}"),
                });
            };
            self.points.push(Point::new(at, value));
            self.save()?;
        }
        Ok(())
    }

    /// Writes a file of the study's folder atomically.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write(&self, name: &str, text: &str) -> Result<PathBuf, Failure> {
        let file = self.folder.join(name);
        write_atomically(&file, text.as_bytes()).map_err(|e| Failure::failed(e.to_string()))?;
        Ok(file)
    }

    fn save(&self) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self).map_err(|e| Failure::failed(e.to_string()))?;
        self.write(FILE, &text).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEARCH: Search = Search { axes: 2, startup: 4, seed: 9 };

    fn value(at: &[u32]) -> f64 {
        -at.iter().map(|&x| (f64::from(x) / 1e6 - 0.4).powi(2)).sum::<f64>()
    }

    fn run(study: &mut Study<String>, looks: usize, most: usize) -> Result<(), Failure> {
        let looked = &mut |number: usize, at: &[u32]| Ok((number < most).then(|| value(at)));
        study.run((&SEARCH, &[7, 7]), looks, Interrupt::never(), looked)
    }

    #[test]
    fn a_study_that_was_cut_off_ends_in_the_same_bytes() {
        let place = tempfile::tempdir().expect("a folder");
        let (whole, cut) = (place.path().join("whole"), place.path().join("cut"));
        run(&mut Study::create(&whole, "plan".to_owned()).expect("made"), 9, 99).expect("done");
        let ended = run(&mut Study::create(&cut, "plan".to_owned()).expect("made"), 9, 6).expect_err("cut off");
        assert_eq!(ended.code, code::INTERRUPTED);
        assert!(ended.message.contains("after 6 of 9") && ended.message.contains("--resume"), "{ended}");
        let mut study = Study::<String>::open(&cut).expect("opens");
        assert_eq!((study.points.len(), study.points[0].at.as_slice()), (6, [7, 7].as_slice()));
        run(&mut study, 9, 99).expect("done");
        let bytes = |folder: &Path| std::fs::read(folder.join(FILE)).expect("there");
        assert_eq!(bytes(&cut), bytes(&whole));
    }

    #[test]
    fn a_study_is_not_begun_twice_and_not_read_where_it_is_damaged() {
        let place = tempfile::tempdir().expect("a folder");
        let study = Study::create(place.path(), "plan".to_owned()).expect("made");
        assert_eq!(Study::create(place.path(), "plan".to_owned()).expect_err("there").code, code::USAGE);
        let text = std::fs::read_to_string(place.path().join(FILE)).expect("there");
        for (from, to, told) in [
            ("\"study\": 1", "\"study\": 7", "study version 7, this build reads 1"),
            ("\"restock\": \"", "\"restock\": \"0.", "begin a new one"),
            ("\"points\": []", "\"points\": [", "study.json:"),
        ] {
            study.write(FILE, &text.replace(from, to)).expect("written");
            let error = Study::<String>::open(place.path()).expect_err("damaged");
            assert!(error.code == code::DATA && error.message.contains(told), "{error}");
        }
        study.write(FILE, &text.replace("[]", "[{\"at\": [1, 2000000], \"value\": 3}]")).expect("written");
        let error = Study::<String>::open(place.path()).expect("JSON").check(2).expect_err("outside");
        assert!(error.message.contains("points[0]"), "{error}");
    }
}
