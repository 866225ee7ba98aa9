//! What is wrong with a user's files: where, what was found, and what would be right.

use std::fmt;

/// A position in a file of the user's. Lines and columns count from 1; 0 means the whole file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Name of the file, as the user knows it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Place {
    /// The file as a whole.
    #[must_use]
    pub fn whole(file: &str) -> Self {
        Self { file: file.to_owned(), line: 0, column: 0 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "{}", self.file)
        } else {
            write!(f, "{}:{}:{}", self.file, self.line, self.column)
        }
    }
}

/// One thing that is wrong, or doubtful.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What was found: a sentence without its full stop.
    pub found: String,
    /// What would be right; may be empty where `found` says it all.
    pub right: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.found)?;
        if self.right.is_empty() { Ok(()) } else { write!(f, ", should be {}", self.right) }
    }
}

/// Everything that is wrong with a network, all at once, in the order of files and lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    /// What must be mended; at least one.
    pub errors: Vec<Problem>,
    /// What is doubtful.
    pub warnings: Vec<Problem>,
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.errors {
            writeln!(f, "{problem}")?;
        }
        let s = if self.errors.len() == 1 { "" } else { "s" };
        write!(f, "{} error{s}", self.errors.len())
    }
}

impl std::error::Error for Problems {}

/// Collects problems while the files are read on.
#[derive(Debug, Default)]
pub(crate) struct Report {
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl Report {
    /// Notes an error.
    pub(crate) fn error(&mut self, place: Place, found: impl Into<String>, right: impl Into<String>) {
        self.errors.push(Problem { place, found: found.into(), right: right.into() });
    }

    /// Notes a doubt.
    pub(crate) fn warning(&mut self, place: Place, found: impl Into<String>, right: impl Into<String>) {
        self.warnings.push(Problem { place, found: found.into(), right: right.into() });
    }

    /// Number of errors so far.
    pub(crate) fn errors(&self) -> usize {
        self.errors.len()
    }

    /// The warnings, if nothing is wrong; else everything.
    pub(crate) fn finish(mut self) -> Result<Vec<Problem>, Problems> {
        self.errors.sort();
        self.errors.dedup();
        self.warnings.sort();
        self.warnings.dedup();
        if self.errors.is_empty() {
            Ok(self.warnings)
        } else {
            Err(Problems { errors: self.errors, warnings: self.warnings })
        }
    }
}

/// `"text"`, shortened and with control characters shown, so that no input can garble a terminal.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    let shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    let more = if text.chars().nth(SHOWN).is_some() { "..." } else { "" };
    format!("\"{shown}{more}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_where_what_and_what_would_be_right() {
        let mut report = Report::default();
        let place = Place { file: "nodes.csv".into(), line: 4, column: 3 };
        report.error(place, "review_period_days is \"weekly\"", "a whole number of days from 1 to 128");
        let problems = report.finish().unwrap_err();
        assert_eq!(
            problems.errors[0].to_string(),
            "nodes.csv:4:3: review_period_days is \"weekly\", should be a whole number of days from 1 to 128"
        );
    }

    #[test]
    fn quoting_never_passes_control_characters_on() {
        assert_eq!(quoted("a\u{1b}[2J\0"), "\"a\\u{1b}[2J\\0\"");
    }
}
