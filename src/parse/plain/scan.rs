//! Is a document plain: can feed-rs carry every entry of it in full?
//!
//! In: clean text. Out: its entries, their long texts apart, or the first thing that speaks
//! against it. One pass. What is let through here is read the same way by feed-rs and by the
//! lenient reader; a doubt is a no.

use std::{borrow::Cow, fmt::Write as _};

use super::leaf::{MARK, behind, references};
use crate::parse::lenient::names::{self, Ns};

/// The two dialects that feed-rs reads well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Rss2,
    Atom,
}

/// A plain document, in parts.
#[derive(Debug)]
pub(super) struct Plain<'d> {
    pub dialect: Dialect,
    /// All before the first entry.
    pub head: &'d str,
    /// The root's start tag.
    pub root: &'d str,
    /// From the first entry to the end, with a [`MARK`] and a number for each long text.
    pub entries: Cow<'d, str>,
    /// The long texts as they stand in the document, by that number.
    pub texts: Vec<&'d str>,
    pub count: usize,
    /// Elements that are open where the entries begin.
    pub open: usize,
}

/// What speaks against a document.
pub(super) type Refused = &'static str;

/// Looks through a document.
pub(super) fn scan(text: &str) -> Result<Plain<'_>, Refused> {
    let (root_at, root) = root_tag(text)?;
    let (dialect, mark, open) = match root.name {
        "rss" => (Dialect::Rss2, "<item", 2),
        "feed" => (Dialect::Atom, "<entry", 1),
        _ => return Err("not RSS 2.0 or Atom 1.0"),
    };
    let vocabulary = Vocabulary::of_root(&root, dialect)?;
    let first = root_at + find(text.get(root_at..).unwrap_or_default(), mark)?;
    let (head, entries) = text.split_at_checked(first).ok_or("no entries")?;
    let channel = head.get(root_at + root.source.len()..).unwrap_or_default();
    if channel.contains("xml:base") || channel.contains(" xmlns") {
        return Err("a namespace or base inside of the feed");
    }
    let mut scanner = Scanner {
        rest: entries,
        dialect,
        vocabulary: &vocabulary,
        uncopied: entries,
        copy: String::new(),
        texts: Vec::new(),
        has_mark: entries.contains(MARK),
    };
    let mut count = 0;
    while scanner.entry()? {
        count += 1;
    }
    let Scanner { uncopied, mut copy, texts, .. } = scanner;
    let entries = if texts.is_empty() {
        entries.into()
    } else {
        copy.push_str(uncopied);
        copy.into()
    };
    Ok(Plain { dialect, head, root: root.source, entries, texts, count, open })
}

/// A text of so many bytes is taken from where it stands: feed-rs would copy it several times
/// over, and make an event of each reference in it.
const LONG: usize = 128;

fn find(text: &str, mark: &str) -> Result<usize, Refused> {
    text.find(mark).ok_or("no entries")
}

/// A start tag, cut out.
#[derive(Debug, Clone, Copy)]
struct Tag<'d> {
    /// From `<` to `>`.
    source: &'d str,
    name: &'d str,
    attributes: &'d str,
    empty: bool,
}

/// The first element of a document that has nothing but a declaration and comments before it.
fn root_tag(text: &str) -> Result<(usize, Tag<'_>), Refused> {
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        at += rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        let skipped = if rest.starts_with("<?") {
            rest.find("?>").map(|end| end + 2)
        } else if rest.starts_with("<!--") {
            rest.find("-->").map(|end| end + 3)
        } else if rest.starts_with("<!") {
            return Err("a DTD");
        } else {
            return tag(rest).map(|(tag, _)| (at, tag));
        };
        at += skipped.ok_or("not well-formed")?;
    }
}

/// Cuts a start tag; refuses what XML does not allow in one.
fn tag(text: &str) -> Result<(Tag<'_>, &str), Refused> {
    let bad = "not well-formed";
    let inside = text.strip_prefix('<').ok_or(bad)?;
    let mut quote = None;
    let end = inside.bytes().position(|byte| match quote {
        Some(open) => {
            if byte == open {
                quote = None;
            }
            byte == b'<'
        }
        None => {
            if matches!(byte, b'"' | b'\'') {
                quote = Some(byte);
            }
            matches!(byte, b'>' | b'<')
        }
    });
    let end = end.ok_or(bad)?;
    let (inside, rest) = inside.split_at_checked(end).ok_or(bad)?;
    let rest = rest.strip_prefix('>').ok_or(bad)?;
    let source = text.get(..end + 2).ok_or(bad)?;
    let (inside, empty) = match inside.strip_suffix('/') {
        Some(inside) => (inside, true),
        None => (inside, false),
    };
    let name_end = inside.find(|c: char| c.is_ascii_whitespace()).unwrap_or(inside.len());
    let (name, attributes) = inside.split_at_checked(name_end).ok_or(bad)?;
    let known = |c: char| c.is_alphanumeric() || matches!(c, ':' | '_' | '-' | '.');
    if name.is_empty() || !name.chars().all(known) {
        return Err(bad);
    }
    Ok((Tag { source, name, attributes, empty }, rest))
}

/// The attributes of a tag: `name="value"` and nothing else.
fn attributes(source: &str) -> impl Iterator<Item = Result<(&str, &str), Refused>> {
    let mut rest = source.trim_ascii();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut cut = || {
            let (name, after) = rest.split_once('=')?;
            let after = after.trim_ascii_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (value, after) = after.get(1..)?.split_once(quote)?;
            rest = after.trim_ascii_start();
            Some((name.trim_ascii_end(), value))
        };
        let attribute = cut();
        if attribute.is_none() {
            rest = "";
        }
        Some(attribute.ok_or("not well-formed"))
    })
}

/// Which prefixes the root declares, and what they mean to both readers.
#[derive(Debug)]
struct Vocabulary<'d> {
    prefixes: Vec<(&'d str, Meaning)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Content,
    Dc,
    /// Both readers pass it by.
    Ignored,
    /// We know it, feed-rs does not, or not in full.
    Ours,
}

impl<'d> Vocabulary<'d> {
    fn of_root(root: &Tag<'d>, dialect: Dialect) -> Result<Self, Refused> {
        let mut prefixes = Vec::new();
        let mut default = None;
        let mut version = None;
        let mut has_language = false;
        for attribute in attributes(root.attributes) {
            let (name, value) = attribute?;
            match names::split(name) {
                ("xmlns", prefix) => prefixes.push((prefix, meaning(prefix, value))),
                ("", "xmlns") => default = Some(value),
                ("", "version") => version = Some(value),
                ("xml", "lang") => has_language = true,
                ("xml", _) => return Err("xml:base"),
                _ => {}
            }
        }
        let knows_dc = prefixes.iter().any(|(_, meaning)| *meaning == Meaning::Dc);
        match dialect {
            Dialect::Rss2 if version != Some("2.0") => Err("RSS of another version than 2.0"),
            Dialect::Rss2 if default.is_some() => Err("a default namespace on RSS"),
            Dialect::Rss2 if has_language => Err("xml:lang"),
            Dialect::Atom if default != Some("http://www.w3.org/2005/Atom") => {
                Err("Atom under another namespace")
            }
            Dialect::Atom if has_language && knows_dc => Err("xml:lang beside dc:language"),
            _ => Ok(Self { prefixes }),
        }
    }

    fn meaning(&self, prefix: &str) -> Result<Meaning, Refused> {
        self.prefixes
            .iter()
            .rev()
            .find(|(known, _)| *known == prefix)
            .map(|(_, meaning)| *meaning)
            .ok_or("a prefix that is not declared")
    }
}

fn meaning(prefix: &str, uri: &str) -> Meaning {
    // As feed-rs spells them; in another spelling only we know them.
    match uri {
        "http://purl.org/rss/1.0/modules/content/" => return Meaning::Content,
        "http://purl.org/dc/elements/1.1/" => return Meaning::Dc,
        "http://wellformedweb.org/CommentAPI/" => return Meaning::Ignored,
        _ => {}
    }
    match Ns::of_uri(uri).or_else(|| Ns::of_prefix(prefix)) {
        // feed-rs would not resolve references in a namespace.
        None if !uri.contains('&') => Meaning::Ignored,
        _ => Meaning::Ours,
    }
}

/// What an element of an entry may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Text of any kind.
    Text,
    /// An absolute address of the web.
    Address,
    /// A name without an e-mail address in it, which is split in more ways than one.
    Name,
    /// Nothing but attributes.
    Link,
    Category,
    Person,
    /// Passed by, whatever is in it.
    Opaque,
}

/// One bit for each element that may stand in an entry only once.
type Once = u32;

fn rss_element(name: &str) -> Option<(Shape, Once)> {
    Some(match name {
        "title" => (Shape::Text, 1),
        "link" => (Shape::Address, 1 << 1),
        "guid" => (Shape::Text, 1 << 2),
        "description" => (Shape::Text, 1 << 3),
        "pubDate" => (Shape::Text, 1 << 4),
        "comments" => (Shape::Address, 1 << 5),
        "author" => (Shape::Name, 0),
        "category" => (Shape::Category, 0),
        _ => return None,
    })
}

fn atom_element(name: &str) -> Option<(Shape, Once)> {
    Some(match name {
        "title" => (Shape::Text, 1),
        "id" => (Shape::Text, 1 << 2),
        "summary" => (Shape::Text, 1 << 3),
        "published" => (Shape::Text, 1 << 4),
        "updated" => (Shape::Text, 1 << 6),
        "content" => (Shape::Text, 1 << 7),
        "link" => (Shape::Link, 0),
        "author" => (Shape::Person, 0),
        "category" => (Shape::Category, 0),
        "rights" | "contributor" => (Shape::Opaque, 0),
        _ => return None,
    })
}

const LINK: Once = 1 << 1;
/// Title, description or summary, content.
const WORDING: Once = 1 | 1 << 3 | CONTENT;
const CONTENT: Once = 1 << 7;
const PUBLISHED: Once = 1 << 4;

struct Scanner<'d, 'v> {
    rest: &'d str,
    dialect: Dialect,
    vocabulary: &'v Vocabulary<'d>,
    /// From the end of the last long text on.
    uncopied: &'d str,
    /// What is before it, for feed-rs.
    copy: String,
    texts: Vec<&'d str>,
    /// Whether [`MARK`] stands anywhere in the entries.
    has_mark: bool,
}

impl<'d> Scanner<'d, '_> {
    /// Steps over one entry; `false` at the end of the document.
    fn entry(&mut self) -> Result<bool, Refused> {
        self.skip_space()?;
        let (name, end) = match self.dialect {
            Dialect::Rss2 => ("item", ["</channel>", "</rss>"].as_slice()),
            Dialect::Atom => ("entry", ["</feed>"].as_slice()),
        };
        if self.rest.starts_with("</") {
            for end in end {
                self.rest = self.rest.strip_prefix(end).ok_or("an end that is not in order")?;
                self.skip_space()?;
            }
            return if self.rest.is_empty() { Ok(false) } else { Err("something after the end") };
        }
        let tag = self.tag()?;
        if tag.name != name || !tag.attributes.trim_ascii().is_empty() || tag.empty {
            return Err("something between the entries");
        }
        let mut seen: Once = 0;
        loop {
            self.skip_space()?;
            if let Some(rest) = self.rest.strip_prefix("</") {
                let rest = rest.strip_prefix(name).ok_or("tags that do not match")?;
                self.rest = rest.strip_prefix('>').ok_or("not well-formed")?;
                break;
            }
            self.element(&mut seen)?;
        }
        if seen & LINK == 0 { Err("an entry without a link of its own") } else { Ok(true) }
    }

    fn element(&mut self, seen: &mut Once) -> Result<(), Refused> {
        let tag = self.tag()?;
        let (shape, once) = match names::split(tag.name) {
            ("", name) => match self.dialect {
                Dialect::Rss2 => rss_element(name),
                Dialect::Atom => atom_element(name),
            }
            .ok_or("an element that feed-rs does not carry")?,
            (prefix, local) => match (self.vocabulary.meaning(prefix)?, local) {
                (Meaning::Content, "encoded") if self.dialect == Dialect::Rss2 => {
                    (Shape::Text, CONTENT)
                }
                (Meaning::Dc, "creator") if self.dialect == Dialect::Rss2 => (Shape::Name, 0),
                (Meaning::Dc, "date") if self.dialect == Dialect::Rss2 => (Shape::Text, PUBLISHED),
                (Meaning::Ignored, _) => (Shape::Opaque, 0),
                _ => return Err("an element of a module that feed-rs does not carry in full"),
            },
        };
        if *seen & once != 0 {
            return Err("an element that stands twice in one entry");
        }
        *seen |= once;
        self.attributes_of(&tag, shape, seen)?;
        if tag.empty {
            return if shape == Shape::Address { Err("an empty link") } else { Ok(()) };
        }
        match shape {
            Shape::Person => self.person(&tag),
            Shape::Opaque => self.opaque(&tag),
            _ => {
                let text = self.leaf(&tag)?;
                if text.len() >= LONG && once & WORDING != 0 {
                    return self.set_apart(text, &tag);
                }
                match shape {
                    _ if self.has_mark && text.contains(MARK) => Err("a noncharacter"),
                    Shape::Address if !is_address(text) => Err("an address that needs mending"),
                    Shape::Name if text.contains(['@', '&']) => Err("a name with an address"),
                    _ => Ok(()),
                }
            }
        }
    }

    fn attributes_of(&self, tag: &Tag<'_>, shape: Shape, seen: &mut Once) -> Result<(), Refused> {
        if shape == Shape::Opaque {
            return match tag.attributes.contains("xml") {
                true => Err("a namespace or base inside of an entry"),
                false => Ok(()),
            };
        }
        let (mut relation, mut href, mut term) = (None, None, None);
        for attribute in attributes(tag.attributes) {
            let (name, value) = attribute?;
            let known = match (self.dialect, shape, name) {
                (Dialect::Rss2, Shape::Text, "isPermaLink") => true,
                (Dialect::Rss2, Shape::Category, "domain") => true,
                (Dialect::Atom, Shape::Text, "type") => matches!(value, "text" | "html"),
                (Dialect::Atom, Shape::Category, "scheme") => true,
                (Dialect::Atom, Shape::Category, "label") => !value.trim().is_empty(),
                (Dialect::Atom, Shape::Category, "term") => term.replace(value).is_none(),
                (Dialect::Atom, Shape::Link, "href") => href.replace(value).is_none(),
                (Dialect::Atom, Shape::Link, "rel") => relation.replace(value).is_none(),
                (Dialect::Atom, Shape::Link, "type" | "title" | "hreflang" | "length") => true,
                _ => false,
            };
            if !known {
                return Err("an attribute that feed-rs does not carry");
            }
            references(value)?;
        }
        match (self.dialect, shape) {
            (Dialect::Atom, Shape::Category) if term.is_none() => Err("a category without term"),
            (Dialect::Atom, Shape::Link) => {
                if !href.is_some_and(is_address) {
                    return Err("an address that needs mending");
                }
                match relation {
                    None | Some("alternate") if *seen & LINK == 0 => {
                        *seen |= LINK;
                        Ok(())
                    }
                    Some("self" | "edit" | "related" | "via") => Ok(()),
                    _ => Err("a link that feed-rs does not carry in full"),
                }
            }
            _ => Ok(()),
        }
    }

    /// A leaf's source between its tags; refuses elements and strange references in it.
    fn leaf(&mut self, tag: &Tag<'_>) -> Result<&'d str, Refused> {
        let whole = self.rest;
        loop {
            let at = memchr::memchr(b'<', self.rest.as_bytes()).ok_or("not well-formed")?;
            let (text, rest) = self.rest.split_at_checked(at).ok_or("not well-formed")?;
            references(text)?;
            if let Some(inside) = rest.strip_prefix("<![CDATA[") {
                self.rest = behind(inside, "]]>")?;
            } else if let Some(end) = rest.strip_prefix("</") {
                let end = end.strip_prefix(tag.name).ok_or("markup that is not escaped")?;
                self.rest = end.strip_prefix('>').ok_or("not well-formed")?;
                let length = whole.len() - rest.len();
                return whole.get(..length).ok_or("not well-formed");
            } else {
                return Err("markup that is not escaped");
            }
        }
    }

    /// Takes out the text of the leaf just read.
    fn set_apart(&mut self, text: &'d str, tag: &Tag<'_>) -> Result<(), Refused> {
        let behind = self.rest.len() + "</>".len() + tag.name.len();
        let end = self.uncopied.len() - behind;
        let (before, rest) = self.uncopied.split_at_checked(end).ok_or("not well-formed")?;
        let before = before.strip_suffix(text).ok_or("not well-formed")?;
        self.copy.push_str(before);
        let _ = write!(self.copy, "{MARK}{}", self.texts.len());
        self.texts.push(text);
        self.uncopied = rest;
        Ok(())
    }

    /// An author with a name.
    fn person(&mut self, tag: &Tag<'_>) -> Result<(), Refused> {
        let mut named = false;
        loop {
            self.skip_space()?;
            if let Some(rest) = self.rest.strip_prefix("</") {
                let rest = rest.strip_prefix(tag.name).ok_or("tags that do not match")?;
                self.rest = rest.strip_prefix('>').ok_or("not well-formed")?;
                return if named { Ok(()) } else { Err("an author without a name") };
            }
            let part = self.tag()?;
            if part.empty || !part.attributes.trim_ascii().is_empty() {
                return Err("an author in an unusual form");
            }
            let text = self.leaf(&part)?;
            match part.name {
                "name" if !named && !text.trim().is_empty() && !text.contains(['&', '<']) => {
                    named = true;
                }
                "uri" | "email" => {}
                _ => return Err("an author in an unusual form"),
            }
        }
    }

    /// Steps over an element and all that is in it.
    fn opaque(&mut self, tag: &Tag<'_>) -> Result<(), Refused> {
        let mut depth = 1;
        while depth > 0 {
            let at = memchr::memchr(b'<', self.rest.as_bytes()).ok_or("not well-formed")?;
            let (text, rest) = self.rest.split_at_checked(at).ok_or("not well-formed")?;
            references(text)?;
            self.rest = rest;
            if let Some(inside) = rest.strip_prefix("<![CDATA[") {
                self.rest = behind(inside, "]]>")?;
            } else if let Some(inside) = rest.strip_prefix("<!--") {
                self.rest = inside.split_once("-->").ok_or("not well-formed")?.1;
            } else if let Some(end) = rest.strip_prefix("</") {
                let (name, rest) = end.split_once('>').ok_or("not well-formed")?;
                depth -= 1;
                if depth == 0 && name != tag.name {
                    return Err("tags that do not match");
                }
                self.rest = rest;
            } else {
                let inner = self.tag()?;
                if matches!(inner.name, "item" | "entry") || inner.attributes.contains("xml") {
                    return Err("an entry inside of an entry");
                }
                depth += usize::from(!inner.empty);
            }
        }
        Ok(())
    }

    fn tag(&mut self) -> Result<Tag<'d>, Refused> {
        let (tag, rest) = tag(self.rest)?;
        self.rest = rest;
        Ok(tag)
    }

    /// White space and comments.
    fn skip_space(&mut self) -> Result<(), Refused> {
        loop {
            self.rest = self.rest.trim_ascii_start();
            match self.rest.strip_prefix("<!--") {
                Some(inside) => {
                    self.rest = inside.split_once("-->").ok_or("not well-formed")?.1;
                }
                None => return Ok(()),
            }
        }
    }
}

/// An absolute web address without anything that two readers may take differently.
fn is_address(text: &str) -> bool {
    let text = text.trim_ascii();
    (text.starts_with("http://") || text.starts_with("https://"))
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'\\'))
}
