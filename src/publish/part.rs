//! Which document of an output is meant, and how its documents hang together.
//!
//! - The *subscription* document holds the newest articles by [`Article::position`].
//! - *Archive* documents (RFC 5005 section 4) cut all articles of the output into stretches
//!   by arrival, which is the order of rows. An archive is named by the row it ends before
//!   and reaches down to the next lower multiple of [`ARCHIVE_ROWS`]; nothing that arrives
//!   later falls into it, so it never changes once it can be named, and the chain of
//!   `prev-archive` links holds each article exactly once. The newest of them ends where
//!   the subscription document can take over: at the latest arrival that is not in it, or a
//!   few rows later, so that it is another one only with every [`ARCHIVE_STEP`] arrivals.
//!   A back-dated article, too old for the subscription document, is found there all the
//!   same, by a reader that walks back until it meets an archive it has seen.
//! - *Pages* (RFC 5005 section 3) follow the order of reading, each article once, for
//!   formats and readers that only know "next".

use std::{collections::HashSet, fmt, str::FromStr};

use chrono::DateTime;

use crate::model::{Arrived, Article, ArticleId, Time};

/// One of the documents of an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The one that readers subscribe to.
    Subscription(Older),
    Archive(Archive),
    Page(Page),
    /// The newest articles that a search finds: a feed of its own.
    Search {
        words: String,
    },
}

impl Part {
    /// An archive as it is linked to.
    pub(super) fn archive(arrived_before: ArticleId) -> Self {
        Self::Archive(Archive { arrived_before, older: None })
    }

    /// A page as it is linked to.
    pub(super) fn page(before: Place) -> Self {
        Self::Page(Page { before, older: None })
    }
}

/// Where a subscription document goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Older {
    /// The newest archive, by the row that it ends before.
    pub archive: Option<ArticleId>,
    /// The first page after it, by the place of its own last article. None for an output
    /// with `max_per_feed`: what the cap leaves out is only in the archives.
    pub page: Option<Place>,
}

/// A stretch of the order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Archive {
    pub arrived_before: ArticleId,
    /// The next older archive, by the row that it ends before.
    pub older: Option<ArticleId>,
}

/// A stretch of the order of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    pub before: Place,
    pub older: Option<Place>,
}

/// Rows to an archive document; fewer articles where the output takes in only some of them.
/// A whole one is a few hundred kilobytes, and a million articles are two thousand documents.
pub const ARCHIVE_ROWS: i64 = 500;

/// The newest archive ends at a multiple of this where it can. Divides [`ARCHIVE_ROWS`].
const ARCHIVE_STEP: i64 = 50;

/// What an archive is called in addresses and as a file, its format's ending left out.
///
/// No output has a dot in its name, so none can be called the same.
pub fn archive_name(output: &str, arrived_before: ArticleId) -> String {
    format!("{output}{ARCHIVE}{}", arrived_before.0)
}

/// The output and the archive that [`archive_name`] made `name` from.
pub fn archive_of(name: &str) -> Option<(&str, ArticleId)> {
    let (output, row) = name.split_once(ARCHIVE)?;
    let number: i64 = row.parse().ok().filter(|row| *row > 0)?;
    // One address for one archive: no sign, no zeros before.
    (number.to_string() == row).then_some((output, ArticleId(number)))
}

const ARCHIVE: &str = ".archive-";

/// The rows that the archive ending before `arrived_before` holds.
pub fn archive_rows(arrived_before: ArticleId) -> Arrived {
    let last = arrived_before.0.saturating_sub(1);
    let from = last.saturating_sub(last.rem_euclid(ARCHIVE_ROWS));
    Arrived { from: ArticleId(from), before: arrived_before }
}

/// The name of the archive that holds `row` once its stretch is whole.
///
/// Ask the store for the latest arrival before an archive's first row: its archive is the
/// next older one. Stretches without an article of the output are left out so.
pub fn archive_holding(row: ArticleId) -> ArticleId {
    let from = row.0.saturating_sub(row.0.rem_euclid(ARCHIVE_ROWS));
    ArticleId(from.saturating_add(ARCHIVE_ROWS))
}

/// Can the archive be named yet? One that ends behind the latest arrival would still change.
pub fn archive_is_closed(arrived_before: ArticleId, latest_arrival: Option<ArticleId>) -> bool {
    latest_arrival.is_some_and(|latest| arrived_before.0 <= latest.0.saturating_add(1))
}

/// The newest archive beside a subscription document that shows `shown`.
///
/// `arrivals` are the output's articles, latest arrival first; one more than are shown is
/// always enough. None: everything is shown.
pub fn newest_archive<'a>(
    shown: impl IntoIterator<Item = &'a Article>,
    arrivals: impl IntoIterator<Item = ArticleId>,
) -> Option<ArticleId> {
    let shown: HashSet<ArticleId> = shown.into_iter().map(|article| article.row).collect();
    let mut arrivals = arrivals.into_iter().peekable();
    let latest = *arrivals.peek()?;
    let missing = arrivals.find(|row| !shown.contains(row))?;
    let end = missing.0.saturating_add(1);
    let step_end = end.saturating_add((-end).rem_euclid(ARCHIVE_STEP));
    // Before the latest arrival nothing more will come.
    Some(ArticleId(if step_end <= latest.0 { step_end } else { end }))
}

/// A place in the order of reading: newest first, by `(position, row)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub position: Time,
    pub row: ArticleId,
}

impl Place {
    pub fn of(article: &Article) -> Self {
        Self { position: article.position, row: article.row }
    }

    /// As [`ArticleQuery::before`](crate::model::ArticleQuery) wants it.
    pub fn pair(self) -> (Time, ArticleId) {
        (self.position, self.row)
    }
}

/// Microseconds since 1970 and the row, as they stand in addresses.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.position.timestamp_micros(), self.row.0)
    }
}

/// The text is not a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a place in the river")]
pub struct NoPlace;

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (micros, row) = text.split_once('.').ok_or(NoPlace)?;
        let micros = micros.parse().map_err(|_| NoPlace)?;
        let position = DateTime::from_timestamp_micros(micros).ok_or(NoPlace)?;
        Ok(Self { position, row: ArticleId(row.parse().map_err(|_| NoPlace)?) })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::sample, *};

    #[test]
    fn archives_meet_without_gap_or_overlap() {
        let newest = archive_rows(ArticleId(1_234));
        assert_eq!(newest, Arrived { from: ArticleId(1_000), before: ArticleId(1_234) });
        let older = archive_rows(archive_holding(ArticleId(newest.from.0 - 1)));
        assert_eq!(older, Arrived { from: ArticleId(500), before: ArticleId(1_000) });
    }

    #[test]
    fn a_whole_archive_keeps_its_name_when_more_arrives() {
        let whole = archive_rows(ArticleId(1_000));
        assert_eq!(archive_holding(whole.from), whole.before);
        assert_eq!(archive_holding(ArticleId(999)), whole.before);
    }

    #[test]
    fn the_newest_archive_begins_where_the_subscription_document_has_a_gap() {
        let shown: Vec<Article> = [9, 8, 5].map(sample::article).into();
        let rows = [9, 8, 7, 6, 5].map(ArticleId);
        assert_eq!(newest_archive(&shown, rows), Some(ArticleId(8)));
        assert_eq!(newest_archive(&shown, [9, 8].map(ArticleId)), None);
    }

    #[test]
    fn the_newest_archive_keeps_its_name_for_a_while() {
        let newest = |latest: i64| {
            let shown: Vec<Article> = (latest - 99..=latest).map(sample::article).collect();
            newest_archive(&shown, (latest - 100..=latest).rev().map(ArticleId))
        };
        assert_eq!([601, 625, 649].map(newest), [Some(ArticleId(550)); 3]);
        assert_eq!(newest(650), Some(ArticleId(600)));
    }

    #[test]
    fn an_archive_has_one_name() {
        let name = archive_name("all", ArticleId(500));
        assert_eq!(archive_of(&name), Some(("all", ArticleId(500))));
        for other in ["all", "all.archive-", "all.archive-0500", "all.archive-+5", "all.archive-0"]
        {
            assert_eq!(archive_of(other), None, "{other}");
        }
    }

    /// The archives from `newest` back, each with the rows of `stored` that it holds.
    fn chain(newest: Option<ArticleId>, stored: &[i64]) -> Vec<(ArticleId, Vec<i64>)> {
        let mut found = Vec::new();
        let mut next = newest;
        while let Some(name) = next {
            let rows = archive_rows(name);
            let held = |row: &&i64| (rows.from.0..rows.before.0).contains(row);
            found.push((name, stored.iter().filter(held).copied().collect()));
            let below = stored.iter().rev().find(|row| **row < rows.from.0);
            next = below.map(|row| archive_holding(ArticleId(*row)));
        }
        found
    }

    proptest::proptest! {
        #[test]
        fn a_reader_finds_each_article_once_and_no_archive_changes(
            // Rows skipped before each article (other outputs' articles), and its position.
            arrivals in proptest::collection::vec((1_i64..400, 0_i64..1_000), 1..40),
            limit in 1_usize..6,
        ) {
            let (mut row, mut articles) = (0, Vec::<Article>::new());
            let mut seen = std::collections::HashMap::new();
            for (gap, position) in arrivals {
                row += gap;
                let mut article = sample::article(row);
                article.position = sample::time(position);
                articles.push(article);
                let stored: Vec<i64> = articles.iter().map(|article| article.row.0).collect();
                let mut shown: Vec<&Article> = articles.iter().collect();
                shown.sort_by_key(|article| std::cmp::Reverse(Place::of(article)));
                shown.truncate(limit);
                let latest = stored.iter().rev().map(|row| ArticleId(*row));
                let newest = newest_archive(shown.iter().copied(), latest);
                let archives = chain(newest, &stored);
                let mut archived = Vec::new();
                for (name, rows) in archives {
                    proptest::prop_assert!(archive_is_closed(name, Some(ArticleId(row))));
                    proptest::prop_assert!(!rows.is_empty());
                    archived.extend(rows.iter().copied());
                    let before = seen.entry(name).or_insert_with(|| rows.clone());
                    proptest::prop_assert_eq!(&*before, &rows);
                }
                let mut all = archived.clone();
                all.sort_unstable();
                proptest::prop_assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
                all.extend(shown.iter().map(|article| article.row.0));
                all.sort_unstable();
                all.dedup();
                proptest::prop_assert_eq!(all, stored);
            }
        }
    }

    #[test]
    fn an_archive_that_would_still_change_cannot_be_named() {
        assert!(archive_is_closed(ArticleId(8), Some(ArticleId(7))));
        assert!(!archive_is_closed(ArticleId(9), Some(ArticleId(7))));
        assert!(!archive_is_closed(ArticleId(1), None));
    }

    #[test]
    fn a_place_survives_its_address() {
        let place = Place::of(&sample::article(3));
        assert_eq!(place.to_string().parse(), Ok(place));
        for junk in ["", ".", "1", "1.x", "x.1", "99999999999999999999.1"] {
            assert_eq!(junk.parse::<Place>(), Err(NoPlace), "{junk}");
        }
    }
}
