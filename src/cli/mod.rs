//! The command line: one file a command, arguments in, text out.
//!
//! In: arguments. Out: text on stdout, diagnostics on stderr, an exit code: 0 done, 1 failed,
//! 2 wrong usage or a bad config. Never here: a decision that a room below should make.

mod parse;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// Polls RSS, Atom and JSON feeds, shows each story once, republishes merged feeds.
#[derive(Debug, Parser)]
#[command(name = "merganser", version, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Arguments that every command takes.
#[derive(Debug, clap::Args)]
pub struct Global {
    /// The config file.
    #[arg(long, global = true, value_name = "FILE", env = "MERGANSER_CONFIG")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Parse(parse::Parse),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Parse(command) => command.run(),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("merganser: {error:#}");
            ExitCode::from(1)
        }
    }
}
