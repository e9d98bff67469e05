//! What the operator asks for: TOML in, one [`Config`] out, or every fault in it at once.
//!
//! In: a config file. Out: the settings structs that each room takes, or faults that name
//! file, line, column and key, and say what to write instead. Also here, because it must
//! agree with the reading: where a config is looked for (`find`), how feeds get their names
//! (`names`), and how feeds are written into the file with its comments kept (`edit`).
//! Never here: the store, the network, a decision about a poll.
//!
//! [`Config`] is not handed below floor 5: a room takes the part that concerns it.

mod address;
mod edit;
mod fault;
mod feeds;
mod find;
mod names;
mod outputs;
mod reader;
mod schema;
mod sections;
mod syntax;
mod values;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::Utc;
use toml::de::DeTable;

use crate::model::{
    DedupSettings, FeedSetting, FetchLimits, OutputSetting, PaceLimits, ServerSettings, Time,
};

pub use address::is_private;
pub use edit::{EditError, NewFeed, replace_file, with_feeds};
pub use fault::{Fault, Weight};
pub use find::{NotFound, find};
pub use names::{is_name, made_name, name_from_title, unique_name};
pub use schema::{SECTIONS, Section};

/// Everything that a config says, parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file that was read.
    pub path: PathBuf,
    /// The store file, resolved.
    pub store: PathBuf,
    pub pace: PaceLimits,
    pub fetch: FetchLimits,
    pub dedup: DedupSettings,
    /// How long entries are kept that no feed shows any more.
    pub keep: Duration,
    pub server: ServerSettings,
    pub outputs: Vec<OutputSetting>,
    pub feeds: Vec<FeedSetting>,
    /// What is not wrong enough to stand still for: see [`Weight`].
    pub notes: Vec<Fault>,
}

impl Config {
    /// Notes that `check` refuses, though the daemon goes on without the part concerned.
    pub fn refused(&self) -> impl Iterator<Item = &Fault> {
        self.notes.iter().filter(|note| note.weight == Weight::Refused)
    }

    pub fn output(&self, name: &str) -> Option<&OutputSetting> {
        self.outputs.iter().find(|output| output.name == name)
    }
}

/// Reads the config file at `path`.
pub fn load(path: &Path) -> Result<Config, Vec<Fault>> {
    let text = read_text(path).map_err(|fault| vec![fault])?;
    from_text(&text, &Surroundings::of(path))
}

/// The text of a config file, with a fault that says what is wrong with the file itself.
pub fn read_text(path: &Path) -> Result<String, Fault> {
    let whole = |message: String| Fault::of_file(path, message);
    let length =
        std::fs::metadata(path).map_err(|error| whole(format!("cannot be read: {error}")))?.len();
    if length > LARGEST_FILE_BYTES {
        return Err(whole(format!(
            "has {length} bytes, more than a config may have ({LARGEST_FILE_BYTES})"
        )));
    }
    let bytes = std::fs::read(path).map_err(|error| whole(format!("cannot be read: {error}")))?;
    String::from_utf8(bytes).map_err(|error| {
        let good = String::from_utf8_lossy(
            error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default(),
        );
        Fault::at(path, fault::position(&good, good.len()), "", "is not UTF-8: save it as UTF-8")
    })
}

/// Reads the text of a config, given where it stands.
pub fn from_text(text: &str, around: &Surroundings) -> Result<Config, Vec<Fault>> {
    // Some editors put a byte order mark in front; TOML has no place for it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mended;
    let (mut text, mut broken) = (text, Vec::new());
    let (mut document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        (mended, broken) = syntax::mended(text);
        text = &mended;
        document = DeTable::parse_recoverable(text).0;
    }
    let mut reader = reader::Reader::new(text, &around.path);
    reader.syntax(broken);
    let root = document.get_ref();
    reader.sections(root);

    let store = sections::store(&mut reader, root, around);
    let (pace, fetch) = sections::fetch(&mut reader, root);
    let dedup = sections::dedup(&mut reader, root);
    let keep = sections::retention(&mut reader, root);
    let server = sections::server(&mut reader, root);
    let feeds = feeds::read(&mut reader, root, around, &fetch, &pace);
    let outputs = outputs::read(&mut reader, root, around, &feeds);

    let notes = reader.finish()?;
    let path = around.path.clone();
    Ok(Config { path, store, pace, fetch, dedup, keep, server, outputs, feeds, notes })
}

/// What the meaning of a config depends on beside its text.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The config file; relative `file:` feeds are relative to its folder.
    pub path: PathBuf,
    /// Where relative files of ours go, if not beside the config (systemd's `$STATE_DIRECTORY`).
    pub state_folder: Option<PathBuf>,
    /// A schedule must have a time after this one.
    pub now: Time,
}

impl Surroundings {
    /// As they are for the file at `path` in this process.
    pub fn of(path: &Path) -> Self {
        // systemd separates several folders with colons; the first is the unit's main one.
        let state_folder = std::env::var("STATE_DIRECTORY")
            .ok()
            .and_then(|folders| folders.split(':').next().map(PathBuf::from))
            .filter(|folder| !folder.as_os_str().is_empty());
        Self { path: path.to_owned(), state_folder, now: Utc::now() }
    }

    /// The config's folder, absolute.
    fn folder(&self) -> PathBuf {
        let absolute = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        absolute.parent().map(Path::to_owned).unwrap_or(absolute)
    }

    /// Where a file that the program writes stands, by the config's word for it.
    fn state_file(&self, path: &Path) -> PathBuf {
        match &self.state_folder {
            Some(folder) => folder.join(path),
            None => self.folder().join(path),
        }
    }
}

/// 100,000 feeds with names and tags are 15 MB; a file beyond this is not a config.
const LARGEST_FILE_BYTES: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests;
