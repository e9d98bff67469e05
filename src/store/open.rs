//! Opening the file: who may, how, and what is refused.
//!
//! In: a path. Out: connections with our settings. A damaged, foreign or newer file is
//! left as it is: nothing is written before it has been judged.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::Write as _,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{OpenAs, error::StoreError, migrations, search, writing};

/// How long to wait for another process that writes: longer than any backup step of ours.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// A write-ahead log that grew in a rush is cut back to this at the next checkpoint.
const JOURNAL_LIMIT_BYTES: i64 = 64 << 20;

/// Entries are 2 to 5 KB. Where one or two fill a page, the rest of it stands empty: of pages
/// of 4 or 8 KiB a quarter, of these an eighth.
const PAGE_BYTES: i64 = 16_384;

/// Pages of the write-ahead log that make it worth a checkpoint: 48 MiB. Pages that many
/// commits change go into the file once a checkpoint.
const CHECKPOINT_PAGES: i64 = 3_000;

/// Page cache of the writer: the upper levels of every index of a million articles.
const WRITER_CACHE_KIB: i64 = 12_000;

/// Page cache of each reader.
const READER_CACHE_KIB: i64 = 4_000;

/// Prepared statements kept by each connection: more than there are in this room.
const STATEMENTS: usize = 128;

/// Over this size the check after an unclean end would keep the daemon from its work for
/// minutes; `merganser check --store` is the way then.
const QUICK_CHECK_LIMIT_BYTES: u64 = 1 << 30;

/// Which file lies at a path: device and inode. A file deleted or replaced under a
/// running process is seen by this alone, SQLite writes on into the deleted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileIdentity {
    device: u64,
    inode: u64,
}

impl FileIdentity {
    pub(super) fn of(path: &Path) -> Option<Self> {
        let about = std::fs::metadata(path).ok()?;
        Some(Self { device: about.dev(), inode: about.ino() })
    }
}

/// A writer's claim on the file, given back when dropped or when the process ends.
#[derive(Debug)]
pub(super) struct Presence {
    _file: File,
}

impl Presence {
    /// The daemon's, of which there is one.
    pub(super) fn of_daemon(store: &Path) -> Result<Self, StoreError> {
        let (mut file, lock) = lock_file(store, ".lock")?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::HeldByDaemon { path: store.to_path_buf(), lock });
            }
            Err(TryLockError::Error(error)) => return Err(cannot_create(store, &error)),
        }
        // The number is for people; the lock itself is what counts.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self { _file: file })
    }

    /// That of a command that writes beside the daemon, of which there may be many. It tells
    /// a daemon that starts meanwhile that the leases may be somebody's.
    pub(super) fn beside(store: &Path) -> Result<Self, StoreError> {
        let (file, _) = lock_file(store, BESIDE)?;
        file.lock_shared().map_err(|error| cannot_create(store, &error))?;
        Ok(Self { _file: file })
    }
}

/// Where commands beside the daemon show that they are there.
const BESIDE: &str = ".beside";

fn lock_file(store: &Path, ending: &str) -> Result<(File, PathBuf), StoreError> {
    let mut name = store.as_os_str().to_owned();
    name.push(ending);
    let lock = PathBuf::from(name);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o640)
        .open(&lock)
        .map_err(|error| cannot_create(store, &error))?;
    Ok((file, lock))
}

/// Frees every feed, if the daemon is alone with the file: whoever leased one is dead, and
/// without this the feed would not be polled until the lease ran out.
fn free_dead_leases(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let (beside, _) = lock_file(path, BESIDE)?;
    // Held until the leases are free: a command that starts meanwhile waits for that.
    if beside.try_lock().is_ok() {
        connection
            .execute("DELETE FROM leases", [])
            .map_err(|error| StoreError::from_sqlite(path, "freeing feeds", error))?;
    }
    Ok(())
}

/// The read-write connection. Makes the file where there is none.
pub(super) fn writer(path: &Path, how: OpenAs) -> Result<Connection, StoreError> {
    let failed = |error| StoreError::from_sqlite(path, "opening", error);
    create(path)?;
    let unclean = how == OpenAs::Daemon && ended_unclean(path);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    let fresh = migrations::judge(&connection, path)?;
    if fresh {
        // Both have to come before the first page is written.
        connection.pragma_update(None, "page_size", PAGE_BYTES).map_err(failed)?;
        connection.pragma_update(None, "auto_vacuum", "incremental").map_err(failed)?;
    }
    if unclean {
        quick_check(&connection, path)?;
    }
    write_ahead(&connection, path)?;
    for (pragma, value) in [
        // Each commit is on the disk before it is answered: a feed's server is told with the
        // next request what we have, and cannot be asked again.
        ("synchronous", 2),
        // Where a sync does not reach the disk without it (macOS); nothing elsewhere.
        ("fullfsync", 1),
        ("checkpoint_fullfsync", 1),
        ("foreign_keys", 1),
        ("journal_size_limit", JOURNAL_LIMIT_BYTES),
        ("cache_size", -WRITER_CACHE_KIB),
        ("wal_autocheckpoint", CHECKPOINT_PAGES),
        ("temp_store", 2),
    ] {
        connection.pragma_update(None, pragma, value).map_err(failed)?;
    }
    keep_statements(&connection).map_err(failed)?;
    migrations::migrate(&mut connection, path)?;
    search::bring_up_to_date(&mut connection)
        .map_err(|fault| fault.at(path, "making its search index anew"))?;
    writing::recover(&connection).map_err(|fault| fault.at(path, "completing what waited"))?;
    if how == OpenAs::Daemon {
        free_dead_leases(&connection, path)?;
    }
    Ok(connection)
}

/// A connection that cannot write.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    if !path.exists() {
        return Err(StoreError::NotThere { path: path.to_path_buf() });
    }
    let connection = match open_reader(path, false) {
        // A write-ahead log needs its index file beside it even to read. Where the folder
        // cannot be written and no log is there, nobody has the file open: read it alone.
        Err(StoreError::Unreadable { .. } | StoreError::ReadOnly { .. }) if !has_log(path) => {
            open_reader(path, true)?
        }
        other => other?,
    };
    let fresh = migrations::judge(&connection, path)?;
    if fresh || older(&connection) {
        return Err(StoreError::Unusable {
            path: path.to_path_buf(),
            reason: "its schema is older than this program: let `merganser run` or `merganser \
                     fetch` bring it up to date"
                .into(),
        });
    }
    Ok(connection)
}

fn open_reader(path: &Path, alone: bool) -> Result<Connection, StoreError> {
    let failed = |error| StoreError::from_sqlite(path, "opening for reading", error);
    let mut flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = if alone {
        flags |= OpenFlags::SQLITE_OPEN_URI;
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let mut address = url::Url::from_file_path(&absolute)
            .map_err(|()| failed(rusqlite::Error::InvalidPath(absolute)))?;
        address.set_query(Some("immutable=1"));
        Connection::open_with_flags(address.as_str(), flags)
    } else {
        Connection::open_with_flags(path, flags)
    }
    .map_err(failed)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    for (pragma, value) in [("query_only", 1), ("cache_size", -READER_CACHE_KIB), ("temp_store", 2)]
    {
        connection.pragma_update(None, pragma, value).map_err(failed)?;
    }
    keep_statements(&connection).map_err(failed)?;
    // SQLite opens late: read something, so that what is wrong shows here.
    connection
        .query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get::<_, i64>(0))
        .map_err(failed)?;
    Ok(connection)
}

/// Prepares each statement once: neither forgotten for others, nor planned anew for the values
/// that are bound to it (SQLite's query planner stability guarantee).
fn keep_statements(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn older(connection: &Connection) -> bool {
    migrations::user_version(connection).is_ok_and(|version| version < migrations::MIGRATIONS.len())
}

fn write_ahead(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(|error| StoreError::from_sqlite(path, "setting up its write-ahead log", error))?;
    if mode == "wal" {
        return Ok(());
    }
    Err(StoreError::Unusable {
        path: path.to_path_buf(),
        reason: format!(
            "this file system allows no write-ahead log (journal mode {mode}): set [store] path \
             to a file on a local disk"
        ),
    })
}

/// Our files are nobody else's business: 0640 before SQLite sees them, which gives the same
/// to the files that it puts beside.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o640).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(cannot_create(path, &error)),
    }
}

fn cannot_create(path: &Path, error: &std::io::Error) -> StoreError {
    use std::io::ErrorKind::{NotFound, StorageFull};
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let path = path.to_path_buf();
    match error.kind() {
        NotFound => StoreError::Unusable {
            path,
            reason: format!("the folder {} does not exist: create it", folder.display()),
        },
        StorageFull => StoreError::Full { path },
        _ => StoreError::ReadOnly { path, detail: error.to_string() },
    }
}

/// A log that is not empty outlives only a process that did not close the store.
fn ended_unclean(path: &Path) -> bool {
    has_log(path)
}

fn has_log(path: &Path) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    std::fs::metadata(name).is_ok_and(|about| about.len() > 0)
}

fn quick_check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    if std::fs::metadata(path).is_ok_and(|about| about.len() > QUICK_CHECK_LIMIT_BYTES) {
        return Ok(());
    }
    let first: String = connection
        .pragma_query_value(None, "quick_check", |row| row.get(0))
        .map_err(|error| StoreError::from_sqlite(path, "checking after an unclean end", error))?;
    if first == "ok" {
        return Ok(());
    }
    Err(StoreError::Damaged { path: path.to_path_buf(), detail: first })
}
