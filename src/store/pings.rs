//! What the hub last heard of each output document, over restarts.

use std::collections::HashMap;

use rusqlite::Connection;

use super::{error::Fault, values::millis};
use crate::model::Time;

/// The etag that the hub last heard of, by topic.
pub(super) fn all(connection: &Connection) -> Result<HashMap<String, String>, Fault> {
    let mut statement = connection.prepare_cached("SELECT topic, etag FROM pings")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn remember(
    connection: &Connection,
    heard: &[(String, String)],
    now: Time,
) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO pings (topic, etag, at) VALUES (?1, ?2, ?3)
         ON CONFLICT (topic) DO UPDATE SET etag = excluded.etag, at = excluded.at",
    )?;
    for (topic, etag) in heard {
        statement.execute((topic, etag, millis(now)))?;
    }
    Ok(())
}
