//! Answers that want to hang us, eat our memory or crash us, each of about the size that is
//! asked for.

// A kit: not every test needs every tool.
#![allow(dead_code)]

use std::{fmt::Write as _, io::Write as _, time::Duration};

use crate::origin::Answer;

/// One of them, and how its poll has to end.
pub struct Bomb {
    pub name: &'static str,
    pub answer: Answer,
    pub ending: Ending,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// A document that is read: at least so many entries, and no error.
    Read(usize),
    /// One line of error that contains this.
    Error(&'static str),
}

use Ending::{Error, Read};

/// All of them. `bytes`: how large each document is, once its coding is undone.
pub fn bombs(bytes: usize) -> Vec<Bomb> {
    let mut all = documents(bytes);
    all.extend(encoded(bytes));
    all.extend(answers(bytes));
    all
}

/// Well-formed or not, these are what a parser has to bear.
fn documents(bytes: usize) -> Vec<Bomb> {
    let feed = |name, text: String, ending| Bomb { name, answer: Answer::ok(text), ending };
    let nested = bytes / "<b></b>".len();
    let deep = format!("{}x{}", "<b>".repeat(nested), "</b>".repeat(nested));
    let deep_div = "<div>".repeat(bytes / 5);
    let unclosed = format!("{}{}", "<b><i><a>".repeat(bytes / 12), "<p>".repeat(bytes / 12));
    let attributes = counted(bytes, |n| format!(" a{n}=''"));
    let namespaces = counted(bytes, |n| format!(" xmlns:n{n}='u:{n}'"));
    let links = counted(bytes, |n| format!("<link rel='enclosure' href='https://a.example/{n}'/>"));
    let people =
        counted(bytes, |n| format!("<author><name>{n}</name></author><category term='{n}'/>"));
    vec![
        feed("tiny-entries", rss(&items(bytes, |n| format!("<guid>{n}</guid>"))), Read(1000)),
        feed("a-million-entries", rss(&"<item/>".repeat(bytes / 7)), Read(1)),
        feed("one-guid", rss(&one_guid(bytes)), Read(100)),
        feed("rich-entries", rss(&items(bytes, rich)), Read(10)),
        feed("many-fields", atom(&entries(bytes, many_fields)), Read(10)),
        feed("nested-elements", rss(&item(&format!("<description>{deep}</description>"))), Read(1)),
        feed("nested-in-an-item", rss(&item(&"<a>".repeat(bytes / 3))), Read(1)),
        feed("nested-html", rss(&item(&html(&deep_div))), Read(1)),
        feed("quadratic-html", rss(&item(&html(&unclosed))), Read(1)),
        feed("many-paragraphs", rss(&item(&html(&"<p>".repeat(bytes / 3)))), Read(1)),
        feed("attributes", rss(&item(&format!("<x{attributes}/>"))), Read(1)),
        feed("attributes-in-html", rss(&item(&html(&format!("<p{attributes}>x</p>")))), Read(1)),
        feed("namespaces", format!("<rss{namespaces}>{}", rss(&item(""))), Read(1)),
        feed(
            "giant-title",
            rss(&format!("<item><title>{}</title></item>", "x".repeat(bytes))),
            Read(1),
        ),
        feed("giant-word-of-signs", rss(&item(&html(&"語".repeat(bytes / 3)))), Read(1)),
        feed("links-of-an-entry", atom(&entry(&links)), Read(1)),
        feed("people-of-an-entry", atom(&entry(&people)), Read(1)),
        feed("entities", entities(bytes), Read(1)),
        feed("ampersands", rss(&item(&format!("<title>{}</title>", "&".repeat(bytes)))), Read(1)),
        feed(
            "open-comment",
            format!("{}<!--{}", rss(&item("")), "<!--".repeat(bytes / 4)),
            Read(1),
        ),
        feed("json-items", json(bytes, "{}"), Read(1)),
        feed("json-tiny-items", json(bytes, "{\"id\":1}"), Read(1)),
        feed("json-nested", format!("{{\"items\":{}", "[".repeat(bytes)), Error("not a feed")),
        feed(
            "a-page",
            format!("<!DOCTYPE html><html>{}", "<p>".repeat(bytes / 3)),
            Error("web page"),
        ),
        feed("angle-brackets", "<".repeat(bytes), Error("not a feed")),
        feed("noise", noise(bytes), Error("not a feed")),
        feed("nothing", " ".repeat(bytes), Error("empty")),
    ]
}

/// Codings that say more than they hold, or the other way round.
fn encoded(bytes: usize) -> Vec<Bomb> {
    let spaces = format!("{}{}", rss(&item("")), " ".repeat(bytes - 1000));
    let wide: Vec<u8> = rss(&items(bytes / 2, |n| format!("<guid>{n}</guid>")))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let wide = [b"\xff\xfe".to_vec(), wide].concat();
    let bomb = gzip_of_zeros(bytes * 100);
    let twice = gzip(&gzip_of_zeros(bytes * 1000));
    let coded = |body: Vec<u8>, coding: &str| Answer::ok(body).header("Content-Encoding", coding);
    vec![
        Bomb { name: "gzip-of-spaces", answer: Answer::ok(spaces).gzipped(), ending: Read(1) },
        Bomb { name: "utf-16", answer: Answer::ok(wide), ending: Read(100) },
        Bomb { name: "gzip-bomb", answer: coded(bomb, "gzip"), ending: Error("larger than") },
        Bomb { name: "gzip-twice", answer: coded(twice, "gzip, gzip"), ending: Error("coding") },
        Bomb { name: "no-gzip", answer: coded(b"<rss/>".to_vec(), "gzip"), ending: Read(0) },
        Bomb {
            name: "codings-without-end",
            answer: coded(b"<rss/>".to_vec(), &"gzip, ".repeat(200)),
            ending: Error("coding"),
        },
    ]
}

/// Servers that do not keep to the rules.
fn answers(bytes: usize) -> Vec<Bomb> {
    let whole = rss(&items(bytes.min(100_000), |n| format!("<guid>{n}</guid>")));
    let flood = "x".repeat(100_000);
    let often = Duration::from_millis(20);
    vec![
        Bomb {
            name: "endless",
            answer: Answer::ok("").endless(vec![b' '; 64 * 1024], Duration::ZERO),
            ending: Error("larger than"),
        },
        Bomb {
            name: "drips",
            answer: Answer::ok(whole.clone()).dripping(1, often),
            ending: Error("timed out"),
        },
        Bomb { name: "silence", answer: Answer::silence(), ending: Error("timed out") },
        Bomb { name: "reset", answer: Answer::reset(), ending: Error("") },
        Bomb {
            name: "shorter-than-said",
            answer: Answer::ok(whole.clone()).claiming(whole.len() + 1),
            ending: Error("cut short"),
        },
        Bomb {
            name: "says-it-is-huge",
            answer: Answer::ok(whole.clone()).claiming(1 << 40),
            ending: Error("larger than"),
        },
        Bomb {
            name: "no-last-chunk",
            answer: Answer::ok(whole).chunked_and_cut(1000),
            ending: Error("cut short"),
        },
        Bomb {
            name: "header-flood",
            answer: Answer::ok("<rss/>").header("X-Flood", flood),
            ending: Error(""),
        },
        Bomb { name: "no-http", answer: Answer::raw(noise(10_000)), ending: Error("") },
        Bomb {
            name: "huge-error",
            answer: Answer::new(500, vec![b'x'; bytes]),
            ending: Error("HTTP 500"),
        },
        Bomb {
            name: "to-a-file",
            answer: Answer::redirect(301, "file:///etc/passwd"),
            ending: Error("redirect"),
        },
        Bomb {
            name: "in-a-circle",
            answer: Answer::redirect(302, "/bomb/in-a-circle"),
            ending: Error("circle"),
        },
    ]
}

fn rss(inside: &str) -> String {
    format!("<rss version=\"2.0\"><channel><title>t</title>{inside}</channel></rss>")
}

fn item(inside: &str) -> String {
    format!("<item><guid>1</guid>{inside}</item>")
}

fn atom(inside: &str) -> String {
    format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>t</title>{inside}</feed>")
}

fn entry(inside: &str) -> String {
    format!("<entry><id>1</id>{inside}</entry>")
}

fn html(markup: &str) -> String {
    format!("<description><![CDATA[{markup}]]></description>")
}

/// What `part` makes of 0, 1, 2 …, as much as there is room for.
fn counted(bytes: usize, part: impl Fn(usize) -> String) -> String {
    let mut text = String::with_capacity(bytes + 10_000);
    for number in 0.. {
        if text.len() >= bytes {
            break;
        }
        text.push_str(&part(number));
    }
    text
}

fn items(bytes: usize, inside: impl Fn(usize) -> String) -> String {
    counted(bytes, |n| format!("<item>{}</item>", inside(n)))
}

fn entries(bytes: usize, inside: impl Fn(usize) -> String) -> String {
    counted(bytes, |n| format!("<entry><id>{n}</id>{}</entry>", inside(n)))
}

/// Ten thousand entries, all of one identity and of different texts.
fn one_guid(bytes: usize) -> String {
    let filler = "word ".repeat((bytes / 10_000).saturating_sub(90) / 5);
    let same = |n| {
        format!("<guid>same</guid><link>https://a.example/{n}</link><title>{n} {filler}</title>")
    };
    (0..10_000.min(bytes / 90)).map(|n| format!("<item>{}</item>", same(n))).collect()
}

/// What an honest feed says, at its most talkative.
fn rich(n: usize) -> String {
    let mut text = format!(
        "<guid>{n}</guid><link>https://a.example/{n}</link><title>Title {n}</title>\
         <pubDate>Sun, 01 Mar 2026 12:00:00 GMT</pubDate><description><![CDATA["
    );
    for line in 0..30 {
        write!(text, "<p>Line {line} of <b>entry</b> <a href=\"/{n}\">{}</a></p>", n * line)
            .unwrap();
    }
    text + "]]></description>"
}

/// Short, and yet with as many parts as are kept.
fn many_fields(n: usize) -> String {
    counted(1500, |m| {
        format!("<category term='{n}.{m}'/><link rel='enclosure' href='http://a/{n}/{m}'/>")
    })
}

fn entities(bytes: usize) -> String {
    let mut dtd = String::from("<!DOCTYPE rss [<!ENTITY a0 'ha ha ha ha ha ha ha'>");
    for n in 1..50 {
        let inner = format!("&a{};", n - 1).repeat(10);
        write!(dtd, "<!ENTITY a{n} '{inner}'>").unwrap();
    }
    let title = "&a49;&a2;".repeat(bytes / 9);
    format!("{dtd}]>{}", rss(&item(&format!("<title>{title}</title>"))))
}

fn json(bytes: usize, item: &str) -> String {
    let items = vec![item; bytes / (item.len() + 1)].join(",");
    format!("{{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":[{items}]}}")
}

/// Bytes without a pattern, the same in each run.
fn noise(bytes: usize) -> String {
    let mut seed = 0x5EED_u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from((seed >> 33) as u8 & 0x7f)
    };
    (0..bytes).map(|_| next()).map(|c| if matches!(c, '<' | '{') { '.' } else { c }).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gzip_of_zeros(bytes: usize) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let zeros = vec![0; 64 * 1024];
    for _ in 0..bytes / zeros.len() + 1 {
        encoder.write_all(&zeros).unwrap();
    }
    encoder.finish().unwrap()
}
