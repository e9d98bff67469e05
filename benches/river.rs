//! What readers cost: outputs, pages and searches over a store of many articles, through the
//! router, as HTTP sees them. The figures are CPU time of the whole process.
//!
//! `changed` makes the document anew, as the first request after a commit does: the queries,
//! the rendering, the tag. `from memory` is each request after that. A quarter of the articles
//! is the past of a feed that has said nothing since; the rest is spread over a hundred feeds,
//! half of them with the tag `news`, one with the tag `rare`.
//!
//! `MERGANSER_BENCH_ARTICLES=1000000` for a large store (minutes to fill); with
//! `MERGANSER_BENCH_STORE=FILE` it is kept there and used again.

mod paper;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use axum::{Router, body::Body, http::Request};
use chrono::TimeDelta;
use criterion::{
    Criterion,
    measurement::{Measurement, ValueFormatter, WallTime},
};
use merganser::{
    metrics::Metrics,
    model::{DedupSettings, Entry, Html, OutputFilter, OutputSetting, ServerSettings, Time},
    server::{Pulse, Server, router},
    store::{FeedUpdate, OpenAs, Store},
};
use tokio::{runtime::Runtime, sync::watch};
use tower::ServiceExt as _;

use self::paper::{begin, setting, update_of};

const FEEDS: u64 = 101;
const DORMANT: u64 = 101;
const BATCH: u64 = 500;

fn rules() -> DedupSettings {
    DedupSettings { near_duplicates: false, window: Duration::from_secs(7 * 86_400) }
}

fn feed_of(number: u64, articles: u64) -> u64 {
    if number < articles / 4 { DORMANT } else { number % 100 + 1 }
}

/// Sixty words, few of them common; every fiftieth entry tells of a heron.
fn entry(number: u64) -> Entry {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut words: Vec<String> = (0..60)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            format!("w{:x}", (state >> 32) % 20_000 * (state % 20_000) / 20_000)
        })
        .collect();
    words.push("river".to_owned());
    if number.is_multiple_of(50) {
        words.push("heron".to_owned());
    }
    let url = format!("https://paper.example/2026/03/story-{number}");
    Entry {
        guid: url.clone(),
        url: url.parse().ok(),
        title: Some(format!("Story {number} of {}", words.get(..6).unwrap_or_default().join(" "))),
        authors: vec!["Ada".to_owned()],
        published: Some(begin() + TimeDelta::seconds(number as i64)),
        updated: None,
        summary: None,
        content: Some(Html::sanitized(format!("<p>{}.</p>", words.join(" ")))),
        categories: Vec::new(),
        enclosures: Vec::new(),
        language: None,
        origin: None,
        original_url: None,
        comments: None,
        raw_hash: number,
    }
}

/// A part of what the paper has: it still shows what came before.
fn update(feed: u64, entries: Vec<Entry>, when: Time) -> FeedUpdate {
    let mut update = update_of(feed, when, entries);
    if let Some(reading) = &mut update.reading {
        reading.partial = true;
    }
    update
}

async fn fill(path: &Path, articles: u64) {
    let store = Store::open(path, OpenAs::Daemon, rules()).expect("a store");
    let tags = |feed: u64| match feed {
        DORMANT => vec!["dormant".to_owned()],
        7 => vec!["rare".to_owned()],
        _ if feed.is_multiple_of(2) => vec!["news".to_owned()],
        _ => Vec::new(),
    };
    let settings = (1..=FEEDS).map(|feed| setting(feed, tags(feed))).collect();
    store.sync_feeds(settings, begin()).await.expect("feeds");
    let round = BATCH * 100;
    for first in (0..articles).step_by(round as usize) {
        let numbers = first..(first + round).min(articles);
        let when = begin() + TimeDelta::seconds(numbers.end as i64);
        for feed in 1..=FEEDS {
            let own = numbers.clone().filter(|&number| feed_of(number, articles) == feed);
            let entries: Vec<Entry> = own.map(entry).collect();
            for batch in entries.chunks(BATCH as usize) {
                store.commit(update(feed, batch.to_vec(), when)).await.expect("a commit");
            }
        }
    }
    store.close().await.expect("a closed store");
}

fn output(name: &str, filter: OutputFilter) -> OutputSetting {
    OutputSetting {
        name: name.to_owned(),
        title: format!("The output {name}"),
        description: None,
        limit: 100,
        filter,
        name_others: false,
        path: None,
    }
}

fn outputs() -> Vec<OutputSetting> {
    let tagged = |tag: &str| OutputFilter { tags: vec![tag.into()], ..OutputFilter::default() };
    let told = |word: &str| OutputFilter { include: vec![word.into()], ..OutputFilter::default() };
    vec![
        output("all", OutputFilter::default()),
        output("news", tagged("news")),
        output("rare", tagged("rare")),
        output("dormant", tagged("dormant")),
        output("heron", told("heron")),
        output("capped", OutputFilter { max_per_feed: Some(5), ..OutputFilter::default() }),
    ]
}

/// The router, and the way to tell it that something changed.
struct House {
    router: Router,
    revisions: watch::Sender<u64>,
    runtime: Runtime,
}

impl House {
    fn new(path: &Path, runtime: Runtime) -> Self {
        let store = Store::open(path, OpenAs::Reader, rules()).expect("a store");
        let settings = ServerSettings {
            listen: ([127, 0, 0, 1], 0).into(),
            base_url: "https://river.example.org/".parse().expect("an address"),
            hub: None,
            images: true,
        };
        // Above what the store says, so that it is believed.
        let (revisions, receiver) = watch::channel(u64::from(u32::MAX));
        let server =
            Server::new(store, &settings, outputs(), receiver, Metrics::new(), Pulse::default());
        Self { router: router(server), revisions, runtime }
    }

    fn changed(&self) {
        self.revisions.send_modify(|revision| *revision += 1);
    }

    fn get(&self, address: &str) -> Vec<u8> {
        self.runtime.block_on(async {
            let request = Request::get(address).body(Body::empty()).expect("a request");
            let answer = self.router.clone().oneshot(request).await.expect("an answer");
            assert!(answer.status().is_success(), "{address}: {}", answer.status());
            axum::body::to_bytes(answer.into_body(), usize::MAX).await.expect("a body").to_vec()
        })
    }

    /// The address behind a link of a document.
    fn linked(&self, address: &str, mark: &str) -> Option<String> {
        let text = String::from_utf8(self.get(address)).expect("UTF-8");
        let rest = text.split_once(mark)?.1;
        let href = rest.split_once("href=\"")?.1.split('"').next()?.replace("&amp;", "&");
        Some(href.trim_start_matches("https://river.example.org").to_owned())
    }
}

/// CPU time of all threads of the process, as Linux counts it; elsewhere the wall's.
struct CpuTime;

impl Measurement for CpuTime {
    type Intermediate = u64;
    type Value = u64;

    fn start(&self) -> u64 {
        let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let spent = threads.filter_map(|thread| {
            let line = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            line.split(' ').next()?.parse::<u64>().ok()
        });
        spent.sum()
    }

    fn end(&self, start: u64) -> u64 {
        self.start().saturating_sub(start).max(1)
    }

    fn add(&self, one: &u64, other: &u64) -> u64 {
        one + other
    }

    fn zero(&self) -> u64 {
        0
    }

    fn to_f64(&self, value: &u64) -> f64 {
        *value as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

fn reading(criterion: &mut Criterion<CpuTime>) {
    let articles = std::env::var("MERGANSER_BENCH_ARTICLES");
    let articles = articles.map_or(10_000, |number| number.parse().expect("a number of articles"));
    let folder = tempfile::tempdir().expect("a folder");
    let path = std::env::var_os("MERGANSER_BENCH_STORE")
        .map_or_else(|| folder.path().join("river.db"), PathBuf::from);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_time().build().expect("a runtime");
    if !path.exists() {
        runtime.block_on(fill(&path, articles));
    }
    let house = House::new(&path, runtime);
    let mut addresses: Vec<(String, String)> = [
        "/all.atom",
        "/all.rss",
        "/all.json",
        "/news.atom",
        "/rare.atom",
        "/dormant.atom",
        "/heron.atom",
        "/capped.atom",
        "/",
        "/?tag=news",
        "/?tag=rare",
        "/?feed=paper101",
        "/status",
        "/search?q=river",
        "/search?q=heron",
        "/search?q=heron+wa",
        "/search?q=nothing",
        "/search.atom?q=river",
    ]
    .map(|address| (address.to_owned(), address.to_owned()))
    .to_vec();
    let middle = (begin() + TimeDelta::seconds(articles as i64 / 2)).timestamp_micros();
    let middle = format!("before={middle}.{}", articles / 2);
    addresses.push(("/, in the middle".to_owned(), format!("/?{middle}")));
    addresses.push(("/all.atom, in the middle".to_owned(), format!("/all.atom?{middle}")));
    for name in ["all", "news", "rare", "heron"] {
        if let Some(archive) = house.linked(&format!("/{name}.atom"), "\"prev-archive\"") {
            addresses.push((format!("the archive before /{name}.atom"), archive));
        }
    }
    if let Some(article) = house.linked("/", "class=\"at\"") {
        addresses.push(("an article".to_owned(), article));
    }
    let mut group = criterion.benchmark_group(format!("changed, of {articles}"));
    group.sample_size(10).warm_up_time(Duration::from_millis(200));
    group.measurement_time(Duration::from_secs(1));
    for (name, address) in &addresses {
        group.bench_function(name, |b| {
            b.iter(|| {
                house.changed();
                house.get(address)
            });
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group(format!("from memory, of {articles}"));
    group.sample_size(10).warm_up_time(Duration::from_millis(200));
    group.measurement_time(Duration::from_secs(1));
    for address in ["/all.atom", "/", "/search?q=river"] {
        group.bench_function(address, |b| b.iter(|| house.get(address)));
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().with_measurement(CpuTime).configure_from_args();
    reading(&mut criterion);
    criterion.final_summary();
}
