//! Cron texts: six or seven fields, seconds first, in UTC.

use std::time::Duration;

use chrono::SubsecRound;
use croner::{
    Cron,
    parser::{CronParser, Seconds},
};

use crate::model::Time;

/// The first instant of `text` strictly after `time`; `None` where there is none.
///
/// Whole seconds: croner would carry the fraction of `time` into its answer.
pub(super) fn next(text: &str, time: Time) -> Option<Time> {
    parsed(text)?.find_next_occurrence(&time.trunc_subsecs(0), false).ok()
}

/// The gap between the next two instants of `text`.
pub(super) fn gap(text: &str, now: Time) -> Option<Duration> {
    let first = next(text, now)?;
    (next(text, first)? - first).to_std().ok()
}

fn parsed(text: &str) -> Option<Cron> {
    CronParser::builder().seconds(Seconds::Required).build().parse(text).ok()
}
