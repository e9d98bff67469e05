//! Entries that may tell the same story, found by their keys.
//!
//! In: the keys of an entry, and when it was told and seen. Out: the entries that share
//! one. Keys are random numbers: over all entries they would lie all over the file, and a
//! store of a million would read and write a page of its own for each. So they stand by
//! the period in which they came: what is new meets what is recent, in the few pages that
//! the page cache holds, however many years lie before.

use std::{cell::RefCell, collections::BTreeSet};

use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use super::{
    error::Fault,
    filter,
    keys::{self, Keys},
    values::{from_blob, seconds, time},
    writing::Writing,
};
use crate::{
    dedup::Profile,
    model::{DedupSettings, Time},
};

/// A key that more entries share than this says nothing of a story: an empty text, a
/// boilerplate line.
const KEY_SHARED_BY: usize = 60;

/// Seconds of a period: with a usual window most entries look into one, the rest into two.
const PERIOD: i64 = 28 * 86_400;

/// The low bits of a stored key are of its hash, the bits above tell the period. Below 2^47
/// SQLite keeps a number in six bytes.
const HASH_BITS: u32 = 36;

/// One more than 47 bits can tell: a key that is larger is one of before periods.
const KEYS_END: i64 = 1 << 47;

/// Keys that one statement looks for: all that an entry has.
const ASKED_AT_ONCE: usize = 18;

/// The first and the last period that anything is stored in.
pub(super) type Periods = (i64, i64);

fn period_of(at: Time) -> i64 {
    at.timestamp().clamp(0, (KEYS_END >> HASH_BITS) * PERIOD - 1) / PERIOD
}

fn stored_key(hash: i64, period: i64) -> i64 {
    period << HASH_BITS | hash_part(hash)
}

fn hash_part(key: i64) -> i64 {
    key & ((1 << HASH_BITS) - 1)
}

/// Keys as they are stored for an entry that says this now.
pub(super) fn stored_keys(hashes: &[i64], now: Time) -> Vec<i64> {
    let period = period_of(now);
    let mut keys: Vec<i64> = hashes.iter().map(|&hash| stored_key(hash, period)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// `None`: no key is stored.
pub(super) fn periods(connection: &Connection) -> Result<Option<Periods>, Fault> {
    // Two questions: SQLite looks at the ends alone only where it is asked for one of them.
    let (first, last): (Option<i64>, Option<i64>) = connection
        .prepare_cached(
            "SELECT (SELECT min(key) FROM dedup_keys), (SELECT max(key) FROM dedup_keys)",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(first.zip(last).map(|(first, last)| (first >> HASH_BITS, last >> HASH_BITS)))
}

/// Where keys are looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shelves<'a> {
    pub connection: &'a Connection,
    /// Those on their way into the table, where this is the writer's look.
    pub waiting: Option<&'a RefCell<Keys>>,
}

/// The entries that share one of `hashes`, crowded keys left out. `stored`: the periods of
/// the keys in the table.
pub(super) fn sharing(
    shelves: Shelves<'_>,
    stored: Option<Periods>,
    profile: &Profile,
    hashes: &[i64],
    rules: &DedupSettings,
) -> Result<BTreeSet<i64>, Fault> {
    let window = chrono::TimeDelta::from_std(rules.window).unwrap_or(chrono::TimeDelta::MAX);
    let before = |at: Time| at.checked_sub_signed(window).unwrap_or(Time::UNIX_EPOCH);
    let standing = &profile.standing;
    // Nobody is seen before it was told: who was told within the window of this entry, or
    // seen within it, has come since then.
    let since = before(standing.at().min(standing.first_seen));
    let present = period_of(standing.first_seen);
    let waiting = shelves.waiting.and_then(|keys| keys.borrow().span_waiting());
    let waiting = waiting.map(|(lowest, highest)| (lowest >> HASH_BITS, highest >> HASH_BITS));
    let (first, last) = match (stored, waiting) {
        (Some(stored), Some(waiting)) => (stored.0.min(waiting.0), stored.1.max(waiting.1)),
        (Some(periods), None) | (None, Some(periods)) => periods,
        (None, None) => return Ok(BTreeSet::new()),
    };
    let periods = period_of(since).max(first)..=last.max(present);
    if let Some(keys) = shelves.waiting {
        let recently = before(standing.first_seen);
        let from = stored_key(0, period_of(recently));
        keys.borrow_mut()
            .prepare(shelves.connection, from, || seen_since(shelves.connection, recently))?;
    }
    let crowded_since = seconds(before(standing.first_seen));
    let mut ids = BTreeSet::new();
    let mut met: Vec<(i64, usize)> = hashes.iter().map(|&hash| (hash_part(hash), 0)).collect();
    met.sort_unstable();
    for period in periods.clone().rev() {
        if !all_at_once(shelves, period, &mut met, &mut ids)? {
            ids = one_by_one(shelves, periods, hashes, &crowded_since)?;
            break;
        }
    }
    ids.remove(&standing.entry.0);
    Ok(ids)
}

/// About how many entries were first seen since then.
fn seen_since(connection: &Connection, since: Time) -> rusqlite::Result<i64> {
    // Rows stand in the order in which they were seen.
    connection
        .prepare_cached(
            "SELECT coalesce((SELECT max(id) FROM entries) - (SELECT id FROM entries
                 WHERE first_seen >= ?1 ORDER BY first_seen LIMIT 1) + 1, 0)",
        )?
        .query_row([seconds(since)], |row| row.get(0))
}

/// Looks for all keys with one statement. `false`: one of them is shared by too many.
fn all_at_once(
    shelves: Shelves<'_>,
    period: i64,
    met: &mut [(i64, usize)],
    ids: &mut BTreeSet<i64>,
) -> Result<bool, Fault> {
    let mut asked = Vec::with_capacity(met.len());
    for (hash, count) in met.iter_mut() {
        let key = stored_key(*hash, period);
        let Some(keys) = shelves.waiting.map(RefCell::borrow) else {
            asked.push(key);
            continue;
        };
        if keys.may_be_stored(key) {
            asked.push(key);
            for entry in keys.waiting_with(key) {
                *count += 1;
                if *count > KEY_SHARED_BY {
                    return Ok(false);
                }
                ids.insert(entry);
            }
        }
    }
    let mut sharing = shelves.connection.prepare_cached(
        "SELECT key, entry_id FROM dedup_keys
          WHERE key IN (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
                        ?17, ?18)",
    )?;
    for asked in asked.chunks(ASKED_AT_ONCE) {
        // Places that are left over ask for the last key again, which is one question.
        let padding = asked.last().copied().into_iter().cycle();
        let asked = asked.iter().copied().chain(padding).take(ASKED_AT_ONCE);
        let mut rows = sharing.query(params_from_iter(asked))?;
        while let Some(row) = rows.next()? {
            let (key, entry): (i64, i64) = (row.get(0)?, row.get(1)?);
            let place = met.binary_search_by_key(&hash_part(key), |&(hash, _)| hash);
            if let Some((_, count)) = place.ok().and_then(|place| met.get_mut(place)) {
                *count += 1;
                if *count > KEY_SHARED_BY {
                    return Ok(false);
                }
            }
            ids.insert(entry);
        }
    }
    Ok(true)
}

/// The newest entries of each key, unless too many have it within the window.
fn one_by_one(
    shelves: Shelves<'_>,
    periods: std::ops::RangeInclusive<i64>,
    hashes: &[i64],
    crowded_since: &str,
) -> Result<BTreeSet<i64>, Fault> {
    let connection = shelves.connection;
    let mut sharing = connection.prepare_cached(&format!(
        "SELECT entry_id FROM dedup_keys WHERE key = ?1 ORDER BY entry_id DESC LIMIT {}",
        KEY_SHARED_BY + 1
    ))?;
    let mut ids = BTreeSet::new();
    for &hash in hashes {
        let mut found: Vec<i64> = Vec::new();
        for period in periods.clone().rev() {
            let left = KEY_SHARED_BY + 1 - found.len();
            if left == 0 {
                break;
            }
            let key = stored_key(hash, period);
            if let Some(keys) = shelves.waiting.map(RefCell::borrow) {
                found.extend(keys.waiting_with(key).take(left));
            }
            let left = KEY_SHARED_BY + 1 - found.len();
            let rows = sharing.query_map([key], |row| row.get(0))?;
            for row in rows.take(left) {
                found.push(row?);
            }
        }
        if found.len() > KEY_SHARED_BY
            && let Some(oldest) = found.pop()
        {
            // Crowded within the window, or only over the years?
            let first_seen: Option<String> = connection
                .prepare_cached("SELECT first_seen FROM entries WHERE id = ?1")?
                .query_row([oldest], |row| row.get(0))
                .optional()?;
            if first_seen.is_some_and(|seen| seen.as_str() >= crowded_since) {
                continue;
            }
        }
        ids.extend(found);
    }
    Ok(ids)
}

/// Makes a new entry findable by its keys.
pub(super) fn add_keys(writing: &Writing, entry: i64, keys: &[i64]) {
    let mut waiting = writing.keys().borrow_mut();
    for &key in keys {
        waiting.add(key, entry);
    }
}

/// Makes an entry that has a row already findable by its keys, and by none that it had before.
pub(super) fn change_keys(
    writing: &Writing,
    entry: i64,
    before: Option<&[u8]>,
    now: Option<&[u8]>,
) -> Result<(), Fault> {
    if before == now {
        return Ok(());
    }
    let mut remove =
        writing.prepare_cached("DELETE FROM dedup_keys WHERE key = ?1 AND entry_id = ?2")?;
    for key in from_blob(before.unwrap_or_default()) {
        let key = as_stored(writing, entry, key)?;
        if !writing.keys().borrow_mut().remove(key, entry) {
            remove.execute((key, entry))?;
        }
    }
    let now = from_blob(now.unwrap_or_default());
    if !now.is_empty() {
        filter::note_change(writing, entry)?;
    }
    keys::insert(writing, now.iter().map(|&key| (key, entry)))?;
    for key in now {
        writing.keys().borrow_mut().note(key);
    }
    Ok(())
}

/// A key out of an entry's row. Rows of before periods have the whole hash; it stands in
/// the period of their first sight (migration 0005).
fn as_stored(connection: &Connection, entry: i64, key: i64) -> Result<i64, Fault> {
    if (0..KEYS_END).contains(&key) {
        return Ok(key);
    }
    let first_seen: Option<String> = connection
        .prepare_cached("SELECT first_seen FROM entries WHERE id = ?1")?
        .query_row([entry], |row| row.get(0))
        .optional()?;
    Ok(stored_key(key, period_of(time(first_seen).unwrap_or_default())))
}
