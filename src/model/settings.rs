//! What the operator asked for, parsed: each room takes the one that concerns it.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use url::Url;

use super::OutputFilter;

/// A `[[feed]]` of the config.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedSetting {
    /// http, https or file; a relative `file:` is already resolved against the config's folder.
    pub url: Url,
    /// Given, or made from the URL; unique.
    pub name: String,
    pub tags: Vec<String>,
    pub timing: Timing,
    /// `dedup = false`: its entries join no article of other feeds.
    pub stands_alone: bool,
}

/// When a feed wants to be polled, by the operator's word.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Timing {
    /// The feed's own `interval`: overrides the adaptive interval, not the publisher's word.
    pub interval: Option<Duration>,
    /// A cron text in UTC, six or seven fields (croner's dialect, seconds required).
    pub schedule: Option<String>,
}

/// Bounds of the interval between two polls of one feed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PaceLimits {
    /// Where nothing is known of a feed yet.
    pub interval: Duration,
    pub min_interval: Duration,
    pub max_interval: Duration,
}

/// How requests are made.
#[derive(Debug, Clone, PartialEq)]
pub struct FetchLimits {
    /// The whole poll, headers and body included.
    pub timeout: Duration,
    /// Requests in flight altogether.
    pub concurrency: usize,
    /// Requests in flight to one host.
    pub per_host: usize,
    /// Pause between two requests to one host; `None`: 1 s for public hosts, none for private ones.
    pub host_delay: Option<Duration>,
    /// Decoded bytes.
    pub max_body_bytes: u64,
    pub allow_private_networks: bool,
    pub user_agent_contact: Option<String>,
    /// Subscribe to WebSub hubs where the server has a public base_url.
    pub websub: bool,
}

/// Which rules may join entries into one article.
#[derive(Debug, Clone, PartialEq)]
pub struct DedupSettings {
    pub near_duplicates: bool,
    /// How far apart in time two entries may be; rules by text use at most three days of it.
    pub window: Duration,
}

/// An `[[output]]` of the config.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputSetting {
    /// `[A-Za-z0-9_-]{1,64}`: `/NAME.atom`, `/NAME.rss`, `/NAME.json`.
    pub name: String,
    pub title: String,
    pub description: Option<String>,
    /// Articles in the first document.
    pub limit: u32,
    pub filter: OutputFilter,
    /// A line at the end of each article's HTML that names the other feeds that carry it.
    pub name_others: bool,
    /// Folder to write NAME.atom, NAME.rss, NAME.json and NAME.html into, and their archives.
    pub path: Option<PathBuf>,
}

/// The HTTP side.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerSettings {
    pub listen: SocketAddr,
    /// The address that the world sees; ends in a slash.
    pub base_url: Url,
    /// A WebSub hub to ping when an output changed.
    pub hub: Option<Url>,
    /// Show images of articles on the pages.
    pub images: bool,
}
