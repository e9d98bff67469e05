//! What one request brought: never an error, always an outcome.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use url::Url;

use super::Time;

/// Preconditions for the next request, byte for byte as the server gave them.
///
/// Bytes, not text: an entity tag may carry octets over 0x7f (RFC 9110 8.8.3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    pub etag: Option<Vec<u8>>,
    pub last_modified: Option<Vec<u8>>,
}

/// The answer to one poll's request, redirects followed.
#[derive(Debug, Clone)]
pub struct Fetched {
    pub outcome: Outcome,
    /// The final status code, where an answer came at all.
    pub status: Option<u16>,
    /// The address that answered, redirects followed.
    pub final_url: Url,
    /// How far the redirects were permanent (301, 308) from the start on: the address to
    /// learn once it has given a feed.
    pub permanent_url: Option<Url>,
    /// Whether the final request carried preconditions.
    pub conditional: bool,
    /// Validators that the final answer carried.
    pub validators: Validators,
    pub freshness: Freshness,
    pub retry_after: Option<RetryAfter>,
    /// WebSub links of the `Link` header: hubs, and the topic (`rel="self"`).
    pub hubs: Vec<Url>,
    pub topic: Option<Url>,
    /// Decoded bytes read.
    pub bytes: u64,
    pub elapsed: Duration,
}

/// What came of the request.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A whole document (200), or with `delta` a part that is to be merged (226).
    Document { body: Bytes, content_type: Option<String>, delta: bool },
    /// 304: what we have is current.
    NotModified,
    /// 410: gone for good.
    Gone,
    /// Anything else, in one line.
    Failed(FetchError),
}

/// Why a request brought no document. The text is what people read in `fetches.error`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    #[error("timed out after {} s", .limit.as_secs_f32())]
    TimedOut { limit: Duration },
    #[error("body is larger than {limit_bytes} bytes ([fetch] max_body)")]
    TooLarge { limit_bytes: u64 },
    #[error("host name does not resolve: {host}")]
    NameNotResolved { host: String },
    #[error("cannot connect: {reason}")]
    CannotConnect { reason: String },
    #[error("TLS failed: {reason}")]
    Tls { reason: String },
    #[error("answer was cut short: {reason}")]
    Incomplete { reason: String },
    #[error("HTTP {code} {reason}")]
    Status { code: u16, reason: String },
    #[error("blocked by a challenge (HTTP {code}): the site wants a browser")]
    Challenge { code: u16 },
    #[error("refused to connect to {address}: private network ([fetch] allow_private_networks)")]
    PrivateAddress { address: String },
    #[error("too many redirects (limit {limit})")]
    TooManyRedirects { limit: usize },
    #[error("bad redirect to {target}: {reason}")]
    BadRedirect { target: String, reason: String },
    #[error("unreadable content coding: {coding}")]
    BadCoding { coding: String },
    #[error("cannot read file {path}: {reason}")]
    File { path: String, reason: String },
    #[error("{reason}")]
    Other { reason: String },
}

/// How long the answer stays fresh by its own word (RFC 9111 4.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Freshness {
    /// `max-age` or `Expires`, less `Age`; `None` where the answer says nothing or forbids keeping.
    pub lifetime: Option<Duration>,
}

/// The server's plea to stay away (RFC 9110 10.2.3, `x-ratelimit-*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryAfter {
    pub until: Time,
    /// The whole host is meant (429, an exhausted rate limit), not this feed alone (503).
    pub whole_host: bool,
}
