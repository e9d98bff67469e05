//! XML as a tree, and what the values in it have to look like.

use std::collections::BTreeMap;

use quick_xml::{Reader, events::Event};

#[derive(Debug, Default)]
pub struct Element {
    pub name: String,
    pub attributes: BTreeMap<String, String>,
    pub children: Vec<Element>,
    /// Its own, without that of its children.
    pub text: String,
}

impl Element {
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    pub fn one(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

/// The root of a well-formed document; else what is not well-formed.
pub fn read(document: &str) -> Result<Element, String> {
    let is_char = |char: char| matches!(char, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    if let Some(char) = document.chars().find(|char| !is_char(*char)) {
        return Err(format!("XML has no place for {char:?}"));
    }
    let mut reader = Reader::from_str(document);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => open.push(element(&start)?),
            Event::Empty(start) => {
                let element = element(&start)?;
                open.last_mut().unwrap().children.push(element);
            }
            Event::End(_) => {
                let closed = open.pop().unwrap();
                open.last_mut().ok_or("closed too often")?.children.push(closed);
            }
            Event::Text(text) => open.last_mut().unwrap().text.push_str(&text.xml10_content()),
            Event::GeneralRef(name) => {
                let char = quick_xml::escape::unescape(&format!("&{};", &*name))
                    .map_err(|error| error.to_string())?
                    .into_owned();
                open.last_mut().unwrap().text.push_str(&char);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let mut root = open.pop().unwrap();
    if !open.is_empty() || root.children.len() != 1 {
        return Err("not one root".into());
    }
    Ok(root.children.remove(0))
}

fn element(start: &quick_xml::events::BytesStart<'_>) -> Result<Element, String> {
    let mut element = Element { name: start.name().0.to_owned(), ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value =
            quick_xml::escape::unescape(&attribute.value).map_err(|error| error.to_string())?;
        element.attributes.insert(attribute.key.0.to_owned(), value.into_owned());
    }
    Ok(element)
}

/// Notes what is wrong, with the place.
#[derive(Debug, Default)]
pub struct Faults(pub Vec<String>);

impl Faults {
    pub fn check(&mut self, is_right: bool, fault: impl Into<String>) {
        if !is_right {
            self.0.push(fault.into());
        }
    }

    /// Nothing but these elements, each at least and at most so often.
    pub fn children(&mut self, of: &Element, known: &[(&str, usize, usize)]) {
        for child in &of.children {
            let is_known = known.iter().any(|(name, ..)| *name == child.name);
            self.check(is_known, format!("{} has no place in {}", child.name, of.name));
        }
        for (name, least, most) in known {
            let count = of.all(name).count();
            let fits = (*least..=*most).contains(&count);
            self.check(fits, format!("{} has {name} {count} times", of.name));
        }
    }

    pub fn attributes(&mut self, of: &Element, known: &[&str]) {
        for (name, value) in &of.attributes {
            self.check(
                known.contains(&name.as_str()),
                format!("{name} is no attribute of {}", of.name),
            );
            self.check(!value.trim().is_empty(), format!("{name} of {} is blank", of.name));
        }
    }

    pub fn text(&mut self, of: Option<&Element>) {
        if let Some(of) = of {
            self.check(!of.text.trim().is_empty(), format!("{} is blank", of.name));
            self.check(of.children.is_empty(), format!("{} has elements in it", of.name));
        }
    }

    /// HTML that shows nothing else than it would at home, and does nothing.
    pub fn html(&mut self, html: &str) {
        let tags = html.split('<').skip(1).filter_map(|rest| rest.split('>').next());
        for tag in tags {
            let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
            let harmful =
                ["script", "style", "iframe", "object", "embed", "meta", "link", "form", "base"];
            self.check(!harmful.contains(&name.to_lowercase().as_str()), format!("<{tag}>"));
            for (attribute, value) in
                tag.split('"').collect::<Vec<_>>().chunks(2).filter_map(|two| {
                    Some((
                        two.first()?.trim().trim_end_matches('=').rsplit(' ').next()?,
                        *two.get(1)?,
                    ))
                })
            {
                let acts = attribute.starts_with("on") || attribute == "style";
                self.check(!acts, format!("{attribute} in <{tag}>"));
                let is_address = ["href", "src", "cite", "poster"].contains(&attribute);
                let absolute = ["http://", "https://", "mailto:", "data:image/"];
                let leads = absolute.iter().any(|scheme| value.starts_with(scheme));
                self.check(!is_address || leads, format!("{attribute} leads nowhere in <{tag}>"));
            }
        }
    }
}

/// An absolute http(s) address by the letter of RFC 3986.
pub fn is_address(text: &str) -> bool {
    let known = text.starts_with("http://") || text.starts_with("https://");
    let is_char =
        |char: char| char.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(char);
    let (front, rest) = text.split_once("://").unwrap_or_default();
    let path = rest.find(['/', '?', '#']).map_or("", |at| &rest[at..]);
    known
        && !front.is_empty()
        && text.chars().all(is_char)
        && !path.contains(['[', ']'])
        && url::Url::parse(text).is_ok()
}

/// An absolute IRI, without white space.
pub fn is_iri(text: &str) -> bool {
    let barred =
        |char: char| char.is_whitespace() || char.is_control() || "<>\"{}|\\^`".contains(char);
    !text.contains(barred) && url::Url::parse(text).is_ok()
}

pub fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.chars().all(|char| char.is_ascii_alphanumeric() || "!#$&-^_.+".contains(char))
    };
    text.split_once('/').is_some_and(|(kind, name)| is_name(kind) && is_name(name))
}

pub fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap();
    (2..=3).contains(&first.len())
        && first.chars().all(|char| char.is_ascii_alphabetic())
        && !["xx", "jp", "cn", "gr", "ua", "dk"].contains(&first.to_lowercase().as_str())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.chars().all(|char| char.is_ascii_alphanumeric())
        })
}

/// RFC 3339, with its `T` and `Z` in capitals.
pub fn rfc3339(text: &str) -> Option<chrono::DateTime<chrono::FixedOffset>> {
    let right =
        text.len() >= 20 && text.as_bytes()[10] == b'T' && !text.contains(char::is_lowercase);
    chrono::DateTime::parse_from_rfc3339(text).ok().filter(|_| right)
}
