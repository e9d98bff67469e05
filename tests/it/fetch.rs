//! Manners, each with a scripted server: what is asked, what is made of the answer.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use chrono::{TimeDelta, Utc};
use merganser::{
    fetch::Fetcher,
    model::{
        Document, DueFeed, FeedId, FeedState, FetchError, FetchLimits, Fetched, Outcome,
        PaceLimits, PollMemory, Time, Timing, Validators,
    },
    parse,
    poll::conclude::{Around, DocumentRead, conclude},
    store::{Address, FeedUpdate, Reading},
};
use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use crate::origin::{Answer, Origin};

/// One feed and its fetcher: polls, concludes, and remembers what the store would.
struct Subscriber {
    fetcher: Fetcher,
    feed: DueFeed,
    pace: PaceLimits,
}

/// What one poll brought and meant.
struct Poll {
    fetched: Fetched,
    update: FeedUpdate,
}

fn limits() -> FetchLimits {
    FetchLimits {
        timeout: Duration::from_secs(20),
        concurrency: 8,
        per_host: 1,
        host_delay: None,
        max_body_bytes: 4 << 20,
        allow_private_networks: true,
        user_agent_contact: Some("https://example.org/about".to_owned()),
        websub: false,
    }
}

fn due(url: &str) -> DueFeed {
    let url: Url = url.parse().unwrap();
    DueFeed {
        id: FeedId(1),
        name: "one".to_owned(),
        url: url.clone(),
        poll_url: url,
        validators: Validators::default(),
        body_hash: None,
        timing: Timing::default(),
        memory: PollMemory::default(),
        next_poll: Time::default(),
        last_fetch: None,
        last_success: None,
        entries: 0,
        stands_alone: false,
    }
}

impl Subscriber {
    fn new(url: &str) -> Self {
        Self::with(url, limits())
    }

    fn with(url: &str, limits: FetchLimits) -> Self {
        let second = Duration::from_secs(1);
        let max_interval = Duration::from_secs(86_400);
        Self {
            fetcher: Fetcher::new(limits).unwrap(),
            feed: due(url),
            pace: PaceLimits { interval: second, min_interval: second, max_interval },
        }
    }

    async fn poll(&mut self) -> Poll {
        let pass = self.fetcher.hosts().enter(&self.feed.poll_url).await.expect("no host rests");
        let fetched = self.fetcher.fetch(&self.feed, pass).await;
        let reading = match &fetched.outcome {
            Outcome::Document { body, content_type, .. }
                if self.feed.body_hash != Some(xxh3_64(body)) =>
            {
                let base = Some(fetched.final_url.clone());
                let content_type = content_type.clone();
                Some(read(&Document { bytes: body.clone(), content_type, base }))
            }
            _ => None,
        };
        let around = Around::default();
        let update = conclude(&self.feed, &fetched, reading, &around, &self.pace, Utc::now());
        self.keep(&update);
        Poll { fetched, update }
    }

    /// As the store does.
    fn keep(&mut self, update: &FeedUpdate) {
        let feed = &mut self.feed;
        if let Some(validators) = &update.validators {
            feed.validators = validators.clone();
        }
        feed.body_hash = update.body_hash.or(feed.body_hash);
        match &update.address {
            Address::Keep => {}
            Address::MovedTo(url) => feed.poll_url = url.clone(),
            Address::Configured => feed.poll_url = feed.url.clone(),
        }
        feed.memory = update.memory.clone();
        feed.last_fetch = Some(update.at);
        if update.record.error.is_none() {
            feed.last_success = Some(update.at);
        }
    }
}

fn read(document: &Document) -> Result<DocumentRead, parse::ParseError> {
    let raw = parse::read(document)?;
    let window = raw.entries.len() as u32;
    Ok(DocumentRead {
        reading: Reading {
            meta: raw.meta,
            links: raw.links,
            repairs: raw.repairs,
            entries: Vec::new(),
            unchanged: 0,
            guids: raw.entries.iter().map(|entry| entry.guid.clone()).collect(),
            partial: false,
        },
        hints: raw.hints,
        body_hash: xxh3_64(&document.bytes),
        window,
        new_entries: window,
        dates: raw.entries.iter().filter_map(|entry| entry.published).collect(),
    })
}

/// A feed document that says `text`.
fn feed(text: &str) -> String {
    format!(
        "<?xml version='1.0'?><rss version='2.0'><channel><title>A pond</title>\
         <link>http://example.org/</link><description>d</description><item><guid>{text}</guid>\
         <title>{text}</title><link>http://example.org/{text}</link></item></channel></rss>"
    )
}

fn error(fetched: &Fetched) -> String {
    match &fetched.outcome {
        Outcome::Failed(error) => error.to_string(),
        outcome => panic!("no failure: {outcome:?}"),
    }
}

fn body(fetched: &Fetched) -> &[u8] {
    match &fetched.outcome {
        Outcome::Document { body, .. } => body,
        outcome => panic!("no document: {outcome:?}"),
    }
}

// ---- validators -------------------------------------------------------------------------

#[tokio::test]
async fn validators_go_back_byte_for_byte_and_not_at_first_contact() {
    for etag in [&b"\"plain\""[..], b"W/\"weak\"", b"unquoted", b"\"a, \"b", b"\"\xc3\xa4\xff\""] {
        let origin = Origin::start();
        let modified = b"Tue,  3 Mar 2026 7:00:00 gmt";
        let answer = Answer::ok(feed("1")).header("ETag", etag).header("Last-Modified", modified);
        origin.in_turn("/feed", [answer, Answer::not_modified()]);
        let mut subscriber = Subscriber::new(&origin.url("/feed"));
        subscriber.poll().await;
        let second = subscriber.poll().await;
        assert!(matches!(second.fetched.outcome, Outcome::NotModified));
        let asked = origin.asked();
        assert!(!asked[0].is_conditional());
        assert_eq!(asked[1].header("if-none-match"), Some(etag));
        assert_eq!(asked[1].header("if-modified-since"), Some(&modified[..]));
        assert_eq!(asked.len(), 2);
    }
}

#[tokio::test]
async fn only_the_validator_that_was_given_is_sent() {
    let origin = Origin::start();
    origin.on("/feed", Answer::ok(feed("1")).header("Last-Modified", "yesterday"));
    let mut subscriber = Subscriber::new(&origin.url("/feed"));
    subscriber.poll().await;
    subscriber.poll().await;
    let second = &origin.asked()[1];
    assert_eq!(second.header("if-none-match"), None);
    assert_eq!(second.text("if-modified-since").unwrap(), "yesterday");
}

#[tokio::test]
async fn the_newest_pair_counts_also_where_the_body_is_the_same() {
    let origin = Origin::start();
    origin.in_turn(
        "/feed",
        [
            Answer::ok(feed("1")).header("ETag", "\"one\"").header("Last-Modified", "one"),
            Answer::ok(feed("1")).header("ETag", "\"two\""),
        ],
    );
    let mut subscriber = Subscriber::new(&origin.url("/feed"));
    for _ in 0..3 {
        subscriber.poll().await;
    }
    let third = &origin.asked()[2];
    assert_eq!(third.text("if-none-match").unwrap(), "\"two\"");
    assert_eq!(third.header("if-modified-since"), None, "what is not given any more is forgotten");
}

#[tokio::test]
async fn a_304_keeps_validators_and_those_it_carries_replace_them() {
    let origin = Origin::start();
    origin.in_turn(
        "/feed",
        [
            Answer::ok(feed("1")).header("ETag", "\"one\"").header("Last-Modified", "then"),
            Answer::not_modified(),
            Answer::not_modified().header("ETag", "\"two\""),
            Answer::not_modified(),
        ],
    );
    let mut subscriber = Subscriber::new(&origin.url("/feed"));
    for _ in 0..4 {
        subscriber.poll().await;
    }
    let sent: Vec<_> =
        origin.asked().iter().filter_map(|asked| asked.text("if-none-match")).collect();
    assert_eq!(sent, ["\"one\"", "\"one\"", "\"two\""]);
    assert_eq!(origin.asked()[3].text("if-modified-since").unwrap(), "then");
}

#[tokio::test]
async fn errors_cut_bodies_and_unreadable_documents_leave_validators_alone() {
    let bad = |answer: Answer| answer.header("ETag", "\"bad\"").header("Last-Modified", "bad");
    let whole = feed("2");
    for spoiler in [
        bad(Answer::new(500, "oops")),
        bad(Answer::new(404, "oops")),
        bad(Answer::ok("no feed at all")),
        bad(Answer::ok("")),
        bad(Answer::ok(&whole[..80]).claiming(whole.len())),
        bad(Answer::ok(whole.clone()).chunked_and_cut(50)),
        Answer::reset(),
        bad(Answer::ok(whole.clone()).header("Content-Encoding", "br")),
    ] {
        let is_reset = format!("{spoiler:?}").contains("Reset");
        let origin = Origin::start();
        let good = Answer::ok(feed("1")).header("ETag", "\"good\"");
        // A kept connection that breaks is tried again once, so that a reset needs two.
        let again = if is_reset { vec![spoiler.clone()] } else { Vec::new() };
        let answers = [vec![good, spoiler.clone()], again, vec![Answer::not_modified()]];
        origin.in_turn("/feed", answers.concat());
        let mut subscriber = Subscriber::new(&origin.url("/feed"));
        subscriber.poll().await;
        let spoiled = subscriber.poll().await;
        assert_eq!(spoiled.update.state, FeedState::Failing, "{spoiler:?}");
        assert!(spoiled.update.record.error.is_some(), "{spoiler:?}");
        subscriber.poll().await;
        let asked = origin.asked();
        let last = asked.last().unwrap();
        assert_eq!(last.text("if-none-match").unwrap(), "\"good\"", "{spoiler:?}");
    }
}

#[tokio::test]
async fn through_a_temporary_redirect_the_target_gets_its_own_validators_back() {
    let origin = Origin::start();
    origin.on("/feed", Answer::redirect(302, "/target").header("ETag", "\"of the redirect\""));
    origin.in_turn(
        "/target",
        [Answer::ok(feed("1")).header("ETag", "\"of the target\""), Answer::not_modified()],
    );
    let mut subscriber = Subscriber::new(&origin.url("/feed"));
    subscriber.poll().await;
    let second = subscriber.poll().await;
    assert!(matches!(second.fetched.outcome, Outcome::NotModified));
    assert!(origin.asked_for("/feed").iter().all(|asked| !asked.is_conditional()));
    let target = origin.asked_for("/target");
    assert_eq!(target[1].text("if-none-match").unwrap(), "\"of the target\"");

    // It leads elsewhere now: a stranger does not get them.
    origin.on("/feed", Answer::redirect(302, "/other"));
    origin.on("/other", Answer::ok(feed("2")));
    subscriber.poll().await;
    assert!(!origin.asked_for("/other")[0].is_conditional());
}

#[tokio::test]
async fn a_304_that_nobody_asked_for_is_an_error() {
    let origin = Origin::start();
    origin.on("/feed", Answer::not_modified());
    let poll = Subscriber::new(&origin.url("/feed")).poll().await;
    assert_eq!(error(&poll.fetched), "HTTP 304 to a request without preconditions");
}

#[tokio::test]
async fn a_part_of_a_feed_is_asked_for_with_validators_and_merged() {
    let origin = Origin::start();
    origin.in_turn(
        "/feed",
        [
            Answer::ok(feed("1")).header("ETag", "\"one\""),
            Answer::new(226, feed("2")).header("IM", "feed").header("ETag", "\"two\""),
            Answer::new(226, feed("3")).header("IM", "vcdiff").header("ETag", "\"three\""),
        ],
    );
    let mut subscriber = Subscriber::new(&origin.url("/feed"));
    let whole = subscriber.poll().await;
    let part = subscriber.poll().await;
    assert!(matches!(part.fetched.outcome, Outcome::Document { delta: true, .. }));
    assert_eq!(part.update.body_hash, None);
    assert!(whole.update.body_hash.is_some());
    let foreign = subscriber.poll().await;
    assert_eq!(error(&foreign.fetched), "HTTP 226 IM Used");
    let asked = origin.asked();
    assert_eq!(asked[0].header("a-im"), None);
    assert_eq!(asked[1].text("a-im").unwrap(), "feed");
    assert_eq!(asked[2].text("if-none-match").unwrap(), "\"two\"");
}

// ---- endings and redirects --------------------------------------------------------------

#[tokio::test]
async fn a_permanent_redirect_is_learnt_once_the_target_gave_a_feed() {
    for status in [301, 308] {
        let origin = Origin::start();
        origin.on("/old", Answer::redirect(status, "/new"));
        origin.on("/new", Answer::ok(feed("1")));
        let mut subscriber = Subscriber::new(&origin.url("/old"));
        subscriber.poll().await;
        subscriber.poll().await;
        assert_eq!(origin.asked_for("/old").len(), 1);
        assert_eq!(origin.asked_for("/new").len(), 2);
        assert_eq!(subscriber.feed.url.as_str(), origin.url("/old"), "stays on record");
    }
}

#[tokio::test]
async fn a_temporary_redirect_is_followed_and_not_learnt() {
    for status in [302, 303, 307] {
        let origin = Origin::start();
        origin.on("/old", Answer::redirect(status, "/new"));
        origin.on("/new", Answer::ok(feed("1")));
        let mut subscriber = Subscriber::new(&origin.url("/old"));
        subscriber.poll().await;
        subscriber.poll().await;
        assert_eq!(origin.asked_for("/old").len(), 2, "{status}");
    }
}

#[tokio::test]
async fn a_chain_is_learnt_as_far_as_it_is_permanent_from_its_start() {
    let origin = Origin::start();
    origin.on("/a", Answer::redirect(301, "/b"));
    origin.on("/b", Answer::redirect(308, "/c"));
    origin.on("/c", Answer::redirect(302, "/d"));
    origin.on("/d", Answer::redirect(301, "/e"));
    origin.on("/e", Answer::ok(feed("1")).header("ETag", "\"e\""));
    let mut subscriber = Subscriber::new(&origin.url("/a"));
    subscriber.poll().await;
    assert_eq!(subscriber.feed.poll_url.as_str(), origin.url("/c"));
    subscriber.poll().await;
    assert_eq!(origin.asked_for("/a").len(), 1);
    assert_eq!(origin.asked_for("/e")[1].text("if-none-match").unwrap(), "\"e\"");

    let late = Origin::start();
    late.on("/a", Answer::redirect(302, "/b"));
    late.on("/b", Answer::redirect(301, "/c"));
    late.on("/c", Answer::ok(feed("1")));
    let mut subscriber = Subscriber::new(&late.url("/a"));
    subscriber.poll().await;
    assert_eq!(subscriber.feed.poll_url.as_str(), late.url("/a"));
}

#[tokio::test]
async fn a_dead_target_is_never_learnt() {
    for dead in [Answer::new(404, ""), Answer::new(410, ""), Answer::ok("<html><body>parked")] {
        let origin = Origin::start();
        origin.on("/old", Answer::redirect(301, "/new"));
        origin.on("/new", dead);
        let mut subscriber = Subscriber::new(&origin.url("/old"));
        subscriber.poll().await;
        assert_eq!(subscriber.feed.poll_url.as_str(), origin.url("/old"));
    }
}

#[tokio::test]
async fn a_learnt_target_that_dies_is_unlearnt() {
    for dead in [Answer::new(404, ""), Answer::new(410, "")] {
        let origin = Origin::start();
        origin.in_turn("/old", [Answer::redirect(301, "/new"), Answer::ok(feed("2"))]);
        origin.in_turn("/new", [Answer::ok(feed("1")).header("ETag", "\"new\""), dead]);
        let mut subscriber = Subscriber::new(&origin.url("/old"));
        subscriber.poll().await;
        let died = subscriber.poll().await;
        assert_eq!(died.update.address, Address::Configured);
        assert_eq!(died.update.state, FeedState::Failing);
        let back = subscriber.poll().await;
        assert_eq!(back.update.state, FeedState::Ok);
        let last = origin.asked().pop().unwrap();
        assert_eq!(last.target, "/old");
        assert!(!last.is_conditional(), "the target's validators are not for it");
    }
}

#[tokio::test]
async fn loops_end_and_so_do_long_ways() {
    let origin = Origin::start();
    origin.on("/a", Answer::redirect(302, "/b"));
    origin.on("/b", Answer::redirect(302, "/a"));
    let circle = Subscriber::new(&origin.url("/a")).poll().await;
    assert!(error(&circle.fetched).ends_with("it leads in a circle"));
    assert_eq!(origin.asked().len(), 2);

    let origin = Origin::start();
    origin.by("/far", |asked| {
        let way: u32 = asked.target.split_once('?').map_or(0, |(_, way)| way.parse().unwrap());
        Answer::redirect(302, &format!("/far?{}", way + 1))
    });
    let far = Subscriber::new(&origin.url("/far")).poll().await;
    assert_eq!(error(&far.fetched), "too many redirects (limit 10)");
    assert_eq!(origin.asked().len(), 11);
}

#[tokio::test]
async fn redirects_lead_only_to_the_web() {
    for target in [
        "file:///etc/passwd",
        "ftp://example.org/",
        "data:text/xml,x",
        "http://[:/",
        "javascript:1",
    ] {
        let origin = Origin::start();
        origin.on("/feed", Answer::redirect(301, target));
        let poll = Subscriber::new(&origin.url("/feed")).poll().await;
        let error = error(&poll.fetched);
        assert!(error.starts_with("bad redirect to "), "{target}: {error}");
    }
    let origin = Origin::start();
    origin.on("/feed", Answer::new(302, ""));
    let nowhere = Subscriber::new(&origin.url("/feed")).poll().await;
    assert_eq!(error(&nowhere.fetched), "HTTP 302 Found");
}

#[tokio::test]
async fn credentials_stay_with_their_server_and_out_of_sight() {
    let (origin, other) = (Origin::start(), Origin::start_at("127.0.0.2:0"));
    origin.on("/feed", Answer::redirect(302, "/here"));
    origin.on("/here", Answer::redirect(301, &other.url("/there")));
    other.on("/there", Answer::ok(feed("1")));
    let url = origin.url("/feed").replace("http://", "http://duck:quack@");
    let mut subscriber = Subscriber::new(&url);
    let poll = subscriber.poll().await;
    assert!(
        origin
            .asked()
            .iter()
            .all(|asked| asked.text("authorization").unwrap() == "Basic ZHVjazpxdWFjaw==")
    );
    assert_eq!(other.asked()[0].header("authorization"), None);
    assert!(!format!("{:?}", poll.fetched).contains("quack"));
    assert!(!format!("{:?}", poll.update.memory).contains("quack"));
}

#[tokio::test]
async fn a_move_within_one_server_keeps_the_credentials_for_later_polls() {
    let origin = Origin::start();
    origin.on("/old", Answer::redirect(301, "/new"));
    origin.on("/new", Answer::ok(feed("1")));
    let url = origin.url("/old").replace("http://", "http://duck:quack@");
    let mut subscriber = Subscriber::new(&url);
    subscriber.poll().await;
    subscriber.poll().await;
    assert!(origin.asked_for("/new").iter().all(|asked| asked.header("authorization").is_some()));
}

#[tokio::test]
async fn gone_is_believed() {
    let origin = Origin::start();
    origin.on("/feed", Answer::new(410, "no more"));
    let poll = Subscriber::new(&origin.url("/feed")).poll().await;
    assert_eq!((poll.update.state, poll.update.next_poll), (FeedState::Gone, None));
}

#[tokio::test]
async fn each_status_is_one_clear_line_and_each_failure_lengthens_the_wait() {
    for (status, line) in [
        (401, "HTTP 401 Unauthorized"),
        (403, "HTTP 403 Forbidden"),
        (404, "HTTP 404 Not Found"),
        (206, "HTTP 206 Partial Content"),
        (204, "HTTP 204 No Content"),
        (500, "HTTP 500 Internal Server Error"),
        (503, "HTTP 503 Service Unavailable"),
        (599, "HTTP 599 (no such status)"),
    ] {
        let origin = Origin::start();
        origin.on("/feed", Answer::new(status, ""));
        let mut subscriber = Subscriber::new(&origin.url("/feed"));
        let first = subscriber.poll().await;
        assert_eq!(first.update.record.error.as_deref(), Some(line));
        assert_eq!(first.update.record.status, Some(status));
        let second = subscriber.poll().await;
        assert!(second.update.interval > first.update.interval, "{status}");
        assert_eq!(second.update.memory.consecutive_failures, 2);
        assert_eq!(origin.asked().len(), 2, "one request a poll");
    }
}

#[tokio::test]
async fn a_challenge_is_named_and_met_with_the_same_name_as_ever() {
    for challenge in [
        Answer::new(403, "").header("cf-mitigated", "challenge"),
        Answer::new(503, "<html><title>Just a moment...</title>")
            .header("Content-Type", "text/html"),
    ] {
        let origin = Origin::start();
        origin.on("/feed", challenge);
        let mut subscriber = Subscriber::new(&origin.url("/feed"));
        let poll = subscriber.poll().await;
        assert!(
            error(&poll.fetched).starts_with("blocked by a challenge"),
            "{}",
            error(&poll.fetched)
        );
        subscriber.poll().await;
        let names: BTreeSet<_> =
            origin.asked().iter().map(|asked| asked.text("user-agent")).collect();
        assert_eq!(names.len(), 1);
    }
}

// ---- pace -------------------------------------------------------------------------------

#[tokio::test]
async fn a_429_rests_the_host_and_a_503_the_feed() {
    let origin = Origin::start();
    origin.on("/many", Answer::new(429, "").header("Retry-After", "600"));
    origin.on("/busy", Answer::new(503, "").header("Retry-After", "600"));
    origin.on("/other", Answer::ok(feed("1")));
    let mut subscriber = Subscriber::new(&origin.url("/busy"));
    let busy = subscriber.poll().await;
    assert!(busy.update.next_poll.unwrap() >= busy.update.at + TimeDelta::seconds(599));
    let other = origin.url("/other").parse().unwrap();
    assert!(subscriber.fetcher.hosts().resting(&other).is_none());

    subscriber.feed = due(&origin.url("/many"));
    let many = subscriber.poll().await;
    assert!(many.update.next_poll.unwrap() >= many.update.at + TimeDelta::seconds(599));
    assert!(many.update.memory.retry_after.unwrap().whole_host);
    assert!(subscriber.fetcher.hosts().resting(&other).is_some());
    assert!(subscriber.fetcher.hosts().enter(&other).await.is_err());

    // A feed that is redirected to the resting host leaves it alone, too.
    let elsewhere = Origin::start_at("127.0.0.2:0");
    elsewhere.on("/feed", Answer::redirect(302, &origin.url("/other")));
    subscriber.feed = due(&elsewhere.url("/feed"));
    let sent_on = subscriber.poll().await;
    assert!(error(&sent_on.fetched).ends_with("which asked to be left alone"));
    assert!(sent_on.update.next_poll.unwrap() >= sent_on.update.at + TimeDelta::seconds(590));
    assert!(origin.asked_for("/other").is_empty());
}

#[tokio::test]
async fn a_plea_in_form_of_a_date_is_kept() {
    let origin = Origin::start();
    let until = httpdate::fmt_http_date((Utc::now() + TimeDelta::seconds(100)).into());
    origin.on("/feed", Answer::new(503, "").header("Retry-After", until));
    let poll = Subscriber::new(&origin.url("/feed")).poll().await;
    let wait = poll.update.next_poll.unwrap() - poll.update.at;
    assert!(wait >= TimeDelta::seconds(98) && wait <= TimeDelta::seconds(115), "{wait}");
}

#[tokio::test]
async fn freshness_of_200_and_304_is_a_lower_bound() {
    let origin = Origin::start();
    origin.in_turn(
        "/feed",
        [
            Answer::ok(feed("1")).header("ETag", "\"1\"").header("Cache-Control", "max-age=100"),
            Answer::not_modified().header("Cache-Control", "max-age=200"),
            Answer::not_modified(),
        ],
    );
    let mut subscriber = Subscriber::new(&origin.url("/feed"));
    let mut waits = Vec::new();
    for _ in 0..3 {
        waits.push(subscriber.poll().await.update.interval.as_secs());
    }
    assert_eq!(waits, [100, 200, 1]);
}

#[tokio::test]
async fn with_an_interval_of_a_second_a_loopback_feed_is_due_each_second() {
    let origin = Origin::start();
    origin.on("/feed", Answer::ok(feed("1")));
    let mut subscriber = Subscriber::new(&origin.url("/feed"));
    let begun = Instant::now();
    for _ in 0..3 {
        let poll = subscriber.poll().await;
        let wait = poll.update.next_poll.unwrap() - poll.update.at;
        assert!(wait >= TimeDelta::seconds(1) && wait <= TimeDelta::milliseconds(1100), "{wait}");
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "no pause of ours between requests");
}

// ---- requests ---------------------------------------------------------------------------

#[tokio::test]
async fn a_request_says_who_asks_and_nothing_needless() {
    let origin = Origin::start();
    let cookie = |answer: Answer| answer.header("Set-Cookie", "id=1; Path=/");
    origin.on("/feed", cookie(Answer::redirect(302, "/target?a=b%20c&d")));
    origin.on("/target", cookie(Answer::ok(feed("1"))));
    let mut subscriber = Subscriber::new(&format!("{}#fragment", origin.url("/feed?q=1&x=%2F")));
    subscriber.poll().await;
    subscriber.poll().await;
    let asked = origin.asked();
    assert_eq!(asked.len(), 4);
    let targets: Vec<&str> = asked.iter().map(|asked| asked.target.as_str()).collect();
    assert_eq!(targets[..2], ["/feed?q=1&x=%2F", "/target?a=b%20c&d"]);
    for asked in &asked {
        let version = env!("CARGO_PKG_VERSION");
        let name = format!("merganser/{version} (+https://example.org/about)");
        assert_eq!(asked.text("user-agent").unwrap(), name);
        assert!(asked.text("accept").unwrap().ends_with("*/*;q=0.1"));
        assert!(asked.text("accept-encoding").unwrap().contains("gzip"));
        let names: BTreeSet<&str> = asked.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, BTreeSet::from(["accept", "accept-encoding", "host", "user-agent"]));
        assert_eq!((asked.method.as_str(), asked.body.len()), ("GET", 0));
    }
}

#[tokio::test]
async fn one_connection_serves_one_poll_after_the_other() {
    let origin = Origin::start();
    origin.on("/old", Answer::redirect(302, "/feed"));
    origin.on("/feed", Answer::ok(feed("1")).chunked(40));
    origin.on("/gone", Answer::new(404, "nothing here"));
    let mut subscriber = Subscriber::new(&origin.url("/old"));
    subscriber.poll().await;
    subscriber.poll().await;
    subscriber.feed = due(&origin.url("/gone"));
    subscriber.poll().await;
    subscriber.poll().await;
    assert_eq!((origin.connections(), origin.asked().len()), (1, 6));
}

#[tokio::test]
async fn requests_to_one_host_go_one_by_one_with_the_pause_that_is_set() {
    let origin = Origin::start();
    let slow = Answer::ok(feed("1")).after(Duration::from_millis(50));
    origin.on("/feed", slow.clone());
    origin.on("/old", Answer::redirect(302, "/feed"));
    let pause = Duration::from_millis(150);
    let fetcher = Fetcher::new(FetchLimits { host_delay: Some(pause), ..limits() }).unwrap();
    let polls = (0..4).map(|n| {
        let (fetcher, url) = (fetcher.clone(), origin.url(if n == 0 { "/old" } else { "/feed" }));
        tokio::spawn(async move { fetcher.page(&url.parse().unwrap()).await })
    });
    for poll in polls.collect::<Vec<_>>() {
        body(&poll.await.unwrap());
    }
    let asked = origin.asked();
    assert_eq!(asked.len(), 5);
    assert!(asked.iter().all(|asked| asked.in_flight == 1));
    assert_eq!(origin.most_connections(), 1);
    for pair in asked.windows(2) {
        assert!(pair[1].at - pair[0].at >= pause, "{:?}", pair[1].at - pair[0].at);
    }
}

// ---- limits and faults ------------------------------------------------------------------

#[tokio::test]
async fn codings_are_undone_whether_asked_for_or_not() {
    let origin = Origin::start();
    origin.on("/gzip", Answer::ok(feed("1")).gzipped());
    let unasked = Answer::ok(zipped(feed("1").as_bytes()));
    origin.on("/unasked", unasked);
    origin.on(
        "/zstd",
        Answer::ok(zstd::bulk::compress(feed("1").as_bytes(), 3).unwrap())
            .header("Content-Encoding", "zstd"),
    );
    for path in ["/gzip", "/unasked", "/zstd"] {
        let poll = Subscriber::new(&origin.url(path)).poll().await;
        assert_eq!(body(&poll.fetched), feed("1").as_bytes(), "{path}");
        assert_eq!(poll.fetched.bytes, feed("1").len() as u64);
    }
    origin.on(
        "/twice",
        Answer::ok(zipped(&zipped(b"<rss/>"))).header("Content-Encoding", "gzip, gzip"),
    );
    let twice = Subscriber::new(&origin.url("/twice")).poll().await;
    assert_eq!(error(&twice.fetched), "unreadable content coding: gzip, gzip");
    let whole = zipped(feed("1").as_bytes());
    origin.on("/cut", Answer::ok(&whole[..whole.len() - 9]).header("Content-Encoding", "gzip"));
    let cut = Subscriber::new(&origin.url("/cut")).poll().await;
    assert_eq!(error(&cut.fetched), "answer was cut short: the gzip stream ends early");
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn bodies_end_at_the_limit_before_and_after_decoding() {
    let origin = Origin::start();
    origin
        .on("/bomb", Answer::ok(zipped(&vec![b' '; 64 << 20])).header("Content-Encoding", "gzip"));
    origin.on("/endless", Answer::ok("").endless(vec![b'x'; 65_536], Duration::ZERO));
    origin.on("/promise", Answer::ok("<rss").claiming(1 << 40));
    for path in ["/bomb", "/endless", "/promise"] {
        let begun = Instant::now();
        let poll = Subscriber::new(&origin.url(path)).poll().await;
        assert_eq!(error(&poll.fetched), "body is larger than 4194304 bytes ([fetch] max_body)");
        assert!(begun.elapsed() < Duration::from_secs(15), "{path}");
    }
}

#[tokio::test]
async fn one_deadline_ends_silence_dribbles_and_slow_heads() {
    let origin = Origin::start();
    let drop_by_drop = Duration::from_millis(50);
    origin.on("/silent", Answer::silence());
    origin.on("/drips", Answer::ok(feed("1").repeat(10)).dripping(1, drop_by_drop));
    origin.on("/endless", Answer::ok("").endless("x", drop_by_drop));
    origin.on("/slow", Answer::ok(feed("1")).after(Duration::from_secs(60)));
    origin.by("/hops", move |asked| {
        let next = asked.target.len();
        Answer::redirect(302, &format!("/hops?{}", "x".repeat(next)))
            .after(Duration::from_millis(400))
    });
    for path in ["/silent", "/drips", "/endless", "/slow", "/hops"] {
        let timeout = Duration::from_millis(1500);
        let mut subscriber =
            Subscriber::with(&origin.url(path), FetchLimits { timeout, ..limits() });
        let begun = Instant::now();
        let poll = subscriber.poll().await;
        assert_eq!(error(&poll.fetched), "timed out after 1.5 s", "{path}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{path}");
    }
}

#[tokio::test]
async fn a_reset_is_tried_again_only_where_a_kept_connection_was_used() {
    let origin = Origin::start();
    origin.on("/fresh", Answer::reset());
    let fresh = Subscriber::new(&origin.url("/fresh")).poll().await;
    assert!(error(&fresh.fetched).starts_with("answer was cut short"), "{}", error(&fresh.fetched));
    assert_eq!(origin.asked().len(), 1);

    let origin = Origin::start();
    origin.in_turn("/kept", [Answer::ok(feed("1")), Answer::reset(), Answer::ok(feed("2"))]);
    let mut subscriber = Subscriber::new(&origin.url("/kept"));
    subscriber.poll().await;
    let again = subscriber.poll().await;
    assert_eq!(body(&again.fetched), feed("2").as_bytes());
    assert_eq!(origin.asked().len(), 3);

    let origin = Origin::start();
    origin.in_turn("/kept", [Answer::ok(feed("1")), Answer::reset()]);
    let mut subscriber = Subscriber::new(&origin.url("/kept"));
    subscriber.poll().await;
    error(&subscriber.poll().await.fetched);
    assert_eq!(origin.asked().len(), 3, "two tries at most");
}

#[tokio::test]
async fn floods_and_nonsense_in_the_head_are_named() {
    let head = |lines: String| format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: 0\r\n\r\n");
    let origin = Origin::start();
    origin.on("/many", Answer::raw(head("X: y\r\n".repeat(2000))));
    origin.on("/large", Answer::raw(head(format!("X: {}\r\n", "y".repeat(100_000)))));
    origin.on("/huge", Answer::raw(head(format!("X: {}\r\n", "y".repeat(4_000_000)))));
    origin.on("/noise", Answer::raw(&b"\x00\x01\x02 what is this\r\n\r\n"[..]));
    origin.on("/nothing", Answer::raw(""));
    for (path, line) in [
        ("/many", "head of the answer is too large"),
        ("/large", "head of the answer is larger than 65536 bytes"),
        ("/noise", "answer is not HTTP"),
        ("/nothing", "answer was cut short: connection closed before an answer"),
    ] {
        let poll = Subscriber::new(&origin.url(path)).poll().await;
        assert!(error(&poll.fetched).starts_with(line), "{path}: {}", error(&poll.fetched));
    }
    let huge = Subscriber::new(&origin.url("/huge")).poll().await;
    assert!(!error(&huge.fetched).is_empty());

    origin.on(
        "/odd",
        Answer::raw(format!(
            "HTTP/1.1 200 OK\r\nBad Header : x\r\nContent-Length: {}\r\n\r\n{}",
            feed("1").len(),
            feed("1")
        )),
    );
    let odd = Subscriber::new(&origin.url("/odd")).poll().await;
    assert_eq!(body(&odd.fetched), feed("1").as_bytes());
}

#[tokio::test]
async fn a_body_without_a_length_ends_with_its_connection() {
    let origin = Origin::start();
    origin.on("/feed", Answer::ok(feed("1")).until_close());
    let poll = Subscriber::new(&origin.url("/feed")).poll().await;
    assert_eq!(body(&poll.fetched), feed("1").as_bytes());
}

#[tokio::test]
async fn what_cannot_be_reached_is_named() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let refused = Subscriber::new(&format!("http://{address}/")).poll().await;
    assert_eq!(error(&refused.fetched), "cannot connect: Connection refused");
    let unnamed = Subscriber::new("http://no-such-host.invalid/feed").poll().await;
    assert_eq!(error(&unnamed.fetched), "host name does not resolve: no-such-host.invalid");
    let origin = Origin::start();
    let plain = origin.url("/").replace("http:", "https:");
    let timeout = Duration::from_secs(5);
    let no_tls = Subscriber::with(&plain, FetchLimits { timeout, ..limits() }).poll().await;
    let line = error(&no_tls.fetched);
    assert!(line.starts_with("TLS failed") || line.starts_with("timed out"), "{line}");
}

#[tokio::test]
async fn private_networks_are_refused_in_each_spelling() {
    let public_only = || FetchLimits { allow_private_networks: false, ..limits() };
    let port = Origin::start();
    let port = port.address.port();
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "0",
        "127.0.0.1.",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "10.0.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "[fe80::1]",
        "[fd00::1]",
        "localhost",
        "１２７.0.0.1",
    ] {
        let mut subscriber = Subscriber::with(&format!("http://{host}:{port}/"), public_only());
        let poll = subscriber.poll().await;
        let line = error(&poll.fetched);
        assert!(line.starts_with("refused to connect to "), "{host}: {line}");
        assert_eq!(poll.fetched.status, None);
    }
}

#[tokio::test]
async fn a_name_that_hides_a_private_address_is_asked_nothing() {
    let origin = Origin::start();
    origin.on("/", Answer::ok(feed("1")));
    let url = format!("http://localhost:{}/", origin.address.port());
    let strict = FetchLimits { allow_private_networks: false, ..limits() };
    error(&Subscriber::with(&url, strict).poll().await.fetched);
    assert_eq!((origin.asked().len(), origin.connections()), (0, 0));
}

// ---- files ------------------------------------------------------------------------------

#[tokio::test]
async fn a_file_is_a_feed_that_is_unchanged_until_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a feed.xml");
    std::fs::write(&path, feed("1")).unwrap();
    let url = Url::from_file_path(&path).unwrap();
    let mut subscriber = Subscriber::new(url.as_str());
    assert_eq!(body(&subscriber.poll().await.fetched), feed("1").as_bytes());
    assert!(matches!(subscriber.poll().await.fetched.outcome, Outcome::NotModified));
    std::fs::write(&path, feed("second")).unwrap();
    assert_eq!(body(&subscriber.poll().await.fetched), feed("second").as_bytes());
    std::fs::remove_file(&path).unwrap();
    let line = error(&subscriber.poll().await.fetched);
    assert!(line.ends_with("No such file or directory"), "{line}");
}

#[tokio::test]
async fn only_regular_files_within_the_limit_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large.xml");
    std::fs::write(&large, vec![b' '; 5 << 20]).unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let at = |path: &std::path::Path| Url::from_file_path(path).unwrap().to_string();
    let poll = Subscriber::new(&at(&large)).poll().await;
    assert!(matches!(poll.fetched.outcome, Outcome::Failed(FetchError::TooLarge { .. })));
    for path in [pipe.as_path(), folder.path(), std::path::Path::new("/dev/zero")] {
        let line = error(&Subscriber::new(&at(path)).poll().await.fetched);
        assert!(line.ends_with("not a regular file"), "{line}");
    }
}

// ---- memory -----------------------------------------------------------------------------

#[tokio::test]
async fn large_bodies_wait_for_one_another_and_small_ones_for_nobody() {
    let origin = Origin::start();
    let large = format!("{}{}", feed("1"), " ".repeat(2 << 20));
    origin.on("/large", Answer::ok(large));
    origin.on("/small", Answer::ok(feed("1")));
    // Two permits: 48 MiB over 24 MiB.
    let limits = FetchLimits { max_body_bytes: 24 << 20, per_host: 8, ..limits() };
    let fetcher = Fetcher::new(limits).unwrap();
    let large: Url = origin.url("/large").parse().unwrap();
    let small: Url = origin.url("/small").parse().unwrap();
    let held = [fetcher.page(&large).await, fetcher.page(&large).await];
    let third = tokio::spawn({
        let (fetcher, large) = (fetcher.clone(), large.clone());
        async move { fetcher.page(&large).await }
    });
    body(&fetcher.page(&small).await);
    assert!(!third.is_finished());
    drop(held);
    assert!(body(&third.await.unwrap()).len() > 2 << 20);
}
