//! Addresses of an entry: its page, its files, its discussion, where it came from.
//!
//! In: elements of an entry. Out: absolute http(s) URLs.

use std::borrow::Cow;

use url::Url;

use super::{
    Dialect,
    tables::{self, Fields},
    text,
};
use crate::{
    model::{Enclosure, Origin, RawText},
    parse::{
        lenient::{names::Ns, tree::NodeRef},
        urls,
    },
};

/// Files of one entry that we keep.
const MAX_ENCLOSURES: usize = 32;

/// A `link` in any dialect.
#[derive(Debug)]
pub(super) struct Link<'t> {
    pub rel: Cow<'t, str>,
    pub media_type: Option<&'t str>,
    pub url: Url,
    pub length: Option<u64>,
    /// RSS: a text, not an `href`.
    pub is_text: bool,
}

impl Link<'_> {
    /// Something for a browser, as far as the link says.
    pub(super) fn is_page(&self) -> bool {
        self.media_type.is_none_or(|kind| kind.contains("html") || kind.trim().is_empty())
    }
}

/// The links below an element, in document order.
pub(super) fn links<'t>(fields: &Fields<'t, '_>, base: Option<&Url>) -> Vec<Link<'t>> {
    fields
        .iter()
        .filter(|node| {
            matches!(node.ns(), Ns::Plain | Ns::Atom | Ns::Atom03)
                && node.local().eq_ignore_ascii_case("link")
        })
        .filter_map(|node| {
            let href = node.attribute("href").filter(|href| !href.trim().is_empty());
            Some(Link {
                rel: relation(node.attribute("rel")),
                media_type: node.attribute("type"),
                url: address(node, base)?,
                length: node.attribute("length").and_then(number),
                is_text: href.is_none(),
            })
        })
        .collect()
}

/// A link relation in short form; `alternate` where there is none (RFC 4287 section 4.2.7.2).
fn relation(rel: Option<&str>) -> Cow<'_, str> {
    let rel = rel.unwrap_or_default().trim();
    let rel =
        ["http://www.iana.org/assignments/relation/", "https://www.iana.org/assignments/relation/"]
            .iter()
            .find_map(|prefix| rel.strip_prefix(prefix))
            .unwrap_or(rel);
    match rel {
        "" => Cow::Borrowed("alternate"),
        rel if rel.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            Cow::Owned(rel.to_ascii_lowercase())
        }
        rel => Cow::Borrowed(rel),
    }
}

/// The address that an element names, by attribute or by text.
pub(super) fn address(node: NodeRef<'_, '_>, base: Option<&Url>) -> Option<Url> {
    let base = node.base().or(base);
    match node.attribute("href") {
        // The document itself, where it says what that is (RFC 3986 section 4.4).
        Some(href) if href.trim().is_empty() && node.text().is_empty() => node.base().cloned(),
        Some(href) if !href.trim().is_empty() => urls::resolve(base, href),
        _ => match node.text() {
            text if text.is_empty() => urls::resolve(base, node.attribute_in(Ns::Rdf, "resource")?),
            text => urls::resolve(base, &text),
        },
    }
}

/// A size in bytes, as far as it is one.
pub(super) fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

#[derive(Debug)]
pub(super) struct EntryLinks<'t> {
    links: Vec<Link<'t>>,
    /// CDF, and `rdf:about` where it is an address.
    own_address: Option<Url>,
}

impl<'t> EntryLinks<'t> {
    pub(super) fn of(node: NodeRef<'t, '_>, fields: &Fields<'t, '_>, base: Option<&Url>) -> Self {
        let own_address = node
            .attribute("href")
            .and_then(|href| urls::resolve(base, href))
            .or_else(|| urls::resolve(None, node.attribute_in(Ns::Rdf, "about")?));
        Self { links: links(fields, base), own_address }
    }

    /// The entry's page.
    pub(super) fn url(&self, fields: &Fields<'_, '_>, base: Option<&Url>) -> Option<Url> {
        let alternates = || self.links.iter().filter(|link| link.rel == "alternate");
        alternates()
            .find(|link| link.is_text)
            .or_else(|| alternates().find(|link| link.is_page()))
            .or_else(|| alternates().next())
            .map(|link| link.url.clone())
            .or_else(|| self.own_address.clone())
            .or_else(|| permalink(fields))
            .or_else(|| {
                // Content that stands elsewhere is the page (RFC 4287 section 4.1.3.2).
                let content = fields.named(Ns::Atom, "content").next()?;
                urls::resolve(content.base().or(base), content.attribute("src")?)
            })
            .or_else(|| {
                self.links
                    .iter()
                    .find(|link| matches!(link.rel.as_ref(), "self" | "permalink" | "canonical"))
                    .map(|link| link.url.clone())
            })
    }

    /// A page of replies (RFC 4685 section 4).
    pub(super) fn replies(&self) -> Option<Url> {
        self.links
            .iter()
            .find(|link| {
                link.rel == "replies" && link.media_type.is_none_or(|kind| kind.contains("html"))
            })
            .map(|link| link.url.clone())
    }
}

/// A guid that is an address, unless it says that it is none (RSS 2.0, `guid`).
fn permalink(fields: &Fields<'_, '_>) -> Option<Url> {
    fields.first(tables::GUID, |node| {
        let allowed = node.attribute("isPermaLink").is_none_or(|word| {
            matches!(word.trim().to_ascii_lowercase().as_str(), "" | "true" | "yes" | "1")
        });
        if !allowed || !node.local().eq_ignore_ascii_case("guid") {
            return None;
        }
        urls::resolve(None, &node.text())
    })
}

/// Media RSS, with its groups and its contents opened.
#[derive(Debug)]
pub(super) struct MediaGroup<'t, 'd> {
    nodes: Vec<NodeRef<'t, 'd>>,
}

impl<'t, 'd> MediaGroup<'t, 'd> {
    pub(super) fn of(fields: &Fields<'t, 'd>) -> Self {
        let mut nodes = Vec::new();
        for node in fields.iter().filter(|node| node.ns() == Ns::Media) {
            nodes.push(node);
            nodes.extend(node.descendants().filter(|below| below.ns() == Ns::Media));
        }
        Self { nodes }
    }

    fn named(&self, local: &'static str) -> impl Iterator<Item = NodeRef<'t, 'd>> {
        self.nodes.iter().copied().filter(move |node| node.local().eq_ignore_ascii_case(local))
    }

    pub(super) fn title(&self, dialect: Dialect, base: Option<&Url>) -> Option<RawText> {
        self.named("title").find_map(|node| text::raw_text(node, dialect, base))
    }

    pub(super) fn description(&self, dialect: Dialect, base: Option<&Url>) -> Option<RawText> {
        self.named("description").find_map(|node| text::raw_text(node, dialect, base))
    }
}

/// The files of an entry, each address once.
pub(super) fn enclosures(
    fields: &Fields<'_, '_>,
    links: &EntryLinks<'_>,
    media: &MediaGroup<'_, '_>,
    base: Option<&Url>,
) -> Vec<Enclosure> {
    let mut files: Vec<Enclosure> = Vec::new();
    let mut push = |url: Option<Url>, media_type: Option<&str>, length: Option<u64>| {
        let Some(url) = url else { return };
        let media_type = media_type.map(str::trim).filter(|kind| !kind.is_empty());
        if let Some(known) = files.iter_mut().find(|known| known.url == url) {
            known.media_type = known.media_type.take().or_else(|| media_type.map(str::to_owned));
            known.length = known.length.or(length);
        } else if files.len() < MAX_ENCLOSURES {
            files.push(Enclosure { url, media_type: media_type.map(str::to_owned), length });
        }
    };
    for node in fields.iter().filter(|node| {
        matches!(node.ns(), Ns::Plain | Ns::Atom | Ns::Atom03)
            && node.local().eq_ignore_ascii_case("enclosure")
    }) {
        let base = node.base().or(base);
        let href = node.attribute("url").or_else(|| node.attribute("href"));
        let url = match href.filter(|href| !href.trim().is_empty()) {
            Some(href) => urls::resolve(base, href),
            None => urls::resolve(base, &node.text()),
        };
        push(url, node.attribute("type"), node.attribute("length").and_then(number));
    }
    for link in links.links.iter().filter(|link| link.rel == "enclosure") {
        push(Some(link.url.clone()), link.media_type, link.length);
    }
    for node in media.named("content") {
        let url = node.attribute("url").and_then(|url| urls::resolve(node.base().or(base), url));
        push(url, node.attribute("type"), node.attribute("fileSize").and_then(number));
    }
    files
}

/// The feed that a republished entry names as its home.
pub(super) fn origin(fields: &Fields<'_, '_>, base: Option<&Url>) -> Option<Origin> {
    let source = fields.named(Ns::Atom, "source").next();
    let origin = match source.filter(|source| source.has_elements()) {
        Some(source) => {
            let inside = Fields::of(source);
            let links = links(&inside, base);
            let link =
                |rel: &str| links.iter().find(|link| link.rel == rel).map(|link| link.url.clone());
            Origin {
                id: inside.first(tables::FEED_ID, some_text),
                title: inside.first(tables::TITLE, some_text),
                url: link("self"),
                home_page: link("alternate"),
            }
        }
        None => {
            let source = fields.named(Ns::Plain, "source").next()?;
            Origin {
                id: None,
                title: some_text(source),
                url: source
                    .attribute("url")
                    .and_then(|url| urls::resolve(source.base().or(base), url)),
                home_page: None,
            }
        }
    };
    (origin != Origin::default()).then_some(origin)
}

fn some_text(node: NodeRef<'_, '_>) -> Option<String> {
    Some(super::people::one_line(&node.text())).filter(|text| !text.is_empty())
}
