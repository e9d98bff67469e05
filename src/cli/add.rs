//! `merganser add`: a feed, or the feed that a page offers, into the config.

use std::process::ExitCode;

use anyhow::Result;
use url::Url;

use crate::{config, model::redacted, parse::discover::FoundFeed};

use super::{
    Global,
    discover::{Unanswered, address, feeds_at},
    edit::{Editable, RELOAD, Verdict},
    logs,
    out::{Out, complain},
    session::{self, Usage},
    text,
};

/// Writes a feed, or the feed that a page offers, into the config; comments are kept.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  merganser add https://blog.rust-lang.org/
  merganser add https://example.org/feed.xml --name example --tag news --tag local
  merganser add file:/srv/feeds/weather.xml

The address is asked once: a page's first feed is written, and the others are named. Where
nothing answers, the address is written as it is. A config with faults is not touched.
Exit status: 0 written or there already, 1 not a feed, 2 faults in the config.")]
pub struct Add {
    /// The feed, or a page that offers one; https:// may be left out.
    url: String,
    /// What to call it: letters, digits, - and _. Made from title or address otherwise.
    #[arg(long)]
    name: Option<String>,
    /// A label to choose by; may be given several times.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Write the address without asking it.
    #[arg(long)]
    as_is: bool,
}

impl Add {
    pub fn run(&self, global: &Global) -> Result<ExitCode> {
        logs::start(logs::COMMAND);
        let url = self.address()?;
        let mut editable = Editable::open(global)?;
        if let Some(name) = &self.name {
            self.name_is_free(&editable, &url, name)?;
        }
        let known = editable.config.feeds.iter().any(|feed| feed.url == url);
        let (feed, others) = match known || self.as_is || url.scheme() == "file" {
            true => (as_it_is(&url), Vec::new()),
            false => self.found(&editable, &url)?,
        };
        let made = feed.title.as_deref().and_then(config::name_from_title);
        let name = self.name.as_deref().or(made.as_deref());
        let shown = text::plain(redacted(&feed.url).as_str());
        let path = session::shown(&editable.config.path);
        let line = match editable.take(&feed.url, name, &self.tags) {
            Verdict::New(name) => {
                editable.write()?;
                format!("{shown} is written into {path} as \"{name}\"; {RELOAD}")
            }
            Verdict::There(name) => format!("{shown} is in {path} already, as \"{name}\""),
            Verdict::Private => anyhow::bail!(
                "{shown} is in a private network: write allow_private_networks = true under \
                 [fetch] in {path} first"
            ),
        };
        let mut out = Out::stdout();
        out.line(line)?;
        for other in &others {
            let title = text::plain(other.title.as_deref().unwrap_or_default());
            out.line(
                format!("  also offered: {}  {title}", text::plain(other.url.as_str())).trim_end(),
            )?;
        }
        out.finish()?;
        Ok(ExitCode::SUCCESS)
    }

    /// A file is named from where the person stands, and written so that it stays found.
    fn address(&self) -> Result<Url, Usage> {
        match self.url.trim().strip_prefix("file:") {
            Some(path) if !path.starts_with('/') => std::path::absolute(path)
                .ok()
                .and_then(|path| Url::from_file_path(path).ok())
                .ok_or_else(|| Usage(format!("\"{}\" is no file", text::plain(&self.url)))),
            _ => address(&self.url),
        }
    }

    /// A name that a person gives is taken as it is, or refused.
    fn name_is_free(&self, editable: &Editable, url: &Url, name: &str) -> Result<(), Usage> {
        let shown = text::plain(name);
        if !config::is_name(name) {
            return Err(Usage(format!(
                "\"{shown}\" is no name: write 1 to 64 of the characters A-Z a-z 0-9 _ -"
            )));
        }
        let mut feeds = editable.config.feeds.iter();
        match feeds.find(|feed| feed.name == name && feed.url != *url) {
            Some(feed) => Err(Usage(format!(
                "\"{shown}\" is the name of {} already: write another",
                redacted(&feed.url)
            ))),
            None => Ok(()),
        }
    }

    fn found(&self, editable: &Editable, url: &Url) -> Result<(FoundFeed, Vec<FoundFeed>)> {
        let asked = session::runtime()?.block_on(feeds_at(&editable.config, url));
        let mut found = match asked {
            Ok(found) => found.into_iter(),
            Err(error) if error.downcast_ref().is_some_and(|it: &Unanswered| !it.is_final()) => {
                complain(format!("merganser: not asked: {}", text::plain(&format!("{error:#}"))));
                return Ok((as_it_is(url), Vec::new()));
            }
            Err(error) => return Err(error),
        };
        match found.next() {
            Some(first) => Ok((first, found.collect())),
            None => anyhow::bail!(
                "{} is no feed and offers none (--as-is writes it all the same)",
                redacted(url)
            ),
        }
    }
}

fn as_it_is(url: &Url) -> FoundFeed {
    FoundFeed { url: url.clone(), title: None, media_type: None }
}
