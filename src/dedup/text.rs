//! An entry's own text out of its HTML, in one walk.
//!
//! In: sanitized HTML (or plain text). Out: [`Text`]: the words, cut into paragraphs, each
//! with a hash by which a feed's furniture is recognised. Left out at once is what is not
//! the entry's own wording: quotations, figures, bylines, datelines, "continue reading".

use xxhash_rust::xxh3::xxh3_64;

use super::{
    edges::{
        TAILS, is_byline, is_ellipsis, is_quotation, last_ellipsis, phrase_at_end, without_dateline,
    },
    words::{MOST_WORDS, Word, Words},
};
use crate::model::{reference, split_at_sign};

/// What an entry says in its own words.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Text {
    pub words: Words,
    pub paragraphs: Vec<Paragraph>,
    /// A list of links with a word to each: it is about many stories, not one.
    pub is_digest: bool,
}

/// A run of words of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Paragraph {
    /// Word numbers, the second one past the end.
    pub start: usize,
    pub end: usize,
    /// Of the folded words.
    pub hash: u32,
}

impl Text {
    /// `title` is what the entry is called: a heading that repeats it is not text.
    pub fn of(html: &str, title: &Words) -> Self {
        let mut walk = Walk::new(title);
        walk.text.words.reserve(html.len());
        walk.html(html);
        walk.finish()
    }
}

/// Where the walk is.
struct Walk<'a> {
    title: &'a Words,
    text: Text,
    /// The paragraph being read, entities undone.
    buffer: String,
    /// Room to hash a paragraph in.
    hashes: Vec<[u8; 4]>,
    /// Bytes of it that stand inside links.
    linked: usize,
    starts_with_link: bool,
    link_depth: usize,
    block: Block,
    /// Linked headings, linked list items, and the words of the latter.
    linked_headings: usize,
    linked_items: usize,
    linked_item_words: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Plain,
    Heading,
    Item,
}

impl<'a> Walk<'a> {
    fn new(title: &'a Words) -> Self {
        Self {
            title,
            text: Text::default(),
            buffer: String::with_capacity(USUAL_PARAGRAPH),
            hashes: Vec::new(),
            linked: 0,
            starts_with_link: false,
            link_depth: 0,
            block: Block::Plain,
            linked_headings: 0,
            linked_items: 0,
            linked_item_words: 0,
        }
    }

    fn html(&mut self, html: &str) {
        let mut rest = html;
        while let Some((before, tag)) = split_at_sign(rest, b'<') {
            self.characters(before);
            if self.text.words.len() >= MOST_WORDS {
                return;
            }
            let Some(name) = TagName::at(tag) else {
                // A lone "<" is a character.
                self.characters("<");
                rest = tag;
                continue;
            };
            rest = after_tag(tag, name);
            if !name.closes && is_skipped(name.text) {
                self.end_paragraph();
                rest = after_element(rest, name.text);
            } else {
                self.tag(name);
            }
        }
        self.characters(rest);
    }

    fn tag(&mut self, name: TagName<'_>) {
        match name.text {
            "a" if name.closes => self.link_depth = self.link_depth.saturating_sub(1),
            "a" => self.link_depth += 1,
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "li" | "dt" => {
                self.end_paragraph();
                self.block = match (name.closes, name.text) {
                    (true, _) => Block::Plain,
                    (false, "li" | "dt") => Block::Item,
                    (false, _) => Block::Heading,
                };
            }
            "img" | "wbr" => {}
            "td" | "th" => self.buffer.push(' '),
            name if is_inline(name) => {}
            _ => self.end_paragraph(),
        }
    }

    /// Text between tags: a blank line in it ends a paragraph, as in plain text.
    fn characters(&mut self, text: &str) {
        let mut rest = text;
        while let Some((line, after)) = split_at_blank_line(rest) {
            self.append(line);
            self.end_paragraph();
            rest = after;
        }
        self.append(rest);
    }

    fn append(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.buffer.is_empty() {
            self.starts_with_link = self.link_depth > 0;
        }
        let before = self.buffer.len();
        decode_into(text, &mut self.buffer);
        if self.link_depth > 0 {
            self.linked += self.buffer.len() - before;
        } else if self.buffer.trim_start().is_empty() {
            self.buffer.clear();
        }
    }

    fn end_paragraph(&mut self) {
        if self.buffer.is_empty() {
            self.linked = 0;
            return;
        }
        let raw = std::mem::take(&mut self.buffer);
        let linked = std::mem::take(&mut self.linked);
        self.paragraph(&raw, linked);
        self.buffer = raw;
        self.buffer.clear();
    }

    fn paragraph(&mut self, raw: &str, linked: usize) {
        let text = raw.trim();
        if text.is_empty() {
            return;
        }
        let is_first = self.text.paragraphs.is_empty();
        let text = if is_first { without_dateline(text) } else { text };
        if is_quotation(text) {
            return;
        }
        let start = self.text.words.len();
        self.text.words.push(text, MOST_WORDS);
        let list = self.text.words.list().get(start..).unwrap_or_default();
        let length = list.len();
        let is_link = linked * 10 >= text.len() * 9;
        let kept = match self.block {
            Block::Heading if is_link && length >= FEWEST_LINKED => {
                self.linked_headings += 1;
                true
            }
            // An item that is one link leads to another text; a few are "read also".
            Block::Item if self.starts_with_link && length >= FEWEST_LINKED => {
                self.linked_items += 1;
                self.linked_item_words += length;
                !is_link
            }
            Block::Plain if is_first && is_byline(text, length) => false,
            _ => !(is_link && length <= SHORT_LINK),
        };
        let repeats_title = length == self.title.len()
            && list.iter().zip(self.title.list()).all(|(a, b)| a.hash == b.hash);
        if !kept || repeats_title || length == 0 || self.leads_on(list) {
            self.text.words.truncate(start);
            return;
        }
        self.hashes.clear();
        self.hashes.extend(list.iter().map(|word| word.hash.to_le_bytes()));
        let hash = xxh3_64(self.hashes.as_flattened());
        self.text.paragraphs.push(Paragraph {
            start,
            end: start + length,
            hash: (hash ^ (hash >> 32)) as u32,
        });
        self.drop_tail(text);
    }

    /// "The post TITLE appeared first on SITE": little more than the title. A short text that
    /// begins with the title is a text that somebody took the title from.
    fn leads_on(&self, words: &[Word]) -> bool {
        let title = self.title.list();
        title.len() >= SHORTEST_TITLE
            && words.len() <= title.len() + AROUND_TITLE
            && words
                .windows(title.len())
                .skip(1)
                .take(BEFORE_TITLE)
                .any(|run| run.iter().zip(title).all(|(a, b)| a.hash == b.hash))
    }

    /// Takes "… Continue reading" off the end of the paragraph just read.
    fn drop_tail(&mut self, text: &str) {
        let tail = self.tail_words(text);
        if tail == 0 {
            return;
        }
        let Some(last) = self.text.paragraphs.last_mut() else { return };
        last.end = last.end.saturating_sub(tail).max(last.start);
        self.text.words.truncate(last.end);
        if last.start == last.end {
            self.text.paragraphs.pop();
        }
    }

    /// How many words at the end only lead on to the whole text.
    fn tail_words(&self, text: &str) -> usize {
        let text =
            text.trim_end_matches(|c: char| !c.is_alphanumeric() && !is_ellipsis(c) && c != '.');
        if let Some(at) = last_ellipsis(text) {
            let tail = Words::of(text.get(at..).unwrap_or_default());
            if tail.len() <= LONGEST_TAIL || self.leads_on(tail.list()) {
                return tail.len();
            }
        }
        if let Some(words) = self.tail_with_title() {
            return words;
        }
        phrase_at_end(text).map_or(0, |phrase| Words::of(phrase).len())
    }

    /// "Continue reading TITLE at SITE", run into the last sentence of a teaser.
    fn tail_with_title(&self) -> Option<usize> {
        let last = self.text.paragraphs.last()?;
        let words = self.text.words.list().get(last.start..last.end)?;
        let title = self.title.list();
        if title.len() < SHORTEST_TITLE || words.len() < title.len() + 2 {
            return None;
        }
        let farthest = words.len() - title.len();
        let nearest = farthest.saturating_sub(LONGEST_TAIL).max(2);
        let at = (nearest..=farthest).rev().find(|&at| {
            let run = words.get(at..at + title.len()).unwrap_or_default();
            run.iter().zip(title).all(|(a, b)| a.hash == b.hash)
        })?;
        TAILS.iter().find_map(|phrase| {
            let phrase = Words::of(phrase);
            let begin = at.checked_sub(phrase.len())?;
            let found = words.get(begin..at)?;
            let same = found.iter().zip(phrase.list()).all(|(a, b)| a.hash == b.hash);
            same.then_some(words.len() - begin)
        })
    }

    fn finish(mut self) -> Text {
        self.end_paragraph();
        self.text.words.shrink();
        let words = self.text.words.len() + self.linked_item_words;
        self.text.is_digest = self.linked_headings >= FEWEST_LINKS
            || (self.linked_items >= FEWEST_LINKS && self.linked_item_words * 4 >= words);
        self.text
    }
}

/// What stands before and behind the first blank line.
fn split_at_blank_line(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let at = memchr::memchr_iter(b'\n', bytes).find(|at| bytes.get(at + 1) == Some(&b'\n'))?;
    Some((text.get(..at)?, text.get(at + 2..)?))
}

/// In bytes.
const USUAL_PARAGRAPH: usize = 512;

/// Links that make a text a digest of others.
const FEWEST_LINKS: usize = 3;
/// A link of fewer words is a label ("HTML", "more"), not the title of a text.
const FEWEST_LINKED: usize = 3;
/// A paragraph that is one link of so few words leads on, and says nothing itself.
const SHORT_LINK: usize = 8;

/// Elements whose inside is not the entry's own wording.
fn is_skipped(name: &str) -> bool {
    matches!(name, "script" | "style" | "figure" | "blockquote" | "svg" | "iframe" | "noscript")
}

/// Elements that do not end a paragraph.
#[rustfmt::skip]
fn is_inline(name: &str) -> bool {
    matches!(
        name,
        "abbr" | "acronym" | "b" | "bdi" | "bdo" | "big" | "cite" | "code" | "data" | "del" | "dfn"
        | "em" | "font" | "i" | "ins" | "kbd" | "mark" | "q" | "rp" | "rt" | "ruby" | "s" | "samp"
        | "small" | "span" | "strike" | "strong" | "sub" | "sup" | "time" | "tt" | "u" | "var"
    )
}

#[derive(Debug, Clone, Copy)]
struct TagName<'a> {
    text: &'a str,
    closes: bool,
    /// Where it ends in the tag.
    end: usize,
}

impl<'a> TagName<'a> {
    /// The name of the tag whose text after `<` this is; `None` where it is no tag.
    fn at(tag: &'a str) -> Option<Self> {
        let (closes, name) = match tag.strip_prefix('/') {
            Some(name) => (true, name),
            None => (false, tag),
        };
        let begin = tag.len() - name.len();
        if name.starts_with('!') {
            return Some(Self { text: "wbr", closes, end: begin });
        }
        let bytes = name.as_bytes();
        let end = bytes.iter().position(|byte| !byte.is_ascii_alphanumeric());
        let text = name.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
        let is_name = bytes.first().is_some_and(u8::is_ascii_alphabetic);
        is_name.then_some(Self { text, closes, end: begin + text.len() })
    }
}

/// What follows the tag, attribute values in quotes passed over.
fn after_tag<'a>(tag: &'a str, name: TagName<'_>) -> &'a str {
    let bytes = tag.as_bytes();
    if bytes.get(name.end) == Some(&b'>') {
        return tag.get(name.end + 1..).unwrap_or_default();
    }
    let mut quote = None;
    for at in memchr::memchr3_iter(b'>', b'"', b'\'', bytes) {
        match (quote, bytes.get(at)) {
            (None, Some(b'>')) => return tag.get(at + 1..).unwrap_or_default(),
            (None, open) => quote = open,
            (Some(_), close) if close == quote => quote = None,
            _ => {}
        }
    }
    ""
}

/// What follows the end of the element `name`, of which the start tag is already behind.
fn after_element<'a>(html: &'a str, name: &str) -> &'a str {
    let mut depth = 1_usize;
    let mut rest = html;
    while let Some((_, tag)) = split_at_sign(rest, b'<') {
        rest = tag;
        if let Some(found) = TagName::at(tag)
            && found.text == name
        {
            rest = after_tag(tag, found);
            depth = if found.closes { depth - 1 } else { depth + 1 };
            if depth == 0 {
                return rest;
            }
        }
    }
    ""
}

/// Appends `text` with the character references undone that the sanitizer leaves.
fn decode_into(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some((before, after)) = split_at_sign(rest, b'&') {
        out.push_str(before);
        match reference(after) {
            Some((character, tail)) => {
                out.push(if character == '\u{a0}' { ' ' } else { character });
                rest = tail;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
}

/// Words after an ellipsis that still only lead on.
const LONGEST_TAIL: usize = 6;
/// A title of fewer words is no proof that it is meant.
const SHORTEST_TITLE: usize = 3;
/// Words before a title that lead on to it ("Continue reading", "The post").
const BEFORE_TITLE: usize = 3;
/// Words around a title that only lead on ("The post … appeared first on …").
const AROUND_TITLE: usize = 10;
#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> (String, Text) {
        let text = Text::of(html, &Words::of("A title"));
        let words = text.words.list().iter().map(|&word| text.words.spell(word));
        (words.collect::<Vec<_>>().join(" "), text)
    }

    fn words(html: &str) -> String {
        read(html).0
    }

    #[test]
    fn markup_does_not_matter() {
        let plain = words("One two &amp; three.\n\nFour.");
        assert_eq!(plain, "one two three four");
        assert_eq!(words("<p>One <b>two</b> &amp; three.</p><p>Four.</p>"), plain);
        assert_eq!(words("One two &#38; three.<br><br>Four."), plain);
        assert_eq!(words("<div title=\"a > b\">One t<i>wo</i> & three.</div>Four."), plain);
    }

    #[test]
    fn quotations_and_figures_are_not_the_entrys_own_words() {
        assert_eq!(
            words("Mine.<blockquote><p>Theirs</p><blockquote>x</blockquote></blockquote>"),
            "mine"
        );
        assert_eq!(
            words("<figure><img alt=\"x\"><figcaption>Cap</figcaption></figure>Mine."),
            "mine"
        );
        let quotation = format!("<p>“{}”</p><p>Mine.</p>", "they said this and more ".repeat(5));
        assert_eq!(words(&quotation), "mine");
    }

    #[test]
    fn bylines_datelines_and_the_title_again_are_left_out() {
        assert_eq!(words("<p>By Ann Lee, Reporter</p><p>Text here.</p>"), "text here");
        assert_eq!(words("<p>LONDON, 2 Nov (PA) - Text here.</p>"), "text here");
        assert_eq!(words("DUBLIN: Text here."), "text here");
        assert_eq!(words("New York (Agency) — Text here."), "text here");
        assert_eq!(words("<h1>A title</h1><p>Text here.</p>"), "text here");
        assert_eq!(words("Warning: text here."), "warning text here");
    }

    #[test]
    fn what_leads_on_is_left_out() {
        assert_eq!(words("Text here. … [Read full story]"), "text here");
        assert_eq!(words("Text here. Read more"), "text here");
        assert_eq!(words("Text here. […]"), "text here");
        let titled = |html: &str| Text::of(html, &Words::of("Big news in town")).words.len();
        assert_eq!(titled("Text here. … Continue reading Big news in town at The Example"), 2);
        assert_eq!(titled("Text here Continue reading Big news in town at The Example"), 2);
        assert_eq!(
            titled("<p>Text here.</p><p>The post Big news in town appeared first on X.</p>"),
            2
        );
        assert_eq!(
            words("<p>Text here.</p><p><a href=\"x\">Continue reading A title</a></p>"),
            "text here"
        );
    }

    #[test]
    fn a_list_of_linked_headings_is_a_digest_and_a_read_also_list_is_not() {
        let heading = "<h3><a href=\"x\">A story of today</a></h3><p>It began at noon.</p>";
        assert!(read(&heading.repeat(3)).1.is_digest);
        let body = "<p>Something happened to somebody in some place at noon.</p>".repeat(8);
        let also = "<ul><li><a href=\"x\">A story of today</a></li></ul>".repeat(3);
        let (words, text) = read(&format!("{body}{also}"));
        assert!(!text.is_digest && !words.contains("today"));
    }

    #[test]
    fn broken_markup_ends_quietly() {
        for html in ["<", "a < b", "<a href=\"", "<blockquote>x", "&#x;&#99999999;&", "</"] {
            read(html);
        }
        assert_eq!(words("a < b"), "a b");
    }
}
