//! `merganser parse`: one feed document to JSON.
//!
//! In: a file or standard input. Out: the contract's JSON on standard output, or one line on
//! standard error and exit code 1 where nothing can be read.

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use serde_json::{Value, json};

use crate::{
    model::{Document, Entry, Html, Time},
    parse::{self, Parsing},
};

/// Bytes of a document; more is refused as the fetcher would.
const MAX_DOCUMENT_BYTES: u64 = 64 * 1024 * 1024;

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
        let bytes =
            bytes_of(&self.file).with_context(|| format!("cannot read {}", self.file.display()))?;
        let document =
            Document { bytes: bytes.into(), content_type: self.content_type, base: self.base };
        let parsing = parse::parse_each(&document, chrono::Utc::now())
            .with_context(|| self.file.display().to_string())?;
        let mut stdout = std::io::BufWriter::new(std::io::stdout().lock());
        write_json(parsing, &mut stdout)?;
        stdout.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

fn bytes_of(file: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = MAX_DOCUMENT_BYTES + 1;
    if file.as_os_str() == "-" {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(file)?.take(limit).read_to_end(&mut bytes)?;
    }
    anyhow::ensure!(
        bytes.len() as u64 <= MAX_DOCUMENT_BYTES,
        "larger than {MAX_DOCUMENT_BYTES} bytes"
    );
    Ok(bytes)
}

/// Writes the contract's JSON, an entry at a time: a whole document of it would cost several
/// times what reading costs.
fn write_json(mut parsing: Parsing, out: &mut impl Write) -> anyhow::Result<()> {
    let meta = &parsing.meta;
    let feed = json!({
        "title": meta.title,
        "url": meta.url,
        "home_page": meta.home_page,
        "description": meta.description,
        "language": meta.language,
        "updated": date(meta.updated),
    });
    write!(out, "{{\n\"feed\": {feed:#},\n\"entries\": [")?;
    let mut separator = "\n";
    for entry in parsing.by_ref() {
        write!(out, "{separator}{:#}", entry_as_json(&entry))?;
        separator = ",\n";
    }
    writeln!(out, "\n],\n\"repairs\": {:#}\n}}", json!(parsing.repairs))?;
    Ok(())
}

fn entry_as_json(entry: &Entry) -> Value {
    json!({
        "id": entry.guid,
        "url": entry.url,
        "title": entry.title,
        "authors": entry.authors,
        "published": date(entry.published),
        "updated": date(entry.updated),
        "summary": entry.summary.as_ref().map(Html::as_str),
        "content": entry.content.as_ref().map(Html::as_str),
        "categories": entry.categories,
        "enclosures": entry.enclosures,
        "language": entry.language,
        "source": entry.origin,
    })
}

fn date(time: Option<Time>) -> Option<String> {
    Some(time?.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `MERGANSER_BLESS=1 cargo test golden` writes the answers anew; read the difference.
    #[test]
    fn every_fixture_gives_its_golden_answer() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parse");
        let now = "2024-06-01T00:00:00Z".parse().unwrap();
        let mut compared = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "golden") {
                continue;
            }
            let bytes = bytes_of(&path).unwrap();
            let document = Document { bytes: bytes.into(), content_type: None, base: None };
            let told = match parse::parse_each(&document, now) {
                Ok(parsing) => {
                    let mut json = Vec::new();
                    write_json(parsing, &mut json).unwrap();
                    String::from_utf8(json).unwrap()
                }
                Err(error) => format!("{error}\n"),
            };
            let golden = path.with_added_extension("golden");
            if std::env::var_os("MERGANSER_BLESS").is_some() {
                std::fs::write(&golden, &told).unwrap();
            }
            let expected = std::fs::read_to_string(&golden).unwrap_or_default();
            assert_eq!(told, expected, "{}", path.display());
            compared += 1;
        }
        assert!(compared > 10);
    }
}
