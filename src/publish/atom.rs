//! Atom 1.0 (RFC 4287), with archives and pages (RFC 5005) and WebSub's links.

use super::{
    Format, Site,
    item::{self, Item},
    part::Part,
    rfc3339,
    xml::Xml,
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
    let mut xml = Xml::new();
    let archive = matches!(part, Part::Archive(_));
    xml.open(
        "feed",
        &[
            ("xmlns", Some("http://www.w3.org/2005/Atom")),
            ("xmlns:fh", archive.then_some("http://purl.org/syndication/history/1.0")),
        ],
    );
    if archive {
        xml.empty("fh:archive", &[]);
    }
    xml.text("title", &[], &output.title);
    if let Some(description) = &output.description {
        xml.text("subtitle", &[], description);
    }
    xml.text("id", &[], &feed_id(output, site, part));
    xml.text("updated", &[], &rfc3339(item::updated(items)));
    // The last of the three ways to an author (RFC 4287 section 4.2.1), for entries whose
    // origin names nobody, and for readers that do not look into the source.
    author(&mut xml, &output.title);
    xml.text("generator", &[], site.software);
    links(&mut xml, "link", output, site, format, part);
    for item in items {
        entry(&mut xml, item);
    }
    xml.close("feed");
    xml.finish()
}

fn feed_id(output: &OutputSetting, site: &Site, part: &Part) -> String {
    let id = match part {
        Part::Search { .. } => site.part(output, Format::Atom, part),
        _ => site.feed_id(output),
    };
    id.into()
}

/// The links of a document, for RSS under the name `atom:link`.
pub(super) fn links(
    xml: &mut Xml,
    name: &'static str,
    output: &OutputSetting,
    site: &Site,
    format: Format,
    part: &Part,
) {
    let mut link = |rel, media_type, href: &str| {
        xml.empty(name, &[("rel", Some(rel)), ("type", media_type), ("href", Some(href))]);
    };
    let own = Some(format.media_type());
    let address = |part: &Part| String::from(site.part(output, format, part));
    link("self", own, &address(part));
    if name == "link" {
        link("alternate", Some(Format::Html.media_type()), site.page(output, part).as_str());
    }
    let (mut archive, mut page) = (None, None);
    match part {
        Part::Subscription(older) => {
            if let Some(hub) = &site.hub {
                link("hub", None, hub.as_str());
            }
            (archive, page) = (older.archive, older.page);
        }
        Part::Archive(this) => {
            link("current", own, site.document(&output.name, format).as_str());
            archive = this.older;
        }
        Part::Page(this) => {
            link("first", own, site.document(&output.name, format).as_str());
            page = this.older;
        }
        Part::Search { .. } => {}
    }
    if let Some(older) = archive {
        link("prev-archive", own, &address(&Part::archive(older)));
    }
    if let Some(older) = page {
        link("next", own, &address(&Part::page(older)));
    }
}

fn entry(xml: &mut Xml, item: &Item) {
    xml.open("entry", &[("xml:lang", item.language.as_deref())]);
    xml.text("title", &[("type", Some("text"))], &item.headline);
    xml.text("id", &[], &item.id);
    if let Some(published) = item.published {
        xml.text("published", &[], &rfc3339(published));
    }
    xml.text("updated", &[], &rfc3339(item.changed()));
    for name in &item.authors {
        author(xml, name);
    }
    if let Some(url) = &item.url {
        xml.empty("link", &[("rel", Some("alternate")), ("href", Some(url))]);
    }
    for enclosure in &item.enclosures {
        let length = enclosure.length.map(|length| length.to_string());
        xml.empty(
            "link",
            &[
                ("rel", Some("enclosure")),
                ("type", enclosure.media_type.as_deref()),
                ("length", length.as_deref()),
                ("href", Some(&enclosure.url)),
            ],
        );
    }
    others(xml, "link", item);
    for category in &item.categories {
        xml.empty("category", &[("term", Some(category))]);
    }
    if let Some(summary) = &item.summary {
        xml.text("summary", &[("type", Some("html"))], summary);
    }
    match &item.content {
        Some(content) => xml.text("content", &[("type", Some("html"))], content),
        // Without a link there has to be a content. RFC 4287 section 4.1.2.
        None if item.url.is_none() => {
            let content = item.summary_text.as_ref().unwrap_or(&item.headline);
            xml.text("content", &[("type", Some("text"))], content);
        }
        None => {}
    }
    source(xml, item);
    xml.close("entry");
}

/// Who else carried the article, each with the feed's title.
pub(super) fn others(xml: &mut Xml, name: &'static str, item: &Item) {
    for other in &item.others {
        let (href, title) = (other.href.as_str(), other.title.as_str());
        xml.empty(name, &[("rel", Some(other.rel)), ("title", Some(title)), ("href", Some(href))]);
    }
}

/// RFC 4287 section 4.2.11. Where the entry names nobody, its feed is the author.
fn source(xml: &mut Xml, item: &Item) {
    let Some(source) = &item.source else { return };
    xml.open("source", &[]);
    xml.text("title", &[], &source.title);
    xml.text("id", &[], &source.id);
    xml.text("updated", &[], &rfc3339(source.updated));
    if item.authors.is_empty() {
        author(xml, &source.title);
    }
    if let Some(url) = &source.url {
        xml.empty("link", &[("rel", Some("self")), ("href", Some(url))]);
    }
    if let Some(home_page) = &source.home_page {
        xml.empty("link", &[("rel", Some("alternate")), ("href", Some(home_page))]);
    }
    xml.close("source");
}

fn author(xml: &mut Xml, name: &str) {
    xml.open("author", &[]);
    xml.text("name", &[], name);
    xml.close("author");
}
