//! What a document says of its feed.
//!
//! In: the root element. Out: a [`Found`] without entries. A field may stand in the channel
//! or, by mistake, beside it.

use std::time::Duration;

use url::Url;

use super::{
    Context, Dialect, Found, MAX_BASE_BYTES,
    links::{self, Link},
    people::{feed_authors, one_line},
    tables::{self, Fields},
};
use crate::{
    model::{DocumentLinks, FeedMeta, PaceHints},
    parse::{
        dates,
        lenient::{names::Ns, tree::NodeRef},
        urls,
    },
};

/// WebSub hubs that one feed may name.
const MAX_HUBS: usize = 8;

/// Extracts what is said of the feed; `root` may be the feed itself, or hold a channel.
pub(in crate::parse) fn feed(
    root: NodeRef<'_, '_>,
    dialect: Dialect,
    context: &Context<'_>,
) -> Found {
    let (node, fields) = channel(root);
    let fallback = fallback_base(root);
    let base = node.base().or(context.base).or(fallback.as_ref());
    let all_links = links::links(&fields, base);
    let link =
        |rel: &str| all_links.iter().find(|link| link.rel == rel).map(|link| link.url.clone());
    let home_page = home_page(&all_links)
        .or_else(|| node.attribute("href").and_then(|href| urls::resolve(base, href)));
    let topic = link("self");
    let text = |node: NodeRef<'_, '_>| Some(one_line(&node.text())).filter(|t| !t.is_empty());
    let mut hubs = Vec::new();
    for hub in all_links.iter().filter(|link| link.rel == "hub").take(MAX_HUBS) {
        if !hubs.contains(&hub.url) {
            hubs.push(hub.url.clone());
        }
    }
    Found {
        meta: FeedMeta {
            id: fields.first(tables::FEED_ID, text),
            title: None,
            url: topic.clone(),
            home_page,
            description: None,
            language: fields
                .first(tables::LANGUAGE, text)
                .or_else(|| node.language().map(str::to_owned)),
            updated: fields
                .date(tables::FEED_UPDATED)
                .or_else(|| node.attribute("lastmod").and_then(dates::parse)),
        },
        title: fields.first_text(tables::TITLE, dialect, base),
        description: fields.first_text(tables::FEED_DESCRIPTION, dialect, base),
        authors: feed_authors(&fields),
        hints: hints(&fields),
        links: DocumentLinks { hubs, topic, older: link("prev-archive").or_else(|| link("next")) },
        base: fallback,
        ..Found::default()
    }
}

/// What relative addresses stand under where neither the transport nor `xml:base` says: the
/// feed's own idea of its address, else its page.
pub(in crate::parse) fn fallback_base(root: NodeRef<'_, '_>) -> Option<Url> {
    let (_, fields) = channel(root);
    let links = links::links(&fields, None);
    links
        .iter()
        .find(|link| link.rel == "self")
        .map(|link| link.url.clone())
        .or_else(|| home_page(&links))
        .filter(|base| base.as_str().len() <= MAX_BASE_BYTES)
}

/// The element that holds the feed's fields, and those fields.
fn channel<'t, 'd>(root: NodeRef<'t, 'd>) -> (NodeRef<'t, 'd>, Fields<'t, 'd>) {
    let channel = root
        .children()
        .find(|child| child.is(Ns::Plain, "channel") || child.is(Ns::Atom, "channel"));
    match channel {
        Some(channel) => (channel, Fields::of_both(channel, root)),
        None => (root, Fields::of(root)),
    }
}

/// The page that the feed belongs to.
fn home_page(links: &[Link<'_>]) -> Option<Url> {
    let alternates = || links.iter().filter(|link| link.rel == "alternate");
    alternates()
        .find(|link| link.is_text)
        .or_else(|| alternates().find(|link| link.is_page()))
        .or_else(|| alternates().next())
        .map(|link| link.url.clone())
}

/// What a feed asks of those who poll it.
fn hints(fields: &Fields<'_, '_>) -> PaceHints {
    let number = |node: NodeRef<'_, '_>| node.text().trim().parse::<u32>().ok();
    let ttl = fields.named(Ns::Plain, "ttl").find_map(number);
    let mut skip_hours: Vec<u8> = fields
        .named(Ns::Plain, "skiphours")
        .flat_map(|list| list.children())
        .filter_map(number)
        // The specification of 0.91 counts to 24.
        .filter(|hour| *hour <= 24)
        .map(|hour| (hour % 24) as u8)
        .collect();
    skip_hours.sort_unstable();
    skip_hours.dedup();
    let mut skip_days: Vec<u8> = fields
        .named(Ns::Plain, "skipdays")
        .flat_map(|list| list.children())
        .filter_map(|day| weekday(&day.text()))
        .collect();
    skip_days.sort_unstable();
    skip_days.dedup();
    PaceHints {
        ttl: ttl
            .filter(|minutes| *minutes > 0)
            .map(|minutes| Duration::from_secs(u64::from(minutes) * 60)),
        skip_hours,
        skip_days,
        update_period: update_period(fields),
        expired: false,
    }
}

/// 0 is Monday.
fn weekday(name: &str) -> Option<u8> {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let name = name.trim().to_ascii_lowercase();
    DAYS.iter().position(|day| name.starts_with(day)).map(|day| day as u8)
}

/// `sy:updatePeriod` divided by `sy:updateFrequency` (RDF Site Summary 1.0, Syndication).
fn update_period(fields: &Fields<'_, '_>) -> Option<Duration> {
    const DAY: u64 = 24 * 60 * 60;
    let period = fields.named(Ns::Syndication, "updateperiod").next()?.text();
    let seconds = match period.trim().to_ascii_lowercase().as_str() {
        "hourly" => 60 * 60,
        "daily" => DAY,
        "weekly" => 7 * DAY,
        "monthly" => 30 * DAY,
        "yearly" => 365 * DAY,
        _ => return None,
    };
    let frequency = fields
        .named(Ns::Syndication, "updatefrequency")
        .find_map(|node| node.text().trim().parse::<u64>().ok())
        .filter(|frequency| *frequency > 0)
        .unwrap_or(1);
    Some(Duration::from_secs((seconds / frequency).max(1)))
}
