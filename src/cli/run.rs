//! `merganser run`: the daemon, in the foreground.

use std::process::ExitCode;

use anyhow::Result;

use crate::daemon;

use super::{Global, logs, session};

/// Runs the daemon in the foreground: polls, groups, serves.
///
/// Logs go to standard error. SIGTERM and SIGINT end it cleanly, SIGHUP reads the config
/// again; a config with faults is refused and the old one stays.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  merganser run
  merganser run --config /etc/merganser/merganser.toml
  RUST_LOG=merganser=debug merganser run

The pages are at the address under [server] listen, http://127.0.0.1:8080/ by default.")]
pub struct Run {}

impl Run {
    pub fn run(&self, global: &Global) -> Result<ExitCode> {
        logs::start(logs::DAEMON);
        let config = session::config(global)?;
        for note in &config.notes {
            tracing::warn!("{note}");
        }
        session::runtime()?.block_on(daemon::run(config))?;
        Ok(ExitCode::SUCCESS)
    }
}
