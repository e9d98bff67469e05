//! Full-text search: which text is indexed, and what a person's words mean.
//!
//! In: sanitized HTML, and words. Out: plain text for FTS5, and a query that FTS5 cannot
//! misread. `unicode61` takes a run of Chinese or Japanese as one word; such runs are
//! handed over as overlapping pairs of signs, in texts and in queries alike.

use rusqlite::{Connection, TransactionBehavior};
use tracing::info;

use super::error::Fault;
pub(super) use super::writing::SearchText;
use crate::model::{Entry, Html, split_at_sign};

/// How texts become words: raised whenever one of these functions makes others of the same
/// entry. FTS5 has to be told exactly what to forget, so an index must not be half of each kind.
pub(super) const VERSION: i64 = 1;

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
        Self {
            title: split_pairs(title),
            author: split_pairs(author),
            text: split_pairs(&plain_text(html)),
        }
    }

    /// What was indexed of an entry, made again from its row: FTS5 wants to be told what to forget.
    pub(super) fn stored(connection: &Connection, entry: i64) -> Result<Self, Fault> {
        let mut row = connection.prepare_cached(
            "SELECT coalesce(title, ''), coalesce(author, ''), coalesce(content, summary, '')
               FROM entries WHERE id = ?1",
        )?;
        let made = row.query_row([entry], |row| {
            let (title, author): (String, String) = (row.get(0)?, row.get(1)?);
            Ok(Self::new(&title, &author, &row.get::<_, String>(2)?))
        })?;
        Ok(made)
    }
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
    info!(
        "the search index is of version {before}: made anew as version {VERSION}, {articles} articles"
    );
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

/// A person's words as an FTS5 query: all of them must be there, a "phrase" as it stands.
///
/// `None` where there is no word in it, which finds nothing.
pub(super) fn query(words: &str) -> Option<String> {
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
    let terms: Vec<String> = terms
        .into_iter()
        .filter(|term| term.chars().any(char::is_alphanumeric))
        .take(TERMS)
        .map(term)
        .collect();
    if terms.is_empty() { None } else { Some(terms.join(" AND ")) }
}

/// One word or phrase. A lone sign of a script that is indexed in pairs asks for its begin.
fn term(text: &str) -> String {
    let signs: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    let lone = signs.chars().count() == 1 && signs.chars().all(in_pairs);
    // Without the last sign alone, which stands in texts only at the end of a run.
    let text = split_runs(text, false);
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

fn split_pairs(text: &str) -> String {
    split_runs(text, true)
}

/// Each run of such a script as its overlapping pairs; in texts its last sign as well, so
/// that each sign begins one of the words.
fn split_runs(text: &str, last_alone: bool) -> String {
    // In UTF-8 none of them begins with a lower byte, nor with those of U+1000 to U+2FFF.
    let may_be = |byte: u8| byte >= 0xe0 && !matches!(byte, 0xe1 | 0xe2);
    if !text.bytes().any(may_be) || !text.chars().any(in_pairs) {
        return text.to_owned();
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
    out
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

    #[test]
    fn words_of_html_are_parted_by_blocks_and_not_by_inline_tags() {
        assert_eq!(
            plain_text("<p>un<b>believ</b>able</p><p>2 &lt; 3 &#x41;</p>").trim(),
            "unbelievable  2 < 3 A"
        );
    }

    #[test]
    fn a_query_is_never_syntax() {
        assert_eq!(
            query(r#"cat NEAR("dog house" col:x*"#).unwrap(),
            r#""cat" AND "NEAR(" AND "dog house" AND "col:x*""#
        );
        assert_eq!(query(" \" \0 ** - "), None);
    }

    #[test]
    fn chinese_is_indexed_as_overlapping_pairs() {
        assert_eq!(
            split_pairs("在東京都 ok").split_whitespace().collect::<Vec<_>>(),
            ["在東", "東京", "京都", "都", "ok"]
        );
        assert_eq!(query("東京都").unwrap(), "\" 東京 京都 \"");
        assert_eq!(query("京").unwrap(), "\" 京 \" *");
    }
}
