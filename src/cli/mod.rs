//! The command line: one file a command, arguments in, text out.
//!
//! In: arguments. Out: text on stdout, diagnostics on stderr, an exit code: 0 done, 1 failed,
//! 2 wrong usage or a bad config. Never here: a decision that a room below should make.

mod add;
mod articles;
mod backup;
mod check;
mod discover;
mod edit;
mod explain;
mod feeds;
mod fetch;
mod group;
mod logs;
mod manual;
mod opml;
mod out;
mod parse;
mod render;
mod run;
mod session;
mod table;
mod text;

use std::{path::PathBuf, process::ExitCode};

use clap::{
    Parser, Subcommand,
    builder::{OsStringValueParser, TypedValueParser as _},
};

/// Polls RSS, Atom and JSON feeds, shows each story once, republishes merged feeds.
#[derive(Debug, Parser)]
#[command(name = "merganser", version, propagate_version = true, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
First steps:
  merganser add https://blog.rust-lang.org/    write a feed into the config
  merganser fetch                              poll every feed that is due
  merganser articles                           read what they say, each story once
  merganser run                                keep polling, serve http://127.0.0.1:8080/

Config, the first that is there:
  --config FILE, or MERGANSER_CONFIG
  ./config/merganser.toml
  $XDG_CONFIG_HOME/merganser/merganser.toml    (~/.config where it is not set)
  /etc/merganser/merganser.toml

Environment: RUST_LOG (what is logged), NO_COLOR (no colour), STATE_DIRECTORY (where
relative paths of the store and of output files begin; set by systemd).

Exit status: 0 done, 1 failed, 2 wrong usage or a config with faults.";

/// Arguments that every command takes.
#[derive(Debug, clap::Args)]
pub struct Global {
    /// The config file.
    // An empty variable is one that is not set.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "MERGANSER_CONFIG",
        value_parser = OsStringValueParser::new().map(PathBuf::from)
    )]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    Fetch(fetch::Fetch),
    Check(check::Check),
    Feeds(feeds::Feeds),
    Articles(articles::Articles),
    Explain(explain::Explain),
    Merge(group::Merge),
    Split(group::Split),
    Regroup(group::Regroup),
    Render(render::Render),
    Discover(discover::Discover),
    Add(add::Add),
    Opml(opml::Opml),
    Backup(backup::Backup),
    Parse(parse::Parse),
    Completions(manual::Completions),
    #[command(hide = true)]
    Man(manual::Man),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    let done = match command {
        Command::Run(command) => {
            allow_open_files();
            command.run(&global)
        }
        Command::Fetch(command) => {
            allow_open_files();
            command.run(&global)
        }
        Command::Check(command) => command.run(&global),
        Command::Feeds(command) => command.run(&global),
        Command::Articles(command) => command.run(&global),
        Command::Explain(command) => command.run(&global),
        Command::Merge(command) => command.run(&global),
        Command::Split(command) => command.run(&global),
        Command::Regroup(command) => command.run(&global),
        Command::Render(command) => command.run(&global),
        Command::Discover(command) => command.run(&global),
        Command::Add(command) => command.run(&global),
        Command::Opml(command) => command.run(&global),
        Command::Backup(command) => command.run(&global),
        Command::Parse(command) => command.run(),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(),
    };
    done.unwrap_or_else(|error| ended_by(&error))
}

/// Each connection is an open file, and a process may have 1,024 of them on most systems
/// unless it asks for more. Where that is refused, we make do.
fn allow_open_files() {
    let _ = rlimit::increase_nofile_limit(OPEN_FILES);
}

/// More than a round of polls ever holds.
const OPEN_FILES: u64 = 16_384;

/// Tells what went wrong, once, and whose turn it is.
fn ended_by(error: &anyhow::Error) -> ExitCode {
    if session::is_closed_pipe(error) {
        // `merganser articles | head` has seen enough.
        return ExitCode::SUCCESS;
    }
    if error.is::<session::BadConfig>() {
        // `path:line:column: …` as it is, so that editors can jump there.
        out::complain(error);
    } else {
        out::complain(format!("merganser: {}", told(error)));
    }
    ExitCode::from(if session::is_usage(error) { 2 } else { 1 })
}

/// The error and its causes, without what a terminal would obey; lists keep their lines.
fn told(error: &anyhow::Error) -> String {
    let whole = format!("{error:#}");
    let lines = whole.lines().map(|line| {
        let indent = line.len() - line.trim_start().len();
        format!("{:indent$}{}", "", text::plain(line))
    });
    lines.collect::<Vec<_>>().join("\n")
}
