//! A CSV file as rows of cells that know where they stand.
//!
//! The reader is our own because problems name line *and column*, and the `csv` crate keeps the
//! position of a record, not of its fields. Commas, `"` quotes doubled inside quotes (RFC 4180), LF
//! or CRLF, an optional byte-order mark; blank lines and lines that begin with `#` are skipped.

use super::calendar::Date;
use super::number::{self, Range};
use super::problem::{Place, Report, quoted};
use super::spelling::suggestion;
use super::text::{decoded, is_name};

/// One field.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    /// The text, unquoted and trimmed.
    pub(crate) text: String,
    line: usize,
    column: usize,
}

/// What to do with a column that nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// An error with a suggestion: in a network folder a misspelt column must not be lost.
    Refuse,
    /// Read past it: exports of other systems have columns of their own.
    Ignore,
}

/// A whole file.
#[derive(Debug)]
pub(crate) struct Sheet {
    file: String,
    known: &'static [&'static str],
    /// Where each known column stands. Shape [known].
    at: Vec<Option<usize>>,
    rows: Vec<Vec<Cell>>,
}

impl Sheet {
    /// Reads a file whose first row names its columns; reports what is wrong and keeps what can be read.
    pub(crate) fn read(
        file: &str,
        bytes: &[u8],
        known: &'static [&'static str],
        required: &[&str],
        unknown: Unknown,
        report: &mut Report,
    ) -> Self {
        let text = decoded(file, bytes, report);
        let mut rows = cells(file, &text, report).into_iter();
        let header = rows.next().unwrap_or_default();
        let mut sheet = Self { file: file.to_owned(), known, at: vec![None; known.len()], rows: Vec::new() };
        if header.len() == 1 && header[0].text.contains(';') {
            report.error(sheet.place(&header[0]), "columns are separated by semicolons", "separated by commas");
            return sheet;
        }
        for (i, cell) in header.iter().enumerate() {
            let name = cell.text.to_lowercase();
            match known.iter().position(|k| *k == name) {
                Some(k) if sheet.at[k].is_some() => {
                    report.error(sheet.place(cell), format!("column {name} is there twice"), "there once")
                }
                Some(k) => sheet.at[k] = Some(i),
                None if unknown == Unknown::Refuse => {
                    let free = known.iter().enumerate().filter(|(k, _)| sheet.at[*k].is_none()).map(|(_, name)| *name);
                    report.error(
                        sheet.place(cell),
                        format!("column {} is not known", quoted(&cell.text)),
                        suggestion(&name, free),
                    );
                }
                None => {}
            }
        }
        let top = header.first().map_or(Place { file: file.to_owned(), line: 1, column: 1 }, |cell| sheet.place(cell));
        for name in required {
            if !sheet.has(name) {
                report.error(
                    top.clone(),
                    format!("column {name} is missing"),
                    format!("named in the first row: {}", required.join(",")),
                );
            }
        }
        for row in rows {
            if row.len() > header.len() {
                report.error(
                    sheet.place(&row[header.len()]),
                    format!("the row has {} cells", row.len()),
                    format!("{} as in the first row (quote text that holds commas)", header.len()),
                );
            } else if row.len() < header.len() {
                let place = row.first().map_or(top.clone(), |cell| sheet.place(cell));
                report.error(
                    place,
                    format!("the row has {} cells", row.len()),
                    format!("{} as in the first row", header.len()),
                );
            } else {
                sheet.rows.push(row);
            }
        }
        sheet
    }

    /// Whether the file has a column.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.index(column).is_some()
    }

    /// The rows below the header.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|cells| Row { sheet: self, cells })
    }

    fn index(&self, column: &str) -> Option<usize> {
        debug_assert!(self.known.contains(&column), "{column} is not a column of {}", self.file);
        self.at[self.known.iter().position(|k| *k == column)?]
    }

    fn place(&self, cell: &Cell) -> Place {
        Place { file: self.file.clone(), line: cell.line, column: cell.column }
    }
}

/// One row below the header. Every reader returns `None` for an empty cell, and for a bad one after
/// having reported it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    sheet: &'a Sheet,
    cells: &'a [Cell],
}

impl<'a> Row<'a> {
    /// Where a column's cell stands, or the row where the file has no such column.
    pub(crate) fn place(&self, column: &str) -> Place {
        let cell = self.sheet.index(column).and_then(|i| self.cells.get(i)).or(self.cells.first());
        cell.map_or(Place::whole(&self.sheet.file), |cell| self.sheet.place(cell))
    }

    /// The text of a cell.
    pub(crate) fn text(&self, column: &str) -> Option<&'a str> {
        let cell = self.cells.get(self.sheet.index(column)?)?;
        (!cell.text.is_empty()).then_some(cell.text.as_str())
    }

    /// A name that must be there.
    pub(crate) fn name(&self, column: &str, report: &mut Report) -> Option<&'a str> {
        if !self.sheet.has(column) {
            return None; // Reported with the header.
        }
        match self.text(column) {
            None => {
                report.error(self.place(column), format!("{column} is empty"), "a name");
                None
            }
            Some(text) if !is_name(text) => {
                report.error(
                    self.place(column),
                    format!("{column} is {}", quoted(text)),
                    "a name of 1 to 64 printable characters",
                );
                None
            }
            Some(text) => Some(text),
        }
    }

    /// A number.
    pub(crate) fn number(&self, column: &str, range: Range<'_>, report: &mut Report) -> Option<f64> {
        let text = self.text(column)?;
        let value = number::real(text, range);
        if value.is_none() {
            report.error(self.place(column), format!("{column} is {}", quoted(text)), range.to_string());
        }
        value
    }

    /// A whole number.
    pub(crate) fn whole(&self, column: &str, range: Range<'_>, report: &mut Report) -> Option<i32> {
        let text = self.text(column)?;
        let value = number::whole(text, range);
        if value.is_none() {
            report.error(
                self.place(column),
                format!("{column} is {}", quoted(text)),
                format!("a whole number of {range}"),
            );
        }
        value
    }

    /// One of some words.
    pub(crate) fn choice(&self, column: &str, words: &[&str], report: &mut Report) -> Option<usize> {
        let text = self.text(column)?;
        let chosen = words.iter().position(|word| word.eq_ignore_ascii_case(text));
        if chosen.is_none() {
            report.error(
                self.place(column),
                format!("{column} is {}", quoted(text)),
                suggestion(text, words.iter().copied()),
            );
        }
        chosen
    }

    /// A date.
    pub(crate) fn date(&self, column: &str, report: &mut Report) -> Option<Date> {
        if !self.sheet.has(column) {
            return None;
        }
        let text = self.text(column).unwrap_or("");
        let date = Date::parse(text);
        if date.is_none() {
            report.error(self.place(column), format!("{column} is {}", quoted(text)), "a date such as 2024-12-31");
        }
        date
    }
}

/// All non-blank rows as cells.
fn cells(file: &str, text: &str, report: &mut Report) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    let mut scan = Scan { file, rest: text.chars().peekable(), line: 1, column: 1 };
    while scan.rest.peek().is_some() {
        if scan.rest.peek() == Some(&'#') {
            while scan.rest.peek().is_some_and(|&c| c != '\n') {
                scan.next();
            }
            scan.next();
            continue;
        }
        let mut row = Vec::new();
        loop {
            let (cell, ended) = scan.cell(report);
            row.push(cell);
            if ended {
                break;
            }
        }
        if row.len() > 1 || row.first().is_some_and(|cell| !cell.text.is_empty()) {
            rows.push(row);
        }
    }
    rows
}

struct Scan<'a> {
    file: &'a str,
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    line: usize,
    column: usize,
}

impl Scan<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        if c == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(c)
    }

    /// One cell, and whether it was the last of its row.
    fn cell(&mut self, report: &mut Report) -> (Cell, bool) {
        while self.rest.peek().is_some_and(|&c| c == ' ' || c == '\t') {
            self.next();
        }
        let (line, column) = (self.line, self.column);
        let mut text = String::new();
        let mut ended = true;
        if self.rest.peek() == Some(&'"') {
            self.next();
            let mut closed = false;
            while let Some(c) = self.next() {
                if c != '"' {
                    text.push(c);
                } else if self.rest.peek() == Some(&'"') {
                    self.next();
                    text.push('"');
                } else {
                    closed = true;
                    break;
                }
            }
            let place = Place { file: self.file.to_owned(), line, column };
            let mut after = String::new();
            while let Some(c) = self.next() {
                if c == ',' || c == '\n' {
                    ended = c == '\n';
                    break;
                }
                after.push(c);
            }
            if !closed {
                report.error(place, "a quotation mark is not closed", "closed by another one");
            } else if !after.trim().is_empty() {
                report.error(
                    place,
                    format!("{} follows a closing quotation mark", quoted(after.trim())),
                    "a comma or the end of the line",
                );
            }
        } else {
            while let Some(c) = self.next() {
                if c == ',' || c == '\n' {
                    ended = c == '\n';
                    break;
                }
                text.push(c);
            }
        }
        let trimmed = text.trim();
        if trimmed.len() != text.len() {
            text = trimmed.to_owned();
        }
        (Cell { text, line, column }, ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_know_their_line_and_column() {
        let mut report = Report::default();
        let text = b"\xef\xbb\xbf# a comment\r\nname,units\r\n\r\n\"a, \"\"b\"\"\", 7 \r\nc,8";
        let sheet = Sheet::read("x.csv", text, &["name", "units"], &["name"], Unknown::Refuse, &mut report);
        let rows: Vec<_> = sheet.rows().collect();
        assert_eq!(rows[0].text("name"), Some("a, \"b\""));
        assert_eq!(rows[0].text("units"), Some("7"));
        assert_eq!(rows[0].place("units").to_string(), "x.csv:4:13");
        assert_eq!(rows[1].place("units").to_string(), "x.csv:5:3");
        assert!(report.finish().is_ok());
    }

    #[test]
    fn any_bytes_are_read_without_panic() {
        const ALPHABET: &[u8] = b"\"\"\",,,\n\n\r#ab\0\xff\xc3;1";
        let mut state = 1u32;
        for length in 0..400 {
            let bytes: Vec<u8> = (0..length)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    ALPHABET[usize::try_from(state >> 24).unwrap_or(0) % ALPHABET.len()]
                })
                .collect();
            let mut report = Report::default();
            Sheet::read("x.csv", &bytes, &["a"], &["a"], Unknown::Refuse, &mut report);
        }
    }
}
