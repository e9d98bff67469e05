//! What can be wrong with the store: one line each, with the file and the remedy.
//!
//! In: SQLite's codes. Out: [`StoreError`]. SQLite's own words go last, for those who know.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// What can be wrong with the file: each names it and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("store {path}: {reason}")]
    Unusable { path: PathBuf, reason: String },
    #[error("store {path}: another merganser daemon holds it (lock {lock}): stop that one first")]
    HeldByDaemon { path: PathBuf, lock: PathBuf },
    #[error("store {path}: not there: poll once with `merganser fetch` or `merganser run`")]
    NotThere { path: PathBuf },
    #[error(
        "store {path}: written by a newer merganser (schema {found}, this one knows {known}): \
         install that version or restore an older backup"
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("store {path}: {found}: set [store] path to another file")]
    Foreign { path: PathBuf, found: String },
    #[error(
        "store {path}: the file is damaged ({detail}): left as it is; restore a backup, or save \
         what can be saved with `sqlite3 {path} .recover`"
    )]
    Damaged { path: PathBuf, detail: String },
    #[error(
        "store {path}: locked by another process for {waited_seconds} s: end the program that \
         keeps it (a sqlite3 shell, a backup)"
    )]
    Locked { path: PathBuf, waited_seconds: u64 },
    #[error("store {path}: the disk is full: free some space, work goes on by itself")]
    Full { path: PathBuf },
    #[error(
        "store {path}: cannot be written ({detail}): give this user write access to the file and \
         its folder"
    )]
    ReadOnly { path: PathBuf, detail: String },
    #[error(
        "store {path}: cannot be read ({detail}): check owner and permissions of file and folder"
    )]
    Unreadable { path: PathBuf, detail: String },
    #[error(
        "store {path}: the file was deleted or moved while in use: put it back, work goes on by \
         itself"
    )]
    Vanished { path: PathBuf },
    #[error("store {path}: the disk failed ({detail}): check the disk and its logs")]
    Disk { path: PathBuf, detail: String },
    #[error("store {path}: opened for reading only")]
    OnlyReading { path: PathBuf },
    #[error("store {path}: closed")]
    Closed { path: PathBuf },
    #[error("store {path}: no feed has the number {feed} (any more)")]
    NoSuchFeed { path: PathBuf, feed: i64 },
    #[error("store {path}: no entry has the number {entry} (any more)")]
    NoSuchEntry { path: PathBuf, entry: i64 },
    #[error("store {path}: {doing} failed: {source}")]
    Sql { path: PathBuf, doing: &'static str, source: rusqlite::Error },
}

/// What goes wrong inside a transaction, before the file's name is put to it.
#[derive(Debug)]
pub(super) enum Fault {
    Sql(rusqlite::Error),
    NoSuchFeed(i64),
    NoSuchEntry(i64),
    Json(serde_json::Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sql(error) => error.fmt(f),
            Self::NoSuchFeed(feed) => write!(f, "no feed has the number {feed}"),
            Self::NoSuchEntry(entry) => write!(f, "no entry has the number {entry}"),
            Self::Json(error) => error.fmt(f),
        }
    }
}

impl Fault {
    pub(super) fn at(self, path: &Path, doing: &'static str) -> StoreError {
        let path = path.to_path_buf();
        match self {
            Self::Sql(error) => StoreError::from_sqlite(&path, doing, error),
            Self::NoSuchFeed(feed) => StoreError::NoSuchFeed { path, feed },
            Self::NoSuchEntry(entry) => StoreError::NoSuchEntry { path, entry },
            Self::Json(error) => {
                StoreError::Unusable { path, reason: format!("{doing} failed: {error}") }
            }
        }
    }
}

impl StoreError {
    /// Says what SQLite's code means for the operator.
    pub(super) fn from_sqlite(path: &Path, doing: &'static str, source: rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        let detail = one_line(&source.to_string());
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, detail },
            Some(ErrorCode::NotADatabase) => {
                Self::Foreign { path, found: "not an SQLite database, or a damaged one".into() }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Locked { path, waited_seconds: super::open::BUSY_TIMEOUT.as_secs() }
            }
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                Self::ReadOnly { path, detail }
            }
            Some(ErrorCode::CannotOpen) => Self::Unreadable { path, detail },
            Some(ErrorCode::SystemIoFailure) => Self::Disk { path, detail },
            _ => Self::Sql { path, doing, source },
        }
    }

    /// A second handle on the same news, for each job of a batch that could not be committed.
    pub(super) fn again(&self) -> Self {
        let reason = self.to_string();
        match self {
            Self::Locked { path, waited_seconds } => {
                Self::Locked { path: path.clone(), waited_seconds: *waited_seconds }
            }
            Self::Full { path } => Self::Full { path: path.clone() },
            Self::Vanished { path } => Self::Vanished { path: path.clone() },
            Self::ReadOnly { path, detail } => {
                Self::ReadOnly { path: path.clone(), detail: detail.clone() }
            }
            Self::Damaged { path, detail } => {
                Self::Damaged { path: path.clone(), detail: detail.clone() }
            }
            Self::Disk { path, detail } => {
                Self::Disk { path: path.clone(), detail: detail.clone() }
            }
            _ => {
                let path = self.path().to_path_buf();
                let prefix = format!("store {}: ", path.display());
                let reason = reason.strip_prefix(&prefix).unwrap_or(&reason).to_owned();
                Self::Unusable { path, reason }
            }
        }
    }

    /// The store file that this is about.
    pub fn path(&self) -> &Path {
        match self {
            Self::Unusable { path, .. }
            | Self::HeldByDaemon { path, .. }
            | Self::NotThere { path }
            | Self::Newer { path, .. }
            | Self::Foreign { path, .. }
            | Self::Damaged { path, .. }
            | Self::Locked { path, .. }
            | Self::Full { path }
            | Self::ReadOnly { path, .. }
            | Self::Unreadable { path, .. }
            | Self::Vanished { path }
            | Self::Disk { path, .. }
            | Self::OnlyReading { path }
            | Self::Closed { path }
            | Self::NoSuchFeed { path, .. }
            | Self::NoSuchEntry { path, .. }
            | Self::Sql { path, .. } => path,
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
