//! A text that may be HTML, cut into tags and what is between them.
//!
//! In: any text. Out: its [`Piece`]s, in order. Not HTML's tokenizer, which takes `a <b` for
//! the beginning of a tag: here a tag is one only if it ends. Linear in the text, whatever
//! is open or missing in it.

/// One piece of a text that may be HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
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
pub(super) struct Tags<'a> {
    whole: &'a str,
    rest: &'a str,
    /// Bytes behind the last ">" and the last "-->": so near the end nothing closes any more.
    /// The latter is known once a comment has begun.
    without_close: usize,
    without_comment_close: Option<usize>,
    /// Elements whose end tag was looked for in vain.
    never_closed: Vec<&'static str>,
    /// Quoted values that never ended; after some, quotes are not believed any more, so
    /// that no text makes us look to its end over and over.
    broken_quotes: u32,
}

impl<'a> Tags<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            whole: text,
            rest: text,
            without_close: behind_last(text, ">"),
            without_comment_close: None,
            never_closed: Vec::new(),
            broken_quotes: 0,
        }
    }

    pub(super) fn next(&mut self) -> Option<Piece<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        // A "<" that starts no tag belongs to the text around it.
        let mut from = 0;
        loop {
            let Some(at) = self.next_sign(from) else {
                return Some(Piece::Text(std::mem::take(&mut self.rest)));
            };
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

    fn next_sign(&self, from: usize) -> Option<usize> {
        memchr::memchr(b'<', self.rest.as_bytes().get(from..)?).map(|at| from + at)
    }

    /// The tag that `markup`, which starts with `<`, begins with, and what follows it.
    fn tag(&mut self, markup: &'a str) -> Option<(Piece<'a>, &'a str)> {
        let inside = markup.strip_prefix('<')?;
        if inside.len() <= self.without_close {
            return None;
        }
        if let Some(comment) = inside.strip_prefix("!--") {
            let whole = self.whole;
            let without_close =
                *self.without_comment_close.get_or_insert_with(|| behind_last(whole, "-->"));
            let (end, after) = if comment.len() > without_close {
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
    pub(super) fn skip_past_end_tag(&mut self, name: &'static str) {
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

/// Bytes behind the last `mark`, which ends in ">".
fn behind_last(text: &str, mark: &str) -> usize {
    let bytes = text.as_bytes();
    let last = memchr::memrchr_iter(b'>', bytes)
        .map(|at| at + 1)
        .find(|&end| bytes.get(..end).is_some_and(|before| before.ends_with(mark.as_bytes())));
    text.len() - last.unwrap_or_default()
}

/// A value longer than this is data, and its quotes may be anything.
const MAX_TAG_CHARS: usize = 64 * 1024;
/// See [`Tags::broken_quotes`].
const MAX_BROKEN_QUOTES: u32 = 16;
