//! Words of feeds made fit for a terminal, and times as people say them.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, SecondsFormat};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::model::Time;

/// One line without anything that a terminal would obey: control characters and escapes
/// dropped, marks that turn the direction of writing dropped, white space folded.
///
/// Whatever a feed said goes through here before it is shown.
pub fn plain(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.chars() {
        if c.is_whitespace() {
            gap = !line.is_empty();
        } else if !c.is_control() && !turns(c) {
            if gap {
                line.push(' ');
                gap = false;
            }
            line.push(c);
        }
    }
    line
}

/// Embeddings, overrides and isolates: one that is never closed would turn the whole table.
fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Columns that the text takes on a terminal.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most so many columns, with an ellipsis where it was cut.
pub fn fitted(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut taken = 1;
    for c in text.chars() {
        taken += c.width().unwrap_or_default();
        if taken > columns {
            break;
        }
        kept.push(c);
    }
    let mut kept = kept.trim_end().to_owned();
    kept.push('…');
    kept
}

/// "3 min ago", "in 2 h"; a date where that says more.
pub fn relative(time: Time, now: Time) -> String {
    let gap = time.signed_duration_since(now);
    let seconds = gap.num_seconds().unsigned_abs();
    if seconds > 14 * DAY {
        return date(time);
    }
    let length = length(Duration::from_secs(seconds));
    match gap.num_seconds() {
        0 => "now".to_owned(),
        1.. => format!("in {length}"),
        _ => format!("{length} ago"),
    }
}

/// A length of time in its largest fitting unit, rounded down: "45 s", "3 min", "2 h", "5 d".
pub fn length(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds < 60 => format!("{seconds} s"),
        seconds if seconds < HOUR => format!("{} min", seconds / 60),
        seconds if seconds < 2 * DAY => format!("{} h", seconds / HOUR),
        seconds => format!("{} d", seconds / DAY),
    }
}

/// The day in UTC.
pub fn date(time: Time) -> String {
    time.format("%Y-%m-%d").to_string()
}

/// RFC 3339 in UTC, whole seconds.
pub fn stamp(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// "1 feed", "3 feeds".
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A person's word for an instant: RFC 3339, a day (its beginning, UTC), or how long ago.
pub fn since(text: &str, now: Time) -> Result<Time, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    let ago = text.strip_suffix(" ago").unwrap_or(text);
    humantime::parse_duration(ago)
        .ok()
        .and_then(|ago| chrono::TimeDelta::from_std(ago).ok())
        .and_then(|ago| now.checked_sub_signed(ago))
        .ok_or_else(|| {
            format!(
                "\"{}\" is no date: write one like 2026-11-24, 2026-11-24T16:40:00Z or 7d",
                plain(text)
            )
        })
}

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    #[test]
    fn nothing_of_a_feed_is_obeyed_by_a_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\u{9b}31mc\u{7}\r\n\t d\u{202e}e\0"), "a[2Jb31mc de");
    }

    #[test]
    fn text_is_fitted_by_columns_and_not_by_characters() {
        assert_eq!(fitted("short", 5), "short");
        assert_eq!(fitted("a longer line", 8), "a longe…");
        assert_eq!(fitted("日本語の題名", 7), "日本語…");
        assert_eq!(width(&fitted("日本語の題名", 6)), 5);
        assert_eq!(fitted("anything", 0), "…");
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        let now = at("2026-11-25T10:00:00Z");
        assert_eq!(relative(at("2026-11-25T09:59:15Z"), now), "45 s ago");
        assert_eq!(relative(at("2026-11-25T12:30:00Z"), now), "in 2 h");
        assert_eq!(relative(at("2026-11-20T10:00:00Z"), now), "5 d ago");
        assert_eq!(relative(at("2020-01-01T00:00:00Z"), now), "2020-01-01");
        assert_eq!(relative(now, now), "now");
    }

    #[test]
    fn since_takes_an_instant_a_day_or_a_length() {
        let now = at("2026-11-25T10:00:00Z");
        assert_eq!(since("2026-11-24T17:40:00+01:00", now), Ok(at("2026-11-24T16:40:00Z")));
        assert_eq!(since("2026-11-24", now), Ok(at("2026-11-24T00:00:00Z")));
        assert_eq!(since("7d", now), Ok(at("2026-11-18T10:00:00Z")));
        assert_eq!(since("2h ago", now), Ok(at("2026-11-25T08:00:00Z")));
        for text in ["", "yesterday", "24.11.2026", "-1d", "99999999999999y", "2026-13-01"] {
            assert!(since(text, now).is_err(), "{text}");
        }
    }
}
