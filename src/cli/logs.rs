//! Where the log goes: to stderr, as the one who reads it wants it.
//!
//! A person gets time, level and colour. The journal gets a priority in front of each line
//! (sd-daemon(3)) and neither time nor colour, since it adds both itself.

use std::{
    env, fmt,
    io::{self, IsTerminal as _},
    os::unix::fs::MetadataExt as _,
};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    EnvFilter,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

/// Starts logging; `usual` is the filter where `RUST_LOG` says nothing.
pub fn start(usual: &str) {
    let asked = env::var("RUST_LOG").ok().filter(|text| !text.is_empty());
    let (filter, fault) = match asked.as_deref().map(EnvFilter::try_new) {
        None => (EnvFilter::new(usual), None),
        Some(Ok(filter)) => (filter, None),
        Some(Err(error)) => (EnvFilter::new(usual), Some(error)),
    };
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // Only a second start in one process could fail, and then the first one stands.
    let _ = if to_journal() {
        logs.with_ansi(false).event_format(Journal).try_init()
    } else {
        logs.with_target(false).with_ansi(wants_colour()).try_init()
    };
    if let Some(error) = fault {
        tracing::warn!("RUST_LOG is not understood and was ignored: {error}");
    }
}

/// The daemon's own words, and of its dependencies only what is wrong.
pub const DAEMON: &str = "warn,merganser=info";
/// A command speaks for itself.
pub const COMMAND: &str = "error";

/// Whether stderr is the journal: by device and inode (systemd.exec(5)), or a service's stderr
/// that somebody else reads.
fn to_journal() -> bool {
    if let Some(stream) = env::var_os("JOURNAL_STREAM") {
        let ours = std::fs::metadata("/proc/self/fd/2");
        let ours = ours.map(|it| format!("{}:{}", it.dev(), it.ino())).unwrap_or_default();
        if stream == *ours {
            return true;
        }
    }
    !io::stderr().is_terminal() && env::var_os("INVOCATION_ID").is_some()
}

fn wants_colour() -> bool {
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal()
        && !set("NO_COLOR")
        && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// `<6>polled https://… status=200`: one line an event.
struct Journal;

impl<S, N> FormatEvent<S, N> for Journal
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        context.format_fields(Writer::new(&mut line), event)?;
        // The journal makes an entry of each line, and the second would have no priority.
        let line = line.replace(['\n', '\r'], " ");
        writeln!(writer, "<{}>{line}", priority(*event.metadata().level()))
    }
}

/// syslog(3): err, warning, info, debug.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}
