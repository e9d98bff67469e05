//! `merganser opml`: subscription lists in and out.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use clap::Subcommand;

use crate::{
    config::{self, Config},
    model::{FeedStatus, redacted},
    opml::{self, Subscription},
    store::OpenAs,
};

use super::{
    Global,
    edit::{Editable, RELOAD, Verdict},
    logs,
    out::{Out, complain},
    session, text,
};

/// Takes subscription lists (OPML) in, and gives one out.
#[derive(Debug, clap::Args)]
pub struct Opml {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Import(Import),
    Export(Export),
}

/// Writes the feeds of a list into the config; comments are kept, folders become tags.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  merganser opml import subscriptions.opml
  merganser opml import --config river.toml - < list.opml

Feeds that the config has already are named and skipped. A list may bring http and https
addresses only. A config with faults is not touched; one named with --config that is not
there yet is made.")]
struct Import {
    /// The list; `-` reads standard input.
    file: PathBuf,
}

/// Prints the feeds of the config as a list that every reader imports.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  merganser opml export > subscriptions.opml

User names and passwords in addresses are left out.")]
struct Export {}

impl Opml {
    pub fn run(&self, global: &Global) -> Result<ExitCode> {
        logs::start(logs::COMMAND);
        match &self.command {
            Command::Import(import) => import.run(global),
            Command::Export(_) => export(global),
        }
    }
}

impl Import {
    fn run(&self, global: &Global) -> Result<ExitCode> {
        let shown = session::shown(&self.file);
        let bytes = read(&self.file).with_context(|| format!("cannot read {shown}"))?;
        let list = opml::read(&bytes).with_context(|| shown)?;
        let mut editable = Editable::open(global)?;
        let (mut new, mut there, mut refused) = (0, 0, 0);
        for subscription in &list {
            let url = text::plain(redacted(&subscription.url).as_str());
            let title = subscription.title.as_deref().and_then(config::name_from_title);
            match editable.take(&subscription.url, title.as_deref(), &tags(subscription)) {
                Verdict::New(_) => new += 1,
                Verdict::There(name) => {
                    there += 1;
                    complain(format!("{url}: there already, as \"{name}\""));
                }
                Verdict::Private => {
                    refused += 1;
                    complain(format!(
                        "{url}: in a private network, refused ([fetch] allow_private_networks)"
                    ));
                }
            }
        }
        editable.write()?;
        let path = session::shown(&editable.config.path);
        let mut out = Out::stdout();
        let feeds = text::count(new, "feed", "feeds");
        let mut line = format!("{feeds} written into {path}, {there} there already");
        if refused > 0 {
            line.push_str(&format!(", {refused} refused"));
        }
        if new > 0 {
            line.push_str(&format!("; {RELOAD}"));
        }
        out.line(line)?;
        out.finish()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Folders and categories as the config takes them.
fn tags(subscription: &Subscription) -> Vec<String> {
    const LONGEST: usize = 64;
    let tags = subscription.tags.iter().map(|tag| text::plain(tag));
    tags.filter(|tag| !tag.is_empty() && tag.chars().count() <= LONGEST).collect()
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    // A list of 100,000 feeds is some 30 MB.
    const LARGEST_BYTES: u64 = 64 * 1024 * 1024;
    let mut bytes = Vec::new();
    if file.as_os_str() == "-" {
        io::stdin().lock().take(LARGEST_BYTES + 1).read_to_end(&mut bytes)?;
    } else {
        File::open(file)?.take(LARGEST_BYTES + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > LARGEST_BYTES {
        return Err(io::Error::other(format!("larger than {LARGEST_BYTES} bytes")));
    }
    Ok(bytes)
}

fn export(global: &Global) -> Result<ExitCode> {
    let config = session::config(global)?;
    let known = known(&config)?;
    let list: Vec<Subscription> = config
        .feeds
        .iter()
        .map(|feed| {
            let status = known.get(feed.name.as_str());
            let title = status.map_or(feed.name.as_str(), |status| status.display_title());
            Subscription {
                url: feed.url.clone(),
                title: Some(text::plain(title)),
                home_page: status.and_then(|status| status.home_page.clone()),
                tags: feed.tags.clone(),
            }
        })
        .collect();
    let mut out = Out::stdout();
    out.bytes(opml::write("merganser", &list).as_bytes())?;
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// What the store knows of the feeds: their titles and home pages.
fn known(config: &Config) -> Result<HashMap<String, FeedStatus>> {
    if !config.store.exists() {
        return Ok(HashMap::new());
    }
    let store = session::store(config, OpenAs::Reader)?;
    let feeds = session::runtime()?.block_on(store.feeds())?;
    Ok(feeds.into_iter().map(|feed| (feed.name.clone(), feed)).collect())
}
