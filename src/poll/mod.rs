//! One poll of one feed, end to end, and who goes next.
//!
//! In: claimed feeds. Out: a [`Polled`] each, committed to the store. The road of a poll is
//! [`Poller::poll`]: fetch, read, ask what is known, finish and fingerprint what is new,
//! [`conclude`], commit. [`Dispatch`] decides which claimed feed goes next; [`fetch_once`] is
//! a whole round for `merganser fetch`. Never here: SQL, HTTP, the decision when to ask again.

pub mod conclude;
mod dispatch;
mod push;
mod queue;
mod round;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use chrono::Utc;
use tokio::sync::{Notify, Semaphore};
use tracing::{info, warn};
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    dedup,
    fetch::{Fetcher, HostPass},
    metrics::{FetchResult, Metrics},
    model::{
        Document, DueFeed, FeedSetting, FeedState, Fetched, Outcome, PaceLimits, RawFeed, Time,
        mended, redacted,
    },
    parse::{self, ParseError},
    schedule::{NetworkWatch, Reach},
    store::{Arriving, Committed, Reading, Store, StoreError},
};

use conclude::{Around, DocumentRead, conclude};
pub use dispatch::Dispatch;
pub use round::{Progress, fetch_once};

/// Polls feeds. Shared by all polls in flight.
#[derive(Debug)]
pub struct Poller {
    store: Store,
    fetcher: Fetcher,
    pace: PaceLimits,
    metrics: Metrics,
    /// Reading and finishing are CPU work: as many at once as there are cores.
    cores: Semaphore,
    /// Large documents become many times as large while they are read and wait for the
    /// writer: one at a time, from its reading to its commit.
    heavy: Semaphore,
    network: Mutex<NetworkWatch>,
    /// Told when a request has met something: what the network watch goes by.
    met: Notify,
    /// Which feed is configured at which address.
    addresses: HashMap<String, String>,
    /// Hubs can reach us: what feeds say of theirs is noted.
    hears_hubs: bool,
}

/// What came of one poll.
#[derive(Debug, Clone)]
pub struct Polled {
    pub name: String,
    pub url: url::Url,
    pub status: Option<u16>,
    /// Decoded bytes read.
    pub bytes: u64,
    pub committed: Committed,
    pub state: FeedState,
    /// In one line.
    pub error: Option<String>,
    /// `None` for a feed that is gone.
    pub next_poll: Option<Time>,
    pub elapsed: Duration,
}

impl Poller {
    pub fn new(
        store: Store,
        fetcher: Fetcher,
        pace: PaceLimits,
        metrics: Metrics,
        feeds: &[FeedSetting],
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            store,
            fetcher,
            pace,
            metrics,
            cores: Semaphore::new(cores),
            heavy: Semaphore::new(1),
            network: Mutex::default(),
            met: Notify::new(),
            addresses: feeds.iter().map(|feed| (feed.url.to_string(), feed.name.clone())).collect(),
            hears_hubs: false,
        }
    }

    /// Whether hubs can reach us and push.
    pub fn hearing_hubs(mut self, hears_hubs: bool) -> Self {
        self.hears_hubs = hears_hubs;
        self
    }

    pub fn fetcher(&self) -> &Fetcher {
        &self.fetcher
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Polls one feed. What goes wrong at the feed is recorded; only the store can fail.
    pub async fn poll(&self, mut feed: DueFeed, pass: HostPass) -> Result<Polled, StoreError> {
        let started = Instant::now();
        if !self.hears_hubs {
            feed.memory.pushed_until = None;
        }
        let mut fetched = self.fetcher.fetch(&feed, pass).await;
        if let Some(rest) = fetched.retry_after.filter(|rest| rest.whole_host) {
            self.fetcher.hosts().rest(&fetched.final_url, rest.until);
        }
        let around = self.around(&feed, &fetched).await;
        let _heavy = match &fetched.outcome {
            Outcome::Document { body, .. } if body.len() > HEAVY_BYTES => {
                Some(self.heavy.acquire().await.expect("nobody closes the semaphore"))
            }
            _ => None,
        };
        let reading = self.read(&feed, &fetched).await?;
        if let Some(Ok(read)) = &reading
            && mended(&read.reading.repairs).next().is_some()
        {
            self.metrics.repaired("document");
        }
        if let Outcome::Document { body, .. } = &mut fetched.outcome {
            // Read: its memory, and its place in the budget, are for others.
            *body = Bytes::new();
        }
        let unreadable = matches!(reading, Some(Err(_)));
        let links = match &reading {
            Some(Ok(read)) if self.hears_hubs => Some(read.reading.links.clone()),
            _ => None,
        };

        let update = conclude(&feed, &fetched, reading, &around, &self.pace, Utc::now());
        let (state, error) = (update.state, update.record.error.clone());
        let next_poll = update.next_poll;
        let writing = Instant::now();
        let committed = self.store.commit(update).await?;
        self.metrics.committed(writing.elapsed());
        if self.hears_hubs && !unreadable {
            self.note_hub(feed.id, &fetched, links.as_ref()).await;
        }

        let result =
            if unreadable { FetchResult::Parse } else { FetchResult::of(&fetched.outcome) };
        let new_entries = u64::from(committed.new_entries);
        self.metrics.fetched(result, fetched.elapsed, fetched.bytes, new_entries);
        let polled = Polled {
            name: feed.name,
            url: redacted(&feed.poll_url),
            status: fetched.status,
            bytes: fetched.bytes,
            committed,
            state,
            error,
            next_poll,
            elapsed: started.elapsed(),
        };
        polled.log();
        Ok(polled)
    }

    /// Reads what came, unless it is what we read last time.
    async fn read(
        &self,
        feed: &DueFeed,
        fetched: &Fetched,
    ) -> Result<Option<Result<DocumentRead, ParseError>>, StoreError> {
        let Outcome::Document { body, content_type, delta } = &fetched.outcome else {
            return Ok(None);
        };
        let body_hash = xxh3_64(body);
        if feed.body_hash == Some(body_hash) {
            return Ok(None);
        }
        let document = Document {
            bytes: body.clone(),
            content_type: content_type.clone(),
            base: Some(fetched.final_url.clone()),
        };
        let base = fetched.final_url.clone();
        let raw = match self
            .on_a_core(move || with_offers(parse::read(&document), &document, &base))
            .await
        {
            Ok(raw) => raw,
            Err(error) => return Ok(Some(Err(error))),
        };
        let guids: Vec<String> = raw.entries.iter().map(|entry| entry.guid.clone()).collect();
        let known = match feed.entries {
            0 => HashMap::new(),
            _ => self.store.known(feed.id, guids.clone()).await?,
        };
        let partial = *delta;
        let read = self.on_a_core(move || Ok(ready(raw, guids, &known, partial, body_hash))).await;
        Ok(Some(read))
    }

    /// Runs CPU work on a blocking thread; its panic is this document's error.
    async fn on_a_core<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, ParseError> + Send + 'static,
    ) -> Result<T, ParseError> {
        let _permit = self.cores.acquire().await.expect("nobody closes the semaphore");
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
            warn!("a document made the reader panic: {error}");
            let reason = "the reader broke on it (please report the feed)".to_owned();
            Err(ParseError::NotAFeed { reason })
        })
    }

    async fn around(&self, feed: &DueFeed, fetched: &Fetched) -> Around {
        let reach = conclude::reach(fetched);
        if let Some(reach) = reach {
            self.network().saw(feed.poll_url.host_str().unwrap_or_default(), reach);
            self.met.notify_waiters();
        }
        if reach == Some(Reach::Unreached) && !is_this_machine(&feed.poll_url) {
            self.second_opinion().await;
        }
        let moved_onto = fetched
            .permanent_url
            .as_ref()
            .and_then(|target| self.addresses.get(target.as_str()))
            .filter(|name| **name != feed.name)
            .cloned();
        Around { our_network_is_down: self.network().is_down(), moved_onto }
    }

    /// One host that cannot be reached proves nothing: waits for what the next requests meet,
    /// for a moment, so that the first feeds of an outage of ours are not blamed for it.
    async fn second_opinion(&self) {
        let heard = async {
            loop {
                // Made before the look, so that nothing met in between is missed.
                let met = self.met.notified();
                if self.network().is_down() {
                    break;
                }
                met.await;
                if self.network().reached_last() {
                    break;
                }
            }
        };
        // No word within the time is an answer, too: nobody else was asked.
        let _ = tokio::time::timeout(SECOND_OPINION, heard).await;
    }

    fn network(&self) -> MutexGuard<'_, NetworkWatch> {
        self.network.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hosts that asked for rest before this process began rest on.
pub async fn seed_rests(poller: &Poller) -> Result<(), StoreError> {
    for (url, until) in poller.store.rests(Utc::now()).await? {
        poller.fetcher.hosts().rest(&url, until);
    }
    Ok(())
}

impl Polled {
    /// One line a poll, to be read alone.
    fn log(&self) {
        let Self { name, url, committed, .. } = self;
        let elapsed_millis = self.elapsed.as_millis() as u64;
        let status = self.status.unwrap_or_default();
        match &self.error {
            None => info!(
                feed = %name, status, new_entries = committed.new_entries,
                changed_entries = committed.changed_entries, elapsed_millis, "polled {url}"
            ),
            Some(error) => {
                warn!(feed = %name, status, elapsed_millis, "polled {url}: {error}");
            }
        }
    }
}

/// A web page in place of a feed says which feeds it offers.
fn with_offers(
    read: Result<RawFeed, ParseError>,
    document: &Document,
    base: &url::Url,
) -> Result<RawFeed, ParseError> {
    read.map_err(|error| {
        let offers =
            parse::discover::discover(&document.bytes, document.content_type.as_deref(), base);
        let offers: Vec<String> =
            offers.iter().take(MAX_OFFERS).map(|feed| feed.url.to_string()).collect();
        match error {
            ParseError::NotAFeed { reason } if !offers.is_empty() => ParseError::NotAFeed {
                reason: format!("{reason}; it offers these feeds: {}", offers.join(", ")),
            },
            error => error,
        }
    })
}

/// Finishes and fingerprints what is new or changed.
fn ready(
    raw: RawFeed,
    guids: Vec<String>,
    known: &HashMap<String, Vec<u64>>,
    partial: bool,
    body_hash: u64,
) -> DocumentRead {
    let now = Utc::now();
    let window = raw.entries.len() as u32;
    let dates = raw.entries.iter().filter_map(|entry| entry.published.or(entry.updated)).collect();
    let mut repairs = raw.repairs;
    let mut entries = Vec::new();
    let (mut new_entries, mut unchanged) = (0, 0);
    for entry in raw.entries {
        match known.get(&entry.guid) {
            Some(hashes) if hashes.contains(&entry.hash()) => {
                unchanged += 1;
                continue;
            }
            Some(_) => {}
            None => new_entries += 1,
        }
        let entry = parse::finish(entry, now, &mut repairs);
        let fingerprint = dedup::fingerprint(&entry);
        entries.push(Arriving { entry, fingerprint });
    }
    let meta = parse::finish_meta(raw.meta, now);
    let reading = Reading { meta, links: raw.links, repairs, entries, unchanged, guids, partial };
    DocumentRead { reading, hints: raw.hints, body_hash, window, new_entries, dates }
}

/// Loopback needs no network, so that its failures tell nothing about it.
fn is_this_machine(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => true,
    }
}

/// Ordinary feeds are a tenth of it; 64 of this size at once are still bearable.
const HEAVY_BYTES: usize = 1024 * 1024;

/// Requests to several hosts that fail for our network's sake fail within moments.
const SECOND_OPINION: Duration = Duration::from_secs(2);

/// Enough to choose from in one line of an error.
const MAX_OFFERS: usize = 3;
