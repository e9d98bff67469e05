//! What one poll means: everything that was learned, as one [`FeedUpdate`].
//!
//! In: the feed as it was claimed, the answer, what reading it gave, the operator's pace,
//! now. Out: the update that the store commits in one transaction. Pure: no I/O, no clock.
//!
//! The one rule: the store must never assert what it does not have. Validators and body
//! hash are taken only from an answer whose entries come in the same update (or are here
//! already), so that a later 304 is always true.

use std::time::Duration;

use url::Url;

use crate::{
    model::{
        DueFeed, FeedState, FetchError, Fetched, Outcome, PaceHints, PaceLimits, PollMemory, Time,
        Validators, redacted,
    },
    parse::ParseError,
    schedule::{self, Ending, FailureKind, Known, Reach},
    store::{Address, FeedUpdate, FetchRecord, Reading},
};

/// What reading a document gave.
#[derive(Debug, Clone)]
pub struct DocumentRead {
    pub reading: Reading,
    pub hints: PaceHints,
    /// xxh3 of the body; what [`DueFeed::body_hash`] is compared with.
    pub body_hash: u64,
    /// Entries in the document.
    pub window: u32,
    /// Those whose guid the store does not have.
    pub new_entries: u32,
    /// `published`, else `updated`, of all its entries: the feed's rhythm.
    pub dates: Vec<Time>,
}

impl DocumentRead {
    /// What its entries take in memory, about.
    pub fn bytes(&self) -> usize {
        let texts = self.reading.entries.iter().map(|arriving| {
            let entry = &arriving.entry;
            let html = [&entry.summary, &entry.content].into_iter().flatten();
            html.map(|html| html.as_str().len()).sum::<usize>()
        });
        // The hashes of the words take twice the words.
        texts.map(|text| 3 * text + ENTRY_BYTES).sum()
    }
}

/// All of an entry but its text.
const ENTRY_BYTES: usize = 2048;

/// What the world around a poll knows, and the poll itself does not.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// Nothing can be reached: failures to reach are not this feed's.
    pub our_network_is_down: bool,
    /// The name of another feed that polls the address to which this one has moved.
    pub moved_onto: Option<String>,
}

/// Concludes one poll.
///
/// `reading` is `None` where there was nothing to read: no document came, or one of the
/// same bytes as the last that was read.
pub fn conclude(
    feed: &DueFeed,
    fetched: &Fetched,
    reading: Option<Result<DocumentRead, ParseError>>,
    around: &Around,
    limits: &PaceLimits,
    now: Time,
) -> FeedUpdate {
    let mut memory = feed.memory.clone();
    memory.retry_after = fetched.retry_after.filter(|rest| rest.until > now);

    let mut update = FeedUpdate {
        feed: feed.id,
        at: now,
        record: record(fetched),
        validators: None,
        body_hash: None,
        address: Address::Keep,
        reading: None,
        state: FeedState::Ok,
        next_poll: None,
        interval: Duration::ZERO,
        memory: PollMemory::default(),
    };

    let verdict = verdict(feed, fetched, &reading, around);
    match &verdict {
        Verdict::Success => {
            succeed(feed, fetched, &mut memory, &mut update, around, now);
            if let Some(Ok(read)) = reading {
                learn(feed, fetched, read, &mut memory, &mut update, now);
            }
            if memory.hints.expired {
                update.state = FeedState::Gone;
            }
        }
        Verdict::Gone => {
            update.state = FeedState::Gone;
            fail(&mut memory, now);
            update.record.error =
                Some("gone: the server says this feed is no more (HTTP 410)".into());
        }
        Verdict::Failure { kind, error } => {
            update.state = FeedState::Failing;
            fail(&mut memory, now);
            update.record.error = Some(one_line(error));
            if target_died(feed, *kind, &memory) {
                back_to_configured(feed, &mut memory, &mut update, error);
            }
        }
        Verdict::OurNetwork { error } => {
            update.state = state_before(feed);
            update.record.error =
                Some(one_line(&format!("our own network seems to be down: {error}")));
        }
    }

    let ending = match &verdict {
        Verdict::Success | Verdict::Gone => Ending::Answered,
        Verdict::Failure { kind, .. } => Ending::Failed(*kind),
        Verdict::OurNetwork { .. } => Ending::OurNetwork,
    };
    let known = Known { url: &feed.url, timing: &feed.timing, memory: &memory, ending };
    let decision = schedule::next_poll(&known, limits, now);
    update.interval = decision.interval;
    if update.state == FeedState::Gone {
        memory.reason = match verdict {
            Verdict::Gone => "not polled any more: the server says it is gone".into(),
            _ => "not polled any more: the feed says it is finished".into(),
        };
    } else {
        update.next_poll = Some(decision.at);
        memory.reason = decision.reason;
    }
    update.memory = memory;
    update
}

/// What one request says about the network, for [`schedule::NetworkWatch`]; `None` where it
/// says nothing (a file, a refused address).
pub fn reach(fetched: &Fetched) -> Option<Reach> {
    if fetched.status.is_some() {
        return Some(Reach::Reached);
    }
    match &fetched.outcome {
        Outcome::Failed(error) if is_unreached(error) => Some(Reach::Unreached),
        Outcome::Failed(
            FetchError::File { .. } | FetchError::PrivateAddress { .. } | FetchError::Other { .. },
        ) => None,
        Outcome::Failed(_) => Some(Reach::Reached),
        // Only a file answers without a status.
        Outcome::Document { .. } | Outcome::NotModified | Outcome::Gone => None,
    }
}

/// How the poll ended, before anything follows from it.
enum Verdict {
    Success,
    Gone,
    Failure { kind: FailureKind, error: String },
    OurNetwork { error: String },
}

fn verdict(
    feed: &DueFeed,
    fetched: &Fetched,
    reading: &Option<Result<DocumentRead, ParseError>>,
    around: &Around,
) -> Verdict {
    let failure = |kind, error: String| Verdict::Failure { kind, error };
    match &fetched.outcome {
        Outcome::NotModified => Verdict::Success,
        Outcome::Document { .. } => match reading {
            Some(Err(error)) => failure(FailureKind::Standing, error.to_string()),
            Some(Ok(_)) | None => Verdict::Success,
        },
        // The target of a redirect that we learnt is gone; the feed itself may not be.
        Outcome::Gone if is_learnt(feed) => failure(FailureKind::Standing, "HTTP 410 Gone".into()),
        Outcome::Gone => Verdict::Gone,
        Outcome::Failed(error)
            if around.our_network_is_down && reach(fetched) == Some(Reach::Unreached) =>
        {
            Verdict::OurNetwork { error: error.to_string() }
        }
        Outcome::Failed(error) => failure(kind(error), error.to_string()),
    }
}

fn kind(error: &FetchError) -> FailureKind {
    match error {
        FetchError::Challenge { .. } | FetchError::Status { code: 429, .. } => {
            FailureKind::Unwelcome
        }
        FetchError::Status { code: 408 | 425 | 500.., .. }
        | FetchError::TimedOut { .. }
        | FetchError::NameNotResolved { .. }
        | FetchError::CannotConnect { .. }
        | FetchError::Incomplete { .. }
        | FetchError::Other { .. } => FailureKind::Passing,
        FetchError::Status { .. }
        | FetchError::TooLarge { .. }
        | FetchError::Tls { .. }
        | FetchError::PrivateAddress { .. }
        | FetchError::TooManyRedirects { .. }
        | FetchError::BadRedirect { .. }
        | FetchError::BadCoding { .. }
        | FetchError::File { .. } => FailureKind::Standing,
    }
}

fn is_unreached(error: &FetchError) -> bool {
    matches!(
        error,
        FetchError::NameNotResolved { .. }
            | FetchError::CannotConnect { .. }
            | FetchError::TimedOut { .. }
    )
}

/// A good answer: validators, address, and a clean slate.
fn succeed(
    feed: &DueFeed,
    fetched: &Fetched,
    memory: &mut PollMemory,
    update: &mut FeedUpdate,
    around: &Around,
    now: Time,
) {
    memory.consecutive_failures = 0;
    memory.failing_since = None;
    memory.fresh_for_seconds = fetched.freshness.lifetime.map(|lifetime| lifetime.as_secs());

    // The target has given a feed (or confirmed the one it gave), so it may be learnt; and a
    // redirect that is not permanent from its start on leaves nothing to learn.
    let polled = match &fetched.permanent_url {
        Some(target) if *target != feed.poll_url => {
            update.address = Address::MovedTo(target.clone());
            memory.redirect_note = Some(one_line(&match &around.moved_onto {
                Some(name) => {
                    format!("moved to {}, which feed {name} polls, too", redacted(target))
                }
                None => format!("moved to {}", redacted(target)),
            }));
            target
        }
        _ => {
            if !is_learnt(feed) {
                memory.redirect_note = None;
            }
            &feed.poll_url
        }
    };
    memory.validators_url =
        (!same_resource(polled, &fetched.final_url)).then(|| redacted(&fetched.final_url));

    match &fetched.outcome {
        // What a 304 carries replaces what we have, the rest stays (RFC 9111 3.2). A part is
        // merged, and its tag names the whole (RFC 3229 10.4.1).
        Outcome::NotModified | Outcome::Document { delta: true, .. } => {
            let (old, new) = (&feed.validators, &fetched.validators);
            let merged = Validators {
                etag: new.etag.clone().or_else(|| old.etag.clone()),
                last_modified: new.last_modified.clone().or_else(|| old.last_modified.clone()),
            };
            update.validators = (merged != *old).then_some(merged);
        }
        // A whole document brings the newest pair, also where its bytes are the same as
        // before; a validator that it does not give any more is forgotten.
        Outcome::Document { .. } | Outcome::Gone | Outcome::Failed(_) => {
            update.validators = Some(fetched.validators.clone());
        }
    }

    if matches!(fetched.outcome, Outcome::NotModified) {
        memory.not_modified_streak = memory.not_modified_streak.saturating_add(1);
        memory.not_modified_since = memory.not_modified_since.or(Some(now));
        return;
    }
    memory.not_modified_streak = 0;
    memory.not_modified_since = None;
    if !fetched.conditional {
        memory.last_unconditional = Some(now);
    }
}

/// What the document itself teaches.
fn learn(
    feed: &DueFeed,
    fetched: &Fetched,
    read: DocumentRead,
    memory: &mut PollMemory,
    update: &mut FeedUpdate,
    now: Time,
) {
    let first = feed.last_success.is_none();
    let delta = matches!(fetched.outcome, Outcome::Document { delta: true, .. });
    // A part tells nothing of the window, nor of the hash of the whole.
    if !delta {
        update.body_hash = Some(read.body_hash);
        memory.window = Some(read.window);
        memory.window_new = (!first).then_some(read.new_entries);
    }
    memory.hints = read.hints;

    // The first document tells when something was last new; later on, we were there.
    let since = memory.last_new_entry.or(feed.last_success).unwrap_or(now);
    if read.new_entries > 0 {
        let newest = read.dates.iter().copied().filter(|date| *date <= now).max();
        memory.last_new_entry = if first { newest.or(Some(now)) } else { Some(now) };
    }
    let elapsed = (now - since).to_std().unwrap_or_default();
    memory.entry_gap_seconds = match schedule::entry_gap(&read.dates, now) {
        Some(gap) if !delta => Some(gap),
        _ if first => memory.entry_gap_seconds,
        _ => schedule::blend_gap(memory.entry_gap_seconds, read.new_entries, elapsed),
    };
    update.reading = Some(read.reading);
}

fn fail(memory: &mut PollMemory, now: Time) {
    memory.consecutive_failures = memory.consecutive_failures.saturating_add(1);
    memory.failing_since = memory.failing_since.or(Some(now));
    memory.fresh_for_seconds = None;
}

/// Whether the address that we learnt is to be given up for the configured one.
fn target_died(feed: &DueFeed, kind: FailureKind, memory: &PollMemory) -> bool {
    is_learnt(feed)
        && match kind {
            FailureKind::Standing => true,
            FailureKind::Passing => memory.consecutive_failures >= PATIENCE_WITH_A_TARGET,
            // It is alive; it just does not want to see us now.
            FailureKind::Unwelcome => false,
        }
}

fn back_to_configured(
    feed: &DueFeed,
    memory: &mut PollMemory,
    update: &mut FeedUpdate,
    error: &str,
) {
    update.address = Address::Configured;
    memory.redirect_note = Some(one_line(&format!(
        "had moved to {}, which failed: {error}",
        redacted(&feed.poll_url)
    )));
    // The validators stay with the address that gave them.
    if memory.validators_url.is_none() {
        memory.validators_url = Some(redacted(&feed.poll_url));
    }
}

fn is_learnt(feed: &DueFeed) -> bool {
    feed.poll_url != feed.url
}

/// Where the feed stood before this poll, which changed nothing about it.
fn state_before(feed: &DueFeed) -> FeedState {
    match (feed.memory.consecutive_failures, feed.last_success) {
        (1.., _) => FeedState::Failing,
        (0, None) => FeedState::New,
        (0, Some(_)) => FeedState::Ok,
    }
}

/// The same request to the same server; credentials and fragment are not part of it.
fn same_resource(a: &Url, b: &Url) -> bool {
    let bare = |url: &Url| {
        let mut url = redacted(url);
        url.set_fragment(None);
        url
    };
    a == b || bare(a) == bare(b)
}

fn record(fetched: &Fetched) -> FetchRecord {
    FetchRecord {
        status: fetched.status,
        bytes: fetched.bytes,
        millis: u64::try_from(fetched.elapsed.as_millis()).unwrap_or(u64::MAX),
        error: None,
    }
}

/// One line without control characters, at most [`ERROR_CHARS`] long.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(4 * ERROR_CHARS));
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if !word.is_empty() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    match line.char_indices().nth(ERROR_CHARS) {
        None => line,
        Some(_) => line.chars().take(ERROR_CHARS - 1).chain(['…']).collect(),
    }
}

/// What a person reads in one go; the text may be a server's.
const ERROR_CHARS: usize = 500;

/// A target that does not answer gets a second chance before the configured address does.
const PATIENCE_WITH_A_TARGET: u32 = 2;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
