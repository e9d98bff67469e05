//! Sanitized HTML as a flat row of tags and texts.
//!
//! The sanitizer's output is regular: quoted attributes, no comments, balanced tags. This
//! reader leans on none of that for safety; what it does not understand it skips.

use crate::model::reference;

/// One piece of markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    /// Text with its character references as they stand.
    Text(&'a str),
    /// A start tag: its name as written, and the rest up to `>`.
    Open(&'a str, &'a str),
    Close(&'a str),
}

/// The tokens of `html` in order.
pub fn tokens(html: &str) -> Tokens<'_> {
    Tokens { rest: html }
}

/// See [`tokens`].
#[derive(Debug)]
pub struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let Some(after) = self.rest.strip_prefix('<') else {
                return Some(Token::Text(self.take_text()));
            };
            if let Some(comment) = after.strip_prefix("!--") {
                self.rest = comment.split_once("-->").map_or("", |(_, rest)| rest);
                continue;
            }
            let closing = after.strip_prefix('/');
            let inside = closing.unwrap_or(after);
            match inside.chars().next() {
                Some(first) if first.is_ascii_alphabetic() => {}
                Some('!' | '?') => {
                    self.rest = inside.split_once('>').map_or("", |(_, rest)| rest);
                    continue;
                }
                // A lone `<` is text.
                _ => {
                    let (text, rest) = self.rest.split_at(1);
                    self.rest = rest;
                    return Some(Token::Text(text));
                }
            }
            let (tag, rest) = split_at_end_of_tag(inside);
            self.rest = rest;
            let (name, attributes) = match tag.find(|c: char| c.is_ascii_whitespace() || c == '/') {
                Some(at) => tag.split_at(at),
                None => (tag, ""),
            };
            return Some(match closing {
                Some(_) => Token::Close(name),
                None => Token::Open(name, attributes),
            });
        }
    }
}

impl<'a> Tokens<'a> {
    fn take_text(&mut self) -> &'a str {
        let (text, rest) = match self.rest.find('<') {
            Some(at) => self.rest.split_at(at),
            None => (self.rest, ""),
        };
        self.rest = rest;
        text
    }
}

/// The inside of a tag and what follows its `>`, which may stand in a quoted value, too.
fn split_at_end_of_tag(text: &str) -> (&str, &str) {
    let mut quote = None;
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (None, '>') => {
                let (tag, rest) = text.split_at(at);
                return (tag, rest.strip_prefix('>').unwrap_or(rest));
            }
            // A quote opens a value only right after `=`.
            (None, '"' | '\'') if before == '=' => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
        if quote.is_none() && !character.is_ascii_whitespace() {
            before = character;
        }
    }
    // Never closed: not a tag, and not shown.
    (text, "")
}

/// The attributes of a start tag: names in lower case, values with references decoded.
pub fn attributes(inside: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = inside;
    while found.len() < MAX_ATTRIBUTES {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        let end = rest
            .find(|c: char| c.is_ascii_whitespace() || c == '=' || c == '/')
            .unwrap_or(rest.len());
        if rest.is_empty() {
            break;
        }
        let (name, after) = rest.split_at(end.max(1).min(rest.len()));
        let after_name = after.trim_start();
        let Some(value) = after_name.strip_prefix('=') else {
            found.push((name.to_ascii_lowercase(), String::new()));
            rest = after;
            continue;
        };
        let value = value.trim_start();
        let (raw, after) = match value.chars().next() {
            Some('"') => quoted(value, '"'),
            Some('\'') => quoted(value, '\''),
            _ => match value.find(|c: char| c.is_ascii_whitespace()) {
                Some(at) => value.split_at(at),
                None => (value, ""),
            },
        };
        found.push((name.to_ascii_lowercase(), decoded(raw)));
        rest = after;
    }
    found
}

fn quoted(value: &str, quote: char) -> (&str, &str) {
    let inner = value.strip_prefix(quote).unwrap_or(value);
    inner.split_once(quote).unwrap_or((inner, ""))
}

/// Text with the character references that a serializer writes, and numeric ones, resolved.
pub fn decoded(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        match reference(after) {
            Some((character, tail)) => {
                out.push(character);
                rest = tail;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// More than any honest tag has; a bound on what one tag can cost.
const MAX_ATTRIBUTES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greater_than_sign_in_a_value_does_not_end_the_tag() {
        let all: Vec<_> = tokens(r#"a<img alt="x > y" src='u'>b</p>"#).collect();
        assert_eq!(
            all,
            [
                Token::Text("a"),
                Token::Open("img", r#" alt="x > y" src='u'"#),
                Token::Text("b"),
                Token::Close("p"),
            ]
        );
    }

    #[test]
    fn comments_and_declarations_are_nothing_and_a_lone_sign_is_text() {
        let all: Vec<_> = tokens("<!-- <b> --><!x>1 < 2<?y?>").collect();
        assert_eq!(all, [Token::Text("1 "), Token::Text("<"), Token::Text(" 2")]);
    }

    #[test]
    fn attributes_come_with_their_references_decoded() {
        assert_eq!(
            attributes(r#" HREF="a?b&amp;c=&#x41;" hidden x=1 /"#),
            [
                ("href".to_owned(), "a?b&c=A".to_owned()),
                ("hidden".to_owned(), String::new()),
                ("x".to_owned(), "1".to_owned()),
            ]
        );
    }

    #[test]
    fn odd_tags_end() {
        for odd in ["<a", "<a b=\"", "<a =x ==>", "<a / / =>", "<a \u{a0}é=ü>", "</", "<"] {
            for token in tokens(odd) {
                if let Token::Open(_, inside) = token {
                    attributes(inside);
                }
            }
        }
    }
}
