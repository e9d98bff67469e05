//! Bytes to entries, and what had to be mended on the way.
//!
//! In: a [`Document`]. Out: a [`RawFeed`] (`read`), and finished [`Entry`]s (`finish`).
//! Never here: I/O, a clock, logs. Every limit has a name; what is beyond it is cut or
//! refused, never a panic.
//!
//! `decode` makes characters of bytes. Then one of three readers finds the fields: `plain`
//! (feed-rs, for documents that it carries in full), `lenient` with `extract` (for every
//! other XML), `json`. `guid` settles which entry is which. `finish` with `html` is the
//! costly half, only for entries that are new or changed.

mod dates;
mod decode;
pub mod discover;
mod extract;
mod finish;
mod guid;
pub mod html;
mod json;
mod lenient;
mod plain;
mod urls;

use crate::model::{Document, Entry, FeedMeta, ParsedFeed, RawFeed, TextKind, Time};
use extract::{Context, Found};

pub use finish::{finish, finish_meta};

/// Why nothing could be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("document is empty")]
    Empty,
    #[error("not a feed: {reason}")]
    NotAFeed { reason: String },
}

/// Reads the document: fields found, nothing made harmless yet.
pub fn read(document: &Document) -> Result<RawFeed, ParseError> {
    read_with(document, true)
}

/// Both halves at once, for `merganser parse`.
///
/// A date after `now` is clamped to it.
pub fn parse(document: &Document, now: Time) -> Result<ParsedFeed, ParseError> {
    let raw = read(document)?;
    let mut repairs = raw.repairs;
    let entries: Vec<Entry> =
        raw.entries.into_iter().map(|entry| finish(entry, now, &mut repairs)).collect();
    let meta = finish_meta(raw.meta, now);
    Ok(ParsedFeed { meta, entries, hints: raw.hints, links: raw.links, repairs })
}

/// Reads with or without the help of feed-rs; what comes out is the same.
fn read_with(document: &Document, plain_allowed: bool) -> Result<RawFeed, ParseError> {
    let decoded = decode::decode(&document.bytes, document.content_type.as_deref());
    let text = decoded.text.as_ref();
    let context = Context { base: document.base.as_ref() };
    if text.trim().is_empty() {
        return Err(ParseError::Empty);
    }
    let mut found = match (text.find('<'), text.find('{')) {
        (None, None) => {
            let reason = "it holds neither XML nor JSON".to_owned();
            return Err(ParseError::NotAFeed { reason });
        }
        (xml, Some(json)) if xml.is_none_or(|xml| json < xml) => {
            match json::read(text.get(json..).unwrap_or_default(), &context) {
                // A brace in front of XML is junk like any other.
                Err(error) => lenient::read(text, &context).map_err(|_| error)?,
                Ok(found) => found,
            }
        }
        _ => {
            let clean = plain_allowed && decoded.repairs.is_empty();
            match plain::read(text, &context, clean) {
                Ok(found) => found,
                Err(reason) => {
                    let mut found = lenient::read(text, &context)?;
                    found.repairs.push(format!("read by the lenient reader: {reason}"));
                    found
                }
            }
        }
    };
    let mut repairs = decoded.repairs;
    repairs.append(&mut found.repairs);
    Ok(settle(found, repairs, &context))
}

/// A base longer than this is not handed down to every entry.
const MAX_HANDED_DOWN_BYTES: usize = 1024;

/// What entries have from their feed, and from each other.
fn settle(found: Found, mut repairs: Vec<String>, context: &Context<'_>) -> RawFeed {
    let Found { meta, title, description, authors, hints, links, mut entries, .. } = found;
    let meta = FeedMeta {
        title: title.map(|title| html::title(&title)).filter(|title| !title.is_empty()),
        description: description.and_then(|description| {
            let cleaned = html::clean(&description)?;
            Some(cleaned.html.into_string())
        }),
        ..meta
    };
    let authors_bytes: usize = authors.iter().map(String::len).sum();
    // A document read from a file has no address; the feed's page is the next best base.
    let base = context.base.is_none().then_some(meta.home_page.as_ref()).flatten();
    let base = base.filter(|base| base.as_str().len() <= MAX_HANDED_DOWN_BYTES);
    for entry in &mut entries {
        // RFC 4287 section 4.2.1, and its source's author where there is one.
        if entry.authors.is_empty()
            && entry.origin.is_none()
            && authors_bytes <= MAX_HANDED_DOWN_BYTES
        {
            entry.authors.clone_from(&authors);
        }
        if entry.language.is_none() {
            entry.language.clone_from(&meta.language);
        }
        for text in [&mut entry.summary, &mut entry.content].into_iter().flatten() {
            if text.base.is_none() && text.kind != TextKind::Plain && text.text.contains('<') {
                text.base = base.cloned();
            }
        }
    }
    guid::settle(&mut entries, &mut repairs);
    RawFeed { meta, entries, hints, links, repairs }
}
