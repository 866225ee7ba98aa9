//! A TOML file as sections whose keys know where they stand.

use super::calendar::Date;
use super::number::{self, Range};
use super::problem::{Place, Report, quoted};
use super::spelling::suggestion;
use super::text::place_at;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The text of a file, for turning offsets into places.
pub(crate) struct Document<'a> {
    /// Name of the file.
    pub(crate) file: &'a str,
    /// Its text.
    pub(crate) text: &'a str,
}

impl<'a> Document<'a> {
    /// Parses the text; reports every error of syntax and keeps what could be read.
    pub(crate) fn parse(&self, report: &mut Report) -> Spanned<DeTable<'a>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            report.error(self.place(at), format!("not TOML: {}", error.message().replace('\n', "; ")), "");
        }
        table
    }

    fn place(&self, offset: usize) -> Place {
        place_at(self.file, self.text, offset)
    }
}

/// One table of the file. Every key that is asked for counts as known; [`Section::finish`]
/// complains about the others. Readers return `None` for a missing key, and for a bad one after
/// having reported it.
pub(crate) struct Section<'d, 'a> {
    document: &'d Document<'a>,
    table: &'d DeTable<'a>,
    at: usize,
    path: String,
    asked: Vec<String>,
}

impl<'d, 'a> Section<'d, 'a> {
    /// The whole file.
    pub(crate) fn root(document: &'d Document<'a>, table: &'d Spanned<DeTable<'a>>) -> Self {
        Self { document, table: table.get_ref(), at: 0, path: String::new(), asked: Vec::new() }
    }

    fn find(&mut self, key: &str) -> Option<&'d Spanned<DeValue<'a>>> {
        if !self.asked.iter().any(|asked| asked == key) {
            self.asked.push(key.to_owned());
        }
        let table: &'d DeTable<'a> = self.table;
        table.iter().find(|(k, _)| k.get_ref().as_ref() == key).map(|(_, value)| value)
    }

    /// Where a key's value stands, or the section where the key is missing.
    pub(crate) fn place(&self, key: &str) -> Place {
        let value = self.table.iter().find(|(k, _)| k.get_ref().as_ref() == key);
        self.document.place(value.map_or(self.at, |(_, value)| value.span().start))
    }

    /// The key with its section: `costs.order_cost`.
    fn named(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn wrong(&self, key: &str, value: &Spanned<DeValue<'a>>, right: impl Into<String>, report: &mut Report) {
        report.error(
            self.document.place(value.span().start),
            format!("{} is {}", self.named(key), shown(value.get_ref())),
            right,
        );
    }

    /// A number.
    pub(crate) fn number(&mut self, key: &str, range: Range<'_>, report: &mut Report) -> Option<f64> {
        let value = self.find(key)?;
        let found = real(value.get_ref()).filter(|x| *x >= range.low && *x <= range.high);
        if found.is_none() {
            self.wrong(key, value, range.to_string(), report);
        }
        found
    }

    /// A number, where the key holds one: what else it holds is another reader's.
    pub(crate) fn number_if_any(&mut self, key: &str) -> Option<f64> {
        self.find(key).and_then(|value| real(value.get_ref()))
    }

    /// A whole number.
    pub(crate) fn whole(&mut self, key: &str, range: Range<'_>, report: &mut Report) -> Option<i32> {
        let value = self.find(key)?;
        let found = match value.get_ref() {
            DeValue::Integer(_) => {
                real(value.get_ref()).filter(|x| *x >= range.low && *x <= range.high).and_then(number::word)
            }
            _ => None,
        };
        if found.is_none() {
            self.wrong(key, value, format!("a whole number of {range}"), report);
        }
        found
    }

    /// A text.
    pub(crate) fn text(&mut self, key: &str, report: &mut Report) -> Option<&'d str> {
        let value = self.find(key)?;
        let found = value.get_ref().as_str();
        if found.is_none() {
            self.wrong(key, value, "a text in quotation marks", report);
        }
        found
    }

    /// A text or a list of them, each with its place.
    pub(crate) fn texts(&mut self, key: &str, report: &mut Report) -> Vec<(String, Place)> {
        let Some(value) = self.find(key) else { return Vec::new() };
        let all: Vec<&Spanned<DeValue<'_>>> =
            value.get_ref().as_array().map_or(vec![value], |list| list.iter().collect());
        let mut texts = Vec::new();
        for one in all {
            match one.get_ref().as_str() {
                Some(text) => texts.push((text.to_owned(), self.document.place(one.span().start))),
                None => self.wrong(key, one, "a text in quotation marks, or a list of them", report),
            }
        }
        texts
    }

    /// One of some words.
    pub(crate) fn choice(&mut self, key: &str, words: &[&str], report: &mut Report) -> Option<usize> {
        let text = self.text(key, report)?;
        let chosen = words.iter().position(|word| *word == text);
        if chosen.is_none() {
            report.error(
                self.place(key),
                format!("{} is {}", self.named(key), quoted(text)),
                suggestion(text, words.iter().copied()),
            );
        }
        chosen
    }

    /// A date, as TOML's own or in quotation marks.
    pub(crate) fn date(&mut self, key: &str, report: &mut Report) -> Option<Date> {
        let value = self.find(key)?;
        let date = match value.get_ref() {
            DeValue::Datetime(d) if d.time.is_none() && d.offset.is_none() => {
                d.date.and_then(|d| Date::new(i32::from(d.year), i32::from(d.month), i32::from(d.day)))
            }
            DeValue::String(text) => Date::parse(text),
            _ => None,
        };
        if date.is_none() {
            self.wrong(key, value, "a date such as 2024-12-31", report);
        }
        date
    }

    /// A list of numbers, `count` of them where that is given.
    pub(crate) fn numbers(
        &mut self,
        key: &str,
        count: Option<usize>,
        range: Range<'_>,
        report: &mut Report,
    ) -> Option<Vec<f64>> {
        let value = self.find(key)?;
        let wanted = count.map_or("a list".to_owned(), |n| format!("a list of {n}"));
        let Some(list) = value.get_ref().as_array().filter(|list| count.is_none_or(|n| n == list.len())) else {
            self.wrong(key, value, format!("{wanted} numbers, {range}"), report);
            return None;
        };
        let mut numbers = Vec::new();
        for item in list {
            match real(item.get_ref()).filter(|x| *x >= range.low && *x <= range.high) {
                Some(number) => numbers.push(number),
                None => self.wrong(key, item, range.to_string(), report),
            }
        }
        (numbers.len() == list.len()).then_some(numbers)
    }

    /// A table under a key.
    pub(crate) fn section(&mut self, key: &str, report: &mut Report) -> Option<Section<'d, 'a>> {
        let value = self.find(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(key, value, format!("a section [{key}]"), report);
            return None;
        };
        Some(Section {
            document: self.document,
            table,
            at: value.span().start,
            path: self.named(key),
            asked: Vec::new(),
        })
    }

    /// All tables under this one, each with its name and place; what is no table is reported.
    pub(crate) fn named_sections(&mut self, report: &mut Report) -> Vec<(String, Section<'d, 'a>)> {
        let names: Vec<String> = self.table.iter().map(|(key, _)| key.get_ref().to_string()).collect();
        names.into_iter().filter_map(|name| self.section(&name, report).map(|section| (name, section))).collect()
    }

    /// A list of tables, `[[key]]`.
    pub(crate) fn sections(&mut self, key: &str, report: &mut Report) -> Vec<Section<'d, 'a>> {
        let Some(value) = self.find(key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            self.wrong(key, value, format!("a list of sections [[{key}]]"), report);
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in list {
            match item.get_ref().as_table() {
                Some(table) => sections.push(Section {
                    document: self.document,
                    table,
                    at: item.span().start,
                    path: key.to_owned(),
                    asked: Vec::new(),
                }),
                None => self.wrong(key, item, format!("a section [[{key}]]"), report),
            }
        }
        sections
    }

    /// Whether a key is there; asking makes it known.
    pub(crate) fn has(&mut self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// Complains about every key that nothing asked for.
    pub(crate) fn finish(self, report: &mut Report) {
        for (key, _) in self.table {
            if !self.asked.iter().any(|asked| asked == key.get_ref()) {
                let free = self
                    .asked
                    .iter()
                    .map(String::as_str)
                    .filter(|asked| !self.table.iter().any(|(k, _)| k.get_ref() == *asked));
                let right = suggestion(key.get_ref(), free);
                report.error(
                    self.document.place(key.span().start),
                    format!("{} is not known", self.named(key.get_ref())),
                    right,
                );
            }
        }
    }
}

/// An integer or float as a float, where it is finite.
fn real(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(integer) => {
            let digits = integer.as_str().replace('_', "");
            i64::from_str_radix(&digits, integer.radix()).ok().map(number::from_wide)
        }
        DeValue::Float(float) => float.as_str().replace('_', "").parse().ok().filter(|x: &f64| x.is_finite()),
        _ => None,
    }
}

fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => quoted(text),
        DeValue::Integer(integer) => integer.as_str().to_owned(),
        DeValue::Float(float) => float.as_str().to_owned(),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(value) => value.to_string(),
        DeValue::Array(list) => format!("a list of {}", list.len()),
        DeValue::Table(_) => "a section".to_owned(),
    }
}
