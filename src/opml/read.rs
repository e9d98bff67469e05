//! OPML in, as tolerantly as it is written.
//!
//! In: bytes. Out: the subscriptions in them, in order, each address once. Any version, any
//! case of names, bare ampersands, HTML's entities, missing ends and broken places are read
//! over; entities of a DTD are never expanded. No recursion: depth costs nothing.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use html5ever::data::NAMED_ENTITIES;
use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use url::Url;

use super::{OpmlError, Subscription};

/// The subscriptions of a list.
///
/// A nested outline's folders become tags, and so does its `category`. What has no address
/// of the web is no subscription and left out.
pub fn read(bytes: &[u8]) -> Result<Vec<Subscription>, OpmlError> {
    let text = decoded(bytes);
    if text.trim().is_empty() {
        return Err(OpmlError::Empty);
    }
    let mut list = List::default();
    let mut rest = text.as_str();
    while !list.is_full() {
        match read_on(rest, &mut list) {
            None => break,
            // A broken place: go on behind it, at the next outline.
            Some(broken_at) => {
                let Some(after) = rest.get(broken_at..).and_then(after_next_letter) else { break };
                let Some(next) = find_outline(after) else { break };
                rest = after.get(next..).unwrap_or_default();
            }
        }
    }
    if list.is_opml { Ok(list.found) } else { Err(OpmlError::NotOpml) }
}

/// What was found so far.
#[derive(Debug, Default)]
struct List {
    found: Vec<Subscription>,
    seen: std::collections::HashMap<Url, usize>,
    /// The open outlines: a folder's name, or nothing for an outline that is none.
    open: Vec<Option<String>>,
    is_opml: bool,
}

impl List {
    fn is_full(&self) -> bool {
        self.found.len() >= MAX_SUBSCRIPTIONS
    }

    fn outline(&mut self, element: &BytesStart<'_>, has_children: bool) {
        self.is_opml = true;
        let attributes = Outline::of(element);
        let mut folder = None;
        match attributes.feed() {
            Some(url) => self.add(url, &attributes),
            None => folder = attributes.name(),
        }
        if has_children {
            self.open.push(folder);
        }
    }

    /// A feed that is listed in two folders has both as tags.
    fn add(&mut self, url: Url, attributes: &Outline) {
        let folders = self.open.iter().flatten().take(MAX_TAGS).cloned();
        let mut tags: Vec<String> = Vec::new();
        for tag in folders.chain(attributes.categories()) {
            if !tags.contains(&tag) && tags.len() < MAX_TAGS {
                tags.push(tag);
            }
        }
        let known = self.seen.get(&url).and_then(|at| self.found.get_mut(*at));
        if let Some(known) = known {
            let more = tags.into_iter().filter(|tag| !known.tags.contains(tag));
            let more: Vec<String> = more.take(MAX_TAGS.saturating_sub(known.tags.len())).collect();
            known.tags.extend(more);
            return;
        }
        self.seen.insert(url.clone(), self.found.len());
        let home_page = attributes.html_url.as_deref().and_then(web_address);
        self.found.push(Subscription { url, title: attributes.name(), home_page, tags });
    }
}

/// Reads events until the end (`None`) or a broken place (how far into `text`).
fn read_on(text: &str, list: &mut List) -> Option<usize> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) if is_outline(&element) => list.outline(&element, true),
            Ok(Event::Empty(element)) if is_outline(&element) => list.outline(&element, false),
            Ok(Event::Start(element) | Event::Empty(element)) => {
                list.is_opml |= named(element.local_name().as_ref(), "opml");
            }
            Ok(Event::End(element)) if named(element.local_name().as_ref(), "outline") => {
                list.open.pop();
            }
            Ok(Event::Eof) => return None,
            Ok(_) => {}
            Err(_) => {
                return usize::try_from(reader.error_position()).ok();
            }
        }
        if list.is_full() {
            return None;
        }
    }
}

fn is_outline(element: &BytesStart<'_>) -> bool {
    named(element.local_name().as_ref(), "outline")
}

fn named(name: &str, wanted: &str) -> bool {
    name.eq_ignore_ascii_case(wanted)
}

/// Past the first character, so that a broken place is not met again.
fn after_next_letter(text: &str) -> Option<&str> {
    let mut letters = text.chars();
    letters.next()?;
    Some(letters.as_str())
}

/// Where the next `<outline` or `</outline` is, in any case.
fn find_outline(text: &str) -> Option<usize> {
    let is_outline = |tail: &str| {
        let name = tail.strip_prefix("</").or_else(|| tail.strip_prefix('<')).unwrap_or(tail);
        name.split_at_checked(7).is_some_and(|(name, _)| name.eq_ignore_ascii_case("outline"))
    };
    text.match_indices('<').map(|(at, _)| at).find(|at| text.get(*at..).is_some_and(is_outline))
}

/// The attributes that we know, decoded.
#[derive(Debug, Default)]
struct Outline {
    text: Option<String>,
    title: Option<String>,
    kind: Option<String>,
    xml_url: Option<String>,
    html_url: Option<String>,
    url: Option<String>,
    category: Option<String>,
}

impl Outline {
    fn of(element: &BytesStart<'_>) -> Self {
        let mut outline = Self::default();
        let mut attributes = element.html_attributes();
        for attribute in attributes.with_checks(false).flatten().take(MAX_ATTRIBUTES) {
            let name = attribute.key.local_name().into_inner();
            let place = match name.to_ascii_lowercase().as_str() {
                "text" => &mut outline.text,
                "title" => &mut outline.title,
                "type" => &mut outline.kind,
                "xmlurl" => &mut outline.xml_url,
                "htmlurl" => &mut outline.html_url,
                "url" => &mut outline.url,
                "category" => &mut outline.category,
                _ => continue,
            };
            let value = one_line(&unescaped(&attribute.value));
            if place.is_none() && !value.is_empty() {
                *place = Some(value);
            }
        }
        outline
    }

    fn feed(&self) -> Option<Url> {
        // Lists of the nineties have "url" where OPML 2.0 has "xmlUrl".
        let old = || self.url.as_deref().filter(|_| self.kind.as_deref() == Some("rss"));
        self.xml_url.as_deref().or_else(old).and_then(web_address)
    }

    fn name(&self) -> Option<String> {
        let name = self.text.as_deref().or(self.title.as_deref())?;
        Some(name.chars().take(MAX_NAME_CHARS).collect())
    }

    /// "/Harvard/Berkman,/Politics" (OPML 2.0, "category").
    fn categories(&self) -> impl Iterator<Item = String> {
        let category = self.category.as_deref().unwrap_or_default();
        category
            .split([',', '/'])
            .map(|name| name.trim().chars().take(MAX_NAME_CHARS).collect::<String>())
            .filter(|name| !name.is_empty())
    }
}

fn web_address(text: &str) -> Option<Url> {
    let text = text.strip_prefix("feed://").map_or_else(
        || text.strip_prefix("feed:").unwrap_or(text).to_owned(),
        |rest| format!("http://{rest}"),
    );
    let url = Url::parse(&text).ok()?;
    (matches!(url.scheme(), "http" | "https") && text.len() <= MAX_URL_BYTES).then_some(url)
}

/// By byte order mark, by declaration, else UTF-8, else windows-1252.
fn decoded(bytes: &[u8]) -> String {
    let declared = bytes.get(..MAX_DECLARATION_BYTES).unwrap_or(bytes);
    let declared = String::from_utf8_lossy(declared);
    let label = declared
        .split_once("encoding=")
        .and_then(|(_, tail)| tail.split(['"', '\'']).nth(1))
        .and_then(|label| Encoding::for_label(label.as_bytes()))
        .filter(|encoding| encoding.is_ascii_compatible());
    let fallback = if std::str::from_utf8(bytes).is_ok() { UTF_8 } else { WINDOWS_1252 };
    let encoding = label.filter(|label| *label != UTF_8).unwrap_or(fallback);
    let encoding = if fallback == UTF_8 { UTF_8 } else { encoding };
    encoding.decode(bytes).0.into_owned()
}

/// XML's and HTML's entities decoded; any other ampersand means itself.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once('&') {
        out.push_str(head);
        let end = tail.bytes().take(MAX_ENTITY_BYTES).position(|byte| byte == b';');
        let name = end.and_then(|end| tail.get(..end));
        match name.and_then(character) {
            Some(letter) => {
                out.push(letter);
                rest = tail.split_once(';').map_or("", |(_, rest)| rest);
            }
            None => {
                out.push('&');
                rest = tail;
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(name: &str) -> Option<char> {
    let Some(number) = name.strip_prefix('#') else {
        let (letter, _) = *NAMED_ENTITIES.get(format!("{name};").as_str())?;
        return char::from_u32(letter).filter(|letter| *letter != '\0');
    };
    let number = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(number)
}

fn one_line(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The largest public lists have some ten thousand.
const MAX_SUBSCRIPTIONS: usize = 100_000;
/// Folders and categories of one feed.
const MAX_TAGS: usize = 16;
const MAX_NAME_CHARS: usize = 200;
/// Attributes of one outline that are looked at; OPML knows a dozen.
const MAX_ATTRIBUTES: usize = 64;
const MAX_URL_BYTES: usize = 16 * 1024;
const MAX_DECLARATION_BYTES: usize = 256;
/// The longest name is "CounterClockwiseContourIntegral".
const MAX_ENTITY_BYTES: usize = 34;
