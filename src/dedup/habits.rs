//! What a feed does again and again, and what therefore says nothing about one entry.
//!
//! In: the fingerprints of a feed's entries, as they come. Out: whether a paragraph is
//! furniture, an address a shared page, a title a column's name, a guid reused. Kept by the
//! store as one small blob a feed, bounded however long the feed runs.
//!
//! A habit counts *different* partners (a paragraph under two addresses), so that seeing an
//! entry again, edited or not, changes nothing.

use std::collections::VecDeque;

use super::Fingerprint;
use crate::model::position;

/// The habits of one feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Habits {
    /// Paragraphs, and the addresses they stood under.
    paragraphs: Uses,
    /// Title keys, and their addresses.
    titles: Uses,
    /// Addresses, and the titles they carried.
    addresses: Uses,
    /// Guids, and their addresses.
    guids: Uses,
}

impl Habits {
    /// Takes in what one entry of the feed shows. Observe a whole document before judging
    /// its entries, so that its first entry knows what the last one repeats.
    pub fn observe(&mut self, fingerprint: &Fingerprint) {
        let guid = tag(short(fingerprint.guid.hash));
        let title = fingerprint.title.key.map(short);
        let mut place = guid;
        if let Some(address) = &fingerprint.address {
            let hash = short(address.hash);
            self.addresses.note(hash, title.map_or(guid, tag), ADDRESSES);
            self.guids.note(short(fingerprint.guid.hash), tag(hash), GUIDS);
            if !address.is_generic && !self.shares_address(address.hash) {
                place = tag(hash);
            }
        }
        for paragraph in &fingerprint.text.paragraphs {
            self.paragraphs.note(paragraph.hash, place, PARAGRAPHS);
        }
        if let Some(title) = title {
            self.titles.note(title, place, TITLES);
        }
    }

    /// A footer, a pay-wall notice, an author's note: repeated under several addresses. With
    /// figures or number words in it (`counts`), it takes more to believe it, since a form
    /// filled in anew may agree by chance.
    pub(super) fn is_furniture(&self, paragraph: u32, counts: impl FnOnce() -> bool) -> bool {
        match self.paragraphs.partners(paragraph) {
            0 | 1 => false,
            2 | 3 => !counts(),
            _ => true,
        }
    }

    /// One page for many entries: a home page, a player, a status page.
    pub(super) fn shares_address(&self, address: u64) -> bool {
        self.addresses.partners(short(address)) >= 3
    }

    /// The title of a column, not of a text.
    pub(super) fn repeats_title(&self, title: u64) -> bool {
        self.titles.partners(short(title)) >= 2
    }

    /// A guid that names the feed's entries no better than "1" does.
    pub(super) fn reuses_guid(&self, guid: u64) -> bool {
        self.guids.partners(short(guid)) >= 2
    }

    /// For the store.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        for uses in [&self.paragraphs, &self.titles, &self.addresses, &self.guids] {
            uses.encode(&mut bytes);
        }
        bytes
    }

    /// What [`Habits::encode`] wrote. Anything else is as good as no habits: they are learnt
    /// anew from what comes.
    pub fn decode(bytes: &[u8]) -> Self {
        let Some((&VERSION, mut rest)) = bytes.split_first() else { return Self::default() };
        let mut next = || Uses::decode(&mut rest);
        match (next(), next(), next(), next()) {
            (Some(paragraphs), Some(titles), Some(addresses), Some(guids)) => {
                Self { paragraphs, titles, addresses, guids }
            }
            _ => Self::default(),
        }
    }
}

const VERSION: u8 = 1;

// How many different ones are remembered: several documents of a usual feed (20 to 50
// entries of six paragraphs). The oldest that was seen once goes first.
const PARAGRAPHS: usize = 512;
const TITLES: usize = 128;
const ADDRESSES: usize = 128;
const GUIDS: usize = 128;

/// Things by hash, each with the different partners it was seen with.
///
/// Side by side, since every paragraph that comes is looked for among all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Uses {
    things: VecDeque<u32>,
    partners: VecDeque<Partners>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Partners {
    /// The first `count` of them.
    tags: [u16; MOST_PARTNERS],
    count: u8,
}

impl Partners {
    fn tags(&self) -> &[u16] {
        self.tags.get(..usize::from(self.count)).unwrap_or_default()
    }

    fn note(&mut self, partner: u16) {
        if !self.tags().contains(&partner)
            && let Some(free) = self.tags.get_mut(usize::from(self.count))
        {
            *free = partner;
            self.count += 1;
        }
    }
}

/// More partners than this make no difference to any rule.
const MOST_PARTNERS: usize = 4;

impl Uses {
    fn note(&mut self, thing: u32, partner: u16, most: usize) {
        if let Some(found) = self.place(thing).and_then(|at| self.partners.get_mut(at)) {
            return found.note(partner);
        }
        if self.things.len() >= most {
            let oldest = self.partners.iter().position(|one| one.count < 2).unwrap_or(0);
            self.things.remove(oldest);
            self.partners.remove(oldest);
        }
        let mut partners = Partners::default();
        partners.note(partner);
        self.things.push_back(thing);
        self.partners.push_back(partners);
    }

    fn partners(&self, thing: u32) -> usize {
        let found = self.place(thing).and_then(|at| self.partners.get(at));
        found.map_or(0, |partners| usize::from(partners.count))
    }

    fn place(&self, thing: u32) -> Option<usize> {
        let (front, back) = self.things.as_slices();
        let is_it = |one| one == thing;
        position(front, is_it).or_else(|| Some(front.len() + position(back, is_it)?))
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        let length = u16::try_from(self.things.len()).unwrap_or(u16::MAX);
        bytes.extend(length.to_le_bytes());
        bytes.reserve(usize::from(length) * size_of::<(u32, Partners)>());
        for (thing, partners) in self.things.iter().zip(&self.partners).take(usize::from(length)) {
            bytes.extend_from_slice(&thing.to_le_bytes());
            bytes.push(partners.count);
            for tag in partners.tags() {
                bytes.extend_from_slice(&tag.to_le_bytes());
            }
        }
    }

    fn decode(rest: &mut &[u8]) -> Option<Self> {
        let length = u16::from_le_bytes(take(rest)?);
        let mut things = VecDeque::with_capacity(usize::from(length));
        let mut all = VecDeque::with_capacity(usize::from(length));
        for _ in 0..length {
            let thing = u32::from_le_bytes(take(rest)?);
            let [count] = take::<1>(rest)?;
            let mut partners = Partners { tags: [0; MOST_PARTNERS], count };
            // Taken as they were written: they are told apart when they are noted.
            for tag in partners.tags.get_mut(..usize::from(count))? {
                *tag = u16::from_le_bytes(take(rest)?);
            }
            things.push_back(thing);
            all.push_back(partners);
        }
        Some(Self { things, partners: all })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn short(hash: u64) -> u32 {
    (hash ^ (hash >> 32)) as u32
}

/// A partner is told from three others only: two bytes are enough.
fn tag(hash: u32) -> u16 {
    (hash ^ (hash >> 16)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dedup::tests::entry;

    fn observed(entries: &[(&str, &str, &str)]) -> Habits {
        let mut habits = Habits::default();
        for (url, title, text) in entries {
            habits.observe(&crate::dedup::fingerprint(&entry(url, title, text)));
        }
        habits
    }

    #[test]
    fn a_paragraph_under_two_addresses_is_furniture_and_one_seen_again_is_not() {
        let footer = "<p>First words.</p><p>About the author of this.</p>";
        let once = [("https://e.org/1", "One", footer), ("https://e.org/1", "One", footer)];
        let print = crate::dedup::fingerprint(&entry("https://e.org/1", "One", footer));
        let hash = print.text.paragraphs.last().unwrap().hash;
        assert!(!observed(&once).is_furniture(hash, || false));
        let twice = [once[0], ("https://e.org/2", "Two", "<p>About the author of this.</p>")];
        assert!(observed(&twice).is_furniture(hash, || false));
        assert!(!observed(&twice).is_furniture(hash, || true));
    }

    #[test]
    fn habits_survive_the_store_and_rubbish_is_no_habit() {
        let habits = observed(&[("https://e.org/1", "One", "<p>Some text.</p>")]);
        let bytes = habits.encode();
        assert_eq!(Habits::decode(&bytes), habits);
        for cut in 0..bytes.len() {
            assert_eq!(Habits::decode(&bytes[..cut]), Habits::default());
        }
        assert_eq!(Habits::decode(&[9, 9, 9]), Habits::default());
    }

    #[test]
    fn a_thing_is_found_wherever_it_stands() {
        let mut uses = Uses::default();
        // Past the limit, so that the first ones go and the deque wraps around.
        for thing in 0..150 {
            uses.note(thing, 1, 100);
        }
        for thing in 0..160 {
            let expected = uses.things.iter().position(|one| *one == thing);
            assert_eq!(uses.place(thing), expected, "{thing}");
            assert_eq!(expected.is_some(), (50..150).contains(&thing));
        }
    }

    #[test]
    fn a_feed_that_runs_for_ever_fills_a_bounded_blob() {
        let mut habits = Habits::default();
        for number in 0..2_000_u32 {
            habits.paragraphs.note(number, 1, PARAGRAPHS);
            habits.paragraphs.note(77, tag(number), PARAGRAPHS);
        }
        assert!(habits.encode().len() < 8_192);
        assert_eq!(habits.paragraphs.partners(77), MOST_PARTNERS);
    }
}
