use bytes::Bytes;
use chrono::TimeDelta;

use super::*;
use crate::model::{DocumentLinks, FeedId, FeedMeta, Freshness, RetryAfter, Timing};

pub(super) const HOUR: Duration = Duration::from_secs(3600);

pub(super) const LIMITS: PaceLimits = PaceLimits {
    interval: HOUR,
    min_interval: Duration::from_secs(900),
    max_interval: Duration::from_secs(86_400),
};

pub(super) fn now() -> Time {
    "2026-11-25T10:20:30Z".parse().unwrap()
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn tags(etag: &str, modified: &str) -> Validators {
    let bytes = |text: &str| (!text.is_empty()).then(|| text.as_bytes().to_vec());
    Validators { etag: bytes(etag), last_modified: bytes(modified) }
}

/// A feed that was read before and is fine.
pub(super) fn due() -> DueFeed {
    DueFeed {
        id: FeedId(7),
        name: "pond".into(),
        url: url("https://example.org/feed"),
        poll_url: url("https://example.org/feed"),
        validators: tags("\"old\"", "then"),
        body_hash: Some(1),
        timing: Timing::default(),
        memory: PollMemory::default(),
        next_poll: now(),
        last_fetch: Some(now() - TimeDelta::hours(1)),
        last_success: Some(now() - TimeDelta::hours(1)),
        entries: 3,
        stands_alone: false,
    }
}

/// A feed that has moved and is polled at its new place.
fn moved() -> DueFeed {
    DueFeed { poll_url: url("https://new.example/feed"), ..due() }
}

fn never_read() -> DueFeed {
    let never = Validators::default();
    DueFeed { last_success: None, last_fetch: None, validators: never, body_hash: None, ..due() }
}

pub(super) fn answer(outcome: Outcome, status: Option<u16>) -> Fetched {
    Fetched {
        outcome,
        status,
        final_url: url("https://example.org/feed"),
        permanent_url: None,
        conditional: true,
        validators: Validators::default(),
        freshness: Freshness::default(),
        retry_after: None,
        hubs: Vec::new(),
        topic: None,
        bytes: 100,
        elapsed: Duration::from_millis(40),
    }
}

pub(super) fn document() -> Fetched {
    let body = Bytes::from_static(b"<feed/>");
    answer(Outcome::Document { body, content_type: None, delta: false }, Some(200))
}

fn part() -> Fetched {
    let body = Bytes::from_static(b"<feed/>");
    answer(Outcome::Document { body, content_type: None, delta: true }, Some(226))
}

pub(super) fn not_modified() -> Fetched {
    answer(Outcome::NotModified, Some(304))
}

fn failed(error: FetchError) -> Fetched {
    answer(Outcome::Failed(error), None)
}

fn status(code: u16) -> Fetched {
    let error = FetchError::Status { code, reason: "Reason".into() };
    answer(Outcome::Failed(error), Some(code))
}

fn timed_out() -> Fetched {
    failed(FetchError::TimedOut { limit: Duration::from_secs(30) })
}

pub(super) fn read(new_entries: u32, dates: &[Time]) -> DocumentRead {
    DocumentRead {
        reading: Reading {
            meta: FeedMeta::default(),
            links: DocumentLinks::default(),
            repairs: Vec::new(),
            entries: Vec::new(),
            unchanged: 0,
            guids: Vec::new(),
            partial: false,
        },
        hints: PaceHints::default(),
        body_hash: 2,
        window: 20,
        new_entries,
        dates: dates.to_vec(),
    }
}

fn good() -> Option<Result<DocumentRead, ParseError>> {
    Some(Ok(read(1, &[])))
}

fn unreadable() -> Option<Result<DocumentRead, ParseError>> {
    Some(Err(ParseError::NotAFeed { reason: "a web page".into() }))
}

fn concluded(
    feed: &DueFeed,
    fetched: &Fetched,
    reading: Option<Result<DocumentRead, ParseError>>,
) -> FeedUpdate {
    conclude(feed, fetched, reading, &Around::default(), &LIMITS, now())
}

// ---- validators and hash ----------------------------------------------------------------

#[test]
fn a_document_that_was_read_brings_its_validators_hash_and_entries_together() {
    let fetched = Fetched { validators: tags("\"new\"", ""), ..document() };
    let update = concluded(&due(), &fetched, good());
    assert_eq!(update.validators, Some(tags("\"new\"", "")));
    assert_eq!(update.body_hash, Some(2));
    assert!(update.reading.is_some());
    assert_eq!(update.state, FeedState::Ok);
    assert_eq!(update.record.error, None);
}

#[test]
fn the_same_bytes_bring_new_validators_and_nothing_else() {
    let fetched = Fetched { validators: tags("\"new\"", "now"), ..document() };
    let update = concluded(&due(), &fetched, None);
    assert_eq!(update.validators, Some(tags("\"new\"", "now")));
    assert_eq!((update.body_hash, update.reading.is_none()), (None, true));
    assert_eq!(update.state, FeedState::Ok);
}

#[test]
fn a_document_without_validators_makes_us_forget_those_before() {
    let update = concluded(&due(), &document(), good());
    assert_eq!(update.validators, Some(Validators::default()));
}

#[test]
fn an_unreadable_document_leaves_validators_and_hash_as_they_are() {
    let fetched = Fetched { validators: tags("\"bad\"", "bad"), ..document() };
    let update = concluded(&due(), &fetched, unreadable());
    assert_eq!((update.validators, update.body_hash), (None, None));
    assert_eq!(update.state, FeedState::Failing);
    assert_eq!(update.record.error.as_deref(), Some("not a feed: a web page"));
    assert_eq!(update.record.status, Some(200));
}

#[test]
fn no_failure_touches_validators_or_hash() {
    for fetched in [status(404), status(500), timed_out(), answer(Outcome::Gone, Some(410))] {
        let fetched = Fetched { validators: tags("\"bad\"", ""), ..fetched };
        let update = concluded(&due(), &fetched, None);
        assert_eq!((update.validators, update.body_hash), (None, None), "{fetched:?}");
    }
}

#[test]
fn what_a_304_carries_replaces_what_we_have() {
    assert_eq!(concluded(&due(), &not_modified(), None).validators, None);
    let fetched = Fetched { validators: tags("\"new\"", ""), ..not_modified() };
    let update = concluded(&due(), &fetched, None);
    assert_eq!(update.validators, Some(tags("\"new\"", "then")));
}

#[test]
fn a_part_names_the_whole_but_is_no_whole() {
    let fetched = Fetched { validators: tags("\"new\"", ""), ..part() };
    let feed = DueFeed { memory: PollMemory { window: Some(9), ..PollMemory::default() }, ..due() };
    let update = concluded(&feed, &fetched, good());
    assert_eq!(update.validators, Some(tags("\"new\"", "then")));
    assert_eq!(update.body_hash, None);
    assert_eq!(update.memory.window, Some(9));
    assert!(update.reading.is_some());
}

#[test]
fn validators_are_kept_with_the_address_that_gave_them() {
    let elsewhere = url("https://cdn.example/x");
    let fetched = Fetched { final_url: elsewhere.clone(), ..document() };
    let update = concluded(&due(), &fetched, good());
    assert_eq!((update.address, update.memory.validators_url), (Address::Keep, Some(elsewhere)));

    let straight = concluded(&due(), &document(), good());
    assert_eq!(straight.memory.validators_url, None);
    let secret = DueFeed {
        url: url("https://duck:quack@example.org/feed#top"),
        poll_url: url("https://duck:quack@example.org/feed#top"),
        ..due()
    };
    assert_eq!(concluded(&secret, &document(), good()).memory.validators_url, None);
}

// ---- address ----------------------------------------------------------------------------

fn redirected(fetched: Fetched) -> Fetched {
    let new = url("https://new.example/feed");
    Fetched { final_url: new.clone(), permanent_url: Some(new), ..fetched }
}

#[test]
fn a_permanent_redirect_is_learnt_from_whatever_proves_the_target() {
    let new = Address::MovedTo(url("https://new.example/feed"));
    assert_eq!(concluded(&due(), &redirected(document()), good()).address, new);
    assert_eq!(concluded(&due(), &redirected(document()), None).address, new);
    assert_eq!(concluded(&due(), &redirected(not_modified()), None).address, new);
    let update = concluded(&due(), &redirected(document()), good());
    assert_eq!(update.memory.validators_url, None, "they are the new address' own");
    assert_eq!(update.memory.redirect_note.as_deref(), Some("moved to https://new.example/feed"));
}

#[test]
fn a_permanent_redirect_to_anything_else_is_not_learnt() {
    for (fetched, reading) in [
        (status(404), None),
        (timed_out(), None),
        (answer(Outcome::Gone, Some(410)), None),
        (document(), unreadable()),
    ] {
        let update = concluded(&due(), &redirected(fetched), reading);
        assert_eq!(update.address, Address::Keep);
    }
}

#[test]
fn a_move_onto_another_feed_is_noted() {
    let around = Around { moved_onto: Some("river".into()), ..Around::default() };
    let update = conclude(&due(), &redirected(document()), good(), &around, &LIMITS, now());
    let note = update.memory.redirect_note.unwrap();
    assert_eq!(note, "moved to https://new.example/feed, which feed river polls, too");
}

#[test]
fn a_learnt_target_is_given_up_at_once_where_it_is_not_there() {
    for (fetched, reading) in
        [(status(404), None), (answer(Outcome::Gone, Some(410)), None), (document(), unreadable())]
    {
        let at = url("https://new.example/feed");
        let update = concluded(&moved(), &Fetched { final_url: at.clone(), ..fetched }, reading);
        assert_eq!(update.address, Address::Configured);
        assert_eq!(update.state, FeedState::Failing);
        assert_eq!(update.memory.validators_url, Some(at));
        assert!(update.next_poll.is_some());
    }
}

#[test]
fn a_learnt_target_that_does_not_answer_gets_a_second_chance() {
    let first = concluded(&moved(), &timed_out(), None);
    assert_eq!(first.address, Address::Keep);
    let second = DueFeed { memory: first.memory, ..moved() };
    assert_eq!(concluded(&second, &timed_out(), None).address, Address::Configured);
}

#[test]
fn a_learnt_target_that_refuses_us_is_alive() {
    let memory = PollMemory { consecutive_failures: 9, ..PollMemory::default() };
    let feed = DueFeed { memory, ..moved() };
    assert_eq!(concluded(&feed, &status(429), None).address, Address::Keep);
}

// ---- state ------------------------------------------------------------------------------

#[test]
fn gone_ends_the_polls() {
    let update = concluded(&due(), &answer(Outcome::Gone, Some(410)), None);
    assert_eq!((update.state, update.next_poll), (FeedState::Gone, None));
    assert!(update.record.error.unwrap().contains("410"));
    assert!(update.memory.reason.starts_with("not polled any more"));
}

#[test]
fn a_feed_that_says_it_is_finished_is_read_and_then_left_alone() {
    let mut last = read(1, &[]);
    last.hints.expired = true;
    let update = concluded(&due(), &document(), Some(Ok(last)));
    assert_eq!((update.state, update.next_poll), (FeedState::Gone, None));
    assert!(update.reading.is_some());
    assert_eq!(update.record.error, None);
}

#[test]
fn failures_are_counted_from_the_first_and_forgotten_after_a_success() {
    let first = concluded(&due(), &status(500), None);
    assert_eq!(first.memory.consecutive_failures, 1);
    assert_eq!(first.memory.failing_since, Some(now()));
    let feed = DueFeed { memory: first.memory, ..due() };
    let later = now() + TimeDelta::hours(2);
    let second = conclude(&feed, &timed_out(), None, &Around::default(), &LIMITS, later);
    assert_eq!(second.memory.consecutive_failures, 2);
    assert_eq!(second.memory.failing_since, Some(now()));
    assert!(second.next_poll.unwrap() - later > first.next_poll.unwrap() - now());
    let feed = DueFeed { memory: second.memory, ..due() };
    let third = concluded(&feed, &not_modified(), None);
    assert_eq!((third.memory.consecutive_failures, third.memory.failing_since), (0, None));
    assert_eq!(third.state, FeedState::Ok);
}

#[test]
fn our_own_outage_blames_no_feed() {
    let around = Around { our_network_is_down: true, ..Around::default() };
    let failing = PollMemory { consecutive_failures: 4, ..PollMemory::default() };
    for (feed, state) in [
        (due(), FeedState::Ok),
        (never_read(), FeedState::New),
        (DueFeed { memory: failing, ..due() }, FeedState::Failing),
    ] {
        let update = conclude(&feed, &timed_out(), None, &around, &LIMITS, now());
        assert_eq!(update.state, state);
        assert_eq!(update.memory.consecutive_failures, feed.memory.consecutive_failures);
        assert!(update.next_poll.unwrap() <= now() + TimeDelta::hours(1));
        assert!(update.record.error.unwrap().starts_with("our own network"));
    }
    let answered = conclude(&due(), &status(500), None, &around, &LIMITS, now());
    assert_eq!(answered.memory.consecutive_failures, 1, "somebody answered");
}

#[test]
fn what_a_request_says_of_the_network() {
    assert_eq!(reach(&document()), Some(Reach::Reached));
    assert_eq!(reach(&status(500)), Some(Reach::Reached));
    assert_eq!(reach(&timed_out()), Some(Reach::Unreached));
    let late = Fetched { status: Some(200), ..timed_out() };
    assert_eq!(reach(&late), Some(Reach::Reached), "it had begun to answer");
    let private = failed(FetchError::PrivateAddress { address: "10.0.0.1".into() });
    assert_eq!(reach(&private), None);
}

// ---- pace -------------------------------------------------------------------------------

#[test]
fn freshness_of_any_good_answer_is_kept_and_ends_with_a_failure() {
    let lifetime = Some(Duration::from_secs(7200));
    for fetched in [document(), not_modified()] {
        let fetched = Fetched { freshness: Freshness { lifetime }, ..fetched };
        let reading = matches!(fetched.outcome, Outcome::Document { .. }).then(|| Ok(read(0, &[])));
        let update = concluded(&due(), &fetched, reading);
        assert_eq!(update.memory.fresh_for_seconds, Some(7200));
        assert!(update.interval >= 2 * HOUR);
        let feed = DueFeed { memory: update.memory, ..due() };
        assert_eq!(concluded(&feed, &status(500), None).memory.fresh_for_seconds, None);
    }
}

#[test]
fn a_plea_is_remembered_until_the_next_answer() {
    let until = now() + TimeDelta::days(3);
    let rest = RetryAfter { until, whole_host: true };
    let update = concluded(&due(), &Fetched { retry_after: Some(rest), ..status(429) }, None);
    assert_eq!(update.memory.retry_after, Some(rest));
    assert!(update.next_poll.unwrap() >= until);
    let feed = DueFeed { memory: update.memory, ..due() };
    assert_eq!(concluded(&feed, &not_modified(), None).memory.retry_after, None);
}

#[test]
fn hints_stay_through_304s_and_change_with_the_document() {
    let mut wish = read(1, &[]);
    wish.hints.ttl = Some(5 * HOUR);
    let update = concluded(&due(), &document(), Some(Ok(wish)));
    assert!(update.interval >= 5 * HOUR);
    let feed = DueFeed { memory: update.memory, ..due() };
    let unchanged = concluded(&feed, &not_modified(), None);
    assert!(unchanged.interval >= 5 * HOUR);
    assert_eq!(concluded(&feed, &document(), good()).memory.hints.ttl, None);
}

#[test]
fn the_first_document_tells_the_rhythm_by_its_dates() {
    let week = |n: i64| now() - TimeDelta::days(7 * n);
    let dates: Vec<Time> = (10..16).map(week).collect();
    let update = concluded(&never_read(), &document(), Some(Ok(read(6, &dates))));
    assert_eq!(update.memory.last_new_entry, Some(week(10)));
    assert_eq!(update.memory.entry_gap_seconds, Some(604_800.0));
    assert!(update.interval > 5 * HOUR, "{:?}", update.interval);
    assert_eq!(update.memory.window_new, None, "everything is new at first");
}

#[test]
fn without_dates_the_rhythm_is_what_we_saw() {
    let first = concluded(&never_read(), &document(), Some(Ok(read(6, &[]))));
    assert_eq!(first.memory.entry_gap_seconds, None);
    let feed = DueFeed { memory: first.memory, ..due() };
    let later = now() + TimeDelta::hours(10);
    let around = Around::default();
    let second = conclude(&feed, &document(), Some(Ok(read(5, &[]))), &around, &LIMITS, later);
    assert_eq!(second.memory.entry_gap_seconds, Some(7200.0));
    assert_eq!(second.memory.last_new_entry, Some(later));
}

#[test]
fn rows_of_304_are_counted_from_their_first() {
    let first = concluded(&due(), &not_modified(), None);
    let feed = DueFeed { memory: first.memory, ..due() };
    let later = now() + TimeDelta::days(1);
    let second = conclude(&feed, &not_modified(), None, &Around::default(), &LIMITS, later);
    assert_eq!(second.memory.not_modified_streak, 2);
    assert_eq!(second.memory.not_modified_since, Some(now()));
    let feed = DueFeed { memory: second.memory, ..due() };
    let whole = Fetched { conditional: false, ..document() };
    let third = concluded(&feed, &whole, good());
    assert_eq!((third.memory.not_modified_streak, third.memory.not_modified_since), (0, None));
    assert_eq!(third.memory.last_unconditional, Some(now()));
}

// ---- the record -------------------------------------------------------------------------

#[test]
fn the_record_is_one_clean_line() {
    let reason = format!("first\nsecond\t\u{1b}[31mred\u{7} {}", "x".repeat(900));
    let update = concluded(&due(), &failed(FetchError::Other { reason }), None);
    let error = update.record.error.unwrap();
    assert!(error.starts_with("first second [31mred x"), "{error}");
    assert_eq!(error.chars().count(), 500);
    assert!(!error.chars().any(char::is_control));
    assert_eq!((update.record.bytes, update.record.millis), (100, 40));
}

#[test]
fn credentials_reach_no_note() {
    let secret = url("https://duck:quack@new.example/feed");
    let fetched = Fetched { permanent_url: Some(secret.clone()), ..redirected(document()) };
    let update = concluded(&due(), &fetched, good());
    assert_eq!(update.address, Address::MovedTo(secret.clone()));
    assert!(!format!("{:?}", update.memory).contains("quack"));
    let dead = DueFeed { poll_url: secret, ..due() };
    assert!(!format!("{:?}", concluded(&dead, &status(404), None).memory).contains("quack"));
}

#[test]
fn the_memory_survives_its_way_through_the_store() {
    let until = now() + TimeDelta::days(3);
    let mut wish = read(1, &[]);
    wish.hints.ttl = Some(5 * HOUR);
    let fetched = Fetched {
        final_url: url("https://cdn.example/x"),
        retry_after: Some(RetryAfter { until, whole_host: true }),
        ..document()
    };
    let memory = concluded(&due(), &fetched, Some(Ok(wish))).memory;
    let stored = serde_json::to_string(&memory).unwrap();
    assert_eq!(serde_json::from_str::<PollMemory>(&stored).unwrap(), memory);
    assert_eq!(serde_json::from_str::<PollMemory>("{}").unwrap(), PollMemory::default());
}
