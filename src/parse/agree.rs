//! The two readers of XML agree, field by field, wherever both can read: a feed that breaks
//! for one day must not come back as new.

use proptest::prelude::*;
use url::Url;

use super::{ParseError, read_with};
use crate::model::{Document, RawFeed};

fn document(text: impl Into<bytes::Bytes>, base: Option<&str>) -> Document {
    Document { bytes: text.into(), content_type: None, base: base.and_then(|b| Url::parse(b).ok()) }
}

/// Both readings, and whether feed-rs took part in the first.
fn both(document: &Document) -> (Result<RawFeed, ParseError>, Result<RawFeed, ParseError>, bool) {
    let mut was_plain = false;
    let mut without_reader = |reading: Result<(RawFeed, bool), ParseError>| {
        reading.map(|(mut feed, _)| {
            feed.repairs.retain(|repair| {
                was_plain |= repair.starts_with("reader: feed-rs");
                !repair.starts_with("reader: ")
            });
            feed
        })
    };
    let first = without_reader(read_with(document, true));
    let second = without_reader(read_with(document, false));
    (first, second, was_plain)
}

#[test]
fn the_readers_agree_over_every_fixture() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/parse");
    let mut plain = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for base in [None, Some("https://base.example/feed")] {
            let (first, second, was_plain) = both(&document(bytes.clone(), base));
            assert_eq!(first, second, "{}", path.display());
            plain += usize::from(was_plain);
        }
    }
    assert!(plain >= 4, "no fixture is plain: the comparison is empty");
}

/// Text with what makes trouble in it.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[ a-zA-Z0-9.,;:!?-]{0,20}",
        8 => "[a-z&<>\"' \n\t]{0,16}",
        8 => "\\PC{0,12}",
        8 => Just("https://x.example/a?b=1&c=2".to_owned()),
        8 => Just("<p>a &amp; b</p>".to_owned()),
        // Long enough to be set apart, and what then stands for it.
        3 => "([ a-z&<>\"'\r\n;#]|\\PC|<p>|&amp;|&#233;|]]>|-->){100,160}",
        1 => "\u{fdd0}[0-9]{1,2}",
        8 => Just("â€™ is ’".to_owned()),
        8 => Just("Ann (ann@x.example)".to_owned()),
        8 => Just("Mon, 04 Mar 2024 18:00:00 +0000".to_owned()),
        8 => Just("2024-03-04T18:00:00Z".to_owned()),
    ]
}

/// The text as it may stand in an element.
fn escaped() -> impl Strategy<Value = String> {
    (text(), 0..6_u8).prop_map(|(text, way)| {
        let escape =
            |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        match way {
            0 if !text.contains("]]>") => format!("<![CDATA[{text}]]>"),
            1 => format!(" {}\n", escape(&text)),
            2 => format!("&#8211;{}&#x26;<!-- no -->", escape(&text)),
            3 => format!("{}<![CDATA[&amp;]]>", escape(&text)),
            4 => escape(&text).replace('"', "&quot;").replace('\'', "&#39;"),
            _ => escape(&text),
        }
    })
}

fn rss_field() -> impl Strategy<Value = String> {
    let names = prop_oneof![
        4 => Just("title"), 4 => Just("description"), 3 => Just("guid"), 1 => Just("author"),
        2 => Just("dc:creator"), 3 => Just("pubDate"), 1 => Just("dc:date"),
        3 => Just("category"), 3 => Just("content:encoded"), 1 => Just("slash:comments"),
        1 => Just("wfw:commentRss"), 1 => Just("comments"), 1 => Just("source"),
        1 => Just("updated"), 1 => Just("dc:subject"), 1 => Just("link"),
    ];
    (names, escaped()).prop_map(|(name, text)| format!("<{name}>{text}</{name}>\n"))
}

fn atom_field() -> impl Strategy<Value = String> {
    let names = prop_oneof![
        Just("title"),
        Just("title type='html'"),
        Just("summary"),
        Just("summary type=\"text\""),
        Just("content type='html'"),
        Just("content"),
        Just("id"),
        Just("published"),
        Just("updated"),
        Just("rights"),
        Just("thr:total"),
    ];
    prop_oneof![
        8 => (names, escaped()).prop_map(|(name, text)| {
            let end = name.split(' ').next().unwrap_or_default();
            format!("<{name}>{text}</{end}>")
        }),
        1 => text().prop_map(|t| format!("<category term='{}' label='L'/>", t.replace(['<', '&', '\''], ""))),
        1 => escaped().prop_map(|t| format!("<author><name>{t}</name><uri>http://a.example</uri></author>")),
        1 => Just("<link rel='edit' href='https://x.example/edit'/>".to_owned()),
        1 => Just("<link rel='enclosure' href='https://x.example/file'/>".to_owned()),
    ]
}

fn rss() -> impl Strategy<Value = String> {
    let item = (proptest::collection::vec(rss_field(), 0..7), 0..40_u8).prop_map(|(fields, n)| {
        format!("<item><link>https://x.example/{n}</link>{}</item>\n", fields.concat())
    });
    (escaped(), proptest::collection::vec(item, 1..5)).prop_map(|(title, items)| {
        format!(
            "<rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/' \
             xmlns:content='http://purl.org/rss/1.0/modules/content/' \
             xmlns:wfw='http://wellformedweb.org/CommentAPI/' \
             xmlns:slash='http://purl.org/rss/1.0/modules/slash/'><channel>\
             <title>{title}</title><link>https://x.example/</link><language>en</language>{}\
             </channel></rss>",
            items.concat()
        )
    })
}

fn atom() -> impl Strategy<Value = String> {
    let entry =
        (proptest::collection::vec(atom_field(), 0..7), 0..40_u8).prop_map(|(fields, n)| {
            format!("<entry><link href='https://x.example/{n}'/>{}</entry>\n", fields.concat())
        });
    (escaped(), proptest::collection::vec(entry, 1..5)).prop_map(|(title, entries)| {
        format!(
            "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='de' \
             xmlns:thr='http://purl.org/syndication/thread/1.0'><title>{title}</title>\
             <author><name>Feed</name></author>{}</feed>",
            entries.concat()
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_readers_agree_over_generated_documents(text in prop_oneof![rss(), atom()]) {
        let (first, second, _) = both(&document(text, None));
        prop_assert_eq!(first, second);
    }

    #[test]
    fn no_text_at_all_makes_a_reader_stumble(text in "(<|>|/|&|;|!|-|\\[|\\]|\"|'|=|\\?| |rss|item|title|link|entry|feed|CDATA|DOCTYPE|xmlns|:|\\{|\\}|\\PC){0,60}") {
        let _ = read_with(&document(text.clone(), None), true);
        let _ = read_with(&document(format!("<rss><channel><item>{text}"), None), true);
        let _ = read_with(&document(format!("{{\"items\":[{text}"), None), true);
    }

    #[test]
    fn no_bytes_at_all_make_the_decoder_stumble(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = read_with(&document(bytes.clone(), None), true);
        let _ = read_with(&document([b"\xFF\xFE<\0", bytes.as_slice()].concat(), None), true);
    }
}

#[test]
fn most_generated_documents_are_read_by_feed_rs() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let plain = (0..200)
        .filter(|_| {
            let text = prop_oneof![rss(), atom()].new_tree(&mut runner).unwrap().current();
            both(&document(text, None)).2
        })
        .count();
    assert!(plain >= 30, "only {plain} of 200 are plain: the comparison is thin");
}
