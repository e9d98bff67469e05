//! Character references of HTML, decoded.

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

/// Where decoded text goes.
pub(super) trait Sink {
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

/// Decodes `&name;` and `&#number;`; a name without its semicolon is text.
pub(super) fn decode_into(text: &str, out: &mut impl Sink) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
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
