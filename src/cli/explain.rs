//! `merganser explain`: who told the story, and why that is one story.

use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;

use crate::model::{Article, ArticleMember};

use super::{
    Global, articles, logs,
    out::{Out, Style},
    session::{self, Usage},
    text,
};

/// Shows the entries of an article, and why each was grouped.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  merganser explain 3f9a1c0b7d24
  merganser explain https://harbourpost.example.org/2026/11/winter-ferry-timetable --json

ARTICLE is the short name that `merganser articles` shows first, or the id of the article.")]
pub struct Explain {
    /// The article: its short name or its id.
    article: String,
    /// One JSON object on standard output.
    #[arg(long)]
    json: bool,
}

/// The article as `articles --json` has it, with every entry of it.
#[derive(Serialize)]
struct Explained<'a> {
    #[serde(flatten)]
    article: &'a Article,
    entries: &'a [ArticleMember],
}

impl Explain {
    pub fn run(&self, global: &Global) -> Result<ExitCode> {
        logs::start(logs::COMMAND);
        let config = session::config(global)?;
        let store = session::stored(&config)?;
        let found = session::runtime()?.block_on(store.article(self.article.clone()))?;
        let Some((article, entries)) = found else {
            let shown = text::plain(&self.article);
            return Err(Usage(format!(
                "no article is called \"{shown}\"; `merganser articles` shows their short names"
            ))
            .into());
        };
        let mut out = Out::stdout();
        if self.json {
            out.json(&Explained { article: &article, entries: &entries })?;
        } else {
            print(&mut out, &article, &entries)?;
        }
        out.finish()?;
        Ok(ExitCode::SUCCESS)
    }
}

fn print(out: &mut Out, article: &Article, entries: &[ArticleMember]) -> Result<()> {
    let headline = out.paint(Style::Bold, &text::plain(&articles::headline(article)));
    out.line(headline)?;
    let mut fact = |name: &str, value: &str| {
        let name = out.paint(Style::Dim, &format!("{name:<12}"));
        out.line(format!("{name}{}", text::plain(value)))
    };
    fact("id", &article.id)?;
    fact("short name", &article.slug)?;
    if let Some(url) = &article.url {
        fact("address", url.as_str())?;
    }
    if let Some(published) = article.published {
        fact("published", &text::stamp(published))?;
    }
    fact("first seen", &text::stamp(article.first_seen))?;
    let carried = text::count(entries.len() as u64, "entry tells it", "entries tell it");
    out.line(format!("\n{carried}:"))?;
    for member in entries {
        print_member(out, member)?;
    }
    Ok(())
}

fn print_member(out: &mut Out, member: &ArticleMember) -> Result<()> {
    let number = format!("entry {}", member.entry.0);
    let shown = if member.representative { ", the one that is shown" } else { "" };
    let feed = out.paint(Style::Bold, &text::plain(&member.feed));
    out.line(format!("\n  {feed} ({}{shown})", number))?;
    if let Some(title) = &member.title {
        out.line(format!("    title    {}", text::plain(title)))?;
    }
    if let Some(url) = &member.url {
        out.line(format!("    address  {}", text::plain(url.as_str())))?;
    }
    out.line(format!("    guid     {}", text::plain(&member.guid)))?;
    out.line(format!("    seen     {}", text::stamp(member.first_seen)))?;
    let with =
        member.grouping.with.map_or(String::new(), |with| format!(", with entry {}", with.0));
    let reason = text::plain(&member.grouping.reason);
    out.line(format!("    why      {reason} ({}{with})", text::plain(&member.grouping.rule)))?;
    Ok(())
}
