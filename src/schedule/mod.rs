//! When to ask again: everything known of a feed to the instant of its next poll.
//!
//! In: how the last poll ended, the document's and the server's wishes, the feed's rhythm,
//! the operator's limits, now. Out: a [`Decision`]: when, at which interval, and why in
//! words. Never here: I/O, a clock, chance; what spreads feeds apart is a hash of the URL.
//!
//! The publisher's word is a lower bound, capped; the operator's word is the frame; the
//! feed's own rhythm fills it. There is no floor beside these.

mod backoff;
mod bounds;
mod cron;
mod outage;
mod rhythm;
mod spread;
mod words;

use std::time::Duration;

use url::Url;

use crate::model::{PaceLimits, PollMemory, Time, Timing};

pub use backoff::FailureKind;
pub use outage::{NetworkWatch, Reach};
pub use rhythm::{blend_gap, entry_gap};
pub use spread::stagger;
pub use words::in_words;

/// What is known of a feed at the end of a poll.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// As configured: what the spread is made from.
    pub url: &'a Url,
    pub timing: &'a Timing,
    /// With this poll already in it.
    pub memory: &'a PollMemory,
    pub ending: Ending,
}

/// How a poll ended, as far as its successor is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The server answered as it should.
    Answered,
    /// The feed's own failure; `memory.consecutive_failures` counts it.
    Failed(FailureKind),
    /// Nothing can be reached: it is our network, and no feed is to blame.
    OurNetwork,
}

/// When the next poll is, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub at: Time,
    /// The usual gap that led to `at`, before spread and skipped hours.
    pub interval: Duration,
    /// One line for people.
    pub reason: String,
}

/// Decides on the next poll. `now` is the end of the last answer.
pub fn next_poll(known: &Known<'_>, limits: &PaceLimits, now: Time) -> Decision {
    let pushed_until = pushed_until(known, now);
    let mut usual = usual(known, limits, now);
    let asked = bounds::asked(known.memory, limits);
    let unpushed = usual.interval.max(asked.map_or(Duration::ZERO, |asked| asked.wait));
    if pushed_until.is_some() {
        usual = seldom(usual);
    }
    let mut interval = usual.interval;
    let mut reason = match known.ending {
        Ending::Answered => match asked {
            Some(asked) if asked.wait > interval => {
                interval = asked.wait;
                let (wait, who) = (in_words(interval), asked.who);
                format!("polls every {wait}: {who} asks for it; {}", usual.why)
            }
            Some(asked) => {
                let (every, wait) = (in_words(interval), in_words(asked.wait));
                format!("polls every {every}: {}; {} asks for {wait}", usual.why, asked.who)
            }
            None => format!("polls every {}: {}", in_words(interval), usual.why),
        },
        Ending::Failed(kind) => {
            let failures = known.memory.consecutive_failures;
            interval = backoff::wait(kind, failures, interval, limits);
            interval = interval.max(asked.map_or(Duration::ZERO, |asked| asked.wait));
            let times = if failures == 1 { "failure" } else { "failures in a row" };
            format!("tries again after {}: {failures} {times}", in_words(interval))
        }
        Ending::OurNetwork => {
            // The feeds come back spread over their interval, so that a network that returns
            // is not met by all of them at once; the first of them soon finds out.
            let wait = scaled(interval, spread::fraction(known.url).max(SOONEST_RETRY));
            let reason = "our own network seems to be down: tries again".to_owned();
            return Decision { at: later(now, wait), interval, reason };
        }
    };

    let mut at = later(now, interval);
    let mut span = scaled(interval, SPREAD).min(MAX_SPREAD);
    if let Some(text) = known.timing.schedule.as_deref()
        && let Some(tick) = cron_tick(text, known, at, now)
    {
        at = tick.at;
        span = scaled(tick.gap, SPREAD).min(MAX_SPREAD);
    }
    if let Some(until) = pushed_until
        && until < at
    {
        // From then on nobody tells us what is new, and the feed is like others.
        at = until.max(later(now, unpushed));
        span = scaled(unpushed, SPREAD).min(MAX_SPREAD);
    }
    if let Some(until) = bounds::resting_until(known.memory, now)
        && until > at
    {
        let rest = (until - now).to_std().unwrap_or_default();
        at = until;
        span = span.max(scaled(rest, SPREAD)).min(MAX_SPREAD);
        reason = format!("rests until {}: server asked for it", words::instant(until));
    }
    at = later(at, scaled(span, spread::fraction(known.url)));
    if let Some(open) = bounds::next_open_hour(at, &known.memory.hints, limits) {
        at = later(open, scaled(SKIP_SPREAD, spread::fraction(known.url)));
        reason.push_str("; feed names hours or days to skip");
    }
    Decision { at, interval, reason }
}

/// When a feed whose host asked for rest may be polled: after the rest, feeds spread apart.
pub fn after_rest(url: &Url, until: Time, now: Time) -> Time {
    let rest = (until - now).to_std().unwrap_or_default();
    later(until, scaled(scaled(rest, SPREAD).min(MAX_SPREAD), spread::fraction(url)))
}

/// Whether this poll should leave the preconditions out, to heal a server that answers 304
/// to anything: only where nothing but 304 came for [`HEAL_AFTER`], and as rarely as that.
pub fn wants_whole_document(memory: &PollMemory, now: Time) -> bool {
    let long_ago = |time: Option<Time>| {
        time.is_none_or(|time| (now - time).to_std().is_ok_and(|age| age >= HEAL_AFTER))
    };
    memory.not_modified_since.is_some()
        && memory.not_modified_streak > 1
        && long_ago(memory.not_modified_since)
        && long_ago(memory.last_unconditional)
}

/// The gap between two polls where nobody asks for more, and why.
struct Usual {
    interval: Duration,
    why: String,
}

fn usual(known: &Known<'_>, limits: &PaceLimits, now: Time) -> Usual {
    if let Some(text) = known.timing.schedule.as_deref()
        && let Some(gap) = cron::gap(text, now)
    {
        return Usual { interval: gap, why: format!("schedule \"{text}\"") };
    }
    if let Some(interval) = known.timing.interval {
        return Usual { interval, why: "set for this feed".to_owned() };
    }
    // An interval at the lower end leaves nothing to adapt: the operator wants this pace.
    if limits.interval <= limits.min_interval {
        return Usual { interval: limits.min_interval, why: "set for all feeds".to_owned() };
    }
    let (interval, why) = rhythm::interval(known.memory, limits, now);
    Usual { interval, why }
}

/// Until when a hub pushes what is new, where polls may be seldom for it: not against a
/// cron text, which says when, and not after a failure, which a push would have mended.
fn pushed_until(known: &Known<'_>, now: Time) -> Option<Time> {
    let until = known.memory.pushed_until.filter(|until| *until > now)?;
    (known.ending == Ending::Answered && known.timing.schedule.is_none()).then_some(until)
}

/// With a hub that pushes, a poll only looks whether the hub still does.
fn seldom(usual: Usual) -> Usual {
    if usual.interval >= PUSHED_INTERVAL {
        return usual;
    }
    Usual { interval: PUSHED_INTERVAL, why: "a hub pushes what is new".to_owned() }
}

struct Tick {
    at: Time,
    gap: Duration,
}

/// The first instant of the cron text that keeps everyone's bounds: those of `earliest`
/// where somebody asked for more than the schedule's own gap.
fn cron_tick(text: &str, known: &Known<'_>, earliest: Time, now: Time) -> Option<Tick> {
    let gap = cron::gap(text, now)?;
    let waits = earliest > later(now, gap);
    let after = if waits || known.ending != Ending::Answered { earliest } else { now };
    let at = cron::next(text, after)?;
    let following = cron::next(text, at)?;
    Some(Tick { at, gap: (following - at).to_std().unwrap_or(gap) })
}

/// `span * by`, whatever the two are.
fn scaled(span: Duration, by: f64) -> Duration {
    Duration::try_from_secs_f64(span.min(LONGEST_SPAN).as_secs_f64() * by).unwrap_or_default()
}

/// `time + wait`, at the end of time at the latest.
fn later(time: Time, wait: Duration) -> Time {
    chrono::TimeDelta::from_std(wait)
        .ok()
        .and_then(|wait| time.checked_add_signed(wait))
        .unwrap_or(Time::MAX_UTC)
}

/// A century: beyond it, arithmetic gains nothing and overflows.
const LONGEST_SPAN: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Seldom, not never: a hub may lose a push.
const PUSHED_INTERVAL: Duration = Duration::from_secs(24 * 3600);

/// How much of the interval feeds are spread over, upwards only: enough to keep the feeds of
/// one cron text or one max-age apart, too little to be felt.
const SPREAD: f64 = 0.1;

/// Nobody should wait longer than this for the sake of spread alone.
const MAX_SPREAD: Duration = Duration::from_secs(30 * 60);

/// Feeds that wait for the same hour to open come within its first minutes.
const SKIP_SPREAD: Duration = Duration::from_secs(6 * 60);

/// With our network down, no feed tries again before this part of its interval.
const SOONEST_RETRY: f64 = 0.05;

/// A week of nothing but 304 is usual for a quiet blog; one whole answer a week costs it
/// little, and frees us from a server that says 304 whatever we send.
const HEAL_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);

#[cfg(test)]
mod tests;
