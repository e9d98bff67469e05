//! The network, and the only user of reqwest: one request for one feed, politely.
//!
//! In: a feed that is due and a [`HostPass`], or a message for a hub. Out: a [`Fetched`], never
//! an error: what went wrong is an outcome. Never here: what an outcome means for the feed (`poll::conclude`),
//! when to ask again (`schedule`).
//!
//! A request goes only to an address that was judged; carries no cookie, referer, parameter
//! or fragment; ends by one deadline; and is followed by the next to its host after a pause.

mod address;
mod answer;
mod body;
mod codings;
mod faults;
mod file;
mod freshness;
mod hosts;
mod journey;
mod links;
mod pleas;
mod request;
mod resolver;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::Utc;
use reqwest::redirect;
use url::Url;

use crate::{
    model::{DueFeed, FetchLimits, Fetched, Validators, redacted},
    schedule,
};

pub use address::is_public;
pub use hosts::{Entrance, HostGate, HostPass, Turn};

use body::BodyBudget;
use journey::{Ask, Message};

/// Makes requests within the limits it was made with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Fetcher {
    client: reqwest::Client,
    /// The same, but keeps no connection.
    once: reqwest::Client,
    limits: Arc<FetchLimits>,
    user_agent: Arc<str>,
    hosts: HostGate,
    budget: BodyBudget,
}

/// Why no requests can be made at all.
#[derive(Debug, thiserror::Error)]
pub enum FetcherError {
    #[error("cannot make an HTTPS client: {reason} (is the package ca-certificates installed?)")]
    Client { reason: String },
}

impl Fetcher {
    pub fn new(limits: FetchLimits) -> Result<Self, FetcherError> {
        let client = |idle_per_host| {
            client(&limits, idle_per_host)
                .map_err(|error| FetcherError::Client { reason: faults::root_cause(&error) })
        };
        Ok(Self {
            client: client(limits.per_host.max(1))?,
            once: client(0)?,
            user_agent: request::user_agent(limits.user_agent_contact.as_deref()).into(),
            hosts: HostGate::new(limits.per_host, limits.host_delay),
            budget: BodyBudget::new(limits.max_body_bytes),
            limits: Arc::new(limits),
        })
    }

    /// A fetcher with other limits that still knows which hosts asked for rest.
    pub fn with_limits(&self, limits: FetchLimits) -> Result<Self, FetcherError> {
        let fetcher = Self::new(limits)?;
        fetcher.hosts.take_rests_from(&self.hosts);
        Ok(fetcher)
    }

    /// Who may ask which host when. A caller enters here first, and takes one of its own
    /// slots only then, so that a slow host holds up nobody else.
    pub fn hosts(&self) -> &HostGate {
        &self.hosts
    }

    /// Asks for the feed's document, once.
    pub async fn fetch(&self, feed: &DueFeed, pass: HostPass) -> Fetched {
        let heal = schedule::wants_whole_document(&feed.memory, Utc::now());
        let validators = if heal { Validators::default() } else { feed.validators.clone() };
        let owner = redacted(feed.memory.validators_url.as_ref().unwrap_or(&feed.poll_url));
        let ask = Ask { start: feed.poll_url.clone(), validators, owner, message: None };
        self.go(ask, pass).await
    }

    /// Asks for any address a person named, by the same rules: a page to discover feeds on.
    pub async fn page(&self, url: &Url) -> Fetched {
        self.enter_and_go(Ask::without_validators(url, None)).await
    }

    /// Sends a body to any address, by the same rules: a message for a hub. Any 2xx is an
    /// [`Outcome::Document`](crate::model::Outcome::Document) with the start of what was said.
    ///
    /// Of redirects only those are followed that keep method and body (307 and 308,
    /// RFC 9110 15.4).
    pub async fn post(&self, url: &Url, content_type: &'static str, body: Bytes) -> Fetched {
        self.enter_and_go(Ask::without_validators(url, Some(Message { content_type, body }))).await
    }

    async fn enter_and_go(&self, ask: Ask) -> Fetched {
        match self.hosts.enter(&ask.start).await {
            Ok(pass) => self.go(ask, pass).await,
            Err(rest) => journey::resting(&ask.start, rest),
        }
    }

    async fn go(&self, ask: Ask, pass: HostPass) -> Fetched {
        if ask.start.scheme() == "file" && ask.message.is_none() {
            return Box::pin(file::read(&ask.start, &ask.validators, &self.limits)).await;
        }
        // A journey's future is large; on the heap it does not swell every caller's.
        Box::pin(journey::travel(self, ask, pass)).await
    }
}

fn client(limits: &FetchLimits, idle_per_host: usize) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .dns_resolver(resolver::Resolver { allow_private: limits.allow_private_networks })
        // Redirects are followed by our own loop, which judges each hop.
        .redirect(redirect::Policy::none())
        // A proxy would resolve names in our stead, and the guard would not hold.
        .no_proxy()
        .referer(false)
        // Tries are ours to count; of none no request is kept a copy.
        .retry(reqwest::retry::never().max_retries_per_request(0))
        .connect_timeout(limits.timeout.min(CONNECT_TIMEOUT))
        .pool_max_idle_per_host(idle_per_host)
        .pool_idle_timeout(POOL_IDLE)
        .http1_max_headers(MAX_HEADERS)
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .build()
}

/// A host that does not even accept a connection by then would not answer in time either.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Longer than the pause between two requests to one host; each idle connection keeps its
/// buffers, some 80 KB after a usual document, and a round meets thousands of hosts. Servers
/// close theirs after 5 to 75 s, so that longer would also meet resets.
const POOL_IDLE: Duration = Duration::from_secs(3);

/// Honest delivery networks pass 100; nobody honest passes this.
const MAX_HEADERS: usize = 256;

/// What browsers' servers stay far below; beyond it is a flood.
const MAX_HEADER_BYTES: u32 = 64 * 1024;
