//! An output from merganser's memory against the same bytes as a file of nginx, by wrk.
//!
//! The two take turns. Requests a second depend on what else the machine does; the CPU of the
//! server for a request hardly does.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command as Process, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::Method;

use crate::{
    daemon::{self, Daemon, Usage},
    farm::Shape,
    http::Http,
    measure::{self, median},
    stage::{self, Farm},
};

/// Serves an output of 100 articles from merganser and from nginx, in turn, and asks with wrk
#[derive(Debug, clap::Args)]
pub struct Command {
    /// How often each has its turn
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// How long a turn is
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    #[arg(long, default_value_t = 32)]
    connections: u64,
    /// The binary to measure; else the repository's release binary
    #[arg(long)]
    merganser: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy)]
struct Turn {
    per_second: f64,
    p99: Duration,
    cpu_micros: f64,
}

impl Command {
    pub fn run(self) -> Result<()> {
        let binary = stage::merganser(self.merganser.as_deref())?;
        let surroundings = measure::surroundings();
        let folder = tempfile::tempdir()?;
        // The workers of nginx give up being root.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let http = Http::new()?;
        let shape = Shape { feeds: 20, ..Shape::default() };
        let farm = Farm::start(&shape, folder.path())?;
        stage::fetch(&binary, &farm.config(), &[])?;
        let daemon = Daemon::start(&binary, &farm.config(), &http)?;
        let nginx = Nginx::start(folder.path(), &daemon, &http)?;

        println!("{surroundings}; {}.", stage::version(&binary)?);
        println!(
            "`/all.atom`, {} connections, {} s a turn; median of {}.\n",
            self.connections, self.seconds, self.repeat
        );
        println!(
            "| asked | bytes | merganser req/s | p99 ms | CPU us | nginx req/s | p99 ms | CPU us | req/s, merganser / nginx | for the same CPU |\n|---|---|---|---|---|---|---|---|---|---|"
        );
        for (what, coding) in [("plain", None), ("gzip", Some("gzip"))] {
            self.row(what, coding, false, &daemon, &nginx, &http)?;
        }
        self.row("If-None-Match", Some("gzip"), true, &daemon, &nginx, &http)?;
        daemon.stop()
    }

    fn row(
        &self,
        what: &str,
        coding: Option<&str>,
        conditional: bool,
        daemon: &Daemon,
        nginx: &Nginx,
        http: &Http,
    ) -> Result<()> {
        let mut bytes = 0;
        let mut turns: [Vec<Turn>; 2] = Default::default();
        for _ in 0..self.repeat.max(1) {
            let servers =
                [(daemon.url("all.atom"), daemon.pid()), (nginx.url.clone(), nginx.process.id())];
            for (turns, (url, pid)) in turns.iter_mut().zip(&servers) {
                let mut headers: Vec<(&str, &str)> =
                    coding.iter().map(|coding| ("Accept-Encoding", *coding)).collect();
                let first = http.ask(Method::GET, url, &headers)?;
                let etag = first.headers.get("etag").and_then(|etag| etag.to_str().ok());
                let etag = etag.context("an answer has an ETag")?;
                if conditional {
                    headers.push(("If-None-Match", etag));
                }
                bytes = http.ask(Method::GET, url, &headers)?.body.len();
                turns.push(self.turn(url, *pid, &headers)?);
            }
        }
        let [ours, theirs] = turns.map(|turns| middle(&turns));
        println!(
            "| {what} | {bytes} | {:.0} | {:.2} | {:.1} | {:.0} | {:.2} | {:.1} | {:.2} | {:.2} |",
            ours.per_second,
            ours.p99.as_secs_f64() * 1e3,
            ours.cpu_micros,
            theirs.per_second,
            theirs.p99.as_secs_f64() * 1e3,
            theirs.cpu_micros,
            ours.per_second / theirs.per_second,
            theirs.cpu_micros / ours.cpu_micros,
        );
        Ok(())
    }

    fn turn(&self, url: &str, pid: u32, headers: &[(&str, &str)]) -> Result<Turn> {
        let before = Usage::cpu_of_family(pid)?;
        let mut wrk = Process::new("wrk");
        wrk.arg("-t1").arg(format!("-c{}", self.connections));
        wrk.arg(format!("-d{}s", self.seconds)).arg("--latency");
        for (name, value) in headers {
            wrk.arg("-H").arg(format!("{name}: {value}"));
        }
        let output = wrk.arg(url).output().context("cannot run wrk (is it installed?)")?;
        let cpu = Usage::cpu_of_family(pid)? - before;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "wrk failed:\n{text}");
        ensure!(!text.contains("Non-2xx") && !text.contains("Socket errors"), "{text}");
        let after = |label: &str| {
            let line = text.lines().find_map(|line| line.trim().strip_prefix(label));
            line.map(str::trim).with_context(|| format!("wrk says no {label}:\n{text}"))
        };
        let requests = text.lines().find(|line| line.contains(" requests in "));
        let requests = requests.and_then(|line| line.split_whitespace().next());
        let requests: f64 = requests.context("wrk counts requests")?.parse()?;
        Ok(Turn {
            per_second: after("Requests/sec:")?.parse()?,
            p99: duration(after("99%")?)?,
            cpu_micros: cpu.as_secs_f64() * 1e6 / requests,
        })
    }
}

fn middle(turns: &[Turn]) -> Turn {
    let of = |figure: fn(&Turn) -> f64| median(&turns.iter().map(figure).collect::<Vec<_>>());
    Turn {
        per_second: of(|turn| turn.per_second),
        p99: median(&turns.iter().map(|turn| turn.p99).collect::<Vec<_>>()),
        cpu_micros: of(|turn| turn.cpu_micros),
    }
}

/// As wrk writes it: `713.00us`, `1.24ms`, `1.02s`.
fn duration(text: &str) -> Result<Duration> {
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let number: f64 = text[..text.len() - unit.len()].parse()?;
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        _ => bail!("{text} is no time of wrk's"),
    };
    Ok(Duration::from_secs_f64(number * seconds))
}

/// nginx over the bytes that merganser serves, plain and as gzip.
#[derive(Debug)]
struct Nginx {
    process: Child,
    url: String,
}

impl Nginx {
    fn start(folder: &Path, daemon: &Daemon, http: &Http) -> Result<Self> {
        let port = daemon::free_port()?;
        let files = folder.join("www");
        fs::create_dir(&files)?;
        let url = daemon.url("all.atom");
        fs::write(files.join("all.atom"), http.get(&url)?.body)?;
        let gzip = http.ask(Method::GET, &url, &[("Accept-Encoding", "gzip")])?;
        ensure!(gzip.headers.contains_key("content-encoding"), "merganser sends no gzip");
        fs::write(files.join("all.atom.gz"), gzip.body)?;
        // As quick as nginx can be told to be: files kept open, no log, no end of connections.
        let config = format!(
            "daemon off;\nworker_processes auto;\npid {folder}/nginx.pid;\nerror_log {folder}/nginx.log;\n\
             events {{ worker_connections 1024; }}\n\
             http {{\n  access_log off;\n  sendfile on;\n  tcp_nopush on;\n  keepalive_requests 100000000;\n  \
             open_file_cache max=100;\n  gzip_static on;\n  types {{ application/atom+xml atom; }}\n  \
             client_body_temp_path {folder}/body;\n  proxy_temp_path {folder}/proxy;\n  \
             fastcgi_temp_path {folder}/fastcgi;\n  uwsgi_temp_path {folder}/uwsgi;\n  \
             scgi_temp_path {folder}/scgi;\n  \
             server {{ listen 127.0.0.1:{port}; root {files}; }}\n}}\n",
            folder = folder.display(),
            files = files.display(),
        );
        fs::write(folder.join("nginx.conf"), config)?;
        let process = Process::new("nginx")
            .arg("-p")
            .arg(folder)
            .arg("-c")
            .arg(folder.join("nginx.conf"))
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot run nginx (is it installed?)")?;
        let nginx = Self { process, url: format!("http://127.0.0.1:{port}/all.atom") };
        let begun = Instant::now();
        while http.get(&nginx.url).is_err() {
            ensure!(begun.elapsed() < PATIENCE, "nginx does not answer");
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(nginx)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // A kill would leave its workers behind.
        daemon::terminate(&self.process);
        let _ = self.process.wait();
    }
}

const PATIENCE: Duration = Duration::from_secs(10);
