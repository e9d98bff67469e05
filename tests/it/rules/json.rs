//! JSON Feed 1.1.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::tree::{Faults, is_address, is_language, is_media_type, rfc3339};

pub fn faults(document: &str, address: &str) -> Vec<String> {
    let mut faults = Faults::default();
    let feed: Value = match serde_json::from_str(document) {
        Ok(feed) => feed,
        Err(error) => return vec![error.to_string()],
    };
    filled(&mut faults, &feed, "");
    let Some(feed) = feed.as_object() else { return vec!["no object".into()] };
    known(
        &mut faults,
        feed,
        &[
            "version",
            "title",
            "home_page_url",
            "feed_url",
            "description",
            "next_url",
            "hubs",
            "items",
            "authors",
            "language",
            "icon",
            "favicon",
            "expired",
            "user_comment",
        ],
    );
    let text = |name: &str| feed.get(name).and_then(Value::as_str);
    faults.check(text("version") == Some("https://jsonfeed.org/version/1.1"), "version");
    faults.check(text("title").is_some(), "no title");
    faults.check(text("feed_url") == Some(address), "feed_url is another one");
    faults.check(text("next_url") != Some(address), "leads to itself");
    for name in ["home_page_url", "feed_url", "next_url"] {
        faults.check(text(name).is_none_or(is_address), format!("{name} {:?}", text(name)));
    }
    for hub in list(feed, "hubs") {
        faults
            .check(hub["type"].is_string() && hub["url"].as_str().is_some_and(is_address), "a hub");
    }
    faults.check(feed.get("items").is_some_and(Value::is_array), "no items");
    let mut ids = BTreeSet::new();
    for item in list(feed, "items") {
        let Some(item) = item.as_object() else {
            faults.check(false, "an item that is no object");
            continue;
        };
        let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
        faults.check(!id.is_empty(), "an id that is no text");
        faults.check(ids.insert(id.to_owned()), format!("{id} is there twice"));
        self::item(&mut faults, item);
    }
    faults.0
}

fn item(faults: &mut Faults, item: &Map<String, Value>) {
    known(
        faults,
        item,
        &[
            "id",
            "url",
            "external_url",
            "title",
            "content_html",
            "content_text",
            "summary",
            "image",
            "banner_image",
            "date_published",
            "date_modified",
            "authors",
            "tags",
            "language",
            "attachments",
        ],
    );
    let text = |name: &str| item.get(name).and_then(Value::as_str);
    for name in ["url", "external_url", "image", "banner_image"] {
        faults.check(text(name).is_none_or(is_address), format!("{name} {:?}", text(name)));
    }
    faults.check(text("content_html").or(text("content_text")).is_some(), "no content");
    faults.html(text("content_html").unwrap_or_default());
    for name in ["date_published", "date_modified"] {
        let value = text(name);
        faults.check(value.is_none_or(|time| rfc3339(time).is_some()), format!("{name} {value:?}"));
    }
    faults.check(
        text("language").is_none_or(is_language),
        format!("language {:?}", text("language")),
    );
    for author in list(item, "authors") {
        faults.check(
            author["name"].is_string() || author["url"].is_string(),
            "an author without a name",
        );
    }
    faults.check(list(item, "tags").all(Value::is_string), "a tag that is no text");
    for attachment in list(item, "attachments") {
        faults.check(attachment["url"].as_str().is_some_and(is_address), "an attachment's url");
        faults.check(
            attachment["mime_type"].as_str().is_some_and(is_media_type),
            "an attachment's mime_type",
        );
        let size = attachment.get("size_in_bytes");
        faults.check(size.is_none_or(Value::is_u64), "an attachment's size");
    }
}

fn list<'a>(of: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = &'a Value> {
    of.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// Our own names begin with an underscore.
fn known(faults: &mut Faults, of: &Map<String, Value>, names: &[&str]) {
    for name in of.keys() {
        let is_known = name.starts_with('_') || names.contains(&name.as_str());
        faults.check(is_known, format!("{name} is no name of JSON Feed"));
    }
}

/// No nulls, nothing empty.
fn filled(faults: &mut Faults, value: &Value, place: &str) {
    match value {
        Value::Null => faults.check(false, format!("{place} is null")),
        Value::String(text) => faults.check(!text.trim().is_empty(), format!("{place} is blank")),
        Value::Array(values) => values.iter().for_each(|value| filled(faults, value, place)),
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| filled(faults, value, name))
        }
        Value::Bool(_) | Value::Number(_) => {}
    }
}

pub const BAD: &str = r#"{"version":"1","title":null,"feed_url":"x","author":{},"items":[{"id":1,"title":""},
{"id":"a","url":"/x","content_html":"<img src=\"x.png\">","date_published":"today","language":"english","authors":[{}],"tags":[1],"attachments":[{"url":"u","size_in_bytes":"9"}]},
{"id":"a","content_text":"t"}]}"#;

pub const FAULTS_OF_BAD: &[&str] = &[
    "version",
    "title is null",
    "no title",
    "feed_url is another one",
    "author is no name",
    "an id that is no text",
    "title is blank",
    "no content",
    "url Some",
    "src leads nowhere",
    "date_published",
    "language",
    "an author without",
    "a tag that",
    "attachment's url",
    "attachment's mime_type",
    "attachment's size",
    "a is there twice",
];
