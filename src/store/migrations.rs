//! Numbered migrations over `PRAGMA user_version`.
//!
//! In: a connection. Out: the same with the newest schema, or a refusal before the first
//! write. A migration is never edited once it is released; a change is a new file.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::error::StoreError;

/// `application_id` of our files: "MERG" in ASCII, shown by file(1).
pub(super) const APPLICATION_ID: i64 = 0x4d45_5247;

/// In order; the n-th leads to `user_version` n.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_the_house.sql"),
    include_str!("migrations/0002_one_story_once.sql"),
    include_str!("migrations/0003_what_hubs_were_told.sql"),
    include_str!("migrations/0004_what_hubs_push.sql"),
    include_str!("migrations/0005_keys_by_period.sql"),
    include_str!("migrations/0006_what_hubs_brought.sql"),
    include_str!("migrations/0007_made_again.sql"),
    include_str!("migrations/0008_what_waits.sql"),
    include_str!("migrations/0009_words_and_their_columns.sql"),
    include_str!("migrations/0010_who_polls.sql"),
    include_str!("migrations/0011_which_keys_nobody_has.sql"),
    include_str!("migrations/0012_parts_of_the_index.sql"),
];

/// Refuses a file that is not ours or newer than we are. Writes nothing.
///
/// `true`: the file holds nothing yet.
pub(super) fn judge(connection: &Connection, path: &Path) -> Result<bool, StoreError> {
    let failed = |error| StoreError::from_sqlite(path, "reading its version", error);
    let number = |pragma: &str| {
        connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0)).map_err(failed)
    };
    let application = number("application_id")?;
    let version = number("user_version")?;
    let objects: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))
        .map_err(failed)?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    match (application, version, objects) {
        (0, 0, 0) => Ok(true),
        (APPLICATION_ID, 1.., _) if version <= known => Ok(false),
        (APPLICATION_ID, _, _) if version > known => {
            Err(StoreError::Newer { path: path.to_path_buf(), found: version, known })
        }
        _ => Err(StoreError::Foreign {
            path: path.to_path_buf(),
            found: "an SQLite database of another program".into(),
        }),
    }
}

/// Brings a file that [`judge`] let in up to date: all of it or nothing.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    to_version(connection, MIGRATIONS.len())
        .map_err(|error| StoreError::from_sqlite(path, "bringing its schema up to date", error))
}

fn to_version(connection: &mut Connection, version: usize) -> rusqlite::Result<()> {
    if user_version(connection)? >= version {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Again, under the write lock: another process may have been quicker.
    let done = user_version(&transaction)?;
    for (number, sql) in (1_i64..).zip(MIGRATIONS).take(version).skip(done) {
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", number)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.commit()
}

/// How many of the migrations the file has seen.
pub(super) fn user_version(connection: &Connection) -> rusqlite::Result<usize> {
    let version =
        connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))?;
    Ok(usize::try_from(version).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything(connection: &Connection) -> Vec<(String, String, Option<String>)> {
        let mut statement = connection
            .prepare("SELECT type, name, sql FROM sqlite_master ORDER BY type, name")
            .unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn a_migrated_old_database_equals_a_fresh_one() {
        let mut fresh = Connection::open_in_memory().unwrap();
        to_version(&mut fresh, MIGRATIONS.len()).unwrap();
        for old in 1..=MIGRATIONS.len() {
            let mut migrated = Connection::open_in_memory().unwrap();
            to_version(&mut migrated, old).unwrap();
            to_version(&mut migrated, MIGRATIONS.len()).unwrap();
            assert_eq!(everything(&migrated), everything(&fresh));
        }
    }

    #[test]
    fn each_column_of_the_schema_is_explained() {
        let mut fresh = Connection::open_in_memory().unwrap();
        to_version(&mut fresh, MIGRATIONS.len()).unwrap();
        for (kind, name, sql) in everything(&fresh) {
            let Some(sql) = sql.filter(|_| kind == "table" && !name.starts_with("search")) else {
                continue;
            };
            let columns = sql.lines().map(str::trim).filter(|line| {
                [" TEXT", " INTEGER", " BLOB"].iter().any(|kind| line.contains(kind))
            });
            // A CHECK stands on a line of its own below its column's comment.
            for line in columns {
                assert!(line.contains("-- "), "{name}: {line}");
            }
        }
    }
}
