//! An entry among the articles of its candidates.
//!
//! In: a profile, and each candidate article with its members. Out: a [`Grouping`]: which
//! articles it joins and why, or that it stays alone, and who came near. The strongest link
//! is followed first; a further article is joined (and so merged with the first) only where
//! all agree. A new member must agree with the group, not only with one of it: no chains.

use std::collections::HashMap;

use super::{
    Hands,
    judge::{Judged, Link, Rule, judge},
    likeness::Likeness,
    profile::Profile,
};
use crate::model::{ArticleId, DedupSettings, EntryId};

/// An article that the entry may belong to, with all its members.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    pub article: ArticleId,
    pub members: Vec<&'a Profile>,
}

/// The verdict on an entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grouping {
    /// The articles that it joins, the strongest link first. None: it is an article of its
    /// own. More than one: they are one article, too, since the entry belongs to each.
    pub joins: Vec<Join>,
    /// Candidates that it was not joined with, the nearest first.
    pub near: Vec<NearMiss>,
}

/// A link to an article.
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    pub article: ArticleId,
    /// The member that the link leads to.
    pub with: EntryId,
    pub rule: Rule,
    /// Evidence in words: "same address after removing utm_source".
    pub reason: String,
    pub score: f32,
}

/// An entry that was compared and not joined.
#[derive(Debug, Clone, PartialEq)]
pub struct NearMiss {
    pub entry: EntryId,
    pub article: ArticleId,
    pub reason: String,
    /// 0 to 1.
    pub nearness: f32,
}

/// Judges `entry` among `candidates`. `mates` are those whom it is with already, where an
/// entry that was edited is judged again.
pub fn choose(
    entry: &Profile,
    mates: &[&Profile],
    candidates: &[Candidate<'_>],
    hands: &Hands,
    settings: &DedupSettings,
) -> Grouping {
    let mut grouping = Grouping::default();
    let mut links = Vec::new();
    let mut heard = Heard::default();
    for candidate in candidates {
        match links_to(entry, candidate, settings, &mut heard) {
            Ok(found) => links.push((candidate, found)),
            Err(near) => grouping.near.extend(near),
        }
    }
    let best = |found: &[(EntryId, Link)]| found.first().map(|(_, link)| link.clone());
    links.sort_by(|(a, one), (b, other)| {
        let order = match (best(one), best(other)) {
            (Some(one), Some(other)) => stronger(&one, &other),
            (one, other) => other.is_some().cmp(&one.is_some()),
        };
        order.then_with(|| a.article.cmp(&b.article))
    });
    let mut group = vec![entry];
    group.extend(mates);
    for (candidate, found) in links {
        let mut refused = None;
        for (with, link) in found {
            match objection(&group, &candidate.members, link.rule, hands, settings, &heard) {
                None => {
                    group.extend(&candidate.members);
                    grouping.joins.push(Join {
                        article: candidate.article,
                        with,
                        rule: link.rule,
                        reason: link.evidence,
                        score: link.score,
                    });
                    refused = None;
                    break;
                }
                Some(reason) => {
                    refused.get_or_insert(NearMiss {
                        entry: with,
                        article: candidate.article,
                        reason: format!("{}; but {reason}", link.evidence),
                        nearness: 1.0,
                    });
                }
            }
        }
        grouping.near.extend(refused);
    }
    grouping.near.sort_by(|a, b| b.nearness.total_cmp(&a.nearness).then(a.entry.cmp(&b.entry)));
    grouping
}

/// The surest rule first, then the higher score.
pub(super) fn stronger(one: &Link, other: &Link) -> std::cmp::Ordering {
    one.rule.cmp(&other.rule).then_with(|| other.score.total_cmp(&one.score))
}

/// The strongest links to members, at most one of each [`Weight`], the strongest first; else
/// why each member was refused.
fn links_to(
    entry: &Profile,
    candidate: &Candidate<'_>,
    settings: &DedupSettings,
    heard: &mut Heard,
) -> Result<Vec<(EntryId, Link)>, Vec<NearMiss>> {
    let mut links: Vec<(EntryId, Link)> = Vec::new();
    let mut near = Vec::new();
    for member in &candidate.members {
        let judged = judge(entry, member, settings);
        heard.note(entry, member, &judged);
        match judged.verdict {
            Ok(link) => links.push((member.standing.entry, link)),
            Err(refusal) => near.push(NearMiss {
                entry: member.standing.entry,
                article: candidate.article,
                reason: refusal.reason,
                nearness: refusal.nearness,
            }),
        }
    }
    if links.is_empty() {
        return Err(near);
    }
    links.sort_by(|(a, one), (b, other)| stronger(one, other).then_with(|| a.cmp(b)));
    let mut seen = Vec::new();
    links.retain(|(_, link)| {
        let weight = Weight::of(link.rule);
        let is_new = !seen.contains(&weight);
        seen.push(weight);
        is_new
    });
    Ok(links)
}

/// How much a rule says of the groups at its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// One id or one address is one story, whatever else the groups hold.
    Sure,
    /// The whole texts were compared.
    Whole,
    /// Only titles or parts were.
    Partial,
}

impl Weight {
    fn of(rule: Rule) -> Self {
        match rule {
            Rule::Id | Rule::Address => Self::Sure,
            rule if rule.is_partial() => Self::Partial,
            _ => Self::Whole,
        }
    }
}

/// What was said of pairs while links were looked for: where groups meet it is asked for
/// again, and judging is what costs.
#[derive(Debug, Default)]
pub(super) struct Heard(HashMap<(EntryId, EntryId), (Option<String>, f32)>);

impl Heard {
    fn note(&mut self, one: &Profile, other: &Profile, judged: &Judged) {
        let said = (judged.conflict(), judged.containment);
        self.0.insert((one.standing.entry, other.standing.entry), said);
    }

    fn of(&self, one: &Profile, other: &Profile) -> Option<&(Option<String>, f32)> {
        self.0.get(&(one.standing.entry, other.standing.entry))
    }
}

/// Why two groups cannot be one article although a link of `rule` leads from one to the
/// other; `None` where nothing speaks against it.
pub(super) fn objection(
    group: &[&Profile],
    other: &[&Profile],
    rule: Rule,
    hands: &Hands,
    settings: &DedupSettings,
    heard: &Heard,
) -> Option<String> {
    for one in group {
        for there in other {
            if hands.forbid(one.standing.entry, there.standing.entry) {
                return Some("they were split by hand".to_owned());
            }
            if one.standing.feed == there.standing.feed
                && one.site() == there.site()
                && !(one.address_tells
                    && there.address_tells
                    && one.address.as_ref().map(|a| a.hash)
                        == there.address.as_ref().map(|a| a.hash))
            {
                return Some("both have an entry of one feed, under two addresses".to_owned());
            }
        }
    }
    let weight = Weight::of(rule);
    if weight == Weight::Sure {
        return None;
    }
    let (Some(longest), Some(longest_there)) = (longest(group), longest(other)) else {
        return None;
    };
    if longest.length() >= LONG && longest_there.length() >= LONG {
        let share = match heard.of(longest, longest_there) {
            Some(&(_, containment)) => containment,
            None => Likeness::of(longest, longest_there).containment,
        };
        let needed = if weight == Weight::Partial { AGREEING } else { NOT_STRANGE };
        if share < needed {
            return Some(format!("the longest texts share {} %", (share * 100.0).floor()));
        }
    }
    for one in group {
        for there in other {
            let conflict = match heard.of(one, there) {
                Some((conflict, _)) => conflict.clone(),
                None => judge(one, there, settings).conflict(),
            };
            if conflict.is_some() {
                return conflict;
            }
        }
    }
    None
}

/// The member with the longest own text.
fn longest<'a>(group: &[&'a Profile]) -> Option<&'a Profile> {
    group.iter().copied().max_by_key(|profile| profile.length())
}

/// Words from which on a text is long enough to speak for its group.
const LONG: usize = 60;
/// What the longest texts must share where the link itself says nothing of them.
const AGREEING: f32 = 0.7;
/// What they must share in any case.
const NOT_STRANGE: f32 = 0.1;
