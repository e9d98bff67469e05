//! What most commands begin with: the config that was asked for, the store, a runtime.

use std::{fmt, path::Path};

use anyhow::{Context as _, Result};
use tokio::runtime::{Builder, Runtime};

use crate::{
    config::{self, Config, Fault, NotFound},
    model::{Article, OutputSetting, Rules},
    publish::{Site, echo},
    store::{OpenAs, Store},
};

use super::Global;

/// A config that cannot be used: every fault, one a line. Exit code 2.
#[derive(Debug)]
pub struct BadConfig(pub Vec<Fault>);

/// The command line asks for something that is not there. Exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

impl fmt::Display for BadConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let end = if index + 1 == self.0.len() { "" } else { "\n" };
            write!(f, "{fault}{end}")?;
        }
        Ok(())
    }
}

impl std::error::Error for BadConfig {}

/// Reads the config that was asked for, or the first at the usual places.
pub fn config(global: &Global) -> Result<Config> {
    let path = config::find(global.config.as_deref())?;
    Ok(config::load(&path).map_err(BadConfig)?)
}

/// Opens the store of a config.
pub fn store(config: &Config, how: OpenAs) -> Result<Store> {
    Ok(Store::open(&config.store, how, config.dedup.clone())?)
}

/// Opens the store to look at it.
pub fn stored(config: &Config) -> Result<Store> {
    store(config, OpenAs::Reader)
}

/// A runtime for one command.
pub fn runtime() -> Result<Runtime> {
    Builder::new_multi_thread().enable_all().build().context("cannot start threads")
}

/// The output of this name.
pub fn output<'c>(config: &'c Config, name: &str) -> Result<&'c OutputSetting, Usage> {
    config.output(name).ok_or_else(|| {
        let names: Vec<&str> = config.outputs.iter().map(|it| it.name.as_str()).collect();
        Usage(format!(
            "no output is called \"{}\" in {}; there are: {}",
            super::text::plain(name),
            config.path.display(),
            names.join(", ")
        ))
    })
}

/// What an output takes in, as the server has it: by its rules, and no echo of our own outputs.
pub fn takes_in(
    config: &Config,
    output: &OutputSetting,
) -> Result<impl Fn(&Article) -> bool + Clone + Send + 'static> {
    let rules = Rules::parse(&output.filter)?;
    let site = Site::new(&config.server, &config.outputs);
    Ok(move |article: &Article| echo::takes_in(article, &rules, &site))
}

/// Refuses names that no feed of the config has.
pub fn known_feeds(config: &Config, names: &[String]) -> Result<(), Usage> {
    for name in names {
        if !config.feeds.iter().any(|feed| feed.name == *name) {
            let shown = super::text::plain(name);
            return Err(Usage(format!(
                "no feed is called \"{shown}\" in {}; `merganser feeds` lists them",
                config.path.display()
            )));
        }
    }
    Ok(())
}

/// Whether this error is the caller's to mend: exit code 2.
pub fn is_usage(error: &anyhow::Error) -> bool {
    error.is::<BadConfig>() || error.is::<NotFound>() || error.is::<Usage>()
}

/// Whether the reader of our output has gone away.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// A path as people would write it.
pub fn shown(path: &Path) -> String {
    super::text::plain(&path.display().to_string())
}
