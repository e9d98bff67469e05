//! The names that each field goes by, the best first.
//!
//! A field is looked up row by row, so the order here is the order of preference: the
//! document's own words before those of a module, exact words before vague ones.

use url::Url;

use super::{Dialect, text};
use crate::{
    model::{RawText, Time},
    parse::{
        dates,
        lenient::{names::Ns, tree::NodeRef},
    },
};

/// Namespace and local name, in lower case.
pub(super) type Table = &'static [(Ns, &'static str)];

pub(super) const TITLE: Table = &[
    (Ns::Atom, "title"),
    (Ns::Atom03, "title"),
    (Ns::Plain, "title"),
    (Ns::Dc, "title"),
    (Ns::Itunes, "title"),
    (Ns::Media, "title"),
];

pub(super) const CONTENT: Table = &[
    (Ns::Content, "encoded"),
    (Ns::Atom, "content"),
    (Ns::Atom03, "content"),
    (Ns::Xhtml, "body"),
    (Ns::Xhtml, "div"),
    (Ns::Plain, "body"),
    (Ns::Plain, "fullitem"),
    (Ns::Plain, "content"),
];

pub(super) const SUMMARY: Table = &[
    (Ns::Atom, "summary"),
    (Ns::Atom03, "summary"),
    (Ns::Plain, "description"),
    (Ns::Atom, "description"),
    (Ns::Plain, "abstract"),
    (Ns::Plain, "summary"),
    (Ns::Dc, "description"),
    (Ns::Dc, "abstract"),
    (Ns::Itunes, "summary"),
    (Ns::GooglePlay, "description"),
    (Ns::Media, "description"),
    (Ns::Itunes, "subtitle"),
];

pub(super) const GUID: Table = &[
    (Ns::Plain, "guid"),
    (Ns::Atom, "id"),
    (Ns::Atom03, "id"),
    (Ns::Plain, "id"),
    (Ns::Atom, "guid"),
    (Ns::Dc, "identifier"),
];

pub(super) const PUBLISHED: Table = &[
    (Ns::Atom, "published"),
    (Ns::Atom03, "published"),
    (Ns::Atom03, "issued"),
    (Ns::Plain, "pubdate"),
    (Ns::Atom, "pubdate"),
    (Ns::Plain, "published"),
    (Ns::Dc, "date"),
    (Ns::Dc, "issued"),
    (Ns::Atom, "issued"),
    (Ns::Plain, "date"),
    (Ns::Atom03, "created"),
    (Ns::Dc, "created"),
    (Ns::Atom, "created"),
    (Ns::Dc, "available"),
];

pub(super) const UPDATED: Table = &[
    (Ns::Atom, "updated"),
    (Ns::Atom03, "updated"),
    (Ns::Atom03, "modified"),
    (Ns::Dc, "modified"),
    (Ns::Plain, "updated"),
    (Ns::Atom, "modified"),
    (Ns::Plain, "modified"),
    (Ns::Plain, "lastbuilddate"),
];

pub(super) const LANGUAGE: Table = &[(Ns::Plain, "language"), (Ns::Dc, "language")];

pub(super) const COMMENTS: Table = &[(Ns::Plain, "comments")];

pub(super) const ORIGINAL_URL: Table = &[(Ns::Feedburner, "origlink")];

pub(super) const CATEGORIES: Table = &[
    (Ns::Atom, "category"),
    (Ns::Plain, "category"),
    (Ns::Atom03, "category"),
    (Ns::Dc, "subject"),
    (Ns::Media, "category"),
    (Ns::Itunes, "category"),
];

/// Lists of categories between commas.
pub(super) const KEYWORDS: Table = &[(Ns::Itunes, "keywords"), (Ns::Media, "keywords")];

/// The first row that names anybody wins: two rows mostly spell the same people twice.
pub(super) const AUTHORS: Table = &[
    (Ns::Atom, "author"),
    (Ns::Atom03, "author"),
    (Ns::Dc, "creator"),
    (Ns::Dc, "author"),
    (Ns::Plain, "author"),
    (Ns::Itunes, "author"),
    (Ns::GooglePlay, "author"),
    (Ns::Podcast, "person"),
    (Ns::Media, "credit"),
    (Ns::Dc, "contributor"),
];

pub(super) const FEED_DESCRIPTION: Table = &[
    (Ns::Atom, "subtitle"),
    (Ns::Atom03, "tagline"),
    (Ns::Plain, "description"),
    (Ns::Atom, "tagline"),
    (Ns::Atom03, "subtitle"),
    (Ns::Plain, "abstract"),
    (Ns::Plain, "subtitle"),
    (Ns::Atom, "description"),
    (Ns::Dc, "description"),
    (Ns::Itunes, "summary"),
    (Ns::GooglePlay, "description"),
    (Ns::Itunes, "subtitle"),
    (Ns::Atom03, "info"),
];

pub(super) const FEED_UPDATED: Table = &[
    (Ns::Atom, "updated"),
    (Ns::Atom03, "updated"),
    (Ns::Atom03, "modified"),
    (Ns::Plain, "lastbuilddate"),
    (Ns::Plain, "updated"),
    (Ns::Plain, "pubdate"),
    (Ns::Dc, "date"),
    (Ns::Atom, "modified"),
    (Ns::Dc, "modified"),
    (Ns::Atom, "published"),
];

pub(super) const FEED_ID: Table =
    &[(Ns::Atom, "id"), (Ns::Atom03, "id"), (Ns::Plain, "guid"), (Ns::Dc, "identifier")];

/// The elements right below an entry or a feed, to look fields up in.
#[derive(Debug)]
pub(super) struct Fields<'t, 'd> {
    list: Vec<NodeRef<'t, 'd>>,
}

impl<'t, 'd> Fields<'t, 'd> {
    pub(super) fn of(node: NodeRef<'t, 'd>) -> Self {
        Self { list: node.children().collect() }
    }

    pub(super) fn of_both(first: NodeRef<'t, 'd>, second: NodeRef<'t, 'd>) -> Self {
        Self { list: first.children().chain(second.children()).collect() }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = NodeRef<'t, 'd>> {
        self.list.iter().copied()
    }

    /// The elements of one name, in document order.
    pub(super) fn named(
        &self,
        ns: Ns,
        local: &'static str,
    ) -> impl Iterator<Item = NodeRef<'t, 'd>> {
        self.iter().filter(move |node| node.is(ns, local))
    }

    /// What `read` makes of the first element, by the table's order, that it makes anything of.
    pub(super) fn first<T>(
        &self,
        table: Table,
        mut read: impl FnMut(NodeRef<'t, 'd>) -> Option<T>,
    ) -> Option<T> {
        table.iter().find_map(|&(ns, local)| self.named(ns, local).find_map(&mut read))
    }

    /// The date of the first row that has one; where it is given twice, the latter counts.
    pub(super) fn date(&self, table: Table) -> Option<Time> {
        table.iter().find_map(|&(ns, local)| {
            self.named(ns, local).filter_map(|node| dates::parse(&node.text())).last()
        })
    }

    /// The first text that is not empty.
    pub(super) fn first_text(
        &self,
        table: Table,
        dialect: Dialect,
        base: Option<&Url>,
    ) -> Option<RawText> {
        self.first(table, |node| text::raw_text(node, dialect, base))
    }
}

/// Whether an element is in the table.
pub(super) fn has(table: Table, node: NodeRef<'_, '_>) -> bool {
    table.iter().any(|&(ns, local)| node.is(ns, local))
}
