//! RSS 2.0, by its text and the RSS Advisory Board's profile.

use std::collections::BTreeSet;

use super::tree::{Element, Faults, is_address, is_language, is_media_type, rfc3339};

const MANY: usize = usize::MAX;

pub fn faults(root: &Element, address: &str) -> Vec<String> {
    let mut faults = Faults::default();
    faults.check(root.name == "rss" && root.attribute("version") == Some("2.0"), "not RSS 2.0");
    for (prefix, namespace) in [
        ("xmlns:atom", "http://www.w3.org/2005/Atom"),
        ("xmlns:content", "http://purl.org/rss/1.0/modules/content/"),
        ("xmlns:dc", "http://purl.org/dc/elements/1.1/"),
    ] {
        faults.check(root.attribute(prefix) == Some(namespace), format!("{prefix} is another one"));
    }
    faults.children(root, &[("channel", 1, 1)]);
    let nothing = Element::default();
    let channel = root.one("channel").unwrap_or(&nothing);
    faults.children(
        channel,
        &[
            ("title", 1, 1),
            ("link", 1, 1),
            ("description", 1, 1),
            ("lastBuildDate", 0, 1),
            ("pubDate", 0, 1),
            ("language", 0, 1),
            ("generator", 0, 1),
            ("docs", 0, 1),
            ("ttl", 0, 1),
            ("atom:link", 1, MANY),
            ("fh:archive", 0, 1),
            ("item", 0, MANY),
        ],
    );
    plain(&mut faults, channel, "title");
    plain(&mut faults, channel, "description");
    let link = channel.one("link").map_or("", |link| link.text.as_str());
    faults.check(is_address(link), format!("link {link}"));
    dates(&mut faults, channel);
    links(&mut faults, channel);
    let own = channel.all("atom:link").find(|link| link.attribute("rel") == Some("self"));
    faults.check(own.and_then(|own| own.attribute("href")) == Some(address), "self is another one");
    let is_archive = address.contains(".archive-");
    faults.check(
        channel.one("fh:archive").is_some() == is_archive,
        "fh:archive and the address disagree",
    );
    let mut guids = BTreeSet::new();
    for item in channel.all("item") {
        let guid = item.one("guid").map_or("", |guid| guid.text.as_str());
        faults.check(guids.insert(guid.to_owned()), format!("{guid} is there twice"));
        self::item(&mut faults, item);
    }
    faults.0
}

fn item(faults: &mut Faults, item: &Element) {
    faults.children(
        item,
        &[
            ("title", 0, 1),
            ("link", 0, 1),
            ("description", 0, 1),
            ("content:encoded", 0, 1),
            ("guid", 1, 1),
            ("pubDate", 0, 1),
            ("enclosure", 0, 1),
            ("source", 0, 1),
            ("category", 0, MANY),
            ("comments", 0, 1),
            ("dc:creator", 0, MANY),
            ("dc:language", 0, 1),
            ("atom:updated", 0, 1),
            ("atom:link", 0, MANY),
        ],
    );
    faults.check(
        item.one("title").or(item.one("description")).is_some(),
        "neither title nor description",
    );
    plain(faults, item, "title");
    for name in ["category", "dc:creator"] {
        item.all(name).for_each(|text| faults.text(Some(text)));
    }
    for html in item.all("description").chain(item.all("content:encoded")) {
        faults.text(Some(html));
        faults.html(&html.text);
    }
    dates(faults, item);
    links(faults, item);
    if let Some(link) = item.one("link") {
        faults.check(is_address(&link.text), format!("link {}", link.text));
    }
    if let Some(guid) = item.one("guid") {
        faults.text(Some(guid));
        let permanent = guid.attribute("isPermaLink").unwrap_or("true");
        faults.check(["true", "false"].contains(&permanent), format!("isPermaLink {permanent}"));
        faults.check(
            permanent == "false" || is_address(&guid.text),
            format!("{} is no permalink", guid.text),
        );
    }
    if let Some(enclosure) = item.one("enclosure") {
        faults.attributes(enclosure, &["url", "length", "type"]);
        let value = |name| enclosure.attribute(name).unwrap_or_default();
        faults.check(is_address(value("url")), format!("enclosure {}", value("url")));
        faults.check(value("length").parse::<u64>().is_ok(), format!("length {}", value("length")));
        faults.check(is_media_type(value("type")), format!("type {}", value("type")));
    }
    if let Some(source) = item.one("source") {
        faults.text(Some(source));
        let url = source.attribute("url").unwrap_or_default();
        faults.check(is_address(url), format!("source {url}"));
    }
    let language = item.one("dc:language").map(|language| language.text.as_str());
    faults.check(language.is_none_or(is_language), format!("language {language:?}"));
}

/// Text that says the same as HTML: no tags in it.
fn plain(faults: &mut Faults, of: &Element, name: &str) {
    let Some(text) = of.one(name) else { return };
    faults.text(Some(text));
    let opens = |rest: &str| {
        rest.starts_with(|char: char| char.is_ascii_alphabetic() || "/!?".contains(char))
    };
    faults.check(
        !text.text.split('<').skip(1).any(opens),
        format!("{name} with markup: {}", text.text),
    );
}

/// RFC 822 with four digits of a year, and the weekday that it was.
fn dates(faults: &mut Faults, of: &Element) {
    for date in of.all("pubDate").chain(of.all("lastBuildDate")) {
        let written = chrono::DateTime::parse_from_rfc2822(&date.text);
        let again = written.map(|time| time.format("%a, %d %b %Y %H:%M:%S %z").to_string());
        faults.check(again.as_ref() == Ok(&date.text), format!("{} {}", date.name, date.text));
    }
    for date in of.all("atom:updated") {
        faults.check(rfc3339(&date.text).is_some(), format!("{} {}", date.name, date.text));
    }
}

fn links(faults: &mut Faults, of: &Element) {
    for link in of.all("atom:link") {
        faults.attributes(link, &["rel", "type", "href", "title"]);
        faults.check(
            is_address(link.attribute("href").unwrap_or_default()),
            "atom:link leads nowhere",
        );
        faults.check(link.attribute("rel").is_some(), "atom:link without rel");
    }
}

pub const BAD: &str = r#"<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/"
xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>A &lt;b> c</title><link>/</link><lastBuildDate>Mon, 25 Nov 2026 10:00:00 GMT</lastBuildDate>
<atom:link rel="self" href="http://river.example.org/x.rss"/><item><guid>1</guid><pubDate>25 Nov 26 10:00 UT</pubDate><enclosure url="x" length="-1" type="mp3"/>
<enclosure url="y" length="" type=""/><source>S</source><category> </category><atom:updated>now</atom:updated><dc:language>english</dc:language></item>
<item><guid isPermaLink="no">1</guid><title>t</title><author>me</author><link>javascript:1</link></item></channel></rss>"#;

pub const FAULTS_OF_BAD: &[&str] = &[
    "title with markup",
    "link /",
    "channel has description 0 times",
    "lastBuildDate Mon",
    "self is another one",
    "pubDate 25",
    "1 is no permalink",
    "item has enclosure 2 times",
    "enclosure x",
    "length -1",
    "type mp3",
    "source ",
    "category is blank",
    "atom:updated now",
    "language Some",
    "1 is there twice",
    "isPermaLink no",
    "author has no place",
    "link javascript",
    "neither title nor description",
];
