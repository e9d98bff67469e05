//! Publisher's text made harmless and whole.
//!
//! In: a [`RawText`]. Out: [`Html`] that is safe to show, or plain text. Never here: what
//! the feed calls the field, or how long it may be when it is stored.
//!
//! The road of markup: [`rebuild`] makes it small and regular, [`straight`] does the same for
//! what is plainly written, [`gate`] judges it, by what [`regular`] says of it or by parsing
//! it again. [`plain`]
//! reads text out of markup and tells whether a text is markup at all.

mod allow;
mod entities;
mod gate;
mod pieces;
mod plain;
mod rebuild;
mod regular;
mod straight;
pub(crate) mod tokens;

use memchr::memmem;
use url::Url;

use crate::model::{Html, RawText, TextKind, position};
pub use gate::RULES_VERSION;

/// A field made ready, and what had to be given up for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cleaned {
    pub html: Html,
    /// For the publisher, in words; `None` where nothing was lost.
    pub repair: Option<&'static str>,
}

/// The field as harmless HTML; `None` where it says nothing.
///
/// A text of unsaid kind (RSS `description`) is markup if any tag of HTML is in it, else
/// characters with entities in them, as RSS has always been written. What is too large or
/// too heavy to parse is kept as plain text.
pub(crate) fn clean(raw: &RawText) -> Option<Cleaned> {
    let text = raw.text.trim();
    if text.is_empty() {
        return None;
    }
    let markup = match raw.kind {
        TextKind::Plain => return Some(plain_field(&printable(text), None)),
        TextKind::Html => true,
        TextKind::Unsaid => plain::looks_like_markup(text, plain::Evidence::Tag),
    };
    let cleaned = if text.len() > MAX_FIELD_BYTES {
        as_text(text, TOO_LONG)
    } else if markup {
        markup_field(text, raw.base.as_ref())
    } else {
        plain_field(&printable(&plain::unescaped(text)), None)
    };
    (!cleaned.html.as_str().trim().is_empty()).then_some(cleaned)
}

/// HTML that older rules let through, by today's: what is in order stays as it is. `None` where
/// nothing is left of it.
pub fn again(html: &str) -> Option<Html> {
    let stored = RawText { text: html.to_owned(), kind: TextKind::Html, base: None };
    clean(&stored).map(|cleaned| cleaned.html)
}

/// The field as plain text in one line, for titles and names.
///
/// Markup for certain loses its tags; a text of unsaid kind only where they come in pairs,
/// so that "How the `<script>` tag works" keeps its point. Its entities are decoded once
/// more either way: RSS titles are escaped twice as often as not.
pub(crate) fn title(raw: &RawText) -> String {
    let text = bounded(&raw.text, MAX_TITLE_MARKUP_BYTES);
    match raw.kind {
        TextKind::Plain => plain::folded(text),
        TextKind::Html => plain::text(text),
        TextKind::Unsaid if plain::looks_like_markup(text, plain::Evidence::Pair) => {
            plain::text(text)
        }
        TextKind::Unsaid => plain::decoded(text),
    }
}

/// The words of a sanitized field, white space folded: for search, fingerprints, excerpts.
pub fn text(html: &Html) -> String {
    plain::text(html.as_str())
}

/// White space folded to single spaces, controls gone: a line that fits anywhere.
pub(crate) fn one_line(text: &str) -> String {
    plain::folded(text)
}

fn markup_field(text: &str, base: Option<&Url>) -> Cleaned {
    if !text.contains('<') {
        return plain_field(&printable(&plain::unescaped(text)), None);
    }
    let (written, thinned) = match straight::rebuilt(text, base) {
        Some(html) => (html, false),
        None => match rebuild::rebuild(text, base) {
            Ok(rebuilt) => (rebuilt.html, rebuilt.thinned),
            Err(tokens::TooHeavy) => return as_text(text, TOO_HEAVY),
        },
    };
    match settled(written) {
        Some(html) => Cleaned { html, repair: thinned.then_some(TOO_DEEP) },
        None => as_text(text, UNSETTLED),
    }
}

/// What the gate gives back as it came, reached by writing anew what it changes. `None` where
/// that takes too long.
///
/// HTML's parser is no function that stays where it is: what it moves out of a table (13.2.6.1,
/// "foster parenting") may stand where it is moved or closed once more, a heading in a heading,
/// a link in a link. Nearly always the gate changes nothing, and little happens twice.
fn settled(written: String) -> Option<Html> {
    let mut written = written;
    for _ in 0..MAX_READINGS {
        // Only now: character references have become characters.
        match gate::judged(without_first_lines(without_controls(written))) {
            // What was spelled out may only now read as an image that is written out.
            gate::Judged::AsItCame(html) if !rebuild::has_ballast(html.as_str()) => {
                return Some(html);
            }
            gate::Judged::AsItCame(html) | gate::Judged::Changed(html) => {
                written = rebuild::rebuild(html.as_str(), None).ok()?.html;
            }
        }
    }
    None
}

fn plain_field(text: &str, repair: Option<&'static str>) -> Cleaned {
    let bounded = bounded(text, MAX_FIELD_BYTES);
    let repair = repair.or((bounded.len() < text.len()).then_some(TOO_LONG));
    let mut html = String::with_capacity(bounded.len() + bounded.len() / 16);
    plain::escape_text_into(bounded, &mut html);
    Cleaned { html: Html::sanitized(html), repair }
}

fn as_text(markup: &str, repair: &'static str) -> Cleaned {
    plain_field(&plain::text(markup), Some(repair))
}

fn printable(text: &str) -> String {
    text.chars().filter(|letter| is_kept(*letter)).collect()
}

fn without_controls(html: String) -> String {
    // What is left out begins with one of these bytes in UTF-8; few texts have them.
    let closer_look =
        |byte: u8| straight::is_control(byte) | (byte == 0x7f) | (byte == 0xc2) | (byte == 0xef);
    let is_clean = position(html.as_bytes(), closer_look).is_none();
    if is_clean || html.chars().all(is_kept) { html } else { printable(&html) }
}

/// Without line ends right behind `<pre>`: HTML's parser takes one of them away each time that
/// it reads (13.2.6.4.7), and what is cleaned once more would lose another.
fn without_first_lines(html: String) -> String {
    const PRE: &str = "<pre";
    if memmem::find(html.as_bytes(), PRE.as_bytes()).is_none() {
        return html;
    }
    let mut out = String::with_capacity(html.len());
    let mut rest = html.as_str();
    while let Some((before, tag_on)) = rest.split_once(PRE) {
        out.push_str(before);
        out.push_str(PRE);
        let end = tag_on.find('>').map_or(tag_on.len(), |end| end + 1);
        let (tag, behind) = tag_on.split_at(end);
        out.push_str(tag);
        rest = behind.trim_start_matches('\n');
    }
    out.push_str(rest);
    out
}

fn is_kept(letter: char) -> bool {
    matches!(letter, '\n' | '\t') || !plain::is_unprintable(letter)
}

/// At most `bytes` of the text, cut between characters.
pub(crate) fn bounded(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

const TOO_LONG: &str = "text over 1 MiB: kept as plain text, the rest cut";
const TOO_HEAVY: &str = "a tag over 64 KiB or with thousands of attributes: kept as plain text";
const TOO_DEEP: &str = "elements nested deeper than 256 or more than 30000: those tags left out";
const UNSETTLED: &str = "elements so misplaced that no two readings agree: kept as plain text";

/// How often the gate reads one field. A publisher's slip takes two, a slip in a slip three.
const MAX_READINGS: usize = 6;
/// The longest honest articles are a tenth of this.
const MAX_FIELD_BYTES: usize = 1024 * 1024;
/// Markup of a title that is read at all; the title itself is cut later.
const MAX_TITLE_MARKUP_BYTES: usize = 32 * 1024;

#[cfg(test)]
mod tests;
