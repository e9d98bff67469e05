//! A consistent copy of the store beside running writers.
//!
//! In: the store file and a path where no file is yet. Out: one file of the same content,
//! without a log beside it. The copy becomes visible under its name when it is whole.

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, backup::Backup};

use super::{error::StoreError, open};

/// Pages of one step: between two steps writers have their turn.
const STEP_PAGES: i32 = 4_096;

pub(super) fn backup(from: &Path, to: &Path) -> Result<(), StoreError> {
    let refused = |reason: String| StoreError::Unusable { path: to.to_path_buf(), reason };
    if to.exists() {
        return Err(refused("is there already: a backup never replaces a file".into()));
    }
    let source = open::reader(from)?;
    let mut part = to.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let _ = std::fs::remove_file(&part);
    open::create(&part)?;
    let copied = copy(&source, &part).and_then(|()| {
        let rename = || {
            File::open(&part)?.sync_all()?;
            std::fs::rename(&part, to)?;
            let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
        };
        rename().map_err(|error: std::io::Error| refused(format!("cannot be written: {error}")))
    });
    if copied.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    copied
}

fn copy(source: &Connection, to: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::from_sqlite(to, "backing up", error);
    let mut target = Connection::open(to).map_err(failed)?;
    // One read transaction over all steps: else each commit of a writer starts it anew.
    let moment = source.unchecked_transaction().map_err(failed)?;
    moment
        .query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get::<_, i64>(0))
        .map_err(failed)?;
    Backup::new(&moment, &mut target)
        .and_then(|backup| backup.run_to_completion(STEP_PAGES, Duration::ZERO, None))
        .map_err(failed)?;
    // A log would lie beside the copy; whoever opens it as a store switches back.
    target.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(())).map_err(failed)
}
