//! The server over loopback, with a real store: what a reader, a cache and a browser see.

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use merganser::{
    dedup::fingerprint,
    metrics::Metrics,
    model::{
        DedupSettings, Entry, FeedMeta, FeedSetting, FeedState, Html, OutputFilter, OutputSetting,
        PollMemory, ServerSettings, Time, Timing,
    },
    server::{Pulse, Server, router, serve},
    store::{Address, Arriving, Claim, FeedUpdate, FetchRecord, OpenAs, Reading, Store},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::sync::CancellationToken;

/// A store and a server on it.
struct House {
    store: Store,
    server: Server,
    address: SocketAddr,
    revisions: watch::Sender<u64>,
    stop: CancellationToken,
    serving: tokio::task::JoinHandle<std::io::Result<()>>,
    _folder: tempfile::TempDir,
}

fn settings(base: &str) -> ServerSettings {
    ServerSettings {
        listen: ([127, 0, 0, 1], 0).into(),
        base_url: base.parse().unwrap(),
        hub: Some("https://hub.example/".parse().unwrap()),
        images: true,
    }
}

fn output(name: &str) -> OutputSetting {
    OutputSetting {
        name: name.into(),
        title: format!("The output {name}"),
        description: None,
        limit: 5,
        filter: OutputFilter::default(),
        name_others: false,
        path: None,
    }
}

fn noon() -> Time {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn feed(name: &str, tag: &str) -> FeedSetting {
    FeedSetting {
        url: format!("https://user:secret@{name}.example/feed.xml").parse().unwrap(),
        name: name.into(),
        tags: vec![tag.into()],
        timing: Timing::default(),
        stands_alone: false,
    }
}

fn entry(number: i64) -> Entry {
    let published = noon() - chrono::TimeDelta::hours(number);
    Entry {
        guid: format!("https://origin.example/{number}"),
        url: Some(format!("https://origin.example/{number}").parse().unwrap()),
        title: Some(format!("Story {number} of the walrus")),
        authors: vec!["Ada".into()],
        published: Some(published),
        updated: None,
        summary: None,
        content: Some(Html::sanitized(format!("<p>All that is to say of {number}. Grüße!</p>"))),
        categories: vec![],
        enclosures: vec![],
        language: None,
        origin: None,
        original_url: None,
        comments: None,
        raw_hash: number.unsigned_abs(),
    }
}

impl House {
    async fn new(base: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rules = DedupSettings { near_duplicates: true, window: Duration::from_secs(604_800) };
        let store =
            Store::open(&folder.path().join("merganser.db"), OpenAs::Daemon, rules).unwrap();
        store.sync_feeds(vec![feed("one", "news"), feed("two", "rust")], noon()).await.unwrap();
        let (sender, revisions) = watch::channel(0);
        let server = Server::new(
            store.clone(),
            &settings(base),
            vec![output("all"), output("rust")],
            revisions,
            Metrics::new(),
            Pulse::default(),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let serving =
            tokio::spawn(serve(listener, router(server.clone()), Metrics::new(), stop.clone()));
        let house =
            Self { store, server, address, revisions: sender, stop, serving, _folder: folder };
        house.poll("one", (1..=12).map(entry).collect()).await;
        house
    }

    /// A feed says these entries.
    async fn poll(&self, name: &str, entries: Vec<Entry>) {
        self.poll_at(name, entries, noon()).await;
    }

    async fn poll_at(&self, name: &str, entries: Vec<Entry>, now: Time) {
        let claim = Claim::EveryOf(vec![name.into()]);
        let due = self.store.claim(claim, now, 1, Duration::from_secs(60)).await.unwrap();
        let update = FeedUpdate {
            feed: due[0].id,
            at: now,
            record: FetchRecord { status: Some(200), bytes: 1, millis: 1, error: None },
            validators: None,
            body_hash: None,
            address: Address::Keep,
            reading: Some(Reading {
                meta: FeedMeta { title: Some(format!("Feed {name}")), ..FeedMeta::default() },
                guids: entries.iter().map(|entry| entry.guid.clone()).collect(),
                entries: entries.into_iter().map(arriving).collect(),
                ..reading()
            }),
            state: FeedState::Ok,
            next_poll: Some(now + chrono::TimeDelta::hours(1)),
            interval: Duration::from_secs(3_600),
            memory: PollMemory::default(),
        };
        self.store.commit(update).await.unwrap();
        let revision = self.store.revision().await.unwrap();
        self.revisions.send(revision).unwrap();
    }

    async fn ask(&self, method: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: any.example\r\n");
        for (name, value) in fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("Connection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        Answer::parse(&bytes)
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[]).await
    }
}

fn arriving(entry: Entry) -> Arriving {
    let fingerprint = fingerprint(&entry);
    Arriving::new(entry, fingerprint)
}

fn reading() -> Reading {
    Reading {
        meta: FeedMeta::default(),
        links: Default::default(),
        repairs: vec!["bare & in a title".into()],
        entries: vec![],
        unchanged: 0,
        guids: vec![],
        partial: false,
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    fields: HashMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").expect("a whole header");
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let mut fields: HashMap<String, String> = HashMap::new();
        for line in lines {
            let (name, value) = line.split_once(": ").unwrap();
            fields
                .entry(name.to_lowercase())
                .and_modify(|all| all.push_str(&format!(", {value}")))
                .or_insert_with(|| value.to_owned());
        }
        Self { status, fields, body: bytes[end + 4..].to_vec() }
    }

    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

#[tokio::test]
async fn each_document_has_its_type_validators_and_guards() {
    let house = House::new("https://river.example.org/").await;
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/all", "text/html; charset=utf-8"),
        ("/rust.html", "text/html; charset=utf-8"),
        ("/all.atom", "application/atom+xml; charset=utf-8"),
        ("/all.rss", "application/rss+xml; charset=utf-8"),
        ("/all.json", "application/feed+json"),
        ("/status", "text/html; charset=utf-8"),
        ("/search?q=walrus", "text/html; charset=utf-8"),
        ("/search.atom?q=walrus", "application/atom+xml; charset=utf-8"),
    ] {
        let answer = house.get(path).await;
        assert_eq!((answer.status, answer.field("content-type")), (200, kind), "{path}");
        assert!(answer.field("etag").starts_with('"'), "{path}");
        assert!(answer.field("vary").contains("Accept-Encoding"), "{path}");
        assert!(answer.field("cache-control").contains("max-age"), "{path}");
        assert_eq!(answer.field("x-content-type-options"), "nosniff", "{path}");
        assert!(answer.field("content-security-policy").starts_with("default-src 'none'"));
        assert_eq!(answer.field("set-cookie"), "");
        if path != "/status" {
            assert!(answer.field("last-modified").ends_with(" GMT"), "{path}");
        }
    }
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let house = House::new("https://river.example.org/").await;
    for path in ["/all.atom", "/", "/search.atom?q=walrus"] {
        let first = house.ask("GET", path, &[("Accept-Encoding", "gzip")]).await;
        assert_eq!(first.field("content-encoding"), "gzip");
        let tag = first.field("etag");
        let again = house.ask("GET", path, &[("If-None-Match", tag)]).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        for name in ["etag", "cache-control", "vary"] {
            assert_eq!(again.field(name), first.field(name), "{path} {name}");
        }
        let date = first.field("last-modified");
        assert_eq!(house.ask("GET", path, &[("If-Modified-Since", date)]).await.status, 304);
        let both = [("If-None-Match", "\"other\""), ("If-Modified-Since", date)];
        assert_eq!(house.ask("GET", path, &both).await.status, 200);
    }
}

#[tokio::test]
async fn an_article_that_comes_in_is_there_at_the_next_request() {
    let house = House::new("https://river.example.org/").await;
    let before = house.get("/all.atom").await;
    house.poll("two", vec![entry(-3)]).await;
    let fields = [("If-None-Match", before.field("etag"))];
    let after = house.ask("GET", "/all.atom", &fields).await;
    assert_eq!(after.status, 200);
    assert!(after.text().contains("Story -3"));
    assert!(house.get("/").await.text().contains("Story -3"));
}

#[tokio::test]
async fn codings_are_obeyed_and_their_tags_differ() {
    let house = House::new("https://river.example.org/").await;
    let plain = house.get("/all.atom").await;
    let gzip = house.ask("GET", "/all.atom", &[("Accept-Encoding", "gzip, br;q=0")]).await;
    let brotli = house.ask("GET", "/all.atom", &[("Accept-Encoding", "br, gzip")]).await;
    let none = house.ask("GET", "/all.atom", &[("Accept-Encoding", "gzip;q=0")]).await;
    assert_eq!(gzip.field("content-encoding"), "gzip");
    assert_eq!(brotli.field("content-encoding"), "br");
    assert_eq!((none.field("content-encoding"), none.body == plain.body), ("", true));
    let mut unpacked = Vec::new();
    std::io::Read::read_to_end(
        &mut flate2::read::GzDecoder::new(gzip.body.as_slice()),
        &mut unpacked,
    )
    .unwrap();
    assert_eq!(unpacked, plain.body);
    let mut unpacked = Vec::new();
    brotli::BrotliDecompress(&mut brotli.body.as_slice(), &mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
    let tags = [plain.field("etag"), gzip.field("etag"), brotli.field("etag")];
    assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2]);
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let house = House::new("https://river.example.org/").await;
    for path in ["/all.atom", "/", "/search?q=walrus", "/nothing", "/healthz"] {
        let (get, head) = (house.get(path).await, house.ask("HEAD", path, &[]).await);
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        for name in ["content-type", "etag", "last-modified", "vary", "content-length"] {
            assert_eq!(head.field(name), get.field(name), "{path} {name}");
        }
    }
}

#[tokio::test]
async fn other_methods_are_refused_and_other_names_not_found() {
    let house = House::new("https://river.example.org/").await;
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        for path in ["/", "/all.atom", "/status", "/search"] {
            let answer = house.ask(method, path, &[]).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            let allow: Vec<&str> = answer.field("allow").split(',').map(str::trim).collect();
            assert!(allow.contains(&"GET") && allow.contains(&"HEAD"));
            assert_eq!(answer.field("x-content-type-options"), "nosniff");
        }
    }
    for path in [
        "/none.atom",
        "/all.xml",
        "/a/b",
        "/article/00000000000000ff",
        "/article/1",
        "/..%2f..%2fetc%2fpasswd",
        "/../etc/passwd",
        "/all.atom/",
        "/%00",
        "//evil.example/",
        "/all.atom?before=x",
        "/?feed=nobody",
        "/?tag=none",
        "/?before=1",
    ] {
        let answer = house.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.field("location"), "");
        assert!(answer.field("content-security-policy").contains("default-src 'none'"));
    }
}

#[tokio::test]
async fn the_river_is_paged_without_a_gap_or_a_double() {
    let house = House::new("https://river.example.org/").await;
    let mut path = "/".to_owned();
    let mut seen = Vec::new();
    for _ in 0..10 {
        let page = house.get(&path).await.text().to_owned();
        for (at, _) in page.match_indices("of the walrus</a>") {
            seen.push(page[..at].rsplit_once("Story ").unwrap().1.trim().to_owned());
        }
        let Some((_, rest)) = page.split_once("rel=\"next\" href=\"") else { break };
        path = rest.split('"').next().unwrap().replace("&amp;", "&");
    }
    let wanted: Vec<String> = (1..=12).map(|number| number.to_string()).collect();
    assert_eq!(seen, wanted);
}

#[tokio::test]
async fn the_river_can_be_narrowed_to_a_tag_or_a_feed() {
    let house = House::new("https://river.example.org/").await;
    house.poll("two", vec![entry(-7)]).await;
    for path in ["/?tag=rust", "/?feed=two", "/rust?feed=two"] {
        let page = house.get(path).await;
        assert!(page.text().contains("Story -7") && !page.text().contains("Story 1 "), "{path}");
    }
}

#[tokio::test]
async fn an_article_has_a_page_that_says_why() {
    let house = House::new("https://river.example.org/").await;
    let river = house.get("/").await.text().to_owned();
    let link = river.split_once("href=\"/article/").unwrap().1.split('"').next().unwrap();
    let page = house.get(&format!("/article/{link}")).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Grüße!") && page.text().contains("Who carried it"));
}

#[tokio::test]
async fn a_search_finds_marks_and_can_be_subscribed_to() {
    let house = House::new("https://river.example.org/").await;
    let page = house.get("/search?q=WALRUS").await;
    assert!(page.text().contains("<mark>walrus</mark>"));
    assert!(page.text().contains("/search.atom?q=WALRUS"));
    assert!(house.get("/search.atom?q=walrus").await.text().contains("<entry>"));
    assert!(house.get("/search?q=unicorn").await.text().contains("No article has"));
    for odd in ["%22", "a%20AND%20OR", "*", "%00%00", "%ff", "NEAR(", "-", "%27%22%3Cscript%3E"] {
        let page = house.get(&format!("/search?q={odd}")).await;
        assert_eq!(page.status, 200, "{odd}");
        assert!(!page.text().contains("<script"), "{odd}");
    }
    let long = format!("/search?q={}", "a%20".repeat(4_000));
    assert_eq!(house.get(&long).await.status, 200);
}

#[tokio::test]
async fn a_path_prefix_works_whether_the_proxy_strips_it_or_not() {
    let house = House::new("https://example.org/rivers/").await;
    for path in ["/all.atom", "/rivers/all.atom", "/", "/rivers/", "/rivers", "/rivers/status"] {
        assert_eq!(house.get(path).await.status, 200, "{path}");
    }
    let atom = house.get("/rivers/all.atom").await;
    assert!(atom.text().contains("href=\"https://example.org/rivers/all.atom\""));
    let page = house.get("/rivers/").await.text().to_owned();
    let style = page.split_once("stylesheet\" href=\"").unwrap().1.split('"').next().unwrap();
    assert!(style.starts_with("/rivers/style.css?v="));
    assert_eq!(house.get(style).await.field("content-type"), "text/css; charset=utf-8");
}

#[tokio::test]
async fn hub_and_topic_are_told_in_the_header() {
    let house = House::new("https://river.example.org/").await;
    let links = house.get("/all.rss").await.field("link").to_owned();
    assert!(links.contains("<https://hub.example/>; rel=\"hub\""), "{links}");
    assert!(links.contains("<https://river.example.org/all.rss>; rel=\"self\""), "{links}");
    // They are said of the topic alone: a part of it is none.
    let first = house.get("/all.rss").await.text().to_owned();
    let (_, older) = first.split_once("prev-archive").unwrap();
    let older = older.split("https://river.example.org").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!((house.get(older).await.status, house.get(older).await.field("link")), (200, ""));
    assert_eq!(house.get("/search.rss?q=walrus").await.field("link"), "");
}

#[tokio::test]
async fn the_style_sheet_is_kept_for_ever_under_an_address_of_its_own() {
    let house = House::new("https://river.example.org/").await;
    let page = house.get("/").await.text().to_owned();
    let address =
        page.split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let style = house.ask("GET", address, &[("Accept-Encoding", "gzip")]).await;
    assert_eq!((style.status, style.field("content-encoding")), (200, "gzip"));
    assert!(style.field("cache-control").contains("immutable"));
    let again = [("If-None-Match", style.field("etag"))];
    assert_eq!(house.ask("GET", address, &again).await.status, 304);
}

#[tokio::test]
async fn a_reload_changes_what_is_served() {
    let house = House::new("https://river.example.org/").await;
    assert_eq!(house.get("/all.atom").await.status, 200);
    let mut renamed = output("all");
    renamed.title = "Another title".into();
    house.server.reload(&settings("https://river.example.org/"), vec![renamed]);
    assert!(house.get("/all.atom").await.text().contains("Another title"));
    assert_eq!(house.get("/rust.atom").await.status, 404);
}

#[tokio::test]
async fn credentials_leave_in_no_answer() {
    let house = House::new("https://river.example.org/").await;
    for path in ["/", "/status", "/all.atom", "/all.json", "/all.rss", "/feeds.opml", "/metrics"] {
        let answer = house.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text().contains("secret"), "{path}");
    }
}

#[tokio::test]
async fn those_who_watch_get_their_answers() {
    let house = House::new("https://river.example.org/").await;
    assert_eq!(house.get("/healthz").await.text(), "ok\n");
    assert_eq!(house.get("/readyz").await.text(), "ready\n");
    let _ = house.get("/all.atom").await;
    let metrics = house.get("/metrics").await;
    assert!(metrics.field("content-type").starts_with("application/openmetrics-text"));
    let counted = "merganser_http_requests_total{route=\"/{document}\",code=\"200\"} 1";
    assert!(metrics.text().contains(counted), "{}", metrics.text());
    house.server.pulse().beat(Duration::ZERO);
    assert_eq!(house.get("/readyz").await.status, 503);
}

#[tokio::test]
async fn a_client_that_sends_half_a_header_hurts_nobody_and_the_end_comes_in_seconds() {
    let house = House::new("https://river.example.org/").await;
    let mut half: Vec<TcpStream> = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").await.unwrap();
        half.push(stream);
    }
    assert_eq!(house.get("/healthz").await.status, 200);
    house.stop.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(8), house.serving).await;
    ended.expect("ended in time").unwrap().unwrap();
}

#[tokio::test]
async fn nonsense_on_the_wire_is_answered_or_closed() {
    let house = House::new("https://river.example.org/").await;
    let huge = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "y".repeat(200_000));
    for junk in
        ["\r\n\r\n", "GET\r\n\r\n", "\u{1}\u{2}\u{3}\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", &huge]
    {
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        let _ = stream.write_all(junk.as_bytes()).await;
        let _ = stream.shutdown().await;
        let mut bytes = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut bytes))
            .await
            .expect("closed");
    }
    assert_eq!(house.get("/healthz").await.status, 200);
}

/// Everything that a document links to as its next, from one page to the other.
async fn walked(house: &House, first: &str, link: &str) -> Vec<String> {
    let mut path = first.to_owned();
    let mut documents = Vec::new();
    for _ in 0..20 {
        let document = house.get(&path).await;
        assert_eq!(document.status, 200, "{path}");
        let text = document.text().to_owned();
        let next =
            text.split("<link ").skip(1).find(|tag| tag.contains(&format!("rel=\"{link}\"")));
        let next = next.and_then(|tag| tag.split_once("href=\"")).map(|(_, rest)| {
            let address = rest.split('"').next().unwrap().replace("&amp;", "&");
            address.strip_prefix("https://river.example.org").unwrap().to_owned()
        });
        documents.push(text);
        match next {
            Some(next) => path = next,
            None => break,
        }
    }
    documents
}

fn stories(documents: &[String]) -> Vec<i64> {
    let mut found: Vec<i64> = documents
        .iter()
        .flat_map(|text| text.split("Story ").skip(1))
        .filter_map(|rest| rest.split(' ').next()?.parse().ok())
        .collect();
    found.sort_unstable();
    found
}

#[tokio::test]
async fn every_article_is_reached_by_pages_and_by_archives() {
    let house = House::new("https://river.example.org/").await;
    let all: Vec<i64> = (1..=12).collect();
    assert_eq!(stories(&walked(&house, "/all.atom", "next").await), all);
    let mut archived = stories(&walked(&house, "/all.atom", "prev-archive").await);
    archived.dedup();
    assert_eq!(archived, all);
    assert_eq!(house.get("/all.archive-999.atom").await.status, 404);
    assert_eq!(house.get("/all.archive-x.atom").await.status, 404);
}

#[tokio::test]
async fn a_reader_that_asks_for_news_alone_gets_just_these() {
    let house = House::new("https://river.example.org/").await;
    let first = house.ask("GET", "/all.atom", &[("A-IM", "feed")]).await;
    assert_eq!(first.status, 200);
    let tag = first.field("etag").to_owned();
    house.poll_at("two", vec![entry(-3)], noon() + chrono::TimeDelta::hours(1)).await;
    let fields = [("A-IM", "x, feed"), ("If-None-Match", tag.as_str())];
    let news = house.ask("GET", "/all.atom", &fields).await;
    assert_eq!((news.status, news.field("im")), (226, "feed"));
    assert_eq!(stories(&[news.text().to_owned()]), [-3]);
    assert!(news.field("cache-control").contains("no-store"));
    let whole = house.get("/all.atom").await;
    assert_eq!(news.field("etag"), whole.field("etag"));
    let again = [("A-IM", "feed"), ("If-None-Match", news.field("etag"))];
    assert_eq!(house.ask("GET", "/all.atom", &again).await.status, 304);
    let unknown = [("A-IM", "feed"), ("If-None-Match", "\"unknown\"")];
    assert_eq!(house.ask("GET", "/all.atom", &unknown).await.status, 200);
    let without = [("If-None-Match", tag.as_str())];
    assert_eq!(house.ask("GET", "/all.atom", &without).await.status, 200);
}

#[tokio::test]
async fn the_way_back_up_the_river_shows_the_same_pages() {
    let house = House::new("https://river.example.org/").await;
    let follow = async |path: &str, rel: &str| {
        let page = house.get(path).await.text().to_owned();
        let (_, rest) = page.split_once(&format!("rel=\"{rel}\" href=\"")).unwrap();
        rest.split('"').next().unwrap().replace("&amp;", "&")
    };
    let second = follow("/", "next").await;
    let third = follow(&second, "next").await;
    let back = follow(&third, "prev").await;
    let shown = async |path: &str| {
        stories(&[house.get(path).await.text().replace("aria-label=\"Read on: Story", "")])
    };
    assert_eq!(shown(&back).await, shown(&second).await);
    let top = follow(&back, "prev").await;
    assert_eq!(shown(&top).await, shown("/").await);
}
