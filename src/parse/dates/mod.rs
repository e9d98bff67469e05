//! Dates as publishers write them.
//!
//! In: the text of a date, in any of the shapes seen in the wild: RFC 822 and its heirs,
//! RFC 850, asctime, ISO 8601 and W3C-DTF with parts missing, month names of some twenty
//! languages, seconds since 1970. Out: an instant, or `None` where no date is in the text.
//! Never here: the clock; a text that means "today" is no date.
//!
//! The text is read in three steps, each linear: `tokens` cuts it into numbers, words and
//! signs; the time of day and its zone are taken out; what is left is the calendar date.

mod calendar;
mod names;
mod tokens;

use chrono::{DateTime, Duration, NaiveDateTime, NaiveTime, TimeZone, Utc};

use crate::model::Time;
use names::Zone;
use tokens::{Token, TokenKind, Tokens};

/// The instant that `text` names.
///
/// A missing zone is UTC, save where the words are of a country that has one zone (Korea,
/// Japan, China); a missing time is midnight, a missing day or month the first. A weekday
/// counts for nothing, since it is wrong more often than the date is. A day that the month
/// does not have becomes its last; a time of day that cannot be is midnight.
pub(crate) fn parse(text: &str) -> Option<Time> {
    let tokens = tokens::read(text);
    if let Some(instant) = lone_number(&tokens) {
        return Some(instant);
    }
    let mut rest = tokens.list;
    let clock = take_clock(&mut rest);
    let (date, clock_in_date) = calendar::date(&rest)?;
    let seconds_east = clock
        .as_ref()
        .and_then(|clock| clock.zone)
        .map(|zone| zone.seconds_east(date))
        .or(tokens.country_seconds_east)
        .unwrap_or(0);
    let half = clock.as_ref().and_then(|clock| clock.half).or(tokens.half);
    let time = match clock.and_then(|clock| clock.time).or(clock_in_date) {
        Some(time) => time.since_midnight(half),
        None => Duration::zero(),
    };
    let local = NaiveDateTime::new(date, NaiveTime::MIN).checked_add_signed(time)?;
    let utc = local.checked_sub_signed(Duration::seconds(seconds_east.into()))?;
    Some(Utc.from_utc_datetime(&utc))
}

/// Hours, minutes and seconds as written; not yet known to be possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ClockTime {
    hour: u32,
    minute: u32,
    second: u32,
}

/// Which half of the day a twelve-hour clock means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Morning,
    Afternoon,
}

impl ClockTime {
    /// 24:00 is the next midnight, and second 60 (a leap second) the next minute's start.
    fn since_midnight(self, half: Option<Half>) -> Duration {
        let Self { hour, minute, second } = self;
        let possible =
            (hour < 24 && minute < 60 && second <= 60) || (hour == 24 && minute + second == 0);
        if !possible {
            return Duration::zero();
        }
        let hour = match half {
            Some(Half::Morning) if hour == 12 => 0,
            Some(Half::Afternoon) if hour < 12 => hour + 12,
            _ => hour,
        };
        Duration::seconds(i64::from(hour * 3600 + minute * 60 + second))
    }
}

/// The time of day with all that stands behind it.
#[derive(Debug, Default)]
struct Clock {
    time: Option<ClockTime>,
    half: Option<Half>,
    zone: Option<Zone>,
}

/// Takes the time of day and the zone out of the tokens, so that the date is left.
fn take_clock(tokens: &mut Vec<Token>) -> Option<Clock> {
    let (start, end, time) = find_time(tokens)?;
    let mut clock = Clock { time: Some(time), ..Clock::default() };
    let tail = tokens.split_off(end);
    tokens.truncate(start);
    let mut tail = tail.into_iter().peekable();
    // A sign makes an offset only where it follows the time, AM/PM or a zone name.
    let mut expects_offset = true;
    while let Some(token) = tail.next() {
        match &token.kind {
            TokenKind::Word(word) => {
                if let Some(half) = names::half_of_day(word) {
                    clock.half = clock.half.or(Some(half));
                } else if let Some(zone) = names::zone(word) {
                    clock.zone = clock.zone.or(Some(zone));
                    expects_offset = true;
                    continue;
                } else {
                    tokens.push(token);
                }
            }
            TokenKind::Sign(sign @ ('+' | '-')) if expects_offset => {
                let Some(&TokenKind::Number { value, digits }) = tail.peek().map(|t| &t.kind)
                else {
                    continue;
                };
                let loose = tail.peek().is_some_and(|next| next.after_space);
                let minutes = if digits <= 2 { colon_minutes(&mut tail.clone()) } else { None };
                match offset_seconds(*sign, value, digits, minutes) {
                    Some(seconds) => {
                        clock.zone = Some(Zone::Fixed(seconds));
                        tail.next();
                        if minutes.is_some() {
                            tail.next();
                            tail.next();
                        }
                    }
                    // "+9999" is no zone and no year either; " - 2004" is a year.
                    None if !loose => {
                        tail.next();
                    }
                    None => {}
                }
                expects_offset = false;
            }
            TokenKind::Number { .. } => {
                expects_offset = false;
                tokens.push(token);
            }
            TokenKind::Sign(_) => tokens.push(token),
        }
    }
    Some(clock)
}

/// The minutes of `+05:30`, where the peeked tokens go on that way.
fn colon_minutes(tail: &mut impl Iterator<Item = Token>) -> Option<u32> {
    tail.next()?;
    let colon = tail.next()?;
    let minutes = tail.next()?;
    match (colon.kind, minutes.kind) {
        (TokenKind::Sign(':'), TokenKind::Number { value, digits: 2 }) => u32::try_from(value).ok(),
        _ => None,
    }
}

/// `+5`, `+05`, `+0530`, `+05:30`; `None` beyond what zones can be.
fn offset_seconds(sign: char, value: u64, digits: usize, minutes: Option<u32>) -> Option<i32> {
    let value = i32::try_from(value).ok()?;
    let (hours, minutes) = match (digits, minutes) {
        (1 | 2, minutes) => (value, i32::try_from(minutes.unwrap_or(0)).ok()?),
        (3 | 4, None) => (value / 100, value % 100),
        (6, None) => (value / 10_000, value / 100 % 100),
        _ => return None,
    };
    let east =
        (hours <= MAX_OFFSET_HOURS && minutes < 60).then_some(hours * 3600 + minutes * 60)?;
    Some(if sign == '-' { -east } else { east })
}

/// Where the time of day stands: first token, token after the last, and what it says.
fn find_time(tokens: &[Token]) -> Option<(usize, usize, ClockTime)> {
    let mut numbers_before = 0;
    for (at, token) in tokens.iter().enumerate() {
        let TokenKind::Number { value, digits } = token.kind else { continue };
        let before = at.checked_sub(1).and_then(|before| tokens.get(before)).map(|t| &t.kind);
        // The offset of a date without time: "2003-12-31+01:00", "2003-12-31-05:00".
        let is_offset = matches!(before, Some(TokenKind::Sign('+')))
            || (matches!(before, Some(TokenKind::Sign('-'))) && numbers_before >= 3);
        if is_offset && let Some((end, time)) = midnight_before_offset(tokens, at) {
            return Some((at - 1, end, time));
        }
        numbers_before += 1;
        let hour = u32::try_from(value).unwrap_or(u32::MAX);
        if digits <= 2 {
            if let Some((end, minute, second)) = clock_after_hour(tokens, at + 1) {
                return Some((at, end, ClockTime { hour, minute, second }));
            }
            // "3 PM" has no minutes at all.
            let next = tokens.get(at + 1).map(|t| &t.kind);
            if let Some(TokenKind::Word(word)) = next
                && names::half_of_day(word).is_some()
                && word.len() == 2
            {
                return Some((at, at + 1, ClockTime { hour, minute: 0, second: 0 }));
            }
        }
        // ISO's basic form: T10, T1014, T101455.
        if matches!(before, Some(TokenKind::Word(word)) if word == "t") && at >= 2 {
            let number = hour;
            let time = match digits {
                1 | 2 => ClockTime { hour, minute: 0, second: 0 },
                4 => ClockTime { hour: number / 100, minute: number % 100, second: 0 },
                6 => ClockTime {
                    hour: number / 10_000,
                    minute: number / 100 % 100,
                    second: number % 100,
                },
                _ => continue,
            };
            return Some((at - 1, after_fraction(tokens, at + 1), time));
        }
    }
    None
}

/// Minutes and seconds behind an hour: `:14`, `:14:55.5`, `h30`, `.30 Uhr`.
fn clock_after_hour(tokens: &[Token], at: usize) -> Option<(usize, u32, u32)> {
    let minute = || number(tokens, at + 1, 2);
    match tokens.get(at).map(|t| &t.kind)? {
        TokenKind::Sign(':') => {
            let minute = minute()?;
            let second = match tokens.get(at + 2).map(|t| &t.kind) {
                Some(TokenKind::Sign(':')) => number(tokens, at + 3, 2),
                _ => None,
            };
            let end = if second.is_some() { at + 4 } else { at + 2 };
            Some((after_fraction(tokens, end), minute, second.unwrap_or(0)))
        }
        TokenKind::Word(word) if matches!(word.as_str(), "h" | "uhr" | "ч") => {
            match number(tokens, at + 1, 2).filter(|_| word != "uhr") {
                Some(minute) => Some((at + 2, minute, 0)),
                None => Some((at + 1, 0, 0)),
            }
        }
        TokenKind::Sign('.') => {
            let minute = minute()?;
            match tokens.get(at + 2).map(|t| &t.kind)? {
                TokenKind::Word(word) if word == "uhr" => Some((at + 3, minute, 0)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Skips the fraction of a second, which nothing of ours needs.
fn after_fraction(tokens: &[Token], at: usize) -> usize {
    let fraction = matches!(
        (tokens.get(at).map(|t| &t.kind), tokens.get(at + 1)),
        (
            Some(TokenKind::Sign('.' | ',')),
            Some(Token { kind: TokenKind::Number { .. }, after_space: false })
        )
    );
    if fraction { at + 2 } else { at }
}

/// A date that is followed by an offset but has no time starts at that zone's midnight.
fn midnight_before_offset(tokens: &[Token], number_at: usize) -> Option<(usize, ClockTime)> {
    let colon = matches!(tokens.get(number_at + 1).map(|t| &t.kind), Some(TokenKind::Sign(':')));
    let plus = number_at
        .checked_sub(1)
        .and_then(|at| tokens.get(at))
        .is_some_and(|token| token.kind == TokenKind::Sign('+'));
    (colon || plus).then_some((number_at - 1, ClockTime { hour: 0, minute: 0, second: 0 }))
}

fn number(tokens: &[Token], at: usize, max_digits: usize) -> Option<u32> {
    match tokens.get(at)?.kind {
        TokenKind::Number { value, digits } if digits <= max_digits => u32::try_from(value).ok(),
        _ => None,
    }
}

/// A text of digits alone: seconds, milliseconds or microseconds since 1970, or a date
/// and time without any separator.
fn lone_number(tokens: &Tokens) -> Option<Time> {
    let (digits, value) = match tokens.list.as_slice() {
        [Token { kind: TokenKind::Number { value, digits }, .. }] => (*digits, *value),
        // A fraction of a second.
        [
            Token { kind: TokenKind::Number { value, digits: digits @ 9..=10 }, .. },
            Token { kind: TokenKind::Sign('.'), .. },
            Token { kind: TokenKind::Number { .. }, after_space: false },
        ] => (*digits, *value),
        _ => return None,
    };
    let compact = |value: u64, clock: u64| {
        let day = calendar::from_digits(value)?;
        let time = ClockTime {
            hour: u32::try_from(clock / 10_000).ok()?,
            minute: u32::try_from(clock / 100 % 100).ok()?,
            second: u32::try_from(clock % 100).ok()?,
        };
        let midnight = NaiveDateTime::new(day, NaiveTime::MIN);
        Some(Utc.from_utc_datetime(&midnight.checked_add_signed(time.since_midnight(None))?))
    };
    let value_signed = i64::try_from(value).ok()?;
    match digits {
        9..=11 => DateTime::from_timestamp(value_signed, 0),
        12 => compact(value / 10_000, value % 10_000 * 100)
            .or_else(|| DateTime::from_timestamp_millis(value_signed)),
        13 => DateTime::from_timestamp_millis(value_signed),
        14 => compact(value / 1_000_000, value % 1_000_000),
        16 => DateTime::from_timestamp_micros(value_signed),
        _ => None,
    }
}

/// UTC+14 (Kiribati) and UTC-12 are the real ends; some clocks are set wrong by more.
const MAX_OFFSET_HOURS: i32 = 18;

#[cfg(test)]
mod tests;
