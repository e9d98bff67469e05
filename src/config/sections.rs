//! The sections that stand once: `[store]`, `[fetch]`, `[dedup]`, `[retention]`, `[server]`.

use std::{net::SocketAddr, ops::RangeInclusive, path::PathBuf, time::Duration};

use toml::de::DeTable;
use url::Url;

use crate::model::{DedupSettings, FetchLimits, PaceLimits, ServerSettings};

use super::{
    Surroundings,
    fault::Weight,
    reader::{Reader, Table},
    schema, values,
};

pub(super) fn store<'t>(
    reader: &mut Reader<'t>,
    root: &'t DeTable<'t>,
    around: &Surroundings,
) -> PathBuf {
    let table = reader.table(root, &schema::STORE);
    let path = reader.value(&table, "path", values::word);
    around.state_file(path.as_deref().unwrap_or("merganser.db").as_ref())
}

pub(super) fn fetch<'t>(
    reader: &mut Reader<'t>,
    root: &'t DeTable<'t>,
) -> (PaceLimits, FetchLimits) {
    let table = reader.table(root, &schema::FETCH);
    let pace = pace(reader, &table);
    let concurrency = reader.value(&table, "concurrency", |v| values::number(v, CONCURRENCY));
    let per_host = reader.value(&table, "per_host", |v| values::number(v, CONCURRENCY));
    let fetch = FetchLimits {
        timeout: reader
            .value(&table, "timeout", |v| values::duration(v, "30s", TIMEOUT))
            .unwrap_or(Duration::from_secs(30)),
        concurrency: concurrency.unwrap_or(64) as usize,
        per_host: per_host.unwrap_or(1) as usize,
        host_delay: reader.value(&table, "host_delay", |v| values::duration(v, "1s", HOST_DELAY)),
        max_body_bytes: reader
            .value(&table, "max_body", |v| values::size(v, BODY_BYTES))
            .unwrap_or(10 * 1024 * 1024),
        allow_private_networks: reader
            .value(&table, "allow_private_networks", values::yes_or_no)
            .unwrap_or(false),
        user_agent_contact: contact(reader, &table),
        websub: reader.value(&table, "websub", values::yes_or_no).unwrap_or(false),
    };
    (pace, fetch)
}

/// The bounds of the interval.
///
/// A default gives way to an `interval` beyond it: who asks for 5 minutes and says nothing of
/// `min_interval` wants 5 minutes. What is written is never bent, but refused.
fn pace<'t>(reader: &mut Reader<'t>, table: &Table<'t>) -> PaceLimits {
    let mut read = |key| reader.value(table, key, |v| values::duration(v, "15m", INTERVAL));
    let (interval, min, max) = (read("interval"), read("min_interval"), read("max_interval"));
    let hour = Duration::from_secs(3600);
    let wanted = interval.unwrap_or(hour);
    let min_interval = min.unwrap_or(wanted.min(hour / 4));
    let max_interval = max.unwrap_or(wanted.max(hour * 24));
    if min_interval > max_interval {
        let key = if min.is_some() { "min_interval" } else { "max_interval" };
        let (low, high) = (values::human(min_interval), values::human(max_interval));
        let message = if min.is_some() {
            format!(
                "min_interval (\"{low}\") is above max_interval (\"{high}\"): write at most \"{high}\", or raise max_interval"
            )
        } else {
            format!(
                "max_interval (\"{high}\") is below min_interval (\"{low}\"): write at least \"{low}\", or lower min_interval"
            )
        };
        reader.fault(table, key, message);
    } else if interval.is_some() && !(min_interval..=max_interval).contains(&wanted) {
        let used = values::human(wanted.clamp(min_interval, max_interval));
        let message = format!("lies outside of min_interval and max_interval: \"{used}\" is used");
        reader.note(table, "interval", Weight::Advice, message);
    }
    // A faulty pair never gets further than its fault; `max` keeps the clamp from panicking.
    let interval = wanted.clamp(min_interval, max_interval.max(min_interval));
    PaceLimits { interval, min_interval, max_interval }
}

/// The address of a person in the User-Agent: printable ASCII that ends no comment early.
fn contact<'t>(reader: &mut Reader<'t>, table: &Table<'t>) -> Option<String> {
    reader.value(table, "user_agent_contact", |value| {
        let text = values::line(value)?;
        let fits = text.len() <= LONGEST_CONTACT
            && text.bytes().all(|b| b.is_ascii_graphic() && b != b'(' && b != b')');
        if fits {
            return Ok(text);
        }
        Err(format!(
            "is no address for a User-Agent: write a URL or a mail address of at most {LONGEST_CONTACT} \
             plain characters, like \"https://example.org/about\""
        ))
    })
    .filter(|text| !text.is_empty())
}

pub(super) fn dedup<'t>(reader: &mut Reader<'t>, root: &'t DeTable<'t>) -> DedupSettings {
    let table = reader.table(root, &schema::DEDUP);
    let near_duplicates = reader.value(&table, "near_duplicates", values::yes_or_no);
    let window = reader.value(&table, "window", |v| values::duration(v, "7d", WINDOW));
    DedupSettings {
        near_duplicates: near_duplicates.unwrap_or(true),
        window: window.unwrap_or(7 * DAY),
    }
}

pub(super) fn retention<'t>(reader: &mut Reader<'t>, root: &'t DeTable<'t>) -> Duration {
    let table = reader.table(root, &schema::RETENTION);
    reader.value(&table, "keep", |v| values::duration(v, "365d", KEEP)).unwrap_or(365 * DAY)
}

pub(super) fn server<'t>(reader: &mut Reader<'t>, root: &'t DeTable<'t>) -> ServerSettings {
    let table = reader.table(root, &schema::SERVER);
    let listen = reader
        .value(&table, "listen", values::listen)
        .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080)));
    let base_url = base_url(reader, &table).unwrap_or_else(|| address_of(listen));
    let hub = reader.value(&table, "hub", |v| values::web_url(v, "https://hub.example.org/"));
    let images = reader.value(&table, "images", values::yes_or_no).unwrap_or(true);
    ServerSettings { listen, base_url, hub, images }
}

/// The address that the world sees, ending in a slash, so that names can be joined to it.
fn base_url<'t>(reader: &mut Reader<'t>, table: &Table<'t>) -> Option<Url> {
    reader.value(table, "base_url", |value| {
        let mut url = values::web_url(value, "https://river.example.org/")?;
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err(
                "has more than host and path: write it like \"https://river.example.org/\"".into(),
            );
        }
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Ok(url)
    })
}

/// What a browser on this machine would call the listening address.
fn address_of(listen: SocketAddr) -> Url {
    let host = match listen.ip() {
        ip if ip.is_unspecified() => "localhost".to_owned(),
        std::net::IpAddr::V6(ip) => format!("[{ip}]"),
        std::net::IpAddr::V4(ip) => ip.to_string(),
    };
    let text = format!("http://{host}:{}/", listen.port());
    Url::parse(&text).expect("an address and a port make a URL")
}

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A second is the grain of the clock; ten years mean "never" to a person, and still fit any
/// arithmetic on dates.
pub(super) const INTERVAL: RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(10 * 365 * 24 * 3600);
/// Above an hour, a hanging server would hold its place for longer than the usual interval.
const TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(3600);
const HOST_DELAY: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(3600);
/// Zero: only identity joins entries, no text.
const WINDOW: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(365 * 24 * 3600);
/// A thousand years: dates stay within four digits.
const KEEP: RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(1000 * 365 * 24 * 3600);
/// Each request may hold a file descriptor.
const CONCURRENCY: RangeInclusive<u32> = 1..=10_000;
/// One kibibyte holds no feed; a document of more than a gibibyte would not fit in memory.
const BODY_BYTES: RangeInclusive<u64> = 1024..=1024 * 1024 * 1024;
const LONGEST_CONTACT: usize = 200;
