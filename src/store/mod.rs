//! The SQLite file: the only user of rusqlite, and all SQL of the program.
//!
//! In: [`FeedUpdate`]s, one for each poll. Out: what readers, pages and outputs ask for.
//! Never here: network, rendering, a decision about time (instants come in as arguments).
//!
//! One named thread owns the read-write connection and takes jobs from a bounded channel,
//! several waiting updates in one transaction, a savepoint each. Readers are a few
//! read-only connections. A poll's validators, entries, articles, record and next poll are
//! one transaction, so that the store never asserts what it does not have.

use std::{collections::HashMap, path::Path, path::PathBuf, time::Duration};

use crate::{
    dedup::Fingerprint,
    model::{
        Article, ArticleMember, ArticleQuery, DedupSettings, DocumentLinks, DueFeed, Entry, FeedId,
        FeedMeta, FeedSetting, FeedState, FeedStatus, PollMemory, Time, Validators,
    },
};

/// The way to the store. Cheap to clone; the last clone's drop ends the writer thread.
#[derive(Debug, Clone)]
pub struct Store;

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
}

/// An entry on its way into the store.
#[derive(Debug, Clone)]
pub struct Arriving {
    pub entry: Entry,
    pub fingerprint: Fingerprint,
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
    pub fn open(_path: &Path, _how: OpenAs, _dedup: DedupSettings) -> Result<Self, StoreError> {
        todo!()
    }

    /// Makes `feeds` agree with the config: new ones in, missing ones paused, settings updated.
    pub async fn sync_feeds(&self, _feeds: Vec<FeedSetting>, _now: Time) -> Result<(), StoreError> {
        todo!()
    }

    /// Takes up to `limit` feeds for polling, longest due first, leased until `now + lease`.
    pub async fn claim(
        &self,
        _which: Claim,
        _now: Time,
        _limit: u32,
        _lease: Duration,
    ) -> Result<Vec<DueFeed>, StoreError> {
        todo!()
    }

    /// Gives claimed feeds back unpolled.
    pub async fn release(&self, _feeds: Vec<FeedId>) -> Result<(), StoreError> {
        todo!()
    }

    /// When the next feed is due.
    pub async fn next_due(&self) -> Result<Option<Time>, StoreError> {
        todo!()
    }

    /// Makes the feeds of a cron text due.
    pub async fn mark_due(&self, _schedule: String, _now: Time) -> Result<u32, StoreError> {
        todo!()
    }

    /// Which of these guids the feed has, with the hash of what each last said.
    ///
    /// More than one hash for a guid that the feed used for different texts.
    pub async fn known(
        &self,
        _feed: FeedId,
        _guids: Vec<String>,
    ) -> Result<HashMap<String, Vec<u64>>, StoreError> {
        todo!()
    }

    pub async fn commit(&self, _update: FeedUpdate) -> Result<Committed, StoreError> {
        todo!()
    }

    pub async fn articles(&self, _query: ArticleQuery) -> Result<Vec<Article>, StoreError> {
        todo!()
    }

    /// One article by public id, slug or row number, with its entries and why they are there.
    pub async fn article(
        &self,
        _id: String,
    ) -> Result<Option<(Article, Vec<ArticleMember>)>, StoreError> {
        todo!()
    }

    pub async fn feeds(&self) -> Result<Vec<FeedStatus>, StoreError> {
        todo!()
    }

    /// Grows with each commit that changed what an output could show; the same after a restart.
    pub async fn revision(&self) -> Result<u64, StoreError> {
        todo!()
    }

    /// Retention: drops what is older than `keep` and shown by no feed any more.
    pub async fn sweep(&self, _now: Time, _keep: Duration) -> Result<Swept, StoreError> {
        todo!()
    }

    /// `PRAGMA integrity_check` and `foreign_key_check`: one line for each finding.
    pub async fn check(&self) -> Result<Vec<String>, StoreError> {
        todo!()
    }

    /// A consistent copy into a new file, beside running writers.
    pub async fn backup(&self, _to: PathBuf) -> Result<(), StoreError> {
        todo!()
    }

    /// Waits for the writer, checkpoints, and closes.
    pub async fn close(&self) -> Result<(), StoreError> {
        todo!()
    }
}

/// What a sweep took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    pub entries: u64,
    pub articles: u64,
    pub fetches: u64,
}

/// What can be wrong with the file: each names it and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("store {path}: {reason}")]
    Unusable { path: PathBuf, reason: String },
}
