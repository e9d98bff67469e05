//! What the feeds say, round by round, and the truth about it.
//!
//! A world follows from its [`Shape`] alone: after the same rounds it is the same. Dates count
//! back from `shape.until`.

use super::{random::Random, story::Telling};

/// Everything that decides a world.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Shape {
    /// How many feeds
    #[arg(long, default_value_t = 1000)]
    pub feeds: usize,
    /// Another seed is another world
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Entries of a document, on average
    #[arg(long, default_value_t = 29)]
    pub entries: usize,
    /// Bytes of HTML of an entry, on average
    #[arg(long, default_value_t = 3000)]
    pub html_bytes: usize,
    /// The share of feeds that have news in a round
    #[arg(long, default_value_t = 0.05)]
    pub news: f64,
    /// The present of this world, in seconds since 1970; 0: the last midnight
    #[arg(long, default_value_t = 0)]
    pub until: i64,
}

impl Default for Shape {
    fn default() -> Self {
        Self { feeds: 1000, seed: 1, entries: 29, html_bytes: 3000, news: 0.05, until: 0 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Rss,
    Atom,
    Rdf,
}

#[derive(Debug, Clone)]
pub struct Feed {
    pub number: usize,
    pub kind: Kind,
    /// Newest first.
    pub items: Vec<Item>,
    /// When the document last changed.
    pub changed: i64,
}

/// An entry of a feed.
#[derive(Debug, Clone, Copy)]
pub struct Item {
    pub story: u64,
    /// The feed that told the story first.
    pub origin: usize,
    pub copy: Option<Copy>,
    pub published: i64,
    pub updates: u16,
}

/// How another feed carries a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copy {
    /// The same address with `utm_` parameters.
    Linked,
    /// The same guid and address, as planets do.
    Syndicated,
    /// The same text at its own address under another headline.
    Retitled,
    /// The same headline at its own address, three words in a hundred edited.
    Edited,
}

impl Item {
    pub fn telling(&self) -> Telling {
        Telling {
            edited_permille: if self.copy == Some(Copy::Edited) { 30 } else { 0 },
            other_title: self.copy == Some(Copy::Retitled),
            updates: self.updates,
        }
    }

    /// Whether it stands at the origin's address.
    pub fn at_origin(&self) -> bool {
        !matches!(self.copy, Some(Copy::Retitled | Copy::Edited))
    }
}

#[derive(Debug, Clone)]
pub struct World {
    pub shape: Shape,
    pub round: u64,
    pub feeds: Vec<Feed>,
    /// All entries that were ever shown.
    pub entries: u64,
    /// Those among them that tell a story of another feed.
    pub copies: u64,
    stories: u64,
    now: i64,
}

impl World {
    pub fn new(shape: Shape) -> Self {
        let now = shape.until;
        let mut world =
            Self { shape, round: 0, feeds: Vec::new(), entries: 0, copies: 0, stories: 0, now };
        let mut random = Random::of(&[shape.seed, 10]);
        for number in 0..shape.feeds {
            let kind = match number % 20 {
                0..=13 => Kind::Rss,
                14..=18 => Kind::Atom,
                _ => Kind::Rdf,
            };
            // Of the entries, one in eleven comes as a copy.
            let own = shape.entries as f64 / (1.0 + COPIED) * (0.5 + random.share());
            // A feed's gap between entries, from half an hour to half a day.
            let gap = 1_800.0 + 41_400.0 * random.share() * random.share();
            let mut items = Vec::new();
            let mut published = shape.until as f64;
            for _ in 0..(own.round() as usize).max(1) {
                published -= gap * (0.5 + random.share());
                items.push(world.original(number, published as i64));
            }
            world.feeds.push(Feed { number, kind, items, changed: shape.until });
        }
        let all: Vec<usize> = (0..shape.feeds).collect();
        let originals: Vec<Item> =
            world.feeds.iter().flat_map(|feed| feed.items.iter().copied()).collect();
        for item in originals {
            world.perhaps_copy(item, &all, &mut random);
        }
        world.feeds.iter_mut().for_each(Feed::sort);
        world
    }

    /// The next round: a share of the feeds gets one to three new entries, in some of them an
    /// older entry is edited. Gives back which feeds changed.
    pub fn advance(&mut self) -> Vec<usize> {
        self.round += 1;
        let mut random = Random::of(&[self.shape.seed, 11, self.round]);
        let changed: Vec<usize> =
            (0..self.shape.feeds).filter(|_| random.chance(self.shape.news)).collect();
        self.now += NEWS_SECONDS;
        let mut fresh = Vec::new();
        for &number in &changed {
            for _ in 0..random.between(1, 3) {
                let published = self.now - random.between(60, NEWS_SECONDS as usize) as i64;
                fresh.push(self.original(number, published));
            }
            if random.chance(EDITED) {
                let items = &mut self.feeds[number].items;
                let at = random.between(0, items.len().min(6) - 1);
                items[at].updates += 1;
            }
        }
        self.show(&fresh, &changed, &mut random);
        changed
    }

    /// A round in which every entry of every feed is a new one: for filling a store.
    pub fn renew(&mut self) -> Vec<usize> {
        self.round += 1;
        let mut random = Random::of(&[self.shape.seed, 12, self.round]);
        let all: Vec<usize> = (0..self.shape.feeds).collect();
        self.now += RENEWAL_SECONDS;
        let mut fresh = Vec::new();
        for number in 0..self.shape.feeds {
            let own = self.shape.entries as f64 / (1.0 + COPIED) * (0.5 + random.share());
            for _ in 0..(own.round() as usize).max(1) {
                let published = self.now - random.between(60, RENEWAL_SECONDS as usize) as i64;
                fresh.push(self.original(number, published));
            }
            self.feeds[number].items.clear();
        }
        self.show(&fresh, &all, &mut random);
        all
    }

    /// A round with one new entry in the first feed.
    pub fn add_one(&mut self) -> Vec<usize> {
        self.round += 1;
        self.now += 1;
        let item = self.original(0, self.now);
        let feed = &mut self.feeds[0];
        feed.items.insert(0, item);
        feed.changed = self.now;
        vec![0]
    }

    fn show(&mut self, fresh: &[Item], changed: &[usize], random: &mut Random) {
        for &item in fresh {
            self.feeds[item.origin].items.push(item);
        }
        for &item in fresh {
            self.perhaps_copy(item, changed, random);
        }
        let longest = self.shape.entries * 2;
        for &number in changed {
            let feed = &mut self.feeds[number];
            feed.changed = self.now;
            feed.sort();
            feed.items.truncate(longest);
        }
    }

    fn original(&mut self, origin: usize, published: i64) -> Item {
        self.stories += 1;
        self.entries += 1;
        Item { story: self.stories, origin, copy: None, published, updates: 0 }
    }

    fn perhaps_copy(&mut self, item: Item, feeds: &[usize], random: &mut Random) {
        if feeds.len() < 2 || !random.chance(COPIED) {
            return;
        }
        let mut to = feeds[random.between(0, feeds.len() - 1)];
        while to == item.origin {
            to = feeds[random.between(0, feeds.len() - 1)];
        }
        let copy = match random.between(0, 9) {
            0..=3 => Copy::Linked,
            4 | 5 => Copy::Syndicated,
            6 | 7 => Copy::Retitled,
            _ => Copy::Edited,
        };
        let published = item.published + random.between(60, 14_400) as i64;
        self.entries += 1;
        self.copies += 1;
        self.feeds[to].items.push(Item { copy: Some(copy), published, ..item });
    }
}

impl Feed {
    fn sort(&mut self) {
        self.items.sort_by_key(|item| (std::cmp::Reverse(item.published), item.story));
    }
}

/// So many stories are told by a second feed, too.
const COPIED: f64 = 0.1;
/// So many of the feeds with news have edited an older entry.
const EDITED: f64 = 0.4;
/// How far the world's clock goes in a round of news, and in one that renews everything.
const NEWS_SECONDS: i64 = 3_600;
pub const RENEWAL_SECONDS: i64 = 8 * 3_600;
