//! A store as it is after years, without the years.
//!
//! In: a store that merganser has filled, and how many entries it is to have. Out: the same store
//! with copies of all it had, each 28 days later than the one before, the last of them as late as
//! the first was. Ids, addresses and keys of deduplication are new in each copy, texts are not:
//! common words have longer lists in the search index, and there are no more words. What
//! deduplication knows of a feed (`feed_habits`) and the record of polls stay as they were.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use rusqlite::{Connection, functions::FunctionFlags, types::ValueRef};

/// The period by which merganser files keys; whole ones, so that all of a copy stays together.
const DAYS: u64 = 28;

/// Bits of a key below its period.
const HASH_BITS: u32 = 36;

/// Pages that are merged of the search index after each copy: a night's worth.
const MERGED_PAGES: u32 = 4_000;

/// Makes copies until the store has at least so many entries. Nobody else may have it open.
pub fn grow(store: &Path, entries: u64) -> Result<u64> {
    let connection = Connection::open(store)?;
    add_functions(&connection)?;
    connection.execute_batch(
        "PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; PRAGMA wal_autocheckpoint = 10000;
         PRAGMA temp_store = MEMORY;",
    )?;
    let max = |table: &str| -> Result<u64> {
        let sql = format!("SELECT max(id) FROM {table}");
        let max: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
        u64::try_from(max).with_context(|| sql)
    };
    let (own, articles) = (max("entries")?, max("articles")?);
    let copies = entries.saturating_sub(own).div_ceil(own);
    ensure!(copies * DAYS < 50 * 365, "{own} entries are too few to make {entries} of them");
    connection.execute_batch(&format!(
        "BEGIN;
         UPDATE entries SET first_seen = later(first_seen, -{0}), published = later(published, -{0}),
             updated = later(updated, -{0}), dedup_keys = keys_later(dedup_keys, -{copies});
         UPDATE articles SET position = later(position, -{0}), first_seen = later(first_seen, -{0}),
             changed = later(changed, -{0});
         UPDATE feed_articles SET position = later(position, -{0});
         UPDATE dedup_keys SET key = key - ({copies} << {HASH_BITS});
         UPDATE feeds SET entry_count = entry_count * ({copies} + 1);
         DELETE FROM key_filters;
         DELETE FROM key_changes;
         UPDATE state SET filter_from = NULL, filter_to = NULL;
         COMMIT;",
        copies * DAYS
    ))?;
    for copy in 1..=copies {
        copy_all(&connection, copy, own, articles)?;
        eprint!("\r{} entries", (copy + 1) * own);
    }
    eprintln!();
    connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);")?;
    Ok((copies + 1) * own)
}

/// Everything once more, so many periods later.
fn copy_all(connection: &Connection, copy: u64, entries: u64, articles: u64) -> Result<()> {
    let (days, entry, article) = (copy * DAYS, copy * entries, copy * articles);
    connection.execute_batch(&format!(
        "BEGIN;
         INSERT INTO entries (id, feed_id, guid, variant, article_id, first_seen, published, updated,
                              raw_hash, said_hash, grouped_by, grouped_because, grouped_with, url,
                              title, author, categories, enclosures, language, origin,
                              original_url, comments, dedup_keys, summary, content)
             SELECT id + {entry}, feed_id, guid || '#{copy}', variant, article_id + {article},
                    later(first_seen, {days}), later(published, {days}), later(updated, {days}),
                    raw_hash + {copy}, said_hash + {copy}, grouped_by, grouped_because,
                    grouped_with + {entry}, url || '?{copy}', title, author, categories,
                    enclosures, language, origin, original_url, comments,
                    keys_later(dedup_keys, {copy}), summary, content
               FROM entries WHERE id <= {entries} ORDER BY id;
         INSERT INTO articles (id, entry_id, public_id, slug, position, first_seen, changed)
             SELECT id + {article}, entry_id + {entry}, public_id || '#{copy}',
                    lower(hex(randomblob(8))), later(position, {days}), later(first_seen, {days}),
                    later(changed, {days})
               FROM articles WHERE id <= {articles} ORDER BY id;
         INSERT INTO feed_articles (feed_id, position, article_id)
             SELECT feed_id, later(position, {days}), article_id + {article}
               FROM feed_articles WHERE article_id <= {articles} ORDER BY 1, 2, 3;
         INSERT INTO dedup_keys (key, entry_id)
             SELECT key + ({copy} << {HASH_BITS}), entry_id + {entry}
               FROM dedup_keys WHERE entry_id <= {entries} ORDER BY 1, 2;
         INSERT INTO search (rowid, title, author, text)
             SELECT a.id + {article}, coalesce(e.title, ''), coalesce(e.author, ''),
                    without_tags(coalesce(e.content, e.summary, ''))
               FROM articles a JOIN entries e ON e.id = a.entry_id
              WHERE a.id <= {articles} ORDER BY a.id;
         COMMIT;
         INSERT INTO search (search, rank) VALUES ('merge', {MERGED_PAGES});"
    ))?;
    Ok(())
}

/// `later(time, days)`, `keys_later(keys, periods)`, `without_tags(html)`.
fn add_functions(connection: &Connection) -> rusqlite::Result<()> {
    let pure = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("later", 2, pure, |values| {
        let days = chrono::TimeDelta::days(values.get(1)?);
        let ValueRef::Text(text) = values.get_raw(0) else { return Ok(None) };
        let text = String::from_utf8_lossy(text);
        // Whole days: the time of day stays, to the microsecond.
        let shifted = text.split_once('T').and_then(|(day, time)| {
            let day: chrono::NaiveDate = day.parse().ok()?;
            Some(format!("{}T{time}", day.checked_add_signed(days)?))
        });
        Ok(Some(shifted.unwrap_or_else(|| text.into_owned())))
    })?;
    connection.create_scalar_function("keys_later", 2, pure, |values| {
        let periods: i64 = values.get(1)?;
        let ValueRef::Blob(keys) = values.get_raw(0) else { return Ok(None) };
        let (keys, _) = keys.as_chunks::<8>();
        let later = keys.iter().map(|key| i64::from_le_bytes(*key) + (periods << HASH_BITS));
        Ok(Some(later.flat_map(i64::to_le_bytes).collect::<Vec<u8>>()))
    })?;
    connection.create_scalar_function("without_tags", 1, pure, |values| {
        let html: String = values.get(0)?;
        let mut text = String::with_capacity(html.len());
        for piece in html.split('<') {
            let words = piece.split_once('>').map_or(piece, |(_, words)| words);
            text.push(' ');
            text.push_str(words);
        }
        Ok(text)
    })
}
