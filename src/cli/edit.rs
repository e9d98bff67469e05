//! What `add` and `opml import` share: feeds into the config file, or not at all.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use anyhow::{Context as _, Result};
use url::Url;

use crate::config::{self, Config, NewFeed, Surroundings};

use super::{
    Global,
    session::{self, BadConfig},
};

/// The config file as it is now, and what it says.
pub struct Editable {
    pub config: Config,
    /// `None`: the file is to be made.
    before: Option<String>,
    /// The name of each feed, old and new, by its URL.
    names: HashMap<Url, String>,
    taken: HashSet<String>,
    new: Vec<NewFeed>,
}

/// What became of a feed that was to be written.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It will be written under this name.
    New(String),
    /// The feed of this name has that URL.
    There(String),
    /// It would be refused by `check`: in a private network.
    Private,
}

impl Editable {
    /// Reads the config to be changed. One that is asked for by name and not there yet is
    /// empty; one with faults is not touched.
    pub fn open(global: &Global) -> Result<Self> {
        let path = config::find(global.config.as_deref())?;
        // Found at a usual place, it is there.
        let is_new = !path.exists();
        let before = match is_new {
            true => None,
            false => Some(config::read_text(&path).map_err(|fault| BadConfig(vec![fault]))?),
        };
        let around = Surroundings::of(&path);
        let text = before.as_deref().unwrap_or_default();
        let config = config::from_text(text, &around).map_err(BadConfig)?;
        let names: HashMap<Url, String> =
            config.feeds.iter().map(|feed| (feed.url.clone(), feed.name.clone())).collect();
        let taken = names.values().cloned().collect();
        Ok(Self { config, before, names, taken, new: Vec::new() })
    }

    /// Takes in one more feed. `name` is a wish: made unique, and made up where it is `None`.
    pub fn take(&mut self, url: &Url, name: Option<&str>, tags: &[String]) -> Verdict {
        if let Some(name) = self.names.get(url) {
            return Verdict::There(name.clone());
        }
        if !self.config.fetch.allow_private_networks && config::is_private(url) {
            return Verdict::Private;
        }
        let wish = name.map_or_else(|| config::made_name(url), str::to_owned);
        let name = config::unique_name(&wish, &mut self.taken);
        self.new.push(NewFeed { url: url.clone(), name: Some(name.clone()), tags: tags.to_vec() });
        Verdict::New(name)
    }

    /// Writes what was taken in, if the config is as good with it as it was without.
    pub fn write(&self) -> Result<()> {
        if self.new.is_empty() {
            return Ok(());
        }
        let path = &self.config.path;
        let before = self.before.as_deref();
        let text = config::with_feeds(before.unwrap_or_default(), &self.new)
            .with_context(|| session::shown(path))?;
        let after = config::from_text(&text, &Surroundings::of(path)).map_err(BadConfig)?;
        if after.refused().count() > self.config.refused().count() {
            return Err(BadConfig(after.refused().cloned().collect()).into());
        }
        write(path, before, &text)
    }
}

fn write(path: &Path, before: Option<&str>, text: &str) -> Result<()> {
    config::replace_file(path, before, text)
        .with_context(|| format!("cannot write {}", session::shown(path)))
}

/// What to tell a person whose daemon is running.
pub const RELOAD: &str = "a running daemon takes it in on SIGHUP";
