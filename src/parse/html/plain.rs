//! HTML to plain text, and text to HTML.
//!
//! In: markup, trusted or not. Out: characters that mean themselves. Each function is one
//! scan, linear in its input.

use std::borrow::Cow;

use super::{
    allow,
    entities::{Sink, decode_into},
    pieces::{Piece, Tags},
};
use crate::model::position;

/// The text of `html`: tags gone, entities decoded, white space folded to single spaces.
///
/// Block elements part words, inline ones do not. What is in `script`, `style` and the like
/// is no text. A `<` that starts no tag stays.
pub(super) fn text(html: &str) -> String {
    let mut out = Folded::with_capacity(html.len());
    let mut tags = Tags::new(html);
    while let Some(piece) = tags.next() {
        match piece {
            Piece::Text(text) => decode_into(text, &mut out),
            Piece::Start { name, closed } => {
                if allow::is_block(&name_of(name)) {
                    out.push(' ');
                }
                if let Some(removed) = removed(name).filter(|_| !closed) {
                    tags.skip_past_end_tag(removed);
                }
            }
            Piece::End { name, .. } => {
                if allow::is_block(&name_of(name)) {
                    out.push(' ');
                }
            }
            Piece::Other(_) => {}
        }
    }
    out.text
}

/// Text as HTML that shows it, as the gate writes it: no-break spaces are told.
pub(super) fn escape_text_into(text: &str, html: &mut String) {
    let special = |byte| (byte == b'&') | (byte == b'<') | (byte == b'>') | (byte == NBSP_BEGIN);
    write_escaped(text, special, html);
}

/// For a value between double quotes, in the same way.
pub(super) fn escape_attribute_into(text: &str, html: &mut String) {
    let special = |byte| {
        (byte == b'&') | (byte == b'<') | (byte == b'>') | (byte == b'"') | (byte == NBSP_BEGIN)
    };
    write_escaped(text, special, html);
}

/// The first byte of U+00A0 in UTF-8, and of other signs.
pub(super) const NBSP_BEGIN: u8 = 0xc2;

fn write_escaped(text: &str, special: impl Fn(u8) -> bool + Copy, html: &mut String) {
    let mut rest = text;
    while let Some(at) = position(rest.as_bytes(), special) {
        let (head, tail) = rest.split_at(at);
        html.push_str(head);
        let mut letters = tail.chars();
        match letters.next() {
            Some('&') => html.push_str("&amp;"),
            Some('<') => html.push_str("&lt;"),
            Some('>') => html.push_str("&gt;"),
            Some('"') => html.push_str("&quot;"),
            Some('\u{a0}') => html.push_str("&nbsp;"),
            Some(other) => html.push(other),
            None => {}
        }
        rest = letters.as_str();
    }
    html.push_str(rest);
}

/// White space folded, entities decoded, tags left as they stand.
pub(super) fn decoded(text: &str) -> String {
    let mut out = Folded::with_capacity(text.len());
    decode_into(text, &mut out);
    out.text
}

/// Entities decoded, everything else as it stands.
pub(super) fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    decode_into(text, &mut out);
    out
}

/// White space folded, nothing else.
pub(super) fn folded(text: &str) -> String {
    let mut out = Folded::with_capacity(text.len());
    out.push_str(text);
    out.text
}

/// How sure it is that a text is markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    /// Something that reads as a tag of HTML.
    Tag,
    /// A tag that is closed, or needs no closing: not just one that is talked about.
    Pair,
}

/// Whether a text of unsaid kind is markup.
///
/// "The `<script>` tag" is a title that means its characters, "`<i>Stop</i>`" is not.
pub(super) fn looks_like_markup(text: &str, evidence: Evidence) -> bool {
    if !text.contains('<') {
        return false;
    }
    let mut tags = Tags::new(text);
    let mut opened: Vec<&str> = Vec::new();
    while let Some(piece) = tags.next() {
        match piece {
            Piece::Start { name, closed } => {
                let known = allow::is_known(&name_of(name));
                if known && (evidence == Evidence::Tag || closed || allow::is_void(&name_of(name)))
                {
                    return true;
                }
                if opened.len() < MAX_OPENED {
                    opened.push(name);
                }
            }
            Piece::End { name } => {
                if opened.iter().any(|opened| opened.eq_ignore_ascii_case(name))
                    || (evidence == Evidence::Tag && allow::is_known(&name_of(name)))
                {
                    return true;
                }
            }
            Piece::Other(text) => {
                if text.starts_with("<!--") {
                    return true;
                }
            }
            Piece::Text(_) => {}
        }
    }
    false
}

fn removed(name: &str) -> Option<&'static str> {
    allow::REMOVED_WITH_CONTENT.iter().copied().find(|removed| removed.eq_ignore_ascii_case(name))
}

fn name_of(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        name.to_ascii_lowercase().into()
    } else {
        name.into()
    }
}

/// A text that never has two white spaces side by side, nor one at its ends.
struct Folded {
    text: String,
    space: bool,
}

impl Folded {
    fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes.min(MAX_RESERVED)), space: false }
    }
}

impl Sink for Folded {
    fn push(&mut self, letter: char) {
        if letter.is_whitespace() {
            self.space = true;
        } else if !is_unprintable(letter) {
            if std::mem::take(&mut self.space) && !self.text.is_empty() {
                self.text.push(' ');
            }
            self.text.push(letter);
        }
    }

    fn push_str(&mut self, text: &str) {
        for letter in text.chars() {
            self.push(letter);
        }
    }
}

/// Controls, and what no font shows: they would hide in terminals and in comparisons.
pub(super) fn is_unprintable(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}' | '\u{FFF9}'..='\u{FFFB}')
}

/// Tags remembered in search of their end tags.
const MAX_OPENED: usize = 64;
/// Room taken at once; most texts are far smaller than their markup.
const MAX_RESERVED: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_keeps_what_is_no_tag() {
        for (html, expected) in [
            ("a < b", "a < b"),
            ("I <3 you", "I <3 you"),
            ("<!DOCTYPE ~", "<!DOCTYPE ~"),
            ("RSS <<<Tutorial", "RSS <<<Tutorial"),
            ("x &lt;b&gt; y", "x <b> y"),
            ("AT&T &copy=2 &amp; &#8220;q&#x94;", "AT&T &copy=2 & \u{201C}q\u{201D}"),
            ("&nosuch; & &;", "&nosuch; & &;"),
        ] {
            assert_eq!(text(html), expected, "{html}");
        }
    }

    #[test]
    fn text_drops_tags_comments_and_scripts() {
        for (html, expected) in [
            ("<p>one</p><p>two</p>", "one two"),
            ("o<b>n</b>e<br>two", "one two"),
            ("safe<script>evil('</p>')</script> text", "safe text"),
            ("sa<!-- -- nonwhitespace >fe", "safe"),
            ("a<!-- b > c -->d", "ad"),
            ("<a title='>' href=\"x>y\">z</a>", "z"),
            ("<STYLE>p{}</STYLE >x", "x"),
            ("safe<iframe src='x'/> text", "safe text"),
            ("a&nbsp;&nbsp;b\u{200B}", "a b\u{200B}"),
        ] {
            assert_eq!(text(html), expected, "{html}");
        }
    }

    #[test]
    fn a_tag_that_is_talked_about_is_no_markup() {
        for (html, expected) in [
            ("How the <script> tag works", false),
            ("Vec<T> and a <b c", false),
            ("<i>Stop</i>", true),
            ("one<br>two", true),
            ("one<br/>two", true),
            ("<x>y</x>", true),
            ("x <!-- y --> z", true),
        ] {
            assert_eq!(looks_like_markup(html, Evidence::Pair), expected, "{html}");
        }
        assert!(looks_like_markup("<p>never closed", Evidence::Tag));
        assert!(!looks_like_markup("1 <2> 3", Evidence::Tag));
    }

    #[test]
    fn hostile_texts_take_linear_time() {
        for part in ["<", "<a ", "<a b=\"", "<a b='>", "&", "&#", "<!--", "</script", "<script>"] {
            let _ = text(&part.repeat(300_000));
            let _ = looks_like_markup(&part.repeat(300_000), Evidence::Pair);
        }
    }
}
