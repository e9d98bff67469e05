//! `merganser render`: one merged output as a document.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context as _, Result};
use clap::ValueEnum;

use crate::{
    files,
    publish::{self, Format, Older, Part},
    server::{Contents, Published},
};

use super::{Global, logs, out::Out, session};

/// Renders one merged output to standard output or into a file.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  merganser render all --format atom
  merganser render all --format html -o all.html

A file is replaced at once, never half-written. Works beside a running daemon.")]
pub struct Render {
    /// The output's name under [[output]]; \"all\" where the config has none.
    output: String,
    /// The document's form.
    #[arg(long, value_enum, default_value = "atom")]
    format: Form,
    /// Write here instead of to standard output.
    #[arg(short, long = "out", value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Atom,
    Rss,
    Json,
    Html,
}

impl From<Form> for Format {
    fn from(form: Form) -> Self {
        match form {
            Form::Atom => Self::Atom,
            Form::Rss => Self::Rss,
            Form::Json => Self::Json,
            Form::Html => Self::Html,
        }
    }
}

impl Render {
    pub fn run(&self, global: &Global) -> Result<ExitCode> {
        logs::start(logs::COMMAND);
        let config = session::config(global)?;
        let output = session::output(&config, &self.output)?;
        let store = session::stored(&config)?;
        let published = Arc::new(Published::new(&config.server, config.outputs.clone(), 0));
        let contents = Contents { store: &store, published: &published, output };
        let (articles, older) = session::runtime()?.block_on(contents.first())?;
        // As the server would hand it out; a lone page has no file of older articles beside it.
        let format = Format::from(self.format);
        let older = if format == Format::Html { Older::default() } else { older };
        let part = Part::Subscription(older);
        let rendered = publish::render_part(output, &published.site, &articles, format, &part);
        match self.out.as_deref() {
            Some(path) if path.as_os_str() != "-" => write_file(path, &rendered.bytes)
                .with_context(|| format!("cannot write {}", session::shown(path)))?,
            _ => {
                let mut out = Out::stdout();
                out.bytes(&rendered.bytes)?;
                out.finish()?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A regular file is replaced at once; a pipe or device is written to.
fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let metadata = fs::metadata(path);
    if metadata.is_ok_and(|it| !it.is_file()) {
        return File::options().write(true).open(path)?.write_all(bytes);
    }
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    files::replace(&path, bytes)
}
