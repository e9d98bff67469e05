//! HTML to plain text, and text to HTML.
//!
//! In: markup, trusted or not. Out: characters that mean themselves. Each function is one
//! scan, linear in its input.

use std::borrow::Cow;

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

use super::allow;

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

/// Text as HTML that shows it.
pub(super) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 16);
    escape_into(text, &mut html);
    html
}

pub(super) fn escape_into(text: &str, html: &mut String) {
    write_escaped(text, &['&', '<', '>'], html);
}

/// For a value between double quotes.
pub(super) fn escape_attribute_into(text: &str, html: &mut String) {
    write_escaped(text, &['&', '<', '>', '"'], html);
}

fn write_escaped(text: &str, special: &[char], html: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(special) {
        let (head, tail) = rest.split_at(at);
        html.push_str(head);
        let mut letters = tail.chars();
        html.push_str(match letters.next() {
            Some('&') => "&amp;",
            Some('<') => "&lt;",
            Some('>') => "&gt;",
            _ => "&quot;",
        });
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

/// One piece of a text that may be HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Start {
        name: &'a str,
        closed: bool,
    },
    End {
        name: &'a str,
    },
    /// A comment, declaration or processing instruction.
    Other(&'a str),
}

/// Cuts a text into tags and what is between them.
struct Tags<'a> {
    rest: &'a str,
    /// Bytes behind the last ">" and the last "-->": so near the end nothing closes any more.
    without_close: usize,
    without_comment_close: usize,
    /// Elements whose end tag was looked for in vain.
    never_closed: Vec<&'static str>,
    /// Quoted values that never ended; after some, quotes are not believed any more, so
    /// that no text makes us look to its end over and over.
    broken_quotes: u32,
}

impl<'a> Tags<'a> {
    fn new(text: &'a str) -> Self {
        let behind = |mark: &str| text.len() - text.rfind(mark).map_or(0, |at| at + mark.len());
        Self {
            rest: text,
            without_close: behind(">"),
            without_comment_close: behind("-->"),
            never_closed: Vec::new(),
            broken_quotes: 0,
        }
    }

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        // A "<" that starts no tag belongs to the text around it.
        let mut from = 0;
        loop {
            let Some(at) = self.rest.get(from..).and_then(|rest| rest.find('<')) else {
                return Some(Piece::Text(std::mem::take(&mut self.rest)));
            };
            let at = from + at;
            let (text, markup) = self.rest.split_at(at);
            match self.tag(markup) {
                Some((piece, rest)) if text.is_empty() => {
                    self.rest = rest;
                    return Some(piece);
                }
                Some(_) => {
                    self.rest = markup;
                    return Some(Piece::Text(text));
                }
                None => from = at + 1,
            }
        }
    }

    /// The tag that `markup`, which starts with `<`, begins with, and what follows it.
    fn tag(&mut self, markup: &'a str) -> Option<(Piece<'a>, &'a str)> {
        let inside = markup.strip_prefix('<')?;
        if inside.len() <= self.without_close {
            return None;
        }
        if let Some(comment) = inside.strip_prefix("!--") {
            let (end, after) = if comment.len() > self.without_comment_close {
                (comment.find("-->")?, "-->")
            } else {
                // A comment that never ends: as far as the next ">", not to the end of all.
                (comment.find('>')?, ">")
            };
            let rest = comment.get(end + after.len()..)?;
            return Some((Piece::Other(markup), rest));
        }
        if inside.starts_with(['!', '?']) {
            let rest = inside.get(inside.find('>')? + 1..)?;
            return Some((Piece::Other(markup), rest));
        }
        let end_tag = inside.strip_prefix('/');
        let named = end_tag.unwrap_or(inside);
        if !named.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
            return None;
        }
        let name_end =
            named.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '<'))?;
        let (name, attributes) = named.split_at(name_end);
        let end = self.tag_end(attributes)?;
        let (attributes, rest) = attributes.split_at_checked(end)?;
        let rest = rest.strip_prefix('>')?;
        let piece = match end_tag {
            Some(_) => Piece::End { name },
            None => Piece::Start { name, closed: attributes.ends_with('/') },
        };
        Some((piece, rest))
    }

    /// Where the `>` of a tag is, quoted values skipped.
    fn tag_end(&mut self, attributes: &str) -> Option<usize> {
        let first = attributes.find('>')?;
        if self.broken_quotes >= MAX_BROKEN_QUOTES {
            return Some(first);
        }
        let mut quote = None;
        let mut last = '=';
        for (at, letter) in attributes.char_indices().take(MAX_TAG_CHARS) {
            match (letter, quote) {
                ('>', None) => return Some(at),
                // A quote opens a value only behind "=".
                ('"' | '\'', None) if last == '=' => quote = Some(letter),
                (letter, Some(open)) if letter == open => quote = None,
                _ => {}
            }
            if !letter.is_ascii_whitespace() {
                last = letter;
            }
        }
        self.broken_quotes += 1;
        Some(first)
    }

    /// Leaves out everything up to the end tag of `name`, where there is one.
    fn skip_past_end_tag(&mut self, name: &'static str) {
        if self.never_closed.contains(&name) {
            return;
        }
        let mut rest = self.rest;
        while let Some((_, tail)) = rest.split_once("</") {
            let ends = tail
                .split_at_checked(name.len())
                .is_some_and(|(head, _)| head.eq_ignore_ascii_case(name));
            if ends {
                self.rest = tail.split_once('>').map_or("", |(_, rest)| rest);
                return;
            }
            rest = tail;
        }
        // As likely a tag that is talked about as one cut off: its text stays.
        self.never_closed.push(name);
    }
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

/// Where decoded text goes.
trait Sink {
    fn push(&mut self, letter: char);
    fn push_str(&mut self, text: &str);
}

impl Sink for String {
    fn push(&mut self, letter: char) {
        self.push(letter);
    }

    fn push_str(&mut self, text: &str) {
        self.push_str(text);
    }
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

/// Decodes `&name;` and `&#number;`; a name without its semicolon is text.
fn decode_into(text: &str, out: &mut impl Sink) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        let entity = tail
            .get(1..)
            .and_then(|tail| {
                let end = tail.bytes().take(MAX_ENTITY_BYTES).position(|byte| byte == b';')?;
                tail.split_at_checked(end)
            })
            .and_then(|(name, rest)| Some((character(name)?, rest.strip_prefix(';')?)));
        match entity {
            Some(((first, second), after)) => {
                out.push(first);
                if let Some(second) = second {
                    out.push(second);
                }
                rest = after;
            }
            None => {
                out.push('&');
                rest = tail.strip_prefix('&').unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
}

/// What stands for `&name;`: one character, or two.
fn character(name: &str) -> Option<(char, Option<char>)> {
    let Some(number) = name.strip_prefix('#') else {
        let mut key = String::with_capacity(MAX_ENTITY_BYTES);
        key.push_str(name);
        key.push(';');
        let &(first, second) = NAMED_ENTITIES.get(key.as_str())?;
        let first = char::from_u32(first).filter(|letter| *letter != '\0')?;
        return Some((first, char::from_u32(second).filter(|letter| *letter != '\0')));
    };
    let number = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    // HTML 13.2.5.80: numbers of the C1 range mean windows-1252.
    let remapped = number
        .checked_sub(0x80)
        .and_then(|at| C1_REPLACEMENTS.get(usize::try_from(at).ok()?).copied().flatten());
    Some((remapped.or_else(|| char::from_u32(number)).unwrap_or('\u{FFFD}'), None))
}

/// The longest name is "CounterClockwiseContourIntegral".
const MAX_ENTITY_BYTES: usize = 34;
/// A value longer than this is data, and its quotes may be anything.
const MAX_TAG_CHARS: usize = 64 * 1024;
/// See [`Tags::broken_quotes`].
const MAX_BROKEN_QUOTES: u32 = 16;
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
