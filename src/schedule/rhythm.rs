//! The feed's own rhythm, and the interval that it calls for.
//!
//! For a given number of requests, the total time that entries wait to be seen is least
//! when each feed's interval goes with the square root of the gap between its entries: a
//! feed that is four times as quiet is asked half as often. `[fetch] interval` is the pace
//! for a feed of [`USUAL_GAP`]; others are faster or slower by that rule.

use std::time::Duration;

use super::{scaled, words};
use crate::model::{PaceLimits, PollMemory, Time};

/// The interval for what is known, between `min_interval` and `max_interval`, and why.
pub(super) fn interval(memory: &PollMemory, limits: &PaceLimits, now: Time) -> (Duration, String) {
    let silence = memory.last_new_entry.map(|last| seconds(now - last));
    let Some(gap) = memory.entry_gap_seconds.or(silence) else {
        let interval = clamp(limits.interval, limits);
        return (interval, "its rhythm is not known yet".to_owned());
    };
    let gap = gap.clamp(SHORTEST_GAP, LONGEST);
    // A feed that fell silent is asked less, but trusted for a while to speak up again.
    let believed = gap.max(silence.unwrap_or(0.0) * SILENCE_COUNTS);
    let wait = scaled(limits.interval, (believed / USUAL_GAP).sqrt().min(MOST_STRETCH));

    // A document is a short window: it must not turn over between two polls. Its pace in a
    // burst is what counts, so that silence lifts this bound only slowly.
    let busy = gap.max(silence.unwrap_or(0.0) * SILENCE_COUNTS_IN_BURSTS);
    let window = f64::from(memory.window.unwrap_or(USUAL_WINDOW).max(1));
    let turnover = Duration::from_secs_f64((busy * window * PART_OF_WINDOW).min(LONGEST));
    // Half of the document new at one poll: it nearly did.
    let rushed = matches!((memory.window, memory.window_new),
        (Some(window), Some(new)) if window >= 4 && new >= window / 2);
    let wait = if rushed { wait / 2 } else { wait };

    let why = match silence {
        Some(silence) if silence > gap * UNUSUAL_SILENCE && silence > LONG_SILENCE => {
            format!("silent for {}", words::in_words(Duration::from_secs_f64(silence)))
        }
        _ => words::rate(Duration::from_secs_f64(gap.min(LONGEST))),
    };
    (clamp(wait.min(turnover), limits), why)
}

/// The usual gap between two entries, in seconds, from the dates in a document.
///
/// The latest dozen tells the present rhythm better than the years before. `None` where
/// there are too few dates to tell; dates in the future are no evidence.
pub fn entry_gap(dates: &[Time], now: Time) -> Option<f64> {
    let mut dates: Vec<Time> = dates.iter().copied().filter(|date| *date <= now).collect();
    dates.sort_unstable_by(|a, b| b.cmp(a));
    dates.truncate(LATEST);
    let (newest, oldest) = (dates.first()?, dates.last()?);
    let gaps = dates.len() - 1;
    (gaps >= 2).then(|| (seconds(*newest - *oldest) / gaps as f64).max(SHORTEST_GAP))
}

/// The running mean of the gap where dates are missing: `new` entries came within `elapsed`.
pub fn blend_gap(before: Option<f64>, new: u32, elapsed: Duration) -> Option<f64> {
    if new == 0 {
        return before;
    }
    let sample = (elapsed.as_secs_f64() / f64::from(new)).max(SHORTEST_GAP);
    Some(before.map_or(sample, |before| before + (sample - before) * NEWEST_COUNTS))
}

fn clamp(wait: Duration, limits: &PaceLimits) -> Duration {
    wait.min(limits.max_interval).max(limits.min_interval)
}

fn seconds(span: chrono::TimeDelta) -> f64 {
    span.as_seconds_f64().clamp(0.0, LONGEST)
}

/// `[fetch] interval` is meant for a feed of about five entries a day.
const USUAL_GAP: f64 = 5.0 * 3600.0;

/// Beyond this the square root says nothing any more: a feed of one entry in ten years.
const MOST_STRETCH: f64 = 150.0;

/// Half the present silence counts as the gap.
const SILENCE_COUNTS: f64 = 0.5;

const SILENCE_COUNTS_IN_BURSTS: f64 = 1.0 / 16.0;

/// At most a quarter of the document may be new at the usual pace.
const PART_OF_WINDOW: f64 = 0.25;

/// What most feeds hold, where nothing is known.
const USUAL_WINDOW: u32 = 10;

/// So many times the usual gap is silence worth a word, from [`LONG_SILENCE`] on.
const UNUSUAL_SILENCE: f64 = 4.0;
const LONG_SILENCE: f64 = 2.0 * 24.0 * 3600.0;

/// Entries of one instant are one act of publishing, not an infinite rate.
const SHORTEST_GAP: f64 = 1.0;

const LATEST: usize = 12;

/// How much the newest sample moves the running mean.
const NEWEST_COUNTS: f64 = 0.3;

/// A century in seconds: keeps arithmetic in range whatever a feed claims.
const LONGEST: f64 = 100.0 * 365.0 * 24.0 * 3600.0;
