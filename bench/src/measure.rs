//! What a process took: CPU and peak memory of the child alone, by the kernel's own account.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use rusqlite::Connection;

/// What one run of a program took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// In user space and in the kernel.
    pub cpu: Duration,
    pub wall: Duration,
    pub peak_bytes: u64,
}

/// Runs a program to its end. What it writes goes to a file, shown where it fails.
pub fn run(command: &mut Command, log: &Path) -> Result<Cost> {
    let output = fs::File::create(log)?;
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
    let begun = Instant::now();
    let child = command.spawn().with_context(|| format!("cannot run {command:?}"))?;
    let (status, usage) = wait(child.id())?;
    let wall = begun.elapsed();
    if !libc::WIFEXITED(status) || libc::WEXITSTATUS(status) != 0 {
        bail!("{command:?} failed:\n{}", fs::read_to_string(log)?);
    }
    let time = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64)
    };
    Ok(Cost {
        cpu: time(usage.ru_utime) + time(usage.ru_stime),
        wall,
        // In KiB on Linux.
        peak_bytes: usage.ru_maxrss as u64 * 1024,
    })
}

fn wait(pid: u32) -> Result<(i32, libc::rusage)> {
    let mut status = 0;
    // SAFETY: an rusage is numbers alone, for which zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to locals that outlive the call; the pid is our child's,
        // which nobody else waits for.
        let ended = unsafe { libc::wait4(pid as i32, &raw mut status, 0, &raw mut usage) };
        if ended == pid as i32 {
            return Ok((status, usage));
        }
        let error = std::io::Error::last_os_error();
        if error.kind() != std::io::ErrorKind::Interrupted {
            return Err(error).context("cannot wait for a child");
        }
    }
}

/// The size of a SQLite file with its log, once all of the log is in the file.
pub fn store_bytes(path: &Path) -> Result<u64> {
    let store = Connection::open(path)?;
    store.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    let log = path.with_extension("db-wal");
    let log_bytes = fs::metadata(log).map_or(0, |log| log.len());
    Ok(fs::metadata(path)?.len() + log_bytes)
}

pub fn rows(path: &Path, table: &str) -> Result<u64> {
    let count =
        Connection::open(path)?
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))?;
    Ok(count as u64)
}

/// The middle value; of an even number, the lower of the two.
pub fn median<T: Copy + PartialOrd>(values: &[T]) -> T {
    let mut values = values.to_vec();
    values.sort_by(|a, b| a.partial_cmp(b).expect("no value is NaN"));
    values[(values.len() - 1) / 2]
}

/// The machine and the moment, in a line.
pub fn surroundings() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split(' ').take(3).collect();
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("?");
    format!(
        "{}, {cores} cores ({}), load {} before",
        chrono::Utc::now().format("%Y-%m-%d %H:%M UTC"),
        model.trim_start_matches([' ', '\t', ':']),
        load.join(" "),
    )
}
