use proptest::prelude::*;
use url::Url;

use super::{OpmlError, Subscription, read, write};

fn urls(opml: &str) -> Vec<String> {
    read(opml.as_bytes()).unwrap().into_iter().map(|it| it.url.into()).collect()
}

fn subscription(url: &str, title: &str, tags: &[&str]) -> Subscription {
    Subscription {
        url: Url::parse(url).unwrap(),
        title: (!title.is_empty()).then(|| title.into()),
        home_page: Url::parse("https://example.org/?a=1&b=2").ok(),
        tags: tags.iter().map(|tag| (*tag).into()).collect(),
    }
}

#[test]
fn what_is_written_is_read_again() {
    let list = [
        subscription("https://example.org/a?x=1&y=2", "A & B <\"c\">", &[]),
        subscription("https://example.org/b", "B", &["news", "de"]),
        subscription("https://example.org/c", "Ünï", &["news"]),
    ];
    assert_eq!(read(write("My \u{1} list", &list).as_bytes()).unwrap(), list);
}

#[test]
fn credentials_never_leave() {
    let list = [subscription("https://me:secret@example.org/a", "A", &[])];
    assert!(!write("x", &list).contains("secret"));
}

#[test]
fn nested_folders_and_categories_are_tags() {
    let opml = "<opml version='1.0'><body><outline text='Tech'><outline title='Rust'>\
        <outline text='A' xmlUrl='https://example.org/a' category='/x/y,z'/></outline>\
        <outline text='B' xmlUrl='https://example.org/b'></outline>\
        <outline text='C' xmlUrl='https://example.org/c'/></outline>\
        <outline text='A' xmlUrl='https://example.org/a'/></body></opml>";
    let list = read(opml.as_bytes()).unwrap();
    let tags: Vec<_> = list.iter().map(|it| it.tags.join(" ")).collect();
    assert_eq!(tags, ["Tech Rust x y z", "Tech", "Tech"]);
}

#[test]
fn sloppy_lists_are_read() {
    for (opml, expected) in [
        (
            "<opml><body><outline xmlurl='https://example.org/a?b=1&c=2'/>",
            "https://example.org/a?b=1&c=2",
        ),
        (
            "<OPML><BODY><OUTLINE XMLURL=\"https://example.org/a\"></OUTLINE></BODY>",
            "https://example.org/a",
        ),
        ("<outline xmlUrl=https://example.org/a>", "https://example.org/a"),
        (
            "junk <opml><outline text='a < b' xmlUrl='https://example.org/a'/>",
            "https://example.org/a",
        ),
        ("<opml><outline text='x' xmlUrl='feed://example.org/a'/></opml>", "http://example.org/a"),
        ("<opml><outline type='rss' url='https://example.org/a'/></opml>", "https://example.org/a"),
        (
            "<opml><outline text=\"broken xmlUrl='x'<outline xmlUrl='https://example.org/a'/></opml>",
            "",
        ),
        (
            "<opml></head></x><outline xmlUrl=' https://example.org/a '/></opml>",
            "https://example.org/a",
        ),
    ] {
        let expected: Vec<&str> = Some(expected).filter(|it| !it.is_empty()).into_iter().collect();
        if !expected.is_empty() {
            assert_eq!(urls(opml), expected, "{opml}");
        }
    }
}

#[test]
fn a_title_may_stand_for_the_text_and_entities_are_decoded() {
    let opml =
        "<opml><outline title='Caf&eacute; &#38; &amp; & Co' xmlUrl='https://example.org/a'/>";
    assert_eq!(read(opml.as_bytes()).unwrap()[0].title.as_deref(), Some("Café & & & Co"));
}

#[test]
fn latin_1_and_utf_16_lists_are_read() {
    let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><opml><outline text='\xFC' xmlUrl='https://example.org/a'/></opml>";
    assert_eq!(read(latin).unwrap()[0].title.as_deref(), Some("ü"));
    let wide: Vec<u8> = "\u{FEFF}<opml><outline text='ü' xmlUrl='https://example.org/a'/></opml>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(read(&wide).unwrap()[0].title.as_deref(), Some("ü"));
}

#[test]
fn external_entities_are_never_opened() {
    let opml = "<!DOCTYPE opml [<!ENTITY x SYSTEM 'file:///etc/passwd'><!ENTITY y '&x;&x;'>]>\
        <opml><outline text='&x;&y;' xmlUrl='https://example.org/a'/></opml>";
    assert_eq!(read(opml.as_bytes()).unwrap()[0].title.as_deref(), Some("&x;&y;"));
}

#[test]
fn only_the_web_is_subscribed_to() {
    for url in
        ["file:///etc/passwd", "javascript:alert(1)", "", "example.org", "ftp://example.org/"]
    {
        assert_eq!(urls(&format!("<opml><outline text='x' xmlUrl='{url}'/></opml>")), [""; 0]);
    }
}

#[test]
fn what_is_no_list_is_an_error() {
    assert_eq!(read(b""), Err(OpmlError::Empty));
    assert_eq!(read(b"<rss><channel/></rss>"), Err(OpmlError::NotOpml));
    assert_eq!(read(b"<opml version='2.0'><body/></opml>"), Ok(Vec::new()));
}

#[test]
fn depth_and_size_cost_no_stack_and_no_patience() {
    let deep = "<outline text='x'>".repeat(100_000);
    let opml = format!("<opml>{deep}<outline xmlUrl='https://example.org/a'/>");
    assert_eq!(urls(&opml), ["https://example.org/a"]);
    let wide: String =
        (0..2_000).map(|n| format!("<outline xmlUrl='https://example.org/{n}'/>")).collect();
    assert_eq!(urls(&format!("<opml>{deep}{wide}")).len(), 2_000);
    let attributes: String = (0..100_000).map(|n| format!(" a{n}=''")).collect();
    assert_eq!(urls(&format!("<opml><outline{attributes}/></opml>")), [""; 0]);
    let broken = "<outline x='<".repeat(50_000);
    let _ = read(broken.as_bytes());
    let _ = read("<outline <".repeat(50_000).as_bytes());
    let _ = read("<!-- ".repeat(50_000).as_bytes());
    let _ = read("<outline><!--<![CDATA[".repeat(50_000).as_bytes());
}

#[test]
fn the_seeds_of_the_fuzzer_are_lists() {
    for seed in std::fs::read_dir("fuzz/seeds/opml").into_iter().flatten().flatten() {
        let list = read(&std::fs::read(seed.path()).unwrap()).unwrap();
        // Addresses that differ by their credentials alone are one, written.
        let addresses: std::collections::HashSet<_> =
            list.iter().map(|feed| crate::model::redacted(&feed.url)).collect();
        assert_eq!(addresses.len(), 1, "{}", seed.path().display());
        let again = read(write("x", &list).as_bytes()).unwrap();
        assert_eq!(again.len(), 1, "{}", seed.path().display());
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
        let _ = read(&bytes);
    }

    #[test]
    fn no_list_like_text_panics(
        text in "(<(/)?(outline|opml|body)|xmlUrl=|text='|\"|'|>|/>|&|&amp;|<!--|<!\\[CDATA\\[|https://a\\.example/){0,30}"
    ) {
        let _ = read(text.as_bytes());
    }

    #[test]
    fn any_title_and_tag_survive_a_round_trip(
        title in "[^\\p{C}\\p{Z}]{1,20}", tag in "[^\\p{C}\\p{Z}/,]{1,20}"
    ) {
        let list = [subscription("https://example.org/a", &title, &[&tag])];
        prop_assert_eq!(read(write("x", &list).as_bytes()).unwrap(), list);
    }
}
