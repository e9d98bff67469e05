//! The river: articles under the headings of their days, and the ways to narrow it.

use askama::Template;

use crate::{
    model::{Article, OutputSetting},
    publish::{Format, Part, Place, Site, archive_name},
};

use super::{
    Page,
    card::{Day, MediaKind, Shown, card, days},
    frame::{Frame, PageSite, Style, Subscription, encoded},
    text, when,
};

/// What a page of the river is made from.
#[derive(Debug)]
pub struct River<'a> {
    pub output: &'a OutputSetting,
    pub articles: &'a [&'a Article],
    /// There are articles older than these.
    pub has_older: bool,
    /// There are articles newer than these.
    pub has_newer: bool,
    pub narrowed: Option<Narrowed>,
    /// Tags of the feeds of this output, sorted.
    pub tags: Vec<String>,
    /// The feeds of this output: name and title, sorted by title.
    pub feeds: Vec<(String, String)>,
}

/// A filter that the reader chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Narrowed {
    Tag(String),
    /// A feed's name, and its title.
    Feed(String, String),
}

/// One page of the river of an output.
pub fn river(site: &PageSite, river: &River<'_>) -> Page {
    let path = site.river_path(river.output);
    let narrowing = match &river.narrowed {
        Some(Narrowed::Tag(tag)) => format!("tag={}&", encoded(tag)),
        Some(Narrowed::Feed(name, _)) => format!("feed={}&", encoded(name)),
        None => String::new(),
    };
    let step = |which: &str, article: &Article| {
        format!("{path}?{narrowing}{which}={}", Place::of(article))
    };
    let chip = |what: &str, name: &str, label: &str, current: bool| Chip {
        href: format!("{path}?{what}={}", encoded(name)),
        label: text::cut(label, CHIP_LIMIT).0,
        current,
    };
    let is_tag = |tag: &str| matches!(&river.narrowed, Some(Narrowed::Tag(now)) if now == tag);
    let is_feed =
        |name: &str| matches!(&river.narrowed, Some(Narrowed::Feed(now, _)) if now == name);
    let newest =
        if river.has_newer { Some(format!("{path}{}", query_alone(&narrowing))) } else { None };
    let mut frame = site.frame(&title(river), &path);
    frame.description = Some(description(river.output));
    let page = RiverTemplate {
        frame,
        heading: river.output.title.clone(),
        description: river.output.description.clone(),
        filter: river.narrowed.as_ref().map(|narrowed| {
            let (what, name) = match narrowed {
                Narrowed::Tag(tag) => ("the tag", tag),
                Narrowed::Feed(_, title) => ("the feed", title),
            };
            Filter { what, name: name.clone(), clear_href: path.clone() }
        }),
        empty: if river.narrowed.is_some() || river.has_newer {
            "Nothing here."
        } else {
            "No article yet: the feeds have not been polled, or have said nothing."
        },
        days: days(river.articles.iter().map(|a| (a.position, card(a, site, Shown::Served)))),
        newest,
        newer: river.articles.first().filter(|_| river.has_newer).map(|a| step("after", a)),
        older: river.articles.last().filter(|_| river.has_older).map(|a| step("before", a)),
        outputs: site.subscriptions(),
        tags: river.tags.iter().take(CHIPS).map(|tag| chip("tag", tag, tag, is_tag(tag))).collect(),
        feeds_hidden: river.feeds.len().saturating_sub(CHIPS),
        feeds: river
            .feeds
            .iter()
            .take(CHIPS)
            .map(|(name, title)| chip("feed", name, title, is_feed(name)))
            .collect(),
    };
    Page::of(&page)
}

/// The page's own title, another one for each stretch and filter.
fn title(river: &River<'_>) -> String {
    let mut title = river.output.title.clone();
    if let Some(Narrowed::Tag(name) | Narrowed::Feed(_, name)) = &river.narrowed {
        title = format!("{name}: {title}");
    }
    match river.articles.first().filter(|_| river.has_newer) {
        Some(newest) => format!("{title}, until {}", when::moment(newest.position).words),
        None => title,
    }
}

fn description(output: &OutputSetting) -> String {
    let of_ours = || format!("{}: each story once, with everyone who carried it", output.title);
    output.description.clone().unwrap_or_else(of_ours)
}

/// The articles of an output as one file that looks right from a disk, and as well in the
/// same folder as the output's other documents.
///
/// What is older is in the file of an archive, that of the archive before it, and so on.
pub fn standalone(site: &Site, output: &OutputSetting, articles: &[&Article], part: &Part) -> Page {
    let site = PageSite::alone(site, output);
    let file = |name: &str| format!("{name}.{}", Format::Html.extension());
    let (older, newest) = match part {
        Part::Subscription(older) => (older.archive, None),
        Part::Archive(archive) => (archive.older, Some(file(&output.name))),
        Part::Page(_) | Part::Search { .. } => (None, None),
    };
    let heading = match &newest {
        Some(_) => format!("{}: older articles", output.title),
        None => output.title.clone(),
    };
    let mut frame = site.frame(&output.title, "");
    frame.title.clone_from(&heading);
    frame.nav = Vec::new();
    frame.description = Some(description(output));
    frame.policy = Some(super::file_policy(site.images));
    for (link, (ending, ..)) in frame.alternates.iter_mut().zip(super::frame::DOCUMENTS) {
        link.href = format!("{}.{ending}", output.name);
    }
    let mut outputs = site.subscriptions();
    for address in outputs.iter_mut().flat_map(|output| &mut output.addresses) {
        // Where the folder lies nobody knows; beside the page the document is in any case.
        if let Some((_, file)) = address.href.rsplit_once('/') {
            address.href = file.to_owned();
        }
    }
    let page = RiverTemplate {
        frame,
        heading,
        description: output.description.clone(),
        filter: None,
        empty: "No article yet.",
        days: days(articles.iter().map(|a| (a.position, card(a, &site, Shown::File)))),
        newest,
        newer: None,
        older: older.map(|archive| file(&archive_name(&output.name, archive))),
        outputs,
        tags: Vec::new(),
        feeds: Vec::new(),
        feeds_hidden: 0,
    };
    Page::of(&page)
}

fn query_alone(narrowing: &str) -> String {
    let narrowing = narrowing.trim_end_matches('&');
    if narrowing.is_empty() { String::new() } else { format!("?{narrowing}") }
}

#[derive(Debug, Template)]
#[template(path = "river.html", whitespace = "minimize")]
struct RiverTemplate {
    frame: Frame,
    heading: String,
    description: Option<String>,
    filter: Option<Filter>,
    empty: &'static str,
    days: Vec<Day>,
    newest: Option<String>,
    newer: Option<String>,
    older: Option<String>,
    outputs: Vec<Subscription>,
    tags: Vec<Chip>,
    feeds: Vec<Chip>,
    feeds_hidden: usize,
}

#[derive(Debug)]
struct Filter {
    what: &'static str,
    name: String,
    clear_href: String,
}

/// A small link that narrows the river.
#[derive(Debug)]
struct Chip {
    label: String,
    href: String,
    current: bool,
}

/// More tags or feeds than one looks through beside the river; /status has them all.
const CHIPS: usize = 40;

/// Longer labels are cut.
const CHIP_LIMIT: usize = 40;
