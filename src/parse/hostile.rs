//! Documents that want to hang us, eat our memory or crash us.

use std::time::{Duration, Instant};

use super::{ParseError, read};
use crate::model::{Document, RawFeed};

/// Unoptimized, beside other tests on a busy machine; what these guard against takes minutes.
const PATIENCE: Duration = Duration::from_secs(20);

fn read_in_time(text: impl Into<bytes::Bytes>) -> Result<RawFeed, ParseError> {
    let begin = Instant::now();
    let document = Document { bytes: text.into(), content_type: None, base: None };
    let reading = read(&document);
    assert!(begin.elapsed() < PATIENCE, "took {:?}", begin.elapsed());
    reading
}

fn rss(inside: &str) -> String {
    format!(
        "<rss version='2.0'><channel><title>t</title>{inside}<item><guid>last</guid></item></channel></rss>"
    )
}

fn last_is_there(reading: &Result<RawFeed, ParseError>) -> bool {
    reading.as_ref().unwrap().entries.last().unwrap().guid == "last"
}

#[test]
fn nesting_of_a_hundred_thousand_is_flattened() {
    let deep = format!("{}x{}", "<b>".repeat(100_000), "</b>".repeat(100_000));
    let text = rss(&format!("<item><guid>a</guid><description>{deep}</description></item>"));
    let reading = read_in_time(text);
    assert_eq!(reading.as_ref().unwrap().entries.len(), 2);
    assert!(last_is_there(&reading));
    assert!(read_in_time("<rss>".repeat(100_000)).is_ok());
    assert!(last_is_there(&read_in_time(rss(&"<a>".repeat(100_000)))));
}

#[test]
fn a_million_attributes_are_passed_by() {
    let attributes: String = (0..1_000_000).map(|n| format!(" a{n}=''")).collect();
    assert!(last_is_there(&read_in_time(rss(&format!("<x{attributes}/>")))));
    let root = format!("<rss version='2.0'{attributes}><channel><item><guid>last</guid></item>");
    assert!(last_is_there(&read_in_time(root)));
}

#[test]
fn two_hundred_thousand_namespaces_are_passed_by() {
    let namespaces: String = (0..200_000).map(|n| format!(" xmlns:n{n}='urn:{n}'")).collect();
    let root =
        format!("<rss{namespaces}><channel><n7:x/><item><guid>last</guid></item></channel></rss>");
    assert!(last_is_there(&read_in_time(root)));
}

#[test]
fn entity_bombs_do_not_go_off() {
    let mut dtd = String::from("<!DOCTYPE rss [<!ENTITY a0 'ha ha ha ha ha ha ha'>");
    for n in 1..50 {
        let inner = format!("&a{};", n - 1).repeat(10);
        dtd += &format!("<!ENTITY a{n} '{inner}'>");
    }
    let text = format!("{dtd}]>{}", rss("<item><guid>a</guid><title>&a49;&a2;</title></item>"));
    let reading = read_in_time(text).unwrap();
    assert!(reading.entries[0].title.as_ref().unwrap().text.len() < 1000);
}

#[test]
fn external_entities_stay_closed() {
    let text = "<!DOCTYPE rss [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><rss><channel><item><title>&e;</title></item></channel></rss>";
    assert_eq!(read_in_time(text).unwrap().entries[0].title.as_ref().unwrap().text, "&e;");
}

#[test]
fn a_title_of_ten_megabytes_is_read() {
    let title = "x".repeat(10 << 20);
    assert!(last_is_there(&read_in_time(rss(&format!("<item><title>{title}</title></item>")))));
}

#[test]
fn ten_thousand_entries_of_one_guid_stay_ten_thousand() {
    let items: String = (0..10_000)
        .map(|n| format!("<item><guid>same</guid><link>http://a.example/{n}</link></item>"))
        .collect();
    assert_eq!(read_in_time(rss(&items)).unwrap().entries.len(), 10_001);
}

#[test]
fn tiny_entries_are_limited_in_number() {
    let reading = read_in_time(rss(&"<item><guid>a</guid></item>".repeat(200_000))).unwrap();
    assert!(reading.repairs.iter().any(|repair| repair.contains("limit")));
}

#[test]
fn bases_that_multiply_do_not_fill_the_memory() {
    let base = format!("http://a.example/{}/", "x".repeat(900));
    let links = "<entry xml:base='b/'><link href='c'/></entry>".repeat(20_000);
    let text =
        format!("<feed xmlns='http://www.w3.org/2005/Atom' xml:base='{base}'>{links}</feed>");
    assert!(read_in_time(text).is_ok());
    let nested = "<x xml:base='b/'>".repeat(100_000);
    assert!(read_in_time(format!("<feed xml:base='{base}'>{nested}")).is_ok());
}

#[test]
fn broken_markup_without_end_is_read_in_linear_time() {
    for piece in [
        "<!--",
        "<![CDATA[",
        "<a b=\"",
        "<a b='",
        "<?",
        "<!",
        "</",
        "< ",
        "&",
        "&#",
        "&a",
        "<a<",
        "<a b=c",
        "</a b=\"",
        "<!DOCTYPE [",
        "]]>",
        "<x:y>",
        "</x>",
        "<item>",
        "<q></z>",
    ] {
        let _ = read_in_time(rss(&piece.repeat(200_000)));
    }
}

#[test]
fn authors_that_make_feed_rs_panic_are_read() {
    for author in ["foo@example.com（山田太郎）", "—a@example.com", "a@example.com\u{a0}b"]
    {
        let text =
            rss(&format!("<item><link>http://a.example/</link><author>{author}</author></item>"));
        assert_eq!(read_in_time(text).unwrap().entries[0].authors.len(), 1);
    }
}

#[test]
fn what_is_no_feed_is_named() {
    let reason = |text: &'static str| read_in_time(text).unwrap_err().to_string();
    assert_eq!(reason("<!DOCTYPE html><html><head></head></html>"), "not a feed: it is a web page");
    assert_eq!(reason("<opml version='2.0'/>"), "not a feed: it is an OPML subscription list");
    assert_eq!(reason("  \n "), "document is empty");
    assert_eq!(reason("hello"), "not a feed: it holds neither XML nor JSON");
}
