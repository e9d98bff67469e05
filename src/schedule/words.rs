//! Spans and instants as people say them.

use std::time::Duration;

use crate::model::Time;

/// "30 s", "15 min", "5.8 h", "2 days": one number, one unit.
pub fn in_words(span: Duration) -> String {
    let seconds = span.as_secs_f64();
    let (number, unit) = match seconds {
        ..120.0 => (seconds, "s"),
        ..7200.0 => (seconds / MINUTE, "min"),
        ..172_800.0 => (seconds / HOUR, "h"),
        _ => (seconds / DAY, "days"),
    };
    // A decimal where it tells something: "5.8 h", but "58 min" and "6 h".
    let tenths = (number * 10.0).round() / 10.0;
    if number < 10.0 && tenths.fract() != 0.0 {
        format!("{tenths} {unit}")
    } else {
        format!("{} {unit}", number.round())
    }
}

/// "2026-11-25 10:00 UTC".
pub(super) fn instant(time: Time) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// "about one entry a week", "about 5 entries a day".
pub(super) fn rate(gap: Duration) -> String {
    let gap = gap.as_secs_f64();
    let Some((unit, name)) = [
        (HOUR, "an hour"),
        (DAY, "a day"),
        (7.0 * DAY, "a week"),
        (30.0 * DAY, "a month"),
        (365.0 * DAY, "a year"),
    ]
    .into_iter()
    .find(|(unit, _)| gap <= unit * 1.4) else {
        return "less than one entry a year".to_owned();
    };
    match (unit / gap.max(1.0)).round() {
        ..2.0 => format!("about one entry {name}"),
        entries => format!("about {entries} entries {name}"),
    }
}

const MINUTE: f64 = 60.0;
const HOUR: f64 = 60.0 * MINUTE;
const DAY: f64 = 24.0 * HOUR;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_rates_read_as_people_say_them() {
        let words = |seconds| in_words(Duration::from_secs(seconds));
        assert_eq!(words(1), "1 s");
        assert_eq!(words(900), "15 min");
        assert_eq!(words(20_880), "5.8 h");
        assert_eq!(words(86_400), "24 h");
        assert_eq!(words(259_200), "3 days");
        let rate = |seconds| rate(Duration::from_secs(seconds));
        assert_eq!(rate(7 * 86_400), "about one entry a week");
        assert_eq!(rate(86_400 / 5), "about 5 entries a day");
        assert_eq!(rate(720), "about 5 entries an hour");
        assert_eq!(rate(1000 * 86_400), "less than one entry a year");
    }
}
