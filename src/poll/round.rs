//! One round: every feed that was asked for is polled once, then it is over.

use std::{sync::Arc, time::Duration};

use chrono::Utc;

use crate::store::{Claim, StoreError};

use super::{Dispatch, Polled, Poller};

/// What a round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    pub polled: u32,
    pub failed: u32,
    pub not_modified: u32,
    pub new_entries: u32,
    pub changed_entries: u32,
    pub new_articles: u32,
    pub joined: u32,
}

/// Polls each claimed feed once. `progress` hears how many feeds there are, and of each end.
pub async fn fetch_once(
    poller: Arc<Poller>,
    which: Claim,
    concurrency: usize,
    mut progress: impl FnMut(usize, Option<&Polled>),
) -> Result<Round, StoreError> {
    let store = poller.store().clone();
    // All at once: a feed that comes due again while the round goes on is the next round's.
    let feeds = store.claim(which, Utc::now(), u32::MAX, LEASE).await?;
    let total = feeds.len();
    progress(total, None);
    let mut dispatch = Dispatch::new(poller, concurrency);
    dispatch.add(feeds);
    let mut round = Round::default();
    loop {
        dispatch.start_ready();
        let resting = dispatch.take_resting();
        if !resting.is_empty() {
            store.release(resting).await?;
        }
        if dispatch.is_idle() {
            return Ok(round);
        }
        if let Some(polled) = dispatch.next().await {
            let polled = polled?;
            round.count(&polled);
            progress(total, Some(&polled));
        }
    }
}

impl Round {
    fn count(&mut self, polled: &Polled) {
        self.polled += 1;
        self.failed += u32::from(polled.error.is_some());
        self.not_modified += u32::from(polled.status == Some(304));
        self.new_entries += polled.committed.new_entries;
        self.changed_entries += polled.committed.changed_entries;
        self.new_articles += polled.committed.new_articles;
        self.joined += polled.committed.joined;
    }
}

/// Longer than a round over a few hundred feeds of one host takes; a killed round's feeds
/// are free again after it.
const LEASE: Duration = Duration::from_secs(15 * 60);
