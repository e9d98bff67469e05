//! Tokens of a document that may be broken.
//!
//! In: text. Out: start tags, end tags, text. quick-xml does the work; what it would take
//! for a tag though it can be none (`a < b`, an attribute whose quote never closes) is cut
//! down to size here. Starting over costs a scan, so the scanned bytes have a budget.

use std::borrow::Cow;

use quick_xml::{
    Reader,
    events::{Event, attributes::Attributes},
};

use super::names;

/// A start tag longer than this has lost a quote. The longest in real feeds are a root with
/// forty namespaces, or an image with its data in its address.
const MAX_TAG_BYTES: usize = 64 * 1024;
/// Bytes read again because a token made no sense, in relation to the document …
const RESCAN_FACTOR: usize = 4;
/// … and at least.
const MIN_RESCAN_BYTES: usize = 1024 * 1024;

/// The elements that a feed may begin with.
const ROOTS: [&str; 6] = ["rss", "feed", "rdf", "channel", "entry", "item"];

#[derive(Debug)]
pub(super) enum Token<'d> {
    Start {
        name: &'d str,
        attributes: &'d str,
        empty: bool,
    },
    End {
        name: &'d str,
    },
    /// Text without references.
    Text(&'d str),
    /// What stands between `&` and `;`.
    Reference(&'d str),
    /// CDATA, or a character that turned out to mean itself.
    Verbatim(&'d str),
    /// The inside of `<!DOCTYPE …>`.
    Doctype(&'d str),
}

/// An iterator over tokens that never fails.
pub(super) struct Tokens<'d> {
    text: &'d str,
    /// Where in `text` the reader was started.
    start: usize,
    reader: Reader<&'d [u8]>,
    rescan_budget: usize,
    repairs: Vec<&'static str>,
    done: bool,
}

impl<'d> Tokens<'d> {
    pub(super) fn new(text: &'d str) -> Self {
        Self {
            text,
            start: 0,
            reader: reader(text),
            rescan_budget: (text.len() * RESCAN_FACTOR).max(MIN_RESCAN_BYTES),
            repairs: Vec::new(),
            done: false,
        }
    }

    /// What had to be cut or skipped, each kind once.
    pub(super) fn repairs(&self) -> impl Iterator<Item = &'static str> {
        self.repairs.iter().copied()
    }

    fn repair(&mut self, repair: &'static str) {
        if !self.repairs.contains(&repair) {
            self.repairs.push(repair);
        }
    }

    fn position(&self) -> usize {
        self.start + usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    fn slice(&self, from: usize, to: usize) -> &'d str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// Reads on from `position`, which `scanned` bytes were read beyond already.
    fn restart(&mut self, position: usize, scanned: usize) {
        match self.rescan_budget.checked_sub(scanned.saturating_sub(position) + 16) {
            Some(left) => self.rescan_budget = left,
            None => {
                self.repair("too broken to read to its end");
                self.done = true;
            }
        }
        let position = position.min(self.text.len());
        self.start = position;
        self.reader = reader(self.slice(position, self.text.len()));
    }

    pub(super) fn next(&mut self) -> Option<Token<'d>> {
        while !self.done {
            let from = self.position();
            if let Some(token) = self.bare_less_than(from) {
                return Some(token);
            }
            let event = self.reader.read_event();
            let to = self.position();
            match event {
                Ok(Event::Start(_)) => return self.tag(from, to, false),
                Ok(Event::Empty(_)) => return self.tag(from, to, true),
                Ok(Event::End(_)) => return Some(self.end_tag(from, to)),
                Ok(Event::Text(text)) => match text.into_inner() {
                    Cow::Borrowed(text) => return Some(Token::Text(text)),
                    Cow::Owned(_) => return Some(Token::Text(self.slice(from, to))),
                },
                Ok(Event::CData(_)) => {
                    let inside = self.slice(from + "<![CDATA[".len(), to.saturating_sub(3));
                    return Some(Token::Verbatim(inside));
                }
                Ok(Event::GeneralRef(_)) => {
                    return Some(Token::Reference(self.slice(from + 1, to.saturating_sub(1))));
                }
                Ok(Event::DocType(_)) => return Some(Token::Doctype(self.slice(from, to))),
                Ok(Event::Comment(_) | Event::PI(_) | Event::Decl(_)) => {}
                Ok(Event::Eof) => self.done = true,
                Err(_) => {
                    if let Some(token) = self.after_error(from) {
                        return Some(token);
                    }
                }
            }
        }
        None
    }

    /// A `<` that begins no markup means itself: `a < b`.
    fn bare_less_than(&mut self, from: usize) -> Option<Token<'d>> {
        let mut rest = self.text.get(from..)?.bytes();
        if rest.next() != Some(b'<') {
            return None;
        }
        match rest.next() {
            Some(b'/' | b'!' | b'?' | b'_' | b':') => None,
            Some(byte) if byte.is_ascii_alphabetic() || byte >= 0x80 => None,
            _ => {
                self.repair("a bare < read as text");
                self.restart(from + 1, from + 1);
                Some(Token::Verbatim(self.slice(from, from + 1)))
            }
        }
    }

    fn tag(&mut self, from: usize, to: usize, empty: bool) -> Option<Token<'d>> {
        let raw = self.slice(from, to);
        let sound = !raw.get(1..).unwrap_or_default().contains('<') && raw.len() <= MAX_TAG_BYTES
            || has_regular_quotes(raw);
        if !sound {
            return self.cut_tag(from, to);
        }
        let inside = raw.strip_prefix('<').unwrap_or(raw);
        let inside = inside.strip_suffix('>').unwrap_or(inside);
        Some(start(if empty { inside.strip_suffix('/').unwrap_or(inside) } else { inside }, empty))
    }

    /// A tag that has run on too far: it ends at its first `>`, or where the next one begins.
    fn cut_tag(&mut self, from: usize, scanned: usize) -> Option<Token<'d>> {
        self.repair("a start tag that does not end properly cut short");
        let rest = self.text.get(from + 1..)?;
        let end = rest.find(['<', '>']).unwrap_or(rest.len());
        let inside = rest.get(..end)?;
        let closed = rest.get(end..)?.starts_with('>');
        self.restart(from + 1 + end + usize::from(closed), scanned);
        if !closed && end == rest.len() {
            // The document ends within a tag.
            self.done = true;
            return None;
        }
        let empty = inside.ends_with('/');
        Some(start(inside.strip_suffix('/').unwrap_or(inside), empty))
    }

    fn end_tag(&mut self, from: usize, to: usize) -> Token<'d> {
        let inside = self.slice(from + 2, to.saturating_sub(1));
        let end = inside.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"'));
        let name = inside.get(..end.unwrap_or(inside.len())).unwrap_or_default();
        if let Some(cut) = inside.find(['<', '>']) {
            self.repair("an end tag that does not end properly cut short");
            let closed = inside.get(cut..).is_some_and(|rest| rest.starts_with('>'));
            self.restart(from + 2 + cut + usize::from(closed), to);
        }
        Token::End { name }
    }

    /// quick-xml gave up: find out where to go on.
    fn after_error(&mut self, from: usize) -> Option<Token<'d>> {
        let scanned = self.text.len();
        let rest = self.text.get(from..)?;
        if rest.starts_with("<![CDATA[") {
            // Its end is forgotten: the element's own end tag is the next best.
            self.repair("CDATA that does not end");
            self.restart(from + "<![CDATA[".len(), scanned);
            return None;
        }
        if rest.starts_with("<!--") {
            self.repair("a comment that does not end");
            self.restart(from + 4, scanned);
            return None;
        }
        if rest.starts_with("<!") || rest.starts_with("<?") {
            self.repair("a declaration that does not end properly skipped");
            let end = rest.find('>').map_or(rest.len(), |end| end + 1);
            self.restart(from + end, scanned);
            return None;
        }
        if rest.starts_with("</") {
            let end = rest.find('>').map_or(rest.len(), |end| end + 1);
            let token = self.end_tag(from, from + end);
            self.restart(from + end, scanned);
            return Some(token);
        }
        if rest.starts_with('<') {
            return self.cut_tag(from, scanned);
        }
        // An ill-formed token inside of text: step over one character.
        let step = rest.chars().next().map_or(1, char::len_utf8);
        self.restart(from + step, from + step);
        Some(Token::Verbatim(self.slice(from, from + step)))
    }
}

fn reader(text: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    reader
}

fn start(inside: &str, empty: bool) -> Token<'_> {
    let end = inside.find(|c: char| c.is_ascii_whitespace() || c == '/').unwrap_or(inside.len());
    let (name, attributes) = inside.split_at_checked(end).unwrap_or((inside, ""));
    Token::Start { name, attributes, empty }
}

/// The attributes of a tag; what makes no sense among them is skipped.
pub(super) fn attributes(source: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut all = Attributes::html(source, 0);
    all.with_checks(false);
    all.filter_map(Result::ok).map(move |attribute| {
        let value = match attribute.value {
            Cow::Borrowed(value) => value,
            Cow::Owned(_) => "",
        };
        (attribute.key.0, value)
    })
}

/// Whether each quote of a tag opens after `=` and closes before white space or the end.
fn has_regular_quotes(tag: &str) -> bool {
    if tag.len() > MAX_TAG_BYTES {
        return false;
    }
    let mut quote = None;
    let mut before = b'<';
    let mut bytes = tag.bytes().skip(1).peekable();
    while let Some(byte) = bytes.next() {
        match quote {
            Some(open) if open == byte => {
                quote = None;
                let next = bytes.peek().copied().unwrap_or(b'>');
                if !next.is_ascii_whitespace() && !matches!(next, b'>' | b'/' | b'?') {
                    return false;
                }
            }
            Some(_) => {}
            None => match byte {
                b'"' | b'\'' if before == b'=' => quote = Some(byte),
                b'"' | b'\'' | b'<' => return false,
                _ => {}
            },
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    quote.is_none()
}

/// Where the first element begins that a feed may have as its root.
pub(super) fn find_root(text: &str) -> Option<usize> {
    let mut from = 0;
    // A document whose first element is <html> is a page, unless a real feed follows.
    while let Some(found) = text.get(from..)?.find('<') {
        let at = from + found;
        let rest = text.get(at + 1..)?;
        if rest.starts_with("!--") {
            from = at + rest.find("-->").map_or(4, |end| end + 4);
            continue;
        }
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '>' | '/' | '<'))
            .unwrap_or(rest.len());
        let (_, local) = names::split(rest.get(..end)?);
        if ROOTS.iter().any(|root| root.eq_ignore_ascii_case(local)) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// Whether nothing but a declaration, comments and white space stands before the root.
pub(super) fn is_prologue(junk: &str) -> bool {
    let mut rest = junk.trim();
    while !rest.is_empty() {
        let end = if rest.starts_with("<!--") {
            rest.find("-->").map(|end| end + 3)
        } else if rest.starts_with("<?") {
            rest.find("?>").map(|end| end + 2)
        } else if rest.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("<!doctype")) {
            // An internal subset holds markup of its own.
            match (rest.find('['), rest.find('>')) {
                (Some(open), Some(close)) if open < close => rest
                    .find("]>")
                    .map(|end| end + 2)
                    .or_else(|| rest.rfind('>').map(|end| end + 1)),
                (_, close) => close.map(|end| end + 1),
            }
        } else {
            None
        };
        let Some(after) = end.and_then(|end| rest.get(end..)) else { return false };
        rest = after.trim_start();
    }
    true
}

/// Says what a document is that holds no feed.
pub(super) fn what_it_is(text: &str) -> String {
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find('<')) {
        let at = from + found;
        let rest = text.get(at + 1..).unwrap_or_default();
        if rest.starts_with("!--") {
            from = at + rest.find("-->").map_or(4, |end| end + 4);
            continue;
        }
        let doctype_html =
            rest.get(..13).is_some_and(|start| start.eq_ignore_ascii_case("!doctype html"));
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '>' | '/' | '<'))
            .unwrap_or(rest.len());
        let name = rest.get(..end.min(40)).unwrap_or_default();
        let (_, local) = names::split(name);
        match local.to_ascii_lowercase().as_str() {
            _ if doctype_html => return "it is a web page".to_owned(),
            "html" | "head" | "body" | "script" | "meta" | "title" | "div" => {
                return "it is a web page".to_owned();
            }
            "opml" => return "it is an OPML subscription list".to_owned(),
            "urlset" | "sitemapindex" => return "it is a sitemap".to_owned(),
            "opensearchdescription" => return "it is an OpenSearch description".to_owned(),
            name if name.starts_with(|c: char| c.is_alphabetic()) => {
                return format!("its root element is <{local}>");
            }
            _ => from = at + 1,
        }
    }
    "it holds neither XML nor JSON".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let mut tokens = Tokens::new(text);
        let mut told = Vec::new();
        while let Some(token) = tokens.next() {
            told.push(match token {
                Token::Start { name, empty, .. } => {
                    format!("<{name}{}", if empty { "/" } else { "" })
                }
                Token::End { name } => format!("/{name}"),
                Token::Text(text) | Token::Verbatim(text) => format!("'{text}'"),
                Token::Reference(name) => format!("&{name}"),
                Token::Doctype(_) => "!".to_owned(),
            });
        }
        told.join(" ")
    }

    #[test]
    fn a_bare_less_than_is_text() {
        assert_eq!(told("<p>a < b <b>c</b></p>"), "<p 'a ' '<' ' b ' <b 'c' /b /p");
    }

    #[test]
    fn a_bare_ampersand_is_text() {
        assert_eq!(told("<p>R & D &amp; AT&T</p>"), "<p 'R ' '& D ' &amp ' AT' '&T' /p");
    }

    #[test]
    fn a_quote_that_never_closes_costs_its_tag_only() {
        assert_eq!(told("<p><a href=\"x>y</a> z</p><q/>"), "<p <a 'y' /a ' z' /p <q/");
        assert_eq!(told("<a b=\"c\" d\">e</a><f g=\"h\"/>"), "<a 'e' /a <f/");
    }

    #[test]
    fn a_less_than_inside_a_proper_attribute_is_part_of_it() {
        assert_eq!(told("<a title=\"x < y > z\">e</a>"), "<a 'e' /a");
    }

    #[test]
    fn a_document_that_ends_anywhere_ends() {
        for text in ["<a", "<a b", "<a b='", "</a", "<!-- x", "<![CDATA[ x", "<?x", "<!", "&", "&a"]
        {
            told(text);
            told(&format!("<p>{text}"));
        }
        assert_eq!(told("<p><![CDATA[abc</p><q/>"), "<p 'abc' /p <q/");
    }

    #[test]
    fn comments_that_never_end_are_read_in_linear_time() {
        let text = "<!-- ".repeat(400_000);
        told(&text);
        let text = "<a b=\"".repeat(400_000);
        told(&text);
    }

    #[test]
    fn the_root_is_found_behind_junk() {
        let text = "<br />\n<b>Notice</b>: x <!-- <rss> --> <?xml version='1.0'?><rss>";
        assert_eq!(find_root(text), text.rfind("<rss>"));
        assert_eq!(find_root("<html><body></body></html>"), None);
        assert_eq!(what_it_is("<!DOCTYPE html><html>"), "it is a web page");
    }
}
