//! The benchmark's river: feeds with entries, and which of them tell the same story.
//!
//! Every entry is made here from our own texts: copies as publishers, agencies, planets and
//! link blogs make them, and look-alikes that are not copies. The generator is seeded, so
//! that each run judges the same river.

use chrono::{DateTime, TimeDelta, Utc};
use merganser::model::{Entry, Html};
use url::Url;

use crate::texts::{NOTES, REMARK, STORIES, Story, TRANSLATIONS};

/// An entry of the river.
pub struct Told {
    pub feed: usize,
    pub entry: Entry,
    /// Entries of one story have one number.
    pub story: usize,
    /// What kind of copy or look-alike it is.
    pub kind: &'static str,
}

/// Titles of the feeds, by number.
pub const FEEDS: &[&str] = &[
    "The Marlow Courier",
    "Coastal Gazette",
    "Northern Ledger",
    "Evening Signal",
    "Planet Letters",
    "Link Cellar",
    "Search results",
    "Weather for Easton",
    "Weather for Weston",
    "Widget releases",
    "Gadget releases",
    "Comments for The Marlow Courier",
    "Machine Room",
    "Second Thoughts",
    "Morning Digest",
    "Old System",
    "Other System",
    "Tone and Noise",
    "Übersetzt",
    "By way of a proxy",
    "Syndicate Nine",
    "Shortened",
    "Shuffled",
    "Teasers only",
    "Marked up",
    "Briefs of the PA",
    "Attic One",
    "Attic Two",
    "First Desk",
    "Second Desk",
];

/// A small generator of our own: the river must not change with a crate's version.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }
}

pub fn start() -> DateTime<Utc> {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

/// The whole river, in the order of time.
pub fn river() -> Vec<Told> {
    let mut maker = Maker { told: Vec::new(), dice: Dice(0x5eed), next_story: 0 };
    for (number, story) in STORIES.iter().enumerate() {
        let hour = number as i64 * 5;
        let told = maker.copies(story, hour);
        maker.more_copies(story, told, hour);
        maker.events(story, hour);
    }
    maker.forms();
    maker.series();
    maker.shared_addresses();
    maker.furniture();
    maker.about_others();
    maker.machines();
    for (slug, title, text) in TRANSLATIONS {
        maker.translation(slug, title, text);
    }
    maker.told.sort_by_key(|told| told.entry.published);
    maker.told
}

pub struct Maker {
    told: Vec<Told>,
    pub dice: Dice,
    next_story: usize,
}

impl Maker {
    pub fn story(&mut self) -> usize {
        self.next_story += 1;
        self.next_story
    }

    pub fn tell(&mut self, feed: usize, story: usize, kind: &'static str, hour: i64, entry: Entry) {
        let published = Some(start() + TimeDelta::hours(hour));
        let entry = Entry { published, ..entry };
        self.told.push(Told { feed, entry, story, kind });
    }

    /// A story by its publisher, and everyone who carries it.
    fn copies(&mut self, story: &Story, hour: i64) -> usize {
        let number = self.story();
        let home = format!("https://www.marlow.example/2026/{}", story.slug);
        let full = html(story.text);
        let opening = first_words(story.text, 45);
        let mut tell = |feed, kind, url: &str, title: &str, text: &str, later| {
            let entry = entry(url, title, text);
            self.tell(feed, number, kind, hour + later, entry);
        };
        tell(0, "base", &home, story.title, &full, 0);
        tell(
            1,
            "agency copy",
            &format!("https://gazette.example/n/{}", story.slug),
            story.title,
            &format!("<p>By Ann Lee, Reporter</p>{}", full.replacen("<p>", "<p>LONDON (PA) - ", 1)),
            3,
        );
        tell(
            2,
            "other headline",
            &format!("https://ledger.example/?p={}", hour + 900),
            story.other_title,
            &format!("<div>{}</div>", story.text.replace('\n', "<br><br>")),
            5,
        );
        tell(
            3,
            "teaser",
            &format!("https://signal.example/{}", story.slug),
            story.title,
            &format!("{opening} … Continue reading {} at Evening Signal", story.title),
            7,
        );
        tell(
            4,
            "tracked address",
            &format!("{home}/?utm_source=planet&utm_medium=rss"),
            story.title,
            "",
            2,
        );
        tell(
            5,
            "mobile address",
            &home.replace("www.", "m."),
            story.other_title,
            "Points: 17 | Comments: 4",
            4,
        );
        tell(
            6,
            "title and site",
            &format!("https://search.example/a/{hour}"),
            &format!("{} - The Marlow Courier", story.title),
            "",
            6,
        );
        // Two characters are one word where there are no spaces.
        let every = if story.text.split_whitespace().nth(40).is_some() { 20 } else { 40 };
        let edited = html(&edited(story.text, every, &mut self.dice));
        let middle: Vec<&str> = story.text.lines().skip(1).take(2).collect();
        let excerpt = middle.join("\n");
        let heavily = html(&self::edited(story.text, 5, &mut self.dice));
        let mut tell = |feed, kind, url: &str, title: &str, text: &str, later| {
            let entry = entry(url, title, text);
            self.tell(feed, number, kind, hour + later, entry);
        };
        tell(
            12,
            "edited copy",
            &format!("https://room.example/{}", story.slug),
            story.other_title,
            &edited,
            9,
        );
        if story.text.is_ascii() {
            // Every fifth word is too much where a word is a character.
            tell(
                13,
                "hard: heavily edited",
                &format!("https://thoughts.example/{}", story.slug),
                story.other_title,
                &heavily,
                11,
            );
            tell(
                17,
                "hard: excerpt",
                &format!("https://tone.example/{}", story.slug),
                &first_words(&excerpt, 9),
                &html(&excerpt),
                12,
            );
        }
        let amp = home.replace("/2026/", "/amp/2026/");
        tell(
            14,
            "correction",
            &amp,
            &format!("UPDATED: {}", story.title),
            &full.replacen("</p>", "</p><p>This text was corrected after it had appeared.</p>", 1),
            30,
        );
        number
    }

    /// Forms filled in anew: different figures and names in the same wording.
    fn forms(&mut self) {
        for day in 0..5 {
            for (feed, town) in [(7, "Easton"), (8, "Weston")] {
                let story = self.story();
                let (low, high, wind) =
                    (self.dice.roll(9), 10 + self.dice.roll(9), 5 + self.dice.roll(40));
                let text = format!(
                    "<p>Forecast for {town}, issued by the regional office. Dry with sunny spells at first and some cloud later, lowest temperature {low} degrees, highest temperature {high} degrees, wind from the west at {wind} km/h. Tomorrow little change is expected. The next bulletin will follow at six in the evening, and this forecast is made without any human help.</p>"
                );
                let url = format!("https://{town}.example/forecast/{day}");
                self.tell(
                    feed,
                    story,
                    "form: weather",
                    day * 24,
                    entry(&url, &format!("Weather for {town}"), &text),
                );
            }
        }
        let firms = [
            "Aldridge Steel",
            "Bergmann Foods",
            "Castellan Bank",
            "Dovecote Paper",
            "Elmsworth Rail",
            "Fairlight Gas",
        ];
        for (number, firm) in firms.iter().enumerate() {
            let story = self.story();
            let share = format!("{}.{:02}", 1 + self.dice.roll(4), self.dice.roll(99));
            let text = format!(
                "<p>{firm} is expected to report its quarterly results on Thursday before the market opens. Analysts expect earnings of ${share} a share, compared with ${number}.{:02} a year ago. The company has beaten the consensus in {} of the last four quarters, and its shares have risen by {}.{} percent since the start of the year.</p><p>Investors will look at margins, orders and the outlook for the rest of the year. This report was written by a program from data that were supplied by a partner.</p>",
                self.dice.roll(99),
                ["one", "two", "three"][number % 3],
                self.dice.roll(30),
                self.dice.roll(9)
            );
            let url = format!("https://shares{}.example/{number}", number % 2);
            let title = format!("{firm} results preview: what to expect on Thursday");
            self.tell(
                15 + number % 2,
                story,
                "form: results",
                10 + number as i64 * 3,
                entry(&url, &title, &text),
            );
        }
        for (number, town) in ["Harwick", "Inverley", "Dunmere", "Corran"].iter().enumerate() {
            let story = self.story();
            let name =
                ["Sergeant Kowal", "Constable Reid", "Inspector Lind", "Officer Hale"][number];
            let road = ["Mill Lane", "Station Road", "Castle Street", "Harbour Row"][number];
            let text = format!(
                "<p>Police in {town} are warning drivers about false parking notices that were left on cars in {road} over the weekend. The notices carry a code that leads to a page for payments, which copies the look of the council's own.</p><p>{name} said that nobody should scan the code and that every notice which looks out of the ordinary should be reported. Real notices carry a number and the address of the office.</p>"
            );
            let url = format!("https://{town}.example/parking");
            self.tell(
                number,
                story,
                "form: local story",
                20 + number as i64,
                entry(&url, &format!("Police warn of false parking notices in {town}"), &text),
            );
        }
    }

    /// One title for many texts.
    fn series(&mut self) {
        for (number, note) in NOTES.iter().enumerate() {
            let story = self.story();
            let title = ["Weekly links", "Episode 11", "Photo of the day"][number % 3];
            let feed = [12, 13, 17][number % 3];
            let url = format!("https://series{feed}.example/{number}");
            let text = if number % 2 == 0 { html(note) } else { String::new() };
            self.tell(feed, story, "series", number as i64 * 7, entry(&url, title, &text));
        }
        for number in 0..6 {
            let story = self.story();
            let feed = 9 + number % 2;
            let url = format!("https://code{feed}.example/releases/tag/v1.{}.0", number / 2);
            let text = "<p>Bug fixes and performance improvements. Thanks to everybody who reported problems and tried the candidates. Please read the notes on upgrading before you install this release.</p>";
            self.tell(
                feed,
                story,
                "release",
                15 + number as i64 * 9,
                entry(&url, &format!("v1.{}.0", number / 2), text),
            );
        }
    }

    /// One address or one guid for many texts.
    fn shared_addresses(&mut self) {
        for (number, note) in NOTES.iter().enumerate() {
            let (home, guid, query) = (self.story(), self.story(), self.story());
            let hour = 40 + number as i64 * 2;
            let title = first_words(note, 7);
            let mut shared = entry("https://old.example/", &title, "");
            shared.guid = format!("https://old.example/#{number}");
            self.tell(15, home, "home page", hour, shared);
            let mut reused =
                entry(&format!("https://other.example/n/{number}"), &first_words(note, 9), "");
            reused.guid = format!("{}", number % 3);
            self.tell(16, guid, "guid reused", hour + 60, reused);
            let forum = entry(
                &format!("https://forum.example/topic?f=2&t={number}"),
                &first_words(note, 8),
                "",
            );
            self.tell(5, query, "query id", hour + 90, forum);
        }
    }

    /// The same words under every text.
    fn furniture(&mut self) {
        let footer = "<p>About the author. Idris Hartley writes about business and technology and has followed the industry for more than ten years. Subscribe to the newsletter for a digest of the week, follow our channels, and support independent journalism by becoming a member today.</p>";
        let wall = "<p>To continue reading this article you need a subscription. Already a subscriber? Sign in to your account, or subscribe today from just one pound a week for unlimited access to all our journalism and the complete digital archive.</p>";
        for (number, note) in NOTES.iter().enumerate() {
            let (under, behind) = (self.story(), self.story());
            let hour = 70 + number as i64 * 3;
            let title = format!("{} after all", first_words(note, 6));
            let url = format!("https://room{}.example/f/{number}", number % 2);
            self.tell(
                12 + number % 2,
                under,
                "footer",
                hour,
                entry(&url, &title, &format!("<p>{}</p>{footer}", first_words(note, 12))),
            );
            let title = format!("Why {}", first_words(note, 5));
            let url = format!("https://wall{}.example/{number}", number % 2);
            self.tell(2 + number % 2, behind, "pay wall", hour + 1, entry(&url, &title, wall));
        }
    }

    /// Texts about a story that are not the story.
    fn about_others(&mut self) {
        for (number, story) in STORIES.iter().enumerate() {
            let hour = number as i64 * 5 + 13;
            let home = format!("https://www.marlow.example/2026/{}", story.slug);
            let (comment, quote, plain) = (self.story(), self.story(), self.story());
            let note = NOTES[number % NOTES.len()];
            self.tell(
                11,
                comment,
                "comment",
                hour,
                entry(
                    &format!("{home}#comment-{number}"),
                    &format!("Comment on {} by Laura", story.title),
                    &html(note),
                ),
            );
            let quoting = format!(
                "<p>{note}</p><blockquote>{}</blockquote><p>I do not believe a word of it, and here is why it matters to us all.</p>",
                html(story.text)
            );
            self.tell(
                13,
                quote,
                "quotation",
                hour + 1,
                entry(
                    &format!("https://thoughts.example/on-{}", story.slug),
                    &format!("What they do not tell us about {}", story.slug),
                    &quoting,
                ),
            );
            let first = story.text.lines().next().unwrap_or_default();
            let remarks = if first.split_whitespace().nth(8).is_some() {
                [self.babble(1), self.babble(1)]
            } else {
                let turned = REMARK.chars().cycle().skip(number * 3).take(REMARK.chars().count());
                [turned.clone().collect(), turned.collect::<Vec<_>>().iter().rev().collect()]
            };
            let borrowed = format!(
                "<p>{}, and that is not all of it.</p><p>{first}</p><p>{}</p>",
                remarks[0], remarks[1],
            );
            self.tell(
                18,
                plain,
                "borrowed paragraph",
                hour + 2,
                entry(
                    &format!("https://second.example/{}", story.slug),
                    &format!("Three things this week and {}", story.slug),
                    &borrowed,
                ),
            );
        }
        for day in 0..4 {
            let digest = self.story();
            let items: String = STORIES
                .iter()
                .skip(day * 3)
                .take(3)
                .map(|story| {
                    format!(
                        "<h3><a href=\"https://www.marlow.example/2026/{}\">{}</a></h3><p>{}</p>",
                        story.slug,
                        story.title,
                        first_words(story.text, 40)
                    )
                })
                .collect();
            let title = format!("Digest: {}", STORIES[day * 3].title);
            self.tell(
                14,
                digest,
                "digest",
                day as i64 * 15 + 20,
                entry(&format!("https://digest.example/{day}"), &title, &items),
            );
        }
    }
}

pub fn entry(url: &str, title: &str, text: &str) -> Entry {
    Entry {
        guid: url.to_owned(),
        url: Url::parse(url).ok(),
        title: Some(title.to_owned()),
        authors: Vec::new(),
        published: None,
        updated: None,
        summary: None,
        content: (!text.is_empty()).then(|| Html::sanitized(text)),
        categories: Vec::new(),
        enclosures: Vec::new(),
        language: None,
        origin: None,
        original_url: None,
        comments: None,
        raw_hash: 0,
    }
}

pub fn html(text: &str) -> String {
    text.lines().map(|line| format!("<p>{}</p>", line.replace('&', "&amp;"))).collect()
}

/// So many words, or as many characters twice where there are no spaces.
pub fn first_words(text: &str, count: usize) -> String {
    if text.split_whitespace().nth(8).is_some() {
        return text.split_whitespace().take(count).collect::<Vec<_>>().join(" ");
    }
    text.chars().take(count * 2).collect()
}

/// Every so-manieth word dropped, doubled in sense, or exchanged for a plain one.
fn edited(text: &str, every: usize, dice: &mut Dice) -> String {
    let edit = |line: &str, dice: &mut Dice| -> String {
        let spaced = line.contains(' ');
        let mut words: Vec<String> = if spaced {
            line.split(' ').map(str::to_owned).collect()
        } else {
            line.chars().map(String::from).collect()
        };
        for word in &mut words {
            if dice.roll(every) == 0 {
                *word = match (spaced, dice.roll(3)) {
                    (true, 0) => String::new(),
                    (true, 1) => format!("{word} also"),
                    (true, _) => "perhaps".to_owned(),
                    (false, _) => "の".to_owned(),
                };
            }
        }
        words.join(if spaced { " " } else { "" })
    };
    text.lines().map(|line| edit(line, dice)).collect::<Vec<_>>().join("\n")
}
