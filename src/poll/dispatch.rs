//! Polls in flight: at most so many at once, hosts by turns.
//!
//! In: claimed feeds. Out: what came of each. A feed takes a slot only once its host lets it
//! in, so that a slow host delays nobody else; and a part of the slots is kept for feeds that
//! were quick the last time, so that slow and large ones, however many, cannot delay those.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::Utc;
use tokio::{
    sync::mpsc,
    task::{self, JoinError, JoinSet},
};
use tracing::error;

use crate::{
    fetch::{HostPass, Turn},
    model::{DueFeed, FeedId, Push, Time},
    schedule,
    store::StoreError,
};

use super::{Polled, Poller, queue::Queue};

/// How a task ended: nothing to tell for a push that could not be taken in.
type Ended = Result<Option<Polled>, StoreError>;

/// Claimed feeds on their way.
#[derive(Debug)]
pub struct Dispatch {
    poller: Arc<Poller>,
    concurrency: usize,
    queue: Queue,
    /// Queued or in flight: a feed whose lease ran out meanwhile is not taken twice.
    ours: HashSet<FeedId>,
    polls: JoinSet<Ended>,
    /// Whose poll a task is: a task that broke cannot tell it any more.
    tasks: HashMap<task::Id, FeedId>,
    /// Feeds whose last poll, or the one before it, took next to nothing.
    quick: HashSet<FeedId>,
    /// How many of those are in the queue.
    quick_waiting: usize,
    /// Those of them that were slow once since: on a machine that has too much to do, everybody
    /// is at times.
    doubtful: HashSet<FeedId>,
    /// Feeds in flight of which that is not known.
    slow: HashSet<FeedId>,
    /// Feeds whose documents are read: they wait for the store, and need no slot for that.
    read: HashSet<FeedId>,
    /// Who tells so.
    reading: (mpsc::UnboundedSender<FeedId>, mpsc::UnboundedReceiver<FeedId>),
    /// What hubs pushed and nobody has begun to read.
    pushes: VecDeque<Push>,
    /// Feeds whose pushes are being taken in.
    pushing: HashSet<FeedId>,
    /// Feeds whose polls the store could not keep.
    stranded: Vec<FeedId>,
    /// Feeds that were claimed although they are ours: see [`Self::take_twice`].
    twice: Vec<FeedId>,
    /// Feeds whose host asked for rest, and when they may be polled.
    resting: Vec<(FeedId, Time)>,
    /// When the first waiting host lets somebody in.
    wake: Option<Instant>,
}

impl Dispatch {
    pub fn new(poller: Arc<Poller>, concurrency: usize) -> Self {
        Self {
            poller,
            concurrency: concurrency.max(1),
            queue: Queue::default(),
            ours: HashSet::new(),
            polls: JoinSet::new(),
            tasks: HashMap::new(),
            quick: HashSet::new(),
            quick_waiting: 0,
            doubtful: HashSet::new(),
            slow: HashSet::new(),
            read: HashSet::new(),
            reading: mpsc::unbounded_channel(),
            pushes: VecDeque::new(),
            pushing: HashSet::new(),
            stranded: Vec::new(),
            twice: Vec::new(),
            resting: Vec::new(),
            wake: None,
        }
    }

    /// New polls go by new settings; those in flight end by the old ones.
    pub fn reload(&mut self, poller: Arc<Poller>, concurrency: usize) {
        self.queue.move_to(poller.fetcher().hosts());
        self.poller = poller;
        self.concurrency = concurrency.max(1);
    }

    /// How many more feeds are worth claiming.
    pub fn room(&self) -> usize {
        (self.concurrency * WAITING_FACTOR).saturating_sub(self.queue.len() + self.polls.len())
    }

    pub fn in_flight(&self) -> usize {
        self.polls.len()
    }

    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.polls.is_empty() && self.pushes.is_empty()
    }

    pub fn add(&mut self, feeds: Vec<DueFeed>) {
        for feed in feeds {
            if self.ours.insert(feed.id) {
                if let Some(rest) = feed.memory.retry_after.filter(|rest| rest.whole_host) {
                    self.poller.fetcher().hosts().rest(&feed.poll_url, rest.until);
                }
                let is_quick = self.quick.contains(&feed.id);
                self.quick_waiting += usize::from(is_quick);
                self.queue.push(Box::new(feed), self.poller.fetcher().hosts(), is_quick);
            } else {
                self.twice.push(feed.id);
            }
        }
    }

    /// Whether there is room for one more push.
    pub fn takes_pushes(&self) -> bool {
        self.pushes.len() + self.pushing.len() < PUSHES
    }

    pub fn add_push(&mut self, push: Push) {
        self.pushes.push_back(push);
    }

    /// Starts what may go now.
    pub fn start_ready(&mut self) {
        self.wake = None;
        for push in std::mem::take(&mut self.pushes) {
            // Behind a poll of the same feed, which began before it.
            if !self.ours.insert(push.feed) {
                self.pushes.push_back(push);
                continue;
            }
            self.pushing.insert(push.feed);
            let poller = Arc::clone(&self.poller);
            self.spawn(push.feed, async move { Box::pin(poller.take_push(push)).await });
        }
        while self.polls.len() - self.read.len() < self.concurrency
            && self.polls.len() < self.concurrency * COMMITTING_FACTOR
        {
            let mut pass: Option<HostPass> = None;
            let mut rests = None;
            let (hosts, wake) = (self.poller.fetcher().hosts(), &mut self.wake);
            let slow_may_go = self.slow.len() < self.concurrency - self.concurrency / KEPT_PART;
            if !slow_may_go && self.quick_waiting == 0 {
                break;
            }
            let next = self.queue.next(|line| {
                (slow_may_go || line.is_quick)
                    && match hosts.try_enter(&line.host) {
                        Turn::Now(open) => {
                            pass = Some(open);
                            true
                        }
                        Turn::NotBefore(at) => {
                            let at = at.into_std();
                            *wake = Some(wake.map_or(at, |wake| wake.min(at)));
                            false
                        }
                        Turn::Busy => false,
                        Turn::Resting(left) => {
                            rests = Some(left);
                            true
                        }
                    }
            });
            if let Some((feed, _)) = &next {
                self.quick_waiting -= usize::from(self.quick.contains(&feed.id));
            }
            match (next, pass) {
                (Some((feed, is_last)), Some(mut pass)) => {
                    if is_last {
                        pass.be_last();
                    }
                    self.start(feed, pass);
                }
                (Some((feed, _)), None) => {
                    let now = Utc::now();
                    let until = now + rests.unwrap_or_default();
                    self.ours.remove(&feed.id);
                    self.resting.push((feed.id, schedule::after_rest(&feed.url, until, now)));
                }
                (None, _) => break,
            }
        }
    }

    /// Waits until a poll has ended (`Some`), or a slot is free or a host may be asked again
    /// (`None`).
    ///
    /// Never ready where nothing is in flight and nobody waits. Cancel safe.
    pub async fn next(&mut self) -> Option<Result<Polled, StoreError>> {
        let wake = self.wake;
        let woken = async {
            match wake {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(joined) = self.polls.join_next_with_id() => self.ended(joined),
            Some(feed) = self.reading.1.recv() => {
                self.has_read(feed);
                None
            }
            () = woken => None,
        }
    }

    /// Feeds to be put off until then: their hosts asked for rest.
    pub fn take_resting(&mut self) -> Vec<(FeedId, Time)> {
        std::mem::take(&mut self.resting)
    }

    /// Feeds that were claimed in vain, to be given back: due again before anyone saw that
    /// their poll had ended, or in flight for longer than their lease.
    pub fn take_twice(&mut self) -> Vec<FeedId> {
        std::mem::take(&mut self.twice)
    }

    /// Feeds whose polls came to nothing, for the store failed: they are still leased, and to
    /// be given back once it works.
    pub fn take_stranded(&mut self) -> Vec<FeedId> {
        std::mem::take(&mut self.stranded)
    }

    /// They could not be given back yet.
    pub fn strand(&mut self, feeds: Vec<FeedId>) {
        self.stranded.extend(feeds);
    }

    /// Takes back what has not begun.
    pub fn drain(&mut self) -> Vec<FeedId> {
        let waiting = self.queue.drain();
        self.quick_waiting = 0;
        for feed in &waiting {
            self.ours.remove(feed);
        }
        waiting
    }

    /// Lets polls in flight end, for so long; then they are cut off. Tells which feeds were,
    /// so that they can be given back.
    pub async fn finish(&mut self, patience: Duration) -> Vec<FeedId> {
        let all = async {
            while let Some(joined) = self.polls.join_next_with_id().await {
                let _ = self.ended(joined);
            }
        };
        if tokio::time::timeout(patience, all).await.is_err() {
            self.polls.shutdown().await;
        }
        self.ours.drain().collect()
    }

    fn start(&mut self, feed: Box<DueFeed>, pass: HostPass) {
        if !self.quick.contains(&feed.id) {
            self.slow.insert(feed.id);
        }
        let poller = Arc::clone(&self.poller);
        let (id, told) = (feed.id, self.reading.0.clone());
        let on_read = move || {
            let _ = told.send(id);
        };
        self.spawn(id, async move { poller.poll(feed, pass, on_read).await.map(Some) });
    }

    fn note_pace(&mut self, feed: FeedId, was_quick: bool) {
        if was_quick {
            self.quick.insert(feed);
            self.doubtful.remove(&feed);
        } else if !self.quick.contains(&feed) || !self.doubtful.insert(feed) {
            self.quick.remove(&feed);
            self.doubtful.remove(&feed);
        }
    }

    fn has_read(&mut self, feed: FeedId) {
        self.slow.remove(&feed);
        self.read.insert(feed);
    }

    fn spawn(&mut self, feed: FeedId, work: impl Future<Output = Ended> + Send + 'static) {
        let task = self.polls.spawn(work);
        self.tasks.insert(task.id(), feed);
    }

    fn ended(
        &mut self,
        joined: Result<(task::Id, Ended), JoinError>,
    ) -> Option<Result<Polled, StoreError>> {
        let task = joined.as_ref().map_or_else(JoinError::id, |(task, _)| *task);
        // Who has ended has told that it has read before.
        while let Ok(feed) = self.reading.1.try_recv() {
            self.has_read(feed);
        }
        if let Some(feed) = self.tasks.remove(&task) {
            self.ours.remove(&feed);
            self.slow.remove(&feed);
            self.read.remove(&feed);
            if matches!(joined, Ok((_, Err(_)))) {
                self.stranded.push(feed);
            }
            // A push says nothing of the feed's own server.
            if !self.pushing.remove(&feed) {
                let was_quick = matches!(&joined, Ok((_, Ok(Some(polled)))) if polled.quick);
                self.note_pace(feed, was_quick);
            }
        }
        match joined {
            Ok((_, polled)) => polled.transpose(),
            Err(error) => {
                // Its lease runs out, and the feed is polled again then.
                error!("a poll broke: {error}");
                None
            }
        }
    }
}

/// Waiting feeds for each slot: enough that a slot finds one whose host is free, and that
/// hundreds of slow feeds do not keep the quick ones from being claimed.
const WAITING_FACTOR: usize = 16;

/// Polls for each slot, with those that wait for the store: the more of them, the fewer
/// transactions.
const COMMITTING_FACTOR: usize = 8;

/// One slot in so many is kept for quick feeds.
const KEPT_PART: usize = 4;

/// Pushes in memory; the hub is told to come again with more.
const PUSHES: usize = 4;
