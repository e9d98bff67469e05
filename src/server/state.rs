//! What every handler needs: the store, the settings of the hour, the documents in memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant},
};

use tokio::sync::{Semaphore, mpsc, watch};

use super::{
    cache::{Cache, Version},
    document::Document,
    hubs::Ear,
    problem::Problem,
};
use crate::{
    metrics::Metrics,
    model::{Article, OutputSetting, Push, Rules, ServerSettings},
    publish::{self, echo::takes_in, pages::PageSite},
    store::Store,
};

/// The store as HTTP sees it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Server(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    metrics: Metrics,
    pulse: Pulse,
    published: RwLock<Arc<Published>>,
    cache: Cache,
    revisions: watch::Receiver<u64>,
    /// When the store was last asked for its revision, and what it said.
    asked: Mutex<Option<(Instant, u64)>>,
    rendering: Semaphore,
    searching: Semaphore,
    started: Instant,
    /// For the pushes of hubs; `None`: none can reach us.
    ear: RwLock<Option<Arc<Ear>>>,
}

/// The settings that documents are made from.
#[derive(Debug)]
pub struct Published {
    pub outputs: Vec<OutputSetting>,
    /// For outputs.
    pub site: publish::Site,
    /// For pages.
    pub pages: PageSite,
    /// What each output takes in, compiled.
    rules: HashMap<String, Arc<Rules>>,
    generation: u64,
}

impl Published {
    /// `generation` grows with each reload.
    pub fn new(settings: &ServerSettings, outputs: Vec<OutputSetting>, generation: u64) -> Self {
        let rules = outputs.iter().map(|output| {
            let rules = Rules::parse(&output.filter).unwrap_or_else(|fault| {
                // The config was refused for it; a filter that slipped in takes in what its
                // tags and feeds say.
                tracing::error!("output {}: {fault}", output.name);
                Rules::default()
            });
            (output.name.clone(), Arc::new(rules))
        });
        Self {
            rules: rules.collect(),
            site: publish::Site::new(settings, &outputs),
            pages: PageSite::served(settings, outputs.clone(), &super::assets::style_address()),
            outputs,
            generation,
        }
    }

    pub fn output(&self, name: &str) -> Option<&OutputSetting> {
        self.outputs.iter().find(|output| output.name == name)
    }

    /// Does the output of this name take in an article? By its rules, and none that is only
    /// an echo of ourselves. A name that is no output's takes in everything else.
    pub fn accept(self: &Arc<Self>, output: &str) -> impl Fn(&Article) -> bool + Send + 'static {
        let rules = self.rules.get(output).cloned().unwrap_or_default();
        let published = Arc::clone(self);
        move |article| takes_in(article, &rules, &published.site)
    }
}

impl Server {
    /// `revisions` tells the store's revision after each commit that changed something;
    /// commits of other processes are noticed within [`RECHECK`].
    pub fn new(
        store: Store,
        settings: &ServerSettings,
        outputs: Vec<OutputSetting>,
        revisions: watch::Receiver<u64>,
        metrics: Metrics,
        pulse: Pulse,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self(Arc::new(Inner {
            store,
            metrics,
            pulse,
            published: RwLock::new(Arc::new(Published::new(settings, outputs, 0))),
            cache: Cache::default(),
            revisions,
            asked: Mutex::new(None),
            rendering: Semaphore::new(cores),
            searching: Semaphore::new(SEARCHES),
            started: Instant::now(),
            ear: RwLock::default(),
        }))
    }

    /// New settings after a reload; documents are made anew when they are next asked for.
    pub fn reload(&self, settings: &ServerSettings, outputs: Vec<OutputSetting>) {
        let mut published = self.0.published.write().unwrap_or_else(PoisonError::into_inner);
        let generation = published.generation + 1;
        *published = Arc::new(Published::new(settings, outputs, generation));
    }

    /// Takes pushes of hubs up to this size from now on, or, with `None`, no more.
    pub fn hear(&self, pushes: Option<(mpsc::Sender<Push>, u64)>) {
        let ear = pushes.map(|(pushes, limit_bytes)| {
            let limit_bytes = usize::try_from(limit_bytes).unwrap_or(usize::MAX);
            Arc::new(Ear { pushes, limit_bytes })
        });
        *self.0.ear.write().unwrap_or_else(PoisonError::into_inner) = ear;
    }

    pub fn ear(&self) -> Option<Arc<Ear>> {
        self.0.ear.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn published(&self) -> Arc<Published> {
        Arc::clone(&self.0.published.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn store(&self) -> &Store {
        &self.0.store
    }

    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub fn pulse(&self) -> &Pulse {
        &self.0.pulse
    }

    /// The document of this key as the store is now: from memory, or made.
    pub async fn document<F>(
        &self,
        published: &Published,
        key: &str,
        make: impl FnOnce() -> F,
    ) -> Result<Arc<Document>, Problem>
    where
        F: Future<Output = Result<Document, Problem>>,
    {
        // Read before the making: what is committed meanwhile makes it anew next time.
        let revision = self.revision().await;
        let version = Version { revision, settings: published.generation };
        self.0.cache.document(key, version, make).await
    }

    /// The same for what changes without a new revision: at most [`LIVE`] old.
    pub async fn live_document<F>(
        &self,
        published: &Published,
        key: &str,
        make: impl FnOnce() -> F,
    ) -> Result<Arc<Document>, Problem>
    where
        F: Future<Output = Result<Document, Problem>>,
    {
        let tick = self.0.started.elapsed().as_secs() / LIVE.as_secs();
        let version = Version { revision: tick, settings: published.generation };
        self.0.cache.document(key, version, make).await
    }

    /// The newest revision that is known, asking the store now and then.
    ///
    /// A store that cannot be asked has not changed as far as anyone can see: what is in
    /// memory is still the best answer, and what is not will tell the error itself.
    async fn revision(&self) -> u64 {
        let told = *self.0.revisions.borrow();
        let known = *self.0.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, revision)) = known
            && at.elapsed() < RECHECK
        {
            return revision.max(told);
        }
        let revision = match self.0.store.revision().await {
            Ok(revision) => revision,
            Err(error) => {
                tracing::warn!("revision unknown: {error}");
                known.map_or(0, |(_, revision)| revision)
            }
        };
        let mut asked = self.0.asked.lock().unwrap_or_else(PoisonError::into_inner);
        *asked = Some((Instant::now(), revision));
        revision.max(told)
    }

    /// CPU work beside the requests that wait for the network.
    pub async fn render<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let _permit = self.0.rendering.acquire().await.map_err(|_| Problem::Broken)?;
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!("a document could not be made: {error}");
            Problem::Broken
        })
    }

    /// A turn for a search; searches are the one thing that a stranger can make expensive.
    pub async fn search_turn(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Problem> {
        let turn = tokio::time::timeout(SEARCH_PATIENCE, self.0.searching.acquire());
        turn.await.ok().and_then(Result::ok).ok_or(Problem::Busy)
    }
}

/// The fetch loop's sign of life, for `/readyz`. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Pulse(Arc<Mutex<Option<(Instant, Duration)>>>);

impl Pulse {
    /// The loop has just turned, and means to turn again within `period`.
    pub fn beat(&self, period: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), period));
    }

    /// It turned within two periods. A loop that never turned is not there: a server beside
    /// no loop is ready when its store is.
    pub fn is_alive(&self) -> bool {
        let beat = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        beat.is_none_or(|(at, period)| at.elapsed() <= period.saturating_mul(2))
    }
}

/// How long commits of other processes may go unnoticed.
const RECHECK: Duration = Duration::from_secs(1);

/// How old the state of the feeds on a page may be.
const LIVE: Duration = Duration::from_secs(2);

/// Searches at one time: readers of the store are few, and outputs need them, too.
const SEARCHES: usize = 2;

/// How long a search waits for its turn.
const SEARCH_PATIENCE: Duration = Duration::from_secs(5);
