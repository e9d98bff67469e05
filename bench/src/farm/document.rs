//! A feed as XML: RSS 2.0, Atom or RSS 1.0 (RDF), in the manners of common publishers.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::{
    story::Stories,
    world::{Copy, Feed, Item, Kind},
};

pub fn write(feed: &Feed, stories: &Stories) -> String {
    let mut xml = String::with_capacity(160 * 1024);
    xml.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    match feed.kind {
        Kind::Rss => rss(&mut xml, feed, stories),
        Kind::Atom => atom(&mut xml, feed, stories),
        Kind::Rdf => rdf(&mut xml, feed, stories),
    }
    xml
}

fn rss(xml: &mut String, feed: &Feed, stories: &Stories) {
    // Two manners: the text in CDATA beside a summary, or escaped and alone.
    let with_content = feed.number.is_multiple_of(2);
    let site = site(feed.number);
    let _ = write!(
        xml,
        "<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:atom=\"http://www.w3.org/2005/Atom\">\n\
         <channel>\n<title>Site {0}</title>\n<link>{site}</link>\n<description>What site {0} has to \
         say</description>\n<atom:link href=\"{site}feed.xml\" rel=\"self\" \
         type=\"application/rss+xml\"/>\n<language>en-GB</language>\n<lastBuildDate>{1}</lastBuildDate>\n",
        feed.number,
        rfc2822(feed.changed),
    );
    for item in &feed.items {
        let told = Told::new(feed, item, stories);
        xml.push_str("<item>\n");
        element(xml, "title", &told.title);
        element(xml, "link", &told.link);
        let _ = write!(xml, "<guid isPermaLink=\"{}\">", told.guid.starts_with("http"));
        escape(xml, &told.guid);
        xml.push_str("</guid>\n");
        element(xml, "pubDate", &rfc2822(item.published));
        element(xml, "dc:creator", &told.author);
        told.tags.iter().for_each(|tag| element(xml, "category", tag));
        if with_content {
            let _ = writeln!(xml, "<description><![CDATA[{}]]></description>", told.summary);
            let _ = writeln!(xml, "<content:encoded><![CDATA[{}]]></content:encoded>", told.html);
        } else {
            element(xml, "description", &told.html);
        }
        xml.push_str("</item>\n");
    }
    xml.push_str("</channel>\n</rss>\n");
}

fn atom(xml: &mut String, feed: &Feed, stories: &Stories) {
    let site = site(feed.number);
    let _ = write!(
        xml,
        "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en\">\n<title>Site {0}</title>\n\
         <id>{site}</id>\n<link href=\"{site}\"/>\n<link rel=\"self\" href=\"{site}atom.xml\"/>\n\
         <updated>{1}</updated>\n<generator>farm</generator>\n",
        feed.number,
        rfc3339(feed.changed),
    );
    for item in &feed.items {
        let told = Told::new(feed, item, stories);
        xml.push_str("<entry>\n");
        element(xml, "title", &told.title);
        element(xml, "id", &told.guid);
        xml.push_str("<link rel=\"alternate\" type=\"text/html\" href=\"");
        escape(xml, &told.link);
        xml.push_str("\"/>\n");
        element(xml, "published", &rfc3339(item.published));
        element(xml, "updated", &rfc3339(item.published + i64::from(item.updates) * 600));
        xml.push_str("<author>");
        element(xml, "name", &told.author);
        xml.push_str("</author>\n");
        for tag in &told.tags {
            let _ = writeln!(xml, "<category term=\"{tag}\"/>");
        }
        if item.story.is_multiple_of(2) {
            element(xml, "summary", &told.summary);
        }
        xml.push_str("<content type=\"html\">");
        escape(xml, &told.html);
        xml.push_str("</content>\n</entry>\n");
    }
    xml.push_str("</feed>\n");
}

fn rdf(xml: &mut String, feed: &Feed, stories: &Stories) {
    let site = site(feed.number);
    let all: Vec<Told> = feed.items.iter().map(|item| Told::new(feed, item, stories)).collect();
    let _ = write!(
        xml,
        "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" \
         xmlns=\"http://purl.org/rss/1.0/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\">\n<channel rdf:about=\"{site}\">\n\
         <title>Site {0}</title>\n<link>{site}</link>\n<description>What site {0} has to \
         say</description>\n<dc:date>{1}</dc:date>\n<items><rdf:Seq>\n",
        feed.number,
        rfc3339(feed.changed),
    );
    for told in &all {
        xml.push_str("<rdf:li rdf:resource=\"");
        escape(xml, &told.guid);
        xml.push_str("\"/>\n");
    }
    xml.push_str("</rdf:Seq></items>\n</channel>\n");
    for (told, item) in all.iter().zip(&feed.items) {
        xml.push_str("<item rdf:about=\"");
        escape(xml, &told.guid);
        xml.push_str("\">\n");
        element(xml, "title", &told.title);
        element(xml, "link", &told.link);
        element(xml, "dc:date", &rfc3339(item.published));
        element(xml, "dc:creator", &told.author);
        told.tags.iter().for_each(|tag| element(xml, "dc:subject", tag));
        element(xml, "description", &told.summary);
        let _ = writeln!(xml, "<content:encoded><![CDATA[{}]]></content:encoded>", told.html);
        xml.push_str("</item>\n");
    }
    xml.push_str("</rdf:RDF>\n");
}

/// An item in the words of one feed.
struct Told {
    title: String,
    link: String,
    guid: String,
    author: String,
    tags: Vec<String>,
    summary: String,
    html: String,
}

impl Told {
    fn new(feed: &Feed, item: &Item, stories: &Stories) -> Self {
        let teller = if item.at_origin() { item.origin } else { feed.number };
        let page = format!("{}{}", site(teller), stories.slug(item.story));
        let link = match item.copy {
            Some(Copy::Linked) => {
                format!("{page}?utm_source=site{}&utm_medium=rss", feed.number)
            }
            _ => page.clone(),
        };
        let guid = match item.copy {
            Some(Copy::Linked) => format!("site{}-{}", feed.number, item.story),
            _ if item.story.is_multiple_of(3) => {
                format!("tag:site{teller}.example,2020:{}", item.story)
            }
            _ => page,
        };
        Self {
            title: stories.title(item.story, item.telling()),
            link,
            guid,
            author: stories.author(item.story),
            tags: (0..item.story % 4).map(|nth| stories.tag(item.story, nth)).collect(),
            summary: stories.summary(item.story),
            html: stories.html(item.story, item.telling()),
        }
    }
}

fn site(feed: usize) -> String {
    format!("https://site{feed}.example/")
}

fn element(xml: &mut String, name: &str, text: &str) {
    let _ = write!(xml, "<{name}>");
    escape(xml, text);
    let _ = writeln!(xml, "</{name}>");
}

fn escape(xml: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            _ => xml.push(letter),
        }
    }
}

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

fn rfc2822(seconds: i64) -> String {
    time(seconds).to_rfc2822()
}

fn rfc3339(seconds: i64) -> String {
    time(seconds).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// As HTTP writes dates (RFC 9110 5.6.7).
pub fn http_date(seconds: i64) -> String {
    time(seconds).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
