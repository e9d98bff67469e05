//! Whether two entries tell one story: the rules.
//!
//! In: two profiles. Out: a [`Verdict`]: a link with its rule and evidence, or the reason
//! why not. The rules stand in [`judge`] in their order: identity, address, title, text; the
//! first that joins wins. A false link is worse than a missed one: where a rule doubts, it
//! refuses.

use chrono::TimeDelta;

use super::{
    align::{Alignment, Slot},
    likeness::Likeness,
    profile::{Profile, SHINGLE},
    words::Word,
};
use crate::model::DedupSettings;

/// By what two entries were joined, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    Id,
    Address,
    Title,
    /// Equal titles, and one of the two has no text.
    TitleAlone,
    Text,
    /// Equal titles, and the shorter text is the opening of the longer in other words.
    Abridged,
    /// The same text, edited.
    Edited,
    /// The shorter text is the opening of the longer.
    Opening,
    /// The shorter text stands inside the longer, word by word.
    Excerpt,
}

impl Rule {
    /// As it is stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Address => "address",
            Self::Title | Self::TitleAlone | Self::Abridged => "title",
            Self::Text | Self::Edited | Self::Opening | Self::Excerpt => "text",
        }
    }

    /// Works by likeness: `near_duplicates = false` leaves it out.
    fn is_near(self) -> bool {
        matches!(self, Self::Text | Self::Edited | Self::Opening | Self::Excerpt)
    }

    /// Says nothing of the whole of the longer text: the groups' longest texts have to agree.
    pub(super) fn is_partial(self) -> bool {
        matches!(self, Self::TitleAlone | Self::Abridged | Self::Opening | Self::Excerpt)
    }
}

/// Two entries that tell one story.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub rule: Rule,
    /// Within the rule, 0 to 1.
    pub score: f32,
    pub evidence: String,
}

/// Two entries that were not joined.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub reason: String,
    /// How near they came, 0 to 1: for showing the nearest first.
    pub nearness: f32,
    /// They are known to be different texts, not merely unlike.
    pub is_conflict: bool,
}

pub(super) type Verdict = Result<Link, Refusal>;

/// A verdict, and how much of the shorter text the longer has.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub verdict: Verdict,
    pub containment: f32,
}

impl Judged {
    /// Why the two are known to be different texts, if they are.
    pub fn conflict(&self) -> Option<String> {
        let refusal = self.verdict.as_ref().err().filter(|refusal| refusal.is_conflict);
        refusal.map(|refusal| refusal.reason.clone())
    }
}

/// Judges two entries by all rules that `settings` allow.
pub(super) fn judge(one: &Profile, other: &Profile, settings: &DedupSettings) -> Judged {
    let case = Case::new(one, other, settings);
    let verdict = match case.judge() {
        Ok(link) if link.rule.is_near() && !settings.near_duplicates => {
            refuse("near duplicates are switched off", link.score)
        }
        verdict => verdict,
    };
    Judged { verdict, containment: case.like.containment }
}

fn refuse(reason: impl Into<String>, nearness: f32) -> Verdict {
    Err(Refusal { reason: reason.into(), nearness, is_conflict: false })
}

fn conflict(reason: impl Into<String>, nearness: f32) -> Verdict {
    Err(Refusal { reason: reason.into(), nearness, is_conflict: true })
}

fn link(rule: Rule, score: f32, evidence: String) -> Verdict {
    Ok(Link { rule, score, evidence })
}

/// Two entries, and what is known of the pair.
struct Case<'a> {
    one: &'a Profile,
    other: &'a Profile,
    settings: &'a DedupSettings,
    like: Likeness,
    titles: Titles,
    gap: TimeDelta,
}

/// How two titles stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Titles {
    Equal,
    /// Most words of the shorter are in the longer.
    Alike,
    /// One of them is missing.
    Missing,
    Other,
}

impl<'a> Case<'a> {
    fn new(one: &'a Profile, other: &'a Profile, settings: &'a DedupSettings) -> Self {
        Self {
            like: Likeness::of(one, other),
            titles: compare_titles(one, other),
            gap: one.apart(other),
            one,
            other,
            settings,
        }
    }

    fn judge(&self) -> Verdict {
        let (one, other) = (self.one, self.other);
        let shared = self.like.containment;
        let window = TimeDelta::from_std(self.settings.window).unwrap_or(TimeDelta::MAX);
        if self.gap > window {
            return refuse(format!("{} apart", days(self.gap)), shared);
        }
        let same_feed = one.standing.feed == other.standing.feed;
        if one.standing.stands_alone || other.standing.stands_alone {
            return refuse("a feed that stands alone (dedup = false)", shared);
        }
        let comment = |profile: &Profile| profile.address.as_ref().is_some_and(|a| a.is_comment);
        if (comment(one) || comment(other)) && !self.same_address() {
            return conflict("a comment, and another text", shared);
        }
        if same_feed && one.site() == other.site() {
            return self.within_a_source();
        }
        self.by_id()
            .or_else(|| self.by_address())
            .or_else(|| self.by_title_alone())
            .unwrap_or_else(|| if same_feed { self.within_a_source() } else { self.by_text() })
    }

    /// One source knows its own texts: only a shared address joins, and the text must agree.
    fn within_a_source(&self) -> Verdict {
        let shared = self.like.containment;
        if !self.same_address() {
            return conflict("both from one feed, under two addresses", shared);
        }
        let agree = (self.titles == Titles::Equal || shared >= 0.8)
            && !(self.both_have_text() && shared < 0.3);
        if agree {
            self.address_link()
        } else {
            conflict("one address, other text in one feed", shared)
        }
    }

    fn by_id(&self) -> Option<Verdict> {
        let (one, other) = (self.one, self.other);
        let same = one.guid_tells && other.guid_tells && one.guid.hash == other.guid.hash;
        // Two fresh installations number their posts alike, under the address that they came
        // with; of a short text a turn of speech is a good part.
        let enough = if one.length().min(other.length()) < 60 { 0.3 } else { 0.15 };
        (same && (self.titles_agree() || !self.both_have_text() || self.like.containment >= enough))
            .then(|| link(Rule::Id, 1.0, format!("same id ({})", one.guid.text)))
    }

    fn by_address(&self) -> Option<Verdict> {
        let apart =
            self.one.length() >= 60 && self.other.length() >= 60 && self.like.containment < 0.02;
        (self.same_address()
            && ((self.titles_agree() && !apart)
                || !self.both_have_text()
                || self.like.containment >= 0.15))
            .then(|| self.address_link())
    }

    fn by_title_alone(&self) -> Option<Verdict> {
        (self.titles == Titles::Equal
            && self.one.title_tells()
            && self.other.title_tells()
            && !self.both_have_text()
            && self.gap <= NEAR)
            .then(|| {
                link(Rule::TitleAlone, 1.0, "same title; one of the two has no text".to_owned())
            })
    }

    fn by_text(&self) -> Verdict {
        let (one, other) = (self.one, self.other);
        let shared = self.like.containment;
        if one.is_digest || other.is_digest {
            return refuse("a list of links is about many stories", shared);
        }
        if !self.both_have_text() {
            return refuse("one has no text, and the titles do not say enough", 0.0);
        }
        if self.gap > NEAR {
            return refuse(format!("{} apart", days(self.gap)), shared);
        }
        if let Some(verdict) = self.likeness() {
            let laid = self.laid();
            return match self.form(&laid) {
                Some(form) => conflict(form, shared),
                None => verdict,
            };
        }
        if shared >= FEWEST_SHARED || self.titles == Titles::Equal {
            let laid = self.laid();
            if let Some(verdict) = self.side_by_side(&laid) {
                return match self.form(&laid) {
                    Some(form) => conflict(form, shared),
                    None => verdict,
                };
            }
        }
        refuse(format!("{} of the shorter text shared", percent(shared)), shared)
    }

    /// What the likeness of the texts is enough for, forms not yet looked for.
    fn likeness(&self) -> Option<Verdict> {
        let (one, other) = (self.one, self.other);
        let Likeness { containment, jaccard, .. } = self.like;
        if containment < 0.5 {
            return None;
        }
        let shortest = one.length().min(other.length());
        let content = one.content_words.min(other.content_words);
        let words = one.title.len().min(other.title.len());
        if self.titles == Titles::Equal {
            let enough = if shortest < 60 { 0.65 } else { 0.5 };
            let joins = (content >= 2 && words >= 3 && containment >= enough)
                || (content == 1 && jaccard >= 0.6 && shortest >= 60);
            return joins.then(|| {
                link(
                    Rule::Title,
                    containment,
                    format!("same title, {} of the shorter text", percent(containment)),
                )
            });
        }
        let told = content > 0 && (one.title_tells() || other.title_tells());
        if !told || one.site() == other.site() || self.titles_differ_in_numbers_only() {
            return None;
        }
        let shift = self.like.shift();
        let quoted = shortest < 100 && self.laid().follows_an_introduction();
        let (text, opening) = if shortest >= 25 {
            (
                jaccard >= 0.45 || (self.titles == Titles::Alike && containment >= 0.75),
                !quoted && containment >= 0.75 && shift as usize <= 8 * one.scale.max(other.scale),
            )
        } else if shortest >= 16 {
            (
                false,
                !quoted && containment >= 0.95 && shift as usize <= 4 * one.scale.max(other.scale),
            )
        } else {
            (false, false)
        };
        if text {
            let evidence = format!("other headline, {} of the shorter text", percent(containment));
            Some(link(Rule::Text, jaccard, evidence))
        } else if opening {
            let evidence = format!(
                "the {shortest} words of one are the opening of the other ({})",
                percent(containment)
            );
            Some(link(Rule::Opening, containment, evidence))
        } else {
            None
        }
    }

    /// The shorter text laid along the longer.
    fn laid(&self) -> Laid<'a> {
        let is_shorter = self.one.own.len() <= self.other.own.len();
        let (short, long) =
            if is_shorter { (self.one, self.other) } else { (self.other, self.one) };
        let places: Vec<(u32, u32)> = if is_shorter {
            self.like.places.clone()
        } else {
            self.like.places.iter().map(|&(a, b)| (b, a)).collect()
        };
        let scale = short.scale.max(long.scale);
        let alignment = Alignment::of(&short.own, &long.own, &places, SHINGLE * scale);
        Laid { alignment, places, short, long, scale }
    }

    /// What word by word comparison is enough for where runs of four are too few: copies
    /// edited in every sentence, teasers in other words, excerpts.
    fn side_by_side(&self, laid: &Laid<'_>) -> Option<Verdict> {
        let (short, long) = (laid.short, laid.long);
        let covered = laid.covered();
        let dense = laid.density();
        let length = short.length();
        let start = laid.start() / laid.scale;
        if self.titles == Titles::Equal {
            let abridged = short.title_tells()
                && length >= 14
                && covered >= 0.68
                && dense >= 0.6
                && start <= 8
                && laid.foreign_names() == 0;
            if abridged {
                let evidence = format!(
                    "same title, {} of the shorter text's words in order",
                    percent(covered)
                );
                return Some(link(Rule::Abridged, covered, evidence));
            }
        }
        if short.site() == long.site() || !(short.title_tells() || long.title_tells()) {
            return None;
        }
        if length >= 100 && covered >= 0.75 && dense >= 0.75 {
            let evidence =
                format!("edited: {} of the shorter text's words in order", percent(covered));
            return Some(link(Rule::Edited, covered, evidence));
        }
        if length >= 25
            && covered >= 0.8
            && dense >= 0.75
            && start <= 8
            && !laid.follows_an_introduction()
            && laid.foreign_names() == 0
        {
            let evidence = format!(
                "the {length} words of one are the opening of the other, edited ({} in order)",
                percent(covered)
            );
            return Some(link(Rule::Opening, covered, evidence));
        }
        // Who quotes comes after whom he quotes: only a text that came first can have excerpts.
        if length >= 50
            && covered >= 0.97
            && dense >= 0.97
            && long.standing.at() <= short.standing.at()
            && laid.title_is_told()
        {
            let evidence = format!("its {length} words stand in the other text");
            return Some(link(Rule::Excerpt, covered, evidence));
        }
        None
    }

    /// A form filled in anew: shared wording with other figures and names in it.
    fn form(&self, laid: &Laid<'_>) -> Option<String> {
        let length = laid.short.length();
        let slots = laid.slots();
        let allowed = match length {
            0..60 => 0,
            60..120 => 1,
            _ => (length / 80).max(2),
        };
        if slots.len() > allowed {
            let named = slots.iter().take(3).map(|slot| {
                let spell = |side: &'_ Profile, word: Word| side.text.words.spell(word).to_owned();
                format!("{}/{}", spell(laid.short, slot.one), spell(laid.long, slot.other))
            });
            return Some(format!(
                "a form: {} figures or names differ ({})",
                slots.len(),
                named.collect::<Vec<_>>().join(", ")
            ));
        }
        if length <= 80
            && has_own_figure(laid.short, laid.long)
            && has_own_figure(laid.long, laid.short)
            && self.like.jaccard > 0.3
        {
            return Some("a form: each has figures that the other lacks".to_owned());
        }
        None
    }

    fn titles_agree(&self) -> bool {
        matches!(self.titles, Titles::Equal | Titles::Alike)
    }

    fn both_have_text(&self) -> bool {
        self.one.has_text() && self.other.has_text()
    }

    fn same_address(&self) -> bool {
        let of = |profile: &'a Profile| {
            let own = profile.address.as_ref().filter(|_| profile.address_tells);
            let guid = profile.guid.address.as_ref().filter(|_| profile.guid_tells);
            [own, guid].map(|address| address.map(|address| address.hash))
        };
        let [own, guid] = of(self.one);
        let there = of(self.other);
        // A guid that is an address may be the other's link, but not merely the other's guid:
        // that is the rule of ids.
        let meets =
            |hash: Option<u64>, among: &[Option<u64>]| hash.is_some() && among.contains(&hash);
        meets(own, &there) || meets(guid, there.get(..1).unwrap_or_default())
    }

    fn address_link(&self) -> Verdict {
        let removed = [self.one, self.other]
            .iter()
            .filter_map(|profile| profile.address.as_ref())
            .flat_map(|address| address.removed.iter())
            .fold(Vec::new(), |mut names: Vec<&str>, name| {
                if !names.contains(&name.as_str()) {
                    names.push(name);
                }
                names
            });
        let evidence = if removed.is_empty() {
            "same address".to_owned()
        } else {
            format!("same address after removing {}", removed.join(", "))
        };
        link(Rule::Address, 1.0, evidence)
    }

    /// "Part 1" and "Part 2": two of a series. Only in one title a number is an edit, if the
    /// texts are the same.
    fn titles_differ_in_numbers_only(&self) -> bool {
        let plain = |words: &[Word]| -> Vec<u32> {
            words.iter().filter(|word| !word.counts()).map(|word| word.hash).collect()
        };
        let counts = |words: &[Word]| words.iter().any(|word| word.counts());
        let (one, other) = (counts(&self.one.title), counts(&self.other.title));
        let same_text =
            self.like.jaccard >= 0.8 && self.one.length().min(self.other.length()) >= 60;
        (one || other)
            && !(one != other && same_text)
            && plain(&self.one.title) == plain(&self.other.title)
    }
}

/// The shorter of two texts laid along the longer.
struct Laid<'a> {
    alignment: Alignment,
    /// Runs that both have, wherever they stand.
    places: Vec<(u32, u32)>,
    short: &'a Profile,
    long: &'a Profile,
    scale: usize,
}

impl<'a> Laid<'a> {
    /// The share of the shorter text that stands in the longer in the same order.
    fn covered(&self) -> f32 {
        self.alignment.len() as f32 / self.short.own.len().max(1) as f32
    }

    /// The share of the stretch of the longer text that the shorter is laid along.
    fn density(&self) -> f32 {
        self.alignment
            .stretch()
            .map_or(0.0, |(first, last)| self.alignment.len() as f32 / (last + 1 - first) as f32)
    }

    /// Words of the longer text before the shorter begins.
    fn start(&self) -> usize {
        self.alignment.stretch().map_or(usize::MAX, |(first, _)| first)
    }

    /// Somebody says a sentence of his own before the shared text begins: he quotes.
    fn follows_an_introduction(&self) -> bool {
        let lead = self.long.lead;
        lead >= 5 * self.scale && lead < self.long.own.len() && self.start() >= lead
    }

    /// Figures and names of the shorter text that the longer nowhere has.
    fn foreign_names(&self) -> usize {
        let there: std::collections::HashSet<u32> =
            self.long.own.iter().chain(&self.long.title).map(|word| word.hash).collect();
        self.short
            .own
            .iter()
            .filter(|word| word.fills_a_form() && !there.contains(&word.hash))
            .count()
    }

    /// What the shorter text is called is told in the longer one, too.
    fn title_is_told(&self) -> bool {
        let telling = || self.short.title.iter().filter(|word| !word.is_stop());
        let told = telling()
            .filter(|word| self.long.own.iter().any(|there| there.hash == word.hash))
            .count();
        told * 5 >= telling().count() * 4
    }

    /// Exchanged figures and names; that each names its own paper does not count.
    fn slots(&self) -> Vec<Slot<'_>> {
        let longest = if self.short.length() < 60 { 12 } else { 5 } * self.scale;
        let mut slots = self.alignment.slots(&self.short.own, &self.long.own, longest, self.scale);
        slots.retain(|slot| {
            !(names_itself(slot.pieces.0, self.short) && names_itself(slot.pieces.1, self.long))
        });
        if !slots.is_empty() {
            let begins = |begin: fn(&(u32, u32)) -> u32| self.places.iter().map(begin);
            let [here, there] = [
                self.shared_words(self.short.own.len(), begins(|place| place.0)),
                self.shared_words(self.long.own.len(), begins(|place| place.1)),
            ];
            slots.retain(|slot| {
                !(is_moved(slot.pieces.0, slot.at.0, &here)
                    || is_moved(slot.pieces.1, slot.at.1, &there))
            });
        }
        slots
    }

    /// Which of so many words are in a run that the other text has somewhere.
    fn shared_words(&self, length: usize, begins: impl Iterator<Item = u32>) -> Vec<bool> {
        let mut shared = vec![false; length];
        for begin in begins {
            let run = shared.iter_mut().skip(begin as usize).take(SHINGLE * self.scale);
            run.for_each(|word| *word = true);
        }
        shared
    }
}

/// What a form would be filled in with stands elsewhere in the other text, in the same
/// wording: a passage that was moved, not exchanged.
fn is_moved(piece: &[Word], at: usize, shared: &[bool]) -> bool {
    let filling = piece.iter().zip(at..).filter(|(word, _)| word.fills_a_form());
    filling.map(|(_, at)| at).all(|at| shared.get(at).copied().unwrap_or(false))
}

/// Two words of the feed's own title: one alone may be the town that it writes about.
fn names_itself(piece: &[Word], profile: &Profile) -> bool {
    piece.iter().filter(|word| profile.own_name.contains(&word.hash)).count() >= 2
}

/// Below this share of runs two texts of one language are simply two texts.
const FEWEST_SHARED: f32 = 0.12;

/// Rules by title and text reach this far: weekly series are exactly seven days apart.
const NEAR: TimeDelta = TimeDelta::days(3);

fn compare_titles(one: &Profile, other: &Profile) -> Titles {
    let (Some(a), Some(b)) = (one.title_key, other.title_key) else { return Titles::Missing };
    let whole = one.whole_title_key.is_some() && one.whole_title_key == other.whole_title_key;
    if a == b || whole {
        return Titles::Equal;
    }
    let (short, long) = if one.title.len() <= other.title.len() {
        (&one.title, &other.title)
    } else {
        (&other.title, &one.title)
    };
    let common =
        short.iter().filter(|word| long.iter().any(|there| there.hash == word.hash)).count();
    if short.len() >= 3 && common * 4 >= short.len() * 3 { Titles::Alike } else { Titles::Other }
}

fn has_own_figure(one: &Profile, other: &Profile) -> bool {
    one.own
        .iter()
        .any(|word| word.is_figure() && !other.own.iter().any(|there| there.hash == word.hash))
}

/// Rounded down, so that "100 %" means all of it.
fn percent(share: f32) -> String {
    format!("{} %", (share * 100.0).floor())
}

fn days(gap: TimeDelta) -> String {
    match gap.num_days() {
        0 => format!("{} hours", gap.num_hours()),
        1 => "a day".to_owned(),
        days => format!("{days} days"),
    }
}
