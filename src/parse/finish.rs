//! One entry made ready for the store and for people.
//!
//! In: a [`RawEntry`] as a reader found it, whichever reader that was. Out: an [`Entry`] with
//! a plain title, harmless HTML, and no list or text longer than its limit. What was cut is
//! named in the repairs, so that its publisher could mend it.

use sha2::{Digest, Sha256};

use super::html;
use crate::model::{Enclosure, Entry, FeedMeta, Html, Origin, RawEntry, RawText, Time};

/// Makes one entry ready.
///
/// A date after `now` becomes `now`: no entry may stand above all others for weeks.
pub fn finish(raw: RawEntry, now: Time, repairs: &mut Vec<String>) -> Entry {
    let raw_hash = raw.hash();
    let mut log = Log { guid: excerpt(&raw.guid), repairs };
    let mut field = |name: &str, raw: Option<RawText>| -> Option<Html> {
        let cleaned = html::clean(&raw?)?;
        if let Some(repair) = cleaned.repair {
            log.note(&format!("{name}: {repair}"));
        }
        Some(cleaned.html)
    };
    let summary = field("summary", raw.summary);
    let content = field("content", raw.content);
    let title = raw
        .title
        .map(|raw| cut_chars(html::title(&raw), MAX_TITLE_CHARS, "title", &mut log))
        .filter(|title| !title.is_empty());
    let mut clamp = |name: &str, time: Option<Time>| {
        if time.is_some_and(|time| time > now) {
            log.note(&format!("{name}: date in the future, set to now"));
        }
        time.map(|time| time.min(now))
    };
    Entry {
        published: clamp("published", raw.published),
        updated: clamp("updated", raw.updated),
        guid: guid(&raw.guid),
        url: raw.url,
        title,
        authors: names(raw.authors, MAX_AUTHORS, "authors", &mut log),
        summary,
        content,
        categories: names(raw.categories, MAX_CATEGORIES, "categories", &mut log),
        enclosures: enclosures(raw.enclosures, &mut log),
        language: raw.language.as_deref().and_then(language),
        origin: raw.origin.map(origin),
        original_url: raw.original_url,
        comments: raw.comments,
        raw_hash,
    }
}

/// What a document says of its feed, within the same limits.
pub fn finish_meta(meta: FeedMeta, now: Time) -> FeedMeta {
    let line = |text: String, chars: usize| -> Option<String> {
        let line: String = html::one_line(&text).chars().take(chars).collect();
        (!line.is_empty()).then_some(line)
    };
    FeedMeta {
        id: meta.id.as_deref().map(guid),
        title: meta.title.and_then(|title| line(title, MAX_TITLE_CHARS)),
        url: meta.url,
        home_page: meta.home_page,
        description: meta
            .description
            .filter(|description| description.len() <= MAX_DESCRIPTION_BYTES),
        language: meta.language.as_deref().and_then(language),
        updated: meta.updated.map(|time| time.min(now)),
    }
}

/// Repairs of one entry, up to a sensible number for the whole document.
struct Log<'a> {
    guid: String,
    repairs: &'a mut Vec<String>,
}

impl Log<'_> {
    fn note(&mut self, what: &str) {
        if self.repairs.len() < MAX_REPAIRS {
            self.repairs.push(format!("entry {}: {what}", self.guid));
        }
    }
}

/// An identity of bounded length, without controls; a longer one by its hash, which is
/// as good an identity.
fn guid(guid: &str) -> String {
    let guid = html::one_line(guid);
    if guid.len() <= MAX_GUID_BYTES {
        return guid;
    }
    let digest = Sha256::digest(guid.as_bytes());
    digest.iter().fold(String::from("sha256:"), |text, byte| format!("{text}{byte:02x}"))
}

/// Names in one line each, none twice, none empty.
fn names(names: Vec<String>, limit: usize, field: &str, log: &mut Log<'_>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(names.len().min(limit));
    for name in names {
        let name: String = html::one_line(&name).chars().take(MAX_NAME_CHARS).collect();
        if name.is_empty() || kept.contains(&name) {
            continue;
        }
        if kept.len() == limit {
            log.note(&format!("more than {limit} {field}: the rest left out"));
            break;
        }
        kept.push(name);
    }
    kept
}

fn enclosures(enclosures: Vec<Enclosure>, log: &mut Log<'_>) -> Vec<Enclosure> {
    if enclosures.len() > MAX_ENCLOSURES {
        log.note(&format!("more than {MAX_ENCLOSURES} enclosures: the rest left out"));
    }
    let media_type = |text: String| -> Option<String> {
        let text = html::one_line(&text);
        (!text.is_empty() && text.len() <= MAX_MEDIA_TYPE_BYTES).then_some(text)
    };
    enclosures
        .into_iter()
        .take(MAX_ENCLOSURES)
        .map(|it| Enclosure { media_type: it.media_type.and_then(media_type), ..it })
        .collect()
}

/// A tag of letters, digits and hyphens (BCP 47), as published but for white space.
fn language(text: &str) -> Option<String> {
    let text = text.trim();
    let tag = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    (tag && (1..=MAX_LANGUAGE_BYTES).contains(&text.len())).then(|| text.to_owned())
}

fn origin(origin: Origin) -> Origin {
    let title = origin
        .title
        .map(|title| html::one_line(&title).chars().take(MAX_NAME_CHARS).collect::<String>());
    Origin {
        id: origin.id.as_deref().map(guid),
        title: title.filter(|title| !title.is_empty()),
        url: origin.url,
        home_page: origin.home_page,
    }
}

fn cut_chars(text: String, limit: usize, field: &str, log: &mut Log<'_>) -> String {
    match text.char_indices().nth(limit) {
        None => text,
        Some((end, _)) => {
            log.note(&format!("{field} longer than {limit} characters: cut"));
            html::bounded(&text, end).to_owned()
        }
    }
}

/// Enough of a guid to find the entry by.
fn excerpt(guid: &str) -> String {
    html::one_line(html::bounded(guid, MAX_EXCERPT_BYTES))
}

/// The longest real titles are abstracts pasted into the wrong field.
const MAX_TITLE_CHARS: usize = 2000;
/// Longer than any address in use; longer ones are texts.
const MAX_GUID_BYTES: usize = 1024;
/// A committee at most.
const MAX_AUTHORS: usize = 32;
/// An author or a category.
const MAX_NAME_CHARS: usize = 500;
const MAX_CATEGORIES: usize = 64;
const MAX_ENCLOSURES: usize = 32;
/// RFC 6838 section 4.2: 127 characters for each half.
const MAX_MEDIA_TYPE_BYTES: usize = 255;
/// RFC 5646 section 4.4.1 asks for 35 at least.
const MAX_LANGUAGE_BYTES: usize = 64;
/// A feed's description; one line is usual.
const MAX_DESCRIPTION_BYTES: usize = 64 * 1024;
/// Lines that anybody would read.
const MAX_REPAIRS: usize = 100;
const MAX_EXCERPT_BYTES: usize = 120;

#[cfg(test)]
mod tests {
    use chrono::{Duration, TimeZone, Utc};
    use url::Url;

    use super::*;
    use crate::model::{Document, TextKind};

    fn now() -> Time {
        Utc.with_ymd_and_hms(2024, 5, 1, 12, 0, 0).unwrap()
    }

    fn finished(raw: RawEntry) -> (Entry, Vec<String>) {
        let mut repairs = Vec::new();
        (finish(raw, now(), &mut repairs), repairs)
    }

    #[test]
    fn a_future_date_is_now_and_an_absent_one_stays_absent() {
        let future = Some(now() + Duration::days(9));
        let (entry, repairs) = finished(RawEntry { published: future, ..RawEntry::default() });
        assert_eq!(entry.published, Some(now()));
        assert_eq!(entry.updated, None);
        assert_eq!(repairs.len(), 1);
    }

    #[test]
    fn every_list_and_text_has_its_limit() {
        let raw = RawEntry {
            guid: "x".repeat(5000),
            title: Some(RawText { text: "é".repeat(3000), ..RawText::default() }),
            authors: (0..100).map(|n| n.to_string()).collect(),
            categories: (0..100).map(|n| n.to_string()).collect(),
            enclosures: vec![
                Enclosure {
                    url: Url::parse("https://example.org/a").unwrap(),
                    media_type: Some("x".repeat(999)),
                    length: None,
                };
                100
            ],
            language: Some("en<script>".into()),
            ..RawEntry::default()
        };
        let (entry, repairs) = finished(raw);
        assert!(entry.guid.starts_with("sha256:") && entry.guid.len() == 7 + 64);
        assert_eq!(entry.title.unwrap().chars().count(), MAX_TITLE_CHARS);
        assert_eq!(entry.authors.len(), MAX_AUTHORS);
        assert_eq!(entry.categories.len(), MAX_CATEGORIES);
        assert_eq!(entry.enclosures.len(), MAX_ENCLOSURES);
        assert_eq!(entry.language, None);
        assert_eq!(repairs.len(), 4, "{repairs:?}");
    }

    #[test]
    fn an_empty_field_is_absent() {
        let empty = |kind| Some(RawText { text: " \n".into(), kind, base: None });
        let raw = RawEntry {
            title: empty(TextKind::Unsaid),
            summary: empty(TextKind::Html),
            content: empty(TextKind::Plain),
            authors: vec![" ".into(), "A\tB".into(), "A B".into()],
            ..RawEntry::default()
        };
        let (entry, _) = finished(raw);
        assert_eq!((entry.title, entry.summary, entry.content), (None, None, None));
        assert_eq!(entry.authors, ["A B"]);
    }

    #[test]
    fn the_seeds_of_the_fuzzer_are_read_and_finished_alike_each_time() {
        for seed in std::fs::read_dir("fuzz/seeds/parse").into_iter().flatten().flatten() {
            let bytes = std::fs::read(seed.path()).unwrap().into();
            let document = Document { bytes, content_type: None, base: None };
            let first = crate::parse::parse(&document, now()).unwrap();
            assert!(!first.entries.is_empty(), "{}", seed.path().display());
            assert_eq!(first, crate::parse::parse(&document, now()).unwrap());
        }
    }

    #[test]
    fn the_hash_is_of_what_came_in() {
        let raw = RawEntry { guid: " a\u{7} ".into(), ..RawEntry::default() };
        let hash = raw.hash();
        assert_eq!(finished(raw).0.raw_hash, hash);
    }
}
