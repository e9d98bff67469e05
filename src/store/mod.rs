//! The SQLite file: the only user of rusqlite, and all SQL of the program.
//!
//! In: [`FeedUpdate`]s, one for each poll. Out: what readers, pages and outputs ask for.
//! Never here: network, rendering, a decision about time (instants come in as arguments).
//!
//! One named thread owns the read-write connection and takes jobs from a bounded channel,
//! several waiting updates in one transaction. Readers are a few
//! read-only connections. A poll's validators, entries, articles, record and next poll are
//! one transaction, so that the store never asserts what it does not have.

mod articles;
mod backup;
mod candidates;
mod commit;
mod entries;
mod error;
mod feeds;
mod filter;
mod grouping;
mod hits;
mod hubs;
mod identity;
mod keys;
mod migrations;
mod open;
mod phrases;
mod pings;
mod profiles;
mod readers;
mod regrouping;
mod search;
mod stamp;
mod subscriptions;
mod sweep;
mod sync;
mod upkeep;
mod values;
mod writer;
mod writing;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

pub use error::StoreError;
pub use regrouping::{NearEntry, RegroupReport};
pub use upkeep::{Cleaner, HtmlState, Recleaned};

use self::{readers::Readers, search::SearchText, writer::Writer, writing::Writing};
use crate::{
    dedup::Fingerprint,
    model::{
        Arrived, Article, ArticleId, ArticleMember, ArticleQuery, DedupSettings, DocumentLinks,
        DueFeed, Entry, EntryId, FeedId, FeedLabel, FeedMeta, FeedSetting, FeedState, FeedStatus,
        GroupingReason, PollMemory, Time, Validators,
    },
};

/// The way to the store. Cheap to clone; the last clone's drop ends the writer thread.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    /// `None`: opened for reading only.
    writer: Option<Writer>,
    readers: Readers,
    rules: DedupSettings,
    /// Held as long as the store is open.
    lock: Mutex<Option<open::Presence>>,
    /// The latest instant that anyone claimed at, to see a clock that was set back.
    latest: Mutex<Time>,
}

/// How a process means to use the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenAs {
    /// The one daemon: takes the lock beside the file, checks after an unclean end.
    Daemon,
    /// A command that writes beside a running daemon.
    Beside,
    /// Looks only; makes no file.
    Reader,
}

/// What one poll learned. The only way in.
#[derive(Debug, Clone)]
pub struct FeedUpdate {
    pub feed: FeedId,
    /// Our clock at the end of the answer.
    pub at: Time,
    pub record: FetchRecord,
    /// `None`: those we have stay.
    pub validators: Option<Validators>,
    /// `None`: the one we have stays.
    pub body_hash: Option<u64>,
    pub address: Address,
    /// `None`: the document was not read (304, equal bytes, failure).
    pub reading: Option<Reading>,
    pub state: FeedState,
    /// `None` for a feed that is gone.
    pub next_poll: Option<Time>,
    /// The interval that led to it.
    pub interval: Duration,
    pub memory: PollMemory,
}

/// A row of `fetches`.
#[derive(Debug, Clone, Default)]
pub struct FetchRecord {
    pub status: Option<u16>,
    pub bytes: u64,
    pub millis: u64,
    /// One clear line.
    pub error: Option<String>,
}

/// What becomes of the address that a feed is polled at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    Keep,
    /// A permanent redirect's target has given a feed.
    MovedTo(url::Url),
    /// The learnt target died: back to the configured URL.
    Configured,
}

/// What a document said.
#[derive(Debug, Clone)]
pub struct Reading {
    pub meta: FeedMeta,
    pub links: DocumentLinks,
    pub repairs: Vec<String>,
    /// New or changed entries in document order, finished and fingerprinted.
    pub entries: Vec<Arriving>,
    /// Entries of the document that the store has unchanged.
    pub unchanged: u32,
    /// Every guid of the document in its order, unchanged ones and repeated ones, too:
    /// what retention must leave alone, and what tells a renewed guid from a new entry.
    pub guids: Vec<String>,
    /// The document was a part (226, an archive page): it says nothing of what it lacks.
    pub partial: bool,
}

/// An entry on its way into the store.
#[derive(Debug, Clone)]
pub struct Arriving {
    pub entry: Entry,
    pub fingerprint: Fingerprint,
    words: SearchText,
}

impl Arriving {
    /// Reads the entry's text for the search index: some microseconds that the one writer
    /// need not spend.
    pub fn new(entry: Entry, fingerprint: Fingerprint) -> Self {
        let words = SearchText::of(&entry);
        Self { entry, fingerprint, words }
    }
}

/// What a commit did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Committed {
    pub new_entries: u32,
    pub changed_entries: u32,
    pub new_articles: u32,
    /// Entries that joined an article which was there before.
    pub joined: u32,
}

impl Committed {
    /// What both did.
    pub fn and(self, other: Self) -> Self {
        Self {
            new_entries: self.new_entries + other.new_entries,
            changed_entries: self.changed_entries + other.changed_entries,
            new_articles: self.new_articles + other.new_articles,
            joined: self.joined + other.joined,
        }
    }
}

/// Which feeds to claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Those that are due.
    Due,
    /// Those of these names that are due.
    DueOf(Vec<String>),
    /// Every feed, due or not; a feed that is gone, and one whose server asked for rest, is
    /// not among them.
    Every,
    /// Every one of these names, in the same sense.
    EveryOf(Vec<String>),
}

impl Store {
    /// Opens the file, and makes it unless `how` is [`OpenAs::Reader`]. Blocks for a moment.
    pub fn open(path: &Path, how: OpenAs, dedup: DedupSettings) -> Result<Self, StoreError> {
        let lock = match how {
            OpenAs::Daemon => Some(open::Presence::of_daemon(path)?),
            OpenAs::Beside => Some(open::Presence::beside(path)?),
            OpenAs::Reader => None,
        };
        let readers = Readers::new(path.to_path_buf(), how != OpenAs::Reader);
        let writer = match how {
            OpenAs::Daemon | OpenAs::Beside => Some(Writer::start(path, how)?),
            OpenAs::Reader => {
                // What is wrong with the file shows now.
                readers.look_now("opening", |_| Ok(()))?;
                None
            }
        };
        let path = path.to_path_buf();
        let (lock, latest) = (Mutex::new(lock), Mutex::new(Time::UNIX_EPOCH));
        Ok(Self { inner: Arc::new(Inner { path, writer, readers, rules: dedup, lock, latest }) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Bytes of the file and the log beside it.
    pub fn size(&self) -> u64 {
        let mut log = self.path().as_os_str().to_owned();
        log.push("-wal");
        let files = [self.path().to_owned(), PathBuf::from(log)];
        files.iter().filter_map(|file| std::fs::metadata(file).ok()).map(|file| file.len()).sum()
    }

    /// Makes `feeds` agree with the config: new ones in, missing ones paused, settings updated.
    ///
    /// A URL that a feed was known to have moved to is that feed. A feed whose `interval`
    /// got shorter is due sooner.
    pub async fn sync_feeds(&self, feeds: Vec<FeedSetting>, now: Time) -> Result<(), StoreError> {
        let work = move |connection: &Writing| {
            if sync::sync(connection, &feeds, now)? {
                commit::bump_revision(connection)?;
            }
            Ok(())
        };
        self.writer()?.run("taking in the config's feeds", work).await
    }

    /// Takes up to `limit` feeds for polling, leased until `now + lease`: those that are due,
    /// longest due first, or every feed in the order in which they came into the store.
    ///
    /// [`Claim::Every`] and [`Claim::EveryOf`] leave out feeds that were polled since `now`,
    /// so that a caller who asks with one instant until nothing comes has had each once.
    pub async fn claim(
        &self,
        which: Claim,
        now: Time,
        limit: u32,
        lease: Duration,
    ) -> Result<Vec<DueFeed>, StoreError> {
        let set_back = {
            let mut latest = self.inner.latest.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *latest, now) > now + feeds::CLOCK_JUMP
        };
        let work = move |connection: &Writing| {
            if set_back {
                feeds::after_clock_jump(connection, now)?;
            }
            feeds::claim(connection, &which, now, limit, lease)
        };
        self.writer()?.run("claiming due feeds", work).await
    }

    /// Gives claimed feeds back unpolled.
    pub async fn release(&self, feeds: Vec<FeedId>) -> Result<(), StoreError> {
        let work = move |connection: &Writing| feeds::release(connection, &feeds);
        self.writer()?.run("giving feeds back", work).await
    }

    /// Gives claimed feeds back, to be polled not before these instants.
    pub async fn put_off(&self, feeds: Vec<(FeedId, Time)>) -> Result<(), StoreError> {
        let work = move |connection: &Writing| feeds::put_off(connection, &feeds);
        self.writer()?.run("putting feeds off", work).await
    }

    /// Hosts that asked for rest beyond `now`: an address at each, and until when.
    pub async fn rests(&self, now: Time) -> Result<Vec<(url::Url, Time)>, StoreError> {
        let look = move |connection: &rusqlite::Connection| feeds::rests(connection, now);
        self.inner.readers.look("asking which hosts rest", look).await
    }

    /// Puts the feeds that are due now off by `wait(nth, of)` each, those of one host apart.
    pub async fn spread_due(
        &self,
        now: Time,
        wait: impl Fn(usize, usize) -> Duration + Send + 'static,
    ) -> Result<(), StoreError> {
        let work = move |connection: &Writing| feeds::spread_due(connection, now, &wait);
        self.writer()?.run("spreading feeds", work).await
    }

    /// When the next feed is due.
    pub async fn next_due(&self) -> Result<Option<Time>, StoreError> {
        self.inner.readers.look("asking for the next poll", feeds::next_due).await
    }

    /// Which of these guids the feed has, with the hash of what each last said.
    ///
    /// More than one hash for a guid that the feed used for different texts.
    pub async fn known(
        &self,
        feed: FeedId,
        guids: Vec<String>,
    ) -> Result<HashMap<String, Vec<u64>>, StoreError> {
        let look =
            move |connection: &rusqlite::Connection| identity::known(connection, feed, guids);
        self.inner.readers.look("asking for known entries", look).await
    }

    /// Takes in what one poll learned: all of it or nothing, on the disk when this returns.
    pub async fn commit(&self, update: FeedUpdate) -> Result<Committed, StoreError> {
        self.commit_rest(update, Committed::default()).await
    }

    /// Takes in some entries of a large document before the rest of its poll, so that the
    /// commits of other feeds come between.
    ///
    /// Nothing else of the feed changes: until [`Self::commit_rest`] the store asserts nothing
    /// that it does not have, and after a crash the document is asked for again. `first_place`:
    /// where the first of these entries stands among those that are to be taken in.
    pub async fn commit_part(
        &self,
        feed: FeedId,
        at: Time,
        reading: Reading,
        first_place: usize,
    ) -> Result<Committed, StoreError> {
        let rules = self.inner.rules.clone();
        let work = move |connection: &Writing| {
            commit::commit_part(connection, feed, at, &reading, first_place, &rules)
        };
        self.writer()?.run("committing a part of a document", work).await
    }

    /// [`Self::commit`] where `parts` were taken in before: what was done altogether.
    pub fn commit_rest(
        &self,
        update: FeedUpdate,
        parts: Committed,
    ) -> impl Future<Output = Result<Committed, StoreError>> {
        let rules = self.inner.rules.clone();
        let work = move |connection: &Writing| commit::commit(connection, &update, parts, &rules);
        let commit = self.writer().map(|writer| writer.run("committing a poll", work));
        async move { commit?.await }
    }

    /// The articles of a query, newest first.
    ///
    /// `tags` and `feeds` each narrow what is taken in. `include` and `exclude` are not
    /// looked at here: see [`Self::articles_that`].
    pub async fn articles(&self, query: ArticleQuery) -> Result<Vec<Article>, StoreError> {
        self.articles_that(query, |_| true).await
    }

    /// The same, of those articles that `accept` says yes to, up to the query's limit.
    ///
    /// Bounded: behind 50,000 rows of the river it stops looking.
    pub async fn articles_that(
        &self,
        query: ArticleQuery,
        accept: impl Fn(&Article) -> bool + Send + 'static,
    ) -> Result<Vec<Article>, StoreError> {
        let look = move |connection: &rusqlite::Connection| {
            articles::articles(connection, &query, &accept)
        };
        self.inner.readers.look("reading articles", look).await
    }

    /// A number that is another one when an article among these rows came, went or changed.
    pub async fn state_of(&self, rows: Arrived) -> Result<u64, StoreError> {
        let look = move |connection: &rusqlite::Connection| articles::state_of(connection, rows);
        self.inner.readers.look("comparing articles", look).await
    }

    /// One article by public id, slug or row number, with its entries and why they are there.
    pub async fn article(
        &self,
        id: String,
    ) -> Result<Option<(Article, Vec<ArticleMember>)>, StoreError> {
        let look = move |connection: &rusqlite::Connection| articles::article(connection, &id);
        self.inner.readers.look("reading an article", look).await
    }

    /// Makes one article of two by hand, each by public id, slug or row number; every later
    /// regrouping keeps to it. `None`: one of them is not there.
    pub async fn merge(
        &self,
        one: String,
        other: String,
        now: Time,
    ) -> Result<Option<ArticleId>, StoreError> {
        let work = move |connection: &Writing| {
            let rows = (articles::row(connection, &one)?, articles::row(connection, &other)?);
            let (Some(one), Some(other)) = rows else { return Ok(None) };
            if one == other {
                return Ok(Some(ArticleId(one)));
            }
            let merged = regrouping::merge_by_hand(connection, one, other, now)?;
            commit::bump_revision(connection)?;
            Ok(Some(ArticleId(merged)))
        };
        self.writer()?.run("merging by hand", work).await
    }

    /// Takes an entry out of its article by hand, into one of its own; nothing brings it
    /// back but a person. `None`: it is not there, or was alone already.
    pub async fn split(&self, entry: EntryId, now: Time) -> Result<Option<ArticleId>, StoreError> {
        let work = move |connection: &Writing| {
            let own = regrouping::split_by_hand(connection, entry.0, now)?;
            if own.is_some() {
                commit::bump_revision(connection)?;
            }
            Ok(own.map(ArticleId))
        };
        self.writer()?.run("splitting by hand", work).await
    }

    /// Makes all groups anew from the stored entries, by today's rules and what people said.
    ///
    /// Reading and judging happens beside the polls; only what changed is written, in one
    /// transaction. A second run changes nothing.
    pub async fn regroup(&self, now: Time) -> Result<RegroupReport, StoreError> {
        let writer = self.writer()?;
        let rules = self.inner.rules.clone();
        let look = move |connection: &rusqlite::Connection| regrouping::plan(connection, &rules);
        let (groups, entries) = self.inner.readers.look("judging all entries", look).await?;
        let work = move |connection: &Writing| {
            let changes = regrouping::apply(connection, &groups, now)?;
            if !changes.is_empty() {
                commit::bump_revision(connection)?;
            }
            Ok(RegroupReport { entries, articles: regrouping::articles(connection)?, changes })
        };
        writer.run("regrouping", work).await
    }

    /// Which article each entry of a document would join by its commit, and why: looks where
    /// the commit would, on the same connection, and writes nothing.
    pub async fn weigh(
        &self,
        update: FeedUpdate,
    ) -> Result<Vec<Option<(ArticleId, GroupingReason)>>, StoreError> {
        let rules = self.inner.rules.clone();
        let work = move |connection: &Writing| commit::weigh(connection, &update, &rules);
        self.writer()?.run("weighing a document", work).await
    }

    /// The entries that came nearest to this one and were not joined, and why not.
    pub async fn near(&self, entry: EntryId) -> Result<Option<Vec<NearEntry>>, StoreError> {
        let rules = self.inner.rules.clone();
        let look =
            move |connection: &rusqlite::Connection| regrouping::near(connection, entry.0, &rules);
        self.inner.readers.look("looking for near entries", look).await
    }

    pub async fn feeds(&self) -> Result<Vec<FeedStatus>, StoreError> {
        self.inner.readers.look("reading the feeds", feeds::statuses).await
    }

    /// The feeds by the names that articles can be narrowed to.
    pub async fn labels(&self) -> Result<Vec<FeedLabel>, StoreError> {
        self.inner.readers.look("reading the feeds' names", articles::labels).await
    }

    /// Takes this one feed for a push, due or not, in the sense of [`Self::claim`]; `None`
    /// where somebody else has it, and for a feed that is not polled any more.
    pub async fn claim_one(
        &self,
        feed: FeedId,
        now: Time,
        lease: Duration,
    ) -> Result<Option<DueFeed>, StoreError> {
        let work = move |connection: &Writing| feeds::claim_one(connection, feed, now, lease);
        self.writer()?.run("claiming a feed", work).await
    }

    /// Grows with each commit that changed what an output could show; the same after a restart.
    pub async fn revision(&self) -> Result<u64, StoreError> {
        let look = |connection: &rusqlite::Connection| {
            let revision: i64 = connection
                .prepare_cached("SELECT revision FROM state")?
                .query_row([], |row| row.get(0))?;
            Ok(values::count(revision))
        };
        self.inner.readers.look("reading the revision", look).await
    }

    /// Retention: drops what is older than `keep` and shown by no feed any more.
    ///
    /// Old is what we first saw before then. Works in small steps between the polls'
    /// commits. After a pause of more than three days since the last sweep it only takes
    /// note of the time, so that a clock which jumps ahead costs nothing.
    pub async fn sweep(&self, now: Time, keep: Duration) -> Result<Swept, StoreError> {
        let writer = self.writer()?;
        let doing = "sweeping";
        let first = move |connection: &Writing| sweep::plan(connection, now, keep);
        let Some(mut plan) = writer.run(doing, first).await? else { return Ok(Swept::default()) };
        let mut swept = Swept::default();
        loop {
            let before = plan;
            let work = move |connection: &Writing| {
                let mut plan = before.clone();
                let done = sweep::step(connection, &mut plan)?;
                Ok((plan, done))
            };
            let (next, done) = writer.run(doing, work).await?;
            plan = next;
            let Some(done) = done else { break };
            swept.entries += done.entries;
            swept.articles += done.articles;
            swept.fetches += done.fetches;
        }
        while writer.run_alone("tidying up", sweep::tidy).await? {}
        Ok(swept)
    }

    /// One small step towards fewer parts of the search index. Commits leave one each, and with
    /// two hundred of them FTS5 merges all in the middle of a commit.
    pub async fn merge_index(&self) -> Result<(), StoreError> {
        let step = |connection: &Writing| sweep::merge_index(connection, MERGED_PAGES).map(drop);
        self.writer()?.run_alone("merging its search index", step).await
    }

    /// `PRAGMA integrity_check` and `foreign_key_check`: one line for each finding.
    pub async fn check(&self) -> Result<Vec<String>, StoreError> {
        self.inner.readers.look("checking the store", sweep::check).await
    }

    /// A consistent copy into a new file, beside running writers.
    pub async fn backup(&self, to: PathBuf) -> Result<(), StoreError> {
        let from = self.inner.path.clone();
        let task = tokio::task::spawn_blocking(move || backup::backup(&from, &to));
        task.await.unwrap_or_else(|_| Err(StoreError::Closed { path: self.inner.path.clone() }))
    }

    /// Waits for the writer, checkpoints, and closes.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.inner.readers.close();
        let closed = match &self.inner.writer {
            Some(writer) => writer.close().await,
            None => Ok(()),
        };
        self.inner.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        closed
    }

    fn writer(&self) -> Result<&Writer, StoreError> {
        let only_reading = || StoreError::OnlyReading { path: self.inner.path.clone() };
        self.inner.writer.as_ref().ok_or_else(only_reading)
    }
}

/// FTS5's pages, of 4 kB, of one step of [`Store::merge_index`].
const MERGED_PAGES: i64 = 1_000;

/// What a sweep took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    pub entries: u64,
    pub articles: u64,
    pub fetches: u64,
}

#[cfg(test)]
mod tests;
