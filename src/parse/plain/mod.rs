//! feed-rs, for the documents that it carries in full.
//!
//! In: clean text. Out: a `Found` equal to what the lenient reader makes of it, or why the
//! document is not for feed-rs. `scan` decides, and `leaf` over texts. What stands before the
//! first entry is read by the lenient reader either way, since feed-rs has no word for half of
//! it; feed-rs gets the root and the entries, so it can neither refuse nor stumble over the
//! rest. Long texts of entries are taken from where they stand and put into what it found.

mod leaf;
mod scan;

use std::{
    io::Read,
    panic::{AssertUnwindSafe, catch_unwind},
};

use feed_rs::model;
use url::Url;

use super::{
    dates,
    extract::{Context, Found, one_line, push_once},
    lenient::{self, MAX_ENTRIES},
    urls,
};
use crate::model::{RawEntry, RawText, TextKind};
use leaf::MARK;
use scan::{Dialect, Plain};

/// As in `extract`.
const MAX_AUTHORS: usize = 32;
const MAX_CATEGORIES: usize = 64;

/// Reads a plain document, or says why it is none.
pub(super) fn read(text: &str, context: &Context<'_>) -> Result<Found, &'static str> {
    let plain = scan::scan(text)?;
    if plain.count > MAX_ENTRIES {
        return Err("too many entries");
    }
    let mut found =
        lenient::read_head(plain.head, plain.open, context).ok_or("a head that needs mending")?;
    let feed = feed_of(&plain)?;
    if feed.entries.len() != plain.count {
        return Err("feed-rs found another number of entries");
    }
    let base = context.base.or(found.base.as_ref());
    found.entries = feed.entries.into_iter().map(|entry| converted(entry, &plain, base)).collect();
    Ok(found)
}

fn feed_of(plain: &Plain<'_>) -> Result<model::Feed, &'static str> {
    let channel = match plain.dialect {
        Dialect::Rss2 => "<channel>",
        Dialect::Atom => "",
    };
    let source = plain.root.as_bytes().chain(channel.as_bytes()).chain(plain.entries.as_bytes());
    let parser = feed_rs::parser::Builder::new()
        .sanitize_content(false)
        // Ours is made later, by the same rule for every reader.
        .id_generator(|_, _, _| String::new())
        .timestamp_parser(dates::parse)
        .build();
    // feed-rs 3.0 panics on some authors and durations. None of them gets past the scan; a
    // panic that does is this document's misfortune only.
    catch_unwind(AssertUnwindSafe(|| parser.parse(source)))
        .map_err(|_| "feed-rs panicked")?
        .map_err(|_| "feed-rs refused it")
}

fn converted(entry: model::Entry, plain: &Plain<'_>, base: Option<&Url>) -> RawEntry {
    let dialect = plain.dialect;
    let links = &entry.links;
    let address = |wanted: &dyn Fn(&model::Link) -> bool| {
        links.iter().find(|link| wanted(link)).and_then(|link| urls::resolve(None, &link.href))
    };
    let url = address(&|link| {
        link.target.is_none() && link.rel.as_deref().is_none_or(|rel| rel == "alternate")
    });
    let comments = address(&|link| link.target == Some(model::LinkTarget::Comments));
    let mut authors = Vec::new();
    // As in `extract::tables`: dc:creator before author.
    let creators = entry.authors.iter().any(is_creator);
    for person in entry.authors.iter().filter(|person| is_creator(person) == creators) {
        push_once(&mut authors, one_line(person.name.as_deref().unwrap_or_default()), MAX_AUTHORS);
    }
    let mut categories = Vec::new();
    for category in &entry.categories {
        let name = category.label.as_deref().unwrap_or(&category.term);
        push_once(&mut categories, one_line(name), MAX_CATEGORIES);
    }
    let text = |text: model::Text| {
        let kind = kind(text.content_type.as_str(), dialect);
        raw_text(whole(text.content, plain), kind, base)
    };
    RawEntry {
        guid: trimmed(entry.id),
        comments: comments.filter(|comments| Some(comments) != url.as_ref()),
        url,
        title: entry.title.and_then(text),
        authors,
        published: entry.published,
        updated: match dialect {
            // feed-rs repeats `published` there.
            Dialect::Rss2 => None,
            Dialect::Atom => entry.updated,
        },
        summary: entry.summary.and_then(text),
        content: entry.content.and_then(|content| {
            let kind = match content.content_type.as_str() {
                "text/html" => TextKind::Html,
                _ => TextKind::Plain,
            };
            raw_text(whole(content.body?, plain), kind, base)
        }),
        categories,
        ..RawEntry::default()
    }
}

/// The text itself, where another stands for it.
fn whole(text: String, plain: &Plain<'_>) -> String {
    let number = text.trim().strip_prefix(MARK).and_then(|number| number.parse::<usize>().ok());
    match number.and_then(|number| plain.texts.get(number)) {
        Some(source) => leaf::decoded(source),
        None => text,
    }
}

/// RSS does not say what its texts are, whatever feed-rs makes of them.
fn kind(media_type: &str, dialect: Dialect) -> TextKind {
    match (dialect, media_type) {
        (Dialect::Rss2, _) => TextKind::Unsaid,
        (Dialect::Atom, "text/html") => TextKind::Html,
        (Dialect::Atom, _) => TextKind::Plain,
    }
}

fn raw_text(text: String, kind: TextKind, base: Option<&Url>) -> Option<RawText> {
    let text = trimmed(text);
    if text.is_empty() {
        return None;
    }
    let base = base.filter(|_| text.contains('<')).cloned();
    Some(RawText { text, kind, base })
}

fn trimmed(text: String) -> String {
    let trimmed = text.trim();
    if trimmed.len() == text.len() { text } else { trimmed.to_owned() }
}

fn is_creator(person: &model::Person) -> bool {
    person.role.as_deref() == Some("creator")
}
