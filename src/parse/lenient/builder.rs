//! Tokens to entries: a stack of open elements, and what to do where tags do not match.
//!
//! In: tokens. Out: what `extract` finds in each entry and, at the end, in the feed. An
//! element that is closed by its parent's end tag was left open; an end tag that fits nothing
//! is ignored; a new entry ends the one that is open.

use url::Url;

use super::{
    entities::Entities,
    names::{self, Ns},
    tokens,
    tree::{Attribute, Mark, Tree},
};
use crate::{
    model::RawEntry,
    parse::{
        ParseError,
        extract::{self, Context, Dialect, Found, MAX_BASE_BYTES},
        urls,
    },
};

/// Elements open at once; deeper ones are flattened. Browsers stop at 512, feeds at a dozen.
const MAX_DEPTH: usize = 256;
/// What is rightly open where an entry begins.
const ROOT_AND_CHANNEL: usize = 2;
/// Nodes of one entry; a post of a megabyte has some 20,000.
const MAX_ENTRY_NODES: usize = 200_000;
/// Nodes outside of entries; an RDF table of contents has one for each entry.
const MAX_FEED_NODES: usize = 200_000;
/// Entries of one document: memory is bounded by them where they are tiny. The largest real
/// feeds (whole archives of podcasts) have some 10,000.
pub(in crate::parse) const MAX_ENTRIES: usize = 20_000;
/// Attributes of one element that we keep.
const MAX_ATTRIBUTES: usize = 64;
/// Attributes that we look at.
const MAX_ATTRIBUTES_SEEN: usize = 1024;
/// Scans ahead for an end tag; feeds that wrap entries in words of their own are rare.
const MAX_LOOKAHEADS: usize = 64;
/// Bases that one entry, or the feed outside of entries, may declare.
const MAX_BASES: usize = 1024;
/// Bytes of a language tag (RFC 5646 section 4.4.1 asks for 35).
const MAX_LANGUAGE_BYTES: usize = 64;
/// Namespace declarations in force at once; a busy root has forty.
const MAX_BINDINGS: usize = 256;

#[derive(Debug)]
struct Open<'d> {
    id: u32,
    name: &'d str,
    /// Declarations in force before this element.
    bindings: usize,
    base: u32,
    language: u32,
}

/// The entry that is open.
#[derive(Debug, Clone, Copy)]
struct OpenEntry {
    /// Its place on the stack.
    depth: usize,
    mark: Mark,
}

pub(super) struct Builder<'d, 'c> {
    context: &'c Context<'c>,
    tree: Tree<'d>,
    stack: Vec<Open<'d>>,
    bindings: Vec<(&'d str, Ns)>,
    /// Open elements that are not on the stack, because they are too deep or too many.
    ghosts: usize,
    entities: Entities,
    entry: Option<OpenEntry>,
    entries: Vec<RawEntry>,
    dialect: Option<Dialect>,
    root: Option<u32>,
    root_ended: bool,
    /// An element began or ended since the last text.
    fresh: bool,
    repairs: Vec<String>,
    full: bool,
    text: &'d str,
    lookaheads: usize,
    /// The base that the feed gives itself, once its first entry has begun.
    fallback_base: Option<Option<Url>>,
}

impl<'d, 'c> Builder<'d, 'c> {
    pub(super) fn new(text: &'d str, context: &'c Context<'c>) -> Self {
        Self {
            context,
            tree: Tree::default(),
            stack: Vec::new(),
            bindings: Vec::new(),
            ghosts: 0,
            entities: Entities::default(),
            entry: None,
            entries: Vec::new(),
            dialect: None,
            root: None,
            root_ended: false,
            fresh: true,
            repairs: Vec::new(),
            full: false,
            text,
            lookaheads: 0,
            fallback_base: None,
        }
    }

    /// Notes a repair, each kind once.
    pub(super) fn repair(&mut self, repair: &str) {
        if !self.repairs.iter().any(|known| known == repair) {
            self.repairs.push(repair.to_owned());
        }
    }

    /// Whether nothing had to be mended, no entry was met, and `open` elements are open.
    pub(super) fn is_in_order(&self, open: usize) -> bool {
        self.repairs.is_empty()
            && self.entries.is_empty()
            && self.entry.is_none()
            && self.stack.len() == open
            && self.ghosts == 0
    }

    /// Nothing more will be taken in.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// What stands before the root: only a DTD matters.
    pub(super) fn prologue(&mut self, text: &str) {
        if text.contains("<!ENTITY") {
            self.entities.declare(text);
        }
    }

    pub(super) fn doctype(&mut self, text: &str) {
        self.entities.declare(text);
    }

    pub(super) fn start(&mut self, name: &'d str, attributes: &'d str, empty: bool) {
        let (prefix, local) = names::split(name);
        let bindings = self.bindings.len();
        let (base, language) = self.inherited();
        let mut element = Scope { base, language, attributes: Vec::new() };
        if !attributes.trim_ascii().is_empty() {
            self.attributes(attributes, &mut element);
        }
        let ns = self.namespace(prefix);

        let is_entry = is_entry(ns, local) && !self.is_foreign(name);
        if let Some(entry) = self.entry
            && is_entry
            && !self.is_quoting()
        {
            self.repair("an entry that does not end before the next one begins");
            self.close_to(entry.depth);
        }
        let begins_entry = self.entry.is_none() && is_entry;
        if self.root_ended && !begins_entry {
            self.bindings.truncate(bindings);
            return;
        }
        if begins_entry && self.is_crowded() {
            // No feed holds its entries that deep: what is open was never closed.
            self.repair("end tags missing");
            self.ghosts = 0;
            self.close_to(ROOT_AND_CHANNEL);
        }
        if self.is_crowded() && !begins_entry {
            self.repair("elements beyond the limit of depth or number flattened");
            self.bindings.truncate(bindings);
            self.ghosts += usize::from(!empty);
            return;
        }
        let dialect = *self.dialect.get_or_insert_with(|| Dialect::of_root(ns, local));
        if begins_entry {
            self.entry = Some(OpenEntry { depth: self.stack.len(), mark: self.tree.mark() });
        }
        let Scope { base, language, attributes } = element;
        let id = self.tree.open(name, dialect.fold(ns), attributes, base, language);
        if self.root.is_none() && !begins_entry {
            self.root = Some(id);
        }
        self.fresh = true;
        self.stack.push(Open { id, name, bindings, base, language });
        if empty {
            self.close_to(self.stack.len() - 1);
        }
    }

    pub(super) fn end(&mut self, name: &str) {
        let (_, local) = names::split(name);
        let structural = ["item", "entry", "channel", "feed", "rss", "rdf"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(local));
        if self.ghosts > 0 && !structural {
            self.ghosts -= 1;
            return;
        }
        // What is not structure cannot end what holds it.
        let floor = match self.entry {
            Some(entry) if !structural => entry.depth,
            _ => 0,
        };
        let open = self.stack.get(floor..).unwrap_or_default();
        let Some(found) = open.iter().rposition(|open| open.name.eq_ignore_ascii_case(name)) else {
            if !self.root_ended {
                self.repair("end tags that end nothing ignored");
            }
            return;
        };
        if found + 1 < open.len() {
            self.repair("end tags missing");
        }
        self.ghosts = 0;
        self.close_to(floor + found);
    }

    pub(super) fn text(&mut self, text: &'d str) {
        if self.takes_text(text) {
            self.tree.push_source(text, self.fresh);
            self.fresh = false;
        }
    }

    /// CDATA and the like.
    pub(super) fn verbatim(&mut self, text: &'d str) {
        self.text(text);
    }

    pub(super) fn reference(&mut self, name: &'d str) {
        if !self.takes_text(name) {
            return;
        }
        let entities = &mut self.entities;
        let mut known = true;
        self.tree.push_text(self.fresh, |out| {
            known = entities.resolve(name, out);
            if !known {
                out.push('&');
                out.push_str(name);
                out.push(';');
            }
        });
        self.fresh = false;
        if !known {
            self.repair("references that nobody knows kept as text");
        }
    }

    /// Ends what is open, and extracts the feed itself.
    pub(super) fn finish(mut self) -> Result<Found, ParseError> {
        if !self.stack.is_empty() {
            self.repair("the document ends before its root element");
        }
        if let Some(entry) = self.entry {
            self.end_cut_entry(entry);
        }
        self.close_to(0);
        let dialect = self.dialect.unwrap_or_default();
        let root = self.root.and_then(|id| self.tree.element(id));
        let mut found = match root {
            Some(root) => extract::feed(root, dialect, self.context),
            None => Found::default(),
        };
        found.entries = self.entries;
        found.repairs = self.repairs;
        Ok(found)
    }

    /// An entry that the document ends in is kept only if its identity is certain: else it
    /// would come back as another one when the document is whole again.
    fn end_cut_entry(&mut self, entry: OpenEntry) {
        let between_children = self.stack.len() == entry.depth + 1;
        let open_field = self.stack.get(entry.depth + 1).map(|open| open.id);
        let id = self.stack.get(entry.depth).map(|open| open.id);
        self.close_to(entry.depth + 1);
        if let Some(id) = id {
            self.tree.close(id);
        }
        let certain = id.and_then(|id| self.tree.element(id)).is_some_and(|node| {
            extract::states_identity(node, open_field.and_then(|id| self.tree.element(id)))
        });
        if !certain && !between_children {
            self.repair("the last entry, cut short before its guid, left out");
            self.stack.truncate(entry.depth);
            self.tree.forget(entry.mark);
            self.entry = None;
        }
    }

    fn inherited(&self) -> (u32, u32) {
        self.stack.last().map_or((0, 0), |open| (open.base, open.language))
    }

    fn attributes(&mut self, source: &'d str, element: &mut Scope<'d>) {
        let mut seen = 0;
        for (name, value) in tokens::attributes(source) {
            seen += 1;
            if seen > MAX_ATTRIBUTES_SEEN {
                self.repair("attributes beyond the limit ignored");
                break;
            }
            let (prefix, local) = names::split(name);
            if prefix.eq_ignore_ascii_case("xmlns") || name.eq_ignore_ascii_case("xmlns") {
                let declared = if prefix.is_empty() { "" } else { local };
                self.declare(declared, value);
                continue;
            }
            let value = self.entities.decode(value);
            let ns = match prefix {
                "" => Ns::Plain,
                _ => self.namespace(prefix),
            };
            match (ns, local) {
                (Ns::Xml, "base") => {
                    let outer = self.tree.base_at(element.base).or(self.context.base);
                    // A base that is no address is no base: the outer one stays.
                    if let Some(base) = urls::resolve(outer, &value)
                        .filter(|base| base.as_str().len() <= MAX_BASE_BYTES)
                        && self.tree.bases() < MAX_BASES
                    {
                        element.base = self.tree.remember_base(base);
                    }
                }
                (Ns::Xml, "lang") if value.len() <= MAX_LANGUAGE_BYTES => {
                    element.language = self.tree.remember_language(value.trim().to_owned());
                }
                _ => {}
            }
            if element.attributes.len() < MAX_ATTRIBUTES {
                element.attributes.push(Attribute { name, ns, value });
            }
        }
    }

    fn declare(&mut self, prefix: &'d str, uri: &str) {
        if self.bindings.len() >= MAX_BINDINGS {
            self.repair("namespace declarations beyond the limit ignored");
            return;
        }
        let uri = self.entities.decode(uri);
        let ns = match Ns::of_uri(&uri) {
            Some(ns) => ns,
            // A feed's own words under a namespace that nobody knows are still its words.
            None if prefix.is_empty() && self.stack.len() < 2 => Ns::Plain,
            None => Ns::of_prefix(prefix).unwrap_or(Ns::Other),
        };
        self.bindings.push((prefix, ns));
    }

    fn namespace(&mut self, prefix: &str) -> Ns {
        if let Some(&(_, ns)) = self.bindings.iter().rev().find(|(known, _)| *known == prefix) {
            return ns;
        }
        if prefix.is_empty() {
            return Ns::Plain;
        }
        if prefix != "xml" {
            self.repair("namespace prefixes that are not declared read as usual");
        }
        Ns::of_prefix(prefix).unwrap_or(Ns::Other)
    }

    /// Inside of an element that quotes another document: `<content type="application/xml">`.
    fn is_quoting(&self) -> bool {
        let Some(entry) = self.entry else { return false };
        let Some(field) = self.stack.get(entry.depth + 1) else { return false };
        self.tree
            .element(field.id)
            .and_then(|field| field.attribute("type"))
            .is_some_and(|kind| kind.ends_with("/xml") || kind.ends_with("+xml"))
    }

    /// Inside of an element that we have no word for, and that does end further on: what
    /// looks like an entry there is something else.
    fn is_foreign(&mut self, tag: &'d str) -> bool {
        let Some(parent) = self.stack.last() else { return false };
        if self.tree.element(parent.id).is_none_or(|parent| parent.ns() != Ns::Other) {
            return false;
        }
        self.lookaheads += 1;
        let here = (tag.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        self.lookaheads <= MAX_LOOKAHEADS
            && self
                .text
                .get(here..)
                .is_some_and(|rest| rest.contains(&format!("</{}>", parent.name)))
    }

    fn is_crowded(&self) -> bool {
        self.ghosts > 0
            || self.stack.len() >= MAX_DEPTH
            || match self.entry {
                Some(entry) => self.tree.len() - entry.mark.nodes() >= MAX_ENTRY_NODES,
                None => self.tree.len() >= MAX_FEED_NODES,
            }
    }

    /// White space between elements is nothing, and text outside of the root neither.
    fn takes_text(&self, text: &str) -> bool {
        let depth = self.entry.map_or(0, |entry| entry.depth + 1);
        !self.stack.is_empty()
            && (self.stack.len() > depth.max(2) || !text.bytes().all(|b| b.is_ascii_whitespace()))
    }

    /// Closes elements until `depth` are open.
    fn close_to(&mut self, depth: usize) {
        while self.stack.len() > depth
            && let Some(open) = self.stack.pop()
        {
            self.tree.close(open.id);
            self.bindings.truncate(open.bindings);
            self.fresh = true;
            if let Some(entry) = self.entry.take_if(|entry| entry.depth == self.stack.len()) {
                self.end_entry(open.id, entry.mark);
            }
        }
        if self.stack.is_empty() && self.root.is_some() {
            self.root_ended = true;
        }
    }

    fn end_entry(&mut self, id: u32, mark: Mark) {
        let dialect = self.dialect.unwrap_or_default();
        let fallback = match self.context.base {
            Some(_) => None,
            None => self.fallback_base().cloned(),
        };
        let context = Context { base: self.context.base.or(fallback.as_ref()) };
        if let Some(node) = self.tree.element(id) {
            self.entries.push(extract::entry(node, dialect, &context));
        }
        self.tree.forget(mark);
        if self.entries.len() >= MAX_ENTRIES {
            self.repair("entries beyond the limit left out");
            self.full = true;
        }
    }
}

impl Builder<'_, '_> {
    /// The base that the feed gives itself by what stands before its first entry.
    fn fallback_base(&mut self) -> Option<&Url> {
        if self.fallback_base.is_none() {
            // Their ends are not known yet; up to here will do.
            for open in &self.stack {
                self.tree.close(open.id);
            }
            let root = self.root.and_then(|id| self.tree.element(id));
            self.fallback_base = Some(root.and_then(extract::fallback_base));
        }
        self.fallback_base.as_ref()?.as_ref()
    }
}

/// What an element adds to what is in force.
struct Scope<'d> {
    base: u32,
    language: u32,
    attributes: Vec<Attribute<'d>>,
}

fn is_entry(ns: Ns, local: &str) -> bool {
    match ns {
        Ns::Plain | Ns::Atom | Ns::Atom03 => {
            local.eq_ignore_ascii_case("item") || local.eq_ignore_ascii_case("entry")
        }
        _ => false,
    }
}
