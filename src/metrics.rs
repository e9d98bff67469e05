//! What the daemon counts, for Prometheus.
//!
//! In: one call for each thing that happened. Out: OpenMetrics text. Names have base units,
//! counters end in `_total`, and no label holds a feed's address: what concerns one feed
//! stands on the status page and in the store.

use std::{fmt, sync::Arc, time::Duration};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text::encode},
    metrics::{
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::{ConstGauge, Gauge},
        histogram::Histogram,
        info::Info,
    },
    registry::Registry,
};

use crate::model::{FeedState, FetchError, Outcome};

/// The counters of this process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Inner>);

/// The `Content-Type` of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug)]
struct Inner {
    registry: Registry,
    feeds: Family<State, Gauge>,
    fetches: Family<FetchLabels, Counter>,
    fetch_seconds: Histogram,
    fetch_bytes: Counter,
    new_entries: Counter,
    repairs: Family<RepairLabels, Counter>,
    due: Gauge,
    lag_seconds: Gauge<f64, std::sync::atomic::AtomicU64>,
    store_bytes: Gauge,
    store_write_seconds: Histogram,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Histogram,
    connections: Gauge,
}

/// How a poll's request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FetchResult {
    Ok,
    NotModified,
    HttpError,
    Timeout,
    Dns,
    Connect,
    Tls,
    TooLarge,
    /// Came whole, and could not be read.
    Parse,
    /// Refused by our own guard, or by a challenge.
    Blocked,
    Other,
}

impl FetchResult {
    /// The result of a request whose document, if any, could be read.
    pub fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Document { .. } => Self::Ok,
            Outcome::NotModified => Self::NotModified,
            Outcome::Gone => Self::HttpError,
            Outcome::Failed(error) => match error {
                FetchError::TimedOut { .. } => Self::Timeout,
                FetchError::TooLarge { .. } => Self::TooLarge,
                FetchError::NameNotResolved { .. } => Self::Dns,
                FetchError::CannotConnect { .. } | FetchError::Incomplete { .. } => Self::Connect,
                FetchError::Tls { .. } => Self::Tls,
                FetchError::Status { .. }
                | FetchError::TooManyRedirects { .. }
                | FetchError::BadRedirect { .. } => Self::HttpError,
                FetchError::Challenge { .. } | FetchError::PrivateAddress { .. } => Self::Blocked,
                _ => Self::Other,
            },
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotModified => "not_modified",
            Self::HttpError => "http_error",
            Self::Timeout => "timeout",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::TooLarge => "too_large",
            Self::Parse => "parse",
            Self::Blocked => "blocked",
            Self::Other => "other",
        }
    }
}

impl Metrics {
    pub fn new() -> Self {
        let fetch_seconds = Histogram::new([0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0]);
        let store_write_seconds =
            Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0]);
        let request_seconds =
            Histogram::new([0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0]);
        let mut inner = Inner {
            registry: Registry::default(),
            feeds: Family::default(),
            fetches: Family::default(),
            fetch_seconds,
            fetch_bytes: Counter::default(),
            new_entries: Counter::default(),
            repairs: Family::default(),
            due: Gauge::default(),
            lag_seconds: Gauge::default(),
            store_bytes: Gauge::default(),
            store_write_seconds,
            requests: Family::default(),
            request_seconds,
            connections: Gauge::default(),
        };
        inner.register();
        Self(Arc::new(inner))
    }

    /// One poll's request has ended.
    pub fn fetched(&self, result: FetchResult, elapsed: Duration, bytes: u64, new_entries: u64) {
        self.0.fetches.get_or_create(&FetchLabels { outcome: result.word() }).inc();
        self.0.fetch_seconds.observe(elapsed.as_secs_f64());
        self.0.fetch_bytes.inc_by(bytes);
        self.0.new_entries.inc_by(new_entries);
    }

    /// Something was mended in a document; `kind` is one of a few words of ours.
    pub fn repaired(&self, kind: &'static str) {
        self.0.repairs.get_or_create(&RepairLabels { kind }).inc();
    }

    /// How many feeds are due, and how long the longest has been.
    pub fn due(&self, feeds: u64, lag: Duration) {
        self.0.due.set(feeds.try_into().unwrap_or(i64::MAX));
        self.0.lag_seconds.set(lag.as_secs_f64());
    }

    /// Feeds by state, as they are now.
    pub fn feeds(&self, states: impl IntoIterator<Item = FeedState>) {
        let mut counts = ALL_STATES.map(|state| (state, 0));
        for state in states {
            for (counted, count) in &mut counts {
                *count += i64::from(*counted == state);
            }
        }
        for (state, count) in counts {
            self.0.feeds.get_or_create(&State { state: state.word() }).set(count);
        }
    }

    /// The size of the store's files.
    pub fn store_size(&self, bytes: u64) {
        self.0.store_bytes.set(bytes.try_into().unwrap_or(i64::MAX));
    }

    /// A commit has ended.
    pub fn committed(&self, elapsed: Duration) {
        self.0.store_write_seconds.observe(elapsed.as_secs_f64());
    }

    /// A request to us was answered; `route` is a pattern, never a path.
    pub fn answered(&self, route: String, code: u16, elapsed: Duration) {
        self.0.requests.get_or_create(&RequestLabels { route, code }).inc();
        self.0.request_seconds.observe(elapsed.as_secs_f64());
    }

    /// Connections that are open to us.
    pub fn connections(&self, open: usize) {
        self.0.connections.set(open.try_into().unwrap_or(i64::MAX));
    }

    /// All of it, as [`CONTENT_TYPE`].
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.0.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Inner {
    fn register(&mut self) {
        self.registry.register_collector(Box::new(Process));
        let registry = self.registry.sub_registry_with_prefix("merganser");
        registry.register(
            "build",
            "The program that runs",
            Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]),
        );
        registry.register("feeds", "Feeds by state", self.feeds.clone());
        registry.register("fetches", "Requests to feeds, by how they ended", self.fetches.clone());
        registry.register(
            "fetch_duration_seconds",
            "How long requests to feeds took",
            self.fetch_seconds.clone(),
        );
        registry.register(
            "fetch_bytes",
            "Bytes of documents, content codings undone",
            self.fetch_bytes.clone(),
        );
        registry.register("entries_new", "Entries that were new", self.new_entries.clone());
        registry.register("repairs", "Repairs of documents, by kind", self.repairs.clone());
        registry.register("due_feeds", "Feeds that wait to be polled", self.due.clone());
        registry.register(
            "schedule_lag_seconds",
            "How long the longest of them has waited",
            self.lag_seconds.clone(),
        );
        registry.register("db_size_bytes", "The store's files", self.store_bytes.clone());
        registry.register(
            "db_write_seconds",
            "How long commits took",
            self.store_write_seconds.clone(),
        );
        registry.register("http_requests", "Requests to us, by route", self.requests.clone());
        registry.register(
            "http_request_duration_seconds",
            "How long our answers took",
            self.request_seconds.clone(),
        );
        registry.register("http_connections", "Open connections to us", self.connections.clone());
    }
}

/// What the kernel says of this process, asked at each scrape.
#[derive(Debug)]
struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut gauge = |name: &str, help: &str, value: Option<u64>| {
            let Some(value) = value.and_then(|value| i64::try_from(value).ok()) else {
                return Ok(());
            };
            let metric = ConstGauge::new(value);
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
        };
        gauge("process_resident_memory_bytes", "Memory in use", status_bytes("VmRSS:"))?;
        gauge("process_virtual_memory_bytes", "Memory reserved", status_bytes("VmSize:"))?;
        let open = std::fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count() as u64);
        gauge("process_open_fds", "Open file descriptors", open)?;
        if let Some(seconds) = cpu_seconds() {
            let metric = ConstCounter::new(seconds);
            let (name, help) = ("process_cpu_seconds", "Time spent in user and system mode");
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
        }
        Ok(())
    }
}

/// A line of `/proc/self/status` that is given in kB.
fn status_bytes(key: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().split(' ').next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// User and system time; the kernel counts them in hundredths of a second (`USER_HZ`).
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The command's name may hold spaces; everything after its bracket is numbers.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut hundredths = || fields.next()?.parse::<u32>().ok();
    Some((f64::from(hundredths()?) + f64::from(hundredths()?)) / 100.0)
}

const ALL_STATES: [FeedState; 5] =
    [FeedState::New, FeedState::Ok, FeedState::Failing, FeedState::Gone, FeedState::Paused];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FetchLabels {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RepairLabels {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    code: u16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_have_the_names_that_dashboards_know() {
        let metrics = Metrics::new();
        metrics.fetched(FetchResult::NotModified, Duration::from_millis(70), 0, 0);
        metrics.fetched(FetchResult::Ok, Duration::from_millis(70), 1_000, 3);
        metrics.feeds([FeedState::Ok, FeedState::Ok, FeedState::Failing]);
        metrics.answered("/{document}".into(), 304, Duration::from_millis(1));
        metrics.repaired("encoding");
        let text = metrics.text().unwrap();
        for line in [
            concat!("merganser_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
            "merganser_fetches_total{outcome=\"not_modified\"} 1",
            "merganser_entries_new_total 3",
            "merganser_fetch_bytes_total 1000",
            "merganser_feeds{state=\"ok\"} 2",
            "merganser_feeds{state=\"gone\"} 0",
            "merganser_fetch_duration_seconds_count 2",
            "merganser_http_requests_total{route=\"/{document}\",code=\"304\"} 1",
            "merganser_repairs_total{kind=\"encoding\"} 1",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_process_is_counted_too() {
        let text = Metrics::new().text().unwrap();
        assert!(text.contains("\nprocess_resident_memory_bytes "), "{text}");
        assert!(text.contains("\nprocess_cpu_seconds_total "), "{text}");
    }
}
