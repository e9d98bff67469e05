//! The programs that are compared, and how each is told to poll everything once.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, ensure};

use crate::{floor::Floor, stage::Farm};

#[derive(Debug, Clone)]
pub enum Program {
    Floor(Floor),
    Merganser(PathBuf),
    Newsboat,
    /// With a Python that has it.
    Reader(PathBuf),
}

/// Programs of others.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Peer {
    /// https://newsboat.org, C++ and SQLite
    Newsboat,
    /// https://github.com/lemon24/reader, Python and SQLite
    Reader,
}

/// Subscribes: it has no command for a list.
const ADD_TO_READER: &str = "import sys, reader
with reader.make_reader(sys.argv[1]) as store, open(sys.argv[2]) as urls:
    for url in urls:
        store.add_feed(url.strip())";

impl Peer {
    pub fn program(self, python: &Path) -> Program {
        match self {
            Self::Newsboat => Program::Newsboat,
            Self::Reader => Program::Reader(python.to_owned()),
        }
    }
}

impl Program {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Floor(Floor::A) => "a GET, gzip",
            Self::Floor(Floor::B) => "b + feed-rs",
            Self::Floor(Floor::C) => "c + SQLite insert",
            Self::Floor(Floor::D) => "d + ammonia",
            Self::Floor(Floor::E) => "e + FTS5",
            Self::Merganser(_) => "merganser",
            Self::Newsboat => "newsboat",
            Self::Reader(_) => "reader",
        }
    }

    /// Makes an empty folder of its own ready.
    pub fn prepare(&self, folder: &Path, farm: &Farm) -> Result<()> {
        fs::create_dir_all(folder)?;
        match self {
            Self::Floor(_) => {}
            Self::Merganser(_) => {
                fs::copy(farm.config(), folder.join("merganser.toml"))?;
            }
            // Its default is one thread; as many as there are cores is the better comparison.
            Self::Newsboat => fs::write(folder.join("config"), "reload-threads 2\n")?,
            Self::Reader(python) => {
                let mut command = Command::new(python);
                command.args(["-c", ADD_TO_READER]).arg(self.store(folder)).arg(farm.urls());
                ensure!(command.status()?.success(), "{} has no reader", python.display());
            }
        }
        Ok(())
    }

    /// One poll of every feed.
    pub fn poll(&self, folder: &Path, farm: &Farm) -> Result<Command> {
        Ok(match self {
            Self::Floor(floor) => {
                let mut command = Command::new(std::env::current_exe()?);
                let floor = format!("{floor:?}").to_lowercase();
                command.args(["floor", &floor, "--urls"]).arg(farm.urls());
                command.arg("--store").arg(self.store(folder));
                command
            }
            Self::Merganser(binary) => {
                let mut command = Command::new(binary);
                command.args(["fetch", "--config"]).arg(folder.join("merganser.toml"));
                // The first time everything is due; later, waiting is what it is polite for.
                if self.store(folder).exists() {
                    command.arg("--force");
                }
                command
            }
            Self::Newsboat => {
                let mut command = Command::new("newsboat");
                command.env("HOME", folder).arg("-q").arg("-u").arg(farm.urls());
                command.arg("-C").arg(folder.join("config")).arg("-c").arg(self.store(folder));
                command.args(["-x", "reload"]);
                command
            }
            Self::Reader(python) => {
                let mut command = Command::new(python);
                command.env("HOME", folder).args(["-m", "reader", "--db"]);
                command.arg(self.store(folder));
                command.args(["update", "--no-scheduled", "--workers", "4"]);
                command
            }
        })
    }

    pub fn store(&self, folder: &Path) -> PathBuf {
        folder.join(match self {
            Self::Merganser(_) => "merganser.db",
            _ => "store.db",
        })
    }

    /// The table of its entries, where it keeps any and we know what it owes.
    pub fn entries(&self) -> Option<&'static str> {
        match self {
            Self::Floor(Floor::A | Floor::B) | Self::Newsboat => None,
            Self::Reader(_) => Some("entries"),
            Self::Floor(_) | Self::Merganser(_) => Some("entries"),
        }
    }

    /// Another's program, with a mind of its own.
    pub fn is_peer(&self) -> bool {
        matches!(self, Self::Newsboat | Self::Reader(_))
    }
}
