//! What grows with the store, and what does not.
//!
//! One store is filled by merganser's own polls of a farm whose every entry is new each time,
//! and measured at each size. Whole commands are measured, so a figure holds the start of the
//! process; the first row is that start alone. With `--grown`, the last store is made larger still by
//! copying its rows: as large as years of polls make one.

use std::{
    path::{Path, PathBuf},
    process::Command as Process,
    time::Duration,
};

use anyhow::{Context as _, Result};
use rusqlite::Connection;

use crate::{
    daemon::{Daemon, Usage},
    farm::{RENEWAL_SECONDS, Shape},
    grow,
    http::Http,
    measure::{self, median},
    stage::{self, Farm},
};

/// Fills a store and measures at several sizes what a person and a poll wait for
#[derive(Debug, clap::Args)]
pub struct Command {
    /// Entries in the store, in ascending order
    #[arg(long, value_delimiter = ',', default_value = "10000,100000,1000000")]
    sizes: Vec<u64>,
    /// At last, a store that is made of the last one by copying it, each copy 28 days later
    #[arg(long)]
    grown: Option<u64>,
    /// Feeds that bring them; with 29 entries a feed and round
    #[arg(long, default_value_t = 350)]
    feeds: usize,
    /// Bytes of HTML of an entry, on average
    #[arg(long, default_value_t = Shape::default().html_bytes)]
    html_bytes: usize,
    /// How often each command is run
    #[arg(long, default_value_t = 5)]
    repeat: usize,
    /// The binary to measure; else the repository's release binary
    #[arg(long)]
    merganser: Option<PathBuf>,
    /// Where the store is written; the disk counts
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    scratch: PathBuf,
}

/// Of filling: what a round of them costs in the middle is said.
const LAST_ROUNDS: usize = 9;

/// Name and value of each row, in order.
type Column = Vec<(&'static str, f64)>;

impl Command {
    pub fn run(mut self) -> Result<()> {
        self.sizes.sort_unstable();
        let binary = stage::merganser(self.merganser.as_deref())?;
        let surroundings = measure::surroundings();
        let folder = tempfile::tempdir_in(&self.scratch)?;
        let farm = Farm::start(&self.shape(), folder.path())?;
        let mut columns: Vec<(u64, Column)> = Vec::new();
        let mut counts = farm.counts()?;
        let mut shown = 0;
        let (mut costs, mut peaks) = (Vec::new(), Vec::new());
        for &size in &self.sizes {
            while shown < size {
                if shown > 0 {
                    counts = farm.renew()?;
                }
                let cost = stage::fetch(&binary, &farm.config(), &["--force"])?;
                let new = (counts.entries - shown) as f64;
                costs.push(cost.cpu.as_secs_f64() * 1e6 / new);
                peaks.push(cost.peak_bytes as f64 / 1e6);
                shown = counts.entries;
                eprintln!("{shown} entries, {:.0} us CPU each", costs[costs.len() - 1]);
            }
            // Now and then a round also brings the parts of the search index together.
            let of_last = |all: &[f64]| median(&all[all.len().saturating_sub(LAST_ROUNDS)..]);
            let mut column = vec![
                ("filling, CPU us an entry", of_last(&costs)),
                ("filling, peak MB", of_last(&peaks)),
            ];
            self.measure(&binary, &farm, &mut column)?;
            shown = farm.counts()?.entries;
            // The next size may be an hour away.
            column.iter().for_each(|(name, value)| eprintln!("{name}: {value:.1}"));
            columns.push((shown, column));
        }
        if let Some(size) = self.grown {
            let reached = grow::grow(&farm.config().with_file_name("merganser.db"), size)?;
            // Nobody filled it, and nobody waits for that.
            let mut column =
                vec![("filling, CPU us an entry", f64::NAN), ("filling, peak MB", f64::NAN)];
            self.measure(&binary, &farm, &mut column)?;
            columns.push((reached, column));
        }
        println!("{surroundings}; {}; {} feeds.\n", stage::version(&binary)?, self.feeds);
        print(&columns);
        Ok(())
    }

    /// So far in the past that the last round is the present.
    fn shape(&self) -> Shape {
        let defaults = Shape::default();
        let largest = self.sizes.last().copied().unwrap_or(0);
        let rounds = largest / (self.feeds * defaults.entries) as u64 + 2;
        let until = chrono::Utc::now().timestamp() - rounds as i64 * RENEWAL_SECONDS;
        Shape { feeds: self.feeds, html_bytes: self.html_bytes, until, ..defaults }
    }

    fn measure(&self, binary: &Path, farm: &Farm, column: &mut Column) -> Result<()> {
        let config = farm.config();
        let store = config.with_file_name("merganser.db");
        column.push(("store, MB", measure::store_bytes(&store)? as f64 / 1e6));
        let common = ["articles", "--search", "year world", "--limit", "50"];
        let words = title_words(&store)?;
        let rare = ["articles", "--search", &words, "--limit", "50"];
        let commands: [(&str, &[&str]); 5] = [
            ("`fetch` with nothing due: start-up, CPU ms", &["fetch"]),
            ("`articles --search` of rare words, CPU ms", &rare),
            ("`articles --search` of common words, CPU ms", &common),
            ("`articles --limit 50`, CPU ms", &["articles", "--limit", "50"]),
            ("`render all --format atom`, CPU ms", &["render", "all", "--format", "atom"]),
        ];
        for (name, arguments) in commands {
            column.push((
                name,
                self.cpu_millis(|| {
                    let mut command = Process::new(binary);
                    command.args(arguments).arg("--config").arg(&config);
                    Ok(measure::run(&mut command, &config.with_extension("out"))?.cpu)
                })?,
            ));
        }
        let one = self.cpu_millis(|| {
            farm.add_one()?;
            Ok(stage::fetch(binary, &config, &["--force", "site0"])?.cpu)
        })?;
        column.push(("`fetch site0` with one new entry, CPU ms", one));
        self.measure_daemon(binary, &config, &words, column)
    }

    fn cpu_millis(&self, mut run: impl FnMut() -> Result<Duration>) -> Result<f64> {
        let runs: Result<Vec<Duration>> = (0..self.repeat.max(1)).map(|_| run()).collect();
        Ok(median(&runs?).as_secs_f64() * 1e3)
    }

    /// The first request of each kind after a start, by the clock.
    fn measure_daemon(
        &self,
        binary: &Path,
        config: &Path,
        words: &str,
        column: &mut Column,
    ) -> Result<()> {
        let http = Http::new()?;
        let query = words.replace(' ', "+");
        let mut runs: Vec<[f64; 7]> = Vec::new();
        for _ in 0..self.repeat.max(1) {
            let daemon = Daemon::start(binary, config, &http)?;
            let millis = |path: &str| -> Result<f64> {
                Ok(http.get(&daemon.url(path))?.took.as_secs_f64() * 1e3)
            };
            runs.push([
                daemon.ready_after.as_secs_f64() * 1e3,
                millis("")?,
                millis("all.atom")?,
                millis(&format!("search?q={query}"))?,
                millis("search?q=year+world")?,
                millis("status")?,
                Usage::of(daemon.pid())?.memory_bytes as f64 / 1e6,
            ]);
            daemon.stop()?;
        }
        let names = [
            "`run` until ready, ms",
            "river page, first time, ms",
            "all.atom, first time, ms",
            "search page, rare words, ms",
            "search page, common words, ms",
            "status page, ms",
            "`run`, memory after these, MB",
        ];
        for (at, name) in names.into_iter().enumerate() {
            column.push((name, median(&runs.iter().map(|run| run[at]).collect::<Vec<_>>())));
        }
        Ok(())
    }
}

/// Two words of one title, neither of them common.
fn title_words(store: &Path) -> Result<String> {
    let title: String = Connection::open(store)?.query_row(
        "SELECT title FROM entries WHERE title GLOB '* * * * *' ORDER BY id DESC LIMIT 1",
        [],
        |row| row.get(0),
    )?;
    let words: Vec<&str> = title.split(' ').take(2).collect();
    (words.len() == 2).then(|| words.join(" ")).context("a title has two words")
}

fn print(columns: &[(u64, Column)]) {
    let sizes: Vec<String> = columns.iter().map(|(size, _)| size.to_string()).collect();
    println!("| entries | {} |", sizes.join(" | "));
    println!("|---{}|", "|---".repeat(columns.len()));
    let Some((_, first)) = columns.first() else { return };
    for (at, (name, _)) in first.iter().enumerate() {
        let values = columns.iter().filter_map(|(_, column)| column.get(at));
        let shown = |value: &f64| if value.is_nan() { "".into() } else { format!("{value:.1}") };
        let values: Vec<String> = values.map(|(_, value)| shown(value)).collect();
        println!("| {name} | {} |", values.join(" | "));
    }
}
