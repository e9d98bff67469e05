//! A tree in flat arenas: elements in document order, each knowing where its subtree ends.
//!
//! In: elements and text as the builder meets them. Out: [`NodeRef`]s to walk over. Nothing
//! here recurses, neither walking nor dropping, so depth costs no stack; text and names are
//! borrowed from the document wherever it says them verbatim.

use std::borrow::Cow;

use url::Url;

use super::names::{self, Ns};
use crate::parse::urls;

/// Elements of HTML that never have an end tag: what follows one is not inside of it.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
];

/// An element, or a run of text.
#[derive(Debug)]
enum Kind<'d> {
    Element(Element<'d>),
    Text(Run<'d>),
}

#[derive(Debug)]
struct Element<'d> {
    /// As published, prefix included.
    name: &'d str,
    attributes: (u32, u32),
    ns: Ns,
    /// Into [`Tree::bases`] and [`Tree::languages`], one more than the index; 0 is none.
    base: u32,
    language: u32,
}

/// Text that stands in the document verbatim, or that had to be put together.
#[derive(Debug)]
enum Run<'d> {
    Source(&'d str),
    Arena { start: usize, end: usize },
}

#[derive(Debug)]
struct Node<'d> {
    kind: Kind<'d>,
    /// One past the last node of the subtree.
    end: u32,
}

/// An attribute other than a namespace declaration.
#[derive(Debug)]
pub(super) struct Attribute<'d> {
    pub name: &'d str,
    pub ns: Ns,
    pub value: Cow<'d, str>,
}

/// The arenas.
#[derive(Debug, Default)]
pub(in crate::parse) struct Tree<'d> {
    nodes: Vec<Node<'d>>,
    attributes: Vec<Attribute<'d>>,
    text: String,
    bases: Vec<Url>,
    languages: Vec<String>,
}

/// How full the arenas were: to forget what came after.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    nodes: usize,
    attributes: usize,
    text: usize,
    bases: usize,
    languages: usize,
}

impl Mark {
    pub(super) fn nodes(self) -> usize {
        self.nodes
    }
}

impl<'d> Tree<'d> {
    pub(super) fn mark(&self) -> Mark {
        Mark {
            nodes: self.nodes.len(),
            attributes: self.attributes.len(),
            text: self.text.len(),
            bases: self.bases.len(),
            languages: self.languages.len(),
        }
    }

    /// Forgets everything after the mark.
    pub(super) fn forget(&mut self, mark: Mark) {
        self.nodes.truncate(mark.nodes);
        self.attributes.truncate(mark.attributes);
        self.text.truncate(mark.text);
        self.bases.truncate(mark.bases);
        self.languages.truncate(mark.languages);
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Opens an element below the last one that is open; returns its id.
    pub(super) fn open(
        &mut self,
        name: &'d str,
        ns: Ns,
        attributes: impl IntoIterator<Item = Attribute<'d>>,
        base: u32,
        language: u32,
    ) -> u32 {
        let start = self.attributes.len() as u32;
        self.attributes.extend(attributes);
        let attributes = (start, self.attributes.len() as u32);
        let id = self.nodes.len() as u32;
        let element = Element { name, attributes, ns, base, language };
        self.nodes.push(Node { kind: Kind::Element(element), end: id + 1 });
        id
    }

    pub(super) fn close(&mut self, id: u32) {
        let end = self.nodes.len() as u32;
        if let Some(node) = self.nodes.get_mut(id as usize) {
            node.end = end;
        }
    }

    /// Remembers a base; what it returns goes to [`Tree::open`].
    pub(super) fn remember_base(&mut self, base: Url) -> u32 {
        self.bases.push(base);
        self.bases.len() as u32
    }

    pub(super) fn remember_language(&mut self, language: String) -> u32 {
        self.languages.push(language);
        self.languages.len() as u32
    }

    pub(super) fn bases(&self) -> usize {
        self.bases.len()
    }

    pub(super) fn base_at(&self, index: u32) -> Option<&Url> {
        self.bases.get((index as usize).checked_sub(1)?)
    }

    /// Adds text that the document says verbatim; `fresh`: an element ended or began since.
    pub(super) fn push_source(&mut self, text: &'d str, fresh: bool) {
        if text.is_empty() {
            return;
        }
        if fresh || !matches!(self.nodes.last(), Some(Node { kind: Kind::Text(_), .. })) {
            let end = self.nodes.len() as u32 + 1;
            self.nodes.push(Node { kind: Kind::Text(Run::Source(text)), end });
        } else {
            self.extend_text(|arena| arena.push_str(text));
        }
    }

    /// Adds text that `write` puts together.
    pub(super) fn push_text(&mut self, fresh: bool, write: impl FnOnce(&mut String)) {
        if fresh || !matches!(self.nodes.last(), Some(Node { kind: Kind::Text(_), .. })) {
            let (start, end) = (self.text.len(), self.nodes.len() as u32 + 1);
            write(&mut self.text);
            let run = Run::Arena { start, end: self.text.len() };
            self.nodes.push(Node { kind: Kind::Text(run), end });
        } else {
            self.extend_text(write);
        }
    }

    /// Extends the run of text that is the last node, which is the last in the arena, too.
    fn extend_text(&mut self, write: impl FnOnce(&mut String)) {
        let Some(Node { kind: Kind::Text(run), .. }) = self.nodes.last_mut() else { return };
        let start = match *run {
            Run::Arena { start, .. } => start,
            Run::Source(text) => {
                let start = self.text.len();
                self.text.push_str(text);
                start
            }
        };
        write(&mut self.text);
        *run = Run::Arena { start, end: self.text.len() };
    }

    pub(in crate::parse) fn element(&self, id: u32) -> Option<NodeRef<'_, 'd>> {
        matches!(self.nodes.get(id as usize)?.kind, Kind::Element(_))
            .then_some(NodeRef { tree: self, id })
    }

    fn run<'t>(&'t self, run: &Run<'d>) -> &'t str {
        match *run {
            Run::Source(text) => text,
            Run::Arena { start, end } => self.text.get(start..end).unwrap_or_default(),
        }
    }
}

/// An element of a tree.
#[derive(Debug, Clone, Copy)]
pub(in crate::parse) struct NodeRef<'t, 'd> {
    tree: &'t Tree<'d>,
    id: u32,
}

impl<'t, 'd> NodeRef<'t, 'd> {
    fn node(self) -> Option<&'t Node<'d>> {
        self.tree.nodes.get(self.id as usize)
    }

    fn as_element(self) -> Option<&'t Element<'d>> {
        match &self.node()?.kind {
            Kind::Element(element) => Some(element),
            Kind::Text(_) => None,
        }
    }

    pub(in crate::parse) fn ns(self) -> Ns {
        self.as_element().map_or(Ns::Other, |element| element.ns)
    }

    /// The name without its prefix, as published.
    pub(in crate::parse) fn local(self) -> &'t str {
        self.as_element().map_or("", |element| names::split(element.name).1)
    }

    pub(in crate::parse) fn is(self, ns: Ns, local: &str) -> bool {
        self.ns() == ns && self.local().eq_ignore_ascii_case(local)
    }

    /// The elements right below this one.
    pub(in crate::parse) fn children(self) -> impl Iterator<Item = NodeRef<'t, 'd>> {
        self.below()
            .filter(|(_, node)| matches!(node.kind, Kind::Element(_)))
            .map(move |(id, _)| NodeRef { tree: self.tree, id })
    }

    /// Everything right below this element, text included.
    fn below(self) -> impl Iterator<Item = (u32, &'t Node<'d>)> {
        let end = self.node().map_or(0, |node| node.end);
        let mut next = self.id + 1;
        std::iter::from_fn(move || {
            let node = self.tree.nodes.get(next as usize).filter(|_| next < end)?;
            let id = next;
            next = node.end.max(next + 1);
            Some((id, node))
        })
    }

    /// The elements anywhere below this one, in document order.
    pub(in crate::parse) fn descendants(self) -> impl Iterator<Item = NodeRef<'t, 'd>> {
        let end = self.node().map_or(0, |node| node.end);
        (self.id + 1..end).filter_map(move |id| self.tree.element(id))
    }

    pub(in crate::parse) fn child(self, ns: Ns, local: &str) -> Option<NodeRef<'t, 'd>> {
        self.children().find(|child| child.is(ns, local))
    }

    /// An attribute without namespace, by name in any case.
    pub(in crate::parse) fn attribute(self, name: &str) -> Option<&'t str> {
        self.attribute_in(Ns::Plain, name)
    }

    pub(in crate::parse) fn attribute_in(self, ns: Ns, name: &str) -> Option<&'t str> {
        self.attributes()
            .iter()
            .find(|a| a.ns == ns && names::split(a.name).1.eq_ignore_ascii_case(name))
            .map(|attribute| attribute.value.as_ref())
    }

    fn attributes(self) -> &'t [Attribute<'d>] {
        let (start, end) = self.as_element().map_or((0, 0), |element| element.attributes);
        self.tree.attributes.get(start as usize..end as usize).unwrap_or_default()
    }

    /// `xml:base` in force here, resolved; `None`: the document's own.
    pub(in crate::parse) fn base(self) -> Option<&'t Url> {
        self.tree.base_at(self.as_element()?.base)
    }

    /// An address under a base that only this part of the markup has: HTML has no `xml:base`,
    /// so it is made absolute here.
    fn rebased(self, attribute: &Attribute<'_>, outer: u32) -> Option<Url> {
        let is_address = ["href", "src"].iter().any(|n| attribute.name.eq_ignore_ascii_case(n));
        if !is_address || self.as_element()?.base == outer {
            return None;
        }
        urls::resolve(self.base(), &attribute.value)
    }

    /// `xml:lang` in force here.
    pub(in crate::parse) fn language(self) -> Option<&'t str> {
        let index = (self.as_element()?.language as usize).checked_sub(1)?;
        self.tree.languages.get(index).map(String::as_str).filter(|tag| !tag.is_empty())
    }

    pub(in crate::parse) fn has_elements(self) -> bool {
        self.children().next().is_some()
    }

    /// The text right below this element, without that of elements in it, trimmed.
    pub(in crate::parse) fn own_text(self) -> String {
        let mut text = String::new();
        for (_, node) in self.below() {
            if let Kind::Text(run) = &node.kind {
                text.push_str(self.tree.run(run));
            }
        }
        text.trim().to_owned()
    }

    /// All text below this element, trimmed.
    pub(in crate::parse) fn text(self) -> Cow<'t, str> {
        let Some(node) = self.node() else { return Cow::Borrowed("") };
        let range = (self.id as usize + 1)..(node.end as usize);
        let mut runs = self.tree.nodes.get(range).unwrap_or_default().iter().filter_map(|node| {
            match &node.kind {
                Kind::Text(run) => Some(self.tree.run(run)),
                Kind::Element(_) => None,
            }
        });
        let first = runs.next().unwrap_or_default();
        match runs.next() {
            None => Cow::Borrowed(first.trim()),
            Some(second) => {
                let mut text = String::from(first);
                text.push_str(second);
                text.extend(runs);
                Cow::Owned(text.trim().to_owned())
            }
        }
    }

    /// The content of this element as HTML.
    ///
    /// `escape`: text below is text (XHTML). Otherwise text is itself markup that somebody
    /// escaped once, and elements are such that nobody escaped.
    pub(in crate::parse) fn inner_html(self, escape: bool) -> String {
        let Some(node) = self.node() else { return String::new() };
        let outer = self.as_element().map_or(0, |element| element.base);
        let mut html = String::new();
        let mut open: Vec<(u32, &str)> = Vec::new();
        for id in self.id + 1..node.end {
            close_until(id, &mut open, &mut html);
            let Some(node) = self.tree.nodes.get(id as usize) else { break };
            match &node.kind {
                Kind::Text(run) if escape => escape_text(self.tree.run(run), &mut html),
                Kind::Text(run) => html.push_str(self.tree.run(run)),
                Kind::Element(element) => {
                    let local = names::split(element.name).1;
                    html.push('<');
                    html.push_str(local);
                    let element_ref = NodeRef { tree: self.tree, id };
                    for attribute in element_ref.attributes() {
                        if attribute.ns != Ns::Plain {
                            continue;
                        }
                        html.push(' ');
                        html.push_str(attribute.name);
                        html.push_str("=\"");
                        match element_ref.rebased(attribute, outer) {
                            Some(url) => escape_attribute(url.as_str(), &mut html),
                            None => escape_attribute(&attribute.value, &mut html),
                        }
                        html.push('"');
                    }
                    html.push('>');
                    if !VOID.iter().any(|void| void.eq_ignore_ascii_case(local)) {
                        open.push((node.end, local));
                    }
                }
            }
        }
        close_until(u32::MAX, &mut open, &mut html);
        html
    }
}

fn close_until(id: u32, open: &mut Vec<(u32, &str)>, html: &mut String) {
    while let Some((_, name)) = open.pop_if(|(end, _)| *end <= id) {
        html.push_str("</");
        html.push_str(name);
        html.push('>');
    }
}

fn escape_text(text: &str, html: &mut String) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            _ => html.push(character),
        }
    }
}

fn escape_attribute(value: &str, html: &mut String) {
    for character in value.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '"' => html.push_str("&quot;"),
            _ => html.push(character),
        }
    }
}
