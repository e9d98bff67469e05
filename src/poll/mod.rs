//! One poll of one feed, end to end, and who goes next.
//!
//! In: claimed feeds. Out: a [`Polled`] each, committed to the store. The road of a poll is
//! [`Poller::poll`]: fetch, read, ask what is known, finish and fingerprint what is new,
//! [`conclude`], commit. [`Dispatch`] decides which claimed feed goes next; [`fetch_once`] is
//! a whole round for `merganser fetch`. Never here: SQL, HTTP, the decision when to ask again.

pub mod conclude;
mod dispatch;
mod intake;
mod push;
mod queue;
mod room;
mod round;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::Utc;
use tokio::sync::Notify;
use tracing::{info, warn};

use crate::{
    fetch::{Fetcher, HostPass},
    metrics::{FetchResult, Metrics},
    model::{
        DocumentLinks, DueFeed, FeedSetting, FeedState, Fetched, Outcome, PaceLimits, Time, mended,
        redacted,
    },
    schedule::{NetworkWatch, Reach},
    store::{Committed, Store, StoreError},
};

use conclude::{Around, DocumentRead, conclude};
pub use dispatch::Dispatch;
use intake::Taken;
use room::{Place, Room};
pub use round::{Progress, fetch_once};

/// Polls feeds. Shared by all polls in flight.
#[derive(Debug)]
pub struct Poller {
    store: Store,
    fetcher: Fetcher,
    pace: PaceLimits,
    metrics: Metrics,
    /// Where documents are read.
    room: Room,
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
    /// Its server answered at once, and with little.
    pub quick: bool,
    pub elapsed: Duration,
}

/// What is to be told of a poll, once it is committed.
struct End {
    state: FeedState,
    error: Option<String>,
    next_poll: Option<Time>,
    unreadable: bool,
    /// Where hubs can reach us.
    links: Option<DocumentLinks>,
}

impl Poller {
    pub fn new(
        store: Store,
        fetcher: Fetcher,
        pace: PaceLimits,
        metrics: Metrics,
        feeds: &[FeedSetting],
    ) -> Self {
        Self {
            store,
            fetcher,
            pace,
            metrics,
            room: Room::default(),
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
    ///
    /// `on_read`: called when nothing is left to do but the commit.
    pub async fn poll(
        &self,
        mut feed: Box<DueFeed>,
        pass: HostPass,
        on_read: impl FnOnce(),
    ) -> Result<Polled, StoreError> {
        let started = Instant::now();
        if !self.hears_hubs {
            feed.memory.pushed_until = None;
        }
        let mut fetched = self.fetcher.fetch(&feed, pass).await;
        if let Some(rest) = fetched.retry_after.filter(|rest| rest.whole_host) {
            self.fetcher.hosts().rest(&fetched.final_url, rest.until);
        }
        let around = self.around(&feed, &fetched).await;
        // Held until the commit: what waits for the writer is in memory, too.
        let mut place = self.room.place_for(&fetched).await;
        // In a block and a call of their own: what a poll holds while it waits is small.
        let (end, commit) = {
            let read = match fetched.outcome {
                Outcome::Document { .. } => {
                    Box::pin(self.take_in(&feed, &mut fetched, &place)).await?
                }
                _ => Taken::default(),
            };
            on_read();
            self.conclude(&feed, &fetched, read, &around, &mut place)
        };
        let writing = Instant::now();
        let committed = commit.await?;
        self.metrics.committed(writing.elapsed());
        if self.hears_hubs && !end.unreadable {
            Box::pin(self.note_hub(feed.id, &fetched, end.links.as_ref())).await;
        }

        let result =
            if end.unreadable { FetchResult::Parse } else { FetchResult::of(&fetched.outcome) };
        let new_entries = u64::from(committed.new_entries);
        self.metrics.fetched(result, fetched.elapsed, fetched.bytes, new_entries);
        let polled = Polled {
            name: std::mem::take(&mut feed.name),
            url: redacted(&feed.poll_url),
            status: fetched.status,
            bytes: fetched.bytes,
            committed,
            state: end.state,
            error: end.error,
            next_poll: end.next_poll,
            quick: fetched.elapsed <= QUICK && fetched.bytes <= QUICK_BYTES,
            elapsed: started.elapsed(),
        };
        polled.log();
        Ok(polled)
    }

    /// What the poll means, and its commit on the way.
    fn conclude(
        &self,
        feed: &DueFeed,
        fetched: &Fetched,
        read: Taken,
        around: &Around,
        place: &mut Place<'_>,
    ) -> (End, impl Future<Output = Result<Committed, StoreError>>) {
        let reading = read.document;
        place.shrink(reading.iter().flatten().map(DocumentRead::bytes).sum());
        if let Some(Ok(read)) = &reading
            && mended(&read.reading.repairs).next().is_some()
        {
            self.metrics.repaired("document");
        }
        let unreadable = matches!(reading, Some(Err(_)));
        let links = match &reading {
            Some(Ok(read)) if self.hears_hubs => Some(read.reading.links.clone()),
            _ => None,
        };
        let update = conclude(feed, fetched, reading, around, &self.pace, Utc::now());
        let (state, next_poll) = (update.state, update.next_poll);
        let error = update.record.error.clone();
        let end = End { state, error, next_poll, unreadable, links };
        (end, self.store.commit_rest(update, read.parts))
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

/// Loopback needs no network, so that its failures tell nothing about it.
fn is_this_machine(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => true,
    }
}

/// Requests to several hosts that fail for our network's sake fail within moments.
const SECOND_OPINION: Duration = Duration::from_secs(2);

/// What a feed may cost that is polled on time whatever others do: see [`Dispatch`].
const QUICK: Duration = Duration::from_secs(1);
const QUICK_BYTES: u64 = 512 * 1024;
