//! `merganser backup`: a copy of the store, beside a running daemon.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;

use super::{Global, logs, out::Out, session};

/// Copies the store into a new file, consistent, while the daemon runs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  merganser backup /var/backups/merganser-$(date +%F).db

To restore: stop the daemon, put the copy in the store's place, remove the files of the
store that end in -wal and -shm, start the daemon.")]
pub struct Backup {
    /// The file to make; it must not be there yet.
    file: PathBuf,
}

impl Backup {
    pub fn run(&self, global: &Global) -> Result<ExitCode> {
        logs::start(logs::COMMAND);
        let config = session::config(global)?;
        let store = session::stored(&config)?;
        let to = session::shown(&self.file);
        anyhow::ensure!(!self.file.exists(), "{to} is already there: name a new file");
        session::runtime()?.block_on(store.backup(self.file.clone()))?;
        let mut out = Out::stdout();
        out.line(format!("{} copied to {to}", session::shown(&config.store)))?;
        out.finish()?;
        Ok(ExitCode::SUCCESS)
    }
}
