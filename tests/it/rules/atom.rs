//! Atom 1.0 (RFC 4287) and archived feeds (RFC 5005).

use std::collections::BTreeSet;

use super::tree::{Element, Faults, is_address, is_iri, is_language, is_media_type, rfc3339};

const MANY: usize = usize::MAX;

pub fn faults(root: &Element, address: &str) -> Vec<String> {
    let mut faults = Faults::default();
    faults.check(root.name == "feed", "the root is no feed");
    let namespace = root.attribute("xmlns");
    faults.check(namespace == Some("http://www.w3.org/2005/Atom"), "not Atom's namespace");
    faults.children(
        root,
        &[
            ("title", 1, 1),
            ("subtitle", 0, 1),
            ("id", 1, 1),
            ("updated", 1, 1),
            ("author", 0, MANY),
            ("generator", 0, 1),
            ("link", 1, MANY),
            ("entry", 0, MANY),
            ("fh:archive", 0, 1),
            ("rights", 0, 1),
        ],
    );
    let last_of_feed = root.children.iter().rposition(|child| child.name != "entry");
    let first_entry = root.children.iter().position(|child| child.name == "entry");
    faults.check(
        first_entry.is_none_or(|entry| last_of_feed < Some(entry)),
        "metadata after an entry",
    );
    common(&mut faults, root);
    let links: Vec<&Element> = root.all("link").collect();
    unique_links(&mut faults, &links);
    let href = |rel| {
        links
            .iter()
            .find(|link| link.attribute("rel") == Some(rel))
            .and_then(|link| link.attribute("href"))
    };
    faults.check(href("self") == Some(address), format!("self is {:?}", href("self")));
    faults.check(href("alternate").is_some(), "no page");
    let is_archive = address.contains(".archive-");
    faults.check(
        root.one("fh:archive").is_some() == is_archive,
        "fh:archive and the address disagree",
    );
    faults
        .check(!is_archive || href("current").is_some(), "an archive without its current document");
    faults.check(
        href("prev-archive") != Some(address) && href("next") != Some(address),
        "leads to itself",
    );
    if is_archive {
        let history = root.attribute("xmlns:fh");
        faults.check(
            history == Some("http://purl.org/syndication/history/1.0"),
            "not the namespace of RFC 5005",
        );
    }
    let mut ids = BTreeSet::new();
    for entry in root.all("entry") {
        let id = entry.one("id").map_or("", |id| id.text.as_str());
        faults.check(ids.insert(id.to_owned()), format!("{id} is there twice"));
        self::entry(&mut faults, root, entry);
    }
    faults.0
}

fn entry(faults: &mut Faults, feed: &Element, entry: &Element) {
    faults.attributes(entry, &["xml:lang", "xml:base"]);
    let language = entry.attribute("xml:lang");
    faults.check(language.is_none_or(is_language), format!("language {language:?}"));
    faults.children(
        entry,
        &[
            ("title", 1, 1),
            ("id", 1, 1),
            ("published", 0, 1),
            ("updated", 1, 1),
            ("author", 0, MANY),
            ("link", 0, MANY),
            ("category", 0, MANY),
            ("summary", 0, 1),
            ("content", 0, 1),
            ("source", 0, 1),
        ],
    );
    common(faults, entry);
    let time = |name| entry.one(name).and_then(|time| rfc3339(&time.text));
    faults.check(
        time("published").is_none_or(|at| time("updated") >= Some(at)),
        "updated before published",
    );
    let source = entry.one("source");
    let authors = [Some(feed), Some(entry), source];
    faults.check(authors.iter().flatten().any(|of| of.one("author").is_some()), "no author");
    let alternates: Vec<&Element> =
        entry.all("link").filter(|link| link.attribute("rel") == Some("alternate")).collect();
    unique_links(faults, &alternates);
    faults.check(
        entry.one("content").is_some() || !alternates.is_empty(),
        "neither content nor link",
    );
    for text in entry.all("summary").chain(entry.all("content")) {
        faults.attributes(text, &["type"]);
        match text.attribute("type").unwrap_or("text") {
            "html" => faults.html(&text.text),
            "text" => {}
            other => faults.check(false, format!("text of type {other}")),
        }
    }
    for category in entry.all("category") {
        faults.attributes(category, &["term", "scheme", "label"]);
        faults.check(category.attribute("term").is_some(), "a category without a term");
    }
    if let Some(source) = source {
        faults.children(
            source,
            &[
                ("title", 1, 1),
                ("id", 1, 1),
                ("updated", 1, 1),
                ("author", 0, MANY),
                ("link", 0, MANY),
            ],
        );
        common(faults, source);
        unique_links(faults, &source.all("link").collect::<Vec<_>>());
    }
}

/// What a feed, an entry and a source have in common.
fn common(faults: &mut Faults, of: &Element) {
    faults.text(of.one("title"));
    let title = of.one("title").map_or("text", |title| title.attribute("type").unwrap_or("text"));
    faults.check(title == "text", "a title with markup");
    let id = of.one("id").map_or("", |id| id.text.as_str());
    faults.check(is_iri(id), format!("id {id}"));
    for time in of.all("updated").chain(of.all("published")) {
        faults.check(rfc3339(&time.text).is_some(), format!("{} {}", time.name, time.text));
    }
    for author in of.all("author") {
        faults.children(author, &[("name", 1, 1), ("uri", 0, 1), ("email", 0, 1)]);
        faults.text(author.one("name"));
    }
    for link in of.all("link") {
        faults.attributes(link, &["rel", "type", "href", "hreflang", "title", "length"]);
        faults
            .check(link.children.is_empty() && link.text.is_empty(), "a link with something in it");
        let href = link.attribute("href").unwrap_or_default();
        faults.check(is_address(href), format!("link to {href}"));
        let media_type = link.attribute("type");
        faults.check(media_type.is_none_or(is_media_type), format!("type {media_type:?}"));
        let length = link.attribute("length");
        faults.check(
            length.is_none_or(|length| length.parse::<u64>().is_ok()),
            format!("length {length:?}"),
        );
    }
}

fn unique_links(faults: &mut Faults, links: &[&Element]) {
    let mut seen = BTreeSet::new();
    for link in links {
        let is_new = seen.insert(["rel", "type", "hreflang"].map(|name| link.attribute(name)));
        faults.check(is_new, format!("two links like {:?}", link.attribute("rel")));
    }
}

pub const BAD: &str = r#"<feed xmlns="http://www.w3.org/2005/Atom"><title type="html">&lt;b></title><id>no iri</id>
<link rel="self" href="http://river.example.org/other.atom"/><link rel="next" href="relative"/><link rel="next" href="http://a.example/"/>
<entry xml:lang="xx"><id>tag:a</id><title> </title><published>2026-01-02T00:00:00Z</published><updated>2026-01-01T00:00:00Z</updated><blink/>
<content type="html">&lt;a href="/x" onclick="y">&lt;script></content></entry><entry><id>tag:a</id><title>t</title><updated>2026-01-01 00:00</updated>
<link rel="enclosure" href="http://a.example/[x]" type="mp3" length="big">x</link><category term=""/><source><title>t</title></source></entry><updated>today</updated></feed>"#;

pub const FAULTS_OF_BAD: &[&str] = &[
    "a title with markup",
    "id no iri",
    "self is",
    "link to relative",
    "two links like",
    "language",
    "title is blank",
    "updated before published",
    "blink has no place",
    "href leads nowhere",
    "onclick in",
    "<script>",
    "is there twice",
    "updated 2026-01-01 00:00",
    "link to http://a.example/[x]",
    "type Some",
    "length Some",
    "something in it",
    "term of category is blank",
    "source has id 0 times",
    "neither content nor link",
    "metadata after an entry",
    "updated today",
    "no author",
    "no page",
];
