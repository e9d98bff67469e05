//! What a character is to a word, and what it is folded to.
//!
//! In: a character. Out: its classes, as bits, and its folded form. Those of the European
//! scripts are looked up in a table that is made by the same rules as all others are by.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

/// A letter or digit of any script.
pub(super) const ALPHANUMERIC: u8 = 1;
pub(super) const NUMERIC: u8 = 1 << 1;
pub(super) const UPPER: u8 = 1 << 2;
pub(super) const LOWER: u8 = 1 << 3;
pub(super) const ASCII_DIGIT: u8 = 1 << 4;
/// A letter, a digit, or a mark that belongs to the letter before it, as in Hindi, Thai or
/// decomposed Latin.
pub(super) const WORD: u8 = 1 << 5;
/// A letter of a script that is written without spaces between words.
pub(super) const UNSPACED_SCRIPT: u8 = 1 << 6;

/// What a character is.
pub(super) fn class(character: char) -> u8 {
    match KNOWN.classes.get(character as usize) {
        Some(&class) => class,
        None => judged(character),
    }
}

/// Appends a character in lower case, compatibility forms taken apart, accents of the
/// European scripts dropped.
pub(super) fn fold_into(character: char, letters: &mut String) {
    if character.is_ascii() {
        return letters.push(character.to_ascii_lowercase());
    }
    let at = character as usize;
    match (KNOWN.ends.get(at.wrapping_sub(1)), KNOWN.ends.get(at)) {
        (Some(&begin), Some(&end)) => {
            letters.push_str(KNOWN.folded.get(begin.into()..end.into()).unwrap_or_default());
        }
        _ => folded_into(character, letters),
    }
}

/// Appends a character of an unspaced script, compatibility forms made usual ones.
pub(super) fn composed_into(character: char, letters: &mut String) {
    match character {
        // Most Han, hiragana and katakana are their own form.
        '\u{4e00}'..='\u{9fff}' | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' => {
            letters.push(character);
        }
        _ => letters.extend(std::iter::once(character).nfkc()),
    }
}

/// The characters before [`FIRST_UNKNOWN`].
struct Known {
    classes: Vec<u8>,
    /// Their folded forms in a row, and where each ends.
    folded: String,
    ends: Vec<u16>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut known = Known { classes: Vec::new(), folded: String::new(), ends: Vec::new() };
    for character in '\0'..FIRST_UNKNOWN {
        known.classes.push(judged(character));
        folded_into(character, &mut known.folded);
        known.ends.push(u16::try_from(known.folded.len()).unwrap_or(u16::MAX));
    }
    known
});

/// Behind Latin, Greek and Cyrillic.
const FIRST_UNKNOWN: char = '\u{530}';

fn judged(character: char) -> u8 {
    let is_alphanumeric = character.is_alphanumeric();
    let is_mark = || unicode_normalization::char::is_combining_mark(character);
    let mut class = 0;
    for (bit, is_so) in [
        (ALPHANUMERIC, is_alphanumeric),
        (NUMERIC, is_alphanumeric && character.is_numeric()),
        (UPPER, is_alphanumeric && character.is_uppercase()),
        (LOWER, is_alphanumeric && character.is_lowercase()),
        (ASCII_DIGIT, character.is_ascii_digit()),
        (WORD, is_alphanumeric || is_mark()),
        (UNSPACED_SCRIPT, is_alphanumeric && is_unspaced(character)),
    ] {
        if is_so {
            class |= bit;
        }
    }
    class
}

fn folded_into(character: char, letters: &mut String) {
    match character {
        'ß' | 'ẞ' => return letters.push_str("ss"),
        'ς' => return letters.push('σ'),
        'ø' | 'Ø' => return letters.push('o'),
        'ł' | 'Ł' => return letters.push('l'),
        'æ' | 'Æ' => return letters.push_str("ae"),
        // Hangul syllables would fall apart into their letters, three times as long.
        '\u{ac00}'..='\u{d7a3}' => return letters.push(character),
        _ => {}
    }
    for part in std::iter::once(character).nfkd() {
        if !('\u{300}'..='\u{36f}').contains(&part) {
            letters.extend(part.to_lowercase());
        }
    }
}

fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{0e00}'..='\u{0eff}'     // Thai, Lao
        | '\u{1000}'..='\u{109f}'   // Burmese
        | '\u{1780}'..='\u{17ff}'   // Khmer
        | '\u{3040}'..='\u{30ff}'   // kana
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}'   // Han
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_up_is_what_the_rules_say() {
        let (mut known, mut said) = (String::new(), String::new());
        for character in '\0'..=char::MAX {
            assert_eq!(class(character), judged(character), "{character:?}");
            known.clear();
            said.clear();
            fold_into(character, &mut known);
            folded_into(character, &mut said);
            assert_eq!(known, said, "{character:?}");
            known.clear();
            composed_into(character, &mut known);
            assert!(known.chars().eq(std::iter::once(character).nfkc()), "{character:?}");
        }
    }

    #[test]
    fn a_mark_goes_on_with_a_word_and_begins_none() {
        assert_eq!(class('\u{301}'), WORD);
        assert_eq!(class('é'), WORD | ALPHANUMERIC | LOWER);
        assert_eq!(class('’'), 0);
    }
}
