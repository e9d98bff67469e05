//! A few connections that only read, lent out for one short look each.
//!
//! In: a closure. Out: what it saw, all of it from one moment. Never here: a look that
//! lasts (the log cannot be cut back while one is open) or that writes.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{
    error::{Fault, StoreError},
    open::{self, FileIdentity},
};

/// Looks at a time. Two cores, and one or two that wait for the disk.
const READERS: usize = 4;

#[derive(Debug, Clone)]
pub(super) struct Readers {
    path: PathBuf,
    permits: Arc<Semaphore>,
    /// It was there once: without it, it vanished.
    seen: Arc<AtomicBool>,
    /// Connections that nobody uses now, with the file that each has open.
    idle: Arc<Mutex<Vec<(FileIdentity, Connection)>>>,
}

impl Readers {
    /// `seen`: the file is there already.
    pub(super) fn new(path: PathBuf, seen: bool) -> Self {
        let permits = Arc::new(Semaphore::new(READERS));
        let seen = Arc::new(AtomicBool::new(seen));
        Self { path, permits, seen, idle: Arc::default() }
    }

    /// Runs `look` on a blocking thread, inside one read transaction.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        doing: &'static str,
        look: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let closed = || StoreError::Closed { path: self.path.clone() };
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| closed())?;
        let here = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            here.look_now(doing, look)
        });
        task.await.unwrap_or_else(|error| {
            Err(StoreError::Unusable {
                path: self.path.clone(),
                reason: format!("{doing} failed inside merganser ({error}): please report this"),
            })
        })
    }

    /// The same on the thread that asks.
    pub(super) fn look_now<T>(
        &self,
        doing: &'static str,
        look: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let (identity, connection) = self.lend()?;
        let failed = |error| StoreError::from_sqlite(&self.path, doing, error);
        let seen = {
            // Ends with the look, whatever came of it.
            let moment = connection.unchecked_transaction().map_err(failed)?;
            look(&moment)
        };
        let seen = seen.map_err(|fault| fault.at(&self.path, doing))?;
        self.idle().push((identity, connection));
        Ok(seen)
    }

    /// Lets no one in any more and closes what is idle.
    pub(super) fn close(&self) {
        self.permits.close();
        self.idle().clear();
    }

    fn lend(&self) -> Result<(FileIdentity, Connection), StoreError> {
        let Some(identity) = FileIdentity::of(&self.path) else {
            let path = self.path.clone();
            let seen = self.seen.load(Ordering::Relaxed);
            return Err(if seen {
                StoreError::Vanished { path }
            } else {
                StoreError::NotThere { path }
            });
        };
        self.seen.store(true, Ordering::Relaxed);
        let idle = {
            let mut idle = self.idle();
            // Another file lies there now: what these have open is not the store any more.
            idle.retain(|(opened, _)| *opened == identity);
            idle.pop()
        };
        match idle {
            Some(lent) => Ok(lent),
            None => Ok((identity, open::reader(&self.path)?)),
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(FileIdentity, Connection)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
