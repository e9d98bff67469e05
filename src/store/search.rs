//! Full-text search: which text is indexed, and what a person's words mean.
//!
//! In: sanitized HTML, and words. Out: plain text for FTS5, and a query that FTS5 cannot
//! misread. `unicode61` takes a run of Chinese or Japanese as one word; such runs are
//! handed over as overlapping pairs of signs, in texts and in queries alike.

use std::borrow::Cow;

use rusqlite::{Connection, Row, TransactionBehavior};
use tracing::info;

pub(super) use super::writing::SearchText;
use super::{
    error::Fault,
    phrases::{Glass, Phrases},
};
use crate::model::{Entry, Html, position, split_at_sign};

/// How texts become words: raised whenever one of these functions makes others of the same
/// entry. FTS5 has to be told exactly what to forget, so an index must not be half of each kind.
pub(super) const VERSION: i64 = 2;

/// Text of one entry that is indexed: the begin of a book is enough to find it.
const TEXT_LIMIT_BYTES: usize = 256 << 10;

/// Terms of one query; more are left out.
const TERMS: usize = 24;

/// Signs of one query; a longer one is cut.
const QUERY_CHARS: usize = 400;

impl SearchText {
    pub(super) fn of(entry: &Entry) -> Self {
        let html = entry.content.as_ref().or(entry.summary.as_ref()).map(Html::as_str);
        let author = entry.authors.join("\n");
        Self::new(entry.title.as_deref().unwrap_or(""), &author, html.unwrap_or(""))
    }

    fn new(title: &str, author: &str, html: &str) -> Self {
        let whole = Self::whole(title, author, html);
        Self { text: said_once(&whole.text), ..whole }
    }

    /// With its text as it stands.
    fn whole(title: &str, author: &str, html: &str) -> Self {
        Self {
            title: split_pairs(title.into()).into_owned(),
            author: split_pairs(author.into()).into_owned(),
            text: split_pairs(plain_text(html).into()).into_owned(),
        }
    }

    /// What was indexed of an entry, made again from its row: FTS5 wants to be told what to forget.
    pub(super) fn stored(connection: &Connection, entry: i64) -> Result<Self, Fault> {
        let mut row = connection.prepare_cached(
            "SELECT coalesce(title, ''), coalesce(author, ''), coalesce(content, summary, '')
               FROM entries WHERE id = ?1",
        )?;
        Ok(row.query_row([entry], |row| made_by(Self::new, row))?)
    }

    /// What an article shows, word for word.
    pub(super) fn shown(connection: &Connection, article: i64) -> Result<Self, Fault> {
        let mut row = connection.prepare_cached(
            "SELECT coalesce(title, ''), coalesce(author, ''), coalesce(text, '')
               FROM search_text WHERE id = ?1",
        )?;
        Ok(row.query_row([article], |row| made_by(Self::whole, row))?)
    }
}

fn made_by(
    make: fn(&str, &str, &str) -> SearchText,
    row: &Row<'_>,
) -> rusqlite::Result<SearchText> {
    let (title, author, text) = (row.get_ref(0)?, row.get_ref(1)?, row.get_ref(2)?);
    Ok(make(title.as_str()?, author.as_str()?, text.as_str()?))
}

/// Makes the index anew where another version made it: all of it or nothing, before anybody
/// writes by ours.
pub(super) fn bring_up_to_date(connection: &mut Connection) -> Result<(), Fault> {
    if version(connection)? == VERSION {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Again, under the write lock: another process may have been quicker.
    let before = version(&transaction)?;
    if before == VERSION {
        return Ok(());
    }
    let articles: i64 =
        transaction.query_row("SELECT count(*) FROM articles", [], |row| row.get(0))?;
    if articles > 0 {
        info!(
            "the search index is of version {before}: made anew as version {VERSION}, {articles} articles"
        );
    }
    transaction.execute("INSERT INTO search (search) VALUES ('delete-all')", [])?;
    {
        let mut shown = transaction.prepare("SELECT id, entry_id FROM articles ORDER BY id")?;
        let mut add = transaction
            .prepare("INSERT INTO search (rowid, title, author, text) VALUES (?1, ?2, ?3, ?4)")?;
        let mut rows = shown.query([])?;
        while let Some(row) = rows.next()? {
            let words = SearchText::stored(&transaction, row.get(1)?)?;
            add.execute((row.get::<_, i64>(0)?, words.title, words.author, words.text))?;
        }
    }
    transaction.execute("UPDATE state SET search_version = ?1", [VERSION])?;
    Ok(transaction.commit()?)
}

fn version(connection: &Connection) -> Result<i64, Fault> {
    Ok(connection.query_row("SELECT search_version FROM state", [], |row| row.get(0))?)
}

/// What a person looks for: all words must be there, a "phrase" as it stands.
#[derive(Debug)]
pub(super) struct Asked {
    /// For the index: all words.
    pub words: String,
    /// Where there is more to it than that: for the texts of what the index finds.
    pub phrases: Option<Phrases>,
}

impl Asked {
    /// `None` where there is no word in it, which finds nothing.
    pub(super) fn from(words: &str) -> rusqlite::Result<Option<Self>> {
        let terms = terms(words);
        let exact = terms.join(" AND ");
        if terms.iter().all(|term| is_plain_word(term)) {
            let plain = Self { words: exact, phrases: None };
            return Ok(Some(plain).filter(|it| !it.words.is_empty()));
        }
        let glass = Glass::new()?;
        let (mut words, mut phrases) = (Vec::new(), Vec::new());
        for term in &terms {
            let of_term = glass.words(term)?;
            let begins = if term.ends_with('*') { " *" } else { "" };
            words.extend(of_term.iter().map(|word| format!("\"{word}\"{begins}")));
            if of_term.len() > 1 {
                phrases.push(of_term);
            }
        }
        words.sort_unstable();
        words.dedup();
        let phrases = (!phrases.is_empty()).then(|| Phrases::new(glass, exact, phrases));
        Ok(Some(Self { words: words.join(" AND "), phrases }).filter(|it| !it.words.is_empty()))
    }
}

/// Whether a quoted term is surely one word.
fn is_plain_word(term: &str) -> bool {
    let bare = term.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    bare.is_some_and(|bare| !bare.is_empty() && bare.bytes().all(|it| it.is_ascii_alphanumeric()))
}

/// The words and phrases of a search, each as FTS5 takes it.
fn terms(words: &str) -> Vec<String> {
    let words: String = words.chars().take(QUERY_CHARS).collect();
    let mut terms = Vec::new();
    // Every second part stands between quotation marks; an open one reaches to the end.
    for (number, part) in words.split(['"', '“', '”', '„']).enumerate() {
        if number % 2 == 1 {
            terms.push(part);
        } else {
            terms.extend(part.split_whitespace());
        }
    }
    terms
        .into_iter()
        .filter(|term| term.chars().any(char::is_alphanumeric))
        .take(TERMS)
        .map(term)
        .collect()
}

/// One word or phrase. A lone sign of a script that is indexed in pairs asks for its begin.
fn term(text: &str) -> String {
    let signs: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    let lone = signs.chars().count() == 1 && signs.chars().all(in_pairs);
    // Without the last sign alone, which stands in texts only at the end of a run.
    let text = split_runs(text.into(), false);
    let quoted = text.replace(['"', '\0'], " ");
    if lone { format!("\"{quoted}\" *") } else { format!("\"{quoted}\"") }
}

/// Scripts that are written without spaces between words.
fn in_pairs(c: char) -> bool {
    matches!(u32::from(c),
        0x3005..=0x3007 | 0x3040..=0x30ff | 0x31f0..=0x31ff | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xff66..=0xff9f
        | 0x0e00..=0x0e7f | 0x20000..=0x3ffff)
}

fn split_pairs(text: Cow<'_, str>) -> Cow<'_, str> {
    split_runs(text, true)
}

/// Each run of such a script as its overlapping pairs; in texts its last sign as well, so
/// that each sign begins one of the words.
fn split_runs(text: Cow<'_, str>, last_alone: bool) -> Cow<'_, str> {
    // In UTF-8 none of them begins with a lower byte, nor with those of U+1000 to U+2FFF.
    let may_be = |byte: u8| byte >= 0xe0 && !matches!(byte, 0xe1 | 0xe2);
    if position(text.as_bytes(), may_be).is_none() || !text.chars().any(in_pairs) {
        return text;
    }
    let mut out = String::with_capacity(text.len() * 2);
    let mut signs = text.chars().peekable();
    let mut run_length = 0_usize;
    while let Some(sign) = signs.next() {
        if !in_pairs(sign) {
            run_length = 0;
            out.push(sign);
            continue;
        }
        let next = signs.peek().copied().filter(|next| in_pairs(*next));
        if run_length == 0 {
            out.push(' ');
        }
        match next {
            Some(next) => out.extend([sign, next, ' ']),
            None if last_alone || run_length == 0 => out.extend([sign, ' ']),
            None => {}
        }
        run_length += 1;
    }
    out.into()
}

/// The words of sanitized HTML: tags become spaces where they part words.
pub(super) fn plain_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, tag_on)) = split_at_sign(rest, b'<') {
        push_decoded(&mut text, before);
        if text.len() >= TEXT_LIMIT_BYTES {
            break;
        }
        let Some((tag, after)) = split_at_sign(tag_on, b'>') else {
            // No tag: the sanitizer writes "&lt;", so this was plain text.
            rest = tag_on;
            continue;
        };
        if !is_inline(tag) {
            text.push(' ');
        }
        rest = after;
    }
    push_decoded(&mut text, rest);
    if text.len() > TEXT_LIMIT_BYTES {
        text.truncate(text.floor_char_boundary(TEXT_LIMIT_BYTES));
    }
    text
}

/// A text without most of the words that it has said before: the index does not count, and
/// a third of a text and more is such words. Short ones between spaces, of which one in each
/// place of a table is remembered: what is forgotten is said again, which does no harm.
fn said_once(text: &str) -> String {
    let mut remembered = [0_u64; 1 << PLACE_BITS];
    let mut out = String::with_capacity(text.len());
    let (mut kept_to, mut begin) = (0, 0);
    for at in memchr::memchr_iter(b' ', text.as_bytes()) {
        let length = at - begin;
        // The space behind it and others may be among these eight; a word at the very end has
        // no eight, and is said again.
        let eight = text.as_bytes().get(begin..).and_then(|rest| rest.first_chunk());
        if let Some(eight) = eight.filter(|_| (1..=8).contains(&length)) {
            let word = u64::from_le_bytes(*eight) & (u64::MAX >> (64 - 8 * length));
            // Multiplied by the golden ratio: the high bits are of all of the word's.
            let place = word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - PLACE_BITS);
            let place = usize::try_from(place).unwrap_or_default();
            if let Some(remembered) = remembered.get_mut(place) {
                if *remembered == word {
                    out.push_str(text.get(kept_to..begin).unwrap_or_default());
                    kept_to = at;
                }
                *remembered = word;
            }
        }
        begin = at + 1;
    }
    out.push_str(text.get(kept_to..).unwrap_or_default());
    out
}

/// 512 places, or 4 KiB: most texts have fewer short words.
const PLACE_BITS: u32 = 9;

/// Tags inside words: `un<b>believ</b>able` is one word.
fn is_inline(tag: &str) -> bool {
    let name = tag.trim_start_matches('/').split([' ', '/', '>']).next().unwrap_or("");
    matches!(
        name,
        "a" | "abbr"
            | "b"
            | "bdi"
            | "bdo"
            | "cite"
            | "code"
            | "del"
            | "dfn"
            | "em"
            | "font"
            | "i"
            | "ins"
            | "kbd"
            | "mark"
            | "q"
            | "s"
            | "samp"
            | "small"
            | "span"
            | "strike"
            | "strong"
            | "sub"
            | "sup"
            | "time"
            | "tt"
            | "u"
            | "var"
            | "wbr"
    )
}

/// The references that a sanitizer leaves, and numeric ones.
fn push_decoded(text: &mut String, mut rest: &str) {
    while let Some((before, after)) = split_at_sign(rest, b'&') {
        text.push_str(before);
        let reference = after.split_once(';').filter(|(name, _)| name.len() <= 8);
        match reference.and_then(|(name, after)| Some((decoded(name)?, after))) {
            Some((sign, after)) => {
                text.push(sign);
                rest = after;
            }
            None => {
                text.push('&');
                rest = after;
            }
        }
    }
    text.push_str(rest);
}

fn decoded(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = name.strip_prefix('#')?;
            let hex = number.strip_prefix(['x', 'X']).map(|hex| u32::from_str_radix(hex, 16));
            let code = hex.unwrap_or_else(|| number.parse()).ok()?;
            char::from_u32(code).filter(|c| *c != '\0')
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(words: &str) -> Option<Asked> {
        Asked::from(words).unwrap()
    }

    #[test]
    fn only_what_is_more_than_words_is_looked_for_in_texts() {
        for (words, in_texts) in
            [("two words", false), ("\"two\" words", false), ("naïve", false), ("e-mail", true)]
        {
            assert_eq!(asked(words).unwrap().phrases.is_some(), in_texts, "{words}");
        }
        for nothing in ["", " \" \0 ** - ", "\u{300}"] {
            assert!(asked(nothing).is_none(), "{nothing:?}");
        }
    }

    #[test]
    fn words_of_html_are_parted_by_blocks_and_not_by_inline_tags() {
        assert_eq!(
            plain_text("<p>un<b>believ</b>able</p><p>2 &lt; 3 &#x41;</p>").trim(),
            "unbelievable  2 < 3 A"
        );
    }

    #[test]
    fn the_index_hears_a_short_word_of_a_text_once() {
        let said = SearchText::new("to be to", "ada", "<p>to be or be, not to be e-mail e-mail To");
        assert_eq!((said.title.as_str(), said.author.as_str()), ("to be to", "ada"));
        assert_eq!(said.text, " to be or be, not   e-mail  To");
        let glass = Glass::new().unwrap();
        for text in [
            "",
            ".",
            "be",
            "be be",
            " be",
            "be be be be be",
            "äußern äußern äuß",
            "walruses walruses walruse walru",
        ] {
            let mut words = glass.words(text).unwrap();
            words.sort_unstable();
            words.dedup();
            let mut once = glass.words(&said_once(text)).unwrap();
            once.sort_unstable();
            assert!(once.len() <= words.len() + 2, "{text}");
            once.dedup();
            assert_eq!(once, words, "{text}");
        }
    }

    #[test]
    fn a_query_is_never_syntax() {
        let asked = asked(r#"cat NEAR("dog house" col:x*"#).unwrap();
        assert_eq!(asked.words, r#""cat" AND "col" AND "dog" AND "house" AND "near" AND "x""#);
        assert_eq!(
            terms(r#"cat NEAR("dog house" col:x*"#),
            ["\"cat\"", "\"NEAR(\"", "\"dog house\"", "\"col:x*\""]
        );
        assert!(asked.phrases.is_some());
    }

    #[test]
    fn chinese_is_indexed_as_overlapping_pairs() {
        assert_eq!(
            split_pairs("在東京都 ok".into()).split_whitespace().collect::<Vec<_>>(),
            ["在東", "東京", "京都", "都", "ok"]
        );
        let city = asked("東京都").unwrap();
        assert_eq!(city.words, r#""京都" AND "東京""#);
        assert!(city.phrases.is_some());
        let sign = asked("京").unwrap();
        assert_eq!(sign.words, r#""京" *"#);
        assert!(sign.phrases.is_none());
    }
}
