//! `merganser check`: everything that is wrong with the config, and with the store if asked.

use std::process::ExitCode;

use anyhow::Result;

use crate::{
    config::{Config, Weight},
    parse::html,
    store::OpenAs,
};

use super::{
    Global, logs,
    out::{Out, complain},
    session, text,
};

/// Reads the config and names every fault with file, line, column and key.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  merganser check
  merganser check --config /etc/merganser/merganser.toml
  merganser check --store        also look for damage in the store

Faults go to standard error, one a line, as PATH:LINE:COLUMN: KEY: MESSAGE.
Exit status: 0 good (warnings are told), 2 faults in the config, 1 damage in the store.")]
pub struct Check {
    /// Check the store's integrity, too; may take a while, beside a running daemon.
    #[arg(long)]
    store: bool,
}

impl Check {
    pub fn run(&self, global: &Global) -> Result<ExitCode> {
        logs::start(logs::COMMAND);
        let config = session::config(global)?;
        let mut refused = 0;
        for note in config.notes.iter().chain(&missing_files(&config)) {
            complain(note);
            refused += u64::from(note.weight >= Weight::Refused);
        }
        let path = session::shown(&config.path);
        if refused > 0 {
            complain(format!("{path}: {}", text::count(refused, "fault", "faults")));
            return Ok(ExitCode::from(2));
        }
        let mut out = Out::stdout();
        out.line(format!(
            "{path}: good; {}, {}",
            text::count(config.feeds.len() as u64, "feed", "feeds"),
            text::count(config.outputs.len() as u64, "output", "outputs")
        ))?;
        let damaged = self.store && !self.store_is_whole(&config, &mut out)?;
        out.finish()?;
        Ok(ExitCode::from(u8::from(damaged)))
    }

    fn store_is_whole(&self, config: &Config, out: &mut Out) -> Result<bool> {
        let path = session::shown(&config.store);
        if !config.store.exists() {
            out.line(format!("{path}: not there yet; `merganser fetch` makes it"))?;
            return Ok(true);
        }
        let store = session::store(config, OpenAs::Reader)?;
        let runtime = session::runtime()?;
        let findings = runtime.block_on(store.check())?;
        for finding in &findings {
            complain(format!("{path}: {}", text::plain(finding)));
        }
        let html = runtime.block_on(store.html_state(html::RULES_VERSION))?;
        if html.left > 0 {
            let (left, old) = (text::count(html.left, "entry", "entries"), html.version);
            out.line(format!(
                "{path}: {left} to be cleaned again: version {old} of the sanitizer's rules made \
                 their HTML, version {} is the newest; the daemon does it, or `merganser fetch`",
                html::RULES_VERSION
            ))?;
        }
        if findings.is_empty() {
            out.line(format!("{path}: good"))?;
        } else {
            complain(format!("{path}: damaged: stop the daemon and restore a backup"));
        }
        Ok(findings.is_empty())
    }
}

/// `file:` feeds whose file is not there: worth a word, though it may come later.
fn missing_files(config: &Config) -> Vec<crate::config::Fault> {
    let files = config.feeds.iter().filter_map(|feed| Some((feed, feed.url.to_file_path().ok()?)));
    files
        .filter(|(feed, path)| feed.url.scheme() == "file" && !path.exists())
        .map(|(feed, path)| crate::config::Fault {
            key: format!("feed \"{}\"", feed.name),
            weight: Weight::Advice,
            ..crate::config::Fault::of_file(
                &config.path,
                format!("there is no file at {}", session::shown(&path)),
            )
        })
        .collect()
}
