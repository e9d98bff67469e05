//! Documents for benches: papers that never end, the same ones each time.
//!
//! Stories have about 3 kB of HTML: paragraphs, links, lists, pictures, now and then something
//! that the sanitizer takes out.

#![allow(dead_code, reason = "each bench is a crate of its own and uses its part")]

use std::{fmt::Write as _, path::Path, time::Duration};

use chrono::TimeDelta;
use merganser::{
    dedup::fingerprint,
    model::{
        DedupSettings, Document, DocumentLinks, Entry, FeedId, FeedMeta, FeedSetting, FeedState,
        PollMemory, Time, Timing,
    },
    parse::parse,
    store::{Address, Arriving, FeedUpdate, FetchRecord, OpenAs, Reading, Store},
};

/// How many papers there are; their feeds have the ids from 1.
pub const FEEDS: u64 = 50;

pub fn begin() -> Time {
    "2026-03-01T12:00:00Z".parse().expect("an instant")
}

/// So many stories of one paper, from `first` on, as RSS.
pub fn document(feed: u64, first: u64, stories: u64) -> Document {
    let mut xml = format!(
        "<?xml version='1.0'?><rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'>\
         <channel><title>Paper {feed}</title><link>https://paper{feed}.example/</link>\
         <description>All of it</description>"
    );
    for story in first..first + stories {
        let mut words = Words::new(feed << 32 | story);
        let url = format!("https://paper{feed}.example/{story}");
        let date = (begin() + TimeDelta::minutes(story as i64)).to_rfc2822();
        let _ = write!(
            xml,
            "<item><title>{}</title><link>{url}</link><guid>{url}</guid><pubDate>{date}</pubDate>\
             <content:encoded><![CDATA[{}]]></content:encoded></item>",
            words.some(8),
            words.html(),
        );
    }
    xml.push_str("</channel></rss>");
    let base = url::Url::parse(&format!("https://paper{feed}.example/feed")).ok();
    Document { bytes: xml.into(), content_type: None, base }
}

/// What a poll that found these stories has for the store.
pub fn update(feed: u64, first: u64, stories: u64) -> FeedUpdate {
    let when = begin() + TimeDelta::days(10);
    let parsed = parse(&document(feed, first, stories), when).expect("a feed");
    update_of(feed, when, parsed.entries)
}

/// What a poll that found these entries, and no others, has for the store.
pub fn update_of(feed: u64, when: Time, entries: Vec<Entry>) -> FeedUpdate {
    FeedUpdate {
        feed: FeedId(feed as i64),
        at: when,
        record: FetchRecord { status: Some(200), ..FetchRecord::default() },
        validators: None,
        body_hash: None,
        address: Address::Keep,
        state: FeedState::Ok,
        next_poll: Some(when),
        interval: Duration::from_secs(3_600),
        memory: PollMemory::default(),
        reading: Some(Reading {
            meta: FeedMeta { title: Some(format!("Paper {feed}")), ..FeedMeta::default() },
            links: DocumentLinks::default(),
            repairs: Vec::new(),
            unchanged: 0,
            guids: entries.iter().map(|entry| entry.guid.clone()).collect(),
            partial: false,
            entries: entries
                .into_iter()
                .map(|entry| {
                    let print = fingerprint(&entry);
                    Arriving::new(entry, print)
                })
                .collect(),
        }),
    }
}

/// A paper's feed as a config has it.
pub fn setting(feed: u64, tags: Vec<String>) -> FeedSetting {
    FeedSetting {
        url: format!("https://paper{feed}.example/feed").parse().expect("an address"),
        name: format!("paper{feed}"),
        tags,
        timing: Timing::default(),
        stands_alone: false,
    }
}

/// A store with so many stories, evenly of all papers. The next story has the number that
/// comes back.
pub async fn store(path: &Path, stories: u64) -> (Store, u64) {
    let rules = DedupSettings { near_duplicates: true, window: Duration::from_secs(7 * 86_400) };
    let store = Store::open(path, OpenAs::Daemon, rules).expect("a store");
    let settings = (1..=FEEDS).map(|feed| setting(feed, Vec::new())).collect();
    store.sync_feeds(settings, begin()).await.expect("feeds");
    let each = stories.div_ceil(FEEDS);
    for first in (0..each).step_by(DOCUMENT as usize) {
        for feed in 1..=FEEDS {
            let update = update(feed, first, DOCUMENT.min(each - first));
            store.commit(update).await.expect("a commit");
        }
    }
    (store, each)
}

const DOCUMENT: u64 = 25;
const WORDS: u64 = 20_000;

/// Words of a vocabulary in which few are common, always the same for one seed.
struct Words(u64);

impl Words {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 16
    }

    fn some(&mut self, count: u64) -> String {
        let mut text = String::new();
        for at in 0..count {
            // The product of two even chances: low ranks are common, high ones rare.
            let mut rank = (self.next() % WORDS) * (self.next() % WORDS) / WORDS;
            text.push_str(if at > 0 { " " } else { "" });
            text.push(char::from(b'a' + (rank % 7) as u8));
            while rank > 0 {
                text.push(char::from(b'a' + (rank % 26) as u8));
                rank /= 26;
            }
        }
        text
    }

    fn html(&mut self) -> String {
        let mut html = String::new();
        while html.len() < 3_000 {
            match self.next() % 10 {
                0 => {
                    let (one, two) = (self.some(8), self.some(9));
                    let _ = writeln!(html, "<ul><li>{one}</li><li>{two}</li></ul>");
                }
                1 => {
                    let (picture, alt) = (self.next() % 999, self.some(5));
                    let _ = writeln!(
                        html,
                        "<figure class='wide'><img src='/p/{picture}.jpg' onload='go()' \
                         width='1024' alt='{alt}'></figure>"
                    );
                }
                _ => {
                    let (text, link, end) = (self.some(30), self.some(3), self.some(12));
                    let _ = writeln!(
                        html,
                        "<p style='margin:0'>{text}, <a href='/a?b=1&amp;c=2'>{link}</a> &amp; \
                         <em>{end}</em>.</p>"
                    );
                }
            }
        }
        html
    }
}
