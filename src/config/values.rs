//! TOML values to parsed values. Each error says what is wrong and what to write instead.

use std::{net::SocketAddr, ops::RangeInclusive, time::Duration};

use chrono::{Datelike, TimeDelta};
use croner::{
    Cron,
    parser::{CronParser, Seconds},
};
use toml::de::DeValue;
use url::Url;

use crate::model::Time;

/// A value, or what is wrong with it.
pub(super) type Parsed<T> = Result<T, String>;

/// What a value is, in words.
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Text, one line, without control characters, trimmed.
pub(super) fn line(value: &DeValue<'_>) -> Parsed<String> {
    let DeValue::String(text) = value else {
        return Err(format!("is {}: write text in quotes", kind(value)));
    };
    if text.chars().any(char::is_control) {
        return Err("has control characters or line breaks in it: write one plain line".into());
    }
    Ok(text.trim().to_owned())
}

/// As [`line`], and not empty.
pub(super) fn word(value: &DeValue<'_>) -> Parsed<String> {
    let text = line(value)?;
    if text.is_empty() {
        Err("is empty: leave the key out, or write something".into())
    } else {
        Ok(text)
    }
}

pub(super) fn yes_or_no(value: &DeValue<'_>) -> Parsed<bool> {
    match value {
        DeValue::Boolean(value) => Ok(*value),
        other => Err(format!("is {}: write true or false, without quotes", kind(other))),
    }
}

/// A whole number within bounds.
pub(super) fn number(value: &DeValue<'_>, within: RangeInclusive<u32>) -> Parsed<u32> {
    let (least, most) = (within.start(), within.end());
    let DeValue::Integer(digits) = value else {
        return Err(format!("is {}: write a whole number, like {least}", kind(value)));
    };
    u32::from_str_radix(digits.as_str(), digits.radix())
        .ok()
        .filter(|number| within.contains(number))
        .ok_or_else(|| format!("is {digits}: write a whole number from {least} to {most}"))
}

/// A length of time, like `15m`, within bounds.
pub(super) fn duration(
    value: &DeValue<'_>,
    example: &str,
    within: RangeInclusive<Duration>,
) -> Parsed<Duration> {
    let text = match value {
        DeValue::String(text) => text,
        DeValue::Integer(number) => {
            return Err(format!(
                "is a number without a unit: write \"{number}s\" for seconds, or like \"{example}\""
            ));
        }
        other => return Err(format!("is {}: write a duration, like \"{example}\"", kind(other))),
    };
    let duration = humantime::parse_duration(text.trim()).map_err(|_| {
        format!(
            "is no duration: \"{}\"; write one like \"{example}\", \"1h 30m\" or \"7d\"",
            shown(text)
        )
    })?;
    if within.contains(&duration) {
        return Ok(duration);
    }
    let (least, most) = (human(*within.start()), human(*within.end()));
    Err(format!("is \"{}\": write a duration from \"{least}\" to \"{most}\"", shown(text)))
}

/// A duration as people write it.
pub(super) fn human(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// A size in bytes: a number with a unit (`10MiB`), or bytes.
pub(super) fn size(value: &DeValue<'_>, within: RangeInclusive<u64>) -> Parsed<u64> {
    let wrong = |shown: String| {
        format!("is no size: {shown}; write one like \"10MiB\", \"512KiB\" or \"2MB\"")
    };
    let bytes = match value {
        DeValue::Integer(number) => {
            number.as_str().parse().map_err(|_| wrong(number.to_string()))?
        }
        DeValue::String(text) => {
            size_of_text(text).ok_or_else(|| wrong(format!("\"{}\"", shown(text))))?
        }
        other => return Err(wrong(kind(other).to_owned())),
    };
    if within.contains(&bytes) {
        return Ok(bytes);
    }
    Err(format!("is {bytes} bytes: write a size from {} to {} bytes", within.start(), within.end()))
}

fn size_of_text(text: &str) -> Option<u64> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at_checked(split)?;
    let unit: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "b" => 1,
        "kb" => 1000,
        "kib" => 1 << 10,
        "mb" => 1_000_000,
        "mib" => 1 << 20,
        "gb" => 1_000_000_000,
        "gib" => 1 << 30,
        _ => return None,
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(unit);
    }
    let number: f64 = number.parse().ok()?;
    let bytes = number * unit as f64;
    // A size with a fraction ("1.5MiB") is rounded; the cast is within range by this test.
    (0.0..1e15).contains(&bytes).then_some(bytes.round() as u64)
}

/// An http or https address.
pub(super) fn web_url(value: &DeValue<'_>, example: &str) -> Parsed<Url> {
    let text = word(value)?;
    let url = Url::parse(&text).map_err(|error| {
        format!("is no URL ({error}): \"{}\"; write one like \"{example}\"", shown(&text))
    })?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => {
            Err(format!("has the scheme \"{other}\": write http or https, like \"{example}\""))
        }
    }
}

/// An address to listen at.
pub(super) fn listen(value: &DeValue<'_>) -> Parsed<SocketAddr> {
    let text = word(value)?;
    let literal = text.replacen("localhost:", "127.0.0.1:", 1);
    literal.parse().map_err(|_| {
        format!(
            "is no address with a port: \"{}\"; write one like \"127.0.0.1:8080\" or \"[::1]:8080\"",
            shown(&text)
        )
    })
}

/// A name that is safe in a file name and a URL path: `[A-Za-z0-9_-]{1,64}`.
pub(super) fn name(value: &DeValue<'_>) -> Parsed<String> {
    let DeValue::String(text) = value else {
        return Err(format!("is {}: write a name in quotes", kind(value)));
    };
    if super::names::is_name(text) {
        return Ok(text.to_string());
    }
    let hint = super::names::name_from_title(text)
        .map_or(String::new(), |name| format!(", like \"{name}\""));
    Err(format!(
        "is no name: \"{}\"; write 1 to 64 of the characters A-Z a-z 0-9 _ -{hint}",
        shown(text)
    ))
}

/// A cron text in UTC, and its usual gap.
///
/// Six fields, seconds first, or seven with a year; the dialect of the daemon's clock. One
/// that has no next time, like the 31st of February, would be dropped silently by the clock.
pub(super) fn schedule(text: &str, now: Time) -> Parsed<Duration> {
    let example = "write six fields, seconds first, like \"0 */10 * * * *\" for every ten minutes";
    if !text.is_ascii() {
        return Err(format!("is no cron text: \"{}\"; {example}", shown(text)));
    }
    // croner takes a list of nothing, or a plus before nothing, for a field that never matches,
    // and would look for a match for seconds, through thousands of years.
    let has_gap = |field: &str| field.split(',').any(|part| part.trim_matches('+').is_empty());
    if text.split_whitespace().any(has_gap) {
        return Err(format!("has an empty place in a list: \"{}\"; {example}", shown(text)));
    }
    if text.len() > LONGEST_SCHEDULE {
        return Err(format!("is a cron text of {} characters; {example}", text.len()));
    }
    if text.split_whitespace().count() == 5 && !text.trim().starts_with('@') {
        return Err(format!(
            "has five fields; seconds come first here: write \"0 {}\"",
            shown(text.trim())
        ));
    }
    let parser = CronParser::builder().seconds(Seconds::Required).build();
    let cron = parser
        .parse(text)
        .map_err(|error| format!("is no cron text: \"{}\" ({error}); {example}", shown(text)))?;
    let never = || {
        format!("never comes: \"{}\" matches no day of the next 40 years; {example}", shown(text))
    };
    if !has_day(&cron, now) {
        return Err(never());
    }
    let next = |after: &Time| cron.find_next_occurrence(after, false);
    let first = next(&now).map_err(|_| never())?;
    let gap = next(&first).map_or(TimeDelta::MAX, |second| second - first);
    Ok(gap.to_std().unwrap_or(Duration::MAX))
}

/// Whether any day soon is one of the cron text's. croner would look for one through all days
/// until the year 5000, here and in the daemon's clock; where there is one it finds it at once.
fn has_day(cron: &Cron, now: Time) -> bool {
    let pattern = &cron.pattern;
    now.date_naive().iter_days().take(DAYS_AHEAD).any(|day| {
        let matches = |it: Result<bool, _>| it.unwrap_or(false);
        matches(pattern.year_match(day.year()))
            && matches(pattern.month_match(day.month()))
            && matches(pattern.day_match(day.year(), day.month(), day.day()))
    })
}

/// Forty years: as long as a leap day on one day of the week may be away, over a century's turn.
const DAYS_AHEAD: usize = 40 * 366;
/// Each minute and each second told one by one is a third of this.
const LONGEST_SCHEDULE: usize = 1024;

/// Overlong text inside a message.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 80;
    one_line(text, LONGEST)
}

/// Another room's message, on one line.
pub(super) fn shown_long(text: &str) -> String {
    const LONGEST: usize = 400;
    one_line(text, LONGEST)
}

fn one_line(text: &str, longest: usize) -> String {
    let mut shown: String =
        text.chars().take(longest).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(longest).is_some() {
        shown.push('…');
    }
    shown
}
