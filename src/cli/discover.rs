//! `merganser discover`: the feeds that a page offers.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use serde::Serialize;
use tokio::task::spawn_blocking;
use url::Url;

use crate::{
    config::Config,
    fetch::Fetcher,
    model::{Document, FetchError, Outcome, redacted},
    parse::{
        self,
        discover::{FoundFeed, discover},
    },
};

use super::{
    Global, logs,
    out::{Out, Style, complain},
    session::{self, Usage},
    text,
};

/// Names the feeds that a page offers.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  merganser discover https://blog.rust-lang.org/
  merganser discover example.org --json

Asks the page only; where it names no feed, some usual addresses on its host are tried.
`merganser add URL` writes what it finds into the config.
Exit status: 0 found some, 1 found none or cannot be asked.")]
pub struct Discover {
    /// The page, or a feed itself; https:// may be left out.
    url: String,
    /// One JSON array on standard output.
    #[arg(long)]
    json: bool,
}

/// A found feed as `--json` prints it.
#[derive(Serialize)]
struct Shown<'a> {
    url: &'a Url,
    title: Option<&'a str>,
    #[serde(rename = "type")]
    media_type: Option<&'a str>,
}

impl Discover {
    pub fn run(&self, global: &Global) -> Result<ExitCode> {
        logs::start(logs::COMMAND);
        let url = address(&self.url)?;
        let config = session::config(global)?;
        let found = session::runtime()?.block_on(feeds_at(&config, &url))?;
        let mut out = Out::stdout();
        if self.json {
            let shown: Vec<Shown<'_>> = found.iter().map(shown).collect();
            out.json(&shown)?;
        } else {
            for feed in &found {
                let title =
                    feed.title.as_deref().or(feed.media_type.as_deref()).unwrap_or_default();
                let title = out.paint(Style::Dim, &text::plain(title));
                out.line(format!("{}  {title}", text::plain(feed.url.as_str())).trim_end())?;
            }
        }
        out.finish()?;
        if found.is_empty() {
            complain(format!("merganser: no feed is offered at {}", redacted(&url)));
        }
        Ok(ExitCode::from(u8::from(found.is_empty())))
    }
}

fn shown(feed: &FoundFeed) -> Shown<'_> {
    Shown { url: &feed.url, title: feed.title.as_deref(), media_type: feed.media_type.as_deref() }
}

/// An address as people type it.
pub(super) fn address(typed: &str) -> Result<Url, Usage> {
    let typed = typed.trim();
    let wrong = |reason: String| {
        Usage(format!("\"{}\" {reason}: write one like https://example.org/", text::plain(typed)))
    };
    let rest = typed.strip_prefix("feed:").map(|rest| rest.trim_start_matches('/'));
    let whole = match rest.unwrap_or(typed) {
        text if text.contains("://") || text.starts_with("file:") => text.to_owned(),
        text => format!("https://{text}"),
    };
    let url = Url::parse(&whole).map_err(|error| wrong(format!("is no address ({error})")))?;
    match url.scheme() {
        "http" | "https" | "file" => Ok(url),
        other => Err(wrong(format!("has the scheme \"{other}\""))),
    }
}

/// Why an address could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("{url}: {reason}")]
pub(super) struct Unanswered {
    url: Url,
    reason: FetchError,
}

impl Unanswered {
    /// Whether the answer was that there is nothing, or that nobody may ask; not just silence.
    pub fn is_final(&self) -> bool {
        match &self.reason {
            FetchError::Status { code, .. } => *code == 404 || *code == 410,
            FetchError::PrivateAddress { .. } | FetchError::File { .. } => true,
            _ => false,
        }
    }
}

/// The feeds at an address, best first: itself, those that the page there names, or one at a
/// usual place of its host.
pub(super) async fn feeds_at(config: &Config, url: &Url) -> Result<Vec<FoundFeed>> {
    let fetcher = Fetcher::new(config.fetch.clone())?;
    let found = ask(&fetcher, url).await?;
    if !found.is_empty() || url.scheme() == "file" {
        return Ok(found);
    }
    for place in USUAL_PLACES {
        let Ok(guess) = url.join(place) else { continue };
        // A host that has just answered may still not have this; silence is no error here.
        let found = ask(&fetcher, &guess).await.unwrap_or_default();
        let itself = found.into_iter().find(|feed| feed.url == guess);
        if let Some(feed) = itself {
            return Ok(vec![feed]);
        }
    }
    Ok(Vec::new())
}

async fn ask(fetcher: &Fetcher, url: &Url) -> Result<Vec<FoundFeed>> {
    let fetched = fetcher.page(url).await;
    let unanswered = |reason| Unanswered { url: redacted(url), reason };
    let (body, content_type) = match fetched.outcome {
        Outcome::Document { body, content_type, .. } => (body, content_type),
        Outcome::Failed(error) => return Err(unanswered(error).into()),
        Outcome::Gone => {
            let reason = FetchError::Status { code: 410, reason: "Gone".to_owned() };
            return Err(unanswered(reason).into());
        }
        Outcome::NotModified => return Ok(Vec::new()),
    };
    let (asked, base) = (fetched.permanent_url.unwrap_or(url.clone()), fetched.final_url);
    spawn_blocking(move || read(Document { bytes: body, content_type, base: Some(base) }, asked))
        .await
        .context("the page there cannot be read")
}

fn read(document: Document, asked: Url) -> Vec<FoundFeed> {
    match (parse::read(&document), &document.base) {
        (Ok(feed), _) => {
            let title = feed.meta.title.map(|title| text::plain(&title));
            vec![FoundFeed { url: asked, title, media_type: document.content_type }]
        }
        (Err(_), Some(base)) => discover(&document.bytes, document.content_type.as_deref(), base),
        (Err(_), None) => Vec::new(),
    }
}

/// Where most sites that name no feed have one.
const USUAL_PLACES: &[&str] = &["/feed", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_people_type_it() {
        let url = |typed| address(typed).unwrap().to_string();
        assert_eq!(url("example.org/blog"), "https://example.org/blog");
        assert_eq!(url(" http://example.org"), "http://example.org/");
        assert_eq!(url("feed://example.org/x"), "https://example.org/x");
        assert_eq!(url("feed:https://example.org/x"), "https://example.org/x");
        assert!(address("gopher://example.org").is_err());
        assert!(address("").is_err());
    }
}
