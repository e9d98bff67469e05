//! Plainly written HTML, rebuilt in one walk without a tokenizer.
//!
//! In: any text, and the base of its relative addresses. Out: what [`rebuild`](super::rebuild)
//! would make of it, or `None` where anything about it needs a closer look: an element that
//! is not usual in articles, one that is not closed in its place, a comment, an odd tag, a
//! reference by a rare name. Two of three articles come written so, and are done in a third
//! of the time. What it writes passes the gate like everything else.

use std::borrow::Cow;

use url::Url;

use super::{allow, plain, rebuild, regular};
use crate::model::split_at_sign;

pub(super) fn rebuilt(html: &str, base: Option<&Url>) -> Option<String> {
    // The tokenizer drops a byte order mark; images inside of texts are cut out elsewhere.
    if html.starts_with('\u{feff}') || html.contains(";base64,") {
        return None;
    }
    let mut walk = Walk {
        base,
        out: String::with_capacity(html.len() + html.len() / 16),
        nesting: regular::Nesting::default(),
        written: 0,
    };
    let mut rest = html;
    while let Some((text, markup)) = split_at_sign(rest, b'<') {
        walk.text(text)?;
        rest = match markup.strip_prefix('/') {
            Some(end) => walk.end(end)?,
            None => walk.start(markup)?,
        };
    }
    walk.text(rest)?;
    walk.nesting.is_closed().then_some(walk.out)
}

struct Walk<'a> {
    base: Option<&'a Url>,
    out: String,
    nesting: regular::Nesting<'a>,
    written: usize,
}

impl<'a> Walk<'a> {
    fn text(&mut self, text: &str) -> Option<()> {
        plain::escape_text_into(&decoded(text)?, &mut self.out);
        Some(())
    }

    /// An end tag behind its "</"; tells what follows.
    fn end(&mut self, tag: &'a str) -> Option<&'a str> {
        let (name, after) = split_at_sign(tag, b'>')?;
        self.nesting.close(name)?;
        self.out.extend(["</", name, ">"]);
        Some(after)
    }

    /// A start tag behind its "<"; tells what follows.
    fn start(&mut self, tag: &'a str) -> Option<&'a str> {
        let name_end =
            tag.bytes().position(|byte| !byte.is_ascii_lowercase() && !byte.is_ascii_digit())?;
        let (name, mut rest) = tag.split_at(name_end);
        self.written += 1;
        let void = regular::is_void(name);
        self.nesting.open(name)?;
        if self.written > MOST_TAGS || self.nesting.depth() > DEEPEST {
            return None;
        }
        self.out.extend(["<", name]);
        let mut seen: [&str; MOST_ATTRIBUTES] = [""; MOST_ATTRIBUTES];
        let mut count = 0;
        loop {
            let trimmed = rest.trim_start_matches([' ', '\n', '\t']);
            if let Some(after) = trimmed.strip_prefix('>') {
                rest = after;
                break;
            }
            if void && let Some(after) = trimmed.strip_prefix("/>") {
                rest = after;
                break;
            }
            if trimmed.len() == rest.len() {
                return None;
            }
            let (attribute, value_on) = trimmed.split_once('=')?;
            let quote = value_on.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            let (value, after) = value_on.get(1..)?.split_once(quote)?;
            let named = attribute.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            if !named || attribute.is_empty() || value.len() > LONGEST_VALUE {
                return None;
            }
            // The first of two attributes of one name counts, whatever becomes of it.
            if seen.contains(&attribute) {
                return None;
            }
            *seen.get_mut(count)? = attribute;
            count += 1;
            self.attribute(name, attribute, value)?;
            rest = after;
        }
        rebuild::write_ours(name, &mut self.out);
        self.out.push('>');
        // The gate's parser drops a line's end there.
        if name == "pre" && rest.starts_with('\n') {
            return None;
        }
        Some(rest)
    }

    fn attribute(&mut self, element: &str, name: &str, value: &str) -> Option<()> {
        let value = decoded(value)?;
        if allow::attribute(element, name) {
            rebuild::write_attribute(self.base, (element, name, &value), &mut self.out);
        }
        Some(())
    }
}

/// With its references undone; `None` for one that is not of the usual ones, and for signs
/// that HTML's tokenizer treats in a way of its own.
fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if text.bytes().any(|byte| byte < b' ' && !matches!(byte, b'\n' | b'\t')) {
        return None;
    }
    let Some((before, mut rest)) = split_at_sign(text, b'&') else { return Some(text.into()) };
    let mut out = String::with_capacity(text.len());
    out.push_str(before);
    loop {
        let (name, after) = rest.split_once(';').filter(|(name, _)| name.len() <= LONGEST_NAME)?;
        out.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "nbsp" => '\u{a0}',
            _ => numbered(name.strip_prefix('#')?)?,
        });
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
    matches!(code, 0x20..=0x7e | 0xa0..=0xd7ff | 0xe000..=0xfdcf | 0x1_0000..=0x1_fffd)
        .then(|| char::from_u32(code))?
}

/// Of a reference, `#x10ffff` being the longest.
const LONGEST_NAME: usize = 8;
/// Attributes of one tag that are looked through for a name's second use.
const MOST_ATTRIBUTES: usize = 24;
/// In bytes.
const LONGEST_VALUE: usize = 8 * 1024;
/// Less than what [`rebuild`] allows, so that its limits are met there alone.
const MOST_TAGS: usize = 20_000;
const DEEPEST: usize = 200;
