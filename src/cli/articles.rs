//! `merganser articles`: the deduplicated articles, newest first.

use std::{process::ExitCode, sync::Arc};

use anyhow::Result;
use chrono::Utc;
use tokio::runtime::Runtime;

use crate::{
    model::{Article, ArticleQuery, Time},
    store::Store,
};

use super::{
    Global, logs,
    out::{Out, Style, tame_json},
    session,
    table::{Cell, Column, Kind, Table},
    text,
};

/// Lists articles, newest first, each story once.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  merganser articles
  merganser articles --search 'ferry timetable' --since 7d
  merganser articles --output all --limit 10 --json

`merganser explain ARTICLE` takes the short name in the first column, or the id.")]
pub struct Articles {
    /// Only what this output takes in.
    #[arg(long, value_name = "NAME")]
    output: Option<String>,
    /// Only articles with these words.
    #[arg(long, value_name = "WORDS")]
    search: Option<String>,
    /// Only articles since then: 2026-11-24, 2026-11-24T16:40:00Z, or 7d for the last week.
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// At most so many; without it 50 in the table, and all in JSON.
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// One JSON array on standard output.
    #[arg(long)]
    json: bool,
}

impl Articles {
    pub fn run(&self, global: &Global) -> Result<ExitCode> {
        logs::start(logs::COMMAND);
        let config = session::config(global)?;
        let now = Utc::now();
        let since = self.since.as_deref().map(|text| text::since(text, now));
        let since =
            since.transpose().map_err(|error| session::Usage(format!("--since: {error}")))?;
        let output = self.output.as_deref().map(|name| session::output(&config, name));
        let output = output.transpose()?;
        let takes_in: TakesIn = match output {
            Some(output) => Arc::new(session::takes_in(&config, output)?),
            None => Arc::new(|_| true),
        };
        let filter = output.map(|output| output.filter.clone()).unwrap_or_default();
        let query =
            ArticleQuery { filter, search: self.search.clone(), since, ..ArticleQuery::default() };
        let asked =
            Asked { store: session::stored(&config)?, runtime: session::runtime()?, takes_in };
        let mut out = Out::stdout();
        if self.json {
            json(&mut out, &asked, query, self.limit.unwrap_or(u32::MAX))?;
        } else {
            self.table(&mut out, &asked, query, now)?;
        }
        out.finish()?;
        Ok(ExitCode::SUCCESS)
    }

    fn table(&self, out: &mut Out, asked: &Asked, query: ArticleQuery, now: Time) -> Result<()> {
        let limit = self.limit.unwrap_or(IN_A_TABLE);
        // One more than is shown tells whether there are more.
        let mut articles =
            asked.articles(ArticleQuery { limit: limit.saturating_add(1), ..query })?;
        let more = articles.len() > limit as usize;
        articles.truncate(limit as usize);
        table(&articles, now).print(out)?;
        if articles.is_empty() {
            out.line("no articles")?;
        } else if more && self.limit.is_none() {
            let line = format!("the newest {limit}; more with --limit N");
            let line = out.paint(Style::Dim, &line);
            out.line(line)?;
        }
        Ok(())
    }
}

/// Whom to ask.
struct Asked {
    store: Store,
    runtime: Runtime,
    takes_in: TakesIn,
}

/// Whether an article is among those asked for.
type TakesIn = Arc<dyn Fn(&Article) -> bool + Send + Sync>;

impl Asked {
    fn articles(&self, query: ArticleQuery) -> Result<Vec<Article>> {
        let takes_in = self.takes_in.clone();
        let articles = self.store.articles_that(query, move |article| takes_in(article));
        Ok(self.runtime.block_on(articles)?)
    }
}

/// One JSON array, written page by page, so that a river of any length needs little memory.
fn json(out: &mut Out, asked: &Asked, mut query: ArticleQuery, limit: u32) -> Result<()> {
    // "At most so many of one feed" counts among those that one query returns.
    let page = if query.filter.max_per_feed.is_some() { u32::MAX } else { PAGE };
    let mut left = limit;
    let mut separator = "[\n";
    loop {
        let wanted = left.min(page);
        let articles = asked.articles(ArticleQuery { limit: wanted, ..query.clone() })?;
        for article in &articles {
            let text = serde_json::to_string_pretty(article)?;
            out.bytes(separator.as_bytes())?;
            out.bytes(tame_json(&text).as_bytes())?;
            separator = ",\n";
        }
        left -= u32::try_from(articles.len()).unwrap_or(u32::MAX).min(left);
        match articles.last() {
            Some(last) if articles.len() >= wanted as usize && left > 0 => {
                query.before = Some((last.position, last.row));
            }
            _ => break,
        }
    }
    out.line(if separator == "[\n" { "[]" } else { "\n]" })?;
    Ok(())
}

fn table(articles: &[Article], now: Time) -> Table {
    let mut table = Table::new(vec![
        Column { head: "ARTICLE", kind: Kind::Word },
        Column { head: "WHEN", kind: Kind::Word },
        Column { head: "TITLE", kind: Kind::Text },
        Column { head: "CARRIED BY", kind: Kind::Text },
    ]);
    for article in articles {
        let carriers: Vec<&str> = article.sources.iter().map(|it| it.feed.as_str()).collect();
        table.row(vec![
            Cell::new(Style::Dim, &article.slug),
            Cell::new(Style::Plain, &text::relative(article.position, now)),
            Cell::new(Style::Bold, &headline(article)),
            Cell::new(Style::Plain, &carriers.join(", ")),
        ]);
    }
    table
}

/// The title, or the beginning of the text where there is none.
pub(super) fn headline(article: &Article) -> String {
    let title = article.title.clone().filter(|title| !title.trim().is_empty());
    let said = || {
        let html = article.summary.as_ref().or(article.content.as_ref())?;
        Some(text::fitted(&text::plain(&html.text()), HEADLINE_COLUMNS))
    };
    let address = || article.url.as_ref().map(|url| url.to_string());
    title.or_else(said).filter(|it| !it.is_empty()).or_else(address).unwrap_or_default()
}

/// What a person looks through.
const IN_A_TABLE: u32 = 50;
/// Articles in memory at once.
const PAGE: u32 = 500;
/// Of a text that stands in for a title.
const HEADLINE_COLUMNS: usize = 100;
