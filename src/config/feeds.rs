//! `[[feed]]`: where to ask, how it is called, when it wants to be polled.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use toml::de::{DeTable, DeValue};
use url::Url;

use crate::model::{FeedSetting, FetchLimits, PaceLimits, Timing, redacted};

use super::{
    Surroundings, address,
    fault::Weight,
    names,
    reader::{Reader, Table},
    schema,
    sections::INTERVAL,
    values::{self, Parsed},
};

pub(super) fn read<'t>(
    reader: &mut Reader<'t>,
    root: &'t DeTable<'t>,
    around: &Surroundings,
    fetch: &FetchLimits,
    pace: &PaceLimits,
) -> Vec<FeedSetting> {
    let tables = reader.tables(root, &schema::FEED);
    let mut lines_of_names = HashMap::new();
    let mut lines_of_urls = HashMap::new();
    let mut schedules = HashMap::new();
    let mut half_read = Vec::with_capacity(tables.len());
    for table in &tables {
        let url = url(reader, table, around);
        let name = name(reader, table, &mut lines_of_names);
        let tags = reader.list(table, "tags", tag).into_iter().map(|(_, tag)| tag).collect();
        let timing = timing(reader, table, around, &mut schedules);
        let joins = reader.value(table, "dedup", values::yes_or_no).unwrap_or(true);
        let Some(url) = url else { continue };
        told_once(reader, table, &url, &mut lines_of_urls);
        manners(reader, table, &url, fetch);
        haste(reader, table, &url, &timing, &schedules);
        half_read.push((url, name, tags, timing, !joins));
    }
    haste_of_all(reader, root, &half_read, pace);

    // Names that people gave come first, so that no made name takes one of them.
    let mut taken: HashSet<String> = lines_of_names.into_keys().collect();
    half_read
        .into_iter()
        .map(|(url, name, tags, timing, stands_alone)| {
            let name =
                name.unwrap_or_else(|| names::unique_name(&names::made_name(&url), &mut taken));
            FeedSetting { url, name, tags, timing, stands_alone }
        })
        .collect()
}

type HalfRead = (Url, Option<String>, Vec<String>, Timing, bool);

fn url<'t>(reader: &mut Reader<'t>, table: &Table<'t>, around: &Surroundings) -> Option<Url> {
    if !table.has("url") {
        if !reader.is_broken(table) {
            let message = "has no url: write one, like url = \"https://example.org/feed.xml\"";
            reader.fault(table, "", message);
        }
        return None;
    }
    reader.value(table, "url", |value| parse_url(&values::word(value)?, around))
}

/// A feed's URL; a relative `file:` is resolved against the config's folder.
fn parse_url(text: &str, around: &Surroundings) -> Parsed<Url> {
    let lower = text.get(..5).map(str::to_ascii_lowercase);
    if lower.as_deref() == Some("file:") {
        return file_url(text.get(5..).unwrap_or_default(), around);
    }
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        Ok(url) if url.scheme() == "feed" => {
            Err(format!("has the scheme \"feed\": write \"https://{}\"", plain_rest(text)))
        }
        Ok(url) if text.contains("://") => {
            Err(format!("has the scheme \"{}\": write http, https or file", url.scheme()))
        }
        Err(error) if text.contains("://") => Err(format!(
            "is no URL ({error}): \"{}\"; write one like \"https://example.org/feed.xml\"",
            values::shown(text)
        )),
        _ if text.starts_with(['/', '.']) => {
            Err(format!("is no URL: write \"file:{}\" for a file", values::shown(text)))
        }
        _ => Err(format!(
            "is no URL: write \"https://{0}\", or \"file:{0}\" for a file",
            values::shown(text)
        )),
    }
}

fn plain_rest(text: &str) -> String {
    let rest = text.get(5..).unwrap_or_default().trim_start_matches('/');
    values::shown(rest.strip_prefix("https:").unwrap_or(rest).trim_start_matches('/'))
}

fn file_url(rest: &str, around: &Surroundings) -> Parsed<Url> {
    let wrong = || {
        format!(
            "is no file: \"file:{}\"; write \"file:/absolute/path.xml\", or \"file:path.xml\" beside the config",
            values::shown(rest)
        )
    };
    let url = if rest.starts_with('/') {
        Url::parse(&format!("file:{rest}")).map_err(|_| wrong())?
    } else {
        let base = Url::from_directory_path(around.folder()).map_err(|()| wrong())?;
        base.join(&format!("./{rest}")).map_err(|_| wrong())?
    };
    if url.host().is_some() || url.to_file_path().is_err() || url.path().ends_with('/') {
        return Err(wrong());
    }
    Ok(url)
}

fn name<'t>(
    reader: &mut Reader<'t>,
    table: &Table<'t>,
    lines: &mut HashMap<String, usize>,
) -> Option<String> {
    let name = reader.value(table, "name", values::name)?;
    let line = reader.line(table.offset("name"));
    if let Some(first) = lines.get(&name) {
        let message =
            format!("\"{name}\" is already the name of the feed at line {first}: write another");
        reader.fault(table, "name", message);
    } else {
        lines.insert(name.clone(), line);
    }
    Some(name)
}

/// A label on a feed.
pub(super) fn tag(value: &DeValue<'_>) -> Parsed<String> {
    const LONGEST: usize = 64;
    let tag = values::word(value)?;
    if tag.chars().count() > LONGEST {
        return Err(format!("is too long for a tag: write at most {LONGEST} characters"));
    }
    Ok(tag)
}

fn timing<'t>(
    reader: &mut Reader<'t>,
    table: &Table<'t>,
    around: &Surroundings,
    schedules: &mut HashMap<String, Parsed<Duration>>,
) -> Timing {
    let interval = reader.value(table, "interval", |v| values::duration(v, "15m", INTERVAL));
    let schedule = reader.value(table, "schedule", |value| {
        let text = values::word(value)?;
        // The search for a next time may take long; feeds often share one schedule.
        let gap =
            schedules.entry(text.clone()).or_insert_with(|| values::schedule(&text, around.now));
        gap.clone().map(|_| text)
    });
    if table.has("interval") && table.has("schedule") {
        let message = "stands beside interval: write one of the two";
        reader.fault(table, "schedule", message);
    }
    Timing { interval, schedule }
}

/// Two feeds of one URL would be polled twice for nothing.
fn told_once<'t>(
    reader: &mut Reader<'t>,
    table: &Table<'t>,
    url: &Url,
    lines: &mut HashMap<Url, usize>,
) {
    let line = reader.line(table.offset("url"));
    if let Some(first) = lines.get(url) {
        let message =
            format!("is already polled by the feed at line {first}: remove one of the two");
        reader.fault(table, "url", message);
    } else {
        lines.insert(url.clone(), line);
    }
}

/// What a poll of this address would run into, said before.
fn manners<'t>(reader: &mut Reader<'t>, table: &Table<'t>, url: &Url, fetch: &FetchLimits) {
    if !fetch.allow_private_networks && address::is_private(url) {
        let message = format!(
            "{} is in a private network: write allow_private_networks = true under [fetch] to poll it",
            url.host_str().unwrap_or_default()
        );
        reader.note(table, "url", Weight::Refused, message);
    }
    if redacted(url) != *url && url.scheme() == "http" {
        let message = "sends its password in the clear: write https if the server has it";
        reader.note(table, "url", Weight::Advice, message);
    }
}

/// Public servers should not be asked more often than every five minutes.
fn haste<'t>(
    reader: &mut Reader<'t>,
    table: &Table<'t>,
    url: &Url,
    timing: &Timing,
    schedules: &HashMap<String, Parsed<Duration>>,
) {
    let by_schedule = timing.schedule.as_ref().and_then(|text| schedules.get(text)?.clone().ok());
    let (key, gap) = match (timing.interval, by_schedule) {
        (Some(interval), _) => ("interval", interval),
        (None, Some(gap)) => ("schedule", gap),
        (None, None) => return,
    };
    if is_public(url) && gap < POLITE {
        let gap = values::human(gap);
        let message =
            format!("asks {} every {gap}: write \"5m\" or more for a public host", host(url));
        reader.note(table, key, Weight::Advice, message);
    }
}

/// The same for the bounds under `[fetch]`, said once for all feeds that they rule.
fn haste_of_all<'t>(
    reader: &mut Reader<'t>,
    root: &'t DeTable<'t>,
    feeds: &[HalfRead],
    pace: &PaceLimits,
) {
    if pace.min_interval >= POLITE {
        return;
    }
    let ruled = |feed: &&HalfRead| feed.3 == Timing::default() && is_public(&feed.0);
    let Some((url, ..)) = feeds.iter().find(ruled) else { return };
    let Some(DeValue::Table(keys)) = root.get("fetch").map(|value| value.get_ref()) else { return };
    let key = if keys.contains_key("min_interval") { "min_interval" } else { "interval" };
    let Some(offset) = keys.get(key).map(|value| value.span().start) else { return };
    let min = values::human(pace.min_interval);
    let message =
        format!("public hosts, like {}, may be asked every {min}: write \"5m\" or more", host(url));
    reader.note_at(offset, &schema::FETCH, key, Weight::Advice, message);
}

fn is_public(url: &Url) -> bool {
    url.scheme() != "file" && !address::is_private(url)
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

/// Below this, many servers take a reader for an attack.
const POLITE: Duration = Duration::from_secs(5 * 60);
