//! Walks the spanned TOML tree and collects faults instead of stopping at the first.

use std::{collections::BTreeSet, path::Path};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    fault::{Fault, Weight, position},
    schema::{self, SECTIONS, Section},
    syntax::BrokenLine,
    values::{self, Parsed},
};

/// The text, and what was found wrong in it so far.
pub(super) struct Reader<'t> {
    text: &'t str,
    path: &'t Path,
    /// Byte offset of each line's start, so that a config of 100,000 feeds is still quick.
    lines: Vec<usize>,
    /// Lines that are no TOML: what recovery made of them is not judged a second time.
    broken: BTreeSet<usize>,
    found: Vec<Fault>,
}

/// One table of the config: a section, or one of a repeated section. May be absent.
#[derive(Clone, Copy)]
pub(super) struct Table<'t> {
    section: &'static Section,
    keys: Option<&'t DeTable<'t>>,
    offset: usize,
}

impl<'t> Table<'t> {
    pub fn value(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.keys?.get(key)
    }

    pub fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// Where a fault about `key` is shown: its value, else the table's head.
    pub fn offset(&self, key: &str) -> usize {
        self.value(key).map_or(self.offset, |value| value.span().start)
    }
}

impl<'t> Reader<'t> {
    pub fn new(text: &'t str, path: &'t Path) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(ends).collect();
        Self { text, path, lines, broken: BTreeSet::new(), found: Vec::new() }
    }

    /// Takes over the lines that are no TOML.
    pub fn syntax(&mut self, lines: Vec<BrokenLine>) {
        for BrokenLine { place, key, message } in lines {
            self.broken.insert(place.0);
            self.found.push(Fault::at(self.path, place, key, message));
        }
    }

    /// Unknown sections, and keys outside of all sections.
    pub fn sections(&mut self, root: &DeTable<'t>) {
        for (key, _) in root.iter() {
            let name: &str = key.get_ref();
            if SECTIONS.iter().any(|section| section.name == name) {
                continue;
            }
            let hint = schema::meant_section(name).unwrap_or_else(|| {
                let all: Vec<String> = SECTIONS.iter().map(Section::header).collect();
                format!("there are {}", all.join(", "))
            });
            self.report(key.span().start, name, format!("is not known: {hint}"), Weight::Fault);
        }
    }

    /// The table of a section that stands once.
    pub fn table(&mut self, root: &'t DeTable<'t>, section: &'static Section) -> Table<'t> {
        let absent = Table { section, keys: None, offset: 0 };
        let Some((key, value)) = root.get_key_value(section.name) else { return absent };
        let DeValue::Table(keys) = value.get_ref() else {
            let message = format!("must be a section: write {} once", section.header());
            self.report(key.span().start, section.name, message, Weight::Fault);
            return absent;
        };
        let table = Table { section, keys: Some(keys), offset: key.span().start };
        self.unknown_keys(&table);
        table
    }

    /// The tables of a section that may stand many times.
    pub fn tables(&mut self, root: &'t DeTable<'t>, section: &'static Section) -> Vec<Table<'t>> {
        let Some((key, value)) = root.get_key_value(section.name) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            let message = format!("write {} with two brackets, once for each", section.header());
            self.report(key.span().start, section.name, message, Weight::Fault);
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(items.len());
        for item in items.iter() {
            let offset = item.span().start;
            let DeValue::Table(keys) = item.get_ref() else {
                let message = format!("write {} with keys under it", section.header());
                self.report(offset, section.name, message, Weight::Fault);
                continue;
            };
            let table = Table { section, keys: Some(keys), offset };
            self.unknown_keys(&table);
            tables.push(table);
        }
        tables
    }

    /// The value of `key`; absent and faulty are both `None`, the latter with its fault told.
    pub fn value<T>(
        &mut self,
        table: &Table<'t>,
        key: &'static str,
        parse: impl FnOnce(&'t DeValue<'t>) -> Parsed<T>,
    ) -> Option<T> {
        debug_assert!(table.section.keys.contains(&key), "{key} is missing in the schema");
        let value = table.value(key)?;
        parse(value.get_ref()).map_err(|message| self.fault(table, key, message)).ok()
    }

    /// A list of values; a faulty one is told where it stands and left out.
    pub fn list<T>(
        &mut self,
        table: &Table<'t>,
        key: &'static str,
        parse: impl Fn(&'t DeValue<'t>) -> Parsed<T>,
    ) -> Vec<(usize, T)> {
        debug_assert!(table.section.keys.contains(&key), "{key} is missing in the schema");
        let Some(value) = table.value(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            let found = values::kind(value.get_ref());
            self.fault(table, key, format!("is {found}: write a list, like [\"one\", \"two\"]"));
            return Vec::new();
        };
        let mut list = Vec::with_capacity(items.len());
        for item in items.iter() {
            match parse(item.get_ref()) {
                Ok(parsed) => list.push((item.span().start, parsed)),
                Err(message) => {
                    let name = full_name(table.section, key);
                    self.report(item.span().start, &name, message, Weight::Fault);
                }
            }
        }
        list
    }

    pub fn fault(&mut self, table: &Table<'t>, key: &str, message: impl Into<String>) {
        self.note(table, key, Weight::Fault, message);
    }

    pub fn note(&mut self, table: &Table<'t>, key: &str, weight: Weight, text: impl Into<String>) {
        self.note_at(table.offset(key), table.section, key, weight, text);
    }

    /// A note about one place inside a value, or where no table is at hand.
    pub fn note_at(
        &mut self,
        offset: usize,
        section: &Section,
        key: &str,
        weight: Weight,
        message: impl Into<String>,
    ) {
        self.report(offset, &full_name(section, key), message.into(), weight);
    }

    /// The line of a byte offset, from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset)
    }

    /// Whether the line of this table's head, or one up to the next head, is no TOML: then
    /// what seems to be missing may well stand there.
    pub fn is_broken(&self, table: &Table<'t>) -> bool {
        let first = self.line(table.offset);
        let end = self
            .text
            .lines()
            .enumerate()
            .skip(first)
            .find(|(_, line)| line.trim_start().starts_with('['))
            .map_or(usize::MAX, |(index, _)| index + 1);
        self.broken.range(first..end).next().is_some()
    }

    /// The notes if nothing is wrong, else everything that is, in the order of the file.
    pub fn finish(mut self) -> Result<Vec<Fault>, Vec<Fault>> {
        self.found.sort_by_key(|fault| fault.place);
        if self.found.iter().any(|fault| fault.weight == Weight::Fault) {
            return Err(self.found);
        }
        Ok(self.found)
    }

    fn unknown_keys(&mut self, table: &Table<'t>) {
        for (key, _) in table.keys.into_iter().flat_map(|keys| keys.iter()) {
            let name: &str = key.get_ref();
            if table.section.keys.contains(&name) {
                continue;
            }
            let hint = schema::meant(name, table.section).unwrap_or_else(|| {
                format!("{} has {}", table.section.header(), table.section.keys.join(", "))
            });
            let full = full_name(table.section, name);
            self.report(key.span().start, &full, format!("is not known: {hint}"), Weight::Fault);
        }
    }

    fn report(&mut self, offset: usize, key: &str, message: String, weight: Weight) {
        let place = self.place(offset);
        if !self.broken.contains(&place.0) {
            let fault = Fault::at(self.path, place, key, message);
            self.found.push(Fault { weight, ..fault });
        }
    }

    fn place(&self, offset: usize) -> (usize, usize) {
        let line = self.line(offset);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let (_, column) = position(self.text.get(start..).unwrap_or_default(), offset - start);
        (line, column)
    }
}

fn full_name(section: &Section, key: &str) -> String {
    if key.is_empty() {
        return section.name.to_owned();
    }
    format!("{}.{key}", section.name)
}
