//! Stored entries as deduplication sees them.
//!
//! In: row numbers. Out: [`Profile`]s, made again from the rows: keeping what is compared
//! of each entry would cost more room than its text is worth reading again, since few
//! entries ever are candidates.

use std::{borrow::Cow, cell::RefCell, collections::HashMap};

use rusqlite::{Connection, OptionalExtension as _};

use super::{
    candidates::{self, Periods, Shelves},
    error::Fault,
    keys::Keys,
    values::{from_json, time, url},
    writing::Writing,
};
use crate::{
    dedup::{Fingerprint, Habits, Hands, Names, Profile, Standing, fingerprint},
    model::{Entry, EntryId, FeedId, Html},
};

/// Profiles of stored entries, each read once.
#[derive(Debug)]
pub(super) struct Profiles<'a> {
    connection: &'a Connection,
    /// Keys on their way into their table.
    keys: Option<&'a RefCell<Keys>>,
    loaded: HashMap<i64, Profile>,
    habits: HashMap<FeedId, Habits>,
    names: HashMap<FeedId, Names>,
    /// Of the stored keys, once somebody has asked and there are any.
    periods: Option<Periods>,
    /// Whether anybody has said anything of any entry, once somebody has asked.
    hands_are_there: Option<bool>,
}

/// An entry's row.
pub(super) struct StoredEntry {
    pub entry: Entry,
    pub standing: Standing,
    feed_title: Option<String>,
}

impl<'a> Profiles<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self {
            connection,
            keys: None,
            loaded: HashMap::new(),
            habits: HashMap::new(),
            names: HashMap::new(),
            periods: None,
            hands_are_there: None,
        }
    }

    /// Those that the writer sees.
    pub(super) fn within(writing: &'a Writing) -> Self {
        Self::with_keys(writing, writing.keys())
    }

    /// These keys count as well.
    pub(super) fn with_keys(connection: &'a Connection, keys: &'a RefCell<Keys>) -> Self {
        Self { keys: Some(keys), ..Self::new(connection) }
    }

    /// Where the keys of entries are looked for.
    pub(super) fn shelves(&self) -> Shelves<'a> {
        Shelves { connection: self.connection, waiting: self.keys }
    }

    pub(super) fn get(&self, id: i64) -> Option<&Profile> {
        self.loaded.get(&id)
    }

    /// The periods in which keys are stored; `None`: there are none.
    pub(super) fn periods(&mut self) -> Result<Option<Periods>, Fault> {
        // Keys of the period that this look falls into are looked for in any case.
        if self.periods.is_none() {
            self.periods = candidates::periods(self.connection)?;
        }
        Ok(self.periods)
    }

    /// What people said of these entries.
    pub(super) fn hands_of(&mut self, entries: &[i64], own: Option<i64>) -> Result<Hands, Fault> {
        let are_there = match self.hands_are_there {
            Some(known) => known,
            None => self
                .connection
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM hands)")?
                .query_row([], |row| row.get(0))?,
        };
        self.hands_are_there = Some(are_there);
        if are_there { hands_of(self.connection, entries, own) } else { Ok(Hands::default()) }
    }

    /// Makes [`Self::get`] know the entry, if there is one.
    pub(super) fn load(&mut self, id: i64) -> Result<(), Fault> {
        if !self.loaded.contains_key(&id)
            && let Some(profile) = self.read(id)?
        {
            self.loaded.insert(id, profile);
        }
        Ok(())
    }

    /// The entry has another text now.
    pub(super) fn forget(&mut self, id: i64) {
        self.loaded.remove(&id);
    }

    /// Reads an entry without keeping it.
    pub(super) fn read(&mut self, id: i64) -> Result<Option<Profile>, Fault> {
        let Some(stored) = stored(self.connection, id)? else { return Ok(None) };
        let feed = stored.standing.feed;
        let print = fingerprint(&stored.entry);
        let own = self.names.entry(feed).or_insert_with(|| {
            let mut names = Names::default();
            if let Some(title) = &stored.feed_title {
                names.add(feed, title);
            }
            names
        });
        let names = names_for(self.connection, own, &print)?;
        if !self.habits.contains_key(&feed) {
            self.habits.insert(feed, load_habits(self.connection, feed)?);
        }
        let habits = self.habits.entry(feed).or_default();
        Ok(Some(Profile::new(print, stored.standing, habits, &names)))
    }
}

/// What of an entry's row deduplication and a new article need.
pub(super) fn stored(connection: &Connection, id: i64) -> Result<Option<StoredEntry>, Fault> {
    let mut load = connection.prepare_cached(
        "SELECT e.guid, e.url, e.title, e.published, e.summary, e.content, e.origin,
                e.original_url, e.first_seen, e.feed_id, f.title, f.stands_alone, e.author
           FROM entries e JOIN feeds f ON f.id = e.feed_id WHERE e.id = ?1",
    )?;
    let found = load.query_row([id], |row| {
        let html = |text: Option<String>| text.map(Html::sanitized);
        let author: Option<String> = row.get(12)?;
        let published = time(row.get(3)?);
        let entry = Entry {
            guid: row.get(0)?,
            url: url(row.get(1)?),
            title: row.get(2)?,
            authors: author.iter().flat_map(|names| names.lines()).map(str::to_owned).collect(),
            published,
            updated: None,
            summary: html(row.get(4)?),
            content: html(row.get(5)?),
            categories: Vec::new(),
            enclosures: Vec::new(),
            language: None,
            origin: from_json(row.get(6)?),
            original_url: url(row.get(7)?),
            comments: None,
            raw_hash: 0,
        };
        let standing = Standing {
            entry: EntryId(id),
            feed: FeedId(row.get(9)?),
            published,
            first_seen: time(row.get(8)?).unwrap_or_default(),
            stands_alone: row.get(11)?,
        };
        Ok(StoredEntry { entry, standing, feed_title: row.get(10)? })
    });
    Ok(found.optional()?)
}

/// What the feed is called, and whether what stands behind the title is some feed's name.
pub(super) fn names_for<'a>(
    connection: &Connection,
    own: &'a Names,
    print: &Fingerprint,
) -> Result<Cow<'a, Names>, Fault> {
    let mut names = Cow::Borrowed(own);
    if let Some(name) = print.name_behind_title() {
        let is_known: bool = connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM feed_names WHERE name = ?1)")?
            .query_row([name], |row| row.get(0))?;
        if is_known {
            names.to_mut().add_hash(name);
        }
    }
    Ok(names)
}

pub(super) fn load_habits(connection: &Connection, feed: FeedId) -> Result<Habits, Fault> {
    let bytes: Option<Vec<u8>> = connection
        .prepare_cached("SELECT habits FROM feed_habits WHERE feed_id = ?1")?
        .query_row([feed.0], |row| row.get(0))
        .optional()?;
    Ok(bytes.map(|bytes| Habits::decode(&bytes)).unwrap_or_default())
}

fn hands_of(connection: &Connection, entries: &[i64], own: Option<i64>) -> Result<Hands, Fault> {
    let mut said = connection.prepare_cached(
        "SELECT entry_id, other_id, together FROM hands WHERE entry_id = ?1
         UNION ALL SELECT entry_id, other_id, together FROM hands WHERE other_id = ?1",
    )?;
    let mut hands = Hands::default();
    for &entry in entries.iter().chain(own.as_ref()) {
        let mut rows = said.query([entry])?;
        while let Some(row) = rows.next()? {
            let pair = (EntryId(row.get(0)?), EntryId(row.get(1)?));
            if row.get(2)? {
                hands.merged.push(pair);
            } else {
                hands.split.insert(pair);
            }
        }
    }
    Ok(hands)
}
