//! What a hub does for a feed: offers to push, and pushes.
//!
//! A push takes the road of a poll from reading on: claim, read, conclude, commit. It is a
//! part of the feed and no answer of its server: validators, address and the next poll stay
//! as they are. The store has noted it before the hub was answered, and forgets the note with
//! the commit, or when the feed is made due in its place: no crash loses what a hub brought.

use std::time::{Duration, Instant};

use chrono::Utc;
use tracing::{info, warn};
use url::Url;

use super::{
    Polled, Poller,
    conclude::{Around, conclude},
};
use crate::{
    model::{
        DocumentLinks, DueFeed, FeedId, FeedState, Fetched, Freshness, Outcome, Push, PushId,
        Validators, redacted,
    },
    store::{Committed, StoreError},
    websub,
};

impl Poller {
    /// Takes in what a hub pushed. One that cannot be taken in makes the feed due instead.
    pub async fn take_push(&self, push: Push) -> Result<Option<Polled>, StoreError> {
        let started = Instant::now();
        let (push_id, feed_id) = (push.id, push.feed);
        let Some(feed) = self.claim_for_push(feed_id).await? else {
            warn!("a push came while its feed was busy: the feed is polled instead");
            self.store.poll_for_push(push_id, feed_id, Utc::now()).await?;
            return Ok(None);
        };
        let mut fetched = pushed(&feed, push);
        let place = self.room.place_for(&fetched).await;
        let read = match self.take_in(&feed, &mut fetched, &place).await {
            Ok(read) => read,
            Err(error) => {
                self.give_back(push_id, feed_id).await?;
                return Err(error);
            }
        };
        let reading = match read.document {
            Some(Ok(reading)) => reading,
            Some(Err(error)) => {
                self.give_back(push_id, feed_id).await?;
                warn!(feed = %feed.name, "a push was not readable, the feed is polled: {error}");
                return Ok(None);
            }
            // The very document that was read last.
            None => {
                self.store.release(vec![feed_id]).await?;
                self.store.settle_push(push_id).await?;
                return Ok(None);
            }
        };
        let now = Utc::now();
        let around = Around::default();
        let mut update = conclude(&feed, &fetched, Some(Ok(reading)), &around, &self.pace, now);
        if update.state == FeedState::Gone {
            // A feed that says it is finished says so to a poll, too.
            update.state = FeedState::Ok;
        }
        update.next_poll = Some(feed.next_poll);
        update.memory.hints = feed.memory.hints.clone();
        update.memory.fresh_for_seconds = feed.memory.fresh_for_seconds;
        update.memory.reason = feed.memory.reason.clone();
        let (state, error) = (update.state, update.record.error.clone());
        let committed = match self.store.commit_push(push_id, update, read.parts).await {
            Ok(committed) => committed,
            Err(error) => {
                self.give_back(push_id, feed_id).await?;
                return Err(error);
            }
        };
        let elapsed = started.elapsed();
        let Committed { new_entries, changed_entries, .. } = committed;
        let url = redacted(&feed.poll_url);
        let elapsed_millis = elapsed.as_millis() as u64;
        info!(feed = %feed.name, new_entries, changed_entries, elapsed_millis, "pushed {url}");
        let (name, bytes) = (feed.name, fetched.bytes);
        let next_poll = None;
        Ok(Some(Polled {
            name,
            url,
            status: None,
            bytes,
            committed,
            state,
            error,
            next_poll,
            quick: false,
            elapsed,
        }))
    }

    /// Waits for a poll by another process, which may have asked just too early.
    async fn claim_for_push(&self, feed: FeedId) -> Result<Option<DueFeed>, StoreError> {
        for _ in 0..CLAIM_TRIES {
            if let Some(feed) = self.store.claim_one(feed, Utc::now(), LEASE).await? {
                return Ok(Some(feed));
            }
            tokio::time::sleep(CLAIM_PAUSE).await;
        }
        Ok(None)
    }

    async fn give_back(&self, push: PushId, feed: FeedId) -> Result<(), StoreError> {
        self.store.release(vec![feed]).await?;
        self.store.poll_for_push(push, feed, Utc::now()).await
    }

    /// Takes note of the hub that an answer names. `links`: those of the document, where it
    /// was read. The poll is committed by then, and good without it.
    pub(super) async fn note_hub(
        &self,
        feed: FeedId,
        fetched: &Fetched,
        links: Option<&DocumentLinks>,
    ) {
        if let Err(error) = self.try_note_hub(feed, fetched, links).await {
            warn!("a hub was not noted: {error}");
        }
    }

    async fn try_note_hub(
        &self,
        feed: FeedId,
        fetched: &Fetched,
        links: Option<&DocumentLinks>,
    ) -> Result<(), StoreError> {
        let Outcome::Document { delta: false, .. } = fetched.outcome else { return Ok(()) };
        // An unread document may name what the header does not.
        let header_says_all = !fetched.hubs.is_empty() && fetched.topic.is_some();
        let links = match links {
            Some(links) => links.clone(),
            None if header_says_all => DocumentLinks::default(),
            None => return Ok(()),
        };
        let (hubs, topic) = (&fetched.hubs, fetched.topic.as_ref());
        let known = self.store.subscription(feed).await?;
        match (websub::offer(hubs, topic, &links, &fetched.final_url), known) {
            (Some(offer), Some(known)) if known.hub == offer.hub && known.topic == offer.topic => {
                Ok(())
            }
            (Some(offer), _) => {
                self.store.wish_subscription(feed, offer.hub, offer.topic, Utc::now()).await
            }
            (None, Some(_)) => self.store.forget_subscription(feed).await,
            (None, None) => Ok(()),
        }
    }
}

/// A push as an answer: a part of the feed, from where its documents come.
fn pushed(feed: &DueFeed, push: Push) -> Fetched {
    let from: &Url = feed.memory.validators_url.as_ref().unwrap_or(&feed.poll_url);
    let bytes = push.body.len() as u64;
    let Push { body, content_type, .. } = push;
    Fetched {
        outcome: Outcome::Document { body, content_type, delta: true },
        status: None,
        final_url: redacted(from),
        permanent_url: None,
        conditional: true,
        validators: Validators::default(),
        freshness: Freshness::default(),
        retry_after: feed.memory.retry_after,
        hubs: Vec::new(),
        topic: None,
        bytes,
        elapsed: Duration::ZERO,
    }
}

/// Reading and committing take moments; after a crash the feed is free then.
const LEASE: Duration = Duration::from_secs(2 * 60);

/// Another process's poll ends by its own deadline, 30 s usually.
const CLAIM_TRIES: usize = 40;
const CLAIM_PAUSE: Duration = Duration::from_secs(1);
