//! The one thread that writes.
//!
//! In: jobs from a bounded channel. Out: answers, after the commit that holds their work is
//! on the disk. Several waiting jobs share one transaction and so one sync. A job that fails
//! undoes itself alone: the transaction is undone, and its jobs are done again, each in one
//! of its own. That is rare; a savepoint around each job would cost every one of them a copy
//! of the pages that it touches.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Builder, Runtime},
    sync::{mpsc, oneshot},
    time::timeout,
};
use tracing::{debug, warn};

use super::{
    OpenAs,
    error::{Fault, StoreError},
    open::{self, FileIdentity},
    writing::{Next, Writing},
};

/// Jobs that may wait; who comes later waits outside, so that memory stays bounded.
const QUEUE: usize = 512;

/// Jobs of one transaction: more gain nothing and make the others' answers late.
const BATCH: usize = 400;

/// A transaction that took so long ends, so that what it did is safe and answered.
const LONGEST_BATCH: Duration = Duration::from_millis(500);

/// Jobs of one transaction that promise more.
const SEVERAL: usize = 4;

/// A transaction stays open for so long while jobs keep coming, where several came before: less
/// than a server's answer takes, and long enough for hundreds of answers of quick ones.
const GATHERING: Duration = Duration::from_millis(40);

/// How often it looks for them; when none has come since, it ends.
const LOOK: Duration = Duration::from_millis(8);

/// Without a job for so long, what waits is written. Transactions with keys that follow each other
/// more closely are a rush.
const PAUSE: Duration = Duration::from_millis(200);

/// Without a look for keys for so long, the filter over them is given up.
const LONG_PAUSE: Duration = Duration::from_secs(30);

/// Work that may share a transaction with others. It is done again where it shared one with
/// work that failed.
trait Work: Send {
    /// Does it. `false`: what it wrote must not stay.
    fn run(&mut self, writing: &Writing, path: &Path) -> bool;

    /// What became of it, once it is on the disk; `lost`: why it is not.
    fn answer(self: Box<Self>, lost: Option<StoreError>);
}

struct Task<T, W> {
    doing: &'static str,
    work: W,
    /// Of the last run. `None`: it panicked, or never ran.
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, W> Work for Task<T, W>
where
    T: Send,
    W: FnMut(&Writing) -> Result<T, Fault> + Send,
{
    fn run(&mut self, writing: &Writing, path: &Path) -> bool {
        self.result = None;
        let done = catch_unwind(AssertUnwindSafe(|| (self.work)(writing)));
        self.result = done.ok().map(|done| done.map_err(|fault| fault.at(path, self.doing)));
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, lost: Option<StoreError>) {
        let answer = match (self.result, lost) {
            (Some(Err(error)), _) => error,
            (_, Some(error)) => error,
            (Some(Ok(done)), None) => {
                let _ = self.reply.send(Ok(done));
                return;
            }
            // The reply is dropped, and says that something broke.
            (None, None) => return,
        };
        let _ = self.reply.send(Err(answer));
    }
}

/// Work between two transactions, or the news that there can be none now.
type Alone = Box<dyn FnOnce(Result<(&Writing, &Path), StoreError>) + Send>;

enum Job {
    Shared(Box<dyn Work>),
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

    /// Runs `work` in the next transaction; answers after the synced commit. It may run more
    /// than once, each time from the same state of the store.
    ///
    /// Boxed at once, so that the future that waits for it is small.
    pub(super) fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnMut(&Writing) -> Result<T, Fault> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Shared(Box::new(Task { doing, work, result: None, reply }));
        async move {
            self.send(job).await?;
            answer.await.unwrap_or_else(|_| Err(self.broken(doing)))
        }
    }

    /// Runs `work` between two transactions.
    pub(super) async fn run_alone<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Writing) -> Result<T, Fault> + Send + 'static,
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

    /// The answer of a job that panicked: what it did is undone.
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
    writing: Writing,
    identity: Option<FileIdentity>,
    /// For pauses. `None`: there could be none.
    clock: Option<Runtime>,
    /// Of the last transaction.
    jobs_before: usize,
    /// When the last transaction ended that brought keys.
    ended: Option<Instant>,
    /// The open transaction began soon after that.
    is_rush: bool,
    /// The open transaction has taken over what others had left.
    met_others: bool,
    /// SQLite's mark of what other processes wrote.
    data_version: i64,
}

impl Desk {
    fn open(path: PathBuf, how: OpenAs) -> Result<Self, StoreError> {
        let writing = Writing::new(open::writer(&path, how)?);
        let identity = FileIdentity::of(&path);
        let clock = Builder::new_current_thread().enable_time().build().ok();
        Ok(Self {
            path,
            how,
            writing,
            identity,
            clock,
            jobs_before: 0,
            ended: None,
            is_rush: false,
            met_others: false,
            data_version: 0,
        })
    }

    fn work(mut self, mut inbox: mpsc::Receiver<Job>) {
        let mut next = self.wait(&mut inbox);
        while let Some(job) = next.take() {
            match job {
                Job::Close(reply) => {
                    inbox.close();
                    let _ = reply.send(self.finish());
                    return;
                }
                Job::Alone(work) => {
                    let desk = self.still_there();
                    let desk = desk.map(|()| (&self.writing, self.path.as_path()));
                    // Its answer goes with the panic; the thread is needed by all.
                    let _ = catch_unwind(AssertUnwindSafe(|| work(desk)));
                }
                Job::Shared(work) => next = self.batch(work, &mut inbox),
            }
            if next.is_none() {
                next = self.wait(&mut inbox);
            }
        }
        let _ = self.finish();
    }

    /// The next job. Where none comes for a while, what waits is written meanwhile, and memory
    /// is given back. `None`: nobody can send one any more.
    fn wait(&mut self, inbox: &mut mpsc::Receiver<Job>) -> Option<Job> {
        loop {
            let is_behind = self.writing.is_behind();
            let rests_since = self.writing.keys().borrow().filter_rests_since();
            let patience = match (is_behind, rests_since) {
                (true, _) => PAUSE,
                (false, Some(since)) => LONG_PAUSE.saturating_sub(since.elapsed()),
                (false, None) => return inbox.blocking_recv(),
            };
            let Some(clock) = &self.clock else { return inbox.blocking_recv() };
            let next = clock.block_on(async { timeout(patience, inbox.recv()).await });
            match next {
                Ok(next) => return next,
                Err(_) if is_behind => {
                    if let Err(error) = self.catch_up() {
                        // It stays in memory, and can be made again from the store: the next
                        // commit tries again, and so does the next start.
                        warn!("{error}");
                        return inbox.blocking_recv();
                    }
                }
                Err(_) => self.rest(),
            }
        }
    }

    /// Writes what waits, in a transaction of its own.
    fn catch_up(&mut self) -> Result<(), StoreError> {
        self.begin()?;
        let done = self.said(self.writing.catch_up());
        let done = done.and_then(|()| self.sql("COMMIT"));
        match done {
            Ok(()) => self.writing.committed(),
            Err(_) => self.undo(),
        }
        done
    }

    /// Gives memory back, and keeps what was learnt of the keys for the next rush.
    fn rest(&mut self) {
        let keep = self.begin().and_then(|()| {
            self.said(self.writing.keys().borrow_mut().keep_filter(&self.writing))?;
            self.sql("COMMIT")?;
            self.writing.committed();
            Ok(())
        });
        if let Err(error) = keep {
            // It can be learnt again.
            debug!("{error}");
            self.undo();
        }
        self.writing.keys().borrow_mut().rest();
    }

    /// One transaction for `first` and those that wait behind it. Gives back a job that
    /// does not fit in.
    fn batch(&mut self, first: Box<dyn Work>, inbox: &mut mpsc::Receiver<Job>) -> Option<Job> {
        let mut jobs: Vec<Box<dyn Work>> = Vec::new();
        let mut left = None;
        let began = Instant::now();
        let mut outcome = self.begin();
        let mut good = outcome.is_ok();
        let mut next = Some(first);
        while let Some(mut job) = next.take() {
            good = good && job.run(&self.writing, &self.path);
            jobs.push(job);
            if good && jobs.len() < BATCH && began.elapsed() < LONGEST_BATCH {
                match self.soon(inbox, began) {
                    Some(Job::Shared(job)) => next = Some(job),
                    Some(other) => left = Some(other),
                    None => {}
                }
            }
        }
        self.jobs_before = jobs.len();
        if good {
            outcome = self.commit(left.is_some() || !inbox.is_empty());
            good = outcome.is_ok();
        }
        if !good {
            self.undo();
        }
        let alone = jobs.len() == 1;
        for mut job in jobs {
            let lost = match &outcome {
                Ok(()) if good || alone => None,
                Ok(()) => self.again(job.as_mut()).err(),
                Err(error) => Some(error.again()),
            };
            job.answer(lost);
        }
        left
    }

    /// A job that is there, or comes in a moment: where several came together before, waiting
    /// for the next ones makes fewer transactions, each with a sync and with pages of its own.
    fn soon(&self, inbox: &mut mpsc::Receiver<Job>, began: Instant) -> Option<Job> {
        if let Ok(job) = inbox.try_recv() {
            return Some(job);
        }
        if self.jobs_before < SEVERAL || began.elapsed() >= GATHERING {
            return None;
        }
        // Those that come meanwhile do not wake this thread: that would cost as much as many a
        // job itself.
        std::thread::sleep(LOOK);
        inbox.try_recv().ok()
    }

    /// One job in a transaction of its own, after it shared one with a job that failed.
    fn again(&mut self, job: &mut dyn Work) -> Result<(), StoreError> {
        self.begin()?;
        if job.run(&self.writing, &self.path) {
            let done = self.commit(true);
            if done.is_err() {
                self.undo();
            }
            return done;
        }
        self.undo();
        Ok(())
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        self.still_there()?;
        self.sql("BEGIN IMMEDIATE")?;
        self.is_rush = self.ended.is_some_and(|ended| ended.elapsed() < PAUSE);
        self.met_others = false;
        let met = self.meet_others();
        if met.is_err() {
            self.undo();
        }
        met
    }

    /// Looks whether another process has written since the last transaction.
    fn meet_others(&mut self) -> Result<(), StoreError> {
        let version = self.writing.prepare_cached("PRAGMA data_version");
        let version = version.and_then(|mut pragma| pragma.query_row([], |row| row.get(0)));
        let version = version.map_err(|error| self.failed(error))?;
        if self.data_version != version {
            let met = self.writing.meet_others();
            met.map_err(|fault| fault.at(&self.path, "completing what waited"))?;
            self.met_others = true;
        }
        self.data_version = version;
        Ok(())
    }

    /// `more`: another transaction begins at once.
    fn commit(&mut self, more: bool) -> Result<(), StoreError> {
        let next = match (more, self.is_rush) {
            (true, _) => Next::AtOnce,
            (false, true) => Next::Soon,
            (false, false) => Next::Unknown,
        };
        let brings_keys = self.writing.keys().borrow().were_added();
        self.said(self.writing.settle(next))?;
        self.sql("COMMIT")?;
        self.writing.committed();
        if brings_keys {
            self.ended = Some(Instant::now());
        }
        Ok(())
    }

    /// Undoes a transaction that was not committed. A full disk or a failing one makes SQLite
    /// do that by itself.
    fn undo(&mut self) {
        self.writing.undone();
        if self.met_others {
            // What others had left to be written was undone as well: look again.
            self.data_version = 0;
        }
        if !self.writing.is_autocommit() {
            let _ = self.writing.execute_batch("ROLLBACK");
        }
    }

    fn sql(&self, sql: &str) -> Result<(), StoreError> {
        let done = self.writing.prepare_cached(sql).and_then(|mut sql| sql.execute([]));
        self.said(done.map(drop))
    }

    fn said(&self, done: rusqlite::Result<()>) -> Result<(), StoreError> {
        done.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: rusqlite::Error) -> StoreError {
        StoreError::from_sqlite(&self.path, "writing", error)
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
    fn finish(mut self) -> Result<(), StoreError> {
        if self.writing.is_behind()
            && let Err(error) = self.catch_up()
        {
            warn!("{error}");
        }
        if self.writing.keys().borrow().filter_rests_since().is_some() {
            self.rest();
        }
        let Self { writing, path, identity, .. } = self;
        let connection = writing.into_connection();
        if FileIdentity::of(&path) == identity {
            // Best effort: what is committed is safe with the log beside the file, too.
            let _ = connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);");
        }
        connection.close().map_err(|(_, error)| StoreError::from_sqlite(&path, "closing", error))
    }
}
