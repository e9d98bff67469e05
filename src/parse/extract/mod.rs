//! Elements to fields.
//!
//! In: an element that is an entry or a feed, whatever its dialect. Out: a [`RawEntry`], or
//! what a document says of its feed. Every field has one table of the names it may have,
//! the best first (`tables`), so RSS 0.9x to 2.0, RDF, Atom 0.3 and 1.0, CDF and all mixtures
//! of them are read by the same code.

mod feed;
mod links;
mod people;
mod tables;
mod text;

use url::Url;

use super::lenient::{names::Ns, tree::NodeRef};
use crate::{
    model::{DocumentLinks, FeedMeta, PaceHints, RawEntry, RawText},
    parse::dates,
};

pub(super) use feed::{fallback_base, feed};
pub(super) use people::{one_line, push_once};
use tables::Fields;

/// A base longer than this is not handed down: each relative address under it grows by it.
pub(super) const MAX_BASE_BYTES: usize = 1024;

/// What is known of a document from outside.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Context<'c> {
    /// The document's own address.
    pub base: Option<&'c Url>,
}

/// The family that a document's root belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Dialect {
    #[default]
    Rss,
    Atom,
    Atom03,
}

impl Dialect {
    pub(super) fn of_root(ns: Ns, local: &str) -> Self {
        match (ns, local.to_ascii_lowercase().as_str()) {
            (Ns::Atom03, "feed" | "entry") => Self::Atom03,
            (_, "feed" | "entry") => Self::Atom,
            _ => Self::Rss,
        }
    }

    /// Words without namespace are the root's own.
    pub(super) fn fold(self, ns: Ns) -> Ns {
        match (self, ns) {
            (Self::Atom, Ns::Plain) => Ns::Atom,
            (Self::Atom03, Ns::Plain) => Ns::Atom03,
            _ => ns,
        }
    }
}

/// A document, extracted: nothing inherited or settled between entries and feed yet.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Found {
    pub meta: FeedMeta,
    /// Title and description, as long as they are raw.
    pub title: Option<RawText>,
    pub description: Option<RawText>,
    /// Who writes where an entry does not say (RFC 4287 section 4.2.1).
    pub authors: Vec<String>,
    pub hints: PaceHints,
    pub links: DocumentLinks,
    pub entries: Vec<RawEntry>,
    pub repairs: Vec<String>,
    /// What relative addresses stand under where the transport does not say: the feed's own
    /// idea of its address, else its page.
    pub base: Option<Url>,
}

/// Reads an entry. Its guid is what the document states, or empty.
pub(super) fn entry(node: NodeRef<'_, '_>, dialect: Dialect, context: &Context<'_>) -> RawEntry {
    let fields = Fields::of(node);
    let base = node.base().or(context.base);
    let links = links::EntryLinks::of(node, &fields, base);
    let media = links::MediaGroup::of(&fields);
    let content = fields.first_text(tables::CONTENT, dialect, base);
    let summary = fields
        .first_text(tables::SUMMARY, dialect, base)
        .or_else(|| media.description(dialect, base));
    let url = links.url(&fields, base);
    let comments = fields
        .first(tables::COMMENTS, |node| links::address(node, base))
        .or_else(|| links.replies())
        // The entry's own page says nothing new.
        .filter(|comments| Some(comments) != url.as_ref());
    RawEntry {
        guid: stated_guid(node, &fields).unwrap_or_default(),
        url,
        title: fields
            .first_text(tables::TITLE, dialect, base)
            .or_else(|| media.title(dialect, base)),
        authors: people::authors(&fields, node),
        published: fields.date(tables::PUBLISHED),
        updated: fields
            .date(tables::UPDATED)
            .or_else(|| node.attribute("lastmod").and_then(dates::parse)),
        summary,
        content,
        categories: people::categories(&fields),
        enclosures: links::enclosures(&fields, &links, &media, base),
        language: language(node, &fields),
        origin: links::origin(&fields, base),
        original_url: fields.first(tables::ORIGINAL_URL, |node| links::address(node, base)),
        comments,
    }
}

/// Whether an entry whose end is missing has its guid whole; `cut` is the field that was open.
pub(super) fn states_identity(node: NodeRef<'_, '_>, cut: Option<NodeRef<'_, '_>>) -> bool {
    let fields = Fields::of(node);
    let is_guid = |node: NodeRef<'_, '_>| tables::has(tables::GUID, node);
    !cut.is_some_and(is_guid) && stated_guid(node, &fields).is_some()
}

/// The identity that an entry states for itself.
fn stated_guid(node: NodeRef<'_, '_>, fields: &Fields<'_, '_>) -> Option<String> {
    fields
        .first(tables::GUID, |node| Some(node.text().into_owned()).filter(|t| !t.is_empty()))
        .or_else(|| {
            let about = node.attribute_in(Ns::Rdf, "about").or_else(|| node.attribute("about"))?;
            Some(about.trim().to_owned()).filter(|about| !about.is_empty())
        })
}

fn language(node: NodeRef<'_, '_>, fields: &Fields<'_, '_>) -> Option<String> {
    fields
        .first(tables::LANGUAGE, |node| Some(node.text().into_owned()).filter(|t| !t.is_empty()))
        .or_else(|| node.language().map(str::to_owned))
}
