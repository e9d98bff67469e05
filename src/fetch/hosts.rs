//! Who may ask which host when: so many requests at once, a pause between two, and rest
//! where a host asked for it.
//!
//! Nobody but those who want the same host waits here. A caller enters before it takes any
//! slot that others need, so that a stuck host delays nobody.

use std::{
    collections::HashMap,
    hash::{Hash, Hasher},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::Utc;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use url::{Host, Url};

use super::{POOL_IDLE, address::is_public};
use crate::model::Time;

/// The gate. Clones share it.
#[derive(Debug, Clone)]
pub struct HostGate {
    per_host: usize,
    delay: Option<Duration>,
    hosts: Arc<Mutex<Hosts>>,
}

/// Hosts that somebody wants, or wanted of late.
#[derive(Debug)]
struct Hosts {
    by_key: HashMap<String, Arc<HostState>>,
    /// From so many on, those that are idle are forgotten.
    most: usize,
}

/// One host's place in the gate, for whoever comes to it again and again.
#[derive(Debug, Clone)]
pub struct Entrance {
    /// `None` for addresses without a host (`file:`).
    host: Option<Arc<HostState>>,
}

/// What [`HostGate::try_enter`] found.
#[derive(Debug)]
pub enum Turn {
    /// Go.
    Now(HostPass),
    /// Not before this instant: the pause since the last request is not over.
    NotBefore(Instant),
    /// As many requests as allowed are in flight.
    Busy,
    /// The host asked for rest, for so much longer.
    Resting(Duration),
}

/// The right to make requests to one host until it is dropped.
#[derive(Debug)]
pub struct HostPass {
    gate: HostGate,
    /// `None` for addresses without a host (`file:`).
    place: Option<(Arc<HostState>, OwnedSemaphorePermit)>,
    /// When the request before this pass ended.
    previous: Option<Instant>,
    /// Nothing more is to be asked of the host for now.
    is_last: bool,
}

#[derive(Debug)]
struct HostState {
    key: String,
    slots: Arc<Semaphore>,
    times: Mutex<Times>,
}

#[derive(Debug, Default)]
struct Times {
    /// No request before.
    next: Option<Instant>,
    /// The host rests until then.
    rest: Option<Instant>,
    /// When the last request ended.
    last: Option<Instant>,
    /// The host is on a private network; `None` until somebody met it.
    private: Option<bool>,
}

impl HostGate {
    /// `delay`: the pause between two requests to one host; `None`: [`PUBLIC_PAUSE`] for
    /// public hosts, none for loopback and private ones.
    pub fn new(per_host: usize, delay: Option<Duration>) -> Self {
        Self { per_host: per_host.max(1), delay, hosts: Arc::default() }
    }

    /// Waits for this host alone: first come, first served. `Err`: the host asked for rest,
    /// for so much longer; the caller had better come back then.
    pub async fn enter(&self, url: &Url) -> Result<HostPass, Duration> {
        let Some(host) = self.entrance(url).host else { return Ok(self.free_pass()) };
        if let Some(left) = host.resting() {
            return Err(left);
        }
        let permit = Arc::clone(&host.slots)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed: nobody calls close");
        loop {
            if let Some(left) = host.resting() {
                return Err(left);
            }
            match host.wait() {
                Some(instant) => tokio::time::sleep_until(instant).await,
                None => return Ok(self.pass(host, permit)),
            }
        }
    }

    /// Where to enter for this address.
    pub fn entrance(&self, url: &Url) -> Entrance {
        Entrance { host: host_key(url).map(|key| self.host(key, url)) }
    }

    /// Enters if that is possible now.
    pub fn try_enter(&self, at: &Entrance) -> Turn {
        let Some(host) = &at.host else { return Turn::Now(self.free_pass()) };
        // Asked for each host in flight whenever anybody may go, so the cheapest look is first.
        if host.slots.available_permits() == 0 {
            return Turn::Busy;
        }
        if let Some(left) = host.resting() {
            return Turn::Resting(left);
        }
        let Ok(permit) = Arc::clone(&host.slots).try_acquire_owned() else { return Turn::Busy };
        match host.wait() {
            Some(instant) => Turn::NotBefore(instant),
            None => Turn::Now(self.pass(Arc::clone(host), permit)),
        }
    }

    /// How much longer the host of `url` rests; `None` where it does not.
    pub fn resting(&self, url: &Url) -> Option<Duration> {
        let hosts = lock(&self.hosts);
        hosts.by_key.get(&host_key(url)?)?.resting()
    }

    /// Lets the host of `url` rest until then: it said so, or had said so before a restart.
    pub fn rest(&self, url: &Url, until: Time) {
        let Some(host) = self.entrance(url).host else { return };
        let Ok(left) = (until - Utc::now()).to_std() else { return };
        let until = Instant::now().checked_add(left);
        let mut times = lock(&host.times);
        times.rest = times.rest.max(until);
    }

    pub(super) fn take_rests_from(&self, other: &Self) {
        let resting: Vec<(String, Option<Instant>)> = lock(&other.hosts)
            .by_key
            .iter()
            .filter(|(_, host)| host.resting().is_some())
            .map(|(key, host)| (key.clone(), lock(&host.times).rest))
            .collect();
        for (key, rest) in resting {
            let host = self.new_host(key.clone(), None);
            lock(&host.times).rest = rest;
            lock(&self.hosts).by_key.insert(key, host);
        }
    }

    fn host(&self, key: String, url: &Url) -> Arc<HostState> {
        let mut hosts = lock(&self.hosts);
        if let Some(host) = hosts.by_key.get(&key) {
            return Arc::clone(host);
        }
        hosts.forget_idle();
        let host = self.new_host(key.clone(), private_by_name(url));
        hosts.by_key.insert(key, Arc::clone(&host));
        host
    }

    fn new_host(&self, key: String, private: Option<bool>) -> Arc<HostState> {
        let times = Mutex::new(Times { private, ..Times::default() });
        Arc::new(HostState { key, slots: Arc::new(Semaphore::new(self.per_host)), times })
    }

    fn pass(&self, host: Arc<HostState>, permit: OwnedSemaphorePermit) -> HostPass {
        let previous = {
            let mut times = lock(&host.times);
            times.next = Instant::now().checked_add(self.pause(&times));
            times.last
        };
        HostPass { gate: self.clone(), place: Some((host, permit)), previous, is_last: false }
    }

    fn free_pass(&self) -> HostPass {
        HostPass { gate: self.clone(), place: None, previous: None, is_last: false }
    }

    fn pause(&self, times: &Times) -> Duration {
        match (self.delay, times.private) {
            (Some(delay), _) => delay,
            (None, Some(true)) => Duration::ZERO,
            (None, Some(false) | None) => PUBLIC_PAUSE,
        }
    }
}

impl Default for Hosts {
    fn default() -> Self {
        Self { by_key: HashMap::new(), most: REMEMBERED }
    }
}

impl Hosts {
    fn forget_idle(&mut self) {
        if self.by_key.len() < self.most {
            return;
        }
        self.by_key.retain(|_, host| Arc::strong_count(host) > 1 || host.matters());
        // Not all of those that stay are looked at for each that comes.
        self.most = REMEMBERED.max(2 * self.by_key.len());
    }
}

impl Entrance {
    fn key(&self) -> Option<&str> {
        self.host.as_ref().map(|host| host.key.as_str())
    }
}

/// The same host, as everywhere here: by its key.
impl PartialEq for Entrance {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Entrance {}

impl Hash for Entrance {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl HostState {
    fn resting(&self) -> Option<Duration> {
        let left = lock(&self.times).rest?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// Until when the pause lasts; `None` where it is over.
    fn wait(&self) -> Option<Instant> {
        lock(&self.times).next.filter(|next| *next > Instant::now())
    }

    fn matters(&self) -> bool {
        self.resting().is_some() || self.wait().is_some()
    }
}

impl HostPass {
    /// Nothing more is to be asked of the host for now: no connection is kept.
    pub fn be_last(&mut self) {
        self.is_last = true;
    }

    /// Whether this pass is for the host of `url`, too.
    pub(super) fn is_for(&self, url: &Url) -> bool {
        let ours = self.place.as_ref().map(|(host, _)| host.key.as_str());
        ours == host_key(url).as_deref()
    }

    /// Waits for the pause before a further request under this pass.
    pub(super) async fn again(&self) {
        let Some((host, _)) = &self.place else { return };
        let pause = {
            let mut times = lock(&host.times);
            times.last = Some(Instant::now());
            self.gate.pause(&times)
        };
        tokio::time::sleep(pause).await;
    }

    /// Takes note of the address that was connected to.
    pub(super) fn met(&self, address: IpAddr) {
        if let Some((host, _)) = &self.place {
            lock(&host.times).private = Some(!is_public(address));
        }
    }

    pub(super) fn is_last(&self) -> bool {
        self.is_last
    }

    /// Whether a connection of an earlier request may have been used again.
    pub(super) fn may_reuse(&self) -> bool {
        self.previous.is_some_and(|previous| previous.elapsed() < POOL_IDLE)
    }
}

impl Drop for HostPass {
    fn drop(&mut self) {
        if let Some((host, _)) = &self.place {
            let mut times = lock(&host.times);
            let now = Instant::now();
            times.last = Some(now);
            times.next = now.checked_add(self.gate.pause(&times));
        }
    }
}

/// What counts as one host, `None` where there is none (`file:`): its name; ports tell hosts apart only where they are unusual,
/// since one machine behind 80 and 443 is one server.
fn host_key(url: &Url) -> Option<String> {
    let host = url.host_str()?.trim_end_matches('.');
    match url.port() {
        None | Some(80 | 443) => Some(host.to_owned()),
        Some(port) => Some(format!("{host}:{port}")),
    }
}

/// Whether the name alone tells: a literal address, `localhost` (RFC 6761 6.3).
fn private_by_name(url: &Url) -> Option<bool> {
    match url.host()? {
        Host::Ipv4(address) => Some(!is_public(address.into())),
        Host::Ipv6(address) => Some(!is_public(address.into())),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            (name == "localhost" || name.ends_with(".localhost")).then_some(true)
        }
    }
}

/// A panic elsewhere leaves times that are still good.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What publishers ask for when they ask for spaced requests.
const PUBLIC_PAUSE: Duration = Duration::from_secs(1);

/// From so many hosts on, those that are idle are forgotten. More are remembered only while
/// more are wanted.
const REMEMBERED: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    async fn pass(gate: &HostGate, at: &str) -> HostPass {
        gate.enter(&url(at)).await.unwrap()
    }

    fn try_enter(gate: &HostGate, at: &str) -> Turn {
        gate.try_enter(&gate.entrance(&url(at)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_public_host_gets_a_pause_between_two_requests() {
        let gate = HostGate::new(1, None);
        let begun = Instant::now();
        drop(pass(&gate, "https://example.org/a").await);
        drop(pass(&gate, "http://example.org/b").await);
        assert_eq!(begun.elapsed(), PUBLIC_PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn the_pause_counts_from_the_end_of_the_request_before() {
        let gate = HostGate::new(1, None);
        let first = pass(&gate, "https://example.org/a").await;
        tokio::time::advance(Duration::from_secs(5)).await;
        drop(first);
        let ended = Instant::now();
        drop(pass(&gate, "https://example.org/b").await);
        assert_eq!(ended.elapsed(), PUBLIC_PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn loopback_gets_no_pause_unless_the_operator_sets_one() {
        for at in ["http://127.0.0.1/", "http://localhost:8080/", "http://[::1]/"] {
            let begun = Instant::now();
            let gate = HostGate::new(1, None);
            drop(pass(&gate, at).await);
            drop(pass(&gate, at).await);
            assert_eq!(begun.elapsed(), Duration::ZERO, "{at}");
        }
        let gate = HostGate::new(1, Some(Duration::from_secs(3)));
        let begun = Instant::now();
        drop(pass(&gate, "http://127.0.0.1/").await);
        drop(pass(&gate, "http://127.0.0.1/").await);
        assert_eq!(begun.elapsed(), Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_that_was_met_on_a_private_network_gets_no_pause() {
        let gate = HostGate::new(1, None);
        let first = pass(&gate, "http://intranet.example/").await;
        first.met("10.0.0.1".parse().unwrap());
        drop(first);
        assert!(matches!(try_enter(&gate, "http://intranet.example/"), Turn::Now(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_requests_are_in_flight_to_a_host_than_allowed() {
        let gate = HostGate::new(2, Some(Duration::ZERO));
        let first = pass(&gate, "https://example.org/").await;
        let _second = pass(&gate, "https://example.org/").await;
        assert!(matches!(try_enter(&gate, "https://example.org/"), Turn::Busy));
        drop(first);
        assert!(matches!(try_enter(&gate, "https://example.org/"), Turn::Now(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stuck_host_delays_no_other() {
        let gate = HostGate::new(1, None);
        let _stuck = pass(&gate, "https://stuck.example/").await;
        let begun = Instant::now();
        drop(pass(&gate, "https://example.org/").await);
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_resting_host_is_entered_by_nobody_until_its_rest_is_over() {
        let gate = HostGate::new(1, None);
        gate.rest(&url("https://example.org/a"), Utc::now() + chrono::TimeDelta::seconds(60));
        let left = gate.enter(&url("https://example.org/b")).await.unwrap_err();
        assert!(left > Duration::from_secs(58) && left <= Duration::from_secs(60));
        assert!(matches!(try_enter(&gate, "http://example.org/"), Turn::Resting(_)));
        let renewed = HostGate::new(1, None);
        renewed.take_rests_from(&gate);
        assert!(renewed.resting(&url("https://example.org/")).is_some());
        tokio::time::advance(Duration::from_secs(61)).await;
        assert!(matches!(try_enter(&gate, "https://example.org/"), Turn::Now(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_when_the_rest_begins_is_sent_away() {
        let gate = HostGate::new(1, None);
        let first = pass(&gate, "https://example.org/").await;
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { gate.enter(&url("https://example.org/")).await.map(drop) }
        });
        tokio::task::yield_now().await;
        gate.rest(&url("https://example.org/"), Utc::now() + chrono::TimeDelta::seconds(60));
        drop(first);
        assert!(waiting.await.unwrap().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn hosts_that_nobody_wants_any_more_are_forgotten() {
        let gate = HostGate::new(1, None);
        let count = || lock(&gate.hosts).by_key.len();
        let enter = |number| gate.entrance(&url(&format!("http://host{number}.example/")));
        let wanted: Vec<Entrance> = (0..3 * REMEMBERED).map(enter).collect();
        assert_eq!(count(), wanted.len());
        drop(wanted);
        for number in 3 * REMEMBERED..6 * REMEMBERED {
            enter(number);
        }
        assert!(count() <= REMEMBERED);
    }

    #[test]
    fn ports_80_and_443_are_one_host_and_unusual_ports_their_own() {
        let key = |text| host_key(&url(text));
        assert_eq!(key("http://example.org/"), key("https://example.org./x"));
        assert_eq!(key("http://example.org:443/"), key("https://example.org/"));
        assert_ne!(key("http://example.org:8080/"), key("http://example.org/"));
        assert_eq!(key("file:///srv/feed.xml"), None);
    }
}
