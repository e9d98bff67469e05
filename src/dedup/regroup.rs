//! All groups anew, from the entries alone.
//!
//! In: profiles in order of time, and what people have said by hand. Out: groups, each
//! member with its reason. All links are known before the first is followed, so that the
//! order in which entries once arrived does not matter: the strongest link first, ties by
//! time and guid. Memory stays bounded by the window: a group whose last entry is too old to
//! be joined any more is finished and forgotten.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::TimeDelta;

use super::{
    Hands,
    choose::{Heard, objection, stronger},
    judge::{Link, Rule, judge},
    profile::Profile,
};
use crate::model::{DedupSettings, EntryId, GroupingReason, Time};

/// One article anew.
pub type Regrouped = Vec<(EntryId, GroupingReason)>;

/// Groups `profiles`, which must come in order of time. `undated` are those of them without
/// a date of their own.
pub fn regroup(
    profiles: impl IntoIterator<Item = Profile>,
    undated: &Undated,
    hands: &Hands,
    settings: &DedupSettings,
) -> Vec<Regrouped> {
    let mut window = Window::new(undated, hands, settings);
    for profile in profiles {
        window.take(profile);
    }
    window.finish(None);
    window.groups
}

/// When entries without a date of their own were first seen, by their keys.
///
/// They stand in the walk where they were seen, and are compared by that: with entries seen
/// then, which may have been published long before. Those have to wait for them.
#[derive(Debug, Clone, Default)]
pub struct Undated(Vec<(i64, Time)>);

impl Undated {
    pub fn of(profiles: impl IntoIterator<Item = Profile>) -> Self {
        let mut seen = Vec::new();
        for profile in profiles {
            seen.extend(profile.keys().into_iter().map(|key| (key, profile.standing.first_seen)));
        }
        seen.sort_unstable();
        Self(seen)
    }

    /// The last of those within `window` of `seen` that has this key.
    fn last_with(&self, key: i64, seen: Time, window: TimeDelta) -> Option<Time> {
        let from = self.0.partition_point(|&(there, _)| there < key);
        let to = self.0.partition_point(|&(there, _)| there <= key);
        let sharing = self.0.get(from..to).filter(|sharing| sharing.len() <= CROWDED)?;
        let near = |&&(_, at): &&(i64, Time)| (at - seen).abs() <= window;
        sharing.iter().rev().find(near).map(|&(_, at)| at)
    }
}

/// The entries that may still be joined.
struct Window<'a> {
    undated: &'a Undated,
    hands: &'a Hands,
    settings: &'a DedupSettings,
    /// The window of the settings.
    reach: TimeDelta,
    profiles: BTreeMap<usize, Profile>,
    numbers: HashMap<EntryId, usize>,
    /// What each entry that somebody merged by hand is merged with, and has not come yet.
    awaited: HashMap<EntryId, HashSet<EntryId>>,
    /// Until when entries wait for one that has no date of its own.
    waiting: HashMap<usize, Time>,
    keys: HashMap<i64, Vec<usize>>,
    links: Vec<(usize, usize, Link)>,
    next: usize,
    groups: Vec<Regrouped>,
}

/// A key that so many entries share is no key.
pub(super) const CROWDED: usize = 60;

/// How many entries come in between two looks for finished groups.
const TIDY_AFTER: usize = 1_000;

impl<'a> Window<'a> {
    fn new(undated: &'a Undated, hands: &'a Hands, settings: &'a DedupSettings) -> Self {
        let mut awaited: HashMap<EntryId, HashSet<EntryId>> = HashMap::new();
        for &(one, other) in &hands.merged {
            awaited.entry(one).or_default().insert(other);
            awaited.entry(other).or_default().insert(one);
        }
        Self {
            undated,
            hands,
            settings,
            reach: TimeDelta::from_std(settings.window).unwrap_or(TimeDelta::MAX),
            awaited,
            waiting: HashMap::new(),
            profiles: BTreeMap::new(),
            numbers: HashMap::new(),
            keys: HashMap::new(),
            links: Vec::new(),
            next: 0,
            groups: Vec::new(),
        }
    }

    fn take(&mut self, profile: Profile) {
        let number = self.next;
        self.next += 1;
        let mut met = HashSet::new();
        let mut until = None;
        for key in profile.keys() {
            if profile.standing.published.is_some() {
                let seen = profile.standing.first_seen;
                until = until.max(self.undated.last_with(key, seen, self.reach));
            }
            let sharing = self.keys.entry(key).or_default();
            if sharing.len() <= CROWDED {
                met.extend(sharing.iter().copied());
            }
            sharing.push(number);
        }
        let mut met: Vec<usize> = met.into_iter().collect();
        met.sort_unstable();
        for other in met {
            if let Some(there) = self.profiles.get(&other)
                && let Ok(link) = judge(there, &profile, self.settings).verdict
            {
                self.links.push((other, number, link));
            }
        }
        if let Some(until) = until {
            self.waiting.insert(number, until);
        }
        let at = profile.standing.at();
        let came = profile.standing.entry;
        let merged = self.awaited.get(&came).into_iter().flatten().copied().collect::<Vec<_>>();
        for waits in merged {
            if let Some(awaited) = self.awaited.get_mut(&waits) {
                awaited.remove(&came);
            }
        }
        self.numbers.insert(came, number);
        self.profiles.insert(number, profile);
        if number % TIDY_AFTER == TIDY_AFTER - 1 {
            self.finish(Some(at));
        }
    }

    /// Makes groups of what is connected and cannot be joined by anything that comes at `now`
    /// or later; of everything for `None`.
    fn finish(&mut self, now: Option<Time>) {
        let before = now.map(|now| now.checked_sub_signed(self.reach).unwrap_or(Time::MIN_UTC));
        let mut parts: Parts = self.profiles.keys().map(|&number| (number, number)).collect();
        let by_hand = self.by_hand();
        for (one, other, _) in self.links.iter().chain(&by_hand) {
            join(&mut parts, *one, *other);
        }
        let mut connected: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for &number in self.profiles.keys() {
            connected.entry(root(&parts, number)).or_default().push(number);
        }
        for numbers in connected.into_values() {
            // People merge across any distance of time: who is awaited by hand stays.
            let is_old = |number: &usize| {
                self.profiles.get(number).is_some_and(|p| {
                    let awaits = |entry| self.awaited.get(entry).is_some_and(|a| !a.is_empty());
                    let waits = || self.waiting.get(number).is_some_and(|&t| Some(t) >= now);
                    before.is_none_or(|t| p.standing.at() < t)
                        && (now.is_none() || !(awaits(&p.standing.entry) || waits()))
                })
            };
            if numbers.iter().all(is_old) {
                self.group(&numbers, &by_hand);
                for number in &numbers {
                    if let Some(profile) = self.profiles.remove(number) {
                        self.numbers.remove(&profile.standing.entry);
                        self.waiting.remove(number);
                    }
                }
            }
        }
        let profiles = &self.profiles;
        self.links.retain(|(one, _, _)| profiles.contains_key(one));
        self.keys.retain(|_, sharing| {
            sharing.retain(|number| profiles.contains_key(number));
            !sharing.is_empty()
        });
    }

    /// Merges by hand between entries that are both here.
    fn by_hand(&self) -> Vec<(usize, usize, Link)> {
        let numbers = |&(one, other): &(EntryId, EntryId)| {
            let link = Link { rule: Rule::Id, score: 1.0, evidence: "joined by hand".to_owned() };
            Some((*self.numbers.get(&one)?, *self.numbers.get(&other)?, link))
        };
        self.hands.merged.iter().filter_map(numbers).collect()
    }

    /// Follows the links among connected entries, the strongest first.
    fn group(&mut self, numbers: &[usize], by_hand: &[(usize, usize, Link)]) {
        let within = |number: &usize| numbers.binary_search(number).is_ok();
        let mut links: Vec<&(usize, usize, Link)> =
            self.links.iter().filter(|(one, _, _)| within(one)).collect();
        let rank = |number: usize| {
            self.profiles.get(&number).map(|p| (p.standing.at(), p.guid.hash, p.standing.feed))
        };
        links.sort_by(|a, b| {
            stronger(&a.2, &b.2).then_with(|| (rank(a.0), rank(a.1)).cmp(&(rank(b.0), rank(b.1))))
        });
        let mut members: BTreeMap<usize, Vec<usize>> =
            numbers.iter().map(|&number| (number, vec![number])).collect();
        let mut parts: Parts = numbers.iter().map(|&number| (number, number)).collect();
        let mut reasons: HashMap<usize, (usize, &Link, bool)> = HashMap::new();
        let hands = by_hand.iter().filter(|(one, _, _)| within(one)).map(|link| (link, true));
        for ((one, other, link), is_hand) in
            hands.chain(links.into_iter().map(|link| (link, false)))
        {
            let (here, there) = (root(&parts, *one), root(&parts, *other));
            if here == there {
                continue;
            }
            let [left, right] = [here, there].map(|group| {
                let numbers = members.get(&group).into_iter().flatten();
                numbers.filter_map(|number| self.profiles.get(number)).collect::<Vec<_>>()
            });
            let objects = || {
                let heard = Heard::default();
                objection(&left, &right, link.rule, self.hands, self.settings, &heard).is_some()
            };
            if !is_hand && objects() {
                continue;
            }
            join(&mut parts, here, there);
            let (kept, gone) =
                if root(&parts, here) == here { (here, there) } else { (there, here) };
            let moved = members.remove(&gone).unwrap_or_default();
            members.entry(kept).or_default().extend(moved);
            // The reason belongs to the end of the link that has none yet.
            let (bearer, with) =
                if reasons.contains_key(other) { (one, other) } else { (other, one) };
            reasons.entry(*bearer).or_insert((*with, link, is_hand));
        }
        for mut numbers in members.into_values() {
            numbers.sort_unstable();
            let group = numbers.iter().filter_map(|number| {
                let entry = self.profiles.get(number)?.standing.entry;
                let reason = reasons.get(number).and_then(|(with, link, is_hand)| {
                    Some(GroupingReason {
                        rule: if *is_hand { "hand" } else { link.rule.name() }.to_owned(),
                        reason: link.evidence.clone(),
                        with: Some(self.profiles.get(with)?.standing.entry),
                    })
                });
                Some((entry, reason.unwrap_or_else(first)))
            });
            let group: Regrouped = group.collect();
            self.groups.push(group);
        }
    }
}

/// The reason of an article's first entry.
fn first() -> GroupingReason {
    GroupingReason {
        rule: "first".to_owned(),
        reason: "first of its article".to_owned(),
        with: None,
    }
}

/// Who belongs together: each points to one before it, a root to itself.
type Parts = HashMap<usize, usize>;

fn root(parts: &Parts, number: usize) -> usize {
    let mut at = number;
    while let Some(&above) = parts.get(&at) {
        if above == at {
            break;
        }
        at = above;
    }
    at
}

fn join(parts: &mut Parts, one: usize, other: usize) {
    let (one, other) = (root(parts, one), root(parts, other));
    if one != other {
        parts.insert(one.max(other), one.min(other));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dedup::{Habits, Names, Standing, fingerprint, tests::entry},
        model::FeedId,
    };

    const SETTINGS: DedupSettings =
        DedupSettings { near_duplicates: true, window: std::time::Duration::from_secs(7 * 86_400) };

    fn day(number: i64) -> Time {
        Time::from_timestamp(number * 86_400, 0).unwrap()
    }

    fn standing(number: i64) -> Standing {
        Standing {
            entry: EntryId(number),
            feed: FeedId(number % 7),
            published: None,
            first_seen: day(number),
            stands_alone: false,
        }
    }

    fn profile_of(url: &str, title: &str, standing: Standing) -> Profile {
        let print = fingerprint(&entry(url, title, ""));
        Profile::new(print, standing, &Habits::default(), &Names::default())
    }

    fn profile(number: i64) -> Profile {
        let url = format!("https://example.org/{number}");
        profile_of(&url, &format!("Number {number}"), standing(number))
    }

    fn several(groups: &[Regrouped]) -> Vec<Vec<i64>> {
        let groups = groups.iter().filter(|group| group.len() > 1);
        groups.map(|group| group.iter().map(|(entry, _)| entry.0).collect()).collect()
    }

    #[test]
    fn what_was_merged_by_hand_is_one_group_across_years() {
        let most = 3 * TIDY_AFTER as i64;
        let hands = Hands { merged: vec![(EntryId(1), EntryId(most))], ..Hands::default() };
        let groups = regroup((1..=most).map(profile), &Undated::default(), &hands, &SETTINGS);
        assert_eq!(several(&groups), [[1, most]]);
        let group = groups.iter().find(|group| group.len() > 1).unwrap();
        assert_eq!(group[1].1.rule, "hand");
    }

    #[test]
    fn an_entry_without_a_date_finds_what_was_seen_with_it_however_long_ago_that_was_published() {
        let most = 3 * TIDY_AFTER as i64;
        let story = |number, published| {
            let first_seen = day(most);
            let standing = Standing { published, first_seen, ..standing(number) };
            profile_of("https://example.org/story", "A story of its own about a bridge", standing)
        };
        let dated = || story(1, Some(day(1)));
        let undated = || story(most + 1, None);
        let others = || (2..=most).map(profile);
        let all = || [dated()].into_iter().chain(others()).chain([undated()]);
        let without_date = || Undated::of(others().chain([undated()]));
        let groups = regroup(all(), &without_date(), &Hands::default(), &SETTINGS);
        assert_eq!(several(&groups), [[1, most + 1]]);
        // It was seen half a year earlier: then the two are of different times.
        let early = Standing { first_seen: day(most - 180), ..dated().standing };
        let early =
            profile_of("https://example.org/story", "A story of its own about a bridge", early);
        let all = [early].into_iter().chain(others()).chain([undated()]);
        let groups = regroup(all, &without_date(), &Hands::default(), &SETTINGS);
        assert_eq!(several(&groups), Vec::<Vec<i64>>::new());
    }

    #[test]
    fn two_entries_of_a_feed_that_stands_alone_are_two_articles() {
        let told = |number, stands_alone| {
            let standing = Standing { feed: FeedId(1), stands_alone, ..standing(number) };
            profile_of("https://example.org/story", "A story of its own about a bridge", standing)
        };
        for (alone, expected) in [(false, vec![vec![1, 2]]), (true, vec![])] {
            let both = [told(1, alone), told(2, alone)];
            let undated = Undated::of(both.clone());
            let groups = regroup(both, &undated, &Hands::default(), &SETTINGS);
            assert_eq!(several(&groups), expected);
        }
    }
}
