//! A title as it is compared.
//!
//! In: a plain title. Out: a [`Title`]: its key, how much it tells, and its other key
//! without a site's name behind it, to be used where that name is known for one.

use xxhash_rust::xxh3::xxh3_64;

use super::words::{Word, Words};

/// A title, folded; equal keys mean equal titles.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Title {
    pub words: Words,
    /// `None` where the title holds no word.
    pub key: Option<u64>,
    /// The title without what follows its last dash or bar.
    pub bare: Option<Bare>,
}

/// A title without a name behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bare {
    pub key: u64,
    /// Of the name: compare with [`name_hashes`].
    pub name: u64,
    /// Words before the name.
    pub length: usize,
}

impl Title {
    pub fn of(title: &str) -> Self {
        let title = without_label(title.trim());
        let words = Words::of(title);
        let bare = split_name(title).and_then(|(before, name)| {
            let length = Words::of(before).len();
            Some(Bare { key: key(words.list().get(..length)?)?, name: name_hash(name)?, length })
        });
        Self { key: key(words.list()), bare, words }
    }

    /// Words of the title that name this text and no other.
    pub fn content_words(words: &[Word]) -> usize {
        words.iter().filter(|word| !word.is_generic()).count()
    }
}

/// The hashes under which a feed's title is known: the whole, and each of its parts
/// ("Example Times – World").
pub(super) fn name_hashes(feed_title: &str) -> impl Iterator<Item = u64> {
    let parts = feed_title.split(SEPARATORS).chain(feed_title.split(" - "));
    parts.chain(std::iter::once(feed_title)).filter_map(name_hash)
}

const SEPARATORS: [char; 9] = ['|', '–', '—', '·', '•', '»', '«', ':', '/'];

/// One name has one hash, with or without "The" before it.
fn name_hash(name: &str) -> Option<u64> {
    let words = Words::of(name);
    let list = words.list();
    let skip = usize::from(list.len() > 1 && list.first().is_some_and(|word| word.is_stop()));
    key(list.get(skip..)?)
}

fn key(words: &[Word]) -> Option<u64> {
    if words.is_empty() {
        return None;
    }
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.hash.to_le_bytes()).collect();
    Some(xxh3_64(&bytes))
}

/// "BREAKING: …", "UPDATE 2-…", "… [video]": labels that come and go with one story.
fn without_label(title: &str) -> &str {
    let mut title = title;
    if let Some(rest) = title.strip_prefix(['[', '('])
        && let Some((label, rest)) = rest.split_once([']', ')'])
        && is_label(label)
    {
        title = rest.trim_start();
    }
    let end = title.char_indices().nth(LONGEST_LABEL).map_or(title.len(), |(at, _)| at);
    let near = title.get(..end).unwrap_or(title);
    let marks: &[&str] = if may_hold_mark(near) { LABEL_MARKS } else { &[] };
    for &mark in marks {
        if let Some((label, _)) = near.split_once(mark)
            && is_label(label)
            && let Some(rest) = title.get(label.len() + mark.len()..)
            && !rest.trim().is_empty()
        {
            title = rest.trim_start();
            break;
        }
    }
    for (open, close) in [('(', ')'), ('[', ']')] {
        if let Some((before, label)) = title.strip_suffix(close).and_then(|t| t.rsplit_once(open))
            && is_label(label)
        {
            title = before.trim_end();
        }
    }
    title
}

const LONGEST_LABEL: usize = 24;

/// What stands between a label and the title.
const LABEL_MARKS: &[&str] = &[":", " - ", " – ", " — ", " | ", "-"];
/// What stands between the title and the name of its site.
const NAME_MARKS: &[&str] = &[" - ", " – ", " — ", " | ", " · ", " • ", " » ", " :: "];

/// Whether one of the marks can be in it: each has one of these bytes in UTF-8.
fn may_hold_mark(text: &str) -> bool {
    text.bytes().any(|byte| matches!(byte, b':' | b'-' | b'|' | 0xc2 | 0xe2))
}

fn is_label(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    // "UPDATE 2"
    let text = text.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end();
    LABELS.contains(&text)
}

const LABELS: &[&str] = &[
    "breaking",
    "breaking news",
    "correction",
    "corrected",
    "developing",
    "eilmeldung",
    "eil",
    "exclusive",
    "exklusiv",
    "in pictures",
    "just in",
    "photos",
    "update",
    "updated",
    "updates",
    "urgent",
    "video",
    "watch",
    "aktualisiert",
    "alerte",
    "urgente",
    "última hora",
    "ultima ora",
    "обновлено",
    "срочно",
    "更新",
    "速報",
    "独自",
    "快讯",
];

/// The title and the name behind its last dash or bar.
fn split_name(title: &str) -> Option<(&str, &str)> {
    if !may_hold_mark(title) {
        return None;
    }
    let found = NAME_MARKS
        .iter()
        .filter_map(|mark| title.rsplit_once(mark))
        .min_by_key(|(_, name)| name.len())?;
    (found.1.chars().count() <= LONGEST_NAME).then_some(found)
}

/// Names of sites are short; in characters.
const LONGEST_NAME: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_quotes_and_labels_do_not_change_the_key() {
        let key = |title: &str| Title::of(title).key;
        let plain = key("'Strong dollar' call halts slide");
        assert_eq!(key("“Strong Dollar” Call Halts Slide"), plain);
        assert_eq!(key("BREAKING: 'Strong dollar' call halts slide (updated)"), plain);
        assert_eq!(key("UPDATE 2-'Strong dollar' call halts slide"), plain);
        assert_ne!(key("Strong dollar call"), plain);
        assert_eq!(key("?!"), None);
    }

    #[test]
    fn the_name_behind_a_title_is_found_whatever_part_of_a_feeds_title_it_is() {
        let bare = Title::of("A story - Meridian Post").bare.unwrap();
        assert_eq!(Some(bare.key), Title::of("A story").key);
        assert!(name_hashes("The Meridian Post – World").any(|hash| hash == bare.name));
    }

    #[test]
    fn a_text_with_a_mark_in_it_may_hold_one() {
        for mark in LABEL_MARKS.iter().chain(NAME_MARKS) {
            assert!(may_hold_mark(mark), "{mark}");
        }
        assert!(!may_hold_mark("A story"));
    }

    #[test]
    fn numbers_and_series_words_are_no_content() {
        let content = |title: &str| Title::content_words(Title::of(title).words.list());
        assert_eq!(content("Episode 11"), 0);
        assert_eq!(content("Weekly links for Monday"), 0);
        assert_eq!(content("French wine gets top-up"), 4);
    }
}
