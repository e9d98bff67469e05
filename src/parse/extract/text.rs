//! Text constructs: what is text, what is markup, what is markup in disguise.
//!
//! In: an element with a text. Out: a [`RawText`] that says how it is to be read. Atom says
//! so itself (RFC 4287 section 3.1), Atom 0.3 in two attributes, RSS not at all.

use url::Url;

use super::{Dialect, tables};
use crate::{
    model::{RawText, TextKind},
    parse::lenient::{names::Ns, tree::NodeRef},
};

/// The text of an element, or `None` where there is none.
pub(super) fn raw_text(
    node: NodeRef<'_, '_>,
    dialect: Dialect,
    base: Option<&Url>,
) -> Option<RawText> {
    let (text, kind) = match node.ns() {
        Ns::Atom if dialect == Dialect::Atom03 => atom_03(node),
        Ns::Atom => atom(node, tables::has(tables::CONTENT, node)),
        Ns::Atom03 => atom_03(node),
        Ns::Xhtml => (node.inner_html(true), TextKind::Html),
        Ns::Content => (escaped_once(node), TextKind::Html),
        Ns::Media => match node.attribute("type").unwrap_or_default() {
            "html" | "text/html" => (escaped_once(node), TextKind::Html),
            _ => (escaped_once(node), TextKind::Unsaid),
        },
        _ => unsaid(node),
    };
    if text.is_empty() {
        return None;
    }
    // Only markup can hold an address that needs a base.
    let base = text.contains('<').then(|| node.base().or(base).cloned()).flatten();
    Some(RawText { text, kind, base })
}

fn unsaid(node: NodeRef<'_, '_>) -> (String, TextKind) {
    // Some RSS says what it is in the words of Atom.
    match node.attribute("type").map(Form::of) {
        Some(Form::Xhtml) => (trimmed(node.inner_html(true)), TextKind::Html),
        _ if node.has_elements() => (escaped_once(node), TextKind::Html),
        _ => (node.text().into_owned(), TextKind::Unsaid),
    }
}

/// The forms that a `type` may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Html,
    Xhtml,
    Xml,
    /// Another media type, in base64 (RFC 4287 section 4.1.3.3).
    Binary,
}

impl Form {
    fn of(kind: &str) -> Self {
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "" | "text" | "plain" | "text/plain" => Self::Text,
            "html" | "text/html" => Self::Html,
            "xhtml" | "text/xhtml" | "application/xhtml+xml" | "application/xhtml" => Self::Xhtml,
            kind if kind.ends_with("/xml") || kind.ends_with("+xml") => Self::Xml,
            kind if kind.starts_with("text/") || !kind.contains('/') => Self::Text,
            _ => Self::Binary,
        }
    }
}

/// Only `content` may have a media type (RFC 4287 section 4.1.3.1); elsewhere it is a mistake,
/// and its text is text unless it is base64 after all.
fn atom(node: NodeRef<'_, '_>, is_content: bool) -> (String, TextKind) {
    match node.attribute("type").map_or(Form::Text, Form::of) {
        // An element in what is called text: somebody forgot to escape.
        Form::Text if node.has_elements() => (trimmed(node.inner_html(true)), TextKind::Html),
        Form::Text => (node.text().into_owned(), TextKind::Plain),
        Form::Html => (escaped_once(node), TextKind::Html),
        Form::Xhtml | Form::Xml if node.has_elements() => {
            (trimmed(node.inner_html(true)), TextKind::Html)
        }
        // Nothing but text where elements should be: markup that was escaped after all, or
        // simply text.
        Form::Xhtml | Form::Xml => (node.text().into_owned(), TextKind::Unsaid),
        Form::Binary => match base64(node) {
            (text, _) if text.is_empty() && !is_content => {
                (node.text().into_owned(), TextKind::Plain)
            }
            decoded => decoded,
        },
    }
}

fn atom_03(node: NodeRef<'_, '_>) -> (String, TextKind) {
    let form = node.attribute("type").map_or(Form::Text, Form::of);
    match node.attribute("mode").map(str::trim) {
        Some("base64") => base64(node),
        Some("escaped") => match form {
            Form::Text => (node.text().into_owned(), TextKind::Unsaid),
            _ => (escaped_once(node), TextKind::Html),
        },
        _ if node.has_elements() => (trimmed(node.inner_html(true)), TextKind::Html),
        _ => (node.text().into_owned(), TextKind::Unsaid),
    }
}

/// Text that is markup once it is unescaped, mixed with elements that nobody escaped.
fn escaped_once(node: NodeRef<'_, '_>) -> String {
    if node.has_elements() { trimmed(node.inner_html(false)) } else { node.text().into_owned() }
}

fn trimmed(text: String) -> String {
    let trimmed = text.trim();
    if trimmed.len() == text.len() { text } else { trimmed.to_owned() }
}

fn base64(node: NodeRef<'_, '_>) -> (String, TextKind) {
    let text = node.text();
    match decode_base64(&text).and_then(|bytes| String::from_utf8(bytes).ok()) {
        Some(decoded) => (decoded.trim().to_owned(), TextKind::Unsaid),
        None => (String::new(), TextKind::Plain),
    }
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut bits = 0_u32;
    let mut count = 0;
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => continue,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0x00FF_FFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    // Whole bytes only: a word that happens to consist of these letters is none.
    (count < 6 && bits & ((1 << count) - 1) == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_decoded() {
        assert_eq!(decode_base64("SGVs\nbG8=").as_deref(), Some(b"Hello".as_slice()));
        assert_eq!(decode_base64("a*b"), None);
        assert_eq!(decode_base64("abcde"), None);
    }
}
