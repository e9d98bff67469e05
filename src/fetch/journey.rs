//! One poll's request, redirects followed: each hop judged, paced and accounted for.

use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use reqwest::{
    Response, StatusCode,
    header::{CONNECTION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION},
};
use tokio::time::Instant;
use url::{Host, Url};

use super::{
    Fetcher, HostPass, MAX_HEADER_BYTES, address::is_public, answer, body, faults, freshness,
    links, pleas, request,
};
use crate::model::{FetchError, Fetched, Freshness, Outcome, RetryAfter, Validators, redacted};

/// What to ask for.
pub(super) struct Ask {
    pub(super) start: Url,
    pub(super) validators: Validators,
    /// The address that gave the validators; no other gets them (RFC 9110 13).
    pub(super) owner: Url,
    /// What is sent: the request is a POST then.
    pub(super) message: Option<Message>,
}

/// The body of a POST.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) content_type: &'static str,
    pub(super) body: Bytes,
}

impl Ask {
    pub(super) fn without_validators(url: &Url, message: Option<Message>) -> Self {
        let validators = Validators::default();
        Self { start: url.clone(), validators, owner: redacted(url), message }
    }
}

/// Makes the request and follows where it leads.
pub(super) async fn travel(fetcher: &Fetcher, ask: Ask, pass: HostPass) -> Fetched {
    let begun = Instant::now();
    let mut journey = Journey {
        fetcher,
        at: without_fragment(ask.start.clone()),
        fetched: unasked(&ask.start),
        ask,
        pass: Some(pass),
        watch: Stopwatch::new(fetcher.limits.timeout),
        visited: Vec::new(),
        permanent_so_far: true,
    };
    let outcome = journey.run().await;
    let mut fetched = journey.fetched;
    fetched.outcome = outcome.unwrap_or_else(Outcome::Failed);
    fetched.elapsed = begun.elapsed();
    fetched
}

/// The answer of nobody: what a [`Fetched`] is before anything was asked.
pub(super) fn unasked(url: &Url) -> Fetched {
    Fetched {
        outcome: Outcome::Failed(FetchError::Other { reason: "not asked".to_owned() }),
        status: None,
        final_url: without_fragment(redacted(url)),
        permanent_url: None,
        conditional: false,
        validators: Validators::default(),
        freshness: Freshness::default(),
        retry_after: None,
        hubs: Vec::new(),
        topic: None,
        bytes: 0,
        elapsed: Duration::ZERO,
    }
}

/// What is said instead of asking a host that rests for so much longer.
pub(super) fn resting(url: &Url, left: Duration) -> Fetched {
    let mut fetched = unasked(url);
    let until =
        chrono::TimeDelta::from_std(left).ok().and_then(|left| Utc::now().checked_add_signed(left));
    fetched.retry_after = until.map(|until| RetryAfter { until, whole_host: false });
    let host = url.host_str().unwrap_or_default();
    let reason = format!("{host} asked to be left alone for {} s more", left.as_secs());
    fetched.outcome = Outcome::Failed(FetchError::Other { reason });
    fetched
}

struct Journey<'a> {
    fetcher: &'a Fetcher,
    ask: Ask,
    /// Where we stand; with credentials where this host may have them.
    at: Url,
    fetched: Fetched,
    /// `None` only between two hosts.
    pass: Option<HostPass>,
    watch: Stopwatch,
    visited: Vec<Url>,
    /// Every redirect so far was permanent.
    permanent_so_far: bool,
}

impl Journey<'_> {
    async fn run(&mut self) -> Result<Outcome, FetchError> {
        loop {
            self.judge()?;
            let response = self.send().await?;
            if answer::size(response.headers()) > MAX_HEADER_BYTES as usize {
                let reason = format!("head of the answer is larger than {MAX_HEADER_BYTES} bytes");
                return Err(FetchError::Other { reason });
            }
            match redirect_target(&response, self.ask.message.is_some()) {
                // Most answers are no redirect and no document: their future stays small.
                Some(target) => Box::pin(self.hop(response, &target)).await?,
                None => return self.arrive(response).await,
            }
        }
    }

    /// A literal address never meets the resolver, which judges all names.
    fn judge(&self) -> Result<(), FetchError> {
        if self.fetcher.limits.allow_private_networks {
            return Ok(());
        }
        let address = match self.at.host() {
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => address.into(),
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err(FetchError::Other { reason: "URL names no host".to_owned() }),
        };
        if is_public(address) {
            Ok(())
        } else {
            Err(FetchError::PrivateAddress { address: address.to_string() })
        }
    }

    /// One request; two where a kept connection turns out to be closed.
    async fn send(&mut self) -> Result<Response, FetchError> {
        self.fetched.final_url = redacted(&self.at);
        self.fetched.status = None;
        // A message may have arrived although its answer did not: its sender tries again.
        let mut may_retry =
            self.ask.message.is_none() && self.pass.as_ref().is_some_and(HostPass::may_reuse);
        loop {
            let validators =
                (self.fetched.final_url == self.ask.owner).then_some(&self.ask.validators);
            let headers = request::headers(&self.fetcher.user_agent, validators);
            self.fetched.conditional = request::is_conditional(&headers);
            let answer = self.watch.time(self.request(headers)).await?;
            match answer {
                Ok(response) => {
                    if let (Some(pass), Some(peer)) = (&self.pass, response.remote_addr()) {
                        pass.met(peer.ip());
                    }
                    self.fetched.status = Some(response.status().as_u16());
                    return Ok(response);
                }
                Err(error) if may_retry && faults::is_reset(&error) => may_retry = false,
                Err(error) => return Err(faults::before_answer(&error, self.watch.spent())),
            }
        }
    }

    fn request(
        &self,
        mut headers: HeaderMap,
    ) -> impl Future<Output = reqwest::Result<Response>> + use<> {
        // Each connection that is kept costs an open file and its buffers, here and there.
        let is_last = self.pass.as_ref().is_some_and(HostPass::is_last);
        if is_last {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let may_reuse = self.pass.as_ref().is_some_and(HostPass::may_reuse);
        // HTTP/2 has no such field; of this client no connection is kept in any case.
        let client = if is_last && !may_reuse { &self.fetcher.once } else { &self.fetcher.client };
        let client = client.clone();
        // reqwest makes an Authorization field of the credentials, and cuts them from the URL.
        let request = match &self.ask.message {
            None => client.get(self.at.clone()),
            Some(Message { content_type, body }) => client
                .post(self.at.clone())
                .header(CONTENT_TYPE, HeaderValue::from_static(content_type))
                .body(body.clone()),
        };
        let request = request.build().map(|mut request| {
            let given = std::mem::replace(request.headers_mut(), headers);
            request.headers_mut().extend(given);
            request
        });
        async move { client.execute(request?).await }
    }

    async fn hop(&mut self, response: Response, location: &[u8]) -> Result<(), FetchError> {
        let status = response.status();
        self.visited.push(redacted(&self.at));
        if self.visited.len() > MAX_REDIRECTS {
            return Err(FetchError::TooManyRedirects { limit: MAX_REDIRECTS });
        }
        let target = self.target(location)?;
        if self.visited.contains(&redacted(&target)) {
            return Err(bad_redirect(&redacted(&target), "it leads in a circle"));
        }
        let permanent =
            matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::PERMANENT_REDIRECT);
        self.permanent_so_far &= permanent;
        if self.permanent_so_far {
            self.fetched.permanent_url = Some(target.clone());
        }
        // So that the connection can carry the next request.
        drop(body::drain(response, &mut self.watch).await);
        self.at = target;
        match &self.pass {
            Some(pass) if pass.is_for(&self.at) => pass.again().await,
            _ => self.change_host().await?,
        }
        Ok(())
    }

    /// Where a redirect leads, with our credentials where they belong and with no others.
    fn target(&self, location: &[u8]) -> Result<Url, FetchError> {
        let text = String::from_utf8_lossy(location);
        let shown = || text.chars().filter(|c| !c.is_control()).take(MAX_SHOWN).collect::<String>();
        let Ok(target) = self.at.join(text.trim()) else {
            let reason = "not a URL".to_owned();
            return Err(FetchError::BadRedirect { target: shown(), reason });
        };
        let mut target = without_fragment(redacted(&target));
        if !matches!(target.scheme(), "http" | "https") {
            return Err(bad_redirect(&target, "only http and https are followed"));
        }
        let start = &self.ask.start;
        if same_server(start, &target) {
            // Both fail only for URLs that cannot carry credentials, and this one can.
            let _ = target.set_username(start.username());
            let _ = target.set_password(start.password());
        }
        Ok(target)
    }

    async fn change_host(&mut self) -> Result<(), FetchError> {
        // First out of the one host, then into the other: nobody waits in a circle.
        let is_last = self.pass.take().is_some_and(|pass| pass.is_last());
        let patience = self.fetcher.limits.timeout;
        let host = self.at.host_str().unwrap_or_default();
        match tokio::time::timeout(patience, self.fetcher.hosts.enter(&self.at)).await {
            Ok(Ok(mut pass)) => {
                if is_last {
                    pass.be_last();
                }
                self.pass = Some(pass);
                Ok(())
            }
            Ok(Err(left)) => {
                let rest = resting(&self.at, left);
                self.fetched.retry_after = rest.retry_after;
                let reason = format!("redirected to {host}, which asked to be left alone");
                Err(FetchError::Other { reason })
            }
            Err(_) => {
                let reason = format!("redirected to {host}, which is busy with other requests");
                Err(FetchError::Other { reason })
            }
        }
    }

    /// The final answer.
    async fn arrive(&mut self, response: Response) -> Result<Outcome, FetchError> {
        let now = Utc::now();
        let status = response.status();
        let headers = response.headers();
        self.fetched.retry_after = pleas::retry_after(status, headers, now);
        if let Some(rest) = self.fetched.retry_after
            && rest.whole_host
        {
            self.fetcher.hosts.rest(&self.at, rest.until);
        }
        match status {
            _ if self.ask.message.is_some() && status.is_success() => {
                let content_type = answer::content_type(headers);
                let body = Box::pin(body::drain(response, &mut self.watch)).await.into();
                Ok(Outcome::Document { body, content_type, delta: false })
            }
            StatusCode::NOT_MODIFIED if self.fetched.conditional => {
                self.fetched.freshness = freshness::freshness(headers, now);
                self.fetched.validators = answer::validators(headers);
                Ok(Outcome::NotModified)
            }
            StatusCode::NOT_MODIFIED => {
                let reason = "HTTP 304 to a request without preconditions".to_owned();
                Err(FetchError::Other { reason })
            }
            StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION => {
                Box::pin(self.document(response, false)).await
            }
            StatusCode::IM_USED if self.fetched.conditional && answer::is_feed_part(headers) => {
                Box::pin(self.document(response, true)).await
            }
            StatusCode::GONE => Ok(Outcome::Gone),
            _ => {
                let headers = headers.clone();
                let body = Box::pin(body::drain(response, &mut self.watch)).await;
                Err(answer::status_error(status, &headers, &body))
            }
        }
    }

    async fn document(&mut self, response: Response, delta: bool) -> Result<Outcome, FetchError> {
        let headers = response.headers();
        let content_type = answer::content_type(headers);
        let validators = answer::validators(headers);
        let freshness = freshness::freshness(headers, Utc::now());
        let (hubs, topic) = links::websub(headers, &self.fetched.final_url);
        let limit = self.fetcher.limits.max_body_bytes;
        let budget = &self.fetcher.budget;
        let read = body::read(response, limit, budget, &mut self.watch, &mut self.fetched.bytes);
        let body = read.await?;
        // Only a whole body makes its validators worth keeping.
        self.fetched.validators = validators;
        self.fetched.freshness = freshness;
        self.fetched.hubs = hubs;
        self.fetched.topic = topic;
        Ok(Outcome::Document { body, content_type, delta })
    }
}

/// Where the answer redirects to; a redirect that names no place is an answer like others.
fn redirect_target(response: &Response, with_message: bool) -> Option<Vec<u8>> {
    let redirects = match response.status() {
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
        // These may be followed by a GET, which would carry no message.
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => !with_message,
        _ => false,
    };
    let location = response.headers().get(LOCATION).filter(|_| redirects)?;
    Some(location.as_bytes().to_vec())
}

/// Whether credentials for `a` may go to `b`: the same origin, or its https twin.
fn same_server(a: &Url, b: &Url) -> bool {
    let upgraded =
        a.scheme() == "http" && b.scheme() == "https" && a.port().is_none() && b.port().is_none();
    a.host_str() == b.host_str()
        && (upgraded
            || (a.scheme() == b.scheme() && a.port_or_known_default() == b.port_or_known_default()))
}

fn without_fragment(mut url: Url) -> Url {
    url.set_fragment(None);
    url
}

fn bad_redirect(target: &Url, reason: &str) -> FetchError {
    let target = target.as_str().chars().take(MAX_SHOWN).collect();
    FetchError::BadRedirect { target, reason: reason.to_owned() }
}

/// The one deadline of a poll: it runs while we wait for the server, and stands still while
/// we wait for ourselves.
#[derive(Debug)]
pub(super) struct Stopwatch {
    limit: Duration,
    left: Duration,
}

impl Stopwatch {
    fn new(limit: Duration) -> Self {
        Self { limit, left: limit }
    }

    fn spent(&self) -> Duration {
        self.limit - self.left
    }

    pub(super) async fn time<F: Future>(&mut self, work: F) -> Result<F::Output, FetchError> {
        let limit = self.limit;
        let left = self.left;
        self.time_briefly(work, left).await.ok_or(FetchError::TimedOut { limit })
    }

    /// At most `most` of what is left; `None` where it did not do.
    pub(super) async fn time_briefly<F: Future>(
        &mut self,
        work: F,
        most: Duration,
    ) -> Option<F::Output> {
        let begun = Instant::now();
        let done = tokio::time::timeout(self.left.min(most), work).await.ok();
        self.left = self.left.saturating_sub(begun.elapsed());
        done
    }
}

/// Enough for any honest chain; browsers stop at 20.
const MAX_REDIRECTS: usize = 10;

/// How much of a target goes into an error.
const MAX_SHOWN: usize = 200;
