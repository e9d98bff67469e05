//! What today's readers make of our documents: newsboat and feedparser subscribe to a
//! running daemon.

use std::{collections::BTreeMap, fs, path::PathBuf, process::Command};

use crate::world::{Daemon, World, has_tool, there_or_skipped};

/// Debian's Python, for which feedparser is packaged.
pub const PYTHON: &str = "/usr/bin/python3";

/// Ids of every kind, signs of every kind, an entry without a title and one without a link.
const NEWS: &str = r#"<?xml version="1.0"?><rss version="2.0"><channel><title>Harbour &amp; Sons</title>
<link>https://harbour.example.org/</link><description>News</description>
<item><title>Bäume &amp; Büsche &lt;b&gt;fett&lt;/b&gt; 🦆</title><link>https://harbour.example.org/trees?a=1&amp;b=2</link>
<guid isPermaLink="false">harbour-1</guid><pubDate>Mon, 23 Nov 2026 08:00:00 GMT</pubDate>
<description>&lt;p&gt;The trees are &lt;em&gt;cut&lt;/em&gt; back.&lt;/p&gt;</description></item>
<item><title>3 &lt; 5, and AT&amp;amp;T knows</title><guid>https://harbour.example.org/sums</guid>
<pubDate>Sun, 22 Nov 2026 08:00:00 GMT</pubDate><description>A sum.</description></item>
<item><link>https://harbour.example.org/note</link><guid isPermaLink="false">note 3</guid>
<pubDate>Sat, 21 Nov 2026 08:00:00 GMT</pubDate><description>A note that has no title.</description></item>
<item><title>An item without a link</title><guid isPermaLink="false">urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a</guid>
<pubDate>Fri, 20 Nov 2026 08:00:00 GMT</pubDate><description>It leads nowhere.</description></item>
<item><title>A broadcast</title><link>https://harbour.example.org/cast</link><guid isPermaLink="false">cast-5</guid>
<enclosure url="https://harbour.example.org/5.mp3" type="audio/mpeg" length="1234"/>
<pubDate>Thu, 19 Nov 2026 08:00:00 GMT</pubDate><description>Listen.</description></item></channel></rss>"#;

const PLANET: &str = r#"<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Planet Coast</title>
<id>tag:planet.example.org,2026:coast</id><updated>2026-11-23T09:00:00Z</updated>
<entry><title type="html">Pelicans &amp;amp; &lt;i&gt;terns&lt;/i&gt;</title><id>tag:planet.example.org,2026:77</id>
<link href="https://planet.example.org/pelicans"/><updated>2026-11-23T07:00:00Z</updated>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Birds of the coast.</p></div></content></entry></feed>"#;

/// Ids and addresses of articles, as a reader knows them.
type Articles = BTreeMap<String, String>;

fn coast() -> (World, Daemon) {
    let world = World::new();
    fs::write(world.folder().join("news.xml"), NEWS).unwrap();
    fs::write(world.folder().join("planet.xml"), PLANET).unwrap();
    let world = world.feed("news", "file:news.xml").feed("planet", "file:planet.xml");
    world.ok(&["fetch"]);
    let daemon = world.daemon();
    (world, daemon)
}

/// What the store has: the ids, with each article's title or, for want of one, nothing.
fn articles(world: &World) -> BTreeMap<String, Option<String>> {
    let articles = world.json(&["articles", "--json"]);
    let articles = articles.as_array().unwrap().iter();
    articles
        .map(|article| {
            let title = article["title"].as_str().map(str::to_owned);
            (article["id"].as_str().unwrap().to_owned(), title)
        })
        .collect()
}

fn not_modified(daemon: &Daemon) -> u64 {
    let metrics = daemon.get("/metrics").text();
    let counter = "merganser_http_requests_total{route=\"/{document}\",code=\"304\"} ";
    metrics.lines().find_map(|line| line.strip_prefix(counter)?.parse().ok()).unwrap_or(0)
}

/// A reader has our ids, all of them, each with our title.
fn agree(ours: &BTreeMap<String, Option<String>>, theirs: &Articles, reader: &str) {
    let ids: Vec<_> = theirs.keys().collect();
    assert_eq!(ids, ours.keys().collect::<Vec<_>>(), "{reader}");
    for (id, title) in ours {
        // What to show for want of a title is the reader's own affair.
        if let Some(title) = title {
            assert_eq!(&theirs[id], title, "{reader}");
        }
    }
}

#[test]
fn feedparser_sees_each_article_with_its_id_and_is_told_when_nothing_changed() {
    let there = Command::new(PYTHON).args(["-c", "import feedparser"]).output();
    if !there_or_skipped("python3-feedparser", there.is_ok_and(|ran| ran.status.success())) {
        return;
    }
    let (world, daemon) = coast();
    let ours = articles(&world);
    assert_eq!(ours.len(), 6);
    for format in ["atom", "rss"] {
        let url = format!("http://{}/all.{format}", daemon.address);
        let ran = Command::new(PYTHON).args(["-c", PARSE_TWICE, &url]).output().unwrap();
        let told = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{told}");
        let seen: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
        assert_eq!(seen["bozo"], false, "{format} is not well-formed: {seen:#}");
        assert_eq!(seen["statuses"], serde_json::json!([200, 304, 304]), "{format}");
        let theirs: Articles = serde_json::from_value(seen["articles"].clone()).unwrap();
        agree(&ours, &theirs, &format!("feedparser, {format}"));
    }
}

/// Polls once, then with the entity tag, then with the date alone.
const PARSE_TWICE: &str = r#"
import feedparser, html, json, sys
url = sys.argv[1]
first = feedparser.parse(url, sanitize_html=False)
second = feedparser.parse(url, etag=first.etag)
third = feedparser.parse(url, modified=first.modified)
def plain(entry):
    title = entry.get("title", entry.get("summary", ""))
    return html.unescape(title) if entry.get("title_detail", {}).get("type") == "text/html" else title
print(json.dumps({
    "bozo": bool(first.bozo),
    "statuses": [first.status, second.status, third.status],
    "articles": {entry.id: plain(entry) for entry in first.entries},
}))
"#;

#[test]
fn newsboat_sees_each_article_with_its_id_and_is_told_when_nothing_changed() {
    if !has_tool("newsboat") {
        return;
    }
    let (world, daemon) = coast();
    let ours = articles(&world);
    for format in ["atom", "rss"] {
        let boat = Boat::new(&world, &format!("http://{}/all.{format}", daemon.address));
        boat.reload();
        agree(&ours, &boat.articles(), &format!("newsboat, {format}"));
        // At its first poll newsboat has no row yet to keep the entity tag in: it remembers
        // the second one's.
        boat.reload();
        let before = not_modified(&daemon);
        boat.reload();
        assert_eq!(not_modified(&daemon), before + 1, "{format}");
        agree(&ours, &boat.articles(), &format!("newsboat again, {format}"));
    }
}

/// A newsboat with files of its own.
struct Boat {
    home: PathBuf,
}

impl Boat {
    fn new(world: &World, url: &str) -> Self {
        let home = world.folder().join(url.rsplit('.').next().unwrap());
        fs::create_dir(&home).unwrap();
        fs::write(home.join("urls"), format!("{url}\n")).unwrap();
        fs::write(home.join("config"), "").unwrap();
        Self { home }
    }

    fn reload(&self) {
        let ran = Command::new("newsboat")
            .args(["-C", "config", "-u", "urls", "-c", "cache.db", "-x", "reload"])
            .current_dir(&self.home)
            .env("HOME", &self.home)
            .env_remove("http_proxy")
            .output()
            .unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }

    fn articles(&self) -> Articles {
        let cache = rusqlite::Connection::open(self.home.join("cache.db")).unwrap();
        let mut rows = cache.prepare("SELECT guid, title FROM rss_item").unwrap();
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }
}
