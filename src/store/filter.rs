//! Which keys of deduplication nobody has.
//!
//! In: keys, as entries come to have them. Out: `false` for a key that is in no row of
//! `dedup_keys`, for sure; nearly all that are looked for are such, and each look would read a
//! page from somewhere in the file. Bloom's filters, in parts of a million keys. They are kept in
//! `key_filters` between two rushes, as of the entry `state.filter_to`: who reads them adds the
//! keys of later entries, and of those in `key_changes`. Never here: when it is worth while.

use fastbloom::BloomFilter;
use rusqlite::Connection;
use xxhash_rust::xxh3::xxh3_64;

use super::values::{blob, from_blob, signed};

/// Keys in one part.
const PART_KEYS: u32 = 1 << 20;

/// For each of them.
const BITS_A_KEY: u32 = 12;

const PART_BITS: usize = (PART_KEYS * BITS_A_KEY) as usize;

/// Bits that a key sets: one in 150 that nobody has is looked for in vain. With eight of them it
/// would be one in 300, and each is a look into memory that is far away.
const HASHES: u32 = 4;

/// Parts, of 1.5 MiB each. With more keys than that, all are looked for.
const MOST_PARTS: usize = 16;

/// To read a part is as much work as to read the keys of so many entries in `dedup_keys`, …
pub(super) const PART_IS_AS: i64 = 1_000;

/// … to read those of one out of its row, among rows with whole texts, …
const ROW_IS_AS: i64 = 16;

/// … and out of a row that stands somewhere.
const LONE_ROW_IS_AS: i64 = 64;

/// With fewer entries that the parts in the store do not know as they are, they are not written
/// again.
const WORTH_KEEPING: i64 = if cfg!(test) { 50 } else { 5_000 };

/// Over all keys from one on.
#[derive(Debug)]
pub(super) struct Filter {
    from: i64,
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    /// Its row. `None`: it has none yet.
    row: Option<i64>,
    bits: BloomFilter,
    keys: u32,
    highest: i64,
    /// Its row says the same.
    is_kept: bool,
}

impl Filter {
    fn new(from: i64) -> Self {
        Self { from, parts: Vec::new() }
    }

    /// `false`: it is full.
    pub(super) fn add(&mut self, key: i64) -> bool {
        if self.parts.last().is_none_or(|last| last.keys >= PART_KEYS) {
            if self.parts.len() >= MOST_PARTS {
                return false;
            }
            self.parts.push(Part::new());
        }
        if let Some(last) = self.parts.last_mut() {
            last.add(key);
        }
        true
    }

    pub(super) fn may_have(&self, key: i64) -> bool {
        let hash = hash(key);
        key < self.from || self.parts.iter().any(|part| part.bits.contains_hash(hash))
    }

    /// Of all keys that are in the table. `None`: it is full.
    pub(super) fn read(connection: &Connection, from: i64) -> rusqlite::Result<Option<Self>> {
        let mut filter = Self::new(from);
        let mut keys = connection.prepare_cached("SELECT key FROM dedup_keys WHERE key >= ?1")?;
        let mut rows = keys.query([from])?;
        while let Some(row) = rows.next()? {
            if !filter.add(row.get(0)?) {
                return Ok(None);
            }
        }
        Ok(Some(filter))
    }

    /// Reading the keys of how many entries, as [`Self::read`] does, is as much work as
    /// [`Self::load`]. `None`: nothing is there to be read.
    pub(super) fn work_to_load(
        connection: &Connection,
        from: i64,
    ) -> rusqlite::Result<Option<i64>> {
        connection
            .prepare_cached(
                "SELECT ?3 * ((SELECT coalesce(max(id), 0) FROM entries) - filter_to)
                      + ?4 * (SELECT count(*) FROM key_changes)
                      + ?5 * (SELECT count(*) FROM key_filters WHERE highest >= ?1)
                   FROM state WHERE filter_from <= ?1 AND filter_kind = ?2",
            )?
            .query([from, kind(), ROW_IS_AS, LONE_ROW_IS_AS, PART_IS_AS])?
            .next()?
            .map(|row| row.get(0))
            .transpose()
    }

    /// The one that [`Self::keep`] left, with all that has come since. `None`: it is full, or
    /// somebody has damaged it.
    pub(super) fn load(connection: &Connection, from: i64) -> rusqlite::Result<Option<Self>> {
        let mut filter = Self::new(from);
        let mut parts = connection.prepare_cached(
            "SELECT part, keys, highest, bits FROM key_filters WHERE highest >= ?1 ORDER BY part",
        )?;
        let mut rows = parts.query([from])?;
        while let Some(row) = rows.next()? {
            let words = words(row.get_ref(3)?.as_blob()?);
            if words.len() * 64 != PART_BITS {
                return Ok(None);
            }
            filter.parts.push(Part {
                row: row.get(0)?,
                bits: BloomFilter::from_vec(words).hashes(HASHES),
                keys: row.get(1)?,
                highest: row.get(2)?,
                is_kept: true,
            });
            if filter.parts.len() > MOST_PARTS {
                return Ok(None);
            }
        }
        // `CROSS JOIN`: the few that have changed first.
        let mut entries = connection.prepare_cached(
            "SELECT dedup_keys FROM entries WHERE id > (SELECT filter_to FROM state)
             UNION ALL SELECT e.dedup_keys
                         FROM key_changes c CROSS JOIN entries e ON e.id = c.entry_id",
        )?;
        let mut rows = entries.query([])?;
        while let Some(row) = rows.next()? {
            let keys: Option<Vec<u8>> = row.get(0)?;
            for key in from_blob(keys.as_deref().unwrap_or_default()) {
                if key >= from && !filter.add(key) {
                    return Ok(None);
                }
            }
        }
        Ok(Some(filter))
    }

    /// Writes it into the store, where it knows of many entries that what is there does not.
    /// All of their keys have to be in it.
    pub(super) fn keep(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let (all, to, made): (i64, Option<i64>, Option<i64>) = connection.query_row(
            "SELECT (SELECT coalesce(max(id), 0) FROM entries) + (SELECT count(*) FROM key_changes),
                    filter_to, filter_kind FROM state",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        // Many stores are small, and end here: for the kind, a whole part is made and read.
        if all < WORTH_KEEPING {
            return Ok(());
        }
        let known = to.filter(|_| made == Some(kind())).unwrap_or(0);
        if all - known < WORTH_KEEPING {
            return Ok(());
        }
        if self.parts.iter().all(|part| part.row.is_none()) {
            connection.execute("DELETE FROM key_filters", [])?;
        }
        // They know keys that no entry is compared with any more.
        connection.execute("DELETE FROM key_filters WHERE highest < ?1", [self.from])?;
        for part in self.parts.iter_mut().filter(|part| !part.is_kept) {
            part.keep(connection)?;
        }
        connection.execute("DELETE FROM key_changes", [])?;
        connection.execute(
            "UPDATE state SET filter_from = ?1, filter_kind = ?2,
                 filter_to = (SELECT coalesce(max(id), 0) FROM entries)",
            [self.from, kind()],
        )?;
        Ok(())
    }
}

impl Part {
    fn new() -> Self {
        let bits = BloomFilter::with_num_bits(PART_BITS).hashes(HASHES);
        Self { row: None, bits, keys: 0, highest: i64::MIN, is_kept: false }
    }

    fn add(&mut self, key: i64) {
        self.bits.insert_hash(hash(key));
        self.keys += 1;
        self.highest = self.highest.max(key);
        self.is_kept = false;
    }

    fn keep(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute(
            "INSERT OR REPLACE INTO key_filters (part, keys, highest, bits) VALUES (?1, ?2, ?3, ?4)",
            (self.row, self.keys, self.highest, self.bytes()),
        )?;
        self.row = Some(connection.last_insert_rowid());
        self.is_kept = true;
        Ok(())
    }

    fn bytes(&self) -> Vec<u8> {
        blob(self.bits.as_slice().iter().copied().map(signed))
    }
}

fn words(bytes: &[u8]) -> Vec<u64> {
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().copied().map(u64::from_le_bytes).collect()
}

/// The bits of a key are random only in part.
pub(super) fn hash(key: i64) -> u64 {
    xxh3_64(&key.to_le_bytes())
}

/// Which bits some keys set. Where a filter is made otherwise, others are set.
fn kind() -> i64 {
    static KIND: std::sync::LazyLock<i64> = std::sync::LazyLock::new(|| {
        let mut some = Part::new();
        (0..64).for_each(|key| some.add(key));
        signed(xxh3_64(&some.bytes()))
    });
    *KIND
}

/// The entry, whose keys the filters in the store may know, has others now.
pub(super) fn note_change(connection: &Connection, entry: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO key_changes (entry_id)
                 SELECT ?1 FROM state WHERE ?1 <= filter_to",
        )?
        .execute([entry])?;
    Ok(())
}

/// Entries were taken away: their numbers may become those of others.
pub(super) fn note_sweep(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE state
                SET filter_to = min(filter_to, (SELECT coalesce(max(id), 0) FROM entries))",
        )?
        .execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_has_what_was_added_and_little_else_and_ends_when_it_is_full() {
        let mut filter = Filter::new(1 << 40);
        for key in 0..100_000 {
            assert!(filter.add((1 << 40) + key * 7919));
        }
        assert!((0..100_000).all(|key| filter.may_have((1 << 40) + key * 7919)));
        let wrong = (0..100_000).filter(|key| filter.may_have((2 << 40) + key * 7919)).count();
        assert!(wrong < 1_000, "{wrong}");
        assert!(filter.may_have(5), "before its first key it knows nothing");
    }
}
