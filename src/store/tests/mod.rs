//! The store as its users see it: real files in temporary folders.

mod articles;
mod candidates;
mod faults;
mod feeds;
mod grouping;
mod identity;
mod pushes;
mod searching;
mod size;
mod sweeping;
mod upkeep;
mod waiting;

use std::{path::PathBuf, time::Duration};

use chrono::TimeDelta;
use rusqlite::Connection;
use url::Url;

use super::*;
use crate::model::{Html, Timing};

/// A store in a folder of its own, and what tests want to do with it.
pub(super) struct House {
    pub folder: tempfile::TempDir,
    pub store: Store,
}

pub(super) const RULES: DedupSettings =
    DedupSettings { near_duplicates: true, window: Duration::from_secs(7 * 86_400) };

pub(super) fn at(text: &str) -> Time {
    text.parse().unwrap()
}

pub(super) fn noon() -> Time {
    at("2026-03-01T12:00:00Z")
}

pub(super) fn hours(count: i64) -> TimeDelta {
    TimeDelta::hours(count)
}

pub(super) fn setting(name: &str) -> FeedSetting {
    FeedSetting {
        url: Url::parse(&format!("https://{name}.example/feed")).unwrap(),
        name: name.into(),
        tags: vec![format!("tag-{name}"), "all".into()],
        timing: Timing::default(),
        stands_alone: false,
    }
}

/// An entry whose guid, address and title come from one word.
pub(super) fn entry(word: &str) -> Entry {
    let mut entry = Entry {
        guid: format!("guid-{word}"),
        url: Some(Url::parse(&format!("https://example.org/{word}")).unwrap()),
        title: Some(format!("About {word}")),
        authors: vec!["Ada".into(), "Bob".into()],
        published: Some(at("2026-03-01T10:00:00Z")),
        updated: None,
        summary: Some(Html::sanitized("<p>short</p>")),
        content: Some(Html::sanitized(format!("<p>All about {word}.</p>"))),
        categories: vec!["news".into()],
        enclosures: Vec::new(),
        language: None,
        origin: None,
        original_url: None,
        comments: None,
        raw_hash: 0,
    };
    rehash(&mut entry);
    entry
}

/// As the parser would: another hash for another text.
pub(super) fn rehash(entry: &mut Entry) {
    entry.raw_hash = 0;
    entry.raw_hash = xxhash_rust::xxh3::xxh3_64(format!("{entry:?}").as_bytes());
}

pub(super) fn changed(mut entry: Entry, change: impl FnOnce(&mut Entry)) -> Entry {
    change(&mut entry);
    rehash(&mut entry);
    entry
}

pub(super) fn arriving(entry: Entry) -> Arriving {
    let fingerprint = crate::dedup::fingerprint(&entry);
    Arriving::new(entry, fingerprint)
}

/// A document of these entries, as a poll hands it over.
pub(super) fn update(feed: FeedId, when: Time, entries: &[Entry]) -> FeedUpdate {
    FeedUpdate {
        feed,
        at: when,
        record: FetchRecord { status: Some(200), bytes: 1_000, millis: 20, error: None },
        validators: Some(Validators { etag: Some(b"\"v1\"".to_vec()), last_modified: None }),
        body_hash: Some(u64::MAX - 1),
        address: Address::Keep,
        reading: Some(Reading {
            meta: FeedMeta { title: Some(format!("Feed {}", feed.0)), ..FeedMeta::default() },
            links: DocumentLinks::default(),
            repairs: Vec::new(),
            entries: entries.iter().cloned().map(arriving).collect(),
            unchanged: 0,
            guids: entries.iter().map(|entry| entry.guid.clone()).collect(),
            partial: false,
        }),
        state: FeedState::Ok,
        next_poll: Some(when + hours(1)),
        interval: Duration::from_secs(3_600),
        memory: PollMemory::default(),
    }
}

impl House {
    /// A store with feeds of these names, numbered from 1.
    pub(super) async fn with(names: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store =
            Store::open(&folder.path().join("merganser.db"), OpenAs::Daemon, RULES).unwrap();
        let house = Self { folder, store };
        house.configure(names).await;
        house
    }

    pub(super) async fn configure(&self, names: &[&str]) {
        let feeds = names.iter().map(|name| setting(name)).collect();
        self.store.sync_feeds(feeds, noon()).await.unwrap();
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("merganser.db")
    }

    /// Another connection, as a person's shell has it.
    pub(super) fn shell(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    pub(super) fn number(&self, sql: &str) -> i64 {
        self.shell().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    pub(super) fn text(&self, sql: &str) -> String {
        self.shell()
            .query_row(sql, [], |row| row.get::<_, Option<String>>(0))
            .unwrap()
            .unwrap_or_default()
    }

    pub(super) async fn poll(&self, feed: i64, when: Time, entries: &[Entry]) -> Committed {
        self.store.commit(update(FeedId(feed), when, entries)).await.unwrap()
    }

    pub(super) async fn river(&self) -> Vec<Article> {
        self.store.articles(ArticleQuery { limit: 1_000, ..Default::default() }).await.unwrap()
    }

    pub(super) async fn found(&self, words: &str) -> Vec<String> {
        let search = Some(words.to_owned());
        let query = ArticleQuery { search, limit: 1_000, ..Default::default() };
        let found = self.store.articles(query).await.unwrap();
        found.into_iter().map(|article| article.title.unwrap_or_default()).collect()
    }

    pub(super) async fn healthy(&self) {
        assert_eq!(self.store.check().await.unwrap(), Vec::<String>::new());
        self.shell().execute("INSERT INTO search (search) VALUES ('integrity-check')", []).unwrap();
        assert_eq!(
            self.number("SELECT count(*) FROM feeds f WHERE entry_count <> (SELECT count(*) FROM entries WHERE feed_id = f.id)"),
            0
        );
        assert_eq!(
            self.number("SELECT count(*) FROM (SELECT feed_id, position, article_id FROM feed_articles EXCEPT SELECT e.feed_id, a.position, a.id FROM entries e JOIN articles a ON a.id = e.article_id)"),
            0
        );
        assert_eq!(
            self.number("SELECT count(*) FROM (SELECT e.feed_id, a.position, a.id FROM entries e JOIN articles a ON a.id = e.article_id EXCEPT SELECT feed_id, position, article_id FROM feed_articles)"),
            0
        );
        assert_eq!(
            self.number(
                "SELECT count(*) FROM dedup_keys WHERE entry_id NOT IN (SELECT id FROM entries)"
            ),
            0
        );
        assert_eq!(
            self.number("SELECT count(*) FROM articles WHERE id NOT IN (SELECT article_id FROM entries WHERE id = articles.entry_id)"),
            0
        );
    }
}

#[tokio::test]
async fn what_a_poll_brought_is_there_after_a_restart() {
    let house = House::with(&["a"]).await;
    let done = house.poll(1, noon(), &[entry("one"), entry("two")]).await;
    assert_eq!(done, Committed { new_entries: 2, new_articles: 2, ..Default::default() });
    let before = house.river().await;
    let revision = house.store.revision().await.unwrap();
    house.store.close().await.unwrap();
    let store = Store::open(&house.path(), OpenAs::Daemon, RULES).unwrap();
    let after = store.articles(ArticleQuery { limit: 9, ..Default::default() }).await.unwrap();
    assert_eq!(serde_json::to_string(&before).unwrap(), serde_json::to_string(&after).unwrap());
    assert_eq!(store.revision().await.unwrap(), revision);
    let first = before.first().unwrap();
    assert_eq!(first.authors, ["Ada", "Bob"]);
    assert_eq!(first.content, entry("one").content);
    assert_eq!(first.sources.len(), 1);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn one_id_in_two_feeds_is_two_entries_and_one_article() {
    let house = House::with(&["a", "b", "c"]).await;
    let told =
        |word: &str| changed(entry(word), |entry| entry.guid = "tag:example.org,2026:1".into());
    house.poll(1, noon(), &[told("one")]).await;
    let done =
        house.poll(2, noon() + hours(1), &[changed(told("other"), |it| it.title = None)]).await;
    assert_eq!(done, Committed { new_entries: 1, joined: 1, ..Default::default() });
    let river = house.river().await;
    assert_eq!(river.len(), 1);
    assert_eq!(river[0].id, "tag:example.org,2026:1");
    assert_eq!(river[0].sources.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let (article, members) = house.store.article(river[0].slug.clone()).await.unwrap().unwrap();
    assert_eq!(article.id, river[0].id);
    assert_eq!(members[1].grouping.rule, "id");
    assert_eq!(members[1].grouping.with, Some(members[0].entry));
    house.healthy().await;
}

#[tokio::test]
async fn an_edit_changes_the_text_and_not_the_place() {
    let house = House::with(&["a"]).await;
    house.poll(1, noon(), &[entry("one")]).await;
    let edited = changed(entry("one"), |entry| {
        entry.content = Some(Html::sanitized("<p>Rewritten elephant</p>"));
        entry.published = Some(noon() + hours(24 * 300));
    });
    let before = house.river().await;
    let done = house.poll(1, noon() + hours(2), &[edited]).await;
    assert_eq!(done, Committed { changed_entries: 1, ..Default::default() });
    let after = house.river().await;
    assert_eq!(after.len(), 1);
    assert_eq!(
        (&after[0].id, after[0].position, after[0].first_seen),
        (&before[0].id, before[0].position, before[0].first_seen)
    );
    assert_eq!(after[0].published, before[0].published, "a future date is no date");
    assert_eq!(after[0].changed, noon() + hours(2));
    assert_eq!(house.found("elephant").await, ["About one"]);
    assert_eq!(house.found("\"all about\"").await, Vec::<String>::new());
    house.healthy().await;
}
