//! Text that has passed a gate.

use serde::Serialize;
use url::Url;

/// HTML that the sanitizer has made harmless: safe to show, every URL in it absolute.
///
/// Only `parse` makes one from a publisher's text, and the store from what it kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Html(String);

impl Html {
    /// Vouches that `html` came out of the sanitizer.
    pub fn sanitized(html: impl Into<String>) -> Self {
        Self(html.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }

    /// What it says, as one line of plain text: tags dropped, blocks kept apart by a space,
    /// character references undone.
    ///
    /// Meant for the sanitizer's output, where `<` opens a tag and nothing else.
    pub fn text(&self) -> String {
        let mut line = Line::default();
        let mut rest = self.0.as_str();
        while let Some((before, after)) = rest.split_once('<') {
            line.push(before);
            let (tag, behind) = tag_end(after);
            if !is_inline(tag) {
                line.gap();
            }
            rest = behind;
        }
        line.push(rest);
        line.0
    }
}

/// Text whose white space is folded to single spaces, none at either end.
#[derive(Default)]
struct Line(String, bool);

impl Line {
    fn push(&mut self, markup: &str) {
        let mut rest = markup;
        while let Some((before, after)) = rest.split_once('&') {
            self.push_plain(before);
            match reference(after) {
                Some((char, behind)) => {
                    self.push_char(char);
                    rest = behind;
                }
                None => {
                    self.push_char('&');
                    rest = after;
                }
            }
        }
        self.push_plain(rest);
    }

    fn push_plain(&mut self, text: &str) {
        text.chars().for_each(|char| self.push_char(char));
    }

    fn push_char(&mut self, char: char) {
        if char.is_whitespace() {
            return self.gap();
        }
        if self.1 {
            self.0.push(' ');
            self.1 = false;
        }
        self.0.push(char);
    }

    /// The next character, if one comes, stands apart.
    fn gap(&mut self) {
        self.1 = !self.0.is_empty();
    }
}

/// Splits behind the `>` that ends a tag; one inside a quoted attribute value does not.
fn tag_end(after: &str) -> (&str, &str) {
    let mut quote = None;
    for (at, char) in after.char_indices() {
        match (quote, char) {
            (None, '>') => {
                let (tag, behind) = after.split_at(at);
                return (tag, behind.strip_prefix('>').unwrap_or(behind));
            }
            (None, '"' | '\'') => quote = Some(char),
            (Some(open), _) if open == char => quote = None,
            _ => {}
        }
    }
    (after, "")
}

/// Does the tag stand inside a word's line, so that "un<b>done</b>" stays one word?
fn is_inline(tag: &str) -> bool {
    const INLINE: [&str; 30] = [
        "a", "abbr", "acronym", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em",
        "font", "i", "ins", "kbd", "mark", "q", "s", "samp", "small", "span", "strike", "strong",
        "sub", "sup", "time", "tt", "u", "var",
    ];
    let tag = tag.strip_prefix('/').unwrap_or(tag);
    let name = tag.split(|char: char| !char.is_ascii_alphanumeric()).next().unwrap_or(tag);
    INLINE.contains(&name)
}

/// The character that `after` (behind an `&`) names, and what follows its `;`: the
/// references that our sanitizer's output has, numbers, and one that our own pages write.
pub fn reference(after: &str) -> Option<(char, &str)> {
    // Eight are what a serializer writes at most; two more allow for leading zeros.
    const LONGEST: usize = 10;
    let end = after.bytes().take(LONGEST + 1).position(|byte| byte == b';')?;
    let (name, behind) = (after.get(..end)?, after.get(end + 1..)?);
    let char = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "hellip" => '…',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((char, behind))
}

/// A URL fit for logs, pages and exports: without the user name and password it may carry.
pub fn redacted(url: &Url) -> Url {
    let mut url = url.clone();
    // Both fail only for URLs that cannot carry credentials in the first place.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

/// What stands before and behind the first `sign`, an ASCII character: `str::split_once`, many
/// bytes at a time.
pub fn split_at_sign(text: &str, sign: u8) -> Option<(&str, &str)> {
    debug_assert!(sign.is_ascii());
    let at = memchr::memchr(sign, text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(html: &str) -> String {
        Html::sanitized(html).text()
    }

    #[test]
    fn blocks_stand_apart_and_inline_tags_leave_words_whole() {
        assert_eq!(text("<p>One</p><p>t<b>w</b>o<br>three</p>"), "One two three");
    }

    #[test]
    fn references_are_undone_once() {
        assert_eq!(
            text("a &amp;lt; b&nbsp;&lt;c&gt; &#x41;&#66; &unknown; &"),
            "a &lt; b <c> AB &unknown; &"
        );
    }

    #[test]
    fn an_attribute_may_hold_an_angle_bracket() {
        assert_eq!(text(r#"<a title="x > y">link</a>"#), "link");
    }
}
