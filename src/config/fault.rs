//! What is wrong in a config, where, and what to write instead.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// One fault: `path:line:column: key: message`, a form that editors jump to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub path: PathBuf,
    /// Line and column (characters), both from 1; `None` for the file as a whole.
    pub place: Option<(usize, usize)>,
    /// Section and key (`fetch.min_interval`); empty where no key is concerned.
    pub key: String,
    pub message: String,
    pub weight: Weight,
}

/// How much a fault stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Good advice.
    Advice,
    /// `check` refuses it; a daemon that meets it goes on without the part concerned, since one
    /// hopeless feed or one empty output must not stop all others.
    Refused,
    /// The config cannot be used.
    Fault,
}

impl Fault {
    /// About the file as a whole.
    pub fn of_file(path: &Path, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            place: None,
            key: String::new(),
            message: message.into(),
            weight: Weight::Fault,
        }
    }

    pub(super) fn at(
        path: &Path,
        place: (usize, usize),
        key: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        let place = Some(place);
        Self { place, key: key.into(), ..Self::of_file(path, message) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        if !self.key.is_empty() {
            // An unknown key is shown as it stands in the file, which may be any file.
            write!(f, ": {}", self.key.replace(char::is_control, " "))?;
        }
        f.write_str(": ")?;
        if self.weight == Weight::Advice {
            f.write_str("warning: ")?;
        }
        f.write_str(&self.message)
    }
}

/// Line and column of a byte offset, both from 1, the column in characters.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
