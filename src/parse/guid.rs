//! Which entry is which, from poll to poll.
//!
//! In: the entries of one document, with the guids that it states. Out: the same with a guid
//! for each, and different ones for different stories. A guid is what the document states (guid, `atom:id`,
//! `rdf:about`), else the link, else the file that comes with the entry, else a hash of what
//! publishers do not edit. It is never random, never a place in the document, and never made
//! from a title alone, since "Weekly update" comes every week.

use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::Xxh3;

use crate::model::RawEntry;

/// Longer guids are kept as their hash: they are whole texts by mistake.
const MAX_GUID_BYTES: usize = 1024;

/// Gives every entry its guid, and different stories different ones.
///
/// Tells whether entries stand there twice: [`drop_repeats`] has something to do.
pub(super) fn settle(entries: &mut [RawEntry], repairs: &mut Vec<String>) -> bool {
    let mut hashed = 0_usize;
    for entry in entries.iter_mut() {
        if entry.guid.is_empty() {
            entry.guid = own_guid(entry);
            hashed += usize::from(entry.guid.starts_with(PREFIX));
        }
        if entry.guid.len() > MAX_GUID_BYTES {
            entry.guid = hash(&[Some(&entry.guid)]);
        }
    }
    if hashed > 0 {
        repairs.push(format!(
            "{hashed} entries have neither guid nor link: guid made from their text"
        ));
    }
    separate(entries, repairs)
}

/// Our guids: a URN, so that an output may pass it on as `atom:id`.
const PREFIX: &str = "urn:x-merganser:";

fn own_guid(entry: &RawEntry) -> String {
    if let Some(url) = &entry.url {
        return url.to_string();
    }
    if let Some(enclosure) = entry.enclosures.first() {
        return enclosure.url.to_string();
    }
    let title = entry.title.as_ref().map(|title| title.text.as_str());
    let date = entry.published.or(entry.updated).map(|time| time.timestamp().to_string());
    // A date and a title outlive corrections of the text; one of them alone is not enough.
    match (title, &date) {
        (Some(title), Some(date)) => hash(&[Some(title), Some(date)]),
        _ => hash(&[title, date.as_deref(), body(entry)]),
    }
}

fn body(entry: &RawEntry) -> Option<&str> {
    entry.content.as_ref().or(entry.summary.as_ref()).map(|text| text.text.as_str())
}

fn hash(parts: &[Option<&str>]) -> String {
    let mut hash = Xxh3::new();
    for part in parts {
        // Lengths, so that no two lists of parts run together.
        let length = part.map_or(u64::MAX, |part| part.len() as u64);
        hash.update(&length.to_le_bytes());
        hash.update(part.unwrap_or_default().as_bytes());
    }
    format!("{PREFIX}{:032x}", hash.digest128())
}

/// One story by another mark than its guid: its address and its title, else its text.
fn story(entry: &RawEntry) -> String {
    let title = entry.title.as_ref().map(|title| title.text.as_str());
    hash(&[entry.url.as_ref().map(url::Url::as_str), title.or_else(|| body(entry))])
}

/// Tells different stories under one guid apart.
///
/// All of them get a guid of their own, for if one kept the old one, it would pass to another
/// entry at the next poll.
fn separate(entries: &mut [RawEntry], repairs: &mut Vec<String>) -> bool {
    let mut repeats = 0_usize;
    let mut renamed: Vec<(usize, String)> = Vec::new();
    for group in shared(entries) {
        let stories: Vec<(usize, String)> = group
            .into_iter()
            .filter_map(|place| Some((place, story(entries.get(place)?))))
            .collect();
        let different: HashSet<&str> = stories.iter().map(|(_, story)| story.as_str()).collect();
        repeats += stories.len() - different.len();
        if different.len() > 1 {
            renamed.extend(stories);
        }
    }
    if repeats > 0 {
        repairs.push(format!("{repeats} entries stand there twice"));
    }
    if !renamed.is_empty() {
        repairs.push(format!(
            "{} entries share their guid or link with other stories: told apart by address and title",
            renamed.len()
        ));
    }
    for (place, story) in renamed {
        if let Some(entry) = entries.get_mut(place) {
            entry.guid = hash(&[Some(&entry.guid), Some(&story)]);
        }
    }
    repeats > 0
}

/// Keeps one of the entries that stand there twice: the latest (RFC 4287 section 4.1.1), else
/// the first.
pub(super) fn drop_repeats(entries: &mut Vec<RawEntry>) {
    let mut dropped: HashSet<usize> = HashSet::new();
    for group in shared(entries) {
        let age = |place: usize| entries.get(place).and_then(|e| e.updated.or(e.published));
        let mut kept: Option<usize> = None;
        for place in group {
            match kept {
                Some(best) if age(place) <= age(best) => {
                    dropped.insert(place);
                }
                _ => dropped.extend(kept.replace(place)),
            }
        }
    }
    let mut place = 0;
    entries.retain(|_| {
        place += 1;
        !dropped.contains(&(place - 1))
    });
}

/// The places of entries that share a guid, in document order.
fn shared(entries: &[RawEntry]) -> Vec<Vec<usize>> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::with_capacity(entries.len());
    for (place, entry) in entries.iter().enumerate() {
        places.entry(entry.guid.as_str()).or_default().push(place);
    }
    places.into_values().filter(|group| group.len() > 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RawText;

    fn entry(guid: &str, url: &str, title: &str) -> RawEntry {
        let title =
            (!title.is_empty()).then(|| RawText { text: title.into(), ..RawText::default() });
        RawEntry { guid: guid.into(), url: url::Url::parse(url).ok(), title, ..RawEntry::default() }
    }

    fn settled(mut entries: Vec<RawEntry>) -> Vec<String> {
        settle(&mut entries, &mut Vec::new());
        drop_repeats(&mut entries);
        entries.into_iter().map(|entry| entry.guid).collect()
    }

    #[test]
    fn the_link_stands_in_for_a_missing_guid() {
        assert_eq!(settled(vec![entry("", "https://a.example/1", "t")]), ["https://a.example/1"]);
    }

    #[test]
    fn an_entry_with_nothing_but_text_keeps_its_guid_and_equal_titles_do_not_collide() {
        let text = |text: &str| {
            let summary = Some(RawText { text: text.into(), ..RawText::default() });
            RawEntry { summary, ..entry("", "", "Weekly update") }
        };
        let guids = settled(vec![text("one"), text("two")]);
        assert_ne!(guids[0], guids[1]);
        assert_eq!(settled(vec![text("zero"), text("one")])[1], guids[0]);
    }

    #[test]
    fn the_same_story_twice_is_one_entry() {
        let twice =
            vec![entry("a", "https://a.example/1", "t"), entry("a", "https://a.example/1", "t")];
        assert_eq!(settled(twice), ["a"]);
    }

    #[test]
    fn stories_that_share_a_guid_get_guids_that_do_not_depend_on_their_neighbours() {
        let story = |n: u32| entry("same", &format!("https://a.example/{n}"), "t");
        let first = settled(vec![story(2), story(1)]);
        let second = settled(vec![story(3), story(2)]);
        assert_eq!(first[0], second[1]);
        assert_ne!(first[0], first[1]);
    }

    #[test]
    fn ten_thousand_entries_of_one_guid_are_told_apart() {
        let many =
            (0..10_000).map(|n| entry("same", &format!("https://a.example/{n}"), "t")).collect();
        let guids: HashSet<String> = settled(many).into_iter().collect();
        assert_eq!(guids.len(), 10_000);
    }
}
