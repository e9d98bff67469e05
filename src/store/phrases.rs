//! Words as they stand side by side, which the search index does not know (decision 0009).
//!
//! In: a term of a search; texts. Out: the words that it is made of; which of the texts have
//! the terms as they stand. FTS5 itself says both, of a few texts in memory, so that a word
//! is here what it is in the index.

use std::collections::HashSet;

use rusqlite::Connection;

use super::search::SearchText;

/// FTS5 with places, and a way to read its words in their order. The tokenizer is that of
/// the table `search`.
const TABLES: &str = "
    CREATE VIRTUAL TABLE held USING fts5 (
        title, author, text, content = '', tokenize = 'unicode61 remove_diacritics 2'
    );
    CREATE VIRTUAL TABLE words USING fts5vocab (held, instance);";

/// Texts under a glass.
#[derive(Debug)]
pub(super) struct Glass(Connection);

impl Glass {
    pub(super) fn new() -> rusqlite::Result<Self> {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(TABLES)?;
        Ok(Self(connection))
    }

    /// The words of a text in their order, as an index has them.
    pub(super) fn words(&self, text: &str) -> rusqlite::Result<Vec<String>> {
        self.hold(0, text, "", "")?;
        let words = self
            .0
            .prepare_cached("SELECT term FROM words ORDER BY offset")?
            .query_map([], |row| row.get(0))?
            .collect();
        self.release()?;
        words
    }

    /// Which of the texts match an FTS5 query.
    fn matching(&self, query: &str, texts: &[(i64, SearchText)]) -> rusqlite::Result<HashSet<i64>> {
        let together = self.0.unchecked_transaction()?;
        for (number, it) in texts {
            self.hold(*number, &it.title, &it.author, &it.text)?;
        }
        let found = self
            .0
            .prepare_cached("SELECT rowid FROM held WHERE held MATCH ?1")?
            .query_map([query], |row| row.get(0))?
            .collect();
        self.release()?;
        together.commit()?;
        found
    }

    fn hold(&self, number: i64, title: &str, author: &str, text: &str) -> rusqlite::Result<()> {
        self.0
            .prepare_cached(
                "INSERT INTO held (rowid, title, author, text) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((number, title, author, text))?;
        Ok(())
    }

    fn release(&self) -> rusqlite::Result<()> {
        self.0.prepare_cached("INSERT INTO held (held) VALUES ('delete-all')")?.execute([])?;
        Ok(())
    }
}

/// Terms of which some are more than one word.
#[derive(Debug)]
pub(super) struct Phrases {
    glass: Glass,
    /// All terms, as FTS5 takes them.
    query: String,
    /// Those of more than one word.
    phrases: Vec<Vec<String>>,
}

impl Phrases {
    pub(super) fn new(glass: Glass, query: String, phrases: Vec<Vec<String>>) -> Self {
        Self { glass, query, phrases }
    }

    /// Which of the texts have all terms as they stand.
    pub(super) fn found_in(
        &self,
        mut texts: Vec<(i64, SearchText)>,
    ) -> rusqlite::Result<HashSet<i64>> {
        texts.retain(|(_, it)| {
            self.phrases.iter().all(|phrase| {
                [&it.title, &it.author, &it.text].iter().any(|text| may_have(text, phrase))
            })
        });
        if texts.is_empty() {
            return Ok(HashSet::new());
        }
        self.glass.matching(&self.query, &texts)
    }
}

/// Whether the words stand side by side, or only FTS5 can say: a tenth of what it costs to
/// ask, for texts in which every sign is known to be a letter or none.
fn may_have(text: &str, phrase: &[String]) -> bool {
    if text.chars().any(|sign| !is_part(sign) && !is_between(sign)) {
        return true;
    }
    let [first, others @ ..] = phrase else { return true };
    let mut words = text.split(is_between).filter(|word| !word.is_empty());
    while words.by_ref().any(|word| may_be(word, first)) {
        let mut following = words.clone();
        let is_next = |other: &String| following.next().is_some_and(|word| may_be(word, other));
        if others.iter().all(is_next) {
            return true;
        }
    }
    false
}

/// A letter or figure to `unicode61`, which makes one letter or figure of it.
fn is_part(sign: char) -> bool {
    match sign {
        '\0'..='\u{7f}' => sign.is_ascii_alphanumeric(),
        // Latin, Greek, Cyrillic.
        '\u{c0}'..='\u{24f}' | '\u{386}'..='\u{481}' | '\u{48a}'..='\u{52f}' => {
            sign.is_alphabetic()
        }
        _ => false,
    }
}

fn is_between(sign: char) -> bool {
    (sign.is_ascii() && !sign.is_ascii_alphanumeric())
        || matches!(sign, '\u{a0}' | '«' | '»' | '\u{2010}'..='\u{2027}')
}

/// Whether a word of a text may be this word of an index, which has lost its case and accents.
fn may_be(word: &str, folded: &str) -> bool {
    let mut signs = folded.chars();
    let is_same = |sign: char| {
        signs.next().is_some_and(|folded| !sign.is_ascii() || sign.eq_ignore_ascii_case(&folded))
    };
    word.chars().all(is_same) && signs.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_look_says_what_fts5_says() {
        let glass = Glass::new().unwrap();
        let texts = [
            "one two",
            "One—TWO",
            "one, one two",
            "one two-three",
            "one2 two",
            "two one",
            "onetwo",
            "one … “two”",
            "one«two»three",
            "öne TWÓ three",
            "one twofold two",
            "",
        ];
        for text in texts {
            for phrase in ["one two", "one two three", "one one", "two three"] {
                let held = [(
                    1,
                    SearchText { title: String::new(), author: String::new(), text: text.into() },
                )];
                let by_fts5 = !glass.matching(&format!("\"{phrase}\""), &held).unwrap().is_empty();
                let words: Vec<String> = phrase.split(' ').map(str::to_owned).collect();
                assert_eq!(may_have(text, &words), by_fts5, "{phrase} in {text}");
            }
        }
        let asked = ["one".to_owned(), "two".to_owned()];
        assert!(may_have("高速", &asked) && may_have("o\u{301}ne", &asked), "to be asked");
        assert!(may_have("öne zwö", &["one".into(), "zwo".into()]));
        assert!(!may_have("öne zwöö, zwo", &["one".into(), "zwo".into()]), "one sign for one sign");
    }

    #[test]
    fn words_are_folded_and_in_their_order() {
        let glass = Glass::new().unwrap();
        assert_eq!(
            glass.words("The Café, the e-mail").unwrap(),
            ["the", "cafe", "the", "e", "mail"]
        );
        assert_eq!(glass.words("— … \u{300}").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn letters_that_are_known_are_one_sign_of_one_word() {
        let glass = Glass::new().unwrap();
        for sign in ('\0'..'\u{3000}').filter(|sign| is_part(*sign)) {
            let words = glass.words(&format!("a{sign}b")).unwrap();
            let lengths: Vec<usize> = words.iter().map(|word| word.chars().count()).collect();
            assert_eq!(lengths, [3], "{sign} {:x}", u32::from(sign));
        }
        for sign in ('\u{1}'..'\u{3000}').filter(|sign| is_between(*sign)) {
            assert_eq!(glass.words(&format!("a{sign}b")).unwrap(), ["a", "b"], "{sign:?}");
        }
    }

    /// What was made a word once is asked of the index as it is.
    #[test]
    fn a_word_stays_itself() {
        let glass = Glass::new().unwrap();
        let signs: String = ('\u{a0}'..'\u{30000}')
            .filter(|it| it.is_alphabetic())
            .flat_map(|it| [it, ' '])
            .collect();
        let words = glass.words(&signs).unwrap();
        assert!(words.len() > 100_000);
        let again = glass.words(&words.join(" ")).unwrap();
        let changed = words.iter().zip(&again).find(|(one, other)| one != other);
        assert_eq!((changed, words.len()), (None, again.len()));
    }
}
