//! JSON Feed 1.1, with the carriers of each article in the extension `_merganser`.

use serde::Serialize;

use super::{
    Format, Site,
    item::Item,
    part::{Older, Part},
    rfc3339,
    xml::clean,
};
use crate::model::OutputSetting;

/// One document. Its bytes depend on the arguments alone.
pub(super) fn document(
    output: &OutputSetting,
    site: &Site,
    items: &[Item],
    format: Format,
    part: &Part,
) -> Vec<u8> {
    let older = match part {
        // A reader of JSON Feed has one way back: the pages, where they hold everything.
        Part::Subscription(Older { archive, page }) => {
            page.map(Part::page).or_else(|| archive.map(Part::archive))
        }
        Part::Archive(archive) => archive.older.map(Part::archive),
        Part::Page(page) => page.older.map(Part::page),
        Part::Search { .. } => None,
    };
    let hub = site.hub.as_ref().filter(|_| matches!(part, Part::Subscription(_)));
    let feed = Feed {
        version: "https://jsonfeed.org/version/1.1",
        title: clean(&output.title).into_owned(),
        home_page_url: site.page(output, part).into(),
        feed_url: site.part(output, format, part).into(),
        description: output.description.as_deref().map(|text| clean(text).into_owned()),
        next_url: older.map(|part| site.part(output, format, &part).into()),
        hubs: hub.map(|hub| Hub { kind: "WebSub", url: hub.as_str() }).into_iter().collect(),
        items: items.iter().map(entry).collect(),
    };
    let mut bytes = serde_json::to_vec(&feed).expect("plain structs with text keys serialize");
    bytes.push(b'\n');
    bytes
}

#[derive(Serialize)]
struct Feed<'a> {
    version: &'static str,
    title: String,
    home_page_url: String,
    feed_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hubs: Vec<Hub<'a>>,
    items: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Hub<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    url: &'a str,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_html: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_published: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_modified: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Attachment<'a>>,
    #[serde(rename = "_merganser")]
    merganser: Merganser<'a>,
}

#[derive(Serialize)]
struct Author<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct Attachment<'a> {
    url: &'a str,
    mime_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_in_bytes: Option<u64>,
}

/// What JSON Feed has no word for: where the article came from, and who else carried it.
#[derive(Serialize)]
struct Merganser<'a> {
    first_seen: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<Origin<'a>>,
    sources: Vec<Source<'a>>,
}

/// As `atom:source` says it.
#[derive(Serialize)]
struct Origin<'a> {
    id: &'a str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    feed_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    home_page_url: Option<&'a str>,
    updated: String,
}

/// A feed that carried the article: the one that it is shown from first.
#[derive(Serialize)]
struct Source<'a> {
    feed: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    guid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    feed_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    home_page_url: Option<&'a str>,
}

fn entry(item: &Item) -> Entry<'_> {
    let html = item.content.as_deref().or(item.summary.as_deref());
    Entry {
        id: &item.id,
        url: item.url.as_deref(),
        title: item.title.as_deref(),
        content_html: html,
        // One of both has to be there.
        content_text: html.is_none().then_some(&item.headline),
        // Beside the whole text only; else the summary is the text.
        summary: item
            .summary_text
            .as_deref()
            .filter(|_| item.content.is_some() && item.summary.is_some()),
        date_published: item.published.map(rfc3339),
        date_modified: item
            .updated
            .or(item.published.is_none().then_some(item.first_seen))
            .map(rfc3339),
        authors: item.authors.iter().map(|name| Author { name }).collect(),
        tags: &item.categories,
        language: item.language.as_deref(),
        attachments: item
            .enclosures
            .iter()
            .map(|enclosure| Attachment {
                url: &enclosure.url,
                mime_type: enclosure.media_type.as_deref().unwrap_or("application/octet-stream"),
                size_in_bytes: enclosure.length,
            })
            .collect(),
        merganser: Merganser {
            first_seen: rfc3339(item.first_seen),
            origin: item.source.as_ref().map(|source| Origin {
                id: &source.id,
                title: &source.title,
                feed_url: source.url.as_deref(),
                home_page_url: source.home_page.as_deref(),
                updated: rfc3339(source.updated),
            }),
            sources: item
                .carriers
                .iter()
                .map(|carrier| Source {
                    feed: &carrier.feed,
                    name: &carrier.name,
                    url: carrier.url.as_deref(),
                    guid: &carrier.guid,
                    feed_url: carrier.feed_url.as_deref(),
                    home_page_url: carrier.home_page.as_deref(),
                })
                .collect(),
        },
    }
}
