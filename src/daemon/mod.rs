//! The running daemon: clock, polls, server, outputs, signals, and the order of their ends.
//!
//! In: a config. Out: nothing, until it is told to stop. Waiting is `select!` alone, which
//! only makes an [`Event`]; [`Daemon::handle`] does what it means. Never here: SQL, HTTP,
//! what a poll means.

mod archives;
mod clock;
pub mod outputs;
mod pings;
mod service;
mod signals;
mod subscriber;
pub mod upkeep;

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{TimeDelta, Utc};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    config::{self, Config},
    fetch::{Fetcher, FetcherError},
    metrics::Metrics,
    model::{Push, Time},
    poll::{Dispatch, Polled, Poller, seed_rests},
    schedule,
    server::{self, Pulse, Server},
    store::{Claim, OpenAs, Store, StoreError},
};

use clock::{Clock, Ring};
use signals::{Asked, Signals};
use subscriber::Hearing;

/// Why the daemon could not start, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Fetcher(#[from] FetcherError),
    #[error("cannot listen on {address}: change [server] listen, or end what holds the port")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("the clock does not start")]
    Clock(#[from] tokio_cron_scheduler::JobSchedulerError),
    #[error("the system gives no signals")]
    Signals(#[source] std::io::Error),
}

/// Runs until SIGTERM or SIGINT.
pub async fn run(config: Config) -> Result<(), DaemonError> {
    let listener = listen(config.server.listen).await?;
    let store = Store::open(&config.store, OpenAs::Daemon, config.dedup.clone())?;
    let mut signals = Signals::listen().map_err(DaemonError::Signals)?;
    let mut daemon = Daemon::start(config, store, listener).await?;
    // What is due already need not wait for the clock's first second.
    if let Err(error) = daemon.handle(Event::Rang(Ring::Tick)).await {
        daemon.store_failed(&error);
    }
    loop {
        let event = tokio::select! {
            asked = signals.next() => Event::Asked(asked),
            Some(ring) = daemon.rings.recv() => Event::Rang(ring),
            Some(push) = daemon.pushes.recv(), if daemon.dispatch.takes_pushes() => {
                Event::Pushed(push)
            }
            polled = daemon.dispatch.next() => Event::Polls(polled),
            () = due(daemon.soonest) => Event::Rang(Ring::Tick),
        };
        match daemon.handle(event).await {
            Ok(Next::GoOn) => {}
            Ok(Next::End) => break,
            // The store's fault may pass (a full disk, a lock); the feeds stay due.
            Err(error) => daemon.store_failed(&error),
        }
    }
    daemon.end().await
}

/// What the daemon waits for.
#[derive(Debug)]
enum Event {
    Asked(Asked),
    Rang(Ring),
    /// A poll has ended, or a host may be asked again.
    Polls(Option<Result<Polled, StoreError>>),
    /// A hub brought a document.
    Pushed(Push),
}

#[derive(Debug, PartialEq, Eq)]
enum Next {
    GoOn,
    End,
}

struct Daemon {
    config: Config,
    store: Store,
    metrics: Metrics,
    pulse: Pulse,
    clock: Clock,
    rings: mpsc::Receiver<Ring>,
    ring: mpsc::Sender<Ring>,
    dispatch: Dispatch,
    fetcher: Fetcher,
    server: Server,
    serving: JoinHandle<()>,
    publishing: JoinHandle<()>,
    pinging: JoinHandle<()>,
    subscribing: JoinHandle<()>,
    tidying: JoinHandle<()>,
    upkeep: watch::Sender<upkeep::Wish>,
    pushes: mpsc::Receiver<Push>,
    push: mpsc::Sender<Push>,
    hearing: watch::Sender<Option<Hearing>>,
    revision: watch::Sender<u64>,
    published: watch::Sender<outputs::Wanted>,
    stop: CancellationToken,
    watchdog: Option<(Duration, Instant)>,
    /// So that a fault that lasts is told once, not each second.
    last_fault: Option<String>,
    /// When a feed is due before the clock's next second.
    soonest: Option<Time>,
}

impl Daemon {
    async fn start(
        config: Config,
        store: Store,
        listener: TcpListener,
    ) -> Result<Self, DaemonError> {
        sync(&store, &config).await?;
        // Behind the spreading of what is due: these few need not wait.
        let redeemed = store.redeem_pushes(Utc::now()).await?;
        if redeemed > 0 {
            info!("{redeemed} pushes of hubs were not taken in before: their feeds are polled");
        }
        let metrics = Metrics::new();
        let pulse = Pulse::default();
        let fetcher = Fetcher::new(config.fetch.clone())?;
        let hearing = Hearing::of(&config, &fetcher);
        let poller = poller(&config, &store, &fetcher, &metrics, hearing.is_some());
        seed_rests(&poller).await?;
        let dispatch = Dispatch::new(poller, config.fetch.concurrency);
        let (revision, revisions) = watch::channel(store.revision().await?);
        let stop = CancellationToken::new();
        let server = Server::new(
            store.clone(),
            &config.server,
            config.outputs.clone(),
            revisions.clone(),
            metrics.clone(),
            pulse.clone(),
        );
        let (push, pushes) = mpsc::channel(PUSHES);
        server.hear(hearing.is_some().then(|| (push.clone(), config.fetch.max_body_bytes)));
        let (hearing, heard) = watch::channel(hearing);
        let subscribing = tokio::spawn(subscriber::keep(store.clone(), heard, stop.clone()));
        let address = listener.local_addr().unwrap_or(config.server.listen);
        let serving = tokio::spawn(serving(listener, server.clone(), stop.clone()));
        let (published, wanted) = watch::channel(outputs::Wanted::of(&config, &fetcher));
        let (told, mut tags) = watch::channel(pings::Told::default());
        let publishing =
            tokio::spawn(outputs::keep(store.clone(), wanted, revisions, told, stop.clone()));
        if config.server.hub.is_some() && tags.changed().await.is_err() {
            warn!("the outputs are not kept up to date");
        }
        let first = tags.borrow().clone();
        let pings = pings::Pings::begin(store.clone(), &first).await?;
        let pinging = tokio::spawn(pings.keep(tags, stop.clone()));
        let (upkeep, wish) = watch::channel(upkeep::Wish { nights: 0, keep: config.keep });
        let tidying =
            tokio::spawn(upkeep::keep(store.clone(), wish, revision.clone(), stop.clone()));
        let (ring, rings) = mpsc::channel(RINGS);
        let clock = Clock::start(&schedules(&config), ring.clone()).await?;
        info!("listening on http://{address}/");
        let status = format!("{} feeds, {} outputs", config.feeds.len(), config.outputs.len());
        service::ready(&status);
        info!("{status}; store {}", config.store.display());
        let watchdog = service::watchdog_period().map(|period| (period, Instant::now()));
        Ok(Self {
            config,
            store,
            metrics,
            pulse,
            clock,
            rings,
            ring,
            dispatch,
            fetcher,
            server,
            serving,
            publishing,
            pinging,
            subscribing,
            tidying,
            upkeep,
            pushes,
            push,
            hearing,
            revision,
            published,
            stop,
            watchdog,
            last_fault: None,
            soonest: None,
        })
    }

    async fn handle(&mut self, event: Event) -> Result<Next, StoreError> {
        match event {
            Event::Asked(Asked::Stop) => return Ok(Next::End),
            Event::Asked(Asked::Reload) => self.reload().await?,
            Event::Rang(Ring::Tick) => self.tick().await?,
            // `next_poll` holds the cron text's next moment already, spread by URL and later
            // where the publisher asked for it: the ring only says that it is time to look.
            Event::Rang(Ring::Schedule(_)) => self.tick().await?,
            Event::Rang(Ring::Night) => self.upkeep.send_modify(|wish| wish.nights += 1),
            Event::Polls(None) => {}
            Event::Pushed(push) => self.dispatch.add_push(push),
            Event::Polls(Some(polled)) => {
                let polled = polled?;
                self.look_at(polled.next_poll);
                if polled.committed != Default::default() {
                    self.tell_revision().await?;
                }
            }
        }
        self.dispatch.start_ready();
        let resting = self.dispatch.take_resting();
        if !resting.is_empty() {
            self.store.put_off(resting).await?;
        }
        Ok(Next::GoOn)
    }

    /// A second has passed: claims what is due, as far as there is room.
    async fn tick(&mut self) -> Result<(), StoreError> {
        self.give_back().await?;
        let room = u32::try_from(self.dispatch.room()).unwrap_or(u32::MAX);
        if room > 0 {
            let due = self.store.claim(Claim::Due, Utc::now(), room, LEASE).await?;
            if let Some(first) = due.iter().map(|feed| feed.next_poll).min() {
                let lag = (Utc::now() - first).to_std().unwrap_or_default();
                self.metrics.due(due.len() as u64, lag);
            }
            self.dispatch.add(due);
            self.soonest = None;
            self.look_at(self.store.next_due().await?);
        } else {
            self.soonest = None;
        }
        self.pulse.beat(TICK);
        if let Some(fault) = self.last_fault.take() {
            info!("the store works again (it was: {fault})");
        }
        if let Some((period, last)) = &mut self.watchdog
            && last.elapsed() >= *period
        {
            // The claim above proved the writer alive, this loop itself.
            *last = Instant::now();
            service::alive();
            let feeds = self.config.feeds.len();
            service::status(&format!("{feeds} feeds, {} in flight", self.dispatch.in_flight()));
        }
        Ok(())
    }

    /// Gives back what is leased and yet not on its way.
    ///
    /// Polls that the store could not keep are made again, though not at once: as long as its
    /// fault lasts, the feeds' servers would send the same each second.
    async fn give_back(&mut self) -> Result<(), StoreError> {
        let stranded = self.dispatch.take_stranded();
        if !stranded.is_empty() {
            let again = Utc::now() + AFTER_A_FAULT;
            let put_off = stranded.iter().map(|feed| (*feed, again)).collect();
            if let Err(error) = self.store.put_off(put_off).await {
                self.dispatch.strand(stranded);
                return Err(error);
            }
        }
        let twice = self.dispatch.take_twice();
        if !twice.is_empty() {
            self.store.release(twice).await?;
        }
        Ok(())
    }

    /// Remembers a feed that is due before the clock rings again. Not one that is overdue:
    /// there was no room for it, or another process has it.
    fn look_at(&mut self, next_poll: Option<Time>) {
        let now = Utc::now();
        let near = next_poll.filter(|at| *at > now && *at <= now + SECOND);
        self.soonest = self.soonest.into_iter().chain(near).min();
    }

    async fn tell_revision(&self) -> Result<(), StoreError> {
        let revision = self.store.revision().await?;
        self.revision.send_replace(revision);
        Ok(())
    }

    /// Takes a changed config; one with faults is refused, and the old one stays.
    async fn reload(&mut self) -> Result<(), StoreError> {
        service::reloading();
        let path: PathBuf = self.config.path.clone();
        let loaded = tokio::task::spawn_blocking(move || config::load(&path)).await;
        let new = match loaded {
            Ok(Ok(new)) => new,
            Ok(Err(faults)) => {
                for fault in faults {
                    error!("{fault}");
                }
                error!("{}: refused, the old config stays", self.config.path.display());
                service::ready("config refused, the old one stays");
                return Ok(());
            }
            Err(broken) => {
                error!("the config could not be read: {broken}");
                service::ready("config refused, the old one stays");
                return Ok(());
            }
        };
        for (changed, key) in [
            (new.store != self.config.store, "[store] path"),
            (new.server.listen != self.config.server.listen, "[server] listen"),
            (new.dedup != self.config.dedup, "[dedup]"),
        ] {
            if changed {
                warn!("{key} changes at the next start only");
            }
        }
        sync(&self.store, &new).await?;
        match self.fetcher.with_limits(new.fetch.clone()) {
            Ok(fetcher) => self.fetcher = fetcher,
            Err(fault) => error!("the old limits stay: {fault}"),
        }
        let hearing = Hearing::of(&new, &self.fetcher);
        let hears = hearing.is_some();
        self.server.hear(hears.then(|| (self.push.clone(), new.fetch.max_body_bytes)));
        self.hearing.send_replace(hearing);
        let poller = poller(&new, &self.store, &self.fetcher, &self.metrics, hears);
        self.dispatch.reload(poller, new.fetch.concurrency);
        if schedules(&new) != schedules(&self.config) {
            match Clock::start(&schedules(&new), self.ring.clone()).await {
                Ok(clock) => std::mem::replace(&mut self.clock, clock).stop().await,
                Err(fault) => error!("the old schedules stay: {fault}"),
            }
        }
        self.server.reload(&new.server, new.outputs.clone());
        self.published.send_replace(outputs::Wanted::of(&new, &self.fetcher));
        self.upkeep.send_modify(|wish| wish.keep = new.keep);
        info!("config reloaded: {} feeds, {} outputs", new.feeds.len(), new.outputs.len());
        service::ready(&format!("{} feeds, {} outputs", new.feeds.len(), new.outputs.len()));
        self.config = new;
        Ok(())
    }

    fn store_failed(&mut self, error: &StoreError) {
        let fault = error.to_string();
        if self.last_fault.as_ref() != Some(&fault) {
            error!("{fault}");
            self.last_fault = Some(fault);
        }
    }

    /// The order of the end: no new polls, those in flight for a moment, server, store.
    async fn end(mut self) -> Result<(), DaemonError> {
        service::stopping();
        info!("stopping");
        self.clock.stop().await;
        self.stop.cancel();
        let mut unpolled = self.dispatch.drain();
        unpolled.extend(self.dispatch.finish(PATIENCE).await);
        if let Err(error) = self.store.release(unpolled).await {
            warn!("{error}");
        }
        for task in [self.serving, self.publishing, self.pinging, self.subscribing, self.tidying] {
            if tokio::time::timeout(PATIENCE, task).await.is_err() {
                warn!("a connection did not end in time");
            }
        }
        // What hubs brought and nobody read is noted, and asked for at the next start.
        self.store.close().await?;
        info!("stopped");
        Ok(())
    }
}

/// The config's feeds into the store. Many that are due at once, because they are new or
/// nobody polled for a while, are spread over the interval, so that a start is no burst.
async fn sync(store: &Store, config: &Config) -> Result<(), StoreError> {
    let now = Utc::now();
    store.sync_feeds(config.feeds.clone(), now).await?;
    let interval = config.pace.interval;
    store.spread_due(now, move |nth, of| schedule::stagger(nth, of, interval)).await
}

async fn listen(address: SocketAddr) -> Result<TcpListener, DaemonError> {
    TcpListener::bind(address).await.map_err(|source| DaemonError::Listen { address, source })
}

/// Waits until that instant; for ever where there is none.
async fn due(at: Option<Time>) {
    match at {
        Some(at) => tokio::time::sleep((at - Utc::now()).to_std().unwrap_or_default()).await,
        None => std::future::pending().await,
    }
}

async fn serving(listener: TcpListener, server: Server, stop: CancellationToken) {
    let metrics = server.metrics().clone();
    if let Err(error) = server::serve(listener, server::router(server), metrics, stop).await {
        error!("the HTTP side ended: {error}");
    }
}

fn poller(
    config: &Config,
    store: &Store,
    fetcher: &Fetcher,
    metrics: &Metrics,
    hears_hubs: bool,
) -> Arc<Poller> {
    let (store, fetcher, metrics) = (store.clone(), fetcher.clone(), metrics.clone());
    let poller = Poller::new(store, fetcher, config.pace, metrics, &config.feeds);
    Arc::new(poller.hearing_hubs(hears_hubs))
}

/// The distinct cron texts.
fn schedules(config: &Config) -> Vec<String> {
    let texts: BTreeSet<_> =
        config.feeds.iter().filter_map(|feed| feed.timing.schedule.clone()).collect();
    texts.into_iter().collect()
}

/// A poll's whole time and the wait for its host fit in; after a crash feeds are free then.
const LEASE: Duration = Duration::from_secs(10 * 60);

/// How long polls and connections in flight may take to end.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long feeds wait whose polls the store could not keep, once it works again.
const AFTER_A_FAULT: TimeDelta = TimeDelta::seconds(10);

/// The clock's own gap.
const SECOND: TimeDelta = TimeDelta::seconds(1);

/// The clock's period; late rings are dropped, so a short channel is enough.
const TICK: Duration = Duration::from_secs(5);
const RINGS: usize = 16;

/// Pushes on their way from the server: each may be as large as a document.
const PUSHES: usize = 4;
