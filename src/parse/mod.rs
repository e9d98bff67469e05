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

#[cfg(test)]
mod agree;
mod dates;
mod decode;
pub mod discover;
mod extract;
mod finish;
mod guid;
#[cfg(test)]
mod hostile;
pub mod html;
mod json;
mod lenient;
mod mojibake;
mod plain;
mod urls;

use crate::model::{
    Document, Entry, FeedMeta, ParsedFeed, READER_LINE, RawEntry, RawFeed, RawText, TextKind, Time,
};
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

/// Reads the document: fields found, nothing made harmless yet, no guid twice.
pub fn read(document: &Document) -> Result<RawFeed, ParseError> {
    let (mut feed, has_repeats) = read_with(document, true)?;
    if has_repeats {
        guid::drop_repeats(&mut feed.entries);
    }
    Ok(feed)
}

/// [`read`] without the help of feed-rs, to compare and to measure.
#[doc(hidden)]
pub fn read_leniently(document: &Document) -> Result<RawFeed, ParseError> {
    Ok(read_with(document, false)?.0)
}

/// Both halves at once. Shows entries that stand there twice, too; a date after `now` is
/// clamped to it.
pub fn parse(document: &Document, now: Time) -> Result<ParsedFeed, ParseError> {
    let RawFeed { hints, links, meta, mut repairs, entries } = read_with(document, true)?.0;
    let meta = finish_meta(meta, now);
    let entries = entries.into_iter().map(|raw| finish(raw, now, &mut repairs)).collect();
    Ok(ParsedFeed { meta, entries, hints, links, repairs })
}

/// The same, one entry after the other, so that a large document costs no more than its
/// reading. Repairs of an entry are known once it has been given out.
pub fn parse_each(document: &Document, now: Time) -> Result<Parsing, ParseError> {
    let (raw, _) = read_with(document, true)?;
    let meta = finish_meta(raw.meta, now);
    Ok(Parsing { meta, repairs: raw.repairs, now, entries: raw.entries.into_iter() })
}

/// A document that is being finished: an iterator over its entries.
#[derive(Debug)]
pub struct Parsing {
    pub meta: FeedMeta,
    pub repairs: Vec<String>,
    now: Time,
    entries: std::vec::IntoIter<RawEntry>,
}

impl Iterator for Parsing {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let raw = self.entries.next()?;
        Some(finish(raw, self.now, &mut self.repairs))
    }
}

/// Reads with or without the help of feed-rs; what comes out is the same.
///
/// Tells, too, whether entries stand there twice.
fn read_with(document: &Document, plain_allowed: bool) -> Result<(RawFeed, bool), ParseError> {
    let decoded = decode::decode(&document.bytes, document.content_type.as_deref());
    let text = decoded.text.as_ref();
    let context = Context { base: document.base.as_ref() };
    if text.trim().is_empty() {
        return Err(ParseError::Empty);
    }
    let mut found = match text.find(['<', '{']) {
        None => {
            let reason = "it holds neither XML nor JSON".to_owned();
            return Err(ParseError::NotAFeed { reason });
        }
        Some(start) if text.get(start..).is_some_and(|text| text.starts_with('{')) => {
            match json::read(text.get(start..).unwrap_or_default(), &context) {
                // A brace in front of XML is junk like any other.
                Err(error) => lenient::read(text, &context).map_err(|_| error)?,
                Ok(mut found) => {
                    found.repairs.push(format!("{READER_LINE}JSON"));
                    found
                }
            }
        }
        _ => {
            let plain = match (plain_allowed, decoded.repairs.is_empty()) {
                (false, _) => Err("not asked for"),
                (_, false) => Err("characters that had to be mended"),
                _ => plain::read(text, &context),
            };
            match plain {
                Ok(mut found) => {
                    found.repairs.push(format!("{READER_LINE}feed-rs (a plain document)"));
                    found
                }
                Err(reason) => {
                    let mut found = lenient::read(text, &context)?;
                    found.repairs.push(format!("{READER_LINE}lenient ({reason})"));
                    found
                }
            }
        }
    };
    let mut repairs = decoded.repairs;
    repairs.append(&mut found.repairs);
    Ok(settle(found, repairs, &context))
}

/// Names longer than this, all together, are not handed down to every entry.
const MAX_HANDED_DOWN_BYTES: usize = 1024;

/// What entries have from their feed, and what concerns all texts alike.
fn settle(found: Found, mut repairs: Vec<String>, context: &Context<'_>) -> (RawFeed, bool) {
    let Found {
        meta, mut title, mut description, authors, hints, links, mut entries, base, ..
    } = found;
    let mut twice = [&mut title, &mut description].into_iter().map(decode_again).sum::<usize>();
    let meta = FeedMeta {
        title: title.map(|title| html::title(&title)).filter(|title| !title.is_empty()),
        description: description.and_then(|description| {
            let cleaned = html::clean(&description)?;
            Some(cleaned.html.into_string())
        }),
        ..meta
    };
    // A document read from a file has no address; the feed's own links are the next best.
    let base = base.filter(|_| context.base.is_none());
    let authors_bytes: usize = authors.iter().map(String::len).sum();
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
        for name in entry.authors.iter_mut().chain(&mut entry.categories) {
            twice += name_without_references(name);
        }
        for text in [&mut entry.title, &mut entry.summary, &mut entry.content] {
            twice += decode_again(text);
        }
        for text in [&mut entry.summary, &mut entry.content].into_iter().flatten() {
            if text.base.is_none() && text.kind != TextKind::Plain && text.text.contains('<') {
                text.base.clone_from(&base);
            }
        }
    }
    if twice > 0 {
        repairs.push(format!("{twice} texts that were encoded as UTF-8 twice decoded once more"));
    }
    let has_repeats = guid::settle(&mut entries, &mut repairs);
    (RawFeed { meta, entries, hints, links, repairs }, has_repeats)
}

/// Mends a text that was encoded twice; tells whether it was.
fn decode_again(text: &mut Option<RawText>) -> usize {
    let Some(text) = text else { return 0 };
    let Some(mended) = mojibake::mended(&text.text) else { return 0 };
    text.text = mended;
    1
}

/// Names are text, but many programs escape them as if they were markup.
fn name_without_references(name: &mut String) -> usize {
    if name.contains('&') {
        *name = lenient::decode_references(name);
    }
    let Some(mended) = mojibake::mended(name) else { return 0 };
    *name = mended;
    1
}
