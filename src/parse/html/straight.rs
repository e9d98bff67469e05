//! Plainly written HTML, rebuilt in one walk without a tokenizer.
//!
//! In: any text, and the base of its relative addresses. Out: what [`rebuild`](super::rebuild)
//! would make of it, or `None` where anything about it needs a closer look: an element that
//! is not usual in articles, one that is not closed in its place, an odd tag, a reference that
//! HTML's tokenizer has rules of its own for. Most articles come written so, and are done in a
//! third of the time. What it writes passes the gate like everything else.

use std::borrow::Cow;

use html5ever::data::NAMED_ENTITIES;
use memchr::memmem;
use url::Url;

use super::{allow, plain, plain::NBSP_BEGIN, rebuild, regular};
use crate::model::{position, split_at_sign};

pub(super) fn rebuilt(html: &str, base: Option<&Url>) -> Option<String> {
    // The tokenizer drops a byte order mark; images inside of texts are cut out elsewhere.
    if html.starts_with(BYTE_ORDER_MARK) || memmem::find(html.as_bytes(), b";base64,").is_some() {
        return None;
    }
    let html = with_plain_line_ends(html);
    let mut walk = Walk {
        base,
        out: String::with_capacity(html.len() + html.len() / 16),
        nesting: regular::Nesting::default(),
        written: 0,
        has_comments: false,
        has_marks: false,
    };
    let mut rest = &*html;
    while let Some((text, markup)) = split_at_sign(rest, b'<') {
        walk.text(text)?;
        rest = match markup.as_bytes().first()? {
            b'/' => walk.end(markup.get(1..)?)?,
            b'!' => {
                walk.has_comments = true;
                behind_comment(text, markup)?
            }
            _ => walk.start(markup)?,
        };
    }
    walk.text(rest)?;
    // A byte order mark that stood behind a comment; and where there are comments, what looks
    // like one inside of a value goes as well.
    let misread = walk.has_comments && (walk.has_marks || walk.out.starts_with(BYTE_ORDER_MARK));
    (walk.nesting.is_closed() && !misread).then_some(walk.out)
}

struct Walk<'a> {
    base: Option<&'a Url>,
    out: String,
    nesting: regular::Nesting<'a>,
    written: usize,
    has_comments: bool,
    /// Some value has what would begin a comment, were it a text.
    has_marks: bool,
}

impl<'a> Walk<'a> {
    /// Text between tags, written as the gate writes it.
    fn text(&mut self, text: &str) -> Option<()> {
        if !self.nesting.holds(text) {
            return None;
        }
        let closer_look =
            |byte| is_control(byte) | (byte == b'&') | (byte == b'>') | (byte == NBSP_BEGIN);
        let mut rest = text;
        while let Some(at) = position(rest.as_bytes(), closer_look) {
            let (head, tail) = rest.split_at_checked(at)?;
            self.out.push_str(head);
            let mut signs = tail.chars();
            rest = match signs.next()? {
                '&' => {
                    let (first, second, after) = reference(signs.as_str(), Place::Text)?;
                    self.sign(first);
                    second.into_iter().for_each(|second| self.sign(second));
                    after
                }
                control if control < ' ' => return None,
                sign => {
                    self.sign(sign);
                    signs.as_str()
                }
            };
        }
        self.out.push_str(rest);
        Some(())
    }

    fn sign(&mut self, sign: char) {
        plain::escape_text_into(sign.encode_utf8(&mut [0; 4]), &mut self.out);
    }

    /// An end tag behind its "</"; tells what follows.
    fn end(&mut self, tag: &'a str) -> Option<&'a str> {
        let (name, after) = split_at_sign(tag, b'>')?;
        // The end of what has none is nothing, but for one that means a line's end.
        if is_dropped(name)? || (regular::is_void(name) && name != "br") {
            return Some(after);
        }
        self.nesting.close(name)?;
        self.out.extend(["</", name, ">"]);
        Some(after)
    }

    /// A start tag behind its "<"; tells what follows.
    fn start(&mut self, tag: &'a str) -> Option<&'a str> {
        let name_end = tag.bytes().position(|byte| !is_of_name(byte))?;
        let (name, mut rest) = tag.split_at_checked(name_end)?;
        let dropped = is_dropped(name)?;
        let may_end_so = dropped || regular::is_void(name);
        if !dropped {
            self.written += 1;
            self.nesting.open(name)?;
            if self.written > MOST_TAGS || self.nesting.depth() > DEEPEST {
                return None;
            }
            self.out.extend(["<", name]);
        }
        let mut seen: [&str; MOST_ATTRIBUTES] = [""; MOST_ATTRIBUTES];
        let mut count = 0;
        let closed = loop {
            let trimmed = rest.trim_start_matches([' ', '\n', '\t']);
            if let Some(after) = trimmed.strip_prefix('>') {
                rest = after;
                break false;
            }
            if may_end_so && let Some(after) = trimmed.strip_prefix("/>") {
                rest = after;
                break true;
            }
            if trimmed.len() == rest.len() {
                return None;
            }
            let (attribute, value, after) = attribute(trimmed)?;
            self.has_marks |= holds_mark(value);
            rest = after;
            if dropped {
                continue;
            }
            // The first of two attributes of one name counts, whatever becomes of it.
            if seen.contains(&attribute) || attribute.bytes().any(|it| it.is_ascii_uppercase()) {
                return None;
            }
            *seen.get_mut(count)? = attribute;
            count += 1;
            if allow::attribute(name, attribute) {
                let value = decoded(value)?;
                rebuild::write_attribute(self.base, (name, attribute, &value), &mut self.out);
            }
        };
        if dropped {
            return if closed { Some(rest) } else { behind_content(name, rest) };
        }
        rebuild::write_ours(name, &mut self.out);
        self.out.push('>');
        // The gate's parser drops a line's end there.
        if name == "pre" && rest.starts_with('\n') {
            return None;
        }
        Some(rest)
    }
}

/// Whether the tags of this name are left out; `None` for what may be no name, and for
/// elements with a text that is read in another way.
fn is_dropped(name: &str) -> Option<bool> {
    let is_name =
        name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(is_of_name);
    match name {
        _ if allow::element(name) => Some(false),
        "title" | "textarea" | "xmp" | "plaintext" => None,
        _ => is_name.then_some(true),
    }
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b':')
}

/// What follows an element of which the start tag is left out: with what is in it, if that is
/// no text.
fn behind_content<'a>(name: &str, rest: &'a str) -> Option<&'a str> {
    if !allow::REMOVED_WITH_CONTENT.contains(&name) {
        return Some(rest);
    }
    let (_, markup) = split_at_sign(rest, b'<')?;
    markup.strip_prefix('/')?.strip_prefix(name)?.strip_prefix('>')
}

/// What follows a comment, which `markup` begins with behind its "<". It goes before anything
/// is read, so what stands before and behind it must not become one word or reference.
fn behind_comment<'a>(text: &str, markup: &'a str) -> Option<&'a str> {
    let dashes = markup.strip_prefix('!').filter(|inside| inside.starts_with("--"))?;
    let end = memmem::find(dashes.as_bytes(), b"-->")?;
    let after = dashes.get(end + "-->".len()..)?;
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\t');
    let apart_before = text.as_bytes().last().is_none_or(is_space);
    let apart_behind = after.as_bytes().first().is_none_or(is_space)
        || (after.starts_with('<') && !after.starts_with("<!"));
    (apart_before || apart_behind).then_some(after)
}

fn holds_mark(value: &str) -> bool {
    memchr::memchr(b'<', value.as_bytes()).is_some() && value.contains("<!--")
}

/// The attribute that `text` begins with: its name, its value as written, and what follows.
fn attribute(text: &str) -> Option<(&str, &str, &str)> {
    let is_of_attribute =
        |byte: &u8| is_of_name(*byte) || matches!(byte, b'_' | b'.' | b'A'..=b'Z');
    let end = text.bytes().position(|byte| !is_of_attribute(&byte)).filter(|end| *end > 0)?;
    let (name, after) = text.split_at_checked(end)?;
    let Some(value_on) = after.strip_prefix('=') else {
        // Without a value, unless that comes behind a space.
        let next = after.trim_start_matches([' ', '\n', '\t']);
        return (!next.starts_with('=')).then_some((name, "", after));
    };
    let (value, after) = match value_on.as_bytes().first()? {
        quote @ (b'"' | b'\'') => split_at_sign(value_on.get(1..)?, *quote)?,
        _ => {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._%#:-".contains(&byte);
            let end = value_on.bytes().position(|byte| !plain(byte)).filter(|end| *end > 0)?;
            let (value, after) = value_on.split_at_checked(end)?;
            (value, after.starts_with([' ', '\n', '\t', '>']).then_some(after)?)
        }
    };
    (value.len() <= LONGEST_VALUE).then_some((name, value, after))
}

/// A value with its references undone.
fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if position(text.as_bytes(), is_control).is_some() {
        return None;
    }
    let Some((before, mut rest)) = split_at_sign(text, b'&') else { return Some(text.into()) };
    let mut out = String::with_capacity(text.len());
    out.push_str(before);
    loop {
        let (first, second, after) = reference(rest, Place::Value)?;
        out.push(first);
        out.extend(second);
        match split_at_sign(after, b'&') {
            Some((between, more)) => {
                out.push_str(between);
                rest = more;
            }
            None => {
                out.push_str(after);
                return Some(out.into());
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Text,
    Value,
}

/// What the "&" before `after` stands for, one sign or two, and what follows; `None` for what
/// HTML's tokenizer treats in a way of its own (13.2.5.72 to 13.2.5.80).
fn reference(after: &str, place: Place) -> Option<(char, Option<char>, &str)> {
    if let Some(number) = after.strip_prefix('#') {
        let (number, after) =
            split_at_sign(number, b';').filter(|(number, _)| number.len() < LONGEST_NAME)?;
        return Some((numbered(number)?, None, after));
    }
    let end = after.bytes().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(after.len());
    let (name, behind) = after.split_at_checked(end)?;
    if let Some(behind) = behind.strip_prefix(';') {
        let known = match name {
            "amp" => ('&', None),
            "lt" => ('<', None),
            "gt" => ('>', None),
            "quot" => ('"', None),
            "nbsp" => ('\u{a0}', None),
            // An "&" before a semicolon names nothing.
            "" => return Some(('&', None, after)),
            _ => named(after.get(..end + 1).filter(|name| name.len() <= LONGEST_NAME)?)?,
        };
        return Some((known.0, known.1, behind));
    }
    // Some names are known without their semicolon, and as the beginnings of others in a text.
    let begins_one = |length: usize| name.get(..length).is_some_and(|name| named(name).is_some());
    let means_something = match place {
        Place::Text => (2..=LONGEST_BARE_NAME).any(begins_one),
        Place::Value => begins_one(name.len()) && !behind.starts_with('='),
    };
    (!means_something).then_some(('&', None, after))
}

fn named(name: &str) -> Option<(char, Option<char>)> {
    let &(first, second) = NAMED_ENTITIES.get(name)?;
    let sign = |code| char::from_u32(code).filter(|sign| *sign != '\0');
    Some((sign(first)?, sign(second)))
}

/// HTML gives other signs for some numbers (13.2.5.80): those are left to it.
fn numbered(number: &str) -> Option<char> {
    let digits = |text: &str, radix| {
        let good = !text.is_empty() && text.chars().all(|digit| digit.is_digit(radix));
        good.then(|| u32::from_str_radix(text, radix).ok())?
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => digits(hex, 16)?,
        None => digits(number, 10)?,
    };
    matches!(
        code,
        0x20..=0x7e
            | 0xa0..=0xd7ff
            | 0xe000..=0xfdcf
            | 0xfdf0..=0xfefe
            | 0xff00..=0xffef
            | 0x1_0000..=0x1_fffd
    )
    .then(|| char::from_u32(code))?
}

/// Each line end as HTML's tokenizer reads it (13.2.3.5).
fn with_plain_line_ends(html: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\r', html.as_bytes()).is_none() {
        return html.into();
    }
    html.replace("\r\n", "\n").replace('\r', "\n").into()
}

/// Signs that HTML's tokenizer treats in a way of its own.
pub(super) fn is_control(byte: u8) -> bool {
    (byte < b' ') & (byte != b'\n') & (byte != b'\t')
}

const BYTE_ORDER_MARK: char = '\u{feff}';
/// Of a reference with its semicolon; numbers have up to `#x10ffff`.
const LONGEST_NAME: usize = 9;
/// Of a reference that needs no semicolon: "frac12", "Atilde".
const LONGEST_BARE_NAME: usize = 6;
/// Attributes of one tag that are looked through for a name's second use.
const MOST_ATTRIBUTES: usize = 24;
/// In bytes.
const LONGEST_VALUE: usize = 8 * 1024;
/// Less than what [`rebuild`] allows, so that its limits are met there alone.
const MOST_TAGS: usize = 20_000;
const DEEPEST: usize = 200;
