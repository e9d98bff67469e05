//! Keys of deduplication on their way into their table.
//!
//! In: the keys of new entries. Out: the same in `dedup_keys`, many at a time and in the
//! table's order. Keys are random numbers: in a rush of new entries each commit would read and
//! write every page of the table anew. So they wait here while it lasts, where they are found as
//! well, and `state.keys_from` tells others, and whoever opens the store after a crash, from which
//! entry on the table may lack some. A [`Filter`] says of most keys that nobody has them, without
//! a look into the table. Never here: what a key is made of, whom it brings together.

use std::time::{Duration, Instant};

use hashbrown::HashTable;
use rusqlite::Connection;

use super::{
    filter::{Filter, PART_IS_AS, hash},
    values::from_blob,
    writing::Next,
};

/// Keys that wait at most: some 5 MB.
const MOST_WAITING: usize = 200_000;

/// So few are written at once where nothing else was done lately.
const FEW: usize = 4_000;

/// Whatever is done meanwhile: others read the rows of so many entries to know keys that wait.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// An entry's keys are looked for in the time in which those of so many are read in order.
const READ_MEANWHILE: i64 = 64;

/// A key and the entry that has it.
type Pair = (i64, i64);

/// Keys that wait, and what is known of those in the table.
#[derive(Debug, Default)]
pub(super) struct Keys {
    waiting: Waiting,
    /// No entry of a lower number has keys that wait.
    from: Option<i64>,
    /// A transaction that was committed has said so in `state`.
    is_said: bool,
    /// Since when something has waited.
    since: Option<Instant>,
    transaction: Transaction,
    filter: Option<Filter>,
    /// Entries whose keys were looked for without a filter.
    looked_for: i64,
    /// When keys were looked for.
    last_look: Option<Instant>,
}

/// What the open transaction did, in case it is undone.
#[derive(Debug, Default)]
struct Transaction {
    added: Vec<Pair>,
    removed: Vec<Pair>,
    from_before: Option<Option<i64>>,
    has_written: bool,
    /// What waited before it, and is in the table if it is committed.
    aside: Option<Aside>,
}

#[derive(Debug)]
struct Aside {
    waiting: Waiting,
    from: Option<i64>,
    is_said: bool,
    since: Option<Instant>,
}

impl Keys {
    /// For somebody who only reads: what waits in a process that writes.
    pub(super) fn elsewhere(connection: &Connection) -> rusqlite::Result<Self> {
        let mut keys = Self::default();
        each_missing(connection, |(key, entry)| {
            keys.add(key, entry);
            Ok(())
        })?;
        Ok(keys)
    }

    /// A new entry has this key. Entries come in the order of their numbers.
    pub(super) fn add(&mut self, key: i64, entry: i64) {
        self.transaction.from_before.get_or_insert(self.from);
        self.from = Some(self.from.map_or(entry, |from| from.min(entry)));
        self.waiting.add((key, entry));
        self.transaction.added.push((key, entry));
        self.note(key);
    }

    /// An entry has the key no more. Tells whether it was waiting.
    pub(super) fn remove(&mut self, key: i64, entry: i64) -> bool {
        let was_waiting = self.waiting.remove((key, entry));
        if was_waiting {
            self.transaction.removed.push((key, entry));
        }
        was_waiting
    }

    /// The key is in the table, or comes to be.
    pub(super) fn note(&mut self, key: i64) {
        if self.filter.as_mut().is_some_and(|filter| !filter.add(key)) {
            self.filter = None;
            self.looked_for = i64::MIN;
        }
    }

    /// The entries whose keys wait, the newest first.
    pub(super) fn waiting_with(&self, key: i64) -> impl Iterator<Item = i64> {
        let mut entries = self.waiting.with(key);
        entries.sort_unstable_by(|one, other| other.cmp(one));
        entries.into_iter()
    }

    /// Whether any key waits.
    pub(super) fn are_waiting(&self) -> bool {
        !self.waiting.pairs.is_empty()
    }

    /// No key that waits is below the first or above the second. `None`: none waits.
    pub(super) fn span_waiting(&self) -> Option<(i64, i64)> {
        self.waiting.span
    }

    /// `false`: the table has no such key.
    pub(super) fn may_be_stored(&self, key: i64) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.may_have(key))
    }

    /// An entry's keys are to be looked for: makes a filter of the keys from this one on, once
    /// that is less work than to go on without. `recent`: tells how many entries have them.
    pub(super) fn prepare(
        &mut self,
        connection: &Connection,
        from: i64,
        recent: impl FnOnce() -> rusqlite::Result<i64>,
    ) -> rusqlite::Result<()> {
        self.last_look = Some(Instant::now());
        if self.filter.is_some() {
            return Ok(());
        }
        self.looked_for = self.looked_for.saturating_add(1);
        // Counting is work as well: at the first, and then ever more rarely.
        if self.looked_for < 1 || !self.looked_for.unsigned_abs().is_power_of_two() {
            return Ok(());
        }
        let most = self.looked_for.saturating_mul(READ_MEANWHILE);
        let recent = recent()?;
        // With less to be done than one part takes, nobody need ask how many there are.
        let to_load =
            if most < PART_IS_AS { None } else { Filter::work_to_load(connection, from)? };
        let mut filter = match to_load {
            Some(work) if work <= most.min(recent) => Filter::load(connection, from)?,
            _ => None,
        };
        let mut is_full = false;
        if filter.is_none() && recent <= most {
            filter = Filter::read(connection, from)?;
            is_full = filter.is_none();
        }
        if let Some(mut filter) = filter {
            is_full = !self.waiting.all().all(|(key, _)| filter.add(key));
            self.filter = (!is_full).then_some(filter);
        }
        if is_full {
            self.looked_for = i64::MIN;
        }
        Ok(())
    }

    /// Before a commit: writes what waits, or says from where on keys are missing.
    pub(super) fn settle(&mut self, connection: &Connection, next: Next) -> rusqlite::Result<()> {
        let few = self.waiting.pairs.len() <= FEW && next == Next::Unknown;
        let long = self.since.is_some_and(|since| since.elapsed() >= LONGEST_WAIT);
        let many = self.waiting.pairs.len() >= MOST_WAITING;
        if few || long || many {
            return self.write(connection);
        }
        if !self.are_waiting() {
            return Ok(());
        }
        self.since.get_or_insert_with(Instant::now);
        connection
            .prepare_cached(
                "UPDATE state SET keys_from = min(coalesce(keys_from, ?1), ?1) WHERE id = 1",
            )?
            .execute([self.from])?;
        Ok(())
    }

    /// Writes what waits into the table.
    pub(super) fn write(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        insert(connection, self.waiting.sorted())?;
        if self.is_said {
            say_all_is_there(connection)?;
        }
        self.transaction.has_written = true;
        Ok(())
    }

    /// The transaction is on the disk.
    pub(super) fn committed(&mut self) {
        let done = std::mem::take(&mut self.transaction);
        if done.has_written {
            self.waiting = Waiting::default();
            (self.from, self.since) = (None, None);
        }
        self.is_said = !self.waiting.pairs.is_empty();
    }

    /// The transaction was undone.
    pub(super) fn undone(&mut self) {
        // A filter that was made in it does not know what it had taken away.
        self.rest();
        let undone = std::mem::take(&mut self.transaction);
        if let Some(aside) = undone.aside {
            let Aside { waiting, from, is_said, since } = aside;
            (self.waiting, self.from, self.is_said, self.since) = (waiting, from, is_said, since);
            return;
        }
        for pair in undone.removed {
            self.waiting.add(pair);
        }
        for pair in undone.added {
            self.waiting.remove(pair);
        }
        if let Some(from) = undone.from_before {
            self.from = from;
        }
    }

    /// As a transaction begins. Another process has written: the filter does not know what.
    /// Completes the table, if keys wait there or here: neither would find the other's. Nothing
    /// waits any more.
    pub(super) fn meet_others(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.rest();
        complete(connection)?;
        self.transaction.aside = Some(Aside {
            waiting: std::mem::take(&mut self.waiting),
            from: self.from.take(),
            is_said: std::mem::take(&mut self.is_said),
            since: self.since.take(),
        });
        Ok(())
    }

    /// Nothing was to be done for a while: gives memory back.
    pub(super) fn rest(&mut self) {
        self.filter = None;
        self.looked_for = 0;
    }

    /// Since when there is something that [`Self::rest`] would give back, and nobody needed it.
    pub(super) fn filter_rests_since(&self) -> Option<Instant> {
        self.filter.as_ref().and(self.last_look)
    }

    /// Whether the open transaction has brought any.
    pub(super) fn were_added(&self) -> bool {
        !self.transaction.added.is_empty()
    }

    /// Before [`Self::rest`]: keeps in the store what was learnt of the table.
    pub(super) fn keep_filter(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.filter.as_mut().map_or(Ok(()), |filter| filter.keep(connection))
    }
}

/// Pairs in the order in which they came, found by their keys.
#[derive(Debug, Default)]
struct Waiting {
    pairs: Vec<Pair>,
    /// Where the pairs of a key are.
    places: HashTable<u32>,
    /// The lowest and the highest key that ever were among them.
    span: Option<(i64, i64)>,
}

/// In place of the entry in a pair that was taken out.
const NOBODY: i64 = i64::MAX;

impl Waiting {
    fn add(&mut self, pair: Pair) {
        // Far fewer than 2^32 of them wait.
        let place = u32::try_from(self.pairs.len()).unwrap_or(u32::MAX);
        let (key, _) = pair;
        let (lowest, highest) = self.span.unwrap_or((key, key));
        self.span = Some((lowest.min(key), highest.max(key)));
        self.pairs.push(pair);
        let pairs = &self.pairs;
        let hash_of = |place: &u32| pairs.get(*place as usize).map_or(0, |(key, _)| hash(*key));
        self.places.insert_unique(hash(pair.0), place, hash_of);
    }

    fn all(&self) -> impl Iterator<Item = Pair> {
        self.pairs.iter().copied().filter(|(_, entry)| *entry != NOBODY)
    }

    /// All of it, in the table's order.
    fn sorted(&self) -> Vec<Pair> {
        let mut pairs: Vec<Pair> = self.all().collect();
        pairs.sort_unstable();
        pairs
    }

    fn with(&self, key: i64) -> Vec<i64> {
        let places = self.places.iter_hash(hash(key));
        let pairs = places.filter_map(|place| self.pairs.get(*place as usize));
        let entries = pairs.filter(|(other, _)| *other == key).map(|(_, entry)| *entry);
        entries.filter(|entry| *entry != NOBODY).collect()
    }

    fn remove(&mut self, pair: Pair) -> bool {
        let mut places = self.places.iter_hash(hash(pair.0)).map(|place| *place as usize);
        let place = places.find(|place| self.pairs.get(*place) == Some(&pair));
        let found = place.and_then(|place| self.pairs.get_mut(place));
        let was_there = found.is_some();
        if let Some((_, entry)) = found {
            *entry = NOBODY;
        }
        was_there
    }
}

/// Into the table, as they come.
pub(super) fn insert(
    connection: &Connection,
    pairs: impl IntoIterator<Item = Pair>,
) -> rusqlite::Result<()> {
    let mut insert = connection
        .prepare_cached("INSERT OR IGNORE INTO dedup_keys (key, entry_id) VALUES (?1, ?2)")?;
    for pair in pairs {
        insert.execute(pair)?;
    }
    Ok(())
}

fn say_all_is_there(connection: &Connection) -> rusqlite::Result<()> {
    connection.prepare_cached("UPDATE state SET keys_from = NULL WHERE id = 1")?.execute([])?;
    Ok(())
}

/// Writes the keys that wait, or waited, in other processes.
pub(super) fn complete(connection: &Connection) -> rusqlite::Result<()> {
    let mut pairs: Vec<Pair> = Vec::new();
    let some_wait = each_missing(connection, |pair| {
        pairs.push(pair);
        // Usually there are fewer than may wait; by parts in any case.
        if pairs.len() < MOST_WAITING {
            return Ok(());
        }
        pairs.sort_unstable();
        insert(connection, pairs.drain(..))
    })?;
    pairs.sort_unstable();
    insert(connection, pairs)?;
    if some_wait { say_all_is_there(connection) } else { Ok(()) }
}

/// Keys that may not be in the table yet. Tells whether any may be missing.
fn each_missing(
    connection: &Connection,
    mut then: impl FnMut(Pair) -> rusqlite::Result<()>,
) -> rusqlite::Result<bool> {
    let from: Option<i64> = connection
        .prepare_cached("SELECT keys_from FROM state")?
        .query_row([], |row| row.get(0))?;
    let Some(from) = from else { return Ok(false) };
    let mut entries = connection
        .prepare_cached("SELECT dedup_keys, id FROM entries WHERE id >= ?1 ORDER BY id")?;
    let mut rows = entries.query([from])?;
    while let Some(row) = rows.next()? {
        let keys: Option<Vec<u8>> = row.get(0)?;
        let entry: i64 = row.get(1)?;
        for key in from_blob(keys.as_deref().unwrap_or_default()) {
            then((key, entry))?;
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting_with(keys: &Keys, key: i64) -> Vec<i64> {
        keys.waiting_with(key).collect()
    }

    #[test]
    fn keys_that_wait_are_found_until_they_are_taken_out_or_their_transaction_is_undone() {
        let mut keys = Keys::default();
        let all = 5_000;
        for entry in 0..all {
            keys.add(entry % 1000, entry);
        }
        keys.committed();
        let of_seven: Vec<i64> = (0..all).filter(|it| it % 1000 == 7).rev().collect();
        assert_eq!(waiting_with(&keys, 7), of_seven);
        assert!(keys.remove(7, 2007) && !keys.remove(7, 2007) && !keys.remove(7, 2008));
        keys.add(7, 99_999);
        let mut other = of_seven.clone();
        other.retain(|entry| *entry != 2007);
        other.insert(0, 99_999);
        assert_eq!(waiting_with(&keys, 7), other);
        keys.undone();
        assert_eq!(waiting_with(&keys, 7), of_seven);
        assert_eq!(waiting_with(&keys, 1000), Vec::<i64>::new());
    }
}
