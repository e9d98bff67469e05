//! JSON Feed, versions 1 and 1.1, as publishers write it.
//!
//! In: decoded text. Out: a `Found`, or why there is no feed in it. Members are read one by
//! one and taken for what they can be: a number where a text should be, one author where a
//! list should be. What we have no word for is skipped, not stored, and each item becomes an
//! entry before the next one is read.

use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use url::Url;

use super::{
    ParseError, dates,
    extract::{Context, Found, MAX_BASE_BYTES, one_line, push_once},
    lenient::MAX_ENTRIES,
    urls,
};
use crate::model::{Enclosure, RawEntry, RawText, TextKind};

const MAX_AUTHORS: usize = 32;
const MAX_TAGS: usize = 64;
const MAX_ATTACHMENTS: usize = 32;
const MAX_HUBS: usize = 8;

/// Reads a document that begins with `{`.
pub(super) fn read(text: &str, context: &Context<'_>) -> Result<Found, ParseError> {
    let text = text.trim_start();
    match parse(text, context) {
        Ok(found) => found,
        Err(error) => {
            let reason = format!("it is JSON with a fault ({error})");
            let refused = ParseError::NotAFeed { reason };
            let Some(mended) = mend(text) else { return Err(refused) };
            let mut found = parse(&mended, context).map_err(|_| refused)??;
            found.repairs.push(format!("JSON mended: {error}"));
            Ok(found)
        }
    }
}

fn parse(
    text: &str,
    context: &Context<'_>,
) -> Result<Result<Found, ParseError>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut document = DocumentSeed { context }.deserialize(&mut deserializer)?;
    if deserializer.end().is_err() {
        document.found.repairs.push("junk after the end of the JSON".to_owned());
    }
    if !document.is_feed {
        let reason = "it is JSON, but not a JSON Feed: no items".to_owned();
        return Ok(Err(ParseError::NotAFeed { reason }));
    }
    Ok(Ok(document.found))
}

#[derive(Default)]
struct Read {
    found: Found,
    is_feed: bool,
}

struct DocumentSeed<'c> {
    context: &'c Context<'c>,
}

impl<'de> DeserializeSeed<'de> for DocumentSeed<'_> {
    type Value = Read;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Read, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for DocumentSeed<'_> {
    type Value = Read;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON Feed")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Read, M::Error> {
        let mut read = Read::default();
        let mut members = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "items" => {
                    read.is_feed = true;
                    let base = fallback_base(&members);
                    let context = Context { base: self.context.base.or(base.as_ref()) };
                    map.next_value_seed(ItemsSeed { context: &context, found: &mut read.found })?;
                }
                "version" | "title" | "home_page_url" | "feed_url" | "description" | "language"
                | "author" | "authors" | "hubs" | "expired" | "next_url" => {
                    members.insert(key, map.next_value()?);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        read.is_feed |= members
            .get("version")
            .and_then(Value::as_str)
            .is_some_and(|version| version.contains("jsonfeed"));
        feed(&members, self.context, &mut read.found);
        Ok(read)
    }
}

struct ItemsSeed<'c, 'f> {
    context: &'c Context<'c>,
    found: &'f mut Found,
}

impl<'de> DeserializeSeed<'de> for ItemsSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ItemsSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of items")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<(), S::Error> {
        while let Some(item) = items.next_element_seed(ItemSeed)? {
            if self.found.entries.len() < MAX_ENTRIES {
                self.found.entries.extend(item.map(|item| entry(&item, self.context)));
            }
        }
        Ok(())
    }
}

/// An item's members that we know; `None` for what is no object.
struct ItemSeed;

impl<'de> DeserializeSeed<'de> for ItemSeed {
    type Value = Option<Map<String, Value>>;

    fn deserialize<D: serde::Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ItemSeed {
    type Value = Option<Map<String, Value>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut members = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "id" | "url" | "external_url" | "title" | "content_html" | "content_text"
                | "summary" | "date_published" | "date_modified" | "author" | "authors"
                | "tags" | "language" | "attachments" => {
                    members.insert(key, map.next_value()?);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Some(members))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Self::Value, S::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// What relative addresses stand under where the transport does not say.
fn fallback_base(members: &Map<String, Value>) -> Option<Url> {
    ["feed_url", "home_page_url"]
        .iter()
        .find_map(|key| urls::resolve(None, &text(members, key)?))
        .filter(|base| base.as_str().len() <= MAX_BASE_BYTES)
}

fn feed(members: &Map<String, Value>, context: &Context<'_>, found: &mut Found) {
    found.base = fallback_base(members);
    let base = context.base.or(found.base.as_ref()).cloned();
    let base = base.as_ref();
    let address = |key: &str| urls::resolve(base, &text(members, key)?);
    found.title = raw(members, "title", TextKind::Plain, None);
    found.description = raw(members, "description", TextKind::Plain, None);
    found.authors = authors(members);
    found.meta.home_page = address("home_page_url");
    found.meta.url = address("feed_url");
    found.meta.language = text(members, "language");
    found.hints.expired = members.get("expired").and_then(Value::as_bool).unwrap_or(false);
    found.links.topic = address("feed_url");
    found.links.older = address("next_url");
    for hub in list(members, "hubs").take(MAX_HUBS) {
        let url = hub.get("url").or(Some(hub)).and_then(Value::as_str);
        found.links.hubs.extend(url.and_then(|url| urls::resolve(base, url)));
    }
}

fn entry(item: &Map<String, Value>, context: &Context<'_>) -> RawEntry {
    let base = context.base;
    let address = |key: &str| urls::resolve(base, &text(item, key)?);
    let id = text(item, "id").unwrap_or_default();
    let mut tags = Vec::new();
    for tag in list(item, "tags") {
        push_once(&mut tags, one_line(&scalar(tag).unwrap_or_default()), MAX_TAGS);
    }
    RawEntry {
        url: address("url")
            .or_else(|| urls::resolve(None, &id))
            .or_else(|| address("external_url")),
        guid: id,
        title: raw(item, "title", TextKind::Plain, None),
        authors: authors(item),
        published: text(item, "date_published").and_then(|date| dates::parse(&date)),
        updated: text(item, "date_modified").and_then(|date| dates::parse(&date)),
        summary: raw(item, "summary", TextKind::Plain, None),
        content: raw(item, "content_html", TextKind::Html, base)
            .or_else(|| raw(item, "content_text", TextKind::Plain, None)),
        categories: tags,
        enclosures: attachments(item, base),
        language: text(item, "language"),
        ..RawEntry::default()
    }
}

fn attachments(item: &Map<String, Value>, base: Option<&Url>) -> Vec<Enclosure> {
    list(item, "attachments")
        .filter_map(Value::as_object)
        .filter_map(|attachment| {
            let length = attachment.get("size_in_bytes");
            Some(Enclosure {
                url: urls::resolve(base, &text(attachment, "url")?)?,
                media_type: text(attachment, "mime_type"),
                length: length
                    .and_then(|n| n.as_u64().or_else(|| n.as_f64().map(|n| n as u64)))
                    .or_else(|| length?.as_str()?.trim().parse().ok()),
            })
        })
        .take(MAX_ATTACHMENTS)
        .collect()
}

/// `authors`, and `author` of version 1, which many still write beside it.
fn authors(members: &Map<String, Value>) -> Vec<String> {
    let mut names = Vec::new();
    for author in list(members, "authors").chain(list(members, "author")) {
        let name = match author {
            Value::Object(author) => text(author, "name").or_else(|| text(author, "url")),
            other => scalar(other),
        };
        push_once(&mut names, one_line(&name.unwrap_or_default()), MAX_AUTHORS);
    }
    names
}

/// A list, or the one thing that stands in its place.
fn list<'v>(members: &'v Map<String, Value>, key: &str) -> impl Iterator<Item = &'v Value> {
    let (many, one) = match members.get(key) {
        Some(Value::Array(many)) => (many.as_slice(), None),
        Some(Value::Null) | None => (Default::default(), None),
        one => (Default::default(), one),
    };
    many.iter().chain(one)
}

/// A text, or the text of a number.
fn text(members: &Map<String, Value>, key: &str) -> Option<String> {
    members.get(key).and_then(scalar)
}

fn scalar(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

fn raw(
    members: &Map<String, Value>,
    key: &str,
    kind: TextKind,
    base: Option<&Url>,
) -> Option<RawText> {
    let text = text(members, key)?;
    let base = base.filter(|_| text.contains('<')).cloned();
    Some(RawText { text, kind, base })
}

/// Mends what JSON forbids and programs that print JSON by hand produce: line breaks inside
/// of strings, commas before a bracket, an end that is missing.
fn mend(text: &str) -> Option<String> {
    let mut mended = String::with_capacity(text.len() + 16);
    let mut open = Vec::new();
    let mut in_string = false;
    let mut escaped = false;
    for character in text.chars() {
        if in_string {
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => in_string = false,
                '\n' => {
                    mended.push_str("\\n");
                    continue;
                }
                '\t' => {
                    mended.push_str("\\t");
                    continue;
                }
                c if c.is_control() => continue,
                _ => {}
            }
            mended.push(character);
            continue;
        }
        match character {
            '"' => in_string = true,
            '{' => open.push('}'),
            '[' => open.push(']'),
            '}' | ']' => {
                if open.pop() != Some(character) {
                    return None;
                }
                while mended.ends_with(|c: char| c.is_whitespace() || c == ',') {
                    mended.pop();
                }
            }
            _ => {}
        }
        mended.push(character);
        if open.is_empty() && matches!(character, '}' | ']') {
            return Some(mended);
        }
    }
    // The end is missing: go back to the last thing that is whole, an object within a list.
    let whole = last_whole_item(&mended)?;
    mended.truncate(whole);
    let mut open = Vec::new();
    let (mut in_string, mut escaped) = (false, false);
    for character in mended.chars() {
        match character {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            '{' if !in_string => open.push('}'),
            '[' if !in_string => open.push(']'),
            '}' | ']' if !in_string => {
                open.pop();
            }
            _ => {}
        }
    }
    mended.extend(open.into_iter().rev());
    Some(mended)
}

/// Where the last item ends whose list is the second bracket of the document.
fn last_whole_item(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let (mut in_string, mut escaped) = (false, false);
    let mut whole = None;
    for (place, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            '{' | '[' if !in_string => depth += 1,
            '}' | ']' if !in_string => {
                depth = depth.saturating_sub(1);
                if depth == 2 && character == '}' {
                    whole = Some(place + 1);
                }
            }
            _ => {}
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Found {
        read(text, &Context::default()).unwrap()
    }

    #[test]
    fn an_id_may_be_a_number_and_an_author_alone() {
        let found = found(r#"{"items":[{"id":7,"author":{"name":"Ann"},"content_text":"a < b"}]}"#);
        assert_eq!(found.entries[0].guid, "7");
        assert_eq!(found.entries[0].authors, ["Ann"]);
        assert_eq!(found.entries[0].content.as_ref().unwrap().kind, TextKind::Plain);
    }

    #[test]
    fn what_is_no_item_is_skipped() {
        let found = found(
            r#"{"version":"https://jsonfeed.org/version/1","items":[null,3,"x",[1],{"id":"a"}]}"#,
        );
        assert_eq!(found.entries.len(), 1);
    }

    #[test]
    fn json_written_by_hand_is_mended() {
        let mended = found("{\"title\":\"a\nb\",\"items\":[{\"id\":\"1\",},{\"id\":\"2\"},],}");
        assert_eq!(mended.entries.len(), 2);
        assert_eq!(mended.repairs.len(), 1);
    }

    #[test]
    fn a_document_cut_short_keeps_its_whole_items() {
        let cut = found(r#"{"items":[{"id":"1","tags":["x"]},{"id":"2"},{"id":"3","ti"#);
        assert_eq!(cut.entries.len(), 2);
    }

    #[test]
    fn other_json_is_no_feed() {
        assert!(read(r#"{"error":"not found"}"#, &Context::default()).is_err());
        assert!(read(&"{\"a\":".repeat(100_000), &Context::default()).is_err());
    }
}
