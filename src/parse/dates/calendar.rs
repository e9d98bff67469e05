//! The calendar date among the tokens that the time of day left over.
//!
//! In: numbers, words and signs. Out: a day, and a time of day where it was written with
//! the date's own separators ("2024-01-05-10-30"). Order is told by what can be: a number
//! of four digits or over 31 is a year, and so on; where all orders can be, the separator
//! decides (dots: day first; slashes: month first; hyphens: ISO 8601).

use chrono::{NaiveDate, Weekday};

use super::{
    ClockTime, names,
    tokens::{Token, TokenKind},
};

/// A number of the date, with the sign that stands before it.
#[derive(Debug, Clone, Copy)]
struct Part {
    value: u32,
    digits: usize,
    before: Option<char>,
}

pub(super) fn date(tokens: &[Token]) -> Option<(NaiveDate, Option<ClockTime>)> {
    let parts = parts(tokens);
    if let Some(day) = week_date(tokens, &parts) {
        return Some((day, None));
    }
    match month(tokens) {
        Some(month) => with_month_name(month, &parts),
        None => with_numbers(&parts),
    }
}

/// `YYYYMMDD` as one number.
pub(super) fn from_digits(value: u64) -> Option<NaiveDate> {
    let value = u32::try_from(value).ok()?;
    day(value / 10_000, value / 100 % 100, value % 100)
}

fn parts(tokens: &[Token]) -> Vec<Part> {
    let mut before = None;
    let mut parts = Vec::with_capacity(6);
    for token in tokens {
        match token.kind {
            TokenKind::Number { value, digits } => {
                parts.push(Part {
                    value: u32::try_from(value).unwrap_or(u32::MAX),
                    digits,
                    before,
                });
                before = None;
            }
            TokenKind::Sign(sign) => before = Some(sign),
            TokenKind::Word(_) => before = None,
        }
    }
    parts
}

/// The month named in words.
///
/// Where two words could be months, one before all numbers is a weekday: "Mar, 05 Nov"
/// is a Spanish Tuesday in November.
fn month(tokens: &[Token]) -> Option<u32> {
    let mut first = None;
    let mut numbers = 0;
    for token in tokens {
        match &token.kind {
            TokenKind::Number { .. } => numbers += 1,
            TokenKind::Word(word) => {
                let Some(month) = names::month(word) else { continue };
                match first {
                    None => first = Some((month, numbers)),
                    Some((_, 0)) => return Some(month),
                    Some(_) => break,
                }
            }
            TokenKind::Sign(_) => {}
        }
    }
    // "mar 05/11/2024": three numbers are a date already, the word is a weekday.
    let (month, numbers_before) = first?;
    let all = tokens.iter().filter(|t| matches!(t.kind, TokenKind::Number { .. })).count();
    (numbers_before > 0 || all < 3 || !starts_with_numeric_date(tokens)).then_some(month)
}

/// Whether the first three numbers are joined by one and the same separator.
fn starts_with_numeric_date(tokens: &[Token]) -> bool {
    let mut numbers = parts(tokens).into_iter();
    let (Some(_), Some(second), Some(third)) = (numbers.next(), numbers.next(), numbers.next())
    else {
        return false;
    };
    second.before.is_some_and(|sign| matches!(sign, '/' | '.' | '-'))
        && second.before == third.before
}

fn with_month_name(month: u32, parts: &[Part]) -> Option<(NaiveDate, Option<ClockTime>)> {
    let year_at = parts
        .iter()
        .position(|part| part.digits >= 3 || part.value > 31)
        // "05 Nov 04": the day stands first, the year last.
        .or(if parts.len() >= 2 { Some(1) } else { None })?;
    let year = parts.get(year_at)?;
    let mut others = parts.iter().enumerate().filter(|(at, _)| *at != year_at).map(|(_, p)| p);
    let day_of_month = others.next().map_or(1, |part| part.value);
    let clock = clock(others);
    Some((day(full_year(year)?, month, day_of_month)?, clock))
}

fn with_numbers(parts: &[Part]) -> Option<(NaiveDate, Option<ClockTime>)> {
    let (first, rest) = parts.split_first()?;
    // ISO 8601:1988 truncated forms: "-0312" and "-03-12" are December 2003.
    let truncated = first.before == Some('-') && first.digits <= 4;
    let year_first = first.digits >= 4 || first.value > 31;
    let found = match rest {
        [] if truncated && first.digits == 4 => {
            day(full_year_of_two(first.value / 100)?, first.value % 100, 1)?
        }
        [] if truncated && first.digits == 2 => day(full_year_of_two(first.value)?, 1, 1)?,
        [] => unseparated(first)?,
        [month] if truncated && first.digits == 2 => day(full_year(first)?, month.value, 1)?,
        [ordinal] if ordinal.digits == 3 && ordinal.before == Some('-') && first.digits != 3 => {
            ordinal_date(full_year(first)?, ordinal.value)?
        }
        [month] if first.digits == 4 => day(full_year(first)?, month.value, 1)?,
        // "05/2024"
        [year] if year.digits == 4 => day(full_year(year)?, first.value, 1)?,
        // "20240105 103000"
        [clock] if first.digits == 8 && matches!(clock.digits, 4 | 6) => {
            let number = if clock.digits == 4 { clock.value * 100 } else { clock.value };
            let clock = ClockTime {
                hour: number / 10_000,
                minute: number / 100 % 100,
                second: number % 100,
            };
            return Some((unseparated(first)?, Some(clock)));
        }
        [second, third, ..] if year_first => {
            let year = full_year(first)?;
            day(year, second.value, third.value).or_else(|| day(year, third.value, second.value))?
        }
        [second, third, ..] if third.digits >= 3 || third.value > 31 => {
            let year = full_year(third)?;
            day_and_month(year, first.value, second)?
        }
        [second, third, ..] => {
            let iso = || day(full_year(first)?, second.value, third.value);
            let year_last = || day_and_month(full_year(third)?, first.value, second);
            match second.before {
                Some('-') => iso().or_else(year_last)?,
                _ => year_last().or_else(iso)?,
            }
        }
        _ => return None,
    };
    Some((found, clock(rest.iter().skip(2))))
}

/// Day and month in the order that the separator tells, else in the one that can be.
fn day_and_month(year: u32, first: u32, second: &Part) -> Option<NaiveDate> {
    let day_first = || day(year, second.value, first);
    let month_first = || day(year, first, second.value);
    if second.before == Some('/') {
        month_first().or_else(day_first)
    } else {
        day_first().or_else(month_first)
    }
}

/// Hours and minutes that follow the date without a colon.
fn clock<'a>(mut parts: impl Iterator<Item = &'a Part>) -> Option<ClockTime> {
    let hour = parts.next().filter(|part| part.digits <= 2)?.value;
    let minute = parts.next().filter(|part| part.digits <= 2)?.value;
    let second = parts.next().filter(|part| part.digits <= 2).map_or(0, |part| part.value);
    Some(ClockTime { hour, minute, second })
}

/// ISO 8601 basic forms: `YYYYMMDD`, `YYYYDDD`, `YYMMDD`, `YYDDD`, `YYYY`.
fn unseparated(part: &Part) -> Option<NaiveDate> {
    let value = part.value;
    match part.digits {
        8 => from_digits(value.into()),
        7 => ordinal_date(value / 1000, value % 1000),
        6 => day(full_year_of_two(value / 10_000)?, value / 100 % 100, value % 100)
            .or_else(|| day(value / 100, value % 100, 1)),
        5 => ordinal_date(full_year_of_two(value / 1000)?, value % 1000),
        4 => day(value, 1, 1),
        _ => None,
    }
}

/// `2004-W53-6`, `2004W536`, `2004-W53`.
fn week_date(tokens: &[Token], parts: &[Part]) -> Option<NaiveDate> {
    tokens.iter().position(|token| token.kind == TokenKind::Word("w".into()))?;
    let year = parts.first().filter(|part| part.digits == 4)?.value;
    let week = parts.get(1)?;
    let (week, weekday) = match week.digits {
        3 => (week.value / 10, week.value % 10),
        _ => (week.value, parts.get(2).map_or(1, |part| part.value)),
    };
    let weekday = Weekday::try_from(u8::try_from(weekday.checked_sub(1)?).ok()?).ok()?;
    NaiveDate::from_isoywd_opt(i32::try_from(year).ok()?, week, weekday)
}

fn ordinal_date(year: u32, ordinal: u32) -> Option<NaiveDate> {
    NaiveDate::from_yo_opt(possible_year(year)?, ordinal)
}

/// The day, or the month's last where the month is shorter.
fn day(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    let year = possible_year(year)?;
    if !(1..=31).contains(&day) {
        return None;
    }
    (0..=3).find_map(|over| NaiveDate::from_ymd_opt(year, month, day.checked_sub(over)?))
}

fn possible_year(year: u32) -> Option<i32> {
    YEARS.contains(&year).then_some(i32::try_from(year).ok()?)
}

fn full_year(part: &Part) -> Option<u32> {
    match part.digits {
        ..=2 => full_year_of_two(part.value),
        // RFC 5322 section 4.3: three digits count from 1900 (a bug of early JavaScript).
        3 if part.value >= 100 => Some(part.value + 1900),
        _ => Some(part.value),
    }
}

/// RFC 5322 section 4.3: 00 to 49 are of this century.
fn full_year_of_two(value: u32) -> Option<u32> {
    match value {
        0..=49 => Some(2000 + value),
        50..=99 => Some(1900 + value),
        _ => None,
    }
}

/// Diaries of the dead are published as feeds, so old years are real; the year 1 is the
/// zero of several programming languages.
const YEARS: std::ops::RangeInclusive<u32> = 1000..=9999;

#[cfg(test)]
mod tests {
    use chrono::Datelike;

    use super::*;

    #[test]
    fn a_day_beyond_the_end_of_its_month_is_the_last_one() {
        assert_eq!(day(2023, 2, 31).map(|day| day.day()), Some(28));
        assert_eq!(day(2023, 2, 32), None);
    }
}
