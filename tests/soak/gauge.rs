//! What a process and its store use, read from outside.

use std::{fs, path::Path};

use chrono::{DateTime, Utc};
use rusqlite::Connection;

/// One look at a running daemon.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub resident_kib: u64,
    /// The highest since the start.
    pub peak_kib: u64,
    pub open_files: usize,
    pub store_bytes: u64,
    pub log_bytes: u64,
    /// How long the most overdue feed has been due.
    pub lag_millis: i64,
    /// Seconds of CPU so far.
    pub cpu_seconds: f64,
}

impl Sample {
    /// `which`: the feeds whose lag counts, as SQL over `feeds`.
    pub fn take(process: u32, store: &Path, which: &str) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let field = |name: &str| -> u64 {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        let size = |ending: &str| {
            let mut path = store.as_os_str().to_owned();
            path.push(ending);
            fs::metadata(path).map_or(0, |about| about.len())
        };
        Self {
            resident_kib: field("VmRSS:"),
            peak_kib: field("VmHWM:"),
            open_files: fs::read_dir(format!("/proc/{process}/fd")).unwrap().count(),
            store_bytes: size(""),
            log_bytes: size("-wal"),
            lag_millis: lag_millis(store, which),
            cpu_seconds: cpu_seconds(process),
        }
    }
}

/// `utime` and `stime` of proc(5), in the ticks that Linux shows to everybody.
fn cpu_seconds(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields = stat.rsplit(')').next().unwrap();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.map(|field| field.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

fn lag_millis(store: &Path, which: &str) -> i64 {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let store = Connection::open_with_flags(store, flags).unwrap();
    store.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    let sql = format!("SELECT min(next_poll) FROM feeds WHERE next_poll IS NOT NULL AND {which}");
    let next: Option<String> = store.query_row(&sql, [], |row| row.get(0)).unwrap();
    let Some(next) = next else { return 0 };
    let next: DateTime<Utc> = next.parse().unwrap();
    (Utc::now() - next).num_milliseconds().max(0)
}
