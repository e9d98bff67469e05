//! A fingerprint seen through its feed's habits: what is left to compare, and the keys.
//!
//! In: a [`Fingerprint`], the feed's [`Habits`], the [`Names`] of all feeds. Out: a
//! [`Profile`]. Cheap: some microseconds for a usual entry.

use std::{
    cell::OnceCell,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::TimeDelta;

use super::{
    Fingerprint, Habits,
    address::Address,
    fingerprint::Guid,
    text::Text,
    title::{Title, name_hashes},
    words::{Word, Words},
};
use crate::model::{EntryId, FeedId, Time};

/// Where an entry stands, beside what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub entry: EntryId,
    pub feed: FeedId,
    /// The feed's claim.
    pub published: Option<Time>,
    /// Our clock.
    pub first_seen: Time,
    /// Joins no article of other feeds (`dedup = false`).
    pub stands_alone: bool,
}

impl Standing {
    /// When the entry was told: by its feed, else by our first sight of it.
    pub fn at(&self) -> Time {
        self.published.unwrap_or(self.first_seen)
    }
}

/// What feeds are called: a title ending in one of these names is that title without it.
#[derive(Debug, Clone, Default)]
pub struct Names {
    known: HashSet<u64>,
    words: HashMap<FeedId, Vec<u32>>,
}

impl Names {
    /// The hashes under which a feed of this title is known.
    pub fn hashes(title: &str) -> Vec<i64> {
        let mut hashes: Vec<i64> = name_hashes(title).map(u64::cast_signed).collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    }

    /// One such hash, known to be a feed's.
    pub fn add_hash(&mut self, hash: i64) {
        self.known.insert(hash.cast_unsigned());
    }

    pub fn add(&mut self, feed: FeedId, title: &str) {
        self.known.extend(name_hashes(title));
        let words = Words::of(title);
        let telling = words.list().iter().filter(|word| !word.is_stop()).map(|word| word.hash);
        self.words.insert(feed, telling.collect());
    }
}

/// What of an entry is compared.
#[derive(Debug, Clone)]
pub struct Profile {
    pub standing: Standing,
    pub(super) address: Option<Address>,
    /// The address says something: no home page, no page that the feed's entries share.
    pub(super) address_tells: bool,
    pub(super) guid: Guid,
    pub(super) guid_tells: bool,
    pub(super) title: Vec<Word>,
    /// Without the site's name.
    pub(super) title_key: Option<u64>,
    /// With it, where there is one.
    pub(super) whole_title_key: Option<u64>,
    /// Without what may be a site's name, known or not: only to find candidates by.
    pub(super) bare_title_key: Option<u64>,
    /// Words of the title that name this text; none where the feed uses it as a column's name.
    pub(super) content_words: usize,
    /// Own words, furniture taken out, and the letters behind them.
    pub(super) own: Vec<Word>,
    pub(super) text: Arc<Text>,
    pub(super) title_letters: Words,
    /// How many of the own words carry as much as one (see [`Words::scale`]).
    pub(super) scale: usize,
    /// See [`Self::shingles`].
    shingles: OnceCell<Vec<u64>>,
    pub(super) is_digest: bool,
    /// Words of the first own paragraph.
    pub(super) lead: usize,
    /// Words of the feed's title: a copy names its own paper where the original names its.
    pub(super) own_name: Vec<u32>,
}

impl Profile {
    pub fn new(print: Fingerprint, standing: Standing, habits: &Habits, names: &Names) -> Self {
        let Fingerprint { address, guid, title, text, origin } = print;
        let mut own: Vec<Word> = Vec::with_capacity(text.words.len());
        let mut lead = None;
        for paragraph in &text.paragraphs {
            let words = text.words.list().get(paragraph.start..paragraph.end).unwrap_or_default();
            if !habits.is_furniture(paragraph.hash, || words.iter().any(|word| word.counts())) {
                lead.get_or_insert(words.len());
                own.extend_from_slice(words);
            }
        }
        let scale = text.words.scale();
        let known = title.bare.filter(|bare| {
            names.known.contains(&bare.name)
                || origin
                    .as_deref()
                    .is_some_and(|origin| name_hashes(origin).any(|n| n == bare.name))
        });
        let length = known.map_or(title.words.len(), |bare| bare.length);
        let title_words: Vec<Word> = title.words.list().iter().take(length).copied().collect();
        let is_column = [title.key, known.map(|bare| bare.key)]
            .iter()
            .flatten()
            .any(|&key| habits.repeats_title(key));
        let content_words = if is_column { 0 } else { Title::content_words(&title_words) };
        let address_tells = address
            .as_ref()
            .is_some_and(|address| !address.is_generic && !habits.shares_address(address.hash));
        Self {
            standing,
            address_tells,
            guid_tells: guid.is_global && !habits.reuses_guid(guid.hash),
            title_key: known.map(|bare| bare.key).or(title.key),
            whole_title_key: title.key,
            bare_title_key: title.bare.map(|bare| bare.key),
            content_words,
            shingles: OnceCell::new(),
            title: title_words,
            own,
            scale,
            is_digest: text.is_digest,
            lead: lead.unwrap_or_default(),
            own_name: names.words.get(&standing.feed).cloned().unwrap_or_default(),
            text,
            title_letters: title.words,
            address,
            guid,
        }
    }

    /// The keys under which an entry finds its candidates, none twice.
    pub fn keys(&self) -> Vec<i64> {
        let mut keys = Vec::with_capacity(BODY_KEYS + LEAD_KEYS + 5);
        if self.address_tells {
            keys.extend(self.address.as_ref().map(|address| mixed(ADDRESS, address.hash)));
        }
        if self.guid_tells {
            // Who has the same guid has the same address in it: one key finds both.
            keys.push(match &self.guid.address {
                Some(address) => mixed(ADDRESS, address.hash),
                None => mixed(GUID, self.guid.hash),
            });
        }
        if self.content_words > 0 {
            let titles = [self.whole_title_key, self.bare_title_key];
            keys.extend(titles.iter().flatten().map(|&key| mixed(TITLE, key)));
        }
        if !self.is_digest {
            let runs = runs(&self.own, KEY_RUN * self.scale);
            let lead = runs.iter().take(LEAD * self.scale).copied().collect();
            smallest_into(lead, LEAD_KEYS, &mut keys);
            smallest_into(runs, BODY_KEYS, &mut keys);
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Runs of four words, by hash, each with where it begins in the low half; sorted. Made
    /// when first asked for: most entries are never compared with another one.
    pub(super) fn shingles(&self) -> &[u64] {
        self.shingles.get_or_init(|| shingles(&self.own, SHINGLE * self.scale))
    }

    /// How many words the own text is worth.
    pub(super) fn length(&self) -> usize {
        self.own.len() / self.scale
    }

    pub(super) fn has_text(&self) -> bool {
        self.length() >= FEWEST_OWN_WORDS
    }

    /// Enough of a title to tell one text from all others of some days.
    pub(super) fn title_tells(&self) -> bool {
        let scale = self.title_letters.scale();
        self.title.len() >= 4 * scale && self.content_words >= 3 * scale
    }

    pub(super) fn site(&self) -> u64 {
        self.address.as_ref().map_or(0, |address| address.site)
    }

    pub(super) fn apart(&self, other: &Self) -> TimeDelta {
        // Claims with claims, first sights with first sights: a feed without dates that is
        // polled for the first time is not of today.
        match (self.standing.published, other.standing.published) {
            (Some(one), Some(there)) => (one - there).abs(),
            _ => (self.standing.first_seen - other.standing.first_seen).abs(),
        }
    }
}

/// Words in a run that is compared.
pub(super) const SHINGLE: usize = 4;
/// Words in a run that is a key: one longer, since keys should be rare.
const KEY_RUN: usize = 5;
const BODY_KEYS: usize = 8;
/// Keys out of the first words: a teaser shares the opening with its text, and little else.
const LEAD_KEYS: usize = 4;
const LEAD: usize = 36;
/// Fewer own words are a remark, not a text.
const FEWEST_OWN_WORDS: usize = 12;

const ADDRESS: u64 = 0x9e37_79b9_7f4a_7c15;
const GUID: u64 = 0xc2b2_ae3d_27d4_eb4f;
const TITLE: u64 = 0x1656_67b1_9e37_79f9;

fn mixed(kind: u64, hash: u64) -> i64 {
    (hash ^ kind).wrapping_mul(0xff51_afd7_ed55_8ccd).cast_signed()
}

/// Hashes of all runs of `length` words, in order.
fn runs(words: &[Word], length: usize) -> Vec<u64> {
    let mut runs = Vec::with_capacity(words.len());
    // Nearly all texts are of a spaced script, and a length that the compiler knows is quicker.
    match length {
        KEY_RUN => runs.extend(words.array_windows::<KEY_RUN>().map(|run| run_hash(run))),
        SHINGLE => runs.extend(words.array_windows::<SHINGLE>().map(|run| run_hash(run))),
        _ => runs.extend(words.windows(length).map(run_hash)),
    }
    runs
}

#[inline]
fn run_hash(run: &[Word]) -> u64 {
    let mut hash = 0x27d4_eb2f_1656_67c5_u64;
    for word in run {
        hash = (hash ^ u64::from(word.hash)).wrapping_mul(0x9e37_79b1_85eb_ca87);
        hash ^= hash >> 29;
    }
    hash
}

/// Runs of four by hash (high half) and place (low half), sorted.
fn shingles(words: &[Word], length: usize) -> Vec<u64> {
    let mut shingles = runs(words, length);
    for (shingle, at) in shingles.iter_mut().zip(0_u64..) {
        *shingle = (*shingle & !0xffff_ffff) | at;
    }
    shingles.sort_unstable();
    shingles
}

/// The `count` smallest hashes: two texts that share most of their runs share most of these.
fn smallest_into(mut hashes: Vec<u64>, count: usize, keys: &mut Vec<i64>) {
    // Twice the count, since a text may say one run twice.
    let few = count * 2;
    if hashes.len() > few {
        hashes.select_nth_unstable(few);
        hashes.truncate(few);
    }
    hashes.sort_unstable();
    hashes.dedup();
    keys.extend(hashes.iter().take(count).map(|hash| hash.cast_signed()));
}
