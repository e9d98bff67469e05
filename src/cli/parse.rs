//! `merganser parse`: one feed document to JSON.

use std::{path::PathBuf, process::ExitCode};

/// Reads one feed document and prints it as JSON.
#[derive(Debug, clap::Args)]
pub struct Parse {
    /// The base of relative URLs.
    #[arg(long, value_name = "URL")]
    base: Option<url::Url>,
    /// The document's media type, as the transport would say it.
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// The document; `-` reads standard input.
    file: PathBuf,
}

impl Parse {
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let _ = (self.base, self.content_type, self.file);
        todo!()
    }
}
