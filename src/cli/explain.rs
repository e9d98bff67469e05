//! `merganser explain`: who told the story, and why that is one story.

use std::process::ExitCode;

use anyhow::Result;
use serde::Serialize;
use url::Url;

use crate::{
    model::{Article, ArticleMember, EntryId},
    store::{NearEntry, Store},
};

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
  merganser explain --near 17            what entry 17 came close to, and why it stayed apart

ARTICLE is the short name that `merganser articles` shows first, or the id of the article.
`merganser merge` and `merganser split` correct by hand.")]
pub struct Explain {
    /// The article: its short name or its id.
    #[arg(required_unless_present = "near", conflicts_with = "near")]
    article: Option<String>,
    /// Show the entries closest to this one that were not joined with it.
    #[arg(long, value_name = "ENTRY")]
    near: Option<i64>,
    /// One JSON document on standard output.
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

/// An entry that came near, as `--json` prints it.
#[derive(Serialize)]
struct Near<'a> {
    entry: i64,
    name: &'a str,
    title: Option<&'a str>,
    url: Option<&'a Url>,
    /// 0 to 1.
    nearness: f32,
    reason: &'a str,
}

impl Explain {
    pub fn run(&self, global: &Global) -> Result<ExitCode> {
        logs::start(logs::COMMAND);
        let config = session::config(global)?;
        let store = session::stored(&config)?;
        let mut out = Out::stdout();
        match (self.near, &self.article) {
            (Some(entry), _) => self.near(&mut out, &store, entry)?,
            (None, article) => self.article(&mut out, &store, article.as_deref())?,
        }
        out.finish()?;
        Ok(ExitCode::SUCCESS)
    }

    fn article(&self, out: &mut Out, store: &Store, article: Option<&str>) -> Result<()> {
        let name = article.unwrap_or_default();
        let found = session::runtime()?.block_on(store.article(name.to_owned()))?;
        let Some((article, entries)) = found else {
            let shown = text::plain(name);
            return Err(Usage(format!(
                "no article is called \"{shown}\"; `merganser articles` shows their short names"
            ))
            .into());
        };
        if self.json {
            out.json(&Explained { article: &article, entries: &entries })?;
        } else {
            print(out, &article, &entries)?;
        }
        Ok(())
    }

    fn near(&self, out: &mut Out, store: &Store, entry: i64) -> Result<()> {
        let found = session::runtime()?.block_on(store.near(EntryId(entry)))?;
        let Some(found) = found else {
            let text =
                format!("there is no entry {entry}; `merganser explain ARTICLE` shows numbers");
            return Err(Usage(text).into());
        };
        if self.json {
            let near: Vec<Near<'_>> = found.iter().map(near).collect();
            return Ok(out.json(&near)?);
        }
        if found.is_empty() {
            out.line(format!("nothing came near entry {entry}"))?;
        }
        for near in &found {
            let percent = (near.nearness.clamp(0.0, 1.0) * 100.0).round();
            let title = text::plain(near.title.as_deref().unwrap_or("(no title)"));
            let title = out.paint(Style::Bold, &title);
            let feed = text::plain(&near.feed);
            out.line(format!("{percent:>3} %  {title}  ({feed}, entry {})", near.entry.0))?;
            out.line(format!("       apart: {}", text::plain(&near.reason)))?;
        }
        Ok(())
    }
}

fn near(near: &NearEntry) -> Near<'_> {
    Near {
        entry: near.entry.0,
        name: &near.feed,
        title: near.title.as_deref(),
        url: near.url.as_ref(),
        nearness: near.nearness,
        reason: &near.reason,
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
