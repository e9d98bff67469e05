//! A date's text cut into numbers, words and signs.
//!
//! In: any text. Out: at most [`MAX_TOKENS`] tokens of its first [`MAX_CHARS`] characters,
//! comments in parentheses left out (RFC 5322 section 3.2.2, without recursion). Words are
//! lower case and without accents; East Asian signs for year, month and day are separators.

use unicode_normalization::UnicodeNormalization;

use super::Half;

/// One piece of a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: TokenKind,
    /// White space stood before it.
    pub after_space: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// `value` saturates; `digits` counts what was written.
    Number {
        value: u64,
        digits: usize,
    },
    Word(String),
    Sign(char),
}

/// The tokens, and what the script of the text says beside them.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    pub list: Vec<Token>,
    /// Half of the day named before the time, as in East Asia.
    pub half: Option<Half>,
    /// Seconds east of Greenwich, where the words are of a country with one zone.
    pub country_seconds_east: Option<i32>,
}

pub(super) fn read(text: &str) -> Tokens {
    let mut tokens = Tokens::default();
    let mut after_space = false;
    let text = plain_characters(text, &mut tokens);
    let mut rest = text.chars().peekable();
    while let Some(&next) = rest.peek() {
        if tokens.list.len() >= MAX_TOKENS {
            break;
        }
        let kind = if next.is_whitespace() {
            rest.next();
            after_space = true;
            continue;
        } else if next.is_ascii_digit() {
            let mut value: u64 = 0;
            let mut digits = 0;
            while let Some(digit) = rest.peek().and_then(|digit| digit.to_digit(10)) {
                value = value.saturating_mul(10).saturating_add(digit.into());
                digits += 1;
                rest.next();
            }
            TokenKind::Number { value, digits }
        } else if next.is_alphabetic() {
            TokenKind::Word(read_word(&mut rest))
        } else {
            rest.next();
            TokenKind::Sign(next)
        };
        tokens.list.push(Token { kind, after_space });
        after_space = false;
    }
    tokens
}

/// Letters, with the full stops inside an abbreviation ("a.m.") left out.
fn read_word(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut word = String::new();
    while let Some(&next) = rest.peek() {
        if next.is_alphabetic() {
            word.push(next);
        } else if next == '.' {
            let mut ahead = rest.clone();
            ahead.next();
            if !ahead.peek().is_some_and(|after| after.is_alphabetic()) {
                break;
            }
        } else {
            break;
        }
        rest.next();
    }
    word
}

/// Lower case without accents, ASCII digits and signs, comments left out, and the signs of
/// East Asian dates turned into those that everybody uses.
fn plain_characters(text: &str, tokens: &mut Tokens) -> String {
    let mut plain = String::with_capacity(text.len().min(MAX_CHARS));
    let mut depth = 0u32;
    let mut east_asian = false;
    for letter in text.trim().chars().take(MAX_SCANNED) {
        match letter {
            '(' | '（' => depth += 1,
            ')' | '）' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            _ => {
                east_asian |= letter >= '\u{2E80}';
                plain.push(letter);
                if plain.len() >= MAX_CHARS {
                    break;
                }
            }
        }
    }
    if east_asian {
        plain = without_east_asian_words(&plain, tokens);
    }
    if plain.is_ascii() {
        plain.make_ascii_lowercase();
        return plain;
    }
    plain
        .nfd()
        .filter(|letter| !('\u{300}'..='\u{36F}').contains(letter))
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FF0D}' => '-',
            '\u{FF1A}' => ':',
            '\u{FF0F}' => '/',
            '\u{FF0B}' => '+',
            // Final sigma and dotless i, so that a stem is spelt in one way.
            'ς' => 'σ',
            'ı' => 'i',
            'ł' => 'l',
            _ => other_digit(letter).unwrap_or(letter),
        })
        .filter(|letter| !matches!(letter, '\u{200B}'..='\u{200F}' | '\u{FEFF}' | '\u{307}'))
        .collect()
}

/// Arabic, Persian, Devanagari and full-width digits.
fn other_digit(letter: char) -> Option<char> {
    let zero = match letter {
        '\u{660}'..='\u{669}' => 0x660,
        '\u{6F0}'..='\u{6F9}' => 0x6F0,
        '\u{966}'..='\u{96F}' => 0x966,
        '\u{FF10}'..='\u{FF19}' => 0xFF10,
        _ => return None,
    };
    char::from_digit(u32::from(letter) - zero, 10)
}

/// Weekdays out, signs for parts of the date and of the time to `-` and `:`.
fn without_east_asian_words(text: &str, tokens: &mut Tokens) -> String {
    const KOREA: i32 = 9 * 3600;
    const JAPAN: i32 = 9 * 3600;
    const CHINA: i32 = 8 * 3600;
    for (word, half, east) in [
        ("오전", Some(Half::Morning), KOREA),
        ("오후", Some(Half::Afternoon), KOREA),
        ("午前", Some(Half::Morning), JAPAN),
        ("午後", Some(Half::Afternoon), JAPAN),
        ("上午", Some(Half::Morning), CHINA),
        ("早上", Some(Half::Morning), CHINA),
        ("下午", Some(Half::Afternoon), CHINA),
        ("晚上", Some(Half::Afternoon), CHINA),
        ("년", None, KOREA),
        ("曜日", None, JAPAN),
        ("星期", None, CHINA),
    ] {
        if text.contains(word) {
            tokens.half = tokens.half.or(half);
            tokens.country_seconds_east = tokens.country_seconds_east.or(Some(east));
        }
    }
    let letters: Vec<char> = text.chars().collect();
    let mut plain = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let next = letters.get(at + 1);
        let after = letters.get(at + 2);
        let follows_digit = plain.trim_end().ends_with(|c: char| c.is_numeric());
        at += 1;
        match (letter, next) {
            // "月曜日" and "월요일" are Mondays, not months.
            (_, Some('曜')) if after == Some(&'日') => at += 2,
            (_, Some('요')) if after == Some(&'일') => at += 2,
            ('星', Some('期')) => at += 2,
            ('周' | '週', Some(_)) if !follows_digit => at += 1,
            ('年' | '년' | '月' | '월', _) if follows_digit => {
                plain.truncate(plain.trim_end().len());
                plain.push('-');
                while letters.get(at).is_some_and(|c| c.is_whitespace()) {
                    at += 1;
                }
            }
            ('时' | '時' | '시' | '点' | '點' | '分' | '분', _) if follows_digit => {
                plain.truncate(plain.trim_end().len());
                while letters.get(at).is_some_and(|c| c.is_whitespace()) {
                    at += 1;
                }
                // "10时" alone still has to look like a time, "10:14分" must not end in ":".
                let digit_follows = letters.get(at).is_some_and(|c| c.is_numeric());
                let minute = matches!(letter, '分' | '분');
                match (digit_follows, minute) {
                    (true, _) => plain.push(':'),
                    (false, true) => plain.push(' '),
                    (false, false) => plain.push_str(":00 "),
                }
            }
            _ if letter >= '\u{2E80}' && !('\u{FF01}'..='\u{FF5E}').contains(&letter) => {
                plain.push(' ');
            }
            _ => plain.push(letter),
        }
    }
    plain
}

/// The longest honest date with its weekday, zone and full month names is under 80.
const MAX_CHARS: usize = 160;
/// How far to look past comments; more is no date.
const MAX_SCANNED: usize = 4096;
/// Enough for twice the longest honest date.
const MAX_TOKENS: usize = 48;
