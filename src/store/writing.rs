//! The writer's connection, and what waits for it to be worth while: what the search index is
//! to learn, and [`Keys`].
//!
//! In: changes of the index, in order. Out: the same, written in one go. FTS5 gathers words in
//! memory, but writes them out at each commit, and whenever SQLite opens a savepoint or a
//! statement journal: a segment each time, to be merged later. Told of thousands of articles
//! at once it costs a third. So new articles wait while there is more to do, over several
//! transactions, and `state.index_from` tells whoever opens the store after a crash from which
//! article on the index may lack some.

use std::{cell::RefCell, ops::Deref};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{
    error::Fault,
    keys::{self, Keys},
};

/// Text that waits at most.
const WAITING_BYTES: usize = 4 << 20;

/// The three columns of `search`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SearchText {
    pub title: String,
    pub author: String,
    pub text: String,
}

#[derive(Debug)]
enum Change {
    Add(i64, SearchText),
    Remove(i64, SearchText),
}

/// When the next transaction begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Its work is here. Words wait: whoever looks for them finds them a moment later.
    AtOnce,
    /// The last one was here a moment ago. Keys wait as well: who needs them sees them all the
    /// same.
    Soon,
    Unknown,
}

/// A connection that is read and written like any other, but for the search index and the
/// keys of deduplication.
#[derive(Debug)]
pub(super) struct Writing {
    connection: Connection,
    waiting: RefCell<Waiting>,
    keys: RefCell<Keys>,
}

#[derive(Debug, Default)]
struct Waiting {
    changes: Vec<Change>,
    /// Text of those that are not written.
    bytes: usize,
    /// So many are of transactions that were committed.
    settled: usize,
    /// So many were written by the open transaction.
    written: usize,
    /// A transaction that was committed has said in `state` that some wait.
    is_said: bool,
}

impl Deref for Writing {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Writing {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, waiting: RefCell::default(), keys: RefCell::default() }
    }

    /// The article is found by these words, at the latest when nothing else is to be done.
    pub(super) fn index(&self, article: i64, words: SearchText) -> rusqlite::Result<()> {
        self.later(Change::Add(article, words))
    }

    /// The article is not found by these words any more. They have to be those that it was
    /// indexed with.
    pub(super) fn unindex(&self, article: i64, words: SearchText) -> rusqlite::Result<()> {
        self.later(Change::Remove(article, words))
    }

    fn later(&self, change: Change) -> rusqlite::Result<()> {
        let mut waiting = self.waiting.borrow_mut();
        waiting.bytes += change.bytes();
        waiting.changes.push(change);
        let full = waiting.bytes > WAITING_BYTES;
        if full { waiting.write(&self.connection) } else { Ok(()) }
    }

    /// Keys of entries that wait, or lie in the table.
    pub(super) fn keys(&self) -> &RefCell<Keys> {
        &self.keys
    }

    /// Whether anything waits to be written.
    pub(super) fn is_behind(&self) -> bool {
        !self.waiting.borrow().changes.is_empty() || self.keys.borrow().are_waiting()
    }

    /// Before a commit: writes what waits, or says that it does.
    pub(super) fn settle(&self, next: Next) -> rusqlite::Result<()> {
        let mut waiting = self.waiting.borrow_mut();
        match waiting.first_new() {
            Some(first) if next == Next::AtOnce => {
                self.connection
                    .prepare_cached(
                        "UPDATE state SET index_from = min(coalesce(index_from, ?1), ?1)
                          WHERE id = 1",
                    )?
                    .execute([first])?;
            }
            _ => waiting.write(&self.connection)?,
        }
        self.keys.borrow_mut().settle(&self.connection, next)
    }

    /// Another process has written: takes over what waits there, and writes what waits here.
    /// Each works with the keys and the words that are in their tables, and would miss the
    /// other's.
    pub(super) fn meet_others(&self) -> Result<(), Fault> {
        self.keys.borrow_mut().meet_others(&self.connection)?;
        complete(&self.connection)?;
        self.waiting.borrow_mut().take_over();
        Ok(())
    }

    /// Writes all that waits.
    pub(super) fn catch_up(&self) -> rusqlite::Result<()> {
        self.waiting.borrow_mut().write(&self.connection)?;
        self.keys.borrow_mut().write(&self.connection)
    }

    /// The transaction is on the disk.
    pub(super) fn committed(&self) {
        self.waiting.borrow_mut().committed();
        self.keys.borrow_mut().committed();
    }

    /// The transaction was undone, and what came to wait with it.
    pub(super) fn undone(&self) {
        self.waiting.borrow_mut().undone();
        self.keys.borrow_mut().undone();
    }

    pub(super) fn into_connection(self) -> Connection {
        self.connection
    }
}

impl Change {
    fn article(&self) -> i64 {
        let (Self::Add(article, _) | Self::Remove(article, _)) = self;
        *article
    }

    fn bytes(&self) -> usize {
        let (Self::Add(_, words) | Self::Remove(_, words)) = self;
        words.title.len() + words.author.len() + words.text.len()
    }
}

impl Waiting {
    /// The first of the articles that wait, where all of them are new and none was written:
    /// they can be found again by their numbers.
    fn first_new(&self) -> Option<i64> {
        let mut last = None;
        for change in self.changes.get(self.written..)? {
            match change {
                Change::Add(article, _) if last.is_none_or(|last| last < *article) => {
                    last = Some(*article);
                }
                _ => return None,
            }
        }
        last?;
        match self.changes.get(self.written) {
            Some(Change::Add(first, _)) => Some(*first),
            _ => None,
        }
    }

    fn write(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        // FTS5 keeps only ascending row numbers in memory: each step back is a segment of the
        // index. What is of one article stays in its order.
        let mut in_order: Vec<&Change> = self.changes.iter().skip(self.written).collect();
        in_order.sort_by_key(|change| change.article());
        for change in in_order {
            match change {
                Change::Add(article, words) => connection
                    .prepare_cached(
                        "INSERT INTO search (rowid, title, author, text) VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute((article, &words.title, &words.author, &words.text))?,
                Change::Remove(article, words) => connection
                    .prepare_cached(
                        "INSERT INTO search (search, rowid, title, author, text)
                         VALUES ('delete', ?1, ?2, ?3, ?4)",
                    )?
                    .execute((article, &words.title, &words.author, &words.text))?,
            };
        }
        if self.is_said {
            say_all_is_there(connection)?;
        }
        self.take_over();
        Ok(())
    }

    /// Somebody else has written what waits, or the open transaction has.
    fn take_over(&mut self) {
        self.written = self.changes.len();
        self.bytes = 0;
    }

    fn committed(&mut self) {
        self.changes.drain(..self.written);
        self.written = 0;
        self.settled = self.changes.len();
        self.is_said = self.settled > 0;
    }

    fn undone(&mut self) {
        self.changes.truncate(self.settled);
        self.written = 0;
        self.bytes = self.changes.iter().map(Change::bytes).sum();
    }
}

fn say_all_is_there(connection: &Connection) -> rusqlite::Result<()> {
    connection.prepare_cached("UPDATE state SET index_from = NULL WHERE id = 1")?.execute([])?;
    Ok(())
}

/// Completes the tables where a process ended before it had written what waited.
pub(super) fn recover(connection: &Connection) -> Result<(), Fault> {
    let is_complete: bool = connection.query_row(
        "SELECT keys_from IS NULL AND index_from IS NULL FROM state",
        [],
        |row| row.get(0),
    )?;
    if is_complete {
        return Ok(());
    }
    // Who has to wait for another process has to do so before it reads anything.
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    keys::complete(&transaction)?;
    complete(&transaction)?;
    Ok(transaction.commit()?)
}

/// Indexes the articles whose words wait, or waited, in other processes.
fn complete(connection: &Connection) -> Result<(), Fault> {
    let from: Option<i64> = connection
        .prepare_cached("SELECT index_from FROM state")?
        .query_row([], |row| row.get(0))?;
    let Some(from) = from else { return Ok(()) };
    let lacking: Vec<(i64, i64)> = connection
        .prepare(
            "SELECT id, entry_id FROM articles
              WHERE id >= ?1 AND id NOT IN (SELECT id FROM search_docsize WHERE id >= ?1)",
        )?
        .query_map([from], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut waiting = Waiting::default();
    for (article, entry) in lacking {
        let words = SearchText::stored(connection, entry)?;
        waiting.changes.push(Change::Add(article, words));
        waiting.write(connection)?;
        waiting.committed();
    }
    Ok(say_all_is_there(connection)?)
}
