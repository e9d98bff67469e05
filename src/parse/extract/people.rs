//! Names: who wrote it, what it is about.
//!
//! In: elements of an entry or a feed. Out: names for people and for subjects, each once.

use super::tables::{self, Fields};
use crate::parse::lenient::{names::Ns, tree::NodeRef};

/// People of one entry; papers of physics have thousands of authors, readers no patience.
const MAX_AUTHORS: usize = 32;
const MAX_CATEGORIES: usize = 64;

/// Who wrote an entry, from the first kind of element that names anybody.
pub(super) fn authors(fields: &Fields<'_, '_>, node: NodeRef<'_, '_>) -> Vec<String> {
    for &(ns, local) in tables::AUTHORS {
        let mut names = Vec::new();
        for author in fields.named(ns, local) {
            if !is_author(author) {
                continue;
            }
            push_once(&mut names, name_of(author), MAX_AUTHORS);
        }
        if !names.is_empty() {
            return names;
        }
    }
    // RFC 4287 section 4.2.1: else the author of the feed that the entry comes from.
    match node.child(Ns::Atom, "source") {
        Some(source) => {
            let mut names = Vec::new();
            for author in source.children().filter(|child| child.is(Ns::Atom, "author")) {
                push_once(&mut names, name_of(author), MAX_AUTHORS);
            }
            names
        }
        None => Vec::new(),
    }
}

/// What an entry is about.
pub(super) fn categories(fields: &Fields<'_, '_>) -> Vec<String> {
    let mut names = Vec::new();
    for &(ns, local) in tables::CATEGORIES {
        for category in fields.named(ns, local) {
            let name = category
                .attribute("label")
                .filter(|label| !label.trim().is_empty())
                .or_else(|| category.attribute("term"))
                .filter(|term| !term.trim().is_empty())
                .map_or_else(|| own_or_all_text(category), str::to_owned);
            let name = match name.trim() {
                "" => category.attribute("text").unwrap_or_default().to_owned(),
                _ => name,
            };
            push_once(&mut names, one_line(&name), MAX_CATEGORIES);
        }
    }
    for &(ns, local) in tables::KEYWORDS {
        for keywords in fields.named(ns, local) {
            for keyword in keywords.text().split(',') {
                push_once(&mut names, one_line(keyword), MAX_CATEGORIES);
            }
        }
    }
    names
}

/// An element in a category is something else by mistake, unless it is all there is.
fn own_or_all_text(node: NodeRef<'_, '_>) -> String {
    match node.own_text() {
        text if text.is_empty() => node.text().into_owned(),
        text => text,
    }
}

/// The name in `name@host (Name)`, `Name <name@host>` and the like; else what is there.
pub(super) fn person(text: &str) -> String {
    let text = one_line(text);
    if !text.contains('@') {
        return text;
    }
    let is_delimiter = |c: char| {
        c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | '[' | ']' | ',' | ';' | '"')
    };
    let Some(at) = text.find('@') else { return text };
    let (before, after) = text.split_at_checked(at).unwrap_or((&text, ""));
    let start = before.rfind(is_delimiter).map_or(0, |i| {
        i + before.get(i..).and_then(|s| s.chars().next()).map_or(1, char::len_utf8)
    });
    let end = at + after.find(is_delimiter).unwrap_or(after.len());
    let edge = |c: char| {
        c.is_whitespace()
            || matches!(c, '(' | ')' | '<' | '>' | '[' | ']' | ',' | ';' | '"' | '-' | ':')
    };
    let prefix = text.get(..start).unwrap_or_default().trim_matches(edge);
    let suffix = text.get(end..).unwrap_or_default().trim_matches(edge);
    let prefix = prefix.strip_suffix("mailto").unwrap_or(prefix).trim_matches(edge);
    let name = if prefix.chars().count() >= suffix.chars().count() { prefix } else { suffix };
    match name {
        "" => {
            let address = text.get(start..end).unwrap_or(&text);
            address.strip_prefix("mailto:").unwrap_or(address).to_owned()
        }
        name => name.to_owned(),
    }
}

/// White space folded.
pub(in crate::parse) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

pub(in crate::parse) fn push_once(names: &mut Vec<String>, name: String, limit: usize) {
    if !name.is_empty() && names.len() < limit && !names.contains(&name) {
        names.push(name);
    }
}

/// The same for a feed's authors.
pub(super) fn feed_authors(fields: &Fields<'_, '_>) -> Vec<String> {
    let mut names = Vec::new();
    for author in fields.named(Ns::Atom, "author").chain(fields.named(Ns::Atom03, "author")) {
        push_once(&mut names, name_of(author), MAX_AUTHORS);
    }
    names
}

/// A credit names an author only where it says so.
fn is_author(node: NodeRef<'_, '_>) -> bool {
    match node.ns() {
        Ns::Media => {
            node.attribute("role").is_some_and(|role| role.trim().eq_ignore_ascii_case("author"))
        }
        Ns::Podcast => node.attribute("role").is_none_or(|role| {
            ["host", "author", "co-host", "cohost"]
                .iter()
                .any(|known| role.trim().eq_ignore_ascii_case(known))
        }),
        _ => true,
    }
}

/// `name`, else `email`, else `uri` of a person construct (RFC 4287 section 3.2), else a text.
fn name_of(node: NodeRef<'_, '_>) -> String {
    let part = |wanted: &str| {
        node.children()
            .find(|child| child.local().eq_ignore_ascii_case(wanted))
            .map(|child| one_line(&child.text()))
            .filter(|text| !text.is_empty())
    };
    if let Some(name) = part("name") {
        return name;
    }
    if let Some(address) = part("email").or_else(|| part("uri")).or_else(|| part("url")) {
        return address;
    }
    person(&node.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_known_by_name_before_address() {
        for (text, name) in [
            ("me@example.com (Ann Example)", "Ann Example"),
            ("Ann Example <me@example.com>", "Ann Example"),
            ("Ann Example (me@example.com)", "Ann Example"),
            ("me@example.com", "me@example.com"),
            ("mailto:me@example.com", "me@example.com"),
            ("  Ann\n Example ", "Ann Example"),
            ("foo@example.com（山田太郎）", "foo@example.com（山田太郎）"),
            ("@ann", "@ann"),
        ] {
            assert_eq!(person(text), name, "{text}");
        }
    }
}
