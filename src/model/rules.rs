//! What an output takes in, compiled: the words of [`OutputFilter`] as rules over articles.
//!
//! A rule is a word or phrase (`rust`, `"climate change"`), found as whole words without
//! regard to case; or a `/regex/`. Either looks into every field, or into one that stands
//! before it: `title:rust`, `author:/^Ada/`. Fields are title, content, author, category,
//! url and feed.

use std::cell::OnceCell;

use regex::{Regex, RegexBuilder};

use super::{Article, Html, OutputFilter};

/// The compiled filter of an output.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    tags: Vec<String>,
    feeds: Vec<String>,
    include: Vec<Rule>,
    exclude: Vec<Rule>,
}

impl Rules {
    /// The first rule that cannot be read is the fault.
    pub fn parse(filter: &OutputFilter) -> Result<Self, RuleFault> {
        let rules = |texts: &[String]| -> Result<Vec<Rule>, RuleFault> {
            texts.iter().map(|text| Rule::parse(text)).collect()
        };
        Ok(Self {
            tags: filter.tags.clone(),
            feeds: filter.feeds.clone(),
            include: rules(&filter.include)?,
            exclude: rules(&filter.exclude)?,
        })
    }

    /// Does the output take the article in?
    ///
    /// One feed that carries it must have one of the tags and one of the names asked for,
    /// one `include` rule must match and no `exclude` rule may; empty lists ask for nothing.
    pub fn admits(&self, article: &Article) -> bool {
        self.admits_carriers(article) && self.admits_words(article)
    }

    /// Is the verdict that of tags and feeds alone? Then a query that knows these is enough.
    pub fn are_without_words(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    fn admits_carriers(&self, article: &Article) -> bool {
        let (tags, feeds) = (&self.tags, &self.feeds);
        (tags.is_empty() && feeds.is_empty())
            || article.sources.iter().any(|source| {
                (tags.is_empty() || source.about.tags.iter().any(|tag| tags.contains(tag)))
                    && (feeds.is_empty() || feeds.contains(&source.name))
            })
    }

    fn admits_words(&self, article: &Article) -> bool {
        let said = Said { article, content: OnceCell::new() };
        (self.include.is_empty() || self.include.iter().any(|rule| rule.matches(&said)))
            && !self.exclude.iter().any(|rule| rule.matches(&said))
    }
}

/// One rule: where to look, and for what.
#[derive(Debug, Clone)]
pub struct Rule {
    /// None: anywhere.
    field: Option<Field>,
    pattern: Regex,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Title,
    Content,
    Author,
    Category,
    Url,
    Feed,
}

/// What is wrong with a rule, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleFault {
    #[error("an empty rule matches nothing; write a word, or leave it out")]
    Empty,
    #[error(
        "no field is called `{field}`; write title, content, author, category, url or feed \
         before the colon, or put the whole into quotes to look for these words"
    )]
    UnknownField { field: String },
    #[error("`{pattern}` is no regular expression: {reason}")]
    Regex { pattern: String, reason: String },
    #[error("the rule is longer than {LONGEST_RULE} characters; split it into several")]
    TooLong,
}

impl Rule {
    pub fn parse(text: &str) -> Result<Self, RuleFault> {
        let text = text.trim();
        if text.chars().nth(LONGEST_RULE).is_some() {
            return Err(RuleFault::TooLong);
        }
        let (field, wanted) = field(text)?;
        if let Some(pattern) = wanted.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'))
            && !pattern.is_empty()
        {
            return Ok(Self { field, pattern: compiled(pattern)? });
        }
        let quoted = wanted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let words = quoted.unwrap_or(wanted).trim();
        if words.is_empty() {
            return Err(RuleFault::Empty);
        }
        Ok(Self { field, pattern: compiled(&whole_words(words))? })
    }

    fn matches(&self, said: &Said<'_>) -> bool {
        match self.field {
            Some(field) => said.any(field, &self.pattern),
            None => Field::ALL.iter().any(|field| said.any(*field, &self.pattern)),
        }
    }
}

impl Field {
    /// The long texts last: most rules are decided before them.
    const ALL: [Self; 6] =
        [Self::Title, Self::Category, Self::Author, Self::Feed, Self::Url, Self::Content];

    fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "title" => Some(Self::Title),
            "content" => Some(Self::Content),
            "author" => Some(Self::Author),
            "category" => Some(Self::Category),
            "url" => Some(Self::Url),
            "feed" => Some(Self::Feed),
            _ => None,
        }
    }
}

/// Splits a field off the front. A colon in a phrase ("Dune: Part Two") and in an address
/// makes no field.
fn field(text: &str) -> Result<(Option<Field>, &str), RuleFault> {
    let Some((name, wanted)) = text.split_once(':') else { return Ok((None, text)) };
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Ok((None, text));
    }
    match Field::named(name) {
        Some(field) => Ok((Some(field), wanted.trim())),
        None if wanted.starts_with("//") || wanted.starts_with(char::is_whitespace) => {
            Ok((None, text))
        }
        None => Err(RuleFault::UnknownField { field: name.to_owned() }),
    }
}

/// A pattern that finds `words` as whole words, whatever white space is between them.
///
/// A boundary is asked for only beside a letter or digit, so that `C++` and `.NET` can be
/// found, and not in scripts that write without spaces between words.
fn whole_words(words: &str) -> String {
    let bounded = |char: Option<char>| char.is_some_and(|c| c.is_alphanumeric() && !runs_on(c));
    let start = if bounded(words.chars().next()) { r"\b{start-half}" } else { "" };
    let end = if bounded(words.chars().next_back()) { r"\b{end-half}" } else { "" };
    let escaped: Vec<String> = words.split_whitespace().map(regex::escape).collect();
    format!("{start}{}{end}", escaped.join(r"\s+"))
}

/// Thai, Lao, Myanmar, Khmer, kana, Han; and Hangul, whose particles join their word.
fn runs_on(char: char) -> bool {
    matches!(char, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn compiled(pattern: &str) -> Result<Regex, RuleFault> {
    RegexBuilder::new(pattern)
        .case_insensitive(true)
        .size_limit(COMPILED_BYTES)
        .dfa_size_limit(COMPILED_BYTES)
        .build()
        .map_err(|error| {
            // The crate draws the pattern with a caret under it; the last line says what it is.
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default().trim();
            let reason = last.strip_prefix("error: ").unwrap_or(last).to_owned();
            RuleFault::Regex { pattern: pattern.to_owned(), reason }
        })
}

/// What an article says in its fields; the text of its HTML is made when first asked for.
struct Said<'a> {
    article: &'a Article,
    content: OnceCell<String>,
}

impl Said<'_> {
    fn any(&self, field: Field, pattern: &Regex) -> bool {
        let article = self.article;
        let sources = &article.sources;
        let found = |text: &str| pattern.is_match(text);
        match field {
            Field::Title => article.title.as_deref().is_some_and(found),
            Field::Author => article.authors.iter().any(|name| found(name)),
            Field::Category => article.categories.iter().any(|category| found(category)),
            Field::Feed => sources.iter().any(|source| found(&source.feed) || found(&source.name)),
            Field::Url => {
                let own = article.url.iter().chain(sources.iter().flat_map(|s| &s.url));
                own.into_iter().any(|url| found(url.as_str()))
            }
            Field::Content => found(self.content()),
        }
    }

    fn content(&self) -> &str {
        self.content.get_or_init(|| {
            let parts = [&self.article.summary, &self.article.content];
            parts.into_iter().flatten().map(Html::text).collect::<Vec<_>>().join("\n")
        })
    }
}

/// Characters of one rule: longer than any phrase, and than any regex that a person reads.
const LONGEST_RULE: usize = 1_000;

/// A compiled rule at most, and what matching may cache. Unicode classes need some tens of
/// kilobytes each; a nest of repetitions that needs more is a mistake.
const COMPILED_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::model::{ArticleId, FeedId, FeedRef, Source, Time};

    fn article() -> Article {
        let at: Time = "2026-01-01T00:00:00Z".parse().expect("a time");
        let url: Option<Url> = "https://example.org/2026/rust-notes".parse().ok();
        Article {
            row: ArticleId(1),
            id: "urn:x:1".into(),
            slug: "1".into(),
            url: url.clone(),
            title: Some("Notes on Rust and C++: Größe, 東京都の天気".into()),
            authors: vec!["Ada Lovelace".into()],
            published: None,
            updated: None,
            first_seen: at,
            position: at,
            changed: at,
            summary: None,
            content: Some(Html::sanitized("<p>The cli<b>mate</b>\nchange &amp; we</p>")),
            categories: vec!["Weather".into()],
            enclosures: vec![],
            language: None,
            sources: vec![Source {
                feed: "The Daily Example".into(),
                name: "daily".into(),
                url,
                guid: "1".into(),
                about: FeedRef {
                    id: FeedId(1),
                    atom_id: None,
                    url: "https://example.org/feed".parse().expect("a URL"),
                    home_page: None,
                    updated: None,
                    tags: vec!["news".into()],
                },
                origin: None,
            }],
        }
    }

    fn matches(rule: &str) -> bool {
        let filter = OutputFilter { include: vec![rule.into()], ..Default::default() };
        Rules::parse(&filter).expect("a rule").admits(&article())
    }

    fn fault(rule: &str) -> String {
        Rule::parse(rule).expect_err("a fault").to_string()
    }

    #[test]
    fn words_and_phrases_are_whole_and_without_case() {
        for rule in ["rust", "GRÖßE", "größe", "climate change", "\"Climate  change\"", "c++"] {
            assert!(matches(rule), "{rule}");
        }
        for rule in ["rus", "us", "limate change", "note", "change climate"] {
            assert!(!matches(rule), "{rule}");
        }
    }

    #[test]
    fn scripts_without_spaces_are_found_inside_a_run() {
        assert!(matches("東京") && matches("天気"));
    }

    #[test]
    fn a_field_before_the_colon_looks_only_there() {
        for rule in ["title:rust", "author:lovelace", "category: weather", "feed:daily example"] {
            assert!(matches(rule), "{rule}");
        }
        for rule in ["content:rust", "author:rust", "url:lovelace", "title:/^rust/"] {
            assert!(!matches(rule), "{rule}");
        }
        assert!(matches("url:/2026/") && matches("Title:\"rust and\"") && matches("feed:daily"));
    }

    #[test]
    fn a_regex_stands_between_slashes_and_is_without_case_unless_it_says_so() {
        assert!(matches("/r[u]st/") && matches("title:/^notes/"));
        assert!(!matches("/(?-i)^notes/"));
    }

    #[test]
    fn a_colon_in_a_phrase_or_address_is_no_field() {
        assert!(matches("C++: Größe") && !matches("https://example.com/"));
        assert!(matches("https://example.org/2026"));
    }

    #[test]
    fn exclude_wins_over_include() {
        let filter = OutputFilter {
            include: vec!["rust".into()],
            exclude: vec!["category:weather".into()],
            ..Default::default()
        };
        assert!(!Rules::parse(&filter).expect("rules").admits(&article()));
    }

    #[test]
    fn tags_and_feeds_must_hold_for_one_carrier() {
        let admits = |tags: &[&str], feeds: &[&str]| {
            let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
            let filter =
                OutputFilter { tags: owned(tags), feeds: owned(feeds), ..Default::default() };
            Rules::parse(&filter).expect("rules").admits(&article())
        };
        assert!(admits(&["x", "news"], &["daily"]) && admits(&[], &["daily"]) && admits(&[], &[]));
        assert!(!admits(&["news"], &["other"]) && !admits(&["x"], &[]));
    }

    #[test]
    fn faults_say_what_to_write() {
        assert!(fault("titel:rust").contains("`titel`"));
        assert!(fault(" ").contains("empty"));
        assert!(fault("title:").contains("empty"));
        assert_eq!(fault("/a(/"), "`a(` is no regular expression: unclosed group");
        assert!(fault(&"x".repeat(2_000)).contains("1000"));
        assert!(fault("/(\\w{500}){500}/").contains("limit"));
    }
}
