//! One poll of one feed, end to end.

pub mod conclude;

use std::sync::Arc;

use crate::{
    fetch::Fetcher,
    metrics::Metrics,
    model::{FeedState, PaceLimits},
    store::{Claim, Committed, Store, StoreError},
};

/// Polls feeds.
#[derive(Debug)]
pub struct Poller;

/// What came of one poll.
#[derive(Debug, Clone)]
pub struct Polled {
    pub name: String,
    pub url: url::Url,
    pub status: Option<u16>,
    pub committed: Committed,
    pub state: FeedState,
    pub error: Option<String>,
    pub elapsed: std::time::Duration,
}

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

impl Poller {
    pub fn new(
        _store: Store,
        _fetcher: Fetcher,
        _pace: PaceLimits,
        _metrics: Metrics,
        _feeds: impl IntoIterator<Item = (url::Url, String)>,
    ) -> Self {
        Self
    }
}

/// A stand-in until the real round is there.
pub async fn fetch_once(
    _poller: Arc<Poller>,
    _which: Claim,
    _concurrency: usize,
    mut progress: impl FnMut(usize, Option<&Polled>),
) -> Result<Round, StoreError> {
    progress(0, None);
    Ok(Round::default())
}
