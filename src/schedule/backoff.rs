//! How long to stay away after failures: growing, capped, never for ever.

use std::time::Duration;

use crate::model::PaceLimits;

/// Kinds of failure, by how fast their waits grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// May be over in a minute: time-outs, resets, names that do not resolve, 5xx, a cut body.
    Passing,
    /// Somebody has to change something: 4xx, not a feed, a refused address, a missing file.
    Standing,
    /// We are unwelcome for now: 429, a challenge. Asking again soon makes it worse.
    Unwelcome,
}

/// The wait after `failures` failures in a row, of which the last was of `kind`.
///
/// It doubles with each failure, starting at 2, 4 or 8 intervals, and ends at `max_interval`
/// (or the interval, where that is longer): a feed that fails for a year is still asked.
pub(super) fn wait(
    kind: FailureKind,
    failures: u32,
    interval: Duration,
    limits: &PaceLimits,
) -> Duration {
    let head_start = match kind {
        FailureKind::Passing => 0,
        FailureKind::Standing => 1,
        FailureKind::Unwelcome => 2,
    };
    let doublings = failures.saturating_add(head_start).min(MOST_DOUBLINGS);
    interval.saturating_mul(1 << doublings).min(limits.max_interval.max(interval))
}

/// 2^20 seconds are twelve days: from any interval, the cap is reached before.
const MOST_DOUBLINGS: u32 = 20;
