//! A store with a few articles, and a server on it; made once.

use std::{
    sync::{Mutex, OnceLock},
    time::Duration,
};

use merganser::{
    dedup::fingerprint,
    metrics::Metrics,
    model::{
        DedupSettings, Entry, FeedId, FeedMeta, FeedSetting, FeedState, Html, OutputFilter,
        OutputSetting, PollMemory, Push, ServerSettings, Time, Timing,
    },
    server::{Pulse, Server},
    store::{Address, Arriving, Claim, FeedUpdate, FetchRecord, OpenAs, Reading, Store},
};
use tokio::{
    runtime::Runtime,
    sync::{mpsc, watch},
};

pub struct House {
    pub store: Store,
    pub server: Server,
    /// The last part of a hub's callback, whose subscription is live.
    pub token: String,
    /// What hubs pushed.
    pub pushes: Mutex<mpsc::Receiver<Push>>,
    _revisions: watch::Sender<u64>,
    _folder: tempfile::TempDir,
}

pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().expect("a runtime"))
}

pub fn house() -> &'static House {
    static HOUSE: OnceLock<House> = OnceLock::new();
    HOUSE.get_or_init(|| runtime().block_on(build()))
}

async fn build() -> House {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = DedupSettings { near_duplicates: true, window: Duration::from_secs(604_800) };
    let store = Store::open(&folder.path().join("merganser.db"), OpenAs::Daemon, rules)
        .expect("a fresh store");
    let feed = fill(&store).await;
    let hub = |path: &str| format!("https://hub.example.org/{path}").parse().expect("a URL");
    let now = chrono::Utc::now();
    store.wish_subscription(feed, hub("hub"), hub("topic"), now).await.expect("a wish");
    let token = store.subscription(feed).await.expect("a store").expect("a wish").token;
    let later = now + chrono::TimeDelta::days(300);
    store.subscription_asking(token.clone(), later).await.expect("asked");
    store.subscription_confirmed(token.clone(), later, later).await.expect("confirmed");

    let (revision, revisions) = watch::channel(1);
    let server = Server::new(
        store.clone(),
        &settings(),
        ["all", "rust"].map(output).into(),
        revisions,
        Metrics::new(),
        Pulse::default(),
    );
    let (sender, pushes) = mpsc::channel(4);
    server.hear(Some((sender, 65_536)));
    let pushes = Mutex::new(pushes);
    House { store, server, token, pushes, _revisions: revision, _folder: folder }
}

fn settings() -> ServerSettings {
    ServerSettings {
        listen: ([127, 0, 0, 1], 0).into(),
        base_url: "https://river.example.org/prefix/".parse().expect("a URL"),
        hub: None,
        images: true,
    }
}

fn output(name: &str) -> OutputSetting {
    OutputSetting {
        name: name.into(),
        title: name.into(),
        description: None,
        limit: 5,
        filter: OutputFilter::default(),
        name_others: true,
        path: None,
    }
}

async fn fill(store: &Store) -> FeedId {
    let now: Time = "2026-03-01T12:00:00Z".parse().expect("a time");
    let feed = FeedSetting {
        url: "https://one.example.org/feed.xml".parse().expect("a URL"),
        name: "one".into(),
        tags: vec!["news".into()],
        timing: Timing::default(),
        stands_alone: false,
    };
    store.sync_feeds(vec![feed], now).await.expect("a feed");
    let due = store.claim(Claim::Every, now, 1, Duration::from_secs(60)).await.expect("a claim");
    let feed = due.first().expect("the feed").id;
    let entries: Vec<Entry> = (0..12).map(|number| entry(number, now)).collect();
    let reading = Reading {
        meta: FeedMeta::default(),
        links: Default::default(),
        repairs: Vec::new(),
        unchanged: 0,
        guids: entries.iter().map(|entry| entry.guid.clone()).collect(),
        entries: entries
            .into_iter()
            .map(|entry| {
                let print = fingerprint(&entry);
                Arriving::new(entry, print)
            })
            .collect(),
        partial: false,
    };
    let update = FeedUpdate {
        feed,
        at: now,
        record: FetchRecord { status: Some(200), bytes: 1, millis: 1, error: None },
        validators: None,
        body_hash: None,
        address: Address::Keep,
        reading: Some(reading),
        state: FeedState::Ok,
        next_poll: Some(now + chrono::TimeDelta::hours(1)),
        interval: Duration::from_secs(3_600),
        memory: PollMemory::default(),
    };
    store.commit(update).await.expect("a poll");
    feed
}

fn entry(number: u64, now: Time) -> Entry {
    let words = ["Grüße vom Hafen", "高速道路の建設", "walrus \"quoted\" NEAR OR", "İstanbul"];
    let title = words[number as usize % words.len()];
    let url = format!("https://origin.example.org/{number}");
    Entry {
        guid: url.clone(),
        url: Some(url.parse().expect("a URL")),
        title: Some(format!("{title} {number}")),
        authors: vec!["Ada".into()],
        published: Some(now - chrono::TimeDelta::hours(number as i64)),
        updated: None,
        summary: None,
        content: Some(Html::sanitized(format!("<p>{title}, all of {number}.</p>"))),
        categories: vec![],
        enclosures: vec![],
        language: None,
        origin: None,
        original_url: None,
        comments: None,
        raw_hash: number,
    }
}
