//! Bytes to entries, and what had to be mended on the way.
//!
//! In: a [`Document`]. Out: a [`RawFeed`] (`read`), and finished [`Entry`]s (`finish`).
//! Never here: I/O, a clock, logs. Every limit has a name; what is beyond it is cut or
//! refused, never a panic.

use crate::model::{Document, Entry, ParsedFeed, RawEntry, RawFeed, Time};

/// Why nothing could be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("document is empty")]
    Empty,
    #[error("not a feed: {reason}")]
    NotAFeed { reason: String },
}

/// Reads the document: fields found, nothing made harmless yet.
///
/// `now` bounds dates: one in the future is clamped to it at first sight.
pub fn read(_document: &Document) -> Result<RawFeed, ParseError> {
    todo!()
}

/// Makes one entry ready: plain title, harmless HTML, bounded text.
pub fn finish(_raw: RawEntry, _repairs: &mut Vec<String>) -> Entry {
    todo!()
}

/// Both at once, for `merganser parse`.
pub fn parse(document: &Document, _now: Time) -> Result<ParsedFeed, ParseError> {
    let raw = read(document)?;
    let mut repairs = raw.repairs;
    let entries = raw.entries.into_iter().map(|entry| finish(entry, &mut repairs)).collect();
    Ok(ParsedFeed { meta: raw.meta, entries, hints: raw.hints, links: raw.links, repairs })
}
