//! `[[output]]`: the merged feeds that are handed out.

use std::collections::{HashMap, HashSet};

use toml::de::DeTable;

use crate::model::{FeedSetting, OutputFilter, OutputSetting, Rule};

use super::{
    Surroundings,
    fault::Weight,
    feeds::tag,
    reader::{Reader, Table},
    schema, values,
};

/// The outputs of the config; one of everything where it names none.
pub(super) fn read<'t>(
    reader: &mut Reader<'t>,
    root: &'t DeTable<'t>,
    around: &Surroundings,
    feeds: &[FeedSetting],
) -> Vec<OutputSetting> {
    let tables = reader.tables(root, &schema::OUTPUT);
    if tables.is_empty() {
        return vec![everything()];
    }
    let mut lines_of_names = HashMap::new();
    tables.iter().map(|table| output(reader, table, around, feeds, &mut lines_of_names)).collect()
}

fn everything() -> OutputSetting {
    OutputSetting {
        name: "all".to_owned(),
        title: "Everything".to_owned(),
        description: None,
        limit: DEFAULT_LIMIT,
        filter: OutputFilter::default(),
        name_others: false,
        path: None,
    }
}

fn output<'t>(
    reader: &mut Reader<'t>,
    table: &Table<'t>,
    around: &Surroundings,
    feeds: &[FeedSetting],
    lines: &mut HashMap<String, usize>,
) -> OutputSetting {
    let fallback = everything();
    let name = name(reader, table, lines).unwrap_or_else(|| fallback.name.clone());
    let title = reader.value(table, "title", values::word).unwrap_or_else(|| {
        if name == fallback.name { fallback.title.clone() } else { name.clone() }
    });
    let number = |reader: &mut Reader<'t>, key| {
        reader.value(table, key, |value| values::number(value, 1..=LARGEST_LIMIT))
    };
    let filter = OutputFilter {
        tags: tags(reader, table, feeds),
        feeds: feed_names(reader, table, feeds),
        include: words(reader, table, "include"),
        exclude: words(reader, table, "exclude"),
        max_per_feed: number(reader, "max_per_feed"),
    };
    OutputSetting {
        title,
        description: reader.value(table, "description", values::word),
        limit: number(reader, "limit").unwrap_or(fallback.limit),
        filter,
        name_others: reader
            .value(table, "name_others", values::yes_or_no)
            .unwrap_or(fallback.name_others),
        path: reader
            .value(table, "path", values::word)
            .map(|path| around.state_file(path.as_ref())),
        name,
    }
}

fn name<'t>(
    reader: &mut Reader<'t>,
    table: &Table<'t>,
    lines: &mut HashMap<String, usize>,
) -> Option<String> {
    let name = if table.has("name") {
        reader.value(table, "name", values::name)?
    } else {
        everything().name
    };
    let line = reader.line(table.offset("name"));
    if let Some(taken) = PAGES.iter().find(|page| **page == name) {
        let message =
            format!("\"{taken}\" is the address of a page of merganser's own: write another");
        reader.fault(table, "name", message);
    }
    // One file name each, also on file systems that fold case.
    if let Some(first) = lines.insert(name.to_ascii_lowercase(), line) {
        let message =
            format!("\"{name}\" is already the output at line {first}: write another name");
        reader.fault(table, "name", message);
    }
    Some(name)
}

/// Names of feeds; one that no feed has is a fault: the output could never be what was meant.
fn feed_names<'t>(
    reader: &mut Reader<'t>,
    table: &Table<'t>,
    feeds: &[FeedSetting],
) -> Vec<String> {
    let names = reader.list(table, "feeds", values::word);
    let known: HashSet<&str> = feeds.iter().map(|feed| feed.name.as_str()).collect();
    for (offset, name) in &names {
        if !known.contains(name.as_str()) {
            let message = format!(
                "no feed is called \"{}\": write the name of a [[feed]]{}",
                values::shown(name),
                likely(name, known.iter().copied())
            );
            reader.note_at(*offset, &schema::OUTPUT, "feeds", Weight::Fault, message);
        }
    }
    names.into_iter().map(|(_, name)| name).collect()
}

/// Tags; one that no feed has is refused by `check`, but does not stop a running daemon whose
/// last feed of that tag was just taken out of the config.
fn tags<'t>(reader: &mut Reader<'t>, table: &Table<'t>, feeds: &[FeedSetting]) -> Vec<String> {
    let tags = reader.list(table, "tags", tag);
    let known: HashSet<&str> =
        feeds.iter().flat_map(|feed| feed.tags.iter().map(String::as_str)).collect();
    for (offset, tag) in &tags {
        if !known.contains(tag.as_str()) {
            let message = format!(
                "no feed has the tag \"{}\": write it under the [[feed]] that is meant{}",
                values::shown(tag),
                likely(tag, known.iter().copied())
            );
            reader.note_at(*offset, &schema::OUTPUT, "tags", Weight::Refused, message);
        }
    }
    tags.into_iter().map(|(_, tag)| tag).collect()
}

/// Rules over articles, each compiled once here so that a faulty one is told with its place.
fn words<'t>(reader: &mut Reader<'t>, table: &Table<'t>, key: &'static str) -> Vec<String> {
    let rule = |value| {
        let text = values::word(value)?;
        Rule::parse(&text).map_err(|fault| values::shown_long(&fault.to_string()))?;
        Ok(text)
    };
    reader.list(table, key, rule).into_iter().map(|(_, text)| text).collect()
}

fn likely<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> String {
    schema::nearest(word, known).map_or(String::new(), |near| format!("; did you mean \"{near}\"?"))
}

/// What the first document of an output holds where the config does not say.
const DEFAULT_LIMIT: u32 = 100;
/// A document of ten thousand articles is some 50 MB; a reader wants the newest.
const LARGEST_LIMIT: u32 = 10_000;
/// `/search.atom` is a page of our own.
const PAGES: &[&str] = &["search"];
