use std::time::Duration;

use chrono::{TimeDelta, Timelike};
use url::Url;

use super::*;
use crate::model::{PaceHints, RetryAfter};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

const LIMITS: PaceLimits = PaceLimits { interval: HOUR, min_interval: MINUTE, max_interval: DAY };

/// 2026-11-25 is a Wednesday.
fn now() -> Time {
    "2026-11-25T10:20:30Z".parse().unwrap()
}

fn url() -> Url {
    Url::parse("https://example.org/feed").unwrap()
}

/// A feed of one entry every five hours: the pace that `interval` is meant for.
fn usual() -> PollMemory {
    PollMemory {
        entry_gap_seconds: Some(5.0 * 3600.0),
        last_new_entry: Some(now()),
        window: Some(20),
        ..PollMemory::default()
    }
}

fn decide(
    change: impl FnOnce(&mut PollMemory),
    timing: &Timing,
    ending: Ending,
    limits: &PaceLimits,
) -> Decision {
    let mut memory = usual();
    change(&mut memory);
    next_poll(&Known { url: &url(), timing, memory: &memory, ending }, limits, now())
}

/// Seconds from now, less the spread that every poll has on top.
fn wait(decision: &Decision) -> Duration {
    (decision.at - now()).to_std().unwrap()
}

fn assert_waits(decision: &Decision, expected: Duration, what: &str) {
    let wait = wait(decision);
    let most = expected.mul_f64(1.1).min(expected + MAX_SPREAD);
    assert!(wait >= expected && wait <= most, "{what}: {wait:?}, not {expected:?}: {decision:?}");
}

type Change = fn(&mut PollMemory);

#[test]
fn whatever_is_known_leads_to_the_interval_in_this_table() {
    let fixed = |interval| Timing { interval: Some(interval), schedule: None };
    let free = Timing::default;
    let rows: &[(&str, Change, Timing, Ending, Duration)] = &[
        ("the usual feed", |_| {}, free(), Ending::Answered, HOUR),
        ("nothing known", |m| *m = PollMemory::default(), free(), Ending::Answered, HOUR),
        ("a busy feed", |m| m.entry_gap_seconds = Some(600.0), free(), Ending::Answered, {
            Duration::from_secs(657)
        }),
        (
            "a feed faster than we may ask",
            |m| m.entry_gap_seconds = Some(0.1),
            free(),
            { Ending::Answered },
            MINUTE,
        ),
        ("a weekly feed", |m| m.entry_gap_seconds = Some(604_800.0), free(), Ending::Answered, {
            Duration::from_secs(20_867)
        }),
        (
            "a sleeping blog",
            |m| m.last_new_entry = Some(now() - TimeDelta::days(700)),
            free(),
            { Ending::Answered },
            DAY,
        ),
        ("an interval of its own", |_| {}, fixed(7 * MINUTE), Ending::Answered, 7 * MINUTE),
        ("freshness", |m| m.fresh_for_seconds = Some(43_200), free(), Ending::Answered, 12 * HOUR),
        (
            "freshness less than the interval",
            |m| m.fresh_for_seconds = Some(60),
            free(),
            { Ending::Answered },
            HOUR,
        ),
        (
            "freshness beyond the cap",
            |m| m.fresh_for_seconds = Some(1 << 31),
            free(),
            { Ending::Answered },
            DAY,
        ),
        (
            "freshness against an own interval",
            |m| m.fresh_for_seconds = Some(7200),
            fixed(MINUTE),
            { Ending::Answered },
            2 * HOUR,
        ),
        ("ttl", |m| m.hints.ttl = Some(3 * HOUR), free(), Ending::Answered, 3 * HOUR),
        (
            "update period",
            |m| m.hints.update_period = Some(6 * HOUR),
            free(),
            { Ending::Answered },
            6 * HOUR,
        ),
        (
            "one passing failure",
            |m| m.consecutive_failures = 1,
            free(),
            { Ending::Failed(FailureKind::Passing) },
            2 * HOUR,
        ),
        (
            "three passing failures",
            |m| m.consecutive_failures = 3,
            free(),
            { Ending::Failed(FailureKind::Passing) },
            8 * HOUR,
        ),
        (
            "one standing failure",
            |m| m.consecutive_failures = 1,
            free(),
            { Ending::Failed(FailureKind::Standing) },
            4 * HOUR,
        ),
        (
            "one refusal",
            |m| m.consecutive_failures = 1,
            free(),
            { Ending::Failed(FailureKind::Unwelcome) },
            8 * HOUR,
        ),
        (
            "a thousand failures",
            |m| m.consecutive_failures = 1000,
            free(),
            { Ending::Failed(FailureKind::Standing) },
            DAY,
        ),
        (
            "ttl longer than the backoff",
            |m| {
                m.consecutive_failures = 1;
                m.hints.ttl = Some(5 * HOUR);
            },
            free(),
            Ending::Failed(FailureKind::Passing),
            5 * HOUR,
        ),
        (
            "a plea of two days",
            |m| {
                let until = now() + TimeDelta::days(2);
                m.retry_after = Some(RetryAfter { until, whole_host: false });
                m.consecutive_failures = 1;
            },
            free(),
            Ending::Failed(FailureKind::Passing),
            2 * DAY,
        ),
        (
            "a plea of a year",
            |m| {
                let until = now() + TimeDelta::days(365);
                m.retry_after = Some(RetryAfter { until, whole_host: true });
            },
            free(),
            Ending::Failed(FailureKind::Unwelcome),
            31 * DAY,
        ),
        (
            "a plea that is over",
            |m| {
                let until = now() - TimeDelta::days(1);
                m.retry_after = Some(RetryAfter { until, whole_host: true });
            },
            free(),
            Ending::Answered,
            HOUR,
        ),
    ];
    for (what, change, timing, ending, expected) in rows {
        assert_waits(&decide(change, timing, *ending, &LIMITS), *expected, what);
    }
}

#[test]
fn an_interval_at_the_lower_end_is_kept_whatever_the_rhythm() {
    let second = Duration::from_secs(1);
    let limits = PaceLimits { interval: second, min_interval: second, max_interval: DAY };
    let asleep: Change = |m| m.last_new_entry = Some(now() - TimeDelta::days(700));
    let decision = decide(asleep, &Timing::default(), Ending::Answered, &limits);
    assert_waits(&decision, second, "every second");
    let failed: Change = |m| m.consecutive_failures = 1;
    let decision =
        decide(failed, &Timing::default(), Ending::Failed(FailureKind::Passing), &limits);
    assert_waits(&decision, 2 * second, "after a failure");
}

#[test]
fn the_spread_is_upwards_only_even_and_the_same_for_ever() {
    let memory = usual();
    let timing = Timing::default();
    let mut places: Vec<f64> = (0..1000)
        .map(|n| {
            let url = Url::parse(&format!("https://example.org/{n}")).unwrap();
            let known =
                Known { url: &url, timing: &timing, memory: &memory, ending: Ending::Answered };
            let first = next_poll(&known, &LIMITS, now());
            assert_eq!(first, next_poll(&known, &LIMITS, now()));
            (first.at - now() - TimeDelta::hours(1)).as_seconds_f64()
        })
        .collect();
    places.sort_by(f64::total_cmp);
    assert!(places[0] >= 0.0 && places[999] <= 360.0);
    // Each tenth of the span has about a tenth of the feeds.
    for tenth in 1..10 {
        let expected = 36.0 * tenth as f64;
        assert!((places[100 * tenth] - expected).abs() < 18.0, "{tenth}");
    }
}

#[test]
fn feeds_of_one_cron_text_are_spread_behind_its_instants() {
    let timing = Timing { interval: None, schedule: Some("0 0 * * * *".into()) };
    let memory = usual();
    let mut instants: Vec<Time> = (0..200)
        .map(|n| {
            let url = Url::parse(&format!("https://example.org/{n}")).unwrap();
            let known =
                Known { url: &url, timing: &timing, memory: &memory, ending: Ending::Answered };
            next_poll(&known, &LIMITS, now()).at
        })
        .collect();
    instants.sort();
    instants.dedup();
    assert!(instants.len() > 190);
    assert!(instants.iter().all(|at| at.hour() == 11 && at.minute() < 6), "{instants:?}");
}

#[test]
fn a_cron_text_waits_for_what_the_publisher_asks_and_backs_off_after_failures() {
    let timing = Timing { interval: None, schedule: Some("0 0 * * * *".into()) };
    let asked =
        decide(|m| m.fresh_for_seconds = Some(2 * 3600), &timing, Ending::Answered, &LIMITS);
    assert_eq!((asked.at.hour(), asked.at.minute() < 6), (13, true), "{asked:?}");
    let failed = |m: &mut PollMemory| m.consecutive_failures = 2;
    let failed = decide(failed, &timing, Ending::Failed(FailureKind::Passing), &LIMITS);
    assert_eq!((failed.at.hour(), failed.at.minute() < 6), (15, true), "{failed:?}");
}

#[test]
fn a_cron_text_that_never_comes_leaves_the_rhythm() {
    let timing = Timing { interval: None, schedule: Some("0 0 0 31 2 * 2020".into()) };
    assert_waits(&decide(|_| {}, &timing, Ending::Answered, &LIMITS), HOUR, "impossible");
}

#[test]
fn hours_and_days_that_the_feed_skips_are_skipped() {
    let free = Timing::default();
    let at =
        |hints: PaceHints| decide(move |m| m.hints = hints, &free, Ending::Answered, &LIMITS).at;
    let skip = |hours: &[u8], days: &[u8]| PaceHints {
        skip_hours: hours.to_vec(),
        skip_days: days.to_vec(),
        ..PaceHints::default()
    };
    assert_eq!(at(skip(&[3], &[6])).hour(), 11);
    assert_eq!(at(skip(&[11, 12, 13], &[])).hour(), 14);
    let thursday = at(skip(&[], &[2]));
    assert_eq!(thursday.date_naive().to_string(), "2026-11-26");
    assert_eq!(thursday.hour(), 0);
    let monday = at(skip(&[0], &[2, 3, 4, 5, 6]));
    assert_eq!(monday.date_naive().to_string(), "2026-11-30");
    assert_eq!(monday.hour(), 1);
}

#[test]
fn a_feed_that_skips_everything_is_asked_once_a_day() {
    let all: Vec<u8> = (0..24).collect();
    let decision =
        decide(|m| m.hints.skip_hours = all, &Timing::default(), Ending::Answered, &LIMITS);
    let wait = wait(&decision);
    assert!(wait > DAY && wait < DAY + 2 * HOUR, "{wait:?}");
}

#[test]
fn while_our_network_is_down_feeds_try_again_spread_over_their_interval() {
    let memory = PollMemory { consecutive_failures: 0, ..usual() };
    let timing = Timing::default();
    let waits: Vec<f64> = (0..500)
        .map(|n| {
            let url = Url::parse(&format!("https://example.org/{n}")).unwrap();
            let known =
                Known { url: &url, timing: &timing, memory: &memory, ending: Ending::OurNetwork };
            (next_poll(&known, &LIMITS, now()).at - now()).as_seconds_f64()
        })
        .collect();
    assert!(waits.iter().all(|wait| (180.0..=3600.0).contains(wait)));
    assert!(waits.iter().any(|wait| *wait < 400.0) && waits.iter().any(|wait| *wait > 3000.0));
}

#[test]
fn many_feeds_at_once_start_no_faster_than_they_go_on() {
    let first_minute = (0..10_000).filter(|n| stagger(*n, 10_000, HOUR) < MINUTE).count() as f64;
    let steady = 10_000.0 / 60.0;
    assert!(first_minute <= steady * 1.5, "{first_minute}");
    assert!((0..10_000).all(|n| stagger(n, 10_000, HOUR) <= HOUR));
    assert_eq!(stagger(0, 1, HOUR), Duration::ZERO);
    assert_eq!(stagger(9, 10, HOUR), Duration::ZERO);
}

#[test]
fn the_reason_can_be_read_alone() {
    let reason =
        |change: Change, ending| decide(change, &Timing::default(), ending, &LIMITS).reason;
    let weekly: Change = |m| {
        m.entry_gap_seconds = Some(604_800.0);
        m.fresh_for_seconds = Some(7200);
    };
    assert_eq!(
        reason(weekly, Ending::Answered),
        "polls every 5.8 h: about one entry a week; server asks for 2 h"
    );
    let asked: Change = |m| m.hints.ttl = Some(12 * HOUR);
    assert_eq!(
        reason(asked, Ending::Answered),
        "polls every 12 h: feed asks for it; about 5 entries a day"
    );
    let failed: Change = |m| m.consecutive_failures = 3;
    assert_eq!(
        reason(failed, Ending::Failed(FailureKind::Passing)),
        "tries again after 8 h: 3 failures in a row"
    );
    let silent: Change = |m| m.last_new_entry = Some(now() - TimeDelta::days(90));
    assert_eq!(
        reason(silent, Ending::Answered),
        "polls every 14.7 h: silent for 90 days".replace("14.7", "15")
    );
}

#[test]
fn a_window_that_nearly_turned_over_halves_the_interval() {
    let rushed: Change = |m| {
        m.window = Some(20);
        m.window_new = Some(12);
    };
    let decision = decide(rushed, &Timing::default(), Ending::Answered, &LIMITS);
    assert_waits(&decision, HOUR / 2, "rushed");
}

#[test]
fn a_small_window_is_asked_before_it_can_turn_over() {
    let small: Change = |m| {
        m.window = Some(2);
        m.entry_gap_seconds = Some(3600.0);
    };
    let decision = decide(small, &Timing::default(), Ending::Answered, &LIMITS);
    assert!(decision.interval <= HOUR / 2, "{decision:?}");
}

#[test]
fn the_gap_between_entries_comes_from_the_latest_dates() {
    let day = |days: i64| now() - TimeDelta::days(days);
    let dates: Vec<Time> = (0..5).map(|n| day(7 * n)).collect();
    assert_eq!(entry_gap(&dates, now()), Some(604_800.0));
    let future = [now() + TimeDelta::days(400), day(0), day(1), day(2)];
    assert_eq!(entry_gap(&future, now()), Some(86_400.0));
    assert_eq!(entry_gap(&[day(0), day(9)], now()), None);
    assert_eq!(entry_gap(&[day(1); 9], now()), Some(1.0));
}

#[test]
fn a_whole_document_is_asked_for_only_where_304s_have_gone_on_for_days() {
    let memory = |since: i64, unconditional: Option<i64>| PollMemory {
        not_modified_streak: 50,
        not_modified_since: Some(now() - TimeDelta::days(since)),
        last_unconditional: unconditional.map(|days| now() - TimeDelta::days(days)),
        ..PollMemory::default()
    };
    assert!(wants_whole_document(&memory(8, Some(30)), now()));
    assert!(wants_whole_document(&memory(8, None), now()));
    assert!(!wants_whole_document(&memory(6, None), now()));
    assert!(!wants_whole_document(&memory(30, Some(2)), now()));
    assert!(!wants_whole_document(&PollMemory::default(), now()));
}

#[test]
fn absurd_numbers_lead_to_a_time_all_the_same() {
    let limits = PaceLimits {
        interval: Duration::MAX,
        min_interval: Duration::ZERO,
        max_interval: Duration::MAX,
    };
    for gap in [f64::MAX, f64::INFINITY, f64::NAN, -1.0, 0.0] {
        let odd = move |m: &mut PollMemory| {
            m.entry_gap_seconds = Some(gap);
            m.consecutive_failures = u32::MAX;
            m.fresh_for_seconds = Some(u64::MAX);
            m.hints.ttl = Some(Duration::MAX);
            m.last_new_entry = Some(Time::MIN_UTC);
            m.window = Some(u32::MAX);
        };
        for ending in [Ending::Answered, Ending::OurNetwork, Ending::Failed(FailureKind::Unwelcome)]
        {
            let decision = decide(odd, &Timing::default(), ending, &limits);
            assert!(decision.at >= now());
        }
    }
}

fn pushed_for(lease: Duration) -> impl FnOnce(&mut PollMemory) {
    move |memory| memory.pushed_until = Some(later(now(), lease))
}

#[test]
fn a_feed_that_a_hub_pushes_is_polled_once_a_day() {
    let set = Timing { interval: Some(MINUTE), schedule: None };
    let decision = decide(pushed_for(10 * DAY), &set, Ending::Answered, &LIMITS);
    assert_waits(&decision, DAY, "a live subscription");
    assert!(decision.reason.contains("hub"), "{}", decision.reason);
}

#[test]
fn the_end_of_a_lease_is_the_end_of_the_pause() {
    let timing = Timing::default();
    let decision = decide(pushed_for(6 * HOUR), &timing, Ending::Answered, &LIMITS);
    assert_waits(&decision, 6 * HOUR, "a lease of six hours");
    let asked = |memory: &mut PollMemory| {
        memory.pushed_until = Some(later(now(), HOUR));
        memory.fresh_for_seconds = Some(8 * 3600);
    };
    assert_waits(&decide(asked, &timing, Ending::Answered, &LIMITS), 8 * HOUR, "max-age");
}

#[test]
fn a_lease_that_is_over_and_a_poll_that_failed_change_nothing() {
    let timing = Timing::default();
    let over = |memory: &mut PollMemory| memory.pushed_until = Some(now());
    let without = decide(|_| {}, &timing, Ending::Answered, &LIMITS);
    assert_eq!(decide(over, &timing, Ending::Answered, &LIMITS), without);
    let failed = Ending::Failed(FailureKind::Passing);
    let without = decide(|_| {}, &timing, failed, &LIMITS);
    assert_eq!(decide(pushed_for(10 * DAY), &timing, failed, &LIMITS), without);
}
