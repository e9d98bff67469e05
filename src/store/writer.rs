//! The one thread that writes.
//!
//! In: jobs from a bounded channel. Out: answers, after the commit that holds their work is
//! on the disk. Several waiting jobs share one transaction and so one sync, each in a
//! savepoint of its own: a job that fails undoes itself alone.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::{
    OpenAs,
    error::{Fault, StoreError},
    open::{self, FileIdentity},
};

/// Jobs that may wait; who comes later waits outside, so that memory stays bounded.
const QUEUE: usize = 256;

/// Jobs of one transaction: more gain nothing and make the others' answers late.
const BATCH: usize = 50;

/// A transaction that took so long ends, so that what it did is safe and answered.
const LONGEST_BATCH: Duration = Duration::from_millis(100);

/// A job's answer, held back until the commit, which may still undo it.
type Answer = Box<dyn FnOnce(Option<StoreError>) + Send>;

/// Work inside a shared transaction, or the news that there can be none now. `true`: keep it.
type Shared = Box<dyn FnOnce(Result<(&Connection, &Path), StoreError>) -> (bool, Answer) + Send>;

/// Work between two transactions, in the same sense.
type Alone = Box<dyn FnOnce(Result<(&mut Connection, &Path), StoreError>) + Send>;

enum Job {
    Shared(Shared),
    /// What cannot be inside a transaction (checkpoint, vacuum).
    Alone(Alone),
    /// Ends the thread once everything before it is done.
    Close(oneshot::Sender<Result<(), StoreError>>),
}

/// The sending end.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
    path: PathBuf,
}

impl Writer {
    /// Opens the file in the new thread, and waits until it is open.
    pub(super) fn start(path: &Path, how: OpenAs) -> Result<Self, StoreError> {
        let (jobs, inbox) = mpsc::channel(QUEUE);
        let (opened, open) = std::sync::mpsc::sync_channel(1);
        let file = path.to_path_buf();
        std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || match Desk::open(file, how) {
                Ok(desk) => {
                    let _ = opened.send(Ok(()));
                    desk.work(inbox);
                }
                Err(error) => {
                    let _ = opened.send(Err(error));
                }
            })
            .map_err(|error| StoreError::Unusable {
                path: path.to_path_buf(),
                reason: format!("cannot start the writer thread: {error}"),
            })?;
        open.recv().unwrap_or_else(|_| Err(StoreError::Closed { path: path.to_path_buf() }))?;
        Ok(Self { jobs, path: path.to_path_buf() })
    }

    /// Runs `work` in a savepoint of the next transaction; answers after the synced commit.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Shared(Box::new(move |desk| {
            let result = desk.and_then(|(connection, path)| {
                work(connection).map_err(|fault| fault.at(path, doing))
            });
            let good = result.is_ok();
            let hold = move |undone: Option<StoreError>| {
                let _ = reply.send(match (result, undone) {
                    (Ok(_), Some(error)) => Err(error),
                    (result, _) => result,
                });
            };
            (good, Box::new(hold) as Answer)
        }));
        self.send(job).await?;
        answer.await.unwrap_or_else(|_| Err(self.broken(doing)))
    }

    /// Runs `work` between two transactions.
    pub(super) async fn run_alone<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Alone(Box::new(move |desk| {
            let _ = reply.send(desk.and_then(|(connection, path)| {
                work(connection).map_err(|fault| fault.at(path, doing))
            }));
        }));
        self.send(job).await?;
        answer.await.unwrap_or_else(|_| Err(self.broken(doing)))
    }

    /// Runs `work` in a transaction of its own, without a savepoint.
    pub(super) async fn run_in_its_own<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let alone = move |connection: &mut Connection| {
            // Undone where it is dropped before its commit: by a fault, or by a panic.
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        self.run_alone(doing, alone).await
    }

    pub(super) async fn close(&self) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        if self.send(Job::Close(reply)).await.is_err() {
            return Ok(());
        }
        answer.await.unwrap_or(Ok(()))
    }

    async fn send(&self, job: Job) -> Result<(), StoreError> {
        let closed = |_| StoreError::Closed { path: self.path.clone() };
        self.jobs.send(job).await.map_err(closed)
    }

    /// The answer of a job that panicked: its savepoint is undone.
    fn broken(&self, doing: &'static str) -> StoreError {
        StoreError::Unusable {
            path: self.path.clone(),
            reason: format!("{doing} failed inside merganser: please report this"),
        }
    }
}

/// What the thread has before it.
struct Desk {
    path: PathBuf,
    how: OpenAs,
    connection: Connection,
    identity: Option<FileIdentity>,
}

impl Desk {
    fn open(path: PathBuf, how: OpenAs) -> Result<Self, StoreError> {
        let connection = open::writer(&path, how)?;
        let identity = FileIdentity::of(&path);
        Ok(Self { path, how, connection, identity })
    }

    fn work(mut self, mut inbox: mpsc::Receiver<Job>) {
        let mut next = inbox.blocking_recv();
        while let Some(job) = next.take() {
            match job {
                Job::Close(reply) => {
                    inbox.close();
                    let _ = reply.send(self.finish());
                    return;
                }
                Job::Alone(work) => {
                    let desk = self.still_there();
                    let desk = desk.map(|()| (&mut self.connection, self.path.as_path()));
                    // Its answer goes with the panic; the thread is needed by all.
                    let _ = catch_unwind(AssertUnwindSafe(|| work(desk)));
                }
                Job::Shared(work) => next = self.batch(work, &mut inbox),
            }
            if next.is_none() {
                next = inbox.blocking_recv();
            }
        }
        let _ = self.finish();
    }

    /// One transaction for `first` and those that wait behind it. Gives back a job that
    /// does not fit in.
    fn batch(&mut self, first: Shared, inbox: &mut mpsc::Receiver<Job>) -> Option<Job> {
        let mut answers: Vec<Answer> = Vec::new();
        let mut left = None;
        let began = Instant::now();
        let mut outcome = self.still_there().and_then(|()| self.sql("BEGIN IMMEDIATE"));
        let mut work = Some(first);
        while let Some(job) = work.take() {
            match &outcome {
                Ok(()) => outcome = self.one(job, &mut answers),
                Err(error) => answers.push(job(Err(error.again())).1),
            }
            if answers.len() < BATCH && began.elapsed() < LONGEST_BATCH {
                match inbox.try_recv() {
                    Ok(Job::Shared(job)) => work = Some(job),
                    Ok(other) => left = Some(other),
                    Err(_) => {}
                }
            }
        }
        let outcome = outcome.and_then(|()| self.sql("COMMIT"));
        if outcome.is_err() && !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        for answer in answers {
            answer(outcome.as_ref().err().map(StoreError::again));
        }
        left
    }

    /// One job in its savepoint. `Err`: the whole transaction is lost.
    fn one(&mut self, job: Shared, answers: &mut Vec<Answer>) -> Result<(), StoreError> {
        self.sql("SAVEPOINT job")?;
        let desk = Ok((&self.connection, self.path.as_path()));
        let result = catch_unwind(AssertUnwindSafe(|| job(desk)));
        let good = result.as_ref().is_ok_and(|(good, _)| *good);
        if let Ok((_, answer)) = result {
            answers.push(answer);
        }
        if self.connection.is_autocommit() {
            // A full disk or a failing one makes SQLite undo everything by itself.
            return Err(StoreError::Unusable {
                path: self.path.clone(),
                reason: "a write failed and was undone: see the other errors of this moment".into(),
            });
        }
        if !good {
            self.sql("ROLLBACK TO job")?;
        }
        self.sql("RELEASE job")
    }

    fn sql(&self, sql: &str) -> Result<(), StoreError> {
        let done = self.connection.prepare_cached(sql).and_then(|mut sql| sql.execute([]));
        done.map(drop).map_err(|error| StoreError::from_sqlite(&self.path, "writing", error))
    }

    /// Is the file that we have open still the one at the path? A restored file in its
    /// place is opened anew.
    fn still_there(&mut self) -> Result<(), StoreError> {
        let now = FileIdentity::of(&self.path);
        if now.is_some() && now == self.identity {
            return Ok(());
        }
        if now.is_none() {
            return Err(StoreError::Vanished { path: self.path.clone() });
        }
        *self = Self::open(self.path.clone(), self.how)?;
        Ok(())
    }

    /// Leaves one tidy file behind.
    fn finish(self) -> Result<(), StoreError> {
        let Self { connection, path, identity, .. } = self;
        if FileIdentity::of(&path) == identity {
            // Best effort: what is committed is safe with the log beside the file, too.
            let _ = connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);");
        }
        connection.close().map_err(|(_, error)| StoreError::from_sqlite(&path, "closing", error))
    }
}
