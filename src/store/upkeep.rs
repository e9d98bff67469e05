//! What was made by older rules is made again: stored HTML, by a sanitizer that has learnt.
//!
//! In: the version of the sanitizer's rules, and the sanitizer. Out: rows whose summary and
//! content are as its rules want them; ids, groups, dates and places stay. Small steps through
//! the one writer, each of which notes how far it came: a process that dies goes on there.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _};

use super::{
    Store,
    commit::bump_revision,
    error::{Fault, StoreError},
    identity::said_hash_of,
    search::SearchText,
    stamp,
    values::{count, signed, time, url},
    writing::Writing,
};
use crate::model::{Html, Time};

/// How the stored HTML stands to the sanitizer's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HtmlState {
    /// No summary or content was cleaned by older rules than these.
    pub version: u32,
    /// Entries that newer rules have not looked at.
    pub left: u64,
}

/// What one step of [`Store::reclean`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recleaned {
    pub entries: u64,
    /// Those of them that say something else now.
    pub changed: u64,
}

/// Makes HTML harmless once more; `None` where nothing is left of it.
pub type Cleaner = Arc<dyn Fn(&str) -> Option<Html> + Send + Sync>;

impl Store {
    /// How the stored HTML stands to rules of this version.
    pub async fn html_state(&self, version: u32) -> Result<HtmlState, StoreError> {
        let look = move |connection: &Connection| html_state(connection, version);
        self.inner.readers.look("asking how its HTML was cleaned", look).await
    }

    /// Cleans the next few entries by rules of this version. `None`: all are.
    ///
    /// An entry that changes meanwhile is left as it is: it came by today's rules. Where a newer
    /// program was here, the store is noted as of this version, so that the newer one looks at
    /// what we take in.
    pub async fn reclean(
        &self,
        version: u32,
        clean: Cleaner,
        now: Time,
    ) -> Result<Option<Recleaned>, StoreError> {
        let doing = "cleaning stored HTML again";
        let writer = self.writer()?;
        let begin = move |connection: &Writing| begin(connection, version);
        let Some(after) = writer.run(doing, begin).await? else { return Ok(None) };
        let some = move |connection: &Connection| some(connection, after);
        let rows = self.inner.readers.look(doing, some).await?;
        let Some(last) = rows.last().map(|row| row.id) else {
            writer.run(doing, move |connection| end(connection, version)).await?;
            return Ok(None);
        };
        let entries = rows.len() as u64;
        let cleaned = move || rows.into_iter().filter_map(|row| row.cleaned(&clean)).collect();
        let broken = |error: tokio::task::JoinError| StoreError::Unusable {
            path: self.inner.path.clone(),
            reason: format!("{doing} failed inside merganser ({error}): please report this"),
        };
        let changes: Vec<Change> = tokio::task::spawn_blocking(cleaned).await.map_err(broken)?;
        let work = move |connection: &Writing| {
            let mut changed = 0;
            for change in &changes {
                changed += u64::from(apply(connection, change, now)?);
            }
            if changed > 0 {
                bump_revision(connection)?;
            }
            connection.prepare_cached("UPDATE state SET cleaned_to = ?1")?.execute([last])?;
            Ok(changed)
        };
        let changed = writer.run(doing, work).await?;
        Ok(Some(Recleaned { entries, changed }))
    }

    /// Whether the last sweep, or the first entry, is so long ago that one was missed.
    pub async fn missed_sweep(&self, now: Time) -> Result<bool, StoreError> {
        let look = |connection: &Connection| {
            let mut row = connection.prepare_cached(
                "SELECT coalesce(last_sweep, (SELECT min(first_seen) FROM entries)) FROM state",
            )?;
            Ok(time(row.query_row([], |row| row.get(0))?))
        };
        let last = self.inner.readers.look("asking for the last sweep", look).await?;
        Ok(last.is_some_and(|last| (now - last).abs() > SWEEP_EACH))
    }
}

/// An entry on its way to the sanitizer.
struct Row {
    id: i64,
    summary: Option<String>,
    content: Option<String>,
}

/// What an entry says otherwise now.
struct Change {
    before: Row,
    summary: Option<String>,
    content: Option<String>,
}

impl Row {
    fn cleaned(self, clean: &Cleaner) -> Option<Change> {
        let again = |html: &Option<String>| {
            let old = html.as_deref()?;
            let new = clean(old).map(Html::into_string);
            // White space at the ends is nothing to write a row for.
            if new.as_deref().is_some_and(|new| new.trim() == old.trim()) {
                return Some(old.to_owned());
            }
            new
        };
        let (summary, content) = (again(&self.summary), again(&self.content));
        let same = summary == self.summary && content == self.content;
        (!same).then_some(Change { before: self, summary, content })
    }
}

struct Versions {
    html: u32,
    cleaning: Option<u32>,
    cleaned_to: i64,
}

fn versions(connection: &Connection) -> Result<Versions, Fault> {
    let mut row = connection.prepare_cached(
        "SELECT html_version, cleaning_version, coalesce(cleaned_to, 0) FROM state",
    )?;
    Ok(row.query_row([], |row| {
        Ok(Versions { html: row.get(0)?, cleaning: row.get(1)?, cleaned_to: row.get(2)? })
    })?)
}

fn html_state(connection: &Connection, version: u32) -> Result<HtmlState, Fault> {
    let now = versions(connection)?;
    let after = if now.cleaning == Some(version) { now.cleaned_to } else { 0 };
    let left = if now.html >= version {
        0
    } else {
        connection
            .prepare_cached("SELECT count(*) FROM entries WHERE id > ?1")?
            .query_row([after], |row| row.get(0))?
    };
    Ok(HtmlState { version: now.html, left: count(left) })
}

/// After which entry to go on. `None`: there is nothing to do.
fn begin(connection: &Connection, version: u32) -> Result<Option<i64>, Fault> {
    let now = versions(connection)?;
    if now.html >= version {
        if now.html > version || now.cleaning.is_some() {
            end(connection, version)?;
        }
        return Ok(None);
    }
    if now.cleaning == Some(version) {
        return Ok(Some(now.cleaned_to));
    }
    connection
        .prepare_cached("UPDATE state SET cleaning_version = ?1, cleaned_to = 0")?
        .execute([version])?;
    Ok(Some(0))
}

fn end(connection: &Connection, version: u32) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "UPDATE state SET html_version = ?1, cleaning_version = NULL, cleaned_to = NULL",
        )?
        .execute([version])?;
    Ok(())
}

/// The next entries: few, and not much text.
fn some(connection: &Connection, after: i64) -> Result<Vec<Row>, Fault> {
    let mut next = connection.prepare_cached(
        "SELECT id, summary, content FROM entries WHERE id > ?1 ORDER BY id LIMIT ?2",
    )?;
    let mut found = next.query((after, STEP_ENTRIES))?;
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while let Some(row) = found.next()? {
        let row = Row { id: row.get(0)?, summary: row.get(1)?, content: row.get(2)? };
        bytes += [&row.summary, &row.content].into_iter().flatten().map(String::len).sum::<usize>();
        rows.push(row);
        if bytes > STEP_BYTES {
            break;
        }
    }
    Ok(rows)
}

/// Writes what an entry says now, unless it says something else by itself meanwhile. Tells
/// whether.
fn apply(connection: &Writing, change: &Change, now: Time) -> Result<bool, Fault> {
    let Change { before, summary, content } = change;
    let found = connection
        .prepare_cached(
            "SELECT e.article_id, a.entry_id = e.id, e.url, e.title
               FROM entries e JOIN articles a ON a.id = e.article_id
              WHERE e.id = ?1 AND e.summary IS ?2 AND e.content IS ?3",
        )?
        .query_row((before.id, &before.summary, &before.content), |row| {
            let (address, title) = (url(row.get(2)?), row.get::<_, Option<String>>(3)?);
            Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?, address, title))
        })
        .optional()?;
    let Some((article, shown, address, title)) = found else { return Ok(false) };
    let words = shown.then(|| SearchText::stored(connection, before.id)).transpose()?;
    // A renewed guid is known by what the entry says, which is this from now on.
    let said =
        said_hash_of(address.as_ref(), [title.as_deref(), summary.as_deref(), content.as_deref()]);
    connection
        .prepare_cached(
            "UPDATE entries SET summary = ?2, content = ?3, said_hash = ?4 WHERE id = ?1",
        )?
        .execute((before.id, summary, content, signed(said)))?;
    if let Some(old) = words {
        let new = SearchText::stored(connection, before.id)?;
        if old != new {
            connection.unindex(article, old)?;
            connection.index(article, new)?;
        }
        connection
            .prepare_cached("UPDATE articles SET changed = ?2 WHERE id = ?1")?
            .execute((article, stamp::next(connection, now)?))?;
    }
    Ok(true)
}

/// Of one step, so that a poll's commit waits for no longer than for another poll's.
const STEP_ENTRIES: i64 = 100;
const STEP_BYTES: usize = 1 << 20;

/// A night and an hour: where nobody ran at the hour of the sweep, it is made up for.
const SWEEP_EACH: chrono::TimeDelta = chrono::TimeDelta::hours(25);
