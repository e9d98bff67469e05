//! References in text: by number, by HTML name, by a small internal DTD.
//!
//! In: a name between `&` and `;`. Out: characters. External entities are never opened, and
//! the text that entities of a DTD expand to is limited, so that no document can grow.

use std::borrow::Cow;

/// Entities of an internal DTD that we remember; real feeds declare a handful.
const MAX_DECLARED: usize = 64;
/// Characters of one declared entity: a name, a sign, a short phrase.
const MAX_DECLARED_BYTES: usize = 256;
/// Bytes that declared entities may add to one document.
const MAX_EXPANSION_BYTES: usize = 64 * 1024;
/// Characters between `&` and `;` beyond which it is no reference. The longest HTML name has 31.
pub(super) const MAX_REFERENCE_BYTES: usize = 40;

/// The entities that a document declares, and how much they may still expand.
#[derive(Debug, Default)]
pub(super) struct Entities {
    declared: Vec<(String, String)>,
    expanded_bytes: usize,
}

impl Entities {
    /// Appends what `&name;` stands for; `false` where nobody knows.
    pub(super) fn resolve(&mut self, name: &str, out: &mut String) -> bool {
        if let Some(number) = name.strip_prefix('#') {
            let Some(character) = numeric(number) else { return false };
            out.extend(character);
            return true;
        }
        if let Some((_, text)) = self.declared.iter().find(|(known, _)| known == name) {
            if self.expanded_bytes + text.len() <= MAX_EXPANSION_BYTES {
                self.expanded_bytes += text.len();
                out.push_str(text);
            }
            return true;
        }
        named(name, out)
    }

    /// Remembers the internal entities of a `<!DOCTYPE …>`, in the order of the document.
    ///
    /// A value is decoded once, at its declaration, with what is known by then: a reference to
    /// a later entity or to itself stays as it is, which is what makes a bomb of them inert.
    pub(super) fn declare(&mut self, doctype: &str) {
        let mut rest = doctype;
        while let Some((_, after)) = rest.split_once("<!ENTITY") {
            rest = after;
            if self.declared.len() >= MAX_DECLARED {
                return;
            }
            let Some((name, value)) = after.trim_start().split_once(|c: char| c.is_whitespace())
            else {
                continue;
            };
            let value = value.trim_start();
            let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
                // SYSTEM, PUBLIC or a parameter entity: never opened.
                continue;
            };
            let Some((value, _)) = value.get(1..).and_then(|value| value.split_once(quote)) else {
                continue;
            };
            if name.is_empty() || value.len() > MAX_DECLARED_BYTES {
                continue;
            }
            let value = self.decode(value).into_owned();
            if value.len() <= MAX_DECLARED_BYTES {
                self.declared.push((name.to_owned(), value));
            }
        }
    }

    /// The text with its references resolved; unknown ones stay as they are.
    pub(super) fn decode<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        if !text.contains('&') {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('&') {
            out.push_str(before);
            match reference(after) {
                Some((name, tail)) if self.resolve(name, &mut out) => rest = tail,
                _ => {
                    out.push('&');
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        Cow::Owned(out)
    }
}

/// Splits `name;rest`, where what follows an ampersand can be a reference at all.
fn reference(after: &str) -> Option<(&str, &str)> {
    let end = after.bytes().take(MAX_REFERENCE_BYTES).position(|b| b == b';')?;
    let (name, tail) = after.split_at_checked(end)?;
    let known = |c: char| c.is_alphanumeric() || matches!(c, '#' | '_' | '-' | '.' | ':');
    (!name.is_empty() && name.chars().all(known)).then_some((name, tail.get(1..)?))
}

/// A character by number, with the numbers 128 to 159 read as windows-1252 as browsers do.
///
/// `Some(None)` for characters that have no place in a text: the reference vanishes.
fn numeric(digits: &str) -> Option<Option<char>> {
    let number = match digits.strip_prefix(['x', 'X']) {
        Some(hex) if !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()) => {
            u32::from_str_radix(hex, 16).unwrap_or(u32::MAX)
        }
        None if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse().unwrap_or(u32::MAX)
        }
        _ => return None,
    };
    Some(match number {
        0x80..=0x9F => Some(crate::parse::decode::windows_1252(number as u8)),
        9 | 10 | 13 => char::from_u32(number),
        0..=31 | 0x7F | 0xFFFE | 0xFFFF => None,
        _ => Some(char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER)),
    })
}

/// A character by its HTML name.
fn named(name: &str, out: &mut String) -> bool {
    match name {
        "amp" => out.push('&'),
        "lt" => out.push('<'),
        "gt" => out.push('>'),
        "quot" => out.push('"'),
        "apos" => out.push('\''),
        _ => {
            let key = format!("{name};");
            // The table also holds the beginnings of names, as (0, 0).
            let Some(&(first, second)) =
                html5ever::data::NAMED_ENTITIES.get(key.as_str()).filter(|(first, _)| *first != 0)
            else {
                return false;
            };
            out.extend(char::from_u32(first));
            out.extend(char::from_u32(second).filter(|_| second != 0));
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> String {
        Entities::default().decode(text).into_owned()
    }

    #[test]
    fn references_are_resolved_by_number_and_by_name() {
        assert_eq!(decoded("a &amp; b &eacute; &#233; &#xE9; &hellip;"), "a & b é é é …");
    }

    #[test]
    fn numbers_of_the_c1_range_mean_windows_1252() {
        assert_eq!(decoded("&#146;&#x80;"), "’€");
    }

    #[test]
    fn impossible_numbers_do_no_harm() {
        assert_eq!(decoded("a&#0;b&#999999999999;c&#xD800;"), "ab\u{FFFD}c\u{FFFD}");
    }

    #[test]
    fn what_is_no_reference_stays() {
        assert_eq!(decoded("AT&T; R&D & x&y=1&;"), "AT&T; R&D & x&y=1&;");
    }

    #[test]
    fn entities_of_an_internal_dtd_are_known_and_cannot_grow() {
        let mut entities = Entities::default();
        entities
            .declare(r#"x [<!ENTITY me "Ann &amp; Bob"><!ENTITY e SYSTEM "file:///etc/passwd">]"#);
        assert_eq!(entities.decode("&me; &e;"), "Ann & Bob &e;");
        let mut bomb = Entities::default();
        let mut dtd = String::from("<!ENTITY a0 'aaaaaaaaaaaaaaaaaaaa'>");
        for i in 1..40 {
            dtd += &format!("<!ENTITY a{i} '&a{};&a{};&a{};'>", i - 1, i - 1, i - 1);
        }
        bomb.declare(&dtd);
        assert!(bomb.decode(&"&a39;&a3;".repeat(10_000)).len() < 200_000);
    }
}
