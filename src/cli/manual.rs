//! `merganser completions` and `merganser man`: what packages install beside the binary.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{Cli, out::Out, session};

/// Prints a completion script for a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  merganser completions bash > /usr/share/bash-completion/completions/merganser
  merganser completions zsh > /usr/share/zsh/vendor-completions/_merganser
  merganser completions fish > ~/.config/fish/completions/merganser.fish")]
pub struct Completions {
    shell: Shell,
}

impl Completions {
    pub fn run(&self) -> Result<ExitCode> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "merganser", &mut script);
        print(&script)
    }
}

/// Prints the manual page, or writes one page for each command.
#[derive(Debug, clap::Args)]
pub struct Man {
    /// Write merganser.1, merganser-run.1 … into this folder.
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

impl Man {
    pub fn run(&self) -> Result<ExitCode> {
        let Some(folder) = &self.dir else {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            return print(&page);
        };
        let written = fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), folder));
        written.with_context(|| format!("cannot write into {}", session::shown(folder)))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn print(bytes: &[u8]) -> Result<ExitCode> {
    let mut out = Out::stdout();
    out.bytes(bytes)?;
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}
