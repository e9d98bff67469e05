//! What the store needs beside polls: retention, HTML cleaned by the newest rules, and a search
//! index in few parts.
//!
//! In: nights, and a stop. Out: a tidy store. Runs beside the poll loop, in steps between
//! which polls commit, so that neither a long sweep nor a million old entries keep a feed
//! waiting. What is cut off goes on at the next start.

use std::{panic::catch_unwind, sync::Arc, time::Duration};

use chrono::Utc;
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval_at},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::{
    parse::html,
    store::{Cleaner, Recleaned, Store, StoreError},
};

/// What the daemon tells the upkeep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// Nights so far: one more, and it is time to sweep.
    pub nights: u64,
    /// How long entries are kept.
    pub keep: Duration,
}

/// Keeps the store tidy until `stop`.
pub async fn keep(
    store: Store,
    mut wish: watch::Receiver<Wish>,
    revision: watch::Sender<u64>,
    stop: CancellationToken,
) {
    let work = async {
        let Wish { mut nights, keep } = *wish.borrow_and_update();
        // A machine that sleeps at the hour of the sweep would else keep everything for ever.
        let missed = store.missed_sweep(Utc::now()).await;
        if told(missed).unwrap_or(false) {
            sweep(&store, keep, &revision).await;
        }
        let _ = told(reclean(&store, html::RULES_VERSION, cleaner(), PAUSE, &revision).await);
        // Not at once: who has just started is asked for its first pages.
        let mut merging = interval_at(Instant::now() + MERGING, MERGING);
        merging.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = merging.tick() => {
                    if let Err(error) = store.merge_index().await {
                        debug!("the next step is in a moment: {error}");
                    }
                }
                changed = wish.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    let now = *wish.borrow_and_update();
                    if now.nights != nights {
                        nights = now.nights;
                        sweep(&store, now.keep, &revision).await;
                    }
                }
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}

/// Before a round: what comes into an empty store is by today's rules, and needs no other look.
pub async fn begin(store: &Store) {
    let work = async {
        if store.html_state(html::RULES_VERSION).await?.left == 0 {
            store.reclean(html::RULES_VERSION, cleaner(), Utc::now()).await?;
        }
        Ok(())
    };
    let _ = told(work.await);
}

/// All of it at once, where no daemon does it.
pub async fn once(store: &Store, keep: Duration, stop: &CancellationToken) {
    let (revision, _) = watch::channel(0);
    let work = async {
        if store.missed_sweep(Utc::now()).await? {
            sweep(store, keep, &revision).await;
        }
        reclean(store, html::RULES_VERSION, cleaner(), Duration::ZERO, &revision).await
    };
    tokio::select! {
        () = stop.cancelled() => {}
        done = work => { let _ = told(done); }
    }
}

async fn sweep(store: &Store, keep: Duration, revision: &watch::Sender<u64>) {
    let Some(swept) = told(store.sweep(Utc::now(), keep).await) else { return };
    info!(entries = swept.entries, articles = swept.articles, fetches = swept.fetches, "swept");
    tell_revision(store, revision).await;
}

/// Brings all stored HTML under rules of this version.
async fn reclean(
    store: &Store,
    version: u32,
    clean: Cleaner,
    pause: Duration,
    revision: &watch::Sender<u64>,
) -> Result<(), StoreError> {
    let before = store.html_state(version).await?;
    if before.left > 0 {
        let (old, left) = (before.version, before.left);
        info!(
            "the sanitizer's rules are of version {version}, the store's HTML of {old}: {left} entries are cleaned again"
        );
    }
    let mut all = Recleaned::default();
    while let Some(some) = store.reclean(version, Arc::clone(&clean), Utc::now()).await? {
        all.entries += some.entries;
        all.changed += some.changed;
        if some.changed > 0 {
            tell_revision(store, revision).await;
        }
        tokio::time::sleep(pause).await;
    }
    if all.entries > 0 {
        info!(entries = all.entries, changed = all.changed, "stored HTML is cleaned again");
    }
    Ok(())
}

/// What breaks the sanitizer is not shown, and keeps nothing else from being cleaned.
fn cleaner() -> Cleaner {
    Arc::new(|html| catch_unwind(|| html::again(html)).unwrap_or_default())
}

async fn tell_revision(store: &Store, revision: &watch::Sender<u64>) {
    if let Some(now) = told(store.revision().await) {
        revision.send_replace(now);
    }
}

/// The store's faults are the poll loop's to mend; this work waits for another time.
fn told<T>(done: Result<T, StoreError>) -> Option<T> {
    match done {
        Ok(done) => Some(done),
        Err(StoreError::Closed { .. }) => None,
        Err(error) => {
            warn!("the store's upkeep waits for the next night or start: {error}");
            None
        }
    }
}

/// Between two steps: polls come first, and a fraction of one core is enough.
const PAUSE: Duration = Duration::from_millis(100);

/// Between two steps that merge the search index. A step is some hundredths of a second of work.
const MERGING: Duration = Duration::from_secs(10);
