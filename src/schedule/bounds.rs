//! What publishers ask for: lower bounds of the interval, each with its cap.

use std::time::Duration;

use chrono::{Datelike, Timelike};

use super::later;
use crate::model::{PaceHints, PaceLimits, PollMemory, Time};

/// The longest wait that somebody asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) wait: Duration,
    /// "server" or "feed".
    pub(super) who: &'static str,
}

/// The strictest of freshness (RFC 9111 4.2), RSS `ttl` and `sy:updatePeriod`, capped at
/// `max_interval` or a day, whichever is longer: beyond that it is a mistake, not a wish.
pub(super) fn asked(memory: &PollMemory, limits: &PaceLimits) -> Option<Asked> {
    let fresh_for = memory.fresh_for_seconds.map(Duration::from_secs);
    [(fresh_for, "server"), (memory.hints.ttl, "feed"), (memory.hints.update_period, "feed")]
        .into_iter()
        .filter_map(|(wait, who)| Some(Asked { wait: wait?.min(cap(limits)), who }))
        .filter(|asked| !asked.wait.is_zero())
        .max_by_key(|asked| asked.wait)
}

/// Until when the server wants to be left alone, at most [`LONGEST_REST`].
pub(super) fn resting_until(memory: &PollMemory, now: Time) -> Option<Time> {
    let until = memory.retry_after?.until.min(later(now, LONGEST_REST));
    (until > now).then_some(until)
}

/// The start of the first hour from `at` on that the feed does not name in `skipHours` or
/// `skipDays`; `None` where `at` is in such an hour already.
///
/// Hours and days are those of GMT (RSS 2.0). A feed that skips all of them gets one poll in
/// the time that caps every wish.
pub(super) fn next_open_hour(at: Time, hints: &PaceHints, limits: &PaceLimits) -> Option<Time> {
    let skipped = |time: Time| {
        let hour = u8::try_from(time.hour()).unwrap_or(0);
        let day = u8::try_from(time.weekday().num_days_from_monday()).unwrap_or(0);
        hints.skip_hours.contains(&hour) || hints.skip_days.contains(&day)
    };
    if !skipped(at) {
        return None;
    }
    let hour =
        at.with_minute(0).and_then(|at| at.with_second(0)).and_then(|at| at.with_nanosecond(0))?;
    (1..=HOURS_OF_A_WEEK)
        .map(|hours| later(hour, Duration::from_secs(hours * 3600)))
        .find(|hour| !skipped(*hour))
        .or_else(|| Some(later(at, cap(limits))))
}

fn cap(limits: &PaceLimits) -> Duration {
    limits.max_interval.max(DAY)
}

const DAY: Duration = Duration::from_secs(24 * 3600);

const HOURS_OF_A_WEEK: u64 = 7 * 24;

/// Two days were asked for in earnest; a month is the longest that a peer believes.
const LONGEST_REST: Duration = Duration::from_secs(31 * 24 * 3600);
