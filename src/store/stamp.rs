//! When an article changed, told so that no two changes share an instant.
//!
//! A reader that has seen everything up to an instant gets what changed after it (RFC 3229):
//! with two changes in one instant it could miss the later one.

use chrono::{SecondsFormat, TimeDelta};
use rusqlite::{Connection, OptionalExtension as _};

use super::{error::Fault, values::time};
use crate::model::Time;

/// Our clock in microseconds, but always after the newest change so far, even where the
/// clock was set back.
pub(super) fn next(connection: &Connection, now: Time) -> Result<String, Fault> {
    let newest: Option<String> = connection
        .prepare_cached("SELECT changed FROM articles ORDER BY changed DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let after = time(newest).and_then(|it| it.checked_add_signed(TimeDelta::microseconds(1)));
    let at = after.map_or(now, |after| after.max(now));
    Ok(at.to_rfc3339_opts(SecondsFormat::Micros, true))
}
