//! What a search finds, newest first.
//!
//! In: what is asked, and the place to begin at. Out: places, a few at a time. A word that
//! is in everything is in what is newest, too: the river is walked from its top, and each
//! article looked up among the hits of the index, which come by row, the latest first. A
//! rare word has few hits, which are put in order. Nobody knows beforehand which it is, so
//! both go on side by side until one of them is done: what a search costs grows with the
//! square root of the store at most, where words are spread evenly.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _};

use super::{
    error::Fault,
    search::{Asked, SearchText},
};

/// Position and row: the order of the river.
pub(super) type Place = (String, i64);

/// Hits that are put in order, the latest arrived first, where the river has not shown
/// enough of them; and the most that one search gives.
const HITS: usize = 20_000;

/// So many hits are put in order sooner than that the river is walked on.
const FEW: usize = 2_000;

/// Rows of the river that are walked at most.
const WALKED: usize = 50_000;

/// Texts that are read at once to find a phrase in them.
const READ_AT_ONCE: usize = 50;

/// A search on its way down the river.
pub(super) struct Hits<'a> {
    connection: &'a Connection,
    asked: Asked,
    /// The last place that was found.
    at: Place,
    since: String,
    /// Places to look for next.
    wanted: usize,
    found: usize,
    is_done: bool,
    /// Found, but not yet whether they have the phrases.
    unread: std::vec::IntoIter<Place>,
}

impl<'a> Hits<'a> {
    /// The hits behind `at`, back to `since`. `few`: how many are likely to be asked for.
    pub(super) fn new(
        connection: &'a Connection,
        words: &str,
        at: Place,
        since: String,
        few: usize,
    ) -> Result<Option<Self>, Fault> {
        let Some(asked) = Asked::from(words)? else { return Ok(None) };
        Ok(Some(Self {
            connection,
            asked,
            at,
            since,
            wanted: few,
            found: 0,
            is_done: false,
            unread: Vec::new().into_iter(),
        }))
    }

    /// The next few; `None` where there are no more.
    pub(super) fn more(&mut self) -> Result<Option<Vec<Place>>, Fault> {
        loop {
            if self.unread.as_slice().is_empty() {
                if self.is_done || self.found >= HITS {
                    return Ok(None);
                }
                self.find()?;
            }
            let at_once = if self.asked.phrases.is_some() { READ_AT_ONCE } else { HITS };
            let mut next: Vec<Place> = self.unread.by_ref().take(at_once).collect();
            if let Some(phrases) = &self.asked.phrases {
                let mut texts = Vec::with_capacity(next.len());
                for (_, article) in &next {
                    texts.push((*article, SearchText::shown(self.connection, *article)?));
                }
                let having = phrases.found_in(texts)?;
                next.retain(|(_, article)| having.contains(article));
            }
            if !next.is_empty() {
                return Ok(Some(next));
            }
        }
    }

    fn find(&mut self) -> Result<(), Fault> {
        let places = self.latest()?;
        self.found += places.len();
        // Both sides begin anew each time, and so ask for more.
        self.wanted = self.wanted.saturating_mul(4).min(HITS);
        if let Some(last) = places.last() {
            self.at = last.clone();
        }
        self.unread = places.into_iter();
        Ok(())
    }

    /// The first of the hits behind the last place, in order: as many as are wanted, or all.
    fn latest(&mut self) -> Result<Vec<Place>, Fault> {
        let mut index = self
            .connection
            .prepare_cached("SELECT rowid FROM search WHERE search MATCH ?1 ORDER BY rowid DESC")?;
        let mut river = self.connection.prepare_cached(
            "SELECT position, id FROM articles
              WHERE (position, id) < (?1, ?2) AND position >= ?3
              ORDER BY position DESC, id DESC",
        )?;
        let mut index = index.query([&self.asked.words])?;
        let mut river = river.query((&self.at.0, self.at.1, &self.since))?;
        let mut hits: HashSet<i64> = HashSet::default();
        // Every hit of this row and above is known.
        let mut known_from = i64::MAX;
        let mut found = Vec::new();
        for walked in 0..WALKED {
            let Some(row) = river.next()? else {
                self.is_done = true;
                return Ok(found);
            };
            let id: i64 = row.get(1)?;
            while known_from > id || (hits.len() <= walked && known_from > i64::MIN) {
                if let Some(hit) = index.next()? {
                    known_from = hit.get(0)?;
                    hits.insert(known_from);
                    continue;
                }
                known_from = i64::MIN;
                if hits.len() <= FEW.max(walked) {
                    self.is_done = true;
                    return self.in_order(hits);
                }
            }
            if hits.contains(&id) {
                found.push((row.get(0)?, id));
                if found.len() >= self.wanted {
                    return Ok(found);
                }
            }
        }
        self.is_done = true;
        self.in_order(hits)
    }

    /// The latest arrived of these, in the order of the river.
    fn in_order(&self, hits: HashSet<i64>) -> Result<Vec<Place>, Fault> {
        let mut hits: Vec<i64> = hits.into_iter().collect();
        hits.sort_unstable_by(|one, other| other.cmp(one));
        let mut position =
            self.connection.prepare_cached("SELECT position FROM articles WHERE id = ?1")?;
        let mut places = Vec::with_capacity(hits.len().min(HITS));
        for id in hits.into_iter().take(HITS) {
            let position: Option<String> = position.query_row([id], |row| row.get(0)).optional()?;
            let place = position.map(|position| (position, id));
            places.extend(place.filter(|place| *place < self.at && place.0 >= self.since));
        }
        places.sort_unstable_by(|one, other| other.cmp(one));
        Ok(places)
    }
}
