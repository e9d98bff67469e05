//! What the text of a leaf says: references and CDATA sections.
//!
//! In: a leaf's source. Out: whether both readers take its references alike (`references`), and
//! then what it says (`decoded`). One rule serves both, so that what is let through is resolved.

use super::scan::Refused;

/// Begins what stands for a long text: a noncharacter of Unicode, which XML allows and nobody
/// writes. An entry that has one itself is not for feed-rs.
pub(super) const MARK: char = '\u{fdd0}';

/// What a leaf says that the scan let through: its sections without their brackets,
/// its references resolved.
pub(super) fn decoded(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = memchr::memchr2(b'&', b'<', rest.as_bytes()) {
        let (before, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
        text.push_str(before);
        rest = if let Some((character, rest)) = predefined(after) {
            text.push(character);
            rest
        } else if let Some((inside, rest)) = section(after) {
            text.push_str(inside);
            rest
        } else if let Some((character, rest)) = numeric(after) {
            text.push(character);
            rest
        } else {
            text.extend(after.chars().next());
            after.get(1..).unwrap_or_default()
        };
    }
    text.push_str(rest);
    // It may wait for long, beside many others.
    if text.capacity() - text.len() > text.len() / 8 {
        text.shrink_to_fit();
    }
    text
}

fn predefined(text: &str) -> Option<(char, &str)> {
    // By far the most frequent come first.
    [("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&'), ("&quot;", '"'), ("&apos;", '\'')]
        .into_iter()
        .find_map(|(reference, character)| Some((character, text.strip_prefix(reference)?)))
}

fn section(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix("<![CDATA[")?;
    let rest = behind(inside, "]]>").ok()?;
    Some((inside.get(..inside.len() - rest.len() - "]]>".len())?, rest))
}

/// A reference by number.
fn numeric(text: &str) -> Option<(char, &str)> {
    let digits = text.strip_prefix("&#")?;
    let (digits, radix) = match digits.strip_prefix('x') {
        Some(hex) => (hex, 16),
        None => (digits, 10),
    };
    let end = digits.bytes().take(8).position(|byte| byte == b';')?;
    let (number, rest) = digits.split_at_checked(end)?;
    let number = u32::from_str_radix(number, radix).ok().filter(|_| !number.starts_with('+'))?;
    Some((char::from_u32(number)?, rest.get(1..)?))
}

/// Refuses references that the readers resolve differently.
pub(super) fn references(text: &str) -> Result<(), Refused> {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
        rest = rest.get(at..).unwrap_or_default();
        if let Some((_, after)) = predefined(rest) {
            rest = after;
            continue;
        }
        let (character, after) = numeric(rest).ok_or("references that XML does not know")?;
        let same = matches!(
            character,
            '\t' | '\n' | '\r' | ' '..='~' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..
        );
        if !same || character == MARK {
            return Err("references to characters that are none");
        }
        rest = after;
    }
    Ok(())
}

/// What stands behind the first `mark`.
pub(super) fn behind<'d>(text: &'d str, mark: &str) -> Result<&'d str, Refused> {
    let at = memchr::memmem::find(text.as_bytes(), mark.as_bytes()).ok_or("not well-formed")?;
    text.get(at + mark.len()..).ok_or("not well-formed")
}
