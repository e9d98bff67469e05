//! Instants and spans as people say them. UTC, the same on every machine.

use chrono::SecondsFormat;

use crate::model::Time;

/// An instant for `<time>`: machine's form and people's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    pub iso: String,
    pub words: String,
}

/// "25 Nov 2026, 10:22"
pub fn moment(time: Time) -> Moment {
    Moment { iso: iso(time), words: time.format("%-d %b %Y, %H:%M").to_string() }
}

/// "2026-11-25T10:22:01Z"
pub fn iso(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// "10:22"
pub fn clock(time: Time) -> String {
    time.format("%H:%M").to_string()
}

/// "2026-11-25"
pub fn date(time: Time) -> String {
    time.format("%Y-%m-%d").to_string()
}

/// "Wednesday, 25 November 2026"
pub fn day(time: Time) -> String {
    time.format("%A, %-d %B %Y").to_string()
}

/// "12.3 MB", "640 kB"
pub fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a size in words needs two digits")]
    let bytes_float = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.0} kB", bytes_float / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes_float / 1e6),
        _ => format!("{:.1} GB", bytes_float / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_digits_or_three() {
        assert_eq!(
            (size(999), size(640_400), size(12_345_678)),
            ("999 bytes".into(), "640 kB".into(), "12.3 MB".into())
        );
    }
}
