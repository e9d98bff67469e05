//! What every measurement stands on: a farm in a process of its own, and merganser's binary.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    farm::{Counts, Shape},
    http::Http,
    measure::{self, Cost},
};

/// A farm that ends with us.
#[derive(Debug)]
pub struct Farm {
    process: Child,
    port: u16,
    folder: PathBuf,
    http: Http,
}

impl Farm {
    /// Its files come into the folder. Returns when it answers.
    pub fn start(shape: &Shape, folder: &Path) -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["farm", "--while-stdin"])
            .args(["--feeds", &shape.feeds.to_string()])
            .args(["--seed", &shape.seed.to_string()])
            .args(["--entries", &shape.entries.to_string()])
            .args(["--html-bytes", &shape.html_bytes.to_string()])
            .args(["--news", &shape.news.to_string()])
            .args(["--until", &shape.until.to_string()])
            .arg("--folder")
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start a farm")?;
        let stdout = process.stdout.take().context("the farm's output is piped")?;
        let mut farm = Self { process, port: 0, folder: folder.to_owned(), http: Http::new()? };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        farm.port = line.trim().parse().context("the farm did not start")?;
        Ok(farm)
    }

    pub fn urls(&self) -> PathBuf {
        self.folder.join("urls.txt")
    }

    pub fn config(&self) -> PathBuf {
        self.folder.join("merganser.toml")
    }

    pub fn counts(&self) -> Result<Counts> {
        self.ask(reqwest::Method::GET, "counts")
    }

    /// The next round.
    pub fn advance(&self) -> Result<Counts> {
        self.ask(reqwest::Method::POST, "advance")
    }

    /// The first round again.
    pub fn reset(&self) -> Result<Counts> {
        self.ask(reqwest::Method::POST, "reset")
    }

    /// One round more in which all is new.
    pub fn renew(&self) -> Result<Counts> {
        self.ask(reqwest::Method::POST, "renew")
    }

    /// One new entry in the first feed.
    pub fn add_one(&self) -> Result<Counts> {
        self.ask(reqwest::Method::POST, "one")
    }

    fn ask(&self, method: reqwest::Method, word: &str) -> Result<Counts> {
        let url = format!("http://127.0.0.1:{}/{word}", self.port);
        let body = self.http.ask(method, &url, &[])?.body;
        Ok(serde_json::from_slice(&body)?)
    }
}

impl Drop for Farm {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The release binary, built where it is missing.
pub fn merganser(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(path) = given {
        ensure!(path.is_file(), "{} is no file", path.display());
        return Ok(path.to_owned());
    }
    let repository = repository();
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| repository.join("target"), PathBuf::from);
    let binary = target.join("release/merganser");
    if !binary.is_file() {
        let built = Command::new("cargo")
            .args(["build", "--release", "--locked"])
            .current_dir(&repository)
            .status()?;
        if !built.success() || !binary.is_file() {
            bail!("merganser could not be built");
        }
    }
    Ok(binary)
}

/// A poll of every feed that is due, or as the arguments say.
pub fn fetch(binary: &Path, config: &Path, arguments: &[&str]) -> Result<Cost> {
    let mut command = Command::new(binary);
    command.args(["fetch", "--config"]).arg(config).args(arguments);
    measure::run(&mut command, &config.with_extension("fetch.log"))
}

/// Version and commit, so that a table says what it measured.
pub fn version(binary: &Path) -> Result<String> {
    let version = Command::new(binary).arg("--version").output()?;
    let commit = Command::new("git")
        .args(["describe", "--always", "--dirty"])
        .current_dir(repository())
        .output()?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
    Ok(format!("{}, repository at {}", text(version.stdout), text(commit.stdout)))
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
