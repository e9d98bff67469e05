//! `merganser merge`, `split` and `regroup`: what a person says about groups, and all groups
//! made anew.

use std::process::ExitCode;

use anyhow::Result;
use chrono::Utc;

use crate::{model::EntryId, store::OpenAs};

use super::{
    Global, logs,
    out::Out,
    session::{self, Usage},
    text,
};

/// Makes one article of two, by hand; the rules never take it apart again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  merganser merge 7e414ddc9fafa051 000e5eb1c5e21712

The two are named by the short names that `merganser articles` shows, or by their ids.
Exit status: 0 done, 2 one of them is not there.")]
pub struct Merge {
    /// An article: its short name or its id.
    one: String,
    /// The other.
    other: String,
}

impl Merge {
    pub fn run(&self, global: &Global) -> Result<ExitCode> {
        logs::start(logs::COMMAND);
        let config = session::config(global)?;
        let store = session::store(&config, OpenAs::Beside)?;
        let (one, other) = (self.one.clone(), self.other.clone());
        let merged = session::runtime()?.block_on(async {
            let merged = store.merge(one, other, Utc::now()).await?;
            store.close().await.map(|()| merged)
        })?;
        let (one, other) = (text::plain(&self.one), text::plain(&self.other));
        if merged.is_none() {
            return Err(Usage(format!(
                "\"{one}\" or \"{other}\" is no article; `merganser articles` shows short names"
            ))
            .into());
        }
        say(&format!("{one} and {other} are one article now"))
    }
}

/// Takes an entry out of its article, by hand; the rules never bring it back.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  merganser explain 7e414ddc9fafa051     shows the numbers of its entries
  merganser split 17

Exit status: 0 done, 2 there is no such entry, or it is alone in its article.")]
pub struct Split {
    /// The entry's number, as `merganser explain` shows it.
    entry: i64,
}

impl Split {
    pub fn run(&self, global: &Global) -> Result<ExitCode> {
        logs::start(logs::COMMAND);
        let config = session::config(global)?;
        let store = session::store(&config, OpenAs::Beside)?;
        let own = session::runtime()?.block_on(async {
            let own = store.split(EntryId(self.entry), Utc::now()).await?;
            store.close().await.map(|()| own)
        })?;
        let entry = self.entry;
        if own.is_none() {
            let text = format!("there is no entry {entry}, or it is alone in its article");
            return Err(Usage(text).into());
        }
        say(&format!("entry {entry} is an article of its own now"))
    }
}

/// Makes all groups anew from the stored entries, by today's rules and what people said.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  merganser regroup

Prints what changed; a second run changes nothing. Polls go on meanwhile.")]
pub struct Regroup {}

impl Regroup {
    pub fn run(&self, global: &Global) -> Result<ExitCode> {
        logs::start(logs::COMMAND);
        let config = session::config(global)?;
        let store = session::store(&config, OpenAs::Beside)?;
        let report = session::runtime()?.block_on(async {
            let report = store.regroup(Utc::now()).await?;
            store.close().await.map(|()| report)
        })?;
        let mut out = Out::stdout();
        for change in &report.changes {
            out.line(text::plain(change))?;
        }
        out.line(format!(
            "{} are {}; {}",
            text::count(report.entries, "entry", "entries"),
            text::count(report.articles, "article", "articles"),
            text::count(report.changes.len() as u64, "change", "changes")
        ))?;
        out.finish()?;
        Ok(ExitCode::SUCCESS)
    }
}

fn say(line: &str) -> Result<ExitCode> {
    let mut out = Out::stdout();
    out.line(line)?;
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}
