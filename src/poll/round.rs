//! One round: every feed that was asked for is polled once, then it is over.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use tokio_util::sync::CancellationToken;

use crate::store::{Claim, StoreError};

use super::{Dispatch, Polled, Poller, seed_rests};

/// What a round tells while it goes on.
#[derive(Debug, Clone)]
pub enum Progress {
    /// So many feeds were claimed.
    Claimed(usize),
    Polled(Polled),
}

/// Polls each feed of `which` once; ends early, claims given back, when `stop` is cancelled.
pub async fn fetch_once(
    poller: Arc<Poller>,
    which: Claim,
    concurrency: usize,
    stop: CancellationToken,
    mut on_progress: impl FnMut(Progress),
) -> Result<(), StoreError> {
    let store = poller.store().clone();
    // All at once: a feed that comes due again while the round goes on is the next round's.
    let feeds = store.claim(which, Utc::now(), u32::MAX, LEASE).await?;
    seed_rests(&poller).await?;
    on_progress(Progress::Claimed(feeds.len()));
    let mut dispatch = Dispatch::new(poller, concurrency);
    dispatch.add(feeds);
    loop {
        if !stop.is_cancelled() {
            dispatch.start_ready();
        }
        let resting = dispatch.take_resting();
        if !resting.is_empty() {
            store.put_off(resting).await?;
        }
        if stop.is_cancelled() {
            store.release(dispatch.drain()).await?;
        }
        if dispatch.is_idle() {
            return Ok(());
        }
        tokio::select! {
            ended = dispatch.next() => if let Some(polled) = ended {
                on_progress(Progress::Polled(polled?));
            },
            () = stop.cancelled(), if !stop.is_cancelled() => {}
        }
    }
}

/// Longer than a round over a few hundred feeds of one host takes; a killed round's feeds
/// are free again after it.
const LEASE: Duration = Duration::from_secs(15 * 60);
