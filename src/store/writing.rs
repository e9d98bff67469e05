//! The writer's connection, and what the search index is to learn at the end of a transaction.
//!
//! In: changes of the index, in order. Out: the same, written in one go before the commit.
//! FTS5 gathers words in memory, but writes them out whenever SQLite opens a savepoint or a
//! statement journal, a segment each time, to be merged later: told at once for a whole
//! batch, it costs a third.

use std::{cell::RefCell, ops::Deref};

use rusqlite::Connection;

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

/// A connection that is read and written like any other, but for the search index.
#[derive(Debug)]
pub(super) struct Writing {
    connection: Connection,
    waiting: RefCell<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    changes: Vec<Change>,
    bytes: usize,
}

impl Deref for Writing {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Writing {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, waiting: RefCell::default() }
    }

    /// The article is found by these words, once the transaction is committed.
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
        let (Change::Add(_, words) | Change::Remove(_, words)) = &change;
        waiting.bytes += words.title.len() + words.author.len() + words.text.len();
        waiting.changes.push(change);
        let full = waiting.bytes > WAITING_BYTES;
        drop(waiting);
        if full { self.settle() } else { Ok(()) }
    }

    /// Writes what waits. Before a commit, or when there is too much of it.
    pub(super) fn settle(&self) -> rusqlite::Result<()> {
        for change in std::mem::take(&mut *self.waiting.borrow_mut()).changes {
            match change {
                Change::Add(article, words) => self
                    .connection
                    .prepare_cached(
                        "INSERT INTO search (rowid, title, author, text) VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute((article, words.title, words.author, words.text))?,
                Change::Remove(article, words) => self
                    .connection
                    .prepare_cached(
                        "INSERT INTO search (search, rowid, title, author, text)
                         VALUES ('delete', ?1, ?2, ?3, ?4)",
                    )?
                    .execute((article, words.title, words.author, words.text))?,
            };
        }
        Ok(())
    }

    /// The transaction was undone, and what waited for its end with it.
    pub(super) fn forget(&self) {
        *self.waiting.borrow_mut() = Waiting::default();
    }

    pub(super) fn into_connection(self) -> Connection {
        self.connection
    }
}
